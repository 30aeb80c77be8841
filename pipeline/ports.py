"""What the inside asks of the outside, as Protocols: implementations are put in by `pipeline.wiring`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from pipeline.log.envelope import Outgoing, Record
from pipeline.log.topics import EventType


class EventPublisher(Protocol):
    """Puts events into Kafka."""

    def publish(self, events: Sequence[Outgoing]) -> None:
        """Return when each event is acknowledged; raise ServiceAwayError when that is unknown, FatalError when it cannot be."""
        ...


class Transaction(Protocol):
    """One open PostgreSQL transaction, as sinks and stores need it (psycopg's Connection fits)."""

    def execute(self, query: Any, params: Any = None) -> Any:
        """Run a statement."""
        ...

    def cursor(self) -> Any:
        """Open a cursor, for COPY and the like."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A record that a sink will not write, and why."""

    record: Record
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What a sink did with a batch inside the open transaction."""

    refused: Sequence[Refusal] = ()
    raised: Sequence[Outgoing] = ()
    counts: dict[str, int] | None = None
    """For metrics, by name, e.g. {"booked": 10, "duplicates": 2}."""


class Sink(Protocol):
    """Writes records of its topics into its own tables; the batch loop owns transaction, positions and dead letters."""

    consumer: str
    kinds: Sequence[EventType]

    def write(self, transaction: Transaction, records: Sequence[Record], now: datetime) -> Written:
        """Write a batch; the same record twice has the effect of one. Raise RetryableError or FatalError."""
        ...


class Failpoints(Protocol):
    """Named places where a test may kill the role."""

    def reach(self, name: str) -> None:
        """Do nothing, unless a test armed this place."""
        ...
