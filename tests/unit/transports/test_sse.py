"""The event stream over real sockets: what is refused, what ends a connection, how it comes back."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Any, cast

import pytest

from connectors.transports.bearer_token import BearerToken, TokenGrant
from connectors.transports.sse import Connected, Disconnected, FramesReceived, SseStream, StreamItem
from connectors.transports.sse_decoder import Frame, OversizedFrame
from pipeline.errors import RetryableError, SettingsError
from tests.unit.transports.scripted import Answer, Asked, HandClock, ScriptedServer, Writer, reply

STREAM_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream;charset=utf-8\r\n\r\n"


class Numbered:
    """Grants c4nary-1, c4nary-2, …, or fails as told."""

    def __init__(self) -> None:
        self.fetched = 0
        self.failure: Exception | None = None

    async def fetch(self) -> TokenGrant:
        """Grant the next token."""
        self.fetched += 1
        if self.failure is not None:
            raise self.failure
        return TokenGrant(f"c4nary-{self.fetched}", 3600.0)


class Pauses:
    """Remembers the pauses between connections and lets them pass at once."""

    def __init__(self, clock: HandClock) -> None:
        self.seconds: list[float] = []
        self._clock = clock

    async def sleep(self, seconds: float) -> None:
        """Move the clock."""
        self.seconds.append(seconds)
        await self._clock.sleep(seconds)


@pytest.fixture
def source() -> Numbered:
    """A token source that counts."""
    return Numbered()


@pytest.fixture
def pauses(clock: HandClock) -> Pauses:
    """The pauses between connections."""
    return Pauses(clock)


def stream_of(server: ScriptedServer, clock: HandClock, source: Numbered, pauses: Pauses, **options: Any) -> SseStream:
    """Return a stream from the scripted server whose pauses only move the clock."""
    token = BearerToken(source, clock=clock, random=lambda: 0.0)
    settled: dict[str, Any] = {"random": lambda: 0.0, "sleep": pauses.sleep, "silence_timeout": 10.0} | options
    return SseStream(server.url + "/api/v1/orders/events", token, clock=clock, **settled)


@pytest.fixture
def stream(server: ScriptedServer, clock: HandClock, source: Numbered, pauses: Pauses) -> SseStream:
    """A stream from the scripted server."""
    return stream_of(server, clock, source, pauses)


async def items(stream: SseStream, count: int, last_event_id: str | None = None) -> list[StreamItem]:
    """Return so many items of a stream and close it; reads of one connection are put together."""
    found: list[StreamItem] = []
    async with asyncio.timeout(20), aclosing(cast("AsyncGenerator[StreamItem, None]", stream.frames(last_event_id))) as coming:
        async for item in coming:
            if isinstance(item, FramesReceived) and found and isinstance(found[-1], FramesReceived):
                found[-1].frames.extend(item.frames)
                continue
            found.append(item)
            if len(found) == count:
                break
    return found


def body(*pieces: bytes, then_hold: bool = False) -> Answer:
    """Answer with a stream of these pieces, each in a write of its own, and close or stay silent."""

    async def answer(asked: Asked, writer: Writer) -> None:
        writer.write(STREAM_HEAD)
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0.01)
        if then_hold:
            await asyncio.wait_for(writer.wait_closed(), 30)

    return answer


def frames_in(item: StreamItem) -> list[Frame | OversizedFrame]:
    """Return the frames of an item that has some."""
    assert isinstance(item, FramesReceived)
    return item.frames


async def test_frames_arrive_between_connect_and_disconnect(server: ScriptedServer, stream: SseStream, clock: HandClock) -> None:
    """A connection is a Connected, its frames, and a Disconnected that says who closed."""
    server.will(body(b"event: heartbeat\nda", b"ta: 1\n\ndata: 2\n\n"))
    first, frames, last = await items(stream, 3)
    assert isinstance(first, Connected)
    assert frames_in(frames) == [Frame("heartbeat", b"1", ""), Frame("message", b"2", "")]
    assert last == Disconnected("closed by the venue", False, clock.now())
    assert stream.last_byte_at is not None


async def test_the_request_is_as_the_contract_asks(server: ScriptedServer, stream: SseStream) -> None:
    """The token is in the header, nothing compressed is asked for, no id is sent that was never received."""
    server.will(body(b"data: 1\n\n"))
    await items(stream, 3)
    (asked,) = server.asked
    assert asked.line == "GET /api/v1/orders/events HTTP/1.1"
    wanted = {"authorization": "Bearer c4nary-1", "accept": "text/event-stream", "accept-encoding": "identity"}
    assert {name: asked.headers.get(name) for name in wanted} == wanted
    assert "last-event-id" not in asked.headers


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (reply(302, b"", "Location: /elsewhere", "Content-Type: text/event-stream"), "redirects are not followed"),
        (reply(200, b"data: 1\n\n", "Content-Type: application/json"), "media type 'application/json'"),
        (reply(200, b"data: 1\n\n"), "no media type"),
        (reply(204, b"", "Content-Type: text/event-stream"), "status 204"),
        (reply(500, b"<html>"), "status 500"),
        (reply(200, b"\x1f\x8b", "Content-Type: text/event-stream", "Content-Encoding: gzip"), "encoded as 'gzip'"),
        (b"", "RemoteProtocolError"),
        (b"nonsense\r\n\r\n", "RemoteProtocolError"),
    ],
)
async def test_what_is_no_stream_is_refused(server: ScriptedServer, stream: SseStream, pauses: Pauses, answer: bytes, reason: str) -> None:
    """Anything but a plain event stream ends in a Disconnected with the reason, without a Connected, and is tried again."""
    server.will(answer, body(b"data: 1\n\n"))
    refused, connected, frames = await items(stream, 3)
    assert isinstance(refused, Disconnected)
    assert reason in refused.reason
    assert not refused.was_connected
    assert isinstance(connected, Connected)
    assert frames_in(frames) == [Frame("message", b"1", "")]
    assert pauses.seconds == [1.0]
    assert all(asked.line.startswith("GET /api/v1/orders/events") for asked in server.asked)


async def test_an_absent_venue_is_tried_again(server: ScriptedServer, stream: SseStream) -> None:
    """A refused connection is a Disconnected, not an exception."""
    await server.stop()
    (refused,) = await items(stream, 1)
    assert isinstance(refused, Disconnected)
    assert "ConnectError" in refused.reason


@pytest.mark.parametrize(
    ("pieces", "inside"),
    [([b"data: 1\n\n"], False), ([b"data: 1\n\ndata: 2\n"], True), ([b"data: 1\n\nevent"], True), ([b"data: 1\n\n: comm"], False)],
)
async def test_a_cut_inside_a_frame_is_told(server: ScriptedServer, stream: SseStream, pieces: list[bytes], inside: bool) -> None:
    """The Disconnected says whether an event was lost; the incomplete event is not delivered."""
    server.will(body(*pieces))
    _, frames, last = await items(stream, 3)
    assert frames_in(frames) == [Frame("message", b"1", "")]
    assert isinstance(last, Disconnected)
    assert last.cut_inside_frame is inside


async def test_a_chunked_body_cut_short_is_told(server: ScriptedServer, stream: SseStream) -> None:
    """A connection that breaks inside a chunk of the transfer encoding delivers what was whole."""
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
    server.will(head + b"9\r\ndata: 1\n\n\r\n9\r\ndata")
    _, frames, last = await items(stream, 3)
    assert frames_in(frames) == [Frame("message", b"1", "")]
    assert isinstance(last, Disconnected)
    assert (last.cut_inside_frame, last.reason.partition(":")[0]) == (True, "RemoteProtocolError")


async def test_silence_ends_the_connection(server: ScriptedServer, clock: HandClock, source: Numbered, pauses: Pauses) -> None:
    """A venue that holds the connection without a byte is left after the silence timeout."""
    server.will(body(b"data: 1\n\n", then_hold=True))
    stream = stream_of(server, clock, source, pauses, silence_timeout=0.2)
    *_, last = await items(stream, 3)
    assert isinstance(last, Disconnected)
    assert last.reason == "no byte for 0.2 s"


async def test_silence_before_the_headers_ends_the_attempt(
    server: ScriptedServer, clock: HandClock, source: Numbered, pauses: Pauses
) -> None:
    """A venue that accepts the connection and never answers is left as well."""

    async def hold(asked: Asked, writer: Writer) -> None:
        await asyncio.wait_for(writer.wait_closed(), 30)

    server.will(hold)
    (last,) = await items(stream_of(server, clock, source, pauses, silence_timeout=0.2), 1)
    assert isinstance(last, Disconnected)
    assert (last.reason, last.was_connected) == ("no byte for 0.2 s", False)


async def test_any_byte_breaks_the_silence(server: ScriptedServer, clock: HandClock, source: Numbered, pauses: Pauses) -> None:
    """Comments alone keep the connection for several times the silence timeout."""

    async def comments(asked: Asked, writer: Writer) -> None:
        writer.write(STREAM_HEAD)
        for _ in range(12):
            writer.write(b":")
            await writer.drain()
            await asyncio.sleep(0.1)
        writer.write(b"\ndata: 1\n\n")

    server.will(comments)
    stream = stream_of(server, clock, source, pauses, silence_timeout=0.6)
    _, frames, last = await items(stream, 3)
    assert frames_in(frames) == [Frame("message", b"1", "")]
    assert isinstance(last, Disconnected)
    assert last.reason == "closed by the venue"


async def test_an_oversized_event_is_reported_and_the_next_delivered(server: ScriptedServer, stream: SseStream) -> None:
    """A 300 KiB event does not end the stream: it is reported and the event behind it arrives."""
    server.will(body(b"data: " + b"x" * (300 * 1024) + b"\n\n", b"data: next\n\n"))
    _, frames, _ = await items(stream, 3)
    refused, delivered = frames_in(frames)
    assert isinstance(refused, OversizedFrame)
    assert refused.size == 300 * 1024
    assert delivered == Frame("message", b"next", "")


async def test_a_401_renews_the_token_once_without_a_pause(
    server: ScriptedServer, stream: SseStream, source: Numbered, pauses: Pauses
) -> None:
    """A revoked token is renewed and the stream opened again at once."""
    server.will(reply(401), body(b"data: 1\n\n"))
    connected, frames = await items(stream, 2)
    assert isinstance(connected, Connected)
    assert frames_in(frames) == [Frame("message", b"1", "")]
    assert [asked.headers["authorization"] for asked in server.asked] == ["Bearer c4nary-1", "Bearer c4nary-2"]
    assert pauses.seconds == []


async def test_a_second_401_waits_for_the_back_off(server: ScriptedServer, stream: SseStream, source: Numbered, pauses: Pauses) -> None:
    """A venue that refuses the renewed token too is tried again after growing pauses, with one renewal per try."""
    server.will(reply(401))
    found = await items(stream, 4)
    assert [isinstance(item, Disconnected) and item.reason for item in found] == ["refused: status 401, expected 200"] * 4
    assert pauses.seconds == [1, 2, 4]
    assert (len(server.asked), source.fetched) == (8, 5)


@pytest.mark.parametrize("failure", [RetryableError("token source away"), SettingsError("token source away")])
async def test_without_a_token_nothing_is_asked_and_the_stream_comes_back(
    server: ScriptedServer, stream: SseStream, source: Numbered, failure: Exception
) -> None:
    """A failing token endpoint is a Disconnected with its reason; once it works the stream connects."""
    source.failure = failure
    server.will(body(b"data: 1\n\n"))
    async with asyncio.timeout(20), aclosing(cast("AsyncGenerator[StreamItem, None]", stream.frames())) as coming:
        refused = await anext(coming)
        assert isinstance(refused, Disconnected)
        assert "token source away" in refused.reason
        assert server.asked == []
        source.failure = None
        async for item in coming:
            if isinstance(item, Connected):
                break


async def test_pauses_double_and_start_low_after_a_stable_connection(
    server: ScriptedServer, stream: SseStream, clock: HandClock, pauses: Pauses
) -> None:
    """Short connections count as failures even when they deliver; one that lived makes the pauses short again."""

    async def long_lived(asked: Asked, writer: Writer) -> None:
        writer.write(STREAM_HEAD + b"data: 1\n\n")
        await writer.drain()
        await asyncio.sleep(0.05)
        clock.seconds += 6

    short = body(b"data: 1\n\n")
    server.will(short, reply(503), short, reply(503), reply(503), reply(503), long_lived, short, reply(503))
    found = await items(stream, 17)
    assert sum(isinstance(item, Disconnected) for item in found) == 9
    assert pauses.seconds == [1, 2, 4, 8, 15, 15, 1, 2]


@pytest.mark.parametrize(
    ("retry", "waited"), [(b"retry: 9000", 9.0), (b"retry: 5", 1.0), (b"retry: 86400000", 30.0), (b"retry: " + b"9" * 400, 30.0)]
)
async def test_retry_is_honoured_within_bounds(
    server: ScriptedServer, stream: SseStream, pauses: Pauses, retry: bytes, waited: float
) -> None:
    """The venue's `retry:` sets the pause between 1 s and 30 s and stands for the connections after it."""
    server.will(body(retry + b"\n\n"), reply(503))
    await items(stream, 4)
    assert pauses.seconds[0] == waited
    assert pauses.seconds[1] >= waited


async def test_retry_after_is_honoured_once(server: ScriptedServer, stream: SseStream, pauses: Pauses) -> None:
    """Retry-After of a refusal sets the next pause only."""
    server.will(reply(429, b"", "Retry-After: 20"), reply(503))
    await items(stream, 3)
    assert pauses.seconds == [20, 2]


async def test_last_event_id_is_sent_once_received(server: ScriptedServer, stream: SseStream) -> None:
    """After an id came every later request carries the newest one, also when a connection brought none."""
    server.will(body("id: 7…\ndata: 1\n\nid: 8\ndata: cut".encode()), body(b"data: 2\n\n"), body(b"data: 3\n\n"))
    found = await items(stream, 8)
    assert [asked.headers.get("last-event-id") for asked in server.asked] == [
        None,
        "7…".encode().decode("latin-1"),
        "7…".encode().decode("latin-1"),
    ]
    assert frames_in(found[4]) == [Frame("message", b"2", "7…")]


@pytest.mark.parametrize(
    ("stored", "sent"), [("41", "41"), ("", None), (None, None), ("a b", "a b"), (" a", None), ("a\x01", None), ("a\x7f", None)]
)
async def test_a_stored_id_is_sent_if_a_header_can_carry_it(
    server: ScriptedServer, stream: SseStream, stored: str | None, sent: str | None
) -> None:
    """The caller's stored id goes out with the first request; none, and one with control characters, does not."""
    server.will(body(b"data: 1\n\n"))
    await items(stream, 2, stored)
    assert server.asked[0].headers.get("last-event-id") == sent


async def test_closing_ends_the_connection(server: ScriptedServer, stream: SseStream) -> None:
    """When the caller closes, the venue sees the end of the connection at once."""
    ended = asyncio.Event()

    async def watch(asked: Asked, writer: Writer) -> None:
        writer.write(STREAM_HEAD + b"data: 1\n\n")
        await writer.drain()
        try:
            while not writer.is_closing():
                writer.write(b":\n")
                await writer.drain()
                await asyncio.sleep(0.01)
        finally:
            ended.set()

    server.will(watch)
    await items(stream, 2)
    await asyncio.wait_for(ended.wait(), 5)
    assert not stream.connected
    assert len(server.asked) == 1


async def test_a_cancelled_reader_closes_the_connection(server: ScriptedServer, stream: SseStream) -> None:
    """Cancelling the task that iterates ends it and its connection."""
    server.will(body(b"data: 1\n\n", then_hold=True))
    seen = asyncio.Event()
    connected: list[bool] = []

    async def read() -> None:
        async for item in stream.frames():
            if isinstance(item, FramesReceived):
                connected.append(stream.connected)
                seen.set()

    task = asyncio.create_task(read())
    await asyncio.wait_for(seen.wait(), 5)
    task.cancel()
    await asyncio.wait([task], timeout=5)
    assert task.cancelled()
    assert [*connected, stream.connected] == [True, False]
    assert "event stream" not in {other.get_name() for other in asyncio.all_tasks()}


async def test_a_slow_caller_does_not_make_memory_grow(server: ScriptedServer, stream: SseStream) -> None:
    """While the caller does not take frames the venue can send a few megabytes at most, and nothing is lost."""
    sent = 0
    piece = b"data: " + b"x" * 1000 + b"\n\n"

    async def flood(asked: Asked, writer: Writer) -> None:
        nonlocal sent
        writer.write(STREAM_HEAD)
        for _ in range(300):
            writer.write(piece * 100)
            await writer.drain()
            sent += 100

    server.will(flood)
    received = 0
    async with asyncio.timeout(30), aclosing(cast("AsyncGenerator[StreamItem, None]", stream.frames())) as coming:
        assert isinstance(await anext(coming), Connected)
        before = -1
        while sent != before:  # until the venue is held up
            before = sent
            await asyncio.sleep(0.2)
        assert sent < 20_000
        async for item in coming:
            if isinstance(item, Disconnected):
                break
            received += len(frames_in(item))
    assert received == 30_000


async def test_frames_of_one_read_come_together(server: ScriptedServer, stream: SseStream) -> None:
    """Events that a venue sends each in a chunk of its own are delivered in lists, not one by one."""
    event = b"data: " + b"x" * 600 + b"\n\n"
    chunk = b"%x\r\n%b\r\n" % (len(event), event)
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
    server.will(head + chunk * 2000 + b"0\r\n\r\n")
    lists = 0
    received = 0
    async for item in until_disconnected(stream):
        lists += 1
        received += len(frames_in(item))
    assert received == 2000
    assert lists <= 100


async def until_disconnected(stream: SseStream) -> AsyncIterator[StreamItem]:
    """Yield what has frames until the first connection ends."""
    async with asyncio.timeout(20), aclosing(cast("AsyncGenerator[StreamItem, None]", stream.frames())) as coming:
        async for item in coming:
            if isinstance(item, Disconnected):
                return
            if isinstance(item, FramesReceived):
                yield item


async def test_no_token_shows(server: ScriptedServer, stream: SseStream, caplog: pytest.LogCaptureFixture) -> None:
    """Neither log nor reason of a disconnect nor representation shows a token."""
    caplog.set_level(logging.DEBUG)
    server.will(reply(401, b"c4nary"), reply(500), b"", body(b"data: 1\n\n"))
    found = await items(stream, 3)
    assert "c4nary" not in caplog.text + repr(found) + repr(stream)
