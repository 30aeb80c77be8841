"""A clock that stands where a test puts it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

START = datetime(2025, 3, 15, 9, 0, 0, tzinfo=UTC)


class HandClock:
    """Moves only when told."""

    def __init__(self, at: datetime = START) -> None:
        """`at` is the first answer."""
        self._start, self._at = at, at

    def now(self) -> datetime:
        """Return the time that was set."""
        return self._at

    def monotonic(self) -> float:
        """Return the seconds since the first answer."""
        return (self._at - self._start).total_seconds()

    def pass_by(self, seconds: float) -> None:
        """Move on."""
        self._at += timedelta(seconds=seconds)
