"""Lists of orders as the REST side cuts, filters and sorts them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from connectors.simulators.musubi.orders import Order, iso
from connectors.simulators.musubi.register import BadQueryError, Query, Register, parse_query, visible
from connectors.simulators.musubi.switches import Switches
from tests.unit.simulator.played import START, after, quiet_world, script

ORDINARY = Switches()


def _register(count: int = 45) -> tuple[Register, list[Order]]:
    """Return a register of orders created a second apart; every third is pending, the others settle in reverse order."""
    world, register = quiet_world(), Register()
    orders = []
    for number in range(count):
        order = world.create(script(side="sender", directly=True), after(number))
        if number % 3 == 0:
            order = replace(order, status="PENDING", settled_at=None, transaction_hash=None)
        else:
            order = replace(order, settled_at=after(1000 - number))
        orders.append(order)
        register.put(order)
    return register, orders


def _intents(orders: list[Order]) -> list[str]:
    return [order.intent_id for order in orders]


def test_pages_together_give_every_order_once_newest_first() -> None:
    """Twenty per page by default, by creation descending (A-20)."""
    register, orders = _register()
    pages = [register.page(Query(page=page)) for page in (1, 2, 3, 4)]
    assert [len(rows) for rows, _ in pages] == [20, 20, 5, 0]
    assert {total for _, total in pages} == {45}
    assert [order for rows, _ in pages for order in rows] == orders[::-1]


@pytest.mark.parametrize("descending", [True, False])
def test_settled_orders_by_settlement(descending: bool) -> None:
    """The list that a reader polls is sorted by `settled_at`, and pages of it neither overlap nor leave out."""
    register, orders = _register()
    query = Query(statuses=frozenset({"SETTLED"}), sort_by="settled_at", descending=descending, page_size=7)
    rows = [order for page in range(1, 6) for order in register.page(replace(query, page=page))[0]]
    settled = [order for order in orders if order.settled_at is not None]
    assert rows == sorted(settled, key=lambda order: iso(order.settled_at or START), reverse=descending)


def test_the_kept_sort_and_the_general_one_agree() -> None:
    """Asking for SETTLED alone and asking with a currency on top give the same order."""
    register, _ = _register()
    query = Query(statuses=frozenset({"SETTLED"}), sort_by="settled_at", page_size=100)
    assert register.page(query) == register.page(replace(query, source_currency="JPYSC0"))


def test_orders_without_the_sorted_field_come_last() -> None:
    """Sorting all orders by `settled_at` puts the pending ones at the end either way."""
    register, _ = _register()
    for descending in (True, False):
        rows, _ = register.page(Query(sort_by="settled_at", descending=descending, page_size=100))
        assert [order.status for order in rows] == ["SETTLED"] * 30 + ["PENDING"] * 15


def test_both_time_bounds_are_exclusive() -> None:
    """An order created exactly at a bound is not in the list (A-20)."""
    register, orders = _register()
    rows, total = register.page(Query(created_after=after(10), created_before=after(14), descending=False))
    assert _intents(rows) == _intents(orders[11:14])
    assert total == 3


def test_filters_narrow_together() -> None:
    """Status set, currencies and bounds all apply."""
    register, orders = _register()
    query = Query(statuses=frozenset({"PENDING", "QUOTED"}), target_currency="USDCx", created_after=after(20))
    rows, total = register.page(query)
    assert _intents(rows) == _intents([order for order in orders[21:] if order.status == "PENDING"][::-1])
    assert total == 8
    assert register.page(Query(target_currency="none"))[1] == 0


def test_an_order_changes_its_status_in_place() -> None:
    """A second statement of an order replaces the first in lists and counts."""
    register, orders = _register()
    settled = replace(orders[0], status="SETTLED", settled_at=after(2000))
    register.put(settled)
    assert register.page(Query(page_size=100))[1] == 45
    assert register.statistics()["orders_by_status"]["PENDING"] == 14
    assert register.page(Query(statuses=frozenset({"SETTLED"}), sort_by="settled_at"))[0][0] == settled


def test_a_withdrawn_order_is_gone() -> None:
    """It is in no list and in no count (A-11)."""
    register, orders = _register()
    register.withdraw(orders[0].intent_id)
    assert register.page(Query(page_size=100))[1] == 44
    assert register.statistics()["orders_by_status"]["PENDING"] == 14


def test_statistics_sum_what_settled() -> None:
    """Volumes are exact sums per currency."""
    register, _ = _register()
    figures = register.statistics()
    assert figures["settled_volume"] == {"JPYSC0": "336000000", "USDCx": "3000000"}
    assert figures["last_settled_at"] == after(999)


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"page": "0"}, "page"),
        ({"page": "x"}, "page"),
        ({"page_size": "101"}, "page_size"),
        ({"page_size": "0"}, "page_size"),
        ({"status": "PENDING,NOPE"}, "status"),
        ({"sort_by": "fx_rate"}, "sort_by"),
        ({"sort_order": "up"}, "sort_order"),
        ({"created_after": "yesterday"}, "created_after"),
    ],
)
def test_bad_parameters_are_refused_by_name(values: dict[str, str], field: str) -> None:
    """A-21: the error names the parameter."""
    with pytest.raises(BadQueryError) as caught:
        parse_query(values, ORDINARY)
    assert caught.value.field == field


def test_a_query_is_read() -> None:
    """All parameters of contract section 3.5, a time without zone being UTC."""
    values = {
        "status": "SETTLED,FAILED",
        "created_after": "2026-04-19T09:00:00Z",
        "created_before": "2026-04-19T09:00:10",
        "sort_by": "settled_at",
        "sort_order": "asc",
        "page": "2",
        "page_size": "100",
    }
    assert parse_query(values, ORDINARY) == Query(
        statuses=frozenset({"SETTLED", "FAILED"}),
        created_after=START,
        created_before=after(10),
        sort_by="settled_at",
        descending=False,
        page=2,
        page_size=100,
    )


def test_updated_after_is_a_switch() -> None:
    """A-27: ignored, or refused."""
    assert parse_query({"updated_after": "x"}, ORDINARY) == Query()
    with pytest.raises(BadQueryError):
        parse_query({"updated_after": "x"}, Switches({"A-27": "refused"}))


@pytest.mark.parametrize(
    ("switches", "seen"),
    [
        ({}, {"sender PENDING", "both PENDING", "sender SETTLED", "both SETTLED", "receiver SETTLED"}),
        (
            {"A-28": "from_pending"},
            {"sender PENDING", "both PENDING", "receiver PENDING", "sender SETTLED", "both SETTLED", "receiver SETTLED"},
        ),
        ({"A-29": "receiver"}, {"both SETTLED", "receiver SETTLED"}),
        ({"A-29": "sender"}, {"sender PENDING", "both PENDING", "sender SETTLED", "both SETTLED"}),
    ],
)
def test_who_sees_what(switches: dict[str, str], seen: set[str]) -> None:
    """A-18, A-28, A-29: orders of others never, receiver-side ones when settled or from the start."""
    world = quiet_world()
    found = set()
    for side in ("sender", "receiver", "both", "none"):
        for directly in (True, False):
            order = world.create(script(side=side, directly=directly), START)
            if visible(order, Switches(switches)):
                found.add(f"{side} {order.status}")
    assert found == seen
