"""One look at an address, for people who ask whether it answers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import httpx

from connectors.transports.http_client import http_date, open_client, without_detail


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What an address answered: a status and its clock, or why there was no answer."""

    status: int | None
    venue_time: datetime | None = None
    failure: str | None = None


async def look(url: str, *, timeout: float) -> Look:
    """Send one GET without credentials and return what came; `timeout` is in seconds."""
    try:
        async with open_client(url, httpx.Timeout(timeout)) as client, client.stream("GET", url) as response:
            return Look(status=response.status_code, venue_time=http_date(response.headers.get("date")))
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return Look(status=None, failure=without_detail(error))
