"""From a record of Kafka to its row: verbatim bytes, digest, and what its headers say, as far as they say anything."""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from pipeline.domain.moments import EARLIEST, LATEST
from pipeline.log.envelope import Headers, Record

TEXT_LENGTH_MAX = 512
"""What a header may have to be copied into a column of its own; longer ones stand in the headers only."""

_EPOCH = datetime.fromtimestamp(0, UTC)
_EARLIEST_MS, _LATEST_MS = (int(at.timestamp()) * 1000 for at in (EARLIEST, LATEST))

HeaderText = str | dict[str, str] | None


def row_of(record: Record, topic_no: int, now: datetime) -> tuple[Any, ...]:
    """Return the row, in the order of the statement `copy_records`."""
    attributes = attributes_of(record.headers)
    return (
        topic_no,
        record.partition,
        record.offset,
        produced_at(record.timestamp_ms),
        now,
        attributes[0],
        attributes[1],
        attributes[2],
        hashlib.sha256(record.value).digest(),
        record.key,
        headers_text(record.headers),
        record.value,
    )


def produced_at(timestamp_ms: int) -> datetime | None:
    """Return when a record was produced; None where its producer wrote no time that can be meant, such as microseconds, or -1 for none."""
    return _EPOCH + timedelta(milliseconds=timestamp_ms) if _EARLIEST_MS <= timestamp_ms < _LATEST_MS else None


def attributes_of(headers: Headers) -> tuple[str | None, str | None, str | None]:
    """Return ce_id, ce_type and ce_subject; None for what is absent or no printable text: a poison record is archived all the same."""
    found: dict[str, bytes | None] = {}
    for name, value in headers:
        found.setdefault(name, value)
    return _text(found.get("ce_id")), _text(found.get("ce_type")), _text(found.get("ce_subject"))


def _text(value: bytes | None) -> str | None:
    if not value:
        return None
    try:
        text = value.decode()
    except UnicodeDecodeError:
        return None
    return text if len(text) <= TEXT_LENGTH_MAX and text.isprintable() else None


def headers_text(headers: Headers) -> str:
    """Write headers as JSON, in their order and without loss: [[name, text]…], bytes that are no UTF-8 as {"base64": …}."""
    return orjson.dumps([(name, _header(value)) for name, value in headers]).decode()


def headers_of(text: str) -> Headers:
    """Read headers as `headers_text` wrote them."""
    return [(name, _bytes(value)) for name, value in orjson.loads(text)]


def _header(value: bytes | None) -> HeaderText:
    if value is None:
        return None
    try:
        return value.decode()
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(value).decode()}


def _bytes(value: HeaderText) -> Any:
    if value is None:
        return None
    return base64.b64decode(value["base64"]) if isinstance(value, dict) else value.encode()
