"""States of processors: one row per processor and key, read and written a batch at a time.

No row lock is taken here: a key belongs to one partition, and who writes holds the lock on that partition's position.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from pipeline.stores.postgres import Connection


def read(connection: Connection, processor: str, keys: Collection[str]) -> dict[str, str]:
    """Return the stored states of those keys that have one, as JSON text, in one statement."""
    rows = connection.execute(
        "SELECT key, state::text FROM custodian.states WHERE processor = %s AND key = ANY (%s)", (processor, list(keys))
    ).fetchall()
    return dict(rows)


def write(connection: Connection, processor: str, states: Mapping[str, str]) -> None:
    """Store states given as JSON text, in one statement."""
    connection.execute(
        """
        INSERT INTO custodian.states AS s (processor, key, state)
        SELECT %s, n.key, n.state::jsonb FROM unnest(%s::text[], %s::text[]) AS n (key, state)
            ON CONFLICT (processor, key) DO UPDATE SET state = EXCLUDED.state, updated_at = clock_timestamp()
        """,
        (processor, list(states), list(states.values())),
    )
