"""How facts change the state of an intent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from pipeline.processors.processor import Raised
from pipeline.processors.workflow import outcomes, transitions
from pipeline.processors.workflow.asking import CO_SIGN_QUOTE
from pipeline.processors.workflow.facts import (
    AnswerKept,
    AnswerSeen,
    AnswerTaken,
    Asked,
    CommandDone,
    Commanded,
    ComplianceMissed,
    ComplianceNoted,
    Fact,
    Met,
    Moved,
    OrderNoted,
    QuoteLapsed,
    QuoteNoted,
    RateNoted,
)
from pipeline.processors.workflow.state import EARLY_MAX, REMEMBERED_MAX, Answer, Done, Quote, WorkflowState
from pipeline.processors.workflow.transitions import Trigger


def evolve(state: WorkflowState, fact: Fact) -> WorkflowState:
    """Return the state after a fact; the same object when the fact changes nothing."""
    match fact:
        case Met(venue, intent_id):
            return replace(state, venue=venue, intent_id=intent_id)
        case OrderNoted():
            return _order(state, fact)
        case QuoteNoted(event=event, quote=quote):
            return replace(state, cause=event.cause).with_quote(quote)
        case QuoteLapsed(quote_id):
            return _changed(state, (quote_id,), lambda quote: replace(quote, lapsed=True))
        case ComplianceNoted(event):
            state = replace(state, compliance=event.stated, compliance_observed_at=event.observed_at, cause=event.cause)
            return replace(state, compliance_lacking=False)
        case ComplianceMissed(event):
            return replace(state, compliance_lacking=True, cause=event.cause)
        case RateNoted(event):
            return replace(state, rates={**state.rates, event.provider: event.stated}, cause=event.cause)
        case Moved():
            return _moved(state, fact)
        case Asked(ask=ask):
            return replace(
                state,
                phase=transitions.after(state.phase, Trigger.ASKED),
                phase_since=ask.asked_at,
                note=None,
                retry_at=None,
                referral=None,
                ask=ask,
                rounds={**state.rounds, ask.question: ask.round},
            )
        case AnswerTaken(answer):
            referral = answer.decision_id if answer.verdict == "REFER" else None
            return replace(
                state,
                answers=(*state.answers, answer)[-REMEMBERED_MAX:],
                early=_without(state.early, answer),
                cause=answer.cause,
                referral=referral,
            )
        case AnswerKept(answer):
            return replace(state, early=(*state.early, answer)[-EARLY_MAX:])
        case AnswerSeen(answer):
            early = _without(state.early, answer)
            return state if early == state.early else replace(state, early=early)
        case Commanded(command=command):
            return replace(state, command=command)
        case CommandDone(done):
            return _done(state, done)
        case Raised():
            return replace(state, marks=(*state.marks, fact.mark)[-REMEMBERED_MAX:])
        case _:
            return state


def _order(state: WorkflowState, fact: OrderNoted) -> WorkflowState:
    at = fact.event.observed_at
    return replace(
        state,
        status=fact.status,
        side=fact.side,
        order=fact.order,
        order_observed_at=fact.order_observed_at,
        first_seen_at=at if state.first_seen_at is None else min(state.first_seen_at, at),
        updated_at=at if state.updated_at is None else max(state.updated_at, at),
        cause=fact.event.cause,
    )


def _moved(state: WorkflowState, fact: Moved) -> WorkflowState:
    if fact.trigger is Trigger.REJECTED and state.ask is not None:
        state = _changed(state, state.ask.offered, lambda quote: replace(quote, rejected=True))
    if fact.trigger is Trigger.GONE_LIVE:
        state = _out_of_shadow(state)
    setbacks = 0 if fact.trigger is Trigger.SUCCEEDED else state.setbacks + fact.setback
    phase = transitions.after(state.phase, fact.trigger)
    return replace(state, phase=phase, phase_since=fact.at, note=fact.note, retry_at=fact.retry_at, setbacks=setbacks)


def _out_of_shadow(state: WorkflowState) -> WorkflowState:
    """Forget what was only done in shadow; a co-signature that was issued in live, as one that is in doubt was, still binds us."""
    binding = [done for done in state.done if done.kind == CO_SIGN_QUOTE and done.quote_id == state.pinned]
    free = all(done.outcome == "shadowed" and done.mode != "live" for done in binding)
    done = tuple(replace(done, void=True) if done.outcome == "shadowed" else done for done in state.done)
    return replace(state, done=done, pinned=None if free else state.pinned)


def _changed(state: WorkflowState, quote_ids: tuple[str, ...], change: Callable[[Quote], Quote]) -> WorkflowState:
    return replace(state, quotes=tuple(change(quote) if quote.quote_id in quote_ids else quote for quote in state.quotes))


def _without(answers: tuple[Answer, ...], gone: Answer) -> tuple[Answer, ...]:
    return tuple(answer for answer in answers if answer.decision_id != gone.decision_id)


def _done(state: WorkflowState, done: Done) -> WorkflowState:
    others = tuple(known for known in state.done if known.command_id != done.command_id)
    is_open = state.command is not None and state.command.command_id != done.command_id
    if state.command is not None and not is_open:
        done = replace(done, basis=state.command.basis, mode=state.command.mode)
    state = replace(state, done=(*others, done)[-REMEMBERED_MAX:], command=state.command if is_open else None)
    if outcomes.belies_snapshot(state, done):
        state = replace(state, compliance=None, compliance_observed_at=None)
    if done.kind != CO_SIGN_QUOTE or done.quote_id is None:
        return state
    match outcomes.trigger_of(done):
        case Trigger.REFUSED:
            pinned = None if state.pinned == done.quote_id else state.pinned
            return _changed(replace(state, pinned=pinned), (done.quote_id,), lambda quote: replace(quote, refused=True))
        case Trigger.SUCCEEDED | Trigger.UNKNOWN:
            return replace(state, pinned=done.quote_id)
        case _:
            return state
