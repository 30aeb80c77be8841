"""What only the Faust engine has: private names that it leans on, and a watch of its own; the exam of engines is in `tests/exams`."""

from __future__ import annotations

import psycopg
import pytest

from pipeline.engines._faust_transport import missing_names
from pipeline.engines.watch import Watch
from pipeline.errors import StuckError
from pipeline.kafka import TopicAdmin
from pipeline.testing.clocks import HandClock
from pipeline.testing.orders import intent, settled_record
from tests.exams.fixtures import room
from tests.exams.room import PARTITIONS, Room

__all__ = ["room"]


@pytest.fixture
def engine() -> str:
    """Give the engine of this room."""
    return "faust"


def test_the_private_names_of_the_pinned_versions_are_there() -> None:
    """What the transport puts in the place of Kafka's committed offsets exists in the installed faust and aiokafka, and is still asked."""
    gone = missing_names()
    assert not gone, (
        "the installed faust-streaming or aiokafka is not the one that the engine was made for: "
        + "; ".join(gone)
        + ". Stored positions would no longer win: keep the pinned versions, or adapt _faust_transport.py and sit the exam again"
    )


def test_standing_still_is_noticed_unless_a_service_is_away(room: Room) -> None:
    """Records to handle and no movement for the limit raise StuckError; waiting for a service, or moving on, starts the time anew."""
    room.produce(
        settled_record(intent(number, room.topic_prefix), number) for number in range(200)
    )  # so many that no partition stays empty
    clock = HandClock()
    watch = Watch(
        "settlement", [room.topic], connect=lambda: psycopg.connect(room.dsn), admin=TopicAdmin(room.kafka), clock=clock, stuck_after=60
    )
    partitions = [(room.topic, number) for number in range(PARTITIONS)]
    watch.check_start()
    assert watch.look(partitions) == 200
    clock.pass_by(61)
    watch.waiting("PostgreSQL is away")
    assert watch.look(partitions) == 200
    watch.moved()
    clock.pass_by(59)
    with psycopg.connect(room.dsn) as connection:
        connection.execute("UPDATE custodian.positions SET next_offset = 1 WHERE topic = %s", (room.topic,))
    assert watch.look(partitions) == 200 - PARTITIONS
    clock.pass_by(61)
    with pytest.raises(StuckError, match="stands at offset 1"):
        watch.look(partitions)
    watch.close()
