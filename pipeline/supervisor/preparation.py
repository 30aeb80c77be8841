"""What `custodian init` does: topics, database, positions. Safe to repeat and to run twice at once."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipeline.errors import PipelineError, ServiceAwayError, SettingsError
from pipeline.failpoints import failpoints_of
from pipeline.kafka import TopicAdmin, TopicState
from pipeline.log import topics
from pipeline.log.topic_guard import Durability, fragile
from pipeline.log.topics import EventType
from pipeline.policy.file import read_bytes
from pipeline.settings import Kafka, Settings
from pipeline.stores import grants, migrations, people, policies, positions, role_logins
from pipeline.stores.inherited import OF_UTF8, encoding_fault
from pipeline.stores.migrations import Migration
from pipeline.stores.people import May
from pipeline.stores.postgres import Connection, connect, translated, user_of
from pipeline.wiring import trust_of

MIGRATED = ("pipeline.stores", "connectors.sinks.accounting_ledger", "connectors.sinks.compliance_archive")
"""Packages with migrations, in the order in which they lean on one another."""

CONSUMERS: Mapping[str, tuple[EventType, ...]] = {
    "settlement": (topics.ORDER_UPDATED,),
    "workflow": (
        topics.ORDER_UPDATED,
        topics.QUOTE_RECEIVED,
        topics.COMPLIANCE_READ,
        topics.RATE_READ,
        topics.DECISION_MADE,
        topics.COMMAND_COMPLETED,
    ),
    "risk": (topics.DECISION_REQUESTED, topics.DECISION_MADE, topics.COMMAND_COMPLETED, topics.ORDER_UPDATED),
    "commands": (topics.COMMAND_ISSUED,),
    "decisions": (topics.DECISION_REQUESTED, topics.DECISION_MADE),
    "ledger": (topics.ORDER_SETTLED,),
    "archive": topics.ALL,
}
"""Who stores positions for which topics."""

_SEEN_WITHIN = 15.0
"""Seconds in which a topic that was just made shows on every broker."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """What was missing and is there now."""

    topics: Sequence[str]
    migrations: Sequence[str]
    positions: int
    fragile: Sequence[str]
    """What makes topics lose records that others would keep, each with what to do."""
    policy: bool
    """The file of the settings was activated, as the first policy of the database."""
    without_login: Sequence[str]
    """Roles that cannot log in yet: without a secret, or since this user may not let them."""
    logins: Sequence[str]
    """Logins of roles that were made, or were given another secret."""
    secrets: Sequence[str]
    """Files of secrets that were made."""
    owner: str
    """Whose everything in the database is."""
    nobody_may: Sequence[May]
    """What takes a person, and nobody may do: `approve`, `operate`."""


def check_settings(settings: Settings, roles: Sequence[str]) -> None:
    """Look at what no service has to answer for; raise SettingsError for what is missing or wrong, and for failpoints where money moves."""
    failpoints_of(settings.mode)
    settings.postgres.secret()
    for role in roles:
        settings.kafka.of_role(role).options()
    if {"workflow", "risk", "commands"} & set(roles):
        trust_of(settings)
    if "ingest" in roles and not settings.venues:
        raise SettingsError(
            "venues: there is none; write a section [venues.NAME] with base_url and [venues.NAME.auth], or leave out the role ingest"
        )
    if not {"ingest", "commands"} & set(roles):
        return
    for name, venue in settings.venues.items():
        venue.auth.secret(name)
        venue.auth.static_token(name)


def all_migrations() -> list[Migration]:
    """Return every migration of this release."""
    return migrations.found_in(MIGRATED)


def prepare(settings: Settings) -> Prepared:
    """Make what is missing; raise ServiceAwayError, or SettingsError naming what does not fit together."""
    admin = TopicAdmin(settings.kafka)
    admin.check_connection(timeout=10)
    connection = connect(settings.postgres, name="init", autocommit=True)
    try:
        refuse_encoding(connection)
        applied = migrations.apply(connection, all_migrations())
        made_logins = role_logins.ensure(connection, settings.postgres)
        without = grants.without_login(connection)
        names = [kind.topic(settings.kafka.topic_prefix) for kind in topics.ALL]
        with translated("reading the positions"):
            refuse_other_prefix(connection, settings.kafka.topic_prefix)
            refuse_repartitioned(connection, admin.describe(names))
        made = admin.ensure_topics()
        states = described(admin, names)
        with translated("preparing positions"):
            added = prepare_positions(connection, settings.kafka.topic_prefix, states)
        with translated("counting people"):
            able = people.able(connection)
        return Prepared(
            topics=made,
            migrations=applied,
            positions=added,
            fragile=fragile_topics(settings.kafka, states, admin.configs(names), brokers=len(admin.brokers(timeout=10))),
            policy=_first_policy(connection, settings),
            without_login=without,
            logins=made_logins.logins,
            secrets=[str(file) for file in made_logins.files],
            owner=role_logins.role_of(connection.info.dbname, "owner"),
            nobody_may=[may for may in ("approve", "operate") if not able[may]],
        )
    finally:
        connection.close()


def durability(kafka: Kafka, *, brokers: int) -> Durability:
    """Return what the settings want of a topic among so many brokers; as many replicas as brokers, up to three, where they say nothing."""
    asked = kafka.replicas(brokers)
    replicas = asked if asked > 0 else min(3, brokers)
    return Durability(
        replicas=replicas,
        insync=kafka.insync(replicas),
        unclean=kafka.unclean_leader_election,
        retention_ms=int(kafka.retention * 1000),
    )


def fragile_topics(
    kafka: Kafka, states: Mapping[str, TopicState], configs: Mapping[str, Mapping[str, str]], *, brokers: int
) -> Sequence[str]:
    """Say of each topic what is less safe than the settings want, and what to do."""
    wanted = durability(kafka, brokers=brokers)
    return [
        said
        for name, state in sorted(states.items())
        for said in fragile(name, configs.get(name, {}), replicas=state.replicas, wanted=wanted)
    ]


def prepared_by_hand(settings: Settings) -> tuple[str, list[str]]:
    """Return the SQL that an administrator can run in the place of `prepare`, and what is to be known of it.

    It is of all that is missing, or of all where nobody answers.
    """
    missing, said = all_migrations(), []
    try:
        with connect(settings.postgres, name="init", autocommit=True) as connection:
            missing = migrations.pending(connection, missing)
    except PipelineError as error:
        said.append(f"everything is printed as new, since nobody could be asked what is there: {error}")
    for role, file in role_logins.without_secret(settings.postgres):
        where = "it has none in the settings" if file is None else f"{file} is missing"
        said.append(f"the role {role} cannot log in by this: {where}; write its secret there, and print this again")
    return migrations.script(missing, user_of(settings.postgres), role_logins.script(settings.postgres)), said


def _first_policy(connection: Connection, settings: Settings) -> bool:
    """Activate the file's policy where none ever was; afterwards two people do (`custodian policy activate`), whatever the file says."""
    file = settings.risk.policy_file
    if settings.risk.engine != "builtin" or file is None:
        return False
    with translated("activating the first policy"):
        return policies.in_force(connection) is None and policies.put_first(connection, read_bytes(file), str(file))


def refuse_encoding(connection: Connection) -> None:
    """Raise SettingsError when the database's encoding cannot hold what venues write."""
    if (fault := encoding_fault(connection)) is not None:
        raise SettingsError(f"postgres.dsn: {fault}; {OF_UTF8}")


def check_prepared(settings: Settings, role: str) -> None:
    """Raise SettingsError when `custodian init` of this release has not been run on the database, or when this login is none of a role's.

    Raise ServiceAwayError.
    """
    with connect(settings.postgres, name="check", autocommit=True) as connection, translated("looking at who this is"):
        too_much = grants.too_much(connection)
        missing = [] if too_much else migrations.pending(connection, all_migrations())
    if too_much:
        raise SettingsError(
            f"postgres.roles.{role}: {too_much}, and no role of ours connects as such; leave user and dsn out there, and run `custodian "
            "init`, which makes the role a login of its own"
        )
    if missing:
        raise SettingsError(f"postgres.dsn: the database is not prepared: {missing[0].name} is not applied; run `custodian init`")


def prepare_positions(connection: Connection, prefix: str, states: Mapping[str, TopicState]) -> int:
    """Make the position rows that are missing and return how many; raise SettingsError when a stored topic id is another one."""
    added = 0
    for consumer, kinds in CONSUMERS.items():
        wanted = [states[kind.topic(prefix)] for kind in kinds]
        refuse_replaced(connection, consumer, wanted)
        before = len(positions.of_consumer(connection, consumer))
        positions.prepare(
            connection, consumer, [(state.name, number, state.topic_id) for state in wanted for number in range(state.partitions)]
        )
        added += len(positions.of_consumer(connection, consumer)) - before
    return added


def refuse_other_prefix(connection: Connection, prefix: str) -> None:
    """Raise SettingsError when the database holds positions of topics with another prefix.

    States, books and archive do not say which prefix is theirs: a second pipeline on them would wake and answer the first one's orders.
    """
    for topic in positions.topics(connection):
        found = next((topic.removesuffix(kind.name) for kind in topics.ALL if topic.endswith(kind.name)), prefix)
        if found != prefix:
            raise SettingsError(
                f'kafka.topic_prefix: found "{prefix}", but this database belongs to the topics that begin with "{found}"; write that, '
                "or give these settings a database of their own (postgres.dsn)"
            )


def refuse_replaced(connection: Connection, consumer: str, states: Sequence[TopicState]) -> None:
    """Raise SettingsError when positions were stored for another topic of the same name."""
    stored = positions.stored_topics(connection, consumer)
    for state in states:
        others = stored[state.name].topic_ids - {state.topic_id} if state.name in stored else frozenset()
        if others:
            raise SettingsError(
                f"kafka.bootstrap_servers, postgres.dsn: the topic {state.name} is not the one that {consumer} stored its positions for "
                f"(its id is {state.topic_id}, stored is {min(others)}): it was deleted and made anew, or this Kafka and this database do "
                "not belong together. No position was changed. Point both settings at a pair that belongs together; where the topic was "
                "really made anew, follow infra/runbooks/topic_replaced.md"
            )


def refuse_repartitioned(connection: Connection, present: Mapping[str, TopicState]) -> None:
    """Raise SettingsError when a topic that positions were stored for has another number of partitions by now.

    No value of kafka.partitions mends that: the positions would fit again, and the intents' records would stand in two partitions.
    """
    for consumer in CONSUMERS:
        for topic, known in positions.stored_topics(connection, consumer).items():
            found = present.get(topic)
            if found is not None and known.topic_ids == {found.topic_id} and known.partitions != found.partitions:
                raise SettingsError(
                    f"kafka.partitions: the topic {topic} has {found.partitions} partitions, but {consumer} has positions of "
                    f"{known.partitions}: partitions were added to a topic in use, so an intent's records stand in two partitions and may "
                    "leave their order. No position was changed. Stop whoever writes to the topic, leave kafka.partitions as it was, and "
                    "follow infra/runbooks/topic_repartitioned.md"
                )


def described(admin: TopicAdmin, names: Sequence[str]) -> Mapping[str, TopicState]:
    """Describe topics that are there or were just made; raise ServiceAwayError when Kafka does not show one within some seconds."""
    deadline = time.monotonic() + _SEEN_WITHIN
    while True:
        states = admin.describe(names)
        missing = [name for name in names if name not in states]
        if not missing:
            return states
        if time.monotonic() > deadline:
            raise ServiceAwayError(f"Kafka made the topic {missing[0]} but does not show it after {_SEEN_WITHIN:g} s; run this again")
        time.sleep(0.1)
