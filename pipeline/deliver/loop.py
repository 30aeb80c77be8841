"""The batch loop: records of Kafka into one PostgreSQL transaction, with the positions in it; for sinks and for processors.

The loop owns what is assigned, where it begins, and what happens when a service is away; what becomes of a batch is its delivery's
(`delivery.StepDelivery` for sinks, `engines.librdkafka` for processors). Promises of both together (design, section 4): the position rows
are locked before anything is written, so a stale owner writes nothing; records below the stored position are dropped, a record beyond it
ends the run; outputs are acknowledged by Kafka before the commit, so a crash repeats them and loses none; Kafka's committed offset is a
hint. A service that is away is waited for: the partitions are paused, the group membership is kept, and the same batch is repeated as a
whole, so memory stays bounded by one batch and librdkafka's bounded queue.
"""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from pipeline import metrics
from pipeline.clock import Clock
from pipeline.collector import collect_seldom
from pipeline.deliver.ports import Delivery, OpenSource, Partition, RecordSource, Timers, TopicReader
from pipeline.errors import (
    FatalError,
    PositionHoleError,
    RetryableError,
    StuckError,
    TopicRepartitionedError,
    TopicReplacedError,
    TopicTruncatedError,
    service_of,
)
from pipeline.log.envelope import Outgoing, Record
from pipeline.log.log_batches import Inspect, nothing_passed
from pipeline.log.notices import alarm
from pipeline.log.position import leading, over_gaps
from pipeline.log.topic_guard import Epochs, StoredTopic, check_topics
from pipeline.ports import EventPublisher

log = logging.getLogger(__name__)

BATCH_SIZE_MAX = 2_000
"""Records per transaction: beyond it the rate hardly grows, and a repeated batch costs more."""
POLL_TIMEOUT = 0.2
"""Seconds that an idle loop waits for a record; how soon it sees that it shall stop."""
RETRY_DELAY_MIN, RETRY_DELAY_MAX = 0.1, 5.0
LAST_ALARM_LIMIT = 10.0
"""Seconds that the alarm of a run that ends may take."""
HINT_INTERVAL = 1.0
"""Seconds between two hints of the positions to Kafka: each is a request and a record, and only people with lag tools look at them."""
LAG_INTERVAL = 5.0
LAG_INTERVAL_AWAY = 1.0
"""Seconds between two looks at the ends of the topics; while Kafka does not tell them, and at the beginning."""

STUCK_AFTER = 120.0
"""Seconds that a partition may have records and not move while every service answers; then a new process is better than this one."""

_COORDINATES = re.compile(r"[A-Za-z0-9._-]+\[\d+\]")
_ALARMS: dict[type[FatalError], str] = {
    PositionHoleError: "position_hole",
    TopicReplacedError: "topic_replaced",
    TopicRepartitionedError: "topic_repartitioned",
    TopicTruncatedError: "topic_truncated",
}


@dataclass(slots=True)
class Health:
    """How a loop is doing; written by the loop, read by whoever answers for the role."""

    last_progress: float
    """The monotonic time of the last poll or commit that went well."""
    waiting_for: str | None = None
    """The service that is waited for, such as "PostgreSQL"; None while all is well."""
    reason: str | None = None
    """What that service said."""
    ended: str | None = None
    """Why the loop has ended by itself."""
    lag: int | None = None
    """Records between the positions and the ends of the topics; None until first looked at."""
    partitions: int = 0
    """Partitions that have begun."""


class DeliverLoop:
    """Delivers the records of its topics until told to stop."""

    def __init__(
        self,
        *,
        delivery: Delivery,
        open_source: OpenSource,
        topic_reader: TopicReader,
        publisher: EventPublisher,
        clock: Clock,
        stop: threading.Event,
        timers: Timers | None = None,
        on_health: Callable[[Health], None] = lambda _: None,
        batch_size_max: int = BATCH_SIZE_MAX,
        inspect: Inspect = nothing_passed,
    ) -> None:
        """`publisher` is for the alarm of a run that ends; `on_health` is called with `health` after every turn, in the loop's thread.

        `inspect` reads the log where offsets are missing.
        """
        self._epochs = Epochs()
        self._inspect: Inspect = lambda *place: self._epochs.stamped(inspect(*place))
        self._delivery, self._open_source, self._topic_reader = delivery, open_source, topic_reader
        self._publisher, self._clock, self._stop = publisher, clock, stop
        self._timers, self._on_health = timers, on_health
        self._batch_size_max = batch_size_max
        self._waiting: dict[Partition, None] = {}  # assigned, not begun
        self._positions: dict[Partition, int] = {}  # begun: the next offset as last stored
        self._topics: dict[str, StoredTopic] = {}  # what the positions of the topics that have begun say about them
        self._batch: list[Record] = []  # polled, not committed
        self._delay = 0.0  # seconds of the present back-off; 0 while all is well
        self._hints: dict[Partition, int] = {}  # positions that Kafka has not been told
        self._hint_due = clock.monotonic()
        self._lag_due = clock.monotonic() + LAG_INTERVAL_AWAY
        self._still: dict[Partition, tuple[int, float]] = {}  # behind and not moving: the position, and since when
        self._standing: set[Partition] = set()  # not fetched because of a record that fails
        self._kafka_away: str | None = None  # what Kafka's absence said at the last look
        self.health = Health(last_progress=clock.monotonic())

    def run(self) -> None:
        """Run until the stop event is set, then finish the open batch and leave the group.

        Raise FatalError when somebody has to look (after an alarm): PositionHoleError, after which a new run goes on from the stored
        position by itself, TopicReplacedError, TopicRepartitionedError, TopicTruncatedError; and SettingsError when PostgreSQL no longer
        lets us in.
        """
        collect_seldom()
        source = self._open_source(starts=self._assigned, lost=self._lost)
        try:
            while not self._stop.is_set():
                try:
                    self._turn(source)
                except RetryableError as error:
                    self._wait(source, error)
                else:
                    self._well(source)
        except Exception as error:
            self.health.ended = str(error)
            if isinstance(error, FatalError):
                self._tell(error)
            raise
        finally:
            self._hint(source, now=True)
            source.close()
            self._delivery.close()

    def _turn(self, source: RecordSource) -> None:
        self._begin(source)
        self._go_on(source)
        if not self._batch:
            self._receive(source, records_max=self._batch_size_max, timeout=self._patience())
        if self._batch:
            self._deliver(source)
        if self._timers is not None and self._timers.rest() <= 0:
            self._timers.wake(list(self._positions))
        self._hint(source)
        self._look_at_lag()

    def _patience(self) -> float:
        """Return the seconds that an idle loop may wait for a record."""
        return POLL_TIMEOUT if self._timers is None else min(POLL_TIMEOUT, max(self._timers.rest(), 0.0))

    def _receive(self, source: RecordSource, *, records_max: int, timeout: float) -> None:
        polled = source.poll(records_max=records_max, timeout=timeout)
        # Callbacks ran inside poll: what was fetched for a partition that is gone is somebody else's now.
        self._batch += self._epochs.stamped([record for record in polled if (record.topic, record.partition) in self._positions])

    # Assignment

    def _assigned(self, partitions: Sequence[Partition]) -> Mapping[Partition, int]:
        self._waiting.update(dict.fromkeys(partitions))
        return {}  # they begin outside the callback, where PostgreSQL may be waited for

    def _lost(self, partitions: Sequence[Partition]) -> None:
        for partition in partitions:
            self._waiting.pop(partition, None)
            self._positions.pop(partition, None)
            self._hints.pop(partition, None)
            self._standing.discard(partition)
        self.health.partitions = len(self._positions)
        self._batch = [record for record in self._batch if (record.topic, record.partition) in self._positions]

    def _begin(self, source: RecordSource) -> None:
        """Begin what was assigned, at the stored positions: they win over whatever Kafka has committed."""
        if not self._waiting:
            return
        partitions = list(self._waiting)
        assigned = {topic for topic, _ in partitions}
        self._topics |= {topic: said for topic, said in self._delivery.topics().items() if topic in assigned}
        check_topics(self._delivery.consumer, self._topics, self._topic_reader.describe(sorted(self._topics)))
        stored = self._delivery.positions(partitions)
        self._epochs.learn(stored)
        offsets = {partition: stored[partition].next_offset for partition in partitions}
        source.begin(offsets)
        self._positions |= offsets
        self._hints |= offsets  # whoever had them before may have gone without a word
        self.health.partitions = len(self._positions)
        self._waiting.clear()
        log.info("partitions begun", extra={"consumer": self._delivery.consumer, "partitions": len(offsets)})

    # One batch

    def _deliver(self, source: RecordSource) -> None:
        """Deliver the batch; raise RetryableError, after which it is repeated as a whole, or FatalError."""
        standing = over_gaps(self._delivery.deliver, self._batch, self._inspect)
        # Committed by us, or by somebody else before: either way a partition is now past its last record here, unless a record stops it.
        next_offsets = {(record.topic, record.partition): record.offset + 1 for record in self._batch} | dict(standing)
        self._batch = []
        if standing:
            source.leave(list(standing))
            self._standing |= standing.keys()
        self._positions |= next_offsets
        self._hints |= next_offsets

    def _go_on(self, source: RecordSource) -> None:
        """Fetch partitions again that stood because of a record, each from where it stood."""
        released = self._standing.intersection(self._delivery.released()) if self._standing else ()
        if released:
            source.begin({partition: self._positions[partition] for partition in released})
            self._standing -= released

    def _hint(self, source: RecordSource, *, now: bool = False) -> None:
        """Tell Kafka the positions, now and then."""
        if self._hints and (now or self._clock.monotonic() >= self._hint_due):
            source.hint(self._hints)
            self._hints = {}
            self._hint_due = self._clock.monotonic() + HINT_INTERVAL

    # Waiting for services

    def _well(self, source: RecordSource) -> None:
        if self._delay:
            log.info("working again", extra={"consumer": self._delivery.consumer, "service": self.health.waiting_for})
            self._delay = 0.0
            source.resume()
        self.health.last_progress = self._clock.monotonic()
        self.health.waiting_for = "Kafka" if self._kafka_away else None
        self.health.reason = self._kafka_away
        self._on_health(self.health)

    def _wait(self, source: RecordSource, error: RetryableError) -> None:
        """Pause, and stay in the group by polling, for the time of the back-off."""
        source.pause()
        self._still.clear()  # standing still is right while a service is away
        self._delay = error.retry_after or min(max(self._delay * 2, RETRY_DELAY_MIN), RETRY_DELAY_MAX)
        service = service_of(error)
        self.health.waiting_for, self.health.reason = service, str(error)
        metrics.retried(self._delivery.consumer, service)
        said = {"consumer": self._delivery.consumer, "service": service, "delay": self._delay, "reason": str(error)}
        log.warning("waiting for a service", extra=said)
        self._on_health(self.health)
        until = self._clock.monotonic() + self._delay
        while not self._stop.is_set() and (left := until - self._clock.monotonic()) > 0:
            # What was fetched before the pause took hold is kept behind the batch; the pause keeps that little.
            self._receive(source, records_max=self._batch_size_max, timeout=min(left, POLL_TIMEOUT))

    def _look_at_lag(self) -> None:
        """Ask Kafka now and then where the topics end; an idle loop learns only thus that Kafka is away, or that a topic is another."""
        if self._clock.monotonic() < self._lag_due:
            return
        try:
            self._topic_reader.check_connection(timeout=2)  # a member that Kafka has lost has no partitions to ask about
            present = self._topic_reader.describe(sorted(self._topics), timeout=2)
            ends = self._topic_reader.ends(list(self._positions), timeout=2)
        except RetryableError as error:
            self._lag_due = self._clock.monotonic() + LAG_INTERVAL_AWAY
            self._kafka_away = str(error)
            self._still.clear()
            return
        # A broker that has just come back may not know every topic yet; one that is gone for good has no ends either.
        check_topics(self._delivery.consumer, {topic: said for topic, said in self._topics.items() if topic in present}, present)
        self._lag_due = self._clock.monotonic() + LAG_INTERVAL
        self._kafka_away = None
        self.health.lag = sum(max(0, ends[partition] - offset) for partition, offset in self._positions.items())
        metrics.LAG.labels(self._delivery.consumer).set(self.health.lag)
        moving = {partition: offset for partition, offset in self._positions.items() if partition not in self._standing}
        for topic, number in self._judge({partition: offset for partition, offset in moving.items() if ends[partition] > offset}):
            offset = self._positions[topic, number]  # what stands may have nothing before it but the mark of a transaction
            self._batch += leading(self._inspect(topic, number, offset, ends[topic, number]), offset)

    def _judge(self, behind: Mapping[Partition, int]) -> list[Partition]:
        """Return the partitions that have records and stood where they are at the look before; raise StuckError after too long."""
        now, before = self._clock.monotonic(), self._still
        stood = [p for p, offset in behind.items() if p in before and before[p][0] == offset]
        self._still = {p: (offset, now) for p, offset in behind.items()} | {p: before[p] for p in stood}
        for (topic, partition), (offset, since) in self._still.items():
            if now - since > STUCK_AFTER:
                raise StuckError(f"{topic}[{partition}] stands at offset {offset} for {now - since:.0f} s though every service answers")
        return stood

    # The end

    def _tell(self, error: FatalError) -> None:
        """Raise the alarm of an error that has one; what keeps it from being raised is logged, for the error itself ends the run."""
        log.error("the loop ends", extra={"consumer": self._delivery.consumer, "reason": str(error)})
        kind = _ALARMS.get(type(error))
        if kind is None:
            return
        metrics.ALARMS.labels(kind).inc()
        # In a thread with a limit: the run ends now, whether or not Kafka is there to hear why.
        last = threading.Thread(target=self._publish_last, args=(self._alarm(kind, error),), daemon=True)
        last.start()
        last.join(LAST_ALARM_LIMIT)

    def _publish_last(self, event: Outgoing) -> None:
        try:
            self._publisher.publish([event])
        except Exception as failure:
            log.error("the alarm could not be raised", extra={"reason": str(failure)})

    def _alarm(self, kind: str, error: FatalError) -> Outgoing:
        consumer, text = self._delivery.consumer, str(error)[:2000]
        coordinates = _COORDINATES.search(text)
        return alarm(
            kind=kind,
            severity="critical",
            venue=None,
            subject=coordinates[0] if coordinates else consumer,
            detail={"consumer": consumer, "reason": text},
            now=self._clock.now(),
            source=self._delivery.source,
            identity=(consumer, text),
        )
