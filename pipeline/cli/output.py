"""How commands write what they list: table, json, jsonl, csv (interface, sections 2 and 3).

`table` on a terminal, `jsonl` into a pipe; jsonl and csv are written as rows come. Amounts are decimal strings, times RFC 3339 in UTC,
digests lower-case hex, and what is absent is absent. Nothing found is no lines (`json` writes its empty list).

What a stranger wrote stands in every format as printable characters only (`pipeline.printable`), and a text in a CSV cell is none that a
spreadsheet takes for a formula. `--raw` gives CSV as it is.
"""

from __future__ import annotations

import csv
import json
import re
import sys
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from itertools import islice
from typing import Any, Literal, TypeVar

import click

from pipeline.cli import streams
from pipeline.printable import printable

Format = Literal["table", "json", "jsonl", "csv"]
Row = Mapping[str, Any]
F = TypeVar("F", bound=Callable[..., Any])

CELL_MAX = 200
"""Characters of a table's cell; the other formats show all."""
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?", re.ASCII)
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\N{FULLWIDTH EQUALS SIGN}", "\N{FULLWIDTH PLUS SIGN}", "\N{FULLWIDTH HYPHEN-MINUS}",
            "\N{FULLWIDTH COMMERCIAL AT}")  # fmt: skip
"""What a spreadsheet may begin to calculate at, in a Japanese one also by its wide letters."""
RAW_KEY = "pipeline.cli.raw"
"""Where the context of a command keeps that `--raw` was asked for."""
_FINGERPRINT = re.compile(r"(::[0-9a-f]{8})[0-9a-f]{16,}")
"""The long end of a party id; in a table its beginning is enough to tell parties of one name apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of a table."""

    field: str
    title: str = ""
    value: Callable[[Row], Any] | None = None
    """How to get the cell out of a row, where it is more than the field itself."""
    right: bool = False
    rank: int = 1
    """What goes first when the terminal is narrow: the highest rank."""
    ends: bool = False
    """A digest, or another long value of which the beginning is enough to tell it apart."""
    brief: bool = False
    """As `ends`, but only where a column would go that the next command needs (rank 0)."""
    wraps: int = 24
    """Characters at which a text with spaces may wrap."""

    def cell(self, row: Row) -> str:
        """Return the text of this column in a row."""
        found = self.value(row) if self.value is not None else row.get(self.field)
        return _FINGERPRINT.sub(r"\1…", printable(table_text(found)))[:CELL_MAX]


def listing(command: F) -> F:
    """Give a command `--format` and `--limit`, passed on as `form` and `limit`, and `--raw`."""
    limit = click.option("--limit", type=click.IntRange(min=1), metavar="N", help="At most so many; else all.")
    raw = click.option(
        "--raw",
        is_flag=True,
        expose_value=False,
        callback=_keep_raw,
        help="csv as it is stored: for programs, never for a spreadsheet or a terminal.",
    )
    return formats(limit(raw(command)))


def _keep_raw(context: click.Context, _: click.Parameter, asked: bool) -> None:
    context.meta[RAW_KEY] = asked


def _raw() -> bool:
    context = click.get_current_context(silent=True)
    return context is not None and bool(context.meta.get(RAW_KEY))


def formats(command: F) -> F:
    """Give a command `--format`, passed on as `form`."""
    choice = click.option(
        "--format",
        "form",
        type=click.Choice(["table", "json", "jsonl", "csv"]),
        callback=lambda _context, _option, value: value or default_format(),
        help="Default: table on a terminal, jsonl into a pipe.",
    )
    return choice(command)


def default_format() -> Format:
    """Return "table" on a terminal, else "jsonl"."""
    return "table" if sys.stdout.isatty() else "jsonl"


def show(
    rows: Iterable[Row],
    form: Format,
    *,
    columns: Sequence[Column],
    limit: int | None = None,
    title: str | None = None,
    whole: str = "--format jsonl shows all",
) -> int:
    """Write rows to standard output in a format and return how many there were.

    `whole` says where the columns are that a narrow table leaves out.
    """
    limited = iter(rows) if limit is None else islice(rows, limit)
    try:
        return _show(limited, form, columns, title, whole)
    finally:
        # What streams from a database ends before its connection does, also when the reader of our output has left.
        if isinstance(rows, Generator):
            rows.close()


def _show(rows: Iterator[Row], form: Format, columns: Sequence[Column], title: str | None, whole: str) -> int:
    match form:
        case "jsonl":
            return _lines(rows)
        case "csv":
            return _csv(rows, [column.field for column in columns])
        case "json":
            collected = [plain(row) for row in rows]
            write_json(collected, indent=2)
            return len(collected)
        case "table":
            found = list(rows)
            if found:
                _table(found, columns, title, whole)
            return len(found)


def write(line: str) -> None:
    """Write one line to standard output, of printable characters."""
    sys.stdout.write(printable(line) + "\n")


def write_json(value: Any, *, indent: int | None = None) -> None:
    """Write plain JSON to standard output, on one line or indented; what is not printable is an escape of JSON."""
    separators = (",", ":") if indent is None else None
    sys.stdout.write(printable(json.dumps(value, ensure_ascii=False, indent=indent, separators=separators), lines=True) + "\n")


def say(line: str, *, err: bool = True) -> None:
    """Say one line to whoever called, of printable characters; on standard error, where programs do not look for what was found."""
    click.echo(printable(line), err=err)


def plain(value: Any) -> Any:
    """Return a value as JSON knows it, in the spelling of the interface; members that are None are left out."""
    match value:
        case Mapping():
            return {str(name): plain(inner) for name, inner in value.items() if inner is not None}
        case list() | tuple():
            return [plain(inner) for inner in value]
        case bool() | int() | str() | None:
            return value
        case Decimal():
            return format(value, "f")
        case datetime():
            return time_text(value)
        case bytes() | bytearray() | memoryview():
            return bytes(value).hex()
        case float():
            return round(value, 6)
        case _:
            return str(value)


def time_text(at: datetime) -> str:
    """Write an aware time as RFC 3339 in UTC."""
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def table_text(value: Any) -> str:
    """Return a value for a person: times to the second, the rest as in JSON."""
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case datetime():
            return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")
        case Mapping() if "offset" in value and "topic" in value:
            epoch = f" of epoch {value['epoch']}" if value.get("epoch") else ""
            return f"{value['topic']}[{value.get('partition')}]@{value['offset']}{epoch}"
        case Mapping():
            return ", ".join(f"{name} {table_text(inner)}" for name, inner in value.items())
        case list() | tuple():
            return ", ".join(table_text(inner) for inner in value)
        case str() if _TIME.fullmatch(value):
            return value[:19].replace("T", " ")
        case _:
            return str(plain(value))


def _lines(rows: Iterator[Row]) -> int:
    count = 0
    for row in rows:
        write_json(plain(row))
        count += 1
    return count


def _csv(rows: Iterator[Row], fields: Sequence[str]) -> int:
    raw = _raw()
    writer = csv.writer(streams.unguarded(sys.stdout) if raw else sys.stdout, lineterminator="\n")
    count = 0
    for row in rows:
        if not count:
            writer.writerow(fields)
        shown = plain(row)
        cells = [_csv_cell(shown.get(name)) for name in fields]
        writer.writerow(cells if raw else [_harmless(cell) for cell in cells])
        count += 1
    return count


def _csv_cell(value: Any) -> Any:
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else value


def _harmless(cell: Any) -> Any:
    """Return a CSV cell that shows on a screen what it is, and that no spreadsheet calculates; a number stays a number."""
    if not isinstance(cell, str) or _NUMBER.fullmatch(cell):
        return cell
    return ("'" if cell.startswith(_FORMULA) else "") + printable(cell)


def _table(rows: Sequence[Row], columns: Sequence[Column], title: str | None, whole: str) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    from pipeline.cli import drawing

    console = drawing.console()
    shown = [column for column in columns if any(column.cell(row) for row in rows)]
    cells = {column.field: [column.cell(row) for row in rows] for column in shown}
    chosen, shortened = fit(shown, cells, console.width)
    table = Table(box=SIMPLE_HEAD, title=title, title_justify="left", pad_edge=False, show_edge=False, padding=(0, 1, 0, 0))
    for column in chosen:
        keep_whole = not column.ends and all(" " not in cell for cell in cells[column.field])
        table.add_column(
            column.title or column.field.replace("_", " "),
            justify="right" if column.right else "left",
            no_wrap=keep_whole or column.ends or column in shortened,
            overflow="fold",
        )
    for number in range(len(rows)):
        table.add_row(*(Text(_short(cells[c.field][number]) if c in shortened else cells[c.field][number]) for c in chosen))
    console.print(table)
    left_out = [column.title or column.field for column in shown if column not in chosen]
    if left_out:
        console.print(f"not shown in this width: {', '.join(left_out)} ({whole})", style="dim")


def by_rank(columns: Sequence[Column]) -> list[Column]:
    """Return columns as a table has them that people act upon: ids that may be shortened first, then by what matters."""
    return sorted(columns, key=lambda column: (column.rank, not column.ends))


SHORT = 13
"""Characters that a shortened digest takes: enough of its beginning to search for."""


def fit(columns: Sequence[Column], cells: Mapping[str, Sequence[str]], width: int) -> tuple[list[Column], list[Column]]:
    """Return the columns that fit into a width, and those of them whose values have to be shortened.

    Digests are shortened first; then columns go, the highest rank first; before one of rank 0 goes, what may be brief is. A text with
    spaces may wrap.
    """

    def need(column: Column, short: bool) -> int:
        longest = max((len(cell) for cell in cells[column.field]), default=0)
        if short:
            longest = min(longest, SHORT)
        elif any(" " in cell for cell in cells[column.field]) and not column.ends:
            longest = min(longest, column.wraps)
        return max(longest, len(column.title or column.field)) + 2

    chosen = list(columns)
    shortened: list[Column] = []
    if sum(need(column, short=False) for column in chosen) > width:
        shortened = [column for column in chosen if column.ends]
    while len(chosen) > 1 and sum(need(column, short=column in shortened) for column in chosen) > width:
        highest = max(column.rank for column in chosen)
        if highest == 0 and (more := [column for column in chosen if column.brief and column not in shortened]):
            shortened += more
            continue
        # Among equals the last goes: what matters most stands first.
        chosen.remove([column for column in chosen if column.rank == highest][-1])
    return chosen, shortened


def _short(text: str) -> str:
    return text if len(text) <= SHORT else text[: SHORT - 1] + "…"
