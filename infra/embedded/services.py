"""Apache Kafka and PostgreSQL for one folder: up, down, status.

Two folders are two independent clusters. `up` starts what does not run and leaves alone what does; `down` stops
exactly what `up` started; both wait for one another through a lock file. Nothing else keeps running: no supervisor,
no agent. What users see of this is `custodian dev`.
"""

from __future__ import annotations

import contextlib
import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from infra.embedded import jars, ports
from infra.embedded.children import ServiceStartError, wait_until
from infra.embedded.kafka import ADMIN, EmbeddedKafka
from infra.embedded.ports import Ports
from infra.embedded.postgres import SUPERUSER, EmbeddedPostgres, accepts
from pipeline.secret_files import ensure_secret

DEFAULT_FOLDER = Path(".custodian")
LOGINS = {
    f"custodian-{role}": role for role in ("ingest", "settlement", "workflow", "risk", "commands", "ledger", "archive", "init", "cli")
}
"""Of a Kafka with logins, beside the one that may do everything: one for each role."""

State = Literal["running", "not answering", "crashed", "stopped"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    """Where the services of a folder are reached; the DSNs carry no password."""

    bootstrap_servers: str
    postgres_dsn: str
    password_file: Path
    superuser_dsn: str
    superuser_password_file: Path
    kafka_passwords: Mapping[str, Path]  # by login; none where Kafka lets everybody in
    started: tuple[str, ...]  # names of the services that this call had to start; empty when all ran already


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceStatus:
    """What is known of one service."""

    service: str
    state: State
    pid: int | None
    address: str | None
    version: str
    log: Path


@dataclass(frozen=True, slots=True)
class ServiceSwitch:
    """Kills and starts one service of a running pair; what fault tests hold."""

    _kill: Callable[[], None]
    _start: Callable[[], None]

    def kill(self) -> None:
        """SIGKILL the service with all its processes and wait until they are gone."""
        self._kill()

    def start(self) -> None:
        """Start the service on its port again and wait until it answers; raises ServiceStartError."""
        self._start()


def silent(_: str) -> None:
    """Take a note of progress and say nothing."""


class EmbeddedServices:
    """The Kafka and the PostgreSQL of one folder.

    `sync_to_disk` off makes them faster and unsafe against power cuts, for tests; `note` is told of slow work. `kafka_settings` and
    `postgres_programs` are what `EmbeddedKafka.more` and `EmbeddedPostgres.programs` say. `secure` gives Kafka logins, one per role,
    and has it deny what is not granted; a folder that was begun so stays so.
    """

    def __init__(
        self,
        base: Path,
        *,
        sync_to_disk: bool = True,
        note: Callable[[str], None] = silent,
        secure: bool = False,
        kafka_settings: Mapping[str, str] | None = None,
        postgres_programs: Path | None = None,
    ) -> None:
        self.base = base.expanduser().absolute()
        self._note = note
        self._kafka = EmbeddedKafka(
            folder=self.base / "kafka", flush=sync_to_disk, note=note, more=kafka_settings or {}, logins=self._logins(make=secure)
        )
        self._postgres = EmbeddedPostgres(
            folder=self.base / "postgres", secrets_folder=self.base / "secrets", sync_to_disk=sync_to_disk, programs=postgres_programs
        )
        self.kafka = ServiceSwitch(self._kafka.kill, lambda: self._start_one(self._kafka))
        self.postgres = ServiceSwitch(self._postgres.kill, lambda: self._start_one(self._postgres))

    def up(self, *, new_ports: bool = False) -> Addresses:
        """Start what does not run and return the addresses.

        `new_ports` replaces remembered ports that somebody else has taken meanwhile. Raises ServiceStartError, after
        which whatever did start goes on running and `up` can be repeated.
        """
        self._prepare()
        with self._locked():
            chosen = self._ports(new_ports=new_ports)
            missing = [each for each in (self._kafka, self._postgres) if each.child.running() is None]
            for service in missing:
                self._free_or_raise(service, chosen)
            for service in missing:
                self._note(f"starting {service.child.name} {service.version}")
                service.spawn(chosen)
            for service in missing:
                service.await_ready(chosen)
            if self._kafka.logins:  # also where the broker runs: the `up` that started it may have ended before this
                self._grant(chosen)
            return self._addresses(chosen, tuple(service.child.name for service in missing))

    def down(self) -> tuple[str, ...]:
        """Stop what runs of this folder and return the names; nothing running is no error."""
        if not self.base.is_dir():
            return ()
        with self._locked():
            return tuple(service.child.name for service in (self._postgres, self._kafka) if service.stop())

    def status(self) -> tuple[ServiceStatus, ...]:
        """Return what is known of both services; changes nothing and waits for nobody."""
        chosen = ports.remembered(self.base / "ports.json")
        return (
            self._status_of(self._kafka, chosen.kafka if chosen else None, self._kafka.answers),
            self._status_of(self._postgres, chosen.postgres if chosen else None, accepts),
        )

    def kafka_password_file(self, login: str) -> Path:
        """Return the file with the password of a login of Kafka."""
        return self.base / "secrets" / f"kafka-{login}"

    def _logins(self, *, make: bool) -> dict[str, str]:
        """Return the passwords of Kafka's logins by name, making them where there are none; none for a Kafka that is open."""
        if not make and not self.kafka_password_file(ADMIN).exists():
            return {}
        return {login: ensure_secret(self.kafka_password_file(login)) for login in (ADMIN, *LOGINS)}

    def _grant(self, chosen: Ports) -> None:
        """Let each role do in Kafka what it has to, and no more, below the prefix that settings have by themselves."""
        # Loaded here: nobody pays for it whose Kafka is open.
        from pipeline import settings
        from pipeline.kafka import grant
        from pipeline.supervisor.acls import grants

        admin = settings.Kafka.model_validate(
            {
                "bootstrap_servers": f"127.0.0.1:{chosen.kafka}",
                "client": {"security.protocol": "SASL_PLAINTEXT", "sasl.mechanism": "PLAIN", "sasl.username": ADMIN},
                "password_file": self.kafka_password_file(ADMIN),
            }
        )
        roles = {role: {"client": {"sasl.username": login}} for login, role in LOGINS.items()}
        grant(admin, list(grants(settings.Settings.model_validate({"kafka": {"roles": roles}}))))

    def _prepare(self) -> None:
        try:
            self.base.mkdir(parents=True, exist_ok=True)
            (self.base / ".gitignore").write_text("*\n")  # data and passwords have no place in a repository
        except OSError as error:
            raise ServiceStartError(f"{self.base} cannot be written to ({error.strerror}); choose another folder with --folder") from error

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        with jars.locked(self.base / "lock"):
            yield

    def _ports(self, *, new_ports: bool) -> Ports:
        """Return the remembered ports, or new ones where there are none or taken ones shall be replaced."""
        file = self.base / "ports.json"
        chosen = ports.remembered(file)
        everything_down = self._kafka.child.running() is None and self._postgres.child.running() is None
        taken = chosen is not None and not all(map(ports.is_free, _all(chosen)))
        if chosen is None or (new_ports and everything_down and taken):
            chosen = ports.choose(random.SystemRandom())
            ports.remember(file, chosen)
        return chosen

    def _free_or_raise(self, service: EmbeddedKafka | EmbeddedPostgres, chosen: Ports) -> None:
        wanted = (chosen.postgres,) if service is self._postgres else (chosen.kafka, chosen.kafka_controller)
        for port in wanted:
            # A killed JVM counts as gone while its last threads still close its sockets; give them their moment.
            if not wait_until(lambda port=port: ports.is_free(port), within=3.0):  # type: ignore[misc]
                raise ServiceStartError(
                    f"{service.child.name} is not started: somebody else listens on 127.0.0.1:{port}, the port that "
                    f"{self.base} has used so far. Stop that program, or have other ports chosen by "
                    "`custodian dev down` and `custodian dev up --new-ports` (and write them into custodian.toml)."
                )

    def _start_one(self, service: EmbeddedKafka | EmbeddedPostgres) -> None:
        with self._locked():
            chosen = ports.remembered(self.base / "ports.json")
            if chosen is None:
                raise ServiceStartError(f"nothing was ever started in {self.base}; call up() first")
            if service.child.running() is None:
                self._free_or_raise(service, chosen)
                service.spawn(chosen)
                service.await_ready(chosen)

    def _addresses(self, chosen: Ports, started: tuple[str, ...]) -> Addresses:
        return Addresses(
            bootstrap_servers=f"127.0.0.1:{chosen.kafka}",
            postgres_dsn=self._postgres.dsn(chosen),
            password_file=self._postgres.password_file,
            superuser_dsn=self._postgres.dsn(chosen, user=SUPERUSER, database="postgres"),
            superuser_password_file=self._postgres.superuser_password_file,
            kafka_passwords={login: self.kafka_password_file(login) for login in self._kafka.logins},
            started=started,
        )

    def _status_of(self, service: EmbeddedKafka | EmbeddedPostgres, port: int | None, probe: Callable[[int], bool]) -> ServiceStatus:
        pid = service.child.running()
        state: State = "stopped"
        if pid is not None:
            state = "running" if port is not None and probe(port) else "not answering"
        elif service.child.recorded():  # a clean stop removes the record
            state = "crashed"
        return ServiceStatus(
            service=service.child.name,
            state=state,
            pid=pid,
            address=None if port is None else f"127.0.0.1:{port}",
            version=service.version,
            log=service.child.log,
        )


def _all(chosen: Ports) -> tuple[int, int, int]:
    return chosen.kafka, chosen.kafka_controller, chosen.postgres


__all__ = ["DEFAULT_FOLDER", "Addresses", "EmbeddedServices", "ServiceStatus", "ServiceSwitch"]
