"""The plain program beside the rules: the same limits by hand, in the shortest honest loop, and `json.dumps` of what they found.

It knows one policy (infra/policies/default.toml) by heart, and trusts what it is given: nothing may be missing, no digest is checked, no
quote is compared with its order, nothing is explained. Questions are dictionaries, as `json.loads` gives them.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

TOKYO = ZoneInfo("Asia/Tokyo")
PAIRS, EMBARGO, SERVED = {"JPYSC0/USDCx"}, {"IR", "KP"}, {"JP", "KR", "SG"}
PURPOSES, RATINGS = {"GDDS", "SCVE", "INTC", "TREA"}, {"LOW", "MEDIUM"}
HOLIDAYS = {date(2026, 1, 1), date(2027, 1, 1)}
LARGEST, FOUR_EYES, DAY, RECEIVER, VENUE = map(Decimal, ("500000000", "50000000", "1000000000", "20000000", "5000000000"))
TEN_THOUSAND, NEAR, MARKET, PEG, BAND = map(Decimal, ("10000", "300", "150", "112", "2000"))
Line = tuple[str, bool, object]


def decide(asked: Mapping[str, Any], counters: Mapping[str, str], now: datetime) -> tuple[str, bytes]:
    """Return verdict and record of a question."""
    context = asked["context"]
    lines = _accept(context, counters, now) if asked["question"] == "accept_proposal" else _co_sign(context, now)
    verdict = "ACCEPT" if all(held for _, held, _ in lines) else "REFER"
    record = {
        "decision_id": str(uuid.uuid4()),
        "intent_id": asked["intent_id"],
        "verdict": verdict,
        "rules": [{"name": name, "verdict": "PASS" if held else "REFER", "observed": str(seen)} for name, held, seen in lines],
        "counters": counters,
        "decided_at": now.isoformat(),
    }
    return verdict, json.dumps(record).encode()


def _always(context: Mapping[str, Any], now: datetime) -> list[Line]:
    pair, local = f"{context['source_currency']}/{context['target_currency']}", now.astimezone(TOKYO)
    return [("pairs we serve", pair in PAIRS, pair), ("open all week but for New Year", local.date() not in HOLIDAYS, local)]


def _accept(context: Mapping[str, Any], counters: Mapping[str, str], now: datetime) -> list[Line]:
    said, target, most = context["compliance"], Decimal(context["target_amount"]), Decimal(context["source_amount_max"])
    both = {context["jurisdiction_sender"], context["jurisdiction_receiver"]}
    known = datetime.fromisoformat(said["kyc_expires_at"]) - now
    screened = now - datetime.fromisoformat(context["created_at"]) + timedelta(hours=24)
    left = datetime.fromisoformat(context["expires_at"]) - now
    day, hour, receiver, venue, alike = map(Decimal, counters.values())
    return [
        *_always(context, now),
        ("jurisdictions under embargo", not both & EMBARGO, both),
        ("jurisdictions we serve", both <= SERVED, both),
        ("KYC is verified and stays so for a week", said["kyc_status"] == "KYC_VERIFIED" and known > timedelta(days=7), known),
        ("sanctions screened", said["sanctions_status"] == "SANCTIONS_CLEARED" and screened <= timedelta(hours=48), screened),
        ("no high risk", said["risk_rating"] in RATINGS, said["risk_rating"]),
        ("no politically exposed person", said["pep_status"] == "NOT_PEP", said["pep_status"]),
        ("travel rule codes are there", bool(said["originating_vasp_code"] and said["beneficiary_vasp_code"]), ""),
        ("purposes we know", said["purpose_code"] in PURPOSES, said["purpose_code"]),
        ("largest order in yen", most <= LARGEST, most),
        ("two people above fifty million yen", most <= FOUR_EYES, most),
        ("a sender's day", day + most <= DAY, day + most),
        ("a sender's hour", hour + 1 <= 200, hour + 1),
        ("what may be under way to one receiver", receiver + target <= RECEIVER, receiver + target),
        ("what may be under way at all", venue + most <= VENUE, venue + most),
        ("the same again within minutes", not alike, alike),
        ("an order that can still be quoted", left >= timedelta(seconds=30.4), left),
    ]


def _co_sign(context: Mapping[str, Any], now: datetime) -> list[Line]:
    target, most = Decimal(context["target_amount"]), Decimal(context["source_amount_max"])
    reference = [Decimal(rate["rate"]) for rate in context["rates"] if rate["sources"] >= 2]
    quotes = [(target * Decimal(quote["fx_rate"]), quote) for quote in context["quotes"]]
    valid = [
        (cost, quote)
        for cost, quote in quotes
        if datetime.fromisoformat(quote["valid_until"]) > now + timedelta(seconds=1.4) and cost <= most
    ]
    costs = [cost for cost, _ in valid]
    cost, quote = min(valid, key=lambda one: one[0])
    expected = [target * rate for rate in reference]
    return [
        *_always(context, now),
        ("time to sign", True, quote["valid_until"]),
        ("at least one quote", bool(valid), len(valid)),
        ("quotes that are near each other", (max(costs) - min(costs)) * TEN_THOUSAND <= NEAR * min(costs), max(costs)),
        ("near the market", all(abs(cost - at) * TEN_THOUSAND <= MARKET * at for at in expected), cost),
        ("the dollar token keeps its yen value", all(abs(rate - PEG) * TEN_THOUSAND <= BAND * PEG for rate in reference), reference),
        ("largest payment in yen", cost <= LARGEST, cost),
        ("cheapest quote", costs.count(cost) == 1, quote["quote_id"]),
    ]
