"""Kafka's committed offsets changed, positions moved by hand: the stored position wins, and a hole stops the worker with an alarm."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from confluent_kafka import ConsumerGroupTopicPartitions, TopicPartition
from confluent_kafka.admin import AdminClient

from tests.auditor import audit, ends, until_quiet
from tests.rig import Rig
from tests.waiting import eventually

MakeRig = Callable[..., Rig]
HOLE, TRUNCATED = 80, 83
"""Exit codes of a worker that met a hole, or asked for what Kafka does not have."""
CONSUMERS = {"settlement": ("order-updated.v1",), "ledger": ("order-settled.v1",), "archive": None}


def commit(rig: Rig, consumer: str, where: str) -> None:
    """Move a group's committed offsets: to the ends ("ahead"), to 0 ("back"), turn and turn about ("mixed"), or delete them."""
    group = f"{rig.topic_prefix}{consumer}"
    admin = AdminClient({"bootstrap.servers": rig.bootstrap_servers})
    if where == "deleted":
        admin.delete_consumer_groups([group])[group].result(10)
        return
    only = CONSUMERS[consumer]
    wanted = []
    for (topic, partition), end in ends(rig).items():
        if only is None or topic.removeprefix(rig.topic_prefix) in only:
            ahead = where == "ahead" or (where == "mixed" and partition % 2 == 0)
            wanted.append(TopicPartition(topic, partition, end if ahead else 0))
    admin.alter_consumer_group_offsets([ConsumerGroupTopicPartitions(group, wanted)])[group].result(10)


def leave_work(rig: Rig) -> None:
    """Bring every consumer to work, stop all, and leave each of them records that it has not handled."""
    rig.order(10)
    up = rig.up()
    until_quiet(rig)
    assert up.end() == 0
    rig.order(15)
    roles = rig.start("run", "ingest", "settlement")
    settled = "SELECT count(*) FROM custodian.states WHERE state ? 'booked'"
    eventually(lambda: rig.value(settled) == 25, within=60, what="25 orders are settled")
    assert roles.end() == 0
    rig.order(15)
    ingest = rig.start("run", "ingest")
    eventually(lambda: rig.value("SELECT count(*) FROM custodian.ingest_facts") == 40, within=60, what="40 orders are published")
    assert ingest.end() == 0


def check_wins(rig: Rig, moves: dict[str, str]) -> None:
    """Move the committed offsets of each consumer while all stand still, and see that every record is handled all the same, once."""
    leave_work(rig)
    for consumer, where in moves.items():
        commit(rig, consumer, where)
    up = rig.up()
    until_quiet(rig)
    found = audit(rig)
    assert len(found.settled) == 40
    assert len(found.records["order-settled.v1"]) == 40, "an output was repeated, so a handled record was handled again"
    assert up.end() == 0
    assert not up.deaths()


def test_the_stored_position_wins_over_committed_offsets_ahead_back_and_deleted(make_rig: MakeRig) -> None:
    """With the groups' offsets moved to the ends, back to 0 or deleted, settlement, ledger and archive go on where they had stored."""
    check_wins(make_rig(seed=61, rate=0), {"settlement": "ahead", "ledger": "mixed", "archive": "deleted"})


@pytest.mark.faults_long
@pytest.mark.parametrize("where", ["ahead", "back", "mixed", "deleted"])
def test_the_stored_position_wins_for_every_consumer(make_rig: MakeRig, where: str) -> None:
    """Whatever was done to the committed offsets of all three groups, each goes on where it had stored."""
    check_wins(make_rig(seed=62, rate=0), dict.fromkeys(CONSUMERS, where))


def test_a_hole_stops_the_worker_with_an_alarm_and_work_resumes_by_itself(make_rig: MakeRig) -> None:
    """A record beyond the stored position ends each consumer with `position_hole`; two resume by themselves, the archive once repaired."""
    rig = make_rig(seed=63, rate=0)
    up = rig.up()
    rig.connected()
    rig.order(20)
    until_quiet(rig)
    archived = rig.rows("SELECT topic, partition, next_offset FROM custodian.positions WHERE consumer = 'archive' AND next_offset > 0")
    # As if somebody had skipped a record: what comes next lies beyond the stored position. Settlement and ledger know what they did
    # with it when they read it again; the archive holds that record already, so its position stays wrong until somebody repairs it.
    rig.rows("UPDATE custodian.positions SET next_offset = next_offset - 1 WHERE next_offset > 0")
    rig.order(20)
    eventually(lambda: {role for role, _ in up.deaths()} == set(CONSUMERS), within=60, what="each consumer meets its hole")
    assert {code for _, code in up.deaths()} == {HOLE}
    eventually(lambda: rig.booked() == 40, within=60, what="settlement and ledger go on by themselves")
    repair = "UPDATE custodian.positions SET next_offset = %s WHERE (consumer, topic, partition) = ('archive', %s, %s)"
    reached = 'SELECT max("offset") + 1 FROM compliance.records WHERE topic = %s AND partition = %s'
    for topic, partition, _ in archived:
        rig.rows(repair, (rig.value(reached, (topic, partition)), topic, partition))
    until_quiet(rig)
    found = audit(rig, alarms=("position_hole",))
    stopped = {alarm["detail"].get("consumer") or alarm["detail"]["processor"] for alarm in found.alarms_of("position_hole")}
    assert stopped == set(CONSUMERS)
    rig.custodian("archive", "verify")
    assert up.end() == 0


@pytest.mark.faults_long
def test_a_position_that_kafka_does_not_have_stops_the_worker_until_it_is_repaired(make_rig: MakeRig) -> None:
    """Positions at which Kafka has nothing end each consumer with an alarm; repaired, each goes on by itself and nothing is lost."""
    rig = make_rig(seed=64, rate=0)
    up = rig.up()
    rig.connected()
    rig.order(20)
    until_quiet(rig)
    assert up.end() == 0
    stored = rig.rows("SELECT next_offset, consumer, topic, partition FROM custodian.positions")
    rig.rows("UPDATE custodian.positions SET next_offset = next_offset + 1000")
    up = rig.up()
    eventually(lambda: {role for role, _ in up.deaths()} == set(CONSUMERS), within=60, what="each consumer stops")
    assert {code for _, code in up.deaths()} <= {HOLE, TRUNCATED}
    rig.order(5)
    for row in stored:
        rig.rows("UPDATE custodian.positions SET next_offset = %s WHERE (consumer, topic, partition) = (%s, %s, %s)", row)
    until_quiet(rig)
    found = audit(rig, alarms=("position_hole", "topic_truncated"))
    assert found.alarms
    assert len(found.settled) == 25
    assert up.end() == 0
