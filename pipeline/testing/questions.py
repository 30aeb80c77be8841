"""Questions for the policy: a whole and harmless one, to be changed in the part that a test is about."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from pipeline.domain.money import Scales
from pipeline.log import topics
from pipeline.log.codec import encode
from pipeline.log.envelope import Envelope, Outgoing, Record, correlation_of, derive_id, time_text
from pipeline.policy.engine import Engine
from pipeline.policy.file import parse
from schemas.accepting import ComplianceFacts, DecisionContext, DecisionRequested, Question, QuoteFacts, RateFacts
from schemas.events import Event

NOW = datetime(2025, 3, 14, 2, 0, 5, tzinfo=UTC)
"""A Friday, 11:00:05 in Tokyo."""

COMPLIANCE = ComplianceFacts(
    kyc_status="KYC_VERIFIED",
    kyc_provider="Persona",
    kyc_expires_at="2026-04-19T00:00:00Z",
    sanctions_status="SANCTIONS_CLEARED",
    sanctions_provider="Chainalysis",
    sanctions_list_version="OFAC-2025-03-13",
    sanctions_freshness_window="24h",
    risk_rating="LOW",
    pep_status="NOT_PEP",
    purpose_code="GDDS",
    jurisdiction_sender="JP",
    jurisdiction_receiver="KR",
    originating_vasp_code="JP-VASP-0001",
    beneficiary_vasp_code="KR-VASP-0001",
)
RATES = (RateFacts(rate="112.1", sources=5, provider="reference", quoted_at=time_text(NOW - timedelta(seconds=3))),)


def intent(number: int) -> str:
    """Return the id of the order with this number."""
    return f"00000000-0000-4000-8000-{number:012d}"


def quote(number: int = 1, rate: str = "112.0", *, valid: float = 25.0, now: datetime = NOW, **changes: Any) -> QuoteFacts:
    """Return a quote that is valid for so many seconds after `now`."""
    stated: dict[str, Any] = {
        "quote_id": f"a0000000-0000-4000-8000-{number:012d}",
        "fx_rate": rate,
        "valid_until": time_text(now + timedelta(seconds=valid)),
        "market_maker_party_id": f"MarketMaker{number}::7de1f00c3d9",
        "first_seen_at": time_text(now - timedelta(seconds=3)),
    }
    return QuoteFacts(**{**stated, **changes})


def question(
    asked: Question = "accept_proposal",
    *,
    order: int = 1,
    round: int = 1,
    quotes: Sequence[QuoteFacts] = (),
    now: datetime = NOW,
    venue: str = "tokyo",
    **changes: Any,
) -> DecisionRequested:
    """Return a question about 100000 USDCx for at most 12000000 JPYSC0; `changes` are fields of the context."""
    stated: dict[str, Any] = {
        "venue": venue,
        "intent_id": intent(order),
        "side": "sender",
        "sender_party_id": "SenderInstitution::209fa2cb341",
        "receiver_party_id": "InstitutionB::8bc31d4a902",
        "sender_custodian_party_id": "CustodianA::209fa2cb341",
        "receiver_custodian_party_id": "CustodianB::5de09a1c774",
        "source_currency": "JPYSC0",
        "target_currency": "USDCx",
        "target_amount": "100000",
        "source_amount_max": "12000000",
        "created_at": time_text(now - timedelta(seconds=5)),
        "expires_at": time_text(now + timedelta(minutes=5)),
        "jurisdiction_sender": "JP",
        "jurisdiction_receiver": "KR",
        "quotes": tuple(quotes),
        "rates": RATES,
        "compliance": COMPLIANCE,
    }
    context = DecisionContext(**{**stated, **changes})
    return DecisionRequested(
        request_id=derive_id("request", venue, context.intent_id, asked, str(round)),
        venue=context.venue,
        intent_id=context.intent_id,
        question=asked,
        round=round,
        context=context,
        context_sha256=hashlib.sha256(encode(context)).hexdigest(),
        requested_at=time_text(now),
        decide_by=time_text(now + timedelta(seconds=20)),
    )


def engine(*rules: str, name: str = "test", scales: Scales | None = None) -> Engine:
    """Return an engine of a policy with these rules, each written as the lines below `[[rules]]`."""
    text = "\n".join([f'name = "{name}"', "version = 1", *(f"[[rules]]\n{rule}" for rule in rules)])
    return Engine(parse(text.encode()), scales)


def rule(check: str, params: str = "", *, on: Question = "accept_proposal", otherwise: str = "REJECT", name: str = "the rule") -> str:
    """Return the lines of one rule; `params` is written as in the file, without braces."""
    return f'name = "{name}"\non = "{on}"\ncheck = "{check}"\nparams = {{ {params} }}\notherwise = "{otherwise}"'


def record(event: Event, kind: topics.EventType, *, offset: int = 0, partition: int = 0, prefix: str = "custody.") -> Record:
    """Return an event as it stands in Kafka."""
    venue, key = str(getattr(event, "venue", "")), str(getattr(event, "intent_id", ""))
    now = NOW
    identity = derive_id(kind.ce_type, encode(event).decode())
    envelope = Envelope(id=identity, kind=kind, source="/tests", subject=key, time=now, correlation_id=correlation_of(venue, key))
    outgoing = Outgoing(envelope=envelope, key=key, value=encode(event))
    return Record(
        topic=kind.topic(prefix), partition=partition, offset=offset, key=key.encode(), value=outgoing.value, headers=outgoing.headers()
    )
