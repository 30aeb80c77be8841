"""The exam that every engine sits with the settlement processor: histories of one order, and what has to come of each.

A history names what the venue showed, in the order in which it arrived, and what is emitted. The in-memory driver and the engines on
real Kafka run these very histories.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from pipeline.testing.orders import TERMS, intent, settled_hint, settled_record, shown, tx
from schemas.events import OrderUpdated


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """What a venue showed of one order, and what has to come of it."""

    name: str
    shows: Callable[[str], list[OrderUpdated]]
    """Gives the events for an intent id."""
    settles: str | None = None
    """The transaction hash of the one settlement that is emitted."""
    alarms: tuple[str, ...] = ()
    """Kinds of the alarms raised, sorted, each as often as it is raised."""
    status: str = "SETTLED"
    """The status at the end."""


def _incomplete(order: str) -> OrderUpdated:
    return shown("SETTLED", order=order, terms={n: v for n, v in TERMS.items() if n != "target_amount"}, transaction_hash=tx(1))


def _for_nobody(order: str, origin: str) -> OrderUpdated:
    terms = {name: value for name, value in TERMS.items() if name != "sender_party_id"}
    return shown("SETTLED", order=order, origin=origin, terms=terms, transaction_hash=tx(1))


HISTORIES = (
    History(name="a record settles", shows=lambda o: [settled_record(o)], settles=tx(1)),
    History(
        name="a whole life",
        shows=lambda o: [shown(s, order=o) for s in ("PENDING", "QUOTED", "EXECUTING")] + [settled_hint(o), settled_record(o)],
        settles=tx(1),
    ),
    History(name="a hint alone settles nothing", shows=lambda o: [settled_hint(o), settled_hint(o)]),
    History(
        name="a hint on full terms settles",
        shows=lambda o: [settled_record(o, origin="stream"), settled_record(o)],
        settles=tx(1),
    ),
    History(name="repeated", shows=lambda o: [settled_hint(o), *[settled_record(o)] * 5, settled_hint(o)], settles=tx(1)),
    History(
        name="repeated in other notation",
        shows=lambda o: [
            settled_record(o),
            settled_record(o, terms={"target_amount": "1000.50", "source_amount_actual": "1.4957475e5"}),
            settled_record(o, terms={"settled_at": "2025-03-15T09:00:18.500000Z"}),
        ],
        settles=tx(1),
    ),
    History(
        name="another amount",
        shows=lambda o: [settled_record(o), *[settled_record(o, terms={"target_amount": "1000.51"})] * 3],
        settles=tx(1),
        alarms=("settlement_conflict",),
    ),
    History(
        name="two other amounts",
        shows=lambda o: [
            settled_record(o),
            settled_record(o, terms={"target_amount": "1000.51"}),
            settled_record(o, terms={"target_amount": "7"}),
        ],
        settles=tx(1),
        alarms=("settlement_conflict", "settlement_conflict"),
    ),
    History(
        name="another hash",
        shows=lambda o: [settled_record(o), *[settled_record(o, 2)] * 2, settled_hint(o, 2)],
        settles=tx(1),
        alarms=("double_settlement",),
    ),
    History(
        name="another hash, hinted before the record",
        shows=lambda o: [settled_hint(o, 2), settled_record(o), settled_hint(o, 2)],
        settles=tx(1),
        alarms=("double_settlement",),
    ),
    History(
        name="another amount, hinted before the record",
        shows=lambda o: [settled_hint(o, terms={"target_amount": "7"}), settled_record(o)],
        settles=tx(1),
        alarms=("settlement_conflict",),
    ),
    History(
        name="an incomplete record, then a complete one",
        shows=lambda o: [_incomplete(o), _incomplete(o), settled_record(o)],
        settles=tx(1),
        alarms=("settlement_incomplete",),
    ),
    History(name="a record without its hash", shows=lambda o: [shown("SETTLED", order=o, terms=TERMS)], alarms=("settlement_incomplete",)),
    History(
        name="on neither side",
        shows=lambda o: [settled_record(o, side="none"), settled_record(o, side="none")],
        alarms=("settlement_not_ours",),
    ),
    History(
        name="on neither side, and then ours",
        shows=lambda o: [settled_record(o, side="none"), settled_record(o), settled_record(o, side="none")],
        settles=tx(1),
        alarms=("settlement_not_ours",),
    ),
    History(
        name="ours on one side, and then on both",
        shows=lambda o: [settled_record(o), *[settled_record(o, side="both")] * 2],
        settles=tx(1),
        alarms=("settlement_conflict",),
    ),
    History(
        name="another client",
        shows=lambda o: [settled_record(o), *[settled_record(o, terms={"sender_party_id": "bank-c"})] * 2],
        settles=tx(1),
        alarms=("settlement_conflict",),
    ),
    History(
        name="a hint for nobody, and the record for somebody",
        shows=lambda o: [_for_nobody(o, "stream"), settled_record(o), _for_nobody(o, "stream")],
        settles=tx(1),
    ),
    History(
        name="a record for nobody, and then for somebody",
        shows=lambda o: [_for_nobody(o, "read"), _for_nobody(o, "list"), settled_record(o), settled_record(o)],
        settles=tx(1),
        alarms=("settlement_conflict", "settlement_unattributed"),
    ),
    History(
        name="one moment in nanoseconds and in milliseconds",
        shows=lambda o: [settled_hint(o, terms={"settled_at": "2025-03-15T09:00:18.500999999Z"}), settled_record(o)],
        settles=tx(1),
    ),
    History(
        name="late news after the end",
        shows=lambda o: [settled_record(o)] + [shown(s, order=o) for s in ("EXECUTING", "PENDING", "QUOTED")],
        settles=tx(1),
    ),
    History(
        name="an unknown status, then settled",
        shows=lambda o: [shown("SUSPENDED", order=o), shown("SUSPENDED", order=o), settled_record(o)],
        settles=tx(1),
        alarms=("unknown_status",),
    ),
    History(
        name="settled, then failed",
        shows=lambda o: [settled_record(o), shown("FAILED", order=o), shown("FAILED", order=o)],
        settles=tx(1),
        alarms=("terminal_contradicted",),
    ),
    History(
        name="failed, then settled",
        shows=lambda o: [shown("FAILED", order=o), settled_record(o)],
        settles=tx(1),
        alarms=("terminal_contradicted",),
    ),
    History(
        name="settled, then a status nobody knows",
        shows=lambda o: [settled_record(o), shown("REVERSED", order=o)],
        settles=tx(1),
        alarms=("terminal_contradicted", "unknown_status"),
    ),
    History(
        name="withdrawn, then settled all the same",
        shows=lambda o: [shown("PENDING", order=o), shown("WITHDRAWN", order=o, origin="absence"), settled_record(o)],
        settles=tx(1),
    ),
    History(
        name="settled, then gone",
        shows=lambda o: [settled_record(o), shown("WITHDRAWN", order=o, origin="absence")],
        settles=tx(1),
    ),
    History(name="expired", shows=lambda o: [shown("PENDING", order=o), shown("EXPIRED", order=o)], status="EXPIRED"),
)


def traffic(
    orders: int, *, seed: int, room: str = "", duplicates: float = 0.3, hints: bool = True
) -> tuple[list[OrderUpdated], dict[str, str]]:
    """Return what a venue shows of many orders, in an order by chance, and the hash under which each has to be booked.

    Every order is hinted (unless `hints` is off) and then shown on full terms; a share of the records is repeated, at any later time.
    """
    chance = random.Random(seed)  # noqa: S311 - chance of a test, not a secret
    expected = {intent(number, room): tx(number) for number in range(orders)}
    timed: list[tuple[float, OrderUpdated]] = []
    for number, order in enumerate(expected):
        at = chance.random()
        shows = [settled_hint(order, number)] if hints else []
        shows += [settled_record(order, number)] * (1 + (chance.random() < duplicates / (1 - duplicates)))
        for show in shows:
            timed.append((at, show))
            at += chance.random() * 0.2
    return [event for _, event in sorted(timed, key=lambda item: item[0])], expected
