"""What a session of PostgreSQL inherits, and what ours has instead: set by us on every connection, in this place alone.

A role, a database (ALTER ROLE, ALTER DATABASE … SET), the server and the environment (PGTZ, PGDATESTYLE, PGCLIENTENCODING, PGOPTIONS) can
all say how times are written, where names are looked up, whether transactions may write and when statements are broken off. None of them
knows our promises, so none is asked. Two things cannot be set by us and are refused by name: triggers that do not fire, and a pooler that
gives our session to others between two transactions.

Settings are made by statement, not by the start-up packet's `options`, which PgBouncer refuses; so session pooling works. The start-up
packet says client_encoding, which PgBouncer knows, and an empty `options`, so that PGOPTIONS says nothing.
"""

from __future__ import annotations

import select
import time
from collections.abc import Callable, Mapping
from typing import Any

import psycopg
from psycopg import pq

from pipeline.errors import ServiceAwayError, SettingsError

STARTUP: Mapping[str, str] = {"client_encoding": "UTF8"}
"""What the start-up packet says whatever the address says."""

SESSION: Mapping[str, str] = {
    "TimeZone": "UTC",
    "DateStyle": "ISO, YMD",
    "IntervalStyle": "postgres",
    "client_encoding": "UTF8",
    "bytea_output": "hex",
    "extra_float_digits": "1",
    "standard_conforming_strings": "on",
    "array_nulls": "on",
    "transform_null_equals": "off",
    # Every name of ours says its schema; a table or function of the same name elsewhere is never meant.
    "search_path": "pg_catalog, pg_temp",
    "default_transaction_isolation": "read committed",
    "default_transaction_read_only": "off",
    "default_transaction_deferrable": "off",
    "exit_on_error": "off",
    "row_security": "on",
    # No limits but those that a role asks for: a walk over the archive takes as long as it takes.
    "statement_timeout": "0",
    "lock_timeout": "0",
    "idle_in_transaction_session_timeout": "0",
}
"""What every session of ours has; a role may ask for other limits."""

SINCE: Mapping[int, Mapping[str, str]] = {140000: {"idle_session_timeout": "0"}, 170000: {"transaction_timeout": "0"}}
"""The same, by the first version of the server (as `server_version`) that knows it."""

_LOOKS = 3
"""Looks at who has our session: on a pool that nobody else uses the first one tells; others' transactions can hide it from one look."""
_TOLD_WITHIN = 5.0
"""Seconds in which a pooler has to give a session: PgBouncer lets a client wait two minutes where its pool is used up."""


def settle(connection: psycopg.Connection[Any], own: Mapping[str, str]) -> None:
    """Give a session in autocommit mode our settings, `own` before the common ones; raise SettingsError, and psycopg's errors.

    A server that forgets what it acknowledged (synchronous_commit off) is told not to, unless `own` asks for it; any other value is the
    administrator's choice and stays.
    """
    wanted = {**SESSION}
    for version, more in SINCE.items():
        if connection.info.server_version >= version:
            wanted |= more
    wanted |= own
    names = ("session_replication_role", "synchronous_commit")
    columns = [f"pg_catalog.current_setting('{name}')" for name in names] + ["pg_catalog.set_config(%s, %s, false)"] * len(wanted)
    row = connection.execute(
        f"SELECT {', '.join(columns)}".encode(),
        [part for setting in wanted.items() for part in setting],
    ).fetchone()
    assert row is not None
    if row[0] != "origin":
        raise SettingsError(
            f"postgres.dsn: session_replication_role is {row[0]!r} for this user or database, so the triggers that "
            "keep the books balanced and append-only do not fire; ALTER ROLE … RESET session_replication_role (or ALTER DATABASE …)"
        )
    if row[1] == "off" and "synchronous_commit" not in own:
        connection.execute("SET synchronous_commit = on")


def encoding_fault(connection: psycopg.Connection[Any]) -> str | None:
    """Return why the database's encoding cannot hold what venues write, None when it is UTF8."""
    found = connection.info.parameter_status("server_encoding")
    if found == "UTF8":
        return None
    return f"the database's encoding is {found}, which cannot hold every name and text that venues write"


OF_UTF8 = "make one with CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0 and name it in postgres.dsn"
"""What to do about an encoding: it belongs to a database for good."""


def is_pooled(connection: psycopg.Connection[Any]) -> bool:
    """Tell whether a pooler stands before PostgreSQL: it gives every client a cancel key of its own, and so another process id."""
    return _backend(connection) != connection.info.backend_pid


def is_shared(connection: psycopg.Connection[Any], open_another: Callable[[], psycopg.Connection[Any]]) -> bool:
    """Tell whether the pooler lends our session out between two transactions: another client meets it, or we meet another one.

    Nothing is set before this is known: it would stay in a session of somebody else. Both sessions are in autocommit mode; the second is
    asked first while ours is idle, which is when PgBouncer, who lends the session last given back, would lend it ours.
    """
    ours = _backend(connection)
    with open_another() as other:
        theirs = None
        for _ in range(_LOOKS):
            # Ours twice: a pooler that lends in turn gives two clients that ask in turn the same two sessions every time.
            if {_backend(connection), _backend(connection)} != {ours}:
                return True
            seen = _backend(other)
            if seen == ours or theirs not in (None, seen):
                return True
            theirs = seen
    return False


def _backend(connection: psycopg.Connection[Any]) -> int:
    """Return the process that answers us now; raise ServiceAwayError where a pooler has none for us."""
    asked, until = connection.pgconn, time.monotonic() + _TOLD_WITHIN
    asked.send_query(b"SELECT pg_catalog.pg_backend_pid()")
    asked.flush()
    told: bytes | None = None
    while (result := _next(asked, until)) is not None:
        told = result.get_value(0, 0) if result.status == pq.ExecStatus.TUPLES_OK else told
    if told is None:
        raise psycopg.OperationalError(asked.get_error_message())
    return int(told)


def _next(asked: pq.abc.PGconn, until: float) -> pq.abc.PGresult | None:
    while asked.is_busy():  # `get_result` would wait without limit, and let no other thread run
        if not select.select([asked.socket], [], [], max(0.0, until - time.monotonic()))[0]:
            raise ServiceAwayError(
                f"PostgreSQL's pooler gives no session within {_TOLD_WITHIN:g} s; let its pool (default_pool_size) hold more of them"
            )
        asked.consume_input()
    return asked.get_result()
