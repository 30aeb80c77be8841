"""Commands over real sockets and a real database: what the venue received, what the journal holds, what was published."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from connectors.simulators.musubi.settings import Settings
from connectors.simulators.musubi.simulator import Simulator
from connectors.simulators.musubi.world import Rules
from connectors.venues.musubi.commands import MusubiCommands
from pipeline.clock import SystemClock
from pipeline.commands import decide
from pipeline.commands.command import AttemptResult, Claim, Decided, Ending
from pipeline.commands.executor import LOOK_AGE_AT_GATE, LOOK_AGE_MAX, Limits
from pipeline.commands.ports import Barred, Began, Gate
from pipeline.decisions.ports import Asked, Heard
from pipeline.decisions.shown import shown_of
from pipeline.domain.accepting import Answer, Answered, Kind, Look, NotDone, OrderSeen, OutcomeOpen, SnapshotSeen, VenueTime
from pipeline.errors import ServiceAwayError
from pipeline.log import topics
from pipeline.log.codec import encode
from pipeline.log.envelope import Outgoing, time_text
from pipeline.ports import Reading
from pipeline.stores import halts
from pipeline.stores.approvals import shown_sha256, shown_text
from pipeline.stores.decisions import PostgresDecisions
from pipeline.stores.journal import PostgresJournal
from schemas.accepting import CommandIssued, DecisionMade, DecisionRequested
from tests.integration.command_room import (
    SECRET,
    VENUE,
    FreeBudget,
    Kept,
    Room,
    Running,
    connector_of,
    prepare,
    question_of,
    start_program,
    venue_commands,
)
from tests.integration.decision_room import commit
from tests.people import resumes
from tests.signing import DESK, signature
from tests.waiting import eventually_async


def nothing(_: Decided) -> None:
    """Say that nothing speaks against a call."""


LONG_AGO = "2025-03-14T02:00:00Z"
QUICK = Limits(call_timeout=1.0, look_timeout=2.0)


@pytest.fixture
async def room(postgres: str) -> AsyncIterator[Room]:
    """A database with tables, and a venue in which a quote lives for twelve seconds, more than a busy machine takes to start a process."""
    settings = Settings(client_secret=SECRET, rules=Rules(rate=0, speed=10, quote_validity=120.0))
    async with Simulator(settings) as simulator, httpx.AsyncClient(base_url=simulator.base_url, timeout=10) as http:
        with prepare(postgres) as connection:
            yield Room(dsn=postgres, connection=connection, simulator=simulator, http=http)


async def test_a_proposal_is_accepted_and_a_quote_co_signed_once(room: Room) -> None:
    """Both calls are made once, each after its attempt was committed, and both outcomes are published under the command's id."""
    intent = await room.create()
    async with Running(room.executor()):
        accepting, _ = room.issue(intent)
        accepted = await room.ended(accepting)
        quote = (await room.quoted(intent))[0]
        signing, _ = room.issue(intent, quote=quote)
        signed = await room.ended(signing)
    assert (accepted["state"], signed["state"]) == ("succeeded", "succeeded")
    assert [(call["kind"], call["outcome"]) for call in room.calls(intent)] == [("accept_proposal", "done"), ("co_sign_quote", "done")]
    assert room.attempts(accepting) == room.attempts(signing) == [(1, "done")]
    assert [(one["command_id"], one["outcome"], one["http_status"], one["attempts"]) for one in room.published.completed()] == [
        (accepting, "succeeded", 200, 1),
        (signing, "succeeded", 200, 1),
    ]
    (record,) = room.published.records()
    assert (record["intent_id"], record["status"], record["fx_rate"], record["side"]) == (intent, "QUOTED", quote["fx_rate"], "sender")
    begun = room.connection.execute("SELECT begun_at FROM commands.attempts ORDER BY begun_at").fetchall()
    received = [datetime.fromisoformat(call["at"]) for call in room.calls(intent)]
    assert all(at[0] <= call + timedelta(milliseconds=1) for at, call in zip(begun, received, strict=True))


@pytest.mark.parametrize("fault", ["accept_applied_502=1", "accept_timeout=1:3"])
async def test_an_applied_call_without_its_answer_is_not_repeated(room: Room, fault: str) -> None:
    """A call that worked and was answered with 502, or not in time, is found by reading and not made again."""
    intent = await room.create()
    name, _, dose = fault.partition("=")
    await room.control("faults", set={name: dose})
    async with Running(room.executor(limits=QUICK)):
        accepting, _ = room.issue(intent)
        accepted = await room.ended(accepting)
        quote = (await room.quoted(intent))[0]
        signing, _ = room.issue(intent, quote=quote, seconds=3)
        signed = await room.ended(signing)
    assert (accepted["state"], signed["state"]) == ("succeeded", "succeeded")
    assert [(call["kind"], call["outcome"]) for call in room.calls(intent)] == [("accept_proposal", "done"), ("co_sign_quote", "done")]
    assert room.attempts(accepting) == room.attempts(signing) == [(1, "open")]


async def test_a_call_that_was_not_applied_is_repeated_after_reading(room: Room) -> None:
    """A 502 without effect is followed by readings that show PENDING, then by a second call, which takes effect."""
    intent = await room.create()
    room.accept_directly(intent)
    quote = (await room.quoted(intent))[0]
    await room.control("faults", set={"accept_not_applied_502": "1"})
    async with Running(room.executor(limits=QUICK)):
        signing, _ = room.issue(intent, quote=quote, seconds=3)
        await eventually_async(lambda: len(room.calls(intent)) == 1, within=5, what="the first call arrives")
        await room.control("faults", clear=True)
        signed = await room.ended(signing)
    assert signed["state"] == "succeeded"
    assert [call["outcome"] for call in room.calls(intent)] == ["not_applied_502", "done"]
    assert room.attempts(signing) == [(1, "open"), (2, "done")]


@pytest.mark.parametrize("kind", ["accept_proposal", "co_sign_quote"])
async def test_one_thing_is_asked_three_times_at_most(room: Room, kind: str) -> None:
    """A venue that always answers 502 receives three calls, and none after the command's time."""
    intent = await room.create()
    await room.control("faults", set={"accept_not_applied_502": "1"})
    quote = None
    if kind == "co_sign_quote":
        room.accept_directly(intent)
        quote = (await room.quoted(intent))[0]
    async with Running(room.executor(limits=QUICK)):
        command, _ = room.issue(intent, quote=quote, seconds=10)
        await eventually_async(lambda: len(room.calls(intent)) == 3, within=30, what="three calls arrive")
        if kind == "co_sign_quote":
            ended = await room.ended(command, within=30)
            assert (ended["state"], ended["reason"]) == ("expired", "the quote lapsed while the order was PENDING")
        else:
            await eventually_async(lambda: datetime.now(UTC) > room.row(command)["not_after"], within=30, what="its time is over")
            assert room.row(command)["state"] == "sent", "an accept may still show by quotes: it is read on"
    assert len(room.calls(intent)) == 3
    assert room.effective(intent) == room.effective(intent, "co_sign_quote") == 0


async def test_a_409_is_an_outcome_and_never_retried(room: Room) -> None:
    """A refused co-signature is one call, one attempt, and an outcome that carries the venue's answer."""
    await room.control("faults", switches={"A-10": "selected_only"})
    intent = await room.create(quotes=3)
    room.accept_directly(intent)
    # The institution selects the cheapest sooner or later; the dearest is never selected, however slow this machine is.
    quote = max(await room.quoted(intent, count=2), key=lambda each: Decimal(each["fx_rate"]))
    async with Running(room.executor()):
        signing, _ = room.issue(intent, quote=quote, seconds=15)
        ended = await room.ended(signing)
        await eventually_async(lambda: datetime.now(UTC) > quote["valid_until"], within=30, what="the quote's time is over")
    assert (ended["state"], ended["http_status"], ended["error_code"]) == ("refused", 409, "CONFLICT")
    assert [call["outcome"] for call in room.calls(intent)] == ["conflict"]
    assert room.attempts(signing) == [(1, "refused")]
    assert json.loads(room.published.completed()[0]["response"])["error"]["code"] == "CONFLICT"


async def test_a_409_for_a_proposal_that_others_accepted_is_settled_by_reading(room: Room) -> None:
    """Before quotes a 409 stands as refused; when quotes are there the reading after it shows that the proposal is accepted (A-09)."""
    early, late = await room.create(quotes=0), await room.create()
    for intent in (early, late):
        room.accept_directly(intent)
    await room.quoted(late)
    async with Running(room.executor()):
        first, _ = room.issue(early)
        second, _ = room.issue(late)
        refused, shown = await room.ended(first), await room.ended(second)
    assert (refused["state"], refused["http_status"]) == ("refused", 409)
    assert (shown["state"], shown["reason"]) == ("succeeded", "the venue's record shows it")
    assert [call["outcome"] for intent in (early, late) for call in room.calls(intent)] == ["conflict", "conflict"]


@pytest.mark.parametrize(("venue", "pair"), [(None, None), (VENUE, None), (None, "JPYSC0/USDCx"), (VENUE, "JPYSC0/USDCx")])
async def test_nothing_is_sent_while_halted(room: Room, venue: str | None, pair: str | None) -> None:
    """A halt of everything, of the venue, of the pair or of both keeps the call back; after the resume the next command is sent."""
    intent = await room.create()
    assert halts.halt(room.connection, venue=venue, pair=pair, reason="drill", by="officer").new
    async with Running(room.executor()):
        held, _ = room.issue(intent)
        ended = await room.ended(held)
        assert (ended["state"], ended["attempts"]) == ("refused", 0)
        assert ended["reason"].startswith("halted: ")
        assert room.calls() == []
        assert [resumes(room.connection, venue, pair, by=by).outcome for by in ("One", "Two")] == ["counted", "resumed"]
        again, _ = room.issue(intent)
        assert (await room.ended(again))["state"] == "succeeded"
    assert room.effective(intent) == 1


@pytest.mark.parametrize("verdict", ["REJECT", "REFER", "WAIT"])
async def test_without_an_accept_nothing_is_sent(room: Room, verdict: str) -> None:
    """A command whose decision says anything but ACCEPT is refused, whoever issued it."""
    intent = await room.create()
    async with Running(room.executor()):
        ended = await room.ended(room.issue(intent, decided=verdict)[0])
    assert (ended["state"], ended["attempts"], str(ended["reason"]).partition(":")[0]) == ("refused", 0, "not_allowed")
    assert room.calls(intent) == []


async def test_a_decision_about_something_else_allows_nothing(room: Room) -> None:
    """An ACCEPT of another quote, amount, bound, pair or rate, one that nobody committed, or one without its approvals, sends nothing."""
    intent = await room.create()
    room.accept_directly(intent)
    quote = (await room.quoted(intent))[0]
    said: tuple[dict[str, Any], ...] = (
        {"quote_id": "00000000-0000-4000-8000-000000000001"},
        {"refers_to": "a referral that nobody approved"},
        {"committed": False},
        {"target_amount": "99999"},
        {"source_amount_max": "11999999"},
        {"source_currency": "USDCx"},
        {"quotes": ({**quote, "fx_rate": "112.5", "valid_until": LONG_AGO, "first_seen_at": LONG_AGO},)},
    )
    for number, other in enumerate(said):
        command, _ = room.issue(intent, quote=quote, decided=None, decision_id=f"other-{number}")
        room.decide(CommandIssued.model_validate_json(_issued(room, command)), **other)
        async with Running(room.executor()):
            ended = await room.ended(command)
        assert str(ended["reason"]).startswith("not_allowed"), ended
    assert room.calls(intent) == []


@pytest.mark.parametrize(("what", "why"), [("deadline", "not_allowed"), ("asked again", "superseded")])
async def test_a_decision_whose_time_is_over_allows_nothing(room: Room, what: str, why: str) -> None:
    """A command that claims more time than its question had, or whose question was asked anew since, is not sent."""
    intent = await room.create()
    command, _ = room.issue(intent, decided=None, decision_id="timely")
    issued = CommandIssued.model_validate_json(_issued(room, command))
    sooner = issued.model_copy(update={"not_after": time_text(room.row(command)["not_after"] - timedelta(milliseconds=1))})
    room.decide(sooner if what == "deadline" else issued)
    if what == "asked again":
        later = question_of(issued).model_copy(update={"request_id": "later", "round": 2})
        PostgresDecisions().keep_question(room.connection, Asked(request=later, ce_id=None), datetime.now(UTC))
    async with Running(room.executor()):
        ended = await room.ended(command)
    assert (ended["state"], ended["attempts"], str(ended["reason"]).partition(":")[0]) == ("refused", 0, why)
    assert room.calls(intent) == []


@pytest.mark.parametrize("counted", [0, 1, 2])
async def test_a_referral_is_answered_by_as_many_people_as_it_needs(room: Room, counted: int) -> None:
    """A row that says approved is not enough: of two people who are needed, two have to be counted for exactly what was shown."""
    intent = await room.create()
    command, _ = room.issue(intent, decided=None, decision_id="of-people")
    issued = CommandIssued.model_validate_json(_issued(room, command))
    answer = room.decide(issued, refers_to="referred", committed=False)
    told = {"decision_id": "referred", "verdict": "REFER", "refers_to": None, "approvers_needed": 2}
    referred = answer.model_copy(update=told)
    commit(room.connection, referred)
    shown_to_them = shown_text(shown_of(referred, question_of(issued, **room.shown(issued))))
    room.connection.execute(
        "INSERT INTO risk.referrals (decision_id, request_id, venue, intent_id, question, context_sha256, shown, shown_sha256,"
        " approvers_needed, expires_at, decision, state, opened_at, closed_at, answer_id) VALUES ('referred', %s, %s, %s, %s, %s, %s,"
        " %s, 2, now(), %s, 'approved', now(), now(), %s)",
        (
            *(answer.request_id, answer.venue, answer.intent_id, answer.question, answer.context_sha256),
            *(shown_to_them, shown_sha256(shown_to_them), encode(referred).decode(), answer.decision_id),
        ),
    )
    digest = shown_sha256(shown_to_them)
    said = [*[("first", digest), ("second", digest)][:counted], ("who saw something else", "1" * 64)]
    for person, shown in said:
        room.connection.execute(
            "INSERT INTO risk.approvals (decision_id, person, named, verdict, shown_sha256, reason, at)"
            " VALUES ('referred', %s, %s, 'approve', %s, '', now())",
            (person, person, shown),
        )
    async with Running(room.executor()):
        ended = await room.ended(command)
    assert (ended["state"], len(room.calls(intent))) == (("succeeded", 1) if counted == 2 else ("refused", 0))


@pytest.mark.parametrize("said", ["signed", "unsigned", "by another key", "for another question"])
async def test_the_gate_checks_what_an_external_engine_signed(room: Room, said: str) -> None:
    """Right before the call, and whatever the tables say, an answer needs a signature that holds; the built-in engine's is none."""
    intent = await room.create()
    command, _ = room.issue(intent, decided=None, decision_id="signed")
    issued = CommandIssued.model_validate_json(_issued(room, command))
    request = question_of(issued, **room.shown(issued))
    made = room.made(issued, request)
    value = json.dumps(json.loads(encode(made)), indent=1).encode()  # not as we would spell it
    digest = "0" * 64 if said == "for another question" else request.context_sha256
    text = None if said == "unsigned" else signature(value, digest, key="stranger" if said == "by another key" else "desk", called="desk")
    store = PostgresDecisions()
    store.keep_question(room.connection, Asked(request=request, ce_id=None), datetime.now(UTC))
    store.keep_answer(room.connection, Heard(decision=made, ce_id=None, value=value, signature=text), datetime.now(UTC))
    commit(room.connection, made)
    async with Running(room.executor(journal_=PostgresJournal(connector_of(room.dsn), trust=DESK))):
        ended = await room.ended(command)
    assert (ended["state"], len(room.calls(intent))) == (("succeeded", 1) if said == "signed" else ("refused", 0))


async def test_a_decision_older_than_a_refusal_is_none_to_go_by(room: Room) -> None:
    """After 409 only a decision made since may lead to another call: one that was made before, and comes late, is not sent."""
    intent = await room.create()
    await room.control("faults", set={"accept_conflict": "1x1"})
    async with Running(room.executor()):
        first, _ = room.issue(intent)
        await room.ended(first)
        late, _ = room.issue(intent, decided=None, decision_id="made-before")
        room.connection.execute("UPDATE commands.journal SET completed_at = now() + interval '1 minute' WHERE command_id = %s", (first,))
        room.decide(CommandIssued.model_validate_json(_issued(room, late)))
        ended = await room.ended(late)
    assert (ended["state"], ended["attempts"], str(ended["reason"]).partition(":")[0]) == ("refused", 0, "superseded")
    assert len(room.calls(intent)) == 1


async def test_a_decision_that_is_not_committed_yet_is_waited_for(room: Room) -> None:
    """A command that overtook its decision is sent once that is committed, and expires when it never is."""
    early, never = await room.create(), await room.create()
    async with Running(room.executor()):
        command, _ = room.issue(early, decided=None, decision_id="comes-later")
        lost, _ = room.issue(never, decided=None, decision_id="never-comes", seconds=2)
        expired = await room.ended(lost)
        assert room.calls() == []
        room.decide(CommandIssued.model_validate_json(_issued(room, command)))
        ended = await room.ended(command)
    assert (ended["state"], expired["state"], expired["reason"]) == ("succeeded", "expired", "too_late")
    assert [call["intent_id"] for call in room.calls()] == [early]


def _issued(room: Room, command_id: str) -> str:
    """Return a journalled command as its event stated it."""
    row = room.row(command_id)
    fields = {name: row[name] for name in ("command_id", "venue", "intent_id", "kind", "quote_id", "decision_id")}
    amounts = {name: None if row[name] is None else str(row[name]) for name in ("target_amount", "source_amount_max", "fx_rate")}
    times = {name: row[name].astimezone(UTC).isoformat().replace("+00:00", "Z") for name in ("not_after", "issued_at")}
    currencies = {name: row[name] for name in ("source_currency", "target_currency")}
    return json.dumps({**fields, **amounts, **times, **currencies, "mode": "live"})


async def test_a_halt_elsewhere_holds_nothing_back(room: Room) -> None:
    """Another venue's and another pair's halt leave this command alone."""
    intent = await room.create()
    halts.halt(room.connection, venue="osaka", pair=None, reason="drill", by="officer")
    halts.halt(room.connection, venue=None, pair="USDCx/JPYSC0", reason="drill", by="officer")
    async with Running(room.executor()):
        command, _ = room.issue(intent)
        assert (await room.ended(command))["state"] == "succeeded"


@pytest.mark.parametrize(("mode", "accepting"), [("shadow", "live"), ("live", "shadow"), ("shadow", "shadow")])
async def test_shadow_sends_nothing(room: Room, mode: str, accepting: Any) -> None:
    """A command decided in shadow, or an executor in shadow, says what it would do, and the venue hears nothing."""
    intent = await room.create()
    async with Running(room.executor(accepting=accepting)):
        command, _ = room.issue(intent, mode=mode)
        ended = await room.ended(command)
    assert (ended["state"], ended["reason"], ended["attempts"]) == ("shadowed", "would be sent", 0)
    assert room.calls() == []
    assert room.published.completed()[0]["outcome"] == "shadowed"


@pytest.mark.parametrize(
    ("record", "changed", "reason"),
    [
        ({}, {"target_amount": "100001"}, "terms_changed"),
        ({}, {"source_amount_max": None}, "terms_changed"),
        ({"source_amount_max": "11000000"}, {}, "terms_changed"),
        ({"source_amount_max": "11000000"}, {"source_amount_max": "11000000"}, "cost_guard_broken"),
        ({}, {"fx_rate": "111"}, "quote_changed"),
        ({}, {"quote_id": "f47ac10b-58cc-4372-a567-0e02b2c3d479"}, "quote_gone"),
        ({"status": "EXECUTING"}, {}, "order_advanced: EXECUTING"),
        ({"sender_custodian_party_id": "Other::1"}, {}, "not_sender"),
    ],
)
async def test_what_has_changed_since_the_decision_is_not_sent(
    room: Room, record: dict[str, str], changed: dict[str, Any], reason: str
) -> None:
    """Order and quote are read again right before sending; terms other than those decided on are refused here, without a call."""
    intent = await room.create()
    room.accept_directly(intent)
    quote = (await room.quoted(intent))[0]
    await room.control("records", intent_id=intent, fields=record)
    async with Running(room.executor()):
        command, _ = room.issue(intent, quote=quote, seconds=3, **changed)
        ended = await room.ended(command)
    assert (ended["state"], ended["reason"], ended["attempts"]) == ("refused", reason, 0)
    assert room.calls() == []


@pytest.mark.parametrize("changed", [*decide.WHO, None])
async def test_a_party_or_jurisdiction_that_the_decision_did_not_see_is_not_sent_for(room: Room, changed: str | None) -> None:
    """The record names somebody else than the decision's facts, or another country: nothing leaves."""
    intent = await room.create()
    order = room.simulator.world.order(intent)
    facts = {name: getattr(order, name, None) for name in decide.WHO} | ({} if changed is None else {changed: "Other::1"})
    command, _ = room.issue(intent, decided=None, decision_id="of-others")
    room.decide(CommandIssued.model_validate_json(_issued(room, command)), **{name: who for name, who in facts.items() if who is not None})
    async with Running(room.executor()):
        ended = await room.ended(command)
    if changed is None:
        assert ended["state"] == "succeeded"
    else:
        assert (ended["state"], ended["reason"], ended["attempts"]) == ("refused", f"terms_changed: {changed}", 0)
        assert room.calls() == []


async def test_what_the_policy_would_not_say_any_more_is_not_sent(room: Room) -> None:
    """Rules on hours, rates and screenings that do not hold any more keep the call back; they are told what was asked and answered."""
    intent = await room.create()
    asked: list[tuple[str, str]] = []

    def lapsed(request: DecisionRequested, decision: DecisionMade, at: datetime) -> tuple[str, ...]:
        asked.append((request.context.intent_id, decision.decision_id))
        assert at.tzinfo is not None
        return ("business hours", "fresh rates")

    async with Running(room.executor(lapsed=lapsed)):
        command, _ = room.issue(intent, decision_id="of-yesterday")
        ended = await room.ended(command)
    assert (ended["state"], ended["reason"], ended["attempts"]) == ("refused", "stale: business hours, fresh rates", 0)
    assert (asked, room.calls()) == ([(intent, "of-yesterday")], [])


HIT = {"kyc_status": "KYC_REJECTED", "sanctions_status": "SANCTIONS_HIT"}


@pytest.mark.parametrize("kind", ["accept_proposal", "co_sign_quote"])
@pytest.mark.parametrize(
    ("forged", "named"),
    [
        ({"kyc_status": "KYC_ENHANCED"}, "kyc_status"),
        (HIT, "kyc_status, sanctions_status"),
        ({"sanctions_screened_at": "2026-03-01T00:00:00Z"}, "sanctions_screened_at"),
        ({"purpose_code": None}, "purpose_code"),
        (None, "the venue shows a snapshot"),
    ],
)
async def test_a_snapshot_that_the_venue_does_not_show_is_nothing_to_go_by(
    room: Room, kind: str, forged: dict[str, str | None] | None, named: str
) -> None:
    """Right before each call the snapshot is read from the venue: other facts than the decision's send nothing, and are published."""
    intent = await room.create()
    quote = None
    if kind == "co_sign_quote":
        room.accept_directly(intent)
        quote = (await room.quoted(intent))[0]
    command, _ = room.issue(intent, quote=quote, decided=None, decision_id="on-a-forgery")
    issued = CommandIssued.model_validate_json(_issued(room, command))
    honest = room.shown(issued)["compliance"]
    facts = None if forged is None else {name: said for name, said in (honest | forged).items() if said is not None}
    room.decide(issued, compliance=facts)
    async with Running(room.executor()):
        ended = await room.ended(command)
    assert (ended["state"], ended["reason"], ended["attempts"]) == ("refused", f"evidence_changed: {named}", 0)
    assert room.calls() == []
    shown = [json.loads(event.value) for event in room.published.events if event.envelope.kind == topics.COMPLIANCE_READ]
    assert [{name: one[name] for name in honest} for one in shown] == [honest], "what is decided anew rests on this"


FORGED_QUOTES: dict[str, tuple[int, dict[str, Any] | None]] = {
    "the cheapest withdrawn": (0, None),
    "the cheapest dearer": (0, {"fx_rate": "113.5", "source_amount": "11350000"}),
    "the cheapest of other amounts": (0, {"source_amount": "11100001"}),
    "the cheapest sooner over": (0, {"valid_until": LONG_AGO}),
    "ours chosen by the institution": (1, {"status": "ACCEPTED"}),
    "none": (1, {}),
    "a dearer one that we do not know": (2, None),
}


@pytest.mark.parametrize("forged", FORGED_QUOTES)
async def test_all_quotes_are_as_they_were_decided_on(room: Room, forged: str) -> None:
    """A better quote that a forged record hid or made dearer keeps the dearer one from being co-signed; a new dearer one does not."""
    intent = await room.create(quotes=0)
    room.accept_directly(intent)
    for fx_rate in ("111.0", "112.0", "112.5"):
        await room.control("quotes", intent_id=intent, fx_rate=fx_rate, valid_seconds=60)
    quote = next(one for one in await room.quoted(intent, count=3) if Decimal(one["fx_rate"]) == 112)
    command, _ = room.issue(intent, quote=quote, decided=None, decision_id="on-other-quotes")
    issued = CommandIssued.model_validate_json(_issued(room, command))
    honest = sorted(room.shown(issued)["quotes"], key=lambda one: Decimal(one["fx_rate"]))
    which, terms = FORGED_QUOTES[forged]
    decided_on = [one | (terms or {}) if one is honest[which] else one for one in honest if terms is not None or one is not honest[which]]
    room.decide(issued, quotes=decided_on)
    async with Running(room.executor()):
        ended = await room.ended(command)
    if forged in ("none", "a dearer one that we do not know"):
        assert (ended["state"], len(room.calls(intent))) == ("succeeded", 1)
        return
    assert (ended["state"], str(ended["reason"]).partition(":")[0], room.calls(intent)) == ("refused", "quotes_changed", [])
    assert honest[which]["quote_id"] in ended["reason"]
    shown = [json.loads(event.value) for event in room.published.events if event.envelope.kind == topics.QUOTE_RECEIVED]
    assert {one["fx_rate"] for one in shown} == {one["fx_rate"] for one in honest}, "what is decided anew rests on these"


@pytest.mark.parametrize("decided_on_one", [False, True])
async def test_a_venue_without_a_snapshot_is_as_it_was(room: Room, decided_on_one: bool) -> None:
    """404: a decision without a snapshot is sent for, one that rests on a snapshot is not."""
    intent = await room.create()
    await room.control("faults", set={"snapshot_absent": "1"})
    command, _ = room.issue(intent, decided=None, decision_id="without")
    issued = CommandIssued.model_validate_json(_issued(room, command))
    facts = room.shown(issued) if decided_on_one else {"compliance": None}
    room.decide(issued, **facts)
    async with Running(room.executor()):
        ended = await room.ended(command)
    if decided_on_one:
        assert (ended["state"], ended["reason"], room.calls()) == ("refused", "evidence_changed: the venue shows no snapshot", [])
    else:
        assert (ended["state"], len(room.calls(intent))) == ("succeeded", 1)


class SnapshotAway(MusubiCommands):
    """A venue whose snapshots cannot be had for a while, or take their time."""

    away, slow = 0, 0.0

    async def _snapshot(self, intent_id: str, *, asked: bool) -> tuple[SnapshotSeen | None, Reading]:
        seen, read = await super()._snapshot(intent_id, asked=asked)
        if seen is None:
            return seen, read
        if self.slow:
            await asyncio.sleep(self.slow)
            return replace(seen, at=datetime.now(UTC)), read
        self.away -= 1
        return (SnapshotSeen(facts={}, at=seen.at, away="503"), Reading()) if self.away >= 0 else (seen, read)


@pytest.mark.parametrize(("away", "slow"), [(2, 0.0), (0, LOOK_AGE_MAX.total_seconds() + 0.2)])
async def test_a_snapshot_that_is_away_or_slow_is_waited_for(room: Room, away: int, slow: float) -> None:
    """Of one that cannot be had nobody knows what it says: read again, then sent; a slow one costs a second look, and both are fresh."""
    intent = await room.create()
    venue = venue_commands(room.simulator.base_url, kind=SnapshotAway)
    assert isinstance(venue, SnapshotAway)
    venue.away, venue.slow = away, slow
    async with Running(room.executor(venue=venue)):
        command, _ = room.issue(intent)
        ended = await room.ended(command)
    assert (ended["state"], len(room.calls(intent)), room.attempts(command)) == ("succeeded", 1, [(1, "done")])
    ((begun, evidence),) = room.connection.execute("SELECT begun_at, evidence FROM commands.attempts").fetchall()
    assert begun - datetime.fromisoformat(json.loads(evidence)["read_at"]) < LOOK_AGE_MAX


class SlowBudget(FreeBudget):
    """Lets a call wait for its permit for longer than a reading stays fresh; readings that go first are free."""

    def __init__(self, room: Room) -> None:
        self.room, self.waits, self.changes = room, 1, dict[str, Any]()

    async def acquire(self, *, priority: bool = False) -> None:
        """Wait once, and let the venue change meanwhile."""
        if priority and self.waits:
            self.waits -= 1
            await asyncio.sleep(LOOK_AGE_AT_GATE.total_seconds() + 0.1)
            if self.changes:
                await self.room.control("records", **self.changes)


@pytest.mark.parametrize("changed", [False, True])
async def test_a_call_that_waited_for_its_permit_is_looked_at_again(room: Room, changed: bool) -> None:
    """The reading is older than it may be when the permit comes: the record is read once more before the call, and is what counts."""
    intent = await room.create()
    budget = SlowBudget(room)
    if changed:
        budget.changes = {"intent_id": intent, "fields": {"target_amount": "1"}}
    async with Running(room.executor(venue=venue_commands(room.simulator.base_url, budget=budget))):
        command, _ = room.issue(intent)
        ended = await room.ended(command)
    paths = [one["path"] for one in room.simulator.truth.requests if intent in one["path"] and "/simulator/" not in one["path"]]
    looks = [path for path in paths if not path.endswith("/accept")]
    order, snapshot = f"/api/v1/orders/{intent}", f"/api/v1/compliance/orders/{intent}"
    assert (sorted(looks[:2]), sorted(looks[2:4])) == ([snapshot, order],) * 2, "looked at, and again when the permit came"
    if changed:
        assert (ended["state"], ended["reason"], room.calls(intent)) == ("refused", "terms_changed", [])
    else:
        assert (ended["state"], len(room.calls(intent)), len(paths)) == ("succeeded", 1, 5)
        evidence = room.connection.execute("SELECT evidence FROM commands.attempts").fetchall()
        ((begun,),) = room.connection.execute("SELECT begun_at FROM commands.attempts").fetchall()
        read_at = datetime.fromisoformat(json.loads(evidence[0][0])["read_at"])
        assert begun - read_at < LOOK_AGE_MAX


class HeldUp(SystemClock):
    """Stands for a call that is held up for a while between its checks and its leaving, by one of the two clocks."""

    wall, steady = timedelta(0), 0.0

    def now(self) -> datetime:
        """Return the wall-clock time, later by what the call was held up."""
        return super().now() + self.wall

    def monotonic(self) -> float:
        """Return the seconds, later by what the call was held up."""
        return super().monotonic() + self.steady


class HoldingUp(PostgresJournal):
    """Holds the first call up once its attempt is committed, until that is noted."""

    def __init__(self, dsn: str, clock: HeldUp, **by: Any) -> None:
        super().__init__(connector_of(dsn))
        self.clock, self.by = clock, by

    def begin(self, claim: Claim, **told: Any) -> Began | Barred:
        """Commit the attempt."""
        began = super().begin(claim, **told)
        if not claim.attempts:
            vars(self.clock).update(self.by)
        return began

    def note(self, claim: Claim, result: AttemptResult, *, refusal: Answered | None = None) -> None:
        """Note it, and go on."""
        super().note(claim, result, refusal=refusal)
        vars(self.clock).clear()


@pytest.mark.parametrize("by", [{"wall": LOOK_AGE_MAX}, {"steady": 61.0}], ids=["the look is old", "the checks are old"])
async def test_a_call_that_is_held_up_after_its_checks_does_not_leave(
    room: Room, by: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its reading is 2 s old, or its attempt was committed too long ago: it had no effect, and the next one leaves in time."""
    monkeypatch.setattr("pipeline.commands.executor.GATE_SECONDS_MAX", 60.0)  # a busy machine holds nothing up for so long
    intent, clock = await room.create(), HeldUp()
    executor = room.executor(journal_=HoldingUp(room.dsn, clock, **by))
    executor.clock = clock
    async with Running(executor):
        command, _ = room.issue(intent)
        ended = await room.ended(command)
    assert room.attempts(command) == [(1, "not_done"), (2, "done")]
    assert (ended["state"], len(room.calls(intent))) == ("succeeded", 1)


async def test_nothing_is_sent_after_its_time(room: Room) -> None:
    """A command past its not_after, and one for a quote past its valid_until, expire without a call."""
    intent = await room.create()
    room.accept_directly(intent)
    quote = (await room.quoted(intent))[0]
    other = await room.create()
    late, _ = room.issue(other, seconds=-1)
    async with Running(room.executor()):
        assert (await room.ended(late))["state"] == "expired"
        await eventually_async(lambda: datetime.now(UTC) > quote["valid_until"], within=30, what="the quote's time is over")
        lapsed, _ = room.issue(intent, quote=quote, seconds=20)
        ended = await room.ended(lapsed)
    assert (ended["state"], ended["reason"]) in (("expired", "quote_expired"), ("refused", "quote_closed"))
    assert room.calls() == []


async def test_a_second_command_for_an_open_intent_is_refused_visibly(room: Room) -> None:
    """While a command is open another one for the same intent and kind is answered as refused and raised as an alarm."""
    intent = await room.create()
    first, _ = room.issue(intent)
    second, written = room.issue(intent, issued_at="2020-01-01T00:00:00Z")
    assert written.counts == {"refused": 1}
    assert [json.loads(event.value)["kind"] for event in written.raised] == ["command_while_open"]
    async with Running(room.executor()):
        assert (await room.ended(first))["state"] == "succeeded"
        refused = await room.ended(second)
    assert (refused["state"], refused["reason"]) == ("refused", "another command for this intent is open")
    assert {one["command_id"]: one["outcome"] for one in room.published.completed()} == {first: "succeeded", second: "refused"}
    assert len(room.calls(intent)) == 1


async def test_a_command_that_a_later_decision_supersedes_is_not_sent(room: Room) -> None:
    """When a later decision has issued another command for the same intent and kind, the earlier one no longer leaves."""
    intent = await room.create()
    first, _ = room.issue(intent)
    room.issue(intent)
    async with Running(room.executor()):
        ended = await room.ended(first)
    assert ended["state"] == "refused"
    assert ended["reason"].startswith("superseded: ")
    assert room.calls() == []


async def test_the_same_record_twice_is_one_command(room: Room) -> None:
    """A repeated record of a command changes nothing, before and after the command has ended."""
    intent = await room.create()
    command, _ = room.issue(intent)
    again, written = room.issue(intent, command_id=command)
    assert (again, written.counts) == (command, {"repeated": 1})
    async with Running(room.executor()):
        await room.ended(command)
        _, written = room.issue(intent, command_id=command)
        assert written.counts == {"repeated": 1}
    assert len(room.calls(intent)) == len(room.published.completed()) == 1


async def test_two_executors_send_no_command_twice(room: Room) -> None:
    """Two executors on one journal share sixty commands: every proposal is accepted by one call and reported once."""
    intents = [await room.create(quotes=0) for _ in range(60)]
    one, other = Kept(), Kept()
    async with Running(room.executor(owner="one", published=one), room.executor(owner="other", published=other)):
        commands = [room.issue(intent)[0] for intent in intents]
        for command in commands:
            assert (await room.ended(command))["state"] == "succeeded"
    assert sorted(call["intent_id"] for call in room.calls()) == sorted(intents)
    outcomes = [one_["command_id"] for one_ in (*one.completed(), *other.completed())]
    assert sorted(outcomes) == sorted(commands)
    owners = room.connection.execute("SELECT DISTINCT owner FROM commands.attempts").fetchall()
    assert {owner for (owner,) in owners} == {"one", "other"}


STEPS = ["commands.before_send", "commands.after_send", "commands.after_outcome", "commands.after_publish"]


@pytest.mark.parametrize("step", STEPS)
async def test_a_kill_between_any_two_steps_sends_nothing_twice(room: Room, tmp_path: Path, step: str) -> None:
    """An executor killed between two steps leaves a command that the next one ends: one effective call per kind, one outcome id."""
    intent = await room.create()
    published = tmp_path / "published.jsonl"
    command, _ = room.issue(intent)
    victim = await start_program(room, published, owner="victim", CUSTODIAN_FAILPOINT=step)
    assert await asyncio.wait_for(victim.wait(), 20) == -9
    survivor = await start_program(room, published, owner="survivor")
    try:
        ended = await room.ended(command, within=25)
        quote = (await room.quoted(intent))[0]
        signing, _ = room.issue(intent, quote=quote, seconds=3)
        assert (await room.ended(signing))["state"] == "succeeded"
    finally:
        survivor.terminate()
        assert await survivor.wait() == 0
    assert ended["state"] == "succeeded"
    assert room.effective(intent) == room.effective(intent, "co_sign_quote") == 1
    assert len(room.calls(intent)) == 2, "what never left is made again, what was answered is not"
    lines = [json.loads(line) for line in published.read_text().splitlines()]
    assert len({line["id"] for line in lines if line.get("command_id") == command}) == 1


@pytest.mark.parametrize("kind", ["accept_proposal", "co_sign_quote"])
async def test_a_refusal_is_final_for_whoever_goes_on(room: Room, tmp_path: Path, kind: str) -> None:
    """An executor that dies after 409, before it has read the record, leaves the refusal to the next one, which does not ask again."""
    intent, quote = await room.create(quotes=3), None
    if kind == "co_sign_quote":
        room.accept_directly(intent)
        quote = (await room.quoted(intent))[0]
    await room.control("faults", set={"accept_conflict": "1"})
    command, _ = room.issue(intent, quote=quote)
    published = tmp_path / "published.jsonl"
    victim = await start_program(room, published, owner="same", CUSTODIAN_FAILPOINT="commands.after_refusal")
    assert await asyncio.wait_for(victim.wait(), 20) == -9
    await room.control("faults", clear=True)  # a second call would be taken
    survivor = await start_program(room, published, owner="same")
    try:
        ended = await room.ended(command, within=25)
    finally:
        survivor.terminate()
        assert await survivor.wait() == 0
    assert (ended["state"], ended["http_status"]) == ("refused", 409)
    assert [call["outcome"] for call in room.calls(intent)] == ["conflict"]
    (told,) = [json.loads(line) for line in published.read_text().splitlines()]
    assert (told["outcome"], told["http_status"]) == ("refused", 409)
    assert json.loads(told["response"])["error"]["code"]


async def test_a_claim_passes_on_when_its_executor_stands_still(room: Room) -> None:
    """Whoever holds a claim and does nothing loses it with its lease, and then can neither call nor end the command."""
    intent = await room.create()
    command, _ = room.issue(intent)
    frozen = PostgresJournal(connector_of(room.dsn))
    (claim,) = frozen.claim("frozen", limits={VENUE: 1}, lease=0.5)
    async with Running(room.executor(owner="next")):
        assert (await room.ended(command))["state"] == "succeeded"
    begun = frozen.begin(claim, lease=5, quote_valid_until=None, at=datetime.now(UTC), evidence="{}", unfit=nothing)
    assert isinstance(begun, Barred)
    assert begun.by == "lost"
    ending = Ending(outcome="refused", reason="too late")
    assert frozen.close(claim, ending, result=None, at=datetime.now(UTC)) is False
    frozen.close_connections()
    assert len(room.calls(intent)) == 1


# --- a venue that plays what a test says, for answers that the simulator does not give --------------------------------


class PlayedVenue:
    """Shows one proposal, answers calls in turn, and counts what got through the gate."""

    venue = VENUE

    def __init__(self, *answers: Answer, status: str = "PENDING", resolved: bool = True, readable: bool = True) -> None:
        self.answers = list(answers)
        self.status, self.resolved, self.readable = status, resolved, readable
        self.calls: list[datetime] = []
        self.looks = 0

    async def look(self, intent_id: str, *, quotes: bool, snapshot: bool = False) -> Look:
        """Show the proposal; there is no snapshot."""
        self.looks += 1
        if not self.readable:
            raise ServiceAwayError("away")
        order = OrderSeen(
            status=self.status,
            side="sender",
            source_currency="JPYSC0",
            target_currency="USDCx",
            target_amount=Decimal(100_000),
            source_amount_max=Decimal(12_000_000),
        )
        now = datetime.now(UTC)
        return Look(order=order, quotes=(), at=now, snapshot=SnapshotSeen(facts={}, at=now) if snapshot else None)

    async def send(self, kind: Kind, intent_id: str, quote_id: str | None, *, gate: Gate) -> Answer:
        """Pass the gate and answer."""
        await gate()
        self.calls.append(datetime.now(UTC))
        return self.answers[min(len(self.calls), len(self.answers)) - 1]

    def answered_order(self, intent_id: str, response: str, at: datetime) -> None:
        """Answer with nothing that is an order."""

    def time(self) -> VenueTime:
        """Tell our own time."""
        now = datetime.now(UTC)
        return VenueTime(earliest=now, latest=now, resolved=self.resolved)

    async def aclose(self) -> None:
        """Nothing to close."""


INTENT = "f47ac10b-58cc-4372-a567-0e02b2c3d479"


async def test_a_busy_venue_is_asked_again_when_it_says_so(room: Room) -> None:
    """429 with Retry-After: the next call leaves no sooner, and calls without effect do not use up the three."""
    venue = PlayedVenue(*[NotDone(reason="429", retry_after=0.3)] * 4, OutcomeOpen(reason="never"))
    async with Running(room.executor(venue=venue)):
        command, _ = room.issue(INTENT, seconds=60)
        await eventually_async(lambda: len(venue.calls) == 5, within=10, what="five calls")
        await eventually_async(lambda: room.attempts(command)[-1][1] == "open", within=5, what="the last answer is stored")
    gaps = [later - earlier for earlier, later in zip(venue.calls, venue.calls[1:], strict=False)]
    assert min(gaps[:4]) >= timedelta(seconds=0.3)
    assert [outcome for _, outcome in room.attempts(command)] == ["not_done"] * 4 + ["open"]
    assert room.row(command)["calls_open"] == 1


async def test_an_unresolved_clock_keeps_the_call_back(room: Room) -> None:
    """While the venue's time is not known nothing is sent: read twice, then refused."""
    venue = PlayedVenue(resolved=False)
    async with Running(room.executor(venue=venue)):
        command, _ = room.issue(INTENT)
        ended = await room.ended(command)
    assert (ended["state"], ended["reason"], venue.looks, venue.calls) == ("refused", "clock_unresolved", 2, [])


async def test_an_outcome_that_stays_unknown_is_an_alarm_and_stays_open(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    """After the allowed readings the outcome is unknown: an alarm, no other quote or decision gets through, the same thing goes on."""
    monkeypatch.setattr(decide, "READ_ON", timedelta(seconds=0.2))
    quote, other = {"quote_id": INTENT, "fx_rate": "112"}, {"quote_id": INTENT.replace("f47", "a47"), "fx_rate": "111"}
    started = datetime.now(UTC)
    venue = PlayedVenue(OutcomeOpen(reason="502"), status="QUOTED")
    journal = PostgresJournal(connector_of(room.dsn))
    command, _ = room.issue(INTENT, quote=quote, seconds=1)
    (claim,) = journal.claim("gone", limits={VENUE: 1}, lease=0.2)
    assert isinstance(journal.begin(claim, lease=0.2, quote_valid_until=None, at=started, evidence="{}", unfit=nothing), Began)
    async with Running(room.executor(venue=venue)):
        ended = await room.ended(command, within=15)
    assert (ended["state"], ended["open"], venue.calls) == ("unknown", True, [])
    assert room.published.alarms() == ["command_outcome_unknown"]
    assert room.published.completed()[0]["outcome"] == "unknown"
    _, written = room.issue(INTENT, quote=other)
    assert written.counts == {"refused": 1}
    again, written = room.issue(INTENT, quote=quote)
    assert written.counts == {"journalled": 1}
    (claim,) = journal.claim("next", limits={VENUE: 9}, lease=5)
    assert (claim.order.command_id, claim.calls_open) == (again, 1), "the call of before counts, so it begins by reading"
    journal.close_connections()


async def test_a_venue_that_cannot_be_read_lets_an_unsent_command_expire(room: Room) -> None:
    """Nothing is sent to a venue whose record cannot be read; when its time is over the command expires."""
    venue = PlayedVenue(readable=False)
    async with Running(room.executor(venue=venue)):
        command, _ = room.issue(INTENT, seconds=1.5)
        ended = await room.ended(command)
    assert (ended["state"], ended["attempts"], venue.calls) == ("expired", 0, [])


class Reluctant(Kept):
    """A publisher whose broker is away for the first times."""

    def __init__(self, times: int) -> None:
        super().__init__()
        self.times = times

    def publish(self, events: Sequence[Outgoing]) -> None:
        """Fail, or keep them."""
        if self.times > 0:
            self.times -= 1
            raise ServiceAwayError("Kafka does not answer")
        super().publish(events)


async def test_an_outcome_is_marked_only_after_it_is_acknowledged(room: Room) -> None:
    """While Kafka is away the outcome waits in the journal; then it is published once."""
    intent = await room.create()
    published = Reluctant(3)
    async with Running(room.executor(published=published)):
        command, _ = room.issue(intent)
        await room.ended(command)
    assert published.times == 0
    assert [one["command_id"] for one in published.completed()] == [command]


async def test_a_halt_that_has_returned_is_seen_by_every_attempt(room: Room) -> None:
    """Sixty attempts race with a halt: none is committed after it, in the order in which the database committed them."""
    journal = PostgresJournal(connector_of(room.dsn), connections=8)
    commands = [room.issue(INTENT.replace("479", f"{number:03}"))[0] for number in range(60)]
    claims = journal.claim("racer", limits={VENUE: 60}, lease=30)
    assert len(claims) == 60

    def begin(claim: Claim) -> bool:
        return isinstance(journal.begin(claim, lease=30, quote_valid_until=None, at=datetime.now(UTC), evidence="{}", unfit=nothing), Began)

    def halt() -> int:
        halts.halt(room.connection, venue=None, pair=None, reason="drill", by="officer")
        row = room.connection.execute("SELECT count(*) FROM commands.attempts").fetchone()
        return int(row[0]) if row else 0

    begun = [asyncio.to_thread(begin, claim) for claim in claims]
    first = await asyncio.gather(*begun[:20])
    *rest, committed_at_halt = await asyncio.gather(*begun[20:40], asyncio.to_thread(halt), *[])
    last = await asyncio.gather(*begun[40:])
    assert all(first)
    assert not any(last)
    assert committed_at_halt == sum(first) + sum(rest), "whoever began was committed when the halt returned"
    again = halts.halt(room.connection, venue=None, pair=None, reason="drill", by="officer")
    assert (again.new, again.in_flight) == (False, committed_at_halt)
    assert sum(room.row(command)["state"] == "sent" for command in commands) == committed_at_halt
    journal.close_connections()


@pytest.mark.parametrize("ended", ["refused", "expired", "succeeded", "unknown"])
async def test_a_decision_is_spent_once(room: Room, ended: str) -> None:
    """However its command ended, what was counted for it is another's by now: the same command under a new id makes no attempt."""
    intent = await room.create()
    command, _ = room.issue(intent, seconds=60)
    journal = PostgresJournal(connector_of(room.dsn))
    room.connection.execute(
        "UPDATE commands.journal SET state = %s, open = %s, completed_at = clock_timestamp() WHERE command_id = %s",
        (ended, ended == "unknown", command),
    )
    again, _ = room.issue(intent, seconds=60, decision_id="decision-1", decided=None)
    assert room.row(again)["decision_id"] == room.row(command)["decision_id"]
    (claim,) = journal.claim("first", limits={VENUE: 1}, lease=30)
    assert claim.order.command_id == again
    began = journal.begin(claim, lease=30, quote_valid_until=None, at=datetime.now(UTC), evidence="{}", unfit=lambda _: None)
    assert getattr(began, "by", None) == "superseded", began
    assert room.attempts(again) == []
    journal.close_connections()


async def test_what_came_later_for_a_decision_does_not_keep_the_first_command_off(room: Room) -> None:
    """Whoever writes the same command once more while the first one is open has it refused, and the first one goes on."""
    intent = await room.create()
    command, _ = room.issue(intent, seconds=60)
    again, _ = room.issue(
        intent,
        seconds=60,
        decision_id="decision-1",
        decided=None,
        issued_at=room.row(command)["issued_at"].isoformat().replace("+00:00", "Z"),
    )
    assert room.row(again)["state"] == "refused"
    journal = PostgresJournal(connector_of(room.dsn))
    (claim,) = journal.claim("first", limits={VENUE: 1}, lease=30)
    began = journal.begin(claim, lease=30, quote_valid_until=None, at=datetime.now(UTC), evidence="{}", unfit=lambda _: None)
    assert isinstance(began, Began), began
    assert room.attempts(command) == [(1, None)]
    journal.close_connections()
