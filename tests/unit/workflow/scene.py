"""A scene for the workflow: what a venue shows, what others decide and do, by the hand of a test, on the in-memory driver."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime, timedelta
from typing import Any

from pipeline.engines.inline import InlineEngine
from pipeline.log import topics
from pipeline.log.codec import encode
from pipeline.log.envelope import Envelope, Outgoing, Record, correlation_of, derive_id, time_text, to_headers
from pipeline.log.topics import EventType
from pipeline.processors.workflow.facts import WorkflowRules
from pipeline.processors.workflow.processor import workflow
from pipeline.processors.workflow.state import WorkflowState, from_json
from pipeline.testing.clocks import START, HandClock
from pipeline.testing.orders import PREFIX, VENUE, intent
from schemas.accepting import CommandCompleted, ComplianceRead, DecisionMade, RateRead
from schemas.events import Event, OrderUpdated, QuoteReceived

KINDS: dict[type[Event], EventType] = {
    OrderUpdated: topics.ORDER_UPDATED,
    QuoteReceived: topics.QUOTE_RECEIVED,
    ComplianceRead: topics.COMPLIANCE_READ,
    RateRead: topics.RATE_READ,
    DecisionMade: topics.DECISION_MADE,
    CommandCompleted: topics.COMMAND_COMPLETED,
}

PROPOSAL = {
    "sender_party_id": "bank-a",
    "receiver_party_id": "bank-b",
    "sender_custodian_party_id": "custodian-a",
    "receiver_custodian_party_id": "custodian-b",
    "source_currency": "JPYSC0",
    "target_currency": "USDCx",
    "target_amount": "100000",
    "source_amount_max": "12000000",
    "created_at": "2025-03-15T09:00:00.000Z",
    "expires_at": "2025-03-15T09:05:00.000Z",
    "jurisdiction_sender": "JP",
    "jurisdiction_receiver": "KR",
}


def at(seconds: float) -> str:
    """Return a time that many seconds after the start, as text."""
    return time_text(START + timedelta(seconds=seconds))


def _with_document(kind: type[Event], said: dict[str, Any], seconds: float, origin: str = "read") -> Any:
    document = json.dumps({name: value for name, value in said.items() if value is not None}, sort_keys=True)
    observed = {"origin": origin, "observed_at": at(seconds)}
    digest = hashlib.sha256(document.encode()).hexdigest()
    return kind.model_validate({**said, "observed": observed, "document": document, "document_sha256": digest})


def order(
    status: str = "PENDING", *, side: str | None = "sender", seconds: float = 0.0, origin: str = "read", number: int = 1, **fields: Any
) -> OrderUpdated:
    """Return an order as the venue's record shows it, a proposal of full terms unless told otherwise."""
    terms = {} if origin in ("stream", "absence") else PROPOSAL
    said = {"venue": VENUE, "intent_id": intent(number), "status": status, "side": side, **terms, **fields}
    shown: OrderUpdated = _with_document(OrderUpdated, said, seconds, origin)
    return shown


def hint(status: str, *, seconds: float = 0.0, number: int = 1) -> OrderUpdated:
    """Return what the stream hints of an order: little more than its status."""
    return order(status, side=None, seconds=seconds, origin="stream", number=number)


def quote(
    quote_id: str = "q1", rate: str | None = "112", *, seconds: float = 8.0, valid: float | None = 38.0, number: int = 1, **fields: Any
) -> QuoteReceived:
    """Return a quote seen after `seconds` and valid until `valid` seconds after the start."""
    said = {"venue": VENUE, "intent_id": intent(number), "quote_id": quote_id, "fx_rate": rate, **fields}
    said["valid_until"] = None if valid is None else at(valid)
    shown: QuoteReceived = _with_document(QuoteReceived, said, seconds)
    return shown


def compliance(*, seconds: float = 0.2, number: int = 1, **fields: Any) -> ComplianceRead:
    """Return a compliance snapshot."""
    said = {"venue": VENUE, "intent_id": intent(number), "kyc_status": "KYC_VERIFIED", "risk_rating": "LOW", **fields}
    shown: ComplianceRead = _with_document(ComplianceRead, said, seconds)
    return shown


def rate(value: str = "111.9", *, provider: str = "desk", seconds: float = 0.1, number: int = 1, **fields: Any) -> RateRead:
    """Return a reference rate read for the order's pair."""
    said: dict[str, Any] = {"source_currency": "JPYSC0", "target_currency": "USDCx", "rate": value, "sources": 3, "provider": provider}
    said |= {"quoted_at": at(seconds), "observed_at": at(seconds), "document": "{}", "document_sha256": hashlib.sha256(b"{}").hexdigest()}
    return RateRead.model_validate({"venue": VENUE, "intent_id": intent(number), **said, **fields})


def decision(request: dict[str, Any], verdict: str, quote_id: str | None = None, *, engine: str = "rules", **fields: Any) -> DecisionMade:
    """Return an answer to a request."""
    said = {
        "decision_id": derive_id("decision", request["request_id"], engine, verdict, quote_id, request["context_sha256"]),
        "decided_by": engine,
        "decided_at": request["requested_at"],
        "verdict": verdict,
        "quote_id": quote_id,
        "policy": {"name": "default", "version": 1, "sha256": "0" * 64},
        **{name: request[name] for name in ("request_id", "venue", "intent_id", "question", "context_sha256")},
    }
    return DecisionMade.model_validate({**said, **fields})


def completion(command: dict[str, Any], outcome: str = "succeeded", *, attempts: int = 1, **fields: Any) -> CommandCompleted:
    """Return what became of a command."""
    said = {name: command.get(name) for name in ("command_id", "venue", "intent_id", "kind", "quote_id", "decision_id")}
    return CommandCompleted.model_validate({**said, "outcome": outcome, "attempts": attempts, "completed_at": at(0), **fields})


class Scene:
    """One workflow in memory, its clock, and everything that it has said."""

    def __init__(self, rules: WorkflowRules | None = None, *, clock: HandClock | None = None, states: dict[str, str] | None = None) -> None:
        """`states` is what a former scene left."""
        self.rules = rules or WorkflowRules()
        self.clock = clock or HandClock()
        self.engine: InlineEngine[Any, Any, Any] = InlineEngine(workflow(self.rules), self.clock, states=states)
        self._offsets: dict[EventType, int] = {}
        self.said: list[Outgoing] = []

    @property
    def now(self) -> datetime:
        """Return the time."""
        return self.clock.now()

    def hears(self, *events: Event) -> list[dict[str, Any]]:
        """Let it hear events at this time; return what it says, as JSON trees."""
        return [said for event in events for said in self.run([self.record(event)])]

    def run(self, records: list[Record]) -> list[dict[str, Any]]:
        """Let it read records."""
        return self._heard(self.engine.run(records))

    def record(self, event: Event) -> Record:
        """Return an event as the next record of its topic."""
        kind = KINDS[type(event)]
        offset = self._offsets.get(kind, 0)
        self._offsets[kind] = offset + 1
        return record(event, offset)

    def at(self, seconds: float) -> list[dict[str, Any]]:
        """Go on to a time after the start, waking whenever a time has come on the way; return what it says."""
        target, said = START + timedelta(seconds=seconds), list[dict[str, Any]]()
        while (due := self.engine.due_at) is not None and due <= target:
            self.clock.pass_by(max((due - self.now).total_seconds(), 0))
            said += self.wakes()
        self.clock.pass_by((target - self.now).total_seconds())
        return said

    def wakes(self) -> list[dict[str, Any]]:
        """Wake what is due now."""
        return self._heard(self.engine.wake_due())

    def _heard(self, out: list[Outgoing]) -> list[dict[str, Any]]:
        self.said += out
        return [{**json.loads(one.value), "_kind": one.envelope.kind.name.removesuffix(".v1")} for one in out]

    def state(self, number: int = 1) -> WorkflowState:
        """Return the stored state of an intent."""
        text = self.engine.states.get(f"{VENUE}/{intent(number)}")
        return WorkflowState() if text is None else from_json(text)

    def restarted(self) -> Scene:
        """Return a scene that knows only what was stored."""
        scene = Scene(self.rules, clock=self.clock, states=self.engine.states)
        scene.engine.positions = dict(self.engine.positions)
        scene._offsets = dict(self._offsets)
        scene.said = list(self.said)
        return scene


def record(event: Event, offset: int) -> Record:
    """Return an event as a record of its topic."""
    kind = KINDS[type(event)]
    fields: Any = event
    envelope = Envelope(
        id=derive_id("test", kind.name, str(offset), event.model_dump_json()),
        kind=kind,
        source="/test",
        subject=fields.intent_id,
        time=START,
        correlation_id=correlation_of(fields.venue, fields.intent_id),
    )
    return Record(
        topic=kind.topic(PREFIX),
        partition=0,
        offset=offset,
        key=fields.intent_id.encode(),
        value=encode(event),
        headers=to_headers(envelope),
    )
