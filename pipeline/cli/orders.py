"""`custodian orders`: what venues showed us, and the whole story of one intent."""

from __future__ import annotations

import sys
from collections.abc import Generator, Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from pipeline.cli.commands import lines as command_lines
from pipeline.cli.context import database, settings
from pipeline.cli.decision_text import referral_told
from pipeline.cli.decisions import intent_of
from pipeline.cli.lazy import Group
from pipeline.cli.output import Column, Format, formats, listing, show, time_text, write
from pipeline.cli.people import named, reasoned
from pipeline.domain.accepting import in_words
from pipeline.domain.labels import who_of

if TYPE_CHECKING:
    from pipeline.stores.postgres import Connection

COLUMNS = (
    Column(field="venue", rank=1),
    Column(field="intent_id", rank=0),
    Column(field="status", rank=0),
    Column(field="side", rank=1),
    Column(field="first_seen_at", rank=2),
    Column(field="updated_at", rank=2),
)
_EVENT = ("index", "topic", "epoch", "partition", "offset", "ce_id", "ce_type", "event")
_ACCEPTING = ("phase", "note", "decision_id", "question", "verdict", "by", "reason", "command_id", "command_kind", "state", "mode")
STORY = tuple(Column(field=name) for name in ("kind", "at", "venue", "intent_id", *_ACCEPTING, *_EVENT))
REREAD = tuple(
    Column(field=name) for name in ("venue", "intent_id", "outcome", "status", "transaction_hash", "ce_id", "known", "reason", "act_id")
)


@click.group(cls=Group)
def orders() -> None:
    """Show orders and an intent's whole story; have one read again."""


@orders.command("list")
@listing
@click.option("--status", help="Such as SETTLED.")
@click.option("--venue")
def list_(form: Format, limit: int | None, status: str | None, venue: str | None) -> None:
    """List orders, the latest first."""
    from pipeline.stores.orders import listed

    with database(settings()) as connection:
        show(listed(connection, venue=venue, status=status), form, columns=COLUMNS, limit=limit)


@orders.command("show")
@click.argument("intent")
@formats
def show_(intent: str, form: Format) -> None:
    """Tell the whole story of an intent: where it stands and why, decisions, approvals, commands, entries, and every archived event.

    In jsonl each line has a `kind`: order, workflow, decision, approval, command, event, entry.
    """
    from pipeline.clock import SystemClock

    intent = str(intent_of(intent))
    with database(settings()) as connection:
        lines = list(story(connection, intent, SystemClock().now()))
    if form == "table":
        _timeline(lines)
    else:
        show(lines, form, columns=STORY)


@orders.command()
@click.argument("intent")
@formats
@named
@reasoned
@click.option("--venue", help="Where the order is; needed when several venues know it.")
def reread(intent: str, form: Format, by: str, reason: str, venue: str | None) -> None:
    """Read an order at its venue and publish what the record says now, whether we know that already or not.

    It gets the id that the same fact always has, so every role decides by what it remembers: nothing is booked twice. Exit 1 when the
    venue shows no such order, or the record cannot be read (its bytes are a dead letter then).
    """
    from pipeline.cli import rereading
    from pipeline.cli.acting import publish_now, venue_of
    from pipeline.clock import SystemClock
    from pipeline.failpoints import failpoints_of
    from pipeline.stores import acts, facts
    from pipeline.stores.orders import last_seen_open

    loaded, intent = settings(), str(intent_of(intent))
    failpoints = failpoints_of(loaded.mode)
    with database(loaded, name="reread") as connection:
        venue = venue_of(connection, loaded, intent, venue)
        found = rereading.reread(loaded, venue, intent, was_open=last_seen_open(connection, venue, intent))
        outgoing = found.outgoing
        act = acts.Act(
            action="reread",
            venue=venue,
            intent_id=intent,
            subject=None if outgoing is None else outgoing.envelope.id,
            outcome=found.outcome if found.status is None else found.status,
            acted_by=by,
            reason=reason,
            at=SystemClock().now(),
        )
        line: dict[str, Any] = {"venue": venue, "intent_id": intent, "status": found.status, "transaction_hash": found.transaction_hash}
        line |= {"ce_id": act.subject, "reason": found.reason, "act_id": act.act_id}
        line["known"] = any(fact.ce_id == act.subject for fact in facts.known(connection, venue, [intent]))
        failpoints.reach("act.before_commit")
        acts.record(connection, act, [] if outgoing is None else [outgoing])
        out = publish_now(loaded, connection, [act.act_id, *([act.subject] if act.subject else [])])
    show([{**line, "outcome": found.outcome if out else f"{found.outcome}, stored"}], form, columns=REREAD)
    if found.outcome in ("absent", "unreadable"):
        sys.exit(1)


def story(connection: Connection, intent: str, now: datetime) -> Generator[dict[str, Any]]:
    """Yield what there is about an intent: its order, how it is decided and commanded, every archived event, the entries made from them."""
    from connectors.sinks.accounting_ledger import reads as books
    from connectors.sinks.compliance_archive import reads as evidence
    from pipeline.stores.orders import listed, work

    for order in listed(connection, intent=intent):
        yield {"kind": "order", **order}
    for state in work(connection, intent):
        yield {"kind": "workflow", "at": state.get("phase_since", state.get("updated_at")), **state}
    yield from accepting(connection, intent, now)
    for record in evidence.story(connection, intent):
        # The archive lets records gather: by the time of archiving an answer could stand before its question.
        yield {"kind": "event", "at": record.get("produced_at", record["recorded_at"]), **record}
    for entry in books.entries(connection, intent=intent):
        # An entry has a `kind` of its own; in a story the word says what the line is.
        yield {**entry, "kind": "entry", "at": entry["recorded_at"], "entry_kind": entry["kind"]}


def accepting(connection: Connection, intent: str, now: datetime) -> Iterator[dict[str, Any]]:
    """Yield the decisions about an intent, what people said about them, and the commands that followed."""
    from pipeline.stores import decisions, journal

    for decision in decisions.listed(connection, now=now, intent=intent):
        yield {"kind": "decision", "at": decision["decided_at"], **decision}
    for said in decisions.said_of_intent(connection, intent):
        yield {"kind": "approval", **said, "at": time_text(said["at"])}
    for command in command_lines(journal.listed(connection, intent=intent)):
        # Its own `kind` is what it tells the venue; in a story the word says what the line is.
        yield {**command, "kind": "command", "at": time_text(command["issued_at"]), "command_kind": command["kind"]}


def _timeline(lines: list[dict[str, Any]]) -> None:
    """Write a story for a person, by time."""
    for line in lines:
        if line["kind"] == "order":
            write(f"{line['intent_id']}  {line.get('status', '')}  venue {line['venue']}, side {line.get('side', 'unknown')}")
        elif line["kind"] == "workflow":
            write(f"{line['intent_id']}  accepting at {line['venue']}: {line.get('phase', 'new')}{_why(line)}")
    for line in sorted((line for line in lines if line["kind"] not in ("order", "workflow")), key=lambda line: line["at"]):
        write(f"{line['at'][:23].replace('T', ' ')}  {_what(line)}")
        for detail in _details(line):
            write(f"{'':25}{detail}")


def _why(line: Mapping[str, Any]) -> str:
    since = f" since {line['at'][:19].replace('T', ' ')}" if line.get("at") else ""
    # An unknown status counts as an end and never hides a later SETTLED.
    note = "settled" if line.get("status") == "SETTLED" and line.get("phase") == "ended" else line.get("note")
    return f"{since}: {note}" if note else since


def _what(line: Mapping[str, Any]) -> str:
    match line["kind"]:
        case "entry":
            return f"booked: {line['entry_kind']} {line['entry_id']}"
        case "decision":
            policy = f"{line['policy']['name']} {line['policy']['version']}"
            return f"decided: {line['question']} {line['verdict']}, by {line['decided_by']} under policy {policy}, {line['decision_id']}"
        case "approval":
            return f"{who_of(line.get('login'), line['by'])} said {line['verdict']} about {line['decision_id']}"
        case "command":
            shadow = ", shadow: not sent" if line["mode"] == "shadow" else ""
            return f"command: {line['command_kind']} {line['state']}{shadow}, {line['attempts']} attempts, {line['command_id']}"
    return _event(line)


def _event(line: Mapping[str, Any]) -> str:
    name = (line.get("ce_type") or line["topic"]).removeprefix("custody.")
    event = line.get("event") or {}
    said = event.get("status") or event.get("kind") or event.get("reason") or ""
    if name.startswith("order-settled"):
        said = "once, for the books"
    elif name.startswith("quote-received"):
        said = f"{event.get('quote_id', 'a quote')} at {event.get('fx_rate', 'a rate not said')}"
    elif name.startswith("rate-read"):
        said = f"{event.get('rate', 'a rate')} by {event.get('provider', 'somebody')}"
    elif name.startswith(("decision-", "command-", "operator-")):
        said = " ".join(str(event[part]) for part in ("question", "verdict", "kind", "action", "outcome") if part in event)
        said += f" {who_of(event.get('login'), event['by'])}" if "by" in event else ""
    by = (event.get("observed") or {}).get("origin")
    index = f"  archive index {line['index']}" if "index" in line else ""
    return f"{name}: {said}{f' ({by})' if by else ''}{index}"


def _details(line: Mapping[str, Any]) -> list[str]:
    if line["kind"] == "entry":
        return [f"{leg['side']:6} {leg['account']}  {leg['amount']} {leg['currency']}" for leg in line["postings"]]
    if line["kind"] != "event":
        return list(_accepting_details(line))
    event = line.get("event") or {}
    names = (
        "failure_reason",
        "transaction_hash",
        "source_amount_actual",
        "source_currency",
        "target_amount",
        "target_currency",
        "fx_rate",
        "settled_at",
    )
    terms = "  ".join(f"{name} {event[name]}" for name in names if event.get(name) is not None)
    detail = event.get("detail")
    return [part for part in (terms, "  ".join(f"{k}={v}" for k, v in detail.items()) if isinstance(detail, dict) else "") if part]


def _accepting_details(line: Mapping[str, Any]) -> Iterator[str]:
    """Yield what a decision rests on, what a person gave as a reason, how a command ended."""
    for rule in line.get("rules", ()):
        if rule["verdict"] not in ("PASS", "NOT_APPLICABLE"):
            observed = f"observed {rule['observed']}, " if "observed" in rule else ""
            yield f"{rule['verdict']} by {rule['name']}: {observed}limit {rule.get('limit', 'none')}"
    if line.get("referral"):
        yield referral_told(line["referral"])
    if line.get("reason"):
        words = in_words(line["reason"])
        yield f"reason: {line['reason']}" + (f" ({words})" if words != line["reason"] else "")
