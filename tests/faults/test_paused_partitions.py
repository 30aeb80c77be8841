"""A pause ends with the assignment that it was made for: librdkafka itself would keep it, and the partition would stand still for ever."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing

import pytest
from confluent_kafka import Producer

from pipeline.kafka import BatchConsumer, TopicAdmin
from pipeline.log.topics import ORDER_SETTLED
from pipeline.settings import Kafka
from tests.services import KafkaRoom
from tests.waiting import eventually

Partition = tuple[str, int]


class Member:
    """A consumer of the batch loop's kind, its partitions begun at 0 by `starts` or, as the loop does it, by `begin`."""

    def __init__(self, kafka: Kafka, *, begun_later: bool) -> None:
        self.assigned: set[int] = set()
        self.seen: set[int] = set()
        self._waiting: dict[Partition, int] = {}
        self._begun_later = begun_later
        self.source = BatchConsumer(
            kafka,
            group=f"{kafka.topic_prefix}paused",
            topics=[ORDER_SETTLED.topic(kafka.topic_prefix)],
            session_timeout=6,
            starts=self._starts,
            lost=self._lost,
        )

    def poll(self) -> None:
        """Begin what waits, poll once and note the partitions that records came from."""
        if self._waiting:
            self.source.begin(self._waiting)
            self._waiting = {}
        self.seen |= {record.partition for record in self.source.poll(records_max=100, timeout=0.1)}

    def _starts(self, partitions: Sequence[Partition]) -> dict[Partition, int]:
        self.assigned |= {number for _, number in partitions}
        found = dict.fromkeys(partitions, 0)
        if not self._begun_later:
            return found
        self._waiting |= found
        return {}

    def _lost(self, partitions: Sequence[Partition]) -> None:
        self.assigned -= {number for _, number in partitions}
        for partition in partitions:
            self._waiting.pop(partition, None)


@pytest.mark.parametrize("begun_later", [True, False], ids=["begun later", "begun at once"])
def test_a_partition_that_was_paused_when_it_went_away_is_read_when_it_comes_back(kafka: KafkaRoom, begun_later: bool) -> None:
    """Paused, taken over by another member and given back after the others were resumed, a partition is read again."""
    settings = Kafka(bootstrap_servers=kafka.bootstrap_servers, topic_prefix=kafka.topic_prefix, partitions=2)
    TopicAdmin(settings).ensure_topics([ORDER_SETTLED])
    producer = Producer({"bootstrap.servers": kafka.bootstrap_servers})
    for partition in range(2):
        producer.produce(ORDER_SETTLED.topic(kafka.topic_prefix), value=b"x", partition=partition)
    assert producer.flush(20) == 0
    first = Member(settings, begun_later=begun_later)

    def reads_both() -> bool:
        first.poll()
        return first.seen == {0, 1}

    def shares() -> bool:
        first.poll()
        second.poll()
        return len(first.assigned) == len(second.assigned) == len(second.seen) == 1

    with closing(first.source):
        eventually(reads_both, within=30, what="the only member reads both partitions")
        first.source.pause()
        second = Member(settings, begun_later=begun_later)
        with closing(second.source):
            eventually(shares, within=30, what="the second member reads one of them")
        first.source.resume()
        first.seen.clear()
        first.seen |= first.assigned
        eventually(reads_both, within=30, what="the partition that comes back is read again")
