"""Orders that ingest has not whole yet: what it reads again until the log holds them as they will be in the end."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.ports import Unfinished, UnfinishedStep
from pipeline.stores.postgres import Connection

_PUT = """
INSERT INTO custodian.ingest_unfinished (venue, intent_id, status, lacking, since)
SELECT %s, * FROM unnest(%b::text[], %b::text[], %b::text[], %b::timestamptz[])
    ON CONFLICT (venue, intent_id) DO UPDATE SET status = excluded.status, lacking = excluded.lacking
"""
_END = "DELETE FROM custodian.ingest_unfinished WHERE venue = %s AND intent_id = ANY (%b)"


def load(connection: Connection, venue: str) -> dict[str, Unfinished]:
    """Return the unfinished orders of a venue, by intent, oldest first."""
    rows = connection.execute(
        "SELECT intent_id, status, lacking, since FROM custodian.ingest_unfinished WHERE venue = %s ORDER BY since, intent_id", (venue,)
    ).fetchall()
    return {intent: Unfinished(status=status, lacking=lacking, since=since) for intent, status, lacking, since in rows}


def store(connection: Connection, venue: str, steps: Sequence[UnfinishedStep]) -> None:
    """Take steps, one per intent."""
    put = [(step.intent_id, step.unfinished.status, step.unfinished.lacking, step.unfinished.since) for step in steps if step.unfinished]
    over = [step.intent_id for step in steps if step.unfinished is None]
    if put:
        connection.execute(_PUT, (venue, *map(list, zip(*put, strict=True))))
    if over:
        connection.execute(_END, (venue, over))
