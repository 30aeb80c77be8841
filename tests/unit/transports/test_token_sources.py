"""The token endpoints over real sockets: what is sent, what is read, what a refusal says, and that no secret shows."""

from __future__ import annotations

import asyncio
import base64
import json
import logging
import traceback
from pathlib import Path
from urllib.parse import parse_qs, unquote_plus

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

from connectors.transports.bearer_token import (
    BearerToken,
    MusubiTokenSource,
    OAuth2ClientCredentialsSource,
    OAuth2PrivateKeyJwtSource,
    StaticTokenSource,
    TokenGrant,
    TokenSource,
)
from connectors.venues.musubi.config import token_source
from pipeline.errors import PipelineError, RetryableError, SettingsError
from pipeline.observability.redaction import redact
from pipeline.settings import Venue
from tests.unit.transports.scripted import Asked, HandClock, ScriptedServer, Writer, reply

CANARY = "c4nary-s3cret:%&+ä"
OAUTH_OK = reply(200, b'{"access_token":"abc","token_type":"Bearer","expires_in":300}', "Content-Type: application/json")


def musubi(server: ScriptedServer, clock: HandClock, request: str = "json", http_timeout: float = 5.0) -> MusubiTokenSource:
    """Return a source for the server."""
    return MusubiTokenSource(
        venue="tokyo",
        base_url=server.url + "/",
        client_id="custodian-a",
        client_secret=lambda: CANARY,
        clock=clock,
        request=request,  # type: ignore[arg-type]
        http_timeout=http_timeout,
    )


def oauth2(server: ScriptedServer, clock: HandClock) -> OAuth2ClientCredentialsSource:
    """Return an OAuth 2.0 source for the server."""
    return OAuth2ClientCredentialsSource(
        venue="tokyo",
        token_url=server.url + "/oauth/token",
        client_id="custodian-a",
        client_secret=lambda: CANARY,
        clock=clock,
        scope="orders:read",
        audience="musubi-api",
    )


async def test_musubi_json_request_and_envelope(server: ScriptedServer, clock: HandClock) -> None:
    """The credentials go as JSON to /auth/token, token and life come from the envelope."""
    server.will(reply(200, b'{"data":{"token":"abc","expires_in":3600,"role":"custodian"},"meta":{}}'))
    assert await musubi(server, clock).fetch() == TokenGrant("abc", 3600.0)
    (asked,) = server.asked
    assert asked.line == "POST /auth/token HTTP/1.1"
    assert json.loads(asked.body) == {"client_id": "custodian-a", "client_secret": CANARY}
    assert asked.headers["accept-encoding"] == "identity"


async def test_musubi_form_request(server: ScriptedServer, clock: HandClock) -> None:
    """With request = "form" the credentials go as form fields."""
    server.will(reply(200, b'{"data":{"token":"abc"}}'))
    assert await musubi(server, clock, "form").fetch() == TokenGrant("abc", None)
    (asked,) = server.asked
    assert parse_qs(asked.body.decode()) == {"client_id": ["custodian-a"], "client_secret": [CANARY]}


async def test_musubi_basic_request(server: ScriptedServer, clock: HandClock) -> None:
    """With request = "basic" the credentials go in the Authorization header and the body is empty."""
    server.will(reply(200, b'{"data":{"token":"abc"}}'))
    await musubi(server, clock, "basic").fetch()
    (asked,) = server.asked
    kind, _, pair = asked.headers["authorization"].partition(" ")
    assert (kind, base64.b64decode(pair), asked.body) == ("Basic", b"custodian-a:c4nary-s3cret%3A%25%26%2B%C3%A4", b"")


def signed_like(claims: dict[str, object]) -> str:
    """Return something of the form of a JWT."""
    return "e30." + base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=") + ".c2ln"


@pytest.mark.parametrize(
    ("document", "expires_in"),
    [
        ({"data": {"token": "T", "expires_in": 10}}, 10.0),
        ({"data": {"token": "T", "expires_in": "10"}}, 10.0),
        ({"access_token": "T", "expires_in": 10}, 10.0),
        ({"access_token": "T"}, None),
        ({"data": {"access_token": "T", "expires_in": 10}}, 10.0),
        ({"token": "T", "expires_in": 10}, 10.0),
        ({"data": None, "access_token": "T", "expires_in": None}, None),
        ({"data": {"token": None}, "access_token": "T", "expires_in": 7}, 7.0),
    ],
)
async def test_token_is_read_from_the_known_places(
    server: ScriptedServer, clock: HandClock, document: dict[str, object], expires_in: float | None
) -> None:
    """The venue's envelope, the OAuth 2.0 fields and mixtures of them are read (A-32)."""
    server.will(reply(201, json.dumps(document).encode()))
    assert await musubi(server, clock).fetch() == TokenGrant("T", expires_in)


async def test_life_comes_from_the_jwt_when_nothing_else_says_it(server: ScriptedServer, clock: HandClock) -> None:
    """Without expires_in the exp claim counts, less thirty seconds for the clocks."""
    token = signed_like({"exp": clock.now().timestamp() + 600})
    server.will(reply(200, json.dumps({"data": {"token": token}}).encode()))
    assert await musubi(server, clock).fetch() == TokenGrant(token, 570.0)


@pytest.mark.parametrize("status", [400, 401, 403])
async def test_a_refused_client_is_told_where_to_look(server: ScriptedServer, clock: HandClock, status: int) -> None:
    """The error names venue, client id and keys, not the secret, also when the server echoes it."""
    server.will(reply(status, b"no: " + CANARY.encode()))
    for source in (musubi(server, clock), oauth2(server, clock)):
        with pytest.raises(
            SettingsError, match=r"venue tokyo.*'custodian-a'.*venues\.tokyo\.auth\.client_id and client_secret_file"
        ) as raised:
            await source.fetch()
        assert "c4nary" not in "".join(traceback.format_exception(raised.value))


@pytest.mark.parametrize("status", [301, 307, 404, 405])
async def test_what_is_no_token_endpoint_points_at_the_address(server: ScriptedServer, clock: HandClock, status: int) -> None:
    """A redirect is not followed, and it and a missing path point at the setting of the address."""
    server.will(reply(status, b"", "Location: /elsewhere"))
    with pytest.raises(SettingsError, match=r"venues\.tokyo\.base_url"):
        await musubi(server, clock).fetch()
    with pytest.raises(SettingsError, match=r"venues\.tokyo\.auth\.token_url"):
        await oauth2(server, clock).fetch()
    assert len(server.asked) == 2


@pytest.mark.parametrize(("status", "pause"), [(429, 7.0), (500, 7.0), (502, 7.0), (503, 7.0)])
async def test_an_endpoint_in_trouble_is_asked_again_later(server: ScriptedServer, clock: HandClock, status: int, pause: float) -> None:
    """Busy and broken servers are worth another try, after what they ask for."""
    server.will(reply(status, b"<html>bad gateway</html>", "Retry-After: 7"))
    for source in (musubi(server, clock), oauth2(server, clock)):
        with pytest.raises(RetryableError, match=f"status {status}") as raised:
            await source.fetch()
        assert raised.value.retry_after == pause


@pytest.mark.parametrize(
    "answer",
    [
        reply(200, b"<html>"),
        reply(200, b"[]"),
        reply(200, b"{}"),
        reply(200, b'{"data":{"token":""}}'),
        reply(200, b'{"data":{"token":5}}'),
        reply(200, b'{"data":{"token":"a\\r\\nb"}}'),
        reply(200, b'{"data":{"token":"a","expires_in":0}}'),
        reply(200, b"[" * 100_000),
        reply(200, b" " * 300_000),
        reply(200, b"x", "Content-Encoding: gzip"),
        b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nshort",
        b"nonsense\r\n\r\n",
        b"",
    ],
)
async def test_unusable_answers_are_worth_another_try(server: ScriptedServer, clock: HandClock, answer: bytes) -> None:
    """Whatever a proxy puts in place of a token ends in RetryableError, for both kinds of endpoint."""
    server.will(answer)
    for source in (musubi(server, clock), oauth2(server, clock)):
        with pytest.raises(RetryableError):
            await source.fetch()


async def test_a_silent_endpoint_times_out(server: ScriptedServer, clock: HandClock) -> None:
    """An endpoint that never answers is a RetryableError after the timeout."""

    async def silence(asked: Asked, writer: Writer) -> None:
        await asyncio.wait_for(writer.wait_closed(), 30)

    server.will(silence)
    with pytest.raises(RetryableError, match="ReadTimeout"):
        await musubi(server, clock, http_timeout=0.1).fetch()


async def test_an_absent_endpoint_is_a_retryable_error(server: ScriptedServer, clock: HandClock) -> None:
    """A refused connection is worth another try."""
    await server.stop()
    for source in (musubi(server, clock), oauth2(server, clock)):
        with pytest.raises(RetryableError, match="ConnectError"):
            await source.fetch()


async def test_oauth2_client_credentials(server: ScriptedServer, clock: HandClock) -> None:
    """Grant type, scope and audience go in the form, the client in the Authorization header."""
    server.will(OAUTH_OK)
    assert await oauth2(server, clock).fetch() == TokenGrant("abc", 300.0)
    (asked,) = server.asked
    assert asked.line == "POST /oauth/token HTTP/1.1"
    form = {name: values[0] for name, values in parse_qs(asked.body.decode()).items()}
    assert form == {"grant_type": "client_credentials", "scope": "orders:read", "audience": "musubi-api"}
    assert asked.headers["authorization"].startswith("Basic ")
    assert asked.headers["accept-encoding"] == "identity"


@pytest.mark.parametrize(("algorithm", "key"), [("RS256", RSAKey.generate_key(2048)), ("ES256", ECKey.generate_key("P-256"))])
async def test_oauth2_private_key_jwt(
    server: ScriptedServer, clock: HandClock, tmp_path: Path, algorithm: str, key: RSAKey | ECKey
) -> None:
    """The client proves itself by an assertion that its public key verifies, a new one for each token."""
    file = tmp_path / "key.pem"
    file.write_bytes(key.as_pem(private=True))
    source = OAuth2PrivateKeyJwtSource(
        venue="tokyo",
        token_url=server.url + "/oauth/token",
        client_id="custodian-a",
        private_key_file=file,
        clock=clock,
        key_id="k1",
        algorithm=algorithm,
    )
    server.will(OAUTH_OK)
    assert [await source.fetch(), await source.fetch()] == [TokenGrant("abc", 300.0)] * 2
    forms = [parse_qs(asked.body.decode()) for asked in server.asked]
    assertions = [jwt.decode(form["client_assertion"][0], key, algorithms=[algorithm]) for form in forms]
    assert forms[0]["client_assertion_type"] == ["urn:ietf:params:oauth:client-assertion-type:jwt-bearer"]
    claims = assertions[0].claims
    assert (claims["iss"], claims["sub"], claims["aud"]) == ("custodian-a", "custodian-a", server.url + "/oauth/token")
    assert claims["exp"] - clock.now().timestamp() == 120
    assert assertions[0].header["kid"] == "k1"
    assert claims["jti"] != assertions[1].claims["jti"]


@pytest.mark.parametrize("content", [None, b"no key", b"-----BEGIN PRIVATE KEY-----\nc4nary\n-----END PRIVATE KEY-----\n", "public"])
async def test_an_unusable_private_key_names_its_setting(
    server: ScriptedServer, clock: HandClock, tmp_path: Path, content: bytes | str | None
) -> None:
    """A missing, broken or public key is a SettingsError with the key of the setting, without the file's content."""
    file = tmp_path / "key.pem"
    if content is not None:
        file.write_bytes(content if isinstance(content, bytes) else RSAKey.generate_key(2048).as_pem(private=False))
    source = OAuth2PrivateKeyJwtSource(venue="tokyo", token_url=server.url, client_id="custodian-a", private_key_file=file, clock=clock)
    with pytest.raises(SettingsError, match=r"^venues\.tokyo\.auth\.private_key_file: ") as raised:
        await source.fetch()
    assert "c4nary" not in "".join(traceback.format_exception(raised.value))
    assert server.asked == []


async def test_a_static_token_is_passed_on(clock: HandClock) -> None:
    """A token of the settings is used as it is, with the life that it states."""
    assert await StaticTokenSource(token=lambda: "abc", clock=clock).fetch() == TokenGrant("abc", None)


async def test_a_canary_secret_shows_nowhere(server: ScriptedServer, clock: HandClock, caplog: pytest.LogCaptureFixture) -> None:
    """Neither secret nor token is in a representation, in any log at DEBUG, or in an error with all that hangs on it."""
    caplog.set_level(logging.DEBUG)
    held = json.dumps({"data": {"token": "c4nary-token", "expires_in": 60}, "access_token": "c4nary-token"}).encode()
    sources: list[TokenSource] = [musubi(server, clock, request) for request in ("json", "form", "basic")]
    sources.append(oauth2(server, clock))
    shown = [repr(source) for source in sources]
    basic = base64.b64encode(b"custodian-a:c4nary").decode()[:20]
    for source in sources:
        for answer in (reply(200, held), reply(401, held), reply(503, CANARY.encode()), reply(200, b"?" + held), b"broken"):
            server.will(answer)
            token = BearerToken(source, clock=clock, random=lambda: 0.5)
            try:
                await token.current()
            except PipelineError as error:
                shown += everything_of(error)
            shown.append(repr(token))
    shown.append(caplog.text)
    assert len(shown) > 30
    for text in shown:
        assert "c4nary" not in text
        assert basic not in text


def everything_of(error: BaseException | None) -> list[str]:
    """Return the texts of an error, of all that it is chained to, and of the locals of the product's frames."""
    texts: list[str] = []
    while error is not None:
        texts += [str(error), repr(error), repr(error.__dict__)]
        frames = error.__traceback__.tb_next if error.__traceback__ else None  # the first frame is the test's own
        texts += [repr(frame.f_locals) for frame, _ in traceback.walk_tb(frames)]
        error = error.__cause__ or error.__context__
    return texts


@pytest.mark.parametrize("pair", [("p+l%us:x", "€"), ("custodian-a", CANARY)])
@pytest.mark.parametrize("kind", ["oauth2", "musubi"])
async def test_basic_authentication_encodes_id_and_secret(
    server: ScriptedServer, clock: HandClock, kind: str, pair: tuple[str, str]
) -> None:
    """RFC 6749 section 2.3.1: each part is form-encoded, so what a server splits at the colon and decodes is what was meant."""
    client_id, secret = pair
    server.will(OAUTH_OK)
    source: TokenSource = OAuth2ClientCredentialsSource(
        venue="tokyo", token_url=server.url + "/oauth/token", client_id=client_id, client_secret=lambda: secret, clock=clock
    )
    if kind == "musubi":
        source = MusubiTokenSource(
            venue="tokyo", base_url=server.url, client_id=client_id, client_secret=lambda: secret, clock=clock, request="basic"
        )
    await source.fetch()
    (asked,) = server.asked
    scheme, _, encoded = asked.headers["authorization"].partition(" ")
    parts = base64.b64decode(encoded).decode("ascii").split(":")
    assert (scheme, [unquote_plus(part) for part in parts]) == ("Basic", [client_id, secret])
    assert secret not in asked.body.decode()


@pytest.mark.parametrize("kind", ["musubi", "oauth2_client_credentials", "static"])
async def test_a_replaced_file_is_read_for_the_next_token(server: ScriptedServer, clock: HandClock, tmp_path: Path, kind: str) -> None:
    """Old secret, refused; new secret in the file, taken; a file that is away for a moment is worth another try, and never quoted."""
    file = tmp_path / "secret"
    file.write_text("the-first-secret")
    section = Venue.model_validate(
        {
            "base_url": server.url,
            "auth": {"kind": kind, "client_id": "a", "token_url": server.url + "/t", "client_secret_file": file, "token_file": file},
        }
    )
    server.will(reply(200, b'{"access_token":"abc","token_type":"Bearer","expires_in":300}', "Content-Type: application/json"))
    token = BearerToken(token_source("tokyo", section, clock), clock=clock, random=lambda: 0.5)
    refused = await token.current()
    file.write_text("the-second-secret")
    renewed = await token.renew_after_401(refused)
    if kind == "static":
        assert (refused, renewed) == ("the-first-secret", "the-second-secret")
    else:
        sent = [_sent(asked) for asked in server.asked]
        assert ["the-first-secret" in sent[0], "the-second-secret" in sent[1]] == [True, True]
        file.write_text("the-third-secret")
        clock.seconds += 301  # it has ended
        await token.current()
        assert "the-third-secret" in _sent(server.asked[-1])
    file.unlink()
    with pytest.raises(RetryableError, match="cannot be read") as raised:
        await token.renew_after_401(await token.current())
    assert "secret-" not in str(raised.value)
    assert redact("the-second-secret") == "[secret]"


def _sent(asked: Asked) -> str:
    basic = asked.headers.get("authorization", "").partition(" ")[2]
    return asked.body.decode() + base64.b64decode(basic).decode()


async def test_a_missing_file_is_a_setting_from_the_start(tmp_path: Path, clock: HandClock) -> None:
    """Nothing is asked with a secret that was never there."""
    auth = {"kind": "static", "token_file": tmp_path / "none"}
    with pytest.raises(SettingsError, match=r"venues\.tokyo\.auth\.token_file"):
        token_source("tokyo", Venue.model_validate({"base_url": "http://127.0.0.1:9", "auth": auth}), clock)


async def test_a_static_token_that_no_header_can_carry_is_a_setting(clock: HandClock) -> None:
    """Two lines, or a letter beyond ASCII, would break the request in the middle of its headers."""
    for text in ("a\nb", "schlüssel"):
        with pytest.raises(SettingsError, match="token_file") as raised:
            await StaticTokenSource(token=lambda text=text: text, clock=clock).fetch()  # type: ignore[misc]
        assert text not in str(raised.value)
