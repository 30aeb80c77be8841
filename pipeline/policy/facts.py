"""A question as rules see it: the recorded context with its numbers and times read once, and nothing else.

What cannot be read counts as missing, and a missing input is never an accept.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple, TypeVar

from pipeline.domain.moments import bounded
from pipeline.domain.money import plain
from pipeline.log.codec import encode
from pipeline.policy.exact import amount, times
from schemas.accepting import ComplianceFacts, DecisionRequested, Question, QuoteFacts, RateFacts

NO_COMPLIANCE = ComplianceFacts()
T = TypeVar("T")
_new = tuple.__new__  # a named tuple's own constructor takes twice as long, a frozen dataclass's several times


def context_sha256(request: DecisionRequested) -> str:
    """Return the SHA-256 of a question's context as encoded."""
    return hashlib.sha256(encode(request.context)).hexdigest()


def instant(text: str | None) -> datetime | None:
    """Return an RFC 3339 time in UTC; None when there is none or it cannot be read. What "never" and "unset" mean is as far as a bound."""
    if text is None:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    # Bounded before it is turned into UTC: neither that nor a margin can lead out of the calendar.
    return None if at.tzinfo is None else bounded(at) if at.tzinfo is UTC else bounded(at).astimezone(UTC)


class Quote(NamedTuple):
    """A quote with its numbers read."""

    id: str
    stated: QuoteFacts
    rate: Decimal | None
    required: Decimal | None
    """What the sender pays by this quote: the order's target amount times the rate, exact (contract 1.8)."""
    required_text: str
    valid_until: datetime | None


class Rate(NamedTuple):
    """A reference rate with its numbers read."""

    stated: RateFacts
    rate: Decimal | None
    age: timedelta | None


class Facts(NamedTuple):
    """Everything that a policy is applied to: one question, the counters that were read for it, and the time of deciding."""

    request: DecisionRequested
    question: Question
    now: datetime
    venue: str
    pair: str
    source_currency: str
    target_currency: str
    sender: str | None
    receiver: str | None
    target: Decimal | None
    source_max: Decimal | None
    target_text: str
    source_max_text: str
    quotes: tuple[Quote, ...]
    rates: tuple[Rate, ...]
    compliance: ComplianceFacts
    expires_at: datetime | None
    digest: str
    """SHA-256 of the context as encoded."""
    patient: bool
    """An input that is missing may still come."""
    counters: Mapping[str, str]

    def counted(self, counters: Mapping[str, str]) -> Facts:
        """Return the same question with the counters that were read for it."""
        return _new(Facts, (*self[:-1], counters))


def facts_of(request: DecisionRequested, counters: Mapping[str, str], now: datetime, digest: str | None = None) -> Facts:
    """Read a question; what cannot be read is None. `digest` is that of the context, where the caller has computed it already."""
    context, question = request.context, request.question
    source_currency, target_currency = context.source_currency, context.target_currency
    target, source_max = amount(context.target_amount), amount(context.source_amount_max)
    return Facts(
        request=request,
        question=question,
        now=now,
        venue=context.venue,
        pair=f"{source_currency}/{target_currency}",
        source_currency=source_currency,
        target_currency=target_currency,
        sender=context.sender_party_id,
        receiver=context.receiver_party_id,
        target=target,
        source_max=source_max,
        target_text="" if target is None else plain(target),
        source_max_text="" if source_max is None else plain(source_max),
        quotes=tuple([_quote(quote, target) for quote in context.quotes]) if question == "co_sign_quote" else (),
        rates=tuple([_rate(rate, now) for rate in context.rates]),
        compliance=context.compliance or NO_COMPLIANCE,
        expires_at=instant(context.expires_at),
        digest=context_sha256(request) if digest is None else digest,
        patient=request.evidence_until is not None and (until := instant(request.evidence_until)) is not None and now < until,
        counters=counters,
    )


def once(find: Callable[[Facts], T]) -> Callable[[Facts], T]:
    """Remember what was found for the last question: a rule about quotes asks it for each of them."""
    last: tuple[Facts, T] | None = None

    def found(facts: Facts) -> T:
        nonlocal last
        held = last
        if held is None or held[0] is not facts:
            held = last = (facts, find(facts))
        return held[1]

    return found


def _quote(stated: QuoteFacts, target: Decimal | None) -> Quote:
    rate = amount(stated.fx_rate)
    required = None if rate is None or target is None else times(target, rate)
    return _new(Quote, (stated.quote_id, stated, rate, required, "" if required is None else plain(required), instant(stated.valid_until)))


def _rate(stated: RateFacts, now: datetime) -> Rate:
    at = instant(stated.quoted_at)
    return _new(Rate, (stated, amount(stated.rate), None if at is None else now - at))
