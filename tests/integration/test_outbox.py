"""What may stand in the outbox, and that one row in it keeps nobody else's from being published."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import psycopg
import pytest

from pipeline.errors import FatalError
from pipeline.log import topics
from pipeline.log.envelope import Envelope, Outgoing
from pipeline.stores import halts, migrations, outbox
from pipeline.stores.postgres import Connection
from pipeline.supervisor.acls import OUTBOX
from tests.integration.command_room import Kept, prepare

ROW = {
    "ce_id": "id",
    "kind": "alarm-raised.v1",
    "source": "/s",
    "subject": "s",
    "at": "2025-03-15T09:00:00Z",
    "correlation_id": "c",
    "causation_id": None,
    "key": "k",
    "value": b"{}",
}


@pytest.fixture
def database(postgres: str) -> Iterator[Connection]:
    """A database with tables."""
    with prepare(postgres) as connection:
        yield connection


def put(connection: Connection, **changed: object) -> None:
    """Write a row by hand."""
    row = ROW | changed
    names = ", ".join(row)
    connection.execute(f"INSERT INTO custodian.outbox ({names}) VALUES ({', '.join(['%s'] * len(row))})".encode(), list(row.values()))


def event(ce_id: str, value: bytes = b"{}", kind: topics.EventType = topics.DECISION_MADE) -> Outgoing:
    """Return an event."""
    at = datetime(2025, 3, 15, 9, tzinfo=UTC)
    return Outgoing(envelope=Envelope(id=ce_id, kind=kind, source="/s", subject="s", time=at, correlation_id="c"), key="k", value=value)


@pytest.mark.parametrize(
    "changed",
    [
        {"at": "infinity"},
        {"at": "-infinity"},
        {"at": "10000-01-01T00:00:00Z"},
        {"at": "0001-01-01T00:00:00Z BC"},
        {"kind": "command-issued.v1"},
        {"kind": "x"},
        {"subject": ""},
        {"subject": "x" * 5000},
        {"key": ""},
        {"key": "x" * 5000},
        {"ce_id": ""},
        {"ce_id": "x" * 5000},
        {"correlation_id": "x" * 5000},
        {"causation_id": "x" * 5000},
        {"source": "x" * 5000},
        {"value": b"x" * 1_000_000},
    ],
    ids=lambda changed: "-".join(f"{name}-{str(value)[:12]}" for name, value in changed.items()),
)
def test_what_cannot_be_published_cannot_stand_there(database: Connection, changed: dict[str, object]) -> None:
    """Whoever writes it."""
    with pytest.raises(psycopg.errors.CheckViolation):
        put(database, **changed)


def test_what_travels_by_the_outbox_may_stand_there(database: Connection) -> None:
    """Every kind of it, by the one list that Kafka's grants are made of as well."""
    for kind in OUTBOX:
        outbox.put(database, [event(f"a {kind.name}", kind=kind)])
    kept = Kept()
    assert outbox.publish(database, kept.publish) == len(OUTBOX)
    assert {one.envelope.kind for one in kept.events} == OUTBOX


def test_what_stood_there_before_keeps_nothing_else_waiting(postgres: str, caplog: pytest.LogCaptureFixture) -> None:
    """More of it than one look takes: the others are published, it is named once, and stays."""
    with psycopg.connect(postgres, autocommit=True) as owner:
        ours = migrations.found_in(["pipeline.stores"])
        migrations.apply(owner, [one for one in ours if one.name < "pipeline.stores/0034"])
        wrong: Sequence[dict[str, object]] = [{"at": "infinity"}, {"kind": "x"}, {"value": b"x" * 1_100_000}]
        for number, changed in enumerate(wrong):
            put(owner, ce_id=f"wrong-{number}", **changed)
        migrations.apply(owner, ours)
        halts.halt(owner, venue=None, pair=None, reason="y", by="x")
        kept, aside = Kept(), set[str]()
        assert [outbox.publish(owner, kept.publish, limit=2, aside=aside) for _ in range(4)] == [0, 1, 0, 0]
        assert [one.envelope.kind for one in kept.events] == [topics.OPERATOR_ACTED]
        assert aside == {"wrong-0", "wrong-1", "wrong-2"}
        assert sum("cannot be published" in record.message for record in caplog.records) == 3


def test_what_kafka_never_takes_keeps_nothing_else_waiting(database: Connection) -> None:
    """One of five; and where it takes none, the producer itself may be broken: that is raised."""
    outbox.put(database, [event(str(number)) for number in range(5)])
    out: list[str] = []

    def publisher(events: Sequence[Outgoing]) -> None:
        if any(one.envelope.id == "2" for one in events):
            raise FatalError("too large for this broker")
        out.extend(one.envelope.id for one in events)

    aside = set[str]()
    assert outbox.publish(database, publisher, aside=aside) == 4
    assert (out, aside) == (["0", "1", "3", "4"], {"2"})
    with pytest.raises(FatalError, match="too large"):
        outbox.publish(database, publisher)
    assert outbox.waiting(database, ["0", "1", "2", "3", "4"]) == 1


def test_an_id_that_another_event_has_is_an_error(database: Connection) -> None:
    """A real event was dropped in silence where somebody had taken its id before."""
    outbox.put(database, [event("id")])
    outbox.put(database, [event("id")])
    for other in (event("id", b"[]"), event("id", kind=topics.ALARM_RAISED)):
        with pytest.raises(FatalError, match="another event"):
            outbox.put(database, [other])
    outbox.put_again(database, [event("id", b"[]")])
    with pytest.raises(FatalError, match="another event"):
        outbox.put_again(database, [event("id", kind=topics.ALARM_RAISED)])
    assert database.execute("SELECT value FROM custodian.outbox").fetchall() == [(b"[]",)]


def test_an_act_whose_id_is_taken_is_an_error_too(database: Connection) -> None:
    """By the function that writes what people do, which takes its own again."""
    note = "SELECT custodian.note_act('id', 'about', 'c', NULL, '2025-03-15T09:00:00Z', %s)"
    for _ in range(2):
        database.execute(note, ('{"action": "halt"}',))
    with pytest.raises(psycopg.errors.DataCorrupted, match="another event"):
        database.execute(note, ('{"action": "resume"}',))
