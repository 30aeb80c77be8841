"""What the ledger could not book is not accepted without a person: built in, for the scales of the settings."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from pipeline.domain.money import DIGITS_MAX, Scales, plain, to_minor_units
from pipeline.domain.orders import LEGS, SOURCE_LEG, TARGET_LEG
from pipeline.policy.check import Case, Found, judged

Evaluate = Callable[[Case], Found]


def order_can_be_booked(scales: Scales) -> Evaluate:
    """Return what finds whether the currencies that move through our custody are known, and the target amount fits its currency."""

    def evaluate(case: Case) -> Found:
        facts = case.facts
        legs = LEGS[facts.request.context.side]
        currencies = {SOURCE_LEG: facts.source_currency, TARGET_LEG: facts.target_currency}
        for leg in legs:
            if not scales.knows(currencies[leg]):
                return judged(False, {leg.currency: currencies[leg]}, currencies[leg], "nobody has said how many decimals it has")
        if TARGET_LEG in legs and facts.target is not None:
            return _fits(facts.target, facts.target_currency, scales, "target_amount")
        return judged(True, {}, None)

    return evaluate


def quote_can_be_booked(scales: Scales) -> Evaluate:
    """Return what finds whether the source amount that a quote leads to, target amount x rate, fits its currency."""

    def evaluate(case: Case) -> Found:
        quote, facts = case.quote, case.facts
        assert quote is not None
        if quote.required is None or SOURCE_LEG not in LEGS[facts.request.context.side]:
            return judged(True, {}, None)
        return _fits(quote.required, facts.source_currency, scales, "required_source")

    return evaluate


def _fits(amount: Decimal, currency: str, scales: Scales, name: str) -> Found:
    text, scale = plain(amount), scales.of(currency)
    inputs = {name: text, "currency": currency, "scale": str(scale)}
    if len(text) - ("." in text) > DIGITS_MAX:
        return judged(False, inputs, text, f"more than {DIGITS_MAX} digits")
    return judged(to_minor_units(amount, scale) is not None, inputs, text, f"{currency} has {scale} decimals")
