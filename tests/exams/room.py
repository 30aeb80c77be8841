"""A room for an exam on real services: topics, a prepared database, workers that can be killed, and an auditor.

The auditor shares no code with the engine: it reads Kafka with a plain consumer, values with `json`, and states with SQL.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from confluent_kafka import Consumer, ConsumerGroupTopicPartitions, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient

from pipeline.kafka import EventProducer, TopicAdmin
from pipeline.log import topics
from pipeline.settings import Kafka
from pipeline.stores import migrations, positions
from pipeline.testing.orders import outgoing
from schemas.events import OrderUpdated
from tests.waiting import eventually

ROOT = Path(__file__).parents[2]
PARTITIONS = 6


@dataclass(kw_only=True)
class Worker:
    """One worker process and where its output goes."""

    process: subprocess.Popen[bytes]
    log: Path

    @property
    def pid(self) -> int:
        """Return the process id."""
        return self.process.pid

    def wait(self, *, within: float) -> int:
        """Return the exit code once the process has ended; SIGKILL is -9."""
        try:
            return self.process.wait(within)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"the worker is still there after {within:g} s:\n{self.tail()}") from None

    def end(self, signal_number: int = signal.SIGTERM, *, within: float = 30) -> int:
        """Send a signal and return the exit code; a stop waits until the worker listens for it, which is after its imports."""
        if signal_number == signal.SIGTERM:
            eventually(lambda: self.log.read_text() or self.process.poll() is not None, within=30, what="the worker has begun")
        self.process.send_signal(signal_number)
        return self.wait(within=within)

    def says(self) -> str:
        """Return the last thing it said about its health."""
        notes = [line for line in self.log.read_text().splitlines() if line.startswith('{"healthy"')]
        return str(json.loads(notes[-1])["note"]) if notes else ""

    def tail(self) -> str:
        """Return the end of what it wrote."""
        return self.log.read_text()[-3000:]


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """What stands in Kafka and in the database, counted by somebody else."""

    settled: Counter[tuple[str, str]]
    """How often each (intent, hash) was emitted."""
    settled_ids: dict[tuple[str, str], set[str]]
    """The ce_ids under which each was emitted."""
    alarms: Counter[tuple[str, str]]
    """Distinct alarms by (intent, kind)."""
    dead_letters: list[dict[str, Any]]
    booked: dict[str, str]
    """The hash that each state holds as booked, by intent."""
    positions: dict[int, int]
    ends: dict[int, int]

    @property
    def repeated(self) -> int:
        """Count the outputs that are there more than once."""
        return sum(self.settled.values()) - len(self.settled)


@dataclass(kw_only=True)
class Room:
    """Topics and a database of one test, and the workers that run on them."""

    bootstrap_servers: str
    topic_prefix: str
    dsn: str
    folder: Path
    engine: str = "faust"
    """What workers run on; `engine.kind` of the settings."""
    workers: list[Worker] = field(default_factory=list)
    environment: dict[str, str] = field(default_factory=dict)
    """What every worker is told."""

    @property
    def kafka(self) -> Kafka:
        """Return the settings of this room's Kafka."""
        return Kafka(bootstrap_servers=self.bootstrap_servers, topic_prefix=self.topic_prefix, partitions=PARTITIONS)

    @property
    def topic(self) -> str:
        """Return the topic that is consumed."""
        return topics.ORDER_UPDATED.topic(self.topic_prefix)

    @property
    def group(self) -> str:
        """Return the consumer group."""
        return f"{self.topic_prefix}settlement"

    def prepare(self) -> None:
        """Make the topics, the tables and the positions."""
        admin = TopicAdmin(self.kafka)
        admin.ensure_topics()
        described = eventually(lambda: admin.describe([self.topic]), within=30, what=f"Kafka shows the topic {self.topic}")
        topic_id = described[self.topic].topic_id
        with psycopg.connect(self.dsn) as connection:
            migrations.apply(connection, migrations.found_in(["pipeline.stores"]))
            positions.prepare(connection, "settlement", [(self.topic, number, topic_id) for number in range(PARTITIONS)])

    def produce(self, events: Iterable[OrderUpdated]) -> None:
        """Put events into the consumed topic, acknowledged, in this order within each intent."""
        EventProducer(self.kafka).publish([outgoing(event) for event in events])

    def worker(self, **environment: str) -> Worker:
        """Start a worker."""
        log = self.folder / f"worker-{len(list(self.folder.glob('worker-*.log')))}.log"
        with log.open("wb") as out:
            process = subprocess.Popen(
                [sys.executable, str(Path(__file__).with_name("worker.py"))],
                cwd=self.folder,
                stdout=out,
                stderr=out,
                env={
                    "PATH": os.environ.get("PATH", ""),
                    "PYTHONPATH": str(ROOT),
                    "CUSTODIAN_KAFKA__BOOTSTRAP_SERVERS": self.bootstrap_servers,
                    "CUSTODIAN_KAFKA__TOPIC_PREFIX": self.topic_prefix,
                    "CUSTODIAN_POSTGRES__DSN": self.dsn,
                    "CUSTODIAN_ENGINE__KIND": self.engine,
                    # A killed member is missed after this; the default of 6 s would only make the tests longer.
                    "CUSTODIAN_ENGINE__SESSION_TIMEOUT": "2s",
                    **self.environment,
                    **environment,
                },
            )
        worker = Worker(process=process, log=log)
        self.workers.append(worker)
        return worker

    def kill_all(self) -> None:
        """End whatever still runs."""
        for worker in self.workers:
            if worker.process.poll() is None:
                worker.process.kill()
            worker.process.wait()

    def positions(self) -> dict[int, int]:
        """Return the stored positions by partition."""
        with psycopg.connect(self.dsn) as connection:
            rows = connection.execute("SELECT partition, next_offset FROM custodian.positions WHERE consumer = 'settlement'").fetchall()
        return dict(rows)

    def cut_connections(self) -> int:
        """End the workers' database connections as an administrator would, and return how many."""
        with psycopg.connect(self.dsn) as connection:
            ended = connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'custodian-settlement' "
                "AND datname = current_database()"
            )
            return len(ended.fetchall())

    def ends(self, topic: str | None = None) -> dict[int, int]:
        """Return the next offset of each partition."""
        consumer = Consumer({"bootstrap.servers": self.bootstrap_servers, "group.id": "exam", "enable.auto.commit": False})
        name = topic or self.topic

        def told() -> dict[int, int] | None:
            try:
                return {number: consumer.get_watermark_offsets(TopicPartition(name, number), timeout=10)[1] for number in range(PARTITIONS)}
            except KafkaException:
                return None  # a broker that has just come back does not lead its partitions yet

        try:
            return eventually(told, within=30, what=f"Kafka tells the ends of {name}") or {}
        finally:
            consumer.close()

    def until_done(self, *, within: float) -> None:
        """Wait until every record that was produced has been handled."""
        ends = self.ends()

        def done() -> bool:
            if all(worker.process.poll() is not None for worker in self.workers):
                raise RuntimeError(f"every worker has ended, at {self.positions()} of {ends}")
            return self.positions() == ends

        eventually(done, within=within, what=f"the positions reach the ends {ends}")

    def until_done_supervised(self, *, within: float, armed: Callable[[], Mapping[str, str]] = dict) -> Counter[int]:
        """Wait as `until_done` does, starting a new worker for each one that dies; return the exit codes of those that did.

        `armed` tells what each new worker is told, its failpoints for one.
        """
        ends, died = self.ends(), Counter[int]()

        def done() -> bool:
            for worker in [worker for worker in self.workers if worker.process.poll() is not None]:
                self.workers.remove(worker)
                died[worker.process.returncode] += 1
                self.worker(**armed())
            return self.positions() == ends

        eventually(done, within=within, what=f"the positions reach the ends {ends}")
        return died

    def handled(self) -> int:
        """Return how many records are handled."""
        return sum(self.positions().values())

    def kept(self) -> int:
        """Return how many states are stored."""
        with psycopg.connect(self.dsn) as connection:
            row = connection.execute("SELECT count(*) FROM custodian.states WHERE processor = 'settlement'").fetchone()
        return int(row[0]) if row else 0

    def members(self) -> dict[str, int]:
        """Return the ids of the group's members, each with the number of its partitions."""
        admin = AdminClient({"bootstrap.servers": self.bootstrap_servers})
        try:
            described = admin.describe_consumer_groups([self.group])[self.group].result(10)
        except (KafkaException, TimeoutError) as error:  # one that has just started reads its groups first
            raise AssertionError(f"the broker does not tell the members yet: {error}") from None
        return {member.member_id: len(member.assignment.topic_partitions) for member in described.members}

    def generation(self) -> int:
        """Return how often the group has come about anew, as the broker itself notes it.

        In the log of the groups a key is version 2 and the group's name, a value version, protocol type and generation (GroupMetadata).
        """
        wanted = b"\x00\x02" + len(self.group).to_bytes(2, "big") + self.group.encode()
        generations = [0]
        for value in _last_of(self.bootstrap_servers, "__consumer_offsets", wanted):
            kind = int.from_bytes(value[2:4], "big")
            generations.append(int.from_bytes(value[4 + kind : 8 + kind], "big"))
        return generations[-1]

    def commit_to_kafka(self, offset_of: dict[int, int] | None) -> None:
        """Set the group's committed offsets, or delete them (None); nobody may be in the group."""
        admin = AdminClient({"bootstrap.servers": self.bootstrap_servers})

        def done() -> bool:
            try:
                if offset_of is None:
                    admin.delete_consumer_groups([self.group])[self.group].result(10)
                else:
                    wanted = [TopicPartition(self.topic, number, offset) for number, offset in offset_of.items()]
                    change = ConsumerGroupTopicPartitions(self.group, wanted)
                    admin.alter_consumer_group_offsets([change])[self.group].result(10)
            except Exception as error:
                if "NON_EMPTY_GROUP" in str(error) or "UNKNOWN_MEMBER" in str(error):
                    return False  # a killed member is counted until its session times out
                raise
            return True

        eventually(done, within=30, what="the consumer group is empty and its offsets are changed")

    def read(self, kind: topics.EventType) -> list[tuple[dict[str, str], dict[str, Any]]]:
        """Return headers and value of everything in a topic."""
        name = kind.topic(self.topic_prefix)
        ends = self.ends(name)
        consumer = Consumer({"bootstrap.servers": self.bootstrap_servers, "group.id": "auditor", "enable.auto.commit": False})
        consumer.assign([TopicPartition(name, number, 0) for number in range(PARTITIONS)])
        found: list[tuple[dict[str, str], dict[str, Any]]] = []
        wanted = sum(ends.values())

        def all_read() -> bool:
            for message in consumer.consume(1000, 0.1) if wanted else ():
                assert message.error() is None, message.error()
                headers = {key: value.decode() for key, value in message.headers() or []}
                found.append((headers, json.loads(message.value() or b"null")))
            return len(found) == wanted

        try:
            eventually(all_read, within=30, what=f"the auditor reads the {wanted} records of {name}")
        finally:
            consumer.close()
        return found

    def audit(self) -> Audit:
        """Count what came of it."""
        settled: Counter[tuple[str, str]] = Counter()
        ids: dict[tuple[str, str], set[str]] = {}
        for headers, value in self.read(topics.ORDER_SETTLED):
            key = (value["intent_id"], value["transaction_hash"])
            settled[key] += 1
            ids.setdefault(key, set()).add(headers["ce_id"])
        alarms = {value["alarm_id"]: (value["subject"], value["kind"]) for _, value in self.read(topics.ALARM_RAISED)}
        with psycopg.connect(self.dsn) as connection:
            rows = connection.execute(
                "SELECT state ->> 'intent_id', state #>> '{booked,transaction_hash}' FROM custodian.states "
                "WHERE processor = 'settlement' AND state ? 'booked'"
            ).fetchall()
        return Audit(
            settled=settled,
            settled_ids=ids,
            alarms=Counter(alarms.values()),
            dead_letters=[value for _, value in self.read(topics.DEAD_LETTER)],
            booked=dict(rows),
            positions=self.positions(),
            ends=self.ends(),
        )

    def assert_exactly_once(self, expected: dict[str, str]) -> Audit:
        """Check that exactly these settlements (hash by intent) are booked once, and emitted at least once under one id each."""
        audit = self.audit()
        assert audit.booked == expected
        assert set(audit.settled) == set(expected.items())
        assert {key: len(ids) for key, ids in audit.settled_ids.items()} == dict.fromkeys(audit.settled, 1)
        assert audit.positions == audit.ends
        return audit


def _last_of(bootstrap_servers: str, topic: str, key: bytes) -> list[bytes]:
    """Return the values of the records with this key, in the order of a topic that has them in one partition."""
    consumer = Consumer({"bootstrap.servers": bootstrap_servers, "group.id": "auditor", "enable.auto.commit": False})
    numbers = list(consumer.list_topics(topic, timeout=10).topics[topic].partitions)
    left = {number: consumer.get_watermark_offsets(TopicPartition(topic, number), timeout=10) for number in numbers}
    left = {number: marks for number, marks in left.items() if marks[0] < marks[1]}
    consumer.assign([TopicPartition(topic, number, low) for number, (low, _) in left.items()])
    found: list[bytes] = []

    def all_read() -> bool:
        for message in consumer.consume(1000, 0.1) if left else ():
            assert message.error() is None, message.error()
            number, offset = message.partition() or 0, message.offset() or 0
            if message.key() == key and message.value() is not None:
                found.append(bytes(message.value() or b""))
            if number in left and offset + 1 >= left[number][1]:
                del left[number]
        return not left

    try:
        eventually(all_read, within=30, what=f"the auditor reads {topic}")
    finally:
        consumer.close()
    return found


def tails(workers: Sequence[Worker]) -> str:
    """Return the ends of the workers' logs, for a failure."""
    return "\n".join(f"--- {worker.log.name}\n{worker.tail()}" for worker in workers)
