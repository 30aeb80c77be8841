"""What people say about decisions that were referred to them.

Promises: an approval binds to the digest of exactly what the person was shown; a person is the login of the connection, and counts once
per referral, whatever label it is given; enough *different* people are counted in one transaction that holds the referral's row, so they
agree once; after its expiry, or once it is agreed on or overtaken by a newer question, a referral takes nothing more. All of this is held
by the database's own function `people.answer` (migration 0018), which writes login, address and time itself, with the event in the outbox
of the same transaction: who can call it can write none of the tables. The answer is made by the role that keeps decisions
(`pipeline.stores.agreed`). Source: design, section 5; infra/decisions/0016.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal, NamedTuple

from pipeline.decisions.shown import comparable, facts_of
from pipeline.log import topics
from pipeline.log.codec import decode, encode
from pipeline.log.envelope import Envelope, Outgoing, correlation_of, derive_id, parse_time
from pipeline.ports import Transaction
from pipeline.stores.people import allowed
from pipeline.stores.postgres import Connection
from pipeline.stores.statements import named_statements
from schemas.accepting import DecisionContext, DecisionMade

Verdict = Literal["approve", "refuse"]
ReferralState = Literal["pending", "agreed", "approved", "refused", "expired", "superseded"]
Became = Literal["counted", "agreed", "approved", "refused", "rejected", "repeated", "stale", "expired", "ended", "closed", "unknown"]
_SQL = named_statements("pipeline.stores", "approvals.sql")


def shown_text(shown: Mapping[str, Any]) -> str:
    """Return what a person is shown, in the one spelling that is digested."""
    return json.dumps(shown, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def shown_sha256(text: str) -> str:
    """Return the digest of what is shown, lower-case hex."""
    return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Referral:
    """A decision that waits for people; `shown` is exactly what they are shown (`shown_text`)."""

    decision: DecisionMade
    shown: str
    approvers_needed: int
    expires_at: datetime
    causation_id: str | None = None
    """The `ce_id` of the decision that referred."""
    state: ReferralState = "pending"

    @property
    def shown_sha256(self) -> str:
        """Return the digest that an approval has to name."""
        return shown_sha256(self.shown)


class Difference(NamedTuple):
    """One thing that differs between two showings: where it stands, and both values; None where there is none."""

    path: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What became of what a person said.

    `stale`: the person was shown something else than what counts now; `changed` and `differences` say what differs where that can be
    told, `newest` is the decision that waits instead, if there is one. `agreed`: it was the last word that was needed, and the answer is
    made in a moment (`answered`). `ended`: the order has ended, so nothing waits any more. `rejected`: people
    approved, and a limit of the policy did not hold any more; `answer` names the rule.
    """

    became: Became
    approved_by: tuple[str, ...] = ()
    needed: int = 0
    differences: tuple[Difference, ...] = ()
    newest: str | None = None
    answer: DecisionMade | None = None
    login: str | None = None
    """Who spoke."""

    @property
    def changed(self) -> tuple[str, ...]:
        """Return what differs, by path."""
        return tuple(difference.path for difference in self.differences)


def open_referral(connection: Transaction, referral: Referral, *, now: datetime) -> bool:
    """Store a referral, in the open transaction; False when it is there already, which then stays as it is.

    Raise ValueError when the decision is none that waits for people.
    """
    decision = referral.decision
    if decision.verdict != "REFER" or referral.approvers_needed < 1:
        raise ValueError(f"decision {decision.decision_id} waits for nobody: {decision.verdict}, {referral.approvers_needed} approvers")
    values = {
        **decision.model_dump(include={"decision_id", "request_id", "venue", "intent_id", "question", "quote_id", "context_sha256"}),
        "shown": referral.shown,
        "shown_sha256": referral.shown_sha256,
        "approvers_needed": referral.approvers_needed,
        "expires_at": referral.expires_at,
        "decision": encode(decision).decode(),
        "causation_id": referral.causation_id,
        "now": now,
    }
    row = connection.execute(_SQL["insert_referral"], values).fetchone()
    return row is not None


def find(connection: Connection, decision_id: str) -> Referral | None:
    """Return a referral, None when there is none."""
    row = connection.execute(_SQL["find_referral"], {"decision_id": decision_id}).fetchone()
    return None if row is None else _referral(row)


def pending(connection: Connection, *, now: datetime) -> Sequence[Referral]:
    """Return the referrals that still wait at `now`, the one that expires first in front."""
    return [_referral(row) for row in connection.execute(_SQL["pending_referrals"], {"now": now}).fetchall()]


def expire(connection: Transaction, *, now: datetime) -> int:
    """Close what has expired; return how many."""
    return int(connection.execute(_SQL["expire_referrals"], {"now": now}).rowcount)


def approve(connection: Connection, decision_id: str, *, by: str, shown: str, reason: str = "", shown_as: str | None = None) -> Said:
    """Count the approval, by the person whose login this connection has, of what has the digest `shown`; `by` is a label.

    With the last one that is needed people have agreed. `shown_as` is the text behind the digest, to say what changed. `connection` is in
    autocommit mode. Raise SettingsError for a login that is none of a person who may, ValueError for a label that is none.
    """
    return _say(connection, decision_id, "approve", by=by, shown=shown, shown_as=shown_as, reason=reason)


def refuse(connection: Connection, decision_id: str, *, by: str, shown: str, reason: str = "", shown_as: str | None = None) -> Said:
    """Let a person refuse what has the digest `shown`: one refusal is enough. Otherwise as `approve`."""
    return _say(connection, decision_id, "refuse", by=by, shown=shown, shown_as=shown_as, reason=reason)


def answered(connection: Connection, decision_id: str, agreed: Said) -> Said:
    """Return what became of a referral on which people agreed; `agreed` itself while its answer is not made."""
    referral = find(connection, decision_id)
    if referral is None or referral.state == "agreed":
        return agreed
    if referral.state == "superseded":
        return _overtaken(connection, referral)
    verdict, text = connection.execute(_SQL["find_answer"], {"decision_id": decision_id}).fetchone() or (None, None)
    answer = None if text is None else decode(text.encode(), DecisionMade)
    became: Became = "approved" if referral.state == "approved" else "refused" if verdict == "refuse" else "rejected"
    return replace(agreed, became=became, answer=answer)


def changed(before: str, after: str) -> tuple[str, ...]:
    """Name what differs between two texts of what is shown, by path."""
    return tuple(difference.path for difference in _differences(json.loads(before), json.loads(after)))


def _referral(row: Sequence[Any]) -> Referral:
    decision, shown, needed, expires_at, causation_id, state = row
    return Referral(
        decision=decode(decision.encode(), DecisionMade),
        shown=shown,
        approvers_needed=needed,
        expires_at=expires_at,
        causation_id=causation_id,
        state=state,
    )


def _say(connection: Connection, decision_id: str, verdict: Verdict, *, by: str, shown: str, shown_as: str | None, reason: str) -> Said:
    values = {"decision_id": decision_id, "verdict": verdict, "shown": shown, "by": by, "reason": reason}
    with allowed(f"to {verdict}", "approve"):
        row = connection.execute(_SQL["answer"], values).fetchone()
    assert row is not None
    told = row[0]
    said = Said(
        became=told["became"], approved_by=tuple(told.get("approved_by", ())), needed=told.get("needed", 0), login=told.get("login")
    )
    referral = find(connection, decision_id) if said.became == "stale" else None
    if referral is None:
        return said
    return _overtaken(connection, referral) if referral.state == "superseded" else _shown_otherwise(connection, referral, shown, shown_as)


def _overtaken(connection: Connection, referral: Referral) -> Said:
    """Say what has changed since a referral was overtaken by a newer question about the same thing."""
    row = connection.execute(_SQL["newest_question"], _about(referral)).fetchone()
    if row is None:
        return Said(became="stale", needed=referral.approvers_needed)
    context, newest = row
    now_known = comparable(facts_of(decode(context.encode(), DecisionContext)))
    found = _differences(comparable(json.loads(referral.shown)), now_known)
    return Said(became="stale", needed=referral.approvers_needed, differences=found, newest=newest)


def _shown_otherwise(connection: Connection, referral: Referral, shown: str, shown_as: str | None) -> Said:
    """Say in what the showing with another digest differs from this referral, where that showing is known."""
    found: tuple[Difference, ...] = ()
    if shown_as is not None:
        found = _differences(json.loads(shown_as), json.loads(referral.shown))
    elif row := connection.execute(_SQL["shown_before"], {**_about(referral), "shown_sha256": shown}).fetchone():
        found = _differences(comparable(json.loads(row[0])), comparable(json.loads(referral.shown)))
    return Said(became="stale", needed=referral.approvers_needed, differences=found, newest=referral.decision.decision_id)


def _about(referral: Referral) -> dict[str, str]:
    decision = referral.decision
    return {"venue": decision.venue, "intent_id": decision.intent_id, "question": decision.question}


def decided(answer: DecisionMade, causation_id: str | None) -> Outgoing:
    """Return the event of an answer to a referral; `causation_id` is the `ce_id` of the decision that referred."""
    envelope = Envelope(
        id=derive_id("decision_made", answer.decision_id),
        kind=topics.DECISION_MADE,
        source="/operators",
        subject=answer.intent_id,
        time=parse_time(answer.decided_at, "decided_at"),
        correlation_id=correlation_of(answer.venue, answer.intent_id),
        causation_id=causation_id,
    )
    return Outgoing(envelope=envelope, key=answer.intent_id, value=encode(answer))


def _differences(before: Any, after: Any) -> tuple[Difference, ...]:
    one, other = _flat(before), _flat(after)
    names = sorted(one.keys() | other.keys())
    return tuple(Difference(name, one.get(name), other.get(name)) for name in names if one.get(name) != other.get(name))


def _flat(document: Any, path: str = "") -> dict[str, Any]:
    """Return the leaves of a JSON document by path."""
    if isinstance(document, dict) and document:
        parts = [(f"{path}.{name}" if path else str(name), value) for name, value in document.items()]
    elif isinstance(document, list) and document:
        parts = [(f"{path}[{index}]", value) for index, value in enumerate(document)]
    else:
        return {path: document}
    return {name: leaf for inner, value in parts for name, leaf in _flat(value, inner).items()}
