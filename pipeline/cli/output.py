"""How commands write what they list: table, json, jsonl, csv (interface, sections 2 and 3).

`table` on a terminal, `jsonl` into a pipe; jsonl and csv are written as rows come. Amounts are decimal strings, times RFC 3339 in UTC,
digests lower-case hex, and what is absent is absent. Nothing found is no lines (`json` writes its empty list).
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

Format = Literal["table", "json", "jsonl", "csv"]
Row = Mapping[str, Any]
F = TypeVar("F", bound=Callable[..., Any])

CELL_MAX = 200
"""Characters of a table's cell; the other formats show all."""
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
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

    def cell(self, row: Row) -> str:
        """Return the text of this column in a row."""
        found = self.value(row) if self.value is not None else row.get(self.field)
        return _FINGERPRINT.sub(r"\1…", table_text(found))[:CELL_MAX]


def listing(command: F) -> F:
    """Give a command `--format` and `--limit`, passed on as `form` and `limit`."""
    limit = click.option("--limit", type=click.IntRange(min=1), metavar="N", help="At most so many; else all.")
    return formats(limit(command))


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
            write(json.dumps(collected, indent=2, ensure_ascii=False))
            return len(collected)
        case "table":
            found = list(rows)
            if found:
                _table(found, columns, title, whole)
            return len(found)


def write(line: str) -> None:
    """Write one line to standard output."""
    sys.stdout.write(line + "\n")


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
            return f"{value['topic']}[{value.get('partition')}]@{value['offset']}"
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
        write(json.dumps(plain(row), ensure_ascii=False, separators=(",", ":")))
        count += 1
    return count


def _csv(rows: Iterator[Row], fields: Sequence[str]) -> int:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    count = 0
    for row in rows:
        if not count:
            writer.writerow(fields)
        shown = plain(row)
        writer.writerow([_csv_cell(shown.get(name)) for name in fields])
        count += 1
    return count


def _csv_cell(value: Any) -> Any:
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else value


def _table(rows: Sequence[Row], columns: Sequence[Column], title: str | None, whole: str) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(highlight=False, soft_wrap=False)
    shown = [column for column in columns if any(column.cell(row) for row in rows)]
    cells = {column.field: [column.cell(row) for row in rows] for column in shown}
    chosen, shortened = fit(shown, cells, console.width)
    table = Table(box=SIMPLE_HEAD, title=title, title_justify="left", pad_edge=False, show_edge=False, padding=(0, 1, 0, 0))
    for column in chosen:
        keep_whole = not column.ends and all(" " not in cell for cell in cells[column.field])
        table.add_column(
            column.title or column.field.replace("_", " "),
            justify="right" if column.right else "left",
            no_wrap=keep_whole or column.ends,
            overflow="fold",
        )
    for number in range(len(rows)):
        table.add_row(*(Text(_short(cells[c.field][number]) if c in shortened else cells[c.field][number]) for c in chosen))
    console.print(table)
    left_out = [column.title or column.field for column in shown if column not in chosen]
    if left_out:
        console.print(f"not shown in this width: {', '.join(left_out)} ({whole})", style="dim")


SHORT = 13
"""Characters that a shortened digest takes: enough of its beginning to search for."""


def fit(columns: Sequence[Column], cells: Mapping[str, Sequence[str]], width: int) -> tuple[list[Column], list[Column]]:
    """Return the columns that fit into a width, and those of them whose values have to be shortened.

    Digests are shortened first; then columns go, the highest rank first; a text with spaces may wrap at 24 characters.
    """

    def need(column: Column, short: bool) -> int:
        longest = max((len(cell) for cell in cells[column.field]), default=0)
        if short:
            longest = min(longest, SHORT)
        elif any(" " in cell for cell in cells[column.field]) and not column.ends:
            longest = min(longest, 24)
        return max(longest, len(column.title or column.field)) + 2

    chosen = list(columns)
    shortened: list[Column] = []
    if sum(need(column, short=False) for column in chosen) > width:
        shortened = [column for column in chosen if column.ends]
    while len(chosen) > 1 and sum(need(column, short=column in shortened) for column in chosen) > width:
        highest = max(column.rank for column in chosen)
        # Among equals the last goes: what matters most stands first.
        chosen.remove([column for column in chosen if column.rank == highest][-1])
    return chosen, shortened


def _short(text: str) -> str:
    return text if len(text) <= SHORT else text[: SHORT - 1] + "…"
