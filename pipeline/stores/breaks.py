"""Breaks: differences that reconciliations found, opened, seen again, and resolved when they are gone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from psycopg.types.json import Jsonb

from pipeline.stores.postgres import Connection

COLUMNS = (
    "break_id",
    "run_id",
    "kind",
    "severity",
    "state",
    "venue",
    "intent_id",
    "transaction_hash",
    "expected",
    "actual",
    "first_seen_at",
    "last_seen_at",
)


class Difference(Protocol):
    """What a reconciliation found."""

    @property
    def break_id(self) -> str:
        """The id that the same difference has in every run."""
        ...

    @property
    def kind(self) -> str:
        """The code."""
        ...

    @property
    def severity(self) -> str:
        """How bad it is."""
        ...

    @property
    def intent_id(self) -> str | None:
        """The order it is about."""
        ...

    @property
    def transaction_hash(self) -> str | None:
        """The settlement it is about."""
        ...

    @property
    def expected(self) -> Mapping[str, str] | None:
        """What the other side says."""
        ...

    @property
    def actual(self) -> Mapping[str, str] | None:
        """What the books say."""
        ...


@dataclass(frozen=True, slots=True)
class Stored:
    """What a run changed."""

    opened: int
    seen_again: int
    resolved: int


def store(connection: Connection, *, venue: str, run_id: str, kinds: Sequence[str], found: Iterable[Difference], now: datetime) -> Stored:
    """Store the breaks of a complete run in one transaction; open ones of these kinds that it did not find are resolved."""
    opened = seen_again = 0
    ids: list[str] = []
    with connection.transaction():
        for each in found:
            ids.append(each.break_id)
            row = connection.execute(
                """
                INSERT INTO ledger.breaks AS b (break_id, run_id, kind, severity, state, venue, intent_id, transaction_hash,
                                                expected, actual, first_seen_at, last_seen_at)
                VALUES (%s, %s, %s, %s, 'open', %s, %s, %s, %s, %s, %s, %s)
                ON CONFLICT (break_id) DO UPDATE SET run_id = excluded.run_id, state = 'open', expected = excluded.expected,
                    actual = excluded.actual, last_seen_at = excluded.last_seen_at,
                    first_seen_at = CASE WHEN b.state = 'open' THEN b.first_seen_at ELSE excluded.first_seen_at END
                RETURNING first_seen_at = last_seen_at
                """,
                (
                    *(each.break_id, run_id, each.kind, each.severity, venue, each.intent_id, each.transaction_hash),
                    *(None if side is None else Jsonb(dict(side)) for side in (each.expected, each.actual)),
                    *(now, now),
                ),
            ).fetchone()
            if row == (True,):
                opened += 1
            else:
                seen_again += 1
        gone = connection.execute(
            """
            UPDATE ledger.breaks SET state = 'resolved', run_id = %s, last_seen_at = %s
             WHERE state = 'open' AND venue = %s AND kind = ANY (%s) AND NOT break_id = ANY (%s)
            """,
            (run_id, now, venue, list(kinds), ids),
        )
    return Stored(opened, seen_again, gone.rowcount)


def listed(
    connection: Connection, *, venue: str | None = None, state: str | None = None, break_id: str | None = None
) -> Iterator[dict[str, Any]]:
    """Yield breaks, the oldest first."""
    found = connection.execute(
        """
        SELECT break_id, run_id, kind, severity, state, venue, intent_id, transaction_hash, expected, actual, first_seen_at, last_seen_at
          FROM ledger.breaks
         WHERE (%(venue)s::text IS NULL OR venue = %(venue)s) AND (%(state)s::text IS NULL OR state = %(state)s)
           AND (%(break_id)s::text IS NULL OR break_id LIKE %(break_id)s)
         ORDER BY first_seen_at, break_id
        """,
        {"venue": venue, "state": state, "break_id": None if break_id is None else break_id.replace("%", "") + "%"},
    )
    for row in found:
        yield dict(zip(COLUMNS, row, strict=True))
