"""`custodian policy`: checks a policy file, explains its checks, replays recorded decisions, and puts a policy in force by two people."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pipeline.cli.context import database, settings
from pipeline.cli.lazy import Group
from pipeline.cli.output import Column, Format, by_rank, formats, say, show
from pipeline.cli.people import digest_of, named, reasoned, say_when_waiting
from pipeline.cli.times import Time

if TYPE_CHECKING:
    from pipeline.policy.file import Policy
    from pipeline.policy.replay import Happening, Recorded
    from pipeline.stores.postgres import Connection

RULES = (
    Column(field="name", rank=0),
    Column(field="on", rank=0),
    Column(field="check", rank=0),
    Column(field="limit", rank=1),
    Column(field="otherwise", rank=0),
    Column(field="approvers", rank=2, right=True),
    Column(field="explanation", rank=3),
)
CHECKS = (
    Column(field="check", rank=0),
    Column(field="on", rank=2),
    Column(field="explanation", rank=1),
    Column(field="example", rank=1),
    Column(field="params", rank=3, value=lambda row: ", ".join(row["params"])),
)
CHANGES = (
    Column(field="kind", rank=0),
    Column(field="question", rank=0),
    Column(field="change", rank=0),
    Column(field="rule", rank=0, value=lambda row: row.get("rule", row.get("counter"))),
    Column(field="count", rank=0, right=True),
    Column(field="amounts", rank=1),
    Column(field="became", rank=1),
    Column(field="samples", rank=2),
)


ACTIVATIONS = (
    Column(field="activation_id", rank=3, right=True),
    Column(field="name", rank=0),
    Column(field="version", rank=0, right=True),
    Column(field="sha256", rank=0, ends=True),
    Column(field="agreed_by", rank=1, value=lambda row: ", ".join(row["agreed_by"]) or "init"),
    Column(field="login", rank=3),
    Column(field="by", rank=2),
    Column(field="reason", rank=1),
    Column(field="at", rank=0),
)


@click.group(cls=Group)
def policy() -> None:
    """Check a policy, try a candidate on recorded decisions, and put one in force."""


@policy.command()
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option("--list", "listing", is_flag=True, help="List the checks that rules can use, with their parameters.")
@formats
def check(file: Path | None, listing: bool, form: Format) -> None:
    """Check FILE (default: risk.policy_file of the settings) and list its rules; exit 78 with line numbers on errors."""
    from pipeline.policy.file import read

    if listing:
        show(_checks(), form, columns=CHECKS)
        if form == "table":
            click.echo("every parameter is explained by: custodian policy check --list --format json", err=True)
        return
    found = read(_file(file))
    rows = (
        {
            "name": rule.name,
            "on": rule.question,
            "check": rule.check.name,
            "limit": rule.compiled.limit,
            "otherwise": rule.otherwise,
            "approvers": rule.approvers if rule.otherwise == "REFER" else None,
            "explanation": rule.check.sentence,
            "why": rule.why,
        }
        for rule in found.rules
    )
    show(rows, form, columns=RULES)
    click.echo(f"sound: policy {found.name!r}, version {found.version}, {len(found.rules)} rules, SHA-256 {found.sha256}", err=True)
    for question in ("accept_proposal", "co_sign_quote"):
        if not any(rule.question == question for rule in found.rules):
            click.echo(f"note: no rule is about {question}: every such question is referred to a person", err=True)


def _file(named: Path | None) -> Path:
    """Return the file that was named, or that of the settings; raise UsageError without either."""
    file = settings().risk.policy_file if named is None else named
    if file is None:
        raise click.UsageError(
            "risk.policy_file: there is no policy.toml beside the settings; name a FILE (infra/policies/default.toml is an example)"
        )
    return file


@policy.command()
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option("--shown", metavar="DIGEST", help="The SHA-256 of the file; `policy check` names it. Not needed on a terminal.")
@named
@reasoned
def activate(file: Path | None, shown: str | None, by: str, reason: str) -> None:
    """Agree to the policy in FILE (default: risk.policy_file): the second person's word, within an hour of the first, puts it in force.

    Exit 1 when the file is not the one that was shown.
    """
    from pipeline.policy.file import parse, read_bytes
    from pipeline.stores import policies

    named_file = _file(file)
    content = read_bytes(named_file)  # once: what is shown is what is sent
    found = parse(content, str(named_file))
    loaded = settings()
    if loaded.risk.engine != "builtin":
        raise click.UsageError('risk.engine is "external": its rules are not ours to put in force')
    shown = digest_of(shown, lambda: _ask(found, by), "policy check")
    if shown != found.sha256:
        say(f"stale: {named_file} has the SHA-256 {found.sha256}; look at it again: custodian policy check")
        sys.exit(1)
    with database(loaded, name="policy") as connection:
        before = policies.has_agreed(connection, found)
        try:
            said = policies.activate(connection, content, found, reason=reason, by=by)
        except ValueError as error:
            raise click.UsageError(str(error)) from None
        what = f"policy {found.name!r}, version {found.version}"
        match said.outcome:
            case "already":
                say(f"already: {what} is in force", err=False)
            case "counted":
                first = "already counted" if before else "counted"
                say(f"{first}: {', '.join(said.agreed_by)} would put {what} in force; another person must agree within the hour", err=False)
            case "activated":
                say(f"activated: {what} is in force from the next decision on; agreed by {', '.join(said.agreed_by)}", err=False)
                say_when_waiting(connection)


def _ask(found: Policy, by: str) -> str:
    """Say what would be put in force, let a person confirm, and return its digest; leave with 1 when that person does not."""
    say(f"policy {found.name!r}, version {found.version}, SHA-256 {found.sha256}:", err=False)
    for rule in found.rules:
        say(f"  {rule.name}: {rule.check.name} on {rule.question}, {rule.compiled.limit}, otherwise {rule.otherwise}", err=False)
    if not click.confirm(f"put exactly this in force, as {by}?"):
        click.echo("nothing was said about it", err=True)
        sys.exit(1)
    return found.sha256


@policy.command("list")
@formats
def listing(form: Format) -> None:
    """Show which policies became active, the one in force first."""
    from dataclasses import asdict

    from pipeline.stores import policies

    with database(settings(), name="policy") as connection:
        show((asdict(one) for one in policies.listed(connection)), form, columns=by_rank(ACTIVATIONS) if form == "table" else ACTIVATIONS)


@policy.command("show")
@click.argument("digest", required=False, metavar="[SHA256]")
@click.option("--raw", is_flag=True, help="Write the bytes as they are, also what a screen does not show.")
def showing(digest: str | None, raw: bool) -> None:
    """Write the policy in force, or one that was, as it was activated. Exit 1 when there is none."""
    from pipeline.printable import printable
    from pipeline.stores import policies

    with database(settings(), name="policy") as connection:
        newest = policies.in_force(connection)
        wanted = digest.lower() if digest is not None else None if newest is None else newest.sha256
        if wanted is not None and len(wanted) < 64:  # its beginning, as a narrow table shows it
            begun = {one.sha256 for one in policies.listed(connection) if one.sha256.startswith(wanted)}
            if len(begun) > 1:
                raise click.UsageError(f"{len(begun)} policies begin with {wanted}: write more of it")
            wanted = next(iter(begun), wanted)
        found = None if wanted is None else policies.content(connection, wanted)
    if found is None:
        say("no policy is in force: every question waits for a person" if digest is None else f"{digest}: no such policy was ever active")
        sys.exit(1)
    click.echo(found if raw else printable(found.decode(), lines=True), nl=False)


def _checks() -> Iterator[dict[str, Any]]:
    from pipeline.policy.checks.catalogue import CHECKS as ALL
    from pipeline.policy.file import example_of

    for entry in ALL.values():
        fields = entry.params.model_fields
        yield {
            "check": entry.name,
            "on": list(entry.questions),
            "explanation": entry.sentence,
            "otherwise": list(entry.otherwise),
            "params": {
                name: f"{field.description or _kind(field.annotation)}{'' if field.is_required() else ' (may be left out)'}"
                for name, field in fields.items()
            },
            "example": f"params = {example_of(entry)}",
        }


def _kind(annotation: Any) -> str:
    return {"Decimal": 'a decimal in quotes such as "50000000"', "str": "a text"}.get(
        getattr(annotation, "__name__", ""), "see the example"
    )


@policy.command()
@click.option("--policy", "candidate", required=True, type=click.Path(path_type=Path), metavar="FILE", help="The candidate.")
@click.option("--from", "since", type=Time(), metavar="TIME", help="Decisions made from then on; else from the first.")
@click.option("--to", "until", type=Time(), metavar="TIME", help="Decisions made before then; else to the last.")
@click.option(
    "--counters",
    type=click.Choice(["recorded", "rebuilt"]),
    default="recorded",
    help="recorded: each decision with what was read for it; rebuilt: the candidate's own accepts fill the limits.",
)
@click.option("--samples", type=click.IntRange(min=0), default=5, help="How many decision ids are shown per change.")
@formats
def replay(candidate: Path, since: datetime | None, until: datetime | None, counters: str, samples: int, form: Format) -> None:
    """Decide recorded questions again by a candidate policy, and say what would have been different."""
    from pipeline.policy.engine import Engine
    from pipeline.policy.file import read
    from pipeline.policy.replay import Recorded, Summary, with_rebuilt_counters, with_recorded_counters

    loaded = settings()
    engine = Engine(read(candidate), loaded.currencies.scales())
    with database(loaded, name="replay") as connection:
        happenings, fates = _recorded(connection)

    def within(one: Recorded) -> bool:
        return (since is None or one.at >= since) and (until is None or one.at < until)

    gc.freeze()  # what was read stays: looking through it again and again would take longer than the replay
    asked = [one for one in happenings if isinstance(one, Recorded) and within(one)]
    own = [one for one in asked if one.made.policy_sha256 == engine.policy.sha256]
    summary, identical = Summary(fates, samples=samples), 0
    if counters == "recorded":
        for one in with_recorded_counters(engine, asked):
            summary.add(one)
            if one.recorded.made.policy_sha256 == engine.policy.sha256:
                identical += one.is_identical(engine)
    else:
        # What came before fills the limits too; only what lies within is counted.
        for one in with_rebuilt_counters(engine, happenings):
            if within(one.recorded):
                summary.add(one)
        identical = sum(one.is_identical(engine) for one in with_recorded_counters(engine, own))
    show(summary.rows(), form, columns=CHANGES)
    click.echo(f"{summary.count} decisions replayed with {counters} counters by policy {engine.policy.name!r}", err=True)
    if own:
        click.echo(f"{identical} of the {len(own)} that this very policy made come out identical to the byte", err=True)
    if identical != len(own):
        sys.exit(1)


def _recorded(connection: Connection) -> tuple[list[Happening], dict[tuple[str, str], str]]:
    """Read what was asked, answered, approved, refused and ended, and how each order ended."""
    from connectors.sinks.compliance_archive.reads import events, events_with_digests
    from pipeline.domain import lifecycle
    from pipeline.log import topics
    from pipeline.policy.exact import amount
    from pipeline.policy.facts import instant
    from pipeline.policy.replay import Approved, Ended, Recorded, Refused
    from schemas.accepting import CommandCompleted, DecisionMade, DecisionRequested
    from schemas.events import OrderUpdated

    requests = {
        (asked.request_id, asked.context_sha256): asked for asked in events(connection, topics.DECISION_REQUESTED, DecisionRequested)
    }
    found: list[Happening] = []
    answered: set[tuple[str, str]] = set()
    for made, sha256 in events_with_digests(connection, topics.DECISION_MADE, DecisionMade):
        key, at = (made.request_id, made.context_sha256), instant(made.decided_at)
        request = requests.get(key)
        if made.refers_to is None and request is not None and at is not None:
            if key not in answered:  # a second answer to a question, repeated or contradicting, had no effect
                found.append(Recorded.of(request, made, sha256))
            answered.add(key)
        elif made.refers_to is not None and made.verdict == "ACCEPT" and at is not None:
            found.append(Approved(made, at))
    for completed in events(connection, topics.COMMAND_COMPLETED, CommandCompleted):
        at = instant(completed.completed_at)
        if completed.outcome in ("refused", "expired") and at is not None:
            found.append(Refused(completed, at))
    fates: dict[tuple[str, str], str] = {}
    known = {(request.venue, request.intent_id) for request in requests.values()}
    for update in events(connection, topics.ORDER_UPDATED, OrderUpdated):
        key, at = (update.venue, update.intent_id), instant(update.observed.observed_at)
        if key not in known or at is None:
            continue
        settled = update.status == lifecycle.SETTLED
        if settled or key not in fates or lifecycle.rank(update.status) > lifecycle.rank(fates[key]):
            fates[key] = update.status
        if not lifecycle.is_open(update.status):
            found.append(
                Ended(
                    venue=update.venue,
                    intent_id=update.intent_id,
                    status=update.status,
                    settled=settled,
                    source_amount=amount(update.source_amount_actual),
                    at=at,
                )
            )
    return found, fates
