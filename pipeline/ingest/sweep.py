"""The slow sweep: what is unfinished is read again by name, and everything that the venue lists is compared with what the log holds.

It finds what nobody hinted at and no round saw: an order that became visible late, a record that became complete late, terms that were
changed after the settlement. It takes one read at a time, so often as its share of the request budget allows (`sweep_share`), in a lane
that gives way to all others; reads by name and pages take turns. A pass goes through all orders in the order of their creation: such pages
do not move while the list grows. It ends where those begin that were created after it began, which the rounds list; its place is stored, so
that a restart goes on there. What moved between pages meanwhile is seen by the next pass.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from pipeline.clock import Clock
from pipeline.ingest import by_name
from pipeline.ingest.outbox import Item
from pipeline.ingest.pauses import Pauses
from pipeline.ingest.reconcile import EVERYTHING, PAGE_SIZE, Progress, orders_on
from pipeline.ingest.record import RecordBook
from pipeline.ingest.wanted import Wanted
from pipeline.ingest.watermarks import moments
from pipeline.ports import Cursor, OrderPage, Sighting, VenueConnector

log = logging.getLogger(__name__)

REST_ROUNDS = 2
"""A pass begins so many `reconcile_interval`s after the one before began, or later: a venue with few orders is not asked all the time."""
PAGE_FAILURES_MAX = 3
"""So often a page may fail; then the next one is tried, and when that can be read, one order breaks the page and the pass goes on."""


class Sweeper:
    """Sweeps one venue."""

    def __init__(
        self,
        connector: VenueConnector,
        book: RecordBook,
        wanted: Wanted,
        cursor: Cursor,
        progress: Progress,
        *,
        clock: Clock,
        pauses: Pauses,
    ) -> None:
        """`cursor` is the stored one; `progress` is that of the rounds, whose first complete listing comes before any sweep."""
        self._connector, self._book, self._wanted, self._rounds = connector, book, wanted, progress
        self._clock, self._pauses = clock, pauses
        self.cursor = cursor
        """Where the sweep stands; only its own fields count."""
        self._until: datetime | None = None
        self._total: int | None = None
        self._before: list[str] = []
        self._again_on = self._page_failures = 0
        self._read_last = False

    async def run(self) -> None:
        """Sweep for ever; raise what is a fault of the program."""
        pause = self._connector.sweep_pause
        while True:
            await asyncio.sleep(pause)
            try:
                await self._turn()
            except by_name.FAILURES as error:
                log.info("venue %s: the sweep goes on later: %s", self._connector.venue, error)
                pause = max(self._connector.sweep_pause, self._pauses.next(getattr(error, "retry_after", None)))
            else:
                self._pauses.reset()
                pause = self._connector.sweep_pause

    async def _turn(self) -> None:
        """Read one order that is unfinished, or one page, whichever has its turn."""
        now = self._clock.now()
        page_due = self._page_is_due(now)
        intent = None if self._read_last and page_due else self._book.unfinished.due(now, busy=self._wanted.is_wanted)
        self._read_last = intent is not None
        if intent is not None:
            await self._read(intent)
        elif page_due:
            await self._sweep(now)

    # --- by name ----------------------------------------------------------------------------------------------------

    async def _read(self, intent: str) -> None:
        self._book.unfinished.tried(intent, self._clock.now())
        try:
            await by_name.read_order(self._connector, self._book, intent, lane="sweep", clock=self._clock)
        except by_name.FAILURES:
            await by_name.put_step(self._book, intent, "failing", self._clock)
            raise

    # --- page by page -----------------------------------------------------------------------------------------------

    def _page_is_due(self, now: datetime) -> bool:
        if self._rounds.backfill_page is not None:
            return False
        began = self.cursor.sweep_began_at
        rest = timedelta(seconds=self._connector.reconcile_interval * REST_ROUNDS)
        return self.cursor.sweep_page is not None or began is None or not began <= now < began + rest

    async def _sweep(self, now: datetime) -> None:
        if self.cursor.sweep_page is None:
            await self._step(lambda cursor: replace(cursor, sweep_page=1, sweep_pages=None, sweep_began_at=now))
            self._until = self._total = None
        self._until = self._until or self._rounds.created_until
        number = self.cursor.sweep_page or 1
        try:
            page = await self._page(number)
        except by_name.FAILURES as error:
            self._page_failures += 1
            if self._page_failures < PAGE_FAILURES_MAX:
                raise
            page = await self._page(number + 1)
            log.error("venue %s: page %d of all orders cannot be read and is passed over: %s", self._connector.venue, number, error)
            number += 1
        self._page_failures = 0
        await self._note(page, number)

    async def _page(self, number: int) -> OrderPage:
        page = await self._connector.list_orders(EVERYTHING, page=number, lane="sweep", hinted_at=by_name.no_hint)
        await self._book.note(page.seen)
        return page

    async def _note(self, page: OrderPage, number: int) -> None:
        shrunk = self._total is not None and page.items_total is not None and page.items_total < self._total
        # Rows went away: what stood on the next page may have moved to this one. Once per page, or a pass might never end.
        again = shrunk and self._again_on != number
        following, self._again_on = (number, number) if again else (number + 1, 0)
        self._total = page.items_total
        pages = None if page.items_total is None else -(-page.items_total // PAGE_SIZE)
        if self._is_last(page):
            ended = self._clock.now()
            await self._step(lambda cursor: replace(cursor, sweep_page=None, sweep_pages=pages, sweep_ended_at=ended))
        else:
            await self._step(lambda cursor: replace(cursor, sweep_page=following, sweep_pages=pages))

    def _is_last(self, page: OrderPage) -> bool:
        """Tell whether a pass ends here: at the end of the list, at what is newer than it, or where the venue shows one page for all."""
        ids = [seen.ce_id for seen in page.seen if isinstance(seen, Sighting)]
        repeated = bool(ids) and ids == self._before
        self._before = [] if self._again_on else ids
        created = moments((event.created_at for event in orders_on(page)), now=self._clock.now())
        newer = self._until is not None and bool(created) and min(created) > self._until
        return page.last or repeated or newer

    async def _step(self, step: Callable[[Cursor], Cursor]) -> None:
        """Go on in memory at once, in the store when Kafka has what was found."""
        self.cursor = step(self.cursor)
        await self._book.outbox.put([Item(step=step)])
