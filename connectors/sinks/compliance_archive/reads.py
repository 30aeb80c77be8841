"""The evidence as lines: records, alarms, dead letters and the story of an intent, in the shape of interface, section 3."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple, TypeVar

from psycopg.rows import dict_row

from connectors.sinks.compliance_archive.adapter import CONSUMER
from connectors.sinks.compliance_archive.rows import headers_of
from connectors.sinks.compliance_archive.stories import Story, tell
from connectors.sinks.compliance_archive.writer import SQL
from pipeline.errors import PoisonRecordError
from pipeline.log import strict_json
from pipeline.log.codec import RECORD_SIZE_MAX, decode
from pipeline.log.envelope import Headers, Record, time_text
from pipeline.log.topics import ALARM_RAISED, DEAD_LETTER, EventType
from pipeline.stores import acts, requeued
from pipeline.stores.positions import Place
from pipeline.stores.postgres import Connection, translated
from schemas.events import AlarmRaised, DeadLetter, Event

E = TypeVar("E", bound=Event)


def records(
    connection: Connection,
    *,
    topic: str | None = None,
    subject: str | None = None,
    with_body: bool = False,
    limit: int | None = None,
) -> Iterator[dict[str, Any]]:
    """Yield records by index, then those that wait for theirs; `topic` is the whole name, `body` is in base64."""
    for row in _rows(connection, topic=topic, subject=subject, with_body=with_body, limit=limit):
        line = {
            "index": row["index"],
            "topic": row["topic"],
            "epoch": row["later_epoch"],
            "partition": row["partition"],
            "offset": row["offset"],
            "ce_id": row["ce_id"],
            "ce_type": row["ce_type"],
            "subject": row["subject"],
            "sha256": row["sha256"].hex(),
            "recorded_at": time_text(row["recorded_at"]),
            "body": base64.b64encode(row["value"]).decode() if with_body else None,
        }
        yield _present(line)


def alarms(
    connection: Connection,
    *,
    kind: str | None = None,
    venue: str | None = None,
    subject: str | None = None,
    open_only: bool = False,
    limit: int | None = None,
) -> Iterator[dict[str, Any]]:
    """Yield alarms in the order of the archive, each once however often it was published, and with who has looked at it."""
    given = 0
    looked_at = acts.acknowledgements(connection)
    for event in _distinct(connection, ALARM_RAISED, AlarmRaised):
        act = looked_at.get(event.alarm_id)
        if kind not in (None, event.kind) or venue not in (None, event.venue) or subject not in (None, event.subject):
            continue
        if open_only and act is not None:
            continue
        if limit is not None and given >= limit:
            return
        given += 1
        said = {"state": "open"}
        if act is not None:
            said = {
                "state": "acknowledged",
                "acknowledged_by": act.acted_by,
                **({} if act.login is None else {"acknowledged_login": act.login}),
                "acknowledged_at": time_text(act.at),
                "acknowledged_reason": act.reason,
            }
        yield event.model_dump(exclude_none=True) | said


def dead_letters(
    connection: Connection, *, venue: str | None = None, open_only: bool = False, limit: int | None = None
) -> Iterator[dict[str, Any]]:
    """Yield records that died, each with all its deaths as one line, in the order of the archive; without their bytes."""
    given = 0
    for story in dead_letter_stories(connection):
        line = story.line()
        if venue not in (None, line["venue"]) or (open_only and line["state"] != "open"):
            continue
        if limit is not None and given >= limit:
            return
        given += 1
        yield _present(line)


def dead_letter_stories(connection: Connection) -> Iterator[Story]:
    """Return the story of every record that died, in the order of first deaths."""
    return tell(_distinct(connection, DEAD_LETTER, DeadLetter), requeued.requeues(connection), requeued.closings(connection))


def dead_letter(connection: Connection, dead_letter_id: str) -> DeadLetter | None:
    """Return one dead letter with its bytes and headers, or None."""
    for event in _distinct(connection, DEAD_LETTER, DeadLetter, ce_id=dead_letter_id):
        return event
    return None


def record(connection: Connection, topic: str, epoch: int, partition: int, offset: int) -> Record | None:
    """Return the record that is archived of these coordinates, or None."""
    row = connection.cursor(row_factory=dict_row).execute(SQL["record"], (topic, epoch, partition, offset)).fetchone()
    return None if row is None else _archived(row).record


def story(connection: Connection, intent_id: str) -> Iterator[dict[str, Any]]:
    """Yield every record about an intent in the order of the archive, with the event that it holds where it holds one."""
    for row in _rows(connection, subject=intent_id, with_body=True):
        try:
            strict_json.scan(row["value"], size_max=RECORD_SIZE_MAX)  # what two readers could read in two ways is shown as no event
            event = json.loads(row["value"])
        except PoisonRecordError:
            event = None
        yield _present(
            {
                "index": row["index"],
                "topic": row["topic"],
                "epoch": row["later_epoch"],
                "partition": row["partition"],
                "offset": row["offset"],
                "ce_id": row["ce_id"],
                "ce_type": row["ce_type"],
                "recorded_at": time_text(row["recorded_at"]),
                "produced_at": None if row["produced_at"] is None else time_text(row["produced_at"]),
                "event": event,
            }
        )


def copies(connection: Connection, topic: str, subject: str) -> Iterator[Archived]:
    """Yield the records of one topic about a subject in the order of the archive, those that wait for their index too."""
    for row in _rows(connection, topic=topic, subject=subject, with_body=True):
        yield _archived({**row, "made_at": row["produced_at"] or row["recorded_at"]})


def events(connection: Connection, kind: EventType, event_class: type[E]) -> Iterator[E]:
    """Yield the events of a kind in the order of the archive, each once however often it was published."""
    return _distinct(connection, kind, event_class)


def events_with_digests(connection: Connection, kind: EventType, event_class: type[E]) -> Iterator[tuple[E, str]]:
    """Yield the events of a kind like `events`, each with the SHA-256 of its bytes as they were archived."""
    return _with_digests(connection, kind, event_class)


@dataclass(frozen=True, slots=True, kw_only=True)
class Archived:
    """A record as the archive holds it, to be run again."""

    record: Record
    at: datetime
    """When it was produced by Kafka's time stamp, in milliseconds; never before an earlier record of its partition."""
    recorded_at: datetime
    intact: bool
    """Whether the bytes have the digest that was stored with them."""


def sequenced_until(connection: Connection, topics: Sequence[str]) -> dict[Place, int]:
    """Return the offset before which the records of each partition have an index, for every epoch of a topic."""
    rows = connection.execute(SQL["sequenced_until"], {"topics": list(topics), "consumer": CONSUMER}).fetchall()
    return {(topic, epoch, partition): end for topic, epoch, partition, end in rows}


def in_order(connection: Connection, topics: Sequence[str]) -> Iterator[Archived]:
    """Yield sequenced records partition by partition, in the order of offsets within a topic, topics merged by time.

    Streams in the open transaction; records made at the same millisecond come in the order of `topics`.
    """
    with _streamed(connection, "records_in_order", {"topics": list(topics)}) as rows:
        yield from map(_archived, rows)


def by_key(
    connection: Connection,
    topics: Sequence[str],
    *,
    ends: Mapping[Place, int],
    key: bytes | None = None,
    until: datetime | None = None,
) -> Iterator[Archived]:
    """Yield sequenced records key by key, those of a key as `in_order` has them; of a partition in `ends` only what lies before its end.

    Streams in the open transaction. Records without a key come first, and those produced at `until` or later not at all.
    """
    bounds = {
        "topics_of_ends": [topic for topic, _, _ in ends],
        "epochs_of_ends": [epoch for _, epoch, _ in ends],
        "partitions_of_ends": [partition for _, _, partition in ends],
        "ends": list(ends.values()),
    }
    with _streamed(connection, "records_by_key", {"topics": list(topics), "key": key, "until": until, **bounds}) as rows:
        yield from map(_archived, rows)


def _archived(row: Mapping[str, Any]) -> Archived:
    value = bytes(row["value"])
    record = Record(
        topic=row["topic"],
        partition=row["partition"],
        offset=row["offset"],
        key=None if row["key"] is None else bytes(row["key"]),
        value=value,
        headers=headers_of(row["headers"]),
        timestamp_ms=int(row["made_at"].timestamp() * 1000),
        epoch=row["epoch"],
    )
    intact = hashlib.sha256(value).digest() == bytes(row["sha256"])
    return Archived(record=record, at=row["made_at"], recorded_at=row["recorded_at"], intact=intact)


class Copies(NamedTuple):
    """An event as often as it was published."""

    key: bytes
    ce_type: str
    ce_id: str
    at: datetime
    """When the first copy was produced."""
    copies: Sequence[tuple[Headers, bytes]]


def published(connection: Connection, topics: Sequence[str], *, key: bytes | None = None) -> Iterator[Copies]:
    """Yield the events of topics, each once with all its copies, in the order of key, type and id; what is no event is left out.

    Streams in the open transaction.
    """
    with _streamed(connection, "published", {"topics": list(topics), "key": key}) as rows:
        for row in rows:
            copies = [(headers_of(headers), bytes(value)) for headers, value in zip(row["headers"], row["copies"], strict=True)]
            yield Copies(bytes(row["key"]), row["ce_type"], row["ce_id"], row["at"], copies)


def newest(connection: Connection, topics: Sequence[str]) -> datetime | None:
    """Return when the newest record of these topics was produced."""
    row = connection.execute(SQL["newest"], {"topics": list(topics)}).fetchone()
    return None if row is None else row[0]


def _distinct(connection: Connection, kind: EventType, event_class: type[E], ce_id: str | None = None) -> Iterator[E]:
    for event, _ in _with_digests(connection, kind, event_class, ce_id):
        yield event


def _with_digests(connection: Connection, kind: EventType, event_class: type[E], ce_id: str | None = None) -> Iterator[tuple[E, str]]:
    seen: set[str] = set()
    for row in _rows(connection, ce_type=kind.ce_type, ce_id=ce_id, with_body=True):
        if row["ce_id"] is None or row["ce_id"] in seen or not row["topic"].endswith(kind.name):
            continue
        try:
            event = decode(bytes(row["value"]), event_class)
        except PoisonRecordError:
            continue  # somebody else wrote into the topic: it is archived, and no alarm of ours
        seen.add(row["ce_id"])
        yield event, bytes(row["sha256"]).hex()


def _rows(
    connection: Connection,
    *,
    topic: str | None = None,
    subject: str | None = None,
    ce_type: str | None = None,
    ce_id: str | None = None,
    with_body: bool = False,
    limit: int | None = None,
) -> Iterator[dict[str, Any]]:
    wanted = {"topic": topic, "subject": subject, "ce_type": ce_type, "ce_id": ce_id, "with_body": with_body}
    given = 0
    with translated("reading the archive"), connection.transaction():
        for statement in ("sequenced_records", "other_records"):
            left = None if limit is None else limit - given
            with _streamed(connection, statement, {**wanted, "limit": left}) as rows:
                for row in rows:
                    given += 1
                    yield row


@contextmanager
def _streamed(connection: Connection, statement: str, parameters: dict[str, Any]) -> Iterator[Iterator[dict[str, Any]]]:
    with connection.cursor(name=f"archive_{statement}", row_factory=dict_row) as cursor:
        cursor.itersize = 500
        cursor.execute(SQL[statement], parameters, binary=True)
        yield iter(cursor)


def _present(line: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in line.items() if value is not None}
