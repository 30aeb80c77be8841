"""The ingest of all venues of one process: side by side, so that one venue's trouble never stops another."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from pipeline.clock import Clock
from pipeline.collector import collect_seldom
from pipeline.errors import FatalError, SettingsError
from pipeline.ingest.looks import Accepted
from pipeline.ingest.pauses import Pauses
from pipeline.ingest.rates import RateDesk
from pipeline.ingest.venue import Limits, VenueHealth, VenueIngest
from pipeline.ports import EventPublisher, Failpoints, IngestStore, RateProvider, VenueConnector

log = logging.getLogger(__name__)

THREADS_PER_VENUE = 8


@dataclass(slots=True)
class IngestHealth:
    """How the venues of this process are, for `/readyz` and `custodian status`."""

    venues: dict[str, VenueHealth] = field(default_factory=dict)

    @property
    def waiting_for(self) -> str:
        """Say which venues are not read as they should be, and why; empty when all are."""
        return "; ".join(f"{name}: {venue.trouble or 'not connected'}" for name, venue in self.venues.items() if not venue.ready)


async def run_ingest(
    venues: Sequence[VenueConnector],
    publisher: EventPublisher,
    stores: Callable[[str], IngestStore],
    clock: Clock,
    random: Callable[[], float],
    failpoints: Failpoints,
    stop: asyncio.Event,
    *,
    owner: str,
    health: IngestHealth | None = None,
    limits: Limits | None = None,
    rates: Sequence[RateProvider] = (),
    accepted: Callable[[str], Accepted] | None = None,
) -> None:
    """Ingest venues until `stop` is set, then publish what is queued, give the leases back and return.

    `stores` makes the store of a venue (each its own, so that none waits for another's database calls); `owner` names this process; `rates`
    are the providers of reference rates; `accepted` makes what tells of a venue which proposals were accepted lately. Raise SettingsError
    when a venue that never worked refuses us, FatalError when going on would be wrong.
    """
    collect_seldom()
    # Each venue may have a publish, a cursor, a lease, a report and a budget waiting for their services at the same time, and each provider
    # of rates a file.
    threads = THREADS_PER_VENUE * max(1, len(venues)) + len(rates)
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(threads, "ingest"))
    board = health or IngestHealth()
    desk = RateDesk(rates, publisher, clock=clock, random=random, leading=lambda: any(venue.leading for venue in board.venues.values()))
    tasks: list[asyncio.Task[None]] = [asyncio.create_task(desk.run(), name="rates")] if rates else []
    for connector in venues:
        board.venues[connector.venue] = venue_health = VenueHealth()
        ingest = VenueIngest(
            connector,
            publisher,
            stores(connector.venue),
            owner=owner,
            clock=clock,
            random=random,
            failpoints=failpoints,
            health=venue_health,
            limits=limits or Limits(),
            rates=desk,
            accepted=None if accepted is None else accepted(connector.venue),
        )
        tasks.append(asyncio.create_task(_keep_running(ingest, random), name=f"ingest of {connector.venue}"))
    stopped = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait([stopped, *tasks], return_when=asyncio.FIRST_COMPLETED)
        ended = [task for task in tasks if task.done()]
    finally:
        for task in (stopped, *tasks):
            task.cancel()
        await asyncio.gather(stopped, *tasks, return_exceptions=True)
        for connector in venues:
            await connector.aclose()
    for task in ended:
        await task  # raises what ended it


async def _keep_running(ingest: VenueIngest, random: Callable[[], float]) -> None:
    pauses = Pauses(random, first=1.0, maximum=30.0)
    while True:
        try:
            await ingest.run()
        except (SettingsError, FatalError):
            raise
        except Exception as error:
            pause = pauses.next()
            ingest.failed(error)
            log.exception("the ingest of venue %s failed and begins anew in %.1f s", ingest.venue, pause)
            await asyncio.sleep(pause)
