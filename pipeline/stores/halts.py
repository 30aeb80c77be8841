"""Kill switches for accepting: everywhere, for a venue, for a pair, or for a pair at a venue.

Promise: when `halt` has committed, no attempt is committed any more that did not see it. Both sides take one advisory lock: attempts
share it for their short transaction, a halt takes it alone.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from pipeline.log import topics
from pipeline.log.codec import encode
from pipeline.log.envelope import Envelope, Outgoing, correlation_of, derive_id, time_text
from pipeline.stores import outbox
from pipeline.stores.postgres import Connection
from pipeline.stores.statements import named_statements
from schemas.accepting import OperatorActed

_SQL = named_statements("pipeline.stores", "halts.sql")
_PAIR = re.compile(r"[^\s/]+/[^\s/]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Halt:
    """A halt that is in force."""

    halt_id: int
    venue: str | None
    pair: str | None
    reason: str
    by: str
    at: datetime

    @property
    def scope(self) -> str:
        """Return what is halted, for people."""
        return " ".join(part for part in (self.venue and f"venue {self.venue}", self.pair) if part) or "everything"

    @property
    def told(self) -> str:
        """Return what is halted, by whom and why, for people."""
        return f"{self.scope}, by {self.by}: {self.reason}"


def halt(connection: Connection, *, venue: str | None, pair: str | None, reason: str, by: str, now: datetime) -> Halt | None:
    """Halt accepting for a scope; None when that scope is halted already. The event is in the outbox of the same transaction.

    `connection` is in autocommit mode. Raise ValueError for a pair that is not SOURCE/TARGET.
    """
    if pair is not None and not _PAIR.fullmatch(pair):
        raise ValueError(f"pair {pair!r}: write SOURCE/TARGET, such as JPYSC0/USDCx")
    with connection.transaction():
        connection.execute(_SQL["hold_alone"])
        row = connection.execute(_SQL["insert_halt"], {"venue": venue, "pair": pair, "reason": reason, "by": by, "now": now}).fetchone()
        if row is None:
            return None
        made = _halt(row)
        outbox.put(connection, [_acted("halt", made, by=by, reason=reason, now=now)])
    return made


def resume(connection: Connection, *, venue: str | None, pair: str | None, reason: str, by: str, now: datetime) -> Halt | None:
    """End the halt of exactly this scope; None when that scope is not halted. Wider and narrower halts stay in force."""
    with connection.transaction():
        connection.execute(_SQL["hold_alone"])
        row = connection.execute(_SQL["end_halt"], {"venue": venue, "pair": pair, "reason": reason, "by": by, "now": now}).fetchone()
        if row is None:
            return None
        ended = _halt(row)
        outbox.put(connection, [_acted("resume", ended, by=by, reason=reason, now=now)])
    return ended


def active(connection: Connection) -> Sequence[Halt]:
    """Return the halts in force, oldest first."""
    return [_halt(row) for row in connection.execute(_SQL["active_halts"]).fetchall()]


def hold_shared(connection: Connection) -> None:
    """Keep halts from being committed until this transaction ends; those committed before are seen by what is asked next."""
    connection.execute(_SQL["hold_shared"])


def over(connection: Connection, *, venue: str, pair: str) -> Halt | None:
    """Return a halt that covers this venue and pair, None when accepting is free. Ask after `hold_shared` where a call depends on it."""
    row = connection.execute(_SQL["covering_halt"], {"venue": venue, "pair": pair}).fetchone()
    return None if row is None else _halt(row)


def in_flight(connection: Connection, *, venue: str | None, pair: str | None) -> int:
    """Return how many calls of a scope were begun by running executors and have no answer yet: what a halt came too late for."""
    row = connection.execute(_SQL["calls_in_flight"], {"venue": venue, "pair": pair}).fetchone()
    return int(row[0]) if row else 0


def _halt(row: tuple[object, ...]) -> Halt:
    halt_id, venue, pair, reason, by, at = row
    return Halt(halt_id=halt_id, venue=venue, pair=pair, reason=reason, by=by, at=at)  # type: ignore[arg-type]


def _acted(action: Literal["halt", "resume"], halted: Halt, *, by: str, reason: str, now: datetime) -> Outgoing:
    event = OperatorActed(action=action, venue=halted.venue, pair=halted.pair, by=by, reason=reason, at=time_text(now))
    key = halted.venue or "global"
    envelope = Envelope(
        id=derive_id("operator_acted", action, str(halted.halt_id), halted.venue, halted.pair, time_text(halted.at)),
        kind=topics.OPERATOR_ACTED,
        source="/operators",
        subject=key,
        time=now,
        correlation_id=correlation_of(halted.venue, "halt"),
    )
    return Outgoing(envelope=envelope, key=key, value=encode(event))
