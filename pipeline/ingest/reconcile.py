"""Listing what the stream may have missed, and publishing what the log does not have.

One round: all open orders; settlements from the newest back to where everything is known and older than the watermark; everything created
since the last round; orders that were open and are no longer listed, by name. The very first listing goes through all orders there ever
were, in the order of their creation: pages of an ascending list do not move while it grows, so it can go on at its page after a restart.
It is done in slices between ordinary rounds. Memory: one page, and the ids of open orders.

Rows may shift between pages (contract 3.4); bounds of `created_after` are exclusive or not (A-20): windows overlap, and facts are known
by id.

Each part of a round fails by itself and the others are done all the same; an order that fails by name goes on the list of what is
unfinished. A round counts as done only when every part of it was.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import TypeVar

from pipeline import metrics
from pipeline.clock import Clock
from pipeline.domain.lifecycle import EXECUTING, EXPIRED, FAILED, PENDING, QUOTED, SETTLED
from pipeline.errors import RetryableError
from pipeline.ingest import by_name
from pipeline.ingest.by_name import no_hint
from pipeline.ingest.outbox import Item
from pipeline.ingest.pauses import Pauses
from pipeline.ingest.record import RecordBook
from pipeline.ingest.watermarks import OVERLAP, moments, sound, window_from
from pipeline.log.notices import alarm
from pipeline.ports import Cursor, OrderPage, OrderQuery, Sighting, VenueConnector
from schemas.events import OrderUpdated, Severity

log = logging.getLogger(__name__)

T = TypeVar("T")

PAGE_SIZE = 100
MISSING_BY_NAME_MAX = 10
"""So many vanished orders are read one by one; for more, the ended ones are listed first."""
QUOTE_READS_MAX = 20
"""So many proposals are asked for their quotes per ordinary round, those first that waited longest; after a (re)connect all are, as far as
the time until the next round goes."""
FAILURES_MAX = 3
"""So many orders in a row may fail by name before that part of the round is left: then it is the venue that fails, and time runs."""
SILENT_ROUNDS = 3
"""Rounds that found news of which a connected stream said nothing, with not one hint between them, before the stream counts as silent."""
SILENT_SECONDS = 60.0
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
    def of(cls, cursor: Cursor, *, now: datetime) -> Progress:
        """Begin where the cursor says, as far as it can be true."""
        return cls(sound(cursor.settled_until, now=now), sound(cursor.created_until, now=now), cursor.backfill_page)


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
        hints: Callable[[], int | None] = lambda: None,
        troubled: Callable[[str | None], None] = lambda _: None,
        silence: Silence | None = None,
    ) -> None:
        """`reconciled` hears when a round is published and stored; `overflowed` tells that hints found no room.

        `hints` counts those that the stream has given, None while it is not connected; `troubled` hears why a round was not done, and None
        once one is, or the first listing has come further.
        """
        self._connector, self._book, self._progress = connector, book, progress
        self._clock, self._pauses = clock, pauses
        self._reconciled, self._overflowed, self._hints, self._troubled = reconciled, overflowed, hints, troubled
        self._failures: list[Exception] = []
        self._news = 0
        self._silence = silence or Silence()
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
            failure = await self._round(ends_at, every_quote=asked)
            if failure is None:
                self._pauses.reset()
                self._troubled(None)
                await self._hear_silence(after_connect=asked)
                self._complaint, asked = "", False
                pause = max(0.0, ends_at - self._clock.monotonic()) if self._progress.backfill_page is None else 0.0
            else:
                self._troubled(str(failure))
                pause = await self._failed(failure)

    async def _failed(self, failure: Exception) -> float:
        """Say what went wrong and return how long to wait."""
        if isinstance(failure, RetryableError):
            pause = self._pauses.next(failure.retry_after)
            log.warning("venue %s: reconciliation paused, goes on in %.1f s: %s", self._connector.venue, pause, failure)
            return pause
        await self._complain(failure)
        return self._connector.reconcile_interval

    async def _round(self, ends_at: float, *, every_quote: bool) -> Exception | None:
        """Do every part that can be done; return the worst of what failed, None when the round is whole."""
        began_at = self._clock.now()
        were_open = frozenset(self._book.open)
        self._failures, self._news = [], 0
        open_orders = await self._part(self._list_open)
        await self._part(self._list_settlements)
        if self._progress.backfill_page is None:
            await self._part(self._list_created)
        if open_orders is not None:
            await self._part(partial(self._follow_vanished, were_open - open_orders[0]))
        if self._progress.backfill_page is not None:
            news = self._news
            await self._part(partial(self._backfill, ends_at))
            self._news = news  # what is old is none
        if open_orders is not None:
            quotable = open_orders[1]
            asked = self._first_to_ask(quotable, len(quotable) if every_quote else QUOTE_READS_MAX)
            await self._part(partial(self._read_quotes, asked, ends_at))
        if not self._failures and self._progress.backfill_page is None:
            await self._note_end(began_at)
        return min(self._failures, key=lambda error: isinstance(error, RetryableError), default=None)

    async def _part(self, part: Callable[[], Awaitable[T]]) -> T | None:
        """Do a part of the round; None when it failed, which keeps nobody from the others.

        After a venue that asked for time (Retry-After) the rest is left for later, too.
        """
        if any(getattr(error, "retry_after", None) for error in self._failures):
            return None
        try:
            return await part()
        except by_name.FAILURES as error:
            log.info("venue %s: a part of the round failed: %s", self._connector.venue, error)
            self._failures.append(error)
            return None

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
            page = await self._connector.list_orders(SETTLEMENTS, page=number, lane="reconciliation", hinted_at=no_hint)
            noted = await self._book.note(page.seen)
            self._news += noted.new
            times = moments((event.settled_at for event in orders_on(page)), now=self._clock.now())
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
        query = replace(EVERYTHING, created_after=window_from(watermark))
        newest = watermark
        number = 1
        while True:
            page = await self._page(query, number)
            newest = self._newest_creation(page, newest)
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
            newest = self._newest_creation(page, self._progress.created_until)
            self._progress.created_until, self._progress.backfill_page = newest, following
            await self._step(_backfilled(newest, following))
            if not self._failures:  # else what is open or settled now is not seen, however far the listing of everything comes
                self._troubled(None)

    async def _follow_vanished(self, vanished: set[str] | frozenset[str]) -> None:
        """Find out what became of orders that were open and are no longer listed."""
        left = [intent for intent in sorted(vanished) if intent in self._book.open and intent not in self._book.unfinished]
        if len(left) > MISSING_BY_NAME_MAX:
            for number in range(1, len(left) // PAGE_SIZE + 4):
                page = await self._page(ENDED, number)
                left = [intent for intent in left if intent in self._book.open]
                if page.last or len(left) <= MISSING_BY_NAME_MAX:
                    break
        failures = 0
        for intent in left:
            if intent not in self._book.open:
                continue
            try:
                await by_name.read_order(self._connector, self._book, intent, lane="reconciliation", clock=self._clock)
                failures = 0
            except by_name.FAILURES as error:
                failures += 1
                self._say_failed(intent, error)
                await by_name.put_step(self._book, intent, "failing", self._clock)
                if failures >= FAILURES_MAX or getattr(error, "retry_after", None):
                    raise

    def _say_failed(self, intent: str, error: Exception) -> None:
        metrics.venue_retried("ingest", self._connector.venue)
        log.warning("venue %s: the order %s cannot be read by name, the round goes on: %s", self._connector.venue, intent, error)

    def _first_to_ask(self, quotable: list[str], number: int) -> list[str]:
        """Return those that waited longest, of those never asked the newest first; forget those that are no longer pending."""
        self._quotes_read_at = {intent: at for intent in quotable if (at := self._quotes_read_at.get(intent)) is not None}
        newest_first = quotable[::-1]
        return sorted(newest_first, key=lambda intent: self._quotes_read_at.get(intent, 0.0))[:number]

    async def _read_quotes(self, intents: Sequence[str], ends_at: float) -> None:
        """Look for quotes whose hints were lost; those that the time does not reach come first the next time."""
        failures = 0
        for number, intent in enumerate(intents):
            if number >= QUOTE_READS_MAX and self._clock.monotonic() >= ends_at:
                break
            if intent not in self._book.open:
                continue
            self._quotes_read_at[intent] = self._clock.monotonic()
            try:
                reading = await self._connector.read_quotes(intent, lane="reconciliation", hinted_at=no_hint, retry=False)
                if (await self._book.note(reading.seen)).new:
                    self._book.evidence.quoted(intent)
                failures = 0
            except by_name.FAILURES as error:
                failures += 1
                self._say_failed(intent, error)
                if failures >= FAILURES_MAX or getattr(error, "retry_after", None):
                    raise

    async def _page(self, query: OrderQuery, number: int) -> OrderPage:
        page = await self._connector.list_orders(query, page=number, lane="reconciliation", hinted_at=no_hint)
        self._news += (await self._book.note(page.seen)).new
        return page

    def _newest_creation(self, page: OrderPage, newest: datetime | None) -> datetime | None:
        times = moments((event.created_at for event in orders_on(page)), now=self._clock.now())
        return max([*times, *([newest] if newest is not None else [])], default=None)

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
        await self._raise("venue_unreadable", "critical", str(error)[:2_000])

    async def _hear_silence(self, *, after_connect: bool) -> None:
        """Raise an alarm when the record moves and a stream that is connected says nothing of it."""
        hints = None if after_connect else self._hints()
        if self._silence.round(hints, news=self._news, at=self._clock.monotonic()):
            reason = f"the stream is connected and has said nothing for {self._silence.rounds} rounds in which the record moved"
            log.error("venue %s: %s", self._connector.venue, reason)
            await self._raise("venue_not_reconciled", "warning", reason)

    async def _raise(self, kind: str, severity: Severity, reason: str) -> None:
        now, venue = self._clock.now(), self._connector.venue
        metrics.ALARMS.labels(kind).inc()
        notice = alarm(
            kind=kind,
            severity=severity,
            venue=venue,
            subject=venue,
            detail={"reason": reason},
            now=now,
            source=f"/venues/{venue}",
            identity=(now.isoformat(),),
        )
        await self._book.outbox.put([Item(outgoing=notice)])


@dataclass(slots=True)
class Silence:
    """Whether the stream says anything of what the record shows; `seconds` is how long it may be silent beside a record that moves."""

    seconds: float = SILENT_SECONDS
    hints: int | None = None
    rounds: int = 0
    began_at: float = 0.0
    told: bool = False

    def round(self, hints: int | None, *, news: int, at: float) -> bool:
        """Take note of a whole round that found `news`; True once, when the stream counts as silent.

        `hints` counts those of the stream so far; None for a round that says nothing about it: the stream is not connected, or was
        connected since the round before, and what is found then no stream could have told us.
        """
        if hints is None or hints != self.hints:
            self.told = self.told and hints is None
            self.hints, self.rounds, self.began_at = self.hints if hints is None else hints, 0, at
            return False
        self.rounds += news > 0
        if self.told or self.rounds < SILENT_ROUNDS or at - self.began_at < self.seconds:
            return False
        self.told = True
        return True


def orders_on(page: OrderPage) -> list[OrderUpdated]:
    """Return the orders of a page that could be read."""
    return [seen.event for seen in page.seen if isinstance(seen, Sighting) and isinstance(seen.event, OrderUpdated)]


def _backfilled(newest: datetime | None, following: int | None) -> Callable[[Cursor], Cursor]:
    return lambda cursor: replace(cursor, created_until=newest, backfill_page=following)
