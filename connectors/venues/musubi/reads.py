"""Musubi's record: who we are, one order, lists of orders, quotes, compliance snapshots.

Promises: the verbatim document of an order is the exact bytes of its element in `data` (or of the member `data` itself); one order that
cannot be read spoils nothing but itself; malformed ids never get into a path (A-19); every list says how it is sorted (A-20) and never
leans on `updated_after` (A-27). Source: Musubi contract, sections 2.4, 3.2 to 3.5, 4.2, 4.3, 4.5, 4.7.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC
from functools import partial
from typing import Any, TypeVar

from connectors.transports.rest import PAGE, Reply, RestClient, UnreadableReplyError, VenueRefusedError
from connectors.venues.musubi import parse
from connectors.venues.musubi.compliance import parse_compliance
from connectors.venues.musubi.payloads import WHOAMI_SPELLINGS
from pipeline.domain import identifiers
from pipeline.domain.orders import Own
from pipeline.errors import ContractBreachError, PoisonRecordError, SettingsError
from pipeline.log.envelope import time_text
from pipeline.ports import HintedAt, OrderPage, OrderQuery, Reading, SchemaVersionError, Sighting, Unreadable
from schemas.events import Observation

PAGE_SIZE = 100
QUOTE_PAGES_MAX = 10
"""A thousand quotes of one order: a venue that pages on and on is broken."""
SCHEMA_VERSION = "v2"
_DATA_KEY = "data"

T = TypeVar("T")

_lenient = json.JSONDecoder()


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who the venue takes us for."""

    party_id: str


def read_json(body: bytes) -> Any:
    """Read a reply for its `meta` and `error` only; what becomes an event is read strictly, part by part."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise PoisonRecordError(f"not JSON: {type(error).__name__}") from None


async def whoami(client: RestClient, *, venue: str) -> Identity:
    """Ask the venue who we are; raise SchemaVersionError unless it speaks "v2", SettingsError when it does not let us in."""
    try:
        reply = await client.get("/api/v1/whoami")
    except VenueRefusedError as error:
        if error.status == 404:
            raise SchemaVersionError("no /api/v1/whoami (404): a backend from before schema v2") from None
        raise refusal(error, venue) from None
    data = reply.document.get(_DATA_KEY) if isinstance(reply.document, dict) else None
    if not isinstance(data, dict):
        raise SchemaVersionError("an answer of /api/v1/whoami without an object in `data`")
    fields = {WHOAMI_SPELLINGS[name]: value for name, value in data.items() if name in WHOAMI_SPELLINGS}
    found = fields.get("schema_version")
    if found != SCHEMA_VERSION:
        raise SchemaVersionError("no schema_version" if found is None else f"schema_version {str(found)[:60]!r}")
    party = fields.get("party_id")
    if not isinstance(party, str) or not party:
        raise SchemaVersionError("schema_version 'v2' without a party_id")
    return Identity(party_id=party)


def refusal(error: VenueRefusedError, venue: str) -> Exception:
    """Say what a refusal of a read means: our credentials, the address, or a request that the venue did not understand."""
    if error.status in (401, 403):
        return SettingsError(f"venues.{venue}.auth: the venue does not let us read ({error}); correct client_id and client_secret_file")
    if 300 <= error.status < 400 or error.status == 404:
        return SettingsError(f"venues.{venue}.base_url: {error}; correct the address")
    return ContractBreachError(str(error))


async def order(client: RestClient, intent_id: str, *, venue: str, own_party: Own, hinted_at: HintedAt, retry: bool = True) -> Reading:
    """Read one order; an answer of 404 is `absent`. Raise PoisonRecordError for a malformed id."""
    path = f"/api/v1/orders/{identifiers.intent_id(intent_id)}"
    try:
        reply = await client.get(path, retry=retry)
    except VenueRefusedError as error:
        if error.status == 404:
            return Reading(absent=_text(error.reply), request_id=error.reply.request_id if error.reply else None)
        raise refusal(error, venue) from None
    observed = observation(reply, "read", hinted_at(intent_id))
    body = reply.body
    try:
        body = data_of(reply.body)
        seen: Sighting | Unreadable = parse.parse_order(body, venue=venue, own_party=own_party, observed=observed)
        if isinstance(seen, Sighting) and seen.event.intent_id != intent_id:
            raise PoisonRecordError(f"asked for the order {intent_id}, got {seen.event.intent_id}")
    except PoisonRecordError as error:
        # The order's own bytes: around them each answer has another request id, and the same document would never be the same.
        seen = _unreadable(_loosely(body), body, error, reply, "order", intent_id=intent_id)
    return Reading(seen=(seen,), request_id=reply.request_id)


async def orders(client: RestClient, query: OrderQuery, *, page: int, venue: str, own_party: Own, hinted_at: HintedAt) -> OrderPage:
    """Read one page of orders; raise UnreadableReplyError when the envelope cannot be read."""
    reply = await _get(client, "/api/v1/orders", {**parameters(query), "page": page, "page_size": query.page_size}, venue)
    unannounced = observation(reply, "list", None)

    def read(body: bytes, intent: str | None) -> Sighting:
        hinted = hinted_at(intent) if intent else None
        observed = unannounced if hinted is None else observation(reply, "list", hinted)
        return parse.parse_listed_order(body, venue=venue, own_party=own_party, observed=observed)

    seen = elements_of(reply, read, event_type="order")
    total_pages, total_items = _pagination(reply)
    last = not seen or (page >= total_pages if total_pages is not None else len(seen) < query.page_size)
    return OrderPage(seen=seen, last=last, items_total=total_items)


async def quotes(client: RestClient, intent_id: str, *, venue: str, hinted_at: HintedAt, retry: bool = True) -> Reading:
    """Read all quotes of an order; 404 and refusals mean that the venue shows us none (A-17, A-28)."""
    path = f"/api/v1/orders/{identifiers.intent_id(intent_id)}/quotes"
    seen: list[Sighting | Unreadable] = []
    for page in range(1, QUOTE_PAGES_MAX + 1):
        try:
            reply = await client.get(path, {"page": page, "page_size": PAGE_SIZE}, retry=retry, bound=PAGE)
        except VenueRefusedError as error:
            if error.status in (401, 403, 404, 409):
                return Reading(absent=_text(error.reply))
            raise refusal(error, venue) from None
        observed = observation(reply, "list", hinted_at(intent_id))
        found = elements_of(
            reply,
            partial(_quote, venue=venue, observed=observed, intent_id=intent_id),
            event_type="quote",
        )
        total_pages, _ = _pagination(reply)
        if total_pages is None and _same(found, seen[-len(found) :]):
            break  # a venue that pages nothing gives the same list for every page
        seen.extend(found)
        if not found or (page >= total_pages if total_pages is not None else len(found) < PAGE_SIZE):
            break
    return Reading(seen=seen)


def _same(one: Sequence[Sighting | Unreadable], other: Sequence[Sighting | Unreadable]) -> bool:
    def ids(page: Sequence[Sighting | Unreadable]) -> list[object]:
        return [seen.ce_id if isinstance(seen, Sighting) else seen.body for seen in page]

    return bool(one) and ids(one) == ids(other)


async def compliance(client: RestClient, intent_id: str, *, venue: str) -> Reading:
    """Read the compliance snapshot of an order; 404 and refusals mean that there is none for us (A-26, A-30).

    Asked once: when to ask again is for the caller to say, who has other snapshots to read meanwhile.
    """
    path = f"/api/v1/compliance/orders/{identifiers.intent_id(intent_id)}"
    try:
        reply = await client.get(path, retry=False)
    except VenueRefusedError as error:
        if error.status in (403, 404, 409, 410):
            return Reading(absent=_text(error.reply))
        raise refusal(error, venue) from None
    try:
        body = data_of(reply.body)
        seen: Sighting | Unreadable = parse_compliance(body, venue=venue, observed=observation(reply, "read", None), intent_id=intent_id)
    except PoisonRecordError as error:
        seen = Unreadable(origin="read", body=reply.body, reason=error.reason, seen_at=reply.received_at, event_type="compliance")
    return Reading(seen=(seen,), request_id=reply.request_id)


def _quote(body: bytes, _: str | None, *, venue: str, observed: Observation, intent_id: str) -> Sighting:
    return parse.parse_quote(body, venue=venue, observed=observed, intent_id=intent_id)


def parameters(query: OrderQuery) -> dict[str, str]:
    """Write a query as the venue's parameters; seconds are what it surely understands, so `created_after` is cut to them."""
    written = {"sort_by": query.sort_by, "sort_order": "desc" if query.descending else "asc"}
    if query.statuses:
        written["status"] = ",".join(sorted(query.statuses))
    if query.created_after is not None:
        written["created_after"] = query.created_after.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return written


def observation(reply: Reply, origin: Any, hinted_at: str | None) -> Observation:
    """Say how a reply came to us."""
    return Observation(
        origin=origin, observed_at=time_text(reply.received_at), hinted_at=hinted_at, request_id=(reply.request_id or "")[:512] or None
    )


def data_of(body: bytes) -> bytes:
    """Return the exact bytes of the member `data`; raise PoisonRecordError when there is no such object."""
    text = body.decode("utf-8", "surrogateescape")
    _, start, end = _data(text, _value)
    return text[start:end].encode("utf-8", "surrogateescape")


def elements_of(reply: Reply, read: Callable[[bytes, str | None], Sighting], *, event_type: str) -> list[Sighting | Unreadable]:
    """Read each element of the array `data` by itself; raise UnreadableReplyError when there is no such array."""
    try:
        parts = split(reply.body)
    except PoisonRecordError as error:
        raise UnreadableReplyError(f"a page of a list is unreadable: {error.reason}", reply=reply) from None
    seen: list[Sighting | Unreadable] = []
    for value, body in parts:
        intent = _intent_of(value)
        try:
            seen.append(read(body, intent))
        except PoisonRecordError as error:
            seen.append(_unreadable(value, body, error, reply, event_type))
    return seen


def _unreadable(
    value: Any, body: bytes, error: PoisonRecordError, reply: Reply, event_type: str, *, intent_id: str | None = None
) -> Unreadable:
    """Return what could not be read, with what a loose reading makes of it."""
    status = value.get("status") if isinstance(value, dict) else None
    return Unreadable(
        origin="read",
        body=body,
        reason=error.reason,
        seen_at=reply.received_at,
        event_type=event_type,
        intent_id=intent_id or _intent_of(value),
        status=status if isinstance(status, str) else None,
    )


def _loosely(body: bytes) -> Any:
    try:
        return _lenient.decode(body.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return None


def split(body: bytes) -> list[tuple[Any, bytes]]:
    """Return the elements of the array `data`, loosely read, with the exact bytes of each; raise PoisonRecordError.

    The walk is lenient on purpose: one element with a duplicate key or NaN must not hide the others. Each is read strictly afterwards.
    """
    parts, _, _ = _data(body.decode("utf-8", "surrogateescape"), _elements)
    return parts


def _data(text: str, read: Callable[[str, int], tuple[T, int]]) -> tuple[T, int, int]:
    """Return the value of the top-level member `data` as `read` takes it, and where it begins and ends; raise PoisonRecordError."""
    at = _skip(text, 0)
    if text[at : at + 1] != "{":
        raise PoisonRecordError("a reply that is no JSON object")
    found: tuple[T, int, int] | None = None
    at = _skip(text, at + 1)
    while text[at : at + 1] not in ("}", ""):
        name, at = _value(text, at)
        at = _skip(text, at)
        if text[at : at + 1] != ":":
            raise PoisonRecordError("not JSON: a key without a value")
        start = _skip(text, at + 1)
        if name == _DATA_KEY:
            if found is not None:
                raise PoisonRecordError("duplicate key in JSON: 'data'")
            value, at = read(text, start)
            found = (value, start, at)
        else:
            _, at = _value(text, start)
        at = _skip(text, at)
        if text[at : at + 1] == ",":
            at = _skip(text, at + 1)
    if found is None:
        raise PoisonRecordError("a reply without `data`")
    return found


def _elements(text: str, start: int) -> tuple[list[tuple[Any, bytes]], int]:
    """Return the elements of the array that begins at `start` with their bytes, and where it ends; raise PoisonRecordError."""
    if text[start : start + 1] != "[":
        raise PoisonRecordError("no array in `data`")
    parts: list[tuple[Any, bytes]] = []
    at = _skip(text, start + 1)
    if text[at : at + 1] == "]":
        return parts, at + 1
    while True:
        value, stop = _value(text, at)
        parts.append((value, text[at:stop].encode("utf-8", "surrogateescape")))
        at = _skip(text, stop)
        if text[at : at + 1] == "]":
            return parts, at + 1
        if text[at : at + 1] != ",":
            raise PoisonRecordError(f"not JSON: an array that does not go on at character {at}")
        at = _skip(text, at + 1)


def _value(text: str, at: int) -> tuple[Any, int]:
    try:
        return _lenient.raw_decode(text, at)
    except (ValueError, RecursionError) as error:
        raise PoisonRecordError(f"not JSON: {type(error).__name__} at character {at}") from None


def _skip(text: str, at: int) -> int:
    while text[at : at + 1] in (" ", "\n", "\r", "\t"):
        at += 1
    return at


def _intent_of(value: Any) -> str | None:
    if not isinstance(value, dict):
        return None
    try:
        return identifiers.intent_id(value.get("intent_id", value.get("intentId")))
    except PoisonRecordError:
        return None


def _pagination(reply: Reply) -> tuple[int | None, int | None]:
    """Return total pages and total items where the venue says them; tolerate their absence (A-16)."""
    pagination = reply.document.get("pagination") if isinstance(reply.document, dict) else None
    if not isinstance(pagination, dict):
        return None, None

    def count(*names: str) -> int | None:
        value = next((pagination[name] for name in names if name in pagination), None)
        return value if isinstance(value, int) and not isinstance(value, bool) else None

    return count("total_pages", "totalPages"), count("total_items", "totalItems")


def _text(reply: Reply | None) -> str:
    return "" if reply is None else reply.body[:65_536].decode("utf-8", "replace")


async def _get(client: RestClient, path: str, params: Mapping[str, str | int], venue: str) -> Reply:
    try:
        return await client.get(path, params, bound=PAGE)
    except VenueRefusedError as error:
        raise refusal(error, venue) from None
