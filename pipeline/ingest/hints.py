"""The stream reader: never blocked by anything slow, drops nothing silently.

When the outbox stays full it disconnects: what was received by then waits for room, everything later is found again by reconciliation, and
the loss of what no record gives back (poison frames, repeated hints) is an alarm with the times between which it may have happened.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from datetime import datetime

from pipeline import metrics
from pipeline.clock import Clock
from pipeline.domain.lifecycle import EXECUTING, QUOTED
from pipeline.ingest.items import fact_of, letter_of, outgoing_of
from pipeline.ingest.outbox import Item, Outbox
from pipeline.ingest.record import RecordBook
from pipeline.ingest.wanted import Want, Wanted
from pipeline.log.envelope import time_text
from pipeline.log.notices import alarm
from pipeline.ports import Cursor, Failpoints, Sighting, StreamClosed, StreamOpened, StreamRead, Unreadable, VenueConnector
from schemas.events import OrderUpdated

log = logging.getLogger(__name__)

FULL_GRACE_SECONDS = 1.0
"""A venue that sends a second's worth at once is not slow downstream: TCP holds it back that long before we let go."""
LEADS_ON_SECONDS = 10.0
"""So long a QUOTED order is left alone: it settles in some five seconds (contract 1.7), and the record of that is read anyway. Where we
co-signed, the venue's answer to the call is published as its record."""


@dataclass(slots=True)
class StreamState:
    """How the stream is, for health and status."""

    connected: bool = False
    connects: int = 0
    seen: int = 0
    """Frames that said something of an order."""


class HintReader:
    """Reads the stream of one venue."""

    def __init__(
        self,
        connector: VenueConnector,
        outbox: Outbox,
        book: RecordBook,
        wanted: Wanted,
        state: StreamState,
        *,
        admitted: Callable[[], Awaitable[None]],
        opened: Callable[[], None],
        clock: Clock,
        failpoints: Failpoints,
        grace: float = FULL_GRACE_SECONDS,
        quote_gather: float = 0.0,
    ) -> None:
        """`quote_gather`: seconds after a quote that is known by its hint until the list is read, once for all that come meanwhile.

        `admitted` returns when the venue speaks our contract (asked after every connect); `opened` hears that a listing is due."""
        self._connector, self._outbox, self._book, self._wanted, self._state = connector, outbox, book, wanted, state
        self._admitted, self._opened = admitted, opened
        self._clock, self._failpoints, self._grace, self._quote_gather = clock, failpoints, grace, quote_gather
        self._last_event_id: str | None = None

    async def run(self, last_event_id: str | None) -> None:
        """Read for ever, from `last_event_id` on where the venue knows such a thing."""
        self._last_event_id = last_event_id
        while True:
            await self._read_until_full()
            at = self._clock.now()
            waiting = len(self._outbox)
            log.warning("venue %s: %d events wait to be published, the stream is let go", self._connector.venue, waiting)
            await self._outbox.drained()
            await self._outbox.put([self._gap(at, waiting)])

    async def _read_until_full(self) -> None:
        """Read until the outbox had no room for longer than the grace."""
        overflow: Sequence[Item] = ()
        try:
            async with aclosing(self._connector.stream(self._last_event_id)) as signals:  # type: ignore[type-var]
                async for signal in signals:
                    match signal:
                        case StreamRead():
                            items = self._items(signal)
                            self._failpoints.reach("ingest.after_parse")
                            taken = self._outbox.offer(items)
                            if taken < len(items):
                                taken += await self._outbox.offer_within(items[taken:], self._grace)
                            if taken < len(items):
                                overflow = items[taken:]
                                break
                        case StreamOpened():
                            await self._on_open()
                        case StreamClosed():
                            self._on_close(signal)
        finally:
            self._show(connected=False)
        await self._outbox.put(overflow)

    async def _on_open(self) -> None:
        self._state.connects += 1
        await self._admitted()
        self._show(connected=True)
        self._opened()

    def _on_close(self, signal: StreamClosed) -> None:
        self._show(connected=False)
        if signal.cut_inside_frame:
            metrics.ingested("cut")

    def _show(self, *, connected: bool) -> None:
        self._state.connected = connected
        metrics.CONNECTED.labels(self._connector.venue).set(connected)

    def _items(self, signal: StreamRead) -> list[Item]:
        at = signal.received_at
        items = [self._item(seen, at) for seen in signal.seen]
        metrics.ingested("seen", len(items))
        self._state.seen += len(items)
        for name, count in signal.ignored.items():
            metrics.ingested("heartbeat" if name == "heartbeat" else "unknown_event", count)
        if signal.last_event_id is not None and signal.last_event_id != self._last_event_id:
            self._last_event_id = reached = signal.last_event_id

            def step(cursor: Cursor) -> Cursor:
                return replace(cursor, last_event_id=reached)

            items.append(Item(step=step))
        return items

    def _item(self, seen: Sighting | Unreadable, at: datetime) -> Item:
        if isinstance(seen, Unreadable):
            metrics.dead_lettered("ingest", seen.origin)
            return Item(outgoing=letter_of(self._connector.venue, seen))
        event = seen.event
        fact = closed = evidence = unfinished = None
        if isinstance(event, OrderUpdated):
            if seen.complete:
                fact = fact_of(seen)
                assert fact is not None, "an order has a fact"
                self._book.known.add(fact)
                self._wanted.settled(event.intent_id)
                unfinished = self._book.unfinished.settled(event.intent_id)
                if event.intent_id in self._book.open:
                    self._book.open.discard(event.intent_id)
                    closed = event.intent_id
                    evidence = self._book.evidence.over(event.intent_id)
            else:
                leads_on = event.status in (QUOTED, EXECUTING)
                if leads_on:  # nobody decides about it any more
                    self._wanted.decided(event.intent_id)
                    evidence = self._book.evidence.over(event.intent_id)
                if self._book.needs(event.intent_id, event.status, event.transaction_hash):
                    unfinished = self._book.unfinished.hinted(event.intent_id, event.status, at)
                    self._wanted.add(
                        Want(
                            intent_id=event.intent_id,
                            what="order",
                            status=event.status,
                            transaction_hash=event.transaction_hash,
                            hinted_at=event.observed.observed_at,
                            not_before=self._clock.monotonic() + LEADS_ON_SECONDS if leads_on else 0.0,
                        )
                    )
        else:
            if seen.complete:
                self._book.saw_quote(seen.ce_id)
            # However much the hint says: only the list says what is offered now, and a decision is about all of it.
            gathered_at = self._clock.monotonic() + self._quote_gather if seen.complete else 0.0
            self._wanted.add(Want(intent_id=event.intent_id, what="quotes", hinted_at=event.observed.observed_at, not_before=gathered_at))
            self._book.quoted.add(event.intent_id)
            self._book.evidence.quoted(event.intent_id)
        return Item(outgoing=outgoing_of(seen, at), fact=fact, closed=closed, evidence=evidence, unfinished=unfinished)

    def _gap(self, since: datetime, waiting: int) -> Item:
        """Say that the stream was let go: hints and poison frames of that time are not to be had again."""
        now = self._clock.now()
        metrics.ALARMS.labels("stream_gap").inc()
        return Item(
            outgoing=alarm(
                kind="stream_gap",
                severity="warning",
                venue=self._connector.venue,
                subject=self._connector.venue,
                detail={
                    "from": time_text(since),
                    "until": time_text(now),
                    "waiting_events": str(waiting),
                    "reason": "the queue to Kafka stayed full and the stream was let go; orders are read again from the record",
                },
                now=now,
                source=f"/venues/{self._connector.venue}",
                identity=(time_text(since),),
            )
        )
