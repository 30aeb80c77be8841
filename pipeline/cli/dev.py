"""`custodian dev`: the embedded Kafka and PostgreSQL of a folder, for trying out, for the demo and for tests.

Follows the command table: exit 0 done, 1 not both answer (`status`), 69 a service does not start or a port is taken,
78 settings. The services themselves are `infra/embedded`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import click

from pipeline.cli.output import Column, Format, formats, show
from pipeline.errors import ServiceAwayError, SettingsError

EXIT_FINDING, EXIT_SERVICE_AWAY, EXIT_SETTINGS = 1, 69, 78
_COLUMNS = ("service", "state", "pid", "address", "version", "log")

_folder = click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(".custodian"),
    show_default=True,
    help="Where data, logs, ports and passwords of the services lie.",
)


@click.group()
def dev() -> None:
    """Start, stop and show an Apache Kafka and a PostgreSQL that need no Docker, no Java and no root."""


@dev.command()
@_folder
@click.option("--new-ports", is_flag=True, help="Choose other ports when the ones used so far are taken.")
@click.option(
    "--write-config",
    "config",
    is_flag=False,
    flag_value="custodian.toml",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="[PATH]",
    help="Also write a settings file (custodian.toml) for these services and the venue simulator.",
)
@click.option("--force", is_flag=True, help="Let --write-config replace a file that exists.")
@click.option("--secure", is_flag=True, help="Let nobody into a new Kafka without a login, one per role, and deny what is not granted.")
def up(folder: Path, new_ports: bool, config: Path | None, force: bool, secure: bool) -> None:
    """Start what does not run; what runs is left alone."""
    with _exit_codes():
        from infra.embedded.services import EmbeddedServices
        from infra.embedded.settings_file import refuse_to_overwrite, write_settings

        if config is not None and not force:
            refuse_to_overwrite(config)
        if secure and (folder / "kafka").exists() and not (folder / "secrets" / "kafka-admin").exists():
            raise SettingsError(f"{folder} has a Kafka that lets everybody in; choose another folder with --folder")
        addresses = EmbeddedServices(folder, note=_note, secure=secure).up(new_ports=new_ports)
        if config is not None:
            write_settings(config, addresses)
            _note(f"wrote {config} and, where it was missing, policy.toml beside it; next: custodian init")
    if not addresses.started:
        _note("Kafka and PostgreSQL are up already; nothing to do")
    click.echo(f"kafka     {addresses.bootstrap_servers}")
    click.echo(f"postgres  {addresses.postgres_dsn}  (password in {addresses.password_file})")


@dev.command()
@_folder
def down(folder: Path) -> None:
    """Stop what `up` started here, and nothing else; data stays."""
    with _exit_codes():
        from infra.embedded.services import EmbeddedServices

        stopped = EmbeddedServices(folder, note=_note).down()
    _note(f"stopped {' and '.join(stopped)}" if stopped else "nothing of this folder was running")


@dev.command()
@_folder
@formats
def status(folder: Path, form: Format) -> None:
    """Show both services; exit 0 when both answer, 1 otherwise."""
    with _exit_codes():
        from infra.embedded.services import EmbeddedServices

        found = EmbeddedServices(folder).status()
    rows = [{name: getattr(each, name) for name in _COLUMNS} for each in found]
    show(rows, form, columns=[Column(field=name) for name in _COLUMNS])
    if any(each.state != "running" for each in found):
        raise SystemExit(EXIT_FINDING)


@contextlib.contextmanager
def _exit_codes() -> Iterator[None]:
    """Turn what can go wrong into one text on standard error and the exit code that stands for it."""
    try:
        yield
    except ImportError as error:
        _note(f"{error}. The embedded services come with pip install 'custodian-settlement-pipeline[embedded]'")
        raise SystemExit(EXIT_SERVICE_AWAY) from error
    except ServiceAwayError as error:
        _note(str(error))
        raise SystemExit(EXIT_SERVICE_AWAY) from error
    except SettingsError as error:
        _note(str(error))
        raise SystemExit(EXIT_SETTINGS) from error


def _note(text: str) -> None:
    click.echo(text, err=True)


if __name__ == "__main__":
    dev(prog_name="custodian dev")
