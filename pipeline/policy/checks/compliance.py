"""Checks on the compliance snapshot of an order: KYC, sanctions, rating, political exposure, travel rule, purpose (contract 4.7)."""

from __future__ import annotations

import re
from datetime import timedelta
from functools import lru_cache
from typing import Any, Literal

from pydantic import Field

from pipeline.policy.check import Case, Check, Compiled, Duration, Found, NoParams, Params, Texts, judged, missing
from pipeline.policy.exact import duration_text, span_text
from pipeline.policy.facts import Facts, instant
from schemas.accepting import Question

RATINGS = ("LOW", "MEDIUM", "HIGH", "PROHIBITED")
_WINDOW = re.compile(
    r"(?:PT(?=[0-9]+[HMS])|P(?=[0-9]+D))?([0-9]{1,6})\s*(d|h|m|s|day|hour|min|minute|sec|second)s?", re.IGNORECASE | re.ASCII
)
"""Of ISO 8601 only what one unit says: `PT24H`, `P1D`; `P1M` is a month there, no minute, and not read."""
_UNITS = {"d": "days", "h": "hours", "m": "minutes", "s": "seconds"}
_AHEAD_MAX = timedelta(minutes=5)
"""A screening or check that is further ahead of our clock than this has no known age."""


class Kyc(Params):
    """The parameters of `kyc_status`."""

    allowed: Texts = Field(default=("KYC_VERIFIED",), description="statuses that are good enough")
    valid_for: Duration = Field(default=timedelta(0), description='how long it still has to be valid, such as "7d"')


class Sanctions(Params):
    """The parameters of `sanctions_status`."""

    allowed: Texts = Field(default=("SANCTIONS_CLEARED",), description="statuses that are good enough")
    age_max: Duration = Field(gt=timedelta(0), description='how old the screening may be, such as "24h"')


class Rating(Params):
    """The parameters of `risk_rating_at_most`."""

    rating: Literal["LOW", "MEDIUM", "HIGH"]


class NotPep(Params):
    """The parameters of `not_pep`."""

    age_max: Duration | None = Field(default=None, description="how old the check may be; left out: any age")


class Purposes(Params):
    """The parameters of `purpose_codes`."""

    codes: Texts = Field(description='ISO 20022 purpose codes, such as ["GDDS"]')


def _kyc(params: Kyc, _: Question) -> Compiled:
    allowed, valid_for = frozenset(params.allowed), params.valid_for

    def evaluate(case: Case) -> Found:
        facts = case.facts
        status = facts.compliance.kyc_status
        if status is None:
            return missing("kyc_status")
        inputs = {"kyc_status": status}
        if status not in allowed:
            return judged(False, inputs, status)
        stated = facts.compliance.kyc_expires_at
        expires_at = instant(stated)
        if stated is None or expires_at is None:
            return missing("kyc_expires_at", inputs)
        inputs["kyc_expires_at"] = stated
        left = expires_at - facts.now
        return judged(left > valid_for, inputs, lambda: f"{status}, {left.days} days left")

    return Compiled(evaluate=evaluate, limit=f"{' or '.join(params.allowed)}, valid for over {duration_text(params.valid_for)}")


@lru_cache(maxsize=256)
def _window(text: str) -> timedelta | None:
    match = _WINDOW.fullmatch(text.strip())
    return None if match is None else timedelta(**{_UNITS[match[2][0].lower()]: int(match[1])})


def _screened_age(facts: Facts) -> tuple[timedelta | None, dict[str, str]]:
    """Return how old the screening is at most.

    Where the snapshot does not say when, it was taken when the order was created and says within which window before that.
    """
    compliance = facts.compliance
    if compliance.sanctions_screened_at is not None:
        at = instant(compliance.sanctions_screened_at)
        return None if at is None else facts.now - at, {"sanctions_screened_at": compliance.sanctions_screened_at}
    window, created_at = compliance.sanctions_freshness_window, instant(facts.request.context.created_at)
    span = None if window is None else _window(window)
    if span is None or created_at is None or window is None:
        return None, {}
    return facts.now - created_at + span, {"sanctions_freshness_window": window, "created_at": facts.request.context.created_at or ""}


def _sanctions(params: Sanctions, _: Question) -> Compiled:
    allowed, age_min, age_max = frozenset(params.allowed), -_AHEAD_MAX, params.age_max

    def evaluate(case: Case) -> Found:
        status = case.facts.compliance.sanctions_status
        if status is None:
            return missing("sanctions_status")
        inputs = {"sanctions_status": status}
        if status not in allowed:
            return judged(False, inputs, status)
        age, said = _screened_age(case.facts)
        inputs |= said
        if age is None or age < age_min:
            return missing("when the screening was", inputs)
        return judged(age <= age_max, inputs, lambda: f"{status}, {span_text(age)} ago at most")

    return Compiled(evaluate=evaluate, limit=f"{' or '.join(params.allowed)}, at most {duration_text(params.age_max)} old")


def _rating(params: Rating, _: Question) -> Compiled:
    limit = RATINGS.index(params.rating)

    def evaluate(case: Case) -> Found:
        rating = case.facts.compliance.risk_rating
        if rating is None or rating not in RATINGS:
            return missing("a risk_rating that we know", {} if rating is None else {"risk_rating": rating})
        return judged(RATINGS.index(rating) <= limit, {"risk_rating": rating}, rating)

    return Compiled(evaluate=evaluate, limit=params.rating)


def _not_pep(params: NotPep, _: Question) -> Compiled:
    def evaluate(case: Case) -> Found:
        compliance = case.facts.compliance
        if compliance.pep_status is None:
            return missing("pep_status")
        inputs = {"pep_status": compliance.pep_status}
        if compliance.pep_status != "NOT_PEP" or params.age_max is None:
            return judged(compliance.pep_status == "NOT_PEP", inputs, compliance.pep_status)
        at = instant(compliance.pep_checked_at)
        if at is None or case.facts.now - at < -_AHEAD_MAX:
            return missing("pep_checked_at", inputs)
        inputs["pep_checked_at"] = compliance.pep_checked_at or ""
        age = case.facts.now - at
        return judged(age <= params.age_max, inputs, lambda: f"NOT_PEP, checked {span_text(age)} ago")

    limit = "NOT_PEP" if params.age_max is None else f"NOT_PEP, checked at most {duration_text(params.age_max)} ago"
    return Compiled(evaluate=evaluate, limit=limit)


def _travel_rule(_: NoParams, __: Question) -> Compiled:
    def evaluate(case: Case) -> Found:
        compliance = case.facts.compliance
        originating, beneficiary = compliance.originating_vasp_code, compliance.beneficiary_vasp_code
        if originating and beneficiary and not originating.isspace() and not beneficiary.isspace():
            both = {"originating_vasp_code": originating, "beneficiary_vasp_code": beneficiary}
            return judged(True, both, lambda: f"{originating} to {beneficiary}")
        codes = {"originating_vasp_code": originating, "beneficiary_vasp_code": beneficiary}
        inputs = {name: code for name, code in codes.items() if code is not None}
        return missing(" and ".join(name for name, code in codes.items() if code is None or not code.strip()), inputs)

    return Compiled(evaluate=evaluate, limit="both codes")


def _purposes(params: Purposes, _: Question) -> Compiled:
    def evaluate(case: Case) -> Found:
        code = case.facts.compliance.purpose_code
        if code is None:
            return missing("purpose_code")
        return judged(code in params.codes, {"purpose_code": code}, code)

    return Compiled(evaluate=evaluate, limit=", ".join(params.codes))


CHECKS: tuple[Check[Any], ...] = (
    Check(
        name="kyc_status",
        sentence="The sender's KYC has a good status and stays valid long enough.",
        ages=True,
        params=Kyc,
        compile=_kyc,
        example={"valid_for": "7d"},
    ),
    Check(
        name="sanctions_status",
        sentence="The sanctions screening has a good status and is fresh.",
        ages=True,
        params=Sanctions,
        compile=_sanctions,
        example={"age_max": "48h"},
    ),
    Check(
        name="risk_rating_at_most",
        sentence="The risk rating is at most the one named: LOW, MEDIUM, HIGH, PROHIBITED.",
        params=Rating,
        compile=_rating,
        example={"rating": "MEDIUM"},
    ),
    Check(
        name="not_pep",
        sentence="Nobody is a politically exposed person or close to one.",
        ages=True,
        params=NotPep,
        compile=_not_pep,
        example={"age_max": "90d"},
    ),
    Check(
        name="travel_rule_codes_present",
        sentence="The VASP codes of originator and beneficiary are there.",
        params=NoParams,
        compile=_travel_rule,
        example={},
    ),
    Check(
        name="purpose_codes",
        sentence="The purpose code is one of those listed.",
        params=Purposes,
        compile=_purposes,
        example={"codes": ["GDDS", "SCVE"]},
    ),
)
