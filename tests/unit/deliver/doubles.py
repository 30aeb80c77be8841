"""Doubles of what the batch loop asks for: a store that commits or does not, a source that is scripted, a clock that waits for nobody."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from pipeline.deliver.delivery import StepDelivery
from pipeline.deliver.loop import DeliverLoop
from pipeline.deliver.ports import Outcome, Partition
from pipeline.deliver.trials import Trials
from pipeline.log import topics
from pipeline.log.envelope import Outgoing, Record
from pipeline.log.faults import Suspect
from pipeline.log.log_batches import Inspect, nothing_passed
from pipeline.log.topic_guard import StoredTopic
from pipeline.log.topics import EventType
from pipeline.ports import Transaction
from pipeline.stores.positions import Position

TOPIC = "custody.order-settled.v1"


def record(offset: int, partition: int = 0) -> Record:
    """Build a record of the topic."""
    return Record(topic=TOPIC, partition=partition, offset=offset, key=b"k", value=b"v%d" % offset, headers=[])


class HandClock:
    """Time goes on only when somebody waits for records."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> datetime:
        """Return the wall-clock time."""
        return datetime(2026, 3, 1, tzinfo=UTC) + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        """Return the monotonic time."""
        return self.seconds


@dataclass
class Store:
    """Keeps positions and what was written, as of the last commit."""

    stored: dict[Partition, int]
    topic_id: str = "id-1"
    failures: deque[Exception | None] = field(default_factory=deque)
    """What the next transactions raise at their commit; None is a commit."""
    committed: list[Record] = field(default_factory=list)
    written: list[Record] = field(default_factory=list)
    next_offsets: Mapping[Partition, int] = field(default_factory=dict)

    @property
    def transaction(self) -> Any:
        """Stand for the open transaction."""
        return self

    @property
    def positions_locked(self) -> Mapping[Partition, Position]:
        """Return the positions."""
        return {partition: Position(next_offset=offset, topic_id=self.topic_id) for partition, offset in self.stored.items()}

    def positions(self, partitions: Sequence[Partition]) -> Mapping[Partition, Position]:
        """Read positions."""
        return {partition: self.positions_locked[partition] for partition in partitions}

    def topics(self) -> Mapping[str, StoredTopic]:
        """Read what the positions say about the topic."""
        return {TOPIC: StoredTopic(topic_ids=frozenset({self.topic_id}), partitions=len(self.stored))}

    @contextmanager
    def open(self, partitions: Sequence[Partition]) -> Iterator[Opened]:
        """Commit what the block wrote, unless it raises or a failure is scripted."""
        self.written, self.next_offsets = [], {}
        yield Opened(self)
        failure = self.failures.popleft() if self.failures else None
        if failure is not None:
            raise failure
        self.committed += self.written
        self.stored |= self.next_offsets

    def close(self) -> None:
        """Do nothing."""


@dataclass
class Opened:
    """An open transaction of the double."""

    store: Store

    @property
    def transaction(self) -> Any:
        """Return what the step writes into."""
        return self.store

    @property
    def positions(self) -> Mapping[Partition, Position]:
        """Return the locked positions."""
        return self.store.positions_locked

    def advance(self, next_offsets: Mapping[Partition, int]) -> None:
        """Note the next offsets."""
        self.store.next_offsets = next_offsets


@dataclass
class Book:
    """Where attempts are noted, and how often."""

    clock: HandClock
    rows: dict[tuple[str, int, str], Suspect] = field(default_factory=dict)
    aside: list[Suspect] = field(default_factory=list)
    writes: int = 0

    def load(self, partitions: Sequence[Partition]) -> Sequence[Suspect]:
        """Return what stands about these partitions."""
        return [row for place, row in self.rows.items() if place[:2] in partitions]

    def put(self, suspects: Sequence[Suspect], *, heard: bool = False) -> None:
        """Write rows."""
        self.writes += 1
        self.rows |= {(row.topic, row.partition, row.key): row for row in suspects}

    def clear(self, partitions: Sequence[Partition], *, key: str | None = None) -> None:
        """Remove rows."""
        self.writes += 1
        self.rows = {place: row for place, row in self.rows.items() if place[:2] not in partitions or key not in (None, place[2])}

    def letters(self, seconds: float) -> int:
        """Return how many were put aside; here they do not grow old."""
        return len(self.aside)

    def set_aside(self, transaction: Any, suspect: Suspect, dead_letter_id: str) -> None:
        """Note that a record was put aside."""
        self.aside.append(suspect)


class Writing:
    """A step that writes every record into the double and says it to Kafka; some raise."""

    consumer = "ledger"
    kinds: Sequence[EventType] = (topics.ORDER_SETTLED,)

    def __init__(self, outputs: Sequence[Outgoing] = ()) -> None:
        self.outputs = outputs
        self.batches: list[list[int]] = []
        self.raises: dict[int, Exception] = {}
        """What records raise, by offset."""
        self.only: int | None = None
        """The partition whose records raise; None: each."""

    def run(self, transaction: Transaction, records: Sequence[Record], now: datetime) -> Outcome:
        """Write all records."""
        store: Any = transaction
        records = [each for each in records if each.passed is None]
        store.written += records
        for each in records:
            if each.offset in self.raises and self.only in (None, each.partition):
                raise self.raises[each.offset]
        self.batches.append([each.offset for each in records])
        return Outcome(outputs=self.outputs)


@dataclass
class Source:
    """Gives scripted records; when the script is over, the loop is told to stop."""

    clock: HandClock
    stop: threading.Event
    script: deque[list[Record] | Callable[[], list[Record]]]
    assigned: Sequence[Partition] = ((TOPIC, 0),)
    starts: Any = None
    lost: Any = None
    begun: dict[Partition, int] = field(default_factory=dict)
    hints: list[Mapping[Partition, int]] = field(default_factory=list)
    left: list[Partition] = field(default_factory=list)
    paused: bool = False
    closed: bool = False

    def __call__(self, *, starts: Any, lost: Any) -> Source:
        """Join."""
        self.starts, self.lost = starts, lost
        starts(self.assigned)
        return self

    def poll(self, *, records_max: int, timeout: float) -> list[Record]:
        """Take time, then give what the script says; stop when it is over."""
        self.clock.seconds += timeout
        if not self.script:
            if not self.paused:
                self.stop.set()
            return []
        if self.paused and isinstance(self.script[0], list):
            return []
        following = self.script.popleft()
        return following() if callable(following) else following

    def begin(self, offsets: Mapping[Partition, int]) -> None:
        """Note where fetching begins."""
        self.begun |= offsets

    def leave(self, partitions: Sequence[Partition]) -> None:
        """Note what is left alone."""
        self.left += partitions

    def pause(self) -> None:
        """Stop giving records."""
        self.paused = True

    def resume(self) -> None:
        """Give records again."""
        self.paused = False

    def hint(self, next_offsets: Mapping[Partition, int]) -> None:
        """Note the hint."""
        self.hints.append(next_offsets)

    def close(self) -> None:
        """Note the end."""
        self.closed = True


@dataclass(frozen=True)
class Topic:
    """A topic's id and number of partitions."""

    topic_id: str
    partitions: int


@dataclass
class Reader:
    """Knows one topic."""

    topic_id: str = "id-1"
    partitions: int = 1
    end: int = 100

    def check_connection(self, *, timeout: float) -> str:
        """Answer."""
        return "cluster"

    def describe(self, names: Sequence[str], *, timeout: float = 10) -> Mapping[str, Topic]:
        """Return the topic."""
        return {TOPIC: Topic(self.topic_id, self.partitions)}

    def ends(self, partitions: Sequence[Partition], *, timeout: float = 10) -> Mapping[Partition, int]:
        """Return an end."""
        return dict.fromkeys(partitions, self.end)


@dataclass
class Publisher:
    """Keeps what is published, after scripted failures."""

    failures: deque[Exception] = field(default_factory=deque)
    published: list[Outgoing] = field(default_factory=list)

    def publish(self, events: Sequence[Outgoing]) -> None:
        """Raise the next failure, or keep the events."""
        if self.failures:
            raise self.failures.popleft()
        self.published += events


class Unarmed:
    """No failpoint is armed."""

    def reach(self, name: str) -> None:
        """Do nothing."""


@dataclass
class Timers:
    """Something is due at one time; waking it may fail first."""

    clock: HandClock
    due_at: float
    failures: deque[Exception] = field(default_factory=deque)
    woken: list[tuple[float, Sequence[Partition]]] = field(default_factory=list)

    def rest(self) -> float:
        """Return the seconds until it is due."""
        return self.due_at - self.clock.seconds

    def wake(self, partitions: Sequence[Partition]) -> None:
        """Note the time, and have the next thing due in an hour."""
        if self.failures:
            raise self.failures.popleft()
        self.woken.append((self.clock.seconds, partitions))
        self.due_at += 3600


@dataclass
class Stage:
    """A loop with all its doubles."""

    clock: HandClock
    store: Store
    source: Source
    reader: Reader
    publisher: Publisher
    step: Writing
    loop: DeliverLoop
    timers: Timers
    said: list[tuple[str | None, int]]
    """What the loop says that it waits for, and its partitions, at each turn."""
    book: Book


def stage(
    *script: list[Record] | Callable[[], list[Record]],
    stored: Mapping[Partition, int] | None = None,
    outputs: Sequence[Outgoing] = (),
    topic_id: str = "id-1",
    due_at: float = 1e9,
    inspect: Inspect = nothing_passed,
) -> Stage:
    """Assemble a loop that stops when the script is over."""
    clock, stop = HandClock(), threading.Event()
    positions = dict(stored or {(TOPIC, 0): 0})
    store, reader, publisher, step = Store(positions), Reader(topic_id, len(positions)), Publisher(), Writing(outputs)
    source = Source(clock, stop, deque(script), assigned=tuple(positions))
    said: list[tuple[str | None, int]] = []
    delivery = StepDelivery(step, store=store, publisher=publisher, clock=clock, failpoints=Unarmed())
    book = Book(clock)
    loop = DeliverLoop(
        delivery=Trials(delivery, book=book, publisher=publisher, clock=clock),
        open_source=source,
        topic_reader=reader,
        publisher=publisher,
        clock=clock,
        stop=stop,
        timers=(timers := Timers(clock, due_at)),
        on_health=lambda health: said.append((health.waiting_for, health.partitions)),
        inspect=inspect,
    )
    return Stage(clock, store, source, reader, publisher, step, loop, timers, said, book)
