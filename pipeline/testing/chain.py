"""A processor for exams, on which order, loss and repetition show: each key keeps a chain of digests over everything that it was given.

Its answers are as easy to say beforehand as they are hard to come by otherwise: the third link of a key is the digest of the second one and
of the third record's bytes. A record may also ask to be woken at a time, stop the worker, raise what nobody expects, or kill the process;
and it may ask for a wake-up that raises.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from pipeline.errors import FatalError, PoisonRecordError
from pipeline.log import topics
from pipeline.log.envelope import Envelope, Outgoing, Record, correlation_of, derive_id, time_text
from pipeline.processors.processor import Keyed, Processor

CONSUMED, EMITTED = topics.ORDER_UPDATED, topics.ORDER_SETTLED
"""Any two topics; the records in them are the exam's own."""
VENUE = "exam"


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """What is kept of a key."""

    key: str = ""
    steps: int = 0
    link: str = ""
    due: datetime | None = None
    woken: int = 0
    breaks: bool = False
    """Its wake-up raises."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """A record, read."""

    key: str
    value: bytes
    due: datetime | None
    fault: str | None = None
    """What the record does to who decides on it: "raises", "kills", or nothing; "wake raises" is for later."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Linked:
    """The chain has grown."""

    key: str
    step: int
    link: str
    due: datetime | None
    at: datetime
    breaks: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Woken:
    """The time that a record asked for has come."""

    key: str
    due: datetime
    at: datetime


Fact = Linked | Woken


def chain(name: str, *, kill: Callable[[], object], stops: bool = True) -> Processor[Chain, Given, Fact]:
    """Return the processor under a name; `kill` ends the process where a record asks for that.

    Without `stops` the records that stop, break or kill are links like others, as after a repair.
    """

    def decode(record: Record) -> Keyed[Given]:
        said = _document(record)
        if stops and said.get("stop"):
            raise FatalError(f"the exam stops the worker at {record.topic}[{record.partition}] offset {record.offset}")
        due = datetime.fromisoformat(said["due"]) if "due" in said else None
        key = (record.key or b"").decode()
        return Keyed(key, Given(key=key, value=record.value, due=due, fault=said.get("fault") if stops else None))

    def wake(state: Chain, now: datetime) -> tuple[Fact, ...]:
        if stops and state.breaks and state.due is not None and state.due <= now:
            raise ValueError("the exam's wake-up breaks")
        return _wake(state, now)

    def decide(state: Chain, event: Given, now: datetime) -> tuple[Fact, ...]:
        if event.fault == "kills":
            kill()
        if event.fault == "raises":
            raise ValueError("the exam's record breaks")
        return _decide(state, event, now)

    return Processor(
        name=name,
        consumes=(CONSUMED,),
        emits=(EMITTED,),
        initial=Chain(),
        decode=decode,
        decide=decide,
        evolve=_evolve,
        emit=_emit,
        outcome=lambda fact: type(fact).__name__.lower(),
        store=_store,
        restore=_restore,
        wake_at=lambda state: state.due,
        wake=wake,
    )


def _document(record: Record) -> dict[str, Any]:
    try:
        said = json.loads(record.value)
    except ValueError as error:
        raise PoisonRecordError(f"not a record of the exam: {error}") from None
    if not isinstance(said, dict):
        raise PoisonRecordError("not a record of the exam")
    return said


def _decide(state: Chain, event: Given, now: datetime) -> tuple[Fact, ...]:
    link = hashlib.sha256(state.link.encode() + event.value).hexdigest()
    return (Linked(key=event.key, step=state.steps + 1, link=link, due=event.due, at=now, breaks=event.fault == "wake raises"),)


def _wake(state: Chain, now: datetime) -> tuple[Fact, ...]:
    if state.due is None or state.due > now:
        return ()
    return (Woken(key=state.key, due=state.due, at=now),)


def _evolve(state: Chain, fact: Fact) -> Chain:
    match fact:
        case Linked():
            breaks = state.breaks or fact.breaks
            return replace(state, key=fact.key, steps=fact.step, link=fact.link, due=fact.due or state.due, breaks=breaks)
        case Woken():
            return replace(state, due=None, woken=state.woken + 1, breaks=False)


def _emit(fact: Fact) -> Outgoing:
    match fact:
        case Linked():
            said = {"key": fact.key, "step": fact.step, "link": fact.link}
            identity = derive_id("chain", fact.key, str(fact.step), fact.link)
        case Woken():
            said = {"key": fact.key, "woken": time_text(fact.due)}
            identity = derive_id("chain-woken", fact.key, time_text(fact.due))
    return Outgoing(
        envelope=Envelope(
            id=identity, kind=EMITTED, source="/exam", subject=fact.key, time=fact.at, correlation_id=correlation_of(VENUE, fact.key)
        ),
        key=fact.key,
        value=json.dumps(said).encode(),
    )


def _store(state: Chain) -> str:
    due = None if state.due is None else time_text(state.due)
    said = {"key": state.key, "steps": state.steps, "link": state.link, "due": due, "woken": state.woken, "breaks": state.breaks}
    return json.dumps(said)


def _restore(text: str) -> Chain:
    said = json.loads(text)
    due = None if said["due"] is None else datetime.fromisoformat(said["due"])
    return Chain(key=said["key"], steps=said["steps"], link=said["link"], due=due, woken=said["woken"], breaks=said["breaks"])
