"""A worker process for tests: the settlement or the workflow processor on the Faust engine, settings by environment, until SIGTERM."""

from __future__ import annotations

import json
import logging
import os
import signal
import sys
import threading
from datetime import timedelta

from pipeline import settings as configuration
from pipeline.clock import SystemClock
from pipeline.engines import faust as engine
from pipeline.engines.health import Health
from pipeline.failpoints import Failpoints
from pipeline.kafka import EventProducer
from pipeline.processors.workflow.facts import WorkflowRules
from pipeline.processors.workflow.processor import workflow
from pipeline.stores.postgres import Connection, connect
from pipeline.topology import PROCESSORS


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
    """Run until SIGTERM; the exit code is the engine's."""
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
    engine.STUCK_AFTER = float(os.environ.get("WORKER_STUCK_AFTER", engine.STUCK_AFTER))
    return engine.run_faust(
        processor,
        settings=settings,
        connect=open_connection,
        publisher=EventProducer(settings.kafka, linger_ms=2),
        clock=SystemClock(),
        failpoints=Failpoints.from_environment(),
        stop=stop,
        on_health=tell,
    )


if __name__ == "__main__":
    sys.exit(main())
