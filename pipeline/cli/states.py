"""`custodian states`: what processors remember, and letting go of what the books answer for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import click

from pipeline.cli.context import database, settings
from pipeline.cli.lazy import Group
from pipeline.cli.output import Column, Format, formats, show
from pipeline.cli.progress import Bar
from pipeline.cli.times import Duration

if TYPE_CHECKING:
    from pipeline.stores.pruning import Pruned

COLUMNS = (
    Column(field="outcome", rank=0),
    Column(field="before", rank=1),
    Column(field="old", right=True, rank=1),
    Column(field="removed", right=True, rank=0),
    Column(field="kept", rank=1, value=lambda row: row["kept"] or None),
)
YOUNGEST = timedelta(hours=1)
"""Younger states are worth more than their room: duplicates of the last minutes would all go through Kafka once more."""


@click.group(cls=Group)
def states() -> None:
    """Show and remove what processors remember."""


@states.command("prune")
@formats
@click.option("--older-than", type=Duration(), required=True, help="Not written for so long, such as 90d; at least 1h.")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Remove at most so many; else all.")
@click.option("--dry-run", is_flag=True, help="Say what would be removed, and remove nothing.")
def prune_(form: Format, older_than: timedelta, limit: int | None, dry_run: bool) -> None:
    """Remove what settlement remembers of orders that settled long ago and stand in the books.

    Nothing is booked twice: should such a settlement come again, the ledger has its key and counts a duplicate. Kept is whatever the books
    do not answer for, with the reason. `custodian orders list` no longer shows these orders; `orders show`, books and archive do.
    Safe beside running workers, and safe to cut off and repeat.
    """
    from connectors.sinks.accounting_ledger.reads import standing
    from pipeline.failpoints import failpoints_of
    from pipeline.stores.inspection import about
    from pipeline.stores.pruning import prune

    if older_than < YOUNGEST:
        raise click.UsageError("--older-than: write at least 1h; what is younger is needed to keep duplicates out of the topics")
    loaded = settings()
    failpoints = failpoints_of(loaded.mode)
    with database(loaded, name="prune") as connection:
        # By the database's clock: it wrote the times that are compared.
        before = about(connection).now - older_than
        walk = prune(connection, before=before, books=standing, failpoints=failpoints, only_count=dry_run, removed_max=limit)
        found = _followed(walk)
    show([_line(found, before, dry_run)], form, columns=COLUMNS)


def _followed(walk: Iterable[Pruned]) -> Pruned | None:
    """Follow a walk to its end, showing how many pages it has seen, and return what it came to; None when there was nothing to walk."""
    found = None
    with Bar("walking") as progress:
        for found in walk:
            progress(found.pages_seen, found.pages)
    return found


def _line(found: Pruned | None, before: datetime, dry_run: bool) -> dict[str, Any]:
    kept = Counter[str]() if found is None else Counter[str]({reason: count for reason, count in found.kept.items() if count})
    return {
        "outcome": "would remove" if dry_run else "removed",
        "before": before,
        "old": 0 if found is None else found.old,
        "removed": 0 if found is None else found.removed,
        "kept": dict(sorted(kept.items())),
    }
