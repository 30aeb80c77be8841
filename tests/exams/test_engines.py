"""Engines under kills, changed offsets and lost services: every settlement booked once, emitted under one id, none lost.

Each engine that runs on real services sits every test here. The auditor of `tests/exams/room.py` counts; it shares no code with them.
"""

from __future__ import annotations

import random
import signal
import time
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from pipeline.engines.faust import EXIT_AWAY
from pipeline.kafka import EventProducer
from pipeline.log import topics
from pipeline.testing.orders import intent, outgoing, settled_record, tx
from pipeline.testing.settlement_exam import traffic
from schemas.events import OrderUpdated
from tests.exams.room import Room, tails
from tests.services import PrivateServices
from tests.waiting import eventually

pytestmark = pytest.mark.faults

FAILPOINTS = ("settlement.in_transaction", "settlement.after_produce", "settlement.after_commit")
HOLE, TOPIC_REPLACED, TOPIC_TRUNCATED, TOPIC_REPARTITIONED = 80, 82, 83, 84
"""Exit codes, as the interface states them."""
GIVES_UP = {"faust": {EXIT_AWAY}, "librdkafka": set[int]()}
"""How an engine may end by itself while Kafka is away; librdkafka waits for as long as it takes."""


def test_workers_come_and_go(room: Room) -> None:
    """Three workers join, one is killed, one is stopped and one joins again while records arrive: all is done exactly once."""
    events, expected = traffic(600, seed=4, room=room.topic_prefix)
    parts = [events[start : start + 250] for start in range(0, len(events), 250)]
    workers = []
    for number, part in enumerate(parts):
        room.produce(part)
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
    room.assert_exactly_once(expected)


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
    parts = _parts(events, 3)
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
    for part in _parts(events, 6):
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
    died = _random_death(room, seed=5, orders=90, parts=2)
    assert died[-signal.SIGKILL] > 0


@pytest.mark.timeout(600)
@pytest.mark.parametrize("seed", range(10, 20))
def test_death_by_chance_over_many_seeds(room: Room, seed: int) -> None:
    """The same over many seeds, with more records and more workers' lives."""
    _random_death(room, seed=seed, orders=1_500, parts=8)


def _random_death(room: Room, *, seed: int, orders: int, parts: int) -> Counter[int]:
    events, expected = traffic(orders, seed=seed, room=room.topic_prefix, hints=False)
    chance = random.Random(seed)
    armed = {"CUSTODIAN_FAILPOINT": ",".join(f"{name}:~0.1" for name in FAILPOINTS)}
    for _ in range(2):
        room.worker(CUSTODIAN_FAILPOINT=f"{chance.choice(FAILPOINTS)}:1")
    died: Counter[int] = Counter()
    cuts = [0, *sorted(chance.sample(range(1, len(events)), parts - 1)), len(events)]
    for start, end in pairwise(cuts):
        room.produce(events[start:end])
        died += room.until_done_supervised(within=120, armed=lambda: armed)
    room.assert_exactly_once(expected)
    return died


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
    try:
        made.prepare()
        yield made
    finally:
        made.kill_all()
        print(tails(made.workers))


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


@pytest.mark.timeout(900)
@pytest.mark.parametrize("seed", range(30, 40))
def test_seven_blows_in_a_row(own_room: Room, private_services: PrivateServices, seed: int) -> None:
    """Kills, stops, twelve seconds of silence, restarts of Kafka and PostgreSQL, in an order by chance, under steady traffic."""
    events, expected = traffic(1_500, seed=seed)
    chance = random.Random(seed)
    for _ in range(3):
        own_room.worker()
    for part in _parts(events, 7):
        own_room.produce(part)
        before = own_room.handled()
        eventually(lambda floor=before: _revived(own_room) and own_room.handled() > floor, within=90)  # type: ignore[misc]
        _blow(own_room, private_services, chance)
    own_room.until_done_supervised(within=180)
    own_room.assert_exactly_once(expected)


def _parts(events: list[OrderUpdated], count: int) -> list[list[OrderUpdated]]:
    size = -(-len(events) // count)
    return [events[start : start + size] for start in range(0, len(events), size)]


def _revived(room: Room) -> bool:
    """Start a worker for each that has ended."""
    for worker in [worker for worker in room.workers if worker.process.poll() is not None]:
        room.workers.remove(worker)
        room.worker()
    return True


def _blow(room: Room, services: PrivateServices, chance: random.Random) -> None:
    victim = chance.choice(room.workers)
    match chance.choice(["kill", "stop", "silence", "kafka", "postgres", "arm"]):
        case "kill":
            victim.process.kill()
        case "stop":
            victim.process.terminate()
        case "silence":
            victim.process.send_signal(signal.SIGSTOP)
            since = time.monotonic()
            eventually(lambda: time.monotonic() - since > 12, within=15)
            victim.process.send_signal(signal.SIGCONT)
        case "kafka":
            services.kafka.kill()
            services.kafka.start()
        case "postgres":
            services.postgres.kill()
            services.postgres.start()
        case "arm":
            room.worker(CUSTODIAN_FAILPOINT=f"{chance.choice(FAILPOINTS)}:2")
