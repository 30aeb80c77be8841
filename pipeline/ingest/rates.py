"""Reference rates: providers are read all the time, and what they state is published under the intents that need it.

The desk keeps the last good document of each provider with its own time; how old is too old is for the rules to say. A provider that is
away, slow or talks nonsense is counted and logged and holds nobody up: the desk only ever hands out what it has.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime

from pipeline import metrics
from pipeline.clock import Clock
from pipeline.domain.money import parse_amount, plain
from pipeline.errors import PipelineError, PoisonRecordError, RetryableError
from pipeline.ingest.evidence import EvidenceBook
from pipeline.ingest.outbox import Item, Outbox
from pipeline.ingest.pauses import Pauses
from pipeline.ingest.record import Remembered
from pipeline.log import topics
from pipeline.log.codec import encode
from pipeline.log.envelope import Envelope, Outgoing, correlation_of, time_text
from pipeline.log.identities import rate_read_id
from pipeline.log.notices import dead_letter_of_rates
from pipeline.ports import EventPublisher, Pair, RateProvider, RateReading, RateSeen, Unreadable
from schemas.accepting import RateRead

log = logging.getLogger(__name__)

LETTERS_MAX = 100
"""Unreadable documents that wait for Kafka; of more, the first ones are lost, but counted."""
LETTER_PAUSE = 1.0
PAUSE_MAX = 5.0
"""Seconds between two tries of a provider that is away, at most: a decision waits a second, and a rate may be half a minute old."""
RETRY_AFTER_MAX = 60.0
"""Seconds that a provider may ask us to stay away."""


class RateDesk:
    """The rates of all providers of one process."""

    def __init__(
        self,
        providers: Sequence[RateProvider],
        publisher: EventPublisher,
        *,
        clock: Clock,
        random: Callable[[], float],
        leading: Callable[[], bool],
    ) -> None:
        """`leading` tells whether this process speaks for any venue: one that stands by publishes no dead letters."""
        self._providers = tuple(providers)
        self._publisher, self._clock, self._random, self._leading = publisher, clock, random, leading
        self._held: dict[str, tuple[Mapping[Pair, RateSeen], datetime]] = {}
        self._away: set[str] = set()
        self._lettered = Remembered()
        self._letters: list[Outgoing] = []
        self._letter_news = asyncio.Event()
        self._listeners: list[Callable[[], None]] = []

    @property
    def names(self) -> tuple[str, ...]:
        """Return the providers' names."""
        return tuple(provider.name for provider in self._providers)

    def held(self, provider: str, pair: Pair) -> tuple[RateSeen, datetime] | None:
        """Return a provider's rate for a pair and when its document was here; None while it has stated none."""
        rates, received_at = self._held.get(provider, ({}, None))
        rate = rates.get(pair)
        return None if rate is None or received_at is None else (rate, received_at)

    def is_away(self, provider: str) -> bool:
        """Tell whether the last read gave no good document: a newer rate is due as soon as there is one."""
        return provider in self._away

    @contextmanager
    def listening(self, listener: Callable[[], None]) -> Iterator[None]:
        """Call `listener` whenever rates have changed, while the context is open."""
        self._listeners.append(listener)
        try:
            yield
        finally:
            self._listeners.remove(listener)

    async def run(self) -> None:
        """Read all providers until cancelled; raise FatalError when the producer is broken."""
        tasks = [asyncio.create_task(self._follow(provider), name=f"rates {provider.name}") for provider in self._providers]
        tasks.append(asyncio.create_task(self._carry_letters(), name="dead letters of rates"))
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            for provider in self._providers:
                await provider.aclose()

    async def _follow(self, provider: RateProvider) -> None:
        pauses = Pauses(self._random, first=min(provider.poll_interval, PAUSE_MAX), maximum=max(provider.poll_interval, PAUSE_MAX))
        while True:
            began = self._clock.monotonic()
            try:
                self._take(provider.name, await provider.read())
                pauses.reset()
                pause = provider.poll_interval - (self._clock.monotonic() - began)
            except Exception as error:
                pause = self._failed(provider.name, error, pauses)
            await asyncio.sleep(max(0.0, pause))

    def _take(self, name: str, reading: RateReading) -> None:
        if isinstance(reading.seen, Unreadable):
            self._refuse(name, reading.seen)
            return
        rates = {rate.pair: rate for rate in reading.seen}
        unchanged = name in self._held and self._held[name][0] == rates
        metrics.rates_read(name, "unchanged" if unchanged else "new")
        if not unchanged:
            self._held[name] = rates, reading.received_at
            metrics.RATE_QUOTED.labels(name).set(min((rate.quoted_at.timestamp() for rate in rates.values()), default=0.0))
        elif name not in self._away:
            return
        if name in self._away:
            self._away.discard(name)
            log.info("rates %s: there is a good document again", name)
        for listener in self._listeners:
            listener()

    def _refuse(self, name: str, document: Unreadable) -> None:
        metrics.rates_read(name, "unreadable")
        self._away.add(name)
        digest = hashlib.sha256(document.body).hexdigest()
        if not self._lettered.add(f"{name} {digest}"):
            return
        log.warning("rates %s: the document cannot be read, the last good one stays: %s", name, document.reason)
        metrics.dead_lettered("ingest", "rates")
        self._letters.append(dead_letter_of_rates(name, body=document.body, reason=document.reason, now=document.seen_at))
        del self._letters[:-LETTERS_MAX]
        self._letter_news.set()

    def _failed(self, name: str, error: Exception, pauses: Pauses) -> float:
        """Count a failed read; the log hears of the first in a row, and with its trace when it is a fault of ours."""
        metrics.rates_read(name, "away")
        if name not in self._away:
            trace = None if isinstance(error, PipelineError) else error
            log.warning("rates %s: not to be had, the last good document stays: %s", name, error, exc_info=trace)
            self._away.add(name)
        asked = getattr(error, "retry_after", None)
        return pauses.next(None if asked is None else min(asked, RETRY_AFTER_MAX))

    async def _carry_letters(self) -> None:
        while True:
            while not self._letters:
                self._letter_news.clear()
                await self._letter_news.wait()
            if not await self._publish_letters():
                await asyncio.sleep(LETTER_PAUSE)

    async def _publish_letters(self) -> bool:
        if not self._leading():
            return False
        letters = [*self._letters]
        try:
            await asyncio.to_thread(self._publisher.publish, letters)
        except RetryableError as error:
            log.warning("rates: %d dead letters wait for Kafka: %s", len(letters), error)
            return False
        except PoisonRecordError as error:
            log.error("rates: Kafka refuses %d dead letters for their size: %s", len(letters), error)
        self._letters = [letter for letter in self._letters if letter not in letters]
        return True


class RatePublishing:
    """Publishes rates under the pending proposals of one venue: each provider's newest when it is new, newer ones when it is quoted."""

    def __init__(self, venue: str, desk: RateDesk, evidence: EvidenceBook, outbox: Outbox, *, clock: Clock) -> None:
        """Publish nothing yet."""
        self._venue, self._desk, self._evidence, self._outbox, self._clock = venue, desk, evidence, outbox, clock

    async def run(self) -> None:
        """Publish for ever; raise what is a fault of the program."""
        with self._desk.listening(self._evidence.rate_news.set):
            while True:
                await self._evidence.rate_news.wait()
                self._evidence.rate_news.clear()
                await self._outbox.put(self._due())

    def _due(self) -> list[Item]:
        items: list[Item] = []
        for provider in self._desk.names:
            for intent, pair, published in self._evidence.rates_wanted(provider):
                held = self._desk.held(provider, pair)
                if held is None:
                    continue
                rate, received_at = held
                if published is None or rate.quoted_at > published:
                    outgoing = rate_outgoing(self._venue, intent, provider, rate, received_at=received_at, now=self._clock.now())
                    items.append(Item(outgoing=outgoing, evidence=self._evidence.rate_is(intent, provider, rate.quoted_at)))
                if not self._desk.is_away(provider):
                    self._evidence.rate_served(intent, provider)
        metrics.ingested("rate_read", len(items))
        return items


def rate_outgoing(venue: str, intent_id: str, provider: str, rate: RateSeen, *, received_at: datetime, now: datetime) -> Outgoing:
    """Return the event that a rate becomes for an intent; `received_at` is when the provider's document was here."""
    source, target = rate.pair
    stated = {
        "source_currency": source,
        "target_currency": target,
        "rate": plain(parse_amount(rate.rate, "rate")),
        "sources": str(rate.sources),
        "quoted_at": time_text(rate.quoted_at),
    }
    event = RateRead(
        venue=venue,
        intent_id=intent_id,
        source_currency=source,
        target_currency=target,
        rate=rate.rate,
        sources=rate.sources,
        provider=provider,
        quoted_at=stated["quoted_at"],
        observed_at=time_text(received_at),
        document=rate.document,
        document_sha256=hashlib.sha256(rate.document.encode()).hexdigest(),
    )
    envelope = Envelope(
        id=rate_read_id(venue, intent_id, provider, stated),
        kind=topics.RATE_READ,
        source=f"/rates/{provider}",
        subject=intent_id,
        time=now,
        correlation_id=correlation_of(venue, intent_id),
    )
    return Outgoing(envelope=envelope, key=intent_id, value=encode(event))
