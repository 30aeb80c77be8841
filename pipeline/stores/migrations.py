"""Database migrations: plain SQL files, applied once, in one order, checked by digest.

A file is named `0001_pre_what.sql`. `pre` runs before new code, `post` after the old code is gone; new code runs on the schema
without `post`. Applied files are never edited: another digest under an applied name is refused.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib import resources

from psycopg import sql

from pipeline.errors import SettingsError
from pipeline.stores import grants
from pipeline.stores.inherited import SESSION
from pipeline.stores.postgres import Connection, translated

_SCRIPTED = ("search_path", "standard_conforming_strings", "TimeZone", "DateStyle")
"""What an administrator's session may have otherwise, and what SQL means depends on."""
_LOCK = 0x6375_7374  # "cust": one init at a time

ENCODED = """DO $$ BEGIN
  IF current_setting('server_encoding') <> 'UTF8' THEN RAISE 'the database has to be of the encoding UTF8'; END IF;
END $$;"""

FOUNDATION = "\n".join(
    [
        *(f"CREATE SCHEMA IF NOT EXISTS {schema};" for schema in ("custodian", "ledger", "archive", "accounting", "compliance")),
        """CREATE TABLE IF NOT EXISTS custodian.migrations (
    name text PRIMARY KEY, sha256 text NOT NULL, applied_at timestamptz NOT NULL DEFAULT clock_timestamp());""",
        f"""CREATE OR REPLACE FUNCTION custodian.group_of(may text) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$ SELECT {grants.GROUP} $$;""",
    ]
)


@dataclass(frozen=True, slots=True)
class Migration:
    """One SQL file."""

    name: str
    sql: str

    @property
    def sha256(self) -> str:
        """Return the digest of the file's text, lower-case hex."""
        return hashlib.sha256(self.sql.encode()).hexdigest()


def found_in(packages: Iterable[str]) -> list[Migration]:
    """Return the SQL files of packages such as `pipeline.stores`, in the order given, then by name."""
    found = []
    for package in packages:
        folder = resources.files(package) / "migrations"
        for file in sorted(folder.iterdir(), key=lambda entry: entry.name):
            if file.name.endswith(".sql"):
                found.append(Migration(f"{package}/{file.name}", file.read_text(encoding="utf-8")))
    return found


def pending(connection: Connection, migrations: Sequence[Migration]) -> list[Migration]:
    """Return what is not applied yet; raise SettingsError when an applied file has changed."""
    with translated("reading the migrations"):
        if connection.execute("SELECT to_regclass('custodian.migrations')").fetchone() == (None,):
            return list(migrations)
        applied: dict[str, str] = dict(connection.execute("SELECT name, sha256 FROM custodian.migrations").fetchall())
    for migration in migrations:
        if applied.get(migration.name, migration.sha256) != migration.sha256:
            raise SettingsError(
                f"the migration {migration.name} was applied with another text; use the release that the database was made with"
            )
    return [migration for migration in migrations if migration.name not in applied]


def apply(connection: Connection, migrations: Sequence[Migration]) -> list[str]:
    """Apply what is missing in one transaction and return the names; raise SettingsError when permission is missing."""
    with translated("preparing the database"), connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
        missing = pending(connection, migrations)
        if missing or not _prepared(connection) or grants.differences(connection):
            _permit(connection)
            connection.execute(f"{grants.roles_sql()}\n{grants.owner_sql()}\n{FOUNDATION}".encode())
            for migration in missing:
                connection.execute(migration.sql.encode())
                connection.execute("INSERT INTO custodian.migrations (name, sha256) VALUES (%s, %s)", (migration.name, migration.sha256))
            connection.execute(grants.grants_sql().encode())
    return [migration.name for migration in missing]


def script(migrations: Sequence[Migration], deployer: str, logins: Sequence[str] = ()) -> str:
    """Return the SQL that an administrator can run instead of `custodian init`: of these migrations, rights, and `logins` as they are.

    All of it belongs to the owner's role, which the user `deployer` is put into.
    """
    user = sql.Identifier(deployer).as_string()
    parts = [
        "-- For a superuser, or for the owner of the database who may create roles; run it in the database itself.",
        "BEGIN;",
        *(f"SELECT pg_catalog.set_config('{name}', '{SESSION[name]}', true);" for name in _SCRIPTED),
        ENCODED,
        grants.roles_sql(),
        f"""DO $$ DECLARE may text := 'owner'; BEGIN
  IF NOT pg_has_role({sql.Literal(deployer).as_string()}, {grants.GROUP}, 'USAGE') THEN
    EXECUTE format('GRANT %I TO {user}', {grants.GROUP});
  END IF;
END $$;""",
        grants.owner_sql(),
        FOUNDATION,
    ]
    for migration in migrations:
        values = f"('{migration.name}', '{migration.sha256}')"
        noted = f"INSERT INTO custodian.migrations (name, sha256) VALUES {values};"  # noqa: S608 - our own file names and digests
        parts += [f"-- {migration.name}", migration.sql, noted]
    return "\n".join([*parts, grants.grants_sql(), *logins, "COMMIT;"])


def _prepared(connection: Connection) -> bool:
    row = connection.execute(
        b"SELECT bool_and(to_regrole(quote_ident(" + grants.GROUP.encode() + b")) IS NOT NULL) FROM unnest(%s::text[]) AS may",
        (["account", "comply", "owner", *grants.GROUPS, *grants.ROLES],),
    ).fetchone()
    return row == (True,)


def _permit(connection: Connection) -> None:
    row = connection.execute(
        """
        SELECT has_database_privilege(current_database(), 'CREATE'),
               (SELECT rolcreaterole OR rolsuper FROM pg_roles WHERE rolname = current_user)
        """
    ).fetchone()
    may_create, may_create_roles = row or (False, False)
    if not may_create or not (may_create_roles or (_prepared(connection) and _owns(connection))):
        raise SettingsError(
            "postgres.dsn: this user may not prepare the database (it has to own it and have CREATEROLE); "
            "use one that may, or give the output of `custodian init --print-sql` to an administrator"
        )


def _owns(connection: Connection) -> bool:
    """Tell whether this user is in the owner's role, which is there."""
    asked = b"SELECT pg_has_role(to_regrole(quote_ident(" + grants.GROUP.encode() + b")), 'USAGE') FROM (SELECT 'owner' AS may) AS asked"
    return connection.execute(asked).fetchone() == (True,)
