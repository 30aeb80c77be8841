"""What the archive can be told: how often, and how much at once, records get their index."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveConfig:
    """Times are in seconds."""

    sequencing_interval: float = 0.5
    """Between two looks for records without an index: they have one well within a second."""
    sequencing_batch_max: int = 2_000
    """Records per partition and transaction: one transaction stays well under a second."""
