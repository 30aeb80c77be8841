"""The life of one key once more: its records and its due times through a processor, in memory, on the clock of the record.

States of different keys know nothing of one another, so a replay goes key by key and holds one key's records at a time. The code is that of
the engines (`run_events`, `run_wakes`): what a state forgets on its way through storage is forgotten here too, and what cannot be read
becomes a dead letter.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple

from pipeline.engines.step import Outcome, run_events, run_wakes
from pipeline.errors import FatalError, PoisonRecordError
from pipeline.log.envelope import Outgoing, Record
from pipeline.processors.processor import Keyed, Processor
from pipeline.replay.readings import Done, Readings
from pipeline.stores.states import Kept

AnyProcessor = Processor[Any, Any, Any]

WAKES_MAX = 10_000
"""Due times between two records of a key; more is a circle. The longest chain of the workflow is its sixty rounds."""
_BEFORE_ALL = datetime.min.replace(tzinfo=UTC)


class Timed(NamedTuple):
    """A record, read, and when it is done: at the recorded time, else at that of its production."""

    record: Record
    at: datetime
    item: Keyed[Any] | PoisonRecordError


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
    _in_vain: frozenset[str] = frozenset()
    """States that were woken without effect: nothing changes until something is heard."""

    def handle(self, timed: Timed, now: datetime) -> list[Emitted]:
        """Do a record at a time, or at once when that has passed, and return what it leads to."""
        self.clock = max(self.clock, now)
        stored = {key: kept.text for key, kept in self.states.items()}
        return self._keep(run_events(self.processor, [timed.record], [timed.item], stored.get, self.clock), frozenset())

    def wake(self, key: str, now: datetime) -> list[Emitted]:
        """Wake a state at a time, or at once when that has passed, and return what it leads to."""
        self.clock = max(self.clock, now)
        before = self.states[key]
        outcome = run_wakes(self.processor, {key: before.text}, before.partition, self.clock)
        found = self._keep(outcome, self._in_vain)
        if not found and self.states[key] == before:
            self._in_vain |= {key}
        return found

    def due(self) -> tuple[datetime, str] | None:
        """Return when the next state is to be woken, and which; the time may have passed."""
        waiting = [(kept.wake_at, key) for key, kept in self.states.items() if kept.wake_at is not None and key not in self._in_vain]
        return min(waiting, default=None)

    def due_by(self, at: datetime) -> list[str]:
        """Return the states whose time has come by then, the longest due first."""
        return [key for due, key in sorted((kept.wake_at, key) for key, kept in self.states.items() if kept.wake_at) if due <= at]

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


def relived(life: Life, records: Iterable[tuple[Done, Timed]], readings: Readings, until: datetime) -> Life:
    """Do records in the recorded order of transactions, and wake what was due in each that woke something; raise FatalError in a circle."""
    transaction = -1
    for done, timed in records:
        _look(life, readings, transaction, lambda look, _, done=done: look < done.transaction)  # type: ignore[misc]
        life.handle(timed, timed.at)
        transaction = done.transaction
    _look(life, readings, transaction, lambda _, at: at < until)
    return life


def _look(life: Life, readings: Readings, transaction: int, is_now: Callable[[int, datetime], bool]) -> None:
    """Wake what was due in the looks behind a transaction, as long as it is their turn."""
    for _ in range(WAKES_MAX):
        due = life.due()
        look = None if due is None else readings.woken(life.states[due[1]].partition, due[0], after=transaction)
        if look is None or not is_now(*look):
            return
        transaction, at = look
        for key in life.due_by(at):  # a look wakes each state once
            life.wake(key, at)
    raise FatalError(f"{life.processor.name} is woken again and again without end: {', '.join(life.states)[:200]}")


def _wake(life: Life, until: datetime) -> None:
    for _ in range(WAKES_MAX):
        due = life.due()
        if due is None or due[0] >= until:
            return
        life.wake(due[1], due[0])
    raise FatalError(f"{life.processor.name} is woken again and again without end: {', '.join(life.states)[:200]}")
