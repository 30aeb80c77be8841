"""Compliance snapshots: found in any spelling, kept byte for byte, refused where they could be taken for something else."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from connectors.simulators.musubi.documents import compliance_record
from connectors.venues.musubi.compliance import parse_compliance
from pipeline.errors import PoisonRecordError
from pipeline.ports import Sighting
from schemas.accepting import ComplianceFacts, ComplianceRead
from schemas.events import Observation
from tests.unit.simulator.played import START, quiet_world, script

INTENT = "f47ac10b-58cc-4372-a567-0e02b2c3d479"
OBSERVED = Observation(origin="read", observed_at="2026-03-01T09:00:00Z", request_id="req_1")
FACTS = {"kycStatus": "KYC_VERIFIED", "kycExpiresAt": "2027-04-19T00:00:00.000Z", "riskRating": "LOW"}


def snapshot(compliance: dict[str, Any] | None = None, **order: Any) -> dict[str, Any]:
    """Return the contents of `data`."""
    return {"fx_order": {"intentId": INTENT, "compliance": FACTS if compliance is None else compliance, **order}}


def parsed(document: Any, intent_id: str | None = INTENT) -> Sighting:
    """Return what a document says."""
    return parse_compliance(json.dumps(document).encode(), venue="tokyo", observed=OBSERVED, intent_id=intent_id)


def event_of(document: Any, intent_id: str | None = INTENT) -> ComplianceRead:
    """Return the event that a document becomes."""
    event = parsed(document, intent_id).event
    assert isinstance(event, ComplianceRead)
    return event


def test_the_simulator_s_snapshot_states_everything_that_rules_ask_for() -> None:
    """Every fact is there but the time of the screening, which the contract does not name and rules do without."""
    order = quiet_world().create(script(side="sender"), START)
    event = event_of(compliance_record(order), order.intent_id)
    facts = ComplianceFacts.model_validate(event.model_dump())
    assert {name for name, value in facts if value is None} == {"sanctions_screened_at"}
    assert (facts.kyc_status, facts.sanctions_freshness_window, facts.originating_vasp_code) == ("KYC_VERIFIED", "24h", "JP-VASP-0001")
    assert facts.beneficiary_vasp_code == "KR-VASP-0001"
    assert facts.kyc_expires_at is not None
    assert datetime.fromisoformat(facts.kyc_expires_at) > datetime.now(UTC).replace(year=START.year + 1, month=4, day=18)


def test_the_document_is_kept_byte_for_byte() -> None:
    """The event holds the bytes as they came, with their digest."""
    body = b'{ "fx_order" : {"compliance":{"riskRating":"LOW" }} }'
    event = parse_compliance(body, venue="tokyo", observed=OBSERVED, intent_id=INTENT).event
    assert event.document.encode() == body
    assert event.document_sha256 == hashlib.sha256(body).hexdigest()
    assert event.observed == OBSERVED


VASPS = {
    "sender": {"originatingVASP": {"name": "A", "code": "JP-1"}},
    "receiver": {"beneficiaryVASP": {"name": "B", "code": "KR-1"}},
}


@pytest.mark.parametrize(
    "document",
    [
        snapshot(**VASPS),
        {"data": snapshot(**VASPS), "meta": {}},
        {"fxOrder": {"complianceInfo": FACTS, **VASPS}},
        {"intentId": INTENT, "compliance": FACTS, **VASPS},
        {
            "fx_order": {
                "intent_id": INTENT.upper(),
                "compliance_info": {"kyc_status": "KYC_VERIFIED", "kyc_expires_at": "2027-04-19T00:00:00Z", "risk_rating": "LOW"},
                "sender_info": {"originating_vasp": {"vasp_code": "JP-1"}},
                "receiver_info": {"beneficiary_vasp_code": "KR-1"},
            }
        },
        {"fx_order": VASPS, "compliance": {**FACTS, "kycExpiresAt": "2027-04-19", "pepStatus": None, "purposeCode": ""}},
    ],
)
def test_one_snapshot_in_many_shapes_is_one_fact(document: dict[str, Any]) -> None:
    """Wrapped or not, in either case, with nulls and without: the same facts and the same event id (A-26, A-37)."""
    sighting = parsed(document)
    event = event_of(document)
    assert sighting.ce_id == parsed(snapshot(**VASPS)).ce_id
    assert (event.intent_id, event.kyc_status, event.risk_rating) == (INTENT, "KYC_VERIFIED", "LOW")
    assert (event.originating_vasp_code, event.beneficiary_vasp_code) == ("JP-1", "KR-1")
    assert event.kyc_expires_at is not None
    assert event.kyc_expires_at.startswith("2027-04-19T00:00:00")
    assert (event.pep_status, event.purpose_code) == (None, None)


def test_another_fact_is_another_event() -> None:
    """What changed in the snapshot has another id; what is no fact does not count."""
    first = parsed(snapshot())
    assert parsed(snapshot({**FACTS, "riskRating": "HIGH"})).ce_id != first.ce_id
    assert parsed(snapshot(status="SETTLED", attestations=[1])).ce_id == first.ce_id
    assert parse_compliance(json.dumps(snapshot()).encode(), venue="osaka", observed=OBSERVED).ce_id != first.ce_id


@pytest.mark.parametrize("value", [5, True, ["LOW"], {"a": 1}, "x" * 513, "a\u0000b"])
def test_what_is_no_text_is_not_stated(value: Any) -> None:
    """A rule then finds the fact missing, which is never an accept; the other facts stay."""
    event = event_of(snapshot({**FACTS, "riskRating": value}))
    assert (event.risk_rating, event.kyc_status) == (None, "KYC_VERIFIED")


@pytest.mark.parametrize("value", ["soon", "2027-13-01", "2027-04-19T00:00:00", 1808092800])
def test_what_is_no_time_is_not_stated(value: Any) -> None:
    """A time without a zone could be meant in any."""
    assert event_of(snapshot({**FACTS, "kycExpiresAt": value})).kyc_expires_at is None


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"<html>", "not JSON"),
        (b"[]", "no JSON object"),
        (b'{"fx_order":{"compliance":{"riskRating":"LOW","riskRating":"LOW"}}}', "duplicate key"),
        (b'{"fx_order":{"compliance":{"riskRating":"LOW","risk_rating":"HIGH"}}}', "in two ways"),
        (b'{"fx_order":{"compliance":{"unheard":"of"}}}', "none of the facts"),
        (b"{}", "none of the facts"),
        (b'{"fx_order":{"intentId":"0d1c9f6e-3a52-4f0e-9c77-6f2f3b1a8e55","compliance":{"riskRating":"LOW"}}}', "asked for"),
        (b'{"fx_order":{"intentId":7,"compliance":{"riskRating":"LOW"}}}', "intent id"),
    ],
)
def test_what_could_mislead_is_refused(body: bytes, reason: str) -> None:
    """The reason says why."""
    with pytest.raises(PoisonRecordError, match=reason):
        parse_compliance(body, venue="tokyo", observed=OBSERVED, intent_id=INTENT)


def test_without_a_path_the_document_has_to_say_whose_it_is() -> None:
    """A dead letter that is put back has only its bytes."""
    assert event_of(snapshot(), None).intent_id == INTENT
    with pytest.raises(PoisonRecordError, match="intent id"):
        parsed({"compliance": FACTS}, None)
