"""Laws of the risk engine and processor that hold for every policy, question, counter and history."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.domain import lifecycle
from pipeline.log.codec import decode, encode
from pipeline.log.envelope import derive_id, time_text
from pipeline.policy.book import Book
from pipeline.policy.checks.catalogue import CHECKS
from pipeline.policy.counters import UNKNOWN, exposure_of
from pipeline.policy.engine import Engine
from pipeline.policy.facts import facts_of
from pipeline.policy.file import example_of
from pipeline.policy.replay import (
    Approved,
    Ended,
    Happening,
    Recorded,
    Refused,
    with_rebuilt_counters,
    with_recorded_counters,
)
from pipeline.processors.risk.events import CommandRefused, OrderEnded, PeopleApproved, QuestionAsked, RiskEvent
from pipeline.processors.risk.processor import RISK
from pipeline.processors.risk.settle import settle
from pipeline.testing.questions import COMPLIANCE, NOW, RATES, engine, intent, question, quote
from schemas.accepting import CommandCompleted, DecisionMade, DecisionRequested, PolicyName, Question, RuleOutcome

WORDED = ("sender_party_id", "receiver_party_id", "receiver_custodian_party_id", "source_currency", "jurisdiction_sender")
"""Fields of a context that may hold any text."""
amounts = st.one_of(
    st.sampled_from(["0", "1", "100000", "1e5", "12000000", "99999999999999999999.123456789", f"{'9' * 38}.{'9' * 38}e99", "1e-99"]),
    st.from_regex(r"[1-9][0-9]{0,9}(\.[0-9]{1,6})?", fullmatch=True),
)


ENDS_OF_THE_CALENDAR = ("0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999999Z", "0000-00-00T00:00:00Z", "2025-02-30T24:61:61Z")
TIMED = ("created_at", "expires_at")
strange_times: st.SearchStrategy[dict[str, Any]] = st.sampled_from(
    [{}, {}, {"valid_until": ENDS_OF_THE_CALENDAR[1]}, {"first_seen_at": ENDS_OF_THE_CALENDAR[1]}]
)


@st.composite
def policies(draw: st.DrawFn) -> Engine:
    """Draw a policy of the checks' own examples."""
    rules = []
    names = draw(st.lists(st.sampled_from(sorted(CHECKS)), max_size=8, unique=True))
    for name in names:
        check = CHECKS[name]
        on, otherwise = draw(st.sampled_from(check.questions)), draw(st.sampled_from(check.otherwise))
        rules.append(f'name = "{name}"\non = "{on}"\ncheck = "{name}"\nparams = {example_of(check)}\notherwise = "{otherwise}"')
    return engine(*rules)


@st.composite
def questions(draw: st.DrawFn) -> DecisionRequested:
    """Draw a question with parts missing, unreadable or at odds."""
    asked: Question = draw(st.sampled_from(("accept_proposal", "co_sign_quote")))
    optional = ["sender_party_id", "receiver_party_id", "source_amount_max", "expires_at", "jurisdiction_sender", "compliance"]
    given: dict[str, Any] = dict.fromkeys(draw(st.sets(st.sampled_from(optional), max_size=2)))
    given["target_amount"] = draw(amounts)
    if draw(st.booleans()):
        given["source_amount_max"] = draw(amounts)
    if draw(st.booleans()):
        given["rates"] = draw(st.sampled_from([(), RATES, (RATES[0].model_copy(update={"quoted_at": "2025-03-13T00:00:00Z"}),)]))
    if draw(st.integers(0, 3)) == 0:
        cleared = draw(st.sampled_from(sorted(type(COMPLIANCE).model_fields)))
        given["compliance"] = COMPLIANCE.model_copy(update={cleared: None})
    for name in draw(st.sets(st.sampled_from(TIMED), max_size=1)):
        given[name] = draw(st.sampled_from(ENDS_OF_THE_CALENDAR))
    given["side"] = draw(st.sampled_from(("sender", "sender", "both", "receiver")))
    quotes = [
        quote(
            number,
            draw(st.sampled_from(["112", "112.0", "111.5", "121", "0", f"{'9' * 38}e99", "1e-99"])),
            valid=draw(st.sampled_from([-1.0, 0.0, 4.0, 25.0])),
            **draw(strange_times),
        )
        for number in range(1, draw(st.integers(1, 4)))
    ]
    return question(asked, quotes=quotes, **given)


@settings(max_examples=150, deadline=None)
@given(policies(), questions(), st.data())
def test_a_decision_depends_on_nothing_but_policy_question_counters_and_time(
    asked: Engine, request: DecisionRequested, data: st.DataObject
) -> None:
    """The policy compiled anew, the question read from its bytes, the counters in another order, the same time: the same bytes."""
    counters = {query.key: data.draw(st.sampled_from(["0", "1", "49999999", UNKNOWN])) for query in asked.queries(request, NOW)}
    made = asked.decide(request, counters, NOW)
    again = Engine(asked.policy).decide(decode(encode(request), DecisionRequested), dict(reversed(counters.items())), NOW)
    assert encode(again) == encode(made)
    assert decode(encode(made), DecisionMade) == made
    (compared,) = with_recorded_counters(asked, [Recorded.of(request, made)])
    assert compared.is_identical(asked)
    assert (compared.change, compared.judgement.verdict) == ("unchanged", made.verdict)


@settings(max_examples=150, deadline=None)
@given(policies(), questions(), st.sampled_from([None, 0.0, 3.0]))
def test_what_nobody_knows_is_never_a_no(asked: Engine, request: DecisionRequested, patience: float | None) -> None:
    """A rule whose input is missing says WAIT while that may still come, and REFER after; a REJECT has a rule that was violated."""
    until = None if patience is None else time_text(NOW + timedelta(seconds=patience))
    judgement = asked.judge(facts_of(request.model_copy(update={"evidence_until": until}), {}, NOW))
    missing = [outcome for outcome in judgement.outcomes if outcome.found.says == "MISSING" and not outcome.rule.builtin]
    assert {outcome.verdict for outcome in missing} <= {"WAIT" if patience else "REFER"}
    if judgement.verdict == "REJECT":
        assert any(outcome.verdict == "REJECT" and outcome not in missing for outcome in judgement.outcomes)
    if missing:
        assert judgement.verdict != "ACCEPT"


QUOTE_STATUSES = (None, "OPEN", "ACCEPTED", "accepted", "REJECTED", "EXPIRED", "Withdrawn", "CANCELLED")


@settings(max_examples=150, deadline=None)
@given(policies(), questions(), st.lists(st.sampled_from(QUOTE_STATUSES), min_size=4, max_size=4))
def test_what_is_signed_is_open_and_the_institutions_choice_where_there_is_one(
    asked: Engine, request: DecisionRequested, statuses: list[str | None]
) -> None:
    """Whatever the policy says: no closed quote is accepted, and beside a chosen one no other is."""
    quotes = [one.model_copy(update={"status": status}) for one, status in zip(request.context.quotes, statuses, strict=False)]
    context = request.context.model_copy(update={"quotes": tuple(quotes)})
    digest = hashlib.sha256(encode(context)).hexdigest()
    made = asked.decide(request.model_copy(update={"context": context, "context_sha256": digest}), {}, NOW)
    if made.question == "co_sign_quote" and quotes:
        by_id = {one.quote_id: (one.status or "").upper() for one in quotes}
        named = by_id.get(made.quote_id or "", "ACCEPTED" if made.verdict == "WAIT" else "")
        assert named == "ACCEPTED" or "ACCEPTED" not in by_id.values()
        if made.verdict == "ACCEPT":
            assert named in ("", "OPEN", "ACCEPTED")


def plainly(asked: Engine, request: DecisionRequested, counters: dict[str, str], at: datetime) -> bytes:
    """Write a decision the long way: a model of each part, checked, and encoded by the codec."""
    judgement = asked.judge(facts_of(request, counters, at))
    policy = asked.policy
    made = DecisionMade(
        decision_id=derive_id("decision", request.request_id, "risk", policy.sha256, request.context_sha256),
        request_id=request.request_id,
        venue=request.venue,
        intent_id=request.intent_id,
        question=request.question,
        quote_id=judgement.quote_id,
        verdict=judgement.verdict,
        policy=PolicyName(name=policy.name, version=policy.version, sha256=policy.sha256),
        decided_by="risk",
        decided_at=at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        rules=tuple(
            RuleOutcome(
                name=outcome.rule.name,
                check=outcome.rule.check,
                verdict=outcome.verdict,
                inputs=outcome.found.inputs_written(),
                limit=outcome.rule.compiled.limit,
                observed=outcome.found.observed_text(),
                explanation=f"{outcome.rule.sentence} Here: {outcome.found.note}." if outcome.found.note else outcome.rule.sentence,
            )
            for outcome in judgement.outcomes
        ),
        counters={key: counters[key] for key in sorted(counters)},
        context_sha256=request.context_sha256,
        approvers_needed=judgement.approvers,
    )
    return encode(made)


texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)


@settings(max_examples=200, deadline=None)
@given(policies(), questions(), st.dictionaries(st.sampled_from(WORDED), texts, max_size=3), texts, st.data())
def test_the_bytes_of_a_decision_are_those_that_the_codec_writes(
    asked: Engine, request: DecisionRequested, said: dict[str, str], key: str, data: st.DataObject
) -> None:
    """Written straight into bytes or by way of checked models: the same record, whatever texts the question holds."""
    context = request.context.model_copy(update=said)
    digest = hashlib.sha256(encode(context)).hexdigest()
    request = decode(encode(request.model_copy(update={"context": context, "context_sha256": digest})), DecisionRequested)
    counters = {query.key: data.draw(st.sampled_from(["0", "1", "49999999", UNKNOWN])) for query in asked.queries(request, NOW)}
    counters[key] = key
    at = NOW + timedelta(microseconds=data.draw(st.integers(0, 40_000_000)))
    answer = asked.answer(facts_of(request, counters, at))
    assert answer.value == plainly(asked, request, counters, at)
    made = decode(answer.value, DecisionMade)
    assert encode(made) == answer.value
    assert (answer.decision_id, answer.verdict, answer.quote_id) == (made.decision_id, made.verdict, made.quote_id)


@settings(max_examples=150, deadline=None)
@given(policies(), questions())
def test_the_verdict_follows_from_the_rules_in_the_record(asked: Engine, request: DecisionRequested) -> None:
    """Whoever reads the record comes to the same verdict; an accept has no missing input, a rule that applies, and a live quote."""
    made = asked.decide(request, {query.key: "0" for query in asked.queries(request, NOW)}, NOW)
    words = [outcome.verdict for outcome in made.rules]
    worst = next((word for word in ("REJECT", "REFER", "WAIT") if word in words), "ACCEPT")
    assert made.verdict == worst
    assert (made.approvers_needed > 0) == (made.verdict == "REFER")
    ours = [outcome for outcome in made.rules if not outcome.name.startswith("built in")]
    if made.verdict == "ACCEPT":
        assert any(outcome.verdict == "PASS" for outcome in ours)
        assert request.context.side in ("sender", "both")
        assert not any("is not known" in outcome.explanation for outcome in made.rules)
        if request.question == "co_sign_quote":
            chosen = next(one for one in request.context.quotes if one.quote_id == made.quote_id)
            assert chosen.valid_until > made.decided_at
            most = request.context.source_amount_max
            assert most is None or Decimal(chosen.fx_rate) * Decimal(request.context.target_amount) <= Decimal(most)


LIMITS = engine(
    'name = "e"\non = "accept_proposal"\ncheck = "exposure_at_most"\notherwise = "REFER"\n'
    'params = { side = "source_max", currency = "JPYSC0", limit = "30000000" }',
    'name = "c"\non = "accept_proposal"\ncheck = "window_count_at_most"\notherwise = "REJECT"\nparams = { limit = 3, window = "30s" }',
    'name = "d"\non = "accept_proposal"\ncheck = "likely_duplicate"\notherwise = "REFER"\nparams = { window = "5s" }',
    'name = "q"\non = "co_sign_quote"\ncheck = "exposure_at_most"\notherwise = "REFER"\n'
    'params = { side = "source", currency = "JPYSC0", limit = "30000000" }',
)
EXPOSED = exposure_of("source", "JPYSC0", "venue", "")
EVERY_EXPOSURE = (
    EXPOSED,
    exposure_of("target", "USDCx", "venue", ""),
    exposure_of("target", "USDCx", "pair", "JPYSC0/USDCx"),
    *(exposure_of("source", "JPYSC0", "sender", f"S{number}") for number in range(3)),
    *(
        exposure_of("source", "JPYSC0", "market_maker", party)
        for party in sorted({quote(n, "112").market_maker_party_id or "" for n in (1, 2)})
    ),
)
"""The same exposures counted by everything that a limit can be set for."""
STATUSES = ("SETTLED", "FAILED", "EXPIRED", "WITHDRAWN", "STRANGE")


class Life:
    """The risk processor over a book, and the record that an archive would hold of it."""

    def __init__(self) -> None:
        self.book = Book()
        self.states: dict[str, Any] = {}
        self.made: list[DecisionMade] = []
        self.record: list[Happening] = []
        self.published: list[DecisionMade] = []

    def step(self, events: Sequence[RiskEvent], now: datetime) -> None:
        for event in settle(LIMITS, self.book, events, lambda: now):
            state = self.states.get(event.intent_id, RISK.initial)
            for fact in RISK.decide(state, event, now):
                state = RISK.evolve(state, fact)
                if (output := RISK.emit(fact)) is not None:
                    self.published.append(decode(output.value, DecisionMade))
                    assert isinstance(event, QuestionAsked)
                    self.made.append(self.published[-1])
                    self.record.append(Recorded.of(event.request, self.published[-1]))
            self.states[event.intent_id] = RISK.restore(RISK.store(state))
            self.check_exposures(now)

    def check_exposures(self, now: datetime) -> None:
        """Check that nothing is negative, and that the parts by sender never are more than the whole or less."""
        counted = exposures(self.book, now)
        assert min(counted.values()) >= 0
        by_sender = [counted[query.key] for query in EVERY_EXPOSURE if query.per == "sender"]
        assert sum(by_sender) == counted[EXPOSED.key]


@st.composite
def histories(draw: st.DrawFn) -> list[tuple[str, int, int, int]]:
    """Draw what happens to eight orders of some parties, and how many seconds pass before each."""
    step = st.tuples(
        st.sampled_from(("accept", "accept", "accept", "repeat", "co_sign", "refuse", "approve", "end")),
        st.integers(1, 8),
        st.integers(0, 8),
        st.integers(0, 9),
    )
    return draw(st.lists(step, min_size=1, max_size=25))


def live(history: list[tuple[str, int, int, int]]) -> tuple[Life, datetime]:
    """Live through a history and then let every order come to its end."""
    life, now = Life(), NOW
    asked: list[DecisionRequested] = []
    for index, (what, order, seconds, choice) in enumerate(history):
        now += timedelta(seconds=seconds, microseconds=1)
        venue, order_id = "tokyo", intent(order)
        match what:
            case "accept" | "co_sign":
                quotes = [quote(1, f"11{choice % 3}", now=now), quote(2, "112", now=now)] if what == "co_sign" else []
                on: Question = "co_sign_quote" if what == "co_sign" else "accept_proposal"
                asked.append(question(on, order=order, round=index + 1, quotes=quotes, now=now, sender_party_id=f"S{order % 3}"))
                life.step([QuestionAsked(request=asked[-1], cause="c", correlation_id="k")], now)
            case "repeat" if asked:
                life.step([QuestionAsked(request=asked[choice % len(asked)], cause="c", correlation_id="k")], now)
            case "refuse" if life.made:
                made = life.made[choice % len(life.made)]
                completed = CommandCompleted(
                    command_id="x", venue=made.venue, intent_id=made.intent_id, kind=made.question, decision_id=made.decision_id,
                    outcome="refused", attempts=1, completed_at=made.decided_at,
                )  # fmt: skip
                life.record.append(Refused(completed, now))
                life.step(
                    [CommandRefused(venue=venue, intent_id=made.intent_id, question=made.question, decision_id=made.decision_id)], now
                )
            case "approve":
                referred = [made for made in life.made if made.verdict == "REFER"]
                if referred:
                    made = referred[choice % len(referred)]
                    approval = made.model_copy(
                        update={"decision_id": f"people-{index}", "refers_to": made.decision_id, "verdict": "ACCEPT"}
                    )
                    life.record.append(Approved(approval, now))
                    event = PeopleApproved(
                        venue=venue, intent_id=made.intent_id, question=made.question, quote_id=made.quote_id,
                        decision_id=approval.decision_id, refers_to=made.decision_id,
                    )  # fmt: skip
                    life.step([event], now)
            case "end":
                end(life, order_id, STATUSES[choice % len(STATUSES)], now)
    return life, now


def end(life: Life, order_id: str, status: str, now: datetime) -> None:
    """Let the venue show an order as ended."""
    settled = status == lifecycle.SETTLED
    life.record.append(Ended(venue="tokyo", intent_id=order_id, status=status, settled=settled, source_amount=None, at=now))
    life.step([OrderEnded(venue="tokyo", intent_id=order_id, status=status, settled=settled, source_amount=None, seen_at=now)], now)


def exposures(book: Book, now: datetime) -> dict[str, Decimal]:
    """Return what is accepted and has not come to an end, by each way of counting it."""
    return {key: Decimal(value) for key, value in book.read("tokyo", "nobody", EVERY_EXPOSURE, now).items()}


@settings(max_examples=120, deadline=None)
@given(histories())
def test_exposure_is_never_negative_and_returns_to_zero(history: list[tuple[str, int, int, int]]) -> None:
    """At no step is an exposure negative; when each order has come to its end nothing is exposed; no order is accepted after its end."""
    life, now = live(history)
    for order in range(1, 9):
        end(life, intent(order), "EXPIRED", now)
    assert set(exposures(life.book, now).values()) == {0}
    again = question(order=1, round=99, now=now)
    life.step([QuestionAsked(request=again, cause="c", correlation_id="k")], now)
    assert life.published[-1].verdict == "REJECT"
    assert set(exposures(life.book, now).values()) == {0}


@settings(max_examples=120, deadline=None)
@given(histories())
def test_a_question_is_answered_once_and_limits_hold(history: list[tuple[str, int, int, int]]) -> None:
    """Every request is published once, whatever is repeated; what the engine accepts by itself stays within the limit at that moment."""
    life, _ = live(history)
    ids = [made.request_id for made in life.published]
    assert len(ids) == len(set(ids))
    for made in life.published:
        if made.verdict == "ACCEPT" and made.question == "accept_proposal":
            assert Decimal(made.counters[EXPOSED.key]) + 12_000_000 <= 30_000_000


@settings(max_examples=100, deadline=None)
@given(histories())
def test_replaying_the_original_policy_changes_nothing(history: list[tuple[str, int, int, int]]) -> None:
    """With recorded counters every decision comes out identical to the byte; with rebuilt ones every verdict, quote and counter does."""
    life, _ = live(history)
    recorded = [one for one in life.record if isinstance(one, Recorded)]
    assert all(one.is_identical(LIMITS) for one in with_recorded_counters(LIMITS, recorded))
    for way in (with_recorded_counters(LIMITS, recorded), with_rebuilt_counters(LIMITS, life.record)):
        compared = list(way)
        assert len(compared) == len(recorded)
        assert {one.change for one in compared} <= {"unchanged"}
