"""What a stranger writes into `decision-made`: refused by whoever acts on answers, and in nobody's way.

Each test is a forgery that was believed before: a plain one, before and after the engine's answer; one that names a referral; one under the
id of a real decision; and the signed answers of an external engine, changed, moved or borrowed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from msgspec import structs

from pipeline import settings as configuration
from pipeline.engines.step import Settle, Step
from pipeline.failpoints import Failpoints
from pipeline.log import topics
from pipeline.log.envelope import Outgoing, Record
from pipeline.log.signatures import public_key
from pipeline.log.topics import EventType
from pipeline.ports import Written
from pipeline.processors.processor import Processor
from pipeline.processors.risk.processor import RISK
from pipeline.processors.risk.settle import settle
from pipeline.processors.workflow.facts import WorkflowRules
from pipeline.processors.workflow.processor import workflow
from pipeline.processors.workflow.state import WorkflowState, from_json
from pipeline.stores import approvals, migrations, outbox, positions
from pipeline.stores.agreed import answer_next
from pipeline.stores.belief import BUILT_IN, Trust, doubts_by
from pipeline.stores.exposures import PostgresExposures
from pipeline.stores.postgres import Connection, connect
from pipeline.testing.clocks import HandClock
from pipeline.testing.questions import NOW, engine, question
from schemas.accepting import DecisionMade
from schemas.events import Event
from tests.integration.command_room import Kept, prepare
from tests.integration.decision_room import answer, asked, commit, finished, heard, with_signature, write
from tests.people import says
from tests.signing import DESK, public_pem, signature
from tests.unit.workflow.scene import KINDS, compliance, decision, order, rate
from tests.unit.workflow.scene import record as scene_record

QUESTION = question()
REFERRED = answer(QUESTION, approvers_needed=2)
ACCEPT = answer(QUESTION, "ACCEPT", decision_id="d-1-REFER")


@pytest.fixture
def database(postgres: str) -> Iterator[Connection]:
    """A database with tables."""
    with prepare(postgres) as connection:
        yield connection


def kept(database: Connection) -> list[str]:
    """Return the decisions that the sink has kept, by id and verdict."""
    return [
        f"{name} {verdict}" for name, verdict in database.execute("SELECT decision_id, verdict FROM risk.answers ORDER BY 1").fetchall()
    ]


def referrals(database: Connection) -> list[tuple[Any, ...]]:
    """Return state, answer and people needed of every referral."""
    return database.execute("SELECT decision_id, state, answer_id, approvers_needed FROM risk.referrals ORDER BY 1").fetchall()


def refused(written: Written) -> tuple[list[str], list[tuple[str, str]]]:
    """Return the reasons of the dead letters, and kind and severity of the alarms."""
    alarms = [json.loads(one.value) for one in written.raised]
    return [one.reason for one in written.refused], [(one["kind"], one["severity"]) for one in alarms]


def forged(verdict: str = "ACCEPT", **changes: Any) -> Record:
    """Return a record as a stranger writes it."""
    stated = {"decision_id": "d-forged", "decided_by": "risk", **changes}
    return heard(answer(QUESTION, verdict, **stated), signed=None)


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("changes", [{}, {"decision_id": "d-1-REFER"}, {"decision_id": "d-1-REFER", "decided_by": "built-in"}])
def test_a_plain_forgery_is_kept_nowhere_and_the_real_answer_counts(database: Connection, when: str, changes: dict[str, Any]) -> None:
    """Before the engine's answer and after it, under an id of its own or that of the real one: refused, with a critical alarm."""
    forgery = forged(**changes)
    if when == "before":
        found = refused(write(database, [asked(QUESTION), forgery], trust=BUILT_IN))
    commit(database, REFERRED)
    assert write(database, [asked(QUESTION), heard(REFERRED, signed=None)], trust=BUILT_IN).refused == []
    if when == "after":
        found = refused(write(database, [forgery], trust=BUILT_IN))
    assert [reason[:12] for reason in found[0]] == ["not believed"]
    assert found[1] == [("decision_forged", "critical")]
    assert (kept(database), referrals(database)) == (["d-1-REFER REFER"], [("d-1-REFER", "pending", None, 2)])


@pytest.mark.parametrize(
    "changes",
    [
        {"approvers_needed": 1},
        {"quote_id": "a0000000-0000-4000-8000-000000000001"},
        {"context_sha256": "0" * 64},
        {"request_id": "another request"},
        {"intent_id": "00000000-0000-4000-8000-000000000002"},
        {"rules": ()},
    ],
)
def test_an_answer_is_the_one_that_was_committed_in_every_field(database: Connection, changes: dict[str, Any]) -> None:
    """The id alone is worth nothing: anything else in it, and it is another answer."""
    commit(database, REFERRED)
    written = write(database, [asked(QUESTION), forged("REFER", decision_id="d-1-REFER", decided_by="built-in", **changes)], trust=BUILT_IN)
    assert refused(written)[1] == [("decision_forged", "critical")]
    assert (kept(database), referrals(database)) == ([], [])


def test_the_same_answer_in_another_spelling_is_the_same(database: Connection) -> None:
    """What an older release committed was spelled otherwise; content counts, not bytes."""
    database.execute("SELECT 1")
    commit(database, REFERRED)
    database.execute("UPDATE risk.decisions SET decision = (decision::jsonb)::text")
    assert write(database, [asked(QUESTION), heard(REFERRED, signed=None)], trust=BUILT_IN).counts == {
        "asked": 1,
        "decided_refer": 1,
        "referred": 1,
    }


@pytest.mark.parametrize("trust", [BUILT_IN, DESK], ids=["built in", "external"])
@pytest.mark.parametrize("verdict", ["ACCEPT", "REJECT"])
@pytest.mark.parametrize("said", [0, 1])
def test_nothing_in_the_topic_answers_a_referral(database: Connection, trust: Trust, verdict: str, said: int) -> None:
    """A record that names a referral changes nothing, whoever signed it; the people that it needs answer it afterwards."""
    commit(database, REFERRED)
    write(database, [asked(QUESTION), heard(REFERRED)], trust=trust)
    (referral,) = approvals.pending(database, now=NOW)

    def approve(by: str) -> approvals.Said:
        return says(database, "approve", "d-1-REFER", by=by, shown=referral.shown_sha256, now=NOW)

    for person in ["First Officer"][:said]:
        assert approve(person).became == "counted"
    forgery = heard(answer(QUESTION, verdict, decision_id="d-forged", refers_to="d-1-REFER", decided_by="First Officer, Second Officer"))
    found = refused(write(database, [forgery], trust=trust))
    assert [reason[:12] for reason in found[0]] == ["not believed"]
    more = [("decision_unapproved", "critical")] if verdict == "ACCEPT" else []
    assert found[1] == [("decision_forged", "critical"), *more]
    assert referrals(database) == [("d-1-REFER", "pending", None, 2)]
    last = [approve(person) for person in ("First Officer", "Second Officer")][-1]
    assert finished(database, "d-1-REFER", last).became == "approved"
    waiting = Kept()
    outbox.publish(database, waiting.publish)
    (real,) = [one for one in waiting.events if one.envelope.kind == topics.DECISION_MADE]
    record = heard(DecisionMade.model_validate_json(real.value), signed=None)
    assert write(database, [record], trust=trust).counts == {"decided_accept": 1}


@pytest.mark.parametrize(
    "changes", [{"decided_by": "Somebody Else"}, {"rules": ()}, {"decided_at": "2025-03-15T09:00:09.5Z"}, {"counters": {"sum": "0"}}]
)
def test_an_answer_of_people_is_the_one_that_was_made_in_every_field(database: Connection, changes: dict[str, Any]) -> None:
    """Its id can be foretold: whoever is faster than the outbox cannot say who it was, when, or upon what."""
    commit(database, REFERRED)
    write(database, [asked(QUESTION), heard(REFERRED, signed=None)], trust=BUILT_IN)
    (referral,) = approvals.pending(database, now=NOW)
    said = [says(database, "approve", "d-1-REFER", by=by, shown=referral.shown_sha256, now=NOW) for by in ("One", "Two")][-1]
    real = finished(database, "d-1-REFER", said).answer
    assert real is not None
    forgery = heard(real.model_copy(update=changes), signed=None)
    assert [reason[:12] for reason in refused(write(database, [forgery], trust=BUILT_IN))[0]] == ["not believed"]
    assert write(database, [heard(real, signed=None)], trust=BUILT_IN).counts == {"decided_accept": 1}


def test_an_answer_with_too_few_counted_approvals_is_not_believed(database: Connection) -> None:
    """A referral that an earlier release set to approved by such a record, with nobody's approval, allows nothing today."""
    commit(database, REFERRED)
    write(database, [asked(QUESTION), heard(REFERRED, signed=None)], trust=BUILT_IN)
    database.execute("UPDATE risk.referrals SET state = 'approved', closed_at = now(), answer_id = 'd-forged'")
    record = forged(refers_to="d-1-REFER")
    assert [reason[:12] for reason in refused(write(database, [record], trust=BUILT_IN))[0]] == ["not believed"]


@pytest.mark.parametrize("trust", [BUILT_IN, DESK], ids=["built in", "external"])
@pytest.mark.parametrize(
    "forged_as",
    [
        "approvers_needed = 1",
        "decision = replace(decision, 'largest order', 'another rule')",
        "decision = replace(decision, '\"approvers_needed\":2', '\"approvers_needed\":1'), approvers_needed = 1",
        "shown = replace(shown, '100000', '1')",
        "shown = '{}', shown_sha256 = '44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a'",
        "request_id = 'another'",
        "shown = 'no JSON', shown_sha256 = encode(sha256('no JSON'), 'hex')",
    ],
)
def test_who_opens_referrals_changes_nothing_of_what_people_are_asked(database: Connection, trust: Trust, forged_as: str) -> None:
    """Approved by a person, but for fewer people, of no engine's decision, or shown otherwise: its answer is not believed."""
    commit(database, REFERRED)
    write(database, [asked(QUESTION), heard(REFERRED, signed=None if trust is BUILT_IN else "desk")], trust=trust)
    database.execute(f"UPDATE risk.referrals SET {forged_as}".encode())
    (referral,) = approvals.pending(database, now=NOW)
    stored = database.execute("SELECT shown_sha256 FROM risk.referrals").fetchone() or ("",)
    said = [says(database, "approve", "d-1-REFER", by=by, shown=stored[0], now=NOW) for by in ("One", "Two")[: referral.approvers_needed]]
    assert said[-1].became == "agreed"
    answer_next(database, lambda _: None, lambda: NOW)
    waiting = Kept()
    outbox.publish(database, waiting.publish)
    (made,) = [one for one in waiting.events if one.envelope.kind == topics.DECISION_MADE]
    record = heard(DecisionMade.model_validate_json(made.value), signed=None)
    assert [reason[:12] for reason in refused(write(database, [record], trust=trust))[0]] == ["not believed"]


# --- an external engine ------------------------------------------------------------------------------------------------

BOTH = Trust(keys={name: public_key(public_pem(name)) for name in ("desk", "next")})
OTHER = question(order=2)


def moved() -> Record:
    """Return the signed answer to another question, turned to this one, its signature kept."""
    theirs = heard(answer(OTHER, "ACCEPT"))
    said = dict(theirs.headers)["ce_signature"].decode()
    return with_signature(forged(decision_id="d-1-ACCEPT"), said)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: forged(),
        lambda: heard(answer(QUESTION, "ACCEPT"), signed="stranger"),
        lambda: with_signature(forged(), "desk:" + "A" * 86 + "=="),
        lambda: with_signature(forged(), "\x00" * 9),
        lambda: structs.replace(heard(answer(QUESTION, "REJECT")), value=forged().value),
        moved,
    ],
    ids=["unsigned", "unknown key", "wrong signature", "no signature", "signed for another verdict", "signed for another question"],
)
def test_an_external_answer_without_a_signature_that_holds_is_refused(database: Connection, wrong: Callable[[], Record]) -> None:
    """Whatever is wrong with it: a dead letter and a critical alarm, nothing kept, and the signed answer counts afterwards."""
    found = refused(write(database, [asked(QUESTION), wrong()]))
    assert ([reason[:12] for reason in found[0]], found[1]) == (["not believed"], [("decision_forged", "critical")])
    assert kept(database) == []
    assert write(database, [heard(answer(QUESTION, "ACCEPT"))]).counts == {"decided_accept": 1}


def test_two_keys_are_believed_while_one_takes_the_place_of_the_other(database: Connection) -> None:
    """The old key and the new one, each under its own id; once the old one is not named any more, it is a stranger's."""
    records = [heard(answer(one, decision_id=f"d-{key}"), signed=key) for one, key in ((QUESTION, "desk"), (OTHER, "next"))]
    assert write(database, records, trust=BOTH).counts == {"decided_refer": 2}
    late = heard(answer(question(order=3), decision_id="d-late"), signed="next")
    assert len(write(database, [late]).refused) == 1


def test_what_the_built_in_engine_committed_is_nothing_to_an_external_one(database: Connection) -> None:
    """With an external engine only signatures count."""
    commit(database, REFERRED)
    assert len(write(database, [heard(REFERRED, signed=None)]).refused) == 1


def test_what_was_signed_is_kept_byte_by_byte(database: Connection) -> None:
    """The table keeps value and signature as they were; both of the built-in engine's are absent."""
    record = heard(REFERRED)
    spelled = json.dumps(json.loads(record.value), indent=2).encode()
    said = signature(spelled, QUESTION.context_sha256)
    write(database, [with_signature(structs.replace(heard(REFERRED, signed=None), value=spelled), said)])
    assert database.execute("SELECT signed, signature FROM risk.answers").fetchall() == [(spelled, said)]


# --- the processors ----------------------------------------------------------------------------------------------------


class Desk:
    """One processor as its role runs it, on a real database, with records by the hand of a test."""

    def __init__(
        self, dsn: str, processor: Processor[Any, Any, Any], *, trust: Trust = BUILT_IN, settled: Settle[Any] | None = None
    ) -> None:
        self.dsn, self.processor, self.clock, self.said = dsn, processor, HandClock(), Kept()
        self.offsets: dict[EventType, int] = {}
        with psycopg.connect(dsn, autocommit=True) as connection:
            migrations.apply(connection, migrations.found_in(["pipeline.stores"]))
            positions.prepare(connection, processor.name, [(kind.topic("custody."), 0, "topic-id") for kind in processor.consumes])
        self.step: Step[Any, Any, Any] = Step(
            processor,
            connect=lambda: connect(configuration.Postgres(dsn=dsn), name="desk", autocommit=True),
            publisher=self.said,
            clock=self.clock,
            failpoints=Failpoints({}),
            settle=settled,
            doubts=doubts_by(trust),
        )

    def hears(self, *events: Event | Record) -> list[Outgoing]:
        """Let it read events, or records as they are; return what it says."""
        before = len(self.said.events)
        self.step.run([self._placed(event) for event in events])
        return self.said.events[before:]

    def _placed(self, event: Event | Record) -> Record:
        record = event if isinstance(event, Record) else scene_record(event, 0)
        kind = KINDS[DecisionMade] if isinstance(event, Record) else KINDS[type(event)]
        offset = self.offsets.get(kind, 0)
        self.offsets[kind] = offset + 1
        return structs.replace(record, topic=kind.topic("custody."), offset=offset)

    def state(self) -> WorkflowState:
        """Return the one state that is stored."""
        with psycopg.connect(self.dsn) as connection:
            ((text,),) = connection.execute("SELECT state::text FROM custodian.states").fetchall()
        return from_json(text)


@contextmanager
def flow(dsn: str, trust: Trust = BUILT_IN) -> Iterator[tuple[Desk, dict[str, Any]]]:
    """Give a workflow that has asked whether to accept a proposal, and its question."""
    desk = Desk(dsn, workflow(WorkflowRules()), trust=trust)
    try:
        said = desk.hears(order(), compliance(), rate())
        yield desk, json.loads(next(one.value for one in said if one.envelope.kind == topics.DECISION_REQUESTED))
    finally:
        desk.step.close()


def kinds(said: Sequence[Outgoing]) -> list[str]:
    """Return the kinds of what was said."""
    return [one.envelope.kind.name for one in said]


@pytest.mark.parametrize("own_id", [True, False])
@pytest.mark.parametrize("verdict", ["ACCEPT", "REJECT", "REFER", "WAIT"])
def test_the_workflow_waits_for_the_real_answer(postgres: str, database: Connection, own_id: bool, verdict: str) -> None:
    """Whatever a forgery says, before and after, the state stays as it was, and the real answer leads to the one command."""
    with flow(postgres) as (desk, request):
        real = decision(request, "ACCEPT")
        forgery = decision(request, verdict, **({} if own_id else {"decision_id": real.decision_id}), decided_at="2025-03-15T09:00:00.5Z")
        before = desk.state()
        assert kinds(desk.hears(forgery)) == ["dead-letter.v1"]
        assert desk.state() == before
        commit(database, real)
        (command,) = desk.hears(real)
        assert json.loads(command.value)["decision_id"] == real.decision_id
        after = desk.state()
        assert kinds(desk.hears(forgery)) == ["dead-letter.v1"]
        assert (desk.state(), desk.hears(real)) == (after, [])


def test_the_workflow_takes_no_answer_to_a_referral_that_people_have_not_given(postgres: str, database: Connection) -> None:
    """A forged yes in their name is a dead letter; the referral goes on waiting."""
    with flow(postgres) as (desk, request):
        referral = decision(request, "REFER", approvers_needed=2)
        commit(database, referral)
        assert desk.hears(referral) == []
        for verdict in ("ACCEPT", "REJECT"):
            forgery = decision(request, verdict, decision_id=f"forged {verdict}", refers_to=referral.decision_id, decided_by="people")
            assert kinds(desk.hears(forgery)) == ["dead-letter.v1"]
        assert (desk.state().phase, desk.state().referral) == ("referred_accept", referral.decision_id)


def test_the_workflow_takes_what_an_external_engine_signed(postgres: str) -> None:
    """Unsigned it is a dead letter, signed it is the answer."""
    with flow(postgres, DESK) as (desk, request):
        plain = scene_record(decision(request, "ACCEPT"), 0)
        assert kinds(desk.hears(plain)) == ["dead-letter.v1"]
        assert kinds(desk.hears(with_signature(plain, signature(plain.value, request["context_sha256"])))) == ["command-issued.v1"]


def test_no_header_hides_an_answer_from_the_check(postgres: str, database: Connection) -> None:
    """Of two headers ce_type readers take the first or the last: where either is an answer, it is checked like one."""
    with flow(postgres) as (desk, request):
        plain = scene_record(decision(request, "ACCEPT"), 0)
        for disguised in (
            [("ce_type", b"custody.order-updated.v1"), *plain.headers],
            [*plain.headers, ("ce_type", b"custody.order-updated.v1")],
        ):
            said = desk.hears(structs.replace(plain, headers=disguised))
            assert kinds(said) == ["dead-letter.v1"]
        assert desk.state().phase == "asking_accept"


def test_a_forged_approval_reserves_nothing(postgres: str, database: Connection) -> None:
    """The risk processor counts what people approved, not what somebody says that they did."""
    policy = engine()

    def settled(connection: Connection, events: Sequence[Any]) -> Sequence[Any]:
        return settle(policy, PostgresExposures(connection), events, lambda: NOW)

    desk = Desk(postgres, RISK, settled=settled)
    try:
        desk.step.run([asked_at(0)])
        (referred,) = [DecisionMade.model_validate_json(one.value) for one in desk.said.events]
        assert referred.verdict == "REFER"
        forgery = referred.model_copy(update={"decision_id": "d-forged", "verdict": "ACCEPT", "refers_to": referred.decision_id})
        assert kinds(desk.hears(heard(forgery, signed=None))) == ["dead-letter.v1"]
    finally:
        desk.step.close()
    assert database.execute("SELECT state FROM risk.exposures").fetchall() == [("asked",)]


def asked_at(offset: int) -> Record:
    """Return the question at an offset of its topic."""
    return structs.replace(asked(QUESTION), offset=offset)
