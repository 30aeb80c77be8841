"""Referrals on which people agreed, on a real database: the limits hold when the answer is made, and it is made once."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from subprocess import run as run_program
from typing import Any

import pytest

from pipeline.failpoints import NAMES
from pipeline.log.envelope import time_text
from pipeline.policy.counters import total_of
from pipeline.policy.engine import Engine
from pipeline.processors.risk.events import OrderEnded, PeopleApproved, QuestionAsked
from pipeline.processors.risk.settle import settle
from pipeline.stores import approvals, outbox
from pipeline.stores.agreed import answer_next
from pipeline.stores.approvals import Said
from pipeline.stores.exposures import PostgresExposures
from pipeline.stores.postgres import Connection
from pipeline.testing.questions import NOW, engine, intent, question, quote, rule
from schemas.accepting import DecisionMade, DecisionRequested
from tests.integration.command_room import Kept, prepare
from tests.integration.decision_room import asked, heard, write
from tests.integration.test_exposures import advisory_waits
from tests.people import login_of, says
from tests.waiting import eventually

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
DAY = 'side = "target", currency = "USDCx", limit = "100000", window = "24h"'
PEOPLE = rule("amount_at_most", 'side = "target", currency = "USDCx", limit = "50000"', otherwise="REFER", name="people above 50000")
LIMITED = engine(PEOPLE, rule("window_sum_at_most", DAY, otherwise="REJECT", name="a day's dollars"))
"""Every order of 90000 is referred, and one of them fits into the day."""
LATER = NOW + timedelta(seconds=5)


@pytest.fixture
def database(postgres: str) -> Iterator[Connection]:
    """A database with tables."""
    with prepare(postgres) as connection:
        yield connection


def decided(database: Connection, request: DecisionRequested, by: Engine = LIMITED, now: datetime = NOW) -> DecisionMade:
    """Let the engine answer a question as its role does."""
    with database.transaction():
        (event,) = settle(by, PostgresExposures(database), [QuestionAsked(request=request, cause="c", correlation_id="k")], lambda: now)
    assert isinstance(event, QuestionAsked)
    assert event.answer is not None
    return event.answer


def referred(database: Connection, order: int, by: Engine = LIMITED, **changes: Any) -> DecisionMade:
    """Let the engine refer an order of 90000, and the sink open its referral."""
    request = question(order=order, **{"target_amount": "90000", **changes})
    made = decided(database, request, by)
    assert made.verdict == "REFER"
    write(database, [asked(request), heard(made)])
    return made


def approve(database: Connection, made: DecisionMade, by: str = "Officer") -> Said:
    """Let somebody approve a referral."""
    waiting = approvals.find(database, made.decision_id)
    assert waiting is not None
    return says(database, "approve", made.decision_id, by=by, shown=waiting.shown_sha256, now=NOW)


def answered(database: Connection, made: DecisionMade, by: Engine | None = LIMITED, now: datetime = LATER) -> Said:
    """Let somebody approve a referral and the role answer it; return what became of it."""
    said = approve(database, made)
    assert said.became == "agreed"
    answer_next(database, lambda _: by, lambda: now)
    return approvals.answered(database, made.decision_id, said)


def published(database: Connection) -> list[dict[str, Any]]:
    """Return what the outbox publishes."""
    kept = Kept()
    while outbox.publish(database, kept.publish):
        pass
    return [{"_kind": one.envelope.kind.name, "_id": one.envelope.id, **json.loads(one.value)} for one in kept.events]


def accepted(database: Connection) -> Decimal:
    """Return what counts in all."""
    (total,) = database.execute(
        "SELECT coalesce(sum(target_amount), 0) FROM risk.exposures WHERE state IN ('reserved', 'settled')"
    ).fetchone() or (0,)
    return Decimal(total)


def test_five_approved_orders_do_not_pass_a_limit_whose_word_is_reject(database: Connection) -> None:
    """Each was within the limit when people were shown it: the first is accepted, the others are rejected by the rule, by name."""
    waiting = [referred(database, order) for order in range(1, 6)]
    said = [answered(database, made) for made in waiting]
    assert [one.became for one in said] == ["approved", *["rejected"] * 4]
    assert accepted(database) == Decimal(90_000)
    answers = [one.answer for one in said if one.answer is not None]
    assert [made.verdict for made in answers] == ["ACCEPT", *["REJECT"] * 4]
    for made in answers[1:]:
        (against,) = [outcome for outcome in made.rules if outcome.verdict == "REJECT"]
        assert (against.name, against.observed, made.decided_by) == ("a day's dollars", "180000", "risk")
        assert "90000" in made.counters.values()
    assert {made.refers_to for made in answers} == {made.decision_id for made in waiting}
    states = database.execute("SELECT state, answer_id FROM risk.referrals ORDER BY intent_id").fetchall()
    assert states == [("approved" if made.verdict == "ACCEPT" else "refused", made.decision_id) for made in answers]


def test_the_answer_and_what_people_did_are_published_together_once(database: Connection) -> None:
    """Two people approve: their acts and one ACCEPT by both, with what the limits were then, in the outbox of the reservation."""
    by_two = engine(rule("four_eyes_above", 'side = "target", currency = "USDCx", limit = "1"', otherwise="REFER"))
    made = referred(database, 1, by_two)
    assert approve(database, made, "One").became == "counted"
    assert approve(database, made, "Two").became == "agreed"
    assert accepted(database) == 0
    assert answer_next(database, lambda _: by_two, lambda: LATER) is not None
    assert answer_next(database, lambda _: by_two, lambda: LATER) is None
    events = published(database)
    assert [(event["_kind"], event.get("by", event.get("decided_by"))) for event in events] == [
        ("operator-acted.v1", "One"),
        ("operator-acted.v1", "Two"),
        ("decision-made.v1", f"{login_of(database, 'One')}, {login_of(database, 'Two')}"),
    ]
    assert (events[-1]["verdict"], events[-1]["decided_at"]) == ("ACCEPT", time_text(LATER))
    assert accepted(database) == Decimal(90_000)


def test_the_record_of_an_answer_counts_nothing_twice(database: Connection) -> None:
    """The risk role reads the ACCEPT that it reserved already: before the order's end and after it the sum stays what it was."""
    made = referred(database, 1)
    answer = answered(database, made).answer
    assert answer is not None
    record = PeopleApproved(
        venue="tokyo",
        intent_id=intent(1),
        question="accept_proposal",
        quote_id=None,
        decision_id=answer.decision_id,
        refers_to=made.decision_id,
    )
    end = OrderEnded(venue="tokyo", intent_id=intent(1), status="SETTLED", settled=True, source_amount=None, seen_at=LATER)
    day = total_of("target", "USDCx", "venue", "", timedelta(hours=24), "24h")
    for event in (record, end, record):
        with database.transaction():
            settle(LIMITED, PostgresExposures(database), [event], lambda: NOW + timedelta(hours=9))
            assert PostgresExposures(database).read("tokyo", "nobody's", [day], LATER) == {day.key: "90000"}
    assert database.execute("SELECT state, reserved_at FROM risk.exposures").fetchone() == ("settled", LATER)


def test_an_answer_waits_for_who_decides_at_the_moment(database: Connection, postgres: str) -> None:
    """While an engine's decision at another venue is not committed the answer waits, and then sees what was reserved."""
    made = referred(database, 1)
    approve(database, made)
    found: list[str] = []

    def finish() -> None:
        with prepare(postgres) as connection:
            answer = answer_next(connection, lambda _: LIMITED, lambda: LATER)
            assert answer is not None
            found.append(answer.verdict)

    thread = threading.Thread(target=finish)
    with prepare(postgres) as other, other.transaction():
        asking = QuestionAsked(request=question(order=2, venue="osaka", target_amount="40000"), cause="c", correlation_id="k")
        settle(LIMITED, PostgresExposures(other), [asking], lambda: NOW)
        thread.start()
        eventually(lambda: advisory_waits(database) == 1, within=30, what="the answer waits")
        assert found == []
    thread.join(30)
    assert found == ["REJECT"]


def test_a_limit_that_refers_is_answered_by_as_many_people_as_it_asks_for(database: Connection) -> None:
    """People said yes to an order that its limit would refer: that is what it asks for, unless it asks for more people by now."""
    words = {"one": engine(PEOPLE, rule("window_sum_at_most", DAY, otherwise="REFER", name="day"))}
    words["two"] = engine(PEOPLE, rule("window_sum_at_most", DAY, otherwise="REFER", name="day") + "\napprovers = 2")
    assert answered(database, referred(database, 1)).became == "approved"
    waiting = [referred(database, order, by=engine(PEOPLE)) for order in (2, 3)]
    assert answered(database, waiting[0], words["one"]).became == "approved"
    said = answered(database, waiting[1], words["two"])
    assert said.became == "rejected"
    assert said.answer is not None
    (against,) = [outcome for outcome in said.answer.rules if outcome.verdict == "REJECT"]
    assert against.name == "day"
    assert "It asks for 2 people now, and 1 approved." in against.explanation


def test_what_ended_or_lapsed_while_people_thought_is_not_accepted(database: Connection) -> None:
    """The venue shows the order's end, or its time is over before the answer is made: REJECT by the built-in rule, and nothing counts."""
    ended, late = referred(database, 1), referred(database, 2)
    end = OrderEnded(venue="tokyo", intent_id=intent(1), status="EXPIRED", settled=False, source_amount=None, seen_at=NOW)
    with database.transaction():
        settle(LIMITED, PostgresExposures(database), [end], lambda: NOW)
    for made, at, name in ((ended, LATER, "order still open"), (late, NOW + timedelta(hours=1), "asked in time")):
        said = answered(database, made, now=at)
        assert said.became == "rejected"
        assert said.answer is not None
        assert f"built in: {name}" in [outcome.name for outcome in said.answer.rules if outcome.verdict == "REJECT"]
    assert accepted(database) == 0


def test_a_question_that_is_not_kept_is_never_accepted(database: Connection) -> None:
    """Without the question no limit can be asked; with an engine of somebody else there is none to ask."""
    for by, became in ((LIMITED, "rejected"), (None, "approved")):
        decision = heard_only(database, by is None)
        assert answered(database, decision, by).became == became
    assert accepted(database) == 0


def heard_only(database: Connection, second: bool) -> DecisionMade:
    """Open a referral whose question nobody kept."""
    made = decided(database, question(order=8 + second, target_amount="90000"))
    referral = approvals.Referral(decision=made, shown="{}", approvers_needed=1, expires_at=NOW + timedelta(minutes=1))
    approvals.open_referral(database, referral, now=NOW)
    return made


def test_a_newer_question_overtakes_what_is_agreed_and_not_answered(database: Connection) -> None:
    """The terms changed between the last approval and the answer: nothing is accepted on the old ones, and the person is told."""
    made = referred(database, 1)
    said = approve(database, made)
    newer = question(order=1, round=2, target_amount="95000")
    write(database, [asked(newer), heard(decided(database, newer))])
    assert answer_next(database, lambda _: LIMITED, lambda: LATER) is None
    assert approvals.answered(database, made.decision_id, said).became == "stale"


def test_an_approved_quote_counts_by_its_exact_amount(database: Connection) -> None:
    """The answer reserves the quote that people approved, with its market maker, on top of nothing."""
    signs = engine(rule("amount_at_most", 'side = "source", currency = "JPYSC0", limit = "1"', otherwise="REFER", on="co_sign_quote"))
    request = question("co_sign_quote", quotes=[quote(1, "112"), quote(2, "111")], target_amount="90000")
    made = decided(database, request, signs)
    write(database, [asked(request), heard(made)])
    assert answered(database, made, signs).became == "approved"
    row = database.execute("SELECT state, quote_id, source_amount, market_maker_party_id FROM risk.exposures").fetchone()
    assert row == ("reserved", quote(2).quote_id, Decimal(9_990_000), quote(2).market_maker_party_id)


def test_approvals_and_the_engine_never_pass_a_limit_together(database: Connection, postgres: str) -> None:
    """Two answerers of twelve approved orders beside two deciders of twenty small ones: the day's limit holds, whoever comes first."""
    waiting = [referred(database, order) for order in range(1, 13)]
    for made in waiting:
        approve(database, made)
    start = threading.Barrier(4)
    verdicts: list[str] = []

    def finish() -> None:
        with prepare(postgres) as connection:
            start.wait(30)
            while made := answer_next(connection, lambda _: LIMITED, lambda: LATER):
                verdicts.append(made.verdict)

    def decide(first: int) -> None:
        with prepare(postgres) as connection:
            start.wait(30)
            for order in range(first, first + 10):
                decided(connection, question(order=order, target_amount="4000"), now=LATER)

    threads = [threading.Thread(target=work) for work in (finish, finish)]
    threads += [threading.Thread(target=decide, args=(first,)) for first in (100, 200)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(verdicts) == 12
    total = accepted(database)
    assert 0 < total <= Decimal(100_000)
    (left,) = database.execute("SELECT count(*) FROM risk.referrals WHERE state IN ('pending', 'agreed')").fetchone() or (None,)
    assert left == 0


PROGRAM = """
import sys, psycopg
from pipeline.failpoints import Failpoints
from tests.integration.test_agreed import LATER, LIMITED
from pipeline.stores.agreed import answer_next
with psycopg.connect(sys.argv[1], autocommit=True) as connection:
    reach = Failpoints.from_environment().reach
    while answer_next(connection, lambda _: LIMITED, lambda: LATER, reach):
        pass
"""


@pytest.mark.parametrize("name", [name for name in NAMES if name.startswith("agreed.")])
@pytest.mark.parametrize("passage", [1, 2])
def test_killed_at_any_step_a_referral_is_answered_once(database: Connection, postgres: str, name: str, passage: int) -> None:
    """SIGKILL at a step of the first or second answer, then again from the start: one answer each, one reservation, each event once."""
    waiting = [referred(database, order) for order in range(1, 4)]
    for made in waiting:
        approve(database, made)
    command = [sys.executable, "-c", PROGRAM, postgres]
    killed = run_program(command, cwd=ROOT, env={**os.environ, "CUSTODIAN_FAILPOINT": f"{name}:{passage}"}, check=False, timeout=120)
    assert killed.returncode == -signal.SIGKILL
    done = passage if name == "agreed.after_commit" else passage - 1
    closed = "SELECT count(*) FROM risk.referrals WHERE answer_id IS NOT NULL"
    assert database.execute(closed).fetchone() == (done,)
    assert accepted(database) == (Decimal(90_000) if done else 0)
    again = run_program(command, cwd=ROOT, env={**os.environ}, check=False, timeout=120)
    assert again.returncode == 0
    events = published(database)
    made_events = [event for event in events if event["_kind"] == "decision-made.v1"]
    assert [event["verdict"] for event in made_events] == ["ACCEPT", "REJECT", "REJECT"]
    assert len({event["_id"] for event in events}) == len(events) == 6
    assert accepted(database) == Decimal(90_000)
    assert answer_next(database, lambda _: LIMITED, lambda: LATER) is None


def test_what_a_limit_cannot_know_yet_declines_nothing_that_people_approved(database: Connection) -> None:
    """An accepted amount that nobody knows: looked again until it is known, with others going on, or no answer once the time is over."""
    most = 'side = "source_max", currency = "JPYSC0", limit = "99000000"'
    limited = engine(PEOPLE, rule("exposure_at_most", most, otherwise="REJECT") + "\napprovers = 2")
    waits, never, behind = (referred(database, order, limited) for order in (1, 2, 3))
    assert decided(database, question(order=9, target_amount="1"), limited).verdict == "ACCEPT"
    known = "UPDATE risk.exposures SET source_amount_max = %s WHERE intent_id = %s"
    database.execute(known, (None, intent(9)))
    approve(database, waits)
    assert answer_next(database, lambda _: limited, lambda: LATER) is None
    assert state_of(database, waits) == "agreed"
    says(database, "refuse", behind.decision_id, by="Officer", shown=shown_sha256(database, behind), now=NOW)
    answer = answer_next(database, lambda _: limited, lambda: LATER)
    assert (answer and answer.refers_to, state_of(database, behind)) == (behind.decision_id, "refused"), "nobody waits behind it"
    database.execute(known, (1, intent(9)))
    answer = answer_next(database, lambda _: limited, lambda: LATER)
    assert (answer and answer.verdict, state_of(database, waits)) == ("ACCEPT", "approved")
    database.execute(known, (None, intent(9)))
    approve(database, never)
    assert answer_next(database, lambda _: limited, lambda: NOW + timedelta(minutes=1)) is None
    assert state_of(database, never) == "expired"
    assert len([event for event in published(database) if event["_kind"] == "decision-made.v1"]) == 2


def shown_sha256(database: Connection, made: DecisionMade) -> str:
    """Return the digest of what is shown of a referral."""
    waiting = approvals.find(database, made.decision_id)
    assert waiting is not None
    return waiting.shown_sha256


def state_of(database: Connection, made: DecisionMade) -> str:
    """Return the state of a referral."""
    row = database.execute("SELECT state FROM risk.referrals WHERE decision_id = %s", (made.decision_id,)).fetchone()
    assert row is not None
    return str(row[0])
