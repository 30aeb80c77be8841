"""An order that did not settle, and the story of why not: `custodian orders show` says it in words that a person understands."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from tests.accepting_auditor import audit_accepting
from tests.auditor import until_done
from tests.faults.test_accepting import PATIENT, POLICY, SETTINGS, WORLD, accepting_rig, stories
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


SCREENED = """
[[rules]]
name = "sanctions screened"
on = "accept_proposal"
check = "sanctions_status"
params = { age_max = "48h" }
otherwise = "REJECT"
"""


def test_a_snapshot_that_comes_late_declines_nothing(make_rig: MakeRig) -> None:
    """A policy that rejects without a screening, and a venue whose snapshot comes after the question: the order waits, and settles."""
    rig = accepting_rig(make_rig, seed=232, rate=0, world=PATIENT)
    rig.write_settings(policy=POLICY + SCREENED, more=SETTINGS.format(url=rig.venue.base_url))
    rig.venue_post("faults", set={"snapshot_late": "1:2.5"})
    up = rig.up()
    rig.connected(within=60)

    def heard() -> list[str]:
        """Return what one more order was answered until it settled, the last first; nothing where it was asked with its snapshot."""
        intent = proposed(rig, **SMALL)
        eventually(lambda: stories(rig).get(intent, ("", "", None))[0] == "SETTLED", within=60, what="the order settles")
        lines = rig.listed("decisions", "list", "--intent", intent)
        verdicts = [line["verdict"] for line in lines if line["question"] == "accept_proposal"]
        return [] if verdicts == ["ACCEPT"] else verdicts

    # A busy machine may come to ask only when the snapshot is here: then another order shows it.
    last, *before = eventually(heard, within=60, what="an order is asked about without its snapshot")
    assert last == "ACCEPT"
    assert set(before) <= {"WAIT", "REFER"}
    audit_accepting(rig.folder / "truth.jsonl", dsn=rig.dsn)
    assert up.end() == 0


def test_what_the_venue_refused_is_not_sent_again_without_a_person(make_rig: MakeRig) -> None:
    """One 409 for an accept that the venue would take the next time: nothing goes out again, a person is asked, with the refusal shown."""
    rig = accepting_rig(make_rig, seed=233, rate=0, world=PATIENT)
    rig.write_settings(policy=POLICY, more=SETTINGS.format(url=rig.venue.base_url))
    rig.venue_post("faults", set={"accept_conflict@accept_proposal": "1x1"})
    up = rig.up()
    rig.connected(within=60)
    intent = proposed(rig, **SMALL)
    waiting = "SELECT count(*) FROM risk.referrals WHERE intent_id = %s AND state = 'pending'"
    eventually(lambda: rig.value(waiting, (intent,)) == 1, within=60, what="a person is asked")
    assert [line["kind"] for line in rig.listed("commands", "list")] == ["accept_proposal"], "one command, and no other after it"
    (referral,) = rig.listed("decisions", "list", "--pending")
    assert [rule["name"] for rule in referral["rules"] if rule["verdict"] == "REFER"] == ["built in: not refused before"]
    assert "409 CONFLICT" in rig.custodian("decisions", "show", referral["decision_id"], "--format", "table").stdout
    audit_accepting(rig.folder / "truth.jsonl", dsn=rig.dsn)
    assert up.end() == 0


def test_a_quote_that_the_institution_chose_is_signed_or_none_is(make_rig: MakeRig) -> None:
    """It has chosen the dearer of two, and the venue shows that: the cheaper one is not signed in its place, a person is asked."""
    rig = accepting_rig(make_rig, seed=234, rate=0, world=PATIENT)
    # The institution chooses within the window in which we wait for more quotes.
    rig.write_settings(policy=POLICY, more=SETTINGS.format(url=rig.venue.base_url).replace('"500ms"', '"12s"', 1))
    rig.venue_post("faults", switches={"A-10": "selected_shown"})
    up = rig.up()
    rig.connected(within=60)
    intent = proposed(rig, **SMALL | {"quotes": 2, "institution": "never"})
    shown = eventually(lambda: two_quotes(rig, intent), within=60, what="two quotes come")
    dearer = max(shown, key=lambda quote: Decimal(quote[1]))[0]
    rig.venue_post("select", intent_id=intent, quote_id=dearer)
    waiting = "SELECT count(*) FROM risk.referrals WHERE intent_id = %s AND state = 'pending'"
    eventually(lambda: rig.value(waiting, (intent,)) == 1, within=60, what="a person is asked")
    (referral,) = rig.listed("decisions", "list", "--pending")
    assert (referral["question"], referral["quote_id"]) == ("co_sign_quote", dearer)
    assert [line["kind"] for line in rig.listed("commands", "list")] == ["accept_proposal"]
    audit_accepting(rig.folder / "truth.jsonl", dsn=rig.dsn)
    assert up.end() == 0


def test_what_the_ledger_could_not_book_is_not_co_signed(make_rig: MakeRig) -> None:
    """A venue that rounds nothing quotes a rate whose product is finer than the currency: a person is asked, and nothing is signed."""
    rig = accepting_rig(make_rig, seed=235, rate=0, world=PATIENT)
    rig.write_settings(policy=POLICY, scales={"JPYSC0": 4, "USDCx": 6}, more=SETTINGS.format(url=rig.venue.base_url))
    rig.venue_post("faults", set={"quote_beyond_scale": 1})
    up = rig.up()
    rig.connected(within=60)
    intent = proposed(rig, **SMALL)
    waiting = "SELECT count(*) FROM risk.referrals WHERE intent_id = %s AND state = 'pending'"
    eventually(lambda: rig.value(waiting, (intent,)) == 1, within=60, what="a person is asked")
    (referral,) = rig.listed("decisions", "list", "--pending")
    assert referral["question"] == "co_sign_quote"
    assert [rule["name"] for rule in referral["rules"] if rule["verdict"] == "REFER"] == ["built in: the books can hold it"]
    assert [line["kind"] for line in rig.listed("commands", "list")] == ["accept_proposal"]
    audit_accepting(rig.folder / "truth.jsonl", dsn=rig.dsn)
    assert up.end() == 0


def test_what_was_only_decided_in_shadow_is_accepted_once_live(make_rig: MakeRig) -> None:
    """An order that the policy accepts in shadow waits for nothing; started again in live, the pipeline accepts it and it settles."""
    rig = accepting_rig(make_rig, seed=236, rate=0, world=PATIENT, mode="shadow")
    up = rig.up()
    rig.connected(within=60)
    intent = proposed(rig, **SMALL)
    accepted(rig, intent)
    assert rig.venue_get("truth?parts=accept_calls")["accept_calls"] == []
    assert up.end() == 0
    rig.write_settings(policy=POLICY, more=SETTINGS.format(url=rig.venue.base_url))
    up = rig.up()
    eventually(lambda: stories(rig)[intent][0] == "SETTLED", within=60, what="the order settles")
    listed = [(line["mode"], line["state"]) for line in rig.listed("commands", "list")]
    assert sorted(listed) == [("live", "succeeded"), ("live", "succeeded"), ("shadow", "journalled")]
    audit_accepting(rig.folder / "truth.jsonl", dsn=rig.dsn)
    assert up.end() == 0


def test_a_sole_quote_whose_hint_was_lost_is_looked_for(make_rig: MakeRig) -> None:
    """The stream says nothing of the quote, and no round is near: it is found some seconds after the accept, and co-signed."""
    rig = accepting_rig(make_rig, seed=237, rate=0, world={**PATIENT, "first_quote": 60.0})
    rig.write_settings(policy=POLICY, reconcile_interval="30m", more=SETTINGS.format(url=rig.venue.base_url))
    up = rig.up()
    rig.connected(within=60)
    intent = proposed(rig, **SMALL)
    accepted(rig, intent)
    rig.venue_post("faults", set={"drop": 1})
    signed = "SELECT count(*) FROM commands.journal WHERE intent_id = %s AND kind = 'co_sign_quote' AND state = 'succeeded'"
    eventually(lambda: rig.value(signed, (intent,)) == 1, within=25, what="the quote is co-signed")
    audit_accepting(rig.folder / "truth.jsonl", dsn=rig.dsn)
    assert up.end() == 0


def test_a_venue_without_snapshots_costs_no_wait(make_rig: MakeRig) -> None:
    """Told that there is no snapshot, the question is asked at once and an order that needs none is accepted by its first answer."""
    rig = accepting_rig(make_rig, seed=238, rate=0, world=PATIENT)
    undemanding = POLICY.replace('check = "kyc_status"', 'check = "pairs_allowed"').replace(
        'params = { allowed = ["KYC_VERIFIED"] }', 'params = { pairs = ["JPYSC0/USDCx"] }'
    )
    rig.write_settings(policy=undemanding, more=SETTINGS.format(url=rig.venue.base_url))
    rig.venue_post("faults", set={"snapshot_absent": 1})
    up = rig.up()
    rig.connected(within=60)
    intent = proposed(rig, **SMALL)
    eventually(lambda: stories(rig).get(intent, ("", "", None))[0] == "SETTLED", within=60, what="the order settles")
    told = "SELECT count(*) FROM compliance.records WHERE topic LIKE %s AND convert_from(body, 'UTF8') LIKE %s"
    assert rig.value(told, ("%compliance-read.v1", '%"lacking":"absent"%')) == 1
    assert rig.value("SELECT count(*) FROM risk.questions WHERE question = 'accept_proposal'") == 1
    audit_accepting(rig.folder / "truth.jsonl", dsn=rig.dsn)
    assert up.end() == 0


def two_quotes(rig: Rig, intent: str) -> list[tuple[str, str]]:
    """Return id and rate of an order's quotes as the workflow knows them, once there are two."""
    query = (
        "SELECT q ->> 'quote_id', q ->> 'fx_rate' FROM custodian.states, jsonb_array_elements(state -> 'quotes') AS q "
        "WHERE processor = 'workflow' AND state ->> 'intent_id' = %s"
    )
    found = [(str(quote_id), str(rate)) for quote_id, rate in rig.rows(query, (intent,))]
    return found if len(found) == 2 else []


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
