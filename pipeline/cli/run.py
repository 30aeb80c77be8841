"""`custodian up` and `custodian run`: roles in the foreground, supervised when there are several."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, NoReturn

import click

from pipeline.cli.context import settings, settings_file

if TYPE_CHECKING:
    from pipeline.settings import RoleName, Settings
    from pipeline.supervisor.supervisor import Plan

ROLES: tuple[RoleName, ...] = ("ingest", "settlement", "workflow", "risk", "commands", "ledger", "archive")
LATER = ("console",)
START_WITHIN = 30.0


def _known(_context: click.Context, _option: click.Parameter, value: tuple[str, ...]) -> tuple[str, ...]:
    from pipeline.cli.lazy import nearest

    for role in value:
        if role in LATER:
            raise click.UsageError(f"the role {role} is not in this release; there are: {', '.join(ROLES)}")
        if role not in ROLES:
            raise click.UsageError(f"there is no role {role!r}{nearest(role, list(ROLES))}")
    return tuple(dict.fromkeys(value))


@click.command()
@click.argument("roles", nargs=-1, required=True, callback=_known, metavar="ROLE…")
def run(roles: tuple[RoleName, ...]) -> NoReturn:
    """Run one role in this process, or several as supervised children: ingest, settlement, workflow, risk, commands, ledger, archive."""
    loaded = settings(role=None if len(roles) > 1 else roles[0])
    if len(roles) > 1:
        _supervise(loaded, roles)
    from pipeline.supervisor.role import run_role

    sys.exit(run_role(roles[0], loaded))


@click.command()
def up() -> NoReturn:
    """Run every role, supervised, until SIGTERM or ctrl-C; what `custodian init` would do is done first.

    The role risk is left out where [risk] engine = "external".
    """
    loaded = settings(role=None)
    _supervise(loaded, [role for role in ROLES if role != "risk" or loaded.risk.engine == "builtin"])


def _supervise(loaded: Settings, roles: Sequence[str]) -> NoReturn:
    from pipeline.clock import SystemClock
    from pipeline.observability import logs
    from pipeline.stores.role_logins import settings_of
    from pipeline.supervisor.output import Output, ToOutput
    from pipeline.supervisor.preparation import check_settings, prepare
    from pipeline.supervisor.role import say_overridden
    from pipeline.supervisor.services import wait_for_services
    from pipeline.supervisor.supervisor import Supervisor

    check_settings(loaded, roles)
    plans, loaded = _plans(loaded, roles), settings_of(loaded, "init")
    human = sys.stderr.isatty()
    output = Output(sys.stderr)
    logs.configure(role="supervisor", instance=f"supervisor-{os.getpid()}", human=human, out=ToOutput(output))
    log = logging.getLogger("pipeline.supervisor")
    say_overridden(os.environ)
    clock = SystemClock()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        if not wait_for_services(loaded, within=START_WITHIN, stop=stop, monotonic=clock.monotonic, note=log.warning):
            sys.exit(0)
        prepared = prepare(loaded)
        for name in (*prepared.topics, *prepared.migrations):
            log.info("made %s", name)
        for said in prepared.fragile:
            log.warning("%s", said)
        if stop.is_set():
            sys.exit(0)
        code = Supervisor(plans, output, monotonic=clock.monotonic, human=human).run()
        log.info("every role has ended")
    finally:
        output.close()
    sys.exit(code)


def _plans(loaded: Settings, roles: Sequence[str]) -> list[Plan]:
    """Say how to start each role; a fixed metrics port is the first of as many as there are roles.

    Raise ServiceAwayError when one of them is taken.
    """
    from pipeline.observability.listener import check_free
    from pipeline.supervisor.supervisor import Plan

    file = settings_file()
    config = [] if file is None else ["--config", str(file)]
    host, _, port = loaded.metrics.listen.rpartition(":")
    plans = []
    for number, role in enumerate(roles):
        listen = f"{host}:{int(port) + number if int(port) else 0}"
        check_free(listen)
        plans.append(
            Plan(
                role=role,
                command=[sys.executable, "-m", "pipeline.cli.main", *config, "run", role],
                environment={"CUSTODIAN_METRICS__LISTEN": listen},
                kafka=loaded.kafka,
            )
        )
    return plans
