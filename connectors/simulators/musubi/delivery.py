"""The way of a frame from the world to the streams: repeats, drops, delays, foreign frames and contradictions.

Pure: frames and times in, frames out. Within an intent the order is kept unless `reorder_within` asks otherwise, across
intents it is free (contract A-07). What has been done to a frame is told to `note` before the frame comes out.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import count

from connectors.simulators.musubi.faults import FaultBoard
from connectors.simulators.musubi.poison import KINDS, poison_payload
from connectors.simulators.musubi.switches import Switches


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One SSE frame to send: `claims` is set on a frame that contradicts the record."""

    event: str
    intent_id: str
    payload: bytes
    status: str | None = None
    claims: dict[str, str] | None = None


Note = Callable[[str, Frame], None]


class Delivery:
    """Frames on their way, some of them held back."""

    def __init__(self, faults: FaultBoard, *, switches: Switches, note: Note) -> None:
        self.switches = switches
        self._faults = faults
        self._note = note
        self._sequence = count()
        self._later: list[tuple[datetime, int, Frame | None, str]] = []
        self._held: dict[str, list[Frame]] = {}
        self._poisoned = 0
        self._one_dropped = False

    def offer(self, frame: Frame, now: datetime) -> list[Frame]:
        """Return what goes out now because of a frame: nothing, the frame, or the frame and more."""
        if self._faults.quiet and self.switches["A-07"] == "ordered":
            return [frame]
        out = self._ordered(frame, now)
        if self._faults.strikes("poison"):
            out.append(self._poison(now))
        return out

    def send_later(self, frame: Frame, at: datetime) -> None:
        """Send a frame at a time, untouched by faults."""
        heapq.heappush(self._later, (at, next(self._sequence), frame, frame.intent_id))

    def due(self, now: datetime) -> list[Frame]:
        """Return the frames whose delay is over."""
        out: list[Frame] = []
        while self._later and self._later[0][0] <= now:
            _, _, frame, intent_id = heapq.heappop(self._later)
            out.extend(self._held.pop(intent_id, []) if frame is None else [frame])
        return out

    def next_at(self) -> datetime | None:
        """Return when a frame is due next, None for never."""
        return self._later[0][0] if self._later else None

    @property
    def waiting(self) -> int:
        """Return how many frames are held back."""
        return sum(frame is not None for _, _, frame, _ in self._later) + sum(map(len, self._held.values()))

    def poison(self, kind: str, now: datetime) -> Frame:
        """Return a poison frame of one kind, noted."""
        intent_id, payload = poison_payload(kind, rng=self._faults.rng, now=now)
        frame = Frame(event="order_updated", intent_id=intent_id, payload=payload, status=kind)
        self._note("poison", frame)
        return frame

    def _poison(self, now: datetime) -> Frame:
        kinds = tuple(KINDS)
        self._poisoned += 1
        return self.poison(kinds[(self._poisoned - 1) % len(kinds)], now)

    def _ordered(self, frame: Frame, now: datetime) -> list[Frame]:
        faults, manner = self._faults, self.switches["A-07"]
        if manner == "drop_one" and not self._one_dropped and frame.status == "SETTLED":
            self._one_dropped = True
            self._note("drop", frame)
            return []
        if faults.strikes("drop"):
            self._note("drop", frame)
            return []
        if faults.strikes("duplicate", at_least=0.5 if manner == "duplicates" else 0.0):
            return self._twice(frame, now)
        return self._hold_or_pass(frame, now, at_least=0.3 if manner == "shuffle" else 0.0)

    def _twice(self, frame: Frame, now: datetime) -> list[Frame]:
        self._note("duplicate", frame)
        again = replace(frame)
        out = self._hold_or_pass(frame, now)
        held = self._held.get(frame.intent_id)
        if held is not None:
            held.append(again)  # a repeat never overtakes what it repeats
        elif self._faults.rng.random() < 0.5:
            out.append(again)
        else:
            self.send_later(again, self._soon(now, "duplicate"))
        return out

    def _hold_or_pass(self, frame: Frame, now: datetime, *, at_least: float = 0.0) -> list[Frame]:
        held = self._held.get(frame.intent_id)
        if held is not None:
            held.append(frame)
            return []
        if self._faults.strikes("reorder", at_least=at_least):
            self._note("reorder", frame)
            self._held[frame.intent_id] = [frame]
            until = self._soon(now, "reorder")
            heapq.heappush(self._later, (until, next(self._sequence), None, frame.intent_id))
            return []
        if self._faults.strikes("reorder_within"):
            self._note("reorder_within", frame)
            self.send_later(frame, self._soon(now, "reorder_within"))
            return []
        return [frame]

    def _soon(self, now: datetime, fault: str) -> datetime:
        return now + timedelta(seconds=self._faults.rng.uniform(0.05, 1.0) * self._faults.seconds(fault))
