"""Kafka and PostgreSQL for tests, chosen by CUSTODIAN_TEST_SERVICES or `pytest --services`.

`embedded` (the default) starts the ones of `infra/embedded` once per test session in a folder of its own; `containers`
starts images with testcontainers; `external` takes the ones that CUSTODIAN_TEST_BOOTSTRAP_SERVERS and
CUSTODIAN_TEST_POSTGRES_DSN name (a superuser, password included). The tests do not see which.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import SystemRandom
from typing import Any, Protocol

import psycopg
from confluent_kafka.admin import AdminClient, NewPartitions
from psycopg import sql
from psycopg.conninfo import make_conninfo

from infra.embedded.ports import choose
from infra.embedded.services import Addresses, EmbeddedServices
from tests.waiting import eventually

KINDS = ("embedded", "containers", "external")


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """A running Kafka and a running PostgreSQL."""

    bootstrap_servers: str
    admin_dsn: str  # a superuser's, with password


@dataclass(frozen=True, slots=True, kw_only=True)
class KafkaRoom:
    """One test's part of a shared Kafka: every topic and group it makes starts with the prefix."""

    bootstrap_servers: str
    topic_prefix: str  # such as "t3f9a1.custody."


@dataclass(frozen=True, slots=True, kw_only=True)
class PrivateServices:
    """A Kafka and a PostgreSQL of one test alone, to be killed and started again as it likes."""

    bootstrap_servers: str
    postgres_dsn: str  # owner of the database, with CREATEROLE, password included
    admin_dsn: str  # superuser, password included
    topic_prefix: str
    embedded: EmbeddedServices

    @property
    def kafka(self) -> Switch:
        """Return what kills and starts the broker."""
        return self.embedded.kafka

    @property
    def postgres(self) -> Switch:
        """Return what kills and starts PostgreSQL."""
        return self.embedded.postgres


class Switch(Protocol):
    """Kills and starts one service."""

    def kill(self) -> None:
        """SIGKILL all of it."""

    def start(self) -> None:
        """Start it again on the same port."""


@contextlib.contextmanager
def chosen_services(kind: str | None = None) -> Iterator[Services]:
    """Give services of this kind, or of the one that the environment names; raises ValueError on another one."""
    kind = kind or os.environ.get("CUSTODIAN_TEST_SERVICES", "embedded")
    match kind:
        case "embedded":
            with embedded_for_this_run() as (_, addresses):
                yield Services(bootstrap_servers=addresses.bootstrap_servers, admin_dsn=admin_dsn_of(addresses))
        case "containers":
            with _containers() as services:
                yield services
        case "external":
            yield Services(
                bootstrap_servers=_required("CUSTODIAN_TEST_BOOTSTRAP_SERVERS"),
                admin_dsn=_required("CUSTODIAN_TEST_POSTGRES_DSN"),
            )
        case _:
            raise ValueError(f"CUSTODIAN_TEST_SERVICES is {kind!r}; write one of {', '.join(KINDS)}")


@contextlib.contextmanager
def embedded_for_this_run(**options: Any) -> Iterator[tuple[EmbeddedServices, Addresses]]:
    """Start embedded services in a new folder; they are stopped and removed when this process ends in any way."""
    folder = Path(tempfile.mkdtemp(prefix="custodian-test-"))
    follower = subprocess.Popen(
        [sys.executable, "-m", "infra.embedded.follow", str(folder)],
        stdin=subprocess.PIPE,
        cwd=Path(__file__).parents[1],
        start_new_session=True,
    )
    try:
        services = EmbeddedServices(folder, sync_to_disk=False, note=_note, **options)
        yield services, services.up()
    finally:
        assert follower.stdin is not None
        follower.stdin.close()
        assert follower.wait(timeout=120) == 0, f"the services in {folder} could not be stopped"


@contextlib.contextmanager
def private_services_for_this_run() -> Iterator[PrivateServices]:
    """Start embedded services for one test, to be killed and started again as it likes."""
    with embedded_for_this_run() as (embedded, addresses):
        yield PrivateServices(
            bootstrap_servers=addresses.bootstrap_servers,
            postgres_dsn=dsn_with_password(addresses.postgres_dsn, addresses.password_file),
            admin_dsn=admin_dsn_of(addresses),
            topic_prefix="custody.",
            embedded=embedded,
        )


def _note(text: str) -> None:
    print(text, file=sys.stderr)  # captured by pytest, shown when the start fails


def dsn_with_password(dsn: str, password_file: Path) -> str:
    """Return `dsn` with the password that the file holds."""
    return make_conninfo(dsn, password=password_file.read_text().strip())


def admin_dsn_of(addresses: Addresses) -> str:
    """Return the superuser's DSN, password included."""
    return dsn_with_password(addresses.superuser_dsn, addresses.superuser_password_file)


@contextlib.contextmanager
def fresh_database(services: Services) -> Iterator[str]:
    """Give the DSN of a new, empty database whose owner has CREATEROLE; drop both afterwards."""
    name, password = f"t{secrets.token_hex(6)}", secrets.token_urlsafe(12)
    identifier = sql.Identifier(name)
    with _admin(services) as admin:
        admin.execute(sql.SQL("CREATE ROLE {} LOGIN CREATEROLE PASSWORD {}").format(identifier, sql.Literal(password)))
        admin.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(identifier, identifier))
    try:
        yield make_conninfo(services.admin_dsn, dbname=name, user=name, password=password)
    finally:
        with _admin(services) as admin:
            admin.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(identifier))
            # Groups of people and their logins are named after the database.
            for (role,) in admin.execute(
                "SELECT quote_ident(rolname) FROM pg_roles WHERE starts_with(rolname, %s)", [f"{name}_"]
            ).fetchall():
                admin.execute(f"DROP ROLE {role}".encode())
            _drop_role(admin, name)


def _drop_role(admin: psycopg.Connection[Any], name: str) -> None:
    """Drop a database's owner together with the memberships that it granted.

    Group roles such as accounting_reader belong to the whole cluster: the first database's owner makes them, others
    lean on them, so they stay.
    """
    granted = admin.execute(
        "SELECT m.roleid::regrole::text, m.member::regrole::text FROM pg_auth_members m "
        "WHERE m.grantor = %s::regrole AND m.member <> %s::regrole",
        [name, name],
    ).fetchall()
    for role, member in granted:
        admin.execute(f"REVOKE {role} FROM {member} GRANTED BY {name} CASCADE".encode())
    admin.execute(sql.SQL("DROP OWNED BY {} CASCADE").format(sql.Identifier(name)))
    admin.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(name)))


def _admin(services: Services) -> psycopg.Connection[Any]:
    return psycopg.connect(services.admin_dsn, autocommit=True, connect_timeout=10)


def new_topic_prefix() -> str:
    """Return a prefix that no other test has."""
    return f"t{secrets.token_hex(4)}.custody."


def add_partitions(bootstrap_servers: str, topics: Sequence[str], total: int) -> None:
    """Give topics more partitions, as an administrator would, and return when Kafka shows them."""
    admin = AdminClient({"bootstrap.servers": bootstrap_servers})
    for future in admin.create_partitions([NewPartitions(topic, total) for topic in topics]).values():
        future.result(20)

    def shown() -> bool:
        found = admin.list_topics(timeout=10).topics
        return {len(found[topic].partitions) for topic in topics} == {total}

    eventually(shown, within=30, what=f"Kafka shows {total} partitions")


@contextlib.contextmanager
def _containers() -> Iterator[Services]:
    from testcontainers.community.postgres import PostgresContainer
    from testcontainers.core.container import DockerContainer

    image = os.environ.get("CUSTODIAN_TEST_POSTGRES_IMAGE", "postgres:18")
    with PostgresContainer(image, driver=None) as postgres, contextlib.ExitStack() as stack:
        # The broker tells clients where to come back to, so the port outside has to be known inside beforehand.
        port = choose(SystemRandom()).kafka
        kafka = DockerContainer(os.environ.get("CUSTODIAN_TEST_KAFKA_IMAGE", "apache/kafka:4.1.1"))
        kafka.with_bind_ports(port, port)
        for name, value in _kafka_environment(port).items():
            kafka.with_env(name, value)
        stack.enter_context(kafka)
        eventually(
            lambda: b"Kafka Server started" in b"".join(kafka.get_logs()),
            within=120,
            what="the Kafka container says that it started",
        )
        yield Services(
            bootstrap_servers=f"{kafka.get_container_host_ip()}:{port}",
            admin_dsn=make_conninfo(
                host=postgres.get_container_host_ip(),
                port=postgres.get_exposed_port(5432),
                user=postgres.username,
                password=postgres.password,
                dbname=postgres.dbname,
            ),
        )


def _kafka_environment(port: int) -> dict[str, str]:
    host = os.environ.get("TESTCONTAINERS_HOST_OVERRIDE", "localhost")
    return {
        "KAFKA_NODE_ID": "1",
        "KAFKA_PROCESS_ROLES": "broker,controller",
        "KAFKA_CONTROLLER_QUORUM_VOTERS": "1@localhost:9093",
        "KAFKA_LISTENERS": f"PLAINTEXT://:{port},CONTROLLER://:9093",
        "KAFKA_ADVERTISED_LISTENERS": f"PLAINTEXT://{host}:{port}",
        "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "KAFKA_CONTROLLER_LISTENER_NAMES": "CONTROLLER",
        "KAFKA_INTER_BROKER_LISTENER_NAME": "PLAINTEXT",
        "KAFKA_AUTO_CREATE_TOPICS_ENABLE": "false",
        "KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS": "0",
        "KAFKA_GROUP_MIN_SESSION_TIMEOUT_MS": "1000",
        "KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR": "1",
        "KAFKA_OFFSETS_TOPIC_NUM_PARTITIONS": "1",
        "KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR": "1",
        "KAFKA_TRANSACTION_STATE_LOG_NUM_PARTITIONS": "1",
        "KAFKA_TRANSACTION_STATE_LOG_MIN_ISR": "1",
    }


def _required(name: str) -> str:
    value = os.environ.get(name, "")
    if not value:
        raise ValueError(f"CUSTODIAN_TEST_SERVICES is external, so {name} has to be set")
    return value
