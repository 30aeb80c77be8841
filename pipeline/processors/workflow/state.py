"""What the workflow remembers of one intent, and how that is written as JSON.

One state per (venue, intent). The first six fields have the names that the command line's list of orders shows; the others are for
`custodian orders show`: the phase, why it is in it (`note`), what was asked, answered, commanded and done.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal

from pydantic import TypeAdapter

from pipeline.domain.orders import Side
from pipeline.processors.workflow.transitions import Phase
from schemas.accepting import Question, Verdict

QUOTES_MAX = 64
"""Quotes of one intent that are remembered; of more, the first ones that can no longer be co-signed are forgotten."""
REMEMBERED_MAX = 128
"""Answers, outcomes and alarms of one intent that are remembered."""
EARLY_MAX = 8

Evidence = Literal["compliance", "rates"]

QUOTE_TERMS = ("fx_rate", "source_amount", "target_amount", "valid_until", "market_maker_party_id", "status")


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """A quote as the venue last showed it, in the venue's own spelling, and what became of it here."""

    quote_id: str
    fx_rate: str | None = None
    source_amount: str | None = None
    target_amount: str | None = None
    valid_until: str | None = None
    market_maker_party_id: str | None = None
    status: str | None = None
    first_seen_at: datetime
    """When the venue's first document about it was here."""
    noted_at: datetime
    """When the workflow first took note of it."""
    observed_at: datetime
    """When the document that these terms are from was here."""
    cause: str
    """ce_id of the record that these terms are from."""
    lapsed: bool = False
    """Too late to be co-signed."""
    refused: bool = False
    """The venue definitely refused a co-signature: it is never named again."""
    rejected: bool = False
    """A decision that saw it said no; by itself it is no reason to ask again."""

    def terms(self) -> dict[str, str]:
        """Return what the venue states of it, by name."""
        return {name: value for name in QUOTE_TERMS if (value := getattr(self, name)) is not None}

    def with_terms(self, stated: Mapping[str, str]) -> Quote:
        """Return the quote with exactly these terms."""
        return replace(
            self,
            fx_rate=stated.get("fx_rate"),
            source_amount=stated.get("source_amount"),
            target_amount=stated.get("target_amount"),
            valid_until=stated.get("valid_until"),
            market_maker_party_id=stated.get("market_maker_party_id"),
            status=stated.get("status"),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """The last request for a decision."""

    request_id: str
    question: Question
    round: int
    context_sha256: str
    basis: str
    """Digest of what an ACCEPT would bind us to: the order's terms, and those of the quotes that may be chosen."""
    offered: tuple[str, ...] = ()
    """Quotes that may be chosen; the context lists others as well."""
    lacked: tuple[Evidence, ...] = ()
    """Evidence that had not come when it was asked: once it is here, the question is asked anew."""
    asked_at: datetime
    snapshot: str | None = None
    """Digest of the compliance snapshot that it was asked with."""
    repeats: bool = False
    """The venue has refused just this, on the same facts: only people may say yes."""
    first_asked_at: datetime | None = None
    """When it was asked for the first time, where the answers since have been WAIT; None in states of an older release."""
    decide_by: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A decision as it was answered."""

    decision_id: str
    request_id: str
    question: Question
    verdict: Verdict
    quote_id: str | None = None
    context_sha256: str
    refers_to: str | None = None
    decided_by: str = ""
    cause: str
    """ce_id of the record."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A command that is out."""

    command_id: str
    kind: Question
    quote_id: str | None
    decision_id: str
    not_after: datetime
    issued_at: datetime
    basis: str | None = None
    """That of the request which was answered; None in states of an older release, as below."""
    mode: Literal["live", "shadow"] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What became of a command."""

    command_id: str
    kind: Question
    quote_id: str | None = None
    outcome: Literal["succeeded", "refused", "expired", "unknown", "shadowed"]
    http_status: int | None = None
    reason: str | None = None
    attempts: int = 0
    completed_at: datetime
    cause: str
    applied: bool = False
    """Its effect is in the phase; not yet so when we do not know the command (any more)."""
    basis: str | None = None
    """That of the command, as below; None where we do not know the command."""
    mode: Literal["live", "shadow"] | None = None
    void: bool = False
    """It was left out in shadow, and asked anew in live."""

    @property
    def is_refusal(self) -> bool:
        """Tell whether the venue itself said no: that command had no effect, and the same again would be refused again."""
        return self.outcome == "refused" and self.http_status is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowState:
    """One intent as far as accepting is concerned."""

    venue: str = ""
    intent_id: str = ""
    status: str | None = None
    side: Side | None = None
    first_seen_at: datetime | None = None
    updated_at: datetime | None = None
    phase: Phase = Phase.NEW
    phase_since: datetime | None = None
    note: str | None = None
    """Why it is in this phase, for people."""
    order: Mapping[str, str] = field(default_factory=dict)
    """Fields of the decision's context that are the order's, as the venue spells them."""
    order_observed_at: datetime | None = None
    """When the record that these terms are from was here; None while only hints were."""
    cause: str | None = None
    """ce_id of the record that moved it last."""
    compliance: Mapping[str, str] | None = None
    compliance_observed_at: datetime | None = None
    compliance_lacking: bool = False
    """The venue has no snapshot for us, or none that can be read: nobody waits for one, though one may still come."""
    rates: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """The newest reference rate of each provider."""
    quotes: tuple[Quote, ...] = ()
    rounds: Mapping[str, int] = field(default_factory=dict)
    """How often each question was asked."""
    ask: Ask | None = None
    referral: str | None = None
    """The decision that a person's answer has to refer to."""
    retry_at: datetime | None = None
    setbacks: int = 0
    """Refusals in a row that lengthen the pause."""
    pinned: str | None = None
    """The quote whose co-signature is in doubt: until the venue has refused it, no other may be named."""
    command: Command | None = None
    answers: tuple[Answer, ...] = ()
    early: tuple[Answer, ...] = ()
    """Answers to requests that we made in a transaction that was not committed, and shall make again."""
    done: tuple[Done, ...] = ()
    marks: tuple[str, ...] = ()
    """Alarms already raised, by what makes them one."""

    @property
    def worked(self) -> bool:
        """Tell whether we are the sender's custodian."""
        return self.side in ("sender", "both")

    def quote(self, quote_id: str | None) -> Quote | None:
        """Return a quote by its id."""
        return next((quote for quote in self.quotes if quote.quote_id == quote_id), None)

    @property
    def answer(self) -> Answer | None:
        """Return the answer that was taken to the last request, None while there is none."""
        ask = self.ask
        last = self.answers[-1] if self.answers else None
        return last if ask is not None and last is not None and last.request_id == ask.request_id else None

    def with_quote(self, changed: Quote) -> WorkflowState:
        """Return the state with a quote added or in the place of the one with its id."""
        if self.quote(changed.quote_id) is not None:
            return replace(self, quotes=tuple(changed if quote.quote_id == changed.quote_id else quote for quote in self.quotes))
        quotes = (*self.quotes, changed)
        if len(quotes) > QUOTES_MAX:
            forgotten = next((quote for quote in quotes if quote.lapsed and quote.quote_id != self.pinned), quotes[0])
            quotes = tuple(quote for quote in quotes if quote is not forgotten)
        return replace(self, quotes=quotes)


_JSON = TypeAdapter(WorkflowState)


def to_json(state: WorkflowState) -> str:
    """Write a state; what has its first value is absent."""
    return _JSON.dump_json(state, exclude_defaults=True).decode()


def from_json(text: str) -> WorkflowState:
    """Read what `to_json` wrote, now or in an older release."""
    return _JSON.validate_json(text)
