"""What the sink asks of its store, as a Protocol: questions, answers and referrals, in the transaction of the position."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Protocol

from pipeline.ports import Transaction
from schemas.accepting import DecisionMade, DecisionRequested

KeptAnswer = Literal["kept", "repeated", "contradicted"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """A decision as it was heard, with the id of its record, the record's bytes, and the header that signs them."""

    decision: DecisionMade
    ce_id: str | None
    value: bytes
    signature: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A question as it was asked, with the id of its record."""

    request: DecisionRequested
    ce_id: str | None


class DecisionStore(Protocol):
    """Questions, answers and referrals; all methods work in the open transaction that they are given."""

    def hold(self, transaction: Transaction) -> None:
        """Keep other sinks from writing until the transaction ends: a question and its answer may be in two workers' hands."""
        ...

    def doubts(self, transaction: Transaction, heard: Sequence[Heard]) -> Sequence[str | None]:
        """Say of each answer why it is not believed; None where it is."""
        ...

    def keep_question(self, transaction: Transaction, asked: Asked, now: datetime) -> bool:
        """Keep a question; False when it is there already. Raise PoisonRecordError when it is another one under the same id."""
        ...

    def keep_answer(self, transaction: Transaction, heard: Heard, now: datetime) -> KeptAnswer:
        """Keep a decision; "contradicted" when that id stands for another decision, which stays."""
        ...

    def question(self, transaction: Transaction, request_id: str, context_sha256: str) -> DecisionRequested | None:
        """Return a question that is kept."""
        ...

    def first_referral(self, transaction: Transaction, request: DecisionRequested) -> Heard | None:
        """Return the first decision about this very question that hands it to people, by order of arrival."""
        ...

    def open_referral(
        self,
        transaction: Transaction,
        heard: Heard,
        *,
        shown: Mapping[str, Any],
        approvers_needed: int,
        expires_at: datetime,
        now: datetime,
    ) -> bool:
        """Let a decision wait for people; False when it does already."""
        ...

    def supersede(self, transaction: Transaction, request: DecisionRequested, now: datetime) -> int:
        """Close the referrals of older questions about the same thing; return how many."""
        ...

    def overtake(self, transaction: Transaction, decision: DecisionMade, now: datetime) -> None:
        """Close the referral that an engine has answered in people's place, where it still waits."""
        ...

    def expire(self, transaction: Transaction, now: datetime) -> int:
        """Close referrals whose time is over; return how many."""
        ...
