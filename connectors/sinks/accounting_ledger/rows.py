"""From an `order-settled` record to the journal entry of it: pure, no database.

What touches our custody is booked, as the venue states it. As sender custodian the source asset leaves: Dr client liability, Cr custody
asset. As receiver custodian the target asset arrives: Dr custody asset, Cr client liability. As both, one entry holds both currencies.
Source: design, section 7.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from uuid import UUID

from pipeline.domain.identifiers import IntentId, PartyId, TransactionHash, VenueId, opaque
from pipeline.domain.journal import UNATTRIBUTED, Account, JournalEntry, Posting
from pipeline.domain.money import Scales, parse_amount, to_minor_units
from pipeline.domain.orders import LEGS, SOURCE_LEG, Side, Terms
from pipeline.errors import PoisonRecordError
from pipeline.log.codec import decode
from pipeline.log.envelope import Record, header, parse_time
from pipeline.log.topics import ORDER_SETTLED
from schemas.events import OrderSettled


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """A settlement as its record states it, values read, nothing decided yet."""

    record: Record
    ce_id: str
    event: OrderSettled
    source_amount: Decimal
    target_amount: Decimal
    fx_rate: Decimal | None
    settled_at: datetime
    observed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class BeyondScale:
    """An amount with more decimals than its currency has: never rounded, not booked."""

    currency: str
    amount: Decimal
    scale: int


def settlement_of(record: Record) -> Settlement:
    """Read a record; raise PoisonRecordError when it is no `order-settled` event that can be booked."""
    event = decode(record.value, OrderSettled)
    _check_texts(event)
    if ":" in event.venue:
        raise PoisonRecordError(f"venue has a colon, which account names are separated by: {event.venue!r:.80}")
    return Settlement(
        record=record,
        ce_id=_ce_id(record),
        event=event,
        source_amount=parse_amount(event.source_amount_actual, "source_amount_actual"),
        target_amount=parse_amount(event.target_amount, "target_amount"),
        fx_rate=None if event.fx_rate is None else parse_amount(event.fx_rate, "fx_rate"),
        settled_at=parse_time(event.settled_at, "settled_at"),
        observed_at=parse_time(event.observed_at, "observed_at"),
    )


_TEXTS = ("venue", "intent_id", "transaction_hash", "source_currency", "target_currency")
_PARTIES = ("sender_custodian_party_id", "receiver_custodian_party_id", "sender_party_id", "receiver_party_id", "market_maker_party_id")


def _check_texts(event: OrderSettled) -> None:
    """Raise PoisonRecordError when a text holds what no name has and PostgreSQL may not take, such as NUL."""
    texts = {name: text for name in (*_TEXTS, *_PARTIES) if (text := getattr(event, name)) is not None}
    if not "".join(texts.values()).isprintable():  # all at once, because this is done for every settlement
        for name, text in texts.items():
            opaque(text, name)


def _ce_id(record: Record) -> str:
    if (found := header(record.headers, "ce_type")) != ORDER_SETTLED.ce_type:
        raise PoisonRecordError(f"ce_type is {found!r:.80}, not {ORDER_SETTLED.ce_type}")
    return opaque(header(record.headers, "ce_id") or "", "ce_id")


def terms_as_booked(
    *,
    source_currency: str,
    target_currency: str,
    target_amount: Decimal,
    source_amount_actual: Decimal,
    fx_rate: Decimal | None,
    occurred_at: datetime,
    sender_custodian_party_id: str,
    receiver_custodian_party_id: str,
    sender_party_id: str | None,
    receiver_party_id: str | None,
    side: Side,
) -> Terms:
    """Return the terms of an entry, from its columns: where no client of ours was named, it was booked for `unattributed`."""
    clients = {"sender_party_id": sender_party_id, "receiver_party_id": receiver_party_id}
    clients |= {leg.client: clients[leg.client] or UNATTRIBUTED for leg in LEGS[side]}
    named = {name: None if party is None else PartyId(party) for name, party in clients.items()}
    return Terms(
        **named,
        source_currency=source_currency,
        target_currency=target_currency,
        target_amount=target_amount,
        source_amount_actual=source_amount_actual,
        fx_rate=fx_rate,
        settled_at=occurred_at,
        sender_custodian_party_id=PartyId(sender_custodian_party_id),
        receiver_custodian_party_id=PartyId(receiver_custodian_party_id),
    )


BOOKED_TERMS = (
    "source_currency",
    "target_currency",
    "target_amount",
    "source_amount_actual",
    "fx_rate",
    "occurred_at",
    "sender_custodian_party_id",
    "receiver_custodian_party_id",
    "sender_party_id",
    "receiver_party_id",
    "side",
)
"""The columns that `terms_as_booked` takes, in the order of the ledger's statements."""


def entry_of(settlement: Settlement, scales: Scales) -> JournalEntry | BeyondScale:
    """Return the entry that books a settlement, or the amount of one of its legs that the currency's scale cannot hold."""
    event = settlement.event
    venue = VenueId(event.venue)
    postings: list[Posting] = []
    for leg in LEGS[event.side]:
        leaves = leg is SOURCE_LEG
        amount = settlement.source_amount if leaves else settlement.target_amount
        client, currency = getattr(event, leg.client), getattr(event, leg.currency)
        units = to_minor_units(amount, scales.of(currency))
        if units is None:
            return BeyondScale(currency=currency, amount=amount, scale=scales.of(currency))
        asset, liability = _asset(venue, currency), _liability(venue, client, currency)
        if leaves:
            postings += (Posting(liability, "debit", units), Posting(asset, "credit", units))
        else:
            postings += (Posting(asset, "debit", units), Posting(liability, "credit", units))
    return JournalEntry(
        entry_id=entry_id("settlement", event.venue, event.intent_id, event.transaction_hash),
        kind="settlement",
        venue=venue,
        intent_id=IntentId(event.intent_id),
        transaction_hash=TransactionHash(event.transaction_hash),
        occurred_at=settlement.settled_at,
        postings=postings,
    )


def entry_id(*facts: str) -> UUID:
    """Derive an entry's id from what it books (RFC 9562, version 8: a digest of our own choosing)."""
    digest = bytearray(hashlib.sha256("\x1e".join(facts).encode()).digest()[:16])
    digest[6] = digest[6] & 0x0F | 0x80
    digest[8] = digest[8] & 0x3F | 0x80
    return UUID(bytes=bytes(digest))


@lru_cache(maxsize=4096)  # few accounts, many postings
def _asset(venue: VenueId, currency: str) -> Account:
    return Account(role="custody_asset", venue=venue, party=None, currency=currency)


@lru_cache(maxsize=4096)
def _liability(venue: VenueId, party: str | None, currency: str) -> Account:
    return Account(role="client_liability", venue=venue, party=party or UNATTRIBUTED, currency=currency)
