"""From the release before to this one by the way that the README documents, from a database and topics that its own code left."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Producer
from psycopg import sql

from pipeline.stores import grants
from pipeline.stores.postgres import Connection
from tests import release_before
from tests.auditor import until_quiet
from tests.faults.test_kills import ENGINES
from tests.faults.test_logins import logins, nothing_was_refused
from tests.release_before import POLICY, raw
from tests.rig import EVERY_ROLE, ROOT, Rig
from tests.services import KafkaRoom, Services
from tests.waiting import eventually

MakeRig = Callable[..., Rig]
PAGE = " ".join((ROOT / "README.md").read_text().partition("\n## Upgrade\n")[2].partition("\n## ")[0].split())
SETTINGS = """
[risk]
referral_expires = "300s"
[workflow]
quote_window = "500ms"
quote_margin = "500ms"
"""
SPEED = 10.0
WORLD = {"first_quote": 5.0, "quote_validity": 6_000.0, "order_lifetime": 18_000.0}
SCHEMAS = ("accounting", "archive", "commands", "compliance", "custodian", "ledger", "risk")
EVIDENCE = (
    "ledger.entries",
    "ledger.postings",
    "archive.records",
    "archive.leaves",
    "accounting.journal",
    "compliance.records",
    "risk.questions",
    "risk.answers",
    "risk.decisions",
    "risk.approvals",
    "commands.attempts",
)
"""What is never changed, only added to."""
NOT_KEPT = ("custodian.migrations", "custodian.outbox", "custodian.positions")
"""Rows that `init` adds."""
HALTED = "EURCx/USDCx"
SMALL: dict[str, Any] = {"side": "sender", "target_amount": "1000", "quotes": 1}

Columns = dict[str, list[str]]
Rows = dict[str, list[str]]


def columns_of(owner: Connection) -> Columns:
    """Return the columns of every table and view."""
    found: Columns = {}
    query = (
        "SELECT table_schema || '.' || table_name, column_name FROM information_schema.columns WHERE table_schema = ANY (%s) ORDER BY 1, 2"
    )
    for table, column in owner.execute(query, (list(SCHEMAS),)):
        found.setdefault(table, []).append(column)
    return found


def rows_of(owner: Connection, columns: Columns) -> Rows:
    """Return every row by these columns, as text."""
    found: Rows = {}
    for table, names in columns.items():
        chosen = sql.SQL(", ").join(map(sql.Identifier, names))
        query = sql.SQL("SELECT r::text FROM (SELECT {} FROM {}) AS r").format(chosen, sql.Identifier(*table.split(".")))
        found[table] = sorted(row[0] for row in owner.execute(query))
    return found


def step(rig: Rig, command: str) -> str:
    """Run a command that the README's way has, and return what it says."""
    assert f"`custodian {command}`" in PAGE, f"the way does not have {command}"
    return rig.custodian(*command.split()).stdout


def calls(rig: Rig, intent: str) -> list[dict[str, Any]]:
    """Return the accept calls that the venue has got for an order in this life."""
    found: list[dict[str, Any]] = rig.venue_get(f"calls?intent_id={intent}")["calls"]
    return found


def repeat(rig: Rig, kinds: tuple[str, ...]) -> int:
    """Publish the old records of some topics once more, as an old worker does that had lost its place; return how many."""
    producer, number = Producer({"bootstrap.servers": rig.bootstrap_servers}), 0
    for line in release_before.records():
        if line["topic"].removeprefix(rig.topic_prefix) in kinds:
            headers = [(name, raw(value)) for name, value in line["headers"]]
            producer.produce(line["topic"], raw(line["value"]), raw(line["key"]), line["partition"], headers=headers)
            number += 1
    assert producer.flush(60) == 0
    return number


@pytest.fixture
def kafka(services: Services) -> KafkaRoom:
    """Give the topics of that past, under the names that they had."""
    return KafkaRoom(bootstrap_servers=services.bootstrap_servers, topic_prefix=release_before.PREFIX)


@pytest.fixture
def owner(services: Services, postgres: str) -> Iterator[Connection]:
    """Give the owner of the database of that past, with its topics beside it."""
    with release_before.loaded(services, postgres) as connection:
        yield connection


@pytest.mark.parametrize("engine", ENGINES)
def test_the_documented_way_leads_from_the_release_before_to_this_one(
    owner: Connection, make_rig: MakeRig, tmp_path: Path, engine: str
) -> None:
    """What stood there stays as it was and counts as it did: nothing is booked or sent twice or accepted without logins' words."""
    release_before.remember_venue(tmp_path / "truth.jsonl")
    columns = columns_of(owner)
    before = rows_of(owner, columns)
    rig = make_rig(seed=2, rate=0, speed=SPEED, console_user=0, failing=0, roles=EVERY_ROLE, world=WORLD, policy=POLICY, more=SETTINGS)
    release_before.reopen(rig)
    environment = {"CUSTODIAN_ENGINE__KIND": engine}

    step(rig, "init")
    assert grants.differences(owner) == []
    assert owner.execute("SELECT count(*) FROM pg_tables WHERE tableowner = current_user").fetchone() == (0,)
    after = rows_of(owner, columns)
    assert {table for table in columns if after[table] != before[table]} == set(NOT_KEPT)
    for table in NOT_KEPT:
        assert set(before[table]) <= set(after[table]), table
    whole = rows_of(owner, columns_of(owner))
    assert "nothing to do" in step(rig, "init")
    assert rows_of(owner, columns_of(owner)) == whole, "once more changes nothing"
    print(rig.custodian("doctor", expect=None).stdout)

    def intents(query: str) -> set[str]:
        return {row[0] for row in owner.execute(query.encode())}

    sent = intents("SELECT intent_id FROM commands.journal WHERE state = 'sent'")
    applied = {intent for intent in sent if rig.venue.world.open[intent].accepted}
    (lost,) = sent - applied
    (pending,) = intents("SELECT intent_id FROM risk.referrals WHERE state = 'pending'")
    (agreed,) = intents("SELECT intent_id FROM risk.referrals WHERE state = 'approved'") - intents("SELECT intent_id FROM commands.journal")
    (unanswered,) = intents("SELECT state ->> 'intent_id' FROM custodian.states WHERE state ->> 'phase' = 'asking_accept'")
    (halted,) = intents("SELECT intent_id FROM commands.journal WHERE reason ~ 'halted'")
    alarms = {alarm["alarm_id"] for alarm in rig.listed("alarms", "list")}
    booked = rig.value("SELECT count(*) FROM accounting.journal")

    up = rig.up(**environment)
    rig.connected(within=90)
    new = {one_order(rig, SMALL), *rig.order(2)}
    goes_on = {*sent, agreed, unanswered, *new}
    eventually(lambda: rig.booked() == booked + len(goes_on), within=120, what="what went on, and what is new, is booked")
    assert {intent: [call["kind"] for call in calls(rig, intent)] for intent in sent} == {
        **{intent: ["co_sign_quote"] for intent in applied},
        lost: ["accept_proposal", "co_sign_quote"],
    }
    for intent in sent:
        assert asked_first(rig, intent)
    assert {f"{rig.database}_{role}" for role in EVERY_ROLE} <= set(logins(rig))
    assert not [name for name in logins(rig).get(rig.database, ()) if name.startswith("custodian-")], "the old login runs nothing"

    (decision,) = rig.listed("decisions", "list", "--pending")
    assert decision["intent_id"] == pending
    shown = decision["referral"]["shown_sha256"]
    approve = ("decisions", "approve", decision["decision_id"], "--shown", shown, "--reason", "looked at anew")
    assert json.loads(rig.custodian(*approve, "--format", "jsonl", by="alice").stdout)["outcome"] == "counted"
    assert calls(rig, pending) == []
    rig.custodian(*approve, by="bob")
    eventually(lambda: rig.booked() == booked + len(goes_on) + 1, within=60, what="what logins approved is booked")

    barred = one_order(rig, SMALL | {"source_currency": "EURCx", "fx_rate": "0.9"})
    refused = "SELECT count(*) FROM commands.journal WHERE intent_id = %s AND reason ~ 'halted'"
    eventually(lambda: rig.value(refused, (barred,)) == 1, within=60, what="the pair is halted still")
    assert calls(rig, barred) == calls(rig, halted) == []
    rig.resume("--pair", HALTED)

    repeated = repeat(rig, ("order-updated.v1", "order-settled.v1", "decision-made.v1", "command-issued.v1"))
    assert repeated > 20
    for intent in (halted, barred):
        rig.venue_post("cancel", intent_id=intent)
    until_quiet(rig, within=120)
    assert rig.booked() == booked + len(goes_on) + 1
    kept = rows_of(owner, {table: columns[table] for table in EVIDENCE})
    for table in EVIDENCE:
        assert set(before[table]) <= set(kept[table]), table
    raised = [alarm for alarm in rig.listed("alarms", "list") if alarm["alarm_id"] not in alarms]
    assert raised == [], "no alarm for nothing"
    assert rig.value("SELECT count(*) FROM custodian.incarnations WHERE lacking <> '[]'") == 0
    rig.custodian("archive", "verify")
    assert rig.listed("reconcile", "venue") == []
    nothing_was_refused(up)
    assert up.end() == 0
    assert not up.deaths()


def one_order(rig: Rig, fields: dict[str, Any]) -> str:
    """Let an institution begin one order, and return its intent."""
    return str(rig.venue_post("orders", orders=[fields])["intents"][0])


def asked_first(rig: Rig, intent: str) -> bool:
    """Tell whether the venue was asked for an order before the first call for it."""
    requests = [line for line in rig.venue_get("truth?parts=requests")["requests"] if intent in line["path"]]
    first = next(number for number, line in enumerate(requests) if line["method"] == "POST")
    return any(line["method"] == "GET" for line in requests[:first])
