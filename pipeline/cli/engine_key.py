"""`custodian engine-key`: key pairs for an external risk engine, which signs its answers."""

from __future__ import annotations

import os
import re
from pathlib import Path

import click

from pipeline.cli.lazy import Group
from pipeline.errors import SettingsError


@click.group("engine-key", cls=Group)
def engine_key() -> None:
    """Make key pairs for an external risk engine."""


def _key_id(_context: click.Context, _parameter: click.Parameter, value: str) -> str:
    from pipeline.domain.identifiers import KEY_ID

    if not re.fullmatch(KEY_ID, value):
        raise click.BadParameter(f"{value!r} is no name of a key; write 1 to 64 letters, digits, dots, underscores or hyphens")
    return value


@engine_key.command()
@click.argument("key_id", default="engine", callback=_key_id, metavar="[ID]")
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("keys"),
    show_default=True,
    help="Where both files are written.",
)
def new(key_id: str, folder: Path) -> None:
    """Make an Ed25519 key pair: FOLDER/ID.key is for the engine alone (mode 0600), FOLDER/ID.pub for risk.engine_keys.

    ID names the key in signatures. Files that are there are left as they are (exit 78).
    """
    from pipeline.log.signatures import new_pair

    private, public = folder / f"{key_id}.key", folder / f"{key_id}.pub"
    pair = new_pair()
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if public.exists():
            raise FileExistsError(17, os.strerror(17), str(public))
        _write(private, pair.private, mode=0o600)
        _write(public, pair.public, mode=0o644)
    except FileExistsError as error:
        raise SettingsError(f"{error.filename} exists and is left as it is; name another ID, or another --folder") from None
    except OSError as error:
        raise SettingsError(f"{error.filename or folder} cannot be written: {error.strerror}; name another --folder") from None
    click.echo(f"the engine signs with {private}; it leaves that machine never, and no one else reads it")
    click.echo(f'[risk] engine_keys = ["{key_id}={public}"]')


def _write(file: Path, text: bytes, *, mode: int) -> None:
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as opened:
        opened.write(text)
