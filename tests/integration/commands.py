"""Runs the real command `custodian` in subprocesses, with settings in a folder of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from psycopg.conninfo import conninfo_to_dict, make_conninfo

from tests.services import KafkaRoom
from tests.waiting import eventually

ROOT = Path(__file__).parents[2]
PROGRAM = (sys.executable, "-m", "pipeline.cli.main")
CANARY = "canary-7c1e5b90d2"
"""The client secret of these settings: it must not appear anywhere but in its file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Commands:
    """A folder with a custodian.toml, and ways to run the program on it."""

    folder: Path
    password: str

    def environment(self, extra: Mapping[str, str]) -> dict[str, str]:
        """Return what the program inherits: nothing of ours but what a test adds."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("CUSTODIAN_", "PG"))}
        return {**kept, "PYTHONPATH": str(ROOT), **extra}

    def kill_at_failpoints(self) -> None:
        """Let failpoints kill although accepting is live, from now on."""
        with (self.folder / "custodian.toml").open("a") as file:
            file.write("[mode]\nfailpoints = true\n")

    def run(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        return subprocess.run(
            [*PROGRAM, *arguments],
            cwd=self.folder,
            env=self.environment(environment),
            capture_output=True,
            text=True,
            check=False,
            timeout=90,
        )

    def lines(self, *arguments: str, **environment: str) -> list[dict[str, Any]]:
        """Run a command that lists and return its lines; fail when it does not end with 0."""
        done = self.run(*arguments, **environment)
        assert done.returncode == 0, f"{arguments}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return [json.loads(line) for line in done.stdout.splitlines()]

    @contextmanager
    def running(self, *arguments: str, **environment: str) -> Iterator[Running]:
        """Start a command that runs on, and end it and all below it afterwards whatever happens."""
        log = self.folder / f"{'-'.join(arguments)}.log"
        with log.open("ab") as out:
            process = subprocess.Popen(
                [*PROGRAM, *arguments],
                cwd=self.folder,
                env=self.environment(environment),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        running = Running(process=process, log=log)
        try:
            yield running
        finally:
            for pid in (process.pid, *running.pids()):
                with suppress(ProcessLookupError):
                    os.kill(pid, 9)
            process.wait(30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A command that runs on."""

    process: subprocess.Popen[bytes]
    log: Path

    def text(self) -> str:
        """Return what it has written."""
        return self.log.read_text(errors="replace")

    def events(self) -> list[dict[str, Any]]:
        """Return its structured lines."""
        found = []
        for line in self.text().splitlines():
            with suppress(ValueError):
                found.append(json.loads(line))
        return found

    def pids(self) -> list[int]:
        """Return the pids of every role that it started, in order."""
        return [event["pid"] for event in self.events() if "started_role" in event]

    def pid_of(self, role: str) -> int:
        """Return the pid of the process that a role has now."""
        started = [event["pid"] for event in self.events() if event.get("started_role") == role]
        assert started, f"{role} was not started:\n{self.text()[-3000:]}"
        return int(started[-1])

    def end(self, signal_number: int, *, within: float) -> int:
        """Send a signal and return the exit code."""
        self.process.send_signal(signal_number)
        return self.process.wait(within)


def alive(pid: int) -> bool:
    """Tell whether a process runs: one that nobody has collected yet does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    except OSError:  # no /proc on this system
        with suppress(ProcessLookupError):
            os.kill(pid, 0)
            return True
        return False
    return state != "Z"


def all_gone(pids: list[int]) -> bool:
    """Tell whether none of these processes runs."""
    return not any(alive(pid) for pid in pids)


def write_settings(folder: Path, kafka: KafkaRoom, dsn: str, *, venue_url: str = "http://127.0.0.1:9", more: str = "") -> Commands:
    """Write custodian.toml with its secrets beside it and return the commands of it."""
    parts = conninfo_to_dict(dsn)
    password = str(parts.pop("password", ""))
    (folder / "pg").write_text(password)
    (folder / "client").write_text(CANARY)
    for name in ("pg", "client"):
        (folder / name).chmod(0o600)
    (folder / "custodian.toml").write_text(
        f"""
[kafka]
bootstrap_servers = "{kafka.bootstrap_servers}"
topic_prefix = "{kafka.topic_prefix}"
partitions = 2
[postgres]
dsn = {json.dumps(make_conninfo("", **parts))}
password_file = "pg"
[engine]
session_timeout = "2s"
[venues.tokyo]
base_url = "{venue_url}"
requests_per_second = 200
request_burst = 50
[venues.tokyo.auth]
client_id = "custodian-a"
client_secret_file = "client"
{more}"""
    )
    return Commands(folder=folder, password=password)


def working(commands: Commands, roles: set[str], *, within: float = 30, **environment: str) -> dict[str, Any]:
    """Wait until `status` shows these roles healthy and ready; return it."""

    def look() -> dict[str, Any] | None:
        done = commands.run("status", **environment)
        if not done.stdout:
            return None
        found: dict[str, Any] = json.loads(done.stdout)
        ready = {role["role"] for role in found["roles"] if role["healthy"] and role["ready"]}
        assert roles <= ready, {role["role"]: role.get("note") for role in found["roles"]}
        return found

    found = eventually(look, within=within, what=f"{sorted(roles)} are healthy and ready")
    assert found is not None
    return found
