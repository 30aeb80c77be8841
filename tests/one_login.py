"""A database as the release before made it: one login owns everything, and every role connects as that."""

from __future__ import annotations

from collections.abc import Iterable

from pipeline.stores import grants, migrations
from pipeline.stores.migrations import Migration
from pipeline.stores.postgres import Connection
from pipeline.supervisor.preparation import all_migrations

NEWER = (
    "pipeline.stores/0026_pre_epochs.sql",
    "pipeline.stores/0027_pre_roles.sql",
    "pipeline.stores/0034_pre_halts.sql",
    "pipeline.stores/0035_pre_outbox.sql",
    "pipeline.stores/0036_pre_people.sql",
    "connectors.sinks.accounting_ledger/0037_pre_reversals.sql",
    "connectors.sinks.compliance_archive/0038_pre_sequence.sql",
    "connectors.sinks.accounting_ledger/0004_pre_post_as_owner.sql",
    "connectors.sinks.accounting_ledger/0026_pre_epochs.sql",
    "connectors.sinks.compliance_archive/0026_pre_epochs.sql",
)
"""Migrations of the release that gave each role a login, and topics epochs."""


def make(owner: Connection) -> None:
    """Make it with that login's connection, in autocommit mode: tables, groups of people, and a row here and there."""
    migrate(owner, [migration for migration in all_migrations() if migration.name not in NEWER])
    for group in grants.GROUPS:
        owner.execute(f"CREATE ROLE {owner.info.dbname}_{group} NOLOGIN".encode())
        owner.execute(f"GRANT USAGE ON SCHEMA custodian TO {owner.info.dbname}_{group}".encode())
        owner.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA custodian TO {owner.info.dbname}_{group}".encode())
    owner.execute("INSERT INTO ledger.currencies (currency, scale) VALUES ('OLD', 4)")
    owner.execute("INSERT INTO archive.topics (topic) VALUES ('of-before')")
    owner.execute("INSERT INTO custodian.acts (act_id, action, outcome, acted_by, reason, at) VALUES ('a', 'x', 'done', 'x', 'x', now())")
    owner.execute("INSERT INTO custodian.roles (instance, role, pid, host) VALUES ('h-1-ledger', 'ledger', 1, 'h')")
    assert owned(owner) > 0


def owned(owner: Connection) -> int:
    """Return how many tables belong to the login itself."""
    row = owner.execute("SELECT count(*) FROM pg_tables WHERE tableowner = current_user").fetchone()
    assert row is not None
    return int(row[0])


def migrate(owner: Connection, those: Iterable[Migration]) -> None:
    """Run migrations as `init` ran them when nobody had rights of his own."""
    owner.execute("SET search_path = pg_catalog, pg_temp")
    owner.execute(migrations.FOUNDATION.encode())
    for one in those:
        owner.execute(one.sql.encode())
        owner.execute("INSERT INTO custodian.migrations (name, sha256) VALUES (%s, %s)", (one.name, one.sha256))
