"""The ingest role by itself, as a process that tests can kill: `python -m tests.integration.ingest_program SETTINGS OWNER`."""

from __future__ import annotations

import asyncio
import logging
import random
import signal
import sys
from functools import partial
from pathlib import Path

from connectors.registry import rate_providers, venue_connector
from pipeline import settings as configuration
from pipeline.clock import SystemClock
from pipeline.failpoints import Failpoints
from pipeline.ingest.run import IngestHealth, run_ingest
from pipeline.ingest.venue import Limits
from pipeline.kafka import EventProducer
from pipeline.stores.cursors import PostgresIngestStore
from pipeline.stores.postgres import connect
from pipeline.stores.request_budget import PostgresRequestBudget


async def ingest(
    settings: configuration.Settings,
    owner: str,
    stop: asyncio.Event,
    *,
    health: IngestHealth | None = None,
    failpoints: Failpoints | None = None,
    limits: Limits | None = None,
) -> None:
    """Run the ingest of all venues of the settings until `stop`."""
    clock = SystemClock()
    open_connection = partial(connect, settings.postgres, name="ingest", autocommit=True)
    budgets = {
        name: PostgresRequestBudget(open_connection, name, rate=section.requests_per_second, burst=section.request_burst, clock=clock)
        for name, section in settings.venues.items()
    }
    venues = [
        venue_connector(name, section, clock=clock, random=random.random, budget=budgets[name]) for name, section in settings.venues.items()
    ]
    publisher = EventProducer(settings.kafka, linger_ms=1.0)
    stores = {name: PostgresIngestStore(open_connection) for name in settings.venues}
    try:
        await run_ingest(
            venues,
            publisher,
            stores.__getitem__,
            clock,
            random.random,
            failpoints or Failpoints.from_environment(),
            stop,
            owner=owner,
            health=health,
            limits=limits,
            rates=rate_providers(settings.rates, clock=clock),
        )
    finally:
        publisher.close()
        for store in stores.values():
            store.close()
        for budget in budgets.values():
            budget.close()


async def _until_signal(settings: configuration.Settings, owner: str) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await ingest(settings, owner, stop)


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    asyncio.run(_until_signal(configuration.load(Path(sys.argv[1])), sys.argv[2]))
