"""The compliance archive on PostgreSQL: verbatim, append-only, one sequence, and a verification that finds what was done to it."""

from __future__ import annotations

import base64
import hashlib
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import timedelta
from itertools import islice
from typing import Any

import psycopg
import pytest
from msgspec.structs import replace

from connectors.sinks.compliance_archive import reads
from connectors.sinks.compliance_archive.adapter import ComplianceArchive
from connectors.sinks.compliance_archive.config import ArchiveConfig
from connectors.sinks.compliance_archive.open_letters import OpenLetters
from connectors.sinks.compliance_archive.sequencer import Sequencer
from connectors.sinks.compliance_archive.verify import Finding, verify
from connectors.sinks.compliance_archive.writer import SQL
from pipeline import metrics
from pipeline.cli import orders
from pipeline.clock import SystemClock
from pipeline.errors import FatalError
from pipeline.failpoints import Failpoints
from pipeline.log import topics
from pipeline.log.envelope import Headers, Outgoing, Record
from pipeline.log.notices import alarm, dead_letter, dead_letter_of_record
from pipeline.log.topics import EventType
from pipeline.stores import migrations, positions, requeued
from pipeline.stores.postgres import Connection
from pipeline.stores.requeued import Closing, Requeue
from pipeline.testing.clocks import HandClock
from tests.integration.sink_room import NOW, as_superuser, outgoing, settled
from tests.waiting import eventually


class Archive:
    """A prepared database, the archive sink and its sequencer, without Kafka."""

    def __init__(self, connection: Connection, dsn: str) -> None:
        self.connection, self.dsn = connection, dsn
        self.next_offsets: dict[tuple[str, int], int] = {}
        self.stop = threading.Event()
        self.sequencer = self.new_sequencer()

    def new_sequencer(self, per_partition: int = 2_000) -> Sequencer:
        """Assemble a sequencer."""
        return Sequencer(
            connect=lambda: psycopg.connect(self.dsn, autocommit=True, options="-c lock_timeout=1s"),
            config=ArchiveConfig(sequencing_interval=0.02, sequencing_batch_max=per_partition),
            clock=SystemClock(),
            failpoints=Failpoints({}),
            stop=self.stop,
        )

    def record(self, value: bytes, headers: Headers, *, kind: EventType = topics.ORDER_SETTLED, partition: int = 0) -> Record:
        """Give a record the next offset of its partition."""
        at = (kind.topic("custody."), partition)
        offset = self.next_offsets.get(at, 0)
        self.next_offsets[at] = offset + 1
        return Record(
            topic=at[0], partition=partition, offset=offset, key=b"k", value=value, headers=headers, timestamp_ms=1_772_355_600_000
        )

    def of(self, event: Outgoing, partition: int = 0) -> Record:
        """Put an event into a record."""
        return self.record(event.value, event.headers(), kind=event.envelope.kind, partition=partition)

    def write(self, records: Sequence[Record], at: Any = NOW) -> None:
        """Archive records and their positions in one committed transaction."""
        with self.connection.transaction():
            positions.prepare(self.connection, "archive", [(topic, partition, "id") for topic, partition in self.next_offsets])
            ComplianceArchive().write(self.connection, records, at)
            positions.advance(self.connection, "archive", self.next_offsets)

    def filled(self, count: int = 30) -> None:
        """Archive and sequence settlements over three partitions."""
        self.write([self.of(outgoing(settled(number)), number % 3) for number in range(count)])
        self.sequencer.drain()

    def lines(self, **wanted: Any) -> list[dict[str, Any]]:
        """Return the lines of records."""
        return list(reads.records(self.connection, **wanted))


@pytest.fixture
def archive(postgres: str) -> Iterator[Archive]:
    """Give an empty archive in a database of this test's own."""
    with psycopg.connect(postgres, autocommit=True) as connection:
        migrations.apply(connection, migrations.found_in(["pipeline.stores", "connectors.sinks.compliance_archive"]))
        made = Archive(connection, postgres)
        yield made
        made.sequencer.close()


def found(archive: Archive) -> list[tuple[str, int | None, int | None, int | None]]:
    """Return the findings of a verification as kind, partition, offset, index."""

    def short(finding: Finding) -> tuple[str, int | None, int | None, int | None]:
        return finding.kind, finding.partition, finding.offset, finding.index

    return [short(finding) for finding in verify(archive.connection).kept]


def test_a_record_is_kept_verbatim_and_listed_with_its_coordinates(archive: Archive) -> None:
    """The line has exactly the promised fields; the body and the digest are those of the value's bytes."""
    event = outgoing(settled(1))
    archive.write([archive.of(event, partition=2)])
    archive.sequencer.sequence()
    line = {
        "index": 0,
        "topic": "custody.order-settled.v1",
        "partition": 2,
        "offset": 0,
        "ce_id": event.envelope.id,
        "ce_type": "custody.order-settled.v1",
        "subject": event.key,
        "sha256": hashlib.sha256(event.value).hexdigest(),
        "recorded_at": "2026-03-01T09:00:00.000000Z",
    }
    assert archive.lines() == [line]
    assert archive.lines(with_body=True) == [{**line, "body": base64.b64encode(event.value).decode()}]


@pytest.mark.parametrize(
    ("value", "headers"),
    [
        (b"", []),
        (b"\x00\xff not json", [("ce_id", b"\x00"), ("ce_subject", b"\xff\xfe")]),
        (b"x", [("", b""), ("ce_type", b"unknown"), ("ce_type", b"again"), ("none", None)]),
        (b"y" * 900_000, [("ce_id", b"z" * 5_000)]),
    ],
)
def test_what_nobody_can_read_is_archived_all_the_same(archive: Archive, value: bytes, headers: Any) -> None:
    """Poison records are evidence: bytes and headers come back, and the verification is content."""
    archive.write([archive.record(value, headers)])
    archive.sequencer.drain()
    (line,) = archive.lines(with_body=True)
    assert base64.b64decode(line["body"]) == value
    row = archive.connection.execute("SELECT headers::text, value FROM archive.records").fetchone()
    assert row is not None
    assert row[1] == value
    assert verify(archive.connection).sound


def test_a_record_waits_for_its_index_and_is_listed_before_it_has_one(archive: Archive) -> None:
    """The index is absent until the sequencer has been there; then it counts from 0."""
    archive.write([archive.of(outgoing(settled(number))) for number in range(3)])
    assert ["index" in line for line in archive.lines()] == [False, False, False]
    assert verify(archive.connection).unsequenced == 3
    assert archive.sequencer.sequence() == 3
    archive.write([archive.of(outgoing(settled(9)))])
    assert [line.get("index") for line in archive.lines()] == [0, 1, 2, None]
    archive.sequencer.drain()
    assert [line.get("index") for line in archive.lines()] == [0, 1, 2, 3]


def test_the_index_follows_arrival_and_the_order_within_partitions_even_when_a_clock_goes_back(archive: Archive) -> None:
    """Small steps of the sequencer, three partitions, a recording time that goes back: no record overtakes another."""
    for turn in range(4):
        records = [archive.of(outgoing(settled(10 * turn + number)), number % 3) for number in range(7)]
        archive.write(records, at=NOW - timedelta(hours=turn) if turn % 2 else NOW)
    with_small_steps = archive.new_sequencer(per_partition=2)
    with_small_steps.drain()
    with_small_steps.close()
    lines = archive.lines()
    assert [line["index"] for line in lines] == list(range(28))
    for partition in range(3):
        offsets = [line["offset"] for line in lines if line["partition"] == partition]
        assert offsets == sorted(offsets)
    assert verify(archive.connection).sound


def test_two_sequencers_give_one_sequence(archive: Archive) -> None:
    """While several sequence and records keep coming, the index has no gap and no record has two."""
    sequencers = [archive.new_sequencer(per_partition=5) for _ in range(3)]
    threads = [threading.Thread(target=each.run) for each in sequencers]
    for thread in threads:
        thread.start()
    for turn in range(20):
        archive.write([archive.of(outgoing(settled(10 * turn + number)), number % 3) for number in range(10)])
    eventually(lambda: verify(archive.connection).unsequenced == 0, within=20, what="all records have their index")
    archive.stop.set()
    for thread in threads:
        thread.join(10)
    assert [line["index"] for line in archive.lines()] == list(range(200))
    assert verify(archive.connection).sound


def test_a_sequencer_gives_the_last_indexes_when_it_is_told_to_stop(archive: Archive) -> None:
    """What was archived before the stop has its index after it."""
    archive.stop.set()
    archive.write([archive.of(outgoing(settled(number))) for number in range(5)])
    archive.sequencer.run()
    assert [line["index"] for line in archive.lines()] == [0, 1, 2, 3, 4]


def test_a_locked_archive_makes_the_sequencer_wait(archive: Archive) -> None:
    """While another session holds the table, the sequencer says that it waits; afterwards it goes on by itself."""
    archive.write([archive.of(outgoing(settled(1)))])
    with psycopg.connect(archive.dsn) as other, other.transaction(force_rollback=True):
        other.execute("ALTER TABLE archive.records ADD COLUMN passing integer")
        thread = threading.Thread(target=archive.sequencer.run)
        thread.start()
        eventually(lambda: archive.sequencer.waiting_for is not None, within=10, what="the sequencer says that it waits")
    eventually(lambda: [line.get("index") for line in archive.lines()] == [0], within=10, what="the record has its index")
    archive.stop.set()
    thread.join(10)
    assert not thread.is_alive()


def test_the_same_records_again_are_not_archived_twice(archive: Archive) -> None:
    """After positions were moved back the same records come again: each stays once, and what is new is added."""
    first = [archive.of(outgoing(settled(number))) for number in range(3)]
    archive.write(first)
    archive.write([*first[1:], archive.of(outgoing(settled(7)))])
    assert [line["offset"] for line in archive.lines()] == [0, 1, 2, 3]


def test_other_bytes_under_archived_coordinates_are_refused(archive: Archive) -> None:
    """The archive never holds one thing and is told another: the run stops and nothing is written."""
    first = archive.of(outgoing(settled(1)))
    archive.write([first])
    other = Record(topic=first.topic, partition=0, offset=0, key=None, value=b"other", headers=[])
    with pytest.raises(FatalError, match="other bytes"):
        archive.write([other])
    assert len(archive.lines()) == 1


@pytest.mark.parametrize("table", ["records", "leaves", "topics"])
@pytest.mark.parametrize("statement", ["UPDATE archive.{} SET {} = {}", "DELETE FROM archive.{}", "TRUNCATE archive.{}"])
@pytest.mark.parametrize("granted", [False, True], ids=["by grant", "by trigger"])
def test_nothing_in_the_archive_is_edited(archive: Archive, table: str, statement: str, granted: bool) -> None:
    """The owner of the tables has no such right, and having given it back to itself is still refused."""
    archive.filled(3)
    if granted:
        archive.connection.execute(b"GRANT ALL ON ALL TABLES IN SCHEMA archive TO CURRENT_USER")
    column = {"records": "ce_id", "leaves": "sequenced_at", "topics": "topic"}[table]
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="only grows" if granted else "permission denied"):
        archive.connection.execute(statement.format(table, column, column).encode())


def test_an_untouched_archive_verifies(archive: Archive) -> None:
    """Nothing is found, everything is counted, and progress ends at the whole."""
    archive.filled(30)
    seen: list[tuple[int, int]] = []
    result = verify(archive.connection, progress=lambda done, total: seen.append((done, total)))
    assert (result.sound, result.records, result.leaves, result.unsequenced) == (True, 30, 30, 0)
    assert seen[-1] == (60, 60)


FLIP = 'UPDATE archive.records SET value = set_byte(value, 0, get_byte(value, 0) # 1) WHERE partition = 1 AND "offset" = 4'
ORDER = """
UPDATE archive.leaves SET index = CASE index WHEN 0 THEN 1003 ELSE 1000 END WHERE index IN (0, 3);
UPDATE archive.leaves SET index = index - 1000 WHERE index >= 1000
"""
BOTH = """
UPDATE archive.records SET value = 'x', sha256 = sha256('x') WHERE partition = 1 AND "offset" = 4
"""


@pytest.mark.parametrize(
    ("deed", "findings"),
    [
        (FLIP, [("DIGEST_DIFFERS", 1, 4, None)]),
        (BOTH, [("LEAF_DIGEST_DIFFERS", 1, 4, 14)]),
        ("UPDATE archive.records SET ce_id = 'other' WHERE partition = 0 AND \"offset\" = 2", [("ATTRIBUTES_DIFFER", 0, 2, None)]),
        (
            'DELETE FROM archive.records WHERE partition = 2 AND "offset" = 3',
            [("RECORDS_MISSING", 2, 3, None), ("LEAF_WITHOUT_RECORD", 2, 3, 23)],
        ),
        (
            'DELETE FROM archive.records WHERE partition = 2 AND "offset" = 9',
            [("RECORDS_MISSING", 2, 9, None), ("LEAF_WITHOUT_RECORD", 2, 9, 29)],
        ),
        ("DELETE FROM archive.leaves WHERE index = 7", [("INDEX_GAP", None, None, 7), ("RECORD_WITHOUT_INDEX", 0, 7, None)]),
        ("UPDATE custodian.positions SET next_offset = 12 WHERE partition = 0", [("RECORDS_MISSING", 0, 10, None)]),
        ("UPDATE custodian.positions SET next_offset = 8 WHERE partition = 0", [("RECORD_BEYOND_POSITION", 0, 9, None)]),
        (ORDER, [("LEAF_OUT_OF_ORDER", 0, 1, 1), ("LEAF_OUT_OF_ORDER", 0, 2, 2), ("LEAF_OUT_OF_ORDER", 0, 0, 3)]),
        ("DELETE FROM archive.records; DELETE FROM archive.leaves", [("RECORDS_MISSING", partition, 0, None) for partition in range(3)]),
    ],
    ids=["byte", "byte and digest", "attribute", "record", "last record", "leaf", "position ahead", "position back", "order", "everything"],
)
def test_verification_finds_what_was_done(archive: Archive, services: Any, deed: str, findings: list[Any]) -> None:
    """A superuser with triggers switched off leaves traces: each is found, with its coordinates, and nothing else is."""
    archive.filled(30)
    as_superuser(services.admin_dsn, archive.dsn, deed)
    assert found(archive) == findings


def test_alarms_are_listed_once_however_often_they_were_published(archive: Archive) -> None:
    """Two publications of one alarm are one line, with the promised fields; others are others; filters and the limit hold."""
    one = alarm(kind="position_hole", severity="critical", venue=None, subject="t[0]", detail={"a": "b"}, now=NOW, source="/s")
    two = alarm(kind="settlement_conflict", severity="critical", venue="tokyo", subject="i", detail={}, now=NOW, source="/s")
    stranger = archive.record(b"{}", one.headers(), kind=topics.ALARM_RAISED)
    archive.write([archive.of(one), archive.of(two), stranger, archive.of(one)])
    archive.sequencer.drain()
    lines = list(reads.alarms(archive.connection))
    assert lines == [
        {
            "alarm_id": one.envelope.id,
            "kind": "position_hole",
            "severity": "critical",
            "subject": "t[0]",
            "raised_at": "2026-03-01T09:00:00.000000Z",
            "detail": {"a": "b"},
            "state": "open",
        },
        {
            "alarm_id": two.envelope.id,
            "kind": "settlement_conflict",
            "severity": "critical",
            "venue": "tokyo",
            "subject": "i",
            "raised_at": "2026-03-01T09:00:00.000000Z",
            "detail": {},
            "state": "open",
        },
    ]
    assert [line["kind"] for line in reads.alarms(archive.connection, venue="tokyo")] == ["settlement_conflict"]
    assert [line["kind"] for line in reads.alarms(archive.connection, limit=1)] == ["position_hole"]
    assert list(reads.alarms(archive.connection, kind="stream_gap")) == []


def test_open_dead_letters_and_the_age_of_the_oldest_are_metrics(archive: Archive) -> None:
    """A letter counts once however often published, until it is requeued (begun is not enough) or closed; a stranger's does not count."""
    first = dead_letter_of_record(archive.record(b"bad", []), reason="not json", now=NOW, source="/sinks/ledger")
    second = dead_letter(venue="tokyo", origin="stream", body=b"\xff", reason="not UTF-8", now=NOW)
    strange = archive.of(first)
    strange = replace(strange, headers=[(name, b"x" if name == "ce_id" else value) for name, value in strange.headers])
    archive.write([archive.of(first), archive.of(first), archive.of(second), strange])
    watch = OpenLetters(connect=lambda: archive.connection, clock=HandClock(NOW + timedelta(minutes=7)), stop=archive.stop)

    def told() -> tuple[float, float, float]:
        watch.look()
        counts = {sample.labels["source"]: sample.value for family in metrics.DEAD_LETTERS_OPEN.collect() for sample in family.samples}
        age = [sample.value for family in metrics.DEAD_LETTERS_OLDEST.collect() for sample in family.samples]
        return counts["/sinks/ledger"], counts["/venues/tokyo"], age[0]

    assert told() == (1, 1, 420)
    name = first.envelope.id
    begun = Requeue(dead_letter_id=name, number=1, first_id=name, times=1, requeued_by="Officer One", reason=None, target="t", begun_at=NOW)
    requeued.begin(archive.connection, begun)
    assert told() == (1, 1, 420)
    requeued.finish(archive.connection, begun, NOW)
    assert told() == (0, 1, 420)
    closing = Closing(dead_letter_id=second.envelope.id, closed_by="Officer One", reason="a test", closed_at=NOW)
    assert requeued.close(archive.connection, closing)
    assert not requeued.close(archive.connection, closing)
    assert told() == (0, 0, 0)


def test_dead_letters_are_listed_and_shown_with_bytes_and_headers(archive: Archive) -> None:
    """Lines have the promised fields; one letter can be asked for with its bytes, key and headers."""
    refused = archive.record(b"bad", [("ce_id", b"x")], partition=1)
    of_record = dead_letter_of_record(refused, reason="not json", now=NOW, source="/sinks/ledger", venue="tokyo")
    of_stream = dead_letter(venue="tokyo", origin="stream", body=b"\xff", reason="not UTF-8", now=NOW)
    archive.write([refused, archive.of(of_record), archive.of(of_stream), archive.of(of_record)])
    assert list(reads.dead_letters(archive.connection)) == [
        {
            "dead_letter_id": of_record.envelope.id,
            "venue": "tokyo",
            "origin": {"topic": "custody.order-settled.v1", "partition": 1, "offset": 0},
            "reason": "not json",
            "sha256": hashlib.sha256(b"bad").hexdigest(),
            "size": 3,
            "seen_at": "2026-03-01T09:00:00.000000Z",
            "state": "open",
            "deaths": 1,
        },
        {
            "dead_letter_id": of_stream.envelope.id,
            "venue": "tokyo",
            "origin": "stream",
            "reason": "not UTF-8",
            "sha256": hashlib.sha256(b"\xff").hexdigest(),
            "size": 1,
            "seen_at": "2026-03-01T09:00:00.000000Z",
            "state": "open",
            "deaths": 1,
        },
    ]
    shown = reads.dead_letter(archive.connection, of_record.envelope.id)
    assert shown is not None
    assert (base64.b64decode(shown.body), shown.headers, shown.key) == (b"bad", {"ce_id": "x"}, "k")
    assert reads.dead_letter(archive.connection, "no such letter") is None


def test_the_story_of_an_intent_is_all_its_records_in_order(archive: Archive) -> None:
    """Every topic's records about the intent, decoded where they hold an event, and nobody else's."""
    event = outgoing(settled(1))
    raised = alarm(kind="k", severity="info", venue="tokyo", subject=event.key, detail={}, now=NOW, source="/s")
    broken = archive.record(b"{", [("ce_subject", event.key.encode())], kind=topics.ORDER_UPDATED)
    archive.write([archive.of(event), archive.of(outgoing(settled(2)))])
    archive.write([broken], at=NOW + timedelta(seconds=1))
    archive.write([archive.of(raised)], at=NOW + timedelta(seconds=2))
    archive.sequencer.drain()
    story = list(reads.story(archive.connection, event.key))
    assert [(line["topic"].removeprefix("custody."), "event" in line) for line in story] == [
        ("order-settled.v1", True),
        ("order-updated.v1", False),
        ("alarm-raised.v1", True),
    ]
    assert story[0]["event"]["transaction_hash"] == settled(1).transaction_hash


def test_orders_show_tells_events_by_when_they_were_produced(archive: Archive) -> None:
    """An event that was archived long after a later one stands before it in the lines that a person reads."""
    event = outgoing(settled(1))
    raised = alarm(kind="k", severity="info", venue="tokyo", subject=event.key, detail={}, now=NOW, source="/s")
    late = replace(archive.of(raised), timestamp_ms=archive.of(event).timestamp_ms + 500)
    archive.write([late], at=NOW)
    archive.write([archive.of(event, partition=1)], at=NOW + timedelta(seconds=5))
    with closing(orders.story(archive.connection, event.key, NOW)) as story:
        lines = list(islice((line for line in story if line["kind"] == "event"), 2))  # then come the books, which are not here
    assert [line["ce_type"] for line in sorted(lines, key=lambda line: line["at"])] == [
        "custody.order-settled.v1",
        "custody.alarm-raised.v1",
    ]


def test_lines_can_be_asked_for_by_topic_and_subject(archive: Archive) -> None:
    """Filters and the limit give what they say, over sequenced and waiting records together."""
    archive.filled(6)
    archive.write([archive.of(outgoing(settled(50)))])
    assert len(archive.lines()) == 7
    assert len(archive.lines(limit=6)) == 6
    assert [line["subject"] for line in archive.lines(subject=settled(50).intent_id)] == [settled(50).intent_id]
    assert archive.lines(topic="custody.order-updated.v1") == []
    assert len(archive.lines(topic="custody.order-settled.v1")) == 7


def test_compliance_readers_see_the_view_and_nothing_else(archive: Archive, services: Any) -> None:
    """The group role reads records with index and body through the view, and no table."""
    archive.filled(3)
    name = psycopg.conninfo.conninfo_to_dict(archive.dsn)["dbname"]
    with psycopg.connect(services.admin_dsn, dbname=name, autocommit=True) as reader:
        reader.execute("SET ROLE compliance_reader")
        rows = reader.execute('SELECT index, topic, "offset", sha256, body, headers FROM compliance.records ORDER BY index').fetchall()
        assert [row[0] for row in rows] == [0, 1, 2]
        assert all(hashlib.sha256(row[4]).hexdigest() == row[3] for row in rows)
        assert ["ce_specversion", "1.0"] in rows[0][5]
        for table in ("archive.records", "archive.leaves", "accounting.journal"):
            with pytest.raises(psycopg.Error, match=r"permission denied|does not exist"):
                reader.execute(f"SELECT * FROM {table}".encode())


@pytest.mark.parametrize("timestamp_ms", [-1, 0, 1, -(2**63), 1_742_029_200_000_000, 2**63 - 1])
def test_a_record_of_any_timestamp_is_archived_and_ordered(archive: Archive, timestamp_ms: int) -> None:
    """A producer that writes microseconds, or no time: the record is kept like any other, without a time of production."""
    records = [archive.of(outgoing(settled(number))) for number in range(3)]
    archive.write([records[0], replace(records[1], timestamp_ms=timestamp_ms), records[2]])
    archive.sequencer.drain()
    assert [row[0] is None for row in archive.connection.execute('SELECT produced_at FROM archive.records ORDER BY "offset"')] == [
        False,
        True,
        False,
    ]
    assert found(archive) == []
    assert [line["offset"] for line in archive.lines()] == [0, 1, 2]


def test_a_letter_of_somebody_else_with_a_nul_in_a_header_stops_nobody_counting(archive: Archive) -> None:
    """PostgreSQL has no text with a NUL; the headers are kept as they are, and open letters are counted all the same."""
    letter = dead_letter(venue="tokyo", origin="read", body=b"?", reason="r", now=NOW)
    forged = [(name, b"0" * 32 if name == "ce_id" else value) for name, value in letter.headers()] + [
        ("ce_source", b"a\x00b"),
        ("\x00", b""),
    ]
    archive.write([archive.of(letter), archive.record(letter.value, [("ce_source", b"\x00"), *forged], kind=topics.DEAD_LETTER)])
    with psycopg.connect(archive.dsn, autocommit=True) as connection:
        rows = connection.execute(SQL["open_letters"]).fetchall()
    assert [(source, count) for source, count, _ in rows] == [("/venues/tokyo", 1)]


def test_a_record_is_read_back_by_its_place_as_it_was_written(archive: Archive) -> None:
    """Value, key and headers, bytes that are no text and absent values included: what a requeue puts back once Kafka has forgotten it."""
    strange = archive.record(b"\x00\xff", [("h", b"\xfe"), ("h", None), ("\u00e9", b"")])  # type: ignore[list-item]
    plain = archive.record(b"{}", [("ce_id", b"x")])
    archive.write([strange, plain])
    for written in (strange, plain):
        found = reads.record(archive.connection, written.topic, 1, written.partition, written.offset)
        assert found is not None
        assert (found.value, found.key, list(found.headers)) == (written.value, written.key, list(written.headers))
    assert reads.record(archive.connection, plain.topic, 1, plain.partition, 10**9) is None
    assert reads.record(archive.connection, "custody.nothing.v1", 1, 0, 0) is None
