"""Documents of reference rates: read whole or refused whole; fetched and read from files, within their bounds."""

from __future__ import annotations

import asyncio
import codecs
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from connectors.rates.adapter import FileRates, HttpJsonRates, rate_provider
from connectors.rates.parse import SIZE_MAX, parse_rates
from connectors.simulators.musubi.market import PAIRS
from connectors.simulators.musubi.rates import rates_at
from pipeline import settings
from pipeline.errors import PoisonRecordError, RetryableError
from pipeline.ports import Unreadable
from tests.unit.transports.scripted import Asked, HandClock, ScriptedServer, Writer, reply

NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)
ENTRY = {"source_currency": "JPYSC0", "target_currency": "USDCx", "rate": "112.040", "sources": 5, "quoted_at": "2026-03-01T08:59:59.5Z"}


def document(*entries: Any) -> bytes:
    """Return a document of entries."""
    return json.dumps(entries).encode()


def test_a_document_states_its_pairs_and_each_entry_is_kept_byte_for_byte() -> None:
    """Rate as spelled, time in UTC, and the exact bytes of the entry, unknown members included."""
    verbatim = (
        b'{ "rate":"112.040", "source_currency":"JPYSC0","target_currency":"USDCx","sources":5,'
        b'"quoted_at":"2026-03-01T17:59:59.5+09:00","x":[1] }'
    )
    (rate, other) = parse_rates(b" [" + verbatim + b", " + json.dumps({**ENTRY, "target_currency": "EURCx"}).encode() + b"]\n", now=NOW)
    assert (rate.pair, rate.rate, rate.sources) == (("JPYSC0", "USDCx"), "112.040", 5)
    assert rate.quoted_at == datetime(2026, 3, 1, 8, 59, 59, 500_000, UTC)
    assert rate.document.encode() == verbatim
    assert other.pair == ("JPYSC0", "EURCx")
    assert parse_rates(b"[]", now=NOW) == ()


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"<html>", "not JSON"),
        (b"", "not JSON"),
        (b"{}", "not JSON"),
        (b"[{}]", "entry 1: source_currency is missing"),
        (b"[5]", "entry 1: no JSON object"),
        (document(ENTRY)[:-1], "not JSON"),
        (document(ENTRY, ENTRY), "two rates for JPYSC0/USDCx"),
        (document({**ENTRY, "rate": 112.04}), "rate is a JSON Decimal"),
        (document({**ENTRY, "rate": "0"}), "rate is zero"),
        (document({**ENTRY, "rate": "-1"}), "rate is not a positive decimal"),
        (document({**ENTRY, "sources": "5"}), "sources is no number"),
        (document({**ENTRY, "sources": True}), "sources is no number"),
        (document({**ENTRY, "sources": -1}), "sources is no number"),
        (document({**ENTRY, "quoted_at": "2026-03-01T09:00:00"}), "no time zone"),
        (document({**ENTRY, "quoted_at": 1772355600}), "quoted_at is int"),
        (document({**ENTRY, "quoted_at": "2026-03-01T09:01:01Z"}), "ahead of our clock"),
        (document({**ENTRY, "source_currency": ""}), "source_currency is empty"),
        (document(ENTRY, {**ENTRY, "target_currency": 5}), "entry 2: target_currency is int"),
        (b'[{"rate":"1","rate":"2"}]', "duplicate key"),
        (document(ENTRY) + b" " * SIZE_MAX, f"over {SIZE_MAX}"),
        (b"[" * 40 + b"]" * 40, "nested deeper"),
    ],
)
def test_a_document_that_is_wrong_anywhere_is_refused_whole(body: bytes, reason: str) -> None:
    """The reason names the entry and what is wrong with it."""
    with pytest.raises(PoisonRecordError, match=reason):
        parse_rates(body, now=NOW)


def test_what_the_simulator_states_can_be_read_and_moves_slowly() -> None:
    """Every traded pair is there; in a minute a rate moves, by no more than its swing; the same moment gives the same."""
    first, again, later = (
        parse_rates(json.dumps(rates_at(at, seed=7)).encode(), now=NOW) for at in (NOW, NOW, NOW + timedelta(seconds=30))
    )
    assert first == again
    assert [rate.pair for rate in first] == [(pair.source, pair.target) for pair in PAIRS]
    assert {rate.quoted_at for rate in first} == {NOW}
    assert all(rate.sources >= 3 for rate in first)
    assert [rate.rate for rate in first] != [rate.rate for rate in later]
    for pair, one in zip(PAIRS, later, strict=True):
        assert abs(pair.rate * 10_000 - 10_000 * type(pair.rate)(one.rate)) <= 20 * pair.rate


@pytest.fixture
async def server() -> AsyncIterator[ScriptedServer]:
    """A server on loopback."""
    scripted = ScriptedServer()
    await scripted.start()
    yield scripted
    await scripted.stop()


def fetching(url: str, timeout: float = 5.0) -> HttpJsonRates:
    """Return a provider that fetches from `url`."""
    clock = HandClock()
    clock.seconds += (NOW - clock.now()).total_seconds()
    return HttpJsonRates("desk", url, poll_interval=2.0, http_timeout=timeout, clock=clock)


async def test_a_document_is_fetched_without_credentials(server: ScriptedServer) -> None:
    """One GET with the query of the settings, and no header that identifies us to anybody."""
    server.will(reply(200, document(ENTRY)))
    provider = fetching(f"{server.url}/rates?pairs=all")
    reading = await provider.read()
    await provider.aclose()
    assert not isinstance(reading.seen, Unreadable)
    assert [rate.rate for rate in reading.seen] == ["112.040"]
    assert reading.received_at == NOW
    assert server.asked[0].line == "GET /rates?pairs=all HTTP/1.1"
    assert "authorization" not in server.asked[0].headers


@pytest.mark.parametrize("answer", [reply(503, b"", "Retry-After: 7"), reply(404, b"[]"), reply(302, b"", "Location: /x"), b""])
async def test_whoever_gives_no_document_is_away(server: ScriptedServer, answer: bytes) -> None:
    """Other statuses and closed connections are no documents; what the provider asks for is handed on, its address is not."""
    server.will(answer)
    provider = fetching(f"{server.url}/rates?key=canary")
    with pytest.raises(RetryableError) as raised:
        await provider.read()
    await provider.aclose()
    assert raised.value.retry_after == (7.0 if b"503" in answer else None)
    assert "canary" not in str(raised.value)


async def test_an_answer_that_drips_is_given_up(server: ScriptedServer) -> None:
    """The timeout is for the whole answer, not for each byte."""

    async def drip(_: Asked, writer: Writer) -> None:
        writer.write(b"HTTP/1.1 200 X\r\nContent-Length: 100000\r\n\r\n")
        while not writer.is_closing():
            writer.write(b" ")
            await writer.drain()
            await asyncio.wait([asyncio.create_task(asyncio.Event().wait())], timeout=0.01)

    server.will(drip)
    provider = fetching(server.url, timeout=0.3)
    with pytest.raises(RetryableError, match=r"no whole answer within 0\.3 s"):
        await provider.read()
    await provider.aclose()


async def test_a_document_beyond_the_limit_is_not_read_to_its_end(server: ScriptedServer) -> None:
    """Its beginning is kept for the dead letter."""
    server.will(reply(200, b"[" + b" " * (4 * SIZE_MAX)))
    provider = fetching(server.url)
    reading = await provider.read()
    await provider.aclose()
    assert isinstance(reading.seen, Unreadable)
    assert len(reading.seen.body) == SIZE_MAX + 1
    assert "over" in reading.seen.reason


async def test_a_file_is_read_anew_each_time(tmp_path: Path) -> None:
    """A missing file is away; one that was put in its place is read, also with a byte order mark."""
    file = tmp_path / "rates.json"
    section = settings.Rates(kind="file", file=file)
    clock = HandClock()
    clock.seconds += (NOW - clock.now()).total_seconds()
    provider = rate_provider("treasury", section, clock=clock)
    assert isinstance(provider, FileRates)
    with pytest.raises(RetryableError, match="cannot be read"):
        await provider.read()
    for rate, mark in (("112.1", b""), ("112.2", codecs.BOM_UTF8)):
        file.write_bytes(mark + document({**ENTRY, "rate": rate}))
        reading = await provider.read()
        assert not isinstance(reading.seen, Unreadable)
        assert [one.rate for one in reading.seen] == [rate]
    file.write_bytes(b"[")
    assert isinstance((await provider.read()).seen, Unreadable)
    await provider.aclose()
