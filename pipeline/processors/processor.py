"""What a processor is: a value of pure functions that any engine can run.

An engine reads a record, finds the state of its key, asks `decide` for facts, folds them into the state with `evolve`, and produces
what `emit` makes of them. Nothing here does I/O or reads a clock; the same value runs on Faust, in a plain batch loop and in memory.
A processor that waits also says until when: `wake_at` is stored beside each state and `wake` is called once that time has come, so that
timeouts survive restarts. Design, section 5.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, TypeVar

from msgspec import Struct

from pipeline.log.envelope import Outgoing, Record
from pipeline.log.notices import alarm
from pipeline.log.topics import EventType
from schemas.events import Severity

S = TypeVar("S")
E = TypeVar("E")
F = TypeVar("F")


class Keyed(Struct, Generic[E], frozen=True, gc=False):
    """An event and the key of the state that it belongs to."""

    key: str
    event: E


def _never(_state: object) -> None:
    """Say that a state waits for nothing."""


def _nothing(_state: object, _now: datetime) -> tuple[()]:
    """Do nothing when woken."""
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Processor(Generic[S, E, F]):
    """A named decision maker over keyed states."""

    name: str
    """Also the consumer's name in the stored positions, and the end of its Kafka group's name."""
    consumes: tuple[EventType, ...]
    emits: tuple[EventType, ...]
    initial: S
    decode: Callable[[Record], Keyed[E]]
    """Read a record; raise PoisonRecordError when it can never be read."""
    decide: Callable[[S, E, datetime], tuple[F, ...]]
    """Say what follows from an event, given the state and the time; no side effects."""
    evolve: Callable[[S, F], S]
    """Return the state after a fact; the same object when the fact changes nothing."""
    emit: Callable[[F], Outgoing | None]
    """Return the event that a fact puts into Kafka, if any."""
    outcome: Callable[[F], str]
    """Name a fact for the metrics, e.g. "settled" or "duplicate"."""
    outcomes: tuple[str, ...] = ()
    """Every name that `outcome` gives."""
    store: Callable[[S], str]
    """Write a state as JSON text."""
    restore: Callable[[str], S]
    """Read what `store` wrote, now or in an older release."""
    wake_at: Callable[[S], datetime | None] = _never
    """Say when a state is to be woken though no event has come; None: not at all."""
    wake: Callable[[S, datetime], tuple[F, ...]] = _nothing
    """Say what follows from the time alone; called at `wake_at` or later, and it may be called when nothing is due."""

    @property
    def waits(self) -> bool:
        """Tell whether any state of this processor is ever woken."""
        return self.wake is not _nothing

    @property
    def is_recorded(self) -> bool:
        """Tell whether what it decides depends on more than the offsets of one topic, so that each transaction is recorded (`reading`)."""
        return self.waits or len(self.consumes) > 1

    @property
    def source(self) -> str:
        """Return the CloudEvents source of what this processor emits."""
        return f"/processors/{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Raised:
    """The fact that a person has to look at something; every processor raises alarms in this one way."""

    kind: str
    severity: Severity
    venue: str
    subject: str
    raised_at: datetime
    cause: str | None
    """ce_id of the record that showed it."""
    identity: tuple[str, ...] = ()
    """What tells two alarms of one kind about one subject apart; the alarm's id is derived from it."""
    detail: Mapping[str, str] = field(default_factory=dict)

    @property
    def mark(self) -> str:
        """Return what a state remembers so that the same alarm is not raised twice."""
        return "/".join((self.kind, *self.identity))

    def outgoing(self, source: str) -> Outgoing:
        """Return the alarm as an event."""
        return alarm(
            kind=self.kind,
            severity=self.severity,
            venue=self.venue,
            subject=self.subject,
            detail=self.detail,
            now=self.raised_at,
            source=source,
            causation_id=self.cause,
            identity=self.identity,
        )
