"""Connections to PostgreSQL, and its errors told apart by SQLSTATE: away, refused, or ours.

psycopg is imported here, in the other stores and in the sinks, nowhere else.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from pipeline import settings as configuration
from pipeline.errors import FatalError, RetryableError, ServiceAwayError, SettingsError
from pipeline.stores.inherited import STARTUP, is_pooled, is_shared, settle
from pipeline.stores.refusals import refusal_of, said
from pipeline.tls import Trust
from pipeline.transport import weak_postgres

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
READ_ONLY = "25006"
"""This server takes no writes: it is a standby now, or not yet the primary; the connection is given up, and the next one finds who is."""
_AWAY_TO_NEWCOMERS = ("55", "58", "XX")  # no connections just now (maintenance), the server's own faults
NOT_OURS = ("26000", "42P05")
"""A prepared statement of ours is gone, or was there before us: somebody lends our session out."""
_KEEPALIVES = {"keepalives_idle": 5, "keepalives_interval": 2, "keepalives_count": 3, "tcp_user_timeout": 15_000}
_REFUSED = {"28P01": "password", "28000": "user", "3D000": "database", "42501": "permission"}


def conninfo(postgres: configuration.Postgres, **extra: Any) -> str:
    """Return the connection string with the secret in it: for libpq only, never for a log; raise SettingsError."""
    try:
        parts = conninfo_to_dict(postgres.dsn)
    except psycopg.ProgrammingError as error:
        raise SettingsError(f"postgres.dsn: not a PostgreSQL address: {error}; write postgresql://user@host:port/database") from None
    # The settings were judged as we read the address; what counts is how libpq reads it, and that the environment has no say in it.
    if not postgres.insecure and (weakness := weak_postgres(parts)) is not None:
        raise SettingsError(f"postgres.{weakness}")
    pinned = {"hostaddr": "", "ssl_min_protocol_version": "TLSv1.2"} | ({} if "service" in parts else {"host": ""})
    parts = {**pinned, **parts}
    files = {"sslrootcert": postgres.ca_file, "sslcert": postgres.certificate_file, "sslkey": postgres.key_file}
    named = {name: str(file) for name, file in files.items() if file is not None}
    parts |= named
    if named:
        trust_of(parts).context()  # a file that cannot be used is a fault of settings; to libpq it is a server that does not answer
    secret = postgres.secret()
    if secret is not None:
        parts["password"] = secret
    # An empty `options` keeps PGOPTIONS out; what the address itself says is meant.
    return make_conninfo(**{"connect_timeout": 5, "options": "", **parts, **extra})


def trust_of(parts: Mapping[str, Any]) -> Trust:
    """Return whom a connection with these parameters of libpq believes, and as whom it speaks."""
    root = parts.get("sslrootcert")
    return Trust(
        ca_key="postgres.ca_file",
        ca_file=None if root == "system" else root,
        certificate_key="postgres.certificate_file",
        certificate_file=parts.get("sslcert"),
        key_file=parts.get("sslkey"),
        key_password=parts.get("sslpassword"),
    )


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


def with_user(postgres: configuration.Postgres, user: str, **secret: Any) -> configuration.Postgres:
    """Return settings that connect as another user, with `password_file` or `password` in place of their own; raise SettingsError."""
    nobody = postgres.model_copy(update={"password": None, "password_file": None})  # their own may be unreadable to who asks
    parts = conninfo_to_dict(conninfo(nobody))
    if "service" not in parts and "user" in parts:
        parts.setdefault("dbname", parts["user"])  # libpq's own default, which is not to change with the user
    parts |= {"user": user}
    own = {name: value for name, value in parts.items() if name not in ("passfile", "connect_timeout", "options")}
    return configuration.Postgres(dsn=make_conninfo("", **own), insecure=postgres.insecure, **secret)


def connect(
    postgres: configuration.Postgres, *, name: str, autocommit: bool = False, session: Mapping[str, str] | None = None, **extra: Any
) -> Connection:
    """Open a connection that PostgreSQL lists as `name`; `session` holds settings of this connection beside those that all of ours have.

    Raise ServiceAwayError when PostgreSQL does not answer, SettingsError when it refuses us, both naming the setting.
    """
    address = conninfo(postgres, **STARTUP, application_name=f"custodian-{name}", **_KEEPALIVES, **extra)
    connection = _opened(address, postgres)
    try:
        with translated("opening a session"):
            _refuse_shared(connection, address, postgres)
            settle(connection, session or {})
    except BaseException:
        connection.close()
        raise
    connection.autocommit = autocommit
    return connection


def _opened(address: str, postgres: configuration.Postgres) -> Connection:
    """Open a connection in autocommit mode, so that a setting cannot be rolled back."""
    try:
        return psycopg.connect(address, autocommit=True)
    except psycopg.ProgrammingError as error:
        raise SettingsError(f"postgres.dsn: not a PostgreSQL address: {said(error)}") from None
    except psycopg.OperationalError as error:
        raise _refusal(error, address, postgres) from None


def _refuse_shared(connection: Connection, address: str, postgres: configuration.Postgres) -> None:
    """Raise SettingsError behind a pooler that gives our session to others between two transactions; asked once per process and address."""
    place = where(postgres)
    if place in _kept_sessions:
        return
    if is_pooled(connection) and is_shared(connection, lambda: _opened(address, postgres)):
        raise SettingsError(
            f"postgres.dsn: the pooler at {place} pools by transaction: it gives a session, and with it our time zone, time limits and "
            "prepared statements, to others between two transactions; write pool_mode = session for this database in PgBouncer, or let "
            "postgres.dsn name PostgreSQL itself"
        )
    _kept_sessions.add(place)


_kept_sessions: set[str] = set()
"""Addresses where a session of ours was seen to stay ours."""


def _refusal(error: psycopg.OperationalError, address: str, postgres: configuration.Postgres) -> Exception:
    """Tell by SQLSTATE why nobody let us in; the words of the server are for people only."""
    text, place = said(error), where(postgres)
    away = ServiceAwayError(f"PostgreSQL does not answer at {place} ({text[-200:]}); start it (`custodian dev up`) or correct postgres.dsn")
    if isinstance(error, psycopg.errors.ConnectionTimeout):
        return away
    found = refusal_of(address)
    if found.unusable:
        return SettingsError(f"postgres.dsn: not a PostgreSQL address: {text}; write postgresql://user@host:port/database")
    if found.wants_password or found.sqlstate == "28P01":
        reason = f"postgres.password_file: PostgreSQL refuses the password for {place}; correct the file, or PGPASSFILE"
        return LoginRefusedError(reason, sqlstate="28P01")
    state = found.sqlstate
    if state is None or state.startswith(_AWAY_CLASSES) or state.startswith(_AWAY_TO_NEWCOMERS):
        return away
    return LoginRefusedError(
        f"postgres.dsn: PostgreSQL at {place} refuses ({_REFUSED.get(state, state)}): {text}; create it or correct the setting",
        sqlstate=state,
    )


class LoginRefusedError(SettingsError):
    """PostgreSQL does not let this login in; `sqlstate` says why, with 28P01 also where it wants a password and there is none."""

    def __init__(self, reason: str, *, sqlstate: str) -> None:
        super().__init__(reason)
        self.sqlstate = sqlstate


@contextmanager
def opened(postgres: configuration.Postgres, *, name: str, doing: str) -> Iterator[Connection]:
    """Lend an autocommit connection for the length of a block; raise ServiceAwayError, SettingsError, and what `translated` makes."""
    connection = connect(postgres, name=name, autocommit=True)
    try:
        with translated(doing):
            yield connection
    finally:
        connection.close()


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
    state, text = error.sqlstate, said(error)
    if state is None and not isinstance(error, psycopg.OperationalError):
        return FatalError(f"{doing} is not possible ({type(error).__name__}): {text}")  # psycopg itself refuses: PostgreSQL is well
    if state is None or state.startswith(_AWAY_CLASSES) or state == READ_ONLY:
        return ServiceAwayError(f"PostgreSQL went away while {doing}: {text}")
    if state in _REPEAT:
        return RetryableError(f"PostgreSQL asks to repeat {doing}: {text}")
    if state in _REFUSED:
        return FatalError(f"PostgreSQL refuses ({_REFUSED[state]}) {doing}: {text}; run `custodian init` or grant it")
    if state in NOT_OURS:
        return FatalError(
            f"the session was given to somebody else while {doing}: {text}; a pooler before PostgreSQL has to pool by session: "
            "write pool_mode = session, or let postgres.dsn name PostgreSQL itself"
        )
    if state in ("42P01", "3F000", "42703", "42883"):
        # Its further lines are our statement, and where in it.
        return FatalError(f"the database is not prepared for {doing}: {str(error).splitlines()[0]}; run `custodian init`")
    return FatalError(f"PostgreSQL rejects {doing} ({state}): {text}")
