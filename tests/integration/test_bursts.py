"""More commands at once than the request cap lets through: what can be done in time is done, the rest ends, and ingest has its share.

Four times as fast as what we ship: 20 requests a second, a lease of 3 s. The venue's own log says what was asked.
"""

from __future__ import annotations

import asyncio
from collections import Counter
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


def budget_of(room: Room, *, accepting: bool, rate: float = RATE) -> PostgresRequestBudget:
    """Return the budget of one more process of the same venue."""
    section = configuration.Postgres(dsn=room.dsn)
    opened = partial(connect, section, name="budget", autocommit=True)
    return PostgresRequestBudget(opened, VENUE, rate=rate, burst=BURST, clock=SystemClock(), accepting=accepting)


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
    """Forty commands at once: all are accepted at the pace of the cap, by three requests each, and no read of ingest waits for its end."""
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
    assert len(asked) <= 3.3 * NUMBER, "order, snapshot and call each: nothing is begun and lost"
    assert max(reads.waits) < 2.0, "no read waits for the end of the burst"
    assert len(reads.waits) >= 0.2 * RATE * took, "ingest has its share"
    assert len(asked) + len(reads.waits) >= 0.6 * RATE * took, "and nothing of the cap is left unused"
    ours.close()
    theirs.close()


WAITING = """
INSERT INTO custodian.request_budgets (venue, arrival, accepts, others_until)
VALUES (%s, 0, 0, extract(epoch FROM clock_timestamp()) + 3600)
"""


async def test_accepting_leaves_ingest_its_share_while_it_waits(room: Room) -> None:
    """With a full bucket and an ingest that waits, accepting gets two requests and its share of what comes; without, all that is there."""
    rate = 0.1  # nothing comes while this test runs
    ours, theirs = budget_of(room, accepting=True, rate=rate), budget_of(room, accepting=False, rate=rate)
    room.connection.execute(WAITING, (VENUE,))
    granted: Counter[str] = Counter()

    async def ask() -> None:
        await ours.acquire(priority=True)
        granted["ours"] += 1

    tasks = [asyncio.create_task(ask()) for _ in range(8)]
    await eventually_async(lambda: granted["ours"] == 2, within=10, what="two are granted at once")
    for _ in range(2):
        await theirs.acquire()
    assert granted["ours"] == 2, "the rest waits, though the bucket is not empty"
    room.connection.execute("UPDATE custodian.request_budgets SET others_until = 0")
    await eventually_async(lambda: granted["ours"] == 8, within=10, what="nobody else waits")
    await asyncio.gather(*tasks)
    ours.close()
    theirs.close()


async def test_what_cannot_be_in_time_ends_without_a_request_and_the_first_to_end_goes_first(room: Room) -> None:
    """Of thirty commands that came too close to their end what the cap lets through is done, in order of their time; the rest expires."""
    intents = [await room.create(quotes=0) for _ in range(30)]
    ours = budget_of(room, accepting=True)
    venue = venue_commands(room.simulator.base_url, budget=ours)
    commands = [room.issue(intent, seconds=10 if number % 2 else 60)[0] for number, intent in enumerate(intents)]
    hopeless = [room.issue(await room.create(quotes=0), seconds=-1)[0] for _ in range(20)]
    async with Running(room.executor(venue=venue, limits=SHORT, paces={VENUE: RATE * ACCEPT_SHARE})):
        rows = [await room.ended(command, within=60) for command in commands]
        late = [await room.ended(command) for command in hopeless]
    assert {(row["state"], row["reason"], row["attempts"]) for row in late} == {("expired", "too_late", 0)}
    urgent, patient = rows[1::2], rows[0::2]
    assert {row["state"] for row in patient} == {"succeeded"}
    assert {(row["state"], row["reason"]) for row in urgent} <= {("succeeded", "the venue says so"), ("expired", "too_late")}
    done = [row for row in urgent if row["state"] == "succeeded"]
    assert len(done) >= 8
    assert sum(row["sent_at"] < max(row["sent_at"] for row in done) for row in patient) <= 4, "the first to end went first"
    ours.close()


async def test_a_command_without_its_decision_costs_the_venue_nothing(room: Room) -> None:
    """It is waited for in the journal: no request is made for it, and it is not taken in hand again and again."""
    intent = await room.create(quotes=0)
    async with Running(room.executor()):
        waiting, _ = room.issue(intent, decided=None, decision_id="comes-later", seconds=60)
        other, _ = room.issue(await room.create(quotes=0), seconds=1.5, decided=None, decision_id="never-comes")
        await room.ended(other)
        assert not [one for one in room.simulator.truth.requests if one["path"].startswith("/api/v1/orders")]
        assert room.row(waiting)["lease_epoch"] == 0
    assert room.row(waiting)["state"] == "journalled"


TAKEN = """
UPDATE commands.journal SET lease_epoch = 9, lease_owner = 'another', lease_until = now() + interval '1 hour' WHERE command_id = %s
"""


class Slow:
    """A budget that grants nothing until the test says so, and counts who waited."""

    def __init__(self) -> None:
        self.open = asyncio.Event()
        self.asked = 0

    async def acquire(self, *, priority: bool = False) -> None:
        """Wait until the test says so."""
        self.asked += 1
        await self.open.wait()


async def test_a_claim_is_renewed_while_its_turn_waits_for_permits(room: Room) -> None:
    """A turn that waits for longer than its lease keeps its claim; one whose claim was taken away ends and takes no permit."""
    budget = Slow()
    venue = venue_commands(room.simulator.base_url, budget=budget)
    command, other = [room.issue(await room.create(quotes=0), seconds=60)[0] for _ in range(2)]
    async with Running(room.executor(venue=venue, limits=Limits(lease=1.0, look_timeout=60.0))):
        await eventually_async(lambda: room.row(command)["lease_epoch"] == room.row(other)["lease_epoch"] == 1, within=5)
        room.connection.execute(TAKEN, (other,))
        since = datetime.now(UTC)
        await eventually_async(lambda: (datetime.now(UTC) - since).total_seconds() > 2.5, within=10, what="two leases are over")
        assert room.row(command)["lease_epoch"] == 1, "still the first claim"
        budget.open.set()
        assert (await room.ended(command))["state"] == "succeeded"
    assert (room.row(other)["lease_epoch"], room.row(other)["state"]) == (9, "journalled")
    looked = [one["path"] for one in room.simulator.truth.requests if room.row(other)["intent_id"] in one["path"]]
    assert looked == []
