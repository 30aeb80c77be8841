"""What was accepted, and what became of it: the rows that counters are read from, and what changes them.

One row per order that was asked about, in one of five states:

    asked -> reserved    an accept was decided (by the policy, or by people): from now on it counts
    asked -> declined    the policy said no
    reserved -> released the venue definitely refused the accept, or the order failed, expired or was withdrawn: it counts no more
    reserved -> settled  out of the exposure; in the windows it stays
    released -> settled  the venue says so after all

In whatever order the news of an approval and of the order's end or refusal arrive, they come to the same (`approved`).
A status that nobody knows ends an order for whoever decides, and gives nothing back: what was accepted counts until the venue says more.

A co-signature names quote, market maker and exact source amount; when the venue refuses it, they are taken back and the order stays
reserved. A question is a record that anybody may have written: while an order counts, another question makes it count for more, never for
less (`larger`), and one with another pair or other parties goes to people. An exposure is a sum over rows, so it cannot be
negative, and it is zero when every order has come to its end.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Literal, Protocol

from pipeline.domain import lifecycle
from pipeline.policy.counters import CounterQuery
from pipeline.policy.exact import amount
from pipeline.policy.facts import Facts
from schemas.accepting import DecisionRequested, Question

QuestionKey = tuple[str, str]
"""What makes two questions one: the request's id and the digest of its context. After a crash the workflow may ask under the same id about
more than it had seen before; that is another question."""
State = Literal["asked", "declined", "reserved", "released", "settled"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedOrder:
    """The order of a question, as far as counters need it."""

    venue: str
    intent_id: str
    source_currency: str
    target_currency: str
    sender: str | None
    receiver: str | None
    target_amount: Decimal | None
    source_amount_max: Decimal | None

    @property
    def pair(self) -> str:
        """Return the pair of currencies, written SOURCE/TARGET."""
        return f"{self.source_currency}/{self.target_currency}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedQuote:
    """The quote that a co-signature is about."""

    quote_id: str
    source_amount: Decimal
    market_maker: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A decision that is remembered, so that a question asked again is answered with the same bytes."""

    key: QuestionKey
    decision_id: str
    question: Question
    verdict: str
    decision: str
    """The whole `decision_made` as JSON text."""
    quotes: Mapping[str, SignedQuote] = field(default_factory=dict)
    """The quotes that could be chosen, for an approval by people later."""
    signed: SignedQuote | None = None
    """The quote that an ACCEPT co-signs."""


class Exposures(Protocol):
    """The rows behind the counters, inside one transaction that somebody else commits."""

    def lock(self, venues: Collection[str]) -> None:
        """Wait until nobody else decides or counts, at these venues or any other; held until the transaction ends.

        Taken by whoever reads or changes what counts: a limit may be over all venues.
        """
        ...

    def answered(self, keys: Sequence[QuestionKey]) -> Mapping[QuestionKey, str]:
        """Return the remembered decisions of those questions that have one, as JSON text."""
        ...

    def read(
        self, venue: str, intent_id: str, queries: Sequence[CounterQuery], now: datetime, order: AskedOrder | None = None
    ) -> dict[str, str]:
        """Return the answers to queries by key; with `ended`, when the order is known to have ended.

        With `accepted as`, when it counts already, and not as the `order` that is asked about.
        """
        ...

    def answer(self, order: AskedOrder, answer: Answer, now: datetime) -> None:
        """Remember a decision and, when it accepts, reserve."""
        ...

    def reserve(self, order: AskedOrder, question: Question, decision_id: str, signed: SignedQuote | None, now: datetime) -> None:
        """Count an accepted order from now on, by the terms that were asked about; an order that was never asked about is put down.

        One that counts already counts for no less.
        """
        ...

    def approve(
        self, venue: str, intent_id: str, question: Question, refers_to: str, quote_id: str | None, decision_id: str, now: datetime
    ) -> bool:
        """Count what people have approved from `now` on, unless its answer has counted it; tell whether it counts."""
        ...

    def refused(self, venue: str, intent_id: str, question: Question, decision_id: str) -> bool:
        """Give back what the venue definitely refused, or what was never sent; tell whether that changed anything."""
        ...

    def end(self, venue: str, intent_id: str, status: str, settled: bool, source_amount: Decimal | None) -> bool:
        """Note that an order has ended; tell whether a row changed."""
        ...


def larger(before: AskedOrder, now: AskedOrder) -> AskedOrder:
    """Return what counts of an order that counted as one and is accepted as another."""
    now = replace(now, sender=now.sender or before.sender, receiver=now.receiver or before.receiver)
    if before.pair != now.pair:
        return now
    target, most = (
        None if one is None or other is None else max(one, other)
        for one, other in ((before.target_amount, now.target_amount), (before.source_amount_max, now.source_amount_max))
    )
    return replace(now, target_amount=target, source_amount_max=most)


def differs(before: AskedOrder, now: AskedOrder) -> str | None:
    """Return as what an order counts that is asked about as another; None where it is the same."""
    pairs = ((before.pair, now.pair), (before.sender, now.sender), (before.receiver, now.receiver))
    if all(None in pair or pair[0] == pair[1] for pair in pairs):
        return None
    parties = [f"{name} {party}" for name, party in (("sender", before.sender), ("receiver", before.receiver)) if party is not None]
    return ", ".join([before.pair, *parties])


def approved(state: State, ended: str | None, *, refused: bool) -> State:
    """Return the state of an order whose approval becomes known.

    `ended` is the status with which the venue shows it as ended, `refused`: the venue refused what was approved. An accepted order that
    settled counts in windows, whatever was read first; one that did not, and one that was refused, does not.
    """
    if state == "settled" or ended == lifecycle.SETTLED:
        return "settled"
    if ended is not None:
        return "released"
    return "reserved" if state == "reserved" or not refused else "released"


def order_of(request: DecisionRequested) -> AskedOrder:
    """Return the order that a question is about."""
    context = request.context
    return AskedOrder(
        venue=request.venue,
        intent_id=request.intent_id,
        source_currency=context.source_currency,
        target_currency=context.target_currency,
        sender=context.sender_party_id,
        receiver=context.receiver_party_id,
        target_amount=amount(context.target_amount),
        source_amount_max=amount(context.source_amount_max),
    )


def key_of(request: DecisionRequested) -> QuestionKey:
    """Return what a question is remembered by."""
    return request.request_id, request.context_sha256


def signable(facts: Facts) -> dict[str, SignedQuote]:
    """Return the quotes of a question whose cost is known, by id."""
    return {
        quote.id: SignedQuote(quote_id=quote.id, source_amount=quote.required, market_maker=quote.stated.market_maker_party_id)
        for quote in facts.quotes
        if quote.required is not None
    }
