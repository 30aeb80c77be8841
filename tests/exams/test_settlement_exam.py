"""Every engine sits the same exam: what comes of a history does not depend on what runs it."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from pipeline.engines.inline import InlineEngine
from pipeline.log import topics
from pipeline.processors.settlement.processor import SETTLEMENT
from pipeline.testing.clocks import HandClock
from pipeline.testing.orders import intent, records
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
