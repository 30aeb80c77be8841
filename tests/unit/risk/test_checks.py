"""Each check, rule by rule: what holds, what does not, what is missing, and what is about something else."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from pipeline.log.envelope import time_text
from pipeline.policy.checks.catalogue import CHECKS
from pipeline.policy.counters import UNKNOWN
from pipeline.policy.file import example_of, parse
from pipeline.testing.questions import COMPLIANCE, NOW, engine, question, quote, rule
from schemas.accepting import DecisionMade, Question, QuoteFacts, RateFacts, RuleOutcome


def answered(
    check: str,
    params: str,
    *,
    on: Question = "accept_proposal",
    quotes: tuple[QuoteFacts, ...] = (),
    counters: dict[str, str] | None = None,
    otherwise: str = "REFER",
    **context: Any,
) -> tuple[DecisionMade, RuleOutcome]:
    """Decide one question by one rule; return the decision and what the rule said."""
    asked = engine(rule(check, params, on=on, otherwise=otherwise))
    made = asked.decide(question(on, quotes=quotes, **context), counters or {}, NOW)
    return made, next(outcome for outcome in made.rules if outcome.name == "the rule")


def compliance(**changes: Any) -> dict[str, Any]:
    """Return a context's compliance facts with some changed."""
    return {"compliance": COMPLIANCE.model_copy(update=changes)}


def rate(text: str, *, age: float = 3, sources: int = 5, provider: str = "reference") -> RateFacts:
    """Return a reference rate of an age in seconds."""
    return RateFacts(rate=text, sources=sources, provider=provider, quoted_at=time_text(NOW - timedelta(seconds=age)))


YEN = 'side = "source_max", currency = "JPYSC0"'
IN_TARGET = 'side = "target", currency = "USDCx"'
SUM_KEY = "sum over all venues of source JPYSC0 per sender SenderInstitution::209fa2cb341 in 24h"
SUM_PARAMS = f'{YEN}, limit = "20000000", window = "24h", per = "sender"'
COUNT_KEY = "accepted over all venues in 1h"
EXPOSED = "exposure over all venues of target USDCx per receiver InstitutionB::8bc31d4a902"
TOKYO = 'timezone = "Asia/Tokyo"'
COLLAR = 'basis_points = "75", age_max = "30s", sources_min = 2'

ORDERS: list[tuple[str, str, dict[str, Any], str, str | None]] = [
    ("amount_at_most", f'{YEN}, limit = "12000000"', {}, "PASS", "12000000"),
    ("amount_at_most", f'{YEN}, limit = "11999999.9"', {}, "REFER", "12000000"),
    ("amount_at_most", f'{YEN}, limit = "5"', {"source_amount_max": None}, "REFER", None),
    ("amount_at_most", 'side = "target", currency = "EURx", limit = "5"', {}, "NOT_APPLICABLE", None),
    ("amount_at_most", f'{IN_TARGET}, limit = "100000.00"', {"target_amount": "1e5"}, "PASS", "100000"),
    ("amount_at_most", f'{IN_TARGET}, limit = "9", venue = "osaka"', {}, "NOT_APPLICABLE", None),
    ("amount_at_most", f'{IN_TARGET}, limit = "9", pair = "EURx/USDCx"', {}, "NOT_APPLICABLE", None),
    ("amount_at_most", f'{IN_TARGET}, limit = "9", pair = "JPYSC0/USDCx", venue = "tokyo"', {}, "REFER", "100000"),
    ("four_eyes_above", f'{IN_TARGET}, limit = "100000"', {}, "PASS", "100000"),
    ("four_eyes_above", f'{IN_TARGET}, limit = "99999"', {}, "REFER", "100000"),
    ("window_sum_at_most", SUM_PARAMS, {"counters": {SUM_KEY: "8000000"}}, "PASS", "20000000"),
    ("window_sum_at_most", SUM_PARAMS, {"counters": {SUM_KEY: "8000000.000001"}}, "REFER", "20000000.000001"),
    ("window_sum_at_most", SUM_PARAMS, {"counters": {SUM_KEY: UNKNOWN}}, "REFER", None),
    ("window_sum_at_most", SUM_PARAMS, {"counters": {}}, "REFER", None),
    ("window_sum_at_most", SUM_PARAMS, {"counters": {SUM_KEY: "0"}, "sender_party_id": None}, "REFER", None),
    ("window_count_at_most", 'limit = 3, window = "60m"', {"counters": {COUNT_KEY: "2"}}, "PASS", "3"),
    ("window_count_at_most", 'limit = 3, window = "1h"', {"counters": {COUNT_KEY: "3"}}, "REFER", "4"),
    ("window_count_at_most", 'limit = 3, window = "1h"', {"counters": {COUNT_KEY: "0.5"}}, "REFER", None),
    ("window_count_at_most", 'limit = 3, window = "1h"', {"counters": {COUNT_KEY: "-3"}}, "REFER", None),
    ("window_sum_at_most", SUM_PARAMS, {"counters": {SUM_KEY: "-8000000"}}, "REFER", None),
    ("window_sum_at_most", SUM_PARAMS, {"counters": {SUM_KEY: "NaN"}}, "REFER", None),
    ("window_sum_at_most", SUM_PARAMS, {"counters": {SUM_KEY: "1e9999999"}}, "REFER", None),
    ("exposure_at_most", f'{IN_TARGET}, limit = "150000", per = "receiver"', {"counters": {EXPOSED: "50000"}}, "PASS", "150000"),
    ("exposure_at_most", f'{IN_TARGET}, limit = "150000", per = "receiver"', {"counters": {EXPOSED: "50001"}}, "REFER", "150001"),
    ("likely_duplicate", 'window = "10m"', {"counters": {"alike over all venues in 10m": "0"}}, "PASS", "0"),
    ("likely_duplicate", 'window = "10m"', {"counters": {"alike over all venues in 10m": "1"}}, "REFER", "1"),
    ("likely_duplicate", 'window = "10m"', {}, "REFER", None),
    ("time_left_at_least", 'p99_latency = "400ms", margin = "299600ms"', {}, "PASS", "300.000s"),
    ("time_left_at_least", 'p99_latency = "401ms", margin = "299600ms"', {}, "REFER", "300.000s"),
    ("time_left_at_least", 'p99_latency = "1ms", margin = "1s"', {"expires_at": None}, "REFER", None),
    ("rate_within", COLLAR, {"rates": (rate("119.2"),)}, "PASS", "67.1141 basis points"),
    ("rate_within", COLLAR, {"rates": (rate("119.2"), rate("121", provider="other"))}, "REFER", "82.6447 basis points"),
    ("rate_within", COLLAR, {"rates": (rate("120", age=30.001),)}, "REFER", None),
    ("rate_within", COLLAR, {"rates": (rate("120", age=-6),)}, "REFER", None),
    ("rate_within", COLLAR, {"rates": (rate("120", sources=1),)}, "REFER", None),
    ("rate_within", COLLAR, {"rates": ()}, "REFER", None),
    ("rate_within", f'{COLLAR}, provider = "other"', {"rates": (rate("120"),)}, "REFER", None),
    ("rate_within", COLLAR, {"rates": (rate("120"),), "source_amount_max": None}, "REFER", None),
    ("peg_band", 'peg = "1", basis_points = "50", age_max = "1m"', {"rates": (rate("1.005"),)}, "PASS", "50 basis points"),
    ("peg_band", 'peg = "1", basis_points = "50", age_max = "1m"', {"rates": (rate("0.9949"),)}, "REFER", "51 basis points"),
    ("peg_band", 'peg = "1", basis_points = "50", age_max = "1m"', {"rates": ()}, "REFER", None),
    ("pairs_allowed", 'pairs = ["JPYSC0/USDCx"]', {}, "PASS", "JPYSC0/USDCx"),
    ("pairs_allowed", 'pairs = ["EURx/USDCx"]', {}, "REFER", "JPYSC0/USDCx"),
    ("pairs_denied", 'pairs = ["JPYSC0/USDCx"]', {}, "REFER", "JPYSC0/USDCx"),
    ("senders_allowed", 'parties = ["SenderInstitution::209fa2cb341"]', {}, "PASS", "SenderInstitution::209fa2cb341"),
    ("senders_allowed", 'parties = ["SenderInstitution"]', {}, "REFER", "SenderInstitution::209fa2cb341"),
    ("senders_denied", 'parties = ["A::1"]', {}, "PASS", "SenderInstitution::209fa2cb341"),
    ("senders_denied", 'parties = ["A::1"]', {"sender_party_id": None}, "REFER", None),
    ("receivers_denied", 'parties = ["InstitutionB::8bc31d4a902"]', {}, "REFER", "InstitutionB::8bc31d4a902"),
    ("receiver_custodians_allowed", 'parties = ["CustodianB::5de09a1c774"]', {}, "PASS", "CustodianB::5de09a1c774"),
    ("jurisdictions_allowed", 'codes = ["JP", "KR"]', {}, "PASS", "JP to KR"),
    ("jurisdictions_allowed", 'codes = ["JP"]', {}, "REFER", "JP to KR"),
    ("jurisdictions_allowed", 'codes = ["JP"], of = "sender"', {}, "PASS", "JP"),
    ("jurisdictions_allowed", 'codes = ["JP", "KR"]', {"jurisdiction_sender": "KP"}, "REFER", "KP (order), JP (attested) to KR"),
    ("jurisdictions_denied", 'codes = ["KP"]', compliance(jurisdiction_receiver="KP"), "REFER", "JP to KR (order), KP (attested)"),
    ("jurisdictions_denied", 'codes = ["KP"]', {"jurisdiction_sender": None, "compliance": None}, "REFER", None),
    ("kyc_status", 'valid_for = "7d"', {}, "PASS", "KYC_VERIFIED, 400 days left"),
    ("kyc_status", 'valid_for = "7d"', compliance(kyc_expires_at="2025-03-20T00:00:00Z"), "REFER", "KYC_VERIFIED, 5 days left"),
    ("kyc_status", "", compliance(kyc_status="KYC_EXPIRED"), "REFER", "KYC_EXPIRED"),
    ("kyc_status", "", compliance(kyc_expires_at=None), "REFER", None),
    ("kyc_status", "", {"compliance": None}, "REFER", None),
    ("sanctions_status", 'age_max = "25h"', {}, "PASS", "SANCTIONS_CLEARED, 86405.000s ago at most"),
    ("sanctions_status", 'age_max = "24h"', {}, "REFER", "SANCTIONS_CLEARED, 86405.000s ago at most"),
    (
        "sanctions_status",
        'age_max = "24h"',
        compliance(sanctions_screened_at="2025-03-14T02:00:00Z"),
        "PASS",
        "SANCTIONS_CLEARED, 5.000s ago at most",
    ),
    ("sanctions_status", 'age_max = "24h"', compliance(sanctions_screened_at="2025-03-15T02:00:00Z"), "REFER", None),
    (
        "sanctions_status",
        'age_max = "48h"',
        compliance(sanctions_freshness_window="PT24H"),
        "PASS",
        "SANCTIONS_CLEARED, 86405.000s ago at most",
    ),
    ("sanctions_status", 'age_max = "48h"', compliance(sanctions_freshness_window="a day or so"), "REFER", None),
    # A month is no minute, and a letter that only looks like an s is no second.
    ("sanctions_status", 'age_max = "48h"', compliance(sanctions_freshness_window="P1M"), "REFER", None),
    ("sanctions_status", 'age_max = "48h"', compliance(sanctions_freshness_window="PT1D"), "REFER", None),
    ("sanctions_status", 'age_max = "48h"', compliance(sanctions_freshness_window="24 \u017f"), "REFER", None),
    (
        "sanctions_status",
        'age_max = "48h"',
        compliance(sanctions_freshness_window="P1D"),
        "PASS",
        "SANCTIONS_CLEARED, 86405.000s ago at most",
    ),
    (
        "sanctions_status",
        'age_max = "48h"',
        compliance(sanctions_freshness_window="PT30M"),
        "PASS",
        "SANCTIONS_CLEARED, 1805.000s ago at most",
    ),
    ("sanctions_status", 'age_max = "48h"', compliance(sanctions_status="SANCTIONS_HIT"), "REFER", "SANCTIONS_HIT"),
    ("risk_rating_at_most", 'rating = "LOW"', {}, "PASS", "LOW"),
    ("risk_rating_at_most", 'rating = "MEDIUM"', compliance(risk_rating="HIGH"), "REFER", "HIGH"),
    ("risk_rating_at_most", 'rating = "HIGH"', compliance(risk_rating="PROHIBITED"), "REFER", "PROHIBITED"),
    ("risk_rating_at_most", 'rating = "HIGH"', compliance(risk_rating="lowish"), "REFER", None),
    ("not_pep", "", {}, "PASS", "NOT_PEP"),
    ("not_pep", "", compliance(pep_status="RCA"), "REFER", "RCA"),
    ("not_pep", "", compliance(pep_status=None), "REFER", None),
    ("not_pep", 'age_max = "1d"', {}, "REFER", None),
    ("not_pep", 'age_max = "1d"', compliance(pep_checked_at="2025-03-14T02:00:00Z"), "PASS", "NOT_PEP, checked 5.000s ago"),
    ("travel_rule_codes_present", "", {}, "PASS", "JP-VASP-0001 to KR-VASP-0001"),
    ("travel_rule_codes_present", "", compliance(beneficiary_vasp_code=None), "REFER", None),
    ("travel_rule_codes_present", "", compliance(originating_vasp_code=" "), "REFER", None),
    ("purpose_codes", 'codes = ["GDDS"]', {}, "PASS", "GDDS"),
    ("purpose_codes", 'codes = ["SCVE"]', {}, "REFER", "GDDS"),
    ("purpose_codes", 'codes = ["SCVE"]', compliance(purpose_code=None), "REFER", None),
    ("business_hours", f'{TOKYO}, days = ["fri"], opens = "11:00", closes = "11:01"', {}, "PASS", "fri 2025-03-14 11:00:05"),
    ("business_hours", f'{TOKYO}, opens = "09:00", closes = "11:00"', {}, "REFER", "fri 2025-03-14 11:00:05"),
    ("business_hours", f'{TOKYO}, days = ["sat", "sun"]', {}, "REFER", "fri 2025-03-14 11:00:05"),
    ("business_hours", f"{TOKYO}, holidays = [2025-03-14]", {}, "REFER", "fri 2025-03-14 11:00:05"),
    ("business_hours", 'timezone = "America/New_York", days = ["thu"], opens = "22:00"', {}, "PASS", "thu 2025-03-13 22:00:05"),
]


@pytest.mark.parametrize(("check", "params", "given", "verdict", "observed"), ORDERS)
def test_a_rule_about_an_order_says_what_it_has_to(
    check: str, params: str, given: dict[str, Any], verdict: str, observed: str | None
) -> None:
    """Each row's rule gives its verdict and shows the observed value; the decision accepts only when it passes."""
    made, outcome = answered(check, params, **given)
    assert (outcome.verdict, outcome.observed) == (verdict, observed)
    assert outcome.limit is not None
    assert outcome.explanation.startswith(CHECKS[check].sentence)
    assert made.verdict == ("ACCEPT" if verdict == "PASS" else "REFER")


GOOD = quote(1, "112.0")
QUOTES: list[tuple[str, str, tuple[QuoteFacts, ...], dict[str, Any], str, str | None]] = [
    ("amount_at_most", 'side = "source", currency = "JPYSC0", limit = "11200000"', (GOOD,), {}, "PASS", "11200000"),
    ("amount_at_most", 'side = "source", currency = "JPYSC0", limit = "11199999"', (GOOD,), {}, "REFER", "11200000"),
    ("cost_guard", 'headroom = "600"', (GOOD,), {}, "PASS", "11200000"),
    ("cost_guard", 'headroom = "700"', (GOOD,), {}, "REFER", "11200000"),
    ("cost_guard", "", (GOOD,), {"source_amount_max": None}, "REFER", None),
    ("quote_agrees", "", (GOOD,), {}, "PASS", "11200000"),
    ("time_left_at_least", 'p99_latency = "1s", margin = "24s"', (GOOD,), {}, "PASS", "25.000s"),
    ("time_left_at_least", 'p99_latency = "1s", margin = "25s"', (GOOD,), {}, "REFER", "25.000s"),
    ("quotes_at_least", "count = 2", (GOOD, quote(2)), {}, "PASS", "2"),
    ("quotes_at_least", "count = 2", (GOOD, quote(2, valid=-1)), {}, "REFER", "1"),
    ("quotes_at_least", 'count = 2, patience = "4s"', (GOOD,), {}, "WAIT", "1"),
    ("quotes_at_least", 'count = 2, patience = "3s"', (GOOD,), {}, "REFER", "1"),
    ("quotes_at_least", 'count = 2, patience = "4s", margin = "25s"', (GOOD,), {}, "REFER", "1"),
    ("quotes_at_least", 'count = 2, patience = "9s"', (quote(1, valid=-1),), {"expires_at": "0001-01-01T00:00:01Z"}, "REFER", "0"),
    ("quotes_at_least", 'count = 2, patience = "9s"', (quote(1, first_seen_at="9999-12-31T23:59:59Z"),), {}, "WAIT", "1"),
    ("spread_at_most", 'basis_points = "90"', (GOOD, quote(2, "113")), {}, "PASS", "89.2858 basis points"),
    ("spread_at_most", 'basis_points = "89"', (GOOD, quote(2, "113")), {}, "REFER", "89.2858 basis points"),
    ("spread_at_most", 'basis_points = "0"', (GOOD, quote(2, "121")), {}, "NOT_APPLICABLE", None),
    ("rate_within", COLLAR, (GOOD,), {}, "PASS", "8.9207 basis points"),
    ("rate_within", COLLAR, (GOOD,), {"rates": (rate("113"),)}, "REFER", "88.4956 basis points"),
    ("market_makers_allowed", 'parties = ["MarketMaker1::7de1f00c3d9"]', (GOOD,), {}, "PASS", "MarketMaker1::7de1f00c3d9"),
    ("market_makers_denied", 'parties = ["X::1"]', (quote(1, market_maker_party_id=None),), {}, "REFER", None),
    (
        "exposure_at_most",
        'side = "source", currency = "JPYSC0", limit = "20000000", per = "market_maker"',
        (GOOD,),
        {"counters": {"exposure over all venues of source JPYSC0 per market_maker MarketMaker1::7de1f00c3d9": "9000000"}},
        "REFER",
        "20200000",
    ),
]


@pytest.mark.parametrize(("check", "params", "quotes", "given", "verdict", "observed"), QUOTES)
def test_a_rule_about_quotes_says_what_it_has_to(
    check: str, params: str, quotes: tuple[QuoteFacts, ...], given: dict[str, Any], verdict: str, observed: str | None
) -> None:
    """Each row's rule gives its verdict about the quote that is cheapest, or about all of them."""
    _, outcome = answered(check, params, on="co_sign_quote", quotes=quotes, **given)
    assert (outcome.verdict, outcome.observed) == (verdict, observed)


LONG = "1" + "0" * 30
"""A rate that has, times 100000, more digits than Python's decimals keep by default."""


@pytest.mark.parametrize(("over", "verdict"), [("", "PASS"), (".000001", "REFER")])
def test_distances_are_exact_beyond_28_digits(over: str, verdict: str) -> None:
    """A millionth over the limit is over the limit, however many digits stand before it."""
    dearer = f"101{'0' * 28}{over}"
    spread = (quote(1, LONG), quote(2, dearer))
    _, outcome = answered("spread_at_most", 'basis_points = "100"', on="co_sign_quote", quotes=spread, source_amount_max=None)
    assert outcome.verdict == verdict
    near = 'basis_points = "100", age_max = "30s"'
    _, outcome = answered("rate_within", near, on="co_sign_quote", quotes=spread[1:], rates=(rate(LONG),), source_amount_max=None)
    assert outcome.verdict == verdict
    _, outcome = answered("peg_band", f'peg = "{LONG}", {near}', rates=(rate(dearer),))
    assert outcome.verdict == verdict


def test_every_check_is_in_the_tables_above() -> None:
    """No check ships without rows; best_execution has its own tests of choice."""
    assert {row[0] for row in (*ORDERS, *QUOTES)} | {"best_execution", "receivers_allowed", "receiver_custodians_denied"} == set(CHECKS)


@pytest.mark.parametrize("name", sorted(CHECKS))
def test_the_example_of_every_check_is_a_rule_that_holds(name: str) -> None:
    """What `policy check --list` shows can be written into a file as it stands."""
    check = CHECKS[name]
    text = f'name = "x"\nversion = 1\n[[rules]]\nname = "r"\non = "{check.questions[0]}"\ncheck = "{name}"\nparams = {example_of(check)}\n'
    policy = parse(f'{text}otherwise = "{check.otherwise[-1]}"\n'.encode())
    assert [entry.check.name for entry in policy.rules] == [name]
    assert check.sentence.endswith(".")
