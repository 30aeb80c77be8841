"""Musubi's accept calls over a real socket: how often a call leaves, what passes the gate, and what each answer amounts to."""

from __future__ import annotations

import json
import random
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

import pytest

from connectors.venues.musubi.commands import MusubiCommands
from pipeline import settings
from pipeline.clock import SystemClock
from pipeline.commands.ports import GateClosedError
from pipeline.domain.accepting import Answered, NotDone, OutcomeOpen
from pipeline.errors import PoisonRecordError
from pipeline.ports import SchemaVersionError
from tests.unit.transports.scripted import Asked, ScriptedServer, Writer, reply

INTENT, QUOTE = "f47ac10b-58cc-4372-a567-0e02b2c3d479", "a1b2c3d4-e5f6-4890-8bcd-ef0123456789"
OURS = "CustodianA::1220"


class FreeBudget:
    """Lets everything pass."""

    async def acquire(self, *, priority: bool = False) -> None:
        """Let it pass."""


class Gate:
    """Counts how often it is passed, and closes at the given passage."""

    def __init__(self, *, closes_at: int | None = None) -> None:
        self.passed = 0
        self._closes_at = closes_at

    async def __call__(self) -> None:
        """Pass, or raise."""
        if self.passed + 1 == self._closes_at:
            raise GateClosedError("closed")
        self.passed += 1


def document(body: Any, status: int = 200, *, date: datetime | None = None) -> bytes:
    """Return a JSON answer with a Date header."""
    stated = format_datetime(date or datetime.now(UTC), usegmt=True)
    return reply(status, json.dumps(body).encode(), f"Date: {stated}")


ORDER = {
    "intent_id": INTENT,
    "status": "PENDING",
    "sender_custodian_party_id": OURS,
    "receiver_custodian_party_id": "CustodianB::1220",
    "source_currency": "JPYSC0",
    "target_currency": "USDCx",
    "target_amount": "100000",
}


class Venue:
    """A server that knows who we are and answers accept calls as a test says."""

    def __init__(self, server: ScriptedServer) -> None:
        self.server = server
        self.posts: list[Asked] = []
        self.answers: list[bytes | None] = []
        self.identity: dict[str, str] = {"party_id": OURS, "schema_version": "v2"}
        self.skew: Callable[[], datetime] = lambda: datetime.now(UTC)
        server.will(self._answer)

    async def _answer(self, asked: Asked, writer: Writer) -> None:
        if asked.line.startswith("POST"):
            self.posts.append(asked)
            answer = self.answers[min(len(self.posts), len(self.answers)) - 1]
            if answer is None:
                return  # the connection is closed without an answer
        elif "whoami" in asked.line:
            answer = document({"data": self.identity}, date=self.skew())
        elif "/quotes" in asked.line:
            answer = document({"data": [{"quote_id": QUOTE, "intent_id": INTENT, "fx_rate": 112}]}, date=self.skew())
        else:
            answer = document({"data": ORDER}, date=self.skew())
        writer.write(answer)
        await writer.drain()


@pytest.fixture
async def venue() -> AsyncIterator[Venue]:
    """A scripted venue on loopback."""
    server = ScriptedServer()
    await server.start()
    yield Venue(server)
    await server.stop()


@pytest.fixture
async def commands(venue: Venue) -> AsyncIterator[MusubiCommands]:
    """The accept calls of that venue."""
    auth = settings.Auth.model_validate({"kind": "static", "token": "canary"})
    section = settings.Venue.model_validate({"base_url": venue.server.url, "http_timeout": "2s", "auth": auth})
    made = MusubiCommands("tokyo", section, clock=SystemClock(), random=random.random, budget=FreeBudget())
    yield made
    await made.aclose()


async def test_a_call_is_a_post_without_a_body_to_its_path(venue: Venue, commands: MusubiCommands) -> None:
    """Both calls have their paths, no body and no content type (A-15), and pass the gate once."""
    venue.answers = [document({"data": ORDER})]
    gate = Gate()
    accepted = await commands.accept_proposal(INTENT, gate=gate)
    signed = await commands.co_sign(INTENT, QUOTE, gate=gate)
    assert [asked.line.split()[1] for asked in venue.posts] == [
        f"/api/v1/orders/{INTENT}/accept",
        f"/api/v1/orders/{INTENT}/quotes/{QUOTE}/accept",
    ]
    assert all(asked.body == b"" and "content-type" not in asked.headers for asked in venue.posts)
    assert isinstance(accepted, Answered)
    assert isinstance(signed, Answered)
    assert (accepted.done, signed.done, gate.passed) == (True, True, 2)
    assert json.loads(accepted.response or "") == {"data": ORDER}


CONFLICT = document({"error": {"code": "CONFLICT", "message": "order is QUOTED"}}, 409)


def status_of(answer: bytes | None) -> str:
    """Name a case by its status: the whole answer has the time of day in it, and names must not change between workers."""
    return "lost" if answer is None else answer.split(b" ", 2)[1].decode()


@pytest.mark.parametrize(
    "answer", [CONFLICT, document({}, 403), document({}, 404), document({}, 400), reply(302, b"", "Location: /x")], ids=status_of
)
async def test_a_refusal_is_one_call(venue: Venue, commands: MusubiCommands, answer: bytes) -> None:
    """409 and its kin are answers: one call, one passage, nothing again."""
    venue.answers = [answer]
    gate = Gate()
    answered = await commands.accept_proposal(INTENT, gate=gate)
    assert isinstance(answered, Answered)
    assert not answered.done
    assert (len(venue.posts), gate.passed) == (1, 1)


async def test_a_401_is_sent_again_once_through_the_gate(venue: Venue, commands: MusubiCommands) -> None:
    """Each of the two sendings passes the gate by itself; a second 401 is a refusal."""
    venue.answers = [document({}, 401)]
    gate = Gate()
    answered = await commands.accept_proposal(INTENT, gate=gate)
    assert isinstance(answered, Answered)
    assert (answered.done, answered.http_status) == (False, 401)
    assert (len(venue.posts), gate.passed) == (2, 2)


async def test_a_gate_that_closes_after_a_401_keeps_the_second_call_back(venue: Venue, commands: MusubiCommands) -> None:
    """A halt between the two sendings is seen."""
    venue.answers = [document({}, 401), document({"data": ORDER})]
    with pytest.raises(GateClosedError):
        await commands.accept_proposal(INTENT, gate=Gate(closes_at=2))
    assert len(venue.posts) == 1


async def test_a_closed_gate_keeps_the_call_from_leaving(venue: Venue, commands: MusubiCommands) -> None:
    """Not a byte of the call reaches the venue."""
    venue.answers = [document({})]
    with pytest.raises(GateClosedError):
        await commands.co_sign(INTENT, QUOTE, gate=Gate(closes_at=1))
    assert venue.posts == []


@pytest.mark.parametrize("answer", [document({}, 502), document({}, 500), document({}, 408), reply(503, b"<html>"), None], ids=status_of)
async def test_what_leaves_the_outcome_open_is_not_sent_again(venue: Venue, commands: MusubiCommands, answer: bytes | None) -> None:
    """5xx, 408 and a lost connection are open outcomes of one call (A-24)."""
    venue.answers = [answer]
    answered = await commands.accept_proposal(INTENT, gate=Gate())
    assert isinstance(answered, OutcomeOpen)
    assert len(venue.posts) == 1


async def test_429_had_no_effect_and_says_when_to_come_back(venue: Venue, commands: MusubiCommands) -> None:
    """A busy venue is one call and its Retry-After (A-34)."""
    venue.answers = [reply(429, b"{}", "Retry-After: 7")]
    answered = await commands.accept_proposal(INTENT, gate=Gate())
    assert isinstance(answered, NotDone)
    assert (answered.retry_after, len(venue.posts)) == (7.0, 1)


async def test_a_call_that_never_left_had_no_effect(venue: Venue, commands: MusubiCommands) -> None:
    """A refused connection is told apart from a lost answer."""
    await commands.look(INTENT, quotes=False)
    await venue.server.stop()
    answered = await commands.accept_proposal(INTENT, gate=Gate())
    assert isinstance(answered, NotDone)


@pytest.mark.parametrize("intent", ["../whoami", "f47ac10b", f"{INTENT}/quotes"])
async def test_a_malformed_id_never_gets_into_a_path(venue: Venue, commands: MusubiCommands, intent: str) -> None:
    """Ids are checked before anything is asked (A-19)."""
    with pytest.raises(PoisonRecordError):
        await commands.accept_proposal(intent, gate=Gate())
    assert venue.server.asked == []


async def test_another_contract_stops_every_call(venue: Venue, commands: MusubiCommands) -> None:
    """A venue that does not speak schema v2 receives no accept call (2.4)."""
    venue.identity = {"party_id": OURS, "schema_version": "v3"}
    with pytest.raises(SchemaVersionError):
        await commands.accept_proposal(INTENT, gate=Gate())
    assert venue.posts == []


async def test_a_look_shows_order_side_and_time(venue: Venue, commands: MusubiCommands) -> None:
    """The order's side is that of our party id; a quote that cannot be read shows nothing; the answers resolve the venue's clock."""
    look = await commands.look(INTENT, quotes=True)
    assert look.order is not None
    assert (look.order.status, look.order.side, look.quotes) == ("PENDING", "sender", ())
    assert commands.time().resolved


async def test_answers_without_a_date_resolve_nothing(venue: Venue, commands: MusubiCommands) -> None:
    """Without Date headers the venue's time is not known, so the executor sends nothing that depends on it."""
    server = venue.server
    server.will(reply(200, json.dumps({"data": {**ORDER, **venue.identity}}).encode()))
    await commands.look(INTENT, quotes=False)
    assert not commands.time().resolved
