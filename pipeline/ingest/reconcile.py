"""Listing what the stream may have missed, and publishing what the log does not have.

One round: all open orders; settlements from the newest back to where everything is known and older than the watermark; everything created
since the last round; orders that were open and are no longer listed, by name. The very first listing goes through all orders there ever
were, in the order of their creation: pages of an ascending list do not move while it grows, so it can go on at its page after a restart.
It is done in slices between ordinary rounds. Memory: one page, and the ids of open orders.

Rows may shift between pages (contract 3.4); bounds of `created_after` are exclusive or not (A-20): windows overlap, and facts are known
by id.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from pipeline import metrics
from pipeline.clock import Clock
from pipeline.domain.lifecycle import EXECUTING, EXPIRED, FAILED, PENDING, QUOTED, SETTLED
from pipeline.errors import ContractBreachError, RetryableError, SettingsError
from pipeline.ingest.items import withdrawal
from pipeline.ingest.outbox import Item
from pipeline.ingest.pauses import Pauses
from pipeline.ingest.record import RecordBook
from pipeline.log.envelope import parse_time
from pipeline.log.notices import alarm
from pipeline.ports import Cursor, OrderPage, OrderQuery, Sighting, Unreadable, VenueConnector
from schemas.events import OrderUpdated

log = logging.getLogger(__name__)

OVERLAP = timedelta(seconds=10)
"""How far a window reaches back behind its watermark: a record may appear a little after the time that it states."""
PAGE_SIZE = 100
MISSING_BY_NAME_MAX = 10
"""So many vanished orders are read one by one; for more, the ended ones are listed first."""
QUOTE_READS_MAX = 20
"""So many proposals are asked for their quotes per ordinary round, those first that waited longest; after a (re)connect all are, as far as
the time until the next round goes."""
OPEN = OrderQuery(statuses=(PENDING, QUOTED, EXECUTING), descending=False)
SETTLEMENTS = OrderQuery(statuses=(SETTLED,), sort_by="settled_at")
ENDED = OrderQuery(statuses=(FAILED, EXPIRED))
EVERYTHING = OrderQuery(descending=False)


@dataclass(slots=True)
class Progress:
    """Where reconciliation stands; times are the venue's. The stored cursor follows when Kafka has what was listed."""

    settled_until: datetime | None
    created_until: datetime | None
    backfill_page: int | None

    @classmethod
    def of(cls, cursor: Cursor) -> Progress:
        """Begin where the cursor says."""
        return cls(cursor.settled_until, cursor.created_until, cursor.backfill_page)


class Reconciler:
    """Reconciles one venue: when asked, and every `interval` seconds."""

    def __init__(
        self,
        connector: VenueConnector,
        book: RecordBook,
        progress: Progress,
        *,
        clock: Clock,
        pauses: Pauses,
        reconciled: Callable[[datetime], None],
        overflowed: Callable[[], bool],
    ) -> None:
        """`reconciled` hears when a round is published and stored; `overflowed` tells that hints found no room."""
        self._connector, self._book, self._progress = connector, book, progress
        self._clock, self._pauses = clock, pauses
        self._reconciled, self._overflowed = reconciled, overflowed
        self._asked = asyncio.Event()
        self._quotes_read_at: dict[str, float] = {}
        self._complaint = ""

    def ask(self) -> None:
        """Ask for a round as soon as possible."""
        self._asked.set()

    async def run(self) -> None:
        """Reconcile for ever, the first time when asked."""
        pause: float | None = None
        asked = False
        while True:
            if not self._overflowed():
                try:
                    async with asyncio.timeout(pause):
                        await self._asked.wait()
                except TimeoutError:
                    pass
            asked = asked or self._asked.is_set()
            self._asked.clear()
            ends_at = self._clock.monotonic() + self._connector.reconcile_interval
            try:
                await self._round(ends_at, every_quote=asked)
            except RetryableError as error:
                pause = self._pauses.next(error.retry_after)
                log.warning("venue %s: reconciliation paused, goes on in %.1f s: %s", self._connector.venue, pause, error)
            except (ContractBreachError, SettingsError) as error:
                pause = self._connector.reconcile_interval
                await self._complain(error)
            else:
                self._pauses.reset()
                self._complaint, asked = "", False
                pause = max(0.0, ends_at - self._clock.monotonic()) if self._progress.backfill_page is None else 0.0

    async def _round(self, ends_at: float, *, every_quote: bool) -> None:
        began_at = self._clock.now()
        were_open = frozenset(self._book.open)
        listed, quotable = await self._list_open()
        await self._list_settlements()
        if self._progress.backfill_page is None:
            await self._list_created()
        await self._follow_vanished(were_open - listed)
        if self._progress.backfill_page is not None:
            await self._backfill(ends_at)
        await self._read_quotes(self._first_to_ask(quotable, len(quotable) if every_quote else QUOTE_READS_MAX), ends_at)
        if self._progress.backfill_page is None:
            await self._note_end(began_at)

    async def _list_open(self) -> tuple[set[str], list[str]]:
        """List the open orders; return their ids, and those of proposals of ours that may have quotes."""
        listed: set[str] = set()
        quotable: list[str] = []
        number = 1
        while True:
            page = await self._page(OPEN, number)
            for event in orders_on(page):
                listed.add(event.intent_id)
                if event.status == PENDING and event.side in ("sender", "both"):
                    quotable.append(event.intent_id)
            if page.last:
                return listed, quotable
            number += 1

    async def _list_settlements(self) -> None:
        """List settlements from the newest back until everything older is known."""
        watermark = self._progress.settled_until
        newest = watermark
        number = 1
        while True:
            page = await self._connector.list_orders(SETTLEMENTS, page=number, lane="reconciliation", hinted_at=_no_hint)
            noted = await self._book.note(page.seen)
            times = [parse_time(event.settled_at, "settled_at") for event in orders_on(page) if event.settled_at]
            newest = max([*times, *([newest] if newest else [])], default=None)
            old_enough = watermark is None or (bool(times) and min(times) < watermark - OVERLAP)
            # During the first complete listing what is older is found by it, whether known yet or not.
            if page.last or (old_enough and (noted.new == 0 or self._progress.backfill_page is not None)):
                break
            number += 1
        self._progress.settled_until = newest
        await self._step(lambda cursor: replace(cursor, settled_until=newest))

    async def _list_created(self) -> None:
        """List everything created since the last round, whatever its status: this finds statuses that nobody knows, too."""
        watermark = self._progress.created_until
        query = replace(EVERYTHING, created_after=None if watermark is None else watermark - OVERLAP)
        newest = watermark
        number = 1
        while True:
            page = await self._page(query, number)
            newest = _newest_creation(page, newest)
            if page.last:
                break
            number += 1
        self._progress.created_until = newest
        await self._step(lambda cursor: replace(cursor, created_until=newest))

    async def _backfill(self, ends_at: float) -> None:
        """Go on with the first complete listing until it is done or the next round is due."""
        total: int | None = None
        while self._progress.backfill_page is not None and self._clock.monotonic() < ends_at:
            number = self._progress.backfill_page
            page = await self._page(EVERYTHING, number)
            following = None if page.last else number + 1
            if total is not None and page.items_total is not None and page.items_total < total:
                # Rows went away: what was on this page may have moved to one that is behind us.
                following = max(1, number - (total - page.items_total) // PAGE_SIZE - 1)
            total = page.items_total
            newest = _newest_creation(page, self._progress.created_until)
            self._progress.created_until, self._progress.backfill_page = newest, following
            await self._step(_backfilled(newest, following))

    async def _follow_vanished(self, vanished: set[str] | frozenset[str]) -> None:
        """Find out what became of orders that were open and are no longer listed."""
        left = [intent for intent in sorted(vanished) if intent in self._book.open]
        if len(left) > MISSING_BY_NAME_MAX:
            for number in range(1, len(left) // PAGE_SIZE + 4):
                page = await self._page(ENDED, number)
                left = [intent for intent in left if intent in self._book.open]
                if page.last or len(left) <= MISSING_BY_NAME_MAX:
                    break
        for intent in left:
            if intent in self._book.open:
                await self._read_by_name(intent)

    async def _read_by_name(self, intent: str) -> None:
        reading = await self._connector.read_order(intent, lane="reconciliation", hinted_at=_no_hint)
        seen: Sequence[Sighting | Unreadable] = reading.seen
        if reading.absent is not None:
            at = self._clock.now()
            seen = [withdrawal(self._connector.venue, intent, reading.absent, request_id=reading.request_id, hinted_at=None, at=at)]
        await self._book.note(seen)

    def _first_to_ask(self, quotable: list[str], number: int) -> list[str]:
        """Return those that waited longest, of those never asked the newest first; forget those that are no longer pending."""
        self._quotes_read_at = {intent: at for intent in quotable if (at := self._quotes_read_at.get(intent)) is not None}
        newest_first = quotable[::-1]
        return sorted(newest_first, key=lambda intent: self._quotes_read_at.get(intent, 0.0))[:number]

    async def _read_quotes(self, intents: Sequence[str], ends_at: float) -> None:
        """Look for quotes whose hints were lost; those that the time does not reach come first the next time."""
        for number, intent in enumerate(intents):
            if number >= QUOTE_READS_MAX and self._clock.monotonic() >= ends_at:
                break
            if intent in self._book.open:
                reading = await self._connector.read_quotes(intent, lane="reconciliation", hinted_at=_no_hint)
                self._quotes_read_at[intent] = self._clock.monotonic()
                if (await self._book.note(reading.seen)).new:
                    self._book.evidence.quoted(intent)

    async def _page(self, query: OrderQuery, number: int) -> OrderPage:
        page = await self._connector.list_orders(query, page=number, lane="reconciliation", hinted_at=_no_hint)
        await self._book.note(page.seen)
        return page

    async def _step(self, step: Callable[[Cursor], Cursor]) -> None:
        await self._book.outbox.put([Item(step=step)])

    async def _note_end(self, at: datetime) -> None:
        """Note that everything up to the beginning of this round is published, once it is stored."""

        def done() -> None:
            metrics.LAST_RECONCILED.labels(self._connector.venue).set(at.timestamp())
            self._reconciled(at)

        await self._book.outbox.put([Item(step=lambda cursor: replace(cursor, reconciled_at=at), done=done)])

    async def _complain(self, error: Exception) -> None:
        """Raise an alarm, once while the same complaint lasts."""
        log.error("venue %s: reconciliation failed: %s", self._connector.venue, error)
        if str(error)[:80] == self._complaint:
            return
        self._complaint = str(error)[:80]
        now = self._clock.now()
        metrics.ALARMS.labels("venue_unreadable").inc()
        notice = alarm(
            kind="venue_unreadable",
            severity="critical",
            venue=self._connector.venue,
            subject=self._connector.venue,
            detail={"reason": str(error)[:2_000]},
            now=now,
            source=f"/venues/{self._connector.venue}",
            identity=(now.isoformat(),),
        )
        await self._book.outbox.put([Item(outgoing=notice)])


def orders_on(page: OrderPage) -> list[OrderUpdated]:
    """Return the orders of a page that could be read."""
    return [seen.event for seen in page.seen if isinstance(seen, Sighting) and isinstance(seen.event, OrderUpdated)]


def _newest_creation(page: OrderPage, newest: datetime | None) -> datetime | None:
    times = [parse_time(event.created_at, "created_at") for event in orders_on(page) if event.created_at]
    return max([*times, *([newest] if newest is not None else [])], default=None)


def _backfilled(newest: datetime | None, following: int | None) -> Callable[[Cursor], Cursor]:
    return lambda cursor: replace(cursor, created_until=newest, backfill_page=following)


def _no_hint(_: str) -> str | None:
    return None
