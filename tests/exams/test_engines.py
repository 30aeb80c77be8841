"""Engines that come and go, and lose their services: every settlement booked once, emitted under one id, none lost.

Each engine that runs on real services sits every test here; the points that the in-memory driver sits too are in `test_points.py`, what
is about members of a group in `test_members.py`, storms by chance in `test_seeds.py`. The auditors of `room.py` and of `engine_exam.Audit`
count; they share no code with the engines.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.engines.faust import EXIT_AWAY
from pipeline.kafka import EventProducer
from pipeline.log import topics
from pipeline.testing.orders import intent, outgoing, settled_record, tx
from pipeline.testing.settlement_exam import traffic
from tests.exams.fixtures import prepared
from tests.exams.room import Room
from tests.exams.storms import Links, Settlements, deaths_by_chance, parts_of
from tests.services import PrivateServices
from tests.waiting import eventually

pytestmark = pytest.mark.faults

GIVES_UP = {"faust": {EXIT_AWAY}, "librdkafka": set[int]()}
"""How an engine may end by itself while Kafka is away; librdkafka waits for as long as it takes."""


def test_workers_come_and_go(room: Room) -> None:
    """Three workers join, one is killed, one is stopped and one joins again while records arrive: each key's are done once, in order."""
    given = Links(room, records=1_500, seed=4)
    workers = []
    for number, part in enumerate(parts_of(given.records, 6)):
        given.put(part)
        match number:
            case 0 | 1 | 2:
                workers.append(room.worker())
            case 3:
                done = room.handled()
                eventually(lambda before=done: room.handled() > before, within=30)  # type: ignore[misc]
                assert workers.pop(0).end(signal.SIGKILL) == -signal.SIGKILL
            case 4:
                assert workers.pop(0).end() == 0
                workers.append(room.worker())
    room.until_done(within=60)
    assert [worker.end() for worker in workers] == [0, 0]
    given.check()


def test_engines_take_over_from_one_another(room: Room) -> None:
    """One engine is killed in the middle of its work; the other one joins its group and goes on from its positions, and so back again."""
    events, expected = traffic(120, seed=9, room=room.topic_prefix, hints=False)
    first, other = room.engine, {"faust": "librdkafka", "librdkafka": "faust"}[room.engine]
    room.produce(events[:60])
    assert room.worker(CUSTODIAN_FAILPOINT="settlement.after_produce:1").wait(within=30) == -signal.SIGKILL
    room.engine = other
    room.produce(events[60:90])
    worker = room.worker()
    room.until_done(within=60)
    assert worker.end() == 0
    room.engine = first
    room.produce(events[90:])
    worker = room.worker()
    room.until_done(within=60)
    assert worker.end() == 0
    room.assert_exactly_once(expected)


def test_the_other_engine_waits_until_the_group_is_its_own(room: Room) -> None:
    """A worker of the other engine does nothing while one of the first is in the group, and takes over when that one is stopped."""
    events, expected = traffic(90, seed=12, room=room.topic_prefix)
    parts = parts_of(events, 3)
    room.produce(parts[0])
    worker = room.worker()
    room.until_done(within=60)
    room.engine = {"faust": "librdkafka", "librdkafka": "faust"}[room.engine]
    room.worker()
    room.produce(parts[1])
    room.until_done(within=60)
    assert worker.end() == 0
    room.workers.remove(worker)
    room.produce(parts[2])
    room.until_done_supervised(within=90)
    room.assert_exactly_once(expected)


def test_connections_cut_in_the_middle_lose_and_double_nothing(room: Room) -> None:
    """PostgreSQL ends the worker's connections again and again while it works: the worker stays and completes everything."""
    events, expected = traffic(600, seed=11, room=room.topic_prefix, hints=False)
    worker = room.worker()
    cuts = 0
    for part in parts_of(events, 6):
        before = room.handled()
        room.produce(part)
        eventually(lambda floor=before: room.handled() > floor, within=30)  # type: ignore[misc]
        cuts += room.cut_connections()
    room.until_done(within=60)
    assert worker.end() == 0
    assert cuts >= 6
    room.assert_exactly_once(expected)


def test_death_by_chance_loses_and_doubles_nothing(room: Room) -> None:
    """Workers that die for certain at first and by chance from then on, and are started again, complete everything exactly once."""
    died = deaths_by_chance(room, Settlements(room, orders=90, seed=5), seed=5, parts=2)
    assert died[-signal.SIGKILL] > 0


def test_what_cannot_be_read_is_dead_lettered_and_the_partition_goes_on(room: Room) -> None:
    """Garbage, no headers, no value, a foreign key: each becomes a dead letter with its coordinates; the record behind it is settled."""
    order = intent(1, room.topic_prefix)
    good = outgoing(settled_record(order, 1))
    key, headers = order.encode(), good.headers()
    EventProducer(room.kafka).publish_records(
        [
            (room.topic, key, b"\xff{", headers),
            (room.topic, key, b'{"venue": 1}', headers),
            (room.topic, key, good.value, []),
            (room.topic, key, b"", headers),
            (room.topic, intent(2, room.topic_prefix).encode(), good.value, headers),
            (room.topic, None, good.value, headers),
            (room.topic, key, good.value.replace(b'"SETTLED"', b'"SETT\\u0000LED"', 1), headers),
            (room.topic, key, good.value, headers),
        ]
    )
    worker = room.worker()
    room.until_done(within=60)
    assert worker.end() == 0
    audit = room.assert_exactly_once({order: tx(1)})
    assert len(audit.dead_letters) == 7
    assert {letter["origin"]["topic"] for letter in audit.dead_letters} == {room.topic}
    assert not [kind for kind in topics.ALL if kind.topic(room.topic_prefix) == room.topic and kind is not topics.ORDER_UPDATED]


@pytest.fixture
def own_room(private_services: PrivateServices, tmp_path: Path, engine: str) -> Iterator[Room]:
    """Give a room on a Kafka and a PostgreSQL of this test alone, to be killed at will."""
    made = Room(
        bootstrap_servers=private_services.bootstrap_servers,
        topic_prefix=private_services.topic_prefix,
        dsn=private_services.postgres_dsn,
        folder=tmp_path,
        engine=engine,
    )
    with prepared(made):
        yield made


def test_a_database_that_is_away_is_waited_for(own_room: Room, private_services: PrivateServices) -> None:
    """While PostgreSQL is down the worker stays, says why it waits, and completes everything when it is back; it never exits."""
    events, expected = traffic(150, seed=6)
    own_room.produce(events[:150])
    worker = own_room.worker()
    own_room.until_done(within=60)
    private_services.postgres.kill()
    own_room.produce(events[150:])
    eventually(lambda: "PostgreSQL" in worker.says(), within=30, what="the worker says that it waits for PostgreSQL")
    late = own_room.worker()  # one that starts meanwhile waits as well
    eventually(lambda: "PostgreSQL" in late.says(), within=30, what="the new worker says that it waits for PostgreSQL")
    private_services.postgres.start()
    own_room.until_done(within=60)
    assert [w.end() for w in (worker, late)] == [0, 0]
    own_room.assert_exactly_once(expected)


def test_a_broker_that_is_away_is_waited_for(own_room: Room, private_services: PrivateServices) -> None:
    """A broker killed in the middle and started again costs nothing but time, with workers restarted when they end by themselves."""
    events, expected = traffic(150, seed=7)
    own_room.produce(events[:150])
    for _ in range(2):
        own_room.worker()
    eventually(lambda: own_room.handled() > 0, within=60)
    private_services.kafka.kill()
    late = own_room.worker()
    eventually(lambda: "Kafka" in late.says(), within=60, what="the new worker says that it waits for Kafka")
    private_services.kafka.start()
    own_room.produce(events[150:])
    died = own_room.until_done_supervised(within=90)
    assert set(died) <= GIVES_UP[own_room.engine]
    own_room.assert_exactly_once(expected)


@pytest.mark.parametrize("away", ["kafka", "postgres"])
def test_thirty_seconds_without_a_service(own_room: Room, private_services: PrivateServices, away: str) -> None:
    """A service that is gone for thirty seconds in the middle of work costs its time: all is done once, each key in its order."""
    given = Links(own_room, records=1_500, seed=15)
    parts = parts_of(given.records, 3)
    for _ in range(2):
        own_room.worker()
    given.put(parts[0])
    eventually(lambda: own_room.handled() > 0, within=60, what="work goes on")
    service = getattr(private_services, away)
    given.put(parts[1])
    service.kill()
    gone_at = time.monotonic()
    eventually(lambda: time.monotonic() - gone_at > 30, within=40)
    service.start()
    given.put(parts[2])
    died = own_room.until_done_supervised(within=120)
    assert set(died) <= (GIVES_UP[own_room.engine] if away == "kafka" else set())
    given.check()


@pytest.mark.parametrize("away", ["kafka", "postgres"])
def test_a_stop_ends_in_time_while_a_service_is_away(own_room: Room, private_services: PrivateServices, away: str) -> None:
    """SIGTERM ends the worker with 0 within 30 s although what it has begun cannot be finished."""
    events, expected = traffic(100, seed=8)
    own_room.produce(events[:100])
    worker = own_room.worker()
    own_room.until_done(within=60)
    service = getattr(private_services, away)
    if away == "postgres":
        service.kill()
        own_room.produce(events[100:])
        eventually(lambda: "PostgreSQL" in worker.says(), within=30)
    else:
        own_room.produce(events[100:])
        service.kill()
    assert worker.end(within=30) == 0
    service.start()
    own_room.worker()
    own_room.until_done(within=60)
    own_room.assert_exactly_once(expected)
