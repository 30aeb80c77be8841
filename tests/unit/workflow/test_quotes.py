"""Quotes: how they are collected, which may be chosen, and what a co-signature's outcome does."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline.processors.workflow.facts import WorkflowRules
from tests.unit.workflow.scene import Scene, at, completion, compliance, decision, order, quote, rate


def quoting(rules: WorkflowRules | None = None, **terms: Any) -> Scene:
    """Return a scene in which the proposal is accepted, eight seconds after the start."""
    scene = Scene(rules)
    (request,) = scene.hears(order(**terms), rate(), compliance())
    (command,) = scene.hears(decision(request, "ACCEPT"))
    scene.hears(completion(command))
    scene.at(8)
    return scene


def chosen(scene: Scene, quote_id: str) -> dict[str, Any]:
    """Let the window close and the quote be chosen; return the command."""
    (request,) = scene.at(13)
    (command,) = scene.hears(decision(request, "ACCEPT", quote_id))
    return command


def ids(request: dict[str, Any]) -> list[str]:
    """Return the quotes that a request lists."""
    return [one["quote_id"] for one in request["context"]["quotes"]]


def kinds(said: list[dict[str, Any]]) -> list[str]:
    """Return what was said, alarms by their kind."""
    return [one["kind"] if one["_kind"] == "alarm-raised" else one["_kind"] for one in said]


def test_the_window_opens_with_the_first_quote() -> None:
    """All that came within the window after the first quote is asked about at once, to be answered before the last one lapses."""
    scene = quoting()
    scene.hears(quote("q1", "112", seconds=8, valid=38))
    scene.at(12)
    scene.hears(quote("q2", "111", seconds=12, valid=42))
    assert scene.at(12.9) == []
    (request,) = scene.at(13)
    assert (request["question"], request["round"], ids(request)) == ("co_sign_quote", 1, ["q1", "q2"])
    assert request["decide_by"] == at(40)


def test_the_window_leaves_time_to_decide_before_the_first_quote_lapses() -> None:
    """With a quote of four seconds the question comes half a second before its margin begins."""
    scene = quoting()
    scene.hears(quote("q1", seconds=8, valid=38), quote("q2", seconds=8, valid=12))
    assert [ids(one) for one in scene.at(9.5)] == [["q1", "q2"]]


def test_the_window_closes_with_the_last_quote_that_is_expected() -> None:
    """With three expected nobody is waited for once three may be chosen; one over the maximum is none of them."""
    scene = quoting(WorkflowRules(quotes_expected=3))
    assert kinds(scene.hears(quote("q1"), quote("q2", "111"), quote("dear", "999"))) == ["cost_guard_broken"]
    assert scene.at(9) == []
    (request,) = scene.hears(quote("q3", "113", seconds=9))
    assert (request["question"], set(ids(request))) == ("co_sign_quote", {"q1", "q2", "q3", "dear"})


def test_fewer_quotes_than_expected_are_decided_on_when_the_window_closes() -> None:
    """Quotes that never come cost no more than the window."""
    scene = quoting(WorkflowRules(quotes_expected=3))
    scene.hears(quote("q1"), quote("q2", "111"))
    assert [ids(request) for request in scene.at(13)] == [["q1", "q2"]]


def test_the_command_ends_with_the_margin_of_its_own_quote() -> None:
    """`not_after` is the chosen quote's `valid_until` less the margin, and no later than the order's own end."""
    scene = quoting()
    scene.hears(quote("q1", seconds=8, valid=38), quote("q2", "111", seconds=8, valid=30))
    command = chosen(scene, "q2")
    assert (command["quote_id"], command["fx_rate"], command["not_after"]) == ("q2", "111", at(28))


def test_a_later_document_about_a_quote_replaces_its_terms() -> None:
    """The newest terms count, an older document is dropped, and a hint without amounts takes nothing away."""
    scene = quoting()
    scene.hears(quote("q1", "112", seconds=9, valid=38, source_amount="11200000"))
    scene.hears(quote("q1", "112.0", seconds=10, valid=38))
    scene.hears(quote("q1", "115", seconds=8.5, valid=38))
    (request,) = scene.at(14)
    assert [(one["fx_rate"], one["source_amount"]) for one in request["context"]["quotes"]] == [("112.0", "11200000")]


def test_a_quote_that_changes_while_it_is_decided_on_is_asked_about_anew() -> None:
    """Another rate under an offered quote's id: a new round, and the ACCEPT of the old rate commands nothing."""
    scene = quoting()
    scene.hears(quote("q1", "112", seconds=8))
    (first,) = scene.at(13)
    (second,) = scene.hears(quote("q1", "113", seconds=13))
    assert (second["round"], second["context"]["quotes"][0]["fx_rate"]) == (2, "113")
    assert scene.hears(decision(first, "ACCEPT", "q1")) == []
    assert [one["fx_rate"] for one in scene.hears(decision(second, "ACCEPT", "q1"))] == ["113"]


@pytest.mark.parametrize(
    ("amounts", "agree"),
    [
        ({}, True),
        ({"source_amount": "11200000.00"}, True),
        ({"source_amount": "11200000.01"}, False),
        ({"target_amount": "100000"}, True),
        ({"target_amount": "11200000"}, True),  # the older meaning of the field
        ({"target_amount": "100001"}, False),
    ],
)
def test_a_quote_that_disagrees_with_its_order_is_an_alarm_and_no_choice(amounts: dict[str, Any], agree: bool) -> None:
    """A-08: the stated amounts are the order's, or the quote is one alarm, is listed as disagreeing, and cannot be chosen."""
    scene = quoting()
    said = scene.hears(quote("q1", "112", **amounts), quote("q1", "112", seconds=9, **amounts))
    assert kinds(said) == ([] if agree else ["quote_disagrees"])
    scene.hears(quote("q2", "113"))
    (request,) = scene.at(14)
    assert {one["quote_id"]: one["agrees"] for one in request["context"]["quotes"]} == {"q1": agree, "q2": True}
    assert kinds(scene.hears(decision(request, "ACCEPT", "q1"))) == (["command-issued"] if agree else ["decision_malformed"])


def test_a_quote_over_the_maximum_is_an_alarm_and_no_choice() -> None:
    """The cost guard: one source unit over the maximum is one alarm, alone it is never asked about, and an ACCEPT cannot name it."""
    scene = quoting()
    said = scene.hears(quote("dear", "120.00001"), quote("dear", "120.00001", seconds=9))
    assert kinds(said) == ["cost_guard_broken"]
    assert said[0]["detail"]["required_source_amount"] == "12000001"
    assert scene.at(20) == []
    (request,) = [*scene.hears(quote("good", "120", seconds=20, valid=50)), *scene.at(25)]
    assert ids(request) == ["dear", "good"]
    assert kinds(scene.hears(decision(request, "ACCEPT", "dear"))) == ["decision_malformed"]
    assert kinds(scene.hears(decision(request, "ACCEPT", "good", engine="other"))) == ["command-issued"]


def test_without_a_maximum_every_price_keeps_it() -> None:
    """An order without `source_amount_max` has no cost guard."""
    scene = Scene()
    free = order().model_copy(update={"source_amount_max": None})
    (request,) = scene.hears(free, rate(), compliance())
    (command,) = scene.hears(decision(request, "ACCEPT"))
    scene.hears(completion(command))
    assert scene.hears(quote("q1", "99999", seconds=0, valid=30)) == []
    assert [ids(one) for one in scene.at(5)] == [["q1"]]


def test_the_product_is_exact() -> None:
    """Amounts and rates of 38 digits are multiplied without rounding: a difference in the last digit is seen."""
    target, high = "1" * 38, "1." + "3" * 37
    product = str(int(target) * int("1" + "3" * 37))
    exact = product[:-37] + "." + product[-37:]
    assert exact not in (target, high)
    scene = quoting(target_amount=target, source_amount_max="9" * 38)
    assert scene.hears(quote("q1", high)) == []
    assert [one["agrees"] for one in scene.at(14)[0]["context"]["quotes"]] == [True]


def test_after_a_conflict_the_remaining_quotes_are_decided_on() -> None:
    """409 on a co-signature: a new question over the others at once; the refused one is never named again."""
    scene = quoting()
    scene.hears(quote("q1", seconds=8), quote("q2", seconds=8))
    command = chosen(scene, "q1")
    (again,) = scene.hears(completion(command, "refused", http_status=409))
    assert (again["round"], ids(again)) == (2, ["q2"])
    assert [(one["quote_id"], one["unchanged"]) for one in again["context"]["refusals"]] == [("q1", False)]
    assert scene.hears(quote("q1", "112", seconds=14, valid=60)) == []
    assert kinds(scene.hears(decision(again, "ACCEPT", "q1"))) == ["decision_malformed"]


def test_after_an_unknown_outcome_no_other_quote_is_named() -> None:
    """In doubt about one quote only that one is asked about again; once it has lapsed, nothing is, whatever quotes come."""
    scene = quoting()
    scene.hears(quote("q1", seconds=8), quote("q2", seconds=8))
    command = chosen(scene, "q1")
    assert scene.hears(completion(command, "unknown", attempts=3)) == []
    (again,) = scene.at(15)
    assert ids(again) == ["q1"]
    scene.hears(decision(again, "REJECT"))
    scene.hears(quote("q3", seconds=40, valid=70))
    assert scene.at(300) == []


def test_a_refusal_ends_the_doubt() -> None:
    """When the repeated co-signature is definitely refused, the others may be named."""
    scene = quoting()
    scene.hears(quote("q1", seconds=8), quote("q2", seconds=8))
    scene.hears(completion(chosen(scene, "q1"), "unknown", attempts=3))
    (again,) = scene.at(15)
    (repeated,) = scene.hears(decision(again, "ACCEPT", "q1"))
    (other,) = scene.hears(completion(repeated, "refused", http_status=409))
    assert ids(other) == ["q2"]


def test_a_co_signature_that_was_not_sent_leaves_every_quote() -> None:
    """Refused by the executor itself, before sending: after a pause the question comes again with the same quotes."""
    scene = quoting()
    scene.hears(quote("q1", seconds=8), quote("q2", seconds=8))
    command = chosen(scene, "q1")
    scene.hears(completion(command, "refused", attempts=0, reason="halted"))
    assert [ids(one) for one in scene.at(15)] == [["q1", "q2"]]


def test_a_command_that_expired_unsent_leads_to_the_next_question_at_once() -> None:
    """The chosen quote was too late for the executor: the remaining ones are asked about without a pause."""
    scene = quoting()
    scene.hears(quote("q1", seconds=8, valid=20), quote("q2", seconds=8, valid=60))
    command = chosen(scene, "q1")
    scene.at(18)
    assert [ids(one) for one in scene.hears(completion(command, "expired", attempts=0))] == [["q2"]]


def test_quotes_of_a_second_round_are_handled() -> None:
    """When nobody answered and all have lapsed, the next quotes open a window of their own."""
    scene = quoting()
    scene.hears(quote("q1", seconds=8, valid=20))
    assert kinds(scene.at(30)) == ["decision-requested", "decision_missing"]
    scene.hears(quote("q2", "111", seconds=30, valid=60))
    (request,) = scene.at(35)
    assert (request["round"], ids(request)) == (2, ["q2"])


def test_a_rejected_round_waits_for_new_quotes() -> None:
    """After REJECT the same quotes are not asked about again; with the next one all that are live are."""
    scene = quoting()
    scene.hears(quote("q1", seconds=8, valid=60))
    (request,) = scene.at(13)
    scene.hears(decision(request, "REJECT"))
    assert scene.at(20) == []
    scene.hears(quote("q2", seconds=20, valid=60))
    (again,) = scene.at(25)
    assert ids(again) == ["q1", "q2"]


def test_quotes_rejected_for_want_of_evidence_are_asked_about_again_when_it_comes() -> None:
    """A question without any rate, rejected: the rate that comes brings the same quotes before the engine once more, and no third time."""
    scene = Scene()
    scene.hears(order(), compliance())
    (request,) = scene.at(1)
    (command,) = scene.hears(decision(request, "ACCEPT"))
    scene.hears(completion(command), quote("q1", seconds=4, valid=60))
    (request,) = scene.at(13)
    scene.hears(decision(request, "REJECT"))
    assert scene.at(14) == []
    (again,) = scene.hears(rate(seconds=14))
    assert (again["round"], ids(again), len(again["context"]["rates"])) == (2, ["q1"], 1)
    scene.hears(decision(again, "REJECT"))
    assert scene.hears(rate("112.1", seconds=15)) == []
    assert scene.at(50) == []


def test_a_quote_that_lapsed_while_it_was_decided_on_is_not_commanded() -> None:
    """An ACCEPT for a quote whose own time is over, within the request's: an alarm, and the others are asked about."""
    scene = quoting()
    scene.hears(quote("q1", seconds=8, valid=20), quote("q2", seconds=8, valid=60))
    (request,) = scene.at(13)
    scene.at(19)
    said = scene.hears(decision(request, "ACCEPT", "q1"))
    assert kinds(said) == ["decision_late", "decision-requested"]
    assert ids(said[1]) == ["q2"]


@pytest.mark.parametrize("status", ["REJECTED", "expired", "Withdrawn"])
def test_a_quote_that_the_venue_closed_is_gone(status: str) -> None:
    """A closed quote is not listed; when it was the only one offered, its question is void."""
    scene = quoting()
    scene.hears(quote("q1", seconds=8))
    (request,) = scene.at(13)
    scene.hears(quote("q1", seconds=14, status=status))
    assert scene.state().phase == "quoting"
    assert "command-issued" not in kinds(scene.hears(decision(request, "ACCEPT", "q1")))


def test_a_quote_that_the_institution_chose_leaves_no_other() -> None:
    """Chosen while others are asked about: the question comes anew, lists all, and only the chosen one may be named."""
    scene = quoting()
    scene.hears(quote("q1", "111", seconds=8), quote("q2", "112", seconds=8))
    (request,) = scene.at(13)
    (again,) = scene.hears(quote("q2", "112", seconds=14, status="ACCEPTED"))
    assert (ids(again), [one.get("selected") for one in again["context"]["quotes"]]) == (["q1", "q2"], [None, True])
    assert kinds(scene.hears(decision(request, "ACCEPT", "q1"))) == []
    assert kinds(scene.hears(decision(again, "ACCEPT", "q1"))) == ["decision_malformed"]
    (command,) = scene.hears(decision(again, "ACCEPT", "q2", engine="other"))
    assert command["quote_id"] == "q2"


@pytest.mark.parametrize("flaw", [{"rate": "999"}, {"source_amount": "1"}, {"valid": 15.0}])
def test_a_chosen_quote_that_cannot_be_signed_leaves_nothing_to_sign(flaw: dict[str, Any]) -> None:
    """Over the maximum, at odds with the order, or too late: no rival is asked about in its place, and the story says why."""
    scene, stated = quoting(), {"rate": "112", **flaw}
    scene.hears(quote("q1", "111", seconds=8, valid=60), quote("q2", seconds=8, status="ACCEPTED", **stated))
    questions = [one for one in scene.at(100) if one["_kind"] == "decision-requested"]
    assert all(one["decide_by"] <= at(15) for one in questions)
    scene.hears(order("EXPIRED", seconds=100))
    assert "1 not the one that the institution chose" in (scene.state().note or "")


def test_a_rejected_quote_that_the_institution_then_chooses_is_asked_about_again() -> None:
    """The choice is news: what a decision rejected among others is decided on once more."""
    scene = quoting()
    scene.hears(quote("q1", seconds=8, valid=60))
    (request,) = scene.at(13)
    scene.hears(decision(request, "REJECT"))
    assert scene.at(20) == []
    (again,) = [*scene.hears(quote("q1", seconds=20, valid=60, status="ACCEPTED")), *scene.at(21)]
    assert again["context"]["quotes"][0]["selected"] is True


@pytest.mark.parametrize(("issued_in", "free"), [("shadow", ["q1", "q2"]), ("live", ["q1"])])
def test_a_co_signature_left_out_in_shadow_is_asked_anew_in_live(issued_in: Any, free: list[str]) -> None:
    """All live quotes may be chosen again; where the command was issued in live, and another worker left it out, only the same one."""
    scene = quoting(WorkflowRules(mode=issued_in))
    scene.hears(quote("q1", seconds=8, valid=60), quote("q2", seconds=8, valid=60))
    scene.at(9)
    command = chosen(scene, "q1")
    scene.hears(completion(command, "shadowed", attempts=0))
    live = Scene(clock=scene.clock, states=scene.engine.states) if issued_in == "shadow" else scene
    (again,) = live.at(20)
    assert (again["question"], ids(again)) == ("co_sign_quote", free)
    (sent,) = live.hears(decision(again, "ACCEPT", free[-1]))
    live.hears(completion(sent), order("QUOTED", seconds=21))
    assert live.state().phase == "underway"
    assert live.at(100) == []


def test_a_hint_without_terms_is_waited_out() -> None:
    """A quote without rate or validity is not asked about until its record is read; the window began with the hint."""
    scene = quoting()
    scene.hears(quote("q1", None, seconds=8, valid=None))
    assert scene.at(20) == []
    assert [ids(one) for one in scene.hears(quote("q1", "112", seconds=20, valid=50))] == [["q1"]]


def test_a_success_is_followed_to_the_end() -> None:
    """After the co-signature the venue does the rest; no other quote is asked about."""
    scene = quoting()
    scene.hears(quote("q1", seconds=8), quote("q2", seconds=8))
    scene.hears(completion(chosen(scene, "q1")), quote("q3", seconds=14, valid=60))
    assert scene.at(20) == []
    for status, seconds in (("QUOTED", 20), ("EXECUTING", 21), ("SETTLED", 22)):
        scene.hears(order(status, seconds=seconds))
        assert scene.state().status == status
    assert scene.state().phase == "ended"
