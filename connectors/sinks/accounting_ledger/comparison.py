"""What differs between the live books and books that were rebuilt from the archive: pure, entry for entry and balance for balance.

Not a difference, but counted: what one of the two cannot have yet, since the archive or the ledger has not come so far; and an entry that
was booked from another copy of the same event (it was published twice, requeued, or made again from a later look at the same document).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from pipeline.domain.differences import Fields, fields_that_differ
from pipeline.domain.money import plain

IDENTICAL, MISSING, EXTRA, DIFFERS = "identical", "missing", "extra", "differs"
NOT_ARCHIVED, NOT_BOOKED = "not_archived_yet", "not_booked_yet"
FINDINGS = (MISSING, EXTRA, DIFFERS)
_PLACE = frozenset({"source.topic", "source.epoch", "source.partition", "source.offset"})
_LOOK = frozenset({"observed_at"})
"""What two copies may differ in that were made from two looks at one document."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BothEntries:
    """An entry as the live books and the rebuilt ones have it; both None: it is the same in both."""

    entry_id: str
    live: Mapping[str, Any] | None
    rebuilt: Mapping[str, Any] | None
    not_archived: bool = False
    """Its record is beyond what the archive had when the books were rebuilt."""
    not_booked: bool = False
    """Its record is beyond the ledger's stored position."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BothBalances:
    """Debits and credits of an account in the live books and in the rebuilt ones, as far as both can have them."""

    account: str
    live: tuple[Decimal, Decimal]
    rebuilt: tuple[Decimal, Decimal]


def verdict_of(both: BothEntries) -> tuple[str, Fields]:
    """Say what an entry is: identical, missing from the live books, extra in them, differing, or not there yet for a good reason."""
    if both.live is None and both.rebuilt is None:
        return IDENTICAL, {}
    if both.live is None:
        return (NOT_BOOKED if both.not_booked else MISSING), {}
    if both.rebuilt is None:
        return (NOT_ARCHIVED if both.not_archived else EXTRA), {}
    found = fields_that_differ(both.live, both.rebuilt)
    explained = _PLACE | _LOOK if found.keys() & _PLACE else _PLACE
    return (DIFFERS, found) if found.keys() - explained else (IDENTICAL, {})


@dataclass(slots=True)
class Comparison:
    """Turns pairs into lines and counts them on the way."""

    entries: Counter[str] = field(default_factory=Counter)
    balances: Counter[str] = field(default_factory=Counter)

    @property
    def differences(self) -> int:
        """Return how many entries and balances differ."""
        return sum(counts[name] for counts in (self.entries, self.balances) for name in FINDINGS)

    def of_entries(self, pairs: Iterable[BothEntries]) -> Iterator[dict[str, Any]]:
        """Yield a line for every entry that differs."""
        for both in pairs:
            verdict, found = verdict_of(both)
            self.entries[verdict] += 1
            if verdict in FINDINGS:
                stated = both.live or both.rebuilt or {}
                about = {name: stated.get(name) for name in ("venue", "intent_id", "transaction_hash", "source")}
                yield {"kind": "entry", "difference": verdict, "entry_id": both.entry_id, **about, "fields": _shown(found)}

    def of_balances(self, pairs: Iterable[BothBalances]) -> Iterator[dict[str, Any]]:
        """Yield a line for every account whose balances differ."""
        for both in pairs:
            live, rebuilt = _amounts(both.live), _amounts(both.rebuilt)
            found = fields_that_differ(live, rebuilt)
            self.balances[DIFFERS if found else IDENTICAL] += 1
            if found:
                yield {"kind": "balance", "difference": DIFFERS, "account": both.account, "fields": _shown(found)}

    def totals(self) -> Iterator[dict[str, Any]]:
        """Yield one line per count."""
        for what, counts in (("entries", self.entries), ("balances", self.balances)):
            for name in (IDENTICAL, *FINDINGS, NOT_ARCHIVED, NOT_BOOKED):
                if counts[name] or name == IDENTICAL:
                    yield {"kind": "count", "of": what, "difference": name, "count": counts[name]}


def _amounts(sides: tuple[Decimal, Decimal]) -> dict[str, str]:
    return {"debits": plain(sides[0]), "credits": plain(sides[1])}


def _shown(found: Fields) -> dict[str, dict[str, Any]] | None:
    return {name: {"live": live, "rebuilt": rebuilt} for name, (live, rebuilt) in found.items()} or None
