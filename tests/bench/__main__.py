"""`python -m tests.bench`: rates and latencies of this machine, each beside a plain program in the same run.

A figure alone says more about the machine than about the product, so every one has a ratio. Nothing here is a test: nothing fails for being
slow, but a benchmark that loses or doubles a record ends with an error.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from pipeline.cli import streams
from tests.bench import accepting, end_to_end, engines, fillfactor, growth, limits, rules, stages
from tests.bench.figures import Figure, merged, print_table, report, shown, surroundings, where, write_json
from tests.bench.ground import Ground, ground

RESULTS = Path(__file__).parent / "results"
BENCHMARKS: Mapping[str, Callable[[Ground, float], list[Figure]]] = {
    "ingest": stages.ingest,
    "dedupe": stages.dedupe,
    "dedupe-librdkafka": partial(stages.dedupe, engine="librdkafka", records_per_second=25_000),
    "dedupe-pure": stages.pure_dedupe,
    "ledger": stages.ledger,
    "archive": stages.archive,
    "engines": engines.engines,
    "growth": growth.growth,
    "fillfactor": fillfactor.fillfactor,
    "rules": rules.rules,
    "replay": rules.replay,
    "limits": limits.limits,
    "latency-200": partial(end_to_end.frame_to_booking, rate=200, hints="full"),
    "latency-200-spine": partial(end_to_end.frame_to_booking, rate=200, hints="full", roles=end_to_end.SPINE),
    "latency-200-librdkafka": partial(end_to_end.frame_to_booking, rate=200, hints="full", engine="librdkafka"),
    "latency-500": partial(end_to_end.frame_to_booking, rate=500, hints="full"),
    "latency-200-reads": partial(end_to_end.frame_to_booking, rate=200, hints="bare"),
    "latency-500-reads": partial(end_to_end.frame_to_booking, rate=500, hints="bare"),
    "accepting-10": partial(accepting.proposal_to_accept, rate=10),
    "accepting-10-librdkafka": partial(accepting.proposal_to_accept, rate=10, engine="librdkafka"),
    "accepting-50": partial(accepting.proposal_to_accept, rate=50),
    "accepting-25-librdkafka": partial(accepting.proposal_to_accept, rate=25, engine="librdkafka"),
    "accepting-50-librdkafka": partial(accepting.proposal_to_accept, rate=50, engine="librdkafka"),
}


ON_DEMAND = frozenset({"fillfactor"})
"""What is measured only when it is asked for by name: it helps to choose, and says nothing of the product's speed."""
PAGES: Mapping[str, Callable[[list[Figure]], Iterator[str]]] = {
    "engines": engines.lines,
    "growth": growth.lines,
    "fillfactor": fillfactor.lines,
}
"""Figures that are curves or choices have a page of their own in `results/`, beside a JSON file of the same name."""


@click.command()
@click.option("--only", multiple=True, type=click.Choice(list(BENCHMARKS)), help="Run these only; may be given several times.")
@click.option("--seconds", type=click.FloatRange(1, 600), default=8.0, show_default=True, help="Roughly how long each measurement takes.")
@click.option("--runs", type=click.IntRange(1, 20), default=1, show_default=True, help="How often; the medians are shown with their range.")
@click.option("--quick", is_flag=True, help="Two seconds each, for a look.")
@click.option(
    "--keys", type=click.IntRange(min=growth.SMALLEST), default=growth.LARGEST, show_default=True, help="Largest state of `growth`."
)
@click.option("--records", type=click.IntRange(min=1_000), help="Records of `engines`; else as many as --seconds gives.")
@click.option("--json", "json_file", type=click.Path(path_type=Path), default=RESULTS / "latest.json", show_default=False)
@click.option("--reference", is_flag=True, help="Write the pages of results/ too, with their JSON: the figures to compare with.")
def main(
    only: tuple[str, ...], seconds: float, runs: int, quick: bool, keys: int, records: int | None, json_file: Path, reference: bool
) -> None:
    """Measure the product on Kafka and PostgreSQL of its own, in a folder that is removed afterwards."""
    streams.prepare()
    console = Console(stderr=True)
    seconds = 2.0 if quick else seconds
    names = only or tuple(name for name in BENCHMARKS if name not in ON_DEMAND)
    benchmarks: dict[str, Callable[[Ground, float], list[Figure]]] = {
        **BENCHMARKS,
        "growth": partial(growth.growth, largest=keys),
        "engines": partial(engines.engines, records=records),
    }
    rounds: list[list[Figure]] = []
    options = {"seconds": seconds, "only": list(names), "keys": keys, "records": records}
    with ground(lambda text: console.print(text, style="dim")) as on:
        for number in range(runs):
            found: list[Figure] = []
            for name in names:
                console.print(f"[dim]{name}[/dim] ({number + 1} of {runs})")
                found += (figures := benchmarks[name](on, seconds))
                for figure in figures:
                    console.print(f"  {figure.name}: {shown(figure.ours)} {figure.unit}, plain {shown(figure.plain)}")
                if not rounds:  # a first run that is cut short leaves what it has
                    write_json(found, json_file, options={**options, "runs": number + 1}, around=surroundings(on.postgresql))
            rounds.append(found)
        around = surroundings(on.postgresql)
    figures, options = merged(rounds), {**options, "runs": runs}
    write_json(figures, json_file, options=options, around=around)
    print_table(figures, json_file=json_file)
    if reference:
        _write_pages(figures, options, around)


def _write_pages(figures: list[Figure], options: dict[str, Any], around: dict[str, Any]) -> None:
    """Write each page that these figures belong to, and its JSON."""
    for page in dict.fromkeys(figure.page for figure in figures):
        here = [figure for figure in figures if figure.page == page]
        name = "reference" if page == "README" else page
        text = report(here, options) if page == "README" else "\n".join([*PAGES[page](here), "", where(around), ""])
        write_json(here, RESULTS / f"{name}.json", options=options, around=around)
        (RESULTS / f"{page}.md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
