"""A database as an older release made it: one login owns everything, and nobody has rights of his own."""

from __future__ import annotations

from collections.abc import Iterable

from pipeline.stores import migrations
from pipeline.stores.migrations import Migration
from pipeline.stores.postgres import Connection


def migrate(owner: Connection, those: Iterable[Migration]) -> None:
    """Run migrations as `init` ran them when nobody had rights of his own."""
    owner.execute("SET search_path = pg_catalog, pg_temp")
    owner.execute(migrations.FOUNDATION.encode())
    for one in those:
        owner.execute(one.sql.encode())
        owner.execute("INSERT INTO custodian.migrations (name, sha256) VALUES (%s, %s)", (one.name, one.sha256))
