"""The rows behind the risk counters in PostgreSQL, inside a transaction that somebody else commits.

Whoever decides for a venue holds that venue's advisory lock until the commit, so two decisions never see the same free limit.
Every sum is taken over rows, exact in `numeric`; there is no running total that could drift.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from pipeline.domain.following import is_unknown
from pipeline.domain.money import plain
from pipeline.policy.counters import ENDED, UNKNOWN, CounterQuery
from pipeline.policy.exposures import Answer, AskedOrder, QuestionKey, SignedQuote
from pipeline.stores.postgres import Connection
from schemas.accepting import Question

LOCK_CLASS = 0x7269_736B  # "risk": the first half of the advisory locks of this store
_COLUMNS = {
    "venue": "venue",
    "pair": "pair",
    "sender": "sender_party_id",
    "receiver": "receiver_party_id",
    "market_maker": "market_maker_party_id",
}
_AMOUNTS = {"target": "target_amount", "source": "coalesce(source_amount, source_amount_max)"}


class PostgresExposures:
    """Exposures over an open transaction; see `pipeline.policy.exposures.Exposures`."""

    def __init__(self, connection: Connection) -> None:
        """`connection` has a transaction open."""
        self._connection = connection

    def lock(self, venues: Collection[str]) -> None:
        """Take the venues' advisory locks, in one order for all, until the transaction ends."""
        for venue in sorted(venues):
            self._connection.execute("SELECT pg_advisory_xact_lock(%s, hashtext(%s))", (LOCK_CLASS, venue))

    def answered(self, keys: Sequence[QuestionKey]) -> Mapping[QuestionKey, str]:
        """Return the remembered decisions of those questions that have one, as JSON text."""
        if not keys:
            return {}
        rows = self._connection.execute(
            """
            SELECT d.request_id, d.context_sha256, d.decision
              FROM unnest(%s::text[], %s::text[]) AS n (request_id, context_sha256) JOIN risk.decisions d USING (request_id, context_sha256)
            """,
            ([request_id for request_id, _ in keys], [digest for _, digest in keys]),
        ).fetchall()
        return {(request_id, digest): decision for request_id, digest, decision in rows}

    def read(self, venue: str, intent_id: str, queries: Sequence[CounterQuery], now: datetime) -> dict[str, str]:
        """Return the answers to queries by key, in one statement; with `ended`, when the order is known to have ended."""
        parts = [
            "SELECT -1 AS n, status AS total, 0::bigint AS number, 0::bigint AS lacking FROM risk.ended WHERE venue = %s AND intent_id = %s"
        ]
        parameters: list[object] = [venue, intent_id]
        for number, query in enumerate(queries):
            text, given = _counter(number, venue, intent_id, query, now)
            parts.append(text)
            parameters += given
        found: dict[str, str] = {}
        statement = " UNION ALL ".join(parts)  # of constants: nothing from outside is put in but by parameters
        for number, total, count, lacking in self._connection.execute(statement.encode(), parameters).fetchall():
            if number < 0:
                found[ENDED] = total
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
        self._connection.execute(
            """
            INSERT INTO risk.decisions
                   (request_id, context_sha256, decision_id, venue, intent_id, question, verdict, decision, quotes, decided_at)
            VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
            """,
            (
                *answer.key,
                answer.decision_id,
                order.venue,
                order.intent_id,
                answer.question,
                answer.verdict,
                answer.decision,
                json.dumps(quotes),
                now,
            ),
        )
        declined = answer.verdict == "REJECT" and answer.question == "accept_proposal"
        self._connection.execute(
            """
            INSERT INTO risk.exposures AS e
                   (venue, intent_id, state, pair, source_currency, target_currency, sender_party_id, receiver_party_id,
                    target_amount, source_amount_max, asked_at)
            VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
                ON CONFLICT (venue, intent_id) DO UPDATE
                   SET state = CASE WHEN e.state = 'asked' THEN EXCLUDED.state ELSE e.state END
            """,
            (
                order.venue,
                order.intent_id,
                "declined" if declined else "asked",
                order.pair,
                order.source_currency,
                order.target_currency,
                order.sender,
                order.receiver,
                order.target_amount,
                order.source_amount_max,
                now,
            ),
        )
        if answer.verdict == "ACCEPT":
            # What is accepted is what was asked about now, should the venue have changed the order in between.
            self._connection.execute(
                """
                UPDATE risk.exposures SET pair = %s, source_currency = %s, target_currency = %s, sender_party_id = %s,
                       receiver_party_id = %s, target_amount = %s, source_amount_max = %s
                 WHERE venue = %s AND intent_id = %s
                """,
                (
                    order.pair,
                    order.source_currency,
                    order.target_currency,
                    order.sender,
                    order.receiver,
                    order.target_amount,
                    order.source_amount_max,
                    order.venue,
                    order.intent_id,
                ),
            )
            self._reserve(order.venue, order.intent_id, answer.question, answer.decision_id, answer.signed, now)

    def approve(
        self, venue: str, intent_id: str, question: Question, refers_to: str, quote_id: str | None, decision_id: str, now: datetime
    ) -> bool:
        """Reserve what people have approved; tell whether there was something to reserve."""
        row = self._connection.execute(
            """
            SELECT (SELECT d.quotes -> %s FROM risk.decisions d WHERE d.decision_id = %s)
              FROM risk.exposures e
             WHERE e.venue = %s AND e.intent_id = %s AND NOT %s = ANY (e.refused)
               AND NOT EXISTS (SELECT FROM risk.ended n WHERE n.venue = e.venue AND n.intent_id = e.intent_id)
            """,
            (quote_id or "", refers_to, venue, intent_id, decision_id),
        ).fetchone()
        if row is None:
            return False
        signed = None
        if question == "co_sign_quote" and row[0] is not None and quote_id is not None:
            signed = SignedQuote(quote_id=quote_id, source_amount=Decimal(row[0]["source_amount"]), market_maker=row[0]["market_maker"])
        self._reserve(venue, intent_id, question, decision_id, signed, now)
        return True

    def _reserve(self, venue: str, intent_id: str, question: Question, decision_id: str, signed: SignedQuote | None, now: datetime) -> None:
        quote = (None, None, None) if signed is None else (signed.quote_id, signed.source_amount, signed.market_maker)
        self._connection.execute(
            """
            UPDATE risk.exposures
               SET reserved_at = CASE WHEN state IN ('reserved', 'settled') THEN reserved_at ELSE %(now)s END,
                   state = CASE WHEN state = 'settled' THEN state ELSE 'reserved' END,
                   source_amount = CASE WHEN %(quote)s::text IS NULL THEN source_amount ELSE %(amount)s END,
                   market_maker_party_id = CASE WHEN %(quote)s::text IS NULL THEN market_maker_party_id ELSE %(maker)s END,
                   quote_id = coalesce(%(quote)s, quote_id),
                   signed_by = CASE WHEN %(quote)s::text IS NULL THEN signed_by ELSE %(decision)s END,
                   accepted_by = CASE WHEN %(accepts)s THEN %(decision)s ELSE accepted_by END, updated_at = clock_timestamp()
             WHERE venue = %(venue)s AND intent_id = %(intent)s
            """,
            {
                "now": now,
                "quote": quote[0],
                "amount": quote[1],
                "maker": quote[2],
                "decision": decision_id,
                "accepts": question == "accept_proposal",
                "venue": venue,
                "intent": intent_id,
            },
        )

    def refused(self, venue: str, intent_id: str, question: Question, decision_id: str) -> bool:
        """Give back what the venue definitely refused, or what was never sent; tell whether that changed anything."""
        self._connection.execute(
            "UPDATE risk.exposures SET refused = array_append(refused, %s) WHERE venue = %s AND intent_id = %s AND NOT %s = ANY (refused)",
            (decision_id, venue, intent_id, decision_id),
        )
        if question == "co_sign_quote":
            done = self._connection.execute(
                """
                UPDATE risk.exposures SET source_amount = NULL, market_maker_party_id = NULL, quote_id = NULL, signed_by = NULL,
                       updated_at = clock_timestamp()
                 WHERE venue = %s AND intent_id = %s AND state = 'reserved' AND signed_by = %s
                """,
                (venue, intent_id, decision_id),
            )
        else:
            done = self._connection.execute(
                "UPDATE risk.exposures SET state = 'released', updated_at = clock_timestamp() "
                "WHERE venue = %s AND intent_id = %s AND state = 'reserved' AND accepted_by = %s",
                (venue, intent_id, decision_id),
            )
        return done.rowcount > 0

    def end(self, venue: str, intent_id: str, status: str, settled: bool, source_amount: Decimal | None) -> bool:
        """Note that an order has ended; tell whether a row changed."""
        self._connection.execute(
            """
            INSERT INTO risk.ended AS e (venue, intent_id, status) VALUES (%s, %s, %s)
                ON CONFLICT (venue, intent_id) DO UPDATE SET status = EXCLUDED.status WHERE %s AND e.status <> EXCLUDED.status
            """,
            (venue, intent_id, status, settled),
        )
        if is_unknown(status):  # nobody knows what became of it, so what was accepted counts on
            return False
        done = self._connection.execute(
            """
            UPDATE risk.exposures
               SET state = CASE WHEN %(settled)s AND reserved_at IS NOT NULL THEN 'settled' ELSE 'released' END,
                   source_amount = CASE WHEN %(settled)s AND quote_id IS NOT NULL THEN coalesce(%(amount)s, source_amount)
                                        ELSE source_amount END,
                   updated_at = clock_timestamp()
             WHERE venue = %(venue)s AND intent_id = %(intent)s
               AND (state IN ('asked', 'reserved') OR (%(settled)s AND state IN ('declined', 'released') AND reserved_at IS NOT NULL))
            """,
            {"settled": settled, "amount": source_amount, "venue": venue, "intent": intent_id},
        )
        return done.rowcount > 0


def _counter(number: int, venue: str, intent_id: str, query: CounterQuery, now: datetime) -> tuple[str, list[object]]:
    """Write one query as SQL of constants, and its parameters in order."""
    where, given = ["venue = %s", "intent_id <> %s"], [venue, intent_id]
    parameters: list[object] = [*given]
    value = "NULL::numeric"
    match query.kind:
        case "alike":
            where.append("state IN ('asked', 'reserved', 'settled')")
            where.append("pair = %s AND sender_party_id = %s AND receiver_party_id = %s AND target_amount = %s::numeric")
            parameters += query.alike or ("", "", "", "0")
        case "exposure":
            where.append("state = 'reserved'")
        case _:
            where.append("state IN ('reserved', 'settled')")
    if query.per != "venue":
        where.append(f"{_COLUMNS[query.per]} = %s")
        parameters.append(query.scope)
    if query.window is not None:
        where.append("asked_at > %s" if query.kind == "alike" else "reserved_at > %s")
        parameters.append(now - query.window)
    if query.kind in ("sum", "exposure"):
        value = _AMOUNTS[query.side]
        where.append(f"{query.side}_currency = %s")
        parameters.append(query.currency)
    text = (
        f"SELECT {number}, coalesce(sum({value}), 0)::text, count(*), count(*) FILTER (WHERE {value} IS NULL) "  # noqa: S608 - constants
        f"FROM risk.exposures WHERE {' AND '.join(where)}"
    )
    return text, parameters
