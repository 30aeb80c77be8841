"""What follows from an event whose answer is settled: it is published once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from pipeline.errors import FatalError
from pipeline.processors.risk.events import CommandRefused, NothingToDo, OrderEnded, PeopleApproved, QuestionAsked, RiskEvent
from pipeline.processors.risk.state import RiskState
from schemas.accepting import DecisionMade


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """A question is answered."""

    answer: DecisionMade
    cause: str
    correlation_id: str


Nothing = Literal[
    "repeated",
    "approved",
    "approval_without_order",
    "released",
    "nothing_to_release",
    "converted",
    "ended",
    "ended_before",
    "answer_seen",
    "command_seen",
    "order_seen",
]


@dataclass(frozen=True, slots=True)
class Counted:
    """Nothing is said, and that is counted."""

    outcome: Nothing


Fact = Answered | Counted


def decide(state: RiskState, event: RiskEvent, now: datetime) -> tuple[Fact, ...]:  # noqa: ARG001 - the time was taken when it was settled
    """Publish an answer once, count the rest; raise FatalError for a question that was not settled beforehand."""
    match event:
        case QuestionAsked(answer=None):
            raise FatalError("a question came to the risk processor without its answer: the engine has to call settle before")
        case QuestionAsked(answer=DecisionMade() as answer):
            if answer.decision_id in state.answered:
                return (Counted("repeated"),)
            return (Answered(answer=answer, cause=event.cause, correlation_id=event.correlation_id),)
        case PeopleApproved():
            return (Counted("approved" if event.changed else "approval_without_order"),)
        case CommandRefused():
            return (Counted("released" if event.changed else "nothing_to_release"),)
        case OrderEnded():
            return (Counted(("converted" if event.settled else "ended") if event.changed else "ended_before"),)
        case NothingToDo(what=what):
            return (Counted(what),)
    raise AssertionError(event)


def evolve(state: RiskState, fact: Fact) -> RiskState:
    """Return the state after a fact."""
    return state.with_answered(fact.answer.decision_id) if isinstance(fact, Answered) else state
