"""A replay: every key's records through a processor once more, in the order in which the live run can have done them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import partial

from pipeline.engines.step import decoded
from pipeline.processors.processor import Keyed
from pipeline.replay.comparison import Published
from pipeline.replay.lives import AnyProcessor, Life, Timed, lived
from pipeline.replay.orders import Search
from pipeline.replay.presence import LATE, Presence, Recorded, by_key


class Replay:
    """Lives through records key by key, and counts on the way."""

    def __init__(
        self, processor: AnyProcessor, presence: Presence, *, until: datetime, judged_until: datetime, venue: str | None = None
    ) -> None:
        """`until` is when the record ends; from `judged_until` on it may lack what was published.

        With `venue` only that venue's records are run.
        """
        self._processor, self._presence, self._until, self._judged_until = processor, presence, until, judged_until
        self._venue = venue
        self.counts: Counter[str] = Counter()
        """What was decided, by the processor's own names."""
        self.records = self.keys = 0
        self.reordered = 0
        """Keys whose records gave what was published in another order than that of Kafka's time stamps."""
        self.behind = 0
        """Those of them in which something was done later than LATE, as by a worker that was down."""

    def lives(self, records: Iterable[Recorded], published: Iterable[Published]) -> Iterator[Life]:
        """Yield the life of each key; records come key by key, `published` in the order of keys."""
        for key, group, events in by_key(records, published):
            for life in self._of_key(key, self._timed(group), events):
                self.keys += 1
                self.counts += life.counts
                yield life

    def _timed(self, records: Iterable[Recorded]) -> Iterator[Timed]:
        for record, at in records:
            item = decoded(self._processor, record)
            if self._venue is None or (isinstance(item, Keyed) and item.key.startswith(f"{self._venue}/")):
                self.records += 1
                yield Timed(record, at, item)

    def _of_key(self, key: bytes | None, records: Iterable[Timed], published: list[Published]) -> Iterator[Life]:
        if key is None:  # what has no key has nothing in common
            yield from (lived(Life(self._processor), [timed], self._until) for timed in records)
        elif len(self._processor.consumes) == 1 and not self._processor.waits:
            yield lived(Life(self._processor), records, self._until)  # offsets alone say the order
        else:
            yield self._ordered(list(records), published)

    def _ordered(self, records: list[Timed], published: list[Published]) -> Life:
        straight = lived(Life(self._processor), records, self._until)
        queues: dict[tuple[str, int], list[Timed]] = {}
        for timed in records:
            queues.setdefault((timed.record.topic, timed.record.partition), []).append(timed)
        search = partial(
            Search,
            list(queues.values()),
            {(event.ce_type, event.ce_id): event for event in published},
            self._presence,
            until=self._until,
            judged_until=self._judged_until,
        )
        if search().explains(straight):
            return straight
        for prompt in (True, False):
            if (other := search(prompt=prompt).found(Life(self._processor))) is not None:
                self.reordered += 1
                self.behind += other.late > LATE
                return other
        return straight
