"""`status` says what is degraded and why, and is normal again afterwards; what stops a partition, and how a person lets it go on."""

from __future__ import annotations

import json
import os
import signal
import urllib.request
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest

from pipeline.log import topics
from pipeline.log.envelope import Record
from pipeline.log.topics import ORDER_SETTLED, EventType
from pipeline.observability.degraded import RESTARTS_MAX, RESTARTS_WINDOW
from pipeline.ports import Sink, Transaction, Written
from tests.integration.commands import Commands, working, write_settings
from tests.integration.sink_room import SinkRoom, settled
from tests.integration.test_supervisor import _not_ready
from tests.services import KafkaRoom
from tests.waiting import eventually

WAITS = 60.0


@pytest.fixture
def commands(tmp_path: Path, kafka: KafkaRoom, postgres: str) -> Commands:
    """Give the program with settings for this test's services, after `init`."""
    made = write_settings(tmp_path, kafka, postgres)
    assert made.run("init").returncode == 0
    return made


@pytest.fixture
def room(kafka: KafkaRoom, postgres: str) -> SinkRoom:
    """Give topics and a database of this test's own."""
    return SinkRoom.prepared(bootstrap_servers=kafka.bootstrap_servers, topic_prefix=kafka.topic_prefix, dsn=postgres)


def status(commands: Commands) -> tuple[int, dict[str, Any]]:
    """Return the exit code and the object."""
    done = commands.run("status")
    found: dict[str, Any] = json.loads(done.stdout)
    return done.returncode, found


def metric(found: dict[str, Any], role: str, reason: str) -> float:
    """Return the gauge that a role shows."""
    port = next(line["metrics"] for line in found["roles"] if line["role"] == role)
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
        lines = answer.read().decode().splitlines()
    wanted = f'custodian_degraded{{reason="{reason}",role="{role}"}}'
    (line,) = [line for line in lines if line.startswith(wanted)]
    return float(line.rpartition(" ")[2])


def test_a_role_that_is_killed_again_and_again_is_degraded_and_normal_again(commands: Commands, postgres: str) -> None:
    """Each death for itself stays normal; one too many is a reason with since and detail, exit 1 and a metric; later all is normal."""
    with commands.running("run", "ledger", "archive") as running:
        working(commands, {"ledger", "archive"}, within=WAITS)
        for death in range(RESTARTS_MAX):
            assert status(commands)[1]["state"] == "normal", f"after {death} deaths"
            before = running.pid_of("ledger")
            os.kill(before, signal.SIGKILL)

            def back(before: int = before) -> bool:
                roles = {role["role"]: role for role in status(commands)[1]["roles"]}
                return bool(roles["ledger"]["pid"] != before and roles["ledger"]["ready"])

            eventually(back, within=WAITS, what="the ledger works again")

        def degraded() -> dict[str, Any] | None:
            code, found = status(commands)
            return found if code == 1 and found["state"] == "degraded" else None

        found = eventually(degraded, within=10, what="the state is degraded")
        assert found is not None
        (reason,) = found["reasons"]
        assert (reason["code"], reason["subject"]) == ("role_restarting", "ledger")
        assert datetime.fromisoformat(reason["since"])
        assert "restarted 3 times within 10 minutes" in reason["detail"]
        table = commands.run("status", "--format", "table").stdout
        assert "state degraded" in table
        assert "ledger was restarted 3 times" in table
        assert metric(found, "ledger", "role_restarting") == 1.0
        with psycopg.connect(postgres) as connection:  # as if the window had passed
            connection.execute(
                "UPDATE custodian.roles SET starts = (SELECT array_agg(at - %s) FROM unnest(starts) AS at) WHERE role = 'ledger'",
                (RESTARTS_WINDOW,),
            )
        eventually(lambda: status(commands)[0] == 0, within=10, what="status ends with 0 again")
        code, found = status(commands)
        assert (code, found["state"], found["reasons"]) == (0, "normal", [])
        assert metric(found, "ledger", "role_restarting") == 0.0
        assert running.end(signal.SIGTERM, within=32) == 0


def test_a_parked_partition_is_said_by_status_and_readyz_until_it_goes_on(commands: Commands, postgres: str) -> None:
    """While a partition is parked the role is healthy and not ready, the state is degraded, and the reason says where and what to do."""
    with psycopg.connect(postgres) as connection:
        connection.execute(
            """
            INSERT INTO custodian.suspects (consumer, topic, partition, "offset", alone, failures, answered, fault, since, tried_at,
                                            parked_at)
            SELECT 'ledger', topic, partition, 0, true, 5, true, 'ValueError: x', now(), now(), now() FROM custodian.positions
             WHERE consumer = 'ledger' AND partition = 1
            """
        )
    with commands.running("run", "ledger", "archive") as running:

        def said() -> dict[str, Any] | None:
            code, found = status(commands)
            codes = {reason["code"] for reason in found["reasons"]}
            return found if code == 1 and codes == {"partition_parked"} and len(found["roles"]) == 2 else None

        found = eventually(said, within=WAITS, what="status says that a partition is parked")
        assert found is not None
        ledger = next(role for role in found["roles"] if role["role"] == "ledger")
        assert ledger["healthy"]
        (reason,) = found["reasons"]
        assert reason["subject"].endswith("order-settled.v1[1]")
        assert "parked at offset 0, whose record failed 5 times (ValueError: x)" in reason["detail"]
        eventually(lambda: "partition_parked" in str(_not_ready(ledger["metrics"])), within=10, what="/readyz says so")
        (line,) = commands.lines("positions", "parked")
        assert (line["consumer"], line["partition"], line["offset"]) == ("ledger", 1, 0)
        with psycopg.connect(postgres) as connection:
            connection.execute("DELETE FROM custodian.suspects")
        eventually(lambda: status(commands)[0] == 0, within=10, what="status ends with 0 again")
        assert _not_ready(ledger["metrics"]) == {}
        assert running.end(signal.SIGTERM, within=32) == 0


class Breaking:
    """A sink that raises what nobody expects at records with one key."""

    kinds: Sequence[EventType]

    def __init__(self, inner: Sink, key: bytes) -> None:
        self.consumer, self.kinds = inner.consumer, inner.kinds
        self._inner, self._key = inner, key

    def write(self, transaction: Transaction, records: Sequence[Record], now: datetime) -> Written:
        """Raise at the key, else write."""
        if any(record.key == self._key for record in records):
            raise ValueError("the record breaks")
        return self._inner.write(transaction, records, now)


def parked(room: SinkRoom) -> list[tuple[Any, ...]]:
    """Return topic, partition and offset of what is parked."""
    return room.rows('SELECT topic, partition, "offset" FROM custodian.suspects WHERE parked_at IS NOT NULL')


def test_a_settlement_that_breaks_the_ledger_is_dead_lettered_and_all_others_are_booked(room: SinkRoom) -> None:
    """Whatever the ledger raises at one record: the record dies with its traceback's digest, the books hold the others."""
    events = [settled(number) for number in range(60)]
    room.publish(events)
    with room.running("ledger", sink=Breaking(room.sink("ledger"), events[30].intent_id.encode())):
        eventually(lambda: room.position_of("ledger", ORDER_SETTLED) == 60, within=WAITS, what="all are passed")
    assert [intent for intent, _ in room.booked()] == sorted(event.intent_id for event in events if event is not events[30])
    ((fault, digest, failures, by),) = room.rows("SELECT fault, traceback_sha256, failures, skipped_by FROM custodian.set_aside")
    assert (fault, failures, by) == ("ValueError: the record breaks", 5, None)
    assert len(digest) == 64


def test_a_record_that_breaks_the_archive_stops_its_partition_only_and_none_is_missing_later(room: SinkRoom) -> None:
    """The archive is complete: the partition is parked over restarts, the others are archived, and a mended program archives the rest."""
    events = [settled(number) for number in range(60)]
    room.publish(events)
    positions = "SELECT partition, next_offset FROM custodian.positions WHERE consumer = 'archive' AND topic = %s"
    with room.running("archive", sink=Breaking(room.sink("archive"), events[30].intent_id.encode())):
        eventually(lambda: len(parked(room)) == 1, within=WAITS, what="the partition is parked")
    for _ in range(2):
        with room.running("archive", sink=Breaking(room.sink("archive"), events[30].intent_id.encode())):
            before = room.position_of("archive", ORDER_SETTLED)
            room.publish([settled(number) for number in range(100, 130)])
            eventually(lambda at=before: room.position_of("archive", ORDER_SETTLED) > at, within=WAITS, what="the others go on")  # type: ignore[misc]
        ((topic, partition, offset),) = parked(room)
        assert dict(room.rows(positions, (topic,)))[partition] == offset
    assert room.rows("SELECT * FROM custodian.set_aside") == []
    with room.running("archive"):
        eventually(lambda: room.position_of("archive", ORDER_SETTLED) == 120, within=WAITS, what="everything is archived")
    assert parked(room) == []


def test_a_person_skips_a_record_and_the_running_role_goes_on(room: SinkRoom, kafka: KafkaRoom, postgres: str, tmp_path: Path) -> None:
    """What is evidence is parked; skipped, it is a dead letter that names who and why, and an act; the archive's are not skipped."""
    commands, kind = write_settings(tmp_path, kafka, postgres), topics.DECISION_REQUESTED
    room.publish_raw(kind, [(b"bad", b"{}", []), (b"bad", b"{}", [])])
    with room.running("decisions", sink=Breaking(room.sink("decisions"), b"bad")):
        for offset in (0, 1):
            eventually(lambda at=offset: [row[2] for row in parked(room)] == [at], within=WAITS, what="it is parked")  # type: ignore[misc]
            place = ("decisions", room.topic(kind), str(parked(room)[0][1]))
            wrong = commands.run("positions", "skip", *place, "--offset", str(offset + 5), "--reason", "x")
            assert (wrong.returncode, f"is parked at offset {offset}, not {offset + 5}" in wrong.stderr) == (2, True)
            done = commands.run("positions", "skip", *place, "--offset", str(offset), "--reason", "a drill", "--as", "Officer")
            assert done.returncode == 0, done.stderr
            assert json.loads(done.stdout)["outcome"] == "asked"
        eventually(lambda: room.position_of("decisions", kind) == 2, within=WAITS, what="both are passed")
    assert parked(room) == []
    assert room.rows("SELECT failures, skipped_by FROM custodian.set_aside") == [(5, "Officer"), (5, "Officer")]
    acts = room.rows("SELECT action, acted_by, reason FROM custodian.acts ORDER BY at")
    assert acts == [("skip", "Officer", "a drill")] * 2
    assert commands.run("positions", "skip", "archive", "t", "0", "--offset", "0", "--reason", "x").returncode == 2
