"""One order, asked for by its name: what fails is that order's trouble alone, and never that of those that are read beside it."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.clock import Clock
from pipeline.errors import ContractBreachError, PoisonRecordError, RetryableError, SettingsError
from pipeline.ingest.items import withdrawal
from pipeline.ingest.outbox import Item
from pipeline.ingest.record import RecordBook
from pipeline.ports import HintedAt, Lacking, Lane, Sighting, Unreadable, VenueConnector

FAILURES = (RetryableError, ContractBreachError, SettingsError, PoisonRecordError)
"""What a read may end with: 5xx, no answer, 403, 410, or nothing that the contract knows. By name it says little about the venue."""


def no_hint(_: str) -> str | None:
    """Say that no hint announced what is read."""
    return None


async def read_order(
    connector: VenueConnector, book: RecordBook, intent_id: str, *, lane: Lane, clock: Clock, hinted_at: HintedAt = no_hint
) -> Sequence[Sighting | Unreadable]:
    """Read one order, publish what is new and return what was seen: nothing of an order that the record has never shown.

    An order that it once showed as open and shows no more is withdrawn (A-11). Raise one of `FAILURES`.
    """
    reading = await connector.read_order(intent_id, lane=lane, hinted_at=hinted_at, retry=False)
    seen = reading.seen
    if reading.absent is not None:
        if intent_id not in book.open:
            await put_step(book, intent_id, "absent", clock)
            return ()
        hinted, now = hinted_at(intent_id), clock.now()
        seen = [withdrawal(connector.venue, intent_id, reading.absent, request_id=reading.request_id, hinted_at=hinted, at=now)]
    await book.note(seen)
    return seen


async def put_step(book: RecordBook, intent_id: str, lacking: Lacking, clock: Clock) -> None:
    """Have it stored why an order is unfinished."""
    now = clock.now()
    step = book.unfinished.absent(intent_id, now) if lacking == "absent" else book.unfinished.lacks(intent_id, lacking, now)
    if step is not None:
        await book.outbox.put([Item(unfinished=step)])
