"""One role in this process: logs, listener, heartbeat, signals, and the program of the role between them."""

from __future__ import annotations

import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Mapping

from pipeline.clock import SystemClock
from pipeline.errors import PipelineError
from pipeline.failpoints import Failpoints
from pipeline.observability import logs
from pipeline.observability.health import Health
from pipeline.observability.redaction import redact
from pipeline.observability.secrets import secrets_of
from pipeline.settings import Settings
from pipeline.supervisor import orphans
from pipeline.supervisor.exits import code_of
from pipeline.supervisor.supervisor import INSTANCE_VARIABLE, RESTARTS_VARIABLE

log = logging.getLogger(__name__)

DRAIN_MAX = 20.0
"""Seconds from SIGTERM to the end, whatever hangs: the supervisor kills at 25."""
START_WITHIN = 30.0
"""Seconds that the services may take to answer a role that nobody supervises."""


def run_role(role: str, settings: Settings, *, environment: Mapping[str, str] = os.environ) -> int:
    """Run a role until SIGTERM or ctrl-C and return its exit code; what went wrong is in the log."""
    supervised = orphans.follow_supervisor(environment)
    instance = environment.get(INSTANCE_VARIABLE) if supervised else None
    instance = instance or f"{socket.gethostname()}-{os.getpid()}-{role}"
    logs.configure(role=role, instance=instance, human=not supervised and sys.stderr.isatty())
    redact.learn(secrets_of(settings))
    stop = _stop_on_signals()
    try:
        return _run(role, settings, instance, stop, supervised=supervised, restarts=int(environment.get(RESTARTS_VARIABLE, "0")))
    except PipelineError as error:
        code = code_of(error)
        log.critical("%s", str(error), extra={"exit_code": code})
    except Exception as error:
        code = code_of(error)
        log.critical("a fault of this program: %s: %s", type(error).__name__, error, exc_info=error, extra={"exit_code": code})
    return code


def _run(role: str, settings: Settings, instance: str, stop: threading.Event, *, supervised: bool, restarts: int) -> int:
    # Imported here: what a role needs takes most of its start, and a wrong command line should not pay for it.
    from pipeline.observability.listener import Listener
    from pipeline.supervisor.heartbeat import Identity, Pulse
    from pipeline.supervisor.preparation import check_prepared, check_settings
    from pipeline.supervisor.services import wait_for_services
    from pipeline.wiring import PROGRAMS, Surroundings, consumers_of

    check_settings(settings, [role])
    clock = SystemClock()
    failpoints = _failpoints()
    health = Health(clock.monotonic)
    listener = Listener(settings.metrics.listen, health)
    identity = Identity(
        role=role,
        instance=instance,
        pid=os.getpid(),
        host=socket.gethostname(),
        restarts=restarts,
        metrics_port=listener.port,
        consumers=consumers_of(role),
    )
    pulse = Pulse(settings, identity, health, clock)
    log.info("starting", extra={"pid": os.getpid(), "metrics_port": listener.port})
    limit = None if supervised else START_WITHIN
    if not wait_for_services(settings, within=limit, stop=stop, monotonic=clock.monotonic, note=log.warning):
        return 0
    check_prepared(settings)
    pulse.start()
    code = None
    try:
        surroundings = Surroundings(
            settings=settings, instance=instance, clock=clock, failpoints=failpoints, stop=stop, health=health, on_exit=pulse.stop
        )
        code = PROGRAMS[role](surroundings)
    finally:
        pulse.stop(in_good_order=code == 0)
    log.info("ended", extra={"exit_code": code})
    return code


def _failpoints() -> Failpoints:
    from pipeline.errors import SettingsError

    try:
        return Failpoints.from_environment()
    except ValueError as error:
        raise SettingsError(str(error)) from None


def _stop_on_signals() -> threading.Event:
    """Return an event that SIGTERM and SIGINT set; the process ends some seconds later in any case."""
    stop = threading.Event()

    def ask(number: int, _: object) -> None:
        if stop.is_set() and number == signal.SIGINT:
            os._exit(130)
        if not stop.is_set():
            stop.set()
            limit = threading.Timer(DRAIN_MAX, _end_undrained)
            limit.daemon = True
            limit.start()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, ask)
    return stop


def _end_undrained() -> None:
    log.error("not drained within %g s: ending all the same; the next start goes on from the stored position", DRAIN_MAX)
    os._exit(75)
