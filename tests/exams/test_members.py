"""Workers as members of their group: a stop in the middle of a batch, a pause that outlasts the session, static members that come back.

The chain runs in the place of settlement, so that order, loss and repetition show.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator

import pytest

from pipeline.testing.engine_exam import links
from tests.exams.chain_room import REFUSAL, ChainRoom
from tests.exams.room import Room
from tests.waiting import eventually

pytestmark = pytest.mark.faults


@pytest.fixture
def chain_room(room: Room) -> Iterator[ChainRoom]:
    """Give the room of one engine, whose workers run the chain."""
    room.environment["WORKER_PROCESSOR"] = "chain"
    made = ChainRoom(room)
    try:
        yield made
    finally:
        made.close()


BROKEN = 70
"""The exit code of a worker whose client is broken."""
STATIC = "CUSTODIAN_ENGINE__GROUP_INSTANCE_ID"


@pytest.mark.parametrize("static", [True, False], ids=["static", "without a name"])
def test_a_static_member_comes_back_without_a_rebalance(chain_room: ChainRoom, static: bool) -> None:
    """Of two workers with names that stay one is killed, then stopped, and started again within its session: the group stays as it was.

    Without names the group comes about anew each time; the broker's own count of that tells the two apart.
    """
    room = chain_room.room
    room.environment["CUSTODIAN_ENGINE__SESSION_TIMEOUT"] = "20s"  # a busy machine takes seconds to start a worker
    names = [{STATIC: name} if static else {} for name in ("one", "two")]
    chain_room.put(links(100, seed=1))
    workers = [room.worker(**name) for name in names]
    eventually(lambda: sorted(room.members().values()) == [3, 3], within=60, what="two workers share the partitions")
    room.until_done(within=60)
    before = room.generation()
    assert before > 0
    for seed, how in ((2, signal.SIGKILL), (3, signal.SIGTERM)):
        workers[1].end(how)
        chain_room.put(links(100, seed=seed))
        workers[1] = room.worker(**names[1])
        room.until_done(within=60)
    assert (room.generation() == before) == static
    assert [worker.end() for worker in workers] == [0, 0]
    chain_room.audit().check_whole()


def test_two_workers_with_one_name_lose_and_double_nothing(chain_room: ChainRoom) -> None:
    """A second worker under the same name takes the group from the first, which ends on librdkafka; on Faust they take it in turns.

    aiokafka's heartbeats do not name the instance, so that Kafka cannot tell it that it is fenced and it joins again. Either way the stored
    positions see to it that all is done once and in order.
    """
    room = chain_room.room
    room.environment[STATIC] = "one"
    chain_room.put(links(100, seed=1))
    first = room.worker()
    room.until_done(within=60)
    second = room.worker()
    chain_room.put(links(100, seed=2))
    if room.engine == "librdkafka":
        assert first.wait(within=60) == BROKEN
        assert "give each host its own" in first.tail()
    chain_room.put(links(100, seed=3))
    room.until_done(within=60)
    assert second.end() == 0
    chain_room.audit().check_whole()


def test_a_stop_in_the_middle_of_a_batch_finishes_it(chain_room: ChainRoom) -> None:
    """SIGTERM while a batch waits for its outputs: it is committed, the worker ends with 0, and the next one has nothing to say again."""
    room, held = chain_room.room, chain_room.room.folder / "held"
    held.touch()
    chain_room.put(links(600, seed=1))
    worker = room.worker(WORKER_HELD=str(held))
    eventually(lambda: '"held"' in worker.log.read_text(), within=60, what="a batch is said and not committed")
    assert room.handled() == 0
    worker.process.terminate()
    stopped_at = time.monotonic()
    eventually(lambda: time.monotonic() - stopped_at > 1, within=5)
    assert worker.process.poll() is None, "it ended with its batch unfinished"
    held.unlink()
    assert worker.wait(within=30) == 0
    audit = chain_room.audit()
    audit.check()
    said = len(audit.emitted)
    assert said == sum(state["steps"] for state in audit.states.values()) > 0
    chain_room.put(links(50, seed=2))
    worker = room.worker()
    room.until_done(within=60)
    assert worker.end() == 0
    audit = chain_room.audit()
    audit.check_whole()
    assert audit.repeated == 0


def test_a_pause_outlasts_the_session(chain_room: ChainRoom) -> None:
    """Outputs are refused for two sessions: each worker says so, stays the member it was, and goes on; nothing is repeated."""
    room, door = chain_room.room, chain_room.room.folder / "door"
    room.environment["CUSTODIAN_ENGINE__SESSION_TIMEOUT"] = "4s"
    chain_room.put(links(100, seed=1))
    workers = [room.worker(WORKER_DOOR_CLOSED=str(door)) for _ in range(2)]
    eventually(lambda: sorted(room.members().values()) == [3, 3], within=60, what="two workers share the partitions")
    room.until_done(within=60)
    members, generation, handled = room.members(), room.generation(), room.handled()
    door.touch()
    closed_at = time.monotonic()
    chain_room.put(links(100, seed=2))
    eventually(lambda: all(REFUSAL in worker.says() for worker in workers), within=30, what="both say why they wait")
    chain_room.put(links(100, seed=3))
    eventually(lambda: time.monotonic() - closed_at > 9, within=12)
    assert room.handled() == handled
    assert room.members() == members
    door.unlink()
    room.until_done(within=60)
    eventually(lambda: {worker.says() for worker in workers} == {"working"}, within=30, what="both say that they work")
    assert room.generation() == generation
    assert [worker.end() for worker in workers] == [0, 0]
    audit = chain_room.audit()
    audit.check_whole()
    assert audit.repeated == 0


def test_a_transaction_that_loses_its_connection_is_done_again_as_a_whole(chain_room: ChainRoom) -> None:
    """PostgreSQL ends the connection, as at a failover, while a batch is said and not committed: the worker does it again, as a whole."""
    room, held = chain_room.room, chain_room.room.folder / "held"
    held.touch()
    chain_room.put(links(200, seed=1))
    worker = room.worker(WORKER_HELD=str(held))
    eventually(lambda: '"held"' in worker.log.read_text(), within=60, what="a batch is said and not committed")
    assert room.cut_connections() > 0
    assert room.handled() == 0
    held.unlink()
    room.until_done(within=60)
    assert worker.end() == 0
    audit = chain_room.audit()
    audit.check_whole()
    assert audit.repeated > 0, "the batch was not said again, so its transaction was not lost"
