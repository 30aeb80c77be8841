"""Compares what the venue's truth holds with what the books hold and what was decided; written without the pipeline's own comparison.

The truth file is the simulator's; books, decisions and commands are read through the published commands' output.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

Booking = tuple[str, str]
Line = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Settlements of the truth against entries of the books."""

    settled: int
    booked: int
    missing: tuple[Booking, ...]
    unknown: tuple[Booking, ...]
    twice: tuple[Booking, ...]
    differing: tuple[Booking, ...]

    @property
    def clean(self) -> bool:
        """Tell whether every settlement is booked once with its amounts, and nothing else is."""
        return not (self.missing or self.unknown or self.twice or self.differing)


def settlements(truth: Path) -> dict[Booking, dict[str, Any]]:
    """Return what settled and touches our custody, by intent and hash."""
    found = {}
    for text in truth.read_text(encoding="utf-8").splitlines():
        line = json.loads(text)
        if line.get("what") == "status" and line.get("status") == "SETTLED" and line.get("side") != "none":
            found[(line["intent_id"], line["transaction_hash"])] = line
    return found


def compare(truth: dict[Booking, dict[str, Any]], entries: Iterable[dict[str, Any]]) -> Comparison:
    """Compare settlements with journal entries, amounts included."""
    booked: Counter[Booking] = Counter()
    differing = []
    for entry in entries:
        key = (entry["intent_id"], entry["transaction_hash"])
        booked[key] += 1
        if key in truth and moved(entry) != expected(truth[key]):
            differing.append(key)
    return Comparison(
        settled=len(truth),
        booked=sum(booked.values()),
        missing=tuple(sorted(truth.keys() - booked.keys())),
        unknown=tuple(sorted(booked.keys() - truth.keys())),
        twice=tuple(sorted(key for key, count in booked.items() if count > 1)),
        differing=tuple(differing),
    )


def expected(settled: dict[str, Any]) -> dict[tuple[str, str], Decimal]:
    """Return what has to move in our custody: (currency, side of the custody asset) -> amount."""
    moves = {}
    if settled["side"] in ("sender", "both"):
        moves[(settled["source_currency"], "credit")] = Decimal(settled["source_amount_actual"])
    if settled["side"] in ("receiver", "both"):
        moves[(settled["target_currency"], "debit")] = Decimal(settled["target_amount"])
    return moves


def moved(entry: dict[str, Any]) -> dict[tuple[str, str], Decimal]:
    """Return what an entry moves in our custody."""
    return {
        (posting["currency"], posting["side"]): Decimal(posting["amount"])
        for posting in entry["postings"]
        if posting["role"] == "custody_asset"
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """What the venue was told, judged, and what became of the proposals that were let pass."""

    calls: int
    accepted: int
    co_signed: int
    wrong: tuple[str, ...]
    """What must not have happened, in words."""
    passed: Mapping[str, int]
    """How proposals that were let pass stand at the venue: how many, by status."""
    status: Mapping[str, str]
    """How each order stands at the venue, by intent."""


def judge(lines: Iterable[Line], decisions: Iterable[Line], commands: Iterable[Line], *, shadow: bool = False) -> Accepted:
    """Judge every accept call that the venue received by the venue's own log, the decisions and the commands."""
    calls: dict[int, Line] = {}
    orders: dict[str, Line] = {}
    quotes: dict[str, Line] = {}
    status: dict[str, str] = {}
    for line in lines:
        match line["what"]:
            case "call":
                calls[line["call"]] = line
            case "quote":
                quotes[line["quote_id"]] = line
            case "created" | "status":
                orders.setdefault(line["intent_id"], line)
                status[line["intent_id"]] = line["status"]
            case "withdrawn":
                status[line["intent_id"]] = "WITHDRAWN"
    made = list(decisions)
    said_yes = {line["decision_id"]: line for line in made if line["verdict"] == "ACCEPT"}
    let_pass = {line["intent_id"] for line in said_yes.values() if line["question"] == "accept_proposal"}
    received = [call for _, call in sorted(calls.items())]
    applied = Counter(call["kind"] for call in received if call["applied"])
    wrong = [*_doubled(received), *_terms_broken(received, orders, quotes), *_undecided(received, said_yes, list(commands))]
    if shadow:
        wrong += [f"{_named(call)} was sent although everything is in shadow" for call in received]
    return Accepted(
        calls=len(received),
        accepted=applied["accept_proposal"],
        co_signed=applied["co_sign_quote"],
        wrong=tuple(wrong),
        passed=Counter(status.get(intent, "unknown to the venue") for intent in let_pass),
        status=status,
    )


def _named(call: Line) -> str:
    return f"call {call['call']} ({call['kind']} of {call['intent_id']})"


def _doubled(calls: Iterable[Line]) -> Iterator[str]:
    """Name what had its effect twice: one accept and one co-signature for an order, whatever was repeated."""
    effective: defaultdict[tuple[str, str], list[Line]] = defaultdict(list)
    for call in calls:
        if call["applied"]:
            effective[(call["intent_id"], call["kind"])].append(call)
    for several in effective.values():
        yield from (f"{_named(call)} had its effect a second time" for call in several[1:])


def _terms_broken(calls: Iterable[Line], orders: Mapping[str, Line], quotes: Mapping[str, Line]) -> Iterator[str]:
    """Name co-signatures, effective or not, of a quote that costs more than the sender's maximum, or of one that had lapsed."""
    for call in calls:
        if call["kind"] != "co_sign_quote":
            continue
        quote, order = quotes.get(call["quote_id"]), orders.get(call["intent_id"])
        if quote is None or order is None or quote["intent_id"] != call["intent_id"]:
            yield f"{_named(call)} names a quote {call['quote_id']} that the order does not have"
            continue
        cost = max(Decimal(quote["source_amount"]), Decimal(order["target_amount"]) * Decimal(quote["fx_rate"]))
        if order.get("source_amount_max") is not None and cost > Decimal(order["source_amount_max"]):
            yield f"{_named(call)} costs {cost}, more than {order['source_amount_max']}"
        if datetime.fromisoformat(call["received_at"]) >= datetime.fromisoformat(quote["valid_until"]):
            yield f"{_named(call)} came at {call['received_at']}, the quote was valid until {quote['valid_until']}"


def _undecided(calls: Iterable[Line], said_yes: Mapping[str, Line], commands: Iterable[Line]) -> Iterator[str]:
    """Name calls behind which no command stands with a decision to accept exactly this, made before."""
    behind: defaultdict[tuple[str, str, str | None], list[Line]] = defaultdict(list)
    for command in commands:
        if command["mode"] == "live" and command["decision_id"] in said_yes:
            behind[_about(command, command["kind"])].append(said_yes[command["decision_id"]])
    for call in calls:
        about, at = _about(call, call["kind"]), datetime.fromisoformat(call["received_at"])
        if not any(_about(one, one["question"]) == about and datetime.fromisoformat(one["decided_at"]) <= at for one in behind[about]):
            yield f"{_named(call)} has no decision to accept behind it"


def _about(line: Line, kind: str) -> tuple[str, str, str | None]:
    return line["intent_id"], kind, line.get("quote_id")
