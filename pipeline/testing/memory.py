"""The room in which the in-memory driver sits the exam: a log and a database of lists and dictionaries, with their faults.

`MemoryWorker` does with a batch what the engines do, on the in-memory driver: check the topic, run the batch on a copy of what is stored,
put the outputs into the log, and only then store. After a commit whose answer is lost the worker knows nothing and starts over.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from pipeline.engines.inline import InlineEngine
from pipeline.errors import (
    FatalError,
    PositionHoleError,
    RetryableError,
    ServiceAwayError,
    TopicRepartitionedError,
    TopicReplacedError,
    TopicTruncatedError,
)
from pipeline.log import topics
from pipeline.log.envelope import Outgoing, Record
from pipeline.log.topic_guard import StoredTopic, check_topics, truncated
from pipeline.processors.processor import Processor
from pipeline.testing.chain import CONSUMED, EMITTED, chain
from pipeline.testing.clocks import HandClock
from pipeline.testing.engine_exam import NONE, Audit, Ended, Faults, Put

NAME = "settlement"
BATCH = 25
"""Records of one transaction: few, so that each history takes several."""
ENDS: dict[type[FatalError], Ended] = {
    PositionHoleError: "hole",
    TopicTruncatedError: "truncated",
    TopicReplacedError: "replaced",
    TopicRepartitionedError: "repartitioned",
}


class KilledError(BaseException):
    """The worker is gone, with everything that it had not stored."""


@dataclass
class Topic:
    """One topic, in memory."""

    name: str
    topic_id: str = "id-1"
    records: list[list[Record]] = field(default_factory=lambda: [[], [], []])
    first: int = 0
    """The oldest offset that is left."""

    @property
    def partitions(self) -> int:
        """Return how many partitions it has."""
        return len(self.records)

    def append(self, key: bytes | None, value: bytes, headers: Sequence[tuple[str, bytes]] = ()) -> None:
        """Put a record into the partition of its key."""
        number = zlib.crc32(key or b"") % self.partitions
        at = self.records[number]
        at.append(Record(topic=self.name, partition=number, offset=len(at), key=key, value=value, headers=list(headers)))

    def read(self, partition: int, offset: int, limit: int) -> list[Record]:
        """Return records from an offset on; raise TopicTruncatedError where the log does not have it."""
        records = self.records[partition]
        if not self.first <= offset <= len(records):
            raise truncated(self.name, partition)
        return records[offset : offset + limit]


@dataclass
class Database:
    """What is committed."""

    states: dict[str, str] = field(default_factory=dict)
    wake_at: dict[str, tuple[datetime, int]] = field(default_factory=dict)
    positions: dict[tuple[str, int], int] = field(default_factory=dict)
    topic_id: str = "id-1"


class MemoryWorker:
    """One life of a worker on the in-memory driver."""

    def __init__(self, room: MemoryRoom, processor: Processor[Any, Any, Any], faults: Faults) -> None:
        self._room, self._processor, self._faults = room, processor, faults
        self._begun: dict[int, int] | None = None
        self.met = 0

    def run(self) -> None:
        """Handle everything that there is and wake what is due; raise what ends the worker."""
        while True:
            try:
                if not self._turn():
                    return
            except RetryableError:
                self.met += 1  # the batch is tried again as a whole, from what is stored

    def _turn(self) -> bool:
        """Do one batch, or the wake-ups that are due; tell whether there was anything to do."""
        room, database = self._room, self._room.database
        stored = StoredTopic(topic_ids=frozenset({database.topic_id}), partitions=len(database.positions))
        check_topics(NAME, {room.topic.name: stored}, {room.topic.name: room.topic})
        if self._begun is None:
            self._begun = {number: offset for (_, number), offset in database.positions.items()}
        engine = InlineEngine(self._processor, room.clock, states=database.states, positions=database.positions)
        engine.wake_at = dict(database.wake_at)
        for number, offset in self._begun.items():
            if batch := room.topic.read(number, offset, BATCH):
                self._commit(engine, engine.run(batch))
                self._begun[number] = offset + len(batch)
                return True
        woken = engine.wake_due()
        self._commit(engine, woken)
        return bool(woken)

    def _commit(self, engine: InlineEngine[Any, Any, Any], outputs: Sequence[Outgoing]) -> None:
        self._reach("in_transaction")
        if self.met < self._faults.refusals:
            raise RetryableError("the exam refuses the outputs")
        for output in outputs:
            self._room.topic_of(output).append(output.key.encode(), output.value, output.headers())
        self._reach("after_produce")
        answer_lost = self._faults.answer_lost if self.met == 0 else None
        if answer_lost != "not applied":
            database = self._room.database
            database.states, database.wake_at, database.positions = engine.states, engine.wake_at, engine.positions
        if answer_lost is not None:
            raise ServiceAwayError("PostgreSQL went away while committing")
        self._reach("after_commit")

    def _reach(self, place: str) -> None:
        if self._faults.kill == place:
            raise KilledError


class MemoryRoom:
    """A room of the exam, see `engine_exam.Room`."""

    def __init__(self) -> None:
        self.clock = HandClock()
        self.topic = Topic(CONSUMED.topic("exam."))
        self.outputs = {kind.name: Topic(kind.topic("exam.")) for kind in (EMITTED, topics.DEAD_LETTER)}
        self.database = Database(positions={(self.topic.name, number): 0 for number in range(self.topic.partitions)})
        self._worker: MemoryWorker | None = None
        self._end: Ended | None = None

    def now(self) -> datetime:
        """Return the time of the room's clock."""
        return self.clock.now()

    def put(self, records: Iterable[Put]) -> None:
        """Put records into the consumed topic."""
        for key, value in records:
            self.topic.append(key.encode(), value)

    def topic_of(self, output: Outgoing) -> Topic:
        """Return the topic that an output goes to."""
        return self.outputs[output.envelope.kind.name]

    def start(self, faults: Faults = NONE) -> None:
        """Start a worker, and let it do what there is."""
        self._worker, self._end = MemoryWorker(self, chain(NAME, stops=faults.stops), faults), None
        self._run()

    def _run(self) -> None:
        if self._worker is None or self._end is not None:
            return
        try:
            self._worker.run()
        except KilledError:
            self._end = "killed"
        except FatalError as error:
            self._end = ENDS.get(type(error), "fatal")

    def until_done(self, *, woken: int = 0) -> None:
        """Let the worker do what there is."""
        self._run()
        assert self._end is None, f"the worker has ended: {self._end}"
        audit = self.audit()
        assert audit.positions == audit.ends
        assert sum(audit.woken.values()) == woken

    def until_due(self, at: datetime) -> None:
        """Move the clock."""
        self.clock.pass_by((at - self.now()).total_seconds())

    def stop(self) -> Ended:
        """End the worker."""
        self._run()
        return self._end or "stopped"

    def ended(self) -> Ended:
        """Let the worker run, and say how it ended."""
        self._run()
        assert self._end is not None, "the worker still runs"
        return self._end

    def faults_met(self) -> int:
        """Return how often the last worker was refused or left without an answer."""
        return 0 if self._worker is None else self._worker.met

    def commit_to_kafka(self, where: Literal["deleted", "ahead", "back"]) -> None:
        """Do nothing: there are no offsets here beside the stored ones."""

    def move_positions(self, by: int) -> None:
        """Change every stored position that is not 0."""
        self.database.positions = {place: offset + by if offset else 0 for place, offset in self.database.positions.items()}

    def truncate(self) -> None:
        """Delete every record of the consumed topic."""
        self.topic.first = max(map(len, self.topic.records))

    def replace_topic(self) -> None:
        """Make the consumed topic anew."""
        self.topic = Topic(self.topic.name, topic_id="id-2")

    def add_partitions(self) -> None:
        """Give the consumed topic more partitions."""
        self.topic.records += [[], []]

    def audit(self) -> Audit:
        """Read what stands in log and database."""
        return Audit(
            given={n: [((r.key or b"").decode(), r.value) for r in records] for n, records in enumerate(self.topic.records)},
            states={key: json.loads(text) for key, text in self.database.states.items()},
            emitted=[
                (dict(record.headers)["ce_id"].decode(), json.loads(record.value))
                for records in self.outputs[EMITTED.name].records
                for record in records
            ],
            letters=[
                (letter["origin"]["partition"], letter["origin"]["offset"])
                for records in self.outputs[topics.DEAD_LETTER.name].records
                for letter in (json.loads(record.value) for record in records)
            ],
            positions={number: offset for (_, number), offset in self.database.positions.items()},
        )
