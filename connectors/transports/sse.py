"""An event stream over HTTP that comes back by itself: owns the socket, the silence timeout and the reconnects.

httpx-sse opens the connection; the raw bytes go to our own `sse_decoder`. It promises:
* exact status 200 and media type `text/event-stream`, no redirect, nothing compressed; anything else is a `Disconnected`;
* a connection without a byte (comments count) for `silence_timeout` seconds is given up;
* reconnects are spread over 1 s to 30 s, doubling, honour `retry:` and `Retry-After` within these bounds, and start low
  again after a connection that delivered and lived a while;
* the token goes in the header only, is renewed once on a 401, and its end does not end the stream: the venue does (A-06);
* `Last-Event-ID` is sent only if an id was ever received (A-05).

What the stream misses while it is away is for the caller to read from the record: every `Connected` asks for that.
Source: contracts/musubi-custodian.md, section 5; HTML standard, server-sent events.
"""

from __future__ import annotations

import asyncio
import logging
import re
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

import httpx
from httpx_sse import aconnect_sse

from connectors.transports.backoff import Backoff
from connectors.transports.bearer_token import BearerToken
from connectors.transports.http_client import content_encoding, open_client, retry_after, without_detail
from connectors.transports.sse_decoder import (
    EVENT_BYTES_MAX,
    ID_BYTES_MAX,
    LINE_BYTES_MAX,
    Frame,
    OversizedFrame,
    SseDecoder,
    check_response,
)
from pipeline.clock import Clock
from pipeline.errors import RetryableError, SettingsError

log = logging.getLogger(__name__)

# Bytes that the reader may be ahead of the caller; beyond it the socket is left alone and the venue feels the pressure.
READ_AHEAD_BYTES_MAX = 1024 * 1024
# A connection that lives shorter than this has not proven that reconnecting at once is a good idea.
STABLE_SECONDS = 2.0
# `retry:` has no upper bound on the wire; the back-off bounds it, this only keeps the arithmetic finite.
_RETRY_MS_MAX = 1_000_000_000

_HEADER_VALUE = re.compile(rb"[\x21-\x7e\x80-\xff](?:[\x20-\x7e\x80-\xff\t]*[\x21-\x7e\x80-\xff])?")


@dataclass(frozen=True, slots=True)
class Connected:
    """The venue accepted the stream; what happened before has to be read from the record."""

    at: datetime


@dataclass(frozen=True, slots=True)
class FramesReceived:
    """The frames that one or several reads completed; `received_at` is when the first of these reads came in."""

    frames: list[Frame | OversizedFrame]
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Disconnected:
    """The connection ended or did not come about; the next try follows by itself.

    `cut_inside_frame`: an event had begun and is lost. `was_connected`: false when the stream was refused.
    """

    reason: str
    cut_inside_frame: bool
    at: datetime
    was_connected: bool = True


StreamItem = Connected | FramesReceived | Disconnected


@dataclass(frozen=True, slots=True, kw_only=True)
class _End:
    """Why a connection ended, or did not come about."""

    reason: str
    status: int | None = None
    retry_after: float | None = None


class _Inbox:
    """What the reading task has for the caller: raw bytes, and that the connection stands or has ended."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._pieces: list[bytes] = []
        self._size = 0
        self._since: datetime | None = None
        self._news = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()
        self.opened_at: datetime | None = None
        self.opened_monotonic = 0.0
        self.bytes_received = 0
        self.end: _End | None = None

    def open(self) -> None:
        self.opened_at = self._clock.now()
        self.opened_monotonic = self._clock.monotonic()
        self._news.set()

    def close(self, end: _End) -> None:
        self.end = end
        self._news.set()

    def put(self, piece: bytes) -> datetime:
        """Add bytes and return when the first of those that wait came."""
        if self._since is None:
            self._since = self._clock.now()
        self._pieces.append(piece)
        self._size += len(piece)
        self.bytes_received += len(piece)
        self._news.set()
        return self._since

    async def room(self) -> None:
        """Wait while the caller is too far behind."""
        if self._size >= READ_AHEAD_BYTES_MAX:
            self._room.clear()
            await self._room.wait()

    async def news(self) -> None:
        await self._news.wait()
        self._news.clear()

    def take(self) -> tuple[bytes, datetime | None]:
        """Return all bytes so far and when the first of them came."""
        body, since = b"".join(self._pieces), self._since
        self._pieces.clear()
        self._size = 0
        self._since = None
        self._room.set()
        return body, since


class SseStream:
    """One event stream of a venue; `random` answers with a number in [0, 1).

    Attributes to read: `connected`, and `last_byte_at` (None before the first byte).
    """

    def __init__(
        self,
        url: str,
        token: BearerToken,
        *,
        clock: Clock,
        random: Callable[[], float],
        silence_timeout: float = 75.0,
        connect_timeout: float = 10.0,
        backoff: Backoff | None = None,
        stable_seconds: float = STABLE_SECONDS,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        line_bytes_max: int = LINE_BYTES_MAX,
        event_bytes_max: int = EVENT_BYTES_MAX,
        id_bytes_max: int = ID_BYTES_MAX,
        verify: ssl.SSLContext | bool = True,
    ) -> None:
        """Open nothing yet: `frames` does."""
        self._url = url
        self._token = token
        self._clock = clock
        self._random = random
        self._silence_timeout = silence_timeout
        # Silence is counted by the read timeout: it starts anew with every byte that the socket gives.
        self._timeout = httpx.Timeout(connect_timeout, read=silence_timeout)
        self._backoff = backoff or Backoff()
        self._stable_seconds = stable_seconds
        self._sleep = sleep
        self._line_bytes_max = line_bytes_max
        self._event_bytes_max = event_bytes_max
        self._id_bytes_max = id_bytes_max
        self._verify = verify
        self.connected = False
        self.last_byte_at: datetime | None = None

    async def frames(self, last_event_id: str | None = None) -> AsyncIterator[StreamItem]:
        """Yield what the stream does, for ever: connects, frames, disconnects; between the latter two it waits.

        Nothing the venue does ends it, also not a refused token: the reason stands in `Disconnected`. Close it with
        `aclose()` (`contextlib.aclosing`) from the task that iterates, or cancel that task: the socket is then closed.
        """
        resume_id = last_event_id or ""
        while True:
            decoder = self._decoder(resume_id)
            inbox = _Inbox(self._clock)
            reader = asyncio.create_task(self._read(inbox, resume_id), name="event stream")
            announced = False
            try:
                while True:
                    await inbox.news()
                    if inbox.opened_at is not None and not announced:
                        announced = self.connected = True
                        yield Connected(inbox.opened_at)
                    end = inbox.end
                    body, received_at = inbox.take()
                    frames = decoder.feed(body)
                    resume_id = decoder.last_event_id
                    if frames:
                        yield FramesReceived(frames, received_at or self._clock.now())
                    if end is not None:
                        break
            finally:
                self.connected = False
                reader.cancel()
                await asyncio.wait([reader])
            if not reader.cancelled():
                reader.result()  # raises what is a fault of the program
            delay = self._delay(inbox, decoder, end)
            log.info("event stream %s: %s; next try in %.1f s", self._url, end.reason, delay)
            yield Disconnected(end.reason, decoder.in_frame, self._clock.now(), was_connected=announced)
            await self._sleep(delay)

    def _decoder(self, last_event_id: str) -> SseDecoder:
        return SseDecoder(
            last_event_id=last_event_id,
            line_bytes_max=self._line_bytes_max,
            event_bytes_max=self._event_bytes_max,
            id_bytes_max=self._id_bytes_max,
        )

    def _delay(self, inbox: _Inbox, decoder: SseDecoder, end: _End) -> float:
        """Return the seconds to wait before the next try and take the back-off one step on."""
        lived = self._clock.monotonic() - inbox.opened_monotonic
        if inbox.opened_at is not None and inbox.bytes_received and lived >= self._stable_seconds:
            self._backoff = self._backoff.reset()
        if decoder.reconnection_time is not None:
            self._backoff = self._backoff.with_hint(min(decoder.reconnection_time, _RETRY_MS_MAX) / 1000)
        standing = self._backoff.hint
        hint = standing if end.retry_after is None else max(end.retry_after, standing or 0.0)
        delay, grown = self._backoff.with_hint(hint).next(jitter=self._random())
        self._backoff = grown.with_hint(standing)  # Retry-After is for this once, `retry:` stands
        return delay

    # --- the reading task ----------------------------------------------------------------------------------------

    async def _read(self, inbox: _Inbox, last_event_id: str) -> None:
        """Open the stream and move its bytes to the inbox until it ends; say there why it did."""
        end = _End(reason="the reader broke; this is a fault of the program")
        try:
            end = await self._read_authorised(inbox, last_event_id)
        except RetryableError as error:
            end = _End(reason=str(error), retry_after=error.retry_after)
        except SettingsError as error:
            log.error("event stream %s: %s", self._url, error)
            end = _End(reason=str(error))
        finally:
            inbox.close(end)

    async def _read_authorised(self, inbox: _Inbox, last_event_id: str) -> _End:
        token = await self._token.current()
        end = await self._read_once(inbox, token, last_event_id)
        if end.status != 401:
            return end
        token = await self._token.renew_after_401(token)
        return await self._read_once(inbox, token, last_event_id)

    async def _read_once(self, inbox: _Inbox, token: str, last_event_id: str) -> _End:
        try:
            async with (
                open_client(self._url, self._timeout, self._verify) as client,
                aconnect_sse(client, "GET", self._url, headers=_headers(token, last_event_id)) as source,
            ):
                refusal = self._refusal(source.response)
                if refusal is not None:
                    return refusal
                inbox.open()
                # The transport reads 64 KiB at a time; what one read holds arrives here without a pause in between.
                async for piece in source.response.aiter_raw():
                    self.last_byte_at = inbox.put(piece)
                    await inbox.room()
            return _End(reason="closed by the venue")
        except httpx.ReadTimeout:
            return _End(reason=f"no byte for {self._silence_timeout:g} s")
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return _End(reason=without_detail(error))

    def _refusal(self, response: httpx.Response) -> _End | None:
        headers = response.headers
        reason = check_response(response.status_code, headers.get("content-type"))
        if reason is None:
            encoding = content_encoding(response)
            if encoding is None:
                return None
            reason = f"body encoded as {encoding!r}, which was not asked for"
        if response.is_redirect:
            reason += "; redirects are not followed, look at base_url"
        pause = retry_after(headers, now=self._clock.now())
        return _End(reason=f"refused: {reason}", status=response.status_code, retry_after=pause)


def _headers(token: str, last_event_id: str) -> dict[str, str | bytes]:
    headers: dict[str, str | bytes] = {"Authorization": f"Bearer {token}"}
    raw_id = last_event_id.encode("utf-8", "replace")
    # An id that no header can carry is left out: the record closes the gap, as it does without any id.
    if _HEADER_VALUE.fullmatch(raw_id):
        headers["Last-Event-ID"] = raw_id
    return headers
