"""An order that did not settle, and the story of why not: `custodian orders show` says it in words that a person understands."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tests.accepting_auditor import audit_accepting
from tests.auditor import until_done
from tests.faults.test_accepting import POLICY, SETTINGS, WORLD, accepting_rig, stories
from tests.rig import Rig
from tests.waiting import eventually

MakeRig = Callable[..., Rig]
LOOKED_AT = """
[[rules]]
name = "a person looks at large ones"
on = "accept_proposal"
check = "amount_at_most"
params = { side = "target", currency = "USDCx", limit = "500000" }
otherwise = "REFER"
"""
LIFETIME = 45.0
"""Real seconds of an order: long enough for a slow machine to accept it, short enough to wait for its end."""
SMALL = {"target_amount": "1000", "quotes": 1}
ORDERS: dict[str, dict[str, Any]] = {
    "rejected": {"target_amount": "200000000"},
    "referral lapsed": {"target_amount": "900000"},
    "over the guard": {**SMALL, "source_amount_max": "1000", "rounds": 1},
    "halted": {**SMALL, "target_currency": "EURCx"},
    "cancelled": {**SMALL, "quotes": 0},
    "withdrawn": {**SMALL, "quotes": 0},
    "unknown status": {**SMALL, "quotes": 0},
    "failed": {**SMALL, "ending": "revert"},
    "settled": SMALL,
}
SAID: dict[str, tuple[str, ...]] = {
    "rejected": (
        "before that: rejected by risk",
        "REJECT by nothing enormous: observed 200000000, limit 100000000",
    ),
    "referral lapsed": (
        "the venue shows EXPIRED; before that: the referral was not answered in time",
        "REFER by a person looks at large ones: observed 900000, limit 500000",
        "people did not decide in time: 0 of 1 approved",
    ),
    "over the guard": ("before that: the proposal was accepted, and no quote was co-signed: 1 over the sender's maximum",),
    "conflict": (
        "accepting the proposal was refused by the venue: 409 CONFLICT, the order or the quote does not allow it any more",
        "command: accept_proposal refused, 1 attempts",
    ),
    "halted": ("accepting the proposal was not sent: accepting is halted: ", "a drill", "command: accept_proposal refused, 0 attempts"),
    "cancelled": ("the venue shows EXPIRED; before that: the proposal was accepted, and no quote came",),
    "withdrawn": ("the venue does not show the order any more (404), so it was withdrawn; before that: the proposal was accepted",),
    "unknown status": ("the venue shows SUSPENDED, a status that we do not know, which counts as an end; before that: ",),
    "failed": ("the venue shows FAILED; before that: a quote was co-signed", "failure_reason "),
    "settled": (": settled", "booked: settlement"),
}


def proposed(rig: Rig, **order: Any) -> str:
    """Let the venue begin one order that needs us."""
    return str(rig.venue_post("orders", orders=[{"side": "sender", **order}])["intents"][0])


def accepted(rig: Rig, intent: str) -> None:
    """Wait until a proposal is accepted and quotes are waited for."""
    eventually(lambda: stories(rig).get(intent, ("", "", None))[1] == "quoting", within=60, what="quotes are waited for")


def test_the_story_of_why_not_is_told_in_words(make_rig: MakeRig) -> None:
    """One order for each way in which a proposal ends: the reason stands in `orders show`, also after the venue has ended the order."""
    rig = accepting_rig(make_rig, seed=231, rate=0, world={**WORLD, "order_lifetime": LIFETIME * 10})
    rig.write_settings(policy=POLICY + LOOKED_AT, more=SETTINGS.format(url=rig.venue.base_url))
    up = rig.up()
    rig.connected(within=60)
    rig.custodian("halt", "--pair", "JPYSC0/EURCx", "--reason", "a drill", "--as", "first person")
    intents = {"conflict": conflicted(rig)}
    intents |= {name: proposed(rig, **order) for name, order in ORDERS.items()}
    for name in ("cancelled", "withdrawn", "unknown status"):
        accepted(rig, intents[name])
    assert rig.venue_post("cancel", intent_id=intents["cancelled"])["cancelled"]
    rig.venue_post("faults", switches={"A-11": "gone"})
    assert rig.venue_post("cancel", intent_id=intents["withdrawn"])["cancelled"]
    rig.venue_post("records", intent_id=intents["unknown status"], fields={"status": "SUSPENDED"})
    eventually(lambda: {phase for _, phase, _ in stories(rig).values()} == {"ended"}, within=90, what="every intent has ended")
    until_done(rig)
    assert untold(rig, intents) == {}
    audit_accepting(rig.folder / "truth.jsonl", dsn=rig.dsn)
    assert up.end() == 0


def conflicted(rig: Rig) -> str:
    """Begin an order, let the venue refuse to accept its proposal, and cancel it."""
    rig.venue_post("faults", set={"accept_conflict@accept_proposal": 1})
    intent = proposed(rig, **SMALL)
    refused = "SELECT count(*) FROM custodian.states WHERE state ->> 'intent_id' = %s AND state ->> 'phase' = 'accept_in_doubt'"
    eventually(lambda: rig.value(refused, (intent,)), within=60, what="the venue has refused")
    assert rig.venue_post("cancel", intent_id=intent)["cancelled"]
    rig.venue_post("faults", clear=True)
    return intent


def untold(rig: Rig, intents: Mapping[str, str]) -> dict[str, str]:
    """Return of each order what `orders show` does not say to a person though it should, with what it says."""
    found = {}
    for name, intent in intents.items():
        words = rig.custodian("orders", "show", intent, "--format", "table").stdout
        missing = [part for part in SAID[name] if part not in words]
        if missing:
            found[name] = f"{missing} not in\n{words}"
    return found
