"""What was accepted lately, as the journal of commands says: ingest looks for the quotes of it."""

from __future__ import annotations

from collections.abc import Callable

from pipeline.stores.postgres import Connection
from pipeline.stores.session import Session


class PostgresAccepted:
    """Reads the journal for the proposals of one venue (an `Accepted` of ingest)."""

    def __init__(self, connect: Callable[[], Connection], venue: str) -> None:
        """`connect` opens a connection in autocommit mode."""
        self._session, self._venue = Session(connect), venue

    def __call__(self, within: float) -> dict[str, float]:
        """Return intents whose accept the venue confirmed within so many seconds, each with the seconds since; raise RetryableError."""
        with self._session.use("reading what was accepted") as connection:
            rows = connection.execute(
                "SELECT intent_id, extract(epoch FROM clock_timestamp() - completed_at) FROM commands.journal"
                " WHERE venue = %s AND kind = 'accept_proposal' AND state = 'succeeded'"
                " AND completed_at > clock_timestamp() - make_interval(secs => %s)",
                (self._venue, within),
            ).fetchall()
        return {intent: float(seconds) for intent, seconds in rows}
