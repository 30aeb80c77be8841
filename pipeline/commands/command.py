"""A command as the journal holds it, and how it can end.

    journalled --attempt--> sent --answer or reading--> succeeded | refused | expired | unknown
        \\----------------------- shadowed, refused, expired without a call ------------/

An open command is one that no definite answer has closed; the database allows one per venue, intent and kind. `unknown` has been given up
and reported, but stays open: only a command for the very same thing may go on from it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal

from pipeline.counted import CommandOutcome
from pipeline.domain.accepting import Answered, Kind
from schemas.accepting import DecisionMade, DecisionRequested

State = Literal["journalled", "sent", "succeeded", "refused", "unknown", "expired", "shadowed"]
OutcomeName = CommandOutcome
AttemptOutcome = Literal["done", "refused", "open", "not_done"]

CALLS_MAX = 3
"""How often one thing is asked of the venue at most while the outcome stays open (contract A-24)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What a command is about and what was decided on: the contents of a `command-issued`."""

    command_id: str
    venue: str
    intent_id: str
    kind: Kind
    quote_id: str | None
    decision_id: str
    shadow: bool
    not_after: datetime
    source_currency: str
    target_currency: str
    target_amount: Decimal
    source_amount_max: Decimal | None
    fx_rate: Decimal | None
    issued_at: datetime
    causation_id: str | None

    @property
    def pair(self) -> str:
        """Return the pair as halts name it."""
        return f"{self.source_currency}/{self.target_currency}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """What is kept of the decision that a command names, and is believed: the answer, and the question that it names by its digest."""

    decision: DecisionMade
    request: DecisionRequested


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A command that this executor has to itself until its lease ends; `epoch` tells its claim from a later one."""

    order: Order
    epoch: int
    attempts: int
    """Calls that were begun."""
    calls_open: int
    """Calls that may have had an effect, those of the command that this one goes on from included."""
    last_call_at: datetime | None
    looks: int
    """Readings since the last call that showed nothing definite."""
    quote_valid_until: datetime | None
    """As read before the first call."""
    first_sent_at: datetime | None
    refusal: Answered | None = None
    """What the venue refused the last call with, where whoever heard it died before the command had ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How a command ends."""

    outcome: OutcomeName
    reason: str
    http_status: int | None = None
    error_code: str | None = None
    response: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptResult:
    """What became of one call."""

    number: int
    outcome: AttemptOutcome
    reason: str | None = None
    http_status: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Completed:
    """A command that has ended, as its event states it."""

    order: Order
    ending: Ending
    calls: int
    """Calls that may have had an effect: what never left and what the venue put off is not counted."""
    sent_at: datetime | None
    completed_at: datetime
