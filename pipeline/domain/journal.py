"""Journal entries: postings in integer minor units that sum to zero per currency, or they cannot be built.

Source: design, section 7. A correction is another entry, a reversal that names what it reverses; nothing is edited.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from pipeline.domain.identifiers import IntentId, TransactionHash, VenueId
from pipeline.errors import FatalError

Role = Literal["custody_asset", "client_liability"]
EntryKind = Literal["settlement", "reversal", "adjustment"]

UNATTRIBUTED = "unattributed"
"""The party of a client liability whose client the venue did not name."""


class UnbalancedEntryError(FatalError):
    """The postings of an entry do not sum to zero in every currency, or are none: it is not built."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """An account: what we hold at a venue in a currency, or what we owe a client there."""

    role: Role
    venue: VenueId
    party: str | None
    currency: str

    @property
    def name(self) -> str:
        """Return the account's name, such as "custody_asset:tokyo:JPYSC0" or "client_liability:tokyo:A::12ab:JPYSC0".

        Role and venue have no colon and the currency's are escaped, so two accounts never share a name, whatever a party is called.
        """
        currency = self.currency.replace("%", "%25").replace(":", "%3A")
        return f"{self.role}:{self.venue}:{currency}" if self.party is None else f"{self.role}:{self.venue}:{self.party}:{currency}"


@dataclass(frozen=True, slots=True)
class Posting:
    """One side of an entry; `units` are integer minor units, positive."""

    account: Account
    side: Literal["debit", "credit"]
    units: int


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalEntry:
    """Postings that belong together; raises UnbalancedEntryError when they do not sum to zero per currency."""

    entry_id: UUID
    kind: EntryKind
    venue: VenueId
    intent_id: IntentId
    transaction_hash: TransactionHash
    occurred_at: datetime
    postings: Sequence[Posting]
    reverses: UUID | None = None

    def __post_init__(self) -> None:
        if not self.postings:
            raise UnbalancedEntryError(f"the entry {self.entry_id} has no postings")
        sums: dict[str, int] = {}
        for posting in self.postings:
            if posting.units <= 0:
                raise UnbalancedEntryError(f"the entry {self.entry_id} has a posting of {posting.units} units; an amount is positive")
            currency = posting.account.currency
            sums[currency] = sums.get(currency, 0) + (posting.units if posting.side == "debit" else -posting.units)
        if any(sums.values()):
            off = {currency: total for currency, total in sums.items() if total}
            raise UnbalancedEntryError(f"the entry {self.entry_id} does not balance (debits - credits in minor units): {off}")
        if (self.kind == "reversal") != (self.reverses is not None):
            raise UnbalancedEntryError(f"the entry {self.entry_id}: a reversal, and nothing else, names what it reverses")
