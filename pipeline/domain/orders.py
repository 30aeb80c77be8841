"""What an order says: its terms, whose it is, and when two statements contradict each other.

Terms are compared by value: "112.0" is "112", an instant is an instant in any notation, and what a document
leaves out contradicts nothing. Whose money moves is a term like how much: the clients on both sides belong to the identity.
Source: Musubi contract 4.1 and the design's section on events.

What the digest of terms covers, by version:

    1   currencies, amounts, rate, custodians, and the time of settlement, cut to microseconds
    2   the same, the version itself, and both clients. Two times are the same moment when they agree at the resolution of the coarser one,
        cut or rounded to it: a digest cannot say that, `contradictions` does

Both are read for ever: what was emitted, booked and remembered under version 1 keeps its digest and its id.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Literal

from pipeline.domain.identifiers import PartyId
from pipeline.domain.money import plain

Side = Literal["sender", "receiver", "both", "none"]

Own = str | frozenset[str] | None
"""Our own party ids at a venue; None while we do not know them."""


@dataclass(frozen=True, slots=True)
class Leg:
    """What moves through our custody on one side of an order: whose it is, in what and how much, by the names of the terms."""

    client: str
    currency: str
    amount: str


SOURCE_LEG = Leg("sender_party_id", "source_currency", "source_amount_actual")
TARGET_LEG = Leg("receiver_party_id", "target_currency", "target_amount")
LEGS: Mapping[Side, tuple[Leg, ...]] = {"sender": (SOURCE_LEG,), "receiver": (TARGET_LEG,), "both": (SOURCE_LEG, TARGET_LEG), "none": ()}
"""The legs that are booked, by the side on which we are the custodian; the client of each is ours."""


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
    sender_party_id: PartyId | None = None
    receiver_party_id: PartyId | None = None

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
        """Name what every booking needs and this does not state; whose client has to be named follows from the side."""
        return tuple(name for name in REQUIRED_FOR_BOOKING if getattr(self, name) is None)


TERM_NAMES = tuple(f.name for f in fields(Terms))
CLIENTS = (SOURCE_LEG.client, TARGET_LEG.client)
REQUIRED_FOR_BOOKING = tuple(name for name in TERM_NAMES if name not in ("fx_rate", *CLIENTS))
TERMS_VERSION = 2


def unnamed_clients(side: Side | None, stated: Mapping[str, str]) -> tuple[str, ...]:
    """Name the clients of ours, by term, whom a statement does not name."""
    return () if side is None else tuple(leg.client for leg in LEGS[side] if leg.client not in stated)


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
    return _digest(stated, None)


def terms_digest(stated: Mapping[str, str], *, version: int = TERMS_VERSION) -> str:
    """Return the SHA-256 (lower-case hex) of an order's terms in canonical spelling, as this or an older version covers them."""
    if version == 1:
        return digest({name: text for name, text in stated.items() if name not in CLIENTS})
    return _digest(stated, version)


def _digest(stated: Mapping[str, str], version: int | None) -> str:
    names, text = _layout(tuple(stated), version)
    return hashlib.sha256((text % tuple(map(stated.__getitem__, names))).encode()).hexdigest()


@lru_cache(maxsize=64)  # what states the same names is most of what there is
def _layout(names: tuple[str, ...], version: int | None) -> tuple[tuple[str, ...], str]:
    """Return the names in the digest's order, and the text that takes their values; a version is one statement more."""
    parts = {name: name.replace("%", "%%") + "\x1f%s" for name in names}
    if version is not None:
        parts["terms_version"] = f"terms_version\x1f{version}"
    return tuple(sorted(names)), "\x1e".join([parts[name] for name in sorted(parts)])


def contradictions(one: Mapping[str, str], other: Mapping[str, str]) -> tuple[str, ...]:
    """Name what both canonical statements state with different values."""
    differ = [name for name in one.keys() & other.keys() if one[name] != other[name]]
    return tuple(sorted(name for name in differ if name != "settled_at" or not same_moment(one[name], other[name])))


_RESOLUTIONS = (timedelta(seconds=1), timedelta(milliseconds=1), timedelta(microseconds=1))


def same_moment(one: str, other: str) -> bool:
    """Tell whether two canonical times can be one moment: the finer one, cut or rounded to the resolution of the coarser, is the coarser.

    A time's resolution is the coarsest of second, millisecond and microsecond that holds it exactly: how many digits were written is lost
    in canonical spelling and in the books, and some venues drop zeros. Nanoseconds were cut when the time was read, so the last microsecond
    of the other may be one that was rounded up.
    """
    coarse, fine = sorted((datetime.fromisoformat(one), datetime.fromisoformat(other)), key=_resolution, reverse=True)
    step, difference = _resolution(coarse), fine - coarse
    return -step / 2 <= difference < step or abs(difference) <= _RESOLUTIONS[-1]


def _resolution(at: datetime) -> timedelta:
    return next(step for step in _RESOLUTIONS if at.microsecond % (step // _RESOLUTIONS[-1]) == 0)


def side_of(own: Own, sender_custodian: str | None, receiver_custodian: str | None) -> Side | None:
    """Tell on which side of an order we are the custodian; None while the document does not say enough.

    Decided per order by party id, exactly and not by role (contract 1.2, A-29); `own` may be several parties of ours.
    """
    if own is None or (sender_custodian is None and receiver_custodian is None):
        return None
    ours = (own,) if isinstance(own, str) else own
    sends, receives = sender_custodian in ours, receiver_custodian in ours
    if sends and receives:
        return "both"
    if sends:
        return "sender" if receiver_custodian is not None else None
    if receives:
        return "receiver" if sender_custodian is not None else None
    return "none" if sender_custodian is not None and receiver_custodian is not None else None
