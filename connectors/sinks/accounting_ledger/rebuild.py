"""The books once more, from archived `order-settled` records alone, in a schema of their own; and the comparison with the live ones.

The tables, rules and triggers are those of the ledger's migrations and the booking is the sink's own `write`: only the name of the schema
is another. What has no place in the archive is not compared: `recorded_at`, the moment of booking (the rebuilt entry has the moment
of archiving), and the numbers of accounts. Scales are today's, so what was booked in another scale is compared by its amount.

Memory is bounded: a batch of records while booking, a page of rows while comparing.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from itertools import islice
from typing import Any

from connectors.sinks.accounting_ledger.adapter import AccountingLedger
from connectors.sinks.accounting_ledger.comparison import BothBalances, BothEntries
from connectors.sinks.accounting_ledger.writer import SQL, Statements, write
from pipeline.domain.money import Scales
from pipeline.log.envelope import Record
from pipeline.stores import migrations, shadow
from pipeline.stores.positions import Place
from pipeline.stores.postgres import Connection, translated
from pipeline.stores.session import snapshot
from pipeline.stores.statements import named_statements

MARK = "custodian ledger rebuild"
"""The comment on a schema that an earlier rebuild made."""
BATCH = 1_000
"""Records that are booked in one transaction."""

_REBUILD = named_statements("connectors.sinks.accounting_ledger", "rebuild.sql")
_LEDGER = re.compile(r"\b(?:ledger|rebuilt)\.(?=[a-z_])")
_VIEWS = re.compile(r"\baccounting\.(?=[a-z_])")


def _moved(text: str, schema: str) -> str:
    """Return SQL of the live books as SQL of the books in `schema`; the views of `accounting` get that as a prefix of their names."""
    return _VIEWS.sub(f'"{schema}".accounting_', _LEDGER.sub(f'"{schema}".', text))


def _beside(name: str, schema: str) -> bytes:
    """Return a statement on both books: `ledger` stays the live one. No view is left on it, which a later migration would run into."""
    documents = _REBUILD["documents"].decode().rstrip(";")
    text = "\n".join(line for line in _REBUILD[name].decode().splitlines() if not line.startswith("--")).replace("rebuilt.", f'"{schema}".')
    return text.replace("(LIVE_DOCUMENTS)", f"({documents})").replace("(DOCUMENTS)", f"({_moved(documents, schema)})").encode()


def make(connection: Connection, schema: str, *, replace: bool) -> None:
    """Make empty books; raise ShadowNameError when the name is wrong or taken, SettingsError when we may not, RetryableError."""
    with translated("making the books anew"), connection.transaction():
        shadow.make(connection, schema, MARK, replace=replace)
        for migration in migrations.found_in(["connectors.sinks.accounting_ledger"]):
            connection.execute(_moved(migration.sql, schema).encode())


def book(connection: Connection, schema: str, records: Iterable[tuple[Record, datetime]], scales: Scales) -> Iterator[Counter[str]]:
    """Book records, each with the moment at which it was archived, and yield what was counted after each batch: booked, duplicate, refused.

    Raise RetryableError when PostgreSQL is away: begin again then.
    """
    shadow.checked_name(schema)
    sql: Statements = {name: _moved(text.decode(), schema).encode() for name, text in SQL.items()}
    counts: Counter[str] = Counter()
    rest = iter(records)
    while batch := list(islice(rest, BATCH)):
        with translated("booking once more"), connection.transaction():
            written = write(connection, [record for record, _ in batch], max(at for _, at in batch), scales, sql)
        counts.update(written.counts or {})
        counts["refused"] += len(written.refused)
        counts["records"] += len(batch)
        yield counts


@contextmanager
def compared(
    connection: Connection, schema: str, archived: Mapping[Place, int]
) -> Iterator[tuple[Iterator[BothEntries], Iterator[BothBalances]]]:
    """Give all entries, then all balances, of both books in one snapshot; `archived` says up to which offsets the archive was booked.

    Nothing is written; `connection` must not be inside a transaction.
    """
    shadow.checked_name(schema)
    bounds: dict[str, Any] = {
        "topics": [topic for topic, _, _ in archived],
        "epochs": [epoch for _, epoch, _ in archived],
        "partitions": [partition for _, _, partition in archived],
        "ends": list(archived.values()),
        "consumer": AccountingLedger.consumer,
    }
    with snapshot(connection):
        yield _entries(connection, schema, bounds), _balances(connection, schema, bounds)


def _entries(connection: Connection, schema: str, bounds: Mapping[str, Any]) -> Iterator[BothEntries]:
    for entry_id, live, rebuilt, not_archived, not_booked in _streamed(connection, "compare_entries", schema, bounds):
        yield BothEntries(entry_id=entry_id, live=_read(live), rebuilt=_read(rebuilt), not_archived=not_archived, not_booked=not_booked)


def _balances(connection: Connection, schema: str, bounds: Mapping[str, Any]) -> Iterator[BothBalances]:
    for account, *amounts in _streamed(connection, "compare_balances", schema, bounds):
        debits, credits, debits_again, credits_again = map(Decimal, amounts)
        yield BothBalances(account=account, live=(debits, credits), rebuilt=(debits_again, credits_again))


def _streamed(connection: Connection, statement: str, schema: str, bounds: Mapping[str, Any]) -> Iterator[tuple[Any, ...]]:
    with connection.cursor(name=f"rebuilt_{statement}") as cursor:
        cursor.itersize = 500
        cursor.execute(_beside(statement, schema), bounds)
        yield from cursor


def _read(document: str | None) -> Mapping[str, Any] | None:
    return None if document is None else json.loads(document)
