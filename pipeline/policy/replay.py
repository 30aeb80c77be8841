"""What-if: recorded questions answered again by a candidate policy, and what would have been different.

Two ways. With the recorded counters each decision stands alone: what would the candidate have said in that very moment? With rebuilt
counters the candidate's own accepts fill the limits, from the beginning of the record on; refusals, approvals and the ends of orders happen
as they did. Either way the time is the one at which the decision was made, so the original policy gives back its own decisions to the
byte.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from sys import intern
from typing import NamedTuple

from pipeline.domain.moments import EARLIEST
from pipeline.domain.money import plain
from pipeline.log.codec import encode
from pipeline.policy.book import Book
from pipeline.policy.counters import ENDED
from pipeline.policy.engine import DECIDED_BY, Engine, Judgement
from pipeline.policy.exact import plus
from pipeline.policy.exposures import Answer, key_of, order_of, signable
from pipeline.policy.facts import Facts, facts_of, instant
from schemas.accepting import CommandCompleted, DecisionMade, DecisionRequested, Verdict

SAMPLES = 5
_ZERO = Decimal(0)


class Answered(NamedTuple):
    """An answer, as far as others are compared with it: a whole one takes four times the memory, and a replay holds very many."""

    decision_id: str
    verdict: Verdict
    quote_id: str | None
    decided_by: str
    policy_sha256: str
    said: Mapping[str, str]
    """Verdicts by the names of the rules."""
    sha256: str
    """Of the bytes of the record."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """A question and the answer that was given. The question is read once, however many candidates answer it again."""

    facts: Facts
    """With the counters that were read for it, and the time of deciding."""
    made: Answered

    @classmethod
    def of(cls, request: DecisionRequested, made: DecisionMade, sha256: str | None = None) -> Recorded:
        """Take a question and its answer from the record; `sha256` is that of the answer's bytes, where they are at hand."""
        answered = Answered(
            decision_id=made.decision_id,
            verdict=made.verdict,
            quote_id=made.quote_id,
            decided_by=made.decided_by,
            policy_sha256=intern(made.policy.sha256),
            said={intern(outcome.name): outcome.verdict for outcome in made.rules},
            sha256=hashlib.sha256(encode(made)).hexdigest() if sha256 is None else sha256,
        )
        return cls(facts_of(request, made.counters, instant(made.decided_at) or EARLIEST), answered)

    @property
    def at(self) -> datetime:
        """Return when it was decided."""
        return self.facts.now


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """An order that the venue showed as ended."""

    venue: str
    intent_id: str
    status: str
    settled: bool
    source_amount: Decimal | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Approved:
    """People answered a referral with yes."""

    made: DecisionMade
    at: datetime


@dataclass(frozen=True, slots=True)
class Refused:
    """A command that the venue definitely refused, or that was never sent."""

    completed: CommandCompleted
    at: datetime


Happening = Recorded | Ended | Approved | Refused


class Compared(NamedTuple):
    """One decision, as it was and as it would have been."""

    recorded: Recorded
    facts: Facts
    """With the counters that the candidate was given."""
    judgement: Judgement
    lacking: tuple[str, ...] = ()
    """Counters that the candidate needs and the record does not hold: its rules took them as missing."""

    def is_identical(self, candidate: Engine) -> bool:
        """Tell whether the record is what the candidate would write, to the byte.

        A record without any counter does not say which release wrote it: then it may be what releases before wrote, whose limits had
        other words.
        """
        judgements = [self.judgement] if self.facts.counters.keys() - {ENDED} else [self.judgement, candidate.before.judge(self.facts)]
        written = (hashlib.sha256(candidate.written(self.facts, one).value).hexdigest() for one in judgements)
        return self.recorded.made.sha256 in written

    @property
    def change(self) -> str:
        """Return "unchanged", or the verdicts before and after; another chosen quote is a change too."""
        before, after = self.recorded.made.verdict, self.judgement.verdict
        if before != after:
            return f"{before}->{after}"
        return "another quote" if after == "ACCEPT" and self.recorded.made.quote_id != self.judgement.quote_id else "unchanged"

    def causes(self) -> tuple[str, ...]:
        """Name the rules that made the difference: what now speaks against, else what no longer does."""
        before = self.recorded.made.said
        after = {outcome.rule.name: outcome.verdict for outcome in self.judgement.outcomes}
        against = ("REJECT", "REFER", "WAIT")
        new = [name for name, verdict in after.items() if verdict in against and before.get(name) != verdict]
        gone = [name for name, verdict in before.items() if verdict in against and after.get(name) != verdict]
        return tuple(new if self.judgement.verdict != "ACCEPT" and new else gone or new)


def with_recorded_counters(candidate: Engine, recorded: Iterable[Recorded]) -> Iterator[Compared]:
    """Answer each question again with the counters that were read for it."""
    own = candidate.policy.sha256
    for one in recorded:
        facts = one.facts
        engine = candidate.of(facts.counters)
        judgement = engine.judge(facts)
        yield Compared(one, facts, judgement, () if one.made.policy_sha256 == own else _lacking(engine, judgement, facts))


def _lacking(candidate: Engine, judgement: Judgement, facts: Facts) -> tuple[str, ...]:
    if not any(outcome.found.says == "MISSING" for outcome in judgement.outcomes):
        return ()
    return tuple(query.key for query in candidate.queries_of(facts) if query.key not in facts.counters)


def with_rebuilt_counters(candidate: Engine, happenings: Sequence[Happening]) -> Iterator[Compared]:
    """Live through the record with the candidate deciding: its accepts fill the limits, the rest happens as it did."""
    book = Book()
    verdicts: dict[str, str] = {}
    """What the candidate says, by the decision ids of the record: refusals and approvals speak of those."""
    for happening in sorted(happenings, key=lambda one: one.at):
        match happening:
            case Recorded(facts=asked, made=made):
                facts = asked.counted(_rebuilt(book, candidate, asked, made))
                judgement = candidate.judge(facts)
                verdicts[made.decision_id] = judgement.verdict
                book.answer(order_of(asked.request), _answer(facts, made, judgement), asked.now)
                yield Compared(happening, facts, judgement)
            case Approved(made=made, at=at):
                if verdicts.get(made.refers_to or "") == "REFER":
                    book.approve(made.venue, made.intent_id, made.question, made.refers_to or "", made.quote_id, made.decision_id, at)
            case Refused(completed=completed):
                book.refused(completed.venue, completed.intent_id, completed.kind, completed.decision_id)
            case Ended():
                book.end(happening.venue, happening.intent_id, happening.status, happening.settled, happening.source_amount)


def _rebuilt(book: Book, candidate: Engine, asked: Facts, made: Answered) -> dict[str, str]:
    """Read the counters as the candidate left them; whether the order was known to have ended, the record says.

    The venue may have shown the end a moment before the decision, and whoever decided read of it a moment after.
    """
    request = asked.request
    counters = book.read(request.venue, request.intent_id, candidate.queries_of(asked), asked.now, order_of(request))
    if made.decided_by == DECIDED_BY:
        counters.pop(ENDED, None)
        if ENDED in asked.counters:
            counters[ENDED] = asked.counters[ENDED]
    return counters


def _answer(facts: Facts, made: Answered, judgement: Judgement) -> Answer:
    quotes = signable(facts)
    accepted = judgement.verdict == "ACCEPT"
    return Answer(
        key=key_of(facts.request),
        decision_id=made.decision_id,
        question=facts.question,
        verdict=judgement.verdict,
        decision="",
        quotes=quotes,
        signed=quotes.get(judgement.quote_id or "") if accepted else None,
    )


@dataclass(slots=True)
class Change:
    """All decisions with the same change."""

    count: int = 0
    amounts: dict[str, Decimal] = field(default_factory=dict)
    """Target amounts by currency."""
    samples: list[str] = field(default_factory=list)
    fates: Counter[str] = field(default_factory=Counter)
    causes: Counter[str] = field(default_factory=Counter)


class Summary:
    """Adds up what would have been different."""

    def __init__(self, fates: Mapping[tuple[str, str], str], *, samples: int = SAMPLES) -> None:
        """`fates` says the last status of each order that the record knows, by venue and intent id."""
        self._fates, self._samples = fates, samples
        self.changes: defaultdict[tuple[str, str], Change] = defaultdict(Change)
        self.lacking: Counter[str] = Counter()
        self.count = 0

    def add(self, compared: Compared) -> None:
        """Count one decision."""
        facts, name = compared.facts, compared.change
        self.count += 1
        change = self.changes[facts.question, name]
        change.count += 1
        if facts.target is not None:
            currency = facts.target_currency
            change.amounts[currency] = plus(change.amounts.get(currency, _ZERO), facts.target)
        if compared.lacking:
            self.lacking.update(compared.lacking)
        change.fates[self._fates.get((facts.request.venue, facts.request.intent_id), "unknown")] += 1
        if name != "unchanged":
            change.causes.update(compared.causes())
            if len(change.samples) < self._samples:
                change.samples.append(compared.recorded.made.decision_id)

    def rows(self) -> Iterator[dict[str, object]]:
        """Yield one row per question and change, then one per rule that made a difference, then what the record lacks."""
        for (question, name), change in sorted(self.changes.items(), key=lambda item: (item[0][0], item[0][1] != "unchanged", item[0][1])):
            yield {
                "kind": "change",
                "question": question,
                "change": name,
                "count": change.count,
                "amounts": {currency: plain(value) for currency, value in sorted(change.amounts.items())},
                "became": dict(sorted(change.fates.items())),
                "samples": change.samples,
            }
        for (question, name), change in sorted(self.changes.items()):
            for rule, count in change.causes.most_common():
                yield {"kind": "rule", "question": question, "change": name, "rule": rule, "count": count}
        for key, count in self.lacking.most_common():
            yield {"kind": "not_recorded", "counter": key, "count": count}
