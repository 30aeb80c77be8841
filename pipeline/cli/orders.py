"""`custodian orders`: what venues showed us, and the whole story of one intent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import click

from pipeline.cli.context import database, settings
from pipeline.cli.lazy import Group
from pipeline.cli.output import Column, Format, formats, listing, show, write

if TYPE_CHECKING:
    from pipeline.stores.postgres import Connection

COLUMNS = (
    Column(field="venue", rank=1),
    Column(field="intent_id", rank=0),
    Column(field="status", rank=0),
    Column(field="side", rank=1),
    Column(field="first_seen_at", rank=2),
    Column(field="updated_at", rank=2),
)
STORY = tuple(
    Column(field=name) for name in ("kind", "at", "intent_id", "index", "topic", "partition", "offset", "ce_id", "ce_type", "event")
)


@click.group(cls=Group)
def orders() -> None:
    """Show orders, and an intent's whole story."""


@orders.command("list")
@listing
@click.option("--status", help="Such as SETTLED.")
@click.option("--venue")
def list_(form: Format, limit: int | None, status: str | None, venue: str | None) -> None:
    """List orders, the latest first."""
    from pipeline.stores.orders import listed

    with database(settings()) as connection:
        show(listed(connection, venue=venue, status=status), form, columns=COLUMNS, limit=limit)


@orders.command("show")
@click.argument("intent")
@formats
def show_(intent: str, form: Format) -> None:
    """Tell the whole story of an intent: events, entries, alarms, dead letters, in the order of the archive.

    In jsonl each line has a `kind`: order, event, entry.
    """
    intent = intent.lower() if len(intent) == 36 else intent
    with database(settings()) as connection:
        lines = list(story(connection, intent))
    if form == "table":
        _timeline(lines)
    else:
        show(lines, form, columns=STORY)


def story(connection: Connection, intent: str) -> Iterator[dict[str, Any]]:
    """Yield what there is about an intent: its order, every archived event, the entries made from them."""
    from connectors.sinks.accounting_ledger import reads as books
    from connectors.sinks.compliance_archive import reads as evidence
    from pipeline.stores.orders import listed

    for order in listed(connection, intent=intent):
        yield {"kind": "order", **order}
    for record in evidence.story(connection, intent):
        yield {"kind": "event", "at": record["recorded_at"], **record}
    for entry in books.entries(connection, intent=intent):
        # An entry has a `kind` of its own; in a story the word says what the line is.
        yield {**entry, "kind": "entry", "at": entry["recorded_at"], "entry_kind": entry["kind"]}


def _timeline(lines: list[dict[str, Any]]) -> None:
    """Write a story for a person, by time."""
    for line in lines:
        if line["kind"] == "order":
            write(f"{line['intent_id']}  {line.get('status', '')}  venue {line['venue']}, side {line.get('side', 'unknown')}")
    for line in sorted((line for line in lines if line["kind"] != "order"), key=lambda line: line["at"]):
        write(f"{line['at'][:23].replace('T', ' ')}  {_what(line)}")
        for detail in _details(line):
            write(f"{'':25}{detail}")


def _what(line: Mapping[str, Any]) -> str:
    if line["kind"] == "entry":
        return f"booked: {line['entry_kind']} {line['entry_id']}"
    name = (line.get("ce_type") or line["topic"]).removeprefix("custody.")
    event = line.get("event") or {}
    said = event.get("status") or event.get("kind") or event.get("reason") or ""
    if name.startswith("order-settled"):
        said = "once, for the books"
    elif name.startswith("quote-received"):
        said = f"{event.get('quote_id', 'a quote')} at {event.get('fx_rate', 'a rate not said')}"
    by = (event.get("observed") or {}).get("origin")
    index = f"  archive index {line['index']}" if "index" in line else ""
    return f"{name}: {said}{f' ({by})' if by else ''}{index}"


def _details(line: Mapping[str, Any]) -> list[str]:
    if line["kind"] == "entry":
        return [f"{leg['side']:6} {leg['account']}  {leg['amount']} {leg['currency']}" for leg in line["postings"]]
    event = line.get("event") or {}
    names = ("transaction_hash", "source_amount_actual", "source_currency", "target_amount", "target_currency", "fx_rate", "settled_at")
    terms = "  ".join(f"{name} {event[name]}" for name in names if event.get(name) is not None)
    detail = event.get("detail")
    return [part for part in (terms, "  ".join(f"{k}={v}" for k, v in detail.items()) if isinstance(detail, dict) else "") if part]
