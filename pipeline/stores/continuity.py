"""Whether the database still holds all that was committed, asked before anything is sent in a new run of the server (decision 0018).

A failover can lose the last commits, and a backup brings back old ones: Kafka's committed offsets, always behind the stored positions, are
then ahead of them, and calls were made of which no attempt is left. Promises: in a run of the server that nobody has looked at, no attempt
begins; one that was looked at has every open command marked as perhaps sent, and so has every command issued before it that is journalled
in it, so the venue's record is read before any of them is sent, and an accept is not made twice; where something is lacking, everything is
halted, the halts that the topic knows are in force again, and an alarm says what is lacking.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from pipeline.stores import halts
from pipeline.stores.postgres import Connection
from pipeline.stores.statements import named_statements
from schemas.accepting import OperatorActed

_SQL = named_statements("pipeline.stores", "continuity.sql")

Place = tuple[str, str, int]
"""Consumer, topic and partition."""


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


def is_known(connection: Connection) -> bool:
    """Tell whether this run of the server was looked at."""
    return connection.execute(_SQL["is_known"]).fetchone() == (True,)


def lacking(connection: Connection, committed: Mapping[Place, int]) -> list[Lack]:
    """Return where what a consumer group has committed is beyond what is stored; a place that nobody has stored counts as 0."""
    rows = connection.execute(_SQL["positions"]).fetchall()
    stored = {(consumer, topic, partition): offset for consumer, topic, partition, offset in rows}
    return [Lack(place, stored.get(place, 0), offset) for place, offset in sorted(committed.items()) if offset > stored.get(place, 0)]


def look(
    connection: Connection, committed: Callable[[], Mapping[Place, int]], halted: Callable[[], Sequence[OperatorActed]]
) -> Sequence[Lack]:
    """Look at this run of the server, and let calls begin in it; return what the tables lack.

    `committed` tells what the consumer groups have committed, `halted` which halts the topic of acts leaves in force; both are asked under
    the lock of looks. `connection` is in autocommit mode. Calls may begin once the role that makes them, or the owner, has looked.
    """
    with connection.transaction():
        connection.execute(_SQL["lock"])
        known, found = is_known(connection), lacking(connection, committed())
        if known and not found:
            return ()
        if found:
            _stop(connection, found, halted())
        noted = {"lacking": json.dumps([[*one.place, one.stored, one.committed] for one in found]), "told": [one.told for one in found]}
        connection.execute(_SQL["note"], noted)
    return found


def in_force(acts: Sequence[OperatorActed]) -> list[OperatorActed]:
    """Return the halts that nobody has ended since, of each scope the last; acts in any order."""
    last: dict[tuple[str | None, str | None], OperatorActed] = {}
    for act in sorted(acts, key=lambda one: one.at):
        if act.action in ("halt", "resume"):
            last[act.venue, act.pair] = act
    return [act for act in last.values() if act.action == "halt"]


def _stop(connection: Connection, found: Sequence[Lack], halted: Sequence[OperatorActed]) -> None:
    """Halt everything, and again what the topic knows as halted, if orders can be of it; the alarm `custodian.note_run` writes."""
    for act in (one for one in halted if halts.is_scope(one.venue, one.pair)):
        again = {
            "venue": act.venue,
            "pair": act.pair,
            "by": act.by,
            "reason": f"{act.reason} (since {act.at}; the database had forgotten it)",
        }
        connection.execute(_SQL["halt_again"], again)
    connection.execute(_SQL["halt"], {"reason": f"the database has gone back: {found[0].told}"})
