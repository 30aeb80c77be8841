"""The bounded queue between those who see and the one who publishes.

Promises: it never holds more than its limits in events and bytes; what it holds leaves in the order it came; those who can wait (reads of
the record) leave half of it to the stream, which cannot.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pipeline.log.envelope import Outgoing
from pipeline.ports import Cursor, EvidenceStep, Fact, UnfinishedStep

ITEMS_MAX = 10_000
BYTES_MAX = 24 * 1024 * 1024
ITEM_OVERHEAD = 1_000
"""Bytes that an event costs in memory beside its value, roughly."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """An event to publish and what may be written down once Kafka has it; either alone will do."""

    outgoing: Outgoing | None = None
    fact: Fact | None = None
    step: Callable[[Cursor], Cursor] | None = None
    opened: str | None = None
    closed: str | None = None
    evidence: EvidenceStep | None = None
    unfinished: UnfinishedStep | None = None
    done: Callable[[], None] | None = None
    """Called when everything up to here is written down."""

    @property
    def size(self) -> int:
        """Return the bytes that this item costs, roughly."""
        return ITEM_OVERHEAD + (len(self.outgoing.value) if self.outgoing is not None else 0)


class Outbox:
    """A FIFO queue bounded by events and bytes; what is being published still counts."""

    def __init__(self, *, items_max: int = ITEMS_MAX, bytes_max: int = BYTES_MAX) -> None:
        """Start empty."""
        self._items: deque[Item] = deque()
        self._items_max, self._bytes_max = items_max, bytes_max
        self._count = self._bytes = 0
        self._news = asyncio.Event()
        self._changed = asyncio.Condition()

    def __len__(self) -> int:
        return self._count

    @property
    def bytes(self) -> int:
        """Return the bytes held, roughly."""
        return self._bytes

    def offer(self, items: Sequence[Item]) -> int:
        """Take as many items as there is room for, without waiting, and return how many."""
        taken = 0
        for item in items:
            if self._count >= self._items_max or self._bytes >= self._bytes_max:
                break
            self._append(item)
            taken += 1
        return taken

    async def offer_within(self, items: Sequence[Item], seconds: float) -> int:
        """Take items, waiting at most `seconds` for room in all; return how many were taken."""
        taken = self.offer(items)
        if taken == len(items):
            return taken
        try:
            async with asyncio.timeout(seconds):
                while taken < len(items):
                    async with self._changed:
                        await self._changed.wait_for(lambda: self._count < self._items_max and self._bytes < self._bytes_max)
                    taken += self.offer(items[taken:])
        except TimeoutError:
            pass
        return taken

    async def put(self, items: Sequence[Item]) -> None:
        """Take items, waiting until the outbox is at most half full: for those who can wait."""
        for item in items:
            if not self._has_spare_room():
                async with self._changed:
                    await self._changed.wait_for(self._has_spare_room)
            self._append(item)

    async def take(self, *, items_max: int, bytes_max: int) -> list[Item]:
        """Return the next items, waiting for the first; they count until `release`."""
        while not self._items:
            self._news.clear()
            await self._news.wait()
        batch: list[Item] = []
        size = 0
        while self._items and len(batch) < items_max and size < bytes_max:
            item = self._items.popleft()
            size += item.size
            batch.append(item)
        return batch

    async def release(self, batch: Sequence[Item]) -> None:
        """Give the room of published items back."""
        self._count -= len(batch)
        self._bytes -= sum(item.size for item in batch)
        async with self._changed:
            self._changed.notify_all()

    async def drained(self) -> None:
        """Wait until nothing is held."""
        async with self._changed:
            await self._changed.wait_for(lambda: self._count == 0)

    def _has_spare_room(self) -> bool:
        return self._count * 2 < self._items_max and self._bytes * 2 < self._bytes_max

    def _append(self, item: Item) -> None:
        self._items.append(item)
        self._count += 1
        self._bytes += item.size
        self._news.set()
