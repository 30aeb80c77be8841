"""One venue's ingest: stand by for the lease, then read, publish and reconcile until it is lost or we are told to stop."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pipeline import metrics
from pipeline.clock import Clock
from pipeline.errors import ContractBreachError, FatalError, PipelineError, RetryableError, SettingsError
from pipeline.ingest.evidence import EvidenceBook
from pipeline.ingest.hints import FULL_GRACE_SECONDS, HintReader, StreamState
from pipeline.ingest.known import KnownFacts
from pipeline.ingest.lease import LEASE_SECONDS, STAND_BY_SECONDS, HeldLease, lease_name
from pipeline.ingest.outbox import BYTES_MAX, ITEMS_MAX, Outbox
from pipeline.ingest.pauses import Pauses
from pipeline.ingest.publish import Keeper, Publishing
from pipeline.ingest.rates import RateDesk, RatePublishing
from pipeline.ingest.read_snapshots import READERS, SnapshotReader
from pipeline.ingest.read_wanted import WantedReader
from pipeline.ingest.reconcile import Progress, Reconciler
from pipeline.ingest.record import RecordBook
from pipeline.ingest.wanted import Wanted
from pipeline.log.notices import alarm
from pipeline.ports import EventPublisher, Failpoints, IngestStore, LeaseLostError, SchemaVersionError, VenueConnector

log = logging.getLogger(__name__)

DRAIN_SECONDS = 10.0
REPORT_SECONDS = 1.0
WORKS_AGAIN_AFTER = 300.0
"""Seconds after which a lead that has not ended counts as working, where no round of reconciliation has said so before: a first listing of
everything takes longer than that."""


@dataclass(slots=True)
class VenueHealth:
    """How the ingest of one venue is."""

    leading: bool = False
    connected: bool = False
    last_byte_at: datetime | None = None
    last_reconciled_at: datetime | None = None
    trouble: str | None = None
    """What the venue's ingest could not go on for, until it has worked again: it may begin anew every few seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What bounds the memory of one venue, and how long a full queue is borne."""

    items_max: int = ITEMS_MAX
    bytes_max: int = BYTES_MAX
    grace: float = FULL_GRACE_SECONDS
    quote_gather: float = 0.0
    schema_ask_seconds: float = 60.0


class VenueIngest:
    """Ingests one venue."""

    def __init__(
        self,
        connector: VenueConnector,
        publisher: EventPublisher,
        store: IngestStore,
        *,
        owner: str,
        clock: Clock,
        random: Callable[[], float],
        failpoints: Failpoints,
        health: VenueHealth,
        limits: Limits,
        rates: RateDesk,
    ) -> None:
        """`owner` names this process among those that may hold the lease; `rates` is the desk that all venues share."""
        self._connector, self._publisher, self._store = connector, publisher, store
        self._owner, self._clock, self._random, self._failpoints = owner, clock, random, failpoints
        self._health, self._limits, self._rates = health, limits, rates
        self._stranger: str | None = None
        """Whom the venue takes us for although we are not, as far as an alarm was raised."""

    @property
    def venue(self) -> str:
        """The venue's id."""
        return self._connector.venue

    def failed(self, error: Exception) -> None:
        """Hear that `run` ended by a fault of this program and is begun anew."""
        self._health.trouble = f"ingest begins anew: {type(error).__name__}: {error}"

    async def run(self) -> None:
        """Ingest until cancelled; raise SettingsError when the venue refuses us at start, FatalError when we are wrong."""
        await self._admit_first()
        pauses = self._pauses()
        while True:
            try:
                asked_at = self._clock.monotonic()
                grant = await asyncio.to_thread(self._store.acquire_lease, lease_name(self.venue), self._owner, seconds=LEASE_SECONDS)
                if grant is None:
                    self._health.trouble = None  # whoever has the lease speaks for the venue
                    await asyncio.sleep(STAND_BY_SECONDS * (0.75 + self._random() / 2))
                    continue
                pauses.reset()
                await self._lead(HeldLease(self._store, grant, taken_at=asked_at, clock=self._clock))
            except LeaseLostError:
                log.warning("venue %s: another process speaks for it now; standing by", self.venue)
            except SchemaVersionError as error:
                await self._wait_for_schema(error.found)
            except RetryableError as error:
                pause = pauses.next(error.retry_after)
                self._health.trouble = f"ingest begins anew: {error}"
                log.warning("venue %s: ingest begins anew in %.1f s: %s", self.venue, pause, error)
                await asyncio.sleep(pause)

    async def _lead(self, lease: HeldLease) -> None:
        """Do the work of the venue while the lease is ours; on cancellation publish what is queued and give the lease back."""
        cursor, were_open = await asyncio.to_thread(self._store.load_cursor, self.venue)
        outbox = Outbox(items_max=self._limits.items_max, bytes_max=self._limits.bytes_max)
        known = KnownFacts(self._store, self.venue)
        await known.load()
        stored = await asyncio.to_thread(self._store.load_evidence, self.venue)
        evidence = EvidenceBook(stored, providers=self._rates.names)
        book = RecordBook(self.venue, known=known, outbox=outbox, open_intents=were_open, clock=self._clock, evidence=evidence)
        wanted, stream = Wanted(), StreamState()
        keeper = Keeper(self._store, lease, self.venue, cursor, failpoints=self._failpoints, pauses=self._pauses())
        reconciler = Reconciler(
            self._connector,
            book,
            Progress.of(cursor),
            clock=self._clock,
            pauses=self._pauses(),
            reconciled=self._note_reconciled,
            overflowed=wanted.take_overflow,
        )
        hints = HintReader(
            self._connector,
            outbox,
            book,
            wanted,
            stream,
            admitted=self._admit_again,
            opened=reconciler.ask,
            clock=self._clock,
            failpoints=self._failpoints,
            grace=self._limits.grace,
            quote_gather=self._limits.quote_gather,
        )
        publishing = Publishing(
            self._publisher,
            outbox,
            keeper,
            lease,
            venue=self.venue,
            clock=self._clock,
            failpoints=self._failpoints,
            pauses=self._pauses(),
        )
        reader = WantedReader(self._connector, wanted, book, clock=self._clock, pauses=self._pauses())
        snapshots = SnapshotReader(self._connector, book, clock=self._clock, pauses=self._pauses)
        rates = RatePublishing(self.venue, self._rates, evidence, outbox, clock=self._clock)
        self._health.leading = True
        self._health.last_reconciled_at = cursor.reconciled_at
        log.info("venue %s: this process speaks for it (epoch %d)", self.venue, lease.grant.epoch)
        producers = [hints.run(cursor.last_event_id), reader.run(), reconciler.run(), rates.run()]
        producers += [snapshots.run() for _ in range(READERS)]
        carriers = [publishing.run(), keeper.run(), lease.keep(), self._report(stream)]
        try:
            await _run_together(producers, carriers, drain=lambda: _drain(outbox, keeper))
        finally:
            self._health.leading = self._health.connected = False
            await asyncio.shield(self._leave(lease))

    async def _leave(self, lease: HeldLease) -> None:
        await self._write_report(connected=False)
        await lease.release()

    # --- the schema gate ------------------------------------------------------------------------------------------

    async def _admit_first(self) -> None:
        """Ask the venue who we are, waiting while it is away; raise SettingsError when the answer means that a setting is wrong."""
        pauses = self._pauses()
        while True:
            try:
                party = await self._connector.check_identity()
            except SchemaVersionError as error:
                raise SettingsError(
                    f"venues.{self.venue}.base_url: the backend there answers with {error.found}, but this release speaks schema "
                    'version "v2"; point base_url at a v2 backend, or use a release that speaks the other version'
                ) from None
            except (RetryableError, ContractBreachError) as error:
                pause = pauses.next(getattr(error, "retry_after", None))
                self._health.trouble = str(error)
                log.warning("venue %s does not answer, next try in %.1f s: %s", self.venue, pause, error)
                await asyncio.sleep(pause)
            else:
                self._health.trouble = None
                log.info("venue %s knows us as %s", self.venue, party)
                await self._recognise(party)
                return

    async def _admit_again(self) -> None:
        """Ask again after every connect, waiting while nobody answers; raise SchemaVersionError, which ends the lead."""
        pauses = self._pauses()
        while True:
            try:
                party = await self._connector.check_identity()
            except (RetryableError, ContractBreachError, SettingsError) as error:
                pause = pauses.next(getattr(error, "retry_after", None))
                log.warning("venue %s does not say who we are, next try in %.1f s: %s", self.venue, pause, error)
                await asyncio.sleep(pause)
            else:
                await self._recognise(party)
                return

    async def _recognise(self, party: str) -> None:
        """Raise an alarm, once while it is so, when the venue takes us for somebody who we are not: our sides are told as before."""
        ours = self._connector.own_parties
        if party in ours:
            self._stranger = None
        elif party != self._stranger:
            own = ", ".join(sorted(ours))
            log.error("venue %s takes us for %r, we are %s there; list it in own_parties if that is us, too", self.venue, party, own)
            if await self._alarm("venue_party_changed", {"party": party, "own_parties": own}, identity=(party, own)):
                self._stranger = party

    async def _wait_for_schema(self, found: str) -> None:
        """Raise the alarm and publish nothing more of this venue; ask every minute until it speaks our version again."""
        await self._alarm_schema(found)
        while True:
            await asyncio.sleep(self._limits.schema_ask_seconds)
            try:
                await self._admit_again()
            except SchemaVersionError as error:
                log.error("venue %s still answers with %s", self.venue, error.found)
            else:
                return

    async def _alarm_schema(self, found: str) -> None:
        log.error("venue %s: %s instead of v2; nothing of it is published until that is right again", self.venue, found)
        await self._alarm("schema_version", {"found": found, "expected": "v2"}, identity=(self._clock.now().isoformat(),))

    async def _alarm(self, kind: str, detail: dict[str, str], *, identity: tuple[str, ...]) -> bool:
        """Publish a critical alarm about the venue; tell whether Kafka has it."""
        now = self._clock.now()
        metrics.ALARMS.labels(kind).inc()
        notice = alarm(
            kind=kind,
            severity="critical",
            venue=self.venue,
            subject=self.venue,
            detail=detail,
            now=now,
            source=f"/venues/{self.venue}",
            identity=identity,
        )
        try:
            await asyncio.to_thread(self._publisher.publish, [notice])
        except RetryableError as error:
            log.warning("venue %s: the alarm %s could not be published: %s", self.venue, kind, error)
            return False
        return True

    # --- health ---------------------------------------------------------------------------------------------------

    def _note_reconciled(self, at: datetime) -> None:
        self._health.last_reconciled_at, self._health.trouble = at, None

    async def _report(self, stream: StreamState) -> None:
        began = self._clock.monotonic()
        while True:
            if self._clock.monotonic() - began > WORKS_AGAIN_AFTER:
                self._health.trouble = None
            last_byte_at = self._connector.last_byte_at
            self._health.connected, self._health.last_byte_at = stream.connected, last_byte_at
            if last_byte_at is not None:
                metrics.LAST_BYTE.labels(self.venue).set(last_byte_at.timestamp())
            await self._write_report(connected=stream.connected)
            await asyncio.sleep(REPORT_SECONDS)

    async def _write_report(self, *, connected: bool) -> None:
        try:
            await asyncio.to_thread(
                self._store.report,
                self.venue,
                connected=connected,
                last_byte_at=self._connector.last_byte_at,
                last_reconciled_at=self._health.last_reconciled_at,
                owner=self._owner,
            )
        except RetryableError as error:
            log.debug("venue %s: no report: %s", self.venue, error)

    def _pauses(self) -> Pauses:
        return Pauses(self._random)


async def _drain(outbox: Outbox, keeper: Keeper) -> None:
    await outbox.drained()
    await keeper.flushed()


async def _run_together(
    producers: list[Coroutine[Any, Any, None]], carriers: list[Coroutine[Any, Any, None]], *, drain: Callable[[], Coroutine[Any, Any, None]]
) -> None:
    """Run all until one fails (raise what it raised) or we are cancelled.

    On cancellation, and when the venue's contract is another one, what is queued already is still carried out.
    """
    producing = [asyncio.create_task(work) for work in producers]
    carrying = [asyncio.create_task(work) for work in carriers]
    try:
        done, _ = await asyncio.wait([*producing, *carrying], return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
        raise FatalError("a part of ingest ended by itself; this is a fault of the program")
    except (asyncio.CancelledError, SchemaVersionError):
        await _cancel(producing)
        await asyncio.wait([*carrying, rest := asyncio.create_task(drain())], timeout=DRAIN_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        rest.cancel()
        raise
    finally:
        await _cancel([*producing, *carrying])


async def _cancel(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    for outcome in outcomes:
        if isinstance(outcome, Exception) and not isinstance(outcome, PipelineError | LeaseLostError):
            log.error("a part of ingest failed while it was ended", exc_info=outcome)
