"""What people did with the command line: who, when, why, to what, and what came of it; one row per act, for good.

Promise: an act, its event in `operator-acted` and every event that it publishes are committed together, so a process that is killed has
done all of it or nothing; the outbox publishes what is committed (infra/decisions/0012).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Literal

from pipeline.log import topics
from pipeline.log.codec import encode
from pipeline.log.envelope import Envelope, Outgoing, correlation_of, derive_id, time_text
from pipeline.stores import outbox
from pipeline.stores.postgres import Connection
from schemas.accepting import OperatorActed

Action = Literal["acknowledge", "resolve", "reread", "re-emit", "advance", "renew", "retry", "skip", "add-person", "remove-person"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """What one person did once."""

    action: Action
    venue: str | None
    intent_id: str | None
    subject: str | None
    """The alarm, the break, the position, or the ce_id of the event that is published."""
    outcome: str
    acted_by: str
    reason: str
    at: datetime
    login: str | None = None
    """Who that was for PostgreSQL, of an act that is read; whoever records one does not say it."""

    @property
    def act_id(self) -> str:
        """Return the id of the act and of its event."""
        return derive_id("operator_acted", self.action, self.venue, self.intent_id, self.subject, self.acted_by, time_text(self.at))


def record(connection: Connection, act: Act, publishes: Sequence[Outgoing] = ()) -> bool:
    """Store an act, its event, and what it publishes, in one transaction; False when somebody has done it already.

    Raise PoisonRecordError when Kafka could not take what it publishes: then nothing is stored.
    """
    with connection.transaction():
        row = connection.execute(
            """
            INSERT INTO custodian.acts (act_id, action, venue, intent_id, subject, outcome, acted_by, reason, at)
            VALUES (%(act_id)s, %(action)s, %(venue)s, %(intent_id)s, %(subject)s, %(outcome)s, %(acted_by)s, %(reason)s, %(at)s)
            ON CONFLICT DO NOTHING RETURNING login
            """,
            {"act_id": act.act_id, **asdict(act)},
        ).fetchone()
        if row is None:
            return False
        outbox.put(connection, [_event(act, str(row[0]))])
        outbox.put_again(connection, publishes)
    return True


def acknowledgements(connection: Connection) -> dict[str, Act]:
    """Return what people said about alarms, by the alarm's id."""
    rows = connection.execute(
        "SELECT subject, venue, outcome, acted_by, login, reason, at FROM custodian.acts WHERE action = 'acknowledge'"
    ).fetchall()
    return {
        subject: Act(
            action="acknowledge",
            venue=venue,
            intent_id=None,
            subject=subject,
            outcome=outcome,
            acted_by=by,
            reason=reason,
            at=at,
            login=login,
        )
        for subject, venue, outcome, by, login, reason, at in rows
    }


def _event(act: Act, login: str) -> Outgoing:
    event = OperatorActed(
        action=act.action,
        venue=act.venue,
        intent_id=act.intent_id,
        subject=act.subject,
        outcome=act.outcome,
        login=login,
        by=act.acted_by,
        reason=act.reason,
        at=time_text(act.at),
    )
    key = act.intent_id or act.venue or "global"
    envelope = Envelope(
        id=act.act_id,
        kind=topics.OPERATOR_ACTED,
        source="/operators",
        subject=key,
        time=act.at,
        correlation_id=correlation_of(act.venue, key),
    )
    return Outgoing(envelope=envelope, key=key, value=encode(event))
