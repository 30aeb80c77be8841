"""The parts of ingest by themselves: the bounded queue, what is wanted, what is known, pauses, turns, the request budget's shape."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.venues.lanes import TurnTaking
from pipeline.ingest.items import outgoing_of
from pipeline.ingest.known import KnownFacts, answers
from pipeline.ingest.outbox import Item, Outbox
from pipeline.ingest.pauses import Pauses
from pipeline.ingest.wanted import ATTEMPTS_MAX, Want, Wanted
from pipeline.ports import Fact, Lane
from pipeline.stores.request_budget import Shape
from tests.unit.ingest.fake_venue import START, MemoryStore, intent_of, sighting
from tests.waiting import eventually_async


def items(*numbers: int) -> list[Item]:
    """Return items of some orders."""
    return [Item(outgoing=outgoing_of(sighting(number, "EXECUTING"), START)) for number in numbers]


async def test_the_outbox_takes_no_more_than_its_limit() -> None:
    """An offer beyond the limit is taken in part, and what is being published still counts."""
    outbox = Outbox(items_max=3)
    assert outbox.offer(items(1, 2, 3, 4)) == 3
    batch = await outbox.take(items_max=2, bytes_max=10**9)
    assert outbox.offer(items(5)) == 0
    await outbox.release(batch)
    assert outbox.offer(items(5, 6, 7)) == 2


async def test_the_outbox_is_bounded_in_bytes() -> None:
    """A limit in bytes holds whatever the number of events."""
    outbox = Outbox(bytes_max=5_000)
    taken = outbox.offer(items(*range(100)))
    assert 0 < taken < 5
    assert outbox.bytes < 5_000 + items(1)[0].size


async def test_who_can_wait_leaves_half_of_the_outbox_to_the_stream() -> None:
    """A put waits when the outbox is half full, an offer does not."""
    outbox = Outbox(items_max=10)
    putting = asyncio.create_task(outbox.put(items(*range(8))))
    await eventually_async(lambda: len(outbox) == 5, within=2)
    assert not putting.done()
    assert outbox.offer(items(20, 21, 22)) == 3
    await outbox.release(await outbox.take(items_max=8, bytes_max=10**9))
    await eventually_async(putting.done, within=2)


async def test_an_offer_waits_no_longer_than_it_was_told() -> None:
    """Within the grace, items are taken as room comes; after it the rest stays with the caller."""
    outbox = Outbox(items_max=1)
    outbox.offer(items(1))
    assert await outbox.offer_within(items(2, 3), 0.02) == 0
    offering = asyncio.create_task(outbox.offer_within(items(2), 5))
    await outbox.release(await outbox.take(items_max=1, bytes_max=10**9))
    assert await offering == 1


def want(number: int, status: str = "SETTLED", transaction_hash: str | None = "h", hinted_at: str = "1") -> Want:
    """Return the want of a hint."""
    return Want(intent_id=intent_of(number), what="order", status=status, transaction_hash=transaction_hash, hinted_at=hinted_at)


def test_hints_about_one_order_are_one_want() -> None:
    """The time of the first hint of a status stays, a later status takes its place, an earlier one does not."""
    wanted = Wanted()
    wanted.add(want(1, "PENDING", None, "1"))
    wanted.add(want(1, hinted_at="2"))
    wanted.add(want(1, hinted_at="3"))
    wanted.add(want(1, "QUOTED", None, "4"))
    (one,) = wanted.due(0)
    assert (one.status, one.hinted_at) == ("SETTLED", "2")


def test_wants_are_bounded_and_an_overflow_is_told() -> None:
    """A hint that finds no room is left to reconciliation, which is told once."""
    wanted = Wanted(wanted_max=2)
    for number in range(5):
        wanted.add(want(number))
    assert len(wanted) == 2
    assert wanted.take_overflow()
    assert not wanted.take_overflow()


def test_a_want_is_given_up_after_some_attempts() -> None:
    """Each attempt is later and by name; the last one gives the want up."""
    wanted = Wanted()
    wanted.add(want(1))
    for attempt in range(ATTEMPTS_MAX - 1):
        (one,) = wanted.due(float(attempt))
        assert wanted.put_off(one, not_before=attempt + 0.5)
        assert wanted.due(attempt + 0.4) == []
    (one,) = wanted.due(100)
    assert one.single
    assert not wanted.put_off(one, not_before=0)
    assert len(wanted) == 0


def test_a_want_changed_while_it_was_read_stays() -> None:
    """What came in while the read was on its way is read again."""
    wanted = Wanted()
    wanted.add(want(1, "PENDING", None))
    (one,) = wanted.due(0)
    wanted.fly([one])
    wanted.add(want(1))
    wanted.met(one)
    wanted.land(one)
    assert [again.status for again in wanted.due(0)] == ["SETTLED"]


@pytest.mark.parametrize(
    ("known", "status", "of", "answered"),
    [
        ([], "PENDING", None, False),
        ([("SETTLED", "h")], "SETTLED", "h", True),
        ([("SETTLED", "h")], "SETTLED", None, True),
        ([("SETTLED", "h")], "SETTLED", "other", False),
        ([("PENDING", None)], "SETTLED", "h", False),
        ([("PENDING", None)], "PENDING", None, True),
        ([("PENDING", None)], "QUOTED", None, False),
        ([("SETTLED", "h")], "QUOTED", None, True),
        ([("SETTLED", "h")], "FAILED", None, False),
        ([("FAILED", None)], "FAILED", None, True),
        ([("FAILED", None)], "CANCELLED", None, False),
    ],
)
def test_which_records_answer_which_hints(known: list[tuple[str, str | None]], status: str, of: str | None, answered: bool) -> None:
    """A settlement needs its hash, a terminal status itself, an open one anything as far."""
    assert answers(known, status, of) is answered


async def test_memory_of_facts_is_bounded_and_the_database_knows_the_rest() -> None:
    """What memory forgot is fetched again; what the database does not know either is not asked twice."""
    store = MemoryStore()
    facts = [Fact(ce_id=f"id{n}", intent_id=intent_of(n), status="SETTLED", transaction_hash="h") for n in range(10)]
    store.facts = {fact.ce_id: fact for fact in facts}
    known = KnownFacts(store, "tokyo", intents_max=4)
    await known.load()
    assert not known.complete
    assert [known.has(fact.intent_id, fact.ce_id) for fact in facts].count(True) == 4
    await known.fetch([facts[0].intent_id, intent_of(77)])
    assert known.has(facts[0].intent_id, "id0")
    assert not known.has(intent_of(77), "x")
    assert sum(known.has(fact.intent_id, fact.ce_id) for fact in facts) <= 4


@given(st.floats(0, 0.999), st.integers(1, 60))
def test_pauses_grow_within_bounds(chance: float, tries: int) -> None:
    """Every pause lies between half the first and the maximum, unless the other side asked for more."""
    pauses = Pauses(lambda: chance, first=0.2, maximum=5.0)
    lengths = [pauses.next() for _ in range(tries)]
    assert all(0.1 <= length <= 5.0 for length in lengths)
    assert pauses.next(30.0) == 30.0


class Slow:
    """A budget that grants when the test says so."""

    def __init__(self) -> None:
        self.permits = asyncio.Semaphore(0)

    async def acquire(self, *, priority: bool = False) -> None:
        """Wait for a permit."""
        await self.permits.acquire()


async def test_lanes_take_turns_when_both_wait() -> None:
    """With ten waiting in one lane and two in the other, the two are served among the first four."""
    budget, served = Slow(), list[str]()
    turns = TurnTaking(budget)

    async def ask(lane: str) -> None:
        await turns.lane(lane).acquire()  # type: ignore[arg-type]
        served.append(lane)

    tasks = [asyncio.create_task(ask("reconciliation")) for _ in range(10)] + [asyncio.create_task(ask("hints")) for _ in range(2)]
    for _ in range(4):
        budget.permits.release()
    await eventually_async(lambda: len(served) == 4, within=2)
    assert served.count("hints") == 2
    tasks[0].cancel()  # one that gives up takes no turn
    for _ in range(8):
        budget.permits.release()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert sorted(served).count("reconciliation") >= 9


async def test_no_lane_starves_another() -> None:
    """While all wait, hints and evidence get two of five permits each, and reconciliation the fifth."""
    budget, served = Slow(), list[str]()
    turns = TurnTaking(budget)

    async def ask(lane: Lane) -> None:
        await turns.lane(lane).acquire()
        served.append(lane)

    lanes: tuple[tuple[Lane, int], ...] = (("hints", 10), ("reconciliation", 10), ("evidence", 4))
    tasks = [asyncio.create_task(ask(lane)) for lane, number in lanes for _ in range(number)]
    for _ in range(10):
        budget.permits.release()
    await eventually_async(lambda: len(served) == 10, within=2)
    assert Counter(served) == {"hints": 4, "evidence": 4, "reconciliation": 2}
    assert Counter(served[:5]) == {"hints": 2, "evidence": 2, "reconciliation": 1}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_a_budget_that_fails_is_raised_to_all_who_wait() -> None:
    """Nobody waits for a permit that cannot come."""

    class Broken:
        async def acquire(self, *, priority: bool = False) -> None:
            raise RuntimeError("away")

    turns = TurnTaking(Broken())
    outcomes = await asyncio.gather(*(turns.acquire("hints", priority=False) for _ in range(3)), return_exceptions=True)
    assert [str(outcome) for outcome in outcomes] == ["away"] * 3


@given(st.floats(0.1, 100_000), st.integers(1, 100_000))
def test_a_chunk_and_the_depth_together_are_the_burst(rate: float, burst: int) -> None:
    """Permits that one process holds back and those of the bucket never exceed the burst; an ordinary request can always be granted."""
    shape = Shape.of(rate, burst)
    assert shape.depth + (shape.chunk if shape.chunk > 1 else 0) <= burst
    assert shape.depth - shape.reserve >= 1
    assert shape.chunk >= 1
