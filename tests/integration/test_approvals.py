"""What people say about referred decisions, on a real database: who counts, to what an approval binds, and what is published once."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from pipeline.errors import ServiceAwayError
from pipeline.log.codec import decode, encode
from pipeline.log.envelope import Outgoing, correlation_of, derive_id, time_text
from pipeline.stores import approvals, halts, outbox
from pipeline.stores.approvals import Referral
from pipeline.stores.postgres import Connection
from schemas.accepting import DecisionMade, OperatorActed, PolicyName
from tests.integration.command_room import Kept, prepare
from tests.integration.decision_room import finished
from tests.people import acting, as_of, login_of, make, resumes, says, signed_on

NOW = datetime(2025, 3, 15, 9, tzinfo=UTC)
DIGEST = hashlib.sha256(b"context").hexdigest()
SHOWN = {"question": "accept_proposal", "target_amount": "100000", "quotes": [{"fx_rate": "112.0"}]}


@pytest.fixture
def database(postgres: str) -> Iterator[Connection]:
    """A database with tables."""
    with prepare(postgres) as connection:
        yield connection


def referral(decision_id: str = "d-1", *, needed: int = 1, seconds: float = 60) -> Referral:
    """Return a decision that waits for people."""
    decision = DecisionMade(
        decision_id=decision_id,
        request_id=f"r-{decision_id}",
        venue="tokyo",
        intent_id="f47ac10b-58cc-4372-a567-0e02b2c3d479",
        question="accept_proposal",
        verdict="REFER",
        policy=PolicyName(name="default", version=1, sha256=DIGEST),
        decided_by="built-in",
        decided_at="2025-03-15T09:00:00Z",
        context_sha256=DIGEST,
        approvers_needed=needed,
    )
    expires_at = NOW + timedelta(seconds=seconds)
    return Referral(decision=decision, shown=approvals.shown_text(SHOWN), approvers_needed=needed, expires_at=expires_at)


def opened(database: Connection, **given: float) -> Referral:
    """Store a referral and return it."""
    made = referral(needed=int(given.get("needed", 1)), seconds=given.get("seconds", 60))
    assert approvals.open_referral(database, made, now=NOW)
    return made


def published(database: Connection) -> list[dict[str, object]]:
    """Publish what waits and return it."""
    kept = Kept()
    while outbox.publish(database, kept.publish):
        pass
    return [{"kind": event.envelope.kind.name, "id": event.envelope.id, **json.loads(event.value)} for event in kept.events]


def test_one_approval_answers_and_is_published_once(database: Connection) -> None:
    """The approval makes an ACCEPT that names the person and the referral; both events are published once."""
    made = opened(database)
    agreed = says(database, "approve", "d-1", by="Risk Officer", shown=made.shown_sha256, now=NOW, reason="known counterparty")
    said = finished(database, "d-1", agreed)
    login = login_of(database, "Risk Officer")
    assert (said.became, said.approved_by) == ("approved", (login,))
    assert said.answer is not None
    assert (said.answer.verdict, said.answer.refers_to, said.answer.decided_by) == ("ACCEPT", "d-1", login)
    assert (said.answer.request_id, said.answer.context_sha256) == (made.decision.request_id, made.decision.context_sha256)
    events = published(database)
    assert [event["kind"] for event in events] == ["operator-acted.v1", "decision-made.v1"]
    assert events[0]["shown_sha256"] == made.shown_sha256
    assert events[1]["decision_id"] == said.answer.decision_id
    assert published(database) == []
    assert says(database, "approve", "d-1", by="Other", shown=made.shown_sha256, now=NOW).became == "closed"
    assert published(database) == []


def test_four_eyes_are_two_different_people(database: Connection) -> None:
    """One login counts once, under whatever label and from a second session; a second login is the other person."""
    made = opened(database, needed=2)
    with as_of(database, NOW), acting(database, "One") as one, acting(database, "One") as again, acting(database, "Two") as two:

        def approve(connection: Connection, label: str) -> approvals.Said:
            return approvals.approve(connection, "d-1", by=label, shown=made.shown_sha256)

        assert approve(one, "Officer One").became == "counted"
        for label in ("Officer One", "officer one", "Officer Two", "\u041efficer \u041ene"):
            assert [approve(session, label).became for session in (one, again)] == ["repeated"] * 2
        last = approve(two, "Officer One")
    said = finished(database, "d-1", last)
    people = (login_of(database, "One"), login_of(database, "Two"))
    assert (said.became, said.approved_by) == ("approved", people)
    assert said.answer is not None
    assert said.answer.decided_by == ", ".join(people)


def test_what_a_person_says_is_written_by_the_database(database: Connection) -> None:
    """Login, address and time are the server's; only the label and the reason are the person's; the event is in our spelling."""
    made = opened(database)
    before = database.execute("SELECT clock_timestamp()").fetchone()
    said = says(database, "approve", "d-1", by="Some Label", shown=made.shown_sha256, now=NOW, reason='known \u2028 "so"\n')
    after = database.execute("SELECT clock_timestamp()").fetchone()
    row = database.execute("SELECT login, host(address), at, named, reason, issuer, subject FROM risk.approvals").fetchone()
    assert before
    assert after
    assert row
    assert row[:2] == (login_of(database, "Some Label"), "127.0.0.1")
    assert before[0] < row[2] < after[0]
    assert row[3:] == ("Some Label", 'known \u2028 "so"\n', None, None)
    assert said.login == row[0]
    kept = Kept()
    outbox.publish(database, kept.publish)
    (event,) = kept.events
    acted = decode(event.value, OperatorActed)
    assert encode(acted) == event.value, "as a release that encoded it in Python"
    assert (acted.login, acted.address, acted.by, acted.at) == (row[0], "127.0.0.1", "Some Label", time_text(row[2]))
    assert event.envelope.id == derive_id("operator_acted", "approve", "d-1", f"login:{row[0]}")
    assert event.envelope.correlation_id == correlation_of("tokyo", made.decision.intent_id)
    assert event.key == made.decision.intent_id


def test_the_database_itself_holds_one_word_per_person(database: Connection) -> None:
    """A second row for the same login and referral is refused by the table, under whatever name; a row is not changed or removed."""
    made = opened(database, needed=2)
    says(database, "approve", "d-1", by="Officer", shown=made.shown_sha256, now=NOW)
    with pytest.raises(psycopg.errors.UniqueViolation, match="one_word_per_login"):
        database.execute(
            "INSERT INTO risk.approvals (decision_id, person, named, verdict, shown_sha256, reason, at, login)"
            " SELECT decision_id, 'another', named, verdict, shown_sha256, reason, at, login FROM risk.approvals"
        )
    for statement in ("UPDATE risk.approvals SET login = NULL", "DELETE FROM risk.approvals", "TRUNCATE risk.approvals"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="what people did stays"):
            database.execute(statement.encode())


def test_many_approvals_at_once_make_one_answer(database: Connection) -> None:
    """Six people twice each at the same moment: exactly one of them is the last that is needed, and one answer is made of it."""
    made = opened(database, needed=3)
    for number in range(6):
        make(database, f"Officer {number}")

    def approve(number: int) -> approvals.Said:
        with signed_on(database, f"Officer {number % 6}") as connection:
            return approvals.approve(connection, "d-1", by=f"Label {number}", shown=made.shown_sha256)

    with as_of(database, NOW), ThreadPoolExecutor(12) as people:
        said = list(people.map(approve, range(12)))
    (last,) = [one for one in said if one.became == "agreed"]
    answer = finished(database, "d-1", last).answer
    assert answer is not None
    assert len(set(answer.decided_by.split(", "))) == 3
    assert sum(one.became == "counted" for one in said) == 2
    assert [event["kind"] for event in published(database)].count("decision-made.v1") == 1


def test_an_approval_of_something_else_is_stale_and_says_what_changed(database: Connection) -> None:
    """Another digest counts for nothing; with the text behind it the differences are named."""
    made = opened(database)
    before = approvals.shown_text({**SHOWN, "target_amount": "90000", "quotes": [{"fx_rate": "111.0"}]})
    said = says(database, "approve", "d-1", by="Officer", shown=approvals.shown_sha256(before), shown_as=before, now=NOW)
    assert (said.became, said.changed) == ("stale", ("quotes[0].fx_rate", "target_amount"))
    assert published(database) == []
    assert says(database, "approve", "d-1", by="Officer", shown=made.shown_sha256, now=NOW).became == "agreed"


def test_one_refusal_rejects(database: Connection) -> None:
    """A refusal answers at once with REJECT, also where two approvals are needed and one is there."""
    made = opened(database, needed=2)
    says(database, "approve", "d-1", by="One", shown=made.shown_sha256, now=NOW)
    agreed = says(database, "refuse", "d-1", by="Two", shown=made.shown_sha256, now=NOW, reason="unknown receiver")
    assert says(database, "approve", "d-1", by="Three", shown=made.shown_sha256, now=NOW).became == "closed"
    said = finished(database, "d-1", agreed)
    assert said.became == "refused"
    assert said.answer is not None
    assert (said.answer.verdict, said.answer.decided_by) == ("REJECT", login_of(database, "Two"))
    assert says(database, "approve", "d-1", by="Three", shown=made.shown_sha256, now=NOW).became == "closed"


def test_an_expired_referral_takes_nothing(database: Connection) -> None:
    """From its expiry on a referral is closed, and no longer listed."""
    made = opened(database, seconds=10)
    late = NOW + timedelta(seconds=10)
    assert [one.decision.decision_id for one in approvals.pending(database, now=NOW)] == ["d-1"]
    assert approvals.pending(database, now=late) == []
    assert says(database, "approve", "d-1", by="Officer", shown=made.shown_sha256, now=late).became == "expired"
    assert says(database, "approve", "d-1", by="Officer", shown=made.shown_sha256, now=NOW).became == "expired", "it stays closed"
    assert published(database) == []


def test_a_referral_is_stored_once(database: Connection) -> None:
    """A repeated referral changes nothing; one that waits for nobody is refused."""
    made = opened(database)
    assert approvals.open_referral(database, made, now=NOW) is False
    assert approvals.find(database, "d-1") == made
    assert approvals.find(database, "d-2") is None
    assert says(database, "approve", "d-2", by="Officer", shown=made.shown_sha256, now=NOW).became == "unknown"
    with pytest.raises(ValueError, match="waits for nobody"):
        approvals.open_referral(database, referral("d-3", needed=0), now=NOW)


@pytest.mark.parametrize("label", ["", "   ", "x" * 201, "a\x07b", "a\nb", "a\u202eb", "a\u200bb"])
def test_nobody_approves_under_a_label_that_cannot_be_read(database: Connection, label: str) -> None:
    """The database refuses it, before anything is written."""
    made = opened(database)
    with as_of(database, NOW), acting(database, "Officer") as connection, pytest.raises(ValueError, match="cannot be seen"):
        approvals.approve(connection, "d-1", by=label, shown=made.shown_sha256)
    assert database.execute("SELECT count(*) FROM risk.approvals").fetchone() == (0,)


def test_events_of_the_outbox_survive_a_broker_that_is_away(database: Connection) -> None:
    """What could not be published stays, in order, and is published under the same ids."""
    halts.halt(database, venue=None, pair=None, reason="drill", by="officer")
    halts.halt(database, venue="tokyo", pair=None, reason="drill", by="officer")

    def away(events: Sequence[Outgoing]) -> None:
        raise ServiceAwayError("Kafka does not answer")

    with pytest.raises(ServiceAwayError):
        outbox.publish(database, away)
    assert [event.get("venue") for event in published(database)] == [None, "tokyo"]


def test_halts_and_resumes_name_the_same_scope(database: Connection) -> None:
    """A scope is halted once; a resume of another scope ends nothing; both are events with reason and person."""

    def halt(venue: str | None, pair: str | None) -> bool:
        return halts.halt(database, venue=venue, pair=pair, reason="drill", by="officer").new

    def resume(venue: str | None, pair: str | None) -> list[str]:
        return [resumes(database, venue, pair, by=by).outcome for by in ("One", "Two")]

    assert halt("tokyo", None)
    assert not halt("tokyo", None)
    assert resume(None, None) == ["not_halted"] * 2
    assert resume("tokyo", "JPYSC0/USDCx") == ["not_halted"] * 2
    assert halts.over(database, venue="tokyo", pair="JPYSC0/USDCx") is not None
    assert halts.over(database, venue="osaka", pair="JPYSC0/USDCx") is None
    assert resume("tokyo", None) == ["counted", "resumed"]
    assert resume("tokyo", None) == ["not_halted"] * 2
    assert halts.active(database) == []
    assert halt("tokyo", None), "it can be halted again"
    assert [event["action"] for event in published(database)] == ["halt", "agree", "agree", "resume", "halt"]
    with pytest.raises(ValueError, match="SOURCE/TARGET"):
        halt(None, "JPYSC0")
