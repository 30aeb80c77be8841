"""The venue's record as its REST side shows it: the orders that our custodian may see, sorted and counted.

Follows contract sections 3.4, 3.5 and 4.8 and assumptions A-20, A-21, A-27, A-28, A-29. Pages of settled orders by time
of settlement and of all orders by time of creation are cut out of lists that are kept sorted, because a reader that
catches up asks for hundreds of them.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, TypeVar

from connectors.simulators.musubi.orders import STATUSES, Order, Quote, exact_product, plain
from connectors.simulators.musubi.switches import Switches

T = TypeVar("T")

SORTS = ("created_at", "target_amount", "status", "settled_at")
PAGE_SIZE, PAGE_SIZE_MAX = 20, 100


class BadQueryError(Exception):
    """A list parameter is wrong: `field` and `reason` go into the error's details."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """What a list call asks for; both time bounds are exclusive (A-20)."""

    page: int = 1
    page_size: int = PAGE_SIZE
    statuses: frozenset[str] = frozenset()
    source_currency: str | None = None
    target_currency: str | None = None
    created_after: datetime | None = None
    created_before: datetime | None = None
    sort_by: str = "created_at"
    descending: bool = True

    @property
    def unbounded(self) -> bool:
        """Tell whether only the status may narrow the list."""
        return not (self.source_currency or self.target_currency or self.created_after or self.created_before)


def _whole(values: Mapping[str, str], name: str, default: int, highest: int | None) -> int:
    text = values.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit()) or int(text) < 1 or (highest is not None and int(text) > highest):
        raise BadQueryError(name, f"must be between 1 and {highest}" if highest else "must be at least 1")
    return int(text)


def _time(values: Mapping[str, str], name: str) -> datetime | None:
    text = values.get(name)
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise BadQueryError(name, "must be an ISO 8601 time") from None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def parse_query(values: Mapping[str, str], switches: Switches) -> Query:
    """Read the query of a list call; raises BadQueryError (A-21)."""
    statuses = frozenset(part.strip() for part in values.get("status", "").split(",") if part.strip())
    allowed = {*STATUSES, "CANCELLED"} if switches["A-11"] == "cancelled" else set(STATUSES)
    if statuses - allowed:
        raise BadQueryError("status", f"must be among {', '.join(STATUSES)}")
    if values.get("sort_by", SORTS[0]) not in SORTS:
        raise BadQueryError("sort_by", f"must be one of {', '.join(SORTS)}")
    if values.get("sort_order", "desc") not in ("asc", "desc"):
        raise BadQueryError("sort_order", "must be asc or desc")
    if "updated_after" in values and switches["A-27"] == "refused":
        raise BadQueryError("updated_after", "is not supported")
    return Query(
        page=_whole(values, "page", 1, None),
        page_size=_whole(values, "page_size", PAGE_SIZE, PAGE_SIZE_MAX),
        statuses=statuses,
        source_currency=values.get("source_currency"),
        target_currency=values.get("target_currency"),
        created_after=_time(values, "created_after"),
        created_before=_time(values, "created_before"),
        sort_by=values.get("sort_by", SORTS[0]),
        descending=values.get("sort_order", "desc") == "desc",
    )


def visible(order: Order, switches: Switches) -> bool:
    """Tell whether our custodian may see an order as it is now (A-18, A-28, A-29)."""
    sending = order.side in ("sender", "both") and switches["A-29"] != "receiver"
    receiving = order.side in ("receiver", "both") and switches["A-29"] != "sender"
    settled = order.status == "SETTLED" or switches["A-28"] == "from_pending"
    return sending or (receiving and settled)


class Register:
    """Orders by intent, with the sort orders and sums that are asked for most."""

    def __init__(self) -> None:
        self.orders: dict[str, Order] = {}
        self.quotes: dict[str, list[Quote]] = {}
        self._created: list[tuple[datetime, int, str]] = []
        self._settled: list[tuple[datetime, int, str]] = []
        self._counts: Counter[str] = Counter()
        self._volume: dict[str, Decimal] = {}
        self._duration = 0.0

    def put(self, order: Order) -> None:
        """Show an order as it is now."""
        before = self.orders.get(order.intent_id)
        self.orders[order.intent_id] = order
        self._counts[order.status] += 1
        if before is None:
            insort(self._created, (order.created_at, order.number, order.intent_id))
        else:
            self._counts[before.status] -= 1
        if order.settled_at is not None and (before is None or before.settled_at is None):
            insort(self._settled, (order.settled_at, order.number, order.intent_id))
            self._sum(order, order.settled_at)

    def put_quote(self, quote: Quote) -> None:
        """Show a quote."""
        self.quotes.setdefault(quote.intent_id, []).append(quote)

    def withdraw(self, intent_id: str) -> None:
        """Show an order no more."""
        order = self.orders.pop(intent_id, None)
        if order is not None:
            self._counts[order.status] -= 1
            self._created.remove((order.created_at, order.number, intent_id))

    def page(self, query: Query) -> tuple[list[Order], int]:
        """Return the orders of a page and how many there are on all pages."""
        intents = self._sorted(query)
        if intents is None:
            chosen = self._chosen(query)
            return _cut(chosen, query, descending=False), len(chosen)
        return [self.orders[key[2]] for key in _cut(intents, query, descending=query.descending)], len(intents)

    def newest_first(self) -> Sequence[Order]:
        """Return all orders, the one whose status changed last first."""
        return sorted(self.orders.values(), key=lambda order: (order.updated_at, order.number), reverse=True)

    def open_orders(self) -> list[Order]:
        """Return the orders that have not ended."""
        return [order for order in self.orders.values() if order.status in ("PENDING", "QUOTED", "EXECUTING")]

    def statistics(self) -> dict[str, Any]:
        """Return the dashboard's figures under the assumed names (A-23)."""
        count = len(self._settled)
        last = self._settled[-1][0] if count else None
        return {
            "orders_by_status": {status: self._counts[status] for status in STATUSES},
            "settled_volume": {currency: plain(amount) for currency, amount in sorted(self._volume.items())},
            "last_settled_at": last,
            "avg_settlement_seconds": str(round(self._duration / count, 3)) if count else None,
        }

    def _sum(self, order: Order, settled_at: datetime) -> None:
        actual = order.source_amount_actual or exact_product(order.target_amount, Decimal(0))
        for currency, amount in ((order.source_currency, actual), (order.target_currency, order.target_amount)):
            self._volume[currency] = self._volume.get(currency, Decimal(0)) + amount
        self._duration += (settled_at - order.created_at).total_seconds()

    def _sorted(self, query: Query) -> list[tuple[datetime, int, str]] | None:
        """Return a list that is sorted as asked already, None when there is none."""
        if query.unbounded and query.sort_by == "settled_at" and query.statuses == {"SETTLED"}:
            return self._settled
        if query.sort_by != "created_at" or query.statuses or query.source_currency or query.target_currency:
            return None
        return self._between(query)

    def _between(self, query: Query) -> list[tuple[datetime, int, str]]:
        if query.created_after is None and query.created_before is None:
            return self._created
        first = last = None
        if query.created_after is not None:
            first = bisect_right(self._created, query.created_after, key=lambda key: key[0])
        if query.created_before is not None:
            last = bisect_left(self._created, query.created_before, key=lambda key: key[0])
        return self._created[first:last]

    def _chosen(self, query: Query) -> list[Order]:
        orders = [self.orders[key[2]] for key in self._between(query)]
        if query.statuses:
            orders = [order for order in orders if order.status in query.statuses]
        if query.source_currency:
            orders = [order for order in orders if order.source_currency == query.source_currency]
        if query.target_currency:
            orders = [order for order in orders if order.target_currency == query.target_currency]
        return _by(orders, query)


def _by(orders: list[Order], query: Query) -> list[Order]:
    """Sort orders; those without a value for the sort field come last either way."""
    name = query.sort_by
    with_value = [order for order in orders if getattr(order, name) is not None]
    without = [order for order in orders if getattr(order, name) is None]
    with_value.sort(key=lambda order: (getattr(order, name), order.number), reverse=query.descending)
    return with_value + without


def _cut(rows: Sequence[T], query: Query, *, descending: bool) -> list[T]:
    """Cut a page out of rows, counted from the end when descending."""
    first = (query.page - 1) * query.page_size
    if not descending:
        return list(rows[first : first + query.page_size])
    end = len(rows) - first
    return list(rows[max(end - query.page_size, 0) : end][::-1]) if end > 0 else []
