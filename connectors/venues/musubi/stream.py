"""Musubi's stream of hints: frames of the SSE transport to what they show.

Promises: a frame that cannot be read becomes an `Unreadable` with its bytes and the stream goes on; heartbeats are never looked into
(A-04); event types that nobody knows are counted and left alone (A-38). Source: Musubi contract, section 5.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from datetime import datetime

from connectors.transports.sse import Connected, Disconnected, FramesReceived, SseStream
from connectors.transports.sse_decoder import Frame, OversizedFrame
from connectors.venues.musubi import parse
from pipeline.domain.orders import Own
from pipeline.errors import PoisonRecordError
from pipeline.log.envelope import time_text
from pipeline.ports import Sighting, StreamClosed, StreamOpened, StreamRead, StreamSignal, Unreadable
from schemas.events import Observation

PATH = "/api/v1/orders/events"
_KNOWN = frozenset({parse.ORDER_UPDATED, parse.QUOTE_RECEIVED})


async def signals(stream: SseStream, *, venue: str, own_party: Own, last_event_id: str | None) -> AsyncIterator[StreamSignal]:
    """Yield what the stream does, for ever."""
    async with aclosing(stream.frames(last_event_id)) as items:  # type: ignore[type-var]
        async for item in items:
            match item:
                case FramesReceived():
                    yield read_frames(item.frames, item.received_at, venue=venue, own_party=own_party)
                case Connected():
                    yield StreamOpened(item.at)
                case Disconnected():
                    yield StreamClosed(
                        reason=item.reason, at=item.at, cut_inside_frame=item.cut_inside_frame, was_connected=item.was_connected
                    )


def read_frames(frames: Sequence[Frame | OversizedFrame], received_at: datetime, *, venue: str, own_party: Own) -> StreamRead:
    """Return what frames that came together show, in their order."""
    at = time_text(received_at)
    last_event_id = frames[-1].last_event_id if frames else ""
    observed = Observation(origin="stream", observed_at=at)
    ignored: Counter[str] = Counter()
    seen: list[Sighting | Unreadable] = []
    for frame in frames:
        if frame.type not in _KNOWN:
            ignored[frame.type if frame.type == parse.HEARTBEAT else "unknown"] += 1
            continue
        if isinstance(frame, OversizedFrame):
            seen.append(_oversized(frame, received_at))
            continue
        if frame.last_event_id != (observed.stream_event_id or ""):
            observed = Observation(origin="stream", observed_at=at, stream_event_id=frame.last_event_id or None)
        try:
            sighting = parse.parse_frame(frame.type, frame.data, venue=venue, own_party=own_party, observed=observed)
        except PoisonRecordError as error:
            seen.append(Unreadable(origin="stream", body=frame.data, reason=error.reason, seen_at=received_at, event_type=frame.type))
        else:
            if sighting is not None:
                seen.append(sighting)
    return StreamRead(seen=seen, received_at=received_at, last_event_id=last_event_id or None, ignored=ignored)


def _oversized(frame: OversizedFrame, received_at: datetime) -> Unreadable:
    return Unreadable(
        origin="stream",
        body=frame.head,
        reason=f"an event of {frame.size} bytes, over the limit of one {frame.reason}",
        seen_at=received_at,
        event_type=frame.type[:512],
        sha256=frame.sha256,
        size=frame.size,
    )
