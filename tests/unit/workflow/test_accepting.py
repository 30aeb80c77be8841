"""Proposals: when they are asked about, what answers and outcomes do."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from pipeline.processors.workflow.facts import WorkflowRules
from pipeline.testing.clocks import HandClock
from schemas.events import Event
from tests.unit.workflow.scene import Scene, at, completion, compliance, decision, hint, order, quote, rate


def asked(scene: Scene | None = None) -> tuple[Scene, dict[str, Any]]:
    """Return a scene in which the first question was asked, and the request."""
    scene = scene or Scene()
    (request,) = scene.hears(order(), rate(), compliance())
    return scene, request


def commanded(scene: Scene | None = None) -> tuple[Scene, dict[str, Any]]:
    """Return a scene in which the proposal is being accepted, and the command."""
    scene, request = asked(scene)
    (command,) = scene.hears(decision(request, "ACCEPT"))
    return scene, command


def alarms(said: list[dict[str, Any]]) -> list[str]:
    """Return the kinds of alarms among what was said."""
    return [one["kind"] for one in said if one["_kind"] == "alarm-raised"]


def test_a_proposal_is_asked_about_once_the_evidence_is_here() -> None:
    """With the snapshot and a rate the question comes at once, with both in its context, to be answered before the order's end."""
    scene = Scene()
    assert scene.hears(order()) == []
    assert scene.hears(compliance()) == []
    (request,) = scene.hears(rate())
    assert (request["question"], request["round"], request["decide_by"]) == ("accept_proposal", 1, at(298))
    context = request["context"]
    assert (context["side"], context["target_amount"], context["source_amount_max"]) == ("sender", "100000", "12000000")
    assert context["rates"] == [{"rate": "111.9", "sources": 3, "provider": "desk", "quoted_at": at(0.1)}]
    assert context["compliance"] == {"kyc_status": "KYC_VERIFIED", "risk_rating": "LOW"}
    assert context["quotes"] == []


def test_without_configured_rates_only_the_snapshot_is_waited_for() -> None:
    """Nobody waits for a rate that no provider was asked for."""
    scene = Scene(WorkflowRules(rates_expected=False))
    assert scene.hears(order()) == []
    (request,) = scene.hears(compliance())
    assert (request["question"], request["context"].get("rates")) == ("accept_proposal", [])


@pytest.mark.parametrize("verdict", [None, "REFER"])
def test_evidence_that_comes_late_is_asked_about_anew(verdict: str | None) -> None:
    """Whether the first answer is out or handed it to a person: with the snapshot here it is asked once more, and no third time."""
    scene = Scene()
    assert scene.hears(order(), rate()) == []
    (request,) = scene.at(1)
    assert "compliance" not in request["context"]
    if verdict is not None:
        assert scene.hears(decision(request, verdict)) == []
    (again,) = scene.hears(compliance(seconds=1.5))
    assert (again["round"], again["context"]["compliance"]["kyc_status"]) == (2, "KYC_VERIFIED")
    assert scene.hears(compliance(seconds=2, risk_rating="HIGH"), rate("112.5", seconds=2)) == []
    (command,) = scene.hears(decision(again, "ACCEPT"))
    assert command["_kind"] == "command-issued"


@pytest.mark.parametrize("verdict", ["REJECT", "WAIT"])
def test_what_was_answered_for_want_of_evidence_is_asked_again_when_it_comes(verdict: str) -> None:
    """A snapshot 1.3 s after the proposal: whatever an engine made of its absence, it is asked once more, and that answer counts."""
    scene = Scene()
    assert scene.hears(order(), rate()) == []
    (request,) = scene.at(1)
    assert scene.hears(decision(request, verdict)) == []
    scene.at(1.3)
    (again,) = scene.hears(compliance(seconds=1.3))
    assert (again["round"], again["context"]["compliance"]["kyc_status"]) == (2, "KYC_VERIFIED")
    scene.hears(decision(again, "REJECT"))
    assert scene.hears(compliance(seconds=2, risk_rating="HIGH"), rate("112.5", seconds=2)) == []
    assert scene.at(400) == []
    assert scene.state().phase == "declined"


def test_what_a_person_declined_stays_declined() -> None:
    """A person has seen what was missing: evidence that comes later opens nothing."""
    scene = Scene()
    scene.hears(order(), rate())
    (request,) = scene.at(1)
    referral = decision(request, "REFER")
    scene.hears(referral, decision(request, "REJECT", engine="Ada", refers_to=referral.decision_id))
    assert scene.hears(compliance(seconds=2)) == []
    assert scene.state().phase == "declined"


def test_evidence_that_comes_after_the_orders_time_opens_nothing() -> None:
    """Too late to be accepted is too late to be asked about."""
    scene = Scene()
    scene.hears(order(), rate())
    (request,) = scene.at(1)
    scene.hears(decision(request, "REJECT"))
    scene.at(298)
    assert scene.hears(compliance(seconds=298)) == []


def test_a_question_says_until_when_what_is_missing_may_come() -> None:
    """Three seconds from when it was first asked, however often the answer is WAIT; anew once something else was answered."""
    scene = Scene()
    scene.hears(order())
    (request,) = scene.at(1)
    assert request["evidence_until"] == at(4)
    for second in (2, 3):
        scene.hears(decision(request, "WAIT"))
        (request,) = scene.at(second)
        assert request["evidence_until"] == at(4)
    (command,) = scene.hears(decision(request, "ACCEPT"))
    scene.hears(completion(command, "refused", attempts=0, reason="halted"))
    assert [one["evidence_until"] for one in scene.at(5)] == [at(8)]


def test_nothing_is_waited_for_that_nobody_reads() -> None:
    """Without providers of rates a question that has its snapshot waits for nothing more."""
    scene = Scene(WorkflowRules(rates_expected=False))
    (request,) = scene.hears(order(), compliance())
    assert "evidence_until" not in request


def test_a_snapshot_that_is_not_there_is_not_waited_for() -> None:
    """Told that there is none, the question comes at once, and says that nothing more comes; should one come yet, it is asked anew."""
    scene = Scene()
    assert scene.hears(order(), rate()) == []
    missed = compliance(kyc_status=None, risk_rating=None, lacking="absent")
    (request,) = scene.hears(missed)
    assert "compliance" not in request["context"]
    assert "evidence_until" not in request
    assert scene.hears(missed) == []
    scene.hears(decision(request, "REFER"))
    (again,) = scene.hears(compliance(seconds=1))
    assert (again["context"]["compliance"]["kyc_status"], again["evidence_until"]) == ("KYC_VERIFIED", at(3))
    assert scene.hears(missed) == [], "what is known is not forgotten"


def shadowed() -> tuple[Scene, dict[str, Any]]:
    """Return a scene in shadow in which the accept was left out, and its command."""
    scene, command = commanded(Scene(WorkflowRules(mode="shadow")))
    scene.hears(completion(command, "shadowed", attempts=0))
    return scene, command


def gone_live(scene: Scene) -> Scene:
    """Return the scene of the same pipeline, started again in live."""
    return Scene(clock=scene.clock, states=scene.engine.states)


def test_what_was_accepted_in_shadow_only_is_asked_anew_in_live() -> None:
    """Nobody has accepted it, so no quotes come: the start in live asks about the proposal again, once, and the command is sent."""
    scene, command = shadowed()
    assert scene.at(20) == []
    live = gone_live(scene)
    (again,) = live.at(30)
    assert (again["question"], again["round"]) == ("accept_proposal", 2)
    (sent,) = live.hears(decision(again, "ACCEPT"))
    assert (sent["mode"], sent["command_id"] != command["command_id"]) == ("live", True)
    live.hears(completion(sent))
    assert live.state().phase == "quoting"
    assert gone_live(live).at(100) == []


def test_what_others_accepted_while_we_were_in_shadow_goes_on() -> None:
    """Where there are quotes the proposal is accepted: in live they are asked about, and the proposal is not."""
    scene, _ = shadowed()
    scene.hears(quote(seconds=4, valid=100))
    assert [one["question"] for one in gone_live(scene).at(20)] == ["co_sign_quote"]


def test_what_was_left_out_in_shadow_too_long_ago_stops() -> None:
    """After the order's time there is nothing to ask, and nothing to wait for."""
    scene, _ = shadowed()
    scene.at(400)
    live = gone_live(scene)
    assert live.at(500) == []
    assert (live.state().phase, live.engine.due_at) == ("stopped", None)


def test_in_shadow_nothing_is_asked_anew() -> None:
    """A restart that stays in shadow finds nothing to do."""
    scene, _ = shadowed()
    assert Scene(scene.rules, clock=scene.clock, states=scene.engine.states).at(100) == []


def test_evidence_that_does_not_come_is_waited_for_shortly() -> None:
    """A second after the terms were known the question comes without what is missing; a rate of another pair is no rate."""
    scene = Scene()
    scene.hears(order(), rate(source_currency="USDCx", target_currency="JPYSC0"))
    assert scene.at(0.9) == []
    (request,) = scene.at(1.0)
    assert "compliance" not in request["context"]
    assert request["context"]["rates"] == []


def test_terms_are_needed_before_anything_is_asked() -> None:
    """A hint alone asks nothing, however long; the record behind it does."""
    scene = Scene()
    scene.hears(hint("PENDING"))
    assert scene.at(100) == []
    scene.hears(order(seconds=100))
    assert [one["_kind"] for one in scene.at(101)] == ["decision-requested"]


@pytest.mark.parametrize("side", ["receiver", "none"])
def test_orders_that_we_do_not_send_are_followed_only(side: str) -> None:
    """As receiver's custodian, or on neither side, nothing is asked; the status is followed to the end."""
    scene = Scene()
    assert scene.hears(order(side=side), rate(), compliance(), quote(rate="500", seconds=1)) == []
    assert scene.at(400) == []
    scene.hears(order("SETTLED", side=side, seconds=20))
    assert (scene.state().status, scene.state().phase) == ("SETTLED", "ended")


def test_both_sides_are_worked_like_the_senders() -> None:
    """An order on both sides is asked about as one that we send."""
    scene = Scene()
    (request,) = scene.hears(order(side="both"), rate(), compliance())
    assert request["context"]["side"] == "both"


def test_an_accept_becomes_one_command_of_the_decided_terms() -> None:
    """The command carries decision, terms, mode and the moment after which it is void."""
    scene, command = commanded()
    assert (command["kind"], command["mode"], command["not_after"]) == ("accept_proposal", "live", at(298))
    assert (command["target_amount"], command["source_amount_max"]) == ("100000", "12000000")
    assert "quote_id" not in command
    assert scene.hears(completion(command)) == []
    assert scene.state().phase == "quoting"


def test_in_shadow_the_command_says_so_and_the_work_goes_on() -> None:
    """A shadow command is answered as shadowed, and the quotes that somebody else's accept brings are asked about all the same."""
    scene, command = commanded(Scene(WorkflowRules(mode="shadow")))
    assert command["mode"] == "shadow"
    scene.hears(completion(command, "shadowed", attempts=0))
    scene.hears(quote(seconds=4))
    (request,) = scene.at(14)
    (second,) = scene.hears(decision(request, "ACCEPT", "q1"))
    assert (second["kind"], second["mode"]) == ("co_sign_quote", "shadow")
    scene.hears(completion(second, "shadowed", attempts=0), order("EXECUTING", seconds=15), order("FAILED", seconds=16))
    assert (scene.state().status, scene.state().phase) == ("FAILED", "ended")


def test_a_reject_ends_the_work_for_good() -> None:
    """After REJECT nothing is asked or commanded any more, not even when quotes show that somebody accepted all the same."""
    scene, request = asked()
    assert scene.hears(decision(request, "REJECT")) == []
    assert scene.hears(quote(seconds=3), quote("q2", seconds=4)) == []
    assert scene.at(400) == []
    assert scene.state().phase == "declined"


def test_a_wait_is_asked_again_after_a_pause() -> None:
    """WAIT leads to the same question a second later as a new round that sees what has come meanwhile."""
    scene, request = asked()
    scene.hears(decision(request, "WAIT"), rate("111.5", seconds=0.5))
    (again,) = scene.at(1)
    assert (again["question"], again["round"]) == ("accept_proposal", 2)
    assert again["context"]["rates"][0]["rate"] == "111.5"


def test_waiting_has_a_limit() -> None:
    """After the last round the intent stops with an alarm instead of asking for ever."""
    scene, request = asked(Scene(WorkflowRules(rounds_max=3)))
    said: list[dict[str, Any]] = []
    for second in range(1, 4):
        scene.hears(decision(request, "WAIT"))
        said = scene.at(second)
        request = said[0]
    assert alarms(said) == ["decision_missing"]
    assert scene.state().phase == "stopped"
    assert scene.at(400) == []


def test_a_referral_waits_for_an_answer_that_refers_to_it() -> None:
    """After REFER an ACCEPT of the engine is a contradiction; the approval that names the referral is the one that counts, once."""
    scene, request = asked()
    referral = decision(request, "REFER")
    assert scene.hears(referral) == []
    assert alarms(scene.hears(decision(request, "ACCEPT"))) == ["decision_contradicted"]
    approval = decision(request, "ACCEPT", engine="Ada", refers_to=referral.decision_id)
    assert [one["_kind"] for one in scene.hears(approval)] == ["command-issued"]
    assert scene.hears(approval) == []
    refusal = decision(request, "REJECT", engine="Bo", refers_to=referral.decision_id)
    assert alarms(scene.hears(refusal)) == ["decision_contradicted"]


def test_a_refused_referral_is_declined() -> None:
    """A person's REJECT ends the work."""
    scene, request = asked()
    referral = decision(request, "REFER")
    scene.hears(referral, decision(request, "REJECT", engine="Ada", refers_to=referral.decision_id))
    assert (scene.state().phase, scene.state().note) == ("declined", "rejected by Ada")


def test_a_referral_lapses_with_its_request() -> None:
    """An approval after `decide_by` has no effect and is an alarm."""
    scene, request = asked()
    referral = decision(request, "REFER")
    scene.hears(referral)
    assert scene.at(299) == []
    assert scene.state().phase == "stopped"
    assert alarms(scene.hears(decision(request, "ACCEPT", engine="Ada", refers_to=referral.decision_id))) == ["decision_late"]


def test_no_answer_in_time_is_an_alarm_and_a_late_accept_another() -> None:
    """When nobody answers by `decide_by` a person hears of it; the ACCEPT that comes then does nothing, however often."""
    scene, request = asked()
    assert alarms(scene.at(298)) == ["decision_missing"]
    late = decision(request, "ACCEPT")
    assert alarms(scene.hears(late)) == ["decision_late"]
    assert scene.hears(late) == []
    assert scene.engine.counts["decision_late"] == 2


def test_a_second_answer_that_says_otherwise_is_an_alarm() -> None:
    """After an ACCEPT a REJECT by another engine changes nothing; one that says the same is only counted."""
    scene, request = asked()
    scene.hears(decision(request, "ACCEPT"))
    assert scene.hears(decision(request, "ACCEPT", engine="other")) == []
    (alarm,) = scene.hears(decision(request, "REJECT", engine="other"))
    assert (alarm["kind"], alarm["severity"]) == ("decision_contradicted", "critical")
    assert alarm["detail"]["before"] == "ACCEPT by rules"
    assert scene.state().phase == "accepting"


def test_answers_that_answer_nothing_are_alarms() -> None:
    """A request never made, a question not asked and a quote that nobody can choose yet make an answer malformed; nothing follows."""
    scene, request = asked()
    foreign = decision({**request, "request_id": "f" * 32}, "ACCEPT")
    other = decision({**request, "question": "co_sign_quote"}, "ACCEPT", "q1")
    assert alarms(scene.hears(foreign)) == ["decision_malformed"]
    assert alarms(scene.hears(other)) == ["decision_malformed"]
    assert alarms(scene.hears(decision(request, "ACCEPT", refers_to="nothing"))) == ["decision_malformed"]
    assert alarms(scene.hears(decision(request, "ACCEPT", "q1", engine="other"))) == ["decision_malformed"]
    assert scene.state().phase == "asking_accept"


def test_an_answer_to_another_context_has_no_effect() -> None:
    """An ACCEPT that saw another context than the request's is counted and does nothing."""
    scene, request = asked()
    assert scene.hears(decision({**request, "context_sha256": "0" * 64}, "ACCEPT")) == []
    assert scene.engine.counts["decision_of_other_context"] == 1
    assert scene.state().phase == "asking_accept"


def test_changed_terms_are_asked_about_anew() -> None:
    """When the order changes while a person decides, the question is asked again and the approval of the old terms does nothing."""
    scene, request = asked()
    referral = decision(request, "REFER")
    scene.hears(referral)
    (again,) = scene.hears(order(seconds=2, target_amount="100001"))
    assert (again["round"], again["context"]["target_amount"]) == (2, "100001")
    assert [one["_kind"] for one in scene.hears(decision(request, "ACCEPT", engine="Ada", refers_to=referral.decision_id))] == [
        "alarm-raised"
    ]
    assert scene.hears(order(seconds=3, target_amount="100001.00")) == []


def test_a_conflict_with_quotes_present_is_an_accepted_proposal() -> None:
    """After 409 on the accept, quotes show that it is accepted all the same: they are collected and asked about (A-09)."""
    scene, command = commanded()
    assert scene.hears(completion(command, "refused", http_status=409)) == []
    assert scene.state().phase == "accept_in_doubt"
    scene.hears(quote(seconds=1, valid=31))
    assert scene.state().phase == "quoting"
    assert [one["question"] for one in scene.at(7)] == ["co_sign_quote"]


def in_doubt() -> tuple[Scene, dict[str, Any]]:
    """Return a scene in which the venue has refused the accept, and the command."""
    scene, command = commanded()
    scene.hears(completion(command, "refused", http_status=409, error_code="CONFLICT"))
    return scene, command


def test_a_conflict_without_quotes_is_for_people() -> None:
    """After 409 quotes are waited for; then it is asked anew with the refusal, and on the same facts only people may say yes."""
    scene, command = in_doubt()
    assert scene.at(11.9) == []
    (again,) = scene.at(12)
    assert (again["_kind"], again["round"]) == ("decision-requested", 2)
    told = {"command_id": command["command_id"], "http_status": 409, "reason": "CONFLICT", "refused_at": at(0), "unchanged": True}
    assert again["context"]["refusals"] == [told]
    assert alarms(scene.hears(decision(again, "ACCEPT"))) == ["decision_malformed"]
    assert scene.hears(decision(again, "ACCEPT", engine="other", refers_to="nothing"))[0]["_kind"] == "alarm-raised"
    referral = decision(again, "REFER")
    assert scene.hears(referral) == []
    (repeated,) = scene.hears(decision(again, "ACCEPT", engine="Ada", refers_to=referral.decision_id))
    assert repeated["_kind"] == "command-issued"
    scene.hears(completion(repeated, "refused", http_status=409))
    (third,) = scene.at(30)
    assert [one["unchanged"] for one in third["context"]["refusals"]] == [True, True]


def test_after_a_conflict_a_changed_order_is_the_engines_again() -> None:
    """The record changed since what was refused: the engine sees the refusal, and that it was of something else, and may say yes."""
    scene, _ = in_doubt()
    assert scene.hears(order(seconds=1, target_amount="100000.00")) == []
    assert scene.hears(order(seconds=2, target_amount="90000")) == []
    (again,) = scene.at(12)
    assert [one["unchanged"] for one in again["context"]["refusals"]] == [False]
    assert [one["_kind"] for one in scene.hears(decision(again, "ACCEPT"))] == ["command-issued"]


@pytest.mark.parametrize("referred", [False, True])
def test_quotes_that_come_while_a_refusal_is_looked_at_show_that_it_is_accepted(referred: bool) -> None:
    """Nobody has to be asked any more: the quotes are collected and asked about (A-09)."""
    scene, _ = in_doubt()
    (again,) = scene.at(12)
    if referred:
        scene.hears(decision(again, "REFER"))
    scene.hears(quote(seconds=13, valid=60))
    assert scene.state().phase == "quoting"
    assert [one["question"] for one in scene.at(18)] == ["co_sign_quote"]


def test_a_refusal_of_an_older_release_counts_as_one_of_the_same_facts() -> None:
    """A state that does not say what the refused command was about: only people may have it asked again."""
    scene, _ = in_doubt()
    key, text = next(iter(scene.engine.states.items()))
    old = json.loads(text)
    assert old["done"][0].pop("basis")
    older = Scene(clock=scene.clock, states={key: json.dumps(old)})
    (again,) = older.at(12)
    assert [one["unchanged"] for one in again["context"]["refusals"]] == [True]
    assert alarms(older.hears(decision(again, "ACCEPT"))) == ["decision_malformed"]


@pytest.mark.parametrize("status", [401, 403, 404])
def test_not_allowed_is_final(status: int) -> None:
    """A refusal that says that we may not is not tried again (A-17, A-30)."""
    scene, command = commanded()
    scene.hears(completion(command, "refused", http_status=status))
    assert scene.at(400) == []


def test_what_was_not_sent_is_decided_anew_ever_more_slowly() -> None:
    """While the executor does not send (a halt, say), the question comes again after 2, 4, 8, 16 s, up to the order's end."""
    scene, command = commanded()
    rounds = []
    while True:
        scene.hears(completion(command, "refused", attempts=0, reason="halted"))
        said: list[dict[str, Any]] = []
        while not said and scene.clock.monotonic() < 300:
            said = scene.at(scene.clock.monotonic() + 1)
        if not said:
            break
        rounds.append(scene.clock.monotonic())
        (command,) = scene.hears(decision(said[0], "ACCEPT"))
    assert rounds == [2, 6, 14, 30, 62, 122, 182, 242]
    assert scene.state().phase == "stopped"


@pytest.mark.parametrize(("ahead", "believed"), [(4.9, True), (3600, False)])
def test_evidence_of_a_time_that_has_not_come_is_not_believed(ahead: float, believed: bool) -> None:
    """A snapshot or rate from the future is no evidence: the question lacks it, and a real one that comes is what is asked with."""
    scene = Scene()
    said = scene.hears(order(), compliance(seconds=ahead, kyc_status="KYC_ENHANCED"), rate(seconds=ahead))
    if believed:
        assert (alarms(said), said[0]["context"]["compliance"]["kyc_status"]) == ([], "KYC_ENHANCED")
        return
    assert alarms(said) == ["evidence_ahead"]
    assert scene.engine.counts["evidence_ahead"] == 2
    (request,) = scene.at(1)
    assert (request["context"].get("compliance"), request["context"]["rates"]) == (None, [])
    assert "evidence_until" in request
    assert scene.hears(compliance(seconds=3600, kyc_status="KYC_ENHANCED")) == [], "one alarm an order"
    (anew,) = scene.hears(compliance(seconds=1, kyc_status="KYC_REJECTED"))
    assert anew["context"]["compliance"]["kyc_status"] == "KYC_REJECTED"


def test_a_quote_of_a_time_that_has_not_come_hides_none() -> None:
    """A record from the future cannot withdraw a quote, or make it dearer until then."""
    scene, command = commanded()
    scene.hears(completion(command))
    scene.at(8)
    said = scene.hears(quote(valid=60), quote(seconds=3600, valid=60, status="WITHDRAWN"), quote("q2", "115", valid=60))
    assert alarms(said) == ["evidence_ahead"]
    (request,) = scene.at(13)
    assert [(one["quote_id"], one["fx_rate"]) for one in request["context"]["quotes"]] == [("q1", "112"), ("q2", "115")]


BELIED: dict[str, Any] = {"attempts": 0, "reason": "evidence_changed: kyc_status"}


@pytest.mark.parametrize("when", ["before", "after", "never"])
def test_a_snapshot_that_the_venue_does_not_show_is_not_asked_with_again(when: str) -> None:
    """What is asked anew has the venue's own snapshot, whichever of the two records comes first, also one of an earlier time; or none."""
    scene = Scene()
    (request,) = scene.hears(order(), rate(), compliance(seconds=4, kyc_status="KYC_ENHANCED"))
    (command,) = scene.hears(decision(request, "ACCEPT"))
    heard: list[Event] = [completion(command, "refused", **BELIED)]
    if when != "never":
        heard.insert(0 if when == "before" else 1, compliance(seconds=5 if when == "before" else 1, kyc_status="KYC_REJECTED"))
    assert scene.hears(*heard) == []
    (request,) = scene.at(2)
    if when == "never":
        assert "compliance" not in request["context"]
        assert "evidence_until" in request
    else:
        assert request["context"]["compliance"]["kyc_status"] == "KYC_REJECTED"


def test_a_status_beyond_pending_needs_no_further_work() -> None:
    """When somebody else co-signs while we ask, the intent is followed and the answer moot."""
    scene, request = asked()
    scene.hears(order("QUOTED", seconds=5))
    assert scene.hears(decision(request, "ACCEPT")) == []
    assert scene.engine.counts["decision_moot"] == 1
    assert scene.hears(order("PENDING", seconds=6)) == []
    assert scene.engine.counts["regressed"] == 1


@pytest.mark.parametrize("status", ["WITHDRAWN", "CANCELLED", "EXPIRED", "FAILED"])
def test_the_venues_end_is_the_end(status: str) -> None:
    """A withdrawn, unknown or terminal status ends the work without an alarm of ours; a later SETTLED is not hidden."""
    scene, request = asked()
    assert scene.hears(order(status, seconds=4, origin="absence" if status == "WITHDRAWN" else "read", side="sender")) == []
    assert scene.hears(decision(request, "ACCEPT")) == []
    assert scene.at(400) == []
    scene.hears(order("SETTLED", seconds=20))
    assert scene.state().status == "SETTLED"


@pytest.mark.parametrize(
    ("status", "said"),
    [
        ("EXPIRED", "the venue shows EXPIRED; before that: rejected by rules"),
        ("WITHDRAWN", "the venue does not show the order any more (404), so it was withdrawn; before that: rejected by rules"),
        ("FROZEN", "the venue shows FROZEN, a status that we do not know, which counts as an end; before that: rejected by rules"),
        ("SETTLED", "settled"),
    ],
)
def test_an_end_does_not_wipe_out_the_reason(status: str, said: str) -> None:
    """What we did before stands beside the venue's end, except where everything went well."""
    scene, request = asked()
    scene.hears(decision(request, "REJECT"))
    scene.hears(order(status, seconds=20))
    assert scene.state().note == said


def test_what_came_of_the_last_command_is_told_while_it_is_asked_again() -> None:
    """A proposal that was refused, asked about anew and then ended says both."""
    scene, command = commanded()
    scene.hears(completion(command, "refused", http_status=409, error_code="CONFLICT"))
    scene.at(12)
    assert scene.state().phase == "asking_accept"
    scene.hears(order("EXPIRED", seconds=61))
    assert scene.state().note == (
        "the venue shows EXPIRED; before that: a decision was waited for, after accepting the proposal was refused by the venue: "
        "409 CONFLICT, the order or the quote does not allow it any more"
    )


def test_a_proposal_first_seen_too_late_is_not_asked_about() -> None:
    """Of a proposal that ends within the margin nothing is asked; the state says why."""
    scene = Scene(clock=HandClock())
    scene.clock.pass_by(299)
    scene.hears(order(seconds=299), rate(), compliance())
    assert scene.said == []
    assert (scene.state().phase, scene.state().note) == ("stopped", "too late when first seen")


def test_a_long_outage_misses_no_due_time_and_asks_once() -> None:
    """What was due while nobody ran is done at the first wake-up from the stored state, and not again at the second."""
    scene = Scene()
    scene.hears(order())
    later = scene.restarted()
    later.clock.pass_by(200)
    assert [one["_kind"] for one in later.wakes()] == ["decision-requested"]
    assert later.wakes() == []
    assert later.restarted().wakes() == []


def test_a_clock_that_jumps_asks_nothing_twice() -> None:
    """Back and forth by minutes: one question, one command."""
    scene = Scene()
    scene.hears(order())
    for jump in (2, -60, 120, -90, 30):
        scene.clock.pass_by(jump)
        scene.wakes()
        scene.hears(order(seconds=1))
    assert len(scene.said) == 1


def test_an_answer_that_comes_before_its_request_is_kept() -> None:
    """The worker died after publishing the question: its answer is read first, and counts when the question is asked again."""
    lost = Scene()
    (request,) = lost.hears(order(), rate(), compliance())
    scene = Scene()
    assert scene.hears(decision(request, "ACCEPT")) == []
    said = scene.hears(order(), rate(), compliance())
    assert [one["_kind"] for one in said] == ["decision-requested", "command-issued"]
    assert said[0]["request_id"] == request["request_id"]


@pytest.mark.parametrize(("second", "alarm"), [("REJECT", ["decision_contradicted"]), ("ACCEPT", [])])
def test_a_second_answer_that_comes_before_its_request_is_seen_too(second: str, alarm: list[str]) -> None:
    """Of two answers that were kept the first one counts; the second is an alarm where it says otherwise, and is kept no longer."""
    (request,) = Scene().hears(order(), rate(), compliance())
    scene = Scene()
    assert scene.hears(decision(request, "ACCEPT"), decision(request, second, engine="another")) == []
    said = scene.hears(order(), rate(), compliance())
    assert [one["_kind"] for one in said if one["_kind"] != "alarm-raised"] == ["decision-requested", "command-issued"]
    assert alarms(said) == alarm
    assert scene.state().early == ()


def test_an_answer_to_a_lost_twin_of_another_context_is_not_taken() -> None:
    """When the question asked again sees another context, the answer to the lost one has no effect; the new one's has."""
    lost = Scene()
    (request,) = lost.hears(order(), rate(), compliance())
    scene = Scene()
    scene.hears(decision(request, "ACCEPT"), order(), rate("150"))
    (again,) = scene.hears(compliance())
    assert (again["request_id"], again["_kind"]) == (request["request_id"], "decision-requested")
    assert scene.state().phase == "asking_accept"
    assert [one["_kind"] for one in scene.hears(decision(again, "ACCEPT"))] == ["command-issued"]


@pytest.mark.parametrize(("outcome", "http", "phase"), [("succeeded", 200, "quoting"), ("refused", 409, "accept_in_doubt")])
def test_the_end_of_a_forgotten_command_counts(outcome: str, http: int, phase: str) -> None:
    """The worker died after publishing the command: its end is read before the command is issued again, and it is not issued twice."""
    lost = Scene()
    (request,) = lost.hears(order(), rate(), compliance())
    (command,) = lost.hears(decision(request, "ACCEPT"))
    scene = Scene()
    scene.hears(completion(command, outcome, http_status=http), decision(request, "ACCEPT"))
    said = scene.hears(order(), rate(), compliance())
    assert "command-issued" not in [one["_kind"] for one in said]
    assert scene.state().phase == phase


def test_the_evidence_wait_is_a_setting() -> None:
    """Another wait, another moment of asking."""
    scene = Scene(WorkflowRules(evidence_wait=timedelta(seconds=3)))
    scene.hears(order())
    assert scene.at(2.9) == []
    assert len(scene.at(3)) == 1


def test_an_accept_that_is_read_after_its_time_has_no_effect() -> None:
    """Also when no wake-up came between: the answer itself is what shows that it is late."""
    scene, request = asked()
    scene.clock.pass_by(298)
    assert alarms(scene.hears(decision(request, "ACCEPT"))) == ["decision_late", "decision_missing"]
    assert scene.state().phase == "stopped"


def test_the_success_of_a_forgotten_command_counts_without_its_decision() -> None:
    """When the decision is read again too late, what its command did at the venue is taken over all the same."""
    lost, request = asked()
    (command,) = lost.hears(decision(request, "ACCEPT"))
    scene, _ = asked()
    assert scene.hears(completion(command)) == []
    assert scene.state().phase == "quoting"
    assert scene.hears(decision(request, "ACCEPT")) == []


def test_a_forgotten_command_that_was_not_sent_is_not_issued_twice() -> None:
    """Its end is known before it is issued again: nothing more is heard of that command, so the question comes anew after the pause."""
    lost, request = asked()
    (command,) = lost.hears(decision(request, "ACCEPT"))
    scene, _ = asked()
    scene.hears(completion(command, "refused", attempts=0, reason="halted"))
    assert scene.hears(decision(request, "ACCEPT")) == []
    assert [(one["_kind"], one["round"]) for one in scene.at(2)] == [("decision-requested", 2)]
