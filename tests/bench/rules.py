"""How long a decision by the example policy takes with its record, and how many a replay makes: `python -m tests.bench.rules`.

Questions differ from one another; the clock is the processor time of this thread, so that a busy machine does not count against the rules,
and the wall clock is shown beside it.
"""

from __future__ import annotations

import gc
import json
import time
from pathlib import Path

from pipeline.log.codec import decode, encode
from pipeline.policy.engine import Engine
from pipeline.policy.facts import facts_of
from pipeline.policy.file import read
from pipeline.policy.replay import Recorded, Summary, with_recorded_counters
from pipeline.testing.questions import NOW, question, quote
from schemas.accepting import DecisionMade, DecisionRequested

EXAMPLE = Path(__file__).resolve().parents[2] / "infra/policies/default.toml"
COUNT = 5_000


def asked(count: int) -> list[DecisionRequested]:
    """Return questions, two to accept for each to co-sign among three quotes."""
    found = []
    for number in range(count):
        if number % 3 == 2:
            quotes = [quote(1, "112.0"), quote(2, f"111.{number % 97}"), quote(3, "112.4")]
            found.append(question("co_sign_quote", order=number, quotes=quotes))
        else:
            found.append(question(order=number, target_amount=f"{100_000 - number % 999}"))
    return found


def measured() -> dict[str, float]:
    """Return microseconds per decision with its bytes, and replayed decisions per second."""
    engine, requests = Engine(read(EXAMPLE)), asked(COUNT)
    counters = [{query.key: "1000" for query in engine.queries(request, NOW)} for request in requests]
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 20, 50)  # as in the roles: a collection every few decisions would be a third of the time
    spent, waited, made = [], [], []
    for request, read_for in zip(requests, counters, strict=True):
        wall, begun = time.perf_counter_ns(), time.thread_time_ns()
        asked_facts = facts_of(request, {}, NOW)
        engine.queries_of(asked_facts)
        decision = engine.answer(asked_facts.counted(read_for)).value
        spent.append((time.thread_time_ns() - begun) / 1000)
        waited.append((time.perf_counter_ns() - wall) / 1000)
        made.append(decision)
    texts = [encode(request) for request in requests]
    begun = time.thread_time_ns()
    recorded = [
        Recorded.of(decode(text, DecisionRequested), decode(answer, DecisionMade)) for text, answer in zip(texts, made, strict=True)
    ]
    loaded = time.thread_time_ns()
    gc.freeze()  # as the command does
    summary = Summary({})
    for one in with_recorded_counters(engine, recorded):
        summary.add(one)
    replayed = time.thread_time_ns()
    spent.sort(), waited.sort()
    return {
        "rules": len(engine.rule_names),
        "decision_us_p50": round(spent[COUNT // 2], 1),
        "decision_us_p99": round(spent[COUNT * 99 // 100], 1),
        "decision_wall_us_p99": round(waited[COUNT * 99 // 100], 1),
        "replay_per_second": round(COUNT / ((replayed - loaded) / 1e9)),
        "replay_with_reading_per_second": round(COUNT / ((replayed - begun) / 1e9)),
    }


if __name__ == "__main__":
    print(json.dumps(measured()))
