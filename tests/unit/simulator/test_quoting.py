"""How market makers price a round, and what each flaw of a quote looks like."""

from __future__ import annotations

from decimal import Decimal
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.simulators.musubi.market import SCALES, draw_terms
from connectors.simulators.musubi.orders import Order, Terms
from connectors.simulators.musubi.quoting import quoted_amounts, round_rates
from tests.unit.simulator.played import START, quiet_world, script

RATE = Decimal("112.0")


def _order(terms: Terms) -> Order:
    return quiet_world().create(script(side="sender", terms=terms), START)


def _decimals(amount: Decimal) -> int:
    exponent = amount.as_tuple().exponent
    assert isinstance(exponent, int)
    return -exponent


@given(seed=st.integers(0, 2**32), count=st.integers(0, 20), spread=st.sampled_from([0.001, 0.05, 1.0]))
def test_one_quote_of_a_round_is_best_and_the_others_lie_within_the_spread(seed: int, count: int, spread: float) -> None:
    """The first has the best rate, each other one is worse by at least a digit and at most the spread, all with as many decimals."""
    rates = round_rates(Random(seed), RATE, count, spread, shuffled=False)
    assert len(rates) == count
    assert rates[:1] == [RATE][:count]
    for rate in rates[1:]:
        assert RATE < rate <= max(RATE * (1 + Decimal(str(spread))), RATE + Decimal("0.1"))
        assert _decimals(rate) == 1


def test_without_a_spread_all_quotes_are_equal() -> None:
    """What a client has to call a tie."""
    assert round_rates(Random(1), RATE, 3, 0.0, shuffled=False) == [RATE] * 3


def test_the_best_quote_may_come_at_any_place() -> None:
    """Shuffled rounds begin with another quote now and then, and lack none."""
    rounds = [round_rates(Random(seed), RATE, 3, 0.05, shuffled=True) for seed in range(50)]
    assert {rates.index(RATE) for rates in rounds} == {0, 1, 2}
    assert all(rates.count(RATE) == 1 for rates in rounds)


@pytest.mark.parametrize("flaw", ["source", "target", "guard", "legacy", None])
@given(seed=st.integers(0, 2**32))
def test_each_flaw_is_what_its_name_says(flaw: str | None, seed: int) -> None:
    """A-08 and the cost guard, for every pair and scale: just the named condition is broken, and no amount is finer than its currency."""
    rng = Random(seed)
    terms = draw_terms(rng)
    order = _order(terms)
    rate, source, target, had = quoted_amounts(rng, order, terms.fx_rate, flaw)  # type: ignore[arg-type]
    assert had == (None if flaw == "guard" and order.source_amount_max is None else flaw)
    product = order.target_amount * rate
    assert (source == product) == (had != "source")
    assert (target in (order.target_amount, product)) == (had != "target")
    assert (target == product) or had != "legacy"
    if had != "source":
        assert order.guard_holds(source) == (had != "guard")
    assert min(rate, source, target) > 0
    assert _decimals(rate) == _decimals(terms.fx_rate)
    assert source == source.quantize(Decimal(1).scaleb(-SCALES[order.source_currency]))
