"""Watching positions: where to start, whether the topics are still the same, how far behind we are, and whether anything moves.

Uses a database connection of its own, so that a watch is kept while a batch waits. Blocking; called from worker threads.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from pipeline.clock import Clock
from pipeline.errors import FatalError, StuckError, TopicReplacedError
from pipeline.kafka import TopicAdmin
from pipeline.stores import positions
from pipeline.stores.postgres import Connection, translated

Partition = tuple[str, int]


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
        self.reason = ""
        """Why the worker waits; empty while it does not."""

    def check_start(self) -> None:
        """Return when topics and positions are there and belong together.

        Raise ServiceAwayError while a service is away, FatalError when a topic or a position is missing, TopicReplacedError.
        """
        described = self._admin.describe(self._topics)
        for topic in self._topics:
            if topic not in described:
                raise FatalError(f"the topic {topic} does not exist; run `custodian init`")
        self.stored([(topic, partition) for topic in self._topics for partition in range(described[topic].partitions)])
        self.moved()

    def stored(self, partitions: Sequence[Partition]) -> dict[Partition, int]:
        """Return the stored next offsets; raise TopicReplacedError when a topic is another one than they were stored for."""
        if not partitions:
            return {}
        with self._lock:
            found = self._load(partitions)
        ids = self._admin.describe(sorted({topic for topic, _ in partitions}))
        for (topic, partition), position in found.items():
            now = ids[topic].topic_id if topic in ids else "none"
            if now != position.topic_id:
                raise TopicReplacedError(
                    f"topic_replaced: {topic} has the id {now}, but the position of {topic}[{partition}] was stored for "
                    f"{position.topic_id}; nothing is read until a person has decided where to go on"
                )
        return {partition: position.next_offset for partition, position in found.items()}

    def look(self, assigned: Sequence[Partition]) -> int:
        """Return how many records the assigned partitions are behind; raise StuckError when nothing has moved for too long.

        A worker without any partition looks at all of them: it may be the group that does not come about.
        """
        if not assigned:
            described = self._admin.describe(self._topics)
            partitions = [(topic, n) for topic, state in described.items() for n in range(state.partitions)]
        else:
            partitions = list(assigned)
        with self._lock:
            found = self._load(partitions)
        ends = self._admin.ends(partitions)
        behind = {partition: max(0, ends[partition] - found[partition].next_offset) for partition in partitions}
        self._judge({p: found[p].next_offset for p in partitions if behind[p]})
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
        try:
            with translated("reading positions"):
                if self._connection is None or self._connection.closed:
                    self._connection = self._connect()
                    self._connection.autocommit = True
                return positions.load(self._connection, self._consumer, partitions)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Let go of the connection."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()
