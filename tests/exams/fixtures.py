"""The room of an exam on real services, as a fixture for this folder and others."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.exams.room import Room, tails
from tests.exams.workflow_room import WorkflowRoom
from tests.services import KafkaRoom


@pytest.fixture(params=["faust", "librdkafka"])
def engine(request: pytest.FixtureRequest) -> str:
    """Give the engine that sits the exam."""
    return str(request.param)


@contextmanager
def prepared(room: Room) -> Iterator[None]:
    """Make a room ready; at the end whatever worker is left is killed, and the ends of the logs are printed for a failure."""
    try:
        room.prepare()
        yield
    finally:
        room.kill_all()
        print(tails(room.workers))


@pytest.fixture
def room(kafka: KafkaRoom, postgres: str, tmp_path: Path, engine: str) -> Iterator[Room]:
    """Give prepared topics and tables; whatever worker is left is killed afterwards."""
    made = Room(bootstrap_servers=kafka.bootstrap_servers, topic_prefix=kafka.topic_prefix, dsn=postgres, folder=tmp_path, engine=engine)
    with prepared(made):
        yield made


@pytest.fixture
def workflow_room(kafka: KafkaRoom, postgres: str, tmp_path: Path, engine: str) -> Iterator[WorkflowRoom]:
    """Give prepared topics and tables of the workflow; whatever worker is left is killed afterwards."""
    servers, prefix = kafka.bootstrap_servers, kafka.topic_prefix
    made = WorkflowRoom(bootstrap_servers=servers, topic_prefix=prefix, dsn=postgres, folder=tmp_path, engine=engine)
    made.environment["WORKER_PROCESSOR"] = "workflow"
    with prepared(made):
        yield made
