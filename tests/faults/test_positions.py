"""Kafka's committed offsets changed, positions moved by hand: the stored position wins, and a hole stops the worker with an alarm."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from confluent_kafka import ConsumerGroupTopicPartitions, TopicPartition
from confluent_kafka.admin import AdminClient

from tests.auditor import audit, ends, until_done, until_quiet
from tests.rig import Rig
from tests.waiting import eventually

MakeRig = Callable[..., Rig]
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
    """Positions moved by hand end each consumer with `position_hole`; settlement and ledger resume alone, the archive once repaired."""
    rig = make_rig(seed=63, rate=0)
    up = rig.up()
    rig.connected()
    rig.order(20)
    until_quiet(rig)
    # The last record that each has handled is made one that it has not: the next to arrive lies beyond it.
    before = {consumer: max_of(rig, consumer) for consumer in CONSUMERS}
    for consumer in ("settlement", "ledger"):
        rig.rows("UPDATE custodian.positions SET next_offset = next_offset - 1 WHERE consumer = %s AND next_offset > 0", (consumer,))
    rig.order(20)
    eventually(lambda: {role for role, _ in up.deaths()} == {"settlement", "ledger"}, within=60, what="both meet their hole")
    assert {code for _, code in up.deaths()} == {80}
    until_quiet(rig)
    topic, partition, offset = before["archive"]
    place = ("archive", topic, partition)
    rig.rows("UPDATE custodian.positions SET next_offset = %s WHERE (consumer, topic, partition) = (%s, %s, %s)", (offset + 1000, *place))
    died = len(up.deaths())
    up.kill_role("archive")
    eventually(lambda: ("archive", 80) in up.deaths()[died:], within=60, what="the archive says that Kafka has no such offset")
    rig.order(5)
    there = ends(rig)
    archived = 'SELECT coalesce(max("offset") + 1, 0) FROM compliance.records WHERE topic = %s AND partition = %s'
    reached = rig.value(archived, (topic, partition))
    assert reached <= there[topic, partition]
    rig.rows("UPDATE custodian.positions SET next_offset = %s WHERE (consumer, topic, partition) = (%s, %s, %s)", (reached, *place))
    until_quiet(rig)
    found = audit(rig, alarms=("position_hole",))
    holes = found.alarms_of("position_hole")
    assert {consumer for consumer in CONSUMERS if any(consumer in str(alarm["detail"]) for alarm in holes)} == set(CONSUMERS)
    rig.custodian("archive", "verify")
    until_done(rig)
    assert up.end() == 0


def max_of(rig: Rig, consumer: str) -> tuple[str, int, int]:
    """Return topic, partition and next offset of the partition in which a consumer has come farthest."""
    query = "SELECT topic, partition, next_offset FROM custodian.positions WHERE consumer = %s ORDER BY next_offset DESC, topic LIMIT 1"
    topic, partition, offset = rig.rows(query, (consumer,))[0]
    return topic, partition, offset
