"""Six hundred questions, policies, counters and times, drawn from a seed: the same everywhere and for ever.

They were decided by releases whose limits counted at the venue of the question, and are decided again as those did (`Engine.before`).

Only `Random.randrange` is drawn from, whose sequence Python keeps between versions. A change here changes every golden digest;
`python -m tests.unit.risk.corpus` writes them anew, and one reads why.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any, TypeVar

from pipeline.log.codec import encode
from pipeline.log.envelope import time_text
from pipeline.policy.checks.catalogue import CHECKS
from pipeline.policy.counters import ENDED, UNKNOWN
from pipeline.policy.engine import Engine
from pipeline.policy.file import example_of, parse, read
from pipeline.testing.questions import COMPLIANCE, NOW, question, quote
from schemas.accepting import ComplianceFacts, DecisionRequested, QuoteFacts, RateFacts

DIGESTS = Path(__file__).parent / "golden" / "decisions.txt"
"""SHA-256 of the bytes of each decision, with its verdict and question."""
POLICY = Path(__file__).parent / "golden" / "policy.toml"
"""The example policy as it was when the digests were written."""
COUNT = 600
STRANGE = 'Ünï "quoted" \\ back\u2028slash \x7f'
AMOUNTS = ("100000", "1e5", "100000.50", "0.000000000000000001", "0", "12000000", "99999999999999999999.123456789", "250000")
RATES = ("112", "112.0", "111.5", "121", "0", "112.000000000000000001", "1.12e2")
READ = (("0", "1", "49999999", "120.5", UNKNOWN), ("0", "0", "0", "7", "200", UNKNOWN))
"""Answers to counters: amounts, and numbers of orders."""
VALID = (25.0, 25.0, 4.0, 29.5, 0.0, -1.0)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Asked:
    """A question put to an engine, with what was read for it."""

    engine: Engine
    request: DecisionRequested
    counters: dict[str, str]
    at: datetime


class _Draw:
    """Draws from a seed."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)

    def below(self, stop: int) -> int:
        return self._random.randrange(stop)

    def one(self, of: Sequence[T]) -> T:
        return of[self.below(len(of))]

    def seldom(self, one_in: int) -> bool:
        return self.below(one_in) == 0


def corpus(count: int = COUNT, seed: int = 20250314) -> Iterator[Asked]:
    """Yield questions: a third to a whole policy, the others to policies drawn from the checks' examples."""
    draw = _Draw(seed)
    example = Engine(read(POLICY))
    for number in range(count):
        asked = (example if number % 3 == 0 else _policy(draw)).before
        request = _question(draw, number)
        at = NOW + timedelta(milliseconds=draw.one((0, 0, 250, 4_000, 19_999, 20_001, 3_600_000, 172_800_000)))
        counters = {query.key: draw.one(READ[query.kind in ("count", "alike")]) for query in asked.queries(request, at)}
        if counters and draw.seldom(12):
            del counters[draw.one(sorted(counters))]
        if draw.seldom(20):
            counters[ENDED] = draw.one(("EXPIRED", "SETTLED"))
        yield Asked(asked, request, counters, at)


def _policy(draw: _Draw) -> Engine:
    names = sorted(CHECKS)
    rules: list[str] = []
    for number in range(draw.below(9)):
        check = CHECKS[draw.one(names)]
        if check.name == "best_execution" and any('"best_execution"' in text for text in rules):
            continue
        params = example_of(check)
        if draw.seldom(4) and check.name not in ("peg_band", "best_execution"):
            params = f"{params[:-2].rstrip()}{',' if check.example else ''} {draw.one(ABOUT)} }}"
        name = f"{number} {STRANGE if draw.seldom(3) else check.name}".replace("\\", "\\\\").replace('"', '\\"').replace("\x7f", "\\u007F")
        why = f'\nwhy = "Because {number}."' if draw.seldom(3) else ""
        on, otherwise = draw.one(check.questions), draw.one(check.otherwise)
        rules.append(f'[[rules]]\nname = "{name}"\non = "{on}"\ncheck = "{check.name}"\nparams = {params}\notherwise = "{otherwise}"{why}')
    return Engine(parse("\n".join(['name = "drawn"', f"version = {1 + draw.below(9)}", *rules]).encode()))


ABOUT = ('venue = "tokyo"', 'venue = "osaka"', 'pair = "JPYSC0/USDCx"', 'pair = "EURx/USDCx"')
PARTS = (
    "sender_party_id",
    "receiver_party_id",
    "receiver_custodian_party_id",
    "source_amount_max",
    "expires_at",
    "created_at",
    "compliance",
)
STATEMENTS: Sequence[dict[str, Any]] = (
    {"kyc_status": "KYC_EXPIRED"},
    {"kyc_expires_at": "2025-03-15T00:00:00Z"},
    {"kyc_expires_at": "2025-02-30T00:00:00Z"},
    {"sanctions_status": "SANCTIONS_HIT"},
    {"sanctions_screened_at": "2025-03-14T01:00:00.123456789Z"},
    {"sanctions_screened_at": "2025-03-15T01:00:00Z"},
    {"sanctions_freshness_window": "72 hours"},
    {"sanctions_freshness_window": "for a while"},
    {"risk_rating": "HIGH"},
    {"risk_rating": "UNHEARD"},
    {"pep_status": "PEP"},
    {"pep_checked_at": "2025-03-01T00:00:00Z"},
    {"purpose_code": STRANGE},
    {"jurisdiction_sender": "KP"},
    {"jurisdiction_receiver": "SG"},
    {"originating_vasp_code": " "},
)


def _question(draw: _Draw, number: int) -> DecisionRequested:
    given: dict[str, Any] = {"target_amount": draw.one(AMOUNTS) if draw.seldom(2) else "100000"}
    if draw.seldom(3):
        given["source_amount_max"] = draw.one(AMOUNTS)
    if draw.seldom(3):
        given["rates"] = tuple(_rate(draw) for _ in range(draw.below(4)))
    if draw.seldom(3):
        given["compliance"] = _compliance(draw)
    if draw.seldom(8):
        given["receiver_party_id"] = STRANGE
    if draw.seldom(8):
        given["source_currency"] = "EURx"
    if draw.seldom(4):
        given[draw.one(PARTS)] = None
    given["side"] = draw.one(("sender", "sender", "sender", "both", "receiver"))
    if draw.below(2):
        return question(order=number, **given)
    quotes = [_quote(draw, index) for index in range(draw.below(5))]
    return question("co_sign_quote", order=number, quotes=quotes, **given)


def _quote(draw: _Draw, index: int) -> QuoteFacts:
    changes: dict[str, Any] = {}
    if draw.seldom(5):
        changes["source_amount"] = draw.one(("11200000", "11200000.00", "11150000", "1"))
    if draw.seldom(6):
        changes["target_amount"] = draw.one(("100000", "1e5", "11200000", "7"))
    if draw.seldom(6):
        changes["status"] = draw.one(("SUBMITTED", "EXPIRED", "withdrawn", STRANGE))
    if draw.seldom(4):
        changes["first_seen_at"] = time_text(NOW - timedelta(seconds=draw.below(9)))
    if draw.seldom(6):
        changes["selected"] = draw.below(2) == 0
    if draw.seldom(8):
        changes["market_maker_party_id"] = None
    return quote(index + 1, draw.one(RATES), valid=draw.one(VALID), **changes)


def _rate(draw: _Draw) -> RateFacts:
    age = draw.one((3, 0, -2, -60, 29, 59, 600))
    return RateFacts(
        rate=draw.one(("112.1", "112", "1.001", "119.25", "0")),
        sources=draw.below(6),
        provider=draw.one(("reference", "other", STRANGE)),
        quoted_at=time_text(NOW - timedelta(seconds=age)),
    )


def _compliance(draw: _Draw) -> ComplianceFacts:
    changes = dict(draw.one(STATEMENTS))
    if draw.seldom(3):
        changes[draw.one(sorted(ComplianceFacts.model_fields))] = None
    return COMPLIANCE.model_copy(update=changes)


def digested(asked: Asked, decision: bytes, verdict: str) -> str:
    """Return a decision's line among the digests."""
    return f"{hashlib.sha256(decision).hexdigest()} {verdict} {asked.request.question}"


if __name__ == "__main__":
    made = ((one, one.engine.decide(one.request, one.counters, one.at)) for one in corpus())
    DIGESTS.write_text("".join(f"{digested(one, encode(decision), decision.verdict)}\n" for one, decision in made), encoding="utf-8")
