"""What a policy has to know beside the context of a question: sums, counts and exposures over what was accepted before.

A query is a description, its key is its text, its answer is a text: a decimal, a whole number, or `UNKNOWN` when one of the rows that
belong to it does not say its amount. The answers travel in the decision, so that it can be made again without any database.

Own questions are never counted among the others: every query leaves out the intent that is asked about.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

Kind = Literal["sum", "count", "exposure", "alike"]
Side = Literal["target", "source"]
Per = Literal["venue", "pair", "sender", "receiver", "market_maker"]

UNKNOWN = "unknown"
ENDED = "ended"
"""The key under which a decision records that its order was already known to have ended, and how."""


@dataclass(frozen=True, slots=True)
class CounterQuery:
    """One sum, count or exposure over the accepted orders of a venue, without the one that is asked about.

    * `sum`: amounts accepted within the window and not given back, of one side and currency; `count`: how many.
    * `exposure`: amounts accepted, and neither settled nor given back, whenever that was.
    * `alike`: orders of the same pair, parties and target amount that were asked about within the window and not declined or given back.
    """

    key: str
    kind: Kind
    per: Per
    scope: str
    side: Side = "target"
    currency: str = ""
    window: timedelta | None = None
    alike: tuple[str, str, str, str] | None = None
    """Pair, sender, receiver, target amount in plain spelling."""


def total_of(side: Side, currency: str, per: Per, scope: str, window: timedelta, window_text: str) -> CounterQuery:
    """Ask for the sum accepted within a window."""
    return CounterQuery(f"sum of {side} {currency} per {per} {scope} in {window_text}", "sum", per, scope, side, currency, window)


def number_of(per: Per, scope: str, window: timedelta, window_text: str) -> CounterQuery:
    """Ask for how many orders were accepted within a window."""
    return CounterQuery(f"accepted per {per} {scope} in {window_text}", "count", per, scope, window=window)


def exposure_of(side: Side, currency: str, per: Per, scope: str) -> CounterQuery:
    """Ask for what is accepted and has not come to an end."""
    return CounterQuery(f"exposure of {side} {currency} per {per} {scope}", "exposure", per, scope, side, currency)


def alike_to(venue: str, alike: tuple[str, str, str, str], window: timedelta, window_text: str) -> CounterQuery:
    """Ask for how many other orders of the same parties and amount there were within a window."""
    return CounterQuery(f"alike in {window_text}", "alike", "venue", venue, window=window, alike=alike)
