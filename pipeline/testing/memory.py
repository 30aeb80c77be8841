"""The room in which the in-memory driver sits the exam: a log and a database of lists and dictionaries, with their faults.

`MemoryWorker` does with a batch what the engines do, on the in-memory driver: check the topic, run the batch on a copy of what is stored,
put the outputs into the log, and only then store. After a commit whose answer is lost the worker knows nothing and starts over. What
finds a record or a wake-up that fails is the engines' own.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal

from pipeline.deliver.trials import Trials
from pipeline.engines.inline import InlineEngine
from pipeline.engines.wakes import Wakes
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
from pipeline.log.faults import Suspect
from pipeline.log.topic_guard import StoredTopic, check_topics, truncated
from pipeline.processors.processor import Processor
from pipeline.stores.positions import Position
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


def _die() -> None:
    raise KilledError


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
    suspects: dict[tuple[str, int, str], Suspect] = field(default_factory=dict)
    set_aside: list[datetime] = field(default_factory=list)


class MemoryBook:
    """Where attempts are noted (a `deliver.trials.SuspectBook`)."""

    def __init__(self, room: MemoryRoom) -> None:
        self._room = room

    def load(self, partitions: Sequence[tuple[str, int]]) -> Sequence[Suspect]:
        """Return what stands about these partitions."""
        return [row for place, row in self._room.database.suspects.items() if place[:2] in partitions]

    def put(self, suspects: Sequence[Suspect], *, heard: bool = False) -> None:
        """Write rows."""
        for row in suspects:
            before = self._room.database.suspects.get((row.topic, row.partition, row.key))
            asked = None if heard or before is None or before.offset != row.offset else before.asked
            self._room.database.suspects[row.topic, row.partition, row.key] = replace(row, asked=asked)

    def clear(self, partitions: Sequence[tuple[str, int]], *, key: str | None = None) -> None:
        """Remove rows."""
        kept = self._room.database.suspects
        self._room.database.suspects = {
            place: row for place, row in kept.items() if place[:2] not in partitions or key not in (None, place[2])
        }

    def letters(self, seconds: float) -> int:
        """Return how many were put aside."""
        return sum((self._room.now() - at).total_seconds() < seconds for at in self._room.database.set_aside)

    def set_aside(self, transaction: Any, suspect: Suspect, dead_letter_id: str) -> None:
        """Note that a record was put aside; there are no transactions here."""
        del transaction, suspect, dead_letter_id
        self._room.database.set_aside.append(self._room.now())


class MemoryStep:
    """What becomes of a batch on the in-memory driver (a `deliver.trials.Tried`): as `engines.step.Step`."""

    consumer, source = NAME, "/exam"

    def __init__(self, room: MemoryRoom, processor: Processor[Any, Any, Any], faults: Faults) -> None:
        self._room, self._processor, self._faults = room, processor, faults
        self.met = 0
        self.due_at: datetime | None = None

    def positions(self, partitions: Sequence[tuple[str, int]]) -> Mapping[tuple[str, int], Position]:
        """Read positions."""
        database = self._room.database
        return {each: Position(next_offset=database.positions[each], topic_id=database.topic_id) for each in partitions}

    def topics(self) -> Mapping[str, StoredTopic]:
        """Read what the positions say about their topic."""
        database = self._room.database
        return {self._room.topic.name: StoredTopic(topic_ids=frozenset({database.topic_id}), partitions=len(database.positions))}

    def deliver(self, records: Sequence[Record]) -> None:
        """Do a batch and commit it."""
        engine = self._engine()
        self._commit(engine, engine.run(records))

    def pass_over(self, record: Record, outputs: Sequence[Outgoing], also: Callable[[Any], None]) -> None:
        """Commit the position behind a record that is not done."""
        engine = self._engine()
        engine.positions[record.topic, record.partition] = record.offset + 1
        also(None)
        self._commit(engine, outputs)

    def wake_due(self, numbers: Sequence[int], wake: Callable[[int], int | None]) -> int:
        """Wake what is due of these partition numbers."""
        return sum(wake(number) or 0 for number in numbers if self.due_keys(number))

    def due_keys(self, number: int) -> Sequence[str]:
        """Return the keys of a partition number that are due."""
        engine = self._engine()
        return [key for key in engine.due_keys() if engine.wake_at[key][1] == number]

    def wake(self, number: int, key: str | None = None) -> int:
        """Wake what is due of one partition number, or one state of it only."""
        engine, keys = self._engine(), self.due_keys(number) if key is None else [key]
        self._commit(engine, engine.wake_due(keys))
        return len(keys)

    def postpone(self, number: int, key: str, until: datetime, outputs: Sequence[Outgoing]) -> None:
        """Let a state be woken later."""
        engine = self._engine()
        engine.wake_at[key] = (until, number)
        self._commit(engine, outputs)

    def close(self) -> None:
        """Do nothing."""

    def _engine(self) -> InlineEngine[Any, Any, Any]:
        database = self._room.database
        engine = InlineEngine(self._processor, self._room.clock, states=database.states, positions=database.positions)
        engine.wake_at = dict(database.wake_at)
        return engine

    def _commit(self, engine: InlineEngine[Any, Any, Any], outputs: Sequence[Outgoing]) -> None:
        self._reach("in_transaction")
        if self.met < self._faults.refusals:
            self.met += 1  # the batch is tried again as a whole, from what is stored
            raise RetryableError("the exam refuses the outputs")
        self._room.publish(outputs)
        self._reach("after_produce")
        answer_lost = self._faults.answer_lost if self.met == 0 else None
        if answer_lost != "not applied":
            database = self._room.database
            database.states, database.wake_at, database.positions = engine.states, engine.wake_at, engine.positions
        if answer_lost is not None:
            self.met += 1
            raise ServiceAwayError("PostgreSQL went away while committing")
        self._reach("after_commit")

    def _reach(self, place: str) -> None:
        if self._faults.kill == place:
            raise KilledError


class MemoryWorker:
    """One life of a worker on the in-memory driver."""

    def __init__(self, room: MemoryRoom, processor: Processor[Any, Any, Any], faults: Faults) -> None:
        self._room, book = room, MemoryBook(room)
        self._step = MemoryStep(room, processor, faults)
        self._trials = Trials(self._step, book=book, publisher=room, clock=room.clock)
        self._wakes = Wakes(self._step, waits=True, clock=room.clock, book=book)
        self._begun: dict[int, int] | None = None

    @property
    def met(self) -> int:
        """Return how often the worker was refused or left without an answer."""
        return self._step.met

    def run(self) -> None:
        """Handle everything that there is and wake what is due; raise what ends the worker."""
        while True:
            with suppress(RetryableError):
                if not self._turn():
                    return

    def _turn(self) -> bool:
        """Do one batch, or the wake-ups that are due; tell whether there was anything to do, or something rests."""
        room, database = self._room, self._room.database
        check_topics(NAME, self._trials.topics(), {room.topic.name: room.topic})
        if self._begun is None:
            stored = self._trials.positions(list(database.positions))
            self._begun = {number: position.next_offset for (_, number), position in stored.items()}
        self._trials.released()
        for number, offset in self._begun.items():
            place = (room.topic.name, number)
            if not self._trials.stands(place) and (batch := room.topic.read(number, offset, BATCH)):
                standing = self._trials.deliver(batch)
                self._begun[number] = standing.get(place, offset + len(batch))
                return True
        due = sorted({number for number in self._begun if self._step.due_keys(number)})
        self._wakes.look(due)
        if due or any(row.alone and row.parked_at is None for row in database.suspects.values()):
            room.clock.pass_by(0.25)  # something has failed and rests
            return True
        return False


class MemoryRoom:
    """A room of the exam, see `engine_exam.Room`."""

    def __init__(self) -> None:
        self.clock = HandClock()
        self.topic = Topic(CONSUMED.topic("exam."))
        self.outputs = {kind.name: Topic(kind.topic("exam.")) for kind in (EMITTED, topics.DEAD_LETTER, topics.ALARM_RAISED)}
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

    def publish(self, events: Sequence[Outgoing]) -> None:
        """Put outputs into the log."""
        for event in events:
            self.outputs[event.envelope.kind.name].append(event.key.encode(), event.value, event.headers())

    def start(self, faults: Faults = NONE) -> None:
        """Start a worker, and let it do what there is."""
        self._worker, self._end = MemoryWorker(self, chain(NAME, kill=_die, stops=faults.stops), faults), None
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

    def done_or_ended(self) -> Ended | None:
        """Let the worker do what there is; say how it ended, None while it goes on."""
        self._run()
        return self._end

    def until_parked(self) -> int:
        """Let the worker do what there is, and return the partition that is parked."""
        self._run()
        assert self._end is None, f"the worker has ended: {self._end}"
        (parked,) = [row.partition for row in self.database.suspects.values() if row.parked_at is not None]
        audit = self.audit()
        assert {number: at for number, at in audit.positions.items() if number != parked} == {
            number: end for number, end in audit.ends.items() if number != parked
        }
        return parked

    def alarms(self) -> set[str]:
        """Return the kinds of the alarms that were raised."""
        return {json.loads(record.value)["kind"] for records in self.outputs[topics.ALARM_RAISED.name].records for record in records}

    def until_postponed(self) -> None:
        """Let the worker do what there is; one wake-up is put off."""
        self._run()
        assert self._end is None, f"the worker has ended: {self._end}"
        assert [row.key for row in self.database.suspects.values() if row.parked_at is not None]

    def hasten(self) -> None:
        """Have everything that waits for a time due now."""
        self.database.wake_at = {key: (self.now(), number) for key, (_, number) in self.database.wake_at.items()}

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
