"""When a bearer token has to be renewed: rules without a socket and without a clock of their own.

Deadlines are monotonic: a clock that is set back or forth neither keeps a dead token nor throws a good one away. A token
serves until its own end, also while its renewal fails. Source: contracts/musubi-custodian.md, sections 2.1 and 2.2.
"""

from __future__ import annotations

import base64
import binascii
import json
import math
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Protocol

CLOCK_SKEW = 30.0
"""Seconds by which the venue's clock may differ from ours where a lifetime is computed from both (A-32)."""


@dataclass(frozen=True, slots=True)
class TokenGrant:
    """A token and the seconds that it lives from when it was asked for; None when nobody said."""

    token: str = field(repr=False)
    expires_in: float | None


class TokenSource(Protocol):
    """Where tokens come from."""

    async def fetch(self) -> TokenGrant:
        """Return a new token; raise SettingsError when it is refused for good, RetryableError when the source is away."""
        ...


class LeaseState(Enum):
    """What to do with a token now."""

    FRESH = "fresh"
    """Use it."""
    DUE = "due"
    """Use it and renew it beside."""
    ENDED = "ended"
    """Do not use it: a new one has to come first."""


@dataclass(frozen=True, slots=True)
class TokenLease:
    """The two deadlines of a token, in seconds of a monotonic clock."""

    renew_at: float
    ends_at: float

    def state(self, now: float) -> LeaseState:
        """Tell what to do with the token at the monotonic time `now`."""
        if now >= self.ends_at:
            return LeaseState.ENDED
        return LeaseState.DUE if now >= self.renew_at else LeaseState.FRESH


def lease(*, expires_in: float | None, asked_at: float, refresh_before: float) -> TokenLease:
    """Return the lease of a token that lives `expires_in` seconds from `asked_at` (monotonic, before the request left).

    It is renewed `refresh_before` seconds before its end, and at half of its life if that is shorter. A token of unknown
    life is renewed only when it is refused.
    """
    if expires_in is None:
        return TokenLease(math.inf, math.inf)
    early = refresh_before if expires_in > refresh_before else expires_in / 2
    return TokenLease(asked_at + expires_in - early, asked_at + expires_in)


def lifetime_stated(value: object) -> float | None:
    """Return a stated `expires_in` in seconds, or None when it is absent or no number; strings of digits are read too."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        seconds = float(value)
    except (ValueError, OverflowError):
        return None
    return seconds if math.isfinite(seconds) else None


def lifetime_of_jwt(token: str, *, now: datetime) -> float | None:
    """Return the seconds that a JWT still lives by its `exp` claim, less the clock skew; None when that is not to be known.

    The signature is not looked at: the token is the venue's to judge. An `exp` in the past by our clock says that the
    clocks disagree, not when the token ends, so it counts as unknown.
    """
    left = _expires_at(token) - now.timestamp()
    if not left > 0:
        return None
    return max(left - CLOCK_SKEW, left / 2)


def _expires_at(token: str) -> float:
    """Return the `exp` claim, or NaN."""
    parts = token.split(".")
    if len(parts) != 3:
        return math.nan
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (binascii.Error, ValueError, RecursionError):
        return math.nan
    stated = lifetime_stated(claims.get("exp")) if isinstance(claims, dict) else None
    return math.nan if stated is None else stated
