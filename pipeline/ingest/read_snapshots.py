"""Reading compliance snapshots of pending proposals: each once, again while the venue is away, never in the way of orders and quotes.

Several readers share one `SnapshotReader`. A snapshot that cannot be had now is tried again after a pause of its own, which grows; what the
venue asks for (Retry-After) holds for all.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Literal

from pipeline import metrics
from pipeline.clock import Clock
from pipeline.errors import ContractBreachError, PoisonRecordError, RetryableError, SettingsError
from pipeline.ingest.items import lacking_snapshot, outgoing_of
from pipeline.ingest.outbox import Item
from pipeline.ingest.pauses import Pauses
from pipeline.ingest.record import RecordBook
from pipeline.ports import Reading, Sighting, VenueConnector

log = logging.getLogger(__name__)

READERS = 4
"""Snapshots that are read at once: as many as orders by name."""


class SnapshotReader:
    """Reads the snapshots that are due at one venue."""

    def __init__(self, connector: VenueConnector, book: RecordBook, *, clock: Clock, pauses: Callable[[], Pauses]) -> None:
        """`pauses` makes those of one snapshot, after the venue was away or busy."""
        self._connector, self._book = connector, book
        self._clock, self._pauses = clock, pauses
        self._failing: dict[str, Pauses] = {}
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
                await self._lacks(intent, "unreadable")
            else:
                self._failing.pop(intent, None)
            finally:
                self._book.evidence.landed(intent)

    async def _resumed(self) -> None:
        while (left := self._paused_until - self._clock.monotonic()) > 0:
            await asyncio.sleep(left)

    async def _note(self, intent: str, reading: Reading) -> None:
        if reading.absent is not None:
            await self._lacks(intent, "absent", reading.absent)
            return
        read = [seen for seen in reading.seen if isinstance(seen, Sighting)]
        await self._book.note([seen for seen in reading.seen if not isinstance(seen, Sighting)])  # to the dead letters
        if not read:
            await self._lacks(intent, "unreadable")
            return
        now = self._clock.now()
        *others, last = [Item(outgoing=outgoing_of(seen, now)) for seen in read]
        await self._book.outbox.put([*others, Item(outgoing=last.outgoing, evidence=self._book.evidence.snapshot_is(intent, "read"))])
        metrics.ingested("compliance_read")

    async def _lacks(self, intent: str, lacking: Literal["absent", "unreadable"], document: str = "") -> None:
        """Say, once, that there is no snapshot; `document` is what the venue answered."""
        metrics.ingested("compliance_absent" if lacking == "absent" else "compliance_unreadable")
        now, evidence = self._clock.now(), self._book.evidence
        said = lacking_snapshot(self._connector.venue, intent, document, lacking, at=now) if evidence.is_news(intent) else None
        outgoing = None if said is None else outgoing_of(said, now)
        await self._book.outbox.put([Item(outgoing=outgoing, evidence=evidence.snapshot_is(intent, lacking))])

    def _failed(self, intent: str, error: RetryableError) -> None:
        metrics.venue_retried("ingest", self._connector.venue)
        level = logging.DEBUG if intent in self._failing else logging.WARNING  # once per snapshot: the counter tells the rest
        log.log(level, "venue %s: the compliance snapshot of %s is tried again: %s", self._connector.venue, intent, error)
        pause = self._failing.setdefault(intent, self._pauses()).next()
        if error.retry_after is not None:
            self._paused_until = self._clock.monotonic() + error.retry_after
        asyncio.get_running_loop().call_later(pause, self._again, intent)

    def _again(self, intent: str) -> None:
        if not self._book.evidence.again(intent):
            self._failing.pop(intent, None)
