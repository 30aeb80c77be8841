"""Who we are at a venue: what the settings list, else what the venue said first."""

from __future__ import annotations

import pytest

from connectors.venues.own_parties import OwnParties
from pipeline.settings import Settings


class Pins:
    """Pins in memory."""

    def __init__(self) -> None:
        self.pinned: dict[str, str] = {}

    def pin(self, venue: str, party: str) -> str:
        """Keep the first party of each venue."""
        return self.pinned.setdefault(venue, party)


async def test_the_party_that_a_venue_named_first_stays_ours() -> None:
    """Another answer later moves nothing, in another process neither; another venue has its own pin."""
    pins = Pins()
    for party in ("A::1", "A::1 ", "B::2"):
        assert await OwnParties("tokyo", (), pins).known_as(party) == {"A::1"}
    assert await OwnParties("osaka", (), pins).known_as("B::2") == {"B::2"}


async def test_what_the_settings_list_is_the_whole_truth() -> None:
    """Neither the answer nor the pin adds to it; without settings and pins the answer is believed."""
    assert await OwnParties("tokyo", ("A::1", "B::2"), Pins()).known_as("C::3") == {"A::1", "B::2"}
    assert await OwnParties("tokyo", (), None).known_as("C::3") == {"C::3"}


def venues(**clients: str) -> dict[str, object]:
    """Return sections of the settings at one address, each with a login."""
    at = "http://127.0.0.1:9/"
    return {"venues": {name: {"base_url": at, "auth": {"client_id": client, "client_secret": "s"}} for name, client in clients.items()}}


def test_one_login_at_one_backend_is_one_venue() -> None:
    """Under two names its settlements would be booked twice, so that is refused; two logins there are two venues."""
    assert set(Settings.model_validate(venues(tokyo="a", osaka="b")).venues) == {"tokyo", "osaka"}
    with pytest.raises(ValueError, match=r"tokyo and osaka are the same login"):
        Settings.model_validate(venues(tokyo="a", osaka="a"))
