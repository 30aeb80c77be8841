"""The journal of commands in PostgreSQL.

Promises: one open command per venue, intent and kind (by a unique index); a command has one executor at a time (row locks, then a lease
with an epoch, by the database's clock), and one whose lease has passed to somebody else changes nothing; an attempt is committed before
its call, in a transaction that saw every halt committed before it and believed the decision (`belief`); endings are published before they
are marked as published.
"""

from __future__ import annotations

import queue
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields
from datetime import datetime
from typing import Any, Literal

from psycopg.rows import dict_row

from pipeline.commands.command import AttemptResult, Claim, Completed, Decided, Ending, Order
from pipeline.commands.ports import Barred, Began
from pipeline.domain.accepting import Answered
from pipeline.ports import Transaction
from pipeline.stores import belief, continuity, decisions, halts
from pipeline.stores.belief import BUILT_IN, Trust
from pipeline.stores.postgres import Connection
from pipeline.stores.session import Session
from pipeline.stores.statements import named_statements

_SQL = named_statements("pipeline.stores", "journal.sql")
_ORDER_NAMES = tuple(field.name for field in fields(Order))

RESPONSE_MAX = 65_536
"""Characters of an answer that are kept: an order has some 1,500."""


def write(transaction: Transaction, order: Order, now: datetime) -> Literal["journalled", "repeated", "refused"]:
    """Write a command in the open transaction (a `Writer` of the commands' ports).

    One that is there already changes nothing. Where another one for the same intent and kind is open, this one is written as refused,
    unless the outcome of the other one is unknown and both are about the same thing: then this one goes on from it.
    """
    values = _values(order)
    if transaction.execute(_SQL["find_command"], values).fetchone() is not None:
        return "repeated"
    before = transaction.execute(_SQL["go_on"], values).fetchone() or (0, None, None)
    calls = {"calls_before": before[0], "last_call_at": before[1], "quote_valid_until": before[2]}
    if transaction.execute(_SQL["insert_command"], {**values, **calls}).fetchone() is not None:
        return "journalled"
    reason = "another command for this intent is open"
    transaction.execute(_SQL["insert_refused"], {**values, "completed_at": now, "reason": reason})
    return "refused"


class PostgresJournal:
    """The journal as the executor uses it (a `CommandJournal` of the commands' ports), from several threads."""

    def __init__(
        self,
        connect: Callable[[], Connection],
        *,
        connections: int = 4,
        trust: Trust = BUILT_IN,
        look: Callable[[Connection], None] | None = None,
    ) -> None:
        """`connect` opens a connection in autocommit mode; `trust` says whose decisions are believed, beside people's.

        `look` looks at a run of the server that nobody has looked at (`continuity`); until it returned, no attempt begins in that run.
        """
        self._trust, self._look = trust, look
        self._sessions = [Session(connect) for _ in range(connections)]
        self._free: queue.LifoQueue[Session] = queue.LifoQueue()
        for session in self._sessions:
            self._free.put(session)

    @contextmanager
    def _use(self, doing: str) -> Iterator[Connection]:
        session = self._free.get()
        try:
            with session.use(doing) as connection:
                yield connection
        finally:
            self._free.put(session)

    def claim(self, owner: str, *, limits: Mapping[str, int], lease: float) -> list[Claim]:
        """Take commands that are due and nobody else's, of each venue so many, for `lease` seconds: co-signatures, then by deadline."""
        asked = {"owner": owner, "venues": list(limits), "limits": list(limits.values()), "lease": lease}
        with self._use("claiming commands") as connection, connection.cursor(row_factory=dict_row) as cursor:
            if self._look is not None and not continuity.is_known(connection):
                self._look(connection)
            rows = cursor.execute(_SQL["claim"], asked).fetchall()
        return [
            Claim(
                order=_order(row),
                epoch=row["lease_epoch"],
                attempts=row["attempts"],
                calls_open=row["calls_open"] + row["calls_before"],
                last_call_at=row["last_call_at"],
                looks=row["looks"],
                quote_valid_until=row["quote_valid_until"],
                first_sent_at=row["sent_at"],
                refusal=_refusal(row),
            )
            for row in rows
        ]

    def renew(self, claims: Collection[Claim], *, lease: float) -> set[str]:
        """Hold claims for `lease` seconds from now at least; return the commands that are still ours."""
        held = {"commands": [claim.order.command_id for claim in claims], "epochs": [claim.epoch for claim in claims], "lease": lease}
        with self._use("renewing claims") as connection:
            return {row[0] for row in connection.execute(_SQL["renew"], held).fetchall()}

    def take_back(self, owner: str) -> int:
        """Let go of what an earlier process of this name had in hand when it died; return how many commands that were."""
        with self._use("taking commands back") as connection:
            return connection.execute(_SQL["take_back"], {"owner": owner}).rowcount

    def begin(
        self,
        claim: Claim,
        *,
        lease: float,
        quote_valid_until: datetime | None,
        at: datetime,
        evidence: str,
        unfit: Callable[[Decided], Barred | None],
    ) -> Began | Barred:
        """Commit the next attempt, unless a halt or a later command bars it, no believed decision allows it, or the claim is lost."""
        order = claim.order
        values = {**_names(claim), "at": at, "lease": lease, "quote_valid_until": quote_valid_until}
        with self._use("journalling an attempt") as connection, connection.transaction():
            if self._look is not None and not continuity.is_known(connection):
                return Barred("lost", "the server was started anew, and nobody has looked whether it holds all that was committed")
            halts.hold_shared(connection)
            halt = halts.over(connection, venue=order.venue, pair=order.pair)
            if halt is not None:
                return Barred("halted", halt.told)
            barred = self._not_allowed(connection, order, unfit)
            if barred is not None:
                return barred
            refused = connection.execute(_SQL["refused_since"], _values(order)).fetchone()
            if refused is not None:
                return Barred("superseded", f"by the venue's refusal of {refused[0]}, which came after the decision")
            later = connection.execute(_SQL["later_command"], _values(order)).fetchone()
            if later is not None:
                return Barred("superseded", f"by {later[0]}" + (", which the same decision led to before" if later[1] else ""))
            row = connection.execute(_SQL["begin_call"], values).fetchone()
            if row is None:
                return Barred("lost", "somebody else has the command")
            connection.execute(_SQL["insert_attempt"], {**values, "number": row[0], "owner": row[1], "evidence": evidence})
        return Began(row[0])

    def _not_allowed(self, connection: Connection, order: Order, unfit: Callable[[Decided], Barred | None]) -> Barred | None:
        """Say why the decision that a command names does not allow it; None where it does."""
        decided = decisions.decided(connection, order.decision_id)
        if decided is None:
            return Barred("undecided", f"the decision {order.decision_id} or its question is not committed yet")
        (doubt,) = belief.doubts(connection, self._trust, [decided.heard])
        if doubt is not None:
            return Barred("not_allowed", f"the decision {order.decision_id} is not believed: {doubt}")
        if decided.asked_again:
            return Barred("superseded", "by a later question about the same")
        return unfit(Decided(decision=decided.heard.decision, request=decided.request))

    def note(self, claim: Claim, result: AttemptResult, *, refusal: Answered | None = None) -> None:
        """Store what became of a call that does not end its command; one without effect counts as no call.

        A refusal is kept with the command: whoever goes on with it must know that the venue has answered, and not ask again.
        """
        with self._use("noting an answer") as connection, connection.transaction():
            self._ended(connection, claim, result)
            if refusal is not None:
                said = {"http_status": refusal.http_status, "error_code": refusal.error_code, "response": _kept(refusal.response)}
                connection.execute(_SQL["note_refusal"], {"command_id": claim.order.command_id, **said})

    def put_off(self, claim: Claim, *, seconds: float, looked: bool, result: AttemptResult | None = None) -> None:
        """Give the claim back, to be due again in `seconds`, and store what became of the call that leads to it."""
        with self._use("putting a command off") as connection, connection.transaction():
            if result is not None:
                self._ended(connection, claim, result)
            connection.execute(_SQL["put_off"], {**_names(claim), "seconds": seconds, "looked": int(looked)})

    def close(self, claim: Claim, ending: Ending, *, result: AttemptResult | None, at: datetime) -> bool:
        """End a command; False when the claim is lost."""
        values = {
            **_names(claim),
            "outcome": ending.outcome,
            "at": at,
            "reason": ending.reason,
            "http_status": ending.http_status,
            "error_code": ending.error_code,
            "response": _kept(ending.response),
        }
        with self._use("closing a command") as connection, connection.transaction():
            if result is not None:
                self._ended(connection, claim, result)
            return connection.execute(_SQL["close_command"], values).fetchone() is not None

    @staticmethod
    def _ended(connection: Connection, claim: Claim, result: AttemptResult) -> None:
        """Store the outcome of a call once; what certainly had no effect is taken off the open calls."""
        values = {
            "command_id": claim.order.command_id,
            "number": result.number,
            "outcome": result.outcome,
            "reason": result.reason,
            "http_status": result.http_status,
        }
        known = connection.execute(_SQL["end_attempt"], values).fetchone()
        if known is not None and result.outcome == "not_done":
            connection.execute(_SQL["take_back_call"], values)

    def publish(self, publish: Callable[[Sequence[Completed]], None], *, limit: int) -> int:
        """Hand over endings that are not yet published, and mark them when that returned; return how many there were."""
        with self._use("publishing outcomes") as connection, connection.transaction(), connection.cursor(row_factory=dict_row) as cursor:
            rows = cursor.execute(_SQL["unpublished"], {"limit": limit}).fetchall()
            if rows:
                publish([_completed(row) for row in rows])
                connection.execute(_SQL["published"], {"commands": [row["command_id"] for row in rows]})
        return len(rows)

    def unpublished(self) -> int:
        """Return how many endings wait to be published."""
        with self._use("counting outcomes") as connection:
            row = connection.execute(_SQL["count_unpublished"]).fetchone()
        return int(row[0]) if row else 0

    def close_connections(self) -> None:
        """Let go of all connections."""
        for session in self._sessions:
            session.close()


def listed(
    connection: Connection,
    *,
    venue: str | None = None,
    intent: str | None = None,
    states: Collection[str] | None = None,
    limit: int | None = None,
) -> Iterator[Mapping[str, Any]]:
    """Yield commands for showing, the latest first, with the names of the interface, without loading them all."""
    asked = {"venue": venue, "intent": intent, "states": None if states is None else list(states), "limit": limit}
    with connection.transaction(), connection.cursor(name="commands", row_factory=dict_row) as cursor:
        cursor.itersize = 500
        cursor.execute(_SQL["listed"], asked)
        for row in cursor:
            yield {name: value for name, value in row.items() if value is not None}


def _values(order: Order) -> dict[str, Any]:
    return {name: getattr(order, name) for name in _ORDER_NAMES}


def _names(claim: Claim) -> dict[str, Any]:
    return {"command_id": claim.order.command_id, "epoch": claim.epoch}


def _order(row: Mapping[str, Any]) -> Order:
    return Order(**{name: row[name] for name in _ORDER_NAMES})


def _completed(row: Mapping[str, Any]) -> Completed:
    return Completed(
        order=_order(row),
        ending=Ending(
            outcome=row["state"],
            reason=row["reason"],
            http_status=row["http_status"],
            error_code=row["error_code"],
            response=row["response"],
        ),
        calls=row["calls_open"] + row["calls_before"],
        sent_at=row["sent_at"],
        completed_at=row["completed_at"],
    )


def _refusal(row: Mapping[str, Any]) -> Answered | None:
    """Return the refusal that was noted: an open command has a status of HTTP for no other reason."""
    if row["http_status"] is None:
        return None
    return Answered(done=False, http_status=row["http_status"], error_code=row["error_code"], response=row["response"])


def _kept(response: str | None) -> str | None:
    return None if response is None else response.replace("\x00", "\ufffd")[:RESPONSE_MAX]
