"""The clock, owned here so that everything else takes time as an argument."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Tells wall-clock and monotonic time."""

    def now(self) -> datetime:
        """Return the wall-clock time, aware, in UTC."""
        ...

    def monotonic(self) -> float:
        """Return seconds of a clock that never goes back."""
        ...


class SystemClock:
    """The machine's own clocks."""

    def now(self) -> datetime:
        """Return the wall-clock time, aware, in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return seconds of a clock that never goes back."""
        return time.monotonic()


@dataclass(frozen=True, slots=True)
class RecordedClock:
    """Stands at a recorded time: for what is run again."""

    at: datetime

    def now(self) -> datetime:
        """Return the recorded time."""
        return self.at

    def monotonic(self) -> float:
        """Return 0: no time passes in what is over."""
        return 0.0
