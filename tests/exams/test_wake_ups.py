"""Due times on real services: what waits is woken once, by whoever has its partition, whatever dies on the way."""

from __future__ import annotations

import signal
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest

from pipeline.clock import SystemClock
from pipeline.kafka import EventProducer, TopicAdmin, TopicState
from pipeline.log import topics
from pipeline.log.envelope import time_text
from pipeline.processors.workflow.facts import WorkflowRules
from pipeline.processors.workflow.processor import workflow
from pipeline.stores import migrations, positions
from pipeline.testing.orders import intent, outgoing
from tests.exams.room import PARTITIONS, Room, tails
from tests.services import KafkaRoom
from tests.unit.workflow.scene import order
from tests.waiting import eventually

pytestmark = pytest.mark.faults

INTENTS = 60


class WorkflowRoom(Room):
    """The topics and positions of the workflow."""

    def prepare(self) -> None:
        """Make the topics, the tables and the positions."""
        admin, kinds = TopicAdmin(self.kafka), workflow(WorkflowRules()).consumes
        admin.ensure_topics(list({*topics.ALL, *kinds}))
        names = [kind.topic(self.topic_prefix) for kind in kinds]
        described: dict[str, TopicState] = {}

        def shown() -> bool:
            described.update(admin.describe(names))
            return described.keys() >= set(names)

        eventually(shown, within=30, what=f"Kafka shows the topics {', '.join(names)}")
        rows = [(name, number, described[name].topic_id) for name in names for number in range(PARTITIONS)]
        with psycopg.connect(self.dsn) as connection:
            migrations.apply(connection, migrations.found_in(["pipeline.stores"]))
            positions.prepare(connection, "workflow", rows)

    def positions(self) -> dict[int, int]:
        """Return the stored positions in the topic of orders."""
        with psycopg.connect(self.dsn) as connection:
            rows = connection.execute(
                "SELECT partition, next_offset FROM custodian.positions WHERE consumer = 'workflow' AND topic = %s", (self.topic,)
            ).fetchall()
        return dict(rows)

    def waiting(self) -> Counter[tuple[str, bool]]:
        """Count the states by phase, and by whether their time has come."""
        with psycopg.connect(self.dsn) as connection:
            rows = connection.execute(
                "SELECT state ->> 'phase', wake_at <= clock_timestamp(), count(*) FROM custodian.states "
                "WHERE processor = 'workflow' GROUP BY 1, 2"
            ).fetchall()
        return Counter({(phase, bool(due)): count for phase, due, count in rows})


@pytest.fixture
def room(kafka: KafkaRoom, postgres: str, tmp_path: Path, engine: str) -> Iterator[WorkflowRoom]:
    """Give prepared topics and tables; whatever worker is left is killed afterwards."""
    servers, prefix = kafka.bootstrap_servers, kafka.topic_prefix
    made = WorkflowRoom(bootstrap_servers=servers, topic_prefix=prefix, dsn=postgres, folder=tmp_path, engine=engine)
    try:
        made.prepare()
        yield made
    finally:
        made.kill_all()
        print(tails(made.workers))


def test_what_became_due_while_nobody_ran_is_asked_once(room: WorkflowRoom) -> None:
    """Proposals wait for evidence when their worker is killed; the next one is killed between publishing and commit; two more go on.

    Each proposal is asked about under one id, by one committed transaction; only the killed transaction's questions are there twice.
    """
    now = SystemClock().now()
    intents = {intent(number, room.topic_prefix) for number in range(INTENTS)}
    shown = order(created_at=time_text(now), expires_at=time_text(now + timedelta(minutes=5)))
    EventProducer(room.kafka).publish([outgoing(shown.model_copy(update={"intent_id": one})) for one in intents])

    first = room.worker(WORKER_PROCESSOR="workflow", WORKER_EVIDENCE_WAIT="8")
    eventually(lambda: room.positions() == room.ends(), within=60, what="the proposals are read")
    assert first.end(signal.SIGKILL) == -signal.SIGKILL
    assert {phase for phase, _ in room.waiting()} == {"gathering"}

    eventually(lambda: room.waiting() == {("gathering", True): INTENTS}, within=30, what="everything is due")
    killed = room.worker(WORKER_PROCESSOR="workflow", CUSTODIAN_FAILPOINT="workflow.after_produce:1")
    assert killed.wait(within=60) == -signal.SIGKILL
    assert room.waiting() == {("gathering", True): INTENTS}
    twice = {headers["ce_subject"] for headers, _ in room.read(topics.DECISION_REQUESTED)}
    assert twice

    others = [room.worker(WORKER_PROCESSOR="workflow") for _ in range(2)]
    eventually(lambda: room.waiting() == {("asking_accept", False): INTENTS}, within=60, what="everything is asked about")
    assert [worker.end() for worker in others] == [0, 0]

    asked = room.read(topics.DECISION_REQUESTED)
    assert Counter(value["intent_id"] for _, value in asked) == {one: 1 + (one in twice) for one in intents}
    assert len({headers["ce_id"] for headers, _ in asked}) == INTENTS
    assert {value["round"] for _, value in asked} == {1}
    assert not room.read(topics.DEAD_LETTER)
