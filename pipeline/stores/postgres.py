"""Connections to PostgreSQL, and its errors told apart by SQLSTATE: away, refused, or ours.

psycopg is imported here, in the other stores and in the sinks, nowhere else.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from pipeline import settings as configuration
from pipeline.errors import FatalError, RetryableError, ServiceAwayError, SettingsError

Connection = psycopg.Connection[tuple[Any, ...]]

_AWAY_CLASSES = ("08", "57P", "53")  # connection exceptions, operator intervention, insufficient resources
_REPEAT = (
    "40001",
    "40P01",
    "55P03",
    "57014",
    "25P03",
    "25P04",
)  # serialization, deadlock, lock not available, cancelled, idle timeouts
_REFUSED = {"28P01": "password", "28000": "user", "3D000": "database", "42501": "permission"}


def conninfo(postgres: configuration.Postgres, **extra: Any) -> str:
    """Return the connection string with the secret in it: for libpq only, never for a log; raise SettingsError."""
    try:
        parts = conninfo_to_dict(postgres.dsn)
    except psycopg.ProgrammingError as error:
        raise SettingsError(f"postgres.dsn: not a PostgreSQL address: {error}; write postgresql://user@host:port/database") from None
    secret = postgres.secret()
    if secret is not None:
        parts["password"] = secret
    return make_conninfo(**{"connect_timeout": 5, **parts, **extra})


def where(postgres: configuration.Postgres) -> str:
    """Return host, port and database for people, without any secret."""
    try:
        parts = conninfo_to_dict(postgres.dsn)
    except psycopg.ProgrammingError:
        return "postgres.dsn"
    return f"{parts.get('user', '')}@{parts.get('host', 'localhost')}:{parts.get('port', 5432)}/{parts.get('dbname', '')}"


def user_of(postgres: configuration.Postgres) -> str:
    """Return the user that the settings connect as; raise SettingsError when they name none."""
    name = conninfo_to_dict(conninfo(postgres)).get("user")
    if not name:
        raise SettingsError("postgres.dsn: names no user; write postgresql://user@host:port/database")
    return str(name)


def connect(postgres: configuration.Postgres, *, name: str, autocommit: bool = False, **extra: Any) -> Connection:
    """Open a connection that PostgreSQL lists as `name`.

    Raise ServiceAwayError when PostgreSQL does not answer, SettingsError when it refuses us, both naming the setting.
    """
    options = {"keepalives_idle": 5, "keepalives_interval": 2, "keepalives_count": 3, "tcp_user_timeout": 15_000}
    try:
        return psycopg.connect(conninfo(postgres, application_name=f"custodian-{name}", **options, **extra), autocommit=autocommit)
    except psycopg.OperationalError as error:
        raise _refusal(error, postgres) from None


def _refusal(error: psycopg.OperationalError, postgres: configuration.Postgres) -> Exception:
    text = " ".join(str(error).split())
    place = where(postgres)
    if "password authentication failed" in text or "no password supplied" in text:
        return SettingsError(f"postgres.password_file: PostgreSQL refuses the password for {place}; correct the file, or PGPASSFILE")
    if "does not exist" in text and ("database" in text or "role" in text):
        return SettingsError(f"postgres.dsn: {text.split('FATAL:')[-1].strip()} ({place}); create it or correct the setting")
    if "no pg_hba.conf entry" in text or "permission denied" in text:
        return SettingsError(f"postgres.dsn: PostgreSQL does not let us in at {place}: {text.split('FATAL:')[-1].strip()}")
    return ServiceAwayError(f"PostgreSQL does not answer at {place} ({text[-200:]}); start it (`custodian dev up`) or correct postgres.dsn")


@contextmanager
def translated(doing: str) -> Iterator[None]:
    """Turn psycopg's errors into ours: RetryableError when trying again can help, FatalError when it cannot.

    Integrity errors pass through unchanged: what they mean is for the caller to say.
    """
    try:
        yield
    except psycopg.IntegrityError:
        raise
    except psycopg.Error as error:
        raise classify(error, doing) from error


def classify(error: psycopg.Error, doing: str) -> RetryableError | FatalError:
    """Tell by SQLSTATE whether trying again can help."""
    state = error.sqlstate
    text = " ".join(str(error).split())[:300]
    if state is None or state.startswith(_AWAY_CLASSES):
        return ServiceAwayError(f"PostgreSQL went away while {doing}: {text}")
    if state in _REPEAT:
        return RetryableError(f"PostgreSQL asks to repeat {doing}: {text}")
    if state in _REFUSED:
        return FatalError(f"PostgreSQL refuses ({_REFUSED[state]}) {doing}: {text}; run `custodian init` or grant it")
    if state in ("42P01", "3F000", "42703"):
        return FatalError(f"the database is not prepared for {doing}: {text}; run `custodian init`")
    return FatalError(f"PostgreSQL rejects {doing} ({state}): {text}")
