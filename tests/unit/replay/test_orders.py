"""Lives of one key: due times, other orders of topics, and how far the search for one may go."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from pipeline.engines.step import decoded
from pipeline.errors import FatalError
from pipeline.log.codec import decode
from pipeline.processors.workflow.facts import Answered, WorkflowRules
from pipeline.processors.workflow.processor import workflow
from pipeline.replay.lives import Life, Timed, lived
from pipeline.replay.orders import STEPS_MAX, Search
from pipeline.replay.presence import Presence
from pipeline.testing.clocks import START
from schemas.accepting import DecisionRequested
from tests.past import Past, published_in, run_again, time_of
from tests.unit.workflow.scene import compliance, decision, order, quote, rate, record

WORKFLOW = workflow(WorkflowRules())


def asked_in(past: Past) -> dict[str, Any]:
    """Return the last request that was published."""
    return decode(past.published[-1].value, DecisionRequested).model_dump(exclude_none=True)


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


@pytest.mark.parametrize(("made", "behind"), [(read_in_another_order, 0), (down_for_a_while, 1)])
def test_an_order_in_which_the_code_gives_what_was_published_is_found(made: Callable[[], Past], behind: int) -> None:
    """Topics crossed, and a due time missed by half a minute with nobody there, are no differences, and are counted."""
    again = run_again(made(), WORKFLOW)
    assert again.lines == []
    assert (again.replay.reordered, again.replay.behind) == (1, behind)


def test_who_was_there_has_missed_nothing() -> None:
    """With other intents done promptly in the meantime the missed due time is a difference."""
    past, other = down_for_a_while(), Past(WORKFLOW)
    for number, seconds in ((2, 10.0), (3, 15.0)):
        other.hear(*(record(event, 0) for event in (order(number=number), rate(number=number), compliance(number=number))), seconds=seconds)
    past.done += other.done
    past.published += other.published
    assert {verdict for _, verdict in run_again(past, WORKFLOW).found} == {"missing", "new"}


def test_presence_is_where_something_followed_within_a_second() -> None:
    """A second after such a moment nothing from before it is left to do; where there is none, nobody may have been there."""
    past = Past(WORKFLOW)
    past.hear(*(record(event, 0) for event in (order(), rate(), compliance())), seconds=10.0)
    presence = Presence([(one, time_of(one)) for one in past.done], published_in(past.processor.source, past.published))
    assert presence.latest(0, START) == START + timedelta(seconds=12)
    assert presence.latest(0, START + timedelta(seconds=10)).year == 9999
    assert presence.latest(1, START).year == 9999


def test_no_answer_is_read_before_its_question_was_asked() -> None:
    """Wherever the search goes, an answer whose producer's clock is behind waits for the question that it names as its cause."""
    past = Past(WORKFLOW)
    past.hear(*(record(event, 0) for event in (order(), rate(), compliance())), seconds=0.3)
    answer = record(decision(asked_in(past), "ACCEPT"), 0)
    cause = next(value for name, value in past.published[-1].headers if name == "ce_id")
    past.hear(replace(answer, headers=[*answer.headers, ("ce_causationid", cause)]), seconds=0.1, lag=0.3)
    asked: list[bool] = []

    def watched(state: Any, event: Any, now: datetime) -> Any:
        if isinstance(event, Answered):
            asked.append(state.ask is not None)
        return WORKFLOW.decide(state, event, now)

    processor = replace(WORKFLOW, decide=watched)
    assert search(past, processor).found(Life(processor)) is not None
    assert asked
    assert all(asked)


def search(past: Past, processor: Any) -> Search:
    """Return a search over all of a past, by whose processor it is run again."""
    until = START + timedelta(days=1)
    timed = [Timed(one, time_of(one), decoded(processor, one)) for one in past.done]
    queues = [[one for one in timed if one.record.topic == topic] for topic in sorted({one.record.topic for one in timed})]
    expected = {(event.ce_type, event.ce_id): event for event in published_in(past.processor.source, past.published)}
    return Search(queues, expected, Presence(), until=past.clock.now(), judged_until=until)


def test_the_search_comes_to_its_end() -> None:
    """Code that asks nothing at all is a difference after a bounded number of steps."""
    past = Past(WORKFLOW)
    past.hear(*(record(event, 0) for event in (order(), rate(), compliance())), seconds=0.0)
    past.hear(*(record(quote(f"q{number}", seconds=number), 0) for number in range(1, 9)), seconds=1.0)
    silent = replace(WORKFLOW, decide=lambda *_: (), wake=lambda *_: ())
    looked = search(past, silent)
    assert looked.found(Life(silent)) is None
    assert looked.steps <= STEPS_MAX
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
