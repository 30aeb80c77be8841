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
from pipeline.stores.inherited import SESSION
from pipeline.stores.postgres import Connection, translated

SCHEMAS = ("custodian", "ledger", "archive", "accounting", "compliance")
READERS = {"accounting_reader": "accounting", "compliance_reader": "compliance"}
GROUPS = ("view", "approve", "operate")
"""What people may do with this database; their roles are named after it, since roles belong to the whole cluster."""
GROUP = """CASE WHEN may = 'account' THEN 'accounting_reader' WHEN may = 'comply' THEN 'compliance_reader'
    WHEN octet_length(current_database()) <= 54 THEN current_database() || '_' || may ELSE md5(current_database()) || '_' || may END"""
"""SQL: the role of those who may do what `may` says; a name has 63 bytes at most, so a long one of a database is digested."""
_SCRIPTED = ("search_path", "standard_conforming_strings", "TimeZone", "DateStyle")
"""What an administrator's session may have otherwise, and what SQL means depends on."""
_LOCK = 0x6375_7374  # "cust": one init at a time

ENCODED = """DO $$ BEGIN
  IF current_setting('server_encoding') <> 'UTF8' THEN RAISE 'the database has to be of the encoding UTF8'; END IF;
END $$;"""

FOUNDATION = "\n".join(
    [
        *(f"CREATE SCHEMA IF NOT EXISTS {schema};" for schema in SCHEMAS),
        """CREATE TABLE IF NOT EXISTS custodian.migrations (
    name text PRIMARY KEY, sha256 text NOT NULL, applied_at timestamptz NOT NULL DEFAULT clock_timestamp());""",
        f"""CREATE OR REPLACE FUNCTION custodian.group_of(may text) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$ SELECT {GROUP} $$;""",
    ]
)

ROLES = "\n".join(
    [
        *(
            f"""DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') THEN CREATE ROLE {role} NOLOGIN; END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;  -- another init made it just now
END $$;"""
            for role in READERS
        ),
        f"""DO $$ DECLARE may text; BEGIN
  FOREACH may IN ARRAY ARRAY['{"', '".join(GROUPS)}'] LOOP
    IF to_regrole(quote_ident({GROUP})) IS NULL THEN
      EXECUTE format('CREATE ROLE %I NOLOGIN', {GROUP});
      IF may <> 'view' THEN EXECUTE format('GRANT %I TO %I', {GROUP.replace("may", "'view'")}, {GROUP}); END IF;
    END IF;
  END LOOP;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
END $$;""",
    ]
)

GRANTS = "\n".join(
    [
        *(
            f"GRANT USAGE ON SCHEMA {schema} TO {role};\nGRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO {role};"
            for role, schema in READERS.items()
        ),
        # People may look at every schema of ours and write in none; what they call is there once its migration is.
        """DO $$ DECLARE place text; act regprocedure; BEGIN
  FOREACH place IN ARRAY ARRAY['custodian', 'ledger', 'archive', 'accounting', 'compliance', 'risk', 'commands'] LOOP
    CONTINUE WHEN to_regnamespace(place) IS NULL;
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO %I', place, custodian.group_of('view'));
    EXECUTE format('GRANT SELECT ON ALL TABLES IN SCHEMA %I TO %I', place, custodian.group_of('view'));
  END LOOP;
  act := to_regprocedure('people.answer(text, text, text, text, text)');
  IF act IS NOT NULL THEN EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO %I', act, custodian.group_of('approve')); END IF;
  act := to_regprocedure('people.resume(text, text, text, text, text)');
  IF act IS NOT NULL THEN EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO %I', act, custodian.group_of('operate')); END IF;
  act := to_regprocedure('people.activate(bytea, text, integer, text, text)');
  IF act IS NOT NULL THEN EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO %I', act, custodian.group_of('approve')); END IF;
END $$;""",
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
        if missing or not _prepared(connection):
            _permit(connection)
            connection.execute(FOUNDATION.encode())
            connection.execute(ROLES.encode())
            for migration in missing:
                connection.execute(migration.sql.encode())
                connection.execute("INSERT INTO custodian.migrations (name, sha256) VALUES (%s, %s)", (migration.name, migration.sha256))
            connection.execute(GRANTS.encode())
    return [migration.name for migration in missing]


def script(migrations: Sequence[Migration], owner: str) -> str:
    """Return the SQL that an administrator can run instead of `custodian init`; everything in it belongs to the user `owner`."""
    user = sql.Identifier(owner).as_string()
    parts = [
        f"-- For a superuser, or for an administrator who is a member of {user} and may create roles; run it in the database itself.",
        "BEGIN;",
        *(f"SELECT pg_catalog.set_config('{name}', '{SESSION[name]}', true);" for name in _SCRIPTED),
        ENCODED,
        ROLES,
        f"DO $$ BEGIN EXECUTE format('GRANT CREATE ON DATABASE %I TO %I', current_database(), {sql.Literal(owner).as_string()}); END $$;",
        f"SET LOCAL ROLE {user};",
        FOUNDATION,
    ]
    for migration in migrations:
        values = f"('{migration.name}', '{migration.sha256}')"
        noted = f"INSERT INTO custodian.migrations (name, sha256) VALUES {values};"  # noqa: S608 - our own file names and digests
        parts += [f"-- {migration.name}", migration.sql, noted]
    return "\n".join([*parts, GRANTS, "COMMIT;"])


def _prepared(connection: Connection) -> bool:
    named = b"ARRAY(SELECT " + GROUP.encode() + b" FROM unnest(%s::text[]) AS may)"
    found = connection.execute(
        b"SELECT count(*) FROM pg_roles WHERE rolname = ANY (%s::text[] || " + named + b")", (list(READERS), list(GROUPS))
    )
    return found.fetchone() == (len(READERS) + len(GROUPS),)


def _permit(connection: Connection) -> None:
    row = connection.execute(
        """
        SELECT has_database_privilege(current_database(), 'CREATE'),
               (SELECT rolcreaterole OR rolsuper FROM pg_roles WHERE rolname = current_user)
        """
    ).fetchone()
    may_create, may_create_roles = row or (False, False)
    if not may_create or not (may_create_roles or _prepared(connection)):
        raise SettingsError(
            "postgres.dsn: this user may not prepare the database (it has to own it and have CREATEROLE); "
            "use one that may, or give the output of `custodian init --print-sql` to an administrator"
        )
