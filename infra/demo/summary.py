"""Compares what the venue's truth holds with what the books and the archive hold; written without the pipeline's own comparison.

The truth file is the simulator's; the books are read through the published command's output.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

Booking = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Settlements of the truth against entries of the books."""

    settled: int
    booked: int
    missing: tuple[Booking, ...]
    unknown: tuple[Booking, ...]
    twice: tuple[Booking, ...]
    differing: tuple[Booking, ...]

    @property
    def clean(self) -> bool:
        """Tell whether every settlement is booked once with its amounts, and nothing else is."""
        return not (self.missing or self.unknown or self.twice or self.differing)


def settlements(truth: Path) -> dict[Booking, dict[str, Any]]:
    """Return what settled and touches our custody, by intent and hash."""
    found = {}
    for text in truth.read_text(encoding="utf-8").splitlines():
        line = json.loads(text)
        if line.get("what") == "status" and line.get("status") == "SETTLED" and line.get("side") != "none":
            found[(line["intent_id"], line["transaction_hash"])] = line
    return found


def compare(truth: dict[Booking, dict[str, Any]], entries: Iterable[dict[str, Any]]) -> Comparison:
    """Compare settlements with journal entries, amounts included."""
    booked: Counter[Booking] = Counter()
    differing = []
    for entry in entries:
        key = (entry["intent_id"], entry["transaction_hash"])
        booked[key] += 1
        if key in truth and moved(entry) != expected(truth[key]):
            differing.append(key)
    return Comparison(
        settled=len(truth),
        booked=sum(booked.values()),
        missing=tuple(sorted(truth.keys() - booked.keys())),
        unknown=tuple(sorted(booked.keys() - truth.keys())),
        twice=tuple(sorted(key for key, count in booked.items() if count > 1)),
        differing=tuple(differing),
    )


def expected(settled: dict[str, Any]) -> dict[tuple[str, str], Decimal]:
    """Return what has to move in our custody: (currency, side of the custody asset) -> amount."""
    moves = {}
    if settled["side"] in ("sender", "both"):
        moves[(settled["source_currency"], "credit")] = Decimal(settled["source_amount_actual"])
    if settled["side"] in ("receiver", "both"):
        moves[(settled["target_currency"], "debit")] = Decimal(settled["target_amount"])
    return moves


def moved(entry: dict[str, Any]) -> dict[tuple[str, str], Decimal]:
    """Return what an entry moves in our custody."""
    return {
        (posting["currency"], posting["side"]): Decimal(posting["amount"])
        for posting in entry["postings"]
        if posting["role"] == "custody_asset"
    }
