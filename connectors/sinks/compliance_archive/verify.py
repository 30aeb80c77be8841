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
from pipeline.stores.postgres import Connection, translated

FINDINGS_KEPT_MAX = 1_000
"""Findings that are kept one by one; beyond it they are counted."""
PROGRESS_EVERY = 1_000

Partition = tuple[str, int]
Progress = Callable[[int, int], None]
"""Told how many rows are done and how many there are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something that is not as it was written, or is not there."""

    kind: str
    """In capitals: DIGEST_DIFFERS, ATTRIBUTES_DIFFER, RECORDS_MISSING, RECORD_BEYOND_POSITION, INDEX_GAP, LEAF_DIGEST_DIFFERS,
    LEAF_WITHOUT_RECORD, LEAF_OUT_OF_ORDER, RECORD_WITHOUT_INDEX."""
    topic: str | None
    partition: int | None
    offset: int | None
    index: int | None = None
    detail: str

    def line(self) -> dict[str, Any]:
        """Return the finding as a line; absent is absent."""
        whole = {
            "kind": self.kind,
            "index": self.index,
            "topic": self.topic,
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
    count: int = 0
    kept: list[Finding] = field(default_factory=list)

    @property
    def sound(self) -> bool:
        """Tell whether nothing was found."""
        return self.count == 0

    def note(self, kind: str, at: tuple[str | None, int | None, int | None], detail: str, index: int | None = None) -> None:
        """Add a finding about (topic, partition, offset)."""
        self.count += 1
        if len(self.kept) < FINDINGS_KEPT_MAX:
            self.kept.append(Finding(kind=kind, topic=at[0], partition=at[1], offset=at[2], index=index, detail=detail))


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
    stored = {(topic, partition): end for topic, partition, end in connection.execute(SQL["positions"], (CONSUMER,)).fetchall()}
    expected: dict[Partition, int] = {}
    with _streamed(connection, "every_record") as rows:
        for done, (topic, partition, offset, sha256, value, *attributes, headers) in enumerate(rows):
            here = expected.get((topic, partition), 0)
            if offset > here:
                findings.note("RECORDS_MISSING", (topic, partition, here), f"offsets {here} to {offset - 1} are not there")
            expected[topic, partition] = offset + 1
            found = hashlib.sha256(value).digest()
            if found != sha256:
                findings.note("DIGEST_DIFFERS", (topic, partition, offset), f"stored {sha256.hex()}, the bytes have {found.hex()}")
            if tuple(attributes) != attributes_of(headers_of(headers)):
                findings.note("ATTRIBUTES_DIFFER", (topic, partition, offset), "ce_id, ce_type or subject is not what the headers say")
            if done % PROGRESS_EVERY == 0:
                progress(done)
    for (topic, partition), end in sorted(stored.items() | ((p, 0) for p in expected if p not in stored)):
        here = expected.get((topic, partition), 0)
        if here < end:
            findings.note(
                "RECORDS_MISSING", (topic, partition, here), f"offsets {here} to {end - 1} are not there, the stored position is {end}"
            )
        elif here > end:
            findings.note("RECORD_BEYOND_POSITION", (topic, partition, here - 1), f"the stored position is {end}")


def _verify_leaves(connection: Connection, findings: Findings, progress: Callable[[int], None]) -> None:
    expected = 0
    last: dict[Partition, int] = {}
    with _streamed(connection, "every_leaf") as rows:
        for done, (index, topic, partition, offset, sha256, of_record) in enumerate(rows):
            at = (topic, partition, offset)
            if index > expected:
                findings.note("INDEX_GAP", (None, None, None), f"indexes {expected} to {index - 1} are not there", expected)
            expected = index + 1
            if of_record is None:
                findings.note("LEAF_WITHOUT_RECORD", at, "the record is not there", index)
            elif of_record != sha256:
                findings.note("LEAF_DIGEST_DIFFERS", at, f"the index has {sha256.hex()}, the record {of_record.hex()}", index)
            if offset <= last.get((topic, partition), -1):
                findings.note("LEAF_OUT_OF_ORDER", at, f"a record of offset {last[topic, partition]} has an earlier index", index)
            last[topic, partition] = max(offset, last.get((topic, partition), -1))
            if done % PROGRESS_EVERY == 0:
                progress(done)


def _verify_cover(connection: Connection, findings: Findings) -> None:
    with _streamed(connection, "records_between_leaves") as rows:
        for topic, partition, offset in rows:
            findings.note("RECORD_WITHOUT_INDEX", (topic, partition, offset), "a later record of its partition has an index")
    row = connection.execute(SQL["unsequenced"]).fetchone()
    findings.unsequenced = max(0, row[0]) if row else 0


@contextmanager
def _streamed(connection: Connection, statement: str) -> Iterator[Iterator[tuple[Any, ...]]]:
    with connection.cursor(name=f"verify_{statement}") as cursor:
        cursor.itersize = 500
        cursor.execute(SQL[statement], binary=True)
        yield iter(cursor)
