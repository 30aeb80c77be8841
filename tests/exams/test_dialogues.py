"""The workflow on every driver: the same histories of an intent are asked about, answered and commanded alike, whoever runs them.

A history is a dialogue: what the venue and others say depends on what the workflow has said before. The in-memory driver moves its clock by
hand; the engines on real services work by the real one and one of their workers is killed on the way.
"""

from __future__ import annotations

import json
import signal
from collections import defaultdict
from collections.abc import Callable, Generator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol

import pytest
from confluent_kafka import Consumer, TopicPartition

from pipeline.clock import SystemClock
from pipeline.kafka import EventProducer
from pipeline.log import topics
from pipeline.log.codec import encode
from pipeline.log.envelope import Envelope, Outgoing, correlation_of, derive_id, time_text
from pipeline.processors.workflow.facts import WorkflowRules
from pipeline.testing.clocks import START
from pipeline.testing.orders import VENUE, intent
from schemas.events import Event
from tests.exams.room import PARTITIONS
from tests.exams.workflow_room import WorkflowRoom
from tests.unit.workflow.scene import KINDS, Scene, completion, compliance, decision, order, quote, rate
from tests.waiting import eventually

Said = dict[str, Any]
History = Generator[tuple[list[Event], int], list[Said], None]
"""Gives events to hear and how many things are to be said of them, and is told these."""
RULES = WorkflowRules(evidence_wait=timedelta(seconds=1), quote_window=timedelta(seconds=1))


def _proposal(number: int, now: datetime, **fields: Any) -> Event:
    times = {"created_at": time_text(now), "expires_at": time_text(now + timedelta(minutes=5))}
    return order(number=number, seconds=(now - START).total_seconds(), **{**times, **fields})


def _asked(number: int, now: datetime) -> Generator[tuple[list[Event], int], list[Said], Said]:
    (request,) = yield [rate(number=number), compliance(number=number), _proposal(number, now)], 1
    return request


def accepted(number: int, now: datetime) -> History:
    """Follow a proposal that is accepted, whose quote is co-signed, and that settles."""
    request = yield from _asked(number, now)
    (command,) = yield [decision(request, "ACCEPT")], 1
    since = (now - START).total_seconds()
    (choice,) = yield [completion(command), quote(number=number, seconds=since, valid=since + 120)], 1
    (command,) = yield [decision(choice, "ACCEPT", quote_id=choice["context"]["quotes"][0]["quote_id"])], 1
    yield [completion(command), order("QUOTED", number=number), order("EXECUTING", number=number), order("SETTLED", number=number)], 0


def rejected(number: int, now: datetime) -> History:
    """Follow a proposal that is rejected and expires."""
    request = yield from _asked(number, now)
    yield [decision(request, "REJECT"), order("EXPIRED", number=number)], 0


def contradicted(number: int, now: datetime) -> History:
    """Follow a proposal that is answered twice, and otherwise."""
    request = yield from _asked(number, now)
    (_,) = yield [decision(request, "ACCEPT")], 1
    (_,) = yield [decision(request, "REJECT", engine="another")], 1


def without_evidence(number: int, now: datetime) -> History:
    """Follow a proposal about which nothing is known: it is asked about all the same, once the wait is over."""
    (request,) = yield [_proposal(number, now)], 1
    yield [decision(request, "REJECT")], 0


def received(number: int, now: datetime) -> History:
    """Follow an order that others send: there is nothing to be asked."""
    yield [_proposal(number, now, side="receiver"), order("SETTLED", side="receiver", number=number)], 0


HISTORIES: Mapping[Callable[[int, datetime], History], tuple[Sequence[str], str]] = {
    accepted: (
        [
            "decision-requested accept_proposal",
            "command-issued accept_proposal",
            "decision-requested co_sign_quote",
            "command-issued co_sign_quote",
        ],
        "ended",
    ),
    rejected: (["decision-requested accept_proposal"], "ended"),
    contradicted: (
        ["decision-requested accept_proposal", "command-issued accept_proposal", "alarm-raised decision_contradicted"],
        "accepting",
    ),
    without_evidence: (["decision-requested accept_proposal"], "declined"),
    received: ([], "ended"),
}
"""What is said in each, in this order, and the phase at its end."""


class Driver(Protocol):
    """Runs the workflow for dialogues."""

    def now(self) -> datetime:
        """Return the time."""
        ...

    def hears(self, event: Event) -> None:
        """Let the workflow hear an event."""
        ...

    def waits(self) -> None:
        """Let a little time pass."""
        ...

    def said(self) -> Mapping[str, Mapping[str, Said]]:
        """Return what was said so far, by intent and ce_id, in the order in which it was said first."""
        ...

    def phases(self) -> Mapping[str, str]:
        """Return the phase of each intent."""
        ...


def hold(driver: Driver, *, each: int) -> None:
    """Hold so many dialogues of each history at once, and check what was said and where each has ended."""
    told = dict(enumerate(history for history in HISTORIES for _ in range(each)))
    talks = {number: history(number, driver.now()) for number, history in told.items()}
    heard = dict.fromkeys(told, 0)
    wanted: dict[int, int] = {}
    for number, talk in talks.items():
        wanted[number] = _tell(driver, next(talk))

    def all_told() -> bool:
        driver.waits()
        said = driver.said()
        for number in list(wanted):
            news = list(said.get(intent(number), {}).values())[heard[number] :]
            if len(news) < wanted[number]:
                continue
            heard[number] += wanted[number]
            try:
                wanted[number] = _tell(driver, talks[number].send(news[: wanted[number]]))
            except StopIteration:
                del wanted[number]
        return not wanted

    eventually(all_told, within=60, what="every dialogue comes to its end")
    expected = {intent(number): HISTORIES[history] for number, history in told.items()}
    eventually(lambda: driver.phases() == {one: phase for one, (_, phase) in expected.items()}, within=30, what="each has its phase")
    said = driver.said()
    for one, (things, _) in expected.items():
        assert [_named(thing) for thing in said.get(one, {}).values()] == things


def _tell(driver: Driver, what: tuple[list[Event], int]) -> int:
    events, wanted = what
    for event in events:
        driver.hears(event)
    return wanted


def _named(said: Said) -> str:
    return f"{said['_kind']} {said.get('question') or said['kind']}"


class InMemory:
    """The in-memory driver, whose clock is moved by hand."""

    def __init__(self) -> None:
        self._scene = Scene(RULES)
        self._seconds = 0.0

    def now(self) -> datetime:
        """Return the time."""
        return self._scene.now

    def hears(self, event: Event) -> None:
        """Let it hear an event."""
        self._scene.hears(event)

    def waits(self) -> None:
        """Move the clock by half a second."""
        self._seconds += 0.5
        self._scene.at(self._seconds)

    def said(self) -> Mapping[str, Mapping[str, Said]]:
        """Return what was said."""
        return _by_intent((one.envelope.kind.name, one.envelope.id, json.loads(one.value)) for one in self._scene.said)

    def phases(self) -> Mapping[str, str]:
        """Return the phase of each intent."""
        return {key.partition("/")[2]: json.loads(text)["phase"] for key, text in self._scene.engine.states.items()}


class OnRealServices:
    """Two workers of an engine, each started again when it dies."""

    def __init__(self, room: WorkflowRoom) -> None:
        self.room = room
        self._producer = EventProducer(room.kafka)
        self._said: list[tuple[str, str, Said]] = []
        self._ears = Consumer({"bootstrap.servers": room.bootstrap_servers, "group.id": "auditor", "enable.auto.commit": False})
        kinds = (topics.DECISION_REQUESTED, topics.COMMAND_ISSUED, topics.ALARM_RAISED)
        names = [kind.topic(room.topic_prefix) for kind in kinds]
        self._ears.assign([TopicPartition(name, number, 0) for name in names for number in range(PARTITIONS)])
        self.killed = 0

    def now(self) -> datetime:
        """Return the time."""
        return SystemClock().now()

    def hears(self, event: Event) -> None:
        """Publish an event and wait until it is handled."""
        fields: Any = event
        kind = KINDS[type(event)]
        envelope = Envelope(
            id=derive_id("test", kind.name, event.model_dump_json()),
            kind=kind,
            source="/test",
            subject=fields.intent_id,
            time=self.now(),
            correlation_id=correlation_of(VENUE, fields.intent_id),
        )
        self._producer.publish([Outgoing(envelope=envelope, key=fields.intent_id, value=encode(event))])
        # Between topics there is no order: what an intent hears in another order may rightly be asked about otherwise.
        topic = kind.topic(self.room.topic_prefix)
        eventually(lambda: self._revived() and self.room.is_handled(topic), within=60, what=f"a record of {topic} is handled")

    def waits(self) -> None:
        """Start a worker for one that was killed, and listen."""
        self._revived()
        self._listen()

    def _revived(self) -> bool:
        for worker in [worker for worker in self.room.workers if worker.process.poll() is not None]:
            self.room.workers.remove(worker)
            assert worker.process.returncode == -signal.SIGKILL, worker.tail()
            self.killed += 1
            self.room.worker()
        return True

    def _listen(self) -> None:
        for message in self._ears.consume(500, 0.1):
            assert message.error() is None, message.error()
            identity = dict(message.headers() or [])["ce_id"].decode()
            name = (message.topic() or "").removeprefix(self.room.topic_prefix)
            self._said.append((name, identity, json.loads(message.value() or b"")))

    def said(self) -> Mapping[str, Mapping[str, Said]]:
        """Return what was said."""
        return _by_intent(self._said)

    def phases(self) -> Mapping[str, str]:
        """Return the phase of each intent."""
        self._listen()
        return self.room.phases()

    def close(self) -> None:
        """Listen no more."""
        self._ears.close()


def _by_intent(said: Any) -> Mapping[str, Mapping[str, Said]]:
    found: defaultdict[str, dict[str, Said]] = defaultdict(dict)
    for name, identity, value in said:
        found[value.get("intent_id") or value["subject"]].setdefault(identity, {**value, "_kind": name.removesuffix(".v1")})
    return found


def test_each_dialogue_in_memory() -> None:
    """The in-memory driver says what each history calls for, once and in this order."""
    hold(InMemory(), each=2)


@pytest.mark.faults
def test_each_dialogue_on_real_services(workflow_room: WorkflowRoom) -> None:
    """Two workers, of which one is killed with questions published and not committed, say the same: each thing under one id."""
    driver = OnRealServices(workflow_room)
    try:
        for _ in range(2):
            workflow_room.worker(CUSTODIAN_FAILPOINT="workflow.after_produce:2")
        hold(driver, each=3)
        assert driver.killed > 0
        assert [worker.end() for worker in workflow_room.workers] == [0, 0]
        assert not workflow_room.read(topics.DEAD_LETTER)
    finally:
        driver.close()
