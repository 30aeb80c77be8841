"""Verification of the archive in the database: digests, gaps, and that the index covers every record exactly once.

Reads everything once, in constant memory, in one snapshot, and believes nothing that is stored: digests are computed again from the
bytes, completeness from contiguous offsets (design, section 7). A record that was archived moments ago
may still wait for its index; it is counted, not found fault with.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from connectors.sinks.compliance_archive.adapter import CONSUMER
from connectors.sinks.compliance_archive.rows import attributes_of, headers_of
from connectors.sinks.compliance_archive.writer import SQL
from pipeline.log.log_batches import batches
from pipeline.stores.postgres import Connection, translated

FINDINGS_KEPT_MAX = 1_000
"""Findings that are kept one by one; beyond it they are counted."""
PROGRESS_EVERY = 1_000

Partition = tuple[str, int, int]
"""Topic, epoch and partition number."""
Place = tuple[str, int, int, int]
"""Those, and the offset."""
Progress = Callable[[int, int], None]
"""Told how many rows are done and how many there are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something that is not as it was written, or is not there."""

    kind: str
    """In capitals: DIGEST_DIFFERS, ATTRIBUTES_DIFFER, RECORDS_MISSING, RECORD_BEYOND_POSITION, INDEX_GAP, LEAF_DIGEST_DIFFERS,
    LEAF_WITHOUT_RECORD, LEAF_OUT_OF_ORDER, RECORD_WITHOUT_INDEX, PASSED_WITHOUT_EVIDENCE, PASSED_OVER_A_RECORD."""
    topic: str | None
    partition: int | None
    offset: int | None
    epoch: int | None = None
    """Of the topic; None for the first."""
    index: int | None = None
    detail: str

    def line(self) -> dict[str, Any]:
        """Return the finding as a line; absent is absent."""
        whole = {
            "kind": self.kind,
            "index": self.index,
            "topic": self.topic,
            "epoch": self.epoch,
            "partition": self.partition,
            "offset": self.offset,
            "detail": self.detail,
        }
        return {name: value for name, value in whole.items() if value is not None}


@dataclass(slots=True)
class Findings:
    """What a verification came to."""

    records: int = 0
    leaves: int = 0
    unsequenced: int = 0
    """Records that wait for their index."""
    passed: int = 0
    """Offsets without a record, each explained by the batch of Kafka's log that stands there."""
    count: int = 0
    kept: list[Finding] = field(default_factory=list)

    @property
    def sound(self) -> bool:
        """Tell whether nothing was found."""
        return self.count == 0

    def note(self, kind: str, at: Place | None, detail: str, index: int | None = None) -> None:
        """Add a finding about a place, or about none."""
        self.count += 1
        if len(self.kept) < FINDINGS_KEPT_MAX:
            topic, epoch, partition, offset = at or (None, None, None, None)
            later = None if epoch == 1 else epoch
            self.kept.append(Finding(kind=kind, topic=topic, epoch=later, partition=partition, offset=offset, index=index, detail=detail))


def unwatched(_done: int, _total: int) -> None:
    """Take note of progress and do nothing."""


def verify(connection: Connection, *, progress: Progress = unwatched) -> Findings:
    """Verify the whole archive; raise RetryableError when PostgreSQL is away.

    `connection` must not be inside a transaction: the verification wants a snapshot of its own.
    """
    findings = Findings()
    with translated("verifying the archive"), connection.transaction():
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        # A verification may well take longer than what a batch is given.
        connection.execute("SET LOCAL statement_timeout = 0")
        counted = connection.execute("SELECT (SELECT count(*) FROM archive.records), (SELECT count(*) FROM archive.leaves)").fetchone()
        findings.records, findings.leaves = counted or (0, 0)
        total = findings.records + findings.leaves
        _verify_records(connection, findings, lambda done: progress(done, total))
        _verify_leaves(connection, findings, lambda done: progress(findings.records + done, total))
        _verify_cover(connection, findings)
        progress(total, total)
    return findings


def _verify_records(connection: Connection, findings: Findings, progress: Callable[[int], None]) -> None:
    stored = {
        (topic, epoch, partition): end for topic, epoch, partition, end in connection.execute(SQL["positions"], (CONSUMER,)).fetchall()
    }
    expected: dict[Partition, int] = {}
    with _streamed(connection, "every_record") as rows, _streamed(connection, "every_passed") as passed_rows:
        passed = _Passed(passed_rows, findings, expected)
        for done, (topic_no, topic, epoch, partition, offset, sha256, value, *attributes, headers) in enumerate(rows):
            within = (topic, epoch, partition)
            passed.up_to((topic_no, partition, offset))
            here = expected.get(within, 0)
            if offset < here:
                findings.note("PASSED_OVER_A_RECORD", (*within, offset), "the offset is also kept as one without a record")
            if offset > here:
                findings.note("RECORDS_MISSING", (*within, here), f"offsets {here} to {offset - 1} are not there")
            expected[within] = max(offset + 1, here)
            found = hashlib.sha256(value).digest()
            if found != sha256:
                findings.note("DIGEST_DIFFERS", (*within, offset), f"stored {sha256.hex()}, the bytes have {found.hex()}")
            if tuple(attributes) != attributes_of(headers_of(headers)):
                findings.note("ATTRIBUTES_DIFFER", (*within, offset), "ce_id, ce_type or subject is not what the headers say")
            if done % PROGRESS_EVERY == 0:
                progress(done)
        passed.up_to(None)
    for within, end in sorted(stored.items() | ((p, 0) for p in expected if p not in stored)):
        here = expected.get(within, 0)
        if here < end:
            findings.note("RECORDS_MISSING", (*within, here), f"offsets {here} to {end - 1} are not there, the stored position is {end}")
        elif here > end:
            findings.note("RECORD_BEYOND_POSITION", (*within, here - 1), f"the stored position is {end}")


class _Passed:
    """Offsets without a record, each believed for the batch of the log that is kept with it and for nothing else."""

    def __init__(self, rows: Iterator[tuple[Any, ...]], findings: Findings, expected: dict[Partition, int]) -> None:
        """`expected` is moved on over what is passed over rightly."""
        self._rows, self._findings, self._expected = rows, findings, expected
        self._head = next(rows, None)
        self._taken_back: dict[tuple[Partition, int], int] = {}  # by partition and producer, until the mark that says so comes

    def up_to(self, until: tuple[int, int, int] | None) -> None:
        """Judge what stands before these coordinates (topic number, partition, offset); None: all the rest."""
        while self._head is not None and (until is None or (self._head[0], self._head[3], self._head[4]) < until):
            _, topic, epoch, partition, offset, last, kind, sha256, batch = self._head
            within = (topic, epoch, partition)
            self._head = next(self._rows, None)
            here = self._expected.get(within, 0)
            self._findings.passed += last - offset + 1
            wrong = self._wrong(within, offset, last, kind, sha256, batch)
            if wrong is not None:
                self._findings.note("PASSED_WITHOUT_EVIDENCE", (*within, offset), wrong)
            elif offset < here:
                self._findings.note("PASSED_OVER_A_RECORD", (*within, offset), "a record is archived at this offset")
            else:
                if offset > here:
                    self._findings.note("RECORDS_MISSING", (*within, here), f"offsets {here} to {offset - 1} are not there")
                self._expected[within] = last + 1

    def _wrong(self, within: Partition, offset: int, last: int, kind: str, sha256: bytes, raw: bytes) -> str | None:
        """Say why the kept batch does not explain the offsets; None when it does."""
        if hashlib.sha256(raw).digest() != sha256:
            return f"stored {sha256.hex()}, the batch has {hashlib.sha256(raw).hexdigest()}"
        found = list(batches(raw))
        if len(found) != 1 or len(found[0].raw) != len(raw):
            return "what is kept is no batch of Kafka's log"
        batch = found[0]
        if not batch.first <= offset <= last == batch.last:
            return f"the batch has offsets {batch.first} to {batch.last}"
        producer = (within, batch.producer_id)
        if kind == "aborted":
            self._taken_back[producer] = offset
            return None if batch.transactional and not batch.control else "the batch belongs to no transaction"
        if not batch.control:
            return "the batch holds records"
        taken_back = self._taken_back.pop(producer, None)
        return f"its transaction was committed, offset {taken_back} included" if taken_back is not None and not batch.aborts else None


def _verify_leaves(connection: Connection, findings: Findings, progress: Callable[[int], None]) -> None:
    expected = 0
    last: dict[Partition, int] = {}
    with _streamed(connection, "every_leaf") as rows:
        for done, (index, topic, epoch, partition, offset, sha256, of_record) in enumerate(rows):
            within = (topic, epoch, partition)
            at = (*within, offset)
            if index > expected:
                findings.note("INDEX_GAP", None, f"indexes {expected} to {index - 1} are not there", expected)
            expected = index + 1
            if of_record is None:
                findings.note("LEAF_WITHOUT_RECORD", at, "the record is not there", index)
            elif of_record != sha256:
                findings.note("LEAF_DIGEST_DIFFERS", at, f"the index has {sha256.hex()}, the record {of_record.hex()}", index)
            if offset <= last.get(within, -1):
                findings.note("LEAF_OUT_OF_ORDER", at, f"a record of offset {last[within]} has an earlier index", index)
            last[within] = max(offset, last.get(within, -1))
            if done % PROGRESS_EVERY == 0:
                progress(done)


def _verify_cover(connection: Connection, findings: Findings) -> None:
    with _streamed(connection, "records_between_leaves") as rows:
        for topic, epoch, partition, offset in rows:
            findings.note("RECORD_WITHOUT_INDEX", (topic, epoch, partition, offset), "a later record of its partition has an index")
    row = connection.execute(SQL["unsequenced"]).fetchone()
    findings.unsequenced = max(0, row[0]) if row else 0


@contextmanager
def _streamed(connection: Connection, statement: str) -> Iterator[Iterator[tuple[Any, ...]]]:
    with connection.cursor(name=f"verify_{statement}") as cursor:
        cursor.itersize = 500
        cursor.execute(SQL[statement], binary=True)
        yield iter(cursor)
