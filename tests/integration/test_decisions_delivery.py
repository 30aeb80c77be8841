"""Questions and answers from real Kafka into real PostgreSQL: one referral each, whoever has which partition, whatever dies."""

from __future__ import annotations

import base64
import json
import random
import signal
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from pipeline.kafka import TopicAdmin, read_record
from pipeline.log import topics
from pipeline.log.codec import decode
from pipeline.log.envelope import Headers, time_text
from pipeline.testing.questions import question, record
from schemas.accepting import DecisionMade, DecisionRequested
from schemas.events import DeadLetter
from tests.integration.decision_room import answer, commit
from tests.integration.sink_room import SinkRoom
from tests.services import KafkaRoom
from tests.waiting import eventually

ORDERS = 60


@pytest.fixture
def room(kafka: KafkaRoom, postgres: str) -> SinkRoom:
    """Give topics and a database of this test's own."""
    return SinkRoom.prepared(bootstrap_servers=kafka.bootstrap_servers, topic_prefix=kafka.topic_prefix, dsn=postgres)


def asked_and_referred() -> tuple[list[DecisionRequested], list[DecisionMade]]:
    """Return questions that can be decided for ten minutes, and the decisions that refer them; every third is asked a second time."""
    now = datetime.now(UTC)
    rounds = [(order, round_) for order in range(ORDERS) for round_ in ((1, 2) if order % 3 == 0 else (1,))]
    until = time_text(now + timedelta(minutes=10))
    questions = [question(order=order, round=round_, now=now).model_copy(update={"decide_by": until}) for order, round_ in rounds]
    return questions, [answer(one, decision_id=f"d-{one.intent_id}-{one.round}") for one in questions]


def raw(kind: topics.EventType, event: DecisionRequested | DecisionMade) -> tuple[bytes | None, bytes, Headers]:
    """Return an event's key, value and headers."""
    made = record(event, kind)
    return made.key, made.value, made.headers


def publish(room: SinkRoom, seed: int) -> None:
    """Commit decisions, put all into both topics, half of it twice, an order's records in order; and one each that nobody can read."""
    questions, decisions = asked_and_referred()
    with room.connection() as connection:
        commit(connection, *decisions)
    chance = random.Random(seed)
    for kind, events in ((topics.DECISION_REQUESTED, questions), (topics.DECISION_MADE, decisions)):
        records = [raw(kind, event) for event in events]
        twice = [one for one in records for _ in range(chance.choice((1, 2)))]
        room.publish_raw(kind, [*twice, (b"k", b"{not json", records[0][2]), *records[: ORDERS // 2]])


def all_read(room: SinkRoom) -> bool:
    """Tell whether the consumer stands at the ends of both topics."""
    kinds = (topics.DECISION_REQUESTED, topics.DECISION_MADE)
    partitions = [(room.topic(kind), number) for kind in kinds for number in range(room.settings.kafka.partitions)]
    ends = TopicAdmin(room.settings.kafka).ends(partitions)
    return sum(ends.values()) == sum(room.position_of("decisions", kind) for kind in kinds)


def assert_referred_once(room: SinkRoom) -> None:
    """Assert one row per question, answer and referral, that only the newest round waits, and that the unreadable are dead letters."""
    questions, decisions = asked_and_referred()
    assert room.rows("SELECT count(*) FROM risk.questions") == [(len(questions),)]
    assert room.rows("SELECT count(*) FROM compliance.decisions") == [(len(decisions),)]
    newest = {one.intent_id: one.decision_id for one in decisions}
    states = dict(room.rows("SELECT decision_id, state FROM risk.referrals"))
    assert states == {one.decision_id: "pending" if one.decision_id in newest.values() else "superseded" for one in decisions}
    letters = {letter.dead_letter_id: letter for letter in dead_letters(room)}
    assert sorted(base64.b64decode(letter.body) for letter in letters.values()) == [b"{not json", b"{not json"]


def dead_letters(room: SinkRoom) -> Iterator[DeadLetter]:
    """Yield what stands in the dead-letter topic."""
    kafka, topic = room.settings.kafka, room.topic(topics.DEAD_LETTER)
    ends = TopicAdmin(kafka).ends([(topic, number) for number in range(kafka.partitions)])
    for (_, number), end in ends.items():
        for offset in range(end):
            found = read_record(kafka, topic, number, offset)
            assert found is not None
            yield decode(found.value, DeadLetter)


def test_two_workers_with_whichever_partitions_open_every_referral_once(room: SinkRoom) -> None:
    """Two workers share the partitions of both topics, so that an order's question and answer may be in different hands."""
    publish(room, seed=1)
    with room.running("decisions", batch_size_max=7), room.running("decisions", batch_size_max=7):
        eventually(lambda: all_read(room), within=60, what="everything is read")
    assert_referred_once(room)


@pytest.mark.faults
@pytest.mark.parametrize("failpoint", ["decisions.in_transaction", "decisions.after_write", "decisions.after_commit"])
def test_a_kill_at_any_step_opens_every_referral_once(room: SinkRoom, failpoint: str) -> None:
    """SIGKILL at a passage, then a second process: the same rows, and each unreadable record's letter under one id."""
    publish(room, seed=2)
    first = room.start_process("decisions", CUSTODIAN_FAILPOINT=f"{failpoint}:2", SINK_BATCH="40")
    ended(first, -signal.SIGKILL)
    second = room.start_process("decisions", SINK_BATCH="40")
    try:
        eventually(lambda: all_read(room), within=60, what="everything is read")
    finally:
        second.send_signal(signal.SIGTERM)
    ended(second, 0)
    assert_referred_once(room)


def ended(process: subprocess.Popen[bytes], code: int) -> None:
    """Wait for a process to end with a code; it is gone in any case."""
    try:
        assert process.wait(60) == code
    finally:
        process.kill()
        process.communicate(timeout=30)


def test_a_record_without_headers_becomes_a_dead_letter_with_its_bytes(room: SinkRoom) -> None:
    """What is no CloudEvent is refused with the reason, and the partition goes on."""
    (request, *_), _ = asked_and_referred()
    key, value, _ = raw(topics.DECISION_REQUESTED, request)
    room.publish_raw(topics.DECISION_REQUESTED, [(key, value, []), raw(topics.DECISION_REQUESTED, request)])
    with room.running("decisions"):
        eventually(lambda: all_read(room), within=40, what="everything is read")
    (letter,) = dead_letters(room)
    assert ("ce_type" in letter.reason, json.loads(base64.b64decode(letter.body))["request_id"]) == (True, request.request_id)
    assert room.rows("SELECT count(*) FROM risk.questions") == [(1,)]
