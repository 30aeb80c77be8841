"""Kill switches for accepting: everywhere, for a venue, for a pair, or for a pair at a venue.

Promises: when `halt` has committed, no attempt is committed any more that did not see it. Both sides lock one table without rows: attempts
share it for their short transaction, halts share it against them, and people's logins have no right to hold it with. Everybody who
can connect may halt a scope that orders can be of; a halt ends by the word of two people about exactly this halt, which the database's own
functions count (migrations 0018 and 0034), with the event in the outbox of the same transaction.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from pipeline.domain.identifiers import SECTION
from pipeline.domain.labels import who_of
from pipeline.log.envelope import parse_time
from pipeline.stores.people import allowed
from pipeline.stores.postgres import Connection
from pipeline.stores.statements import named_statements

_SQL = named_statements("pipeline.stores", "halts.sql")
_COLUMNS = ("halt_id", "venue", "pair", "reason", "by", "at", "login", "shown", "resume_agreed_by")
_VENUE = re.compile(SECTION)
_PAIR = re.compile(r"[^\s/]+/[^\s/]+")
_PAIR_MAX = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Halt:
    """A halt that is in force."""

    halt_id: int
    venue: str | None
    pair: str | None
    reason: str
    by: str
    at: datetime
    login: str | None = None
    """Who that was for PostgreSQL; None where an older release wrote it."""
    shown: str = ""
    """What a person is shown of it before ending it, in the one spelling that is digested."""
    resume_agreed_by: Sequence[str] = ()
    """Who has agreed to end it within the hour; the second one's word ends it."""

    @property
    def shown_sha256(self) -> str:
        """Return the digest that a resume has to name, lower-case hex."""
        return hashlib.sha256(self.shown.encode()).hexdigest()

    @property
    def scope(self) -> str:
        """Return what is halted, for people."""
        return scope_of(self.venue, self.pair)

    @property
    def told(self) -> str:
        """Return what is halted, by whom and why, for people."""
        return f"{self.scope}, by {who_of(self.login, self.by)}: {self.reason}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Halted:
    """What came of a halt: the one in force, whether this made it, and how many calls had begun that have no answer yet."""

    halt: Halt
    new: bool
    in_flight: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Resumed:
    """What came of a person's word to end a halt.

    `counted`: another person has to agree; `stale`: it is not the halt that was shown.
    """

    outcome: Literal["resumed", "counted", "stale", "not_halted"]
    agreed_by: tuple[str, ...] = ()
    """The logins that agree, in the order in which they did."""
    login: str | None = None


def scope_of(venue: str | None, pair: str | None) -> str:
    """Return what a halt of this venue and pair halts, for people."""
    parts = (None if venue is None else f"venue {venue}", pair)
    return " ".join(part for part in parts if part is not None) or "everything"


def is_scope(venue: str | None, pair: str | None) -> bool:
    """Tell whether orders can be of this venue and pair; what is none covers nothing, so it is not halted."""
    return (venue is None or _VENUE.fullmatch(venue) is not None) and (
        pair is None or (_PAIR.fullmatch(pair) is not None and len(pair) <= _PAIR_MAX and pair.isprintable())
    )


def halt(connection: Connection, *, venue: str | None, pair: str | None, reason: str, by: str) -> Halted:
    """Halt accepting for a scope, as the login of this connection, which may be any that can connect; `by` is a label.

    `connection` is in autocommit mode. Raise ValueError for what no order is of.
    """
    if not is_scope(venue, None):
        raise ValueError(f"venue {venue!r}: name it as the settings do, with a-z, 0-9, _ and -")
    if not is_scope(None, pair):
        raise ValueError(f"pair {pair!r}: write SOURCE/TARGET, such as JPYSC0/USDCx")
    said = _said(connection, "halt", venue=venue, pair=pair, reason=reason, by=by)
    return Halted(halt=_of(said["halt"]), new=said["outcome"] == "halted", in_flight=said["calls_in_flight"])


def resume(connection: Connection, *, venue: str | None, pair: str | None, shown: str, reason: str, by: str) -> Resumed:
    """Agree to end the halt of exactly this scope, as the person whose login this connection has; the second person's word ends it.

    `shown` is the digest of the halt as it was shown (`Halt.shown_sha256`). Wider and narrower halts stay in force. Raise SettingsError
    for a login that is none of a person who may, ValueError for a label that is none.
    """
    said = _said(connection, "resume", venue=venue, pair=pair, shown=shown, reason=reason, by=by)
    return Resumed(outcome=said["outcome"], agreed_by=tuple(said.get("agreed_by", ())), login=said.get("login"))


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


def _said(connection: Connection, act: str, **values: str | None) -> dict[str, Any]:
    with allowed(f"to {act}", "operate"):
        row = connection.execute(_SQL[act], values).fetchone()
    assert row is not None
    said: dict[str, Any] = row[0]
    return said


def _of(stated: Mapping[str, Any]) -> Halt:
    """Return a halt as `people.halt` tells it."""
    return Halt(**{"venue": None, "pair": None, **stated, "at": parse_time(stated["at"], "at")})


def _halt(row: Sequence[Any]) -> Halt:
    return Halt(**dict(zip(_COLUMNS, row, strict=False)))
