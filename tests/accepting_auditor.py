"""Judges what was accepted at the venue, and shares no code with the product: JSON, plain SQL and arithmetic of its own.

It reads the venue's log of the truth (every accept call received, when, with which quote, what it was answered and whether it had an
effect) and, where they are given, the journal, the decisions and the halts, and returns what must not have happened:

    judge(History(...)) -> list[Violation]        pure; `history()` reads one from a log and a database
    audit_accepting(truth, dsn=...)               reads, judges, and fails with every violation
    Witness(base_url, dsn)                        holds each call at the venue and looks whether its journal row, its attempt and its
                                                  decision can be seen by others at that very moment, which is what "committed before" means

A quote that has lapsed without effect counts as refused: the venue never takes it any more. An answer counts as told when it left for
a caller that still waited, unless the journal shows that the caller died with it: an attempt that has no outcome for good.
"""

from __future__ import annotations

import asyncio
import json
import threading
import urllib.request
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal, localcontext
from pathlib import Path
from types import TracebackType
from typing import Any, Literal

import psycopg

Kind = Literal["accept_proposal", "co_sign_quote"]
Rule = Literal[
    "accepted_twice",
    "co_signed_twice",
    "another_quote",
    "after_valid_until",
    "after_expires_at",
    "unknown_quote",
    "over_guard",
    "quote_disagrees",
    "repeated_after_refusal",
    "repeated_after_success",
    "repeated_too_often",
    "while_halted",
    "in_shadow",
    "not_sender",
    "no_journal_row",
    "no_attempt",
    "no_decision",
    "not_committed",
]
CALLS_MAX = 3
"""How often one thing may be asked while nobody knows what became of it (contract A-24)."""
FOREVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One accept call as the venue received it; `at` is by this machine's clock, `venue_at` by the venue's."""

    number: int
    kind: str
    intent_id: str
    quote_id: str | None = None
    at: datetime
    venue_at: datetime
    answered_at: datetime | None = None
    """When the answer left for somebody who still waited, by this machine's clock."""
    status: int | None = None
    outcome: str | None = None
    applied: bool = False

    @property
    def refused(self) -> bool:
        """Tell whether the caller was told that nothing was done."""
        return self.answered_at is not None and self.status is not None and 400 <= self.status < 500

    @property
    def postponed(self) -> bool:
        """Tell whether the caller was told to come again: nothing was done, and nothing about the order was said."""
        return self.refused and self.status in (401, 429)

    @property
    def succeeded(self) -> bool:
        """Tell whether the caller was told that it was done."""
        return self.answered_at is not None and self.status is not None and 200 <= self.status < 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """An order's terms; `side` is where our custodian stands."""

    side: str
    pair: str
    target_amount: Decimal
    source_amount_max: Decimal | None
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A quote as it was stated."""

    intent_id: str
    fx_rate: Decimal
    source_amount: Decimal
    target_amount: Decimal
    valid_until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """A call as the journal has it; without an outcome its caller died before it stored one."""

    begun_at: datetime
    outcome: str | None = "done"


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalRow:
    """A command that was journalled, and its calls."""

    command_id: str
    intent_id: str
    kind: str
    quote_id: str | None
    decision_id: str
    shadow: bool
    journalled_at: datetime
    attempts: tuple[Attempt, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """An answer to a question, of an engine or of people."""

    decision_id: str
    intent_id: str
    question: str
    quote_id: str | None
    verdict: str
    decided_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A time in which nothing may be sent; None stands for every venue, every pair, and for no end."""

    begun_at: datetime
    ended_at: datetime | None = None
    venue: str | None = None
    pair: str | None = None

    def covers(self, at: datetime, *, venue: str, pair: str | None, grace: timedelta) -> bool:
        """Tell whether a call that came in at a moment should not have been sent."""
        inside = self.begun_at + grace < at < (self.ended_at or FOREVER)
        return inside and self.venue in (None, venue) and self.pair in (None, pair)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """What others could see in the database while a call was held, before anything was done about it."""

    journal: bool
    attempt: bool
    decision: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """What is judged; journal and decisions are None where they are not to be judged."""

    calls: Sequence[Call]
    orders: Mapping[str, Terms] = field(default_factory=dict)
    offers: Mapping[str, Offer] = field(default_factory=dict)
    journal: Sequence[JournalRow] | None = None
    decisions: Mapping[str, Decision] | None = None
    halts: Sequence[Span] = ()
    shadow: Sequence[Span] = ()
    seen: Mapping[int, Sight] | None = None
    """What a witness saw, by call number."""
    venue: str = "tokyo"


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """Something that must not have happened."""

    rule: Rule
    intent_id: str
    call: int
    detail: str

    def __str__(self) -> str:
        return f"{self.rule}: call {self.call} for {self.intent_id}: {self.detail}"


# -- judging ------------------------------------------------------------------------------------------------------


def judge(history: History, *, grace: timedelta = timedelta(0)) -> list[Violation]:
    """Return everything that must not have happened, in the order of the calls; `grace` is how long a call may be under way into a halt."""
    found: list[Violation] = []
    by_intent: defaultdict[str, list[Call]] = defaultdict(list)
    for call in sorted(history.calls, key=lambda call: call.number):
        before = tuple(by_intent[call.intent_id])
        for rule, detail in (
            *_repeated(call, before, history),
            *_timely(call, history, before),
            *_priced(call, history),
            *_permitted(call, before, history, grace),
            *_recorded(call, before, history),
        ):
            found.append(Violation(rule=rule, intent_id=call.intent_id, call=call.number, detail=detail))
        by_intent[call.intent_id].append(call)
    return found


Findings = Iterator[tuple[Rule, str]]


def _told(other: Call, call: Call, history: History) -> bool:
    """Tell whether the answer to an earlier call was known to the caller when a later one came in."""
    if other.answered_at is None or other.answered_at > call.at:
        return False
    about = (other.intent_id, other.kind, other.quote_id)
    rows = [row for row in history.journal or () if (row.intent_id, row.kind, row.quote_id) == about]
    begun = [attempt for row in rows for attempt in row.attempts if attempt.begun_at <= other.at]
    return not begun or max(begun, key=lambda attempt: attempt.begun_at).outcome is not None


def _decided_anew(other: Call, call: Call, history: History) -> bool:
    """Tell whether a proposal was accepted again on another decision, made after the first call was refused (contract 6.2, A-09).

    A quote that was refused is never co-signed again, whoever decides.
    """
    if call.kind != "accept_proposal" or other.answered_at is None:
        return False
    first, second = _row_of(other, history), _row_of(call, history)
    if first is None or second is None or first.decision_id == second.decision_id:
        return False
    decision = (history.decisions or {}).get(second.decision_id)
    return decision is not None and decision.decided_at > other.answered_at


def _row_of(call: Call, history: History) -> JournalRow | None:
    """Return the command whose attempt was the last one begun before a call came in."""
    about = (call.intent_id, call.kind, call.quote_id)
    begun = [
        (attempt.begun_at, row)
        for row in history.journal or ()
        if (row.intent_id, row.kind, row.quote_id) == about
        for attempt in row.attempts
        if attempt.begun_at <= call.at
    ]
    return max(begun, key=lambda found: found[0])[1] if begun else None


def _repeated(call: Call, before: Sequence[Call], history: History) -> Findings:
    """Judge a call by the calls for the same intent before it."""
    alike = [other for other in before if other.kind == call.kind]
    same = [other for other in alike if other.quote_id == call.quote_id]
    effective = [other.number for other in alike if other.applied]
    if call.applied and effective:
        yield "accepted_twice" if call.kind == "accept_proposal" else "co_signed_twice", f"call {effective[0]} had its effect already"
    for other in same:
        told = _told(other, call, history)
        if told and other.refused and not other.postponed and not _decided_anew(other, call, history):
            yield "repeated_after_refusal", f"call {other.number} was answered {other.status}"
        if told and other.succeeded:
            yield "repeated_after_success", f"call {other.number} was answered {other.status}"
    unknown = [other for other in same if not (other.refused and _told(other, call, history))]
    if len(unknown) >= CALLS_MAX:
        yield "repeated_too_often", f"{len(unknown)} calls before it may have had an effect"


def _timely(call: Call, history: History, before: Sequence[Call]) -> Findings:
    if call.kind == "accept_proposal":
        terms = history.orders.get(call.intent_id)
        if terms is not None and call.venue_at >= terms.expires_at:
            yield "after_expires_at", f"received {call.venue_at}, the order expired {terms.expires_at}"
        return
    offer = history.offers.get(call.quote_id or "")
    if offer is None or offer.intent_id != call.intent_id:
        yield "unknown_quote", f"the intent has no quote {call.quote_id}"
    elif call.venue_at >= offer.valid_until:
        yield "after_valid_until", f"received {call.venue_at}, valid until {offer.valid_until}"
    for other in before:
        if other.kind == call.kind and other.quote_id != call.quote_id and not _over(other, call, before, history):
            yield "another_quote", f"call {other.number} for quote {other.quote_id} was not definitely refused by then"


def _over(other: Call, call: Call, before: Sequence[Call], history: History) -> bool:
    """Tell whether an earlier co-signature could have no effect any more when another quote was co-signed.

    A definite refusal of its quote says so of every call for that quote before it, of those too whose own answer nobody heard.
    """
    if other.applied:
        return False
    same = (one for one in before if one.kind == other.kind and one.quote_id == other.quote_id and one.number >= other.number)
    if any(one.refused and not one.postponed and _told(one, call, history) for one in same) or (
        other.refused and _told(other, call, history)
    ):
        return True
    offer = history.offers.get(other.quote_id or "")
    return offer is not None and offer.valid_until <= call.venue_at


def _priced(call: Call, history: History) -> Findings:
    """Judge the terms of a co-signed quote (contract 1.8 and A-08)."""
    offer, terms = history.offers.get(call.quote_id or ""), history.orders.get(call.intent_id)
    if call.kind != "co_sign_quote" or offer is None or terms is None:
        return
    with localcontext() as context:
        context.prec = 200
        product = terms.target_amount * offer.fx_rate
    if terms.source_amount_max is not None and max(product, offer.source_amount) > terms.source_amount_max:
        yield "over_guard", f"{max(product, offer.source_amount)} is more than {terms.source_amount_max}"
    if offer.source_amount != product or offer.target_amount not in (terms.target_amount, product):
        stated = f"{offer.source_amount} for {offer.target_amount} at {offer.fx_rate}"
        yield "quote_disagrees", f"{stated} does not follow from an order of {terms.target_amount}"


UNDER_WAY_MAX = timedelta(seconds=10)
"""Longer than a venue on a busy machine takes to look at a call that left within a second of its attempt."""


def _was_under_way(call: Call, before: Sequence[Call], history: History, since: datetime) -> bool:
    """Tell whether a call's attempt was committed before a halt was: nobody can call it back, however late the venue looks at it."""
    about = (call.intent_id, call.kind, call.quote_id)
    rows = [row for row in history.journal or () if (row.intent_id, row.kind, row.quote_id) == about and not row.shadow]
    begun = sorted(attempt.begun_at for row in rows for attempt in row.attempts)
    nth = sum((other.intent_id, other.kind, other.quote_id) == about for other in before)
    return nth < len(begun) and begun[nth] < since and call.at - begun[nth] <= UNDER_WAY_MAX


def _permitted(call: Call, before: Sequence[Call], history: History, grace: timedelta) -> Findings:
    terms = history.orders.get(call.intent_id)
    if terms is not None and terms.side not in ("sender", "both"):
        yield "not_sender", f"our side is {terms.side}"
    pair = None if terms is None else terms.pair
    spans: tuple[tuple[Rule, Sequence[Span]], ...] = (("while_halted", history.halts), ("in_shadow", history.shadow))
    for rule, several in spans:
        for span in several:
            under_way = rule == "while_halted" and _was_under_way(call, before, history, span.begun_at)
            if span.covers(call.at, venue=history.venue, pair=pair, grace=grace) and not under_way:
                yield rule, f"received {call.at}, since {span.begun_at} nothing may be sent"


def _recorded(call: Call, before: Sequence[Call], history: History) -> Findings:
    """Judge whether journal, attempt and decision were there before the call came in."""
    if history.seen is not None:
        sight = history.seen.get(call.number)
        missing = ["nobody looked"] if sight is None else [name for name in ("journal", "attempt", "decision") if not getattr(sight, name)]
        if missing:
            yield "not_committed", f"not to be seen when it came in: {', '.join(missing)}"
    if history.journal is None:
        return
    about = (call.intent_id, call.kind, call.quote_id)
    rows = [row for row in history.journal if (row.intent_id, row.kind, row.quote_id) == about and row.journalled_at <= call.at]
    live = [row for row in rows if not row.shadow]
    if not live:
        yield ("in_shadow", "its only journal row is of shadow mode") if rows else ("no_journal_row", "nothing was journalled before it")
        return
    begun = sum(attempt.begun_at <= call.at for row in live for attempt in row.attempts)
    nth = 1 + sum((other.intent_id, other.kind, other.quote_id) == about for other in before)
    if begun < nth:
        yield "no_attempt", f"it is call number {nth}, and {begun} were begun"
    if history.decisions is not None and not any(_accepts(row, history.decisions.get(row.decision_id), call) for row in live):
        yield "no_decision", f"no decision to accept stands behind {', '.join(row.command_id for row in live)}"


def _accepts(row: JournalRow, decision: Decision | None, call: Call) -> bool:
    if decision is None or decision.verdict != "ACCEPT":
        return False
    about = (decision.intent_id, decision.question, decision.quote_id)
    return about == (row.intent_id, row.kind, row.quote_id) and decision.decided_at <= call.at


# -- reading ------------------------------------------------------------------------------------------------------


def audit_accepting(
    truth: Path,
    *,
    dsn: str | None = None,
    decisions: Iterable[Mapping[str, Any]] | None = None,
    seen: Mapping[int, Sight] | None = None,
    shadow: Sequence[Span] = (),
    grace: timedelta = timedelta(seconds=1),
) -> History:
    """Read and judge; fail with every violation, else return what was judged."""
    read = history(truth, dsn=dsn, decisions=decisions)
    read = replace(read, seen=seen, shadow=shadow)
    found = judge(read, grace=grace)
    assert not found, f"{len(found)} violations in {len(read.calls)} accept calls:\n" + "\n".join(map(str, found[:20]))
    return read


def history(truth: Path, *, dsn: str | None = None, decisions: Iterable[Mapping[str, Any]] | None = None) -> History:
    """Read a history out of a log of the truth and, with a DSN, of the product's database.

    `decisions` are the values of `decision-made` records; without them the decisions of the database are read.
    """
    lines = read_lines(truth)
    read = History(calls=calls_of(lines), orders=orders_of(lines), offers=offers_of(lines))
    if dsn is None:
        return read if decisions is None else replace(read, decisions=decisions_of(decisions))
    with psycopg.connect(dsn, autocommit=True, connect_timeout=10) as connection:
        stated = stored_decisions(connection) if decisions is None else decisions_of(decisions)
        return replace(read, journal=journal_of(connection), halts=halts_of(connection), decisions=stated)


def read_lines(path: Path) -> list[dict[str, Any]]:
    """Read a log of the truth; a last line without its end is left out."""
    return [json.loads(line) for line in path.read_bytes().splitlines(keepends=True) if line.endswith(b"\n")]


def calls_of(lines: Iterable[Mapping[str, Any]]) -> list[Call]:
    """Return the calls of a log, each as its last line tells it."""
    latest = {line["call"]: line for line in lines if line["what"] == "call"}
    return [_call(line) for _, line in sorted(latest.items())]


def _call(line: Mapping[str, Any]) -> Call:
    skew, venue_at = timedelta(seconds=line.get("clock_skew", 0)), _moment(line["received_at"])
    answered = line.get("answered_at") if line.get("status") else None  # status 0: the connection was cut
    return Call(
        number=line["call"],
        kind=line["kind"],
        intent_id=line["intent_id"],
        quote_id=line.get("quote_id"),
        at=venue_at - skew,
        venue_at=venue_at,
        answered_at=None if answered is None else _moment(answered) - skew,
        status=line.get("status"),
        outcome=line.get("outcome"),
        applied=line["applied"],
    )


def orders_of(lines: Iterable[Mapping[str, Any]]) -> dict[str, Terms]:
    """Return the terms of every order of a log."""
    return {
        line["intent_id"]: Terms(
            side=line["side"],
            pair=f"{line['source_currency']}/{line['target_currency']}",
            target_amount=Decimal(line["target_amount"]),
            source_amount_max=Decimal(line["source_amount_max"]) if line.get("source_amount_max") is not None else None,
            expires_at=_moment(line["expires_at"]),
        )
        for line in lines
        if line["what"] == "created"
    }


def offers_of(lines: Iterable[Mapping[str, Any]]) -> dict[str, Offer]:
    """Return every quote of a log by its id."""
    return {
        line["quote_id"]: Offer(
            intent_id=line["intent_id"],
            fx_rate=Decimal(line["fx_rate"]),
            source_amount=Decimal(line["source_amount"]),
            target_amount=Decimal(line["target_amount"]),
            valid_until=_moment(line["valid_until"]),
        )
        for line in lines
        if line["what"] == "quote"
    }


def decisions_of(documents: Iterable[Mapping[str, Any]]) -> dict[str, Decision]:
    """Read decisions out of the values of `decision-made` records; of one told twice the first counts."""
    found: dict[str, Decision] = {}
    for document in documents:
        decision = Decision(
            decision_id=document["decision_id"],
            intent_id=document["intent_id"],
            question=document["question"],
            quote_id=document.get("quote_id"),
            verdict=document["verdict"],
            decided_at=_moment(document["decided_at"]),
        )
        found.setdefault(decision.decision_id, decision)
    return found


def stored_decisions(connection: psycopg.Connection[Any]) -> dict[str, Decision]:
    """Return what the built-in engine and people decided, as the database has it."""
    made = decisions_of(json.loads(text) for (text,) in connection.execute("SELECT decision FROM risk.decisions"))
    answered = connection.execute(
        "SELECT answer_id, intent_id, question, quote_id, closed_at FROM risk.referrals r WHERE state = 'approved'"
        " AND answer_id IS NOT NULL"
        " AND approvers_needed <= (SELECT count(*) FROM risk.approvals a WHERE a.decision_id = r.decision_id AND a.verdict = 'approve')"
    )
    for answer_id, intent_id, question, quote_id, closed_at in answered:
        made[answer_id] = Decision(
            decision_id=answer_id, intent_id=intent_id, question=question, quote_id=quote_id, verdict="ACCEPT", decided_at=closed_at
        )
    return made


def journal_of(connection: psycopg.Connection[Any]) -> list[JournalRow]:
    """Return every command of the journal with its attempts."""
    rows = connection.execute(
        """
        SELECT j.command_id, j.intent_id, j.kind, j.quote_id, j.decision_id, j.shadow, j.journalled_at,
               array(SELECT a.begun_at FROM commands.attempts a WHERE a.command_id = j.command_id ORDER BY a.number),
               array(SELECT a.outcome FROM commands.attempts a WHERE a.command_id = j.command_id ORDER BY a.number)
          FROM commands.journal j ORDER BY j.journalled_at
        """
    )
    return [
        JournalRow(
            command_id=command_id,
            intent_id=intent_id,
            kind=kind,
            quote_id=quote_id,
            decision_id=decision_id,
            shadow=shadow,
            journalled_at=journalled_at,
            attempts=tuple(Attempt(begun_at=at, outcome=outcome) for at, outcome in zip(begun, outcomes, strict=True)),
        )
        for command_id, intent_id, kind, quote_id, decision_id, shadow, journalled_at, begun, outcomes in rows
    ]


def halts_of(connection: psycopg.Connection[Any]) -> list[Span]:
    """Return every halt that there was."""
    rows = connection.execute("SELECT venue, pair, halted_at, resumed_at FROM commands.halts ORDER BY halt_id")
    return [Span(venue=venue, pair=pair, begun_at=begun_at, ended_at=ended_at) for venue, pair, begun_at, ended_at in rows]


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


# -- watching -----------------------------------------------------------------------------------------------------


class Witness:
    """Looks into the database while each accept call is held at the venue; `seen` is what it saw, by call number.

    Works on a venue of any process, over its door for tests; where that runs in the loop of the test, `async with` keeps the loop free.
    A call waits for the witness for some milliseconds.
    """

    _SIGHT = """
        SELECT count(*) > 0,
               coalesce(bool_or(EXISTS (
                   SELECT 1 FROM commands.attempts a
                    WHERE a.command_id = j.command_id AND (a.outcome IS NULL OR a.ended_at > %(received_at)s))), false),
               coalesce(bool_or(
                   EXISTS (SELECT 1 FROM risk.decisions d WHERE d.decision_id = j.decision_id AND d.verdict = 'ACCEPT')
                   OR EXISTS (SELECT 1 FROM risk.referrals r WHERE r.answer_id = j.decision_id AND r.state = 'approved')), false)
          FROM commands.journal j
         WHERE j.intent_id = %(intent_id)s AND j.kind = %(kind)s AND j.quote_id IS NOT DISTINCT FROM %(quote_id)s AND NOT j.shadow
    """
    """An attempt that nobody waited for any longer has ended since the call came in."""

    def __init__(self, base_url: str, dsn: str, *, decisions: bool = True) -> None:
        """Watch the venue at `base_url`; without `decisions` those are somebody else's and taken as seen."""
        self.seen: dict[int, Sight] = {}
        self.failure: BaseException | None = None
        self._base_url, self._dsn, self._decisions = base_url, dsn, decisions
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="witness", daemon=True)
        self._hold = 0

    def __enter__(self) -> Witness:
        self._hold = _post(self._base_url, "hold", when="before", times=0)["hold"]
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None) -> None:
        _post(self._base_url, "hold", lift=self._hold)
        self._stop.set()
        self._thread.join(30)
        if self.failure is not None and problem is None:
            raise self.failure

    async def __aenter__(self) -> Witness:
        return await asyncio.to_thread(self.__enter__)

    async def __aexit__(self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None) -> None:
        await asyncio.to_thread(self.__exit__, kind, problem, trace)

    def _watch(self) -> None:
        try:
            with psycopg.connect(self._dsn, autocommit=True, connect_timeout=10) as connection:
                while not self._stop.is_set() or _held(self._base_url, 0):
                    # All that are held in one go: on a busy machine each request takes its time, and the callers wait.
                    if held := _held(self._base_url, 0.2):
                        self.seen |= {call["call"]: self._sight(connection, call) for call in held}
                        _post(self._base_url, "release", call=[call["call"] for call in held])
        except BaseException as error:
            self.failure = error
        finally:
            _post(self._base_url, "release")

    def _sight(self, connection: psycopg.Connection[Any], call: Mapping[str, Any]) -> Sight:
        row = connection.execute(self._SIGHT, {"quote_id": None, **call}).fetchone()
        assert row is not None
        return Sight(journal=row[0], attempt=row[1], decision=row[2] or not self._decisions)


def _held(base_url: str, seconds: float) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = _answer(f"{base_url}/simulator/calls?holding=before&seconds={seconds}")["calls"]
    return found


def _post(base_url: str, path: str, **asked: Any) -> Any:
    return _answer(urllib.request.Request(f"{base_url}/simulator/{path}", data=json.dumps(asked).encode(), method="POST"))


def _answer(request: urllib.request.Request | str) -> Any:
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)
