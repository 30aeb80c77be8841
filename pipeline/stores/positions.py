"""Stored positions: how far each consumer has come, in the same transaction as what it wrote.

The row is locked before anything is written; a stale owner finds it moved and writes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pipeline.errors import FatalError
from pipeline.log.topic_guard import StoredTopic
from pipeline.stores.postgres import Connection

Partition = tuple[str, int]
Place = tuple[str, int, int]
"""Topic, epoch and partition."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """The next offset that a consumer will handle, in the topic with this id."""

    next_offset: int
    topic_id: str
    epoch: int = 1
    """How often a topic of that name was made, with this one."""


def prepare(connection: Connection, consumer: str, partitions: Iterable[tuple[str, int, str]]) -> None:
    """Make the rows that are missing, at offset 0, for (topic, partition, topic id); leave the others as they are.

    A consumer that is new begins in the epoch that the topic's others have.
    """
    # All or none: a topic with positions of some of its partitions counts as repartitioned.
    with connection.transaction(), connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO custodian.positions (consumer, topic, partition, topic_id, epoch) "
            "VALUES (%s, %s, %s, %s, coalesce((SELECT max(p.epoch) FROM custodian.positions p WHERE p.topic = %s), 1)) "
            "ON CONFLICT DO NOTHING",
            [(consumer, topic, partition, topic_id, topic) for topic, partition, topic_id in partitions],
        )


def load(connection: Connection, consumer: str, partitions: Sequence[Partition]) -> dict[Partition, Position]:
    """Return the stored positions; raise FatalError when one is missing: a missing row is a crash, not a guess."""
    return _read(connection, consumer, partitions, lock=False)


def lock(connection: Connection, consumer: str, partitions: Sequence[Partition]) -> dict[Partition, Position]:
    """Lock the rows for this transaction, in one order for all, and return the positions; raise FatalError when one is missing."""
    return _read(connection, consumer, partitions, lock=True)


def lock_numbers(connection: Connection, consumer: str, numbers: Sequence[int]) -> dict[Partition, Position]:
    """Lock the rows of all topics of a consumer that have these partition numbers, and return the positions.

    A key has one partition number in every topic, so this locks out every other worker that could write the states of these partitions,
    also while a rebalance gives the topics to different workers.
    """
    rows = connection.execute(
        """
        SELECT topic, partition, next_offset, topic_id, epoch FROM custodian.positions
         WHERE consumer = %s AND partition = ANY (%s) ORDER BY topic, partition FOR UPDATE
        """,
        (consumer, list(numbers)),
    ).fetchall()
    return _positions(rows)


def of_consumer(connection: Connection, consumer: str) -> dict[Partition, int]:
    """Return the next offset of every partition that a consumer has, for showing."""
    rows = connection.execute("SELECT topic, partition, next_offset FROM custodian.positions WHERE consumer = %s", (consumer,)).fetchall()
    return {(topic, partition): offset for topic, partition, offset in rows}


def of_every_epoch(connection: Connection, consumer: str) -> dict[Place, int]:
    """Return the next offset of every partition of every topic that a consumer has or had."""
    rows = connection.execute(
        "SELECT topic, epoch, partition, next_offset FROM custodian.reached WHERE consumer = %s", (consumer,)
    ).fetchall()
    return {(topic, epoch, partition): offset for topic, epoch, partition, offset in rows}


def epoch_of(connection: Connection, topic: str) -> int:
    """Return how often a topic of this name was made, as far as positions say; 1 for one that nobody has positions of."""
    row = connection.execute("SELECT max(epoch) FROM custodian.positions WHERE topic = %s", (topic,)).fetchone()
    return row[0] if row is not None and row[0] is not None else 1


def topics(connection: Connection) -> list[str]:
    """Return the topics that anybody has positions of."""
    return [topic for (topic,) in connection.execute("SELECT DISTINCT topic FROM custodian.positions ORDER BY topic").fetchall()]


def stored_topics(connection: Connection, consumer: str) -> dict[str, StoredTopic]:
    """Return what a consumer's positions say about each topic: the ids that they were stored for, and how many partitions they are."""
    rows = connection.execute(
        "SELECT topic, array_agg(DISTINCT topic_id), count(*) FROM custodian.positions WHERE consumer = %s GROUP BY topic", (consumer,)
    ).fetchall()
    return {topic: StoredTopic(topic_ids=frozenset(ids), partitions=count) for topic, ids, count in rows}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How far a consumer had come in one partition of a topic that is no more."""

    consumer: str
    partition: int
    next_offset: int
    topic_id: str
    epoch: int


def of_topic(connection: Connection, topic: str, *, lock: bool = False) -> list[Ended]:
    """Return the positions that all consumers have of a topic, locked for the transaction where that is wanted."""
    rows = connection.execute(
        f"""
        SELECT consumer, partition, next_offset, topic_id, epoch FROM custodian.positions
         WHERE topic = %s ORDER BY consumer, topic, partition {"FOR UPDATE" if lock else ""}
        """,  # noqa: S608 - nothing from outside is put in
        (topic,),
    ).fetchall()
    return [Ended(consumer=row[0], partition=row[1], next_offset=row[2], topic_id=row[3], epoch=row[4]) for row in rows]


def renew(connection: Connection, topic: str, topic_id: str, *, act_id: str, at: datetime) -> None:
    """Begin the next epoch of a topic, inside the transaction that holds its positions: every consumer goes on at 0 of `topic_id`.

    What each had come to is kept. What was noted about records that failed is forgotten: it is about offsets of the old topic.
    """
    connection.execute(
        """
        INSERT INTO custodian.past_positions (consumer, topic, epoch, partition, next_offset, topic_id, readings_until, act_id, ended_at)
        SELECT p.consumer, p.topic, p.epoch, p.partition, p.next_offset, p.topic_id,
               coalesce((SELECT max(r.number) FROM custodian.readings r WHERE r.processor = p.consumer AND r.partition = p.partition), 0),
               %s, %s
          FROM custodian.positions p WHERE p.topic = %s
        """,
        (act_id, at, topic),
    )
    connection.execute(
        "UPDATE custodian.positions SET next_offset = 0, epoch = epoch + 1, topic_id = %s, updated_at = clock_timestamp() WHERE topic = %s",
        (topic_id, topic),
    )
    connection.execute("DELETE FROM custodian.suspects WHERE topic = %s", (topic,))


def advance(connection: Connection, consumer: str, next_offsets: Mapping[Partition, int]) -> None:
    """Store the next offsets of locked rows."""
    connection.execute(
        """
        UPDATE custodian.positions AS p SET next_offset = n.next_offset, updated_at = clock_timestamp()
          FROM unnest(%s::text[], %s::int[], %s::bigint[]) AS n (topic, partition, next_offset)
         WHERE p.consumer = %s AND p.topic = n.topic AND p.partition = n.partition
        """,
        ([t for t, _ in next_offsets], [p for _, p in next_offsets], list(next_offsets.values()), consumer),
    )


def _read(connection: Connection, consumer: str, partitions: Sequence[Partition], *, lock: bool) -> dict[Partition, Position]:
    rows = connection.execute(
        f"""
        SELECT topic, partition, next_offset, topic_id, epoch FROM custodian.positions
         WHERE consumer = %s AND (topic, partition) IN (SELECT * FROM unnest(%s::text[], %s::int[]))
         ORDER BY topic, partition {"FOR UPDATE" if lock else ""}
        """,  # noqa: S608 - nothing from outside is put in
        (consumer, [t for t, _ in partitions], [p for _, p in partitions]),
    ).fetchall()
    found = _positions(rows)
    check(consumer, found, partitions)
    return found


def _positions(rows: Iterable[Any]) -> dict[Partition, Position]:
    return {
        (topic, partition): Position(next_offset=offset, topic_id=topic_id, epoch=epoch)
        for topic, partition, offset, topic_id, epoch in rows
    }


def check(consumer: str, found: Mapping[Partition, Position], partitions: Iterable[Partition]) -> None:
    """Raise FatalError when the position of one of these partitions is not among those found."""
    for topic, partition in partitions:
        if (topic, partition) not in found:
            raise FatalError(f"{consumer} has no stored position for {topic}[{partition}]; run `custodian init`")


def lost(connection: Connection, consumer: str, kept: Mapping[Partition, tuple[int, int]]) -> dict[Partition, tuple[int, int]]:
    """Return the partitions whose stored position is before the first offset that Kafka has, with both, the rows locked.

    `kept` holds the first and the next offset of each partition.
    """
    stored = _read(connection, consumer, list(kept), lock=True)
    return {place: (at.next_offset, kept[place][0]) for place, at in stored.items() if at.next_offset < kept[place][0]}
