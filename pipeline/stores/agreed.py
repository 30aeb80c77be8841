"""Answers referrals on which people have agreed, each in one transaction.

    hold the referral -> what people said -> the limits, ours alone until the commit -> count, decide, reserve
    -> close the referral -> answer into the outbox -> commit

Promises: killed anywhere, a referral is agreed on and unanswered, or answered with everything that belongs to it, once; whoever decides for
the same limits at the same time is waited for. What is decided stands in `pipeline.decisions.agreed`.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from pipeline.clock import Clock
from pipeline.decisions.agreed import Agreed, answer
from pipeline.errors import PoisonRecordError, RetryableError
from pipeline.log.codec import decode, encode
from pipeline.policy.engine import Engine
from pipeline.ports import Failpoints
from pipeline.stores import approvals, outbox
from pipeline.stores.decisions import PostgresDecisions
from pipeline.stores.exposures import PostgresExposures
from pipeline.stores.postgres import Connection
from pipeline.stores.session import Session
from pipeline.stores.statements import named_statements
from schemas.accepting import DecisionMade, DecisionRequested

log = logging.getLogger(__name__)

LOOK_INTERVAL = 0.2
"""Seconds between looks: a person waits for the answer."""
AWAY_PAUSE = 1.0
_SQL = named_statements("pipeline.stores", "agreed.sql")


def answer_next(
    connection: Connection,
    engine_of: Callable[[Connection], Engine | None],
    now: Callable[[], datetime],
    reach: Callable[[str], None] = lambda _: None,
) -> DecisionMade | None:
    """Answer the referral that was agreed on first and that nobody else has in hand; None when there is none that can be answered now.

    One whose limits lack something is left as it is, and without an answer once its time is over. `connection` is in autocommit mode.
    `engine_of` gives the built-in one, None where somebody else's decides; `reach` passes failpoints.
    """
    left: list[str] = []
    while True:
        found = _answer_next(connection, engine_of, now, reach, left)
        if not isinstance(found, str):
            return found
        left.append(found)


def _answer_next(
    connection: Connection,
    engine_of: Callable[[Connection], Engine | None],
    now: Callable[[], datetime],
    reach: Callable[[str], None],
    left: Sequence[str],
) -> DecisionMade | str | None:
    """Answer the first referral that is not among those `left`; its id where there is no answer."""
    with connection.transaction():
        row = connection.execute(_SQL["hold_agreed"], {"left": list(left)}).fetchone()
        if row is None:
            return None
        text, causation_id, verdict = row
        referred = decode(text.encode(), DecisionMade)
        spoke = connection.execute(_SQL["people"], {"decision_id": referred.decision_id, "verdict": verdict}).fetchall()
        agreed = Agreed(referred=referred, verdict=verdict, people=tuple(login for (login,) in spoke))
        reach("agreed.in_transaction")
        made = answer(agreed, _question(connection, referred), engine_of(connection), PostgresExposures(connection), now)
        if not isinstance(made, DecisionMade):
            if made == "expired":
                connection.execute(_SQL["expire"], {"decision_id": referred.decision_id, "now": now()})
            return referred.decision_id
        closed = {
            "decision_id": referred.decision_id,
            "state": "approved" if made.verdict == "ACCEPT" else "refused",
            "answer_id": made.decision_id,
            "answer": encode(made).decode(),
            "now": made.decided_at,
        }
        connection.execute(_SQL["answer"], closed)
        outbox.put(connection, [approvals.decided(made, causation_id)])
        reach("agreed.before_commit")
    reach("agreed.after_commit")
    return made


def _question(connection: Connection, referred: DecisionMade) -> DecisionRequested | None:
    try:
        return PostgresDecisions().question(connection, referred.request_id, referred.context_sha256)
    except PoisonRecordError:
        log.exception("the question %s cannot be read", referred.request_id)
        return None


@dataclass(slots=True)
class Answering:
    """Answers what is agreed on, until told to stop; a database that is away is waited for."""

    session: Session
    engine_of: Callable[[Connection], Engine | None]
    """The built-in engine by the policy in force; None where somebody else's decides."""
    clock: Clock
    failpoints: Failpoints
    reason: str | None = field(default=None, init=False)
    """What is waited for, for `/readyz` and `custodian status`."""

    def run(self, stop: threading.Event) -> None:
        """Look every LOOK_INTERVAL; raise FatalError when going on would be wrong."""
        pause = 0.0
        while not stop.wait(pause):
            pause = self._look(stop)
        self.session.close()

    def _look(self, stop: threading.Event) -> float:
        try:
            with self.session.use("answering what people agreed on") as connection:
                while not stop.is_set():
                    made = answer_next(connection, self.engine_of, self.clock.now, self.failpoints.reach)
                    if made is None:
                        break
                    log.info("people agreed", extra={"decision_id": made.decision_id, "refers_to": made.refers_to, "verdict": made.verdict})
        except RetryableError as error:
            self.reason = str(error)
            log.warning("referrals wait for PostgreSQL", extra={"reason": self.reason})
            return error.retry_after or AWAY_PAUSE
        self.reason = None
        return LOOK_INTERVAL
