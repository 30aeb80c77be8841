"""How verdicts follow from rules, what cannot be switched off, and which quote is chosen."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from pipeline.domain.money import Scales
from pipeline.log.codec import decode, encode
from pipeline.log.envelope import time_text
from pipeline.policy.counters import ENDED
from pipeline.testing.questions import NOW, engine, question, quote, rule
from schemas.accepting import DecisionMade, QuoteFacts, RefusalFacts

ANY = rule("pairs_allowed", 'pairs = ["JPYSC0/USDCx"]', name="serves")
ANY_QUOTE = rule("pairs_allowed", 'pairs = ["JPYSC0/USDCx"]', on="co_sign_quote", name="serves quotes")
REJECTS = rule("pairs_denied", 'pairs = ["JPYSC0/USDCx"]', name="rejects")
REFERS = rule("pairs_denied", 'pairs = ["JPYSC0/USDCx"]', otherwise="REFER", name="refers")
ELSEWHERE = rule("pairs_allowed", 'pairs = ["A/B"], venue = "osaka"', name="elsewhere")
FOUR_EYES = rule("four_eyes_above", 'side = "target", currency = "USDCx", limit = "1"', otherwise="REFER", name="four")


@pytest.mark.parametrize(
    ("rules", "verdict", "approvers"),
    [
        ((ANY,), "ACCEPT", 0),
        ((ANY, REFERS), "REFER", 1),
        ((REFERS, REJECTS), "REJECT", 0),
        ((REJECTS, ANY), "REJECT", 0),
        ((ANY, FOUR_EYES, REFERS), "REFER", 2),
        ((ELSEWHERE,), "REFER", 1),
        ((ELSEWHERE, ANY), "ACCEPT", 0),
        ((ANY_QUOTE,), "REFER", 1),
        ((), "REFER", 1),
    ],
)
def test_any_reject_rejects_else_any_refer_refers_and_nothing_applicable_refers(
    rules: tuple[str, ...], verdict: str, approvers: int
) -> None:
    """The verdict follows from all rules; every rule of the question is in the record, whatever the others said."""
    made = engine(*rules).decide(question(), {}, NOW)
    assert (made.verdict, made.approvers_needed) == (verdict, approvers)
    names = [outcome.name for outcome in made.rules if not outcome.name.startswith("built in")]
    assert len(names) == sum('on = "accept_proposal"' in text for text in rules)


@pytest.mark.parametrize("otherwise", ["REJECT", "REFER"])
def test_a_missing_input_is_waited_for_and_then_referred_and_never_rejected(otherwise: str) -> None:
    """While it may still come the answer is WAIT, then people decide; a rule that is violated says its word meanwhile."""
    asked = engine(rule("kyc_status", otherwise=otherwise))
    lacking = question(compliance=None)
    hopeful = lacking.model_copy(update={"evidence_until": time_text(NOW + timedelta(seconds=3))})
    verdicts = {seconds: asked.decide(hopeful, {}, NOW + timedelta(seconds=seconds)).verdict for seconds in (0.0, 2.9, 3.0, 9.0)}
    assert verdicts == {0.0: "WAIT", 2.9: "WAIT", 3.0: "REFER", 9.0: "REFER"}
    assert asked.decide(lacking, {}, NOW).verdict == "REFER"
    assert engine(rule("kyc_status", otherwise=otherwise), REJECTS).decide(hopeful, {}, NOW).verdict == "REJECT"
    assert engine(rule("kyc_status", otherwise=otherwise), REFERS).decide(hopeful, {}, NOW).verdict == "REFER"


@pytest.mark.parametrize(("unchanged", "verdict"), [(True, "REFER"), (False, "ACCEPT")])
def test_what_the_venue_refused_on_the_same_facts_is_for_people(unchanged: bool, verdict: str) -> None:
    """A policy that allows everything repeats no accept that was refused as it stands; of something else it was no refusal."""
    refusal = RefusalFacts(command_id="c", http_status=409, reason="CONFLICT", refused_at=time_text(NOW), unchanged=unchanged)
    made = engine(ANY).decide(question(refusals=(refusal,)), {}, NOW)
    assert made.verdict == verdict
    (said,) = [outcome for outcome in made.rules if outcome.check == "not_refused"]
    assert said.inputs == {f"refused at {time_text(NOW)}": "409 CONFLICT"}
    both = engine(ANY_QUOTE).decide(question("co_sign_quote", quotes=[quote(1)], refusals=(refusal,)), {}, NOW)
    assert both.verdict == verdict


@pytest.mark.parametrize(
    ("scales", "given", "rate", "verdict"),
    [
        (Scales(by_currency={"JPYSC0": 4}), {}, "112.000000001", "ACCEPT"),
        (Scales(by_currency={"JPYSC0": 4}), {}, "112.0000000001", "REFER"),
        (Scales(by_currency={"JPYSC0": 0}), {"target_amount": "100000.5"}, "112.1", "REFER"),
        (Scales(by_currency={"JPYSC0": 4, "USDCx": 0}), {"target_amount": "100000.5", "side": "both"}, "112", "REFER"),
        (Scales(by_currency={"JPYSC0": 4, "USDCx": 0}), {"target_amount": "100000.5"}, "112", "ACCEPT"),
        (Scales(by_currency={"USDCx": 6}, listed_only=True), {}, "112", "REFER"),
        (Scales(by_currency={"JPYSC0": 4}, listed_only=True), {}, "112", "ACCEPT"),
        (Scales(by_currency={"JPYSC0": 4}, listed_only=True), {"side": "both"}, "112", "REFER"),
        (Scales(default=38), {"target_amount": "1.0000000000000000001", "source_amount_max": None}, "112.00000000000000000001", "REFER"),
    ],
)
def test_what_the_books_could_not_hold_is_for_people(scales: Scales, given: dict[str, Any], rate: str, verdict: str) -> None:
    """A product finer than the source currency, or a currency of which nobody said how fine it is: never signed without a person."""
    made = engine(ANY_QUOTE, scales=scales).decide(question("co_sign_quote", quotes=[quote(1, rate)], **given), {}, NOW)
    assert (made.verdict, made.quote_id) == (verdict, quote(1).quote_id)
    assert [outcome.verdict for outcome in made.rules if outcome.check == "bookable"] == ["REFER"] * (verdict == "REFER")


def test_what_the_books_could_not_hold_is_seen_with_the_proposal_where_it_shows_there() -> None:
    """An unknown currency, and a target amount of ours that is too fine, need no quote to be seen."""
    known, listed = Scales(by_currency={"JPYSC0": 4, "USDCx": 0}), Scales(by_currency={"USDCx": 6}, listed_only=True)
    assert engine(ANY, scales=known).decide(question(target_amount="0.5", side="both"), {}, NOW).verdict == "REFER"
    assert engine(ANY, scales=known).decide(question(target_amount="0.5"), {}, NOW).verdict == "ACCEPT"
    assert engine(ANY, scales=listed).decide(question(), {}, NOW).verdict == "REFER"


def test_a_quote_about_which_something_is_missing_is_not_passed_over() -> None:
    """Without a reference rate no quote is rejected for it, whatever the rule says otherwise: the cheapest waits, then people choose."""
    asked = engine(rule("rate_within", 'basis_points = "75", age_max = "30s"', on="co_sign_quote"))
    request = question("co_sign_quote", quotes=[quote(1, "112"), quote(2, "111.9")], rates=())
    hopeful = request.model_copy(update={"evidence_until": time_text(NOW + timedelta(seconds=2))})
    assert asked.decide(hopeful, {}, NOW).verdict == "WAIT"
    referred = asked.decide(hopeful, {}, NOW + timedelta(seconds=2))
    assert (referred.verdict, referred.quote_id) == ("REFER", quote(2).quote_id)


@pytest.mark.parametrize(
    ("given", "counters", "check", "verdict"),
    [
        ({"side": "receiver"}, {}, "sender_custodian", "REJECT"),
        ({"side": "none"}, {}, "sender_custodian", "REJECT"),
        ({"expires_at": time_text(NOW)}, {}, "order_open", "REJECT"),
        ({"expires_at": "2025-03-14T02:99:00Z"}, {}, "order_open", "REJECT"),
        ({}, {ENDED: "EXPIRED"}, "order_open", "REJECT"),
        ({"target_amount": "0"}, {}, "question_whole", "REFER"),
    ],
)
def test_what_is_built_in_cannot_be_switched_off_for_an_order(
    given: dict[str, Any], counters: dict[str, str], check: str, verdict: str
) -> None:
    """A policy that allows everything accepts no order that is not ours, ended, or unreadable."""
    made = engine(ANY).decide(question(**given), counters, NOW)
    assert made.verdict == verdict
    assert [outcome.check for outcome in made.rules if outcome.verdict == verdict] == [check]


def test_a_context_that_is_not_the_one_asked_about_is_referred() -> None:
    """Another digest, or another order in the context, is never an accept."""
    whole = question()
    for broken in (
        whole.model_copy(update={"context_sha256": "0" * 64}),
        whole.model_copy(update={"intent_id": "another"}),
        whole.model_copy(update={"context": whole.context.model_copy(update={"target_amount": "1"})}),
    ):
        assert engine(ANY).decide(broken, {}, NOW).verdict == "REFER"


def test_an_answer_that_would_come_too_late_is_to_be_asked_anew() -> None:
    """After decide_by the answer is WAIT, as long as nothing rejects."""
    late = NOW + timedelta(seconds=20)
    assert engine(ANY).decide(question(), {}, late).verdict == "WAIT"
    assert engine(ANY).decide(question(), {}, late - timedelta(microseconds=1)).verdict == "ACCEPT"
    assert engine(REJECTS).decide(question(), {}, late).verdict == "REJECT"


@pytest.mark.parametrize(
    ("bad", "given", "check"),
    [
        (quote(1, valid=0), {}, "quote_valid"),
        (quote(1, valid=-1), {}, "quote_valid"),
        (quote(1, status="EXPIRED"), {}, "quote_valid"),
        (quote(1, valid_until="2025-13-14T02:00:00Z"), {}, "quote_valid"),
        (quote(1, "120.00001"), {}, "cost_guard"),
        (quote(1, "11"), {"source_amount_max": "0"}, "cost_guard"),
        (quote(1, source_amount="11200000.01"), {}, "quote_agrees"),
        (quote(1, target_amount="99999"), {}, "quote_agrees"),
        (quote(1, "0"), {}, "quote_agrees"),
    ],
)
def test_what_is_built_in_cannot_be_switched_off_for_a_quote(bad: QuoteFacts, given: dict[str, Any], check: str) -> None:
    """A policy that allows everything co-signs no quote that lapsed, breaks the guard or disagrees; a good one beside it is co-signed."""
    made = engine(ANY_QUOTE).decide(question("co_sign_quote", quotes=[bad], **given), {}, NOW)
    assert made.verdict == "REJECT"
    assert check in [outcome.check for outcome in made.rules if outcome.verdict == "REJECT"]
    if not given:
        both = engine(ANY_QUOTE).decide(question("co_sign_quote", quotes=[bad, quote(2, "112.5")]), {}, NOW)
        assert (both.verdict, both.quote_id) == ("ACCEPT", quote(2).quote_id)


@pytest.mark.parametrize(
    "good",
    [
        quote(1, source_amount="11200000.00"),
        quote(1, target_amount="100000"),
        quote(1, target_amount="11200000"),  # the legacy meaning (contract A-08)
        quote(1, "120"),
    ],
)
def test_a_quote_that_agrees_in_any_documented_way_is_co_signed(good: QuoteFacts) -> None:
    """Stated amounts are compared by value, in the documented and the legacy meaning; the guard includes its limit."""
    assert engine(ANY_QUOTE).decide(question("co_sign_quote", quotes=[good]), {}, NOW).verdict == "ACCEPT"


def test_the_guard_is_exact_beyond_28_digits() -> None:
    """A product that the default decimal context would round down to the maximum breaks the guard."""
    order: dict[str, Any] = {"target_amount": "100000000000000000000.00000000000000001", "source_amount_max": "112000000000000000000000"}
    made = engine(ANY_QUOTE).decide(question("co_sign_quote", quotes=[quote(1, "1120")], **order), {}, NOW)
    assert made.verdict == "REJECT"


def best(ties: str, more: str = "") -> str:
    """Return a rule on the choice between quotes."""
    return rule("best_execution", f'ties = "{ties}"{more}', on="co_sign_quote", otherwise="REFER", name="best")


EARLY, LONG = quote(2, first_seen_at=time_text(NOW - timedelta(seconds=9))), quote(3, valid=29)


@pytest.mark.parametrize(
    ("rules", "quotes", "verdict", "chosen"),
    [
        ((ANY_QUOTE,), (quote(1, "112"), quote(2, "111.9"), quote(3, "113")), "ACCEPT", 2),
        ((ANY_QUOTE,), (quote(1, "112"), quote(2, "112.0")), "REFER", 1),
        ((best("refer"),), (quote(1, "112"), EARLY), "REFER", 2),
        ((best("first_seen"),), (quote(1, "112"), EARLY, LONG), "ACCEPT", 2),
        ((best("first_seen"),), (quote(1, "112"), LONG), "REFER", 3),
        ((best("longest_valid"),), (quote(1, "112"), EARLY, LONG), "ACCEPT", 3),
        ((best("refer", ", follow_selection = true"),), (quote(1, "111"), quote(2, selected=True)), "ACCEPT", 2),
        ((best("refer", ", follow_selection = true"),), (quote(1, "111"), quote(2)), "ACCEPT", 1),
        ((best("refer"),), (), "WAIT", None),
        ((), (), "REFER", None),
    ],
)
def test_the_cheapest_quote_is_chosen_and_ties_go_to_a_person(
    rules: tuple[str, ...], quotes: tuple[QuoteFacts, ...], verdict: str, chosen: int | None
) -> None:
    """The lowest source amount wins by value; between equal ones nobody guesses, unless the policy says how."""
    made = engine(*rules).decide(question("co_sign_quote", quotes=quotes), {}, NOW)
    assert made.verdict == verdict
    assert made.quote_id == (None if chosen is None else quote(chosen).quote_id)


CHEAP, THEIRS = quote(1, "111"), quote(2, "112", status="ACCEPTED")
"""The institution has chosen the dearer one."""
NOT_MAKER_2 = 'parties = ["MarketMaker2::7de1f00c3d9"]'


@pytest.mark.parametrize(
    ("rules", "theirs", "verdict"),
    [
        ((ANY_QUOTE,), THEIRS, "REFER"),
        ((best("first_seen"),), THEIRS, "REFER"),
        ((best("refer", ", follow_selection = true"),), THEIRS, "ACCEPT"),
        ((ANY_QUOTE,), quote(2, "110", status="Accepted"), "ACCEPT"),
        ((ANY_QUOTE,), quote(2, "111", selected=True), "ACCEPT"),
        ((best("refer"), rule("market_makers_denied", NOT_MAKER_2, on="co_sign_quote")), THEIRS, "REJECT"),
        ((best("refer"), rule("market_makers_denied", NOT_MAKER_2, on="co_sign_quote", otherwise="REFER")), THEIRS, "REFER"),
        ((ANY_QUOTE,), quote(2, "112", status="ACCEPTED", valid=-1), "REJECT"),
        ((ANY_QUOTE,), quote(2, "121", status="ACCEPTED"), "REJECT"),
        ((ANY_QUOTE,), quote(2, "112", status="ACCEPTED", source_amount="1"), "REJECT"),
    ],
)
def test_beside_the_institutions_choice_no_other_quote_is_signed(rules: tuple[str, ...], theirs: QuoteFacts, verdict: str) -> None:
    """A chosen quote is no closed one; a rule against it refers or rejects, and the cheaper rival never takes its place."""
    made = engine(*rules).decide(question("co_sign_quote", quotes=[CHEAP, theirs]), {}, NOW)
    assert (made.verdict, made.quote_id) == (verdict, theirs.quote_id)


def test_of_several_choices_people_decide_unless_one_is_left() -> None:
    """Two quotes shown as chosen are a tie that nobody breaks; one of them that has lapsed is none any more."""
    other = quote(3, "112.5", status="ACCEPTED")
    assert engine(ANY_QUOTE).decide(question("co_sign_quote", quotes=[THEIRS, other]), {}, NOW).verdict == "REFER"
    lapsed = quote(3, "112.5", status="ACCEPTED", valid=-1)
    made = engine(ANY_QUOTE).decide(question("co_sign_quote", quotes=[lapsed, THEIRS]), {}, NOW)
    assert (made.verdict, made.quote_id) == ("ACCEPT", THEIRS.quote_id)


def test_a_quote_whose_co_signature_was_refused_is_never_named_again() -> None:
    """Not even when the institution has chosen it: then nothing is signed."""
    refusal = RefusalFacts(command_id="c", quote_id=THEIRS.quote_id, http_status=409, refused_at=time_text(NOW), unchanged=False)
    made = engine(ANY_QUOTE).decide(question("co_sign_quote", quotes=[CHEAP, THEIRS], refusals=(refusal,)), {}, NOW)
    assert (made.verdict, made.quote_id) == ("REJECT", THEIRS.quote_id)


@pytest.mark.parametrize("about", ['venue = "osaka"', 'pair = "EURx/USDCx"'])
def test_a_choice_for_another_venue_or_pair_breaks_no_tie_here(about: str) -> None:
    """How ties are broken elsewhere is not applicable here, and says so: a tie is referred."""
    made = engine(ANY_QUOTE, best("first_seen", f", {about}")).decide(question("co_sign_quote", quotes=[quote(1), EARLY]), {}, NOW)
    assert made.verdict == "REFER"
    verdicts = {outcome.name: outcome.verdict for outcome in made.rules if outcome.check == "best_execution"}
    assert verdicts == {"best": "NOT_APPLICABLE", "built in: lowest source amount": "REFER"}


def test_a_cheapest_quote_that_has_to_be_referred_is_not_passed_over() -> None:
    """A rule that refers the cheapest quote refers the decision; a rule that rejects it leaves the next one."""
    quotes = [quote(1, "111"), quote(2, "112")]
    for otherwise, verdict, chosen in (("REFER", "REFER", 1), ("REJECT", "ACCEPT", 2)):
        denied = rule("market_makers_denied", 'parties = ["MarketMaker1::7de1f00c3d9"]', on="co_sign_quote", otherwise=otherwise)
        made = engine(ANY_QUOTE, denied).decide(question("co_sign_quote", quotes=quotes), {}, NOW)
        assert (made.verdict, made.quote_id) == (verdict, quote(chosen).quote_id)


def test_a_quote_that_a_rule_rejects_is_no_competition() -> None:
    """Two quotes are asked for: one whose maker is denied does not make up the number, one that is referred does."""
    least = rule("quotes_at_least", "count = 2", on="co_sign_quote", otherwise="REFER", name="two")
    for otherwise, verdict in (("REJECT", "REFER"), ("REFER", "PASS")):
        denied = rule("market_makers_denied", 'parties = ["MarketMaker2::7de1f00c3d9"]', on="co_sign_quote", otherwise=otherwise)
        made = engine(ANY_QUOTE, least, denied).decide(question("co_sign_quote", quotes=[quote(1, "111"), quote(2, "112")]), {}, NOW)
        assert next(outcome.verdict for outcome in made.rules if outcome.name == "two") == verdict
        assert (made.verdict, made.quote_id) == ("REFER" if otherwise == "REJECT" else "ACCEPT", quote(1).quote_id)


def test_all_competing_quotes_stay_in_the_record_with_what_refused_them() -> None:
    """The choice names every quote, its cost, its maker, and the rules against it."""
    quotes = [quote(1, "112"), quote(2, "125"), quote(3, "113", valid=-2)]
    made = engine(ANY_QUOTE).decide(question("co_sign_quote", quotes=quotes), {}, NOW)
    inputs = next(outcome for outcome in made.rules if outcome.check == "best_execution").inputs
    assert inputs[f"quote {quotes[0].quote_id}"].endswith("chosen")
    assert "source 12500000" in inputs[f"quote {quotes[1].quote_id}"]
    assert "REJECT by built in: cost guard" in inputs[f"quote {quotes[1].quote_id}"]
    assert "REJECT by built in: quote still valid" in inputs[f"quote {quotes[2].quote_id}"]
    assert made.verdict == "ACCEPT"
    assert "REJECT" not in {outcome.verdict for outcome in made.rules}


def test_a_decision_is_whole_and_names_its_policy() -> None:
    """The record can be read back, and names policy, version, digest, context, counters and a derived id."""
    asked, request = engine(ANY), question()
    made = asked.decide(request, {"b": "2", "a": "1"}, NOW)
    assert decode(encode(made), DecisionMade) == made
    assert (made.policy.name, made.policy.version, made.policy.sha256) == ("test", 1, asked.policy.sha256)
    assert made.context_sha256 == request.context_sha256
    assert list(made.counters.items()) == [("a", "1"), ("b", "2")]
    assert made.decision_id == asked.decide(request, {}, NOW + timedelta(seconds=1)).decision_id
    assert made.decision_id != engine(ANY, name="other").decide(request, {}, NOW).decision_id
