"""A worker process for tests: settlement, the workflow or the exam's chain on the engine of the settings, by environment, until SIGTERM."""

from __future__ import annotations

import json
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

from pipeline import settings as configuration
from pipeline.clock import SystemClock
from pipeline.deliver import loop as batch_loop
from pipeline.engines import faust as faust_engine
from pipeline.engines.health import Health
from pipeline.errors import PipelineError, RetryableError
from pipeline.failpoints import Failpoints
from pipeline.kafka import EventProducer
from pipeline.log.envelope import Outgoing
from pipeline.processors.processor import Processor
from pipeline.processors.workflow.facts import WorkflowRules
from pipeline.processors.workflow.processor import workflow
from pipeline.stores.postgres import Connection, connect
from pipeline.supervisor.exits import code_of
from pipeline.testing.chain import chain
from pipeline.topology import PROCESSORS
from pipeline.wiring import engine_of
from tests.waiting import eventually


class _Lines(logging.Handler):
    """Writes warnings and worse of everybody, and all of ours, as JSON lines to standard error."""

    def emit(self, record: logging.LogRecord) -> None:
        extra = {name: record.__dict__[name] for name in ("reason", "exit_code") if name in record.__dict__}
        print(
            json.dumps({"level": record.levelname, "logger": record.name, "text": record.getMessage(), **extra}),
            file=sys.stderr,
            flush=True,
        )


class _Publisher:
    """Produces, after what the test has ordered: refusals, a door that is closed, a delivery that takes its time."""

    def __init__(self, producer: EventProducer, ordered: Mapping[str, str]) -> None:
        self._producer = producer
        self._refusals = int(ordered.get("WORKER_REFUSALS", "0"))
        self._door = Path(ordered.get("WORKER_DOOR_CLOSED", "/nonexistent"))
        self._held = Path(ordered.get("WORKER_HELD", "/nonexistent"))

    def publish(self, events: Sequence[Outgoing]) -> None:
        """Produce and wait for every acknowledgement."""
        if self._refusals > 0 or self._door.exists():
            self._refusals -= 1
            raise RetryableError("the exam refuses the outputs")
        self._producer.publish(events)
        if self._held.exists():
            print(json.dumps({"held": len(events)}), flush=True)
            eventually(lambda: not self._held.exists(), within=60, what="the test lets go of the batch")


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

    wait, window = (timedelta(seconds=float(os.environ.get(f"WORKER_{name}", "1"))) for name in ("EVIDENCE_WAIT", "QUOTE_WINDOW"))
    match os.environ.get("WORKER_PROCESSOR", "settlement"):
        case "workflow":
            processor: Processor[Any, Any, Any] = workflow(WorkflowRules(evidence_wait=wait, quote_window=window))
        case "chain":
            processor = chain("settlement", kill=lambda: os.kill(os.getpid(), signal.SIGKILL), stops="WORKER_REPAIRED" not in os.environ)
        case name:
            processor = PROCESSORS[name](settings)
    faust_engine.STUCK_AFTER = batch_loop.STUCK_AFTER = float(os.environ.get("WORKER_STUCK_AFTER", batch_loop.STUCK_AFTER))
    return _coded(
        partial(
            engine_of(settings),
            processor,
            settings=settings,
            connect=open_connection,
            publisher=_Publisher(EventProducer(settings.kafka, linger_ms=2), os.environ),
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
