"""The exam that every engine sits: what is put into the log, which fault strikes, and what has to stand in log and database afterwards.

A point of the exam is a function of a room; a room runs one engine. `pipeline.testing.memory` is the room of the in-memory driver,
`tests/exams/chain_room.py` those of the engines on real Kafka and PostgreSQL. The processor is `chain`, on whose answers order, loss and
repetition show. The count is made by `Audit`, from what stands in the log and in the database, by code of its own.
"""

from __future__ import annotations

import hashlib
import json
import random
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, Protocol

from pipeline.log.faults import FAILURES_MAX, LETTERS_MAX

Put = tuple[str, bytes]
"""Key and value of a record."""
Ended = Literal["stopped", "killed", "fatal", "hole", "truncated", "replaced", "repartitioned"]
"""How a worker ended; the alarms of the last four are the room's to check."""
KILLS = ("in_transaction", "after_produce", "after_commit")


@dataclass(frozen=True, slots=True, kw_only=True)
class Faults:
    """What goes wrong for one worker."""

    kill: str | None = None
    """It dies when it first passes there."""
    refusals: int = 0
    """So many times its outputs are refused for a while, by RetryableError."""
    answer_lost: Literal["applied", "not applied"] | None = None
    """The answers to its first commits are lost, with the connection; the database did, or did not, apply them."""
    stops: bool = True
    """A record that stops the worker does; False: as after a repair."""


NONE = Faults()


class Room(Protocol):
    """Topics, a database, and one engine to run on them."""

    def now(self) -> datetime:
        """Return the time of the room's clock."""
        ...

    def put(self, records: Iterable[Put]) -> None:
        """Put records into the consumed topic, each into the partition of its key, in this order within each partition."""
        ...

    def start(self, faults: Faults = NONE) -> None:
        """Start a worker."""
        ...

    def until_done(self, *, woken: int = 0) -> None:
        """Return when every record has been handled and so many wake-ups are stored; a worker that ends before is an error."""
        ...

    def done_or_ended(self) -> Ended | None:
        """Return when every record has been handled (None), or when the worker has ended, and say how."""
        ...

    def until_parked(self) -> int:
        """Return the one partition that is parked, when every record of the others has been handled."""
        ...

    def until_postponed(self) -> None:
        """Return when a wake-up is put off because it fails."""
        ...

    def hasten(self) -> None:
        """Have everything that waits for a time due now; no worker runs."""
        ...

    def alarms(self) -> set[str]:
        """Return the kinds of the alarms that were raised."""
        ...

    def until_due(self, at: datetime) -> None:
        """Return when that time has come."""
        ...

    def stop(self) -> Ended:
        """Ask the worker to end, and say how it did."""
        ...

    def ended(self) -> Ended:
        """Wait for the worker to end by itself, and say how it did."""
        ...

    def faults_met(self) -> int:
        """Return how often the fault of the last worker has struck: refusals that it heard, or answers that it lost."""
        ...

    def commit_to_kafka(self, where: Literal["deleted", "ahead", "back"]) -> None:
        """Change the offsets that Kafka has for the group while nobody is in it."""
        ...

    def move_positions(self, by: int) -> None:
        """Change every stored position that is not 0, as a slip of an administrator would."""
        ...

    def truncate(self) -> None:
        """Delete every record of the consumed topic."""
        ...

    def replace_topic(self) -> None:
        """Delete the consumed topic and make it anew, under the same name."""
        ...

    def add_partitions(self) -> None:
        """Give the consumed topic more partitions."""
        ...

    def audit(self) -> Audit:
        """Read what stands in log and database."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """What stands in log and database, and what has to be true of it."""

    given: Mapping[int, Sequence[tuple[str, bytes]]]
    """Key and value of everything in the consumed topic, by partition, in order."""
    states: Mapping[str, Mapping[str, Any]]
    emitted: Sequence[tuple[str, Mapping[str, Any]]]
    """ce_id and value of everything in the topic of outputs, each key's in order."""
    letters: Sequence[tuple[int, int]]
    """Partition and offset of the record in each dead letter."""
    positions: Mapping[int, int]

    @property
    def ends(self) -> dict[int, int]:
        """Return the next offset of each partition."""
        return {number: len(records) for number, records in self.given.items()}

    @property
    def repeated(self) -> int:
        """Count the outputs that are there more than once."""
        return len(self.emitted) - len({ce_id for ce_id, _ in self.emitted})

    @property
    def woken(self) -> Counter[str]:
        """Count the wake-ups that states tell of, by key."""
        return Counter({key: state["woken"] for key, state in self.states.items() if state["woken"]})

    def check_whole(self) -> None:
        """Check that everything was handled: in the order of its key, once, and said once under one id."""
        assert self.positions == self.ends
        self.check()

    def check(self) -> None:
        """Check the same of everything below the positions, and that nothing was committed whose outputs are not in the log."""
        handled = {number: self.given[number][:position] for number, position in self.positions.items()}
        chains = _chains(self._linked(handled))
        kept = {key: (state["steps"], state["link"]) for key, state in self.states.items()}
        assert kept == {key: (len(links), links[-1]) for key, links in chains.items()}, "a state is not the chain of its records in order"
        self._check_emitted(chains)
        unreadable = {
            (number, offset) for number, records in handled.items() for offset, (_, value) in enumerate(records) if not _readable(value)
        }
        assert unreadable <= set(self.letters), "a record that cannot be read has no dead letter"

    def _linked(self, given: Mapping[int, Sequence[Put]]) -> Iterable[Put]:
        """Yield what is in nobody's dead letter."""
        for number, records in given.items():
            yield from (record for offset, record in enumerate(records) if (number, offset) not in set(self.letters))

    def _check_emitted(self, committed: Mapping[str, Sequence[str]]) -> None:
        all_chains = _chains(self._linked(self.given))
        said: dict[str, dict[int, str]] = {}
        ids: dict[tuple[str, int], set[str]] = {}
        for ce_id, value in self.emitted:
            if "step" in value:
                said.setdefault(value["key"], {}).setdefault(value["step"], value["link"])
                ids.setdefault((value["key"], value["step"]), set()).add(ce_id)
                assert value["link"] == said[value["key"]][value["step"]], "one step was said in two ways"
        for key, steps in said.items():
            assert list(steps) == list(range(1, len(steps) + 1)), f"{key} was said out of order: {list(steps)}"
            assert list(steps.values()) == all_chains[key][: len(steps)], f"{key} was said otherwise than its records are"
        assert {len(several) for several in ids.values()} <= {1}, "one step was said under two ids"
        missing = {key: len(links) for key, links in committed.items() if len(links) > len(said.get(key, {}))}
        assert not missing, f"committed before it was said: {missing}"
        told = {value["key"] for _, value in self.emitted if "woken" in value}
        assert set(self.woken) <= told, "a wake-up was committed before it was said"


def _chains(records: Iterable[tuple[str, bytes]]) -> dict[str, list[str]]:
    chains: dict[str, list[str]] = {}
    for key, value in records:
        if _readable(value):
            links = chains.setdefault(key, [])
            links.append(hashlib.sha256((links[-1] if links else "").encode() + value).hexdigest())
    return chains


def _readable(value: bytes) -> bool:
    try:
        return isinstance(json.loads(value), dict)
    except ValueError:
        return False


# What is put in


def links(count: int, *, seed: int, keys: int = 20) -> list[Put]:
    """Return records of some keys, in an order by chance; no two are alike."""
    chance = random.Random(seed)  # noqa: S311 - chance of a test, not a secret
    return [(f"key-{chance.randrange(keys)}", json.dumps({"seed": seed, "number": number}).encode()) for number in range(count)]


def due(keys: Iterable[str], at: datetime) -> list[Put]:
    """Return a record of each key that asks to be woken at that time."""
    return [(key, json.dumps({"due": at.isoformat()}).encode()) for key in keys]


REST = timedelta(seconds=4)
"""Longer than a worker that runs already takes to handle a few records and to stop."""

STOPPING: Put = ("key-7", b'{"stop": true}')
BREAKING: Put = ("key-5", b'{"fault": "raises"}')
KILLING: Put = ("key-11", b'{"fault": "kills"}')
UNREADABLE: tuple[Put, ...] = (("key-3", b"\xff{"), ("key-4", b'"text"'), ("key-3", b""))


# The points


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One point of the exam."""

    name: str
    sit: Callable[[Room], None]


def _work(room: Room, faults: Faults = NONE, *, woken: int = 0) -> None:
    room.start(faults)
    room.until_done(woken=woken)
    assert room.stop() == "stopped"


def in_order(room: Room) -> None:
    """Each key's records are handled in their order, once, over several batches and two workers."""
    for seed in (1, 2):
        room.put(links(150, seed=seed))
        _work(room)
    audit = room.audit()
    audit.check_whole()
    assert audit.repeated == 0


def killed_at(place: str) -> Callable[[Room], None]:
    """Return the point where two workers die there, each over records with outputs, and a third completes everything."""

    def sit(room: Room) -> None:
        for seed in (1, 2):
            room.put(links(80, seed=seed))
            room.start(Faults(kill=place))
            assert room.ended() == "killed"
            room.audit().check()
        _work(room)
        audit = room.audit()
        audit.check_whole()
        if place != "after_produce":
            assert audit.repeated == 0

    return sit


def answer_lost(outcome: Literal["applied", "not applied"]) -> Callable[[Room], None]:
    """Return the point where nobody tells whether a commit took place: the stored position does, and the worker goes on by it."""

    def sit(room: Room) -> None:
        room.put(links(60, seed=1))
        room.start(Faults(answer_lost=outcome))
        room.until_done()
        room.put(links(60, seed=2))
        room.until_done()
        assert room.stop() == "stopped"
        assert room.faults_met() > 0
        audit = room.audit()
        audit.check_whole()
        assert (audit.repeated > 0) == (outcome == "not applied")

    return sit


def refused_for_a_while(room: Room) -> None:
    """Outputs are refused by RetryableError: the worker pauses, tries the same again and goes on; what comes meanwhile waits."""
    room.put(links(60, seed=1))
    room.start(Faults(refusals=3))
    room.put(links(60, seed=2))
    room.until_done()
    assert room.stop() == "stopped"
    assert room.faults_met() == 3
    audit = room.audit()
    audit.check_whole()
    assert audit.repeated == 0


def unreadable(room: Room) -> None:
    """What raises PoisonRecordError becomes a dead letter with its coordinates, once, and the records behind it are handled."""
    room.put([*links(20, seed=1), *UNREADABLE, *links(20, seed=2)])
    _work(room)
    audit = room.audit()
    audit.check_whole()
    assert len(audit.letters) == len(UNREADABLE)


def stopping(room: Room) -> None:
    """FatalError ends the worker and every one after it, nothing of its batch is committed; repaired, all is done once and in order."""
    room.put(links(40, seed=1))
    _work(room)
    before = room.audit()
    room.put([*links(40, seed=2), STOPPING, *links(40, seed=3)])
    for _ in range(2):
        room.start()
        assert room.ended() == "fatal"
        after = room.audit()
        after.check()
        held = next(number for number, records in after.given.items() if STOPPING in records)
        assert before.positions[held] <= after.positions[held] <= after.given[held].index(STOPPING)
    _work(room, Faults(stops=False))
    room.audit().check_whole()


def due_times(room: Room) -> None:
    """What asks to be woken is woken once: under a running worker, and by the next one when its time came while nobody ran."""
    soon, later = [f"soon-{number}" for number in range(6)], [f"later-{number}" for number in range(6)]
    room.put(due(soon, room.now()))
    room.start()
    room.until_done(woken=len(soon))
    at = room.now() + REST
    room.put([*links(20, seed=1), *due(later, at)])
    room.until_done(woken=len(soon))
    assert room.stop() == "stopped"
    room.until_due(at)
    _work(room, woken=len(soon) + len(later))
    audit = room.audit()
    audit.check_whole()
    assert audit.woken == Counter([*soon, *later])
    assert Counter(value["key"] for _, value in audit.emitted if "woken" in value) == audit.woken


def breaking(room: Room) -> None:
    """A record that raises what nobody expects is dead-lettered after it failed alone, with an alarm; all others are handled, in order."""
    room.put([*links(40, seed=1), BREAKING, *links(40, seed=2)])
    _work(room)
    audit = room.audit()
    audit.check_whole()
    (letter,) = audit.letters
    assert audit.given[letter[0]][letter[1]] == BREAKING
    assert room.alarms() == {"record_failed"}


LIVES_MAX = FAILURES_MAX + 7
"""Two deaths in a batch, a few more where the record is not in its worker's first one, then those alone, and the life that goes on."""


def killing(room: Room) -> None:
    """A record that kills the process is found by what dead processes noted, and dead-lettered; no record beside it is."""
    room.put([*links(20, seed=1), KILLING, *links(20, seed=2)])
    ends = []
    for _ in range(LIVES_MAX):
        room.start()
        if (end := room.done_or_ended()) is None:
            break
        ends.append(end)
    assert set(ends) == {"killed"}
    assert FAILURES_MAX < len(ends) < LIVES_MAX
    assert room.stop() == "stopped"
    audit = room.audit()
    audit.check_whole()
    (letter,) = audit.letters
    assert audit.given[letter[0]][letter[1]] == KILLING
    assert room.alarms() == {"record_failed"}


def parked(room: Room) -> None:
    """More records that fail than a record's fault explains: the next one stops its partition, for the next worker too, and no other.

    Repaired, a restart handles what is left, in order.
    """
    breaking = [(f"key-{number}", json.dumps({"fault": "raises", "number": number}).encode()) for number in range(LETTERS_MAX + 1)]
    room.put([*links(20, seed=1), *breaking, *links(40, seed=2)])
    for _ in range(2):
        room.start()
        held = room.until_parked()
        assert room.stop() == "stopped"
        audit = room.audit()
        audit.check()
        assert audit.given[held][audit.positions[held]] in breaking
        assert len(audit.letters) == LETTERS_MAX
    assert room.alarms() == {"record_failed", "partition_parked"}
    _work(room, Faults(stops=False))
    room.audit().check_whole()
    assert len(room.audit().letters) == LETTERS_MAX


def broken_wake(room: Room) -> None:
    """A wake-up that raises is put off with an alarm while the others are woken; repaired, it is woken when its time comes."""
    at = room.now()
    room.put(
        [
            *due([f"soon-{number}" for number in range(6)], at),
            ("broken", json.dumps({"due": at.isoformat(), "fault": "wake raises"}).encode()),
        ]
    )
    room.start()
    room.until_postponed()
    room.until_done(woken=6)
    assert room.stop() == "stopped"
    assert room.alarms() == {"wake_failed"}
    room.hasten()
    _work(room, Faults(stops=False), woken=7)
    room.audit().check_whole()


def hole(room: Room) -> None:
    """A record beyond the stored position ends the worker and nothing is written; with the position put right the next one goes on."""
    room.put(links(100, seed=1))
    room.start()
    room.until_done()
    before = room.audit()
    room.move_positions(-1)
    room.put(links(100, seed=2))
    assert room.ended() == "hole"
    room.move_positions(1)
    after = room.audit()
    assert (after.positions, after.states) == (before.positions, before.states)
    _work(room)
    room.audit().check_whole()


def truncated(room: Room) -> None:
    """Records deleted above the stored position end the worker: nothing is skipped over, and nothing said."""
    room.put(links(100, seed=1))
    room.truncate()
    room.start()
    assert room.ended() == "truncated"
    audit = room.audit()
    assert set(audit.positions.values()) == {0}
    assert not audit.emitted


def beyond_the_end(room: Room) -> None:
    """A stored position that the log has not reached ends the worker: it is no reason to wait in silence."""
    room.put(links(100, seed=1))
    _work(room)
    room.move_positions(1_000)
    room.start()
    assert room.ended() == "truncated"


def replaced(room: Room) -> None:
    """A topic made anew under the same name, and grown past the stored positions, is not read."""
    room.put(links(60, seed=1))
    _work(room)
    before = room.audit()
    room.replace_topic()
    room.put(links(200, seed=2))
    room.start()
    assert room.ended() == "replaced"
    after = room.audit()
    assert (after.positions, after.states, after.emitted) == (before.positions, before.states, before.emitted)


def repartitioned(*, running: bool) -> Callable[[Room], None]:
    """Return the point where a topic in use gets more partitions: the worker ends, each one after it too, and nothing new is handled."""

    def sit(room: Room) -> None:
        room.put(links(60, seed=1))
        room.start()
        room.until_done()
        before = room.audit()
        if not running:
            assert room.stop() == "stopped"
        room.add_partitions()
        if running:
            assert room.ended() == "repartitioned"
        room.put(links(60, seed=2))
        room.start()
        assert room.ended() == "repartitioned"
        after = room.audit()
        assert (after.positions, after.states, after.emitted) == (before.positions, before.states, before.emitted)

    return sit


def offsets(where: Literal["deleted", "ahead", "back"]) -> Callable[[Room], None]:
    """Return the point where Kafka's committed offsets are deleted or moved: the stored positions win, each record is handled once."""

    def sit(room: Room) -> None:
        room.put(links(60, seed=1))
        _work(room)
        room.put(links(60, seed=2))
        room.commit_to_kafka(where)
        _work(room)
        audit = room.audit()
        audit.check_whole()
        assert audit.repeated == 0

    return sit


POINTS = (
    Point(name="order per key", sit=in_order),
    *(Point(name=f"killed {place}", sit=killed_at(place)) for place in KILLS),
    Point(name="commit applied, answer lost", sit=answer_lost("applied")),
    Point(name="commit lost", sit=answer_lost("not applied")),
    Point(name="retryable", sit=refused_for_a_while),
    Point(name="poison", sit=unreadable),
    Point(name="fatal", sit=stopping),
    Point(name="breaking", sit=breaking),
    Point(name="killing", sit=killing),
    Point(name="parked", sit=parked),
    Point(name="wake-ups", sit=due_times),
    Point(name="broken wake-up", sit=broken_wake),
    Point(name="hole", sit=hole),
    Point(name="truncated", sit=truncated),
    Point(name="beyond the end", sit=beyond_the_end),
    Point(name="replaced", sit=replaced),
    Point(name="repartitioned at rest", sit=repartitioned(running=False)),
    Point(name="repartitioned while running", sit=repartitioned(running=True)),
    Point(name="offsets deleted", sit=offsets("deleted")),
    Point(name="offsets ahead", sit=offsets("ahead")),
    Point(name="offsets back", sit=offsets("back")),
)
