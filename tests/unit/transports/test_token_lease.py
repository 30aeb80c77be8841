"""When a token is renewed, as pure rules."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime

import pytest

from connectors.transports.token_lease import LeaseState, TokenGrant, lease, lifetime_of_jwt, lifetime_stated

NOW = datetime(2025, 3, 15, 9, tzinfo=UTC)


def jwt(claims: object) -> str:
    """Return an unsigned JWT with these claims."""
    payload = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"eyJhbGciOiJIUzI1NiJ9.{payload}.c2ln"


@pytest.mark.parametrize(
    ("expires_in", "renew_at", "ends_at"),
    [(3600.0, 3540.0, 3600.0), (61.0, 1.0, 61.0), (60.0, 30.0, 60.0), (10.0, 5.0, 10.0)],
)
def test_renewal_is_sixty_seconds_early_or_at_half_of_a_short_life(expires_in: float, renew_at: float, ends_at: float) -> None:
    """Deadlines count from when the token was asked for; short lives are renewed at their half."""
    held = lease(expires_in=expires_in, asked_at=100.0, refresh_before=60.0)
    assert (held.renew_at, held.ends_at) == (100 + renew_at, 100 + ends_at)


@pytest.mark.parametrize(
    ("now", "state"),
    [(0.0, LeaseState.FRESH), (3539.9, LeaseState.FRESH), (3540.0, LeaseState.DUE), (3599.9, LeaseState.DUE), (3600.0, LeaseState.ENDED)],
)
def test_a_token_is_fresh_then_due_then_ended(now: float, state: LeaseState) -> None:
    """The three states follow one another at the two deadlines."""
    assert lease(expires_in=3600.0, asked_at=0.0, refresh_before=60.0).state(now) is state


def test_a_token_of_unknown_life_stays_fresh() -> None:
    """Without a stated life only a refusal makes for a renewal."""
    assert lease(expires_in=None, asked_at=0.0, refresh_before=60.0).state(1e12) is LeaseState.FRESH


@pytest.mark.parametrize(
    ("stated", "seconds"),
    [(3600, 3600.0), ("3600", 3600.0), (1.5, 1.5), (None, None), (True, None), ("soon", None), ([], None), ("nan", None), ("inf", None)],
)
def test_stated_lifetime_is_read_liberally(stated: object, seconds: float | None) -> None:
    """Numbers and strings of digits count, anything else is as good as absent."""
    assert lifetime_stated(stated) == seconds


@pytest.mark.parametrize(
    ("left", "seconds"),
    [(3600, 3570.0), (61, 31.0), (60, 30.0), (40, 20.0), (1, 0.5), (0, None), (-100, None)],
)
def test_lifetime_of_a_jwt_allows_for_clock_skew(left: int, seconds: float | None) -> None:
    """Thirty seconds are taken off, from short lives the half; a past expiry says nothing."""
    assert lifetime_of_jwt(jwt({"exp": NOW.timestamp() + left}), now=NOW) == seconds


@pytest.mark.parametrize("token", ["opaque", "a.b.c", "a.e30.c", "..", "a.!!.c", jwt([1]), jwt({"exp": "x"}), jwt({"exp": None})])
def test_lifetime_of_what_is_no_jwt_is_unknown(token: str) -> None:
    """Opaque tokens and unreadable claims have no known life."""
    assert lifetime_of_jwt(token, now=NOW) is None


def test_a_grant_does_not_show_its_token() -> None:
    """The token is not part of the representation."""
    assert "canary" not in repr(TokenGrant("canary", 1.0))
