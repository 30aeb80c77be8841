"""Events that a database transaction decides on and that are published after it.

Promise: what is put here is committed together with what it speaks of, and is published at least once under its own id, in order; it is
marked only after the publisher returned. What cannot be read or published stays, is named in the log, and keeps nothing else waiting. An id
that another event has is an error.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any

from pipeline.errors import FatalError, PoisonRecordError
from pipeline.log.envelope import Envelope, Outgoing
from pipeline.log.topics import BY_CE_TYPE, EventType
from pipeline.stores.postgres import Connection

VALUE_MAX = 900_000
"""Bytes of an event; Kafka's usual limit is 1 MiB with headers, and what Kafka refuses would keep all that waits behind it."""
log = logging.getLogger(__name__)
_KINDS = frozenset(kind.name for kind in BY_CE_TYPE.values())
_INSERT = """
    INSERT INTO custodian.outbox AS o (ce_id, kind, source, subject, at, correlation_id, causation_id, key, value)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT (ce_id) """
_SAME = "(o.kind, o.source, o.subject, o.key) = (excluded.kind, excluded.source, excluded.subject, excluded.key)"


def put(connection: Connection, events: Sequence[Outgoing]) -> None:
    """Add events, in the open transaction; one that is there already stays as it is. Raise FatalError when its id is another one's."""
    _put(connection, events, "DO UPDATE SET published_at = o.published_at WHERE o.value = excluded.value AND ")


def put_again(connection: Connection, events: Sequence[Outgoing]) -> None:
    """Add events like `put`; one that is there already, published or not, is published (once more) as it is given now.

    Raise PoisonRecordError for one that Kafka would not take, FatalError when its id is another one's.
    """
    for event in events:
        if len(event.value) > VALUE_MAX:
            raise PoisonRecordError(f"{len(event.value)} bytes are more than the {VALUE_MAX} that are published")
    _put(
        connection,
        events,
        "DO UPDATE SET at = excluded.at, causation_id = excluded.causation_id, value = excluded.value, published_at = NULL WHERE ",
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
        done = connection.execute(
            (_INSERT + otherwise + _SAME).encode(),
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
        if done.rowcount != 1:
            raise FatalError(f"another event stands in the outbox under the id {envelope.id} of this {envelope.kind.name}")


def publish(
    connection: Connection, publisher: Callable[[Sequence[Outgoing]], None], *, limit: int = 100, aside: set[str] | None = None
) -> int:
    """Publish what waits, oldest first, and mark it; return how many.

    `connection` is in autocommit mode. What cannot be read or published is named in the log and kept in `aside`, and is not tried again
    while it is there. Raise what the publisher raises of everything that it is given.
    """
    aside = set() if aside is None else aside
    with connection.transaction():
        rows = connection.execute(
            """
            SELECT ce_id, kind, source, subject, CASE WHEN at > '0001-01-02 UTC' AND at < '9999-12-30 UTC' THEN at END, correlation_id,
                   causation_id, key, CASE WHEN octet_length(value) <= 1000000 THEN value END
              FROM custodian.outbox WHERE published_at IS NULL AND ce_id <> ALL (%s) ORDER BY number LIMIT %s FOR UPDATE SKIP LOCKED
            """,
            (list(aside), limit),
        ).fetchall()
        events = [event for event in map(_event, rows) if event is not None]
        aside |= {row[0] for row in rows} - {event.envelope.id for event in events}
        published = _published(events, publisher, aside) if events else []
        if published:
            connection.execute("UPDATE custodian.outbox SET published_at = clock_timestamp() WHERE ce_id = ANY (%s)", (published,))
    return len(published)


def _event(row: Sequence[Any]) -> Outgoing | None:
    ce_id, kind, source, subject, at, correlation_id, causation_id, key, value = row
    if at is None or value is None or kind not in _KINDS:
        log.error("an event of the outbox cannot be published", extra={"ce_id": ce_id, "kind": kind})
        return None
    envelope = Envelope(
        id=ce_id, kind=EventType(kind), source=source, subject=subject, time=at, correlation_id=correlation_id, causation_id=causation_id
    )
    return Outgoing(envelope=envelope, key=key, value=bytes(value))


def _published(events: Sequence[Outgoing], publisher: Callable[[Sequence[Outgoing]], None], aside: set[str]) -> list[str]:
    """Publish events, and one by one where one of them may stand in the way of all; return the ids of those that are out."""
    try:
        publisher(events)
    except FatalError as error:
        if len(events) == 1:
            raise
        failed = error
    else:
        return [event.envelope.id for event in events]
    published: list[str] = []
    refused: dict[Envelope, FatalError] = {}
    for event in events:
        try:
            publisher([event])
        except FatalError as error:
            refused[event.envelope] = error
        else:
            published.append(event.envelope.id)
    if not published:
        raise failed
    for envelope, why in refused.items():
        log.error(
            "an event of the outbox cannot be published", extra={"ce_id": envelope.id, "kind": envelope.kind.name, "reason": str(why)}
        )
        aside.add(envelope.id)
    return published
