"""What the executor asks of the outside, as Protocols: the venue's accept calls, and the journal."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from pipeline.commands.command import AttemptResult, Claim, Completed, Decided, Ending, Order
from pipeline.domain.accepting import Answer, Answered, Kind, Look, VenueTime
from pipeline.ports import Sighting, Transaction

Gate = Callable[[], Awaitable[None]]
"""Called right before each sending, when nothing else is waited for; raises GateClosedError to keep the call from leaving."""


class GateClosedError(Exception):
    """The call must not be sent now; the text says why."""


class VenueCommands(Protocol):
    """The accept calls of one venue, and the readings that they need.

    Errors of `look`: RetryableError (away or busy), SettingsError, ContractBreachError, SchemaVersionError.
    """

    @property
    def venue(self) -> str:
        """The venue's id."""
        ...

    async def look(self, intent_id: str, *, quotes: bool, snapshot: bool = False) -> Look:
        """Read the order and, when asked, its quotes and its compliance snapshot; one that cannot be had now is told in it."""
        ...

    async def send(self, kind: Kind, intent_id: str, quote_id: str | None, *, gate: Gate) -> Answer:
        """Make the accept call once, and once more after a 401; `gate` is passed before each.

        Raise GateClosedError when the gate kept the call from leaving, SettingsError or SchemaVersionError before anything took effect.
        """
        ...

    def answered_order(self, intent_id: str, response: str, at: datetime) -> Sighting | None:
        """Return the order that a successful answer to a call holds, as a record that was here at `at`; None where it holds none (A-14)."""
        ...

    def time(self) -> VenueTime:
        """Return what is known of the venue's clock now."""
        ...

    async def aclose(self) -> None:
        """Let go of all connections."""
        ...


@dataclass(frozen=True, slots=True)
class Began:
    """A call may be made: its attempt is committed."""

    number: int


@dataclass(frozen=True, slots=True)
class Barred:
    """A call must not be made."""

    by: Literal[
        "halted",
        "undecided",
        "not_allowed",
        "terms_changed",
        "quotes_changed",
        "evidence_changed",
        "evidence_away",
        "stale",
        "superseded",
        "lost",
    ]
    reason: str


class CommandJournal(Protocol):
    """The journal in PostgreSQL; all methods block and may raise RetryableError or FatalError."""

    def claim(self, owner: str, *, limits: Mapping[str, int], lease: float) -> list[Claim]:
        """Take commands that are due and nobody else's, of each venue so many, for `lease` seconds: co-signatures, then by deadline."""
        ...

    def renew(self, claims: Collection[Claim], *, lease: float) -> set[str]:
        """Hold claims for `lease` seconds from now at least; return the commands that are still ours."""
        ...

    def take_back(self, owner: str) -> int:
        """Let go of what an earlier process of this name had in hand when it died; return how many commands that were."""
        ...

    def begin(
        self,
        claim: Claim,
        *,
        lease: float,
        quote_valid_until: datetime | None,
        at: datetime,
        evidence: str,
        unfit: Callable[[Decided], Barred | None],
    ) -> Began | Barred:
        """Commit the next attempt, unless a halt or a later command bars it, no believed decision allows it, or the claim is lost.

        `unfit` says what speaks against the call once it is known what was decided.
        """
        ...

    def note(self, claim: Claim, result: AttemptResult, *, refusal: Answered | None = None) -> None:
        """Store what became of a call that does not end its command; with `refusal`, what the venue said before its record is read."""
        ...

    def put_off(self, claim: Claim, *, seconds: float, looked: bool, result: AttemptResult | None = None) -> None:
        """Give the claim back, to be due again in `seconds`, and store what became of the call that leads to it."""
        ...

    def close(self, claim: Claim, ending: Ending, *, result: AttemptResult | None, at: datetime) -> bool:
        """End a command; False when the claim is lost."""
        ...

    def publish(self, publish: Callable[[Sequence[Completed]], None], *, limit: int) -> int:
        """Hand over endings that are not yet published, and mark them when that returned; return how many there were."""
        ...

    def unpublished(self) -> int:
        """Return how many endings wait to be published."""
        ...

    def close_connections(self) -> None:
        """Let go of all connections."""
        ...


Writer = Callable[[Transaction, Order, datetime], Literal["journalled", "repeated", "refused"]]
"""Writes one command into the journal, in the transaction of the position."""
