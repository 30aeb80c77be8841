"""The workflow processor: what the venue shows and what was decided and done in, requests for decisions and commands out.

`workflow(rules)` is the value that engines run. Its state's key is "venue/intent". Whatever it consumes stands under the intent's key, so
one partition number holds all of an intent; between topics the order of records is any. Ids of what it emits are derived:
`decision_requested` from (request, context), `command_issued` is the command's id, which follows from the decision.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Any, get_args

from pipeline.counted import VERDICTS, CommandOutcome
from pipeline.domain.identifiers import opaque
from pipeline.domain.money import parse_amount
from pipeline.errors import PoisonRecordError
from pipeline.log import topics
from pipeline.log.codec import decode as decode_event
from pipeline.log.codec import encode
from pipeline.log.envelope import Envelope, Outgoing, Record, correlation_of, derive_id, header, moment, parse_time
from pipeline.log.topics import EventType
from pipeline.processors.processor import Keyed, Processor, Raised
from pipeline.processors.workflow import decide as decisions
from pipeline.processors.workflow.asking import ORDER_FIELDS
from pipeline.processors.workflow.evolve import evolve
from pipeline.processors.workflow.facts import (
    Answered,
    AnswerKept,
    AnswerSeen,
    AnswerTaken,
    Asked,
    CommandDone,
    Commanded,
    Completed,
    ComplianceMissed,
    ComplianceNoted,
    ComplianceShown,
    Counted,
    Fact,
    Heard,
    Met,
    Moved,
    Nothing,
    OrderNoted,
    OrderShown,
    QuoteLapsed,
    QuoteNoted,
    QuoteShown,
    RateNoted,
    RateShown,
    WorkflowRules,
)
from pipeline.processors.workflow.state import QUOTE_TERMS, Answer, Done, WorkflowState, from_json, to_json
from pipeline.processors.workflow.transitions import Trigger
from schemas.accepting import (
    CommandCompleted,
    CommandIssued,
    ComplianceFacts,
    ComplianceRead,
    DecisionMade,
    DecisionRequested,
    Question,
    RateRead,
)
from schemas.events import OrderUpdated, QuoteReceived

NAME = "workflow"
SOURCE = "/processors/workflow"

_AMOUNTS = frozenset({"target_amount", "source_amount_max", "fx_rate", "source_amount"})
_TIMES = frozenset({"created_at", "expires_at", "valid_until"})
_RATE_FIELDS = ("source_currency", "target_currency", "rate", "sources", "provider", "quoted_at")


OUTCOMES = (
    *get_args(Nothing),
    *("met", "noted", "quote_lapsed", "decision_early", "alarm"),
    *(f"moved_{trigger}" for trigger in Trigger),
    *(f"{what}_{question}" for what in ("asked", "commanded") for question in get_args(Question)),
    *(f"answered_{verdict}" for verdict in VERDICTS),
    *(f"command_{ending}" for ending in get_args(CommandOutcome)),
)
"""What facts are called in the metrics."""


def workflow(rules: WorkflowRules) -> Processor[WorkflowState, Heard, Fact]:
    """Return the processor that works by these rules."""
    return Processor(
        name=NAME,
        consumes=tuple(_READERS),
        emits=(topics.DECISION_REQUESTED, topics.COMMAND_ISSUED, topics.ALARM_RAISED, topics.DEAD_LETTER),
        initial=WorkflowState(),
        decode=decode,
        decide=partial(decisions.decide, rules),
        evolve=evolve,
        emit=emit,
        outcome=outcome,
        outcomes=OUTCOMES,
        store=to_json,
        restore=from_json,
        wake_at=partial(decisions.wake_at, rules),
        wake=partial(decisions.wake, rules),
    )


def decode(record: Record) -> Keyed[Heard]:
    """Read a record of any topic that is consumed; raise PoisonRecordError when it is none, or stands under another intent's key."""
    name = header(record.headers, "ce_type")
    reader = _BY_CE_TYPE.get(name or "")
    if reader is None:
        raise PoisonRecordError("the record has no header ce_type" if name is None else f"a {name[:80]} does not belong into this topic")
    cause = header(record.headers, "ce_id")
    if not cause:
        raise PoisonRecordError("the record has no header ce_id: it is no CloudEvent in binary mode")
    heard = reader(record.value, opaque(cause, "ce_id"))
    if record.key != heard.intent_id.encode():
        # Partitions keep an intent's records together by this key.
        raise PoisonRecordError(f"the record's key is not its intent id {heard.intent_id}")
    return Keyed(f"{opaque(heard.venue, 'venue')}/{opaque(heard.intent_id, 'intent_id')}", heard)


def _stated(event: Any, names: tuple[str, ...]) -> dict[str, str]:
    """Return what is stated, checked: what stands in a state can be read again. The ends of the calendar state nothing."""
    stated: dict[str, str] = {}
    for name in names:
        value = getattr(event, name)
        if value is None or (name in _TIMES and moment(value, name) is None):
            continue
        stated[name] = opaque(value, name)
        if name in _AMOUNTS:
            parse_amount(value, name)
    return stated


def _order(value: bytes, cause: str) -> Heard:
    event = decode_event(value, OrderUpdated)
    observed = event.observed
    return OrderShown(
        venue=event.venue,
        intent_id=event.intent_id,
        status=opaque(event.status, "status"),
        side=event.side,
        stated=_stated(event, ORDER_FIELDS),
        is_record=observed.origin in ("read", "list"),
        observed_at=parse_time(observed.observed_at, "observed_at"),
        cause=cause,
    )


def _quote(value: bytes, cause: str) -> Heard:
    event = decode_event(value, QuoteReceived)
    return QuoteShown(
        venue=event.venue,
        intent_id=event.intent_id,
        quote_id=None if event.quote_id is None else opaque(event.quote_id, "quote_id"),
        stated=_stated(event, QUOTE_TERMS),
        observed_at=parse_time(event.observed.observed_at, "observed_at"),
        cause=cause,
    )


def _compliance(value: bytes, cause: str) -> Heard:
    event = decode_event(value, ComplianceRead)
    return ComplianceShown(
        venue=event.venue,
        intent_id=event.intent_id,
        stated=_stated(event, tuple(ComplianceFacts.model_fields)),
        observed_at=parse_time(event.observed.observed_at, "observed_at"),
        cause=cause,
        lacking=event.lacking is not None,
    )


def _rate(value: bytes, cause: str) -> Heard:
    event = decode_event(value, RateRead)
    if not Decimal(event.rate):
        raise PoisonRecordError("rate is zero")
    return RateShown(
        venue=event.venue,
        intent_id=event.intent_id,
        provider=opaque(event.provider, "provider"),
        stated={name: opaque(str(getattr(event, name)), name) for name in _RATE_FIELDS},
        quoted_at=parse_time(event.quoted_at, "quoted_at"),
        cause=cause,
    )


def _decision(value: bytes, cause: str) -> Heard:
    event = decode_event(value, DecisionMade)
    answer = Answer(
        decision_id=opaque(event.decision_id, "decision_id"),
        request_id=opaque(event.request_id, "request_id"),
        question=event.question,
        verdict=event.verdict,
        quote_id=None if event.quote_id is None else opaque(event.quote_id, "quote_id"),
        context_sha256=event.context_sha256,
        refers_to=None if event.refers_to is None else opaque(event.refers_to, "refers_to"),
        decided_by=opaque(event.decided_by, "decided_by"),
        cause=cause,
    )
    return Answered(venue=event.venue, intent_id=event.intent_id, answer=answer)


def _completion(value: bytes, cause: str) -> Heard:
    event = decode_event(value, CommandCompleted)
    done = Done(
        command_id=opaque(event.command_id, "command_id"),
        kind=event.kind,
        quote_id=event.quote_id,
        outcome=event.outcome,
        http_status=event.http_status,
        reason=event.error_code or event.reason,
        attempts=event.attempts,
        completed_at=parse_time(event.completed_at, "completed_at"),
        cause=cause,
    )
    return Completed(venue=event.venue, intent_id=event.intent_id, done=done)


_READERS: dict[EventType, Callable[[bytes, str], Heard]] = {
    topics.ORDER_UPDATED: _order,
    topics.QUOTE_RECEIVED: _quote,
    topics.COMPLIANCE_READ: _compliance,
    topics.RATE_READ: _rate,
    topics.DECISION_MADE: _decision,
    topics.COMMAND_COMPLETED: _completion,
}
_BY_CE_TYPE = {kind.ce_type: reader for kind, reader in _READERS.items()}


def emit(fact: Fact) -> Outgoing | None:
    """Return the event that a fact puts into Kafka: a request, a command or an alarm."""
    match fact:
        case Asked(request=request):
            ce_id = derive_id(topics.DECISION_REQUESTED.ce_type, request.request_id, request.context_sha256)
            return _outgoing(ce_id, topics.DECISION_REQUESTED, request, fact.ask.asked_at, fact.cause)
        case Commanded(issued=issued) if issued is not None:
            return _outgoing(issued.command_id, topics.COMMAND_ISSUED, issued, fact.command.issued_at, fact.cause)
        case Raised():
            return fact.outgoing(SOURCE)
        case _:
            return None


def _outgoing(ce_id: str, kind: EventType, event: DecisionRequested | CommandIssued, at: datetime, cause: str | None) -> Outgoing:
    envelope = Envelope(
        id=ce_id,
        kind=kind,
        source=SOURCE,
        subject=event.intent_id,
        time=at,
        correlation_id=correlation_of(event.venue, event.intent_id),
        causation_id=cause,
    )
    return Outgoing(envelope=envelope, key=event.intent_id, value=encode(event))


def outcome(fact: Fact) -> str:
    """Name a fact for the metrics."""
    match fact:
        case Counted(name) | AnswerSeen(outcome=name):
            return name
        case Met():
            return "met"
        case OrderNoted() | QuoteNoted() | ComplianceNoted() | ComplianceMissed() | RateNoted():
            return "noted"
        case QuoteLapsed():
            return "quote_lapsed"
        case Moved(trigger=trigger):
            return f"moved_{trigger}"
        case Asked(ask=ask):
            return f"asked_{ask.question}"
        case AnswerTaken(answer):
            return f"answered_{answer.verdict.lower()}"
        case AnswerKept():
            return "decision_early"
        case Commanded(command=command):
            return f"commanded_{command.kind}"
        case CommandDone(done):
            return f"command_{done.outcome}"
        case Raised():
            return "alarm"
