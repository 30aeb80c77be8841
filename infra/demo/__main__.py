"""The demo: `python -m infra.demo`, or `make demo`. DEMO_SECONDS says how long it runs (60; 0: until ctrl-C)."""

from __future__ import annotations

import json
import os
import random
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

from rich.console import Console
from rich.live import Live

from infra.demo import view
from infra.demo.figures import Figures, Watch
from infra.demo.stage import FOLDER, Stage, running
from infra.demo.summary import Comparison, compare, settlements
from pipeline.errors import PipelineError, SettingsError

SETTLE_LIMIT = 45.0
"""Seconds that the pipeline may take to book what the venue settled last, over lost frames and reconciliation."""

console = Console(highlight=False)


def main() -> int:
    """Run the demo; return 0 when the books are what the venue says, 1 when not, 69 when something did not start."""
    try:
        seconds = float(os.environ.get("DEMO_SECONDS", "60"))
    except ValueError:
        sys.stderr.write("DEMO_SECONDS: write a number of seconds, 0 for no end\n")
        return 2
    seed = int(os.environ.get("DEMO_SEED", str(random.randrange(10_000))))  # noqa: S311 - which story is told, no secret
    began = time.monotonic()

    def say(text: str) -> None:
        console.print(f"[dim]{time.monotonic() - began:5.1f} s[/dim]  {text}", soft_wrap=True)

    try:
        with running(say, seed=seed) as stage:
            say(f"running; seed {seed} (DEMO_SEED={seed} tells the same story again)")
            watch = Watch(stage)
            try:
                _show(stage, watch, seconds)
            except KeyboardInterrupt:
                console.print("ending")
            return _conclude(stage, watch)
    except KeyboardInterrupt:
        return 130
    except PipelineError as error:
        console.print(f"[red]The demo cannot run:[/red] {error}", soft_wrap=True)
        return 78 if isinstance(error, SettingsError) else 69


def _show(stage: Stage, watch: Watch, seconds: float) -> None:
    began = time.monotonic()

    def elapsed() -> float:
        return time.monotonic() - began

    def going() -> bool:
        if stage.supervisor.poll() is not None:
            raise SettingsError(f"the pipeline ended by itself with {stage.supervisor.returncode}; it said:\n{_tail(stage.supervisor_log)}")
        return not seconds or elapsed() < seconds

    if not console.is_terminal:
        while going():
            console.print(view.line(watch.look(), elapsed=elapsed()), soft_wrap=True)
            time.sleep(5)
        return
    with Live(console=console, refresh_per_second=4, transient=False) as live:
        while going():
            live.update(view.screen(watch.look(), elapsed=elapsed(), seconds=seconds, news=_news(stage.supervisor_log)))
            time.sleep(0.4)


def _conclude(stage: Stage, watch: Watch) -> int:
    _stop_creating(stage)
    figures, compared = _settle(stage, watch)
    console.rule("summary")
    console.print(view.counts(figures), soft_wrap=True)
    good = _say_books(compared)
    for arguments, passed, failed in (
        (("reconcile", "venue"), "the venue's records and the books agree, order by order", "the venue's records and the books differ"),
        (("archive", "verify"), "every archived record has its digest, no offset and no index is missing", "the archive does not verify"),
    ):
        done = stage.custodian(*arguments)
        good &= done.returncode == 0
        _verdict(done.returncode == 0, f"custodian {' '.join(arguments)}: {passed if done.returncode == 0 else failed}")
        if done.returncode:
            console.print((done.stdout + done.stderr).strip(), soft_wrap=True)
    _say_next(stage.settings)
    return 0 if good else 1


def _settle(stage: Stage, watch: Watch) -> tuple[Figures, Comparison]:
    """Wait until the books hold what the truth holds, or the limit is reached."""
    deadline = time.monotonic() + SETTLE_LIMIT
    with console.status("the venue takes no new orders; waiting until everything that settled is booked"):
        while True:
            open_orders = _open_orders(stage)
            truth = settlements(stage.truth)
            listed = stage.custodian("ledger", "entries", "--format", "jsonl")
            compared = compare(truth, (json.loads(line) for line in listed.stdout.splitlines()))
            figures = watch.look()
            caught_up = compared.clean and open_orders == 0 and not figures.trouble and not any(figures.lag.values())
            if caught_up or time.monotonic() > deadline:
                return figures, compared
            time.sleep(1)


def _say_books(compared: Comparison) -> bool:
    text = f"the venue settled {compared.settled} orders in our custody; the books hold {compared.booked}"
    _verdict(compared.clean, text + (", each once, with the venue's amounts" if compared.clean else ""))
    for name in ("missing", "unknown", "twice", "differing"):
        for intent, transaction in getattr(compared, name)[:5]:
            console.print(f"    {name}: {intent} {transaction}")
    return compared.clean


def _say_next(settings: Path) -> None:
    program = Path(sys.executable).parent / "custodian"
    shown = program.relative_to(Path.cwd()) if program.is_relative_to(Path.cwd()) else program
    console.print("\nEverything is stopped; nothing keeps running. To look around, start the services of the demo again:", soft_wrap=True)
    console.print(f"  {shown} dev up --folder {FOLDER / 'services'}")
    console.print(f"  export CUSTODIAN_CONFIG={settings}")
    for what, why in (
        ("orders list --limit 5", "then `orders show INTENT`: an intent's whole story"),
        ("ledger balances", "what the books say"),
        ("dead-letters list --limit 5", "what could not be read, with the reason"),
        ("archive records --limit 5", "the evidence"),
    ):
        console.print(f"  {shown} {what:<30}# {why}", soft_wrap=True)
    console.print(f"  {shown} dev down --folder {FOLDER / 'services'}")


def _verdict(good: bool, text: str) -> None:
    console.print(f"[green]✔[/green] {text}" if good else f"[red]✘[/red] {text}", soft_wrap=True)


def _stop_creating(stage: Stage) -> None:
    request = urllib.request.Request(f"{stage.venue_url}/simulator/stop-creating", data=b"{}", method="POST")  # noqa: S310 - our own venue
    try:
        urllib.request.urlopen(request, timeout=5).close()  # noqa: S310
    except (urllib.error.URLError, TimeoutError) as error:
        console.print(f"the venue did not hear that it shall take no new orders: {error}")


def _open_orders(stage: Stage) -> int | None:
    try:
        with urllib.request.urlopen(f"{stage.venue_url}/simulator/state", timeout=5) as answer:  # noqa: S310 - our own venue
            return int(json.load(answer)["open"])
    except (urllib.error.URLError, TimeoutError):
        return None


def _news(log: Path) -> list[str]:
    """Return the last lines of the supervisor that are worth a look: who died, who is back."""
    lines = []
    for text in log.read_text(encoding="utf-8", errors="replace").splitlines()[-200:]:
        try:
            said = json.loads(text)
        except ValueError:
            lines.append(text)
            continue
        if said.get("level") in ("WARNING", "ERROR", "CRITICAL", "warning", "error", "critical") or said.get("role") == "supervisor":
            lines.append(f"{said.get('role', '')}: {said.get('event') or said.get('message')}")
    return lines


def _tail(file: Path) -> str:
    return "\n".join(file.read_text(encoding="utf-8", errors="replace").splitlines()[-15:])


if __name__ == "__main__":
    raise SystemExit(main())
