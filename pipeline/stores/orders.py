"""Orders as the processors remember them, for showing: the settlement's list, and how far the workflow has come with an intent."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from pipeline.stores.postgres import Connection

FIELDS = ("venue", "intent_id", "status", "side", "first_seen_at", "updated_at")
"""The fields of an order's state whose names are promises."""


def listed(
    connection: Connection, *, venue: str | None = None, status: str | None = None, intent: str | None = None
) -> Iterator[dict[str, Any]]:
    """Yield orders, the latest first, without loading them all."""
    with connection.transaction(), connection.cursor(name="orders") as cursor:
        cursor.itersize = 500
        cursor.execute(
            """
            SELECT state ->> 'venue', state ->> 'intent_id', state ->> 'status', state ->> 'side', state ->> 'first_seen_at',
                   state ->> 'updated_at'
              FROM custodian.states
             WHERE processor = 'settlement' AND (%(venue)s::text IS NULL OR state ->> 'venue' = %(venue)s)
               AND (%(status)s::text IS NULL OR upper(state ->> 'status') = upper(%(status)s))
               AND (%(intent)s::text IS NULL OR state ->> 'intent_id' = %(intent)s)
             ORDER BY state ->> 'first_seen_at' DESC, key
            """,
            {"venue": venue, "status": status, "intent": intent},
        )
        for row in cursor:
            yield {name: value for name, value in zip(FIELDS, row, strict=True) if value is not None}


def work(connection: Connection, intent: str) -> list[dict[str, Any]]:
    """Return what the workflow remembers of an intent, one state per venue; the names are those of its own JSON."""
    rows = connection.execute(
        """
        SELECT state::text FROM custodian.states
         WHERE processor = 'workflow' AND state ->> 'intent_id' = %s ORDER BY key
        """,
        (intent,),
    ).fetchall()
    return [json.loads(text) for (text,) in rows]


def venues(connection: Connection, intent: str) -> list[str]:
    """Return the venues that we know an intent from: by what settlement remembers, or by what ingest has published."""
    rows = connection.execute(
        """
        SELECT state ->> 'venue' FROM custodian.states WHERE processor = 'settlement' AND state ->> 'intent_id' = %(intent)s
         UNION SELECT venue FROM custodian.ingest_facts WHERE intent_id = %(intent)s
         ORDER BY 1
        """,
        {"intent": intent},
    ).fetchall()
    return [venue for (venue,) in rows]


def last_seen_open(connection: Connection, venue: str, intent: str) -> bool:
    """Tell whether an order was open in the venue's record when ingest last saw it."""
    row = connection.execute("SELECT FROM custodian.ingest_open WHERE venue = %s AND intent_id = %s", (venue, intent)).fetchone()
    return row is not None
