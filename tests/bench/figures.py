"""What a benchmark found, as a table for people and as JSON."""

from __future__ import annotations

import json
import os
import platform
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

from infra.embedded.jars import KAFKA_VERSION
from pipeline.cli.output import Column, show, write


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One measurement: ours and the plain program's in the same run, in the same unit; `target` is in that unit too."""

    name: str
    unit: str
    ours: float
    plain: float | None = None
    target: float | None = None
    note: str = ""
    detail: dict[str, Any] = field(default_factory=dict)
    page: str = "README"
    """The page of `results/` that it is reported on."""

    @property
    def lower_is_better(self) -> bool:
        """Tell latencies from rates."""
        return self.unit in ("ms", "µs")

    @property
    def ratio(self) -> float | None:
        """Return ours divided by the plain program's."""
        return self.ours / self.plain if self.plain else None

    @property
    def reached(self) -> bool | None:
        """Tell whether the target is reached; None where there is none."""
        if self.target is None:
            return None
        return self.ours < self.target if self.lower_is_better else self.ours >= self.target


def merged(runs: Sequence[Sequence[Figure]]) -> list[Figure]:
    """Return the median of several runs of the same benchmarks, with the spread of each figure in its detail."""
    found = []
    for same in zip(*runs, strict=True):
        ours = [figure.ours for figure in same]
        plain = [figure.plain for figure in same if figure.plain is not None]
        middle = min(same, key=lambda figure: abs(figure.ours - statistics.median(ours)))
        spread = {"ours": [min(ours), max(ours)], **({"plain": [min(plain), max(plain)]} if plain else {}), "runs": len(ours)}
        found.append(
            Figure(
                name=middle.name,
                unit=middle.unit,
                ours=statistics.median(ours),
                plain=statistics.median(plain) if plain else None,
                target=middle.target,
                note=middle.note,
                page=middle.page,
                detail={**middle.detail, "spread": spread},
            )
        )
    return found


def machine() -> str:
    """Name this machine by its size only."""
    gibibytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{os.cpu_count()} vCPU, {round(gibibytes)} GiB, {platform.system()}, Python {platform.python_version()}"


def shown(number: float | None) -> str:
    """Write a figure with as many digits as it deserves."""
    if number is None:
        return ""
    return f"{number:,.0f}" if abs(number) >= 100 else f"{number:.1f}" if abs(number) >= 10 else f"{number:.2f}"


def _range(figure: Figure) -> str:
    low, high = figure.detail.get("spread", {}).get("ours", (figure.ours, figure.ours))
    return "" if low == high else f"{shown(low)} to {shown(high)}"


COLUMNS = (
    Column(field="benchmark", rank=0),
    Column(field="unit", rank=0),
    Column(field="ours", rank=0, right=True),
    Column(field="plain", rank=1, right=True),
    Column(field="ratio", rank=0, right=True),
    Column(field="target", rank=1, right=True, value=lambda row: f"{row['target']} {row['reached']}".rstrip()),
    Column(field="range", rank=2, right=True),
    Column(field="cpu_ours", rank=3, right=True),
    Column(field="cpu_plain", rank=3, right=True),
)


def print_table(figures: Sequence[Figure], *, json_file: Path) -> None:
    """Print one line per figure, with the columns that the terminal has room for; all are in `json_file`."""
    show([_row(figure) for figure in figures], "table", columns=COLUMNS, title=f"custodian on {machine()}", whole=f"{json_file} has all")
    for figure in figures:
        if figure.note:
            write(f"  {figure.name}: {figure.note}")


def _row(figure: Figure) -> dict[str, str]:
    """Return the cells of a figure, as texts."""
    ratio = "" if figure.ratio is None else f"{figure.ratio:.2f}"
    target = "" if figure.target is None else f"{'< ' if figure.lower_is_better else '≥ '}{shown(figure.target)}"
    ours, plain = _cpu(figure)
    return {
        "benchmark": figure.name,
        "unit": figure.unit,
        "ours": shown(figure.ours),
        "plain": shown(figure.plain),
        "ratio": ratio,
        "target": target,
        "reached": {None: "", True: "✔", False: "✘"}[figure.reached],
        "range": _range(figure),
        "cpu_ours": ours,
        "cpu_plain": plain,
    }


def surroundings(postgresql: str) -> dict[str, Any]:
    """Name the machine, what ran on it, and how busy it was in the last 1, 5 and 15 minutes (processes that wanted a processor)."""
    return {
        "machine": machine(),
        "kafka": KAFKA_VERSION,
        "librdkafka": version("confluent-kafka"),
        "faust": version("faust-streaming"),
        "postgresql": postgresql,
        "load_average": [round(load, 1) for load in os.getloadavg()],
    }


def where(told: dict[str, Any]) -> str:
    """Return the surroundings as a sentence."""
    loads = ", ".join(f"{load:g}" for load in told["load_average"])
    return (
        f"{told['machine']}, Kafka {told['kafka']}, PostgreSQL {told['postgresql']}, confluent-kafka {told['librdkafka']}, "
        f"faust-streaming {told['faust']}; load average at the end {loads}."
    )


def write_json(figures: Sequence[Figure], file: Path, *, options: dict[str, Any], around: dict[str, Any]) -> None:
    """Write the figures with the machine's size and the options of the run."""
    lines = [asdict(figure) | {"ratio": figure.ratio, "reached": figure.reached} for figure in figures]
    text = json.dumps({**around, "options": options, "figures": lines}, indent=1, sort_keys=True, default=str)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text + "\n", encoding="utf-8")


def report(figures: Sequence[Figure], options: dict[str, Any]) -> str:
    """Return the page that stands beside the reference figures."""
    lines = [
        "# Figures",
        "",
        f"`make bench` on {machine()}: {options['runs']} runs of some {options['seconds']:g} s each, medians and range.",
        "Kafka, PostgreSQL (fsync on), the venue and what is measured share the processors. `plain` is a program that does the bare work,",
        "measured in the same run (`tests/bench/plain.py`): compare ratios, not figures of other machines. CPU is the processor time",
        "of the measured program per record, its start included for ingest.",
        "",
        "| benchmark | unit | ours | range | plain | ratio | target | CPU ours | CPU plain |",
        "|---|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for figure in figures:
        row = _row(figure)
        cells = [row[name] for name in ("benchmark", "unit", "ours", "range", "plain", "ratio", "target", "cpu_ours", "cpu_plain")]
        lines.append(f"| {' | '.join(cells)} |")
    lines += ["", *(f"* {figure.name}: {figure.note}" for figure in figures if figure.note), ""]
    return "\n".join(lines)


def _cpu(figure: Figure) -> list[str]:
    return [f"{figure.detail[name]:.0f} µs" if name in figure.detail else "" for name in ("cpu_us_ours", "cpu_us_plain")]
