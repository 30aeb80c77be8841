"""The party that each venue took us for at first."""

from __future__ import annotations

from collections.abc import Callable

from pipeline.stores.postgres import Connection, translated


def pinned(connection: Connection, venue: str) -> str | None:
    """Return the party that a venue took us for at first; None when it has not yet, or `init` has not made the table."""
    with translated("looking up who we are"):
        if connection.execute("SELECT to_regclass('custodian.venue_parties')").fetchone() == (None,):
            return None
        row = connection.execute("SELECT party_id FROM custodian.venue_parties WHERE venue = %s", (venue,)).fetchone()
    return None if row is None else str(row[0])


class PostgresPartyPins:
    """Pins parties in PostgreSQL (a `PartyPins` of the ports); asked at starts and after connects, so with a connection per question."""

    def __init__(self, connect: Callable[[], Connection]) -> None:
        """`connect` opens a connection in autocommit mode."""
        self._connect = connect

    def pin(self, venue: str, party: str) -> str:
        """Return the pinned party of a venue; `party` becomes it when there is none."""
        with translated("looking up who we are"), self._connect() as connection:
            connection.execute(
                "INSERT INTO custodian.venue_parties (venue, party_id) VALUES (%s, %s) ON CONFLICT DO NOTHING", (venue, party)
            )
            row = connection.execute("SELECT party_id FROM custodian.venue_parties WHERE venue = %s", (venue,)).fetchone()
        assert row is not None, "pins are never removed"
        return str(row[0])
