"""Heartbeats: what runs, as each role says of itself once a second."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb

from pipeline.stores.postgres import Connection

VENUE_FIELDS = (
    "venue",
    "connected",
    "last_byte_at",
    "last_reconciled_at",
    "owner",
    "trouble",
    "sweep_page",
    "sweep_pages",
    "sweep_began_at",
    "sweep_ended_at",
    "unfinished",
    "unfinished_since",
)
"""What is known of a venue's ingest; those after the owner are null until this release has written them."""
FORGOTTEN_AFTER = 600
"""Seconds after which the row of a role that died is removed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heartbeat:
    """What a role says of itself."""

    instance: str
    role: str
    pid: int
    host: str
    metrics_port: int | None
    healthy: bool
    restarts: int
    report: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenRole:
    """A heartbeat as it is read: with its age in seconds, by the database's clock."""

    heartbeat: Heartbeat
    started_at: datetime
    seen_at: datetime
    age: float


STARTS_KEPT = 20
"""Starts of one instance that are remembered: who dies again and again fills them within minutes."""


def beat(connection: Connection, heartbeat: Heartbeat) -> Sequence[datetime]:
    """Store a heartbeat, and return when the last processes of this instance were started; the first one of a process is its start.

    Two processes are told apart by the pid and by `began` of the report: in a container every one is process 1.
    """
    row = connection.execute(
        """
        INSERT INTO custodian.roles AS r (instance, role, pid, host, metrics_port, healthy, restarts, report, starts)
        VALUES (%(instance)s, %(role)s, %(pid)s, %(host)s, %(metrics_port)s, %(healthy)s, %(restarts)s, %(report)s,
                ARRAY[clock_timestamp()])
        ON CONFLICT (instance) DO UPDATE SET
            role = excluded.role, pid = excluded.pid, host = excluded.host, metrics_port = excluded.metrics_port,
            healthy = excluded.healthy, restarts = excluded.restarts, report = excluded.report, seen_at = clock_timestamp(),
            started_at = CASE WHEN r.pid = excluded.pid AND r.report -> 'began' IS NOT DISTINCT FROM excluded.report -> 'began'
                              THEN r.started_at ELSE clock_timestamp() END,
            starts = CASE WHEN r.pid = excluded.pid AND r.report -> 'began' IS NOT DISTINCT FROM excluded.report -> 'began'
                          THEN r.starts ELSE r.starts[greatest(1, cardinality(r.starts) - %(kept)s + 2):] || clock_timestamp() END
        RETURNING starts
        """,
        {
            "kept": STARTS_KEPT,
            "instance": heartbeat.instance,
            "role": heartbeat.role,
            "pid": heartbeat.pid,
            "host": heartbeat.host,
            "metrics_port": heartbeat.metrics_port,
            "healthy": heartbeat.healthy,
            "restarts": heartbeat.restarts,
            "report": Jsonb(dict(heartbeat.report)),
        },
    ).fetchone()
    return [] if row is None else row[0]


def leave(connection: Connection, instance: str) -> None:
    """Remove the row of a role that ended in good order, and of those that died long ago."""
    connection.execute(
        "DELETE FROM custodian.roles WHERE instance = %s OR seen_at < clock_timestamp() - make_interval(secs => %s)",
        (instance, FORGOTTEN_AFTER),
    )


def seen(connection: Connection) -> Sequence[SeenRole]:
    """Return every role that was seen within ten minutes, by role and start."""
    rows = connection.execute(
        """
        SELECT instance, role, pid, host, metrics_port, healthy, restarts, report, started_at, seen_at,
               extract(epoch FROM clock_timestamp() - seen_at)::float8
          FROM custodian.roles WHERE seen_at > clock_timestamp() - make_interval(secs => %s)
         ORDER BY role, started_at, instance
        """,
        (FORGOTTEN_AFTER,),
    ).fetchall()
    return [
        SeenRole(
            heartbeat=Heartbeat(
                instance=row[0], role=row[1], pid=row[2], host=row[3], metrics_port=row[4], healthy=row[5], restarts=row[6], report=row[7]
            ),
            started_at=row[8],
            seen_at=row[9],
            age=row[10],
        )
        for row in rows
    ]


def venues(connection: Connection) -> list[dict[str, Any]]:
    """Return how the ingest of each venue is; one that nobody has reported on for five seconds is not connected."""
    rows = connection.execute(
        """
        SELECT venue, connected AND updated_at > clock_timestamp() - interval '5 seconds', last_byte_at, last_reconciled_at, owner,
               trouble, sweep_page, sweep_pages, sweep_began_at, sweep_ended_at, unfinished, unfinished_since
          FROM custodian.venues ORDER BY venue
        """
    ).fetchall()
    return [dict(zip(VENUE_FIELDS, row, strict=True)) for row in rows]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadVenue:
    """How a venue is that a living process reads."""

    venue: str
    owner: str
    connected: bool
    last_byte_at: datetime | None
    last_reconciled_at: datetime | None
    reading_since: datetime
    backfilling_at: datetime | None
    """When the first complete listing of all orders last went on, while there has been none."""


def read_venues(connection: Connection, names: Sequence[str]) -> Sequence[ReadVenue]:
    """Return those of these venues whose reader has beaten within five seconds, and since when it runs."""
    rows = connection.execute(
        """
        SELECT v.venue, v.owner, v.connected AND v.updated_at > clock_timestamp() - interval '5 seconds', v.last_byte_at,
               v.last_reconciled_at, r.started_at,
               CASE WHEN c.reconciled_at IS NULL THEN c.updated_at END
          FROM custodian.venues v
          JOIN custodian.roles r ON r.instance = v.owner AND r.seen_at > clock_timestamp() - interval '5 seconds'
          LEFT JOIN custodian.ingest_cursors c USING (venue)
         WHERE v.venue = ANY (%s) ORDER BY v.venue
        """,
        (list(names),),
    ).fetchall()
    return [
        ReadVenue(
            venue=row[0],
            owner=row[1],
            connected=row[2],
            last_byte_at=row[3],
            last_reconciled_at=row[4],
            reading_since=row[5],
            backfilling_at=row[6],
        )
        for row in rows
    ]


def visible(connection: Connection) -> bool:
    """Tell whether this login may look at who runs."""
    row = connection.execute(
        "SELECT CASE WHEN has_schema_privilege('custodian', 'USAGE') THEN has_table_privilege('custodian.roles', 'SELECT') ELSE false END"
    ).fetchone()
    return row == (True,)
