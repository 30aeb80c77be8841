"""When a role that died is started again."""

from __future__ import annotations

from dataclasses import dataclass, replace

FIRST = 0.1
"""Seconds before the first restart; with a start of about one second the role is back within two."""
STEPS = (FIRST, 0.5, 1.0, 2.0, 4.0, 8.0, 10.0)
LIVED = 5.0
"""A role that lived so many seconds did not die of its start: it is restarted at once again."""


@dataclass(frozen=True, slots=True)
class Backoff:
    """How often a role died soon after its start."""

    quick_deaths: int = 0

    def after(self, lived: float) -> tuple[float, Backoff]:
        """Return the seconds to wait after a life of `lived` seconds, and the back-off to go on with."""
        deaths = 0 if lived >= LIVED else self.quick_deaths
        return STEPS[min(deaths, len(STEPS) - 1)], replace(self, quick_deaths=deaths + 1)
