"""Old settled states are let go of, and nothing is booked twice, raised for nothing, or stopped by it."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
import pytest

from connectors.sinks.accounting_ledger import reads
from connectors.sinks.accounting_ledger.adapter import AccountingLedger
from connectors.sinks.accounting_ledger.config import LedgerConfig
from pipeline import settings as configuration
from pipeline.clock import SystemClock
from pipeline.domain.money import Scales
from pipeline.engines.step import decoded, run_events
from pipeline.failpoints import Failpoints
from pipeline.kafka import EventProducer
from pipeline.log.codec import decode
from pipeline.log.envelope import Outgoing, Record
from pipeline.log.topics import ORDER_SETTLED
from pipeline.ports import Written
from pipeline.processors.settlement.processor import SETTLEMENT
from pipeline.stores import migrations, states
from pipeline.stores.postgres import Connection
from pipeline.stores.pruning import Pruned, prune
from schemas.events import AlarmRaised
from tests.bench import documents, growth
from tests.integration.commands import Commands, working, write_settings
from tests.services import KafkaRoom
from tests.waiting import eventually

LONG_AGO = timedelta(days=100)
SEEN = datetime(2026, 3, 1, 9, tzinfo=UTC)


class Books:
    """A prepared database with settled states and the entries of them, without Kafka."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._offsets = count()

    def settle(self, first: int, end: int) -> None:
        """Let orders have been settled and booked long ago."""
        growth.fill(self.connection, first, end, seen=SEEN)
        self.connection.execute("UPDATE custodian.states SET updated_at = updated_at - %s", (LONG_AGO,))
        if first < end:
            self.book([documents.order_settled(number, at=SEEN) for number in range(first, end)])

    def book(self, events: list[Outgoing]) -> Written:
        """Let the ledger write what the settlement processor emitted, in one committed transaction."""
        records = [documents.record_of(event, next(self._offsets)) for event in events]
        with self.connection.transaction():
            return AccountingLedger(LedgerConfig(scales=Scales(default=6, by_currency={}))).write(self.connection, records, SEEN)

    def see(self, number: int, **changes: str | None) -> list[Outgoing]:
        """Let the settlement processor see an order on the stored state, store what follows, and return what it emits."""
        record = order_seen(number, **changes)
        known = states.read(self.connection, "settlement", [key_of(number)])
        outcome = run_events(SETTLEMENT, [record], [decoded(SETTLEMENT, record)], known.get, SystemClock().now())
        if outcome.states:
            states.write(self.connection, "settlement", outcome.states)
        return outcome.outputs

    def prune(self, **options: Any) -> Pruned:
        """Walk the table and return what it came to."""
        before = datetime.now(UTC) - timedelta(days=90)
        *_, found = prune(self.connection, before=before, books=reads.standing, failpoints=Failpoints({}), **options)
        return found

    def keys(self) -> set[int]:
        """Return the numbers of the orders that settlement remembers, of the first hundred."""
        present = {key for (key,) in self.connection.execute("SELECT key FROM custodian.states WHERE processor = 'settlement'").fetchall()}
        return {number for number in range(100) if key_of(number) in present}

    def one(self, query: str) -> Any:
        """Return the first column of the first row."""
        row = self.connection.execute(query.encode()).fetchone()
        return None if row is None else row[0]


def key_of(number: int) -> str:
    """Return the key of an order's state."""
    return f"{documents.VENUE}/{documents.intent(number)}"


def order_seen(number: int, **changes: str | None) -> Record:
    """Return the record of an order that the venue shows settled, with some of its fields changed or, by None, left out."""
    event = documents.order_updated(number, at=SEEN)
    tree = {name: value for name, value in (json.loads(event.value) | changes).items() if value is not None}
    return Record(topic="t", partition=0, offset=0, key=event.key.encode(), value=json.dumps(tree).encode(), headers=event.headers())


@pytest.fixture
def books(postgres: str) -> Iterator[Books]:
    """Give a prepared database of this test's own."""
    with psycopg.connect(postgres, autocommit=True) as connection:
        migrations.apply(connection, migrations.found_in(["pipeline.stores", "connectors.sinks.accounting_ledger"]))
        yield Books(connection)


def test_what_is_old_settled_and_booked_goes_and_nothing_else(books: Books, postgres: str) -> None:
    """Kept are states that are young, unsettled or disputed, and, with the reason, those that books, limits or others still need."""
    books.settle(0, 4)
    growth.fill(books.connection, 4, 14, seen=SEEN)
    books.book([documents.order_settled(number, at=SEEN) for number in (*range(4, 10), 12, 13)])

    def change(number: int, change: str) -> None:
        books.connection.execute(f"UPDATE custodian.states SET {change} WHERE key = %s".encode(), (key_of(number),))

    change(4, """state = state || '{"marks": ["double_settlement/x"]}'""")
    change(5, """state = state || '{"claims": []}'""")
    change(6, """state = state || '{"status": "FAILED"}'""")
    change(7, "wake_at = now()")
    change(8, """state = jsonb_set(state, '{booked,terms_sha256}', '"other"')""")
    _reverse(books, 9)
    # 10 and 11 are not booked at all
    change(12, "updated_at = now()")
    books.connection.execute("UPDATE custodian.states SET updated_at = updated_at - %s WHERE key <> %s", (LONG_AGO, key_of(12)))
    _expose(books, 2, "reserved")
    _expose(books, 1, "settled")
    for number, wake_at in ((3, SEEN), (0, None)):
        books.connection.execute(
            "INSERT INTO custodian.states (processor, key, state, wake_at) VALUES ('workflow', %s, '{}', %s)", (key_of(number), wake_at)
        )
    with psycopg.connect(postgres) as worker:
        worker.execute("SELECT FROM custodian.states WHERE key = %s FOR UPDATE", (key_of(13),))
        found = books.prune()
    assert books.keys() == {*range(2, 14)}
    assert (found.old, found.removed) == (9, 2)
    assert found.kept == {"not_booked": 4, "open_exposure": 1, "waits": 1, "in_use": 1}
    assert books.one("SELECT count(*) FROM custodian.states WHERE processor = 'workflow'") == 2
    assert books.prune().removed == 1, "the one that was in use goes the next time"


def _expose(books: Books, number: int, state: str) -> None:
    books.connection.execute(
        "INSERT INTO risk.exposures (venue, intent_id, state, pair, source_currency, target_currency, asked_at, reserved_at)"
        " VALUES (%s, %s, %s, 'A/B', 'A', 'B', now(), now())",
        (documents.VENUE, documents.intent(number), state),
    )


def _reverse(books: Books, number: int) -> None:
    """Book the reversal of an order's settlement by hand."""
    with books.connection.transaction():
        (entry,) = books.connection.execute(
            """
            INSERT INTO ledger.entries (entry_id, kind, legs, venue, intent_id, transaction_hash, occurred_at, recorded_at, reverses,
                                        record_topic, record_partition, record_offset, record_ce_id)
            SELECT gen_random_uuid(), 'reversal', legs, venue, intent_id, transaction_hash, occurred_at, recorded_at, entry_id,
                   'r', 0, 0, 'r'
              FROM ledger.entries WHERE intent_id = %s RETURNING entry_id
            """,
            (documents.intent(number),),
        ).fetchone() or (None,)
        books.connection.execute(
            """
            INSERT INTO ledger.postings (entry_id, posting_no, account_id, currency, scale, side, amount)
            SELECT %s, p.posting_no, p.account_id, p.currency, p.scale, CASE p.side WHEN 'debit' THEN 'credit' ELSE 'debit' END, p.amount
              FROM ledger.postings p JOIN ledger.entries e USING (entry_id) WHERE e.intent_id = %s AND e.kind = 'settlement'
            """,
            (entry, documents.intent(number)),
        )


def test_only_counting_removes_nothing_and_a_limit_is_kept(books: Books) -> None:
    """A dry run says what the real one does; with a limit the rest stays for the next time."""
    books.settle(0, 50)
    assert books.prune(only_count=True).removed == 50
    assert len(books.keys()) == 50
    assert books.prune(removed_max=20, pages_at_once=1).removed == 20
    assert len(books.keys()) == 30
    assert books.prune().removed == 30


def alarms_of(written: Written) -> list[str]:
    """Return the kinds of the alarms raised."""
    return [decode(event.value, AlarmRaised).kind for event in written.raised]


@pytest.mark.parametrize(
    "changes",
    [{}, {"fx_rate": None}, {"target_amount": "100007.000"}, {"settled_at": "2025-03-15T09:00:00.007000Z"}, {"kyc_aml_ref": "later"}],
    ids=["the same", "without the rate", "other spelling", "time to the microsecond", "more said"],
)
def test_an_old_settlement_that_comes_again_books_nothing_and_raises_nothing(books: Books, changes: dict[str, str | None]) -> None:
    """Its state gone, settlement emits it once more and the ledger counts a duplicate; after that settlement knows it again."""
    books.settle(0, 20)
    assert books.see(7, **changes) == [], "while the state is there, a duplicate ends in settlement"
    assert books.prune().removed >= 19
    books.connection.execute("DELETE FROM custodian.states WHERE key = %s", (key_of(7),))  # one that learned a term is young again
    before = books.one("SELECT array_agg(e::text ORDER BY entry_id) FROM ledger.entries e")
    emitted = books.see(7, **changes)
    assert [event.envelope.kind for event in emitted] == [ORDER_SETTLED]
    written = books.book(emitted)
    assert (written.counts, written.refused, alarms_of(written)) == ({"duplicate": 1}, [], [])
    assert books.one("SELECT array_agg(e::text ORDER BY entry_id) FROM ledger.entries e") == before
    assert books.see(7, **changes) == []


def test_the_same_settlement_is_emitted_again_under_the_same_id(books: Books) -> None:
    """Whoever reads the topic can tell the repetition by its ce_id."""
    first = books.see(3)
    books.book(first)
    books.connection.execute("UPDATE custodian.states SET updated_at = updated_at - %s", (LONG_AGO,))
    assert books.prune().removed == 1
    (again,) = books.see(3)
    assert [event.envelope.id for event in first] == [again.envelope.id]


@pytest.mark.parametrize(
    ("changes", "kind"),
    [({"transaction_hash": "f" * 64}, "double_settlement"), ({"target_amount": "5"}, "settlement_conflict")],
)
def test_a_contradiction_of_an_old_settlement_is_still_refused_with_its_alarm(books: Books, changes: dict[str, str], kind: str) -> None:
    """Another hash or another amount of an order whose state is gone is not booked: the ledger raises what settlement would have."""
    books.settle(0, 1)
    books.prune()
    written = books.book(books.see(0, **changes))
    assert (alarms_of(written), len(written.refused)) == ([kind], 1)
    assert books.one("SELECT count(*) FROM ledger.entries") == 1


def test_a_worker_that_writes_a_removed_state_writes_it_whole(books: Books, postgres: str) -> None:
    """Who read a state before it was removed, and stores it after, waits for the removal and stores all of it."""
    books.settle(0, 1)
    record = order_seen(0, fx_rate="149.57475")
    with psycopg.connect(postgres, autocommit=True) as worker, psycopg.connect(postgres) as remover:
        known = states.read(worker, "settlement", [key_of(0)])
        outcome = run_events(SETTLEMENT, [record], [decoded(SETTLEMENT, record)], lambda _: None, SystemClock().now())
        remover.execute("DELETE FROM custodian.states")
        writing = threading.Thread(target=states.write, args=(worker, "settlement", outcome.states))
        writing.start()
        eventually(lambda: books.one("SELECT count(*) FROM pg_locks WHERE NOT granted") == 1, within=10, what="the worker waits")
        remover.commit()
        writing.join(10)
    assert (
        json.loads(states.read(books.connection, "settlement", [key_of(0)])[key_of(0)])["booked"] == json.loads(known[key_of(0)])["booked"]
    )


# --- the command ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def prepared(tmp_path: Path, kafka: KafkaRoom, postgres: str) -> Commands:
    """Give the program with settings for this test's Kafka and database, after `init`."""
    commands = write_settings(tmp_path, kafka, postgres)
    done = commands.run("init")
    assert done.returncode == 0, done.stderr
    return commands


def test_a_kill_in_the_middle_leaves_every_state_there_or_gone(prepared: Commands, postgres: str) -> None:
    """Killed in its second transaction, the command has removed what the first one held, no row more; repeated, it removes the rest."""
    with psycopg.connect(postgres, autocommit=True) as connection:
        books = Books(connection)
        books.settle(0, 6_000)
        before: dict[str, str] = dict(connection.execute("SELECT key, state::text FROM custodian.states").fetchall())
        prepared.kill_at_failpoints()
        killed = prepared.run("states", "prune", "--older-than", "90d", CUSTODIAN_FAILPOINT="prune.in_transaction:2")
        assert killed.returncode == -9
        left: dict[str, str] = dict(connection.execute("SELECT key, state::text FROM custodian.states").fetchall())
        assert 0 < len(left) < 6_000
        assert left.items() <= before.items()
        (line,) = prepared.lines("states", "prune", "--older-than", "90d", "--dry-run")
        assert (line["outcome"], line["removed"]) == ("would remove", len(left))
        (line,) = prepared.lines("states", "prune", "--older-than", "90d")
        assert (line["outcome"], line["removed"], line["kept"]) == ("removed", len(left), {})
        assert books.one("SELECT count(*) FROM custodian.states") == 0
        assert books.one("SELECT count(*) FROM ledger.entries") == 6_000


def test_what_is_young_is_not_asked_for(prepared: Commands) -> None:
    """Less than an hour is a usage error that says so; with nothing to remove the command ends with 0 and says none."""
    done = prepared.run("states", "prune", "--older-than", "59m")
    assert (done.returncode, "at least 1h" in done.stderr) == (2, True)
    (line,) = prepared.lines("states", "prune", "--older-than", "1h")
    assert (line["old"], line["removed"]) == (0, 0)


@pytest.mark.parametrize("engine", ["faust", "librdkafka"])
def test_running_workers_go_on_and_nothing_is_booked_twice(prepared: Commands, postgres: str, engine: str) -> None:
    """Settlement, ledger and archive run while all their old states are removed again and again and every settlement comes once more."""
    orders = 400
    loaded = configuration.load(prepared.folder / "custodian.toml", {})
    publisher = EventProducer(loaded.kafka)
    environment = {"CUSTODIAN_ENGINE__KIND": engine}
    with (
        psycopg.connect(postgres, autocommit=True) as connection,
        prepared.running("run", "settlement", **environment) as settlement,
        prepared.running("run", "ledger", "archive") as sinks,
    ):
        books = Books(connection)
        working(prepared, {"settlement", "ledger", "archive"})

        def show_all(times: int) -> None:
            publisher.publish([documents.order_updated(number, at=datetime.now(UTC)) for number in range(orders)])
            seen = "SELECT sum(next_offset) FROM custodian.positions WHERE consumer = 'settlement'"
            eventually(lambda: books.one(seen) == times * orders, within=40, what="settlement has read them")

        show_all(1)
        eventually(lambda: books.one("SELECT count(*) FROM ledger.entries") == orders, within=40, what="all are booked")
        for times in (2, 3):
            connection.execute("UPDATE custodian.states SET updated_at = updated_at - %s", (LONG_AGO,))
            (line,) = prepared.lines("states", "prune", "--older-than", "90d")
            assert (line["removed"], line["kept"]) == (orders, {})
            show_all(times)
        emitted = "SELECT count(*) FROM archive.records r JOIN archive.topics t USING (topic_no) WHERE t.topic LIKE '%order-settled%'"
        booked = "SELECT sum(next_offset) FROM custodian.positions WHERE consumer = 'ledger'"
        eventually(lambda: books.one(booked) == 3 * orders, within=40, what="the ledger has read the repetitions")
        eventually(lambda: books.one(emitted) == 3 * orders, within=40, what="the archive has them")
        assert settlement.process.poll() is None
        assert sinks.process.poll() is None
        assert books.one("SELECT count(*) FROM ledger.entries") == orders
        assert prepared.lines("alarms", "list") == []
        assert prepared.lines("dead-letters", "list") == []
        connection.execute("UPDATE custodian.states SET updated_at = updated_at - %s", (LONG_AGO,))
        assert [line["removed"] for line in prepared.lines("states", "prune", "--older-than", "90d")] == [orders]
        assert prepared.lines("orders", "list") == []
        story = [line["kind"] for line in prepared.lines("orders", "show", documents.intent(0))]
        assert sorted(story) == ["entry", *["event"] * 6], "what is remembered no more is still in books and archive"
        status = json.loads(prepared.run("status").stdout)
        assert {role["restarts"] for role in status["roles"]} == {0}
    publisher.close()
