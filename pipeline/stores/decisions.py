"""Questions, answers and referrals in PostgreSQL: what the sink "decisions" writes, and what people read.

Promises: a question is kept once under its request and context, a decision once under its id, and neither is ever changed; what is
returned for showing has the names of interface, section 3.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from psycopg.rows import dict_row

from pipeline.decisions.ports import Asked, Heard, KeptAnswer
from pipeline.errors import PoisonRecordError
from pipeline.log.codec import decode, encode
from pipeline.log.envelope import parse_time, time_text
from pipeline.ports import Transaction
from pipeline.stores import approvals, belief
from pipeline.stores.approvals import Referral
from pipeline.stores.belief import BUILT_IN, Trust
from pipeline.stores.postgres import Connection
from pipeline.stores.statements import named_statements
from schemas.accepting import DecisionContext, DecisionMade, DecisionRequested

_SQL = named_statements("pipeline.stores", "decisions.sql")
_SAME = (
    "request_id",
    "context_sha256",
    "venue",
    "intent_id",
    "question",
    "quote_id",
    "verdict",
    "decided_by",
    "refers_to",
    "approvers_needed",
)
"""What makes two decisions of one id the same; the time may differ where an engine decided again after a crash."""


class PostgresDecisions:
    """The store of the sink (a `DecisionStore` of the decisions' ports)."""

    def __init__(self, trust: Trust = BUILT_IN) -> None:
        """`trust` says whose answers are believed, beside people's."""
        self._trust = trust

    def hold(self, transaction: Transaction) -> None:
        """Keep other sinks from writing until the transaction ends."""
        transaction.execute(_SQL["hold_decisions"])

    def doubts(self, transaction: Transaction, heard: Sequence[Heard]) -> Sequence[str | None]:
        """Say of each answer why it is not believed; None where it is."""
        return belief.doubts(transaction, self._trust, heard)

    def keep_question(self, transaction: Transaction, asked: Asked, now: datetime) -> bool:
        """Keep a question; False when it is there already. Raise PoisonRecordError when it is another one under the same id."""
        request = asked.request
        values = {
            **request.model_dump(include={"request_id", "context_sha256", "venue", "intent_id", "question", "round"}),
            "context": encode(request.context).decode(),
            "requested_at": parse_time(request.requested_at, "requested_at"),
            "decide_by": parse_time(request.decide_by, "decide_by"),
            "ce_id": asked.ce_id,
            "now": now,
        }
        if transaction.execute(_SQL["insert_question"], values).fetchone() is not None:
            return True
        before = self.question(transaction, request.request_id, request.context_sha256)
        if before is None or (before.question, before.round) != (request.question, request.round):
            raise PoisonRecordError(f"the request {request.request_id} was made before, and asked something else")
        return False

    def keep_answer(self, transaction: Transaction, heard: Heard, now: datetime) -> KeptAnswer:
        """Keep a decision; "contradicted" when that id stands for another decision, which stays."""
        decision = heard.decision
        stated = decision.model_dump(mode="json", exclude_none=True)
        values = {
            **{name: stated.get(name) for name in _SAME},
            "decision_id": decision.decision_id,
            "policy": _json(stated["policy"]),
            "rules": _json(stated["rules"]),
            "decided_at": _time_or_none(decision.decided_at),
            "event": encode(decision).decode(),
            "ce_id": heard.ce_id,
            "signed": None if heard.signature is None else heard.value,
            "signature": heard.signature,
            "now": now,
        }
        if transaction.execute(_SQL["insert_answer"], values).fetchone() is not None:
            return "kept"
        row = transaction.execute(_SQL["find_answer"], {"decision_id": decision.decision_id}).fetchone()
        before = _heard(row).decision
        return "repeated" if all(getattr(before, name) == getattr(decision, name) for name in _SAME) else "contradicted"

    def question(self, transaction: Transaction, request_id: str, context_sha256: str) -> DecisionRequested | None:
        """Return a question that is kept."""
        row = transaction.execute(_SQL["find_question"], {"request_id": request_id, "context_sha256": context_sha256}).fetchone()
        return None if row is None else _request(row)

    def first_referral(self, transaction: Transaction, request: DecisionRequested) -> Heard | None:
        """Return the first decision about this very question that hands it to people, by order of arrival."""
        asked = request.model_dump(include={"request_id", "context_sha256", "venue", "intent_id", "question"})
        row = transaction.execute(_SQL["first_referral"], asked).fetchone()
        return None if row is None else _heard(row)

    def open_referral(
        self,
        transaction: Transaction,
        heard: Heard,
        *,
        shown: Mapping[str, Any],
        approvers_needed: int,
        expires_at: datetime,
        now: datetime,
    ) -> bool:
        """Let a decision wait for people; False when it does already."""
        referral = Referral(
            decision=heard.decision,
            shown=approvals.shown_text(shown),
            approvers_needed=approvers_needed,
            expires_at=expires_at,
            causation_id=heard.ce_id,
        )
        return approvals.open_referral(transaction, referral, now=now)

    def supersede(self, transaction: Transaction, request: DecisionRequested, now: datetime) -> int:
        """Close the referrals of older questions about the same thing; return how many."""
        about = request.model_dump(include={"venue", "intent_id", "question"})
        return int(transaction.execute(_SQL["supersede_referrals"], {**about, "now": now}).rowcount)

    def overtake(self, transaction: Transaction, decision: DecisionMade, now: datetime) -> None:
        """Close the referral that an engine has answered in people's place, where it still waits."""
        transaction.execute(_SQL["overtake_referral"], {**decision.model_dump(include={"request_id", "refers_to"}), "now": now})

    def expire(self, transaction: Transaction, now: datetime) -> int:
        """Close referrals whose time is over; return how many."""
        return approvals.expire(transaction, now=now)


def listed(
    connection: Connection,
    *,
    now: datetime,
    pending: bool = False,
    decision_id: str | None = None,
    venue: str | None = None,
    intent: str | None = None,
    question: str | None = None,
    verdict: str | None = None,
    limit: int | None = None,
) -> Iterator[dict[str, Any]]:
    """Yield decisions for showing, the latest first, without loading them all; of `pending` ones the first to expire is in front."""
    asked = {
        "now": now,
        "pending": pending,
        "decision_id": decision_id,
        "venue": venue,
        "intent": intent,
        "question": question,
        "verdict": verdict,
        "limit": limit,
    }
    with connection.transaction(), connection.cursor(name="decisions", row_factory=dict_row) as cursor:
        cursor.itersize = 200
        cursor.execute(_SQL["listed"], asked)
        for row in cursor:
            yield _line(row, now)


def found(connection: Connection, decision_id: str) -> tuple[DecisionMade, DecisionRequested | None] | None:
    """Return a decision with its question, as far as they are kept."""
    row = connection.execute(_SQL["find_answer"], {"decision_id": decision_id}).fetchone()
    if row is None:
        return None
    decision = _heard(row).decision
    return decision, PostgresDecisions().question(connection, decision.request_id, decision.context_sha256)


class Kept(NamedTuple):
    """A decision that is kept, with what was asked; `asked_again`: a later question about the same was asked."""

    heard: Heard
    request: DecisionRequested
    asked_again: bool


def decided(connection: Connection, decision_id: str) -> Kept | None:
    """Return a decision with its question; None when either is not kept."""
    row = connection.execute(_SQL["decided"], {"decision_id": decision_id}).fetchone()
    if row is None:
        return None
    return Kept(_heard(row[:4]), _request(row[4:13]), row[13])


def count_pending(connection: Connection, *, now: datetime) -> int:
    """Return how many referrals wait for people."""
    row = connection.execute(_SQL["count_pending"], {"now": now}).fetchone()
    return int(row[0]) if row else 0


def said(connection: Connection, decision_id: str) -> list[dict[str, Any]]:
    """Return what people said about a decision, in order."""
    return _said(connection.execute(_SQL["said"], {"decision_id": decision_id}).fetchall())


def said_of_intent(connection: Connection, intent: str) -> list[dict[str, Any]]:
    """Return what people said about an intent's decisions, in order."""
    return _said(connection.execute(_SQL["said_of_intent"], {"intent": intent}).fetchall())


def _said(rows: Sequence[Sequence[Any]]) -> list[dict[str, Any]]:
    names = ("decision_id", "by", "verdict", "shown_sha256", "reason", "at", "login", "address")
    return [{name: value for name, value in zip(names, row, strict=True) if value is not None} for row in rows]


def _line(row: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    event: dict[str, Any] = json.loads(row["event"])
    first = ("decision_id", "venue", "intent_id", "question", "quote_id", "verdict", "policy", "decided_by", "decided_at", "rules")
    line = {name: event[name] for name in first if name in event}
    line |= {name: value for name, value in event.items() if name not in line}
    if row["state"] is not None:
        over = row["state"] == "pending" and row["expires_at"] <= now
        line["referral"] = {
            "state": "expired" if over else row["state"],
            "shown_sha256": row["shown_sha256"],
            "expires_at": time_text(row["expires_at"]),
            "approvers_needed": row["approvers_needed"],
            "approved_by": row["approved_by"] or [],
        }
        if row["order_ended"]:
            line["referral"]["reason"] = "the order ended"
        if row["stopped"] is not None:
            rules = json.loads(row["stopped"])["rules"]
            line["referral"]["rejected_by"] = [rule["name"] for rule in rules if rule["verdict"] == "REJECT"]
    return line


def _request(row: Sequence[Any]) -> DecisionRequested:
    request_id, context_sha256, venue, intent_id, question, number, context, requested_at, decide_by = row
    return DecisionRequested(
        request_id=request_id,
        venue=venue,
        intent_id=intent_id,
        question=question,
        round=number,
        context=decode(context.encode(), DecisionContext),
        context_sha256=context_sha256,
        requested_at=time_text(requested_at),
        decide_by=time_text(decide_by),
    )


def _heard(row: Sequence[Any]) -> Heard:
    event, ce_id, signed, signature = row
    value = event.encode() if signed is None else bytes(signed)
    return Heard(decision=decode(value, DecisionMade), ce_id=ce_id, value=value, signature=signature)


def _json(document: Any) -> str:
    return json.dumps(document, separators=(",", ":"))


def _time_or_none(text: str) -> datetime | None:
    try:
        return parse_time(text, "decided_at")
    except PoisonRecordError:
        return None
