"""What the risk processor reads, as far as it needs it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal

from schemas.accepting import DecisionMade, DecisionRequested, Question


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionAsked:
    """A decision is asked for; `answer` is put in before the processor decides, see `settle`."""

    request: DecisionRequested
    cause: str
    """ce_id of the record."""
    correlation_id: str
    answer: DecisionMade | None = None

    @property
    def venue(self) -> str:
        """Return the venue."""
        return self.request.venue

    @property
    def intent_id(self) -> str:
        """Return the order."""
        return self.request.intent_id


@dataclass(frozen=True, slots=True, kw_only=True)
class PeopleApproved:
    """People approved a referral: what they approved counts from now on."""

    venue: str
    intent_id: str
    question: Question
    quote_id: str | None
    decision_id: str
    refers_to: str
    changed: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandRefused:
    """The venue definitely refused a command, or it was never sent."""

    venue: str
    intent_id: str
    question: Question
    decision_id: str
    changed: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderEnded:
    """The venue shows an order as ended."""

    venue: str
    intent_id: str
    status: str
    settled: bool
    source_amount: Decimal | None
    seen_at: datetime
    changed: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NothingToDo:
    """A record that changes nothing here: own answers, open orders, commands that succeeded or whose outcome is unknown."""

    venue: str
    intent_id: str
    what: Literal["answer_seen", "command_seen", "order_seen"]


RiskEvent = QuestionAsked | PeopleApproved | CommandRefused | OrderEnded | NothingToDo
