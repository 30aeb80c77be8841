"""What becomes complete or visible late is found: the list of unfinished orders, and the sweep over all that the venue lists."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.domain.lifecycle import SETTLED, is_open
from pipeline.errors import RetryableError
from pipeline.ingest import unfinished as module
from pipeline.ingest.unfinished import ABSENT_MAX, AGAIN_MAX, AGAIN_MIN, UnfinishedBook, again_after
from pipeline.ports import Unfinished, UnfinishedStep, Unreadable
from schemas.events import OrderUpdated
from tests.unit.ingest.fake_venue import START, FakeVenue, intent_of, sighting
from tests.unit.ingest.test_ingest_flow import World
from tests.waiting import eventually_async

NEWER = range(2, 202)
"""Settlements that come after the first: more than one page of the newest ever shows."""


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read unfinished orders again at once: what is tested is that they are."""
    monkeypatch.setattr(module, "AGAIN_MIN", timedelta(0))
    monkeypatch.setattr(module, "AGAIN_MAX", timedelta(seconds=0.05))


async def bury(world: World) -> None:
    """Let two hundred newer settlements go by."""
    world.venue.orders.update(dict.fromkeys(NEWER, SETTLED))
    world.venue.hints.put_nowait([sighting(number, SETTLED) for number in NEWER])
    await eventually_async(lambda: {intent_of(n) for n in NEWER} <= settled(world), within=20, what="the newer ones are published")


def settled(world: World) -> set[str]:
    """Return the intents whose whole settlement is in the log."""
    return {event.intent_id for event in whole(world)}


def whole(world: World) -> list[OrderUpdated]:
    """Return the whole settlements that the record gave."""
    events = [*world.orders("read"), *world.orders("list")]
    return [event for event in events if event.status == SETTLED and event.transaction_hash is not None]


def lacking(world: World) -> str | None:
    """Return what the list says of the first order."""
    held = world.store.unfinished.get(intent_of(1))
    return None if held is None else held.lacking


def restless(*, sweep: bool) -> World:
    """Return a world that reads unfinished orders all the time, and sweeps without a rest or once only."""
    return World(FakeVenue(reconcile_interval=0.2 if sweep else 3600.0, sweep_pause=0.01))


async def swept(world: World) -> None:
    """Wait for the end of a sweep that begins now or later."""
    began = world.store.cursor.sweep_began_at

    def done() -> bool:
        cursor = world.store.cursor
        later = began is None or (cursor.sweep_began_at is not None and cursor.sweep_began_at > began)
        return later and cursor.sweep_page is None and cursor.sweep_ended_at is not None

    await eventually_async(done, within=20, what="a sweep has ended")


async def test_a_settlement_without_a_hash_is_read_until_it_is_whole() -> None:
    """SETTLED without a hash, then two hundred newer settlements: when the record is complete it is published, and the list is empty."""
    world = restless(sweep=False)
    async with world.running():
        await swept(world)
        world.venue.orders[1], world.venue.changed[1] = SETTLED, {"transaction_hash": None}
        world.venue.hints.put_nowait([sighting(1, SETTLED)])
        await eventually_async(lambda: world.store.unfinished.get(intent_of(1)), within=30, what="it is on the list")
        await bury(world)
        assert lacking(world) == "incomplete"
        del world.venue.changed[1]
        await eventually_async(lambda: intent_of(1) in settled(world), within=30, what="it is published whole")
        await eventually_async(lambda: not world.store.unfinished, within=30, what="the list is empty")


async def test_an_order_that_a_hint_named_and_the_record_did_not_show_is_read_until_it_is_there() -> None:
    """404 to a hint, then two hundred newer settlements, then it is shown."""
    world = restless(sweep=False)
    async with world.running():
        await swept(world)
        world.venue.orders[1] = SETTLED
        world.venue.hidden.add(1)
        world.venue.hints.put_nowait([sighting(1, SETTLED)])
        await eventually_async(lambda: world.venue.count("order hints") >= 1, within=30)
        await bury(world)
        await eventually_async(lambda: lacking(world) == "absent", within=30)
        world.venue.hidden.clear()
        await eventually_async(lambda: intent_of(1) in settled(world), within=30)
        await eventually_async(lambda: not world.store.unfinished, within=30)


async def test_a_record_that_cannot_be_read_is_read_again_after_a_fix() -> None:
    """Bytes that are no order become a dead letter once; the order is asked for by name until it can be read."""
    world = restless(sweep=False)
    bad = Unreadable(origin="read", body=b"{", reason="no amount", seen_at=START, event_type="order", intent_id=intent_of(1))
    shown = world.venue._record
    async with world.running():
        await swept(world)
        world.venue.orders[1] = SETTLED
        world.venue._record = lambda number, origin, hinted_at: bad if number == 1 else shown(number, origin, hinted_at)  # type: ignore[method-assign,assignment,return-value]
        world.venue.hints.put_nowait([sighting(1, SETTLED)])
        await bury(world)
        await eventually_async(lambda: lacking(world) == "unreadable", within=30)
        world.venue._record = shown  # type: ignore[method-assign]
        await eventually_async(lambda: intent_of(1) in settled(world), within=30)
    assert world.log.kinds()["dead-letter.v1"] == 1


async def test_what_was_seen_before_a_crash_is_read_after_it() -> None:
    """The list is stored with the place in the stream: a new process reads what an old one had only heard of, without another hint."""
    world = restless(sweep=False)
    world.venue.failing["order 1 "] = RetryableError("status 500")
    async with world.running():
        await swept(world)
        world.venue.orders[1] = SETTLED
        world.venue.hidden.add(1)
        world.venue.hints.put_nowait([sighting(1, SETTLED)])
        await eventually_async(lambda: world.orders("stream"), within=30)
        await bury(world)
        await eventually_async(lambda: intent_of(1) in world.store.unfinished, within=20, what="the list is stored")
    again = World(restless(sweep=False).venue, world.log, world.store)
    again.venue.orders, again.venue.hidden = dict(world.venue.orders), {1}
    async with again.running():
        await eventually_async(lambda: again.venue.count("order sweep") >= 1, within=30)
        assert intent_of(1) not in settled(again)
        again.venue.hidden.clear()
        await eventually_async(lambda: intent_of(1) in settled(again), within=30)


async def test_a_hint_is_on_the_list_before_its_place_in_the_stream_is_stored() -> None:
    """Whatever a transaction stores of the stream, it stores with the orders that have to be read for it."""
    world = restless(sweep=False)
    stored: list[tuple[int, set[str]]] = []
    advance = world.store.advance

    def noting(*given: object, **named: object) -> None:
        advance(*given, **named)  # type: ignore[arg-type]
        stored.append((len(world.orders("stream")), set(world.store.unfinished)))

    world.store.advance = noting  # type: ignore[method-assign]
    async with world.running():
        await swept(world)
        stored.clear()
        world.venue.delay = 3.0  # nothing is read meanwhile
        world.venue.hints.put_nowait([sighting(1, SETTLED)])
        await eventually_async(lambda: stored, within=30)
    assert stored[0] == (1, {intent_of(1)})


async def test_terms_that_change_after_the_settlement_are_found_by_the_sweep() -> None:
    """A record of long ago states another amount: it is published once, for the books to judge."""
    world = restless(sweep=True)
    world.venue.orders.update(dict.fromkeys([1, *NEWER], SETTLED))
    async with world.running():
        await swept(world)
        before = len(world.log.events)
        world.venue.changed[1] = {"source_amount_actual": "11999"}
        await eventually_async(lambda: len(world.log.events) > before, within=20)
        await swept(world)
    (changed,) = [event for event in whole(world) if event.source_amount_actual == "11999"]
    assert changed.intent_id == intent_of(1)
    assert len(world.log.events) == before + 1


async def test_what_nobody_hinted_at_and_what_was_settled_long_ago_is_found_by_the_sweep() -> None:
    """An old settlement that was in no list becomes visible behind two hundred newer ones."""
    world = restless(sweep=True)
    world.venue.orders.update(dict.fromkeys([1, *NEWER], SETTLED))
    world.venue.hidden.add(1)
    async with world.running():
        await swept(world)
        assert intent_of(1) not in settled(world)
        world.venue.hidden.clear()
        await eventually_async(lambda: intent_of(1) in settled(world), within=20)


async def test_a_sweep_goes_on_where_it_stopped_and_ends_while_orders_come(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its page is stored; orders that are created faster than it reads do not keep it from its end."""
    world = restless(sweep=False)
    world.venue.sweep_pause = 0.05
    world.venue.orders.update(dict.fromkeys(range(1, 701), "FAILED"))
    async with world.running():
        await eventually_async(lambda: (world.store.cursor.sweep_page or 0) >= 3, within=30)
    reached = world.store.cursor.sweep_page
    assert reached is not None
    assert world.store.cursor.sweep_pages == 7
    world.venue.requests.clear()
    read = world.venue.list_orders
    pages: list[int] = []

    async def growing(query: object, *, page: int, lane: str, hinted_at: object) -> object:
        if lane == "sweep":
            pages.append(page)
            known = len(world.venue.orders)
            world.venue.orders.update(dict.fromkeys(range(known + 1, known + 301), "FAILED"))
        return await read(query, page=page, lane=lane, hinted_at=hinted_at)  # type: ignore[arg-type]

    world.venue.list_orders = growing  # type: ignore[method-assign,assignment]
    async with world.running():
        await eventually_async(lambda: world.store.cursor.sweep_ended_at is not None, within=20)
    assert pages[0] == reached
    assert pages == sorted(set(pages))


async def test_a_page_that_one_order_breaks_is_passed_over() -> None:
    """The pages behind it are compared all the same; while nothing at all can be read the sweep stays where it is."""
    world = restless(sweep=True)
    world.venue.orders.update(dict.fromkeys([1, *NEWER], SETTLED))
    async with world.running():
        await swept(world)
        world.venue.failing["list all sweep"] = RetryableError("status 500")
        await eventually_async(lambda: world.store.cursor.sweep_page == 1, within=30)
        ended = world.store.cursor.sweep_ended_at
        asked = world.venue.count("list all sweep")
        await eventually_async(lambda: world.venue.count("list all sweep") > asked + 4, within=20)
        assert world.store.cursor.sweep_ended_at == ended
        world.venue.failing = {"list all sweep 1 ": RetryableError("status 500")}
        world.venue.changed[150] = {"source_amount_actual": "11999"}
        await eventually_async(lambda: "11999" in [event.source_amount_actual for event in whole(world)], within=20)


# --- the list by itself ---------------------------------------------------------------------------------------------


@settings(deadline=None)
@given(st.timedeltas(timedelta(0), timedelta(days=4_000)))
def test_reads_become_rarer_within_bounds(age: timedelta) -> None:
    """However old an order is, it is read again some time, and never without a pause."""
    assert timedelta(seconds=5) == AGAIN_MIN
    assert timedelta(0) <= again_after(age) <= AGAIN_MAX


Said = tuple[str, str, bool]
"""Who says it (a hint or the record), the status, and whether it is whole."""
said = st.lists(st.tuples(st.sampled_from(["hint", "record"]), st.sampled_from(["PENDING", "EXECUTING", SETTLED, "FAILED"]), st.booleans()))


@settings(deadline=None)
@given(said)
def test_an_order_leaves_the_list_only_when_the_record_is_whole(history: Sequence[Said]) -> None:
    """After any history of hints and records: on the list while something that was announced is not answered; steps say the same."""
    book, stored = UnfinishedBook(), dict[str, Unfinished]()
    intent, expected = intent_of(1), ""
    for number, (who, status, complete) in enumerate(history):
        at = START + timedelta(seconds=number)
        event = sighting(1, status).event
        assert isinstance(event, OrderUpdated)
        if who == "hint":
            step = book.hinted(intent, status, at)
            order = ["", "PENDING", "EXECUTING"]
            if not expected or (expected in order and (status not in order or order.index(status) > order.index(expected))):
                expected = status
        else:
            step = book.noted(event, complete=complete, at=at)
            if status == SETTLED and not complete:
                expected = SETTLED
            elif not is_open(status) or is_open(expected):
                expected = ""
        if step is not None:
            stored = {intent: step.unfinished} if step.unfinished else {}
        assert (intent in book) == bool(expected) == (intent in stored)
        if expected:
            assert stored[intent].status == expected


@settings(deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.booleans())))
def test_steps_that_are_stored_together_come_to_the_same(history: Sequence[tuple[bool, bool]]) -> None:
    """However hints, whole records and transactions follow one another: the store holds what memory does, and no row that came and went."""
    book, stored, waiting = UnfinishedBook(), dict[str, Unfinished](), list[UnfinishedStep]()
    intent = intent_of(1)
    for number, (hinted, commits) in enumerate(history):
        step = book.hinted(intent, SETTLED, START + timedelta(seconds=number)) if hinted else book.over(intent)
        if step is not None:
            before = waiting.pop() if waiting else None
            waiting = [both] if (both := step if before is None else before.then(step)) is not None else []
        if commits:
            for one in waiting:
                assert one.unfinished is not None or intent in stored
                stored = {intent: one.unfinished} if one.unfinished is not None else {}
            waiting = []
            assert (intent in stored) == (intent in book)


def test_the_list_is_bounded_and_says_what_found_no_room() -> None:
    """A further order is left to the sweep and counted; one that leaves makes room."""
    book = UnfinishedBook(size_max=2)
    assert [book.hinted(intent_of(n), SETTLED, START) is not None for n in range(3)] == [True, True, False]
    assert (len(book), book.left_out) == (2, 1)
    book.over(intent_of(0))
    assert book.hinted(intent_of(2), SETTLED, START) is not None


def test_an_order_that_never_came_is_forgotten_after_thirty_days() -> None:
    """Only one that answered 404 all the time: what the record has shown stays, however old."""
    book = UnfinishedBook()
    for number, lacking in ((1, "absent"), (2, "incomplete")):
        book.lacks(intent_of(number), lacking, START)  # type: ignore[arg-type]
    assert book.absent(intent_of(1), START + ABSENT_MAX) is None
    late = START + ABSENT_MAX + timedelta(seconds=1)
    gone = book.absent(intent_of(1), late)
    assert gone is not None
    assert gone.unfinished is None
    kept = book.absent(intent_of(2), late)
    assert kept is not None
    assert kept.unfinished is not None


def test_the_oldest_is_read_first_and_one_that_a_hint_reads_is_left_to_it() -> None:
    """After a restart everything is due at once; who was tried goes to the end."""
    stored = {intent_of(n): Unfinished(status=SETTLED, lacking="absent", since=START + timedelta(seconds=n)) for n in (1, 2, 3)}
    book, now = UnfinishedBook(stored), START + timedelta(hours=1)
    assert book.since == START + timedelta(seconds=1)
    assert book.due(now, busy=lambda intent: intent == intent_of(1)) == intent_of(2)
    book.tried(intent_of(1), now + timedelta(days=1))
    assert book.due(now, busy=lambda _: False) == intent_of(2)
    assert book.due(now, busy=lambda _: True) is None


async def test_an_overflow_of_the_wants_is_on_the_list(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hint that finds no room among the reads is read from the list."""
    from pipeline.ingest import wanted

    monkeypatch.setattr(wanted.Wanted.__init__, "__kwdefaults__", {"wanted_max": 1})
    world = restless(sweep=False)
    world.venue.hidden.update({1, 2, 3})
    async with world.running():
        await swept(world)
        world.venue.orders.update(dict.fromkeys((1, 2, 3), SETTLED))
        world.venue.hints.put_nowait([sighting(number, SETTLED) for number in (1, 2, 3)])
        await eventually_async(lambda: len(world.store.unfinished) == 3, within=30)
        world.venue.hidden.clear()
        await eventually_async(lambda: {intent_of(n) for n in (1, 2, 3)} <= settled(world), within=20)
