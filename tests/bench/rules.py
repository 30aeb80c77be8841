"""How long a decision by the example policy takes with its record, and how many a replay makes: `python -m tests.bench --only rules`.

Questions differ from one another. The clock is the processor time of this thread, so that a busy machine does not count against the rules.
What it costs to come back after another program had the processor is in it all the same; so each question is decided in several passes and
stands with its median; the note says the percentile of all single decisions. Reading the counters from the database is no part of it.
"""

from __future__ import annotations

import contextlib
import gc
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TypeVar

from pipeline.log.codec import decode, encode
from pipeline.policy.engine import Engine
from pipeline.policy.facts import facts_of
from pipeline.policy.file import read
from pipeline.policy.replay import Recorded, Summary, with_recorded_counters
from pipeline.testing.questions import NOW, question, quote
from schemas.accepting import DecisionMade, DecisionRequested
from tests.bench import plain_rules
from tests.bench.figures import Figure
from tests.bench.ground import Ground

EXAMPLE = Path(__file__).resolve().parents[2] / "infra/policies/default.toml"
COUNT = 3_000
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, what was read for it, and the same as the plain program takes it."""

    request: DecisionRequested
    counters: Mapping[str, str]
    document: Mapping[str, object]


def asked(engine: Engine, count: int = COUNT) -> list[Asked]:
    """Return questions, two to accept for each to co-sign among three quotes; all have the answer ACCEPT."""
    found = []
    for number in range(count):
        if number % 3 == 2:
            quotes = [quote(1, "112.0"), quote(2, f"111.{number % 97}"), quote(3, "112.4")]
            request = question("co_sign_quote", order=number, quotes=quotes)
        else:
            request = question(order=number, target_amount=f"{100_000 - number % 999}")
        counters = {query.key: "0" if query.kind == "alike" else "100" for query in engine.queries(request, NOW)}
        found.append(Asked(request, counters, json.loads(encode(request))))
    return found


def rules(_: Ground, seconds: float) -> list[Figure]:
    """Return microseconds per decision: which counters it needs, every rule, the verdict, the bytes of its record."""
    engine = Engine(read(EXAMPLE))
    questions = asked(engine)

    def ours(one: Asked) -> tuple[str, bytes]:
        facts = facts_of(one.request, {}, NOW)
        engine.queries_of(facts)
        decision = engine.answer(facts.counted(one.counters))
        return decision.verdict, decision.value

    def plain(one: Asked) -> tuple[str, bytes]:
        return plain_rules.decide(one.document, one.counters, NOW)

    passes = max(3, round(seconds * 2))
    _same_verdicts(questions, ours, plain)
    with _collector_as_in_the_roles():
        spent = [(_each(ours, questions), _each(plain, questions)) for _ in range(passes)]
    single = _at(sorted(took for one, _ in spent for took in one), 0.99)
    by_ours, by_plain = (sorted(map(median, zip(*runs, strict=True))) for runs in zip(*spent, strict=True))
    detail = {"passes": passes, "decisions": COUNT, "rules": len(engine.rule_names), "p99_of_single_decisions": single}
    note = (
        f"decision with its record, CPU time; {COUNT:,} questions to a policy of {len(engine.rule_names)} rules,"
        f" each with its median of {passes} passes; p99 of all single decisions {single:.0f} µs"
    )

    def figure(share: float, target: float | None) -> Figure:
        name = f"rules, p{share * 100:g}"
        mine, others = _at(by_ours, share), _at(by_plain, share)
        return Figure(name=name, unit="µs", ours=mine, plain=others, target=target, note=note if target else "", detail=detail)

    return [figure(0.5, None), figure(0.99, 200)]


def replay(_: Ground, seconds: float) -> list[Figure]:
    """Return decisions per second and core that the original policy replays with its recorded counters, and sums up."""
    engine = Engine(read(EXAMPLE))
    questions = asked(engine)
    made = [engine.answer(facts_of(one.request, one.counters, NOW)).value for one in questions]
    texts = [encode(one.request) for one in questions]

    def loaded() -> list[Recorded]:
        return [Recorded.of(decode(text, DecisionRequested), decode(value, DecisionMade)) for text, value in zip(texts, made, strict=True)]

    def ours() -> int:
        summary = Summary({})
        for one in with_recorded_counters(engine, recorded):
            summary.add(one)
        (*_, last) = summary.rows()
        if last["change"] != "unchanged" or summary.count != COUNT:
            raise AssertionError(f"the original policy came to other decisions: {last}")
        return summary.count

    def plain() -> int:
        return sum(plain_rules.decide(one.document, one.counters, NOW)[0] == "ACCEPT" for one in questions)

    with _collector_as_in_the_roles():
        recorded, reading = _timed(loaded)
        gc.freeze()  # as the command does
        spent = [(_timed(ours)[1], _timed(plain)[1]) for _ in range(max(3, round(seconds * 2)))]
    mine, others = (median(runs) for runs in zip(*spent, strict=True))
    with_reading = COUNT / (mine + reading)
    note = f"{COUNT:,} recorded decisions, CPU time of one core; with their events read from bytes {with_reading:,.0f}/s"
    unit = "decisions/s"
    detail = {"with_reading": with_reading}
    return [
        Figure(name="policy replay", unit=unit, ours=COUNT / mine, plain=COUNT / others, target=20_000, note=note, detail=detail),
    ]


def _same_verdicts(questions: Sequence[Asked], *programs: Callable[[Asked], tuple[str, bytes]]) -> None:
    """Raise AssertionError when a program says anything but ACCEPT: what gives up early is no measure."""
    for one in questions:
        for program in programs:
            verdict, record = program(one)
            if verdict != "ACCEPT":
                raise AssertionError(f"{verdict} about {one.request.intent_id}: {record.decode()}")


def _each(program: Callable[[Asked], object], questions: Sequence[Asked]) -> list[float]:
    """Return the processor time of each question in microseconds; no record is kept, as none is once it is published."""
    spent = []
    for one in questions:
        begun = time.thread_time_ns()
        program(one)
        spent.append((time.thread_time_ns() - begun) / 1000)
    return spent


def _timed(work: Callable[[], T]) -> tuple[T, float]:
    begun = time.thread_time_ns()
    found = work()
    return found, (time.thread_time_ns() - begun) / 1e9


def _at(ordered: Sequence[float], share: float) -> float:
    return ordered[int(len(ordered) * share)]


@contextlib.contextmanager
def _collector_as_in_the_roles() -> Iterator[None]:
    """Let the garbage collector come as seldom as in the roles: every few decisions it would be a third of the time."""
    thresholds = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 20, 50)
    try:
        yield
    finally:
        gc.set_threshold(*thresholds)
        gc.unfreeze()
