"""What the risk processor remembers of one order: which questions it has answered. The limits stand elsewhere, see `settle`."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace

ANSWERED_MAX = 64
"""Questions about one order that are remembered; one repeated after that is answered again, with the same bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskState:
    """The questions about one order that were answered."""

    answered: tuple[str, ...] = ()

    def with_answered(self, request_id: str) -> RiskState:
        """Return the state that remembers a question."""
        return replace(self, answered=(*self.answered, request_id)[-ANSWERED_MAX:])


def to_json(state: RiskState) -> str:
    """Write a state."""
    return json.dumps({"answered": list(state.answered)}, separators=(",", ":"))


def from_json(text: str) -> RiskState:
    """Read what `to_json` wrote."""
    return RiskState(answered=tuple(json.loads(text)["answered"]))
