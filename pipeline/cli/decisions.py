"""`custodian decisions`: what was decided and why; what waits for people, and what they say about it.

An approval binds to the digest of what was shown. On a terminal `approve` and `refuse` show it and ask; everywhere else `--shown` has to
name the digest. The answer to what people agree on is made by the role `commands`, with the limits as they are then; it is waited for.
"""

from __future__ import annotations

import json
import shutil
import sys
import threading
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Literal

import click

from pipeline.cli.context import database, settings
from pipeline.cli.decision_text import referral_told
from pipeline.cli.lazy import Group
from pipeline.cli.output import Column, Format, Row, formats, listing, say, show, write
from pipeline.cli.people import digest_of, named, publisher_runs, say_when_waiting
from pipeline.domain.labels import who_of
from pipeline.printable import printable

if TYPE_CHECKING:
    from pipeline.settings import Settings
    from pipeline.stores.approvals import Referral, Said
    from pipeline.stores.postgres import Connection
    from schemas.accepting import RuleOutcome

COLUMNS = (
    Column(field="decision_id", rank=0),
    Column(field="venue", rank=3),
    Column(field="intent_id", rank=1),
    Column(field="question", rank=1),
    Column(field="quote_id", rank=4),
    Column(field="verdict", rank=0),
    Column(field="policy", value=lambda row: f"{row['policy']['name']} {row['policy']['version']}", rank=4),
    Column(field="decided_by", rank=2),
    Column(field="decided_at", rank=2),
    Column(field="rules", title="not passed", value=lambda row: _not_passed(row), rank=3),
    Column(field="referral", title="people", value=lambda row: _people(row), rank=0),
)
PENDING = (
    Column(field="decision_id", rank=0),
    Column(field="question", rank=0),
    Column(field="intent_id", rank=0, brief=True),
    Column(field="referral", title="people", value=lambda row: _people(row), rank=0, wraps=12),
    Column(field="rules", title="not passed", value=lambda row: _not_passed(row), rank=1),
    Column(field="venue", rank=2),
    Column(field="quote_id", rank=3),
    Column(field="decided_at", rank=3),
)
"""Of what waits in a table: what the next command needs, and what one decides by; not what is the same of all."""
ANSWER_WITHIN = 10.0
"""Seconds that the answer to what people agreed on is waited for; it is made within a quarter of one."""


@click.group(cls=Group)
def decisions() -> None:
    """Show what was decided and why; approve or refuse what waits for people."""


@decisions.command("list")
@listing
@click.option("--pending", is_flag=True, help="Only what waits for people now, the first to expire in front.")
@click.option("--venue")
@click.option("--intent", metavar="INTENT")
@click.option("--question", type=click.Choice(["accept_proposal", "co_sign_quote"]))
@click.option("--verdict", type=click.Choice(["ACCEPT", "REJECT", "REFER", "WAIT"], case_sensitive=False))
def list_(
    form: Format, limit: int | None, pending: bool, venue: str | None, intent: str | None, question: str | None, verdict: str | None
) -> None:
    """List decisions, the latest first, those made in shadow included."""
    from pipeline.clock import SystemClock
    from pipeline.stores.decisions import listed

    with database(settings()) as connection:
        now = SystemClock().now()
        rows = listed(
            connection, now=now, pending=pending, venue=venue, intent=intent_of(intent), question=question, verdict=verdict, limit=limit
        )
        show(rows, form, columns=PENDING if pending and form == "table" else COLUMNS)


@decisions.command("show")
@click.argument("decision_id")
@formats
def show_(decision_id: str, form: Format) -> None:
    """Show a decision: the order, quotes side by side, each rule with what it saw; and what people have said about it."""
    from pipeline.clock import SystemClock
    from pipeline.stores import approvals
    from pipeline.stores.decisions import said

    with database(settings()) as connection:
        whole = _whole(connection, decision_id)
        if whole is None:
            raise click.UsageError(f"there is no decision {decision_id}; `custodian decisions list` shows those there are")
        people, referral = said(connection, decision_id), approvals.find(connection, decision_id)
        now = SystemClock().now()
    if form != "table":
        fields = {**whole, **({"approvals": people} if people else {})}
        show([fields], form, columns=[Column(field=name) for name in fields])
        return
    for line in _text_of(whole, referral):
        write(line)
    for line in _referral_lines(whole, people, open_now=referral is not None and referral.state == "pending" and referral.expires_at > now):
        write(line)


@decisions.command()
@click.argument("decision_id")
@formats
@named
@click.option("--shown", metavar="DIGEST", help="The digest of what you were shown; `decisions show` names it. Not needed on a terminal.")
@click.option("--reason", default="", help="Kept as evidence.")
def approve(decision_id: str, form: Format, by: str, shown: str | None, reason: str) -> None:
    """Approve what waits for people. Exit 1 when it is stale, expired, closed or unknown, you have spoken already, or a limit stops it."""
    _speak("approve", decision_id, form, by=by, shown=shown, reason=reason)


@decisions.command()
@click.argument("decision_id")
@formats
@named
@click.option("--shown", metavar="DIGEST", help="The digest of what you were shown; `decisions show` names it. Not needed on a terminal.")
@click.option("--reason", default="", help="Kept as evidence.")
def refuse(decision_id: str, form: Format, by: str, shown: str | None, reason: str) -> None:
    """Refuse what waits for people: one refusal is enough. Exit 1 when it is stale, expired, closed or unknown."""
    _speak("refuse", decision_id, form, by=by, shown=shown, reason=reason)


def intent_of(given: str | None) -> str | None:
    """Return an intent id in the case in which it is kept."""
    return given.lower() if given is not None and len(given) == 36 else given


def _speak(verdict: Literal["approve", "refuse"], decision_id: str, form: Format, *, by: str, shown: str | None, reason: str) -> None:
    from pipeline.stores import approvals

    loaded = settings()
    shown = digest_of(shown, lambda: _shown_on_terminal(loaded, decision_id, verdict, by), f"`custodian decisions show {decision_id}`")
    with database(loaded, name="decisions") as connection:
        speak = approvals.approve if verdict == "approve" else approvals.refuse
        try:
            said = speak(connection, decision_id, by=by, shown=shown, reason=reason)
        except ValueError as error:
            raise click.UsageError(str(error)) from None
        said = _awaited(connection, decision_id, said)
        told = list(_sentences(connection, decision_id, verdict, by, said))
        heard = said.became in ("counted", "agreed", "approved", "refused")
        if form != "table":
            show([_outcome(decision_id, by, said)], form, columns=OUTCOME)
        if form == "table" or not heard:
            for line in told:
                say(line, err=not heard)
        if heard:
            say_when_waiting(connection)
    if not heard:
        sys.exit(1)


OUTCOME = tuple(
    Column(field=name)
    for name in (
        "decision_id",
        "outcome",
        "by",
        "login",
        "approved_by",
        "approvers_needed",
        "answer_id",
        "rejected_by",
        "newest",
        "changed",
    )
)


def _shown_on_terminal(loaded: Settings, decision_id: str, verdict: str, by: str) -> str:
    """Show what waits, let a person confirm it, and return its digest; something that takes no answer any more is not worth a question."""
    from pipeline.clock import SystemClock
    from pipeline.stores import approvals

    with database(loaded, name="decisions") as connection:
        referral = approvals.find(connection, decision_id)
        text = [] if referral is None else list(_text_of(_whole(connection, decision_id) or {}, referral))
    if referral is not None and referral.state == "pending" and referral.expires_at > SystemClock().now():
        _ask(verdict, text, referral, by)
    return "" if referral is None else referral.shown_sha256


def _awaited(connection: Connection, decision_id: str, said: Said) -> Said:
    """Wait for the answer to what people agreed on; without anybody who makes it, or within its time, there is none."""
    from pipeline.clock import SystemClock
    from pipeline.stores import approvals

    clock, pause = SystemClock(), threading.Event()
    until = clock.monotonic() + ANSWER_WITHIN
    while said.became == "agreed":
        runs = publisher_runs(connection)
        said = approvals.answered(connection, decision_id, said)
        if not runs or clock.monotonic() >= until:
            break
        pause.wait(0.1)
    return said


def _ask(verdict: str, text: list[str], referral: Referral, by: str) -> None:
    """Show what waits and let a person confirm; leave with 1 when that person does not."""
    for line in text:
        write(line)
    write("")
    write(f"digest of all of this: {referral.shown_sha256}")
    if not click.confirm(printable(f"{verdict} exactly this, as {by}?")):
        click.echo("nothing was said about it", err=True)
        sys.exit(1)


def _outcome(decision_id: str, by: str, said: Said) -> dict[str, Any]:
    return {
        "decision_id": decision_id,
        "outcome": said.became,
        "by": by,
        "login": said.login,
        "approved_by": list(said.approved_by),
        "approvers_needed": said.needed or None,
        "answer_id": None if said.answer is None else said.answer.decision_id,
        "rejected_by": [rule.name for rule in _against(said)] or None,
        "newest": said.newest,
        "changed": [{"path": path, "before": before, "after": after} for path, before, after in said.differences] or None,
    }


def _sentences(connection: Connection, decision_id: str, verdict: str, by: str, said: Said) -> Iterator[str]:
    """Yield what became of what a person said, in words."""
    who = said.login or by
    match said.became:
        case "counted":
            missing = said.needed - len(said.approved_by)
            yield f"counted: {who} approves; of {said.needed} different people {missing} more must approve"
        case "agreed":
            yield f"{verdict}d by {', '.join(said.approved_by) if verdict == 'approve' else who}; the answer is not made yet"
            yield f"`custodian decisions show {decision_id}` tells what it is"
        case "rejected":
            yield f"approved by {', '.join(said.approved_by)}, and the answer is REJECT all the same{_what_becomes(said)}"
            yield from (
                printable(f"{rule.name}: observed {rule.observed}, limit {rule.limit}. {rule.explanation}") for rule in _against(said)
            )
        case "approved":
            yield f"approved by {', '.join(said.approved_by)}: the answer is ACCEPT{_what_becomes(said)}"
        case "refused":
            yield f"refused by {who}: the answer is REJECT{_what_becomes(said)}"
        case "repeated":
            yield f"already counted: {who} has said something about {decision_id} before, and a person counts once, under whatever name"
        case "stale":
            yield from _stale(decision_id, said)
        case "expired":
            yield f"{decision_id} has expired: nobody can {verdict} it any more, and it will not be executed"
        case "ended":
            yield f"{decision_id} waits for nobody any more: the order ended"
        case "closed":
            yield f"{decision_id} is closed: {_answered(connection, decision_id)}"
        case "unknown":
            yield _unknown(connection, decision_id)


def _against(said: Said) -> list[RuleOutcome]:
    """Return the rules that stopped what people approved."""
    return [] if said.became != "rejected" or said.answer is None else [rule for rule in said.answer.rules if rule.verdict == "REJECT"]


def _what_becomes(said: Said) -> str:
    return "" if said.answer is None else f"; `custodian orders show {said.answer.intent_id}` tells what becomes of it"


def _stale(decision_id: str, said: Said) -> Iterator[str]:
    from pipeline.cli.decision_text import differences_text

    if said.newest == decision_id:
        yield f"stale: what was shown under that digest is not what waits under {decision_id}"
    else:
        yield f"stale: {decision_id} was overtaken, the question was asked anew on what is known now"
    if said.differences:
        yield "changed:"
        yield from differences_text(said.differences)
    elif said.newest != decision_id:
        yield "of the order, quotes, rates and compliance facts nothing changed"
    yield f"`custodian decisions show {said.newest}` shows what waits now" if said.newest else "nothing waits for people about it now"


def _answered(connection: Connection, decision_id: str) -> str:
    from pipeline.stores import approvals
    from pipeline.stores.decisions import said

    referral = approvals.find(connection, decision_id)
    state = "answered" if referral is None else referral.state
    spoke = [f"{who_of(one.get('login'), one['by'])}: {one['verdict']}" for one in said(connection, decision_id)]
    return f"{state} already" + (f", by {', '.join(spoke)}" if spoke else "")


def _unknown(connection: Connection, decision_id: str) -> str:
    whole = _whole(connection, decision_id)
    if whole is None:
        return f"there is no decision {decision_id}; `custodian decisions list --pending` shows what waits for people"
    if whole["verdict"] == "REFER":
        return f"{decision_id} does not wait for people: its question is not known here, or another decision referred it first"
    return f"{decision_id} is {whole['verdict']}: it waits for nobody"


def _whole(connection: Connection, decision_id: str) -> dict[str, Any] | None:
    """Return a decision as it is listed, with the facts of its question."""
    from pipeline.clock import SystemClock
    from pipeline.decisions.shown import shown_of
    from pipeline.stores.decisions import found, listed

    kept = found(connection, decision_id)
    if kept is None:
        return None
    line = next(iter(list(listed(connection, now=SystemClock().now(), decision_id=decision_id))), {})
    return {**line, **shown_of(*kept)}


def _text_of(whole: Mapping[str, Any], referral: Referral | None) -> Iterator[str]:
    """Yield a decision for a person; of a referral exactly what its digest is made of."""
    from pipeline.cli.decision_text import lines_of

    width = shutil.get_terminal_size((140, 40)).columns
    if referral is not None:
        yield from lines_of(json.loads(referral.shown), width=width)
    else:
        yield from lines_of({name: value for name, value in whole.items() if name not in ("referral", "approvers_needed")}, width=width)


def _referral_lines(whole: Mapping[str, Any], people: list[dict[str, Any]], *, open_now: bool) -> Iterator[str]:
    referral = whole.get("referral")
    if referral is None:
        return
    yield ""
    yield referral_told(referral)
    for one in people:
        yield f"  {one['at']:%Y-%m-%d %H:%M:%S}  {who_of(one.get('login'), one['by'])}: {one['verdict']}" + (
            f" ({one['reason']})" if one["reason"] else ""
        )
    if open_now:
        yield f"to answer exactly this: custodian decisions approve {whole['decision_id']} --shown {referral['shown_sha256']}"


def _not_passed(row: Row) -> str:
    return ", ".join(rule["name"] for rule in row["rules"] if rule["verdict"] not in ("PASS", "NOT_APPLICABLE"))


def _people(row: Row) -> str:
    referral = row.get("referral")
    if referral is None:
        return ""
    if "reason" in referral:
        return str(referral["reason"])
    if referral["state"] != "pending":
        return "approved, REJECT" if "rejected_by" in referral else str(referral["state"])
    return f"{len(referral['approved_by'])} of {referral['approvers_needed']} until {referral['expires_at'][11:19]}"
