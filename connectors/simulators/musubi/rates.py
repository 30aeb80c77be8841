"""The simulator as a provider of reference rates: every traded pair, moving slowly around its typical rate.

`GET /simulator/rates`, without a token, from anywhere: a JSON array in the form that `[rates.NAME] kind = "http_json"` reads. A rate is a
function of seed, pair and time, so that two callers at the same moment are told the same, and a restart changes nothing. In whole numbers,
as rates are money.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from random import Random

import orjson
from aiohttp import web

from connectors.simulators.musubi.documents import Document
from connectors.simulators.musubi.market import PAIRS, Pair
from connectors.simulators.musubi.orders import exact_product, iso, plain
from pipeline.clock import Clock

PATH = "/simulator/rates"
SWING = 20
"""Basis points by which a rate is at most away from the typical one."""
STEP = timedelta(minutes=1)
"""A rate walks in a straight line from one drawn point to the next."""
FINER = 100
"""Steps of a hundredth of a basis point, so that a rate moves from poll to poll and not in jumps."""
_EPOCH = datetime.fromisoformat("2020-01-01T00:00:00+00:00")


def rates_at(now: datetime, *, seed: int) -> list[Document]:
    """Return what the provider states at `now`."""
    return [
        {
            "source_currency": pair.source,
            "target_currency": pair.target,
            "rate": plain(exact_product(pair.rate, 1 + Decimal(_offset(pair, now, seed)) / (10_000 * FINER))),
            "sources": 3 + Random(f"{seed}/sources/{pair.source}/{pair.target}").randrange(3),  # noqa: S311
            "quoted_at": iso(now),
        }
        for pair in PAIRS
    ]


def _offset(pair: Pair, now: datetime, seed: int) -> int:
    """Return how far the rate is from the typical one, in hundredths of a basis point."""
    number, into = divmod(now - _EPOCH, STEP)
    before, after = _point(pair, number, seed), _point(pair, number + 1, seed)
    return before + (after - before) * (into // timedelta(milliseconds=1)) // (STEP // timedelta(milliseconds=1))


@lru_cache(maxsize=64)
def _point(pair: Pair, number: int, seed: int) -> int:
    return Random(f"{seed}/rates/{pair.source}/{pair.target}/{number}").randint(-SWING * FINER, SWING * FINER)  # noqa: S311


def answering(clock: Clock, seed: int) -> Callable[[web.Request], Awaitable[web.Response]]:
    """Return the handler of the route."""

    async def answer(_: web.Request) -> web.Response:
        return web.Response(body=orjson.dumps(rates_at(clock.now(), seed=seed)), content_type="application/json")

    return answer
