"""A document of reference rates: a JSON array with one object per pair.

    [{"source_currency": "JPYSC0", "target_currency": "USDCx", "rate": "112.04", "sources": 5, "quoted_at": "2026-03-01T09:00:00.000Z"}]

`rate` is in source units per target unit, a decimal string; `sources` is from how many sources it was made; `quoted_at` is when it was
current. Other members are kept in the verbatim entry and not looked at. Pure; a document is read whole or refused whole, since half of a
document is no statement of anybody's.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from pipeline.domain.identifiers import opaque
from pipeline.domain.money import parse_amount
from pipeline.errors import PoisonRecordError
from pipeline.log import strict_json
from pipeline.log.envelope import parse_time
from pipeline.ports import RateReading, RateSeen, Unreadable

SIZE_MAX = 256 * 1024
"""Bytes of a document: some 1,500 pairs."""
AHEAD_MAX = timedelta(minutes=1)
"""How far a provider's time may be ahead of ours: beyond it nobody knows how old its rates are, and one far in the future would never be
followed by a newer one."""
SOURCES_MAX = 1_000_000


def reading_of(body: bytes, *, received_at: datetime) -> RateReading:
    """Return what a document states, or that it cannot be read; `body` may be the beginning of one that is over the limit."""
    try:
        return RateReading(seen=parse_rates(body, now=received_at), received_at=received_at)
    except PoisonRecordError as error:
        unreadable = Unreadable(origin="read", body=body, reason=error.reason, seen_at=received_at, event_type="rates")
        return RateReading(seen=unreadable, received_at=received_at)


def parse_rates(body: bytes, *, now: datetime) -> tuple[RateSeen, ...]:
    """Return the rates of a document; raise PoisonRecordError with the entry and what is wrong with it."""
    rates: list[RateSeen] = []
    for number, (value, verbatim) in enumerate(strict_json.elements(body, size_max=SIZE_MAX), start=1):
        try:
            rates.append(_rate(value, verbatim, now))
        except PoisonRecordError as error:
            raise PoisonRecordError(f"entry {number}: {error.reason}") from None
    pairs = [rate.pair for rate in rates]
    if len(set(pairs)) != len(pairs):
        twice = next(pair for pair in pairs if pairs.count(pair) > 1)
        raise PoisonRecordError(f"two rates for {'/'.join(twice)}")
    return tuple(rates)


def _rate(value: Any, verbatim: bytes, now: datetime) -> RateSeen:
    if not isinstance(value, dict):
        raise PoisonRecordError("no JSON object")
    missing = [name for name in ("source_currency", "target_currency", "rate", "sources", "quoted_at") if value.get(name) is None]
    if missing:
        raise PoisonRecordError(f"{missing[0]} is missing")
    parse_amount(value["rate"], "rate")
    sources = value["sources"]
    if not isinstance(sources, int) or isinstance(sources, bool) or not 0 <= sources <= SOURCES_MAX:
        raise PoisonRecordError(f"sources is no number from 0 to {SOURCES_MAX}")
    quoted_at = parse_time(value["quoted_at"], "quoted_at")
    if quoted_at > now + AHEAD_MAX:
        raise PoisonRecordError(f"quoted_at is more than {AHEAD_MAX.seconds} s ahead of our clock: {value['quoted_at'][:60]!r}")
    return RateSeen(
        pair=(opaque(value["source_currency"], "source_currency"), opaque(value["target_currency"], "target_currency")),
        rate=value["rate"],
        sources=sources,
        quoted_at=quoted_at,
        document=verbatim.decode(),
    )
