"""Which dead letters were put back, so that none is by mistake put back twice."""

from __future__ import annotations

from datetime import datetime

from pipeline.stores.postgres import Connection


def when(connection: Connection, dead_letter_id: str) -> datetime | None:
    """Return when a dead letter was last requeued, None when it never was."""
    row = connection.execute("SELECT requeued_at FROM custodian.requeued WHERE dead_letter_id = %s", (dead_letter_id,)).fetchone()
    return None if row is None else row[0]


def remember(connection: Connection, dead_letter_id: str, target: str, now: datetime) -> None:
    """Note that a dead letter was put back into a topic."""
    connection.execute(
        """
        INSERT INTO custodian.requeued AS r (dead_letter_id, target, requeued_at) VALUES (%s, %s, %s)
        ON CONFLICT (dead_letter_id) DO UPDATE SET target = excluded.target, requeued_at = excluded.requeued_at, times = r.times + 1
        """,
        (dead_letter_id, target, now),
    )


def hold(connection: Connection, dead_letter_id: str) -> None:
    """Let nobody else requeue this letter until the transaction ends."""
    connection.execute("SELECT pg_advisory_xact_lock(hashtext('requeue'), hashtext(%s))", (dead_letter_id,))
