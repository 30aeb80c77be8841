"""The ends of the calendar: what stands in a record or in the store as a time never stops ingest, and never hides what is newer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.venues.musubi import parse, reads
from pipeline.domain.moments import is_moment
from pipeline.errors import PoisonRecordError
from pipeline.ingest.watermarks import OVERLAP, moments, sound, window_from
from pipeline.ports import Cursor, OrderQuery
from schemas.events import Observation
from tests.unit.ingest.fake_venue import FakeVenue, intent_of
from tests.unit.ingest.test_ingest_flow import World
from tests.waiting import eventually_async

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
ENDS = ("0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z", "1970-01-01T00:00:00Z", "2150-01-01T00:00:00Z")
LISTED = Observation(origin="list", observed_at="2026-03-01T00:00:00Z")
NAIVE_FIRST, NAIVE_LAST = (end.replace(tzinfo=None) for end in (datetime.min, datetime.max))  # noqa: DTZ901 - zones come from the strategy
zones = st.integers(-23 * 60, 23 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
anywhen = st.one_of(
    st.datetimes(timezones=zones),
    st.datetimes(max_value=NAIVE_FIRST + timedelta(days=2), timezones=zones),
    st.datetimes(min_value=NAIVE_LAST - timedelta(days=2), timezones=zones),
    st.timedeltas(timedelta(days=-40), timedelta(days=40)).map(lambda away: NOW + away),
)


@settings(deadline=None)
@given(st.lists(anywhen.map(datetime.isoformat) | st.none() | st.text(max_size=30)), anywhen.filter(is_moment))
def test_only_moments_up_to_now_are_watermarks(texts: list[str | None], now: datetime) -> None:
    """Whatever stands there: nothing raises, nothing of the future, nothing that is no moment."""
    found = moments(texts, now=now)
    assert all(is_moment(at) and at <= now for at in found)
    assert all(sound(at, now=now) == at for at in found)


@settings(deadline=None)
@given(st.none() | anywhen)
def test_a_window_can_be_asked_for_from_any_stored_watermark(stored: datetime | None) -> None:
    """One that is none asks for everything; the others reach back, and can be written for the venue."""
    since = window_from(sound(stored, now=NOW))
    if since is not None:
        assert stored is not None
        assert stored - OVERLAP <= since <= stored
        written = reads.parameters(OrderQuery(created_after=since))["created_after"]
        assert datetime.fromisoformat(written) <= since


def read_or_refused(read: Callable[[], object], *names: str) -> None:
    """Read something; a refusal has to name one of the times."""
    refused = None
    try:
        read()
    except PoisonRecordError as error:
        refused = error.reason
    assert refused is None or any(name in refused for name in names)


@settings(deadline=None)
@given(anywhen, st.sampled_from(["created_at", "expires_at", "settled_at", "quote_valid_until"]))
def test_a_record_with_any_time_is_read_or_refused(at: datetime, name: str) -> None:
    """A time of any end and zone makes an order or a refusal with a reason, never another error."""
    body = f'{{"intent_id":"{intent_of(1)}","status":"PENDING","{name}":"{at.isoformat()}"}}'.encode()
    read_or_refused(lambda: parse.parse_order(body, venue="tokyo", own_party=None, observed=LISTED), name)


@settings(deadline=None)
@given(anywhen, anywhen)
def test_a_quote_with_any_time_is_read_or_refused(valid_until: datetime, submitted_at: datetime) -> None:
    """The same for what a quote states."""
    times = f'"valid_until":"{valid_until.isoformat()}","submitted_at":"{submitted_at.isoformat()}"'
    body = f'{{"intent_id":"{intent_of(1)}","quote_id":"{intent_of(2)}","fx_rate":"1",{times}}}'.encode()
    read_or_refused(lambda: parse.parse_quote(body, venue="tokyo", observed=LISTED), "valid_until", "submitted_at")


@pytest.mark.parametrize("settled_at", [None, "2150-01-01T00:00:00Z"])
@pytest.mark.parametrize("created_at", ENDS)
async def test_orders_from_the_ends_of_the_calendar_are_read_round_after_round(created_at: str, settled_at: str | None) -> None:
    """All orders state such times: the first listing, the rounds and what settles later are published, each fact once."""
    world = World(FakeVenue(reconcile_interval=0.1))
    changed = {"created_at": created_at} | ({"settled_at": settled_at} if settled_at else {})
    world.venue.orders.update(dict.fromkeys(range(1, 121), "SETTLED"))
    world.venue.changed.update({number: dict(changed) for number in range(1, 400)})
    async with world.running():
        await eventually_async(lambda: world.store.cursor.reconciled_at is not None, within=30)
        world.venue.orders.update(dict.fromkeys(range(121, 125), "SETTLED"))
        await eventually_async(lambda: len(world.orders("list")) == 124, within=30)
        done = world.store.cursor.reconciled_at
        assert done is not None
        await eventually_async(lambda: (world.store.cursor.reconciled_at or done) > done, within=30)
    cursor = world.store.cursor
    assert cursor.created_until is None or is_moment(cursor.created_until)
    assert set(world.log.ids().values()) == {1}


@pytest.mark.parametrize("stored", [datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC), datetime(2150, 1, 1, tzinfo=UTC)])
async def test_a_watermark_that_an_earlier_release_stored_is_left(stored: datetime) -> None:
    """Ingest that stood still at year 1, and one that saw nothing new since a time of the future, go on."""
    world = World(FakeVenue(reconcile_interval=0.1))
    world.store.cursor = replace(Cursor(), created_until=stored, settled_until=stored, backfill_page=None)
    world.venue.orders.update(dict.fromkeys(range(1, 151), "SETTLED"))
    async with world.running():
        await eventually_async(lambda: len(world.orders("list")) == 150, within=30)
        await eventually_async(lambda: world.store.cursor.reconciled_at is not None, within=30)
    assert world.store.cursor.created_until is not None
    assert world.store.cursor.created_until.year == 2026


async def test_one_order_created_in_the_future_hides_nothing_that_is_created_now() -> None:
    """An order of 2150 is published, and the next ones are listed by when they were created all the same."""
    world = World(FakeVenue(reconcile_interval=0.1))
    world.venue.orders.update({1: "SUSPENDED", 2: "SUSPENDED"})
    world.venue.changed[1] = {"created_at": "2150-01-01T00:00:00Z"}
    async with world.running():
        await eventually_async(lambda: world.store.cursor.reconciled_at is not None, within=30)
        world.venue.orders[3] = "SUSPENDED"  # in no list but that of what was created
        await eventually_async(lambda: len(world.orders("list")) == 3, within=30)
