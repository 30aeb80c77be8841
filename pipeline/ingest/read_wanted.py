"""Reading what hints announced: one order by one read, many by list pages of 100, under the venue's request cap.

How it coalesces: up to `SINGLES_MAX` reads by name are on their way at once; hints that find no free place wait, and as soon as there are
more of them than places, one list page is read for all of them. So a single hint is read at once, and a flood costs one request per
hundred.

What fails by name is that order's trouble: it is tried again later, some times, and then left to the list of what is unfinished; the others
are read on. Only when several orders fail with no success between them is the venue taken to be away, and everything waits.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import replace

from pipeline import metrics
from pipeline.clock import Clock
from pipeline.domain.lifecycle import EXECUTING, EXPIRED, FAILED, PENDING, QUOTED, SETTLED
from pipeline.errors import RetryableError
from pipeline.ingest import by_name
from pipeline.ingest.pauses import Pauses
from pipeline.ingest.record import RecordBook
from pipeline.ingest.wanted import Kind, Want, Wanted
from pipeline.ports import OrderPage, OrderQuery, Sighting, Unreadable, VenueConnector
from schemas.events import OrderUpdated

log = logging.getLogger(__name__)

SINGLES_MAX = 4
PAGES_MAX = 5
PAGE_SIZE_MIN, SPARE = 20, 3
"""Orders on a list page of settlements: three for each hint that waits. A hundred for six hints cost both sides more than six reads."""
AGAIN_FIRST = 0.2
FAILING_AGAIN_MAX = 5.0
FAILING_SECONDS_MAX = 60.0
"""So long an order is asked for whose read alone fails while nothing else is read; then it is left to the list of what is unfinished."""
LISTS_MAX = 3
"""So many lists fail in a row before their orders are asked for by name: one order may be what breaks the list."""
AWAY_FROM = 2
"""So many different orders fail in a row before the venue is taken to be away."""
LIST_QUERIES: dict[Kind, OrderQuery] = {
    "settled": OrderQuery(statuses=(SETTLED,), sort_by="settled_at"),
    "open": OrderQuery(statuses=(PENDING, QUOTED, EXECUTING)),
    "ended": OrderQuery(statuses=(FAILED, EXPIRED)),
}


class WantedReader:
    """Reads the record for hints until it is cancelled."""

    def __init__(self, connector: VenueConnector, wanted: Wanted, book: RecordBook, *, clock: Clock, pauses: Pauses) -> None:
        """`pauses` are those after the venue was away or busy."""
        self._connector, self._wanted, self._book = connector, wanted, book
        self._clock, self._pauses = clock, pauses
        self._singles: set[asyncio.Task[None]] = set()
        self._list: asyncio.Task[None] | None = None
        self._paused_until = 0.0
        self._reads = 0
        """Reads that succeeded."""
        self._failing: dict[tuple[str, str], tuple[float, int, int]] = {}
        """When the read of an order failed first, how many reads had succeeded by then, and how often it has failed."""
        self._failed_in_a_row: set[str] = set()
        self._lists_failed = 0

    async def run(self) -> None:
        """Read what is wanted, for ever; raise FatalError and what is a fault of the program."""
        try:
            while True:
                await self._forget_known()
                self._start()
                await self._wanted.wait(self._clock.monotonic())
                for task in [*self._singles]:
                    if task.done():
                        self._singles.discard(task)
                        task.result()
                if self._list is not None and self._list.done():
                    self._list.result()
                    self._list = None
        finally:
            tasks = [*self._singles, *([self._list] if self._list is not None else [])]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _forget_known(self) -> None:
        """Drop what the log already says: a restart forgets what it holds, and a round may have listed what is to be read by name."""
        complete = self._book.known.complete
        due = [
            want
            for want in self._wanted.due(self._clock.monotonic())
            if want.what == "order" and not want.attempts and (want.single or not complete)
        ]
        try:
            await self._book.known.fetch([want.intent_id for want in due])
        except RetryableError:
            return  # then it is read once more
        for want in due:
            if not self._book.needs(want.intent_id, want.status, want.transaction_hash):
                self._wanted.met(want)

    def _start(self) -> None:
        """Send off what is due: by name while there are places, by list when there are more hints than places."""
        now = self._clock.monotonic()
        if now < self._paused_until:
            return
        due = self._wanted.due(now)
        if not due:
            return
        free = SINGLES_MAX - len(self._singles)
        listable = [want for want in due if want.what == "order" and not want.single]
        if len(listable) > max(free, 1) and self._list is None:
            kind = max(LIST_QUERIES, key=lambda kind: sum(want.kind == kind for want in listable))
            wants = [want for want in listable if want.kind == kind]
            if len(wants) > 1:
                self._wanted.fly(wants)
                self._list = asyncio.create_task(self._read_list(kind, wants), name=f"list of {kind} orders")
                listable = [want for want in listable if want.kind != kind]
                due = [want for want in due if want.what != "order" or want.single or want.kind != kind]
        if self._list is not None and len(listable) > free:  # the next list is for them
            due = [want for want in due if want.what != "order" or want.single]
        due.sort(key=lambda want: want.what == "quotes")  # a proposal has to be seen before its quotes matter
        for want in due[: max(0, free)]:
            self._wanted.fly([want])
            self._singles.add(asyncio.create_task(self._read_single(want), name="read of one order"))

    async def _read_single(self, want: Want) -> None:
        try:
            met = await (self._read_quotes(want) if want.what == "quotes" else self._read_order(want))
        except by_name.FAILURES as error:
            await self._failed_by_name(want, error)
        else:
            self._succeeded()
            self._failing.pop((want.what, want.intent_id), None)
            if met:
                self._met(want)
            else:
                self._put_off(want)
        finally:
            self._wanted.land(want)

    async def _read_order(self, want: Want) -> bool:
        seen = await by_name.read_order(
            self._connector, self._book, want.intent_id, lane="hints", clock=self._clock, hinted_at=self._wanted.hinted_at
        )
        return bool(seen) and all(isinstance(one, Unreadable) or _status_meets(one, want) for one in seen)

    async def _read_quotes(self, want: Want) -> bool:
        if self._book.ended(want.intent_id):
            return True  # nobody decides about it any more
        reading = await self._connector.read_quotes(want.intent_id, lane="hints", hinted_at=self._wanted.hinted_at, retry=False)
        await self._book.note(reading.seen)
        return True

    async def _read_list(self, kind: Kind, wants: Sequence[Want]) -> None:
        """Read pages until every want was seen, or none of them can be on a later page."""
        left, query = {want.intent_id: want for want in wants}, list_query(kind, len(wants))
        try:
            for page_number in range(1, PAGES_MAX + 1):
                page = await self._connector.list_orders(query, page=page_number, lane="hints", hinted_at=self._wanted.hinted_at)
                await self._book.note(page.seen)
                for want in _met_on(page, left):
                    del left[want.intent_id]
                    self._met(want)
                if not left or page.last or len(left) <= 2:
                    break
            self._succeeded()
            self._lists_failed = 0
            for want in left.values():
                self._put_off(want)
        except by_name.FAILURES as error:
            self._away(error)
            self._lists_failed += 1
            if self._lists_failed >= LISTS_MAX:
                for want in left.values():
                    self._wanted.put_off(want, not_before=0.0, counts=False)
        finally:
            for want in wants:
                self._wanted.land(want)

    def _met(self, want: Want) -> None:
        self._wanted.met(want)
        if want.what == "order":
            self._book.looked_up(want.intent_id, want.status, want.transaction_hash)

    def _put_off(self, want: Want) -> None:
        """Ask again by name: at once after a list, later when the record lagged behind the hint."""
        delay = AGAIN_FIRST * 2 ** (want.attempts - 1) if want.attempts or want.single else 0.0
        if not self._wanted.put_off(want, not_before=self._clock.monotonic() + delay):
            self._gave_up(want, "the record does not show what the stream said")

    async def _failed_by_name(self, want: Want, error: Exception) -> None:
        """Put this one off, and only what several orders or the venue itself say keeps the others waiting."""
        metrics.venue_retried("ingest", self._connector.venue)
        now, place = self._clock.monotonic(), (want.what, want.intent_id)
        since, reads, failures = self._failing.get(place, (now, self._reads, 0))
        self._failing[place] = (since, reads, failures + 1)
        pause = min(FAILING_AGAIN_MAX, AGAIN_FIRST * 2.0 ** min(failures, 10))
        self._failed_in_a_row.add(want.intent_id)
        if len(self._failed_in_a_row) >= AWAY_FROM or getattr(error, "retry_after", None) is not None:
            self._away(error)
        counts = self._reads > reads or now - since > FAILING_SECONDS_MAX
        if not self._wanted.put_off(want, not_before=now + pause, counts=counts):
            self._failing.pop(place, None)
            self._gave_up(want, str(error))
            if want.what == "order":
                await by_name.put_step(self._book, want.intent_id, "failing", self._clock)

    def _gave_up(self, want: Want, why: str) -> None:
        log.warning(
            "venue %s: %s of %s (%s); it stays on the list of unfinished orders",
            self._connector.venue,
            why,
            want.intent_id,
            want.status or "quotes",
        )

    def _succeeded(self) -> None:
        self._reads += 1
        self._pauses.reset()
        self._failed_in_a_row.clear()

    def _away(self, error: Exception) -> None:
        pause = self._pauses.next(getattr(error, "retry_after", None))
        self._paused_until = self._clock.monotonic() + pause
        log.warning("venue %s: reading the record failed, next try in %.1f s: %s", self._connector.venue, pause, error)
        asyncio.get_running_loop().call_later(pause + 0.001, self._wanted.wake)


def list_query(kind: Kind, wants: int) -> OrderQuery:
    """Return what lists so many orders: settlements newest first, so that those just hinted stand at the head of a short page."""
    query = LIST_QUERIES[kind]
    return query if kind != "settled" else replace(query, page_size=min(query.page_size, max(PAGE_SIZE_MIN, SPARE * wants)))


def _status_meets(seen: Sighting | Unreadable, want: Want) -> bool:
    return isinstance(seen, Sighting) and isinstance(seen.event, OrderUpdated) and want.met_by(seen.event.status)


def _met_on(page: OrderPage, left: dict[str, Want]) -> list[Want]:
    return [
        left[seen.event.intent_id]
        for seen in page.seen
        if isinstance(seen, Sighting) and seen.event.intent_id in left and _status_meets(seen, left[seen.event.intent_id])
    ]
