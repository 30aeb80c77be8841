"""What an order says: its terms, whose it is, and when two statements contradict each other.

Terms are compared by value: "112.0" is "112", an instant is an instant in any notation, and what a document
leaves out contradicts nothing. Source: Musubi contract 4.1 and the design's section on events.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Literal

from pipeline.domain.identifiers import PartyId
from pipeline.domain.money import plain

Side = Literal["sender", "receiver", "both", "none"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a settlement is about; None where a document does not say."""

    source_currency: str | None = None
    target_currency: str | None = None
    target_amount: Decimal | None = None
    source_amount_actual: Decimal | None = None
    fx_rate: Decimal | None = None
    settled_at: datetime | None = None
    sender_custodian_party_id: PartyId | None = None
    receiver_custodian_party_id: PartyId | None = None

    def stated(self) -> dict[str, str]:
        """Return what is stated, by name, in one canonical spelling."""
        stated: dict[str, str] = {}
        for name in TERM_NAMES:
            value = getattr(self, name)
            if value is not None:
                stated[name] = canonical(value)
        return stated

    @property
    def missing(self) -> tuple[str, ...]:
        """Name what a booking needs and this does not state."""
        return tuple(name for name in REQUIRED_FOR_BOOKING if getattr(self, name) is None)


TERM_NAMES = tuple(f.name for f in fields(Terms))
REQUIRED_FOR_BOOKING = tuple(name for name in TERM_NAMES if name != "fx_rate")


def canonical(value: str | Decimal | datetime) -> str:
    """Spell a value so that equal values give equal text."""
    match value:
        case Decimal():
            return plain(value)
        case datetime():
            return value.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
        case _:
            return value


def digest(stated: Mapping[str, str]) -> str:
    """Return the SHA-256 (lower-case hex) of canonical statements, whatever their order."""
    names, text = _layout(tuple(stated))
    return hashlib.sha256((text % tuple(map(stated.__getitem__, names))).encode()).hexdigest()


@lru_cache(maxsize=64)  # what states the same names is most of what there is
def _layout(names: tuple[str, ...]) -> tuple[tuple[str, ...], str]:
    """Return the names in the digest's order, and the text of which their values are the parameters."""
    ordered = tuple(sorted(names))
    return ordered, "\x1e".join([name.replace("%", "%%") + "\x1f%s" for name in ordered])


def contradictions(one: dict[str, str], other: dict[str, str]) -> tuple[str, ...]:
    """Name what both canonical statements state with different values."""
    return tuple(sorted(name for name in one.keys() & other.keys() if one[name] != other[name]))


def side_of(own: str | None, sender_custodian: str | None, receiver_custodian: str | None) -> Side | None:
    """Tell on which side of an order we are the custodian; None while the document does not say enough.

    Decided per order by party id, not by role (contract 1.2, A-29).
    """
    if own is None or (sender_custodian is None and receiver_custodian is None):
        return None
    sends, receives = own == sender_custodian, own == receiver_custodian
    if sends and receives:
        return "both"
    if sends:
        return "sender" if receiver_custodian is not None else None
    if receives:
        return "receiver" if sender_custodian is not None else None
    return "none" if sender_custodian is not None and receiver_custodian is not None else None
