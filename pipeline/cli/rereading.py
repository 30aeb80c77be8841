"""What a venue's record says of one order now, as the event that ingest would make of it: `orders reread`, and a requeue of venue bytes."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from pipeline.errors import PoisonRecordError, SettingsError

if TYPE_CHECKING:
    from pipeline.log.envelope import Outgoing
    from pipeline.ports import Reading
    from pipeline.settings import Settings


What = Literal["order", "quotes", "compliance"]
"""What is asked for, of one order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reread:
    """What the venue answered: `outgoing` is what is published, nothing where an order that we never saw open is absent."""

    outcome: str
    """"published", "withdrawn", "absent", "unreadable"."""
    outgoing: Outgoing | None
    status: str | None = None
    transaction_hash: str | None = None
    reason: str | None = None


def reread(loaded: Settings, venue: str, intent: str, *, was_open: bool) -> Reread:
    """Read an order under the venue's request budget; `was_open`: ingest last saw it open, so its absence means that it was withdrawn.

    Nothing is moved. Raise RetryableError when the venue is away or busy, SettingsError.
    """
    from pipeline.clock import SystemClock
    from pipeline.ingest.items import letter_of, outgoing_of, withdrawal
    from pipeline.ports import Unreadable
    from pipeline.stores.outbox import VALUE_MAX
    from schemas.events import OrderUpdated

    reading = read(loaded, venue, "order", intent)
    now = SystemClock().now()
    if reading.absent is not None:
        if not was_open:
            return Reread(outcome="absent", outgoing=None, reason="the venue shows no such order (404)")
        gone = withdrawal(venue, intent, reading.absent, request_id=reading.request_id, hinted_at=None, at=now)
        return Reread(outcome="withdrawn", outgoing=outgoing_of(gone, now), reason="the venue shows it no more (404)")
    (seen,) = reading.seen
    if isinstance(seen, Unreadable):
        return Reread(outcome="unreadable", outgoing=letter_of(venue, seen), reason=seen.reason)
    event = seen.event
    assert isinstance(event, OrderUpdated)
    outgoing = outgoing_of(seen, now)
    if len(outgoing.value) > VALUE_MAX:
        return Reread(
            outcome="unreadable", outgoing=None, reason=f"{len(outgoing.value)} bytes are more than the {VALUE_MAX} that are published"
        )
    return Reread(outcome="published", outgoing=outgoing, status=event.status, transaction_hash=event.transaction_hash)


def read(loaded: Settings, venue: str, what: What, intent: str) -> Reading:
    """Ask a venue for one order, its quotes or its snapshot, under its request budget; raise RetryableError, SettingsError."""
    if venue not in loaded.venues:
        raise SettingsError(f"venues: there is no section [venues.{venue}]; write one, or name another venue")
    return asyncio.run(_read(loaded, venue, what, intent))


async def _read(loaded: Settings, venue: str, what: What, intent: str) -> Reading:
    from pipeline.clock import SystemClock
    from pipeline.ports import SchemaVersionError
    from pipeline.wiring import venue as venue_of

    connector = venue_of(loaded, venue, SystemClock())
    try:
        await connector.check_identity()  # on which side we are is told by who we are
        match what:
            case "order":
                return await connector.read_order(intent, lane="reconciliation", hinted_at=lambda _: None)
            case "quotes":
                return await connector.read_quotes(intent, lane="reconciliation", hinted_at=lambda _: None)
            case "compliance":
                return await connector.read_compliance(intent, lane="reconciliation")
    except SchemaVersionError as error:
        raise SettingsError(f'venues.{venue}.base_url: the venue answers with {error.found}, not schema version "v2"') from None
    except PoisonRecordError as error:
        raise SettingsError(error.reason) from None
    finally:
        await connector.aclose()
