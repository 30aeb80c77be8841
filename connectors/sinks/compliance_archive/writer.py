"""Writes records into the archive with COPY, inside a transaction that somebody else commits."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from connectors.sinks.compliance_archive.rows import row_of
from pipeline.errors import FatalError
from pipeline.log.envelope import Record
from pipeline.log.position import place_text
from pipeline.ports import Transaction
from pipeline.stores.statements import named_statements

Topic = tuple[str, int]
"""A topic's name and epoch."""

SQL = named_statements("connectors.sinks.compliance_archive")
# On the wire json is the same as text; named text, because psycopg would encode a text as JSON once more.
_TYPES = ["int2", "int4", "int8", "timestamptz", "timestamptz", "text", "text", "text", "bytea", "bytea", "text", "bytea"]


def write(transaction: Transaction, records: Sequence[Record], now: datetime) -> int:
    """Insert the records that are not there yet and return how many; `now` is when they were recorded.

    Raise FatalError when other bytes are archived under the coordinates of a record.
    """
    numbers = _topic_numbers(transaction, {(record.topic, record.epoch) for record in records})
    fresh = _fresh(transaction, records, numbers)
    with transaction.cursor() as cursor, cursor.copy(SQL["copy_records"]) as copy:
        copy.set_types(_TYPES)
        for record in fresh:
            copy.write_row(row_of(record, numbers[record.topic, record.epoch], now))
    return len(fresh)


def keep_passed(transaction: Transaction, passed: Sequence[Record], now: datetime) -> None:
    """Insert what stands in the log in the place of records, one row per batch; once, also when positions were moved back."""
    numbers = _topic_numbers(transaction, {(record.topic, record.epoch) for record in passed})
    rows: dict[tuple[int, int, int], tuple[Any, ...]] = {}
    for record in passed:
        assert record.passed is not None
        batch = (numbers[record.topic, record.epoch], record.partition, record.passed.last)
        if batch not in rows:
            digest = hashlib.sha256(record.value).digest()
            rows[batch] = (*batch[:2], record.offset, record.passed.last, record.passed.kind, now, digest, record.value)
    with transaction.cursor() as cursor:
        cursor.executemany(SQL["keep_passed"], list(rows.values()))


def _fresh(transaction: Transaction, records: Sequence[Record], numbers: Mapping[Topic, int]) -> Sequence[Record]:
    """Leave out what is archived already: somebody moved the position back."""
    partitions = sorted({(numbers[record.topic, record.epoch], record.partition) for record in records})
    columns = ([topic_no for topic_no, _ in partitions], [partition for _, partition in partitions])
    ends = {(t, p): last for t, p, last in transaction.execute(SQL["last_offsets"], columns).fetchall()}
    if not ends:
        return records
    known = [record for record in records if record.offset <= ends.get((numbers[record.topic, record.epoch], record.partition), -1)]
    if not known:
        return records
    coordinates = [(numbers[record.topic, record.epoch], record.partition, record.offset) for record in known]
    rows = transaction.execute(SQL["digests"], tuple(map(list, zip(*coordinates, strict=True)))).fetchall()
    digests = {(t, p, offset): bytes(sha256) for t, p, offset, sha256 in rows}
    for record, at in zip(known, coordinates, strict=True):
        if digests.get(at, b"") != hashlib.sha256(record.value).digest():
            raise FatalError(
                f"{place_text(record)} at offset {record.offset}: the archive has no such record, or one with other bytes; "
                "nothing is archived over it, a person has to look (`custodian archive verify`)"
            )
    left_out = set(coordinates)
    return [record for record in records if (numbers[record.topic, record.epoch], record.partition, record.offset) not in left_out]


def _topic_numbers(transaction: Transaction, topics: set[Topic]) -> dict[Topic, int]:
    numbers = _known_numbers(transaction)
    if missing := sorted(topics - numbers.keys()):
        transaction.execute(SQL["make_topics"], ([topic for topic, _ in missing], [epoch for _, epoch in missing]))
        numbers = _known_numbers(transaction)
    return numbers


def _known_numbers(transaction: Transaction) -> dict[Topic, int]:
    return {(topic, epoch): number for topic, epoch, number in transaction.execute(SQL["topics"]).fetchall()}
