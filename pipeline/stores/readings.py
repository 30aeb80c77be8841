"""The transactions of processors that read several topics or wait for times, one row each, for replays."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain

from pipeline.log.reading import Reading
from pipeline.stores.postgres import Connection

_ADD = "INSERT INTO custodian.readings (processor, partition, at, looked, topics, firsts, ends)"


def write(connection: Connection, processor: str, readings: Sequence[Reading]) -> None:
    """Add what a transaction did, inside it and under the lock of its positions."""
    rows = [(processor, one.partition, one.at, one.looked, *([span[n] for span in one.spans] for n in range(3))) for one in readings]
    if rows:  # mostly one: a pipeline of statements would cost more than all of the rest
        values = ", ".join(["(%s, %s, %s, %s, %s, %s, %s)"] * len(rows))
        connection.execute(f"{_ADD} VALUES {values}", list(chain.from_iterable(rows)))


def of_processor(connection: Connection, processor: str) -> Iterator[Reading]:
    """Yield all readings of a processor, partition by partition in the order of transactions; streams in the open transaction."""
    epochs = _Epochs(connection, processor)
    with connection.cursor(name="readings") as cursor:
        cursor.itersize = 5_000
        cursor.execute(
            "SELECT partition, number, at, looked, topics, firsts, ends FROM custodian.readings "
            "WHERE processor = %s ORDER BY partition, number",
            (processor,),
        )
        for partition, number, at, looked, topics, firsts, ends in cursor:
            of = tuple(epochs.of(topic, partition, number) for topic in topics)
            yield Reading(partition, at, tuple(zip(topics, firsts, ends, strict=True)), looked, of)


class _Epochs:
    """Tells by its number in which epoch of a topic a transaction read: a new one begins while nobody can read (`positions.renew`)."""

    def __init__(self, connection: Connection, processor: str) -> None:
        self._now: dict[str, int] = dict(
            connection.execute(
                "SELECT topic, max(epoch) FROM custodian.positions WHERE consumer = %s GROUP BY topic", (processor,)
            ).fetchall()
        )
        self._past: dict[tuple[str, int], list[tuple[int, int]]] = {}
        for topic, partition, epoch, until in connection.execute(
            "SELECT topic, partition, epoch, readings_until FROM custodian.past_positions WHERE consumer = %s ORDER BY epoch", (processor,)
        ).fetchall():
            self._past.setdefault((topic, partition), []).append((until, epoch))

    def of(self, topic: str, partition: int, number: int) -> int:
        past = self._past.get((topic, partition), ())
        return next((epoch for until, epoch in past if number <= until), self._now.get(topic, 1))
