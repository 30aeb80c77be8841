"""Our Kafka clients against a real broker: acknowledged or an error, batches from stored positions, topics checked."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka.admin import AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource

from pipeline import settings as configuration
from pipeline.errors import FatalError, PoisonRecordError, ServiceAwayError, SettingsError
from pipeline.kafka import BatchConsumer, EventProducer, Partition, TopicAdmin, read_record
from pipeline.log import topics
from pipeline.log.envelope import Envelope, Outgoing, Record
from tests.integration.commands import write_settings
from tests.services import KafkaRoom, PrivateServices
from tests.waiting import eventually

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def room_settings(kafka: KafkaRoom, partitions: int = 3) -> configuration.Kafka:
    """Return settings for this test's own topics."""
    return configuration.Kafka(bootstrap_servers=kafka.bootstrap_servers, topic_prefix=kafka.topic_prefix, partitions=partitions)


def event(number: int, value: bytes = b"{}") -> Outgoing:
    """Build an event whose key depends on its number."""
    envelope = Envelope(id=f"{number:032x}", kind=topics.ORDER_UPDATED, source="/t", subject="s", time=NOW, correlation_id="c" * 32)
    return Outgoing(envelope=envelope, key=f"key-{number % 7}", value=value)


def consume(consumer: BatchConsumer, count: int, within: float = 20) -> list[Record]:
    """Poll until `count` records are here, or the time is over."""
    records: list[Record] = []
    deadline = time.monotonic() + within
    while len(records) < count and time.monotonic() < deadline:
        records += consumer.poll(records_max=100, timeout=0.2)
    return records


def consumer_from(kafka: configuration.Kafka, starts: Mapping[Partition, int], group: str = "g") -> BatchConsumer:
    """Open a consumer that starts where it is told, else at 0."""

    def begin(partitions: Sequence[Partition]) -> dict[Partition, int]:
        return {partition: starts.get(partition, 0) for partition in partitions}

    name = topics.ORDER_UPDATED.topic(kafka.topic_prefix)
    return BatchConsumer(
        kafka, group=kafka.topic_prefix + group, topics=[name], session_timeout=6, starts=begin, lost=lambda partitions: None
    )


def test_published_events_are_read_back_in_order_per_key(kafka: KafkaRoom) -> None:
    """Every acknowledged event comes back once, with its headers, in order within its key."""
    settings = room_settings(kafka)
    TopicAdmin(settings).ensure_topics([topics.ORDER_UPDATED])
    producer = EventProducer(settings)
    producer.publish([event(number, b"%d" % number) for number in range(50)])
    consumer = consumer_from(settings, {})
    records = consume(consumer, 50)
    consumer.close()
    assert sorted(int(record.value) for record in records) == list(range(50))
    for key in {record.key for record in records}:
        numbers = [int(record.value) for record in records if record.key == key]
        assert numbers == sorted(numbers)
    assert dict(records[0].headers)["ce_type"] == b"custody.order-updated.v1"


def test_a_consumer_starts_at_the_stored_position_whatever_kafka_has_committed(kafka: KafkaRoom) -> None:
    """The offsets committed in Kafka do not matter, ahead or behind."""
    settings = room_settings(kafka, partitions=1)
    TopicAdmin(settings).ensure_topics([topics.ORDER_UPDATED])
    EventProducer(settings).publish([event(number, b"%d" % number) for number in range(10)])
    topic = topics.ORDER_UPDATED.topic(settings.topic_prefix)
    first = consumer_from(settings, {})
    consume(first, 10)
    first.hint({(topic, 0): 10})
    first.close()
    second = consumer_from(settings, {(topic, 0): 4})
    records = consume(second, 6)
    second.close()
    assert [record.offset for record in records] == [4, 5, 6, 7, 8, 9]


def test_a_position_beyond_the_topic_stops_the_consumer(kafka: KafkaRoom) -> None:
    """A stored position that Kafka does not have is an error, never a jump to some other offset."""
    settings = room_settings(kafka, partitions=1)
    TopicAdmin(settings).ensure_topics([topics.ORDER_UPDATED])
    topic = topics.ORDER_UPDATED.topic(settings.topic_prefix)
    consumer = consumer_from(settings, {(topic, 0): 1000})
    with pytest.raises(FatalError, match="truncated or replaced"):
        consume(consumer, 1)
    consumer.close()


def test_topics_are_made_once_and_a_wrong_partition_count_is_refused(kafka: KafkaRoom) -> None:
    """Making topics is repeatable; another number of partitions is a settings error that says what to write."""
    admin = TopicAdmin(room_settings(kafka))
    assert len(admin.ensure_topics()) == len(topics.ALL)
    assert admin.ensure_topics() == []
    with pytest.raises(SettingsError, match=r"kafka.partitions: found 5, .* write 3"):
        TopicAdmin(room_settings(kafka, partitions=5)).ensure_topics()


def test_one_record_is_read_by_its_coordinates(kafka: KafkaRoom) -> None:
    """A record is found where it stands, and nothing is found beyond the end."""
    settings = room_settings(kafka, partitions=1)
    admin = TopicAdmin(settings)
    admin.ensure_topics([topics.ORDER_UPDATED])
    EventProducer(settings).publish([event(1, b"one"), event(2, b"two")])
    topic = topics.ORDER_UPDATED.topic(settings.topic_prefix)
    found = read_record(settings, topic, 0, 1)
    assert found is not None
    assert found.value == b"two"
    assert admin.ends([(topic, 0)]) == {(topic, 0): 2}
    assert admin.offsets([(topic, 0)]) == {(topic, 0): (0, 2)}
    assert read_record(settings, topic, 0, 2, timeout=1) is None


def test_a_record_over_the_brokers_size_is_poison(kafka: KafkaRoom) -> None:
    """A record that no repetition can deliver is told apart from a broker that is away."""
    settings = room_settings(kafka, partitions=1)
    TopicAdmin(settings).ensure_topics([topics.ORDER_UPDATED])
    with pytest.raises(PoisonRecordError, match="size"):
        EventProducer(settings).publish([event(1, b"x" * 2_000_000)])


def test_an_absent_broker_is_named() -> None:
    """Nothing behind the address: the error names the setting, the address and what to do."""
    settings = configuration.Kafka(bootstrap_servers="127.0.0.1:1")
    with pytest.raises(ServiceAwayError, match=r"kafka.bootstrap_servers = 127.0.0.1:1 .*custodian dev up"):
        TopicAdmin(settings).check_connection(timeout=2)


@pytest.mark.parametrize(
    ("setting", "value", "says"),
    [
        ("cleanup.policy", "compact", r"cleanup.policy=compact; run kafka-configs.sh .* --add-config cleanup.policy=delete"),
        ("cleanup.policy", "compact,delete", r"cleanup.policy=compact,delete; run"),
        ("max.message.bytes", "100000", r"max.message.bytes=100000, under 1048576; run"),
        ("retention.ms", "3600000", r"retention.ms=3600000; run"),
        ("retention.bytes", "1000000", r"retention.bytes=1000000; run"),
    ],
)
def test_a_topic_that_cannot_keep_our_promises_is_refused_by_name(kafka: KafkaRoom, setting: str, value: str, says: str) -> None:
    """Compaction, small records, little time or room: the error names topic and setting, and what to run; without it all is well."""
    settings = room_settings(kafka)
    admin = TopicAdmin(settings)
    kinds = [topics.ORDER_UPDATED, topics.DEAD_LETTER]
    eventually(lambda: admin.ensure_topics(kinds) == [], within=30, what="the topics are there and well")
    name = topics.DEAD_LETTER.topic(settings.topic_prefix)
    changed = ConfigResource(
        ConfigResource.Type.TOPIC, name, incremental_configs=[ConfigEntry(setting, value, incremental_operation=AlterConfigOpType.SET)]
    )
    plain = AdminClient({"bootstrap.servers": kafka.bootstrap_servers})
    for future in plain.incremental_alter_configs([changed]).values():
        future.result(10)
    eventually(lambda: admin.configs([name])[name][setting] == value, within=30, what="Kafka shows the setting")
    with pytest.raises(SettingsError, match=f"the topic {name} has {says}"):
        admin.ensure_topics(kinds)


ASKS = """
import sys
from pipeline.kafka import TopicAdmin
from pipeline.settings import Kafka

admin = TopicAdmin(Kafka(bootstrap_servers=sys.argv[1]))
print([admin.committed(f"nobody-{number}", [("t", 0)]) for number in range(5)])
"""


def test_what_a_group_has_committed_is_asked_before_any_broker_knows_the_group(private_services: PrivateServices) -> None:
    """On a new cluster the broker that is asked first does not coordinate the group yet: librdkafka's admin client died of that answer."""
    asked = subprocess.run([sys.executable, "-c", ASKS, private_services.bootstrap_servers], capture_output=True, text=True, timeout=120)
    assert (asked.returncode, asked.stdout.strip()) == (0, str([{}] * 5)), asked.stderr


def test_what_a_group_has_committed_is_told_by_partition(kafka: KafkaRoom) -> None:
    """Of those asked for, whether the topic is there or not; what is not committed is left out."""
    settings, group = room_settings(kafka), f"{kafka.topic_prefix}g"
    admin = TopicAdmin(settings)
    admin.ensure_topics([topics.ORDER_UPDATED])
    topic = topics.ORDER_UPDATED.topic(kafka.topic_prefix)
    admin.begin_anew(group, [(topic, 1)])
    assert admin.committed(group, [(topic, 0), (topic, 1), ("never-made", 0)]) == {(topic, 1): 0}


def test_a_client_that_is_let_go_takes_its_sockets_with_it(kafka: KafkaRoom) -> None:
    """Whoever waits for Kafka asks with a new client each time, for days if need be: none of them may stay."""

    def ask() -> int:
        TopicAdmin(room_settings(kafka)).check_connection(timeout=20)
        return len(os.listdir("/proc/self/fd"))

    ask()
    assert [ask() for _ in range(4)] == [ask()] * 4


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        ({}, {"min.insync.replicas": "1", "unclean.leader.election.enable": "false", "retention.ms": "604800000"}),
        (
            {"replication_factor": 1, "min_insync_replicas": 1, "unclean_leader_election": True, "retention": "25h"},
            {"min.insync.replicas": "1", "unclean.leader.election.enable": "true", "retention.ms": "90000000"},
        ),
    ],
)
def test_a_new_topic_keeps_what_the_settings_say(kafka: KafkaRoom, told: dict[str, Any], kept: dict[str, str]) -> None:
    """Safe by itself, otherwise by their word; every topic, and as Kafka itself shows it."""
    settings = configuration.Kafka.model_validate(
        {"bootstrap_servers": kafka.bootstrap_servers, "topic_prefix": kafka.topic_prefix, "partitions": 1, **told}
    )
    admin = TopicAdmin(settings)
    made = admin.ensure_topics()
    assert {name: {key: config[key] for key in kept} for name, config in admin.configs(made).items()} == dict.fromkeys(made, kept)
    assert {state.replicas for state in admin.describe(made).values()} == {1}


def altered(kafka: KafkaRoom, topic: str, **values: str) -> None:
    """Change settings of a topic, as an administrator would, and return when Kafka shows them."""
    entries = [ConfigEntry(key.replace("_", "."), value, incremental_operation=AlterConfigOpType.SET) for key, value in values.items()]
    plain = AdminClient({"bootstrap.servers": kafka.bootstrap_servers})
    for future in plain.incremental_alter_configs([ConfigResource(ConfigResource.Type.TOPIC, topic, incremental_configs=entries)]).values():
        future.result(10)
    admin = TopicAdmin(room_settings(kafka))
    wanted = {entry.name: entry.value for entry in entries}
    eventually(lambda: admin.configs([topic])[topic].items() >= wanted.items(), within=30, what="Kafka shows the settings")


@pytest.mark.parametrize(
    ("values", "told", "found", "do"),
    [
        ({"unclean_leader_election_enable": "true"}, {}, "{} has unclean.leader.election.enable=true", "=false"),
        ({"retention_ms": "90000000"}, {}, "{} has retention.ms=90000000", "retention.ms=604800000"),
        ({}, {"REPLICATION_FACTOR": "2"}, "{} has 1 replicas, under 2", "kafka-reassign-partitions.sh"),
        (
            {},
            {"REPLICATION_FACTOR": "2", "MIN_INSYNC_REPLICAS": "2"},
            "{} has min.insync.replicas=1",
            "min.insync.replicas=2",
        ),
    ],
    ids=["unclean", "retention", "replicas", "in step"],
)
def test_doctor_and_init_say_what_a_topic_loses(
    kafka: KafkaRoom, postgres: str, tmp_path: Path, values: dict[str, str], told: dict[str, str], found: str, do: str
) -> None:
    """A topic that is less safe than the settings want is a finding with what to do, and a warning of `init`; before, all is well."""
    commands = write_settings(tmp_path, kafka, postgres)
    assert commands.run("init").returncode == 0
    name = topics.ORDER_SETTLED.topic(kafka.topic_prefix)

    def durability(**environment: str) -> list[dict[str, str]]:
        lines = map(json.loads, commands.run("doctor", "--format", "jsonl", **environment).stdout.splitlines())
        return [line for line in lines if line["check"] == "topic durability"]

    (well,) = durability()
    assert (well["result"], well["found"]) == (
        "ok",
        "1 of 1 brokers have a record, 1 before it is acknowledged, for 168 h; what its one disk loses is lost",
    )
    if values:
        altered(kafka, name, **values)
    environment = {f"CUSTODIAN_KAFKA__{key}": value for key, value in told.items()}
    said = {line["found"]: line for line in durability(**environment)}
    finding = said[f"the topic {found.format(name)}"]
    assert finding["result"] == "finding"
    assert do in finding["do"]
    assert len(said) == 1 if values else all(topic.topic(kafka.topic_prefix) in str(said) for topic in topics.ALL)
    done = commands.run("init", **environment)
    assert done.returncode == 0
    assert f"WARNING    the topic {found.format(name)}; " in done.stderr
