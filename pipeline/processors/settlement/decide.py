"""Which settlements are emitted, once each, and which contradictions a person has to see.

* A SETTLED on full terms, from a hint or a record, is emitted as `order_settled` when nothing is booked for its order yet.
* A SETTLED hint that lacks terms, the name of our client among them, books nothing; ingest reads the record and publishes that. What the
  hint claims is remembered, and compared when the order is booked: the record is the truth, the contradiction is an alarm. Claims that
  contradict each other are compared only then, since before that nobody knows which of them is wrong.
* A record that says SETTLED but lacks terms, hash or side cannot be booked: alarm `settlement_incomplete`, once per order. One that lacks
  nothing but the name of our client is booked for nobody (`unattributed`), since the assets have moved: alarm `settlement_unattributed`.
  A later document that names the client contradicts that: alarm, and no second booking.
* After the booking: the same hash and no contradicting term is a duplicate, counted. The same hash (or none stated) with another value
  is an alarm `settlement_conflict`, once per distinct contradiction; another hash is an alarm `double_settlement`, once per hash.
  Neither is emitted.
* What is compared: the booked terms, and terms that the booked document did not state but a consistent earlier claim or later document
  did (in practice the rate). A document that contradicts teaches nothing. Absent fields do not contradict; equal values in other
  notation are equal.
* An order with our custody on neither side is followed and never emitted; that it settled is an alarm `settlement_not_ours`, once per
  order, since a venue shows a custodian its own orders: we may be another party there than we think. What it said is remembered as a claim,
  and it is booked when it is shown again with our side.
* What was emitted before clients were terms (version 1 of the digest) does not say for whom. The first record that names our client is a
  duplicate that teaches it, and the settlement is said again under its old id, so that the books compare the client with their entry's.

Design, sections 3, 4.7 and 5.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from pipeline.domain import following, lifecycle
from pipeline.domain.journal import UNATTRIBUTED
from pipeline.domain.orders import (
    CLIENTS,
    REQUIRED_FOR_BOOKING,
    TERMS_VERSION,
    Side,
    contradictions,
    digest,
    terms_digest,
    unnamed_clients,
)
from pipeline.log.envelope import time_text
from pipeline.processors.processor import Raised
from pipeline.processors.settlement.state import Booked, Claim, OrderState
from schemas.events import OrderSettled

Origin = Literal["stream", "read", "list", "absence"]


class OrderSeen(Struct, frozen=True, kw_only=True, gc=False):
    """A venue showed an order: the parts of `order_updated` that a settlement is decided on."""

    venue: str
    intent_id: str
    status: str
    side: Side | None
    transaction_hash: str | None
    stated: Mapping[str, str]
    """Terms by name in canonical spelling."""
    spelled: Mapping[str, str]
    """What travels on into `order_settled`, by its field names, as the venue spells it."""
    origin: Origin
    sign_at: datetime
    """When the first sign of this statement was here: the hint that led to it, else the document itself."""
    document_sha256: str
    cause: str
    """ce_id of the record."""
    left_out: tuple[str, ...] = ()
    """Fields of the document that nobody could read."""

    @property
    def is_record(self) -> bool:
        """Tell whether this is the venue's record rather than a hint of its stream."""
        return self.origin in ("read", "list")


class Followed(Struct, frozen=True, kw_only=True, gc=False):
    """The order moved on, or its side became known."""

    event: OrderSeen
    status: str
    side: Side | None


class Claimed(Struct, frozen=True, gc=False):
    """A statement of settlement that does not book is remembered for comparison."""

    claim: Claim


class Settled(Struct, frozen=True, kw_only=True, gc=False):
    """The order is settled: emitted, and booked here so that it never is again."""

    event: OrderSeen
    side: Side
    booked: Booked
    first_sign_at: datetime
    settled_at: datetime
    """The decision's own time."""
    again: bool = False
    """It was emitted before clients were terms, and is said again under the same id with the client named."""

    @property
    def terms_sha256(self) -> str:
        """Return the digest of the terms that are emitted; that of the first time stays in `booked`."""
        return terms_digest(self.event.stated) if self.again else self.booked.terms_sha256


class Learned(Struct, frozen=True, gc=False):
    """A consistent document stated terms that the booked one did not."""

    stated: Mapping[str, str]


Nothing = Literal["repeated", "regressed", "duplicate"]


class Counted(Struct, frozen=True, gc=False):
    """Nothing happens, and that is counted."""

    outcome: Nothing


Fact = Followed | Claimed | Settled | Learned | Counted | Raised


def decide(state: OrderState, event: OrderSeen, now: datetime) -> tuple[Fact, ...]:
    """Follow the order, emit its settlement once, and raise an alarm for what contradicts."""
    side = state.side if state.booked is not None else event.side or state.side
    found = [*_follow(state, event, side, now), *_settle(state, event, side, now)]
    if side == "none" and state.booked is None:
        found = [fact for fact in found if not isinstance(fact, Raised) or fact.kind == NOT_OURS]
    return tuple(fact for fact in found if not (isinstance(fact, Raised) and fact.mark in state.marks)) or (Counted("repeated"),)


NOT_OURS = "settlement_not_ours"


def _follow(state: OrderState, event: OrderSeen, side: Side | None, now: datetime) -> list[Fact]:
    step = following.step(state.status, event.status)
    found: list[Fact] = []
    if step.regressed:
        return [Counted("regressed")]
    if following.is_unknown(event.status):
        found.append(_raised("unknown_status", "warning", event, now, identity=(event.status,), detail={"status": event.status}))
    if step.contradicts:
        pair = (state.status or "", event.status)
        found.append(_raised("terminal_contradicted", "critical", event, now, identity=pair, detail={"before": pair[0], "after": pair[1]}))
    if step.follows:
        found.append(Followed(event=event, status=event.status, side=side))
    elif side != state.side and state.status is not None:
        found.append(Followed(event=event, status=state.status, side=side))
    return found


def _settle(state: OrderState, event: OrderSeen, side: Side | None, now: datetime) -> list[Fact]:
    if event.status != lifecycle.SETTLED:
        return []
    if state.booked is not None:
        return _compare(state.booked, event, side, now)
    claimed = Claimed(Claim(transaction_hash=event.transaction_hash, stated=event.stated, first_at=event.sign_at))
    if side == "none":
        custodians = {name: event.stated.get(name, "") for name in _CUSTODIANS}
        return [claimed, _raised("settlement_not_ours", "critical", event, now, detail=custodians)]
    lacking = _lacking(event, side)
    if lacking or side is None or event.transaction_hash is None:
        return (
            [claimed, _raised("settlement_incomplete", "warning", event, now, detail={"missing": ", ".join(lacking)})]
            if event.is_record
            else [claimed]
        )
    if not event.is_record and unnamed_clients(side, event.stated):
        return [claimed]
    return _book(state, event, side, event.transaction_hash, now)


_CUSTODIANS = ("sender_custodian_party_id", "receiver_custodian_party_id")


def _lacking(event: OrderSeen, side: Side | None) -> tuple[str, ...]:
    lacking = [name for name in REQUIRED_FOR_BOOKING if name not in event.stated]
    if event.transaction_hash is None:
        lacking.append("transaction_hash")
    if side is None:
        lacking.append("side")
    return tuple(lacking)


def _book(state: OrderState, event: OrderSeen, side: Side, transaction_hash: str, now: datetime) -> list[Fact]:
    unnamed = unnamed_clients(side, event.stated)
    known = {**event.stated, **dict.fromkeys(unnamed, UNATTRIBUTED)}
    first_sign_at = event.sign_at
    found: dict[str, Raised] = {}
    if unnamed:
        detail = {"missing": ", ".join(unnamed), "transaction_hash": transaction_hash}
        if event.left_out:
            detail["left_out"] = ", ".join(event.left_out)
        raised = _raised("settlement_unattributed", "critical", event, now, detail=detail)
        found[raised.mark] = raised
    for claim in state.claims:
        if claim.transaction_hash not in (None, transaction_hash):
            double = _double(event, booked=transaction_hash, other=claim.transaction_hash or "", now=now)
            found.setdefault(double.mark, double)
            continue
        first_sign_at = min(first_sign_at, claim.first_at)
        if clash := contradictions(known, claim.stated):
            conflict = _conflict(event, transaction_hash, known, claim.stated, clash, now)
            found.setdefault(conflict.mark, conflict)
        else:
            known = {**claim.stated, **known}
    terms_sha256 = terms_digest(event.stated)
    booked = Booked(transaction_hash=transaction_hash, stated=known, terms_sha256=terms_sha256, terms_version=TERMS_VERSION)
    return [Settled(event=event, side=side, booked=booked, first_sign_at=first_sign_at, settled_at=now), *found.values()]


def _compare(booked: Booked, event: OrderSeen, side: Side | None, now: datetime) -> list[Fact]:
    if event.transaction_hash not in (None, booked.transaction_hash):
        return [_double(event, booked=booked.transaction_hash, other=event.transaction_hash or "", now=now)]
    if clash := contradictions(booked.stated, event.stated):
        return [_conflict(event, booked.transaction_hash, booked.stated, event.stated, clash, now)]
    if event.side not in (None, "none", side):
        # We are another party there than was thought: a leg was booked that is not ours, or one of ours was not. Nothing is booked again.
        # "none" is what one of our parties says of another's order; that the venue names other custodians is a contradicted term.
        sides = {"side": str(side)}, {"side": str(event.side)}
        return [_conflict(event, booked.transaction_hash, *sides, ("side",), now)]
    new = {name: value for name, value in event.stated.items() if name not in booked.stated}
    if booked.terms_version < TERMS_VERSION:
        whole = all(name in event.stated for name in REQUIRED_FOR_BOOKING)  # what is said again is said whole
        if event.is_record and whole and side is not None and not unnamed_clients(side, event.stated):
            taught = replace(booked, stated={**booked.stated, **new}, terms_version=TERMS_VERSION)
            return [Settled(event=event, side=side, booked=taught, first_sign_at=event.sign_at, settled_at=now, again=True)]
        new = {name: value for name, value in new.items() if name not in CLIENTS}
    return [Learned(new), Counted("duplicate")] if new else [Counted("duplicate")]


def _double(event: OrderSeen, *, booked: str, other: str, now: datetime) -> Raised:
    return _raised("double_settlement", "critical", event, now, identity=(other,), detail={"booked_hash": booked, "other_hash": other})


def _conflict(
    event: OrderSeen, booked_hash: str, booked: Mapping[str, str], other: Mapping[str, str], clash: tuple[str, ...], now: datetime
) -> Raised:
    said = {name: other[name] for name in clash}
    detail = {"transaction_hash": booked_hash, **{f"booked.{name}": booked[name] for name in clash}}
    detail |= {f"other.{name}": value for name, value in said.items()}
    identity = (booked_hash, digest(said))
    return _raised("settlement_conflict", "critical", event, now, identity=identity, detail=detail)


def _raised(
    kind: str,
    severity: Literal["warning", "critical"],
    event: OrderSeen,
    now: datetime,
    *,
    detail: dict[str, str],
    identity: tuple[str, ...] = (),
) -> Raised:
    return Raised(
        kind=kind,
        severity=severity,
        venue=event.venue,
        subject=event.intent_id,
        raised_at=now,
        cause=event.cause,
        identity=identity,
        detail=detail | {"origin": event.origin, "document_sha256": event.document_sha256},
    )


def evolve(state: OrderState, fact: Fact) -> OrderState:
    """Return the state after a fact."""
    match fact:
        case Followed(event=event):
            return OrderState(
                venue=event.venue,
                intent_id=event.intent_id,
                status=fact.status,
                side=fact.side,
                first_seen_at=state.first_seen_at or event.sign_at,
                updated_at=event.sign_at if state.updated_at is None else max(state.updated_at, event.sign_at),
                booked=state.booked,
                claims=state.claims,
                marks=state.marks,
            )
        case Claimed(claim):
            return state.with_claim(claim)
        case Settled():
            # What was claimed is compared and done with; from here on the booked terms are what later documents are held against.
            return replace(state, booked=fact.booked, claims=())
        case Learned(stated) if state.booked is not None:
            return replace(state, booked=replace(state.booked, stated={**state.booked.stated, **stated}))
        case Raised():
            return state.with_mark(fact.mark)
        case _:
            return state


def order_settled(fact: Settled) -> OrderSettled:
    """Return the event that a settlement puts into Kafka: the venue's own spelling of amounts and times."""
    event = fact.event
    return OrderSettled.model_validate(
        {
            **event.spelled,
            "venue": event.venue,
            "intent_id": event.intent_id,
            "transaction_hash": fact.booked.transaction_hash,
            "side": fact.side,
            "terms_sha256": fact.terms_sha256,
            "observed_at": time_text(fact.first_sign_at),
            "document_sha256": event.document_sha256,
        }
    )
