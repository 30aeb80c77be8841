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

if TYPE_CHECKING:
    from pipeline.settings import LoginName, Postgres, Settings
    from pipeline.stores.postgres import Connection


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


def signed_in(postgres: Postgres) -> Postgres:
    """Return how to connect: as the settings say, or as the login that was asked for, with its own password and never the settings'.

    For the thread of the command: elsewhere nobody knows what was asked for.
    """
    meta = click.get_current_context().find_root().meta
    login = meta.get(LOGIN_KEY) or os.environ.get("CUSTODIAN_LOGIN")
    if not login:
        return postgres
    if login not in meta:  # a command that connects twice asks once
        meta[login] = _as_login(postgres, login)
    found: Postgres = meta[login]
    return found


def _as_login(postgres: Postgres, login: str) -> Postgres:
    from pipeline.observability.redaction import redact
    from pipeline.stores.postgres import with_user

    told = os.environ.get(PASSWORD_FILE)
    passes = os.environ.get("PGPASSWORD") or os.environ.get("PGPASSFILE") or (Path.home() / ".pgpass").is_file()
    asked = None
    if not told and not passes and sys.stdin.isatty():
        asked = click.prompt(f"password of {login}", hide_input=True, err=True)
    found = with_user(postgres, login, password_file=Path(told) if told else None, password=asked)
    redact.learn([found.secret() or ""])
    return found


@contextmanager
def database(loaded: Settings, *, name: str = "cli") -> Iterator[Connection]:
    """Open a read-committed connection for the length of a command, as who was asked for; raise ServiceAwayError, SettingsError."""
    from pipeline.stores.postgres import connect, translated

    connection = connect(signed_in(loaded.postgres), name=name, autocommit=True)
    try:
        with translated("reading for a command"):
            yield connection
    finally:
        connection.close()
