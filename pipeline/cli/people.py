"""What commands of people have in common: under which name somebody acts, and whether what was said is published now."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from pipeline.stores.postgres import Connection

F = TypeVar("F", bound=Callable[..., Any])

FRESH = 5.0
"""Seconds without a heartbeat after which a role counts as gone; it beats every second."""
PUBLISHER = "commands"
"""The role that publishes what people said."""


def named(command: F) -> F:
    """Give a command `--as`, passed on as `by`; default: the operating system's user name."""
    return click.option(
        "--as", "by", metavar="NAME", callback=_name, help="Who acts; default: your user name. It is part of the evidence."
    )(command)


def _name(_context: click.Context, _option: click.Parameter, given: str | None) -> str:
    """Return a name that can stand in the evidence; raise BadParameter for none."""
    from pipeline.stores.approvals import person_of

    name = given if given is not None else user_name()
    try:
        person_of(name)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None
    return name


def user_name() -> str:
    """Return the operating system's name of who runs this; raise UsageError when it knows none."""
    import getpass

    try:
        return getpass.getuser()
    except (KeyError, OSError):
        raise click.UsageError("the operating system does not know your name; write --as NAME") from None


def reasoned(command: F) -> F:
    """Give a command `--reason`, without which it does nothing."""
    return click.option("--reason", required=True, callback=_reason, help="Why; kept as evidence.")(command)


def _reason(_context: click.Context, _option: click.Parameter, given: str) -> str:
    if not given.strip():
        raise click.BadParameter("write why: it is part of the evidence")
    return given.strip()


def publisher_runs(connection: Connection) -> bool:
    """Tell whether somebody runs who publishes what people said, and answers what they agreed on."""
    from pipeline.stores import roles

    return any(seen.heartbeat.role == PUBLISHER and seen.age <= FRESH for seen in roles.seen(connection))


def say_when_waiting(connection: Connection) -> None:
    """Say on standard error that an event waits, when nobody runs who publishes it."""
    if not publisher_runs(connection):
        click.echo(
            f"it is stored, and its event is published as soon as a role `{PUBLISHER}` runs; none does now (`custodian up`)", err=True
        )
