"""What the demo says about accepting: the comparison that can fail, and what its officer answers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from infra.demo.officer import choose
from infra.demo.summary import Accepted, judge

Lines = list[dict[str, Any]]
NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
INTENT, QUOTE = "intent-1", "quote-1"


def at(seconds: float) -> str:
    """Write a moment so many seconds from the beginning."""
    return (NOW + timedelta(seconds=seconds)).isoformat()


def truth() -> Lines:
    """Return the log of one order that was accepted and co-signed as it should be."""
    order = {"intent_id": INTENT, "target_amount": "100", "source_amount_max": "12000"}
    quote = {"intent_id": INTENT, "quote_id": QUOTE, "fx_rate": "112", "source_amount": "11200", "valid_until": at(9)}
    call = {"what": "call", "intent_id": INTENT, "applied": True}
    return [
        {"what": "created", "status": "PENDING", **order},
        {**call, "call": 1, "kind": "accept_proposal", "received_at": at(1), "applied": False},
        {**call, "call": 1, "kind": "accept_proposal", "received_at": at(1)},
        {"what": "quote", **quote},
        {**call, "call": 2, "kind": "co_sign_quote", "received_at": at(3), "quote_id": QUOTE},
        {"what": "status", "status": "SETTLED", **order},
    ]


def decisions() -> Lines:
    """Return the decisions behind its calls."""
    made = {"intent_id": INTENT, "verdict": "ACCEPT"}
    return [
        {**made, "decision_id": "d1", "question": "accept_proposal", "decided_at": at(0.5)},
        {**made, "decision_id": "d2", "question": "co_sign_quote", "quote_id": QUOTE, "decided_at": at(2)},
    ]


def commands() -> Lines:
    """Return the commands behind its calls."""
    sent = {"intent_id": INTENT, "mode": "live"}
    return [
        {**sent, "kind": "accept_proposal", "decision_id": "d1"},
        {**sent, "kind": "co_sign_quote", "quote_id": QUOTE, "decision_id": "d2"},
    ]


def judged(change: Callable[[Lines, Lines, Lines], object], *, shadow: bool = False) -> Accepted:
    """Judge the story after a change."""
    told = truth(), decisions(), commands()
    change(*told)
    return judge(*told, shadow=shadow)


def test_a_story_as_it_should_be_has_nothing_wrong() -> None:
    """Two calls that had their effect once, each decided before, are counted and not complained of."""
    found = judged(lambda *_: None)
    assert found.wrong == ()
    assert (found.calls, found.accepted, found.co_signed) == (2, 1, 1)
    assert found.passed == {"SETTLED": 1}


CHANGES: dict[str, Callable[[Lines, Lines, Lines], object]] = {
    "a second time": lambda lines, *_: lines.append({**lines[4], "call": 3}),
    "more than": lambda lines, *_: lines[0].update(source_amount_max="11199"),
    "was valid until": lambda lines, *_: lines[3].update(valid_until=at(3)),
    "does not have": lambda lines, *_: lines[3].update(intent_id="another"),
    "call 1 (accept_proposal of intent-1) has no decision": lambda _, made, __: made[0].update(verdict="REFER"),
    "call 2 (co_sign_quote of intent-1) has no decision": lambda _, made, __: made[1].update(quote_id="another"),
    "(co_sign_quote of intent-1) has no decision to accept": lambda _, made, __: made[1].update(decided_at=at(4)),
    "(accept_proposal of intent-1) has no decision to accept": lambda _, __, sent: sent.pop(0),
}


@pytest.mark.parametrize("complaint", CHANGES)
def test_what_must_not_have_happened_is_named(complaint: str) -> None:
    """An effect twice, broken terms, a time that was over, and a call without its decision are each named."""
    assert any(complaint in said for said in judged(CHANGES[complaint]).wrong)


def test_in_shadow_every_call_is_wrong() -> None:
    """A call that reached the venue in shadow is named although a decision stands behind it."""
    assert len(judged(lambda *_: None, shadow=True).wrong) == 2


def test_the_officer_answers_what_one_person_can_and_there_is_time_for() -> None:
    """Of what waits the proposal with the most time left is answered; not a quote, not what takes two, not what is nearly over."""

    def waiting(name: str, seconds: float, question: str = "accept_proposal", approvers: int = 1) -> dict[str, Any]:
        return {"decision_id": name, "question": question, "referral": {"expires_at": at(seconds), "approvers_needed": approvers}}

    others = [waiting("quote", 90, "co_sign_quote"), waiting("two", 90, approvers=2), waiting("over", 1), waiting("answered", 90)]
    listed = [*others, waiting("soon", 10), waiting("best", 15)]
    assert choose(listed, now=NOW, done={"answered"}) == waiting("best", 15)
    assert choose(others, now=NOW, done={"answered"}) is None
