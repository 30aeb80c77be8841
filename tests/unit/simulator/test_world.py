"""The world: what happens at the venue, when, and in which order."""

from __future__ import annotations

import itertools
from datetime import timedelta
from decimal import Decimal
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.simulators.musubi.faults import FaultBoard, parse_faults
from connectors.simulators.musubi.market import SCALES
from connectors.simulators.musubi.orders import Fact, Flaw, Order, Quote, Terms, exact_product
from connectors.simulators.musubi.switches import Switches
from connectors.simulators.musubi.world import EXECUTING_WITHIN, Institution, Mix, Rules, Script, World
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
    cancelling=st.sampled_from([0.0, 0.5, 1.0]),
    institution=st.sampled_from(["best", "any", "late", "never"]),
    quotes=st.tuples(st.integers(0, 2), st.integers(2, 5)),
    calls=st.lists(st.tuples(st.floats(0, 400), st.integers(0, 19), st.booleans()), max_size=40),
)
def test_every_history_obeys_the_lifecycle(
    seed: int,
    failing: float,
    console_user: float,
    cancelling: float,
    institution: Institution,
    quotes: tuple[int, int],
    calls: list[tuple[float, int, bool]],
) -> None:
    """Whatever the seed, the shares and the accept calls: statuses follow section 1.5, each order ends, moments never go back."""
    rules = Rules(
        seed=seed,
        rate=2,
        orders=20,
        mix=Mix(receiver=1, sender=2, both=1, none=1),
        failing=failing,
        console_user=console_user,
        cancelling=cancelling,
        institution=institution,
        quotes=quotes,
    )
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


def _quotes_of(facts: list[Fact]) -> list[Quote]:
    return [fact.quote for fact in facts if fact.quote is not None and fact.kind == "quote"]


def _rounds(quotes: list[Quote]) -> list[list[Quote]]:
    """Group quotes by round: a new one begins where all before have lapsed."""
    rounds: list[list[Quote]] = []
    for quote in quotes:
        if not rounds or all(quote.submitted_at >= earlier.valid_until for earlier in rounds[-1]):
            rounds.append([])
        rounds[-1].append(quote)
    return rounds


def test_rounds_have_as_many_quotes_as_the_rules_say() -> None:
    """Between fewest and most per round, drawn anew for each, from different market makers, one of them best."""
    world = World(Rules(rate=0, quotes=(2, 4), order_lifetime=2000), start=START)
    order = world.create(script(side="sender", quotes=None), START)
    world.accept_proposal(order.intent_id, after(0))
    rounds = _rounds(_quotes_of(live(world, 2001, step=100)))
    assert len(rounds) > 30
    assert {len(several) for several in rounds} == {2, 3, 4}
    for several in rounds:
        rates = sorted(quote.fx_rate for quote in several)
        assert rates[0] == TERMS.fx_rate < rates[1]
        assert len({quote.market_maker_party_id for quote in several}) == min(len(several), 3)


@pytest.mark.parametrize(("rounds", "count"), [(1, 1), (3, 3), (0, 8)])
def test_rounds_end_when_there_were_enough(rounds: int, count: int) -> None:
    """After so many rounds nobody quotes any more and the order expires; 0 goes on until `expires_at`, one round each 38 s."""
    world = World(Rules(rate=0, rounds=rounds), start=START)
    order = world.create(script(side="sender", quotes=1), START)
    world.accept_proposal(order.intent_id, after(0))
    facts = live(world, 301, step=1)
    assert abs(len(_rounds(_quotes_of(facts))) - count) <= (rounds == 0)
    assert facts[-1].order.status == "EXPIRED"


def test_a_round_may_pass_without_a_quote_and_the_next_one_comes() -> None:
    """With none to one quote per round some rounds are empty and later ones are not."""
    world = World(Rules(rate=0, quotes=(0, 1), order_lifetime=2000), start=START)
    order = world.create(script(side="sender", quotes=None), START)
    world.accept_proposal(order.intent_id, after(0))
    quotes = _quotes_of(live(world, 2001, step=100))
    gaps = [later.submitted_at - earlier.valid_until for earlier, later in itertools.pairwise(quotes)]
    assert min(gaps) < timedelta(seconds=10)
    assert max(gaps) > timedelta(seconds=40)


def test_durations_follow_the_rules() -> None:
    """Validity, time to the first quote and the order's lifetime are as told, divided by the speed."""
    world = World(Rules(rate=0, speed=10, quote_validity=60, first_quote=20, order_lifetime=900), start=START)
    order = world.create(script(side="sender"), START)
    assert order.expires_at == after(90)
    world.accept_proposal(order.intent_id, after(0))
    first = _quotes_of(live(world, 3, step=1))[0]
    assert after(1.6) <= first.submitted_at <= after(2.4)
    assert first.valid_until - first.submitted_at == timedelta(seconds=6)


@pytest.mark.parametrize(
    ("name", "flaw"),
    [
        ("quote_disagrees_source", "source"),
        ("quote_disagrees_target", "target"),
        ("quote_breaks_guard", "guard"),
        ("quote_legacy_target", "legacy"),
        ("quote_beyond_scale", "scale"),
    ],
)
def test_a_share_of_the_quotes_is_flawed_and_institutions_choose_none_of_them(name: str, flaw: Flaw) -> None:
    """About the asked share has the flaw; what is chosen agrees and keeps the guard (a legacy target is no fault)."""
    board = FaultBoard(parse_faults([f"{name}=0.4"]), rng=Random(1))
    world = World(Rules(rate=0, order_lifetime=4000), start=START, fault=board.drawn)
    order = world.create(script(side="sender", quotes=3), START)
    world.accept_proposal(order.intent_id, after(0))
    facts = live(world, 4001, step=100)
    quotes, chosen = _quotes_of(facts), {fact.quote.flaw for fact in facts if fact.kind == "selected" and fact.quote is not None}
    flawed = [quote for quote in quotes if quote.flaw == flaw]
    assert len(quotes) > 250
    assert 0.3 < len(flawed) / len(quotes) < 0.5
    assert {quote.flaw for quote in quotes} == {None, flaw}
    assert chosen == ({None, "legacy"} if flaw == "legacy" else {None})


@pytest.mark.parametrize(
    ("currency", "amount"),
    [("JPYSC0", "100000"), ("JPYSC0", "0.25"), ("USDCx", "123456789"), ("DAIx", "5"), ("ABC", "1.5")],
)
def test_a_quote_beyond_the_scale_is_exact_and_nearly_as_cheap(currency: str, amount: str) -> None:
    """Its product has more decimals than the currency, follows from its rate, and is no dearer than the order's rate."""
    board = FaultBoard(parse_faults(["quote_beyond_scale=1"]), rng=Random(1))
    world = World(QUIET, start=START, fault=board.drawn)
    terms = Terms(source_currency=currency, target_currency="USDCx", target_amount=Decimal(amount), fx_rate=Decimal("112.0"))
    order = world.create(Script(side="sender", terms=terms, quotes=1), START)
    world.accept_proposal(order.intent_id, after(0))
    (quote,) = _quotes_of(live(world, 20, step=1))
    assert len(format(quote.source_amount, "f").rstrip("0").partition(".")[2]) > SCALES.get(currency, 18)
    assert quote.source_amount == exact_product(order.target_amount, quote.fx_rate)
    assert Decimal("111.9") < quote.fx_rate < Decimal(112)


def test_flaws_strike_so_often_and_then_no_more() -> None:
    """`x2` flaws the first two quotes of the world."""
    board = FaultBoard(parse_faults(["quote_breaks_guard=1x2"]), rng=Random(1))
    world = World(QUIET, start=START, fault=board.drawn)
    order = world.create(script(side="sender", quotes=3), START)
    world.accept_proposal(order.intent_id, after(0))
    assert [quote.flaw for quote in _quotes_of(live(world, 20, step=1))] == ["guard", "guard", None]


def test_what_is_paid_after_a_co_signature_is_what_the_quote_states() -> None:
    """A disagreeing quote that is co-signed costs its stated source amount: the venue believes what we signed."""
    board = FaultBoard(parse_faults(["quote_disagrees_source=1"]), rng=Random(1))
    world = World(QUIET, start=START, fault=board.drawn)
    intent_id = world.create(script(side="sender"), START).intent_id
    world.accept_proposal(intent_id, after(0))
    world.advance(after(13))
    (quote,) = world.quotes(intent_id)
    order = world.co_sign(intent_id, quote.quote_id, after(13)).order
    assert order is not None
    assert order.source_amount_actual == quote.source_amount != order.target_amount * quote.fx_rate


@pytest.mark.parametrize(("manner", "earliest", "latest"), [("best", 3, 3), ("any", 3, 3), ("late", 21, 21)])
def test_institutions_choose_in_their_manner(manner: Institution, earliest: float, latest: float) -> None:
    """The cheapest or any 3 s after the first quote, or the cheapest after 70 % of its validity."""
    world = World(Rules(rate=0, institution=manner, order_lifetime=4000), start=START)
    order = world.create(script(side="sender", quotes=3), START)
    world.accept_proposal(order.intent_id, after(0))
    facts = live(world, 4001, step=100)
    choices = [fact for fact in facts if fact.kind == "selected"]
    cheapest = 0
    for several, choice in zip(_rounds(_quotes_of(facts)), choices, strict=False):
        waited = (choice.at - several[0].submitted_at).total_seconds()
        assert earliest - 0.001 <= waited <= latest + 0.001
        assert choice.quote in several
        cheapest += choice.quote == min(several, key=lambda quote: quote.fx_rate)
    assert (cheapest == len(choices)) == (manner != "any")


def test_an_institution_may_choose_nothing() -> None:
    """With `never`, for one order, nothing is ever selected and strict venues take no co-signature."""
    world = World(QUIET, start=START, switches=Switches({"A-10": "selected_only"}))
    intent_id = world.create(script(side="sender", institution="never"), START).intent_id
    world.accept_proposal(intent_id, after(0))
    facts = world.advance(after(20))
    (quote,) = _quotes_of(facts)
    assert not [fact for fact in facts if fact.kind == "selected"]
    assert world.co_sign(intent_id, quote.quote_id, after(20)).kind == "conflict"
    assert world.select(intent_id, quote.quote_id, after(20)) is quote
    assert world.co_sign(intent_id, quote.quote_id, after(21)).kind == "done"


def test_quotes_can_be_put_by_hand() -> None:
    """With amounts as told; not before the proposal is accepted, and not for an ended order."""
    world = quiet_world()
    intent_id = world.create(script(side="sender", quotes=0), START).intent_id
    with pytest.raises(ValueError, match="takes no quotes"):
        world.submit(intent_id, after(0), fx_rate=Decimal(111))
    world.accept_proposal(intent_id, after(0))
    plain = world.submit(intent_id, after(1), fx_rate=Decimal(111), valid_seconds=2.5)
    assert (plain.source_amount, plain.target_amount, plain.flaw) == (Decimal(11_100_000), Decimal(100_000), None)
    assert (plain.submitted_at, plain.valid_until) == (after(1), after(3.5))
    wrong = world.submit(intent_id, after(1), fx_rate=Decimal(111), source_amount=Decimal(1))
    odd = world.submit(intent_id, after(1), fx_rate=Decimal(111), target_amount=Decimal(1))
    old = world.submit(intent_id, after(1), fx_rate=Decimal(111), target_amount=Decimal(11_100_000))
    assert (wrong.flaw, odd.flaw, old.flaw) == ("source", "target", None)
    assert world.quotes(intent_id) == [plain, wrong, odd, old]
    with pytest.raises(ValueError, match="with a live quote"):
        world.select(intent_id, plain.quote_id, after(4))


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


@pytest.mark.parametrize(
    ("value", "kinds"), [("any_valid", ["done"]), ("selected_only", ["conflict", "done"]), ("selected_shown", ["conflict", "done"])]
)
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


@pytest.mark.parametrize("value", ["expired", "cancelled", "failed", "gone"])
def test_an_institution_can_cancel_while_quoted_but_not_while_executing(value: str) -> None:
    """A-11 after the co-signature: the order ends without settling; from EXECUTING on it is too late."""
    world, intent_id = _quoted({"A-11": value})
    (quote,) = world.quotes(intent_id)
    assert world.co_sign(intent_id, quote.quote_id, after(13)).kind == "done"
    assert world.cancel(intent_id, after(13))
    facts = world.advance(after(40))
    last = facts[-1]
    expected = ("withdrawn", "QUOTED") if value == "gone" else ("status", value.upper())
    assert (last.kind, last.order.status) == expected
    assert last.order.transaction_hash is None
    world, intent_id = _quoted({"A-11": value})
    world.co_sign(intent_id, world.quotes(intent_id)[0].quote_id, after(13))
    world.advance(after(13 + EXECUTING_WITHIN[1]))
    assert not world.cancel(intent_id, after(13 + EXECUTING_WITHIN[1]))


def test_a_share_of_the_orders_is_cancelled_before_during_and_after_quoting() -> None:
    """With `cancelling=1` no order settles, and the last status before the end is PENDING without and with quotes, and QUOTED."""
    rules = Rules(rate=5, orders=60, cancelling=1.0, console_user=1.0, mix=Mix(receiver=0, sender=1, both=0, none=0))
    facts = live(World(rules, start=START), 400, step=50)
    lived = statuses(facts)
    quoted = {fact.order.intent_id for fact in facts if fact.kind == "quote"}
    assert {history[-1] for history in lived.values()} == {"EXPIRED"}
    assert {(history[-2], intent in quoted) for intent, history in lived.items()} == {
        ("PENDING", False),
        ("PENDING", True),
        ("QUOTED", True),
    }


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


def test_a_co_signed_order_can_lapse() -> None:
    """QUOTED until the quote's `valid_until`, then EXPIRED without a hash (contract section 1.5)."""
    world, intent_id = _quoted({}, ending="lapse")
    (quote,) = world.quotes(intent_id)
    world.co_sign(intent_id, quote.quote_id, after(13))
    last = live(world, 60, step=1)[-1]
    assert (last.at, last.order.status, last.order.transaction_hash) == (quote.valid_until, "EXPIRED", None)


def test_given_orders_keep_their_intent_hash_and_amounts() -> None:
    """An order asked for with an intent and a hash has them, and the same intent cannot be asked for twice."""
    world = quiet_world()
    asked = script(directly=True, intent_id="f47ac10b-58cc-4372-a567-0e02b2c3d479", transaction_hash="ab" * 32)
    order = world.create(asked, START)
    assert (order.status, order.intent_id, order.transaction_hash) == ("SETTLED", asked.intent_id, "ab" * 32)
    assert order.source_amount_actual == Decimal("11200000")
    with pytest.raises(ValueError, match="exists already"):
        world.create(asked, START)


def test_a_world_that_was_stopped_goes_on_at_its_own_pace() -> None:
    """After `stop_creating` and `start_creating`, called twice, orders come as often as before, and not beyond those asked for."""
    world = World(Rules(rate=2, orders=300), start=START)
    world.advance(after(10))
    world.stop_creating()
    before = world.created
    world.advance(after(40))
    assert world.created == before
    world.start_creating(after(40))
    world.start_creating(after(40))
    world.advance(after(70))
    assert 30 < world.created - before < 90
    world.advance(after(1000))
    assert world.created == 300
    world.start_creating(after(1000))
    assert not world.creating
