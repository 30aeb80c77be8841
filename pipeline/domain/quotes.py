"""What a quote costs, whether it agrees with its order, keeps the most that the sender pays, and may still be co-signed by its status.

The receiver's amount is fixed, so what a quote costs is the order's target amount times its rate, exactly: nothing here rounds.
Policy, workflow and executor go by the same statuses: a closed quote cannot be co-signed; beside one that the institution has chosen no
other may be, since both have to want the same (1.4). The name of the open status is not documented, so any other name is an open quote.
Source: Musubi contract 1.4, 1.8, 4.5 and A-08, A-10, A-25.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import MAX_PREC, Context, Decimal, Inexact

from pipeline.domain.money import DIGITS_MAX

_EXACT = Context(prec=min(2 * DIGITS_MAX + 2, MAX_PREC), traps=[Inexact])
"""Two amounts of at most DIGITS_MAX digits multiply without rounding; if one ever had more, that is an error and no cut amount."""


EXPIRED = "EXPIRED"
CLOSED = frozenset({"REJECTED", EXPIRED, "WITHDRAWN", "CANCELLED", "CANCELED"})
CHOSEN = frozenset({"ACCEPTED", "SELECTED"})
"""Of an order that waits these are the institution's choice; a quote that was co-signed belongs to an order that waits no more."""


def is_closed(status: str | None) -> bool:
    """Tell whether a quote's status says that it cannot be co-signed any more."""
    return status is not None and status.upper() in CLOSED


def is_chosen(status: str | None) -> bool:
    """Tell whether a quote's status says that the institution has chosen it."""
    return status is not None and status.upper() in CHOSEN


def is_passed_over(status: str | None, statuses: Iterable[str | None]) -> bool:
    """Tell whether the institution has chosen another of the quotes, whose statuses these are, and not this one."""
    return not is_chosen(status) and any(map(is_chosen, statuses))


def said_by_status(status: str | None) -> str | None:
    """Return what a status says beyond the quote's terms, None where that is nothing: that it has expired its time says, too."""
    return status.upper() if status is not None and (is_chosen(status) or (is_closed(status) and status.upper() != EXPIRED)) else None


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
