"""What a policy has to know beside the context of a question: sums, counts and exposures over what was accepted before.

A query is a description, its key is its text, its answer is a text: a decimal, a whole number, or `UNKNOWN` when one of the rows that
belong to it does not say its amount. The answers travel in the decision, so that it can be made again without any database.

A query counts over all venues of the pipeline, or at one venue where its rule names it; the key says which. Releases before counted at the
venue of the question, whatever the rule said, and wrote keys that begin with `BEFORE`: they are read in replays and never written again.

Own questions are never counted among the others: every query leaves out the order that is asked about.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Literal

Kind = Literal["sum", "count", "exposure", "alike"]
Side = Literal["target", "source"]
Per = Literal["venue", "pair", "sender", "receiver", "market_maker"]

UNKNOWN = "unknown"
ENDED = "ended"
"""The key under which a decision records that its order was already known to have ended, and how."""

ACCEPTED_AS = "accepted as"
"""The key under which a decision records that its order counts already with another pair or other parties, and with which."""

BEFORE = ("sum of ", "accepted per ", "exposure of ", "alike in ")


@dataclass(frozen=True, slots=True)
class CounterQuery:
    """One sum, count or exposure over accepted orders, without the one that is asked about.

    * `sum`: amounts accepted within the window and not given back, of one side and currency; `count`: how many.
    * `exposure`: amounts accepted, and neither settled nor given back, whenever that was.
    * `alike`: orders of the same pair, parties and target amount that were asked about within the window and not declined or given back.
    """

    key: str
    kind: Kind
    per: Per
    scope: str
    """Whose orders they are; for per "venue" empty: nobody's in particular."""
    venue: str | None = None
    """Where they are; None: at any venue of the pipeline."""
    side: Side = "target"
    currency: str = ""
    window: timedelta | None = None
    alike: tuple[str, str, str, str] | None = None
    """Pair, sender, receiver, target amount in plain spelling."""


def total_of(
    side: Side, currency: str, per: Per, scope: str, window: timedelta, window_text: str, *, venue: str | None = None
) -> CounterQuery:
    """Ask for the sum accepted within a window."""
    key = f"sum {where(venue)} of {side} {currency}{_whose(per, scope)} in {window_text}"
    return CounterQuery(key, "sum", per, scope, venue, side, currency, window)


def number_of(per: Per, scope: str, window: timedelta, window_text: str, *, venue: str | None = None) -> CounterQuery:
    """Ask for how many orders were accepted within a window."""
    return CounterQuery(f"accepted {where(venue)}{_whose(per, scope)} in {window_text}", "count", per, scope, venue, window=window)


def exposure_of(side: Side, currency: str, per: Per, scope: str, *, venue: str | None = None) -> CounterQuery:
    """Ask for what is accepted and has not come to an end."""
    return CounterQuery(f"exposure {where(venue)} of {side} {currency}{_whose(per, scope)}", "exposure", per, scope, venue, side, currency)


def alike_to(alike: tuple[str, str, str, str], window: timedelta, window_text: str, *, venue: str | None = None) -> CounterQuery:
    """Ask for how many other orders of the same parties and amount there were within a window."""
    return CounterQuery(f"alike {where(venue)} in {window_text}", "alike", "venue", "", venue, window=window, alike=alike)


def where(venue: str | None) -> str:
    """Say at which venues is counted."""
    return "over all venues" if venue is None else f"at {venue}"


def _whose(per: Per, scope: str) -> str:
    return "" if per == "venue" else f" per {per} {scope}"


def before(query: CounterQuery, scope: str, window_text: str = "") -> CounterQuery:
    """Return a query with the key that releases before wrote, where per "venue" `scope` was the question's venue."""
    match query.kind:
        case "sum":
            key = f"sum of {query.side} {query.currency} per {query.per} {scope} in {window_text}"
        case "count":
            key = f"accepted per {query.per} {scope} in {window_text}"
        case "exposure":
            key = f"exposure of {query.side} {query.currency} per {query.per} {scope}"
        case "alike":
            key = f"alike in {window_text}"
    return replace(query, key=key)
