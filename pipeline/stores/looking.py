"""Looks at the database every few seconds, beside a role's loop, for the metrics: at a pace of its own, however often they are asked for.

What it looks at is for people only, so nothing that goes wrong with it ends the role: the last figures stand.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from pipeline.clock import Clock
from pipeline.errors import PipelineError
from pipeline.stores.postgres import Connection
from pipeline.stores.session import Session

log = logging.getLogger(__name__)

LOOK_INTERVAL = 5.0
"""Seconds between two looks: people are called by it, not programs."""


class Looker:
    """Runs in a thread and on a connection of its own; a class of its own says at what it looks."""

    doing = "looking"
    """What it does, for people."""

    def __init__(self, *, connect: Callable[[], Connection], clock: Clock, stop: threading.Event) -> None:
        """`connect` opens an autocommit connection and raises our errors."""
        self._session, self._clock, self._stop = Session(connect), clock, stop
        self._failure = ""

    def run(self) -> None:
        """Look until told to stop."""
        try:
            while True:
                try:
                    self.look()
                    self._failure = ""
                except PipelineError as error:
                    if str(error) != self._failure:
                        log.warning("%s is not possible now", self.doing, extra={"reason": str(error)})
                    self._failure = str(error)
                if self._stop.wait(LOOK_INTERVAL):
                    return
        finally:
            self._session.close()

    def look(self) -> None:
        """Look once; raise RetryableError, FatalError."""
        with self._session.use(self.doing) as connection:
            self.look_at(connection)

    def look_at(self, connection: Connection) -> None:
        """Read what there is and tell the metrics."""
        raise NotImplementedError
