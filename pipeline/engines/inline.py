"""The in-memory driver: the same processor value over records in a list, for tests, exams and replays.

It keeps states as the JSON text that a database would hold, so whatever a state forgets on its way through storage is forgotten here too.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Generic

from pipeline.clock import Clock
from pipeline.engines.step import Outcome, decoded, run_events, run_wakes
from pipeline.log.envelope import Outgoing, Record
from pipeline.log.position import Partition, unseen
from pipeline.log.reading import Reading, readings_of
from pipeline.processors.processor import E, F, Processor, S


class InlineEngine(Generic[S, E, F]):
    """Runs a processor in memory, with the position guard of the real engines."""

    def __init__(
        self,
        processor: Processor[S, E, F],
        clock: Clock,
        *,
        states: Mapping[str, str] | None = None,
        positions: Mapping[Partition, int] | None = None,
    ) -> None:
        """`states` is what a former run left, by key, as JSON text, and `positions` how far it came."""
        self._processor, self._clock = processor, clock
        self.states: dict[str, str] = dict(states or {})
        self.wake_at: dict[str, tuple[datetime, int]] = {}
        """When each waiting state is to be woken, and its partition."""
        for key, text in self.states.items():
            self._wait(key, processor.wake_at(processor.restore(text)), 0)
        self.positions: dict[Partition, int] = dict(positions or {})
        self.readings: list[Reading] = []
        self._looked: dict[int, datetime] = {}
        self.outputs: list[Outgoing] = []
        self.counts: Counter[str] = Counter()

    def run(self, records: Iterable[Record]) -> list[Outgoing]:
        """Do records one after the other and return what they emit; raise PositionHoleError when an offset is skipped."""
        emitted: list[Outgoing] = []
        for record in records:
            partition = (record.topic, record.partition)
            fresh = unseen([record], self.positions.get(partition, 0))
            outcome = run_events(self._processor, fresh, [decoded(self._processor, r) for r in fresh], self.states.get, self._clock.now())
            self._keep(outcome)
            if outcome.at is not None:
                self.readings += readings_of(fresh, outcome.at, self._looked)
            self.positions[partition] = max(self.positions.get(partition, 0), record.offset + 1)
            self.counts += outcome.counts
            self.counts["seen" if fresh else "seen_before"] += 1
            emitted += outcome.outputs
        self.outputs += emitted
        return emitted

    @property
    def due_at(self) -> datetime | None:
        """Return when the next state is to be woken."""
        return min((at for at, _ in self.wake_at.values()), default=None)

    def due_keys(self) -> list[str]:
        """Return the keys of the states whose time has come by the clock, the longest due first."""
        return self._due_by(self._clock.now())

    def _due_by(self, now: datetime) -> list[str]:
        return [key for _, key in sorted((at, key) for key, (at, _) in self.wake_at.items() if at <= now)]

    def wake_due(self, keys: Sequence[str] | None = None) -> list[Outgoing]:
        """Wake every state whose time has come by the clock, or these of them, and return what they emit."""
        emitted: list[Outgoing] = []
        now = self._clock.now()
        due = self._due_by(now) if keys is None else keys
        self.readings += [Reading(number, now, looked=self._looked.get(number)) for number in sorted({self.wake_at[key][1] for key in due})]
        if keys is None:
            self._looked = dict.fromkeys({number for _, number in self.positions}, now)
        for key in due:
            outcome = run_wakes(self._processor, {key: self.states[key]}, self.wake_at[key][1], now)
            self._keep(outcome)
            self.counts += outcome.counts
            emitted += outcome.outputs
        self.outputs += emitted
        return emitted

    def _keep(self, outcome: Outcome) -> None:
        for key, kept in outcome.states.items():
            self.states[key] = kept.text
            self._wait(key, kept.wake_at, kept.partition)

    def _wait(self, key: str, at: datetime | None, partition: int) -> None:
        self.wake_at.pop(key, None)
        if at is not None:
            self.wake_at[key] = (at, partition)
