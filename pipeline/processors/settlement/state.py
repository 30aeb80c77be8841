"""What the settlement processor remembers of one order, and how that is written as JSON.

One state per (venue, intent). The command line's list of orders reads the first six fields of the stored JSON, so their names are promises:
`venue, intent_id, status, side, first_seen_at, updated_at`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson
from msgspec import Struct
from msgspec.structs import replace

from pipeline.domain.orders import Side
from pipeline.log.envelope import parse_time, time_text

CLAIMS_MAX = 32
"""Different claims about one order that are remembered before it is booked; a venue that makes more is answered from these."""
MARKS_MAX = 128
"""Alarms about one order that are remembered; one raised again after that has the id that it had before."""


class Claim(Struct, frozen=True, kw_only=True, gc=False):
    """A statement that the order has settled, made before it was booked: by a hint, or by a record that lacks terms."""

    transaction_hash: str | None
    stated: Mapping[str, str]
    """Terms by name in canonical spelling."""
    first_at: datetime
    """When the first sign of it was here."""


class Booked(Struct, frozen=True, kw_only=True, gc=False):
    """The settlement that was emitted, once."""

    transaction_hash: str
    stated: Mapping[str, str]
    """The booked terms, and what consistent documents stated beside them."""
    terms_sha256: str
    """Digest of the terms as emitted."""
    terms_version: int = 1
    """Which terms `stated` speaks of: under version 1 nobody noted for which client it was booked."""


class OrderState(Struct, frozen=True, kw_only=True, gc=False):
    """One order as far as its settlement is concerned."""

    venue: str = ""
    intent_id: str = ""
    status: str | None = None
    side: Side | None = None
    first_seen_at: datetime | None = None
    updated_at: datetime | None = None
    booked: Booked | None = None
    claims: tuple[Claim, ...] = ()
    marks: tuple[str, ...] = ()
    """Alarms already raised, by what makes them one."""

    def with_claim(self, claim: Claim) -> OrderState:
        """Return the state that remembers a claim; the same statement again keeps the earliest time."""
        for index, known in enumerate(self.claims):
            if (known.transaction_hash, known.stated) == (claim.transaction_hash, claim.stated):
                if known.first_at <= claim.first_at:
                    return self
                return replace(self, claims=(*self.claims[:index], claim, *self.claims[index + 1 :]))
        return replace(self, claims=(*self.claims, claim)[:CLAIMS_MAX])

    def with_mark(self, mark: str) -> OrderState:
        """Return the state that remembers an alarm."""
        return replace(self, marks=(*self.marks, mark)[-MARKS_MAX:])


def to_json(state: OrderState) -> str:
    """Write a state; what is absent is absent."""
    tree: dict[str, Any] = {"venue": state.venue, "intent_id": state.intent_id}
    tree |= {name: value for name in ("status", "side") if (value := getattr(state, name)) is not None}
    tree |= {name: time_text(at) for name in ("first_seen_at", "updated_at") if (at := getattr(state, name)) is not None}
    if state.booked is not None:
        tree["booked"] = {
            "transaction_hash": state.booked.transaction_hash,
            "stated": dict(state.booked.stated),
            "terms_sha256": state.booked.terms_sha256,
        }
        # Beside it: an older release takes `booked` as it stands, and passes over what it does not know here.
        tree["terms_version"] = state.booked.terms_version
    if state.claims:
        tree["claims"] = [
            {"transaction_hash": claim.transaction_hash, "stated": dict(claim.stated), "first_at": time_text(claim.first_at)}
            for claim in state.claims
        ]
    if state.marks:
        tree["marks"] = list(state.marks)
    return orjson.dumps(tree).decode()


def from_json(text: str) -> OrderState:
    """Read what `to_json` wrote."""
    tree = orjson.loads(text)

    def time(name: str) -> datetime | None:
        return parse_time(tree[name], name) if name in tree else None

    return OrderState(
        venue=tree["venue"],
        intent_id=tree["intent_id"],
        status=tree.get("status"),
        side=tree.get("side"),
        first_seen_at=time("first_seen_at"),
        updated_at=time("updated_at"),
        booked=Booked(**tree["booked"], terms_version=tree.get("terms_version", 1)) if "booked" in tree else None,
        claims=tuple(
            Claim(
                transaction_hash=claim["transaction_hash"],
                stated=claim["stated"],
                first_at=parse_time(claim["first_at"], "first_at"),
            )
            for claim in tree.get("claims", ())
        ),
        marks=tuple(tree.get("marks", ())),
    )
