"""`custodian dead-letters`: what could not be read, with its bytes; and putting it back once it can be."""

from __future__ import annotations

import base64
import sys
from typing import TYPE_CHECKING, Any

import click

from pipeline.cli.context import database, settings
from pipeline.cli.lazy import Group
from pipeline.cli.output import Column, Format, formats, listing, show, write
from pipeline.errors import PoisonRecordError

if TYPE_CHECKING:
    from pipeline.settings import Settings
    from pipeline.stores.postgres import Connection
    from schemas.events import DeadLetter

COLUMNS = (
    Column(field="seen_at", rank=2),
    Column(field="dead_letter_id", rank=0),
    Column(field="venue", rank=2),
    Column(field="origin", rank=3),
    Column(field="reason", rank=0),
    Column(field="size", right=True, rank=3),
    Column(field="sha256", rank=4, ends=True),
    Column(field="requeued_from", rank=5),
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
def list_(form: Format, limit: int | None, venue: str | None) -> None:
    """List dead letters in the order of the archive."""
    from connectors.sinks.compliance_archive import reads

    with database(settings()) as connection:
        show(reads.dead_letters(connection, venue=venue, limit=limit), form, columns=COLUMNS)


@dead_letters.command("show")
@click.argument("dead_letter_id")
@formats
@click.option("--raw", is_flag=True, help="Write the bytes themselves, and nothing else.")
def show_(dead_letter_id: str, form: Format, raw: bool) -> None:
    """Show one dead letter with its bytes; `body` is in base64."""
    with database(settings()) as connection:
        letter = _letter(connection, dead_letter_id)
    if raw:
        sys.stdout.buffer.write(base64.b64decode(letter.body))
        return
    fields = letter.model_dump(exclude_none=True)
    if form != "table":
        show([fields], form, columns=[Column(field=name) for name in fields])
        return
    for name, value in fields.items():
        if name != "body":
            write(f"{name:16}{value}")
    body = base64.b64decode(letter.body)
    write("")
    write(body[:SHOWN_MAX].decode("utf-8", "backslashreplace") + (" …" if len(body) > SHOWN_MAX else ""))


@dead_letters.command()
@click.argument("dead_letter_ids", nargs=-1, required=True, metavar="ID…")
@formats
@click.option("--again", is_flag=True, help="Also what was requeued before.")
def requeue(dead_letter_ids: tuple[str, ...], form: Format, again: bool) -> None:
    """Put dead letters back: bytes of a venue are parsed anew, a topic's record goes back into its topic.

    Exit 1 when one of them still cannot be read; nothing is done twice unless --again.
    """
    from pipeline.kafka import EventProducer

    loaded = settings()
    with database(loaded, name="requeue") as connection:
        letters = [_letter(connection, dead_letter_id) for dead_letter_id in dict.fromkeys(dead_letter_ids)]
        producer = EventProducer(loaded.kafka)
        outcomes = [_requeue(loaded, connection, producer, letter, again=again) for letter in letters]
        producer.close()
    show(outcomes, form, columns=OUTCOMES)
    if any(outcome["outcome"] == "unreadable" for outcome in outcomes):
        sys.exit(1)


def _letter(connection: Connection, dead_letter_id: str) -> DeadLetter:
    from connectors.sinks.compliance_archive import reads

    letter = reads.dead_letter(connection, dead_letter_id)
    if letter is None:
        raise click.UsageError(f"there is no dead letter {dead_letter_id}; `custodian dead-letters list` shows those there are")
    return letter


def _requeue(loaded: Settings, connection: Connection, producer: Any, letter: DeadLetter, *, again: bool) -> dict[str, Any]:
    from pipeline.clock import SystemClock
    from pipeline.stores import requeued

    with connection.transaction():
        requeued.hold(connection, letter.dead_letter_id)
        before = requeued.when(connection, letter.dead_letter_id)
        if before is not None and not again:
            return {"dead_letter_id": letter.dead_letter_id, "outcome": "already", "reason": f"requeued at {before:%Y-%m-%dT%H:%M:%SZ}"}
        try:
            from pipeline.cli.requeuing import record_of

            topic, key, value, headers = record_of(letter, loaded)
        except PoisonRecordError as error:
            return {"dead_letter_id": letter.dead_letter_id, "outcome": "unreadable", "reason": error.reason}
        # Acknowledged first, remembered after: a crash between the two repeats a record, whose id is derived, and loses none.
        producer.publish_records([(topic, key, value, headers)])
        requeued.remember(connection, letter.dead_letter_id, topic, SystemClock().now())
    return {"dead_letter_id": letter.dead_letter_id, "outcome": "requeued", "target": topic}
