"""What the program says and which code it exits with, one case per kind of error."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import click
import pytest
from click.testing import CliRunner

from pipeline.cli.lazy import Entry, Group, LazyGroup, Text
from pipeline.cli.main import ENTRIES, main, program
from pipeline.errors import (
    FatalError,
    OutputError,
    PositionHoleError,
    RetryableError,
    ServiceAwayError,
    SettingsError,
    TopicReplacedError,
)
from pipeline.supervisor.exits import code_of, meaning


class _RefusedError(Exception):
    sqlstate = "42501"


def _caused_by(cause: Exception) -> FatalError:
    error = FatalError("PostgreSQL refuses")
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (SettingsError("x"), 78),
        (ServiceAwayError("x"), 69),
        (RetryableError("x"), 75),
        (FatalError("x"), 70),
        (_caused_by(_RefusedError()), 78),
        (OutputError("x"), 74),
        (PositionHoleError("x"), 80),
        (TopicReplacedError("x"), 82),
        (ValueError("x"), 70),
    ],
)
def test_each_kind_of_error_has_its_exit_code(error: Exception, code: int) -> None:
    """The interface's codes; a database that forbids is a matter of settings."""
    assert code_of(error) == code


@pytest.mark.parametrize(
    ("returncode", "said"),
    [(-signal.SIGKILL, "killed by SIGKILL"), (78, "settings are wrong"), (-63, "killed by signal 63"), (3, "exit code 3")],
)
def test_the_end_of_a_role_is_said_in_words(returncode: int, said: str) -> None:
    """Signals have their names and our codes their meaning."""
    assert said in meaning(returncode)


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["ordres"], 2, "did you mean 'orders'?"),
        (["orders", "lsit"], 2, "did you mean 'list'?"),
        (["orders", "list", "--statsu", "X"], 2, "--status"),
        (["run", "ledgre"], 2, "did you mean 'ledger'?"),
        (["run", "console"], 2, "not in this release"),
        (["run"], 2, "ROLE"),
        (["ledger", "entries", "--as-of", "yesterday"], 2, "2025-03-15T09:00:00Z"),
        (["ledger", "entries", "--as-of", "2025-03-15T09:00:00"], 2, "no time zone"),
        (["--config", "missing.toml", "status"], 78, "missing.toml"),
        (["status", "--config", "missing.toml"], 78, "missing.toml"),
        (["orders", "--config", "missing.toml", "list"], 78, "missing.toml"),
        (["orders", "list", "--config", "missing.toml"], 78, "missing.toml"),
    ],
)
def test_a_wrong_call_exits_with_its_code_and_says_what_to_do(
    arguments: list[str], code: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """One or few plain lines on standard error, nothing on standard output, no traceback."""
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    out, err = capsys.readouterr()
    assert ended.value.code == code
    assert said in err
    assert "Traceback" not in err
    assert out == ""


def _below(command: click.Command) -> Iterator[click.Command]:
    """Yield a command and all below it."""
    yield command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            assert inner is not None
            yield from _below(inner)


def test_every_command_reads_texts_alike() -> None:
    """No argument or option of any command takes bytes that are no text, or misses an intent for its capitals."""
    parameters = [parameter for command in _below(program) for parameter in command.params]
    assert len(parameters) > 100
    assert not [parameter.name for parameter in parameters if parameter.type is click.STRING]
    text = Text()
    assert text.convert("F47AC10B-58CC-4372-A567-0E02B2C3D479", None, None) == "f47ac10b-58cc-4372-a567-0e02b2c3d479"
    assert text.convert("Größe: F47AC10B", None, None) == "Größe: F47AC10B"
    with pytest.raises(click.BadParameter, match="not UTF-8"):
        text.convert("\udcff", None, None)


@click.group(cls=Group)
def _broken() -> None:
    """Fail in several ways."""


@_broken.command()
@click.argument("how")
def fail(how: str) -> None:
    """Raise something."""
    match how:
        case "ctrl-c":
            raise KeyboardInterrupt
        case "fault":
            raise ZeroDivisionError("password=hunter2hunter2 divided")
        case "away":
            raise ServiceAwayError("Kafka does not answer")


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["broken", "fail", "ctrl-c"], 130, "ctrl-C"),
        (["broken", "fail", "away"], 69, "Kafka does not answer"),
        (["broken", "fail", "fault"], 70, "a fault of this program: ZeroDivisionError"),
    ],
)
def test_errors_inside_commands(
    arguments: list[str], code: int, said: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever a command raises becomes a line and a code, and a password in it does not get out."""
    entries = {**ENTRIES, "broken": Entry(f"{__name__}:_broken", "")}
    monkeypatch.setattr("pipeline.cli.main.program", LazyGroup(name="custodian", entries=entries))
    for debug in ([], ["--debug"]):
        with pytest.raises(SystemExit) as ended:
            main([*arguments, *debug])
        err = capsys.readouterr().err
        assert ended.value.code == code
        assert said in err
        assert "hunter2" not in err
        assert ("Traceback" in err) == bool(debug and code != 130)


def test_the_help_names_every_command_and_each_has_help_of_its_own() -> None:
    """`--help` works for the program and for every command below it, with `--config` in each."""
    shown = CliRunner().invoke(program, ["--help"]).output
    for name in ENTRIES:
        assert name in shown
        own = CliRunner().invoke(program, [name, "--help"])
        assert own.exit_code == 0
        assert "--config" in own.output
