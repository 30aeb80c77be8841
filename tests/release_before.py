"""The past that the release before left, made by its own code (tests/vectors/release_before/), and how a test loads it."""

from __future__ import annotations

import base64
import contextlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import orjson
import psycopg
from confluent_kafka import ConsumerGroupTopicPartitions, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from connectors.simulators.musubi.orders import TERMINAL, Order, Quote
from connectors.simulators.musubi.truth import latest_orders, read_truth
from connectors.simulators.musubi.world import Script, _Open, _terms
from pipeline.kafka import TopicAdmin
from pipeline.settings import Kafka
from pipeline.stores import grants
from pipeline.stores.postgres import Connection
from tests.rig import Rig
from tests.services import Services
from tests.waiting import eventually

PREFIX = "before.custody."
FOLDER = Path(__file__).parent / "vectors" / "release_before"
POLICY = (FOLDER / "policy.toml").read_text()
TOLD = FOLDER / "venue.jsonl"


@contextlib.contextmanager
def loaded(services: Services, dsn: str) -> Iterator[Connection]:
    """Give a connection of the owner of a database and topics that are as that release left them; the topics go afterwards.

    Digests hold the names of the topics, so all tests that share a Kafka take turns.
    """
    with psycopg.connect(services.admin_dsn, autocommit=True) as turn, psycopg.connect(dsn, autocommit=True) as owner:
        turn.execute("SELECT pg_advisory_lock(hashtext(%s))", (PREFIX,))
        admin = AdminClient({"bootstrap.servers": services.bootstrap_servers})
        load_database(owner)
        try:
            load_topics(services.bootstrap_servers, owner)
            yield owner
        finally:
            _remove(admin)


def _remove(admin: AdminClient) -> None:
    """Remove topics and groups; a worker that was killed is a member for some seconds more."""

    def groups() -> list[str]:
        return [group.group_id for group in admin.list_consumer_groups().result(20).valid if group.group_id.startswith(PREFIX)]

    def gone() -> bool:
        for done in admin.delete_consumer_groups(groups()).values() if groups() else ():
            done.exception(20)
        return not groups()

    eventually(gone, within=30, what="the groups are gone")
    names = [name for name in admin.list_topics(timeout=20).topics if name.startswith(PREFIX)]
    for done in admin.delete_topics(names).values() if names else ():
        done.result(20)
    eventually(lambda: not set(names) & set(admin.list_topics(timeout=20).topics), within=20, what="the topics are gone")


def load_database(owner: Connection) -> None:
    """Make the tables and rows over a connection in autocommit mode; all of it belongs to that login, as it did."""
    for group in grants.READERS:
        owner.execute(f"DO $$ BEGIN CREATE ROLE {group} NOLOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$".encode())
    owner.execute((FOLDER / "database.sql").read_bytes())
    owner.execute("RESET ALL")
    owner.execute("UPDATE risk.referrals SET expires_at = expires_at + interval '50 years'")  # no release lets one wait for so long


def load_topics(bootstrap_servers: str, owner: Connection) -> None:
    """Make the topics with every record at its offset, and what groups had committed; positions are of these topics."""
    admin, said = AdminClient({"bootstrap.servers": bootstrap_servers}), json.loads((FOLDER / "kafka.json").read_text())
    forever = {"retention.ms": "-1", "message.timestamp.after.max.ms": str(2**62)}  # however long ago that past was
    wanted = [NewTopic(name, number, 1, config=forever) for name, number in said["topics"].items()]
    for made in admin.create_topics(wanted).values():
        made.result(20)
    producer, ends = Producer({"bootstrap.servers": bootstrap_servers, "enable.idempotence": True}), Counter[tuple[str, int]]()
    for line in records():
        place = line["topic"], line["partition"]
        assert line["offset"] == ends[place], line
        ends[place] += 1
        headers = [(name, raw(value)) for name, value in line["headers"]]
        producer.produce(*place[:1], raw(line["value"]), raw(line["key"]), place[1], timestamp=line["at_ms"], headers=headers)
    assert producer.flush(60) == 0
    for group, places in said["committed"].items():
        offsets = [TopicPartition(*place) for place in places]
        admin.alter_consumer_group_offsets([ConsumerGroupTopicPartitions(group, offsets)])[group].result(20)
    for name, described in TopicAdmin(Kafka(bootstrap_servers=bootstrap_servers)).describe(list(said["topics"])).items():
        owner.execute("UPDATE custodian.positions SET topic_id = %s WHERE topic = %s", (described.topic_id, name))


def records() -> Iterator[dict[str, Any]]:
    """Yield every record of the topics, by topic, partition and offset."""
    return map(json.loads, (FOLDER / "topics.jsonl").read_text().splitlines())


def raw(said: Any) -> bytes | None:
    """Return the bytes of a key, a value or a header."""
    return None if said is None else base64.b64decode(said["base64"]) if isinstance(said, Mapping) else str(said).encode()


def remember_venue(truth: Path) -> None:
    """Let a simulator that starts on this log know the orders that had ended."""
    ended = {order.intent_id for order in latest_orders(TOLD) if order.status in TERMINAL}
    truth.write_bytes(b"".join(orjson.dumps(line) + b"\n" for line in read_truth(TOLD) if line.get("intent_id") in ended))


def reopen(rig: Rig) -> dict[str, Order]:
    """Let the venue go on with the orders that were open, before anybody asks it; return them."""
    venue, lines = rig.venue.venue, list(read_truth(TOLD))
    found = {order.intent_id: order for order in latest_orders(TOLD) if order.status not in TERMINAL}
    for intent, order in found.items():
        script = Script(side=order.side, terms=replace(_terms(order), fx_rate=Decimal(112)), quotes=1)
        known = _Open(order, script, Random(intent))
        known.accepted = any(line["what"] == "accepted" and line["intent_id"] == intent for line in lines)
        known.quotes = [_quote(line) for line in lines if line["what"] == "quote" and line["intent_id"] == intent]
        known.selected = known.quotes[-1] if known.quotes else None
        venue.world.open[intent] = known
        venue.register.put(order)
        for quote in known.quotes:
            venue.register.put_quote(quote)
    return found


def _quote(line: Mapping[str, Any]) -> Quote:
    moments = {name: datetime.fromisoformat(line[name]) for name in ("submitted_at", "valid_until")}
    numbers = {name: Decimal(line[name]) for name in ("fx_rate", "source_amount", "target_amount")}
    names = {name: line[name] for name in ("quote_id", "intent_id", "market_maker_party_id")}
    return Quote(**names, **numbers, **moments)
