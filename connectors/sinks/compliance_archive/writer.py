"""Writes records into the archive with COPY, inside a transaction that somebody else commits."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from connectors.sinks.compliance_archive.rows import row_of
from pipeline.log.envelope import Record
from pipeline.ports import Transaction
from pipeline.stores.statements import named_statements

SQL = named_statements("connectors.sinks.compliance_archive")
# On the wire json is the same as text; named text, because psycopg would encode a text as JSON once more.
_TYPES = ["int2", "int4", "int8", "timestamptz", "timestamptz", "text", "text", "text", "bytea", "bytea", "text", "bytea"]


def write(transaction: Transaction, records: Sequence[Record], now: datetime) -> None:
    """Insert records as they are; `now` is when they were recorded."""
    numbers = _topic_numbers(transaction, {record.topic for record in records})
    with transaction.cursor() as cursor, cursor.copy(SQL["copy_records"]) as copy:
        copy.set_types(_TYPES)
        for record in records:
            copy.write_row(row_of(record, numbers[record.topic], now))


def _topic_numbers(transaction: Transaction, topics: set[str]) -> dict[str, int]:
    numbers: dict[str, int] = dict(transaction.execute(SQL["topics"]).fetchall())
    if topics - numbers.keys():
        transaction.execute(SQL["make_topics"], (sorted(topics),))
        numbers = dict(transaction.execute(SQL["topics"]).fetchall())
    return numbers
