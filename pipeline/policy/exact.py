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
BASIS = Decimal(10_000)

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


def within_basis_points(value: Decimal, reference: Decimal, limit: Decimal) -> bool:
    """Tell whether two positive values are at most `limit` basis points of the reference apart, without dividing."""
    return times(abs(minus(value, reference)), BASIS) <= times(limit, reference)


def basis_points(value: Decimal, reference: Decimal) -> str:
    """Write how far a value is from a positive reference, in basis points rounded up to four decimals: to be shown, not to be compared."""
    apart = _SHOWN.divide(times(abs(minus(value, reference)), BASIS), reference)
    return plain(_SHOWN.quantize(apart, Decimal("0.0001"))) if apart < 10**12 else "over 1000000000000"


def duration(text: object) -> timedelta:
    """Read a duration such as "250ms", "30s", "5m", "24h" or "7d"; raise ValueError that says what to write."""
    match = _DURATION.fullmatch(text.strip()) if isinstance(text, str) else None
    if match is None:
        raise ValueError('write a duration in quotes such as "250ms", "30s", "5m", "24h" or "7d"')
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


def duration_text(span: timedelta) -> str:
    """Write a duration in the largest unit that fits it exactly."""
    milliseconds = span // timedelta(milliseconds=1)
    for unit, size in (("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000)):
        if milliseconds and milliseconds % size == 0 and (unit != "d" or milliseconds > size):  # a day is "24h", as people write it
            return f"{milliseconds // size}{unit}"
    return f"{milliseconds}ms" if milliseconds else "0s"


def span_text(span: timedelta) -> str:
    """Write a measured span in seconds, to the millisecond, downwards."""
    milliseconds = span.days * 86_400_000 + span.seconds * 1000 + span.microseconds // 1000
    sign = "-" if milliseconds < 0 else ""
    return f"{sign}{abs(milliseconds) // 1000}.{abs(milliseconds) % 1000:03d}s"
