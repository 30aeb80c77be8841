"""Breaks: differences that reconciliations found, opened, seen again, and resolved when they are gone, or by a person.

What a person resolved stays resolved while every run finds exactly what that person saw, and only `last_seen_at` moves. As soon as a run
finds something else under the same id, or did not find it in between and finds it again, it is open: a resolution answers what was shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from psycopg.types.json import Jsonb

from pipeline.stores.people import allowed
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
    "resolved_by",
    "resolved_at",
    "resolved_reason",
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
    left: int
    """Found again exactly as a person had resolved them."""


def store(connection: Connection, *, venue: str, run_id: str, kinds: Sequence[str], found: Iterable[Difference], now: datetime) -> Stored:
    """Store the breaks of a complete run in one transaction; open ones of these kinds that it did not find are resolved."""
    opened = seen_again = left = 0
    ids: list[str] = []
    with connection.transaction():
        for each in found:
            ids.append(each.break_id)
            row = connection.execute(
                """
                INSERT INTO ledger.breaks AS b (break_id, run_id, kind, severity, state, venue, intent_id, transaction_hash,
                                                expected, actual, first_seen_at, last_seen_at)
                VALUES (%s, %s, %s, %s, 'open', %s, %s, %s, %s, %s, %s, %s)
                ON CONFLICT (break_id) DO UPDATE SET (state, first_seen_at) = (
                        SELECT CASE WHEN s.stands THEN 'resolved' ELSE 'open' END,
                               CASE WHEN s.stands OR b.state = 'open' THEN b.first_seen_at ELSE excluded.first_seen_at END
                          FROM (SELECT EXISTS (SELECT FROM custodian.resolutions r
                                                WHERE r.break_id = b.break_id AND r.ended_at IS NULL
                                                  AND r.expected IS NOT DISTINCT FROM excluded.expected
                                                  AND r.actual IS NOT DISTINCT FROM excluded.actual)) AS s (stands)),
                    run_id = excluded.run_id, expected = excluded.expected, actual = excluded.actual, last_seen_at = excluded.last_seen_at
                RETURNING state, first_seen_at = last_seen_at
                """,
                (
                    *(each.break_id, run_id, each.kind, each.severity, venue, each.intent_id, each.transaction_hash),
                    *(None if side is None else Jsonb(dict(side)) for side in (each.expected, each.actual)),
                    *(now, now),
                ),
            ).fetchone()
            match row:
                case ("resolved", _):
                    left += 1
                case (_, True):
                    opened += 1
                case _:
                    seen_again += 1
        gone = connection.execute(
            """
            UPDATE ledger.breaks SET state = 'resolved', run_id = %s, last_seen_at = %s
             WHERE state = 'open' AND venue = %s AND kind = ANY (%s) AND NOT break_id = ANY (%s)
            """,
            (run_id, now, venue, list(kinds), ids),
        )
        connection.execute(
            """
            UPDATE custodian.resolutions AS r SET ended_at = %s FROM ledger.breaks b
             WHERE b.break_id = r.break_id AND r.ended_at IS NULL AND b.venue = %s AND b.kind = ANY (%s)
               AND (b.state = 'open' OR NOT b.break_id = ANY (%s))
            """,
            (now, venue, list(kinds), ids),
        )
    return Stored(opened, seen_again, gone.rowcount, left)


def resolve(connection: Connection, break_id: str, *, by: str, reason: str) -> str | None:
    """Resolve an open break as it is now, as this connection's login; return the act's id, None when it is not open.

    The event is in the outbox. Raise SettingsError for a login that may not.
    """
    with allowed("to resolve"):
        row = connection.execute("SELECT people.resolve(%s, %s, %s)", (break_id, by, reason)).fetchone()
    assert row is not None
    act_id: str | None = row[0].get("act_id")
    return act_id


def listed(
    connection: Connection, *, venue: str | None = None, state: str | None = None, break_id: str | None = None
) -> Iterator[dict[str, Any]]:
    """Yield breaks, the oldest first, with the resolution that stands where a person gave one; `break_id` is the beginning of an id."""
    found = connection.execute(
        """
        SELECT b.break_id, b.run_id, b.kind, b.severity, b.state, b.venue, b.intent_id, b.transaction_hash, b.expected, b.actual,
               b.first_seen_at, b.last_seen_at, a.acted_by, a.at, a.reason
          FROM ledger.breaks b
          LEFT JOIN custodian.resolutions r ON r.break_id = b.break_id AND r.ended_at IS NULL
          LEFT JOIN custodian.acts a USING (act_id)
         WHERE (%(venue)s::text IS NULL OR b.venue = %(venue)s) AND (%(state)s::text IS NULL OR b.state = %(state)s)
           AND (%(break_id)s::text IS NULL OR starts_with(b.break_id, %(break_id)s))
         ORDER BY b.first_seen_at, b.break_id
        """,
        {"venue": venue, "state": state, "break_id": break_id},
    )
    for row in found:
        yield dict(zip(COLUMNS, row, strict=True))
