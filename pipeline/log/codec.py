"""Events to bytes and back: each kind of event has one class in `schemas/`, and the same event gives the same bytes everywhere."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import TypeVar

from pydantic import ValidationError

from pipeline.domain.identifiers import PartyId
from pipeline.domain.money import canonical_amount, parse_amount
from pipeline.domain.orders import TERM_NAMES, Terms
from pipeline.errors import PoisonRecordError
from pipeline.log import strict_json, topics
from pipeline.log.envelope import parse_time, time_text
from pipeline.log.topics import EventType
from schemas import accepting, events
from schemas.events import Event

CLASSES: dict[EventType, type[Event]] = {
    topics.ORDER_UPDATED: events.OrderUpdated,
    topics.QUOTE_RECEIVED: events.QuoteReceived,
    topics.COMPLIANCE_READ: accepting.ComplianceRead,
    topics.RATE_READ: accepting.RateRead,
    topics.DECISION_REQUESTED: accepting.DecisionRequested,
    topics.DECISION_MADE: accepting.DecisionMade,
    topics.COMMAND_ISSUED: accepting.CommandIssued,
    topics.COMMAND_COMPLETED: accepting.CommandCompleted,
    topics.OPERATOR_ACTED: accepting.OperatorActed,
    topics.POLICY_ACTIVATED: accepting.PolicyActivated,
    topics.ORDER_SETTLED: events.OrderSettled,
    topics.ALARM_RAISED: events.AlarmRaised,
    topics.DEAD_LETTER: events.DeadLetter,
}

E = TypeVar("E", bound=Event)

RECORD_SIZE_MAX = 2 * 1024 * 1024
"""Bytes of a record's value: twice what we produce, and what brokers usually take."""


def encode(event: Event) -> bytes:
    """Return an event's value bytes: compact JSON, fields in the class's order, absent fields absent."""
    return event.__pydantic_serializer__.to_json(event, exclude_none=True)  # `model_dump_json` would make a text of it in between


def decode(value: bytes, kind: type[E]) -> E:
    """Return the event that `value` holds; raise PoisonRecordError saying which field is wrong and why, or why it is no strict JSON."""
    try:
        event: E = kind.__pydantic_validator__.validate_json(value)  # `model_validate_json` looks at its arguments first
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "value"
        raise PoisonRecordError(f"not a {kind.__name__}: {where}: {first['msg']}") from None
    if encode(event) != value:
        # Not in our spelling, so somebody else's, or an older release's: pydantic takes the last of repeated keys, other readers the first.
        strict_json.scan(value, size_max=RECORD_SIZE_MAX)
    return event


def terms_of(event: events.OrderTerms) -> Terms:
    """Return what an order event states, by value; raise PoisonRecordError when a value is none."""

    def amount(text: str | None, name: str) -> Decimal | None:
        return None if text is None else parse_amount(text, name)

    def party(text: str | None) -> PartyId | None:
        return None if text is None else PartyId(text)

    return Terms(
        source_currency=event.source_currency,
        target_currency=event.target_currency,
        target_amount=amount(event.target_amount, "target_amount"),
        source_amount_actual=amount(event.source_amount_actual, "source_amount_actual"),
        fx_rate=amount(event.fx_rate, "fx_rate"),
        settled_at=None if event.settled_at is None else parse_time(event.settled_at, "settled_at"),
        sender_custodian_party_id=party(event.sender_custodian_party_id),
        receiver_custodian_party_id=party(event.receiver_custodian_party_id),
        sender_party_id=party(event.sender_party_id),
        receiver_party_id=party(event.receiver_party_id),
    )


def stated_terms(event: events.OrderTerms | events.OrderSettled) -> dict[str, str]:
    """Return what `Terms.stated` would of an event's terms, without the values in between; raise PoisonRecordError when a text is none."""
    stated: dict[str, str] = {}
    for name in TERM_NAMES:
        text = getattr(event, name)
        if text is not None:
            spell = _SPELLED.get(name)
            stated[name] = text if spell is None else spell(text, name)
    return stated


def _canonical_time(text: str, name: str) -> str:
    """Return a time as `time_text` writes it; raise PoisonRecordError when it is none."""
    at = parse_time(text, name)
    # What venues write, 2025-03-15T09:00:18.500Z, lacks three zeros; week dates and hour 24 are no such text.
    if len(text) == 24 and text[23] == "Z" and text[19] == "." and text[10] == "T" and text[7] == "-" and text[11:13] != "24":
        return f"{text[:23]}000Z"
    return time_text(at)


_SPELLED: Mapping[str, Callable[[str, str], str]] = {
    "target_amount": canonical_amount,
    "source_amount_actual": canonical_amount,
    "fx_rate": canonical_amount,
    "settled_at": _canonical_time,
}
"""How the terms that are no mere texts get their canonical spelling."""
