"""What an engine says of itself, whichever it is."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """How a worker is doing."""

    healthy: bool
    note: str
    lag: int | None = None
    """Records between the stored positions and the ends of the partitions that this worker has; None while unknown."""
    partitions: int = 0
