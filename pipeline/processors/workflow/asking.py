"""Requests for decisions: everything that a decision is a function of, put together from what was recorded.

The request's id follows from (venue, intent, question, round), so that no crash asks one round twice; its record's id follows from
the request's and the context's digest, since a round that is asked again after a crash may see another context. Design, section 3.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal

from pipeline.domain.money import plain
from pipeline.domain.orders import digest
from pipeline.domain.quotes import is_chosen
from pipeline.log.codec import encode
from pipeline.log.envelope import derive_id, time_text
from pipeline.processors.processor import Raised
from pipeline.processors.workflow import quotes
from pipeline.processors.workflow.facts import Asked, Fact, Moved, WorkflowRules
from pipeline.processors.workflow.state import Ask, Evidence, Quote, WorkflowState
from pipeline.processors.workflow.transitions import Trigger
from schemas.accepting import ComplianceFacts, DecisionContext, DecisionRequested, Question, QuoteFacts, RateFacts, RefusalFacts

ACCEPT_PROPOSAL: Question = "accept_proposal"
CO_SIGN_QUOTE: Question = "co_sign_quote"

ORDER_FIELDS = (
    "sender_party_id",
    "receiver_party_id",
    "sender_custodian_party_id",
    "receiver_custodian_party_id",
    "source_currency",
    "target_currency",
    "target_amount",
    "source_amount_max",
    "created_at",
    "expires_at",
    "jurisdiction_sender",
    "jurisdiction_receiver",
)
REQUIRED = ("source_currency", "target_currency", "target_amount")
"""Without these a decision is never asked for."""

_REMARKS = frozenset({"market_maker_party_id", "status"})
_AMOUNTS = frozenset({"target_amount", "source_amount_max", "fx_rate", "source_amount"})


def request_id(venue: str, intent_id: str, question: str, round_: int) -> str:
    """Derive the id of a request."""
    return derive_id("decision_request", venue, intent_id, question, str(round_))


def accept_by(rules: WorkflowRules, state: WorkflowState) -> datetime:
    """Return until when the proposal can be accepted."""
    return quotes.expires_at(rules, state) - rules.accept_margin


def ask(rules: WorkflowRules, state: WorkflowState, question: Question, now: datetime) -> list[Fact]:
    """Ask for a decision on what is known now, or give up when it was asked too often."""
    number = state.rounds.get(question, 0) + 1
    if number > rules.rounds_max:
        return [
            missing(state, now, f"asked {rules.rounds_max} times"),
            Moved(trigger=Trigger.OUT_OF_ROUNDS, at=now, note="asked too often"),
        ]
    offered = quotes.offered(state) if question == CO_SIGN_QUOTE else ()
    basis_now = basis(state, question, [quote.quote_id for quote in offered])
    refused = refusals_of(state, question, basis_now, offered)
    context = context_of(state, quotes.listed(state) if question == CO_SIGN_QUOTE else (), refused)
    lapses = [at for quote in offered if (at := quotes.lapses_at(rules, state, quote)) is not None]
    waited = state.ask if state.answer is not None and state.answer.verdict == "WAIT" else None
    asked = Ask(
        request_id=request_id(state.venue, state.intent_id, question, number),
        question=question,
        round=number,
        context_sha256=hashlib.sha256(encode(context)).hexdigest(),
        basis=basis_now,
        offered=tuple(quote.quote_id for quote in offered),
        lacked=lacking(state),
        repeats=any(refusal.unchanged for refusal in refused),
        asked_at=now,
        snapshot=None if state.compliance is None else digest(state.compliance),
        first_asked_at=now if waited is None or waited.question != question else waited.first_asked_at or waited.asked_at,
        # Each quote's own end is enforced when it is commanded; after the last one's no answer can have an effect.
        decide_by=max(lapses) if lapses else accept_by(rules, state),
    )
    request = DecisionRequested(
        request_id=asked.request_id,
        venue=state.venue,
        intent_id=state.intent_id,
        question=question,
        round=number,
        context=context,
        context_sha256=asked.context_sha256,
        requested_at=time_text(now),
        decide_by=time_text(asked.decide_by),
        evidence_until=_evidence_until(rules, state, asked),
    )
    return [Asked(ask=asked, request=request, cause=state.cause)]


def _evidence_until(rules: WorkflowRules, state: WorkflowState, asked: Ask) -> str | None:
    """Return until when what is missing may still come; None when nothing will."""
    if state.compliance_lacking or ("compliance" not in asked.lacked and not rules.rates_expected):
        return None
    first = asked.first_asked_at or asked.asked_at
    return time_text(first + min(rules.evidence_patience, max(asked.decide_by - first, timedelta(0)) / rules.evidence_share))


def came_late(state: WorkflowState) -> bool:
    """Tell whether evidence is here that the last request lacked."""
    return state.ask is not None and not set(state.ask.lacked) <= set(lacking(state))


def lacking(state: WorkflowState) -> tuple[Evidence, ...]:
    """Return the evidence that a decision would not see now."""
    there: dict[Evidence, bool] = {"compliance": state.compliance is not None, "rates": bool(rates_of(state))}
    return tuple(name for name, is_there in there.items() if not is_there)


def refusals_of(state: WorkflowState, question: Question, basis_now: str, offered: tuple[Quote, ...]) -> tuple[RefusalFacts, ...]:
    """Return what the venue has refused of a question, each with whether that would be asked of it again on the same facts."""
    may_be_named = {None, *(quote.quote_id for quote in offered)}
    return tuple(
        RefusalFacts(
            command_id=done.command_id,
            quote_id=done.quote_id,
            http_status=done.http_status,
            reason=done.reason,
            refused_at=time_text(done.completed_at),
            # Of a command that we do not know nobody can say what it was about.
            unchanged=done.quote_id in may_be_named and done.basis in (None, basis_now),
        )
        for done in state.done
        if done.kind == question and done.is_refusal and done.http_status is not None
    )


def missing(state: WorkflowState, now: datetime, why: str) -> Raised:
    """Return the alarm that nobody decided what could have been decided."""
    number = 0 if state.ask is None else state.ask.round
    question = "" if state.ask is None else state.ask.question
    return Raised(
        kind="decision_missing",
        severity="warning",
        venue=state.venue,
        subject=state.intent_id,
        raised_at=now,
        cause=state.cause,
        identity=(question, str(number), why),
        detail={"question": question, "round": str(number), "reason": why},
    )


def context_of(state: WorkflowState, listed: tuple[Quote, ...], refused: tuple[RefusalFacts, ...] = ()) -> DecisionContext:
    """Return what a decision sees: order, quotes, reference rates, compliance snapshot, as recorded, and what the venue has refused."""
    assert state.side is not None
    return DecisionContext(
        venue=state.venue,
        intent_id=state.intent_id,
        side=state.side,
        quotes=tuple(_quote_facts(state, quote) for quote in listed),
        rates=rates_of(state),
        compliance=None if state.compliance is None else ComplianceFacts.model_validate(state.compliance),
        refusals=refused or None,
        **{name: state.order[name] for name in ORDER_FIELDS if name in state.order},
    )


def rates_of(state: WorkflowState) -> tuple[RateFacts, ...]:
    """Return the newest reference rate of each provider for the order's pair."""
    pair = (state.order.get("source_currency"), state.order.get("target_currency"))
    held = (state.rates[provider] for provider in sorted(state.rates))
    return tuple(RateFacts.model_validate(rate) for rate in held if (rate["source_currency"], rate["target_currency"]) == pair)


def _quote_facts(state: WorkflowState, quote: Quote) -> QuoteFacts:
    return QuoteFacts.model_validate(
        {
            **quote.terms(),
            "quote_id": quote.quote_id,
            "first_seen_at": time_text(quote.first_seen_at),
            "agrees": quotes.agrees(state, quote),
            "selected": True if is_chosen(quote.status) else None,
        }
    )


def basis(state: WorkflowState, question: Question, offered: list[str]) -> str:
    """Return a digest of what an ACCEPT would bind us to: when it changes, the question is asked anew."""
    stated = {f"order.{name}": value for name, value in canonical(state.order).items()}
    for quote_id in offered if question == CO_SIGN_QUOTE else ():
        quote = state.quote(quote_id)
        # Too late is still the same quote; refused or closed is not.
        there = quote is not None and (quote.lapsed or quotes.is_offered(state, quote))
        stated[f"quote.{quote_id}"] = "there" if there else "gone"
        if quote is not None:
            stated |= {f"quote.{quote_id}.{name}": value for name, value in canonical(quote.terms()).items() if name not in _REMARKS}
    return digest(stated)


def canonical(stated: Mapping[str, str]) -> dict[str, str]:
    """Spell amounts so that equal values give equal text."""
    return {name: plain(Decimal(value)) if name in _AMOUNTS else value for name, value in stated.items()}
