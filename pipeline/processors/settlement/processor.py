"""The settlement processor: `order_updated` in, `order_settled` once per settlement out, alarms for contradictions.

The value that engines run is `SETTLEMENT`. Its state's key is "venue/intent". Ids of what it emits are derived, so that an output that is
produced again after a crash is the same event: `order_settled` from (venue, intent, hash, digest of the terms as first emitted).
"""

from __future__ import annotations

from typing import get_args

from pipeline.domain.identifiers import check_opaque
from pipeline.errors import PoisonRecordError
from pipeline.log import topics
from pipeline.log.codec import decode as decode_event
from pipeline.log.codec import encode, stated_terms
from pipeline.log.envelope import Envelope, Outgoing, Record, correlation_of, derive_id, from_headers, parse_time
from pipeline.processors.processor import Keyed, Processor, Raised
from pipeline.processors.settlement.decide import (
    Claimed,
    Counted,
    Fact,
    Followed,
    Learned,
    Nothing,
    OrderSeen,
    Settled,
    decide,
    evolve,
    order_settled,
)
from pipeline.processors.settlement.state import OrderState, from_json, to_json
from schemas.events import OrderSettled, OrderUpdated

SOURCE = "/processors/settlement"

_CARRIED = tuple(
    name for name in OrderSettled.model_fields if name in OrderUpdated.model_fields and name not in ("venue", "document_sha256")
)


def decode(record: Record) -> Keyed[OrderSeen]:
    """Read an `order_updated` record; raise PoisonRecordError when it is none, or stands under another order's key."""
    envelope = from_headers(record.headers)
    if envelope.kind is not topics.ORDER_UPDATED:
        raise PoisonRecordError(f"a {envelope.kind.ce_type} does not belong into this topic")
    event = decode_event(record.value, OrderUpdated)
    if record.key != event.intent_id.encode():
        # Partitions keep the order of an intent's records by this key; under another one they would race.
        raise PoisonRecordError(f"the record's key is not its intent id {event.intent_id}")
    return Keyed(f"{event.venue}/{event.intent_id}", _seen(event, envelope.id))


def _seen(event: OrderUpdated, cause: str) -> OrderSeen:
    stated = stated_terms(event)
    named = {"venue": event.venue, "intent_id": event.intent_id, **stated, "status": event.status}
    if event.transaction_hash is not None:
        named["transaction_hash"] = event.transaction_hash
    check_opaque(named)
    observed, said = event.observed, event.__dict__  # many fields, read for every record
    sign_at = parse_time(observed.observed_at, "observed_at")
    if observed.hinted_at is not None:
        sign_at = min(sign_at, parse_time(observed.hinted_at, "hinted_at"))
    return OrderSeen(
        venue=event.venue,
        intent_id=event.intent_id,
        status=event.status,
        side=event.side,
        transaction_hash=event.transaction_hash,
        stated=stated,
        spelled={name: value for name in _CARRIED if (value := said[name]) is not None},
        origin=observed.origin,
        sign_at=sign_at,
        document_sha256=event.document_sha256,
        cause=cause,
        left_out=event.left_out or (),
    )


def emit(fact: Fact) -> Outgoing | None:
    """Return the event that a fact puts into Kafka: a settlement or an alarm."""
    match fact:
        case Settled():
            return _settled_event(fact)
        case Raised():
            return fact.outgoing(SOURCE)
        case _:
            return None


def _settled_event(fact: Settled) -> Outgoing:
    event = fact.event
    booked = fact.booked
    envelope = Envelope(
        id=derive_id(topics.ORDER_SETTLED.ce_type, event.venue, event.intent_id, booked.transaction_hash, booked.terms_sha256),
        kind=topics.ORDER_SETTLED,
        source=SOURCE,
        subject=event.intent_id,
        time=fact.settled_at,
        correlation_id=correlation_of(event.venue, event.intent_id),
        causation_id=event.cause,
    )
    return Outgoing(envelope=envelope, key=event.intent_id, value=encode(order_settled(fact)))


def outcome(fact: Fact) -> str:
    """Name a fact for the metrics."""
    match fact:
        case Counted(name):
            return name
        case Settled():
            return "taught" if fact.again else "settled"
        case Raised():
            return "alarm"
        case Claimed():
            return "claimed"
        case Learned():
            return "learned"
        case Followed():
            return "followed"


SETTLEMENT: Processor[OrderState, OrderSeen, Fact] = Processor(
    name="settlement",
    consumes=(topics.ORDER_UPDATED,),
    emits=(topics.ORDER_SETTLED, topics.ALARM_RAISED, topics.DEAD_LETTER),
    initial=OrderState(),
    decode=decode,
    decide=decide,
    evolve=evolve,
    emit=emit,
    outcome=outcome,
    outcomes=(*get_args(Nothing), "settled", "taught", "alarm", "claimed", "learned", "followed"),
    store=to_json,
    restore=from_json,
)
