"""REST reads and commands of a venue: envelope, retry table, paging, request cap.

It promises:
* a GET is repeated by the table of contracts/musubi-custodian.md, section 3.3, within a budget of time;
* a POST is sent once; only a 401, which says that nothing was done, lets it be sent a second time with a new token.
  Whatever leaves its outcome open is an `OutcomeUnknownError`, never a retry;
* every status that refuses (4xx but 401, 408, 425, 429, and a redirect) is raised as `VenueRefusedError` with the reply;
* bodies are bounded by what is asked for, in bytes and in values, before one value is built;
* bodies survive not being JSON; redirects are not followed; nothing compressed is asked for;
* the same request object is sent in every attempt and has one number in the logs.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import ssl
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

import httpx

from connectors.transports.backoff import Backoff
from connectors.transports.bearer_token import BearerToken
from connectors.transports.http_client import http_date, open_client, read_bounded, retry_after, without_detail
from pipeline.clock import Clock
from pipeline.errors import ContractBreachError, PipelineError, PoisonRecordError, RetryableError
from pipeline.log.strict_json import has_more_values

log = logging.getLogger(__name__)

Loads = Callable[[bytes], Any]
"""Reads JSON; raises PoisonRecordError."""
Params = Mapping[str, str | int]


@dataclass(frozen=True, slots=True)
class Bound:
    """What one reply may hold; more of either is a venue that is broken, and costs us no memory."""

    bytes: int
    values: int
    """Elements and members; a value costs up to some hundred bytes of memory."""


# An order has some 1.5 KB and fifty values, and has to fit into a record of Kafka, 1 MiB.
ONE = Bound(bytes=1024 * 1024, values=20_000)
# A hundred orders, each with twenty times the values that one has.
PAGE = Bound(bytes=8 * 1024 * 1024, values=100_000)
# A reply may come slowly, but not for ever: the per-read timeout alone would let one byte per second pass.
REPLY_SECONDS_MAX = 60.0
# How long one GET is repeated before its caller hears of it.
RETRY_SECONDS_MAX = 30.0
# What a venue may ask us to wait; more is cut, because nobody else would look at the venue again until then.
RETRY_AFTER_MAX = 300.0
# At 100 items each this is a million: a venue that pages on and on is broken.
PAGES_MAX = 10_000

_TRY_AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})
_NOTHING_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol, httpx.ProxyError)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Reply:
    """An answer of the venue, as it came.

    `document` is the parsed body, or None with the reason in `unreadable`; `venue_time` is the Date header;
    `retry_after` is in seconds, bounded.
    """

    status: int
    body: bytes = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    received_at: datetime
    venue_time: datetime | None = None
    retry_after: float | None = None
    request_id: str | None = None
    document: Any = field(default=None, repr=False)
    unreadable: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Page:
    """One page of a list: its items in the venue's order, and the reply that they came in."""

    number: int
    items: tuple[Any, ...] = field(repr=False)
    reply: Reply


class VenueRefusedError(PipelineError):
    """The venue refused a request for good: the caller decides what that means, nobody repeats it."""

    def __init__(self, status: int, code: str | None, message: str, *, where: str = "venue", reply: Reply | None = None) -> None:
        super().__init__(f"{where}: status {status}" + (f" {code}" if code else "") + (f": {message}" if message else ""))
        self.status = status
        self.code = code
        self.message = message
        self.reply = reply


class OutcomeUnknownError(PipelineError):
    """A POST was sent and nobody knows whether it took effect: read the venue before anything is sent again."""

    def __init__(self, reason: str, *, reply: Reply | None = None) -> None:
        super().__init__(reason)
        self.reply = reply


class UnreadableReplyError(ContractBreachError):
    """A successful reply has a body that is not what the contract promises; the bytes are in `reply`."""

    def __init__(self, reason: str, *, reply: Reply) -> None:
        super().__init__(reason)
        self.reply = reply


class RequestBudget(Protocol):
    """Holds requests back to the rate that a venue bears."""

    async def acquire(self, *, priority: bool = False) -> None:
        """Wait until one request may leave; those with priority go first."""
        ...


class TokenBucket:
    """A request budget inside one process: `rate` per second, `burst` at once; rate 0 means no limit."""

    def __init__(self, rate: float, burst: int, clock: Clock, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        """Start with a full bucket."""
        if rate < 0 or burst < 1:
            raise ValueError(f"no usable budget: rate {rate}, burst {burst}")
        self._rate = rate
        self._burst = float(burst)
        self._clock = clock
        self._sleep = sleep
        self._tokens = float(burst)
        self._filled_at = clock.monotonic()
        self._first: deque[object] = deque()
        self._others: deque[object] = deque()

    async def acquire(self, *, priority: bool = False) -> None:
        """Wait until one request may leave; those with priority go first, within a class the first come."""
        if self._rate == 0:
            return
        ticket = object()
        queue = self._first if priority else self._others
        queue.append(ticket)
        try:
            while not self._take(ticket):
                await self._sleep(self._wait(ticket))
        finally:
            queue.remove(ticket)

    def _take(self, ticket: object) -> bool:
        now = self._clock.monotonic()
        self._tokens = min(self._burst, self._tokens + (now - self._filled_at) * self._rate)
        self._filled_at = now
        # Sums of many small shares miss the whole by a hair; without the allowance the last wait would be a tiny one more.
        if self._place(ticket) > 0 or self._tokens < 1.0 - 1e-9:
            return False
        self._tokens -= 1.0
        return True

    def _place(self, ticket: object) -> int:
        if ticket in self._first:
            return self._first.index(ticket)
        return len(self._first) + self._others.index(ticket)

    def _wait(self, ticket: object) -> float:
        missing = 1.0 + self._place(ticket) - self._tokens
        # A place can be given up by cancellation, so nobody sleeps longer than for his own token, nor spins.
        return max(0.001, min(missing, 1.0) / self._rate)


class RestClient:
    """The REST side of one venue backend; `random` answers with a number in [0, 1)."""

    def __init__(
        self,
        base_url: str,
        token: BearerToken,
        *,
        clock: Clock,
        budget: RequestBudget,
        random: Callable[[], float],
        venue: str,
        loads: Loads,
        http_timeout: float = 10.0,
        backoff: Backoff | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        retry_seconds_max: float = RETRY_SECONDS_MAX,
        reply_seconds_max: float = REPLY_SECONDS_MAX,
        verify: ssl.SSLContext | bool = True,
    ) -> None:
        """Open no connection yet; `aclose` closes those that requests opened."""
        self._base_url = base_url.rstrip("/")
        self._token = token
        self._clock = clock
        self._budget = budget
        self._random = random
        self._venue = venue
        self._loads = loads
        self._backoff = backoff or Backoff(first=0.25, maximum=8.0)
        self._sleep = sleep
        self._retry_seconds_max = retry_seconds_max
        self._reply_seconds_max = reply_seconds_max
        self._numbers = itertools.count(1)
        self._client = open_client(self._base_url, httpx.Timeout(http_timeout), verify)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def get(self, path: str, params: Params | None = None, retry: bool = True, bound: Bound = ONE) -> Reply:
        """Return the 2xx reply to a read, repeated by the retry table unless `retry` is false.

        Raise VenueRefusedError (refused for good), RetryableError (away or busy beyond the budget of time),
        ContractBreachError (a body that is compressed or over `bound`), SettingsError (no token to be had).
        """
        call = self._call("GET", path, params, bound)
        give_up_at = self._clock.monotonic() + self._retry_seconds_max
        backoff = self._backoff
        while True:
            failure = await self._read_once(call)
            if isinstance(failure, Reply):
                return failure
            delay, backoff = backoff.next(jitter=self._random())
            delay = max(delay, failure.retry_after or 0.0)
            if not retry or self._clock.monotonic() + delay > give_up_at:
                raise failure
            log.info("%s: again in %.2f s: %s", call.where, delay, failure)
            await self._sleep(delay)

    async def post(self, path: str) -> Reply:
        """Return the 2xx reply to a command without a body (A-15), sent once, ahead of waiting reads.

        Raise VenueRefusedError (a definite no), OutcomeUnknownError (sent, and the outcome is open), RetryableError
        (not done: never sent, or status 429), SettingsError (no token to be had).
        """
        call = self._call("POST", path, None, ONE)
        try:
            reply = await self._authorised(call, priority=True)
        except _UnansweredError as unanswered:
            if unanswered.nothing_sent:
                raise RetryableError(f"{call.where}: not sent: {unanswered}") from None
            raise OutcomeUnknownError(f"{call.where}: sent, no answer: {unanswered}") from None
        except ContractBreachError as error:
            raise OutcomeUnknownError(f"{call.where}: sent, unusable answer: {error}") from error
        if 200 <= reply.status < 300:
            return reply
        if reply.status == 429:
            raise self._busy(call, reply)
        if reply.status >= 500 or reply.status in _TRY_AGAIN:
            raise OutcomeUnknownError(f"{call.where}: {_refusal_text(reply)}", reply=reply)
        raise self._refused(call, reply)

    async def pages(self, path: str, params: Params | None = None, page_size: int = 100, pages_max: int = PAGES_MAX) -> AsyncIterator[Page]:
        """Yield the pages of a list, from the first to the last non-empty one.

        `pagination` is followed where the venue sends it; without it (A-16) the list ends with a page that is empty, not
        full, or the same as the one before. Rows may shift between pages: the caller deduplicates (section 3.4).
        Raise as `get`, and UnreadableReplyError when a page is no list envelope or there are more than `pages_max`.
        """
        before: Page | None = None
        for number in range(1, pages_max + 1):
            reply = await self.get(path, {**(params or {}), "page": number, "page_size": page_size}, bound=PAGE)
            page = Page(number=number, items=_items(reply), reply=reply)
            total = _pages_total(reply)
            if not page.items or (total is None and before is not None and page.items == before.items):
                return
            yield page
            if number >= total if total is not None else len(page.items) < page_size:
                return
            before = page
        raise ContractBreachError(f"venue {self._venue}: GET {path} has more than {pages_max} pages")

    # --- one request ---------------------------------------------------------------------------------------------

    def _call(self, method: str, path: str, params: Params | None, bound: Bound) -> _Call:
        request = self._client.build_request(
            method, self._base_url + path, params=dict(params) if params else None, headers={"Accept": "application/json"}
        )
        return _Call(request=request, where=f"venue {self._venue}, request {next(self._numbers)}, {method} {path}", bound=bound)

    async def _read_once(self, call: _Call) -> Reply | RetryableError:
        """Return the reply, or the failure that a later attempt may mend; raise what none can."""
        try:
            reply = await self._authorised(call, priority=False)
        except _UnansweredError as unanswered:
            return RetryableError(f"{call.where}: {unanswered}")
        except RetryableError as error:  # no token now
            return error
        if 200 <= reply.status < 300:
            return reply
        if reply.status in _TRY_AGAIN or reply.status >= 500:
            return self._busy(call, reply)
        raise self._refused(call, reply)

    async def _authorised(self, call: _Call, *, priority: bool) -> Reply:
        """Send with the token of the venue; after a 401 renew it and send once more."""
        token = await self._token.current()
        await self._budget.acquire(priority=priority)
        reply = await self._send(call, token)
        if reply.status != 401:
            return reply
        log.info("%s: status 401, renewing the token", call.where)
        token = await self._token.renew_after_401(token)
        await self._budget.acquire(priority=priority)
        return await self._send(call, token)

    async def _send(self, call: _Call, token: str) -> Reply:
        """Send once and read the whole answer; raise _UnansweredError when none came."""
        call.request.headers["Authorization"] = f"Bearer {token}"
        unanswered: _UnansweredError
        try:
            async with asyncio.timeout(self._reply_seconds_max):
                response = await self._client.send(call.request, stream=True)
                try:
                    body = await read_bounded(response, call.bound.bytes)
                finally:
                    await response.aclose()
                if has_more_values(body, call.bound.values):
                    raise ContractBreachError(f"body of more than {call.bound.values} values")
                return self._reply(response, body)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            # The transport's error carries the request and so the token: it is described, not chained.
            unanswered = _UnansweredError(without_detail(error), nothing_sent=isinstance(error, _NOTHING_SENT))
        except TimeoutError:
            unanswered = _UnansweredError(f"no whole answer within {self._reply_seconds_max:g} s", nothing_sent=False)
        finally:
            call.request.headers.pop("Authorization", None)
        raise unanswered

    def _reply(self, response: httpx.Response, body: bytes) -> Reply:
        received_at = self._clock.now()
        headers = {name.lower(): value for name, value in response.headers.items()}
        document, unreadable = self._read(body)
        pause = retry_after(headers, now=received_at)
        return Reply(
            status=response.status_code,
            body=body,
            headers=headers,
            received_at=received_at,
            venue_time=http_date(headers.get("date")),
            retry_after=None if pause is None else min(pause, RETRY_AFTER_MAX),
            request_id=_text_at(document, "meta", "request_id"),
            document=document,
            unreadable=unreadable,
        )

    def _read(self, body: bytes) -> tuple[Any, str | None]:
        if not body.strip():
            return None, "empty body"
        try:
            return self._loads(body), None
        except PoisonRecordError as error:
            return None, error.reason

    # --- what a status amounts to --------------------------------------------------------------------------------

    def _busy(self, call: _Call, reply: Reply) -> RetryableError:
        return RetryableError(f"{call.where}: {_refusal_text(reply)}", retry_after=reply.retry_after)

    def _refused(self, call: _Call, reply: Reply) -> VenueRefusedError:
        if 300 <= reply.status < 400:
            return VenueRefusedError(reply.status, None, "redirects are not followed; look at base_url", where=call.where, reply=reply)
        message = _text_at(reply.document, "error", "message") or ""
        return VenueRefusedError(reply.status, _text_at(reply.document, "error", "code"), message[:500], where=call.where, reply=reply)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Call:
    """One request in all its attempts."""

    request: httpx.Request = field(repr=False)
    where: str
    bound: Bound


class _UnansweredError(Exception):
    """No answer came; `nothing_sent` when not even the connection stood."""

    def __init__(self, reason: str, *, nothing_sent: bool) -> None:
        super().__init__(reason)
        self.nothing_sent = nothing_sent


def _refusal_text(reply: Reply) -> str:
    code = _text_at(reply.document, "error", "code")
    return f"status {reply.status}" + (f" {code}" if code else "") + (f" ({reply.request_id})" if reply.request_id else "")


def _text_at(document: Any, *path: str) -> str | None:
    """Return the text at a path of object keys, None when there is none."""
    for key in path:
        document = document.get(key) if isinstance(document, dict) else None
    return document if isinstance(document, str) else None


def _items(reply: Reply) -> tuple[Any, ...]:
    if reply.unreadable is not None:
        raise UnreadableReplyError(f"a page of a list is unreadable: {reply.unreadable}", reply=reply)
    items = reply.document.get("data") if isinstance(reply.document, dict) else None
    if not isinstance(items, list):
        raise UnreadableReplyError("a page of a list has no array in `data`", reply=reply)
    return tuple(items)


def _pages_total(reply: Reply) -> int | None:
    pagination = reply.document.get("pagination")
    total = pagination.get("total_pages") if isinstance(pagination, dict) else None
    return total if isinstance(total, int) and not isinstance(total, bool) else None
