"""The transaction of a sink: positions locked, rows written, outputs acknowledged by Kafka, positions stored, committed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pipeline import metrics
from pipeline.clock import Clock
from pipeline.deliver.ports import BatchStore, Outcome, Partition, Step, StoredPosition
from pipeline.log import topics
from pipeline.log.codec import decode
from pipeline.log.envelope import Outgoing, Record
from pipeline.log.notices import origins_of
from pipeline.log.position import by_partition, unseen
from pipeline.log.topic_guard import StoredTopic
from pipeline.ports import EventPublisher, Failpoints
from schemas.events import AlarmRaised


class StepDelivery:
    """Delivers batches by one step."""

    def __init__(self, step: Step, *, store: BatchStore, publisher: EventPublisher, clock: Clock, failpoints: Failpoints) -> None:
        """`store` holds the positions of the step's consumer; `publisher` returns when every event is acknowledged."""
        self._step, self._store, self._publisher, self._clock, self._failpoints = step, store, publisher, clock, failpoints
        self.consumer = step.consumer
        self.source = f"/sinks/{step.consumer}"

    def positions(self, partitions: Sequence[Partition]) -> Mapping[Partition, StoredPosition]:
        """Read positions without locking them; raise RetryableError, or FatalError when one is missing."""
        return self._store.positions(partitions)

    def topics(self) -> Mapping[str, StoredTopic]:
        """Read what the positions say about their topics; raise RetryableError."""
        return self._store.topics()

    def deliver(self, records: Sequence[Record]) -> None:
        """Write what is new of a batch in one transaction; raise RetryableError, PositionHoleError, TopicReplacedError or FatalError."""
        began, batches = self._clock.monotonic(), by_partition(records)
        with self._store.open(list(batches)) as opened:
            self._failpoints.reach(f"{self.consumer}.in_transaction")
            held = opened.positions
            fresh = {p: kept for p, batch in batches.items() if (kept := unseen(batch, held[p].next_offset, held[p].epoch))}
            outcome = Outcome()
            if fresh:
                outcome = self._step.run(opened.transaction, [r for kept in fresh.values() for r in kept], self._clock.now())
                if outcome.outputs:
                    self._publisher.publish(outcome.outputs)
                opened.advance({partition: kept[-1].offset + 1 for partition, kept in fresh.items()})
            self._failpoints.reach(f"{self.consumer}.after_write")
        self._failpoints.reach(f"{self.consumer}.after_commit")
        seen_before = len(records) - sum(map(len, fresh.values()))
        self._count(outcome, seen=len(records), seen_before=seen_before, seconds=self._clock.monotonic() - began)

    def pass_over(self, record: Record, outputs: Sequence[Outgoing], also: Callable[[Any], None]) -> None:
        """Commit the position behind a record that is not written, with `also` in the transaction, outputs acknowledged before."""
        partition = (record.topic, record.partition)
        with self._store.open([partition]) as opened:
            held = opened.positions[partition]
            if unseen([record], held.next_offset, held.epoch):
                also(opened.transaction)
                self._publisher.publish(outputs)
                opened.advance({partition: record.offset + 1})

    def _count(self, outcome: Outcome, *, seen: int, seen_before: int, seconds: float) -> None:
        metrics.BATCH_SECONDS.labels(self.consumer).observe(seconds)
        for what, number in {"seen": seen, "seen_before": seen_before, **outcome.counts}.items():
            if number:
                metrics.RECORDS.labels(self.consumer, what).inc(number)
        for origin, count in origins_of(outcome.outputs).items():
            metrics.DEAD_LETTERS.labels(self.consumer, origin).inc(count)
        for event in outcome.outputs:
            if event.envelope.kind == topics.ALARM_RAISED:
                metrics.ALARMS.labels(decode(event.value, AlarmRaised).kind).inc()
        if outcome.after_commit is not None:
            outcome.after_commit(self._clock.now())

    def close(self) -> None:
        """Let go of the connection."""
        self._store.close()
