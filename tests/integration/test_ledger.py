"""The accounting ledger on PostgreSQL: what it books, and what the database itself holds against everybody, its owner included."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.sinks.accounting_ledger import reads
from connectors.sinks.accounting_ledger.adapter import AccountingLedger
from connectors.sinks.accounting_ledger.config import LedgerConfig
from pipeline.domain.money import Scales
from pipeline.errors import RetryableError
from pipeline.log.codec import decode
from pipeline.log.envelope import Record
from pipeline.ports import Written
from pipeline.stores import migrations
from pipeline.stores.postgres import Connection
from schemas.events import AlarmRaised, OrderSettled
from tests.integration.sink_room import NOW, audited, outgoing, settled

SCALES = Scales(default=6, by_currency={"JPYSC0": 4})


class Books:
    """A prepared database and the ledger sink, without Kafka."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.offsets = [0, 0, 0]

    def write(self, events: Sequence[OrderSettled | bytes], *, scales: Scales = SCALES, at: datetime = NOW, partition: int = 0) -> Written:
        """Write settlements, or values as they are, in one committed transaction."""
        records = []
        for event in events:
            sent = outgoing(event if isinstance(event, OrderSettled) else settled(0))
            value = event if isinstance(event, bytes) else sent.value
            offset = self.offsets[partition]
            self.offsets[partition] += 1
            records.append(Record(topic="t", partition=partition, offset=offset, key=b"k", value=value, headers=sent.headers()))
        with self.connection.transaction():
            return AccountingLedger(LedgerConfig(scales=scales)).write(self.connection, records, at)

    def one(self, query: str) -> Any:
        """Return the first column of the first row."""
        row = self.connection.execute(query.encode()).fetchone()
        return None if row is None else row[0]

    def balances(self, **bounds: Any) -> dict[str, Decimal]:
        """Return balances by account."""
        return {line["account"]: Decimal(line["balance"]) for line in reads.balances(self.connection, **bounds)}


@pytest.fixture
def books(postgres: str) -> Iterator[Books]:
    """Give empty books in a database of this test's own."""
    with psycopg.connect(postgres, autocommit=True) as connection:
        migrations.apply(connection, migrations.found_in(["pipeline.stores", "connectors.sinks.accounting_ledger"]))
        yield Books(connection)


def kinds_of(written: Written) -> list[str]:
    """Return the kinds of the alarms raised."""
    return [decode(event.value, AlarmRaised).kind for event in written.raised]


def test_a_settlement_is_booked_with_everything_that_explains_it(books: Books) -> None:
    """The line of the entry has exactly the promised fields, its source coordinates, both times and exact amounts."""
    event = settled(3, side="both", source_amount_actual="11200000.50", target_amount="100000")
    assert books.write([event]).counts == {"booked": 1}
    (line,) = reads.entries(books.connection)
    assert uuid.UUID(line.pop("entry_id")).version == 8
    assert line == {
        "venue": "tokyo",
        "intent_id": event.intent_id,
        "transaction_hash": event.transaction_hash,
        "kind": "settlement",
        "occurred_at": "2026-03-01T08:59:57.000000Z",
        "recorded_at": "2026-03-01T09:00:00.000000Z",
        "source": {"topic": "t", "partition": 0, "offset": 0},
        "postings": [
            {
                "account": "client_liability:tokyo:Sender3::aa:JPYSC0",
                "role": "client_liability",
                "currency": "JPYSC0",
                "side": "debit",
                "amount": "11200000.5",
            },
            {
                "account": "custody_asset:tokyo:JPYSC0",
                "role": "custody_asset",
                "currency": "JPYSC0",
                "side": "credit",
                "amount": "11200000.5",
            },
            {"account": "custody_asset:tokyo:USDCx", "role": "custody_asset", "currency": "USDCx", "side": "debit", "amount": "100000"},
            {
                "account": "client_liability:tokyo:Receiver0::bb:USDCx",
                "role": "client_liability",
                "currency": "USDCx",
                "side": "credit",
                "amount": "100000",
            },
        ],
    }


def test_the_same_settlement_twice_is_one_entry(books: Books) -> None:
    """In one batch or in two: the second is a counted duplicate, and nothing is refused or raised."""
    assert books.write([settled(1), settled(1)]).counts == {"booked": 1, "duplicate": 1}
    again = books.write([settled(1), settled(2)])
    assert again.counts == {"booked": 1, "duplicate": 1}
    assert not again.refused
    assert not again.raised
    assert books.one("SELECT count(*) FROM ledger.entries") == 2


def test_other_terms_under_the_same_key_are_refused_with_an_alarm(books: Books) -> None:
    """The booked entry stays as it is; the record is refused; the alarm names intent, hash and both digests."""
    first, other = settled(1), settled(1, target_amount="999")
    books.write([first])
    written = books.write([other])
    (raised,) = (decode(event.value, AlarmRaised) for event in written.raised)
    assert (raised.kind, raised.severity, raised.subject) == ("settlement_conflict", "critical", first.intent_id)
    assert raised.detail["booked_terms_sha256"] == first.terms_sha256
    assert raised.detail["stated_terms_sha256"] == other.terms_sha256
    assert [refusal.reason.split(":")[0] for refusal in written.refused] == ["settlement_conflict"]
    assert books.one("SELECT count(*) FROM ledger.entries") == 1


@pytest.mark.parametrize("together", [True, False])
def test_what_one_of_two_statements_leaves_out_contradicts_nothing(books: Books, together: bool) -> None:
    """The rate left out, or an amount spelled otherwise, is the same settlement under another digest: a counted duplicate, no alarm."""
    first = settled(1, source_amount_actual="10.50", fx_rate="112")
    others = [settled(1, source_amount_actual="10.5", fx_rate=None), settled(1, source_amount_actual="10.5000", fx_rate="112.0")]
    assert len({event.terms_sha256 for event in (first, *others)}) == 3
    if together:
        written = books.write([first, *others])
    else:
        books.write([first])
        written = books.write(others)
    assert (written.counts or {})["duplicate"] == 2
    assert not written.refused
    assert not written.raised
    assert books.one("SELECT count(*) FROM ledger.entries") == 1


@pytest.mark.parametrize(
    "change",
    [
        {"fx_rate": "113"},
        {"source_currency": "EURx"},
        {"target_currency": "EURx"},
        {"source_amount_actual": "7"},
        {"settled_at": "2026-01-01T00:00:00Z"},
        {"sender_custodian_party_id": "CustodianC::1"},
        {"receiver_custodian_party_id": "CustodianC::1"},
        {"sender_party_id": "Other::aa"},
        {"receiver_party_id": "Other::bb"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_each_term_that_contradicts_is_a_conflict(books: Books, change: dict[str, str]) -> None:
    """One term with another value, whichever it is, refuses the second statement with an alarm."""
    books.write([settled(1)])
    assert kinds_of(books.write([settled(1, **change)])) == ["settlement_conflict"]
    assert books.one("SELECT count(*) FROM ledger.entries") == 1


@pytest.mark.parametrize("together", [True, False])
def test_one_order_seen_through_two_venues_books_each_leg_once(books: Books, together: bool) -> None:
    """The sender's custodian and the receiver's are two venues of the settings: each has its entry, and again is a duplicate of each."""
    legs = [settled(1, side="sender"), settled(1, side="receiver", venue="osaka")]
    for batch in [legs * 2] if together else [legs[:1], legs[1:], legs]:
        written = books.write(batch)
        assert not written.refused
    assert books.balances() == audited(legs)
    assert books.one("SELECT count(*) FROM ledger.entries") == 2
    assert [len(list(reads.settled(books.connection, venue))) for venue in ("tokyo", "osaka")] == [1, 1]


def test_two_venues_whose_ids_are_equal_are_kept_apart(books: Books) -> None:
    """The same intent and hash on the same side at another venue is another settlement; a second hash at either is refused there."""
    books.write([settled(1)])
    assert books.write([settled(1, venue="osaka", target_amount="9")]).counts == {"booked": 1}
    assert kinds_of(books.write([settled(1, venue="osaka", hash_="other")])) == ["double_settlement"]
    assert kinds_of(books.write([settled(1, venue="nagoya", hash_="other")])) == []
    assert books.one("SELECT count(DISTINCT entry_id) FROM ledger.entries") == 3


@pytest.mark.parametrize(("first", "second"), [("sender", "both"), ("both", "receiver"), ("sender", "receiver")])
def test_one_venue_books_an_order_once_whatever_side_comes_later(books: Books, first: str, second: str) -> None:
    """A settlement that puts us on another side of an order that is booked at the venue is a conflict that names both sides."""
    books.write([settled(1, side=first)])
    (raised,) = (decode(event.value, AlarmRaised) for event in books.write([settled(1, side=second)]).raised)
    assert (raised.kind, raised.detail["booked.side"], raised.detail["other.side"]) == ("settlement_conflict", first, second)
    assert books.balances() == audited([settled(1, side=first)])


def test_a_client_who_is_named_contradicts_an_entry_for_nobody(books: Books) -> None:
    """An entry for `unattributed` and a settlement that names the client are a conflict; one that names nobody is a duplicate."""
    books.write([settled(1, sender_party_id=None)])
    assert books.write([settled(1, sender_party_id=None, receiver_party_id=None)]).counts == {"duplicate": 1}
    written = books.write([settled(1)])
    (raised,) = (decode(event.value, AlarmRaised) for event in written.raised)
    assert raised.kind == "settlement_conflict"
    assert (raised.detail["booked.sender_party_id"], raised.detail["other.sender_party_id"]) == ("unattributed", "Sender1::aa")
    (entry,) = reads.settled(books.connection, "tokyo")
    assert entry.terms.sender_party_id == "unattributed"


def test_a_digest_that_says_nothing_of_clients_does_not_hide_another_client(books: Books) -> None:
    """Entries of before have such digests: under an equal one a settlement for another client is a conflict, for the same a duplicate."""
    first = settled(1)
    books.write([first])
    assert books.write([settled(1, terms_sha256="0" * 64), first]).counts == {"duplicate": 2}
    assert kinds_of(books.write([settled(1, sender_party_id="Other::aa", terms_sha256=first.terms_sha256)])) == ["settlement_conflict"]


def test_a_time_of_another_resolution_is_the_same_settlement(books: Books) -> None:
    """Nanoseconds that were booked and the microseconds or milliseconds of the record are one moment."""
    books.write([settled(1, settled_at="2026-03-01T08:59:59.123456789Z")])
    again = [settled(1, settled_at=f"2026-03-01T08:59:59.{fraction}Z") for fraction in ("123456", "123457", "123", "123456789")]
    assert books.write(again).counts == {"duplicate": 4}
    assert kinds_of(books.write([settled(1, settled_at="2026-03-01T08:59:59.124Z")])) == ["settlement_conflict"]


LEDGER_BEFORE = "0001_pre_ledger.sql"


def test_an_older_release_books_on_the_new_key_and_the_new_one_waits_for_the_old_key_to_go(postgres: str) -> None:
    """Before `post` a second leg of an order waits for it and says so; everything else is booked. What was booked stays as it is."""
    found = migrations.found_in(["pipeline.stores", "connectors.sinks.accounting_ledger"])
    before = [one for one in found if "accounting_ledger/000" not in one.name or one.name.endswith(LEDGER_BEFORE)]
    pre = [one for one in found if "_post_" not in one.name]
    with psycopg.connect(postgres, autocommit=True) as connection:
        migrations.apply(connection, before)
        books = Books(connection)
        books.write([settled(1)])
        entries = list(reads.entries(connection))
        migrations.apply(connection, pre)
        assert books.write([settled(1), settled(2), settled(3, venue="osaka")]).counts == {"duplicate": 1, "booked": 2}
        with pytest.raises(RetryableError, match="custodian init"):
            books.write([settled(4), settled(1, venue="osaka")])
        migrations.apply(connection, found)
        assert books.write([settled(4), settled(1, venue="osaka")]).counts == {"booked": 2}
        assert [line for line in reads.entries(connection) if line["intent_id"] == settled(1).intent_id][:1] == entries


def test_a_second_hash_of_a_booked_intent_is_refused_with_an_alarm(books: Books) -> None:
    """The ledger books no second settlement of an intent, in one batch or in two, whatever reaches it."""
    assert kinds_of(books.write([settled(1), settled(1, hash_="other")])) == ["double_settlement"]
    assert kinds_of(books.write([settled(1, hash_="third")])) == ["double_settlement"]
    assert books.one("SELECT count(*) FROM ledger.entries") == 1


def test_an_amount_beyond_its_scale_is_booked_after_the_setting_is_corrected(books: Books) -> None:
    """It is refused with an alarm that names currency, amount and scale; the same record again, with the scale corrected, is booked."""
    event = settled(1, source_amount_actual="1.00001")
    refused = books.write([event, settled(2, source_currency="EURx")])
    (raised,) = (decode(alarm.value, AlarmRaised) for alarm in refused.raised)
    assert raised.kind == "amount_beyond_scale"
    assert raised.detail | {"transaction_hash": ""} == {"transaction_hash": "", "currency": "JPYSC0", "amount": "1.00001", "scale": "4"}
    assert refused.counts == {"booked": 1}
    assert refused.refused[0].record.offset == 0
    corrected = books.write([event], scales=Scales(default=6, by_currency={"JPYSC0": 5}))
    assert corrected.counts == {"booked": 1}
    assert books.balances()["custody_asset:tokyo:JPYSC0"] == Decimal("-1.00001")


def test_a_corrected_scale_changes_no_booked_amount(books: Books) -> None:
    """Each posting keeps the scale that it was booked with; entries and balances are exact over scales that went up and down again."""
    books.write([settled(1, source_amount_actual="1.5")])
    books.write([settled(2, source_amount_actual="0.000001")], scales=Scales(default=6, by_currency={"JPYSC0": 6}))
    books.write([settled(3, source_amount_actual="20.25")], scales=Scales(default=6, by_currency={"JPYSC0": 2}))
    assert books.balances()["custody_asset:tokyo:JPYSC0"] == Decimal("-21.750001")
    assert books.balances(known_at=NOW + timedelta(days=9)) == books.balances()
    moved = "SELECT sum(CASE side WHEN 'debit' THEN amount ELSE -amount END) FROM accounting.postings"
    assert books.one(f"{moved} WHERE account = 'custody_asset:tokyo:JPYSC0'") == Decimal("-21.750001")
    assert reads.balances_that_differ(books.connection) == []


def test_bad_records_are_refused_and_the_rest_of_the_batch_is_booked(books: Books) -> None:
    """Records that cannot be read do not keep their neighbours out of the books."""
    good = outgoing(settled(5)).value
    bad = [b"", b"{", b"null", good.replace(b'"JPYSC0"', b'"J\\u0000"'), good.replace(b'"tokyo"', b"7")]
    written = books.write([settled(1), *bad, settled(2)])
    assert written.counts == {"booked": 2}
    assert [refusal.record.offset for refusal in written.refused] == [1, 2, 3, 4, 5]
    assert all(refusal.reason for refusal in written.refused)


ENTRY = """
INSERT INTO ledger.entries (entry_id, kind, legs, venue, intent_id, transaction_hash, occurred_at, recorded_at,
                            record_topic, record_partition, record_offset, record_ce_id{more})
VALUES ('{id}', '{kind}', {legs}, 'tokyo', '{of}', '{id}', now(), now(), 't', {partition}, 0, 'c'{values})
"""
POSTING = "INSERT INTO ledger.postings (entry_id, posting_no, account_id, currency, scale, side, amount) VALUES {rows}"


def by_hand(
    books: Books, postings: str, *, legs: int = 2, kind: str = "adjustment", more: str = "", values: str = "", of: str = "i"
) -> str:
    """Write an entry with SQL; `postings` are rows with $E for the entry and $A, $B for the two accounts in yen, $D for one in dollars."""
    entry = str(uuid.uuid4())
    numbers: dict[str, int] = dict(books.connection.execute("SELECT account, account_id FROM ledger.accounts").fetchall())
    rows = postings.replace("$E", f"'{entry}'").replace("$D", str(numbers["custody_asset:tokyo:USDCx"]))
    rows = rows.replace("$A", str(numbers["custody_asset:tokyo:JPYSC0"])).replace(
        "$B", str(numbers["client_liability:tokyo:Sender1::aa:JPYSC0"])
    )
    with books.connection.transaction():
        books.connection.execute(ENTRY.format(id=entry, kind=kind, legs=legs, partition=4, more=more, values=values, of=of).encode())
        if rows:
            books.connection.execute(POSTING.format(rows=rows).encode())
    return entry


BALANCED = "($E, 1, $A, 'JPYSC0', 4, 'debit', 5), ($E, 2, $B, 'JPYSC0', 4, 'credit', 5)"


def test_a_balanced_entry_by_hand_is_taken_and_moves_the_balances(books: Books) -> None:
    """The database refuses what is wrong, not what is written by hand: the controls of the tests below."""
    books.write([settled(1, source_amount_actual="1"), settled(4, side="receiver")])
    by_hand(books, BALANCED)
    assert books.balances()["custody_asset:tokyo:JPYSC0"] == Decimal("-0.9995")
    assert reads.balances_that_differ(books.connection) == []


@pytest.mark.parametrize(
    ("postings", "legs", "said"),
    [
        ("", 2, "0 of 2 postings"),
        ("($E, 1, $A, 'JPYSC0', 4, 'debit', 5), ($E, 2, $B, 'JPYSC0', 4, 'credit', 4)", 2, "do not sum to zero"),
        ("($E, 1, $A, 'JPYSC0', 4, 'debit', 5), ($E, 2, $D, 'USDCx', 6, 'credit', 5)", 2, "do not sum to zero"),
        (BALANCED, 3, "2 of 3 postings"),
        (BALANCED.replace("2, $B", "3, $B"), 2, "beyond the entry's legs"),
        (BALANCED.replace("'JPYSC0'", "'USDCx'"), 2, "no account in its currency"),
        (BALANCED.replace("$A", "999"), 2, "no account in its currency"),
        (BALANCED.replace("4, 'debit'", "5, 'debit'"), 2, "no account in its currency and scale"),
        (BALANCED.replace("$E", "'00000000-0000-0000-0000-000000000000'"), 2, "has no entry"),
        (BALANCED.replace("5", "0.5"), 2, "minor_units_are_whole"),
        (BALANCED.replace("5", "'NaN'"), 2, "minor_units_are_whole"),
        (BALANCED.replace("5", "'Infinity'"), 2, "minor_units_are_whole"),
        (BALANCED.replace("5", "-5"), 2, "minor_units_are_whole"),
        (BALANCED.replace("5", "0"), 2, "postings_amount_check"),
    ],
)
def test_the_database_refuses_what_is_no_entry(books: Books, postings: str, legs: int, said: str) -> None:
    """No postings, not zero-sum, across currencies, too few, foreign accounts, fractions, NaN, negative, zero: nothing of it stays."""
    books.write([settled(1), settled(4, side="receiver")])
    before = books.balances()
    with pytest.raises(psycopg.Error, match=said):
        by_hand(books, postings, legs=legs)
    assert books.one("SELECT count(*) FROM ledger.entries") == 2
    assert books.balances() == before


def test_an_entry_takes_no_postings_later(books: Books) -> None:
    """A balanced pair added to an entry that is complete is refused."""
    books.write([settled(1), settled(4, side="receiver")])
    entry = by_hand(books, BALANCED)
    account = books.one("SELECT account_id FROM ledger.accounts WHERE currency = 'JPYSC0' LIMIT 1")
    rows = f"('{entry}', 3, {account}, 'JPYSC0', 4, 'debit', 1), ('{entry}', 4, {account}, 'JPYSC0', 4, 'credit', 1)"
    with pytest.raises(psycopg.Error, match="beyond the entry's legs"):
        books.connection.execute(POSTING.format(rows=rows).encode())


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger.entries SET venue = 'x'",
        "UPDATE ledger.entries SET kind = kind",
        "DELETE FROM ledger.entries",
        "TRUNCATE ledger.entries CASCADE",
        "UPDATE ledger.postings SET amount = amount + 1",
        "DELETE FROM ledger.postings",
        "TRUNCATE ledger.postings",
        "UPDATE ledger.accounts SET role = role",
        "DELETE FROM ledger.accounts",
        "UPDATE ledger.currencies SET scale = 2",
        "UPDATE ledger.currencies SET created_at = now()",
        "DELETE FROM ledger.currencies",
        "UPDATE ledger.balances SET debits = debits + 1",
        "INSERT INTO ledger.balances VALUES (1, 99, 1, 1)",
        "DELETE FROM ledger.balances",
        "TRUNCATE ledger.balances",
    ],
)
def test_nothing_in_the_books_is_edited_by_grant(books: Books, statement: str) -> None:
    """The owner of the tables itself may not update, delete or truncate, nor touch a balance."""
    books.write([settled(1)])
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        books.connection.execute(statement.encode())


@pytest.mark.parametrize("table", ["entries", "postings", "accounts", "currencies"])
@pytest.mark.parametrize("statement", ["UPDATE ledger.{} SET {} = {}", "DELETE FROM ledger.{}", "TRUNCATE ledger.{} CASCADE"])
def test_triggers_refuse_edits_where_the_grant_is_given_back(books: Books, table: str, statement: str) -> None:
    """An owner that grants itself everything again is still refused, with the advice to book a reversal."""
    books.write([settled(1)])
    books.connection.execute(b"GRANT ALL ON ALL TABLES IN SCHEMA ledger TO CURRENT_USER")
    column = {"entries": "venue", "postings": "side", "accounts": "venue", "currencies": "scale"}[table]
    with pytest.raises(psycopg.Error, match="book a reversal"):
        books.connection.execute(statement.format(table, column, column).encode())


def test_the_database_books_a_key_once(books: Books) -> None:
    """A second settlement row with the same venue, intent and hash violates the key, whoever writes it, and whatever side it names."""
    event = settled(1)
    books.write([event])
    with pytest.raises(psycopg.errors.UniqueViolation, match="settlement_is_booked_once_per_venue"):
        books.connection.execute(
            b"""
            INSERT INTO ledger.entries
            SELECT (jsonb_populate_record(e, jsonb_build_object('entry_id', gen_random_uuid(), 'side', 'receiver'))).* FROM ledger.entries e
            """
        )


def test_a_reversal_names_what_it_reverses_and_happens_once(books: Books) -> None:
    """A reversal points to an entry that exists, at most one per entry; afterwards the settlement no longer counts as settled."""
    event = settled(1, source_amount_actual="1")
    books.write([event, settled(4, side="receiver")])
    booked = books.one("SELECT entry_id FROM ledger.entries WHERE record_offset = 0")
    back = "($E, 1, $B, 'JPYSC0', 4, 'credit', 10000), ($E, 2, $A, 'JPYSC0', 4, 'debit', 10000)"
    with pytest.raises(psycopg.errors.ForeignKeyViolation):
        by_hand(books, back, kind="reversal", more=", reverses", values=f", '{uuid.uuid4()}'")
    with pytest.raises(psycopg.errors.CheckViolation, match="reversal_names_what_it_reverses"):
        by_hand(books, back, kind="reversal")
    with pytest.raises(psycopg.errors.CheckViolation, match="turned around"):
        by_hand(books, back, kind="reversal", more=", reverses", values=f", '{booked}'")  # of another order
    whole: dict[str, Any] = {"kind": "reversal", "more": ", reverses", "values": f", '{booked}'", "of": str(event.intent_id)}
    with pytest.raises(psycopg.errors.CheckViolation, match="turned around"):
        by_hand(books, BALANCED, **whole)
    by_hand(books, back, **whole)
    with pytest.raises(psycopg.errors.UniqueViolation, match="entry_is_reversed_once"):
        by_hand(books, back, **whole)
    assert books.balances()["custody_asset:tokyo:JPYSC0"] == 0
    assert event.intent_id not in {settlement.intent_id for settlement in reads.settled(books.connection, "tokyo")}
    assert [line["reverses"] for line in reads.entries(books.connection) if line["kind"] == "reversal"] == [str(booked)]
    assert books.write([event]).counts == {"duplicate": 1}
    assert books.write([settled(1, hash_="other")]).counts == {"booked": 1}


def test_balances_are_striped_by_partition_and_equal_the_postings(books: Books) -> None:
    """Each partition moves a row of its own; together they are the sums of the postings."""
    events = [settled(number) for number in range(30)]
    for partition in range(3):
        books.write(events[partition::3], partition=partition)
    assert books.one("SELECT count(DISTINCT stripe) FROM ledger.balances") == 3
    assert books.balances() == audited(events)
    assert reads.balances_that_differ(books.connection) == []


def test_workers_of_two_partitions_do_not_wait_for_one_another(books: Books, postgres: str) -> None:
    """With one batch open and not committed, the batch of another partition is booked to the same accounts."""
    books.write([settled(0), settled(5)], partition=2)  # the accounts exist
    record = Record(topic="t", partition=0, offset=0, key=b"k", value=outgoing(settled(10)).value, headers=outgoing(settled(10)).headers())
    with psycopg.connect(postgres, options="-c lock_timeout=2s") as open_worker:
        AccountingLedger(LedgerConfig(scales=SCALES)).write(open_worker, [record], NOW)
        books.connection.execute("SET lock_timeout = '2s'")
        assert books.write([settled(15)], partition=1).counts == {"booked": 1}
    assert books.balances() == audited([settled(number) for number in (0, 5, 10, 15)])


def test_as_of_and_known_at_are_two_axes(books: Books) -> None:
    """A settlement that occurred early and was recorded late is there by occurrence and not by knowledge."""
    early, late = settled(100), settled(1)
    books.write([late], at=NOW)
    books.write([early], at=NOW + timedelta(hours=1))
    between = NOW - timedelta(seconds=50)
    assert books.balances(as_of=between) == audited([early])
    assert books.balances(known_at=NOW) == audited([late])
    assert books.balances(as_of=between, known_at=NOW) == {}
    assert books.balances(as_of=NOW, known_at=NOW + timedelta(hours=2)) == audited([early, late])
    assert [line["intent_id"] for line in reads.entries(books.connection, as_of=between)] == [early.intent_id]
    assert [line["intent_id"] for line in reads.entries(books.connection, known_at=NOW)] == [late.intent_id]


def test_lines_can_be_asked_for_by_venue_and_intent(books: Books) -> None:
    """Filters and the limit give what they say, and nothing found is no lines."""
    books.write([settled(1), settled(2, venue="osaka"), settled(3)])
    assert len(list(reads.entries(books.connection))) == 3
    assert [line["venue"] for line in reads.entries(books.connection, venue="osaka")] == ["osaka"]
    assert [line["intent_id"] for line in reads.entries(books.connection, intent=settled(3).intent_id)] == [settled(3).intent_id]
    assert len(list(reads.entries(books.connection, limit=2))) == 2
    assert list(reads.entries(books.connection, venue="nowhere")) == []
    assert set(books.balances(venue="osaka")) == set(audited([settled(2, venue="osaka")]))


def test_settled_tells_the_terms_by_value(books: Books) -> None:
    """What a reconciliation compares with the venue is what the venue stated."""
    event = settled(1, source_amount_actual="12.50", fx_rate="112.0")
    books.write([event])
    (found,) = reads.settled(books.connection, "tokyo")
    assert (found.intent_id, found.transaction_hash, found.side) == (event.intent_id, event.transaction_hash, "sender")
    assert found.terms.stated() == {
        "source_currency": "JPYSC0",
        "target_currency": "USDCx",
        "target_amount": event.target_amount,
        "source_amount_actual": "12.5",
        "fx_rate": "112",
        "settled_at": "2026-03-01T08:59:59.000000Z",
        "sender_custodian_party_id": "CustodianA::209f",
        "receiver_custodian_party_id": "CustodianB::5de0",
        "sender_party_id": "Sender1::aa",
        "receiver_party_id": "Receiver1::bb",
    }


def test_accounting_readers_see_the_views_and_nothing_else(books: Books, services: Any, postgres: str) -> None:
    """The group role reads journal, postings, balances and breaks with exact decimals, and neither tables nor the archive's schema."""
    books.write([settled(1, source_amount_actual="12.5", side="sender")])
    name = psycopg.conninfo.conninfo_to_dict(postgres)["dbname"]
    with psycopg.connect(services.admin_dsn, dbname=name, autocommit=True) as reader:
        reader.execute("SET ROLE accounting_reader")
        row = reader.execute("SELECT venue, kind, source, postings FROM accounting.journal").fetchone()
        assert row is not None
        assert row[2] == {"topic": "t", "partition": 0, "offset": 0}
        assert json.loads(json.dumps(row[3]))[0]["amount"] == "12.5"
        amounts = reader.execute("SELECT account, side, amount FROM accounting.postings ORDER BY posting_no").fetchall()
        assert amounts[1] == ("custody_asset:tokyo:JPYSC0", "credit", Decimal("12.5"))
        balances = reader.execute("SELECT account, debits, credits, balance FROM accounting.balances ORDER BY account").fetchall()
        assert balances[1] == ("custody_asset:tokyo:JPYSC0", Decimal(0), Decimal("12.5"), Decimal("-12.5"))
        assert reader.execute("SELECT * FROM accounting.breaks").fetchall() == []
        for table in ("ledger.entries", "ledger.postings", "custodian.positions"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                reader.execute(f"SELECT * FROM {table}".encode())


SETTLEMENTS = st.lists(
    st.tuples(
        st.integers(0, 12),
        st.sampled_from(["sender", "receiver", "both"]),
        st.decimals(min_value=Decimal("0.0001"), max_value=Decimal(10) ** 25, places=4),
        st.decimals(min_value=Decimal("0.000001"), max_value=Decimal(10) ** 25, places=6),
        st.sampled_from([None, "P::1", "P:2"]),
    ),
    max_size=25,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(history=SETTLEMENTS, cut=st.integers(0, 25))
def test_the_books_equal_an_auditors_arithmetic(books: Books, history: list[Any], cut: int) -> None:
    """Any settlements, repeated and contradicted, in two batches: the balances are those of the first statement of each intent."""
    run = uuid.uuid4().hex[:6]
    events = [
        settled(
            number,
            venue=f"v{run}",
            intent_id=f"{run}-{number}",
            side=side,
            source_amount_actual=str(source),
            target_amount=str(target),
            sender_party_id=party,
            receiver_party_id=party,
        )
        for number, side, source, target, party in history
    ]
    books.write(events[:cut])
    books.write(events[cut:], partition=1)
    first: dict[str, OrderSettled] = {}
    for event in events:
        first.setdefault(event.intent_id, event)
    assert books.balances(venue=f"v{run}") == audited(first.values())
    assert books.balances(venue=f"v{run}", as_of=datetime(2030, 1, 1, tzinfo=UTC)) == audited(first.values())
    assert reads.balances_that_differ(books.connection) == []
