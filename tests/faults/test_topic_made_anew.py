"""Topics that were deleted and made anew: the page topic_replaced.md, followed word for word, leads back to sound books and archive."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import pytest
from confluent_kafka.admin import AdminClient

from connectors.simulators.musubi.world import Mix
from tests.accepting_auditor import audit_accepting
from tests.auditor import audit, ends, until_quiet
from tests.faults.test_accepting import EXPECTED_ALARMS, PATIENT, accepting_rig
from tests.faults.test_acts import missing
from tests.faults.test_kills import ENGINES
from tests.rig import EVERY_ROLE, ROOT, Rig
from tests.waiting import eventually

MakeRig = Callable[..., Rig]
PAGE = " ".join((ROOT / "infra/runbooks/topic_replaced.md").read_text().split())
OURS = Mix(receiver=1, sender=1, both=1, none=0)
SETTINGS, REPLACED = 78, 82
READERS = ("settlement", "workflow", "risk", "ledger", "archive")
"""Roles that read one of the topics that go; in the second test `commands` does, too."""
BOTH = ("order-updated.v1", "order-settled.v1")
SHADOW = '[mode]\naccepting = "shadow"\n'


def follow(rig: Rig, command: str, *, expect: int | None = 0, **words: str) -> list[dict[str, Any]]:
    """Run a command that the page has, its words in capitals filled in, and return its lines."""
    assert f"`{command}`" in PAGE, f"the page does not say {command}"
    text = re.sub(r"[A-Z]{2,}", lambda word: words[word[0]], command.removeprefix("custodian ").replace("…", "'it was deleted'"))
    return rig.listed(*shlex.split(text), expect=expect)


def delete(rig: Rig, topics: Sequence[str]) -> None:
    """Delete topics, by an administrator's hand."""
    names = [rig.topic(topic) for topic in topics]
    admin = AdminClient({"bootstrap.servers": rig.bootstrap_servers})
    for done in admin.delete_topics(names).values():
        done.result(20)
    eventually(lambda: not set(names) & set(admin.list_topics(timeout=5).topics), within=20, what="the topics are gone")


def handled(rig: Rig, consumer: str) -> bool:
    """Tell whether a consumer has done all that stands in its topics."""
    rows = rig.rows("SELECT topic, partition, next_offset FROM custodian.positions WHERE consumer = %s", (consumer,))
    there = ends(rig)
    return all(there[topic, partition] == offset for topic, partition, offset in rows)


def settle_with(rig: Rig, *roles: str, number: int) -> list[str]:
    """Let orders settle while only these roles run, and stop again when they have done all there is to do; return the orders."""
    before = rig.value("SELECT count(*) FROM custodian.ingest_facts WHERE status = 'SETTLED'")
    running = rig.start("run", "ingest", *roles)
    rig.connected(within=90)
    intents = rig.order(number)
    published = "SELECT count(*) FROM custodian.ingest_facts WHERE status = 'SETTLED'"
    eventually(lambda: rig.value(published) == before + number, within=60, what="all orders are published as settled")
    for role in roles:
        eventually(lambda role=role: handled(rig, role), within=60, what=f"{role} has done its work")  # type: ignore[misc]
    assert running.end() == 0
    return intents


def check_refused(rig: Rig, environment: dict[str, str]) -> None:
    """Check that neither what makes topics nor any role that reads them goes on, and that the reason names the page."""
    for command in ("init", "up"):
        assert "infra/runbooks/topic_replaced.md" in rig.custodian(command, expect=SETTINGS, **environment).stderr
    alone = [rig.start("run", role, **environment) for role in READERS]
    for program in alone:
        eventually(lambda program=program: program.process.poll() is not None, within=90, what=f"{program.name} ends")  # type: ignore[misc]
    assert {program.name: program.process.poll() for program in alone} == {f"run {role}": REPLACED for role in READERS}


def of_the_past(rig: Rig, leaves: int) -> list[Any]:
    """Return what the archive holds of the topics that were deleted, and its first leaves, as digests."""
    records = (
        "SELECT md5(string_agg(r::text, '|' ORDER BY topic_no, partition, \"offset\")) FROM archive.records r WHERE topic_no = ANY (%s)"
    )
    first = "SELECT md5(string_agg(l::text, '|' ORDER BY index)) FROM archive.leaves l WHERE index < %s"
    deleted = [rig.topic(topic) for topic in BOTH]
    numbers = rig.rows("SELECT topic_no, topic FROM archive.topics WHERE topic = ANY (%s) AND epoch = 1 ORDER BY 1", (deleted,))
    assert len(numbers) == len(BOTH)
    return [numbers, rig.value(records, ([number for number, _ in numbers],)), rig.value(first, (leaves,))]


@pytest.mark.parametrize("engine", ENGINES)
def test_the_page_leads_from_lost_topics_to_sound_books(make_rig: MakeRig, engine: str) -> None:
    """Orders unread, settlements unbooked and entries unarchived when both topics go: all is got again, once, and explained."""
    rig = make_rig(seed=81, rate=0, mix=OURS, failing=0, roles=EVERY_ROLE, more=SHADOW)
    rig.custodian("init")
    environment = {"CUSTODIAN_ENGINE__KIND": engine}
    done = settle_with(rig, "settlement", "ledger", "archive", number=10)
    unarchived = settle_with(rig, "settlement", "ledger", number=4)
    unbooked = settle_with(rig, "settlement", number=5)
    unread = settle_with(rig, number=6)
    assert rig.value("SELECT count(*) FROM accounting.journal") == len(done) + len(unarchived)
    leaves = rig.value("SELECT count(*) FROM archive.leaves")
    before = of_the_past(rig, leaves)
    delete(rig, BOTH)

    check_refused(rig, environment)

    lines = [line for topic in BOTH for line in follow(rig, "custodian positions renew TOPIC --reason …", TOPIC=topic)]
    told = {(line["consumer"], line["topic"].removeprefix(rig.topic_prefix)): line for line in lines}
    assert {line["epoch"] for line in lines} == {2}
    assert told["ledger", "order-settled.v1"]["unarchived"] == len(unarchived)
    assert follow(rig, "custodian positions renew TOPIC --reason …", TOPIC="order-updated.v1") == []

    up = rig.up(**environment)
    new = rig.order(7)
    until_quiet(rig, booked=False)
    raised = {alarm["kind"] for alarm in rig.listed("alarms", "list")}
    assert raised == {"topic_replaced"}
    assert missing(rig) == {*unbooked, *unread}
    for intent in sorted(missing(rig)):
        follow(rig, "custodian orders reread INTENT --reason …", INTENT=intent)
    until_quiet(rig, booked=False)
    assert missing(rig) == set(unbooked), "settlement emits what it never emitted"
    for intent in unbooked:
        follow(rig, "custodian settlements re-emit INTENT --reason …", INTENT=intent)
    until_quiet(rig)
    assert follow(rig, "custodian reconcile venue") == []

    found = follow(rig, "custodian ledger rebuild --into SCHEMA", expect=1, SCHEMA="again")
    extra = {line["intent_id"] for line in found if line.get("difference") == "extra" and line["kind"] == "entry"}
    assert extra == set(unarchived)
    for intent in sorted(extra):
        follow(rig, "custodian orders reread INTENT --reason …", INTENT=intent)
    until_quiet(rig)
    for intent in sorted(extra):
        follow(rig, "custodian settlements re-emit INTENT --reason …", INTENT=intent)
    until_quiet(rig)

    follow(rig, "custodian ledger rebuild --into SCHEMA --replace", SCHEMA="again")
    follow(rig, "custodian archive verify")
    assert follow(rig, "custodian reconcile venue") == []
    assert of_the_past(rig, leaves) == before, "what was archived of the old topics is as it was"
    assert rig.booked() == sum(map(len, (done, unarchived, unbooked, unread, new)))
    audit(rig, alarms=("topic_replaced",))
    for processor in ("settlement", "workflow"):
        rig.custodian("replay", "--processor", processor, "--to", "2100-01-01")
    assert rig.value("SELECT count(*) FROM compliance.records WHERE epoch = 2") > 0
    assert rig.value("SELECT count(*) FROM custodian.incarnations WHERE lacking <> '[]'") == 0, "no database has gone back"
    assert up.end() == 0
    assert not up.deaths()


@pytest.mark.parametrize("engine", ENGINES)
def test_orders_are_accepted_again_after_the_topics_of_decisions_were_lost(make_rig: MakeRig, engine: str) -> None:
    """Orders, questions and answers are deleted in mid-flow; after the page's steps calls are made again, each on its evidence."""
    rig = accepting_rig(make_rig, seed=82, world=PATIENT)
    environment = {"CUSTODIAN_ENGINE__KIND": engine}
    up = rig.up(**environment)
    succeeded = "SELECT count(*) FROM commands.journal WHERE state = 'succeeded'"
    eventually(lambda: rig.value(succeeded) > 6, within=120, what="calls are made")
    assert up.end() == 0
    lost = (*BOTH, "decision-requested.v1", "decision-made.v1")
    delete(rig, lost)
    for topic in lost:  # "try again", it says, while Kafka still remembers a member
        renewed = partial(follow, rig, "custodian positions renew TOPIC --reason …", TOPIC=topic)
        eventually(renewed, within=30, what="no group has members any more")
    before = rig.value(succeeded)
    up = rig.up(**environment)
    eventually(lambda: rig.value(succeeded) > before + 6, within=120, what="calls are made again")
    rig.traffic(3, within=120)
    until_quiet(rig, within=200, booked=False)
    for intent in sorted(missing(rig)):
        follow(rig, "custodian orders reread INTENT --reason …", INTENT=intent)
    until_quiet(rig, within=200, booked=False)
    for intent in sorted(missing(rig)):
        follow(rig, "custodian settlements re-emit INTENT --reason …", INTENT=intent)
    until_quiet(rig, within=200)
    found = audit_accepting(rig.folder / "truth.jsonl", dsn=rig.dsn)
    assert any(call.applied for call in found.calls)
    audit(rig, alarms=(*EXPECTED_ALARMS, "topic_replaced", "topic_truncated"))
    follow(rig, "custodian archive verify")
    for processor in ("settlement", "workflow"):
        rig.custodian("replay", "--processor", processor, "--to", "2100-01-01")
    assert up.end() == 0
    assert not up.deaths()
