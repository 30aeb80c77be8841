"""One bearer token for everybody who talks to a venue: fetched once, renewed in time, shared.

It promises:
* any number of waiters cause one request, and a waiter that gives up does not take it from the others;
* a token is renewed `refresh_before` seconds before its end, beside its use; when that fails, it serves until its own end;
* a 401 forces one renewal, unless somebody has renewed already;
* after a failed request nobody asks again before the back-off is over: all get the same failure with the time that is left;
* no token and no secret is part of a `repr`, a log line or an error.

When to renew is decided in `token_lease`. Source: contracts/musubi-custodian.md, sections 2.1 and 6.2.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Callable

from connectors.transports.backoff import Backoff
from connectors.transports.token_lease import LeaseState, TokenGrant, TokenLease, TokenSource, lease
from connectors.transports.token_sources import (
    MusubiTokenSource,
    OAuth2ClientCredentialsSource,
    OAuth2PrivateKeyJwtSource,
    StaticTokenSource,
)
from pipeline.clock import Clock
from pipeline.errors import FatalError, PipelineError, RetryableError, SettingsError

__all__ = [
    "BearerToken",
    "MusubiTokenSource",
    "OAuth2ClientCredentialsSource",
    "OAuth2PrivateKeyJwtSource",
    "StaticTokenSource",
    "TokenGrant",
    "TokenSource",
]

log = logging.getLogger(__name__)

_NEVER_HELD = TokenLease(-math.inf, -math.inf)


class BearerToken:
    """The token of one venue, for all tasks of one event loop; `random` answers with a number in [0, 1)."""

    def __init__(
        self,
        source: TokenSource,
        *,
        clock: Clock,
        random: Callable[[], float],
        refresh_before: float = 60.0,
        backoff: Backoff | None = None,
        on_failure: Callable[[], None] = lambda: None,
    ) -> None:
        """Hold no token yet: the first `current` fetches one. `on_failure` counts requests that brought none."""
        self._source = source
        self._clock = clock
        self._random = random
        self._refresh_before = refresh_before
        self._backoff = backoff or Backoff()
        self._on_failure = on_failure
        self._token = ""
        self._lease = _NEVER_HELD
        self._flight: asyncio.Task[PipelineError | None] | None = None
        self._failure: PipelineError | None = None
        self._closed_until = -math.inf

    async def current(self) -> str:
        """Return a token that has not ended; raise SettingsError (refused for good) or RetryableError (source away)."""
        match self._lease.state(self._clock.monotonic()):
            case LeaseState.FRESH:
                return self._token
            case LeaseState.DUE:
                if self._flight is None and self._clock.monotonic() >= self._closed_until:
                    self._take_off()
                return self._token
            case LeaseState.ENDED:
                return await self._renewed()

    async def renew_after_401(self, refused: str) -> str:
        """Return another token than the refused one, renewed at most once for all who were refused; raise as `current`.

        The same token may come back when its source insists on it: the caller tries once more and gives up.
        """
        ended = self._lease.state(self._clock.monotonic()) is LeaseState.ENDED
        if not ended and self._token != refused:
            return self._token
        return await self._renewed()

    async def aclose(self) -> None:
        """End a request under way; whoever waits for it gets a RetryableError."""
        if self._flight is not None:
            self._flight.cancel()
            await asyncio.wait([self._flight])

    def __repr__(self) -> str:
        """Tell the state, never the token."""
        return f"BearerToken({self._lease.state(self._clock.monotonic()).value})"

    async def _renewed(self) -> str:
        flight = self._flight
        if flight is None:
            left = self._closed_until - self._clock.monotonic()
            if self._failure is not None and left > 0:
                raise _again(self._failure, left)
            flight = self._take_off()
        await asyncio.wait([flight])  # unlike awaiting it, this leaves the request alone when the waiter is cancelled
        if flight.cancelled():
            raise RetryableError("the token request was given up because the connector closes")
        failure = flight.result()
        if failure is not None:
            raise _again(failure, max(0.0, self._closed_until - self._clock.monotonic()))
        return self._token

    def _take_off(self) -> asyncio.Task[PipelineError | None]:
        self._flight = asyncio.get_running_loop().create_task(self._fetch(), name="token renewal")
        self._flight.add_done_callback(self._land)
        return self._flight

    def _land(self, flight: asyncio.Task[PipelineError | None]) -> None:
        if self._flight is flight:
            self._flight = None

    async def _fetch(self) -> PipelineError | None:
        """Fetch one token and take it on; return the failure instead of raising it: many wait, each gets its own copy."""
        asked_at = self._clock.monotonic()
        try:
            grant = await self._source.fetch()
        except PipelineError as error:
            return self._failed(error)
        except Exception as error:  # its text and its frames may hold the secret, so only its name goes on
            return self._failed(FatalError(f"the token source broke with {type(error).__name__}; this is a fault of the program"))
        self._token = grant.token
        self._lease = lease(expires_in=grant.expires_in, asked_at=asked_at, refresh_before=self._refresh_before)
        self._backoff = self._backoff.with_hint(None).reset()
        self._failure = None
        self._closed_until = -math.inf
        return None

    def _failed(self, error: PipelineError) -> PipelineError:
        self._on_failure()
        hint = error.retry_after if isinstance(error, RetryableError) else None
        delay, self._backoff = self._backoff.with_hint(hint).next(jitter=self._random())
        self._closed_until = self._clock.monotonic() + delay
        self._failure = _again(error, delay)
        log.warning("token not renewed, next try in %.1f s: %s", delay, error)
        return self._failure


def _again(error: PipelineError, left: float) -> PipelineError:
    """Return a fresh error of the same kind: a shared one would collect the tracebacks of all who raise it."""
    if isinstance(error, RetryableError):
        return RetryableError(str(error), retry_after=left)
    if isinstance(error, SettingsError):
        return SettingsError(str(error))
    return FatalError(str(error))
