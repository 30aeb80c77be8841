"""Checks on quotes: one by one, side by side, and which of them is chosen."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Literal

from pydantic import Field

from pipeline.domain.money import plain
from pipeline.domain.quotes import is_chosen, is_closed
from pipeline.policy.check import (
    CO_SIGN,
    BasisPoints,
    Case,
    Check,
    Compiled,
    Duration,
    Found,
    NoParams,
    Params,
    judged,
    missing,
    not_applicable,
)
from pipeline.policy.exact import BASIS, amount, basis_points, duration_text, minus, plus, span_text, times
from pipeline.policy.facts import Quote, instant
from schemas.accepting import Question


class CostGuard(Params):
    """The parameters of `cost_guard`."""

    headroom: BasisPoints = Field(default=Decimal(0), description="basis points of the maximum that have to stay free")


class TimeLeft(Params):
    """The parameters of `time_left_at_least`."""

    p99_latency: Duration = Field(description='our own time from decision to accept, 99 of 100, such as "400ms"')
    margin: Duration = Field(description='what has to be left beside it, such as "2s"')


class QuotesAtLeast(Params):
    """The parameters of `quotes_at_least`."""

    count: int = Field(ge=1, description="how many; a quote that some rule rejects does not count")
    patience: Duration = Field(default=timedelta(0), description="so long after the first quote the rule says WAIT rather than `otherwise`")
    margin: Duration = Field(default=timedelta(seconds=3), description="it never waits past the earliest valid_until less this")


class Spread(Params):
    """The parameters of `spread_at_most`."""

    basis_points: BasisPoints = Field(description="between the lowest and the highest acceptable quote, of the lowest")


class BestExecution(Params):
    """The parameters of `best_execution`."""

    ties: Literal["refer", "first_seen", "longest_valid"] = Field(
        default="refer", description="which of equal quotes: ask a person, the one seen first, or the one valid longest"
    )
    follow_selection: bool = Field(
        default=False, description="sign the quote that the institution has chosen though another is cheaper; left out, a person decides"
    )


def quote_valid(case: Case) -> Found:
    """Find whether a quote can still be co-signed: valid after the time of deciding, and not closed."""
    quote = case.quote
    assert quote is not None
    now, stated, valid_until = case.facts.now, quote.stated, quote.valid_until
    inputs = {"quote_id": quote.id, "valid_until": stated.valid_until}
    if valid_until is None:
        return missing("valid_until", inputs)
    status = stated.status
    if status is not None:
        inputs["status"] = status
        if is_closed(status):
            return judged(False, inputs, status, "the quote is closed")
    return judged(valid_until > now, inputs, lambda: f"{span_text(valid_until - now)} left")


def cost_guard_held(case: Case) -> Found:
    """Find whether what a quote requires is at most the sender's maximum; without a maximum there is nothing to guard."""
    quote, facts = case.quote, case.facts
    assert quote is not None
    if facts.request.context.source_amount_max is None:
        return not_applicable("the order has no maximum", {"quote_id": quote.id})
    if facts.source_max is None or quote.required is None:
        return missing("the source amount or its maximum", {"quote_id": quote.id})
    inputs = {"quote_id": quote.id, "required_source": quote.required_text, "source_amount_max": facts.source_max_text}
    return judged(quote.required <= facts.source_max, inputs, quote.required_text)


def _cost_guard(params: CostGuard, _: Question) -> Compiled:
    share = minus(BASIS, params.headroom)
    if share <= 0:
        raise ValueError("headroom leaves nothing; write fewer than 10000 basis points")

    def evaluate(case: Case) -> Found:
        quote, most = case.quote, case.facts.source_max
        assert quote is not None
        if most is None or quote.required is None:
            return missing("source_amount_max", {"quote_id": quote.id})
        inputs = {"quote_id": quote.id, "required_source": quote.required_text, "source_amount_max": case.facts.source_max_text}
        return judged(times(quote.required, BASIS) <= times(most, share), inputs, quote.required_text)

    headroom = f" less {plain(params.headroom)} basis points" if params.headroom else ""
    return Compiled(evaluate=evaluate, about="quote", limit=f"source_amount_max{headroom}")


def quote_agrees(case: Case) -> Found:
    """Find whether what a quote states agrees with the order.

    Required source = target amount x rate; a stated source amount equals it, a stated target amount equals the order's or that product
    (contract A-08).
    """
    quote, facts = case.quote, case.facts
    assert quote is not None
    stated = quote.stated
    inputs = {"quote_id": quote.id, "fx_rate": stated.fx_rate}
    if quote.required is None or facts.target is None:
        return missing("the rate or the order's target amount", inputs)
    inputs["target_amount"] = facts.target_text
    inputs["required_source"] = required = quote.required_text
    if stated.source_amount is not None:
        inputs["quote.source_amount"] = stated.source_amount
        if amount(stated.source_amount) != quote.required:
            return judged(False, inputs, stated.source_amount, "the quote's source amount is not target amount x rate")
    if stated.target_amount is not None:
        inputs["quote.target_amount"] = stated.target_amount
        if amount(stated.target_amount) not in (facts.target, quote.required):
            return judged(False, inputs, stated.target_amount, "the quote's target amount is neither the order's nor target amount x rate")
    return judged(True, inputs, required)


def _quote_agrees(_: NoParams, __: Question) -> Compiled:
    return Compiled(evaluate=quote_agrees, about="quote", limit="target amount x rate")


def _time_left(params: TimeLeft, question: Question) -> Compiled:
    need = params.p99_latency + params.margin

    def evaluate(case: Case) -> Found:
        quote, facts = case.quote, case.facts
        inputs = {"p99_latency": latency, "margin": margin}
        if quote is not None:
            inputs["quote_id"], until = quote.id, quote.valid_until
            name = "valid_until"
        else:
            until, name = facts.expires_at, "expires_at"
        if until is None:
            return missing(name, inputs)
        left = until - facts.now
        return judged(left >= need, inputs, lambda: span_text(left))

    latency, margin = duration_text(params.p99_latency), duration_text(params.margin)
    return Compiled(evaluate=evaluate, about="quote" if question == "co_sign_quote" else "order", limit=duration_text(need))


def _quotes_at_least(params: QuotesAtLeast, _: Question) -> Compiled:
    def evaluate(case: Case) -> Found:
        facts, count = case.facts, len(case.standing)
        inputs = {"quotes": str(len(facts.quotes)), "acceptable": str(count)}
        if count >= params.count:
            return judged(True, inputs, str(count))
        seen = [at for quote in facts.quotes if (at := instant(quote.stated.first_seen_at)) is not None]
        ends = [quote.valid_until for quote in case.standing if quote.valid_until is not None]
        limits = [*ends, *([] if facts.expires_at is None else [facts.expires_at])]
        # Spans are compared, not times: what a venue states may be so near the end of the calendar that a time beyond it is none.
        patient = bool(params.patience) and (not seen or facts.now - min(seen) < params.patience)
        if patient and limits and min(limits) - facts.now > params.margin:
            return Found("WAIT", inputs, str(count), "too few quotes yet, and there is time")
        return judged(False, inputs, str(count))

    return Compiled(evaluate=evaluate, about="quotes", limit=f"{params.count} quotes")


def _spread(params: Spread, _: Question) -> Compiled:
    share = plus(BASIS, params.basis_points)

    def evaluate(case: Case) -> Found:
        required = [quote.required for quote in case.acceptable if quote.required is not None]
        if len(required) < 2:
            return not_applicable("fewer than two acceptable quotes have no spread", {"acceptable": str(len(required))})
        lowest, highest = min(required), max(required)
        return judged(
            times(highest, BASIS) <= times(lowest, share),
            lambda: {"lowest_source": plain(lowest), "highest_source": plain(highest)},
            lambda: f"{basis_points(highest, lowest)} basis points",
        )

    return Compiled(evaluate=evaluate, about="quotes", limit=f"{plain(params.basis_points)} basis points")


def picked(quotes: Sequence[Quote], now: datetime) -> list[Quote]:
    """Return the quotes that the institution has chosen: of several, those that are still valid, if any is."""
    chosen = [quote for quote in quotes if quote.stated.selected or is_chosen(quote.stated.status)]
    return [quote for quote in chosen if quote.valid_until is not None and quote.valid_until > now] or chosen


def choose(candidates: Sequence[Quote], params: BestExecution) -> tuple[Quote | None, int]:
    """Return the quote with the lowest required source amount, and how many share that amount after the policy's tie-break.

    Among equals the order is fixed, so that a referral names one: first seen, then valid longest, then by id.
    """
    known = [quote for quote in candidates if quote.required is not None]
    if not known:
        return None, 0
    lowest = min(quote.required for quote in known if quote.required is not None)
    equal = [quote for quote in known if quote.required == lowest]
    if len(equal) == 1:
        return equal[0], 1

    def valid(quote: Quote) -> float:
        return -quote.valid_until.timestamp() if quote.valid_until else 0.0

    def seen(quote: Quote) -> str:
        at = instant(quote.stated.first_seen_at)
        return at.isoformat(timespec="microseconds") if at else "9999"

    def by_validity(quote: Quote) -> tuple[float, str, str]:
        return valid(quote), seen(quote), quote.id

    def by_sight(quote: Quote) -> tuple[str, float, str]:
        return seen(quote), valid(quote), quote.id

    first = min(equal, key=by_validity) if params.ties == "longest_valid" else min(equal, key=by_sight)
    left = len(equal)
    if params.ties == "first_seen":
        left = sum(seen(quote) == seen(first) for quote in equal)
    elif params.ties == "longest_valid":
        left = sum(valid(quote) == valid(first) for quote in equal)
    return first, left


def _best_execution(_: BestExecution, __: Question) -> Compiled:
    # The choice itself is made by the engine, which knows which quotes other rules refuse; it asks this rule for its parameters.
    return Compiled(evaluate=lambda _: not_applicable("there is no quote to choose"), about="quotes", limit="lowest source amount")


CHECKS: tuple[Check[Any], ...] = (
    Check(
        name="cost_guard",
        sentence="What the sender pays by the quote is at most the order's maximum, less the headroom.",
        params=CostGuard,
        compile=_cost_guard,
        questions=CO_SIGN,
        example={"headroom": "10"},
    ),
    Check(
        name="quote_agrees",
        sentence="What the quote states agrees with the order: source amount = target amount x rate.",
        params=NoParams,
        compile=_quote_agrees,
        questions=CO_SIGN,
        example={},
    ),
    Check(
        name="time_left_at_least",
        sentence="There is time left for our accept to arrive: our p99 latency and a margin.",
        params=TimeLeft,
        compile=_time_left,
        example={"p99_latency": "400ms", "margin": "2s"},
    ),
    Check(
        name="quotes_at_least",
        sentence="At least so many quotes compete.",
        params=QuotesAtLeast,
        compile=_quotes_at_least,
        questions=CO_SIGN,
        example={"count": 2, "patience": "5s", "margin": "3s"},
    ),
    Check(
        name="spread_at_most",
        sentence="Competing quotes are at most so far apart.",
        params=Spread,
        compile=_spread,
        questions=CO_SIGN,
        example={"basis_points": "150"},
    ),
    Check(
        name="best_execution",
        sentence="The quote with the lowest source amount is chosen; between equal ones a person chooses, unless the rule says how.",
        params=BestExecution,
        compile=_best_execution,
        questions=CO_SIGN,
        otherwise=("REFER",),
        example={"ties": "refer"},
    ),
)
