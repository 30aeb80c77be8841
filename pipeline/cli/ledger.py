"""`custodian ledger`: the books."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, TypeVar

import click

from pipeline.cli.context import database, settings
from pipeline.cli.lazy import Group
from pipeline.cli.output import Column, Format, listing, show

F = TypeVar("F", bound=Callable[..., Any])


class Moment(click.ParamType):
    """A time with a zone, or a day: its last moment, in UTC."""

    name = "TIME"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Return an aware time; fail with a usage error."""
        if isinstance(value, datetime):
            return value
        try:
            if len(value) == len("2025-03-15"):
                return datetime.combine(date.fromisoformat(value) + timedelta(days=1), time(), UTC) - timedelta(microseconds=1)
            at = datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is no time; write 2025-03-15T09:00:00Z, or a day such as 2025-03-15", param, ctx)
        if at.tzinfo is None:
            self.fail(f"{value!r} has no time zone; write 2025-03-15T09:00:00Z", param, ctx)
        return at


def moments(command: F) -> F:
    """Give a command `--as-of` and `--known-at`."""
    as_of = click.option("--as-of", type=Moment(), help="What had settled by then (by the venue's settled_at).")
    known_at = click.option("--known-at", type=Moment(), help="What we had booked by then.")
    return as_of(known_at(command))


def _legs(row: Mapping[str, Any]) -> str:
    return "; ".join(f"{leg['side'][:2]} {leg['account']} {leg['amount']} {leg['currency']}" for leg in row["postings"])


ENTRIES = (
    Column(field="recorded_at", rank=2),
    Column(field="occurred_at", rank=1),
    Column(field="venue", rank=3),
    Column(field="intent_id", rank=0),
    Column(field="transaction_hash", rank=1, ends=True),
    Column(field="kind", rank=3),
    Column(field="amounts", value=lambda row: _amounts(row), rank=0),
    Column(field="entry_id", rank=4),
    Column(field="source", rank=5),
    Column(field="postings", value=_legs, rank=6),
)
BALANCES = (
    # In a table role and currency have columns of their own.
    Column(field="account", value=lambda row: row["account"].removeprefix(f"{row['role']}:").removesuffix(f":{row['currency']}"), rank=0),
    Column(field="role", rank=1),
    Column(field="currency", rank=0),
    Column(field="debits", right=True, rank=2),
    Column(field="credits", right=True, rank=2),
    Column(field="balance", right=True, rank=0),
)


def _amounts(row: Mapping[str, Any]) -> str:
    """Say what an entry moved, seen from our custody."""
    ours = [leg for leg in row["postings"] if leg["role"] == "custody_asset"]
    return ", ".join(f"{'+' if leg['side'] == 'debit' else '-'}{leg['amount']} {leg['currency']}" for leg in ours)


@click.group(cls=Group)
def ledger() -> None:
    """Show the books: entries and balances."""


@ledger.command()
@listing
@moments
@click.option("--venue")
@click.option("--intent", help="An intent id.")
def entries(
    form: Format, limit: int | None, as_of: datetime | None, known_at: datetime | None, venue: str | None, intent: str | None
) -> None:
    """List journal entries in the order of booking."""
    from connectors.sinks.accounting_ledger import reads

    shown = [column for column in ENTRIES if form == "table" or column.field != "amounts"]
    with database(settings()) as connection:
        found = reads.entries(connection, venue=venue, intent=intent, as_of=as_of, known_at=known_at, limit=limit)
        show(found, form, columns=shown)


@ledger.command()
@listing
@moments
@click.option("--venue")
def balances(form: Format, limit: int | None, as_of: datetime | None, known_at: datetime | None, venue: str | None) -> None:
    """List balances by account: debits minus credits."""
    from connectors.sinks.accounting_ledger import reads

    with database(settings()) as connection:
        show(reads.balances(connection, as_of=as_of, known_at=known_at, venue=venue), form, columns=BALANCES, limit=limit)
