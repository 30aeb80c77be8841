"""One role in this process: logs, listener, heartbeat, signals, and the program of the role between them."""

from __future__ import annotations

import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial

from pipeline.clock import SystemClock
from pipeline.errors import PipelineError, SettingsError
from pipeline.failpoints import failpoints_of
from pipeline.observability import logs
from pipeline.observability.health import Health
from pipeline.settings import RoleName, Settings, overridden
from pipeline.supervisor import orphans
from pipeline.supervisor.exits import code_of
from pipeline.supervisor.supervisor import INSTANCE_VARIABLE, RESTARTS_VARIABLE

log = logging.getLogger(__name__)

DRAIN_MAX = 20.0
"""Seconds from SIGTERM to the end, whatever hangs: the supervisor kills at 25."""
START_WITHIN = 30.0
"""Seconds that the services may take to answer a role that nobody supervises."""


def run_role(role: RoleName, settings: Settings, *, environment: Mapping[str, str] = os.environ) -> int:
    """Run a role, with the settings that are its own, until SIGTERM or ctrl-C and return its exit code; what went wrong is in the log."""
    supervised = orphans.follow_supervisor(environment)
    instance = environment.get(INSTANCE_VARIABLE) if supervised else None
    instance = instance or f"{socket.gethostname()}-{os.getpid()}-{role}"
    logs.configure(role=role, instance=instance, human=not supervised and sys.stderr.isatty())
    say_overridden(environment)
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


def say_overridden(environment: Mapping[str, str]) -> None:
    """Log what decides about accepting and does not stand in the settings file."""
    for name, text in overridden(environment).items():
        log.warning("%s = %s comes from the environment, whatever the settings file says", name, text, extra={"override": name})


def _run(role: RoleName, settings: Settings, instance: str, stop: threading.Event, *, supervised: bool, restarts: int) -> int:
    # Imported here: what a role needs takes most of its start, and a wrong command line should not pay for it.
    from pipeline.observability.listener import Listener
    from pipeline.supervisor.continuity import look, look_at_start
    from pipeline.supervisor.heartbeat import Identity, Pulse
    from pipeline.supervisor.preparation import check_prepared, check_settings
    from pipeline.supervisor.services import wait_for_services
    from pipeline.supervisor.upkeep import upkeep_of
    from pipeline.wiring import PROGRAMS, Surroundings, consumers_of

    with _made_by_init(role):
        check_settings(settings, [role])
    clock = SystemClock()
    failpoints = failpoints_of(settings.mode)
    if failpoints.armed:
        log.warning("this process is killed at %s: CUSTODIAN_FAILPOINT says so", ", ".join(failpoints.armed))
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
    begin_metrics(role, settings)
    pulse = Pulse(settings, identity, health, clock)
    log.info("starting", extra={"pid": os.getpid(), "metrics_port": listener.port})
    limit = None if supervised else START_WITHIN
    with _made_by_init(role):
        if not wait_for_services(settings, within=limit, stop=stop, monotonic=clock.monotonic, note=log.warning):
            return 0
    check_prepared(settings, role)
    look_at_start(settings)
    pulse.start()
    upkeep_of(role, settings, clock=clock, failpoints=failpoints, owner=instance, stop=stop).start()
    code = None
    try:
        surroundings = Surroundings(
            settings=settings,
            instance=instance,
            clock=clock,
            failpoints=failpoints,
            stop=stop,
            health=health,
            look=partial(look, settings),
            on_exit=pulse.stop,
        )
        code = PROGRAMS[role](surroundings)
    finally:
        pulse.stop(in_good_order=code == 0)
    log.info("ended", extra={"exit_code": code})
    return code


@contextmanager
def _made_by_init(role: str) -> Iterator[None]:
    """Say of a login or a secret of the role's own that is not there who makes it."""
    try:
        yield
    except SettingsError as error:
        if not str(error).startswith("postgres."):
            raise
        raise SettingsError(
            f"{error}; `custodian init` makes login and secret of the role {role}, or postgres.roles.{role} names them"
        ) from None


def begin_metrics(role: str, settings: Settings) -> None:
    """Let everything that this role can count exist at 0, and say what it is."""
    from pipeline import counted, metrics
    from pipeline.supervisor.preparation import CONSUMERS
    from pipeline.topology import PROCESSORS
    from pipeline.wiring import consumers_of

    reads = role == "ingest"
    topics = [(name, kind.topic(settings.kafka.topic_prefix)) for name in consumers_of(role) for kind in CONSUMERS[name]]
    metrics.begin(
        outcomes={
            name: (*counted.PROCESSOR, *PROCESSORS[name](settings).outcomes) if name in PROCESSORS else counted.OUTCOMES[name]
            for name in consumers_of(role) or (role,)
        },
        origins=[(role, origin) for origin in ("stream", "read", "rates")] if reads else topics,
        providers=settings.rates if reads else (),
        venues=[(role, venue) for venue in settings.venues] if role in ("ingest", "commands") else (),
        version=version(),
        engine=settings.engine.kind,
        accepting=settings.mode.accepting,
    )


def version() -> str:
    """Return the version of this program."""
    from importlib.metadata import PackageNotFoundError
    from importlib.metadata import version as of

    try:
        return of("custodian-settlement-pipeline")
    except PackageNotFoundError:
        return "unknown"


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
