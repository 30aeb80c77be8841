"""`custodian reconcile` and `custodian breaks`: comparisons with the venue, and what they found."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

import click

from pipeline.cli.context import database, settings
from pipeline.cli.lazy import Group
from pipeline.cli.output import Column, Format, formats, listing, show
from pipeline.cli.people import named, reasoned, say_when_waiting
from pipeline.cli.progress import Bar
from pipeline.cli.times import Duration

if TYPE_CHECKING:
    from pipeline.clock import Clock
    from pipeline.ports import Sighting, Unreadable, VenueConnector
    from pipeline.reconcile.settlements import AtVenue, Break, InBooks
    from pipeline.settings import Settings

COLUMNS = (
    Column(field="kind", rank=0),
    Column(field="severity", rank=2),
    Column(field="state", rank=1),
    Column(field="venue", rank=3),
    Column(field="intent_id", rank=0),
    Column(field="transaction_hash", rank=4, ends=True),
    Column(field="expected", value=lambda row: _brief(row.get("expected")), rank=2),
    Column(field="actual", value=lambda row: _brief(row.get("actual")), rank=2),
    Column(field="first_seen_at", rank=5),
    Column(field="last_seen_at", rank=6),
    Column(field="break_id", rank=7, ends=True),
    Column(field="run_id", rank=8, ends=True),
    Column(field="resolved_by", rank=3),
    Column(field="resolved_at", rank=4),
    Column(field="resolved_reason", rank=4),
)
OUTCOMES = tuple(Column(field=name) for name in ("break_id", "kind", "intent_id", "outcome", "act_id"))


def _brief(side: Mapping[str, str] | None) -> str:
    """Say one side of a break in few words: the amounts where it is a whole settlement."""
    if side is None:
        return ""
    if {"source_amount_actual", "source_currency", "target_amount", "target_currency"} <= side.keys():
        return f"{side['source_amount_actual']} {side['source_currency']} to {side['target_amount']} {side['target_currency']}"
    return ", ".join(f"{name} {text}" for name, text in side.items())


@click.group(cls=Group)
def reconcile() -> None:
    """Compare what others say with the books."""


@reconcile.command("venue")
@formats
@click.option("--venue", "only", help="One venue of the settings; else all.")
@click.option("--grace", type=Duration(), default="10s", show_default=True, help="What settled so recently may still be under way.")
def venue_(form: Format, only: str | None, grace: timedelta) -> None:
    """Compare what each venue says is settled now with the books; exit 1 when a break is open."""
    from pipeline.clock import SystemClock
    from pipeline.stores import breaks as stored

    loaded = settings()
    if only is not None and only not in loaded.venues:
        raise click.UsageError(f"there is no section [venues.{only}]; there are: {', '.join(loaded.venues) or 'none'}")
    names = [only] if only else list(loaded.venues)
    clock = SystemClock()
    for name in names:
        outcome = reconcile_venue(loaded, name, clock, grace=grace)
        click.echo(
            f"{name}: {outcome.at_venue} settled at the venue, {outcome.expected} of them ours, {outcome.in_books} in the books; "
            f"breaks: {outcome.opened} new, {outcome.seen_again} seen again, {outcome.resolved} resolved"
            + (f", {outcome.left} as a person resolved them" if outcome.left else ""),
            err=True,
        )
    with database(loaded, name="reconcile") as connection:
        found = [line for line in stored.listed(connection, state="open", venue=only) if line["venue"] in names]
    show(found, form, columns=COLUMNS)
    if found:
        sys.exit(1)


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


def reconcile_venue(loaded: Settings, name: str, clock: Clock, *, grace: timedelta) -> Outcome:
    """Run one comparison and store its breaks; raise RetryableError when the venue does not answer: then nothing is stored."""
    from pipeline.log.envelope import derive_id, time_text
    from pipeline.reconcile.settlements import Kind, compare
    from pipeline.stores import breaks as stored

    listing_, booked = asyncio.run(_gather(loaded, name, clock))
    now = clock.now()
    records = list(listing_.records.values())
    unread = list(listing_.unreadable.values())
    intents = {each.intent_id for each in unread if each.intent_id is not None}
    found = compare(name, records, booked, now=now, grace=grace, scales=loaded.currencies.scales(), unread=intents) + unread
    run_id = derive_id("reconcile venue", name, time_text(now))
    with database(loaded, name="reconcile") as connection:
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


async def _gather(loaded: Settings, name: str, clock: Clock) -> tuple[_Listing, list[InBooks]]:
    """Read the venue first and the books after it: what was booked meanwhile is then no break."""
    from pipeline.errors import SettingsError
    from pipeline.ports import SchemaVersionError
    from pipeline.reconcile.settlements import unexplained
    from pipeline.wiring import venue as venue_of

    connector = venue_of(loaded, name, clock)
    try:
        await connector.check_identity()
        listing_ = await _settled(connector)
        booked = _books(loaded, name)
        for intent in unexplained(listing_.records.values(), booked):
            await _read_again(connector, intent, listing_)
    except SchemaVersionError as error:
        raise SettingsError(f'venues.{name}.base_url: the venue answers with {error.found}, not schema version "v2"') from None
    finally:
        await connector.aclose()
    return listing_, booked


async def _settled(connector: VenueConnector) -> _Listing:
    from pipeline.domain.lifecycle import SETTLED
    from pipeline.ports import OrderQuery

    found = _Listing()
    # Oldest first: what settles while we read is added at the end, and pages that we have read do not move.
    query = OrderQuery(statuses=(SETTLED,), sort_by="settled_at", descending=False)
    number, last = 1, False
    with Bar(f"{connector.venue}: settled orders") as progress:
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
    from pipeline.domain.lifecycle import SETTLED
    from pipeline.log.codec import terms_of
    from pipeline.ports import Unreadable
    from pipeline.reconcile.settlements import AtVenue, unreadable
    from schemas.events import OrderUpdated

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


def _books(loaded: Settings, name: str) -> list[InBooks]:
    from connectors.sinks.accounting_ledger import reads
    from pipeline.reconcile.settlements import InBooks

    with database(loaded, name="reconcile") as connection:
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


@click.group(cls=Group)
def breaks() -> None:
    """Show what reconciliations found, and say what came of it."""


@breaks.command("list")
@listing
@click.option("--state", type=click.Choice(["open", "resolved", "all"]), default="open", show_default=True)
@click.option("--venue")
def list_(form: Format, limit: int | None, state: str, venue: str | None) -> None:
    """List breaks, the oldest first."""
    from pipeline.stores.breaks import listed

    with database(settings()) as connection:
        show(listed(connection, venue=venue, state=None if state == "all" else state), form, columns=COLUMNS, limit=limit)


@breaks.command("show")
@click.argument("break_id")
@formats
def show_(break_id: str, form: Format) -> None:
    """Show one break by its id, or by the beginning of it."""
    from pipeline.stores.breaks import listed

    with database(settings()) as connection:
        found = list(listed(connection, break_id=break_id))
    if not found:
        raise click.UsageError(f"there is no break {break_id}; `custodian breaks list --state all` shows those there are")
    show(found, form, columns=COLUMNS)


@breaks.command()
@click.argument("break_ids", nargs=-1, required=True, metavar="ID…")
@formats
@named
@reasoned
def resolve(break_ids: tuple[str, ...], form: Format, by: str, reason: str) -> None:
    """Say that open breaks, as they are now, need nothing more; a break is named by its id, or by the beginning of it.

    It stays resolved while reconciliation finds exactly this. Found with other values, or found again after it was gone, it is open.
    """
    from pipeline.cli.alarms import only_one
    from pipeline.clock import SystemClock
    from pipeline.stores import breaks as stored

    outcomes = []
    with database(settings(), name="resolve") as connection:
        found = [
            only_one(list(stored.listed(connection, break_id=asked)), "break_id", asked, "custodian breaks list --state all")
            for asked in dict.fromkeys(break_ids)
        ]
        for each in found:
            act_id = stored.resolve(connection, each["break_id"], by=by, reason=reason, now=SystemClock().now())
            told = {name: each[name] for name in ("break_id", "kind", "intent_id")}
            outcomes.append({**told, "outcome": "already" if act_id is None else "resolved", "act_id": act_id})
        show(outcomes, form, columns=OUTCOMES)
        say_when_waiting(connection)
