"""What Date headers tell about the venue's clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from pipeline.domain.venue_clock import VenueClock

START = datetime(2025, 3, 15, 9, tzinfo=UTC)


def answers(clock: VenueClock, *, ahead: float, at: list[float], under_way: float = 0.02) -> datetime:
    """Let a venue whose clock is ahead by so many seconds answer at these times of ours; return the time of the last answer."""
    now = START
    for seconds in at:
        sent_at = START + timedelta(seconds=seconds)
        now = sent_at + timedelta(seconds=under_way)
        venue = sent_at + timedelta(seconds=under_way / 2 + ahead)
        clock.note(sent_at=sent_at, received_at=now, date=venue.replace(microsecond=0))
    return now


@given(
    ahead=st.floats(-30, 30, allow_nan=False),
    at=st.lists(st.floats(0, 30), min_size=2, max_size=8).map(sorted),
    later=st.floats(0, 20),
    under_way=st.floats(0, 1.0),
)
def test_the_bounds_hold_whatever_the_skew(ahead: float, at: list[float], later: float, under_way: float) -> None:
    """The venue's true time lies between the bounds, and two answers resolve any constant skew."""
    clock = VenueClock()
    now = answers(clock, ahead=ahead, at=at, under_way=under_way) + timedelta(seconds=later)
    told = clock.at(now)
    true, grain = now + timedelta(seconds=ahead), timedelta(microseconds=2)
    assert told.earliest - grain <= true <= told.latest + grain
    assert told.resolved


def test_nothing_is_resolved_without_an_answer() -> None:
    """Without a Date header nothing is known, and an old answer is none."""
    clock = VenueClock()
    assert not clock.at(START).resolved
    clock.note(sent_at=START, received_at=START, date=None)
    assert not clock.at(START).resolved
    now = answers(clock, ahead=0, at=[1.0])
    assert clock.at(now).resolved
    assert not clock.at(now + timedelta(seconds=61)).resolved
    assert not clock.at(now - timedelta(seconds=5)).resolved, "our own clock was set back"


def test_a_large_skew_needs_two_answers() -> None:
    """One answer may say that the clocks are more than a second apart; only a second one makes that believed."""
    clock = VenueClock()
    assert not clock.at(answers(clock, ahead=5, at=[0.0])).resolved
    assert clock.at(answers(clock, ahead=5, at=[0.3])).resolved


def test_a_clock_that_was_set_replaces_what_was_known() -> None:
    """An answer that contradicts the earlier ones counts alone, and so needs another one to be believed."""
    clock = VenueClock()
    answers(clock, ahead=0, at=[0.0, 0.5])
    now = answers(clock, ahead=20, at=[1.0])
    assert not clock.at(now).resolved
    told = clock.at(answers(clock, ahead=20, at=[1.5]))
    assert told.resolved
    assert told.earliest > now + timedelta(seconds=18)


def test_a_slow_answer_says_too_little() -> None:
    """Bounds wider than three seconds are not relied on."""
    clock = VenueClock()
    assert not clock.at(answers(clock, ahead=0, at=[0.0], under_way=2.5)).resolved
