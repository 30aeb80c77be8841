"""What the workflow hears, what it decides, and the rules that it is set up with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from pipeline.domain.orders import Side
from pipeline.processors.processor import Raised
from pipeline.processors.workflow.state import Answer, Ask, Command, Done, Quote
from pipeline.processors.workflow.transitions import Trigger
from schemas.accepting import CommandIssued, DecisionRequested


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowRules:
    """How the workflow is set up; the times are the settings' and carry their reasons here."""

    mode: Literal["live", "shadow"] = "live"
    quote_window: timedelta = timedelta(seconds=5)
    """How long quotes are collected after the first."""
    quotes_expected: int | None = None
    """With so many quotes that may be chosen nobody else is waited for; None: the window decides."""
    quote_margin: timedelta = timedelta(seconds=2)
    """A co-signature is sent no later than this before the quote's end."""
    accept_margin: timedelta = timedelta(seconds=2)
    """A proposal is accepted no later than this before the order's end."""
    decision_time: timedelta = timedelta(milliseconds=500)
    """What the window leaves to decision and command before the earliest quote is too late: several times our p99."""
    evidence_wait: timedelta = timedelta(seconds=1)
    """How long a new proposal waits for compliance snapshot and reference rate; both are read within a few 100 ms, or not at all."""
    evidence_patience: timedelta = timedelta(seconds=3)
    evidence_share: int = 8
    """So long after it was first asked, or for this share of its time, a question is answered with WAIT for what is missing, and then by
    people: a snapshot that comes late has been seen to come within seconds, a provider's next rate does (`poll_interval`)."""
    rates_expected: bool = True
    """False where no reference rates are configured: then only the snapshot is waited for."""
    wait_pause: timedelta = timedelta(seconds=1)
    """After WAIT the same question is asked again; quotes live for some 30 s, so this is short."""
    refusal_pause: timedelta = timedelta(seconds=2)
    refusal_pause_max: timedelta = timedelta(seconds=60)
    """After a refusal the pause doubles up to this, so that an order's five minutes see a handful of attempts."""
    doubt_pause: timedelta = timedelta(seconds=12)
    doubt_share: int = 8
    """Only quotes show that a proposal is accepted, and they come about 8 s later (contract 1.7): so long, or for this share of the time
    that is left, a refused accept waits for them before it is decided anew (A-09)."""
    rounds_max: int = 60
    """How often one question of one intent is asked at most."""
    lifetime_assumed: timedelta = timedelta(minutes=5)
    """Of an order that does not say when it ends (contract 1.7)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderShown:
    """A venue showed an order."""

    venue: str
    intent_id: str
    status: str
    side: Side | None
    stated: Mapping[str, str]
    """The context's fields of the order, as the venue spells them."""
    is_record: bool
    observed_at: datetime
    cause: str


@dataclass(frozen=True, slots=True, kw_only=True)
class QuoteShown:
    """A venue showed a quote, or hinted that there is one (no `quote_id`)."""

    venue: str
    intent_id: str
    quote_id: str | None
    stated: Mapping[str, str]
    observed_at: datetime
    cause: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ComplianceShown:
    """The compliance snapshot was read, or looked for in vain."""

    venue: str
    intent_id: str
    stated: Mapping[str, str]
    observed_at: datetime
    cause: str
    lacking: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RateShown:
    """A reference rate was read for this intent."""

    venue: str
    intent_id: str
    provider: str
    stated: Mapping[str, str]
    quoted_at: datetime
    cause: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """A decision was made, by whomever."""

    venue: str
    intent_id: str
    answer: Answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Completed:
    """A command came to its end."""

    venue: str
    intent_id: str
    done: Done


Heard = OrderShown | QuoteShown | ComplianceShown | RateShown | Answered | Completed


@dataclass(frozen=True, slots=True)
class Met:
    """The intent is new to us."""

    venue: str
    intent_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderNoted:
    """The order's status, side or terms as they are now."""

    event: OrderShown
    status: str
    side: Side | None
    order: Mapping[str, str]
    order_observed_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class QuoteNoted:
    """A quote as it is now."""

    event: QuoteShown
    quote: Quote


@dataclass(frozen=True, slots=True)
class QuoteLapsed:
    """A quote is too late to be co-signed."""

    quote_id: str


@dataclass(frozen=True, slots=True)
class ComplianceNoted:
    """The snapshot that decisions see from now on."""

    event: ComplianceShown


@dataclass(frozen=True, slots=True)
class ComplianceMissed:
    """There is no snapshot for us now."""

    event: ComplianceShown


@dataclass(frozen=True, slots=True)
class RateNoted:
    """The reference rate that decisions see from now on."""

    event: RateShown


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """The work on the intent goes from phase to phase."""

    trigger: Trigger
    at: datetime
    note: str | None = None
    retry_at: datetime | None = None
    setback: bool = False
    """It lengthens the next pause."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A decision is asked for."""

    ask: Ask
    request: DecisionRequested
    cause: str | None


@dataclass(frozen=True, slots=True)
class AnswerTaken:
    """A decision that counts: it answers the request that is open."""

    answer: Answer


@dataclass(frozen=True, slots=True)
class AnswerKept:
    """A decision about a request that we shall make (again)."""

    answer: Answer


Nothing = Literal[
    "repeated",
    "regressed",
    "evidence_repeated",
    "evidence_ahead",
    "quote_hinted",
    "quote_late",
    "quote_repeated",
    "command_repeated",
    "decision_repeated",
    "decision_superseded",
    "decision_contradicted",
    "decision_of_other_context",
    "decision_moot",
    "decision_malformed",
    "decision_late",
]


@dataclass(frozen=True, slots=True)
class AnswerSeen:
    """A decision without effect; `outcome` says why for the metrics."""

    answer: Answer
    outcome: Nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class Commanded:
    """The venue shall be told; `issued` is None when it was told already by a command of the same id."""

    command: Command
    issued: CommandIssued | None
    cause: str


@dataclass(frozen=True, slots=True)
class CommandDone:
    """What became of a command is known; its effect on the phase is in the fact `Moved` beside it, if it has one."""

    done: Done


@dataclass(frozen=True, slots=True)
class Counted:
    """Nothing happens, and that is counted."""

    outcome: Nothing


Fact = (
    Met
    | OrderNoted
    | QuoteNoted
    | QuoteLapsed
    | ComplianceNoted
    | ComplianceMissed
    | RateNoted
    | Moved
    | Asked
    | AnswerTaken
    | AnswerKept
    | AnswerSeen
    | Commanded
    | CommandDone
    | Counted
    | Raised
)
