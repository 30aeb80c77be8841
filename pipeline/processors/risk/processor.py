"""The risk processor: `decision_requested` in, `decision_made` out, exposures kept beside.

It also reads what moves exposures: `decision_made` (approvals by people), `command_completed` (refusals) and `order_updated` (the end of
orders). The value that engines run is `RISK`; an engine that runs it calls `settle.settle` for each batch before, in a transaction of its
own. Its state's key is "venue/intent".
"""

from __future__ import annotations

from typing import get_args

from pipeline.counted import VERDICTS
from pipeline.domain import lifecycle
from pipeline.domain.identifiers import opaque
from pipeline.errors import PoisonRecordError
from pipeline.log import topics
from pipeline.log.codec import decode as decode_event
from pipeline.log.codec import encode
from pipeline.log.envelope import Envelope, Outgoing, Record, correlation_of, from_headers, parse_time
from pipeline.policy.exact import amount
from pipeline.processors.processor import Keyed, Processor
from pipeline.processors.risk.decide import Answered, Fact, Nothing, decide, evolve
from pipeline.processors.risk.events import CommandRefused, NothingToDo, OrderEnded, PeopleApproved, QuestionAsked, RiskEvent
from pipeline.processors.risk.state import RiskState, from_json, to_json
from schemas.accepting import CommandCompleted, DecisionMade, DecisionRequested
from schemas.events import OrderUpdated

SOURCE = "/processors/risk"


def decode(record: Record) -> Keyed[RiskEvent]:
    """Read a record of one of the four topics; raise PoisonRecordError when it is none, or stands under another order's key."""
    envelope = from_headers(record.headers)
    event: RiskEvent
    match envelope.kind:
        case topics.DECISION_REQUESTED:
            request = decode_event(record.value, DecisionRequested)
            event = QuestionAsked(request=request, cause=envelope.id, correlation_id=envelope.correlation_id)
        case topics.DECISION_MADE:
            event = _made(decode_event(record.value, DecisionMade))
        case topics.COMMAND_COMPLETED:
            event = _completed(decode_event(record.value, CommandCompleted))
        case topics.ORDER_UPDATED:
            event = _updated(decode_event(record.value, OrderUpdated))
        case _:
            raise PoisonRecordError(f"a {envelope.kind.ce_type} does not belong into this topic")
    if record.key != event.intent_id.encode():
        raise PoisonRecordError(f"the record's key is not its intent id {event.intent_id}")
    return Keyed(f"{opaque(event.venue, 'venue')}/{opaque(event.intent_id, 'intent_id')}", event)


def _made(made: DecisionMade) -> RiskEvent:
    if made.verdict != "ACCEPT" or made.refers_to is None:
        return NothingToDo(venue=made.venue, intent_id=made.intent_id, what="answer_seen")
    return PeopleApproved(
        venue=made.venue,
        intent_id=made.intent_id,
        question=made.question,
        quote_id=made.quote_id,
        decision_id=made.decision_id,
        refers_to=made.refers_to,
    )


def _completed(completed: CommandCompleted) -> RiskEvent:
    if completed.outcome not in ("refused", "expired"):
        return NothingToDo(venue=completed.venue, intent_id=completed.intent_id, what="command_seen")
    return CommandRefused(venue=completed.venue, intent_id=completed.intent_id, question=completed.kind, decision_id=completed.decision_id)


def _updated(update: OrderUpdated) -> RiskEvent:
    if lifecycle.is_open(update.status) or update.side in ("receiver", "none"):
        return NothingToDo(venue=update.venue, intent_id=update.intent_id, what="order_seen")
    return OrderEnded(
        venue=update.venue,
        intent_id=update.intent_id,
        status=opaque(update.status, "status"),
        settled=update.status == lifecycle.SETTLED,
        source_amount=amount(update.source_amount_actual),
        seen_at=parse_time(update.observed.observed_at, "observed_at"),
    )


def emit(fact: Fact) -> Outgoing | None:
    """Return the event that an answer puts into Kafka; its id is the decision's."""
    if not isinstance(fact, Answered):
        return None
    answer = fact.answer
    envelope = Envelope(
        id=answer.decision_id,
        kind=topics.DECISION_MADE,
        source=SOURCE,
        subject=answer.intent_id,
        time=parse_time(answer.decided_at, "decided_at"),
        correlation_id=fact.correlation_id or correlation_of(answer.venue, answer.intent_id),
        causation_id=fact.cause,
    )
    return Outgoing(envelope=envelope, key=answer.intent_id, value=encode(answer))


def outcome(fact: Fact) -> str:
    """Name a fact for the metrics: the verdict in small letters, or what was counted."""
    return fact.answer.verdict.lower() if isinstance(fact, Answered) else fact.outcome


RISK: Processor[RiskState, RiskEvent, Fact] = Processor(
    name="risk",
    consumes=(topics.DECISION_REQUESTED, topics.DECISION_MADE, topics.COMMAND_COMPLETED, topics.ORDER_UPDATED),
    emits=(topics.DECISION_MADE, topics.ALARM_RAISED, topics.DEAD_LETTER),
    initial=RiskState(),
    decode=decode,
    decide=decide,
    evolve=evolve,
    emit=emit,
    outcome=outcome,
    outcomes=(*get_args(Nothing), *VERDICTS),
    store=to_json,
    restore=from_json,
)
