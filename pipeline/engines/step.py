"""One batch in one database transaction: what every engine does with records, and the reason why none is lost or booked twice.

    lock positions -> drop what is done, stop at a hole -> decode -> read states -> decide and evolve, in order
    -> write states and positions -> produce outputs and wait for every acknowledgement -> commit

States that wait for a time are woken in the same way, without records: lock the positions of the partition number, read what is due,
decide, write, produce, commit. A state that was woken is stored with its next time, so a crash wakes it again and a commit does not.

It can be repeated as a whole: the position row says whether it has happened. A crash before the commit repeats outputs under the same
ids, it never loses one. Kafka's own offsets play no part. Design, section 4.

Where an answer depends on more than state and event, such as counters and the time, repeating would give another one. A processor of that
kind is run with `settle`: in a transaction of its own, with the same locks, it completes the events and stores how, before any of them is
decided and published; what is repeated finds what was stored.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, TypeVar

from pipeline import metrics
from pipeline.clock import Clock
from pipeline.errors import FatalError, PoisonRecordError
from pipeline.log.envelope import Outgoing, Record
from pipeline.log.notices import dead_letter_of_record, origins_of
from pipeline.log.position import Partition, by_partition, unseen
from pipeline.log.reading import Reading, readings_of
from pipeline.log.topic_guard import StoredTopic
from pipeline.ports import EventPublisher, Failpoints
from pipeline.processors.processor import E, F, Keyed, Processor, Raised, S
from pipeline.stores import positions, readings, states
from pipeline.stores.belief import Doubts
from pipeline.stores.postgres import Connection, translated
from pipeline.stores.states import Kept

log = logging.getLogger(__name__)

T = TypeVar("T")

Settle = Callable[[Connection, Sequence[E]], Sequence[E]]
"""Completes events inside an open transaction, in their order; repeated, it gives the same."""

SESSION = "SET lock_timeout = '5s'; SET idle_in_transaction_session_timeout = '90s'"
"""A worker that was stopped in mid-transaction must not hold a partition for ever: its lock is waited for 5 s at a time, and the server
ends the transaction after 90 s, which is longer than the producer may take (35 s)."""


WAKE_MAX = 200
"""States that one transaction wakes."""


@dataclass(slots=True)
class Outcome:
    """What a batch came to, before it is committed."""

    at: datetime | None = None
    """The time that it was decided by: one for the whole batch; None: nothing was decided."""
    states: dict[str, Kept] = field(default_factory=dict)
    outputs: list[Outgoing] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    alarms: Counter[str] = field(default_factory=Counter)

    @property
    def earliest(self) -> datetime | None:
        """Return when the first of the changed states is to be woken."""
        return min((kept.wake_at for kept in self.states.values() if kept.wake_at is not None), default=None)


def run_events(
    processor: Processor[S, E, F],
    records: Sequence[Record],
    keyed: Sequence[Keyed[E] | PoisonRecordError],
    stored: Callable[[str], str | None],
    now: datetime,
) -> Outcome:
    """Decide a batch in order by one time, without any I/O: what both the transaction below and the in-memory driver run."""
    outcome = Outcome(at=now)
    live: dict[str, S] = {}
    changed: dict[str, int] = {}
    for record, item in zip(records, keyed, strict=True):
        if isinstance(item, PoisonRecordError):
            outcome.outputs.append(dead_letter_of_record(record, reason=item.reason, now=now, source=processor.source))
            outcome.counts["dead_lettered"] += 1
            continue
        if item.key not in live:
            text = stored(item.key)
            live[item.key] = processor.initial if text is None else processor.restore(text)
        before = live[item.key]
        after = live[item.key] = _folded(processor, before, processor.decide(before, item.event, now), outcome)
        if after is not before:
            changed[item.key] = record.partition
    outcome.states = {key: _kept(processor, live[key], partition) for key, partition in changed.items()}
    return outcome


def run_wakes(processor: Processor[S, E, F], due: Mapping[str, str], partition: int, now: datetime) -> Outcome:
    """Wake states of one partition, without any I/O; each is stored again, changed or not, with the time that it now waits for."""
    outcome = Outcome(at=now)
    for key, text in due.items():
        state = processor.restore(text)
        state = _folded(processor, state, processor.wake(state, now), outcome)
        outcome.states[key] = _kept(processor, state, partition)
    outcome.counts["woken"] += len(due)
    return outcome


def _folded(processor: Processor[S, E, F], state: S, facts: Sequence[F], outcome: Outcome) -> S:
    for fact in facts:
        state = processor.evolve(state, fact)
        outcome.counts[processor.outcome(fact)] += 1
        if isinstance(fact, Raised):
            outcome.alarms[fact.kind] += 1
        if (output := processor.emit(fact)) is not None:
            outcome.outputs.append(output)
    return state


def _kept(processor: Processor[S, E, F], state: S, partition: int) -> Kept:
    return Kept(text=processor.store(state), partition=partition, wake_at=processor.wake_at(state))


def decoded(processor: Processor[S, E, F], record: Record) -> Keyed[E] | PoisonRecordError:
    """Read a record, or say why it cannot be read."""
    try:
        return processor.decode(record)
    except PoisonRecordError as error:
        return error


def believed(read: Sequence[Keyed[E] | PoisonRecordError], doubts: Sequence[str | None] | None) -> list[Keyed[E] | PoisonRecordError]:
    """Put what is not believed in the place of what cannot be read."""
    if doubts is None:
        return list(read)
    return [
        PoisonRecordError(f"not believed: {doubt}") if doubt is not None and isinstance(item, Keyed) else item
        for item, doubt in zip(read, doubts, strict=True)
    ]


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
        settle: Settle[E] | None = None,
        doubts: Doubts | None = None,
    ) -> None:
        """`connect` opens a connection of this step's own; it is opened anew after an error.

        `settle` runs before each batch, see above; what `doubts` says something about is dead-lettered with that.
        """
        self._processor, self._connect, self._publisher = processor, connect, publisher
        self._clock, self._failpoints, self._settle, self._doubts = clock, failpoints, settle, doubts
        self._recorded = processor.is_recorded
        self._connection: Connection | None = None
        self.consumer, self.source = processor.name, processor.source
        self.due_at: datetime | None = None
        """When the next state is to be woken, as far as this worker has seen; None: none that it knows of."""
        self._looked: dict[int, datetime] = {}
        """By partition number, when this worker looked last what was due; all that was by then has been woken."""

    def run(self, records: Sequence[Record]) -> Counter[str]:
        """Do a batch of records of any partitions, each partition in the order of its offsets; return what was counted.

        Raise RetryableError when trying the same batch again can help, PositionHoleError when records were skipped, FatalError otherwise.
        """
        return self._done(lambda connection: self._transact(connection, by_partition(records)))

    def deliver(self, records: Sequence[Record]) -> None:
        """Do what `run` does."""
        self.run(records)

    def positions(self, partitions: Sequence[Partition]) -> Mapping[Partition, positions.Position]:
        """Read the stored positions without locking them; raise RetryableError, or FatalError when one is missing."""
        return self._read(lambda connection: positions.load(connection, self.consumer, partitions))

    def topics(self) -> Mapping[str, StoredTopic]:
        """Read what the positions say about their topics; raise RetryableError."""
        return self._read(lambda connection: positions.stored_topics(connection, self.consumer))

    def use(self, doing: Callable[[Connection], T]) -> T:
        """Lend the connection, in autocommit mode; raise RetryableError or FatalError."""
        return self._read(doing)

    def pass_over(self, record: Record, outputs: Sequence[Outgoing], also: Callable[[Any], None]) -> None:
        """Commit the position behind a record that is not done, with `also` in the transaction, outputs acknowledged before."""

        def transact(connection: Connection) -> Outcome:
            with connection.transaction():
                fresh = self._fresh(connection, {(record.topic, record.partition): [record]})
                if any(fresh.values()):
                    also(connection)
                    self._publisher.publish(outputs)
                    positions.advance(connection, self.consumer, {(record.topic, record.partition): record.offset + 1})
            return Outcome()

        self._done(transact)

    def wake_due(self, numbers: Sequence[int], wake: Callable[[int], int | None] | None = None) -> int:
        """Wake the states of these partition numbers whose time has come, and return how many; sets `due_at` anew.

        `wake` does that for one number in the place of `Step.wake`; None: not for all of it. Raise what `run` raises. What is due in the
        past is woken at once; a partition with more than WAKE_MAX due goes on the next time.
        """
        if not self._processor.waits or not numbers:
            self.due_at = None
            return 0
        name, woken = self._processor.name, 0
        now = self._clock.now()  # before the look: what becomes due while it goes on is the next one's
        try:
            with translated(f"looking what is due for {name}"):
                waiting = states.next_due(self._open(), name, numbers)
        except BaseException:
            self.close()
            raise
        self.due_at = min(waiting.values(), default=None)
        for number in sorted(numbers):
            count: int | None = 0
            if number in waiting and waiting[number] <= now:
                count = (wake or self.wake)(number)
            if count is not None and count < WAKE_MAX:  # else there may be more
                self._looked[number] = now
            woken += count or 0
        if woken:
            with translated(f"looking what is due for {name}"):
                self.due_at = min(states.next_due(self._open(), name, numbers).values(), default=None)
        return woken

    def wake(self, number: int, key: str | None = None) -> int:
        """Wake what is due of one partition number, or one state of it only; return how many; raise what `run` raises, and more."""
        return self._done(lambda connection: self._wake(connection, number, key))["woken"]

    def due_keys(self, number: int) -> Sequence[str]:
        """Return the keys of a partition number's states that are due, the longest due first."""
        return list(self._read(lambda connection: states.due(connection, self.consumer, number, self._clock.now(), limit=WAKE_MAX)))

    def postpone(self, number: int, key: str, until: datetime, outputs: Sequence[Outgoing]) -> None:
        """Let a state be woken later, in a transaction of its own, outputs acknowledged before; raise what `run` raises."""

        def transact(connection: Connection) -> Outcome:
            with connection.transaction():
                positions.lock_numbers(connection, self.consumer, [number])
                states.postpone(connection, self.consumer, key, until)
                self._publisher.publish(outputs)
            return Outcome()

        self._done(transact)

    def _read(self, read: Callable[[Connection], T]) -> T:
        try:
            with translated(f"reading for {self._processor.name}"):
                return read(self._open())
        except BaseException:
            self.close()
            raise

    def _done(self, transact: Callable[[Connection], Outcome]) -> Counter[str]:
        started = self._clock.monotonic()
        try:
            with translated(f"running {self._processor.name}"):
                outcome = transact(self._open())
        except BaseException:
            self.close()  # whatever happened, the next try starts on a connection that has no past
            raise
        self._failpoints.reach(f"{self._processor.name}.after_commit")
        self._count(outcome, self._clock.monotonic() - started)
        earliest = outcome.earliest
        if earliest is not None and (self.due_at is None or earliest < self.due_at):
            self.due_at = earliest
        return outcome.counts

    def _transact(self, connection: Connection, batches: dict[Partition, list[Record]]) -> Outcome:
        name = self._processor.name
        settled = {} if self._settle is None else self._settled(connection, batches, self._settle)
        with connection.transaction():
            fresh = self._fresh(connection, batches)
            kept = [record for batch in fresh.values() for record in batch]
            repeated = sum(map(len, batches.values())) - len(kept)
            if not kept:
                return Outcome(counts=Counter(seen_before=repeated))
            records = [record for record in kept if record.passed is None]
            # Positions only grow, so whatever is fresh now was so when it was settled.
            keyed = self._decoded(connection, records) if self._settle is None else [settled[_place(record)] for record in records]
            keys = {item.key for item in keyed if isinstance(item, Keyed)}
            known = states.read(connection, name, keys, lock=len(self._processor.consumes) > 1)
            outcome = run_events(self._processor, records, keyed, known.get, self._clock.now())
            outcome.counts["seen"] += len(records)
            outcome.counts["seen_before"] += repeated
            outcome.counts["passed_over"] += len(kept) - len(records)
            positions.advance(connection, name, {partition: batch[-1].offset + 1 for partition, batch in fresh.items() if batch})
            if self._recorded and outcome.at is not None:
                readings.write(connection, name, readings_of(records, outcome.at, self._looked))
            self._write(connection, outcome)
        return outcome

    def _fresh(self, connection: Connection, batches: Mapping[Partition, list[Record]]) -> dict[Partition, Sequence[Record]]:
        """Lock the positions and return what is not done yet; raise PositionHoleError at a hole."""
        stored = positions.lock_numbers(connection, self._processor.name, sorted({number for _, number in batches}))
        positions.check(self._processor.name, stored, batches)
        held = {partition: stored[partition] for partition in batches}
        return {partition: unseen(batch, held[partition].next_offset, held[partition].epoch) for partition, batch in batches.items()}

    def _settled(
        self, connection: Connection, batches: Mapping[Partition, list[Record]], settle: Settle[E]
    ) -> dict[tuple[str, int, int], Keyed[E] | PoisonRecordError]:
        """Settle what is fresh and commit that; return everything fresh, by its place in the log."""
        with connection.transaction():
            kept = [record for batch in self._fresh(connection, batches).values() for record in batch]
            records = [record for record in kept if record.passed is None]
            read = dict(zip(map(_place, records), self._decoded(connection, records), strict=True))
            places = [place for place, item in read.items() if isinstance(item, Keyed)]
            events = settle(connection, [read[place].event for place in places])  # type: ignore[union-attr]
            read.update({place: Keyed(read[place].key, event) for place, event in zip(places, events, strict=True)})  # type: ignore[union-attr]
        self._failpoints.reach(f"{self._processor.name}.after_settle")
        return read

    def _decoded(self, connection: Connection, records: Sequence[Record]) -> list[Keyed[E] | PoisonRecordError]:
        """Read records; one that is not believed can never be read."""
        return believed([decoded(self._processor, record) for record in records], self._doubts and self._doubts(connection, records))

    def _wake(self, connection: Connection, number: int, key: str | None) -> Outcome:
        name = self._processor.name
        with connection.transaction():
            if not positions.lock_numbers(connection, name, [number]):
                raise FatalError(f"{name} has no stored position for partition {number}; run `custodian init`")
            now = self._clock.now()  # to look and to decide by, and as recorded: a replay wakes what was due by then, not more
            due = states.due(connection, name, number, now, limit=WAKE_MAX, key=key)
            outcome = run_wakes(self._processor, due, number, now)
            if due and outcome.at is not None:
                readings.write(connection, name, [Reading(number, outcome.at, looked=self._looked.get(number))])
            self._write(connection, outcome)
        return outcome

    def _write(self, connection: Connection, outcome: Outcome) -> None:
        """Store states and produce outputs, inside the transaction."""
        name = self._processor.name
        if outcome.states:
            states.write(connection, name, outcome.states)
        self._failpoints.reach(f"{name}.in_transaction")
        if outcome.outputs:
            self._publisher.publish(outcome.outputs)
        self._failpoints.reach(f"{name}.after_produce")

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
        for origin, count in origins_of(outcome.outputs).items():
            metrics.DEAD_LETTERS.labels(role, origin).inc(count)
        for kind, count in outcome.alarms.items():
            metrics.ALARMS.labels(kind).inc(count)
        metrics.BATCH_SECONDS.labels(role).observe(seconds)


def _place(record: Record) -> tuple[str, int, int]:
    return record.topic, record.partition, record.offset
