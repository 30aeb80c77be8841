"""The position guard: which records of a batch are new, and whether any were skipped.

Offsets of our topics are contiguous (no compaction), so a record beyond the next offset means that somebody skipped one, unless the log
itself shows that no record stands there (`log_batches`: somebody writes in transactions). Ours on purpose: no client library knows the
position that our database holds.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from pipeline.errors import PositionHoleError, TopicReplacedError
from pipeline.log.envelope import Record
from pipeline.log.log_batches import Inspect

Partition = tuple[str, int]
T = TypeVar("T")


def place_text(record: Record) -> str:
    """Return topic and partition, and the epoch where it is not the first: what is said of two places is never the same."""
    return f"{record.topic}[{record.partition}]" + (f" of epoch {record.epoch}" if record.epoch > 1 else "")


def coordinates(topic: str, epoch: int, partition: int, offset: int) -> dict[str, str | int]:
    """Return a place in Kafka as lines have it: without the epoch where it is the first."""
    return {"topic": topic, "partition": partition, "offset": offset, **({"epoch": epoch} if epoch > 1 else {})}


def by_partition(records: Sequence[Record]) -> dict[Partition, list[Record]]:
    """Split a batch by partition, keeping the order within each."""
    batches: dict[Partition, list[Record]] = {}
    for record in records:
        batches.setdefault((record.topic, record.partition), []).append(record)
    return batches


def unseen(records: Sequence[Record], next_offset: int, epoch: int = 1) -> Sequence[Record]:
    """Return the records of one partition from `next_offset` of this epoch on; those below are done already.

    Raise PositionHoleError when the first one kept is beyond `next_offset`, or when the batch itself skips an offset; TopicReplacedError
    when a record is of another epoch: its topic was made anew and renewed since it was read.
    """
    kept: list[Record] = []
    expected = next_offset
    for record in records:
        if record.epoch != epoch:
            raise TopicReplacedError(
                f"topic_replaced: {place_text(record)} was read in epoch {record.epoch}, but the stored position is of epoch {epoch}: "
                "the topic was made anew meanwhile; nothing was written, a new worker reads the new topic"
            )
        if record.offset < expected:
            continue
        if record.offset > expected:
            raise PositionHoleError(
                f"position_hole: {place_text(record)} goes on at offset {record.offset}, "
                f"but the stored position is {expected}; nothing was written, the worker starts again from the stored position",
                topic=record.topic,
                partition=record.partition,
                expected=expected,
            )
        kept.append(record)
        expected += 1
    return kept


def over_gaps(run: Callable[[Sequence[Record]], T], records: Sequence[Record], inspect: Inspect) -> T:
    """Run a batch; where offsets are missing, run it with what the log has in their place.

    Gaps inside the batch are filled before it is run: who answers in transactions leaves one behind each. Raise PositionHoleError where the
    log does not show that they have no records, and what `run` and `inspect` raise.
    """
    records = _filled(records, inspect)
    while True:
        try:
            return run(records)
        except PositionHoleError as hole:
            here = [record for record in records if (record.topic, record.partition) == (hole.topic, hole.partition)]
            end = max((record.offset for record in here), default=hole.expected)
            found = inspect(hole.topic, hole.partition, hole.expected, end)
            if not found or found[0].offset != hole.expected:
                raise
            others = [record for record in records if (record.topic, record.partition) != (hole.topic, hole.partition)]
            records = [*others, *sorted([*here, *found], key=lambda record: record.offset)]


def _filled(records: Sequence[Record], inspect: Inspect) -> Sequence[Record]:
    """Return the records, each partition in its order, with what the log has between two of them that are not neighbours."""
    ends: dict[Partition, int] = {}
    gaps: dict[Partition, int] = {}
    for record in records:
        place = record.topic, record.partition
        if record.offset > ends.get(place, record.offset):
            gaps.setdefault(place, ends[place])
        ends[place] = record.offset + 1
    if not gaps:
        return records
    found = [one for place, begin in gaps.items() for one in inspect(*place, begin, ends[place] - 1)]
    return sorted([*records, *found], key=lambda one: (one.topic, one.partition, one.offset))


def leading(records: Sequence[Record], begin: int) -> list[Record]:
    """Return those records that stand at `begin` and right behind it."""
    return [record for number, record in enumerate(records) if record.offset == begin + number]
