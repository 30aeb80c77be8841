"""`custodian halt` and `custodian resume`: the kill switch for accepting, everywhere, per venue, per pair.

Everybody halts; two people end a halt, each by the digest of exactly this halt, as with approvals.
"""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, Literal, NoReturn, TypeVar

import click

from pipeline.cli.context import database, settings
from pipeline.cli.lazy import nearest
from pipeline.cli.output import Column, Format, formats, say, show
from pipeline.cli.people import digest_of, named, say_when_waiting
from pipeline.domain.labels import who_of

if TYPE_CHECKING:
    from pipeline.stores.halts import Halt

F = TypeVar("F", bound=Callable[..., Any])

COLUMNS = (
    Column(field="halt_id", right=True, rank=2),
    Column(field="scope", rank=0),
    Column(field="venue", rank=3),
    Column(field="pair", rank=3),
    Column(field="reason", rank=0),
    Column(field="by", value=lambda row: who_of(row.get("login"), row["by"]), rank=1),
    Column(field="at", rank=1),
    Column(field="outcome", rank=1),
    Column(field="calls_in_flight", right=True, rank=1),
    Column(field="login", value=lambda _: "", rank=3),  # a table has it in `by`
    Column(field="resume_agreed_by", rank=2),
    Column(field="shown_sha256", value=lambda _: "", rank=4),  # in the command below a table
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
    from pipeline.stores import halts

    loaded = settings()
    if listing:
        with database(loaded, name="halt") as connection:
            standing = halts.active(connection)
        show(map(line_of, standing), form, columns=COLUMNS)
        for found in standing if form == "table" else ():
            say(f"to end halt {found.halt_id}: {command_of(found)}", err=False)
        return
    if not reason or not reason.strip():
        raise click.UsageError("write --reason …: it is part of the evidence")
    if venue is not None and venue not in loaded.venues:
        # A misspelt venue would halt nothing while everybody believes it did.
        raise click.UsageError(f"there is no venue {venue!r} in the settings{nearest(venue, sorted(loaded.venues))}")
    with database(loaded, name="halt") as connection:
        try:
            made = halts.halt(connection, venue=venue, pair=pair, reason=reason, by=by)
        except ValueError as error:
            raise click.UsageError(str(error)) from None
        _tell(form, made.halt, "halted" if made.new else "already", calls_in_flight=made.in_flight)
        if made.new:
            say_when_waiting(connection)
    if made.in_flight:
        click.echo(f"{made.in_flight} calls were begun before and have no answer yet: `custodian commands list --state sent`", err=True)


@click.command()
@formats
@_scope
@named
@click.option("--shown", metavar="DIGEST", help="The digest of the halt; `halt --list` names it. Not needed on a terminal.")
@click.option("--reason", default="", help="Why; kept as evidence.")
def resume(form: Format, venue: str | None, pair: str | None, by: str, shown: str | None, reason: str) -> None:
    """Agree to end the halt of exactly this scope: the second person's word ends it, within an hour of the first.

    Wider and narrower halts stay in force. Exit 1 when this scope is not halted, or not by the halt that was shown.
    """
    from pipeline.stores import halts

    loaded = settings()
    with database(loaded, name="resume") as connection:
        standing = halts.active(connection)
    same = [one for one in standing if (one.venue, one.pair) == (venue, pair)]
    found = next((one for one in same if one.shown_sha256 == shown), same[0] if same else None)
    if found is None:
        _not_halted(standing, venue, pair)
    shown = digest_of(shown, lambda: _ask(found, by), "`custodian halt --list`")
    with database(loaded, name="resume") as connection:
        try:
            said = halts.resume(connection, venue=venue, pair=pair, shown=shown, reason=reason, by=by)
        except ValueError as error:
            raise click.UsageError(str(error)) from None
        left = halts.active(connection)
        if said.outcome == "resumed":
            _tell(form, found, "resumed", agreed_by=said.agreed_by)
        elif said.outcome == "counted":
            # Of before this word: who had agreed within the hour is counted already.
            _tell(form, found, "repeated" if said.login in found.resume_agreed_by else "counted", agreed_by=said.agreed_by)
        if said.outcome in ("resumed", "counted"):
            say_when_waiting(connection)
    if said.outcome == "not_halted":
        _not_halted(left, venue, pair)
    if left:
        say(f"in force: {_told(left)}")
    if said.outcome == "stale":
        click.echo("stale: what was shown under that digest is not the halt in force; `custodian halt --list` shows it", err=True)
        sys.exit(1)


def _ask(found: Halt, by: str) -> str:
    """Show a halt, let a person confirm, and return its digest; leave with 1 when that person does not."""
    click.echo(f"{found.told}, since {found.at:%Y-%m-%d %H:%M:%S} UTC")
    click.echo(f"agreed to end it: {', '.join(found.resume_agreed_by) or 'nobody yet'}")
    if not click.confirm(f"end exactly this halt, as {by}?"):
        click.echo("nothing was said about it", err=True)
        sys.exit(1)
    return found.shown_sha256


def command_of(found: Halt) -> str:
    """Return the command with which a person agrees to end a halt as it is shown."""
    scope = [part for name, value in (("--venue", found.venue), ("--pair", found.pair)) if value for part in (name, value)]
    return shlex.join(["custodian", "resume", *scope, "--login", "NAME", "--reason", "WHY", "--shown", found.shown_sha256])


def _not_halted(left: Sequence[Halt], venue: str | None, pair: str | None) -> NoReturn:
    if left:
        click.echo(f"in force: {_told(left)}", err=True)
    from pipeline.stores.halts import scope_of

    scope = scope_of(venue, pair)
    click.echo(f"{scope} is not halted{'' if left else '; no halt is in force'}: resume names the same scope as its halt", err=True)
    sys.exit(1)


def line_of(found: Halt) -> dict[str, Any]:
    """Return a halt as it is listed."""
    stated: dict[str, Any] = {
        "venue": found.venue,
        "pair": found.pair,
        "reason": found.reason,
        "by": found.by,
        "at": found.at,
        "login": found.login,
    }
    stated |= {"resume_agreed_by": list(found.resume_agreed_by) or None, "shown_sha256": found.shown_sha256 if found.shown else None}
    return {"halt_id": found.halt_id, "scope": found.scope, **{name: value for name, value in stated.items() if value is not None}}


def _tell(form: Format, found: Halt, outcome: Literal["halted", "already", "resumed", "counted", "repeated"], **more: Any) -> None:
    if form != "table":
        show([{**line_of(found), "outcome": "counted" if outcome == "repeated" else outcome, **more}], form, columns=COLUMNS)
        return
    match outcome:
        case "counted" | "repeated":
            first = "already counted" if outcome == "repeated" else "counted"
            say(f"{first}: {', '.join(more['agreed_by'])} would end it; another person must agree within the hour: {found.told}", err=False)
        case "resumed":
            say(f"resumed: {found.told}; agreed by {', '.join(more['agreed_by'])}", err=False)
        case _:
            say(f"{'halted already' if outcome == 'already' else 'halted'}: {found.told}", err=False)


def _told(found: Iterable[Halt]) -> str:
    return "; ".join(one.told for one in found)
