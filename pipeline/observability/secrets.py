"""Which secrets the settings hold or point to, so that the redactor knows them."""

from __future__ import annotations

import re
from typing import get_args
from urllib.parse import unquote

from pipeline.errors import SettingsError
from pipeline.settings import SECRET_CLIENT_KEY, RoleName, Settings


def secrets_of(settings: Settings) -> list[str]:
    """Return the secrets that can be read; a file that cannot be is the business of whoever needs it."""
    postgres = settings.postgres
    asked = [postgres.secret]
    for role in get_args(RoleName):
        own = postgres.model_copy(
            update={
                "password": postgres.roles[role].password if role in postgres.roles else None,
                "password_file": postgres.password_file_of(role),
            }
        )
        asked.append(own.secret)
    for name, venue in settings.venues.items():
        asked += [lambda v=venue, n=name: v.auth.secret(n), lambda v=venue, n=name: v.auth.static_token(n)]  # type: ignore[misc]
    clients = [settings.kafka.client, *(role.client for role in settings.kafka.roles.values())]
    found = [str(value) for client in clients for key, value in client.items() if SECRET_CLIENT_KEY.fullmatch(key)]
    for kafka in (settings.kafka, *map(settings.kafka.of_role, settings.kafka.roles)):
        asked.append(lambda k=kafka: str(k.options().get("sasl.password", "")))  # type: ignore[misc]
    found += _in_dsn(settings.postgres.dsn)
    for ask in asked:
        try:
            found.append(ask() or "")
        except SettingsError:
            continue
    return [secret for secret in found if secret]


def _in_dsn(dsn: str) -> list[str]:
    """Return the password of a client's key that somebody wrote into the address, as it stands there and as it is meant."""
    found = re.findall(r"sslpassword\s*=\s*'?([^\s'&]+)", dsn)
    return [*found, *(unquote(text) for text in found)]
