"""What makes a topic lose records that Kafka has acknowledged, each with what to do."""

from __future__ import annotations

import re

import pytest

from pipeline.kafka import TopicState
from pipeline.log.topic_guard import Durability, fragile, unfit
from pipeline.settings import Kafka
from pipeline.supervisor.preparation import durability, fragile_topics

WANTED = Durability(replicas=3, insync=2, unclean=False, retention_ms=604_800_000)
SOUND = {"min.insync.replicas": "2", "unclean.leader.election.enable": "false", "retention.ms": "604800000"}


@pytest.mark.parametrize(
    ("config", "replicas", "says"),
    [
        ({}, 2, "has 2 replicas, under 3; raise it by kafka-reassign-partitions.sh"),
        ({"min.insync.replicas": "1"}, 3, "has min.insync.replicas=1; run kafka-configs.sh .* min.insync.replicas=2"),
        ({"unclean.leader.election.enable": "true"}, 3, "has unclean.leader.election.enable=true; .*enable=false"),
        ({"retention.ms": "86400000"}, 3, "has retention.ms=86400000; .*retention.ms=604800000"),
    ],
)
def test_what_loses_records_is_said_with_what_to_do(config: dict[str, str], replicas: int, says: str) -> None:
    """One line for each."""
    (line,) = fragile("custody.x.v1", SOUND | config, replicas=replicas, wanted=WANTED)
    assert re.search(says, line), line


@pytest.mark.parametrize("config", [SOUND, {}, SOUND | {"retention.ms": "-1", "min.insync.replicas": "3"}])
def test_what_keeps_records_is_well(config: dict[str, str]) -> None:
    """As wanted, or safer, or not known."""
    assert fragile("custody.x.v1", config, replicas=3, wanted=WANTED) == []


def test_who_wants_unclean_elections_gets_them() -> None:
    """Where the settings say so it is no finding."""
    wanted = Durability(replicas=1, insync=1, unclean=True, retention_ms=0)
    assert fragile("custody.x.v1", SOUND | {"unclean.leader.election.enable": "true"}, replicas=1, wanted=wanted) == []


@pytest.mark.parametrize(("said", "replicas", "insync"), [(-1, 1, 1), (-1, 2, 1), (-1, 3, 2), (-1, 5, 2), (1, 3, 1), (2, 3, 2), (3, 3, 3)])
def test_two_of_three_replicas_have_a_record(said: int, replicas: int, insync: int) -> None:
    """Unless the settings say otherwise; with fewer than three it would stop writing as soon as one broker is away."""
    assert Kafka(min_insync_replicas=said, replication_factor=replicas).insync(replicas) == insync


@pytest.mark.parametrize(
    ("said", "brokers", "asked", "wanted"), [(-1, 1, -1, 1), (-1, 2, -1, 2), (-1, 3, 3, 3), (-1, 7, 3, 3), (2, 7, 2, 2), (1, 3, 1, 1)]
)
def test_a_topic_has_three_replicas_where_there_are_three_brokers(said: int, brokers: int, asked: int, wanted: int) -> None:
    """With fewer the brokers' own word holds, and as many replicas as brokers are wanted; a single one stays usable."""
    kafka = Kafka(replication_factor=said)
    assert kafka.replicas(brokers) == asked
    found = durability(kafka, brokers=brokers)
    assert (found.replicas, found.insync, found.unclean) == (wanted, 2 if wanted == 3 else 1, False)
    assert found.insync <= found.replicas


def test_a_topic_that_nothing_can_be_written_to_is_refused() -> None:
    """More replicas in step than there are: `init` does not take it, and says what to write."""
    said = unfit("custody.x.v1", {"min.insync.replicas": "2"}, replicas=1)
    assert said is not None
    assert re.search("has min.insync.replicas=2 and 1 replicas; run kafka-configs.sh .* min.insync.replicas=1, or give it more", said)
    assert unfit("custody.x.v1", {"min.insync.replicas": "2"}, replicas=2) is None


def test_each_topic_that_loses_records_is_named() -> None:
    """By what the settings want among so many brokers."""
    states = {name: TopicState(name, "id", 6, replicas) for name, replicas in (("a", 3), ("b", 2))}
    configs = {"a": SOUND, "b": SOUND | {"retention.ms": "90000000"}}
    found = fragile_topics(Kafka(), states, configs, brokers=3)
    assert [line.split(";")[0] for line in found] == ["the topic b has 2 replicas, under 3", "the topic b has retention.ms=90000000"]
    assert fragile_topics(Kafka(retention="25h"), states, configs, brokers=2) == []
