"""Taking turns under one request cap: lanes are served in turn while several wait, and none waits alone for nothing.

Between processes the cap itself shares (`PostgresRequestBudget`): what is served here is ingest's part of it. The sweep takes what the
others leave, and every tenth turn when they leave nothing.
"""

from __future__ import annotations

import asyncio
from collections import deque

from connectors.transports.rest import RequestBudget
from pipeline.ports import Lane

LANES: tuple[Lane, ...] = ("hints", "reconciliation", "evidence", "sweep")
TURNS: tuple[Lane, ...] = ("hints", "evidence", "hints", "evidence", "reconciliation")
"""Who is served in turn: hints and evidence have seconds, a round of reconciliation has until the next one. A lane that is not named here
is served while nobody else waits."""
SWEEP_EVERY = 10
"""Turns of others after which a sweep that waits has one: an audit that never ends is none."""


class TurnTaking:
    """Shares one budget between lanes, one grant at a time."""

    def __init__(self, budget: RequestBudget) -> None:
        """`budget` is the venue's."""
        self._budget = budget
        self._waiting: dict[Lane, deque[asyncio.Future[None]]] = {lane: deque() for lane in LANES}
        self._turn = 0
        """Where in TURNS the next grant begins to look."""
        self._since_sweep = 0
        self._serving: asyncio.Task[None] | None = None

    def lane(self, lane: Lane) -> RequestBudget:
        """Return the budget as this lane sees it."""
        return _LaneBudget(self, lane)

    async def acquire(self, lane: Lane, *, priority: bool) -> None:
        """Wait for this lane's turn and a permit; priority goes straight to the budget. Raise what the budget raises."""
        if priority:
            await self._budget.acquire(priority=True)
            return
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting[lane].append(place)
        if self._serving is None or self._serving.done():
            self._serving = asyncio.create_task(self._serve(), name="turns under the request cap")
        await place

    async def _serve(self) -> None:
        while self._next() is not None:
            try:
                await self._budget.acquire()
            except Exception as error:
                for waiting in self._waiting.values():
                    while waiting:
                        place = waiting.popleft()
                        if not place.done():
                            place.set_exception(type(error)(*error.args))
                return
            lane = self._next()
            if lane is None:
                return  # who waited has given up; the permit lapses
            self._waiting[lane].popleft().set_result(None)
            self._since_sweep = 0 if lane == "sweep" else self._since_sweep + 1
            while lane in TURNS and TURNS[self._turn] != lane:
                self._turn = (self._turn + 1) % len(TURNS)
            self._turn = (self._turn + 1) % len(TURNS)

    def _next(self) -> Lane | None:
        for waiting in self._waiting.values():
            while waiting and waiting[0].done():
                waiting.popleft()
        if self._waiting["sweep"] and self._since_sweep >= SWEEP_EVERY:
            return "sweep"
        in_turn = TURNS[self._turn :] + TURNS[: self._turn] + LANES
        return next((lane for lane in in_turn if self._waiting[lane]), None)


class _LaneBudget:
    def __init__(self, turns: TurnTaking, lane: Lane) -> None:
        self._turns = turns
        self._lane = lane

    async def acquire(self, *, priority: bool = False) -> None:
        """Wait until one request of this lane may leave."""
        await self._turns.acquire(self._lane, priority=priority)
