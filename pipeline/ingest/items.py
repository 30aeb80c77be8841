"""Sightings to items of the outbox: the envelope around an event, and the fact that it makes."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from pipeline.domain.lifecycle import SETTLED, WITHDRAWN
from pipeline.log import topics
from pipeline.log.codec import encode
from pipeline.log.envelope import Envelope, Outgoing, correlation_of, time_text
from pipeline.log.identities import compliance_read_id, order_updated_id
from pipeline.log.notices import alarm, dead_letter
from pipeline.log.topics import EventType
from pipeline.ports import Fact, Sighting, Unreadable
from schemas.accepting import ComplianceRead
from schemas.events import Observation, OrderUpdated, QuoteReceived

_KINDS: Mapping[type, EventType] = {
    OrderUpdated: topics.ORDER_UPDATED,
    QuoteReceived: topics.QUOTE_RECEIVED,
    ComplianceRead: topics.COMPLIANCE_READ,
}


def outgoing_of(sighting: Sighting, at: datetime) -> Outgoing:
    """Put a sighting into its envelope; `at` is when it was observed."""
    event = sighting.event
    venue, intent_id = event.venue, event.intent_id
    envelope = Envelope(
        id=sighting.ce_id,
        kind=_KINDS[type(event)],
        source=f"/venues/{venue}",
        subject=intent_id,
        time=at,
        correlation_id=correlation_of(venue, intent_id),
    )
    return Outgoing(envelope=envelope, key=intent_id, value=encode(event))


def fact_of(sighting: Sighting) -> Fact | None:
    """Return the fact that an order's record states; None for a quote."""
    event = sighting.event
    if not isinstance(event, OrderUpdated):
        return None
    return Fact(ce_id=sighting.ce_id, intent_id=event.intent_id, status=event.status, transaction_hash=event.transaction_hash)


def letter_of(venue: str, unreadable: Unreadable) -> Outgoing:
    """Return the dead letter of what could not be read."""
    return dead_letter(
        venue=venue,
        origin=unreadable.origin,
        body=unreadable.body,
        reason=unreadable.reason,
        now=unreadable.seen_at,
        event_type=unreadable.event_type,
        sha256=unreadable.sha256,
        size=unreadable.size,
    )


def unreadable_settlement(venue: str, unreadable: Unreadable) -> Outgoing | None:
    """Return the alarm that a record of a settled order cannot be read, which keeps it out of the books; None for anything else."""
    if unreadable.origin != "read" or unreadable.status != SETTLED:
        return None
    return alarm(
        kind="settlement_unreadable",
        severity="critical",
        venue=venue,
        subject=unreadable.intent_id or venue,
        detail={"document_sha256": unreadable.digest, "reason": unreadable.reason[:2_000]},
        now=unreadable.seen_at,
        source=f"/venues/{venue}",
        identity=(unreadable.digest,),
    )


def lacking_snapshot(venue: str, intent_id: str, document: str, lacking: Literal["absent", "unreadable"], *, at: datetime) -> Sighting:
    """Return what it means that a compliance snapshot is not to be had now: whoever decides need not wait for it."""
    event = ComplianceRead(
        venue=venue,
        intent_id=intent_id,
        observed=Observation(origin="read", observed_at=time_text(at)),
        document=document,
        document_sha256=hashlib.sha256(document.encode()).hexdigest(),
        lacking=lacking,
    )
    return Sighting(ce_id=compliance_read_id(venue, intent_id, {"lacking": lacking}), event=event)


def withdrawal(venue: str, intent_id: str, document: str, *, request_id: str | None, hinted_at: str | None, at: datetime) -> Sighting:
    """Return what it means that the venue answers 404 for an order that it once showed (A-11)."""
    event = OrderUpdated(
        venue=venue,
        intent_id=intent_id,
        status=WITHDRAWN,
        observed=Observation(origin="absence", observed_at=time_text(at), hinted_at=hinted_at, request_id=request_id),
        document=document,
        document_sha256=hashlib.sha256(document.encode()).hexdigest(),
    )
    return Sighting(ce_id=order_updated_id(venue, intent_id, WITHDRAWN, None, {}), event=event)
