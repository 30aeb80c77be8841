"""What strangers wrote, on a screen: over all of Unicode, by every door through which the program writes.

The judge shares nothing with `pipeline.printable`: it goes by Unicode's own categories, directions and names.
"""

from __future__ import annotations

import csv
import io
import json
import logging
import re
import sys
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, TextIO, cast

import click
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from infra.demo import view
from infra.demo.figures import Figures
from pipeline.cli import drawing, main, streams
from pipeline.cli.decision_text import lines_of
from pipeline.cli.output import Column, listing, say, show, write
from pipeline.errors import FatalError
from pipeline.log.faults import fault_of
from pipeline.observability.logs import JsonLines, Lines
from pipeline.printable import printable
from pipeline.supervisor.output import for_person
from pipeline.supervisor.supervisor import Plan, Supervisor

EVERY = "".join(map(chr, range(0x110000)))
"""Each code point once, lone surrogates included."""
_NOT_SHOWN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
_DIRECTIONS = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI", "BN"}
_WITHOUT_WIDTH = re.compile(r"ZERO WIDTH|JOINER|VARIATION SELECTOR|FILLER|INHERENT|VOWEL SEPARATOR|NO-BREAK|SOFT HYPHEN")


def harmful(letter: str) -> bool:
    """Tell whether a character drives a terminal, turns the direction, or is not seen."""
    return (
        unicodedata.category(letter) in _NOT_SHOWN
        or unicodedata.bidirectional(letter) in _DIRECTIONS
        or (unicodedata.category(letter) in ("Mn", "Lo", "Zs") and bool(_WITHOUT_WIDTH.search(unicodedata.name(letter, ""))))
    )


HARMFUL = frozenset(filter(harmful, EVERY))
_TOLD = "".join(sorted(letter for letter in HARMFUL if unicodedata.category(letter) not in ("Cn", "Co", "Cs"))) + EVERY[::89]
PIECES = [_TOLD[at : at + 1024] for at in range(0, len(_TOLD), 1024)]
"""For every door: each harmful character that Unicode names, and every 89th of all. What becomes of a character does not depend on those
beside it, and of each by itself the first test tells."""


def judge(shown: str) -> None:
    """Fail when something harmful but the end of a line stands in what was shown."""
    assert not (set(shown) - {"\n"}) & HARMFUL


@contextmanager
def screen(*, terminal: bool = False) -> Iterator[Callable[[], str]]:
    """Put the program's own guarded streams over bytes in the place of the real ones; give what returns all that was written."""

    class Bytes(io.BytesIO):
        def isatty(self) -> bool:
            return terminal

    raw = Bytes()
    before = sys.stdout, sys.stderr
    guarded = streams.Guarded(raw, encoding="utf-8", errors="surrogatepass", write_through=True)
    sys.stdout = sys.stderr = cast(TextIO, guarded)
    try:
        yield lambda: raw.getvalue().decode("utf-8", "surrogatepass")
    finally:
        sys.stdout, sys.stderr = before
        guarded.detach()


def test_every_character_is_shown_as_itself_or_as_an_escape_that_means_it() -> None:
    """Over all of Unicode: nothing harmful is left, everything that is seen stays, and JSON reads the escapes back."""
    shown = printable(EVERY)
    judge(shown)
    assert "\n" not in shown
    plain = "".join(letter for letter in EVERY if letter not in '"\\')
    assert json.loads(f'"{printable(plain)}"') == plain.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
    # A space that is none (U+00A0, U+3000) is told apart from one; a few marks are shown by us as what they are.
    spaces = {letter for letter in EVERY if unicodedata.category(letter) == "Zs"} - {" "}
    assert {letter for letter in EVERY if printable(letter) != letter} == HARMFUL | spaces


@given(st.text(), st.text(), st.booleans())
def test_a_text_is_made_printable_piece_by_piece(one: str, other: str, lines: bool) -> None:
    """What was cut and what was not come out alike, and what is printable already stays as it is."""
    whole = printable(one + other, lines=lines)
    assert whole == printable(one, lines=lines) + printable(other, lines=lines)
    assert printable(whole, lines=lines) == whole


COLUMNS = (Column(field="id"), Column(field="text"), Column(field="nested"))


@pytest.mark.parametrize("form", ["table", "json", "jsonl", "csv"])
@pytest.mark.parametrize("terminal", [False, True])
def test_every_format_of_a_list_shows_all_of_unicode(form: Any, terminal: bool) -> None:
    """Cells and nested members alike, into a pipe and on a terminal; JSON means what was stored, and a row is a line."""
    rows = [{"id": number, "text": piece, "nested": {piece[:9]: [piece]}} for number, piece in enumerate(PIECES)]
    with screen() as shown:
        assert show(rows, form, columns=COLUMNS) == len(rows)
        found = shown()
    if terminal and form == "table":
        with screen(terminal=True) as shown:
            show(rows, form, columns=COLUMNS)
            # What rich itself says to the terminal is styles, and nothing else.
            found = re.sub(r"\x1b\[[0-9;]*m", "", shown())
    judge(found)
    if form == "jsonl":
        stored = [line["text"] for line in map(json.loads, found.split("\n")[:-1])]
        assert stored == [piece.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass") for piece in PIECES]
    if form == "csv":
        assert len(found.split("\n")) == len(rows) + 2


FORMULAS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


@pytest.mark.parametrize("first", FORMULAS)
def test_a_spreadsheet_calculates_nothing_that_a_stranger_wrote(first: str) -> None:
    """A text that begins like a formula is one behind an apostrophe."""
    with screen() as shown:
        show([{"id": f"{first}cmd|' /C calc'!A0"}], "csv", columns=COLUMNS[:1])
        (_, row) = csv.reader(io.StringIO(shown()))
    assert row[0].startswith("'")
    assert row[0][1:] == printable(f"{first}cmd|' /C calc'!A0")


@pytest.mark.parametrize("number", [-5, Decimal("-0.10"), "-120.50", "+7", 0, "1000", True])
def test_a_number_in_csv_stays_a_number(number: Any) -> None:
    """Debits below zero can be added up."""
    with screen() as shown:
        show([{"id": number}], "csv", columns=COLUMNS[:1])
        (_, row) = csv.reader(io.StringIO(shown()))
    assert row == [str(number).lower()]


@given(st.text(min_size=1))
def test_no_cell_of_csv_begins_like_a_formula(text: str) -> None:
    """Whatever stands in a text column."""
    with screen() as shown:
        show([{"id": text}], "csv", columns=COLUMNS[:1])
        rows = list(csv.reader(io.StringIO(shown())))
    cell = rows[1][0] if len(rows) > 1 and rows[1] else ""
    assert not cell.startswith(FORMULAS) or re.fullmatch(r"[+-]?[0-9]+(\.[0-9]+)?", cell)


def test_raw_gives_csv_as_it_is_stored() -> None:
    """Only who asks for it gets it."""

    @click.command()
    @listing
    def list_(form: Any, limit: int | None) -> None:
        show([{"id": "=1\u202e\x1b[2J"}], form, columns=COLUMNS[:1], limit=limit)

    def cell(*arguments: str) -> str:
        return list(csv.reader(io.StringIO(CliRunner().invoke(list_, ["--format", "csv", *arguments]).stdout)))[1][0]

    assert cell("--raw") == "=1\u202e\x1b[2J"
    assert cell() == "'=1\\u202e\\u001b[2J"


def test_a_guarded_stream_takes_nothing_else_whoever_writes() -> None:
    """Also what a command prints past our own functions, in lines, by print or by click; only the way for rich leads past it."""
    with screen() as shown:
        for piece in PIECES:
            print(piece)
            click.echo(piece, err=True)
            sys.stdout.writelines([piece, piece])
            write(piece)
            say(piece)
        judge(shown())
        lines = shown().count("\n")
    # Of each piece three ways keep a line feed that stands in it, of which there is one; what we write by a line is a line.
    assert lines == 4 * len(PIECES) + 4
    with screen() as shown:
        streams.unguarded(sys.stdout).write("\x1b[2J")
        assert shown() == "\x1b[2J"


@pytest.mark.parametrize("lasting", [False, True])
def test_what_is_drawn_brings_no_sequence_of_its_own(lasting: bool) -> None:
    """A bar's words and a table's cells, on a terminal: rich's own sequences and no others, and no markup becomes a link."""
    with screen(terminal=True) as shown:
        console = drawing.console(stderr=lasting)
        for piece in PIECES:
            console.print(piece, soft_wrap=True)
        console.print("[link=https://example.com]here[/link] [red]\x1b]8;;https://example.com\x1b\\there")
        found = shown()
    judge(found)
    assert "[link=https://example.com]here[/link] [red]\\u001b]8;;" in found


def test_logs_show_all_of_unicode() -> None:
    """For a program one line of JSON, for a person one line; message, extras and an exception's text, of our own process and of a child."""
    for piece in PIECES:
        try:
            raise ValueError(piece)
        except ValueError:
            record = logging.getLogger("x").makeRecord("x", logging.ERROR, __file__, 1, "it said %s", (piece,), sys.exc_info())
        record.reason = piece
        person = Lines().format(record)
        machine = JsonLines(role="ledger", instance="i").format(record)
        judge(person)
        judge(machine)
        assert "\n" not in person + machine
        child = for_person("ledger", json.loads(machine))
        judge(child)
        # Only the traceback takes further lines, and none of them can pass for another's.
        assert all(line.startswith("    ") for line in child.split("\n")[1:])
        assert fault_of(ValueError(piece)).text.isprintable()


def test_what_a_child_writes_passes_the_supervisor_as_escapes() -> None:
    """Whatever a role writes: our lines of JSON, and what a library wrote past them."""

    class Said:
        def __init__(self) -> None:
            self.lines: list[str] = []

        def line(self, text: str) -> None:
            self.lines.append(text)

    for human in (False, True):
        said = Said()
        supervisor = Supervisor([Plan(role="ledger", command=[])], cast(Any, said), monotonic=lambda: 0.0, human=human)
        child = supervisor._children[0]
        for raw in ("a library\x1b[2J\u202e", json.dumps({"ts": "2025-03-15T09:00:00Z", "event": "x\u009b\u200b"}, ensure_ascii=False)):
            supervisor._pass_on(child, raw)
        assert len(said.lines) == 2
        assert all(line.isprintable() and "\\u" in line for line in said.lines)


def test_an_error_is_lines_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a venue or a database put into an error: printable, and further lines are indented."""

    def fail(*_: object, **__: object) -> None:
        raise FatalError(f"the venue said {_TOLD}FORGED")

    monkeypatch.setattr(main.program, "invoke", fail)
    monkeypatch.setattr(streams, "prepare", lambda: None)
    with screen() as shown:
        with pytest.raises(SystemExit):
            main.main(["status"])
        judge(shown())
        assert all(line.startswith("    ") for line in shown().split("\n")[1:-1])


def test_the_demo_shows_all_of_unicode() -> None:
    """Its live view, its plain line, and what its officer says."""
    with screen(terminal=True) as shown:
        console = drawing.console()
        for piece in PIECES:
            figures = Figures(trouble=piece)
            console.print(view.screen(figures, elapsed=1, seconds=0, spoken=[piece], news=[piece]))
            console.print(view.line(figures, elapsed=1))
        found = re.sub(r"\x1b\[[0-9;]*m", "", shown())
    judge(found)


def test_a_decision_shows_all_of_unicode() -> None:
    """Names, inputs and quotes of rules and engines; each line is one of ours."""
    for piece in PIECES:
        rule = {"name": piece, "check": piece, "verdict": "REFER", "explanation": piece, "inputs": {piece: piece}}
        shown = {
            "decision_id": piece,
            "verdict": piece,
            "question": piece,
            "rules": [rule],
            "quotes": [{piece: piece}],
            "order": {piece: piece},
        }
        assert all(set(line).isdisjoint(HARMFUL) for line in lines_of(shown, width=100))


def test_nobody_writes_past_the_guarded_streams() -> None:
    """The doors that let anything through are used where it is said, and nowhere else."""
    from pathlib import Path

    root = Path(__file__).parents[3]
    doors = {
        "unguarded(": {"pipeline/cli/streams.py", "pipeline/cli/drawing.py", "pipeline/cli/output.py"},
        "stdout.buffer": {"pipeline/cli/dead_letters.py"},
        "rich.console import Console": {"pipeline/cli/drawing.py"},
    }
    sources = {
        str(path.relative_to(root)): path.read_text() for top in ("pipeline", "connectors", "infra") for path in (root / top).rglob("*.py")
    }
    for door, users in doors.items():
        assert {name for name, text in sources.items() if door in text} == users, door


def test_a_time_and_a_nested_place_stay_readable() -> None:
    """What is ours looks as before."""
    with screen() as shown:
        show(
            [{"id": datetime(2025, 3, 15, tzinfo=UTC), "text": "größe 東京 🏦", "nested": {"topic": "t", "partition": 1, "offset": 2}}],
            "table",
            columns=COLUMNS,
        )
        assert "2025-03-15 00:00:00" in shown()
        assert "größe 東京 🏦" in shown()
        assert "t[1]@2" in shown()
