"""TLS with venues, token endpoints and providers of rates: whom we believe, as whom we speak, and that nothing is said before."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random

import pytest

from connectors.rates.adapter import rate_provider
from connectors.transports.probe import look
from connectors.transports.rest import TokenBucket
from connectors.transports.sse import Connected, Disconnected
from connectors.transports.trust import trust_of
from connectors.venues.musubi import config
from pipeline.errors import PipelineError, RetryableError, SettingsError
from pipeline.settings import Auth, Rates, TlsConnection, Venue
from tests.certificates import Authority, Issued, speak_tls_1_1
from tests.unit.transports.scripted import HandClock, ScriptedServer, reply

STATIC = {"kind": "static", "token": "t"}
ANSWER = json.dumps({"data": {"token": "abc", "expires_in": 60}, "access_token": "abc", "token_type": "Bearer", "expires_in": 60}).encode()


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    """The CA that we believe."""
    return Authority(tmp_path / "ours")


@asynccontextmanager
async def serving(context: ssl.SSLContext, *headers: str) -> AsyncIterator[ScriptedServer]:
    """Give a server over TLS."""
    server = ScriptedServer()
    server.will(reply(200, ANSWER, *(headers or ("Content-Type: application/json",))))
    await server.start(context)
    try:
        yield server
    finally:
        await server.stop()


def files(ca: Path | None, us: Issued | None) -> dict[str, Path | None]:
    """Return a section's files."""
    return {"ca_file": ca} | ({} if us is None else {"certificate_file": us.certificate, "key_file": us.key})


async def read_the_record(url: str, ca: Path | None, us: Issued | None = None) -> None:
    """Read from a venue."""
    section, clock = Venue.model_validate({"base_url": url, "auth": STATIC, **files(ca, us)}), HandClock()
    token = config.bearer_token("tokyo", section, clock, Random(1).random)
    client = config.rest_client("tokyo", section, token, TokenBucket(100, 10, clock), clock, Random(1).random)
    try:
        await client.get("/api/v1/whoami", retry=False)
    finally:
        await client.aclose()


async def open_the_stream(url: str, ca: Path | None, us: Issued | None = None) -> None:
    """Open a venue's stream."""
    section, clock = Venue.model_validate({"base_url": url, "auth": STATIC, **files(ca, us)}), HandClock()
    stream = config.event_stream("tokyo", section, config.bearer_token("tokyo", section, clock, Random(1).random), clock, Random(1).random)
    first = await anext(stream.frames())
    if isinstance(first, Disconnected):
        raise RetryableError(first.reason)
    assert isinstance(first, Connected)


async def ask_the_venue_for_a_token(url: str, ca: Path | None, us: Issued | None = None) -> None:
    """Get a token where the venue itself gives it."""
    section = Venue.model_validate({"base_url": url, "auth": {"client_id": "a", "client_secret": "s"}, **files(ca, us)})
    await config.token_source("tokyo", section, HandClock()).fetch()


async def ask_somebody_else_for_a_token(url: str, ca: Path | None, us: Issued | None = None) -> None:
    """Get a token from an endpoint whose certificates stand in the section of the login."""
    auth = {"kind": "oauth2_client_credentials", "client_id": "a", "client_secret": "s", "token_url": url, **files(ca, us)}
    await config.token_source("tokyo", Venue.model_validate({"base_url": "https://venue.example", "auth": auth}), HandClock()).fetch()


async def read_rates(url: str, ca: Path | None, us: Issued | None = None) -> None:
    """Fetch reference rates."""
    provider = rate_provider("desk", Rates.model_validate({"url": url, **files(ca, us)}), clock=HandClock())
    try:
        await provider.read()
    finally:
        await provider.aclose()


Talk = Callable[..., Awaitable[None]]
TALKS: list[Talk] = [read_the_record, open_the_stream, ask_the_venue_for_a_token, ask_somebody_else_for_a_token, read_rates]
talks = pytest.mark.parametrize("talk", TALKS, ids=lambda talk: talk.__name__)


def headers_of(talk: Talk) -> tuple[str, ...]:
    """Return what the answer has to be for this kind of talk."""
    return ("Content-Type: text/event-stream",) if talk is open_the_stream else ()


@talks
async def test_a_server_with_a_certificate_of_the_ca_is_talked_to(talk: Talk, authority: Authority) -> None:
    """So the refusals below are for what they say."""
    async with serving(authority.issue("127.0.0.1").server(), *headers_of(talk)) as server:
        await talk(server.url, authority.ca_file)
        assert server.asked


@talks
@pytest.mark.parametrize("fault", ["another CA", "another name", "ended", "TLS 1.1"])
async def test_nothing_is_said_to_whom_we_cannot_believe(talk: Talk, fault: str, authority: Authority, tmp_path: Path) -> None:
    """A wrong CA, a wrong name, an ended certificate, an old TLS: the reason says which, and no request has left."""
    issued = authority.issue("127.0.0.1" if fault != "another name" else "venue.example", days=-1 if fault == "ended" else 300)
    believed = Authority(tmp_path / "theirs") if fault == "another CA" else authority
    said = {
        "another CA": "unable to get local issuer certificate",
        "another name": "IP address mismatch",
        "ended": "certificate has expired",
        "TLS 1.1": "ConnectError|(?i:protocol.version)",  # the server hangs up, with or without a word
    }[fault]
    async with serving(issued.server(old=fault == "TLS 1.1"), *headers_of(talk)) as server:
        with pytest.raises(PipelineError, match=said):
            await talk(server.url, believed.ca_file)
        assert server.asked == []


async def test_the_old_server_would_answer_an_old_client(authority: Authority) -> None:
    """Else the test above would show nothing."""
    context = speak_tls_1_1(ssl.create_default_context(cafile=authority.ca_file))
    async with serving(authority.issue("127.0.0.1").server(old=True)) as server:
        _, writer = await asyncio.open_connection("127.0.0.1", int(server.url.rpartition(":")[2]), ssl=context)
        assert writer.get_extra_info("ssl_object").version() == "TLSv1.1"
        writer.close()


@talks
async def test_without_a_ca_of_its_own_a_section_believes_the_system(talk: Talk, authority: Authority, tmp_path: Path) -> None:
    """Which does not know the test's CA; `us` alone changes nothing about whom we believe."""
    async with serving(authority.issue("127.0.0.1").server(), *headers_of(talk)) as server:
        with pytest.raises(PipelineError, match="unable to get local issuer certificate"):
            await talk(server.url, None, authority.issue("us"))
        assert server.asked == []


@talks
async def test_who_asks_for_our_certificate_gets_it(talk: Talk, authority: Authority) -> None:
    """With `certificate_file` and `key_file` the talk comes about, without them it does not."""
    async with serving(authority.issue("127.0.0.1").server(asks=authority.ca_file), *headers_of(talk)) as server:
        await talk(server.url, authority.ca_file, authority.issue("us"))
        asked = len(server.asked)
        with pytest.raises(PipelineError):
            await talk(server.url, authority.ca_file)
        assert len(server.asked) == asked


async def test_certificates_are_read_anew_for_each_connection(authority: Authority, tmp_path: Path) -> None:
    """Who is believed no longer is not believed on the next connection; a file that is away fails that connection, and no more."""
    believed = tmp_path / "believed.pem"
    believed.write_bytes(authority.ca_file.read_bytes())
    section = Rates.model_validate({"url": "https://127.0.0.1", "ca_file": believed})
    async with serving(authority.issue("127.0.0.1").server()) as server:
        provider = rate_provider("desk", section.model_copy(update={"url": server.url}), clock=HandClock())
        await provider.read()
        believed.write_bytes(Authority(tmp_path / "theirs").ca_file.read_bytes())
        with pytest.raises(RetryableError, match="unable to get local issuer certificate"):
            await provider.read()
        believed.unlink()
        with pytest.raises(RetryableError, match=r"rates\.desk\.ca_file: .*believed.pem cannot be used: No such file"):
            await provider.read()
        believed.write_bytes(authority.ca_file.read_bytes())
        await provider.read()
        await provider.aclose()


@pytest.mark.parametrize("key", ["ca_file", "certificate_file"])
@pytest.mark.parametrize("text", [None, "no certificate"])
def test_a_certificate_that_cannot_be_used_is_named(key: str, text: str | None, tmp_path: Path) -> None:
    """Missing or no certificate: a fault of settings that says the key, before anything is opened."""
    file = tmp_path / "it.pem"
    if text is not None:
        file.write_text(text)
    section = Venue.model_validate({"base_url": "https://venue.example", "auth": STATIC, key: file})
    with pytest.raises(SettingsError, match=rf"venues\.tokyo\.{key}: .*it\.pem cannot be used: .*; it has to hold"):
        trust_of(section, "venues.tokyo")


def test_a_section_without_files_believes_the_system() -> None:
    """Nothing of ours stands in between."""
    sections: list[TlsConnection] = [Auth.model_validate(STATIC), Rates.model_validate({"url": "https://rates.example"})]
    assert [trust_of(section, "x") for section in sections] == [True, True]


async def test_a_look_tells_who_answered(authority: Authority) -> None:
    """Version, names and end of the certificate, as doctor shows them; without TLS nobody."""
    issued = authority.issue("127.0.0.1", "venue.example")
    section = Venue.model_validate({"base_url": "https://venue.example", "auth": STATIC, "ca_file": authority.ca_file})
    async with serving(issued.server()) as server:
        seen = (await look(server.url, timeout=5, verify=trust_of(section, "venues.tokyo"))).peer
        assert seen is not None
        assert (seen.version, seen.ends_at) == ("TLSv1.3", issued.ends_at)
        assert "venue.example" in seen.name
