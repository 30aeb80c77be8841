"""`custodian halt` and `custodian resume`: the kill switch for accepting, everywhere, per venue, per pair."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

import click

from pipeline.cli.context import database, settings
from pipeline.cli.lazy import nearest
from pipeline.cli.output import Column, Format, formats, say, show
from pipeline.cli.people import named, say_when_waiting

if TYPE_CHECKING:
    from pipeline.stores.halts import Halt

F = TypeVar("F", bound=Callable[..., Any])

COLUMNS = (
    Column(field="halt_id", right=True, rank=2),
    Column(field="scope", rank=0),
    Column(field="venue", rank=3),
    Column(field="pair", rank=3),
    Column(field="reason", rank=0),
    Column(field="by", rank=1),
    Column(field="at", rank=1),
    Column(field="outcome", rank=1),
    Column(field="calls_in_flight", right=True, rank=1),
)


def _scope(command: F) -> F:
    """Give a command `--venue` and `--pair`."""
    pair = click.option("--pair", metavar="SOURCE/TARGET", help="Only orders of this pair, such as JPYSC0/USDCx.")
    return click.option("--venue", help="Only this venue.")(pair(command))


@click.command()
@formats
@_scope
@named
@click.option("--reason", help="Why; kept as evidence.")
@click.option("--list", "listing", is_flag=True, help="Show the halts in force instead.")
def halt(form: Format, venue: str | None, pair: str | None, by: str, reason: str | None, listing: bool) -> None:
    """Stop accepting before the next call leaves: everywhere, at a venue, for a pair, or for a pair at a venue.

    What is halted stays halted over restarts, until `custodian resume` with the same scope.
    """
    from pipeline.clock import SystemClock
    from pipeline.stores import halts

    loaded = settings()
    if listing:
        with database(loaded, name="halt") as connection:
            show(map(line_of, halts.active(connection)), form, columns=COLUMNS)
        return
    if not reason or not reason.strip():
        raise click.UsageError("write --reason …: it is part of the evidence")
    if venue is not None and venue not in loaded.venues:
        # A misspelt venue would halt nothing while everybody believes it did.
        raise click.UsageError(f"there is no venue {venue!r} in the settings{nearest(venue, sorted(loaded.venues))}")
    with database(loaded, name="halt") as connection:
        try:
            made = halts.halt(connection, venue=venue, pair=pair, reason=reason, by=by, now=SystemClock().now())
        except ValueError as error:
            raise click.UsageError(str(error)) from None
        before = None if made else next((one for one in halts.active(connection) if (one.venue, one.pair) == (venue, pair)), None)
        flying = halts.in_flight(connection, venue=venue, pair=pair)
        _tell(form, made or before, "halted" if made else "already", flying)
        if made:
            say_when_waiting(connection)
    if flying:
        click.echo(f"{flying} calls were begun before and have no answer yet: `custodian commands list --state sent`", err=True)


@click.command()
@formats
@_scope
@named
@click.option("--reason", default="", help="Why; kept as evidence.")
def resume(form: Format, venue: str | None, pair: str | None, by: str, reason: str) -> None:
    """End the halt of exactly this scope; wider and narrower ones stay in force. Exit 1 when this scope is not halted."""
    from pipeline.clock import SystemClock
    from pipeline.stores import halts

    with database(settings(), name="resume") as connection:
        ended = halts.resume(connection, venue=venue, pair=pair, reason=reason, by=by, now=SystemClock().now())
        left = halts.active(connection)
        if ended is not None:
            _tell(form, ended, "resumed", None)
            say_when_waiting(connection)
    if left:
        say(f"in force: {_told(left)}")
    if ended is None:
        scope = " ".join(part for part in (venue and f"venue {venue}", pair) if part) or "everything"
        click.echo(f"{scope} is not halted{'' if left else '; no halt is in force'}: resume names the same scope as its halt", err=True)
        sys.exit(1)


def line_of(found: Halt) -> dict[str, Any]:
    """Return a halt as it is listed."""
    stated = {"venue": found.venue, "pair": found.pair, "reason": found.reason, "by": found.by, "at": found.at}
    return {"halt_id": found.halt_id, "scope": found.scope, **{name: value for name, value in stated.items() if value is not None}}


def _tell(form: Format, found: Halt | None, outcome: str, flying: int | None) -> None:
    if found is None:  # ended by somebody else in between
        click.echo("it was resumed by somebody else just now", err=True)
        return
    if form != "table":
        counted: Mapping[str, Any] = {} if flying is None else {"calls_in_flight": flying}
        show([{**line_of(found), "outcome": outcome, **counted}], form, columns=COLUMNS)
        return
    words = {"halted": "halted", "already": "halted already", "resumed": "resumed"}
    say(f"{words[outcome]}: {found.told}", err=False)


def _told(found: Iterable[Halt]) -> str:
    return "; ".join(one.told for one in found)
