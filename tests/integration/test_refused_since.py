"""Which refusal bars a decision: by when its question was put together, on our own clock, whatever an engine says of its time."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from pipeline.domain.lifecycle import PENDING
from pipeline.processors.workflow.state import WorkflowState, to_json
from pipeline.processors.workflow.transitions import Phase
from pipeline.stores.accepted import PostgresAccepted
from pipeline.stores.postgres import Connection
from pipeline.stores.statements import named_statements
from pipeline.stores.states import Kept, wake_shadowed, write
from tests.integration.command_room import prepare

SQL = named_statements("pipeline.stores", "journal.sql")
REFUSED_AT = datetime.now(UTC) - timedelta(minutes=5)
BEFORE, AFTER = REFUSED_AT - timedelta(minutes=1), REFUSED_AT + timedelta(minutes=1)
NEVER = datetime(2200, 1, 1, tzinfo=UTC)
THING = {
    "venue": "tokyo",
    "intent_id": "order",
    "kind": "accept_proposal",
    "quote_id": None,
    "command_id": "again",
    "decision_id": "decision",
}


def ended(connection: Connection, command: str, *, intent: str = "order", state: str = "refused", at: datetime = REFUSED_AT) -> None:
    """Journal a command that has ended."""
    connection.execute(
        "INSERT INTO commands.journal (command_id, venue, intent_id, kind, decision_id, shadow, not_after, source_currency,"
        " target_currency, target_amount, issued_at, state, open, completed_at, http_status)"
        " VALUES (%s, 'tokyo', %s, 'accept_proposal', 'first', %s, %s, 'A', 'B', 1, %s, %s, false, %s, %s)",
        (command, intent, state == "shadowed", at, at, state, at, 409 if state == "refused" else None),
    )


def asked(connection: Connection, at: datetime, *, kept_at: datetime | None = None) -> None:
    """Keep the question that the decision is about, put together at that time."""
    connection.execute(
        "INSERT INTO risk.questions (request_id, context_sha256, venue, intent_id, question, round, context, requested_at, decide_by,"
        " kept_at) VALUES ('request', encode(sha256('{}'), 'hex'), 'tokyo', 'order', 'accept_proposal', 1, '{}', %s, %s, %s)",
        (at, NEVER, kept_at or at),
    )


def answered(connection: Connection, *, decided_at: datetime | None, kept_at: datetime) -> None:
    """Keep an ACCEPT, with the time that its engine states and the one at which it was here."""
    connection.execute(
        "INSERT INTO risk.answers (decision_id, request_id, context_sha256, venue, intent_id, question, verdict, policy, decided_by,"
        " decided_at, rules, event, kept_at) VALUES ('decision', 'request', encode(sha256('{}'), 'hex'), 'tokyo', 'order',"
        " 'accept_proposal', 'ACCEPT', '{}', 'engine', %s, '[]', '{}', %s)",
        (decided_at, kept_at),
    )


@pytest.mark.parametrize("decided_at", [BEFORE, None, AFTER, NEVER])
@pytest.mark.parametrize(("requested_at", "barred"), [(BEFORE, True), (AFTER, False)])
def test_a_refusal_bars_what_was_asked_before_it(postgres: str, decided_at: datetime | None, requested_at: datetime, barred: bool) -> None:
    """An engine's own time, unreadable or of the next century, changes nothing; that its answer came after the refusal does not either."""
    with prepare(postgres) as connection:
        ended(connection, "refused")
        asked(connection, requested_at)
        answered(connection, decided_at=decided_at, kept_at=AFTER)
        found = connection.execute(SQL["refused_since"], THING).fetchone()
    assert found == (("refused",) if barred else None)


def test_a_question_of_the_future_is_none(postgres: str) -> None:
    """A question that states a time to come was here when it was kept."""
    with prepare(postgres) as connection:
        ended(connection, "refused")
        asked(connection, NEVER, kept_at=BEFORE)
        answered(connection, decided_at=None, kept_at=AFTER)
        assert connection.execute(SQL["refused_since"], THING).fetchone() == ("refused",)


@pytest.mark.parametrize(("kept_at", "barred"), [(BEFORE, True), (AFTER, False), (None, True)])
def test_without_its_question_an_answer_is_as_old_as_it_is_here(postgres: str, kept_at: datetime | None, barred: bool) -> None:
    """And of a decision that nobody has kept nothing is known: any refusal bars it."""
    with prepare(postgres) as connection:
        ended(connection, "refused")
        if kept_at is not None:
            answered(connection, decided_at=None, kept_at=kept_at)
        assert connection.execute(SQL["refused_since"], THING).fetchone() == (("refused",) if barred else None)


def test_only_what_the_venue_refused_of_just_that_bars(postgres: str) -> None:
    """Another order's refusal, and a command that ended otherwise, bar nothing."""
    with prepare(postgres) as connection:
        ended(connection, "of another", intent="another")
        ended(connection, "done", state="succeeded")
        ended(connection, "late", state="expired")
        asked(connection, BEFORE)
        answered(connection, decided_at=BEFORE, kept_at=BEFORE)
        assert connection.execute(SQL["refused_since"], THING).fetchone() is None


def test_what_was_accepted_lately_is_told_with_its_age(postgres: str) -> None:
    """Only accepts that succeeded within the time; each with the seconds since."""
    now = datetime.now(UTC)
    with prepare(postgres) as connection:
        ended(connection, "1", intent="fresh", state="succeeded", at=now - timedelta(seconds=20))
        ended(connection, "2", intent="old", state="succeeded", at=now - timedelta(seconds=2000))
        ended(connection, "3", intent="refused", at=now)
        found = PostgresAccepted(lambda: connection, "tokyo")(1000.0)
        assert list(found) == ["fresh"]
        assert 20 <= found["fresh"] < 900
        assert PostgresAccepted(lambda: connection, "osaka")(1000.0) == {}


def test_states_whose_commands_were_left_out_in_shadow_are_woken(postgres: str) -> None:
    """Every open order that counts as accepted or co-signed, however long ago, and whatever it waits for; no others."""
    now = datetime.now(UTC)
    later = now + timedelta(hours=1)
    accepted = WorkflowState(status=PENDING, phase=Phase.QUOTING)
    with prepare(postgres) as connection:
        for intent, state, wake_at, kept in (
            ("accepted", "shadowed", None, accepted),
            ("co-signed", "shadowed", later, replace(accepted, phase=Phase.UNDERWAY)),
            ("settled", "shadowed", None, replace(accepted, status="SETTLED", phase=Phase.ENDED)),
            ("sent", "succeeded", None, accepted),
        ):
            ended(connection, intent, intent=intent, state=state, at=now - timedelta(days=40))
            write(connection, "workflow", {f"tokyo/{intent}": Kept(text=to_json(kept), partition=0, wake_at=wake_at)})
        write(connection, "risk", {"tokyo/accepted": Kept(text=to_json(accepted), partition=0, wake_at=None)})
        assert wake_shadowed(connection, now) == 2
        woken = connection.execute("SELECT processor, key FROM custodian.states WHERE wake_at = %s ORDER BY key", (now,)).fetchall()
    assert woken == [("workflow", "tokyo/accepted"), ("workflow", "tokyo/co-signed")]
