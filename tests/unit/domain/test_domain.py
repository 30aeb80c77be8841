"""Money, identifiers, terms and sides."""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.domain import identifiers, lifecycle, money, orders, quotes
from pipeline.errors import PoisonRecordError

AMOUNTS = st.decimals(min_value="0.000001", max_value="999999999999999999", places=6, allow_nan=False)


@pytest.mark.parametrize(
    ("text", "value"), [("100000", "100000"), ("112.0", "112"), ("0.000001", "0.000001"), ("1.5e3", "1500"), ("2E-3", "0.002")]
)
def test_amounts_are_read_exactly(text: str, value: str) -> None:
    """A decimal string in any notation has its exact value."""
    assert money.parse_amount(text) == Decimal(value)


@pytest.mark.parametrize(
    "bad",
    ["-1", "0", "0.00", "", " 1", "1 ", "+1", "1,000", ".5", "5.", "NaN", "Infinity", "1e400", "1e99", "9" * 40, "١", 1, 1.5, None, True],
)
def test_what_is_no_positive_decimal_string_is_poison(bad: object) -> None:
    """Negative, zero, over-long and non-string amounts are refused."""
    with pytest.raises(PoisonRecordError):
        money.parse_amount(bad)


@given(AMOUNTS, st.integers(6, 18))
def test_minor_units_lose_nothing(value: Decimal, scale: int) -> None:
    """An amount within the scale comes back from minor units as it was."""
    units = money.to_minor_units(value, scale)
    assert units is not None
    assert money.from_minor_units(units, scale) == value


@given(st.from_regex(r"[0-9]{1,38}(\.[0-9]{1,38})?([eE][+-]?[0-9]{1,2})?", fullmatch=True).map(Decimal), st.integers(0, 38))
def test_minor_units_are_the_fraction_or_none(value: Decimal, scale: int) -> None:
    """In any notation an amount has the units that exact fractions give, and none where these are no whole number."""
    exact = Fraction(value) * 10**scale
    assert money.to_minor_units(value, scale) == (int(exact) if exact.denominator == 1 else None)


@pytest.mark.parametrize(
    ("status", "closed", "chosen", "said"),
    [
        (None, False, False, None),
        ("OPEN", False, False, None),
        ("anything new", False, False, None),
        ("Rejected", True, False, "REJECTED"),
        ("EXPIRED", True, False, None),
        ("canceled", True, False, "CANCELED"),
        ("ACCEPTED", False, True, "ACCEPTED"),
        ("selected", False, True, "SELECTED"),
    ],
)
def test_a_quotes_status_closes_it_or_shows_it_chosen_or_neither(status: str | None, closed: bool, chosen: bool, said: str | None) -> None:
    """One reading for policy, workflow and executor; what the venue says beyond a quote's terms is news, its expiry is not."""
    found = (quotes.is_closed(status), quotes.is_chosen(status), quotes.said_by_status(status))
    assert found == (closed, chosen, said)
    assert quotes.is_passed_over(status, [status, "ACCEPTED"]) is not chosen
    assert not quotes.is_passed_over(status, [status, "OPEN", None])


def test_an_amount_beyond_the_scale_has_no_minor_units() -> None:
    """More decimals than the currency has is never rounded."""
    assert money.to_minor_units(Decimal("1.00001"), 4) is None
    assert money.to_minor_units(Decimal("1.00010"), 4) == 10001


def test_minor_units_are_exact_for_the_longest_amount() -> None:
    """38 digits at scale 18 stay exact: the arithmetic does not depend on a context's precision."""
    text = "9" * 20 + "." + "9" * 18
    units = money.to_minor_units(money.parse_amount(text), 18)
    assert units == int("9" * 38)
    assert money.plain(money.from_minor_units(units, 18)) == text
    assert money.to_minor_units(Decimal("9" * 38), 18) == int("9" * 38 + "0" * 18)


@given(AMOUNTS)
def test_equal_amounts_have_one_spelling(value: Decimal) -> None:
    """Trailing zeros and exponents do not change the canonical spelling."""
    assert money.plain(value) == money.plain(Decimal(f"{value}000" if "." in f"{value}" else f"{value}.000"))


@given(
    st.text(alphabet="0123456789.eE+-", max_size=42)
    | AMOUNTS.map(str)
    | st.from_regex(r"0?[1-9]?[0-9]{0,20}(\.[0-9]{0,20})?", fullmatch=True)
)
def test_the_canonical_spelling_needs_no_value_in_between(text: str) -> None:
    """Any text is spelled, or refused, as by way of its exact value."""
    try:
        expected = money.plain(money.parse_amount(text, "rate"))
    except PoisonRecordError as refused:
        with pytest.raises(PoisonRecordError, match=re.escape(refused.reason)):
            money.canonical_amount(text, "rate")
    else:
        assert money.canonical_amount(text, "rate") == expected


@given(st.dictionaries(st.sampled_from("abcde"), st.sampled_from(["x", "", "a\nb", "é", "y" * 300, "z" * 513, "\u2028"]), max_size=5))
def test_opaque_texts_are_held_together_to_what_each_is_held_to(named: dict[str, str]) -> None:
    """Many texts at once are refused exactly when one of them is, with the first one's reason."""
    reasons = []
    for name, text in named.items():
        try:
            identifiers.opaque(text, name)
        except PoisonRecordError as refused:
            reasons.append(refused.reason)
    if not reasons:
        identifiers.check_opaque(named)
        return
    with pytest.raises(PoisonRecordError) as all_refused:
        identifiers.check_opaque(named)
    assert all_refused.value.reason == reasons[0]


@pytest.mark.parametrize("bad", ["", "f47ac10b", "../etc/passwd", "f47ac10b-58cc-4372-a567-0e02b2c3d479/x", 5, None])
def test_what_is_no_uuid_is_no_intent(bad: object) -> None:
    """A malformed id never gets as far as a path."""
    with pytest.raises(PoisonRecordError):
        identifiers.intent_id(bad)


def test_intents_are_the_same_in_either_case() -> None:
    """A UUID has one canonical spelling."""
    assert identifiers.intent_id("F47AC10B-58CC-4372-A567-0E02B2C3D479") == "f47ac10b-58cc-4372-a567-0e02b2c3d479"


def test_transaction_hashes_are_opaque() -> None:
    """A hash is taken as it stands, with case and prefix; control characters are refused."""
    assert identifiers.transaction_hash("0xABC") == "0xABC"
    with pytest.raises(PoisonRecordError):
        identifiers.transaction_hash("a\nb")


PARTIES = (None, "us", "them")


@pytest.mark.parametrize(("sender", "receiver"), list(product(PARTIES, PARTIES)))
def test_the_side_is_told_only_when_both_custodians_are_known(sender: str | None, receiver: str | None) -> None:
    """With a custodian unknown the side is unknown: it may still turn out to be both."""
    side = orders.side_of("us", sender, receiver)
    if sender is None or receiver is None:
        assert side is None
    else:
        assert (
            side
            == {("us", "us"): "both", ("us", "them"): "sender", ("them", "us"): "receiver", ("them", "them"): "none"}[(sender, receiver)]
        )


def test_terms_are_compared_by_value() -> None:
    """Another notation of the same value contradicts nothing."""
    one = orders.Terms(fx_rate=Decimal("112.0"), settled_at=datetime(2025, 3, 15, 9, tzinfo=UTC))
    two = orders.Terms(
        fx_rate=Decimal("112"), settled_at=datetime(2025, 3, 15, 18, tzinfo=timezone(timedelta(hours=9))), source_currency="JPYSC0"
    )
    assert orders.contradictions(one.stated(), two.stated()) == ()
    assert orders.contradictions(one.stated(), orders.Terms(fx_rate=Decimal("113")).stated()) == ("fx_rate",)


def test_missing_terms_are_named() -> None:
    """What a booking needs and a document does not state is named; the rate is not needed."""
    assert "fx_rate" not in orders.Terms().missing
    assert set(orders.Terms(source_currency="JPYSC0").missing) == set(orders.REQUIRED_FOR_BOOKING) - {"source_currency"}


def test_digests_do_not_depend_on_order() -> None:
    """The digest is of the statements, not of how they are listed; another value gives another digest."""
    assert orders.digest({"a": "1", "b": "2"}) == orders.digest({"b": "2", "a": "1"}) != orders.digest({"a": "2", "b": "1"})


@given(st.dictionaries(st.text(max_size=3) | st.sampled_from(["%", "%s", "fx_rate"]), st.text(max_size=3), max_size=4))
def test_a_digest_is_of_sorted_names_and_values(stated: dict[str, str]) -> None:
    """Names and values, whatever is in them, are joined in the names' order and hashed."""
    said = "\x1e".join(f"{name}\x1f{stated[name]}" for name in sorted(stated))
    assert orders.digest(stated) == hashlib.sha256(said.encode()).hexdigest()


def test_unknown_statuses_rank_as_terminal() -> None:
    """Rank rises along the life of an order; what is unknown counts as its end."""
    ranks = [lifecycle.rank(status) for status in ("PENDING", "QUOTED", "EXECUTING", "SETTLED")]
    assert ranks == sorted(set(ranks))
    assert lifecycle.rank("CANCELLED") == lifecycle.rank("SETTLED") == lifecycle.RANK_TERMINAL
