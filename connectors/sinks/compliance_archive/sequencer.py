"""The one sequencer: gives archived records their index, from 0 and without gaps, in the order of offsets within a partition.

Several archive roles may run; an advisory lock of the transaction lets one of them sequence at a time. What is sequenced is an append-only
table beside the records, so records are never touched again; where to go on is read from that table itself, so there is nothing to repair
after a crash.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from contextlib import suppress

import psycopg

from connectors.sinks.compliance_archive.adapter import CONSUMER
from connectors.sinks.compliance_archive.config import ArchiveConfig
from connectors.sinks.compliance_archive.writer import SQL
from pipeline.clock import Clock
from pipeline.errors import RetryableError
from pipeline.ports import Failpoints
from pipeline.stores.postgres import Connection, translated

log = logging.getLogger(__name__)

_LOCK = 0x6172_6368  # "arch"
RETRY_DELAY_MAX = 5.0
"""Seconds between two tries while PostgreSQL is away or the tables are locked."""


class Sequencer:
    """Runs beside the archive's batch loop, in a thread and on a connection of its own."""

    def __init__(
        self,
        *,
        connect: Callable[[], Connection],
        config: ArchiveConfig,
        clock: Clock,
        failpoints: Failpoints,
        stop: threading.Event,
    ) -> None:
        """`connect` opens an autocommit connection and raises ServiceAwayError."""
        self._connect, self._config, self._clock, self._failpoints, self._stop = connect, config, clock, failpoints, stop
        self._open: Connection | None = None
        self.waiting_for: str | None = None
        """Why nothing is sequenced now; None while all is well."""

    def run(self) -> None:
        """Sequence until told to stop, and then once more what is left; wait while PostgreSQL is away. Raise FatalError."""
        pause = 0.0
        try:
            while not self._stop.wait(pause):
                try:
                    done = self.sequence()
                except RetryableError as error:
                    self.waiting_for = str(error)
                    log.warning("the sequencer waits", extra={"reason": str(error)})
                    pause = min(max(2 * pause, self._config.sequencing_interval), RETRY_DELAY_MAX)
                else:
                    self.waiting_for = None
                    # Fewer than a partition's share: none was cut short, so what is left has only just come.
                    pause = 0.0 if done >= self._config.sequencing_batch_max else self._config.sequencing_interval
            self.drain()
        finally:
            self.close()

    def drain(self) -> None:
        """Sequence what is left; where PostgreSQL is away, the next start does it."""
        with suppress(RetryableError):
            while self.sequence():
                pass

    def sequence(self) -> int:
        """Give one batch of records their indexes and return how many; 0 also while another sequencer is at it. Raise RetryableError."""
        with translated("sequencing the archive"):
            connection = self._connection()
            with connection.transaction():
                if connection.execute(SQL["lock_sequence"], (_LOCK,)).fetchone() != (True,):
                    return 0
                wanted = {"per_partition": self._config.sequencing_batch_max, "consumer": CONSUMER, "now": self._clock.now()}
                done = connection.execute(SQL["sequence"], wanted).rowcount
                if done:
                    self._failpoints.reach("archive.in_sequencing")
        if done:
            self._failpoints.reach("archive.after_sequencing")
        return done

    def _connection(self) -> Connection:
        if self._open is None or self._open.closed:
            self._open = self._connect()
        return self._open

    def close(self) -> None:
        """Let go of the connection."""
        if self._open is not None:
            with suppress(psycopg.Error):
                self._open.close()
