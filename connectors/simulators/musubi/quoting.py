"""How market makers price a request, and what can be wrong with a quote: pure, over seeded chance.

A round has one quote at the order's rate and others that are worse by up to the spread. A flawed quote states an amount that does not
follow from the order and its rate (contract A-08), or costs more than the sender may pay (1.8), or gives `target_amount` its legacy
meaning (6.6), which is no fault of a quote but has to be understood, or has a rate so fine that the exact product (A-22) is finer than the
source currency. Every other amount stays exact and as fine as its order's.
"""

from __future__ import annotations

from decimal import ROUND_FLOOR, Decimal
from random import Random

from connectors.simulators.musubi.market import SCALES
from connectors.simulators.musubi.orders import Flaw, Order, exact_product, plain

BASIS = 10_000
# How far a stated amount is off at most, and how far a quote that breaks the guard lies above it, in basis points.
OFF_MAX = 500
# Decimals of a currency that the market does not know: the default of who books.
FINEST = 18


def round_rates(rng: Random, best: Decimal, count: int, spread: float, *, shuffled: bool) -> list[Decimal]:
    """Return the rates of one round, the best one first unless `shuffled`; with no spread all are equal, else only one is best."""
    worse = [_worse(rng, best, spread) for _ in range(count - 1)]
    rates = [best, *worse][:count]
    if shuffled:
        rng.shuffle(rates)
    return rates


def _worse(rng: Random, best: Decimal, spread: float) -> Decimal:
    widest = int(spread * BASIS)
    if widest == 0:
        return best
    units, exponent = _units(best)
    return Decimal(units + max(units * rng.randint(1, widest) // BASIS, 1)).scaleb(exponent)


def quoted_amounts(rng: Random, order: Order, rate: Decimal, flaw: Flaw | None) -> tuple[Decimal, Decimal, Decimal, Flaw | None]:
    """Return rate, source amount and target amount as a quote states them, and the flaw that it has after all.

    Without a maximum no quote breaks it: then there is no flaw.
    """
    source, target = exact_product(order.target_amount, rate), order.target_amount
    match flaw:
        case "source":
            return rate, _off(rng, source), target, flaw
        case "target":
            stated = _off(rng, target)
            return rate, source, stated if stated != source else _off(rng, stated), flaw
        case "legacy":
            return rate, source, source, flaw
        case "scale":
            rate = _finer(order, rate)
            return rate, exact_product(target, rate), target, flaw
        case "guard" if order.source_amount_max is not None:
            rate = _above(rng, order.source_amount_max, target, rate)
            return rate, exact_product(target, rate), target, flaw
    return rate, source, target, None


def _finer(order: Order, rate: Decimal) -> Decimal:
    """Return a rate that is a little lower and whose product with the target amount has more decimals than the source currency."""
    target, exponent = _units(Decimal(plain(order.target_amount)))
    while target % 10 == 0:
        target, exponent = target // 10, exponent + 1
    digits = max(SCALES.get(order.source_currency, FINEST) + 1 + exponent, 1 - _units(rate)[1])
    units = int(rate.scaleb(digits)) - 1
    while units * target % 10 == 0:
        units -= 1
    return Decimal(units).scaleb(-digits)


def _units(amount: Decimal) -> tuple[int, int]:
    """Return an amount as a whole number and its exponent."""
    exponent = amount.as_tuple().exponent
    assert isinstance(exponent, int), "amounts are finite"
    return int(amount.scaleb(-exponent)), exponent


def _off(rng: Random, amount: Decimal) -> Decimal:
    """Return an amount that is off by up to 5 % and at least by its last digit, and still positive."""
    units, exponent = _units(amount)
    by = max(units * rng.randint(1, OFF_MAX) // BASIS, 1)
    return Decimal(units - by if rng.random() < 0.5 and units > by else units + by).scaleb(exponent)


def _above(rng: Random, maximum: Decimal, target: Decimal, rate: Decimal) -> Decimal:
    """Return a rate with as many decimals as the given one that costs more than the maximum."""
    exponent = _units(rate)[1]
    most = int((maximum / target).scaleb(-exponent).to_integral_value(ROUND_FLOOR))
    units = most + 1 + most * rng.randint(0, OFF_MAX) // BASIS
    while exact_product(target, Decimal(units).scaleb(exponent)) <= maximum:
        units += 1  # the quotient was rounded
    return Decimal(units).scaleb(exponent)
