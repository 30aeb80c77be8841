"""The room in which an engine on real Kafka and PostgreSQL sits the points of the exam, see `pipeline.testing.engine_exam.Room`.

The count reads Kafka with a plain consumer and the database with SQL.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

import psycopg
from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.admin import AdminClient

from pipeline.clock import SystemClock
from pipeline.kafka import EventProducer, TopicAdmin
from pipeline.log import topics
from pipeline.log.envelope import Headers
from pipeline.testing.chain import EMITTED
from pipeline.testing.engine_exam import NONE, Audit, Ended, Faults, Put
from tests.exams.proxy import CommitProxy
from tests.exams.room import PARTITIONS, Room, Worker
from tests.services import add_partitions
from tests.waiting import eventually

ENDS: dict[int, Ended] = {
    0: "stopped",
    -9: "killed",
    70: "fatal",
    80: "hole",
    82: "replaced",
    83: "truncated",
    84: "repartitioned",
}
"""What exit codes say, as the interface has them."""
ALARMS: dict[Ended, str] = {
    "hole": "position_hole",
    "truncated": "topic_truncated",
    "replaced": "topic_replaced",
    "repartitioned": "topic_repartitioned",
}
LOST = (1, 3, 4)
"""Which commits of a worker stay without an answer."""
WITHIN = 60.0
ALONE_WITHIN = 150.0
"""Seconds for a batch that is tried record by record, with two commits each, on a machine that others keep busy."""
REFUSAL = "the exam refuses the outputs"


@dataclass
class ChainRoom:
    """A room whose workers run the chain in the place of settlement: under its name, so with its positions, group and failpoints."""

    room: Room
    environment: dict[str, str] = field(default_factory=dict)
    """What every worker is told beside the faults."""
    _worker: Worker | None = None
    _proxy: CommitProxy | None = None
    _started: datetime | None = None

    def now(self) -> datetime:
        """Return the time."""
        return SystemClock().now()

    def put(self, records: Iterable[Put]) -> None:
        """Put records into the consumed topic, acknowledged."""
        EventProducer(self.room.kafka).publish_records((self.room.topic, key.encode(), value, []) for key, value in records)

    def start(self, faults: Faults = NONE) -> None:
        """Start a worker."""
        environment = {"WORKER_PROCESSOR": "chain", "WORKER_REFUSALS": str(faults.refusals), **self.environment}
        if faults.kill is not None:
            environment["CUSTODIAN_FAILPOINT"] = f"settlement.{faults.kill}:1"
        if not faults.stops:
            environment["WORKER_REPAIRED"] = "yes"
        if faults.answer_lost is not None:
            self._proxy = CommitProxy(self.room.dsn, lose=LOST, applied=faults.answer_lost == "applied")
            environment["CUSTODIAN_POSTGRES__DSN"] = self._proxy.dsn
        self._started = self.now()
        self._worker = self.room.worker(**environment)

    @property
    def current(self) -> Worker:
        """Return the worker that was started last."""
        assert self._worker is not None
        return self._worker

    def until_done(self, *, woken: int = 0) -> None:
        """Wait until every record has been handled and so many wake-ups are stored."""
        self.room.until_done(within=WITHIN)
        told = "SELECT coalesce(sum((state ->> 'woken')::int), 0) FROM custodian.states"
        eventually(lambda: self.value(told) == woken, within=WITHIN, what=f"{woken} wake-ups are stored")

    def done_or_ended(self) -> Ended | None:
        """Wait until every record has been handled, or the worker has ended."""
        ends = self.room.ends()
        ended = self.current.process.poll
        eventually(
            lambda: ended() is not None or self.room.positions() == ends, within=ALONE_WITHIN, what="all is done, or the worker has ended"
        )
        code = ended()
        return None if code is None else self._how(code)

    def until_parked(self) -> int:
        """Wait until one partition is parked, as the last worker has found by a try of its own, and the others are done."""
        ends = self.room.ends()

        def found() -> list[int] | None:
            told = "SELECT partition FROM custodian.suspects WHERE parked_at IS NOT NULL AND answered AND tried_at > %s"
            parked = [number for (number,) in self.rows(told, self._started)]
            assert self.current.process.poll() is None, self.current.tail()
            return parked if parked and {n for n, at in self.room.positions().items() if at != ends[n]} == set(parked) else None

        parked = eventually(found, within=ALONE_WITHIN, what="one partition is parked, and the others are done")
        assert parked is not None
        assert len(parked) == 1
        return parked[0]

    def until_postponed(self) -> None:
        """Wait until a wake-up is put off."""
        told = "SELECT count(*) FROM custodian.suspects WHERE parked_at IS NOT NULL AND key <> ''"
        eventually(lambda: self.value(told) == 1, within=ALONE_WITHIN, what="a wake-up is put off")

    def hasten(self) -> None:
        """Have everything that waits for a time due now."""
        with psycopg.connect(self.room.dsn) as connection:
            connection.execute("UPDATE custodian.states SET wake_at = clock_timestamp() WHERE wake_at IS NOT NULL")

    def alarms(self) -> set[str]:
        """Return the kinds of the alarms that were raised."""
        return {value["kind"] for _, value in self.room.read(topics.ALARM_RAISED)}

    def until_due(self, at: datetime) -> None:
        """Wait until that time."""
        eventually(lambda: self.now() > at, within=WITHIN, what=f"it is {at}")

    def stop(self) -> Ended:
        """Ask the worker to end, and say how it did."""
        return self._how(self.current.end())

    def ended(self) -> Ended:
        """Wait for the worker to end by itself, and say how it did; where that calls for an alarm, it has been raised."""
        how = self._how(self.current.wait(within=WITHIN))
        if how in ALARMS:
            raised = [value for _, value in self.room.read(topics.ALARM_RAISED)]
            assert {value["kind"] for value in raised} == {ALARMS[how]}
            assert all(value["detail"]["consumer"] == "settlement" and value["detail"]["reason"] for value in raised)
        return how

    def _how(self, code: int) -> Ended:
        assert code in ENDS, f"exit code {code}:\n{self.current.tail()}"
        return ENDS[code]

    def faults_met(self) -> int:
        """Return how often the last worker was refused, or its commits left without an answer."""
        return self.current.log.read_text().count(f'"reason": "{REFUSAL}"') if self._proxy is None else self._proxy.lost

    def commit_to_kafka(self, where: Literal["deleted", "ahead", "back"]) -> None:
        """Change the offsets that Kafka has for the group."""
        ends = self.room.ends()
        self.room.commit_to_kafka({"deleted": None, "ahead": ends, "back": dict.fromkeys(ends, 0)}[where])

    def move_positions(self, by: int) -> None:
        """Change every stored position that is not 0."""
        with psycopg.connect(self.room.dsn) as connection:
            connection.execute("UPDATE custodian.positions SET next_offset = next_offset + %s WHERE next_offset > 0", (by,))

    def truncate(self) -> None:
        """Delete every record of the consumed topic."""
        admin = AdminClient({"bootstrap.servers": self.room.bootstrap_servers})
        ends = [TopicPartition(self.room.topic, number, end) for number, end in self.room.ends().items()]
        for future in admin.delete_records(ends).values():
            future.result(10)

    def replace_topic(self) -> None:
        """Delete the consumed topic and make it anew."""
        admin = AdminClient({"bootstrap.servers": self.room.bootstrap_servers})
        admin.delete_topics([self.room.topic])[self.room.topic].result(10)
        eventually(lambda: not TopicAdmin(self.room.kafka).describe([self.room.topic]), within=30, what=f"{self.room.topic} is gone")
        assert TopicAdmin(self.room.kafka).ensure_topics() == [self.room.topic]

    def add_partitions(self) -> None:
        """Give the consumed topic more partitions."""
        add_partitions(self.room.bootstrap_servers, [self.room.topic], PARTITIONS + 3)

    def close(self) -> None:
        """Cut what is in between."""
        if self._proxy is not None:
            self._proxy.close()

    def rows(self, statement: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """Return the rows that a statement selects."""
        with psycopg.connect(self.room.dsn) as connection:
            return connection.execute(statement.encode(), parameters or None).fetchall()

    def value(self, statement: str) -> Any:
        """Return the one value that a statement selects."""
        return self.rows(statement)[0][0]

    def audit(self) -> Audit:
        """Read what stands in log and database."""
        given = self._everything(self.room.topic)
        letters = [json.loads(value)["origin"] for _, value, _ in _flat(self._everything(topics.DEAD_LETTER.topic(self.room.topic_prefix)))]
        emitted = _flat(self._everything(EMITTED.topic(self.room.topic_prefix)))
        with psycopg.connect(self.room.dsn) as connection:
            rows = connection.execute("SELECT key, state FROM custodian.states WHERE processor = 'settlement'").fetchall()
        return Audit(
            given={number: [(key.decode(), value) for key, value, _ in records] for number, records in given.items()},
            states=dict(rows),
            emitted=[(dict(headers)["ce_id"].decode(), json.loads(value)) for _, value, headers in emitted],
            letters=[(origin["partition"], origin["offset"]) for origin in letters],
            positions=self.room.positions(),
        )

    def _everything(self, topic: str) -> dict[int, list[tuple[bytes, bytes, Headers]]]:
        """Return key, value and headers of what a topic holds, by partition."""
        consumer = Consumer({"bootstrap.servers": self.room.bootstrap_servers, "group.id": "auditor", "enable.auto.commit": False})
        found: dict[int, list[tuple[bytes, bytes, Headers]]] = {number: [] for number in range(PARTITIONS)}
        marks = {number: consumer.get_watermark_offsets(TopicPartition(topic, number), timeout=10) for number in found}
        wanted = sum(high - low for low, high in marks.values())
        consumer.assign([TopicPartition(topic, number, low) for number, (low, _) in marks.items()])

        def all_read() -> bool:
            for message in consumer.consume(1000, 0.1) if wanted else ():
                assert message.error() is None, message.error()
                found[message.partition() or 0].append((message.key() or b"", message.value() or b"", message.headers() or []))
            return bool(len(_flat(found)) >= wanted)

        try:
            eventually(all_read, within=30, what=f"the auditor reads the {wanted} records of {topic}")
        finally:
            consumer.close()
        return found


def _flat(found: dict[int, list[tuple[bytes, bytes, Headers]]]) -> list[tuple[bytes, bytes, Headers]]:
    return [record for records in found.values() for record in records]
