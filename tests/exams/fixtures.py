"""The room of an exam on real services, as a fixture for this folder and others."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.exams.room import Room, tails
from tests.services import KafkaRoom


@pytest.fixture(params=["faust", "librdkafka"])
def engine(request: pytest.FixtureRequest) -> str:
    """Give the engine that sits the exam."""
    return str(request.param)


@pytest.fixture
def room(kafka: KafkaRoom, postgres: str, tmp_path: Path, engine: str) -> Iterator[Room]:
    """Give prepared topics and tables; whatever worker is left is killed afterwards."""
    made = Room(bootstrap_servers=kafka.bootstrap_servers, topic_prefix=kafka.topic_prefix, dsn=postgres, folder=tmp_path, engine=engine)
    try:
        made.prepare()
        yield made
    finally:
        made.kill_all()
        print(tails(made.workers))  # captured by pytest, shown when the test fails
