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
from pipeline.log.envelope import Outgoing
from pipeline.stores import approvals, halts, outbox
from pipeline.stores.approvals import Referral
from pipeline.stores.postgres import Connection
from schemas.accepting import DecisionMade, PolicyName
from tests.integration.command_room import Kept, prepare
from tests.integration.decision_room import finished

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
    agreed = approvals.approve(database, "d-1", by="Risk Officer", shown=made.shown_sha256, now=NOW, reason="known counterparty")
    said = finished(database, "d-1", agreed)
    assert (said.became, said.approved_by) == ("approved", ("Risk Officer",))
    assert said.answer is not None
    assert (said.answer.verdict, said.answer.refers_to, said.answer.decided_by) == ("ACCEPT", "d-1", "Risk Officer")
    assert (said.answer.request_id, said.answer.context_sha256) == (made.decision.request_id, made.decision.context_sha256)
    events = published(database)
    assert [event["kind"] for event in events] == ["operator-acted.v1", "decision-made.v1"]
    assert events[0]["shown_sha256"] == made.shown_sha256
    assert events[1]["decision_id"] == said.answer.decision_id
    assert published(database) == []
    assert approvals.approve(database, "d-1", by="Other", shown=made.shown_sha256, now=NOW).became == "closed"
    assert published(database) == []


def test_four_eyes_are_two_different_people(database: Connection) -> None:
    """The same person counts once however the name is spelled; the second person makes the answer."""
    made = opened(database, needed=2)

    def approve(by: str) -> approvals.Said:
        return approvals.approve(database, "d-1", by=by, shown=made.shown_sha256, now=NOW)

    assert approve("Officer One").became == "counted"
    for again in ("Officer One", " officer  ONE ", "Ｏfficer One"):
        assert approve(again).became == "repeated"
    said = finished(database, "d-1", approve("Officer Two"))
    assert (said.became, said.approved_by) == ("approved", ("Officer One", "Officer Two"))
    assert said.answer is not None
    assert said.answer.decided_by == "Officer One, Officer Two"


def test_the_database_itself_holds_one_word_per_person(database: Connection) -> None:
    """A second row for the same person and referral is refused by the table."""
    made = opened(database, needed=2)
    approvals.approve(database, "d-1", by="Officer", shown=made.shown_sha256, now=NOW)
    with pytest.raises(psycopg.errors.UniqueViolation):
        database.execute(
            "INSERT INTO risk.approvals (decision_id, person, named, verdict, shown_sha256, reason, at)"
            " SELECT decision_id, person, named, verdict, shown_sha256, reason, at FROM risk.approvals"
        )


def test_many_approvals_at_once_make_one_answer(database: Connection, postgres: str) -> None:
    """Twelve people and their repeats at the same moment: exactly one of them is the last that is needed, and one answer is made of it."""
    made = opened(database, needed=3)

    def approve(number: int) -> approvals.Said:
        with psycopg.connect(postgres, autocommit=True) as connection:
            return approvals.approve(connection, "d-1", by=f"Officer {number % 12}", shown=made.shown_sha256, now=NOW)

    with ThreadPoolExecutor(12) as people:
        said = list(people.map(approve, range(24)))
    (last,) = [one for one in said if one.became == "agreed"]
    answer = finished(database, "d-1", last).answer
    assert answer is not None
    assert len(answer.decided_by.split(", ")) == 3
    assert sum(one.became == "counted" for one in said) == 2
    assert [event["kind"] for event in published(database)].count("decision-made.v1") == 1


def test_an_approval_of_something_else_is_stale_and_says_what_changed(database: Connection) -> None:
    """Another digest counts for nothing; with the text behind it the differences are named."""
    made = opened(database)
    before = approvals.shown_text({**SHOWN, "target_amount": "90000", "quotes": [{"fx_rate": "111.0"}]})
    said = approvals.approve(database, "d-1", by="Officer", shown=approvals.shown_sha256(before), shown_as=before, now=NOW)
    assert (said.became, said.changed) == ("stale", ("quotes[0].fx_rate", "target_amount"))
    assert published(database) == []
    assert approvals.approve(database, "d-1", by="Officer", shown=made.shown_sha256, now=NOW).became == "agreed"


def test_one_refusal_rejects(database: Connection) -> None:
    """A refusal answers at once with REJECT, also where two approvals are needed and one is there."""
    made = opened(database, needed=2)
    approvals.approve(database, "d-1", by="One", shown=made.shown_sha256, now=NOW)
    agreed = approvals.refuse(database, "d-1", by="Two", shown=made.shown_sha256, now=NOW, reason="unknown receiver")
    assert approvals.approve(database, "d-1", by="Three", shown=made.shown_sha256, now=NOW).became == "closed"
    said = finished(database, "d-1", agreed)
    assert said.became == "refused"
    assert said.answer is not None
    assert (said.answer.verdict, said.answer.decided_by) == ("REJECT", "Two")
    assert approvals.approve(database, "d-1", by="Three", shown=made.shown_sha256, now=NOW).became == "closed"


def test_an_expired_referral_takes_nothing(database: Connection) -> None:
    """From its expiry on a referral is closed, and no longer listed."""
    made = opened(database, seconds=10)
    late = NOW + timedelta(seconds=10)
    assert [one.decision.decision_id for one in approvals.pending(database, now=NOW)] == ["d-1"]
    assert approvals.pending(database, now=late) == []
    assert approvals.approve(database, "d-1", by="Officer", shown=made.shown_sha256, now=late).became == "expired"
    assert approvals.approve(database, "d-1", by="Officer", shown=made.shown_sha256, now=NOW).became == "expired", "it stays closed"
    assert published(database) == []


def test_a_referral_is_stored_once(database: Connection) -> None:
    """A repeated referral changes nothing; one that waits for nobody is refused."""
    made = opened(database)
    assert approvals.open_referral(database, made, now=NOW) is False
    assert approvals.find(database, "d-1") == made
    assert approvals.find(database, "d-2") is None
    assert approvals.approve(database, "d-2", by="Officer", shown=made.shown_sha256, now=NOW).became == "unknown"
    with pytest.raises(ValueError, match="waits for nobody"):
        approvals.open_referral(database, referral("d-3", needed=0), now=NOW)


@pytest.mark.parametrize("name", ["", "   ", "x" * 201, "a\x07b"])
def test_nobody_approves_without_a_name(database: Connection, name: str) -> None:
    """A name that is none is refused before anything is written."""
    made = opened(database)
    with pytest.raises(ValueError, match="name"):
        approvals.approve(database, "d-1", by=name, shown=made.shown_sha256, now=NOW)


def test_events_of_the_outbox_survive_a_broker_that_is_away(database: Connection) -> None:
    """What could not be published stays, in order, and is published under the same ids."""
    halts.halt(database, venue=None, pair=None, reason="drill", by="officer", now=NOW)
    halts.halt(database, venue="tokyo", pair=None, reason="drill", by="officer", now=NOW)

    def away(events: Sequence[Outgoing]) -> None:
        raise ServiceAwayError("Kafka does not answer")

    with pytest.raises(ServiceAwayError):
        outbox.publish(database, away)
    assert [event.get("venue") for event in published(database)] == [None, "tokyo"]


def test_halts_and_resumes_name_the_same_scope(database: Connection) -> None:
    """A scope is halted once; a resume of another scope ends nothing; both are events with reason and person."""

    def halt(venue: str | None, pair: str | None) -> bool:
        return halts.halt(database, venue=venue, pair=pair, reason="drill", by="officer", now=NOW) is not None

    def resume(venue: str | None, pair: str | None) -> bool:
        return halts.resume(database, venue=venue, pair=pair, reason="over", by="officer", now=NOW) is not None

    assert halt("tokyo", None)
    assert not halt("tokyo", None)
    assert not resume(None, None)
    assert not resume("tokyo", "JPYSC0/USDCx")
    assert halts.over(database, venue="tokyo", pair="JPYSC0/USDCx") is not None
    assert halts.over(database, venue="osaka", pair="JPYSC0/USDCx") is None
    assert resume("tokyo", None)
    assert not resume("tokyo", None)
    assert halts.active(database) == []
    assert halt("tokyo", None), "it can be halted again"
    assert [event["action"] for event in published(database)] == ["halt", "resume", "halt"]
    with pytest.raises(ValueError, match="SOURCE/TARGET"):
        halt(None, "JPYSC0")
