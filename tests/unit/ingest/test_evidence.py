"""What a decision needs is there when it is asked: snapshots and rates of pending proposals of ours, each once, whatever is away."""

from __future__ import annotations

import asyncio
import dataclasses
from datetime import timedelta

import pytest

from pipeline.errors import ContractBreachError, RetryableError
from pipeline.ingest.evidence import MISSES_MAX, EvidenceBook
from pipeline.ingest.known import KnownFacts
from pipeline.ingest.looks import QuoteLooks
from pipeline.ingest.outbox import Outbox
from pipeline.ingest.record import RecordBook
from pipeline.ingest.venue import Limits
from pipeline.ingest.wanted import Wanted
from pipeline.log.codec import decode
from pipeline.ports import Evidence, EvidenceStep, RateReading, RateSeen, Reading, Unreadable
from pipeline.testing.clocks import HandClock
from schemas.accepting import ComplianceRead, RateRead
from schemas.events import DeadLetter, OrderUpdated, QuoteReceived
from tests.unit.ingest.fake_venue import START, FakeVenue, MemoryStore, intent_of, quote, sighting
from tests.unit.ingest.test_ingest_flow import World
from tests.waiting import eventually_async

PAIR = ("JPYSC0", "USDCx")


class FakeProvider:
    """States what the test says, at once."""

    poll_interval = 0.02

    def __init__(self, name: str = "desk") -> None:
        self.name = name
        self.answer: RateReading | Exception = RetryableError("away")
        self.reads = 0

    def states(self, rate: str, seconds: float = 0, pair: tuple[str, str] = PAIR) -> None:
        """State a rate that was current so many seconds after the start."""
        seen = RateSeen(pair=pair, rate=rate, sources=3, quoted_at=START + timedelta(seconds=seconds), document=f'{{"rate":"{rate}"}}')
        self.answer = RateReading(seen=[seen], received_at=START)

    def babbles(self, body: bytes) -> None:
        """State what nobody can read."""
        unreadable = Unreadable(origin="read", body=body, reason="not JSON", seen_at=START, event_type="rates")
        self.answer = RateReading(seen=unreadable, received_at=START)

    async def read(self) -> RateReading:
        """Answer."""
        self.reads += 1
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    async def aclose(self) -> None:
        """Nothing is open."""


def world_of(*providers: FakeProvider, reconcile_interval: float = 3600.0) -> World:
    """Return an empty venue with some providers."""
    return World(FakeVenue(reconcile_interval=reconcile_interval), rates=providers)


def propose(world: World, *numbers: int, side: str = "sender") -> None:
    """Let the venue show proposals and hint at them."""
    for number in numbers:
        world.venue.orders[number], world.venue.sides[number] = "PENDING", side
        world.venue.hints.put_nowait([sighting(number, "PENDING")])


def stored(world: World, number: int) -> Evidence:
    """Return the row of a proposal, one with nothing in it while there is none."""
    return world.store.evidence.get(intent_of(number), Evidence(pair=PAIR))


def compliance(world: World) -> list[ComplianceRead]:
    """Return the published snapshots."""
    return [decode(event.value, ComplianceRead) for event in world.log.events if event.envelope.kind.name == "compliance-read.v1"]


def rates(world: World) -> list[tuple[str, str, str]]:
    """Return intent, provider and rate of what was published."""
    read = [decode(event.value, RateRead) for event in world.log.events if event.envelope.kind.name == "rate-read.v1"]
    return [(event.intent_id, event.provider, event.rate) for event in read]


def letters(world: World) -> list[DeadLetter]:
    """Return the dead letters."""
    return [decode(event.value, DeadLetter) for event in world.log.events if event.envelope.kind.name == "dead-letter.v1"]


# --- snapshots --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("side", "read"), [("sender", True), ("both", True), ("receiver", False), ("none", False)])
async def test_the_snapshot_of_a_proposal_of_ours_is_read_once(side: str, read: bool) -> None:
    """As the sender's custodian we need it; it travels under the intent, verbatim, and neither hints nor listings read it again."""
    world = world_of(reconcile_interval=0.1)
    async with world.running():
        await world.reconciled()
        propose(world, 1, side=side)
        await eventually_async(lambda: world.orders("read") + world.orders("list"), within=5)
        await eventually_async(lambda: len(compliance(world)) == read, within=5)
        world.venue.hints.put_nowait([sighting(1, "PENDING"), quote(1, "a", origin="stream")])
        world.venue.requests.clear()
        await eventually_async(lambda: world.venue.count("list") > 9, within=5)
    assert world.venue.count("compliance") == 0
    assert [(event.intent_id, event.risk_rating, event.document) for event in compliance(world)] == [(intent_of(1), "LOW", "LOW")] * read
    keys = {event.key for event in world.log.events if event.envelope.kind.name == "compliance-read.v1"}
    assert keys <= {intent_of(1)}


async def test_a_venue_that_is_away_for_a_snapshot_keeps_neither_orders_nor_other_snapshots_waiting() -> None:
    """The one that fails is tried again until it comes; meanwhile everything else is read."""
    world = world_of()
    world.venue.snapshots[1] = RetryableError("status 502")
    async with world.running():
        await world.reconciled()
        propose(world, 1)
        await eventually_async(lambda: world.venue.count("compliance evidence 1") >= 2, within=10)
        propose(world, 2)
        world.venue.quotes[2] = [quote(2, "a")]
        world.venue.hints.put_nowait([quote(2, "a", origin="stream")])
        await eventually_async(lambda: [event.intent_id for event in compliance(world)] == [intent_of(2)], within=10)
        await eventually_async(lambda: "quotes hints 2" in world.venue.requests, within=5)
        del world.venue.snapshots[1]
        await eventually_async(lambda: {event.intent_id for event in compliance(world)} == {intent_of(1), intent_of(2)}, within=10)
    assert set(world.log.ids().values()) == {1}


async def test_snapshots_that_fail_for_long_delay_no_new_one() -> None:
    """While ten have failed again and again and wait for their next turn, an eleventh is read at once."""
    world = world_of()
    world.venue.snapshots = {number: RetryableError("status 502") for number in range(1, 11)}
    async with world.running():
        await world.reconciled()
        propose(world, *range(1, 11))
        for number in range(1, 11):
            await eventually_async(lambda n=number: world.venue.requests.count(f"compliance evidence {n}") >= 3, within=10)
        propose(world, 11)
        await eventually_async(lambda: [event.intent_id for event in compliance(world)] == [intent_of(11)], within=0.5)


async def test_a_venue_that_asks_for_time_is_left_alone_by_all() -> None:
    """Retry-After holds for the snapshots of other proposals as well, and for nothing else."""
    world = world_of()
    world.venue.snapshots[1] = RetryableError("status 429", retry_after=0.6)
    async with world.running():
        await world.reconciled()
        propose(world, 1)
        await eventually_async(lambda: world.venue.count("compliance") == 1, within=5)
        began = asyncio.get_running_loop().time()
        del world.venue.snapshots[1]
        propose(world, 2)
        await eventually_async(lambda: len(world.orders("read")) == 2, within=0.5)
        assert world.venue.count("compliance") == 1
        await eventually_async(lambda: len(compliance(world)) == 2, within=5)
        assert asyncio.get_running_loop().time() - began > 0.5


@pytest.mark.parametrize("answer", [Reading(absent="not found"), ContractBreachError("a redirect")])
async def test_a_snapshot_that_is_not_there_is_looked_for_with_each_quote(answer: Reading | Exception) -> None:
    """That it is not there is said once, so that nobody waits; then each quote is a reason to look again, and the looks are bounded."""
    world = world_of()
    world.venue.snapshots[1] = answer
    async with world.running():
        await world.reconciled()
        propose(world, 1)
        await eventually_async(lambda: world.venue.count("compliance") == 1, within=5)
        for hints in range(1, MISSES_MAX + 3):
            world.venue.hints.put_nowait([quote(1, f"{hints}", origin="stream")])
            expected = min(hints + 1, MISSES_MAX)
            await eventually_async(lambda looks=expected: world.venue.count("compliance") == looks, within=5)
            await eventually_async(lambda: not world.venue.hints.qsize(), within=5)
    lacking = "absent" if isinstance(answer, Reading) else "unreadable"
    document = "not found" if isinstance(answer, Reading) else ""
    assert [(event.lacking, event.kyc_status, event.document) for event in compliance(world)] == [(lacking, None, document)]
    assert stored(world, 1).snapshot == ("absent" if isinstance(answer, Reading) else "unreadable")


async def test_a_snapshot_that_comes_later_is_published() -> None:
    """After a 404 the quote's hint finds it."""
    world = world_of()
    world.venue.snapshots[1] = Reading(absent="not found")
    async with world.running():
        await world.reconciled()
        propose(world, 1)
        await eventually_async(lambda: world.venue.count("compliance") == 1, within=5)
        del world.venue.snapshots[1]
        world.venue.hints.put_nowait([quote(1, "a", origin="stream")])
        await eventually_async(lambda: [event.lacking for event in compliance(world)] == ["absent", None], within=5)
        await eventually_async(lambda: stored(world, 1).snapshot == "read", within=5)


async def test_a_snapshot_that_cannot_be_read_is_a_dead_letter_once() -> None:
    """Its bytes are kept; the same bytes again are no second letter; another snapshot replaces them."""
    world = world_of()
    bad = Unreadable(origin="read", body=b"{", reason="not JSON", seen_at=START, event_type="compliance")
    world.venue.snapshots[1] = Reading(seen=[bad])
    async with world.running():
        await world.reconciled()
        propose(world, 1)
        await eventually_async(lambda: letters(world), within=5)
        world.venue.hints.put_nowait([quote(1, "a", origin="stream")])
        await eventually_async(lambda: world.venue.count("compliance") == 2, within=5)
        del world.venue.snapshots[1]
        world.venue.hints.put_nowait([quote(1, "b", origin="stream")])
        await eventually_async(lambda: [event.lacking for event in compliance(world)] == ["unreadable", None], within=5)
    assert [(letter.origin, letter.event_type, letter.reason) for letter in letters(world)] == [("read", "compliance", "not JSON")]


async def test_a_restart_reads_what_is_due_and_nothing_else() -> None:
    """Of a hundred pending proposals, only the one whose snapshot was not there in time is read after a restart, and a new one."""
    world = world_of()
    world.venue.snapshots[100] = RetryableError("status 502")
    async with world.running():
        await world.reconciled()
        propose(world, *range(1, 101))
        await eventually_async(lambda: len(compliance(world)) == 99, within=10)
        await eventually_async(lambda: sum(row.snapshot == "read" for row in world.store.evidence.values()) == 99, within=5)
    del world.venue.snapshots[100]
    world.venue.requests.clear()
    async with world.running():
        propose(world, 101)
        await eventually_async(lambda: len(compliance(world)) == 101, within=10)
    read = sorted(request for request in world.venue.requests if request.startswith("compliance"))
    assert read == ["compliance evidence 100", "compliance evidence 101"]


async def test_what_is_published_but_not_stored_is_repeated_with_the_same_id() -> None:
    """A crash between Kafka and the store repeats the snapshot; it makes no second fact of it."""
    world = world_of()
    async with world.running():
        await world.reconciled()
        propose(world, 1)
        await eventually_async(lambda: stored(world, 1).snapshot == "read", within=5)
    world.store.evidence[intent_of(1)] = Evidence(pair=PAIR)
    async with world.running():
        await eventually_async(lambda: len(compliance(world)) == 2, within=5)
    ids = [event.envelope.id for event in world.log.events if event.envelope.kind.name == "compliance-read.v1"]
    assert len(set(ids)) == 1


async def test_what_is_over_is_forgotten() -> None:
    """A proposal that the record shows further on, or that settled by a full hint, keeps no row."""
    world = world_of()
    async with world.running():
        await world.reconciled()
        propose(world, 1, 2)
        await eventually_async(lambda: len(world.store.evidence) == 2, within=5)
        world.venue.orders[1] = "QUOTED"
        world.venue.hints.put_nowait([sighting(1, "QUOTED")])
        settled = dataclasses.replace(sighting(2, "SETTLED", full=True, side="sender"), complete=True)
        world.venue.hints.put_nowait([settled])
        await eventually_async(lambda: not world.store.evidence, within=5)


def order(status: str, side: str = "sender") -> OrderUpdated:
    """Return an order of the record."""
    event = sighting(1, status, origin="list", full=True, side=side).event
    assert isinstance(event, OrderUpdated)
    return event


def test_a_page_that_is_older_than_what_is_known_begins_nothing() -> None:
    """PENDING after QUOTED is an old page; PENDING that the log holds already, as after an upgrade, is work to be done."""
    book = EvidenceBook({})
    assert book.noted(order("PENDING"), [("PENDING", None), ("QUOTED", None)]) is None
    assert book.noted(order("PENDING"), [("PENDING", None)]) == EvidenceStep(intent_id=intent_of(1), pair=PAIR)
    assert book.noted(order("PENDING"), []) is None
    assert book.noted(order("QUOTED"), []) == EvidenceStep(intent_id=intent_of(1), over=True)
    assert book.noted(order("QUOTED"), []) is None


async def test_a_snapshot_is_read_by_one_reader_at_a_time() -> None:
    """A quote that is hinted while the snapshot is read leads to another reading only where that one has brought nothing."""
    book = EvidenceBook({})
    book.noted(order("PENDING"), [])
    intent = await book.next_snapshot()
    book.snapshot_is(intent, "absent")
    book.landed(intent)
    for brought in ("absent", "read"):
        book.quoted(intent)
        assert await book.next_snapshot() == intent
        book.quoted(intent)
        waiting = asyncio.create_task(book.next_snapshot())
        await asyncio.sleep(0)
        assert not waiting.done(), "it is being read"
        book.snapshot_is(intent, brought)
        book.landed(intent)
        if brought == "absent":
            assert await asyncio.wait_for(waiting, 5) == intent
            book.snapshot_is(intent, "absent")
            book.landed(intent)
        else:
            await asyncio.sleep(0)
            assert not waiting.done(), "it is there"
            waiting.cancel()


def test_steps_of_one_intent_add_up() -> None:
    """What gathers before it is stored is one step per intent, with the last word on each thing."""
    begun = EvidenceStep(intent_id="i", pair=PAIR)
    rated = EvidenceStep(intent_id="i", rates={"a": START})
    again = EvidenceStep(intent_id="i", snapshot="absent", rates={"b": START})
    read = EvidenceStep(intent_id="i", snapshot="read", rates={"a": START + timedelta(seconds=1)})
    whole = begun.then(rated).then(again).then(read)
    assert whole == EvidenceStep(intent_id="i", pair=PAIR, snapshot="read", rates={"a": START + timedelta(seconds=1), "b": START})
    assert whole.then(EvidenceStep(intent_id="i", over=True)).over


def looks(book: RecordBook, clock: HandClock) -> tuple[QuoteLooks, Wanted]:
    """Return what looks for quotes ten seconds after an accept, and what it wants."""
    wanted = Wanted()
    return QuoteLooks(lambda _: {}, book, wanted, first=10.0, clock=clock), wanted


def wants(wanted: Wanted) -> list[str]:
    """Return whose quotes are wanted, and forget that."""
    due = wanted.due(0.0)
    for want in due:
        wanted.met(want)
    return [want.intent_id for want in due if want.what == "quotes"]


def test_quotes_of_an_accept_are_looked_for_until_one_is_seen() -> None:
    """From ten seconds after it, every five, while the order is open and nothing was seen of a quote; a hint in time costs no look."""
    clock, open_ = HandClock(), frozenset({"a", "hinted"})
    book = RecordBook("tokyo", known=KnownFacts(MemoryStore(), "tokyo"), outbox=Outbox(), open_intents=open_, clock=clock)
    looking, wanted = looks(book, clock)
    book.quoted.add("hinted")
    found = []
    for second in range(30):
        looking.look({"a": float(second), "hinted": float(second), "over": float(second)})
        found += [(second, intent) for intent in wants(wanted)]
        clock.pass_by(1)
    assert found == [(10, "a"), (15, "a"), (20, "a"), (25, "a")]
    book.quoted.add("a")
    looking.look({"a": 31.0})
    assert wants(wanted) == []


async def test_the_quotes_of_an_accept_are_read_though_no_hint_comes() -> None:
    """Neither a hint nor a round: some time after the accept the list is read, and the quote published."""
    world = world_of()
    world.accepted = {}
    async with world.running(limits=Limits(quote_look=0.2)):
        await world.reconciled()
        propose(world, 1)
        await eventually_async(lambda: len(world.store.open) == 1, within=5)
        world.venue.quotes[1] = [quote(1, "a")]
        world.accepted[intent_of(1)] = 1.0
        await eventually_async(lambda: quotes(world) == names("a"), within=5)
    assert world.venue.count("quotes hints 1") == 1


# --- quotes -----------------------------------------------------------------------------------------------------


def quotes(world: World) -> set[str | None]:
    """Return the quotes that were published from the list."""
    events = [decode(event.value, QuoteReceived) for event in world.log.events if event.envelope.kind.name == "quote-received.v1"]
    return {event.quote_id for event in events if event.observed.origin == "list"}


def names(*named: str) -> set[str | None]:
    """Return the ids of quotes of the first order."""
    return {quote(1, name).event.quote_id for name in named}  # type: ignore[union-attr]


async def test_a_hint_that_states_a_whole_quote_leads_to_the_list_all_the_same() -> None:
    """Only the list says everything that is offered (A-03)."""
    world = world_of()
    async with world.running():
        await world.reconciled()
        propose(world, 1)
        world.venue.quotes[1] = [quote(1, "a"), quote(1, "b")]
        world.venue.hints.put_nowait([quote(1, "b", origin="list")])
        await eventually_async(lambda: names("a") <= quotes(world), within=5)
    assert quotes(world) == names("a", "b")


async def test_a_quote_hinted_at_while_the_list_is_read_is_read_for_again() -> None:
    """The answer on its way was made before it."""
    world = world_of()
    async with world.running():
        await world.reconciled()
        world.venue.delay = 0.2
        world.venue.orders[1] = "PENDING"
        world.venue.quotes[1] = [quote(1, "a")]
        world.venue.hints.put_nowait([quote(1, "a", origin="stream")])
        await eventually_async(lambda: world.venue.count("quotes") == 1, within=5)
        world.venue.quotes[1].append(quote(1, "b"))
        world.venue.hints.put_nowait([quote(1, "b", origin="stream")])
        await eventually_async(lambda: quotes(world) == names("a", "b"), within=5)
    assert world.venue.count("quotes") == 2


async def test_quotes_that_come_within_a_window_are_one_read() -> None:
    """What a hint states is known at once; the list is read once for all that came until the half of the window."""
    world = world_of()
    async with world.running(limits=Limits(quote_gather=0.5)):
        await world.reconciled()
        propose(world, 1)
        world.venue.quotes[1] = [quote(1, "a"), quote(1, "b"), quote(1, "c")]
        for name in ("a", "b"):
            world.venue.hints.put_nowait([quote(1, name, origin="list")])
        await eventually_async(lambda: quotes(world) == names("a", "b", "c"), within=5)
    assert world.venue.count("quotes") == 1


async def test_a_quote_that_only_the_list_can_tell_is_read_at_once() -> None:
    """A hint without terms says too little to wait for others."""
    world = world_of()
    async with world.running(limits=Limits(quote_gather=3600.0)):
        await world.reconciled()
        propose(world, 1)
        world.venue.quotes[1] = [quote(1, "a"), quote(1, "b")]
        world.venue.hints.put_nowait([quote(1, "b", origin="list"), quote(1, "a", origin="stream")])
        await eventually_async(lambda: quotes(world) == names("a", "b"), within=5)


async def test_quotes_whose_hints_were_lost_are_found_after_a_reconnect() -> None:
    """Of fifty open proposals of ours each is asked for, though no round would do so many; receivers' are not."""
    world = world_of()
    for number in range(1, 51):
        world.venue.orders[number], world.venue.sides[number] = "PENDING", "sender"
    world.venue.orders[51], world.venue.sides[51] = "PENDING", "receiver"
    world.venue.quotes = {number: [quote(number, "a")] for number in range(1, 52)}
    async with world.running():
        await eventually_async(lambda: len(quotes(world)) == 50, within=10)
    assert world.venue.count("quotes reconciliation") == 50


async def test_ordinary_rounds_ask_for_all_in_turn() -> None:
    """Twenty per round, those first that waited longest: after three rounds each of fifty was asked again."""
    world = world_of(reconcile_interval=0.2)
    for number in range(1, 51):
        world.venue.orders[number], world.venue.sides[number] = "PENDING", "sender"
    async with world.running():
        await world.reconciled()
        await eventually_async(
            lambda: (
                {request for request in world.venue.requests if request.startswith("quotes")}
                == {f"quotes reconciliation {number}" for number in range(1, 51)}
            ),
            within=10,
        )


# --- rates ------------------------------------------------------------------------------------------------------


async def test_a_new_proposal_gets_the_newest_rate_of_each_provider() -> None:
    """Under the intent, once, with the entry verbatim; other pairs and orders of others get none."""
    desk, treasury, other = FakeProvider("desk"), FakeProvider("treasury"), FakeProvider("other")
    desk.states("112.0")
    treasury.states("112.1", seconds=-60)
    other.states("0.9", pair=("EURCx", "USDCx"))
    world = world_of(desk, treasury, other)
    async with world.running():
        await world.reconciled()
        propose(world, 1)
        propose(world, 2, side="receiver")
        await eventually_async(lambda: len(rates(world)) == 2, within=5)
        await eventually_async(lambda: len(world.orders("read")) == 2, within=5)
        desk.states("112.5", seconds=5)  # nobody asked for a newer one
        reads = desk.reads
        await eventually_async(lambda: desk.reads > reads + 3, within=5)
    assert sorted(rates(world)) == [(intent_of(1), "desk", "112.0"), (intent_of(1), "treasury", "112.1")]
    (event,) = [
        decode(event.value, RateRead) for event in world.log.events if event.envelope.source == "/rates/treasury" and event.envelope.subject
    ]
    assert (event.document, event.sources, event.source_currency) == ('{"rate":"112.1"}', 3, "JPYSC0")
    assert event.quoted_at == "2026-02-28T23:59:00.000000Z"


async def test_quotes_bring_a_newer_rate_and_at_most_one_per_poll() -> None:
    """Quotes without a newer rate bring none; with one, it is published once however many quotes come."""
    desk = FakeProvider()
    desk.states("112.0")
    world = world_of(desk)
    async with world.running():
        await world.reconciled()
        propose(world, 1)
        await eventually_async(lambda: len(rates(world)) == 1, within=5)

        async def hinted(*named: str) -> None:
            for name in named:
                world.venue.hints.put_nowait([quote(1, name, origin="stream")])
            reads, asked = desk.reads, world.venue.count("quotes")
            await eventually_async(lambda: desk.reads > reads + 3 and world.venue.count("quotes") > asked, within=5)

        await hinted("a", "b")
        assert len(rates(world)) == 1
        desk.states("112.2", seconds=2)
        reads = desk.reads
        await eventually_async(lambda: desk.reads > reads + 1, within=5)
        await hinted("c", "d", "e")
        await eventually_async(lambda: len(rates(world)) == 2, within=5)
        desk.states("112.1", seconds=1)  # an older one is no news
        await hinted("f")
        world.venue.orders[1] = "QUOTED"
        world.venue.hints.put_nowait([sighting(1, "QUOTED")])
        await eventually_async(lambda: not world.store.evidence, within=5)
        desk.states("113.0", seconds=9)
        await hinted("g")
    assert [rate for _, _, rate in rates(world)] == ["112.0", "112.2"]


async def test_a_provider_that_is_away_holds_nobody_up_and_is_caught_up_with() -> None:
    """Orders and snapshots come; the rate comes with the provider, and again after it was away with an old document."""
    desk = FakeProvider()
    world = world_of(desk)
    async with world.running():
        await world.reconciled()
        propose(world, 1)
        await eventually_async(lambda: len(compliance(world)) == 1, within=5)
        assert rates(world) == []
        desk.states("112.0")
        await eventually_async(lambda: rates(world) == [(intent_of(1), "desk", "112.0")], within=5)
        desk.answer = RetryableError("status 503")
        reads = desk.reads
        await eventually_async(lambda: desk.reads > reads + 1, within=5)
        propose(world, 2)
        await eventually_async(lambda: (intent_of(2), "desk", "112.0") in rates(world), within=5, what="the last good rate")
        desk.states("112.3", seconds=60)
        await eventually_async(lambda: (intent_of(2), "desk", "112.3") in rates(world), within=5, what="the provider is back")
    assert len(rates(world)) == 3


async def test_a_document_of_rates_that_cannot_be_read_is_a_dead_letter_once() -> None:
    """However often it is stated; another one is another letter; the last good rate stays."""
    desk = FakeProvider()
    desk.states("112.0")
    world = world_of(desk)
    async with world.running():
        await world.reconciled()
        for body in (b"{", b"[", b"{"):
            desk.babbles(body)
            reads = desk.reads
            await eventually_async(lambda reads=reads: desk.reads > reads + 3, within=5)
        await eventually_async(lambda: len(letters(world)) == 2, within=5)
        propose(world, 1)
        await eventually_async(lambda: rates(world) == [(intent_of(1), "desk", "112.0")], within=5)
    assert [(letter.venue, letter.event_type, letter.reason) for letter in letters(world)] == [(None, "rates", "rates.desk: not JSON")] * 2
    assert {event.key for event in world.log.events if event.envelope.kind.name == "dead-letter.v1"} == {"rates.desk"}


async def test_dead_letters_of_rates_wait_for_kafka() -> None:
    """While it is away nothing is lost of them, and polling goes on."""
    desk = FakeProvider()
    world = world_of(desk)
    async with world.running():
        await world.reconciled()
        world.log.away.set()
        desk.babbles(b"{")
        reads = desk.reads
        await eventually_async(lambda: desk.reads > reads + 3, within=5)
        world.log.away.clear()
        await eventually_async(lambda: len(letters(world)) == 1, within=5)


async def test_a_restart_publishes_no_rate_again_and_none_is_missing() -> None:
    """What has one gets no newer one unasked; a proposal that got none in its first life gets it in the next."""
    desk = FakeProvider()
    desk.states("112.0")
    world = world_of(desk)
    async with world.running():
        await world.reconciled()
        propose(world, 1)
        await eventually_async(lambda: stored(world, 1).rates, within=5)
    silent = FakeProvider()
    world.rates = (silent,)
    async with world.running():
        propose(world, 2)
        await eventually_async(lambda: intent_of(2) in world.store.evidence, within=5)
    world.rates = (desk,)
    desk.states("112.9", seconds=9)
    async with world.running():
        await eventually_async(lambda: len(rates(world)) == 2, within=5)
        reads = desk.reads
        await eventually_async(lambda: desk.reads > reads + 3, within=5)
    assert rates(world) == [(intent_of(1), "desk", "112.0"), (intent_of(2), "desk", "112.9")]
    assert set(world.log.ids().values()) == {1}


async def test_a_provider_with_a_fault_of_ours_ends_nothing() -> None:
    """Whatever a provider raises, ingest goes on."""
    desk = FakeProvider()
    desk.answer = RuntimeError("a fault of the program")
    world = world_of(desk)
    async with world.running():
        await world.reconciled()
        await eventually_async(lambda: desk.reads >= 2, within=10)
        propose(world, 1)
        await eventually_async(lambda: len(compliance(world)) == 1, within=5)
