"""The life of one key once more: its records and its due times through a processor, in memory, on the clock of the record.

States of different keys know nothing of one another, so a replay goes key by key and holds one key's records at a time. The code is that of
the engines (`run_events`, `run_wakes`): what a state forgets on its way through storage is forgotten here too, and what cannot be read
becomes a dead letter.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from pipeline.clock import RecordedClock
from pipeline.engines.step import Outcome, run_events, run_wakes
from pipeline.errors import FatalError, PoisonRecordError
from pipeline.log.envelope import Outgoing, Record, header
from pipeline.processors.processor import Keyed, Processor
from pipeline.stores.states import Kept

AnyProcessor = Processor[Any, Any, Any]

WAKES_MAX = 10_000
"""Due times between two records of a key; more is a circle. The longest chain of the workflow is its sixty rounds."""
_BEFORE_ALL = datetime.min.replace(tzinfo=UTC)


class Timed(NamedTuple):
    """A record, read, and when it is taken to have arrived: its time of production."""

    record: Record
    at: datetime
    item: Keyed[Any] | PoisonRecordError

    @property
    def cause(self) -> str | None:
        """Return the id by which what follows from it names it."""
        return header(self.record.headers, "ce_id")

    @property
    def follows(self) -> str | None:
        """Return the id of the event that it follows from."""
        return header(self.record.headers, "ce_causationid")


class Emitted(NamedTuple):
    """What would have been published, and when."""

    outgoing: Outgoing
    at: datetime

    @property
    def identity(self) -> tuple[str, str]:
        """Return type and id of the event."""
        return self.outgoing.envelope.kind.ce_type, self.outgoing.envelope.id


@dataclass(slots=True)
class Life:
    """What became of one key so far."""

    processor: AnyProcessor
    clock: datetime = _BEFORE_ALL
    states: dict[str, Kept] = field(default_factory=dict)
    emitted: list[Emitted] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    late: timedelta = timedelta(0)
    """By how much a due time was missed, or a record read late, at most."""
    _in_vain: frozenset[str] = frozenset()
    """States that were woken without effect: nothing changes until something is heard."""

    def copy(self) -> Life:
        """Return a life that can go on in another way."""
        return replace(self, states=dict(self.states), emitted=list(self.emitted), counts=Counter(self.counts))

    def handle(self, timed: Timed, now: datetime) -> list[Emitted]:
        """Do a record at a time, or at once when that has passed, and return what it leads to."""
        self.clock = max(self.clock, now)
        due = self.due()
        self.late = max(self.late, self.clock - (timed.at if due is None else min(timed.at, due[0])))
        stored = {key: kept.text for key, kept in self.states.items()}
        return self._keep(run_events(self.processor, [timed.record], [timed.item], stored.get, RecordedClock(self.clock)), frozenset())

    def wake(self, key: str, now: datetime) -> list[Emitted]:
        """Wake a state at a time, or at once when that has passed, and return what it leads to."""
        self.clock = max(self.clock, now)
        before = self.states[key]
        if before.wake_at is not None:
            self.late = max(self.late, self.clock - before.wake_at)
        outcome = run_wakes(self.processor, {key: before.text}, before.partition, RecordedClock(self.clock))
        found = self._keep(outcome, self._in_vain)
        if not found and self.states[key] == before:
            self._in_vain |= {key}
        return found

    def due(self) -> tuple[datetime, str] | None:
        """Return when the next state is to be woken, and which; the time may have passed."""
        waiting = [(kept.wake_at, key) for key, kept in self.states.items() if kept.wake_at is not None and key not in self._in_vain]
        return min(waiting, default=None)

    def _keep(self, outcome: Outcome, in_vain: frozenset[str]) -> list[Emitted]:
        self.states.update(outcome.states)
        self._in_vain = in_vain - outcome.states.keys()
        self.counts.update(outcome.counts)
        found = [Emitted(output, self.clock) for output in outcome.outputs]
        self.emitted += found
        return found


def lived(life: Life, records: Iterable[Timed], until: datetime) -> Life:
    """Do records in their order, each at its time, and wake what is due before each and before `until`; raise FatalError in a circle."""
    for timed in records:
        _wake(life, timed.at)
        life.handle(timed, timed.at)
    _wake(life, until)
    return life


def _wake(life: Life, until: datetime) -> None:
    for _ in range(WAKES_MAX):
        due = life.due()
        if due is None or due[0] >= until:
            return
        life.wake(due[1], due[0])
    raise FatalError(f"{life.processor.name} is woken again and again without end: {', '.join(life.states)[:200]}")
