"""Which connector a kind of venue or of rates gets: adding one adds one line here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from connectors.rates import adapter as rates
from connectors.transports.rest import RequestBudget
from connectors.venues.musubi.adapter import MusubiVenue
from connectors.venues.musubi.commands import MusubiCommands
from pipeline import settings
from pipeline.clock import Clock
from pipeline.commands.ports import VenueCommands
from pipeline.ports import PartyPins, RateProvider, VenueConnector


class VenueFactory(Protocol):
    """Makes the connector of one venue of the settings."""

    def __call__(
        self,
        venue: str,
        section: settings.Venue,
        *,
        clock: Clock,
        random: Callable[[], float],
        budget: RequestBudget,
        pins: PartyPins | None = None,
    ) -> VenueConnector:
        """Return the connector; raise SettingsError."""
        ...


class CommandsFactory(Protocol):
    """Makes the accept calls of one venue of the settings."""

    def __call__(
        self,
        venue: str,
        section: settings.Venue,
        *,
        clock: Clock,
        random: Callable[[], float],
        budget: RequestBudget,
        pins: PartyPins | None = None,
    ) -> VenueCommands:
        """Return the accept calls; raise SettingsError."""
        ...


VENUES: Mapping[str, VenueFactory] = {
    "musubi": MusubiVenue,
}
COMMANDS: Mapping[str, CommandsFactory] = {
    "musubi": MusubiCommands,
}


def venue_connector(
    venue: str,
    section: settings.Venue,
    *,
    clock: Clock,
    random: Callable[[], float],
    budget: RequestBudget,
    pins: PartyPins | None = None,
) -> VenueConnector:
    """Return the connector of a venue of the settings; raise SettingsError when a secret is missing."""
    return VENUES[section.kind](venue, section, clock=clock, random=random, budget=budget, pins=pins)


def venue_commands(
    venue: str,
    section: settings.Venue,
    *,
    clock: Clock,
    random: Callable[[], float],
    budget: RequestBudget,
    pins: PartyPins | None = None,
) -> VenueCommands:
    """Return the accept calls of a venue of the settings; raise SettingsError when a secret is missing."""
    return COMMANDS[section.kind](venue, section, clock=clock, random=random, budget=budget, pins=pins)


def rate_providers(sections: Mapping[str, settings.Rates], *, clock: Clock) -> list[RateProvider]:
    """Return the providers of reference rates of the settings."""
    return [rates.rate_provider(name, section, clock=clock) for name, section in sections.items()]
