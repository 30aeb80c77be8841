"""The event classes: what the value of each record is, version 1.

The JSON Schemas in `schemas/json/` are generated from these classes (`make schemas`) and committed; within version 1 only optional
additions are made. Amounts and rates are decimal strings, times RFC 3339 in UTC, digests lower-case hex; what is absent is absent.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field

DecimalText = Annotated[str, Field(pattern=r"^[0-9]{1,38}(\.[0-9]{1,38})?([eE][+-]?[0-9]{1,2})?$", examples=["11200000"])]
TimeText = Annotated[
    str,
    Field(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$", examples=["2025-03-15T09:00:18.500Z"]),
]
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Name = Annotated[str, Field(min_length=1, max_length=512)]
SideName = Literal["sender", "receiver", "both", "none"]


class Event(BaseModel):
    """What every event has in common: frozen, and tolerant of optional additions made later."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    @classmethod
    def trusted(cls, fields: Mapping[str, Any]) -> Self:
        """Return the event with these fields without looking at them: for who has checked each, in a third of the time."""
        event = cls.__new__(cls)
        put = object.__setattr__  # the model is frozen, and so are these four of pydantic's own
        put(event, "__dict__", {**_defaults(cls), **fields})
        put(event, "__pydantic_fields_set__", set(fields))
        put(event, "__pydantic_extra__", None)
        put(event, "__pydantic_private__", None)
        return event


@cache
def _defaults(kind: type[BaseModel]) -> dict[str, Any]:
    """Return the fields in the class's order, which is that of the bytes."""
    return {name: None if field.is_required() else field.get_default() for name, field in kind.model_fields.items()}


class Observation(Event):
    """How and when we came to see a venue's document."""

    origin: Literal["stream", "read", "list", "absence"] = Field(
        description="stream: a hint as seen; read and list: the venue's record; absence: the venue answers 404 for what it once showed"
    )
    observed_at: TimeText = Field(description="when the first byte we needed was here")
    hinted_at: TimeText | None = Field(default=None, description="when the stream's hint that led to this read was here")
    request_id: Name | None = Field(default=None, description="the venue's meta.request_id")
    stream_event_id: str | None = Field(default=None, description="the stream's last event id, when the venue gives any")


class OrderTerms(Event):
    """The terms of an order as the venue spells them."""

    source_currency: Name | None = None
    target_currency: Name | None = None
    target_amount: DecimalText | None = None
    source_amount_actual: DecimalText | None = None
    fx_rate: DecimalText | None = Field(default=None, description="source units per target unit")
    settled_at: TimeText | None = None
    sender_custodian_party_id: Name | None = None
    receiver_custodian_party_id: Name | None = None
    sender_party_id: Name | None = None
    receiver_party_id: Name | None = None


class OrderUpdated(OrderTerms):
    """A venue showed an order: a hint of its stream, or its record."""

    venue: Name
    intent_id: Name
    status: Name = Field(description="the venue's status, unknown ones included")
    side: SideName | None = Field(default=None, description="on which side we are the custodian; absent while unknown")
    transaction_hash: Name | None = None
    source_amount_max: DecimalText | None = None
    market_maker_party_id: Name | None = None
    created_at: TimeText | None = None
    expires_at: TimeText | None = None
    quote_submitted_at: TimeText | None = None
    quote_accepted_at: TimeText | None = None
    quote_valid_until: TimeText | None = None
    failure_reason: Name | None = None
    kyc_aml_ref: Name | None = None
    jurisdiction_sender: Name | None = None
    jurisdiction_receiver: Name | None = None
    left_out: tuple[Name, ...] | None = Field(
        default=None, description="fields that the document states in a form that nobody can read, and that no booking needs; absent: none"
    )
    observed: Observation
    document: str = Field(description="the venue's document, verbatim")
    document_sha256: Digest = Field(description="of the document's bytes in UTF-8")


class QuoteReceived(Event):
    """A venue showed a quote, or hinted that there is one."""

    venue: Name
    intent_id: Name
    quote_id: Name | None = Field(default=None, description="absent in a minimal hint")
    fx_rate: DecimalText | None = None
    source_amount: DecimalText | None = None
    target_amount: DecimalText | None = None
    valid_until: TimeText | None = None
    submitted_at: TimeText | None = None
    market_maker_party_id: Name | None = None
    status: Name | None = None
    observed: Observation
    document: str
    document_sha256: Digest


class OrderSettled(Event):
    """An order settled, said once per intent and transaction hash: what the books are made from."""

    venue: Name
    intent_id: Name
    transaction_hash: Name
    side: Literal["sender", "receiver", "both"]
    source_currency: Name
    target_currency: Name
    target_amount: DecimalText
    source_amount_actual: DecimalText
    fx_rate: DecimalText | None = None
    settled_at: TimeText
    sender_custodian_party_id: Name
    receiver_custodian_party_id: Name
    sender_party_id: Name | None = None
    receiver_party_id: Name | None = None
    market_maker_party_id: Name | None = None
    terms_sha256: Digest = Field(description="digest of the terms by value; the clients are among them since version 2 of it")
    observed_at: TimeText = Field(description="when the first sign of this settlement reached us")
    document_sha256: Digest = Field(description="of the venue's document that the terms were taken from")


Severity = Literal["info", "warning", "critical"]


class AlarmRaised(Event):
    """Something a person has to look at."""

    alarm_id: Name
    kind: Name
    severity: Severity
    venue: str | None = None
    subject: Name = Field(description="the intent id where it is about one, else venue or topic coordinates")
    raised_at: TimeText
    detail: dict[str, str]


class Coordinates(Event):
    """Where a record stands in Kafka."""

    topic: Name
    partition: int = Field(ge=0)
    offset: int = Field(ge=0)
    epoch: int | None = Field(
        default=None, ge=2, description="how often a topic of this name was made, with this one; absent for the first"
    )


class CutPart(Event):
    """A part of a dead record that is too large for its letter, which keeps the beginning, or what is small of it."""

    part: Literal["key", "headers"]
    size: int = Field(ge=0, description="bytes of the whole; of headers, names and values together")
    sha256: Digest = Field(description="of the whole; of headers, names and values one after the other")


class DeadLetter(Event):
    """What could not be read, with its bytes, the reason and where it came from."""

    dead_letter_id: Name
    venue: str | None = None
    origin: Literal["stream", "read"] | Coordinates
    reason: str
    sha256: Digest = Field(description="of the bytes; for a stream the data lines joined by LF before decoding")
    size: int = Field(ge=0, description="bytes")
    seen_at: TimeText
    body: str = Field(description="the bytes in base64; only the beginning of what was too large to keep")
    body_complete: bool = True
    event_type: str | None = Field(default=None, description="the stream event's type")
    headers: dict[str, str] | None = Field(default=None, description="headers of a record that came from a topic")
    key: str | None = Field(default=None, description="key of a record that came from a topic, where it is UTF-8")
    headers_base64: tuple[tuple[str, str | None], ...] | None = Field(
        default=None, description="headers in order with values in base64, where `headers` cannot say them: repeated, absent or no UTF-8"
    )
    key_base64: str | None = Field(default=None, description="key in base64, where it is no UTF-8; the beginning of one that was cut")
    cut: tuple[CutPart, ...] | None = Field(default=None, description="what was too large to be kept whole beside the body")
    requeued_from: str | None = Field(default=None, description="the dead letter this one was before it was requeued")
    first_dead_letter_id: str | None = Field(default=None, description="the first death of this record, when it has been requeued since")
    requeued_times: int | None = Field(default=None, ge=1, description="how often this record had been requeued when it died")
    requeued_at: TimeText | None = Field(default=None, description="when it was last requeued")
    requeued_by: str | None = Field(default=None, description="who requeued it last")
    requeued_reason: str | None = Field(default=None, description="why, where that was said")
