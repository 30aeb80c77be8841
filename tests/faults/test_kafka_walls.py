"""A Kafka that lets nobody in without a login and denies what nobody granted: each role does its work with its own, and nothing else."""

from __future__ import annotations

import contextlib
import itertools
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Consumer, ConsumerGroupTopicPartitions, KafkaError, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import (
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewPartitions,
    NewTopic,
    ResourcePatternType,
    ResourceType,
)

from infra.embedded.kafka import ADMIN
from infra.embedded.services import LOGINS
from pipeline.errors import SettingsError
from pipeline.kafka import BatchConsumer, EventProducer, TopicAdmin, all_records, grant
from pipeline.log import topics
from pipeline.log.codec import decode
from pipeline.log.topics import ALL, EventType
from pipeline.settings import Kafka, Settings
from pipeline.supervisor.acls import access, grants
from pipeline.supervisor.preparation import CONSUMERS
from pipeline.testing.orders import outgoing, settled_record
from pipeline.testing.questions import question
from schemas.accepting import DecisionMade
from tests.faults.test_accepting import PATIENT, accepting_rig
from tests.faults.test_kills import ENGINES
from tests.integration.test_external_risk_engine import answered, external_engine, key_pair
from tests.integration.test_external_risk_engine import outgoing as question_asked
from tests.rig import ROOT, Rig, running_rig
from tests.services import KafkaRoom, dsn_with_password, embedded_for_this_run
from tests.waiting import eventually

WHY = ("--as", "first person", "--reason", "a try")
GROUPS = (*CONSUMERS, "offsets", "read", "somebody-else")


@dataclass(frozen=True, slots=True, kw_only=True)
class Walled:
    """A Kafka with logins, and a PostgreSQL."""

    bootstrap_servers: str
    dsn: str
    passwords: Mapping[str, Path]
    log: Path

    def client(self, login: str, **more: Any) -> dict[str, Any]:
        """Return what a client with a login is told."""
        return {
            "bootstrap.servers": self.bootstrap_servers,
            "security.protocol": "SASL_PLAINTEXT",
            "sasl.mechanism": "PLAIN",
            "sasl.username": login,
            "sasl.password": self.passwords[login].read_text().strip(),
            **more,
        }

    def settings(self) -> str:
        """Return the part of custodian.toml that gives each role its login."""
        text = '[kafka.client]\n"security.protocol" = "SASL_PLAINTEXT"\n"sasl.mechanism" = "PLAIN"\n'
        for login, role in LOGINS.items():
            text += f'[kafka.roles.{role}]\npassword_file = "{self.passwords[login]}"\nclient = {{ "sasl.username" = "{login}" }}\n'
        return text

    def denials(self) -> list[str]:
        """Return what the broker says that it denied."""
        return [line for line in self.log.read_text().splitlines() if " is Denied " in line]


@pytest.fixture
def walled() -> Iterator[Walled]:
    """Give services of this test alone."""
    with embedded_for_this_run(secure=True) as (embedded, addresses):
        yield Walled(
            bootstrap_servers=addresses.bootstrap_servers,
            dsn=dsn_with_password(addresses.postgres_dsn, addresses.password_file),
            passwords=addresses.kafka_passwords,
            log=embedded.status()[0].log,
        )


@pytest.fixture
def walled_rig(walled: Walled, tmp_path: Path) -> Iterator[Callable[..., Rig]]:
    """Give what makes the one rig of this test."""
    with contextlib.ExitStack() as ends:

        def make(**options: Any) -> Rig:
            rig = running_rig(
                bootstrap_servers=walled.bootstrap_servers, topic_prefix="custody.", dsn=walled.dsn, folder=tmp_path, **options
            )
            return ends.enter_context(rig)

        yield make


@pytest.mark.parametrize("engine", ENGINES)
def test_every_role_does_its_work_with_its_own_login(walled_rig: Callable[..., Rig], walled: Walled, engine: str) -> None:
    """Orders are decided, accepted, settled, booked and archived, and people act, while Kafka denies nothing that anybody asks for."""
    rig = accepting_rig(walled_rig, seed=231, world=PATIENT, more=walled.settings())
    rig.custodian("init")
    up = rig.up(CUSTODIAN_ENGINE__KIND=engine)
    rig.traffic(8, within=120)
    rig.custodian("halt", *WHY)
    intent = rig.settled_at_venue()[0]["intent_id"]
    rig.custodian("settlements", "re-emit", intent, *WHY)
    rig.custodian("orders", "reread", intent, *WHY)
    for command in (("status",), ("positions", "list"), ("dead-letters", "list")):
        rig.custodian(*command, expect=None)
    eventually(lambda: rig.booked() == len(rig.settled_at_venue()) >= 8, within=60, what="every settlement is booked")
    assert rig.value("SELECT count(DISTINCT topic) FROM compliance.records") >= 9, "the archive reads every topic"
    assert rig.value("SELECT count(*) FROM custodian.outbox WHERE published_at IS NULL") == 0
    found = rig.custodian("doctor", expect=None).stdout
    assert [role for role in LOGINS.values() if f"Kafka as {role}" not in found or f"custodian-{role} is let in" not in found] == []
    assert "1 of 1 brokers have a record" in found
    assert up.end() == 0
    assert not up.deaths()
    assert [line for line in up.log.read_text().splitlines() if "authoriz" in line.lower() or "may not" in line] == []
    assert walled.denials() == []


def test_the_example_of_an_engine_works_with_what_is_printed_for_it(walled: Walled, tmp_path: Path) -> None:
    """Its login is granted what `--print-acls` says of an external engine and nothing else; Kafka denies nothing that it asks for."""
    login = "custodian-risk"
    client = {name: text for name, text in walled.client(ADMIN).items() if name != "bootstrap.servers"}
    kafka, admin = Kafka(bootstrap_servers=walled.bootstrap_servers, client=client), AdminClient(walled.client(ADMIN))
    roles = {"risk": {"client": {"sasl.username": login}}}
    outside = Settings.model_validate({"kafka": {"roles": roles}, "risk": {"engine": "external", "engine_keys": ["mine=mine.pub"]}})
    every = AclBindingFilter(
        ResourceType.ANY, None, ResourcePatternType.ANY, f"User:{login}", None, AclOperation.ANY, AclPermissionType.ANY
    )
    (gone,) = admin.delete_acls([every]).values()
    assert gone.result(30), "the built-in engine's grants are taken away"
    grant(kafka, [one for one in grants(outside) if one.principal == f"User:{login}"])
    TopicAdmin(kafka).ensure_topics(ALL)
    EventProducer(kafka).publish([question_asked(question(order=1))])
    room = KafkaRoom(bootstrap_servers=walled.bootstrap_servers, topic_prefix="custody.")
    said = {
        f"KAFKA_CLIENT_{name.upper().replace('.', '_')}": text
        for name, text in walled.client(login).items()
        if name.startswith(("security.", "sasl."))
    }
    with external_engine(room, key_pair(tmp_path), **said):
        (answer,) = answered(kafka, number=1)
        places = [("custody.decision-requested.v1", number) for number in range(kafka.partitions)]

        def committed() -> bool:
            return any(TopicAdmin(kafka).committed("custody.engine", places).values())

        eventually(committed, within=30, what="the engine commits as its group")
    assert decode(answer.value, DecisionMade).verdict == "ACCEPT"
    assert walled.denials() == []


def test_a_topic_begins_anew_with_the_login_of_init(walled: Walled) -> None:
    """It makes a topic that is missing, and puts the groups of who reads it to its beginning: what `positions renew` asks of Kafka."""
    init = topics_made(walled)
    name, admin = "custody.order-settled.v1", AdminClient(walled.client(ADMIN))
    admin.delete_topics([name])[name].result(20)
    eventually(lambda: name not in init.describe([name]), within=20, what="the topic is gone")
    assert init.ensure_topics([topics.ORDER_SETTLED]) == [name]
    for group in ("custody.ledger", "custody.archive"):
        init.begin_anew(group, [(name, 0)])
        assert init.committed(group, [(name, 0)]) == {(name, 0): 0}
    assert walled.denials() == []


def refused(client: Callable[[], object]) -> KafkaError | None:
    """Return the error that a client meets; None when it meets none."""
    try:
        client()
    except KafkaException as error:
        found: KafkaError = error.args[0]
        return found
    return None


def topics_made(walled: Walled) -> TopicAdmin:
    """Make the topics, as `init` does, and return its client; see that Kafka has no topic of ours that the catalogue does not have."""
    login = walled.client("custodian-init")
    init = TopicAdmin(Kafka(bootstrap_servers=login.pop("bootstrap.servers"), partitions=1, client=login))
    init.ensure_topics()
    there = AdminClient(walled.client(ADMIN)).list_topics(timeout=20).topics
    assert {name for name in there if not name.startswith("__")} == {kind.topic("custody.") for kind in ALL}
    return init


def granted(walled: Walled) -> set[tuple[str, ...]]:
    """Return what the broker lets whom do: principal, kind of resource, its name, operation."""
    everything = AclBindingFilter(ResourceType.ANY, None, ResourcePatternType.ANY, None, None, AclOperation.ANY, AclPermissionType.ANY)
    admin = AdminClient(walled.client(ADMIN))  # whoever lets go of it gets no answer
    found = admin.describe_acls(everything).result(20)
    assert {(each.host, each.permission_type, each.resource_pattern_type) for each in found} == {
        ("*", AclPermissionType.ALLOW, ResourcePatternType.LITERAL)
    }
    return {(each.principal, each.restype.name.lower(), each.name, each.operation.name.replace("_", "").lower()) for each in found}


def printed(folder: Path, settings: str) -> set[tuple[str, ...]]:
    """Return what the commands that `init --print-acls` prints for these settings grant."""
    (folder / "printed.toml").write_text(settings)
    done = subprocess.run(
        [sys.executable, "-m", "pipeline.cli.main", "--config", "printed.toml", "init", "--print-acls"],
        cwd=folder,
        env={"PATH": os.defpath, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    found: set[tuple[str, ...]] = set()
    for line in done.stdout.splitlines():
        words = shlex.split(line, comments=True)
        said = [(name.removeprefix("--"), word) for name, word in itertools.pairwise(words) if name.startswith("--")]
        of = {key: [word for name, word in said if name == key] for key in ("allow-principal", "operation", "topic", "group")}
        found |= {
            (principal, resource, name, operation.lower())
            for principal in of["allow-principal"]
            for resource in ("topic", "group")
            for name in of[resource]
            for operation in of["operation"]
        }
    return found


def test_a_login_can_do_nothing_but_its_roles_work(walled: Walled, tmp_path: Path) -> None:
    """Every role against every topic, reading and writing, and against every group, by the table; nobody gets in without a login."""
    topics_made(walled)
    assert granted(walled) == printed(tmp_path, walled.settings()), "what is tried here is what --print-acls prints"
    may = access(Settings())
    assert set(may) == set(LOGINS.values())
    assert {role: _writes(walled, role, *ALL) for role in may} == {role: each.writes for role, each in may.items()}
    assert {role: _reads(walled, role, *ALL) for role in may} == {role: each.reads for role, each in may.items()}
    joined = {role: _commits(walled, role, GROUPS, *each.reads) for role, each in may.items()}
    assert joined == {role: {*each.groups} for role, each in may.items()}
    assert walled.denials(), "what is denied shows in the log of the broker"
    assert not _writes(walled, "ledger", topics.ALARM_RAISED, **{"sasl.password": "another", "message.timeout.ms": 3_000})
    assert not _writes(walled, "ledger", topics.ALARM_RAISED, **{"security.protocol": "PLAINTEXT", "message.timeout.ms": 3_000})


EXTERNAL = '[risk]\nengine = "external"\nengine_keys = ["desk=desk.pub"]\n'


def test_an_engine_of_somebody_else_can_do_nothing_but_answer(walled: Walled, tmp_path: Path) -> None:
    """With what is printed for it and no more: it reads questions, writes answers, commits as its own group, and sees nothing else."""
    topics_made(walled)
    admin, mine = AdminClient(walled.client(ADMIN)), "User:custodian-risk"
    ours = AclBindingFilter(ResourceType.ANY, None, ResourcePatternType.ANY, mine, None, AclOperation.ANY, AclPermissionType.ANY)
    (removed,) = admin.delete_acls([ours]).values()
    assert removed.result(20)
    wanted = {each for each in printed(tmp_path, walled.settings() + EXTERNAL) if each[0] == mine}
    bindings = [
        AclBinding(
            ResourceType[kind.upper()], name, ResourcePatternType.LITERAL, who, "*", AclOperation[what.upper()], AclPermissionType.ALLOW
        )
        for who, kind, name, what in wanted
    ]
    for answer in admin.create_acls(bindings).values():
        answer.result(20)
    eventually(lambda: {each for each in granted(walled) if each[0] == mine} == wanted, within=20, what="the broker has the grants")
    assert _writes(walled, "risk", *ALL) == {topics.DECISION_MADE}
    assert _reads(walled, "risk", topics.DECISION_REQUESTED, group="engine") == {topics.DECISION_REQUESTED}
    assert _commits(walled, "risk", (*GROUPS, "engine"), topics.DECISION_REQUESTED) == {"engine"}
    seen = AdminClient(walled.client("custodian-risk")).list_topics(timeout=20).topics
    assert set(seen) == {topics.DECISION_MADE.topic("custody."), topics.DECISION_REQUESTED.topic("custody.")}


SHORTER = ConfigEntry("retention.ms", "1000", incremental_operation=AlterConfigOpType.SET)
EVERYTHING = AclBinding(
    ResourceType.TOPIC, "*", ResourcePatternType.LITERAL, "User:custodian-ledger", "*", AclOperation.ALL, AclPermissionType.ALLOW
)
ALTERED: Mapping[str, Callable[[AdminClient, list[str]], dict[Any, Any]]] = {
    "delete": lambda admin, names: admin.delete_topics(names),
    "give partitions": lambda admin, names: admin.create_partitions([NewPartitions(name, 12) for name in names]),
    "set": lambda admin, names: admin.incremental_alter_configs(
        [ConfigResource(ConfigResource.Type.TOPIC, name, incremental_configs=[SHORTER]) for name in names]
    ),
    "delete records": lambda admin, names: admin.delete_records([TopicPartition(name, 0, 1) for name in names]),
    "make": lambda admin, names: admin.create_topics([NewTopic(f"{name}.more", 1) for name in names]),
    "delete group": lambda admin, _: admin.delete_consumer_groups(["custody.ledger"]),
    "grant": lambda admin, _: admin.create_acls([EVERYTHING]),
}
REFUSED = (KafkaError.TOPIC_AUTHORIZATION_FAILED, KafkaError.GROUP_AUTHORIZATION_FAILED, KafkaError.CLUSTER_AUTHORIZATION_FAILED)


def test_nobody_deletes_or_alters_a_topic(walled: Walled) -> None:
    """Every login against every topic: it stays as it was made, and so do its records, the groups and the grants."""
    owner = topics_made(walled)
    names = [kind.topic("custody.") for kind in ALL]
    before = owner.describe(names), owner.configs(names), granted(walled)
    done = []
    for who in LOGINS:
        admin = AdminClient(walled.client(who))
        for what, alter in ALTERED.items():
            for asked, answer in alter(admin, names).items():
                error = refused(lambda answer=answer: answer.result(20))  # type: ignore[misc]
                if error is None or error.code() not in REFUSED:
                    done.append((who, what, asked, error))
    assert done == []
    assert (owner.describe(names), owner.configs(names), granted(walled)) == before


def test_each_client_of_ours_says_which_grant_is_missing(walled: Walled) -> None:
    """Writing, reading, joining, beginning anew: settings that name section, login and grant (78), and nothing that is waited for."""
    login = walled.client("custodian-init")
    servers = login.pop("bootstrap.servers")
    told: dict[str, Any] = {"bootstrap_servers": servers, "partitions": 1, "client": login}
    TopicAdmin(Kafka.model_validate(told)).ensure_topics()
    roles = {role: {"client": walled.client(f"custodian-{role}")} for role in ("ledger", "cli")}
    for role in roles.values():
        del role["client"]["bootstrap.servers"]
    kafka = Kafka.model_validate(told | {"roles": roles}).of_role("ledger")

    def reading(topic: str, group: str) -> Callable[[], object]:
        consumer = BatchConsumer(
            kafka, group=group, topics=[topic], session_timeout=6, starts=lambda places: dict.fromkeys(places, 0), lost=lambda _: None
        )

        def polled() -> None:
            try:
                for _ in range(60):
                    consumer.poll(records_max=10, timeout=1)
            finally:
                consumer.close()

        return polled

    may_not = "kafka.roles.ledger.client: the login custodian-ledger may not "
    for client, said in (
        (lambda: EventProducer(kafka).publish([outgoing(settled_record())]), "Write the topic custody.order-updated.v1"),
        (reading("custody.order-updated.v1", "custody.ledger"), "Read the topic custody.order-updated.v1"),
        (reading("custody.order-settled.v1", "custody.risk"), "Read the group custody.risk"),
        (lambda: all_records(kafka, "custody.rate-read.v1"), "Read the topic custody.rate-read.v1"),
        (lambda: TopicAdmin(kafka).begin_anew("custody.risk", [("custody.order-settled.v1", 0)]), "Read the group custody.risk"),
        (lambda: TopicAdmin(kafka).begin_anew("custody.ledger", [("custody.rate-read.v1", 0)]), "Read the topic custody.rate-read.v1"),
    ):
        with pytest.raises(SettingsError, match=re.escape(f"{may_not}{said}: Kafka denies it; grant")):
            client()


def _writes(walled: Walled, role: str, *kinds: EventType, **more: Any) -> set[EventType]:
    """Return which topics a role's producer gets a record into."""
    outcome: dict[EventType, KafkaError | None] = {}
    producer = Producer(walled.client(f"custodian-{role}", **{"message.timeout.ms": 60_000, "log_level": 0, **more}))
    for kind in kinds:
        producer.produce(kind.topic("custody."), b"{}", on_delivery=lambda error, _, kind=kind: outcome.update({kind: error}))
    producer.flush(90)
    assert outcome.keys() == {*kinds}, f"{role} hears nothing of what it wrote"
    return {kind for kind, error in outcome.items() if error is None}  # KafkaError cannot be compared with None


def _reads(walled: Walled, role: str, *kinds: EventType, group: str = "read") -> set[EventType]:
    """Return which topics hand a role what they have, or say that they have nothing."""
    options = {"group.id": f"custody.{group}", "auto.offset.reset": "earliest", "enable.partition.eof": True, "log_level": 0}
    consumer = Consumer(walled.client(f"custodian-{role}", **options))
    left, found = {kind.topic("custody."): kind for kind in kinds}, set()
    consumer.assign([TopicPartition(name, 0, 0) for name in left])
    try:
        while left:
            message = consumer.poll(60)
            assert message is not None, f"{role} hears nothing of {', '.join(left)}"
            kind, error = left.pop(message.topic() or "", None), message.error()
            if error is not None and error.code() != KafkaError._PARTITION_EOF:
                assert error.code() == KafkaError.TOPIC_AUTHORIZATION_FAILED, error
            elif kind is not None:
                found.add(kind)
        return found
    finally:
        consumer.close()


def _commits(walled: Walled, role: str, groups: Collection[str], *kinds: EventType) -> set[str]:
    """Return as which groups a role may commit, which is what joining them takes, in topics that it reads."""
    places = [TopicPartition(kind.topic("custody."), 0, 0) for kind in kinds]
    admin, found = AdminClient(walled.client(f"custodian-{role}")), set()
    for group in groups:
        (answer,) = admin.alter_consumer_group_offsets([ConsumerGroupTopicPartitions(f"custody.{group}", places)]).values()
        error = refused(lambda answer=answer: answer.result(20))  # type: ignore[misc]
        if error is not None:
            assert error.code() == KafkaError.GROUP_AUTHORIZATION_FAILED, error
        elif all(each.error is None for each in answer.result().topic_partitions):
            found.add(group)
    return found
