"""What every HTTP conversation of ours has in common: how a client is opened, how much it reads, how it reads headers.

It promises: no redirect is followed, no compressed body is asked for, no body is read beyond its limit, and loopback
addresses are never sent through the proxy of the environment. What the environment says of certificates and proxies and
cannot be used is a fault of settings that names the variable.
"""

from __future__ import annotations

import importlib.util
import ipaddress
import os
import re
import ssl
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx

from pipeline.errors import ContractBreachError, RetryableError, SettingsError
from pipeline.transport import is_loopback

# httpcore looks for this library before every lock it takes; where it is not installed, every look searches all of sys.path, which costs
# as much as a third of a request. None says once and for all that it is not there.
if importlib.util.find_spec("sniffio") is None:
    sys.modules["sniffio"] = None  # type: ignore[assignment]

HEADERS = {"Accept-Encoding": "identity", "User-Agent": "custodian-settlement-pipeline"}


def open_client(url: str, timeout: httpx.Timeout, verify: ssl.SSLContext | bool = True) -> httpx.AsyncClient:
    """Return a client for the server of `url`; the caller closes it. Raise SettingsError for an environment that cannot be used."""
    return httpx.AsyncClient(**client_options(url, timeout, verify))  # type: ignore[arg-type]


def client_options(url: str, timeout: httpx.Timeout, verify: ssl.SSLContext | bool = True) -> dict[str, object]:
    """Return the keyword arguments of a client for the server of `url`; raise SettingsError for an environment that cannot be used."""
    try:
        # A proxy of the environment is for the way out; it cannot reach what listens on this machine.
        host = httpx.URL(url).host
        outside = not (is_loopback(host) or host.endswith(".localhost"))
    except httpx.InvalidURL as error:
        raise SettingsError(f"{_without_user(url)} is no address{_said(error, of=url)}") from None
    if outside:
        try:
            check_environment(os.environ)
        except SettingsError as error:
            if _has_worked:  # a file of certificates that is being replaced is waited for
                raise RetryableError(str(error)) from None
            raise
        _has_worked.add(True)
    return {
        "timeout": timeout,
        "verify": _at_least_tls_1_2(httpx.create_ssl_context(trust_env=outside)) if verify is True else verify,
        "follow_redirects": False,
        "headers": HEADERS,
        "trust_env": outside,
    }


def _at_least_tls_1_2(context: ssl.SSLContext) -> ssl.SSLContext:
    context.minimum_version = max(context.minimum_version, ssl.TLSVersion.TLSv1_2)  # whatever this Python was built to do
    return context


_has_worked: set[bool] = set()
"""Not empty once this process has found its environment usable."""


def check_environment(environment: Mapping[str, str]) -> None:
    """Try what httpx takes from the environment, one variable at a time; raise SettingsError naming the first that cannot be used.

    httpx itself raises whatever it meets, and says no name.
    """
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR", "SSLKEYLOGFILE"):
        if value := environment.get(name):
            try:
                _try_certificates(name, value)
            except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
                what = "names no place for keys" if name == "SSLKEYLOGFILE" else "holds no certificates"
                raise SettingsError(f"{name}: {value!r} {what}{_said(error, of=value)}; correct the variable or unset it") from None
    for name in sorted(environment):
        value = environment[name].strip()
        if value and name.lower() in ("http_proxy", "https_proxy", "all_proxy"):
            try:
                proxy = httpx.Proxy(value if "://" in value else f"http://{value}")
                if proxy.url.scheme.startswith("socks") and importlib.util.find_spec("socksio") is None:
                    raise ValueError("SOCKS needs the package socksio")
                if not proxy.url.host:
                    raise ValueError("it names no host")
            except (ValueError, httpx.InvalidURL) as error:
                raise SettingsError(
                    f"{name}: {_without_user(value)!r} is no proxy that can be used{_said(error, of=value)}; write http://host:port or "
                    "https://host:port (in a password / as %2F, @ as %40, # as %23 and % as %25), or unset it"
                ) from None
        elif value and name.lower() == "no_proxy":
            for host in filter(None, map(str.strip, value.split(","))):
                try:
                    _try_exception(host)
                except (ValueError, httpx.InvalidURL) as error:
                    raise SettingsError(
                        f"{name}: {host!r} is no host{_said(error, of=host)}; write names, or addresses without brackets, "
                        "such as ::1, with commas between"
                    ) from None


def _try_certificates(name: str, value: str) -> None:
    """Read certificates, or open the file for keys, as the ssl module will; raise OSError or ValueError when that fails."""
    if name == "SSLKEYLOGFILE":
        with open(value, "a", encoding="ascii"):
            return
    if name == "SSL_CERT_DIR":
        os.scandir(value).close()
        return
    ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cafile=value)


def _try_exception(host: str) -> None:
    """Build the pattern that httpx makes of an entry of NO_PROXY; raise InvalidURL or ValueError when it makes none."""
    if host != "*" and "://" not in host and not _is_address(host):
        host = f"*{host}"
    httpx.URL(host if "://" in host else f"all://[{host}]" if ":" in host and _is_address(host) else f"all://{host}")


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host.partition("/")[0])
    except ValueError:
        return False
    return True


def _said(error: Exception, *, of: str) -> str:
    """Return what an error says in brackets; nothing where it may show a piece of a password, which it takes for a host or a port."""
    said = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return "" if "@" in of else f" ({said})"


def _without_user(address: str) -> str:
    """Return an address without its user and password, however these were written."""
    return re.sub(r"^(\w+://)?\S*@", r"\1…@", address)


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
