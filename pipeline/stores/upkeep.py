"""Rows of the tasks that the product does by itself at times, and the lock by which one worker of all does each.

Times are the database's: workers on several machines have one clock.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from pipeline.stores.postgres import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a task stands."""

    ran_for: datetime
    """The moment that the last whole run was for; before the first, when the task was first known."""
    tried_at: datetime | None
    failed: bool
    """Whether the last try did not come to its end."""
    now: datetime


def standing(connection: Connection, task: str) -> Standing:
    """Return how a task stands, and make it known where it is not."""
    asked = "SELECT ran_for, tried_at, failure IS NOT NULL, clock_timestamp() FROM custodian.upkeep WHERE task = %s"
    row = connection.execute(asked, (task,)).fetchone()
    if row is None:
        connection.execute("INSERT INTO custodian.upkeep (task, ran_for) VALUES (%s, clock_timestamp()) ON CONFLICT DO NOTHING", (task,))
        row = connection.execute(asked, (task,)).fetchone()
    assert row is not None
    return Standing(ran_for=row[0], tried_at=row[1], failed=row[2], now=row[3])


def take(connection: Connection, task: str) -> bool:
    """Be the one who does a task, until `release` or the end of this session; False while somebody else does it."""
    row = connection.execute("SELECT pg_try_advisory_lock(hashtext('custodian.upkeep'), hashtext(%s))", (task,)).fetchone()
    return row == (True,)


def release(connection: Connection, task: str) -> None:
    """Let others do it."""
    connection.execute("SELECT pg_advisory_unlock(hashtext('custodian.upkeep'), hashtext(%s))", (task,))


def begin(connection: Connection, task: str, *, owner: str) -> None:
    """Note a try: until its end it counts as one that did not come to it, since a process that dies need not write anything more."""
    connection.execute(
        "UPDATE custodian.upkeep SET tried_at = clock_timestamp(), owner = %s, failure = 'it has not come to its end' WHERE task = %s",
        (owner, task),
    )


def fail(connection: Connection, task: str, *, failure: str) -> None:
    """Note why a try did not come to its end."""
    connection.execute("UPDATE custodian.upkeep SET failure = %s WHERE task = %s", (failure, task))


def end(connection: Connection, task: str, *, ran_for: datetime, done: int, findings: int, detail: str) -> None:
    """Note a whole run."""
    connection.execute(
        """
        UPDATE custodian.upkeep
           SET ran_for = %s, began_at = tried_at, ended_at = clock_timestamp(), done = %s, findings = %s, detail = %s, failure = NULL
         WHERE task = %s
        """,
        (ran_for, done, findings, detail, task),
    )
