"""Which moments are moments at all: the ends of the calendar that programs write for "unset" and "never".

Go and .NET write an unset time as 0001-01-01T00:00:00Z, C as 1970-01-01, and many write 9999-12-31 for "never". Nothing of this trade
happened before `EARLIEST` or ends after `LATEST`, so a time from outside that lies beyond them is no moment: where it comes in it counts as
not stated, and nobody inside ever adds a second to the last moment that Python or PostgreSQL can hold.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
"""Before any venue of this kind existed."""
LATEST = datetime(2200, 1, 1, tzinfo=UTC)
"""Far beyond every expiry and value date; adding any duration of the settings stays inside the calendar."""


AHEAD_MAX = timedelta(seconds=5)
"""How far another clock may be ahead of ours: what was seen or quoted later than that nobody can have seen yet."""


def is_ahead(at: datetime, now: datetime) -> bool:
    """Tell whether a fact is from a time that has not come: nobody knows how old it is, so it is not believed."""
    return at > now + AHEAD_MAX


def is_moment(at: datetime) -> bool:
    """Tell whether an aware time can be meant: `EARLIEST` <= at < `LATEST`; the ends of the calendar, in any zone, cannot."""
    return EARLIEST <= at < LATEST


def bounded(at: datetime) -> datetime:
    """Return an aware time, or the nearer bound where it lies beyond: for questions of people, such as "as of 9999-12-31"."""
    return min(max(at, EARLIEST), LATEST)
