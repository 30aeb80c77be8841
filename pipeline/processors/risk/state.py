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
    """Ids of the decisions; one question under one policy has one."""

    def with_answered(self, decision_id: str) -> RiskState:
        """Return the state that remembers an answer."""
        return replace(self, answered=(*self.answered, decision_id)[-ANSWERED_MAX:])


def to_json(state: RiskState) -> str:
    """Write a state."""
    return json.dumps({"answered": list(state.answered)}, separators=(",", ":"))


def from_json(text: str) -> RiskState:
    """Read what `to_json` wrote."""
    return RiskState(answered=tuple(json.loads(text)["answered"]))
