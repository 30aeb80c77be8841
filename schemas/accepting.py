"""The event classes of accepting: what is asked, decided, commanded and done, version 1.

Same promises as `schemas/events.py`: decimals as strings, times RFC 3339 in UTC, what is absent is absent, only optional additions
within version 1.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from schemas.events import DecimalText, Digest, Event, Name, Observation, SideName, TimeText

Question = Literal["accept_proposal", "co_sign_quote"]
Verdict = Literal["ACCEPT", "REJECT", "REFER", "WAIT"]


class ComplianceFacts(Event):
    """What a compliance snapshot says, as far as rules ask; absent where the snapshot does not say."""

    kyc_status: Name | None = None
    kyc_provider: Name | None = None
    kyc_expires_at: TimeText | None = None
    sanctions_status: Name | None = None
    sanctions_provider: Name | None = None
    sanctions_list_version: Name | None = None
    sanctions_freshness_window: Name | None = None
    sanctions_screened_at: TimeText | None = None
    risk_rating: Name | None = None
    pep_status: Name | None = None
    pep_checked_at: TimeText | None = None
    purpose_code: Name | None = None
    jurisdiction_sender: Name | None = None
    jurisdiction_receiver: Name | None = None
    originating_vasp_code: Name | None = None
    beneficiary_vasp_code: Name | None = None


class ComplianceRead(ComplianceFacts):
    """The compliance snapshot of an order was read."""

    venue: Name
    intent_id: Name
    observed: Observation
    document: str
    document_sha256: Digest
    lacking: Literal["absent", "unreadable"] | None = Field(
        default=None, description="there is no snapshot for us, or none that can be read: none of the facts is stated"
    )


class RateRead(Event):
    """A reference rate was read for a pair; recorded under the intent that it is needed for."""

    venue: Name
    intent_id: Name
    source_currency: Name
    target_currency: Name
    rate: DecimalText = Field(description="source units per target unit")
    sources: int = Field(ge=0, description="how many sources the rate was made from")
    provider: Name
    quoted_at: TimeText = Field(description="when the provider says the rate was current")
    observed_at: TimeText
    document: str
    document_sha256: Digest


class QuoteFacts(Event):
    """A quote as the decision sees it."""

    quote_id: Name
    fx_rate: DecimalText
    source_amount: DecimalText | None = Field(default=None, description="as the venue states it")
    target_amount: DecimalText | None = Field(default=None, description="as the venue states it")
    valid_until: TimeText
    market_maker_party_id: Name | None = None
    status: Name | None = None
    first_seen_at: TimeText
    selected: bool | None = None
    agrees: bool | None = Field(
        default=None, description="whether its amounts are those of the order; one that does not agree is shown and may not be chosen"
    )


class RateFacts(Event):
    """A reference rate as the decision sees it."""

    rate: DecimalText
    sources: int
    provider: Name
    quoted_at: TimeText


class RefusalFacts(Event):
    """A refusal by the venue of what was decided before, as the next decision sees it."""

    command_id: Name
    quote_id: Name | None = None
    http_status: int
    reason: str | None = Field(default=None, description="the venue's error code, where it named one")
    refused_at: TimeText
    unchanged: bool = Field(
        description="order and quotes are what that decision was about: the same yes would meet the same refusal, so only people may say it"
    )


class DecisionContext(Event):
    """Everything that a decision is a function of, beside policy and counters."""

    venue: Name
    intent_id: Name
    side: SideName
    sender_party_id: Name | None = None
    receiver_party_id: Name | None = None
    sender_custodian_party_id: Name | None = None
    receiver_custodian_party_id: Name | None = None
    source_currency: Name
    target_currency: Name
    target_amount: DecimalText
    source_amount_max: DecimalText | None = None
    created_at: TimeText | None = None
    expires_at: TimeText | None = None
    jurisdiction_sender: Name | None = None
    jurisdiction_receiver: Name | None = None
    quotes: tuple[QuoteFacts, ...] = ()
    rates: tuple[RateFacts, ...] = ()
    compliance: ComplianceFacts | None = None
    refusals: tuple[RefusalFacts, ...] | None = Field(default=None, description="what the venue has refused of this question so far")


class DecisionRequested(Event):
    """A decision is asked for; whoever decides answers on decision-made with the same request id."""

    request_id: Name
    venue: Name
    intent_id: Name
    question: Question
    round: int = Field(ge=1, description="1 for the first time of asking, more when the situation has changed")
    context: DecisionContext
    context_sha256: Digest = Field(description="of the context as encoded here")
    requested_at: TimeText
    decide_by: TimeText = Field(description="after this an ACCEPT has no effect")
    evidence_until: TimeText | None = Field(
        default=None, description="until when an input that is missing may still come: WAIT before it, people after it; absent: it will not"
    )


class RuleOutcome(Event):
    """What one rule said."""

    name: Name
    check: Name
    verdict: Literal["PASS", "REJECT", "REFER", "WAIT", "NOT_APPLICABLE"]
    inputs: dict[str, str]
    limit: str | None = None
    observed: str | None = None
    explanation: str


class PolicyName(Event):
    """Which policy decided."""

    name: Name
    version: int
    sha256: Digest


class DecisionMade(Event):
    """A question was answered, with the evidence."""

    decision_id: Name
    request_id: Name
    venue: Name
    intent_id: Name
    question: Question
    quote_id: Name | None = None
    verdict: Verdict
    policy: PolicyName
    decided_by: Name = Field(description="the engine, or the people who approved")
    decided_at: TimeText
    rules: tuple[RuleOutcome, ...] = ()
    counters: dict[str, str] = Field(default_factory=dict, description="sums, counts and exposures as read for this decision")
    context_sha256: Digest
    approvers_needed: int = Field(default=0, ge=0, description="for REFER: how many people have to approve")
    refers_to: Name | None = Field(default=None, description="for an approval or refusal: the referral that it answers")


class CommandIssued(Event):
    """The venue shall be told something."""

    command_id: Name
    venue: Name
    intent_id: Name
    kind: Question
    quote_id: Name | None = None
    decision_id: Name
    mode: Literal["live", "shadow"]
    not_after: TimeText
    source_currency: Name
    target_currency: Name
    target_amount: DecimalText
    source_amount_max: DecimalText | None = None
    fx_rate: DecimalText | None = None
    issued_at: TimeText


class CommandCompleted(Event):
    """What became of a command."""

    command_id: Name
    venue: Name
    intent_id: Name
    kind: Question
    quote_id: Name | None = None
    decision_id: Name
    outcome: Literal["succeeded", "refused", "expired", "unknown", "shadowed"]
    reason: str | None = None
    http_status: int | None = None
    error_code: Name | None = None
    attempts: int = Field(ge=0)
    sent_at: TimeText | None = None
    completed_at: TimeText
    response: str | None = Field(default=None, description="the venue's answer, verbatim")


class OperatorActed(Event):
    """A person halted, approved, acknowledged or resolved something, or had an order read or a settlement emitted again."""

    action: Literal[
        "halt",
        "resume",
        "approve",
        "refuse",
        "acknowledge",
        "resolve",
        "reread",
        "re-emit",
        "advance",
        "renew",
        "retry",
        "skip",
        "agree",
        "add-person",
        "remove-person",
    ]
    venue: Name | None = None
    pair: Name | None = Field(default=None, description="SOURCE/TARGET")
    intent_id: Name | None = None
    decision_id: Name | None = None
    shown_sha256: Digest | None = Field(default=None, description="digest of exactly what the person was shown")
    subject: Name | None = Field(
        default=None,
        description="the alarm, the break, the position, the login, the act agreed to, or the ce_id of the event that the act published",
    )
    outcome: Name | None = Field(default=None, description="what came of it")
    login: Name | None = Field(default=None, description="the database's user: who it was, where `by` is what a person typed")
    address: Name | None = Field(default=None, description="where that user came from, as the database saw it; absent on the server itself")
    by: Name
    reason: str
    at: TimeText


class PolicyActivated(Event):
    """A policy is in force from now on: its bytes, and who agreed to them."""

    name: Name
    version: int = Field(ge=1)
    sha256: Digest = Field(description="of the bytes of `content` in UTF-8")
    content: str = Field(description="the policy file, verbatim")
    replaces: Digest | None = Field(default=None, description="the policy that was in force until then")
    agreed_by: list[Name] = Field(description="the logins of who agreed; none for the first policy of a database, which init activates")
    login: Name = Field(description="the database's user whose word put it in force")
    address: Name | None = Field(default=None, description="where that user came from, as the database saw it; absent on the server itself")
    by: Name
    reason: str
    at: TimeText
