"""One time for a look at what is due: what is woken, what is decided, and what a replay is told, on a real PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import psycopg

from pipeline import settings as configuration
from pipeline.engines.step import Step
from pipeline.failpoints import Failpoints
from pipeline.log import topics
from pipeline.log.envelope import Outgoing, Record
from pipeline.log.reading import Reading
from pipeline.processors.processor import Keyed, Processor
from pipeline.stores import migrations, positions, readings, states
from pipeline.stores.postgres import Connection, connect
from pipeline.testing.clocks import START, HandClock

SECOND = timedelta(seconds=1)


class Hurrying(HandClock):
    """A clock that is a second later at every question, as one seems to be that is asked on a busy machine."""

    def now(self) -> datetime:
        """Let a second pass, and return the time."""
        self.pass_by(1)
        return super().now()


class Nobody:
    """A publisher that has nothing to do."""

    def publish(self, events: Sequence[Outgoing]) -> None:
        """Expect nothing."""
        assert not events


def _decode(_: Record) -> Keyed[str]:
    raise AssertionError("nothing is read")


def waiting() -> Processor[str, str, datetime]:
    """Return a processor whose state is when it was woken, as JSON text; `""` while it waits."""
    return Processor(
        name="workflow",
        consumes=(topics.ORDER_UPDATED, topics.QUOTE_RECEIVED),
        emits=(),
        initial="",
        decode=_decode,
        decide=lambda _state, _event, _now: (),
        evolve=lambda _state, fact: fact.isoformat(),
        emit=lambda _fact: None,
        outcome=lambda _fact: "noted",
        store=lambda state: f'"{state}"',
        restore=lambda text: text.strip('"'),
        wake=lambda _state, now: (now,),
    )


def test_what_becomes_due_during_a_look_is_the_next_ones(postgres: str) -> None:
    """Two states due a second apart and a look that lasts longer: it wakes the first, by the recorded time, and the next look the other."""
    with psycopg.connect(postgres, autocommit=True) as connection:
        migrations.apply(connection, migrations.found_in(["pipeline.stores"]))
        positions.prepare(
            connection, "workflow", [(kind.topic("custody."), 0, "id") for kind in (topics.ORDER_UPDATED, topics.QUOTE_RECEIVED)]
        )
        due = {key: states.Kept(text='""', partition=0, wake_at=START + n * SECOND) for n, key in ((1, "one"), (2, "other"))}
        states.write(connection, "workflow", due)

        def connection_of() -> Connection:
            return connect(configuration.Postgres(dsn=postgres), name="workflow", autocommit=True)

        step = Step(waiting(), connect=connection_of, publisher=Nobody(), clock=Hurrying(), failpoints=Failpoints({}))
        looks = []
        for _ in range(2):
            assert step.wake(0) == 1
            looks.append({key: text.strip('"') for key, text in states.read(connection, "workflow", ["one", "other"]).items()})
        step.close()
        with connection.transaction():
            recorded = list(readings.of_processor(connection, "workflow"))
    first, second = (reading.at for reading in recorded)
    assert recorded == [Reading(0, first, looked=None), Reading(0, second, looked=None)]
    assert first == START + SECOND
    assert looks[0] == {"one": first.isoformat(), "other": ""}
    assert looks[1] == {"one": first.isoformat(), "other": second.isoformat()}
