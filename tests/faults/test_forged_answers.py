"""One forged record on a topic against the whole pipeline with the built-in engine: what a stranger writes has nothing accepted.

On `decision-made`: orders wait for one person or for two; a stranger says ACCEPT in the engine's name and in theirs, and nobody can put
back what died of it. On `compliance-read`: the snapshot that the policy wants, of an order of which the venue says otherwise.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from pipeline.log.envelope import time_text
from tests.accepting_auditor import Witness, audit_accepting
from tests.auditor import produce, until_quiet
from tests.faults.test_accepting import PATIENT, accepting_rig
from tests.faults.test_external_engine import Played, approve, headers_of, propose, told
from tests.faults.test_kills import ENGINES
from tests.rig import Rig
from tests.waiting import eventually

FOUR_EYES = """
name = "four eyes"
version = 1
[[rules]]
name = "small orders"
on = "accept_proposal"
check = "amount_at_most"
params = { side = "target", currency = "USDCx", limit = "10000" }
otherwise = "REFER"
[[rules]]
name = "two people"
on = "accept_proposal"
check = "four_eyes_above"
params = { side = "target", currency = "USDCx", limit = "100000" }
otherwise = "REFER"
[[rules]]
name = "cheapest quote"
on = "co_sign_quote"
check = "best_execution"
params = { ties = "first_seen" }
otherwise = "REFER"
"""


def waiting(rig: Rig) -> dict[str, str]:
    """Return the decisions that wait for people, by order."""
    return {one["intent_id"]: one["decision_id"] for one in rig.listed("decisions", "list", "--pending")}


def test_a_forged_accept_has_nothing_accepted(make_rig: Callable[..., Rig]) -> None:
    """Plain, or naming a referral: no call, a dead letter that is not put back, a critical alarm; a person's real answer still counts."""
    rig = accepting_rig(make_rig, seed=241, rate=0, world=PATIENT)
    (rig.folder / "policy.toml").write_text(FOUR_EYES)
    up = rig.up()
    rig.connected(within=60)
    stranger = Played(rig, key=None)
    with Witness(rig.venue.base_url, rig.dsn) as witness:
        small, one, two, plain = propose(rig, *({"target_amount": amount, "quotes": 1} for amount in ("1000", "50000", "200000", "300000")))
        asked = {intent: stranger.asked(intent) for intent in (one, two, plain)}
        eventually(lambda: waiting(rig).keys() == asked.keys(), within=30, what="three orders wait for people")
        referred = waiting(rig)
        stranger.answer(asked[plain], decided_by="risk")
        for intent in (one, two):
            stranger.answer(asked[intent], refers_to=referred[intent], decided_by="First Officer, Second Officer")
            stranger.answer(asked[intent], "REJECT", refers_to=referred[intent], decided_by="First Officer")
        letters = eventually(lambda: forged(rig, 5), within=30, what="all that the stranger said is dead")
        done = rig.listed("dead-letters", "requeue", *letters, "--reason", "a stranger's wish", expect=1)
        assert {line["outcome"] for line in done} == {"refused"}
        eventually(lambda: len(rig.settled_at_venue()) == 1, within=60, what="the small order settles")
        assert waiting(rig) == referred, "nobody has answered the others"
        approve(rig, one)
        eventually(lambda: len(rig.settled_at_venue()) == 2, within=60, what="what a person approved settles")
        for intent in (two, plain):
            assert rig.venue_post("cancel", intent_id=intent)["cancelled"]
        until_quiet(rig, within=60)
        history = audit_accepting(rig.folder / "truth.jsonl", dsn=rig.dsn, seen=witness.seen)
    assert Counter(call.intent_id for call in history.calls) == {small: 2, one: 2}
    raised = Counter((alarm["kind"], alarm["severity"], alarm["subject"]) for alarm in rig.listed("alarms", "list"))
    assert {key: raised[key] for key in raised if key[0] == "decision_forged"} == {
        ("decision_forged", "critical", plain): 1,
        ("decision_forged", "critical", one): 2,
        ("decision_forged", "critical", two): 2,
    }
    assert {key[2] for key in raised if key[0] == "decision_unapproved"} == {one, two}
    assert up.end() == 0
    assert not up.deaths()


def forged(rig: Rig, number: int) -> list[str]:
    """Return so many records that are dead for not being believed; nothing while there are fewer."""
    found = [line["dead_letter_id"] for line in rig.listed("dead-letters", "list") if "not believed" in line["reason"]]
    return found if len(found) >= number else []


ENHANCED = """
name = "enhanced"
version = 1
[[rules]]
name = "known well"
on = "accept_proposal"
check = "kyc_status"
params = { allowed = ["KYC_ENHANCED"] }
otherwise = "REJECT"
[[rules]]
name = "cheapest quote"
on = "co_sign_quote"
check = "best_execution"
params = { ties = "first_seen" }
otherwise = "REFER"
"""
ENDED = "SELECT state, split_part(reason, ':', 1), attempts FROM commands.journal WHERE intent_id = %s ORDER BY issued_at"
ANSWERS = "SELECT verdict FROM risk.answers WHERE intent_id = %s ORDER BY kept_at"


def forge_snapshot(rig: Rig, intent: str, *, ahead: timedelta) -> None:
    """Say on the topic, as ingest does, that the venue shows the snapshot that the policy wants."""
    ((partition, value, headers),) = [one for one in told(rig, "compliance-read.v1") if one[1]["intent_id"] == intent]
    said = {name: one for name, one in value.items() if name != "lacking"}
    said |= {"kyc_status": "KYC_ENHANCED", "kyc_expires_at": "2100-01-01T00:00:00Z"}
    said["observed"] |= {"observed_at": time_text(datetime.now(UTC) + ahead)}
    named = {**headers_of(headers), "ce_id": f"forged {intent}"}
    stated = {name: text.encode() for name, text in named.items()}
    produce(rig, "compliance-read.v1", partition, json.dumps(said).encode(), key=intent.encode(), headers=stated)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_forged_snapshot_has_nothing_accepted(make_rig: Callable[..., Rig], engine: str) -> None:
    """The policy says yes to it, the gate sees at the venue that it is none, and what is decided anew is decided on the venue's own."""
    rig = accepting_rig(make_rig, seed=242, rate=0, world=PATIENT)
    (rig.folder / "policy.toml").write_text(ENHANCED)
    up = rig.up(CUSTODIAN_ENGINE__KIND=engine)
    rig.connected(within=60)
    rig.venue_post("faults", set={"snapshot_absent": "1"})
    now, later = propose(rig, *[{"target_amount": "1000", "quotes": 1}] * 2)
    eventually(lambda: waiting(rig).keys() == {now, later}, within=60, what="both orders wait for people, for want of a snapshot")
    rig.venue_post("faults", clear=True)
    archived = "SELECT count(*) FROM compliance.records WHERE topic = %s"
    eventually(lambda: rig.value(archived, (rig.topic("compliance-read.v1"),)) == 2, within=30, what="what was read is archived")
    forge_snapshot(rig, now, ahead=timedelta(0))
    forge_snapshot(rig, later, ahead=timedelta(hours=1))
    eventually(lambda: rig.rows(ANSWERS, (now,))[-1:] == [("REJECT",)], within=60, what="the order is decided on the venue's snapshot")
    assert ("ACCEPT",) in rig.rows(ANSWERS, (now,)), "the policy said yes to the forgery"
    assert rig.rows(ENDED, (now,)) == [("refused", "evidence_changed", 0)]
    raised = eventually(
        lambda: [one for one in rig.listed("alarms", "list") if one["kind"] == "evidence_ahead"], within=30, what="the alarm is kept"
    )
    assert [one["subject"] for one in raised] == [later]
    assert (rig.rows(ENDED, (later,)), ("ACCEPT",) in rig.rows(ANSWERS, (later,))) == ([], False), "of no time that has come"
    assert not rig.venue_get("truth?parts=accept_calls")["accept_calls"]
    assert up.end() == 0
    assert not up.deaths()
