"""Exposures in a real PostgreSQL: two deciders never pass one limit together, and the database counts like the book in memory."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from decimal import Decimal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import conninfo

from pipeline import settings as configuration
from pipeline.log.codec import encode
from pipeline.policy.book import Book
from pipeline.policy.counters import ENDED, CounterQuery, alike_to, exposure_of, number_of, total_of
from pipeline.policy.exposures import Exposures
from pipeline.processors.risk.events import CommandRefused, OrderEnded, PeopleApproved, QuestionAsked, RiskEvent
from pipeline.processors.risk.settle import settle
from pipeline.stores import migrations
from pipeline.stores.exposures import PostgresExposures
from pipeline.stores.postgres import Connection, connect
from pipeline.testing.questions import NOW, engine, intent, question, quote, rule
from schemas.accepting import DecisionMade, DecisionRequested, Question
from tests.waiting import eventually

LIMIT = 'side = "source_max", currency = "JPYSC0", limit = "30000000"'
LIMITED = engine(rule("exposure_at_most", LIMIT, otherwise="REJECT"))
"""Two orders of 12000000 fit into the limit, three do not."""


@contextmanager
def opened(dsn: str) -> Iterator[Connection]:
    """Open a connection on a prepared database."""
    with connect(configuration.Postgres(dsn=conninfo.make_conninfo(dsn)), name="test", autocommit=True) as connection:
        migrations.apply(connection, migrations.found_in(["pipeline.stores"]))
        yield connection


def asked(request: DecisionRequested) -> QuestionAsked:
    """Return a question as the processor reads it."""
    return QuestionAsked(request=request, cause="cause", correlation_id="correlation")


def answer(connection: Connection, request: DecisionRequested, now: datetime = NOW) -> DecisionMade:
    """Answer one question in a transaction of its own."""
    with connection.transaction():
        (event,) = settle(LIMITED, PostgresExposures(connection), [asked(request)], lambda: now)
    assert isinstance(event, QuestionAsked)
    assert event.answer is not None
    return event.answer


def reserved(connection: Connection) -> Decimal:
    """Return what is reserved in all."""
    rows = connection.execute("SELECT coalesce(sum(source_amount_max), 0) FROM risk.exposures WHERE state = 'reserved'").fetchall()
    return Decimal(rows[0][0])


def test_parallel_accepts_never_pass_one_limit_together(postgres: str) -> None:
    """Of forty orders that four deciders answer at once, exactly the two that fit into the limit are accepted."""
    verdicts: list[str] = []
    start = threading.Barrier(4)

    def decide(first: int) -> None:
        with opened(postgres) as connection:
            start.wait(30)
            for order in range(first, first + 10):
                verdicts.append(answer(connection, question(order=order)).verdict)

    with opened(postgres) as connection:
        deciders = [threading.Thread(target=decide, args=(first,)) for first in (100, 200, 300, 400)]
        for decider in deciders:
            decider.start()
        for decider in deciders:
            decider.join(60)
        assert sorted(verdicts) == ["ACCEPT"] * 2 + ["REJECT"] * 38
        assert reserved(connection) == Decimal(24_000_000)


def test_the_second_decider_waits_for_the_first_and_sees_its_reservation(postgres: str) -> None:
    """While one transaction has decided and not committed, another one for the same venue waits, and then counts what was reserved."""
    found: list[DecisionMade] = []

    def second() -> None:
        with opened(postgres) as connection:
            found.append(answer(connection, question(order=2, source_amount_max="20000000")))

    with opened(postgres) as connection, opened(postgres) as looking:
        thread = threading.Thread(target=second)
        with connection.transaction():
            settle(LIMITED, PostgresExposures(connection), [asked(question(order=1))], lambda: NOW)
            thread.start()

            def waits() -> bool:
                rows = looking.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted").fetchone()
                return rows == (1,)

            eventually(waits, within=30, what="the second decider waits for the venue's lock")
            assert found == []
        thread.join(30)
    assert found[0].verdict == "REJECT"
    assert found[0].counters == {"exposure of source JPYSC0 per venue tokyo": "12000000"}


def test_without_the_lock_a_limit_is_passed(postgres: str) -> None:
    """Negative control: two interleaved transactions without the venue's lock accept more than the limit."""

    class Unlocked(PostgresExposures):
        def lock(self, venues: object) -> None:
            pass

    with opened(postgres) as one, opened(postgres) as other:
        with one.transaction(), other.transaction():
            for connection, order in ((one, 1), (other, 2)):
                settle(LIMITED, Unlocked(connection), [asked(question(order=order, source_amount_max="20000000"))], lambda: NOW)
        assert reserved(one) == Decimal(40_000_000) > Decimal(30_000_000)


def test_a_question_read_again_gets_the_same_bytes(postgres: str) -> None:
    """An answer that is committed and not yet published comes out the same later, whatever has been accepted in between."""
    with opened(postgres) as connection:
        first = answer(connection, question(order=1))
        answer(connection, question(order=2))
        assert answer(connection, question(order=3)).verdict == "REJECT"
        again = answer(connection, question(order=1), NOW + timedelta(hours=1))
        assert encode(again) == encode(first)
        assert again.verdict == "ACCEPT"
        assert reserved(connection) == Decimal(24_000_000)


def test_a_rolled_back_answer_leaves_nothing(postgres: str) -> None:
    """A crash before the commit leaves neither an answer nor a reservation."""
    with opened(postgres) as connection:
        with connection.transaction(force_rollback=True):
            settle(LIMITED, PostgresExposures(connection), [asked(question(order=1))], lambda: NOW)
            assert reserved(connection) == Decimal(12_000_000)
        assert reserved(connection) == 0
        assert connection.execute("SELECT count(*) FROM risk.decisions").fetchone() == (0,)


def test_a_status_that_nobody_knows_frees_no_limit(postgres: str) -> None:
    """An order that the venue shows in a strange status keeps what it has reserved, until the venue says what became of it."""

    def ended(order: int, status: str) -> OrderEnded:
        return OrderEnded(venue="tokyo", intent_id=intent(order), status=status, settled=False, source_amount=None, seen_at=NOW)

    with opened(postgres) as connection:
        assert [answer(connection, question(order=order)).verdict for order in (1, 2)] == ["ACCEPT", "ACCEPT"]
        with connection.transaction():
            settle(LIMITED, PostgresExposures(connection), [ended(1, "SUSPENDED")], lambda: NOW)
        assert reserved(connection) == Decimal(24_000_000)
        assert answer(connection, question(order=3)).verdict == "REJECT"
        with connection.transaction():
            settle(LIMITED, PostgresExposures(connection), [ended(1, "FAILED")], lambda: NOW)
        assert answer(connection, question(order=4)).verdict == "ACCEPT"


POLICY = engine(
    rule("exposure_at_most", 'side = "source_max", currency = "JPYSC0", limit = "20000000"', otherwise="REFER", name="exposure"),
    rule("window_sum_at_most", 'side = "target", currency = "USDCx", limit = "500000", window = "20s", per = "sender"', name="sum"),
    rule("amount_at_most", 'side = "source", currency = "JPYSC0", limit = "99000000"', on="co_sign_quote", name="payment"),
)
QUERIES: tuple[CounterQuery, ...] = (
    exposure_of("source", "JPYSC0", "venue", "tokyo"),
    exposure_of("target", "USDCx", "receiver", "InstitutionB::8bc31d4a902"),
    exposure_of("source", "JPYSC0", "market_maker", "MarketMaker1::7de1f00c3d9"),
    total_of("source", "JPYSC0", "sender", "S1", timedelta(seconds=15), "15s"),
    total_of("target", "USDCx", "pair", "JPYSC0/USDCx", timedelta(seconds=30), "30s"),
    number_of("sender", "S2", timedelta(seconds=15), "15s"),
    number_of("venue", "tokyo", timedelta(hours=1), "1h"),
    alike_to("tokyo", ("JPYSC0/USDCx", "S1", "InstitutionB::8bc31d4a902", "100000"), timedelta(seconds=20), "20s"),
)
ORDERS = 5


@st.composite
def happenings(draw: st.DrawFn) -> tuple[str, int, int, str]:
    """Draw what happens next: what, to which order, after how many seconds, and one more thing to choose by."""
    what = draw(st.sampled_from(("accept", "accept", "co_sign", "refuse", "refuse_sign", "approve", "settle", "fail", "vanish")))
    return what, draw(st.integers(1, ORDERS)), draw(st.integers(0, 9)), draw(st.sampled_from("abc"))


def event_of(
    what: str, order: int, number: int, choice: str, now: datetime, made: dict[tuple[int, Question], list[DecisionMade]]
) -> RiskEvent | None:
    """Return the event of a happening, with the ids of decisions made before; None where nothing was decided yet."""
    venue, order_id = "tokyo", intent(order)
    sender = f"S{order % 2 + 1}"
    most = None if choice == "c" and order == 5 else "12000000"
    match what:
        case "accept":
            return asked(question(order=order, round=number + 1, now=now, sender_party_id=sender, source_amount_max=most))
        case "co_sign":
            quotes = [quote(1, "112.0", now=now), quote(2, "111.5" if choice == "a" else "112.5", now=now)]
            request = question("co_sign_quote", order=order, round=number + 1, quotes=quotes, now=now, sender_party_id=sender)
            return asked(request)
        case "settle" | "fail" | "vanish":
            paid = Decimal(11_150_000) if what == "settle" and choice != "b" else None
            status = {"settle": "SETTLED", "fail": "FAILED", "vanish": "A STATUS THAT NOBODY KNOWS"}[what]
            return OrderEnded(venue=venue, intent_id=order_id, status=status, settled=what == "settle", source_amount=paid, seen_at=now)
    asked_for: Question = "co_sign_quote" if what == "refuse_sign" or (what == "approve" and choice == "b") else "accept_proposal"
    known = made.get((order, asked_for), [])
    if not known:
        return None
    decision = known[number % len(known)]
    if what == "approve":
        return PeopleApproved(
            venue=venue,
            intent_id=order_id,
            question=asked_for,
            quote_id=decision.quote_id,
            decision_id=f"approval-{decision.decision_id[:8]}",
            refers_to=decision.decision_id,
        )
    approved = f"approval-{decision.decision_id[:8]}" if choice == "c" else decision.decision_id
    return CommandRefused(venue=venue, intent_id=order_id, question=asked_for, decision_id=approved)


def test_the_database_counts_like_the_book_in_memory(postgres: str) -> None:
    """For random histories of questions, approvals, refusals and ends, both give the same answers and the same counters at every step."""
    with opened(postgres) as connection:
        seen: set[str] = set()

        @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
        @given(st.lists(happenings(), min_size=3, max_size=14))
        def hold(history: list[tuple[str, int, int, str]]) -> None:
            with connection.transaction(force_rollback=True):
                seen.update(_compare(history, Book(), PostgresExposures(connection)))

        hold()
        assert {"ACCEPT", "REFER", "changed", ENDED} <= seen


def _compare(history: list[tuple[str, int, int, str]], book: Book, database: Exposures) -> set[str]:
    now = NOW
    seen: set[str] = set()
    made: dict[tuple[int, Question], list[DecisionMade]] = {}
    for index, (what, order, number, choice) in enumerate(history):
        now += timedelta(seconds=number, microseconds=index)
        event = event_of(what, order, number, choice, now, made)
        if event is None:
            continue
        (one,) = settle(POLICY, book, [event], lambda now=now: now)  # type: ignore[misc]
        (other,) = settle(POLICY, database, [event], lambda now=now: now)  # type: ignore[misc]
        assert one == other
        if isinstance(one, QuestionAsked) and one.answer is not None:
            made.setdefault((order, one.answer.question), []).append(one.answer)
            seen.add(one.answer.verdict)
        elif getattr(one, "changed", False):
            seen.add("changed")
        for asking in (intent(1), "somebody else"):
            counted = book.read("tokyo", asking, QUERIES, now)
            assert counted == database.read("tokyo", asking, QUERIES, now)
            seen |= counted.keys()
    return seen
