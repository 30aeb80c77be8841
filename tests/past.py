"""A past: what a live processor read and published, and when, to be run again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from msgspec.structs import replace

from pipeline.engines.inline import InlineEngine
from pipeline.log.envelope import Outgoing, Record, header
from pipeline.processors.processor import Processor
from pipeline.replay.comparison import Comparison, Published, Window, pairs, published_by
from pipeline.replay.readings import Readings
from pipeline.replay.run import Replay
from pipeline.testing.clocks import START, HandClock

PREFIX = "custody."
AnyProcessor = Processor[Any, Any, Any]
Place = tuple[str, int]


class Past:
    """A live run in memory: records wait in their topics until they are read, each topic in its order."""

    def __init__(self, processor: AnyProcessor) -> None:
        self.processor = processor
        self.clock = HandClock()
        self.engine: InlineEngine[Any, Any, Any] = InlineEngine(processor, self.clock)
        self.waiting: dict[Place, list[Record]] = {}
        self.done: list[Record] = []
        self.published: list[Record] = []
        self._ends: Counter[Place] = Counter()

    @property
    def seconds(self) -> float:
        """Return the seconds since the start."""
        return self.clock.monotonic()

    @property
    def records(self) -> list[Record]:
        """Return what was read and what was published."""
        return [*self.done, *self.published]

    def produce(self, record: Record, seconds: float, *, partition: int = 0) -> Record:
        """Put a record at the end of its topic at a time after the start."""
        kind = record.topic[record.topic.index(PREFIX) :].removeprefix(PREFIX)
        placed = self._placed(record, PREFIX + kind, partition, START + timedelta(seconds=seconds))
        self.waiting.setdefault((placed.topic, partition), []).append(placed)
        return placed

    def read(self, place: Place, seconds: float) -> list[Outgoing]:
        """Let the processor read the next record of a topic at a time after the start; return what it publishes."""
        self._go_to(seconds)
        record = self.waiting[place].pop(0)
        self.done.append(record)
        return self._said(self.engine.run([record]), record.partition)

    def wake(self, seconds: float) -> list[Outgoing]:
        """Let the processor look what is due at a time after the start; return what it publishes."""
        self._go_to(seconds)
        return self._said(self.engine.wake_due(), 0)

    def hear(self, *records: Record, seconds: float, lag: float = 0.02) -> list[Outgoing]:
        """Produce records and let each be read soon after."""
        said = []
        for record in records:
            placed = self.produce(record, seconds)
            said += self.read((placed.topic, placed.partition), seconds + lag)
        return said

    def repeat(self, number: int) -> None:
        """Publish something again, as after a crash."""
        again = self.published[number]
        self.published.append(self._placed(again, again.topic, again.partition, self.clock.now()))

    def _go_to(self, seconds: float) -> None:
        self.clock.pass_by(max(seconds - self.seconds, 0.0))

    def _said(self, outputs: list[Outgoing], partition: int) -> list[Outgoing]:
        for output in outputs:
            made = Record(topic="", partition=0, offset=0, key=output.key.encode(), value=output.value, headers=output.headers())
            self.published.append(self._placed(made, output.envelope.kind.topic(PREFIX), partition, self.clock.now()))
        return outputs

    def _placed(self, record: Record, topic: str, partition: int, at: datetime) -> Record:
        offset = self._ends[topic, partition]
        self._ends[topic, partition] += 1
        return replace(record, topic=topic, partition=partition, offset=offset, timestamp_ms=int(at.timestamp() * 1000))


@dataclass(frozen=True, slots=True)
class Again:
    """A past, run again."""

    lines: list[dict[str, Any]]
    comparison: Comparison
    replay: Replay

    @property
    def found(self) -> list[tuple[str, str]]:
        """Return what differs, by topic and verdict."""
        return [(line["of"].removeprefix(PREFIX).removesuffix(".v1"), line["difference"]) for line in self.lines]


def run_again(past: Past, processor: AnyProcessor, *, window: Window | None = None) -> Again:
    """Run a past again in memory up to its last moment, by a processor that may be another one."""
    until = past.clock.now() + timedelta(microseconds=1)
    topics = [kind.topic(PREFIX) for kind in processor.consumes]
    ordered = sorted(past.done, key=lambda one: (one.key or b"", one.timestamp_ms, topics.index(one.topic), one.partition, one.offset))
    live = list(published_in(past.processor.source, past.published))
    recorded = [(record, time_of(record)) for record in ordered]
    replay = Replay(processor, Readings(past.engine.readings), until=until, judged_until=until)
    lives = list(replay.lives(recorded, live))
    emitted = [
        (emitted.at, Record(topic="", partition=0, offset=0, key=one.key.encode(), value=one.value, headers=one.headers()))
        for life in lives
        for emitted in life.emitted
        for one in [emitted.outgoing]
    ]
    comparison = Comparison(window or Window())
    lines = list(comparison.lines(pairs(live, published_in(processor.source, [record for _, record in emitted]))))
    return Again(lines, comparison, replay)


def published_in(source: str, records: Iterable[Record]) -> Iterator[Published]:
    """Yield what a source published, each event once, in the order of key, type and id."""

    def identity(record: Record) -> tuple[bytes, str, str]:
        return record.key or b"", header(record.headers, "ce_type") or "", header(record.headers, "ce_id") or ""

    for (key, ce_type, ce_id), copies in groupby(sorted(records, key=identity), key=identity):
        found = published_by(source, key, ce_type, ce_id, START, [(copy.headers, copy.value) for copy in copies])
        assert found is not None
        yield found


def time_of(record: Record) -> datetime:
    """Return when a record was produced."""
    return START + timedelta(milliseconds=record.timestamp_ms - int(START.timestamp() * 1000))
