"""Laws of replays: whatever was recorded, today's code that is the live run's code differs in nothing, however late it read its topics."""

from __future__ import annotations

import random
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.log.codec import decode
from pipeline.processors.settlement.processor import SETTLEMENT
from pipeline.processors.workflow.facts import WorkflowRules
from pipeline.processors.workflow.processor import workflow
from pipeline.testing.orders import TERMS, shown, tx
from pipeline.testing.orders import record as order_record
from schemas.accepting import CommandIssued, DecisionRequested
from tests.past import PREFIX, Past, Place, run_again
from tests.unit.workflow.scene import completion, compliance, decision, hint, order, quote, rate, record

POLL = 0.25


class Venue:
    """What happens around one workflow, by chance, and a worker that reads its topics in any order and looks a little late what is due."""

    def __init__(self, seed: int, *, busy: bool = False) -> None:
        """On a `busy` machine a topic waits for seconds while others are read at once, and what is due is looked at seconds late."""
        self.chance = random.Random(seed)
        self.busy = busy
        self.late = self.chance.sample([kind.topic(PREFIX) for kind in workflow(WorkflowRules()).consumes], 3)
        """The topics that a busy worker gets late."""
        self.past = Past(workflow(WorkflowRules()))
        self.at = 0.0

    def lives(self) -> Past:
        """Let twenty-five things happen to two intents, and all of them come to their end."""
        for number in (1, 2):
            self._produce(order(number=number))
        for _ in range(25):
            self._pass(self.chance.choice([0.001, 0.01, 0.1, 0.4, 1.0, 3.0]))
            for event in self._happening():
                self._produce(event)
            self._work(all_of_it=False)
        self._work(all_of_it=True)
        self._pass(3_600.0)
        assert self.past.engine.due_at is None, "it never ends"
        return self.past

    def _pass(self, seconds: float) -> None:
        """Let time pass, with every due time met within a poll; what waits longer than that is read first."""
        if seconds > POLL and not self.busy:
            self._work(all_of_it=True)
        self.at += seconds
        while (due := self.past.engine.due_at) is not None:
            at = self.past.seconds + (due - self.past.clock.now()).total_seconds()
            if at >= self.at:
                return
            late = self.chance.uniform(0.0, POLL) if not self.busy or self.chance.random() < 0.5 else self.chance.uniform(0.0, 8.0)
            self.past.wake(max(at, self.past.seconds) + late)

    def _produce(self, event: Any) -> None:
        self.past.produce(record(event, 0), self.at)

    def _happening(self) -> list[Any]:
        number, seconds = self.chance.choice([1, 2]), self.at
        valid = seconds + self.chance.choice([4.0, 12.0, 30.0])
        asked = [decode(one.value, DecisionRequested) for one in self.past.published if one.topic.endswith("decision-requested.v1")]
        told = [decode(one.value, CommandIssued) for one in self.past.published if one.topic.endswith("command-issued.v1")]
        match self.chance.choice(["order", "hint", "quote", "quote", "evidence", "decide", "decide", "decide", "complete", "complete"]):
            case "order":
                return [order(self.chance.choice(["PENDING", "PENDING", "QUOTED"]), number=number, seconds=seconds)]
            case "hint":
                return [hint(self.chance.choice(["PENDING", "EXECUTING", "FAILED"]), number=number, seconds=seconds)]
            case "quote":
                quote_id = self.chance.choice(["q1", "q2", "q3"])
                return [quote(quote_id, self.chance.choice(["112", "111", "121"]), number=number, seconds=seconds, valid=valid)]
            case "evidence":
                both = [compliance(number=number, seconds=seconds), rate(number=number, seconds=seconds)]
                return self.chance.sample(both, self.chance.choice([1, 2]))
            case "decide" if asked:
                request = self.chance.choice(asked[-2:]).model_dump(exclude_none=True)
                offered = [one["quote_id"] for one in request["context"].get("quotes", ())]
                verdict = self.chance.choice(["ACCEPT", "ACCEPT", "ACCEPT", "REJECT", "REFER", "WAIT"])
                return [decision(request, verdict, self.chance.choice(offered) if offered and verdict == "ACCEPT" else None)]
            case "complete" if told:
                command = self.chance.choice(told[-2:]).model_dump(exclude_none=True)
                return [completion(command, self.chance.choice(["succeeded", "succeeded", "refused", "unknown"]), http_status=409)]
        return []

    def _work(self, *, all_of_it: bool) -> None:
        """Read some of what waits, or all, and now and then what is due; on a busy machine some topics at once and others rarely."""
        while (places := self._readable(all_of_it)) and (all_of_it or self.chance.random() < (0.95 if self.busy else 0.8)):
            now = max(self.past.seconds, self.at) + self.chance.choice([0.0, 0.001, 0.02])
            due = self.past.engine.due_at
            if due is not None and due <= self.past.clock.now() and self.chance.random() < 0.5:
                self.past.wake(now)
            else:
                self.past.read(self.chance.choice(places), now)

    def _readable(self, all_of_it: bool) -> list[Place]:
        """Return the topics with records that may be read now."""
        waiting = [place for place, records in self.past.waiting.items() if records]
        late = self.late if self.busy and not all_of_it and self.chance.random() < 0.9 else ()
        return [place for place in waiting if place[0] not in late]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 10**6))
def test_an_unchanged_workflow_differs_in_nothing(seed: int) -> None:
    """Two intents, topics read in any order, due times met a poll late: no event is missing, new or other."""
    past = Venue(seed).lives()
    again = run_again(past, past.processor)
    assert again.lines == []
    assert again.comparison.of("identical") + again.comparison.of("earlier") == len(past.published)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 10**6))
def test_an_unchanged_workflow_on_a_busy_machine_differs_in_nothing(seed: int) -> None:
    """Topics wait for seconds while others are read at once, and due times are met seconds late, with the worker there all the time."""
    past = Venue(seed, busy=True).lives()
    again = run_again(past, past.processor)
    assert again.lines == []
    assert again.comparison.of("identical") + again.comparison.of("earlier") == len(past.published)


STATUSES = ("PENDING", "QUOTED", "EXECUTING", "SETTLED", "SETTLED", "SETTLED", "FAILED", "SUSPENDED")


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 10**6))
def test_an_unchanged_settlement_differs_in_nothing(seed: int) -> None:
    """Duplicates, conflicts, double settlements, what cannot be read, and repeated outputs: no event is missing, new or other."""
    chance, past = random.Random(seed), Past(SETTLEMENT)
    for number in range(30):
        terms = {**TERMS, "target_amount": chance.choice(["1000.5", "1000.50", "7"])} if chance.random() < 0.8 else None
        hash_ = tx(chance.choice([1, 1, 1, 2]))
        event = shown(chance.choice(STATUSES), order=chance.randint(1, 4), terms=terms, transaction_hash=hash_, seconds=float(number))
        made = order_record(event, 0)
        if chance.random() < 0.1:
            made = type(made)(topic=made.topic, partition=0, offset=0, key=made.key, value=b"{", headers=made.headers)
        past.hear(made, seconds=number * 0.1, lag=chance.uniform(0.0, 0.5))
        if past.published and chance.random() < 0.2:
            past.repeat(chance.randrange(len(past.published)))
    again = run_again(past, SETTLEMENT)
    assert again.lines == []
    assert again.comparison.of("identical") == len({(one.topic, dict(one.headers)["ce_id"]) for one in past.published})
