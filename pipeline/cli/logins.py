"""`custodian people`: logins of the database for people, one each, and what each may do.

A password is made here or read from a file or standard input, never an argument, which every user of the machine could see; PostgreSQL
gets its SCRAM verifier.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from pipeline.cli.context import database, settings
from pipeline.cli.lazy import Group
from pipeline.cli.output import Column, Format, formats, listing, show
from pipeline.cli.people import named, say_when_waiting

if TYPE_CHECKING:
    from pipeline.stores.acts import Act
    from pipeline.stores.people import May, Person
    from pipeline.stores.postgres import Connection

COLUMNS = (
    Column(field="login", rank=0),
    Column(field="may", value=lambda row: ", ".join(row["may"]), rank=0),
    Column(field="added_by", rank=2),
    Column(field="added_at", rank=1),
    Column(field="removed_by", rank=2),
    Column(field="removed_at", rank=1),
    Column(field="issuer", rank=3),
    Column(field="subject", rank=3),
)
_WHAT = ("view", "approve", "operate", "account", "comply")
_PRINT = click.option("--print-sql", is_flag=True, help="Print what an administrator has to run where this user may not; change nothing.")


@click.group(cls=Group)
def people() -> None:
    """Make, remove and list the logins of people; everybody who can connect may halt."""


@people.command("list")
@listing
def list_(form: Format, limit: int | None) -> None:
    """List who is or was a person here, with what each may do now."""
    from pipeline.stores.people import listed

    with database(settings()) as connection:
        rows = [_line(person) for person in listed(connection)]
    show(rows[:limit], form, columns=COLUMNS)


@people.command()
@click.argument("login")
@formats
@named
@click.option(
    "--may",
    type=click.Choice(_WHAT),
    multiple=True,
    required=True,
    help="view: look at everything; approve: answer referrals, put policies in force; operate: end halts, acknowledge, resolve; "
    "account, comply: read the books', the evidence's views.",
)
@click.option("--password-file", metavar="FILE", help="Take the password from there (-: standard input); without it one is made and shown.")
@click.option("--reason", default="", help="Kept as evidence.")
@_PRINT
def add(login: str, form: Format, by: str, may: tuple[May, ...], password_file: str | None, reason: str, print_sql: bool) -> None:
    """Give somebody a login of their own, or one that they have more to do. One login is one person."""
    import secrets

    from pipeline.stores import people as store

    password = secrets.token_urlsafe(32) if password_file is None else _read(password_file)
    try:
        secret = store.verifier(password, secrets.token_bytes(16))
        printed = store.script(login, may, secret)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    if print_sql:
        click.echo(printed)
        if password_file is None:
            click.echo(f"password of {login}, shown this once: {password}", err=True)
        return
    with database(settings(), name="people") as connection:
        made = password_file is None and not store.has_login(connection, login)
        act = _act("add-person", login, by=by, reason=reason, outcome=", ".join(may))
        _do(connection, lambda: store.add(connection, login, may, secret, act))
    if form != "table":
        told = {"login": login, "may": list(may), **({"password": password} if made else {})}
        show([told], form, columns=[Column(field=name) for name in told])
        return
    click.echo(f"{login} may {', '.join(may)}; act with --login {login}, or CUSTODIAN_LOGIN={login}")
    if made:
        click.echo(f"password, shown this once: {password}")


@people.command()
@click.argument("login")
@formats
@named
@click.option("--reason", default="", help="Kept as evidence.")
@_PRINT
def remove(login: str, form: Format, by: str, reason: str, print_sql: bool) -> None:
    """Take every right of a person at once. The name stays theirs: what they said is kept under it."""
    from pipeline.stores import people as store

    try:
        printed = store.script(login)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    if print_sql:
        click.echo(printed)
        return
    with database(settings(), name="people") as connection:
        _do(connection, lambda: store.remove(connection, login, _act("remove-person", login, by=by, reason=reason, outcome="removed")))
        left = store.able(connection)
    for may, what in (("approve", "approve"), ("operate", "end halts")):
        if left[may] < store.AGREEING:
            click.echo(f"{left[may]} may {what} now, and it takes two people: custodian people add LOGIN --may {may}", err=True)
    if form != "table":
        show([{"login": login, "outcome": "removed"}], form, columns=(Column(field="login"), Column(field="outcome")))
    else:
        click.echo(f"{login} may do nothing here any more")


def _act(action: Literal["add-person", "remove-person"], login: str, *, by: str, reason: str, outcome: str) -> Act:
    from pipeline.clock import SystemClock
    from pipeline.stores.acts import Act

    return Act(
        action=action,
        venue=None,
        intent_id=None,
        subject=login,
        outcome=outcome,
        acted_by=by,
        reason=reason.strip() or "none was given",
        at=SystemClock().now(),
    )


def _do(connection: Connection, what: Callable[[], None]) -> None:
    """Do it; raise UsageError with what speaks against it."""
    try:
        what()
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    say_when_waiting(connection)


def _read(file: str) -> str:
    """Return the password that a file, or standard input, holds on its first line."""
    try:
        text = sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise click.UsageError(f"--password-file {file}: cannot be read: {getattr(error, 'strerror', None) or 'it is not text'}") from None
    return text.strip("\r\n")


def _line(person: Person) -> dict[str, Any]:
    stated = {
        name: getattr(person, name) for name in ("login", "may", "added_by", "added_at", "removed_by", "removed_at", "issuer", "subject")
    }
    return {name: list(value) if name == "may" else value for name, value in stated.items() if value is not None}
