"""Where bearer tokens come from: the venue's own `/auth/token`, OAuth 2.0, or a file.

Source: contracts/musubi-custodian.md, sections 2.1, 2.2 and A-32; RFC 6749 section 4.4 (client credentials), RFC 7523
(private_key_jwt). A source is asked once per token; sharing and renewal are `bearer_token.BearerToken`'s part. Secrets are read anew each
time that a token is asked for, so replacing a file needs no restart.

No secret is part of an error: transport errors carry the request they failed with, so they are described and left
behind instead of being chained.
"""

from __future__ import annotations

import base64
import json
import ssl
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

import httpx

from connectors.transports.http_client import (
    client_options,
    content_encoding,
    open_client,
    read_bounded,
    retry_after,
    without_detail,
)
from connectors.transports.token_lease import TokenGrant, lifetime_of_jwt, lifetime_stated
from pipeline.clock import Clock
from pipeline.errors import ContractBreachError, PipelineError, RetryableError, SettingsError

# A token answer has some hundred bytes, with many claims a few thousand.
_BODY_BYTES_MAX = 256 * 1024
# How long an assertion signed by us may be used; its use is a matter of seconds.
_ASSERTION_SECONDS = 120
_TRY_AGAIN = frozenset({408, 425, 429})

Secret = Callable[[], str]
"""Reads a secret as it is now; raises SettingsError or RetryableError. What it returns is in no `repr`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StaticTokenSource:
    """A token that somebody else keeps fresh; its life is read from its `exp` claim, if it has one."""

    token: Secret = field(repr=False)
    clock: Clock

    async def fetch(self) -> TokenGrant:
        """Return the token as the settings have it now; raise SettingsError when it cannot be used."""
        token = self.token()
        if not _fits_a_header(token):
            raise SettingsError("venues.*.auth.token_file: the token holds characters that no header can carry; write the token alone")
        return TokenGrant(token, lifetime_of_jwt(token, now=self.clock.now()))


@dataclass(frozen=True, slots=True, kw_only=True)
class MusubiTokenSource:
    """`POST {base_url}/auth/token` with the client's id and secret as JSON, form fields or basic authentication."""

    venue: str
    base_url: str
    client_id: str
    client_secret: Secret = field(repr=False)
    clock: Clock
    request: Literal["json", "form", "basic"] = "json"
    http_timeout: float = 10.0
    verify: ssl.SSLContext | bool = field(default=True, repr=False)

    async def fetch(self) -> TokenGrant:
        """Return a new token; raise SettingsError when the client is refused, RetryableError when the venue is away."""
        url = self.base_url.rstrip("/") + "/auth/token"
        answer: Mapping[str, Any] | PipelineError
        async with open_client(url, httpx.Timeout(self.http_timeout), self.verify) as client:
            answer = await self._ask(client, url)
        if isinstance(answer, PipelineError):
            raise answer
        return granted(answer, clock=self.clock, where=self._where)

    @property
    def _where(self) -> str:
        return f"venue {self.venue}, token endpoint for client id {self.client_id!r}"

    async def _ask(self, client: httpx.AsyncClient, url: str) -> Mapping[str, Any] | PipelineError:
        try:
            async with client.stream("POST", url, **self._credentials()) as response:
                body = await read_bounded(response, _BODY_BYTES_MAX)
        except httpx.HTTPError as error:
            return RetryableError(f"{self._where}: {without_detail(error)}")
        except ContractBreachError as error:
            return RetryableError(f"{self._where}: {error}")
        return judged(
            response.status_code,
            response.headers,
            body,
            clock=self.clock,
            where=self._where,
            keys=f"venues.{self.venue}.auth.client_id and client_secret_file",
            url_key=f"venues.{self.venue}.base_url",
        )

    def _credentials(self) -> dict[str, Any]:
        secret = self.client_secret()
        match self.request:
            case "json":
                return {"json": {"client_id": self.client_id, "client_secret": secret}}
            case "form":
                return {"data": {"client_id": self.client_id, "client_secret": secret}}
            case "basic":
                return {"headers": {"Authorization": _basic(self.client_id, secret)}}


@dataclass(frozen=True, slots=True, kw_only=True)
class OAuth2ClientCredentialsSource:
    """OAuth 2.0 client credentials with a client secret, sent by basic authentication unless told otherwise."""

    venue: str
    token_url: str
    client_id: str
    client_secret: Secret = field(repr=False)
    clock: Clock
    scope: str | None = None
    audience: str | None = None
    auth_method: Literal["client_secret_basic", "client_secret_post"] = "client_secret_basic"
    http_timeout: float = 10.0
    verify: ssl.SSLContext | bool = field(default=True, repr=False)

    async def fetch(self) -> TokenGrant:
        """Return a new token; raise SettingsError when the client is refused, RetryableError when the server is away."""
        return await _oauth2_grant(
            _Oauth2Request(
                venue=self.venue,
                token_url=self.token_url,
                client_id=self.client_id,
                secret=self.client_secret(),
                auth_method=_authenticate_basic if self.auth_method == "client_secret_basic" else self.auth_method,
                scope=self.scope,
                audience=self.audience,
                secret_key="client_secret_file",  # noqa: S106 the name of a setting
                http_timeout=self.http_timeout,
                verify=self.verify,
            ),
            self.clock,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class OAuth2PrivateKeyJwtSource:
    """OAuth 2.0 client credentials where the client signs an assertion with its private key (RFC 7523).

    `audience` is that of the token asked for; the assertion itself is addressed to `token_url`.
    """

    venue: str
    token_url: str
    client_id: str
    private_key_file: Path
    clock: Clock
    key_id: str | None = None
    algorithm: str = "RS256"
    scope: str | None = None
    audience: str | None = None
    http_timeout: float = 10.0
    verify: ssl.SSLContext | bool = field(default=True, repr=False)

    async def fetch(self) -> TokenGrant:
        """Return a new token; raise SettingsError when the key or the client is refused, RetryableError when away."""
        return await _oauth2_grant(
            _Oauth2Request(
                venue=self.venue,
                token_url=self.token_url,
                client_id=self.client_id,
                # The key is read anew each time: rotating it needs no restart.
                secret=None,
                auth_method=self._assertion(),
                scope=self.scope,
                audience=self.audience,
                secret_key="private_key_file and key_id",  # noqa: S106 the names of settings
                http_timeout=self.http_timeout,
                verify=self.verify,
            ),
            self.clock,
        )

    def _assertion(self) -> Any:
        """Return Authlib's client authentication with our key; raise SettingsError when the key cannot be used."""
        key = self._key()
        _authlib()
        from authlib.oauth2.rfc7523 import PrivateKeyJWT

        issued_at = int(self.clock.now().timestamp())
        method = PrivateKeyJWT(
            self.token_url,
            alg=self.algorithm,
            headers={"kid": self.key_id} if self.key_id else {},
            claims={"iat": issued_at, "exp": issued_at + _ASSERTION_SECONDS},
        )

        def authenticate(auth: Any, http_method: str, url: str, headers: Any, body: Any) -> Any:
            auth.client_secret = key
            return method(auth, http_method, url, headers, body)

        return authenticate

    def _key(self) -> Any:
        setting = f"venues.{self.venue}.auth.private_key_file"
        from joserfc.jwk import ECKey, OKPKey, RSAKey

        family: Any = {"R": RSAKey, "P": RSAKey, "E": ECKey}.get(self.algorithm[:1], RSAKey)
        if self.algorithm in ("EdDSA", "Ed25519", "Ed448"):
            family = OKPKey
        try:
            pem = self.private_key_file.read_bytes()
        except OSError as error:
            raise SettingsError(f"{setting}: {self.private_key_file}: {error.strerror}; write the key into that file") from None
        try:
            key = family.import_key(pem)
            usable = bool(key.is_private)
        except Exception as error:  # whatever the key library says may quote the key
            fault = type(error).__name__
            usable = False
        else:
            fault = "it holds no private key"
        if not usable:
            raise SettingsError(
                f"{setting}: {self.private_key_file} cannot be used for {self.algorithm} ({fault}); write a private key"
                " in PEM that fits venues.*.auth.algorithm"
            ) from None
        return key


@dataclass(frozen=True, slots=True, kw_only=True)
class _Oauth2Request:
    venue: str
    token_url: str
    client_id: str
    secret: str | None = field(repr=False)
    auth_method: Any = field(repr=False)
    scope: str | None
    audience: str | None
    secret_key: str
    http_timeout: float
    verify: ssl.SSLContext | bool = field(repr=False)

    @property
    def where(self) -> str:
        return f"venue {self.venue}, OAuth 2.0 token endpoint for client id {self.client_id!r}"


async def _oauth2_grant(request: _Oauth2Request, clock: Clock) -> TokenGrant:
    answer = await _oauth2_answer(request, clock)
    if isinstance(answer, PipelineError):
        raise answer
    return granted(answer, clock=clock, where=request.where)


async def _oauth2_answer(request: _Oauth2Request, clock: Clock) -> Mapping[str, Any] | PipelineError:
    """Let Authlib build and sign the request; judge the response by the same rules as every other token answer."""
    seen = _LastResponse()
    options = client_options(request.token_url, httpx.Timeout(request.http_timeout), request.verify)
    try:
        async with _authlib()(
            client_id=request.client_id,
            client_secret=request.secret,
            token_endpoint_auth_method=request.auth_method,
            scope=request.scope,
            event_hooks={"response": [seen.take]},
            **options,
        ) as client:
            extra = {"audience": request.audience} if request.audience else {}
            await client.fetch_token(request.token_url, grant_type="client_credentials", **extra)
    except httpx.HTTPStatusError:
        pass  # judged below, like every other status
    except (httpx.HTTPError, ContractBreachError) as error:
        return RetryableError(f"{request.where}: {without_detail(error)}")
    except Exception as error:  # Authlib raises a dozen kinds; the response, if there was one, says it best
        if seen.response is None:
            return SettingsError(f"{request.where}: the request could not be built ({type(error).__name__})")
    response = seen.response
    if response is None:
        return RetryableError(f"{request.where}: no answer")
    return judged(
        response.status_code,
        response.headers,
        response.content,
        clock=clock,
        where=request.where,
        keys=f"venues.{request.venue}.auth.client_id and {request.secret_key}",
        url_key=f"venues.{request.venue}.auth.token_url",
    )


class _LastResponse:
    """Remembers the response that Authlib got and bounds its body."""

    def __init__(self) -> None:
        self.response: httpx.Response | None = None

    async def take(self, response: httpx.Response) -> None:
        encoding = content_encoding(response)
        if encoding is not None:
            raise ContractBreachError(f"body encoded as {encoding!r}, which was not asked for")
        if isinstance(response.stream, httpx.AsyncByteStream):
            response.stream = _BoundedStream(response.stream)
        self.response = response


class _BoundedStream(httpx.AsyncByteStream):
    """A body that may not grow over the limit of a token answer."""

    def __init__(self, inner: httpx.AsyncByteStream) -> None:
        self._inner = inner

    async def __aiter__(self) -> Any:
        size = 0
        async for piece in self._inner:
            size += len(piece)
            if size > _BODY_BYTES_MAX:
                raise ContractBreachError(f"body of more than {_BODY_BYTES_MAX} bytes")
            yield piece

    async def aclose(self) -> None:
        await self._inner.aclose()


def _authlib() -> Any:
    """Return Authlib's client class, imported when it is first needed: most venues never do."""
    with warnings.catch_warnings():
        import authlib.deprecate  # noqa: F401 sets a filter of its own, so it comes before ours

        warnings.simplefilter("ignore")  # it announces the successor of httpx to whoever imports it
        from authlib.integrations.httpx_client import AsyncOAuth2Client
    return AsyncOAuth2Client


def judged(
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    *,
    clock: Clock,
    where: str,
    keys: str,
    url_key: str,
) -> Mapping[str, Any] | PipelineError:
    """Return the object that a token endpoint answered with, or the error that its status or body amounts to.

    Bodies of refusals are not quoted: some servers echo what they were sent.
    """
    if 200 <= status < 300:
        document = _object(body)
        return document if document is not None else RetryableError(f"{where}: answered {status} without a JSON object")
    if status >= 500 or status in _TRY_AGAIN:
        pause = retry_after(headers, now=clock.now())
        return RetryableError(f"{where}: status {status}", retry_after=pause)
    if status in (400, 401, 403):
        return SettingsError(f"{where}: refused with status {status}; look at {keys}")
    return SettingsError(f"{where}: status {status}; this is no token endpoint, look at {url_key}")


def granted(document: Mapping[str, Any], *, clock: Clock, where: str) -> TokenGrant:
    """Return the token and its life from the venue's envelope, else from the OAuth 2.0 fields, else from the JWT (A-32).

    Raise RetryableError when there is no usable token: the next answer may hold one.
    """
    envelope = document.get("data")
    inner = envelope if isinstance(envelope, dict) else {}
    token, stated = next(
        (
            (source[name], source.get("expires_in"))
            for source, name in ((inner, "token"), (document, "access_token"), (inner, "access_token"), (document, "token"))
            if isinstance(source.get(name), str) and source[name]
        ),
        (None, None),
    )
    if not isinstance(token, str):
        raise RetryableError(f"{where}: the answer holds no token")
    if not _fits_a_header(token):
        raise RetryableError(f"{where}: the token holds characters that no header can carry")
    expires_in = lifetime_stated(stated)
    if expires_in is None:
        expires_in = lifetime_of_jwt(token, now=clock.now())
    elif expires_in <= 0:
        raise RetryableError(f"{where}: the token had ended when it came")
    return TokenGrant(token, expires_in)


def _fits_a_header(token: str) -> bool:
    return all("!" <= character <= "~" for character in token)


def _basic(client_id: str, secret: str) -> str:
    """Return the header's value; both parts are form-encoded first (RFC 6749 section 2.3.1), so that a colon or a € does no harm.

    A space becomes %20, which servers that decode forms and servers that decode addresses both understand.
    """
    pair = f"{quote(client_id, safe='')}:{quote(secret, safe='')}"
    return "Basic " + base64.b64encode(pair.encode()).decode()


def _authenticate_basic(auth: Any, _method: str, url: str, headers: Any, body: Any) -> Any:
    """Authenticate for Authlib, whose own basic authentication encodes neither part."""
    headers["Authorization"] = _basic(auth.client_id, auth.client_secret)
    return url, headers, body


def _object(body: bytes) -> Mapping[str, Any] | None:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None
