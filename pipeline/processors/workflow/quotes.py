"""Which quotes may be chosen, until when, and when collecting them ends.

A quote is *open* while the venue has not closed it, we have not been refused it and it is not too late; open quotes, and those that the
institution has chosen, are what a decision sees. It is *offered* when it is open, agrees with the order (A-08), keeps the maximum, and
neither is a co-signature of another quote in doubt nor another one the institution's choice: only offered quotes may be chosen.
Source: Musubi contract 4.5, 4.6; design, section 5.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from pipeline.domain import quotes as rules_of_quotes
from pipeline.log.envelope import moment
from pipeline.processors.workflow.facts import WorkflowRules
from pipeline.processors.workflow.state import Quote, WorkflowState


def agrees(state: WorkflowState, quote: Quote) -> bool | None:
    """Tell whether a quote's amounts are its order's; None while that cannot be said."""
    target, rate = state.order.get("target_amount"), quote.fx_rate
    if target is None or rate is None:
        return None
    source = _number(quote.source_amount)
    return rules_of_quotes.agrees(Decimal(target), Decimal(rate), source_amount=source, target_amount=_number(quote.target_amount))


def keeps_maximum(state: WorkflowState, quote: Quote) -> bool | None:
    """Tell whether a quote costs no more than the sender's maximum; None while that cannot be said."""
    target, rate = state.order.get("target_amount"), quote.fx_rate
    if target is None or rate is None:
        return None
    maximum = _number(state.order.get("source_amount_max"))
    source = _number(quote.source_amount)
    return rules_of_quotes.keeps_maximum(Decimal(target), Decimal(rate), source_amount=source, source_amount_max=maximum)


def _number(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def expires_at(rules: WorkflowRules, state: WorkflowState) -> datetime:
    """Return when the order ends, as it says or as is assumed of one that does not say."""
    stated = _moment(state.order.get("expires_at"), "expires_at")
    if stated is not None:
        return stated
    begin = _moment(state.order.get("created_at"), "created_at") or state.first_seen_at
    assert begin is not None  # an order whose terms are known was seen
    return begin + rules.lifetime_assumed


def _moment(text: str | None, name: str) -> datetime | None:
    return None if text is None else moment(text, name)


def lapses_at(rules: WorkflowRules, state: WorkflowState, quote: Quote) -> datetime | None:
    """Return when a co-signature of a quote would come too late; None when the quote does not say how long it is valid."""
    valid_until = _moment(quote.valid_until, "valid_until")
    return None if valid_until is None else min(valid_until - rules.quote_margin, expires_at(rules, state))


def is_open(quote: Quote) -> bool:
    """Tell whether a decision sees a quote."""
    return _is_stated(quote) and not quote.lapsed and not quote.refused and not rules_of_quotes.is_closed(quote.status)


def _is_stated(quote: Quote) -> bool:
    return quote.fx_rate is not None and _moment(quote.valid_until, "valid_until") is not None


def is_offered(state: WorkflowState, quote: Quote) -> bool:
    """Tell whether a decision may choose a quote."""
    free = state.pinned in (None, quote.quote_id) and not is_passed_over(state, quote)
    return free and is_open(quote) and bool(agrees(state, quote)) and bool(keeps_maximum(state, quote))


def is_passed_over(state: WorkflowState, quote: Quote) -> bool:
    """Tell whether the institution has chosen another quote: should that one fall short, no other takes its place."""
    return rules_of_quotes.is_passed_over(quote.status, [other.status for other in state.quotes])


def listed(state: WorkflowState) -> tuple[Quote, ...]:
    """Return the quotes that a decision sees, in an order that does not depend on how they arrived."""
    shown = [quote for quote in state.quotes if is_open(quote) or (_is_stated(quote) and rules_of_quotes.is_chosen(quote.status))]
    seen = [quote for quote in shown if state.pinned in (None, quote.quote_id)]
    return tuple(sorted(seen, key=lambda quote: (quote.first_seen_at, quote.quote_id)))


def offered(state: WorkflowState) -> tuple[Quote, ...]:
    """Return the quotes that a decision may choose."""
    return tuple(quote for quote in listed(state) if is_offered(state, quote))


def window_closes_at(rules: WorkflowRules, state: WorkflowState) -> datetime | None:
    """Return when collecting ends and the decision is asked for; None while there is no offered quote that no decision has rejected.

    The window begins with the first such quote, and ends early enough for decision and command before the earliest of them lapses, or with
    the last quote that is expected.
    """
    fresh = [quote for quote in offered(state) if not quote.rejected]
    if not fresh:
        return None
    if rules.quotes_expected is not None and len(fresh) >= rules.quotes_expected:
        return sorted(quote.noted_at for quote in fresh)[rules.quotes_expected - 1]
    begin = min(min(quote.first_seen_at, quote.noted_at) for quote in fresh)
    lapses = [at for quote in fresh if (at := lapses_at(rules, state, quote)) is not None]
    return min([begin + rules.quote_window, *(at - rules.decision_time for at in lapses)])
