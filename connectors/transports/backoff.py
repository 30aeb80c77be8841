"""How long to wait before the next try: a policy that is a value.

It promises that every delay lies within `first` and `maximum`, grows by `factor`, and is spread by chance also when the
maximum is reached, so that many clients that lost one server do not return together. Chance is an argument.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Backoff:
    """Delays in seconds; with the defaults 1 to 2, 2 to 4, 4 to 8, 8 to 15 (the spread ends at the maximum), then 15 to 30."""

    first: float = 1.0
    maximum: float = 30.0
    factor: float = 2.0
    failures: int = 0
    hint: float | None = None
    """What the server asked for (SSE `retry:`, `Retry-After`), in seconds; honoured within first and maximum."""

    def __post_init__(self) -> None:
        """Refuse a policy that would never wait or would shrink."""
        if not (0 < self.first <= self.maximum and self.factor >= 1.0 and math.isfinite(self.maximum)):
            raise ValueError(f"no usable back-off: first {self.first}, maximum {self.maximum}, factor {self.factor}")

    def next(self, *, jitter: float) -> tuple[float, Backoff]:
        """Return the delay in seconds before the next try and the policy for the one after it; jitter is in [0, 1)."""
        # The lower bound stops one step short of the maximum: at the maximum itself there would be nothing to spread.
        low = min(self._grown(), max(self.first, self.maximum / self.factor))
        if self.hint is not None:
            low = min(self.maximum, max(low, self.hint))
        high = min(self.maximum, low * self.factor)
        return low + (high - low) * jitter, replace(self, failures=self.failures + 1)

    def with_hint(self, seconds: float | None) -> Backoff:
        """Return the policy that waits at least what the server asked for, within its own bounds."""
        return replace(self, hint=seconds)

    def reset(self) -> Backoff:
        """Return the policy as it was before the first failure; what the server asked for stands."""
        return replace(self, failures=0)

    def _grown(self) -> float:
        if self.factor == 1.0:
            return self.first
        steps_to_maximum = math.log(self.maximum / self.first, self.factor)
        if self.failures >= steps_to_maximum:
            return self.maximum
        return float(self.first * self.factor**self.failures)
