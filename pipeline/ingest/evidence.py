"""What a decision about a proposal of ours needs beside order and quotes: its compliance snapshot and reference rates.

Kept for every order that the record shows as PENDING with us as the sender's custodian, until the record shows it further on. What is due
is remembered in the store with the facts, so that after a restart a proposal that was begun is finished, and one that has everything is
left alone. Evidence has a lane of its own under the request cap and pauses of its own: orders and quotes never wait for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from pipeline.domain.lifecycle import PENDING, rank
from pipeline.ports import Evidence, EvidenceStep, Pair, SnapshotState
from schemas.events import OrderUpdated

MISSES_MAX = 5
"""How often a snapshot that is not there or cannot be read is asked for, per intent and process: each quote is a reason to look again, but
a venue that has no snapshots at all shall not cost a second request per quote."""


@dataclass(slots=True)
class _Held:
    """One pending proposal."""

    pair: Pair
    snapshot: SnapshotState
    rates: dict[str, datetime] = field(default_factory=dict)
    misses: int = 0


class EvidenceBook:
    """The pending proposals of ours at one venue, and what each still lacks."""

    def __init__(self, stored: Mapping[str, Evidence], *, providers: Iterable[str] = ()) -> None:
        """Begin with what the store knows; `providers` are those of reference rates."""
        self._providers = tuple(providers)
        self._held = {intent: _Held(known.pair, known.snapshot, dict(known.rates)) for intent, known in stored.items()}
        self._due: dict[str, None] = {intent: None for intent, held in self._held.items() if held.snapshot == "due"}
        self._flying: set[str] = set()
        """Snapshots that are being read."""
        self._rates_wanted: dict[str, dict[str, None]] = {
            provider: {intent: None for intent, held in self._held.items() if provider not in held.rates} for provider in self._providers
        }
        self._snapshot_news, self.rate_news = asyncio.Event(), asyncio.Event()
        self.rate_news.set()

    # --- what the record and the stream say -------------------------------------------------------------------------

    def noted(self, event: OrderUpdated, known: Iterable[tuple[str, str | None]]) -> EvidenceStep | None:
        """Take note of an order of the record; `known` are status and hash of each fact that the log holds of it."""
        intent = event.intent_id
        if event.status != PENDING:
            return self.over(intent)
        if event.side not in ("sender", "both") or intent in self._held or event.source_currency is None or event.target_currency is None:
            return None
        if any(rank(status) > rank(PENDING) for status, _ in known):
            return None  # a page that is older than what we know
        pair = (event.source_currency, event.target_currency)
        self._held[intent] = _Held(pair, "due")
        self._want_snapshot(intent)
        self.want_rates(intent)
        return EvidenceStep(intent_id=intent, pair=pair)

    def over(self, intent: str) -> EvidenceStep | None:
        """Forget a proposal that is no longer pending."""
        if self._held.pop(intent, None) is None:
            return None
        self._due.pop(intent, None)
        for wanted in self._rates_wanted.values():
            wanted.pop(intent, None)
        return EvidenceStep(intent_id=intent, over=True)

    def quoted(self, intent: str) -> None:
        """Take note of a quote: what could not be had is tried again, and a co-signature will need a fresh rate."""
        held = self._held.get(intent)
        if held is None:
            return
        if held.snapshot in ("absent", "unreadable") and held.misses < MISSES_MAX:
            self._want_snapshot(intent)
        self.want_rates(intent)

    # --- snapshots --------------------------------------------------------------------------------------------------

    async def next_snapshot(self) -> str:
        """Return the intent whose snapshot has been due longest and is not being read, waiting for one; `landed` ends the reading."""
        while (intent := next((due for due in self._due if due not in self._flying), None)) is None:
            self._snapshot_news.clear()
            await self._snapshot_news.wait()
        del self._due[intent]
        self._flying.add(intent)
        return intent

    def landed(self, intent: str) -> None:
        """Say that a reading has ended: a hint that came meanwhile has its turn, unless the snapshot is there now."""
        self._flying.discard(intent)
        held = self._held.get(intent)
        if held is not None and held.snapshot == "read":
            self._due.pop(intent, None)
        self._snapshot_news.set()

    def again(self, intent: str) -> bool:
        """Want a snapshot again that could not be read; False when the proposal is no longer pending."""
        if intent in self._held:
            self._want_snapshot(intent)
        return intent in self._held

    def is_news(self, intent: str) -> bool:
        """Tell whether nobody has been told yet how it stands with a snapshot."""
        held = self._held.get(intent)
        return held is not None and held.snapshot == "due"

    def snapshot_is(self, intent: str, state: SnapshotState) -> EvidenceStep:
        """Take note of what became of a snapshot."""
        held = self._held.get(intent)
        if held is not None:
            held.snapshot = state
            held.misses += state != "read"
        return EvidenceStep(intent_id=intent, snapshot=state)

    def _want_snapshot(self, intent: str) -> None:
        self._due[intent] = None
        self._snapshot_news.set()

    # --- rates ------------------------------------------------------------------------------------------------------

    def rates_wanted(self, provider: str) -> list[tuple[str, Pair, datetime | None]]:
        """Return intents that want a rate of this provider, with their pair and the time of the rate that they were given last."""
        wanted = self._rates_wanted.get(provider, {})
        return [(intent, self._held[intent].pair, self._held[intent].rates.get(provider)) for intent in wanted]

    def rate_is(self, intent: str, provider: str, quoted_at: datetime) -> EvidenceStep:
        """Take note of a rate that is being published."""
        held = self._held.get(intent)
        if held is not None:
            held.rates[provider] = quoted_at
        return EvidenceStep(intent_id=intent, rates={provider: quoted_at})

    def rate_served(self, intent: str, provider: str) -> None:
        """Want no more of a provider for this intent, until it is quoted again."""
        self._rates_wanted[provider].pop(intent, None)

    def want_rates(self, intent: str) -> None:
        """Want a rate of each provider that is newer than the one this intent was given last; nothing for an intent that is not pending."""
        if intent in self._held:
            for wanted in self._rates_wanted.values():
                wanted[intent] = None
            self.rate_news.set()
