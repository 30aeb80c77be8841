"""Puts the parts of each role together: the inside gets its outside here, and nowhere else.

A program is a function of its surroundings that runs until `stop` is set and returns an exit code. What a role does not need is not
imported: the sinks do not load Faust, and only ingest loads HTTP.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from pipeline.clock import Clock
from pipeline.observability.health import Health
from pipeline.ports import Failpoints, Sink
from pipeline.settings import Settings
from pipeline.stores.postgres import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What every role is given."""

    settings: Settings
    instance: str
    clock: Clock
    failpoints: Failpoints
    stop: threading.Event
    health: Health

    def connector(self, name: str, *, autocommit: bool = True, options: str | None = None) -> Callable[[], Connection]:
        """Return what opens a connection to PostgreSQL under a name of this role."""

        def connect_() -> Connection:
            from pipeline.stores.postgres import connect

            extra = {} if options is None else {"options": options}
            return connect(self.settings.postgres, name=name, autocommit=autocommit, **extra)

        return connect_


Program = Callable[[Surroundings], int]


def settlement(given: Surroundings) -> int:
    """Run the settlement processor on the engine of the settings."""
    from pipeline.engines.faust import Health as EngineHealth
    from pipeline.engines.faust import run_faust
    from pipeline.kafka import EventProducer
    from pipeline.processors.settlement.processor import SETTLEMENT

    def on_health(said: EngineHealth) -> None:
        if said.healthy:
            given.health.available("engine")
        else:
            given.health.unavailable("engine", said.note)

    given.health.started()
    return run_faust(
        SETTLEMENT,
        settings=given.settings,
        connect=given.connector("settlement"),
        publisher=EventProducer(given.settings.kafka),
        clock=given.clock,
        failpoints=given.failpoints,
        stop=given.stop,
        on_health=on_health,
    )


def ledger(given: Surroundings) -> int:
    """Run the accounting ledger on the batch loop."""
    from connectors.sinks.accounting_ledger.adapter import AccountingLedger
    from connectors.sinks.accounting_ledger.config import LedgerConfig
    from pipeline.stores.postgres import connect

    sink = AccountingLedger(LedgerConfig.from_settings(given.settings))
    with connect(given.settings.postgres, name="ledger-check") as connection:
        sink.check(connection)
    return _deliver(given, sink)


def _deliver(given: Surroundings, sink: Sink) -> int:
    """Run a sink on the batch loop until the stop."""
    from pipeline.deliver.loop import DeliverLoop
    from pipeline.deliver.sink_step import SinkStep
    from pipeline.kafka import BatchConsumer, EventProducer, TopicAdmin
    from pipeline.stores.batches import SESSION_OPTIONS, BatchStore

    kafka = given.settings.kafka
    publisher = EventProducer(kafka)
    loop = DeliverLoop(
        step=SinkStep(sink),
        open_source=partial(
            BatchConsumer,
            kafka,
            group=f"{kafka.topic_prefix}{sink.consumer}",
            topics=[kind.topic(kafka.topic_prefix) for kind in sink.kinds],
            session_timeout=given.settings.engine.session_timeout,
        ),
        store=BatchStore(given.connector(sink.consumer, options=SESSION_OPTIONS), sink.consumer),
        topic_reader=TopicAdmin(kafka),
        publisher=publisher,
        clock=given.clock,
        failpoints=given.failpoints,
        stop=given.stop,
    )
    given.health.watch("loop", lambda: loop.health.last_progress, lambda: loop.health.reason)
    given.health.started()
    try:
        loop.run()
    finally:
        publisher.close()
    return 0


PROGRAMS: Mapping[str, Program] = {
    "settlement": settlement,
    "ledger": ledger,
}
"""The roles of this release."""


def consumer_of(role: str) -> str | None:
    """Return the name that a role's positions are stored under, None when it consumes no topic."""
    return None if role == "ingest" else role
