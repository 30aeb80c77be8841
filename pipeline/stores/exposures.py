"""The rows behind the risk counters in PostgreSQL, inside a transaction that somebody else commits.

Whoever reads or changes what counts holds one lock over all venues until the commit, so two decisions never see the same free limit: a rule
may be about all venues. Sums are exact in `numeric` and cost the same however many rows there are: triggers keep tallies by the hour and by
the minute, and only the minute in which a window begins is read row by row (migration 0019).
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from pipeline.domain.following import is_unknown
from pipeline.domain.money import plain
from pipeline.policy.counters import ACCEPTED_AS, ENDED, UNKNOWN, CounterQuery
from pipeline.policy.exposures import Answer, AskedOrder, QuestionKey, SignedQuote, approved
from pipeline.stores.postgres import Connection
from pipeline.stores.statements import named_statements
from schemas.accepting import Question

_SQL = named_statements("pipeline.stores", "exposures.sql")

LOCK_CLASS = 0x7269_736B  # "risk": the first half of the advisory locks of this store
EVERYWHERE = 0
"""The second half of the lock over all venues."""


class PostgresExposures:
    """Exposures over an open transaction; see `pipeline.policy.exposures.Exposures`."""

    def __init__(self, connection: Connection) -> None:
        """`connection` has a transaction open."""
        self._connection = connection

    def lock(self, venues: Collection[str]) -> None:
        """Take the lock over all limits until the transaction ends, then those of the venues, which workers of a release before take alone.

        In this order everywhere, so that nobody waits for one another. Venues alone would not do: two of them may share a lock.
        """
        self._connection.execute(_SQL["lock"], (LOCK_CLASS, EVERYWHERE))
        for venue in sorted(venues):
            self._connection.execute(_SQL["lock_venue"], (LOCK_CLASS, venue))

    def answered(self, keys: Sequence[QuestionKey]) -> Mapping[QuestionKey, str]:
        """Return the remembered decisions of those questions that have one, as JSON text."""
        if not keys:
            return {}
        asked = {"requests": [request_id for request_id, _ in keys], "digests": [digest for _, digest in keys]}
        rows = self._connection.execute(_SQL["answered"], asked).fetchall()
        return {(request_id, digest): decision for request_id, digest, decision in rows}

    def read(
        self, venue: str, intent_id: str, queries: Sequence[CounterQuery], now: datetime, order: AskedOrder | None = None
    ) -> dict[str, str]:
        """Return the answers to queries by key, in one statement; with `ended` and `accepted as`, where there is something to say."""
        found: dict[str, str] = {}
        own = {name: order and getattr(order, name.removeprefix("own_")) for name in ("own_pair", "own_sender", "own_receiver")}
        asked = {**_asked(venue, intent_id, queries, now), **own}
        for number, total, count, lacking in self._connection.execute(_SQL["counted"], asked).fetchall():
            if number < 0:
                found[ENDED if number == -1 else ACCEPTED_AS] = total
            elif queries[number].kind in ("count", "alike"):
                found[queries[number].key] = str(count)
            else:
                found[queries[number].key] = UNKNOWN if lacking else plain(Decimal(total))
        return found

    def answer(self, order: AskedOrder, answer: Answer, now: datetime) -> None:
        """Remember a decision and, when it accepts, reserve; one statement each."""
        quotes = {
            quote.quote_id: {"source_amount": plain(quote.source_amount), "market_maker": quote.market_maker}
            for quote in answer.quotes.values()
        }
        remembered = {
            "request_id": answer.key[0],
            "context_sha256": answer.key[1],
            "decision_id": answer.decision_id,
            "venue": order.venue,
            "intent": order.intent_id,
            "question": answer.question,
            "verdict": answer.verdict,
            "decision": answer.decision,
            "quotes": json.dumps(quotes),
            "now": now,
        }
        self._connection.execute(_SQL["remember"], remembered)
        if answer.verdict == "ACCEPT":
            self.reserve(order, answer.question, answer.decision_id, answer.signed, now)
        else:
            declined = answer.verdict == "REJECT" and answer.question == "accept_proposal"
            self._connection.execute(_SQL["ask"], {**_terms(order), "state": "declined" if declined else "asked", "now": now})

    def reserve(self, order: AskedOrder, question: Question, decision_id: str, signed: SignedQuote | None, now: datetime) -> None:
        """Count an accepted order from now on, by the terms that were asked about; an order that was never asked about is put down."""
        accepted = {
            **_terms(order),
            "accepts": decision_id if question == "accept_proposal" else None,
            "quote": None if signed is None else signed.quote_id,
            "amount": None if signed is None else signed.source_amount,
            "maker": None if signed is None else signed.market_maker,
            "signs": None if signed is None else decision_id,
            "now": now,
        }
        self._connection.execute(_SQL["reserve"], accepted)

    def approve(
        self,
        venue: str,
        intent_id: str,
        question: Question,
        refers_to: str,
        quote_id: str | None,
        decision_id: str,
        now: datetime,  # noqa: ARG002 - the referral says when it was, and whether it was at all
    ) -> bool:
        """Count what people have approved from then on, unless its answer has counted it; tell whether it counts."""
        about = {"venue": venue, "intent": intent_id, "decision_id": decision_id}
        asked = {**about, "question": question, "refers_to": refers_to, "quote": quote_id or ""}
        row = self._connection.execute(_SQL["find_approved"], asked).fetchone()
        if row is None:
            return False
        known, refused, status, paid, quote, at, counted = row
        accepts = question == "accept_proposal"
        state = approved(known, status, refused=refused and accepts)
        if counted or (refused and accepts and known in ("reserved", "settled")):  # the latter by another decision
            return known in ("reserved", "settled")
        signs = not accepts and not refused and quote is not None and state != "released"
        values = {
            **about,
            "at": at,
            "state": state,
            "accepts": decision_id if accepts and state != "released" else None,
            "signs": decision_id if signs else None,
            "quote": quote_id if signs else None,
            "amount": (paid if state == "settled" and paid is not None else Decimal(quote["source_amount"])) if signs else None,
            "maker": quote["market_maker"] if signs else None,
        }
        self._connection.execute(_SQL["count_approved"], values)
        return state != "released"

    def refused(self, venue: str, intent_id: str, question: Question, decision_id: str) -> bool:
        """Give back what the venue definitely refused, or what was never sent, by the journal; tell whether that changed anything."""
        about = {"venue": venue, "intent": intent_id, "decision_id": decision_id, "kind": question}
        if self._connection.execute(_SQL["not_carried_out"], about).fetchone() is None:
            return False
        self._connection.execute(_SQL["note_refused"], about)
        done = self._connection.execute(_SQL["take_back_quote" if question == "co_sign_quote" else "release"], about)
        return done.rowcount > 0

    def end(self, venue: str, intent_id: str, status: str, settled: bool, source_amount: Decimal | None) -> bool:
        """Note that an order has ended; tell whether a row changed."""
        ended = {"venue": venue, "intent": intent_id, "status": status, "settled": settled, "amount": source_amount}
        self._connection.execute(_SQL["note_end"], ended)
        if is_unknown(status):  # nobody knows what became of it, so what was accepted counts on
            return False
        return self._connection.execute(_SQL["end"], ended).rowcount > 0


def _terms(order: AskedOrder) -> dict[str, object]:
    return {
        "venue": order.venue,
        "intent": order.intent_id,
        "pair": order.pair,
        "source": order.source_currency,
        "target": order.target_currency,
        "sender": order.sender,
        "receiver": order.receiver,
        "target_amount": order.target_amount,
        "most": order.source_amount_max,
    }


def _asked(venue: str, intent_id: str, queries: Sequence[CounterQuery], now: datetime) -> dict[str, object]:
    """Return queries as columns of a statement that is the same for all."""
    numbered = list(enumerate(queries))
    counting = [(number, query, _since(query, now)) for number, query in numbered if query.kind != "alike"]
    alike = [(number, query, query.alike or ("", "", "", "0")) for number, query in numbered if query.kind == "alike"]
    return {
        "venue": venue,
        "intent": intent_id,
        "n": [number for number, _, _ in counting],
        "per": ["venue" if query.per == "pair" else query.per for _, query, _ in counting],
        "scope": ["" if query.per == "pair" else query.scope for _, query, _ in counting],
        "pair": [query.scope if query.per == "pair" else None for _, query, _ in counting],
        "at": [query.venue for _, query, _ in counting],
        "side": [query.side for _, query, _ in counting],
        "currency": [query.currency for _, query, _ in counting],
        "since": [since for _, _, since in counting],
        "minute": [None if since is None else _next_minute(since) for _, _, since in counting],
        "hour": [None if since is None else _next_hour(_next_minute(since)) for _, _, since in counting],
        "alike_n": [number for number, _, _ in alike],
        "alike_pair": [pair for _, _, (pair, _, _, _) in alike],
        "alike_sender": [sender for _, _, (_, sender, _, _) in alike],
        "alike_receiver": [receiver for _, _, (_, _, receiver, _) in alike],
        "alike_amount": [Decimal(amount) for _, _, (_, _, _, amount) in alike],
        "alike_at": [query.venue for _, query, _ in alike],
        "alike_since": [_since(query, now) for _, query, _ in alike],
    }


def _since(query: CounterQuery, now: datetime) -> datetime | None:
    return None if query.window is None else now - query.window


def _next_minute(at: datetime) -> datetime:
    """Return the first minute that lies wholly behind a moment, in UTC as the tallies are."""
    return at.astimezone(UTC).replace(second=0, microsecond=0) + timedelta(minutes=1)


def _next_hour(at: datetime) -> datetime:
    """Return the first hour that does not begin before a moment."""
    begun = at.replace(minute=0)
    return begun if begun == at else begun + timedelta(hours=1)
