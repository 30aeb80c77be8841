"""Why an intent stands where it stands, in words for people: they stay in the state, and `custodian orders show` says them.

An order's end does not wipe out why we did what we did before: "the venue shows EXPIRED; before that: rejected by risk".
"""

from __future__ import annotations

from collections import Counter

from pipeline.domain import lifecycle
from pipeline.domain.accepting import in_words
from pipeline.processors.workflow import quotes
from pipeline.processors.workflow.asking import CO_SIGN_QUOTE
from pipeline.processors.workflow.state import Done, Quote, WorkflowState
from pipeline.processors.workflow.transitions import Phase

NOTE_MAX = 512


def ended(state: WorkflowState, status: str) -> str:
    """Say that the venue shows an end, and how far we had come."""
    if status == lifecycle.SETTLED:
        return "settled"
    if status == lifecycle.WITHDRAWN:
        said = "the venue does not show the order any more (404), so it was withdrawn"
    elif status in lifecycle.KNOWN:
        said = f"the venue shows {status}"
    else:
        said = f"the venue shows {status}, a status that we do not know, which counts as an end"
    return f"{said}; before that: {_before(state)}"[:NOTE_MAX]


def _before(state: WorkflowState) -> str:
    match state.phase:
        case Phase.NEW | Phase.GATHERING:
            return "nothing was decided yet"
        case Phase.ASKING_ACCEPT | Phase.ASKING_QUOTE:
            return f"a decision was waited for{_after(state)}"
        case Phase.REFERRED_ACCEPT | Phase.REFERRED_QUOTE:
            return f"a person's decision was waited for{_after(state)}"
        case Phase.ACCEPTING:
            return f"accepting the proposal was under way, {state.note}"
        case Phase.CO_SIGNING:
            return f"co-signing a quote was under way, {state.note}"
        case Phase.QUOTING:
            return _not_co_signed(state)
        case Phase.UNDERWAY:
            return "a quote was co-signed"
    return state.note or str(state.phase)


def _after(state: WorkflowState) -> str:
    """Say what had come of the last command, which is why the question is asked again."""
    return f", after {completed(state.done[-1])}" if state.done else ""


def _not_co_signed(state: WorkflowState) -> str:
    """Say why none of the quotes was co-signed."""
    if not state.quotes:
        return "the proposal was accepted, and no quote came"
    why = Counter(_why_not(state, quote) for quote in state.quotes)
    counted = ", ".join(f"{number} {reason}" for reason, number in sorted(why.items()))
    return f"the proposal was accepted, and no quote was co-signed: {counted}"


def _why_not(state: WorkflowState, quote: Quote) -> str:
    if quotes.keeps_maximum(state, quote) is False:
        return "over the sender's maximum"
    if quotes.agrees(state, quote) is False:
        return "with other amounts than the order's"
    if quotes.is_passed_over(state, quote):
        return "not the one that the institution chose"
    if quote.refused:
        return "refused by the venue"
    if quote.rejected:
        return "rejected by a decision"
    return "too late" if quote.lapsed else "not decided on"


def completed(done: Done) -> str:
    """Say how a command ended."""
    what = f"co-signing the quote {done.quote_id}" if done.kind == CO_SIGN_QUOTE else "accepting the proposal"
    why = " ".join(str(part) for part in (done.http_status, None if done.reason is None else in_words(done.reason)) if part)
    return f"{what} {_ended_how(done)}{f': {why}' if why else ''}"[:NOTE_MAX]


def _ended_how(done: Done) -> str:
    match done.outcome:
        case "succeeded":
            return "succeeded"
        case "shadowed":
            return "was left out in shadow"
        case "refused" if done.http_status is not None:
            return "was refused by the venue"
        case _ if not done.attempts:
            return "was not sent"
        case "refused":
            return "had no effect"
        case "expired":
            return "was sent in vain"
    return "was sent, and what became of it is not known"
