"""`custodian reconcile` and `custodian breaks`: comparisons with the venue, and what they found."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from datetime import timedelta
from functools import partial

import click

from pipeline.cli.context import database, settings
from pipeline.cli.lazy import Group
from pipeline.cli.output import Column, Format, formats, listing, show
from pipeline.cli.people import named, reasoned, say_when_waiting
from pipeline.cli.progress import Bar
from pipeline.cli.times import Duration

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
    from pipeline.supervisor.reconciling import reconcile_venue

    loaded = settings()
    if only is not None and only not in loaded.venues:
        raise click.UsageError(f"there is no section [venues.{only}]; there are: {', '.join(loaded.venues) or 'none'}")
    names = [only] if only else list(loaded.venues)
    clock, connect = SystemClock(), partial(database, loaded, name="reconcile")
    for name in names:
        with Bar(f"{name}: settled orders") as progress:
            outcome = reconcile_venue(loaded, name, clock, grace=grace, connect=connect, progress=progress)
        click.echo(
            f"{name}: {outcome.at_venue} settled at the venue, {outcome.expected} of them ours, {outcome.in_books} in the books; "
            f"breaks: {outcome.opened} new, {outcome.seen_again} seen again, {outcome.resolved} resolved"
            + (f", {outcome.left} as a person resolved them" if outcome.left else ""),
            err=True,
        )
    with connect() as connection:
        found = [line for line in stored.listed(connection, state="open", venue=only) if line["venue"] in names]
    show(found, form, columns=COLUMNS)
    if found:
        sys.exit(1)


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
    from pipeline.stores import breaks as stored

    outcomes = []
    with database(settings(), name="resolve") as connection:
        found = [
            only_one(list(stored.listed(connection, break_id=asked)), "break_id", asked, "custodian breaks list --state all")
            for asked in dict.fromkeys(break_ids)
        ]
        for each in found:
            act_id = stored.resolve(connection, each["break_id"], by=by, reason=reason)
            told = {name: each[name] for name in ("break_id", "kind", "intent_id")}
            outcomes.append({**told, "outcome": "already" if act_id is None else "resolved", "act_id": act_id})
        show(outcomes, form, columns=OUTCOMES)
        say_when_waiting(connection)
