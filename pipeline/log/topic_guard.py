"""The topic guard: whether Kafka's topics are still those that positions were stored for, in id and in number of partitions.

A topic that was made anew has other records under the same offsets. A topic that was given more partitions sends the keys elsewhere: a
record of an intent can then overtake an earlier one that nobody has read yet, and two workers can have one intent at once. Neither can be
read on; both are told by what stands beside the positions, not by settings, which may have been changed along with the topic.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from msgspec.structs import replace

from pipeline.errors import TopicRepartitionedError, TopicReplacedError, TopicTruncatedError
from pipeline.log.envelope import Record


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredTopic:
    """What a consumer's positions say about a topic."""

    topic_ids: frozenset[str]
    """The ids that they were stored for; one, unless somebody wrote into them."""
    partitions: int
    """How many partitions have a position."""


class PresentTopic(Protocol):
    """What Kafka says about a topic."""

    @property
    def topic_id(self) -> str:
        """Return Kafka's id of the topic (KIP-516)."""
        ...

    @property
    def partitions(self) -> int:
        """Return how many partitions it has."""
        ...


def check_topics(consumer: str, stored: Mapping[str, StoredTopic], present: Mapping[str, PresentTopic]) -> None:
    """Raise TopicReplacedError or TopicRepartitionedError for the first topic that is another one; one that Kafka lacks is replaced too."""
    for topic, known in sorted(stored.items()):
        found = present[topic].topic_id if topic in present else "none"
        if others := known.topic_ids - {found}:
            raise TopicReplacedError(
                f"topic_replaced: {consumer} has positions of {topic} with the id {min(others)}, but Kafka has id {found}: "
                "it was deleted or made anew; nothing is read until a person has decided where to go on (infra/runbooks/topic_replaced.md)"
            )
        if present[topic].partitions != known.partitions:
            raise TopicRepartitionedError(
                f"topic_repartitioned: {topic} has {present[topic].partitions} partitions, but {consumer} has positions of "
                f"{known.partitions}: since the change Kafka puts an intent's records into another partition, where they can overtake "
                "earlier ones; nothing is read until a person has looked. Stop whoever writes to the topic, then follow "
                "infra/runbooks/topic_repartitioned.md; `custodian init` does not take the new number either"
            )


class OfEpoch(Protocol):
    """A stored position, as far as it says which topic of its name it is of."""

    @property
    def epoch(self) -> int:
        """Return how often a topic of that name was made, with this one."""
        ...


class Epochs:
    """Which topic of each name a worker reads, for all its life, put on the records that it read."""

    def __init__(self) -> None:
        self._known: dict[str, int] = {}
        self._later: dict[str, int] = {}  # without those that were never made anew: their records are right as they are

    def learn(self, stored: Mapping[tuple[str, int], OfEpoch]) -> None:
        """Learn from the positions of partitions that begin; raise TopicReplacedError when a topic was renewed since this worker began."""
        for (topic, _), position in stored.items():
            known = self._known.setdefault(topic, position.epoch)
            if known != position.epoch:
                raise TopicReplacedError(
                    f"topic_replaced: {topic} was made anew and renewed (epoch {position.epoch}) while this worker read epoch {known} of "
                    "it: what it has read is of no use; a new worker reads the new topic"
                )
        self._later = {topic: epoch for topic, epoch in self._known.items() if epoch > 1}

    def stamped(self, records: Sequence[Record]) -> Sequence[Record]:
        """Return records as of the epochs that their topics have."""
        later = self._later
        return [replace(one, epoch=later[one.topic]) if one.topic in later else one for one in records] if later else records


RECORD_SIZE = 1_048_576
"""Bytes of the largest record that we produce; dead letters are cut to it."""
RETENTION_MIN_MS = 24 * 3600 * 1000
"""What a consumer may be away for at least; `init` makes topics that keep seven days."""


def unfit(topic: str, config: Mapping[str, str], *, replicas: int | None = None) -> str | None:
    """Say which setting of a topic breaks a promise, and what to write; None when none does. What is not known is well."""
    if (policy := config.get("cleanup.policy", "delete")) != "delete":
        why = "compaction removes records that nobody has read yet, and offsets would have holes"
        return f"the topic {topic} has cleanup.policy={policy}; {_alter(topic, 'cleanup.policy=delete')}: {why}"
    if int(config.get("max.message.bytes", RECORD_SIZE)) < RECORD_SIZE:
        why = "an event or a dead letter of that size ends the role that has to write it"
        found = f"the topic {topic} has max.message.bytes={config['max.message.bytes']}, under {RECORD_SIZE}"
        return f"{found}; {_alter(topic, f'max.message.bytes={RECORD_SIZE + 12}')}: {why}"
    retention = int(config.get("retention.ms", -1))
    if 0 <= retention < RETENTION_MIN_MS:
        why = "records are gone before a consumer that was away for a day has read them"
        return f"the topic {topic} has retention.ms={retention}; {_alter(topic, 'retention.ms=604800000')}: {why}"
    if int(config.get("retention.bytes", -1)) >= 0:
        why = "a burst pushes out records that nobody has read yet; retention is by time"
        return f"the topic {topic} has retention.bytes={config['retention.bytes']}; {_alter(topic, 'retention.bytes=-1')}: {why}"
    if replicas is not None and int(config.get("min.insync.replicas", 1)) > replicas:
        why = "so Kafka takes no record"
        found = f"the topic {topic} has min.insync.replicas={config['min.insync.replicas']} and {replicas} replicas"
        return f"{found}; {_alter(topic, f'min.insync.replicas={replicas}')}, or give it more replicas: {why}"
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Durability:
    """What a topic has to be like, so that what Kafka has acknowledged is not lost with one broker."""

    replicas: int
    insync: int
    unclean: bool
    retention_ms: int


def fragile(topic: str, config: Mapping[str, str], *, replicas: int, wanted: Durability) -> list[str]:
    """Say what makes a topic lose records that others would keep, each with what to do. A setting that is not known is well."""
    found = []
    if replicas < wanted.replicas:
        do = "raise it by kafka-reassign-partitions.sh, and write kafka.replication_factor"
        found.append(f"the topic {topic} has {replicas} replicas, under {wanted.replicas}; {do}")
    if (insync := int(config.get("min.insync.replicas", wanted.insync))) < wanted.insync:
        found.append(f"the topic {topic} has min.insync.replicas={insync}; {_alter(topic, f'min.insync.replicas={wanted.insync}')}")
    if config.get("unclean.leader.election.enable") == "true" and not wanted.unclean:
        found.append(f"the topic {topic} has unclean.leader.election.enable=true; {_alter(topic, 'unclean.leader.election.enable=false')}")
    if 0 <= (retention := int(config.get("retention.ms", -1))) < wanted.retention_ms:
        found.append(f"the topic {topic} has retention.ms={retention}; {_alter(topic, f'retention.ms={wanted.retention_ms}')}")
    return found


def _alter(topic: str, setting: str) -> str:
    return f"run kafka-configs.sh --alter --entity-type topics --entity-name {topic} --add-config {setting}"


def truncated(topic: str, partition: int) -> TopicTruncatedError:
    """Return what an engine raises when Kafka says that it does not have the stored position."""
    return TopicTruncatedError(
        f"topic_truncated: the stored position of {topic}[{partition}] is outside what Kafka still has: "
        "the topic was truncated or replaced; nothing is skipped, a person has to look"
    )
