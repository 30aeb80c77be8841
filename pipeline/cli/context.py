"""What commands have in common: the settings that were asked for, connections, and where secrets are made known to the redactor."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pipeline.cli.lazy import CONFIG_KEY, LOGIN_KEY
from pipeline.errors import SettingsError

if TYPE_CHECKING:
    from pipeline.settings import LoginName, Postgres, Settings
    from pipeline.stores.postgres import Connection, LoginRefusedError


def settings_file() -> Path | None:
    """Return the settings file that was asked for; raise SettingsError when it is missing."""
    from pipeline.settings import find_file

    return find_file(click.get_current_context().find_root().meta.get(CONFIG_KEY), os.environ)


def settings(*, role: LoginName | None = "cli") -> Settings:
    """Return the settings of this call as a login has them (`role_logins.settings_of`), None: with all secrets; raise SettingsError."""
    from pipeline.observability.redaction import redact
    from pipeline.observability.secrets import secrets_of
    from pipeline.settings import load

    loaded = load(settings_file())
    if role is not None:
        from pipeline.stores.role_logins import settings_of

        loaded = settings_of(loaded, role)
    redact.learn(secrets_of(loaded))
    return loaded


PASSWORD_FILE = "CUSTODIAN_LOGIN_PASSWORD_FILE"  # noqa: S105 - the name of a variable
"""Names the file with the password of the login that was asked for; without it libpq looks in PGPASSFILE or ~/.pgpass."""


def login_of() -> str:
    """Return the login that was asked for, empty where none was."""
    return click.get_current_context().find_root().meta.get(LOGIN_KEY) or os.environ.get("CUSTODIAN_LOGIN", "")


def signed_in(postgres: Postgres) -> Postgres:
    """Return how to connect: as the settings say, or as the login that was asked for, with its own password and never the settings'.

    For the thread of the command: elsewhere nobody knows what was asked for.
    """
    meta, login = click.get_current_context().find_root().meta, login_of()
    if not login:
        return postgres
    if login not in meta:  # a command that connects twice asks once
        meta[login] = _as_login(postgres, login)
    found: Postgres = meta[login]
    return found


def _as_login(postgres: Postgres, login: str) -> Postgres:
    from pipeline.observability.redaction import redact
    from pipeline.settings import secret_in
    from pipeline.stores.postgres import with_user

    told, password = os.environ.get(PASSWORD_FILE), None
    if told:
        password = secret_in(Path(told), PASSWORD_FILE)
    elif _where_libpq_looks() is None and sys.stdin.isatty():
        password = click.prompt(f"password of {login}", hide_input=True, err=True)
    found = with_user(postgres, login, password=password)
    redact.learn([found.secret() or ""])
    return found


def _where_libpq_looks() -> str | None:
    """Return what libpq takes a password from, for people; None when there is nothing."""
    if os.environ.get("PGPASSWORD"):
        return "PGPASSWORD"
    if file := os.environ.get("PGPASSFILE"):
        return f"PGPASSFILE, {file}"
    return str(Path.home() / ".pgpass") if (Path.home() / ".pgpass").is_file() else None


def _of_person(login: str, error: LoginRefusedError) -> SettingsError:
    """Say why a person is not let in, by what that person can correct; raise nothing."""
    if error.sqlstate in ("28000", "42501"):
        return SettingsError(f"{login} may do nothing here: `custodian people list` shows who may, `custodian people add` lets somebody")
    if error.sqlstate != "28P01":
        return error
    told = os.environ.get(PASSWORD_FILE)
    source = f"{PASSWORD_FILE}, {told}" if told else _where_libpq_looks()
    if source is not None:
        return SettingsError(f"PostgreSQL refuses the password for {login}, or knows no such login; it came from {source}")
    if sys.stdin.isatty():
        return SettingsError(f"PostgreSQL refuses the password for {login}, or knows no such login")
    return SettingsError(
        f"no password for {login}: name a file with it in {PASSWORD_FILE}, or in PGPASSFILE; on a terminal it is asked for"
    )


@contextmanager
def database(loaded: Settings, *, name: str = "cli") -> Iterator[Connection]:
    """Open a read-committed connection for the length of a command, as who was asked for; raise ServiceAwayError, SettingsError."""
    from pipeline.stores.postgres import LoginRefusedError, connect, translated

    own = signed_in(loaded.postgres)
    try:
        connection = connect(own, name=name, autocommit=True)
    except LoginRefusedError as error:
        raise (error if own is loaded.postgres else _of_person(login_of(), error)) from None
    try:
        with translated("reading for a command"):
            yield connection
    finally:
        connection.close()
