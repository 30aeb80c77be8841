"""From dead letters back to records, by today's parser."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from pipeline.cli.requeuing import record_of
from pipeline.errors import PoisonRecordError, SettingsError
from pipeline.log.codec import decode
from pipeline.log.envelope import header
from pipeline.log.notices import dead_letter, dead_letter_of_rates
from pipeline.settings import Settings
from schemas.accepting import ComplianceRead
from schemas.events import DeadLetter, OrderUpdated, QuoteReceived

SETTINGS = Settings.model_validate(
    {
        "kafka": {"topic_prefix": "t."},
        "venues": {"tokyo": {"base_url": "http://127.0.0.1:9", "auth": {"client_id": "c", "client_secret": "secret"}}},
    }
)
INTENT = "f47ac10b-58cc-4372-a567-0e02b2c3d479"
ORDER = {
    "intent_id": INTENT,
    "status": "SETTLED",
    "sender_custodian_party_id": "CustodianA::1",
    "receiver_custodian_party_id": "CustodianB::2",
    "source_currency": "JPYSC0",
    "target_currency": "USDCx",
    "target_amount": "100000",
    "source_amount_actual": "11200000",
    "settled_at": "2025-03-15T09:00:18.500Z",
    "transaction_hash": "9f2c",
}
QUOTE = {"intentId": INTENT, "quoteId": INTENT, "fxRate": "112.0", "validUntil": "2025-03-15T09:00:41Z"}


def letter(body: Any, event_type: str, *, origin: str = "stream", venue: str = "tokyo", **more: Any) -> DeadLetter:
    """Build a dead letter as ingest does and read it back."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    now = datetime(2025, 3, 15, 9, 0, 20, tzinfo=UTC)
    made = dead_letter(venue=venue, origin=origin, body=raw, reason="an older parser", now=now, event_type=event_type, **more)
    return decode(made.value, DeadLetter)


def nobody(venue: str) -> str:
    """Fail: this letter does not need to know who we are."""
    raise AssertionError(f"{venue} was asked")


@pytest.mark.parametrize("wrapped", [False, True])
@pytest.mark.parametrize("event_type", ["order", "order_updated"])
def test_an_order_becomes_the_event_that_it_would_have_been(event_type: str, wrapped: bool) -> None:
    """Terms, side, key, subject and origin are those of a first reading; the header says where it comes from."""
    read = event_type == "order"
    found = letter({"data": ORDER} if wrapped else ORDER, event_type, origin="read" if read else "stream")
    topic, key, value, headers = record_of(found, SETTINGS, own_party=lambda venue: {"tokyo": "CustodianB::2"}[venue])
    event = decode(value, OrderUpdated)
    assert (topic, key) == ("t.order-updated.v1", INTENT.encode())
    assert (event.side, event.status, event.source_amount_actual) == ("receiver", "SETTLED", "11200000")
    assert event.observed.origin == ("read" if read else "stream")
    assert event.observed.observed_at == found.seen_at
    assert header(headers, "requeued_from") == found.dead_letter_id
    assert header(headers, "ce_subject") == INTENT


def test_a_quote_needs_nobody_to_ask() -> None:
    """Custodians do not stand in a quote, so the venue is not asked who we are."""
    topic, _, value, _ = record_of(letter(QUOTE, "quote_received"), SETTINGS, own_party=nobody)
    assert topic == "t.quote-received.v1"
    assert decode(value, QuoteReceived).fx_rate == "112.0"


def test_a_snapshot_becomes_evidence_of_the_order_that_it_names() -> None:
    """It is known under the same id as a first reading; a document of rates is of no use any more, and that is said."""
    snapshot = {"data": {"fx_order": {"intentId": INTENT, "compliance": {"riskRating": "LOW"}}}}
    topic, key, value, _ = record_of(letter(snapshot, "compliance", origin="read"), SETTINGS, own_party=nobody)
    assert (topic, key) == ("t.compliance-read.v1", INTENT.encode())
    assert decode(value, ComplianceRead).risk_rating == "LOW"
    rates = decode(dead_letter_of_rates("desk", body=b"{", reason="not JSON", now=datetime(2025, 3, 15, tzinfo=UTC)).value, DeadLetter)
    with pytest.raises(PoisonRecordError, match="read anew all the time"):
        record_of(rates, SETTINGS, own_party=nobody)


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        (letter(b"{", "order_updated"), "not JSON"),
        (letter({"status": "SETTLED"}, "order_updated"), "intent_id is missing"),
        (letter(ORDER, "something_else"), "nobody knows what a something_else"),
        (letter(b"{", "order_updated", size=400_000, sha256="0" * 64), "only the beginning of its 400000 bytes"),
    ],
    ids=["no json", "no intent", "unknown type", "incomplete"],
)
def test_what_cannot_be_read_today_either_says_why(found: DeadLetter, reason: str) -> None:
    """The reason is the parser's of today."""
    with pytest.raises(PoisonRecordError, match=reason):
        record_of(found, SETTINGS, own_party=nobody)


def test_a_venue_without_a_section_is_a_matter_of_settings() -> None:
    """Which parser to use is said by the venue's section."""
    with pytest.raises(SettingsError, match=r"\[venues\.osaka\]"):
        record_of(letter(ORDER, "order", venue="osaka"), SETTINGS, own_party=nobody)
