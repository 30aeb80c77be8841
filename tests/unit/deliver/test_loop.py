"""The batch loop: positions, retries, holes, topics that are others, partitions that come and go."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import pytest

from pipeline.deliver.sink_step import SinkStep
from pipeline.errors import (
    FatalError,
    PositionHoleError,
    RetryableError,
    ServiceAwayError,
    StuckError,
    TopicRepartitionedError,
    TopicReplacedError,
    TopicTruncatedError,
)
from pipeline.log import topics
from pipeline.log.codec import decode
from pipeline.log.envelope import Envelope, Outgoing, Passed, Record
from pipeline.log.topics import EventType
from pipeline.ports import Refusal, Transaction, Written
from schemas.events import AlarmRaised, Coordinates, DeadLetter
from tests.unit.deliver.doubles import TOPIC, Stage, record, stage

NOW = datetime(2026, 3, 1, tzinfo=UTC)
AWAY = ServiceAwayError("PostgreSQL does not answer")


def offsets(at: Stage) -> list[int]:
    """Return the offsets that were committed, in order."""
    return [each.offset for each in at.store.committed]


def output(name: str) -> Outgoing:
    """Build an event."""
    envelope = Envelope(id=name, kind=topics.ORDER_SETTLED, source="/t", subject="s", time=NOW, correlation_id="c" * 32)
    return Outgoing(envelope=envelope, key="s", value=b"{}")


def test_records_are_written_and_the_position_moves_with_them() -> None:
    """Every record is committed once, the position is beyond the last, and Kafka is told."""
    at = stage([record(0), record(1)], [record(2)])
    at.loop.run()
    assert offsets(at) == [0, 1, 2]
    assert at.store.stored == {(TOPIC, 0): 3}
    assert at.source.hints[-1] == {(TOPIC, 0): 3}
    assert at.source.closed


def test_kafka_is_told_the_positions_now_and_then_and_at_the_end() -> None:
    """A hint at the beginning, at most one a second, and one at the end; a partition that was taken away is left out."""

    def taken_away() -> list[Record]:
        at.source.lost([(TOPIC, 1)])
        return []

    at = stage(*([record(number)] for number in range(50)), taken_away, stored={(TOPIC, 0): 0, (TOPIC, 1): 7})
    at.loop.run()
    assert at.source.hints[0][TOPIC, 1] == 7
    assert len(at.source.hints) <= 2 + at.clock.seconds
    assert at.source.hints[-1] == {(TOPIC, 0): 50}


def test_fetching_begins_at_the_stored_position() -> None:
    """The stored position is where fetching begins."""
    at = stage([record(7)], stored={(TOPIC, 0): 7})
    at.loop.run()
    assert at.source.begun == {(TOPIC, 0): 7}
    assert offsets(at) == [7]


def test_records_below_the_stored_position_are_dropped() -> None:
    """What another owner has committed meanwhile is not written again, and what follows is."""
    at = stage([record(0), record(1), record(2)])

    def another_owner() -> list[Record]:
        at.store.stored[TOPIC, 0] = 5
        return [record(3), record(4), record(5)]

    at.source.script.append(another_owner)
    at.loop.run()
    assert offsets(at) == [0, 1, 2, 5]


def test_a_stale_owner_writes_nothing() -> None:
    """Where all of a batch is below the position, nothing is written and the position stays."""

    def another_owner() -> list[Record]:
        at.store.stored[TOPIC, 0] = 9
        return [record(0), record(1)]

    at = stage(another_owner)
    at.loop.run()
    assert offsets(at) == []
    assert at.store.stored == {(TOPIC, 0): 9}


def test_a_hole_ends_the_run_with_an_alarm_and_nothing_written() -> None:
    """A skipped offset raises PositionHoleError; the alarm names the partition; the position stays."""
    at = stage([record(0)], [record(2)])
    with pytest.raises(PositionHoleError, match="position_hole"):
        at.loop.run()
    assert offsets(at) == [0]
    assert at.store.stored == {(TOPIC, 0): 1}
    raised = decode(at.publisher.published[0].value, AlarmRaised)
    assert (raised.kind, raised.subject, raised.severity) == ("position_hole", f"{TOPIC}[0]", "critical")
    assert at.source.closed


def test_another_topic_under_the_same_name_is_not_read() -> None:
    """Where Kafka's topic id is not the one of the position, the run ends with an alarm before anything is fetched."""
    at = stage([record(0)], topic_id="id-2")
    with pytest.raises(TopicReplacedError, match="id-1, but Kafka has id id-2"):
        at.loop.run()
    assert at.source.begun == {}
    assert decode(at.publisher.published[0].value, AlarmRaised).kind == "topic_replaced"


def test_a_topic_with_more_partitions_is_not_read() -> None:
    """Where Kafka has more partitions than there are positions, the run ends with an alarm before anything is fetched."""
    at = stage([record(0)])
    at.reader.partitions = 2
    with pytest.raises(TopicRepartitionedError, match="has 2 partitions, but ledger has positions of 1"):
        at.loop.run()
    assert at.source.begun == {}
    assert decode(at.publisher.published[0].value, AlarmRaised).kind == "topic_repartitioned"


def test_partitions_added_while_it_runs_end_the_run() -> None:
    """The next look at the topic's end notices them; what was written before stays."""

    def add() -> list[Record]:
        at.reader.partitions = 2
        return []

    at = stage([record(0)])
    at.source.script.extend([add, *standing(at, 10)])
    with pytest.raises(TopicRepartitionedError):
        at.loop.run()
    assert at.clock.seconds < 7
    assert at.store.stored == {(TOPIC, 0): 1}


def test_a_truncated_topic_ends_the_run_with_an_alarm() -> None:
    """A position that Kafka no longer has is said and never skipped."""

    def truncated() -> list[Record]:
        raise TopicTruncatedError(f"the stored position of {TOPIC}[0] is outside what Kafka still has")

    at = stage(truncated)
    with pytest.raises(TopicTruncatedError):
        at.loop.run()
    raised = decode(at.publisher.published[0].value, AlarmRaised)
    assert (raised.kind, raised.subject) == ("topic_truncated", f"{TOPIC}[0]")


def test_a_batch_is_repeated_as_a_whole_while_postgresql_is_away() -> None:
    """Three failures, then a commit: the same batch each time, written once, and the records behind it are not lost."""
    at = stage([record(0), record(1)], [record(2)])
    at.store.failures.extend([AWAY, RetryableError("lock timeout"), AWAY])
    at.loop.run()
    assert at.step.batches == [[0, 1], [0, 1], [0, 1], [0, 1], [2]]
    assert offsets(at) == [0, 1, 2]
    assert not at.source.paused


def test_the_loop_says_which_service_it_waits_for() -> None:
    """While PostgreSQL is away the health says so and the partitions are paused; afterwards it says nothing."""
    seen: list[tuple[str | None, bool]] = []
    at = stage([record(0)])

    def look() -> list[Record]:
        seen.append((at.loop.health.waiting_for, at.source.paused))
        return []

    at.source.script.append(look)
    at.store.failures.append(AWAY)
    at.loop.run()
    assert seen == [("PostgreSQL", True)]
    assert at.loop.health.waiting_for is None


def test_kafka_away_at_the_output_commits_nothing() -> None:
    """Outputs are acknowledged before the commit: without an acknowledgement the batch is repeated with the same events."""
    at = stage([record(0)], outputs=[output("one")])
    at.publisher.failures.append(ServiceAwayError("Kafka did not acknowledge"))
    waited: list[str | None] = []

    def look() -> list[Record]:
        waited.append(at.loop.health.waiting_for)
        return []

    at.source.script.append(look)
    at.loop.run()
    assert waited == ["Kafka"]
    assert at.step.batches == [[0], [0]]
    assert [event.envelope.id for event in at.publisher.published] == ["one"]
    assert offsets(at) == [0]


def test_pauses_grow_up_to_a_limit() -> None:
    """Twelve failures take longer than the first pauses and no longer than twelve of the longest."""
    at = stage([record(0)])
    at.store.failures.extend([AWAY] * 12)
    at.loop.run()
    assert offsets(at) == [0]
    assert 25 < at.clock.seconds < 60


def test_records_that_come_while_waiting_stay_in_order_behind_the_batch() -> None:
    """What was fetched before the pause took hold is written after the batch, once."""
    at = stage([record(0)])
    at.source.script.append(lambda: [record(1)])
    at.store.failures.append(AWAY)
    at.loop.run()
    assert offsets(at) == [0, 1]


def test_a_lost_partition_is_somebody_elses() -> None:
    """A partition that is taken away while its batch waits is not written here; the others go on."""
    at = stage([record(0), record(0, partition=1)], stored={(TOPIC, 0): 0, (TOPIC, 1): 0})

    def lose() -> list[Record]:
        at.source.lost([(TOPIC, 0)])
        return []

    at.source.script.append(lose)
    at.store.failures.append(AWAY)
    at.loop.run()
    assert [(each.partition, each.offset) for each in at.store.committed] == [(1, 0)]
    assert at.store.stored == {(TOPIC, 0): 0, (TOPIC, 1): 1}


def standing(at: Stage, seconds: float) -> list[Callable[[], list[Record]]]:
    """Return polls that bring nothing for so long."""

    def wait() -> list[Record]:
        at.clock.seconds += 1
        return []

    return [wait] * int(seconds)


def test_a_partition_that_has_records_and_does_not_move_ends_the_run() -> None:
    """Behind, with every service answering, and no record for two minutes: the run ends, so that a new process begins."""
    at = stage([record(0)])
    at.source.script.extend(standing(at, 200))
    with pytest.raises(StuckError, match=r"\[0\] stands at offset 1 for 12\d s"):
        at.loop.run()
    assert 120 < at.clock.seconds < 150


def test_standing_still_is_right_while_a_service_is_away_or_nothing_is_there() -> None:
    """Neither a caught-up partition, nor one whose records come slowly, nor an outage in between is taken for stuck."""
    caught_up = stage(stored={(TOPIC, 0): 100})
    caught_up.source.script.extend(standing(caught_up, 300))
    caught_up.loop.run()
    slow = stage()
    for offset in range(4):
        slow.source.script.extend([*standing(slow, 80), [record(offset)]])
    slow.loop.run()
    assert slow.store.stored == {(TOPIC, 0): 4}
    outage = stage()
    outage.store.failures.append(AWAY)
    outage.source.script.extend([*standing(outage, 80), [record(0)]])
    outage.source.script.extend(standing(outage, 80))
    outage.loop.run()
    assert outage.store.stored == {(TOPIC, 0): 1}


def test_an_unknown_error_of_the_step_ends_the_run() -> None:
    """What we are unsure of is not retried for ever and moves no position."""
    at = stage([record(0)])
    at.store.failures.append(FatalError("PostgreSQL holds a rule against it"))
    with pytest.raises(FatalError, match="holds a rule"):
        at.loop.run()
    assert at.store.stored == {(TOPIC, 0): 0}


def test_what_a_sink_refuses_becomes_a_dead_letter_with_its_coordinates() -> None:
    """The refused record's bytes, coordinates and reason are published, and counted."""

    class Refusing:
        consumer = "ledger"
        kinds: Sequence[EventType] = (topics.ORDER_SETTLED,)

        def write(self, transaction: Transaction, records: object, now: datetime) -> Written:
            return Written(refused=[Refusal(record=record(4), reason="not a settlement", venue="tokyo")], counts={"booked": 0})

    nothing: Transaction = stage().store.transaction
    outcome = SinkStep(Refusing()).run(nothing, [record(4)], NOW)
    letter = decode(outcome.outputs[0].value, DeadLetter)
    assert letter.origin == Coordinates(topic=TOPIC, partition=0, offset=4)
    assert (letter.reason, letter.venue, letter.body) == ("not a settlement", "tokyo", "djQ=")
    assert outcome.counts["dead_lettered"] == 1


def test_what_is_due_is_woken_at_its_time_in_the_partitions_that_have_begun() -> None:
    """An idle loop waits no longer than until something is due, and wakes it once."""
    at = stage(*[list[Record]] * 5, due_at=0.5)
    at.loop.run()
    ((when, partitions),) = at.timers.woken
    assert 0.5 <= when < 0.51
    assert partitions == [(TOPIC, 0)]


def test_records_do_not_keep_what_is_due_from_being_woken() -> None:
    """Under steady traffic what is due is woken between two batches."""
    at = stage(*[[record(offset)] for offset in range(20)], due_at=0.5)
    at.loop.run()
    assert len(at.timers.woken) == 1
    assert offsets(at) == list(range(20))


def test_waking_is_repeated_while_postgresql_is_away() -> None:
    """What could not be woken is woken when the service is back; meanwhile the partitions are paused and the health says why."""
    at = stage([record(0)], *[list[Record]] * 5, due_at=0.0)
    at.timers.failures.extend([AWAY, AWAY])
    at.loop.run()
    assert len(at.timers.woken) == 1
    assert ("PostgreSQL", 1) in at.said
    assert at.said[-1] == (None, 1)
    assert offsets(at) == [0]
    assert not at.source.paused


def mark(offset: int) -> Record:
    """Return what an inspection says of an offset where the mark of a transaction stands."""
    passed = Passed(kind="control", last=offset)
    return Record(topic=TOPIC, partition=0, offset=offset, key=None, value=b"batch", headers=[], passed=passed)


def test_marks_of_transactions_are_passed_over_wherever_they_stand() -> None:
    """The log is asked once for a batch, and the records around the marks are committed in order."""
    asked: list[tuple[int, int]] = []

    def inspect(_topic: str, _partition: int, begin: int, end: int) -> list[Record]:
        asked.append((begin, end))
        return [mark(offset) for offset in (2, 3, 5) if begin <= offset < end]

    at = stage([record(0), record(1), record(4), record(6)], inspect=inspect)
    at.loop.run()
    assert offsets(at) == [0, 1, 4, 6]
    assert at.store.stored == {(TOPIC, 0): 7}
    assert asked == [(2, 6)]


def test_a_mark_in_one_place_excuses_no_other_hole() -> None:
    """Where only some of what is missing is explained, the rest is a hole."""
    at = stage([record(0), record(3)], inspect=lambda *_: [mark(1)])
    with pytest.raises(PositionHoleError, match="the stored position is 2"):
        at.loop.run()
    assert offsets(at) == []


def test_a_partition_that_moves_is_not_looked_into(monkeypatch: pytest.MonkeyPatch) -> None:
    """Behind at every look and never where it was at the look before, by a clock that goes on between any two questions: nothing stands."""
    asked: list[tuple[int, int]] = []

    def inspect(_topic: str, _partition: int, begin: int, end: int) -> list[Record]:
        asked.append((begin, end))
        return []

    at = stage(inspect=inspect)
    ticks = itertools.count()
    monkeypatch.setattr(at.clock, "monotonic", lambda: at.clock.seconds + next(ticks) * 1e-6)
    for offset in range(20):
        at.source.script.extend([*standing(at, 1), [record(offset)]])
    at.loop.run()
    assert offsets(at) == list(range(20))
    assert asked == []


def test_a_mark_behind_the_last_record_moves_the_position_to_the_end() -> None:
    """Nobody hands out anything behind the last record: a partition that stands still short of the end is looked into."""
    at = stage([record(0)], *([] for _ in range(200)), inspect=lambda _t, _p, begin, end: [mark(o) for o in range(begin, end)])
    at.reader.end = 3
    at.loop.run()
    assert offsets(at) == [0]
    assert at.store.stored == {(TOPIC, 0): 3}
