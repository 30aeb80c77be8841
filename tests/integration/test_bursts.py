"""More commands at once than the request cap lets through: what can be done in time is done, the rest ends, and ingest has its share.

Four times as fast as what we ship: 20 requests a second, a lease of 3 s. The venue's own log says what was asked.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial

import httpx
import pytest

from connectors.simulators.musubi.settings import Settings
from connectors.simulators.musubi.simulator import Simulator
from connectors.simulators.musubi.world import Rules
from pipeline import settings as configuration
from pipeline.clock import SystemClock
from pipeline.commands.executor import Limits
from pipeline.stores.postgres import connect
from pipeline.stores.request_budget import ACCEPT_SHARE, PostgresRequestBudget
from tests.integration.command_room import SECRET, VENUE, Room, Running, prepare, venue_commands
from tests.waiting import eventually_async

RATE, BURST = 20.0, 10
SHORT = Limits(lease=3.0)
NUMBER = 40


@pytest.fixture
async def room(postgres: str) -> AsyncIterator[Room]:
    """A database with tables, and a venue whose quotes live for thirty seconds and orders for five minutes."""
    settings = Settings(client_secret=SECRET, rules=Rules(rate=0))
    async with Simulator(settings) as simulator, httpx.AsyncClient(base_url=simulator.base_url, timeout=10) as http:
        with prepare(postgres) as connection:
            yield Room(dsn=postgres, connection=connection, simulator=simulator, http=http)


def budget_of(room: Room, *, accepting: bool) -> PostgresRequestBudget:
    """Return the budget of one more process of the same venue."""
    section = configuration.Postgres(dsn=room.dsn)
    opened = partial(connect, section, name="budget", autocommit=True)
    return PostgresRequestBudget(opened, VENUE, rate=RATE, burst=BURST, clock=SystemClock(), accepting=accepting)


@dataclass
class Reads:
    """Reads of an ingest that always has something to read, and how long each waited for its permit."""

    budget: PostgresRequestBudget
    waits: list[float] = field(default_factory=list)

    async def run(self) -> None:
        """Read for ever."""
        clock = SystemClock()
        while True:
            asked_at = clock.monotonic()
            await self.budget.acquire()
            self.waits.append(clock.monotonic() - asked_at)


async def test_a_burst_beyond_the_cap_is_worked_off_and_ingest_goes_on(room: Room) -> None:
    """Forty commands at once: all are accepted at the pace of the cap, by two requests each, and no read of ingest waits for a second."""
    intents = [await room.create(quotes=0) for _ in range(NUMBER)]
    ours, theirs = budget_of(room, accepting=True), budget_of(room, accepting=False)
    reads = Reads(theirs)
    reading = asyncio.create_task(reads.run())
    began = datetime.now(UTC)
    venue = venue_commands(room.simulator.base_url, budget=ours)
    async with Running(room.executor(venue=venue, limits=SHORT, paces={VENUE: RATE * ACCEPT_SHARE})):
        for intent in intents:
            room.issue(intent, seconds=60)
        await eventually_async(lambda: all(room.effective(intent) == 1 for intent in intents), within=30, what="all are accepted")
        took = (datetime.now(UTC) - began).total_seconds()
    reading.cancel()
    asked = [one for one in room.simulator.truth.requests if "/orders/" in one["path"] and "/simulator/" not in one["path"]]
    assert len(asked) <= 2.2 * NUMBER, "a look and a call each: nothing is begun and lost"
    assert max(reads.waits) < 1.0
    assert len(reads.waits) >= 0.3 * RATE * took, "ingest has its share"
    assert len(asked) + len(reads.waits) >= 0.8 * RATE * took, "and nothing of the cap is left unused"
    ours.close()
    theirs.close()
