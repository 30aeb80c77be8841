"""What every benchmark stands on: embedded Kafka and PostgreSQL with their default durability, rooms in them, processes and a meter."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from infra.embedded.services import EmbeddedServices
from pipeline import settings as configuration
from pipeline.errors import ServiceAwayError
from pipeline.kafka import EventProducer, TopicAdmin
from pipeline.log.envelope import Outgoing
from pipeline.log.topics import EventType
from pipeline.supervisor.preparation import prepare
from tests.bench.documents import PARTY, VENUE
from tests.services import Services, admin_dsn_of, fresh_database
from tests.waiting import eventually

ROOT = Path(__file__).parents[2]
CUSTODIAN = (sys.executable, "-m", "pipeline.cli.main")
_NUMBERS = itertools.count(1)


@contextlib.contextmanager
def ground(note: Callable[[str], None]) -> Iterator[Ground]:
    """Start Kafka and PostgreSQL in a new folder, synchronising to disk; stop and remove them afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="custodian-bench-"))
    embedded = EmbeddedServices(folder / "services", sync_to_disk=True, note=note)
    try:
        addresses = embedded.up()
        yield Ground(Services(bootstrap_servers=addresses.bootstrap_servers, admin_dsn=admin_dsn_of(addresses)), folder)
    finally:
        embedded.down()
        shutil.rmtree(folder, ignore_errors=True)


@dataclass(frozen=True, slots=True)
class Ground:
    """The services of one run."""

    services: Services
    folder: Path

    @property
    def postgresql(self) -> str:
        """Return the version of PostgreSQL."""
        with psycopg.connect(self.services.admin_dsn) as connection:
            return str(connection.info.parameter_status("server_version"))

    @contextlib.contextmanager
    def room(self, base_url: str = "http://127.0.0.1:1") -> Iterator[Room]:
        """Give topics, a database and a settings file to one measurement, prepared by what `custodian init` does."""
        folder = self.folder / f"room-{next(_NUMBERS)}"
        folder.mkdir()
        with fresh_database(self.services) as dsn:
            room = Room(folder, dsn, f"{folder.name}.", self.services)
            room.write_settings(base_url)
            prepare(room.settings)
            with contextlib.closing(room):
                yield room


class Room:
    """One measurement's part of the services."""

    def __init__(self, folder: Path, dsn: str, prefix: str, services: Services) -> None:
        self.folder, self.dsn, self.prefix, self.services = folder, dsn, prefix, services
        self.settings_file = folder / "custodian.toml"
        self.connection = psycopg.connect(dsn, autocommit=True)

    def write_settings(self, base_url: str) -> None:
        """Write the settings; the request cap is lifted as far as it goes."""
        secrets = self.folder / "secrets"
        secrets.mkdir()
        parts = dict(conninfo_to_dict(self.dsn))
        (secrets / "postgres").write_text(str(parts.pop("password")))
        (secrets / "client").write_text("bench-client-secret")
        self.settings_file.write_text(
            f"""
[kafka]
bootstrap_servers = "{self.services.bootstrap_servers}"
topic_prefix = "{self.prefix}"
[postgres]
dsn = {json.dumps(make_conninfo("", **parts))}
password_file = "secrets/postgres"
[venues.{VENUE}]
kind = "musubi"
base_url = "{base_url}"
requests_per_second = 100000
request_burst = 100000
[venues.{VENUE}.auth]
kind = "musubi"
client_id = "{PARTY}"
client_secret_file = "secrets/client"
"""
        )

    def choose_engine(self, kind: str) -> None:
        """Let processors that start from now on run on this engine."""
        before = self.settings_file.read_text().partition("[engine]")[0]
        self.settings_file.write_text(f'{before}[engine]\nkind = "{kind}"\n')

    @property
    def settings(self) -> configuration.Settings:
        """Return the settings as the product reads them."""
        return configuration.load(self.settings_file, {})

    # -- Kafka ----------------------------------------------------------------------------------------------------

    def topic(self, kind: EventType) -> str:
        """Return the name of a topic here."""
        return kind.topic(self.prefix)

    def produce(self, events: Iterable[Outgoing], batch: int = 5_000) -> int:
        """Put events into their topics, acknowledged, and return how many."""
        publisher = EventProducer(self.settings.kafka)
        rest, count = iter(events), 0
        while piece := list(itertools.islice(rest, batch)):
            publisher.publish(piece)
            count += len(piece)
        publisher.close()
        return count

    def records_in(self, kind: EventType) -> Callable[[], int]:
        """Return what counts the records of a topic."""
        admin, partitions = TopicAdmin(self.settings.kafka), [(self.topic(kind), n) for n in range(self.settings.kafka.partitions)]

        def count() -> int:
            try:
                return sum(admin.ends(partitions).values())
            except ServiceAwayError:  # the leaders of new topics are not known yet
                return 0

        return count

    def ends_of(self, kind: EventType) -> dict[int, int]:
        """Return the next offset of each partition of a topic."""
        topic = self.topic(kind)
        ends = TopicAdmin(self.settings.kafka).ends([(topic, number) for number in range(self.settings.kafka.partitions)])
        return {number: end for (_, number), end in ends.items()}

    # -- PostgreSQL -----------------------------------------------------------------------------------------------

    def value(self, query: str, *parameters: Any) -> Any:
        """Return the one value of a query."""
        row = self.connection.execute(query.encode(), parameters).fetchone()
        return row[0] if row else None

    def handled_by(self, consumer: str) -> Callable[[], int]:
        """Return what counts the records that a consumer's committed positions are past."""
        return lambda: int(self.value("SELECT coalesce(sum(next_offset), 0) FROM custodian.positions WHERE consumer = %s", consumer))

    def begin_at(self, consumer: str, kind: EventType, offsets: dict[int, int]) -> None:
        """Let a consumer go on from these offsets of a topic when it is started next."""
        for partition, offset in offsets.items():
            self.connection.execute(
                "UPDATE custodian.positions SET next_offset = %s WHERE consumer = %s AND topic = %s AND partition = %s",
                (offset, consumer, self.topic(kind), partition),
            )

    def close(self) -> None:
        """Let go of the connection."""
        self.connection.close()

    # -- processes ------------------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def running(self, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
        """Run `custodian …` on these settings."""
        log = self.folder / f"{'-'.join(arguments)}-{next(_NUMBERS)}.log"
        with child([*CUSTODIAN, "--config", str(self.settings_file), *arguments], log) as process:
            yield process

    @contextlib.contextmanager
    def plain(self, name: str, **options: Any) -> Iterator[subprocess.Popen[bytes]]:
        """Run one of the plain programs here."""
        told = {
            "bootstrap_servers": self.services.bootstrap_servers,
            "prefix": self.prefix,
            "partitions": self.settings.kafka.partitions,
            "dsn": self.dsn,
            **options,
        }
        options_file = self.folder / f"plain-{name}-{next(_NUMBERS)}.json"
        options_file.write_text(json.dumps(told))  # not on the command line, since a password is in it
        module = "tests.bench.plain_faust" if name == "faust_table" else "tests.bench.plain"  # nobody else pays for loading Faust
        with child([sys.executable, "-m", module, name, str(options_file)], options_file.with_suffix(".log")) as process:
            yield process


@contextlib.contextmanager
def child(command: Sequence[str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program; SIGTERM it afterwards, and SIGKILL it when it does not end."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("CUSTODIAN_", "PG"))}
    with log.open("wb") as out:
        process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True
        )
    try:
        yield process
    except BaseException:
        sys.stderr.write(f"--- {' '.join(command[2:5])}\n{log.read_text(errors='replace')[-3000:]}\n")
        raise
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        try:
            process.wait(35)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)


def port_in(file: Path, process: subprocess.Popen[bytes]) -> str:
    """Wait for a port to stand in a file and return the address of who listens there."""
    eventually(lambda: file.exists() or process.poll() is not None, within=60, what="a port is opened")
    return f"http://127.0.0.1:{file.read_text().strip()}"


@dataclass(frozen=True, slots=True)
class Look:
    """How far a program was at a monotonic time, and how much processor time it had used by then (0 where there is no /proc)."""

    at: float
    count: int
    cpu: float


@dataclass(frozen=True, slots=True)
class Rate:
    """Records per second, and microseconds of the program's own processor time per record: the steadier figure on a busy machine."""

    per_second: float
    cpu_us: float


def looks_until(
    count: Callable[[], int],
    total: int,
    *,
    within: float,
    process: subprocess.Popen[bytes],
    beside: Sequence[subprocess.Popen[bytes]] = (),
) -> list[Look]:
    """Look at a count until it reaches `total`; return every look that saw it move. Raise RuntimeError when a program ends before.

    `beside` are further workers of the same program: their processor time counts as well.
    """
    seen: list[Look] = []
    programs = (process, *beside)

    def look() -> bool:
        number = count()
        if number and (not seen or number != seen[-1].count):
            seen.append(Look(time.monotonic(), number, sum(cpu_seconds(program.pid) for program in programs)))
        if number < total and (ended := [program.returncode for program in programs if program.poll() is not None]):
            raise RuntimeError(f"the measured program ended with {ended[0]} at {number} of {total}")
        return number >= total

    eventually(look, within=within, what=f"{total} records are handled")
    return seen


def rate_of(seen: Sequence[Look]) -> Rate:
    """Return the rate between the first and the last look, so that starting up does not count."""
    first, last = seen[0], seen[-1]
    done = last.count - first.count
    if not done or last.at <= first.at:
        raise RuntimeError("too few records to tell a rate; give it more --seconds")
    return Rate(done / (last.at - first.at), 1e6 * (last.cpu - first.cpu) / done)


def cpu_seconds(pid: int) -> float:
    """Return the processor time that a process has used, 0 where there is no /proc."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def peak_mib(pid: int) -> float:
    """Return the most memory that a process has had so far, in MiB; 0 where there is no /proc."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM:")), 0.0)
