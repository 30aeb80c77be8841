"""Laws of the settlement processor that hold for every history, checked against a slow oracle that rereads everything each time.

The oracle keeps no state: it looks at the whole list of what was shown and says from that what has to have been emitted.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from pipeline.domain import lifecycle
from pipeline.domain.orders import contradictions
from pipeline.engines.inline import InlineEngine
from pipeline.log import topics
from pipeline.log.codec import stated_terms
from pipeline.processors.settlement.decide import OrderSeen
from pipeline.processors.settlement.processor import SETTLEMENT, decode
from pipeline.processors.settlement.state import OrderState, from_json, to_json
from pipeline.testing.clocks import HandClock
from pipeline.testing.orders import TERMS, record, records, shown, tx
from schemas.events import OrderUpdated

STATUSES = (*sorted(lifecycle.KNOWN), "SUSPENDED", "REVERSED")


@st.composite
def shows(draw: st.DrawFn, order: int | None = None) -> OrderUpdated:
    """Draw one thing that a venue may show of an order."""
    status = draw(st.sampled_from(("SETTLED",) * 5 + STATUSES))
    terms: dict[str, str] = {}
    if draw(st.integers(0, 3)):
        terms = dict(TERMS)
        if draw(st.booleans()):
            terms["target_amount"] = draw(st.sampled_from(["1000.5", "1000.50", "7", "8.0"]))
    for name in draw(st.sets(st.sampled_from(sorted(TERMS)), max_size=2)) if draw(st.integers(0, 2)) == 0 else ():
        terms.pop(name, None)
    if draw(st.integers(0, 3)) == 0:
        terms["fx_rate"] = draw(st.sampled_from(["149.5", "149.50", "150"]))
    for name in CLIENTS if terms else ():
        match draw(st.integers(0, 7)):
            case 0:
                terms.pop(name, None)
            case 1:
                terms[name] = draw(st.sampled_from(["bank-a", "bank-c", "bank-\u00e4"]))
    return shown(
        status,
        order=draw(st.integers(1, 2)) if order is None else order,
        origin=draw(st.sampled_from(["stream", "read", "list"])),
        terms=terms,
        transaction_hash=draw(st.sampled_from([None, tx(1), tx(1), tx(2), tx(3)])),
        side=draw(st.sampled_from([None, "sender", "receiver", "both", "sender", "none"])),
        seconds=float(draw(st.integers(0, 60))),
    )


CLIENTS = ("sender_party_id", "receiver_party_id")
OUR_CLIENTS = {"sender": CLIENTS[:1], "receiver": CLIENTS[1:], "both": CLIENTS, "none": (), None: ()}
"""Whose money moves through our hands, by our side; the oracle's own list."""
histories = st.lists(shows(), max_size=14)
of_one_order = st.lists(shows(1), max_size=12)


@dataclass(frozen=True)
class Expected:
    """What the oracle says has to have come of one order."""

    settled: tuple[str, tuple[tuple[str, str], ...]] | None
    doubles: frozenset[str]
    conflicts: frozenset[tuple[tuple[str, str], ...]]
    unknown: frozenset[str]
    incomplete: bool
    unattributed: bool
    not_ours: bool


NUMBERS = {"target_amount", "source_amount_actual", "fx_rate"}


def values(event: OrderUpdated | dict[str, Any]) -> dict[str, str]:
    """Return stated terms so that equal values are equal; the oracle's own spelling."""
    fields = event if isinstance(event, dict) else dict(event)
    found = {}
    for name in (*TERMS, "fx_rate"):
        text = fields.get(name)
        if text is not None:
            found[name] = str(float(text)) if name in NUMBERS else text
    return found


def oracle(events: list[OrderUpdated]) -> Expected:
    """Say what has to come of the events of one order, by rereading them all."""
    side: str | None = None
    booked: OrderUpdated | None = None
    claims: list[OrderUpdated] = []
    known: dict[str, str] = {}
    doubles: set[str] = set()
    conflicts: set[tuple[tuple[str, str], ...]] = set()
    incomplete = unattributed = not_ours = False
    for index, event in enumerate(events):
        if booked is None:
            # The side is what was said last, of what was not late.
            said = [e.side for at, e in enumerate(events[: index + 1]) if e.side and (at == index or not _late(events[: at + 1]))]
            side = said[-1] if said else None
        if event.status != "SETTLED":
            continue
        is_record = event.observed.origin in ("read", "list")
        complete = event.transaction_hash and side and all(getattr(event, name) is not None for name in TERMS if name not in CLIENTS)
        nobody = [name for name in OUR_CLIENTS[side] if getattr(event, name) is None]
        if booked is None and (side == "none" or not complete or (nobody and not is_record)):
            claims.append(event)
            not_ours |= side == "none"
            incomplete |= is_record and side != "none"
            continue
        if booked is None:
            booked = event
            known = {**dict.fromkeys(nobody, "unattributed"), **values(event)}
            unattributed = bool(nobody)
            compared = claims
        else:
            compared = [event]
        for other in compared:
            if other.transaction_hash not in (None, booked.transaction_hash):
                doubles.add(str(other.transaction_hash))
                continue
            said_terms = values(other)
            clash = {name: value for name, value in said_terms.items() if name in known and known[name] != value}
            if clash:
                conflicts.add(tuple(sorted(clash.items())))
            elif other is event and other is not booked and other.side not in (None, "none", side):
                conflicts.add((("side", str(other.side)),))
            else:
                known = {**said_terms, **known}
    settled = (str(booked.transaction_hash), tuple(sorted(values(booked).items()))) if booked else None
    return Expected(settled, frozenset(doubles), frozenset(conflicts), _unknown(events), incomplete, unattributed, not_ours)


def _late(events: list[OrderUpdated]) -> bool:
    """Tell whether the last of these events shows a status that the order has left behind."""
    current: str | None = None
    late = False
    for event in events:
        shown_rank = {"PENDING": 0, "QUOTED": 1, "EXECUTING": 2}.get(event.status, 3)
        now_rank = -1 if current is None else {"PENDING": 0, "QUOTED": 1, "EXECUTING": 2}.get(current, 3)
        late = shown_rank < now_rank or (shown_rank == now_rank == 3 and event.status == "WITHDRAWN" != current)
        if current is None or shown_rank > now_rank:
            current = event.status
        elif shown_rank == now_rank == 3 and event.status != "WITHDRAWN":
            softly = current == "WITHDRAWN" or current in ("SUSPENDED", "REVERSED")
            current = event.status if softly or event.status == "SETTLED" else current
    return late


def _unknown(events: list[OrderUpdated]) -> frozenset[str]:
    return frozenset(event.status for event in events if event.status in ("SUSPENDED", "REVERSED"))


def emitted(events: list[OrderUpdated]) -> tuple[list[dict[str, Any]], list[dict[str, Any]], InlineEngine[Any, Any, Any]]:
    """Run a history in memory; return the settlements, the alarms and the engine."""
    engine = InlineEngine(SETTLEMENT, HandClock())
    out = engine.run(records(events))
    settled = [json.loads(o.value) for o in out if o.envelope.kind is topics.ORDER_SETTLED]
    alarms = [json.loads(o.value) for o in out if o.envelope.kind is topics.ALARM_RAISED]
    return settled, alarms, engine


@settings(max_examples=400, deadline=None)
@given(of_one_order)
def test_what_is_emitted_is_what_the_oracle_says(events: list[OrderUpdated]) -> None:
    """The settlement, the second hashes, the contradictions and all that keeps it out of the books are what rereading the history finds."""
    settled, alarms, _ = emitted(events)
    expected = oracle(events)
    found = [(s["transaction_hash"], tuple(sorted(values(s).items()))) for s in settled]
    assert found == ([expected.settled] if expected.settled else [])
    assert _details(alarms, "double_settlement", "other_hash") == Counter(expected.doubles)
    clashes = Counter(
        tuple(
            sorted(
                (n.removeprefix("other."), str(float(v)) if n[6:] in NUMBERS else v) for n, v in a["detail"].items() if n[:6] == "other."
            )
        )
        for a in alarms
        if a["kind"] == "settlement_conflict"
    )
    assert clashes == Counter(expected.conflicts)
    assert sum(a["kind"] == "settlement_incomplete" for a in alarms) == expected.incomplete
    assert sum(a["kind"] == "settlement_unattributed" for a in alarms) == expected.unattributed
    assert sum(a["kind"] == "settlement_not_ours" for a in alarms) == expected.not_ours


def _details(alarms: list[dict[str, Any]], kind: str, name: str) -> Counter[str]:
    return Counter(a["detail"][name] for a in alarms if a["kind"] == kind)


@settings(max_examples=200, deadline=None)
@given(histories)
def test_a_settlement_is_emitted_at_most_once_and_an_alarm_once(events: list[OrderUpdated]) -> None:
    """Whatever is shown: per order one settlement at most, and no two alarms under one id."""
    settled, alarms, _ = emitted(events)
    assert all(count == 1 for count in Counter(s["intent_id"] for s in settled).values())
    assert all(count == 1 for count in Counter(a["alarm_id"] for a in alarms).values())


SECOND = 10**9
SPELLINGS = {0: "", 3: ".{:03d}", 6: ".{:06d}", 9: ".{:09d}"}


def said(nanoseconds: int, digits: int, *, rounded: bool = False) -> str:
    """Spell a moment, in nanoseconds after nine o'clock, with so many digits, cut or rounded to them."""
    unit = 10 ** (9 - digits)
    units = (nanoseconds + unit // 2) // unit if rounded else nanoseconds // unit
    seconds, rest = divmod(units * unit, SECOND)
    return f"2025-03-15T09:{seconds // 60:02d}:{seconds % 60:02d}{SPELLINGS[digits].format(rest // unit)}Z"


def clash(one: str, other: str) -> bool:
    """Tell whether two records that differ in their time contradict each other; either way round."""
    first, second = (stated_terms(shown("SETTLED", terms={**TERMS, "settled_at": at})) for at in (one, other))
    assert contradictions(first, second) == contradictions(second, first)
    return contradictions(first, second) == ("settled_at",)


@settings(max_examples=500, deadline=None)
@given(st.integers(0, 59 * SECOND), st.sampled_from(sorted(SPELLINGS)), st.sampled_from(sorted(SPELLINGS)), st.booleans())
def test_one_moment_at_two_resolutions_is_one_term(at: int, one: int, other: int, rounded: bool) -> None:
    """A moment said with fewer digits, cut or rounded, never contradicts the same moment said with more."""
    assert not clash(said(at, max(one, other)), said(at, min(one, other), rounded=rounded and one != other))


@settings(max_examples=500, deadline=None)
@given(st.integers(0, 50 * SECOND), st.sampled_from([3, 6]), st.sampled_from([3, 6, 9]), st.integers(2, 10**6), st.sampled_from([3, 6]))
def test_two_moments_apart_contradict(at: int, one: int, other: int, apart: int, unit: int) -> None:
    """Moments that are two units of the coarser resolution apart are two terms, whichever way they are spelled."""
    later = at + apart * 10 ** (9 - unit)
    first, second = said(at, one), said(later, other)
    assume(later - at >= 2 * max(_value_unit(first), _value_unit(second)))
    assert clash(first, second)


def _value_unit(text: str) -> int:
    """Return the coarsest of second, millisecond and microsecond, in nanoseconds, that a spelled time is a multiple of."""
    micro = int((text[19:-1] or ".0").removeprefix(".").ljust(9, "0")[:6])
    return 10**9 if micro == 0 else 10**6 if micro % 1000 == 0 else 1000


@settings(max_examples=200, deadline=None)
@given(histories, st.data())
def test_a_restart_anywhere_changes_nothing(events: list[OrderUpdated], data: st.DataObject) -> None:
    """Stopping after any record and going on from the stored states emits the same events with the same ids and leaves the same states."""
    whole = InlineEngine(SETTLEMENT, HandClock())
    once = whole.run(records(events))
    cut = data.draw(st.integers(0, len(events)))
    first = InlineEngine(SETTLEMENT, HandClock())
    before = first.run(records(events[:cut]))
    second = InlineEngine(SETTLEMENT, HandClock(), states=first.states)
    second.positions = dict(first.positions)
    after = second.run(records(events[cut:], start=cut))
    assert [*before, *after] == once
    assert second.states == whole.states


@settings(max_examples=200, deadline=None)
@given(histories, st.integers(1, 3))
def test_repetitions_emit_nothing(events: list[OrderUpdated], times: int) -> None:
    """A history in which everything comes several times emits exactly what it emits when everything comes once."""
    once = InlineEngine(SETTLEMENT, HandClock()).run(records(events))
    often = InlineEngine(SETTLEMENT, HandClock()).run(records([event for event in events for _ in range(times)]))
    assert often == once


@settings(max_examples=200, deadline=None)
@given(st.permutations(range(6)), st.sampled_from([None, "7"]))
def test_the_order_of_arrival_changes_no_finding_when_one_hash_is_on_record(order: list[int], amount: str | None) -> None:
    """Hints of other hashes and amounts lead to one settlement and the same alarms, whenever the record arrives between them."""
    shown_terms = {"target_amount": amount} if amount else None
    all_events = [
        shown("SETTLED", terms=TERMS, transaction_hash=tx(1)),
        shown("SETTLED", origin="stream", side=None, transaction_hash=tx(2)),
        shown("SETTLED", origin="stream", side=None, transaction_hash=tx(3)),
        shown("SETTLED", origin="stream", side=None, transaction_hash=tx(1), terms=shown_terms),
        shown("SETTLED", origin="stream", side=None),
        shown("EXECUTING", origin="stream"),
    ]
    settled, alarms, _ = emitted([all_events[index] for index in order])
    assert [s["transaction_hash"] for s in settled] == [tx(1)]
    assert _details(alarms, "double_settlement", "other_hash") == Counter([tx(2), tx(3)])
    assert sum(a["kind"] == "settlement_conflict" for a in alarms) == bool(amount)


@pytest.mark.parametrize("late", STATUSES)
@pytest.mark.parametrize("current", STATUSES)
def test_a_regressed_status_changes_nothing(current: str, late: str) -> None:
    """For every pair of statuses, one of lower rank leaves the state as it is and emits nothing."""
    before = _after(OrderState(), shown(current, side="sender"))
    event = _seen(shown(late, seconds=5, side="receiver"))
    facts = SETTLEMENT.decide(before, event, HandClock().now())
    if lifecycle.rank(late) < lifecycle.rank(current):
        assert [SETTLEMENT.outcome(fact) for fact in facts] == ["regressed"]
        assert all(SETTLEMENT.emit(fact) is None for fact in facts)
        assert all(SETTLEMENT.evolve(before, fact) is before for fact in facts)
    else:
        assert "regressed" not in [SETTLEMENT.outcome(fact) for fact in facts] or late == "WITHDRAWN"


@settings(max_examples=200, deadline=None)
@given(of_one_order)
def test_a_state_is_the_same_after_storage(events: list[OrderUpdated]) -> None:
    """What is written as JSON and read again is the same state."""
    state = OrderState()
    for event in events:
        state = _after(state, event)
        assert from_json(to_json(state)) == state


@settings(max_examples=100, deadline=None)
@given(of_one_order)
def test_a_settlement_carries_the_earliest_sign_of_it(events: list[OrderUpdated]) -> None:
    """`observed_at` of a settlement is the time of one of its own signs, and no later than that of the first document on full terms."""
    settled, _, _ = emitted(events)
    if not settled:
        return
    signs = [
        e.observed.observed_at for e in events if e.status == "SETTLED" and e.transaction_hash in (None, settled[0]["transaction_hash"])
    ]
    assert settled[0]["observed_at"] in signs
    of_document = [e.observed.observed_at for e in events if e.document_sha256 == settled[0]["document_sha256"]]
    assert settled[0]["observed_at"] <= of_document[0]


def _seen(event: OrderUpdated) -> OrderSeen:
    return decode(record(event, 0)).event


def _after(state: OrderState, event: OrderUpdated) -> OrderState:
    for fact in SETTLEMENT.decide(state, _seen(event), HandClock().now()):
        state = SETTLEMENT.evolve(state, fact)
    return state
