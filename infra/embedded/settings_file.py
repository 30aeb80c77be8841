"""A ready custodian.toml for the embedded services and the venue simulator beside them."""

from __future__ import annotations

import json
import os
from pathlib import Path

from infra.embedded.postgres import ensure_secret
from infra.embedded.services import Addresses
from pipeline.errors import SettingsError

SIMULATOR_URL = "http://127.0.0.1:8700"
VENUE = "tokyo"
CLIENT_ID = "custodian-a"


def settings_text(addresses: Addresses, folder: Path) -> str:
    """Return the TOML for a settings file that lies in `folder`; it holds names of secret files, no secret."""
    return f"""\
# Written by `custodian dev up --write-config`. Relative paths are relative to this file.

[kafka]
bootstrap_servers = {_quoted(addresses.bootstrap_servers)}

[postgres]
dsn = {_quoted(addresses.postgres_dsn)}
password_file = {_quoted(_seen_from(folder, addresses.password_file))}

# The venue simulator: custodian simulate musubi --secret-file secrets/{VENUE}
[venues.{VENUE}]
kind = "musubi"
base_url = {_quoted(SIMULATOR_URL)}

[venues.{VENUE}.auth]
kind = "musubi"
client_id = {_quoted(CLIENT_ID)}
client_secret_file = "secrets/{VENUE}"

# Reference rates for the rules that look at them; the simulator states some.
[rates.simulator]
kind = "http_json"
url = {_quoted(SIMULATOR_URL + "/simulator/rates")}
"""


def refuse_to_overwrite(path: Path) -> None:
    """Raise SettingsError when something lies at `path`; it may be the work of a person."""
    if path.exists():
        raise SettingsError(f"{path} exists and is left as it is; `--force` replaces it, `--write-config OTHER.toml` writes elsewhere")


def write_settings(path: Path, addresses: Addresses) -> None:
    """Write `path`, whole or not at all, and the simulator's secret beside it (mode 0600) where it is missing.

    Raises SettingsError when the folder cannot be written to.
    """
    folder = path.absolute().parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
        ensure_secret(folder / "secrets" / VENUE)
        draft = path.with_name(path.name + ".draft")
        draft.write_text(settings_text(addresses, folder), encoding="utf-8")
        draft.replace(path)
    except OSError as error:
        raise SettingsError(f"{path} cannot be written: {error}") from error


def _seen_from(folder: Path, file: Path) -> str:
    """Return `file` relative to `folder` where it lies below it, so that the two can be moved together."""
    place, target = folder.resolve(), file.resolve()
    return os.fspath(target.relative_to(place) if target.is_relative_to(place) else target)


def _quoted(text: str) -> str:
    """Return a TOML basic string; JSON's escapes are a part of TOML's."""
    return json.dumps(text, ensure_ascii=False)
