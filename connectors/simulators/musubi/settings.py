"""What a simulator is told before it starts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from connectors.simulators.musubi.faults import Dose
from connectors.simulators.musubi.switches import Switches
from connectors.simulators.musubi.world import Rules

HEARTBEAT_SECONDS = 30.0
TOKEN_SECONDS = 3600.0
SCHEMA_VERSION = "v2"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """A simulator's settings; `port` 0 takes a free one, `heartbeat` and `token_lifetime` are seconds.

    `schema_version` is what whoami states, None leaves the field out. `control` opens `/simulator/…` to callers on this
    machine. The heartbeat is divided by the speed of the rules, but never comes more often than once a second unless
    it is asked to; the lifetime of tokens is real time. The venue's clock is `clock_skew` real seconds ahead of this
    machine's, or behind it when negative: all times that it states, and its Date headers.
    """

    client_secret: str = field(repr=False)
    client_id: str = "custodian-a"
    host: str = "127.0.0.1"
    port: int = 0
    rules: Rules = field(default_factory=Rules)
    switches: Switches = field(default_factory=Switches)
    faults: Mapping[str, Dose] = field(default_factory=dict)
    truth_file: Path | None = None
    heartbeat: float = HEARTBEAT_SECONDS
    token_lifetime: float = TOKEN_SECONDS
    schema_version: str | None = SCHEMA_VERSION
    clock_skew: float = 0.0
    control: bool = True

    @property
    def heartbeat_scaled(self) -> float:
        """Return the seconds between heartbeats after the speed factor."""
        return max(self.heartbeat / self.rules.speed, min(self.heartbeat, 1.0))
