"""`custodian positions`: how far each consumer has come, and going on behind records that Kafka no longer has."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from pipeline.cli.context import database, settings
from pipeline.cli.lazy import Group, nearest
from pipeline.cli.output import Column, Format, formats, listing, show
from pipeline.cli.people import named, reasoned, say_when_waiting

if TYPE_CHECKING:
    from pipeline.settings import Settings
    from pipeline.stores.postgres import Connection

COLUMNS = (
    Column(field="consumer", rank=0),
    Column(field="topic", rank=0),
    Column(field="partition", title="p", right=True, rank=0),
    Column(field="next_offset", right=True, rank=0),
    Column(field="first", right=True, rank=1),
    Column(field="end", right=True, rank=1),
    Column(field="lost", right=True, rank=0),
)
OUTCOMES = (
    Column(field="consumer"),
    Column(field="topic"),
    Column(field="partition", title="p", right=True),
    Column(field="before", right=True),
    Column(field="after", right=True),
    Column(field="act_id", rank=2, ends=True),
)
Partition = tuple[str, int]


@click.group(cls=Group)
def positions() -> None:
    """Show stored positions, and go on behind records that Kafka no longer has."""


@positions.command("list")
@listing
@click.option("--lost", "lost_only", is_flag=True, help="Only where Kafka no longer has the record that comes next.")
def list_(form: Format, limit: int | None, lost_only: bool) -> None:
    """List every stored position beside what Kafka has of that partition: its first offset and its end."""
    from pipeline.supervisor.preparation import CONSUMERS

    loaded = settings()
    with database(loaded) as connection:
        lines = (line for consumer in CONSUMERS for line in _lines(loaded, connection, consumer))
        show((line for line in lines if line["lost"] or not lost_only), form, columns=COLUMNS, limit=limit)


def _lines(loaded: Settings, connection: Connection, consumer: str) -> Iterator[dict[str, Any]]:
    from pipeline.stores import positions as stored

    held = stored.of_consumer(connection, consumer)
    kept = _kept(loaded, list(held))
    for place, offset in sorted(held.items()):
        first, end = kept[place]
        line = {"consumer": consumer, "topic": place[0], "partition": place[1], "next_offset": offset, "first": first, "end": end}
        yield line | {"lost": max(0, first - offset)}


def _kept(loaded: Settings, places: list[Partition]) -> dict[Partition, tuple[int, int]]:
    from pipeline.kafka import TopicAdmin

    admin = TopicAdmin(loaded.kafka)
    admin.check_connection(timeout=5)
    return admin.offsets(places)


@positions.command()
@click.argument("consumer")
@formats
@named
@reasoned
def advance(consumer: str, form: Format, by: str, reason: str) -> None:
    """Let a consumer that met `topic_truncated` go on at the first record that Kafka still has, in every partition where that is ahead.

    It moves forward only, and only over records that no longer exist: what Kafka has is not skipped. What was lost is found by
    `custodian reconcile venue`, and cured by `custodian orders reread` and `custodian settlements re-emit`.
    """
    from pipeline.clock import SystemClock
    from pipeline.stores import acts
    from pipeline.stores import positions as stored
    from pipeline.supervisor.preparation import CONSUMERS, refuse_replaced

    if consumer not in CONSUMERS:
        raise click.UsageError(f"there is no consumer {consumer!r}{nearest(consumer, sorted(CONSUMERS))}")
    loaded, outcomes = settings(), []
    with database(loaded, name="advance") as connection:
        from pipeline.kafka import TopicAdmin

        held = list(stored.of_consumer(connection, consumer))
        refuse_replaced(connection, consumer, list(TopicAdmin(loaded.kafka).describe(sorted({topic for topic, _ in held})).values()))
        kept, now = _kept(loaded, held), SystemClock().now()
        with connection.transaction():
            behind = stored.lost(connection, consumer, kept)
            stored.advance(connection, consumer, {place: first for place, (_, first) in behind.items()})
            for (topic, partition), (before, after) in sorted(behind.items()):
                act = acts.Act(
                    action="advance",
                    venue=None,
                    intent_id=None,
                    subject=f"{consumer} {topic}[{partition}]",
                    outcome=f"{before} to {after}",
                    acted_by=by,
                    reason=reason,
                    at=now,
                )
                acts.record(connection, act)
                told = {"consumer": consumer, "topic": topic, "partition": partition, "before": before, "after": after}
                outcomes.append({**told, "act_id": act.act_id})
        show(outcomes, form, columns=OUTCOMES)
        if outcomes:
            say_when_waiting(connection)
        else:
            click.echo(f"Kafka has what comes next for {consumer} in every partition; nothing was moved", err=True)
