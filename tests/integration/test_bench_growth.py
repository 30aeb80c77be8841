"""What the benchmark of growth stands on: its table holds what the product would have written there."""

from __future__ import annotations

import json
from datetime import UTC, datetime

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
    outcome = run_events(SETTLEMENT, [record], [decoded(SETTLEMENT, record)], no_state, SystemClock().now())
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
