"""The points of the exam, sat by the in-memory driver, the Faust engine and the librdkafka engine alike."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pipeline.testing.engine_exam import POINTS, Point
from pipeline.testing.memory import MemoryRoom
from tests.exams.chain_room import ChainRoom
from tests.exams.room import Room


@pytest.mark.parametrize("point", POINTS, ids=lambda point: point.name)
def test_each_point_in_memory(point: Point) -> None:
    """The in-memory driver passes."""
    point.sit(MemoryRoom())


@pytest.fixture
def chain_room(room: Room) -> Iterator[ChainRoom]:
    """Give the room of one engine."""
    made = ChainRoom(room)
    try:
        yield made
    finally:
        made.close()


@pytest.mark.faults
@pytest.mark.timeout(600)  # `killing` is a dozen lives
@pytest.mark.parametrize("point", POINTS, ids=lambda point: point.name)
def test_each_point_on_real_services(chain_room: ChainRoom, point: Point) -> None:
    """The engine passes on real Kafka and PostgreSQL."""
    point.sit(chain_room)
