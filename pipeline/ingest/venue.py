"""One venue's ingest: stand by for the lease, then read, publish and reconcile until it is lost or we are told to stop.

Which refusals end it: only those of a venue that has never worked, since then an address or a credential is wrong, and whoever started us
is there to hear it. A venue that has once worked (something of it is stored) is waited for, with an alarm, whatever it answers: an
address that is gone (404), another schema version, credentials that it no longer takes. The other venues go on.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from pipeline import metrics
from pipeline.clock import Clock
from pipeline.errors import ContractBreachError, FatalError, PipelineError, RetryableError, SettingsError
from pipeline.ingest.evidence import EvidenceBook
from pipeline.ingest.hints import FULL_GRACE_SECONDS, HintReader, StreamState
from pipeline.ingest.known import KnownFacts
from pipeline.ingest.lease import LEASE_SECONDS, STAND_BY_SECONDS, HeldLease, lease_name
from pipeline.ingest.looks import Accepted, QuoteLooks
from pipeline.ingest.outbox import BYTES_MAX, ITEMS_MAX, Outbox
from pipeline.ingest.pauses import Pauses
from pipeline.ingest.publish import Keeper, Publishing
from pipeline.ingest.rates import RateDesk, RatePublishing
from pipeline.ingest.read_snapshots import READERS, SnapshotReader
from pipeline.ingest.read_wanted import WantedReader
from pipeline.ingest.reconcile import SILENT_SECONDS, Progress, Reconciler, Silence
from pipeline.ingest.record import RecordBook
from pipeline.ingest.sweep import Sweeper
from pipeline.ingest.unfinished import UnfinishedBook
from pipeline.ingest.wanted import Wanted
from pipeline.log.envelope import time_text
from pipeline.log.notices import alarm
from pipeline.ports import EventPublisher, Failpoints, IngestStore, LeaseLostError, SchemaVersionError, VenueConnector, VenueReport

log = logging.getLogger(__name__)

DRAIN_SECONDS = 10.0
REPORT_SECONDS = 1.0
OVERDUE_ROUNDS = 5
"""So many reconcile intervals without a whole round, and at least `Limits.overdue_seconds`, are an alarm."""


@dataclass(slots=True)
class VenueHealth:
    """How the ingest of one venue is."""

    leading: bool = False
    connected: bool = False
    last_byte_at: datetime | None = None
    last_reconciled_at: datetime | None = None
    trouble: str | None = None
    """Why the venue is waited for, or why its last round was not whole; None while all is well."""

    @property
    def ready(self) -> bool:
        """Tell whether the venue is read here, or another process may have its lease."""
        return self.connected or not (self.leading or self.trouble)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What bounds the memory of one venue, and how long a full queue is borne."""

    items_max: int = ITEMS_MAX
    bytes_max: int = BYTES_MAX
    grace: float = FULL_GRACE_SECONDS
    quote_gather: float = 0.0
    quote_look: float = 10.0
    """Seconds after an accept from which its quotes are looked for where no hint has come: the first comes some 8 s after it."""
    schema_ask_seconds: float = 60.0
    overdue_seconds: float = 120.0
    silent_seconds: float = SILENT_SECONDS


@dataclass(slots=True)
class Overdue:
    """Whether a venue has gone unreconciled for too long; times are monotonic seconds."""

    since: float
    told: bool = False

    def progressed(self, at: float) -> None:
        """Take note of a whole round, or of a first listing that has come further."""
        self.since, self.told = at, False

    def is_late(self, at: float, *, limit: float) -> bool:
        """Tell once that there was no progress for `limit` seconds."""
        if self.told or at - self.since <= limit:
            return False
        self.told = True
        return True


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
        accepted: Accepted | None = None,
    ) -> None:
        """`owner` names this process among those that may hold the lease; `rates` is the desk that all venues share.

        `accepted` tells what we have accepted at the venue lately; without it nobody accepts anything.
        """
        self._connector, self._publisher, self._store = connector, publisher, store
        self._owner, self._clock, self._random, self._failpoints = owner, clock, random, failpoints
        self._health, self._limits, self._rates, self._accepted = health, limits, rates, accepted
        self._stranger: str | None = None
        """Whom the venue takes us for although we are not, as far as an alarm was raised."""
        self._overdue = Overdue(clock.monotonic())
        self._stream = StreamState()
        self._unfinished: UnfinishedBook | None = None
        self._sweeper: Sweeper | None = None
        self._admitted = False

    @property
    def venue(self) -> str:
        """The venue's id."""
        return self._connector.venue

    def failed(self, error: Exception) -> None:
        """Hear that `run` ended by a fault of this program and is begun anew."""
        self._health.trouble = f"ingest begins anew: {type(error).__name__}: {error}"

    async def run(self) -> None:
        """Ingest until cancelled; raise SettingsError when a venue that never worked refuses us, FatalError when we are wrong."""
        tasks = [asyncio.create_task(self._run()), asyncio.create_task(self._watch(), name=f"watch of {self.venue}")]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            await _cancel(tasks)

    async def _run(self) -> None:
        await self._admit()
        pauses = self._pauses()
        while True:
            try:
                asked_at = self._clock.monotonic()
                grant = await asyncio.to_thread(self._store.acquire_lease, lease_name(self.venue), self._owner, seconds=LEASE_SECONDS)
                if grant is None:
                    self._health.trouble = None  # whoever has the lease speaks for the venue
                    self._overdue.progressed(self._clock.monotonic())  # it is another's to say
                    await asyncio.sleep(STAND_BY_SECONDS * (0.75 + self._random() / 2))
                    continue
                pauses.reset()
                await self._lead(HeldLease(self._store, grant, taken_at=asked_at, clock=self._clock))
            except LeaseLostError:
                log.warning("venue %s: another process speaks for it now; standing by", self.venue)
            except SchemaVersionError as error:
                await self._admit(told=await self._alarm_schema(error.found))
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
        unfinished = UnfinishedBook(await asyncio.to_thread(self._store.load_unfinished, self.venue))
        book = RecordBook(
            self.venue,
            known=known,
            outbox=outbox,
            open_intents=were_open,
            clock=self._clock,
            evidence=evidence,
            unfinished=unfinished,
        )
        wanted, stream = Wanted(), StreamState()
        keeper = Keeper(self._store, lease, self.venue, cursor, failpoints=self._failpoints, pauses=self._pauses())
        progress = Progress.of(cursor, now=self._clock.now())
        reconciler = Reconciler(
            self._connector,
            book,
            progress,
            clock=self._clock,
            pauses=self._pauses(),
            reconciled=self._note_reconciled,
            overflowed=wanted.take_overflow,
            hints=lambda: stream.seen if stream.connected else None,
            troubled=self._note_trouble,
            silence=Silence(self._limits.silent_seconds),
        )
        sweeper = Sweeper(self._connector, book, wanted, cursor, progress, clock=self._clock, pauses=self._pauses())
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
        self._stream, self._unfinished, self._sweeper = stream, unfinished, sweeper
        log.info("venue %s: this process speaks for it (epoch %d)", self.venue, lease.grant.epoch)
        producers = [hints.run(cursor.last_event_id), reader.run(), reconciler.run(), sweeper.run(), rates.run()]
        producers += [snapshots.run() for _ in range(READERS)]
        if self._accepted is not None:
            producers.append(QuoteLooks(self._accepted, book, wanted, first=self._limits.quote_look, clock=self._clock).run())
        carriers = [publishing.run(), keeper.run(), lease.keep()]
        try:
            await _run_together(producers, carriers, drain=lambda: _drain(outbox, keeper))
        finally:
            self._health.connected = False
            await asyncio.shield(self._leave(lease))
            self._health.leading = False

    async def _leave(self, lease: HeldLease) -> None:
        self._stream = StreamState()
        await self._write_report()
        await lease.release()

    # --- the schema gate ------------------------------------------------------------------------------------------

    async def _admit(self, *, told: bool = False) -> None:
        """Ask the venue who we are until it lets us in; raise SettingsError when one that never worked refuses us.

        Whoever waits for a venue that has worked raises one alarm, unless it is `told` already.
        """
        pauses, slow = self._pauses(), Pauses(self._random, maximum=self._limits.schema_ask_seconds)
        while True:
            try:
                party = await self._connector.check_identity()
            except (SchemaVersionError, SettingsError) as error:
                refusal = self._refusal(error)
                if not await self._has_worked():
                    raise refusal from None
                self._health.trouble, pause = str(refusal), slow.next()
                log.error("venue %s has worked and is waited for, next try in %.1f s: %s", self.venue, pause, refusal)
                if not told:
                    told = await self._alarm_refusal(error)
                await asyncio.sleep(pause)
            except (RetryableError, ContractBreachError) as error:
                self._health.trouble, pause = str(error), pauses.next(getattr(error, "retry_after", None))
                log.warning("venue %s does not answer, next try in %.1f s: %s", self.venue, pause, error)
                await asyncio.sleep(pause)
            else:
                log.info("venue %s knows us as %s", self.venue, party)
                await self._recognise(party)
                self._admitted, self._health.trouble = True, None
                return

    def _refusal(self, error: SchemaVersionError | SettingsError) -> SettingsError:
        if isinstance(error, SettingsError):
            return error
        return SettingsError(
            f"venues.{self.venue}.base_url: the backend there answers with {error.found}, but this release speaks schema "
            'version "v2"; point base_url at a v2 backend, or use a release that speaks the other version'
        )

    async def _has_worked(self) -> bool:
        """Tell whether the venue has ever let us in; while the store does not say so it counts as one that has."""
        try:
            return self._admitted or await asyncio.to_thread(self._store.has_worked, self.venue)
        except RetryableError as error:
            log.warning("venue %s: whether it has ever worked is not known now: %s", self.venue, error)
            return True

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

    async def _alarm_refusal(self, error: SchemaVersionError | SettingsError) -> bool:
        """Raise the alarm for a refusal; nobody has to hear twice that a venue does not come. False when Kafka did not take it."""
        if isinstance(error, SchemaVersionError):
            return await self._alarm_schema(error.found)
        self._overdue.told = await self._alarm("venue_not_reconciled", {"reason": str(error)[:2_000]})
        return self._overdue.told

    async def _alarm_schema(self, found: str) -> bool:
        log.error("venue %s: %s instead of v2; nothing of it is published until that is right again", self.venue, found)
        self._health.trouble = f"{found} instead of schema version v2"
        self._overdue.told = await self._alarm("schema_version", {"found": found, "expected": "v2"})
        return self._overdue.told

    async def _alarm(self, kind: str, detail: dict[str, str], *, identity: tuple[str, ...] | None = None) -> bool:
        """Publish a critical alarm about the venue, beside the queue; tell whether Kafka has it. Without `identity` each is another one."""
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
            identity=identity or (now.isoformat(),),
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
        self._overdue.progressed(self._clock.monotonic())

    def _note_trouble(self, reason: str | None) -> None:
        """Take note of why a round was not whole; None says that something came further."""
        self._health.trouble = reason
        if reason is None:
            self._overdue.progressed(self._clock.monotonic())

    async def _watch(self) -> None:
        """Report once a second, also while the venue is waited for, and raise an alarm when it goes unreconciled for too long."""
        limit = max(self._limits.overdue_seconds, OVERDUE_ROUNDS * self._connector.reconcile_interval)
        while True:
            if self._health.leading or self._health.trouble:
                await self._write_report()
            if self._overdue.is_late(self._clock.monotonic(), limit=limit):
                reason = self._health.trouble or "no round of the record has been completed"
                log.error("venue %s has not been reconciled for %.0f s: %s", self.venue, limit, reason)
                since = self._health.last_reconciled_at
                detail = {"reason": reason[:2_000]} | ({} if since is None else {"last_reconciled_at": time_text(since)})
                if not await self._alarm("venue_not_reconciled", detail):
                    self._overdue.told = False
            await asyncio.sleep(REPORT_SECONDS)

    async def _write_report(self) -> None:
        health, stream = self._health, self._stream
        health.connected, health.last_byte_at = stream.connected, self._connector.last_byte_at
        report = VenueReport(
            owner=self._owner,
            leading=health.leading,
            connected=health.connected,
            last_byte_at=health.last_byte_at,
            last_reconciled_at=health.last_reconciled_at,
            trouble=health.trouble,
        )
        if self._unfinished is not None and self._sweeper is not None:
            at = self._sweeper.cursor
            report = replace(
                report,
                sweep_page=at.sweep_page,
                sweep_pages=at.sweep_pages,
                sweep_began_at=at.sweep_began_at,
                sweep_ended_at=at.sweep_ended_at,
                unfinished=len(self._unfinished),
                unfinished_since=self._unfinished.since,
            )
        _measure(self.venue, report)
        try:
            await asyncio.to_thread(self._store.report, self.venue, report)
        except RetryableError as error:
            log.debug("venue %s: no report: %s", self.venue, error)

    def _pauses(self) -> Pauses:
        return Pauses(self._random)


def _measure(venue: str, report: VenueReport) -> None:
    """Show a report in the metrics."""
    if report.last_byte_at is not None:
        metrics.LAST_BYTE.labels(venue).set(report.last_byte_at.timestamp())
    metrics.UNFINISHED.labels(venue).set(report.unfinished)
    metrics.UNFINISHED_SINCE.labels(venue).set(report.unfinished_since.timestamp() if report.unfinished_since else 0)
    metrics.SWEEP_PAGE.labels(venue).set(report.sweep_page or 0)
    metrics.SWEEP_PAGES.labels(venue).set(report.sweep_pages or 0)
    metrics.SWEEP_ENDED.labels(venue).set(report.sweep_ended_at.timestamp() if report.sweep_ended_at else 0)


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
