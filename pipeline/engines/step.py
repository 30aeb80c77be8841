"""One batch in one database transaction: what every engine does with records, and the reason why none is lost or booked twice.

    lock positions -> drop what is done, stop at a hole -> decode -> read states -> decide and evolve, in order
    -> write states and positions -> produce outputs and wait for every acknowledgement -> commit

It can be repeated as a whole: the position row says whether it has happened. A crash before the commit repeats outputs under the same
ids, it never loses one. Kafka's own offsets play no part. Design, section 4.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic

from pipeline import metrics
from pipeline.clock import Clock
from pipeline.errors import PoisonRecordError
from pipeline.log.envelope import Outgoing, Record
from pipeline.log.notices import dead_letter_of_record
from pipeline.log.position import unseen
from pipeline.ports import EventPublisher, Failpoints
from pipeline.processors.processor import E, F, Keyed, Processor, Raised, S
from pipeline.stores import positions, states
from pipeline.stores.postgres import Connection, translated

log = logging.getLogger(__name__)

Partition = tuple[str, int]

SESSION = "SET lock_timeout = '5s'; SET idle_in_transaction_session_timeout = '90s'"
"""A worker that was stopped in mid-transaction must not hold a partition for ever: its lock is waited for 5 s at a time, and the server
ends the transaction after 90 s, which is longer than the producer may take (35 s)."""


@dataclass(slots=True)
class Outcome:
    """What a batch came to, before it is committed."""

    states: dict[str, str] = field(default_factory=dict)
    outputs: list[Outgoing] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    alarms: Counter[str] = field(default_factory=Counter)


def run_events(
    processor: Processor[S, E, F],
    records: Sequence[Record],
    keyed: Sequence[Keyed[E] | PoisonRecordError],
    stored: Callable[[str], str | None],
    clock: Clock,
) -> Outcome:
    """Decide a batch in order, without any I/O: what both the transaction below and the in-memory driver run."""
    outcome = Outcome()
    live: dict[str, S] = {}
    changed: set[str] = set()
    for record, item in zip(records, keyed, strict=True):
        now = clock.now()
        if isinstance(item, PoisonRecordError):
            outcome.outputs.append(dead_letter_of_record(record, reason=item.reason, now=now, source=processor.source))
            outcome.counts["dead_lettered"] += 1
            continue
        if item.key not in live:
            text = stored(item.key)
            live[item.key] = processor.initial if text is None else processor.restore(text)
        before = state = live[item.key]
        for fact in processor.decide(state, item.event, now):
            state = processor.evolve(state, fact)
            outcome.counts[processor.outcome(fact)] += 1
            if isinstance(fact, Raised):
                outcome.alarms[fact.kind] += 1
            if (output := processor.emit(fact)) is not None:
                outcome.outputs.append(output)
        if state is not before:
            live[item.key] = state
            changed.add(item.key)
    outcome.states = {key: processor.store(live[key]) for key in live if key in changed}
    return outcome


def decoded(processor: Processor[S, E, F], record: Record) -> Keyed[E] | PoisonRecordError:
    """Read a record, or say why it cannot be read."""
    try:
        return processor.decode(record)
    except PoisonRecordError as error:
        return error


class Step(Generic[S, E, F]):
    """Runs batches of one processor against PostgreSQL and Kafka, one at a time; blocking, for a worker thread."""

    def __init__(
        self,
        processor: Processor[S, E, F],
        *,
        connect: Callable[[], Connection],
        publisher: EventPublisher,
        clock: Clock,
        failpoints: Failpoints,
    ) -> None:
        """`connect` opens a connection of this step's own; it is opened anew after an error."""
        self._processor, self._connect, self._publisher = processor, connect, publisher
        self._clock, self._failpoints = clock, failpoints
        self._connection: Connection | None = None

    def run(self, records: Sequence[Record]) -> Counter[str]:
        """Do a batch of records of any partitions, each partition in the order of its offsets; return what was counted.

        Raise RetryableError when trying the same batch again can help, PositionHoleError when records were skipped, FatalError otherwise.
        """
        started = self._clock.monotonic()
        try:
            with translated(f"running {self._processor.name}"):
                outcome = self._transact(self._open(), by_partition(records))
        except BaseException:
            self.close()  # whatever happened, the next try starts on a connection that has no past
            raise
        self._failpoints.reach(f"{self._processor.name}.after_commit")
        self._count(outcome, self._clock.monotonic() - started)
        return outcome.counts

    def _transact(self, connection: Connection, batches: dict[Partition, list[Record]]) -> Outcome:
        name = self._processor.name
        with connection.transaction():
            stored = positions.lock(connection, name, list(batches))
            fresh = {partition: unseen(batch, stored[partition].next_offset) for partition, batch in batches.items()}
            records = [record for batch in fresh.values() for record in batch]
            repeated = sum(map(len, batches.values())) - len(records)
            if not records:
                return Outcome(counts=Counter(seen_before=repeated))
            keyed = [decoded(self._processor, record) for record in records]
            known = states.read(connection, name, {item.key for item in keyed if isinstance(item, Keyed)})
            outcome = run_events(self._processor, records, keyed, known.get, self._clock)
            outcome.counts["seen"] += len(records)
            outcome.counts["seen_before"] += repeated
            if outcome.states:
                states.write(connection, name, outcome.states)
            positions.advance(connection, name, {partition: batch[-1].offset + 1 for partition, batch in fresh.items() if batch})
            self._failpoints.reach(f"{name}.in_transaction")
            if outcome.outputs:
                self._publisher.publish(outcome.outputs)
            self._failpoints.reach(f"{name}.after_produce")
        return outcome

    def _open(self) -> Connection:
        if self._connection is None or self._connection.closed:
            self._connection = self._connect()
            self._connection.autocommit = True  # transactions are opened by name, never by chance
            self._connection.execute(SESSION)
        return self._connection

    def close(self) -> None:
        """Let go of the connection; an open transaction ends with it."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _count(self, outcome: Outcome, seconds: float) -> None:
        role = self._processor.name
        for name, count in outcome.counts.items():
            metrics.RECORDS.labels(role, name).inc(count)
        for kind, count in outcome.alarms.items():
            metrics.ALARMS.labels(kind).inc(count)
        metrics.BATCH_SECONDS.labels(role).observe(seconds)


def by_partition(records: Sequence[Record]) -> dict[Partition, list[Record]]:
    """Split a batch by partition, keeping the order within each."""
    batches: dict[Partition, list[Record]] = {}
    for record in records:
        batches.setdefault((record.topic, record.partition), []).append(record)
    return batches
