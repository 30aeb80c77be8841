"""The Faust engine: a processor on Faust in the one shape that was shown to lose nothing.

* No tables, one agent with `concurrency=1`, `noack()`; a record is acked after the commit of the transaction that
  holds what followed from it.
* Kafka's committed offset is a hint: on every assignment the position stored in PostgreSQL wins (`_faust_transport`).
  Nothing is ever reset to the oldest or newest record, and the topic's id is compared with the one that the positions
  were stored for.
* The agent only collects. One task of ours takes what has gathered, at most `BATCH_MAX` records, and runs `step.Step`
  on it in a thread, so that the event loop goes on heartbeating however long the database takes.
* The same task wakes states whose time has come, of the partitions that are assigned, when no records wait or at least
  every quarter of a second; it knows the times that it stored itself and is there when they come.
* A record that fails, alone, stops its partition only (`deliver.trials`): the partition is paused, what was fetched of
  it is dropped without an ack, and it is sought at its position when it goes on.
* A database or a broker that is away is waited for, for as long as it takes, inside the batch: the worker stays in
  its group. When Faust or aiokafka give up by themselves the process ends with EXIT_AWAY and the supervisor's next
  one waits before it joins.
* A crash notes its reason and ends the process at once with `os._exit`: no clean leave, nothing that could still ack.
  A stop drains within limits, and a timer behind it ends the process when Faust does not.

Private names of faust and aiokafka are used here and beside; hence their exact versions in pyproject.toml, and a test
that says which name is gone. Design, section 4.5.
"""

from __future__ import annotations

import asyncio
import logging
import math
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, NoReturn, TypeVar

import faust
import mode
from aiokafka.errors import (
    GroupAuthorizationFailedError,
    KafkaConnectionError,
    KafkaError,
    NoOffsetForPartitionError,
    OffsetOutOfRangeError,
    TopicAuthorizationFailedError,
)
from faust.types import TP
from yarl import URL

from pipeline import metrics
from pipeline.clock import Clock
from pipeline.collector import collect_seldom
from pipeline.deliver.trials import Trials
from pipeline.engines._faust_security import credentials
from pipeline.engines._faust_transport import StoredPositionTransport
from pipeline.engines.ending import end_process
from pipeline.engines.health import Health
from pipeline.engines.log_inspection import log_inspection
from pipeline.engines.step import Settle, Step
from pipeline.engines.wakes import Wakes
from pipeline.engines.watch import Watch, watch_interval
from pipeline.errors import (
    FatalError,
    PositionHoleError,
    RetryableError,
    SettingsError,
    StuckError,
    TopicRepartitionedError,
    TopicReplacedError,
    TopicTruncatedError,
    service_of,
)
from pipeline.kafka import EventProducer, TopicAdmin, denied
from pipeline.log.envelope import Record
from pipeline.log.log_batches import Inspect
from pipeline.log.notices import alarm
from pipeline.log.position import leading, over_gaps
from pipeline.log.topic_guard import truncated
from pipeline.ports import EventPublisher, Failpoints
from pipeline.processors.processor import Processor
from pipeline.settings import Kafka, Settings
from pipeline.stores.belief import Doubts
from pipeline.stores.postgres import Connection
from pipeline.stores.suspects import PostgresSuspects

log = logging.getLogger(__name__)

T = TypeVar("T")

EXIT_CRASH = 70
"""Something is wrong with us; the log says what."""
EXIT_AWAY = 75
"""Kafka was away for longer than the client library waits; the next process waits before it joins."""
EXIT_SETTINGS = 78
EXIT_HOLE = 80
"""Records were skipped: alarm `position_hole`."""
EXIT_STUCK = 81
"""There are records to handle, every service answers, and nothing moves."""
EXIT_TOPIC_REPLACED = 82
"""The topic is another one than the positions were stored for: alarm `topic_replaced`."""
EXIT_TOPIC_TRUNCATED = 83
"""The stored position is outside what Kafka has: alarm `topic_truncated`."""
EXIT_TOPIC_REPARTITIONED = 84
"""The topic has another number of partitions than the positions were stored for: alarm `topic_repartitioned`."""

BATCH_MAX = 500
"""Records of one transaction. Batches form by themselves while the transaction before runs, so a single record never waits for company."""
WAITING_MAX = 1_000
"""Records that are collected and not begun; a rebalance waits until they are done."""
RETRY_DELAY_MAX = 5.0
STAND_POLL = 0.25
"""Seconds between two looks whether a partition that stands may go on."""
SEEK_AGAIN = 3.0
"""Seconds after which a partition is sought again whose next record has not come."""
STUCK_AFTER = 120.0
"""Seconds without movement, with records to handle, after which a new process is better than this one."""
DRAIN_LIMIT = 8.0
LEAVE_LIMIT = 8.0
EXIT_LIMIT = 17.0
"""Seconds for what was begun, for leaving the group, and from the stop to the end in any case. The interface promises 30."""
ALARM_LIMIT = 5.0


def run_faust(
    processor: Processor[Any, Any, Any],
    *,
    settings: Settings,
    connect: Callable[[], Connection],
    publisher: EventPublisher,
    clock: Clock,
    failpoints: Failpoints,
    stop: threading.Event,
    on_health: Callable[[Health], None] = lambda _: None,
    on_exit: Callable[[], None] = lambda: None,
    settle: Settle[Any] | None = None,
    doubts: Doubts | None = None,
) -> int:
    """Run a processor until `stop` is set and return 0; any other end is the end of the process, by one of the exit codes above.

    `connect` opens a connection to PostgreSQL; `publisher` produces with every acknowledgement awaited; `settle`, `doubts` are the step's;
    `on_exit` is called, for a moment, before the process is ended in good order by itself: what cannot be left in time is not waited for.
    An error ends the whole process, so no other role may live in it. Raise SettingsError when `kafka.client` cannot be translated.
    """
    worker = _Worker(processor, settings, connect, publisher, clock, failpoints, stop, on_health, on_exit, settle, doubts)
    return asyncio.run(worker.run())


class _App(faust.App):  # type: ignore[misc]
    def _create_directories(self) -> None:
        """Make no folders: there are no tables to keep in them."""


class _Worker:
    def __init__(
        self,
        processor: Processor[Any, Any, Any],
        settings: Settings,
        connect: Callable[[], Connection],
        publisher: EventPublisher,
        clock: Clock,
        failpoints: Failpoints,
        stop: threading.Event,
        on_health: Callable[[Health], None],
        on_exit: Callable[[], None],
        settle: Settle[Any] | None,
        doubts: Doubts | None,
    ) -> None:
        self._processor, self._settings, self._clock, self._stop, self._on_health = processor, settings, clock, stop, on_health
        self._on_exit = on_exit
        self._credentials = credentials(settings.kafka.options())
        self._topics = [kind.topic(settings.kafka.topic_prefix) for kind in processor.consumes]
        self._step = Step(processor, connect=connect, publisher=publisher, clock=clock, failpoints=failpoints, settle=settle, doubts=doubts)
        book = PostgresSuspects(processor.name, self._step.use)
        self._trials = Trials(self._step, book=book, publisher=publisher, clock=clock)
        self._wakes = Wakes(self._step, waits=processor.waits, clock=clock, book=book)
        self._watch = Watch(
            processor.name, self._topics, connect=connect, admin=TopicAdmin(settings.kafka), clock=clock, stuck_after=STUCK_AFTER
        )
        inspect = log_inspection(settings.kafka)
        self._inspect: Inspect = lambda *place: self._watch.epochs.stamped(inspect(*place))
        self._passed: list[Record] = []  # found behind the last record of a partition
        self._waiting: deque[Any] = deque()
        self._gate: dict[tuple[str, int], int] = {}  # partitions that stand, or go on and are not there yet: the offset that comes next
        self._sought: dict[tuple[str, int], float] = {}  # those that go on, and when that was asked for
        self._some, self._room, self._idle = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self._app: Any = None
        self._closing = False
        self._ending = threading.Lock()

    async def run(self) -> int:
        """Wait for the services, start Faust, and end with it or with the stop."""
        stopped = asyncio.create_task(self._stop_asked(), name="stop")
        ready = asyncio.create_task(self._services_answer(), name="services")
        await asyncio.wait({stopped, ready}, return_when=asyncio.FIRST_COMPLETED)
        if not ready.done():
            self._arm_exit()
            ready.cancel()
            return 0
        self._raise_from(ready)
        app = self._app = self._make_app()
        collect_seldom()
        starting = asyncio.create_task(app.start(), name="faust")
        tasks = {
            starting,
            stopped,
            asyncio.create_task(app._crashed.wait(), name="crashed"),
            asyncio.create_task(self._work(), name="batches"),
            asyncio.create_task(self._keep_watch(app), name="watch"),
        }
        while not stopped.done():
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                self._raise_from(task)
                if task.get_name() == "crashed":
                    self._fail(app.crash_reason or FatalError("Faust stopped without a reason"))
            if starting in done:
                tasks.discard(starting)
                self._on_health(Health(healthy=True, note="working", partitions=len(self._assigned(app))))
        await self._leave(app)
        return 0

    def _raise_from(self, task: asyncio.Task[Any]) -> None:
        failure = None if task.cancelled() else task.exception()
        if failure is not None:
            self._fail(failure)

    async def _stop_asked(self) -> None:
        while not self._stop.is_set():
            await asyncio.sleep(0.1)

    async def _services_answer(self) -> None:
        """Return when topics and positions are there; Faust itself gives up when it starts without a broker."""
        delay = 0.2
        while True:
            try:
                return await asyncio.to_thread(self._watch.check_start)
            except RetryableError as error:
                delay = await self._pause(error, delay)

    def _make_app(self) -> Any:
        engine = self._settings.engine
        options: dict[str, Any] = {}
        if self._credentials is not None:
            options["broker_credentials"] = self._credentials
        app = _App(
            f"{self._settings.kafka.topic_prefix}{self._processor.name}",
            broker=[URL(f"kafka://{server.strip()}") for server in self._settings.kafka.bootstrap_servers.split(",")],
            broker_client_id="custodian",
            store="memory://",
            agent_supervisor=mode.CrashingSupervisor,
            topic_allow_declare=False,
            topic_disable_leader=True,
            table_standby_replicas=0,
            web_enabled=False,
            stream_wait_empty=True,
            producer_acks=-1,
            consumer_auto_offset_reset="none",
            # Stale metadata after a broker restart once kept a worker waiting for the default of five minutes.
            consumer_metadata_max_age_ms=5_000,
            consumer_group_instance_id=engine.member(self._processor.name),
            broker_session_timeout=engine.session_timeout,
            broker_heartbeat_interval=engine.session_timeout / 3,
            broker_commit_interval=1,
            broker_max_poll_records=BATCH_MAX,
            # A database that is away is waited for inside the batch; that must not look like a consumer that has died.
            broker_max_poll_interval=7 * 24 * 3600.0,
            **options,
        )
        app.transport = StoredPositionTransport(app.conf.broker_consumer, app, self._watch_or_fail)
        topic = app.topic(*self._topics, key_type=bytes, value_type=bytes, key_serializer="raw", value_serializer="raw")
        app.agent(topic, name=self._processor.name, concurrency=1)(self._collect)
        return app

    def _watch_or_fail(self, partitions: Sequence[tuple[str, int]]) -> dict[tuple[str, int], int]:
        """Tell the stored positions to the transport, in whose thread this runs."""
        try:
            stored = self._watch.stored(partitions)
            self._gate |= {partition: stored[partition] for partition in self._gate.keys() & stored.keys()}
            self._trials.begin(partitions)
            return stored
        except RetryableError as error:
            log.warning("the stored positions cannot be read yet", extra={"reason": str(error)})
            raise
        except BaseException as error:
            self._fail(error)

    async def _collect(self, stream: Any) -> None:
        """The agent: collect records and leave the rest to `_work`. What is collected is not acked."""
        async for event in stream.noack().events():
            while self._closing or len(self._waiting) >= WAITING_MAX:
                self._room.clear()
                await self._room.wait()
            self._waiting.append(event)
            self._some.set()

    async def _work(self) -> None:
        while True:
            if not self._waiting and not self._passed and not self._wakes_now():
                self._some.clear()
                self._idle.set()
                await self._some_or_due()
            self._idle.clear()
            if self._waiting or self._passed:
                batch = [self._waiting.popleft() for _ in range(min(len(self._waiting), BATCH_MAX))]
                if self._gate:
                    batch = [event for event in batch if self._comes_next(event.message)]
                if not self._closing:
                    self._room.set()
                passed, self._passed = self._passed, []
                records = [*passed, *self._watch.epochs.stamped([_record(event.message) for event in batch])]
                standing = await self._until_done(partial(over_gaps, self._trials.deliver, records, self._inspect))
                for event in batch:
                    if not standing or event.message.offset < standing.get(_partition(event.message), math.inf):
                        event.ack()
                if standing:
                    self._stand(standing)
            if self._gate and not self._closing:
                await self._go_on()
            if self._wakes_now():
                await self._until_done(lambda: self._wakes.look(self._numbers()))

    # A record that fails: its partition stands, what else comes of it is dropped without an ack, and it is sought again when it goes on.

    def _comes_next(self, message: Any) -> bool:
        """Tell whether a record is to be handled: of a partition that stands only the one that comes next, once it may go on."""
        partition = _partition(message)
        expected = self._gate.get(partition)
        if expected is None or message.offset < expected:
            return True
        if message.offset > expected or self._trials.stands(partition):
            return False
        del self._gate[partition]
        self._sought.pop(partition, None)
        return True

    def _stand(self, standing: Mapping[tuple[str, int], int]) -> None:
        self._gate |= standing
        self._app.consumer.pause_partitions({TP(*partition) for partition in standing})

    async def _go_on(self) -> None:
        """Seek partitions that may go on; again when what comes next does not come, since what was fetched before may have come between."""
        now = self._clock.monotonic()
        released = await self._until_done(self._trials.released)
        late = [partition for partition, at in self._sought.items() if now - at > SEEK_AGAIN]
        assigned = set(self._assigned(self._app))
        seek = {TP(*partition): self._gate[partition] for partition in {*released, *late} & assigned & self._gate.keys()}
        if seek:
            await self._app.consumer.seek_wait(seek)
            self._app.consumer.resume_partitions(set(seek))
            self._sought |= {(tp.topic, tp.partition): now for tp in seek}

    def _wakes_now(self) -> bool:
        """Tell whether it is time to look for states that are due."""
        return not self._closing and self._wakes.rest() <= 0

    async def _some_or_due(self) -> None:
        """Wait for a record, or until states are to be looked at."""
        patience = min(self._wakes.rest(), STAND_POLL if self._gate else math.inf)
        if patience == math.inf:
            await self._some.wait()
            return
        with suppress(TimeoutError):
            await asyncio.wait_for(self._some.wait(), max(patience, 0.001))

    def _numbers(self) -> list[int]:
        """Return the partition numbers whose states are ours to wake: those of the first topic that are assigned."""
        return sorted(number for topic, number in self._assigned(self._app) if topic == self._topics[0])

    async def _until_done(self, transact: Callable[[], T]) -> T:
        """Run a transaction, again and again while a service is away."""
        delay = 0.1
        while True:
            try:
                done = await asyncio.to_thread(transact)
            except RetryableError as error:
                delay = await self._pause(error, delay)
            else:
                self._watch.moved()
                return done

    async def _pause(self, error: RetryableError, delay: float) -> float:
        """Wait after a failure that passes, and return the next delay."""
        self._watch.waiting(str(error))
        metrics.retried(self._processor.name, service_of(error))
        log.warning("waiting for a service", extra={"reason": str(error), "delay_seconds": delay})
        self._on_health(Health(healthy=False, note=str(error)))
        await asyncio.sleep(error.retry_after or delay)
        return min(delay * 2, RETRY_DELAY_MAX)

    async def _keep_watch(self, app: Any) -> None:
        while True:
            await asyncio.sleep(watch_interval(STUCK_AFTER))
            assigned = self._assigned(app)
            try:
                lag = await asyncio.to_thread(self._watch.look, assigned)
                for (topic, number), (offset, end) in self._watch.stands.items() if assigned else ():
                    # Nothing may come after the mark of a transaction, so nobody is told that the position can go on.
                    self._passed += leading(await asyncio.to_thread(self._inspect, topic, number, offset, end), offset)
                    self._some.set()
            except RetryableError as error:
                self._watch.waiting(str(error))
                self._on_health(Health(healthy=False, note=str(error), partitions=len(assigned)))
            else:
                metrics.LAG.labels(self._processor.name).set(lag)
                if not self._watch.reason:
                    self._on_health(Health(healthy=True, note="working", lag=lag, partitions=len(assigned)))

    @staticmethod
    def _assigned(app: Any) -> list[tuple[str, int]]:
        try:
            return [(tp.topic, tp.partition) for tp in app.consumer.assignment()]
        except Exception:  # the consumer's thread has not begun yet
            return []

    async def _leave(self, app: Any) -> None:
        """Finish what is begun and leave the group, each within its limit; end the process when one of them cannot be had."""
        self._arm_exit()
        self._closing = True
        log.info("stopping")
        # What waits for a service is not finished by waiting longer; it is not acked, so nothing of it is lost.
        await asyncio.wait({asyncio.create_task(self._idle.wait())}, timeout=1.0 if self._watch.reason else DRAIN_LIMIT)
        leaving = asyncio.create_task(app.stop())
        await asyncio.wait({leaving}, timeout=LEAVE_LIMIT)
        if not leaving.done() or not self._idle.is_set():
            log.warning("something did not end in time; what was not committed is done by the next worker")
            self._on_health(Health(healthy=False, note="stopped"))
            self._exit_in_order()
        self._on_health(Health(healthy=False, note="stopped"))
        self._step.close()
        self._watch.close()

    def _arm_exit(self) -> None:
        timer = threading.Timer(EXIT_LIMIT, self._exit_in_order)
        timer.daemon = True
        timer.start()

    def _exit_in_order(self) -> NoReturn:
        self._on_exit()
        end_process(0)

    def _fail(self, error: BaseException) -> NoReturn:
        """Note why and end the process at once, from whatever thread: nothing may still ack."""
        error = in_our_words(error, self._settings.kafka)
        with self._ending:
            code, kind = verdict(error)
            log.critical("the worker ends", exc_info=error, extra={"reason": str(error), "exit_code": code})
            if kind is not None:
                self._last_words(kind, error)
            self._on_health(Health(healthy=False, note=str(error)))
            end_process(code)

    def _last_words(self, kind: str, error: BaseException) -> None:
        """Raise the alarm through a producer of its own, as well as a few seconds allow."""
        subject = ", ".join(self._topics)
        notice = alarm(
            kind=kind,
            severity="critical",
            venue=None,
            subject=subject[:512],
            detail={"consumer": self._processor.name, "reason": str(error)[:2000]},
            now=self._clock.now(),
            source=self._processor.source,
            identity=(str(error)[:2000],),
        )

        def publish() -> None:
            EventProducer(self._settings.kafka, linger_ms=0).publish([notice])

        last = threading.Thread(target=publish, daemon=True)
        last.start()
        last.join(ALARM_LIMIT)


def in_our_words(error: BaseException, kafka: Kafka) -> BaseException:
    """Return our error for aiokafka's that says what a truncated topic means, or what Kafka denies us; any other as it is."""
    cause: BaseException | None = error
    while cause is not None:  # aiokafka wraps what ended its coordination
        if isinstance(cause, TopicAuthorizationFailedError | GroupAuthorizationFailedError):
            resource = "topic" if isinstance(cause, TopicAuthorizationFailedError) else "group"
            return denied(kafka, "Read", resource, " ".join(map(str, cause.args)))
        cause = cause.__cause__
    if isinstance(error, OffsetOutOfRangeError):
        positions: Any = error.args[0] if error.args else ()
        for at in positions:
            return truncated(at.topic, at.partition)
    return error


def verdict(error: BaseException) -> tuple[int, str | None]:
    """Return the exit code for an error, and the kind of alarm that it deserves, if any."""
    match error:
        case PositionHoleError() | NoOffsetForPartitionError():
            return EXIT_HOLE, "position_hole"
        case TopicReplacedError():
            return EXIT_TOPIC_REPLACED, "topic_replaced"
        case TopicTruncatedError():
            return EXIT_TOPIC_TRUNCATED, "topic_truncated"
        case TopicRepartitionedError():
            return EXIT_TOPIC_REPARTITIONED, "topic_repartitioned"
        case StuckError():
            return EXIT_STUCK, None
        case SettingsError():
            return EXIT_SETTINGS, None
        case RetryableError() | KafkaConnectionError():
            return EXIT_AWAY, None
        case KafkaError(retriable=True):
            return EXIT_AWAY, None
        case _:
            return EXIT_CRASH, None


def _partition(message: Any) -> tuple[str, int]:
    return message.topic, message.partition


def _record(message: Any) -> Record:
    return Record(
        topic=message.topic,
        partition=message.partition,
        offset=message.offset,
        key=message.key,
        value=message.value or b"",
        headers=list(message.headers or ()),
        timestamp_ms=round(message.timestamp * 1000) if message.timestamp else 0,
    )
