"""What the policy is asked again right before a call: hours, rates and screenings at that time, on the facts that were decided on."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from pipeline.policy.checks.catalogue import CHECKS
from pipeline.testing.questions import COMPLIANCE, NOW, engine, question, quote, rule
from schemas.accepting import RateFacts

SCREENED = COMPLIANCE.model_copy(update={"sanctions_screened_at": "2025-03-14T01:00:00Z"})
HOURS = rule("business_hours", 'timezone = "Asia/Tokyo", opens = "09:00", closes = "12:00"', name="hours")
SCREENING = rule("sanctions_status", 'age_max = "2h"', name="screening")
RATE = rule("rate_within", 'basis_points = "500", age_max = "10s", sources_min = 1', on="co_sign_quote", name="rate", otherwise="REFER")
LIMIT = rule("amount_at_most", 'side = "target", currency = "USDCx", limit = "1000000"', name="limit")


@pytest.mark.parametrize(
    ("rules", "asked", "minutes", "lapsed"),
    [
        ((HOURS, LIMIT), {}, 59.8, ()),
        ((HOURS, LIMIT), {}, 60, ("hours",)),
        ((SCREENING, HOURS), {"compliance": SCREENED}, 54, ()),
        ((SCREENING, HOURS), {"compliance": SCREENED}, 60, ("screening", "hours")),
        ((RATE,), {"asked": "co_sign_quote", "quotes": [quote(1, "112"), quote(2, "111.9")]}, 0.1, ()),
        ((RATE,), {"asked": "co_sign_quote", "quotes": [quote(1, "112"), quote(2, "111.9")]}, 0.2, ("rate",)),
    ],
)
def test_what_time_alone_has_changed_is_named(
    rules: tuple[str, ...], asked: dict[str, Any], minutes: float, lapsed: tuple[str, ...]
) -> None:
    """A rule that passed when it was decided and does not hold now; what time cannot change is not asked again."""
    policy, request = engine(*rules), question(**asked)
    decision = policy.decide(request, {}, NOW)
    assert decision.verdict == "ACCEPT", decision.rules
    assert policy.lapsed(request, decision, NOW) == ()
    assert policy.lapsed(request, decision, NOW + timedelta(minutes=minutes)) == lapsed


def test_what_people_have_seen_failing_is_theirs_to_decide() -> None:
    """A rule that referred the question does not keep back what people approved; one that has failed since does."""
    old = rule("sanctions_status", 'age_max = "30m"', name="screening", otherwise="REFER")
    policy, request = engine(old, HOURS), question(compliance=SCREENED)
    referred = policy.decide(request, {}, NOW)
    assert referred.verdict == "REFER"
    approved = referred.model_copy(update={"verdict": "ACCEPT", "refers_to": referred.decision_id})
    assert policy.lapsed(request, approved, NOW + timedelta(minutes=5)) == ()
    assert policy.lapsed(request, approved, NOW + timedelta(hours=2)) == ("hours",)


def test_a_rule_that_is_new_since_has_to_hold_as_well() -> None:
    """The policy of today is asked, not the one of then."""
    request = question(compliance=SCREENED)
    decision = engine(LIMIT).decide(request, {}, NOW)
    assert engine(LIMIT, SCREENING).lapsed(request, decision, NOW) == ()
    assert engine(LIMIT, SCREENING).lapsed(request, decision, NOW + timedelta(hours=2)) == ("screening",)


def test_a_rate_of_the_quote_that_was_chosen_is_looked_at() -> None:
    """The rule is asked about that quote, however the others stand."""
    request = question("co_sign_quote", quotes=[quote(1, "112"), quote(2, "130")], rates=(RateFacts(**{**_rate(), "rate": "112"}),))
    policy = engine(RATE)
    decision = policy.decide(request, {}, NOW)
    assert (decision.verdict, decision.quote_id) == ("ACCEPT", quote(1).quote_id)
    other = decision.model_copy(update={"quote_id": quote(2).quote_id})
    assert policy.lapsed(request, decision, NOW) == ()
    assert policy.lapsed(request, other, NOW) == ("rate",)


def _rate() -> dict[str, Any]:
    return question().context.rates[0].model_dump()


def test_every_check_that_looks_at_the_time_of_its_facts_is_asked_again() -> None:
    """Hours, rates and screenings; how much time is left is the gate's own to measure, by the venue's clock."""
    assert {name for name, check in CHECKS.items() if check.ages} == {
        "business_hours",
        "kyc_status",
        "not_pep",
        "peg_band",
        "rate_within",
        "sanctions_status",
    }
