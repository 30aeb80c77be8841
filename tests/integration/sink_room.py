"""A room with topics, a prepared database and the sinks, for tests of the batch loop and of what it writes."""

from __future__ import annotations

import hashlib
import json
import os
import random
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Context, Decimal
from pathlib import Path
from typing import Any, Literal

import psycopg

from connectors.sinks.accounting_ledger.adapter import AccountingLedger
from connectors.sinks.accounting_ledger.config import LedgerConfig
from connectors.sinks.compliance_archive.adapter import ComplianceArchive
from connectors.sinks.compliance_archive.config import ArchiveConfig
from connectors.sinks.compliance_archive.sequencer import Sequencer
from pipeline import settings as configuration
from pipeline.clock import SystemClock
from pipeline.decisions.sink import DecisionSink
from pipeline.deliver.delivery import StepDelivery
from pipeline.deliver.loop import DeliverLoop
from pipeline.deliver.sink_step import SinkStep
from pipeline.deliver.trials import Trials
from pipeline.engines.log_inspection import log_inspection
from pipeline.failpoints import Failpoints
from pipeline.kafka import BatchConsumer, EventProducer, TopicAdmin
from pipeline.log import topics
from pipeline.log.codec import encode
from pipeline.log.envelope import Envelope, Headers, Outgoing, correlation_of, derive_id
from pipeline.log.topics import EventType
from pipeline.ports import Sink
from pipeline.stores import migrations, positions
from pipeline.stores.batches import LIMITS, BatchStore
from pipeline.stores.decisions import PostgresDecisions
from pipeline.stores.postgres import Connection, connect
from pipeline.stores.suspects import PostgresSuspects
from schemas.events import OrderSettled

NOW = datetime(2026, 3, 1, 9, 0, 0, tzinfo=UTC)
PACKAGES = ("pipeline.stores", "connectors.sinks.accounting_ledger", "connectors.sinks.compliance_archive")
SESSION_TIMEOUT = 3.0
"""Seconds: a killed member is missed soon, a slow machine is not."""
Role = Literal["ledger", "archive", "decisions"]


def settled(number: int, *, hash_: str | None = None, **changes: Any) -> OrderSettled:
    """Build a settlement; equal numbers and changes give equal settlements."""
    chance = random.Random(number)
    intent = f"{chance.getrandbits(128):032x}"
    fields: dict[str, Any] = {
        "venue": "tokyo",
        "intent_id": f"{intent[:8]}-{intent[8:12]}-4{intent[13:16]}-8{intent[17:20]}-{intent[20:]}",
        "transaction_hash": hash_ or f"{chance.getrandbits(128):032x}",
        "side": "sender",
        "source_currency": "JPYSC0",
        "target_currency": "USDCx",
        "target_amount": str(chance.randint(1, 10**6)),
        "source_amount_actual": f"{chance.randint(1, 10**8)}.{chance.randint(0, 9999):04d}",
        "fx_rate": "112.0",
        "settled_at": (NOW - timedelta(seconds=number)).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "sender_custodian_party_id": "CustodianA::209f",
        "receiver_custodian_party_id": "CustodianB::5de0",
        "sender_party_id": f"Sender{number % 5}::aa",
        "receiver_party_id": f"Receiver{number % 3}::bb",
        "observed_at": NOW.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
    } | changes
    facts = [str(fields[name]) for name in sorted(fields) if name != "observed_at"]
    digest = hashlib.sha256("|".join(facts).encode()).hexdigest()
    return OrderSettled(**{"terms_sha256": digest, "document_sha256": digest, **fields})


def outgoing(event: OrderSettled) -> Outgoing:
    """Wrap a settlement as the settlement processor does."""
    envelope = Envelope(
        id=derive_id("order-settled", event.venue, event.intent_id, event.transaction_hash, event.terms_sha256),
        kind=topics.ORDER_SETTLED,
        source="/processors/settlement",
        subject=event.intent_id,
        time=NOW,
        correlation_id=correlation_of(event.venue, event.intent_id),
    )
    return Outgoing(envelope=envelope, key=event.intent_id, value=encode(event))


@dataclass(frozen=True, slots=True, kw_only=True)
class SinkRoom:
    """One test's topics and database."""

    settings: configuration.Settings

    @classmethod
    def prepared(
        cls, *, bootstrap_servers: str, topic_prefix: str, dsn: str, partitions: int = 3, scales: Mapping[str, int] | None = None
    ) -> SinkRoom:
        """Make topics, tables and positions."""
        currencies: dict[str, Any] = {name: {"scale": scale} for name, scale in (scales or {"JPYSC0": 4}).items()}
        settings = configuration.Settings(
            kafka=configuration.Kafka(bootstrap_servers=bootstrap_servers, topic_prefix=topic_prefix, partitions=partitions),
            postgres=configuration.Postgres(dsn=dsn),
            currencies=configuration.Currencies.model_validate(currencies),
        )
        room = cls(settings=settings)
        admin = TopicAdmin(settings.kafka)
        admin.ensure_topics()
        with room.connection() as connection:
            migrations.apply(connection, migrations.found_in(PACKAGES))
            for consumer, kinds in (("ledger", [topics.ORDER_SETTLED]), ("archive", topics.ALL), ("decisions", DecisionSink.kinds)):
                states = admin.describe([kind.topic(topic_prefix) for kind in kinds])
                rows = [(state.name, partition, state.topic_id) for state in states.values() for partition in range(state.partitions)]
                positions.prepare(connection, consumer, rows)
        return room

    def topic(self, kind: EventType) -> str:
        """Return a topic's whole name."""
        return kind.topic(self.settings.kafka.topic_prefix)

    def connection(self, **extra: Any) -> Connection:
        """Open an autocommit connection."""
        return connect(self.settings.postgres, name="test", autocommit=True, **extra)

    def rows(self, query: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Run a query on a connection of its own."""
        with self.connection() as connection:
            return connection.execute(query.encode(), parameters).fetchall()

    def publish(self, events: Iterable[OrderSettled]) -> None:
        """Put settlements into their topic."""
        EventProducer(self.settings.kafka).publish([outgoing(event) for event in events])

    def publish_raw(self, kind: EventType, records: Iterable[tuple[bytes | None, bytes, Headers]]) -> None:
        """Put records into a topic as they are."""
        EventProducer(self.settings.kafka).publish_records((self.topic(kind), key, value, headers) for key, value, headers in records)

    def sink(self, role: Role) -> Sink:
        """Return a sink as its role has it."""
        match role:
            case "ledger":
                return AccountingLedger(LedgerConfig.from_settings(self.settings))
            case "archive":
                return ComplianceArchive()
            case "decisions":
                return DecisionSink(PostgresDecisions(), referral_expires=self.settings.risk.referral_expires)

    def loop(self, role: Role, stop: threading.Event, *, batch_size_max: int = 500, sink: Sink | None = None) -> DeliverLoop:
        """Assemble the batch loop of a sink; of `sink` in the place of the role's own where one is given."""
        sink = sink or self.sink(role)
        kafka = self.settings.kafka

        def open_source(**callbacks: Any) -> BatchConsumer:
            names = [self.topic(kind) for kind in sink.kinds]
            return BatchConsumer(
                kafka, group=kafka.topic_prefix + sink.consumer, topics=names, session_timeout=SESSION_TIMEOUT, **callbacks
            )

        publisher, clock = EventProducer(kafka), SystemClock()
        store = BatchStore(lambda: self.connection(session=LIMITS), sink.consumer)
        delivery = StepDelivery(SinkStep(sink), store=store, publisher=publisher, clock=clock, failpoints=Failpoints.from_environment())
        return DeliverLoop(
            delivery=Trials(delivery, book=PostgresSuspects(sink.consumer, store.use), publisher=publisher, clock=clock),
            open_source=open_source,
            topic_reader=TopicAdmin(kafka),
            publisher=publisher,
            clock=clock,
            stop=stop,
            batch_size_max=batch_size_max,
            inspect=log_inspection(kafka),
        )

    def sequencer(self, stop: threading.Event | None = None) -> Sequencer:
        """Assemble the archive's sequencer."""
        return Sequencer(
            connect=lambda: self.connection(session=LIMITS),
            config=ArchiveConfig(),
            clock=SystemClock(),
            failpoints=Failpoints.from_environment(),
            stop=stop or threading.Event(),
        )

    @contextmanager
    def running(self, role: Role, **options: Any) -> Iterator[DeliverLoop]:
        """Run a sink in a thread; what ended it early is raised at the end."""
        stop = threading.Event()
        loop = self.loop(role, stop, **options)
        ended: list[BaseException] = []

        def run() -> None:
            try:
                loop.run()
            except BaseException as error:
                ended.append(error)

        thread = threading.Thread(target=run)
        thread.start()
        try:
            yield loop
        finally:
            stop.set()
            thread.join(30)
            assert not thread.is_alive(), "the loop did not end within 30 s"
        if ended:
            raise ended[0]

    def start_process(self, role: Role, **environment: str) -> subprocess.Popen[bytes]:
        """Start a sink as a process of its own, with failpoints from `environment`; it says "ready" and runs until SIGTERM."""
        tree = self.settings.model_dump(mode="json")
        if self.settings.postgres.password is not None:  # a dump hides it
            tree["postgres"]["password"] = self.settings.postgres.password.get_secret_value()
        whole = {**os.environ, **environment, "SINK_ROOM": json.dumps(tree, default=str)}
        return subprocess.Popen(
            [sys.executable, "-m", "tests.integration.sink_room", role], env=whole, cwd=Path(__file__).parents[2], stdout=subprocess.PIPE
        )

    def position_of(self, role: Role, kind: EventType) -> int:
        """Return the sum of a consumer's positions in a topic."""
        query = "SELECT coalesce(sum(next_offset), 0)::int FROM custodian.positions WHERE consumer = %s AND topic = %s"
        return int(self.rows(query, (role, self.topic(kind)))[0][0])

    def booked(self) -> list[tuple[str, str]]:
        """Return intent and hash of every entry."""
        return [(intent, hash_) for intent, hash_ in self.rows("SELECT intent_id, transaction_hash FROM ledger.entries ORDER BY 1, 2")]


def as_superuser(admin_dsn: str, dsn: str, statement: str) -> None:
    """Change a test's database as only a superuser with triggers switched off can."""
    name = psycopg.conninfo.conninfo_to_dict(dsn)["dbname"]
    with psycopg.connect(admin_dsn, dbname=name, autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute(statement.encode())


EXACT = Context(prec=200)
"""Decimal's usual context rounds to 28 digits; amounts here are longer."""


def audited(events: Iterable[OrderSettled]) -> dict[str, Decimal]:
    """Return balance (debits - credits) by account, added up apart from the product's own arithmetic."""
    sums: dict[str, Decimal] = {}
    for event in events:
        source, target = Decimal(event.source_amount_actual), Decimal(event.target_amount)
        moves: list[tuple[str, Decimal]] = []
        if event.side in ("sender", "both"):
            moves.append((f"client_liability:{event.venue}:{event.sender_party_id or 'unattributed'}:{event.source_currency}", source))
            moves.append((f"custody_asset:{event.venue}:{event.source_currency}", EXACT.minus(source)))
        if event.side in ("receiver", "both"):
            moves.append((f"custody_asset:{event.venue}:{event.target_currency}", target))
            client = event.receiver_party_id or "unattributed"
            moves.append((f"client_liability:{event.venue}:{client}:{event.target_currency}", EXACT.minus(target)))
        for account, amount in moves:
            sums[account] = EXACT.add(sums.get(account, Decimal(0)), amount)
    return sums


def _main(role: Role) -> None:
    import signal

    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    print("ready", flush=True)
    room = SinkRoom(settings=configuration.Settings.model_validate(_seconds(json.loads(os.environ["SINK_ROOM"]))))
    threads = []
    if role == "archive":
        threads = [threading.Thread(target=room.sequencer(stop).run)]
        threads[0].start()
    try:
        room.loop(role, stop, batch_size_max=int(os.environ.get("SINK_BATCH", "2000"))).run()
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def _seconds(tree: Any, key: str = "") -> Any:
    """Write the durations of dumped settings as the settings want them."""
    if isinstance(tree, dict):
        return {name: _seconds(value, name) for name, value in tree.items() if value is not None}
    return f"{tree}s" if isinstance(tree, float) and key != "requests_per_second" else tree


if __name__ == "__main__":
    _main(sys.argv[1])  # type: ignore[arg-type]
