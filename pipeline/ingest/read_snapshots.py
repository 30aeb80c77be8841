"""Reading compliance snapshots of pending proposals: each once, again while the venue is away, never in the way of orders and quotes.

Several readers share one `SnapshotReader`; all of them pause after the venue was away or busy.
"""

from __future__ import annotations

import asyncio
import logging

from pipeline import metrics
from pipeline.clock import Clock
from pipeline.errors import ContractBreachError, PoisonRecordError, RetryableError, SettingsError
from pipeline.ingest.items import outgoing_of
from pipeline.ingest.outbox import Item
from pipeline.ingest.pauses import Pauses
from pipeline.ingest.record import RecordBook
from pipeline.ports import Reading, Sighting, SnapshotState, VenueConnector

log = logging.getLogger(__name__)

READERS = 4
"""Snapshots that are read at once: as many as orders by name."""


class SnapshotReader:
    """Reads the snapshots that are due at one venue."""

    def __init__(self, connector: VenueConnector, book: RecordBook, *, clock: Clock, pauses: Pauses) -> None:
        """`pauses` are those after the venue was away or busy."""
        self._connector, self._book = connector, book
        self._clock, self._pauses = clock, pauses
        self._paused_until = 0.0

    async def run(self) -> None:
        """Be one of the readers, for ever; raise what is a fault of the program."""
        while True:
            intent = await self._book.evidence.next_snapshot()
            try:
                await self._resumed()
                await self._note(intent, await self._connector.read_compliance(intent, lane="evidence"))
            except RetryableError as error:
                self._failed(intent, error)
            except (ContractBreachError, SettingsError, PoisonRecordError) as error:
                log.warning("venue %s: the compliance snapshot of %s is not to be had: %s", self._connector.venue, intent, error)
                await self._became(intent, "unreadable")
            else:
                self._pauses.reset()

    async def _resumed(self) -> None:
        while (left := self._paused_until - self._clock.monotonic()) > 0:
            await asyncio.sleep(left)

    async def _note(self, intent: str, reading: Reading) -> None:
        if reading.absent is not None:
            await self._became(intent, "absent")
            return
        read = [seen for seen in reading.seen if isinstance(seen, Sighting)]
        await self._book.note([seen for seen in reading.seen if not isinstance(seen, Sighting)])  # to the dead letters
        if not read:
            await self._became(intent, "unreadable")
            return
        now = self._clock.now()
        *others, last = [Item(outgoing=outgoing_of(seen, now)) for seen in read]
        await self._book.outbox.put([*others, Item(outgoing=last.outgoing, evidence=self._book.evidence.snapshot_is(intent, "read"))])
        metrics.RECORDS.labels("ingest", "compliance_read").inc()

    async def _became(self, intent: str, state: SnapshotState) -> None:
        metrics.RECORDS.labels("ingest", f"compliance_{state}").inc()
        await self._book.outbox.put([Item(evidence=self._book.evidence.snapshot_is(intent, state))])

    def _failed(self, intent: str, error: RetryableError) -> None:
        pause = self._pauses.next(error.retry_after)
        self._paused_until = self._clock.monotonic() + pause
        metrics.RETRIES.labels("ingest", "compliance").inc()
        log.warning(
            "venue %s: the compliance snapshot of %s could not be read, next try in %.1f s: %s", self._connector.venue, intent, pause, error
        )
        self._book.evidence.put_off(intent)
