"""The auditor of accept calls on a real executor, database and venue: it passes what is right and finds what is not."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from connectors.simulators.musubi.settings import Settings
from connectors.simulators.musubi.simulator import Simulator
from connectors.simulators.musubi.world import Rules
from pipeline.commands.executor import Limits
from pipeline.stores import belief, halts
from tests.accepting_auditor import History, Span, Witness, audit_accepting, history, judge
from tests.integration.command_room import SECRET, VENUE, Room, Running, prepare, start_program
from tests.waiting import eventually_async

QUICK = Limits(call_timeout=1.0, look_timeout=2.0)
UNHURRIED = Limits(call_timeout=10.0, look_timeout=2.0)
"""A call waits for the witness, on a busy machine for longer than a second; what nobody waits for any more is no open attempt."""


@dataclass(kw_only=True)
class Watched:
    """A room whose venue writes the truth to a file, and decisions written as the risk engine writes them."""

    room: Room
    truth: Path

    def decide(self, decision_id: str, intent: str, question: str, quote_id: str | None, *, verdict: str = "ACCEPT") -> None:
        """Store a decision."""
        now = datetime.now(UTC)
        document = {
            "decision_id": decision_id,
            "intent_id": intent,
            "question": question,
            "verdict": verdict,
            "decided_at": now.isoformat(),
        }
        if quote_id is not None:
            document["quote_id"] = quote_id
        self.room.connection.execute(
            "INSERT INTO risk.decisions"
            " (request_id, context_sha256, decision_id, venue, intent_id, question, verdict, decision, decided_at)"
            " VALUES (%s, '', %s, %s, %s, %s, %s, %s, %s)",
            (f"request-{decision_id}", decision_id, VENUE, intent, question, verdict, json.dumps(document), now),
        )

    async def live(self, intent: str, *, seconds: float = 12.0) -> None:
        """Decide, accept, quote, decide and co-sign, as the workflow would when all goes well."""
        command, _ = self.room.issue(intent, decision_id=f"accept-{intent}", seconds=seconds)
        if (await self.room.ended(command, within=60))["state"] != "succeeded":
            return
        quote = (await self.room.quoted(intent))[0]
        command, _ = self.room.issue(intent, quote=quote, decision_id=f"sign-{quote['quote_id']}", seconds=seconds)
        await self.room.ended(command, within=60)

    def read(self) -> History:
        """Return what the truth and the database say."""
        return history(self.truth, dsn=self.room.dsn)


@pytest.fixture
async def watched(postgres: str, tmp_path: Path) -> AsyncIterator[Watched]:
    """A database with tables, and a venue in which a quote lives for half a minute and an order for a minute.

    Both outlive the commands: the margin that keeps a call from arriving late is the workflow's, and these commands have none.
    """
    truth = tmp_path / "truth.jsonl"
    settings = Settings(client_secret=SECRET, rules=Rules(rate=0, speed=10, quote_validity=300, order_lifetime=600), truth_file=truth)
    async with Simulator(settings) as simulator, httpx.AsyncClient(base_url=simulator.base_url, timeout=10) as http:
        with prepare(postgres) as connection:
            yield Watched(room=Room(dsn=postgres, connection=connection, simulator=simulator, http=http), truth=truth)


async def test_an_executor_on_an_unruly_venue_breaks_no_rule(watched: Watched) -> None:
    """With lost answers, refusals and delays every call was journalled, begun and decided before it came, and none was too many."""
    room = watched.room
    faults = {"accept_applied_502": 0.2, "accept_not_applied_502": 0.2, "accept_applied_cut": 0.1, "accept_conflict": 0.1}
    await room.control("faults", set={**faults, "accept_too_many": "0.1:1", "accept_applied_late": "0.1:0.5", "date_absent": 0.2})
    intents = [await room.create() for _ in range(12)]
    async with Witness(room.simulator.base_url, room.dsn) as witness, Running(room.executor(limits=UNHURRIED)):
        await asyncio.gather(*(watched.live(intent) for intent in intents))
    judged = audit_accepting(watched.truth, dsn=room.dsn, seen=witness.seen)
    assert {one.intent_id for one in judged.calls} == set(intents)
    assert len(judged.calls) > len(intents)
    assert witness.seen.keys() == {one.number for one in judged.calls}
    assert sum(room.simulator.truth.faults[name] for name in faults) > 3


async def test_calls_without_a_record_are_found(watched: Watched) -> None:
    """A call that somebody makes past the journal has no row, no attempt and no decision, for the witness and afterwards."""
    room = watched.room
    intent = await room.create()
    async with Witness(room.simulator.base_url, room.dsn) as witness:
        await _rogue(room, f"/api/v1/orders/{intent}/accept")
    read = watched.read()
    assert [violation.rule for violation in judge(read)] == ["no_journal_row"]
    (sight,) = witness.seen.values()
    assert (sight.journal, sight.attempt, sight.decision) == (False, False, False)


async def test_a_command_without_a_decision_is_found(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was journalled and sent, by a gate that believes everything, on a decision that nobody made, or that said something else."""
    monkeypatch.setattr(belief, "doubts", lambda _transaction, _trust, heard: [None] * len(heard))
    room = watched.room
    undecided, refused = await room.create(), await room.create()
    watched.decide("refused", refused, "accept_proposal", None, verdict="REJECT")
    async with Witness(room.simulator.base_url, room.dsn) as witness, Running(room.executor(limits=QUICK)):
        for intent, told in ((undecided, "nobody"), (refused, "refused")):
            await room.ended(room.issue(intent, decision_id=told, committed=False)[0])
    assert [(one.rule, one.intent_id) for one in judge(watched.read())] == [("no_decision", undecided), ("no_decision", refused)]
    assert [(sight.journal, sight.attempt, sight.decision) for sight in witness.seen.values()] == [(True, True, False)] * 2


async def test_calls_after_a_halt_and_in_shadow_are_found(watched: Watched) -> None:
    """The halts of the database and the time of shadow are compared with when the venue had the calls; the executor itself obeys."""
    room = watched.room
    intent, forbidden = await room.create(), await room.create()
    async with Running(room.executor(limits=QUICK)):
        await watched.live(intent)
        halts.halt(room.connection, venue=VENUE, pair=None, reason="a test", by="tester")
        halted_at = datetime.now(UTC)
        assert (await room.ended(room.issue(forbidden, decision_id=f"accept-{forbidden}")[0]))["reason"].startswith("halted")
    assert judge(watched.read(), grace=timedelta(0)) == []
    await _rogue(room, f"/api/v1/orders/{forbidden}/accept")
    assert [one.rule for one in judge(watched.read())] == ["while_halted", "no_attempt"]
    in_shadow = replace(watched.read(), halts=(), journal=None, shadow=[Span(begun_at=halted_at)])
    assert [one.rule for one in judge(in_shadow)] == ["in_shadow"]


@pytest.mark.parametrize("when", ["before", "after"])
async def test_an_executor_killed_while_its_call_is_held_breaks_no_rule(watched: Watched, tmp_path: Path, when: str) -> None:
    """SIGKILL while the venue has the call and has applied it, or has not yet: the venue goes on, and the next executor finds out."""
    room, published = watched.room, tmp_path / "published.jsonl"
    intent = await room.create()
    await room.control("hold", when=when)
    first = await start_program(room, published, owner="first", lease=1.0)
    command, _ = room.issue(intent, decision_id="d", seconds=12)
    (call,) = await _calls(room, holding=when)
    first.kill()
    await first.wait()
    await _calls(room, reached="left")
    await room.control("release", call=call["call"])
    second = await start_program(room, published, owner="second")
    try:
        ended = await room.ended(command)
    finally:
        second.terminate()
        await second.wait()
    assert ended["state"] == "succeeded"
    judged = audit_accepting(watched.truth, dsn=room.dsn)
    assert [(one.applied, one.answered_at is None) for one in judged.calls] == [(True, True)]


async def _rogue(room: Room, path: str) -> None:
    """Call the venue as nobody of the product would."""
    credentials = {"client_id": "custodian-a", "client_secret": SECRET}
    token = (await room.http.post("/auth/token", json=credentials)).json()["data"]["token"]
    answer = await room.http.post(path, headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 200, answer.text


async def _calls(room: Room, **wanted: str) -> list[dict[str, Any]]:
    """Wait for accept calls at the venue."""

    async def found() -> list[dict[str, Any]]:
        calls: list[dict[str, Any]] = (await room.http.get("/simulator/calls", params={"seconds": "1", **wanted})).json()["calls"]
        return calls

    return await eventually_async(found, within=20, what=f"a call with {wanted}")
