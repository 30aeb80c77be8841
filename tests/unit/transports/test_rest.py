"""The REST client over real sockets: retry table, 401, Retry-After, paging, limits, and the request cap."""

from __future__ import annotations

import asyncio
import json
import logging
import time
import tracemalloc
from typing import Any

import pytest

from connectors.transports.bearer_token import BearerToken, TokenGrant
from connectors.transports.rest import (
    ONE,
    PAGE,
    Bound,
    OutcomeUnknownError,
    Reply,
    RestClient,
    TokenBucket,
    UnreadableReplyError,
    VenueRefusedError,
)
from pipeline.errors import ContractBreachError, PoisonRecordError, RetryableError
from tests.unit.transports.scripted import Asked, HandClock, ScriptedServer, Writer, reply


class Numbered:
    """Grants c4nary-1, c4nary-2, …"""

    def __init__(self) -> None:
        self.fetched = 0

    async def fetch(self) -> TokenGrant:
        """Grant the next token."""
        self.fetched += 1
        return TokenGrant(f"c4nary-{self.fetched}", 3600.0)


class CountedBudget:
    """Lets everything pass and remembers with which priority."""

    def __init__(self) -> None:
        self.priorities: list[bool] = []

    async def acquire(self, *, priority: bool = False) -> None:
        """Let it pass."""
        self.priorities.append(priority)


def loads(raw: bytes) -> Any:
    """Read JSON."""
    try:
        return json.loads(raw)
    except ValueError as error:
        raise PoisonRecordError(f"not JSON: {error}") from error


@pytest.fixture
def source() -> Numbered:
    """A token source that counts."""
    return Numbered()


@pytest.fixture
def budget() -> CountedBudget:
    """A budget that counts."""
    return CountedBudget()


@pytest.fixture
async def rest(server: ScriptedServer, clock: HandClock, source: Numbered, budget: CountedBudget) -> RestClient:
    """A client of the scripted server whose pauses only move the clock."""
    return client_of(server, clock, source, budget)


def client_of(server: ScriptedServer, clock: HandClock, source: Numbered, budget: CountedBudget, **options: Any) -> RestClient:
    """Return a client of the scripted server."""
    token = BearerToken(source, clock=clock, random=lambda: 0.0)
    settled: dict[str, Any] = {"random": lambda: 0.0, "venue": "tokyo", "loads": loads, "sleep": clock.sleep, "http_timeout": 5.0} | options
    return RestClient(server.url + "/", token, clock=clock, budget=budget, **settled)


OK = reply(200, b'{"data":{"a":1},"meta":{"request_id":"req_1"}}', "Date: Sat, 15 Mar 2025 09:00:00 GMT")


async def test_a_reply_carries_what_came(server: ScriptedServer, rest: RestClient, clock: HandClock, budget: CountedBudget) -> None:
    """Status, bytes, parsed body, request id and both times are in the reply; the request is as the contract asks."""
    server.will(OK)
    got = await rest.get("/api/v1/orders", {"status": "PENDING,QUOTED", "page": 1})
    assert (got.status, got.document["data"], got.request_id, got.received_at) == (200, {"a": 1}, "req_1", clock.now())
    assert got.body == b'{"data":{"a":1},"meta":{"request_id":"req_1"}}'
    assert got.venue_time is not None
    assert got.venue_time.isoformat() == "2025-03-15T09:00:00+00:00"
    (asked,) = server.asked
    assert asked.line == "GET /api/v1/orders?status=PENDING%2CQUOTED&page=1 HTTP/1.1"
    assert (asked.headers["authorization"], asked.headers["accept-encoding"]) == ("Bearer c4nary-1", "identity")
    assert budget.priorities == [False]


async def test_a_401_renews_the_token_once_and_repeats(server: ScriptedServer, rest: RestClient, source: Numbered) -> None:
    """After a 401 the request is repeated with a new token."""
    server.will(reply(401), OK)
    assert (await rest.get("/x")).status == 200
    assert [asked.headers["authorization"] for asked in server.asked] == ["Bearer c4nary-1", "Bearer c4nary-2"]
    assert source.fetched == 2


@pytest.mark.parametrize("method", ["get", "post"])
async def test_a_second_401_is_final(server: ScriptedServer, rest: RestClient, source: Numbered, method: str) -> None:
    """A token refused after renewal is a refusal, for reads and for commands."""
    server.will(reply(401, b'{"error":{"code":"UNAUTHORIZED","message":"no"}}'))
    with pytest.raises(VenueRefusedError, match="401 UNAUTHORIZED"):
        await (rest.get("/x") if method == "get" else rest.post("/x"))
    assert (len(server.asked), source.fetched) == (2, 2)


@pytest.mark.parametrize("status", [400, 403, 404, 405, 409, 422])
@pytest.mark.parametrize("method", ["get", "post"])
async def test_refusals_are_never_repeated(server: ScriptedServer, rest: RestClient, method: str, status: int) -> None:
    """A definite no is raised after one request, with status, code, message and the reply."""
    server.will(reply(status, b'{"error":{"code":"CONFLICT","message":"expired","details":[]},"meta":{"request_id":"req_2"}}'))
    with pytest.raises(VenueRefusedError) as raised:
        await (rest.get("/x") if method == "get" else rest.post("/x"))
    assert (raised.value.status, raised.value.code, raised.value.message) == (status, "CONFLICT", "expired")
    assert raised.value.reply is not None
    assert raised.value.reply.request_id == "req_2"
    assert len(server.asked) == 1


@pytest.mark.parametrize("body", [b"", b"<html>", b"null", b"[]", b'"x"', b'{"error":null}', b'{"error":"x"}', b'{"error":{"code":7}}'])
async def test_error_bodies_may_be_anything(server: ScriptedServer, rest: RestClient, body: bytes) -> None:
    """A refusal is understood by its status whatever its body is."""
    server.will(reply(404, body))
    with pytest.raises(VenueRefusedError) as raised:
        await rest.get("/x")
    assert (raised.value.status, raised.value.code, raised.value.message) == (404, None, "")


async def test_a_redirect_is_not_followed(server: ScriptedServer, rest: RestClient) -> None:
    """A redirect is a refusal that points at the address of the settings."""
    server.will(reply(302, b"", f"Location: {server.url}/elsewhere"), OK)
    with pytest.raises(VenueRefusedError, match="look at base_url"):
        await rest.get("/x")
    assert len(server.asked) == 1


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504, 599])
async def test_a_read_is_repeated_after_trouble(server: ScriptedServer, rest: RestClient, clock: HandClock, status: int) -> None:
    """Two troubled answers with bodies that are no JSON are survived with growing pauses."""
    server.will(reply(status, b"<html>bad gateway</html>"), reply(status, b"\xff\xfe"), OK)
    started = clock.seconds
    assert (await rest.get("/x")).status == 200
    assert clock.seconds - started == 0.25 + 0.5


async def test_broken_connections_are_survived(server: ScriptedServer, rest: RestClient) -> None:
    """Silence, nonsense and a body cut short are repeated like a 5xx."""
    server.will(b"", b"nonsense\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{", OK)
    assert (await rest.get("/x")).status == 200
    assert len(server.asked) == 4


async def test_a_read_is_not_repeated_when_told_so(server: ScriptedServer, rest: RestClient) -> None:
    """With retry=False the first trouble is raised."""
    server.will(reply(503))
    with pytest.raises(RetryableError, match="status 503"):
        await rest.get("/x", retry=False)
    assert len(server.asked) == 1


async def test_repeating_ends_within_its_budget(server: ScriptedServer, rest: RestClient, clock: HandClock) -> None:
    """A venue that stays in trouble is a RetryableError after at most thirty seconds."""
    server.will(reply(502, b'{"error":{"code":"CANTON_ERROR","message":"x"}}'))
    started = clock.seconds
    with pytest.raises(RetryableError, match="502 CANTON_ERROR"):
        await rest.get("/x")
    assert 15 < clock.seconds - started <= 30
    assert 5 < len(server.asked) < 12


@pytest.mark.parametrize(
    ("headers", "waited"),
    [
        (["Retry-After: 3"], 3.0),
        (["Retry-After: Sat, 15 Mar 2025 10:00:09 GMT", "Date: Sat, 15 Mar 2025 10:00:00 GMT"], 9.0),
        (["Retry-After: Sat, 15 Mar 2025 09:16:50 GMT"], 10.0),
        (["Retry-After: Sat, 15 Mar 2020 09:00:00 GMT"], 0.25),
        (["Retry-After: soon"], 0.25),
        (["Retry-After: -5"], 0.25),
    ],
)
async def test_429_waits_as_asked(server: ScriptedServer, rest: RestClient, clock: HandClock, headers: list[str], waited: float) -> None:
    """Retry-After counts in seconds and as a date, by the server's clock where it tells it; nonsense is ignored."""
    server.will(reply(429, b"", *headers), OK)
    started = clock.seconds
    assert (await rest.get("/x")).status == 200
    assert clock.seconds - started == waited


async def test_429_beyond_the_budget_is_left_to_the_caller(server: ScriptedServer, rest: RestClient, clock: HandClock) -> None:
    """A wish to wait an hour is not waited for here; it is handed on, cut to five minutes."""
    server.will(reply(429, b"", "Retry-After: 3600"), OK)
    started = clock.seconds
    with pytest.raises(RetryableError) as raised:
        await rest.get("/x")
    assert (raised.value.retry_after, clock.seconds) == (300.0, started)


async def test_a_command_goes_first_and_without_body(server: ScriptedServer, rest: RestClient, budget: CountedBudget) -> None:
    """A POST has no body and no media type and takes the budget with priority."""
    server.will(reply(204))
    assert (await rest.post("/api/v1/orders/1/accept")).document is None
    (asked,) = server.asked
    assert (asked.line, asked.body, "content-type" in asked.headers) == ("POST /api/v1/orders/1/accept HTTP/1.1", b"", False)
    assert budget.priorities == [True]


@pytest.mark.parametrize(
    "answer",
    [reply(500), reply(502, b"<html>"), reply(503), reply(408), b"", b"nonsense\r\n\r\n", reply(200, b"x", "Content-Encoding: gzip")],
)
async def test_a_command_with_an_open_outcome_is_not_repeated(server: ScriptedServer, rest: RestClient, answer: bytes) -> None:
    """After anything but a clear answer the outcome is unknown, and nothing is sent again."""
    server.will(answer)
    with pytest.raises(OutcomeUnknownError):
        await rest.post("/x")
    assert len(server.asked) == 1


async def test_a_command_that_times_out_has_an_open_outcome(
    server: ScriptedServer, clock: HandClock, source: Numbered, budget: CountedBudget
) -> None:
    """A venue that takes the command and stays silent leaves the outcome open."""
    server.will(silence)
    rest = client_of(server, clock, source, budget, http_timeout=0.1)
    with pytest.raises(OutcomeUnknownError, match="ReadTimeout"):
        await rest.post("/x")


async def test_a_command_that_never_left_may_be_tried_again(server: ScriptedServer, rest: RestClient) -> None:
    """Without a connection nothing was done, and the error says so."""
    await server.stop()
    with pytest.raises(RetryableError, match="not sent"):
        await rest.post("/x")


async def test_a_command_answered_429_was_not_done(server: ScriptedServer, rest: RestClient) -> None:
    """A 429 is a clear no for now: retryable, with the pause, and not repeated here."""
    server.will(reply(429, b"", "Retry-After: 2"))
    with pytest.raises(RetryableError) as raised:
        await rest.post("/x")
    assert (raised.value.retry_after, len(server.asked)) == (2.0, 1)


async def test_a_read_that_drips_for_ever_is_given_up(
    server: ScriptedServer, clock: HandClock, source: Numbered, budget: CountedBudget
) -> None:
    """A body that comes byte by byte ends at the limit for the whole reply."""

    async def drip(asked: Asked, writer: Writer) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        while not writer.is_closing():
            writer.write(b" ")
            await writer.drain()
            await asyncio.sleep(0.02)

    server.will(drip)
    rest = client_of(server, clock, source, budget, reply_seconds_max=0.2)
    with pytest.raises(RetryableError, match=r"no whole answer within 0\.2 s"):
        await rest.get("/x", retry=False)


async def silence(asked: Asked, writer: Writer) -> None:
    """Never answer."""
    await asyncio.wait_for(writer.wait_closed(), 30)


async def test_a_body_over_the_limit_is_refused(server: ScriptedServer, clock: HandClock, source: Numbered, budget: CountedBudget) -> None:
    """More bytes than permitted are a breach of contract, whatever the header says about the length."""
    server.will(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + b"x" * 2000)
    rest = client_of(server, clock, source, budget)
    with pytest.raises(ContractBreachError, match="more than 1999 bytes"):
        await rest.get("/x", bound=Bound(bytes=1999, values=100))


HARMLESS = json.dumps({"data": [{"remark": ',[{"' * 2000 + "\\" * 50 + '"'} for _ in range(300)]}).encode()
"""Brackets and commas inside texts are no values."""


async def test_brackets_inside_texts_are_no_values(server: ScriptedServer, rest: RestClient) -> None:
    """A client's remark of two thousand brackets makes no order unreadable."""
    assert HARMLESS.count(b"[{") > 500_000
    server.will(reply(200, HARMLESS))
    assert len((await rest.get("/x", bound=PAGE)).document["data"]) == 300


@pytest.mark.parametrize("element", [b"{}", b"[]", b"0", b'""', b'{"a":{}}', b"[[]]", b'{"a":0,"b":0}'])
@pytest.mark.parametrize("bound", [ONE, PAGE], ids=["one", "page"])
async def test_values_are_counted_before_one_is_built(server: ScriptedServer, rest: RestClient, element: bytes, bound: Bound) -> None:
    """A reply of the greatest size made of the smallest values costs its bytes, not thirty times them."""
    count = (bound.bytes - 100) // (len(element) + 1)
    server.will(reply(200, b'{"meta":{},"data":[' + b",".join([element] * count) + b"]}"))
    tracemalloc.start()
    try:
        with pytest.raises(ContractBreachError, match=f"more than {bound.values} values"):
            await rest.get("/x", bound=bound)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 12 * bound.bytes, f"{peak / 2**20:.0f} MiB"


@pytest.mark.parametrize("text", [b'"\\', b'"\\"', b"\\"], ids=["never ends", "escaped marks", "backslashes"])
async def test_texts_that_never_end_are_walked_once(server: ScriptedServer, rest: RestClient, text: bytes) -> None:
    """Counting takes time by the size of the reply, not by its square."""
    server.will(reply(200, b'{"data":[' + b"," * 200_000 + text * 1_000_000))
    before = time.process_time()
    with pytest.raises(ContractBreachError, match="values"):
        await rest.get("/x", bound=PAGE)
    assert time.process_time() - before < 10


async def test_a_full_page_fits(server: ScriptedServer, rest: RestClient) -> None:
    """A hundred orders of four times the members that the contract knows are read."""
    order = {f"member_{number}": "x" * 40 for number in range(200)}
    server.will(reply(200, json.dumps({"data": [order] * 100}).encode()))
    assert (await rest.get("/x", bound=PAGE)).unreadable is None


async def test_a_compressed_body_is_refused(server: ScriptedServer, rest: RestClient) -> None:
    """What was not asked for is not unpacked."""
    server.will(reply(200, b"\x1f\x8b", "Content-Encoding: gzip"))
    with pytest.raises(ContractBreachError, match="gzip"):
        await rest.get("/x")


async def test_an_unreadable_body_of_a_good_reply_is_kept(server: ScriptedServer, rest: RestClient) -> None:
    """A 200 whose body is no JSON is returned with its bytes and the reason."""
    server.will(reply(200, b"<html>"))
    got = await rest.get("/x")
    assert (got.document, got.body) == (None, b"<html>")
    assert got.unreadable is not None
    assert got.unreadable.startswith("not JSON")


def page(items: list[int], number: int | None = None, total: int | None = None) -> bytes:
    """Return a list envelope."""
    envelope: dict[str, Any] = {"data": items, "meta": {}}
    if number is not None:
        envelope["pagination"] = {"page": number, "page_size": 2, "total_items": 5, "total_pages": total}
    return reply(200, json.dumps(envelope).encode())


@pytest.mark.parametrize(
    ("answers", "items", "requests"),
    [
        ([page([1, 2], 1, 3), page([3, 4], 2, 3), page([5], 3, 3)], [1, 2, 3, 4, 5], 3),
        ([page([], 1, 0)], [], 1),
        ([page([1], 1, 1)], [1], 1),
        ([page([1, 2], 1, 9), page([], 2, 9)], [1, 2], 2),
        ([page([1], 1, 2), page([2], 2, 2)], [1, 2], 2),
        ([page([1])], [1], 1),
        ([page([])], [], 1),
        ([page([1, 2]), page([3])], [1, 2, 3], 2),
        ([page([1, 2]), page([3, 4]), page([])], [1, 2, 3, 4], 3),
        ([page([1, 2]), page([1, 2])], [1, 2], 2),
        ([reply(200, b'{"data":[1],"pagination":null}')], [1], 1),
    ],
)
async def test_pages_are_followed(server: ScriptedServer, rest: RestClient, answers: list[bytes], items: list[int], requests: int) -> None:
    """Lists are read to their end with and without `pagination`, also when a venue ignores the page asked for."""
    server.will(*answers)
    found = [item async for page in rest.pages("/list", {"status": "X"}, page_size=2) for item in page.items]
    assert found == items
    expected = [f"GET /list?status=X&page={number}&page_size=2 HTTP/1.1" for number in range(1, requests + 1)]
    assert [asked.line for asked in server.asked] == expected


@pytest.mark.parametrize("body", [b"<html>", b"{}", b'{"data":{}}', b'{"data":null}', b"[]", b"null"])
async def test_what_is_no_list_is_a_breach_with_its_bytes(server: ScriptedServer, rest: RestClient, body: bytes) -> None:
    """A page without an array is raised with the reply as evidence."""
    server.will(reply(200, body))
    with pytest.raises(UnreadableReplyError) as raised:
        [page async for page in rest.pages("/list")]
    assert raised.value.reply.body == body


async def test_paging_without_end_is_stopped(server: ScriptedServer, rest: RestClient) -> None:
    """A venue that always has another page is stopped at the limit."""
    server.will(page([1, 2], 1, 10**9))
    with pytest.raises(ContractBreachError, match="more than 3 pages"):
        [page async for page in rest.pages("/list", pages_max=3)]


async def test_one_number_for_all_attempts_and_no_token_anywhere(
    server: ScriptedServer, rest: RestClient, caplog: pytest.LogCaptureFixture
) -> None:
    """The log names one request over its attempts, and neither log nor error shows a token."""
    caplog.set_level(logging.DEBUG)
    server.will(reply(401), reply(502), reply(404))
    with pytest.raises(VenueRefusedError) as raised:
        await rest.get("/x")
    ours = [record.getMessage() for record in caplog.records if record.name == "connectors.transports.rest"]
    assert len(ours) == 2
    assert all(line.startswith("venue tokyo, request 1, GET /x: ") for line in [*ours, str(raised.value)])
    assert "c4nary" not in caplog.text + repr(raised.value.__dict__) + repr(rest)


async def test_a_transport_error_is_not_chained(server: ScriptedServer, rest: RestClient) -> None:
    """The transport's own error, which holds the request with its token, is not reachable from ours."""
    server.will(b"")
    with pytest.raises(OutcomeUnknownError) as raised:
        await rest.post("/x")
    error: BaseException | None = raised.value
    while error is not None:
        assert not hasattr(error, "request")
        error = error.__cause__ or error.__context__


async def test_bucket_lets_a_burst_pass_and_then_the_rate(clock: HandClock) -> None:
    """Ten requests leave at once, the next ten take two seconds at five per second."""
    bucket = TokenBucket(5, 10, clock, clock.sleep)
    started = clock.seconds
    for _ in range(10):
        await bucket.acquire()
    assert clock.seconds == started
    for _ in range(10):
        await bucket.acquire()
    assert clock.seconds - started == pytest.approx(2.0, abs=0.02)


async def test_bucket_lets_priority_go_first(clock: HandClock) -> None:
    """A command that comes while reads wait is the next to leave; reads keep their order."""

    async def turn(_: float) -> None:
        await asyncio.sleep(0)

    bucket = TokenBucket(1, 1, clock, turn)
    await bucket.acquire()
    order: list[str] = []

    async def leave(name: str, priority: bool) -> None:
        await bucket.acquire(priority=priority)
        order.append(name)

    reads = [asyncio.create_task(leave(f"read {number}", False)) for number in range(3)]
    await asyncio.sleep(0)
    tasks = [*reads, asyncio.create_task(leave("command", True))]
    for _ in range(100):
        await asyncio.sleep(0)
        clock.seconds += 0.1
    await asyncio.gather(*tasks)
    assert order == ["command", "read 0", "read 1", "read 2"]


async def test_bucket_forgets_who_gave_up(clock: HandClock) -> None:
    """A cancelled waiter does not hold the queue."""
    bucket = TokenBucket(1, 1, clock, clock.sleep)
    await bucket.acquire()
    waiting = asyncio.create_task(bucket.acquire(priority=True))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.wait([waiting])
    started = clock.seconds
    await bucket.acquire()
    assert clock.seconds - started <= 1.01


async def test_bucket_of_rate_zero_never_waits(clock: HandClock) -> None:
    """Rate 0 means no limit."""
    bucket = TokenBucket(0, 1, clock, clock.sleep)
    started = clock.seconds
    for _ in range(1000):
        await bucket.acquire()
    assert clock.seconds == started


def test_a_reply_does_not_show_its_body(clock: HandClock) -> None:
    """Bodies hold personal facts; the representation leaves them out."""
    assert "c4nary" not in repr(
        Reply(status=200, body=b"c4nary", headers={"set-cookie": "c4nary"}, received_at=clock.now(), document="c4nary")
    )
