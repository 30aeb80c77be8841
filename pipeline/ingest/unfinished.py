"""The orders of one venue that the log does not hold as they will be in the end: kept in the store until it does.

What is on the list: every order that a hint asks to be read, from the moment of the hint, until the read has shown what the hint announced;
a SETTLED record that lacks terms; a record that cannot be read; one that answers 404 to a hint, or fails by name. What a hint puts there is
stored in the transaction that stores the hint's place in the stream, what a record puts there in the one that stores its fact: a crash
forgets nothing. An order leaves when a complete SETTLED or another terminal status (a withdrawal included) goes into the log, or when a
hint of an open status is answered by an open record, since open orders are listed in every round.

Each is read again by name, later and later: after a quarter of its age. The list is bounded; what finds no room is left to the sweep.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from pipeline.domain.lifecycle import SETTLED, is_open, rank
from pipeline.ports import Lacking, Unfinished, UnfinishedStep
from schemas.events import OrderUpdated

UNFINISHED_MAX = 50_000
"""Some 20 MB of memory; as many orders as ingest remembers the facts of."""
AGAIN_MIN, AGAIN_MAX = timedelta(seconds=5), timedelta(hours=6)
ABSENT_MAX = timedelta(days=30)
"""An order that only a hint named and that the venue never showed: should it come yet, the sweep finds it in the list."""


def again_after(age: timedelta) -> timedelta:
    """Return how long to wait between two reads of an order that has been unfinished for so long."""
    return min(max(age / 4, AGAIN_MIN), AGAIN_MAX)


@dataclass(slots=True)
class _Held:
    unfinished: Unfinished
    tried_at: datetime | None


class UnfinishedBook:
    """The list of one venue in memory; each change is a step for the store."""

    def __init__(self, stored: Mapping[str, Unfinished] | None = None, *, size_max: int = UNFINISHED_MAX) -> None:
        """Begin with what the store knows; all of that is due at once."""
        self._held = {intent: _Held(known, None) for intent, known in (stored or {}).items()}
        self._size_max = size_max
        self.left_out = 0
        """Orders that found no room."""

    def __len__(self) -> int:
        return len(self._held)

    def __contains__(self, intent_id: str) -> bool:
        return intent_id in self._held

    @property
    def since(self) -> datetime | None:
        """Return since when the oldest has been unfinished: the list is in that order."""
        return next((held.unfinished.since for held in self._held.values()), None)

    # --- what is seen -----------------------------------------------------------------------------------------------

    def hinted(self, intent_id: str, status: str, at: datetime) -> UnfinishedStep | None:
        """Take note of a hint that asks for a read."""
        held = self._held.get(intent_id)
        if held is None:
            return self._put(intent_id, Unfinished(status=status, lacking="hinted", since=at), at)
        if rank(status) <= rank(held.unfinished.status):
            return None
        return self._put(intent_id, replace(held.unfinished, status=status), at)

    def noted(self, event: OrderUpdated, *, complete: bool, at: datetime) -> UnfinishedStep | None:
        """Take note of what the record says; `complete` as in `Sighting`."""
        if event.status == SETTLED and not complete:
            return self.lacks(event.intent_id, "incomplete", at, status=SETTLED)
        held = self._held.get(event.intent_id)
        if held is None:
            return None
        if is_open(event.status) and not is_open(held.unfinished.status):
            return self.lacks(event.intent_id, "behind", at)
        return self.over(event.intent_id)

    def settled(self, intent_id: str) -> UnfinishedStep | None:
        """Take note of a hint that states a whole settlement: it answers hints of open statuses, and no record that lacks something."""
        held = self._held.get(intent_id)
        return self.over(intent_id) if held is not None and is_open(held.unfinished.status) else None

    def lacks(self, intent_id: str, lacking: Lacking, at: datetime, *, status: str = "") -> UnfinishedStep | None:
        """Take note of why an order is unfinished; one whose status nobody knows counts as one that may have settled."""
        held = self._held.get(intent_id)
        if held is None:
            return self._put(intent_id, Unfinished(status=status or SETTLED, lacking=lacking, since=at), at)
        known = held.unfinished
        return self._put(intent_id, replace(known, status=status or known.status, lacking=lacking), at)

    def over(self, intent_id: str) -> UnfinishedStep | None:
        """Forget an order that is whole."""
        return UnfinishedStep(intent_id, None) if self._held.pop(intent_id, None) is not None else None

    def absent(self, intent_id: str, at: datetime) -> UnfinishedStep | None:
        """Take note of a 404 for an order that the record never showed."""
        held = self._held.get(intent_id)
        if held is not None and held.unfinished.lacking == "absent" and at - held.unfinished.since > ABSENT_MAX:
            return self.over(intent_id)
        return self.lacks(intent_id, "absent", at)

    # --- what is read again -----------------------------------------------------------------------------------------

    def due(self, at: datetime, *, busy: Callable[[str], bool]) -> str | None:
        """Return the order that has waited longest of those whose time has come; not those that are `busy` being read for a hint."""
        ready = ((held.tried_at or held.unfinished.since, intent) for intent, held in self._held.items() if _is_due(held, at))
        return min((pair for pair in ready if not busy(pair[1])), default=(at, None))[1]

    def tried(self, intent_id: str, at: datetime) -> None:
        """Take note of a read by name, whatever comes of it."""
        held = self._held.get(intent_id)
        if held is not None:
            held.tried_at = at

    def _put(self, intent_id: str, unfinished: Unfinished, at: datetime) -> UnfinishedStep | None:
        held = self._held.get(intent_id)
        if held is None:
            if len(self._held) >= self._size_max:
                self.left_out += 1
                return None
            self._held[intent_id] = _Held(unfinished, at)
        elif held.unfinished == unfinished:
            return None
        else:
            held.unfinished = unfinished
        return UnfinishedStep(intent_id, unfinished, new=held is None)


def _is_due(held: _Held, at: datetime) -> bool:
    return held.tried_at is None or at - held.tried_at >= again_after(at - held.unfinished.since)
