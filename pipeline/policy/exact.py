"""Exact arithmetic on decimals, and how amounts, durations and basis points are written.

Python's default decimal context rounds to 28 digits; this one never rounds: what does not fit raises. Amounts have at most 76
digits and two digits of exponent, so that products and sums fit by far.
"""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import ROUND_CEILING, Context, Decimal, Inexact, InvalidOperation, Overflow

from pipeline.domain.money import plain

EXACT = Context(prec=1000, traps=[Inexact, InvalidOperation, Overflow])
_SHOWN = Context(prec=60, rounding=ROUND_CEILING)
_SHOWN_UNIT = Decimal("0.0001")
BASIS = Decimal(10_000)
DURATION_MAX = timedelta(days=3660)
"""Ten years: a longer span in a policy is a slip of the pen, and one before the year 1 cannot be computed."""

_SUM = re.compile(r"[0-9]{1,250}(\.[0-9]{1,250})?")
COUNT_DIGITS_MAX = 18
_DURATION = re.compile(r"([0-9]{1,9})(ms|s|m|h|d)")
_UNITS = {"ms": "milliseconds", "s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def amount(text: str | None) -> Decimal | None:
    """Return the value of a positive decimal string; None when there is none, or it cannot be read, or is zero."""
    if text is None:
        return None
    try:
        value = Decimal(text)
    except (InvalidOperation, ValueError):
        return None
    return value if value.is_finite() and value > 0 else None


def times(one: Decimal, other: Decimal) -> Decimal:
    """Multiply without rounding."""
    return EXACT.multiply(one, other)


def plus(one: Decimal, other: Decimal) -> Decimal:
    """Add without rounding."""
    return EXACT.add(one, other)


def minus(one: Decimal, other: Decimal) -> Decimal:
    """Subtract without rounding."""
    return EXACT.subtract(one, other)


def apart(one: Decimal, other: Decimal) -> Decimal:
    """Return how far apart two values are, without rounding: `abs` would round to Python's 28 digits."""
    return EXACT.subtract(one, other).copy_abs()


def around(reference: Decimal, limit: Decimal) -> tuple[Decimal, Decimal]:
    """Return the lowest and highest that ten thousand times a value may be, to be at most `limit` basis points from a positive reference.

    Times ten thousand, so that nothing is divided; computed once where many values are held against one reference.
    """
    return EXACT.multiply(reference, EXACT.subtract(BASIS, limit)), EXACT.multiply(reference, EXACT.add(BASIS, limit))


def basis_points(value: Decimal, reference: Decimal) -> str:
    """Write how far a value is from a positive reference, in basis points rounded up to four decimals: to be shown, not to be compared."""
    found = _SHOWN.divide(times(apart(value, reference), BASIS), reference)
    return plain(_SHOWN.quantize(found, _SHOWN_UNIT)) if found < 10**12 else "over 1000000000000"


def total(text: str | None) -> Decimal | None:
    """Return the value of a sum as read for a decision; None when it is not there, not known, or no sum.

    Our own are sums; in a replay there are the counters of other engines too.
    """
    if text is None:
        return None
    whole = text.isdigit() and text.isascii() and len(text) <= COUNT_DIGITS_MAX  # the most, and quicker than the pattern
    return Decimal(text) if whole or _SUM.fullmatch(text) else None


def count(text: str | None) -> int | None:
    """Return a number of orders as read for a decision; None when it is not there, not known, or no such number."""
    return int(text) if text is not None and text.isascii() and text.isdigit() and len(text) <= COUNT_DIGITS_MAX else None


def duration(text: object) -> timedelta:
    """Read a duration such as "250ms", "30s", "5m", "24h" or "7d", ten years at most; raise ValueError that says what to write."""
    match = _DURATION.fullmatch(text.strip()) if isinstance(text, str) else None
    if match is None:
        raise ValueError('write a duration in quotes such as "250ms", "30s", "5m", "24h" or "7d"')
    span = timedelta(**{_UNITS[match[2]]: int(match[1])})
    if span > DURATION_MAX:
        raise ValueError(f'write a shorter duration: "{DURATION_MAX.days}d" at most')
    return span


def duration_text(span: timedelta) -> str:
    """Write a duration in the largest unit that fits it exactly."""
    milliseconds = span // timedelta(milliseconds=1)
    for unit, size in (("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000)):
        if milliseconds and milliseconds % size == 0 and (unit != "d" or milliseconds > size):  # a day is "24h", as people write it
            return f"{milliseconds // size}{unit}"
    return f"{milliseconds}ms" if milliseconds else "0s"


def span_text(span: timedelta) -> str:
    """Write a measured span in seconds, to the millisecond, downwards."""
    days, seconds = span.days, span.seconds
    if days == 0:
        return f"{seconds}.{span.microseconds // 1000:03d}s"
    milliseconds = days * 86_400_000 + seconds * 1000 + span.microseconds // 1000
    sign = "-" if milliseconds < 0 else ""
    return f"{sign}{abs(milliseconds) // 1000}.{abs(milliseconds) % 1000:03d}s"
