"""What the venue writes, under each switch that concerns it."""

from __future__ import annotations

import json
from decimal import Decimal
from random import Random
from typing import Any

import pytest

from connectors.simulators.musubi import documents
from connectors.simulators.musubi.documents import Look
from connectors.simulators.musubi.market import OUR_CUSTODIAN
from connectors.simulators.musubi.orders import Order, Quote, iso, plain
from connectors.simulators.musubi.switches import Switches
from tests.unit.simulator.played import START, after, quiet_world, script


def _settled() -> Order:
    return quiet_world().create(script(directly=True), START)


def _pending() -> Order:
    return quiet_world().create(script(side="sender"), START)


def _stream(order: Order, **switches: str) -> Any:
    chosen = Switches({"A-38": "none"} | {key.replace("_", "-"): value for key, value in switches.items()})
    return json.loads(documents.order_updated(order, documents.look_of(chosen)))


def test_a_settled_order_in_the_stream_by_default() -> None:
    """The bare object in camelCase states intent, status, times, hash and rate, and no amounts (A-01, A-02)."""
    order = _settled()
    assert _stream(order) == {
        "intentId": order.intent_id,
        "status": "SETTLED",
        "updatedAt": "2026-04-19T09:00:00.000Z",
        "transactionHash": order.transaction_hash,
        "settledAt": "2026-04-19T09:00:00.000Z",
        "fxRate": "112.0",
    }


def test_a_pending_order_in_the_stream_by_default() -> None:
    """Before QUOTED only intent, status and time are there."""
    order = _pending()
    assert set(_stream(order)) == {"intentId", "status", "updatedAt"}


def test_the_stream_in_snake_case() -> None:
    """A-01=snake_case writes the same fields in snake_case."""
    assert set(_stream(_settled(), A_01="snake_case")) == {
        "intent_id",
        "status",
        "updated_at",
        "transaction_hash",
        "settled_at",
        "fx_rate",
    }


def test_the_stream_wrapped_minimal_and_full() -> None:
    """A-02: wrapped in `data`, only the two first fields, or the whole order."""
    order = _settled()
    assert _stream(order, A_02="wrapped") == {"data": _stream(order)}
    assert _stream(order, A_02="minimal") == {"intentId": order.intent_id, "status": "SETTLED"}
    full = _stream(order, A_02="full")
    assert full["sourceAmountActual"] == "11200000"
    assert full["receiverCustodianPartyId"] == OUR_CUSTODIAN


def test_fields_that_do_not_apply_are_null_when_asked() -> None:
    """A-37=null writes them, absent leaves them out, in the stream and in the record."""
    order = _pending()
    assert _stream(order, A_37="null")["transactionHash"] is None
    record = documents.order_record(order, documents.record_look(Switches({"A-37": "null"})))
    assert [record[name] for name in ("fx_rate", "settled_at", "transaction_hash", "failure_reason")] == [None] * 4
    absent = documents.order_record(order, documents.record_look(Switches()))
    assert not set(documents.LATER_FIELDS) - {"source_amount_max"} & absent.keys()


def test_unknown_fields_are_injected_by_default_only() -> None:
    """A-38: extras are in stream and record unless switched off, and never in a minimal payload."""
    order = _settled()
    assert "settlementWindowId" in _stream(order, A_38="injected")
    assert "settlementWindowId" not in _stream(order, A_38="injected", A_02="minimal")
    assert "settlement_window_id" in documents.order_record(order, documents.record_look(Switches()))
    assert "settlement_window_id" not in documents.order_record(order, documents.record_look(Switches({"A-38": "none"})))


def test_the_record_is_snake_case_with_decimals_as_strings() -> None:
    """A settled record has every field of the contract's fixture, amounts as plain strings."""
    record = documents.order_record(_settled(), Look(camel=False))
    assert {"intent_id", "sender_custodian_party_id", "receiver_custodian_party_id", "market_maker_party_id"} <= record.keys()
    assert (record["target_amount"], record["fx_rate"], record["source_amount_actual"]) == ("100000", "112.0", "11200000")
    assert record["source_amount_max"] == "12000000"
    assert all(isinstance(value, str) for value in record.values())


@pytest.mark.parametrize("seed", range(200))
def test_drawn_looks_keep_what_a_reader_needs(seed: int) -> None:
    """However dressed, a stream's document names intent and status, and a record keeps the terms of the exchange."""
    order, rng = _settled(), Random(seed)
    document = json.loads(documents.order_updated(order, documents.drawn_look(rng)))
    inner = document.get("data", document)
    assert {inner.get("intentId"), inner.get("intent_id")} == {order.intent_id, None}
    assert inner["status"] == "SETTLED"
    record = documents.order_record(order, documents.drawn_record_look(rng))
    needed = ("intent_id", "status", "transaction_hash", "settled_at", "fx_rate", "target_amount", "source_amount_actual")
    assert all(record[name] for name in needed)
    assert record["receiver_custodian_party_id"] == OUR_CUSTODIAN


def _quote(order: Order) -> Quote:
    return Quote(
        quote_id="a1b2c3d4-e5f6-4890-abcd-ef0123456789",
        intent_id=order.intent_id,
        market_maker_party_id="MarketMakerA::1220",
        fx_rate=Decimal("112.0"),
        source_amount=Decimal("11200000.0"),
        target_amount=Decimal("100000"),
        submitted_at=START,
        valid_until=after(30),
    )


def test_quotes_in_the_stream() -> None:
    """A-03: intent, quote, rate and validity, or the intent alone."""
    order = _pending()
    document = json.loads(documents.quote_received(_quote(order), Look(), minimal=False))
    assert set(document) == {"intentId", "quoteId", "fxRate", "validUntil"}
    assert json.loads(documents.quote_received(_quote(order), Look(), minimal=True)) == {"intentId": order.intent_id}


@pytest.mark.parametrize(
    ("value", "target", "maker"),
    [("order_target", "100000", True), ("legacy_target", "11200000", True), ("without_market_maker", "100000", False)],
)
def test_quotes_in_the_record(value: str, target: str, maker: bool) -> None:
    """A-08: the meaning of `target_amount` and the market maker's presence."""
    order = _pending()
    record = documents.quote_record(_quote(order), order, now=START, switches=Switches({"A-08": value}))
    assert record["target_amount"] == target
    assert ("market_maker_party_id" in record) == maker
    assert record["source_amount"] == "11200000"


def test_the_state_of_a_quote_follows_time_and_order() -> None:
    """OPEN while valid, EXPIRED from `valid_until` on, ACCEPTED for the co-signed one, REJECTED for the others."""
    world = quiet_world()
    intent_id = world.create(script(side="sender", quotes=2), START).intent_id
    world.accept_proposal(intent_id, START)
    world.advance(after(13))
    first, second = world.quotes(intent_id)
    before = world.open[intent_id].order

    def state(quote: Quote, order: Order, seconds: float) -> object:
        return documents.quote_record(quote, order, now=after(seconds), switches=Switches())["status"]

    assert (state(first, before, 13), state(first, before, 60)) == ("OPEN", "EXPIRED")
    world.co_sign(intent_id, first.quote_id, after(13))
    quoted = world.open[intent_id].order
    assert (state(first, quoted, 14), state(second, quoted, 14)) == ("ACCEPTED", "REJECTED")


def test_heartbeats() -> None:
    """A-04: a named event with a timestamp, a comment line, or a named event with empty data."""
    assert documents.heartbeat(START, "event") == b'event: heartbeat\ndata: {"timestamp":"2026-04-19T09:00:00.000Z"}\n\n'
    assert documents.heartbeat(START, "comment") == b": heartbeat\n\n"
    assert documents.heartbeat(START, "empty") == b"event: heartbeat\ndata:\n\n"


def test_frames_with_and_without_id() -> None:
    """A frame has its event and one data line, and an id only where ids are in use (A-05)."""
    assert documents.frame("order_updated", b"{}") == b"event: order_updated\ndata: {}\n\n"
    assert documents.frame("order_updated", b"{}", event_id=7) == b"id: 7\nevent: order_updated\ndata: {}\n\n"


@pytest.mark.parametrize(
    ("amount", "text"),
    [("11200000.0", "11200000"), ("1E+7", "10000000"), ("0.10", "0.1"), ("1e-18", "0.000000000000000001"), ("100", "100")],
)
def test_amounts_are_written_plainly(amount: str, text: str) -> None:
    """No exponent and no zeros at the end of a fraction (A-22)."""
    assert plain(Decimal(amount)) == text


def test_moments_are_written_with_milliseconds_and_z() -> None:
    """Contract section 3.6."""
    assert iso(after(0.5)) == "2026-04-19T09:00:00.500Z"


def test_the_compliance_snapshot() -> None:
    """It names both VASPs and the hash, and has an attestation once the order executes (A-26)."""
    order = _settled()
    snapshot = documents.compliance_record(order)
    assert snapshot["fx_order"]["sender"]["originatingVASP"]["code"] == "JP-VASP-0001"
    assert snapshot["fx_order"]["settlementInfo"]["transactionHash"] == order.transaction_hash
    assert [row["type"] for row in snapshot["attestations"]] == ["TravelRuleAttestation"]
    assert documents.compliance_record(_pending())["attestations"] == []


def test_the_compliance_snapshot_states_everything_that_a_rule_can_ask() -> None:
    """All of ComplianceInfo's fields, valid for a year from the order on, and both codes (contract section 4.7)."""
    order = _pending()
    snapshot = documents.compliance_record(order)["fx_order"]
    named = {"kycStatus", "kycProvider", "kycExpiresAt", "sanctionsStatus", "sanctionsProvider", "sanctionsListVersion"}
    named |= {"sanctionsFreshnessWindow", "riskRating", "pepStatus", "pepCheckedAt", "jurisdictionSender", "jurisdictionReceiver"}
    assert snapshot["compliance"].keys() == named | {"purposeCode"}
    assert snapshot["compliance"]["kycExpiresAt"] == "2027-04-19T00:00:00.000Z"
    assert snapshot["receiver"]["beneficiaryVASP"]["code"] == "KR-VASP-0001"
