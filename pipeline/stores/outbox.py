"""Events that a database transaction decides on and that are published after it.

Promise: what is put here is committed together with what it speaks of, and is published at least once under its own id, in order; it is
marked only after the publisher returned.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pipeline.errors import PoisonRecordError
from pipeline.log.envelope import Envelope, Outgoing
from pipeline.log.topics import EventType
from pipeline.stores.postgres import Connection

VALUE_MAX = 900_000
"""Bytes of an event; Kafka's usual limit is 1 MiB with headers, and what Kafka refuses would keep all that waits behind it."""
_INSERT = """
    INSERT INTO custodian.outbox AS o (ce_id, kind, source, subject, at, correlation_id, causation_id, key, value)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT (ce_id) """


def put(connection: Connection, events: Sequence[Outgoing]) -> None:
    """Add events, in the open transaction; one that is there already stays as it is."""
    _put(connection, events, "DO NOTHING")


def put_again(connection: Connection, events: Sequence[Outgoing]) -> None:
    """Add events like `put`; one that is there already, published or not, is published (once more) as it is given now.

    Raise PoisonRecordError for one that Kafka would not take.
    """
    for event in events:
        if len(event.value) > VALUE_MAX:
            raise PoisonRecordError(f"{len(event.value)} bytes are more than the {VALUE_MAX} that are published")
    _put(
        connection,
        events,
        "DO UPDATE SET at = excluded.at, causation_id = excluded.causation_id, value = excluded.value, published_at = NULL",
    )


def waiting(connection: Connection, ce_ids: Sequence[str]) -> int:
    """Return how many of these events are not published yet."""
    row = connection.execute(
        "SELECT count(*) FROM custodian.outbox WHERE ce_id = ANY (%s) AND published_at IS NULL", (list(ce_ids),)
    ).fetchone()
    return int(row[0]) if row else 0


def _put(connection: Connection, events: Sequence[Outgoing], otherwise: str) -> None:
    for event in events:
        envelope = event.envelope
        connection.execute(
            (_INSERT + otherwise).encode(),
            (
                envelope.id,
                envelope.kind.name,
                envelope.source,
                envelope.subject,
                envelope.time,
                envelope.correlation_id,
                envelope.causation_id,
                event.key,
                event.value,
            ),
        )


def publish(connection: Connection, publisher: Callable[[Sequence[Outgoing]], None], *, limit: int = 100) -> int:
    """Publish what waits, oldest first, and mark it; return how many.

    `connection` is in autocommit mode. Raise what the publisher raises.
    """
    with connection.transaction():
        rows = connection.execute(
            """
            SELECT ce_id, kind, source, subject, at, correlation_id, causation_id, key, value
              FROM custodian.outbox WHERE published_at IS NULL ORDER BY number LIMIT %s FOR UPDATE SKIP LOCKED
            """,
            (limit,),
        ).fetchall()
        if not rows:
            return 0
        publisher(
            [
                Outgoing(
                    envelope=Envelope(
                        id=ce_id,
                        kind=EventType(kind),
                        source=source,
                        subject=subject,
                        time=at,
                        correlation_id=correlation_id,
                        causation_id=causation_id,
                    ),
                    key=key,
                    value=bytes(value),
                )
                for ce_id, kind, source, subject, at, correlation_id, causation_id, key, value in rows
            ]
        )
        connection.execute(
            "UPDATE custodian.outbox SET published_at = clock_timestamp() WHERE ce_id = ANY (%s)", ([row[0] for row in rows],)
        )
    return len(rows)
