"""The books as lines: entries, balances and settlements in the shape of interface, section 3. Long lists are streamed."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.rows import dict_row

from connectors.sinks.accounting_ledger.rows import BOOKED_TERMS, terms_as_booked
from connectors.sinks.accounting_ledger.writer import SQL
from pipeline.domain.identifiers import IntentId, TransactionHash
from pipeline.domain.money import plain
from pipeline.domain.orders import Terms
from pipeline.log.envelope import time_text
from pipeline.log.position import coordinates
from pipeline.stores.postgres import Connection, translated
from pipeline.stores.pruning import Booking

ROWS_AT_ONCE = 500
"""Rows per round trip: little memory, and a round trip is not felt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BookedSettlement:
    """A settlement as the books have it, not reversed."""

    entry_id: str
    intent_id: IntentId
    transaction_hash: TransactionHash
    side: str
    terms: Terms
    terms_sha256: str


def entries(
    connection: Connection,
    *,
    venue: str | None = None,
    intent: str | None = None,
    as_of: datetime | None = None,
    known_at: datetime | None = None,
    limit: int | None = None,
) -> Iterator[dict[str, Any]]:
    """Yield entries in the order of booking; `as_of` bounds occurred_at, `known_at` recorded_at (both inclusive, aware)."""
    wanted = {"venue": venue, "intent": intent, "as_of": as_of, "known_at": known_at, "limit": limit}
    with _streamed(connection, "entries", wanted) as rows:
        for row in rows:
            line = {
                "entry_id": row["entry_id"],
                "venue": row["venue"],
                "intent_id": row["intent_id"],
                "transaction_hash": row["transaction_hash"],
                "kind": row["kind"],
                "occurred_at": time_text(row["occurred_at"]),
                "recorded_at": time_text(row["recorded_at"]),
                "source": coordinates(*(row[f"record_{name}"] for name in ("topic", "epoch", "partition", "offset"))),
                "postings": row["postings"],
            }
            yield line if row["reverses"] is None else {**line, "reverses": row["reverses"]}


def balances(
    connection: Connection, *, as_of: datetime | None = None, known_at: datetime | None = None, venue: str | None = None
) -> Iterator[dict[str, str]]:
    """Yield balances by account: as they stand, or from the postings up to a time of occurrence or of knowledge."""
    statement = "balances" if as_of is None and known_at is None else "balances_as_of"
    with _streamed(connection, statement, {"venue": venue, "as_of": as_of, "known_at": known_at}) as rows:
        for row in rows:
            amounts = {name: plain(row[name]) for name in ("debits", "credits", "balance")}
            yield {"account": row["account"], "role": row["role"], "currency": row["currency"], **amounts}


def settled(connection: Connection, venue: str) -> Iterator[BookedSettlement]:
    """Yield the settlements of a venue that are booked and not reversed, by intent: what a reconciliation compares with the venue."""
    with _streamed(connection, "settled", (venue,)) as rows:
        for row in rows:
            yield BookedSettlement(
                entry_id=row["entry_id"],
                intent_id=IntentId(row["intent_id"]),
                transaction_hash=TransactionHash(row["transaction_hash"]),
                side=row["side"],
                terms=terms_as_booked(**{name: row[name] for name in BOOKED_TERMS}),
                terms_sha256=row["terms_sha256"],
            )


def standing(connection: Connection, intents: Collection[str]) -> set[Booking]:
    """Return the settlements of these intents that are booked and not reversed."""
    rows = connection.execute(SQL["settlements_of_intents"], (list(intents),)).fetchall()
    return {
        Booking(venue=venue, intent_id=intent, transaction_hash=transaction_hash, terms_sha256=bytes(terms).hex())
        for intent, transaction_hash, terms, venue, is_reversed, *_ in rows
        if not is_reversed
    }


def balances_that_differ(connection: Connection) -> list[tuple[str, int, int, int, int]]:
    """Return accounts whose balances are not the sums of their postings, in minor units: account, kept debits and credits, summed ones."""
    with translated("comparing balances with postings"):
        return [(a, int(b), int(c), int(d), int(e)) for a, b, c, d, e in connection.execute(SQL["striped_balances_that_differ"]).fetchall()]


@contextmanager
def _streamed(connection: Connection, statement: str, parameters: Any) -> Iterator[Iterator[dict[str, Any]]]:
    with (
        translated(f"reading {statement}"),
        connection.transaction(),
        connection.cursor(name=f"ledger_{statement}", row_factory=dict_row) as cursor,
    ):
        cursor.itersize = ROWS_AT_ONCE
        cursor.execute(SQL[statement], parameters)
        yield iter(cursor)
