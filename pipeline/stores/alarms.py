"""How many alarms there are, for showing."""

from __future__ import annotations

from pipeline.stores.postgres import Connection


def count(connection: Connection, topic: str) -> int:
    """Return how many different alarms the archive holds; `topic` is the whole name of the alarms' topic."""
    row = connection.execute("SELECT count(DISTINCT ce_id) FROM compliance.records WHERE topic = %s", (topic,)).fetchone()
    return int(row[0]) if row else 0
