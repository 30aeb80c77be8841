"""Questions, decisions and referrals for tests: as records of their topics, written by the sink on a real database."""

from __future__ import annotations

import hashlib
import itertools
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import psycopg
from msgspec.structs import replace

from pipeline.clock import SystemClock
from pipeline.decisions.sink import DecisionSink
from pipeline.log import topics
from pipeline.log.codec import encode
from pipeline.log.envelope import Record, parse_time, time_text
from pipeline.policy.engine import Engine
from pipeline.ports import Written
from pipeline.stores import approvals, roles
from pipeline.stores.agreed import answer_next
from pipeline.stores.approvals import Said
from pipeline.stores.belief import Trust
from pipeline.stores.decisions import PostgresDecisions
from pipeline.stores.postgres import Connection
from pipeline.testing.questions import NOW, record
from schemas.accepting import DecisionMade, DecisionRequested, PolicyName, RuleOutcome
from tests.signing import DESK, signature

POLICY = PolicyName(name="default", version=3, sha256=hashlib.sha256(b"policy").hexdigest())
OFFSETS = itertools.count()


def asked(event: DecisionRequested) -> Record:
    """Return a question as it stands in its topic."""
    return record(event, topics.DECISION_REQUESTED, offset=next(OFFSETS))


def heard(event: DecisionMade, *, signed: str | None = "desk") -> Record:
    """Return a decision as it stands in its topic, signed by the key of an external engine if by any."""
    plain = record(event, topics.DECISION_MADE, offset=next(OFFSETS))
    return plain if signed is None else with_signature(plain, signature(plain.value, event.context_sha256, key=signed))


def with_signature(plain: Record, said: str) -> Record:
    """Return a record with a signature of any kind."""
    return replace(plain, headers=[*plain.headers, ("ce_signature", said.encode())])


def answer(request: DecisionRequested, verdict: str = "REFER", **changes: Any) -> DecisionMade:
    """Return a decision about a question, by default one that refers it."""
    large = RuleOutcome(
        name="largest order",
        check="amount_at_most",
        verdict="REFER",
        inputs={"source_amount_max": "12000000"},
        limit="10000000",
        observed="12000000",
        explanation="The order's amount is at most the limit.",
    )
    stated: dict[str, Any] = {
        "decision_id": f"d-{request.round}-{verdict}",
        "request_id": request.request_id,
        "venue": request.venue,
        "intent_id": request.intent_id,
        "question": request.question,
        "verdict": verdict,
        "policy": POLICY,
        "decided_by": "built-in",
        "decided_at": time_text(parse_time(request.requested_at, "requested_at") + timedelta(milliseconds=20)),
        "rules": (large,),
        "context_sha256": request.context_sha256,
        "approvers_needed": 1 if verdict == "REFER" else 0,
    }
    return DecisionMade.model_validate(stated | changes)


def write(database: Connection, records: Sequence[Record], *, now: datetime = NOW, expires: float = 300, trust: Trust = DESK) -> Written:
    """Write records as one batch, in one transaction."""
    with database.transaction():
        return DecisionSink(PostgresDecisions(trust), referral_expires=expires).write(database, records, now)


def finished(database: Connection, decision_id: str, said: Said, *, now: datetime = NOW, engine: Engine | None = None) -> Said:
    """Let the role answer what people agreed on, and return what became of it."""
    assert said.became == "agreed", said
    answer_next(database, lambda _: engine, lambda: now)
    return approvals.answered(database, decision_id, said)


@contextmanager
def answering(dsn: str, engine: Engine | None = None) -> Iterator[None]:
    """Run what the role `commands` does about referrals: it beats, and answers what people agree on, by `engine` or without limits."""
    stop = threading.Event()
    beat = roles.Heartbeat(instance="c", role="commands", pid=1, host="h", metrics_port=None, healthy=True, restarts=0, report={})

    def work() -> None:
        with psycopg.connect(dsn, autocommit=True) as connection:
            while not stop.wait(0.05):
                roles.beat(connection, beat)
                answer_next(connection, lambda _: engine, SystemClock().now)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(30)


def commit(database: Connection, *made: DecisionMade) -> None:
    """Commit decisions as the built-in engine does before it publishes them."""
    for decision in made:
        stated = decision.model_dump(include={"request_id", "context_sha256", "decision_id", "venue", "intent_id", "question", "verdict"})
        database.execute(
            "INSERT INTO risk.decisions"
            " (request_id, context_sha256, decision_id, venue, intent_id, question, verdict, decision, decided_at) VALUES"
            " (%(request_id)s, %(context_sha256)s, %(decision_id)s, %(venue)s, %(intent_id)s, %(question)s, %(verdict)s, %(text)s, now())",
            {**stated, "text": encode(decision).decode()},
        )
