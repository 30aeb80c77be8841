"""Answers are committed before they are published: what a crash repeats is the same to the byte, whatever the clock and the counters say.

The whole step of the risk processor on a real PostgreSQL, with a publisher that fails where a crash would strike.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

import psycopg
import pytest
from msgspec.structs import replace

from pipeline import settings as configuration
from pipeline.engines.step import Step
from pipeline.errors import RetryableError
from pipeline.failpoints import Failpoints
from pipeline.log import topics
from pipeline.log.envelope import Outgoing, Record
from pipeline.processors.risk.decide import Fact
from pipeline.processors.risk.events import RiskEvent
from pipeline.processors.risk.processor import RISK
from pipeline.processors.risk.settle import settle
from pipeline.processors.risk.state import RiskState
from pipeline.stores import migrations, positions
from pipeline.stores.exposures import PostgresExposures
from pipeline.stores.postgres import Connection, connect
from pipeline.testing.clocks import HandClock
from pipeline.testing.questions import NOW, engine, question, record, rule
from schemas.accepting import DecisionMade

LIMIT = 'side = "source_max", currency = "JPYSC0", limit = "15000000"'
LIMITED = engine(rule("exposure_at_most", LIMIT, otherwise="REFER"))
"""One order of 12000000 fits into the limit, two do not."""


class Failing:
    """A publisher that keeps what it is given and fails as often as asked."""

    def __init__(self, failures: int) -> None:
        self.failures = failures
        self.seen: list[list[Outgoing]] = []

    def publish(self, events: Sequence[Outgoing]) -> None:
        """Keep the events, which somebody may have read, and say that it is not known whether they arrived."""
        self.seen.append(list(events))
        if len(self.seen) <= self.failures:
            raise RetryableError("Kafka went away")


def prepared(dsn: str) -> None:
    """Make the tables and the positions of the risk processor."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        migrations.apply(connection, migrations.found_in(["pipeline.stores"]))
        positions.prepare(connection, "risk", [(kind.topic("custody."), 0, "topic-id") for kind in RISK.consumes])


@contextmanager
def step_of(dsn: str, publisher: Failing, clock: HandClock) -> Iterator[Step[RiskState, RiskEvent, Fact]]:
    """Give the step as the role runs it."""

    def connection_of() -> Connection:
        return connect(configuration.Postgres(dsn=dsn), name="risk", autocommit=True)

    def settled(connection: Connection, events: Sequence[RiskEvent]) -> Sequence[RiskEvent]:
        return settle(LIMITED, PostgresExposures(connection), events, clock.now)

    step = Step(RISK, connect=connection_of, publisher=publisher, clock=clock, failpoints=Failpoints({}), settle=settled)
    try:
        yield step
    finally:
        step.close()


def asked(order: int, offset: int) -> Record:
    """Return a question as it stands in its topic."""
    return record(question(order=order), topics.DECISION_REQUESTED, offset=offset)


def answers(publisher: Failing) -> list[list[bytes]]:
    """Return the answers of each attempt to publish."""
    return [[event.value for event in events] for events in publisher.seen]


def test_an_answer_that_was_published_and_not_committed_comes_out_the_same(postgres: str) -> None:
    """The batch is repeated a minute later, when another order has taken the limit: the accept is still the accept, with its own time."""
    prepared(postgres)
    clock, publisher = HandClock(NOW), Failing(1)
    with step_of(postgres, publisher, clock) as step:
        with pytest.raises(RetryableError):
            step.run([asked(1, 0)])
        clock.pass_by(60)
        step.run([asked(1, 0), asked(2, 1)])
    first, second = answers(publisher)
    assert second[0] == first[0]
    verdicts = [DecisionMade.model_validate_json(value).verdict for value in second]
    assert verdicts == ["ACCEPT", "REFER"]
    assert datetime.fromisoformat(DecisionMade.model_validate_json(second[0]).decided_at) == NOW


def test_a_batch_that_is_done_is_neither_settled_nor_published_again(postgres: str) -> None:
    """Below the stored position a record is dropped before anything is settled."""
    prepared(postgres)
    clock, publisher = HandClock(NOW), Failing(0)
    with step_of(postgres, publisher, clock) as step:
        assert step.run([asked(1, 0)])["seen"] == 1
        assert step.run([asked(1, 0)]) == {"seen_before": 1}
    assert len(publisher.seen) == 1


def test_what_cannot_be_read_is_dead_lettered_and_the_others_are_settled(postgres: str) -> None:
    """A broken question between two good ones costs neither of them its answer."""
    prepared(postgres)
    clock, publisher = HandClock(NOW), Failing(0)
    broken = replace(record(question(order=3), topics.DECISION_REQUESTED, offset=1), value=b"{}")
    with step_of(postgres, publisher, clock) as step:
        counts = step.run([asked(1, 0), broken, asked(2, 2)])
    assert (counts["accept"], counts["refer"], counts["dead_lettered"]) == (1, 1, 1)
    kinds = [event.envelope.kind for event in publisher.seen[0]]
    assert kinds == [topics.DECISION_MADE, topics.DEAD_LETTER, topics.DECISION_MADE]
