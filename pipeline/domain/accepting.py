"""What accepting speaks of: an order and its quotes as just read, and what the venue answered to an accept call.

The command executor decides on these values, a venue's connector makes them; neither imports the other.
Source: Musubi contract 4.1, 4.4 to 4.6 and A-08, A-14, A-24.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal

from pipeline.domain.orders import Side

Kind = Literal["accept_proposal", "co_sign_quote"]
ACCEPT_PROPOSAL: Kind = "accept_proposal"
CO_SIGN_QUOTE: Kind = "co_sign_quote"

REQUESTS_PER_ORDER = 11
"""What an order with some quotes costs of a venue's request cap, from its first hint to its settlement, where nothing goes wrong: the order
and its compliance snapshot; both again and the accept call; the quotes; order, quotes, snapshot again and the co-signature; the settlement.
Orders and settlements that come together are read by pages, so that a burst costs less for each (infra/decisions/0013)."""

WORDS: Mapping[str, str] = {
    "shadow": "only decided, in shadow",
    "halted": "accepting is halted",
    "not_allowed": "no decision allows it, or it was not approved",
    "superseded": "a later decision has taken its place",
    "order_gone": "the venue does not show the order any more",
    "not_sender": "we are not the sender's custodian",
    "order_advanced": "the order is no longer PENDING",
    "terms_changed": "the order's terms are not those that were decided on",
    "stale": "what was decided on is too old by now",
    "quotes_changed": "the venue's quotes are not those that were decided on",
    "evidence_changed": "the venue's compliance snapshot is not the one that was decided on",
    "already_accepted": "there are quotes, so the proposal is accepted already",
    "clock_unresolved": "the venue's time is not known well enough",
    "too_late": "its time was over",
    "order_expired": "the order had expired",
    "quote_gone": "the venue does not show the quote any more",
    "quote_changed": "the quote's rate is not the one that was decided on",
    "quote_closed": "the venue has closed the quote",
    "quote_passed_over": "the institution has chosen another quote",
    "quote_expired": "the quote had expired",
    "quote_disagrees": "the quote's amounts do not follow from the order",
    "cost_guard_broken": "the quote costs more than the sender's maximum",
    "CONFLICT": "CONFLICT, the order or the quote does not allow it any more",
}
"""Reasons of commands and the venue's error codes, for people."""


def in_words(reason: str) -> str:
    """Return a reason for people; what follows its code, such as who halted and why, stays."""
    code, colon, more = reason.partition(": ")
    return f"{WORDS[code]}{colon}{more}" if code in WORDS else reason


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderSeen:
    """An order as the venue's record shows it now; None where it does not say."""

    status: str
    side: Side | None
    sender_party_id: str | None = None
    receiver_party_id: str | None = None
    sender_custodian_party_id: str | None = None
    receiver_custodian_party_id: str | None = None
    jurisdiction_sender: str | None = None
    jurisdiction_receiver: str | None = None
    source_currency: str | None = None
    target_currency: str | None = None
    target_amount: Decimal | None = None
    source_amount_max: Decimal | None = None
    fx_rate: Decimal | None = None
    market_maker_party_id: str | None = None
    quote_valid_until: datetime | None = None
    expires_at: datetime | None = None
    failure_reason: str | None = None
    document_sha256: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class QuoteSeen:
    """A quote as the venue's list shows it now."""

    quote_id: str
    fx_rate: Decimal
    valid_until: datetime
    source_amount: Decimal | None = None
    target_amount: Decimal | None = None
    market_maker_party_id: str | None = None
    status: str | None = None
    document_sha256: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotSeen:
    """An order's compliance snapshot as the venue shows it now."""

    facts: Mapping[str, str]
    """What it states, by the names of `ComplianceFacts`; nothing where there is none for us, or none that can be read."""
    at: datetime
    """When the answer was here, by our clock."""
    away: str | None = None
    """Why it could not be had now: nothing is known of it then."""
    document_sha256: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueTime:
    """What we know of the venue's clock: it shows a time between `earliest` and `latest`; `resolved` when that can be relied on."""

    earliest: datetime
    latest: datetime
    resolved: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """An order and its quotes, read from the venue's record; `order` is None when the venue knows no such order (404)."""

    order: OrderSeen | None
    quotes: tuple[QuoteSeen, ...]
    at: datetime
    """When the answers were here, by our clock."""
    unreadable: str | None = None
    """Why the order's document could not be read; then `order` is None and says nothing."""
    snapshot: SnapshotSeen | None = None
    """None where it was not asked for."""
    records: tuple[object, ...] = ()
    """What was read, as the connector hands it out, for whoever has to publish it."""

    def quote(self, quote_id: str | None) -> QuoteSeen | None:
        """Return a quote by its id, None when the venue does not show it."""
        return next((quote for quote in self.quotes if quote.quote_id == quote_id), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """The venue answered an accept call: done (2xx), or refused for good."""

    done: bool
    http_status: int
    error_code: str | None = None
    response: str | None = None
    """The body, verbatim up to a limit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeOpen:
    """The call was sent and nobody knows whether it took effect (A-24)."""

    reason: str
    http_status: int | None = None
    response: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NotDone:
    """The call had no effect for certain: it never left, or the venue put it off (429)."""

    reason: str
    retry_after: float | None = None
    http_status: int | None = None


Answer = Answered | OutcomeOpen | NotDone
