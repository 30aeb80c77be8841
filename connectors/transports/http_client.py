"""What every HTTP conversation of ours has in common: how a client is opened, how much it reads, how it reads headers.

It promises: no redirect is followed, no compressed body is asked for, no body is read beyond its limit, and loopback
addresses are never sent through the proxy of the environment.
"""

from __future__ import annotations

import importlib.util
import ipaddress
import ssl
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import httpx

from pipeline.errors import ContractBreachError

# httpcore looks for this library before every lock it takes; where it is not installed, every look searches all of sys.path, which costs
# as much as a third of a request. None says once and for all that it is not there.
if importlib.util.find_spec("sniffio") is None:
    sys.modules["sniffio"] = None  # type: ignore[assignment]

HEADERS = {"Accept-Encoding": "identity", "User-Agent": "custodian-settlement-pipeline"}


def open_client(url: str, timeout: httpx.Timeout, verify: ssl.SSLContext | bool = True) -> httpx.AsyncClient:
    """Return a client for the server of `url`; the caller closes it."""
    return httpx.AsyncClient(**client_options(url, timeout, verify))  # type: ignore[arg-type]


def client_options(url: str, timeout: httpx.Timeout, verify: ssl.SSLContext | bool = True) -> dict[str, object]:
    """Return the keyword arguments of a client for the server of `url`."""
    return {
        "timeout": timeout,
        "verify": verify,
        "follow_redirects": False,
        "headers": HEADERS,
        # A proxy of the environment is for the way out; it cannot reach what listens on this machine.
        "trust_env": not _is_loopback(urlsplit(url).hostname or ""),
    }


async def read_bounded(response: httpx.Response, bytes_max: int) -> bytes:
    """Return the body as it came over the wire; raise ContractBreachError when it is compressed or over the limit."""
    encoding = content_encoding(response)
    if encoding is not None:
        raise ContractBreachError(f"body encoded as {encoding!r}, which was not asked for")
    body = bytearray()
    async for piece in response.aiter_raw():
        body += piece
        if len(body) > bytes_max:
            raise ContractBreachError(f"body of more than {bytes_max} bytes")
    return bytes(body)


def content_encoding(response: httpx.Response) -> str | None:
    """Return the content encoding of a response, None for identity."""
    stated = str(response.headers.get("content-encoding", "")).strip().lower()
    return None if stated in ("", "identity") else stated[:40]


def without_detail(error: BaseException) -> str:
    """Return the name of a transport error and what it says of itself, which never includes a header or a body."""
    text = str(error)[:200]
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def http_date(text: str | None) -> datetime | None:
    """Return the time of an HTTP date header, aware, in UTC; None when there is none to read."""
    if not text:
        return None
    try:
        at = parsedate_to_datetime(text)
        return (at.replace(tzinfo=UTC) if at.tzinfo is None else at).astimezone(UTC)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def retry_after(headers: Mapping[str, str], *, now: datetime) -> float | None:
    """Return the seconds of a Retry-After header (RFC 9110, seconds or date), never negative; None when it says nothing.

    A date is read against the server's own Date header where there is one: its clock need not be ours.
    """
    stated = headers.get("retry-after", "").strip()
    if stated.isascii() and stated.isdigit():
        return float(stated[:9])
    until = http_date(stated)
    if until is None:
        return None
    return max(0.0, (until - (http_date(headers.get("date")) or now)).total_seconds())


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
