"""What commands of people have in common: the label of who acts, what was shown, and whether what was said is published now."""

from __future__ import annotations

import re
import sys
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
        "--as",
        "by",
        metavar="NAME",
        callback=_name,
        help="A label of who acts; default: your user name. Who it was is the login, which is written beside it.",
    )(command)


def _name(_context: click.Context, _option: click.Parameter, given: str | None) -> str:
    """Return a label that can stand in the evidence, in one spelling; raise BadParameter for none."""
    from pipeline.domain.labels import label_of

    try:
        return label_of(given if given is not None else user_name())
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


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


def digest_of(shown: str | None, ask: Callable[[], str], command: str) -> str:
    """Return the digest of what a person was shown: given, or of what `ask` shows on a terminal; `command` names it elsewhere.

    Raise UsageError without either, and for half a digest.
    """
    if shown is None:
        if not (sys.stdin.isatty() and sys.stdout.isatty()):
            raise click.UsageError(
                f"write --shown DIGEST, the digest that {command} names: what you answer is exactly what was shown; "
                "only on a terminal it is shown and asked for here"
            )
        return ask()
    if not re.fullmatch(r"[0-9a-f]{64}", shown.lower()):
        raise click.UsageError(f"--shown {shown!r}: write the whole digest, 64 characters of 0-9 and a-f")
    return shown.lower()


def publisher_runs(connection: Connection) -> bool:
    """Tell whether somebody runs who publishes what people said, and answers what they agreed on."""
    from pipeline.stores import roles

    return any(seen.heartbeat.role == PUBLISHER and seen.age <= FRESH for seen in roles.seen(connection))


def say_when_waiting(connection: Connection) -> None:
    """Say on standard error that an event waits, when nobody runs who publishes it, to who may look at that."""
    from pipeline.stores import roles

    if roles.visible(connection) and not publisher_runs(connection):
        click.echo(
            f"it is stored, and its event is published as soon as a role `{PUBLISHER}` runs; none does now (`custodian up`)", err=True
        )
