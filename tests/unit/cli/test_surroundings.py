"""What the program does with streams, terminals, arguments and folders that are not as one expects: as a process, as a user meets it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

PROGRAM = [sys.executable, "-m", "pipeline.cli.main"]
LIST = ["policy", "check", "--list", "--format"]
REPOSITORY = Path(__file__).parents[3]


def run(*arguments: str | bytes, shell: str = "", environment: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[bytes]:
    """Run the program; `shell` is what a shell would have behind the command, such as ">&-"."""
    return subprocess.run(
        ["/bin/sh", "-c", f'exec "$@" {shell}', "sh", *PROGRAM, *arguments],
        capture_output=True,
        check=False,
        timeout=60,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY), **(environment or {})},
    )


@pytest.mark.parametrize("form", ["table", "jsonl"])
@pytest.mark.parametrize(("shell", "why"), [(">/dev/full", "No space left on device"), (">&-", "Bad file descriptor")])
def test_an_output_that_takes_nothing_is_said_and_has_a_code(form: str, shell: str, why: str) -> None:
    """A full disk and a closed standard output end with 74 and one line, whatever the format; a finding does not hide it."""
    for command in ([*LIST, form], ["dev", "status", "--folder", "nowhere", "--format", form]):
        done = run(*command, shell=shell)
        assert (done.returncode, done.stderr.decode()) == (74, f"standard output cannot be written to: {why}\n")


@pytest.mark.parametrize("asked", ["--help", "--version"])
def test_help_into_a_full_disk_is_an_error_too(asked: str) -> None:
    """What click itself writes is no exception."""
    assert run(asked, shell=">/dev/full").returncode == 74


@pytest.mark.parametrize("shell", ["2>&-", "2>/dev/full", "<&- 2>&-"])
def test_without_standard_error_the_exit_code_speaks(shell: str) -> None:
    """Nobody can be told why, and the code is what it would have been; what is found is written."""
    assert run("ordres", shell=shell).returncode == 2
    assert run("--config", "missing.toml", "status", shell=shell).returncode == 78
    found = run(*LIST, "jsonl", shell=shell)
    assert found.returncode == 0
    assert len(found.stdout.splitlines()) > 5


def test_a_reader_that_leaves_is_no_error() -> None:
    """`| head` ends the program in silence."""
    done = run(*LIST, "json", shell="| head -c 1")
    assert (done.stdout, done.stderr) == (b"[", b"")


@pytest.mark.parametrize(("encoding", "form"), [("latin-1", "table"), ("latin-1", "jsonl"), ("cp1252", "json"), ("ascii", "csv")])
def test_what_a_terminal_cannot_show_is_written_as_json_writes_it(encoding: str, form: str) -> None:
    """Letters beyond the encoding do not end the program, none is lost, and JSON stays JSON."""
    folder = Path("/nowhere/größe東😀")
    done = run("dev", "status", "--folder", str(folder), "--format", form, environment={"PYTHONIOENCODING": encoding, "COLUMNS": "200"})
    assert done.returncode == 1
    shown = done.stdout.decode(encoding)
    assert "\\u6771\\ud83d\\ude00" in shown
    if form.startswith("json"):
        rows = json.loads(shown) if form == "json" else [json.loads(line) for line in shown.splitlines()]
        assert [Path(row["log"]).parent for row in rows] == [folder, folder]


@pytest.mark.parametrize("command", [["orders", "show"], ["ledger", "entries", "--intent"], ["alarms", "list", "--subject"]])
def test_an_argument_that_is_no_text_is_a_usage_error(command: list[str]) -> None:
    """Bytes that are not UTF-8 are named, before anything is asked of a database."""
    done = run(*command, b"\xff\xfe")
    assert done.returncode == 2
    assert "is not UTF-8" in done.stderr.decode()


def test_a_folder_may_have_any_name() -> None:
    """Names of files are bytes: one that is no text is shown with its bytes escaped."""
    done = run("dev", "status", "--folder", b"/nowhere/\xff", "--format", "jsonl")
    assert done.returncode == 1
    assert "/nowhere/\\udcff/kafka.log" in done.stdout.decode()


@pytest.mark.parametrize("columns", ["0", "-1", "x"])
def test_a_terminal_without_size_is_as_wide_as_any(columns: str) -> None:
    """COLUMNS=0, as some terminals and schedulers say, hides nothing."""
    done = run(*LIST, "table", environment={"COLUMNS": columns, "LINES": columns})
    assert done.returncode == 0
    assert "travel_rule_codes_present" in done.stdout.decode()


@pytest.mark.parametrize("length", ["3000000d", "99999999999999999999999999999d", "9" * 400 + "d", "1٣d"])
def test_an_absurd_duration_is_a_usage_error(length: str) -> None:
    """What no calendar holds is refused with what to write."""
    done = run("states", "prune", "--older-than", length)
    assert done.returncode == 2
    assert "36500d at most" in done.stderr.decode() or "is no duration" in done.stderr.decode()


@pytest.mark.parametrize("moment", ["9999-12-31", "0001-01-01", "9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+14:00"])
def test_the_ends_of_the_calendar_are_moments_like_others(moment: str) -> None:
    """A question as of the last day asks the database, which is away here."""
    for asked in ("--as-of", "--known-at"):
        done = run("ledger", "entries", asked, moment, environment={"CUSTODIAN_POSTGRES__DSN": "postgresql://u@127.0.0.1:1/d"})
        assert done.returncode == 69, done.stderr


def test_a_current_folder_that_is_gone_is_said(tmp_path: Path) -> None:
    """The program does not know where it is, and says so."""
    gone = tmp_path / "gone"
    script = f'mkdir "{gone}" && cd "{gone}" && rmdir "{gone}" && exec "$@"'
    for command in (["status"], ["dev", "status"]):
        done = subprocess.run(
            ["/bin/sh", "-c", script, "sh", *PROGRAM, *command],
            capture_output=True,
            check=False,
            timeout=60,
            env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        )
        assert (done.returncode, done.stderr.decode()) == (78, "the current folder does not exist any more; go to one that does\n")
