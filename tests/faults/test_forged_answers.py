"""One record on `decision-made` against the whole pipeline with the built-in engine: what a stranger writes there has nothing accepted.

Orders wait for one person or for two; a stranger says ACCEPT in the engine's name and in theirs, and nobody can put back what died of it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from tests.accepting_auditor import Witness, audit_accepting
from tests.auditor import until_quiet
from tests.faults.test_accepting import PATIENT, accepting_rig
from tests.faults.test_external_engine import Played, approve, propose
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
