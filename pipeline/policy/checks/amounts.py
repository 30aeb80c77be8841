"""Checks on amounts: of one order, of what was accepted within a window, and of what is accepted and not settled yet."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from functools import lru_cache
from operator import attrgetter
from typing import Any, Literal

from pydantic import Field

from pipeline.domain.money import plain
from pipeline.policy.check import Amount, Case, Check, Compiled, Duration, Found, Params, Text, judged, missing, not_applicable
from pipeline.policy.counters import UNKNOWN, CounterQuery, Per, alike_to, before, exposure_of, number_of, total_of, where
from pipeline.policy.exact import count, duration_text, plus, total
from schemas.accepting import Question

OrderSide = Literal["target", "source_max", "source"]


class AmountAtMost(Params):
    """The parameters of `amount_at_most`."""

    side: OrderSide = Field(description='"target", "source_max" (the most that the sender pays) or, for quotes, "source"')
    currency: Text = Field(description="the rule is about orders with this currency on that side")
    limit: Amount


class FourEyesAbove(Params):
    """The parameters of `four_eyes_above`."""

    side: OrderSide = Field(description='"target", "source_max" or, for quotes, "source"')
    currency: Text
    limit: Amount = Field(description="up to and including this amount the rule asks nobody")


class WindowSum(AmountAtMost):
    """The parameters of `window_sum_at_most`."""

    window: Duration = Field(gt=timedelta(0), description='how far back, such as "24h"')
    per: Per = Field(
        default="venue",
        description='summed per "pair", "sender", "receiver" or, for quotes, "market_maker"; "venue": all that there is at the venues',
    )


class WindowCount(Params):
    """The parameters of `window_count_at_most`."""

    limit: int = Field(ge=1, description="orders, this one included")
    window: Duration = Field(gt=timedelta(0), description='how far back, such as "1h"')
    per: Per = Field(
        default="venue",
        description='counted per "pair", "sender", "receiver" or, for quotes, "market_maker"; "venue": all that there is at the venues',
    )


class Exposure(AmountAtMost):
    """The parameters of `exposure_at_most`."""

    per: Per = Field(
        default="venue",
        description='per "pair", "sender", "receiver" or, for quotes, "market_maker"; "venue": all that there is at the venues',
    )


class Duplicate(Params):
    """The parameters of `likely_duplicate`."""

    window: Duration = Field(gt=timedelta(0), description='how far back, such as "10m"')


Own = Callable[[Case], tuple[Decimal | None, str, str]]
"""Gives the order's own amount on a side, as a number and as text, and its currency."""
_NAMES: Mapping[OrderSide, str] = {"target": "target_amount", "source_max": "source_amount_max", "source": "source_amount"}
SCOPES_KEPT = 4096
"""Queries that a rule keeps ready: building one takes longer than asking it."""


def _own(side: OrderSide, question: Question) -> Own:
    match side:
        case "target":
            return attrgetter("facts.target", "facts.target_text", "facts.target_currency")
        case "source_max":
            return attrgetter("facts.source_max", "facts.source_max_text", "facts.source_currency")
        case "source":
            if question != "co_sign_quote":
                raise ValueError('side "source" is known with a quote only; write "source_max", or on = "co_sign_quote"')
            return _of_quote


def _of_quote(case: Case) -> tuple[Decimal | None, str, str]:
    quote = case.quote
    if quote is None:
        return None, "", case.facts.source_currency
    return quote.required, quote.required_text, case.facts.source_currency


def _about(side: str, per: str, question: Question) -> Literal["order", "quote"]:
    if per == "market_maker" and question != "co_sign_quote":
        raise ValueError('per "market_maker" is known with a quote only; write another, or on = "co_sign_quote"')
    return "quote" if side == "source" or per == "market_maker" else "order"


def _amount_at_most(params: AmountAtMost | FourEyesAbove, question: Question) -> Compiled:
    own, name, currency, limit = _own(params.side, question), _NAMES[params.side], params.currency, params.limit

    def evaluate(case: Case) -> Found:
        amount, text, of = own(case)
        if of != currency:
            return not_applicable(f"the {name} is in {of}", {"currency": of})
        if amount is None:
            return missing(name, {"currency": of})
        return judged(amount <= limit, {name: text, "currency": of}, text)

    return Compiled(evaluate=evaluate, about=_about(params.side, "", question), limit=f"{plain(limit)} {currency}")


def _scope(per: Per, *, old: bool) -> Callable[[Case], str | None]:
    match per:
        case "venue":
            return attrgetter("facts.venue") if old else lambda _: ""
        case "pair":
            return attrgetter("facts.pair")
        case "sender":
            return attrgetter("facts.sender")
        case "receiver":
            return attrgetter("facts.receiver")
        case "market_maker":
            return lambda case: case.quote.stated.market_maker_party_id if case.quote else None


def _both(compile: Callable[[bool], Compiled]) -> Compiled:
    """Compile a rule that counts as it is, and as it was when every rule counted at the venue of the question."""
    return replace(compile(False), before=compile(True))


def _counted(params: WindowSum | WindowCount | Exposure, *, old: bool) -> str:
    """Say what a limit counts."""
    if old:
        return f" per {params.per}"
    whose = "" if params.per == "venue" else f" per {params.per}"
    return f"{whose} {where(params.venue)}"


def _added(params: WindowSum | Exposure, question: Question, ask: Callable[[str], CounterQuery], limit_text: str, *, old: bool) -> Compiled:
    """Compile a rule on the order's own amount plus what others have used up."""
    own, name, scope = _own(params.side, question), _NAMES[params.side], _scope(params.per, old=old)
    currency, limit, per, named = params.currency, params.limit, params.per, old or params.per != "venue"
    ask = lru_cache(maxsize=SCOPES_KEPT)(ask)

    def query(case: Case) -> CounterQuery | None:
        if own(case)[2] != currency:
            return None
        whose = scope(case)
        return None if whose is None else ask(whose)

    def evaluate(case: Case) -> Found:
        amount, text, of = own(case)
        if of != currency:
            return not_applicable(f"the {name} is in {of}", {"currency": of})
        inputs = {"currency": of}
        whose = scope(case)
        if whose is None:
            return missing(f"the {per}", inputs)
        if named:
            inputs[per] = whose
        if amount is None:
            return missing(name, inputs)
        inputs[name] = text
        key = ask(whose).key
        others = case.facts.counters.get(key)
        used = total(others)
        if others is None or used is None:
            return missing(key, inputs)
        inputs[key] = others
        both = plus(used, amount)
        return judged(both <= limit, inputs, lambda: plain(both))

    return Compiled(evaluate=evaluate, about=_about(params.side, per, question), limit=limit_text, query=query)


def _window_sum(params: WindowSum, question: Question) -> Compiled:
    text = duration_text(params.window)
    side: Literal["target", "source"] = "target" if params.side == "target" else "source"

    def compile(old: bool) -> Compiled:
        def ask(whose: str) -> CounterQuery:
            query = total_of(side, params.currency, params.per, whose, params.window, text, venue=params.venue)
            return before(query, whose, text) if old else query

        limit_text = f"{plain(params.limit)} {params.currency}{_counted(params, old=old)} in {text}"
        return _added(params, question, ask, limit_text, old=old)

    return _both(compile)


def _exposure(params: Exposure, question: Question) -> Compiled:
    side: Literal["target", "source"] = "target" if params.side == "target" else "source"

    def compile(old: bool) -> Compiled:
        def ask(whose: str) -> CounterQuery:
            query = exposure_of(side, params.currency, params.per, whose, venue=params.venue)
            return before(query, whose) if old else query

        return _added(params, question, ask, f"{plain(params.limit)} {params.currency}{_counted(params, old=old)}", old=old)

    return _both(compile)


def _window_count(params: WindowCount, question: Question) -> Compiled:
    per, text, limit = params.per, duration_text(params.window), params.limit

    def compile(old: bool) -> Compiled:
        scope, named = _scope(per, old=old), old or per != "venue"

        @lru_cache(maxsize=SCOPES_KEPT)
        def ask(whose: str) -> CounterQuery:
            query = number_of(per, whose, params.window, text, venue=params.venue)
            return before(query, whose, text) if old else query

        def query(case: Case) -> CounterQuery | None:
            whose = scope(case)
            return None if whose is None else ask(whose)

        def evaluate(case: Case) -> Found:
            whose = scope(case)
            if whose is None:
                return missing(f"the {per}")
            inputs: dict[str, str] = {per: whose} if named else {}
            key = ask(whose).key
            known = case.facts.counters.get(key)
            others = count(known)
            if known is None or others is None:
                return missing(key, inputs)
            return judged(others < limit, {**inputs, key: known}, str(others + 1))

        limit_text = f"{limit}{_counted(params, old=old)} in {text}"
        return Compiled(evaluate=evaluate, about=_about("", per, question), limit=limit_text, query=query)

    return _both(compile)


def _duplicate(params: Duplicate, _: Question) -> Compiled:
    text = duration_text(params.window)

    def compile(old: bool) -> Compiled:
        def ask(alike: tuple[str, str, str, str]) -> CounterQuery:
            query = alike_to(alike, params.window, text, venue=params.venue)
            return before(query, "", text) if old else query

        key = ask(("", "", "", "")).key  # the same for all

        def query(case: Case) -> CounterQuery | None:
            facts = case.facts
            if facts.sender is None or facts.receiver is None or facts.target is None:
                return None
            return ask((facts.pair, facts.sender, facts.receiver, facts.target_text))

        def evaluate(case: Case) -> Found:
            facts = case.facts
            sender, receiver = facts.sender, facts.receiver
            if sender is None or receiver is None or facts.target is None:
                return missing("who sends, who receives, or how much")
            inputs = {"pair": facts.pair, "sender": sender, "receiver": receiver, "target_amount": facts.target_text}
            others = facts.counters.get(key)
            if others is None or others == UNKNOWN:
                return missing(key, inputs)
            inputs[key] = others
            return judged(others == "0", inputs, others, "" if others == "0" else "the same was asked about moments ago")

        return Compiled(evaluate=evaluate, limit=f"no other in {text}", query=query)

    return _both(compile)


_AMOUNT = {"side": "source_max", "currency": "JPYSC0", "limit": "50000000"}

CHECKS: tuple[Check[Any], ...] = (
    Check(
        name="amount_at_most",
        sentence="The order's amount on one side is at most the limit.",
        params=AmountAtMost,
        compile=_amount_at_most,
        example=_AMOUNT,
    ),
    Check(
        name="four_eyes_above",
        sentence="Above the limit two different people have to approve.",
        params=FourEyesAbove,
        compile=_amount_at_most,
        otherwise=("REFER",),
        approvers=2,
        example=_AMOUNT,
    ),
    Check(
        name="window_sum_at_most",
        sentence="What was accepted within the window, this order included, adds up to at most the limit.",
        params=WindowSum,
        compile=_window_sum,
        example={**_AMOUNT, "window": "24h", "per": "sender"},
    ),
    Check(
        name="window_count_at_most",
        sentence="At most so many orders are accepted within the window, this one included.",
        params=WindowCount,
        compile=_window_count,
        example={"limit": 20, "window": "1h", "per": "sender"},
    ),
    Check(
        name="exposure_at_most",
        sentence="What is accepted and has not settled or ended yet, this order included, adds up to at most the limit.",
        params=Exposure,
        compile=_exposure,
        example={**_AMOUNT, "per": "receiver"},
    ),
    Check(
        name="likely_duplicate",
        sentence="No other order of the same parties, pair and amount was asked about within the window.",
        params=Duplicate,
        compile=_duplicate,
        example={"window": "10m"},
    ),
)
