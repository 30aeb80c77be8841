"""The table of what comes next for a command: before a call, after one whose outcome is open, and after an answer."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.commands import decide
from pipeline.commands.command import CALLS_MAX, Claim, Decided, Ending, Order
from pipeline.commands.decide import AskRecord, Close, Reason, Send, Wait
from pipeline.domain.accepting import Answered, Look, NotDone, OrderSeen, OutcomeOpen, QuoteSeen, SnapshotSeen, VenueTime, in_words
from pipeline.log.envelope import time_text
from schemas.accepting import DecisionContext, DecisionMade, DecisionRequested, PolicyName

NOW = datetime(2025, 3, 15, 9, 0, 10, tzinfo=UTC)
QUOTE = "a1b2c3d4-e5f6-4890-8bcd-ef0123456789"
OTHER = "b1b2c3d4-e5f6-4890-8bcd-ef0123456789"
VALID = NOW + timedelta(seconds=20)


def decided_on(asked: Order, **facts: Any) -> Decided:
    """Return the decision that a command follows from, as far as the gate asks for the facts that it saw."""
    stated = {"venue": asked.venue, "intent_id": asked.intent_id, "side": "sender", "source_currency": asked.source_currency}
    stated |= {"target_currency": asked.target_currency, "target_amount": str(asked.target_amount)}
    context = DecisionContext.model_validate(stated | facts)
    common: dict[str, Any] = {
        "request_id": "r-1",
        "venue": asked.venue,
        "intent_id": asked.intent_id,
        "question": asked.kind,
        "context_sha256": "0" * 64,
    }
    requested_at, decide_by = time_text(NOW - timedelta(seconds=1)), time_text(asked.not_after)
    request = DecisionRequested(**common, round=1, context=context, requested_at=requested_at, decide_by=decide_by)
    policy = PolicyName(name="test", version=1, sha256="0" * 64)
    made = DecisionMade(
        **common,
        decision_id=asked.decision_id,
        quote_id=asked.quote_id,
        verdict="ACCEPT",
        policy=policy,
        decided_by="test",
        decided_at=requested_at,
    )
    return Decided(decision=made, request=request)


CLEARED = {"kyc_status": "KYC_VERIFIED", "sanctions_status": "SANCTIONS_CLEARED"}


@pytest.mark.parametrize(
    ("before", "shown", "named"),
    [
        (CLEARED, CLEARED, None),
        (None, {}, None),
        (CLEARED, CLEARED | {"kyc_status": "KYC_REJECTED"}, "kyc_status"),
        (CLEARED, CLEARED | {"risk_rating": "PROHIBITED"}, "risk_rating"),
        (CLEARED, {"kyc_status": "KYC_VERIFIED"}, "sanctions_status"),
        (CLEARED, {}, "the venue shows no snapshot"),
        (None, CLEARED, "the venue shows a snapshot"),
    ],
)
def test_the_snapshot_that_was_decided_on_is_the_one_that_the_venue_shows(
    before: dict[str, str] | None, shown: dict[str, str], named: str | None
) -> None:
    """Fact by fact; there being none is a fact, too."""
    seen = SnapshotSeen(facts=shown, at=NOW)
    assert decide.other_evidence(decided_on(command(), compliance=before), seen) == named


RIVAL = {
    "quote_id": OTHER,
    "fx_rate": "111.5",
    "valid_until": time_text(VALID),
    "first_seen_at": time_text(NOW),
    "source_amount": "11150000",
}
OURS = RIVAL | {"quote_id": QUOTE, "fx_rate": "112", "source_amount": "11200000"}


@pytest.mark.parametrize(
    ("before", "now", "named"),
    [
        ({}, {}, None),
        ({"fx_rate": "111.50"}, {}, None),
        ({}, {"status": "ACCEPTED"}, None),
        ({}, {"status": "WITHDRAWN"}, "other terms"),
        ({}, {"source_amount": Decimal(1)}, "other terms"),
        ({}, {"target_amount": Decimal(100_000)}, "other terms"),
        ({}, {"valid_until": VALID - timedelta(seconds=1)}, "other terms"),
        ({"status": "ACCEPTED"}, {}, "other terms"),
        ({}, None, "other terms"),
        ({"valid_until": time_text(NOW)}, None, None),
        ({"valid_until": time_text(NOW)}, {"valid_until": NOW, "status": "EXPIRED"}, None),
        (None, {}, "not decided on"),
        (None, {"fx_rate": Decimal(112)}, None),
        (None, {"source_amount": Decimal(1)}, None),
        (None, {"status": "REJECTED"}, None),
        (None, {"valid_until": NOW + timedelta(seconds=1)}, None),
    ],
)
def test_every_quote_is_as_it_was_decided_on(before: dict[str, str] | None, now: dict[str, Any] | None, named: str | None) -> None:
    """A rival with other terms, closed, chosen no more or gone before its time, or a better one that was not seen: nothing is sent."""
    asked = command()
    facts = [OURS] if before is None else [OURS, RIVAL | before]
    rival = quote(quote_id=OTHER, fx_rate=Decimal("111.5"), source_amount=Decimal(11_150_000))
    seen = look(None, quote(), *([] if now is None else [replace(rival, **now)]))
    found = decide.other_quotes(asked, decided_on(asked, quotes=facts), seen, time(), margin=timedelta(seconds=2))
    assert found == (None if named is None else f"{named}{' of' if named == 'other terms' else ''} {OTHER}")
    refused = [{"command_id": "c-0", "quote_id": OTHER, "http_status": 409, "refused_at": time_text(NOW), "unchanged": False}]
    if named == "not decided on":
        again = decided_on(asked, quotes=facts, refusals=refused)
        assert decide.other_quotes(asked, again, seen, time(), margin=timedelta(seconds=2)) is None, "the venue has refused it before"


def command(kind: str = "co_sign_quote", **changed: Any) -> Order:
    """Return a command whose time is not over."""
    base = Order(
        command_id="c-1",
        venue="tokyo",
        intent_id="f47ac10b-58cc-4372-a567-0e02b2c3d479",
        kind="co_sign_quote" if kind == "co_sign_quote" else "accept_proposal",
        quote_id=QUOTE if kind == "co_sign_quote" else None,
        decision_id="d-1",
        shadow=False,
        not_after=NOW + timedelta(seconds=18),
        source_currency="JPYSC0",
        target_currency="USDCx",
        target_amount=Decimal(100_000),
        source_amount_max=Decimal(12_000_000),
        fx_rate=Decimal("112.0") if kind == "co_sign_quote" else None,
        issued_at=NOW - timedelta(seconds=1),
        causation_id=None,
    )
    return replace(base, **changed)


def order(**changed: Any) -> OrderSeen:
    """Return an order that waits for us."""
    base = OrderSeen(
        status="PENDING",
        side="sender",
        source_currency="JPYSC0",
        target_currency="USDCx",
        target_amount=Decimal("100000.0"),
        source_amount_max=Decimal(12_000_000),
        expires_at=NOW + timedelta(minutes=4),
    )
    return replace(base, **changed)


def quote(**changed: Any) -> QuoteSeen:
    """Return the quote that was decided on."""
    base = QuoteSeen(quote_id=QUOTE, fx_rate=Decimal(112), valid_until=VALID, source_amount=Decimal(11_200_000), status="OPEN")
    return replace(base, **changed)


def look(seen: OrderSeen | None = None, *quotes: QuoteSeen, gone: bool = False, at: datetime = NOW) -> Look:
    """Return a reading; without arguments an order that waits, with our quote."""
    return Look(order=None if gone else seen or order(), quotes=quotes, at=at)


def time(at: datetime = NOW, *, resolved: bool = True, spread: float = 0.0) -> VenueTime:
    """Return the venue's time with bounds around `at`."""
    return VenueTime(earliest=at - timedelta(seconds=spread), latest=at + timedelta(seconds=spread), resolved=resolved)


def claim(asked: Order, *, calls: int = 1, looks: int = 0, last: datetime | None = NOW - timedelta(seconds=1)) -> Claim:
    """Return a claim on a command with open calls."""
    return Claim(
        order=asked,
        epoch=1,
        attempts=calls,
        calls_open=calls,
        last_call_at=last,
        looks=looks,
        quote_valid_until=VALID if asked.kind == "co_sign_quote" else None,
        first_sent_at=last,
    )


def said(step: object) -> tuple[str, str]:
    """Return outcome and reason of a step that closes."""
    assert isinstance(step, Close), step
    return step.ending.outcome, step.ending.reason


UNFIT: list[tuple[Reason, str, Look, VenueTime]] = [
    (Reason.ORDER_GONE, "refused", look(gone=True), time()),
    (Reason.NOT_SENDER, "refused", look(order(side="receiver"), quote()), time()),
    (Reason.NOT_SENDER, "refused", look(order(side=None), quote()), time()),
    (Reason.ORDER_ADVANCED, "refused", look(order(status="EXPIRED"), quote()), time()),
    (Reason.ORDER_ADVANCED, "refused", look(order(status="SUSPENDED"), quote()), time()),
    (Reason.TERMS_CHANGED, "refused", look(order(target_amount=Decimal(100_001)), quote()), time()),
    (Reason.TERMS_CHANGED, "refused", look(order(source_amount_max=None), quote()), time()),
    (Reason.TERMS_CHANGED, "refused", look(order(source_currency="EURCx"), quote()), time()),
    (Reason.CLOCK_UNRESOLVED, "refused", look(None, quote()), time(resolved=False)),
    (Reason.TOO_LATE, "expired", look(None, quote()), time(NOW + timedelta(seconds=18))),
    (Reason.TOO_LATE, "expired", look(None, quote()), time(NOW + timedelta(seconds=17), spread=1)),
    (Reason.ORDER_EXPIRED, "expired", look(order(expires_at=NOW), quote()), time()),
    (Reason.QUOTE_GONE, "refused", look(None, quote(quote_id=OTHER)), time()),
    (Reason.QUOTE_CHANGED, "refused", look(None, quote(fx_rate=Decimal("112.1"))), time()),
    (Reason.QUOTE_CLOSED, "refused", look(None, quote(status="REJECTED")), time()),
    *[(Reason.QUOTE_CLOSED, "refused", look(None, quote(status=said)), time()) for said in ("rejected", "WITHDRAWN", "CANCELLED")],
    (Reason.QUOTE_PASSED_OVER, "refused", look(None, quote(), quote(quote_id=OTHER, status="ACCEPTED")), time()),
    (Reason.QUOTE_PASSED_OVER, "refused", look(None, quote(), quote(quote_id=OTHER, status="selected", valid_until=NOW)), time()),
    (Reason.QUOTE_EXPIRED, "expired", look(None, quote(valid_until=NOW)), time()),
    (Reason.QUOTE_EXPIRED, "expired", look(None, quote(valid_until=NOW + timedelta(seconds=1))), time(spread=1)),
    (Reason.QUOTE_DISAGREES, "refused", look(None, quote(source_amount=Decimal(11_200_001))), time()),
    (Reason.QUOTE_DISAGREES, "refused", look(None, quote(target_amount=Decimal(99_999))), time()),
]


@pytest.mark.parametrize(("reason", "outcome", "seen", "at"), UNFIT)
def test_a_command_that_is_not_fit_ends_without_a_call(reason: Reason, outcome: str, seen: Look, at: VenueTime) -> None:
    """Each thing that has changed, or is over, ends the command with its own reason."""
    ended, why = said(decide.ready(command(), seen, at))
    assert (ended, why.split(":")[0]) == (outcome, reason)


def test_a_broken_cost_guard_is_not_sent() -> None:
    """A quote that costs more than the order's maximum stays unsent, though decision and order agree on everything."""
    low = Decimal(11_199_999)
    step = decide.ready(command(source_amount_max=low), look(order(source_amount_max=low), quote()), time())
    assert said(step) == ("refused", Reason.COST_GUARD_BROKEN)


def test_what_is_fit_is_sent() -> None:
    """An order and a quote as decided on, in time by the venue's clock, are sent, the amounts compared by value."""
    assert decide.ready(command(), look(None, quote()), time()) == Send(VALID)
    assert decide.ready(command("accept_proposal"), look(), time()) == Send(None)


def test_the_older_meaning_of_a_quotes_target_amount_agrees() -> None:
    """A quote whose target_amount is the source amount is the leftover that the contract describes, and may be sent (6.6, A-08)."""
    assert decide.ready(command(), look(None, quote(target_amount=Decimal(11_200_000))), time()) == Send(VALID)


@pytest.mark.parametrize("seen", [look(None, quote()), look(order(status="QUOTED", fx_rate=Decimal(112))), look(order(status="SETTLED"))])
def test_a_proposal_that_is_accepted_already_is_done_without_a_call(seen: Look) -> None:
    """Quotes, or a status beyond PENDING, show that the proposal is accepted (A-09)."""
    assert said(decide.ready(command("accept_proposal"), seen, time()))[0] == "succeeded"


def test_an_unreadable_order_is_waited_for() -> None:
    """An order whose document cannot be read says nothing, so nothing is sent and nothing ended."""
    unreadable = Look(order=None, quotes=(), at=NOW, unreadable="fx_rate is a JSON number, not a decimal string")
    assert isinstance(decide.ready(command(), unreadable, time()), Wait)
    assert isinstance(decide.resolve(claim(command()), unreadable, time()), Wait)


RESOLVED: list[tuple[Look, tuple[str, str]]] = [
    (look(order(status="QUOTED", fx_rate=Decimal("112.00")), quote()), ("succeeded", "the venue's record shows it")),
    (look(order(status="SETTLED", fx_rate=Decimal(112)), quote()), ("succeeded", "the venue's record shows it")),
    (look(order(status="EXPIRED", fx_rate=Decimal(112)), quote()), ("succeeded", "the venue's record shows it")),
    (look(order(status="QUOTED", fx_rate=Decimal(113)), quote()), ("refused", "another quote was co-signed")),
    (
        look(order(status="QUOTED", fx_rate=Decimal(112), market_maker_party_id="B"), quote(market_maker_party_id="A")),
        ("refused", "another quote was co-signed"),
    ),
    (
        look(order(status="QUOTED", fx_rate=Decimal(112), quote_valid_until=VALID + timedelta(seconds=1))),
        ("refused", "another quote was co-signed"),
    ),
    (look(order(status="EXPIRED"), quote()), ("expired", "the order ended EXPIRED")),
    (look(gone=True), ("refused", "order_gone")),
]


@pytest.mark.parametrize(("seen", "expected"), RESOLVED)
def test_the_record_resolves_an_open_co_signature(seen: Look, expected: tuple[str, str]) -> None:
    """What the order shows after a call with an open outcome ends the command one way or the other."""
    assert said(decide.resolve(claim(command()), seen, time())) == expected


def test_a_lapsed_quote_on_a_pending_order_was_not_co_signed() -> None:
    """Once the quote's time is over for certain, PENDING means that the call had no effect; while that is not certain it is read on."""
    asked, seen = claim(command(), calls=3), look(None, quote())
    assert said(decide.resolve(asked, seen, time(VALID)))[0] == "expired"
    assert isinstance(decide.resolve(asked, seen, time(VALID, spread=0.5)), Wait)
    assert isinstance(decide.resolve(asked, seen, time(VALID, resolved=False)), Wait)


def test_a_co_signature_is_repeated_after_two_readings_and_three_calls_at_most() -> None:
    """PENDING has to show twice; the third call is the last."""
    seen = look(None, quote())
    assert isinstance(decide.resolve(claim(command(), looks=0), seen, time()), Wait)
    assert decide.resolve(claim(command(), looks=1), seen, time()) == Send(VALID)
    assert decide.resolve(claim(command(), calls=CALLS_MAX - 1, looks=1), seen, time()) == Send(VALID)
    assert isinstance(decide.resolve(claim(command(), calls=CALLS_MAX, looks=9), seen, time()), Wait)


def test_an_accept_is_repeated_only_after_quotes_had_time_to_come() -> None:
    """Only quotes show that a proposal is accepted: the share of the time that they need is read first."""
    asked = command("accept_proposal", issued_at=NOW, not_after=NOW + timedelta(minutes=4))
    assert decide.patience(asked) == decide.PATIENCE_MAX
    waiting = claim(asked, last=NOW)
    assert isinstance(decide.resolve(waiting, look(at=NOW + timedelta(seconds=11)), time()), Wait)
    assert decide.resolve(waiting, look(at=NOW + timedelta(seconds=12)), time()) == Send(None)
    hurried = command("accept_proposal", issued_at=NOW, not_after=NOW + timedelta(seconds=8))
    assert decide.patience(hurried) == timedelta(seconds=1)


@pytest.mark.parametrize(
    "seen", [look(None, quote()), look(order(status="QUOTED", fx_rate=Decimal(1))), look(order(failure_reason="NO_QUOTE"))]
)
def test_the_record_resolves_an_open_accept(seen: Look) -> None:
    """Quotes, a status beyond PENDING, and NO_QUOTE each show that the proposal was accepted."""
    assert said(decide.resolve(claim(command("accept_proposal")), seen, time()))[0] == "succeeded"


@pytest.mark.parametrize(
    ("kind", "seen"),
    [
        ("accept_proposal", look()),
        ("accept_proposal", look(order(status="SUSPENDED"))),
        ("co_sign_quote", look()),
        ("co_sign_quote", look(order(status="SUSPENDED"))),
        ("co_sign_quote", look(order(status="QUOTED"))),
    ],
)
def test_what_stays_ambiguous_is_read_on_and_then_unknown(kind: str, seen: Look) -> None:
    """A record that does not tell is read until half a minute after the command's time; then the outcome is unknown."""
    asked = claim(replace(command(kind), source_amount_max=Decimal(1)), calls=3)
    asked = replace(asked, quote_valid_until=None)
    assert isinstance(decide.resolve(asked, seen, time()), Wait)
    over = time(asked.order.not_after + decide.READ_ON + timedelta(seconds=2))
    assert said(decide.resolve(asked, seen, over))[0] == "unknown"


def test_a_record_that_cannot_be_read_ends_in_unknown_only_after_a_call() -> None:
    """Without a call the command expires; with one nobody can say."""
    late, much_later = time(NOW + timedelta(seconds=18)), time(NOW + timedelta(seconds=60))
    untouched = claim(command(), calls=0, last=None)
    assert decide.out_of_reach(untouched, time()) is None
    assert decide.out_of_reach(untouched, late) == Ending(outcome="expired", reason=Reason.TOO_LATE)
    assert decide.out_of_reach(claim(command()), late) is None
    ending = decide.out_of_reach(claim(command()), much_later)
    assert ending is not None
    assert ending.outcome == "unknown"


@pytest.mark.parametrize(
    ("status", "outcome"), [(200, "succeeded"), (204, "succeeded"), (401, "refused"), (403, "refused"), (404, "refused"), (422, "refused")]
)
def test_a_definite_answer_ends_the_command(status: int, outcome: str) -> None:
    """Any 2xx is done (A-14); refusals that no reading can change end it (A-17)."""
    answer = Answered(done=status < 300, http_status=status)
    assert said(decide.answered(claim(command()), answer))[0] == outcome


@pytest.mark.parametrize("status", [400, 409])
def test_a_conflict_is_never_sent_again(status: int) -> None:
    """A 409 (or 400, A-25) leads to one reading and an ending, whatever that reading shows."""
    answer = Answered(done=False, http_status=status, error_code="CONFLICT")
    asked = claim(command())
    assert decide.answered(asked, answer) == AskRecord(answer)
    shown = look(order(status="QUOTED", fx_rate=Decimal(112)), quote())
    for seen, outcome in ((None, "refused"), (look(None, quote()), "refused"), (look(gone=True), "refused"), (shown, "succeeded")):
        ending = decide.refused(asked, answer, seen)
        assert (ending.outcome, ending.http_status) == (outcome, status)


def test_an_open_outcome_is_read_at_once_and_a_busy_venue_left_alone() -> None:
    """Nothing is waited for after an open outcome; 429 with Retry-After waits exactly that."""
    assert decide.answered(claim(command()), OutcomeOpen(reason="502")) == Wait(0.0)
    assert decide.answered(claim(command()), NotDone(reason="429", retry_after=7.0)) == Wait(7.0)
    growing = [decide.answered(claim(command(), calls=n), NotDone(reason="connection refused")) for n in range(1, 9)]
    pauses = [step.seconds for step in growing if isinstance(step, Wait)]
    assert pauses == sorted(pauses)
    assert pauses[-1] == decide.NOT_DONE_PAUSE_MAX


def test_right_before_leaving_the_time_is_looked_at_again() -> None:
    """What was fit when it was read stays behind when its time went by meanwhile."""
    assert decide.in_time(command(), VALID, time()) is None
    assert decide.in_time(command(), VALID, time(resolved=False)) is Reason.CLOCK_UNRESOLVED
    assert decide.in_time(command(), VALID, time(NOW + timedelta(seconds=18))) is Reason.TOO_LATE
    assert decide.in_time(command(not_after=VALID + timedelta(seconds=9)), VALID, time(VALID)) is Reason.QUOTE_EXPIRED


def test_shadow_says_what_would_be_done() -> None:
    """In shadow the ending names the step that would have been taken."""
    assert decide.would(command(), look(None, quote()), time()) == Ending(outcome="shadowed", reason="would be sent")
    assert decide.would(command(), look(gone=True), time()).reason == "would not be sent: order_gone"


_orders = st.builds(
    order,
    status=st.sampled_from(["PENDING", "QUOTED", "EXECUTING", "SETTLED", "FAILED", "EXPIRED", "SUSPENDED"]),
    side=st.sampled_from(["sender", "both", "receiver", "none", None]),
    fx_rate=st.sampled_from([None, Decimal(112), Decimal(113)]),
    target_amount=st.sampled_from([Decimal(100_000), Decimal(100_001)]),
    source_amount_max=st.sampled_from([None, Decimal(12_000_000), Decimal(11_000_000)]),
)
_quotes = st.lists(
    st.builds(
        quote,
        quote_id=st.sampled_from([QUOTE, OTHER]),
        fx_rate=st.sampled_from([Decimal(112), Decimal(113)]),
        valid_until=st.sampled_from([NOW, VALID]),
        source_amount=st.sampled_from([None, Decimal(11_200_000), Decimal(1)]),
    ),
    max_size=3,
)


@given(
    kind=st.sampled_from(["accept_proposal", "co_sign_quote"]),
    seen=st.none() | _orders,
    quotes=_quotes,
    seconds=st.floats(-5, 60),
    resolved=st.booleans(),
    calls=st.integers(0, 4),
    looks=st.integers(0, 5),
)
def test_nothing_is_ever_sent_outside_its_terms_and_time(
    kind: str, seen: OrderSeen | None, quotes: list[QuoteSeen], seconds: float, resolved: bool, calls: int, looks: int
) -> None:
    """Whatever the venue shows: a call leaves only for a PENDING order of ours on unchanged terms, in time, and at most three times."""
    asked, at = command(kind), time(NOW + timedelta(seconds=seconds), resolved=resolved)
    reading = Look(order=seen, quotes=tuple(quotes), at=NOW)
    step = decide.ready(asked, reading, at) if calls == 0 else decide.resolve(claim(asked, calls=calls, looks=looks), reading, at)
    if isinstance(step, Send):
        assert calls < CALLS_MAX
        assert resolved
        assert at.latest < asked.not_after
        assert seen is not None
        assert (seen.status, seen.target_amount, seen.source_amount_max) == ("PENDING", asked.target_amount, asked.source_amount_max)
        assert seen.side in ("sender", "both")
        if kind == "co_sign_quote":
            named = reading.quote(QUOTE)
            assert named is not None
            assert (named.fx_rate, at.latest < named.valid_until) == (asked.fx_rate, True)
            assert max(Decimal(11_200_000), named.source_amount or Decimal(0)) <= Decimal(12_000_000)
        else:
            assert not quotes


@pytest.mark.parametrize("reason", list(Reason))
def test_every_reason_has_words_for_people(reason: Reason) -> None:
    """What keeps a call from being made is said in words, and what stands behind the code stays."""
    assert in_words(reason) not in (reason, "")
    assert in_words(f"{reason}: a drill") == f"{in_words(reason)}: a drill"
