"""Checks against reference rates: a collar around them, and the band of a peg."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from pydantic import Field

from pipeline.domain.moments import AHEAD_MAX
from pipeline.domain.money import plain
from pipeline.policy.check import Amount, BasisPoints, Case, Check, Compiled, Duration, Found, Params, Text, judged, missing
from pipeline.policy.exact import BASIS, apart, around, basis_points, duration_text, times
from pipeline.policy.facts import Facts, Quote, Rate, once
from schemas.accepting import Question

_NONE = Decimal(0)


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


def _usable(params: Reference) -> Callable[[Facts], list[tuple[Rate, Decimal]]]:
    age_min, age_max, sources_min, provider = -AHEAD_MAX, params.age_max, params.sources_min, params.provider

    def usable(facts: Facts) -> list[tuple[Rate, Decimal]]:
        return [
            (rate, value)
            for rate in facts.rates
            if (value := rate.rate) is not None
            and rate.age is not None
            and age_min <= rate.age <= age_max
            and rate.stated.sources >= sources_min
            and provider in (None, rate.stated.provider)
        ]

    return usable


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


Expected = tuple[list[tuple[Rate, Decimal]], list[Decimal], Decimal, Decimal]
"""The references that may be used, what the source amount were by each, and between what ten thousand times the source amount has to be."""


def _rate_within(params: RateWithin, question: Question) -> Compiled:
    limit, usable_of = params.basis_points, _usable(params)

    @once
    def expected_of(facts: Facts) -> Expected:
        target, usable = facts.target, usable_of(facts)
        # Compared as amounts, source against target x reference, so that nothing is divided.
        amounts = [] if target is None else [times(target, rate) for _, rate in usable]
        if not amounts:
            return usable, amounts, _NONE, _NONE
        bounds = [around(at, limit) for at in amounts]  # every usable reference has to agree
        return usable, amounts, max([lowest for lowest, _ in bounds]), min([highest for _, highest in bounds])

    def evaluate(case: Case) -> Found:
        facts, quote = case.facts, case.quote
        source = quote.required if quote is not None else facts.source_max
        usable, expected, lowest, highest = expected_of(facts)
        if not usable:
            return _none_usable(facts, params)
        if not expected or source is None:
            return missing("the source amount" if quote else "source_amount_max", lambda: _described(usable, quote))
        holds = lowest <= times(source, BASIS) <= highest
        return judged(holds, lambda: _described(usable, quote, source), lambda: _off(source, expected))

    return Compiled(
        evaluate=evaluate,
        about="quote" if question == "co_sign_quote" else "order",
        limit=f"{plain(params.basis_points)} basis points around a reference of at most {duration_text(params.age_max)}, "
        f"{params.sources_min} sources",
    )


def _off(source: Decimal, expected: Sequence[Decimal]) -> str:
    worst = expected[0] if len(expected) == 1 else max(expected, key=lambda at: _apart(source, at))
    return f"{basis_points(source, worst)} basis points"


def _apart(value: Decimal, reference: Decimal) -> Fraction:
    """Return how far apart two values are in parts of the reference, exact, to be ordered by."""
    return Fraction(apart(value, reference)) / Fraction(reference)


def _peg_band(params: PegBand, _: Question) -> Compiled:
    peg, usable_of = params.peg, _usable(params)
    lowest, highest = around(peg, params.basis_points)

    def off(usable: list[tuple[Rate, Decimal]]) -> str:
        worst = max([rate for _, rate in usable], key=lambda rate: apart(rate, peg))
        return f"{basis_points(worst, peg)} basis points"

    def evaluate(case: Case) -> Found:
        usable = usable_of(case.facts)
        if not usable:
            return _none_usable(case.facts, params)
        shares = [times(rate, BASIS) for _, rate in usable]
        holds = lowest <= min(shares) and max(shares) <= highest
        return judged(holds, lambda: _described(usable), lambda: off(usable))

    return Compiled(evaluate=evaluate, limit=f"{plain(params.basis_points)} basis points around {plain(params.peg)}")


_REFERENCE = {"age_max": "30s", "sources_min": 2}

CHECKS: tuple[Check[Any], ...] = (
    Check(
        name="rate_within",
        sentence="The rate (of the quote, or the one that the sender's maximum allows) is near every fresh reference rate.",
        ages=True,
        params=RateWithin,
        compile=_rate_within,
        example={"basis_points": "75", **_REFERENCE},
    ),
    Check(
        name="peg_band",
        sentence="The reference rate of the pair stays in the band around its peg.",
        ages=True,
        params=PegBand,
        compile=_peg_band,
        example={"peg": "1", "basis_points": "50", "pair": "USDX/USDCx", **_REFERENCE},
    ),
)
