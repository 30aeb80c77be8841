"""The comparison of a venue's settlements with the books: one case per kind of break, and laws."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from pipeline.domain.identifiers import PartyId
from pipeline.domain.money import Scales
from pipeline.domain.orders import Terms
from pipeline.reconcile.settlements import AtVenue, Break, InBooks, Kind, compare, unexplained, unreadable

AT = datetime(2025, 3, 15, 9, 0, 18, 500_000, tzinfo=UTC)
NOW = AT + timedelta(minutes=1)
GRACE = timedelta(seconds=10)
SCALES = Scales(default=18, by_currency={"JPYSC0": 4})
TERMS = Terms(
    source_currency="JPYSC0",
    target_currency="USDCx",
    target_amount=Decimal("100000"),
    source_amount_actual=Decimal("11200000"),
    fx_rate=Decimal("112.0"),
    settled_at=AT,
    sender_custodian_party_id=PartyId("A"),
    receiver_custodian_party_id=PartyId("B"),
    sender_party_id=PartyId("bank-a"),
)
INTENT = "f47ac10b-58cc-4372-a567-0e02b2c3d479"
SETTLED = AtVenue(intent_id=INTENT, settled=True, status="SETTLED", transaction_hash="h1", side="sender", terms=TERMS)
BOOKED = InBooks(entry_id="e1", intent_id=INTENT, transaction_hash="h1", side="sender", terms=TERMS)


def found(records: list[AtVenue], booked: list[InBooks], now: datetime = NOW) -> list[Break]:
    """Compare with the scales and the grace of these tests."""
    return compare("tokyo", records, booked, now=now, grace=GRACE, scales=SCALES)


def test_what_says_the_same_is_no_break() -> None:
    """Equal by value is equal: 112.00 is 112.0, and what one side leaves out contradicts nothing."""
    other = replace(BOOKED, terms=replace(TERMS, fx_rate=Decimal("112.00"), settled_at=AT))
    assert found([SETTLED], [other]) == []
    assert found([replace(SETTLED, terms=replace(TERMS, fx_rate=None), side=None)], [BOOKED]) == []


@pytest.mark.parametrize(
    ("records", "booked", "kinds"),
    [
        ([SETTLED], [], [Kind.MISSING_IN_BOOKS]),
        ([], [BOOKED], [Kind.MISSING_AT_VENUE]),
        ([replace(SETTLED, settled=False, status="FAILED")], [BOOKED], [Kind.MISSING_AT_VENUE]),
        ([replace(SETTLED, transaction_hash="h2")], [BOOKED], [Kind.HASH_DIFFERS]),
        ([SETTLED], [BOOKED, replace(BOOKED, entry_id="e2", transaction_hash="h2")], [Kind.ENTRY_DUPLICATED]),
        ([replace(SETTLED, side="both")], [BOOKED], [Kind.SIDE_DIFFERS]),
        ([replace(SETTLED, terms=replace(TERMS, source_currency="KRWC0"))], [BOOKED], [Kind.CURRENCY_DIFFERS]),
        ([replace(SETTLED, terms=replace(TERMS, target_amount=Decimal("100000.1")))], [BOOKED], [Kind.AMOUNT_DIFFERS]),
        ([replace(SETTLED, terms=replace(TERMS, fx_rate=Decimal("113")))], [BOOKED], [Kind.RATE_DIFFERS]),
        ([replace(SETTLED, terms=replace(TERMS, settled_at=AT + timedelta(milliseconds=1)))], [BOOKED], [Kind.SETTLED_AT_DIFFERS]),
        ([replace(SETTLED, terms=replace(TERMS, receiver_custodian_party_id=PartyId("C")))], [BOOKED], [Kind.CUSTODIAN_DIFFERS]),
        ([replace(SETTLED, terms=replace(TERMS, sender_party_id=PartyId("bank-c")))], [BOOKED], [Kind.CLIENT_DIFFERS]),
        ([SETTLED], [replace(BOOKED, terms=replace(TERMS, sender_party_id=PartyId("unattributed")))], [Kind.CLIENT_DIFFERS]),
        ([replace(SETTLED, terms=replace(TERMS, source_amount_actual=Decimal("0.00001")))], [], [Kind.AMOUNT_BEYOND_SCALE]),
    ],
    ids=lambda value: str(value[0]) if isinstance(value, list) and value and isinstance(value[0], Kind) else "",
)
def test_each_difference_has_its_kind(records: list[AtVenue], booked: list[InBooks], kinds: list[Kind]) -> None:
    """One difference gives one break of its kind, with both sides named."""
    breaks = found(records, booked)
    assert [each.kind for each in breaks] == kinds
    assert all(each.intent_id == INTENT and (each.expected or each.actual) for each in breaks)


@pytest.mark.parametrize("side", ["none", None])
def test_orders_that_do_not_touch_our_custody_are_not_expected_in_the_books(side: None) -> None:
    """A settled order with us on neither side, or on an unknown one, is not missing."""
    assert found([replace(SETTLED, side=side)], []) == []


def test_what_both_sides_say_in_other_words_is_no_break() -> None:
    """A time of another resolution, and a client that only one side names."""
    finer = replace(TERMS, settled_at=AT + timedelta(microseconds=999), receiver_party_id=PartyId("bank-b"))
    assert found([replace(SETTLED, terms=finer)], [BOOKED]) == []


def test_the_scale_of_a_leg_that_is_not_booked_is_nobody_s_business() -> None:
    """An amount that moves through somebody else's custody is beyond no scale of ours; the settlement is plainly missing."""
    tiny = replace(TERMS, source_amount_actual=Decimal("0.00001"))
    assert [each.kind for each in found([replace(SETTLED, side="receiver", terms=tiny)], [])] == [Kind.MISSING_IN_BOOKS]


def test_records_that_cannot_be_read_are_told_apart_by_their_digest() -> None:
    """Each is a critical break of its own, the same in every run, and its order is not called missing at the venue."""
    one, other = unreadable("tokyo", "a" * 64, "no time", INTENT), unreadable("tokyo", "b" * 64, "no time", INTENT)
    assert one.break_id != other.break_id
    assert one.break_id == unreadable("tokyo", "a" * 64, "another release says it otherwise", INTENT).break_id
    assert (one.severity, one.kind, one.intent_id) == ("critical", Kind.UNREADABLE_AT_VENUE, INTENT)
    assert compare("tokyo", [], [BOOKED], now=NOW, grace=GRACE, scales=SCALES, unread=[INTENT]) == []


def test_what_settled_just_now_is_under_way() -> None:
    """Within the grace it is not missing yet; after it, it is."""
    assert found([SETTLED], [], now=AT + GRACE - timedelta(milliseconds=1)) == []
    assert [each.kind for each in found([SETTLED], [], now=AT + GRACE)] == [Kind.MISSING_IN_BOOKS]


def test_the_same_difference_has_the_same_id_in_every_run() -> None:
    """Ids come from venue, kind and what it is about, not from the run."""
    one, other = found([SETTLED], []), found([SETTLED], [], now=NOW + timedelta(days=1))
    assert [each.break_id for each in one] == [each.break_id for each in other]
    assert found([], [BOOKED])[0].break_id != one[0].break_id


def test_only_what_the_list_does_not_confirm_is_read_again() -> None:
    """A booked intent that the list holds with its hash needs no read of its own; another hash, or none, does."""
    assert unexplained([SETTLED], [BOOKED]) == []
    assert unexplained([replace(SETTLED, transaction_hash="h2")], [BOOKED]) == [INTENT]
    assert unexplained([], [BOOKED]) == [INTENT]
