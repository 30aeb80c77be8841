"""What the log holds already, as far as memory reaches; beyond it the database is asked."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Collection, Iterable

from pipeline.domain.lifecycle import PENDING, SETTLED, is_open, rank
from pipeline.ports import Fact, IngestStore

INTENTS_MAX = 50_000

Aspects = dict[str, tuple[str, str | None]]
"""Facts of one intent: event id -> (status, transaction hash)."""


class KnownFacts:
    """The facts of the intents seen last; `complete` while memory holds all that the database does."""

    def __init__(self, store: IngestStore, venue: str, *, intents_max: int = INTENTS_MAX) -> None:
        """Know nothing yet: `load` fetches the newest facts."""
        self._store, self._venue, self._intents_max = store, venue, intents_max
        self._by_intent: OrderedDict[str, Aspects] = OrderedDict()
        self.complete = False

    async def load(self) -> None:
        """Fetch the newest facts from the database; raise RetryableError."""
        facts = await asyncio.to_thread(self._store.recent_facts, self._venue, limit=self._intents_max)
        self._by_intent.clear()
        for fact in reversed(facts):
            self.add(fact)
        self.complete = len(facts) < self._intents_max

    async def fetch(self, intents: Collection[str]) -> None:
        """Make sure that what the database knows about these intents is in memory; raise RetryableError."""
        if self.complete:
            return
        missing = [intent for intent in intents if intent not in self._by_intent]
        if missing:
            facts = await asyncio.to_thread(self._store.known_facts, self._venue, missing)
            for intent in missing:
                self._entry(intent)  # also what is known to be unknown
            for fact in facts:
                self.add(fact)

    def add(self, fact: Fact) -> None:
        """Remember a fact, forgetting the intent that was seen longest ago when there are too many."""
        self._entry(fact.intent_id)[fact.ce_id] = (fact.status, fact.transaction_hash)

    def _entry(self, intent_id: str) -> Aspects:
        aspects = self._by_intent.get(intent_id)
        if aspects is not None:
            self._by_intent.move_to_end(intent_id)
            return aspects
        aspects = self._by_intent[intent_id] = {}
        if len(self._by_intent) > self._intents_max:
            self._by_intent.popitem(last=False)
            self.complete = False
        return aspects

    def has(self, intent_id: str, ce_id: str) -> bool:
        """Tell whether the log holds this very fact."""
        return ce_id in self._by_intent.get(intent_id, ())

    def aspects(self, intent_id: str) -> Iterable[tuple[str, str | None]]:
        """Return status and hash of each fact about an intent."""
        return self._by_intent.get(intent_id, {}).values()


def answers(aspects: Iterable[tuple[str, str | None]], status: str, transaction_hash: str | None) -> bool:
    """Tell whether records in the log already say what a hint of `status` can lead to.

    A settlement needs the record with its hash; a terminal or unknown status needs that status; an open one is answered by any record that
    is as far or further.
    """
    if status == SETTLED:
        return any(known == SETTLED and transaction_hash in (None, of) for known, of in aspects)
    if is_open(status):
        return any(status == PENDING or rank(known) >= rank(status) for known, _ in aspects)
    return any(known == status for known, _ in aspects)
