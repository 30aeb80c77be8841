"""The step "decisions" of the batch loop: keeps every question and every answer, and lets people decide what was referred to them.

A referral opens once both its question and the decision that refers it are there, in whatever order the two topics bring them; a question
has one referral, of the first decision that referred it, for that is the one that the workflow waits for. A newer question about the same
thing closes the referral of the older one. Design, section 5.

An answer that is not believed is kept nowhere: it is refused, with an alarm. Nothing that stands in a topic answers a referral.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

from pipeline.decisions.ports import Asked, DecisionStore, Heard
from pipeline.decisions.shown import approvers_needed, shown_of
from pipeline.domain.identifiers import opaque
from pipeline.errors import PoisonRecordError
from pipeline.log import signatures, topics
from pipeline.log.codec import decode, encode
from pipeline.log.envelope import Outgoing, Record, header, parse_time
from pipeline.log.notices import alarm
from pipeline.log.topics import EventType
from pipeline.ports import Refusal, Transaction, Written
from schemas.accepting import DecisionMade, DecisionRequested
from schemas.events import Event

SOURCE = "/sinks/decisions"
ROUND_MAX = 2**31 - 1
"""What the database's integer holds; the workflow gives up long before."""


def read_record(record: Record) -> Asked | Heard:
    """Read a record of either topic; raise PoisonRecordError when nobody could act on it. What the workflow takes is read here too."""
    name, ce_id = header(record.headers, "ce_type"), header(record.headers, "ce_id")
    event: Event
    if name == topics.DECISION_REQUESTED.ce_type:
        event = _question(record.value)
        read: Asked | Heard = Asked(request=event, ce_id=ce_id)
    elif name == topics.DECISION_MADE.ce_type:
        event = _answer(record.value)
        read = Heard(decision=event, ce_id=ce_id, value=record.value, signature=signatures.signature_of(record.headers))
    else:
        raise PoisonRecordError("the record has no header ce_type" if name is None else f"a {name[:80]} does not belong into this topic")
    if record.key != event.intent_id.encode():
        raise PoisonRecordError(f"the record's key is not its intent id {event.intent_id}")
    if ce_id is not None:
        opaque(ce_id, "ce_id")
    return read


def _question(value: bytes) -> DecisionRequested:
    request = decode(value, DecisionRequested)
    for name in ("request_id", "venue", "intent_id"):
        opaque(getattr(request, name), name)
    for name in ("requested_at", "decide_by"):
        parse_time(getattr(request, name), name)
    if request.round > ROUND_MAX:
        raise PoisonRecordError(f"round is over {ROUND_MAX}")
    context = request.context
    if (context.venue, context.intent_id) != (request.venue, request.intent_id):
        raise PoisonRecordError("the context is about another order")
    if hashlib.sha256(encode(context)).hexdigest() != request.context_sha256:
        raise PoisonRecordError("context_sha256 is not the digest of the context")
    return request


def _answer(value: bytes) -> DecisionMade:
    decision = decode(value, DecisionMade)
    for name in ("decision_id", "request_id", "venue", "intent_id", "decided_by", "quote_id", "refers_to"):
        if getattr(decision, name) is not None:
            opaque(getattr(decision, name), name)
    return decision


class DecisionSink:
    """Keeps questions and answers, and opens referrals (a `Sink` of the ports)."""

    consumer = "decisions"
    kinds: Sequence[EventType] = (topics.DECISION_REQUESTED, topics.DECISION_MADE)

    def __init__(self, store: DecisionStore, *, referral_expires: float) -> None:
        """`referral_expires`: seconds after which nobody may approve any more, where the question's own time is longer."""
        self._store, self._expires = store, timedelta(seconds=referral_expires)

    def write(self, transaction: Transaction, records: Sequence[Record], now: datetime) -> Written:
        """Keep a batch; the same record twice has the effect of one."""
        refused: list[Refusal] = []
        raised: list[Outgoing] = []
        counts: Counter[str] = Counter()
        self._store.hold(transaction)
        read = [_read(record) for record in records]
        doubts = iter(self._store.doubts(transaction, [one for one in read if isinstance(one, Heard)]))
        for record, one in zip(records, read, strict=True):
            venue = None
            try:
                match one:
                    case PoisonRecordError():
                        raise one
                    case Asked():
                        venue = one.request.venue
                        counts.update(self._ask(transaction, one, now))
                    case Heard():
                        venue, doubt = one.decision.venue, next(doubts)
                        if doubt is not None:
                            raised += _not_believed(one, doubt, now)
                            raise PoisonRecordError(f"not believed: {doubt}")
                        counts.update(self._hear(transaction, one, now))
            except PoisonRecordError as error:
                refused.append(Refusal(record=record, reason=error.reason, venue=venue))
        counts["expired"] = self._store.expire(transaction, now)
        return Written(refused=refused, raised=raised, counts={name: number for name, number in counts.items() if number})

    def _ask(self, transaction: Transaction, asked: Asked, now: datetime) -> dict[str, int]:
        if not self._store.keep_question(transaction, asked, now):
            return {"repeated": 1}
        return {"asked": 1, **self._refer(transaction, asked.request, now)}

    def _hear(self, transaction: Transaction, heard: Heard, now: datetime) -> dict[str, int]:
        decision = heard.decision
        match self._store.keep_answer(transaction, heard, now):
            case "repeated":
                return {"repeated": 1}
            case "contradicted":
                raise PoisonRecordError(f"the decision {decision.decision_id} was made before, and said something else")
        counts = {f"decided_{decision.verdict.lower()}": 1}
        if decision.refers_to is not None:
            self._store.overtake(transaction, decision, now)
        if decision.verdict != "REFER":
            return counts
        request = self._store.question(transaction, decision.request_id, decision.context_sha256)
        return counts if request is None else {**counts, **self._refer(transaction, request, now)}

    def _refer(self, transaction: Transaction, request: DecisionRequested, now: datetime) -> dict[str, int]:
        """Open the referral of a question that somebody referred, and close what a newer question has overtaken, itself included."""
        opened = False
        heard = self._store.first_referral(transaction, request)
        if heard is not None:
            expires_at = min(parse_time(request.decide_by, "decide_by"), now + self._expires)
            opened = self._store.open_referral(
                transaction,
                heard,
                shown=shown_of(heard.decision, request, expires_at=expires_at),
                approvers_needed=approvers_needed(heard.decision),
                expires_at=expires_at,
                now=now,
            )
        return {"referred": int(opened), "superseded": self._store.supersede(transaction, request, now)}


def _read(record: Record) -> Asked | Heard | PoisonRecordError:
    try:
        return read_record(record)
    except PoisonRecordError as error:
        return error


def _not_believed(heard: Heard, doubt: str, now: datetime) -> list[Outgoing]:
    """Return the alarms about an answer that is not believed: one more where it claims that people approved."""
    decision = heard.decision
    kinds = ["decision_forged"]
    if decision.refers_to is not None and decision.verdict == "ACCEPT":
        kinds.append("decision_unapproved")
    told = {
        "decision_id": decision.decision_id,
        "request_id": decision.request_id,
        "refers_to": decision.refers_to,
        "question": decision.question,
        "verdict": decision.verdict,
        "decided_by": decision.decided_by,
        "reason": doubt,
    }
    detail = {name: text for name, text in told.items() if text is not None}
    sha256 = hashlib.sha256(heard.value).hexdigest()
    return [
        alarm(
            kind=kind,
            severity="critical",
            venue=decision.venue,
            subject=decision.intent_id,
            detail={**detail, "sha256": sha256},
            now=now,
            source=SOURCE,
            causation_id=heard.ce_id,
            identity=(decision.decision_id, sha256),
        )
        for kind in kinds
    ]
