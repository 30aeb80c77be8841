"""The venue's record as this venue's tasks share it: what is known, what is open, and how a reading gets into the outbox."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

from pipeline import metrics
from pipeline.clock import Clock
from pipeline.domain.lifecycle import EXECUTING, RANK_TERMINAL, is_open, rank
from pipeline.ingest.evidence import EvidenceBook
from pipeline.ingest.items import fact_of, letter_of, outgoing_of, unreadable_settlement
from pipeline.ingest.known import KnownFacts, answers
from pipeline.ingest.outbox import Item, Outbox
from pipeline.ingest.unfinished import UnfinishedBook
from pipeline.log.identities import former_order_updated_id
from pipeline.ports import Sighting, Unreadable
from schemas.events import OrderUpdated

REMEMBERED_MAX = 20_000


@dataclass(frozen=True, slots=True)
class Noted:
    """What a page of the record added: how many facts were new."""

    new: int
    known: int


class Remembered:
    """The last identities seen, so that what is listed again and again is published once."""

    def __init__(self, size_max: int = REMEMBERED_MAX) -> None:
        """Remember nothing yet."""
        self._seen: OrderedDict[str, None] = OrderedDict()
        self._size_max = size_max

    def __contains__(self, identity: str) -> bool:
        return identity in self._seen

    def add(self, identity: str) -> bool:
        """Remember; return False when it was remembered already."""
        if identity in self._seen:
            self._seen.move_to_end(identity)
            return False
        self._seen[identity] = None
        if len(self._seen) > self._size_max:
            self._seen.popitem(last=False)
        return True


class RecordBook:
    """Publishes what the log does not have of the venue's record."""

    def __init__(
        self,
        venue: str,
        *,
        known: KnownFacts,
        outbox: Outbox,
        open_intents: frozenset[str],
        clock: Clock,
        evidence: EvidenceBook | None = None,
        unfinished: UnfinishedBook | None = None,
    ) -> None:
        """`open_intents` are those that were open when last seen; `evidence` is what pending proposals of ours need beside.

        `unfinished` is what has to be read again until it is whole.
        """
        self._venue = venue
        self.known = known
        self.outbox = outbox
        self.open: set[str] = set(open_intents)
        self.evidence = evidence or EvidenceBook({})
        self.unfinished = UnfinishedBook() if unfinished is None else unfinished
        self._clock = clock
        self.quoted = Remembered()
        """Intents of which a quote was seen, or hinted at."""
        self._quotes = Remembered()
        self._letters = Remembered()
        self._looked_up = Remembered()

    async def note(self, seen: Sequence[Sighting | Unreadable]) -> Noted:
        """Publish what is new in a reading, waiting for room; raise RetryableError when facts cannot be looked up."""
        await self.known.fetch([sighting.event.intent_id for sighting in seen if isinstance(sighting, Sighting)])
        items: list[Item] = []
        new = 0
        for sighting in seen:
            if isinstance(sighting, Unreadable):
                letters = self._letter(sighting)
                items += letters
                new += any(letter.outgoing is not None for letter in letters)
                continue
            item = self._record(sighting)
            if item is not None:
                items.append(item)
                new += item.outgoing is not None and not self._renamed(sighting)
        metrics.ingested("record_new", new)
        metrics.ingested("record_known", len(seen) - new)
        await self.outbox.put(items)
        return Noted(new, len(seen) - new)

    def needs(self, intent_id: str, status: str, transaction_hash: str | None) -> bool:
        """Tell whether a hint asks for the record: the log does not have it, and it was not looked up for the same hint already."""
        if status == EXECUTING or answers(self.known.aspects(intent_id), status, transaction_hash):
            return False
        return f"{intent_id} {status} {transaction_hash}" not in self._looked_up

    def looked_up(self, intent_id: str, status: str, transaction_hash: str | None) -> None:
        """Remember that a hint led to a read: the same hint again, also one that the record contradicts, leads to none."""
        if not is_open(status):
            self._looked_up.add(f"{intent_id} {status} {transaction_hash}")

    def ended(self, intent_id: str) -> bool:
        """Tell whether the record showed that the order has ended."""
        return any(rank(status) >= RANK_TERMINAL for status, _ in self.known.aspects(intent_id))

    def saw_quote(self, ce_id: str) -> None:
        """Remember a quote that a hint stated."""
        self._quotes.add(ce_id)

    def _record(self, sighting: Sighting) -> Item | None:
        fact, event, at = fact_of(sighting), sighting.event, self._clock.now()
        if fact is None or not isinstance(event, OrderUpdated):
            if not self._quotes.add(sighting.ce_id):
                return None
            self.quoted.add(event.intent_id)
            self.evidence.want_rates(event.intent_id)
            return Item(outgoing=outgoing_of(sighting, at))
        opened, closed = self._turned(event)
        evidence = self.evidence.noted(event, self.known.aspects(fact.intent_id))
        unfinished = self.unfinished.noted(event, complete=sighting.complete, at=at)
        if self.known.has(fact.intent_id, fact.ce_id):
            changed = opened or closed or evidence or unfinished
            return Item(opened=opened, closed=closed, evidence=evidence, unfinished=unfinished) if changed else None
        self.known.add(fact)
        return Item(outgoing=outgoing_of(sighting, at), fact=fact, opened=opened, closed=closed, evidence=evidence, unfinished=unfinished)

    def _turned(self, event: OrderUpdated) -> tuple[str | None, str | None]:
        if is_open(event.status):
            if event.intent_id in self.open:
                return None, None
            self.open.add(event.intent_id)
            return event.intent_id, None
        if event.intent_id not in self.open:
            return None, None
        self.open.discard(event.intent_id)
        return None, event.intent_id

    def _renamed(self, sighting: Sighting) -> bool:
        """Tell whether the log holds this fact under the id of an older release: published once more, it is no reason to list on."""
        event = sighting.event
        return isinstance(event, OrderUpdated) and self.known.has(event.intent_id, former_order_updated_id(event))

    def _letter(self, unreadable: Unreadable) -> list[Item]:
        letter = letter_of(self._venue, unreadable)
        step = None
        if unreadable.intent_id is not None and unreadable.event_type == "order":
            step = self.unfinished.lacks(unreadable.intent_id, "unreadable", self._clock.now())
        items = [] if step is None else [Item(unfinished=step)]
        if not self._letters.add(unreadable.digest):
            return items
        metrics.dead_lettered("ingest", unreadable.origin)
        items.append(Item(outgoing=letter))
        if (alarm := unreadable_settlement(self._venue, unreadable)) is not None:
            metrics.ALARMS.labels("settlement_unreadable").inc()
            items.append(Item(outgoing=alarm))
        return items
