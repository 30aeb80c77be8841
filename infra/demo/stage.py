"""Starts what the demo needs below `.custodian/demo`, and ends all of it."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from infra.embedded.services import Addresses, EmbeddedServices
from infra.embedded.settings_file import SIMULATOR_URL, settings_text
from pipeline.errors import FatalError

FOLDER = Path(".custodian") / "demo"
FAULTS = ("duplicate=0.3", "drop=0.02", "reorder=0.05", "skip_executing=0.1", "poison=0.01", "server_error=0.01", "cut_inside_frame=0.002")
"""What the venue does wrong on purpose."""
RATE = 8
SPEED = 10
START_LIMIT = 60.0

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Stage:
    """What is running, and where its files are."""

    folder: Path
    settings: Path
    truth: Path
    venue_url: str
    supervisor: subprocess.Popen[bytes]
    supervisor_log: Path

    def custodian(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the program on the demo's settings and return what it said."""
        command = [*_CUSTODIAN, "--config", str(self.settings), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120, env=_environment())


_CUSTODIAN = (sys.executable, "-m", "pipeline.cli.main")


@contextlib.contextmanager
def running(say: Say, *, seed: int, folder: Path = FOLDER) -> Iterator[Stage]:
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
        venue_url = _start_venue(ends, folder, seed)
        settings = _write_settings(folder, addresses, venue_url)
        say("starting the pipeline")
        _initialise(settings)
        log = folder / "pipeline.log"
        supervisor = _start(ends, "the pipeline", [*_CUSTODIAN, "--config", str(settings), "up"], log)
        yield Stage(folder, settings, folder / "truth.jsonl", venue_url, supervisor, log)


def _start_venue(ends: contextlib.ExitStack, folder: Path, seed: int) -> str:
    port_file = folder / "venue.port"
    command = [*_CUSTODIAN, "simulate", "musubi", "--listen", "127.0.0.1:0", "--port-file", str(port_file)]
    command += ["--secret-file", str(folder / "secrets" / "tokyo"), "--truth", str(folder / "truth.jsonl"), "--seed", str(seed)]
    command += ["--speed", str(SPEED), "--rate", str(RATE), "--mix", "receiver=50,sender=40,both=10", "--console-user", "1"]
    for fault in FAULTS:
        command += ["--fault", fault]
    venue = _start(ends, "the venue", command, folder / "venue.log")
    deadline = time.monotonic() + START_LIMIT
    while not port_file.exists():
        if venue.poll() is not None or time.monotonic() > deadline:
            raise FatalError(f"the venue did not start:\n{_tail(folder / 'venue.log')}")
        time.sleep(0.05)
    return f"http://127.0.0.1:{port_file.read_text().strip()}"


def _write_settings(folder: Path, addresses: Addresses, venue_url: str) -> Path:
    lines = []
    for written in settings_text(addresses, folder).splitlines():
        line = written.replace(SIMULATOR_URL, venue_url)
        lines.append(f'base_url = "{venue_url}"\nrequests_per_second = 100\nrequest_burst = 100' if line.startswith("base_url") else line)
    settings = folder / "custodian.toml"
    settings.write_text(
        "\n".join([*lines, "", "[currencies.JPYSC0]", "scale = 4", "[currencies.USDCx]", "scale = 6", ""]), encoding="utf-8"
    )
    return settings


def _initialise(settings: Path) -> None:
    done = subprocess.run([*_CUSTODIAN, "--config", str(settings), "init"], capture_output=True, text=True, check=False, env=_environment())
    if done.returncode:
        raise FatalError(f"custodian init ended with {done.returncode}:\n{done.stderr}")


def _start(ends: contextlib.ExitStack, name: str, command: list[str], log: Path) -> subprocess.Popen[bytes]:
    with log.open("wb") as output:  # its own session: ctrl-C reaches the demo, which then ends the others in order
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
