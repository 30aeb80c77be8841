"""Facts that the log holds already: reconciliation publishes only what is not among them."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from pipeline.ports import Fact
from pipeline.stores.postgres import Connection

_COLUMNS = "ce_id, intent_id, status, transaction_hash"


def store(connection: Connection, venue: str, facts: Sequence[Fact]) -> None:
    """Add facts whose records Kafka has acknowledged; those that are here already stay as they are."""
    if facts:
        connection.execute(
            """
            INSERT INTO custodian.ingest_facts (venue, ce_id, intent_id, status, transaction_hash)
            SELECT %s, * FROM unnest(%b::text[], %b::text[], %b::text[], %b::text[]) ON CONFLICT DO NOTHING
            """,  # in binary a list costs psycopg a quarter of what its text does
            (
                venue,
                [fact.ce_id for fact in facts],
                [fact.intent_id for fact in facts],
                [fact.status for fact in facts],
                [fact.transaction_hash for fact in facts],
            ),
        )


def recent(connection: Connection, venue: str, *, limit: int) -> list[Fact]:
    """Return the newest facts of a venue, newest first."""
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM custodian.ingest_facts WHERE venue = %s ORDER BY recorded_at DESC LIMIT %s",  # noqa: S608 - a constant
        (venue, limit),
    ).fetchall()
    return [_fact(row) for row in rows]


def known(connection: Connection, venue: str, intents: Collection[str]) -> list[Fact]:
    """Return all facts about these intents."""
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM custodian.ingest_facts WHERE venue = %s AND intent_id = ANY (%b)",  # noqa: S608 - a constant
        (venue, list(intents)),
    ).fetchall()
    return [_fact(row) for row in rows]


def _fact(row: tuple[str, str, str, str | None]) -> Fact:
    ce_id, intent_id, status, transaction_hash = row
    return Fact(ce_id=ce_id, intent_id=intent_id, status=status, transaction_hash=transaction_hash)
