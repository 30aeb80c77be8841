"""What one transaction of a processor did, and when: recorded where offsets alone do not tell, so that a replay need not guess.

A processor of several topics, or one that waits for times, decides by the order in which it read its topics and by when it looked what was
due. Both are chance: of the broker, of other work, of a machine that is busy. One row for each transaction makes them facts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from pipeline.log.envelope import Record
from pipeline.log.position import by_partition


@dataclass(frozen=True, slots=True)
class Reading:
    """One transaction's work on one partition number."""

    partition: int
    at: datetime
    """The time that it decided by."""
    spans: tuple[tuple[str, int, int], ...] = ()
    """Topics in the order in which their records were done, each with the first offset and the one behind the last; none: it woke what was
    due by `at`."""
    looked: datetime | None = None
    """When the worker had looked last what was due; None: not yet. A look that finds nothing has no transaction of its own."""
    epochs: tuple[int, ...] = ()
    """Of each span, which topic of its name it is of (decision 0020); none: of the first."""


def readings_of(records: Iterable[Record], at: datetime, looked: Mapping[int, datetime]) -> list[Reading]:
    """Return what a batch that is done in this order, topic by topic, comes to; `looked` are the last looks by partition number."""
    spans: dict[int, list[tuple[str, int, int]]] = {}
    for (topic, partition), batch in by_partition(list(records)).items():
        spans.setdefault(partition, []).append((topic, batch[0].offset, batch[-1].offset + 1))
    return [Reading(partition, at, tuple(found), looked.get(partition)) for partition, found in spans.items()]
