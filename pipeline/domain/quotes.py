"""What a quote costs, whether it agrees with its order, and whether it keeps the most that the sender pays.

The receiver's amount is fixed, so what a quote costs is the order's target amount times its rate, exactly: nothing here rounds.
Source: Musubi contract 1.8 and A-08, A-25.
"""

from __future__ import annotations

from decimal import MAX_PREC, Context, Decimal, Inexact

from pipeline.domain.money import DIGITS_MAX

_EXACT = Context(prec=min(2 * DIGITS_MAX + 2, MAX_PREC), traps=[Inexact])
"""Two amounts of at most DIGITS_MAX digits multiply without rounding; if one ever had more, that is an error and no cut amount."""


def required_source(target_amount: Decimal, fx_rate: Decimal) -> Decimal:
    """Return what the sender pays: the order's target amount times source units per target unit, exact."""
    return _EXACT.multiply(target_amount, fx_rate)


def agrees(order_target: Decimal, fx_rate: Decimal, *, source_amount: Decimal | None, target_amount: Decimal | None) -> bool:
    """Tell whether the amounts that a quote states are those of its order (A-08); what it does not state contradicts nothing.

    A quote's `target_amount` may be the order's, or (a leftover of an older meaning, contract 6.6) the source amount.
    """
    required = required_source(order_target, fx_rate)
    return source_amount in (None, required) and target_amount in (None, order_target, required)


def keeps_maximum(order_target: Decimal, fx_rate: Decimal, *, source_amount: Decimal | None, source_amount_max: Decimal | None) -> bool:
    """Tell whether neither what the quote requires nor what it states is over the most that the sender pays; without a maximum it is."""
    if source_amount_max is None:
        return True
    return max(required_source(order_target, fx_rate), source_amount or Decimal(0)) <= source_amount_max
