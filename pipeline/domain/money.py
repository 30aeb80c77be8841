"""Exact amounts: decimals as a venue writes them, integer minor units as books keep them.

Nothing here rounds. An amount with more decimals than its currency has is refused, never cut (A-22).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from pipeline.errors import PoisonRecordError

DIGITS_MAX = 38
"""Digits an amount may have, before and after the point together: what fits a decimal128 and any ledger we know."""

_CANONICAL = re.compile(r"[1-9][0-9]{0,37}|(?:0|[1-9][0-9]{0,18})\.[0-9]{0,18}[1-9]")
_PLAIN = re.compile(r"[0-9]{1,38}(?:\.[0-9]{1,38})?")
_EXPONENT = re.compile(r"[0-9]{1,38}(?:\.[0-9]{1,38})?[eE][+-]?[0-9]{1,2}")


def parse_amount(text: object, name: str = "amount") -> Decimal:
    """Return the exact value of a decimal string; raise PoisonRecordError when it is a JSON number, negative, zero or too long.

    Zero is refused because no venue document that states an amount may state nothing (contract 3.2: "must be greater than 0").
    """
    if not isinstance(text, str):
        raise PoisonRecordError(f"{name} is a JSON {type(text).__name__}, not a decimal string")
    if _PLAIN.fullmatch(text):
        digits = len(text) - ("." in text)
    elif _EXPONENT.fullmatch(text):
        digits = len(plain(Decimal(text)).replace(".", ""))
    else:
        raise PoisonRecordError(f"{name} is not a positive decimal string of at most {DIGITS_MAX} digits: {text[:60]!r}")
    if digits > DIGITS_MAX:
        raise PoisonRecordError(f"{name} has {digits} digits, over {DIGITS_MAX}")
    value = Decimal(text)
    if not value:
        raise PoisonRecordError(f"{name} is zero")
    return value


def canonical_amount(text: str, name: str = "amount") -> str:
    """Return an amount in the one spelling that equal values share; raise what `parse_amount` raises."""
    if _CANONICAL.fullmatch(text):
        return text  # the common case, without a detour by Decimal
    return plain(parse_amount(text, name))


def plain(value: Decimal) -> str:
    """Write a decimal without exponent and without trailing zeros: equal values give equal text, however many digits.

    No arithmetic here or elsewhere on amounts: Python rounds to 28 digits, the minus sign included.
    """
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


@dataclass(frozen=True, slots=True, kw_only=True)
class Scales:
    """How many decimals each currency has; more are refused."""

    default: int = 18
    by_currency: Mapping[str, int] = field(default_factory=dict)
    listed_only: bool = False
    """The default was not chosen by anybody: of a currency that is not listed nobody knows whether it fits."""

    def of(self, currency: str) -> int:
        """Return the number of decimals of `currency`."""
        return self.by_currency.get(currency, self.default)

    def knows(self, currency: str) -> bool:
        """Tell whether somebody has said how many decimals a currency has."""
        return currency in self.by_currency or not self.listed_only


def to_minor_units(value: Decimal, scale: int) -> int | None:
    """Return a positive `value` in integer minor units, or None when it has more decimals than `scale`."""
    # On digits, not by Decimal.scaleb: decimal arithmetic rounds to its context's 28 digits.
    whole, _, fraction = format(value, "f").partition(".")
    fraction = fraction.rstrip("0")
    return int(whole + fraction.ljust(scale, "0")) if len(fraction) <= scale else None


def from_minor_units(units: int, scale: int) -> Decimal:
    """Return the decimal that `units` minor units are."""
    return Decimal(f"{units}E-{scale}")
