"""The part of a batch that is committed before anything is published: answers and reservations.

An answer is a function of question, counters and time; counters and time are others when a batch is repeated after a crash. Published
first and committed later, as the outputs of other processors are, an ACCEPT could be seen by the workflow, crash, and come out as a
REFER the second time, with its reservation lost and its limit passed by another. So the engine calls `settle` in a transaction of its own:

    lock the limits -> look up remembered answers -> for each question in order: read counters, decide, remember, reserve -> commit

and only then runs the batch as always, which publishes what was remembered. A question that is read again, after a crash or because it was
repeated, gets the same bytes. Everything here can be repeated: releases and conversions say what to end in, not what to add.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from pipeline.log.codec import decode
from pipeline.policy.engine import Decision, Engine
from pipeline.policy.exposures import Answer, Exposures, key_of, order_of, signable
from pipeline.policy.facts import Facts, facts_of
from pipeline.processors.risk.events import CommandRefused, NothingToDo, OrderEnded, PeopleApproved, QuestionAsked, RiskEvent
from schemas.accepting import DecisionMade, DecisionRequested


def settle(engine: Engine, exposures: Exposures, events: Sequence[RiskEvent], now: Callable[[], datetime]) -> list[RiskEvent]:
    """Answer the questions among `events` and keep the exposures, in order; return the events with what came of them.

    `exposures` belongs to an open transaction that the caller commits before it publishes. `now` is read for every question.
    """
    counting = {event.venue for event in events if not isinstance(event, NothingToDo)}
    if counting:
        exposures.lock(counting)
    answers = dict(exposures.answered([key_of(event.request) for event in events if isinstance(event, QuestionAsked)]))
    settled: list[RiskEvent] = []
    for event in events:
        match event:
            case QuestionAsked():
                key = key_of(event.request)
                if key not in answers:
                    answers[key] = _answer(engine, exposures, event.request, now())
                settled.append(replace(event, answer=decode(answers[key].encode(), DecisionMade)))
            case PeopleApproved():
                changed = exposures.approve(
                    event.venue, event.intent_id, event.question, event.refers_to, event.quote_id, event.decision_id, now()
                )
                settled.append(replace(event, changed=changed))
            case CommandRefused():
                settled.append(replace(event, changed=exposures.refused(event.venue, event.intent_id, event.question, event.decision_id)))
            case OrderEnded():
                ended = exposures.end(event.venue, event.intent_id, event.status, event.settled, event.source_amount)
                settled.append(replace(event, changed=ended))
            case _:
                settled.append(event)
    return settled


def _answer(engine: Engine, exposures: Exposures, request: DecisionRequested, now: datetime) -> str:
    asked = facts_of(request, {}, now)
    order = order_of(request)
    facts = asked.counted(exposures.read(request.venue, request.intent_id, engine.queries_of(asked), now, order))
    decision = engine.answer(facts)
    remembered = answer_of(facts, decision)
    exposures.answer(order, remembered, now)
    return remembered.decision


def answer_of(facts: Facts, decision: Decision) -> Answer:
    """Return what is remembered of a decision."""
    quotes = signable(facts)
    return Answer(
        key=key_of(facts.request),
        decision_id=decision.decision_id,
        question=facts.question,
        verdict=decision.verdict,
        decision=decision.value.decode(),
        quotes=quotes,
        signed=quotes.get(decision.quote_id or "") if decision.verdict == "ACCEPT" else None,
    )
