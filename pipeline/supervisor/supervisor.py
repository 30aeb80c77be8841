"""Runs roles as child processes: starts them, restarts those that die, passes SIGTERM on, says what happened in plain lines.

It promises: a role that died is started again at once, with back-off up to 10 s while it keeps dying; wrong settings (exit code 78) and a
misunderstood command line (2) stop everything with that code; SIGTERM and SIGINT reach every child, and whoever has not ended 25 s later is
killed; no child outlives the supervisor (see `orphans`). Children have process groups of their own: ctrl-C is the supervisor's to pass on.

One thread, one loop: children are started from the main thread, because Linux ties PR_SET_PDEATHSIG to the starting thread.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import selectors
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from pipeline.observability.redaction import redact
from pipeline.printable import printable
from pipeline.settings import Kafka
from pipeline.supervisor import orphans
from pipeline.supervisor.backoff import Backoff
from pipeline.supervisor.exits import STOPS_ALL, meaning
from pipeline.supervisor.output import Output, for_person, structured
from pipeline.supervisor.secrets import own_environment

log = logging.getLogger(__name__)

KILL_AFTER = 25.0
"""Seconds between SIGTERM and SIGKILL: `up` promises to end within 30."""
LINE_MAX = 64 * 1024
INSTANCE_VARIABLE, RESTARTS_VARIABLE = "CUSTODIAN_INSTANCE", "CUSTODIAN_RESTARTS"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How to start a role: its name, its command line, what to add to the environment, and the section that says which login is its own."""

    role: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    kafka: Kafka = field(default_factory=Kafka)


@dataclass(slots=True)
class _Child:
    plan: Plan
    running: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    start_at: float = 0.0
    backoff: Backoff = field(default_factory=Backoff)
    restarts: int = 0
    rest: bytes = b""
    last_said: str = ""


class Supervisor:
    """Runs the planned roles until a signal comes or one of them says that settings are wrong."""

    def __init__(self, plans: Sequence[Plan], output: Output, *, monotonic: Callable[[], float], human: bool) -> None:
        """`human`: write children's lines for a person instead of passing their JSON on."""
        self._children = [_Child(plan) for plan in plans]
        self._output = output
        self._monotonic = monotonic
        self._human = human
        self._signals: list[int] = []
        self._selector = selectors.DefaultSelector()
        self._watch_pipe, self._held_end = os.pipe()
        self._identity = f"{socket.gethostname()}-{os.getpid()}"
        self._stopping_since: float | None = None
        self._code = 0

    def run(self) -> int:
        """Supervise until the end and return the exit code: 0 after a signal, 78 or 2 when a role said so."""
        with self._listening_to_signals():
            while True:
                self._take_signals()
                self._start_due()
                if self._stopping_since is not None and not any(child.running for child in self._children):
                    return self._code
                self._wait()
                self._reap()
                self._kill_stragglers()

    # --- starting ------------------------------------------------------------------------------------------------

    def _start_due(self) -> None:
        for child in self._children:
            if child.running is None and self._stopping_since is None and child.start_at <= self._monotonic():
                try:
                    self._start(child)
                except OSError as error:  # no memory, no process left: the others go on
                    delay, child.backoff = child.backoff.after(0.0)
                    child.start_at = self._monotonic() + delay
                    log.error("%s cannot be started (%s); next try in %g s", child.plan.role, error, delay)

    def _start(self, child: _Child) -> None:
        environment = {
            **own_environment(child.plan.role, os.environ, child.plan.kafka),
            **child.plan.environment,
            orphans.PIPE_VARIABLE: str(self._watch_pipe),
            orphans.PARENT_VARIABLE: str(os.getpid()),
            INSTANCE_VARIABLE: f"{self._identity}-{child.plan.role}",
            RESTARTS_VARIABLE: str(child.restarts),
        }
        running = subprocess.Popen(
            list(child.plan.command),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=environment,
            pass_fds=(self._watch_pipe,),
            process_group=0,
        )
        assert running.stdout is not None
        os.set_blocking(running.stdout.fileno(), False)
        self._selector.register(running.stdout, selectors.EVENT_READ, child)
        child.running, child.started, child.rest, child.last_said = running, self._monotonic(), b"", ""
        log.info("%s started (pid %d)", child.plan.role, running.pid, extra={"started_role": child.plan.role, "pid": running.pid})

    # --- the end of a child --------------------------------------------------------------------------------------

    def _reap(self) -> None:
        for child in self._children:
            if child.running is not None and child.running.poll() is not None:
                self._bury(child, child.running)

    def _bury(self, child: _Child, ended: subprocess.Popen[bytes]) -> None:
        assert ended.stdout is not None
        while self._read(child, ended):
            pass
        if child.rest:
            self._pass_on(child, child.rest.decode("utf-8", "replace").rstrip())
        self._selector.unregister(ended.stdout)
        ended.stdout.close()
        child.running = None
        code = ended.returncode
        if self._stopping_since is not None:
            if code not in (0, -signal.SIGTERM):
                log.warning("%s ended while stopping (%s)", child.plan.role, meaning(code))
        elif code in STOPS_ALL:
            self._code = code
            log.error("%s ended (%s)%s; everything stops", child.plan.role, meaning(code), self._last_words(child))
            self._stop()
        else:
            delay, child.backoff = child.backoff.after(self._monotonic() - child.started)
            child.start_at = self._monotonic() + delay
            child.restarts += 1
            log.warning(
                "%s died (%s)%s; it starts again in %g s",
                child.plan.role,
                meaning(code),
                self._last_words(child),
                delay,
                extra={"died_role": child.plan.role, "pid": ended.pid, "returncode": code, "restarts": child.restarts},
            )

    @staticmethod
    def _last_words(child: _Child) -> str:
        return f'; the last it said: "{child.last_said[:300]}"' if child.last_said else ""

    # --- stopping ------------------------------------------------------------------------------------------------

    def _take_signals(self) -> None:
        while self._signals:
            number = self._signals.pop(0)
            if self._stopping_since is None:
                log.info("%s: stopping every role", signal.Signals(number).name)
                self._stop()
            elif number == signal.SIGINT:
                log.warning("a second ctrl-C: killing what has not ended yet")
                self._kill_all()

    def _stop(self) -> None:
        self._stopping_since = self._monotonic()
        for child in self._children:
            if child.running is not None:
                with contextlib.suppress(ProcessLookupError):
                    child.running.terminate()

    def _kill_stragglers(self) -> None:
        if self._stopping_since is not None and self._monotonic() - self._stopping_since > KILL_AFTER:
            for child in self._children:
                if child.running is not None:
                    log.warning(
                        "%s did not end within %g s of SIGTERM: killed; it goes on from its stored position", child.plan.role, KILL_AFTER
                    )
            self._kill_all()

    def _kill_all(self) -> None:
        for child in self._children:
            if child.running is not None:
                child.running.kill()
                child.running.wait()

    # --- waiting, reading ----------------------------------------------------------------------------------------

    def _wait(self) -> None:
        """Wait for output, a signal, or the next thing to do; a child's death shows as the end of its output."""
        for key, _ in self._selector.select(timeout=self._pause()):
            if isinstance(key.data, _Child):
                if key.data.running is not None:
                    self._read(key.data, key.data.running)
            else:
                os.read(key.fd, 4096)  # the wake-up byte of a signal

    def _pause(self) -> float:
        due = [child.start_at - self._monotonic() for child in self._children if child.running is None]
        return max(0.0, min([0.25, *due])) if self._stopping_since is None else 0.1

    def _read(self, child: _Child, running: subprocess.Popen[bytes]) -> bool:
        """Pass on what a child has written; return whether there may be more."""
        assert running.stdout is not None
        try:
            found = os.read(running.stdout.fileno(), LINE_MAX)
        except BlockingIOError:
            return False
        if not found:  # it closed its output: it ends, or it is gone
            with contextlib.suppress(subprocess.TimeoutExpired):
                running.wait(0.2)
            return False
        *lines, child.rest = (child.rest + found).split(b"\n")
        if len(child.rest) > LINE_MAX:
            lines, child.rest = [*lines, child.rest], b""
        for line in lines:
            self._pass_on(child, line.decode("utf-8", "replace").rstrip())
        return True

    def _pass_on(self, child: _Child, raw: str) -> None:
        if not raw:
            return
        line = structured(child.plan.role, raw)
        child.last_said = redact(str(line["event"]))
        if self._human:
            self._output.line(redact(for_person(child.plan.role, line)))
        else:
            self._output.line(printable(redact(raw if line.get("ts") else json.dumps(line, ensure_ascii=False))))

    # --- signals -------------------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def _listening_to_signals(self) -> Iterator[None]:
        wake, waker = socket.socketpair()
        wake.setblocking(False)
        waker.setblocking(False)
        self._selector.register(wake, selectors.EVENT_READ, None)
        # Under nohup SIGHUP is ignored, and stays so.
        hangup = [] if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN else [signal.SIGHUP]
        before = {number: signal.signal(number, self._note) for number in (signal.SIGTERM, signal.SIGINT, *hangup)}
        previous = signal.set_wakeup_fd(waker.fileno())
        try:
            yield
        finally:
            signal.set_wakeup_fd(previous)
            for number, handler in before.items():
                signal.signal(number, handler)
            self._kill_all()
            self._selector.close()
            wake.close()
            waker.close()
            os.close(self._held_end)
            os.close(self._watch_pipe)

    def _note(self, number: int, _: object) -> None:
        self._signals.append(number)
