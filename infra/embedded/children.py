"""Services as processes: start recorded, recognise, stop, kill.

Promises that only a process which this folder's record names, by id and start time, is ever sent a signal: not one
that was given the same id later, and not one that belongs to the folder this one was copied from. Services run in a
session of their own, so that ctrl-C in the terminal that started them does not reach them.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from infra.embedded import launch
from infra.embedded.launch import LINUX, process_identity
from pipeline.clock import SystemClock
from pipeline.errors import ServiceAwayError

_CLOCK = SystemClock()
_POLL_INTERVAL = 0.02  # seconds; services are ready after a second or two, so this is not felt


class ServiceStartError(ServiceAwayError):
    """An embedded service did not start: the text says which, why, the log's last lines and what to do."""


@contextlib.contextmanager
def in_time(name: str, within: float) -> Iterator[None]:
    """Tell a program that a service begins with, and that is not done in time, as a service that is not ready."""
    try:
        yield
    except subprocess.TimeoutExpired as error:
        program = Path(error.cmd[0]).name
        raise ServiceStartError(f"{name} is not ready within {within:g} s: {program} is not done, the machine is busy; try again") from None


def wait_until(condition: Callable[[], bool], *, within: float) -> bool:
    """Poll `condition` for at most `within` seconds; say whether it came true."""
    deadline = _CLOCK.monotonic() + within
    pause = threading.Event()
    while not condition():
        if _CLOCK.monotonic() >= deadline:
            return False
        pause.wait(_POLL_INTERVAL)
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """Whom a service runs as when root starts it, and in which of `launch.WAYS` it becomes that user."""

    uid: int
    gid: int
    way: str

    def arguments(self) -> list[str]:
        """Return what to tell the launcher."""
        return ["--user", str(self.uid), "--group", str(self.gid), "--way", self.way]

    def own(self, path: Path) -> None:
        """Let `path`, which is root's, be this user's; raises OSError when the machine does not allow it."""
        if self.way != "namespace":  # there root is this user, by another name
            os.chown(path, self.uid, self.gid)


def launcher(*options: str) -> list[str]:
    """Return the command that runs `infra/embedded/launch.py` alone, without site packages."""
    return [sys.executable, "-I", "-S", str(Path(launch.__file__).resolve()), *options, "--"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Child:
    """One service of one folder: where its record and its log are."""

    name: str
    record: Path
    log: Path

    def running(self) -> int | None:
        """Return the id of the running process that the record names, or None."""
        try:
            written = json.loads(self.record.read_text())
            pid, identity, folder = int(written["pid"]), written["identity"], written["folder"]
        except (OSError, ValueError, KeyError, TypeError):
            return None
        place = self.record.parent.stat()
        if [place.st_dev, place.st_ino] != folder:
            return None  # the folder was copied: the process belongs to the original
        with contextlib.suppress(ChildProcessError):
            os.waitpid(pid, os.WNOHANG)  # where it is our own child, let it be gone once it is dead
        return pid if process_identity(pid) == identity else None

    def recorded(self) -> bool:
        """Say whether a start is on record, whatever became of it since."""
        return self.record.exists()

    def start(self, command: Sequence[str], *, cwd: Path, environment: Mapping[str, str], user: User | None = None) -> None:
        """Start `command` in a session of its own with its output in the log; the former log stays as `….1`."""
        if self.log.exists():
            self.log.replace(self.log.with_name(self.log.name + ".1"))
        self.forget()
        options = ["--record", str(self.record), "--folder", str(self.record.parent)]
        with self.log.open("wb") as log:
            child = subprocess.Popen(
                [*launcher(*options, *(user.arguments() if user else [])), *command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=cwd,
                env=dict(environment),
                start_new_session=True,
            )
        if not wait_until(lambda: self.recorded() or child.poll() is not None, within=30):
            raise self.failure("the process was started but did not write its record within 30 s")
        # It outlives us: nobody waits for this object, and Python need not warn about that.
        child.returncode = 0

    def stop(self, polite: Iterable[tuple[signal.Signals, float]]) -> bool:
        """Send each signal and wait its seconds, at last SIGKILL; say whether anything ran.

        Raises ServiceStartError when the process does not go even then.
        """
        pid = self.running()
        for number, within in (*polite, (signal.SIGKILL, 30.0)):
            if pid is None or self.running() is None:
                break
            self._send(pid, number)
            wait_until(lambda: self.running() is None, within=within)
        if self.running() is not None:
            raise ServiceStartError(f"{self.name} (process {pid}) does not end, not even by SIGKILL")
        self.forget()
        return pid is not None

    def kill(self) -> None:
        """SIGKILL the process and every process it started, and wait until all of them are gone."""
        pid = self.running()
        if pid is None:
            return
        family = {each: process_identity(each) for each in descendants(pid)}
        self._send(pid, signal.SIGKILL)
        for member, identity in family.items():
            if identity is not None and process_identity(member) == identity:
                self._send(member, signal.SIGKILL)
        gone = wait_until(
            lambda: self.running() is None and not any(known and process_identity(each) == known for each, known in family.items()),
            within=30,
        )
        if not gone:
            raise ServiceStartError(f"{self.name} (process {pid}) does not end, not even by SIGKILL")

    def forget(self) -> None:
        """Remove the record."""
        self.record.unlink(missing_ok=True)

    def failure(self, reason: str, *, advice: str = "") -> ServiceStartError:
        """Return the error that names the service, the reason, the log's last lines and what to do."""
        lines = last_lines(self.log)
        shown = f"\nLast lines of {self.log}:\n" + "\n".join(f"  {line}" for line in lines) if lines else ""
        return ServiceStartError(f"{self.name} did not start: {reason}.{' ' if advice else ''}{advice}{shown}")

    @staticmethod
    def _send(pid: int, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


def last_lines(path: Path, count: int = 15) -> list[str]:
    """Return the last `count` lines of a log that have anything on them; none when there is no log."""
    try:
        with path.open("rb") as log:
            log.seek(max(0, path.stat().st_size - 16_384))
            text = log.read().decode("utf-8", "replace")
    except OSError:
        return []
    return [line for line in text.splitlines() if line.strip()][-count:]


def descendants(pid: int) -> list[int]:
    """Return the ids of all processes below `pid`, parents first."""
    parents: dict[int, list[int]] = {}
    for child, parent in _parents():
        parents.setdefault(parent, []).append(child)
    found = list(parents.get(pid, []))
    for each in found:  # grows while it is walked
        found.extend(parents.get(each, []))
    return found


def _parents() -> Iterable[tuple[int, int]]:
    if not LINUX:
        listing = subprocess.run(["/bin/ps", "-axo", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
        for line in listing.splitlines():
            child, parent = line.split()
            yield int(child), int(parent)
        return
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with contextlib.suppress(OSError):
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
                yield int(folder.name), int(fields[1])
