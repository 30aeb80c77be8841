"""A replay: every key's records through a processor once more, in the order and at the times of the live run.

Order and times are recorded for a processor that needs them (`readings`). What an earlier release did without recording it is taken in the
order of Kafka's time stamps. Where today's code waits for another time than the live code did, nobody looked just then: a replay looks at
once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import groupby, islice
from operator import itemgetter

from pipeline.engines.step import believed, decoded
from pipeline.log import topics
from pipeline.log.envelope import Record
from pipeline.processors.processor import Keyed
from pipeline.replay.comparison import Published, attributes_of, comparable, read
from pipeline.replay.lives import AnyProcessor, Emitted, Life, Timed, lived, relived
from pipeline.replay.readings import Readings

Recorded = tuple[Record, datetime]
"""A record and when it was produced."""
Expected = Mapping[tuple[str, str], Published]
"""What was published under a key, by type and id."""

READ_MAX = 500
"""Records of a key that are read at a time."""


class Replay:
    """Lives through records key by key, and counts on the way."""

    def __init__(
        self,
        processor: AnyProcessor,
        readings: Readings,
        *,
        until: datetime,
        judged_until: datetime,
        venue: str | None = None,
        doubts: Callable[[Sequence[Record]], Sequence[str | None]] | None = None,
    ) -> None:
        """`until` is when the record ends; from `judged_until` on it may lack what was published.

        With `venue` only that venue's records are run. What `doubts` says something about was not believed, and is not.
        """
        self._doubts = doubts
        self._processor, self.readings, self._until, self._judged_until = processor, readings, until, judged_until
        self._venue = venue
        self.counts: Counter[str] = Counter()
        """What was decided, by the processor's own names."""
        self.records = self.keys = 0
        self.unrecorded = 0
        """Keys with records of which nobody recorded when they were done."""

    def lives(self, records: Iterable[Recorded], published: Iterable[Published]) -> Iterator[Life]:
        """Yield the life of each key; records come key by key, `published` in the order of keys."""
        for key, group, events in by_key(records, published):
            for life in self._of_key(key, self._timed(group), events):
                self.keys += 1
                self.counts += life.counts
                yield life

    def _timed(self, records: Iterable[Recorded]) -> Iterator[Timed]:
        coming = iter(records)
        while recorded := list(islice(coming, READ_MAX)):
            read = [decoded(self._processor, record) for record, _ in recorded]
            doubts = None if self._doubts is None else self._doubts([record for record, _ in recorded])
            for (record, at), item in zip(recorded, believed(read, doubts), strict=True):
                if self._venue is None or (isinstance(item, Keyed) and item.key.startswith(f"{self._venue}/")):
                    self.records += 1
                    yield Timed(record, at, item)

    def _of_key(self, key: bytes | None, records: Iterable[Timed], published: list[Published]) -> Iterator[Life]:
        if key is None:  # what has no key has nothing in common
            yield from (lived(Life(self._processor), [timed], self._until) for timed in records)
        elif not self._processor.is_recorded:
            yield lived(Life(self._processor), records, self._until)  # offsets alone say the order
        else:
            yield self._as_recorded(list(records), {(event.ce_type, event.ce_id): event for event in published})

    def _as_recorded(self, records: list[Timed], expected: Expected) -> Life:
        done = [(self.readings.done(timed.record), timed) for timed in records]
        # What was done before anything was recorded comes first, as Kafka's time stamps have it.
        old = [timed for place, timed in done if place is None]
        new = [(place, timed._replace(at=place.at)) for place, timed in done if place is not None]
        new.sort(key=itemgetter(0))
        self.unrecorded += bool(old)
        life = lived(Life(self._processor), old, new[0][0].at if new else self._until)
        relived(life, new, self.readings, self._until)
        if self._explains(life, expected):
            return life
        return lived(Life(self._processor), [*old, *(timed for _, timed in new)], self._until)

    def _explains(self, life: Life, expected: Expected) -> bool:
        """Tell whether a life gave all that was published, and nothing else; what is too young to be judged may lack its counterpart."""
        again = _asked_again(expected)
        needed = {
            name
            for name, event in expected.items()
            if event.at < self._judged_until and name not in again and not self.readings.is_left_over(event.decided)
        }
        allowed = all(emitted.at >= self._judged_until or is_met(emitted, expected) for emitted in life.emitted)
        return allowed and needed <= {emitted.identity for emitted in life.emitted}


def is_met(emitted: Emitted, expected: Expected) -> bool:
    """Tell whether an event was published just so."""
    found = expected.get(emitted.identity)
    if found is None:
        return False
    outgoing = emitted.outgoing
    return comparable(found.ce_type, read(outgoing.value), attributes_of(outgoing.headers())) in found.copies


def _asked_again(expected: Expected) -> set[tuple[str, str]]:
    """Return requests of one round in several contexts: all but one were asked by a transaction that was not committed."""
    rounds: dict[object, set[tuple[str, str]]] = {}
    for name, event in expected.items():
        if event.ce_type == topics.DECISION_REQUESTED.ce_type:
            rounds.setdefault(event.document.get("request_id"), set()).add(name)
    return {name for names in rounds.values() if len(names) > 1 for name in names}


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
