"""Starts what the demo needs below `.custodian/demo`, and ends all of it."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

from infra.demo.officer import LOGIN
from infra.embedded.children import ServiceStartError
from infra.embedded.services import Addresses, EmbeddedServices
from infra.embedded.settings_file import POLICY, SIMULATOR_URL, settings_text
from pipeline.errors import FatalError

FOLDER = Path(".custodian") / "demo"
DEMO_POLICY = Path(__file__).resolve().parents[1] / "policies" / "demo.toml"
FAULTS = (
    *("duplicate=0.3", "drop=0.02", "reorder=0.05", "skip_executing=0.1", "poison=0.01", "server_error=0.01", "cut_inside_frame=0.002"),
    *("accept_applied_502=0.03", "accept_conflict=0.02", "quote_breaks_guard=0.03"),
)
"""What the venue does wrong on purpose."""
RATE = 2
"""Orders per second: seven processes, Kafka, PostgreSQL and the venue share what may be two cores."""
SPEED = 10
LIFE = ("--order-lifetime", "250", "--quote-validity", "120", "--quote-spread", "0.01")
"""At that speed an order lives 25 s and a quote 12 s: enough for a person, and the demo does not wait long for the last one.

Senders' maxima lie 1 % and more above the best quote: with that spread only quotes made so on purpose break them.
"""
SETTINGS = """
[workflow]
quote_window = "800ms"
quote_margin = "1s"

[currencies.JPYSC0]
scale = 4
[currencies.USDCx]
scale = 6
[currencies.EURCx]
scale = 6
[currencies.KRWC0]
scale = 0
[currencies.DAIx]
scale = 18

[mode]
accepting = "{mode}"
"""
REFERRAL_EXPIRES = "18s"
START_LIMIT = 60.0

Say = Callable[[str], None]
Mode = Literal["live", "shadow"]


@dataclass(slots=True)
class Stage:
    """What is running, and where its files are."""

    folder: Path
    settings: Path
    truth: Path
    venue_url: str
    venue: subprocess.Popen[bytes]
    start_supervisor: Callable[[], subprocess.Popen[bytes]]
    supervisor: subprocess.Popen[bytes]
    supervisor_log: Path
    mode: Mode
    services: EmbeddedServices
    supervisors_killed: int = 0

    def bring_services_back(self) -> None:
        """Start Kafka or PostgreSQL again where somebody has killed it: here nobody else would. At the next look when it cannot be yet."""
        with contextlib.suppress(ServiceStartError):
            self.services.up()

    def bring_pipeline_back(self) -> bool:
        """Start the pipeline again where somebody has killed the whole of it, as a service manager would; tell whether that was so."""
        if self.supervisor.poll() != -signal.SIGKILL:
            return False
        self.supervisor = self.start_supervisor()
        self.supervisors_killed += 1
        return True

    @property
    def venue_end(self) -> str | None:
        """Return how the venue ended by itself, in words; None while it runs. What it knew is gone with it, so nobody starts it again."""
        code = self.venue.poll()
        return None if code is None else f"the venue ended by itself with {code}"

    def deaths(self) -> Counter[str]:
        """Return which roles died and were started again, and how often."""
        lines = self.supervisor_log.read_text(encoding="utf-8", errors="replace").splitlines()
        return Counter(json.loads(line)["died_role"] for line in lines if '"died_role": ' in line and line.endswith("}"))

    def custodian(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the program on the demo's settings and return what it said."""
        command = [*_CUSTODIAN, "--config", str(self.settings), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120, env=_environment())

    def officer(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the program as the risk officer, whose login is no other's, and return what it said."""
        command = [*_CUSTODIAN, "--config", str(self.settings), "--login", LOGIN, *arguments]
        environment = {**_environment(), "CUSTODIAN_LOGIN_PASSWORD_FILE": str(_password_of_officer(self.folder))}
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120, env=environment)

    def ask_venue(self, path: str, **asked: Any) -> dict[str, Any]:
        """Ask the venue's door for tests something, or tell it something; raise OSError when it is away."""
        return _ask(self.venue_url, path, **asked)

    def place_first_orders(self) -> None:
        """Let two small orders come, one on each side of ours, by which it shows that the pipeline works; raise OSError."""
        self.ask_venue("orders", orders=[{"side": side, "target_amount": "1000"} for side in ("receiver", "sender")])

    def place_order(self, target_amount: str) -> str:
        """Let an institution of ours ask for so many dollars against yen, and return the intent; raise OSError."""
        order = {"side": "sender", "target_currency": "USDCx", "target_amount": target_amount, "fx_rate": "112.0", "quotes": 2}
        order |= {"console_user": self.mode == "shadow"}
        return str(self.ask_venue("orders", orders=[order])["intents"][0])


_CUSTODIAN = (sys.executable, "-m", "pipeline.cli.main")


@contextlib.contextmanager
def running(say: Say, *, seed: int, mode: Mode = "live", folder: Path = FOLDER) -> Iterator[Stage]:
    """Start services, venue and pipeline from nothing; end them all on the way out, whatever happened.

    Raise ServiceAwayError or FatalError when something does not start.
    """
    services = EmbeddedServices(folder / "services", note=say)
    with contextlib.ExitStack() as ends:
        services.down()
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        ends.callback(services.down)
        addresses = services.up()
        say("starting the venue, which repeats, drops, reorders and breaks what it sends")
        venue, venue_url = _start_venue(ends, folder, seed, mode)
        _ask(venue_url, "stop-creating", now=True)  # who comes before the pipeline works would wait, and fall behind
        settings = _write_settings(folder, addresses, venue_url, mode)
        say("starting the pipeline")
        _initialise(settings)
        _make_officer(settings, folder)
        log = folder / "pipeline.log"
        start = partial(_start, ends, "the pipeline", [*_CUSTODIAN, "--config", str(settings), "up"], log)
        yield Stage(folder, settings, folder / "truth.jsonl", venue_url, venue, start, start(), log, mode, services)


def _ask(venue_url: str, path: str, **asked: Any) -> dict[str, Any]:
    body = json.dumps(asked).encode() if asked else None
    request = urllib.request.Request(f"{venue_url}/simulator/{path}", data=body)  # noqa: S310 - our own venue
    with urllib.request.urlopen(request, timeout=5) as answer:  # noqa: S310
        read: dict[str, Any] = json.load(answer)
        return read


def _start_venue(ends: contextlib.ExitStack, folder: Path, seed: int, mode: Mode) -> tuple[subprocess.Popen[bytes], str]:
    """Start the venue and return its process and address.

    Live, all that needs us waits for our calls, in shadow somebody in the venue's console does what we would.

    That one takes some seconds over the quotes, so that we have decided as well.
    """
    port_file = folder / "venue.port"
    command = [*_CUSTODIAN, "simulate", "musubi", "--listen", "127.0.0.1:0", "--port-file", str(port_file)]
    command += ["--secret-file", str(folder / "secrets" / "tokyo"), "--truth", str(folder / "truth.jsonl"), "--seed", str(seed)]
    command += ["--speed", str(SPEED), "--rate", str(RATE), "--mix", "receiver=30,sender=55,both=15", *LIFE]
    command += ["--console-user", "0"] if mode == "live" else ["--console-user", "1", "--institution", "late"]
    for fault in FAULTS:
        command += ["--fault", fault]
    venue = _start(ends, "the venue", command, folder / "venue.log")
    deadline = time.monotonic() + START_LIMIT
    while not port_file.exists():
        if venue.poll() is not None or time.monotonic() > deadline:
            raise FatalError(f"the venue did not start:\n{_tail(folder / 'venue.log')}")
        time.sleep(0.05)
    return venue, f"http://127.0.0.1:{port_file.read_text().strip()}"


def _write_settings(folder: Path, addresses: Addresses, venue_url: str, mode: Mode) -> Path:
    shutil.copyfile(DEMO_POLICY, folder / POLICY)
    lines = []
    for written in settings_text(addresses, folder).splitlines():
        line = written.replace(SIMULATOR_URL, venue_url)
        lines.append(line)
        if line.startswith("base_url"):
            lines += ["requests_per_second = 100", "request_burst = 100", 'reconcile_interval = "10s"']  # an order lives 25 s
        elif line.startswith("policy_file"):
            lines.append(f'referral_expires = "{REFERRAL_EXPIRES}"')
    settings = folder / "custodian.toml"
    settings.write_text("\n".join(lines) + "\n" + SETTINGS.format(mode=mode), encoding="utf-8")
    return settings


def _initialise(settings: Path) -> None:
    _run(settings, "init")


def _make_officer(settings: Path, folder: Path) -> None:
    """Give the risk officer a login of their own: who keeps the tables cannot approve."""
    file = _password_of_officer(folder)
    file.write_text(secrets.token_urlsafe(24), encoding="utf-8")
    file.chmod(0o600)
    _run(settings, "people", "add", LOGIN, "--may", "approve", "--password-file", str(file))


def _password_of_officer(folder: Path) -> Path:
    return folder / "secrets" / LOGIN


def _run(settings: Path, *arguments: str) -> None:
    command = [*_CUSTODIAN, "--config", str(settings), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=_environment())
    if done.returncode:
        raise FatalError(f"custodian {arguments[0]} ended with {done.returncode}:\n{done.stderr}")


def _start(ends: contextlib.ExitStack, name: str, command: list[str], log: Path) -> subprocess.Popen[bytes]:
    with log.open("ab") as output:  # its own session: ctrl-C reaches the demo, which then ends the others in order
        child = subprocess.Popen(
            command, stdout=output, stderr=output, stdin=subprocess.DEVNULL, start_new_session=True, env=_environment()
        )
    ends.callback(_end, child, name)
    return child


def _end(child: subprocess.Popen[bytes], name: str) -> None:
    if child.poll() is not None:
        return
    child.send_signal(signal.SIGTERM)
    try:
        child.wait(35)
    except subprocess.TimeoutExpired:
        sys.stderr.write(f"{name} did not end within 35 s and is killed\n")
        child.kill()
        child.wait(5)


def _environment() -> dict[str, str]:
    """Pass on the environment without settings: the demo uses its own file only."""
    return {name: value for name, value in os.environ.items() if not name.startswith("CUSTODIAN_")}


def _tail(file: Path, lines: int = 15) -> str:
    return "\n".join(file.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:]) if file.exists() else ""
