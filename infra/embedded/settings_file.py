"""A ready custodian.toml for the embedded services and the venue simulator beside them."""

from __future__ import annotations

import json
import os
from pathlib import Path

from infra.embedded.services import LOGINS, Addresses
from pipeline.errors import SettingsError
from pipeline.secret_files import ensure_secret

SIMULATOR_URL = "http://127.0.0.1:8700"
VENUE = "tokyo"
CLIENT_ID = "custodian-a"
POLICY = "policy.toml"
EXAMPLE_POLICY = Path(__file__).resolve().parents[1] / "policies" / "default.toml"


def settings_text(addresses: Addresses, folder: Path) -> str:
    """Return the TOML for a settings file that lies in `folder`; it holds names of secret files, no secret."""
    return f"""\
# Written by `custodian dev up --write-config`. Relative paths are relative to this file.

[kafka]
bootstrap_servers = {_quoted(addresses.bootstrap_servers)}
{_logins(addresses, folder)}
[postgres]
dsn = {_quoted(addresses.postgres_dsn)}
password_file = {_quoted(_seen_from(folder, addresses.password_file))}

# What may be accepted without a person; `accepting = "shadow"` below [mode] decides and sends nothing.
[risk]
policy_file = "{POLICY}"

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


def _logins(addresses: Addresses, folder: Path) -> str:
    """Return the rest of `[kafka]`: nothing for a Kafka that is open, else everybody's login."""
    if not addresses.kafka_passwords:
        return ""
    lines = ['client = { "security.protocol" = "SASL_PLAINTEXT", "sasl.mechanism" = "PLAIN" }']
    for login, role in LOGINS.items():
        lines += [f"[kafka.roles.{role}]", f'client = {{ "sasl.username" = {_quoted(login)} }}']
        lines.append(f"password_file = {_quoted(_seen_from(folder, addresses.kafka_passwords[login]))}")
    return "\n".join(lines) + "\n"


def refuse_to_overwrite(path: Path) -> None:
    """Raise SettingsError when something lies at `path`; it may be the work of a person."""
    if path.exists():
        raise SettingsError(f"{path} exists and is left as it is; `--force` replaces it, `--write-config OTHER.toml` writes elsewhere")


def write_settings(path: Path, addresses: Addresses) -> None:
    """Write `path`, whole or not at all, and beside it the simulator's secret (mode 0600) and the example policy where they are missing.

    Raises SettingsError when the folder cannot be written to.
    """
    folder = path.absolute().parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
        ensure_secret(folder / "secrets" / VENUE)
        write_policy(folder)
        draft = path.with_name(path.name + ".draft")
        draft.write_text(settings_text(addresses, folder), encoding="utf-8")
        draft.replace(path)
    except OSError as error:
        raise SettingsError(f"{path} cannot be written: {error}") from error


def write_policy(folder: Path) -> None:
    """Copy the example policy into `folder` where there is none; raise OSError when the folder cannot be written to."""
    if not (folder / POLICY).exists():
        (folder / POLICY).write_bytes(EXAMPLE_POLICY.read_bytes())


def _seen_from(folder: Path, file: Path) -> str:
    """Return `file` relative to `folder` where it lies below it, so that the two can be moved together."""
    place, target = folder.resolve(), file.resolve()
    return os.fspath(target.relative_to(place) if target.is_relative_to(place) else target)


def _quoted(text: str) -> str:
    """Return a TOML basic string; JSON's escapes are a part of TOML's."""
    return json.dumps(text, ensure_ascii=False)
