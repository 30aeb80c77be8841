"""Following an order's status: by rank, forward only, and what contradicts itself is said.

    PENDING -> QUOTED -> EXECUTING -> one of SETTLED, FAILED, EXPIRED
    any open one -> WITHDRAWN (ours: the venue answers 404), which gives way to whatever terminal status the venue shows later

* A status of lower rank is late: dropped and counted, never an alarm. Steps may be skipped.
* An unknown status counts as terminal and is an alarm `unknown_status` once. Since nobody knows what it meant, a known terminal status
  after it replaces it without another alarm: an unknown status hides nothing.
* A known terminal status followed by another terminal one is an alarm `terminal_contradicted`, once per pair. SETTLED is never replaced;
  FAILED and EXPIRED are replaced by SETTLED only.
* WITHDRAWN is what we conclude from absence, so it never contradicts: after a terminal status it is dropped, and a terminal status after it
  is simply followed.

Source: Musubi contract, 1.5, 5.4 and A-11. Settlement and workflow follow by it; the alarms that it speaks of are the
settlement processor's to raise.
"""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.domain import lifecycle


@dataclass(frozen=True, slots=True)
class Step:
    """What a shown status means for the one that is followed."""

    follows: bool
    """The shown status becomes the order's."""
    regressed: bool = False
    """Late: it changes nothing and is counted."""
    contradicts: bool = False
    """One terminal status after another."""


STAY = Step(follows=False)
FOLLOW = Step(follows=True)
LATE = Step(follows=False, regressed=True)


def is_unknown(status: str) -> bool:
    """Tell whether the contract does not know this status."""
    return status not in lifecycle.KNOWN


def step(current: str | None, shown: str) -> Step:
    """Say what it means that the venue shows status `shown` while the order is at `current` (None: never seen)."""
    if current is None:
        return FOLLOW
    if current == shown:
        return STAY
    if lifecycle.rank(shown) != lifecycle.rank(current):
        return FOLLOW if lifecycle.rank(shown) > lifecycle.rank(current) else LATE
    return _between_terminals(current, shown)


def _between_terminals(current: str, shown: str) -> Step:
    if shown == lifecycle.WITHDRAWN:
        return LATE
    if current == lifecycle.WITHDRAWN or is_unknown(current):
        return FOLLOW
    return Step(follows=shown == lifecycle.SETTLED, contradicts=True)
