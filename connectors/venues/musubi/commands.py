"""Musubi's two accept calls, and the readings around them.

Promises: a call is made once, and a second time only after a 401, which says that nothing was done; before each of the two, when nothing
else has to be waited for, `gate` is passed, and what it raises keeps the call from leaving; ids are checked before they get into a path;
whatever leaves the outcome open is said to be open; every answer's Date header tells us about the venue's clock; no call is made to a
venue that speaks another contract or before we know who we are there.
Source: Musubi contract 2.4, 4.3 to 4.6, 6.2 and A-14 to A-19, A-24, A-25, A-34.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from connectors.transports.backoff import Backoff
from connectors.transports.rest import ONE, Bound, OutcomeUnknownError, Params, Reply, RequestBudget, RestClient, VenueRefusedError
from connectors.venues.musubi import config, parse, reads
from connectors.venues.own_parties import OwnParties
from pipeline import settings
from pipeline.clock import Clock
from pipeline.domain import identifiers
from pipeline.domain.accepting import (
    CO_SIGN_QUOTE,
    Answer,
    Answered,
    Kind,
    Look,
    NotDone,
    OrderSeen,
    OutcomeOpen,
    QuoteSeen,
    SnapshotSeen,
    VenueTime,
)
from pipeline.domain.lifecycle import SETTLED
from pipeline.domain.moments import EARLIEST
from pipeline.domain.money import parse_amount
from pipeline.domain.venue_clock import VenueClock
from pipeline.errors import ContractBreachError, PoisonRecordError, RetryableError
from pipeline.log.envelope import moment, time_text
from pipeline.ports import PartyPins, Reading, Sighting, Unreadable
from schemas.accepting import ComplianceFacts, ComplianceRead
from schemas.events import Observation, OrderUpdated, QuoteReceived

RESPONSE_MAX = 65_536
"""Bytes of an answer that are kept as evidence: an order has some 1,500."""
READ_RETRY_SECONDS = 1.0
"""The transport repeats a read but shortly: the executor decides what comes next, and a quote lives for seconds."""

Gate = Callable[[], Awaitable[None]]
_gate: ContextVar[Gate | None] = ContextVar("gate", default=None)
_passing: ContextVar[bool] = ContextVar("passing", default=False)
"""The gate is being passed: what it reads has no gate of its own, and goes first, since a call waits for it with its permit."""
_left_at: ContextVar[list[datetime] | None] = ContextVar("left_at", default=None)
"""When the request of this call left, in one place that the budget fills and the call reads."""


class MusubiCommands:
    """The accept calls of one Musubi backend (`VenueCommands` of the commands' ports)."""

    def __init__(
        self,
        venue: str,
        section: settings.Venue,
        *,
        clock: Clock,
        random: Callable[[], float],
        budget: RequestBudget,
        pins: PartyPins | None = None,
    ) -> None:
        """Open nothing yet; raise SettingsError when a secret is missing. `budget` and `pins` are shared by all processes of this venue."""
        self.venue = venue
        self._parties = OwnParties(venue, section.own_parties, pins)
        self._clock = clock
        self._venue_clock = VenueClock()
        self._own: frozenset[str] | None = None
        self._identifying = asyncio.Lock()
        self._token = config.bearer_token(venue, section, clock, random)
        self._client = _Client(
            section.base_url,
            self._token,
            clock=clock,
            budget=_GatedBudget(budget, clock),
            random=random,
            venue=venue,
            loads=reads.read_json,
            http_timeout=section.http_timeout,
            retry_seconds_max=READ_RETRY_SECONDS,
            backoff=Backoff(first=0.1, maximum=0.5),
        )
        self._client.venue_clock = self._venue_clock

    def time(self) -> VenueTime:
        """Return what is known of the venue's clock now."""
        return self._venue_clock.at(self._clock.now())

    async def look(self, intent_id: str, *, quotes: bool, snapshot: bool = False) -> Look:
        """Read the order and, when asked, its quotes and its compliance snapshot, all at once.

        Raise RetryableError, SettingsError, ContractBreachError or SchemaVersionError; a snapshot that cannot be had now is told.
        """
        own_party = await self._identity()
        try:
            (order, quoted, at), evidence = await asyncio.gather(
                self._order(intent_id, own_party, quotes=quotes), self._snapshot(intent_id, asked=snapshot)
            )
        except RetryableError:
            self._own = None  # after an outage the contract's version is looked at again (2.4)
            raise
        seen, read = evidence
        return replace(look_of(order, quoted, at), snapshot=seen, records=(*order.seen, *quoted.seen, *read.seen))

    async def _order(self, intent_id: str, own_party: frozenset[str], *, quotes: bool) -> tuple[Reading, Reading, datetime]:
        order, quoted = await asyncio.gather(
            reads.order(self._client, intent_id, venue=self.venue, own_party=own_party, hinted_at=_never),
            reads.quotes(self._client, intent_id, venue=self.venue, hinted_at=_never) if quotes else _nothing(),
        )
        return order, quoted, self._clock.now()

    async def _snapshot(self, intent_id: str, *, asked: bool) -> tuple[SnapshotSeen | None, Reading]:
        """Read the snapshot; one that is away leaves the order's record as it is, and the gate says what follows."""
        if not asked:
            return None, Reading()
        away: str | None = None
        try:
            reading = await reads.compliance(self._client, intent_id, venue=self.venue)
        except ContractBreachError:
            reading = Reading()  # as for ingest: there is none that can be read
        except RetryableError as error:
            reading, away = Reading(), str(error)[:500] or type(error).__name__
        return snapshot_of(reading, self._clock.now(), away), reading

    async def accept_proposal(self, intent_id: str, *, gate: Gate) -> Answer:
        """Accept an order's proposal (contract 4.4)."""
        return await self._call(f"/api/v1/orders/{identifiers.intent_id(intent_id)}/accept", gate)

    async def co_sign(self, intent_id: str, quote_id: str, *, gate: Gate) -> Answer:
        """Co-sign a quote (contract 4.6)."""
        path = f"/api/v1/orders/{identifiers.intent_id(intent_id)}/quotes/{identifiers.quote_id(quote_id)}/accept"
        return await self._call(path, gate)

    async def send(self, kind: Kind, intent_id: str, quote_id: str | None, *, gate: Gate) -> Answer:
        """Make the accept call of a kind; raise what `gate` raises, PoisonRecordError for a malformed id, SettingsError without a token."""
        if kind == CO_SIGN_QUOTE:
            return await self.co_sign(intent_id, quote_id or "", gate=gate)
        return await self.accept_proposal(intent_id, gate=gate)

    def answered_order(self, intent_id: str, response: str, at: datetime) -> Sighting | None:
        """Return the order that a successful answer holds; it may as well be a quote or empty, which is for others to read then (A-14)."""
        if self._own is None:
            return None  # an order without its side says less than the record
        observed = Observation(origin="read", observed_at=time_text(at))
        try:
            body = reads.data_of(response.encode())
            seen = parse.parse_order(body, venue=self.venue, own_party=self._own, observed=observed)
        except PoisonRecordError:
            return None
        # A settlement is for the record to tell: an answer of any shape must not be what is booked on.
        event = seen.event
        fits = isinstance(event, OrderUpdated) and event.intent_id == intent_id and event.status != SETTLED
        return seen if fits else None

    async def aclose(self) -> None:
        """Let go of all connections."""
        await self._client.aclose()
        await self._token.aclose()

    async def _identity(self) -> frozenset[str]:
        """Return who we are; the venue is asked once, and again after an outage."""
        async with self._identifying:
            if self._own is None:
                self._own = await self._parties.known_as((await reads.whoami(self._client, venue=self.venue)).party_id)
            return self._own

    async def _call(self, path: str, gate: Gate) -> Answer:
        await self._identity()
        passing = _gate.set(gate)
        try:
            reply = await self._client.post(path)
        except VenueRefusedError as error:
            return Answered(done=False, http_status=error.status, error_code=_short(error.code), response=_text(error.reply))
        except OutcomeUnknownError as error:
            self._own = None
            status = None if error.reply is None else error.reply.status
            return OutcomeOpen(reason=str(error)[:500], http_status=status, response=_text(error.reply))
        except RetryableError as error:
            return NotDone(reason=str(error)[:500], retry_after=error.retry_after)
        finally:
            _gate.reset(passing)
        return Answered(done=True, http_status=reply.status, response=_text(reply))


class _Client(RestClient):
    """Takes the venue's time from every answer."""

    venue_clock: VenueClock

    async def get(self, path: str, params: Params | None = None, retry: bool = True, bound: Bound = ONE) -> Reply:
        """Read, and note the time."""
        return await self._timed(super().get(path, params, retry, bound))

    async def post(self, path: str) -> Reply:
        """Command, and note the time."""
        return await self._timed(super().post(path))

    async def _timed(self, call: Awaitable[Reply]) -> Reply:
        left_at = [self._clock.now()]
        timing = _left_at.set(left_at)
        try:
            reply = await call
        except (VenueRefusedError, OutcomeUnknownError) as error:
            self._note(left_at[0], error.reply)
            raise
        finally:
            _left_at.reset(timing)
        self._note(left_at[0], reply)
        return reply

    def _note(self, left_at: datetime, reply: Reply | None) -> None:
        if reply is not None:
            self.venue_clock.note(sent_at=left_at, received_at=reply.received_at, date=reply.venue_time)


class _GatedBudget:
    """The venue's request budget, calls before readings; where a gate is set it is passed after the permit is there.

    The transport takes a permit right before each sending, the second one after a 401 included: there is nothing left to wait for.
    """

    def __init__(self, budget: RequestBudget, clock: Clock) -> None:
        self._budget, self._clock = budget, clock

    async def acquire(self, *, priority: bool = False) -> None:
        """Wait for a permit and pass the gate; raise what either raises."""
        passing = _passing.get()
        await self._budget.acquire(priority=priority or passing)
        gate = _gate.get()
        if gate is not None and not passing:
            token = _passing.set(True)
            try:
                await gate()
            finally:
                _passing.reset(token)
        left_at = _left_at.get()
        if left_at is not None:
            left_at[0] = self._clock.now()


async def _nothing() -> Reading:
    return Reading()


def _never(_: str) -> None:
    return None


def look_of(order: Reading, quotes: Reading, at: datetime) -> Look:
    """Return what two readings show; what of them cannot be read shows nothing."""
    quoted = tuple(
        quote_seen(one.event) for one in quotes.seen if isinstance(one, Sighting) and one.complete and isinstance(one.event, QuoteReceived)
    )
    for one in order.seen:
        if isinstance(one, Unreadable):
            return Look(order=None, quotes=quoted, at=at, unreadable=one.reason)
        if isinstance(one.event, OrderUpdated):
            return Look(order=order_seen(one.event), quotes=quoted, at=at)
    return Look(order=None, quotes=quoted, at=at)


def snapshot_of(reading: Reading, at: datetime, away: str | None = None) -> SnapshotSeen:
    """Return what a reading of the snapshot shows; one that cannot be read states nothing."""
    for one in reading.seen:
        if isinstance(one, Sighting) and isinstance(one.event, ComplianceRead):
            stated = {name: value for name in ComplianceFacts.model_fields if (value := getattr(one.event, name)) is not None}
            return SnapshotSeen(facts=stated, at=at, document_sha256=one.event.document_sha256)
    return SnapshotSeen(facts={}, at=at, away=away)


def order_seen(event: OrderUpdated) -> OrderSeen:
    """Return an order by value."""
    return OrderSeen(
        status=event.status,
        side=event.side,
        sender_party_id=event.sender_party_id,
        receiver_party_id=event.receiver_party_id,
        sender_custodian_party_id=event.sender_custodian_party_id,
        receiver_custodian_party_id=event.receiver_custodian_party_id,
        jurisdiction_sender=event.jurisdiction_sender,
        jurisdiction_receiver=event.jurisdiction_receiver,
        source_currency=event.source_currency,
        target_currency=event.target_currency,
        target_amount=_amount(event.target_amount),
        source_amount_max=_amount(event.source_amount_max),
        fx_rate=_amount(event.fx_rate),
        market_maker_party_id=event.market_maker_party_id,
        quote_valid_until=_time(event.quote_valid_until),
        expires_at=_time(event.expires_at),
        failure_reason=event.failure_reason,
        document_sha256=event.document_sha256,
    )


def quote_seen(event: QuoteReceived) -> QuoteSeen:
    """Return a complete quote by value."""
    assert event.quote_id is not None
    assert event.fx_rate is not None
    assert event.valid_until is not None
    return QuoteSeen(
        quote_id=event.quote_id,
        fx_rate=parse_amount(event.fx_rate, "fx_rate"),
        valid_until=moment(event.valid_until, "valid_until") or EARLIEST,  # no end that can be meant: it is seen, and over
        source_amount=_amount(event.source_amount),
        target_amount=_amount(event.target_amount),
        market_maker_party_id=event.market_maker_party_id,
        status=event.status,
        document_sha256=event.document_sha256,
    )


def _amount(text: str | None) -> Decimal | None:
    return None if text is None else parse_amount(text)


def _time(text: str | None) -> datetime | None:
    return None if text is None else moment(text, "time")


def _short(text: str | None) -> str | None:
    return text[:512] if text else None


def _text(reply: Reply | None) -> str | None:
    return None if reply is None else reply.body[:RESPONSE_MAX].decode("utf-8", "replace")
