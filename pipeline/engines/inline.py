"""The in-memory driver: the same processor value over records in a list, for tests, exams and replays.

It keeps states as the JSON text that a database would hold, so whatever a state forgets on its way through storage is forgotten here too.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Generic

from pipeline.clock import Clock
from pipeline.engines.step import Partition, decoded, run_events
from pipeline.log.envelope import Outgoing, Record
from pipeline.log.position import unseen
from pipeline.processors.processor import E, F, Processor, S


class InlineEngine(Generic[S, E, F]):
    """Runs a processor in memory, with the position guard of the real engines."""

    def __init__(self, processor: Processor[S, E, F], clock: Clock, *, states: Mapping[str, str] | None = None) -> None:
        """`states` is what a former run left, by key, as JSON text."""
        self._processor, self._clock = processor, clock
        self.states: dict[str, str] = dict(states or {})
        self.positions: dict[Partition, int] = {}
        self.outputs: list[Outgoing] = []
        self.counts: Counter[str] = Counter()

    def run(self, records: Iterable[Record]) -> list[Outgoing]:
        """Do records one after the other and return what they emit; raise PositionHoleError when an offset is skipped."""
        emitted: list[Outgoing] = []
        for record in records:
            partition = (record.topic, record.partition)
            fresh = unseen([record], self.positions.get(partition, 0))
            outcome = run_events(self._processor, fresh, [decoded(self._processor, r) for r in fresh], self.states.get, self._clock)
            self.states |= outcome.states
            self.positions[partition] = max(self.positions.get(partition, 0), record.offset + 1)
            self.counts += outcome.counts
            self.counts["seen" if fresh else "seen_before"] += 1
            emitted += outcome.outputs
        self.outputs += emitted
        return emitted
