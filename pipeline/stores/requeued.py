"""Which dead letters were put back, by whom and why: a row before the record is produced, so that each death is put back once.

Of several people who requeue the same death at once one makes the row and the others wait for it. A process that is killed between
producing and noting leaves a row without `produced_at`; the next requeue finishes that one, with the same headers and the same `ce_id`,
and does not begin another.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields
from datetime import datetime

from psycopg.rows import class_row

from pipeline.stores.postgres import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class Requeue:
    """One time that a dead letter was put back."""

    dead_letter_id: str
    number: int
    """1 for the first time; more only where somebody asked for it again."""
    first_id: str
    """The first death of the record."""
    times: int
    """How often the record has been put back with this time."""
    requeued_by: str
    reason: str | None
    target: str
    """The topic."""
    begun_at: datetime
    produced_at: datetime | None = None
    """None: begun, and not known whether Kafka has the record."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Closing:
    """A person has looked at a dead letter, and it stays dead."""

    dead_letter_id: str
    closed_by: str
    reason: str
    closed_at: datetime


_COLUMNS = ", ".join(field.name for field in fields(Requeue))
_ALL = f"SELECT {_COLUMNS} FROM custodian.requeues"  # noqa: S608 - names of our own class


def last(connection: Connection, dead_letter_id: str) -> Requeue | None:
    """Return the last requeue of a dead letter, finished or not; None when there is none."""
    with connection.cursor(row_factory=class_row(Requeue)) as cursor:
        return cursor.execute(f"{_ALL} WHERE dead_letter_id = %s ORDER BY number DESC LIMIT 1", (dead_letter_id,)).fetchone()


def times(connection: Connection, first_id: str) -> int:
    """Return how often a record was put back, over all its deaths."""
    row = connection.execute("SELECT coalesce(max(times), 0) FROM custodian.requeues WHERE first_id = %s", (first_id,)).fetchone()
    return 0 if row is None else int(row[0])


def begin(connection: Connection, requeue: Requeue) -> None:
    """Note that a letter is being put back, unless somebody has noted that already."""
    connection.execute(
        f"INSERT INTO custodian.requeues ({_COLUMNS}) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",  # noqa: S608
        astuple(requeue),
    )


def lock(connection: Connection, dead_letter_id: str, number: int) -> Requeue:
    """Return a requeue that was begun, held until the transaction ends: whoever else wants it, waits. A process that dies lets go."""
    with connection.cursor(row_factory=class_row(Requeue)) as cursor:
        found = cursor.execute(f"{_ALL} WHERE dead_letter_id = %s AND number = %s FOR UPDATE", (dead_letter_id, number)).fetchone()
    assert found is not None, "rows of requeues are never removed"
    return found


def finish(connection: Connection, requeue: Requeue, now: datetime) -> None:
    """Note that Kafka has the record."""
    connection.execute(
        "UPDATE custodian.requeues SET produced_at = %s WHERE dead_letter_id = %s AND number = %s",
        (now, requeue.dead_letter_id, requeue.number),
    )


def close(connection: Connection, closing: Closing) -> bool:
    """Note that a letter stays dead and return whether that is new."""
    done = connection.execute(
        """
        INSERT INTO custodian.closed_letters (dead_letter_id, closed_by, reason, closed_at) VALUES (%s, %s, %s, %s)
        ON CONFLICT DO NOTHING
        """,
        astuple(closing),
    )
    return done.rowcount == 1


def requeues(connection: Connection) -> Sequence[Requeue]:
    """Return every requeue in the order of time."""
    with connection.cursor(row_factory=class_row(Requeue)) as cursor:
        return cursor.execute(f"{_ALL} ORDER BY begun_at, dead_letter_id, number").fetchall()


def closings(connection: Connection) -> Sequence[Closing]:
    """Return every letter that was closed, in the order of time."""
    with connection.cursor(row_factory=class_row(Closing)) as cursor:
        return cursor.execute(
            "SELECT dead_letter_id, closed_by, reason, closed_at FROM custodian.closed_letters ORDER BY closed_at, dead_letter_id"
        ).fetchall()
