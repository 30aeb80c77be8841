"""Looking for the quotes of a proposal that we have accepted and the stream says nothing of: a lost hint shall not cost a quote its time.

The first quote comes some 8 s after the accept and lives for some 30 s (contract 1.7), a round of reconciliation comes every 30 s. So from
`first` seconds after an accept on, an order of which no quote has been seen is looked at every LOOK_EVERY seconds, up to LOOKED_FOR.
What the stream hints at in time costs no request here.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from pipeline.clock import Clock
from pipeline.errors import RetryableError
from pipeline.ingest.record import RecordBook
from pipeline.ingest.wanted import Want, Wanted

log = logging.getLogger(__name__)

LOOK_EVERY, LOOKED_FOR = 5.0, 60.0
ASK_EVERY = 1.0
"""Seconds between two questions what was accepted; each is a look at an index."""

Accepted = Callable[[float], dict[str, float]]
"""Returns intents accepted within so many seconds, each with the seconds since; blocks, and may raise RetryableError."""


class QuoteLooks:
    """Wants the quotes of accepted proposals to be read, until one is seen."""

    def __init__(self, accepted: Accepted, book: RecordBook, wanted: Wanted, *, first: float, clock: Clock) -> None:
        """`first`: seconds after an accept in which a hint is waited for."""
        self._accepted, self._book, self._wanted, self._first, self._clock = accepted, book, wanted, first, clock
        self._looked_at: dict[str, float] = {}

    async def run(self) -> None:
        """Look for ever."""
        while True:
            try:
                found = await asyncio.to_thread(self._accepted, LOOKED_FOR)
            except RetryableError as error:
                log.warning("what was accepted is not known now: %s", error)  # the next round of the record looks, too
            else:
                self.look(found)
            await asyncio.sleep(ASK_EVERY)

    def look(self, accepted: dict[str, float]) -> None:
        """Want what is due of these intents, accepted so many seconds ago."""
        now = self._clock.monotonic()
        self._looked_at = {intent: at for intent, at in self._looked_at.items() if intent in accepted}
        for intent, seconds in accepted.items():
            waits = intent in self._book.open and intent not in self._book.quoted
            if waits and seconds >= self._first and now - self._looked_at.get(intent, float("-inf")) >= LOOK_EVERY:
                self._looked_at[intent] = now
                self._wanted.add(Want(intent_id=intent, what="quotes"))
