"""How benchmarks count: which looks make a rate, which sizes a curve, and that a page can be written from any figures."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import pytest

from tests.bench import engines, fillfactor, growth
from tests.bench.figures import Figure, print_table
from tests.bench.ground import Look, rate_of


def looks(*counts: int) -> list[Look]:
    """Return looks a second apart."""
    return [Look(at=float(second), count=count, cpu=second / 2) for second, count in enumerate(counts)]


def test_one_worker_is_measured_from_its_first_look_to_its_last() -> None:
    """With one worker every look counts."""
    seen = looks(10, 50, 100)
    assert engines._while_shared(seen, [10], 100, 1) == seen


def test_two_workers_are_measured_while_both_have_work() -> None:
    """What one did alone counts neither at the beginning, before the other had partitions, nor at the end, when one may have run out."""
    seen = looks(10, 20, 40, 60, 80, 90, 95, 100)
    shared = engines._while_shared(seen, [20], 100, 2)
    assert [look.count for look in shared] == [20, 40, 60, 80, 90]
    rate = rate_of(shared)
    assert rate.per_second == 17.5
    assert rate.cpu_us == pytest.approx(2e6 / 70)


@pytest.mark.parametrize("both_at", [[], [80]], ids=["never", "late"])
def test_too_short_a_time_with_two_workers_is_no_figure(both_at: list[int]) -> None:
    """Where both had work for less than a quarter of the records there is an error that says what to do."""
    with pytest.raises(RuntimeError, match="give it more --seconds or --records"):
        engines._while_shared(looks(10, 20, 40, 60, 80, 85, 90, 100), both_at, 100, 2)


def test_the_sizes_are_powers_of_ten_and_end_at_the_largest() -> None:
    """The curve has a point per power of ten, and one at the size that was asked for."""
    assert list(map(growth.sizes, (10_000, 1_000_000, 250_000))) == [[10_000], [10_000, 100_000, 1_000_000], [10_000, 100_000, 250_000]]


def test_percentiles_are_of_the_batches() -> None:
    """The middle batch is p50, and of few batches the slowest is p99."""
    at = partial(growth.Batches.at, growth.Batches(per_record=[5.0, 1.0, 3.0, 2.0, 4.0], wal=0, backend_us=0))
    assert (at(0.5), at(0.99)) == (3.0, 5.0)


def test_stories_end_settled_and_grow() -> None:
    """The states that fill pages are those of a whole life: settlement's ends booked, the workflow's waits for nothing."""
    told = fillfactor.settlement_story()
    assert [
        f'"status":"{status}"' in text for (text, _), status in zip(told, ("PENDING", "QUOTED", "EXECUTING", "SETTLED"), strict=True)
    ] == [True] * 4
    assert '"booked"' in told[-1][0]
    told = fillfactor.workflow_story()
    assert len(told) >= 10
    assert any(wake_at is not None for _, wake_at in told)
    assert '"phase":"ended"' in told[-1][0]
    assert told[-1][1] is None


def test_a_page_of_engines_has_a_line_per_figure() -> None:
    """A figure without a plain program leaves those cells empty."""
    with_plain = Figure(
        name="a", unit="records/s", ours=12345.6, plain=24691.2, target=12000, detail={"cpu_us_ours": 51.26, "peak_mib": 150.4}
    )
    alone = Figure(name="b", unit="µs", ours=31.84)
    page = list(engines.lines([with_plain, alone]))
    assert page[2].startswith("`order-updated` records")
    assert "| a | records/s | 12,346 | 24,691 | 0.50 | 12,000 | 51.3 |  | 150 |  |" in page
    assert "| b | µs | 31.8 |  |  |  |  |  |  |  |" in page


def test_the_table_can_be_read_at_80_columns(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """With the reference figures, whose names are the real ones, no line is wider, nothing is cut, and what is left out is said."""
    monkeypatch.setenv("COLUMNS", "80")
    reference = json.loads((Path(__file__).parents[1] / "bench" / "results" / "reference.json").read_text(encoding="utf-8"))
    figures = [Figure(**{key: value for key, value in line.items() if key not in ("ratio", "reached")}) for line in reference["figures"]]
    print_table(figures[:20], json_file=Path("latest.json"))
    table, _, _ = capsys.readouterr().out.partition("\n  ")
    lines = table.splitlines()
    assert max(map(len, lines)) <= 80
    assert "…" not in table
    assert len(lines) < 3 * 20
    text = " ".join(table.split())
    for figure in figures[:20]:
        assert all(word in text for word in figure.name.split())
        assert f" {figure.unit} " in text
    assert "21,993 69,907 0.31 ≥ 20,000 ✔" in text
    assert "not shown in this width: cpu_ours, cpu_plain (latest.json has all)" in text
