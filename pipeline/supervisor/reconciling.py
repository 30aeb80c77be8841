"""One comparison of a venue's record with the books, run by `custodian reconcile venue` or by the schedule."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import timedelta

from connectors.sinks.accounting_ledger import reads
from pipeline.clock import Clock
from pipeline.domain.lifecycle import SETTLED
from pipeline.errors import SettingsError
from pipeline.log.codec import terms_of
from pipeline.log.envelope import derive_id, time_text
from pipeline.ports import OrderQuery, SchemaVersionError, Sighting, Unreadable, VenueConnector
from pipeline.reconcile.settlements import AtVenue, Break, InBooks, Kind, compare, unexplained, unreadable
from pipeline.settings import Settings
from pipeline.stores import breaks as stored
from pipeline.stores.postgres import Connection
from pipeline.wiring import venue as venue_of
from schemas.events import OrderUpdated

Progress = Callable[[int, int | None], None]
"""Told how many settled orders were read, and how many there are where the venue says so."""
Connect = Callable[[], AbstractContextManager[Connection]]
"""Lends an autocommit connection."""


def unwatched(_done: int, _total: int | None) -> None:
    """Take note of progress and do nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a run over one venue came to."""

    at_venue: int
    expected: int
    in_books: int
    opened: int
    seen_again: int
    resolved: int
    left: int
    """Found again exactly as a person had resolved them: they stay so."""


@dataclass(slots=True)
class _Listing:
    """The venue's record of settled orders, as far as it could be read."""

    records: dict[str, AtVenue] = field(default_factory=dict)
    unreadable: dict[str, Break] = field(default_factory=dict)
    """By the id of the break: an order that is listed and then read by name is one."""


def reconcile_venue(
    loaded: Settings, name: str, clock: Clock, *, grace: timedelta, connect: Connect, progress: Progress = unwatched
) -> Outcome:
    """Run one comparison and store its breaks; raise RetryableError when the venue does not answer: then nothing is stored."""
    listing_, booked = asyncio.run(_gather(loaded, name, clock, connect, progress))
    now = clock.now()
    records = list(listing_.records.values())
    unread = list(listing_.unreadable.values())
    intents = {each.intent_id for each in unread if each.intent_id is not None}
    found = compare(name, records, booked, now=now, grace=grace, scales=loaded.currencies.scales(), unread=intents) + unread
    run_id = derive_id("reconcile venue", name, time_text(now))
    with connect() as connection:
        counted = stored.store(connection, venue=name, run_id=run_id, kinds=[kind.value for kind in Kind], found=found, now=now)
    settled = [record for record in records if record.settled]
    return Outcome(
        at_venue=len(settled),
        expected=sum(record.side in ("sender", "receiver", "both") for record in settled),
        in_books=len(booked),
        opened=counted.opened,
        seen_again=counted.seen_again,
        resolved=counted.resolved,
        left=counted.left,
    )


async def _gather(loaded: Settings, name: str, clock: Clock, connect: Connect, progress: Progress) -> tuple[_Listing, list[InBooks]]:
    """Read the venue first and the books after it: what was booked meanwhile is then no break."""
    connector = venue_of(loaded, name, clock)
    try:
        await connector.check_identity()
        listing_ = await _settled(connector, progress)
        booked = _books(name, connect)
        for intent in unexplained(listing_.records.values(), booked):
            await _read_again(connector, intent, listing_)
    except SchemaVersionError as error:
        raise SettingsError(f'venues.{name}.base_url: the venue answers with {error.found}, not schema version "v2"') from None
    finally:
        await connector.aclose()
    return listing_, booked


async def _settled(connector: VenueConnector, progress: Progress) -> _Listing:
    found = _Listing()
    # Oldest first: what settles while we read is added at the end, and pages that we have read do not move.
    query = OrderQuery(statuses=(SETTLED,), sort_by="settled_at", descending=False)
    number, last = 1, False
    while not last:
        page = await connector.list_orders(query, page=number, lane="reconciliation", hinted_at=lambda _: None)
        for seen in page.seen:
            _take(connector.venue, seen, found)
        progress(len(found.records), page.items_total)
        number, last = number + 1, page.last
    return found


async def _read_again(connector: VenueConnector, intent: str, found: _Listing) -> None:
    """Ask for one order by itself: the venue's record as it is now decides."""
    found.records.pop(intent, None)
    reading = await connector.read_order(intent, lane="reconciliation", hinted_at=lambda _: None)
    for seen in reading.seen:
        _take(connector.venue, seen, found)


def _take(venue: str, seen: Sighting | Unreadable, found: _Listing) -> None:
    if isinstance(seen, Unreadable):
        each = unreadable(venue, seen.digest, seen.reason, seen.intent_id)
        found.unreadable[each.break_id] = each
        return
    event = seen.event
    if isinstance(event, OrderUpdated):
        found.records[event.intent_id] = AtVenue(
            intent_id=event.intent_id,
            settled=event.status == SETTLED,
            status=event.status,
            transaction_hash=event.transaction_hash,
            side=event.side,
            terms=terms_of(event),
        )


def _books(name: str, connect: Connect) -> list[InBooks]:
    with connect() as connection:
        return [
            InBooks(
                entry_id=entry.entry_id,
                intent_id=entry.intent_id,
                transaction_hash=entry.transaction_hash,
                side=entry.side,  # type: ignore[arg-type]
                terms=entry.terms,
            )
            for entry in reads.settled(connection, name)
        ]
