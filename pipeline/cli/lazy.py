"""Commands that are imported when they are asked for, so that `custodian --help` and the start of a role are fast.

Every command of the tree understands `--config`, `--login` and `--debug`, before or after its name, and a misspelt command is answered with
the nearest one (interface, sections 1 and 2).
"""

from __future__ import annotations

import difflib
import importlib
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import click

CONFIG_KEY, DEBUG_KEY, LOGIN_KEY = "pipeline.cli.config", "pipeline.cli.debug", "pipeline.cli.login"
"""Where the root context keeps what `--config`, `--debug` and `--login` said."""


_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


class Text(click.ParamType):
    """A text in UTF-8; a UUID, which may be written in capitals, in the lower case that intents, quotes and others are kept in."""

    name = "text"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the text; fail with a usage error when its bytes were none."""
        if not isinstance(value, str):
            return value
        if any("\ud800" <= letter <= "\udfff" for letter in value):  # bytes that the locale's encoding does not have
            try:
                value = os.fsencode(value).decode()
            except UnicodeDecodeError:
                self.fail(f"{value!r} is not UTF-8", param, ctx)
        return value.lower() if _UUID.fullmatch(value) else value


@dataclass(frozen=True, slots=True)
class Entry:
    """One command: where it is written, and its line in the help."""

    place: str
    summary: str


class Group(click.Group):
    """A group of commands that answers a misspelt one with the nearest."""

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that was asked for; raise UsageError naming the nearest one when there is none of that name."""
        known = self.list_commands(ctx)
        if args[0] not in known and not args[0].startswith("-"):
            ctx.fail(f"there is no command {args[0]!r}{nearest(args[0], known)}")
        return super().resolve_command(ctx, args)


class LazyGroup(Group):
    """A group that knows the names and summaries of its commands and imports them one by one."""

    def __init__(self, *args: object, entries: Mapping[str, Entry], **kwargs: object) -> None:
        """`entries` maps a command's name to its place, such as "pipeline.cli.status:status"."""
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self._entries = entries
        add_common_options(self)

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return the names in the order in which they were written down: what one needs first stands first."""
        return list(self._entries)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        """Return a command, imported now."""
        entry = self._entries.get(cmd_name)
        if entry is None:
            return None
        module, _, attribute = entry.place.partition(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        add_common_options(command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's signature
        """Write the list of commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.summary) for name, entry in self._entries.items()])


def nearest(asked: str, known: list[str]) -> str:
    """Return "; did you mean …?" when something known is near, else what there is."""
    found = difflib.get_close_matches(asked, known, n=1, cutoff=0.5)
    return f"; did you mean {found[0]!r}?" if found else f"; there are: {', '.join(known)}"


def add_common_options(command: click.Command) -> None:
    """Let a command, and all below it, understand the common options, and read texts as `Text`; repeated calls change nothing."""
    for parameter in command.params:
        if parameter.type is click.STRING:
            parameter.type = Text()
    if not any("--config" in option.opts for option in command.params):
        command.params = [*command.params, *_common_options()]
    for inner in command.commands.values() if isinstance(command, click.Group) else ():
        add_common_options(inner)


def _common_options() -> list[click.Option]:
    def keep(key: str) -> Callable[[click.Context, click.Parameter, Any], None]:
        def callback(context: click.Context, _: click.Parameter, value: Any) -> None:
            if value:
                context.find_root().meta[key] = value

        return callback

    return [
        click.Option(
            ["--config"],
            type=click.Path(),
            metavar="FILE",
            expose_value=False,
            callback=keep(CONFIG_KEY),
            help="Settings; else CUSTODIAN_CONFIG, else ./custodian.toml.",
        ),
        click.Option(
            ["--login", "signed_in_as"],  # a name that no argument of a command has
            type=Text(),
            metavar="NAME",
            expose_value=False,
            callback=keep(LOGIN_KEY),
            help="Your login of the database, for commands that people give; else CUSTODIAN_LOGIN, else that of postgres.dsn.",
        ),
        click.Option(["--debug"], is_flag=True, expose_value=False, callback=keep(DEBUG_KEY), help="Show where an error came from."),
    ]
