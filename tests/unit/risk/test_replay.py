"""What-if: what a candidate policy would have said, and what the summary tells of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

from pipeline.policy.book import Book
from pipeline.policy.counters import ENDED
from pipeline.policy.engine import Engine
from pipeline.policy.replay import Compared, Ended, Happening, Recorded, Summary, with_rebuilt_counters, with_recorded_counters
from pipeline.processors.risk.events import QuestionAsked
from pipeline.processors.risk.settle import settle
from pipeline.testing.questions import NOW, engine, intent, question, quote, rule
from schemas.accepting import DecisionRequested


def amount(limit: str, otherwise: str = "REJECT") -> str:
    """Return a rule on the order's amount."""
    return rule("amount_at_most", f'side = "target", currency = "USDCx", limit = "{limit}"', otherwise=otherwise, name="amount")


def exposure(limit: str) -> str:
    """Return a rule on the exposure."""
    return rule("exposure_at_most", f'side = "target", currency = "USDCx", limit = "{limit}"', otherwise="REFER", name="exposure")


ORIGINAL = engine(amount("150000"), exposure("300000"))


def history(asked: Iterable[DecisionRequested], by: Engine = ORIGINAL) -> list[Recorded]:
    """Let the original policy answer questions, one a second, and return the record."""
    book, found = Book(), []
    for number, request in enumerate(asked):
        at = NOW + timedelta(seconds=number)
        event = QuestionAsked(request=request, cause="c", correlation_id="k")
        (settled,) = settle(by, book, [event], lambda at=at: at)  # type: ignore[misc]
        assert isinstance(settled, QuestionAsked)
        assert settled.answer is not None
        found.append(Recorded.of(request, settled.answer))
    return found


ORDERS = [
    question(order=number, target_amount=text, now=NOW) for number, text in enumerate(["100000", "140000", "160000", "50000", "20000"], 1)
]


def changes(compared: Iterable[Compared]) -> list[str]:
    """Return what changed, decision by decision."""
    return [one.change for one in compared]


def test_the_original_history_is_what_the_test_says() -> None:
    """Accepted up to the exposure limit, one too large, one over the exposure."""
    assert [one.made.verdict for one in history(ORDERS)] == ["ACCEPT", "ACCEPT", "REJECT", "ACCEPT", "REFER"]


def test_recorded_counters_tell_each_decision_alone() -> None:
    """A stricter amount rejects what was accepted; what others had used up stays as recorded."""
    compared = list(with_recorded_counters(engine(amount("120000"), exposure("300000")), history(ORDERS)))
    assert changes(compared) == ["unchanged", "ACCEPT->REJECT", "unchanged", "unchanged", "unchanged"]
    assert compared[1].causes() == ("amount",)


def test_rebuilt_counters_let_the_candidate_fill_the_limits() -> None:
    """What the candidate rejects leaves room for what was referred; the other way round it takes room away."""
    recorded: list[Happening] = list(history(ORDERS))
    stricter = with_rebuilt_counters(engine(amount("120000"), exposure("300000")), recorded)
    assert changes(stricter) == ["unchanged", "ACCEPT->REJECT", "unchanged", "unchanged", "REFER->ACCEPT"]
    looser = with_rebuilt_counters(engine(amount("170000"), exposure("300000")), recorded)
    assert changes(looser) == ["unchanged", "unchanged", "REJECT->REFER", "unchanged", "unchanged"]


def test_an_end_that_was_not_known_when_it_was_decided_is_not_known_in_the_replay() -> None:
    """The venue shows an end before the decision that is read after it: with rebuilt counters too the decision is what it was."""
    recorded = history(ORDERS[:2])
    ended = Ended(venue="tokyo", intent_id=intent(2), status="EXPIRED", settled=False, source_amount=None, at=NOW)
    assert changes(with_rebuilt_counters(ORIGINAL, [ended, *recorded])) == ["unchanged", "unchanged"]
    known = replace(recorded[1], facts=recorded[1].facts.counted({ENDED: "EXPIRED"}))
    assert changes(with_rebuilt_counters(ORIGINAL, [known])) == ["ACCEPT->REJECT"]


def test_a_counter_that_was_not_recorded_is_missing_and_said_so() -> None:
    """A candidate's new window rule has no recorded counter: it says otherwise, and the summary names the counter."""
    new = rule("window_count_at_most", 'limit = 9, window = "1h"', otherwise="REFER", name="count")
    summary = Summary({})
    for one in with_recorded_counters(engine(amount("150000"), new), history(ORDERS[:1])):
        summary.add(one)
    rows = list(summary.rows())
    assert [row["change"] for row in rows if row["kind"] == "change"] == ["ACCEPT->REFER"]
    assert rows[-1] == {"kind": "not_recorded", "counter": "accepted over all venues in 1h", "count": 1}


def test_the_summary_adds_amounts_names_rules_samples_and_what_became_of_the_orders() -> None:
    """Counts, sums per currency, decision ids, rules and fates add up over the decisions."""
    recorded = history(ORDERS)
    summary = Summary({("tokyo", intent(2)): "SETTLED", ("tokyo", intent(1)): "EXPIRED"}, samples=1)
    for one in with_recorded_counters(engine(amount("90000"), exposure("300000")), recorded):
        summary.add(one)
    rows = list(summary.rows())
    assert rows[1] == {
        "kind": "change",
        "question": "accept_proposal",
        "change": "ACCEPT->REJECT",
        "count": 2,
        "amounts": {"USDCx": "240000"},
        "became": {"EXPIRED": 1, "SETTLED": 1},
        "samples": [recorded[0].made.decision_id],
    }
    assert rows[0]["change"] == "unchanged"
    assert {"kind": "rule", "question": "accept_proposal", "change": "ACCEPT->REJECT", "rule": "amount", "count": 2} in rows
    assert summary.count == 5


def test_another_quote_is_a_change() -> None:
    """A candidate that denies the cheapest market maker co-signs another quote, and the summary says so."""
    on_quotes = rule("pairs_allowed", 'pairs = ["JPYSC0/USDCx"]', on="co_sign_quote", name="pairs")
    denied = rule("market_makers_denied", 'parties = ["MarketMaker2::7de1f00c3d9"]', on="co_sign_quote", name="maker")
    recorded = history([question("co_sign_quote", quotes=[quote(1, "112"), quote(2, "111")])], by=engine(on_quotes))
    assert changes(with_recorded_counters(engine(on_quotes, denied), recorded)) == ["another quote"]
