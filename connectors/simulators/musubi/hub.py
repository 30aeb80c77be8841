"""The fan-out of frames to open streams: one encoding per frame, one write per stream and turn of the loop."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable

from connectors.simulators.musubi.delivery import Frame
from connectors.simulators.musubi.documents import frame as encoded
from connectors.simulators.musubi.faults import FaultBoard
from connectors.simulators.musubi.truth import Truth

# A stream that does not read is closed when so many bytes wait for it.
BACKLOG_BYTES = 64 * 1024 * 1024


class Subscriber:
    """One open stream: the bytes that wait to be written, and why it is to end."""

    def __init__(self, intent_id: str | None) -> None:
        self.intent_id = intent_id
        self.closing = False
        self.cut = False
        self.stirred = asyncio.Event()
        self._waiting: list[bytes] = []
        self._size = 0

    def push(self, raw: bytes) -> None:
        """Put bytes behind those that wait; a stream that is about to end takes none."""
        if self.closing or self.cut:
            return
        self._waiting.append(raw)
        self._size += len(raw)
        if self._size > BACKLOG_BYTES:
            self.close()
        self.stirred.set()

    def push_cut(self, raw: bytes) -> None:
        """Put the first part of a frame and break the connection behind it."""
        self.push(raw)
        self.cut = True

    def close(self) -> None:
        """End the stream cleanly after what waits."""
        self.closing = True
        self.stirred.set()

    def take(self) -> bytes:
        """Return everything that waits."""
        waiting, self._waiting, self._size = self._waiting, [], 0
        self.stirred.clear()
        return b"".join(waiting)


class Hub:
    """All open streams, and the latest frames with their ids."""

    def __init__(self, kept: int) -> None:
        self.subscribers: set[Subscriber] = set()
        self.silent_until = 0.0
        self.last_id = 0
        self.log: deque[tuple[int, str, bytes]] = deque(maxlen=kept)

    def send(self, frames: Iterable[Frame], *, ids: bool, faults: FaultBoard, truth: Truth) -> None:
        """Give frames to every stream that asked for them."""
        cutting = faults.rate("cut_inside_frame") > 0
        for frame in frames:
            self.last_id += 1
            raw = encoded(frame.event, frame.payload, event_id=self.last_id if ids else None)
            if ids:
                self.log.append((self.last_id, frame.intent_id, raw))
            for subscriber in self.subscribers:
                if subscriber.intent_id in (None, frame.intent_id):
                    truth.frames["sent"] += 1
                    if cutting and faults.strikes("cut_inside_frame"):
                        truth.faults["cut_inside_frame"] += 1
                        subscriber.push_cut(raw[: faults.rng.randrange(1, len(raw))])
                    else:
                        subscriber.push(raw)

    def after(self, event_id: int, intent_id: str | None) -> bytes:
        """Return the kept frames with a higher id."""
        chosen = (raw for number, intent, raw in self.log if number > event_id and intent_id in (None, intent))
        return b"".join(chosen)

    def close_all(self) -> None:
        """End every stream cleanly."""
        for subscriber in self.subscribers:
            subscriber.close()
