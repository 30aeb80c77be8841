"""When the live processor read what, and when it woke what was due: as it recorded in the transaction that did it."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import NamedTuple

from pipeline.log.envelope import Record
from pipeline.log.reading import Reading

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Done(NamedTuple):
    """Where a record stands in the order of a partition number's transactions; sorts in that order."""

    transaction: int
    place: int
    """The place of its topic in the transaction."""
    offset: int
    at: datetime


@dataclass(slots=True)
class _Topic:
    """Of one topic, the transactions that read from it."""

    firsts: array[int] = field(default_factory=lambda: array("q"))
    ends: array[int] = field(default_factory=lambda: array("q"))
    transactions: array[int] = field(default_factory=lambda: array("q"))
    places: array[int] = field(default_factory=lambda: array("q"))


@dataclass(slots=True)
class _Numbered:
    """The transactions of one partition number; times in microseconds."""

    times: array[int] = field(default_factory=lambda: array("q"))
    looked: array[int] = field(default_factory=lambda: array("q"))
    """Until when at least what was due had been looked for before each."""
    topics: dict[tuple[str, int], _Topic] = field(default_factory=dict)
    """By name and epoch."""
    looks: array[int] = field(default_factory=lambda: array("q"))
    """Those that woke what was due."""

    def add(self, at: datetime, looked: datetime | None) -> int:
        """Add a transaction and return its number."""
        before = self.looked[-1] if self.looked else 0
        self.times.append(_microseconds(at))
        self.looked.append(before if looked is None else max(before, _microseconds(looked)))
        return len(self.times) - 1

    def at(self, transaction: int) -> datetime:
        """Return the time that a transaction decided by."""
        return _EPOCH + self.times[transaction] * _MICROSECOND


class Readings:
    """The recorded transactions of one processor: 16 bytes each, and 32 more for each topic that it read from."""

    def __init__(self, readings: Iterable[Reading] = ()) -> None:
        """Learn them, those of a partition number in the order in which they were committed."""
        self._numbers: dict[int, _Numbered] = {}
        for reading in readings:
            known = self._numbers.setdefault(reading.partition, _Numbered())
            transaction = known.add(reading.at, reading.looked)
            if not reading.spans:
                known.looks.append(transaction)
            for place, (topic, first, end) in enumerate(reading.spans):
                of_topic = known.topics.setdefault((topic, reading.epochs[place] if reading.epochs else 1), _Topic())
                of_topic.firsts.append(first)
                of_topic.ends.append(end)
                of_topic.transactions.append(transaction)
                of_topic.places.append(place)

    def done(self, record: Record) -> Done | None:
        """Return when a record was done; None where that is not recorded, as of what was done by an earlier release."""
        known = self._numbers.get(record.partition)
        of_topic = None if known is None else known.topics.get((record.topic, record.epoch))
        if known is None or of_topic is None:
            return None
        number = bisect_right(of_topic.ends, record.offset)
        if number == len(of_topic.ends) or of_topic.firsts[number] > record.offset:
            return None
        transaction = of_topic.transactions[number]
        return Done(transaction, of_topic.places[number], record.offset, known.at(transaction))

    def is_left_over(self, decided: Iterable[datetime]) -> bool:
        """Tell whether an event that was decided at these times, copy by copy, is of transactions that were published and not committed.

        A transaction decides all that it does at one time, which is recorded with it. Of what was done before anything was recorded, nobody
        can tell.
        """
        if not self._committed:
            return False
        begun = max(known.times[0] for known in self._numbers.values())
        times = [_microseconds(at) for at in decided]
        return min(times) > begun and not any(self._is_committed(time) for time in times)

    def _is_committed(self, time: int) -> bool:
        place = bisect_left(self._committed, time)
        return place < len(self._committed) and self._committed[place] == time

    @cached_property
    def _committed(self) -> array[int]:
        """The times of all transactions, sorted."""
        return array("q", sorted(time for known in self._numbers.values() for time in known.times))

    def woken(self, partition: int, due: datetime, *, after: int) -> tuple[int, datetime] | None:
        """Return behind which transaction what was due was woken, and when; None: nobody has looked since.

        `after` is the one that made it due. It was woken by the first later look that woke anything; or, where somebody looked before that
        and found nothing, at once: then it was not due for the live code.
        """
        known = self._numbers.get(partition)
        if known is None:
            return None
        ready = due if after < 0 else max(due, known.at(after))
        noticed = bisect_left(known.looked, _microseconds(ready), lo=after + 1)
        for number in range(bisect_right(known.looks, after), len(known.looks)):
            look = known.looks[number]
            if look >= noticed:
                break
            if (at := known.at(look)) >= due:
                return look, at
        return None if noticed == len(known.looked) else (noticed - 1, ready)


def _microseconds(at: datetime) -> int:
    return (at - _EPOCH) // _MICROSECOND
