"""One look at an address, for people who ask whether it answers."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from datetime import datetime

import httpx

from connectors.transports.http_client import http_date, open_client, without_detail
from pipeline.tls import Peer, peer_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What an address answered: a status and its clock, or why there was no answer."""

    status: int | None
    venue_time: datetime | None = None
    failure: str | None = None
    peer: Peer | None = None
    """Who answered over TLS; None without TLS."""


async def look(url: str, *, timeout: float, verify: ssl.SSLContext | bool = True) -> Look:
    """Send one GET without credentials and return what came; `timeout` is in seconds, `verify` as `trust_of` gives it."""
    try:
        async with open_client(url, httpx.Timeout(timeout), verify) as client, client.stream("GET", url) as response:
            secured = response.extensions["network_stream"].get_extra_info("ssl_object")
            return Look(
                status=response.status_code,
                venue_time=http_date(response.headers.get("date")),
                peer=None if secured is None else peer_of(secured),
            )
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return Look(status=None, failure=without_detail(error))
