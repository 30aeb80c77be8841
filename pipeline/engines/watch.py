"""Watching positions: where to start, whether the topics are still the same, how far behind we are, and whether anything moves.

Uses a database connection of its own, so that a watch is kept while a batch waits. Blocking; called from worker threads.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from pipeline.clock import Clock
from pipeline.errors import FatalError, StuckError
from pipeline.kafka import TopicAdmin, TopicState
from pipeline.log.topic_guard import Epochs, check_topics
from pipeline.stores import positions, suspects
from pipeline.stores.postgres import Connection, translated

Partition = tuple[str, int]
T = TypeVar("T")


def watch_interval(stuck_after: float) -> float:
    """Return the seconds between two looks."""
    return min(5.0, stuck_after / 4)


class Watch:
    """Keeps an eye on the stored positions of one consumer."""

    def __init__(
        self,
        consumer: str,
        topics: Sequence[str],
        *,
        connect: Callable[[], Connection],
        admin: TopicAdmin,
        clock: Clock,
        stuck_after: float,
    ) -> None:
        """`stuck_after`: seconds without movement, with records to handle, that count as stuck."""
        self._consumer, self._topics, self._connect, self._admin = consumer, list(topics), connect, admin
        self._clock, self._stuck_after = clock, stuck_after
        self._connection: Connection | None = None
        self._lock = threading.Lock()
        self._still: dict[Partition, tuple[int, float]] = {}
        self.stands: dict[Partition, tuple[int, int]] = {}
        """Where partitions stood at the look before already, though there is more: the position, and the end."""
        self.epochs = Epochs()
        self.reason = ""
        """Why the worker waits; empty while it does not."""

    def check_start(self) -> None:
        """Return when topics and positions are there and belong together.

        Raise ServiceAwayError while a service is away, FatalError when a topic or a position is missing, TopicReplacedError,
        TopicRepartitionedError.
        """
        described = self._admin.describe(self._topics)
        for topic in self._topics:
            if topic not in described:
                raise FatalError(f"the topic {topic} does not exist; run `custodian init`")
        self.stored([(topic, partition) for topic in self._topics for partition in range(described[topic].partitions)])
        self.moved()

    def stored(self, partitions: Sequence[Partition]) -> dict[Partition, int]:
        """Return the stored next offsets; raise TopicReplacedError or TopicRepartitionedError when a topic is another by now."""
        if not partitions:
            return {}
        topics = sorted({topic for topic, _ in partitions})
        self._check(topics, self._admin.describe(topics))
        with self._lock:
            found = self._load(partitions)
        self.epochs.learn(found)
        return {partition: position.next_offset for partition, position in found.items()}

    def _check(self, topics: Sequence[str], present: Mapping[str, TopicState]) -> None:
        """Compare topics with what the positions say about them."""
        with self._lock:
            stored = self._read(lambda connection: positions.stored_topics(connection, self._consumer))
        check_topics(self._consumer, {topic: said for topic, said in stored.items() if topic in topics}, present)

    def look(self, assigned: Sequence[Partition]) -> int:
        """Return how many records the assigned partitions are behind.

        Raise StuckError when nothing has moved for too long, TopicReplacedError or TopicRepartitionedError when a topic is another by now.
        A worker without any partition looks at all of them: it may be the group that does not come about. Parked ones do not count.
        """
        described = self._admin.describe(self._topics)
        self._check(list(described), described)  # a broker that has just come back may not know every topic yet
        everything = [(topic, number) for topic, state in described.items() for number in range(state.partitions)]
        partitions = list(assigned) or everything
        with self._lock:
            found = self._load(partitions)
            parked = self._read(lambda connection: {(row.topic, row.partition) for row in suspects.parked(connection, [self._consumer])})
        ends = self._admin.ends(partitions)
        behind = {partition: max(0, ends[partition] - found[partition].next_offset) for partition in partitions}
        before = self._still
        self._judge({p: found[p].next_offset for p in partitions if behind[p] and p not in parked})
        self.stands = {p: (offset, ends[p]) for p, (offset, _) in self._still.items() if p in before and before[p][0] == offset}
        return sum(behind.values()) if assigned else 0

    def _judge(self, waiting: dict[Partition, int]) -> None:
        now = self._clock.monotonic()
        before, self._still = self._still, {}
        for partition, offset in waiting.items():
            known, since = before.get(partition, (offset, now))
            self._still[partition] = (offset, since if known == offset and not self.reason else now)
            if now - self._still[partition][1] > self._stuck_after:
                raise StuckError(
                    f"{partition[0]}[{partition[1]}] stands at offset {offset} since {now - since:.0f} s though every service answers"
                )

    def waiting(self, reason: str) -> None:
        """Note that a service is away: standing still is right then."""
        self.reason = reason

    def moved(self) -> None:
        """Note that work goes on."""
        self.reason = ""

    def _load(self, partitions: Sequence[Partition]) -> dict[Partition, positions.Position]:
        return self._read(lambda connection: positions.load(connection, self._consumer, partitions))

    def _read(self, read: Callable[[Connection], T]) -> T:
        try:
            with translated("reading positions"):
                if self._connection is None or self._connection.closed:
                    self._connection = self._connect()
                    self._connection.autocommit = True
                return read(self._connection)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Let go of the connection."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()
