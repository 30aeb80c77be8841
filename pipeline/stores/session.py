"""A connection that comes back: one per store, used by one thread at a time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from pipeline.errors import RetryableError
from pipeline.stores.postgres import Connection, translated


@contextmanager
def snapshot(connection: Connection) -> Iterator[None]:
    """Read everything in the block as of one moment, for as long as it takes; what writes is refused. Raise RetryableError, FatalError.

    `connection` must not be inside a transaction.
    """
    with translated("reading a snapshot"), connection.transaction():
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        # Reading all of it may well take longer than what a batch is given.
        connection.execute("SET LOCAL statement_timeout = 0")
        yield


class Session:
    """Opens a connection when it is needed and lets go of one that broke."""

    def __init__(self, connect: Callable[[], Connection]) -> None:
        """`connect` opens a connection in autocommit mode and raises our errors."""
        self._connect = connect
        self._lock = threading.Lock()
        self._connection: Connection | None = None

    @contextmanager
    def use(self, doing: str) -> Iterator[Connection]:
        """Lend the connection to one thread; raise RetryableError or FatalError for what goes wrong with it."""
        with self._lock:
            connection = self._connection
            if connection is None or connection.closed:
                connection = self._connection = self._connect()
            try:
                with translated(doing):
                    yield connection
            except RetryableError:
                self._drop()
                raise

    def close(self) -> None:
        """Close the connection, if there is one."""
        with self._lock:
            self._drop()

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
