"""Musubi's bytes to our events: pure, strict about what two readers could read in two ways, liberal about the rest.

Promises: amounts stay as the venue spells them, times become RFC 3339 in UTC, the document is kept verbatim with its SHA-256, unknown
fields and unknown statuses are kept, `null` and empty texts count as absent. What cannot be read raises PoisonRecordError with a reason
for people.
Source: Musubi contract, sections 3.6, 4.1, 4.5, 5.3 and the client column of section 7.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from operator import itemgetter
from typing import Any, TypeVar

from pydantic import ValidationError

from connectors.venues.musubi.payloads import (
    ORDER_REMARKS,
    ORDER_SPELLINGS,
    QUOTE_REMARKS,
    QUOTE_SPELLINGS,
    TEXT_LENGTH_MAX,
    OrderPayload,
    Payload,
    QuotePayload,
)
from pipeline.domain import identifiers
from pipeline.domain.lifecycle import SETTLED
from pipeline.domain.money import canonical_amount, parse_amount
from pipeline.domain.orders import REQUIRED_FOR_BOOKING, side_of
from pipeline.errors import PoisonRecordError
from pipeline.log import strict_json
from pipeline.log.envelope import time_text
from pipeline.log.identities import order_updated_id, quote_received_id
from pipeline.ports import Sighting
from schemas.events import Observation, OrderUpdated, QuoteReceived

ORDER_UPDATED = "order_updated"
QUOTE_RECEIVED = "quote_received"
HEARTBEAT = "heartbeat"

DOCUMENT_SIZE_MAX = strict_json.SIZE_MAX
"""Bytes of one order or quote, from whichever side it comes."""

_UTC_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.(\d{1,9}))?Z", re.ASCII)
_ORDER_AMOUNTS = ("target_amount", "source_amount_actual", "fx_rate", "source_amount_max")
_ORDER_TIMES = ("settled_at", "created_at", "expires_at", "quote_submitted_at", "quote_accepted_at", "quote_valid_until")
_ORDER_TERM_AMOUNTS = frozenset(_ORDER_AMOUNTS[:3])
_ORDER_TERM_TEXTS = ("source_currency", "target_currency", "sender_custodian_party_id", "receiver_custodian_party_id")
_REQUIRED = frozenset(REQUIRED_FOR_BOOKING)
_SPELLINGS: Mapping[type[Payload], Mapping[str, str]] = {OrderPayload: ORDER_SPELLINGS, QuotePayload: QUOTE_SPELLINGS}
_QUOTE_AMOUNTS = ("fx_rate", "source_amount", "target_amount")
_QUOTE_TIMES = ("valid_until", "submitted_at")

_MEMBERS_MAX = 64
"""Members of a document whose shape is remembered: twice as many as a record has."""

_NOT_OBSERVED = Observation(origin="list", observed_at="1970-01-01T00:00:00Z")

Ev = TypeVar("Ev", OrderUpdated, QuoteReceived)


def parse_frame(kind: str, body: bytes, *, venue: str, own_party: str | None, observed: Observation) -> Sighting | None:
    """Return what a stream frame shows; None for heartbeats and event types that nobody knows.

    Raise PoisonRecordError saying why a known type cannot be read.
    """
    if kind == ORDER_UPDATED:
        return parse_order(body, venue=venue, own_party=own_party, observed=observed)
    if kind == QUOTE_RECEIVED:
        return parse_quote(body, venue=venue, observed=observed)
    return None


def parse_order(body: bytes, *, venue: str, own_party: str | None, observed: Observation) -> Sighting:
    """Return the order that `body` holds, wrapped in `data` or not; raise PoisonRecordError."""
    fields = _read_fields(OrderPayload, _document(body), _ORDER_AMOUNTS, ORDER_REMARKS)
    amounts, times, texts = _order_names(tuple(fields))
    given = fields.get
    intent_id = fields["intent_id"] = identifiers.intent_id(fields["intent_id"])
    status, transaction_hash = fields["status"], given("transaction_hash")
    stated: dict[str, str] = {}
    for name in amounts:
        canonical = canonical_amount(fields[name], name)
        if name in _ORDER_TERM_AMOUNTS:
            stated[name] = canonical
    for name in times:
        fields[name], canonical = read_time(fields[name], name)
        if name == "settled_at":
            stated[name] = canonical
    for name in texts:
        stated[name] = fields[name]
    complete = status == SETTLED and transaction_hash is not None and stated.keys() >= _REQUIRED
    fields["side"] = side_of(own_party, given("sender_custodian_party_id"), given("receiver_custodian_party_id"))
    ce_id = order_updated_id(venue, intent_id, status, transaction_hash, stated)
    return Sighting(ce_id=ce_id, event=_event(OrderUpdated, fields, venue, observed, body), complete=complete)


def parse_listed_order(body: bytes, *, venue: str, own_party: str | None, observed: Observation) -> Sighting:
    """Do as `parse_order`, for pages of which most orders were on the page before: bytes that are the same are read once."""
    sighting = _listed_order(body, venue, own_party)
    return replace(sighting, event=sighting.event.model_copy(update={"observed": observed}))


@lru_cache(maxsize=1_000)  # ten pages, some 4 MB
def _listed_order(body: bytes, venue: str, own_party: str | None) -> Sighting:
    return parse_order(body, venue=venue, own_party=own_party, observed=_NOT_OBSERVED)


def parse_quote(body: bytes, *, venue: str, observed: Observation, intent_id: str | None = None) -> Sighting:
    """Return the quote that `body` holds; `intent_id` is that of the path it was read from. Raise PoisonRecordError."""
    fields = _read_fields(QuotePayload, _document(body), _QUOTE_AMOUNTS, QUOTE_REMARKS, intent_id=intent_id)
    fields["intent_id"] = identifiers.intent_id(fields["intent_id"])
    if "quote_id" in fields:
        fields["quote_id"] = identifiers.quote_id(fields["quote_id"])
    if intent_id is not None and fields["intent_id"] != intent_id:
        raise PoisonRecordError(f"a quote of {fields['intent_id']} among the quotes of {intent_id}")
    stated = {name: canonical_amount(fields[name], name) for name in _QUOTE_AMOUNTS if name in fields}
    for name in _QUOTE_TIMES:
        if name in fields:
            fields[name], canonical = read_time(fields[name], name)
            if name == "valid_until":
                stated[name] = canonical
    ce_id = quote_received_id(venue, fields["intent_id"], fields.get("quote_id"), stated)
    complete = "quote_id" in fields and "fx_rate" in stated and "valid_until" in stated
    return Sighting(ce_id=ce_id, event=_event(QuoteReceived, fields, venue, observed, body), complete=complete)


def read_time(text: str, name: str) -> tuple[str, str]:
    """Return a time as RFC 3339 in UTC, as given where it is that already, and in canonical microseconds; raise PoisonRecordError."""
    try:
        at = datetime.fromisoformat(text)
        if at.tzinfo is None:
            raise PoisonRecordError(f"{name} has no time zone: {text[:60]!r}")
        match = _UTC_TIME.fullmatch(text)
        if match is None:
            utc = time_text(at.astimezone(UTC))
            return utc, utc
    except (ValueError, OverflowError):
        raise PoisonRecordError(f"{name} is no ISO 8601 time: {text[:60]!r}") from None
    return text, f"{text[:19]}.{(match[1] or '')[:6]:0<6}Z"


def _document(body: bytes) -> dict[str, Any]:
    """Read a JSON object; unwrap `data` when that is where the order is (A-02)."""
    document = strict_json.loads(body, size_max=DOCUMENT_SIZE_MAX)
    if not isinstance(document, dict):
        raise PoisonRecordError(f"a JSON {_json_kind(document)}, not an object")
    inner = document.get("data")
    if isinstance(inner, dict) and "intentId" not in document and "intent_id" not in document:
        return inner
    return document


@dataclass(frozen=True, slots=True)
class _Shape:
    """Which fields the documents with certain members state, found once for all that look alike."""

    names: tuple[str, ...]
    pick: Callable[[Mapping[str, Any]], tuple[Any, ...]]


@lru_cache(maxsize=64)
def _shape(model: type[Payload], members: tuple[str, ...]) -> _Shape | None:
    """Return the shape of documents with these members; None when that is not enough to read them."""
    spellings = _SPELLINGS[model]
    known = [member for member in members if member in spellings]
    names = tuple(spellings[member] for member in known)
    required = {name for name, field in model.model_fields.items() if field.is_required()}
    if len(names) < 2 or len(set(names)) < len(names) or not required <= set(names):
        return None
    return _Shape(names, itemgetter(*known))


@lru_cache(maxsize=64)
def _order_names(names: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """Return which of the fields of an order are amounts, times, and terms of another kind."""
    amounts, times, texts = ([name for name in kind if name in names] for kind in (_ORDER_AMOUNTS, _ORDER_TIMES, _ORDER_TERM_TEXTS))
    return tuple(amounts), tuple(times), tuple(texts)


def _read_fields(
    model: type[Payload], document: Mapping[str, Any], amounts: Collection[str], remarks: Collection[str], *, intent_id: str | None = None
) -> dict[str, Any]:
    """Return the fields that a document states, each a text of bounded length; `intent_id` where it does not name one itself.

    Raise PoisonRecordError.
    """
    fields = _plain_fields(model, document)
    if fields is None:
        fields = _fields(document, _SPELLINGS[model])
        if intent_id is not None:
            fields.setdefault("intent_id", intent_id)
        _check(model, fields, amounts, remarks)
    return fields


def _plain_fields(model: type[Payload], document: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the fields of a document in which each known member is a text that nothing is wrong with; None when somebody has to look."""
    shape = _shape(model, tuple(document)) if len(document) <= _MEMBERS_MAX else None
    if shape is None:
        return None
    values = shape.pick(document)
    try:
        text = "".join(values)
    except TypeError:
        return None
    if not all(values) or not text.isprintable() or (len(text) > TEXT_LENGTH_MAX and max(map(len, values)) > TEXT_LENGTH_MAX):
        return None
    return dict(zip(shape.names, values, strict=True))


def _fields(document: Mapping[str, Any], spellings: Mapping[str, str]) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for spelled, value in document.items():
        name = spellings.get(spelled)
        if name is None or value is None or value == "":
            continue
        if name in fields and fields[name] != value:
            raise PoisonRecordError(f"{name} is spelled in two ways with different values")
        fields[name] = value
    return fields


def _check(model: type[Payload], fields: dict[str, Any], amounts: Collection[str], remarks: Collection[str]) -> None:
    """Read the fields by the model; what is wrong with a remark leaves it out, what is wrong with anything else is poison."""
    try:
        model.model_validate(fields)
        wrong = {name for name, value in fields.items() if not value.isprintable()}
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
        missing = [str(one["loc"][0]) for one in found if one["type"] == "missing"]
        if missing:
            raise PoisonRecordError(f"{missing[0]} is missing") from None
        wrong = {str(one["loc"][0]) for one in found}
        wrong |= {name for name, value in fields.items() if isinstance(value, str) and not value.isprintable()}
    for name in sorted(wrong):
        value = fields[name]
        if name in amounts:
            parse_amount(value, name)
        if name not in remarks:
            raise PoisonRecordError(_explained(name, value))
        del fields[name]


def _explained(name: str, value: object) -> str:
    if not isinstance(value, str):
        return f"{name} is a JSON {_json_kind(value)}, not text"
    if len(value) > TEXT_LENGTH_MAX:
        return f"{name} has {len(value)} characters, over {TEXT_LENGTH_MAX}"
    return f"{name} has control characters"


def _json_kind(value: object) -> str:
    match value:
        case bool():
            return "boolean"
        case int() | Decimal():
            return "number"
        case str():
            return "string"
        case list():
            return "array"
        case dict():
            return "object"
        case _:
            return "null"


def _event(kind: type[Ev], fields: dict[str, Any], venue: str, observed: Observation, body: bytes) -> Ev:
    fields["venue"] = venue
    fields["observed"] = observed
    fields["document"] = body.decode()
    fields["document_sha256"] = hashlib.sha256(body).hexdigest()
    return kind.trusted(fields)  # each field was read above, and more strictly than the event asks
