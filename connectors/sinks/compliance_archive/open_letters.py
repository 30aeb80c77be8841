"""Looks every few seconds how many dead letters wait for a person and how long the oldest has, for the metrics of the role archive.

One statement that reads an index over dead letters and no bodies: it costs by how many letters there ever were, not by the archive's size,
and it is asked at a pace of its own, however often the metrics are.
"""

from __future__ import annotations

import logging
import re
import threading
from collections import Counter
from collections.abc import Callable

from connectors.sinks.compliance_archive.writer import SQL
from pipeline import metrics
from pipeline.clock import Clock
from pipeline.errors import RetryableError
from pipeline.stores.postgres import Connection
from pipeline.stores.session import Session

log = logging.getLogger(__name__)

OURS = re.compile(r"/(venues|rates|processors|sinks)/[a-z0-9_-]{1,63}|/(commands|decisions)")
SOURCES_MAX = 100
"""What writes dead letters has such a name (ce_source), and there are never so many of them."""
LOOK_INTERVAL = 5.0
"""Seconds between two looks: people are called by it, not programs."""


class OpenLetters:
    """Runs beside the archive's batch loop, in a thread and on a connection of its own."""

    def __init__(self, *, connect: Callable[[], Connection], clock: Clock, stop: threading.Event) -> None:
        """`connect` opens an autocommit connection and raises our errors."""
        self._session, self._clock, self._stop = Session(connect), clock, stop
        self._sources: set[str] = set()

    def run(self) -> None:
        """Look until told to stop; while PostgreSQL is away the last figures stand. Raise FatalError."""
        try:
            while True:
                try:
                    self.look()
                except RetryableError as error:
                    log.info("open dead letters are not counted now", extra={"reason": str(error)})
                if self._stop.wait(LOOK_INTERVAL):
                    return
        finally:
            self._session.close()

    def look(self) -> None:
        """Count once; raise RetryableError, FatalError."""
        with self._session.use("counting open dead letters") as connection:
            rows = connection.execute(SQL["open_letters"]).fetchall()
        counts = Counter[str]()
        for source, count, _ in rows:
            # Anybody can write into the topic: what a label says, and how many there are, is not for them to choose.
            known = OURS.fullmatch(source) is not None and (source in self._sources or len(self._sources) < SOURCES_MAX)
            name = source if known else "other"
            self._sources.add(name)
            counts[name] += count
        for source in self._sources:
            metrics.DEAD_LETTERS_OPEN.labels(source).set(counts[source])
        oldest = min((since for _, _, since in rows), default=None)
        metrics.DEAD_LETTERS_OLDEST.set(0.0 if oldest is None else max(0.0, (self._clock.now() - oldest).total_seconds()))
