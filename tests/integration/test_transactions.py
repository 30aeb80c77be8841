"""The sinks' loop and the archive where somebody writes in Kafka's transactions: what has no record is kept as that, with its evidence."""

from __future__ import annotations

import hashlib
import threading

import pytest

from connectors.sinks.compliance_archive.verify import Findings, verify
from pipeline.engines.log_inspection import log_inspection
from pipeline.errors import PositionHoleError
from pipeline.kafka import TopicAdmin, read_record
from pipeline.log import topics
from pipeline.log.log_batches import batches
from pipeline.log.position import over_gaps
from tests.integration.sink_room import SinkRoom, as_superuser, outgoing, settled
from tests.services import KafkaRoom, Services
from tests.transactions import Row, Transactions
from tests.waiting import eventually

KIND = topics.ORDER_SETTLED


@pytest.fixture
def room(kafka: KafkaRoom, postgres: str) -> SinkRoom:
    """Give topics of one partition each and a database of this test's own."""
    servers = kafka.bootstrap_servers
    return SinkRoom.prepared(bootstrap_servers=servers, topic_prefix=kafka.topic_prefix, dsn=postgres, partitions=1)


def rows(room: SinkRoom, *numbers: int) -> list[Row]:
    """Return settlements as records."""
    made = [outgoing(settled(number)) for number in numbers]
    return [(room.topic(KIND), one.key.encode(), one.value, one.headers()) for one in made]


def mixed(room: SinkRoom) -> int:
    """Write three settlements, take two back, write two more and take one back; return the end, marks included."""
    theirs = Transactions(room.settings.kafka.bootstrap_servers)
    theirs.commit(rows(room, 1, 2, 3))  # offsets 0 to 2, mark 3
    theirs.abort(rows(room, 10, 11))  # 4 and 5, mark 6
    theirs.commit(rows(room, 4, 5))  # 7 and 8, mark 9
    theirs.abort(rows(room, 12))  # 10, mark 11
    return 12


def verified(room: SinkRoom) -> Findings:
    """Verify the archive."""
    with room.connection() as connection:
        return verify(connection)


def archived(room: SinkRoom) -> None:
    """Write what is mixed and archive it to the very end."""
    end = mixed(room)
    with room.running("archive"):
        eventually(lambda: room.position_of("archive", KIND) == end, within=60)


def test_a_sink_books_what_was_committed_and_nothing_else(room: SinkRoom) -> None:
    """The ledger goes past marks and over what was taken back, to the very end, and does not stop."""
    end = mixed(room)
    with room.running("ledger"):
        eventually(lambda: room.position_of("ledger", KIND) == end, within=60)
    events = [settled(number) for number in range(1, 6)]
    assert room.booked() == sorted((event.intent_id, event.transaction_hash) for event in events)
    assert sum(TopicAdmin(room.settings.kafka).ends([(room.topic(topics.DEAD_LETTER), 0)]).values()) == 0


def test_the_archive_keeps_why_offsets_have_no_record(room: SinkRoom) -> None:
    """Marks and what was taken back are rows of their own, each with the batch of the log; the verification is sound and counts them."""
    archived(room)
    room.sequencer().drain()
    kept = room.rows('SELECT "offset", last_offset, kind, sha256, batch FROM archive.passed ORDER BY "offset"')
    assert [(first, last, kind) for first, last, kind, _, _ in kept] == [
        (3, 3, "control"),
        (4, 5, "aborted"),
        (6, 6, "control"),
        (9, 9, "control"),
        (10, 10, "aborted"),
        (11, 11, "control"),
    ]
    for first, last, kind, digest, raw in kept:
        (batch,) = batches(bytes(raw))
        assert (batch.first, batch.last, batch.control) == (first, last, kind == "control")
        assert hashlib.sha256(bytes(raw)).digest() == bytes(digest)
    assert len(room.rows("SELECT 1 FROM archive.records")) == 5
    found = verified(room)
    assert (found.kept, found.records, found.leaves, found.passed) == ([], 5, 5, 7)


@pytest.mark.parametrize(
    ("deed", "finding"),
    [
        ('DELETE FROM archive.passed WHERE "offset" = 4', ("RECORDS_MISSING", 4)),
        ('DELETE FROM archive.passed WHERE "offset" >= 10', ("RECORDS_MISSING", 10)),
        ('DELETE FROM archive.leaves WHERE "offset" = 2; DELETE FROM archive.records WHERE "offset" = 2', ("RECORDS_MISSING", 2)),
        ('UPDATE archive.passed SET last_offset = 8 WHERE "offset" = 6', ("PASSED_WITHOUT_EVIDENCE", 6)),
        ("UPDATE archive.passed SET kind = 'control' WHERE \"offset\" = 4", ("PASSED_WITHOUT_EVIDENCE", 4)),
        ('UPDATE archive.passed SET batch = set_byte(batch, 70, 7) WHERE "offset" = 4', ("PASSED_WITHOUT_EVIDENCE", 4)),
        (
            (
                'DELETE FROM archive.records WHERE "offset" = 7; INSERT INTO archive.passed '
                "SELECT topic_no, partition, 7, 7, 'control', recorded_at, sha256, batch FROM archive.passed WHERE \"offset\" = 6"
            ),
            ("PASSED_WITHOUT_EVIDENCE", 7),
        ),
        (
            (
                "INSERT INTO archive.passed "
                'SELECT topic_no, partition, 8, 9, kind, recorded_at, sha256, batch FROM archive.passed WHERE "offset" = 9'
            ),
            ("PASSED_WITHOUT_EVIDENCE", 8),
        ),
    ],
)
def test_a_verification_finds_what_the_log_does_not_explain(
    room: SinkRoom, services: Services, postgres: str, deed: str, finding: tuple[str, int]
) -> None:
    """A mark that was taken out, a record that was declared one, evidence of another place: each is found at its offset."""
    archived(room)
    as_superuser(services.admin_dsn, postgres, deed)
    assert finding in [(each.kind, each.offset) for each in verified(room).kept]


def test_the_log_explains_no_record_that_is_there(room: SinkRoom) -> None:
    """Asked about offsets that have records, the log gives nothing; asked about the end, it gives what stands there."""
    end = mixed(room)
    inspect = log_inspection(room.settings.kafka)
    topic = room.topic(KIND)
    assert inspect(topic, 0, 0, 3) == []
    assert inspect(topic, 0, 7, end) == []
    assert [record.offset for record in inspect(topic, 0, 3, 7)] == [3, 4, 5, 6]
    assert [record.offset for record in inspect(topic, 0, 9, end)] == [9, 10, 11]
    assert [record.passed.kind for record in inspect(topic, 0, 5, 7) if record.passed] == ["aborted", "control"]


def test_a_real_hole_beside_marks_is_a_hole(room: SinkRoom) -> None:
    """A batch behind records that nobody read is refused, whatever marks stand before it; nothing is written."""
    mixed(room)
    room.rows("UPDATE custodian.positions SET next_offset = 2 WHERE consumer = 'ledger' RETURNING 1")
    delivery = room.loop("ledger", threading.Event())._delivery
    record = read_record(room.settings.kafka, room.topic(KIND), 0, 7)
    assert record is not None
    with pytest.raises(PositionHoleError, match="the stored position is 2"):
        over_gaps(delivery.deliver, [record], log_inspection(room.settings.kafka))
    delivery.close()
    assert room.booked() == []
