"""Exposures in a real PostgreSQL: two deciders never pass one limit together, and the database counts like the book in memory."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import conninfo

from pipeline import settings as configuration
from pipeline.log.codec import encode
from pipeline.policy.book import Book
from pipeline.policy.counters import ENDED, CounterQuery, alike_to, exposure_of, number_of, total_of
from pipeline.policy.engine import Engine
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
    assert found[0].counters == {"exposure over all venues of source JPYSC0": "12000000"}


def test_without_the_lock_a_limit_is_passed(postgres: str) -> None:
    """Negative control: two interleaved transactions without the venue's lock accept more than the limit."""

    class Unlocked(PostgresExposures):
        def lock(self, venues: object) -> None:
            pass

    def second() -> None:
        with opened(postgres) as other, other.transaction():
            settle(LIMITED, Unlocked(other), [asked(question(order=2, source_amount_max="20000000"))], lambda: NOW)

    with opened(postgres) as one, opened(postgres) as looking:
        thread = threading.Thread(target=second)
        with one.transaction():
            settle(LIMITED, Unlocked(one), [asked(question(order=1, source_amount_max="20000000"))], lambda: NOW)
            thread.start()
            waits = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'transactionid' AND datname = current_database()"
            eventually(lambda: looking.execute(waits).fetchone() == (1,), within=30, what="the other has read, and writes the same tally")
        thread.join(30)
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


BOTH_VENUES = engine(rule("window_sum_at_most", 'side = "target", currency = "USDCx", limit = "250000", window = "24h"'))
"""Two orders of 100000 fit into the limit, wherever they are."""
AT_TOKYO = engine(
    rule("window_sum_at_most", 'side = "target", currency = "USDCx", limit = "150000", window = "24h", venue = "tokyo"', name="tokyo"),
    rule("exposure_at_most", 'side = "target", currency = "USDCx", limit = "350000"', name="everywhere"),
)


def verdicts(connection: Connection, by: Engine, *orders: tuple[int, str]) -> list[str]:
    """Let questions about orders at venues be answered one by one."""
    found: list[str] = []
    for order, venue in orders:
        with connection.transaction():
            (event,) = settle(by, PostgresExposures(connection), [asked(question(order=order, venue=venue))], lambda: NOW)
        assert isinstance(event, QuestionAsked)
        assert event.answer is not None
        found.append(event.answer.verdict)
    return found


def test_a_rule_without_a_venue_counts_over_all_venues(postgres: str) -> None:
    """What is accepted at one venue uses up the limit of the other; a rule that names a venue counts what is there."""
    with opened(postgres) as connection:
        assert verdicts(connection, BOTH_VENUES, (1, "tokyo"), (2, "osaka"), (3, "tokyo"), (4, "osaka")) == ["ACCEPT"] * 2 + ["REJECT"] * 2
        at_tokyo = verdicts(connection, AT_TOKYO, (5, "tokyo"), (6, "osaka"), (7, "osaka"))
        assert at_tokyo == ["REJECT", "ACCEPT", "REJECT"], "tokyo has one of 100000, and everywhere there were two"


def test_orders_of_one_number_at_two_venues_are_two(postgres: str) -> None:
    """Only the very order that is asked about is left out of what counts, not its namesake at another venue."""
    with opened(postgres) as connection:
        assert verdicts(connection, BOTH_VENUES, (1, "tokyo"), (1, "osaka"), (2, "osaka")) == ["ACCEPT", "ACCEPT", "REJECT"]


def test_who_decides_at_one_venue_waits_for_the_other(postgres: str) -> None:
    """While a transaction has decided at one venue and not committed, a decision at another one waits, and then sees what it reserved."""
    found: list[str] = []

    def second() -> None:
        with opened(postgres) as connection:
            found.extend(verdicts(connection, BOTH_VENUES, (2, "osaka")))

    with opened(postgres) as connection, opened(postgres) as looking:
        thread = threading.Thread(target=second)
        with connection.transaction():
            events = [asked(question(order=1, venue="tokyo", target_amount="200000"))]
            settle(BOTH_VENUES, PostgresExposures(connection), events, lambda: NOW)
            thread.start()
            eventually(lambda: advisory_waits(looking) == 1, within=30, what="the decider at the other venue waits")
            assert found == []
        thread.join(30)
    assert found == ["REJECT"]


def advisory_waits(connection: Connection) -> int:
    """Return how many sessions wait for an advisory lock of this database."""
    row = connection.execute(
        "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
        " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    ).fetchone()
    return int(row[0]) if row else 0


def test_two_workers_at_two_venues_never_stand_in_each_others_way(postgres: str) -> None:
    """Batches of both venues in opposite orders, with ends among them: no deadlock, the common limit holds, the tallies are the rows."""
    start = threading.Barrier(2)
    troubles: list[BaseException] = []

    def work(number: int) -> None:
        venues = ("tokyo", "osaka") if number else ("osaka", "tokyo")
        try:
            with opened(postgres) as connection:
                start.wait(30)
                for turn in range(40):
                    order = 1000 * number + 10 * turn
                    events: list[RiskEvent] = []
                    for place, venue in enumerate(venues):
                        events.append(asked(question(order=order + place, venue=venue, sender_party_id=f"S{place}")))
                        if turn > 2:
                            ended = intent(order + place - 30)
                            events.append(
                                OrderEnded(venue=venue, intent_id=ended, status="SETTLED", settled=True, source_amount=None, seen_at=NOW)
                            )
                    with connection.transaction():
                        settle(LIMITED, PostgresExposures(connection), events, lambda: NOW)
                        row = connection.execute("SELECT sum(source_amount_max) FROM risk.exposures WHERE state = 'reserved'").fetchone()
                        assert row is None or row[0] is None or row[0] <= Decimal(30_000_000)
        except BaseException as error:
            troubles.append(error)

    workers = [threading.Thread(target=work, args=(number,)) for number in (0, 1)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(120)
    assert troubles == []
    with opened(postgres) as connection:
        assert tallies_that_differ(connection) == []
        assert connection.execute("SELECT 1 FROM risk.exposures WHERE state = 'settled'").fetchone() is not None


STORIES = {
    "approved, settled": ("approve", "settle"),
    "approved, co-signed, settled": ("approve", "sign", "settle"),
    "approved, refused": ("approve", "refuse"),
    "approved, refused, settled all the same": ("approve", "refuse", "settle"),
    "approved, failed": ("approve", "fail"),
    "approved, failed, settled all the same": ("approve", "fail", "settle"),
}
COUNTS = {name: "settle" in events for name, events in STORIES.items()}


@pytest.mark.parametrize("name", STORIES)
def test_in_whatever_order_the_news_of_an_approved_order_is_read_it_counts_once(postgres: str, name: str) -> None:
    """After an outage SETTLED may be read before the approval, or the refusal: every order of the news, each read twice, is one sum."""
    queries = (
        number_of("venue", "", timedelta(hours=1), "1h"),
        total_of("target", "USDCx", "sender", "S1", timedelta(hours=1), "1h"),
        total_of("source", "JPYSC0", "venue", "", timedelta(hours=1), "1h"),
        exposure_of("source", "JPYSC0", "venue", ""),
    )
    paid = {"sign": "11140000"}
    counted = ["1", "100000", next((paid[one] for one in STORIES[name] if one in paid), "12000000"), "0"]
    with opened(postgres) as connection:
        for order in itertools.permutations(STORIES[name]):
            with connection.transaction(force_rollback=True):
                for exposures in (Book(), PostgresExposures(connection)):
                    for times in news_read(connection, exposures, order):
                        read = list(exposures.read("tokyo", "nobody's", queries, NOW + timedelta(seconds=9)).values())
                        assert read == (counted if COUNTS[name] else ["0"] * 4), (order, times, type(exposures).__name__)
                assert tallies_that_differ(connection) == []


def news_read(connection: Connection, exposures: Exposures, order: Sequence[str]) -> Iterator[int]:
    """Let an order be referred twice, and then the news of what became of it be read in an order, and all of it once more.

    Yield after each: what is read again must not be what makes it right.
    """
    referring = engine(
        rule("amount_at_most", 'side = "target", currency = "USDCx", limit = "1"', otherwise="REFER", name="proposal"),
        rule("amount_at_most", 'side = "target", currency = "USDCx", limit = "1"', otherwise="REFER", on="co_sign_quote", name="quote"),
    )
    quotes = [quote(1, "111.5")]
    requests = {"approve": question(sender_party_id="S1"), "sign": question("co_sign_quote", quotes=quotes, sender_party_id="S1")}
    news: dict[str, RiskEvent] = {
        "settle": OrderEnded(
            venue="tokyo", intent_id=intent(1), status="SETTLED", settled=True, source_amount=Decimal(11_140_000), seen_at=NOW
        ),
        "fail": OrderEnded(venue="tokyo", intent_id=intent(1), status="FAILED", settled=False, source_amount=None, seen_at=NOW),
    }
    for name, request in requests.items():
        (event,) = settle(referring, exposures, [asked(request)], lambda: NOW)
        assert isinstance(event, QuestionAsked)
        assert event.answer is not None
        assert event.answer.verdict == "REFER"
        news[name] = PeopleApproved(
            venue="tokyo",
            intent_id=intent(1),
            question=request.question,
            quote_id=event.answer.quote_id,
            decision_id=f"people-{name}",
            refers_to=event.answer.decision_id,
        )
    news["refuse"] = CommandRefused(venue="tokyo", intent_id=intent(1), question="accept_proposal", decision_id="people-approve")
    for times in (1, 2):
        for name in order:
            event = news[name]
            at = approved_by_people(connection, event, NOW) if isinstance(event, PeopleApproved) else NOW
            if isinstance(event, CommandRefused):
                journalled(connection, event)
            settle(referring, exposures, [event], lambda at=at: at)  # type: ignore[misc]
        yield times


def test_an_approval_that_no_people_stand_behind_counts_nothing(postgres: str) -> None:
    """A record on decision-made that names a referral fills no limit: only an answer that was made of people's approvals does."""
    with opened(postgres) as connection:
        large = answer(connection, question(order=2, source_amount_max="99000000"))
        forged = PeopleApproved(
            venue="tokyo",
            intent_id=intent(2),
            question="accept_proposal",
            quote_id=None,
            decision_id="forged",
            refers_to=large.decision_id,
        )
        with connection.transaction():
            (read,) = settle(LIMITED, PostgresExposures(connection), [forged], lambda: NOW)
        assert isinstance(read, PeopleApproved)
        assert read.changed is False
        assert reserved(connection) == 0


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
    exposure_of("source", "JPYSC0", "venue", ""),
    exposure_of("source", "JPYSC0", "venue", "", venue="tokyo"),
    exposure_of("target", "USDCx", "receiver", "InstitutionB::8bc31d4a902"),
    exposure_of("source", "JPYSC0", "market_maker", "MarketMaker1::7de1f00c3d9"),
    total_of("source", "JPYSC0", "sender", "S1", timedelta(seconds=15), "15s"),
    total_of("source", "JPYSC0", "sender", "S1", timedelta(minutes=2), "2m", venue="osaka"),
    total_of("target", "USDCx", "pair", "JPYSC0/USDCx", timedelta(seconds=30), "30s"),
    total_of("target", "USDCx", "venue", "", timedelta(hours=3), "3h"),
    number_of("sender", "S2", timedelta(seconds=15), "15s"),
    number_of("venue", "", timedelta(hours=1), "1h"),
    number_of("venue", "", timedelta(minutes=90), "90m", venue="tokyo"),
    alike_to(("JPYSC0/USDCx", "S1", "InstitutionB::8bc31d4a902", "100000"), timedelta(seconds=20), "20s"),
    alike_to(("JPYSC0/USDCx", "S1", "InstitutionB::8bc31d4a902", "100000"), timedelta(minutes=20), "20m", venue="osaka"),
)
ORDERS = 5


@st.composite
def happenings(draw: st.DrawFn) -> tuple[str, int, int, str]:
    """Draw what happens next: what, to which order, after how many seconds, and one more thing to choose by."""
    what = draw(st.sampled_from(("accept", "accept", "co_sign", "refuse", "refuse_sign", "approve", "settle", "fail", "vanish")))
    seconds = draw(st.one_of(st.integers(0, 9), st.sampled_from((55, 60, 119, 3540, 3600, 7300))))
    return what, draw(st.integers(1, ORDERS)), seconds, draw(st.sampled_from("abc"))


def event_of(
    what: str, order: int, number: int, choice: str, now: datetime, made: dict[tuple[int, Question], list[DecisionMade]]
) -> RiskEvent | None:
    """Return the event of a happening, with the ids of decisions made before; None where nothing was decided yet."""
    venue, order_id = ("osaka" if order > 3 else "tokyo"), intent(order)
    sender = f"S{order % 2 + 1}"
    most = None if choice == "c" and order == 5 else "12000000"
    match what:
        case "accept":
            terms: dict[str, Any] = {"sender_party_id": sender, "source_amount_max": most}
            if choice == "b":
                terms |= {"target_amount": str(100_000 + 1_000 * (number % 3 - 1))}
                others: dict[int, dict[str, Any]] = {1: {"receiver_party_id": "Another"}, 2: {"source_currency": "JPYX"}}
                terms |= others.get(order, {"sender_party_id": None})
            return asked(question(order=order, venue=venue, round=number + 1, now=now, **terms))
        case "co_sign":
            quotes = [quote(1, "112.0", now=now), quote(2, "111.5" if choice == "a" else "112.5", now=now)]
            return asked(
                question("co_sign_quote", order=order, venue=venue, round=number + 1, quotes=quotes, now=now, sender_party_id=sender)
            )
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
    """For random histories of questions, approvals, refusals and ends at two venues, both give the same answers and counters at every step.

    The tallies are the sums over the rows, to the last digit.
    """
    with opened(postgres) as connection:
        seen: set[str] = set()

        @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
        @given(st.lists(happenings(), min_size=3, max_size=14))
        def hold(history: list[tuple[str, int, int, str]]) -> None:
            with connection.transaction(force_rollback=True):
                seen.update(_compare(history, Book(), connection))
                assert tallies_that_differ(connection) == []

        hold()
        assert {"ACCEPT", "REFER", "changed", ENDED} <= seen


def tallies_that_differ(connection: Connection) -> list[tuple[object, ...]]:
    """Return the tallies that are not the sums over the rows, and the sums that have no tally."""
    names = "per, scope, width, at, venue, source_currency, target_currency"
    amounts = ("number", "target_amount", "target_lacking", "source_amount", "source_lacking")
    sums = ", ".join(f"sum(c.{name}) AS {name}" for name in amounts)
    whole = ", ".join(f"c.{name}" for name in names.split(", "))
    differ = " OR ".join(f"coalesce(t.{name}, 0) <> coalesce(s.{name}, 0)" for name in amounts)
    return connection.execute(
        f"SELECT * FROM risk.tallies t FULL JOIN (SELECT {whole}, {sums} FROM risk.exposures e CROSS JOIN LATERAL risk.tallied(e) c"
        f" GROUP BY {whole}) s USING ({names}) WHERE {differ}".encode()
    ).fetchall()


def _compare(history: list[tuple[str, int, int, str]], book: Book, connection: Connection) -> set[str]:
    now, database = NOW, PostgresExposures(connection)
    seen: set[str] = set()
    made: dict[tuple[int, Question], list[DecisionMade]] = {}
    for index, (what, order, number, choice) in enumerate(history):
        now += timedelta(seconds=number, microseconds=index)
        event = event_of(what, order, number, choice, now, made)
        if event is None:
            continue
        at = approved_by_people(connection, event, now) if isinstance(event, PeopleApproved) else now
        if isinstance(event, CommandRefused):
            journalled(connection, event)
        (one,) = settle(POLICY, book, [event], lambda at=at: at)  # type: ignore[misc]
        (other,) = settle(POLICY, database, [event], lambda at=at: at)  # type: ignore[misc]
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


def approved_by_people(connection: Connection, event: PeopleApproved, now: datetime) -> datetime:
    """Let a release before this one have answered a referral: it reserved when it read its answer. Return when it was answered."""
    connection.execute(
        "INSERT INTO risk.referrals (decision_id, request_id, venue, intent_id, question, context_sha256, shown, shown_sha256,"
        " approvers_needed, expires_at, decision, state, opened_at, closed_at, answer_id)"
        " VALUES (%(id)s, 'r', %(venue)s, %(intent)s, %(question)s, '', '', repeat('0', 64), 1, %(now)s, '', 'approved', %(now)s, %(now)s,"
        " %(answer)s) ON CONFLICT DO NOTHING",
        {
            "id": event.refers_to,
            "venue": event.venue,
            "intent": event.intent_id,
            "question": event.question,
            "now": now,
            "answer": event.decision_id,
        },
    )
    row = connection.execute("SELECT closed_at FROM risk.referrals WHERE decision_id = %s", (event.refers_to,)).fetchone()
    return now if row is None else datetime.fromisoformat(row[0].isoformat())


def journalled(connection: Connection, event: CommandRefused, state: str = "refused", command: str = "") -> None:
    """Let the journal hold what became of a decision's command."""
    ended = state not in ("journalled", "sent")
    connection.execute(
        "INSERT INTO commands.journal (command_id, venue, intent_id, kind, quote_id, fx_rate, decision_id, shadow, not_after,"
        " source_currency, target_currency, target_amount, issued_at, state, open, completed_at)"
        " VALUES (%s, %s, %s, %s, %s, 1, %s, false, now(), 'A', 'B', 1, now(), %s, %s, CASE WHEN %s THEN now() END) ON CONFLICT DO NOTHING",
        (
            f"{command}{event.question} {event.decision_id}",
            event.venue,
            event.intent_id,
            event.question,
            "q" if event.question == "co_sign_quote" else None,
            event.decision_id,
            state,
            state in ("journalled", "sent", "unknown"),
            ended,
        ),
    )


@pytest.mark.parametrize("known", [(), ("sent",), ("succeeded",), ("unknown",), ("sent", "refused"), ("shadowed",)])
def test_a_forged_refusal_gives_nothing_back(postgres: str, known: tuple[str, ...]) -> None:
    """What the journal does not call ended without effect counts on, whatever command-completed says; once it does, it is given back."""
    with opened(postgres) as connection:
        made = answer(connection, question(order=1))
        event = CommandRefused(venue="tokyo", intent_id=intent(1), question="accept_proposal", decision_id=made.decision_id)
        for state in known:
            journalled(connection, event, state, command=state)
        assert settled_with(connection, event) is False
        assert reserved(connection) == Decimal(12_000_000)
        assert connection.execute("SELECT refused FROM risk.exposures").fetchone() == ([],)
        connection.execute("DELETE FROM commands.journal")
        journalled(connection, event, "expired")
        assert settled_with(connection, event) is True
        assert reserved(connection) == 0


def settled_with(connection: Connection, event: CommandRefused) -> bool | None:
    """Let the risk role read that a command was refused; tell whether that changed anything."""
    with connection.transaction():
        (read,) = settle(LIMITED, PostgresExposures(connection), [event], lambda: NOW)
    assert isinstance(read, CommandRefused)
    return read.changed


@pytest.mark.parametrize("first", [{}, {"source_amount_max": "1", "target_amount": "1"}], ids=["after", "before"])
def test_another_question_about_the_same_order_makes_it_count_for_no_less(postgres: str, first: dict[str, Any]) -> None:
    """A tiny amount asked about under the same order, before the real question or after it: the larger counts, and the next is refused."""
    tiny: dict[str, Any] = {"source_amount_max": "1", "target_amount": "1", "sender_party_id": None}
    with opened(postgres) as connection:
        for number, terms in enumerate([first, tiny if not first else {}, tiny], start=1):
            assert answer(connection, question(order=1, round=number, **terms)).verdict == "ACCEPT"
        row = connection.execute("SELECT target_amount, source_amount_max, sender_party_id FROM risk.exposures").fetchone()
        assert row == (100_000, 12_000_000, "SenderInstitution::209fa2cb341")
        assert answer(connection, question(order=2, source_amount_max="20000000")).verdict == "REJECT"


@pytest.mark.parametrize("other", [{"target_currency": "JPYSC0"}, {"receiver_party_id": "Nobody"}, {"sender_party_id": "Nobody"}])
@pytest.mark.parametrize("before", [True, False])
def test_an_order_that_counts_as_another_is_for_people(postgres: str, other: dict[str, Any], before: bool) -> None:
    """Another pair or party under the same order: the first stays, the second is referred by name, and no limit forgets the first."""
    with opened(postgres) as connection:
        real: dict[str, Any] = {}
        one, two = (other, real) if before else (real, other)
        assert answer(connection, question(order=1, **one)).verdict == "ACCEPT"
        count = "SELECT pair, receiver_party_id, sender_party_id FROM risk.exposures"
        was = connection.execute(count).fetchall()
        made = answer(connection, question(order=1, round=2, **two))
        assert made.verdict == "REFER"
        assert [outcome.check for outcome in made.rules if outcome.verdict == "REFER"] == ["accepted_as"]
        assert connection.execute(count).fetchall() == was
