"""The request cap of a venue over all processes: one row, the generic cell rate algorithm, the database's clock.

Promises:
* over any window of t seconds all processes together are granted at most burst + rate * t requests. Permits are taken for everybody who
  waits at once, at high rates some more; they are used within the time by whose requests the bucket is made smaller, and what is left of
  them lapses, so the promise holds;
* what one side does not take is left in the bucket for the other;
* accept calls go first, then the readings before them, then everything else: each leaves a reserve to those before it. But while others
  wait, accept calls and their readings together are granted ACCEPT_SHARE of the rate, so that ingest goes on.

Source: Musubi contract A-34; infra/decisions/0013.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from pipeline.clock import Clock
from pipeline.stores.postgres import Connection
from pipeline.stores.session import Session

AHEAD_SECONDS = 0.02
"""So many seconds' requests are asked for ahead: a thousand requests per second cost fifty round trips."""
LASTS_SECONDS = 0.25
"""Permits last as long as this at most: longer than a round trip takes on a machine that is busy, or each would bring one request only."""
WAIT_MAX = 1.0
ACCEPT_SHARE = 0.6
"""What accept calls and their readings are granted of the rate while others wait too: of the nine requests that an accepted order may cost,
five are theirs."""
ACCEPTS_AHEAD = 2
"""So many requests, or two chunks, they may be ahead of that share."""
WAITING_SECONDS = 0.5
"""Who waits is believed for so much longer than he meant to sleep: machines are busy."""
FORGETFUL = {"synchronous_commit": "off"}
"""Commits that do not wait for the disk: a crash of the server takes longer than what it may forget."""

_TAKE = """
UPDATE custodian.request_budgets
   SET arrival = greatest(arrival, n.now) + %(cost)s,
       accepts = CASE WHEN %(accepting)s THEN least(greatest(accepts, n.now) + %(share_cost)s, n.now + %(share_depth)s) ELSE accepts END
  FROM (SELECT extract(epoch FROM clock_timestamp())::double precision AS now) AS n
 WHERE venue = %(venue)s AND greatest(arrival, n.now) + %(cost)s <= n.now + %(depth)s
   AND (NOT %(accepting)s OR others_until <= n.now OR greatest(accepts, n.now) + %(share_cost)s <= n.now + %(share_depth)s)
RETURNING 0.0
"""
_WAIT = """
UPDATE custodian.request_budgets
   SET others_until = CASE WHEN %(accepting)s THEN others_until
                           ELSE greatest(others_until, least(n.now + %(wait_max)s, arrival + %(cost)s - %(depth)s) + %(waiting)s) END
  FROM (SELECT extract(epoch FROM clock_timestamp())::double precision AS now) AS n
 WHERE venue = %(venue)s
RETURNING greatest(arrival + %(cost)s - %(depth)s,
                   CASE WHEN %(accepting)s THEN least(others_until, accepts + %(share_cost)s - %(share_depth)s) END) - n.now
"""


@dataclass(frozen=True, slots=True)
class Shape:
    """How a rate and a burst are granted: chunk, what is asked for ahead and depths in requests."""

    rate: float
    chunk: int
    """At most so many at once; they last as long as these take at the full rate."""
    ahead: int
    depth: float
    reserve: float
    """What others leave to accept calls; the readings before them leave half of it."""

    @property
    def share_depth(self) -> float:
        """Return how far accept calls may be ahead of their share, in seconds of it."""
        return max(ACCEPTS_AHEAD, 2 * self.chunk) / (self.rate * ACCEPT_SHARE)

    @classmethod
    def of(cls, rate: float, burst: int) -> Shape:
        """Derive the shape: a chunk takes at most a third of the burst, the reserve a tenth and at least one of what is left."""
        chunk = max(1, min(int(rate * LASTS_SECONDS), burst // 3))
        depth = burst - chunk if chunk > 1 else burst
        ahead = min(chunk, max(1, int(rate * AHEAD_SECONDS)))
        return cls(rate, chunk, ahead, float(depth), float(min(depth - 1, max(1, depth // 10))) if depth > 1 else 0.0)


class PostgresRequestBudget:
    """Grants requests to one venue; one object per process and venue, used from one event loop."""

    def __init__(
        self, connect: Callable[[], Connection], venue: str, *, rate: float, burst: int, clock: Clock, accepting: bool = False
    ) -> None:
        """`connect` opens a connection in autocommit mode, better with the settings `FORGETFUL`; `rate` is in requests per second.

        `accepting` says that all requests of this object are accept calls and the readings around them.
        """
        self._session = Session(connect)
        self._venue = venue
        self._shape = Shape.of(rate, burst)
        self._clock = clock
        self._accepting = accepting
        self._left = 0
        self._lapses_at = 0.0
        self._urgent: deque[asyncio.Future[None]] = deque()
        self._others: deque[asyncio.Future[None]] = deque()
        self._serving: asyncio.Task[None] | None = None
        self._arrived = asyncio.Event()

    async def acquire(self, *, priority: bool = False) -> None:
        """Wait until one request may leave; those with priority go first. Raise RetryableError while PostgreSQL is away."""
        if self._take_left():
            return
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        (self._urgent if priority else self._others).append(place)
        self._arrived.set()
        if self._serving is None or self._serving.done():
            self._serving = asyncio.create_task(self._serve(), name=f"request budget of {self._venue}")
        await place

    async def _serve(self) -> None:
        """Grant one request after the other while anybody waits."""
        try:
            while self._next_lane() is not None:
                if not self._take_left():
                    lane = self._next_lane()
                    wait = await asyncio.to_thread(self._take, urgent=lane is self._urgent)
                    if wait > 0:
                        await self._pause(wait)
                        continue
                lane = self._next_lane()
                if lane is None:
                    self._left += 1  # who waited has given up
                    return
                lane.popleft().set_result(None)
        except Exception as error:
            for lane in (self._urgent, self._others):
                while lane:
                    place = lane.popleft()
                    if not place.done():
                        place.set_exception(type(error)(*error.args))

    async def _pause(self, wait: float) -> None:
        """Wait, but not while somebody with priority comes."""
        self._arrived.clear()
        had_urgent = bool(self._urgent)
        deadline = self._clock.monotonic() + min(wait, WAIT_MAX)
        while (left := deadline - self._clock.monotonic()) > 0:
            try:
                async with asyncio.timeout(left):
                    await self._arrived.wait()
            except TimeoutError:
                return
            self._arrived.clear()
            if self._urgent and not had_urgent:
                return

    def _next_lane(self) -> deque[asyncio.Future[None]] | None:
        for lane in (self._urgent, self._others):
            while lane and lane[0].done():
                lane.popleft()
            if lane:
                return lane
        return None

    def _take_left(self) -> bool:
        if self._left > 0 and self._clock.monotonic() < self._lapses_at:
            self._left -= 1
            return True
        return False

    def _take(self, *, urgent: bool) -> float:
        """Take permits for who waits, of which one is the caller's; return 0, or the seconds to wait when there is none."""
        shape = self._shape
        asked_at = self._clock.monotonic()
        reserve = 0.0 if urgent else shape.reserve / 2 if self._accepting else shape.reserve
        wanted = min(shape.chunk, max(shape.ahead, len(self._urgent if urgent else self._others)))
        for permits in (wanted, 1) if wanted > 1 else (1,):
            values = {
                "venue": self._venue,
                "cost": permits / shape.rate,
                "depth": (shape.depth - reserve) / shape.rate,
                "accepting": self._accepting,
                "share_cost": permits / (shape.rate * ACCEPT_SHARE),
                "share_depth": shape.share_depth,
                "wait_max": WAIT_MAX,
                "waiting": WAITING_SECONDS,
            }
            with self._session.use("taking from the request budget") as connection:
                if connection.execute(_TAKE, values).fetchone() is not None:
                    self._left = permits - 1
                    self._lapses_at = asked_at + shape.chunk / shape.rate
                    return 0.0
                if permits == 1:
                    row = connection.execute(_WAIT, values).fetchone()
                    if row is not None:
                        return max(0.001, float(row[0]))
                    # The first request ever, or a server that crashed has forgotten the row.
                    connection.execute(
                        "INSERT INTO custodian.request_budgets (venue, arrival) VALUES (%s, 0) ON CONFLICT DO NOTHING", (self._venue,)
                    )
        return 0.001

    def close(self) -> None:
        """Close the connection."""
        self._session.close()
