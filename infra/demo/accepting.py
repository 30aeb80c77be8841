"""Reads what there is to see of accepting while the demo runs: what was asked of us, what was answered, what was sent."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from pipeline.stores.postgres import Connection

_COUNTS = """
SELECT (SELECT count(*) FROM custodian.states WHERE processor = 'workflow' AND state ->> 'side' IN ('sender', 'both')),
       (SELECT count(*) FROM commands.journal WHERE kind = 'accept_proposal' AND state IN ('succeeded', 'shadowed')),
       (SELECT count(*) FROM commands.journal WHERE kind = 'co_sign_quote' AND state IN ('succeeded', 'shadowed')),
       (SELECT count(DISTINCT intent_id) FROM risk.answers
         WHERE verdict = 'REJECT' AND question = 'accept_proposal' AND refers_to IS NULL),
       (SELECT count(*) FROM risk.referrals WHERE state <> 'superseded'),
       (SELECT count(*) FROM risk.referrals WHERE state = 'approved'),
       (SELECT count(*) FROM risk.referrals WHERE state = 'refused'),
       (SELECT count(*) FROM risk.referrals
         WHERE state = 'expired' OR (state = 'pending' AND expires_at <= clock_timestamp()))
"""
# The first call for each order: a later one follows what the venue said. What waited for a person says nothing of the pipeline either.
_LATENCIES = """
SELECT percentile_cont(ARRAY[0.5, 0.99]) WITHIN GROUP (
           ORDER BY extract(epoch FROM called.begun_at - (s.state ->> 'first_seen_at')::timestamptz)::float8)
  FROM (SELECT j.venue || '/' || j.intent_id AS key, min(a.begun_at) AS begun_at
          FROM commands.attempts a JOIN commands.journal j USING (command_id)
         WHERE j.kind = 'accept_proposal' AND NOT EXISTS (SELECT FROM risk.referrals r WHERE r.answer_id = j.decision_id)
         GROUP BY 1) AS called
  JOIN custodian.states s USING (key)
 WHERE s.processor = 'workflow'
"""
_LATEST = """
SELECT a.kept_at, a.verdict, a.question, a.intent_id, a.decided_by, a.refers_to, a.rules, q.context
  FROM risk.answers a LEFT JOIN risk.questions q USING (request_id, context_sha256)
 ORDER BY a.number DESC LIMIT %s
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepting:
    """What is seen of accepting at one moment; in shadow `accepted` and `co_signed` are what would have been sent. Times in seconds."""

    proposals: int = 0
    accepted: int = 0
    co_signed: int = 0
    rejected: int = 0
    referred: int = 0
    approved: int = 0
    refused: int = 0
    lapsed: int = 0
    p50: float | None = None
    p99: float | None = None
    latest: tuple[str, ...] = ()
    """The last decisions, the latest first, one line each."""


def look(connection: Connection, *, latest: int) -> Accepting:
    """Return what can be seen now, with so many of the last decisions."""
    counts = connection.execute(_COUNTS).fetchone() or (0,) * 8
    measured = connection.execute(_LATENCIES).fetchone()
    p50, p99 = (measured[0] if measured else None) or (None, None)
    names = ("proposals", "accepted", "co_signed", "rejected", "referred", "approved", "refused", "lapsed")
    lines = tuple(_line(row) for row in connection.execute(_LATEST, (latest,)).fetchall())
    return Accepting(**dict(zip(names, counts, strict=True)), p50=p50, p99=p99, latest=lines)


def _line(row: Sequence[Any]) -> str:
    kept_at, verdict, question, intent_id, decided_by, refers_to, rules, context = row
    asked = json.loads(context) if context else {}
    about = "accept" if question == "accept_proposal" else "sign"
    why = f"by {decided_by}" if refers_to else reason(verdict, rules)
    amount = f"{short_amount(asked.get('target_amount'))} {asked.get('target_currency', '')}"
    return f"{kept_at:%M:%S} {verdict:6} {about:6} {intent_id[:8]} {amount:>13}  {why}"


def reason(verdict: str, rules: Sequence[dict[str, Any]]) -> str:
    """Return why a verdict came about: the rules that say it, or that all of them hold."""
    against = [str(rule["name"]) for rule in rules if rule["verdict"] == verdict]
    if verdict != "ACCEPT" and against:
        return ", ".join(against)
    return f"{sum(rule['verdict'] == 'PASS' for rule in rules)} rules hold" if verdict == "ACCEPT" else "no rule applies"


def short_amount(text: str | None) -> str:
    """Write an amount in at most six characters, for a narrow column only: never to be counted on."""
    if text is None:
        return "?"
    amount = Decimal(text)
    for unit, sign in ((10**9, "G"), (10**6, "M"), (10**3, "k")):
        if amount >= unit:
            return f"{amount / unit:.1f}{sign}"
    return f"{amount:.1f}"
