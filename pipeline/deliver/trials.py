"""Finds the record that fails, alone, and lets the others go on: around the delivery of a sink, and of a processor on either engine.

    a batch fails -> its records one by one, each noted before it is tried
    -> the one that fails rests and is tried again -> dead-lettered, or its partition is parked

Promises: an ordinary batch costs nothing more; a count survives whatever kills the process; what is nobody's fault (a service that is away)
is never counted; the records of a partition stay in their order. Source: infra/decisions/0014.
"""

from __future__ import annotations

import logging
import math
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Protocol

from pipeline import metrics
from pipeline.clock import Clock
from pipeline.deliver.ports import Partition, StoredPosition
from pipeline.errors import PipelineError
from pipeline.log.envelope import Outgoing, Record
from pipeline.log.faults import (
    DEATH,
    DEATHS_MAX,
    FAILURES_MAX,
    LETTERS_WINDOW,
    PAUSES,
    Fault,
    Suspect,
    fault_of,
    is_of_record,
    judge,
    may_set_aside,
    passes,
)
from pipeline.log.notices import alarm, dead_letter_of_record
from pipeline.log.position import by_partition, place_text
from pipeline.log.topic_guard import StoredTopic
from pipeline.ports import EventPublisher

log = logging.getLogger(__name__)

LOOK_INTERVAL = 2.0
"""Seconds between two looks whether a person has said what becomes of a parked record."""


class SuspectBook(Protocol):
    """Where attempts are noted, each change committed by itself; raises RetryableError."""

    def load(self, partitions: Sequence[Partition]) -> Sequence[Suspect]:
        """Return what stands about these partitions."""
        ...

    def put(self, suspects: Sequence[Suspect], *, heard: bool = False) -> None:
        """Write rows; what a person asked for stays, unless it was `heard` or is about another offset."""
        ...

    def clear(self, partitions: Sequence[Partition], *, key: str | None = None) -> None:
        """Remove rows of partitions; only that of a key where one is given."""
        ...

    def letters(self, seconds: float) -> int:
        """Return how many records the program has put aside within the last so many seconds."""
        ...

    def set_aside(self, transaction: Any, suspect: Suspect, dead_letter_id: str) -> None:
        """Write down in an open transaction that a record was put aside."""
        ...


class Tried(Protocol):
    """What becomes of a batch, see `deliver.ports.Delivery`; here it may raise anything."""

    consumer: str
    source: str

    def positions(self, partitions: Sequence[Partition]) -> Mapping[Partition, StoredPosition]:
        """Read positions."""
        ...

    def topics(self) -> Mapping[str, StoredTopic]:
        """Read what the positions say about their topics."""
        ...

    def deliver(self, records: Sequence[Record]) -> object:
        """Do what is new of a batch and commit it with the positions."""
        ...

    def pass_over(self, record: Record, outputs: Sequence[Outgoing], also: Callable[[Any], None]) -> None:
        """Commit the position behind a record that is not done, with `also` in the transaction, outputs acknowledged before."""
        ...

    def close(self) -> None:
        """Let go of connections."""
        ...


@dataclass(frozen=True, slots=True)
class _Stand:
    """Where a partition stands, and until when by the monotonic clock; for ever when it is parked."""

    offset: int
    until: float


class Trials:
    """A delivery (`deliver.ports.Delivery`) that a record cannot stop for ever."""

    def __init__(self, tried: Tried, *, book: SuspectBook, publisher: EventPublisher, clock: Clock) -> None:
        self._tried, self._book, self._publisher, self._clock = tried, book, publisher, clock
        self.consumer, self.source = tried.consumer, tried.source
        self._lock = threading.Lock()
        self._new: set[Partition] = set()  # assigned, no batch tried yet; other threads add to it
        self._unproven: set[Partition] = set()  # noted, and no batch has gone well yet
        self._suspected: set[Partition] = set()
        self._rows: dict[Partition, Suspect] = {}
        self._standing: dict[Partition, _Stand] = {}
        self._look_at = -math.inf

    def positions(self, partitions: Sequence[Partition]) -> Mapping[Partition, StoredPosition]:
        """Read positions of partitions that begin now; what is known of them is asked for anew."""
        found = self._tried.positions(partitions)
        self.begin(partitions)
        return found

    def begin(self, partitions: Sequence[Partition]) -> None:
        """Hear which partitions begin; from any thread."""
        with self._lock:
            self._new.update(partitions)

    def topics(self) -> Mapping[str, StoredTopic]:
        """Read what the positions say about their topics; raise RetryableError."""
        return self._tried.topics()

    def close(self) -> None:
        """Let go of connections."""
        self._tried.close()

    def stands(self, partition: Partition) -> bool:
        """Tell whether a partition stands, resting or parked; not one that has begun anew and is looked at with its next batch."""
        with self._lock:
            return partition in self._standing and partition not in self._new

    def deliver(self, records: Sequence[Record]) -> Mapping[Partition, int]:
        """Do what is new of a batch, and return which of its partitions stand now, each with the offset that it goes on with.

        Raise RetryableError, after which the same records are given again, or what ends the run: FatalError, OSError, MemoryError.
        """
        if not (self._new or self._unproven or self._suspected or self._standing) and self._attempt(records) is None:
            return {}  # the ordinary way
        batches = by_partition(records)
        self._learn(batches)
        plain = [r for r in records if (place := (r.topic, r.partition)) not in self._suspected and place not in self._standing]
        if plain:
            error = self._attempt(plain)
            together = {(record.topic, record.partition) for record in plain}
            if error is None:
                self._prove(together)
            else:
                log.warning("a batch fails; its records are tried one by one", exc_info=error, extra={"consumer": self.consumer})
                self._suspected |= together
        for partition, batch in batches.items():
            if partition in self._suspected and partition not in self._standing:
                self._one_by_one(partition, batch)
        return {partition: stand.offset for partition, stand in self._standing.items() if partition in batches}

    def released(self) -> Sequence[Partition]:
        """Return the partitions that may go on: they have rested, or a person has said what shall be. Raise RetryableError."""
        if not self._standing:
            return ()
        now = self._clock.monotonic()
        gone_on = [partition for partition, stand in self._standing.items() if stand.until <= now]
        parked = [partition for partition, stand in self._standing.items() if stand.until == math.inf]
        if parked and now >= self._look_at:
            self._look_at = now + LOOK_INTERVAL
            rows = {(row.topic, row.partition): row for row in self._book.load(parked)}
            for partition in parked:
                row = rows.get(partition)
                if row is None or row.asked or row.offset != self._standing[partition].offset:
                    self._remember(partition, row)
                    gone_on.append(partition)
        for partition in gone_on:
            del self._standing[partition]
        return gone_on

    # What former lives left

    def _learn(self, batches: Mapping[Partition, Sequence[Record]]) -> None:
        """Read what stands about partitions that are new here, and note their first attempt: whoever dies of it need not write."""
        with self._lock:
            new = self._new & batches.keys()
        if not new:
            return
        rows = {(row.topic, row.partition): row for row in self._book.load(sorted(new))}
        first = []
        for partition in new:
            offset, row = batches[partition][0].offset, rows.get(partition)
            self._standing.pop(partition, None)
            self._suspected.discard(partition)
            self._remember(partition, row)
            here = row is not None and offset <= row.offset <= batches[partition][-1].offset
            if row is not None and here and (row.alone or row.failures >= DEATHS_MAX):
                self._suspected.add(partition)
            else:
                first.append(self._noted(partition, offset, deaths=row.failures if row is not None and here else 0))
        if first:
            self._book.put(first)
            self._unproven |= {(row.topic, row.partition) for row in first}
        with self._lock:
            self._new -= new

    def _noted(self, partition: Partition, offset: int, *, deaths: int) -> Suspect:
        now = self._clock.now()
        row = Suspect(
            topic=partition[0],
            partition=partition[1],
            offset=offset,
            alone=False,
            failures=deaths + 1,
            answered=False,
            since=now,
            tried_at=now,
        )
        self._rows[partition] = row
        return row

    def _remember(self, partition: Partition, row: Suspect | None) -> None:
        if row is None:
            self._rows.pop(partition, None)
        else:
            self._rows[partition] = row

    def _prove(self, partitions: set[Partition]) -> None:
        if proven := self._unproven & partitions:
            self._book.clear(sorted(proven))
            self._unproven -= proven
            for partition in proven:
                self._rows.pop(partition, None)

    # Attempts

    def _attempt(self, records: Sequence[Record]) -> Exception | None:
        """Deliver records; return the error that may be theirs, raise any other after its count was taken back."""
        try:
            self._tried.deliver(records)
        except Exception as error:
            if is_of_record(error):
                return error
            if passes(error):
                self._take_back({(record.topic, record.partition) for record in records})
            raise
        return None

    def _take_back(self, partitions: set[Partition]) -> None:
        """Let rows of an attempt that proved nothing say what they said before it, as far as the database hears it."""
        running = {partition: row for partition in partitions if (row := self._rows.get(partition)) is not None and not row.answered}
        before = {partition: replace(row, failures=row.failures - 1, answered=True) for partition, row in running.items()}
        self._rows |= before
        whole = {partition for partition, row in before.items() if not row.alone}
        self._unproven -= whole
        self.begin(sorted(whole))  # noted anew with the next attempt
        if before:
            with suppress(PipelineError):
                self._book.put(list(before.values()))

    def _one_by_one(self, partition: Partition, batch: Sequence[Record]) -> None:
        for record in batch:
            row = self._rows.get(partition)
            if row is not None and row.offset > record.offset:
                row = None  # what it speaks of comes later
            stand = self._alone(record, row if row is not None and row.alone and row.offset == record.offset else None)
            if stand is not None:
                self._standing[partition] = stand
                return
        self._book.clear([partition])
        self._rows.pop(partition, None)
        self._unproven.discard(partition)
        self._suspected.discard(partition)

    def _alone(self, record: Record, row: Suspect | None) -> _Stand | None:
        """Try one record; return where its partition stands when it does not go on."""
        now = self._clock.now()
        if row is not None and row.asked == "skip":
            return self._aside_or_parked(record, row)
        if row is not None and row.parked_at is not None and not row.may_try(now):
            return _Stand(record.offset, math.inf)
        if row is None:
            row = Suspect(
                topic=record.topic,
                partition=record.partition,
                offset=record.offset,
                alone=True,
                failures=0,
                answered=True,
                since=now,
                tried_at=now,
            )
        if row.may_try(now):
            heard = row.asked is not None
            row = replace(row, failures=row.failures + 1, answered=False, tried_at=now, asked=None)
            self._rows[record.topic, record.partition] = row
            self._book.put([row], heard=heard)
            error = self._attempt([record])
            if error is None:
                self._rows.pop((record.topic, record.partition), None)
                return None
            row = self._note_failure(record, row, error)
        return self._verdict(record, row)

    def _note_failure(self, record: Record, row: Suspect, error: Exception) -> Suspect:
        row = self._rows[record.topic, record.partition] = replace(row, answered=True, fault=fault_of(error))
        said = {"consumer": self.consumer, "record": _place(record), "traceback_sha256": row.fault.traceback_sha256}
        log.error("a record fails, alone, for the %d. time", row.failures, exc_info=error, extra=said)
        metrics.RECORDS.labels(self.consumer, "failed_alone").inc()
        self._book.put([row])
        return row

    # Verdicts

    def _verdict(self, record: Record, row: Suspect) -> _Stand | None:
        allowed = may_set_aside(self.consumer, record.topic)
        letters = self._book.letters(LETTERS_WINDOW.total_seconds()) if allowed and row.failures >= FAILURES_MAX else 0
        match judge(row, allowed=allowed, letters=letters):
            case "rest":
                return _Stand(record.offset, self._clock.monotonic() + PAUSES[min(row.failures, len(PAUSES)) - 1])
            case "set aside":
                return self._aside_or_parked(record, row)
            case _:
                why = f"{letters} records were put aside within an hour: this is a fault of the program" if allowed else "its order matters"
                return self._park(record, row, why)

    def _aside_or_parked(self, record: Record, row: Suspect) -> _Stand | None:
        """Dead-letter a record and go on behind it, or stand before it."""
        error = self._set_aside(record, row)
        if error is None:
            return None
        row = replace(row, fault=fault_of(error))
        return self._park(record, row, f"it cannot be dead-lettered either: {row.fault.text}")

    def _set_aside(self, record: Record, row: Suspect) -> Exception | None:
        """Dead-letter a record and go on behind it; return the error when it cannot be."""
        skipped = row.asked == "skip"
        how = f"failed {row.failures} times, alone: {row.fault.text}"
        if row.fault.traceback_sha256 is not None:
            how += f" (traceback {row.fault.traceback_sha256})"
        reason = f"skipped by {row.asked_by}: {row.asked_reason}; it {how}" if skipped else how
        now = self._clock.now()
        letter = dead_letter_of_record(record, reason=reason, now=now, source=self.source)
        raised = [] if skipped else [self._alarm("record_failed", record, row, {"dead_letter_id": letter.envelope.id})]
        try:
            self._tried.pass_over(record, [letter, *raised], lambda at: self._book.set_aside(at, row, letter.envelope.id))
        except Exception as error:
            if not is_of_record(error):
                raise
            log.error("the record cannot be dead-lettered", exc_info=error, extra={"record": _place(record)})
            return error
        self._rows.pop((record.topic, record.partition), None)
        self._book.clear([(record.topic, record.partition)])
        log.error("the record was dead-lettered: %s", reason, extra={"consumer": self.consumer, "record": _place(record)})
        metrics.dead_lettered(self.consumer, record.topic)
        for _ in raised:
            metrics.ALARMS.labels("record_failed").inc()
        return None

    def _park(self, record: Record, row: Suspect, why: str) -> _Stand:
        if row.parked_at is None:
            log.error("the partition is parked: %s", why, extra={"consumer": self.consumer, "record": _place(record)})
            metrics.ALARMS.labels("partition_parked").inc()
            self._publisher.publish([self._alarm("partition_parked", record, row, {"why": why})])
        parked = self._rows[record.topic, record.partition] = replace(row, parked_at=row.parked_at or self._clock.now(), asked=None)
        self._book.put([parked], heard=row.asked is not None)
        self._look_at = self._clock.monotonic() + LOOK_INTERVAL
        return _Stand(record.offset, math.inf)

    def _alarm(self, kind: str, record: Record, row: Suspect, more: Mapping[str, str]) -> Outgoing:
        return failure_alarm(
            kind=kind,
            consumer=self.consumer,
            source=self.source,
            subject=place_text(record),
            fault=row.fault,
            detail={"offset": str(record.offset), "key": (record.key or b"").decode("utf-8", "replace")[:200], **more},
            failures=row.failures,
            clock=self._clock,
        )


def failure_alarm(
    *, kind: str, consumer: str, source: str, subject: str, fault: Fault, failures: int, detail: Mapping[str, str], clock: Clock
) -> Outgoing:
    """Build the alarm about something that fails alone; the same fault at the same place is the same alarm."""
    digest = {} if fault.traceback_sha256 is None else {"traceback_sha256": fault.traceback_sha256}
    said = {"consumer": consumer, "fault": fault.text, "failures": str(failures), **digest, **detail}
    return alarm(
        kind=kind,
        severity="critical",
        venue=None,
        subject=subject,
        detail=said,
        now=clock.now(),
        source=source,
        identity=(consumer, detail.get("offset", ""), fault.traceback_sha256 or DEATH.text),
    )


def _place(record: Record) -> str:
    return f"{place_text(record)} offset {record.offset}"
