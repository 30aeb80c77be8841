"""Ingest against the simulator, a real Kafka and a real PostgreSQL: nothing of the truth is missing, whatever is lost on the way."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest

from connectors.simulators.musubi.faults import parse_faults
from connectors.simulators.musubi.settings import Settings as SimulatorSettings
from connectors.simulators.musubi.simulator import Simulator, running_simulator
from connectors.simulators.musubi.switches import Switches
from connectors.simulators.musubi.truth import settlement
from connectors.simulators.musubi.world import Rules
from pipeline import settings as configuration
from pipeline.errors import SettingsError
from pipeline.failpoints import Failpoints
from pipeline.ingest.run import IngestHealth
from pipeline.ingest.venue import Limits
from pipeline.kafka import BatchConsumer, TopicAdmin
from pipeline.log import topics
from pipeline.log.codec import decode, terms_of
from pipeline.log.envelope import Record, header
from pipeline.log.topics import EventType
from pipeline.stores import migrations
from pipeline.stores.postgres import connect
from schemas.events import AlarmRaised, DeadLetter, OrderUpdated
from tests.integration.ingest_program import ingest
from tests.services import KafkaRoom
from tests.waiting import eventually, eventually_async

SECRET = "canary-of-ingest"
RULES = Rules(seed=11, rate=100, orders=150, speed=60, console_user=1.0, failing=0.05)


@dataclass(slots=True)
class Room:
    """One test's Kafka, database and settings."""

    kafka: KafkaRoom
    dsn: str
    folder: Path
    settings: configuration.Settings = field(default_factory=configuration.Settings)
    file: Path = Path()
    consumers: int = 0

    def configure(self, base_url: str, **venue: Any) -> configuration.Settings:
        """Write a settings file for one venue and return what it says."""
        secret = self.folder / "secret"
        secret.write_text(venue.pop("secret", SECRET))
        options = {"requests_per_second": 100000, "request_burst": 1000, "reconcile_interval": '"2s"', **venue}
        lines = "\n".join(f"{name} = {value}" for name, value in options.items())
        self.file = self.folder / "custodian.toml"
        self.file.write_text(
            f"""
[kafka]
bootstrap_servers = "{self.kafka.bootstrap_servers}"
topic_prefix = "{self.kafka.topic_prefix}"
partitions = 2
[postgres]
dsn = "{self.dsn}"
[venues.tokyo]
kind = "musubi"
base_url = "{base_url}"
{lines}
[venues.tokyo.auth]
client_id = "custodian-a"
client_secret_file = "{secret}"
"""
        )
        self.settings = configuration.load(self.file, {})
        return self.settings

    def prepare(self) -> None:
        """Make topics and tables."""
        TopicAdmin(self.settings.kafka).ensure_topics()
        with connect(self.settings.postgres, name="test") as connection:
            migrations.apply(connection, migrations.found_in(["pipeline.stores"]))

    def records(self, kind: EventType) -> list[Record]:
        """Return everything that a topic holds now."""
        kafka = self.settings.kafka
        topic = kind.topic(kafka.topic_prefix)
        ends = TopicAdmin(kafka).ends([(topic, number) for number in range(kafka.partitions)])
        self.consumers += 1
        consumer = BatchConsumer(
            kafka,
            group=f"{kafka.topic_prefix}reader{self.consumers}",
            topics=[topic],
            session_timeout=6,
            starts=lambda partitions: dict.fromkeys(partitions, 0),
            lost=lambda partitions: None,
        )
        found: list[Record] = []
        try:
            eventually(lambda: _poll(consumer, found) >= sum(ends.values()), within=30, what=f"all of {topic} is read")
        finally:
            consumer.close()
        return found

    def orders(self) -> list[tuple[str, OrderUpdated]]:
        """Return every order-updated with its event id."""
        return [(header(r.headers, "ce_id") or "", decode(r.value, OrderUpdated)) for r in self.records(topics.ORDER_UPDATED)]

    def alarms(self) -> list[AlarmRaised]:
        """Return every alarm."""
        return [decode(record.value, AlarmRaised) for record in self.records(topics.ALARM_RAISED)]

    def row(self, query: str, *params: Any) -> Any:
        """Return the first row of a query."""
        with psycopg.connect(self.dsn, autocommit=True) as connection:
            return connection.execute(query.encode(), params).fetchone()


def _poll(consumer: BatchConsumer, found: list[Record]) -> int:
    found += consumer.poll(records_max=5000, timeout=0.5)
    return len(found)


@pytest.fixture
def room(kafka: KafkaRoom, postgres: str, tmp_path: Path) -> Room:
    """Give a room whose settings are still to be written."""
    return Room(kafka, postgres, tmp_path)


@contextlib.asynccontextmanager
async def running(
    room: Room, *, owner: str = "one", limits: Limits | None = None, health: IngestHealth | None = None
) -> AsyncIterator[IngestHealth]:
    """Run ingest inside this event loop; what it raises is raised here."""
    stop, board = asyncio.Event(), health or IngestHealth()
    task = asyncio.create_task(ingest(room.settings, owner, stop, health=board, failpoints=Failpoints({}), limits=limits))
    try:
        yield board
    finally:
        stop.set()
        await task


@contextlib.contextmanager
def process(room: Room, owner: str, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run ingest as a process of its own."""
    log = (room.folder / f"{owner}.log").open("ab")
    child = subprocess.Popen(
        [sys.executable, "-m", "tests.integration.ingest_program", str(room.file), owner],
        cwd=Path(__file__).parents[2],
        env={**os.environ, **environment},
        stdout=log,
        stderr=log,
    )
    try:
        yield child
    finally:
        if child.poll() is None:
            child.terminate()
            try:
                child.wait(30)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait(10)
        log.close()


def full_settlements(orders: Sequence[tuple[str, OrderUpdated]]) -> dict[tuple[str, str], OrderUpdated]:
    """Return the settlements with full terms that a topic holds, by intent and hash."""
    return {
        (order.intent_id, order.transaction_hash): order
        for _, order in orders
        if order.status == "SETTLED" and order.transaction_hash and not terms_of(order).missing
    }


def assert_holds_truth(room: Room, simulator: Simulator) -> list[tuple[str, OrderUpdated]]:
    """Check that every settlement of the truth is in the topic with full and right terms; return the topic's orders."""
    orders = room.orders()
    found = full_settlements(orders)
    truth = {order.intent_id: settlement(order) for order in simulator.truth.settled.values()}
    missing = [intent for intent, told in truth.items() if (intent, told["transaction_hash"]) not in found]
    assert not missing, f"{len(missing)} of {len(truth)} settlements are missing, first {missing[:3]}"
    for intent, told in truth.items():
        order = found[(intent, told["transaction_hash"])]
        stated = (order.target_amount, order.source_amount_actual, order.fx_rate, order.source_currency, order.settled_at)
        assert stated == tuple(
            told[name] for name in ("target_amount", "source_amount_actual", "fx_rate", "source_currency", "settled_at")
        )
        assert order.side in ("sender", "receiver", "both", "none")
    return orders


def finished(simulator: Simulator, orders: int) -> bool:
    """Tell whether the venue has nothing more to say."""
    return simulator.world.created >= orders and not simulator.world.open


async def reconciled_after(board: IngestHealth, at: datetime) -> None:
    """Wait until a listing that began after `at` is published and stored."""

    def done() -> bool:
        seen = board.venues["tokyo"].last_reconciled_at
        return seen is not None and seen > at

    await eventually_async(done, within=60, what="the venue is reconciled")


FAULTY = ("drop=0.02", "duplicate=0.3", "reorder=0.1", "variants=0.3", "skip_executing=0.3", "unknown_status=0.05", "poison=0.05")


@pytest.mark.parametrize("payload", ["bare", "full"])
async def test_every_settlement_of_the_truth_is_published_although_frames_are_lost(room: Room, payload: str) -> None:
    """With 2 % dropped, 30 % repeated, reordered and poisoned frames, each settlement is in the topic with full terms."""
    settings = SimulatorSettings(
        client_secret=SECRET, rules=RULES, faults=parse_faults(FAULTY), switches=Switches({"A-02": payload})
    )
    async with Simulator(settings) as simulator:
        room.configure(simulator.base_url)
        room.prepare()
        async with running(room) as board:
            await eventually_async(lambda: finished(simulator, RULES.orders), within=60, what="the venue is done")
            await reconciled_after(board, simulator.clock.now())
        assert_holds_truth(room, simulator)
        letters = [decode(record.value, DeadLetter) for record in room.records(topics.DEAD_LETTER)]
        assert letters
        assert all(letter.origin == "stream" and letter.reason for letter in letters)
        assert room.row("SELECT connected FROM custodian.venues WHERE venue = 'tokyo'") == (False,)
