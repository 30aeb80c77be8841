"""When a worker looks for states whose time has come: one rule for every engine.

It looks as soon as the earliest time that it stored itself has come, and every WAKE_POLL seconds in any case, since another worker may have
left states that wait.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from pipeline.clock import Clock
from pipeline.engines.step import Step

WAKE_POLL = 0.25
"""Seconds between two looks when nothing is known to be due earlier."""


class Wakes:
    """The looks of one worker."""

    def __init__(self, step: Step[Any, Any, Any], *, waits: bool, clock: Clock) -> None:
        """`waits` tells whether the processor has states that wait at all."""
        self._step, self._waits, self._clock = step, waits, clock
        self._looked_at = -math.inf

    def rest(self) -> float:
        """Return the seconds until the next look; 0 or less: now; infinity: there is nothing to look for, ever."""
        if not self._waits:
            return math.inf
        rest = WAKE_POLL - (self._clock.monotonic() - self._looked_at)
        due_at = self._step.due_at
        return rest if due_at is None else min(rest, (due_at - self._clock.now()).total_seconds())

    def look(self, numbers: Sequence[int]) -> None:
        """Wake what is due in these partition numbers; raise what `Step.wake_due` raises."""
        self._step.wake_due(numbers)
        self._looked_at = self._clock.monotonic()
