"""Worlds and venues that a test plays without a clock."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from connectors.simulators.musubi.delivery import Frame
from connectors.simulators.musubi.orders import Fact, Terms
from connectors.simulators.musubi.settings import Settings
from connectors.simulators.musubi.switches import Switches
from connectors.simulators.musubi.venue import Venue
from connectors.simulators.musubi.world import Mix, Rules, Script, World

START = datetime(2026, 4, 19, 9, 0, tzinfo=UTC)
TERMS = Terms(
    source_currency="JPYSC0",
    target_currency="USDCx",
    target_amount=Decimal("100000"),
    fx_rate=Decimal("112.0"),
    source_amount_max=Decimal("12000000"),
)
QUIET = Rules(rate=0)


def after(seconds: float) -> datetime:
    """Return the moment so many seconds after the start."""
    return START + timedelta(seconds=seconds)


def quiet_world(**switches: str) -> World:
    """Return a world in which nothing happens unasked; switches as A_11="gone"."""
    return World(QUIET, start=START, switches=Switches({key.replace("_", "-"): value for key, value in switches.items()}))


def script(**changes: object) -> Script:
    """Return the script of a receiver-side order that settles, with changes."""
    return replace(Script(side="receiver", terms=TERMS, quotes=1), **changes)  # type: ignore[arg-type]


def live(world: World, seconds: float, *, step: float) -> list[Fact]:
    """Return what happens until so many seconds after the start, looked at every `step` seconds."""
    facts: list[Fact] = []
    for turn in range(1, int(seconds / step) + 1):
        facts += world.advance(after(turn * step))
    return facts + world.advance(after(seconds))


def statuses(facts: Iterable[Fact]) -> dict[str, list[str]]:
    """Return the statuses that each intent had, in order, beginning with its creation."""
    seen: dict[str, list[str]] = defaultdict(list)
    for fact in facts:
        if fact.kind in ("created", "status"):
            seen[fact.order.intent_id].append(fact.order.status)
    return dict(seen)


class PlayedVenue:
    """A venue with one stream that keeps what it gets."""

    def __init__(self, settings: Settings | None = None, *, streams: int = 1) -> None:
        self.frames: list[Frame] = []
        self.struck: list[tuple[str, float]] = []
        self.streams = streams
        self.venue = Venue(
            settings or Settings(client_secret="s", rules=QUIET),
            start=START,
            send=self.frames.extend,
            streams=lambda: self.streams,
            strike=lambda name, seconds: self.struck.append((name, seconds)),
        )

    def live(self, seconds: float, *, step: float = 0.5) -> None:
        """Live until so many seconds after the start."""
        for turn in range(1, int(seconds / step) + 1):
            self.venue.pump(after(turn * step))


def settings(**rules: object) -> Settings:
    """Return settings of a busy venue with changes to its rules."""
    base = Rules(seed=7, rate=2, orders=60, mix=Mix(receiver=50, sender=40, both=10), console_user=1.0)
    return Settings(client_secret="s", rules=replace(base, **rules))  # type: ignore[arg-type]
