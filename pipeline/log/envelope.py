"""CloudEvents 1.0 in the Kafka binding's binary mode: attributes as headers, the event itself as the value.

Ids are derived from what an event says, never drawn by chance: the same fact, seen again by stream or by read or after a crash, has the
same id. Source: CloudEvents 1.0.2, Kafka protocol binding 3.2; W3C Trace Context for `traceparent`.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from functools import cache, lru_cache
from typing import Literal

from msgspec import Struct

from pipeline.domain.moments import is_moment
from pipeline.errors import PoisonRecordError
from pipeline.log.topics import BY_CE_TYPE, EventType

Headers = list[tuple[str, bytes]]


class Passed(Struct, frozen=True, gc=False):
    """Why an offset of the log has no record: a mark that ends a transaction stands there, or what a transaction took back."""

    kind: Literal["control", "aborted"]
    last: int
    """The last offset of the batch that it stands in."""


class Record(Struct, frozen=True, kw_only=True, gc=False):
    """A record as it stands in Kafka; where `passed` is set there is none, and `value` is the batch of the log that stands there."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes
    headers: Headers
    timestamp_ms: int = 0
    passed: Passed | None = None
    epoch: int = 1
    """How often a topic of this name was made, with the one that the record is in: without it the rest is no place (decision 0020)."""


class Envelope(Struct, frozen=True, kw_only=True, gc=False):
    """What is said about an event beside the event."""

    id: str
    kind: EventType
    source: str
    subject: str
    time: datetime
    correlation_id: str
    causation_id: str | None = None


class Outgoing(Struct, frozen=True, kw_only=True, gc=False):
    """An event ready to be produced; the topic's prefix is put on by whoever produces it."""

    envelope: Envelope
    key: str
    value: bytes

    def headers(self) -> Headers:
        """Return the Kafka headers of this event."""
        return to_headers(self.envelope)


def derive_id(*facts: str | None) -> str:
    """Derive an event id from what the event says: equal facts, equal id."""
    try:
        joined = "\x1e".join(facts)  # type: ignore[arg-type]
    except TypeError:
        joined = "\x1e".join(["\x00" if fact is None else fact for fact in facts])
    return hashlib.sha256(joined.encode()).hexdigest()[:32]


def correlation_of(venue: str | None, subject: str) -> str:
    """Return the id that all events about one subject of one venue share."""
    return derive_id("correlation", venue or "", subject)


def traceparent(correlation_id: str, event_id: str) -> str:
    """Return a W3C traceparent: the trace is the correlation, the span is the event."""
    return f"00-{correlation_id}-{event_id[:16]}-01"


def to_headers(envelope: Envelope) -> Headers:
    """Write the attributes of an event as Kafka headers."""
    event_id, correlation_id = envelope.id, envelope.correlation_id
    headers: Headers = [
        *_constant_headers(envelope.kind),
        ("ce_id", event_id.encode()),
        ("ce_source", envelope.source.encode()),
        ("ce_subject", envelope.subject.encode()),
        ("ce_time", time_text(envelope.time).encode()),
        ("ce_correlationid", correlation_id.encode()),
        ("traceparent", traceparent(correlation_id, event_id).encode()),
    ]
    if envelope.causation_id is not None:
        headers.append(("ce_causationid", envelope.causation_id.encode()))
    return headers


@cache
def _constant_headers(kind: EventType) -> Headers:
    """Return the headers that all events of a kind share."""
    return [
        ("ce_specversion", b"1.0"),
        ("ce_type", kind.ce_type.encode()),
        ("ce_dataschema", kind.dataschema.encode()),
        ("content-type", b"application/json"),
    ]


def header(headers: Headers, name: str) -> str | None:
    """Return the first header of that name as text, or None."""
    for key, value in headers:
        if key == name:
            return value.decode("utf-8", "replace") if value is not None else None
    return None


def from_headers(headers: Headers) -> Envelope:
    """Read the attributes of an event; raise PoisonRecordError naming what is missing or unknown."""
    given = {key: value for key, value in headers if value is not None}
    try:
        ce_type = _text(given["ce_type"], "ce_type")
        kind = BY_CE_TYPE.get(ce_type)
        if kind is None:
            raise PoisonRecordError(f"unknown ce_type {ce_type[:80]!r}")
        event_id, subject = _text(given["ce_id"], "ce_id"), _text(given["ce_subject"], "ce_subject")
        correlation_id, causation_id = given.get("ce_correlationid"), given.get("ce_causationid")
        return Envelope(
            id=event_id,
            kind=kind,
            source=_text(given["ce_source"], "ce_source"),
            subject=subject,
            time=parse_time(_text(given["ce_time"], "ce_time"), "ce_time"),
            correlation_id=correlation_of(None, subject) if correlation_id is None else _text(correlation_id, "ce_correlationid"),
            causation_id=None if causation_id is None else _text(causation_id, "ce_causationid"),
        )
    except KeyError as error:
        raise PoisonRecordError(f"the record has no header {error.args[0]}: it is no CloudEvent in binary mode") from None


ATTRIBUTE_SIZE_MAX = 2048
"""Bytes of an attribute: 512 characters of any script. It is remembered and repeated in what follows, so it has a bound as values have."""


def _text(value: bytes, name: str) -> str:
    if len(value) > ATTRIBUTE_SIZE_MAX:
        raise PoisonRecordError(f"the header {name} has {len(value)} bytes, over {ATTRIBUTE_SIZE_MAX}")
    return value.decode("utf-8", "replace")


def time_text(at: datetime) -> str:
    """Write an aware time as RFC 3339 in UTC with microseconds."""
    # In another zone two times that compare equal may be an hour apart (its clocks were set back), so only UTC is remembered.
    return _utc_text(at) if at.tzinfo is UTC else _utc_text(at.astimezone(UTC))


@lru_cache(maxsize=64)  # events that came together share their time, and it is written several times for each
def _utc_text(at: datetime) -> str:
    return at.isoformat(timespec="microseconds")[:-6] + "Z"


def parse_time(text: object, name: str) -> datetime:
    """Read an RFC 3339 time with a zone, in UTC; raise PoisonRecordError naming `name`, also where it is no `moment`."""
    at = moment(text, name)
    if at is None:
        raise PoisonRecordError(f"{name} lies beyond every time that can be meant: {str(text)[:60]!r}")
    return at


def moment(text: object, name: str) -> datetime | None:
    """Read a time like `parse_time`; None for the ends of the calendar, which stand for "unset" and "never" and count as not stated."""
    if not isinstance(text, str):
        raise PoisonRecordError(f"{name} is {type(text).__name__}, not an ISO 8601 time")
    try:
        at = datetime.fromisoformat(text)
        if at.tzinfo is None:
            raise PoisonRecordError(f"{name} has no time zone: {text[:60]!r}")
        at = at if at.tzinfo is UTC else at.astimezone(UTC)
    except OverflowError:  # years 1 and 9999 with a zone may lie beyond what a datetime holds in UTC
        return None
    except ValueError:
        raise PoisonRecordError(f"{name} is no ISO 8601 time: {text[:60]!r}") from None
    return at if is_moment(at) else None
