"""Somebody writes in Kafka's transactions: marks are passed over, what was taken back has no effect, and no worker stops.

Each engine sits this on real services; the sinks' loop sits it in `tests/integration/test_transactions.py`.
"""

from __future__ import annotations

from pipeline.log import topics
from pipeline.testing.orders import intent, outgoing, settled_record, tx
from tests.exams.room import Room
from tests.transactions import Row, Transactions
from tests.waiting import eventually


def rows(room: Room, *numbers: int) -> list[Row]:
    """Return settlements of these orders as records of the consumed topic."""
    made = [outgoing(settled_record(intent(number, room.topic_prefix), number)) for number in numbers]
    return [(room.topic, one.key.encode(), one.value, one.headers()) for one in made]


def expected(room: Room, *numbers: int) -> dict[str, str]:
    """Return what has to be booked of these orders: the hash by intent."""
    return {intent(number, room.topic_prefix): tx(number) for number in numbers}


def test_marks_are_passed_over_and_what_was_taken_back_has_no_effect(room: Room) -> None:
    """Committed, aborted and plain records in turn: the committed ones are booked once, and positions reach the very ends."""
    theirs = Transactions(room.bootstrap_servers)
    theirs.commit(rows(room, *range(1, 20)))
    theirs.abort(rows(room, *range(100, 130)))
    theirs.commit(rows(room, *range(20, 40)))
    worker = room.worker()
    room.until_done(within=90)
    theirs.abort(rows(room, *range(130, 160)))
    room.until_done(within=90)
    theirs.commit(rows(room, *range(40, 60)))
    room.until_done(within=90)
    assert worker.end() == 0
    audit = room.assert_exactly_once(expected(room, *range(1, 60)))
    assert audit.dead_letters == []
    assert room.read(topics.ALARM_RAISED) == []


def test_what_is_not_committed_yet_is_waited_for(room: Room) -> None:
    """A transaction that is open holds back what stands behind it, and nothing is done of it before it is committed."""
    worker = room.worker()
    theirs, other = Transactions(room.bootstrap_servers), Transactions(room.bootstrap_servers)
    theirs.begin(rows(room, *range(1, 31)))
    other.commit(rows(room, *range(31, 61)))
    eventually(lambda: worker.says() == "working", within=60)
    assert room.kept() == 0
    theirs.end()
    room.until_done(within=90)
    assert worker.end() == 0
    room.assert_exactly_once(expected(room, *range(1, 61)))
