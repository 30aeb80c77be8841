"""The librdkafka engine: a processor on the batch loop of the sinks, for volume.

The loop (`pipeline.deliver.loop`) owns the assignment, the stored positions that win over Kafka's, the pauses while a service is away and
the watch over what stands still; `step.Step` owns the transaction and `deliver.trials` finds the record that fails, as on Faust. Beside it
here: states that wait are woken between two batches, and a stop ends the process in time whatever hangs.

* Group membership is cooperative: a worker that joins or leaves takes only what moves from the others' hands.
* Memory is bounded by one batch and librdkafka's queue of 32 MB; a service that is away pauses the partitions and keeps the membership.
* Errors are raised rather than exited on: nothing here acks in the background, so a clean leave gives nothing away.

Design, section 4.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from pipeline.clock import Clock
from pipeline.deliver import loop as batch_loop
from pipeline.deliver.ports import Partition
from pipeline.deliver.trials import Trials
from pipeline.engines.ending import end_process
from pipeline.engines.health import Health
from pipeline.engines.log_inspection import log_inspection
from pipeline.engines.step import Settle, Step
from pipeline.engines.wakes import Wakes
from pipeline.kafka import BatchConsumer, TopicAdmin
from pipeline.ports import EventPublisher, Failpoints
from pipeline.processors.processor import Processor
from pipeline.settings import Settings
from pipeline.stores.belief import Doubts
from pipeline.stores.postgres import Connection
from pipeline.stores.suspects import PostgresSuspects

log = logging.getLogger(__name__)

EXIT_LIMIT = 17.0
"""Seconds from the stop to the end in any case: an output that Kafka does not acknowledge is waited for longer than that, and what is not
committed is done by the next worker. The role's own limit, which counts as an end to be looked at, is three seconds later."""


def run_librdkafka(
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
    """Run a processor until `stop` is set and return 0; the process ends with 0 as well when it cannot be left in time.

    `connect` opens a connection to PostgreSQL; `publisher` produces with every acknowledgement awaited; `settle`, `doubts` are the step's;
    `on_exit` is called, for a moment, before the process is ended in good order by itself.
    Raise FatalError when somebody has to look, after its alarm: PositionHoleError, TopicReplacedError, TopicRepartitionedError,
    TopicTruncatedError; StuckError; and SettingsError when PostgreSQL no longer lets us in.
    """
    step = Step(processor, connect=connect, publisher=publisher, clock=clock, failpoints=failpoints, settle=settle, doubts=doubts)
    book = PostgresSuspects(processor.name, step.use)
    topics = [kind.topic(settings.kafka.topic_prefix) for kind in processor.consumes]
    loop = batch_loop.DeliverLoop(
        delivery=Trials(step, book=book, publisher=publisher, clock=clock),
        open_source=partial(
            BatchConsumer,
            settings.kafka,
            group=f"{settings.kafka.topic_prefix}{processor.name}",
            topics=topics,
            session_timeout=settings.engine.session_timeout,
            instance_id=settings.engine.member(processor.name),
        ),
        topic_reader=TopicAdmin(settings.kafka),
        publisher=publisher,
        clock=clock,
        stop=stop,
        timers=_Timers(Wakes(step, waits=True, clock=clock, book=book), topics[0]) if processor.waits else None,
        on_health=_Told(on_health),
        inspect=log_inspection(settings.kafka),
    )
    ended = threading.Event()
    threading.Thread(target=_end_in_time, args=(stop, ended, on_exit), name="stop", daemon=True).start()
    try:
        loop.run()
    finally:
        ended.set()
    return 0


def _end_in_time(stop: threading.Event, ended: threading.Event, on_exit: Callable[[], None]) -> None:
    """End the process when the loop has not ended within the limit after the stop."""
    while not stop.wait(1.0):
        if ended.is_set():
            return
    if not ended.wait(EXIT_LIMIT):
        log.warning("something did not end in time; what was not committed is done by the next worker")
        on_exit()
        end_process(0)


class _Timers:
    """Wakes the states of those partition numbers of the first topic that are assigned: one worker has each of them."""

    def __init__(self, wakes: Wakes, topic: str) -> None:
        self._wakes, self._topic = wakes, topic

    def rest(self) -> float:
        return self._wakes.rest()

    def wake(self, partitions: Sequence[Partition]) -> None:
        self._wakes.look(sorted(number for topic, number in partitions if topic == self._topic))


class _Told:
    """Passes on what the loop says of itself, when it says something new."""

    def __init__(self, on_health: Callable[[Health], None]) -> None:
        self._on_health = on_health
        self._last: Health | None = None

    def __call__(self, health: batch_loop.Health) -> None:
        said = Health(
            healthy=health.waiting_for is None,
            note="working" if health.waiting_for is None else health.reason or health.waiting_for,
            lag=health.lag,
            partitions=health.partitions,
        )
        if said != self._last:
            self._last = said
            self._on_health(said)
