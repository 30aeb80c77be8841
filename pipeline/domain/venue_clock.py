"""The venue's clock as its Date headers show it: bounds that hold, never a guess.

A Date header has whole seconds, and its answer was under way for some time: one answer says that the venue's clock is ahead of ours by
something between (Date - received) and (Date + 1 s - sent). Several answers narrow that down. Promises: `latest` is never before the
venue's true time and `earliest` never after it, as long as the headers are honest and both clocks run at one rate; an answer that
contradicts the earlier ones (a clock was set) replaces them. A difference of more than a second is believed only when two answers agree.
"""

from __future__ import annotations

from collections import deque
from datetime import datetime, timedelta

from pipeline.domain.accepting import VenueTime

DATE_GRAIN = timedelta(seconds=1)
SKEW_MAX = timedelta(seconds=1)
"""Clocks that differ by less are in order; more has to be shown by two answers."""
WIDTH_MAX = timedelta(seconds=3)
"""A wider interval (a slow answer) says too little: the default margin before a quote's end is two seconds."""
AGE_MAX = timedelta(seconds=60)
SAMPLES_MAX = 8


class VenueClock:
    """Keeps the latest answers of one venue."""

    def __init__(self) -> None:
        self._samples: deque[tuple[datetime, timedelta, timedelta]] = deque(maxlen=SAMPLES_MAX)

    def note(self, *, sent_at: datetime, received_at: datetime, date: datetime | None) -> None:
        """Take an answer's Date header; `sent_at` and `received_at` are of our clock."""
        if date is None or received_at < sent_at:
            return  # no header, or our own clock was set back meanwhile
        low, high = date - received_at, date + DATE_GRAIN - sent_at
        if any(high < other_low or low > other_high for _, other_low, other_high in self._samples):
            self._samples.clear()
        self._samples.append((received_at, low, high))

    def at(self, now: datetime) -> VenueTime:
        """Return what the venue's clock shows at `now` of ours; unresolved while too little is known."""
        fresh = [sample for sample in self._samples if timedelta(0) <= now - sample[0] <= AGE_MAX]
        if not fresh:
            return VenueTime(earliest=now, latest=now, resolved=False)
        low, high = max(sample[1] for sample in fresh), min(sample[2] for sample in fresh)
        apart = low > SKEW_MAX or high < -SKEW_MAX
        resolved = high - low <= WIDTH_MAX and (not apart or len(fresh) > 1)
        return VenueTime(earliest=now + low, latest=now + high, resolved=resolved)
