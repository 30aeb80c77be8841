"""What a person is shown about a decision, and what has changed between two showings.

Promise: whatever an approval binds to is in here, with the facts exactly as the engine saw them: the order, every quote, rates, the
compliance snapshot, each rule with its verdict, the policy. Nothing is rounded, shortened or left out.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from pipeline.log.envelope import time_text
from schemas.accepting import DecisionContext, DecisionMade, DecisionRequested

Shown = dict[str, Any]

FACTS = ("order", "quotes", "rates", "compliance")
"""The parts of what is shown that are facts about the world; the others say who asked, who decided, and until when."""


def shown_of(decision: DecisionMade, request: DecisionRequested | None, *, expires_at: datetime | None = None) -> Shown:
    """Return what is shown of a decision; with `expires_at` for one that waits for people.

    Without its request only what the decision itself says is there.
    """
    made = decision.model_dump(mode="json", exclude_none=True, exclude={"approvers_needed", "refers_to"})
    shown: Shown = {**made}
    if decision.refers_to is not None:
        shown["refers_to"] = decision.refers_to
    if expires_at is not None:
        shown |= {"approvers_needed": approvers_needed(decision), "expires_at": time_text(expires_at)}
    if request is not None:
        shown |= {"round": request.round, "requested_at": request.requested_at, "decide_by": request.decide_by}
        shown |= facts_of(request.context)
    return shown


def facts_of(context: DecisionContext) -> Shown:
    """Return what was known when the question was asked, in the parts in which people are shown it."""
    stated = context.model_dump(mode="json", exclude_none=True)
    apart: Shown = {name: stated.pop(name) for name in ("quotes", "rates", "compliance") if name in stated}
    return {"order": stated, **apart}


def shows(text: str, decision: str, context: str | None) -> bool:
    """Tell whether what was shown is a decision and what it was a function of, each as it is kept; None: the question is not."""
    told = json.loads(text)
    stated = {name: value for name, value in json.loads(decision).items() if name not in ("approvers_needed", "refers_to")}
    if context is not None:
        order = json.loads(context)
        stated |= {name: order.pop(name, None) for name in ("quotes", "rates", "compliance")} | {"order": order}
    return isinstance(told, dict) and all(told.get(name) == value for name, value in stated.items())


def approvers_needed(decision: DecisionMade) -> int:
    """Return how many different people have to approve: one at least, whatever an engine says."""
    return min(max(decision.approvers_needed, 1), PEOPLE_MAX)


PEOPLE_MAX = 1000
"""Nobody has so many approvers; a number beyond it is kept from reaching the database's own limit."""


def comparable(shown: Mapping[str, Any]) -> Shown:
    """Return the facts of what was shown in a form in which a quote is found under its id, not under its place in a list."""
    return {
        "order": shown.get("order", {}),
        "quotes": _by(shown.get("quotes", ()), "quote_id"),
        "rates": _by(shown.get("rates", ()), "provider"),
        "compliance": shown.get("compliance", {}),
    }


def _by(found: Sequence[Mapping[str, Any]], name: str) -> Shown:
    return {str(one.get(name)): {key: value for key, value in one.items() if key != name} for one in found}
