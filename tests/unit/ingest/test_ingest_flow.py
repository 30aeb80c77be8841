"""Ingest with a scripted venue: what it reads, what it publishes, what it keeps, and that it never holds too much."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pytest

from connectors.venues.musubi.parse import parse_order
from pipeline.clock import SystemClock
from pipeline.errors import FatalError, SettingsError
from pipeline.failpoints import Failpoints
from pipeline.ingest import hints
from pipeline.ingest.known import KnownFacts
from pipeline.ingest.outbox import Outbox
from pipeline.ingest.record import RecordBook
from pipeline.ingest.run import IngestHealth, run_ingest
from pipeline.ingest.venue import Limits
from pipeline.log.codec import decode
from pipeline.log.identities import former_order_updated_id
from pipeline.ports import Fact, RateProvider, Unreadable
from schemas.events import AlarmRaised, DeadLetter, Observation, OrderUpdated
from tests.unit.ingest.fake_venue import START, FakeLog, FakeVenue, MemoryStore, intent_of, sighting
from tests.waiting import eventually_async


@dataclass(slots=True)
class World:
    """A venue, a log and a store, and whatever ingest runs between them."""

    venue: FakeVenue
    log: FakeLog = field(default_factory=FakeLog)
    store: MemoryStore = field(default_factory=MemoryStore)
    health: IngestHealth = field(default_factory=IngestHealth)
    rates: Sequence[RateProvider] = ()
    accepted: dict[str, float] | None = None
    """What we have accepted, and how many seconds ago, where somebody asks."""

    @contextlib.asynccontextmanager
    async def running(self, owner: str = "one", limits: Limits | None = None) -> AsyncIterator[None]:
        """Run ingest; what it raises is raised here."""
        stop = asyncio.Event()
        task = asyncio.create_task(
            run_ingest(
                [self.venue],
                self.log,
                lambda _: self.store,
                SystemClock(),
                lambda: 0.5,
                Failpoints({}),
                stop,
                owner=owner,
                health=self.health,
                limits=limits,
                rates=self.rates,
                accepted=None if self.accepted is None else lambda _: lambda _: dict(self.accepted or {}),
            )
        )
        try:
            yield
        finally:
            stop.set()
            await task

    async def reconciled(self) -> None:
        """Wait for the end of a reconciliation."""
        await eventually_async(lambda: self.store.cursor.reconciled_at is not None, within=10, what="reconciled")
        self.venue.requests.clear()

    def orders(self, origin: str) -> list[OrderUpdated]:
        """Return the published orders of an origin."""
        events = [decode(event.value, OrderUpdated) for event in self.log.events if event.envelope.kind.name == "order-updated.v1"]
        return [event for event in events if event.observed.origin == origin]


@pytest.fixture
async def world() -> World:
    """Give a world with an empty venue."""
    return World(FakeVenue())


async def test_a_single_hint_is_published_and_leads_to_one_read(world: World) -> None:
    """The hint is in the log, and the record with the time of the hint; the same hint again is published and not read."""
    async with world.running():
        await world.reconciled()
        world.venue.orders[1] = "SETTLED"
        world.venue.hints.put_nowait([sighting(1, "SETTLED")])
        await eventually_async(lambda: world.orders("read"), within=5)
        world.venue.hints.put_nowait([sighting(1, "SETTLED")])
        await eventually_async(lambda: len(world.orders("stream")) == 2, within=5)
    assert world.venue.requests == ["order hints"]
    (record,) = world.orders("read")
    assert record.observed.hinted_at == sighting(1, "SETTLED").event.observed.observed_at
    assert record.target_amount == "100"


async def test_many_hints_are_read_by_list_pages(world: World) -> None:
    """Three hundred settlements at once cost a few pages and a few reads by name, not three hundred requests."""
    world.venue.delay = 0.01
    async with world.running():
        await world.reconciled()
        world.venue.orders.update(dict.fromkeys(range(1, 301), "SETTLED"))
        world.venue.hints.put_nowait([sighting(number, "SETTLED") for number in range(1, 301)])
        await eventually_async(lambda: len(world.orders("list")) + len(world.orders("read")) == 300, within=10)
    assert len(world.venue.requests) <= 12
    assert all(record.observed.hinted_at for record in world.orders("list"))
    assert {event.intent_id for event in world.orders("list") + world.orders("read")} == {intent_of(n) for n in range(1, 301)}


async def test_executing_and_known_settlements_are_not_read(world: World) -> None:
    """A hint that announces nothing new costs no request."""
    world.venue.orders[1] = "SETTLED"
    async with world.running():
        await world.reconciled()
        world.venue.hints.put_nowait([sighting(1, "SETTLED"), sighting(2, "EXECUTING"), sighting(1, "PENDING")])
        await eventually_async(lambda: len(world.orders("stream")) == 3, within=5)
    assert world.venue.requests == []


async def test_a_quoted_order_is_left_to_its_settlement(world: World) -> None:
    """QUOTED leads on by itself: what is read is the settlement that follows within seconds."""
    async with world.running():
        await world.reconciled()
        world.venue.orders[1] = "SETTLED"
        world.venue.hints.put_nowait([sighting(1, "QUOTED"), sighting(1, "EXECUTING")])
        await eventually_async(lambda: len(world.orders("stream")) == 2, within=5)
        world.venue.hints.put_nowait([sighting(1, "SETTLED")])
        await eventually_async(lambda: world.orders("read"), within=5)
    assert world.venue.requests == ["order hints"]


async def test_a_quoted_order_that_does_not_go_on_is_read(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """After some seconds without news the record is asked."""
    monkeypatch.setattr(hints, "LEADS_ON_SECONDS", 0.3)
    async with world.running():
        await world.reconciled()
        world.venue.orders[1] = "QUOTED"
        world.venue.hints.put_nowait([sighting(1, "QUOTED")])
        await eventually_async(lambda: [order.status for order in world.orders("read")] == ["QUOTED"], within=5)


async def test_a_hint_that_contradicts_the_record_is_looked_up_once(world: World) -> None:
    """FAILED after SETTLED is read once, however often it is repeated."""
    world.venue.orders[1] = "SETTLED"
    async with world.running():
        await world.reconciled()
        for repeat in range(1, 4):
            world.venue.hints.put_nowait([sighting(1, "FAILED")])
            await eventually_async(lambda count=repeat: len(world.orders("stream")) == count and world.venue.requests, within=5)
        await eventually_async(lambda: not world.venue.hints.qsize(), within=5)
    assert world.venue.requests == ["order hints"]


async def test_a_record_that_lags_behind_the_hint_is_asked_again(world: World) -> None:
    """A read that still shows an older status is repeated a little later until the record has moved."""
    world.venue.orders[1] = "EXECUTING"
    async with world.running():
        await world.reconciled()
        world.venue.hints.put_nowait([sighting(1, "SETTLED")])
        await eventually_async(lambda: world.venue.count("order") >= 1, within=5)
        world.venue.orders[1] = "SETTLED"
        await eventually_async(lambda: [event for event in world.orders("read") if event.status == "SETTLED"], within=5)


async def test_what_no_hint_announced_is_found_by_reconciliation() -> None:
    """Settled, failed and unknown orders whose hints were lost are published once by the listing."""
    world = World(FakeVenue(reconcile_interval=0.2))
    async with world.running():
        await world.reconciled()
        world.venue.orders.update({1: "SETTLED", 2: "FAILED", 3: "SUSPENDED", 4: "PENDING"})
        await eventually_async(lambda: len(world.orders("list")) == 4, within=5)
        world.venue.orders[4] = "EXPIRED"
        await eventually_async(lambda: "EXPIRED" in [event.status for event in world.orders("list") + world.orders("read")], within=5)
        world.venue.requests.clear()
        await eventually_async(lambda: len(world.venue.requests) > 9, within=5)
    assert set(world.log.ids().values()) == {1}


async def test_an_open_order_that_is_gone_is_withdrawn() -> None:
    """A 404 for an order that the record showed as open becomes WITHDRAWN, once."""
    world = World(FakeVenue(reconcile_interval=0.1))
    world.venue.orders[1] = "PENDING"
    async with world.running():
        await eventually_async(lambda: world.store.open == {intent_of(1)}, within=5)
        del world.venue.orders[1]
        await eventually_async(lambda: world.orders("absence"), within=5)
        await eventually_async(lambda: not world.store.open, within=5)
    (withdrawn,) = world.orders("absence")
    assert (withdrawn.status, withdrawn.document) == ("WITHDRAWN", "not found")


async def test_the_first_listing_goes_through_everything_and_goes_on_after_a_restart(world: World) -> None:
    """Seven hundred old orders are all published once, although ingest is stopped in the middle; the second run begins where it stopped."""
    world.venue.orders.update(dict.fromkeys(range(1, 701), "FAILED"))
    world.venue.delay = 0.02
    async with world.running():
        await eventually_async(lambda: (world.store.cursor.backfill_page or 0) >= 3, within=10)
    assert world.store.cursor.backfill_page is not None
    world.venue.requests.clear()
    async with world.running():
        await eventually_async(lambda: world.store.cursor.backfill_page is None, within=10)
    assert world.venue.count("list all") <= 6
    assert set(world.log.ids().values()) == {1}
    assert len(world.log.events) == 700


async def test_a_restart_repeats_no_record(world: World) -> None:
    """What the log has is not published again after a restart, whether memory or the database knows it."""
    world.venue.orders.update(dict.fromkeys(range(1, 250), "SETTLED"))
    async with world.running():
        await world.reconciled()
    published = len(world.log.events)
    world.store.cursor = world.store.cursor.__class__(
        settled_until=world.store.cursor.settled_until, created_until=world.store.cursor.created_until, backfill_page=None
    )
    async with world.running():
        await world.reconciled()
    assert len(world.log.events) == published == 249


async def test_a_full_queue_lets_the_stream_go_and_nothing_is_lost(world: World) -> None:
    """While Kafka is away the queue stays bounded, the stream is disconnected; afterwards everything is there, with an alarm."""
    limits = Limits(items_max=50, grace=0.05)
    async with world.running(limits=limits):
        await world.reconciled()
        world.log.away.set()
        for number in range(1, 401):
            world.venue.orders[number] = "SETTLED"
            world.venue.hints.put_nowait([sighting(number, "SETTLED")])
        await eventually_async(lambda: not world.venue.connected, within=10, what="the stream is let go")
        waiting = world.venue.hints.qsize()
        assert waiting > 300
        while not world.venue.hints.empty():  # what the venue sent while nobody listened
            world.venue.hints.get_nowait()
        world.log.away.clear()
        await eventually_async(lambda: world.venue.connects == 2, within=20, what="the stream is back")
        await eventually_async(
            lambda: {event.intent_id for event in world.orders("list") + world.orders("read")} == {intent_of(n) for n in range(1, 401)},
            within=20,
        )
    alarms = [decode(event.value, AlarmRaised) for event in world.log.events if event.envelope.kind.name == "alarm-raised.v1"]
    assert [alarm.kind for alarm in alarms] == ["stream_gap"]


async def test_what_cannot_be_read_is_dead_lettered_and_the_stream_goes_on(world: World) -> None:
    """Bytes, reason and origin are in the dead letter; the hint behind it is published."""
    bad = Unreadable(origin="stream", body=b"{", reason="not JSON", seen_at=START, event_type="order_updated")
    async with world.running():
        await world.reconciled()
        world.venue.hints.put_nowait([bad, sighting(1, "EXECUTING")])
        await eventually_async(lambda: world.orders("stream"), within=5)
    (letter,) = [decode(event.value, DeadLetter) for event in world.log.events if event.envelope.kind.name == "dead-letter.v1"]
    assert (letter.origin, letter.reason, letter.size) == ("stream", "not JSON", 1)


async def test_a_second_one_stands_by_until_the_lease_is_free(world: World) -> None:
    """Only the owner of the lease publishes; when it stops, the other one goes on at once."""
    async with world.running("one"):
        await world.reconciled()
        other = World(FakeVenue(), world.log, world.store)
        async with other.running("two"):
            other.venue.hints.put_nowait([sighting(9, "EXECUTING")])
            world.venue.hints.put_nowait([sighting(8, "EXECUTING")])
            await eventually_async(lambda: world.orders("stream"), within=5)
            assert other.venue.connects == 0
            world.store.release_lease(world.store.lease)  # type: ignore[arg-type]
            await eventually_async(lambda: other.venue.connects == 1, within=5)
            world.store.steal()


async def test_who_lost_the_lease_stops_publishing(world: World) -> None:
    """A former owner finds the lease taken in its next cursor transaction and lets the stream go."""
    async with world.running():
        await world.reconciled()
        world.store.steal()
        world.venue.orders[1] = "SETTLED"
        world.venue.hints.put_nowait([sighting(1, "SETTLED")])
        await eventually_async(lambda: not world.venue.connected, within=10)
        stored = world.store.cursor
        world.venue.hints.put_nowait([sighting(2, "EXECUTING")])
        await eventually_async(lambda: not world.health.venues["tokyo"].leading, within=5)
    assert world.store.cursor == stored
    assert intent_of(2) not in {event.key for event in world.log.events}


async def test_a_database_that_is_away_for_a_moment_is_waited_for(world: World) -> None:
    """Hints go on being published; facts and cursor are stored when the database is back."""
    async with world.running():
        await world.reconciled()
        world.store.away.set()
        world.venue.orders[1] = "SETTLED"
        world.venue.hints.put_nowait([sighting(1, "SETTLED")])
        await eventually_async(lambda: world.orders("read"), within=5)
        assert not world.store.facts
        world.store.away.clear()
        await eventually_async(lambda: len(world.store.facts) == 1, within=10)


async def test_a_venue_that_is_away_is_waited_for(world: World) -> None:
    """Reads fail for a while and are tried again; the settlement comes when the venue is back."""
    async with world.running():
        await world.reconciled()
        world.venue.away = True
        world.venue.hints.put_nowait([sighting(1, "SETTLED")])
        await eventually_async(lambda: world.orders("stream"), within=5)
        world.venue.orders[1] = "SETTLED"
        world.venue.away = False
        await eventually_async(lambda: world.orders("read"), within=10)


async def test_another_schema_at_start_names_the_setting(world: World) -> None:
    """The error names the venue's base_url, what was found and what to do."""
    world.venue.schema_found = "schema_version 'v9'"
    with pytest.raises(SettingsError, match=r"venues\.tokyo\.base_url.*v9.*v2 backend"):
        await run_ingest(
            [world.venue], world.log, lambda _: world.store, SystemClock(), lambda: 0.5, Failpoints({}), asyncio.Event(), owner="one"
        )


async def test_a_venue_that_takes_us_for_somebody_else_is_an_alarm_and_decides_nothing(world: World) -> None:
    """It is raised once while it is so, at start and after the connect, and ingest goes on as who we were."""
    world.venue.takes_us_for = "Stranger::9"
    async with world.running():
        world.venue.hints.put_nowait([sighting(1, "EXECUTING")])
        await eventually_async(lambda: world.orders("stream"), within=10)
    (alarm,) = (decode(one.value, AlarmRaised) for one in world.log.events if one.envelope.kind.name == "alarm-raised.v1")
    assert (alarm.kind, alarm.severity, alarm.subject) == ("venue_party_changed", "critical", "tokyo")
    assert alarm.detail == {"party": "Stranger::9", "own_parties": "CustodianA::1"}


async def test_a_settled_record_that_cannot_be_read_is_an_alarm_beside_its_dead_letter(world: World) -> None:
    """Once per document, by its digest, however often it is listed; one that is not settled, and a hint, are dead letters only."""

    def bad(body: bytes, status: str | None, origin: Literal["read", "stream"] = "read") -> Unreadable:
        return Unreadable(origin=origin, body=body, reason="no time", seen_at=START, intent_id=intent_of(1), status=status)

    shown = [bad(b"one", "SETTLED"), bad(b"two", "PENDING"), bad(b"three", None), bad(b"one", "SETTLED"), bad(b"four", "SETTLED")]
    book = RecordBook(
        "tokyo",
        known=KnownFacts(MemoryStore(), "tokyo"),
        outbox=Outbox(items_max=99, bytes_max=10**6),
        open_intents=frozenset(),
        clock=SystemClock(),
    )
    await book.note(shown)
    await book.note([*shown, bad(b"five", "SETTLED", "stream")])
    outs = [item.outgoing for item in await book.outbox.take(items_max=99, bytes_max=10**6) if item.outgoing is not None]
    alarms = [decode(out.value, AlarmRaised) for out in outs if out.envelope.kind.name == "alarm-raised.v1"]
    assert len(outs) - len(alarms) == 5
    assert [(one.kind, one.severity, one.subject) for one in alarms] == [("settlement_unreadable", "critical", intent_of(1))] * 2
    assert [one.detail["document_sha256"] for one in alarms] == [hashlib.sha256(body).hexdigest() for body in (b"one", b"four")]


async def test_a_fact_known_under_its_former_id_is_published_once_more_and_is_no_news() -> None:
    """What an older release published goes out once under its new id, and a listing does not walk on for it; what is new makes it walk."""
    old, new = sighting(1, "SETTLED", origin="list", full=True), sighting(2, "SETTLED", origin="list", full=True)
    store = MemoryStore()
    event = old.event
    assert isinstance(event, OrderUpdated)
    former = former_order_updated_id(event)
    store.facts[former] = Fact(ce_id=former, intent_id=event.intent_id, status="SETTLED", transaction_hash=event.transaction_hash)
    known = KnownFacts(store, "tokyo")
    await known.load()
    book = RecordBook("tokyo", known=known, outbox=Outbox(items_max=99, bytes_max=10**6), open_intents=frozenset(), clock=SystemClock())
    assert (await book.note([old])).new == 0
    assert (await book.note([old, new])).new == 1
    outs = [item.outgoing.envelope.id for item in await book.outbox.take(items_max=99, bytes_max=10**6) if item.outgoing is not None]
    assert outs == [old.ce_id, new.ce_id]


def test_the_former_id_is_the_one_that_was_given() -> None:
    """It is what the release before clients were terms gave to the same document."""
    golden = json.loads((Path(__file__).parents[1] / "settlement" / "golden" / "terms_version_1.json").read_text())["_id"]
    observed = Observation(origin="read", observed_at="2025-03-15T09:00:19.000000Z")
    read = parse_order(json.dumps(golden["document"]).encode(), venue="tokyo", own_party="custodian-a", observed=observed)
    assert isinstance(read.event, OrderUpdated)
    assert former_order_updated_id(read.event) == golden["ce_id"] != read.ce_id


async def test_one_venue_s_trouble_does_not_stop_another() -> None:
    """A venue whose connector is broken begins anew again and again; the other one goes on."""

    class Broken(FakeVenue):
        venue = "osaka"

        async def check_identity(self) -> str:
            raise RuntimeError("a fault of the program")

    log, stop, good = FakeLog(), asyncio.Event(), FakeVenue()
    task = asyncio.create_task(
        run_ingest([Broken(), good], log, lambda _: MemoryStore(), SystemClock(), lambda: 0.5, Failpoints({}), stop, owner="one")
    )
    good.hints.put_nowait([sighting(1, "EXECUTING")])
    await eventually_async(lambda: log.events, within=5)
    assert not task.done()
    stop.set()
    await task


async def test_a_broken_producer_ends_ingest(world: World) -> None:
    """FatalError of the publisher is raised: the process has to start anew."""

    def broken(events: object) -> None:
        raise FatalError("the producer is broken")

    world.log.publish = broken  # type: ignore[method-assign]
    world.venue.hints.put_nowait([sighting(1, "EXECUTING")])
    with pytest.raises(FatalError, match="producer is broken"):
        await run_ingest(
            [world.venue], world.log, lambda _: world.store, SystemClock(), lambda: 0.5, Failpoints({}), asyncio.Event(), owner="one"
        )
    assert not world.venue.connected
