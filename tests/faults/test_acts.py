"""What people can do when a record was lost: have an order read again, a settlement emitted again; booked once, killed or not."""

from __future__ import annotations

import signal
from collections.abc import Callable

import pytest
from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient

from connectors.simulators.musubi.world import Mix
from tests.auditor import audit, ends, until_quiet
from tests.rig import EVERY_ROLE, Rig
from tests.waiting import eventually

MakeRig = Callable[..., Rig]
OURS = Mix(receiver=1, sender=1, both=1, none=0)
WHY = ("--as", "Officer One", "--reason", "the record was lost")


def truncate(rig: Rig, topic: str) -> None:
    """Remove every record that a topic holds, as its retention would."""
    upto = [TopicPartition(name, partition, end) for (name, partition), end in ends(rig).items() if name == rig.topic(topic) and end]
    admin = AdminClient({"bootstrap.servers": rig.bootstrap_servers})
    for done in admin.delete_records(upto).values():
        done.result(20)


def skip(rig: Rig, consumer: str, topic: str) -> None:
    """Move a consumer's stored positions to the ends of a topic: what stands before them is lost to it."""
    for (name, partition), end in ends(rig).items():
        if name == rig.topic(topic):
            moved = "UPDATE custodian.positions SET next_offset = %s WHERE (consumer, topic, partition) = (%s, %s, %s)"
            rig.rows(moved, (end, consumer, name, partition))


def reached(rig: Rig, consumer: str, topic: str) -> bool:
    """Tell whether a consumer has done everything that a topic holds."""
    stored = rig.rows("SELECT topic, partition, next_offset FROM custodian.positions WHERE consumer = %s", (consumer,))
    there = {place: end for place, end in ends(rig).items() if place[0] == rig.topic(topic)}
    return there == {(name, partition): offset for name, partition, offset in stored if name == rig.topic(topic)}


def settle_without(rig: Rig, *absent: str, number: int = 6) -> list[str]:
    """Let orders settle while some roles do not run, and stop again when the others have done all they can; return the orders."""
    running = rig.start("run", *(role for role in ("ingest", "settlement", "archive") if role not in absent))
    rig.connected(within=90)
    intents = rig.order(number)
    published = "SELECT count(*) FROM custodian.ingest_facts WHERE status = 'SETTLED'"
    eventually(lambda: rig.value(published) >= number, within=60, what="all orders are published as settled")
    if "settlement" not in absent:
        archived = "SELECT count(*) FROM compliance.records WHERE ce_type = 'custody.order-settled.v1' AND index IS NOT NULL"
        eventually(lambda: rig.value(archived) == number, within=60, what="all settlements are emitted and archived")
    assert running.end() == 0
    return intents


def missing(rig: Rig) -> set[str]:
    """Return the orders that the venue has settled and the books lack."""
    found = rig.listed("reconcile", "venue", "--grace", "0s", expect=None)
    return {line["intent_id"] for line in found if line["kind"] == "MISSING_IN_BOOKS"}


def emitted_copies(rig: Rig) -> list[tuple[int, int]]:
    """Return per settlement how many records of it are archived, and how many different values they have."""
    copies = "SELECT count(*), count(DISTINCT body) FROM compliance.records WHERE ce_type = 'custody.order-settled.v1' GROUP BY ce_id"
    return [(count, different) for count, different in rig.rows(copies)]


def test_a_truncated_settlement_is_booked_once_by_emitting_it_again(make_rig: MakeRig) -> None:
    """The ledger stops at the gap, goes on behind it by an audited act, and what it never read is emitted again: twice, and booked once."""
    rig = make_rig(seed=71, rate=0, mix=OURS, failing=0)
    rig.custodian("init")
    intents = settle_without(rig)
    truncate(rig, "order-settled.v1")
    up = rig.up()
    eventually(lambda: ("ledger", 83) in up.deaths(), within=60, what="the ledger stops: topic_truncated")
    assert {line["consumer"] for line in rig.listed("positions", "list", "--lost")} == {"ledger"}
    moved = rig.listed("positions", "advance", "ledger", *WHY)
    assert sum(line["after"] - line["before"] for line in moved) == len(intents)
    assert rig.listed("positions", "advance", "ledger", *WHY) == []
    assert missing(rig) == set(intents)

    for intent in intents:
        (first,) = rig.listed("settlements", "re-emit", intent, *WHY)
        (again,) = rig.listed("settlements", "re-emit", intent, *WHY)
        assert (first["outcome"], first["source"]) == ("emitted", "archived")
        assert [first[name] for name in ("ce_id", "sha256", "taken_from")] == [again[name] for name in ("ce_id", "sha256", "taken_from")]
    eventually(lambda: rig.booked() == len(intents), within=60, what="every settlement is booked")
    until_quiet(rig)
    assert rig.booked() == len(intents)
    assert emitted_copies(rig) == [(3, 1)] * len(intents)
    assert missing(rig) == set()
    assert {line["state"] for line in rig.listed("breaks", "list", "--state", "all")} == {"resolved"}
    rig.custodian("archive", "verify")
    rig.custodian("ledger", "rebuild", "--into", "rebuilt")
    rig.custodian("replay", "--processor", "settlement", "--to", "2100-01-01")
    assert up.end() == 0


def test_a_settlement_that_nobody_archived_is_made_again_from_its_documents(make_rig: MakeRig) -> None:
    """Where the archive lost the record too, today's code makes it of the archived documents: the one that was emitted, or none."""
    rig = make_rig(seed=72, rate=0, mix=OURS, failing=0)
    rig.custodian("init")
    running = rig.start("run", "ingest", "settlement")
    rig.connected(within=90)
    (intent,) = rig.order(1)
    eventually(lambda: rig.value("SELECT count(*) FROM custodian.states WHERE state ? 'booked'") == 1, within=60, what="it is settled")
    assert running.end() == 0
    for consumer in ("ledger", "archive"):
        skip(rig, consumer, "order-settled.v1")
    up = rig.up()
    eventually(lambda: reached(rig, "archive", "order-updated.v1"), within=60, what="the documents are archived")
    (state,) = rig.rows("SELECT state -> 'booked' ->> 'transaction_hash' FROM custodian.states WHERE processor = 'settlement'")
    for source, topic in (("made again", "order-updated.v1"), ("archived", "order-settled.v1")):
        (line,) = rig.listed("settlements", "re-emit", intent, *WHY)
        assert (line["source"], line["taken_from"]["topic"], line["transaction_hash"]) == (source, rig.topic(topic), state[0])
        for consumer in ("ledger", "archive"):
            eventually(lambda consumer=consumer: reached(rig, consumer, "order-settled.v1"), within=60, what=f"{consumer} has it")  # type: ignore[misc]
        assert rig.booked() == 1
    assert up.end() == 0


def test_an_order_that_settlement_never_saw_is_booked_once_by_reading_it_again(make_rig: MakeRig) -> None:
    """Ingest counts it as known and publishes it no more; reading it again does, under the same id, and however often it is booked once."""
    rig = make_rig(seed=73, rate=0, mix=OURS, failing=0)
    rig.custodian("init")
    intents = settle_without(rig, "settlement")
    skip(rig, "settlement", "order-updated.v1")
    up = rig.up()
    rig.connected(within=90)
    until_quiet(rig, booked=False)
    assert missing(rig) == set(intents)
    (refused,) = rig.listed("settlements", "re-emit", intents[0], *WHY, expect=1)
    assert refused["outcome"] == "refused"
    assert "no settlement of it was ever emitted" in refused["reason"]
    for intent in (*intents, intents[0]):
        (line,) = rig.listed("orders", "reread", intent, *WHY)
        assert (line["outcome"], line["status"], line["known"]) == ("published", "SETTLED", True)
        copies = "SELECT count(*) FROM custodian.ingest_facts WHERE intent_id = %s AND ce_id = %s"
        assert rig.value(copies, (intent, line["ce_id"])) == 1, "it has the id that the fact had before"
    eventually(lambda: rig.booked() == len(intents), within=60, what="every settlement is booked")
    until_quiet(rig)
    audit(rig)
    assert missing(rig) == set()
    assert rig.custodian("orders", "reread", "00000000-0000-4000-8000-00000000ffff", *WHY, expect=1).stdout.count('"absent"') == 1
    acts = rig.rows("SELECT action, acted_by, login, reason, count(*) FROM compliance.acts GROUP BY 1, 2, 3, 4")
    login = rig.value("SELECT session_user")
    assert acts == [("reread", "Officer One", login, "the record was lost", len(intents) + 2)]
    told = [line for line in rig.listed("orders", "show", intents[0]) if line.get("ce_type") == "custody.operator-acted.v1"]
    assert [(line["event"]["action"], line["event"]["by"], line["event"]["login"]) for line in told] == [
        ("reread", "Officer One", login)
    ] * 2
    assert up.end() == 0


@pytest.mark.parametrize("where", ["act.before_commit", "act.after_commit"])
def test_an_act_that_is_killed_is_done_whole_or_not_at_all(make_rig: MakeRig, where: str) -> None:
    """Killed before the commit nothing has happened; killed after it the role `commands` publishes the act and its record by itself."""
    rig = make_rig(seed=74, rate=0, mix=OURS, failing=0, roles=EVERY_ROLE, more='[mode]\naccepting = "shadow"\n')
    rig.custodian("init")
    (intent,) = settle_without(rig, "settlement", number=1)
    skip(rig, "settlement", "order-updated.v1")
    done = rig.custodian("orders", "reread", intent, *WHY, expect=-signal.SIGKILL, CUSTODIAN_FAILPOINT=f"{where}:1")
    assert done.stdout == ""
    committed = where == "act.after_commit"
    assert rig.value("SELECT count(*) FROM custodian.acts") == committed
    assert rig.value("SELECT count(*) FROM custodian.outbox WHERE published_at IS NULL") == 2 * committed
    up = rig.up()
    rig.connected(within=90)
    if committed:
        eventually(lambda: rig.booked() == 1, within=60, what="what was committed is published and booked")
    until_quiet(rig, booked=False)
    assert rig.booked() == committed
    acted = rig.value("SELECT count(*) FROM compliance.records WHERE ce_type = 'custody.operator-acted.v1'")
    assert acted == committed
    assert up.end() == 0
