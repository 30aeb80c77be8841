"""Schemas beside the live ones, for what is run again: made anew, marked as ours, and never mixed up with what is live.

A schema of this kind carries a comment that says what made it. One that exists without that comment is somebody's, and is never touched.
"""

from __future__ import annotations

import re

import psycopg
from psycopg import sql

from pipeline.errors import RetryableError, SettingsError
from pipeline.stores.postgres import Connection

_NAME = re.compile(r"[a-z_][a-z0-9_]{0,62}")
LIVE = frozenset({"custodian", "ledger", "archive", "accounting", "compliance", "risk", "commands", "public", "information_schema"})
"""Schemas that are never rebuilt into, whatever comment they carry."""


class ShadowNameError(Exception):
    """The name cannot be that of a shadow schema, or the schema is not ours to replace; says what to do."""


def checked_name(name: str) -> str:
    """Return a name that a shadow schema may have; raise ShadowNameError."""
    if not _NAME.fullmatch(name):
        raise ShadowNameError(f"{name!r} is no name for a schema; write small letters, digits and underscores, such as rebuilt_books")
    if name in LIVE or name.startswith("pg_"):
        raise ShadowNameError(f"the schema {name} is live, or PostgreSQL's own; take another name, such as rebuilt_books")
    return name


def make(connection: Connection, name: str, mark: str, *, replace: bool) -> None:
    """Make an empty schema marked as `mark`, in the open transaction; drop an earlier one of the same mark when `replace`.

    Raise ShadowNameError when the name is wrong or taken, SettingsError when we may not create a schema, RetryableError when another run
    is making this very schema.
    """
    checked_name(name)
    if connection.execute("SELECT pg_try_advisory_xact_lock(hashtext('custodian shadow'), hashtext(%s))", (name,)).fetchone() != (True,):
        raise RetryableError(f"another run is making the schema {name} just now; try again when it has ended, or take another name")
    found = _mark_of(connection, name)
    if found is not None and found[0] != mark:
        raise ShadowNameError(f"there is a schema {name}, and it was not made by `{mark}`; take another name, or drop it yourself")
    if found is not None and not replace:
        raise ShadowNameError(
            f"there is a schema {name} of an earlier run; give --replace to drop it and make it anew, or take another name"
        )
    quoted = sql.Identifier(name)
    try:
        if found is not None:
            connection.execute(sql.SQL("DROP SCHEMA {} CASCADE").format(quoted))
        connection.execute(sql.SQL("CREATE SCHEMA {}").format(quoted))
    except psycopg.errors.InsufficientPrivilege as error:
        raise SettingsError(
            f"postgres.dsn: this user may not create the schema {name} ({' '.join(str(error).split())[:120]}); "
            "GRANT CREATE ON DATABASE … TO it, or run this as a user who may, on a copy of the database"
        ) from None
    connection.execute(sql.SQL("COMMENT ON SCHEMA {} IS {}").format(quoted, sql.Literal(mark)))


def _mark_of(connection: Connection, name: str) -> tuple[str | None] | None:
    row = connection.execute("SELECT obj_description(oid, 'pg_namespace') FROM pg_namespace WHERE nspname = %s", (name,)).fetchone()
    return None if row is None else (row[0],)
