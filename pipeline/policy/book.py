"""The rows behind the counters in memory: for replays, for tests, and as the reference that the database is held against."""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal

from pipeline.domain.following import is_unknown
from pipeline.domain.money import plain
from pipeline.policy.counters import ACCEPTED_AS, ENDED, UNKNOWN, CounterQuery
from pipeline.policy.exact import plus
from pipeline.policy.exposures import Answer, AskedOrder, QuestionKey, SignedQuote, State, approved, differs, larger
from schemas.accepting import Question

Key = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One order that was asked about."""

    order: AskedOrder
    state: State
    asked_at: datetime
    reserved_at: datetime | None = None
    accepted_by: str | None = None
    """The decision that reserved; a refusal of an earlier one, read late, releases nothing."""
    signed: SignedQuote | None = None
    signed_by: str | None = None
    refused: frozenset[str] = field(default_factory=frozenset)
    """Decisions whose accept the venue refused: they reserve no more, in whatever order the news arrives."""

    @property
    def counts(self) -> bool:
        """Tell whether the row belongs to windows."""
        return self.state in ("reserved", "settled")

    def scopes(self) -> Iterator[tuple[str, str]]:
        """Yield what the row is counted per."""
        order = self.order
        yield "venue", ""
        yield "pair", order.pair
        if order.sender is not None:
            yield "sender", order.sender
        if order.receiver is not None:
            yield "receiver", order.receiver
        if self.signed is not None and self.signed.market_maker is not None:
            yield "market_maker", self.signed.market_maker

    def amount(self, query: CounterQuery) -> tuple[bool, Decimal | None]:
        """Tell whether the row is in the query's currency, and its amount on the query's side."""
        order = self.order
        if query.side == "target":
            return order.target_currency == query.currency, order.target_amount
        return order.source_currency == query.currency, self.signed.source_amount if self.signed else order.source_amount_max


class Book:
    """Exposures in memory, with the same answers as the database's."""

    def __init__(self) -> None:
        """Begin with nothing accepted."""
        self.rows: dict[Key, Row] = {}
        self._answers: dict[QuestionKey, Answer] = {}
        self._by_decision: dict[str, Answer] = {}
        self._ended: dict[Key, tuple[str, Decimal | None]] = {}
        """With which status, and what was paid."""
        self._reserved: dict[tuple[str, str], list[tuple[datetime, Key]]] = {}
        self._asked: dict[tuple[str, str, str, str], list[tuple[datetime, Key]]] = {}

    def lock(self, venues: Collection[str]) -> None:
        """Do nothing: a book has one user."""

    def answered(self, keys: Sequence[QuestionKey]) -> Mapping[QuestionKey, str]:
        """Return the remembered decisions of those questions that have one."""
        return {key: self._answers[key].decision for key in keys if key in self._answers}

    def read(
        self, venue: str, intent_id: str, queries: Sequence[CounterQuery], now: datetime, order: AskedOrder | None = None
    ) -> dict[str, str]:
        """Return the answers to queries by key."""
        found = {query.key: self._read(venue, intent_id, query, now) for query in queries}
        if (venue, intent_id) in self._ended:
            found[ENDED] = self._ended[venue, intent_id][0]
        row = self.rows.get((venue, intent_id))
        if order is not None and row is not None and row.state == "reserved" and (other := differs(row.order, order)) is not None:
            found[ACCEPTED_AS] = other
        return found

    def _read(self, venue: str, intent_id: str, query: CounterQuery, now: datetime) -> str:
        rows = [row for row in self._of(query, now) if (row.order.venue, row.order.intent_id) != (venue, intent_id)]
        if query.kind in ("count", "alike"):
            return str(len(rows))
        total = Decimal(0)
        for row in rows:
            concerned, amount = row.amount(query)
            if concerned and amount is None:
                return UNKNOWN
            if concerned and amount is not None:
                total = plus(total, amount)
        return plain(total)

    def _of(self, query: CounterQuery, now: datetime) -> Iterator[Row]:
        if query.kind == "alike":
            log = self._asked.get(query.alike or ("", "", "", ""), [])
        else:
            log = self._reserved.get((query.per, query.scope), [])
        begin = 0 if query.window is None else bisect_right(log, (now - query.window, ("\U0010ffff", "")))
        for at, key in dict.fromkeys(log[begin:]):
            row = self.rows[key]
            if query.venue not in (None, row.order.venue):
                continue
            match query.kind:
                case "alike":
                    belongs = row.asked_at == at and row.state in ("asked", "reserved", "settled") and _alike(row.order) == query.alike
                case "exposure":
                    belongs = row.state == "reserved" and row.reserved_at == at and (query.per, query.scope) in row.scopes()
                case _:
                    belongs = row.counts and row.reserved_at == at and (query.per, query.scope) in row.scopes()
            if belongs:
                yield row

    def answer(self, order: AskedOrder, answer: Answer, now: datetime) -> None:
        """Remember a decision and, when it accepts, reserve."""
        key = (order.venue, order.intent_id)
        self._answers[answer.key] = self._by_decision[answer.decision_id] = answer
        row = self.rows.get(key)
        if row is None:
            row = self.rows[key] = Row(order=order, state="asked", asked_at=now)
            self._log_asked(row)
        if answer.verdict == "ACCEPT":
            self.reserve(order, answer.question, answer.decision_id, answer.signed, now)
        elif answer.verdict == "REJECT" and answer.question == "accept_proposal" and row.state == "asked":
            self.rows[key] = replace(row, state="declined")

    def reserve(self, order: AskedOrder, question: Question, decision_id: str, signed: SignedQuote | None, now: datetime) -> None:
        """Count an accepted order from now on, by the terms that were asked about; an order that was never asked about is put down."""
        key = (order.venue, order.intent_id)
        known = self.rows.get(key)
        row = (
            Row(order=order, state="asked", asked_at=now)
            if known is None
            else replace(known, order=larger(known.order, order) if known.counts else order)
        )
        if known is not None and known.counts and known.signed is not None and signed is not None and known.order.pair == order.pair:
            signed = replace(signed, source_amount=max(known.signed.source_amount, signed.source_amount))
        self._log_asked(row)
        self._reserve(key, row, question, decision_id, signed, now)

    def approve(
        self, venue: str, intent_id: str, question: Question, refers_to: str, quote_id: str | None, decision_id: str, now: datetime
    ) -> bool:
        """Reserve what people have approved; tell whether there was something to reserve."""
        key = (venue, intent_id)
        row, referral = self.rows.get(key), self._by_decision.get(refers_to)
        if row is None:
            return False
        status, paid = self._ended.get(key, (None, None))
        accepts, refused = question == "accept_proposal", decision_id in row.refused
        state = approved(row.state, status, refused=refused and accepts)
        if refused and accepts and row.counts:
            return True  # by another decision
        if state == "released":
            # It counts from its approval on, should the venue show it as settled after all.
            self.rows[key] = replace(row, state=state, reserved_at=row.reserved_at or now)
            return False
        signed = None if accepts or refused or referral is None else referral.quotes.get(quote_id or "")
        if signed is not None and state == "settled" and paid is not None:
            signed = replace(signed, source_amount=paid)
        self._reserve(key, row, question, decision_id, signed, now, state=state)
        return True

    def _log_asked(self, row: Row) -> None:
        alike, entry = _alike(row.order), (row.asked_at, (row.order.venue, row.order.intent_id))
        if alike is not None:
            log = self._asked.setdefault(alike, [])
            if entry not in log[-1:]:
                insort(log, entry)

    def _reserve(
        self,
        key: Key,
        row: Row,
        question: Question,
        decision_id: str,
        signed: SignedQuote | None,
        now: datetime,
        *,
        state: State = "reserved",
    ) -> None:
        at = row.reserved_at if row.counts and row.reserved_at is not None else now
        row = replace(row, state="settled" if row.state == "settled" else state, reserved_at=at)
        if question == "accept_proposal":
            row = replace(row, accepted_by=decision_id)
        elif signed is not None:
            row = replace(row, signed=signed, signed_by=decision_id)
        self.rows[key] = row
        self._log_reserved(key, row)

    def _log_reserved(self, key: Key, row: Row) -> None:
        if row.reserved_at is None:
            return
        for scope in row.scopes():
            log = self._reserved.setdefault(scope, [])
            entry = (row.reserved_at, key)
            place = bisect_right(log, entry)
            if place == 0 or log[place - 1] != entry:
                log.insert(place, entry)

    def refused(self, venue: str, intent_id: str, question: Question, decision_id: str) -> bool:
        """Give back what the venue definitely refused, or what was never sent; tell whether that changed anything."""
        key = (venue, intent_id)
        row = self.rows.get(key)
        if row is None:
            return False
        row = self.rows[key] = replace(row, refused=row.refused | {decision_id})
        if row.state != "reserved":
            return False
        if question == "co_sign_quote":
            if row.signed_by != decision_id:
                return False
            self.rows[key] = replace(row, signed=None, signed_by=None)
            return True
        if row.accepted_by != decision_id:
            return False
        self.rows[key] = replace(row, state="released")
        return True

    def end(self, venue: str, intent_id: str, status: str, settled: bool, source_amount: Decimal | None) -> bool:
        """Note that an order has ended; tell whether a row changed."""
        key = (venue, intent_id)
        if settled or key not in self._ended:
            self._ended[key] = (status, source_amount)
        row = self.rows.get(key)
        if row is None or row.state == "settled" or is_unknown(status):
            return False
        if not settled or row.reserved_at is None:
            self.rows[key] = replace(row, state="declined" if row.state == "declined" else "released")
            return row.state not in ("declined", "released")
        signed = row.signed
        if signed is not None and source_amount is not None:
            signed = replace(signed, source_amount=source_amount)
        self.rows[key] = replace(row, state="settled", signed=signed)
        self._log_reserved(key, self.rows[key])
        return True


def _alike(order: AskedOrder) -> tuple[str, str, str, str] | None:
    if order.sender is None or order.receiver is None or order.target_amount is None:
        return None
    return order.pair, order.sender, order.receiver, plain(order.target_amount)
