"""Events that a database transaction decides on and that are published after it.

Promise: what is put here is committed together with what it speaks of, and is published at least once under its own id, in order; it is
marked only after the publisher returned.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pipeline.log.envelope import Envelope, Outgoing
from pipeline.log.topics import EventType
from pipeline.stores.postgres import Connection


def put(connection: Connection, events: Sequence[Outgoing]) -> None:
    """Add events, in the open transaction; one that is there already stays as it is."""
    for event in events:
        envelope = event.envelope
        connection.execute(
            """
            INSERT INTO custodian.outbox (ce_id, kind, source, subject, at, correlation_id, causation_id, key, value)
            VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT (ce_id) DO NOTHING
            """,
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
