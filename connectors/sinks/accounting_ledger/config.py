"""What the ledger has to be told: how many decimals each currency has."""

from __future__ import annotations

from dataclasses import dataclass, field

from pipeline.domain.money import Scales
from pipeline.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerConfig:
    """The scales that amounts are booked with from now on; what is booked keeps the scale that its postings name."""

    scales: Scales = field(default_factory=Scales)

    @classmethod
    def from_settings(cls, settings: Settings) -> LedgerConfig:
        """Take what the settings say."""
        return cls(scales=settings.currencies.scales())
