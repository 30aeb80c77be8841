"""What commands have in common: the settings that were asked for, connections, and where secrets are made known to the redactor."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pipeline.cli.lazy import CONFIG_KEY

if TYPE_CHECKING:
    from pipeline.settings import Settings
    from pipeline.stores.postgres import Connection


def settings_file() -> Path | None:
    """Return the settings file that was asked for; raise SettingsError when it is missing."""
    from pipeline.settings import find_file

    return find_file(click.get_current_context().find_root().meta.get(CONFIG_KEY), os.environ)


def settings() -> Settings:
    """Return the settings of this call; raise SettingsError."""
    from pipeline.observability.redaction import redact
    from pipeline.observability.secrets import secrets_of
    from pipeline.settings import load

    loaded = load(settings_file())
    redact.learn(secrets_of(loaded))
    return loaded


@contextmanager
def database(loaded: Settings, *, name: str = "cli") -> Iterator[Connection]:
    """Open a read-committed connection for the length of a command; raise ServiceAwayError, SettingsError."""
    from pipeline.stores.postgres import connect, translated

    connection = connect(loaded.postgres, name=name, autocommit=True)
    try:
        with translated("reading for a command"):
            yield connection
    finally:
        connection.close()
