"""`custodian ledger`: the books."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, time
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, TypeVar

import click

from pipeline.cli.context import database, settings
from pipeline.cli.lazy import Group
from pipeline.cli.output import Column, Format, listing, show
from pipeline.cli.progress import Bar
from pipeline.domain.moments import bounded

if TYPE_CHECKING:
    from pipeline.settings import Settings
    from pipeline.stores.postgres import Connection

F = TypeVar("F", bound=Callable[..., Any])


class Moment(click.ParamType):
    """A time with a zone, or a day: its last moment, in UTC; what lies beyond every moment is the nearer end."""

    name = "TIME"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Return an aware time; fail with a usage error."""
        if isinstance(value, datetime):
            return value
        try:
            if len(value) == len("2025-03-15"):
                return bounded(datetime.combine(date.fromisoformat(value), time.max, UTC))
            at = datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is no time; write 2025-03-15T09:00:00Z, or a day such as 2025-03-15", param, ctx)
        if at.tzinfo is None:
            self.fail(f"{value!r} has no time zone; write 2025-03-15T09:00:00Z", param, ctx)
        return bounded(at)


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
DIFFERENCES = (
    Column(field="kind", rank=0),
    Column(field="difference", rank=0),
    Column(field="of", rank=1),
    Column(field="count", rank=0, right=True),
    Column(field="intent_id", rank=0),
    Column(field="account", rank=0),
    Column(field="fields", rank=0),
    Column(field="transaction_hash", rank=1, ends=True),
    Column(field="entry_id", rank=2),
    Column(field="venue", rank=3),
    Column(field="source", rank=2),
)


def _amounts(row: Mapping[str, Any]) -> str:
    """Say what an entry moved, seen from our custody."""
    ours = [leg for leg in row["postings"] if leg["role"] == "custody_asset"]
    return ", ".join(f"{'+' if leg['side'] == 'debit' else '-'}{leg['amount']} {leg['currency']}" for leg in ours)


@click.group(cls=Group)
def ledger() -> None:
    """Show the books: entries and balances; rebuild them from the archive."""


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


@ledger.command()
@listing
@click.option("--into", "schema", required=True, metavar="SCHEMA", help="A new schema for the rebuilt books; it stays, to be looked at.")
@click.option("--replace", is_flag=True, help="Drop the schema first, when an earlier rebuild made it.")
def rebuild(form: Format, limit: int | None, schema: str, replace: bool) -> None:
    """Rebuild the books from the archive alone and compare them with the live ones.

    Entry for entry and balance for balance: missing from the live books, extra in them, or differing with what; exit 1 when they differ.
    `--limit` bounds the lines of differences, not the counts.
    """
    from connectors.sinks.accounting_ledger import rebuild as books
    from connectors.sinks.accounting_ledger.comparison import Comparison
    from pipeline.stores.shadow import ShadowNameError

    loaded = settings()
    with database(loaded, name="rebuild") as connection:
        try:
            books.make(connection, schema, replace=replace)
        except ShadowNameError as error:
            raise click.UsageError(str(error)) from None
        counts, archived, altered = _rebuilt(loaded, connection, schema)
        comparison = Comparison()
        with books.compared(connection, schema, archived) as (entries, balances):

            def lines() -> Iterator[Mapping[str, Any]]:
                shown = chain(comparison.of_entries(entries), comparison.of_balances(balances))
                yield from islice(shown, limit)
                for _ in shown:
                    pass  # counted all the same
                yield from comparison.totals()

            show(lines(), form, columns=DIFFERENCES)
    _conclude(schema, counts, comparison.entries, comparison.differences, altered)


def _rebuilt(loaded: Settings, connection: Connection, schema: str) -> tuple[Counter[str], dict[tuple[str, int, int], int], int]:
    """Book what the archive holds; return what was counted, up to where the archive goes, and how many records are not as archived."""
    from connectors.sinks.accounting_ledger import rebuild as books
    from connectors.sinks.compliance_archive import reads
    from pipeline.log.topics import ORDER_SETTLED
    from pipeline.stores.session import snapshot

    topics = [ORDER_SETTLED.topic(loaded.kafka.topic_prefix)]
    counts, altered = Counter[str](), 0
    with database(loaded, name="rebuild-reads") as reader, snapshot(reader), Bar("booking") as progress:
        archived = reads.sequenced_until(reader, topics)
        total = sum(archived.values())

        def records() -> Iterator[tuple[Any, datetime]]:
            nonlocal altered
            for one in reads.in_order(reader, topics):
                altered += not one.intact
                yield one.record, one.recorded_at

        for counts in books.book(connection, schema, records(), loaded.currencies.scales()):
            progress(counts["records"], total)
    return counts, archived, altered


def _conclude(schema: str, counts: Counter[str], entries: Counter[str], differences: int, altered: int) -> None:
    """Say what came of a rebuild and exit with 1 when it is a finding."""
    click.echo(
        f"{schema}: {counts['records']} archived settlements, {counts['booked']} booked, {counts['duplicate']} repeated, "
        f"{counts['refused']} refused; the live books: {entries['identical']} entries identical, {differences} differences",
        err=True,
    )
    for name, why in (
        ("not_archived_yet", "live entries are younger than what the archive has sequenced: not compared"),
        ("not_booked_yet", "archived settlements are beyond the ledger's position: not compared"),
    ):
        if entries[name]:
            click.echo(f"{entries[name]} {why}", err=True)
    if altered:
        click.echo(f"{altered} archived records do not have the digest that was stored with them; run `custodian archive verify`", err=True)
    if differences or altered:
        sys.exit(1)
