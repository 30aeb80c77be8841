"""Who we are at a venue: what the settings list, else the party that the venue named first.

What a venue's `whoami` answers later decides nothing by itself. Another party than before means that we were onboarded anew, that a second
legal entity has the credentials, or that the venue is wrong, and each of them would quietly change which orders are ours.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection

from pipeline.ports import PartyPins


class OwnParties:
    """Our parties at one venue."""

    def __init__(self, venue: str, listed: Collection[str], pins: PartyPins | None) -> None:
        """`listed` are those of the settings and the whole truth where there are any; without `pins` each answer is believed."""
        self._venue, self._listed, self._pins = venue, frozenset(listed), pins

    async def known_as(self, party: str) -> frozenset[str]:
        """Return who we are, now that the venue takes us for `party`; raise RetryableError when that cannot be looked up."""
        if self._listed:
            return self._listed
        if self._pins is None:
            return frozenset((party,))
        return frozenset((await asyncio.to_thread(self._pins.pin, self._venue, party),))
