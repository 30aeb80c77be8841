"""Which orders have to be read because a hint said less than the record: bounded, one entry per order."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

from pipeline.domain.lifecycle import SETTLED, is_open, rank

WANTED_MAX = 20_000
ATTEMPTS_MAX = 6

What = Literal["order", "quotes"]
Kind = Literal["settled", "open", "ended"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Want:
    """One read that a hint asks for."""

    intent_id: str
    what: What
    status: str = ""
    transaction_hash: str | None = None
    hinted_at: str | None = None
    attempts: int = 0
    not_before: float = 0.0
    """Monotonic; the record may lag behind the stream."""
    single: bool = False
    """A list did not show it: it has to be asked for by name."""
    hints: int = 0
    """Hints that came while it was being read: what was read may be older than what they announce."""

    @property
    def kind(self) -> Kind:
        """Say which list would show it."""
        if self.status == SETTLED:
            return "settled"
        return "open" if is_open(self.status) else "ended"

    def met_by(self, status: str) -> bool:
        """Tell whether a record in this status is what the hint announced, or later."""
        return rank(status) >= rank(self.status)


class Wanted:
    """The reads that are due, in the order of their hints."""

    def __init__(self, *, wanted_max: int = WANTED_MAX) -> None:
        """Want nothing yet."""
        self._wants: dict[tuple[What, str], Want] = {}
        self._flying: set[tuple[What, str]] = set()
        self._wanted_max = wanted_max
        self._news = asyncio.Event()
        self.overflowed = False
        """Set when a hint found no room: its order is on the list of what is unfinished, and a reconciliation is due."""

    def __len__(self) -> int:
        return len(self._wants)

    def add(self, want: Want) -> None:
        """Ask for a read; a later hint about the same order takes the place of the earlier, whose time stays."""
        place = (want.what, want.intent_id)
        earlier = self._wants.get(place)
        if earlier is not None:
            if want.what == "quotes":
                soonest = min(earlier.not_before, want.not_before)
                self._wants[place] = replace(earlier, hints=earlier.hints + (place in self._flying), not_before=soonest)
                self._news.set()
                return
            if rank(want.status) < rank(earlier.status):
                return
            same = want.status == earlier.status and want.transaction_hash in (None, earlier.transaction_hash)
            want = earlier if same else replace(want, hinted_at=want.hinted_at if want.status != earlier.status else earlier.hinted_at)
        elif len(self._wants) >= self._wanted_max:
            self.overflowed = True
            return
        self._wants[place] = want
        self._news.set()

    def settled(self, intent_id: str) -> None:
        """Forget a read that an earlier, open status asked for: the settlement that is known now says more."""
        want = self._wants.get(("order", intent_id))
        if want is not None and is_open(want.status):
            del self._wants["order", intent_id]

    def decided(self, intent_id: str) -> None:
        """Forget the quotes of an order that has gone on."""
        self._wants.pop(("quotes", intent_id), None)

    def due(self, now: float) -> list[Want]:
        """Return what may be read now and is not being read."""
        return [want for place, want in self._wants.items() if want.not_before <= now and place not in self._flying]

    async def wait(self, now: float) -> None:
        """Wait for news, at most until the next want is due."""
        later = [want.not_before - now for place, want in self._wants.items() if place not in self._flying and want.not_before > now]
        try:
            async with asyncio.timeout(max(0.001, min(later)) if later else None):
                await self._news.wait()
        except TimeoutError:
            pass
        self._news.clear()

    def take_overflow(self) -> bool:
        """Tell whether a hint found no room since the last time this was asked."""
        overflowed, self.overflowed = self.overflowed, False
        return overflowed

    def hinted_at(self, intent_id: str) -> str | None:
        """Return when the hint about an order (or its quotes) was here."""
        want = self._wants.get(("order", intent_id)) or self._wants.get(("quotes", intent_id))
        return want.hinted_at if want is not None else None

    def wake(self) -> None:
        """Let `wait` return: a pause is over."""
        self._news.set()

    def fly(self, wants: Iterable[Want]) -> None:
        """Say that these are being read."""
        self._flying.update((want.what, want.intent_id) for want in wants)

    def land(self, want: Want) -> None:
        """Say that a read has ended, whatever became of it."""
        self._flying.discard((want.what, want.intent_id))
        self._news.set()

    def met(self, want: Want) -> None:
        """Forget a want, unless a later hint has changed it meanwhile."""
        place = (want.what, want.intent_id)
        if self._wants.get(place) == want:
            del self._wants[place]

    def put_off(self, want: Want, *, not_before: float, counts: bool = True) -> bool:
        """Try again later, by name; False when that was the last attempt: the order stays on the list of what is unfinished.

        An attempt that says nothing about the order (the venue was away) does not count.
        """
        place = (want.what, want.intent_id)
        if self._wants.get(place) != want:
            return True
        attempts = want.attempts + counts
        if attempts >= ATTEMPTS_MAX:
            del self._wants[place]
            return False
        self._wants[place] = replace(want, attempts=attempts, not_before=not_before, single=True)
        return True

    def is_wanted(self, intent_id: str) -> bool:
        """Tell whether a hint's read of this order is still to come."""
        return ("order", intent_id) in self._wants
