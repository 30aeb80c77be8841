"""Removes what the settlement processor remembers of orders that settled long ago, once the books hold their key.

What a state is for then, the ledger's unique key (intent, hash) does alone: a settlement that comes again is emitted again under the same
`ce_id`, and the ledger counts a duplicate; another hash of the same order is refused there with the alarm `double_settlement`. What the
books do not answer for is kept: orders that are not settled or not booked as they were emitted, settlements that were reversed, whatever an
alarm was raised about, orders with an open exposure, and those that another processor still waits for. The workflow's and the risk
processor's states are never removed: they are what keeps an old proposal, shown once more, from being decided anew.

The table is walked by its pages, a few hundred per transaction: nothing is held for long, no index on a time is needed, and a kill leaves
each row either there or gone. Rows that somebody has locked are skipped; a row that was written meanwhile is young and stays. Workers
go on: at worst one waits for the end of such a transaction. Decision 0011.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from pipeline.ports import Failpoints
from pipeline.stores.postgres import Connection

PROCESSOR = "settlement"
PAGES = 256
"""Pages per transaction: some 2,300 states, 0.1 to 0.4 s on a busy machine, well below the 5 s that a worker waits for a row."""

Reason = Literal["not_booked", "open_exposure", "waits", "in_use"]
"""Why an old settled order is kept: the books do not hold it as it was emitted, or no longer; a limit is reserved for it; another processor
waits for a time with it; a worker had its row when we came by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Booking:
    """A settlement by what it is booked under, and on which terms."""

    venue: str
    intent_id: str
    transaction_hash: str
    terms_sha256: str


Books = Callable[[Connection, Collection[str]], Collection[Booking]]
"""Returns what is booked of these intents and not reversed."""


@dataclass(slots=True)
class Pruned:
    """What a walk came to, so far."""

    pages: int
    """Pages of the table when the walk began."""
    pages_seen: int = 0
    old: int = 0
    """States of orders that settled before the given time and about which no alarm was raised."""
    removed: int = 0
    kept: Counter[Reason] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Old:
    """A state that may go if nothing speaks against it."""

    key: str
    booking: Booking


def prune(
    connection: Connection,
    *,
    before: datetime,
    books: Books,
    failpoints: Failpoints,
    only_count: bool = False,
    removed_max: int | None = None,
    pages_at_once: int = PAGES,
) -> Iterator[Pruned]:
    """Remove states that were last written before a time, and yield what it came to after each transaction.

    `connection` is in autocommit mode. With `only_count` nothing is removed, and `removed` is what would be. At most `removed_max` are
    removed. Raise psycopg's errors, for `translated`.
    """
    found = Pruned(pages=_pages(connection))
    for first in range(0, found.pages, pages_at_once):
        if removed_max is not None and found.removed >= removed_max:
            return
        with connection.transaction():
            old = _old(connection, before, first, first + pages_at_once)
            free, kept = _sorted_out(connection, old, books)
            free = free if removed_max is None else free[: removed_max - found.removed]
            removed = len(free) if only_count or not free else _remove(connection, before, free)
            failpoints.reach("prune.in_transaction")
        found.pages_seen = min(first + pages_at_once, found.pages)
        found.old += len(old)
        found.removed += removed
        found.kept += kept + Counter[Reason]({"in_use": len(free) - removed})
        yield found


def _sorted_out(connection: Connection, old: Sequence[_Old], books: Books) -> tuple[list[str], Counter[Reason]]:
    """Return the keys that may go, and why the others stay."""
    if not old:
        return [], Counter()
    booked = set(books(connection, {one.booking.intent_id for one in old}))
    exposed = _exposed(connection, old)
    waiting = _waiting(connection, [one.key for one in old])
    free, kept = [], Counter[Reason]()
    for one in old:
        if one.booking not in booked:
            kept["not_booked"] += 1
        elif one.key in exposed:
            kept["open_exposure"] += 1
        elif one.key in waiting:
            kept["waits"] += 1
        else:
            free.append(one.key)
    return free, kept


def _pages(connection: Connection) -> int:
    row = connection.execute("SELECT pg_relation_size('custodian.states') / current_setting('block_size')::int").fetchone()
    assert row is not None
    return int(row[0])


def _old(connection: Connection, before: datetime, first: int, end: int) -> list[_Old]:
    """Return the old, settled, undisputed states on some pages of the table."""
    rows = connection.execute(
        """
        SELECT key, state ->> 'venue', state ->> 'intent_id', state #>> '{booked,transaction_hash}', state #>> '{booked,terms_sha256}'
          FROM custodian.states
         WHERE ctid >= format('(%%s,0)', %s::bigint)::tid AND ctid < format('(%%s,0)', %s::bigint)::tid
           AND processor = %s AND updated_at < %s AND wake_at IS NULL
           AND state ->> 'status' = 'SETTLED' AND state ? 'booked' AND NOT state ? 'marks' AND NOT state ? 'claims'
        """,
        (first, end, PROCESSOR, before),
    ).fetchall()
    return [
        _Old(key=key, booking=Booking(venue=venue, intent_id=intent, transaction_hash=hash_, terms_sha256=terms))
        for key, venue, intent, hash_, terms in rows
    ]


def _exposed(connection: Connection, old: Sequence[_Old]) -> set[str]:
    """Return the keys of orders that a limit is, or may yet be, reserved for."""
    rows = connection.execute(
        """
        SELECT n.key FROM unnest(%s::text[], %s::text[], %s::text[]) AS n (key, venue, intent_id)
          JOIN risk.exposures e ON e.venue = n.venue AND e.intent_id = n.intent_id
         WHERE e.state IN ('asked', 'reserved')
        """,
        ([one.key for one in old], [one.booking.venue for one in old], [one.booking.intent_id for one in old]),
    ).fetchall()
    return {key for (key,) in rows}


def _waiting(connection: Connection, keys: Sequence[str]) -> set[str]:
    """Return those of these keys with which any processor waits for a time."""
    rows = connection.execute(
        """
        SELECT DISTINCT s.key FROM unnest(%s::text[]) AS n (key)
          JOIN custodian.states s ON s.key = n.key AND s.processor IN ('workflow', 'risk') AND s.wake_at IS NOT NULL
        """,
        (list(keys),),
    ).fetchall()
    return {key for (key,) in rows}


def _remove(connection: Connection, before: datetime, keys: Sequence[str]) -> int:
    """Remove those of the states that nobody holds and nobody has written meanwhile; return how many that are."""
    return connection.execute(
        """
        DELETE FROM custodian.states s
         USING (SELECT key FROM custodian.states
                 WHERE processor = %(processor)s AND key = ANY (%(keys)s) AND updated_at < %(before)s
                   FOR UPDATE SKIP LOCKED) AS free
         WHERE s.processor = %(processor)s AND s.key = free.key
        """,
        {"processor": PROCESSOR, "keys": list(keys), "before": before},
    ).rowcount
