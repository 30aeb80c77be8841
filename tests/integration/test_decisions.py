"""The sink of questions and answers on a real database: one effect per record in any order, referrals, what overtakes them, readers."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import msgspec
import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from pipeline.decisions.sink import DecisionSink
from pipeline.log import topics
from pipeline.log.codec import encode
from pipeline.log.envelope import Record, time_text
from pipeline.stores import approvals, decisions, migrations, outbox
from pipeline.stores.agreed import answer_next
from pipeline.stores.approvals import Said
from pipeline.stores.decisions import PostgresDecisions
from pipeline.stores.postgres import Connection
from pipeline.testing.questions import NOW, question, quote, record
from schemas.accepting import DecisionMade
from schemas.events import Event
from tests import one_login
from tests.integration.command_room import Kept, prepare
from tests.integration.decision_room import OFFSETS, POLICY, answer, asked, heard, with_signature, write
from tests.people import login_of, says
from tests.services import Services
from tests.signing import DESK, signature


@pytest.fixture
def database(postgres: str) -> Iterator[Connection]:
    """A database with tables."""
    with prepare(postgres) as connection:
        yield connection


def everything(database: Connection) -> list[Any]:
    """Return all rows that the sink writes, without the order of arrival."""
    found: list[Any] = []
    for table, left_out in (("questions", "number"), ("answers", "number"), ("referrals", "opened_at")):
        rows = database.execute(f"SELECT to_jsonb(t) - '{left_out}' FROM risk.{table} t ORDER BY 1".encode()).fetchall()
        found += [row for (row,) in rows]
    return found


def states(database: Connection) -> dict[str, str]:
    """Return the state of every referral."""
    return dict(database.execute("SELECT decision_id, state FROM risk.referrals").fetchall())


QUESTION = question()
REFERRED = answer(QUESTION)


@pytest.mark.parametrize("batches", ["one by one", "at once"])
@pytest.mark.parametrize("order", [["q", "d"], ["d", "q"], ["d", "d", "q", "q"], ["q", "q", "d", "d", "q"]])
def test_question_and_answer_have_one_effect_in_any_order(database: Connection, order: list[str], batches: str) -> None:
    """However often and in whatever order the two topics bring them: one question, one answer, one referral, the same rows."""
    records = [asked(QUESTION) if name == "q" else heard(REFERRED) for name in order]
    written = [write(database, records)] if batches == "at once" else [write(database, [each]) for each in records]
    assert [list(one.refused) for one in written] == [[]] * len(written)
    assert sum((one.counts or {}).get("referred", 0) for one in written) == 1
    question_row, answer_row, referral_row = everything(database)
    assert hashlib.sha256(question_row["context"].encode()).hexdigest() == QUESTION.context_sha256
    assert (answer_row["decision_id"], answer_row["decided_by"], answer_row["policy"]) == ("d-1-REFER", "built-in", POLICY.model_dump())
    assert (referral_row["state"], referral_row["approvers_needed"]) == ("pending", 1)
    assert referral_row["causation_id"] == answer_row["ce_id"], "an approval's event names the decision that referred"


def test_what_is_shown_is_enough_to_decide_and_is_what_the_engine_saw(database: Connection) -> None:
    """Order, every quote, rates, compliance, rules and policy are in the text that an approval binds to, unchanged."""
    request = question("co_sign_quote", quotes=[quote(1, "112"), quote(2, "111.5")])
    write(database, [heard(answer(request, quote_id=quote(2).quote_id)), asked(request)])
    (referral,) = approvals.pending(database, now=NOW)
    shown = json.loads(referral.shown)
    context = request.context.model_dump(exclude_none=True)
    assert shown["order"] == {name: context[name] for name in context if name not in ("quotes", "rates", "compliance")}
    assert [one["fx_rate"] for one in shown["quotes"]] == ["112", "111.5"]
    assert (shown["rates"], shown["compliance"]) == (list(context["rates"]), context["compliance"])
    assert (shown["quote_id"], shown["policy"], shown["verdict"]) == (quote(2).quote_id, POLICY.model_dump(), "REFER")
    assert shown["rules"][0]["observed"] == "12000000"
    assert (shown["approvers_needed"], shown["expires_at"]) == (1, time_text(referral.expires_at))


@pytest.mark.parametrize(("setting", "left"), [(300.0, 20.0), (5.0, 5.0)])
def test_a_referral_expires_with_its_question_or_by_the_setting(database: Connection, setting: float, left: float) -> None:
    """Whichever is first: the question's decide_by, 20 s away, or the setting."""
    write(database, [asked(QUESTION), heard(REFERRED)], expires=setting)
    (referral,) = approvals.pending(database, now=NOW)
    assert referral.expires_at == NOW + timedelta(seconds=left)
    late = referral.expires_at
    said = says(database, "approve", "d-1-REFER", by="Officer", shown=referral.shown_sha256, now=late)
    assert said.became == "expired"
    assert list(decisions.listed(database, now=late, pending=True)) == []


def test_what_has_expired_is_closed_by_the_next_batch(database: Connection) -> None:
    """The sink closes what nobody answered, and counts it."""
    write(database, [asked(QUESTION), heard(REFERRED)])
    other = question(order=2)
    written = write(database, [asked(other)], now=NOW + timedelta(seconds=20))
    assert (written.counts, states(database)) == ({"asked": 1, "expired": 1}, {"d-1-REFER": "expired"})


@pytest.mark.parametrize("referred_first", [True, False])
def test_a_newer_question_overtakes_an_older_referral_and_an_approval_says_what_changed(database: Connection, referred_first: bool) -> None:
    """The older referral is closed, whichever decision arrives first; approving it is stale and names what differs and what waits."""
    before = question("co_sign_quote", quotes=[quote(1, "112"), quote(2, "111.5")])
    after = question("co_sign_quote", round=2, quotes=[quote(2, "111.5", valid=40), quote(3, "111")], target_amount="120000")
    old, new = answer(before), answer(after)
    write(database, [asked(before), *([heard(old)] if referred_first else []), asked(after), heard(new)])
    if not referred_first:
        write(database, [heard(old)])
    assert states(database) == {old.decision_id: "superseded", new.decision_id: "pending"}
    shown = database.execute("SELECT shown_sha256 FROM risk.referrals WHERE decision_id = %s", (old.decision_id,)).fetchone()
    assert shown is not None
    said = says(database, "approve", old.decision_id, by="Officer", shown=shown[0], now=NOW)
    assert (said.became, said.newest) == ("stale", new.decision_id)
    one, two, three = (quote(number).quote_id for number in (1, 2, 3))
    assert {"order.target_amount", f"quotes.{two}.valid_until", f"quotes.{one}.fx_rate", f"quotes.{three}.fx_rate"} <= set(said.changed)
    assert ("order.target_amount", "100000", "120000") in said.differences
    assert not [name for name in said.changed if name.startswith(("rates", "compliance"))], "what stayed is not named"
    assert database.execute("SELECT count(*) FROM risk.approvals").fetchone() == (0,)
    again = says(database, "approve", new.decision_id, by="Officer", shown=shown[0], now=NOW)
    assert (again.became, again.newest) == ("stale", new.decision_id)
    assert "order.target_amount" in again.changed, "the digest of the older showing is known, so the difference can be told"


def test_a_question_repeated_after_a_newer_one_overtakes_nothing(database: Connection) -> None:
    """A record of round 1 that is read once more leaves the referral of round 2 alone; so does a question about something else."""
    second, other = question(round=2), question("co_sign_quote", quotes=[quote(1)])
    write(database, [asked(QUESTION), asked(second), heard(answer(second)), asked(QUESTION), asked(other)])
    assert states(database) == {"d-2-REFER": "pending"}


def test_an_older_round_that_arrives_last_is_overtaken_at_once(database: Connection) -> None:
    """The round says which question is newer, not the order in which two partitions' records were read."""
    second = question(round=2)
    write(database, [asked(second), heard(answer(second)), heard(REFERRED), asked(QUESTION)])
    assert states(database) == {"d-1-REFER": "superseded", "d-2-REFER": "pending"}


@pytest.mark.parametrize("changes", [{"question": "co_sign_quote"}, {"venue": "osaka"}])
def test_a_decision_that_does_not_fit_its_question_refers_nothing(database: Connection, changes: dict[str, str]) -> None:
    """One that speaks of another question or venue opens nothing, and is in the way of none that fits."""
    written = write(database, [asked(QUESTION), heard(answer(QUESTION, **changes))])
    assert (written.counts, states(database)) == ({"asked": 1, "decided_refer": 1}, {})
    write(database, [heard(answer(QUESTION, decision_id="d-fits"))])
    assert states(database) == {"d-fits": "pending"}


def test_a_round_that_was_asked_again_on_another_context_overtakes_its_twin(database: Connection) -> None:
    """After a crash the workflow may ask the same round on newer facts: the referral of the first context is closed."""
    twin = question(target_amount="90000")
    write(database, [asked(QUESTION), heard(REFERRED), asked(twin), heard(answer(twin, decision_id="d-twin"))])
    assert states(database) == {"d-1-REFER": "superseded", "d-twin": "pending"}


def test_a_question_has_one_referral_of_the_first_decision_that_referred_it(database: Connection) -> None:
    """A second engine that refers the same question opens no second one: the workflow waits for the first."""
    write(database, [heard(REFERRED), heard(answer(QUESTION, decision_id="d-other", decided_by="somebody else")), asked(QUESTION)])
    assert states(database) == {"d-1-REFER": "pending"}


@pytest.mark.parametrize("verdict", ["ACCEPT", "REJECT", "WAIT"])
def test_what_was_decided_without_people_waits_for_nobody(database: Connection, verdict: str) -> None:
    """Any other verdict is kept and opens nothing."""
    written = write(database, [asked(QUESTION), heard(answer(QUESTION, verdict))])
    assert written.counts == {"asked": 1, f"decided_{verdict.lower()}": 1}
    assert states(database) == {}


def test_a_referral_without_its_question_waits_for_it(database: Connection) -> None:
    """An answer that saw another context than the question that is there opens nothing."""
    write(database, [heard(answer(QUESTION, context_sha256="0" * 64)), asked(QUESTION)])
    assert states(database) == {}


def test_an_engine_that_names_no_number_of_people_needs_one(database: Connection) -> None:
    """approvers_needed 0 beside REFER is one person; an absurd number is beyond anybody's reach and breaks nothing."""
    second = question(order=2)
    write(database, [asked(QUESTION), heard(answer(QUESTION, approvers_needed=0))])
    write(database, [asked(second), heard(answer(second, decision_id="d-absurd", approvers_needed=10**20))])
    rows = database.execute("SELECT approvers_needed FROM risk.referrals ORDER BY 1").fetchall()
    assert rows == [(1,), (1000,)]


def test_four_eyes_of_the_decision_are_held(database: Connection) -> None:
    """A decision that needs two people is answered by two different ones, and the answer is noted without an alarm when it is heard."""
    write(database, [asked(QUESTION), heard(answer(QUESTION, approvers_needed=2))])
    (referral,) = approvals.pending(database, now=NOW)

    def approve(by: str) -> Said:
        return says(database, "approve", "d-1-REFER", by=by, shown=referral.shown_sha256, now=NOW)

    assert [approve(by).became for by in ("First Officer", "first officer", "Second Officer")] == ["counted", "repeated", "agreed"]
    assert answer_next(database, lambda _: None, lambda: NOW) is not None
    kept = Kept()
    outbox.publish(database, kept.publish)
    made = [DecisionMade.model_validate_json(one.value) for one in kept.events if one.envelope.kind == topics.DECISION_MADE]
    written = write(database, [heard(one) for one in made])
    assert (written.counts, list(written.raised)) == ({"decided_accept": 1}, [])
    assert [line["decided_by"] for line in decisions.listed(database, now=NOW, verdict="ACCEPT")] == [
        f"{login_of(database, 'First Officer')}, {login_of(database, 'Second Officer')}"
    ]


def test_an_engine_answers_a_referral_only_where_a_setting_lets_it(database: Connection) -> None:
    """What a signed engine says in people's place is refused; with the setting it is kept, and the referral is closed as nobody's."""
    own = answer(QUESTION, "ACCEPT", decision_id="d-own", refers_to="d-1-REFER", decided_by="my engine")
    written = write(database, [asked(QUESTION), heard(REFERRED), heard(own)])
    assert [refusal.reason[:12] for refusal in written.refused] == ["not believed"]
    assert states(database) == {"d-1-REFER": "pending"}
    lets = replace(DESK, answers_referrals=True)
    assert write(database, [heard(own)], trust=lets).counts == {"decided_accept": 1}
    assert states(database) == {"d-1-REFER": "superseded"}
    assert says(database, "approve", "d-1-REFER", by="Officer", shown="0" * 64, now=NOW).became == "stale"
    forged = answer(QUESTION, "ACCEPT", decision_id="d-forged", refers_to="d-1-REFER", decided_by="somebody")
    assert len(write(database, [heard(forged, signed=None)], trust=lets).refused) == 1


def changed_value(event: Event, **changes: Any) -> bytes:
    """Return an event's bytes with fields put in as they are."""
    return json.dumps(json.loads(encode(event)) | changes).encode()


@pytest.mark.parametrize(
    ("kind", "changes", "reason"),
    [
        (topics.DECISION_REQUESTED, {"context_sha256": "0" * 64}, "not the digest"),
        (topics.DECISION_REQUESTED, {"round": 2**40}, "round is over"),
        (topics.DECISION_REQUESTED, {"decide_by": "2025-13-45T00:00:00Z"}, "decide_by"),
        (topics.DECISION_REQUESTED, {"venue": "osaka"}, "another order"),
        (topics.DECISION_REQUESTED, {"request_id": "r\u0000"}, "request_id"),
        (topics.DECISION_MADE, {"verdict": "MAYBE"}, "verdict"),
        (topics.DECISION_MADE, {"decision_id": "d\u0000"}, "decision_id"),
        (topics.DECISION_MADE, {"intent_id": "other"}, "key"),
        (topics.ORDER_SETTLED, {}, "does not belong"),
    ],
)
def test_a_malformed_record_is_refused_and_the_rest_goes_on(
    database: Connection, kind: topics.EventType, changes: dict[str, Any], reason: str
) -> None:
    """It becomes a dead letter with its reason; what stands beside it in the batch is kept."""
    event: Event = REFERRED if kind == topics.DECISION_MADE else QUESTION
    good = record(event, kind, offset=next(OFFSETS))
    bad = Record(
        topic=good.topic, partition=0, offset=next(OFFSETS), key=good.key, value=changed_value(event, **changes), headers=good.headers
    )
    other = question(order=2)
    written = write(database, [bad, asked(other)])
    assert [reason in refusal.reason for refusal in written.refused] == [True], written.refused
    assert written.counts == {"asked": 1}


def test_what_a_stranger_writes_into_free_text_breaks_nothing(database: Connection) -> None:
    """NUL, escapes and a decided_at that is no time are kept as they are, and can be read by everybody."""
    rule = {"name": "n\u0000", "check": "c\x1b[2J", "verdict": "REFER", "inputs": {"a\u0000": "b"}, "explanation": "\u0000\u202e"}
    plain = heard(REFERRED, signed=None)
    value = changed_value(REFERRED, rules=[rule], decided_at="2025-99-99T00:00:00Z")
    strange = with_signature(msgspec.structs.replace(plain, value=value), signature(value, REFERRED.context_sha256))
    assert list(write(database, [asked(QUESTION), strange]).refused) == []
    (line,) = decisions.listed(database, now=NOW, pending=True)
    assert (line["rules"][0]["name"], line["decided_at"]) == ("n\u0000", "2025-99-99T00:00:00Z")
    rows = database.execute("SELECT decision_id, rules, context, decided_at FROM compliance.decisions").fetchall()
    assert [(row[0], row[3]) for row in rows] == [("d-1-REFER", None)]


def test_one_id_stands_for_one_decision(database: Connection) -> None:
    """Other content under the id of a decision is refused and changes nothing; a repeat with another time is a repeat."""
    write(database, [asked(QUESTION), heard(REFERRED)])
    again = answer(QUESTION, decided_at=time_text(NOW + timedelta(seconds=1)))
    other = answer(QUESTION, "ACCEPT", decision_id="d-1-REFER")
    before = everything(database)
    written = write(database, [heard(again), heard(other)])
    assert (written.counts, [refusal.reason[:40] for refusal in written.refused]) == (
        {"repeated": 1},
        ["the decision d-1-REFER was made before, "],
    )
    assert everything(database) == before


def test_two_sinks_that_hold_a_question_and_its_answer_at_once_open_the_referral(database: Connection, postgres: str) -> None:
    """Question and answer in two open transactions of two workers: the second waits for the first and then sees it."""
    sink = DecisionSink(PostgresDecisions(DESK), referral_expires=300)
    with psycopg.connect(postgres) as one, psycopg.connect(postgres) as two:
        sink.write(one, [asked(QUESTION)], NOW)
        two.execute("SET lock_timeout = '100ms'")
        with pytest.raises(psycopg.errors.LockNotAvailable):
            sink.write(two, [heard(REFERRED)], NOW)
        two.rollback()
        one.commit()
        sink.write(two, [heard(REFERRED)], NOW)
        two.commit()
    assert states(database) == {"d-1-REFER": "pending"}


def test_what_was_asked_and_answered_cannot_be_changed(database: Connection) -> None:
    """Neither table takes an UPDATE, DELETE or TRUNCATE."""
    write(database, [asked(QUESTION), heard(REFERRED)])
    for statement in ("UPDATE risk.answers SET verdict = 'ACCEPT'", "DELETE FROM risk.questions", "TRUNCATE risk.answers"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="what was asked and answered stays"):
            database.execute(statement.encode())


def test_compliance_reads_decisions_and_nothing_else_new(database: Connection, services: Services) -> None:
    """The group role reads the view with its context; tables behind it are closed to it, and accounting reads none of it."""
    write(database, [asked(QUESTION), heard(REFERRED)])
    columns = "decision_id, intent_id, question, quote_id, verdict, policy, decided_by, decided_at, rules"
    new = ("risk.questions", "risk.answers", "risk.referrals", "risk.approvals", "commands.journal", "commands.halts", "custodian.outbox")
    with psycopg.connect(make_conninfo(services.admin_dsn, dbname=database.info.dbname), autocommit=True) as reader:
        reader.execute("SET ROLE compliance_reader")
        row = reader.execute(f"SELECT {columns}, context FROM compliance.decisions".encode()).fetchone()
        assert row is not None
        assert (row[0], row[4], row[5]["version"]) == ("d-1-REFER", "REFER", 3)
        assert (row[8][0]["limit"], row[9]["target_amount"]) == ("10000000", "100000")
        for role, tables in (("compliance_reader", new), ("accounting_reader", (*new, "compliance.decisions"))):
            reader.execute(f"SET ROLE {role}".encode())
            for table in tables:
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    reader.execute(f"SELECT * FROM {table}".encode())


def test_migrations_are_applied_over_referrals_that_are_there(postgres: str) -> None:
    """The migration widens the states of referrals and keeps the rows."""
    with psycopg.connect(postgres, autocommit=True) as connection:
        every = migrations.found_in(["pipeline.stores"])
        migration = "pipeline.stores/0006_pre_decisions.sql"
        one_login.migrate(connection, [one for one in every if one.name < migration])
        connection.execute(
            "INSERT INTO risk.referrals (decision_id, request_id, venue, intent_id, question, context_sha256, shown, shown_sha256,"
            " approvers_needed, expires_at, decision, opened_at) VALUES ('d', 'r', 'tokyo', 'i', 'accept_proposal', '', '{}',"
            " repeat('0', 64), 1, now(), '{}', now())"
        )
        assert migration in migrations.apply(connection, every)
        assert connection.execute("SELECT state FROM risk.referrals").fetchall() == [("pending",)]
