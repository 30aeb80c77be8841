"""One document behind one address, fetched again and again: no credentials, no retries, bounded in bytes and time."""

from __future__ import annotations

import asyncio
import ssl

import httpx

from connectors.transports.http_client import content_encoding, open_client, retry_after, without_detail
from pipeline.clock import Clock
from pipeline.errors import RetryableError


class DocumentClient:
    """Fetches the document at `url`."""

    def __init__(self, url: str, *, timeout: float, bytes_max: int, clock: Clock, verify: ssl.SSLContext | bool = True) -> None:
        """Open no connection yet; `timeout` is for one whole answer, in seconds."""
        self._url, self._timeout, self._bytes_max = url, timeout, bytes_max
        self._clock = clock
        self._client = open_client(url, httpx.Timeout(timeout), verify)

    async def fetch(self) -> bytes:
        """Return the body of a 2xx answer, of a longer one the first `bytes_max` bytes; raise RetryableError when there is none.

        The address may hold a key, so no error repeats it.
        """
        try:
            async with asyncio.timeout(self._timeout), self._client.stream("GET", self._url) as response:
                if not 200 <= response.status_code < 300:
                    headers = {name.lower(): value for name, value in response.headers.items()}
                    raise RetryableError(f"status {response.status_code}", retry_after=retry_after(headers, now=self._clock.now()))
                if (encoding := content_encoding(response)) is not None:
                    raise RetryableError(f"body encoded as {encoding!r}, which was not asked for")
                body = bytearray()
                async for piece in response.aiter_raw():
                    body += piece
                    if len(body) >= self._bytes_max:
                        break
                return bytes(body[: self._bytes_max])
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            reason = type(error).__name__ if isinstance(error, httpx.InvalidURL) else without_detail(error)
        except TimeoutError:
            reason = f"no whole answer within {self._timeout:g} s"
        raise RetryableError(f"no answer: {reason}")

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.aclose()
