"""What the benchmark of growth stands on: its table holds what the product would have written there."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from functools import partial

import psycopg

from pipeline.clock import SystemClock
from pipeline.engines.step import decoded, run_events
from pipeline.processors.settlement.processor import SETTLEMENT
from pipeline.stores import migrations
from tests.bench import documents, growth

SEEN = datetime(2026, 3, 1, 9, tzinfo=UTC)


def no_state(_: str) -> None:
    """Say that nothing is stored."""


def stored_by_the_processor(number: int) -> tuple[str, str]:
    """Return key and state of an order that the settlement processor has seen once."""
    record = documents.record_of(documents.order_updated(number, at=SEEN), 0)
    outcome = run_events(SETTLEMENT, [record], [decoded(SETTLEMENT, record)], no_state, SystemClock())
    ((key, kept),) = outcome.states.items()
    return key, kept.text


def test_the_filled_table_holds_what_the_processor_writes(postgres: str) -> None:
    """Every state that the server makes is, key and all members, the one that the processor stores of the same order."""
    with psycopg.connect(postgres, autocommit=True) as connection:
        migrations.apply(connection, migrations.found_in(["pipeline.stores"]))
        growth.fill(connection, 0, 300, seen=SEEN)
        growth.fill(connection, 9_999_999, 10_000_000, seen=SEEN)
        found: dict[str, str] = dict(
            connection.execute("SELECT key, state::text FROM custodian.states WHERE processor = 'settlement'").fetchall()
        )
    expected = dict(map(stored_by_the_processor, [*range(300), 9_999_999]))
    assert {key: json.loads(text) for key, text in found.items()} == {key: json.loads(text) for key, text in expected.items()}


def test_the_sizes_are_powers_of_ten_and_end_at_the_largest() -> None:
    """The curve has a point per power of ten, and one at the size that was asked for."""
    assert list(map(growth.sizes, (10_000, 1_000_000, 250_000))) == [[10_000], [10_000, 100_000, 1_000_000], [10_000, 100_000, 250_000]]


def test_percentiles_are_of_the_batches() -> None:
    """The middle batch is p50, and of few batches the slowest is p99."""
    at = partial(growth.Batches.at, growth.Batches(per_record=[5.0, 1.0, 3.0, 2.0, 4.0], wal=0))
    assert (at(0.5), at(0.99)) == (3.0, 5.0)
