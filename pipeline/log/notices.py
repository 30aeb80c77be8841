"""Alarms and dead letters: how every stage says that a person has to look, or that something could not be read."""

from __future__ import annotations

import base64
import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any

from pipeline.errors import PoisonRecordError
from pipeline.log import topics
from pipeline.log.codec import decode, encode
from pipeline.log.envelope import Envelope, Headers, Outgoing, Record, correlation_of, derive_id, header, parse_time, time_text
from schemas.events import AlarmRaised, Coordinates, CutPart, DeadLetter, Severity

BODY_KEPT_MAX = 512 * 1024
"""Bytes of an unreadable document that travel in its dead letter; base64 keeps the record under Kafka's usual 1 MiB."""
KEY_KEPT_MAX, HEADERS_KEPT_MAX, REASON_KEPT_MAX, TEXT_KEPT_MAX = 16 * 1024, 24 * 1024, 2048, 512
"""Bytes of a dead record's key and headers, characters of a reason and of a text that goes into a header. With every byte written as an
escape of six, and headers in base64 besides, a letter is under 1,000 KiB: one that no broker takes would end the role at every start."""
_HEADER_COST = 16
"""Bytes that a header takes beside name and value; many small ones are large together."""
ALARM_KINDS = (
    "amount_beyond_scale",
    "archive_unsound",
    "break_found",
    "command_outcome_unknown",
    "command_while_open",
    "cost_guard_broken",
    "database_regressed",
    "decision_contradicted",
    "decision_forged",
    "decision_late",
    "decision_malformed",
    "decision_missing",
    "decision_unapproved",
    "double_settlement",
    "evidence_ahead",
    "partition_parked",
    "position_hole",
    "quote_disagrees",
    "record_failed",
    "schema_version",
    "settlement_conflict",
    "settlement_incomplete",
    "settlement_not_ours",
    "settlement_unattributed",
    "settlement_unreadable",
    "stream_gap",
    "terminal_contradicted",
    "topic_repartitioned",
    "topic_replaced",
    "topic_truncated",
    "unknown_status",
    "venue_not_reconciled",
    "venue_party_changed",
    "venue_unreadable",
    "wake_failed",
)
"""Every kind of alarm; each has a page in infra/runbooks/, and is counted from the start of a process."""
DETAIL_KEPT_MAX = 4096
"""Characters of one detail of an alarm."""


def alarm(
    *,
    kind: str,
    severity: Severity,
    venue: str | None,
    subject: str,
    detail: Mapping[str, str],
    now: datetime,
    source: str,
    causation_id: str | None = None,
    identity: tuple[str, ...] = (),
) -> Outgoing:
    """Build an alarm; its id is derived from kind, venue, subject and `identity` (what tells two alarms about one subject apart)."""
    alarm_id = derive_id("alarm", kind, venue, subject, *identity)
    event = AlarmRaised(
        alarm_id=alarm_id,
        kind=kind,
        severity=severity,
        venue=venue,
        subject=subject,
        raised_at=time_text(now),
        detail={name: text[:DETAIL_KEPT_MAX] for name, text in detail.items()},
    )
    envelope = Envelope(
        id=alarm_id,
        kind=topics.ALARM_RAISED,
        source=source,
        subject=subject,
        time=now,
        correlation_id=correlation_of(venue, subject),
        causation_id=causation_id,
    )
    return Outgoing(envelope=envelope, key=subject, value=encode(event))


def dead_letter(
    *,
    venue: str,
    origin: str,
    body: bytes,
    reason: str,
    now: datetime,
    event_type: str | None = None,
    sha256: str | None = None,
    size: int | None = None,
) -> Outgoing:
    """Build the dead letter of what a venue sent (`origin` "stream" or "read").

    Where only the beginning of the bytes was kept, `sha256` and `size` are those of the whole.
    """
    digest = sha256 or hashlib.sha256(body).hexdigest()
    whole = size if size is not None else len(body)
    event = DeadLetter(
        dead_letter_id=derive_id("dead-letter", venue, origin, digest, time_text(now)),
        venue=venue,
        origin="stream" if origin == "stream" else "read",
        reason=reason[:REASON_KEPT_MAX],
        sha256=digest,
        size=whole,
        seen_at=time_text(now),
        body=base64.b64encode(body[:BODY_KEPT_MAX]).decode(),
        body_complete=whole <= min(len(body), BODY_KEPT_MAX),
        event_type=None if event_type is None else event_type[:TEXT_KEPT_MAX],
    )
    return _outgoing(event, key=venue, source=f"/venues/{venue}", now=now)


def dead_letter_of_rates(provider: str, *, body: bytes, reason: str, now: datetime) -> Outgoing:
    """Build the dead letter of a document of reference rates; its id is derived from provider and bytes: one document, one letter."""
    digest = hashlib.sha256(body).hexdigest()
    event = DeadLetter(
        dead_letter_id=derive_id("dead-letter", "rates", provider, digest),
        origin="read",
        reason=f"rates.{provider}: {reason}"[:REASON_KEPT_MAX],
        sha256=digest,
        size=len(body),
        seen_at=time_text(now),
        body=base64.b64encode(body[:BODY_KEPT_MAX]).decode(),
        body_complete=len(body) <= BODY_KEPT_MAX,
        event_type="rates",
    )
    return _outgoing(event, key=f"rates.{provider}", source=f"/rates/{provider}", now=now)


def dead_letter_of_record(record: Record, *, reason: str, now: datetime, source: str, venue: str | None = None) -> Outgoing:
    """Build the dead letter of a Kafka record; a repeated refusal is the same letter.

    Its id is derived from the coordinates. That of a record that was requeued is derived from the requeue and the bytes instead: a requeue
    that was cut off and finished may have produced the record twice, and it dies once all the same.
    """
    digest = hashlib.sha256(record.value).hexdigest()
    history = history_of(record.headers)
    place: tuple[str, ...] = (str(record.partition), str(record.offset), *_later(record.epoch))
    if history:
        place = ("requeued", history["requeued_from"], str(history.get("requeued_times")), digest)
    event = DeadLetter(
        dead_letter_id=derive_id("dead-letter", source, record.topic, *place),
        venue=venue,
        origin=Coordinates(
            topic=record.topic, partition=record.partition, offset=record.offset, epoch=record.epoch if record.epoch > 1 else None
        ),
        reason=reason[:REASON_KEPT_MAX],
        sha256=digest,
        size=len(record.value),
        seen_at=time_text(now),
        body=base64.b64encode(record.value[:BODY_KEPT_MAX]).decode(),
        body_complete=len(record.value) <= BODY_KEPT_MAX,
        **_kept(record),
        **history,
    )
    key = event.key if event.key and len(event.key) <= TEXT_KEPT_MAX else f"{record.topic}[{record.partition}]"
    cause = header(record.headers, "ce_id")
    return _outgoing(event, key=key, source=source, now=now, causation_id=cause if cause and len(cause) <= TEXT_KEPT_MAX else None)


def _later(epoch: int) -> tuple[str, ...]:
    """Return what makes coordinates of a later epoch other ones; nothing for the first, so that its ids stay what they were."""
    return () if epoch == 1 else ("epoch", str(epoch))


def _kept(record: Record) -> dict[str, Any]:
    """Return key and headers as fields of a dead letter, without loss as far as there is room, and what had to be cut."""
    fields: dict[str, Any] = {}
    cut: list[CutPart] = []
    key = record.key
    if key is not None:
        text = _text(key)
        if len(key) > KEY_KEPT_MAX:
            fields["key_base64"] = base64.b64encode(key[:KEY_KEPT_MAX]).decode()
            cut.append(CutPart(part="key", size=len(key), sha256=hashlib.sha256(key).hexdigest()))
        elif text is not None:
            fields["key"] = text
        else:
            fields["key_base64"] = base64.b64encode(key).decode()
    headers, room = [], HEADERS_KEPT_MAX
    sizes = [len(name.encode()) + len(value or b"") + _HEADER_COST for name, value in record.headers]
    for number in sorted(range(len(sizes)), key=lambda number: (sizes[number], number)):  # what is small says most
        if (room := room - sizes[number]) < 0:
            whole = b"".join(name.encode() + (value or b"") for name, value in record.headers)
            cut.append(CutPart(part="headers", size=len(whole), sha256=hashlib.sha256(whole).hexdigest()))
            break
        headers.append(number)
    kept = [record.headers[number] for number in sorted(headers)]
    texts = {name: text for name, value in kept if value is not None and (text := _text(value)) is not None}
    fields["headers"] = texts
    if len(texts) < len(kept):
        fields["headers_base64"] = [(name, None if value is None else base64.b64encode(value).decode()) for name, value in kept]
    if cut:
        fields["cut"] = cut
    return fields


def _text(value: bytes) -> str | None:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return None


REQUEUED_FROM = "requeued_from"
FIRST, TIMES, AT, BY, REASON = "first_dead_letter_id", "requeued_times", "requeued_at", "requeued_by", "requeued_reason"
"""Headers of a requeued record, named as the fields of the dead letter that it becomes when it dies again."""
HISTORY = (REQUEUED_FROM, FIRST, TIMES, AT, BY, REASON)
_TEXT_MAX = 512


def history_of(headers: Headers) -> dict[str, Any]:
    """Return what a record's headers say about its requeue, as fields of a dead letter; nothing for one that was not requeued.

    Anybody can write headers: what is not of its form is left out.
    """
    before = header(headers, REQUEUED_FROM)
    if not before:
        return {}
    said = {name: (header(headers, name) or "")[:_TEXT_MAX] for name in (FIRST, BY, REASON)}
    found: dict[str, Any] = {REQUEUED_FROM: before[:_TEXT_MAX], **{name: text for name, text in said.items() if text}}
    times = header(headers, TIMES) or ""
    if times.isascii() and times.isdigit() and int(times[:9]) > 0:
        found[TIMES] = int(times[:9])
    with suppress(PoisonRecordError):
        found[AT] = time_text(parse_time(header(headers, AT), AT))
    return found


def origins_of(outputs: Iterable[Outgoing]) -> Counter[str]:
    """Count the dead letters among events by where their bytes came from: stream, read, or the topic."""
    letters = (decode(event.value, DeadLetter) for event in outputs if event.envelope.kind is topics.DEAD_LETTER)
    return Counter(letter.origin.topic if isinstance(letter.origin, Coordinates) else letter.origin for letter in letters)


def _outgoing(event: DeadLetter, *, key: str, source: str, now: datetime, causation_id: str | None = None) -> Outgoing:
    envelope = Envelope(
        id=event.dead_letter_id,
        kind=topics.DEAD_LETTER,
        source=source,
        subject=key,
        time=now,
        correlation_id=correlation_of(event.venue, key),
        causation_id=causation_id,
    )
    return Outgoing(envelope=envelope, key=key, value=encode(event))
