"""Musubi as the pipeline sees a venue: a stream of hints and the record behind it (a `VenueConnector` of the ports).

Source: Musubi contract, sections 2 to 5 and the client column of section 7.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from datetime import datetime

from connectors.transports.rest import RequestBudget, RestClient
from connectors.venues.lanes import LANES, TurnTaking
from connectors.venues.musubi import config, reads, stream
from connectors.venues.own_parties import OwnParties
from pipeline import settings
from pipeline.clock import Clock
from pipeline.ports import HintedAt, Lane, OrderPage, OrderQuery, PartyPins, Reading, StreamSignal

SWEEP_PAUSE_MIN = 1.0
"""Seconds between two reads of the sweep, whatever the venue bears: a page costs this machine some milliseconds, too."""


class MusubiVenue:
    """One Musubi backend."""

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
        self.reconcile_interval = section.reconcile_interval
        self.sweep_pause = max(SWEEP_PAUSE_MIN, 1 / (section.requests_per_second * section.sweep_share))
        self._own: frozenset[str] | None = None
        self._token = config.bearer_token(venue, section, clock, random)
        turns = TurnTaking(budget)
        self._clients: dict[Lane, RestClient] = {
            lane: config.rest_client(venue, section, self._token, turns.lane(lane), clock, random) for lane in LANES
        }
        self._stream = config.event_stream(venue, section, self._token, clock, random)

    @property
    def last_byte_at(self) -> datetime | None:
        """When the stream last gave a byte."""
        return self._stream.last_byte_at

    @property
    def own_parties(self) -> frozenset[str]:
        """Who we are here; nobody until the identity was checked."""
        return self._own or frozenset()

    def stream(self, last_event_id: str | None) -> AsyncIterator[StreamSignal]:
        """Yield what the stream does, for ever; it comes back by itself."""
        return stream.signals(self._stream, venue=self.venue, own_party=self._own, last_event_id=last_event_id)

    async def check_identity(self) -> str:
        """Return the party that the venue takes us for; raise SchemaVersionError unless it speaks schema v2."""
        identity = await reads.whoami(self._clients["hints"], venue=self.venue)
        self._own = await self._parties.known_as(identity.party_id)
        return identity.party_id

    async def read_order(self, intent_id: str, *, lane: Lane, hinted_at: HintedAt, retry: bool = True) -> Reading:
        """Read one order."""
        client = self._clients[lane]
        return await reads.order(client, intent_id, venue=self.venue, own_party=self._own, hinted_at=hinted_at, retry=retry)

    async def read_quotes(self, intent_id: str, *, lane: Lane, hinted_at: HintedAt, retry: bool = True) -> Reading:
        """Read the quotes of one order."""
        return await reads.quotes(self._clients[lane], intent_id, venue=self.venue, hinted_at=hinted_at, retry=retry)

    async def read_compliance(self, intent_id: str, *, lane: Lane) -> Reading:
        """Read the compliance snapshot of one order."""
        return await reads.compliance(self._clients[lane], intent_id, venue=self.venue)

    async def list_orders(self, query: OrderQuery, *, page: int, lane: Lane, hinted_at: HintedAt) -> OrderPage:
        """Read one page of 100 orders, counted from 1."""
        return await reads.orders(self._clients[lane], query, page=page, venue=self.venue, own_party=self._own, hinted_at=hinted_at)

    async def aclose(self) -> None:
        """Let go of all connections."""
        for client in self._clients.values():
            await client.aclose()
        await self._token.aclose()
