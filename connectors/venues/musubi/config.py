"""What the settings of a Musubi venue become: where tokens come from, how its record and its stream are reached."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from connectors.transports.bearer_token import (
    BearerToken,
    MusubiTokenSource,
    OAuth2ClientCredentialsSource,
    OAuth2PrivateKeyJwtSource,
    StaticTokenSource,
    TokenSource,
)
from connectors.transports.rest import RequestBudget, RestClient
from connectors.transports.sse import SseStream
from connectors.transports.trust import trust_of
from connectors.venues.musubi import reads, stream
from pipeline import metrics, settings
from pipeline.clock import Clock
from pipeline.errors import RetryableError, SettingsError
from pipeline.observability.redaction import redact

READ_RETRY_SECONDS = 5.0
"""How long the transport repeats one read by itself; after that ingest decides when to ask again."""


def token_source(venue: str, section: settings.Venue, clock: Clock) -> TokenSource:
    """Return where this venue's tokens come from; raise SettingsError when a secret is missing or a certificate cannot be used."""
    auth = section.auth
    match auth.kind:
        case "musubi":
            return MusubiTokenSource(
                venue=venue,
                base_url=section.base_url,
                client_id=auth.client_id,
                client_secret=_read_anew(partial(auth.secret, venue)),
                clock=clock,
                request=auth.request,
                http_timeout=section.http_timeout,
                verify=trust_of(section, f"venues.{venue}"),
            )
        case "oauth2_client_credentials":
            return OAuth2ClientCredentialsSource(
                venue=venue,
                token_url=auth.token_url or "",
                client_id=auth.client_id,
                client_secret=_read_anew(partial(auth.secret, venue)),
                clock=clock,
                scope=auth.scope,
                audience=auth.audience,
                auth_method="client_secret_post" if auth.request == "form" else "client_secret_basic",
                http_timeout=section.http_timeout,
                verify=trust_of(auth, f"venues.{venue}.auth"),
            )
        case "oauth2_private_key_jwt":
            assert auth.private_key_file is not None, "the settings say so"
            return OAuth2PrivateKeyJwtSource(
                venue=venue,
                token_url=auth.token_url or "",
                client_id=auth.client_id,
                private_key_file=auth.private_key_file,
                clock=clock,
                key_id=auth.key_id,
                algorithm=auth.algorithm,
                scope=auth.scope,
                audience=auth.audience,
                http_timeout=section.http_timeout,
                verify=trust_of(auth, f"venues.{venue}.auth"),
            )
        case "static":
            return StaticTokenSource(token=_read_anew(partial(auth.static_token, venue)), clock=clock)


def _read_anew(secret: Callable[[], str]) -> Callable[[], str]:
    """Return what reads a secret as it is now; raise SettingsError when it cannot be read at all.

    One that was there and is not now is being replaced: that is worth another try, not the end.
    """

    def read() -> str:
        try:
            found = secret()
        except SettingsError as error:
            raise RetryableError(str(error)) from None
        redact.learn([found])
        return found

    redact.learn([secret()])
    return read


def bearer_token(venue: str, section: settings.Venue, clock: Clock, random: Callable[[], float]) -> BearerToken:
    """Return the token that stream and reads of this venue share; raise SettingsError."""
    return BearerToken(
        token_source(venue, section, clock),
        clock=clock,
        random=random,
        refresh_before=section.auth.refresh_before,
        on_failure=metrics.TOKEN_FAILURES.labels(venue).inc,
    )


def rest_client(
    venue: str, section: settings.Venue, token: BearerToken, budget: RequestBudget, clock: Clock, random: Callable[[], float]
) -> RestClient:
    """Return a client for the venue's record whose requests are paid from `budget`."""
    return RestClient(
        section.base_url,
        token,
        clock=clock,
        budget=budget,
        random=random,
        venue=venue,
        loads=reads.read_json,
        http_timeout=section.http_timeout,
        retry_seconds_max=READ_RETRY_SECONDS,
        verify=trust_of(section, f"venues.{venue}"),
    )


def event_stream(venue: str, section: settings.Venue, token: BearerToken, clock: Clock, random: Callable[[], float]) -> SseStream:
    """Return the venue's stream."""
    return SseStream(
        section.base_url + stream.PATH,
        token,
        clock=clock,
        random=random,
        silence_timeout=section.silence_timeout,
        connect_timeout=section.http_timeout,
        verify=trust_of(section, f"venues.{venue}"),
    )
