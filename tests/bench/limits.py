"""What it costs to read the limits of a question, and to count an accept, beside a hundred accepted orders and beside a hundred thousand.

The orders of a day at two venues, spread over it evenly; asked are the sums, numbers and exposures of a day over all venues, at one, and of
one sender. The plain program takes the same sums over the rows, as releases before did.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import psycopg

from pipeline.domain.money import plain as plainly
from pipeline.policy.counters import CounterQuery, exposure_of, number_of, total_of
from pipeline.policy.exposures import AskedOrder
from pipeline.stores import migrations
from pipeline.stores.exposures import PostgresExposures
from tests.bench.figures import Figure
from tests.bench.ground import Ground, cpu_seconds
from tests.services import fresh_database

SIZES = (100, 1_000, 10_000, 100_000)
NOW = datetime(2026, 3, 2, 9, 17, 31, 250_000, tzinfo=UTC)
DAY = timedelta(hours=24)
LEAST = 200
"""How often each is done at least: the processor time of a process is counted in hundredths of a second."""
QUERIES = (
    total_of("source", "JPYSC0", "venue", "", DAY, "24h"),
    total_of("target", "USDCx", "venue", "", DAY, "24h", venue="tokyo"),
    total_of("source", "JPYSC0", "sender", "institution-7", DAY, "24h"),
    number_of("sender", "institution-7", DAY, "24h"),
    number_of("venue", "", timedelta(hours=1), "1h"),
    exposure_of("source", "JPYSC0", "venue", ""),
)
_FILL = """
INSERT INTO risk.exposures (venue, intent_id, state, pair, source_currency, target_currency, sender_party_id, receiver_party_id,
                            target_amount, source_amount_max, asked_at, reserved_at)
SELECT CASE n %% 2 WHEN 0 THEN 'tokyo' ELSE 'osaka' END, 'order-' || n, CASE n %% 50 WHEN 0 THEN 'reserved' ELSE 'settled' END,
       'JPYSC0/USDCx', 'JPYSC0', 'USDCx', 'institution-' || n %% 40, 'institution-' || (n + 7) %% 40,
       100000 + n / 100.0, 14957475 + n, at, at
  FROM generate_series(1, %(size)s::integer) AS n
 CROSS JOIN LATERAL (SELECT %(now)s::timestamptz - interval '24 hours' * n / %(size)s AS at) AS t
"""
_OVER_ROWS = """
SELECT coalesce(sum(coalesce(source_amount, source_amount_max)), 0), coalesce(sum(target_amount), 0), count(*) FROM risk.exposures
 WHERE (%(open)s AND state = 'reserved' OR NOT %(open)s AND state IN ('reserved', 'settled') AND reserved_at > %(since)s)
   AND (%(at)s::text IS NULL OR venue = %(at)s) AND (%(sender)s::text IS NULL OR sender_party_id = %(sender)s)
   AND intent_id <> %(intent)s
"""


def limits(on: Ground, seconds: float) -> list[Figure]:
    """Return per size PostgreSQL's microseconds for reading six limits, and for counting an accept and its end."""
    return [figure for size in SIZES for figure in _measured(on, size, seconds / len(SIZES) / 2)]


def _measured(on: Ground, size: int, seconds: float) -> list[Figure]:
    with fresh_database(on.services) as dsn, psycopg.connect(dsn, autocommit=True) as connection:
        migrations.apply(connection, migrations.found_in(["pipeline.stores"]))
        fill(connection, size)
        exposures = PostgresExposures(connection)

        def ours() -> dict[str, str]:
            return exposures.read("tokyo", "order-2", QUERIES, NOW)

        def over_rows() -> dict[str, str]:
            return {query.key: _over_rows(connection, query) for query in QUERIES}

        if ours() != over_rows():
            raise AssertionError(f"the tallies say {ours()}, the rows {over_rows()}")
        backend = connection.info.backend_pid
        read, rows, counted = (_each(backend, work, seconds) for work in (ours, over_rows, _counting(exposures)))
    note = f"{len(QUERIES)} sums, numbers and exposures of a day, one statement; plain: each over its rows"
    return [
        Figure(name=f"limits read, {size:,} orders", unit="µs", ours=read, plain=rows, note=note if size == SIZES[0] else ""),
        Figure(name=f"accept counted, and its end, {size:,} orders", unit="µs", ours=counted),
    ]


def fill(connection: psycopg.Connection[Any], size: int) -> None:
    """Put the accepted orders of a day down, and their tallies as the migration makes them of rows that are there."""
    connection.execute("ALTER TABLE risk.exposures DISABLE TRIGGER USER")
    connection.execute(_FILL, {"size": size, "now": NOW})
    connection.execute("ALTER TABLE risk.exposures ENABLE TRIGGER USER")
    names = "c.per, c.scope, c.width, c.at, c.venue, c.source_currency, c.target_currency"
    connection.execute(
        f"INSERT INTO risk.tallies SELECT {names}, sum(c.number), sum(c.target_amount), sum(c.target_lacking), sum(c.source_amount),"
        f" sum(c.source_lacking) FROM risk.exposures e CROSS JOIN LATERAL risk.tallied(e) c GROUP BY {names}".encode()
    )
    connection.execute("ANALYZE risk.exposures, risk.tallies")


def _over_rows(connection: psycopg.Connection[Any], query: CounterQuery) -> str:
    asked = {
        "open": query.kind == "exposure",
        "since": NOW - (query.window or timedelta()),
        "at": query.venue,
        "sender": query.scope if query.per == "sender" else None,
        "intent": "order-2",
    }
    ((source, target, number),) = connection.execute(_OVER_ROWS, asked).fetchall()
    return str(number) if query.kind == "count" else plainly(Decimal(source if query.side == "source" else target))


def _counting(exposures: PostgresExposures) -> Callable[[], object]:
    numbers = iter(range(10**9))

    def count() -> None:
        number = next(numbers)
        order = AskedOrder(
            venue="tokyo",
            intent_id=f"new-{number}",
            source_currency="JPYSC0",
            target_currency="USDCx",
            sender=f"institution-{number % 40}",
            receiver=f"institution-{(number + 7) % 40}",
            target_amount=Decimal(100_000),
            source_amount_max=Decimal(14_957_475),
        )
        exposures.reserve(order, "accept_proposal", f"d-{number}", None, NOW + timedelta(seconds=number))
        exposures.end("tokyo", order.intent_id, "SETTLED", True, None)

    return count


def _each(backend: int, work: Callable[[], object], seconds: float) -> float:
    """Return the microseconds of PostgreSQL's processor time that something takes: whoever else has the machine does not change them."""
    work()
    before, number, until = cpu_seconds(backend), 0, time.perf_counter() + seconds
    while time.perf_counter() < until or number < LEAST:
        work()
        number += 1
    return (cpu_seconds(backend) - before) / number * 1e6
