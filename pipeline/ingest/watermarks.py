"""Which times of the venue's record may say how far a listing has come: moments, and none of the future.

A `created_at` of year 1 (how Go and .NET write an unset time) or of 9999 is no watermark; nor is one that lies ahead of our own clock, or
everything created until then would count as listed.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from pipeline.domain.moments import EARLIEST, is_moment
from pipeline.errors import PoisonRecordError
from pipeline.log.envelope import parse_time

OVERLAP = timedelta(seconds=10)
"""How far a window reaches back behind its watermark: a record may appear a little after the time that it states."""


def moments(texts: Iterable[str | None], *, now: datetime) -> list[datetime]:
    """Return those times that are moments up to `now`."""
    return [at for text in texts if text and (at := _read(text)) is not None and is_moment(at) and at <= now]


def sound(watermark: datetime | None, *, now: datetime) -> datetime | None:
    """Return a stored watermark, None when it is none: then the listing that it bounds goes through everything once."""
    return watermark.astimezone(UTC) if watermark is not None and is_moment(watermark) and watermark <= now else None


def window_from(watermark: datetime | None) -> datetime | None:
    """Return where a window begins that reaches back behind a watermark; None for one without a beginning."""
    return None if watermark is None else max(EARLIEST, watermark - OVERLAP)


def _read(text: str) -> datetime | None:
    try:
        return parse_time(text, "a time of the record")
    except PoisonRecordError:
        return None
