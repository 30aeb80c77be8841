"""The whole way of a referral: the workflow asks, the policy refers, people decide, the workflow commands what they approved."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any, Literal

import pytest

from pipeline.decisions.sink import DecisionSink
from pipeline.log import topics
from pipeline.log.codec import decode
from pipeline.log.envelope import Outgoing, Record
from pipeline.stores import approvals, outbox
from pipeline.stores.approvals import Referral, Said
from pipeline.stores.decisions import PostgresDecisions
from pipeline.stores.postgres import Connection
from pipeline.testing.questions import engine, rule
from schemas.accepting import DecisionMade, DecisionRequested
from tests.integration.command_room import Kept, prepare
from tests.integration.decision_room import commit, finished, heard
from tests.people import login_of, says
from tests.unit.workflow.scene import Scene, compliance, order, rate

LIMIT = 'side = "source_max", currency = "JPYSC0", limit = "1000000"'


@pytest.fixture
def database(postgres: str) -> Iterator[Connection]:
    """A database with tables."""
    with prepare(postgres) as connection:
        yield connection


class Chain:
    """One workflow, one policy that refers every order, one sink; `referred` asks until people have to decide."""

    def __init__(self, database: Connection) -> None:
        self.database, self.scene, self._offset = database, Scene(), 0
        self.policy = engine(rule("amount_at_most", LIMIT, otherwise="REFER"))

    def referred(self) -> Referral:
        """Show a proposal to the workflow and carry its question through policy and sink."""
        self.scene.hears(order(), compliance(), rate())
        return self.carry()

    def carry(self) -> Referral:
        """Carry the last question to the policy, its answer back, and both to the sink; return what waits now."""
        asked = [one for one in self.scene.said if one.envelope.kind == topics.DECISION_REQUESTED][-1]
        made = self.policy.decide(decode(asked.value, DecisionRequested), {}, self.scene.now)
        assert made.verdict == "REFER"
        commit(self.database, made)
        self.scene.hears(made)
        self.keep(self.record(asked), heard(made, signed=None))
        (referral,) = approvals.pending(self.database, now=self.scene.now)
        return referral

    def says(self, verdict: Literal["approve", "refuse"], referral: Referral) -> Said:
        """Let a person speak, and the role answer."""
        decision_id = referral.decision.decision_id
        said = says(self.database, verdict, decision_id, by="Officer", shown=referral.shown_sha256, now=self.scene.now)
        return finished(self.database, decision_id, said, now=self.scene.now, engine=self.policy)

    def record(self, event: Outgoing) -> Record:
        """Return an event as it stands in Kafka."""
        self._offset += 1
        topic = event.envelope.kind.topic("custody.")
        return Record(topic=topic, partition=0, offset=self._offset, key=event.key.encode(), value=event.value, headers=event.headers())

    def keep(self, *records: Record) -> None:
        """Let the sink write."""
        with self.database.transaction():
            written = DecisionSink(PostgresDecisions(), referral_expires=300).write(self.database, records, self.scene.now)
        assert (list(written.refused), list(written.raised)) == ([], [])

    def answers(self) -> list[dict[str, Any]]:
        """Publish what people said, and return what the workflow says to it."""
        kept = Kept()
        outbox.publish(self.database, kept.publish)
        made = [one for one in kept.events if one.envelope.kind == topics.DECISION_MADE]
        self.keep(*map(self.record, made))
        return [said for one in made for said in self.scene.hears(decode(one.value, DecisionMade))]


def test_what_a_person_approves_is_commanded_once(database: Connection) -> None:
    """The approval's answer fits the workflow's request: one command, by its decision, and none when it is heard again."""
    chain = Chain(database)
    referral = chain.referred()
    said = chain.says("approve", referral)
    assert said.answer is not None
    (command,) = chain.answers()
    assert (command["_kind"], command["decision_id"]) == ("command-issued", said.answer.decision_id)
    assert chain.scene.hears(said.answer) == []
    assert chain.scene.state().note == f"live: decided by {login_of(database, 'Officer')}"


def test_what_a_person_refuses_is_never_commanded(database: Connection) -> None:
    """The refusal ends the work."""
    chain = Chain(database)
    referral = chain.referred()
    chain.says("refuse", referral)
    assert chain.answers() == []
    assert chain.scene.state().phase == "declined"


def test_changed_terms_make_the_old_approval_stale_and_the_new_one_count(database: Connection) -> None:
    """The venue changes the order: the workflow asks anew, the old referral is stale and says what changed, the new one counts."""
    chain = Chain(database)
    old = chain.referred()
    chain.scene.at(3)
    asked = chain.scene.hears(order(seconds=3, target_amount="120000"))
    assert [one["_kind"] for one in asked] == ["decision-requested"], "the workflow asks on the new terms"
    new = chain.carry()
    assert new.decision.decision_id != old.decision.decision_id
    stale = says(database, "approve", old.decision.decision_id, by="Officer", shown=old.shown_sha256, now=chain.scene.now)
    assert (stale.became, stale.newest) == ("stale", new.decision.decision_id)
    assert ("order.target_amount", "100000", "120000") in stale.differences
    assert chain.answers() == []
    assert chain.says("approve", new).answer
    (command,) = chain.answers()
    assert (command["_kind"], command["target_amount"]) == ("command-issued", "120000")


def test_an_approval_that_the_sink_could_not_know_to_be_stale_is_not_commanded(database: Connection) -> None:
    """The sink has not read the newer question when the old one is approved: the workflow takes no answer about terms that are gone."""
    chain = Chain(database)
    old = chain.referred()
    chain.scene.at(3)
    chain.scene.hears(order(seconds=3, target_amount="120000"))
    assert chain.says("approve", old).answer
    assert "command-issued" not in [one["_kind"] for one in chain.answers()]


def test_an_expired_referral_is_never_commanded(database: Connection) -> None:
    """After the question's time neither the database nor the workflow takes an approval."""
    chain = Chain(database)
    referral = chain.referred()
    chain.scene.at((referral.expires_at - chain.scene.now + timedelta(seconds=1)).total_seconds())
    late = says(database, "approve", referral.decision.decision_id, by="Officer", shown=referral.shown_sha256, now=chain.scene.now)
    assert late.became == "expired"
    assert chain.answers() == []
