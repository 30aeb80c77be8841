"""What an answer to a request does: the first one that comes in time counts, every other is seen and does no harm.

* An ACCEPT counts when it answers the open request, saw exactly its context, comes before `decide_by` and, for a co-signature, names a
  quote that was offered and is not too late by itself; for a proposal it names none.
* An ACCEPT by anybody but people, of what the venue has refused on the same facts, is malformed: the same yes would meet the same no.
* REFER hands the request to a person; from then on only an answer that refers to that referral counts.
* Late: counted, and an alarm `decision_late` when it was an ACCEPT. The same decision again: counted. Another verdict or quote for an
  answered request: alarm `decision_contradicted`. What answers no request of ours, or cannot be acted on: alarm `decision_malformed`.
* An answer may arrive before its request: the transaction that published the request was not committed, and will be done again. It is
  kept until then. An answer that saw another context than the request we then made is the answer to that lost twin, and only counted.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pipeline.log.envelope import derive_id, time_text
from pipeline.processors.processor import Raised
from pipeline.processors.workflow import outcomes, quotes
from pipeline.processors.workflow.asking import ACCEPT_PROPOSAL, CO_SIGN_QUOTE, request_id
from pipeline.processors.workflow.facts import AnswerKept, AnswerSeen, AnswerTaken, Commanded, Counted, Fact, Moved, WorkflowRules
from pipeline.processors.workflow.state import EARLY_MAX, Answer, Ask, Command, WorkflowState
from pipeline.processors.workflow.transitions import Phase, Trigger
from schemas.accepting import CommandIssued

ASKING = {Phase.ASKING_ACCEPT: ACCEPT_PROPOSAL, Phase.ASKING_QUOTE: CO_SIGN_QUOTE}
REFERRED = {Phase.REFERRED_ACCEPT: ACCEPT_PROPOSAL, Phase.REFERRED_QUOTE: CO_SIGN_QUOTE}


def answered(rules: WorkflowRules, state: WorkflowState, answer: Answer, now: datetime) -> list[Fact]:
    """Say what follows from a decision that was heard."""
    if any(known.decision_id == answer.decision_id for known in (*state.answers, *state.early)):
        return [Counted("decision_repeated")]
    ask = state.ask
    if ask is not None and answer.request_id == ask.request_id:
        return taken(rules, state, ask, answer, now)
    round_ = _round_of(state, answer)
    if round_ is None:
        return _malformed(state, answer, now, "it answers no request of ours")
    if round_ > state.rounds.get(answer.question, 0):
        return [AnswerKept(answer)]
    return _former(state, answer, now)


def _round_of(state: WorkflowState, answer: Answer) -> int | None:
    made = state.rounds.get(answer.question, 0)
    for round_ in range(made + EARLY_MAX, 0, -1):
        if answer.request_id == request_id(state.venue, state.intent_id, answer.question, round_):
            return round_
    return None


def _former(state: WorkflowState, answer: Answer, now: datetime) -> list[Fact]:
    """A decision about a request that is no longer open."""
    before = [known for known in state.answers if known.request_id == answer.request_id and known.context_sha256 == answer.context_sha256]
    if not before:
        return [AnswerSeen(answer, "decision_superseded")]
    if before[-1].verdict == "REFER" and answer.refers_to == before[-1].decision_id:
        return _late(state, answer, now, "the referral has lapsed, or was asked anew on changed terms")
    if (before[-1].verdict, before[-1].quote_id) == (answer.verdict, answer.quote_id):
        return [AnswerSeen(answer, "decision_repeated")]
    return [AnswerSeen(answer, "decision_contradicted"), _contradicted(state, before[-1], answer, now)]


def taken(rules: WorkflowRules, state: WorkflowState, ask: Ask, answer: Answer, now: datetime) -> list[Fact]:
    """Say what an answer to the last request does."""
    if answer.question != ask.question:
        return _malformed(state, answer, now, f"the request asks {ask.question}")
    if answer.context_sha256 != ask.context_sha256:
        return [AnswerSeen(answer, "decision_of_other_context")]
    first = ASKING.get(state.phase) == ask.question
    person = REFERRED.get(state.phase) == ask.question and answer.refers_to == state.referral
    if not first and not person:
        return _former(state, answer, now) if _was_answered(state, ask) else _too_late(state, ask, answer, now)
    # Before its form: heard again, the request is over, and the same answer has to be the same alarm.
    if now >= ask.decide_by:
        return _too_late(state, ask, answer, now)
    if first and answer.refers_to is not None:
        return _malformed(state, answer, now, "it refers to a referral that there is not")
    return _effect(rules, state, ask, answer, now, person=person)


def left_over(rules: WorkflowRules, state: WorkflowState, now: datetime) -> list[Fact]:
    """Judge an answer that came before its request, when another one that did has been taken: it is seen like any second answer."""
    ask = state.ask
    if ask is None or state.phase in ASKING or state.phase in REFERRED:
        return []
    kept = next((answer for answer in state.early if answer.request_id == ask.request_id), None)
    return [] if kept is None else taken(rules, state, ask, kept, now)


def _was_answered(state: WorkflowState, ask: Ask) -> bool:
    return any(known.request_id == ask.request_id and known.context_sha256 == ask.context_sha256 for known in state.answers)


def _too_late(state: WorkflowState, ask: Ask, answer: Answer, now: datetime) -> list[Fact]:
    """After `decide_by` this is late; before it the intent has gone on without an answer."""
    if now < ask.decide_by:
        return [AnswerSeen(answer, "decision_moot")]
    return _late(state, answer, now, f"the time to decide was over at {time_text(ask.decide_by)}")


def _effect(rules: WorkflowRules, state: WorkflowState, ask: Ask, answer: Answer, now: datetime, *, person: bool) -> list[Fact]:
    at_all = [AnswerTaken(answer)]
    match answer.verdict:
        case "ACCEPT" if ask.repeats and not person:
            return _malformed(state, answer, now, "the venue has refused just this, on the same facts; only people may have it asked again")
        case "ACCEPT":
            return _accept(rules, state, ask, answer, now)
        case "REJECT":
            return [*at_all, Moved(trigger=Trigger.REJECTED, at=now, note=f"rejected by {answer.decided_by}")]
        case _ if person:
            return _malformed(state, answer, now, "an answer to a referral is ACCEPT or REJECT")
        case "REFER":
            return [*at_all, Moved(trigger=Trigger.REFERRED, at=now, note="waits for a person")]
        case "WAIT":
            return [*at_all, Moved(trigger=Trigger.TOLD_TO_WAIT, at=now, note="told to wait", retry_at=now + rules.wait_pause)]


def _accept(rules: WorkflowRules, state: WorkflowState, ask: Ask, answer: Answer, now: datetime) -> list[Fact]:
    if ask.question == ACCEPT_PROPOSAL:
        if answer.quote_id is not None:
            return _malformed(state, answer, now, f"it names the quote {answer.quote_id}, and a proposal has none to choose")
        return _command(rules, state, ask, answer, now, not_after=ask.decide_by)
    if answer.quote_id is None:
        return _malformed(state, answer, now, "it names no quote")
    quote = state.quote(answer.quote_id)
    if answer.quote_id not in ask.offered or quote is None:
        return _malformed(state, answer, now, f"the quote {answer.quote_id} was not offered")
    lapses_at = quotes.lapses_at(rules, state, quote)
    if not quotes.is_offered(state, quote) or lapses_at is None or now >= lapses_at:
        note = f"the decision for quote {quote.quote_id} came too late"
        back = Moved(trigger=Trigger.LAPSED, at=now, note=note)
        return [AnswerTaken(answer), _late_accept(state, answer, now, note), back]
    return _command(rules, state, ask, answer, now, not_after=lapses_at)


def _command(rules: WorkflowRules, state: WorkflowState, ask: Ask, answer: Answer, now: datetime, *, not_after: datetime) -> list[Fact]:
    command = Command(
        command_id=derive_id("command", state.venue, state.intent_id, answer.question, answer.quote_id, answer.decision_id),
        kind=answer.question,
        quote_id=answer.quote_id if answer.question == CO_SIGN_QUOTE else None,
        decision_id=answer.decision_id,
        not_after=not_after,
        issued_at=now,
        basis=ask.basis,
        mode=rules.mode,
    )
    quote = state.quote(command.quote_id)
    issued = CommandIssued(
        command_id=command.command_id,
        venue=state.venue,
        intent_id=state.intent_id,
        kind=command.kind,
        quote_id=command.quote_id,
        decision_id=command.decision_id,
        mode=rules.mode,
        not_after=time_text(not_after),
        source_currency=state.order["source_currency"],
        target_currency=state.order["target_currency"],
        target_amount=state.order["target_amount"],
        source_amount_max=state.order.get("source_amount_max"),
        fx_rate=None if quote is None else quote.fx_rate,
        issued_at=time_text(now),
    )
    # A command that came to its end before we issued it was published by a transaction that was not committed.
    done = next((known for known in state.done if known.command_id == command.command_id), None)
    said = f"{rules.mode}: decided by {answer.decided_by}"
    facts: list[Fact] = [
        AnswerTaken(answer),
        Moved(trigger=Trigger.ACCEPTED, at=now, note=said),
        Commanded(command=command, issued=None if done else issued, cause=answer.cause),
    ]
    return facts if done is None else [*facts, *outcomes.effect(rules, state, done, now)]


def _malformed(state: WorkflowState, answer: Answer, now: datetime, why: str) -> list[Fact]:
    return [AnswerSeen(answer, "decision_malformed"), _raised("decision_malformed", "warning", state, answer, now, reason=why)]


def _contradicted(state: WorkflowState, before: Answer, answer: Answer, now: datetime) -> Raised:
    return _raised("decision_contradicted", "critical", state, answer, now, before=_said(before), after=_said(answer))


def _late(state: WorkflowState, answer: Answer, now: datetime, why: str) -> list[Fact]:
    seen: list[Fact] = [AnswerSeen(answer, "decision_late")]
    return [*seen, _late_accept(state, answer, now, why)] if answer.verdict == "ACCEPT" else seen


def _late_accept(state: WorkflowState, answer: Answer, now: datetime, why: str) -> Raised:
    return _raised("decision_late", "warning", state, answer, now, reason=why)


def _said(answer: Answer) -> str:
    return " ".join(part for part in (answer.verdict, answer.quote_id, f"by {answer.decided_by}") if part)


def _raised(
    kind: str, severity: Literal["warning", "critical"], state: WorkflowState, answer: Answer, now: datetime, **detail: str
) -> Raised:
    told = {"decision_id": answer.decision_id, "request_id": answer.request_id, "question": answer.question, "verdict": answer.verdict}
    return Raised(
        kind=kind,
        severity=severity,
        venue=state.venue,
        subject=state.intent_id,
        raised_at=now,
        cause=answer.cause,
        identity=(answer.decision_id,),
        detail=told | detail,
    )
