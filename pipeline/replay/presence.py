"""When the live processor was there: by what it published within a second of the record that led to it.

A worker that does a partition's records as they come also looks what is due there. So a due time is missed by no more than a second, or
until the first such moment after it; where there was none, the worker may have been down.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import groupby

from pipeline.log.envelope import Record, header
from pipeline.replay.comparison import Published

LATE = timedelta(seconds=1)
"""How late a worker that is there does what is to be done: it looks every 250 ms, and does a batch first."""
_NOBODY = array("q")
_NEVER = datetime.max.replace(tzinfo=UTC)

Recorded = tuple[Record, datetime]
"""A record and when it was produced."""


def by_key(
    records: Iterable[Recorded], published: Iterable[Published]
) -> Iterator[tuple[bytes | None, Iterator[Recorded], list[Published]]]:
    """Yield each key with its records and with what was published under it; both come in the order of keys."""
    events = groupby(published, key=lambda event: event.key)
    reached, of_reached = next(events, (None, iter(())))
    for key, group in groupby(records, key=lambda recorded: recorded[0].key):
        while key is not None and reached is not None and reached < key:
            reached, of_reached = next(events, (None, iter(())))
        yield key, group, list(of_reached) if key is not None and reached == key else []


class Presence:
    """The seconds in which the live processor was there, by partition number; eight bytes each."""

    def __init__(self, records: Iterable[Recorded] = (), published: Iterable[Published] = ()) -> None:
        """Learn from records and what was published of them, both in the order of keys."""
        seconds: dict[int, set[int]] = {}
        for _, group, events in by_key(records, published):
            if events:
                for partition, at in _prompt(list(group), events):
                    seconds.setdefault(partition, set()).add(int(at.timestamp()))
        self._seconds = {partition: array("q", sorted(found)) for partition, found in seconds.items()}

    def latest(self, partition: int, ready: datetime) -> datetime:
        """Return until when at the latest something was done that was to be done from `ready` on."""
        seconds = self._seconds.get(partition, _NOBODY)
        number = bisect_left(seconds, int(ready.timestamp()) + 1)
        if number == len(seconds):
            return _NEVER
        return datetime.fromtimestamp(seconds[number] + 1, UTC) + LATE


def _prompt(records: list[Recorded], events: list[Published]) -> Iterator[tuple[int, datetime]]:
    produced: dict[str, list[Recorded]] = {}
    for recorded in records:
        produced.setdefault(header(recorded[0].headers, "ce_id") or "", []).append(recorded)
    for event in events:
        for record, at in produced.get(event.cause or "", ()):
            if abs(event.at - at) <= LATE:
                yield record.partition, event.at
