"""The world: what happens at the venue, when, and in which order."""

from __future__ import annotations

import itertools
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.simulators.musubi.market import SCALES
from connectors.simulators.musubi.orders import Fact, Order
from connectors.simulators.musubi.switches import Switches
from connectors.simulators.musubi.world import Mix, Rules, World
from tests.unit.simulator.played import QUIET, START, TERMS, after, live, quiet_world, script, statuses

# Contract section 1.5, written out once more: what a status may become.
LEGAL = {
    "PENDING": {"QUOTED", "FAILED", "EXPIRED"},
    "QUOTED": {"EXECUTING", "EXPIRED"},
    "EXECUTING": {"SETTLED", "FAILED"},
    "SETTLED": set(),
    "FAILED": set(),
    "EXPIRED": set(),
}


@pytest.mark.parametrize("seed", [1, 2, 99])
def test_the_same_seed_lives_the_same_history(seed: int) -> None:
    """A world that is asked every 50 ms and one that is asked twice give the same facts."""
    rules = Rules(seed=seed, rate=3, orders=50, failing=0.2)
    often = live(World(rules, start=START), 400, step=0.05)
    rarely = live(World(rules, start=START), 400, step=200)
    assert often == rarely
    assert len(statuses(often)) == 50


def test_another_seed_lives_another_history() -> None:
    """Two seeds share no intent."""
    one, two = (live(World(Rules(seed=seed, rate=3, orders=20), start=START), 60, step=60) for seed in (1, 2))
    assert not statuses(one).keys() & statuses(two).keys()


@given(
    seed=st.integers(0, 2**32),
    failing=st.floats(0, 1),
    console_user=st.floats(0, 1),
    calls=st.lists(st.tuples(st.floats(0, 400), st.integers(0, 19), st.booleans()), max_size=40),
)
def test_every_history_obeys_the_lifecycle(seed: int, failing: float, console_user: float, calls: list[tuple[float, int, bool]]) -> None:
    """Whatever the seed, the shares and the accept calls: statuses follow section 1.5, each order ends, moments never go back."""
    mix = Mix(receiver=1, sender=2, both=1, none=1)
    rules = Rules(seed=seed, rate=2, orders=20, mix=mix, failing=failing, console_user=console_user)
    world, facts = World(rules, start=START), []
    for seconds, index, accepting in sorted(calls):
        facts += world.advance(after(seconds))
        known = list({fact.order.intent_id for fact in facts if fact.kind == "created"})
        if known:
            intent_id = sorted(known)[index % len(known)]
            if accepting:
                world.accept_proposal(intent_id, after(seconds))
            for quote in world.quotes(intent_id):
                world.co_sign(intent_id, quote.quote_id, after(seconds))
    facts += world.advance(after(2000))
    assert world.next_at() is None or not world.open
    assert [fact.at for fact in facts] == sorted(fact.at for fact in facts)
    lived = statuses(facts)
    assert len(lived) == 20
    for history in lived.values():
        assert history[0] == "PENDING"
        assert all(later in LEGAL[earlier] for earlier, later in itertools.pairwise(history))
        assert not LEGAL[history[-1]]


def _settled(facts: list[Fact]) -> list[Order]:
    return [fact.order for fact in facts if fact.order.status == "SETTLED"]


def test_amounts_are_exact_and_fit_their_currencies() -> None:
    """What is paid is the target times the rate, within the guard, and no amount is finer than its currency."""
    rules = Rules(rate=100, orders=1000, settle_directly=True, failing=0)
    settled = _settled(live(World(rules, start=START), 60, step=60))
    assert len(settled) == 1000
    for order in settled:
        assert order.source_amount_actual is not None
        assert order.fx_rate is not None
        digits = Decimal(order.target_amount).as_tuple().digits
        assert len(digits) < 28
        assert order.source_amount_actual == order.target_amount * order.fx_rate
        assert order.guard_holds(order.source_amount_actual)
        assert order.target_amount > 0
        for amount, currency in (
            (order.source_amount_actual, order.source_currency),
            (order.target_amount, order.target_currency),
        ):
            assert amount == amount.quantize(Decimal(1).scaleb(-SCALES[currency])), (amount, currency)
    assert {order.source_currency for order in settled} == {"JPYSC0", "USDCx", "EURCx", "DAIx"}


def test_a_receiver_side_order_settles_by_the_timeline() -> None:
    """First quote about 8 s after acceptance, QUOTED some seconds later, EXECUTING within 1 s, SETTLED about 4 s later."""
    world = quiet_world()
    order = world.create(script(), START)
    moments = {fact.order.status: fact.at for fact in live(world, 60, step=1) if fact.kind in ("created", "status")}
    assert list(moments) == ["PENDING", "QUOTED", "EXECUTING", "SETTLED"]
    assert order.expires_at - order.created_at == timedelta(minutes=5)
    assert timedelta(seconds=9) <= moments["QUOTED"] - START <= timedelta(seconds=18)
    assert timedelta(0) < moments["EXECUTING"] - moments["QUOTED"] <= timedelta(seconds=1)
    assert timedelta(seconds=3) <= moments["SETTLED"] - moments["EXECUTING"] <= timedelta(seconds=5)


def test_speed_divides_every_duration() -> None:
    """At speed 10 the same order lives a tenth of the time, to the millisecond that the venue writes."""
    slow, fast = (World(Rules(rate=0, speed=speed), start=START) for speed in (1, 10))
    for world in (slow, fast):
        world.create(script(), START)
    slow_facts, fast_facts = live(slow, 400, step=1), live(fast, 40, step=1)
    assert [fact.kind for fact in slow_facts] == [fact.kind for fact in fast_facts]
    for one, ten in zip(slow_facts, fast_facts, strict=True):
        assert abs((one.at - START) / 10 - (ten.at - START)) < timedelta(milliseconds=20)


def test_a_sender_side_order_waits_for_our_calls_and_settles_after_them() -> None:
    """Without a call nothing is quoted; after accept quotes come; after the co-signature it settles."""
    world = quiet_world()
    intent_id = world.create(script(side="sender"), START).intent_id
    assert [fact.kind for fact in live(world, 60, step=5)] == ["created"]
    assert world.accept_proposal(intent_id, after(60)).kind == "done"
    facts = world.advance(after(75))
    assert [fact.kind for fact in facts] == ["accepted", "quote", "selected"]
    (quote,) = world.quotes(intent_id)
    answer = world.co_sign(intent_id, quote.quote_id, after(75))
    assert answer.kind == "done"
    assert answer.order is not None
    assert answer.order.status == "QUOTED"
    assert answer.order.quote_accepted_at == after(75)
    assert [fact.order.status for fact in world.advance(after(90))] == ["QUOTED", "EXECUTING", "SETTLED"]


def test_a_sender_side_order_that_nobody_accepts_expires() -> None:
    """It ends as EXPIRED at `expires_at`, without a reason (A-13)."""
    world = quiet_world()
    order = world.create(script(side="sender"), START)
    (_, last) = live(world, 301, step=1)
    assert (last.order.status, last.at, last.order.failure_reason) == ("EXPIRED", order.expires_at, None)


def test_the_console_user_accepts_and_co_signs_for_us() -> None:
    """A sender-side order with a console user settles without any call."""
    world = quiet_world()
    intent_id = world.create(script(side="both", console_user=True), START).intent_id
    assert statuses(live(world, 60, step=1))[intent_id] == ["PENDING", "QUOTED", "EXECUTING", "SETTLED"]


@pytest.mark.parametrize(("value", "ending"), [("failed_no_quote", ("FAILED", "NO_QUOTE")), ("always_expired", ("EXPIRED", None))])
def test_an_accepted_order_without_quotes_ends_as_the_switch_says(value: str, ending: tuple[str, str | None]) -> None:
    """A-13: FAILED with NO_QUOTE, or EXPIRED."""
    world = quiet_world(A_13=value)
    intent_id = world.create(script(side="sender", quotes=0), START).intent_id
    world.accept_proposal(intent_id, after(1))
    last = live(world, 301, step=100)[-1].order
    assert (last.status, last.failure_reason) == ending


def test_lapsed_quotes_are_followed_by_new_ones_until_the_order_expires() -> None:
    """Without a co-signature rounds of quotes follow one another, and then the order is EXPIRED."""
    world = quiet_world()
    intent_id = world.create(script(side="sender"), START).intent_id
    world.accept_proposal(intent_id, after(0))
    facts = live(world, 301, step=1)
    quotes = [fact.quote for fact in facts if fact.quote is not None and fact.kind == "quote"]
    assert len(quotes) >= 6
    assert all(later.submitted_at >= earlier.valid_until for earlier, later in itertools.pairwise(quotes))
    assert facts[-1].order.status == "EXPIRED"


def _quoted(world_switches: dict[str, str], **changes: object) -> tuple[World, str]:
    world = World(QUIET, start=START, switches=Switches(world_switches))
    intent_id = world.create(script(side="sender", **changes), START).intent_id
    world.accept_proposal(intent_id, after(0))
    world.advance(after(13))
    return world, intent_id


def test_an_expired_quote_cannot_be_co_signed() -> None:
    """From `valid_until` on the answer is a conflict and the order stays PENDING."""
    world, intent_id = _quoted({})
    (quote,) = world.quotes(intent_id)
    answer = world.co_sign(intent_id, quote.quote_id, quote.valid_until)
    assert answer.kind == "conflict"
    assert answer.order is not None
    assert answer.order.status == "PENDING"


def test_a_quote_that_breaks_the_guard_cannot_be_co_signed() -> None:
    """A source amount above the maximum is refused and nothing moves."""
    terms = TERMS.__class__(
        source_currency="JPYSC0",
        target_currency="USDCx",
        target_amount=Decimal(100),
        fx_rate=Decimal("112.0"),
        source_amount_max=Decimal(11199),
    )
    world, intent_id = _quoted({}, terms=terms)
    (quote,) = world.quotes(intent_id)
    assert world.co_sign(intent_id, quote.quote_id, after(13)).kind == "guard_broken"
    assert world.open[intent_id].order.status == "PENDING"


@pytest.mark.parametrize(("value", "kinds"), [("any_valid", ["done"]), ("selected_only", ["conflict", "done"])])
def test_which_quotes_can_be_co_signed_is_a_switch(value: str, kinds: list[str]) -> None:
    """A-10: any valid quote, or only the one that the institution selected."""
    world, intent_id = _quoted({"A-10": value}, quotes=2)
    world.advance(after(14))
    best, other = sorted(world.quotes(intent_id), key=lambda quote: (quote.fx_rate, quote.submitted_at))[:2]
    answers = [world.co_sign(intent_id, other.quote_id, after(14)).kind]
    if answers == ["conflict"]:
        answers.append(world.co_sign(intent_id, best.quote_id, after(14)).kind)
    assert answers == kinds


@pytest.mark.parametrize(("value", "kind"), [("conflict", "conflict"), ("same_body", "already_done")])
def test_a_second_accept_is_answered_as_the_switch_says(value: str, kind: str) -> None:
    """A-09: a conflict, or the same answer again."""
    world = quiet_world(A_09=value)
    intent_id = world.create(script(side="sender"), START).intent_id
    assert world.accept_proposal(intent_id, after(1)).kind == "done"
    assert world.accept_proposal(intent_id, after(2)).kind == kind


def test_only_the_sender_custodian_may_accept() -> None:
    """As receiver the call is refused, for an unknown or foreign order there is none, for an ended one it is too late."""
    world = quiet_world()
    receiver = world.create(script(), START).intent_id
    foreign = world.create(script(side="none"), START).intent_id
    ended = world.create(script(side="sender", directly=True), START).intent_id
    kinds = [world.accept_proposal(intent_id, after(1)).kind for intent_id in (receiver, foreign, "no such", ended)]
    assert kinds == ["not_sender", "not_found", "not_found", "conflict"]


@pytest.mark.parametrize("value", ["expired", "cancelled", "failed", "gone"])
def test_a_cancelled_order_ends_as_the_switch_says(value: str) -> None:
    """A-11: EXPIRED, CANCELLED or FAILED without a reason, or the order is withdrawn."""
    world = quiet_world(A_11=value)
    intent_id = world.create(script(side="sender"), START).intent_id
    assert world.cancel(intent_id, after(1))
    last = world.advance(after(1))[-1]
    if value == "gone":
        assert (last.kind, last.order.status) == ("withdrawn", "PENDING")
    else:
        assert (last.kind, last.order.status, last.order.failure_reason) == ("status", value.upper(), None)
    assert not world.cancel(intent_id, after(2))


def test_orders_fail_while_executing_and_at_validation() -> None:
    """`revert` fails after EXECUTING with a settlement reason, `kyc_fail` right after creation."""
    world = quiet_world()
    reverted = world.create(script(ending="revert"), START).intent_id
    refused = world.create(script(ending="kyc_fail"), START).intent_id
    lived = statuses(live(world, 60, step=1))
    assert lived[reverted] == ["PENDING", "QUOTED", "EXECUTING", "FAILED"]
    assert lived[refused] == ["PENDING", "FAILED"]
    assert world.ended[reverted].failure_reason in ("REVERT", "TIMEOUT", "SANCTIONS", "COMPLIANCE_BLOCK")
    assert world.ended[refused].failure_reason == "KYC_FAIL"


def test_given_orders_keep_their_intent_hash_and_amounts() -> None:
    """An order asked for with an intent and a hash has them, and the same intent cannot be asked for twice."""
    world = quiet_world()
    asked = script(directly=True, intent_id="f47ac10b-58cc-4372-a567-0e02b2c3d479", transaction_hash="ab" * 32)
    order = world.create(asked, START)
    assert (order.status, order.intent_id, order.transaction_hash) == ("SETTLED", asked.intent_id, "ab" * 32)
    assert order.source_amount_actual == Decimal("11200000")
    with pytest.raises(ValueError, match="exists already"):
        world.create(asked, START)
