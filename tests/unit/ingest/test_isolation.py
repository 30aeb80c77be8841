"""What fails alone stops alone: one order, one read, one part of a round, one venue; and it is said when nothing comes any more."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from pipeline.clock import SystemClock
from pipeline.errors import ContractBreachError, RetryableError, SettingsError
from pipeline.failpoints import Failpoints
from pipeline.ingest.reconcile import SILENT_ROUNDS, Silence
from pipeline.ingest.run import IngestHealth, run_ingest
from pipeline.ingest.venue import Limits, Overdue
from pipeline.log.codec import decode
from pipeline.ports import Cursor, SchemaVersionError
from schemas.events import AlarmRaised
from tests.unit.ingest.fake_venue import FakeLog, FakeVenue, MemoryStore, intent_of, quote, sighting
from tests.unit.ingest.test_ingest_flow import World
from tests.waiting import eventually_async

FAILURES = [
    pytest.param(RetryableError("status 500"), id="5xx"),
    pytest.param(SettingsError("status 403"), id="403"),
    pytest.param(ContractBreachError("status 410"), id="410"),
]
AT_ONCE = Limits(overdue_seconds=0.0, silent_seconds=0.0, schema_ask_seconds=0.2)


def alarms(log: FakeLog) -> list[AlarmRaised]:
    """Return the alarms."""
    return [decode(event.value, AlarmRaised) for event in log.events if event.envelope.kind.name == "alarm-raised.v1"]


def published(world: World) -> set[str]:
    """Return the intents whose record is in the log."""
    return {event.intent_id for event in world.orders("list") + world.orders("read")}


@pytest.mark.parametrize("failure", FAILURES)
async def test_one_order_that_fails_by_name_does_not_stop_the_round(failure: Exception) -> None:
    """Quotes are read, the round counts as done, the other one that is gone is withdrawn; the failing order is on the list."""
    world = World(FakeVenue(reconcile_interval=0.1))
    world.venue.orders.update({1: "PENDING", 2: "PENDING", 3: "PENDING"})
    world.venue.sides[3] = "sender"
    async with world.running():
        await eventually_async(lambda: len(world.store.open) == 3, within=30)
        world.venue.failing["order 1 "] = failure
        world.venue.hidden.add(1)
        await eventually_async(lambda: world.venue.count("order reconciliation"), within=30, what="it has failed")
        del world.venue.orders[2]
        world.venue.quotes[3] = [quote(3, "1")]
        await eventually_async(lambda: "quote-received.v1" in world.log.kinds(), within=30, what="quotes are read")
        await eventually_async(lambda: world.orders("absence"), within=30)
        done = world.store.cursor.reconciled_at
        assert done is not None
        await eventually_async(lambda: (world.store.cursor.reconciled_at or done) > done, within=30, what="rounds are done")
        await eventually_async(lambda: intent_of(1) in world.store.unfinished, within=30, what="the one that fails is kept as unfinished")


@pytest.mark.parametrize("failure", FAILURES)
async def test_a_vanished_order_whose_read_fails_is_followed_until_it_can_be_read(failure: Exception) -> None:
    """It is on the stored list, the first listing goes on meanwhile, and its end is published once it can be read."""
    world = World(FakeVenue(reconcile_interval=0.2, sweep_pause=0.05))
    world.venue.orders[1] = "PENDING"
    async with world.running():
        await eventually_async(lambda: world.store.open == {intent_of(1)}, within=30)
        world.venue.failing["order 1 "] = failure
        world.venue.hidden.add(1)
        await eventually_async(lambda: intent_of(1) in world.store.unfinished, within=30)
        assert world.store.unfinished[intent_of(1)].lacking == "failing"
        done = world.store.cursor.reconciled_at
        assert done is not None
        await eventually_async(lambda: (world.store.cursor.reconciled_at or done) > done, within=30)
        world.venue.failing.clear()
        await eventually_async(lambda: world.orders("absence"), within=30)
        await eventually_async(lambda: not world.store.unfinished, within=30)


@pytest.mark.parametrize("failure", FAILURES)
async def test_quotes_of_one_proposal_that_fail_do_not_keep_others_from_theirs(failure: Exception) -> None:
    """The round is done, and whose quotes fail is not asked for first every time."""
    world = World(FakeVenue(reconcile_interval=0.1))
    world.venue.orders.update({1: "PENDING", 2: "PENDING"})
    world.venue.sides.update({1: "sender", 2: "sender"})
    world.venue.quotes.update({1: [quote(1, "1")], 2: [quote(2, "2")]})
    world.venue.failing["quotes 2 "] = failure
    async with world.running():
        await eventually_async(lambda: world.store.cursor.reconciled_at is not None, within=30)
        await eventually_async(lambda: world.log.kinds()["quote-received.v1"] == 1, within=30)


@pytest.mark.parametrize("failure", FAILURES)
async def test_a_hinted_order_that_fails_is_left_to_the_list_and_others_are_read(failure: Exception) -> None:
    """Others are read at once, also one after the other; the failing one is given up after its attempts and read from the list."""
    world = World(FakeVenue(sweep_pause=0.2))
    world.venue.failing["order 1 "] = failure
    world.venue.hidden.add(1)
    async with world.running():
        await world.reconciled()
        world.venue.orders.update(dict.fromkeys(range(1, 12), "SETTLED"))
        world.venue.hints.put_nowait([sighting(1, "SETTLED")])
        for number in range(2, 12):
            world.venue.hints.put_nowait([sighting(number, "SETTLED")])
            await eventually_async(lambda n=number: intent_of(n) in published(world), within=30, what="the next one is read")
        await eventually_async(lambda: intent_of(1) in world.store.unfinished, within=30, what="the one that fails is kept as unfinished")
        world.venue.hidden.clear()
        world.venue.failing.clear()
        await eventually_async(lambda: intent_of(1) in published(world), within=20)
        await eventually_async(lambda: not world.store.unfinished, within=30)


@pytest.mark.parametrize("failure", FAILURES)
@pytest.mark.parametrize("part", ["list EXECUTING,PENDING,QUOTED", "list SETTLED", "list all"])
async def test_one_part_of_a_round_that_fails_does_not_stop_the_others(part: str, failure: Exception) -> None:
    """The other lists are read and published; the round does not count as done, says why, and is an alarm when that lasts."""
    world = World(FakeVenue(reconcile_interval=0.1))
    async with world.running(limits=AT_ONCE):
        await world.reconciled()
        done = world.store.cursor.reconciled_at
        world.venue.failing[part] = failure
        await eventually_async(lambda: world.health.venues["tokyo"].trouble == str(failure), within=30, what="a round has failed")
        world.venue.orders.update({1: "PENDING", 2: "SETTLED", 3: "SUSPENDED"})
        others = 3 if part == "list SETTLED" or part.endswith("QUOTED") else 2
        await eventually_async(lambda: len(published(world)) == others, within=30, what="the others are published")
        await eventually_async(lambda: "venue_not_reconciled" in [alarm.kind for alarm in alarms(world.log)], within=30)
        assert world.health.venues["tokyo"].trouble == str(failure)
        await eventually_async(lambda: world.store.reported is not None and world.store.reported.trouble == str(failure), within=30)
        stopped = world.store.cursor.reconciled_at
        world.venue.failing.clear()
        await eventually_async(lambda: (world.store.cursor.reconciled_at or stopped) != stopped, within=30)
        await eventually_async(lambda: world.health.venues["tokyo"].trouble is None, within=30)
    assert stopped is not None
    assert done is not None
    (raised,) = [alarm for alarm in alarms(world.log) if alarm.kind == "venue_not_reconciled"]
    assert (raised.severity, raised.detail["reason"]) == ("critical", str(failure))


async def test_a_list_that_one_order_breaks_is_replaced_by_reads_by_name() -> None:
    """After some failures of the list, hints are read one by one."""
    world = World(FakeVenue())
    world.venue.failing["list SETTLED hints"] = RetryableError("status 500")
    async with world.running():
        await world.reconciled()
        world.venue.orders.update(dict.fromkeys(range(1, 21), "SETTLED"))
        world.venue.hints.put_nowait([sighting(number, "SETTLED") for number in range(1, 21)])
        await eventually_async(lambda: len({e.intent_id for e in world.orders("read")}) == 20, within=20)


# --- what is said ---------------------------------------------------------------------------------------------------


def test_it_is_late_once_until_it_has_come_further() -> None:
    """No alarm within the limit, one beyond it, another only after progress."""
    overdue = Overdue(100.0)
    assert [overdue.is_late(at, limit=10) for at in (105.0, 110.0, 110.1, 200.0)] == [False, False, True, False]
    overdue.progressed(200.0)
    assert [overdue.is_late(at, limit=10) for at in (205.0, 211.0)] == [False, True]


@pytest.mark.parametrize(
    ("rounds", "alarmed"),
    [
        pytest.param([(0, 0), (0, 1), (0, 1), (0, 1)], [3], id="the record moves, the stream says nothing"),
        pytest.param([(0, 0), (0, 1), (0, 0), (0, 1), (0, 0), (0, 1), (0, 1)], [5], id="rounds without news do not count"),
        pytest.param([(0, 0), (0, 1), (0, 1), (1, 1), (1, 1), (1, 1)], [], id="a hint begins anew"),
        pytest.param([(0, 1), (None, 1), (None, 1), (None, 1), (0, 1), (0, 1)], [], id="not connected"),
        pytest.param([(0, 0)] * 9, [], id="nothing happens"),
        pytest.param([(0, 1)] * 4 + [(None, 1)] + [(0, 1)] * 9, [3], id="told once, whatever the connection does"),
        pytest.param([(0, 1)] * 4 + [(1, 1)] * 4, [3, 7], id="again after it has spoken"),
    ],
)
def test_a_stream_that_is_silent_while_the_record_moves(rounds: Sequence[tuple[int | None, int]], alarmed: Sequence[int]) -> None:
    """Hints so far and news of each round, and the rounds that raise the alarm."""
    silence = Silence(seconds=0)
    assert SILENT_ROUNDS == 3
    heard = [number for number, (hints, news) in enumerate(rounds) if silence.round(hints, news=news, at=float(number))]
    assert heard == alarmed


def test_a_stream_may_be_slow_for_a_while() -> None:
    """However short the rounds are, a minute is given."""
    silence = Silence()
    assert not any(silence.round(0, news=1, at=float(second)) for second in range(60))
    assert silence.round(0, news=1, at=61.0)


async def test_a_silent_stream_is_an_alarm_while_rounds_go_on() -> None:
    """Connected, no hint, and each round finds a settlement: one warning, and everything is published."""
    world = World(FakeVenue(reconcile_interval=0.05))
    async with world.running(limits=AT_ONCE):
        await world.reconciled()
        for number in range(1, 9):
            world.venue.orders[number] = "SETTLED"
            await eventually_async(lambda count=number: len(world.orders("list")) == count, within=30)
        await eventually_async(lambda: alarms(world.log), within=30)
    silent = [alarm for alarm in alarms(world.log) if alarm.severity == "warning"]
    assert [alarm.kind for alarm in silent] == ["venue_not_reconciled"]


# --- one venue among others -----------------------------------------------------------------------------------------


class Osaka(FakeVenue):
    """Another venue."""

    venue = "osaka"


@pytest.mark.parametrize(
    ("failure", "kind"),
    [
        (SchemaVersionError("no /api/v1/whoami (404): a backend from before schema v2"), "schema_version"),
        (SettingsError("venues.osaka.auth: the venue does not let us read (status 403)"), "venue_not_reconciled"),
        (SettingsError("venues.osaka.base_url: status 404"), "venue_not_reconciled"),
    ],
)
async def test_a_venue_that_has_worked_is_waited_for_and_the_others_go_on(failure: Exception, kind: str) -> None:
    """It refuses us while ingest starts again: one alarm, the reason in its report, the other venue is read; then it is read, too."""
    log, stop, good, bad = FakeLog(), asyncio.Event(), FakeVenue(), Osaka(reconcile_interval=0.2)
    stores = {"tokyo": MemoryStore(), "osaka": MemoryStore()}
    stores["osaka"].cursor = Cursor(backfill_page=None)
    bad.failing["whoami"] = failure
    board = IngestHealth()
    task = asyncio.create_task(
        run_ingest(
            [bad, good],
            log,
            stores.__getitem__,
            SystemClock(),
            lambda: 0.5,
            Failpoints({}),
            stop,
            owner="one",
            health=board,
            limits=AT_ONCE,
        )
    )
    good.orders[1] = "SETTLED"
    good.hints.put_nowait([sighting(1, "SETTLED")])
    await eventually_async(lambda: stores["tokyo"].facts and alarms(log), within=30)
    await eventually_async(lambda: stores["osaka"].reported is not None, within=30)
    assert not task.done()
    assert board.waiting_for
    assert stores["osaka"].reported is not None
    assert stores["osaka"].reported.trouble
    assert not stores["osaka"].reported.leading
    assert [(alarm.kind, alarm.venue) for alarm in alarms(log)] == [(kind, "osaka")]
    bad.failing.clear()
    await eventually_async(lambda: board.venues["osaka"].leading and not board.waiting_for, within=30)
    await eventually_async(lambda: board.venues["osaka"].trouble is None, within=30)
    stop.set()
    await task


@pytest.mark.parametrize("failure", [SchemaVersionError("no /api/v1/whoami (404)"), SettingsError("venues.osaka.auth: status 401")])
async def test_a_venue_that_never_worked_names_the_setting_and_ends(failure: Exception) -> None:
    """Whoever starts it for the first time with a wrong address or secret is told so at once."""
    venue = Osaka()
    venue.failing["whoami"] = failure
    with pytest.raises(SettingsError, match=r"venues\.osaka\.(base_url|auth)"):
        await run_ingest(
            [venue], FakeLog(), lambda _: MemoryStore(), SystemClock(), lambda: 0.5, Failpoints({}), asyncio.Event(), owner="one"
        )


async def test_a_venue_that_does_not_answer_from_the_start_is_an_alarm_after_a_while() -> None:
    """It is waited for as ever, and somebody hears of it."""
    world = World(FakeVenue(reconcile_interval=0.1))
    world.venue.failing["whoami"] = RetryableError("nobody answers")
    async with world.running(limits=AT_ONCE):
        await eventually_async(lambda: alarms(world.log), within=30)
    assert [(alarm.kind, alarm.detail["reason"]) for alarm in alarms(world.log)] == [("venue_not_reconciled", "nobody answers")]
