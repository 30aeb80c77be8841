"""A producer that writes in Kafka's transactions, as an engine of somebody else may."""

from __future__ import annotations

import uuid
from collections.abc import Iterable

from confluent_kafka import Producer

from pipeline.log.envelope import Headers

Row = tuple[str, bytes | None, bytes, Headers]
"""Topic, key, value, headers."""


class Transactions:
    """Writes records together, or takes them back."""

    def __init__(self, bootstrap_servers: str) -> None:
        self._producer = Producer(
            {
                "bootstrap.servers": bootstrap_servers,
                "transactional.id": uuid.uuid4().hex,
                "partitioner": "murmur2_random",
                "transaction.timeout.ms": 600_000,  # an engine may start meanwhile, on a busy machine
            }
        )
        self._producer.init_transactions(120)

    def commit(self, rows: Iterable[Row]) -> None:
        """Write records in one transaction; return when it is committed."""
        self.begin(rows)
        self.end()

    def abort(self, rows: Iterable[Row]) -> None:
        """Write records and take them back; they stand in the log all the same."""
        self.begin(rows)
        self._producer.abort_transaction(120)

    def begin(self, rows: Iterable[Row]) -> None:
        """Write records in a transaction that stays open."""
        self._producer.begin_transaction()
        for topic, key, value, headers in rows:
            self._producer.produce(topic, value, key, headers=headers)
        assert self._producer.flush(120) == 0

    def end(self) -> None:
        """Commit the open transaction."""
        self._producer.commit_transaction(120)
