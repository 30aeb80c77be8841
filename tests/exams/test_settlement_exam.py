"""Every engine sits the same exam: what comes of a history does not depend on what runs it."""

from __future__ import annotations

import json
from collections import Counter

import pytest
from msgspec.structs import replace

from pipeline.engines.inline import InlineEngine
from pipeline.errors import PositionHoleError
from pipeline.log import topics
from pipeline.processors.settlement.processor import SETTLEMENT
from pipeline.testing.clocks import HandClock
from pipeline.testing.orders import intent, records, settled_record
from pipeline.testing.settlement_exam import HISTORIES, History
from tests.exams.room import Room


@pytest.mark.parametrize("history", HISTORIES, ids=lambda history: history.name)
def test_each_history_comes_out_right_in_memory(history: History) -> None:
    """The in-memory driver emits the settlement and the alarms that the history calls for, and ends with its status."""
    engine = InlineEngine(SETTLEMENT, HandClock())
    emitted = engine.run(records(history.shows(intent(1))))
    hashes = [json.loads(out.value)["transaction_hash"] for out in emitted if out.envelope.kind is topics.ORDER_SETTLED]
    kinds = sorted(json.loads(out.value)["kind"] for out in emitted if out.envelope.kind is topics.ALARM_RAISED)
    assert hashes == ([history.settles] if history.settles else [])
    assert tuple(kinds) == history.alarms
    assert [json.loads(state)["status"] for state in engine.states.values()] == [history.status]


def test_a_hole_stops_the_in_memory_driver_too() -> None:
    """A skipped offset raises PositionHoleError and changes nothing; what is done already is dropped; the missing record mends it."""
    engine = InlineEngine(SETTLEMENT, HandClock())
    first, second, third = records([settled_record(number, number) for number in (1, 2, 3)])
    assert len(engine.run([first])) == 1
    with pytest.raises(PositionHoleError):
        engine.run([third])
    assert len(engine.states) == 1
    assert len(engine.run([first, second, third])) == 2
    assert engine.counts["seen_before"] == 1


def test_what_cannot_be_read_is_a_dead_letter_in_memory_too() -> None:
    """Garbage becomes a dead letter with its coordinates, and the record behind it is settled."""
    engine = InlineEngine(SETTLEMENT, HandClock())
    garbage, good = records([settled_record(number, number) for number in (1, 2)])
    letter, settled = engine.run([replace(garbage, value=b"\xff{"), good])
    assert (letter.envelope.kind, settled.envelope.kind) == (topics.DEAD_LETTER, topics.ORDER_SETTLED)
    assert json.loads(letter.value)["origin"]["offset"] == 0


@pytest.mark.faults
def test_each_history_comes_out_right_on_real_services(room: Room) -> None:
    """Each engine on real services comes to the same results for all histories at once."""
    orders = {history.name: intent(number, room.topic_prefix) for number, history in enumerate(HISTORIES)}
    for history in HISTORIES:
        room.produce(history.shows(orders[history.name]))
    worker = room.worker()
    room.until_done(within=60)
    assert worker.end() == 0
    audit = room.assert_exactly_once({orders[h.name]: h.settles for h in HISTORIES if h.settles})
    assert audit.repeated == 0
    assert audit.alarms == Counter((orders[h.name], kind) for h in HISTORIES for kind in h.alarms)
    assert audit.dead_letters == []
