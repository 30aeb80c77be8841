"""One connection that opens batch transactions with their position rows locked, and comes back by itself after PostgreSQL was away."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TypeVar

import psycopg

from pipeline.errors import FatalError, RetryableError
from pipeline.log.topic_guard import StoredTopic
from pipeline.stores import positions
from pipeline.stores.positions import Partition, Position
from pipeline.stores.postgres import Connection, translated
from pipeline.stores.refusals import said

T = TypeVar("T")

LIMITS: Mapping[str, str] = {"lock_timeout": "5s", "statement_timeout": "60s", "idle_in_transaction_session_timeout": "20s"}
"""For connections of batch roles: a table that somebody locked, or an owner that stands still, leads to a retry, not to waiting for ever.

An owner that was stopped in the middle of a transaction gives its partitions back after 20 s. Kafka may take longer than that to
acknowledge outputs; then the batch is repeated, and the outputs with it, under the same ids.
"""


@dataclass(frozen=True, slots=True)
class OpenBatch:
    """A transaction whose position rows are locked."""

    transaction: Connection
    positions: Mapping[Partition, Position]
    consumer: str

    def advance(self, next_offsets: Mapping[Partition, int]) -> None:
        """Store the next offsets, in this transaction."""
        positions.advance(self.transaction, self.consumer, next_offsets)


class BatchStore:
    """The positions of one consumer, and the transactions that move them."""

    def __init__(self, connect: Callable[[], Connection], consumer: str) -> None:
        """`connect` opens an autocommit connection and raises ServiceAwayError or SettingsError."""
        self._connect, self._consumer = connect, consumer
        self._open: Connection | None = None

    def positions(self, partitions: Sequence[Partition]) -> Mapping[Partition, Position]:
        """Read positions without locking them; raise RetryableError, or FatalError when a row is missing."""
        with self._failures("reading positions"):
            return positions.load(self._connection(), self._consumer, partitions)

    def topics(self) -> Mapping[str, StoredTopic]:
        """Read what the positions say about their topics; raise RetryableError."""
        with self._failures("reading positions"):
            return positions.stored_topics(self._connection(), self._consumer)

    @contextmanager
    def open(self, partitions: Sequence[Partition]) -> Iterator[OpenBatch]:
        """Open a transaction with these positions locked: committed when the block ends, rolled back when it raises.

        Errors of PostgreSQL, the block's included, come out as RetryableError or FatalError.
        """
        with self._failures(f"writing a batch of {self._consumer}"):
            connection = self._connection()
            with connection.transaction():
                yield OpenBatch(connection, positions.lock(connection, self._consumer, partitions), self._consumer)

    def use(self, doing: Callable[[Connection], T]) -> T:
        """Lend the connection, in autocommit mode; raise RetryableError or FatalError."""
        with self._failures(f"noting attempts of {self._consumer}"):
            return doing(self._connection())

    @contextmanager
    def _failures(self, doing: str) -> Iterator[None]:
        try:
            with translated(doing):
                yield
        except psycopg.IntegrityError as error:
            text = said(error)
            if isinstance(error, psycopg.errors.UniqueViolation):
                raise RetryableError(f"somebody else wrote the same row while {doing}: {text}") from error
            raise FatalError(f"PostgreSQL holds a rule against {doing}: {text}") from error

    def _connection(self) -> Connection:
        if self._open is None or self._open.closed:
            self._open = self._connect()
        return self._open

    def close(self) -> None:
        """Let go of the connection."""
        if self._open is not None:
            with suppress(psycopg.Error):
                self._open.close()
