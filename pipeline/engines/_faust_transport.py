"""Faust's Kafka transport with the stored position in the place of Kafka's committed offset.

Faust and aiokafka ask the broker "what is committed?" when partitions are assigned, and again whenever flow was
suspended. Both questions are answered here from PostgreSQL, also for offset 0, so a committed offset that is ahead,
behind or deleted changes nothing. Seeking from a signal or after a delay does not hold: between the assignment and
the seek Faust has already read on from the committed offset.

This leans on private names of exactly pinned versions; `missing_names` tells which of them are gone.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
import types
from collections.abc import Callable, Coroutine, Generator, Iterable, Mapping, Sequence
from typing import Any, ClassVar

import aiokafka.consumer.consumer
import aiokafka.consumer.fetcher
import aiokafka.consumer.group_coordinator
import faust.transport.consumer
import mode
from aiokafka import TopicPartition
from aiokafka.errors import GroupLoadInProgressError
from aiokafka.structs import OffsetAndMetadata
from faust.transport.drivers import aiokafka as driver
from faust.types import TP
from mode.services import WaitResults

from pipeline.errors import RetryableError

Partition = tuple[str, int]
Positions = Callable[[Sequence[Partition]], Mapping[Partition, int]]
"""Tells the stored next offsets; blocking. Raises RetryableError while nobody answers; it handles what is fatal itself."""

PAUSE = 0.5
"""Seconds between two tries to read the stored positions."""


class _Plainly(logging.Filter):
    """Says for an operator what mode says for its authors: nothing is wrong but the machine, and the thread goes on by itself."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Reword the one line; every other stays as it is."""
        if "keepalive is not responding" in str(record.msg):
            record.levelno, record.levelname = logging.WARNING, "WARNING"
            record.msg, record.args = "the Kafka client has not had its turn for 3 s: this machine is too busy; it goes on by itself", ()
        return True


logging.getLogger(__name__).addFilter(_Plainly())


class StoredPositionThread(driver.AIOKafkaConsumerThread):  # type: ignore[misc]
    """The thread that owns the aiokafka consumer; positions are read in an executor of its own loop, so that it goes on heartbeating."""

    async def on_start(self) -> None:
        """Start the consumer and put our answer in the place of the coordinator's."""
        await super().on_start()
        self._ensure_consumer()._coordinator._do_fetch_commit_offsets = self._stored_as_committed

    def _create_worker_consumer(self, transport: Any) -> Any:
        consumer = super()._create_worker_consumer(transport)
        # What a transaction took back must have no effect: an answer that was aborted is none. Faust asks for it all.
        consumer._isolation_level = "read_committed"
        return consumer

    async def _stored_as_committed(self, partitions: Iterable[Any]) -> dict[Any, Any]:
        """Answer aiokafka's question what is committed; it asks again after a retriable error."""
        try:
            stored = await asyncio.to_thread(self._positions, [(tp.topic, tp.partition) for tp in partitions])
        except RetryableError as error:
            raise GroupLoadInProgressError(str(error)) from None
        return {TopicPartition(topic, partition): OffsetAndMetadata(offset, "") for (topic, partition), offset in stored.items()}

    async def seek_to_committed(self) -> Mapping[Any, int]:
        """Seek every assigned partition to its stored position."""
        found: Mapping[Any, int] = await self.call_thread(self._seek_to_stored)
        return found

    async def _seek_to_stored(self) -> dict[Any, int]:
        consumer = self._ensure_consumer()
        while True:
            assigned = [(tp.topic, tp.partition) for tp in consumer.assignment()]
            try:
                stored = await asyncio.to_thread(self._positions, assigned)
                break
            except RetryableError:
                await asyncio.sleep(PAUSE)
        sought = {}
        for topic, partition in assigned:
            tp = TopicPartition(topic, partition)
            if tp in consumer.assignment():  # it may have been taken away while the database was asked
                consumer.seek(tp, stored[topic, partition])
                sought[TP(topic, partition)] = stored[topic, partition]
        return sought

    def _positions(self, partitions: Sequence[Partition]) -> Mapping[Partition, int]:
        positions: Positions = self.transport.positions
        return positions(partitions)


class PromptDelivery(mode.Service):  # type: ignore[misc]
    """A part of Faust's consumer: a record that its queue takes at once is delivered without any task."""

    async def wait_first(self, *waits: Any, timeout: Any = None) -> WaitResults:
        """Do as Faust's, without its tasks where the first of two coroutines need not wait.

        Faust waits so for every record: for its delivery, a suspension, the stop or a crash, whichever comes first. That is four tasks, of
        which three are cancelled, and a third of what a record costs. A delivery that need not wait comes first in any case.
        """
        if len(waits) != 2 or timeout is not None or not all(map(asyncio.iscoroutine, waits)):
            return await super().wait_first(*waits, timeout=timeout)
        delivery, suspension = waits
        try:
            waits_for = delivery.send(None)
        except StopIteration as delivered:
            suspension.close()
            return WaitResults([delivery], [delivered.value], self._stopped.is_set() or self._crashed.is_set())
        except BaseException:
            suspension.close()
            raise
        return await super().wait_first(_rest_of(delivery, waits_for), suspension)


class StoredPositionConsumer(PromptDelivery, driver.Consumer):  # type: ignore[misc]
    """Faust's consumer, whose own record of what was read and acked starts anew at the stored position."""

    def _new_consumer_thread(self) -> StoredPositionThread:
        return StoredPositionThread(self, loop=self.loop, beacon=self.beacon)

    async def perform_seek(self) -> None:
        """Seek all assigned partitions to their stored positions and forget acks of what was read before."""
        for tp, offset in (await self.seek_to_committed()).items():
            for book in (self._acked, self._acked_index, self._gap):
                book.pop(tp, None)
            self._read_offset[tp] = offset or None
            self._committed_offset[tp] = offset or None


async def _rest_of(begun: Coroutine[Any, Any, Any], waits_for: Any) -> Any:
    """Finish a coroutine that has begun and waits for something, in the task that awaits this."""
    return await _resumed(begun, waits_for)


@types.coroutine
def _resumed(begun: Coroutine[Any, Any, Any], waits_for: Any) -> Generator[Any, Any, Any]:
    try:
        while True:
            try:
                sent = yield waits_for
            except GeneratorExit:
                begun.close()
                raise
            except BaseException as error:
                waits_for = begun.throw(error)
            else:
                waits_for = begun.send(sent)
    except StopIteration as finished:
        return finished.value


class StoredPositionTransport(driver.Transport):  # type: ignore[misc]
    """The transport to be put into a Faust app: `app.transport = StoredPositionTransport(url, app, positions)`."""

    Consumer: ClassVar[type[Any]] = StoredPositionConsumer

    def __init__(self, url: Any, app: Any, positions: Positions) -> None:
        super().__init__(url, app)
        self.positions = positions


_NAMES: Mapping[Any, tuple[str, ...]] = {
    driver.AIOKafkaConsumerThread: ("on_start", "seek_to_committed", "call_thread", "_ensure_consumer", "_create_worker_consumer"),
    driver.Consumer: ("_new_consumer_thread", "seek_to_committed"),
    faust.transport.consumer.Consumer: ("perform_seek", "getmany", "wait_empty", "wait_first", "_drain_messages"),
    aiokafka.consumer.consumer.AIOKafkaConsumer: ("assignment", "seek", "committed", "seek_to_committed"),
    aiokafka.consumer.group_coordinator.GroupCoordinator: (
        "_do_fetch_commit_offsets",
        "fetch_committed_offsets",
        "_maybe_refresh_commit_offsets",
    ),
}
_MENTIONS: Mapping[Any, tuple[str, ...]] = {
    faust.transport.consumer.Consumer.__init__: ("_acked", "_acked_index", "_gap", "_read_offset", "_committed_offset"),
    faust.transport.consumer.Consumer.getmany: ("perform_seek",),
    faust.transport.consumer.Consumer._drain_messages: ("callback(message), self.suspend_flow.wait()", "yield_every"),
    driver.AIOKafkaConsumerThread.on_start: ("_consumer",),
    aiokafka.consumer.consumer.AIOKafkaConsumer.start: ("_coordinator", "isolation_level=self._isolation_level"),
    aiokafka.consumer.consumer.AIOKafkaConsumer.committed: ("fetch_committed_offsets",),
    aiokafka.consumer.group_coordinator.GroupCoordinator._maybe_refresh_commit_offsets: ("_do_fetch_commit_offsets",),
    aiokafka.consumer.group_coordinator.GroupCoordinator.fetch_committed_offsets: ("_do_fetch_commit_offsets",),
    aiokafka.consumer.fetcher.Fetcher._update_fetch_positions: ("fetch_committed",),
}


def missing_names() -> list[str]:
    """Return a sentence for each private name of faust and aiokafka that this module leans on and that is gone."""
    gone = [
        f"{owner.__module__}.{owner.__qualname__} has no {name}"
        for owner, names in _NAMES.items()
        for name in names
        if not hasattr(owner, name)
    ]
    for function, names in _MENTIONS.items():
        text = inspect.getsource(function)
        gone += [f"{function.__module__}.{function.__qualname__} no longer uses {name}" for name in names if name not in text]
    return gone
