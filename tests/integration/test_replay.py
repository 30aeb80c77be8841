"""`custodian replay`: today's code over what the archive recorded, without Kafka and without touching anything live."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from msgspec import structs

from pipeline import topology
from pipeline.cli.main import main
from pipeline.log.codec import decode
from pipeline.log.topics import DECISION_MADE
from pipeline.processors.processor import Processor, Raised
from pipeline.processors.settlement.decide import Counted, Settled
from pipeline.processors.settlement.processor import SETTLEMENT
from pipeline.processors.workflow.facts import WorkflowRules
from pipeline.processors.workflow.processor import workflow
from pipeline.stores import readings
from pipeline.testing.clocks import START
from pipeline.testing.orders import TERMS, intent, settled_hint, settled_record, shown
from pipeline.testing.orders import record as order_record
from schemas.accepting import CommandIssued, DecisionMade, DecisionRequested
from tests.integration.archive_room import ArchiveRoom
from tests.integration.decision_room import commit
from tests.integration.sink_room import as_superuser
from tests.past import Past
from tests.services import Services
from tests.unit.workflow.scene import completion, compliance, decision, order, quote, rate, record

Changed = Callable[[Any, Any, Any], tuple[Any, ...]]


def settlements() -> Past:
    """Six orders a minute apart: settled, repeated, contradicted, twice settled, incomplete, unreadable; outputs published twice."""
    past = Past(SETTLEMENT)
    for number in range(1, 7):
        at = number * 60.0
        past.hear(order_record(settled_hint(number, seconds=at), 0), order_record(settled_record(number, seconds=at), 0), seconds=at)
        past.hear(order_record(settled_record(number, seconds=at + 1), 0), seconds=at + 1)
    past.hear(order_record(settled_record(1, terms={"target_amount": "7"}, seconds=400), 0), seconds=400)
    past.hear(order_record(settled_record(2, hash_number=2, seconds=401), 0), seconds=401)
    past.hear(order_record(shown("SETTLED", order=7, terms={"source_currency": "JPYSC0"}, seconds=402), 0), seconds=402)
    past.hear(
        structs.replace(order_record(settled_record(8), 0), value=b"{"),
        structs.replace(order_record(settled_record(9), 0), key=None),
        seconds=403,
    )
    past.repeat(0)
    past.hear(order_record(shown("PENDING", order=99, seconds=500), 0), seconds=500)  # so that nothing before is of the last seconds
    return past


def acceptings() -> Past:
    """Four proposals, one accepted and co-signed, two without their evidence, three that nobody answers; a quote read before a due time."""
    past = Past(workflow(WorkflowRules()))
    past.hear(*(record(event, 0) for event in (order(), rate(), compliance())), seconds=0.0)
    asked = decode(past.published[-1].value, DecisionRequested).model_dump(exclude_none=True)
    past.hear(record(decision(asked, "ACCEPT"), 0), seconds=0.3)
    told = decode(past.published[-1].value, CommandIssued).model_dump(exclude_none=True)
    past.hear(record(completion(told), 0), seconds=0.5)
    for number in (2, 3):
        past.hear(record(order(number=number), 0), seconds=0.6)
    past.wake(1.7)  # without their evidence
    past.hear(record(quote("q1"), 0), seconds=8.0)
    past.hear(*(record(event, 0) for event in (order(number=4), rate(number=4), compliance(number=4))), seconds=11.0)
    past.wake(11.2)  # so it was there
    past.hear(record(quote("q2", "111"), 0), seconds=13.01, lag=0.01)  # after the window closed, and before anybody looked
    past.wake(13.2)
    asked = decode(past.published[-1].value, DecisionRequested).model_dump(exclude_none=True)
    assert len(asked["context"]["quotes"]) == 2
    past.hear(record(decision(asked, "ACCEPT", "q2"), 0), record(decision(asked, "ACCEPT", "q2"), 0), seconds=13.3)
    told = decode(past.published[-1].value, CommandIssued).model_dump(exclude_none=True)
    past.hear(record(completion(told), 0), seconds=13.5)
    past.wake(298.1)  # nobody has answered
    past.hear(record(order("SETTLED", seconds=400), 0), seconds=400)
    return past


def room_with(past: Past, dsn: str, folder: Path) -> ArchiveRoom:
    """Make a room whose archive holds a past."""
    room = ArchiveRoom(dsn, folder)
    room.archive(past.records, START + timedelta(hours=1))
    room.done(past.processor.name, past.done)
    answers = [decode(one.value, DecisionMade) for one in past.done if one.topic == DECISION_MADE.topic("custody.")]
    with psycopg.connect(dsn) as connection:
        commit(connection, *{answer.decision_id: answer for answer in answers}.values())
        readings.write(connection, past.processor.name, past.engine.readings if past.processor.is_recorded else [])
    return room


def digests(room: ArchiveRoom) -> dict[str, Any]:
    """Return a digest of every table that is live."""
    tables = room.rows(
        "SELECT quote_ident(schemaname) || '.' || quote_ident(tablename) FROM pg_tables "
        "WHERE NOT starts_with(schemaname, 'pg_') AND NOT starts_with(schemaname, 'replay') AND schemaname <> 'information_schema' "
        "ORDER BY 1"
    )
    return {name: room.rows(f"SELECT count(*), md5(string_agg(t::text, '|' ORDER BY t::text)) FROM {name} t") for (name,) in tables}


def shadow_of(room: ArchiveRoom, schema: str) -> list[Any]:
    """Return all that a replay left."""
    return [room.rows(f"SELECT t::text FROM {schema}.{table} t ORDER BY 1") for table in ("outputs", "states")]


def counts(lines: list[dict[str, Any]]) -> dict[tuple[str, str], int]:
    """Return the counts of a replay by topic and verdict."""
    return {(line["of"], line["difference"]): line["count"] for line in lines if line["kind"] == "count"}


def different(lines: list[dict[str, Any]]) -> list[tuple[str, str, str]]:
    """Return intent, topic and verdict of what differs."""
    return [(line["intent_id"], line["of"], line["difference"]) for line in lines if line["kind"] == "event"]


@pytest.mark.parametrize("made", [settlements, acceptings], ids=["settlement", "workflow"])
def test_unchanged_code_differs_in_nothing(made: Callable[[], Past], postgres: str, tmp_path: Path) -> None:
    """Without Kafka every event comes out as it was published; twice gives the same tables, and no live row has changed."""
    past = made()
    name = past.processor.name
    room = room_with(past, postgres, tmp_path)
    before = digests(room)
    code, lines, said = room.custodian("replay", "--processor", name)
    assert (code, different(lines)) == (0, []), said
    found = counts(lines)
    assert {verdict for _, verdict in found} == {"identical"}
    assert sum(found.values()) == len({(one.topic, dict(one.headers)["ce_id"]) for one in past.published})
    left = shadow_of(room, f"replay_{name}")
    assert all(left)
    assert room.custodian("replay", "--processor", name, "--into", "replay_again")[:2] == (0, lines)
    assert shadow_of(room, "replay_again") == left
    assert digests(room) == before
    states = dict(room.rows("SELECT key, state FROM replay_again.states"))
    assert {key: json.loads(text) for key, text in past.engine.states.items()} == states, "also what it remembers of its own times"


def run_changed(
    changed: Processor[Any, Any, Any], room: ArchiveRoom, *arguments: str, patch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> tuple[int, list[dict[str, Any]], str]:
    """Run the command in this process, with today's code being another one."""
    patch.setitem(topology.PROCESSORS, changed.name, lambda _: changed)
    config = str(room.folder / "custodian.toml")
    with pytest.raises(SystemExit) as ended:
        main(["replay", "--processor", changed.name, "--config", config, "--format", "jsonl", *arguments])
    out, err = capsys.readouterr()
    return int(ended.value.code or 0), [json.loads(line) for line in out.splitlines()], err


def deciding(change: Changed) -> Processor[Any, Any, Any]:
    """Return the settlement processor with facts changed by `change(state, event, facts)`."""
    return replace(SETTLEMENT, decide=lambda state, event, now: change(state, event, SETTLEMENT.decide(state, event, now)))


def without_dedupe(state: Any, event: Any, _facts: Any) -> tuple[Any, ...]:
    """Settle again whatever is settled, for two of the orders."""
    again = event.intent_id in (intent(3), intent(4)) and state.booked is not None
    return tuple(SETTLEMENT.decide(structs.replace(state, booked=None), event, START)) if again else _facts


def another_amount(_state: Any, event: Any, facts: Any) -> tuple[Any, ...]:
    """State another amount for one order."""
    spelled = {**event.spelled, "target_amount": "1.5"}
    return tuple(
        structs.replace(fact, event=structs.replace(event, spelled=spelled))
        if isinstance(fact, Settled) and event.intent_id == intent(5)
        else fact
        for fact in facts
    )


def forgotten(_state: Any, event: Any, facts: Any) -> tuple[Any, ...]:
    """Settle one order never."""
    kept = tuple(fact for fact in facts if not (isinstance(fact, Settled) and event.intent_id == intent(6)))
    return kept or (Counted("regressed"),)


def alarmed(_state: Any, event: Any, facts: Any) -> tuple[Any, ...]:
    """Raise an alarm for one order that was none."""
    raised = Raised(kind="unknown_status", severity="warning", venue=event.venue, subject=event.intent_id, raised_at=START, cause=None)
    return (*facts, raised) if event.intent_id == intent(99) else facts


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (without_dedupe, [(intent(number), "custody.order-settled.v1", "repeated") for number in sorted((3, 4), key=intent)]),
        (another_amount, [(intent(5), "custody.order-settled.v1", "differs")]),
        (forgotten, [(intent(6), "custody.order-settled.v1", "missing")]),
        (alarmed, [(intent(99), "custody.alarm-raised.v1", "new")]),
    ],
    ids=["repeated", "differs", "missing", "new"],
)
def test_changed_code_shows_the_intents_that_it_touches(
    change: Changed,
    expected: list[tuple[str, str, str]],
    postgres: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Exactly those, by what became of them, with the fields that differ, and nothing live changes."""
    room = room_with(settlements(), postgres, tmp_path)
    before = digests(room)
    code, lines, said = run_changed(deciding(change), room, "--to", "2025-03-16", patch=monkeypatch, capsys=capsys)
    assert (code, different(lines)) == (1, expected), said
    if change is another_amount:
        assert lines[0]["fields"] == {"target_amount": {"live": TERMS["target_amount"], "replayed": "1.5"}}
    assert digests(room) == before


def test_a_shorter_window_asks_about_other_quotes(
    postgres: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The intent with quotes differs from its question on; those that have none do not."""
    room = room_with(acceptings(), postgres, tmp_path)
    shorter = workflow(WorkflowRules(quote_window=timedelta(seconds=2)))
    code, lines, said = run_changed(shorter, room, patch=monkeypatch, capsys=capsys)
    assert code == 1, said
    assert {intent_id for intent_id, _, _ in different(lines)} == {intent(1)}
    assert (intent(1), "custody.decision-requested.v1", "missing") in different(lines)


def test_later_than_live_is_a_difference(
    postgres: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Who waits four seconds for evidence where the live run waited one is shown by both times."""
    room = room_with(acceptings(), postgres, tmp_path)
    slower = workflow(WorkflowRules(evidence_wait=timedelta(seconds=4)))
    code, lines, said = run_changed(slower, room, patch=monkeypatch, capsys=capsys)
    assert code == 1, said
    assert sorted(different(lines)) == sorted((intent(number), "custody.decision-requested.v1", "later") for number in (2, 3))
    assert list(lines[0]["fields"]) == ["at"]


def test_what_came_before_is_run_and_not_compared(
    postgres: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """From the fifth minute on neither an earlier difference nor an order booked before is one; `--to`, `--intent` and `--venue` narrow."""
    room = room_with(settlements(), postgres, tmp_path)
    since = (START + timedelta(seconds=290)).isoformat()
    code, lines, said = room.custodian("replay", "--processor", "settlement", "--from", since)
    assert code == 0, said
    assert counts(lines)["custody.order-settled.v1", "identical"] == 2
    assert counts(lines)["custody.alarm-raised.v1", "identical"] == 3

    def run(*arguments: str) -> list[tuple[str, str, str]]:
        return different(run_changed(deciding(without_dedupe), room, *arguments, patch=monkeypatch, capsys=capsys)[1])

    assert run("--from", since) == []
    assert run("--to", since, "--intent", intent(3)) == [(intent(3), "custody.order-settled.v1", "repeated")]
    assert len(run("--to", since, "--venue", "tokyo")) == 2
    assert run("--to", since, "--venue", "osaka") == []


def test_what_cannot_be_judged_is_said(postgres: str, tmp_path: Path, services: Services) -> None:
    """The last seconds, what the live processor has not done, alarms of the engine, and bytes that were altered."""
    past = settlements()
    late = past.hear(order_record(settled_record(10, seconds=501), 0), seconds=501)
    past.published = [one for one in past.published if dict(one.headers)["ce_id"] != late[0].envelope.id.encode()]
    room = room_with(past, postgres, tmp_path)
    undone = past.produce(order_record(settled_record(11, seconds=502), 0), 502)
    room.archive([undone], START + timedelta(hours=1))
    code, lines, said = room.custodian("replay", "--processor", "settlement")
    assert (code, different(lines)) == (0, []), said
    assert counts(lines)["custody.order-settled.v1", "too_young"] == 1
    assert "of the archive's last seconds" in said
    assert "1 archived records are beyond the position of the live settlement" in said
    code, lines, _ = room.custodian("replay", "--processor", "settlement", "--to", "2025-03-16")
    assert (code, different(lines)) == (1, [(intent(10), "custody.order-settled.v1", "new")])
    as_superuser(services.admin_dsn, postgres, "UPDATE archive.records SET sha256 = sha256('') WHERE subject = '" + intent(1) + "'")
    code, _, said = room.custodian("replay", "--processor", "settlement")
    assert code == 1
    assert "do not have the digest that was stored with them" in said


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--processor", "setlement"), "write settlement or workflow"),
        (("--processor", "risk"), "custodian policy replay"),
        (("--processor", "settlement", "--from", "yesterday"), "write 2026-04-01"),
        (("--processor", "settlement", "--from", "2026-04-02", "--to", "2026-04-01"), "is not before"),
        (("--processor", "settlement", "--into", "custodian"), "is live"),
        (("--processor", "settlement", "--into", "Replay"), "is no name for a schema"),
        (("--processor", "settlement", "--into", "somebodys", "--replace"), "was not made by"),
        (("--processor", "settlement"), "holds none of this processor's records"),
    ],
)
def test_a_mistake_is_answered_with_what_to_write(arguments: tuple[str, ...], says: str, postgres: str, tmp_path: Path) -> None:
    """Exit 2 and nothing is made."""
    room = ArchiveRoom(postgres, tmp_path)
    room.rows("CREATE SCHEMA somebodys")
    before = digests(room)
    code, lines, said = room.custodian("replay", *arguments)
    assert (code, lines) == (2, []), said
    assert says in " ".join(said.split())
    assert digests(room) == before
