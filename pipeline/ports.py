"""What the inside asks of the outside, as Protocols: implementations are put in by `pipeline.wiring`."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol, runtime_checkable

from pipeline.log.envelope import Outgoing, Record
from pipeline.log.topics import EventType
from schemas.accepting import ComplianceRead
from schemas.events import OrderUpdated, QuoteReceived


class EventPublisher(Protocol):
    """Puts events into Kafka."""

    def publish(self, events: Sequence[Outgoing]) -> None:
        """Return when each event is acknowledged; raise ServiceAwayError when that is unknown, FatalError when it cannot be."""
        ...


class Transaction(Protocol):
    """One open PostgreSQL transaction, as sinks and stores need it (psycopg's Connection fits)."""

    def execute(self, query: Any, params: Any = None) -> Any:
        """Run a statement."""
        ...

    def cursor(self) -> Any:
        """Open a cursor, for COPY and the like."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A record that a sink will not write, and why."""

    record: Record
    reason: str
    venue: str | None = None
    """The venue that the record speaks of, when that much could be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What a sink did with a batch inside the open transaction."""

    refused: Sequence[Refusal] = ()
    raised: Sequence[Outgoing] = ()
    counts: dict[str, int] | None = None
    """For metrics, by name, e.g. {"booked": 10, "duplicates": 2}."""
    after_commit: Callable[[datetime], None] | None = None
    """Called with the time after the commit, to observe what only then is true; it changes nothing and raises nothing."""


class Sink(Protocol):
    """Writes records of its topics into its own tables; the batch loop owns transaction, positions and dead letters."""

    consumer: str
    kinds: Sequence[EventType]

    def write(self, transaction: Transaction, records: Sequence[Record], now: datetime) -> Written:
        """Write a batch; the same record twice has the effect of one. Raise RetryableError or FatalError."""
        ...


@runtime_checkable
class KeepsPassed(Protocol):
    """A sink that also keeps why offsets of its topics have no record."""

    def keep_passed(self, transaction: Transaction, passed: Sequence[Record], now: datetime) -> None:
        """Keep what stands in the log in the place of records, each with `passed`; the same twice has the effect of one."""
        ...


class Failpoints(Protocol):
    """Named places where a test may kill the role."""

    def reach(self, name: str) -> None:
        """Do nothing, unless a test armed this place."""
        ...


# --- venues: what ingest asks of a connector --------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """A venue's document, read: the event made from it and the id of the fact that it states.

    `complete`: a settlement with every term that a booking needs, or a quote with what a co-signature needs.
    """

    ce_id: str
    event: OrderUpdated | QuoteReceived | ComplianceRead
    complete: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable:
    """Bytes of a venue that cannot be read; `sha256` and `size` are of the whole where `body` is only its beginning."""

    origin: Literal["stream", "read"]
    body: bytes
    reason: str
    seen_at: datetime
    event_type: str | None = None
    sha256: str | None = None
    size: int | None = None
    intent_id: str | None = None
    status: str | None = None
    """What a record that cannot be read seems to be about, read loosely: for alarms, not for decisions."""

    @property
    def digest(self) -> str:
        """Return the SHA-256 of the whole document, by which it is told from others."""
        return self.sha256 or hashlib.sha256(self.body).hexdigest()


@dataclass(frozen=True, slots=True)
class StreamOpened:
    """The stream is connected; whatever happened before has to be read from the record."""

    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamRead:
    """What some bytes of the stream showed, in their order."""

    seen: Sequence[Sighting | Unreadable]
    received_at: datetime
    last_event_id: str | None = None
    ignored: Mapping[str, int] = field(default_factory=dict)
    """Frames of types that nobody knows, by type, heartbeats included."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamClosed:
    """The stream ended or did not come about; the connector tries again by itself."""

    reason: str
    at: datetime
    cut_inside_frame: bool = False
    was_connected: bool = True


StreamSignal = StreamOpened | StreamRead | StreamClosed

Lane = Literal["hints", "reconciliation", "evidence", "sweep"]
"""Whose turn a read is under the venue's request cap: no lane starves another, and the sweep takes what the others leave."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What one read of the record gave; `absent` holds the body of a 404."""

    seen: Sequence[Sighting | Unreadable] = ()
    absent: str | None = None
    request_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderQuery:
    """Which orders to list; empty `statuses` means all, `created_after` may be cut to what the venue understands."""

    statuses: Collection[str] = ()
    sort_by: Literal["created_at", "settled_at"] = "created_at"
    descending: bool = True
    created_after: datetime | None = None
    page_size: int = 100
    """Orders on one page; no venue that we know gives more than a hundred."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderPage:
    """One page of a list, in the venue's order; `last` when there is none after it."""

    seen: Sequence[Sighting | Unreadable]
    last: bool
    items_total: int | None = None


class SchemaVersionError(Exception):
    """The venue speaks another version of its contract; `found` is what it said, for people."""

    def __init__(self, found: str) -> None:
        super().__init__(found)
        self.found = found


HintedAt = Callable[[str], str | None]
"""Tells when the stream's hint about an intent was here (RFC 3339), None when there was none."""


class VenueConnector(Protocol):
    """One venue as ingest sees it: a stream of hints, and the record behind it.

    Reads raise RetryableError when the venue is away or busy, SettingsError when it does not let us in, ContractBreachError when an answer
    is none that the contract knows.
    """

    @property
    def venue(self) -> str:
        """The venue's id in events, entries and alarms."""
        ...

    @property
    def reconcile_interval(self) -> float:
        """Seconds between two listings of what may have been missed."""
        ...

    @property
    def sweep_pause(self) -> float:
        """Seconds between two reads of the sweep: what its share of the request budget comes to."""
        ...

    @property
    def last_byte_at(self) -> datetime | None:
        """When the stream last gave a byte."""
        ...

    def stream(self, last_event_id: str | None) -> AsyncIterator[StreamSignal]:
        """Yield what the stream does, for ever; close it with `aclose()`."""
        ...

    @property
    def own_parties(self) -> frozenset[str]:
        """Who we are at the venue, by which our side of an order is told; nobody until the identity was checked."""
        ...

    async def check_identity(self) -> str:
        """Return the party that the venue takes us for, which is not always one of `own_parties`.

        Raise SchemaVersionError when the venue speaks another contract, RetryableError, SettingsError.
        """
        ...

    async def read_order(self, intent_id: str, *, lane: Lane, hinted_at: HintedAt, retry: bool = True) -> Reading:
        """Read one order; without `retry` a venue that is away or busy is asked once, by who has others to read meanwhile."""
        ...

    async def read_quotes(self, intent_id: str, *, lane: Lane, hinted_at: HintedAt, retry: bool = True) -> Reading:
        """Read the quotes of one order; none when the venue does not show us any. `retry` as for an order."""
        ...

    async def read_compliance(self, intent_id: str, *, lane: Lane) -> Reading:
        """Read the compliance snapshot of one order; `absent` when the venue has none, or shows us none."""
        ...

    async def list_orders(self, query: OrderQuery, *, page: int, lane: Lane, hinted_at: HintedAt) -> OrderPage:
        """Read one page of 100 orders, counted from 1."""
        ...

    async def aclose(self) -> None:
        """Let go of all connections."""
        ...


# --- reference rates ---------------------------------------------------------------------------------------------

Pair = tuple[str, str]
"""Source and target currency."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RateSeen:
    """A reference rate as a provider's document states it, checked; `document` is that entry, verbatim."""

    pair: Pair
    rate: str
    """Source units per target unit, as the provider spells it."""
    sources: int
    quoted_at: datetime
    document: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RateReading:
    """What one read of a provider gave: all rates of its document, or a document that cannot be read."""

    seen: Sequence[RateSeen] | Unreadable
    received_at: datetime


class RateProvider(Protocol):
    """Somebody who states reference rates."""

    @property
    def name(self) -> str:
        """The provider's name in events: that of its section in the settings."""
        ...

    @property
    def poll_interval(self) -> float:
        """Seconds between two reads."""
        ...

    async def read(self) -> RateReading:
        """Read the document as it is now; raise RetryableError when the provider is away."""
        ...

    async def aclose(self) -> None:
        """Let go of all connections."""
        ...


class PartyPins(Protocol):
    """Remembers which party each venue took us for at first."""

    def pin(self, venue: str, party: str) -> str:
        """Return the party that was pinned for a venue; `party` is, when none was. Block; raise RetryableError or FatalError."""
        ...


# --- stores of ingest -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """A fact that the log holds: an order in this status, as the venue's record (or a complete hint) stated it."""

    ce_id: str
    intent_id: str
    status: str
    transaction_hash: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cursor:
    """How far ingest of a venue has come; everything up to here is acknowledged by Kafka. Times are the venue's own."""

    last_event_id: str | None = None
    settled_until: datetime | None = None
    created_until: datetime | None = None
    backfill_page: int | None = 1
    """The page of the first complete listing that comes next; None when that listing is done."""
    reconciled_at: datetime | None = None
    sweep_page: int | None = None
    """The page that the sweep under way reads next; None between two."""
    sweep_pages: int | None = None
    """How many pages there are, where the venue says so."""
    sweep_began_at: datetime | None = None
    sweep_ended_at: datetime | None = None
    """When the last whole sweep ended: whatever the venue listed before it began has been compared with the log."""


SnapshotState = Literal["due", "read", "absent", "unreadable"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What the log holds of what a decision about one proposal of ours needs; kept while the proposal is pending."""

    pair: Pair
    snapshot: SnapshotState = "due"
    rates: Mapping[str, datetime] = field(default_factory=dict)
    """The provider's time of the rate published last, by provider."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceStep:
    """What changed for one proposal: it is new (`pair`), something was published for it, or it is `over`."""

    intent_id: str
    pair: Pair | None = None
    snapshot: SnapshotState | None = None
    rates: Mapping[str, datetime] = field(default_factory=dict)
    over: bool = False

    def then(self, later: EvidenceStep) -> EvidenceStep:
        """Return both steps as one; what is over stays so."""
        return EvidenceStep(
            intent_id=self.intent_id,
            pair=self.pair or later.pair,
            snapshot=later.snapshot or self.snapshot,
            rates={**self.rates, **later.rates},
            over=self.over or later.over,
        )


Lacking = Literal["hinted", "behind", "absent", "incomplete", "unreadable", "failing"]
"""Why an order is unfinished: a hint asks for it and it was not read yet, its record is behind the hint, answers 404, lacks terms, cannot
be read, or its read fails."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unfinished:
    """An order that the log does not hold as the venue will have it in the end; kept until it does."""

    status: str
    """The furthest status that is known to be coming: what a hint announced, or SETTLED for a record that lacks terms."""
    lacking: Lacking
    since: datetime


@dataclass(frozen=True, slots=True)
class UnfinishedStep:
    """What an order lacks by now; None takes it off the list."""

    intent_id: str
    unfinished: Unfinished | None
    new: bool = False
    """It was not on the list before: should it be whole before that is stored, there is nothing to store."""

    def then(self, later: UnfinishedStep) -> UnfinishedStep | None:
        """Return both steps as one; None when they come to nothing."""
        if not self.new:  # there may be a row
            return UnfinishedStep(self.intent_id, later.unfinished)
        return None if later.unfinished is None else UnfinishedStep(self.intent_id, later.unfinished, new=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueReport:
    """How the ingest of a venue is, for `custodian status`; None says nothing new of the times."""

    owner: str
    leading: bool = False
    """The owner has the venue's lease; one that has not says nothing over another who has."""
    connected: bool = False
    last_byte_at: datetime | None = None
    last_reconciled_at: datetime | None = None
    trouble: str | None = None
    """Why the venue is waited for, or what does not come from it; None while all is well."""
    sweep_page: int | None = None
    sweep_pages: int | None = None
    sweep_began_at: datetime | None = None
    sweep_ended_at: datetime | None = None
    unfinished: int = 0
    unfinished_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class LeaseGrant:
    """The right to speak for a venue; `epoch` grows with every owner."""

    name: str
    owner: str
    epoch: int


class LeaseLostError(Exception):
    """Somebody else speaks for the venue now: whoever gets this stops publishing."""


class IngestStore(Protocol):
    """What ingest keeps in PostgreSQL; all methods block and may raise RetryableError or FatalError."""

    def acquire_lease(self, name: str, owner: str, *, seconds: float) -> LeaseGrant | None:
        """Take a lease that is free or ran out; None while somebody else holds it."""
        ...

    def renew_lease(self, grant: LeaseGrant, *, seconds: float) -> bool:
        """Prolong a lease; False when somebody else took it."""
        ...

    def release_lease(self, grant: LeaseGrant) -> None:
        """Give a lease back at once."""
        ...

    def load_cursor(self, venue: str) -> tuple[Cursor, frozenset[str]]:
        """Return the cursor of a venue and the intents that were open in its record when last seen."""
        ...

    def load_evidence(self, venue: str) -> dict[str, Evidence]:
        """Return what is known of the evidence of pending proposals of ours, by intent."""
        ...

    def load_unfinished(self, venue: str) -> dict[str, Unfinished]:
        """Return the orders of a venue that are not whole yet, by intent, oldest first."""
        ...

    def has_worked(self, venue: str) -> bool:
        """Tell whether anything was ever stored of a venue: then its address and credentials were right once."""
        ...

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
        """Store facts, open intents, evidence, what is unfinished (one step per intent each) and the cursor in one transaction.

        Raise LeaseLostError when the lease is somebody else's.
        """
        ...

    def recent_facts(self, venue: str, *, limit: int) -> list[Fact]:
        """Return the newest facts, newest first."""
        ...

    def known_facts(self, venue: str, intents: Collection[str]) -> list[Fact]:
        """Return all facts about these intents."""
        ...

    def report(self, venue: str, report: VenueReport) -> None:
        """Write down how the venue's ingest is, for `custodian status`."""
        ...
