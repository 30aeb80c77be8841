"""Looks every few seconds how many dead letters wait for a person and how long the oldest has, for the metrics of the role archive.

One statement that reads an index over dead letters and no bodies: it costs by how many letters there ever were, not by the archive's size,
and it is asked at a pace of its own, however often the metrics are.
"""

from __future__ import annotations

import re
from collections import Counter

from connectors.sinks.compliance_archive.writer import SQL
from pipeline import metrics
from pipeline.stores.looking import Looker
from pipeline.stores.postgres import Connection

OURS = re.compile(r"/(venues|rates|processors|sinks)/[a-z0-9_-]{1,63}|/(commands|decisions)")
SOURCES_MAX = 100
"""What writes dead letters has such a name (ce_source), and there are never so many of them."""


class OpenLetters(Looker):
    """Runs beside the archive's batch loop."""

    doing = "counting open dead letters"
    _sources: frozenset[str] = frozenset({"other"})

    def look_at(self, connection: Connection) -> None:
        """Count once."""
        rows = connection.execute(SQL["open_letters"]).fetchall()
        counts = Counter[str]()
        for source, count, _ in rows:
            # Anybody can write into the topic: what a label says, and how many there are, is not for them to choose.
            known = OURS.fullmatch(source) is not None and (source in self._sources or len(self._sources) < SOURCES_MAX)
            name = source if known else "other"
            self._sources |= {name}
            counts[name] += count
        for source in self._sources:
            metrics.DEAD_LETTERS_OPEN.labels(source).set(counts[source])
        oldest = min((since for _, _, since in rows), default=None)
        metrics.DEAD_LETTERS_OLDEST.set(0.0 if oldest is None else max(0.0, (self._clock.now() - oldest).total_seconds()))
