"""The formats of lists: what is written, and what a narrow terminal still shows."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest

from pipeline.cli.output import Column, fit, plain, show, table_text

COLUMNS = (Column(field="id", rank=0), Column(field="amount", right=True, rank=1), Column(field="sha256", rank=2, ends=True))
ROWS: list[dict[str, Any]] = [
    {"id": "a", "amount": Decimal("1E+3"), "sha256": bytes(32), "absent": None},
    {"id": "b", "amount": Decimal("0.000000000000000001"), "sha256": b"\xff" * 32, "nested": {"offset": 3, "gone": None}},
]


def test_jsonl_spells_values_as_the_interface_says(capsys: pytest.CaptureFixture[str]) -> None:
    """Amounts are decimal strings without exponent, digests hex, and absent members are absent."""
    assert show(ROWS, "jsonl", columns=COLUMNS) == 2
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert lines[0] == {"id": "a", "amount": "1000", "sha256": "00" * 32}
    assert lines[1] == {"id": "b", "amount": "0.000000000000000001", "sha256": "ff" * 32, "nested": {"offset": 3}}


def test_csv_has_a_header_and_json_in_nested_cells(capsys: pytest.CaptureFixture[str]) -> None:
    """A CSV reader gets the columns by name and a nested value as JSON."""
    show([*ROWS, {"id": 'c"\n,'}], "csv", columns=[*COLUMNS, Column(field="nested")])
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert rows[1]["amount"] == "0.000000000000000001"
    assert json.loads(rows[1]["nested"]) == {"offset": 3}
    assert rows[2] == {"id": 'c"\\u000a,', "amount": "", "sha256": "", "nested": ""}


@pytest.mark.parametrize(("form", "written"), [("jsonl", ""), ("csv", ""), ("table", ""), ("json", "[]\n")])
def test_nothing_found_is_no_lines(form: Any, written: str, capsys: pytest.CaptureFixture[str]) -> None:
    """An empty list writes nothing; json writes its empty array."""
    assert show([], form, columns=COLUMNS) == 0
    assert capsys.readouterr().out == written


def test_a_limit_reads_no_more_than_it_shows_and_ends_what_streams(capsys: pytest.CaptureFixture[str]) -> None:
    """With a limit of two a generator is asked for two rows and closed."""
    asked: list[int] = []
    closed: list[bool] = []

    def rows() -> Iterator[dict[str, Any]]:
        try:
            for number in range(1_000):
                asked.append(number)
                yield {"id": number}
        finally:
            closed.append(True)

    assert show(rows(), "jsonl", columns=COLUMNS, limit=2) == 2
    assert asked == [0, 1]
    assert closed == [True]
    assert capsys.readouterr().out == '{"id":0}\n{"id":1}\n'


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (datetime(2025, 3, 15, 18, 0, 18, 500_000, timezone(timedelta(hours=9))), "2025-03-15T09:00:18.500000Z"),
        (datetime(2025, 3, 15, tzinfo=UTC), "2025-03-15T00:00:00.000000Z"),
        (memoryview(b"\x0a"), "0a"),
        (True, True),
        ((Decimal("1.10"),), ["1.10"]),
    ],
)
def test_a_value_in_json(value: Any, text: Any) -> None:
    """Times are RFC 3339 in UTC whatever their zone, bytes hex, and a decimal keeps the digits that it has."""
    assert plain(value) == text


def test_a_table_cell_is_for_a_person() -> None:
    """Coordinates read as topic[partition]@offset, times lose their fraction."""
    assert table_text({"topic": "custody.x", "partition": 2, "offset": 7}) == "custody.x[2]@7"
    assert table_text("2025-03-15T09:00:18.500000Z") == "2025-03-15 09:00:18"


INTENT = "f47ac10b-58cc-4372-a567-0e02b2c3d479"
WIDE = (
    Column(field="intent_id", rank=0),
    Column(field="status", rank=0),
    Column(field="transaction_hash", rank=1, ends=True),
    Column(field="first_seen_at", rank=3),
    Column(field="updated_at", rank=2),
)
CELLS = {
    "intent_id": [INTENT],
    "status": ["SETTLED"],
    "transaction_hash": ["9f" * 32],
    "first_seen_at": ["2025-03-15T09:00:18Z"],
    "updated_at": ["2025-03-15T09:00:19Z"],
}


@pytest.mark.parametrize(
    ("width", "fields", "shortened"),
    [
        (160, ["intent_id", "status", "transaction_hash", "first_seen_at", "updated_at"], []),
        (120, ["intent_id", "status", "transaction_hash", "first_seen_at", "updated_at"], ["transaction_hash"]),
        (90, ["intent_id", "status", "transaction_hash", "updated_at"], ["transaction_hash"]),
        (80, ["intent_id", "status", "transaction_hash"], ["transaction_hash"]),
        (20, ["intent_id"], []),
    ],
)
def test_a_narrow_terminal_keeps_ids_whole(width: int, fields: list[str], shortened: list[str]) -> None:
    """Digests are shortened first, then columns go by rank; the intent id is never cut."""
    chosen, short = fit(WIDE, CELLS, width)
    assert [column.field for column in chosen] == fields
    assert [column.field for column in short if column in chosen] == shortened


def test_a_table_shows_whole_intent_ids_in_80_columns(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """What is printed at 80 columns holds the id in one piece and says what was left out."""
    monkeypatch.setenv("COLUMNS", "80")
    show([{name: cells[0] for name, cells in CELLS.items()}], "table", columns=WIDE)
    out = capsys.readouterr().out
    assert INTENT in out
    assert "9f9f9f9f9f9f…" in out
    assert "not shown in this width: first_seen_at" in out
    assert max(map(len, out.splitlines())) <= 80
