"""`custodian alarms`: contradictions and losses, and who has looked at each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from pipeline.cli.context import database, settings
from pipeline.cli.lazy import Group
from pipeline.cli.output import Column, Format, Row, by_rank, formats, listing, show
from pipeline.cli.people import named, reasoned, say_when_waiting
from pipeline.domain.labels import who_of

if TYPE_CHECKING:
    from pipeline.stores.postgres import Connection

COLUMNS = (
    Column(field="raised_at", rank=2),
    Column(field="kind", rank=0),
    Column(field="severity", rank=0),
    Column(field="state", rank=1),
    Column(field="venue", rank=3),
    Column(field="subject", rank=0, brief=True),
    Column(field="detail", rank=3),
    Column(field="alarm_id", rank=0, ends=True),
    Column(field="acknowledged_by", value=lambda row: _who(row), rank=3),
    Column(field="acknowledged_at", rank=4),
    Column(field="acknowledged_reason", rank=4),
)
OUTCOMES = (
    *(Column(field=name) for name in ("alarm_id", "kind", "subject", "outcome")),
    Column(field="acknowledged_by", value=lambda row: _who(row)),
)


@click.group(cls=Group)
def alarms() -> None:
    """Show what a person has to look at, and say that one has."""


@alarms.command("list")
@listing
@click.option("--kind", help="Such as double_settlement.")
@click.option("--venue")
@click.option("--subject", help="An intent id, a venue, or topic coordinates.")
@click.option("--open", "open_only", is_flag=True, help="Only those that nobody has acknowledged.")
def list_(form: Format, limit: int | None, kind: str | None, venue: str | None, subject: str | None, open_only: bool) -> None:
    """List alarms in the order of the archive."""
    from connectors.sinks.compliance_archive import reads

    with database(settings()) as connection:
        found = reads.alarms(connection, kind=kind, venue=venue, subject=subject, open_only=open_only, limit=limit)
        show(found, form, columns=by_rank(COLUMNS) if form == "table" else COLUMNS)


@alarms.command()
@click.argument("alarm_ids", nargs=-1, metavar="[ID…]")
@formats
@named
@reasoned
@click.option("--kind", help="Every open alarm of this kind.")
@click.option("--venue", help="Every open alarm of this venue.")
@click.option("--subject", help="Every open alarm about this intent, venue or place in a topic.")
def acknowledge(
    alarm_ids: tuple[str, ...], form: Format, by: str, reason: str, kind: str | None, venue: str | None, subject: str | None
) -> None:
    """Say that you have looked at alarms and what came of it: each counts as open no more, and stays listed with who, when and why.

    Name them by their ids, or by the beginning of one; or all open ones by kind, venue and subject. An alarm is acknowledged once; the
    same fact never raises another, and a new fact raises one with an id of its own.
    """
    from connectors.sinks.compliance_archive import reads

    if bool(alarm_ids) == any(value is not None for value in (kind, venue, subject)):
        raise click.UsageError("name alarms by their ids, or all open ones by --kind, --venue or --subject")
    with database(settings(), name="acknowledge") as connection:
        found = list(reads.alarms(connection, open_only=not alarm_ids, kind=kind, venue=venue, subject=subject))
        if alarm_ids:
            found = [only_one(found, "alarm_id", asked, "custodian alarms list") for asked in dict.fromkeys(alarm_ids)]
        show([_acknowledge(connection, alarm, by, reason) for alarm in found], form, columns=OUTCOMES)
        say_when_waiting(connection)


def _who(row: Row) -> str:
    return who_of(row.get("acknowledged_login"), row["acknowledged_by"]) if "acknowledged_by" in row else ""


def _acknowledge(connection: Connection, alarm: dict[str, Any], by: str, reason: str) -> dict[str, Any]:
    from pipeline.stores import acts
    from pipeline.stores import alarms as stored

    new, who = stored.acknowledge(connection, alarm["alarm_id"], by=by, reason=reason)
    told = {name: alarm[name] for name in ("alarm_id", "kind", "subject")}
    act = acts.acknowledgements(connection).get(alarm["alarm_id"])
    login = {} if act is None or act.login is None else {"acknowledged_login": act.login}
    return {**told, "outcome": "acknowledged" if new else "already", "acknowledged_by": who, **login}


def only_one(rows: Sequence[dict[str, Any]], field: str, asked: str, lists: str) -> dict[str, Any]:
    """Return the one row whose id begins as asked; raise UsageError when there is none, or more than one."""
    found = [row for row in rows if row[field].startswith(asked)]
    exact = [row for row in found if row[field] == asked]
    if len(exact or found) == 1:
        return (exact or found)[0]
    what = f"{len(found)} begin with {asked}: write more of it" if found else f"there is none {asked!r}"
    raise click.UsageError(f"{what}; `{lists}` shows those there are")
