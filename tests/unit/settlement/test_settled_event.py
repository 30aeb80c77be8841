"""What the settlement processor puts into `order_settled`, and what it refuses to read."""

from __future__ import annotations

import dataclasses
import json

import pytest

from pipeline.engines.inline import InlineEngine
from pipeline.errors import PoisonRecordError, PositionHoleError
from pipeline.log import topics
from pipeline.log.codec import decode as decode_event
from pipeline.log.envelope import from_headers
from pipeline.processors.settlement.processor import SETTLEMENT, decode
from pipeline.testing.clocks import HandClock
from pipeline.testing.orders import TERMS, intent, record, records, settled_hint, settled_record, shown, tx
from schemas.events import OrderSettled


def engine() -> InlineEngine:  # type: ignore[type-arg]
    """Return a fresh in-memory engine."""
    return InlineEngine(SETTLEMENT, HandClock())


def test_a_settlement_says_what_the_venue_said() -> None:
    """Terms are carried in the venue's own spelling, with side, hash, digests and parties, under the intent's key."""
    event = settled_record(terms={"fx_rate": "149.50", "target_amount": "1000.500"}, sender_party_id="bank-a")
    (out,) = engine().run(records([event]))
    said = decode_event(out.value, OrderSettled)
    assert out.envelope.kind is topics.ORDER_SETTLED
    assert out.key == intent(1)
    assert (said.fx_rate, said.target_amount, said.sender_party_id) == ("149.50", "1000.500", "bank-a")
    assert (said.transaction_hash, said.side, said.document_sha256) == (tx(1), "sender", event.document_sha256)
    assert out.envelope.causation_id == from_headers(record(event, 0).headers).id


def test_the_id_of_a_settlement_follows_from_what_it_says() -> None:
    """Two engines that see the same settlement in other notation and order give it one id; another hash has another."""
    (one,) = engine().run(records([settled_record()]))
    (other,) = engine().run(records([settled_hint(), settled_record(terms={"target_amount": "1000.50"}, origin="list", seconds=9)]))
    (third,) = engine().run(records([settled_record(1, 2)]))
    assert one.envelope.id == other.envelope.id
    assert third.envelope.id != one.envelope.id


def test_the_first_sign_is_the_hint() -> None:
    """`observed_at` is the time of the hint, also when the record came long after and names it only as `hinted_at`."""
    hinted = settled_hint(seconds=1)
    late = settled_record(seconds=30)
    (out,) = engine().run(records([hinted, late]))
    assert decode_event(out.value, OrderSettled).observed_at == hinted.observed.observed_at
    observed = late.observed.model_copy(update={"hinted_at": hinted.observed.observed_at})
    (out,) = engine().run(records([late.model_copy(update={"observed": observed})]))
    assert decode_event(out.value, OrderSettled).observed_at == hinted.observed.observed_at


def test_the_state_holds_what_the_list_of_orders_shows() -> None:
    """The stored state names venue, intent, status, side and both times as the command line prints them."""
    runner = engine()
    runner.run(records([shown("PENDING", side=None, seconds=0), shown("EXECUTING", seconds=2), settled_record(seconds=4)]))
    state = json.loads(runner.states[f"tokyo/{intent(1)}"])
    assert {name: state[name] for name in ("venue", "intent_id", "status", "side", "first_seen_at", "updated_at")} == {
        "venue": "tokyo",
        "intent_id": intent(1),
        "status": "SETTLED",
        "side": "sender",
        "first_seen_at": "2025-03-15T09:00:00.000000Z",
        "updated_at": "2025-03-15T09:00:04.000000Z",
    }


def test_a_conflict_after_the_booking_is_alarmed_even_when_it_takes_us_off_the_order() -> None:
    """A booked order whose record suddenly names other custodians, so that we are on neither side, is a conflict and no silence."""
    runner = engine()
    changed = settled_record(terms={"sender_custodian_party_id": "x", "receiver_custodian_party_id": "y"}, side="none")
    _, alarm = runner.run(records([settled_record(), changed]))
    said = json.loads(alarm.value)
    assert (said["kind"], said["severity"]) == ("settlement_conflict", "critical")
    assert said["detail"]["booked.sender_custodian_party_id"] == TERMS["sender_custodian_party_id"]
    assert said["detail"]["other.sender_custodian_party_id"] == "x"


def test_the_rate_is_learned_from_later_documents() -> None:
    """A rate that only later documents state is held against those after them."""
    runner = engine()
    rates = [settled_record(terms={"fx_rate": rate}) for rate in ("149.5", "149.50", "151")]
    outs = runner.run(records([settled_record(), *rates]))
    assert [json.loads(out.value).get("kind") for out in outs] == [None, "settlement_conflict"]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"value": b"{"}, "not a OrderUpdated"),
        ({"headers": []}, "no header ce_type"),
        ({"key": b"another"}, "not its intent id"),
        ({"key": None}, "not its intent id"),
        ({"value": settled_record().model_copy(update={"status": "A\x00B"}).model_dump_json(exclude_none=True).encode()}, "control char"),
    ],
)
def test_what_is_no_order_is_poison(change: dict[str, object], reason: str) -> None:
    """A record that can never be read raises PoisonRecordError with its reason, and the engine makes a dead letter of it."""
    broken = dataclasses.replace(record(settled_record(), 0), **change)  # type: ignore[arg-type]
    with pytest.raises(PoisonRecordError, match=reason):
        decode(broken)
    first, second = engine().run([broken, record(settled_record(), 1)])
    assert (first.envelope.kind, second.envelope.kind) == (topics.DEAD_LETTER, topics.ORDER_SETTLED)
    assert reason in json.loads(first.value)["reason"]


def test_the_in_memory_engine_guards_positions() -> None:
    """A skipped offset raises PositionHoleError, a repeated one does nothing."""
    runner = engine()
    runner.run(records([settled_record()]))
    assert runner.run(records([settled_record(1, 2)])) == []
    with pytest.raises(PositionHoleError):
        runner.run([record(settled_record(), 5)])
