"""`custodian positions`: how far each consumer has come, and going on behind what Kafka no longer has or what stops a partition."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import click

from pipeline.cli.context import database, settings
from pipeline.cli.lazy import Group, nearest
from pipeline.cli.output import Column, Format, formats, listing, show
from pipeline.cli.people import named, reasoned, say_when_waiting

if TYPE_CHECKING:
    from pipeline.kafka import TopicState
    from pipeline.settings import Settings
    from pipeline.stores.postgres import Connection
    from pipeline.stores.suspects import Parked

COLUMNS = (
    Column(field="consumer", rank=0),
    Column(field="topic", rank=0),
    Column(field="partition", title="p", right=True, rank=0),
    Column(field="next_offset", right=True, rank=0),
    Column(field="first", right=True, rank=1),
    Column(field="end", right=True, rank=1),
    Column(field="lost", right=True, rank=0),
)
RENEWED = (
    Column(field="consumer"),
    Column(field="topic"),
    Column(field="epoch", right=True),
    Column(field="done", right=True),
    Column(field="undone", right=True),
    Column(field="unarchived", right=True),
    Column(field="act_id", rank=2, ends=True),
)
OUTCOMES = (
    Column(field="consumer"),
    Column(field="topic"),
    Column(field="partition", title="p", right=True),
    Column(field="before", right=True),
    Column(field="after", right=True),
    Column(field="act_id", rank=2, ends=True),
)
PARKED = (
    Column(field="consumer", rank=0),
    Column(field="topic", rank=0),
    Column(field="partition", title="p", right=True, rank=0),
    Column(field="offset", right=True, rank=0),
    Column(field="key", rank=1),
    Column(field="failures", right=True, rank=2),
    Column(field="fault", rank=1),
    Column(field="parked_at", rank=1),
    Column(field="asked", rank=2),
    Column(field="outcome", rank=2),
    Column(field="traceback_sha256", rank=3, ends=True),
)
Partition = tuple[str, int]
F = TypeVar("F", bound=Callable[..., Any])


@click.group(cls=Group)
def positions() -> None:
    """Show stored positions, and go on: behind what Kafka no longer has, in a topic made anew, or where a record stops a partition."""


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


@positions.command()
@click.argument("topics", nargs=-1, required=True, metavar="TOPIC…")
@formats
@named
@reasoned
def renew(topics: tuple[str, ...], form: Format, by: str, reason: str) -> None:
    """Begin topics that were deleted and made anew: every consumer of each goes on at the new one's beginning, once all roles are stopped.

    A topic that is still missing is made. What was archived of the old one stays, as an epoch of its own, and nothing is booked twice. The
    lines say how many records of the old topic each consumer had done, how many archived ones it had not (`undone`), and how many it had
    done that the archive never got (`unarchived`); what to do about them stands in the runbook topic_replaced.
    """
    from pipeline.log.topics import ALL

    loaded = settings(role="init")  # in Kafka only that login may make a topic, or say for a group how far it has come
    prefixed = {kind.name: kind.topic(loaded.kafka.topic_prefix) for kind in ALL}
    wanted = list(dict.fromkeys(prefixed.get(topic, topic) for topic in topics))
    if unknown := [topic for topic in wanted if topic not in prefixed.values()]:
        raise click.UsageError(f"{unknown[0]} is no topic of ours{nearest(unknown[0], sorted(prefixed))}")
    outcomes = []
    with database(loaded, name="renew") as connection:
        present = _made(loaded, connection, wanted)
        for topic in wanted:
            outcomes += _renewed(loaded, connection, topic, present[topic], by, reason)
        show(outcomes, form, columns=RENEWED)
        if outcomes:
            say_when_waiting(connection)
        else:
            click.echo("Kafka has the topics that the positions were stored for; nothing was begun anew", err=True)


def _made(loaded: Settings, connection: Connection, topics: list[str]) -> Mapping[str, TopicState]:
    """Return these topics as Kafka has them, those made that are missing; raise SettingsError when one has another number of partitions."""
    from pipeline.errors import SettingsError
    from pipeline.kafka import TopicAdmin
    from pipeline.log.topics import ALL
    from pipeline.stores import positions as stored
    from pipeline.supervisor.preparation import described

    admin = TopicAdmin(loaded.kafka)
    admin.check_connection(timeout=5)
    present = admin.describe(topics)
    for name in topics:
        before = len({held.partition for held in stored.of_topic(connection, name)})
        found = present[name].partitions if name in present else loaded.kafka.partitions
        if before and found != before:
            raise SettingsError(
                f"kafka.partitions: the topic {name} had {before} partitions and would have {found} now: an intent's records would go "
                f"elsewhere than its state. Nothing was changed. Write {before}, delete the topic if it is there, and repeat this command"
            )
    admin.ensure_topics([kind for kind in ALL if kind.topic(loaded.kafka.topic_prefix) in topics])
    return described(admin, topics)


def _renewed(loaded: Settings, connection: Connection, topic: str, state: TopicState, by: str, reason: str) -> list[dict[str, Any]]:
    """Begin one topic anew and return a line for each consumer; none where Kafka has the topic that the positions are of."""
    from pipeline.clock import SystemClock
    from pipeline.kafka import TopicAdmin
    from pipeline.stores import acts
    from pipeline.stores import positions as stored

    with connection.transaction():
        held = stored.of_topic(connection, topic, lock=True)
        if not held or {one.topic_id for one in held} == {state.topic_id}:
            return []
        consumers = sorted({one.consumer for one in held})
        for consumer in consumers:
            # First: what a group has committed beyond what is stored would pass for a database that has gone back.
            places = [(topic, one.partition) for one in held if one.consumer == consumer]
            TopicAdmin(loaded.kafka).begin_anew(f"{loaded.kafka.topic_prefix}{consumer}", places)
        before = max(one.epoch for one in held)
        act = acts.Act(
            action="renew",
            venue=None,
            intent_id=None,
            subject=topic,
            outcome=f"epoch {before} of {min(one.topic_id for one in held)} to epoch {before + 1} of {state.topic_id}",
            acted_by=by,
            reason=reason,
            at=SystemClock().now(),
        )
        stored.renew(connection, topic, state.topic_id, act_id=act.act_id, at=act.at)
        acts.record(connection, act)
    archived = {one.partition: one.next_offset for one in held if one.consumer == "archive"}
    lines = []
    for consumer in consumers:
        done = {one.partition: one.next_offset for one in held if one.consumer == consumer}
        undone = sum(max(0, archived.get(partition, 0) - offset) for partition, offset in done.items())
        unarchived = sum(max(0, offset - archived.get(partition, 0)) for partition, offset in done.items())
        said = {"consumer": consumer, "topic": topic, "epoch": before + 1, "done": sum(done.values()), "undone": undone}
        lines.append({**said, "unarchived": unarchived, "act_id": act.act_id})
    return lines


# --- parked partitions -----------------------------------------------------------------------------------------------


@positions.command("parked")
@listing
def parked_(form: Format, limit: int | None) -> None:
    """List partitions that stand because a record fails, and states whose wake-up is put off because it fails."""
    from pipeline.stores import suspects

    with database(settings()) as connection:
        show(map(_parked_line, suspects.parked(connection)), form, columns=PARKED, limit=limit)


def _parked_line(found: Parked) -> dict[str, Any]:
    place = {"topic": found.topic, "partition": found.partition, "offset": found.offset} if found.topic else {"key": found.key}
    line = {"consumer": found.consumer, **place, "failures": found.failures, "fault": found.fault, "parked_at": found.parked_at}
    said = {"traceback_sha256": found.traceback_sha256, "asked": found.asked}
    return line | {name: value for name, value in said.items() if value is not None}


def _place(command: F) -> F:
    """Give a command the arguments that name a parked partition."""
    for name, kind in (("partition", int), ("topic", str), ("consumer", str)):
        command = click.argument(name, type=kind)(command)
    return command


@positions.command()
@_place
@formats
@named
@reasoned
def retry(consumer: str, topic: str, partition: int, form: Format, by: str, reason: str) -> None:
    """Try the record again that stops a partition: after the program was mended, where a restart of the role is not wanted."""
    _ask("retry", consumer, topic, partition, None, form, by, reason)


@positions.command()
@_place
@click.option("--offset", type=click.IntRange(min=0), required=True, help="The record that is skipped, as `positions parked` shows it.")
@formats
@named
@reasoned
def skip(consumer: str, topic: str, partition: int, offset: int, form: Format, by: str, reason: str) -> None:
    """Put the record that stops a partition into the dead letters, and let the partition go on behind it.

    Its consumer lacks what the record says until `custodian dead-letters requeue` puts it back. The role does it within seconds, or when it
    starts. A record of the archive is not skipped: the archive is complete.
    """
    if consumer == "archive":
        raise click.UsageError("the archive is complete: no record of it is skipped; mend the program and restart the role")
    _ask("skip", consumer, topic, partition, offset, form, by, reason)


def _ask(
    what: Literal["retry", "skip"], consumer: str, topic: str, partition: int, offset: int | None, form: Format, by: str, reason: str
) -> None:
    from pipeline.clock import SystemClock
    from pipeline.stores import acts, suspects

    with database(settings(), name=what) as connection:
        place = (consumer, topic, partition)
        found = next((each for each in suspects.parked(connection) if (each.consumer, each.topic, each.partition) == place), None)
        if found is None or offset not in (None, found.offset):
            here = "is not parked" if found is None else f"is parked at offset {found.offset}, not {offset}"
            raise click.UsageError(f"{topic}[{partition}] of {consumer} {here}; `custodian positions parked` shows what is")
        act = acts.Act(
            action=what,
            venue=None,
            intent_id=None,
            subject=f"{consumer} {topic}[{partition}]@{found.offset}",
            outcome="asked",
            acted_by=by,
            reason=reason,
            at=SystemClock().now(),
        )
        with connection.transaction():
            asked = suspects.ask(connection, found, what, by=by, reason=reason)
            if asked:
                acts.record(connection, act)
        show([{**_parked_line(found), "asked": what, "outcome": "asked" if asked else "already"}], form, columns=PARKED)
        if asked:
            say_when_waiting(connection)
