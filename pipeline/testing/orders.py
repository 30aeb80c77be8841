"""Orders as a venue would show them, for tests: `order_updated` events, and records that hold them."""

from __future__ import annotations

import hashlib
import json
import uuid
from datetime import timedelta
from typing import Any

from pipeline.log import topics
from pipeline.log.codec import encode
from pipeline.log.envelope import Envelope, Outgoing, Record, correlation_of, derive_id, time_text
from pipeline.testing.clocks import START
from schemas.events import OrderUpdated

VENUE = "tokyo"
PREFIX = "test.custody."

TERMS = {
    "source_currency": "JPYSC0",
    "target_currency": "USDCC0",
    "target_amount": "1000.5",
    "source_amount_actual": "149574.75",
    "settled_at": "2025-03-15T09:00:18.500Z",
    "sender_custodian_party_id": "custodian-a",
    "receiver_custodian_party_id": "custodian-b",
    "sender_party_id": "bank-a",
    "receiver_party_id": "bank-b",
}
"""Every term that a booking needs, whatever our side."""


def intent(number: int, room: str = "") -> str:
    """Return the id of an order; the same number in the same room is the same order."""
    return str(uuid.uuid5(uuid.NAMESPACE_OID, f"{room}/{number}"))


def tx(number: int) -> str:
    """Return a transaction hash."""
    return hashlib.sha256(f"tx {number}".encode()).hexdigest()


def shown(
    status: str = "SETTLED",
    *,
    order: int | str = 1,
    origin: str = "read",
    terms: dict[str, str] | None = None,
    transaction_hash: str | None = None,
    side: str | None = "sender",
    seconds: float = 0.0,
    **fields: Any,
) -> OrderUpdated:
    """Return an order as the venue showed it, `seconds` after the start; `terms` are nothing unless given."""
    at = time_text(START + timedelta(seconds=seconds))
    said: dict[str, Any] = {
        "venue": VENUE,
        "intent_id": order if isinstance(order, str) else intent(order),
        "status": status,
        "transaction_hash": transaction_hash,
        "side": side,
        **(terms or {}),
        **fields,
    }
    document = json.dumps({name: value for name, value in said.items() if value is not None}, sort_keys=True)
    observed = {"origin": origin, "observed_at": at} | fields.pop("observed", {})
    said |= {"observed": observed, "document": document, "document_sha256": hashlib.sha256(document.encode()).hexdigest()}
    return OrderUpdated.model_validate(said)


def settled_record(order: int | str = 1, hash_number: int = 1, **fields: Any) -> OrderUpdated:
    """Return the venue's record of a settled order, on full terms."""
    return shown("SETTLED", order=order, terms={**TERMS, **fields.pop("terms", {})}, transaction_hash=tx(hash_number), **fields)


def settled_hint(order: int | str = 1, hash_number: int | None = 1, **fields: Any) -> OrderUpdated:
    """Return the stream's hint of a settled order: without amounts, without custodians, so without our side."""
    number = None if hash_number is None else tx(hash_number)
    return shown("SETTLED", order=order, origin="stream", side=None, transaction_hash=number, **fields)


def outgoing(event: OrderUpdated, marker: str = "") -> Outgoing:
    """Return the event ready to be produced; `marker` tells repetitions apart where a test wants that."""
    envelope = Envelope(
        id=derive_id("order-updated", event.venue, event.intent_id, event.status, event.transaction_hash, event.document_sha256, marker),
        kind=topics.ORDER_UPDATED,
        source=f"/venues/{event.venue}",
        subject=event.intent_id,
        time=START,
        correlation_id=correlation_of(event.venue, event.intent_id),
    )
    return Outgoing(envelope=envelope, key=event.intent_id, value=encode(event))


def record(event: OrderUpdated, offset: int, *, partition: int = 0, prefix: str = PREFIX) -> Record:
    """Return the event as it stands in Kafka."""
    out = outgoing(event)
    return Record(
        topic=out.envelope.kind.topic(prefix),
        partition=partition,
        offset=offset,
        key=out.key.encode(),
        value=out.value,
        headers=out.headers(),
    )


def records(events: list[OrderUpdated], *, start: int = 0) -> list[Record]:
    """Return events as the records of one partition."""
    return [record(event, start + index) for index, event in enumerate(events)]
