"""Epochs: a record of a topic that was made anew is never taken for the one that stood at its place before."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from pipeline.cli.output import table_text
from pipeline.errors import PositionHoleError, TopicReplacedError
from pipeline.log.codec import decode
from pipeline.log.envelope import Record
from pipeline.log.notices import dead_letter_of_record
from pipeline.log.position import coordinates, place_text, unseen
from pipeline.log.reading import Reading
from pipeline.log.topic_guard import Epochs
from pipeline.replay.readings import Readings
from pipeline.stores.positions import Position
from schemas.events import Coordinates, DeadLetter

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
FIRST = Record(topic="t", partition=0, offset=3, key=b"k", value=b"{}", headers=[])
SECOND = replace(FIRST, epoch=2)


def at(offset: int, epoch: int) -> Position:
    """Build a stored position."""
    return Position(next_offset=offset, topic_id=f"id-{epoch}", epoch=epoch)


@pytest.mark.parametrize("next_offset", [0, 3, 4])
def test_what_was_read_of_another_epoch_is_refused_wherever_it_stands(next_offset: int) -> None:
    """Below, at and beyond the stored position: an offset of the old topic says nothing about the new one."""
    for record, epoch in ((FIRST, 2), (SECOND, 1), (SECOND, 3)):
        with pytest.raises(TopicReplacedError, match=rf"read in epoch {record.epoch}, but the stored position is of epoch {epoch}"):
            unseen([record], next_offset, epoch)


def test_a_hole_of_a_later_epoch_says_so() -> None:
    """An alarm about the same offset of both topics is two alarms."""
    said = []
    for record in (FIRST, SECOND):
        with pytest.raises(PositionHoleError) as caught:
            unseen([record], 0, record.epoch)
        said.append(str(caught.value))
    assert said[0].startswith("position_hole: t[0] goes on at offset 3")
    assert said[1].startswith("position_hole: t[0] of epoch 2 goes on at offset 3")


def test_records_get_the_epoch_of_their_topic_and_a_worker_serves_one() -> None:
    """Those of a topic that was never made anew are left as they are; a topic that is renewed meanwhile ends the worker."""
    epochs = Epochs()
    epochs.learn({("t", 0): at(0, 1)})
    records = [FIRST, replace(FIRST, topic="u")]
    assert epochs.stamped(records) is records
    epochs.learn({("t", 1): at(7, 1), ("u", 0): at(0, 4)})
    assert [record.epoch for record in epochs.stamped(records)] == [1, 4]
    for known in ({("t", 0): at(0, 2)}, {("u", 5): at(0, 5)}):
        with pytest.raises(TopicReplacedError, match="was made anew and renewed"):
            epochs.learn(known)


def test_a_letter_is_of_one_epoch_and_those_of_the_first_keep_their_ids() -> None:
    """Two records at one place of two topics die twice, each once; the id of the first is what every earlier release gave it."""
    letters = [dead_letter_of_record(record, reason="r", now=NOW, source="/sinks/ledger") for record in (FIRST, SECOND, SECOND)]
    assert letters[0].envelope.id == "adecdf73c94ce0f441abf5db2da0ae75"
    assert letters[1].envelope.id == letters[2].envelope.id != letters[0].envelope.id
    origins = [decode(letter.value, DeadLetter).origin for letter in letters[:2]]
    assert origins == [Coordinates(topic="t", partition=0, offset=3), Coordinates(topic="t", partition=0, offset=3, epoch=2)]
    assert b"epoch" not in letters[0].value


def test_places_are_told_without_the_first_epoch() -> None:
    """Lines and tables say what they said before; a later epoch is added."""
    assert coordinates("t", 1, 0, 3) == {"topic": "t", "partition": 0, "offset": 3}
    assert table_text(coordinates("t", 1, 0, 3)) == "t[0]@3"
    assert table_text(coordinates("t", 2, 0, 3)) == "t[0]@3 of epoch 2"
    assert (place_text(FIRST), place_text(SECOND)) == ("t[0]", "t[0] of epoch 2")


def test_one_offset_of_two_epochs_was_done_at_two_times() -> None:
    """A replay finds when each was read; what an epoch has no transaction of was not done."""
    later = NOW + timedelta(hours=1)
    readings = Readings([Reading(0, NOW, (("t", 0, 9),)), Reading(0, later, (("t", 0, 5),), None, (2,))])
    done = [readings.done(record) for record in (FIRST, SECOND, replace(SECOND, offset=7))]
    assert [one and one.at for one in done] == [NOW, later, None]
