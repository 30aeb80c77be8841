"""The demo: `python -m infra.demo`, or `make demo`.

DEMO_SECONDS says how long it runs (60; 0: until ctrl-C), DEMO_SEED which story is told, DEMO_MODE=shadow that nothing is sent to the venue.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

from rich.live import Live
from rich.text import Text

from infra.demo import view
from infra.demo.figures import Figures, Watch
from infra.demo.officer import NAME, Officer, Said
from infra.demo.stage import FOLDER, Mode, Stage, running
from infra.demo.summary import Accepted, Comparison, compare, judge, settlements
from pipeline.cli import drawing, streams
from pipeline.errors import OutputError, PipelineError, SettingsError
from pipeline.printable import lines_of, printable
from pipeline.supervisor.exits import code_of

SETTLE_LIMIT = 45.0
"""Seconds that the pipeline may take to book what the venue settled last, over lost frames and reconciliation."""
START_LIMIT = 60.0
"""Seconds that the roles may take to start, before orders come all the same."""
LAST_ORDERS = 18.0
"""Seconds before its end, at most a third of it, when the demo's venue takes no new orders: those there are live 25 s."""
MODES: dict[str, Mode] = {"live": "live", "shadow": "shadow"}
LARGE = ("1200000", "1400000", "1300000", "1100000")
"""Dollars of the orders that are placed for the officer until one was approved and one refused: too much to pass without a person."""
LARGE_EVERY = 15.0
"""Seconds after which the next one is placed although nobody came to answer the last."""

streams.prepare()  # before the console asks how wide the terminal is
console = drawing.console()


def main() -> int:
    """Run the demo; return 0 when the books are what the venue says, 1 when not, 69 when something did not start."""
    try:
        seconds = float(os.environ.get("DEMO_SECONDS", "60"))
    except ValueError:
        sys.stderr.write("DEMO_SECONDS: write a number of seconds, 0 for no end\n")
        return 2
    mode = MODES.get(os.environ.get("DEMO_MODE", "live"))
    if mode is None:
        sys.stderr.write("DEMO_MODE: write live or shadow\n")
        return 2
    seed = int(os.environ.get("DEMO_SEED", str(random.randrange(10_000))))  # noqa: S311 - which story is told, no secret
    began = time.monotonic()

    def say(text: str) -> None:
        console.print(Text.assemble((f"{time.monotonic() - began:5.1f} s", "dim"), f"  {text}"), soft_wrap=True)

    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends as ctrl-C does: nothing may keep running
    try:
        with running(say, seed=seed, mode=mode) as stage:
            say(f"running, accepting {mode}; seed {seed} (DEMO_SEED={seed} tells the same story again)")
            desk = Desk(stage, live_view=console.is_terminal)
            watch = Watch(stage)
            try:
                _open(stage, watch)
                say("every role works; the venue opens")
                _show(stage, watch, desk, seconds)
            except KeyboardInterrupt:
                console.print("ending")
            try:
                return _conclude(stage, watch, desk)
            finally:
                desk.officer.stop()
    except KeyboardInterrupt:
        return 130
    except OutputError as error:
        sys.stderr.write(f"{error}\n")
        return code_of(error)
    except PipelineError as error:
        console.print(Text.assemble(("The demo cannot run:", "red"), f" {lines_of(str(error))}"), soft_wrap=True)
        return 78 if isinstance(error, SettingsError) else 69


def _open(stage: Stage, watch: Watch) -> None:
    """Let the venue take orders when every role works: when of two that are placed before one is booked, and one decided on."""
    deadline, placed = time.monotonic() + START_LIMIT, False
    with console.status("waiting for the roles of the pipeline"):
        while time.monotonic() < deadline:
            _check_running(stage)
            figures = watch.look()
            if figures.booked and figures.accepting.latest:
                break
            up = {role.name for role in figures.roles if role.alive and role.healthy}
            if not placed and up >= {name for names in view.ROLES for name in names}:
                with contextlib.suppress(OSError):  # the venue is slow: at the next look
                    stage.place_first_orders()
                    placed = True
            time.sleep(0.5)
    _tell_venue(stage, "start-creating")


class Desk:
    """The officer's desk: what was said there, and the large orders that make sure that there is something to say."""

    def __init__(self, stage: Stage, *, live_view: bool) -> None:
        """With a live view what is said is shown in it, else printed at once."""
        self.said: list[str] = []
        self._stage, self._live_view = stage, live_view
        self._placed: list[float] = []
        self.officer = Officer(stage.officer, self._say)

    def attend(self, figures: Figures) -> None:
        """Place the next large order when it is time: the first when decisions are made, another when the last one is answered."""
        if self.done or len(self._placed) == len(LARGE) or not figures.accepting.latest:
            return
        if not self._placed:
            self.officer.start()
        elif len(self.officer.spoken) < len(self._placed) and time.monotonic() < self._placed[-1] + LARGE_EVERY:
            return
        with contextlib.suppress(OSError):  # the venue is slow: at the next look
            self._stage.place_order(LARGE[len(self._placed)])
            self._placed.append(time.monotonic())

    @property
    def done(self) -> bool:
        """Tell whether one referral was approved and one refused."""
        return self.officer.became("refuse") is not None

    def _say(self, text: str) -> None:
        self.said.append(f"{NAME}: {text}")
        if not self._live_view:
            console.print(printable(self.said[-1]), soft_wrap=True)


def _show(stage: Stage, watch: Watch, desk: Desk, seconds: float) -> None:
    began = time.monotonic()

    def elapsed() -> float:
        return time.monotonic() - began

    last_orders = seconds - min(LAST_ORDERS, seconds / 3)

    def going() -> bool:
        nonlocal last_orders
        _check_running(stage)
        if seconds and elapsed() > last_orders:
            last_orders = float("inf")
            _tell_venue(stage, "stop-creating")
        return stage.venue_end is None and (not seconds or elapsed() < seconds)

    if not console.is_terminal:
        shown = 0.0
        while going():
            figures = watch.look()
            desk.attend(figures)
            if elapsed() >= shown:
                console.print(view.line(figures, elapsed=elapsed()), soft_wrap=True)
                shown = elapsed() + 5
            time.sleep(1)
        return
    with Live(console=console, refresh_per_second=4, transient=False) as live:
        while going():
            figures = watch.look()
            desk.attend(figures)
            news = _news(stage.supervisor_log)
            live.update(view.screen(figures, elapsed=elapsed(), seconds=seconds, mode=stage.mode, spoken=desk.said, news=news))
            time.sleep(0.8)


def _conclude(stage: Stage, watch: Watch, desk: Desk) -> int:
    _tell_venue(stage, "stop-creating")
    figures, compared = _settle(stage, watch, desk)
    desk.officer.stop()
    console.rule("summary")
    console.print(view.counts(figures), soft_wrap=True)
    if deaths := stage.deaths():
        console.print(f"  roles that died and were started again: {', '.join(f'{role} {count}' for role, count in deaths.items())}")
    if stage.supervisors_killed:
        console.print(f"  the pipeline as a whole was killed and started again: {stage.supervisors_killed}")
    ended = stage.venue_end
    if ended:
        _verdict(False, f"{ended}: what it said until then is compared, and it can be asked no more")
    good = _say_books(compared) and not ended
    good &= _say_accepting(stage, desk)
    for arguments, passed, failed in (
        (("reconcile", "venue"), "the venue's records and the books agree, order by order", "the venue's records and the books differ"),
        (("archive", "verify"), "every archived record has its digest, no offset and no index is missing", "the archive does not verify"),
    ):
        if ended and "venue" in arguments:
            continue
        done = stage.custodian(*arguments)
        good &= done.returncode == 0
        _verdict(done.returncode == 0, f"custodian {' '.join(arguments)}: {passed if done.returncode == 0 else failed}")
        if done.returncode:
            console.print((done.stdout + done.stderr).strip(), soft_wrap=True)
    _say_next(stage.settings)
    return 0 if good else 1


def _settle(stage: Stage, watch: Watch, desk: Desk) -> tuple[Figures, Comparison]:
    """Wait until the books hold what the truth holds, or the limit is reached."""
    deadline = time.monotonic() + SETTLE_LIMIT
    with console.status("the venue takes no new orders; waiting until everything that settled is booked"):
        while True:
            _bring_back(stage)
            open_orders = _open_orders(stage)
            truth = settlements(stage.truth)
            listed = stage.custodian("ledger", "entries", "--format", "jsonl")
            compared = compare(truth, (json.loads(line) for line in listed.stdout.splitlines()))
            figures = watch.look()
            desk.attend(figures)
            ended = stage.venue_end or (open_orders == 0 and desk.done and not figures.trouble)
            caught_up = compared.clean and ended and not any(figures.lag.values())
            if caught_up or time.monotonic() > deadline:
                return figures, compared
            time.sleep(1)


def _say_books(compared: Comparison) -> bool:
    text = f"the venue settled {compared.settled} orders in our custody; the books hold {compared.booked}"
    _verdict(compared.clean, text + (", each once, with the venue's amounts" if compared.clean else ""))
    for name in ("missing", "unknown", "twice", "differing"):
        for intent, transaction in getattr(compared, name)[:5]:
            console.print(printable(f"    {name}: {intent} {transaction}"))
    return compared.clean


def _say_accepting(stage: Stage, desk: Desk) -> bool:
    lines = map(json.loads, stage.truth.read_text(encoding="utf-8").splitlines())
    decisions = _listed(stage, "decisions", "list")
    judged = judge(lines, decisions, _listed(stage, "commands", "list"), shadow=stage.mode == "shadow")
    shadow = stage.mode == "shadow"
    good = not judged.wrong and (shadow or judged.accepted > 0)
    text = f"the venue received {judged.calls} accept calls, {judged.accepted} proposals and {judged.co_signed} quotes were taken by them"
    if good:
        flawless = "; none twice, none over the sender's maximum or after its time, each on a decision made before"
        text = "nothing was sent to the venue" if shadow else text + flawless
    _verdict(good, text)
    for found in judged.wrong[:10]:
        console.print(f"    {printable(found)}", soft_wrap=True)
    became = ", ".join(f"{name} {count}" for name, count in sorted(judged.passed.items(), key=lambda one: -one[1]))
    would = "would have let pass" if shadow else "let pass"
    console.print(
        f"  of {sum(judged.passed.values())} proposals that policy and people {would}, these became: {became or 'none'}", soft_wrap=True
    )
    for said in ("approve", "refuse"):
        _say_referral(desk, said, judged)
    _say_alarms(stage)
    return good


def _say_alarms(stage: Stage) -> None:
    alarms = Counter(line["kind"] for line in _listed(stage, "alarms", "list"))
    if alarms:
        counted = ", ".join(f"{kind} {count}" for kind, count in sorted(alarms.items()))
        console.print(
            f"  alarms: {counted} (the venue does much wrong on purpose, and a busy machine decides late; infra/runbooks/ explains each)",
            soft_wrap=True,
        )


def _say_referral(desk: Desk, said: Said, judged: Accepted) -> None:
    spoken = desk.officer.became(said)
    verb = {"approve": "approved", "refuse": "refused"}[said]
    if spoken is None:
        console.print(f"  no referral was {verb}: none came in time")
        return
    console.print(
        f"  the referral that {NAME} {verb}: order {spoken.intent_id} is {judged.status.get(spoken.intent_id, 'unknown')}", soft_wrap=True
    )


def _listed(stage: Stage, *arguments: str) -> list[dict[str, Any]]:
    listed = stage.custodian(*arguments, "--format", "jsonl")
    return [json.loads(line) for line in listed.stdout.splitlines()]


def _say_next(settings: Path) -> None:
    program = Path(sys.executable).parent / "custodian"
    shown = program.relative_to(Path.cwd()) if program.is_relative_to(Path.cwd()) else program
    console.print("\nEverything is stopped; nothing keeps running. To look around, start the services of the demo again:", soft_wrap=True)
    console.print(f"  {shown} dev up --folder {FOLDER / 'services'}")
    console.print(f"  export CUSTODIAN_CONFIG={settings}")
    for what, why in (
        ("orders list --limit 5", "then `orders show INTENT`: an intent's whole story"),
        ("decisions list --limit 5", "each yes and no; `decisions show ID`: what every rule saw"),
        ("commands list --limit 5", "what the venue was told, and what became of it"),
        ("ledger balances", "what the books say"),
        ("dead-letters list --limit 5", "what could not be read, with the reason"),
        ("archive records --limit 5", "the evidence"),
    ):
        console.print(f"  {shown} {what:<30}# {why}", soft_wrap=True)
    console.print(f"  {shown} dev down --folder {FOLDER / 'services'}")


def _verdict(good: bool, text: str) -> None:
    console.print(Text.assemble(("✔", "green") if good else ("✘", "red"), f" {text}"), soft_wrap=True)


def _bring_back(stage: Stage) -> None:
    stage.bring_services_back()
    if stage.bring_pipeline_back():
        console.print("the pipeline was killed, all of it, and is started again", soft_wrap=True)


def _check_running(stage: Stage) -> None:
    _bring_back(stage)
    if stage.supervisor.poll() is not None:
        raise SettingsError(f"the pipeline ended by itself with {stage.supervisor.returncode}; it said:\n{_tail(stage.supervisor_log)}")


def _tell_venue(stage: Stage, path: str) -> None:
    try:
        stage.ask_venue(path, now=True)
    except OSError as error:
        console.print(f"the venue did not hear {path}: {error}")


def _open_orders(stage: Stage) -> int | None:
    try:
        return int(stage.ask_venue("state")["open"])
    except OSError:
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
