"""What follows from something heard, or from the time: note it, then do everything that can be done now.

`decide` first notes what an event says, then lets `_onward` act on the state that came of it until nothing is left to do; `wake` only does
the second. So it makes no difference which of several things came last, or whether the time had come while nobody looked: a due time in
the past is acted on at once, and nothing is asked or commanded twice, since the state says what was.

* Only orders where we are the sender's custodian are worked; the others are followed (A-28, A-29).
* A status is followed by rank; a regressed one is counted. What contradicts or is unknown is the settlement processor's alarm.
* A quote that disagrees with its order is an alarm `quote_disagrees`, one over the maximum `cost_guard_broken`, once per quote; neither may
  be chosen.

Design, section 5; Musubi contract 1.5 and A-09 to A-13.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from pipeline.domain import following, lifecycle
from pipeline.domain.moments import is_ahead
from pipeline.domain.money import plain
from pipeline.domain.quotes import is_chosen, required_source
from pipeline.errors import FatalError
from pipeline.log.envelope import moment, time_text
from pipeline.processors.processor import Raised
from pipeline.processors.workflow import answers, outcomes, quotes, transitions, words
from pipeline.processors.workflow.asking import (
    ACCEPT_PROPOSAL,
    CO_SIGN_QUOTE,
    REQUIRED,
    accept_by,
    ask,
    basis,
    came_late,
    canonical,
    missing,
    rates_of,
)
from pipeline.processors.workflow.evolve import evolve
from pipeline.processors.workflow.facts import (
    Answered,
    AnswerSeen,
    Completed,
    ComplianceMissed,
    ComplianceNoted,
    ComplianceShown,
    Counted,
    Fact,
    Heard,
    Met,
    Moved,
    OrderNoted,
    OrderShown,
    QuoteLapsed,
    QuoteNoted,
    QuoteShown,
    RateNoted,
    RateShown,
    WorkflowRules,
)
from pipeline.processors.workflow.state import Quote, WorkflowState
from pipeline.processors.workflow.transitions import Phase, Trigger

STEPS_MAX = 400
"""Steps that one event may lead to: each lapses a quote, takes an answer, asks or moves, so more is a circle of ours."""


def decide(rules: WorkflowRules, state: WorkflowState, event: Heard, now: datetime) -> tuple[Fact, ...]:
    """Note what was heard and do what can be done now."""
    run = _Run(state)
    if not state.venue:
        run.add([Met(event.venue, event.intent_id)])
    run.add(_noted(rules, run.state, event, now))
    facts = run.onward(rules, now) or (Counted("repeated"),)
    # Of an intent that nothing is known of nothing is kept either.
    return facts if any(not isinstance(fact, Met | Counted | AnswerSeen) for fact in facts) else _only_counted(facts)


def _only_counted(facts: tuple[Fact, ...]) -> tuple[Fact, ...]:
    return tuple(fact for fact in facts if not isinstance(fact, Met))


def wake(rules: WorkflowRules, state: WorkflowState, now: datetime) -> tuple[Fact, ...]:
    """Do what can be done now."""
    return _Run(state).onward(rules, now)


def wake_at(rules: WorkflowRules, state: WorkflowState) -> datetime | None:
    """Return when there is something to do though nothing is heard; later than the last decision."""
    times: list[datetime | None] = []
    if outcomes.only_in_shadow(rules, state):
        return state.phase_since
    match state.phase:
        case Phase.GATHERING:
            assert state.phase_since is not None
            times = [state.phase_since + rules.evidence_wait, accept_by(rules, state)]
        case Phase.ASKING_ACCEPT | Phase.REFERRED_ACCEPT | Phase.ASKING_QUOTE | Phase.REFERRED_QUOTE:
            times = [None if state.ask is None else state.ask.decide_by]
        case Phase.PAUSED_ACCEPT:
            times = [state.retry_at, accept_by(rules, state)]
        case Phase.PAUSED_QUOTE:
            times = [state.retry_at, *_lapses(rules, state)]
        case Phase.ACCEPT_IN_DOUBT | Phase.CO_SIGNATURE_IN_DOUBT:
            times = [state.retry_at]
        case Phase.QUOTING:
            times = [quotes.window_closes_at(rules, state)]
    return min((at for at in times if at is not None), default=None)


def _lapses(rules: WorkflowRules, state: WorkflowState) -> Iterable[datetime | None]:
    return (quotes.lapses_at(rules, state, quote) for quote in quotes.offered(state))


class _Run:
    """Facts in their order, and the state that they lead to."""

    def __init__(self, state: WorkflowState) -> None:
        self.state = state
        self.facts: list[Fact] = []

    def add(self, facts: Iterable[Fact]) -> bool:
        found = [fact for fact in facts if not (isinstance(fact, Raised) and fact.mark in self.state.marks)]
        for fact in found:
            self.state = evolve(self.state, fact)
        self.facts += found
        return bool(found)

    def onward(self, rules: WorkflowRules, now: datetime) -> tuple[Fact, ...]:
        for _ in range(STEPS_MAX):
            if not self.add(_onward(rules, self.state, now)):
                return tuple(self.facts)
        raise FatalError(f"{self.state.venue}/{self.state.intent_id} goes in circles in phase {self.state.phase}")


# --- noting what was heard --------------------------------------------------------------------------------------


def _noted(rules: WorkflowRules, state: WorkflowState, event: Heard, now: datetime) -> list[Fact]:
    match event:
        case QuoteShown() | ComplianceShown() if is_ahead(event.observed_at, now):
            return _ahead(event, now)
        case RateShown() if is_ahead(event.quoted_at, now):
            return [Counted("evidence_ahead")]  # a provider's clock; its other orders' rates would say the same
        case OrderShown():
            return _order(state, event)
        case QuoteShown():
            return _quote(state, event, now)
        case ComplianceShown(lacking=True):
            known_already = state.compliance is not None or state.compliance_lacking
            return [Counted("evidence_repeated")] if known_already else [ComplianceMissed(event)]
        case ComplianceShown():
            known = state.compliance_observed_at
            news = known is None or (event.observed_at >= known and event.stated != state.compliance)
            return [ComplianceNoted(event)] if news else [Counted("evidence_repeated")]
        case RateShown():
            held = state.rates.get(event.provider)
            news = held is None or (event.stated != held and _newer(event, held))
            return [RateNoted(event)] if news else [Counted("evidence_repeated")]
        case Answered(answer=answer):
            return answers.answered(rules, state, answer, now)
        case Completed(done=done):
            return outcomes.completed(rules, state, done, now)


def _ahead(event: QuoteShown | ComplianceShown, now: datetime) -> list[Fact]:
    """Take no note of evidence from a time that has not come, and say so: ingest's clock is wrong, or somebody's word is."""
    about = "compliance" if isinstance(event, ComplianceShown) else "quote"
    said = {"about": about, "observed_at": time_text(event.observed_at), "ce_id": event.cause}
    raised = Raised(
        kind="evidence_ahead",
        severity="warning",
        venue=event.venue,
        subject=event.intent_id,
        raised_at=now,
        cause=event.cause,
        identity=(about,),
        detail=said,
    )
    return [Counted("evidence_ahead"), raised]


def _newer(event: RateShown, held: Mapping[str, str]) -> bool:
    before = moment(held["quoted_at"], "quoted_at")
    return before is None or event.quoted_at >= before


def _order(state: WorkflowState, event: OrderShown) -> list[Fact]:
    step = following.step(state.status, event.status)
    if step.regressed:
        return [Counted("regressed")]
    status = event.status if step.follows or state.status is None else state.status
    side = event.side or state.side
    newest = state.order_observed_at
    # The venue's record wins over hints, the newest one over older ones; hints fill in what no record has said.
    wins = event.is_record and (newest is None or event.observed_at >= newest)
    order = {**state.order, **_changed(state, event)} if wins else {**event.stated, **state.order}
    if (status, side, order) == (state.status, state.side, state.order):
        return [Counted("repeated")]
    return [OrderNoted(event=event, status=status, side=side, order=order, order_observed_at=event.observed_at if wins else newest)]


def _changed(state: WorkflowState, event: OrderShown) -> dict[str, str]:
    """Return what is stated with another value: the same value in other notation is no news."""
    old, new = canonical(state.order), canonical(event.stated)
    return {name: value for name, value in event.stated.items() if old.get(name) != new[name]}


def _quote(state: WorkflowState, event: QuoteShown, now: datetime) -> list[Fact]:
    if event.quote_id is None:
        return [Counted("quote_hinted")]
    known = state.quote(event.quote_id)
    if known is None:
        refused = any(_refuses(done.kind, outcomes.trigger_of(done), done.quote_id, event.quote_id) for done in state.done)
        at = event.observed_at
        made = Quote(quote_id=event.quote_id, first_seen_at=at, noted_at=now, observed_at=at, cause=event.cause, refused=refused)
        return [QuoteNoted(event=event, quote=made.with_terms(event.stated))]
    if event.observed_at < known.observed_at:
        return [Counted("quote_late")]
    # A hint says less than the record; but under another rate the amounts that were known are those of another quote.
    same_rate = canonical(event.stated).get("fx_rate") in (None, canonical(known.terms()).get("fx_rate"))
    changed = known.with_terms({**known.terms(), **event.stated} if same_rate else event.stated)
    if changed == known:
        return [Counted("quote_repeated")]
    extended = not same_rate or changed.valid_until != known.valid_until
    chosen = is_chosen(changed.status) and not is_chosen(known.status)
    lapsed, rejected = known.lapsed and not extended, known.rejected and not (extended or chosen)
    changed = replace(changed, observed_at=event.observed_at, cause=event.cause, lapsed=lapsed, rejected=rejected)
    return [QuoteNoted(event=event, quote=changed)]


def _refuses(kind: str, trigger: Trigger, refused: str | None, quote_id: str) -> bool:
    return kind == CO_SIGN_QUOTE and trigger is Trigger.REFUSED and refused == quote_id


# --- doing what can be done now ---------------------------------------------------------------------------------


def _onward(rules: WorkflowRules, state: WorkflowState, now: datetime) -> list[Fact]:
    """Return the next thing to do, or nothing."""
    if found := answers.left_over(rules, state, now):
        return found
    if state.worked and (found := _judged(rules, state, now)):
        return found
    led = _led_by_the_venue(state, now)
    if led or state.phase in (Phase.ENDED, Phase.FOLLOWED):
        return led
    if found := outcomes.adopted(rules, state, now):
        return found
    if outcomes.only_in_shadow(rules, state):
        # After a pause, or workers of which some are live and some in shadow would ask one another without end.
        return [Moved(trigger=Trigger.GONE_LIVE, at=now, note="left out in shadow", retry_at=now + rules.refusal_pause)]
    step = _STEPS.get(state.phase)
    return [] if step is None else step(rules, state, now)


def _led_by_the_venue(state: WorkflowState, now: datetime) -> list[Fact]:
    status, phase = state.status, state.phase
    if status is not None and not lifecycle.is_open(status):
        return _moved(phase, Trigger.OVER, now, words.ended(state, status))
    if state.side is not None and not state.worked:
        return _moved(phase, Trigger.NOT_OURS, now, f"side {state.side}")
    if status is not None and status != lifecycle.PENDING:
        return _moved(phase, Trigger.MOVED_ON, now, status)
    return []


def _moved(phase: Phase, trigger: Trigger, now: datetime, note: str) -> list[Fact]:
    return [Moved(trigger=trigger, at=now, note=note)] if transitions.allows(phase, trigger) else []


def _judged(rules: WorkflowRules, state: WorkflowState, now: datetime) -> list[Fact]:
    """Raise the alarms of quotes, and note which are too late."""
    found: list[Fact] = []
    for quote in state.quotes:
        if quotes.agrees(state, quote) is False:
            found.append(_alarm("quote_disagrees", state, quote, now))
        if quotes.keeps_maximum(state, quote) is False:
            found.append(_alarm("cost_guard_broken", state, quote, now))
        lapses_at = None if state.first_seen_at is None else quotes.lapses_at(rules, state, quote)
        if not quote.lapsed and lapses_at is not None and now >= lapses_at:
            found.append(QuoteLapsed(quote.quote_id))
    return [fact for fact in found if not (isinstance(fact, Raised) and fact.mark in state.marks)]


def _alarm(kind: str, state: WorkflowState, quote: Quote, now: datetime) -> Raised:
    stated = {
        "quote_id": quote.quote_id,
        "fx_rate": quote.fx_rate,
        "quote.source_amount": quote.source_amount,
        "quote.target_amount": quote.target_amount,
        "order.target_amount": state.order.get("target_amount"),
        "order.source_amount_max": state.order.get("source_amount_max"),
        "required_source_amount": _required(state, quote),
    }
    return Raised(
        kind=kind,
        severity="warning",
        venue=state.venue,
        subject=state.intent_id,
        raised_at=now,
        cause=quote.cause,
        identity=(quote.quote_id,),
        detail={name: value for name, value in stated.items() if value is not None},
    )


def _required(state: WorkflowState, quote: Quote) -> str:
    return plain(required_source(Decimal(state.order["target_amount"]), Decimal(quote.fx_rate or 0)))


def _from_new(_rules: WorkflowRules, state: WorkflowState, now: datetime) -> list[Fact]:
    known = state.status == lifecycle.PENDING and state.worked and all(name in state.order for name in REQUIRED)
    return [Moved(trigger=Trigger.PROPOSED, at=now)] if known else []


def _from_gathering(rules: WorkflowRules, state: WorkflowState, now: datetime) -> list[Fact]:
    if now >= accept_by(rules, state):
        return [Moved(trigger=Trigger.LAPSED, at=now, note="too late when first seen")]
    assert state.phase_since is not None
    complete = (state.compliance is not None or state.compliance_lacking) and (bool(rates_of(state)) or not rules.rates_expected)
    return ask(rules, state, ACCEPT_PROPOSAL, now) if complete or now >= state.phase_since + rules.evidence_wait else []


def _from_asking(rules: WorkflowRules, state: WorkflowState, now: datetime) -> list[Fact]:
    asked = state.ask
    assert asked is not None
    kept = next((answer for answer in state.early if answer.request_id == asked.request_id), None)
    if kept is not None:
        return answers.taken(rules, state, asked, kept, now)
    if now >= asked.decide_by:
        lapsed = Moved(trigger=Trigger.LAPSED, at=now, note="the referral was not answered in time")
        if state.phase in answers.REFERRED:
            return [lapsed]
        return [missing(state, now, "no answer in time"), replace(lapsed, note="no answer in time")]
    if asked.question == ACCEPT_PROPOSAL and asked.repeats and state.quotes:
        return [Moved(trigger=Trigger.QUOTES_PRESENT, at=now, note="there are quotes, so it is accepted (A-09)")]
    # What was asked without its evidence may well be referred for that alone; people's time is over sooner than the evidence is late.
    if basis(state, asked.question, list(asked.offered)) == asked.basis and not came_late(state):
        return []
    if asked.question == CO_SIGN_QUOTE and not quotes.offered(state):
        return [Moved(trigger=Trigger.LAPSED, at=now, note="what was offered is gone")]
    return ask(rules, state, asked.question, now)


def _from_paused_accept(rules: WorkflowRules, state: WorkflowState, now: datetime) -> list[Fact]:
    if now >= accept_by(rules, state):
        return [Moved(trigger=Trigger.LAPSED, at=now, note=f"too late after: {state.note}")]
    return ask(rules, state, ACCEPT_PROPOSAL, now) if _pause_is_over(state, now) else []


def _pause_is_over(state: WorkflowState, now: datetime) -> bool:
    """Tell whether it is time to ask again: what was waited for and is here ends the pause, and nothing else does."""
    told = state.answer is not None and state.answer.verdict == "WAIT"
    return (state.retry_at is not None and now >= state.retry_at) or (told and came_late(state))


def _from_declined(rules: WorkflowRules, state: WorkflowState, now: datetime) -> list[Fact]:
    """Open again what was declined without its evidence, once that is here; what a person declined stays so."""
    opens = _rejected_unseen(state) and now < accept_by(rules, state)
    return [Moved(trigger=Trigger.REOPENED, at=now, note="evidence has come")] if opens else []


def _rejected_unseen(state: WorkflowState) -> bool:
    """Tell whether an engine rejected the last request without evidence that has come since."""
    answer = state.answer
    return answer is not None and answer.verdict == "REJECT" and answer.refers_to is None and came_late(state)


def _from_accept_in_doubt(rules: WorkflowRules, state: WorkflowState, now: datetime) -> list[Fact]:
    if state.quotes:
        return [Moved(trigger=Trigger.QUOTES_PRESENT, at=now, note="there are quotes, so it is accepted (A-09)")]
    if state.retry_at is None or now < state.retry_at:
        return []
    if now >= accept_by(rules, state):
        return [Moved(trigger=Trigger.NOT_AGAIN, at=now, note=state.note)]
    return ask(rules, state, ACCEPT_PROPOSAL, now)


def _from_quoting(rules: WorkflowRules, state: WorkflowState, now: datetime) -> list[Fact]:
    closes_at = quotes.window_closes_at(rules, state)
    again = _rejected_unseen(state) and state.ask is not None and state.ask.question == CO_SIGN_QUOTE and bool(quotes.offered(state))
    return ask(rules, state, CO_SIGN_QUOTE, now) if again or (closes_at is not None and now >= closes_at) else []


def _from_paused_quote(rules: WorkflowRules, state: WorkflowState, now: datetime) -> list[Fact]:
    if not quotes.offered(state):
        return [Moved(trigger=Trigger.LAPSED, at=now, note=f"no quote is left after: {state.note}")]
    return ask(rules, state, CO_SIGN_QUOTE, now) if _pause_is_over(state, now) else []


def _from_co_signature_in_doubt(rules: WorkflowRules, state: WorkflowState, now: datetime) -> list[Fact]:
    if state.retry_at is None or now < state.retry_at:
        return []
    if not quotes.offered(state):
        return [Moved(trigger=Trigger.NOT_AGAIN, at=now, note=state.note)]
    return ask(rules, state, CO_SIGN_QUOTE, now)


_STEPS: dict[Phase, Callable[[WorkflowRules, WorkflowState, datetime], list[Fact]]] = {
    Phase.NEW: _from_new,
    Phase.GATHERING: _from_gathering,
    Phase.ASKING_ACCEPT: _from_asking,
    Phase.REFERRED_ACCEPT: _from_asking,
    Phase.PAUSED_ACCEPT: _from_paused_accept,
    Phase.DECLINED: _from_declined,
    Phase.ACCEPT_IN_DOUBT: _from_accept_in_doubt,
    Phase.QUOTING: _from_quoting,
    Phase.ASKING_QUOTE: _from_asking,
    Phase.REFERRED_QUOTE: _from_asking,
    Phase.PAUSED_QUOTE: _from_paused_quote,
    Phase.CO_SIGNATURE_IN_DOUBT: _from_co_signature_in_doubt,
}
