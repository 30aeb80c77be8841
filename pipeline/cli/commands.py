"""`custodian commands`: what venues were told, and what became of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import click

from pipeline.cli.context import database, settings
from pipeline.cli.decisions import intent_of
from pipeline.cli.lazy import Group
from pipeline.cli.output import Column, Format, listing, show

STATES = ("journalled", "sent", "succeeded", "refused", "unknown", "expired", "shadowed")
COLUMNS = (
    Column(field="command_id", rank=1, ends=True),
    Column(field="venue", rank=3),
    Column(field="intent_id", rank=0),
    Column(field="kind", rank=0),
    Column(field="quote_id", rank=3),
    Column(field="decision_id", rank=3, ends=True),
    Column(field="mode", rank=2),
    Column(field="state", rank=0),
    Column(field="attempts", right=True, rank=1),
    Column(field="issued_at", rank=3),
    Column(field="sent_at", rank=1),
    Column(field="completed_at", rank=2),
    Column(field="reason", rank=2),
    Column(field="http_status", right=True, rank=2),
    Column(field="error_code", rank=3),
    Column(field="response", rank=5),
)


@click.group(cls=Group)
def commands() -> None:
    """Show what venues were told, and what became of it."""


@commands.command("list")
@listing
@click.option("--venue")
@click.option("--intent", metavar="INTENT")
@click.option("--state", type=click.Choice(STATES))
def list_(form: Format, limit: int | None, venue: str | None, intent: str | None, state: str | None) -> None:
    """List commands, the latest first.

    What shadow kept from being sent has state journalled and mode shadow, as nothing of it was sent; --state shadowed lists just those.
    """
    from pipeline.stores.journal import listed

    # In the journal both are states of their own; one who asks for what was journalled means both.
    states = ("journalled", "shadowed") if state == "journalled" else None if state is None else (state,)
    with database(settings()) as connection:
        show(lines(listed(connection, venue=venue, intent=intent_of(intent), states=states, limit=limit)), form, columns=COLUMNS)


def lines(rows: Iterable[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield commands with the states of interface, section 3: `shadowed` is not among them."""
    for row in rows:
        line = {**row, "mode": "shadow" if row["shadow"] or row["state"] == "shadowed" else "live"}
        del line["shadow"]
        if row["state"] == "shadowed":
            line["state"] = "journalled"
        yield line
