"""A worker process for tests: the settlement or the workflow processor on the engine of the settings, by environment, until SIGTERM."""

from __future__ import annotations

import json
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable
from datetime import timedelta
from functools import partial

from pipeline import settings as configuration
from pipeline.clock import SystemClock
from pipeline.deliver import loop as batch_loop
from pipeline.engines import faust as faust_engine
from pipeline.engines.health import Health
from pipeline.errors import PipelineError
from pipeline.failpoints import Failpoints
from pipeline.kafka import EventProducer
from pipeline.processors.workflow.facts import WorkflowRules
from pipeline.processors.workflow.processor import workflow
from pipeline.stores.postgres import Connection, connect
from pipeline.supervisor.exits import code_of
from pipeline.topology import PROCESSORS
from pipeline.wiring import engine_of


class _Lines(logging.Handler):
    """Writes warnings and worse of everybody, and all of ours, as JSON lines to standard error."""

    def emit(self, record: logging.LogRecord) -> None:
        extra = {name: record.__dict__[name] for name in ("reason", "exit_code") if name in record.__dict__}
        print(
            json.dumps({"level": record.levelname, "logger": record.name, "text": record.getMessage(), **extra}),
            file=sys.stderr,
            flush=True,
        )


def main() -> int:
    """Run until SIGTERM; the exit code is the engine's, or that of the error which it raises, as the role has it."""
    logging.basicConfig(level=os.environ.get("WORKER_LOG", "WARNING"), handlers=[_Lines()])
    settings = configuration.load(None)
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    print(json.dumps({"begun": True}), flush=True)

    def open_connection() -> Connection:
        return connect(settings.postgres, name="settlement")

    def tell(health: Health) -> None:
        print(json.dumps({"healthy": health.healthy, "note": health.note, "lag": health.lag, "partitions": health.partitions}), flush=True)

    wait = timedelta(seconds=float(os.environ.get("WORKER_EVIDENCE_WAIT", "1")))
    name = os.environ.get("WORKER_PROCESSOR", "settlement")
    processor = workflow(WorkflowRules(evidence_wait=wait)) if name == "workflow" else PROCESSORS[name](settings)
    faust_engine.STUCK_AFTER = batch_loop.STUCK_AFTER = float(os.environ.get("WORKER_STUCK_AFTER", batch_loop.STUCK_AFTER))
    return _coded(
        partial(
            engine_of(settings),
            processor,
            settings=settings,
            connect=open_connection,
            publisher=EventProducer(settings.kafka, linger_ms=2),
            clock=SystemClock(),
            failpoints=Failpoints.from_environment(),
            stop=stop,
            on_health=tell,
        )
    )


def _coded(run: Callable[[], int]) -> int:
    try:
        return run()
    except PipelineError as error:
        logging.getLogger("worker").critical("the worker ends", extra={"reason": str(error), "exit_code": code_of(error)})
        return code_of(error)


if __name__ == "__main__":
    sys.exit(main())
