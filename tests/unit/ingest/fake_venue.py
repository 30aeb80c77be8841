"""A venue, a log and a store that tests script: no socket, no database."""

from __future__ import annotations

import asyncio
import hashlib
import threading
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from pipeline.clock import SystemClock
from pipeline.domain.lifecycle import SETTLED
from pipeline.errors import ServiceAwayError
from pipeline.log.envelope import Outgoing, time_text
from pipeline.log.identities import compliance_read_id, order_updated_id, quote_received_id
from pipeline.ports import (
    Cursor,
    Evidence,
    EvidenceStep,
    Fact,
    HintedAt,
    Lane,
    LeaseGrant,
    LeaseLostError,
    OrderPage,
    OrderQuery,
    Reading,
    SchemaVersionError,
    Sighting,
    StreamOpened,
    StreamRead,
    StreamSignal,
    Unfinished,
    UnfinishedStep,
    Unreadable,
    VenueReport,
)
from schemas.accepting import ComplianceRead
from schemas.events import Observation, OrderUpdated, QuoteReceived

START = datetime(2026, 3, 1, tzinfo=UTC)


def intent_of(number: int) -> str:
    """Return the intent id of an order by its number."""
    return str(uuid.UUID(int=number, version=4))


def sighting(
    number: int,
    status: str,
    *,
    origin: str = "stream",
    full: bool = False,
    hinted_at: str | None = None,
    side: str | None = None,
    **changed: str | None,
) -> Sighting:
    """Return what a hint (or with `full` a record) of an order shows; with `side` also what is exchanged; `changed` fields come last."""
    intent = intent_of(number)
    at = time_text(START + timedelta(seconds=number))
    terms = {"target_amount": "100", "source_amount_actual": "11200", "source_currency": "JPYSC0", "target_currency": "USDCx"}
    stated = {**terms, "settled_at": at} if full and status == SETTLED else {}
    if side is not None:
        stated = {**terms, **stated}
    transaction_hash = f"hash-{number}" if status == SETTLED else None
    times = {"created_at": at}
    for name, value in changed.items():
        if name == "transaction_hash":
            transaction_hash = value
        elif name == "created_at":
            times = {name: value or at}
        else:
            stated = {**stated, name: value or ""}
    document = f"{intent} {status} {full} {changed}"
    event = OrderUpdated.model_validate(
        {
            "venue": "tokyo",
            "intent_id": intent,
            "status": status,
            "transaction_hash": transaction_hash,
            **times,
            "side": side,
            "observed": Observation.model_validate({"origin": origin, "observed_at": at, "hinted_at": hinted_at}),
            "document": document,
            "document_sha256": hashlib.sha256(document.encode()).hexdigest(),
            **stated,
        }
    )
    complete = full and status == SETTLED and transaction_hash is not None
    return Sighting(ce_id=order_updated_id("tokyo", intent, status, transaction_hash, stated), event=event, complete=complete)


def quote(number: int, name: str, *, origin: str = "list") -> Sighting:
    """Return a quote of an order; from the stream it is only the hint that there is one."""
    intent = intent_of(number)
    quote_id = None if origin == "stream" else f"{name:>08}{intent[8:]}"
    event = QuoteReceived.model_validate(
        {
            "venue": "tokyo",
            "intent_id": intent,
            "quote_id": quote_id,
            "fx_rate": None if quote_id is None else "112.0",
            "observed": Observation.model_validate({"origin": origin, "observed_at": time_text(START)}),
            "document": name,
            "document_sha256": hashlib.sha256(name.encode()).hexdigest(),
        }
    )
    return Sighting(ce_id=quote_received_id("tokyo", intent, quote_id, {"name": name}), event=event, complete=quote_id is not None)


def snapshot(number: int, rating: str = "LOW") -> Sighting:
    """Return the compliance snapshot of an order."""
    intent = intent_of(number)
    event = ComplianceRead(
        venue="tokyo",
        intent_id=intent,
        risk_rating=rating,
        observed=Observation(origin="read", observed_at=time_text(START)),
        document=rating,
        document_sha256=hashlib.sha256(rating.encode()).hexdigest(),
    )
    return Sighting(ce_id=compliance_read_id("tokyo", intent, {"risk_rating": rating}), event=event, complete=True)


class FakeVenue:
    """Orders by number with their status; what is put into `hints` comes over the stream."""

    venue = "tokyo"
    last_byte_at: datetime | None = None

    def __init__(self, *, reconcile_interval: float = 3600.0, sweep_pause: float = 3600.0) -> None:
        self.reconcile_interval, self.sweep_pause = reconcile_interval, sweep_pause
        self.changed: dict[int, dict[str, str | None]] = {}
        """What the record states otherwise, by order."""
        self.hidden: set[int] = set()
        """Orders that answer 404 and are in no list."""
        self.failing: dict[str, Exception] = {}
        """What a request whose name begins so ends with: "order 7", "quotes 7", "list SETTLED", "whoami"."""
        self.orders: dict[int, str] = {}
        self.sides: dict[int, str] = {}
        self.quotes: dict[int, list[Sighting]] = {}
        self.snapshots: dict[int, Reading | Exception] = {}
        self.hints: asyncio.Queue[list[Sighting | Unreadable]] = asyncio.Queue()
        self.requests: list[str] = []
        self.connects = 0
        self.connected = False
        self.delay = 0.0
        self.away = False
        self.schema_found: str | None = None
        self.own_parties = frozenset({"CustodianA::1"})
        self.takes_us_for = "CustodianA::1"

    def stream(self, last_event_id: str | None) -> AsyncIterator[StreamSignal]:
        """Yield what the test puts in."""
        return self._signals()

    async def _signals(self) -> AsyncIterator[StreamSignal]:
        self.connects += 1
        self.connected = True
        try:
            yield StreamOpened(START)
            while True:
                seen = await self.hints.get()
                yield StreamRead(seen=seen, received_at=SystemClock().now())
        finally:
            self.connected = False

    async def check_identity(self) -> str:
        """Answer as the test says."""
        self._fail("whoami")
        if self.schema_found is not None:
            raise SchemaVersionError(self.schema_found)
        return self.takes_us_for

    async def read_order(self, intent_id: str, *, lane: Lane, hinted_at: HintedAt, retry: bool = True) -> Reading:
        """Answer with the order as it is."""
        await self._called(f"order {lane}")
        number = next((number for number in self.orders if intent_of(number) == intent_id), None)
        self._fail(f"order {number} ")
        if number is None or number in self.hidden:
            return Reading(absent="not found")
        return Reading(seen=[self._record(number, "read", hinted_at)])

    def _record(self, number: int, origin: str, hinted_at: HintedAt) -> Sighting:
        side, hinted = self.sides.get(number), hinted_at(intent_of(number))
        changed = self.changed.get(number, {})
        return sighting(number, self.orders[number], origin=origin, full=True, hinted_at=hinted, side=side, **changed)

    def _fail(self, request: str) -> None:
        for name, error in self.failing.items():
            if request.startswith(name):
                raise error

    async def read_quotes(self, intent_id: str, *, lane: Lane, hinted_at: HintedAt, retry: bool = True) -> Reading:
        """Show the quotes as they are when the answer leaves."""
        number = self._number(intent_id)
        shown = list(self.quotes.get(number, []))
        await self._called(f"quotes {lane} {number}")
        self._fail(f"quotes {number} ")
        return Reading(seen=shown) if shown else Reading(absent="none")

    async def read_compliance(self, intent_id: str, *, lane: Lane) -> Reading:
        """Answer as the test says; by default with a snapshot."""
        number = self._number(intent_id)
        await self._called(f"compliance {lane} {number}")
        answer = self.snapshots.get(number, Reading(seen=[snapshot(number)]))
        if isinstance(answer, Exception):
            raise answer
        return answer

    def _number(self, intent_id: str) -> int:
        return next((number for number in {*self.orders, *self.quotes} if intent_of(number) == intent_id), 0)

    async def list_orders(self, query: OrderQuery, *, page: int, lane: Lane, hinted_at: HintedAt) -> OrderPage:
        """Answer with one page; a higher number was created and settled later."""
        await self._called(f"list {','.join(sorted(query.statuses)) or 'all'} {lane}")
        self._fail(f"list {','.join(sorted(query.statuses)) or 'all'} {lane} {page} ")
        listed = {number: status for number, status in self.orders.items() if number not in self.hidden}
        numbers = sorted(number for number, status in listed.items() if not query.statuses or status in query.statuses)
        if query.created_after is not None:
            numbers = [number for number in numbers if START + timedelta(seconds=number) > query.created_after]
        if query.descending:
            numbers.reverse()
        shown = numbers[(page - 1) * query.page_size : page * query.page_size]
        seen = [self._record(n, "list", hinted_at) for n in shown]
        return OrderPage(seen=seen, last=page * query.page_size >= len(numbers), items_total=len(numbers))

    async def aclose(self) -> None:
        """Nothing is open."""

    async def _called(self, request: str) -> None:
        if self.away:
            raise ServiceAwayError("the venue is away")
        self.requests.append(request)
        await asyncio.sleep(self.delay)

    def count(self, beginning: str) -> int:
        """Return how many requests began so."""
        return sum(request.startswith(beginning) for request in self.requests)


class FakeLog:
    """Takes events while it is not away; a publish while it is away raises."""

    def __init__(self) -> None:
        self.events: list[Outgoing] = []
        self.away = threading.Event()

    def publish(self, events: Sequence[Outgoing]) -> None:
        """Take all, or none."""
        if self.away.is_set():
            raise ServiceAwayError("Kafka is away")
        self.events.extend(events)

    def ids(self) -> Counter[str]:
        """Count the events by id."""
        return Counter(event.envelope.id for event in self.events)

    def kinds(self) -> Counter[str]:
        """Count the events by kind."""
        return Counter(event.envelope.kind.name for event in self.events)


class MemoryStore:
    """The store of ingest in memory, over restarts of what uses it."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.lease: LeaseGrant | None = None
        self.cursor = Cursor()
        self.facts: dict[str, Fact] = {}
        self.open: set[str] = set()
        self.evidence: dict[str, Evidence] = {}
        self.unfinished: dict[str, Unfinished] = {}
        self.reported: VenueReport | None = None
        self.away = threading.Event()

    def _check(self) -> None:
        if self.away.is_set():
            raise ServiceAwayError("PostgreSQL is away")

    def acquire_lease(self, name: str, owner: str, *, seconds: float) -> LeaseGrant | None:
        """Give the lease when it is free."""
        self._check()
        with self.lock:
            if self.lease is not None and self.lease.owner:
                return None
            self.lease = LeaseGrant(name, owner, (self.lease.epoch if self.lease else 0) + 1)
            return self.lease

    def renew_lease(self, grant: LeaseGrant, *, seconds: float) -> bool:
        """Tell whether it is still theirs."""
        self._check()
        return self.lease == grant

    def release_lease(self, grant: LeaseGrant) -> None:
        """Free it."""
        self._check()
        if self.lease == grant:
            self.lease = LeaseGrant(grant.name, "", grant.epoch)

    def steal(self) -> None:
        """Give the lease to somebody else."""
        assert self.lease is not None
        self.lease = LeaseGrant(self.lease.name, "thief", self.lease.epoch + 1)

    def load_cursor(self, venue: str) -> tuple[Cursor, frozenset[str]]:
        """Return what is stored."""
        self._check()
        return self.cursor, frozenset(self.open)

    def load_evidence(self, venue: str) -> dict[str, Evidence]:
        """Return what is stored."""
        self._check()
        return dict(self.evidence)

    def load_unfinished(self, venue: str) -> dict[str, Unfinished]:
        """Return what is stored."""
        self._check()
        return dict(self.unfinished)

    def has_worked(self, venue: str) -> bool:
        """Tell whether anything was stored."""
        self._check()
        return self.cursor != Cursor()

    def advance(
        self,
        grant: LeaseGrant,
        venue: str,
        cursor: Cursor,
        *,
        facts: Sequence[Fact],
        opened: Collection[str],
        closed: Collection[str],
        evidence: Sequence[EvidenceStep] = (),
        unfinished: Sequence[UnfinishedStep] = (),
    ) -> None:
        """Store it all, for the holder of the lease."""
        self._check()
        if self.lease != grant:
            raise LeaseLostError(grant.name)
        self.cursor = cursor
        self.facts.update({fact.ce_id: fact for fact in facts})
        self.open = (self.open | set(opened)) - set(closed)
        for step in evidence:
            self._take(step)
        for one in unfinished:
            if one.unfinished is None:
                self.unfinished.pop(one.intent_id, None)
            else:
                self.unfinished[one.intent_id] = one.unfinished

    def _take(self, step: EvidenceStep) -> None:
        """Do what the table does: begin, go on, end."""
        if step.over:
            self.evidence.pop(step.intent_id, None)
            return
        if step.pair is not None:
            self.evidence.setdefault(step.intent_id, Evidence(pair=step.pair))
        held = self.evidence.get(step.intent_id)
        if held is not None:
            self.evidence[step.intent_id] = replace(held, snapshot=step.snapshot or held.snapshot, rates={**held.rates, **step.rates})

    def recent_facts(self, venue: str, *, limit: int) -> list[Fact]:
        """Return the newest facts."""
        self._check()
        return list(self.facts.values())[::-1][:limit]

    def known_facts(self, venue: str, intents: Collection[str]) -> list[Fact]:
        """Return the facts of some intents."""
        self._check()
        return [fact for fact in self.facts.values() if fact.intent_id in set(intents)]

    def report(self, venue: str, report: VenueReport) -> None:
        """Keep the last one."""
        self._check()
        self.reported = report
