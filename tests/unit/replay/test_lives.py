"""Lives of one key: recorded orders and times, what was done before they were recorded, and due times."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from msgspec import structs

from pipeline.engines.step import decoded
from pipeline.errors import FatalError
from pipeline.log.reading import Reading
from pipeline.processors.workflow.facts import WorkflowRules
from pipeline.processors.workflow.processor import workflow
from pipeline.replay.lives import Life, Timed, lived
from pipeline.replay.readings import Done, Readings
from pipeline.testing.clocks import START
from tests.past import Past, run_again
from tests.unit.workflow.scene import compliance, order, quote, rate, record

WORKFLOW = workflow(WorkflowRules())
TOPIC = "custody.order-updated.v1"


def read_in_another_order() -> Past:
    """The second rate was produced before the snapshot, and read after the question was asked."""
    past = Past(WORKFLOW)
    past.hear(record(order(), 0), record(rate(), 0), seconds=0.0)
    second, snapshot = past.produce(record(rate("112.3", seconds=0.1), 0), 0.1), past.produce(record(compliance(), 0), 0.11)
    past.read((snapshot.topic, 0), 0.12)
    past.read((second.topic, 0), 0.13)
    return past


def down_for_a_while() -> Past:
    """The worker is down from the order on: it misses the time to ask without evidence, and asks when it reads that."""
    past = Past(WORKFLOW)
    past.hear(record(order(), 0), seconds=0.0)
    waiting = [past.produce(record(event, 0), at) for event, at in ((rate(), 20.0), (compliance(), 21.0))]
    for one in waiting:
        past.read((one.topic, 0), 30.0)
    return past


@pytest.mark.parametrize("made", [read_in_another_order, down_for_a_while])
def test_what_was_recorded_is_done_as_it_was(made: Callable[[], Past]) -> None:
    """Topics crossed, and a due time missed by half a minute, are no differences."""
    again = run_again(made(), WORKFLOW)
    assert again.lines == []
    assert again.replay.unrecorded == 0


@pytest.mark.parametrize("made", [read_in_another_order, down_for_a_while])
def test_what_an_earlier_release_did_is_taken_in_the_order_of_time_stamps(made: Callable[[], Past]) -> None:
    """Without a record of when it was done another order shows as a difference, and the intent is counted."""
    past = made()
    past.engine.readings.clear()
    again = run_again(past, WORKFLOW)
    assert {verdict for _, verdict in again.found} == {"missing", "new"}
    assert again.replay.unrecorded == 1


def test_a_missed_due_time_counts_where_somebody_looked() -> None:
    """Code that would have asked at a look that the live worker made is a difference: the looks are recorded."""
    past = Past(WORKFLOW)
    past.hear(record(order(), 0), seconds=0.0)
    past.engine.readings.append(Reading(0, START + timedelta(seconds=5)))  # another order's state was due then
    past.hear(record(rate(), 0), seconds=20.0)
    assert {verdict for _, verdict in run_again(past, WORKFLOW).found} == {"missing", "new"}


def test_code_that_waits_less_would_have_been_woken_by_looks_that_found_nothing() -> None:
    """A look that had nothing to wake is known from the next transaction: what today's code has due by then is woken, and seen."""
    past = Past(WORKFLOW)
    past.hear(record(order(), 0), seconds=0.0)
    past.wake(0.7)
    past.hear(record(rate(), 0), record(compliance(), 0), seconds=0.8)
    assert run_again(past, WORKFLOW).lines == []
    hasty = workflow(WorkflowRules(evidence_wait=timedelta(seconds=0.5)))
    assert {verdict for _, verdict in run_again(past, hasty).found} == {"missing", "new"}


def test_a_record_stands_where_its_transaction_stands() -> None:
    """Transactions order records of different topics, places those of one transaction, offsets those of one topic."""
    readings = Readings(
        [
            Reading(0, START, (("b", 3, 5),)),
            Reading(0, START + timedelta(seconds=1)),
            Reading(0, START + timedelta(seconds=2), (("b", 5, 6), ("a", 0, 2))),
            Reading(1, START, (("a", 0, 9),)),
        ]
    )

    def done(topic: str, offset: int, partition: int = 0) -> Done | None:
        return readings.done(structs.replace(record(order(), 0), topic=topic, partition=partition, offset=offset))

    placed = [done("b", 3), done("b", 4), done("b", 5), done("a", 0), done("a", 1)]
    assert None not in placed
    assert placed == sorted(placed, key=lambda one: one or Done(0, 0, 0, START))
    assert [one.at - START for one in placed if one] == [timedelta(seconds=seconds) for seconds in (0, 0, 2, 2, 2)]
    assert done("b", 2) is None, "done by an earlier release"
    assert done("b", 6) is None, "not done yet"
    assert done("c", 0) is None
    assert done("a", 8, partition=1) == Done(0, 0, 8, START)
    assert readings.woken(0, START, after=0) == (1, START + timedelta(seconds=1))
    assert readings.woken(0, START, after=1) is None
    assert readings.woken(0, START + timedelta(seconds=1.5), after=0) is None
    looked = Readings([*([Reading(0, START)] * 2), Reading(0, START + timedelta(seconds=9), (("a", 0, 1),), START + timedelta(seconds=8))])
    assert looked.woken(0, START + timedelta(seconds=7), after=1) == (1, START + timedelta(seconds=7))
    assert looked.woken(0, START + timedelta(seconds=8.5), after=1) is None


def test_code_that_asks_nothing_is_a_difference() -> None:
    """What was published and comes no more is missing, whatever else was read."""
    past = Past(WORKFLOW)
    past.hear(*(record(event, 0) for event in (order(), rate(), compliance())), seconds=0.0)
    past.hear(*(record(quote(f"q{number}", seconds=number / 2), 0) for number in range(1, 9)), seconds=1.0)
    silent = replace(WORKFLOW, decide=lambda *_: (), wake=lambda *_: ())
    assert run_again(past, silent).found == [("decision-requested", "missing")]


def test_what_is_woken_in_vain_rests_until_something_is_heard() -> None:
    """A due time at which nothing happens is not met again and again; one that always gives a new state is a circle and stops."""
    past = Past(WORKFLOW)
    past.hear(record(order(), 0), seconds=0.0)
    records = [Timed(one, START, decoded(WORKFLOW, one)) for one in past.done]
    idle = replace(WORKFLOW, wake=lambda *_: ())
    life = lived(Life(idle), records, START + timedelta(days=1))
    assert life.counts["woken"] == 1
    with pytest.raises(FatalError, match="again and again"):
        lived(Life(_circling()), records, START + timedelta(days=1))


def _circling() -> Any:
    """Return a processor whose states are always due, and other each time they are woken."""
    real: Any = WORKFLOW
    return replace(
        real,
        wake=lambda state, _now: (state,),
        evolve=lambda state, fact: replace(state, setbacks=state.setbacks + 1) if fact is state else WORKFLOW.evolve(state, fact),
        emit=lambda _fact: None,
        outcome=lambda _fact: "woken",
        wake_at=lambda _state: START,
    )
