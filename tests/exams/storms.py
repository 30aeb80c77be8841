"""What strikes by chance, repeatable by its seed: deaths at failpoints, and blows in a row; under settlements or under the chain."""

from __future__ import annotations

import random
import signal
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, Protocol, TypeVar

from pipeline.testing.engine_exam import links
from pipeline.testing.settlement_exam import traffic
from tests.exams.chain_room import ChainRoom
from tests.exams.room import Room
from tests.services import PrivateServices
from tests.waiting import eventually

FAILPOINTS = ("settlement.in_transaction", "settlement.after_produce", "settlement.after_commit")
T = TypeVar("T")


class Traffic(Protocol):
    """Records to be put in bit by bit, and the count at the end."""

    @property
    def records(self) -> Sequence[Any]:
        """Return all records, in their order."""
        ...

    def put(self, records: Sequence[Any]) -> None:
        """Put some of the records in."""
        ...

    def check(self) -> None:
        """Check that all of them had their effect, once."""
        ...


class Settlements:
    """What a venue shows of many orders; without hints, so that even a batch of one record has an output that can be lost."""

    def __init__(self, room: Room, *, orders: int, seed: int) -> None:
        self._room = room
        self.records: Sequence[Any]
        self.records, self._expected = traffic(orders, seed=seed, room=room.topic_prefix, hints=False)

    def put(self, records: Sequence[Any]) -> None:
        """Put some of the events in."""
        self._room.produce(records)

    def check(self) -> None:
        """Check that each order is booked once, and emitted under one id."""
        self._room.assert_exactly_once(self._expected)


class Links:
    """Records of a hundred keys for the chain, which shows their order too."""

    def __init__(self, room: Room, *, records: int, seed: int) -> None:
        room.environment["WORKER_PROCESSOR"] = "chain"
        self._room = ChainRoom(room)
        self.records: Sequence[Any] = links(records, seed=seed, keys=100)

    def put(self, records: Sequence[Any]) -> None:
        """Put some of the records in."""
        self._room.put(records)

    def check(self) -> None:
        """Check that each key's records were handled in their order, once."""
        self._room.audit().check_whole()


def parts_of(records: Sequence[T], count: int) -> list[Sequence[T]]:
    """Cut records into parts of about one size."""
    size = -(-len(records) // count)
    return [records[start : start + size] for start in range(0, len(records), size)]


def deaths_by_chance(room: Room, given: Traffic, *, seed: int, parts: int) -> Counter[int]:
    """Let two workers die for certain and every worker after them by chance at any failpoint; return the exit codes."""
    chance = random.Random(seed)

    def armed() -> Mapping[str, str]:
        everywhere = ",".join(f"{name}:~0.1" for name in FAILPOINTS)
        return {"CUSTODIAN_FAILPOINT": everywhere, "CUSTODIAN_FAILPOINT_SEED": str(chance.randrange(1 << 31))}

    for _ in range(2):
        room.worker(CUSTODIAN_FAILPOINT=f"{chance.choice(FAILPOINTS)}:1")
    died: Counter[int] = Counter()
    cuts = [0, *sorted(chance.sample(range(1, len(given.records)), parts - 1)), len(given.records)]
    for start, end in pairwise(cuts):
        given.put(given.records[start:end])
        died += room.until_done_supervised(within=120, armed=armed)
    given.check()
    return died


def blows_in_a_row(room: Room, services: PrivateServices, given: Traffic, *, seed: int, blows: int = 7) -> list[str]:
    """Strike three workers and both services under steady traffic, in an order by chance; return what struck."""
    chance = random.Random(seed)
    struck = []
    for _ in range(3):
        room.worker()
    for part in parts_of(given.records, blows):
        before = room.handled()  # before they are put in: quick workers have them done as soon as they are acknowledged
        given.put(part)
        eventually(lambda floor=before: _revived(room) and room.handled() > floor, within=90, what="work goes on")  # type: ignore[misc]
        struck.append(_strike(room, services, chance))
    room.until_done_supervised(within=180)
    given.check()
    return struck


def _revived(room: Room) -> bool:
    """Start a worker for each that has ended."""
    for worker in [worker for worker in room.workers if worker.process.poll() is not None]:
        room.workers.remove(worker)
        room.worker()
    return True


def _strike(room: Room, services: PrivateServices, chance: random.Random) -> str:
    victim = chance.choice(room.workers)
    blow = chance.choice(["kill", "stop", "silence", "kafka", "postgres", "arm", "cut"])
    match blow:
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
        case "cut":
            room.cut_connections()
    return blow
