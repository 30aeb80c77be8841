"""What pages tell people to type exists: each command of a runbook, the README and a page beside them is read by the real command line."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from pipeline.cli.main import program
from pipeline.reconcile.settlements import Kind

ROOT = Path(__file__).parents[2]
PAGES = (ROOT / "README.md", *sorted((ROOT / "infra").rglob("*.md")), *sorted((ROOT / "infra" / "deploy").rglob("*.yaml")))
CODE = sorted(path for package in ("pipeline", "connectors", "infra") for path in (ROOT / package).rglob("*.py"))
START = r"(?:\$ )?(?:[A-Z][A-Z_0-9]*=\S+ )*(?:\.venv/bin/|kubectl exec \S+ -- |docker compose run (?:--rm )?\S+ )?custodian\s"
FENCED = re.compile(rf"^[ #]*({START}[^\n]*(?:\\\n[^\n]*)*)", re.MULTILINE)
QUOTED = re.compile(rf"`({START}[^`]+)`")
"""A command in backticks, which may go on in the next line."""
WORDS = {"ROLE": "ledger"}
VALUES = {"int": "1", "integer": "1", "integer range": "1", "float": "1", "DURATION": "90d", "time": "2026-11-27", "path": "policy.toml"}


def commands(text: str) -> Iterator[str]:
    """Yield the commands of a page: those in backticks, and the lines of code blocks."""
    for found in QUOTED.findall(text):
        yield " ".join(found.split())
    for block in re.findall(r"^```[a-z]*\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        yield from (" ".join(found.split()) for found in FENCED.findall(block))


def words(command: str) -> list[str]:
    """Return the arguments of a command as a shell would give them, without what stands before the program's name."""
    asked = command.replace("…", "x").replace("“", '"').replace("”", '"')
    arguments = shlex.split(asked, comments=True)
    names = [number for number, word in enumerate(arguments) if word.rpartition("/")[2] == "custodian"]
    return [WORDS.get(word, word) for word in arguments[names[0] + 1 :]]


def parse(arguments: list[str]) -> None:
    """Read arguments as the program does, to the last command; raise UsageError. Nothing is run, and a name alone needs no arguments."""
    context = program.make_context("custodian", list(arguments))
    while isinstance(context.command, click.Group):
        left = [*context._protected_args, *context.args]  # what click's own groups go on with
        _, command, rest = context.command.resolve_command(context, left)
        assert command is not None
        if not rest:
            return
        for parameter in command.params:
            _fill(parameter, rest)
        context = command.make_context(command.name, rest, parent=context)


def _fill(parameter: click.Parameter, arguments: list[str]) -> None:
    """Put a value of its type where a page writes a word in capitals for one."""
    value = VALUES.get(parameter.type.name)
    if isinstance(parameter.type, click.Choice):
        value = str(next(iter(parameter.type.choices)))
    for name in parameter.opts:
        if value is not None and name in arguments[:-1] and arguments[arguments.index(name) + 1].isupper():
            arguments[arguments.index(name) + 1] = value


def wrong(text: str) -> list[str]:
    """Return what the command line does not understand, with why and what to do about it."""
    found = []
    for command in commands(text):
        try:
            parse(words(command))
        except (click.exceptions.NoArgsIsHelpError, click.exceptions.Exit):
            continue  # a group by its name; --help
        except (click.UsageError, ValueError) as error:
            said = error.format_message() if isinstance(error, click.UsageError) else str(error)
            found.append(
                f"`{command}`: {said}\n  Write the command as `custodian … --help` has it, with capitals for what a reader fills in (ID, "
                "INTENT) and `…` for a text; where there is no such command yet, say in words what to do until then"
            )
    return found


def test_every_kind_of_break_has_its_row() -> None:
    """Whoever meets a break finds in the list of pages what to do."""
    listed = (ROOT / "infra/runbooks/README.md").read_text()
    assert [kind for kind in Kind if f"`{kind}`" not in listed] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_command_of_a_page_exists_and_parses(page: Path) -> None:
    """Whatever a page tells people to type is understood by the program as it is."""
    found = wrong(page.read_text())
    assert not found, f"{page.relative_to(ROOT)}:\n" + "\n".join(found)


@pytest.mark.parametrize("file", CODE, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_command_that_the_program_names_exists(file: Path) -> None:
    """What messages and docstrings tell people to type is understood too; what a message fills in counts as a word in capitals."""
    text = re.sub(r"\{[^{}`\n]*\}", "ID", re.sub(r'"\n\s*f?"', "", file.read_text()))
    found = [line for quoted in QUOTED.findall(text) if "custodian" in quoted for line in wrong(f"`{quoted}`")]
    assert not found, f"{file.relative_to(ROOT)}:\n" + "\n".join(found)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("`custodian breaks mend ID`", "there is no command 'mend'"),
        ("`custodian breaks resolve ID --because …`", "No such option"),
        ("`custodian settlements re-emit --reason …`", "Missing argument 'INTENT'"),
        ("`custodian settlements re-emit\nINTENT`", "Missing option '--reason'"),
        ("```\n$ custodian alarms\nx\n$ custodian ledger reverse ID   # later\n```", "there is no command 'reverse'"),
        ("`custodian breaks list --state OPEN ID`", "unexpected extra argument"),
        ("`CUSTODIAN_MODE__ACCEPTING=live custodian upp`", "there is no command 'upp'"),
    ],
)
def test_a_command_that_is_not_there_is_found(text: str, says: str) -> None:
    """Each kind of mistake is named."""
    (found,) = wrong(text)
    assert says in found


def test_the_pages_have_commands() -> None:
    """The extraction finds what pages hold, so that nothing is content with an empty list."""
    assert sum(len(list(commands(page.read_text()))) for page in PAGES) > 80
