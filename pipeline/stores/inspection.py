"""What a database says about itself to somebody who checks it: version, clock, and what our user may do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from pipeline.stores.postgres import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """A PostgreSQL server, as our connection sees it."""

    version: str
    user: str
    now: datetime


def about(connection: Connection) -> About:
    """Ask the server about itself."""
    row = connection.execute("SELECT current_setting('server_version'), current_user, clock_timestamp()").fetchone()
    assert row is not None
    return About(version=row[0].split()[0], user=row[1], now=row[2])


def forbidden(connection: Connection, schemas: Sequence[str]) -> list[str]:
    """Name the tables of these schemas that our user may not read and add to."""
    rows = connection.execute(
        """
        SELECT n.nspname || '.' || c.relname
          FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE n.nspname = ANY (%s) AND c.relkind = 'r'
           AND NOT (has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT') AND has_table_privilege(c.oid, 'INSERT'))
         ORDER BY 1
        """,
        (list(schemas),),
    ).fetchall()
    return [name for (name,) in rows]
