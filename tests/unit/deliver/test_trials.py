"""A record that fails: tried alone, put aside or parked, and what that costs when nothing fails."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from pipeline.errors import FatalError, ServiceAwayError
from pipeline.log.codec import decode
from pipeline.log.envelope import Record
from pipeline.log.faults import FAILURES_MAX, LETTERS_MAX, PAUSES
from schemas.events import AlarmRaised, DeadLetter
from tests.unit.deliver.doubles import TOPIC, Stage, record, stage

OTHER = (TOPIC, 1)


def offsets(at: Stage, partition: int = 0) -> list[int]:
    """Return the offsets of a partition that were committed, in order."""
    return [each.offset for each in at.store.committed if each.partition == partition]


def again(at: Stage, *records: Record) -> None:
    """Script that a partition gives these records each time it is begun again, for as long as it has to rest."""

    def give() -> list[Record]:
        place = (records[0].topic, records[0].partition)
        if at.source.begun.get(place) == records[0].offset and at.store.stored[place] <= records[0].offset:
            at.source.begun.pop(place)
            at.source.script.append(give)
            return list(records)
        if at.store.stored[place] <= records[0].offset and at.clock.seconds < 60 and place not in parked(at):
            at.source.script.append(give)
        return []

    at.source.script.append(give)


def parked(at: Stage) -> set[tuple[str, int]]:
    """Return the partitions that are parked."""
    return {(row.topic, row.partition) for row in at.book.rows.values() if row.parked_at is not None}


def test_what_goes_well_costs_two_notes_and_no_more() -> None:
    """The first batch of an assignment is noted and the note removed; whatever follows writes nothing about attempts."""
    at = stage(*([record(offset)] for offset in range(50)))
    at.loop.run()
    assert offsets(at) == list(range(50))
    assert (at.book.writes, at.book.rows) == (2, {})


def test_a_record_that_raises_is_dead_lettered_and_nothing_else_is() -> None:
    """It fails five times alone while the other partition goes on; then letter and alarm are out, and all else is written."""
    first = [record(0), record(1), record(2), record(0, 1)]
    at = stage(first, [record(1, 1)], stored={(TOPIC, 0): 0, OTHER: 0})
    at.step.raises[1] = ValueError("the record breaks")
    at.step.only = 0
    again(at, record(1), record(2))
    at.loop.run()
    assert offsets(at) == [0, 2]
    assert offsets(at, 1) == [0, 1]
    assert at.store.stored == {(TOPIC, 0): 3, OTHER: 2}
    letter, alarm = (decode(at.publisher.published[0].value, DeadLetter), decode(at.publisher.published[1].value, AlarmRaised))
    assert (letter.origin.offset, alarm.kind, alarm.severity) == (1, "record_failed", "critical")  # type: ignore[union-attr]
    assert f"failed {FAILURES_MAX} times, alone: ValueError: the record breaks (traceback" in letter.reason
    assert alarm.detail["traceback_sha256"] in letter.reason
    assert at.clock.seconds >= sum(PAUSES)
    assert [row.offset for row in at.book.aside] == [1]
    assert at.book.rows == {}


def test_more_letters_than_a_record_explains_park_the_partition() -> None:
    """With so many records put aside already the next one stops its partition, with an alarm; the other one goes on."""
    at = stage([record(0), record(1), record(0, 1)], [record(1, 1)], stored={(TOPIC, 0): 0, OTHER: 0})
    at.step.raises[0] = ValueError("everything breaks")
    at.step.only = 0
    at.book.aside = [None] * LETTERS_MAX  # type: ignore[list-item]
    again(at, record(0), record(1))
    at.loop.run()
    assert (offsets(at), offsets(at, 1)) == ([], [0, 1])
    assert at.store.stored == {(TOPIC, 0): 0, OTHER: 2}
    assert parked(at) == {(TOPIC, 0)}
    assert [decode(event.value, AlarmRaised).kind for event in at.publisher.published] == ["partition_parked"]


def run_asked(at: Stage, asked: str, *, then: Callable[[], None] = lambda: None) -> None:
    """Run until two records' partition is parked at the first, let a person ask for something, and run on for ninety seconds."""
    at.step.raises[0] = ValueError("it breaks")
    at.book.aside = [None] * LETTERS_MAX  # type: ignore[list-item]
    again(at, record(0), record(1))

    def ask() -> list[Record]:
        if not parked(at):
            at.source.script.append(ask)
            return []
        (place, row), *_ = at.book.rows.items()
        at.book.rows[place] = replace(row, asked=asked, asked_by="Officer", asked_reason="known")
        then()
        at.source.script.append(go_on)
        return []

    def go_on() -> list[Record]:
        if at.source.begun.pop((TOPIC, 0), None) == 0:
            return [record(0), record(1)]
        if at.clock.seconds < 90:
            at.source.script.append(go_on)
        return []

    at.source.script.append(ask)
    at.loop.run()


@pytest.mark.parametrize("asked", ["retry", "skip"])
def test_a_person_says_what_becomes_of_a_parked_record(asked: str) -> None:
    """Asked to, the running worker tries the record again, or puts it aside under who asked and why, and goes on behind it."""
    at = stage([record(0), record(1)])
    run_asked(at, asked, then=at.step.raises.clear if asked == "retry" else lambda: None)
    assert offsets(at) == ([0, 1] if asked == "retry" else [1])
    assert at.store.stored == {(TOPIC, 0): 2}
    if asked == "skip":
        reason = decode(at.publisher.published[-1].value, DeadLetter).reason
        assert reason.startswith("skipped by Officer: known; it failed 5 times, alone: ValueError")


def test_a_skip_that_cannot_be_dead_lettered_leaves_the_partition_where_it_stands() -> None:
    """Nobody goes on behind a record of which no letter could be written: the partition is parked again, and says why."""
    at = stage([record(0), record(1)])
    run_asked(at, "skip", then=lambda: at.publisher.failures.append(ValueError("too large")))
    assert not at.publisher.failures, "it was tried"
    assert offsets(at) == []
    assert at.store.stored == {(TOPIC, 0): 0}
    (row,) = at.book.rows.values()
    assert (row.offset, row.asked) == (0, None)
    assert row.parked_at is not None


def test_a_service_that_is_away_is_never_counted() -> None:
    """However often it is away while a suspected record is tried, the record has failed only as often as it did itself."""
    at = stage([record(0)])
    at.step.raises[0] = ValueError("once")
    at.store.failures.extend([ServiceAwayError("PostgreSQL went away")] * 20)

    def mend() -> list[Record]:
        at.step.raises.clear()
        return []

    at.source.script.append(mend)
    again(at, record(0))
    at.loop.run()
    assert offsets(at) == [0]
    assert at.publisher.published == []
    assert at.book.aside == []


def test_what_is_ours_to_look_at_ends_the_run_and_counts_nothing() -> None:
    """FatalError ends the run as ever, and the note of its attempt is taken back."""
    at = stage([record(0)])
    at.step.raises[0] = FatalError("we are unsure")
    with pytest.raises(FatalError, match="unsure"):
        at.loop.run()
    assert [(row.failures, row.answered) for row in at.book.rows.values()] == [(0, True)]
