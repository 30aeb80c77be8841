"""From a settlement to its entry: which side, which accounts, how much, and what is refused."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.sinks.accounting_ledger.rows import BeyondScale, entry_of, settlement_of
from pipeline.domain.identifiers import IntentId, TransactionHash, VenueId
from pipeline.domain.journal import Account, JournalEntry, Posting, UnbalancedEntryError
from pipeline.domain.money import Scales
from pipeline.errors import PoisonRecordError
from pipeline.log.envelope import Headers, Record
from pipeline.testing.questions import NOW, engine, question, quote, rule
from schemas.events import OrderSettled, SideName
from tests.integration.sink_room import outgoing, settled

SCALES = Scales(default=6, by_currency={"JPYSC0": 4})


def record_of(event: OrderSettled) -> Record:
    """Return the record that a settlement travels in."""
    sent = outgoing(event)
    return Record(topic="custody.order-settled.v1", partition=0, offset=0, key=b"k", value=sent.value, headers=sent.headers())


def lines(event: OrderSettled) -> list[tuple[str, str, int]]:
    """Return the postings of a settlement as account, side, units."""
    entry = entry_of(settlement_of(record_of(event)), SCALES)
    assert isinstance(entry, JournalEntry)
    return [(posting.account.name, posting.side, posting.units) for posting in entry.postings]


def test_as_sender_the_source_asset_leaves() -> None:
    """Dr client liability of the sender, Cr custody asset, the source amount in minor units."""
    assert lines(settled(1, side="sender", source_amount_actual="12.5", sender_party_id="S::1")) == [
        ("client_liability:tokyo:S::1:JPYSC0", "debit", 125_000),
        ("custody_asset:tokyo:JPYSC0", "credit", 125_000),
    ]


def test_as_receiver_the_target_asset_arrives() -> None:
    """Dr custody asset, Cr client liability of the receiver, the target amount in minor units."""
    assert lines(settled(1, side="receiver", target_amount="7", receiver_party_id="R::1")) == [
        ("custody_asset:tokyo:USDCx", "debit", 7_000_000),
        ("client_liability:tokyo:R::1:USDCx", "credit", 7_000_000),
    ]


def test_as_both_one_entry_holds_both_currencies() -> None:
    """Four postings: the source asset leaves and the target asset arrives."""
    found = lines(settled(1, side="both", source_amount_actual="3", target_amount="2"))
    assert [(side, units) for _, side, units in found] == [
        ("debit", 30_000),
        ("credit", 30_000),
        ("debit", 2_000_000),
        ("credit", 2_000_000),
    ]


_AMOUNTS = st.from_regex(r"[1-9][0-9]{0,5}(\.[0-9]{0,5}[1-9])?", fullmatch=True)


@given(_AMOUNTS, _AMOUNTS, st.integers(0, 12), st.sampled_from(["sender", "both"]))
def test_what_the_policy_signs_without_a_person_the_ledger_can_book(target: str, rate: str, scale: int, side: SideName) -> None:
    """A policy that allows everything says yes to exactly those products that become an entry; the others it refers to people."""
    scales = Scales(default=3, by_currency={"JPYSC0": scale})
    asked = question("co_sign_quote", quotes=[quote(1, rate)], target_amount=target, source_amount_max=None, side=side)
    serves = rule("pairs_allowed", 'pairs = ["JPYSC0/USDCx"]', on="co_sign_quote")
    verdict = engine(serves, scales=scales).decide(asked, {}, NOW).verdict
    product = plain(Fraction(target) * Fraction(rate))
    entry = entry_of(settlement_of(record_of(settled(1, side=side, source_amount_actual=product, target_amount=target))), scales)
    assert verdict == ("ACCEPT" if isinstance(entry, JournalEntry) else "REFER")


def plain(value: Fraction) -> str:
    """Write a fraction whose denominator is a power of ten."""
    digits = max(len(str(value.denominator)) * 4, 1)
    text = str(int(value * 10**digits)).zfill(digits + 1)
    return f"{text[:-digits]}.{text[-digits:]}".rstrip("0").rstrip(".")


def test_an_unnamed_client_is_unattributed() -> None:
    """A client that the venue does not name has a liability account of its own."""
    assert lines(settled(1, sender_party_id=None))[0][0] == "client_liability:tokyo:unattributed:JPYSC0"


@pytest.mark.parametrize(
    ("changes", "currency"),
    [({"source_amount_actual": "1.00001"}, "JPYSC0"), ({"target_amount": "0.0000001"}, "USDCx"), ({"target_amount": "1e-7"}, "USDCx")],
)
def test_an_amount_beyond_its_scale_is_never_rounded(changes: dict[str, str], currency: str) -> None:
    """More decimals than the currency has are said as such, on either leg."""
    found = entry_of(settlement_of(record_of(settled(1, side="both", **changes))), SCALES)
    assert isinstance(found, BeyondScale)
    assert found.currency == currency


@pytest.mark.parametrize(("side", "other"), [("sender", {"target_amount": "0.0000001"}), ("receiver", {"source_amount_actual": "1.00001"})])
def test_the_scale_of_a_leg_that_is_not_posted_matters_to_nobody(side: str, other: dict[str, str]) -> None:
    """What moves through somebody else's custody is kept as the venue states it, with however many decimals."""
    assert isinstance(entry_of(settlement_of(record_of(settled(1, side=side, **other))), SCALES), JournalEntry)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (b"{}", "not a OrderSettled"),
        (b"not json", "not a OrderSettled"),
        (b"", "not a OrderSettled"),
        (outgoing(settled(1)).value.replace(b'"JPYSC0"', b'"JP\\u0000Y"'), "source_currency"),
        (outgoing(settled(1)).value.replace(b'"tokyo"', b'"to:kyo"'), "colon"),
        (outgoing(settled(1, target_amount="0")).value, "target_amount is zero"),
        (outgoing(settled(1)).value.replace(b'"settled_at":"2026', b'"settled_at":"0000'), "settled_at"),
    ],
)
def test_what_cannot_be_booked_says_why(value: bytes, reason: str) -> None:
    """A record that is no settlement is poison, and its reason names the field."""
    record = Record(topic="t", partition=0, offset=0, key=b"k", value=value, headers=outgoing(settled(1)).headers())
    with pytest.raises(PoisonRecordError, match=reason):
        settlement_of(record)


@pytest.mark.parametrize(
    "headers", [[], [("ce_type", b"custody.order-updated.v1"), ("ce_id", b"x")], [("ce_type", b"custody.order-settled.v1")]]
)
def test_a_record_that_is_no_order_settled_event_is_poison(headers: Headers) -> None:
    """Without the event's type and id in its headers nothing is booked, whatever the value looks like."""
    record = Record(topic="t", partition=0, offset=0, key=b"k", value=outgoing(settled(1)).value, headers=headers)
    with pytest.raises(PoisonRecordError, match="ce_"):
        settlement_of(record)


def test_the_entry_id_tells_settlements_apart_and_nothing_else() -> None:
    """The same settlement has the same entry id; another hash, intent or venue has another."""
    ids = set()
    for changes in ({}, {}, {"transaction_hash": "other"}, {"venue": "osaka"}, {"intent_id": "7" * 36}):
        entry = entry_of(settlement_of(record_of(settled(1, **changes))), SCALES)
        assert isinstance(entry, JournalEntry)
        ids.add(entry.entry_id)
    assert len(ids) == 4


NAMES = st.text("AB:%1", min_size=1, max_size=6)
ACCOUNTS = st.builds(
    Account,
    role=st.sampled_from(["custody_asset", "client_liability"]),
    venue=st.sampled_from(["a", "b"]),
    party=st.none() | NAMES,
    currency=NAMES,
)


@given(one=ACCOUNTS, other=ACCOUNTS)
def test_two_accounts_never_share_a_name(one: Account, other: Account) -> None:
    """Whatever parties and currencies are called: equal names, equal accounts (custody has no party, a liability has one)."""
    for account in (one, other):
        if (account.role == "custody_asset") != (account.party is None):
            return
    assert (one.name == other.name) == (one == other)


POSTINGS = st.lists(
    st.builds(
        Posting,
        st.sampled_from([Account(role="custody_asset", venue=VenueId("v"), party=None, currency=name) for name in ("A", "B")]),
        st.sampled_from(["debit", "credit"]),
        st.integers(-2, 4),
    ),
    max_size=6,
)


@given(postings=POSTINGS)
def test_an_entry_exists_exactly_when_it_balances(postings: list[Posting]) -> None:
    """Any postings: positive and zero-sum in each currency, or the entry cannot be built."""
    balanced = bool(postings) and all(posting.units > 0 for posting in postings)
    for currency in ("A", "B"):
        own = [posting for posting in postings if posting.account.currency == currency]
        debits = sum(posting.units for posting in own if posting.side == "debit")
        balanced = balanced and debits == sum(posting.units for posting in own if posting.side == "credit")
    try:
        JournalEntry(
            entry_id=UUID(int=1),
            kind="settlement",
            venue=VenueId("v"),
            intent_id=IntentId("i"),
            transaction_hash=TransactionHash("h"),
            occurred_at=datetime(2026, 3, 1, tzinfo=UTC),
            postings=postings,
        )
    except UnbalancedEntryError:
        assert not balanced
    else:
        assert balanced


AMOUNTS = st.decimals(min_value=Decimal("0.0001"), max_value=Decimal(10) ** 20, places=4).map(str)


@given(source=AMOUNTS, target=AMOUNTS, side=st.sampled_from(["sender", "receiver", "both"]))
def test_units_are_the_stated_amounts_exactly(source: str, target: str, side: str) -> None:
    """What is posted, divided by the scale, is what the venue stated, digit for digit."""
    entry = entry_of(settlement_of(record_of(settled(1, side=side, source_amount_actual=source, target_amount=target))), SCALES)
    assert isinstance(entry, JournalEntry)
    stated = {"JPYSC0": (Decimal(source), 4), "USDCx": (Decimal(target), 6)}
    for posting in entry.postings:
        amount, scale = stated[posting.account.currency]
        assert Decimal(f"{posting.units}E-{scale}") == amount
