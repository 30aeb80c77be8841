"""The position guard: which records of a batch are new, and whether any were skipped.

Offsets of our topics are contiguous (no compaction, no Kafka transactions), so a record beyond the next offset means that somebody skipped
one. Ours on purpose: no client library knows the position that our database holds.
"""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.errors import PositionHoleError
from pipeline.log.envelope import Record

Partition = tuple[str, int]


def by_partition(records: Sequence[Record]) -> dict[Partition, list[Record]]:
    """Split a batch by partition, keeping the order within each."""
    batches: dict[Partition, list[Record]] = {}
    for record in records:
        batches.setdefault((record.topic, record.partition), []).append(record)
    return batches


def unseen(records: Sequence[Record], next_offset: int) -> Sequence[Record]:
    """Return the records of one partition from `next_offset` on; those below are done already.

    Raise PositionHoleError when the first one kept is beyond `next_offset`, or when the batch itself skips an offset.
    """
    kept: list[Record] = []
    expected = next_offset
    for record in records:
        if record.offset < expected:
            continue
        if record.offset > expected:
            raise PositionHoleError(
                f"position_hole: {record.topic}[{record.partition}] goes on at offset {record.offset}, "
                f"but the stored position is {expected}; nothing was written, the worker starts again from the stored position"
            )
        kept.append(record)
        expected += 1
    return kept
