"""The two kinds of providers (each a `RateProvider` of the ports): a document that is fetched, and a file that somebody else writes."""

from __future__ import annotations

import asyncio
import codecs
import ssl
from pathlib import Path

from connectors.rates.parse import SIZE_MAX, reading_of
from connectors.transports.document import DocumentClient
from connectors.transports.trust import trust_of
from pipeline import settings
from pipeline.clock import Clock
from pipeline.errors import RetryableError
from pipeline.ports import RateProvider, RateReading


class HttpJsonRates:
    """A provider whose document is fetched by HTTP, without credentials."""

    def __init__(
        self, name: str, url: str, *, poll_interval: float, http_timeout: float, clock: Clock, verify: ssl.SSLContext | bool = True
    ) -> None:
        """Open no connection yet; times are in seconds."""
        self.name, self.poll_interval = name, poll_interval
        self._client = DocumentClient(url, timeout=http_timeout, bytes_max=SIZE_MAX + 1, clock=clock, verify=verify)
        self._clock = clock

    async def read(self) -> RateReading:
        """Fetch the document; raise RetryableError when no document comes within the timeout."""
        body = await self._client.fetch()
        return reading_of(body, received_at=self._clock.now())

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.aclose()


class FileRates:
    """A provider whose document is a file: whoever writes it puts a whole new one in its place, by rename."""

    def __init__(self, name: str, file: Path, *, poll_interval: float, clock: Clock) -> None:
        """`poll_interval` is in seconds."""
        self.name, self.poll_interval = name, poll_interval
        self._file, self._clock = file, clock

    async def read(self) -> RateReading:
        """Read the file; raise RetryableError when it cannot be read."""
        try:
            body = await asyncio.to_thread(self._beginning)
        except OSError as error:
            raise RetryableError(f"{self._file} cannot be read: {error.strerror}") from None
        return reading_of(body.removeprefix(codecs.BOM_UTF8), received_at=self._clock.now())

    def _beginning(self) -> bytes:
        with self._file.open("rb") as stream:
            return stream.read(SIZE_MAX + 1)

    async def aclose(self) -> None:
        """Nothing stays open."""


def rate_provider(name: str, section: settings.Rates, *, clock: Clock) -> RateProvider:
    """Return the provider of a section `[rates.NAME]`; raise SettingsError for a certificate that cannot be used."""
    if section.kind == "file":
        assert section.file is not None, "the settings say so"
        return FileRates(name, section.file, poll_interval=section.poll_interval, clock=clock)
    assert section.url is not None, "the settings say so"
    return HttpJsonRates(
        name,
        section.url,
        poll_interval=section.poll_interval,
        http_timeout=section.http_timeout,
        clock=clock,
        verify=trust_of(section, f"rates.{name}"),
    )
