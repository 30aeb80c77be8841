"""The plain programs that ours is measured against: the bare work in the shortest honest loop, by the same libraries.

No ids, no strict JSON, no leases, no positions that win, no checks of what comes in. `python -m tests.bench.plain NAME OPTIONS.json`.
"""

from __future__ import annotations

import hashlib
import json
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import orjson
import psycopg
from confluent_kafka import OFFSET_BEGINNING, Consumer, Message, Producer, TopicPartition
from httpx_sse import connect_sse

FLUSH_EVERY = 1_000
BATCH = 2_000
_HEADERS = {"Accept-Encoding": "identity"}


def ingest(told: dict[str, Any]) -> None:
    """SSE bytes to Kafka: httpx-sse, json.loads, produce, flush."""
    producer = _producer(told, linger=2)
    topic, count = told["prefix"] + "order-updated.v1", 0
    with (
        httpx.Client(trust_env=False, timeout=60, headers=_HEADERS) as client,
        connect_sse(client, "GET", told["base_url"] + "/api/v1/orders/events") as source,
    ):
        for frame in source.iter_sse():
            document = json.loads(frame.data)
            _produce(producer, topic, frame.data.encode(), document["intentId"].encode())
            count += 1
            if count % FLUSH_EVERY == 0 or count == told["events"]:
                producer.flush()


def dedupe(told: dict[str, Any]) -> None:
    """Records to first records: position lock, keys read, keys written, outputs acknowledged, one transaction per batch; no processor."""
    producer = _producer(told, linger=2)
    connection = _prepared(told, "CREATE TABLE bench.seen (key text PRIMARY KEY, terms text NOT NULL)")
    for batch in _batches(told, ["order-updated.v1"], told.get("batch", 500)):
        with connection.transaction():
            _advance(connection, batch)
            events = [(message, orjson.loads(message.value() or b"")) for message in batch]
            keys = [f"{event['intent_id']} {event['transaction_hash']}" for _, event in events]
            known = {key for (key,) in connection.execute("SELECT key FROM bench.seen WHERE key = ANY (%s)", (list(set(keys)),))}
            fresh: dict[str, Any] = {}
            for key, (message, event) in zip(keys, events, strict=True):
                if key not in known and key not in fresh:
                    fresh[key] = (message, event)
            if fresh:
                terms = [json.dumps([event["target_amount"], event["source_amount_actual"]]) for _, event in fresh.values()]
                connection.execute("INSERT INTO bench.seen SELECT * FROM unnest(%s::text[], %s::text[])", (list(fresh), terms))
                for message, event in fresh.values():
                    event.pop("document")
                    _produce(producer, told["prefix"] + "order-settled.v1", orjson.dumps(event), message.key() or b"")
                producer.flush()


def ledger(told: dict[str, Any]) -> None:
    """Settlements to rows of entries and postings, by COPY, into bare tables."""
    columns = ", ".join(map(" ".join, zip(_ENTRY_COLUMNS, _ENTRY_TYPES, strict=True)))
    connection = _prepared(told, f"CREATE TABLE bench.entries ({columns})", f"CREATE TABLE bench.postings ({_POSTING_COLUMNS})")
    for batch in _batches(told, ["order-settled.v1"], BATCH):
        now = datetime.now(UTC)
        with connection.transaction(), connection.cursor() as cursor:
            _advance(connection, batch)
            events = [(message, orjson.loads(message.value() or b""), uuid.uuid4()) for message in batch]
            with cursor.copy(_COPY_ENTRIES) as copy:
                copy.set_types(_ENTRY_TYPES)
                for message, event, entry in events:
                    copy.write_row(_entry(message, event, entry, now))
            with cursor.copy(_COPY_POSTINGS) as copy:
                copy.set_types(["uuid", "int2", "int4", "text", "int2", "text", "numeric"])
                for _, event, entry in events:
                    amount = int(event["source_amount_actual"]) * 10**18
                    copy.write_row((entry, 1, 1, event["source_currency"], 18, "debit", amount))
                    copy.write_row((entry, 2, 2, event["source_currency"], 18, "credit", amount))


def archive(told: dict[str, Any]) -> None:
    """Records to rows, by COPY, into a bare table."""
    connection = _prepared(told, f"CREATE TABLE bench.records ({_RECORD_COLUMNS})")
    names = ["order-updated.v1", "quote-received.v1", "order-settled.v1"]
    numbers = {told["prefix"] + name: number for number, name in enumerate(names)}
    for batch in _batches(told, names, BATCH):
        now = datetime.now(UTC)
        with connection.transaction(), connection.cursor() as cursor:
            _advance(connection, batch)
            with cursor.copy("COPY bench.records FROM STDIN (FORMAT binary)") as copy:
                copy.set_types(_RECORD_TYPES)
                for message in batch:
                    copy.write_row(_record(message, numbers, now))


def frames_to_kafka(told: dict[str, Any]) -> None:
    """A stream of few frames to Kafka, each sent at once, with the time at which it was here."""
    producer = _producer(told, linger=0)
    credentials = {"client_id": "custodian-a", "client_secret": "bench-client-secret"}
    with httpx.Client(base_url=told["base_url"], trust_env=False, timeout=60, headers=_HEADERS) as client:
        token = client.post("/auth/token", json=credentials).json()["data"]["token"]
        bearer = {"Authorization": f"Bearer {token}"}
        with connect_sse(client, "GET", "/api/v1/orders/events", headers=bearer) as source:
            for frame in source.iter_sse():
                here = time.time()
                if frame.event == "order_updated":
                    document = json.loads(frame.data)
                    body = orjson.dumps({"here": here, "document": document})
                    _produce(producer, told["prefix"] + "order-updated.v1", body, document["intentId"].encode())


def kafka_to_rows(told: dict[str, Any]) -> None:
    """Records to committed rows at once; the time from frame to commit is written to a file."""
    connection = _prepared(told, "CREATE TABLE bench.booked (key text PRIMARY KEY, body text NOT NULL)")
    with Path(told["latencies"]).open("w", buffering=1) as lines:
        for batch in _batches(told, ["order-updated.v1"], BATCH):
            rows = [orjson.loads(message.value() or b"") for message in batch]
            with connection.transaction():
                _advance(connection, batch)
                keys = [row["document"]["intentId"] for row in rows]
                bodies = [json.dumps(row["document"]) for row in rows]
                connection.execute(
                    "INSERT INTO bench.booked SELECT * FROM unnest(%s::text[], %s::text[]) ON CONFLICT DO NOTHING", (keys, bodies)
                )
            committed = time.time()
            lines.writelines(f"{row['here']} {committed}\n" for row in rows)


def frames_to_accepts(told: dict[str, Any]) -> None:
    """A stream of proposals, each read and accepted at once; the time from frame to call is written to a file."""
    credentials = {"client_id": "custodian-a", "client_secret": "bench-client-secret"}
    with (
        httpx.Client(base_url=told["base_url"], trust_env=False, timeout=60, headers=_HEADERS) as client,
        Path(told["latencies"]).open("w", buffering=1) as lines,
    ):
        token = client.post("/auth/token", json=credentials).json()["data"]["token"]
        bearer = {"Authorization": f"Bearer {token}"}
        with connect_sse(client, "GET", "/api/v1/orders/events", headers=bearer) as source:
            for frame in source.iter_sse():
                here = time.time()
                document = json.loads(frame.data) if frame.event == "order_updated" else {}
                if document.get("status") == "PENDING":
                    order = f"/api/v1/orders/{document['intentId']}"
                    client.get(order, headers=bearer).raise_for_status()
                    lines.write(f"{time.time() - here}\n")
                    client.post(f"{order}/accept", headers=bearer)


def _producer(told: dict[str, Any], *, linger: float) -> Producer:
    return Producer(
        {
            "bootstrap.servers": told["bootstrap_servers"],
            "acks": "all",
            "enable.idempotence": True,
            "linger.ms": linger,
            "partitioner": "murmur2_random",
            "queue.buffering.max.messages": 200_000,
        }
    )


def _produce(producer: Producer, topic: str, value: bytes, key: bytes) -> None:
    while True:
        try:
            producer.produce(topic, value, key)
            producer.poll(0)
            return
        except BufferError:
            producer.poll(0.01)


def _batches(told: dict[str, Any], names: list[str], size: int) -> Iterator[list[Message]]:
    consumer = Consumer(
        {
            "bootstrap.servers": told["bootstrap_servers"],
            "group.id": f"{told['prefix']}plain",
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
            "fetch.wait.max.ms": 50,
            "fetch.queue.backoff.ms": 5,
        }
    )
    topics = [told["prefix"] + name for name in names]
    if told.get("workers", 1) == 1:
        consumer.subscribe(topics)
    else:  # each has its share from the first moment on: nothing here would survive a rebalance
        mine = range(told["worker"], told["partitions"], told["workers"])
        consumer.assign([TopicPartition(topic, number, OFFSET_BEGINNING) for topic in topics for number in mine])
    while True:
        first = consumer.poll(1.0)
        if first is None or first.error() is not None:
            continue
        yield [message for message in (first, *consumer.consume(size - 1, 0)) if message.error() is None]


def _prepared(told: dict[str, Any], *statements: str) -> psycopg.Connection[tuple[Any, ...]]:
    positions = "CREATE TABLE bench.positions (topic text, partition int, next_offset bigint, PRIMARY KEY (topic, partition))"
    connection = psycopg.connect(told["dsn"], autocommit=True)
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(1)")  # a second worker finds all of it made
        if connection.execute("SELECT to_regclass('bench.positions')").fetchone() == (None,):
            for statement in ("CREATE SCHEMA bench", positions, *statements):
                connection.execute(statement.encode())
    return connection


def _advance(connection: psycopg.Connection[tuple[Any, ...]], batch: list[Message]) -> None:
    ends = {(message.topic(), message.partition()): (message.offset() or 0) + 1 for message in batch}
    connection.execute(
        """INSERT INTO bench.positions SELECT * FROM unnest(%s::text[], %s::int[], %s::bigint[])
           ON CONFLICT (topic, partition) DO UPDATE SET next_offset = excluded.next_offset""",
        ([topic for topic, _ in ends], [partition for _, partition in ends], list(ends.values())),
    )


_ENTRY_NAMES = (
    "entry_id kind legs venue intent_id transaction_hash occurred_at recorded_at record_topic record_partition record_offset"
    " record_ce_id side source_currency source_amount_actual target_currency target_amount fx_rate sender_custodian_party_id"
    " receiver_custodian_party_id sender_party_id receiver_party_id market_maker_party_id terms_sha256 document_sha256 observed_at"
)
_ENTRY_COLUMNS = _ENTRY_NAMES.split()
_POSTING_COLUMNS = "entry_id uuid, posting_no int2, account_id int4, currency text, scale int2, side text, amount numeric"
_RECORD_COLUMNS = (
    'topic_no int2, partition int4, "offset" int8, produced_at timestamptz, recorded_at timestamptz, ce_id text, ce_type text,'
    " subject text, sha256 bytea, key bytea, headers text, value bytea"
)
_COPY_ENTRIES = "COPY bench.entries FROM STDIN (FORMAT binary)"
_COPY_POSTINGS = "COPY bench.postings FROM STDIN (FORMAT binary)"
# fmt: off
_RECORD_TYPES = ["int2", "int4", "int8", "timestamptz", "timestamptz", "text", "text", "text", "bytea", "bytea", "text", "bytea"]
_ENTRY_TYPES = [
    "uuid", "text", "int2", "text", "text", "text", "timestamptz", "timestamptz", "text", "int4", "int8", "text",
    "text", "text", "numeric", "text", "numeric", "numeric", "text", "text", "text", "text", "text", "bytea", "bytea", "timestamptz",
]
# fmt: on


def _entry(message: Message, event: dict[str, Any], entry: uuid.UUID, now: datetime) -> tuple[Any, ...]:
    ce_id = next(value for name, value in message.headers() or [] if name == "ce_id")
    return (
        entry,
        "settlement",
        2,
        event["venue"],
        event["intent_id"],
        event["transaction_hash"],
        datetime.fromisoformat(event["settled_at"]),
        now,
        message.topic(),
        message.partition(),
        message.offset(),
        ce_id.decode() if isinstance(ce_id, bytes) else ce_id,
        event["side"],
        event["source_currency"],
        int(event["source_amount_actual"]),
        event["target_currency"],
        int(event["target_amount"]),
        1,
        event["sender_custodian_party_id"],
        event["receiver_custodian_party_id"],
        event["sender_party_id"],
        event["receiver_party_id"],
        event["market_maker_party_id"],
        bytes.fromhex(event["terms_sha256"]),
        bytes.fromhex(event["document_sha256"]),
        datetime.fromisoformat(event["observed_at"]),
    )


def _record(message: Message, numbers: dict[str, int], now: datetime) -> tuple[Any, ...]:
    headers = message.headers() or []
    texts = {name: value.decode() for name, value in headers if isinstance(value, bytes)}
    value = message.value() or b""
    return (
        numbers[message.topic() or ""],
        message.partition(),
        message.offset(),
        datetime.fromtimestamp(message.timestamp()[1] / 1000, UTC),
        now,
        texts["ce_id"],
        texts["ce_type"],
        texts["ce_subject"],
        hashlib.sha256(value).digest(),
        message.key(),
        orjson.dumps(list(texts.items())).decode(),
        value,
    )


PROGRAMS: dict[str, Callable[[dict[str, Any]], None]] = {
    "frames_to_accepts": frames_to_accepts,
    "ingest": ingest,
    "dedupe": dedupe,
    "ledger": ledger,
    "archive": archive,
    "frames_to_kafka": frames_to_kafka,
    "kafka_to_rows": kafka_to_rows,
}

if __name__ == "__main__":
    PROGRAMS[sys.argv[1]](json.loads(Path(sys.argv[2]).read_text()))
