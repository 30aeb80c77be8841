"""Checks against reference rates: a collar around them, and the band of a peg."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from pydantic import Field

from pipeline.domain.money import plain
from pipeline.policy.check import Amount, BasisPoints, Case, Check, Compiled, Duration, Found, Params, Text, judged, missing
from pipeline.policy.exact import apart, basis_points, duration_text, times, within_basis_points
from pipeline.policy.facts import Facts, Quote, Rate
from schemas.accepting import Question

AHEAD_MAX = timedelta(seconds=5)
"""How far a provider's clock may be ahead of ours before its rate counts as unusable: beyond this nobody knows how old it is."""


class Reference(Params):
    """Which reference rates may be used."""

    age_max: Duration = Field(gt=timedelta(0), description='how old a reference rate may be, such as "30s"')
    sources_min: int = Field(default=1, ge=1, description="from how many sources it has to be made")
    provider: Text | None = Field(default=None, description="only this provider's")


class RateWithin(Reference):
    """The parameters of `rate_within`."""

    basis_points: BasisPoints = Field(description="how far from the reference, up or down")


class PegBand(Reference):
    """The parameters of `peg_band`."""

    peg: Amount = Field(gt=0, description="the reference rate that the pair is pegged to, source units per target unit")
    basis_points: BasisPoints = Field(description="how far from the peg the reference may be, up or down")


def _usable(facts: Facts, params: Reference) -> list[tuple[Rate, Decimal]]:
    return [
        (rate, rate.rate)
        for rate in facts.rates
        if rate.rate is not None
        and rate.age is not None
        and -AHEAD_MAX <= rate.age <= params.age_max
        and rate.stated.sources >= params.sources_min
        and params.provider in (None, rate.stated.provider)
    ]


def _described(rates: list[tuple[Rate, Decimal]], quote: Quote | None = None, source: Decimal | None = None) -> dict[str, str]:
    inputs = {f"reference {rate.stated.provider}": f"{rate.stated.rate} at {rate.stated.quoted_at}" for rate, _ in rates}
    if quote is not None:
        inputs["quote_id"], inputs["fx_rate"] = quote.id, quote.stated.fx_rate
    if source is not None:
        inputs["source_amount" if quote else "source_amount_max"] = plain(source)
    return inputs


def _none_usable(facts: Facts, params: Reference) -> Found:
    seen = {f"reference {rate.stated.provider}": f"{rate.stated.rate} at {rate.stated.quoted_at}" for rate in facts.rates}
    return missing(f"a reference rate of at most {duration_text(params.age_max)} from at least {params.sources_min} sources", seen)


def _rate_within(params: RateWithin, question: Question) -> Compiled:
    def evaluate(case: Case) -> Found:
        facts, quote = case.facts, case.quote
        target, source = facts.target, quote.required if quote is not None else facts.source_max
        usable = _usable(facts, params)
        if not usable:
            return _none_usable(facts, params)
        if target is None or source is None:
            return missing("the source amount" if quote else "source_amount_max", lambda: _described(usable, quote))
        # Compared as amounts, source against target x reference, so that nothing is divided. Every usable reference has to agree.
        expected = [times(target, rate) for _, rate in usable]
        worst = expected[0] if len(expected) == 1 else max(expected, key=lambda at: _apart(source, at))
        holds = within_basis_points(source, worst, params.basis_points)
        return judged(holds, lambda: _described(usable, quote, source), lambda: f"{basis_points(source, worst)} basis points")

    return Compiled(
        evaluate=evaluate,
        about="quote" if question == "co_sign_quote" else "order",
        limit=f"{plain(params.basis_points)} basis points around a reference of at most {duration_text(params.age_max)}, "
        f"{params.sources_min} sources",
    )


def _apart(value: Decimal, reference: Decimal) -> Fraction:
    """Return how far apart two values are in parts of the reference, exact, to be ordered by."""
    return Fraction(apart(value, reference)) / Fraction(reference)


def _peg_band(params: PegBand, _: Question) -> Compiled:
    def evaluate(case: Case) -> Found:
        usable = _usable(case.facts, params)
        if not usable:
            return _none_usable(case.facts, params)
        worst = max([rate for _, rate in usable], key=lambda rate: apart(rate, params.peg))
        holds = within_basis_points(worst, params.peg, params.basis_points)
        return judged(holds, lambda: _described(usable), lambda: f"{basis_points(worst, params.peg)} basis points")

    return Compiled(evaluate=evaluate, limit=f"{plain(params.basis_points)} basis points around {plain(params.peg)}")


_REFERENCE = {"age_max": "30s", "sources_min": 2}

CHECKS: tuple[Check[Any], ...] = (
    Check(
        name="rate_within",
        sentence="The rate (of the quote, or the one that the sender's maximum allows) is near every fresh reference rate.",
        params=RateWithin,
        compile=_rate_within,
        example={"basis_points": "75", **_REFERENCE},
    ),
    Check(
        name="peg_band",
        sentence="The reference rate of the pair stays in the band around its peg.",
        params=PegBand,
        compile=_peg_band,
        example={"peg": "1", "basis_points": "50", "pair": "USDX/USDCx", **_REFERENCE},
    ),
)
