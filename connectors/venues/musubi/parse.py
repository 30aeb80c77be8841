"""Musubi's bytes to our events: pure, strict about what two readers could read in two ways, liberal about the rest.

Promises: amounts stay as the venue spells them, times become RFC 3339 in UTC, the document is kept verbatim with its SHA-256, unknown
fields and unknown statuses are kept, `null` and empty texts count as absent, and so do times at the ends of the calendar, as programs write
"unset" and "never". A remark that cannot be read is left out by name; a term that cannot be read raises PoisonRecordError with a reason for
people (`payloads` tells which is which).
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
    PROPOSAL_TERMS,
    QUOTE_REMARKS,
    QUOTE_SPELLINGS,
    TEXT_LENGTH_MAX,
    OrderPayload,
    Payload,
    QuotePayload,
)
from pipeline.domain import identifiers
from pipeline.domain.lifecycle import PENDING, SETTLED
from pipeline.domain.moments import EARLIEST, LATEST
from pipeline.domain.money import canonical_amount, parse_amount
from pipeline.domain.orders import CLIENTS, REQUIRED_FOR_BOOKING, Own, side_of, unnamed_clients
from pipeline.domain.quotes import said_by_status
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
_ORDER_TERM_TEXTS = ("source_currency", "target_currency", "sender_custodian_party_id", "receiver_custodian_party_id", *CLIENTS)
_PAST_DECIDING = ORDER_REMARKS | PROPOSAL_TERMS
_REQUIRED = frozenset(REQUIRED_FOR_BOOKING)
_SPELLINGS: Mapping[type[Payload], Mapping[str, str]] = {OrderPayload: ORDER_SPELLINGS, QuotePayload: QUOTE_SPELLINGS}
_QUOTE_AMOUNTS = ("fx_rate", "source_amount", "target_amount")
_QUOTE_TIMES = ("valid_until", "submitted_at")

_MEMBERS_MAX = 64
"""Members of a document whose shape is remembered: twice as many as a record has."""

_EARLIEST_TEXT, _LATEST_TEXT = time_text(EARLIEST), time_text(LATEST)
"""The bounds of `moments` in canonical spelling, which sorts as the moments do."""

_NOT_OBSERVED = Observation(origin="list", observed_at="1970-01-01T00:00:00Z")

Ev = TypeVar("Ev", OrderUpdated, QuoteReceived)


def parse_frame(kind: str, body: bytes, *, venue: str, own_party: Own, observed: Observation) -> Sighting | None:
    """Return what a stream frame shows; None for heartbeats and event types that nobody knows.

    Raise PoisonRecordError saying why a known type cannot be read.
    """
    if kind == ORDER_UPDATED:
        return parse_order(body, venue=venue, own_party=own_party, observed=observed)
    if kind == QUOTE_RECEIVED:
        return parse_quote(body, venue=venue, observed=observed)
    return None


def parse_order(body: bytes, *, venue: str, own_party: Own, observed: Observation) -> Sighting:
    """Return the order that `body` holds, wrapped in `data` or not; raise PoisonRecordError."""
    fields, left_out = _read_fields(OrderPayload, _document(body), _ORDER_AMOUNTS, _order_remarks)
    amounts, times, texts = _order_names(tuple(fields))
    given = fields.get
    intent_id = fields["intent_id"] = identifiers.intent_id(fields["intent_id"])
    status, transaction_hash = fields["status"], given("transaction_hash")
    remarks = _order_remarks(status)
    stated: dict[str, str] = {}
    for name in amounts:
        try:
            canonical = canonical_amount(fields[name], name)
        except PoisonRecordError as error:
            _leave_out(error, fields, name, remarks, left_out)
            continue
        if name in _ORDER_TERM_AMOUNTS:
            stated[name] = canonical
    for name in times:
        canonical_time = _read_moment(fields, name, remarks, left_out)
        if canonical_time is not None and name == "settled_at":
            stated[name] = canonical_time
    for name in texts:
        if name in CLIENTS and fields[name].isspace():  # nobody is called so
            del fields[name]
            left_out.append(name)
        else:
            stated[name] = fields[name]
    side = fields["side"] = side_of(own_party, given("sender_custodian_party_id"), given("receiver_custodian_party_id"))
    complete = status == SETTLED and transaction_hash is not None and stated.keys() >= _REQUIRED and not unnamed_clients(side, stated)
    if left_out:
        fields["left_out"] = tuple(sorted(left_out))
    ce_id = order_updated_id(venue, intent_id, status, transaction_hash, stated, side)
    return Sighting(ce_id=ce_id, event=_event(OrderUpdated, fields, venue, observed, body), complete=complete)


def parse_listed_order(body: bytes, *, venue: str, own_party: Own, observed: Observation) -> Sighting:
    """Do as `parse_order`, for pages of which most orders were on the page before: bytes that are the same are read once."""
    sighting = _listed_order(body, venue, own_party)
    return replace(sighting, event=sighting.event.model_copy(update={"observed": observed}))


@lru_cache(maxsize=1_000)  # ten pages, some 4 MB
def _listed_order(body: bytes, venue: str, own_party: Own) -> Sighting:
    return parse_order(body, venue=venue, own_party=own_party, observed=_NOT_OBSERVED)


def parse_quote(body: bytes, *, venue: str, observed: Observation, intent_id: str | None = None) -> Sighting:
    """Return the quote that `body` holds; `intent_id` is that of the path it was read from. Raise PoisonRecordError."""
    fields, left_out = _read_fields(QuotePayload, _document(body), _QUOTE_AMOUNTS, _quote_remarks, intent_id=intent_id)
    fields["intent_id"] = identifiers.intent_id(fields["intent_id"])
    if "quote_id" in fields:
        fields["quote_id"] = identifiers.quote_id(fields["quote_id"])
    if intent_id is not None and fields["intent_id"] != intent_id:
        raise PoisonRecordError(f"a quote of {fields['intent_id']} among the quotes of {intent_id}")
    stated = {name: canonical_amount(fields[name], name) for name in _QUOTE_AMOUNTS if name in fields}
    for name in _QUOTE_TIMES:
        if name in fields:
            canonical = _read_moment(fields, name, QUOTE_REMARKS, left_out)
            if canonical is not None and name == "valid_until":
                stated[name] = canonical
    if (said := said_by_status(fields.get("status"))) is not None:
        stated["status"] = said
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


def _read_moment(fields: dict[str, Any], name: str, remarks: Collection[str], left_out: list[str]) -> str | None:
    """Put a time as RFC 3339 into the place of its text and return its canonical spelling; None where it is taken out.

    Raise PoisonRecordError when it is no time, and no remark either. At the ends of the calendar nothing is meant.
    """
    try:
        text, canonical = read_time(fields[name], name)
    except PoisonRecordError as error:
        _leave_out(error, fields, name, remarks, left_out)
        return None
    if not _EARLIEST_TEXT <= canonical < _LATEST_TEXT:
        del fields[name]
        return None
    fields[name] = text
    return canonical


def _leave_out(error: PoisonRecordError, fields: dict[str, Any], name: str, remarks: Collection[str], left_out: list[str]) -> None:
    """Take out a remark that led to an error, noting its name; raise the error when it is no remark."""
    if name not in remarks:
        raise error
    del fields[name]
    left_out.append(name)


def _order_remarks(status: object) -> Collection[str]:
    """Return what an order in this status is read without."""
    return ORDER_REMARKS if status == PENDING else _PAST_DECIDING


def _quote_remarks(_: object) -> Collection[str]:
    return QUOTE_REMARKS


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
    model: type[Payload],
    document: Mapping[str, Any],
    amounts: Collection[str],
    remarks: Callable[[object], Collection[str]],
    *,
    intent_id: str | None = None,
) -> tuple[dict[str, Any], list[str]]:
    """Return the fields that a document states, each a text of bounded length, and the names of remarks that are none.

    `remarks` tells by the status what a document is read without; `intent_id` is for one that does not name it itself.
    Raise PoisonRecordError.
    """
    fields, left_out = _plain_fields(model, document), list[str]()
    if fields is None:
        fields, twice = _fields(document, _SPELLINGS[model])
        if intent_id is not None:
            fields.setdefault("intent_id", intent_id)
        left_out = _check(model, fields, twice, amounts, remarks(fields.get("status")))
    return fields, left_out


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


def _fields(document: Mapping[str, Any], spellings: Mapping[str, str]) -> tuple[dict[str, Any], set[str]]:
    """Return the fields that are stated, and the names of those that are stated twice, with different values."""
    fields: dict[str, Any] = {}
    twice: set[str] = set()
    for spelled, value in document.items():
        name = spellings.get(spelled)
        if name is None or value is None or value == "":
            continue
        if name in fields and fields[name] != value:
            twice.add(name)
        fields[name] = value
    return fields, twice


def _check(model: type[Payload], fields: dict[str, Any], twice: set[str], amounts: Collection[str], remarks: Collection[str]) -> list[str]:
    """Read the fields by the model; take out remarks that are wrong and return their names, what is wrong with anything else is poison."""
    for name in sorted(twice - set(remarks)):
        raise PoisonRecordError(f"{name} is spelled in two ways with different values")
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
    left_out = sorted(wrong | twice)
    for name in left_out:
        value = fields[name]
        if name not in remarks:
            if name in amounts:
                parse_amount(value, name)
            raise PoisonRecordError(_explained(name, value))
        del fields[name]
    return left_out


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
