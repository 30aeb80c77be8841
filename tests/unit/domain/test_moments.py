"""The ends of the calendar are no moments."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from pipeline.domain.moments import EARLIEST, LATEST, bounded, is_moment


@pytest.mark.parametrize("zone", ["+00:00", "+14:00", "-12:00"])
@pytest.mark.parametrize("end", ["0001-01-01T00:00:00", "9999-12-31T23:59:59.999999", "1970-01-01T00:00:00"])
def test_what_programs_write_for_unset_and_never_is_no_moment_in_any_zone(end: str, zone: str) -> None:
    """Comparing never leaves the calendar, whatever the zone."""
    at = datetime.fromisoformat(end + zone)
    assert not is_moment(at)
    assert bounded(at) in (EARLIEST, LATEST)


def test_a_moment_of_today_is_one_and_stays_as_it_is() -> None:
    """Inside the bounds nothing changes; the lower bound belongs to them, the upper does not."""
    today = datetime(2026, 11, 30, 6, 0, tzinfo=UTC)
    assert is_moment(today)
    assert bounded(today) is today
    assert is_moment(EARLIEST)
    assert not is_moment(LATEST)
