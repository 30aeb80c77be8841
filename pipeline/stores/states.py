"""States of processors: one row per processor and key, read and written a batch at a time, with the time at which each is to be woken.

Who writes a state holds the lock on the positions of its partition number. Where a processor consumes several topics the rows are locked
as well: a record that somebody else put into the wrong partition must not let two workers write one state.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from pipeline.domain.lifecycle import PENDING
from pipeline.stores.postgres import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A state as it is stored."""

    text: str
    """JSON."""
    partition: int
    """The partition number of the records that it is made from."""
    wake_at: datetime | None = None


def read(connection: Connection, processor: str, keys: Collection[str], *, lock: bool = False) -> dict[str, str]:
    """Return the stored states of those keys that have one, as JSON text, in one statement."""
    locking = "ORDER BY key FOR UPDATE" if lock else ""
    rows = connection.execute(
        f"SELECT key, state::text FROM custodian.states WHERE processor = %s AND key = ANY (%b) {locking}",  # noqa: S608 - a constant
        (processor, list(keys)),
    ).fetchall()
    return dict(rows)


def write(connection: Connection, processor: str, states: Mapping[str, Kept]) -> None:
    """Store states in one statement; a state that is there keeps its partition."""
    connection.execute(
        """
        INSERT INTO custodian.states AS s (processor, key, state, partition, wake_at)
        SELECT %s, n.key, n.state::jsonb, n.partition, n.wake_at
          FROM unnest(%b::text[], %b::text[], %b::int[], %s::timestamptz[]) AS n (key, state, partition, wake_at)
            ON CONFLICT (processor, key) DO UPDATE
           SET state = EXCLUDED.state, wake_at = EXCLUDED.wake_at, partition = COALESCE(s.partition, EXCLUDED.partition),
               updated_at = clock_timestamp()
        """,
        (
            processor,
            list(states),
            [kept.text for kept in states.values()],
            [kept.partition for kept in states.values()],
            [kept.wake_at for kept in states.values()],
        ),
    )


def next_due(connection: Connection, processor: str, partitions: Sequence[int]) -> dict[int, datetime]:
    """Return the earliest wake-up of each of these partition numbers that has one."""
    rows = connection.execute(
        """
        SELECT n.partition, (SELECT min(s.wake_at) FROM custodian.states s
                              WHERE s.processor = %s AND s.partition = n.partition AND s.wake_at IS NOT NULL)
          FROM unnest(%s::int[]) AS n (partition)
        """,
        (processor, list(partitions)),
    ).fetchall()
    return {partition: at for partition, at in rows if at is not None}


def due(connection: Connection, processor: str, partition: int, now: datetime, *, limit: int, key: str | None = None) -> dict[str, str]:
    """Return the states of a partition whose time has come, or that of one key if it has, the longest due first, locked."""
    rows = connection.execute(
        """
        SELECT key, state::text FROM custodian.states
         WHERE processor = %s AND partition = %s AND wake_at <= %s AND (%s::text IS NULL OR key = %s)
         ORDER BY wake_at, key LIMIT %s FOR UPDATE
        """,
        (processor, partition, now, key, key, limit),
    ).fetchall()
    return dict(rows)


def postpone(connection: Connection, processor: str, key: str, until: datetime) -> None:
    """Let a state that waits be woken at another time."""
    connection.execute(
        "UPDATE custodian.states SET wake_at = %s WHERE processor = %s AND key = %s AND wake_at IS NOT NULL", (until, processor, key)
    )


def wake_shadowed(connection: Connection, now: datetime) -> int:
    """Let the workflow's states be woken at once whose commands were left out in shadow, however long ago; return how many.

    Those only in which that can still be mended: the venue shows the order as open, and it counts as accepted, or as co-signed. Whether
    there is time left the workflow decides.
    """
    done = connection.execute(
        """
        UPDATE custodian.states SET wake_at = least(wake_at, %s)
         WHERE processor = 'workflow' AND state ->> 'status' = %s AND state ->> 'phase' IN ('quoting', 'underway')
           AND key IN (SELECT venue || '/' || intent_id FROM commands.journal WHERE state = 'shadowed')
        """,
        (now, PENDING),
    )
    return int(done.rowcount)
