"""Holding a venue's lease: renewed well before it ends, given up at once when somebody else has it."""

from __future__ import annotations

import asyncio
import logging

from pipeline.clock import Clock
from pipeline.errors import RetryableError
from pipeline.ports import IngestStore, LeaseGrant, LeaseLostError

log = logging.getLogger(__name__)

LEASE_SECONDS = 5.0
RENEW_SECONDS = 1.5
STAND_BY_SECONDS = 0.75
"""How often one that stands by asks: with a lease of five seconds, a takeover after kill -9 takes six at most."""


def lease_name(venue: str) -> str:
    """Return the name of a venue's lease."""
    return f"ingest.{venue}"


class HeldLease:
    """A lease as its holder sees it: certain until a deadline of the monotonic clock."""

    def __init__(self, store: IngestStore, grant: LeaseGrant, *, taken_at: float, clock: Clock) -> None:
        """`taken_at` is the monotonic time before it was asked for."""
        self.grant = grant
        self._store, self._clock = store, clock
        self._certain_until = taken_at + LEASE_SECONDS
        self._certain = asyncio.Event()
        self._certain.set()

    async def keep(self) -> None:
        """Renew until cancelled; raise LeaseLostError when somebody else took it."""
        while True:
            await asyncio.sleep(RENEW_SECONDS)
            asked_at = self._clock.monotonic()
            try:
                renewed = await asyncio.to_thread(self._store.renew_lease, self.grant, seconds=LEASE_SECONDS)
            except RetryableError as error:
                log.warning("the lease %s could not be renewed: %s", self.grant.name, error)
                continue
            if not renewed:
                raise LeaseLostError(self.grant.name)
            self._certain_until = asked_at + LEASE_SECONDS
            self._certain.set()

    async def certain(self) -> None:
        """Wait until nobody else can hold the lease: what is published is published by its holder."""
        while self._clock.monotonic() >= self._certain_until:
            self._certain.clear()
            await self._certain.wait()

    async def release(self) -> None:
        """Give it back; when the database is away it runs out by itself."""
        try:
            await asyncio.to_thread(self._store.release_lease, self.grant)
        except RetryableError as error:
            log.info("the lease %s runs out by itself: %s", self.grant.name, error)
