"""Whether the database still holds all that was committed, asked before anything is sent in a new run of the server (decision 0018).

A failover can lose the last commits, and a backup brings back old ones: Kafka's committed offsets, always behind the stored positions, are
then ahead of them, and calls were made of which no attempt is left. Promises: in a run of the server that nobody has looked at, no attempt
begins; one that was looked at has every open command marked as perhaps sent, and so has every command issued before it that is journalled
in it, so the venue's record is read before any of them is sent, and an accept is not made twice; each halt that the topic of acts has is in
the tables, whatever the offsets show, or is lacking; where something is lacking, everything is halted, the forgotten halts are in force
again, and an alarm says what is lacking.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from pipeline.errors import PoisonRecordError
from pipeline.log.envelope import parse_time, time_text
from pipeline.printable import printable
from pipeline.stores import halts
from pipeline.stores.postgres import Connection
from pipeline.stores.statements import named_statements
from schemas.accepting import OperatorActed

_SQL = named_statements("pipeline.stores", "continuity.sql")

Place = tuple[str, str, int]
"""Consumer, topic and partition."""
_LABEL_MAX, _REASON_MAX = 200, 3900
"""What `people.halt` takes, and a little less of a reason, to which something is added."""
_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Lack:
    """Kafka knows of a commit that the tables do not hold."""

    place: Place
    stored: int
    committed: int

    @property
    def told(self) -> str:
        """Return what is lacking, for people."""
        consumer, topic, partition = self.place
        return f"{consumer} committed {self.committed} of {topic} {partition}, and stored is {self.stored}"

    @property
    def noted(self) -> Sequence[str | int | None]:
        """Return what is kept of it with the run of the server."""
        return (*self.place, self.stored, self.committed)


@dataclass(frozen=True, slots=True)
class ForgottenHalt:
    """The topic of acts knows of a halt that the tables neither have nor saw ended."""

    venue: str | None
    pair: str | None
    by: str
    reason: str
    at: datetime

    @property
    def told(self) -> str:
        """Return what is lacking, for people."""
        return f"{self.by} halted {halts.scope_of(self.venue, self.pair)} at {time_text(self.at)}, and no row tells of it"

    @property
    def noted(self) -> Sequence[str | int | None]:
        """Return what is kept of it with the run of the server."""
        return ("halt", self.venue, self.pair, self.by, time_text(self.at))


def is_known(connection: Connection) -> bool:
    """Tell whether this run of the server was looked at."""
    return connection.execute(_SQL["is_known"]).fetchone() == (True,)


def lacking(connection: Connection, committed: Mapping[Place, int]) -> list[Lack]:
    """Return where what a consumer group has committed is beyond what is stored; a place that nobody has stored counts as 0."""
    rows = connection.execute(_SQL["positions"]).fetchall()
    stored = {(consumer, topic, partition): offset for consumer, topic, partition, offset in rows}
    return [Lack(place, stored.get(place, 0), offset) for place, offset in sorted(committed.items()) if offset > stored.get(place, 0)]


def look(
    connection: Connection, committed: Callable[[], Mapping[Place, int]], acts: Callable[[], Sequence[OperatorActed]]
) -> Sequence[Lack | ForgottenHalt]:
    """Look at this run of the server, and let calls begin in it; return what the tables lack.

    `committed` tells what the consumer groups have committed, `acts` what the topic of acts still has; both are asked under the lock of
    looks. `connection` is in autocommit mode. Calls may begin once the role that makes them, or the owner, has looked.
    """
    with connection.transaction():
        connection.execute(_SQL["lock"])
        known, behind = is_known(connection), lacking(connection, committed())
        if known and not behind:
            return ()
        found: list[Lack | ForgottenHalt] = [*behind, *forgotten(connection, acts())]
        if found:
            _stop(connection, found)
        noted = {"lacking": json.dumps([one.noted for one in found]), "told": [one.told for one in found]}
        connection.execute(_SQL["note"], noted)
    return found


def forgotten(connection: Connection, acts: Sequence[OperatorActed]) -> list[ForgottenHalt]:
    """Return the halts among the acts that the tables neither have nor saw ended, of each scope the last; acts in any order.

    That a halt has ended only the tables tell: a `resume` of the topic may be forged, or as forgotten as the halt, and a halt too many is
    ended by two people. A row counts for its scope from before its end, so a halt that was put in force again is not forgotten again.
    """
    rows = connection.execute(_SQL["halts"]).fetchall()
    stand = {(venue, pair): None if active else ended for venue, pair, active, ended in rows}
    last: dict[tuple[str | None, str | None], ForgottenHalt] = {}
    for halt in sorted((one for act in acts if (one := _halt_of(act))), key=lambda one: one.at):
        scope = halt.venue, halt.pair
        ended = stand.get(scope, _NEVER)
        if ended is not None and ended < halt.at:
            last[scope] = halt
    return [*last.values()]


def _halt_of(act: OperatorActed) -> ForgottenHalt | None:
    """Return the halt that an act is, with words that the database takes; None for other acts, and for what no order is of."""
    if act.action != "halt" or not halts.is_scope(act.venue, act.pair):
        return None
    try:
        at = parse_time(act.at, "at")
    except PoisonRecordError:
        return None
    by, reason = printable(act.by)[:_LABEL_MAX], printable(act.reason)[:_REASON_MAX]
    return ForgottenHalt(act.venue, act.pair, by if by.strip() else "somebody", reason, at)


def _stop(connection: Connection, found: Sequence[Lack | ForgottenHalt]) -> None:
    """Halt everything, and again what was forgotten as halted; the alarm `custodian.note_run` writes."""
    for one in found:
        if isinstance(one, ForgottenHalt):
            reason = f"{one.reason} (since {time_text(one.at)}; the database had forgotten it)"
            connection.execute(_SQL["halt_again"], {"venue": one.venue, "pair": one.pair, "by": one.by, "reason": reason})
    connection.execute(_SQL["halt"], {"reason": f"the database has gone back: {found[0].told}"[:_REASON_MAX]})
