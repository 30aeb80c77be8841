"""Everything that knows confluent-kafka: producing with every delivery awaited, consuming in batches from stored positions, topics.

Promises: the producer is idempotent with acks=all and `publish` returns only when the broker has acknowledged every
record; partitions are chosen by murmur2, so that keys land where Faust and the Java client expect them; the consumer never
falls back to the newest record and never commits by itself.
"""

from __future__ import annotations

import logging
import re
import shlex
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal, TypeVar

from confluent_kafka import (
    OFFSET_BEGINNING,
    Consumer,
    ConsumerGroupTopicPartitions,
    IsolationLevel,
    KafkaError,
    KafkaException,
    Message,
    Producer,
    TopicCollection,
    TopicPartition,
)
from confluent_kafka.admin import (
    AclBinding,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ClusterMetadata,
    ConfigResource,
    NewTopic,
    ResourcePatternType,
    ResourceType,
)
from confluent_kafka.error import ProduceError

from pipeline import settings as configuration
from pipeline.errors import FatalError, PipelineError, PoisonRecordError, RetryableError, ServiceAwayError, SettingsError
from pipeline.log.envelope import Headers, Outgoing, Record
from pipeline.log.topic_guard import RECORD_SIZE, truncated, unfit
from pipeline.log.topics import ALL, EventType
from pipeline.transport import weak_kafka

log = logging.getLogger(__name__)

DELIVERY_TIMEOUT_MS = 30_000
"""How long librdkafka may try to deliver one record before `publish` raises; idempotence holds over its own retries."""
KNOWN_WITHIN = 30.0
"""Seconds that a broker may take to hear of topics that were just made."""

Partition = tuple[str, int]
T = TypeVar("T")

_COORDINATOR_COMES = (
    KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
    KafkaError.COORDINATOR_NOT_AVAILABLE,
    KafkaError.NOT_COORDINATOR,
    KafkaError._WAIT_COORD,
    KafkaError._TIMED_OUT,
)
"""A broker that has just started, or took a group over, reads what the group has committed."""


def client_options(kafka: configuration.Kafka) -> dict[str, Any]:
    """Return what every librdkafka client of ours is told."""
    return {
        "bootstrap.servers": kafka.bootstrap_servers,
        "client.id": "custodian",
        # A broker that came back elsewhere is found within seconds, not within five minutes.
        "topic.metadata.refresh.interval.ms": 5_000,
        "reconnect.backoff.max.ms": 2_000,
        "logger": logging.getLogger("librdkafka"),
        **kafka.options(),
    }


def helper_groups(kafka: configuration.Kafka) -> tuple[str, str]:
    """Return the groups of what looks at offsets and times, and at single records; neither is joined, but Kafka wants a name for each."""
    return f"{kafka.topic_prefix}offsets", f"{kafka.topic_prefix}read"


_DENIED = {
    KafkaError.TOPIC_AUTHORIZATION_FAILED: "topic",
    KafkaError.GROUP_AUTHORIZATION_FAILED: "group",
    KafkaError.CLUSTER_AUTHORIZATION_FAILED: "cluster",
}


def denied(kafka: configuration.Kafka, may: str, resource: str, name: str = "") -> SettingsError:
    """Return what is raised when Kafka does not let a login do something: which grant is missing, in Kafka's own words."""
    return SettingsError(
        f"{kafka.login} may not {may} the {resource} {name or 'asked for'}: Kafka denies it; "
        f"grant {may} on it, or what `custodian init --print-acls` prints for this login"
    )


def _of_admin(kafka: configuration.Kafka, error: KafkaError, said: str, may: str, name: str = "") -> PipelineError:
    """Return what is raised when a question to Kafka failed: away, or not allowed."""
    if error.code() in _DENIED:
        return denied(kafka, may, _DENIED[error.code()], name)
    return ServiceAwayError(f"{said}: {error.str()}")


class EventProducer:
    """Produces events and waits until the broker has each of them."""

    def __init__(self, kafka: configuration.Kafka, *, linger_ms: float = 2.0) -> None:
        """`linger_ms`: how long librdkafka waits for company while a batch is handed over; the end of a batch never waits."""
        self._prefix, self._kafka = kafka.topic_prefix, kafka
        self._producer = Producer(
            {
                **client_options(kafka),
                "enable.idempotence": True,
                "acks": "all",
                "partitioner": "murmur2_random",
                "linger.ms": linger_ms,
                "delivery.timeout.ms": DELIVERY_TIMEOUT_MS,
                "queue.buffering.max.messages": 200_000,
                "queue.buffering.max.kbytes": 262_144,
                "message.max.bytes": RECORD_SIZE,
            }
        )

    def publish(self, events: Sequence[Outgoing]) -> None:
        """Produce events and return when each is acknowledged.

        Raise ServiceAwayError when the broker did not take all of them in time (some may have arrived: produce them again, their ids are
        derived), FatalError when the producer itself is broken, SettingsError when our login may not write there.
        """
        self.publish_records(
            (event.envelope.kind.topic(self._prefix), event.key.encode(), event.value, event.headers()) for event in events
        )

    def publish_records(self, records: Iterable[tuple[str, bytes | None, bytes, Headers]]) -> None:
        """Produce records given as topic, key, value, headers; raise as `publish` does."""
        outcome = _Outcome()
        for topic, key, value, headers in records:
            outcome.open += 1
            self._produce(topic, key, value, headers, outcome)
        deadline = time.monotonic() + DELIVERY_TIMEOUT_MS / 1000 + 5
        while outcome.open:
            # Flushing, unlike polling, ends the linger: no company comes now. It waits for records of other threads too, hence the limit.
            self._producer.flush(0.02)
            if time.monotonic() > deadline:
                raise ServiceAwayError(f"Kafka did not acknowledge {outcome.open} records within {DELIVERY_TIMEOUT_MS // 1000} s")
        if outcome.error is not None:
            if outcome.error.code() in _DENIED:
                raise denied(self._kafka, "Write", _DENIED[outcome.error.code()], outcome.topic)
            _raise_produce_error(outcome.error)

    def _produce(self, topic: str, key: bytes | None, value: bytes, headers: Headers, outcome: _Outcome) -> None:
        while True:
            try:
                self._producer.produce(topic, value, key, headers=headers, on_delivery=outcome.note)
            except BufferError:  # the local queue is full: let deliveries happen
                self._producer.poll(0.01)
            except (KafkaException, ProduceError) as error:
                outcome.open -= 1
                outcome.error, outcome.topic = outcome.error or error.args[0], outcome.topic or topic
                return
            else:
                return

    def close(self) -> None:
        """Let go of the connection; nothing is left to flush, since `publish` waits."""
        self._producer.flush(1)


class _Outcome:
    """Counts deliveries of one `publish`."""

    __slots__ = ("error", "open", "topic")

    def __init__(self) -> None:
        self.open = 0
        self.error: KafkaError | None = None
        self.topic = ""
        """Of the record that met it."""

    def note(self, error: KafkaError | None, message: Message) -> None:
        self.open -= 1
        if error is not None and self.error is None:
            self.error, self.topic = error, message.topic() or ""


def _raise_produce_error(error: KafkaError) -> None:
    if error.code() in (KafkaError.MSG_SIZE_TOO_LARGE, KafkaError.INVALID_MSG_SIZE):
        raise PoisonRecordError(f"Kafka refuses a record of that size: {error.str()}")
    if error.fatal():
        raise FatalError(f"the Kafka producer is broken and has to start anew: {error.str()}")
    raise ServiceAwayError(f"Kafka did not take a record: {error.str()}")


class BatchConsumer:
    """Consumes the assigned partitions in batches, each from the position that the caller stores."""

    def __init__(
        self,
        kafka: configuration.Kafka,
        *,
        group: str,
        topics: Sequence[str],
        session_timeout: float,
        starts: Callable[[Sequence[Partition]], Mapping[Partition, int]],
        lost: Callable[[Sequence[Partition]], None],
        instance_id: str | None = None,
        linger: float = 0.0,
    ) -> None:
        """`starts` tells the stored position of newly assigned partitions; `lost` hears which ones are gone. Both run inside `poll`.

        `linger`: seconds that `poll` waits for company after the first record, unless the batch is full before.

        A partition that `starts` leaves out is fetched only from `begin` on: so a caller whose store is away need not wait inside `poll`.
        """
        self._kafka, self._group = kafka, group
        self._starts, self._lost, self._linger = starts, lost, linger
        self._failure: BaseException | None = None
        options = {
            **client_options(kafka),
            "group.id": group,
            "enable.auto.commit": False,
            "enable.auto.offset.store": False,
            "auto.offset.reset": "error",
            "isolation.level": "read_committed",
            "partition.assignment.strategy": "cooperative-sticky",
            "session.timeout.ms": int(session_timeout * 1000),
            "heartbeat.interval.ms": max(200, int(session_timeout * 1000 / 3)),
            "max.poll.interval.ms": 300_000,
            "fetch.wait.max.ms": 250,
            "fetch.queue.backoff.ms": 5,
            "queued.max.messages.kbytes": 32_768,
            "enable.partition.eof": False,
        }
        if instance_id is not None:
            options["group.instance.id"] = instance_id
        self._consumer = Consumer(options)
        self._consumer.subscribe(list(topics), on_assign=self._assigned, on_revoke=self._revoked, on_lost=self._revoked)

    def poll(self, *, records_max: int, timeout: float) -> list[Record]:
        """Return up to `records_max` records, waiting at most `timeout` seconds for the first.

        Raise TopicTruncatedError when a position is out of the topic's range (truncated or replaced), FatalError when the client is broken,
        SettingsError when our login may not read, and whatever `starts` raised.
        """
        # Two calls, because `consume` waits out its timeout unless the batch is full: the first record would be late by it.
        first = self._consumer.poll(timeout)
        polled = [] if first is None else [first]
        if polled and records_max > 1:
            polled += self._consumer.consume(records_max - 1, self._linger)
        if self._failure is not None:
            failure, self._failure = self._failure, None
            raise failure
        records = []
        for message in polled:
            error = message.error()
            if error is None:
                records.append(_record(message))
            else:
                _judge_consumer_error(error, message, self._kafka, self._group)
        return records

    def begin(self, offsets: Mapping[Partition, int]) -> None:
        """Fetch assigned partitions that `starts` left out, each from its offset."""
        self._fetch([TopicPartition(t, p, offset) for (t, p), offset in offsets.items()])

    def leave(self, partitions: Sequence[Partition]) -> None:
        """Fetch nothing more of these partitions until `begin`; the group membership has them still."""
        self._consumer.incremental_unassign([TopicPartition(t, p) for t, p in partitions])

    def _fetch(self, partitions: list[TopicPartition]) -> None:
        self._consumer.incremental_assign(partitions)
        # librdkafka keeps a pause beyond the assignment: what went away while it was paused would stand still for ever when it comes back.
        self._consumer.resume(partitions)

    def _assigned(self, _: Consumer, partitions: list[TopicPartition]) -> None:
        started = []
        try:
            starts = self._starts([(p.topic, p.partition) for p in partitions])
            started = [TopicPartition(t, p, offset) for (t, p), offset in starts.items()]
        except BaseException as failure:  # an exception cannot cross librdkafka's callback: poll raises it
            self._failure = failure
        self._fetch(started)

    def _revoked(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        self._lost([(p.topic, p.partition) for p in partitions])
        fetched = {(p.topic, p.partition) for p in consumer.assignment()}
        consumer.incremental_unassign([p for p in partitions if (p.topic, p.partition) in fetched])

    def seek(self, partition: Partition, offset: int) -> None:
        """Go back (or on) to an offset of an assigned partition."""
        self._consumer.seek(TopicPartition(partition[0], partition[1], offset))

    def pause(self) -> None:
        """Stop fetching while the group membership is kept alive by `poll`."""
        self._consumer.pause(self._consumer.assignment())

    def resume(self) -> None:
        """Fetch again."""
        self._consumer.resume(self._consumer.assignment())

    def hint(self, next_offsets: Mapping[Partition, int]) -> None:
        """Tell Kafka the positions, for its lag tools only: an error is logged and changes nothing."""
        try:
            self._consumer.commit(offsets=[TopicPartition(t, p, offset) for (t, p), offset in next_offsets.items()], asynchronous=True)
        except KafkaException as error:
            log.info("the offset hint was not taken", extra={"reason": str(error.args[0])})

    def close(self) -> None:
        """Leave the group."""
        self._consumer.close()


def _record(message: Message) -> Record:
    _, timestamp_ms = message.timestamp()
    return Record(
        topic=message.topic() or "",
        partition=message.partition() or 0,
        offset=message.offset() or 0,
        key=message.key(),
        value=message.value() or b"",
        headers=message.headers() or [],
        timestamp_ms=timestamp_ms,
    )


def _judge_consumer_error(error: KafkaError, message: Message, kafka: configuration.Kafka, group: str) -> None:
    if error.code() in _DENIED:
        resource = _DENIED[error.code()]
        raise denied(kafka, "Read", resource, group if resource == "group" else message.topic() or "")
    if error.code() in (KafkaError._AUTO_OFFSET_RESET, KafkaError.OFFSET_OUT_OF_RANGE):
        raise truncated(message.topic() or "", message.partition() or 0)
    # What `poll` hands out of a broken client has the code _FATAL and, wrapped so, no longer says by itself that it is fatal.
    if error.fatal() or error.code() == KafkaError._FATAL:
        twice = (
            "; another worker has the same engine.group_instance_id: give each host its own" if "group.instance.id" in error.str() else ""
        )
        raise FatalError(f"the Kafka consumer is broken and has to start anew: {error.str()}{twice}")
    log.warning("Kafka reports a passing error", extra={"reason": error.str()})


@dataclass(frozen=True, slots=True)
class TopicState:
    """What the broker says about a topic."""

    name: str
    topic_id: str
    partitions: int
    replicas: int = 1
    """Of the partition that has the fewest."""


class TopicAdmin:
    """Makes and describes topics, tells offsets."""

    def __init__(self, kafka: configuration.Kafka) -> None:
        """Raise SettingsError when librdkafka does not understand `kafka.client` or the addresses."""
        self._kafka = kafka
        # The client knows this list and not us: it is no part of Python's garbage collection, so a circle would keep its sockets for ever.
        self._refused: list[str] = []
        try:
            self._admin = AdminClient({**client_options(kafka), "error_cb": partial(_note_refusal, self._refused)})
        except (KafkaException, ValueError) as error:
            said = error.args[0].str() if isinstance(error, KafkaException) else str(error)
            raise SettingsError(f"kafka.client: librdkafka does not take it: {said}; correct the key or its value") from None

    def check_connection(self, *, timeout: float) -> str:
        """Return the cluster's id; raise ServiceAwayError naming the servers when none answers within `timeout` seconds.

        Raise SettingsError when the brokers name themselves otherwise than the settings do, and the way there is weak.
        """
        metadata = self._metadata(timeout)
        advertised = ",".join(f"[{broker.host}]:{broker.port}" for broker in metadata.brokers.values())
        if not self._kafka.insecure and (weakness := weak_kafka(advertised, self._kafka.client)) is not None:
            raise SettingsError(f"kafka: this is where the brokers send clients to (advertised.listeners): {weakness}")
        return str(metadata.cluster_id)

    def brokers(self, *, timeout: float) -> list[tuple[str, int]]:
        """Return host and port of each broker as it names itself; raise ServiceAwayError."""
        return sorted((broker.host, broker.port) for broker in self._metadata(timeout).brokers.values())

    def _metadata(self, timeout: float) -> ClusterMetadata:
        try:
            return self._admin.list_topics(timeout=timeout)
        except KafkaException as error:
            self._admin.poll(0)  # lets librdkafka say what it met meanwhile
            at = f"kafka.bootstrap_servers = {self._kafka.bootstrap_servers}"
            if self._refused:
                raise ServiceAwayError(
                    f"Kafka and we do not come to terms at {at} ({self._refused[0]}); correct ssl.* and sasl.* of kafka.client, "
                    "or the broker"
                ) from None
            raise ServiceAwayError(
                f"Kafka does not answer at {at} ({error.args[0].str()}); start it (`custodian dev up`) or correct the setting"
            ) from None

    def ensure_topics(self, kinds: Sequence[EventType] = ALL) -> list[str]:
        """Make the topics that are missing and check the others; return the names of those made.

        Raise SettingsError when a topic has another number of partitions, or settings that break a promise (`topic_guard.unfit`), such as
        compaction (order per intent would be lost, or offsets would have holes), or when our login may not make topics;
        ServiceAwayError when the broker does not know in time what was made.
        """
        names = [kind.topic(self._kafka.topic_prefix) for kind in kinds]
        present = self.describe(names)
        self._check(present)
        missing = [name for name in names if name not in present]
        if not missing:
            return []
        made = self._make(missing)
        self._check(self._known(missing))
        return made

    def _check(self, present: Mapping[str, TopicState]) -> None:
        for state in present.values():
            if state.partitions != self._kafka.partitions:
                raise SettingsError(
                    f"kafka.partitions: found {self._kafka.partitions}, but the topic {state.name} has {state.partitions}; "
                    f"write {state.partitions} (partitions of topics in use cannot be changed: an intent's records would leave their order)"
                )
        for name, config in sorted(self.configs(list(present)).items()):
            if (wrong := unfit(name, config, replicas=present[name].replicas)) is not None:
                raise SettingsError(wrong)

    def _make(self, missing: Sequence[str]) -> list[str]:
        """Make topics and return those made: another may have made some by now, or the broker that was asked had not heard of them yet."""
        replicas = self._kafka.replicas(len(self.brokers(timeout=10)))
        options = {
            "cleanup.policy": "delete",
            "retention.ms": str(int(self._kafka.retention * 1000)),
            "message.timestamp.type": "CreateTime",
            "unclean.leader.election.enable": str(self._kafka.unclean_leader_election).lower(),
        }
        if replicas > 0:  # else the brokers know how many there will be
            options["min.insync.replicas"] = str(self._kafka.insync(replicas))
        wanted = [NewTopic(name, self._kafka.partitions, replicas, config=options) for name in missing]
        made = []
        for name, future in self._admin.create_topics(wanted).items():
            try:
                future.result(30)
                made.append(name)
            except KafkaException as error:
                if error.args[0].code() in _DENIED:
                    raise denied(self._kafka, "Create", "topic", name) from None
                if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                    raise SettingsError(f"the topic {name} cannot be made: {error.args[0].str()}") from None
        return made

    def _known(self, names: Sequence[str]) -> dict[str, TopicState]:
        """Return these topics once the broker knows them all: one that is busy hears of a topic some time after it was made."""
        deadline = time.monotonic() + KNOWN_WITHIN
        while len(found := self.describe(names)) < len(names):
            if time.monotonic() > deadline:
                lost = ", ".join(sorted(set(names) - found.keys()))
                raise ServiceAwayError(f"Kafka has made topics and does not know them after {KNOWN_WITHIN:g} s: {lost}; try again")
            time.sleep(0.1)
        return found

    def describe(self, names: Sequence[str], *, timeout: float = 10) -> dict[str, TopicState]:
        """Return the id and partition count of those topics that exist; raise ServiceAwayError."""
        if not names:
            return {}
        states = {}
        for name, future in self._admin.describe_topics(TopicCollection(list(names)), request_timeout=timeout).items():
            try:
                described = future.result(timeout + 5)
                replicas = min((len(partition.replicas) for partition in described.partitions), default=0)
                states[name] = TopicState(name, str(described.topic_id), len(described.partitions), replicas)
            except KafkaException as error:
                if error.args[0].code() != KafkaError.UNKNOWN_TOPIC_OR_PART:
                    said = f"Kafka does not describe the topic {name}"
                    raise _of_admin(self._kafka, error.args[0], said, "Describe", name) from None
        return states

    def configs(self, names: Sequence[str], *, timeout: float = 10) -> dict[str, dict[str, str]]:
        """Return the settings of topics that exist; none of a topic whose settings we may not see. Raise ServiceAwayError."""
        found = {}
        asked = [ConfigResource(ConfigResource.Type.TOPIC, name) for name in names]
        for resource, future in (self._admin.describe_configs(asked, request_timeout=timeout) if asked else {}).items():
            try:
                found[resource.name] = {name: str(entry.value) for name, entry in future.result(timeout + 5).items()}
            except KafkaException as error:
                if error.args[0].code() not in (KafkaError.TOPIC_AUTHORIZATION_FAILED, KafkaError.UNKNOWN_TOPIC_OR_PART):
                    raise ServiceAwayError(f"Kafka does not tell the settings of {resource.name}: {error.args[0].str()}") from None
                log.warning("the settings of a topic cannot be seen", extra={"topic": resource.name, "reason": error.args[0].str()})
        return found

    def offsets(self, partitions: Sequence[Partition], *, timeout: float = 10) -> dict[Partition, tuple[int, int]]:
        """Return the first and the next offset of each partition; raise ServiceAwayError."""
        consumer = Consumer({**client_options(self._kafka), "group.id": helper_groups(self._kafka)[0], "enable.auto.commit": False})
        try:
            return {(t, p): consumer.get_watermark_offsets(TopicPartition(t, p), timeout=timeout) for t, p in partitions}
        except KafkaException as error:
            raise _of_admin(self._kafka, error.args[0], "Kafka does not tell offsets", "Describe") from None
        finally:
            consumer.close()

    def ends(self, partitions: Sequence[Partition], *, timeout: float = 10) -> dict[Partition, int]:
        """Return the next offset of each partition in one request; raise ServiceAwayError."""
        from confluent_kafka.admin import OffsetSpec

        asked = {TopicPartition(t, p): OffsetSpec.latest() for t, p in partitions}
        try:
            # What a transaction has not committed yet is not there yet: nobody stands still before it.
            isolation = IsolationLevel.READ_COMMITTED
            answered = self._admin.list_offsets(asked, request_timeout=timeout, isolation_level=isolation) if asked else {}
            return {(tp.topic, tp.partition): future.result(timeout + 5).offset for tp, future in answered.items()}
        except KafkaException as error:
            raise _of_admin(self._kafka, error.args[0], "Kafka does not tell offsets", "Describe") from None

    def committed(self, group: str, partitions: Iterable[Partition], *, within: float = 30) -> dict[Partition, int]:
        """Return the offsets that a consumer group has committed of these partitions; those of which it has committed nothing are left out.

        Raise ServiceAwayError when nobody tells within so many seconds, SettingsError when our login may not ask.

        Asked by a consumer that never joins: librdkafka's admin client (2.16) reads a null pointer, and takes the process with it, when the
        broker that it asks does not coordinate the group (any more).
        """
        asked = [TopicPartition(topic, number) for topic, number in partitions]
        consumer = Consumer({**client_options(self._kafka), "group.id": group, "enable.auto.commit": False})
        try:
            answered = _once_it_coordinates(lambda: _committed(consumer, asked), within)
        except KafkaException as error:
            raise _of_admin(self._kafka, error.args[0], f"Kafka does not tell what {group} has committed", "Describe", group) from None
        finally:
            consumer.close()
        return {(tp.topic, tp.partition): tp.offset for tp in answered if tp.offset >= 0}

    def begin_anew(self, group: str, partitions: Iterable[Partition], *, timeout: float = 10, within: float = 30) -> None:
        """Let a group that has no members have committed 0 of these partitions: what it had committed was of topics that are no more.

        Raise RetryableError while the group has members, ServiceAwayError when Kafka does not do it within so many seconds, SettingsError
        when our login may not.
        """
        places = [TopicPartition(topic, number, 0) for topic, number in partitions]
        wanted, topics = ConsumerGroupTopicPartitions(group, places), ", ".join(sorted({place.topic for place in places}))

        def ask() -> None:
            (asked,) = self._admin.alter_consumer_group_offsets([wanted], request_timeout=timeout).values()
            for place in asked.result(timeout + 5).topic_partitions:
                if place.error is not None:
                    raise KafkaException(place.error)

        try:
            _once_it_coordinates(ask, within)
        except KafkaException as error:
            if error.args[0].code() in (KafkaError.UNKNOWN_MEMBER_ID, KafkaError.NON_EMPTY_GROUP):
                raise RetryableError(
                    f"the consumer group {group} has members: stop the roles that read the topic on every host, and try again; Kafka "
                    "forgets one that was killed after engine.session_timeout"
                ) from None
            name = group if error.args[0].code() == KafkaError.GROUP_AUTHORIZATION_FAILED else topics
            raise _of_admin(self._kafka, error.args[0], f"Kafka does not let {group} begin anew", "Read", name) from None


def _note_refusal(said: list[str], error: KafkaError) -> None:
    """Keep why TLS or the login failed: what is raised later says only that nobody answered."""
    if error.code() in (KafkaError._SSL, KafkaError._AUTHENTICATION):
        said[:] = [error.str()]


def _committed(consumer: Consumer, asked: list[TopicPartition]) -> list[TopicPartition]:
    """Ask once what the consumer's group has committed; raise KafkaException, with what the broker said against it where it spoke."""
    try:
        answered: list[TopicPartition] = consumer.committed(asked, timeout=5)
    except KafkaException:
        message = consumer.poll(0)
        if message is not None and (refusal := message.error()) is not None and refusal.code() in _DENIED:
            raise KafkaException(refusal) from None
        raise
    for place in answered:
        if place.error is not None:
            raise KafkaException(place.error)
    return answered


def _once_it_coordinates(ask: Callable[[], T], within: float) -> T:
    """Ask about a group until its broker knows it, within so many seconds; raise KafkaException."""
    deadline = time.monotonic() + within
    while True:
        try:
            return ask()
        except KafkaException as error:
            if error.args[0].code() not in _COORDINATOR_COMES or time.monotonic() > deadline:
                raise
        time.sleep(0.2)


class RecordTimes:
    """Tells when the records at given offsets were produced; keeps one small client open."""

    def __init__(self, kafka: configuration.Kafka) -> None:
        """Connect to nothing yet."""
        options = {
            "group.id": helper_groups(kafka)[0],
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
            "enable.partition.eof": True,
        }
        # One record of each partition is looked at: what comes with it is not kept.
        self._consumer = Consumer({**client_options(kafka), **options, "queued.max.messages.kbytes": 64, "fetch.message.max.bytes": 16_384})

    def at(self, places: Mapping[Partition, int], *, within: float) -> dict[Partition, int]:
        """Return the time stamps (milliseconds) of the first records at or behind offsets, of those partitions that answer in time."""
        found: dict[Partition, int] = {}
        answered: set[Partition] = set()
        ends_at = time.monotonic() + within
        self._consumer.assign([TopicPartition(topic, partition, offset) for (topic, partition), offset in places.items()])
        while answered < places.keys() and (left := ends_at - time.monotonic()) > 0:
            message = self._consumer.poll(left)
            if message is None:
                break
            place = (str(message.topic()), int(message.partition() or 0))
            ahead = int(message.offset() or 0) >= places[place]  # a place behind the end of the log leads back to its beginning
            if message.error() is None and ahead and place not in answered and message.timestamp()[1] > 0:
                found[place] = message.timestamp()[1]
            answered.add(place)
        self._consumer.unassign()
        return found

    def close(self) -> None:
        """Let go of the client."""
        self._consumer.close()


def all_records(kafka: configuration.Kafka, topic: str, *, within: float = 60) -> list[Record]:
    """Return all committed records that a topic of few still has; raise ServiceAwayError when they do not come within so many seconds."""
    group = helper_groups(kafka)[1]
    options = {"group.id": group, "enable.auto.commit": False, "auto.offset.reset": "error", "isolation.level": "read_committed"}
    consumer = Consumer({**client_options(kafka), **options, "enable.partition.eof": True})
    left, found, deadline = set(range(kafka.partitions)), [], time.monotonic() + within
    try:
        consumer.assign([TopicPartition(topic, number, OFFSET_BEGINNING) for number in left])
        while left:
            if time.monotonic() > deadline:
                raise ServiceAwayError(f"Kafka does not hand over the records of {topic} within {within:g} s")
            for message in consumer.consume(1000, 0.2):
                error = message.error()
                if error is None:
                    found.append(_record(message))
                elif error.code() == KafkaError._PARTITION_EOF:
                    left.discard(message.partition())
                else:
                    _judge_consumer_error(error, message, kafka, group)
    except KafkaException as error:
        raise ServiceAwayError(f"Kafka does not hand over the records of {topic}: {error.args[0].str()}") from None
    finally:
        consumer.close()
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What a principal may do with topics, or with groups."""

    principal: str
    resource: Literal["topic", "group"]
    names: tuple[str, ...]
    operations: tuple[str, ...]
    """As Kafka spells them: Read, Write, Create, Describe, DescribeConfigs."""

    def command(self, servers: str) -> str:
        """Return the command of Kafka's own tool that grants it."""
        words = ["kafka-acls.sh", "--bootstrap-server", servers, "--command-config", "admin.properties", "--add"]
        words += ["--allow-principal", self.principal]
        words += [word for operation in self.operations for word in ("--operation", operation)]
        words += [word for name in self.names for word in (f"--{self.resource}", name)]
        return shlex.join(words)


def grant(kafka: configuration.Kafka, grants: Sequence[Grant]) -> None:
    """Grant, as a principal that may; raise ServiceAwayError."""
    admin = AdminClient(client_options(kafka))
    bindings = [
        AclBinding(
            ResourceType[each.resource.upper()],
            name,
            ResourcePatternType.LITERAL,
            each.principal,
            "*",
            AclOperation[re.sub(r"(?<!^)(?=[A-Z])", "_", operation).upper()],
            AclPermissionType.ALLOW,
        )
        for each in grants
        for name in each.names
        for operation in each.operations
    ]
    for future in admin.create_acls(bindings).values():
        try:
            future.result(30)
        except KafkaException as error:
            raise ServiceAwayError(f"Kafka does not take the grants: {error.args[0].str()}") from None


def read_record(kafka: configuration.Kafka, topic: str, partition: int, offset: int, *, timeout: float = 10) -> Record | None:
    """Return one record by its coordinates, or None when Kafka no longer has it."""
    consumer = Consumer(
        {**client_options(kafka), "group.id": helper_groups(kafka)[1], "enable.auto.commit": False, "auto.offset.reset": "error"}
    )
    try:
        consumer.assign([TopicPartition(topic, partition, offset)])
        message = consumer.poll(timeout)
        if message is None or message.error() is not None or message.offset() != offset:
            return None
        return _record(message)
    finally:
        consumer.close()
