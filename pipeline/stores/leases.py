"""Leases: one owner at a time, by the database's clock; the epoch tells a former owner from the present one."""

from __future__ import annotations

from pipeline.ports import LeaseGrant
from pipeline.stores.postgres import Connection


def acquire(connection: Connection, name: str, owner: str, *, seconds: float) -> LeaseGrant | None:
    """Take a lease that is free or ran out, for `seconds`; None while somebody else holds it."""
    row = connection.execute(
        """
        INSERT INTO custodian.leases AS l (name, owner, epoch, expires_at)
        VALUES (%(name)s, %(owner)s, 1, clock_timestamp() + %(seconds)s * interval '1 second')
        ON CONFLICT (name) DO UPDATE
           SET owner = excluded.owner, epoch = l.epoch + 1, expires_at = excluded.expires_at, taken_at = clock_timestamp()
         WHERE l.expires_at <= clock_timestamp()
        RETURNING epoch
        """,
        {"name": name, "owner": owner, "seconds": seconds},
    ).fetchone()
    return None if row is None else LeaseGrant(name, owner, int(row[0]))


def renew(connection: Connection, grant: LeaseGrant, *, seconds: float) -> bool:
    """Prolong a lease by `seconds` from now; False when somebody else took it. One that ran out and was not taken is still ours."""
    row = connection.execute(
        """
        UPDATE custodian.leases SET expires_at = clock_timestamp() + %s * interval '1 second'
         WHERE name = %s AND owner = %s AND epoch = %s RETURNING 1
        """,
        (seconds, grant.name, grant.owner, grant.epoch),
    ).fetchone()
    return row is not None


def release(connection: Connection, grant: LeaseGrant) -> None:
    """Let a lease run out now."""
    connection.execute(
        "UPDATE custodian.leases SET expires_at = clock_timestamp() WHERE name = %s AND owner = %s AND epoch = %s",
        (grant.name, grant.owner, grant.epoch),
    )


def hold(connection: Connection, grant: LeaseGrant) -> bool:
    """Keep the lease from changing hands until this transaction ends; False when it has already."""
    row = connection.execute(
        "SELECT 1 FROM custodian.leases WHERE name = %s AND owner = %s AND epoch = %s FOR SHARE", (grant.name, grant.owner, grant.epoch)
    ).fetchone()
    return row is not None
