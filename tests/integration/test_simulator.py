"""The venue simulator over real sockets: endpoints, envelopes, stream, faults, control, and as a program."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from connectors.simulators.musubi.faults import FAULTS, parse_faults
from connectors.simulators.musubi.market import OUR_CUSTODIAN
from connectors.simulators.musubi.poison import KINDS
from connectors.simulators.musubi.settings import Settings
from connectors.simulators.musubi.simulator import Simulator, running_simulator
from connectors.simulators.musubi.switches import Switches
from connectors.simulators.musubi.truth import read_truth, settlement
from connectors.simulators.musubi.world import Rules
from pipeline.errors import ServiceAwayError
from tests.waiting import eventually, eventually_async

SECRET = "canary-of-the-simulator"
QUIET = Settings(client_secret=SECRET, rules=Rules(rate=0, speed=100))
BUSY = replace(QUIET, rules=Rules(seed=3, rate=200, orders=60, speed=200, console_user=1.0))
ANY_ID = "f47ac10b-58cc-4372-a567-0e02b2c3d479"


async def until(condition: Callable[[], Any], *, within: float, what: str = "") -> Any:
    """Wait for a condition, which may be a coroutine function."""
    return await eventually_async(condition, within=within, what=what)


class Client:
    """Somebody who speaks to a simulator, with a token."""

    def __init__(self, simulator: Simulator, http: httpx.AsyncClient) -> None:
        self.simulator, self.http = simulator, http

    async def renew(self) -> str:
        """Get a token and use it from now on."""
        answer = await self.http.post("/auth/token", json={"client_id": "custodian-a", "client_secret": SECRET})
        token: str = answer.json()["data"]["token"]
        self.http.headers["Authorization"] = f"Bearer {token}"
        return token

    async def get(self, path: str, **query: Any) -> httpx.Response:
        """Read a path."""
        return await self.http.get(path, params=query or None)

    async def post(self, path: str, **asked: Any) -> Any:
        """Tell the door for tests and return its answer."""
        answer = await self.http.post(f"/simulator/{path}", json=asked)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def calls(self, **wanted: Any) -> list[dict[str, Any]]:
        """Ask for accept calls, waiting for at most five seconds."""
        found: list[dict[str, Any]] = (await self.get("/simulator/calls", **{"seconds": 5, **wanted})).json()["calls"]
        return found

    async def accept(self, intent: str, quote: str | None = None) -> httpx.Response:
        """Accept a proposal, or co-sign a quote."""
        return await self.http.post(f"/api/v1/orders/{intent}" + (f"/quotes/{quote}" if quote else "") + "/accept")

    async def create(self, **fields: Any) -> str:
        """Create an order by the control endpoint and return its intent."""
        answer = await self.http.post("/simulator/orders", json={"orders": [fields]})
        intent: str = answer.json()["intents"][0]
        return intent

    async def control(self, **asked: Any) -> None:
        """Change faults and switches."""
        answer = await self.http.post("/simulator/faults", json=asked)
        assert answer.status_code == 200, answer.text

    async def finished(self) -> None:
        """Wait until every order has ended and no frame is held back."""

        async def done() -> bool:
            return bool((await self.get("/simulator/state")).json()["finished"])

        await until(done, within=30)

    async def all_orders(self, **query: Any) -> list[dict[str, Any]]:
        """Read all pages of a list."""
        rows: list[dict[str, Any]] = []
        while True:
            page = (await self.get("/api/v1/orders", page=len(rows) // 100 + 1, page_size=100, **query)).json()
            rows += page["data"]
            if page["pagination"]["total_items"] <= len(rows):
                return rows


@asynccontextmanager
async def at(settings: Settings = QUIET) -> AsyncIterator[Client]:
    """Run a simulator and give a client with a token."""
    async with Simulator(settings) as simulator, httpx.AsyncClient(base_url=simulator.base_url, timeout=10) as http:
        client = Client(simulator, http)
        await client.renew()
        yield client


class Stream:
    """One open stream and the bytes that came over it; `ended` tells how it ended."""

    def __init__(self, client: Client, **query: str) -> None:
        self.raw = b""
        self.ended: str | None = None
        self.status: int | None = None
        self._client, self._query = client, query
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Stream:
        self._task = asyncio.create_task(self._read())
        await until(lambda: self.status, within=5, what="the stream answers")
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _read(self) -> None:
        limits = httpx.Timeout(10, read=None)
        try:
            async with self._client.http.stream("GET", "/api/v1/orders/events", params=self._query, timeout=limits) as answer:
                self.status = answer.status_code
                assert answer.headers["content-type"].startswith("text/event-stream"), await answer.aread()
                async for chunk in answer.aiter_raw():
                    self.raw += chunk
                self.ended = "clean"
        except httpx.RemoteProtocolError:
            self.ended = "broken"

    def frames(self, event: str = "order_updated") -> list[bytes]:
        """Return the data lines of the frames of one event that came whole."""
        head = f"event: {event}\ndata: ".encode()
        whole = self.raw[: self.raw.rfind(b"\n\n") + 2] if b"\n\n" in self.raw else b""
        return [part.removeprefix(head) for part in whole.split(b"\n\n") if part.startswith(head)]

    def seen(self, intent: str) -> list[str]:
        """Return the statuses that came for an intent."""
        documents = [json.loads(raw) for raw in self.frames() if intent.encode() in raw]
        return [document["status"] for document in documents]

    async def until(self, count: int, event: str = "order_updated") -> list[bytes]:
        """Wait for so many frames."""
        await until(lambda: len(self.frames(event)) >= count, within=15, what=f"{count} frames {event}")
        return self.frames(event)


def assert_error(answer: httpx.Response, status: int, code: str) -> None:
    """Check an error envelope."""
    document = answer.json()
    assert (answer.status_code, document["error"]["code"]) == (status, code)
    assert set(document) == {"error", "meta"}
    assert document["meta"]["request_id"].startswith("req_")


# -- identity -----------------------------------------------------------------------------------------------------


def _claims(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    head, body, _ = token.split(".")
    first, second = (json.loads(base64.urlsafe_b64decode(part + "==")) for part in (head, body))
    return first, second


@pytest.mark.parametrize("manner", ["json", "form", "basic"])
async def test_a_token_is_given_for_the_right_secret_however_it_comes(manner: str) -> None:
    """JSON, form and Basic work; the token is HS256 with the claims of section 2.3; a wrong secret is 401."""
    async with at(replace(QUIET, token_lifetime=90)) as client:
        for secret, status in ((SECRET, 200), ("wrong", 401)):
            fields = {"client_id": "custodian-a", "client_secret": secret}
            manners: dict[str, dict[str, Any]] = {
                "json": {"json": fields},
                "form": {"data": fields},
                "basic": {"auth": ("custodian-a", secret)},
            }
            async with httpx.AsyncClient(base_url=client.simulator.base_url) as stranger:
                answer = await stranger.post("/auth/token", **manners[manner])
            assert answer.status_code == status
            if status == 401:
                assert_error(answer, 401, "UNAUTHORIZED")
                continue
            given = answer.json()["data"]
            head, claims = _claims(given["token"])
            assert head == {"alg": "HS256", "typ": "JWT"}
            assert (given["expires_in"], given["role"], given["canton_party_id"]) == (90, "custodian", OUR_CUSTODIAN)
            assert (claims["sub"], claims["canton_party_id"]) == (OUR_CUSTODIAN, OUR_CUSTODIAN)
            assert (claims["role"], claims["iss"], claims["aud"]) == ("custodian", "musubi", "musubi-api")
            now = datetime.fromisoformat(answer.json()["meta"]["timestamp"]).timestamp()
            assert claims["exp"] - 91 <= now <= claims["exp"] - 89


async def test_every_path_but_health_and_token_needs_a_token() -> None:
    """Without one, with a wrong one and with an expired one the answer is 401, in an envelope."""
    async with at(replace(QUIET, token_lifetime=1)) as client:
        first = client.http.headers.pop("Authorization")
        for path in ("/api/v1/whoami", "/api/v1/orders", "/api/v1/orders/events", f"/api/v1/orders/{ANY_ID}", "/api/v1/dashboard/stats"):
            assert_error(await client.get(path), 401, "UNAUTHORIZED")
        assert (await client.get("/health")).json()["data"] == {"status": "ok"}
        client.http.headers["Authorization"] = first

        async def expired() -> bool:
            return (await client.get("/api/v1/whoami")).status_code == 401

        await until(expired, within=5)
        await client.control(switches={"A-31": "open"})
        assert (await client.get("/api/v1/whoami")).status_code == 200
        assert (await client.get("/api/v1/orders")).status_code == 401


async def test_whoami_states_the_schema_version_that_is_set() -> None:
    """v2 by default, another or none when told so while it runs."""
    async with at() as client:
        answer = await client.get("/api/v1/whoami")
        assert answer.json()["data"] | {"operator_party_id": "", "participant_id": ""} == {
            "party_id": OUR_CUSTODIAN,
            "operator_party_id": "",
            "role": "custodian",
            "participant_id": "",
            "schema_version": "v2",
        }
        assert "date" in answer.headers
        await client.control(schema_version="v3")
        assert (await client.get("/api/v1/whoami")).json()["data"]["schema_version"] == "v3"
        await client.control(schema_version=None)
        assert "schema_version" not in (await client.get("/api/v1/whoami")).json()["data"]


# -- REST ---------------------------------------------------------------------------------------------------------


async def test_lists_show_exactly_what_the_truth_says_was_settled() -> None:
    """All pages of SETTLED orders together are the settlements of the truth, field by field."""
    async with at(BUSY) as client:
        await client.finished()
        rows = await client.all_orders(status="SETTLED", sort_by="settled_at", sort_order="desc")
        told = (await client.get("/simulator/truth", parts="settlements,ended")).json()
        assert len(rows) > 40
        by_intent = {row["intent_id"]: row for row in rows}
        assert by_intent.keys() == {row["intent_id"] for row in told["settlements"]}
        for row in told["settlements"]:
            fields = {name: value for name, value in row.items() if name != "side"}
            assert {name: by_intent[row["intent_id"]][name] for name in fields} == fields
        assert [row["settled_at"] for row in rows] == sorted((row["settled_at"] for row in rows), reverse=True)
        stats = (await client.get("/api/v1/dashboard/stats")).json()["data"]
        assert stats["orders_by_status"]["SETTLED"] == told["ended"]["SETTLED"] == len(rows)


async def test_pages_and_their_limits() -> None:
    """Twenty by default, up to 100, refused outside 1 to 100, empty past the end."""
    async with at(replace(BUSY, rules=replace(BUSY.rules, settle_directly=True, failing=0))) as client:
        await client.finished()
        first = (await client.get("/api/v1/orders")).json()
        assert len(first["data"]) == 20
        assert first["pagination"] == {"page": 1, "page_size": 20, "total_items": 60, "total_pages": 3}
        past = await client.get("/api/v1/orders", page=4)
        assert (past.status_code, past.json()["data"]) == (200, [])
        for query in ({"page_size": 101}, {"page_size": 0}, {"page": 0}, {"status": "X"}, {"sort_by": "memo"}):
            answer = await client.get("/api/v1/orders", **query)
            assert_error(answer, 400, "VALIDATION_ERROR")
            assert answer.json()["error"]["details"][0]["field"] == next(iter(query))


async def test_errors_come_in_envelopes_everywhere() -> None:
    """Unknown orders, malformed ids, unknown paths, wrong methods."""
    async with at() as client:
        assert_error(await client.get(f"/api/v1/orders/{ANY_ID}"), 404, "NOT_FOUND")
        assert_error(await client.get("/api/v1/orders/not-an-id"), 400, "VALIDATION_ERROR")
        assert_error(await client.get("/api/v1/orders/events", intent_id="x"), 400, "VALIDATION_ERROR")
        assert_error(await client.get("/whoami"), 404, "NOT_FOUND")
        assert_error(await client.http.delete("/api/v1/orders"), 405, "METHOD_NOT_ALLOWED")
        assert_error(await client.http.post(f"/api/v1/orders/{ANY_ID}/accept"), 404, "NOT_FOUND")
        await client.control(switches={"A-33": "down"})
        assert (await client.get("/health")).status_code == 503


async def test_one_order_its_quotes_and_its_compliance_snapshot() -> None:
    """A given order is shown with its exact amounts; as receiver there are no quotes; others' orders are unknown."""
    async with at() as client:
        amounts = {"target_amount": "1000000.000001", "fx_rate": "112.0123", "source_currency": "DAIx"}
        intent = await client.create(side="receiver", directly=True, **amounts)
        record = (await client.get(f"/api/v1/orders/{intent}")).json()["data"]
        assert (record["status"], record["target_amount"], record["fx_rate"]) == ("SETTLED", "1000000.000001", "112.0123")
        assert record["source_amount_actual"] == "112012300.0001120123"
        assert_error(await client.get(f"/api/v1/orders/{intent}/quotes"), 404, "NOT_FOUND")
        snapshot = (await client.get(f"/api/v1/compliance/orders/{intent}")).json()["data"]
        assert snapshot["fx_order"]["intentId"] == intent
        foreign = await client.create(side="none", directly=True)
        assert_error(await client.get(f"/api/v1/orders/{foreign}"), 404, "NOT_FOUND")
        unseen = await client.create(side="receiver")
        assert_error(await client.get(f"/api/v1/orders/{unseen}"), 404, "NOT_FOUND")


# -- accept calls -------------------------------------------------------------------------------------------------


async def test_an_order_that_needs_us_settles_after_accept_and_co_signature() -> None:
    """Accept opens quoting, the co-signature of a quote leads to SETTLED, both calls are in the truth."""
    async with at() as client:
        intent = await client.create(side="sender", quotes=2)
        accepted = await client.http.post(f"/api/v1/orders/{intent}/accept")
        assert (accepted.status_code, accepted.json()["data"]["status"]) == (200, "PENDING")
        assert_error(await client.http.post(f"/api/v1/orders/{intent}/accept"), 409, "CONFLICT")

        async def quotes() -> list[dict[str, str]]:
            rows: list[dict[str, str]] = (await client.get(f"/api/v1/orders/{intent}/quotes")).json()["data"]
            return rows

        quote = (await until(quotes, within=5))[0]
        signed = await client.http.post(f"/api/v1/orders/{intent}/quotes/{quote['quote_id']}/accept")
        assert (signed.json()["data"]["status"], signed.json()["data"]["fx_rate"]) == ("QUOTED", quote["fx_rate"])
        await client.finished()
        assert (await client.get(f"/api/v1/orders/{intent}")).json()["data"]["status"] == "SETTLED"
        calls = (await client.get("/simulator/truth", parts="accept_calls")).json()["accept_calls"]
        assert [(call["kind"], call["outcome"]) for call in calls] == [
            ("accept_proposal", "done"),
            ("accept_proposal", "conflict"),
            ("co_sign_quote", "done"),
        ]


@pytest.mark.parametrize(
    ("value", "status", "code"), [("forbidden", 403, "FORBIDDEN"), ("not_found", 404, "NOT_FOUND"), ("conflict", 409, "CONFLICT")]
)
async def test_a_receiver_custodian_may_not_accept(value: str, status: int, code: str) -> None:
    """A-17: the refusal follows the switch."""
    async with at(replace(QUIET, switches=Switches({"A-17": value, "A-28": "from_pending"}))) as client:
        intent = await client.create(side="receiver")
        assert_error(await client.http.post(f"/api/v1/orders/{intent}/accept"), status, code)


@pytest.mark.parametrize(("value", "applied"), [("applied_502", True), ("not_applied_502", False)])
async def test_an_accept_call_can_have_an_unknown_outcome(value: str, applied: bool) -> None:
    """A-24: 502 either way; whether it worked shows in what follows."""
    async with at(replace(QUIET, switches=Switches({"A-24": value}))) as client:
        intent = await client.create(side="sender")
        assert_error(await client.http.post(f"/api/v1/orders/{intent}/accept"), 502, "CANTON_ERROR")
        assert client.simulator.world.proposal_accepted(intent) == applied


async def _quoted(client: Client, *, rate: str = "112.0", **fields: Any) -> tuple[str, str]:
    """Create an order, accept its proposal and quote by hand; return intent and quote."""
    intent = await client.create(side="sender", quotes=0, **fields)
    client.simulator.world.accept_proposal(intent, client.simulator.clock.now())
    quote = await client.post("quotes", intent_id=intent, fx_rate=rate, valid_seconds=60)
    return intent, quote["quote_id"]


REFUSING = {
    "accept_conflict": ({409}, "CONFLICT"),
    "accept_too_many": ({429}, "TOO_MANY_REQUESTS"),
    "accept_not_applied_502": ({502}, "CANTON_ERROR"),
    "accept_server_error": ({500, 502, 503, 504}, None),
}


@pytest.mark.parametrize("kind", ["accept_proposal", "co_sign_quote"])
@pytest.mark.parametrize("name", REFUSING)
async def test_a_fault_can_keep_an_accept_call_from_having_an_effect(name: str, kind: str) -> None:
    """The answer is the fault's, nothing has moved, the other kind is spared, and the call after it works."""
    async with at() as client:
        intent, quote = await _quoted(client)
        fresh = await client.create(side="sender", quotes=0)
        await client.control(set={f"{name}@{kind}": "1x1"})
        target, spared = ((fresh, None), (intent, quote)) if kind == "accept_proposal" else ((intent, quote), (fresh, None))
        assert (await client.accept(*spared)).status_code == 200
        answer = await client.accept(*target)
        statuses, code = REFUSING[name]
        assert answer.status_code in statuses
        if code is not None:
            assert_error(answer, answer.status_code, code)
        assert ("Retry-After" in answer.headers) == (name == "accept_too_many")
        refused = (await client.calls())[-1]
        assert (refused["fault"], refused["applied"], refused["status"]) == (name, False, answer.status_code)
        assert client.simulator.truth.faults[name] == 1
        assert (await client.accept(*target)).status_code == 200
        assert [call["applied"] for call in await client.calls(kind=kind)] == [False, True]


@pytest.mark.parametrize("name", ["accept_applied_502", "accept_applied_cut", "accept_not_applied_cut"])
async def test_an_accept_call_can_lose_its_answer(name: str) -> None:
    """502 or a broken connection; whether it worked is in the truth and shows in what follows."""
    async with at() as client:
        intent, quote = await _quoted(client)
        await client.control(set={name: "1x1"})
        if name.endswith("cut"):
            with pytest.raises(httpx.RemoteProtocolError):
                await client.accept(intent, quote)
        else:
            assert_error(await client.accept(intent, quote), 502, "CANTON_ERROR")
        applied = "not" not in name
        (call,) = await client.calls(reached="answered")
        assert (call["applied"], call["status"]) == (applied, 0 if name.endswith("cut") else 502)
        status = (await client.get(f"/api/v1/orders/{intent}")).json()["data"]["status"]
        assert (status == "PENDING") != applied


async def test_a_slow_accept_is_applied_at_once_and_answered_later() -> None:
    """While the answer is on its way the record shows QUOTED already."""
    async with at(replace(QUIET, rules=Rules(rate=0, speed=1))) as client:
        intent, quote = await _quoted(client)
        await client.control(set={"accept_slow": "1:2"})
        begun = asyncio.get_running_loop().time()
        calling = asyncio.create_task(client.accept(intent, quote))
        (call,) = await client.calls(reached="decided")
        assert call["applied"]
        assert (await client.get(f"/api/v1/orders/{intent}")).json()["data"]["status"] in ("QUOTED", "EXECUTING")
        assert not calling.done()
        assert (await calling).status_code == 200
        assert asyncio.get_running_loop().time() - begun >= 1


async def test_an_accept_can_take_effect_after_its_caller_has_gone() -> None:
    """accept_applied_late: the caller gives up, reads PENDING, and then the order moves all the same."""
    async with at(replace(QUIET, rules=Rules(rate=0, speed=1))) as client:
        intent, quote = await _quoted(client)
        await client.control(set={"accept_applied_late": "1:1x1"})
        with pytest.raises(httpx.ReadTimeout):
            await client.http.post(f"/api/v1/orders/{intent}/quotes/{quote}/accept", timeout=0.2)
        (left,) = await client.calls(reached="left")
        assert (left["applied"], left["stage"]) == (False, "left")
        assert (await client.get(f"/api/v1/orders/{intent}")).json()["data"]["status"] == "PENDING"
        (late,) = await client.calls(reached="decided")
        assert (late["applied"], late["fault"]) == (True, "accept_applied_late")
        assert (await client.get(f"/api/v1/orders/{intent}")).json()["data"]["status"] == "QUOTED"


async def test_calls_that_are_refused_at_the_door_are_in_the_truth_too() -> None:
    """Without a good token and with a malformed id: received, nothing decided, answered."""
    async with at() as client:
        intent = await client.create(side="sender")
        assert (await client.accept("not-an-id")).status_code == 400
        client.http.headers["Authorization"] = "Bearer x"
        assert (await client.accept(intent)).status_code == 401
        seen = [(call["outcome"], call["status"], call["applied"], "decided_at" in call) for call in await client.calls()]
        assert seen == [("validation_error", 400, False, False), ("unauthorized", 401, False, False)]


# -- holding accept calls -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_call_is_held_before_or_after_it_is_applied_until_it_is_released(when: str) -> None:
    """Whoever asks is told that the call is held; the order has moved only when it is held after; released, it is answered."""
    async with at(replace(QUIET, rules=Rules(rate=0, speed=1))) as client:
        intent, quote = await _quoted(client)
        await client.post("hold", when=when, kind="co_sign_quote", intent_id=intent)
        calling = asyncio.create_task(client.accept(intent, quote))
        (call,) = await client.calls(holding="any", intent_id=intent)
        assert (call["holding"], call["applied"]) == (when, when == "after")
        status = (await client.get(f"/api/v1/orders/{intent}")).json()["data"]["status"]
        assert (status == "PENDING") == (when == "before")
        assert not calling.done()
        assert await client.post("release", call=call["call"]) == {"released": [call["call"]]}
        assert (await calling).status_code == 200
        (answered,) = await client.calls(reached="answered")
        assert (answered["holding"], answered["applied"], answered["held"]) == (None, True, when)


@pytest.mark.parametrize(("when", "applied"), [("before", False), ("after", True)])
async def test_a_held_call_can_be_cut(when: str, applied: bool) -> None:
    """The connection breaks; one held before it was applied does nothing."""
    async with at() as client:
        intent, quote = await _quoted(client)
        await client.post("hold", when=when)
        calling = asyncio.create_task(client.accept(intent, quote))
        await client.calls(holding=when)
        await client.post("release", how="cut")
        with pytest.raises(httpx.RemoteProtocolError):
            await calling
        (call,) = await client.calls(reached="answered")
        assert (call["applied"], call["status"]) == (applied, 0)


async def test_a_held_call_goes_on_although_its_caller_was_killed() -> None:
    """The caller hangs up while its call is held; released, the call takes effect: a venue does what it was asked."""
    async with at() as client:
        intent, quote = await _quoted(client)
        await client.post("hold", when="before")
        calling = asyncio.create_task(client.accept(intent, quote))
        (call,) = await client.calls(holding="before")
        calling.cancel()
        await client.calls(reached="left")
        assert not client.simulator.truth.calls[0]["applied"]
        await client.post("release", call=[call["call"]])
        (late,) = await client.calls(reached="decided")
        assert (late["outcome"], late["applied"]) == ("done", True)


async def test_holds_count_and_can_be_lifted() -> None:
    """A hold keeps so many calls, 0 keeps all until it is lifted, and waiting for a call that does not come ends."""
    async with at() as client:
        intents = [await client.create(side="sender", quotes=0) for _ in range(3)]
        hold = (await client.post("hold", when="before", times=0))["hold"]
        calling = [asyncio.create_task(client.accept(intent)) for intent in intents[:2]]
        holds = client.simulator.backend.holds
        await until(lambda: all(holds.holding(number) for number in (1, 2)), within=5)
        assert len(holds.release(None, "go_on")) == 2
        await asyncio.gather(*calling)
        assert (await client.post("hold", lift=hold)) == {"holds": []}
        assert (await client.accept(intents[2])).status_code == 200
        assert await client.calls(holding="any", seconds=0.05) == []
        assert [call["intent_id"] for call in await client.calls(after=2)] == intents[2:]


async def test_a_simulator_ends_although_a_call_is_held() -> None:
    """Nobody has to release what nobody waits for."""
    async with at() as client:
        intent = await client.create(side="sender", quotes=0)
        await client.post("hold", when="before")
        calling = asyncio.create_task(client.accept(intent))
        await client.calls(holding="before")
    await asyncio.gather(calling, return_exceptions=True)
    assert not client.simulator.truth.calls[0]["applied"]


# -- what the truth says of calls and quotes ----------------------------------------------------------------------


async def test_the_truth_tells_a_call_stage_by_stage(tmp_path: Path) -> None:
    """Received before decided before answered, to the microsecond, with the state before and the quote's terms; a next life counts on."""
    path = tmp_path / "truth.jsonl"
    async with at(replace(QUIET, truth_file=path)) as client:
        intent, quote = await _quoted(client, source_amount_max="12000000")
        await client.accept(intent, quote)
        await client.accept(intent, quote)
    lines = [line for line in read_truth(path) if line["what"] == "call"]
    assert [(line["call"], line["stage"]) for line in lines] == [
        (number, stage) for number in (1, 2) for stage in ("received", "decided", "answered")
    ]
    assert "outcome" not in lines[0]
    first, second = lines[2], lines[5]
    assert first["received_at"] <= first["decided_at"] <= first["answered_at"]
    assert len(first["received_at"]) == len("2026-04-19T09:00:00.000000Z")
    assert (first["outcome"], first["applied"], first["status"]) == ("done", True, 200)
    assert (second["outcome"], second["applied"], second["status"]) == ("conflict", False, 409)
    before = first["before"]
    assert (before["status"], before["accepted"], before["source_amount_max"]) == ("PENDING", True, "12000000")
    terms = {name: before["quote"][name] for name in ("quote_id", "fx_rate", "source_amount", "target_amount", "selected")}
    assert terms == {"quote_id": quote, "fx_rate": "112.0", "source_amount": "11200000", "target_amount": "100000", "selected": False}
    assert second["before"]["status"] != "PENDING"
    (told,) = [line for line in read_truth(path) if line["what"] == "quote"]
    assert {name: told[name] for name in ("quote_id", "fx_rate", "valid_until")} == {
        "quote_id": quote,
        "fx_rate": "112.0",
        "valid_until": before["quote"]["valid_until"],
    }
    async with at(replace(QUIET, truth_file=path)) as client:
        await client.accept(intent)
        assert [call["call"] for call in await client.calls()] == [3]


def beyond(amount: str, scale: int) -> bool:
    """Tell whether an amount has more decimals than that."""
    return len(amount.partition(".")[2]) > scale


@pytest.mark.parametrize(
    ("flaw", "amounts"),
    [
        ("quote_disagrees_source", lambda q: Decimal(q["source_amount"]) != 100000 * Decimal(q["fx_rate"])),
        ("quote_disagrees_target", lambda q: q["target_amount"] not in ("100000", q["source_amount"])),
        ("quote_breaks_guard", lambda q: Decimal(q["source_amount"]) > 12000000),
        ("quote_legacy_target", lambda q: q["target_amount"] == q["source_amount"]),
        ("quote_beyond_scale", lambda q: Decimal(q["source_amount"]) == 100000 * Decimal(q["fx_rate"]) and beyond(q["source_amount"], 4)),
    ],
)
async def test_flawed_quotes_show_in_the_list_as_they_are(flaw: str, amounts: Callable[[dict[str, str]], bool]) -> None:
    """The quotes list states the wrong amounts, the truth names the flaw and counts it."""
    async with at(replace(QUIET, faults=parse_faults([f"{flaw}=1"]))) as client:
        intent = await client.create(side="sender", quotes=2, source_amount_max="12000000")
        await client.accept(intent)

        async def quotes() -> list[dict[str, str]]:
            rows: list[dict[str, str]] = (await client.get(f"/api/v1/orders/{intent}/quotes")).json()["data"]
            return rows

        assert all(amounts(quote) for quote in await until(quotes, within=5))
        assert client.simulator.truth.faults[flaw] >= 1
        assert "flaw" not in (await quotes())[0]


async def test_a_strict_venue_takes_the_selected_quote_only_and_shows_nothing_of_it() -> None:
    """A-10=selected_only: another quote is 409; nothing in order or quotes tells which was selected, but the truth does."""
    async with at(replace(QUIET, switches=Switches({"A-10": "selected_only", "A-38": "none"}))) as client:
        intent, first = await _quoted(client)
        second = (await client.post("quotes", intent_id=intent, fx_rate="113.0", valid_seconds=60))["quote_id"]
        shown = [(await client.get(f"/api/v1/orders/{intent}{path}")).json()["data"] for path in ("", "/quotes")]
        assert_error(await client.accept(intent, first), 409, "CONFLICT")
        await client.post("select", intent_id=intent, quote_id=second)
        assert [(await client.get(f"/api/v1/orders/{intent}{path}")).json()["data"] for path in ("", "/quotes")] == shown
        assert_error(await client.accept(intent, first), 409, "CONFLICT")
        assert (await client.accept(intent, second)).status_code == 200
        assert [call["before"]["quote"]["selected"] for call in await client.calls()] == [False, False, True]


async def test_an_institution_can_cancel_until_executing() -> None:
    """While QUOTED the order ends as A-11 says; afterwards the control call says that it was too late."""
    async with at(replace(QUIET, rules=Rules(rate=0, speed=1), switches=Switches({"A-11": "cancelled"}))) as client:
        intent, quote = await _quoted(client)
        assert (await client.accept(intent, quote)).json()["data"]["status"] == "QUOTED"
        assert await client.post("cancel", intent_id=intent) == {"cancelled": True}
        assert (await client.get(f"/api/v1/orders/{intent}")).json()["data"]["status"] == "CANCELLED"
        assert await client.post("cancel", intent_id=intent) == {"cancelled": False}


# -- the venue's clock --------------------------------------------------------------------------------------------


def _date(answer: httpx.Response) -> datetime:
    return parsedate_to_datetime(answer.headers["Date"])


async def test_every_answer_has_the_venues_time() -> None:
    """Reads, refusals, unknown paths and streams carry a Date header of the venue's clock, which may be off as a whole."""
    async with at(replace(QUIET, clock_skew=3600)) as client:
        here = datetime.now(UTC)
        intent = await client.create(side="sender")
        paths = ("/health", "/api/v1/orders", f"/api/v1/orders/{ANY_ID}", "/no/such/path")
        answers = [await client.get(path) for path in paths] + [await client.accept(intent)]
        async with client.http.stream("GET", "/api/v1/orders/events") as stream:
            answers.append(stream)
        for answer in answers:
            assert timedelta(seconds=3598) < _date(answer) - here < timedelta(seconds=3620), answer.url
        created = datetime.fromisoformat((await client.get(f"/api/v1/orders/{intent}")).json()["data"]["created_at"])
        assert timedelta(seconds=3598) < created - here < timedelta(seconds=3620)
        assert (await client.calls())[0]["clock_skew"] == 3600


@pytest.mark.parametrize(("name", "sign"), [("date_ahead", 1), ("date_behind", -1)])
async def test_the_date_header_alone_can_be_wrong(name: str, sign: int) -> None:
    """The header is off by the asked seconds while the record's times are right; or it is missing."""
    async with at() as client:
        await client.control(set={name: 100})
        answer = await client.get("/api/v1/whoami")
        stated = datetime.fromisoformat(answer.json()["meta"]["timestamp"])
        assert abs((_date(answer) - stated).total_seconds() - sign * 100) <= 1
        await client.control(set={"date_absent": "1x1"})
        assert "Date" not in (await client.get("/api/v1/whoami")).headers
        assert "Date" in (await client.get("/api/v1/whoami")).headers


async def test_a_guard_breaking_co_signature_is_refused() -> None:
    """A-25: 409, or 400 when switched."""
    async with at(replace(QUIET, rules=Rules(rate=0, speed=20))) as client:
        intent = await client.create(side="sender", target_amount="10", fx_rate="112.0", source_amount_max="1119", quotes=1)
        await client.http.post(f"/api/v1/orders/{intent}/accept")
        quote = (await until(lambda: client.simulator.world.quotes(intent), within=5))[0]
        path = f"/api/v1/orders/{intent}/quotes/{quote.quote_id}/accept"
        assert_error(await client.http.post(path), 409, "CONFLICT")
        await client.control(switches={"A-25": "validation_error"})
        assert_error(await client.http.post(path), 400, "VALIDATION_ERROR")


# -- the stream ---------------------------------------------------------------------------------------------------


async def test_a_stream_carries_the_frames_byte_for_byte() -> None:
    """A settled order is one frame in the contract's form, a new stream begins with the newest frame again (A-05)."""
    async with at(replace(QUIET, switches=Switches({"A-38": "none"}))) as client, Stream(client) as stream:
        assert stream.status == 200
        intent = await client.create(side="receiver", directly=True)
        await stream.until(1)
        record = (await client.get(f"/api/v1/orders/{intent}")).json()["data"]
        expected = (
            f'event: order_updated\ndata: {{"intentId":"{intent}","status":"SETTLED","updatedAt":"{record["settled_at"]}",'
            f'"fxRate":"112.0","transactionHash":"{record["transaction_hash"]}","settledAt":"{record["settled_at"]}"}}\n\n'
        ).encode()
        assert stream.raw.replace(b'event: heartbeat\ndata: {"timestamp', b"").count(expected) == 1
        async with Stream(client) as second:
            assert (await second.until(1))[0] + b"\n\n" == expected.partition(b"data: ")[2]


async def test_quotes_and_statuses_of_a_sender_side_order_are_streamed() -> None:
    """PENDING, quotes, QUOTED, EXECUTING, SETTLED; a stream narrowed to another order gets none of them."""
    async with at() as client, Stream(client) as stream, Stream(client, intent_id=ANY_ID) as other:
        intent = await client.create(side="sender", console_user=True, quotes=2)
        await stream.until(4)
        assert stream.seen(intent) == ["PENDING", "QUOTED", "EXECUTING", "SETTLED"]
        assert len(await stream.until(2, "quote_received")) == 2
        assert other.frames() == []


@pytest.mark.parametrize(
    ("value", "text"),
    [("event", b'event: heartbeat\ndata: {"timestamp":"'), ("comment", b": heartbeat\n\n"), ("empty", b"event: heartbeat\ndata:\n\n")],
)
async def test_heartbeats_come_when_nothing_else_does(value: str, text: bytes) -> None:
    """A-04 in its three forms."""
    settings = replace(QUIET, heartbeat=0.1, switches=Switches({"A-04": value}))
    async with at(settings) as client, Stream(client) as stream:
        await until(lambda: stream.raw.count(text) >= 3, within=5)
        assert stream.frames() == []


async def test_a_stream_ends_when_its_token_does() -> None:
    """A-06: it is closed cleanly at the token's expiry, or kept open when switched."""
    async with at(replace(QUIET, token_lifetime=1.5, heartbeat=0.2)) as client:
        async with Stream(client) as stream:
            await until(lambda: stream.ended, within=5)
            assert stream.ended == "clean"
        await client.control(switches={"A-06": "kept_open"})
        token = await client.renew()
        ends = _claims(token)[1]["exp"]
        async with Stream(client) as stream:
            await until(lambda: client.simulator.clock.now().timestamp() > ends + 0.5, within=5)
            assert stream.ended is None


async def test_ids_and_replay_by_last_event_id() -> None:
    """A-05=ids: frames are numbered, and what came after the last id is repeated on the next stream."""
    async with at(replace(QUIET, switches=Switches({"A-05": "ids"}))) as client:
        intents = [await client.create(side="receiver", directly=True) for _ in range(5)]
        client.http.headers["Last-Event-ID"] = "2"
        async with Stream(client) as stream:
            await until(lambda: stream.raw.count(b"\n\n") == 3, within=5)
            assert [line for line in stream.raw.splitlines() if line.startswith(b"id: ")] == [b"id: 3", b"id: 4", b"id: 5"]
            assert all(intent.encode() in stream.raw for intent in intents[2:])


async def test_all_switches_of_the_stream_together_still_name_every_settlement() -> None:
    """snake_case, wrapped, nulls: each settled intent is named in the stream."""
    switches = Switches({"A-01": "snake_case", "A-02": "wrapped", "A-37": "null", "A-05": "none"})
    async with at(replace(QUIET, switches=switches)) as client, Stream(client) as stream:
        for number in range(30):  # begun once the stream is open: a venue that creates by itself may have settled all of them before
            await client.create(side=("receiver", "both")[number % 2])
        await client.finished()
        truth = set(client.simulator.truth.settled)

        def settled() -> dict[str, dict[str, Any]]:
            documents = [json.loads(raw)["data"] for raw in stream.frames()]
            return {document["intent_id"]: document for document in documents if document["status"] == "SETTLED"}

        await eventually_async(lambda: truth <= settled().keys(), within=20, what="every settlement is named")
        assert settled().keys() <= truth
        assert truth
        assert all(document["failure_reason"] is None for document in settled().values())


# -- faults -------------------------------------------------------------------------------------------------------


async def test_duplicates_drops_and_reordering_are_seen_and_counted() -> None:
    """Of 100 settlements the stream lacks and repeats exactly as many as the truth says were dropped and repeated."""
    faults = parse_faults(["duplicate=0.3:0.3", "drop=0.1", "reorder=0.2:0.3"])
    async with at(replace(QUIET, faults=faults)) as client, Stream(client) as stream:
        asked = [{"side": "receiver", "directly": True}] * 100
        intents = (await client.http.post("/simulator/orders", json={"orders": asked})).json()["intents"]
        await client.finished()
        noted = client.simulator.truth.faults
        frames = await stream.until(100 - noted["drop"] + noted["duplicate"])
        settled = [json.loads(raw)["intentId"] for raw in frames]
        assert min(noted[name] for name in ("duplicate", "drop", "reorder")) > 0
        assert len(settled) == 100 - noted["drop"] + noted["duplicate"]
        assert len(set(settled)) == 100 - noted["drop"]
        assert list(dict.fromkeys(settled)) != [intent for intent in intents if intent in set(settled)]


async def test_poison_frames_arrive_as_they_are() -> None:
    """Each kind asked for by name is one frame that names no order of the record."""
    async with at() as client, Stream(client) as stream:
        await client.http.post("/simulator/frames", json={"poison": list(KINDS)})
        frames = await stream.until(len(KINDS))
        assert any(b"\xff\xfe" in raw for raw in frames)
        assert any(len(raw) > 300 * 1024 for raw in frames)
        assert any(b"NaN" in raw for raw in frames)
        assert client.simulator.truth.faults["poison"] == len(KINDS)
        assert client.simulator.truth.settled == {}


async def test_a_contradiction_is_sent_and_the_record_stays() -> None:
    """The stream gets a second hash for a settled intent, REST keeps the first, the truth has both."""
    async with at() as client, Stream(client) as stream:
        intent = await client.create(side="receiver", directly=True, transaction_hash="ab" * 32)
        await stream.until(1)
        await client.http.post("/simulator/frames", json={"contradictions": [{"name": "contradiction_hash", "intent_id": intent}]})
        first, second = (json.loads(raw)["transactionHash"] for raw in await stream.until(2))
        assert first == "ab" * 32 != second
        assert (await client.get(f"/api/v1/orders/{intent}")).json()["data"]["transaction_hash"] == first
        (told,) = (await client.get("/simulator/truth")).json()["contradictions"]
        assert (told["intent_id"], told["transaction_hash"], told["streams"]) == (intent, second, 1)


async def test_a_connection_is_cut_inside_a_frame() -> None:
    """The last frame is not whole and the answer not ended."""
    async with at(replace(QUIET, faults=parse_faults(["cut_inside_frame=1"]))) as client, Stream(client) as stream:
        await client.create(side="receiver", directly=True)
        await until(lambda: stream.ended, within=5)
        assert stream.ended == "broken"
        assert stream.raw
        assert not stream.raw.endswith(b"\n\n")


async def test_a_disconnect_is_clean() -> None:
    """The stream ends as a finished answer."""
    async with at() as client, Stream(client) as stream:
        await client.control(trigger=["disconnect"])
        await until(lambda: stream.ended, within=5)
        assert stream.ended == "clean"


async def test_silence_holds_back_frames_and_heartbeats() -> None:
    """While silent no byte comes; afterwards what waited does."""
    async with at(replace(QUIET, heartbeat=0.05)) as client, Stream(client) as stream:
        await until(lambda: stream.raw, within=5)
        await client.control(trigger=[{"name": "silence", "seconds": 1.5}])
        begun = asyncio.get_running_loop().time()
        intent = await client.create(side="receiver", directly=True)
        size = len(stream.raw)
        await until(lambda: asyncio.get_running_loop().time() > begun + 0.8, within=5)
        assert len(stream.raw) - size < 200  # at most what was on its way when silence began
        assert intent.encode() not in stream.raw
        await until(lambda: intent.encode() in stream.raw, within=5)


async def test_revoked_tokens_are_refused_and_streams_closed() -> None:
    """The old token gets 401, a new one works."""
    async with at() as client, Stream(client) as stream:
        await client.control(trigger=["token_revoked"])
        await until(lambda: stream.ended, within=5)
        assert_error(await client.get("/api/v1/orders"), 401, "UNAUTHORIZED")
        await client.renew()
        assert (await client.get("/api/v1/orders")).status_code == 200


async def test_the_token_endpoint_fails_for_a_while() -> None:
    """It answers 500 and recovers by itself."""
    async with at() as client:
        await client.control(trigger=[{"name": "token_endpoint_failing", "seconds": 0.3}])
        body = {"client_id": "custodian-a", "client_secret": SECRET}
        assert_error(await client.http.post("/auth/token", json=body), 500, "INTERNAL_ERROR")

        async def recovered() -> bool:
            return (await client.http.post("/auth/token", json=body)).status_code == 200

        await until(recovered, within=5)


async def test_reads_fail_with_and_without_json() -> None:
    """server_error=1 gives only 5xx, some in an envelope and some not."""
    async with at(replace(QUIET, faults=parse_faults(["server_error=1"]))) as client:
        answers = [await client.get("/api/v1/orders") for _ in range(40)]
        assert {answer.status_code for answer in answers} <= {500, 502, 503, 504}
        assert {answer.headers["content-type"].partition(";")[0] for answer in answers} == {"application/json", "text/html", "text/plain"}
        await client.control(clear=True)
        assert (await client.get("/api/v1/orders")).status_code == 200


async def test_too_many_requests_come_with_retry_after() -> None:
    """429 with seconds, as a fault and as a switch (A-34)."""
    async with at(replace(QUIET, faults=parse_faults(["too_many=1:2"]))) as client:
        answer = await client.get("/api/v1/orders")
        assert_error(answer, 429, "TOO_MANY_REQUESTS")
        assert answer.headers["Retry-After"] == "2"
        await client.control(clear=True, switches={"A-34": "injected"})
        statuses = [(await client.get("/api/v1/orders")).status_code for _ in range(200)]
        assert set(statuses) == {200, 429}
        intent = await client.create(side="sender")
        assert {(await client.accept(intent)).status_code for _ in range(200)} == {200, 409, 429}


async def test_calls_can_be_slow() -> None:
    """With slow=1:0.3 ten calls together take at least 0.3 s."""
    async with at(replace(QUIET, faults=parse_faults(["slow=1:0.3"]))) as client:
        begun = asyncio.get_running_loop().time()
        for _ in range(10):
            await client.get("/health")
        assert asyncio.get_running_loop().time() - begun > 0.3


async def test_a_new_stream_repeats_the_latest_frames_when_asked() -> None:
    """replay_on_reconnect=3 gives the last three frames before anything else."""
    async with at(replace(QUIET, switches=Switches({"A-05": "none"}), faults=parse_faults(["replay_on_reconnect=3"]))) as client:
        intents = [await client.create(side="receiver", directly=True) for _ in range(5)]
        async with Stream(client) as stream:
            frames = await stream.until(3)
            assert [json.loads(raw)["intentId"] for raw in frames] == intents[2:]


async def test_opening_a_stream_can_be_refused() -> None:
    """stream_refused=1 answers 502 in an envelope."""
    async with at(replace(QUIET, faults=parse_faults(["stream_refused=1"]))) as client:
        assert_error(await client.get("/api/v1/orders/events"), 502, "CANTON_ERROR")


# -- control and truth --------------------------------------------------------------------------------------------


async def test_the_truth_tells_the_requests_it_got() -> None:
    """Each REST call is there with time, path and status, control calls are not."""
    async with at() as client:
        await client.get("/api/v1/orders", page=1)
        await client.get(f"/api/v1/orders/{ANY_ID}")
        requests = (await client.get("/simulator/truth", parts="requests")).json()["requests"]
        assert [(row["method"], row["path"], row["status"]) for row in requests] == [
            ("POST", "/auth/token", 200),
            ("GET", "/api/v1/orders?page=1", 200),
            ("GET", f"/api/v1/orders/{ANY_ID}", 404),
        ]
        assert all(datetime.fromisoformat(row["at"]).tzinfo for row in requests)


async def test_the_record_can_be_made_to_say_something_else() -> None:
    """An override changes the REST side only, is in the truth, and can be taken back."""
    async with at() as client:
        intent = await client.create(side="receiver", directly=True)
        await client.http.post("/simulator/records", json={"intent_id": intent, "fields": {"target_amount": "-1"}})
        assert (await client.get(f"/api/v1/orders/{intent}")).json()["data"]["target_amount"] == "-1"
        assert client.simulator.truth.faults["record_changed"] == 1
        await client.http.post("/simulator/records", json={"intent_id": intent})
        assert (await client.get(f"/api/v1/orders/{intent}")).json()["data"]["target_amount"] == "100000"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("faults", {"set": {"nope": 1}}),
        ("faults", {"switches": {"A-01": "x"}}),
        ("faults", {"trigger": ["drop"]}),
        ("orders", {}),
        ("orders", {"orders": [{"side": "left"}]}),
        ("frames", {"poison": ["sweet"]}),
        ("hold", {"when": "during"}),
        ("hold", {"kind": "settle"}),
        ("release", {"how": "gently"}),
        ("quotes", {"intent_id": ANY_ID, "fx_rate": "1"}),
        ("quotes", {"intent_id": ANY_ID}),
        ("select", {"intent_id": ANY_ID, "quote_id": ANY_ID}),
    ],
)
async def test_wrong_control_calls_are_refused(path: str, body: dict[str, Any]) -> None:
    """400 in an envelope, and the simulator goes on."""
    async with at() as client:
        assert_error(await client.http.post(f"/simulator/{path}", json=body), 400, "VALIDATION_ERROR")
        assert (await client.get("/health")).status_code == 200


async def test_creation_stops_when_told() -> None:
    """After stop-creating no order comes any more and all open ones end."""
    async with at(replace(BUSY, rules=replace(BUSY.rules, orders=0))) as client:
        await until(lambda: client.simulator.world.created > 10, within=5)
        created = (await client.http.post("/simulator/stop-creating")).json()["created"]
        await client.finished()
        assert client.simulator.world.created == created


async def test_without_control_the_door_is_shut() -> None:
    """/simulator/ is an unknown path then."""
    async with at(replace(QUIET, control=False)) as client:
        assert_error(await client.get("/simulator/truth"), 404, "NOT_FOUND")


async def test_a_taken_port_is_named() -> None:
    """Starting a second simulator on the same port fails with the address and what to do."""
    async with at() as client:
        taken = replace(QUIET, port=client.simulator.port)
        with pytest.raises(ServiceAwayError, match=f"127.0.0.1:{client.simulator.port} is taken"):
            async with Simulator(taken):
                pass


def test_a_simulator_runs_for_synchronous_tests() -> None:
    """In a thread of its own, stopped when the context ends."""
    with running_simulator(replace(BUSY, rules=replace(BUSY.rules, settle_directly=True, failing=0))) as simulator:
        eventually(lambda: len(simulator.truth.settled) == 60, within=10)
        base_url = simulator.base_url
        assert httpx.get(f"{base_url}/health").status_code == 200
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{base_url}/health")


# -- as a program -------------------------------------------------------------------------------------------------


def _program(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", "from pipeline.cli.simulate import simulate; simulate()", "musubi"]
    options = ["--listen", "127.0.0.1:0", "--port-file", "port", "--secret-file", "secret", "--truth", "truth.jsonl"]
    (folder / "port").unlink(missing_ok=True)
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    return subprocess.Popen(
        [*command, *options, *arguments],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _port(folder: Path) -> int:
    return int(eventually(lambda: (folder / "port").exists() and (folder / "port").read_text(), within=15, what="the port is written"))


def test_the_program_says_where_it_listens_and_ends_cleanly(tmp_path: Path) -> None:
    """It writes its port and a secret, answers, and ends with 0 on SIGTERM."""
    program = _program(tmp_path, "--rate", "0")
    try:
        port = _port(tmp_path)
        secret = (tmp_path / "secret").read_text()
        answer = httpx.post(f"http://127.0.0.1:{port}/auth/token", json={"client_id": "custodian-a", "client_secret": secret})
        assert answer.status_code == 200
        program.send_signal(signal.SIGTERM)
        out, err = program.communicate(timeout=15)
        assert (program.returncode, err) == (0, "")
        assert out.startswith(f"listening on http://127.0.0.1:{port}\n")
        assert secret not in out
    finally:
        program.kill()


def test_the_truth_survives_a_kill_and_the_next_life_knows_it(tmp_path: Path) -> None:
    """After kill -9 the log can be read, and a simulator started on it shows every settlement of the log."""
    program = _program(tmp_path, "--rate", "200", "--settle-directly", "--failing", "0")
    try:
        _port(tmp_path)
        eventually(lambda: (tmp_path / "truth.jsonl").stat().st_size > 100_000, within=15)
    finally:
        program.kill()
        program.communicate()
    told = {line["intent_id"]: line for line in read_truth(tmp_path / "truth.jsonl") if line.get("status") == "SETTLED"}
    again = _program(tmp_path, "--rate", "0")
    try:
        port = _port(tmp_path)
        known = httpx.get(f"http://127.0.0.1:{port}/simulator/truth", params={"parts": "settlements"}).json()["settlements"]
        assert {row["intent_id"] for row in known} == told.keys()
        for row in known:
            assert {name: told[row["intent_id"]][name] for name in row} == row
    finally:
        again.kill()
        again.communicate()


def test_the_program_takes_how_market_makers_and_institutions_play(tmp_path: Path) -> None:
    """Its options are the rules in force, and it writes nothing to its error output although a connection is cut."""
    options = "--rate 0 --quotes 2-5 --quote-spread 0.1 --rounds 3 --quote-validity 20 --order-lifetime 900 --first-quote 5"
    options += " --institution any --cancelling 0.25 --clock-skew -60 --fault accept_applied_cut=1 --switch A-10=selected_only"
    program = _program(tmp_path, *options.split())
    try:
        base_url = f"http://127.0.0.1:{_port(tmp_path)}"
        state = httpx.get(f"{base_url}/simulator/state").json()
        expected = {"quotes": [2, 5], "quote_spread": 0.1, "rounds": 3, "quote_validity": 20, "order_lifetime": 900, "first_quote": 5}
        assert {name: state["rules"][name] for name in expected} == expected
        assert (state["rules"]["institution"], state["rules"]["cancelling"], state["clock_skew"]) == ("any", 0.25, -60)
        credentials = {"client_id": "custodian-a", "client_secret": (tmp_path / "secret").read_text()}
        token = httpx.post(f"{base_url}/auth/token", json=credentials).json()["data"]["token"]
        intent = httpx.post(f"{base_url}/simulator/orders", json={"orders": [{"side": "sender"}]}).json()["intents"][0]
        with pytest.raises(httpx.RemoteProtocolError):
            httpx.post(f"{base_url}/api/v1/orders/{intent}/accept", headers={"Authorization": f"Bearer {token}"})
        program.send_signal(signal.SIGTERM)
        assert program.communicate(timeout=15)[1] == ""
        assert program.returncode == 0
    finally:
        program.kill()


@pytest.mark.parametrize(
    ("arguments", "code", "part"),
    [
        (("--switch", "A-01=kebab"), 78, "snake_case"),
        (("--fault", "nope=1"), 78, "nope"),
        (("--listen", "here"), 78, "HOST:PORT"),
        (("--mix", "left=1"), 2, "SIDE=SHARE"),
        (("--rate", "x"), 2, "--rate"),
        (("--quotes", "3-1"), 2, "FEWEST-MOST"),
        (("--institution", "worst"), 2, "best"),
        (("--fault", "accept_conflict@settle=1"), 78, "@co_sign_quote"),
        (("--clock-skew", "nan"), 2, "--clock-skew"),
    ],
)
def test_wrong_options_are_named(tmp_path: Path, arguments: tuple[str, ...], code: int, part: str) -> None:
    """The exit code is that of interface section 2 and the text says what to write."""
    program = _program(tmp_path, *arguments)
    _, err = program.communicate(timeout=20)
    assert program.returncode == code
    assert part in err
    assert "Traceback" not in err


def test_switches_and_faults_are_listed(tmp_path: Path) -> None:
    """Every assumption and every fault has a line."""
    switches, _ = _program(tmp_path, "--list-switches").communicate(timeout=20)
    assert [line.split()[0] for line in switches.splitlines()] == [f"A-{number:02d}" for number in range(1, 41)]
    faults, _ = _program(tmp_path, "--list-faults").communicate(timeout=20)
    assert [line.split()[0] for line in faults.splitlines()][: len(FAULTS)] == [fault.name for fault in FAULTS]
    assert "NAME@co_sign_quote" in faults


async def test_settlements_of_the_truth_have_all_terms() -> None:
    """What a test compares books with: intent, hash, currencies, amounts, rate, custodians, time, side."""
    async with at() as client:
        intent = await client.create(side="both", directly=True)
        told = settlement(client.simulator.truth.settled[intent])
        needed = {"intent_id", "transaction_hash", "source_currency", "target_currency", "source_amount_actual", "target_amount"}
        needed |= {"fx_rate", "sender_custodian_party_id", "receiver_custodian_party_id", "settled_at", "side"}
        assert needed <= told.keys()
        assert (told["side"], told["source_amount_actual"]) == ("both", "11200000")
