"""The auditor of accept calls finds each thing that must not happen in a hand-made history, and nothing in a good one."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, get_args

import pytest

from tests.accepting_auditor import (
    Attempt,
    Call,
    Decision,
    History,
    JournalRow,
    Offer,
    Rule,
    Sight,
    Span,
    Terms,
    audit_accepting,
    history,
    judge,
)

START = datetime(2026, 4, 19, 9, 0, tzinfo=UTC)
ALL_SEEN = Sight(journal=True, attempt=True, decision=True)


def after(seconds: float) -> datetime:
    """Return the moment so many seconds after the start."""
    return START + timedelta(seconds=seconds)


def call(number: int, at: float, status: int | None = 200, **changes: Any) -> Call:
    """Return an accept of the proposal at a second, answered a tenth of a second later; no status: nobody got an answer."""
    fields: dict[str, Any] = {
        "number": number,
        "kind": "accept_proposal",
        "intent_id": "i",
        "at": after(at),
        "venue_at": after(at),
        "answered_at": None if status is None else after(at + 0.1),
        "status": status,
        "applied": status == 200,
    }
    return Call(**{**fields, **changes})


def sign(number: int, at: float, status: int | None = 200, quote: str = "q", **changes: Any) -> Call:
    """Return a co-signature."""
    return call(number, at, status, kind="co_sign_quote", quote_id=quote, **changes)


def row(kind: str = "accept_proposal", quote: str | None = None, *attempts: float, **changes: Any) -> JournalRow:
    """Return a journalled command with attempts begun at these seconds, journalled a tenth of a second before the first."""
    fields: dict[str, Any] = {
        "command_id": f"c-{kind}-{quote}",
        "intent_id": "i",
        "kind": kind,
        "quote_id": quote,
        "decision_id": f"d-{kind}-{quote}",
        "shadow": False,
        "journalled_at": after(attempts[0] - 0.1) if attempts else START,
        "attempts": tuple(Attempt(begun_at=after(at)) for at in attempts),
    }
    return JournalRow(**{**fields, **changes})


def decision(kind: str = "accept_proposal", quote: str | None = None, **changes: Any) -> Decision:
    """Return the decision that the row of that kind and quote names."""
    fields: dict[str, Any] = {"decision_id": f"d-{kind}-{quote}", "intent_id": "i", "question": kind, "quote_id": quote}
    return Decision(**{**fields, "verdict": "ACCEPT", "decided_at": START, **changes})


ORDER = Terms(side="sender", pair="JPYSC0/USDCx", target_amount=Decimal(100), source_amount_max=Decimal(12000), expires_at=after(300))
OFFER = Offer(intent_id="i", fx_rate=Decimal("112.0"), source_amount=Decimal(11200), target_amount=Decimal(100), valid_until=after(40))
LATER = replace(OFFER, fx_rate=Decimal(113), source_amount=Decimal(11300), valid_until=after(80))
GOOD = History(
    calls=[call(1, 1), sign(2, 12)],
    orders={"i": ORDER},
    offers={"q": OFFER, "r": LATER},
    journal=[row("accept_proposal", None, 0.9), row("co_sign_quote", "q", 11.9), row("co_sign_quote", "r", 50, 51, 52, 53)],
    decisions={one.decision_id: one for one in (decision(), decision("co_sign_quote", "q"), decision("co_sign_quote", "r"))},
    seen=dict.fromkeys(range(1, 9), ALL_SEEN),
)
UNRECORDED = replace(GOOD, journal=None, decisions=None, seen=None)


def rules(judged: History, **options: Any) -> list[str]:
    """Return what was violated."""
    return [violation.rule for violation in judge(judged, **options)]


GOOD_CALLS: dict[str, list[Call]] = {
    "the shortest": [call(1, 1), sign(2, 12)],
    "an unknown outcome repeated": [call(1, 1, 502, applied=False), call(2, 9), sign(3, 12, None), sign(4, 13, 502), sign(5, 14)],
    "put off twice": [call(1, 1, 401), call(2, 2, 429), call(3, 3), sign(4, 12, 429), sign(5, 13)],
    "put off more than three times": [sign(number, 12 + number, 429) for number in range(1, 7)],
    "another quote after a refusal": [sign(1, 12, 409), sign(2, 13, quote="r")],
    "another quote after a cut, when the first has lapsed": [sign(1, 12, None), sign(2, 40, quote="r")],
    "done at last, and refused as a repeat": [call(1, 1, None, applied=True), call(2, 9, 409)],
    "an answer under way": [call(1, 1, 409, answered_at=after(3)), call(2, 2, 409, answered_at=after(4))],
}


@pytest.mark.parametrize("name", GOOD_CALLS)
def test_nothing_is_found_where_nothing_is_wrong(name: str) -> None:
    """What the contract allows is no violation."""
    assert rules(replace(UNRECORDED, calls=GOOD_CALLS[name])) == []


def test_a_good_history_with_all_its_evidence_is_good() -> None:
    """Journal, attempts, decisions and what a witness saw agree with the calls."""
    assert rules(GOOD) == []


BAD_CALLS: dict[str, tuple[list[Call], list[Rule]]] = {
    "two accepts had an effect": ([call(1, 1, None, applied=True), call(2, 2)], ["accepted_twice"]),
    "two quotes were signed": ([sign(1, 12, None, applied=True), sign(2, 50, quote="r")], ["co_signed_twice", "another_quote"]),
    "one quote was signed twice": ([sign(1, 12, None, applied=True), sign(2, 13)], ["co_signed_twice"]),
    "another quote while the first is unknown": ([sign(1, 12, 502), sign(2, 13, quote="r", status=409)], ["another_quote"]),
    "another quote before the refusal came": ([sign(1, 12, 409, answered_at=after(14)), sign(2, 13, 409, "r")], ["another_quote"]),
    "another quote while the first is cut": ([sign(1, 12, None), sign(2, 39.9, quote="r")], ["another_quote"]),
    "another quote after the first took": ([sign(1, 12, 502, applied=True), sign(2, 50, 409, "r")], ["another_quote"]),
    "a lapsed quote": ([sign(1, 40, 409)], ["after_valid_until"]),
    "an expired order": ([call(1, 300, 409)], ["after_expires_at"]),
    "a quote of nowhere": ([sign(1, 12, 404, "z")], ["unknown_quote"]),
    "again after 409": ([call(1, 1, 409), call(2, 2)], ["repeated_after_refusal"]),
    "co-signed again after 409": ([sign(1, 12, 409), sign(2, 13)], ["repeated_after_refusal"]),
    "again after 200": ([call(1, 1), call(2, 2, 409)], ["repeated_after_success"]),
    "four times into the dark": (
        [call(1, 1, 502), call(2, 2, None), call(3, 3, 500), call(4, 4, 502)],
        ["repeated_too_often"],
    ),
}


@pytest.mark.parametrize("name", BAD_CALLS)
def test_each_wrong_call_is_found(name: str) -> None:
    """By its rule, and by no other."""
    calls, expected = BAD_CALLS[name]
    assert rules(replace(UNRECORDED, calls=calls)) == expected


BAD_TERMS: dict[str, tuple[dict[str, Any], dict[str, Any], list[Rule]]] = {
    "more than the maximum": ({"source_amount_max": Decimal(11199)}, {}, ["over_guard"]),
    "states less than it costs": ({"source_amount_max": Decimal(11199)}, {"source_amount": Decimal(1)}, ["over_guard", "quote_disagrees"]),
    "states more than it costs": ({}, {"source_amount": Decimal(12001)}, ["over_guard", "quote_disagrees"]),
    "another source amount": ({}, {"source_amount": Decimal("11200.0001")}, ["quote_disagrees"]),
    "another target amount": ({}, {"target_amount": Decimal(101)}, ["quote_disagrees"]),
    "the legacy target amount": ({}, {"target_amount": Decimal(11200)}, []),
    "no maximum": ({"source_amount_max": None}, {"fx_rate": Decimal(10**9), "source_amount": Decimal(10**11)}, []),
    "just the maximum": ({"source_amount_max": Decimal("11200.000")}, {}, []),
    "of another intent": ({}, {"intent_id": "j"}, ["unknown_quote"]),
    "not as the sender's custodian": ({"side": "receiver"}, {}, ["not_sender"]),
}


@pytest.mark.parametrize("name", BAD_TERMS)
def test_each_wrong_quote_is_found(name: str) -> None:
    """Amounts are recomputed exactly and compared by value."""
    order, offer, expected = BAD_TERMS[name]
    judged = replace(UNRECORDED, calls=[sign(1, 12)], orders={"i": replace(ORDER, **order)}, offers={"q": replace(OFFER, **offer)})
    assert rules(judged) == expected


@pytest.mark.parametrize(
    ("span", "found"),
    [
        ({}, True),
        ({"venue": "tokyo", "pair": "JPYSC0/USDCx"}, True),
        ({"venue": "seoul"}, False),
        ({"pair": "USDCx/JPYSC0"}, False),
        ({"ended_at": after(0.9)}, False),
        ({"ended_at": after(1.1)}, True),
        ({"begun_at": after(0.6)}, False),
        ({"begun_at": after(2)}, False),
    ],
)
def test_calls_inside_a_halt_or_in_shadow_are_found(span: dict[str, Any], found: bool) -> None:
    """In its scope, from its beginning (a call may be under way for half a second) to its end."""
    forbidden = Span(**{"begun_at": START, **span})
    for judged, rule in ((replace(GOOD, halts=[forbidden]), "while_halted"), (replace(GOOD, shadow=[forbidden]), "in_shadow")):
        once = replace(judged, calls=[call(1, 1)])
        assert rules(once, grace=timedelta(seconds=0.5)) == ([rule] if found else [])


BAD_RECORDS: dict[str, tuple[dict[str, Any], list[Rule]]] = {
    "no journal row": ({"journal": []}, ["no_journal_row"]),
    "journalled for another kind": ({"journal": [row("co_sign_quote", "q", 0.9)]}, ["no_journal_row"]),
    "journalled afterwards": ({"journal": [row("accept_proposal", None, 0.9, journalled_at=after(1.01))]}, ["no_journal_row"]),
    "journalled in shadow": ({"journal": [row("accept_proposal", None, 0.9, shadow=True)]}, ["in_shadow"]),
    "begun never": ({"journal": [row()]}, ["no_attempt"]),
    "begun afterwards": ({"journal": [row("accept_proposal", None, 1.01, journalled_at=START)]}, ["no_attempt"]),
    "no decision": ({"decisions": {}}, ["no_decision"]),
    "decided otherwise": ({"decisions": {"d-accept_proposal-None": decision(verdict="REFER")}}, ["no_decision"]),
    "decided afterwards": ({"decisions": {"d-accept_proposal-None": decision(decided_at=after(1.01))}}, ["no_decision"]),
    "decided on another intent": ({"decisions": {"d-accept_proposal-None": decision(intent_id="j")}}, ["no_decision"]),
    "decided on another question": ({"decisions": {"d-accept_proposal-None": decision(question="co_sign_quote")}}, ["no_decision"]),
    "nobody looked": ({"seen": {}}, ["not_committed"]),
    "not committed": ({"seen": {1: replace(ALL_SEEN, journal=False)}}, ["not_committed"]),
    "attempt not committed": ({"seen": {1: replace(ALL_SEEN, attempt=False)}}, ["not_committed"]),
    "decision not committed": ({"seen": {1: replace(ALL_SEEN, decision=False)}}, ["not_committed"]),
}


@pytest.mark.parametrize("name", BAD_RECORDS)
def test_each_missing_record_is_found(name: str) -> None:
    """A call needs a decision to accept just this, a live journal row and an attempt of its own, all before it came in."""
    changes, expected = BAD_RECORDS[name]
    assert rules(replace(GOOD, calls=[call(1, 1)], **changes)) == expected


def test_a_decision_on_another_quote_is_none() -> None:
    """The decision behind a co-signature names its quote."""
    other = {"d-co_sign_quote-q": decision("co_sign_quote", "q", quote_id="r")}
    assert rules(replace(GOOD, calls=[sign(1, 12)], decisions=other)) == ["no_decision"]


def test_each_call_needs_an_attempt_of_its_own() -> None:
    """Two calls on one attempt: the second one left without a record."""
    calls = [call(1, 1, 502, applied=False), call(2, 9)]
    assert rules(replace(GOOD, calls=calls)) == ["no_attempt"]
    twice = [row("accept_proposal", None, 0.9, 8.9)]
    assert rules(replace(GOOD, calls=calls, journal=twice)) == []


def test_an_answer_that_died_with_its_caller_was_not_told() -> None:
    """Where the attempt has no outcome for good, 409 and 200 are not known, and the call counts as one into the dark."""
    dead = (Attempt(begun_at=after(0.9), outcome=None), Attempt(begun_at=after(8.9)))
    known = (Attempt(begun_at=after(0.9), outcome="open"), Attempt(begun_at=after(8.9)))
    for attempts, expected in ((dead, []), (known, ["repeated_after_refusal"])):
        journal = [row("accept_proposal", None, 0.9, attempts=attempts)]
        assert rules(replace(GOOD, calls=[call(1, 1, 409), call(2, 9, 409)], journal=journal)) == expected


def test_every_rule_is_found_somewhere_above() -> None:
    """No rule is there that no history violates."""
    found = {rule for _, several in BAD_CALLS.values() for rule in several}
    found |= {rule for *_, several in BAD_TERMS.values() for rule in several}
    found |= {rule for _, several in BAD_RECORDS.values() for rule in several}
    assert found | {"while_halted"} == set(get_args(Rule))


# -- reading ------------------------------------------------------------------------------------------------------

CREATED = {
    "what": "created",
    "intent_id": "i",
    "side": "both",
    "source_currency": "JPYSC0",
    "target_currency": "USDCx",
    "target_amount": "100",
    "source_amount_max": "12000",
    "expires_at": "2026-04-19T09:05:00.000Z",
}
QUOTED = {
    "what": "quote",
    "intent_id": "i",
    "quote_id": "q",
    "fx_rate": "112.0",
    "source_amount": "11200",
    "target_amount": "100",
    "valid_until": "2026-04-19T09:00:40.000Z",
}
RECEIVED = {
    "what": "call",
    "call": 1,
    "stage": "received",
    "kind": "co_sign_quote",
    "intent_id": "i",
    "quote_id": "q",
    "applied": False,
    "clock_skew": 10.0,
    "received_at": "2026-04-19T09:00:12.000000Z",
}
DECIDED = {**RECEIVED, "stage": "decided", "outcome": "done", "applied": True, "decided_at": "2026-04-19T09:00:12.050000Z"}
ANSWERED = {**DECIDED, "stage": "answered", "status": 200, "answered_at": "2026-04-19T09:00:12.100000Z"}


def _write(path: Path, *lines: dict[str, Any], torn: bytes = b"") -> Path:
    path.write_bytes(b"".join(json.dumps(line).encode() + b"\n" for line in lines) + torn)
    return path


def test_a_log_of_the_truth_is_read(tmp_path: Path) -> None:
    """The last line of a call counts, times are brought to this machine's clock, and a torn line is left out."""
    path = _write(tmp_path / "truth", CREATED, QUOTED, RECEIVED, DECIDED, ANSWERED, torn=b'{"what":"call","call":1')
    read = history(path)
    expected = sign(1, 2, venue_at=after(12), outcome="done")
    assert read.calls == [expected]
    assert read.orders == {"i": replace(ORDER, side="both")}
    assert read.offers == {"q": OFFER}
    assert audit_accepting(path).calls == [expected]


def test_what_was_cut_was_not_answered(tmp_path: Path) -> None:
    """Status 0 stands for a broken connection, and a call may stay without an answer."""
    path = _write(tmp_path / "truth", CREATED, QUOTED, {**ANSWERED, "status": 0}, {**DECIDED, "call": 2, "applied": False})
    first, second = history(path).calls
    assert (first.answered_at, first.refused, first.succeeded) == (None, False, False)
    assert (second.answered_at, second.status) == (None, None)


def test_a_failure_names_every_violation(tmp_path: Path) -> None:
    """Whoever reads it knows which call broke which rule and why."""
    path = _write(tmp_path / "truth", CREATED, QUOTED, ANSWERED, {**ANSWERED, "call": 2, "received_at": "2026-04-19T09:00:41.000000Z"})
    with pytest.raises(AssertionError, match="3 violations in 2 accept calls") as failed:
        audit_accepting(path)
    for rule in ("co_signed_twice", "repeated_after_success", "after_valid_until"):
        assert f"{rule}: call 2 for i" in str(failed.value)


def test_decisions_are_read_from_their_events(tmp_path: Path) -> None:
    """Values of `decision-made`, whoever decided."""
    path = _write(tmp_path / "truth", CREATED, QUOTED, ANSWERED)
    document = {"decision_id": "d", "intent_id": "i", "question": "co_sign_quote", "quote_id": "q", "verdict": "ACCEPT"}
    read = history(path, decisions=[{**document, "decided_at": "2026-04-19T09:00:00Z"}, {**document, "decided_at": "2026-04-19T10:00:00Z"}])
    assert read.decisions == {"d": decision("co_sign_quote", "q", decision_id="d")}
