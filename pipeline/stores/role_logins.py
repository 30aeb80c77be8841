"""As whom each role connects, and the logins for that: one per role, each with a secret of its own (infra/decisions/0019)."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from pipeline.errors import SettingsError
from pipeline.secret_files import ensure_secret
from pipeline.settings import VENUE_ROLES, LoginName, Postgres, PostgresRole, RoleName, Settings
from pipeline.stores.grants import ROLES
from pipeline.stores.people import verifier
from pipeline.stores.postgres import Connection, connect, translated


def role_of(database: str, role: str) -> str:
    """Return the name that a role's login has by itself, as `custodian.group_of` does."""
    whole = len(database.encode()) <= min(54, 62 - len(role))
    return f"{database if whole else hashlib.md5(database.encode(), usedforsecurity=False).hexdigest()}_{role}"


def as_role(postgres: Postgres, role: RoleName) -> Postgres:
    """Return how a role connects: never with the password of `[postgres]`, and without what others connect with; raise SettingsError."""
    asked = postgres.roles.get(role, PostgresRole())
    parts = conninfo_to_dict(asked.dsn or postgres.dsn)
    database = parts.get("dbname") or parts.get("user")  # as libpq has it
    if "service" not in parts and database is not None:
        parts["dbname"] = database
    user = asked.user or (parts.get("user") if asked.dsn is not None else None)
    if user is None:
        if database is None:
            raise SettingsError(f"postgres.roles.{role}.user: missing, and postgres.dsn names no database; write one of the two")
        user = role_of(str(database), role)
    dsn = make_conninfo("", **parts | {"user": user})
    return postgres.model_copy(
        update={
            "dsn": dsn,
            "password_file": postgres.password_file_of(role),
            "password": asked.password,
            "roles": {},
            "secrets_folder": None,
        }
    )


def settings_of(settings: Settings, who: LoginName) -> Settings:
    """Return the settings of one role, with its own secrets and nobody else's; raise SettingsError.

    `init` and `cli` connect to PostgreSQL as `[postgres]` says, and have what they give to roles or ask venues with.
    """
    own = settings.model_copy(update={"kafka": settings.kafka.of_role(who)})
    if who == "init" or who == "cli":
        return own
    venues = settings.venues
    if who not in VENUE_ROLES:
        venues = {name: venue.model_copy(update={"auth": venue.auth.withheld()}) for name, venue in venues.items()}
    return own.model_copy(update={"postgres": as_role(settings.postgres, who), "venues": venues})


@dataclass(frozen=True, slots=True)
class Made:
    """What `ensure` made: logins, and files of secrets."""

    logins: Sequence[str]
    files: Sequence[Path]


def ensure(connection: Connection, postgres: Postgres) -> Made:
    """Let each role's login be one, with the secret of the settings, which is made where its file is missing.

    A role whose password libpq finds by itself, or that logs in under another name, is its administrator's, and so are all where this user
    may not make logins. Raise SettingsError for a secret that cannot be read, made or used.
    """
    before = {file for file in _files(postgres) if file.exists()}
    logins = []
    for role in ROLES:
        own = as_role(postgres, role)
        login = _login(own)
        nowhere = own.password_file is None and own.password is None and login == role_of(_database(own), role)
        made = postgres.made_secret_of(role) if nowhere else None
        if made is not None and not (_can_log_in(connection, login) and _enters(own)) and _may_change(connection, login):
            _make(made, role)
    for role, login, statement in _statements(postgres, make=True):
        entered = _can_log_in(connection, login) and _enters(as_role(postgres, role))
        if not entered and _may_change(connection, login):
            with translated(f"making the login {login}"):
                connection.execute(statement.encode())
            logins.append(login)
    return Made(logins=logins, files=[file for file in _files(postgres) if file not in before and file.exists()])


def _files(postgres: Postgres) -> list[Path]:
    """Return where the secrets of roles are, or will be."""
    asked = [postgres.password_file_of(role) or postgres.made_secret_of(role) for role in ROLES]
    return [file for file in asked if file is not None]


def without_secret(postgres: Postgres) -> list[tuple[RoleName, Path | None]]:
    """Return the roles that `script` makes no login of for want of a secret, each with the file that it would take it from."""
    others = {role for role in ROLES if _login(own := as_role(postgres, role)) != role_of(_database(own), role)}
    found = {role for role, _, _ in _statements(postgres, make=False)} | others
    return [(role, postgres.password_file_of(role) or postgres.made_secret_of(role)) for role in ROLES if role not in found]


def script(postgres: Postgres) -> list[str]:
    """Return the SQL that does what `ensure` does, for the secrets that are there; nothing is made."""
    found = {role: statement for role, _, statement in _statements(postgres, make=False)}
    others = [f"-- {role} cannot log in by this: there is no secret of its own yet" for role in ROLES if role not in found]
    return [*(f"{statement};" for statement in found.values()), *others]


def _statements(postgres: Postgres, *, make: bool) -> Iterator[tuple[RoleName, str, str]]:
    """Yield each role that has a secret in the settings and its own name, with what makes it a login."""
    for role in ROLES:
        own = as_role(postgres, role)
        login = _login(own)
        if login != role_of(_database(own), role):
            continue
        if own.password_file is not None:
            if not make and not own.password_file.exists():
                continue
            _make(own.password_file, role)
        secret = own.secret()
        if secret is None:
            continue
        try:
            made = verifier(secret, secrets.token_bytes(16))
        except ValueError as error:
            source = (
                f"postgres.roles.{role}.password"
                if own.password_file is None
                else f"postgres.roles.{role}.password_file: {own.password_file}"
            )
            raise SettingsError(f"{source}: {error}") from None
        yield role, login, f"ALTER ROLE {sql.Identifier(login).as_string()} LOGIN PASSWORD '{made}'"


def _login(own: Postgres) -> str:
    return str(conninfo_to_dict(own.dsn)["user"])


def _database(own: Postgres) -> str:
    return str(conninfo_to_dict(own.dsn).get("dbname", ""))


def _make(file: Path, role: RoleName) -> None:
    try:
        ensure_secret(file)
    except OSError as error:
        raise SettingsError(
            f"postgres.roles.{role}.password_file: {file} is not there and cannot be made: {error.strerror}; "
            "write a secret of this role's own into it"
        ) from None


def _enters(own: Postgres) -> bool:
    try:
        connect(own, name="init").close()
    except SettingsError:
        return False
    return True


def _can_log_in(connection: Connection, login: str) -> bool:
    return connection.execute("SELECT rolcanlogin FROM pg_roles WHERE rolname = %s", (login,)).fetchone() == (True,)


def _may_change(connection: Connection, login: str) -> bool:
    row = connection.execute(
        """
        SELECT r.rolsuper OR r.rolcreaterole AND (
                   current_setting('server_version_num')::integer < 160000
                   OR EXISTS (SELECT FROM pg_auth_members AS m
                               WHERE m.roleid = to_regrole(quote_ident(%s)) AND m.member = r.oid AND m.admin_option))
          FROM pg_roles AS r WHERE r.rolname = current_user
        """,
        (login,),
    ).fetchone()
    return row == (True,)
