"""What the executor says: how a command ended, and the alarms of commands. Ids are derived, so a repeated publication is the same event."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from pipeline.commands.command import Completed, Order
from pipeline.domain.accepting import Look
from pipeline.domain.money import plain
from pipeline.log import topics
from pipeline.log.codec import encode
from pipeline.log.envelope import Envelope, Outgoing, correlation_of, derive_id, time_text
from pipeline.log.notices import alarm
from pipeline.log.topics import EventType
from pipeline.ports import Sighting
from schemas.accepting import CommandCompleted, ComplianceRead
from schemas.events import QuoteReceived

SOURCE = "/commands"


def completed_event(completed: Completed) -> Outgoing:
    """Return the `command-completed` of an ending: the same bytes and the same id however often it is made."""
    order, ending = completed.order, completed.ending
    event = CommandCompleted(
        command_id=order.command_id,
        venue=order.venue,
        intent_id=order.intent_id,
        kind=order.kind,
        quote_id=order.quote_id,
        decision_id=order.decision_id,
        outcome=ending.outcome,
        reason=ending.reason,
        http_status=ending.http_status,
        error_code=ending.error_code,
        attempts=completed.calls,
        sent_at=None if completed.sent_at is None else time_text(completed.sent_at),
        completed_at=time_text(completed.completed_at),
        response=ending.response,
    )
    envelope = Envelope(
        id=derive_id("command_completed", order.command_id),
        kind=topics.COMMAND_COMPLETED,
        source=SOURCE,
        subject=order.intent_id,
        time=completed.completed_at,
        correlation_id=correlation_of(order.venue, order.intent_id),
        causation_id=order.causation_id,
    )
    return Outgoing(envelope=envelope, key=order.intent_id, value=encode(event))


def events_of(completed: Sequence[Completed]) -> list[Outgoing]:
    """Return the events of endings: one each, and an alarm for an outcome that stayed unknown."""
    events = []
    for one in completed:
        events.append(completed_event(one))
        if one.ending.outcome == "unknown":
            events.append(_outcome_unknown(one))
    return events


def record_of(seen: Sighting, completed: Completed) -> Outgoing:
    """Return an order that the venue showed in its answer to a call, as the event that a reading of it would be, with the same id."""
    return _read(seen, topics.ORDER_UPDATED, completed.order, completed.completed_at)


def evidence_of(look: Look, order: Order, at: datetime) -> list[Outgoing]:
    """Return quotes and compliance snapshot of a look as the events that a reading of them is, with the same ids."""
    kinds = {QuoteReceived: topics.QUOTE_RECEIVED, ComplianceRead: topics.COMPLIANCE_READ}
    seen = [one for one in look.records if isinstance(one, Sighting) and type(one.event) in kinds]
    return [_read(one, kinds[type(one.event)], order, at) for one in seen]


def _read(seen: Sighting, kind: EventType, order: Order, at: datetime) -> Outgoing:
    envelope = Envelope(
        id=seen.ce_id,
        kind=kind,
        source=f"/venues/{order.venue}",
        subject=order.intent_id,
        time=at,
        correlation_id=correlation_of(order.venue, order.intent_id),
    )
    return Outgoing(envelope=envelope, key=order.intent_id, value=encode(seen.event))


def _outcome_unknown(completed: Completed) -> Outgoing:
    return alarm(
        kind="command_outcome_unknown",
        severity="critical",
        venue=completed.order.venue,
        subject=completed.order.intent_id,
        detail={**_told(completed.order), "calls": str(completed.calls), "reason": completed.ending.reason},
        now=completed.completed_at,
        source=SOURCE,
        causation_id=completed.order.causation_id,
        identity=(completed.order.command_id,),
    )


def second_command(order: Order, now: datetime) -> Outgoing:
    """Return the alarm about a command that came while another one for the same intent and kind was open."""
    return alarm(
        kind="command_while_open",
        severity="critical",
        venue=order.venue,
        subject=order.intent_id,
        detail=_told(order),
        now=now,
        source=SOURCE,
        causation_id=order.causation_id,
        identity=(order.command_id,),
    )


def _told(order: Order) -> dict[str, str]:
    told = {
        "command_id": order.command_id,
        "kind": order.kind,
        "quote_id": order.quote_id,
        "decision_id": order.decision_id,
        "not_after": time_text(order.not_after),
        "target_amount": f"{plain(order.target_amount)} {order.target_currency}",
    }
    return {name: value for name, value in told.items() if value is not None}
