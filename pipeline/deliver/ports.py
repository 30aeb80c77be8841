"""What the batch loop asks of the outside, as Protocols: Kafka, PostgreSQL, and what becomes of a batch."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from pipeline.log.envelope import Outgoing, Record
from pipeline.log.topic_guard import PresentTopic, StoredTopic
from pipeline.log.topics import EventType
from pipeline.ports import Transaction

Partition = tuple[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a step did with a batch, inside the transaction that is still open."""

    outputs: Sequence[Outgoing] = ()
    """Acknowledged by Kafka before the commit."""
    counts: Mapping[str, int] = field(default_factory=dict)
    """For metrics, by what became of records; counted after the commit."""
    after_commit: Callable[[datetime], None] | None = None
    """Called with the time after the commit; it changes nothing and raises nothing."""


class Step(Protocol):
    """Turns a batch into rows of the open transaction and events, as a sink does."""

    consumer: str
    """The name under which positions are stored."""
    kinds: Sequence[EventType]

    def run(self, transaction: Transaction, records: Sequence[Record], now: datetime) -> Outcome:
        """Take records, in order per partition; the same record twice has the effect of one. Raise RetryableError or FatalError.

        Where `passed` is set an offset has no record; the batch of the log that stands there may be kept.
        """
        ...


class StoredPosition(Protocol):
    """The next offset of a partition, in the topic with this id."""

    @property
    def next_offset(self) -> int:
        """Return the offset to go on with."""
        ...

    @property
    def topic_id(self) -> str:
        """Return the id of the topic that the offset belongs to."""
        ...

    @property
    def epoch(self) -> int:
        """Return how often a topic of that name was made, with this one."""
        ...


class Delivery(Protocol):
    """What becomes of a batch, committed together with the positions behind it: a sink's rows, or a processor's states and events."""

    consumer: str
    """The name under which positions are stored."""
    source: str
    """The CloudEvents source of what is said about it."""

    def positions(self, partitions: Sequence[Partition]) -> Mapping[Partition, StoredPosition]:
        """Read positions without locking them; raise RetryableError, or FatalError when one is missing."""
        ...

    def topics(self) -> Mapping[str, StoredTopic]:
        """Read what the positions say about their topics; raise RetryableError."""
        ...

    def deliver(self, records: Sequence[Record]) -> Mapping[Partition, int]:
        """Do what is new of a batch, in order per partition, and commit it with the positions.

        Return which partitions of it stand now, because a record fails, each with the offset that it goes on with.
        Raise RetryableError, after which the same records are given again, PositionHoleError when records were skipped, or FatalError.
        """
        ...

    def released(self) -> Sequence[Partition]:
        """Return the partitions that stood and may go on now; raise RetryableError."""
        ...

    def close(self) -> None:
        """Let go of connections."""
        ...


class Timers(Protocol):
    """What is due without a record."""

    def rest(self) -> float:
        """Return the seconds until `wake` is to be called; 0 or less: now."""
        ...

    def wake(self, partitions: Sequence[Partition]) -> None:
        """Do what is due in these partitions, committed; raise RetryableError, after which it is called again, or FatalError."""
        ...


class OpenBatch(Protocol):
    """A transaction whose position rows are locked."""

    @property
    def transaction(self) -> Transaction:
        """Return the open transaction."""
        ...

    @property
    def positions(self) -> Mapping[Partition, StoredPosition]:
        """Return the locked positions."""
        ...

    def advance(self, next_offsets: Mapping[Partition, int]) -> None:
        """Store the next offsets, in this transaction."""
        ...


class BatchStore(Protocol):
    """The authority: positions and rows in one PostgreSQL transaction. Raises RetryableError, FatalError or SettingsError."""

    def positions(self, partitions: Sequence[Partition]) -> Mapping[Partition, StoredPosition]:
        """Read positions without locking them."""
        ...

    def topics(self) -> Mapping[str, StoredTopic]:
        """Read what the positions say about their topics."""
        ...

    def open(self, partitions: Sequence[Partition]) -> AbstractContextManager[OpenBatch]:
        """Open a transaction with these positions locked: committed when the block ends, rolled back when it raises."""
        ...

    def close(self) -> None:
        """Let go of the connection."""
        ...


class RecordSource(Protocol):
    """The records of assigned partitions, in order."""

    def poll(self, *, records_max: int, timeout: float) -> list[Record]:
        """Wait at most `timeout` seconds for a first record; raise TopicTruncatedError or FatalError."""
        ...

    def begin(self, offsets: Mapping[Partition, int]) -> None:
        """Fetch assigned partitions, each from its offset."""
        ...

    def leave(self, partitions: Sequence[Partition]) -> None:
        """Fetch nothing more of these partitions, which stay assigned, until they are begun again."""
        ...

    def pause(self) -> None:
        """Stop fetching and stay in the group."""
        ...

    def resume(self) -> None:
        """Fetch again."""
        ...

    def hint(self, next_offsets: Mapping[Partition, int]) -> None:
        """Tell Kafka the positions, for its lag tools only."""
        ...

    def close(self) -> None:
        """Leave the group."""
        ...


class OpenSource(Protocol):
    """Joins the group; `starts` hears what is assigned (and answers with what begins at once), `lost` what is taken away."""

    def __call__(
        self, *, starts: Callable[[Sequence[Partition]], Mapping[Partition, int]], lost: Callable[[Sequence[Partition]], None]
    ) -> RecordSource:
        """Return the source; both callbacks run inside its `poll`."""
        ...


class TopicReader(Protocol):
    """Tells which topics there are and where they end; raises ServiceAwayError."""

    def check_connection(self, *, timeout: float) -> str:
        """Return the cluster's id."""
        ...

    def describe(self, names: Sequence[str], *, timeout: float = ...) -> Mapping[str, PresentTopic]:
        """Return those topics that exist."""
        ...

    def ends(self, partitions: Sequence[Partition], *, timeout: float = ...) -> Mapping[Partition, int]:
        """Return the next offset of each partition."""
        ...
