"""The life of an order: six statuses and their rank.

Source: Musubi contract 1.5 and 5.4. A status that the contract does not know counts as terminal with no assets moved (A-11),
but it never hides a later SETTLED.
"""

from __future__ import annotations

PENDING = "PENDING"
QUOTED = "QUOTED"
EXECUTING = "EXECUTING"
SETTLED = "SETTLED"
FAILED = "FAILED"
EXPIRED = "EXPIRED"
WITHDRAWN = "WITHDRAWN"
"""Ours: an order that the venue once showed and now answers with 404 (A-11)."""

OPEN = frozenset({PENDING, QUOTED, EXECUTING})
TERMINAL = frozenset({SETTLED, FAILED, EXPIRED})
KNOWN = OPEN | TERMINAL | {WITHDRAWN}

_RANK = {PENDING: 0, QUOTED: 1, EXECUTING: 2}
RANK_TERMINAL = 3


def rank(status: str) -> int:
    """Return how far a status is: PENDING 0, QUOTED 1, EXECUTING 2, everything else terminal 3."""
    return _RANK.get(status, RANK_TERMINAL)


def is_open(status: str) -> bool:
    """Tell whether an order in this status can still move by itself."""
    return status in OPEN
