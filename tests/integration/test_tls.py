"""Kafka (both engines' clients) and PostgreSQL over TLS: nobody is believed who shows the wrong thing, and the pipeline runs on it all."""

from __future__ import annotations

import asyncio
import http.server
import json
import logging
import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from pipeline.cli.doctor import brokers
from pipeline.engines._faust_security import credentials
from pipeline.errors import ServiceAwayError, SettingsError
from pipeline.kafka import EventProducer, TopicAdmin
from pipeline.settings import Kafka, Postgres, Settings
from pipeline.stores import positions
from pipeline.stores.postgres import connect
from pipeline.testing.orders import intent, outgoing, settled_record
from pipeline.tls import POSTGRES_ASKS, look
from tests.certificates import Authority, Issued, speak_tls_1_1
from tests.integration.commands import write_settings
from tests.secured import Secured, secured_for_this_run
from tests.services import KafkaRoom, fresh_database, new_topic_prefix
from tests.waiting import eventually


@pytest.fixture(scope="module")
def secured() -> Iterator[Secured]:
    """Give the services of this module."""
    with secured_for_this_run() as services:
        yield services


@pytest.fixture
def stranger(tmp_path: Path) -> Authority:
    """A CA that nobody here believes."""
    return Authority(tmp_path / "theirs")


# --- Kafka -----------------------------------------------------------------------------------------------------------


def by_librdkafka(kafka: Kafka, caplog: pytest.LogCaptureFixture) -> str:
    """Return why confluent-kafka does not come to terms with a broker; nothing when it does."""
    try:
        TopicAdmin(kafka).check_connection(timeout=5)
    except ServiceAwayError as error:
        return str(error)
    return ""


def by_aiokafka(kafka: Kafka, caplog: pytest.LogCaptureFixture) -> str:
    """Return why aiokafka, told what Faust tells it, does not come to terms with a broker; nothing when it does."""
    from aiokafka.client import AIOKafkaClient
    from aiokafka.errors import KafkaConnectionError
    from faust.transport.drivers.aiokafka import credentials_to_aiokafka_auth

    async def start() -> str:
        options = credentials_to_aiokafka_auth(credentials(kafka.options()))
        client = AIOKafkaClient(bootstrap_servers=kafka.bootstrap_servers, **options)
        try:
            await client.bootstrap()
        except KafkaConnectionError as error:
            return f"{error} {caplog.text}"
        finally:
            await client.close()
        return ""

    with caplog.at_level(logging.ERROR):
        return asyncio.run(start())


Client = Callable[[Kafka, pytest.LogCaptureFixture], str]
clients = pytest.mark.parametrize("client", [by_librdkafka, by_aiokafka], ids=["librdkafka", "faust"])


def kafka_of(address: str, ca_file: Path) -> Kafka:
    """Return settings that believe a CA."""
    return Kafka(bootstrap_servers=address, client={"security.protocol": "SSL", "ssl.ca.location": str(ca_file)})


@clients
def test_a_broker_with_a_sound_certificate_is_believed(client: Client, secured: Secured, caplog: pytest.LogCaptureFixture) -> None:
    """So the refusals below are for what they say."""
    assert client(kafka_of(secured.brokers["sound"], secured.authority.ca_file), caplog) == ""


@clients
@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("another CA", "unable to get local issuer certificate"),
        ("another name", "IP address mismatch"),
        ("ended", "certificate has expired"),
    ],
)
def test_a_broker_that_cannot_be_believed_is_not(
    client: Client, fault: str, said: str, secured: Secured, stranger: Authority, caplog: pytest.LogCaptureFixture
) -> None:
    """A wrong CA, a wrong name, an ended certificate; librdkafka says only that it does not believe it, doctor says which."""
    believed = stranger if fault == "another CA" else secured.authority
    kafka = kafka_of(secured.brokers.get(fault, secured.brokers["sound"]), believed.ca_file)
    reason = client(kafka, caplog)
    assert re.search(said if client is by_aiokafka else "certificate verify failed", reason), reason
    (line,) = brokers(Settings(kafka=kafka))
    assert said in line.found
    assert line.do is not None


@dataclass
class OldServer:
    """What a server of TLS 1.1 heard."""

    address: str = ""
    greeted: int = 0
    said: bytes = b""


@contextmanager
def old_server(issued: Issued) -> Iterator[OldServer]:
    """Give a server that speaks TLS 1.1 alone and remembers what anybody says over it."""
    heard, context = OldServer(), issued.server(old=True)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        heard.address = f"127.0.0.1:{listening.getsockname()[1]}"

        def serve() -> None:
            while True:
                try:
                    opened, _ = listening.accept()
                except OSError:
                    return
                heard.greeted += 1
                try:
                    with opened, context.wrap_socket(opened, server_side=True) as talking:
                        heard.said += talking.recv(100)
                except OSError:
                    continue

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield heard
        finally:
            listening.shutdown(socket.SHUT_RDWR)
    thread.join(10)


@clients
def test_a_broker_of_tls_1_1_hears_nothing(client: Client, secured: Secured, caplog: pytest.LogCaptureFixture) -> None:
    """Although its certificate is sound, and although it would listen to an old client."""
    with old_server(secured.authority.issue("127.0.0.1")) as server:
        assert client(kafka_of(server.address, secured.authority.ca_file), caplog)
        assert (server.greeted > 0, server.said) == (True, b"")
        host, _, port = server.address.rpartition(":")
        old = speak_tls_1_1(ssl.create_default_context(cafile=secured.authority.ca_file))
        with socket.create_connection((host, int(port))) as opened, old.wrap_socket(opened, server_hostname=host) as talking:
            talking.sendall(b"hello")
        eventually(lambda: server.said == b"hello", within=5, what="the old server hears an old client")


def test_brokers_that_send_clients_beyond_this_machine_are_not_followed_there(secured: Secured) -> None:
    """What a broker calls itself is judged like an address of the settings: a tunnel on loopback may end anywhere."""
    address = secured.brokers["elsewhere"]
    with pytest.raises(SettingsError, match=r"advertised\.listeners\): client: \[broker\.example\]:9092 is beyond this machine"):
        TopicAdmin(Kafka(bootstrap_servers=address)).check_connection(timeout=5)
    assert TopicAdmin(Kafka(bootstrap_servers=address, insecure=True)).check_connection(timeout=5)


# --- PostgreSQL ------------------------------------------------------------------------------------------------------


@pytest.fixture
def sound(secured: Secured) -> Iterator[None]:
    """Let PostgreSQL show a sound certificate again afterwards."""
    yield
    secured.show(secured.authority.issue("localhost"))


@pytest.mark.usefixtures("sound")
@pytest.mark.parametrize("fault", [None, "another CA", "another name", "ended", "TLS 1.1"])
def test_a_database_that_cannot_be_believed_is_not(fault: str | None, secured: Secured, stranger: Authority) -> None:
    """A wrong CA, a wrong name, an ended certificate, an old TLS: the reason says which; and a sound one is believed."""
    name, days = "db.example" if fault == "another name" else "localhost", -1 if fault == "ended" else 300
    secured.show(secured.authority.issue(name, days=days), old=fault == "TLS 1.1")
    settings = Postgres(dsn=secured.dsn, ca_file=(stranger if fault == "another CA" else secured.authority).ca_file)
    if fault is None:
        with connect(settings, name="test", autocommit=True) as connection:
            seen = connection.execute("SELECT ssl, version FROM pg_stat_ssl WHERE pid = pg_backend_pid()").fetchone()
            assert seen == (True, "TLSv1.3")
        return
    said = {
        "another CA": "certificate verify failed",
        "another name": 'certificate for "db.example" .*does not match host name "localhost"',
        "ended": "certificate has expired|certificate verify failed",
        "TLS 1.1": "(?i)protocol version|unsupported protocol",
    }[fault]
    with pytest.raises(ServiceAwayError, match=said):
        connect(settings, name="test")
    if fault == "TLS 1.1":  # it would have talked to an old client
        old = speak_tls_1_1(ssl.create_default_context(cafile=secured.authority.ca_file))
        port = int(str(conninfo_to_dict(secured.dsn)["port"]))
        assert look("localhost", port, old, timeout=5, asks=POSTGRES_ASKS).version == "TLSv1.1"


def test_a_ca_of_the_database_that_is_not_there_is_named(secured: Secured, tmp_path: Path) -> None:
    """Missing, or no certificate: a fault of settings, not a database that is away."""
    file = tmp_path / "ca.pem"
    for _ in range(2):
        with pytest.raises(SettingsError, match=r"postgres\.ca_file: .*ca\.pem cannot be used"):
            connect(Postgres(dsn=secured.dsn, ca_file=file), name="test")
        file.write_text("no certificate")


# --- all of it -------------------------------------------------------------------------------------------------------


@contextmanager
def venue_over_tls(issued: Issued) -> Iterator[str]:
    """Give the address of something that answers every GET with {}."""

    class Answers(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    server.socket = issued.server().wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"https://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)


@pytest.mark.parametrize("engine", ["faust", "librdkafka"])
def test_the_pipeline_runs_over_tls_and_doctor_shows_who_answers(engine: str, secured: Secured, tmp_path: Path) -> None:
    """init, a role on either engine and doctor, with nothing but TLS to Kafka, PostgreSQL and the venue."""
    room = KafkaRoom(bootstrap_servers=secured.brokers["sound"], topic_prefix=new_topic_prefix())
    ca_file = secured.authority.ca_file
    ending = secured.authority.issue("127.0.0.1", days=5)
    with fresh_database(secured.services) as plain, venue_over_tls(ending) as url:
        dsn = make_conninfo(plain, host="localhost", sslmode="verify-full")
        told = {
            "CUSTODIAN_KAFKA__CLIENT__SECURITY_PROTOCOL": "SSL",
            "CUSTODIAN_KAFKA__CLIENT__SSL_CA_LOCATION": str(ca_file),
            "CUSTODIAN_POSTGRES__CA_FILE": str(ca_file),
            "CUSTODIAN_VENUES__TOKYO__CA_FILE": str(ca_file),
            "CUSTODIAN_ENGINE__KIND": engine,
        }
        commands = write_settings(tmp_path, room, dsn, venue_url=url)
        done = commands.run("init", **told)
        assert done.returncode == 0, done.stderr
        kafka = kafka_of(room.bootstrap_servers, ca_file).model_copy(update={"topic_prefix": room.topic_prefix})
        EventProducer(kafka).publish([outgoing(settled_record(intent(number, engine), number)) for number in range(4)])

        def read() -> bool:
            with connect(Postgres(dsn=dsn, ca_file=ca_file), name="test", autocommit=True) as connection:
                return sum(positions.of_consumer(connection, "settlement").values()) == 4

        with commands.running("run", "settlement", **told):
            eventually(read, within=30, what="settlement has read over TLS")
        lines = {line["check"]: line for line in map(json.loads, commands.run("doctor", "--format", "jsonl", **told).stdout.splitlines())}
        shown = {check: line["found"] for check, line in lines.items() if " TLS" in check}
        assert set(shown) == {f"Kafka TLS {room.bootstrap_servers}", "PostgreSQL TLS", "venue tokyo TLS"}
        assert all(found.startswith("TLSv1.3 with ") for found in shown.values()), shown
        assert f"until {ending.ends_at:%Y-%m-%d %H:%M} UTC" in shown["venue tokyo TLS"]
        assert lines["venue tokyo TLS"]["do"] == "have it renewed"
        assert lines["PostgreSQL TLS"].get("do") is None
