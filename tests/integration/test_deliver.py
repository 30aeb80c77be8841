"""The batch loop with both sinks on real Kafka and PostgreSQL: once each, whatever dies, waits or is moved."""

from __future__ import annotations

import base64
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest
from confluent_kafka import ConsumerGroupTopicPartitions, TopicPartition
from confluent_kafka.admin import AdminClient

from connectors.sinks.accounting_ledger import reads
from connectors.sinks.accounting_ledger.adapter import AccountingLedger
from connectors.sinks.accounting_ledger.config import LedgerConfig
from connectors.sinks.compliance_archive import reads as evidence
from connectors.sinks.compliance_archive.verify import verify
from pipeline.deliver.loop import DeliverLoop
from pipeline.errors import PositionHoleError, RetryableError, TopicRepartitionedError, TopicReplacedError, TopicTruncatedError
from pipeline.kafka import TopicAdmin, read_record
from pipeline.log import topics
from pipeline.log.codec import decode
from pipeline.log.envelope import Record
from pipeline.log.topics import ORDER_SETTLED
from pipeline.stores.batches import BatchStore
from schemas.events import AlarmRaised, OrderSettled
from tests.integration.sink_room import NOW, Role, SinkRoom, audited, outgoing, settled
from tests.services import KafkaRoom, PrivateServices, add_partitions
from tests.waiting import eventually


@pytest.fixture
def room(kafka: KafkaRoom, postgres: str) -> SinkRoom:
    """Give topics and a database of this test's own."""
    return SinkRoom.prepared(bootstrap_servers=kafka.bootstrap_servers, topic_prefix=kafka.topic_prefix, dsn=postgres)


def events_of(count: int) -> list[OrderSettled]:
    """Build settlements of every side."""
    return [settled(number, side=("sender", "receiver", "both")[number % 3]) for number in range(count)]


def until_at(room: SinkRoom, role: Role, position: int, within: float = 40) -> None:
    """Wait until a consumer has come so far in `order-settled`."""
    eventually(lambda: room.position_of(role, ORDER_SETTLED) == position, within=within, what=f"{role} is at {position}")


def assert_books(room: SinkRoom, events: list[OrderSettled]) -> None:
    """Assert that each settlement is booked once and that the balances are the auditor's."""
    assert room.booked() == sorted((event.intent_id, event.transaction_hash) for event in events)
    with room.connection() as connection:
        assert {line["account"]: line["balance"] for line in reads.balances(connection)} == {
            account: format(amount.normalize(), "f") for account, amount in audited(events).items()
        }
        assert reads.balances_that_differ(connection) == []


def assert_archive(room: SinkRoom, records: int) -> None:
    """Assert that `order-settled` is archived completely, that everything has its index, and that the verification finds nothing."""
    sequencer = room.sequencer()
    sequencer.drain()
    sequencer.close()
    with room.connection() as connection:
        findings = verify(connection)
        assert findings.kept == []
        assert findings.unsequenced == 0
        assert len(list(evidence.records(connection, topic=room.topic(ORDER_SETTLED)))) == records


def assert_position_and_rows_agree(room: SinkRoom, role: Role) -> None:
    """Assert that no row stands at or beyond its stored position, and in the archive none is missing below it."""
    if role == "archive":
        rows = """
            SELECT p.topic, p.partition, p.next_offset, count(r.*), coalesce(max(r."offset") + 1, 0)
              FROM custodian.positions p JOIN archive.topics t USING (topic)
              LEFT JOIN archive.records r ON r.topic_no = t.topic_no AND r.partition = p.partition
             WHERE p.consumer = 'archive' GROUP BY 1, 2, 3
            HAVING p.next_offset <> count(r.*) OR p.next_offset <> coalesce(max(r."offset") + 1, 0)
        """
    else:
        rows = """
            SELECT p.topic, p.partition, p.next_offset, j.source FROM custodian.positions p JOIN accounting.journal j
                ON j.source ->> 'topic' = p.topic AND (j.source ->> 'partition')::int = p.partition
             WHERE p.consumer = 'ledger' AND (j.source ->> 'offset')::bigint >= p.next_offset
        """
    assert room.rows(rows) == []


@contextmanager
def process(room: SinkRoom, role: Role, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a sink as a process that is gone at the end."""
    child = room.start_process(role, **environment)
    try:
        assert child.stdout is not None
        assert child.stdout.readline() == b"ready\n"
        yield child
    finally:
        if child.poll() is None:
            child.kill()
        child.communicate(timeout=30)


def test_settlements_are_booked_once_and_archived_once(room: SinkRoom) -> None:
    """Two hundred settlements, some published twice: each booked once, every record archived, the loop's lag comes down to nothing."""
    events = events_of(200)
    room.publish([*events, *events[:50]])
    with room.running("ledger") as ledger, room.running("archive"):
        until_at(room, "ledger", 250)
        until_at(room, "archive", 250)
        eventually(lambda: ledger.health.lag == 0, within=15, what="the ledger sees that nothing is left")
    assert_books(room, events)
    assert_archive(room, 250)


FAILPOINTS = [
    "ledger.in_transaction",
    "ledger.after_write",
    "ledger.after_commit",
    "archive.in_transaction",
    "archive.after_write",
    "archive.after_commit",
    "archive.in_sequencing",
    "archive.after_sequencing",
]


@pytest.mark.faults
@pytest.mark.parametrize("failpoint", FAILPOINTS)
def test_a_kill_at_any_step_loses_nothing_and_doubles_nothing(room: SinkRoom, failpoint: str) -> None:
    """SIGKILL at a passage, then a second process: every settlement once, every record once, also conflicts and dead letters."""
    role: Role = "ledger" if failpoint.startswith("ledger") else "archive"
    events = events_of(120)
    room.publish([*events[:60], settled(0, target_amount="7", side="sender")])
    room.publish_raw(ORDER_SETTLED, [(b"bad", b"{", [])])
    room.publish(events[60:])
    passage = 1 if "sequencing" in failpoint else 2  # one pass of the sequencer may be enough for everything
    with process(room, role, CUSTODIAN_FAILPOINT=f"{failpoint}:{passage}", SINK_BATCH="25") as first:
        assert first.wait(60) == -signal.SIGKILL
    assert_position_and_rows_agree(room, role)
    with process(room, role, SINK_BATCH="25") as second:
        until_at(room, role, 122)
        second.send_signal(signal.SIGTERM)
        assert second.wait(30) == 0
    if role == "ledger":
        assert_books(room, events)
        with room.running("archive"):
            until_at(room, "archive", 122)
            eventually(lambda: room.position_of("archive", topics.DEAD_LETTER) >= 2, within=20, what="the dead letters are archived")
        with room.connection() as connection:
            assert [line["kind"] for line in evidence.alarms(connection)] == ["settlement_conflict"]
            assert len(list(evidence.dead_letters(connection))) == 2
    else:
        assert_archive(room, 122)


def test_sigterm_drains_within_seconds(room: SinkRoom) -> None:
    """A process that is told to stop in the middle of its work ends with 0, and what it committed is whole."""
    events = events_of(3_000)
    room.publish(events)
    with process(room, "ledger", SINK_BATCH="50") as child:
        eventually(lambda: room.position_of("ledger", ORDER_SETTLED) > 100, within=30, what="it has begun")
        child.send_signal(signal.SIGTERM)
        assert child.wait(10) == 0
    so_far = room.position_of("ledger", ORDER_SETTLED)
    assert len(room.booked()) == so_far
    with room.running("ledger"):
        until_at(room, "ledger", 3_000)
    assert_books(room, events)


def test_workers_that_join_and_leave_share_the_work(room: SinkRoom) -> None:
    """Three workers come, one after the other leaves, while settlements keep arriving: each is booked once."""
    events = events_of(1_500)
    with ExitStack() as last:
        with ExitStack() as first:
            first.enter_context(room.running("ledger", batch_size_max=20))
            room.publish(events[:500])
            eventually(lambda: room.position_of("ledger", ORDER_SETTLED) > 50, within=30, what="the first has begun")
            first.enter_context(room.running("ledger", batch_size_max=20))
            last.enter_context(room.running("ledger", batch_size_max=20))
            room.publish(events[500:1_000])
            eventually(lambda: room.position_of("ledger", ORDER_SETTLED) > 700, within=30, what="they go on together")
        room.publish(events[1_000:])
        until_at(room, "ledger", 1_500)
    assert_books(room, events)


def records_of(room: SinkRoom, events: list[OrderSettled]) -> list[Record]:
    """Publish settlements and return their records."""
    room.publish(events)
    kafka = room.settings.kafka
    partitions = [(room.topic(ORDER_SETTLED), number) for number in range(kafka.partitions)]
    ends = TopicAdmin(kafka).ends(partitions)
    found = [read_record(kafka, *partition, offset) for partition in partitions for offset in range(ends[partition])]
    return [record for record in found if record is not None]


@pytest.mark.parametrize("fate", ["commits", "is ended"])
def test_an_owner_that_stands_still_doubles_nothing(room: SinkRoom, fate: str) -> None:
    """An old owner has written a batch and stands before its commit: the new one waits. Whether the old one then commits or is cut off, and
    tries to go on: every settlement is booked once."""
    events = events_of(30)
    records = records_of(room, events)
    partitions = sorted({(record.topic, record.partition) for record in records})
    old = BatchStore(room.connection, "ledger")

    def stand_still(new: DeliverLoop) -> None:
        with old.open(partitions) as opened:
            AccountingLedger(LedgerConfig.from_settings(room.settings)).write(opened.transaction, records, NOW)
            opened.advance({(record.topic, record.partition): record.offset + 1 for record in records})
            until_waiting(new, "PostgreSQL")
            if fate == "is ended":
                room.rows("SELECT pg_terminate_backend(%s)", [opened.transaction.info.backend_pid])
                until_at(room, "ledger", 30)

    with room.running("ledger") as new:
        if fate == "commits":
            stand_still(new)
        else:
            with pytest.raises(RetryableError, match="went away"):
                stand_still(new)
        until_at(room, "ledger", 30)
        eventually(lambda: new.health.waiting_for is None, within=15, what="the new owner goes on")
    old.close()
    assert_books(room, events)


@pytest.mark.parametrize("moved", ["ahead", "back", "deleted"])
def test_the_stored_position_wins_over_kafkas(room: SinkRoom, moved: str) -> None:
    """Whatever becomes of the offsets that Kafka keeps for the group, the ledger goes on where its own position says."""
    events = events_of(60)
    room.publish(events[:40])
    with room.running("ledger"):
        until_at(room, "ledger", 40)
    move_offsets(room, moved)
    room.publish(events[40:])
    with room.running("ledger"):
        until_at(room, "ledger", 60)
    assert_books(room, events)


def move_offsets(room: SinkRoom, moved: str) -> None:
    """Change what Kafka has committed for the ledger's group."""
    kafka = room.settings.kafka
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap_servers})
    group = kafka.topic_prefix + "ledger"
    if moved == "deleted":
        admin.delete_consumer_groups([group])[group].result(20)
        return
    partitions = [TopicPartition(room.topic(ORDER_SETTLED), number, 1_000 if moved == "ahead" else 0) for number in range(kafka.partitions)]
    admin.alter_consumer_group_offsets([ConsumerGroupTopicPartitions(group, partitions)])[group].result(20)


def test_a_hole_stops_the_loop_and_the_next_run_goes_on(room: SinkRoom) -> None:
    """Records that somebody skipped are noticed at once: alarm, end, nothing written beyond; a new run books what was skipped."""
    events = events_of(60)
    room.publish(events[:30])
    with pytest.raises(PositionHoleError, match="position_hole"):
        run_into_a_hole(room, events[30:])
    assert room.position_of("ledger", ORDER_SETTLED) == 6
    assert alarm_kinds(room) == ["position_hole"]
    with room.running("ledger"):
        until_at(room, "ledger", 60)
    assert_books(room, events)


def run_into_a_hole(room: SinkRoom, later: list[OrderSettled]) -> None:
    """Move the stored positions back under a running ledger, then let records arrive; raises what ended the loop."""
    with room.running("ledger") as loop:
        until_at(room, "ledger", 30)
        room.rows("UPDATE custodian.positions SET next_offset = 2 WHERE consumer = 'ledger' RETURNING 1")
        room.publish(later)
        eventually(lambda: loop.health.ended is not None, within=30, what="the loop ends")


def alarm_kinds(room: SinkRoom) -> list[str]:
    """Return the kinds of the alarms that stand in Kafka."""
    kafka = room.settings.kafka
    partitions = [(room.topic(topics.ALARM_RAISED), number) for number in range(kafka.partitions)]
    records = [
        read_record(kafka, *partition, offset) for partition, end in TopicAdmin(kafka).ends(partitions).items() for offset in range(end)
    ]
    return [decode(record.value, AlarmRaised).kind for record in records if record is not None]


def test_a_topic_made_anew_is_not_read(room: SinkRoom) -> None:
    """A topic that was deleted and made again under its name has another id: the ledger ends before it reads a record of it."""
    room.publish(events_of(5))
    with room.running("ledger"):
        until_at(room, "ledger", 5)
    name = room.topic(ORDER_SETTLED)
    admin = TopicAdmin(room.settings.kafka)
    client = AdminClient({"bootstrap.servers": room.settings.kafka.bootstrap_servers})
    client.delete_topics([name])[name].result(20)
    eventually(lambda: name not in admin.describe([name]), within=20, what="the topic is gone")
    admin.ensure_topics()
    room.publish(events_of(50)[5:])
    with pytest.raises(TopicReplacedError, match="was deleted or made anew"):
        room.loop("ledger", threading.Event()).run()
    assert len(room.booked()) == 5
    assert alarm_kinds(room) == ["topic_replaced"]


def test_a_topic_that_was_given_partitions_is_not_read(room: SinkRoom) -> None:
    """Partitions added to a topic in use end the ledger while it runs, and again at its next start; what was booked stays booked."""
    room.publish(events_of(5))

    def run_while_they_are_added() -> None:
        with room.running("ledger") as loop:
            until_at(room, "ledger", 5)
            add_partitions(room.settings.kafka.bootstrap_servers, [room.topic(ORDER_SETTLED)], room.settings.kafka.partitions + 1)
            eventually(lambda: loop.health.ended is not None, within=30, what="the ledger ends")

    with pytest.raises(TopicRepartitionedError):
        run_while_they_are_added()
    room.publish(events_of(50)[5:])
    with pytest.raises(TopicRepartitionedError, match=r"topic_repartitioned\.md"):
        room.loop("ledger", threading.Event()).run()
    assert len(room.booked()) == 5
    assert set(alarm_kinds(room)) == {"topic_repartitioned"}


def test_a_truncated_topic_is_not_skipped(room: SinkRoom) -> None:
    """Records that Kafka deleted before they were booked end the run with an alarm; the position stays."""
    room.publish(events_of(50))
    name = room.topic(ORDER_SETTLED)
    client = AdminClient({"bootstrap.servers": room.settings.kafka.bootstrap_servers})
    for future in client.delete_records([TopicPartition(name, number, 5) for number in range(3)]).values():
        future.result(20)
    with pytest.raises(TopicTruncatedError, match="truncated or replaced"):
        room.loop("ledger", threading.Event()).run()
    assert room.position_of("ledger", ORDER_SETTLED) == 0
    assert room.booked() == []
    assert alarm_kinds(room) == ["topic_truncated"]


def test_a_refused_record_is_dead_lettered_and_booked_when_requeued(kafka: KafkaRoom, postgres: str) -> None:
    """An amount beyond its scale is dead-lettered with its bytes; with the scale corrected, the same bytes and headers are booked."""
    given: dict[str, Any] = {"bootstrap_servers": kafka.bootstrap_servers, "topic_prefix": kafka.topic_prefix, "dsn": postgres}
    room = SinkRoom.prepared(**given, scales={"JPYSC0": 4, "EURx": 2})
    events = events_of(20)
    beyond = settled(99, source_currency="EURx", source_amount_actual="1.234")
    room.publish([*events[:10], beyond, *events[10:]])
    with room.running("ledger"), room.running("archive"):
        until_at(room, "ledger", 21)
        eventually(lambda: room.position_of("archive", topics.DEAD_LETTER) == 1, within=20, what="the dead letter is archived")
        eventually(lambda: room.position_of("archive", topics.ALARM_RAISED) == 1, within=20, what="the alarm is archived")
    assert_books(room, events)
    with room.connection() as connection:
        assert [alarm["kind"] for alarm in evidence.alarms(connection)] == ["amount_beyond_scale"]
        (line,) = evidence.dead_letters(connection)
        letter = evidence.dead_letter(connection, line["dead_letter_id"])
    assert letter is not None
    assert decode(base64.b64decode(letter.body), OrderSettled) == beyond
    headers = [(name, value.encode()) for name, value in (letter.headers or {}).items()]
    corrected = SinkRoom.prepared(**given, scales={"JPYSC0": 4, "EURx": 3})
    corrected.publish_raw(ORDER_SETTLED, [((letter.key or "").encode(), base64.b64decode(letter.body), headers)])
    with corrected.running("ledger"):
        until_at(room, "ledger", 22)
    assert_books(room, [*events, beyond])


def test_a_locked_archive_makes_only_the_archive_wait(room: SinkRoom) -> None:
    """While another session holds the archive's table, the ledger books everything; the archive says what it waits for and then has all."""
    events = events_of(100)
    with room.running("ledger"), room.running("archive") as archive:
        with room.connection() as other, other.transaction(force_rollback=True):
            other.execute("ALTER TABLE archive.records ADD COLUMN passing integer")
            room.publish(events)
            until_at(room, "ledger", 100)
            eventually(lambda: archive.health.waiting_for == "PostgreSQL", within=15, what="the archive says that it waits")
            assert room.position_of("archive", ORDER_SETTLED) == 0
        until_at(room, "archive", 100)
    assert_books(room, events)
    assert_archive(room, 100)


def until_waiting(loop: DeliverLoop, service: str) -> None:
    """Wait until a loop says that it waits for a service."""
    eventually(lambda: loop.health.waiting_for == service, within=30, what=f"the loop says that it waits for {service}")


@pytest.mark.faults
def test_services_that_die_are_waited_for(private_services: PrivateServices) -> None:
    """PostgreSQL killed, then Kafka, while both sinks run: neither loop ends, both go on by themselves, everything is there once."""
    given = private_services
    room = SinkRoom.prepared(bootstrap_servers=given.bootstrap_servers, topic_prefix=given.topic_prefix, dsn=given.postgres_dsn)
    events = events_of(300)
    with room.running("ledger") as ledger, room.running("archive") as archive:
        room.publish(events[:100])
        until_at(room, "ledger", 100)
        given.postgres.kill()
        room.publish(events[100:200])
        until_waiting(ledger, "PostgreSQL")
        until_waiting(archive, "PostgreSQL")
        given.postgres.start()
        until_at(room, "ledger", 200)
        until_at(room, "archive", 200)
        given.kafka.kill()
        until_waiting(ledger, "Kafka")
        until_waiting(archive, "Kafka")
        given.kafka.start()
        room.publish(events[200:])
        until_at(room, "ledger", 300)
        until_at(room, "archive", 300)
    assert_books(room, events)
    assert_archive(room, 300)


def test_poison_of_every_kind_is_dead_lettered_and_the_partition_goes_on(room: SinkRoom) -> None:
    """Bytes that are no settlement, between settlements: dead letters with coordinates and reasons, the rest is booked."""
    events = events_of(12)
    good = outgoing(events[0])
    poison = [
        (b"a", b"", good.headers()),
        (b"b", b"\xff\xfe", good.headers()),
        (b"c", b"[" * 50_000, good.headers()),
        (b"d", good.value.replace(b'"JPYSC0"', b'"J\\u0000"'), good.headers()),
        (b"e", good.value, []),
        (None, good.value, [("ce_type", b"\xff"), ("ce_id", b"\x00")]),
    ]
    room.publish(events[:6])
    room.publish_raw(ORDER_SETTLED, poison)
    room.publish(events[6:])
    with room.running("ledger"), room.running("archive"):
        until_at(room, "ledger", 18)
        eventually(lambda: room.position_of("archive", topics.DEAD_LETTER) == len(poison), within=20, what="the dead letters are archived")
        until_at(room, "archive", 18)
    assert_books(room, events)
    assert_archive(room, 18)
    with room.connection() as connection:
        letters = list(evidence.dead_letters(connection))
    assert len({letter["dead_letter_id"] for letter in letters}) == len(poison)
    assert all(letter["origin"]["topic"] == room.topic(ORDER_SETTLED) and letter["reason"] for letter in letters)
