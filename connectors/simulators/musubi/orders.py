"""Orders, quotes and their lifecycle as the venue knows them (contract sections 1.5 and 4.1).

Written apart from the product's own domain on purpose: the truth that a test compares the books with must not share
the product's mistakes. Values are frozen; a change of status is a new value.

    PENDING -> QUOTED -> EXECUTING -> SETTLED
       |         |           +------> FAILED
       |         +------------------> EXPIRED
       +----------------------------> FAILED, EXPIRED

An institution may cancel while PENDING or QUOTED; what the order becomes then is A-11.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Context, Decimal, Inexact
from types import MappingProxyType
from typing import Literal

Side = Literal["sender", "receiver", "both", "none"]
Ending = Literal["settle", "revert", "kyc_fail", "cancel", "cancel_quoting", "cancel_quoted", "no_quote", "lapse"]
"""How an order ends; "lapse" stays QUOTED until its quote has lapsed, and is EXPIRED then."""
Flaw = Literal["source", "target", "guard", "legacy", "scale"]

# CANCELLED is no status of the contract's closed list: it exists only under A-11=cancelled. QUOTED becomes FAILED or CANCELLED
# only where the institution cancels and A-11 says so.
TRANSITIONS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "PENDING": frozenset({"QUOTED", "FAILED", "EXPIRED", "CANCELLED"}),
        "QUOTED": frozenset({"EXECUTING", "EXPIRED", "FAILED", "CANCELLED"}),
        "EXECUTING": frozenset({"SETTLED", "FAILED"}),
        "SETTLED": frozenset(),
        "FAILED": frozenset(),
        "EXPIRED": frozenset(),
        "CANCELLED": frozenset(),
    }
)
STATUSES = ("PENDING", "QUOTED", "EXECUTING", "SETTLED", "FAILED", "EXPIRED")
TERMINAL = frozenset(status for status, after in TRANSITIONS.items() if not after)

_EXACT = Context(prec=200, traps=[Inexact])


def exact_product(first: Decimal, second: Decimal) -> Decimal:
    """Multiply without rounding; raises decimal.Inexact beyond 200 digits (A-22)."""
    return _EXACT.multiply(first, second)


def plain(amount: Decimal) -> str:
    """Write an amount without exponent and without zeros at the end of its fraction (A-22)."""
    text = format(amount, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def iso(moment: datetime) -> str:
    """Write a UTC moment with milliseconds and Z (contract section 3.6)."""
    return moment.isoformat(timespec="milliseconds")[:-6] + "Z"


def to_millisecond(moment: datetime) -> datetime:
    """Cut a moment to what the venue can write."""
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What is exchanged: `fx_rate` is source units per target unit, `source_amount_max` the cost guard."""

    source_currency: str
    target_currency: str
    target_amount: Decimal
    fx_rate: Decimal
    source_amount_max: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """A market maker's offer to deliver the target amount at a rate until `valid_until`, with the amounts that it states.

    What is paid after a co-signature is the source amount as stated. `flaw` tells what was made wrong with it on purpose.
    """

    quote_id: str
    intent_id: str
    market_maker_party_id: str
    fx_rate: Decimal
    source_amount: Decimal
    target_amount: Decimal
    submitted_at: datetime
    valid_until: datetime
    flaw: Flaw | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """An order as the venue's record states it at one moment; `updated_at` is that of the latest status."""

    number: int
    intent_id: str
    side: Side
    status: str
    updated_at: datetime
    sender_party_id: str
    sender_custodian_party_id: str
    receiver_party_id: str
    receiver_custodian_party_id: str
    source_currency: str
    target_currency: str
    target_amount: Decimal
    source_amount_max: Decimal | None
    created_at: datetime
    expires_at: datetime
    kyc_aml_ref: str
    jurisdiction_sender: str
    jurisdiction_receiver: str
    intent_signature: str
    fx_rate: Decimal | None = None
    source_amount_actual: Decimal | None = None
    market_maker_party_id: str | None = None
    quote_submitted_at: datetime | None = None
    quote_accepted_at: datetime | None = None
    quote_valid_until: datetime | None = None
    settled_at: datetime | None = None
    transaction_hash: str | None = None
    failure_reason: str | None = None

    def guard_holds(self, source_amount: Decimal) -> bool:
        """Tell whether the sender may pay so much (contract section 1.8)."""
        return self.source_amount_max is None or source_amount <= self.source_amount_max


FactKind = Literal["created", "accepted", "quote", "selected", "status", "withdrawn"]


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that happened at the venue; `order` is the order right after it."""

    kind: FactKind
    at: datetime
    order: Order
    quote: Quote | None = None
