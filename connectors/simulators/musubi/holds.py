"""Holding accept calls, so that a test can stop the venue between any two steps of a call and kill whoever waits for it.

A hold is put before the call comes: "before" keeps a call that has been received and has done nothing, "after" one that has been decided
and not answered. Whoever asks is told as soon as a call is held. A held call goes on when released, also when its caller is gone: a
venue does what it was asked, whoever lives. Times are real, whatever the speed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from dataclasses import dataclass
from itertools import count
from typing import Any, Literal

When = Literal["before", "after"]
GoingOn = Literal["go_on", "cut"]
"""How a held call goes on: as if nothing had been, or with its connection broken; one held "before" then does nothing."""


@dataclass(slots=True, kw_only=True)
class Hold:
    """Which calls are held where; None stands for any, `times` None for every call that fits."""

    number: int
    when: When
    kind: str | None = None
    intent_id: str | None = None
    times: int | None = 1

    def fits(self, call: dict[str, Any], when: When) -> bool:
        """Tell whether a call is to be held here."""
        fits = self.kind in (None, call["kind"]) and self.intent_id in (None, call["intent_id"])
        return fits and self.when == when and self.times != 0


class Holds:
    """The holds in force and the calls that are held."""

    def __init__(self) -> None:
        self.in_force: list[Hold] = []
        self._numbers = count(1)
        self._held: dict[int, tuple[When, asyncio.Future[GoingOn]]] = {}
        self._stirred = asyncio.Event()

    def put(self, *, when: When, kind: str | None = None, intent_id: str | None = None, times: int | None = 1) -> Hold:
        """Hold the next calls that fit."""
        hold = Hold(number=next(self._numbers), when=when, kind=kind, intent_id=intent_id, times=times)
        self.in_force.append(hold)
        return hold

    def lift(self, number: int | None = None) -> None:
        """Hold no further calls for a hold, or for all of them; those that are held stay so until released."""
        self.in_force = [hold for hold in self.in_force if number not in (None, hold.number)]

    def holding(self, number: int) -> When | None:
        """Tell where a call is held."""
        held = self._held.get(number)
        return held[0] if held else None

    def wanted(self, call: dict[str, Any], when: When) -> bool:
        """Tell whether a call is to be held now, which uses up one of the hold's times."""
        hold = next((hold for hold in self.in_force if hold.fits(call, when)), None)
        if hold is not None and hold.times is not None:
            hold.times -= 1
            if hold.times == 0:
                self.in_force.remove(hold)
        return hold is not None

    async def keep(self, number: int, when: When) -> GoingOn:
        """Hold a call until it is released."""
        going_on: asyncio.Future[GoingOn] = asyncio.get_running_loop().create_future()
        self._held[number] = (when, going_on)
        self.stir()
        try:
            return await going_on
        finally:
            del self._held[number]

    def release(self, numbers: Collection[int] | None, how: GoingOn) -> list[int]:
        """Let held calls go on, or all of them; return their numbers."""
        released = [held for held in self._held if numbers is None or held in numbers]
        for held in released:
            going_on = self._held[held][1]
            if not going_on.done():
                going_on.set_result(how)
        return released

    def stir(self) -> None:
        """Wake those who wait for calls: one of them has come a step further."""
        stirred, self._stirred = self._stirred, asyncio.Event()
        stirred.set()

    async def stirred(self, seconds: float) -> bool:
        """Wait until a call comes a step further; False when none did within so many seconds."""
        try:
            async with asyncio.timeout(seconds):
                await self._stirred.wait()
        except TimeoutError:
            return False
        return True
