"""Reading Musubi's documents: liberal where the contract is silent, strict where two readers could differ."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import Any
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.venues.musubi import parse
from connectors.venues.musubi.parse import parse_frame, parse_order, parse_quote, read_time
from connectors.venues.musubi.payloads import ORDER_SPELLINGS, OrderPayload, QuotePayload, camel
from pipeline.errors import PoisonRecordError
from pipeline.log.codec import encode
from pipeline.ports import Sighting
from schemas.events import Observation, OrderUpdated

OBSERVED = Observation(origin="stream", observed_at="2025-03-15T09:00:19.000000Z")
INTENT = "f47ac10b-58cc-4372-a567-0e02b2c3d479"
OURS = "CustodianB::5de09a1...c774"
FULL: dict[str, Any] = {
    "intent_id": INTENT,
    "status": "SETTLED",
    "transaction_hash": "9f" * 32,
    "source_currency": "JPYSC0",
    "target_currency": "USDCx",
    "target_amount": "100000",
    "source_amount_actual": "11200000",
    "source_amount_max": "12000000",
    "fx_rate": "112.0",
    "settled_at": "2025-03-15T09:00:18.500Z",
    "created_at": "2025-03-15T09:00:00.000Z",
    "sender_custodian_party_id": "CustodianA::209fa2c...b341",
    "receiver_custodian_party_id": OURS,
    "sender_party_id": "SenderInstitution::209fa2c...b341",
    "receiver_party_id": "InstitutionB::8bc31d4...a902",
    "failure_reason": None,
    "kyc_aml_ref": "c3d4e5f6-7890-1234-abcd-ef0123456789",
}


def order(document: Any) -> Sighting:
    """Read an order given as text, bytes or value."""
    body = document if isinstance(document, bytes) else (document if isinstance(document, str) else json.dumps(document)).encode()
    return parse_order(body, venue="tokyo", own_party=OURS, observed=OBSERVED)


def updated(document: Any) -> OrderUpdated:
    """Read an order and return its event."""
    event = order(document).event
    assert isinstance(event, OrderUpdated)
    return event


def changed(**fields: Any) -> dict[str, Any]:
    """Return the full order with some fields changed."""
    return {**FULL, **fields}


def with_literal(name: str, literal: str) -> str:
    """Return the full order as text with a JSON literal in the place of one value."""
    return json.dumps(changed(**{name: "@"})).replace('"@"', literal)


BAD: list[tuple[str, Any, str]] = [
    ("not JSON", '{"intentId": "x", "status": SETTLED', "not JSON"),
    ("nothing", b"", "not JSON"),
    ("an array", "[1]", "array, not an object"),
    ("text", '"heartbeat"', "string, not an object"),
    ("NaN", with_literal("fx_rate", "NaN"), "NaN"),
    ("Infinity", with_literal("fx_rate", "Infinity"), "Infinity"),
    ("minus Infinity", with_literal("memo", "-Infinity"), "Infinity"),
    ("1e400", with_literal("target_amount", "1e400"), "out of range"),
    ("1e400 in an unknown field", with_literal("memo", "1e400"), "out of range"),
    ("a duplicate key", json.dumps(FULL)[:-1] + ',"status":"PENDING"}', "duplicate key"),
    ("a duplicate key in an unknown object", with_literal("memo", '{"a":1,"a":1}'), "duplicate key"),
    ("depth 2000", with_literal("memo", "[" * 2000 + "]" * 2000), "nested deeper"),
    ("invalid UTF-8", json.dumps(FULL).encode().replace(b"JPYSC0", b"JP\xff\xfe"), "invalid UTF-8"),
    ("300 KiB", changed(memo="x" * 300 * 1024), "over 262144"),
    ("a byte order mark", b"\xef\xbb\xbf" + json.dumps(FULL).encode(), "not JSON"),
    ("a negative amount", changed(target_amount="-1000"), "target_amount is not a positive decimal"),
    ("a zero amount", changed(target_amount="0.00"), "target_amount is zero"),
    ("forty digits", changed(target_amount="1" * 40), "target_amount"),
    ("forty digits around the point", changed(fx_rate="1" * 20 + "." + "1" * 20), "fx_rate has 40 digits"),
    ("an amount as number", changed(target_amount=100000), "target_amount is a JSON int"),
    ("a rate as number", with_literal("fx_rate", "112.0"), "fx_rate is a JSON Decimal"),
    ("an amount with spaces", changed(target_amount=" 100"), "target_amount"),
    ("other digits", changed(target_amount="١٠٠"), "target_amount"),
    ("a maximum that is negative, of a proposal", changed(status="PENDING", source_amount_max="-1"), "source_amount_max"),
    ("both spellings with different values", {**FULL, "targetAmount": "100001"}, "spelled in two ways"),
    ("no intent id", {"status": "SETTLED"}, "intent_id is missing"),
    ("no status", {"intentId": INTENT}, "status is missing"),
    ("an empty status", {"intentId": INTENT, "status": ""}, "status is missing"),
    ("an intent id that is no UUID", changed(intent_id="fxo_01H"), "intent id is not a UUID"),
    ("an intent id with a path in it", changed(intent_id="../../auth/token"), "intent id is not a UUID"),
    ("an intent id as number", changed(intent_id=7), "intent_id is a JSON number"),
    ("a status as object", changed(status={"code": "SETTLED"}), "status is a JSON object"),
    ("a hash with a line break", changed(transaction_hash="ab\ncd"), "transaction_hash has control characters"),
    ("a hash of 600 characters", changed(transaction_hash="a" * 600), "transaction_hash has 600 characters"),
    ("a currency as list", changed(source_currency=["JPYSC0"]), "source_currency is a JSON array"),
    ("a time without zone", changed(settled_at="2025-03-15T09:00:18.500"), "settled_at has no time zone"),
    ("no time", changed(settled_at="yesterday"), "settled_at is no ISO 8601 time"),
    ("a time as number", changed(settled_at=1742029218), "settled_at is a JSON number"),
    ("a time beyond the calendar", changed(settled_at="9999-12-31T23:59:59-10:00"), "settled_at"),
    ("a lone surrogate", with_literal("memo", '"\\ud800"'), "surrogate"),
]


@pytest.mark.parametrize(("body", "reason"), [case[1:] for case in BAD], ids=[case[0] for case in BAD])
def test_what_cannot_be_read_is_refused_with_a_reason(body: Any, reason: str) -> None:
    """Each kind of bad document raises PoisonRecordError whose reason names what is wrong."""
    with pytest.raises(PoisonRecordError) as refused:
        order(body)
    assert reason in refused.value.reason


def test_fields_in_either_case_and_any_order_mean_the_same() -> None:
    """An order in camelCase and one in snake_case have the same fields and the same id."""
    one, other = order(FULL), order({camel(name): value for name, value in reversed(FULL.items())})
    assert one.ce_id == other.ce_id
    without = {"document", "document_sha256"}
    assert one.event.model_dump(exclude=without) == other.event.model_dump(exclude=without)


@given(st.permutations(sorted(FULL)), st.sets(st.sampled_from(sorted(FULL))), st.sets(st.sampled_from(sorted(FULL))))
def test_case_order_and_repeats_of_fields_change_nothing(names: list[str], in_camel: set[str], in_both: set[str]) -> None:
    """Whatever the order and the case of each field, also when both spellings say the same, the fact is the same."""
    document: dict[str, Any] = {}
    for name in names:
        document[camel(name) if name in in_camel else name] = FULL[name]
        if name in in_both:
            document.update({camel(name): FULL[name], name: FULL[name]})
    assert order(document).ce_id == order(FULL).ce_id


@given(st.dictionaries(st.text(min_size=1), st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.text(), max_size=5))
def test_unknown_fields_change_nothing_but_the_verbatim_document(extra: dict[str, Any]) -> None:
    """Fields that nobody knows are kept in the document and do not touch the id."""
    document = {
        **{name: value for name, value in extra.items() if name not in ORDER_SPELLINGS},
        **FULL,
    }
    body = json.dumps(document)
    assert order(body).ce_id == order(FULL).ce_id
    assert updated(body).document == body


SAID = st.sampled_from(
    [
        None,
        "",
        "x",
        "a\nb",
        "é",
        "y" * 600,
        7,
        1.5,
        True,
        ["x"],
        {"a": "x"},
        "0",
        "007",
        "112.00",
        "1.12e2",
        "-1",
        "1" * 39,
        "0.5",
        "9" * 38,
    ]
) | st.sampled_from(
    [*FULL.values(), "2025-03-15 09:00:18+09:00", "2025-02-30T09:00:00Z", "2025-03-15T09:00:18.1234567Z", "SETTLED", INTENT.upper()]
)
SPELLED = sorted({*OrderPayload.model_fields, *QuotePayload.model_fields, *map(camel, OrderPayload.model_fields), "quoteId", "memo"})


def read_in_full(read: Callable[[bytes], Sighting], body: bytes) -> Any:
    """Read without the short cut and with an event that is validated; return what came of it, the refusal too."""
    with mock.patch.object(parse, "_plain_fields", return_value=None):
        return outcome(read, body)


def outcome(read: Callable[[bytes], Sighting], body: bytes) -> Any:
    """Return the id, the completeness and the bytes of the validated event, or the reason of the refusal."""
    try:
        sighting = read(body)
    except PoisonRecordError as refused:
        return refused.reason
    validated = type(sighting.event).model_validate(sighting.event.model_dump())
    assert sighting.event == validated, "what was trusted is what would have been accepted"
    assert encode(sighting.event) == validated.model_dump_json(exclude_none=True).encode()
    return sighting.ce_id, sighting.complete, validated


@settings(max_examples=300)
@given(st.dictionaries(st.sampled_from(SPELLED), SAID, max_size=3), st.sets(st.sampled_from(sorted(FULL))), st.booleans())
def test_the_short_cut_reads_as_the_models_do(said: dict[str, Any], left_out: set[str], wrapped: bool) -> None:
    """Whatever a document says: id, event, bytes of the event and reasons are those of the way over the models."""
    stated = {name: value for name, value in FULL.items() if value is not None and name not in left_out - {"intent_id"}}
    document: dict[str, Any] = stated | said
    body = json.dumps({"data": document} if wrapped else document).encode()
    for read in (
        partial(parse_order, venue="tokyo", own_party=OURS, observed=OBSERVED),
        partial(parse_quote, venue="tokyo", observed=OBSERVED),
        partial(parse_quote, venue="tokyo", observed=OBSERVED, intent_id=INTENT),
    ):
        assert outcome(read, body) == read_in_full(read, body)


def test_amounts_stay_as_spelled_and_compare_by_value() -> None:
    """The event keeps the venue's spelling; equal values give the same id, other values another."""
    assert updated(changed(fx_rate="112.00")).fx_rate == "112.00"
    assert order(changed(fx_rate="112")).ce_id == order(FULL).ce_id == order(changed(fx_rate="1.12e2")).ce_id
    assert order(changed(fx_rate="112.01")).ce_id != order(FULL).ce_id


def test_a_hint_and_a_record_that_state_other_terms_have_other_ids() -> None:
    """What is left out is not stated, so a hint without amounts is another statement than the record."""
    hint = {name: FULL[name] for name in ("intent_id", "status", "transaction_hash", "settled_at", "fx_rate")}
    assert order(hint).ce_id != order(FULL).ce_id
    assert not order(hint).complete
    assert order(FULL).complete


@pytest.mark.parametrize(
    "name", ["settled_at", "target_amount", "transaction_hash", "receiver_custodian_party_id", "source_currency", "receiver_party_id"]
)
def test_a_settlement_without_a_term_is_incomplete(name: str) -> None:
    """Each term that a booking needs, and the hash, is needed for completeness."""
    assert not order({key: value for key, value in FULL.items() if key != name}).complete


def test_null_and_empty_count_as_absent() -> None:
    """Null fields, empty texts and absent fields are the same."""
    nulled = changed(market_maker_party_id=None, failure_reason="", quote_valid_until=None)
    assert order(nulled).ce_id == order(FULL).ce_id
    assert updated(nulled).failure_reason is None


def test_a_wrapped_order_is_unwrapped() -> None:
    """`data` is opened when the order is in it; the document stays as it came."""
    body = json.dumps({"data": FULL, "meta": {"request_id": "req_x9y0z1a2"}})
    assert order(body).ce_id == order(FULL).ce_id
    assert updated(body).document == body


def test_an_unknown_status_is_kept() -> None:
    """A status that nobody knows passes as it is."""
    assert updated(changed(status="CANCELLED")).status == "CANCELLED"


def test_a_remark_of_another_kind_is_left_out_and_stays_in_the_document() -> None:
    """What nothing depends on does not hide a settlement."""
    event = updated(changed(jurisdiction_sender=["JP"], failure_reason="x" * 600, kyc_aml_ref="a\nb"))
    assert (event.jurisdiction_sender, event.failure_reason, event.kyc_aml_ref) == (None, None, None)
    assert '["JP"]' in event.document


NOBODY_READS = [
    ("source_amount_max", "0"),
    ("source_amount_max", 12_000_000),
    ("quote_valid_until", "n/a"),
    ("created_at", "2025-03-15T09:00:00.000"),
    ("expires_at", "2025-03-15T09:04:60Z"),
    ("quote_submitted_at", 7),
    ("quote_accepted_at", ["2025-03-15T09:00:00Z"]),
    ("failure_reason", {"code": "NONE"}),
    ("market_maker_party_id", "a\u3000b"),
    ("sender_party_id", {"name": "x"}),
]


@pytest.mark.parametrize(("name", "said"), NOBODY_READS, ids=lambda value: str(value)[:24])
@pytest.mark.parametrize("status", ["SETTLED", "QUOTED", "FAILED"])
def test_what_no_booking_needs_kills_no_order(status: str, name: str, said: Any) -> None:
    """A remark that nobody can read is left out and named, the document keeps it, and the settlement is complete."""
    sighting = order(changed(status=status, **{name: said}))
    event = sighting.event
    assert isinstance(event, OrderUpdated)
    assert (getattr(event, name), event.left_out) == (None, (name,))
    assert json.loads(event.document)[name] == said
    assert sighting.complete == (status == "SETTLED")


@pytest.mark.parametrize(
    ("name", "said"), [one for one in NOBODY_READS if one[0] in ("source_amount_max", "created_at", "expires_at")], ids=str
)
def test_what_a_proposal_is_decided_on_is_read_or_the_proposal_is_not(name: str, said: Any) -> None:
    """A PENDING order whose maximum or time nobody can read is refused: it must not look as if it had none."""
    with pytest.raises(PoisonRecordError, match=name):
        order(changed(status="PENDING", **{name: said}))


@pytest.mark.parametrize("party", ["bank\u3000a", "bank\u200ba", "x" * 600, {"id": "bank"}, ["bank"], 7, "  ", "a\nb"], ids=repr)
def test_a_client_whom_nobody_can_read_is_left_out_and_named(party: Any) -> None:
    """The order is read, its document keeps what was said, and it is not complete: our client is not named."""
    sighting = order(changed(receiver_party_id=party))
    event = sighting.event
    assert isinstance(event, OrderUpdated)
    assert (event.receiver_party_id, event.left_out, sighting.complete) == (None, ("receiver_party_id",), False)
    assert json.loads(event.document)["receiver_party_id"] == party


def test_a_remark_spelled_in_two_ways_is_left_out() -> None:
    """Two values for what no booking needs leave it out; two values for a term are refused (see above)."""
    event = updated({**FULL, "failure_reason": "a", "failureReason": "b"})
    assert (event.failure_reason, event.left_out) == (None, ("failure_reason",))


@pytest.mark.parametrize("unset", ["0001-01-01T00:00:00Z", "1970-01-01T00:00:00.000Z", "9999-12-31T23:59:59Z", "9999-12-31T23:59:59+09:00"])
def test_a_time_at_the_ends_of_the_calendar_says_nothing(unset: str) -> None:
    """Where a program writes "unset" or "never", nothing is stated: in no field of an order or a quote, whatever its status."""
    times = ("settled_at", "created_at", "expires_at", "quote_submitted_at", "quote_accepted_at", "quote_valid_until")
    for status in ("PENDING", "SETTLED"):
        sighting = order(changed(status=status, **dict.fromkeys(times, unset)))
        assert {getattr(sighting.event, name) for name in times} == {None}
        assert not sighting.complete
    assert order(changed(settled_at=unset)).ce_id == order({n: v for n, v in FULL.items() if n != "settled_at"}).ce_id
    quoted = {"intent_id": INTENT, "quote_id": INTENT, "fx_rate": "112.0", "valid_until": unset, "submitted_at": unset}
    quote = parse_quote(json.dumps(quoted).encode(), venue="tokyo", observed=OBSERVED)
    assert (quote.event.model_dump()["valid_until"], quote.complete) == (None, False)


def test_a_quote_is_refused_for_its_validity_and_not_for_a_remark() -> None:
    """A validity that nobody can read is no quote without an end; when it was submitted matters to nobody."""
    quoted = {"intent_id": INTENT, "quote_id": INTENT, "fx_rate": "112.0", "valid_until": "2025-03-15T09:00:41.000Z"}
    read = partial(parse_quote, venue="tokyo", observed=OBSERVED)
    assert read(json.dumps({**quoted, "submitted_at": "n/a"}).encode()).complete
    with pytest.raises(PoisonRecordError, match="valid_until"):
        read(json.dumps({**quoted, "valid_until": "n/a"}).encode())


@pytest.mark.parametrize("name", ["sender_party_id", "receiver_party_id"])
def test_another_client_is_another_fact(name: str) -> None:
    """A record that changes nothing but a client has another id than before, on either side."""
    assert order(changed(**{name: "Somebody::else"})).ce_id != order(FULL).ce_id


def test_our_side_belongs_to_the_fact() -> None:
    """The same document seen as another party is another fact: what was ignored as somebody's order is published when it turns out ours."""
    body = json.dumps(FULL).encode()
    read = partial(parse_order, body, venue="tokyo", observed=OBSERVED)
    ids = {read(own_party=own).ce_id for own in ("Other::1", OURS, frozenset({OURS}), frozenset({OURS, "CustodianA::209fa2c...b341"}))}
    assert len(ids) == 3
    assert read(own_party=frozenset({OURS, "CustodianA::209fa2c...b341"})).event.model_dump()["side"] == "both"
    assert read(own_party=OURS + " ").event.model_dump()["side"] == "none"


def test_the_side_is_told_by_party_id() -> None:
    """We are the receiver where the receiving custodian is us; a hint without custodians does not say."""
    assert updated(FULL).side == "receiver"
    assert updated({"intentId": INTENT, "status": "PENDING"}).side is None


@pytest.mark.parametrize(
    ("given_text", "text", "canonical"),
    [
        ("2025-03-15T09:00:18.500Z", "2025-03-15T09:00:18.500Z", "2025-03-15T09:00:18.500000Z"),
        ("2025-03-15T09:00:18Z", "2025-03-15T09:00:18Z", "2025-03-15T09:00:18.000000Z"),
        ("2025-03-15T18:00:18.5+09:00", "2025-03-15T09:00:18.500000Z", "2025-03-15T09:00:18.500000Z"),
        ("2025-03-15T09:00:18.123456789Z", "2025-03-15T09:00:18.123456789Z", "2025-03-15T09:00:18.123456Z"),
        ("2025-03-15 09:00:18+00:00", "2025-03-15T09:00:18.000000Z", "2025-03-15T09:00:18.000000Z"),
    ],
)
def test_times_become_rfc_3339_in_utc(given_text: str, text: str, canonical: str) -> None:
    """A time in UTC stays as spelled, any other is converted; the canonical spelling has microseconds."""
    assert read_time(given_text, "at") == (text, canonical)


def test_heartbeats_and_unknown_events_are_nothing() -> None:
    """Their data is not looked at, JSON or not."""
    for kind in ("heartbeat", "order_created", "message"):
        assert parse_frame(kind, b"\xff not json", venue="tokyo", own_party=None, observed=OBSERVED) is None


def test_a_quote_needs_only_its_intent() -> None:
    """A minimal hint is a quote without anything; with rate and validity it is complete."""
    minimal = parse_quote(json.dumps({"intentId": INTENT}).encode(), venue="tokyo", observed=OBSERVED)
    assert (minimal.event.intent_id, minimal.complete) == (INTENT, False)
    full = {
        "intent_id": INTENT,
        "quote_id": "a1b2c3d4-e5f6-7890-abcd-ef0123456789",
        "fx_rate": "112.0",
        "valid_until": "2025-03-15T09:00:41.000Z",
    }
    assert parse_quote(json.dumps(full).encode(), venue="tokyo", observed=OBSERVED).complete


def test_a_quote_of_another_order_is_refused() -> None:
    """A quote listed under one order that names another is poison."""
    body = json.dumps({"intent_id": INTENT}).encode()
    with pytest.raises(PoisonRecordError, match="among the quotes of"):
        parse_quote(body, venue="tokyo", observed=OBSERVED, intent_id="0d1c9f6e-3a52-4f0e-9c77-6f2f3b1a8e55")
