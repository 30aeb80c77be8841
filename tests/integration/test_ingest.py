"""Ingest against the simulator, a real Kafka and a real PostgreSQL: nothing of the truth is missing, whatever is lost on the way."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
import pytest

from connectors.simulators.musubi.control import Control
from connectors.simulators.musubi.faults import parse_faults
from connectors.simulators.musubi.poison import KINDS
from connectors.simulators.musubi.settings import Settings as SimulatorSettings
from connectors.simulators.musubi.simulator import Simulator, running_simulator
from connectors.simulators.musubi.switches import Switches
from connectors.simulators.musubi.truth import settlement
from connectors.simulators.musubi.world import Rules
from pipeline import metrics
from pipeline import settings as configuration
from pipeline.clock import SystemClock
from pipeline.errors import SettingsError
from pipeline.failpoints import Failpoints
from pipeline.ingest.run import IngestHealth
from pipeline.ingest.venue import Limits
from pipeline.kafka import BatchConsumer, TopicAdmin
from pipeline.log import topics
from pipeline.log.codec import decode, terms_of
from pipeline.log.envelope import Record, header
from pipeline.log.topics import EventType
from pipeline.ports import Cursor, Fact, LeaseLostError
from pipeline.stores import migrations
from pipeline.stores.cursors import PostgresIngestStore
from pipeline.stores.postgres import connect
from pipeline.stores.request_budget import PostgresRequestBudget
from schemas.events import AlarmRaised, DeadLetter, OrderUpdated
from tests.integration.ingest_program import ingest
from tests.services import KafkaRoom, PrivateServices
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
        stated = (order.target_amount, order.source_amount_actual, order.source_currency, order.settled_at)
        assert stated == tuple(told[name] for name in ("target_amount", "source_amount_actual", "source_currency", "settled_at"))
        assert order.fx_rate in (None, told["fx_rate"])  # no term of a booking; a hint may leave it out
        assert order.side in ("sender", "receiver", "both", "none")
    return orders


def finished(simulator: Simulator, orders: int) -> bool:
    """Tell whether the venue has nothing more to say."""
    return simulator.world.created >= orders and not simulator.world.open


async def listening(board: IngestHealth) -> None:
    """Wait until the stream is open: what the venue says before that reaches nobody."""
    await eventually_async(lambda: "tokyo" in board.venues and board.venues["tokyo"].connected, within=30, what="the stream is open")


async def reconciled_after(board: IngestHealth, at: datetime) -> None:
    """Wait until a listing that began after `at` is published and stored."""

    def done() -> bool:
        venue = board.venues.get("tokyo")
        seen = venue.last_reconciled_at if venue is not None else None
        return seen is not None and seen > at

    await eventually_async(done, within=60, what="the venue is reconciled")


FAULTY = ("drop=0.02", "duplicate=0.3", "reorder=0.1", "variants=0.3", "skip_executing=0.3", "unknown_status=0.05", "poison=0.05")


@pytest.mark.parametrize("payload", ["bare", "full"])
async def test_every_settlement_of_the_truth_is_published_although_frames_are_lost(room: Room, payload: str) -> None:
    """With 2 % dropped, 30 % repeated, reordered and poisoned frames, each settlement is in the topic with full terms."""
    settings = SimulatorSettings(client_secret=SECRET, rules=RULES, faults=parse_faults(FAULTY), switches=Switches({"A-02": payload}))
    async with Simulator(settings) as simulator:
        room.configure(simulator.base_url)
        room.prepare()
        async with running(room) as board:
            await listening(board)
            Control(simulator.venue, simulator.hub, simulator.clock).inject({"poison": list(KINDS)})
            await eventually_async(lambda: finished(simulator, RULES.orders), within=60, what="the venue is done")
            await reconciled_after(board, simulator.clock.now())
        assert_holds_truth(room, simulator)
        letters = [decode(record.value, DeadLetter) for record in room.records(topics.DEAD_LETTER)]
        assert letters
        assert all(letter.origin == "stream" and letter.reason for letter in letters)
        assert room.row("SELECT connected FROM custodian.venues WHERE venue = 'tokyo'") == (False,)


@pytest.mark.parametrize(
    "failpoint", ["ingest.after_parse:20", "ingest.after_produce:10", "ingest.before_cursor_commit:10", "ingest.after_cursor_commit:10"]
)
def test_a_kill_at_any_point_loses_nothing(room: Room, failpoint: str) -> None:
    """Killed with SIGKILL at the failpoint and started again, ingest has every settlement of the truth in the topic."""
    rules = replace(RULES, rate=60, orders=0)
    settings = SimulatorSettings(client_secret=SECRET, rules=rules, faults=parse_faults(["drop=0.02", "duplicate=0.2"]))
    with running_simulator(settings) as simulator:
        room.configure(simulator.base_url)
        room.prepare()
        with process(room, "first", CUSTODIAN_FAILPOINT=failpoint) as first:
            assert first.wait(60) == -signal.SIGKILL
        simulator.world.stop_creating()
        with process(room, "second"):
            eventually(lambda: finished(simulator, 1), within=60, what="the venue is done")
            at = simulator.clock.now()
            eventually(lambda: _reconciled(room, at), within=60, what="the second one has reconciled")
        assert_holds_truth(room, simulator)


def _reconciled(room: Room, at: datetime) -> bool:
    row = room.row("SELECT last_reconciled_at > %s FROM custodian.venues WHERE venue = 'tokyo'", at)
    return bool(row and row[0])


def test_a_second_ingestor_takes_over_within_seconds_and_a_restart_repeats_little(room: Room) -> None:
    """After SIGKILL of the owner the one standing by speaks for the venue within 8 s; records that the log has are not listed again."""
    settings = SimulatorSettings(client_secret=SECRET, rules=replace(RULES, orders=60))
    with running_simulator(settings) as simulator:
        room.configure(simulator.base_url)
        room.prepare()
        with process(room, "first") as first:
            eventually(lambda: _owner(room) == "first", within=30, what="the first one has the lease")
            with process(room, "second"):
                eventually(lambda: finished(simulator, 60), within=60, what="the venue is done")
                at = simulator.clock.now()
                eventually(lambda: _reconciled(room, at), within=30, what="the first one has reconciled")
                assert _owner(room) == "first"
                first.kill()
                eventually(lambda: _owner(room) == "second", within=8, what="the second one has the lease")
                at = simulator.clock.now()
                eventually(lambda: _reconciled(room, at), within=30, what="the second one has reconciled")
        orders = assert_holds_truth(room, simulator)
        listed = Counter(ce_id for ce_id, order in orders if order.observed.origin in ("read", "list"))
        assert [ce_id for ce_id, count in listed.items() if count > 1] == []


def _owner(room: Room) -> str | None:
    row = room.row("SELECT owner FROM custodian.leases WHERE name = 'ingest.tokyo'")
    return None if row is None else str(row[0])


async def test_the_cap_holds_for_the_venue_and_everything_still_comes(room: Room) -> None:
    """With 5 requests/s and a burst of 10, no window of the venue's own request log holds more, and no settlement is missing."""
    rules = replace(RULES, orders=120, rate=30)
    settings = SimulatorSettings(client_secret=SECRET, rules=rules, faults=parse_faults(["drop=0.1", "duplicate=0.3"]))
    async with Simulator(settings) as simulator:
        room.configure(simulator.base_url, requests_per_second=5, request_burst=10)
        room.prepare()
        async with running(room) as board:
            await eventually_async(lambda: finished(simulator, rules.orders), within=60, what="the venue is done")
            await reconciled_after(board, simulator.clock.now())
        assert_holds_truth(room, simulator)
        paths = ("/api/v1/orders", "/api/v1/whoami")
        times = [
            datetime.fromisoformat(line["at"]).timestamp()
            for line in simulator.truth.requests
            if line["path"].startswith(paths) and not line["path"].endswith("/events")
        ]
        assert len(times) > 15
        for first in range(len(times)):
            for last in range(first, len(times)):
                window = times[last] - times[first]
                assert last - first + 1 <= 10 + 5 * window + 1, f"{last - first + 1} requests within {window:.2f} s"


async def test_a_wrong_schema_version_at_start_is_an_error_that_names_the_setting(room: Room) -> None:
    """A backend that is not v2 ends ingest with a SettingsError that names base_url and what was found."""
    async with Simulator(SimulatorSettings(client_secret=SECRET, rules=Rules(rate=0), schema_version="v3")) as simulator:
        room.configure(simulator.base_url)
        room.prepare()
        with pytest.raises(SettingsError, match=r"venues\.tokyo\.base_url.*schema_version 'v3'.*v2"):
            await ingest(room.settings, "one", asyncio.Event(), failpoints=Failpoints({}))


async def test_a_wrong_secret_at_start_is_an_error_that_names_the_setting(room: Room) -> None:
    """A refused client ends ingest with a SettingsError that names the secret's file and does not show the secret."""
    async with Simulator(SimulatorSettings(client_secret=SECRET, rules=Rules(rate=0))) as simulator:
        room.configure(simulator.base_url, secret="not-the-secret")
        room.prepare()
        with pytest.raises(SettingsError, match=r"venues\.tokyo\.auth\.client_id and client_secret_file") as raised:
            await ingest(room.settings, "one", asyncio.Event(), failpoints=Failpoints({}))
        assert "not-the-secret" not in str(raised.value)


async def test_another_schema_version_after_an_outage_stops_publishing_with_an_alarm(room: Room) -> None:
    """When the venue comes back with another schema version, nothing more is published and the alarm schema_version is raised."""
    settings = SimulatorSettings(client_secret=SECRET, rules=Rules(seed=5, rate=20, speed=60, console_user=1.0))
    async with Simulator(settings) as simulator:
        room.configure(simulator.base_url)
        room.prepare()
        async with running(room, limits=Limits(schema_ask_seconds=1.0)) as board:
            await listening(board)
            await eventually_async(lambda: len(simulator.truth.settled) > 5, within=30)
            simulator.venue.schema_version = "v3"
            simulator.hub.close_all()
            await eventually_async(lambda: not board.venues["tokyo"].leading, within=20, what="ingest has stopped")
            alarms: list[AlarmRaised] = []

            async def alarmed() -> bool:
                alarms[:] = await asyncio.to_thread(room.alarms)
                return bool(alarms)

            await eventually_async(alarmed, within=20, what="the alarm is there")  # type: ignore[arg-type]
            assert [alarm.kind for alarm in alarms] == ["schema_version"]
            before = len(await asyncio.to_thread(room.orders))
            settled = len(simulator.truth.settled)
            await eventually_async(lambda: len(simulator.truth.settled) > settled + 10, within=30)
            assert len(await asyncio.to_thread(room.orders)) == before
            simulator.venue.schema_version = "v2"
            simulator.world.stop_creating()
            await eventually_async(lambda: not simulator.world.open, within=60, what="the venue is done")
            await reconciled_after(board, simulator.clock.now())
        assert_holds_truth(room, simulator)


async def test_a_withdrawn_order_is_published_as_absent(room: Room) -> None:
    """An open order that the venue no longer knows becomes WITHDRAWN with the body of the 404 as its document."""
    settings = SimulatorSettings(client_secret=SECRET, rules=Rules(rate=0, speed=1), switches=Switches({"A-11": "gone"}))
    async with Simulator(settings) as simulator:
        room.configure(simulator.base_url, reconcile_interval='"500ms"')
        room.prepare()
        async with running(room) as board:
            await reconciled_after(board, simulator.clock.now())
            intent = _create(simulator, side="sender")
            await eventually_async(lambda: intent in _open(room), within=20, what="the order is seen as open")
            assert simulator.world.cancel(intent, simulator.clock.now())
            simulator.venue.pump(simulator.clock.now())
            await eventually_async(lambda: intent not in _open(room), within=20, what="the order is gone")
        last = [order for _, order in room.orders() if order.intent_id == intent][-1]
        assert (last.status, last.observed.origin) == ("WITHDRAWN", "absence")
        assert "NOT_FOUND" in last.document


async def test_a_settlement_that_is_complete_late_and_one_that_is_shown_late_are_found_behind_two_hundred_newer(room: Room) -> None:
    """SETTLED without a hash, a 404 to a hint, terms changed after the settlement, one order that answers 500: each is found."""
    settings = SimulatorSettings(client_secret=SECRET, rules=Rules(rate=0, speed=600, console_user=1.0))
    async with Simulator(settings) as simulator:
        control = Control(simulator.venue, simulator.hub, simulator.clock)
        room.configure(simulator.base_url, reconcile_interval='"1s"')
        room.prepare()
        async with running(room) as board:
            await listening(board)
            late, shown, changed, failing = (_create(simulator, side="receiver") for _ in range(4))
            control.override({"intent_id": late, "fields": {"transaction_hash": None}})
            control.override({"intent_id": shown, "answer": 404, "listed": False})
            control.override({"intent_id": failing, "answer": 500, "listed": False})
            await eventually_async(lambda: {late, shown, failing} <= _unfinished(room).keys(), within=60, what="they are on the list")
            for _ in range(200):
                _create(simulator, side="receiver")
            await eventually_async(lambda: len(simulator.truth.settled) >= 204, within=120, what="the newer ones are settled")
            await reconciled_after(board, simulator.clock.now())
            for intent in (late, shown, failing):
                control.override({"intent_id": intent})
            control.override({"intent_id": changed, "fields": {"source_amount_actual": "12345"}})
            await eventually_async(lambda: not _unfinished(room), within=120, what="the list is empty")
            swept_from = simulator.clock.now()
            await eventually_async(lambda: _swept(room, swept_from), within=60, what="a sweep has ended")
        published = room.orders()
        assert {intent for intent, _ in full_settlements(published)} == set(simulator.truth.settled)
        assert "12345" in [order.source_amount_actual for _, order in published if order.intent_id == changed]
        assert len({ce_id for ce_id, order in published if order.intent_id == late and order.status == "SETTLED"}) >= 2
        assert simulator.truth.faults["record_changed"] == 7


def _unfinished(room: Room) -> dict[str, str]:
    with psycopg.connect(room.dsn, autocommit=True) as connection:
        return dict(connection.execute("SELECT intent_id, lacking FROM custodian.ingest_unfinished").fetchall())


def _swept(room: Room, at: datetime) -> bool:
    row = room.row("SELECT sweep_began_at > %s AND sweep_ended_at > sweep_began_at FROM custodian.venues WHERE venue = 'tokyo'", at)
    return bool(row and row[0])


async def test_a_venue_without_whoami_is_waited_for_after_it_has_worked(room: Room) -> None:
    """404 while ingest starts again: an alarm and its reason in the status; when whoami is there again everything is published."""
    settings = SimulatorSettings(client_secret=SECRET, rules=Rules(rate=0, speed=600, console_user=1.0))
    async with Simulator(settings) as simulator:
        room.configure(simulator.base_url)
        room.prepare()
        async with running(room) as board:
            await reconciled_after(board, datetime(2000, 1, 1, tzinfo=UTC))
        simulator.venue.faults.put({"whoami_missing": "1"})
        _create(simulator, side="receiver")
        async with running(room, limits=Limits(schema_ask_seconds=1.0)) as board:
            await eventually_async(lambda: _trouble(room) is not None, within=30, what="the status says why")
            assert "404" in (_trouble(room) or "")
            simulator.venue.faults.clear()
            await eventually_async(lambda: simulator.truth.settled, within=60)
            await reconciled_after(board, simulator.clock.now())
            await eventually_async(lambda: _trouble(room) is None, within=10)
        assert [alarm.kind for alarm in room.alarms()] == ["schema_version"]
        assert_holds_truth(room, simulator)


def _trouble(room: Room) -> str | None:
    row = room.row("SELECT trouble FROM custodian.venues WHERE venue = 'tokyo'")
    return None if row is None else row[0]


def _create(simulator: Simulator, **fields: Any) -> str:
    from connectors.simulators.musubi.control import parse_script

    order = simulator.world.create(parse_script(fields), simulator.clock.now())
    simulator.venue.pump(simulator.clock.now())
    simulator.venue.changed()
    return order.intent_id


def _open(room: Room) -> set[str]:
    with psycopg.connect(room.dsn, autocommit=True) as connection:
        return {intent for (intent,) in connection.execute("SELECT intent_id FROM custodian.ingest_open")}


async def test_a_broker_that_is_away_never_lets_memory_grow_and_nothing_is_missing(
    private_services: PrivateServices, tmp_path: Path
) -> None:
    """While the broker is killed the queue stays within its limit and the stream is let go; afterwards the truth is complete."""
    room = Room(
        KafkaRoom(bootstrap_servers=private_services.bootstrap_servers, topic_prefix="custody."), private_services.postgres_dsn, tmp_path
    )
    rules = replace(RULES, rate=150, orders=0)
    async with Simulator(SimulatorSettings(client_secret=SECRET, rules=rules)) as simulator:
        room.configure(simulator.base_url)
        room.prepare()
        most, away = 0, list[float]()
        async with running(room, limits=Limits(items_max=300, grace=0.2)) as board:
            await eventually_async(lambda: len(simulator.truth.settled) > 30, within=30)
            await asyncio.to_thread(private_services.kafka.kill)

            def let_go() -> bool:
                nonlocal most
                most = max(most, int(metrics.QUEUE.labels("tokyo")._value.get()))
                if simulator.hub.subscribers:
                    away.clear()
                else:
                    away.append(time.monotonic())
                # A stream that a starved venue cut is opened again soon; one that is let go stays so while the broker is away.
                return bool(away) and away[-1] - away[0] > 5

            await eventually_async(let_go, within=60, what="the stream is let go")
            assert most <= 300
            await asyncio.to_thread(private_services.kafka.start)
            await eventually_async(lambda: bool(simulator.hub.subscribers), within=90, what="the stream is back")
            simulator.world.stop_creating()
            await eventually_async(lambda: not simulator.world.open, within=60, what="the venue is done")
            await reconciled_after(board, simulator.clock.now())
        assert_holds_truth(room, simulator)
        assert "stream_gap" in {alarm.kind for alarm in room.alarms()}


async def test_a_database_that_is_killed_is_waited_for_and_nothing_is_missing(private_services: PrivateServices, tmp_path: Path) -> None:
    """PostgreSQL is killed and started again under load; ingest goes on by itself and the truth is complete."""
    room = Room(
        KafkaRoom(bootstrap_servers=private_services.bootstrap_servers, topic_prefix="custody."), private_services.postgres_dsn, tmp_path
    )
    async with Simulator(SimulatorSettings(client_secret=SECRET, rules=replace(RULES, rate=60, orders=0))) as simulator:
        room.configure(simulator.base_url)
        room.prepare()
        async with running(room) as board:
            await eventually_async(lambda: len(simulator.truth.settled) > 30, within=30)
            await asyncio.to_thread(private_services.postgres.kill)
            settled = len(simulator.truth.settled)
            await eventually_async(lambda: len(simulator.truth.settled) > settled + 200, within=30)
            await asyncio.to_thread(private_services.postgres.start)
            simulator.world.stop_creating()
            await eventually_async(lambda: not simulator.world.open, within=60, what="the venue is done")
            await reconciled_after(board, simulator.clock.now())
        assert_holds_truth(room, simulator)


async def test_the_request_budget_holds_over_processes_and_lets_priority_go_first(postgres: str) -> None:
    """Two budgets on one row grant together at most burst + rate * t, and one with priority does not wait behind the others."""
    section = configuration.Postgres(dsn=postgres)
    with connect(section, name="test") as connection:
        migrations.apply(connection, migrations.found_in(["pipeline.stores"]))
    rate, burst, clock = 40.0, 8, SystemClock()
    budgets = [
        PostgresRequestBudget(partial(connect, section, name="test", autocommit=True), "tokyo", rate=rate, burst=burst, clock=clock)
        for _ in range(2)
    ]
    granted: list[float] = []
    urgent: list[int] = []

    async def ask(budget: PostgresRequestBudget) -> None:
        await budget.acquire()
        granted.append(clock.monotonic())

    async def ask_urgently() -> None:
        await eventually_async(lambda: len(granted) >= 10, within=5)
        before = len(granted)
        await budgets[0].acquire(priority=True)
        granted.append(clock.monotonic())
        urgent.append(len(granted) - before)

    await asyncio.gather(ask_urgently(), *(ask(budget) for budget in budgets for _ in range(40)))
    assert urgent[0] <= 4
    for first in range(len(granted)):
        for last in range(first, len(granted)):
            assert last - first + 1 <= burst + rate * (granted[last] - granted[first]) + 1
    assert granted[-1] - granted[0] <= 81 / rate * 1.5
    for budget in budgets:
        budget.close()


async def test_a_budget_whose_row_is_lost_is_made_anew(postgres: str) -> None:
    """The row is committed without waiting for the disk, so a crash of the server may lose it: requests are granted all the same."""
    section = configuration.Postgres(dsn=postgres)
    with connect(section, name="test", autocommit=True) as connection:
        migrations.apply(connection, migrations.found_in(["pipeline.stores"]))
        budget = PostgresRequestBudget(
            partial(connect, section, name="test", autocommit=True), "tokyo", rate=50.0, burst=2, clock=SystemClock()
        )
        await budget.acquire()
        connection.execute("DELETE FROM custodian.request_budgets")
        async with asyncio.timeout(10):
            await budget.acquire()
        budget.close()


async def test_a_high_rate_costs_few_round_trips(postgres: str) -> None:
    """Two thousand requests at a rate of 10,000/s are granted within two seconds, in chunks."""
    section = configuration.Postgres(dsn=postgres)
    with connect(section, name="test") as connection:
        migrations.apply(connection, migrations.found_in(["pipeline.stores"]))
    clock = SystemClock()
    budget = PostgresRequestBudget(partial(connect, section, name="test", autocommit=True), "tokyo", rate=10_000, burst=1_000, clock=clock)
    began = clock.monotonic()
    for _ in range(2_000):
        await budget.acquire()
    assert clock.monotonic() - began < 2
    budget.close()


def test_a_lease_has_one_owner_and_its_epoch_grows(postgres: str) -> None:
    """A taken lease is not given, a released one is; a former owner can neither renew it nor move the cursor."""
    section = configuration.Postgres(dsn=postgres)
    with connect(section, name="test") as connection:
        migrations.apply(connection, migrations.found_in(["pipeline.stores"]))
    one, two = (PostgresIngestStore(partial(connect, section, name="test", autocommit=True)) for _ in range(2))
    first = one.acquire_lease("ingest.tokyo", "one", seconds=30)
    assert first is not None
    assert two.acquire_lease("ingest.tokyo", "two", seconds=30) is None
    assert one.renew_lease(first, seconds=30)
    one.release_lease(first)
    second = two.acquire_lease("ingest.tokyo", "two", seconds=30)
    assert second is not None
    assert second.epoch == first.epoch + 1
    assert not one.renew_lease(first, seconds=30)
    with pytest.raises(LeaseLostError):
        one.advance(first, "tokyo", Cursor(backfill_page=7), facts=(), opened=(), closed=())
    fact = Fact(ce_id="a", intent_id="i", status="SETTLED", transaction_hash="h")
    at = datetime(2026, 3, 1, tzinfo=UTC)
    two.advance(second, "tokyo", Cursor(last_event_id="9", settled_until=at), facts=[fact, fact], opened=["i", "j"], closed=["i"])
    assert two.load_cursor("tokyo") == (Cursor(last_event_id="9", settled_until=at), frozenset({"i", "j"}))
    two.advance(second, "tokyo", Cursor(backfill_page=None), facts=(), opened=(), closed=["i"])
    assert two.load_cursor("tokyo") == (Cursor(backfill_page=None), frozenset({"j"}))
    assert two.known_facts("tokyo", ["i"]) == two.recent_facts("tokyo", limit=5) == [fact]
    for store in (one, two):
        store.close()
