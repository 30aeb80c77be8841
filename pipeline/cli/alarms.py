"""`custodian alarms`: contradictions and losses."""

from __future__ import annotations

import click

from pipeline.cli.context import database, settings
from pipeline.cli.lazy import Group
from pipeline.cli.output import Column, Format, listing, show

COLUMNS = (
    Column(field="raised_at", rank=1),
    Column(field="kind", rank=0),
    Column(field="severity", rank=1),
    Column(field="venue", rank=2),
    Column(field="subject", rank=0),
    Column(field="detail", rank=2),
    Column(field="alarm_id", rank=3, ends=True),
)


@click.group(cls=Group)
def alarms() -> None:
    """Show what a person has to look at."""


@alarms.command("list")
@listing
@click.option("--kind", help="Such as double_settlement.")
@click.option("--venue")
@click.option("--subject", help="An intent id, a venue, or topic coordinates.")
def list_(form: Format, limit: int | None, kind: str | None, venue: str | None, subject: str | None) -> None:
    """List alarms in the order of the archive."""
    from connectors.sinks.compliance_archive import reads

    with database(settings()) as connection:
        show(reads.alarms(connection, kind=kind, venue=venue, subject=subject, limit=limit), form, columns=COLUMNS)
