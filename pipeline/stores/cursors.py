"""The store of ingest: lease, cursor, facts, evidence, unfinished orders and health of each venue.

Promises: a cursor moves only in a transaction that holds the venue's lease, so a former owner moves nothing; facts are stored with it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from pipeline.ports import Cursor, Evidence, EvidenceStep, Fact, LeaseGrant, LeaseLostError, Unfinished, UnfinishedStep, VenueReport
from pipeline.stores import evidence as evidence_rows
from pipeline.stores import facts as fact_rows
from pipeline.stores import leases
from pipeline.stores import unfinished as unfinished_rows
from pipeline.stores.postgres import Connection
from pipeline.stores.session import Session


class PostgresIngestStore:
    """Keeps what ingest needs over restarts (an `IngestStore` of the ports)."""

    def __init__(self, connect: Callable[[], Connection]) -> None:
        """`connect` opens a connection in autocommit mode. Leases have one of their own: nothing slow may delay a renewal."""
        self._lease_session = Session(connect)
        self._session = Session(connect)

    def acquire_lease(self, name: str, owner: str, *, seconds: float) -> LeaseGrant | None:
        """Take a lease that is free or ran out; None while somebody else holds it."""
        with self._lease_session.use("taking the lease") as connection:
            return leases.acquire(connection, name, owner, seconds=seconds)

    def renew_lease(self, grant: LeaseGrant, *, seconds: float) -> bool:
        """Prolong a lease; False when somebody else took it."""
        with self._lease_session.use("renewing the lease") as connection:
            return leases.renew(connection, grant, seconds=seconds)

    def release_lease(self, grant: LeaseGrant) -> None:
        """Give a lease back at once."""
        with self._lease_session.use("releasing the lease") as connection:
            leases.release(connection, grant)

    def load_cursor(self, venue: str) -> tuple[Cursor, frozenset[str]]:
        """Return the cursor of a venue and the intents that were open in its record when last seen."""
        with self._session.use("reading the cursor") as connection, connection.transaction():
            row = connection.execute(
                "SELECT last_event_id, settled_until, created_until, backfill_page, reconciled_at, sweep_page, sweep_pages, sweep_began_at,"
                " sweep_ended_at FROM custodian.ingest_cursors WHERE venue = %s",
                (venue,),
            ).fetchone()
            opened = connection.execute("SELECT intent_id FROM custodian.ingest_open WHERE venue = %s", (venue,)).fetchall()
        if row is None:
            return Cursor(), frozenset()
        cursor = Cursor(
            last_event_id=row[0],
            settled_until=row[1],
            created_until=row[2],
            backfill_page=row[3],
            reconciled_at=row[4],
            sweep_page=row[5],
            sweep_pages=row[6],
            sweep_began_at=row[7],
            sweep_ended_at=row[8],
        )
        return cursor, frozenset(intent for (intent,) in opened)

    def load_evidence(self, venue: str) -> dict[str, Evidence]:
        """Return what is known of the evidence of pending proposals of ours, by intent."""
        with self._session.use("reading the evidence") as connection:
            return evidence_rows.load(connection, venue)

    def load_unfinished(self, venue: str) -> dict[str, Unfinished]:
        """Return the orders of a venue that are not whole yet, by intent, oldest first."""
        with self._session.use("reading what is unfinished") as connection:
            return unfinished_rows.load(connection, venue)

    def has_worked(self, venue: str) -> bool:
        """Tell whether anything was ever stored of a venue: then its address and credentials were right once."""
        with self._session.use("reading the cursor") as connection:
            return connection.execute("SELECT FROM custodian.ingest_cursors WHERE venue = %s", (venue,)).fetchone() is not None

    def advance(
        self,
        grant: LeaseGrant,
        venue: str,
        cursor: Cursor,
        *,
        facts: Sequence[Fact],
        opened: Collection[str],
        closed: Collection[str],
        evidence: Sequence[EvidenceStep] = (),
        unfinished: Sequence[UnfinishedStep] = (),
    ) -> None:
        """Store facts, open intents, evidence, what is unfinished (one step per intent each) and the cursor in one transaction.

        Raise LeaseLostError when the lease is somebody else's.
        """
        with self._session.use("storing the cursor") as connection, connection.transaction():
            if not leases.hold(connection, grant):
                raise LeaseLostError(grant.name)
            fact_rows.store(connection, venue, facts)
            evidence_rows.store(connection, venue, evidence)
            unfinished_rows.store(connection, venue, unfinished)
            if closed:
                connection.execute("DELETE FROM custodian.ingest_open WHERE venue = %s AND intent_id = ANY (%s)", (venue, list(closed)))
            if opened:
                connection.execute(
                    "INSERT INTO custodian.ingest_open (venue, intent_id) SELECT %s, unnest(%s::text[]) ON CONFLICT DO NOTHING",
                    (venue, list(opened)),
                )
            connection.execute(
                """
                INSERT INTO custodian.ingest_cursors
                       (venue, epoch, last_event_id, settled_until, created_until, backfill_page, reconciled_at,
                        sweep_page, sweep_pages, sweep_began_at, sweep_ended_at)
                VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
                ON CONFLICT (venue) DO UPDATE
                   SET epoch = excluded.epoch, last_event_id = excluded.last_event_id, settled_until = excluded.settled_until,
                       created_until = excluded.created_until, backfill_page = excluded.backfill_page,
                       reconciled_at = excluded.reconciled_at, sweep_page = excluded.sweep_page, sweep_pages = excluded.sweep_pages,
                       sweep_began_at = excluded.sweep_began_at, sweep_ended_at = excluded.sweep_ended_at, updated_at = clock_timestamp()
                """,
                (
                    venue,
                    grant.epoch,
                    cursor.last_event_id,
                    cursor.settled_until,
                    cursor.created_until,
                    cursor.backfill_page,
                    cursor.reconciled_at,
                    cursor.sweep_page,
                    cursor.sweep_pages,
                    cursor.sweep_began_at,
                    cursor.sweep_ended_at,
                ),
            )

    def recent_facts(self, venue: str, *, limit: int) -> list[Fact]:
        """Return the newest facts, newest first."""
        with self._session.use("reading the facts") as connection:
            return fact_rows.recent(connection, venue, limit=limit)

    def known_facts(self, venue: str, intents: Collection[str]) -> list[Fact]:
        """Return all facts about these intents."""
        with self._session.use("reading the facts") as connection:
            return fact_rows.known(connection, venue, intents)

    def report(self, venue: str, report: VenueReport) -> None:
        """Write down how the venue's ingest is, for `custodian status`."""
        with self._lease_session.use("reporting the venue") as connection:
            connection.execute(
                """
                INSERT INTO custodian.venues (venue, connected, last_byte_at, last_reconciled_at, owner, trouble,
                                              sweep_page, sweep_pages, sweep_began_at, sweep_ended_at, unfinished, unfinished_since)
                VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
                ON CONFLICT (venue) DO UPDATE
                   SET connected = excluded.connected, last_byte_at = coalesce(excluded.last_byte_at, venues.last_byte_at),
                       last_reconciled_at = coalesce(excluded.last_reconciled_at, venues.last_reconciled_at), owner = excluded.owner,
                       trouble = excluded.trouble, sweep_page = excluded.sweep_page, sweep_pages = excluded.sweep_pages,
                       sweep_began_at = excluded.sweep_began_at, sweep_ended_at = excluded.sweep_ended_at,
                       unfinished = excluded.unfinished, unfinished_since = excluded.unfinished_since, updated_at = clock_timestamp()
                 WHERE %s OR venues.owner = excluded.owner OR venues.updated_at < clock_timestamp() - interval '5 seconds'
                """,
                (
                    venue,
                    report.connected,
                    report.last_byte_at,
                    report.last_reconciled_at,
                    report.owner,
                    report.trouble,
                    report.sweep_page,
                    report.sweep_pages,
                    report.sweep_began_at,
                    report.sweep_ended_at,
                    report.unfinished,
                    report.unfinished_since,
                    report.leading,
                ),
            )

    def close(self) -> None:
        """Close the connections."""
        self._lease_session.close()
        self._session.close()
