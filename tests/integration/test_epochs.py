"""A topic that is made anew: the archive goes on beside what it has, letters name their record, nothing stale is written."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from confluent_kafka.admin import AdminClient
from msgspec.structs import replace

from connectors.sinks.compliance_archive import reads
from connectors.sinks.compliance_archive.verify import verify
from pipeline.cli.requeuing import record_of
from pipeline.errors import RetryableError, TopicReplacedError
from pipeline.kafka import TopicAdmin
from pipeline.log import topics
from pipeline.log.envelope import Record
from pipeline.log.reading import Reading
from pipeline.stores import migrations, positions, readings
from pipeline.stores.migrations import Migration
from tests.integration.sink_room import NOW, Role, SinkRoom, as_superuser, settled
from tests.integration.test_archive import Archive, archive
from tests.services import KafkaRoom, Services
from tests.waiting import eventually

__all__ = ["archive"]

BOTH: tuple[Role, ...] = ("archive", "ledger")
TOPIC = "custody.order-settled.v1"


@pytest.fixture
def room(kafka: KafkaRoom, postgres: str) -> SinkRoom:
    """Give topics and a database of this test's own."""
    return SinkRoom.prepared(bootstrap_servers=kafka.bootstrap_servers, topic_prefix=kafka.topic_prefix, dsn=postgres)


def made_anew(room: SinkRoom) -> str:
    """Delete the topic of settlements, make it again, and return its id."""
    name, admin = room.topic(topics.ORDER_SETTLED), TopicAdmin(room.settings.kafka)
    client = AdminClient({"bootstrap.servers": room.settings.kafka.bootstrap_servers})
    client.delete_topics([name])[name].result(20)
    eventually(lambda: name not in admin.describe([name]), within=20, what="the topic is gone")
    admin.ensure_topics()
    return eventually(lambda: admin.describe([name])[name].topic_id, within=20, what="the topic is there")


def renew(connection: psycopg.Connection[Any], topic: str, topic_id: str) -> None:
    """Begin a topic's next epoch."""
    with connection.transaction():
        positions.of_topic(connection, topic, lock=True)
        positions.renew(connection, topic, topic_id, act_id="act", at=NOW)


def run_until(room: SinkRoom, role: Role, position: int) -> None:
    """Let a sink come so far in the settlements, then stop it."""
    with room.running(role) as loop:  # whose end is raised here

        def there() -> bool:
            return loop.health.ended is not None or room.position_of(role, topics.ORDER_SETTLED) == position

        eventually(there, within=40, what=f"{role} is at {position}")


def test_the_archive_goes_on_in_a_topic_made_anew(room: SinkRoom) -> None:
    """Offset 0 comes again with other bytes: both records are kept, the old rows as they were, and a letter leads to its own record."""
    room.publish_raw(topics.ORDER_SETTLED, [(b"k", b"bad before", [])])
    room.publish([settled(number) for number in range(5)])
    for role in BOTH:
        run_until(room, role, 6)
    first = "SELECT r::text FROM archive.records r JOIN archive.topics t USING (topic_no) WHERE t.topic = %s AND t.epoch = 1 ORDER BY 1"
    before = room.rows(first, (room.topic(topics.ORDER_SETTLED),))
    topic_id = made_anew(room)
    for role in BOTH:
        with pytest.raises(TopicReplacedError):
            room.loop(role, threading.Event()).run()
    with room.connection() as connection:
        renew(connection, room.topic(topics.ORDER_SETTLED), topic_id)
    room.publish_raw(topics.ORDER_SETTLED, [(b"k", b"bad after", [])])
    room.publish([settled(number) for number in range(3, 9)])
    for role in BOTH:
        run_until(room, role, 7)
    room.sequencer().drain()
    assert len(room.booked()) == 9
    with room.connection() as connection:
        with room.running("archive"):
            eventually(lambda: len(list(reads.dead_letters(connection))) == 2, within=40, what="both letters are archived")
        letters = [reads.dead_letter(connection, line["dead_letter_id"]) for line in reads.dead_letters(connection)]
        assert [letter.origin.epoch for letter in letters if letter is not None] == [None, 2]  # type: ignore[union-attr]
        for letter, value in zip(letters, (b"bad before", b"bad after"), strict=True):
            assert letter is not None
            found = record_of(
                letter,
                room.settings,
                archived=lambda *place: reads.record(connection, *place),
                epoch_of=lambda topic: positions.epoch_of(connection, topic),
            )
            assert found[2] == value
        room.sequencer().drain()
        findings = verify(connection)
        assert findings.sound, findings.kept
    assert room.rows("SELECT record_epoch, count(*) FROM ledger.entries GROUP BY 1 ORDER BY 1") == [(1, 5), (2, 4)]
    assert room.rows(first, (room.topic(topics.ORDER_SETTLED),)) == before


def test_a_worker_that_lives_over_a_renewal_writes_nothing(room: SinkRoom) -> None:
    """What it has in hand stands at offsets that the new topic has too: the locked position tells, nothing is written."""
    stop = threading.Event()
    loop = room.loop("ledger", stop)
    delivery = loop._delivery
    place = (room.topic(topics.ORDER_SETTLED), 0)
    delivery.positions([place])
    stale = Record(topic=place[0], partition=0, offset=0, key=b"k", value=b"{}", headers=[])
    with room.connection() as connection:
        renew(connection, place[0], "another id")
    with pytest.raises(TopicReplacedError, match="read in epoch 1, but the stored position is of epoch 2"):
        delivery.deliver([stale])
    assert room.position_of("ledger", topics.ORDER_SETTLED) == 0
    assert room.rows("SELECT 1 FROM custodian.set_aside") == []
    delivery.close()


def test_a_group_with_members_is_not_begun_anew(room: SinkRoom) -> None:
    """Kafka refuses it while a role runs, and lets a group that has left forget what it had committed."""
    room.publish([settled(number) for number in range(5)])
    admin, group = TopicAdmin(room.settings.kafka), f"{room.settings.kafka.topic_prefix}ledger"
    places = [(room.topic(topics.ORDER_SETTLED), number) for number in range(3)]
    with room.running("ledger"):
        eventually(lambda: room.position_of("ledger", topics.ORDER_SETTLED) == 5, within=40, what="the ledger reads")
        with pytest.raises(RetryableError, match="has members"):
            admin.begin_anew(group, places)
    assert sum(admin.committed(group, places).values()) == 5
    admin.begin_anew(group, places)
    assert sum(admin.committed(group, places).values()) == 0
    admin.begin_anew(f"{group}-that-never-was", places)


def second(archive: Archive, count: int) -> list[Record]:
    """Begin the topic's second epoch and give it records."""
    renew(archive.connection, TOPIC, "id-2")
    archive.next_offsets.clear()
    return [replace(archive.record(b'{"of": "two"}', [("ce_id", b"x")], partition=number % 3), epoch=2) for number in range(count)]


def test_verification_knows_every_epoch(archive: Archive, services: Services) -> None:
    """Sound over both; what is then missing at the end of the old one is found, though the position now is of the new one."""
    archive.filled(30)
    archive.write(second(archive, 6))
    archive.sequencer.drain()
    assert verify(archive.connection).sound
    assert [line.get("epoch") for line in archive.lines()] == [None] * 30 + [2] * 6
    for table in ("records", "leaves"):
        for number, offset in ((1, 9), (2, 1)):
            deed = f'DELETE FROM archive.{table} WHERE topic_no = {number} AND "offset" = {offset}'
            as_superuser(services.admin_dsn, archive.dsn, deed)
    found = {(one.kind, one.epoch, one.partition, one.offset) for one in verify(archive.connection).kept}
    assert {("RECORDS_MISSING", None, number, 9) for number in range(3)} | {
        ("RECORDS_MISSING", 2, number, 1) for number in range(3)
    } <= found


def test_records_without_an_index_get_it_after_the_topic_was_made_anew(archive: Archive) -> None:
    """What the sequencer had not come to when the topic was lost is sequenced with the new one's."""
    archive.write([archive.record(b"{}", [], partition=number % 3) for number in range(9)])
    archive.write(second(archive, 6), at=NOW + timedelta(minutes=1))
    archive.sequencer.drain()
    findings = verify(archive.connection)
    assert findings.sound, findings.kept
    assert [line["index"] for line in archive.lines()] == list(range(15))


def test_what_a_processor_did_is_told_by_epochs(archive: Archive) -> None:
    """Readings before the renewal are of the first epoch, those after it of the second; so are the ends of what it had done."""
    place = (TOPIC, 0)
    positions.prepare(archive.connection, "workflow", [(TOPIC, 0, "id")])
    readings.write(archive.connection, "workflow", [Reading(0, NOW, ((TOPIC, 0, 4),))])
    positions.advance(archive.connection, "workflow", {place: 4})
    renew(archive.connection, TOPIC, "id-2")
    readings.write(archive.connection, "workflow", [Reading(0, NOW, ((TOPIC, 0, 2), ("another", 5, 6)))])
    positions.advance(archive.connection, "workflow", {place: 2})
    positions.prepare(archive.connection, "a consumer of a later release", [(TOPIC, 0, "id-2")])
    with archive.connection.transaction():
        assert [one.epochs for one in readings.of_processor(archive.connection, "workflow")] == [(1,), (2, 1)]
    assert positions.of_every_epoch(archive.connection, "workflow") == {(TOPIC, 1, 0): 4, (TOPIC, 2, 0): 2}
    assert positions.load(archive.connection, "a consumer of a later release", [place])[place].epoch == 2


def test_an_upgrade_leaves_what_is_archived_and_booked_as_it_is(postgres: str) -> None:
    """Rows, digests and leaves of the release before are the same, byte for byte, and of the first epoch; old code writes on."""
    packages = ["pipeline.stores", "connectors.sinks.accounting_ledger", "connectors.sinks.compliance_archive"]
    all_of_them = migrations.found_in(packages)

    def older(migration: Migration) -> bool:
        return "/0026_pre_epochs" not in migration.name

    with psycopg.connect(postgres, autocommit=True) as connection:
        migrations.apply(connection, list(filter(older, all_of_them)))
        made = Archive(connection, postgres)
        at_one = "INSERT INTO custodian.positions (consumer, topic, partition, next_offset, topic_id) VALUES ('archive', %s, 0, 1, 'id')"
        connection.execute(at_one, (TOPIC,))
        connection.execute("INSERT INTO archive.topics (topic) VALUES (%s)", (TOPIC,))
        columns = '(topic_no, partition, "offset", recorded_at, sha256, key, headers, value)'
        old = f"INSERT INTO archive.records {columns} VALUES (1, 0, %s, %s, sha256(%s), NULL, '[]', %s)"
        connection.execute(old, (0, NOW, b"one", b"one"))
        made.sequencer.drain()
        looks = (
            "SELECT r::text FROM archive.records r",
            "SELECT l::text FROM archive.leaves l",
            'SELECT index, topic, partition, "offset", sha256, body FROM compliance.records',
        )
        before = [connection.execute(look).fetchall() for look in looks]
        migrations.apply(connection, all_of_them)
        assert [connection.execute(look).fetchall() for look in looks] == before
        # The release before numbers a topic so, and goes on from what it finds.
        number = "INSERT INTO archive.topics (topic) SELECT * FROM unnest(%s::text[]) AS n (topic) ORDER BY 1 ON CONFLICT DO NOTHING"
        connection.execute(number, ([TOPIC, "t"],))
        assert dict(connection.execute("SELECT topic, topic_no FROM archive.topics").fetchall()).keys() == {TOPIC, "t"}
        connection.execute(old, (1, NOW, b"two", b"two"))
        connection.execute("UPDATE custodian.positions SET next_offset = 2 WHERE consumer = 'archive'")
        made.sequencer.drain()
        assert verify(connection).sound
        assert connection.execute("SELECT DISTINCT epoch FROM compliance.records").fetchall() == [(1,)]
        made.sequencer.close()
