"""The books as lines: entries, balances and settlements in the shape of interface, section 3. Long lists are streamed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from connectors.sinks.accounting_ledger.writer import SQL
from pipeline.domain.identifiers import IntentId, PartyId, TransactionHash
from pipeline.domain.money import plain
from pipeline.domain.orders import Terms
from pipeline.log.envelope import time_text
from pipeline.stores.postgres import Connection, translated

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
        for (
            entry_id,
            of_venue,
            intent_id,
            transaction_hash,
            kind,
            occurred_at,
            recorded_at,
            reverses,
            topic,
            partition,
            offset,
            postings,
        ) in rows:
            line = {
                "entry_id": entry_id,
                "venue": of_venue,
                "intent_id": intent_id,
                "transaction_hash": transaction_hash,
                "kind": kind,
                "occurred_at": time_text(occurred_at),
                "recorded_at": time_text(recorded_at),
                "source": {"topic": topic, "partition": partition, "offset": offset},
                "postings": postings,
            }
            yield line if reverses is None else {**line, "reverses": reverses}


def balances(
    connection: Connection, *, as_of: datetime | None = None, known_at: datetime | None = None, venue: str | None = None
) -> Iterator[dict[str, str]]:
    """Yield balances by account: as they stand, or from the postings up to a time of occurrence or of knowledge."""
    statement = "balances" if as_of is None and known_at is None else "balances_as_of"
    with _streamed(connection, statement, {"venue": venue, "as_of": as_of, "known_at": known_at}) as rows:
        for account, role, currency, debits, credits_, balance in rows:
            yield {
                "account": account,
                "role": role,
                "currency": currency,
                "debits": plain(debits),
                "credits": plain(credits_),
                "balance": _signed(balance),
            }


def settled(connection: Connection, venue: str) -> Iterator[BookedSettlement]:
    """Yield the settlements of a venue that are booked and not reversed, by intent: what a reconciliation compares with the venue."""
    with _streamed(connection, "settled", (venue,)) as rows:
        for row in rows:
            (
                entry_id,
                intent_id,
                transaction_hash,
                side,
                source,
                target,
                target_amount,
                source_amount,
                rate,
                settled_at,
                sender,
                receiver,
                sha,
            ) = row
            yield BookedSettlement(
                entry_id=entry_id,
                intent_id=IntentId(intent_id),
                transaction_hash=TransactionHash(transaction_hash),
                side=side,
                terms=Terms(
                    source_currency=source,
                    target_currency=target,
                    target_amount=target_amount,
                    source_amount_actual=source_amount,
                    fx_rate=rate,
                    settled_at=settled_at,
                    sender_custodian_party_id=PartyId(sender),
                    receiver_custodian_party_id=PartyId(receiver),
                ),
                terms_sha256=sha,
            )


def balances_that_differ(connection: Connection) -> list[tuple[str, int, int, int, int]]:
    """Return accounts whose balances are not the sums of their postings, in minor units: account, kept debits and credits, summed ones."""
    with translated("comparing balances with postings"):
        return [(a, int(b), int(c), int(d), int(e)) for a, b, c, d, e in connection.execute(SQL["striped_balances_that_differ"]).fetchall()]


def _signed(value: Decimal) -> str:
    return f"-{plain(-value)}" if value < 0 else plain(value)


@contextmanager
def _streamed(connection: Connection, statement: str, parameters: Any) -> Iterator[Iterator[tuple[Any, ...]]]:
    with (
        translated(f"reading {statement}"),
        connection.transaction(),
        connection.cursor(name=f"ledger_{statement}", binary=False) as cursor,
    ):
        cursor.itersize = ROWS_AT_ONCE
        cursor.execute(SQL[statement], parameters)
        yield iter(cursor)
