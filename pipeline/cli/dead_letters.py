"""`custodian dead-letters`: what could not be read, with its bytes; and putting it back once it can be."""

from __future__ import annotations

import base64
import sys
from collections.abc import Iterable, Mapping
from datetime import UTC
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from pipeline.cli.context import database, settings
from pipeline.cli.lazy import Group
from pipeline.cli.output import Column, Format, formats, listing, show, table_text, write
from pipeline.cli.people import named
from pipeline.errors import PoisonRecordError

if TYPE_CHECKING:
    from connectors.sinks.compliance_archive.stories import Story
    from pipeline.cli.requeuing import Requeued
    from pipeline.failpoints import Failpoints
    from pipeline.kafka import EventProducer
    from pipeline.settings import Settings
    from pipeline.stores.postgres import Connection
    from pipeline.stores.requeued import Requeue
    from schemas.events import DeadLetter

COLUMNS = (
    Column(field="seen_at", rank=2),
    Column(field="dead_letter_id", rank=0),
    Column(field="state", rank=1),
    Column(field="deaths", right=True, rank=1),
    Column(field="venue", rank=2),
    Column(field="origin", rank=3),
    Column(field="reason", rank=0),
    Column(field="size", right=True, rank=3),
    Column(field="sha256", rank=4, ends=True),
    Column(field="requeued_at", rank=4),
    Column(field="requeued_by", rank=4),
    Column(field="requeued_from", rank=5),
    Column(field="first_dead_letter_id", rank=5),
)
OUTCOMES = tuple(Column(field=name) for name in ("dead_letter_id", "outcome", "target", "reason"))
SHOWN_MAX = 4096
"""Bytes of a letter that are shown for a person."""


@click.group("dead-letters", cls=Group)
def dead_letters() -> None:
    """Show what could not be read, and put it back once it can be."""


@dead_letters.command("list")
@listing
@click.option("--venue")
@click.option("--open", "open_only", is_flag=True, help="Only what waits for a person: neither requeued nor closed.")
def list_(form: Format, limit: int | None, venue: str | None, open_only: bool) -> None:
    """List records that died in the order of the archive: one line each, however often it died and was requeued.

    The id of a line is that of the death which can be requeued now.
    """
    from connectors.sinks.compliance_archive import reads

    with database(settings()) as connection:
        show(reads.dead_letters(connection, venue=venue, open_only=open_only, limit=limit), form, columns=COLUMNS)


@dead_letters.command("show")
@click.argument("dead_letter_id")
@formats
@click.option("--raw", is_flag=True, help="Write the bytes themselves, and nothing else.")
def show_(dead_letter_id: str, form: Format, raw: bool) -> None:
    """Show one dead letter with its bytes (`body` is in base64), and every death and requeue of the same record in order."""
    from connectors.sinks.compliance_archive import reads

    with database(settings()) as connection:
        letter = _letter(connection, dead_letter_id)
        story = None if raw else _story(reads.dead_letter_stories(connection), dead_letter_id)
    body = base64.b64decode(letter.body)
    if story is None:
        sys.stdout.buffer.write(body)
        return
    fields = letter.model_dump(exclude_none=True) | {"state": story.state, "deaths": len(story.deaths)}
    if form != "table":
        fields["story"] = story.steps()
        show([fields], form, columns=[Column(field=name) for name in fields])
        return
    for name, value in fields.items():
        if name != "body":
            write(f"{name:20} {value}")
    write("")
    for step in story.steps():
        write(_step_text(step))
    write("")
    for line in body[:SHOWN_MAX].decode("utf-8", "backslashreplace").split("\n"):
        write(f"  {line}")
    if len(body) > SHOWN_MAX:
        write("  …")


def _story(stories: Iterable[Story], dead_letter_id: str) -> Story:
    return next(story for story in stories if any(death.dead_letter_id == dead_letter_id for death in story.deaths))


def _step_text(step: Mapping[str, Any]) -> str:
    if step["what"] == "died":
        return f"{table_text(step['at'])}  died      {step['dead_letter_id']}  {table_text(step['origin'])}: {step['reason']}"
    why = "" if step["reason"] is None else f": {step['reason']}"
    into = f" into {step['target']}" if "target" in step else ""
    return f"{table_text(step['at'])}  {step['what']}  {step['dead_letter_id']}{into} by {step['by']}{why}"


@dead_letters.command()
@click.argument("dead_letter_ids", nargs=-1, required=True, metavar="ID…")
@formats
@named
@click.option("--reason", help="Why; kept with the record.")
@click.option("--again", is_flag=True, help="Also what was requeued or closed before.")
def requeue(dead_letter_ids: tuple[str, ...], form: Format, by: str, reason: str | None, again: bool) -> None:
    """Put dead letters back: what a venue sent is asked of it anew, a record of what a venue told or of what settled goes back as it was.

    Each death goes back once, also when two people do it or this command is killed; one that was cut off is finished by the next. Exit 1
    when one of them still cannot be read, or may not go back: questions, answers, commands and what people did never do.
    """
    from pipeline.failpoints import failpoints_of
    from pipeline.kafka import EventProducer

    loaded = settings()
    failpoints = failpoints_of(loaded.mode)
    with database(loaded, name="requeue") as connection:
        letters = [_letter(connection, dead_letter_id) for dead_letter_id in dict.fromkeys(dead_letter_ids)]
        desk = _Desk(loaded, connection, EventProducer(loaded.kafka), failpoints)
        outcomes = [desk.requeue(letter, by=by, reason=reason, again=again) for letter in letters]
        desk.producer.close()
    show(outcomes, form, columns=OUTCOMES)
    if any(outcome["outcome"] in ("refused", "unreadable") for outcome in outcomes):
        sys.exit(1)


@dead_letters.command()
@click.argument("dead_letter_ids", nargs=-1, required=True, metavar="ID…")
@formats
@named
@click.option("--reason", required=True, help="Why nothing is lost by it; kept as evidence.")
def close(dead_letter_ids: tuple[str, ...], form: Format, by: str, reason: str) -> None:
    """Say that dead letters stay dead: they are listed as closed and no longer count as open. Nothing is removed."""
    from pipeline.clock import SystemClock
    from pipeline.stores import requeued

    outcomes = []
    with database(settings(), name="requeue") as connection:
        for letter in [_letter(connection, dead_letter_id) for dead_letter_id in dict.fromkeys(dead_letter_ids)]:
            closing = requeued.Closing(dead_letter_id=letter.dead_letter_id, closed_by=by, reason=reason, closed_at=SystemClock().now())
            outcome = "closed" if requeued.close(connection, closing) else "already"
            outcomes.append({"dead_letter_id": letter.dead_letter_id, "outcome": outcome})
    show(outcomes, form, columns=OUTCOMES)


def _letter(connection: Connection, dead_letter_id: str) -> DeadLetter:
    from connectors.sinks.compliance_archive import reads

    letter = reads.dead_letter(connection, dead_letter_id)
    if letter is None:
        raise click.UsageError(f"there is no dead letter {dead_letter_id}; `custodian dead-letters list` shows those there are")
    return letter


class _Desk:
    """Where dead letters are put back."""

    def __init__(self, loaded: Settings, connection: Connection, producer: EventProducer, failpoints: Failpoints) -> None:
        self._loaded, self._connection, self.producer, self._failpoints = loaded, connection, producer, failpoints

    def requeue(self, letter: DeadLetter, *, by: str, reason: str | None, again: bool) -> dict[str, Any]:
        """Put a letter back, unless somebody has done it; finish what was begun. Return the line that says so."""
        from connectors.sinks.compliance_archive import reads
        from pipeline.cli.requeuing import NotPutBackError, record_of
        from pipeline.stores import positions, requeued

        before = requeued.last(self._connection, letter.dead_letter_id)
        if before is not None and before.produced_at is not None and not again:
            return _already(before)
        try:
            record = record_of(
                letter,
                self._loaded,
                archived=partial(reads.record, self._connection),
                epoch_of=partial(positions.epoch_of, self._connection),
            )
        except PoisonRecordError as error:
            outcome = "refused" if isinstance(error, NotPutBackError) else "unreadable"
            return {"dead_letter_id": letter.dead_letter_id, "outcome": outcome, "reason": error.reason}
        begun = before
        if before is None or before.produced_at is not None:
            begun = self._begun(letter, target=record[0], number=1 if before is None else before.number + 1, by=by, reason=reason)
            requeued.begin(self._connection, begun)  # committed before anything is produced, so that nobody begins another
        assert begun is not None
        return self._produced(record, begun)

    def _begun(self, letter: DeadLetter, *, target: str, number: int, by: str, reason: str | None) -> Requeue:
        from pipeline.clock import SystemClock
        from pipeline.stores import requeued

        first = letter.first_dead_letter_id or letter.requeued_from or letter.dead_letter_id
        return requeued.Requeue(
            dead_letter_id=letter.dead_letter_id,
            number=number,
            first_id=first,
            times=requeued.times(self._connection, first) + 1,
            requeued_by=by,
            reason=reason,
            target=target,
            begun_at=SystemClock().now(),
        )

    def _produced(self, record: Requeued, begun: Requeue) -> dict[str, Any]:
        """Produce the record of a requeue that was begun, by us or by one that was cut off, and note it; who comes second waits here."""
        from pipeline.cli.requeuing import with_history
        from pipeline.clock import SystemClock
        from pipeline.stores import requeued

        with self._connection.transaction():
            held = requeued.lock(self._connection, begun.dead_letter_id, begun.number)
            if held.produced_at is not None:
                return _already(held)
            self._failpoints.reach("requeue.before_produce")
            # Acknowledged first, noted after: a crash between the two repeats a record under the same ce_id, and loses none.
            self.producer.publish_records([with_history(record, held)])
            self._failpoints.reach("requeue.after_produce")
            requeued.finish(self._connection, held, SystemClock().now())
        return {"dead_letter_id": held.dead_letter_id, "outcome": "requeued", "target": held.target}


def _already(requeue: Requeue) -> dict[str, Any]:
    said = f"requeued at {requeue.begun_at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ} by {requeue.requeued_by}"
    return {"dead_letter_id": requeue.dead_letter_id, "outcome": "already", "reason": said}
