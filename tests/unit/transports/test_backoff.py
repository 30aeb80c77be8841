"""The back-off policy as a value."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.transports.backoff import Backoff


def delays(backoff: Backoff, jitter: float, count: int) -> list[float]:
    """Return the delays of that many failures in a row."""
    found = []
    for _ in range(count):
        delay, backoff = backoff.next(jitter=jitter)
        found.append(delay)
    return found


def test_delays_double_from_one_to_thirty_seconds() -> None:
    """Without chance the delays double and stop short of the maximum, where chance still has room to spread them."""
    assert delays(Backoff(), 0.0, 7) == [1, 2, 4, 8, 15, 15, 15]


def test_chance_spreads_each_delay_up_to_the_next() -> None:
    """With a jitter of one half each delay lies halfway to its double."""
    assert delays(Backoff(), 0.5, 6) == [1.5, 3, 6, 12, 22.5, 22.5]


@given(failures=st.integers(0, 5000), jitter=st.floats(0, 1, exclude_max=True), hint=st.none() | st.floats(0, 1e9))
def test_every_delay_is_within_the_bounds(failures: int, jitter: float, hint: float | None) -> None:
    """After any number of failures and with any hint the delay lies between first and maximum."""
    delay, _ = Backoff(failures=failures, hint=hint).next(jitter=jitter)
    assert 1.0 <= delay <= 30.0


def test_hint_raises_the_delay_within_the_bounds() -> None:
    """A hint is waited for at least, beyond the maximum it is cut, and below the first delay it changes nothing."""
    assert [delays(Backoff().with_hint(hint), 0.0, 1)[0] for hint in (10, 3600, 0.001, None)] == [10, 30, 1, 1]


def test_reset_starts_low_again_and_keeps_the_hint() -> None:
    """After a reset the delays start anew; what the server asked for stands."""
    _, grown = Backoff(hint=3.0).next(jitter=0.9)
    assert grown.reset() == Backoff(hint=3.0)


@pytest.mark.parametrize("bounds", [(0.0, 1.0, 2.0), (2.0, 1.0, 2.0), (1.0, 2.0, 0.5), (1.0, float("inf"), 2.0)])
def test_unusable_policies_are_refused(bounds: tuple[float, float, float]) -> None:
    """A policy that never waits, shrinks or has no end cannot be built."""
    with pytest.raises(ValueError, match="no usable back-off"):
        Backoff(*bounds)


def test_factor_one_waits_evenly() -> None:
    """With a factor of one the delay does not grow."""
    assert delays(Backoff(first=2.0, factor=1.0), 0.0, 3) == [2, 2, 2]
