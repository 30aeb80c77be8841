"""What a venue says is settled now, against what the books hold: pure, and by value.

Only what touches our custody is booked, so only that is expected in the books. A break speaks of the venue's record as it is now; what the
venue said once and has taken back is an alarm and no break. Source: design, section 7; interface, section 3 (breaks).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Literal

from pipeline.domain.money import Scales, to_minor_units
from pipeline.domain.orders import CLIENTS, LEGS, Side, Terms, canonical, contradictions
from pipeline.log.envelope import derive_id

Severity = Literal["info", "warning", "critical"]


class Kind(StrEnum):
    """Why the venue's record and the books do not say the same, in the order in which it is looked for."""

    ENTRY_DUPLICATED = "ENTRY_DUPLICATED"
    MISSING_IN_BOOKS = "MISSING_IN_BOOKS"
    AMOUNT_BEYOND_SCALE = "AMOUNT_BEYOND_SCALE"
    MISSING_AT_VENUE = "MISSING_AT_VENUE"
    HASH_DIFFERS = "HASH_DIFFERS"
    SIDE_DIFFERS = "SIDE_DIFFERS"
    CURRENCY_DIFFERS = "CURRENCY_DIFFERS"
    AMOUNT_DIFFERS = "AMOUNT_DIFFERS"
    RATE_DIFFERS = "RATE_DIFFERS"
    SETTLED_AT_DIFFERS = "SETTLED_AT_DIFFERS"
    CUSTODIAN_DIFFERS = "CUSTODIAN_DIFFERS"
    CLIENT_DIFFERS = "CLIENT_DIFFERS"
    UNREADABLE_AT_VENUE = "UNREADABLE_AT_VENUE"


_TERMS_OF: Mapping[Kind, tuple[str, ...]] = {
    Kind.CURRENCY_DIFFERS: ("source_currency", "target_currency"),
    Kind.AMOUNT_DIFFERS: ("source_amount_actual", "target_amount"),
    Kind.RATE_DIFFERS: ("fx_rate",),
    Kind.SETTLED_AT_DIFFERS: ("settled_at",),
    Kind.CUSTODIAN_DIFFERS: ("sender_custodian_party_id", "receiver_custodian_party_id"),
    Kind.CLIENT_DIFFERS: CLIENTS,
}
_MILD = {Kind.RATE_DIFFERS, Kind.SETTLED_AT_DIFFERS}


@dataclass(frozen=True, slots=True, kw_only=True)
class AtVenue:
    """An order as the venue's record has it now; `settled` tells whether that is SETTLED, `status` what it says in its own word."""

    intent_id: str
    settled: bool
    status: str
    transaction_hash: str | None = None
    side: Side | None = None
    terms: Terms = field(default_factory=Terms)


@dataclass(frozen=True, slots=True, kw_only=True)
class InBooks:
    """A settlement that is booked and not reversed."""

    entry_id: str
    intent_id: str
    transaction_hash: str
    side: Side
    terms: Terms


@dataclass(frozen=True, slots=True, kw_only=True)
class Break:
    """One difference; `expected` is what the venue says, `actual` what the books say."""

    venue: str
    kind: Kind
    intent_id: str | None
    transaction_hash: str | None
    expected: Mapping[str, str] | None
    actual: Mapping[str, str] | None
    document_sha256: str | None = None
    """What tells a record that cannot be read from others."""

    @property
    def break_id(self) -> str:
        """Return an id that the same difference has in every run."""
        about = () if self.document_sha256 is None else (self.document_sha256,)
        return derive_id("break", self.venue, self.kind, self.intent_id, self.transaction_hash, *about)

    @property
    def severity(self) -> Severity:
        """Tell how bad it is: whatever concerns amounts, assets or their being there is critical."""
        return "warning" if self.kind in _MILD else "critical"


def compare(
    venue: str,
    records: Iterable[AtVenue],
    booked: Sequence[InBooks],
    *,
    now: datetime,
    grace: timedelta,
    scales: Scales,
    unread: Collection[str] = (),
) -> list[Break]:
    """Return every difference, in the order of intents; what settled less than `grace` ago may still be under way to the books.

    `unread` are intents whose record cannot be read: of them nothing is said here.
    """
    by_intent: dict[str, list[InBooks]] = {}
    for entry in booked:
        by_intent.setdefault(entry.intent_id, []).append(entry)
    known = {record.intent_id: record for record in records}
    breaks: list[Break] = []
    for intent in sorted((known.keys() | by_intent.keys()) - set(unread)):
        breaks += _of_intent(venue, known.get(intent), by_intent.get(intent, []), now=now, grace=grace, scales=scales)
    return breaks


def unexplained(records: Iterable[AtVenue], booked: Iterable[InBooks]) -> list[str]:
    """Name the booked intents that a list of settled orders does not confirm: each has to be read by itself before it is called a break."""
    confirmed = {(record.intent_id, record.transaction_hash) for record in records if record.settled}
    return sorted({entry.intent_id for entry in booked if (entry.intent_id, entry.transaction_hash) not in confirmed})


def unreadable(venue: str, sha256: str, reason: str, intent_id: str | None = None) -> Break:
    """Return the break for a record of the venue that cannot be read, and so cannot be compared."""
    return Break(
        venue=venue,
        kind=Kind.UNREADABLE_AT_VENUE,
        intent_id=intent_id,
        transaction_hash=None,
        expected={"sha256": sha256, "reason": reason},
        actual=None,
        document_sha256=sha256,
    )


def _of_intent(
    venue: str, record: AtVenue | None, entries: Sequence[InBooks], *, now: datetime, grace: timedelta, scales: Scales
) -> list[Break]:
    def found(kind: Kind, hash_: str | None, expected: Mapping[str, str] | None, actual: Mapping[str, str] | None) -> Break:
        intent = record.intent_id if record is not None else entries[0].intent_id
        return Break(venue=venue, kind=kind, intent_id=intent, transaction_hash=hash_, expected=expected, actual=actual)

    breaks: list[Break] = []
    if len(entries) > 1:
        hashes = sorted(entry.transaction_hash for entry in entries)
        expected = None if record is None or record.transaction_hash is None else {"transaction_hash": record.transaction_hash}
        breaks.append(found(Kind.ENTRY_DUPLICATED, None, expected, {"transaction_hashes": ", ".join(hashes)}))
    if record is None or not record.settled:
        status = {"status": "NOT FOUND" if record is None else record.status}
        breaks += [found(Kind.MISSING_AT_VENUE, entry.transaction_hash, status, {"entry_id": entry.entry_id}) for entry in entries]
        return breaks
    if not entries:
        return breaks + [found(kind, record.transaction_hash, expected, None) for kind, expected in _missing(record, now, grace, scales)]
    same = [entry for entry in entries if entry.transaction_hash == record.transaction_hash]
    if not same and record.transaction_hash is not None:
        expected = {"transaction_hash": record.transaction_hash}
        return [*breaks, found(Kind.HASH_DIFFERS, record.transaction_hash, expected, {"transaction_hash": entries[0].transaction_hash})]
    for entry in same:
        breaks += [found(kind, entry.transaction_hash, expected, actual) for kind, expected, actual in _differences(record, entry)]
    return breaks


def _missing(record: AtVenue, now: datetime, grace: timedelta, scales: Scales) -> Iterable[tuple[Kind, Mapping[str, str]]]:
    if record.side not in ("sender", "receiver", "both"):
        return
    settled_at = record.terms.settled_at
    if settled_at is not None and now - settled_at < grace:
        return
    beyond = _beyond_scale(record.terms, record.side, scales)
    yield (Kind.AMOUNT_BEYOND_SCALE if beyond else Kind.MISSING_IN_BOOKS), beyond or record.terms.stated()


def _beyond_scale(terms: Terms, side: Side, scales: Scales) -> Mapping[str, str]:
    """Return the amounts to be booked that no book can hold without rounding, by name."""
    found: dict[str, str] = {}
    for leg in LEGS[side]:
        amount, currency = getattr(terms, leg.amount), getattr(terms, leg.currency)
        if amount is not None and currency is not None and to_minor_units(amount, scales.of(currency)) is None:
            found |= {leg.amount: canonical(amount), f"{leg.amount}_scale": str(scales.of(currency))}
    return found


def _differences(record: AtVenue, entry: InBooks) -> Iterable[tuple[Kind, Mapping[str, str], Mapping[str, str]]]:
    if record.side is not None and record.side != entry.side:
        yield Kind.SIDE_DIFFERS, {"side": record.side}, {"side": entry.side}
    at_venue, in_books = record.terms.stated(), entry.terms.stated()
    differ = contradictions(at_venue, in_books)
    for kind, names in _TERMS_OF.items():
        if other := [name for name in names if name in differ]:
            yield kind, {name: at_venue[name] for name in other}, {name: in_books[name] for name in other}
