"""From the outbox into Kafka, and then into the store: nothing is written down before Kafka has acknowledged it.

Two loops: one publishes batches in their order, one stores facts and cursor of what was acknowledged, as often as the database lets it.
A crash between them repeats records with the same ids; it loses none.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from queue import SimpleQueue

from pipeline import metrics
from pipeline.clock import Clock
from pipeline.errors import FatalError, PoisonRecordError, RetryableError
from pipeline.ingest.lease import HeldLease
from pipeline.ingest.outbox import Item, Outbox
from pipeline.ingest.pauses import Pauses
from pipeline.log import topics
from pipeline.log.envelope import Outgoing
from pipeline.log.notices import dead_letter
from pipeline.ports import Cursor, EventPublisher, EvidenceStep, Fact, Failpoints, IngestStore, UnfinishedStep

log = logging.getLogger(__name__)

BATCH_ITEMS_MAX = 1_000
BATCH_BYTES_MAX = 2 * 1024 * 1024
UNSTORED_MAX = 20_000
"""Items that Kafka has and the database does not: beyond it publishing waits, and a crash repeats no more than these."""

STORE_PAUSE = 0.05
"""Seconds for which what is acknowledged gathers before it is stored: nobody waits for it, and twenty commits a second cost less than two
hundred. A crash repeats that much more."""


class Keeper:
    """Stores facts, open orders, evidence, what is unfinished and the cursor of what Kafka has acknowledged."""

    def __init__(self, store: IngestStore, lease: HeldLease, venue: str, cursor: Cursor, *, failpoints: Failpoints, pauses: Pauses) -> None:
        """`cursor` is the stored one."""
        self._store, self._lease, self._venue = store, lease, venue
        self.cursor = cursor
        self._failpoints, self._pauses = failpoints, pauses
        self._facts: list[Fact] = []
        self._turns: dict[str, bool] = {}
        self._evidence: dict[str, EvidenceStep] = {}
        self._unfinished: dict[str, UnfinishedStep] = {}
        self._done: list[Callable[[], None]] = []
        self._pending = False
        self._storing = False
        self._changed = asyncio.Condition()

    async def add(self, batch: Sequence[Item]) -> None:
        """Take what a published batch allows to be written down; waits while the database is too far behind."""
        async with self._changed:
            await self._changed.wait_for(lambda: len(self._facts) < UNSTORED_MAX)
            for item in batch:
                if item.fact is not None:
                    self._facts.append(item.fact)
                    self._pending = True
                if item.opened is not None:
                    self._turns[item.opened] = True
                    self._pending = True
                if item.closed is not None:
                    self._turns[item.closed] = False
                    self._pending = True
                if item.evidence is not None:
                    earlier = self._evidence.get(item.evidence.intent_id)
                    self._evidence[item.evidence.intent_id] = item.evidence if earlier is None else earlier.then(item.evidence)
                    self._pending = True
                if item.unfinished is not None:
                    before = self._unfinished.pop(item.unfinished.intent_id, None)
                    step = item.unfinished if before is None else before.then(item.unfinished)
                    if step is not None:
                        self._unfinished[step.intent_id] = step
                    self._pending = True
                if item.step is not None:
                    self.cursor = item.step(self.cursor)
                    self._pending = True
                if item.done is not None:
                    self._done.append(item.done)
                    self._pending = True
            if self._pending:
                self._changed.notify_all()

    async def run(self) -> None:
        """Store for ever; raise LeaseLostError when somebody else speaks for the venue, FatalError."""
        while True:
            async with self._changed:
                await self._changed.wait_for(lambda: self._pending)
            await asyncio.sleep(STORE_PAUSE)
            await self._store_once()

    async def flushed(self) -> None:
        """Wait until everything taken is stored (by `run`)."""
        async with self._changed:
            await self._changed.wait_for(lambda: not self._pending and not self._storing)

    async def _store_once(self) -> None:
        facts, self._facts = self._facts, []
        turns, self._turns = self._turns, {}
        evidence, self._evidence = [*self._evidence.values()], {}
        unfinished, self._unfinished = [*self._unfinished.values()], {}
        done, self._done = self._done, []
        cursor = self.cursor
        self._pending, self._storing = False, True
        opened = [intent for intent, is_open in turns.items() if is_open]
        closed = [intent for intent, is_open in turns.items() if not is_open]
        while True:
            try:
                self._failpoints.reach("ingest.before_cursor_commit")
                await asyncio.to_thread(
                    self._store.advance,
                    self._lease.grant,
                    self._venue,
                    cursor,
                    facts=facts,
                    opened=opened,
                    closed=closed,
                    evidence=evidence,
                    unfinished=unfinished,
                )
                self._failpoints.reach("ingest.after_cursor_commit")
                break
            except RetryableError as error:
                pause = self._pauses.next(error.retry_after)
                metrics.retried("ingest", "PostgreSQL")
                log.warning("venue %s: the cursor is not stored, next try in %.1f s: %s", self._venue, pause, error)
                await asyncio.sleep(pause)
        self._pauses.reset()
        for call in done:
            call()
        async with self._changed:
            self._storing = False
            self._changed.notify_all()


class Publishing:
    """Publishes what the outbox holds, in its order."""

    def __init__(
        self,
        publisher: EventPublisher,
        outbox: Outbox,
        keeper: Keeper,
        lease: HeldLease,
        *,
        venue: str,
        clock: Clock,
        failpoints: Failpoints,
        pauses: Pauses,
    ) -> None:
        """Publish only while the lease is certainly ours."""
        self._publisher, self._outbox, self._keeper, self._lease = publisher, outbox, keeper, lease
        self._venue, self._clock, self._failpoints, self._pauses = venue, clock, failpoints, pauses
        self._thread = _Thread()

    async def run(self) -> None:
        """Publish for ever; raise FatalError when the producer is broken."""
        try:
            while True:
                await self._publish_next()
        finally:
            self._thread.close()

    async def _publish_next(self) -> None:
        batch = await self._outbox.take(items_max=BATCH_ITEMS_MAX, bytes_max=BATCH_BYTES_MAX)
        began = self._clock.monotonic()
        events = [item.outgoing for item in batch if item.outgoing is not None]
        if events:
            await self._publish(events)
            self._failpoints.reach("ingest.after_produce")
            metrics.ingested("published", len(events))
            metrics.BATCH_SECONDS.labels("ingest").observe(self._clock.monotonic() - began)
        await self._keeper.add(batch)
        await self._outbox.release(batch)
        metrics.QUEUE.labels(self._venue).set(len(self._outbox))

    async def _publish(self, events: list[Outgoing]) -> None:
        """Publish until Kafka has them; what it refuses for its size becomes a dead letter."""
        while True:
            await self._lease.certain()
            try:
                await self._thread.run(partial(self._publisher.publish, events))
            except PoisonRecordError as error:
                if len(events) > 1:  # the others are published again with the same ids
                    half = len(events) // 2
                    await self._publish(events[:half])
                    await self._publish(events[half:])
                    return
                if events[0].envelope.kind is topics.DEAD_LETTER:
                    raise FatalError(f"Kafka refuses even a dead letter ({error.reason}); raise message.max.bytes to 1 MiB") from None
                events = [self._refused(events[0], error.reason)]
            except RetryableError as error:
                pause = self._pauses.next(error.retry_after)
                metrics.retried("ingest", "Kafka")
                log.warning("venue %s: Kafka did not take %d records, next try in %.1f s: %s", self._venue, len(events), pause, error)
                await asyncio.sleep(pause)
            else:
                self._pauses.reset()
                return

    def _refused(self, event: Outgoing, reason: str) -> Outgoing:
        metrics.dead_lettered("ingest", "read")
        return dead_letter(venue=self._venue, origin="read", body=event.value[: 256 * 1024], reason=reason, now=self._clock.now())


class _Thread:
    """One thread for calls that may take half a minute: a daemon, so that nobody waits for it when the process ends.

    It is kept between calls, since the event loop stands still while a thread starts.
    """

    def __init__(self) -> None:
        self._calls: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._started = False

    async def run(self, call: Callable[[], None]) -> None:
        """Run a call in the thread and raise what it raises."""
        loop = asyncio.get_running_loop()
        ended: asyncio.Future[None] = loop.create_future()

        def note(error: BaseException | None) -> None:
            if not ended.done():
                if error is None:
                    ended.set_result(None)
                else:
                    ended.set_exception(error)

        def run() -> None:
            failure: BaseException | None = None
            try:
                call()
            except BaseException as error:
                failure = error
            with suppress(RuntimeError):  # the loop has ended meanwhile
                loop.call_soon_threadsafe(note, failure)

        if not self._started:
            self._started = True
            threading.Thread(target=self._serve, name="publish", daemon=True).start()
        self._calls.put(run)
        await ended

    def close(self) -> None:
        """Let the thread end after the call that it is at."""
        self._calls.put(None)

    def _serve(self) -> None:
        while (call := self._calls.get()) is not None:
            call()
