"""The whole pipeline as a user runs it, on real services and against the venue simulator, for tests that hurt it.

The rig writes a custodian.toml, runs `custodian init` and `custodian up` as real processes, and ends all of them whatever happens.
What came of it is judged by `tests/auditor.py`, which shares no code with the product.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from connectors.simulators.musubi.faults import parse_faults
from connectors.simulators.musubi.settings import Settings as VenueSettings
from connectors.simulators.musubi.simulator import Simulator, running_simulator
from connectors.simulators.musubi.switches import Switches
from connectors.simulators.musubi.world import Mix, Rules
from tests import people
from tests.waiting import eventually

ROOT = Path(__file__).parents[1]
VENUE = "tokyo"
PARTITIONS = 3
ROLES = ("ingest", "settlement", "ledger", "archive")
"""What it takes to follow and to book."""
EVERY_ROLE = (*ROLES, "workflow", "risk", "commands")
WITHOUT_RISK = tuple(role for role in EVERY_ROLE if role != "risk")
"""What `up` runs where [risk] engine = "external"."""
CONSUMERS = {"ingest": (), "commands": ("commands", "decisions")}
"""The names under which a role stores positions, where it is not its own."""
UNRULY = ("duplicate=0.3:0.5", "drop=0.02", "reorder=0.1:0.3", "skip_executing=0.3")
"""30 % of the frames come twice, 2 % never, a tenth late, and three in ten orders settle without EXECUTING."""
CLIENT_SECRET = "rig-client-secret"

_CUSTODIAN = (sys.executable, "-m", "pipeline.cli.main")


@dataclass(kw_only=True)
class Program:
    """One running `custodian …` and the file that takes what it writes."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    def lines(self) -> list[dict[str, Any]]:
        """Return the structured lines that it has written so far."""
        found = []
        for text in self.log.read_text(errors="replace").splitlines():
            with contextlib.suppress(ValueError):
                line = json.loads(text)
                if isinstance(line, dict):
                    found.append(line)
        return found

    def pids(self) -> dict[str, int]:
        """Return the latest process id of each role that it supervises."""
        return {line["started_role"]: line["pid"] for line in self.lines() if "started_role" in line}

    def deaths(self) -> list[tuple[str, int]]:
        """Return role and return code of every supervised process that died."""
        return [(line["died_role"], line["returncode"]) for line in self.lines() if "died_role" in line]

    def kill_role(self, role: str) -> int:
        """SIGKILL a supervised role and return the process id that it had."""
        pid = self.pids()[role]
        os.kill(pid, signal.SIGKILL)
        return pid

    def kill_all(self) -> None:
        """SIGKILL the program and every role below it at once."""
        pids = list(self.pids().values())
        self.process.kill()
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait(30)

    def end(self, *, within: float = 32) -> int:
        """Send SIGTERM and return the exit code; `up` promises to end within 30 s."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(within)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self.name} did not end within {within:g} s of SIGTERM:\n{self.tail()}") from None

    def tail(self, lines: int = 40) -> str:
        """Return the end of what it wrote."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])


@dataclass(kw_only=True)
class Rig:
    """A venue, its settings file, and what runs on them."""

    bootstrap_servers: str
    topic_prefix: str
    dsn: str
    folder: Path
    venue: Simulator
    rules: Rules
    roles: Sequence[str] = ROLES
    programs: list[Program] = field(default_factory=list)

    @property
    def consumers(self) -> list[str]:
        """Return the names under which what runs here stores its positions."""
        return [name for role in self.roles for name in CONSUMERS.get(role, (role,))]

    @property
    def database(self) -> str:
        """Return the name of the database, which is also that of who prepares it."""
        return str(conninfo_to_dict(self.dsn)["dbname"])

    # -- settings -------------------------------------------------------------------------------------------------

    @property
    def settings_file(self) -> Path:
        """Return where the settings stand."""
        return self.folder / "custodian.toml"

    def write_settings(
        self,
        *,
        reconcile_interval: str = "1s",
        session_timeout: str = "2s",
        scales: Mapping[str, int] | None = None,
        client_secret: str = CLIENT_SECRET,
        base_url: str | None = None,
        policy: str | None = None,
        more: str = "",
    ) -> None:
        """Write custodian.toml, the policy beside it, and the secrets that it names; no secret stands in it. `more` is TOML of its own."""
        if policy is not None:
            (self.folder / "policy.toml").write_text(policy)
        secrets = self.folder / "secrets"
        secrets.mkdir(exist_ok=True)
        (secrets / "client").write_text(client_secret)
        parts = {name: str(value) for name, value in conninfo_to_dict(self.dsn).items()}
        (secrets / "postgres").write_text(parts.pop("password"))
        for name in ("client", "postgres"):
            (secrets / name).chmod(0o600)
        currencies = "".join(f"[currencies.{name}]\nscale = {scale}\n" for name, scale in (scales or {}).items())
        self.settings_file.write_text(
            f"""
[kafka]
bootstrap_servers = "{self.bootstrap_servers}"
topic_prefix = "{self.topic_prefix}"
partitions = {PARTITIONS}
[postgres]
dsn = {json.dumps(make_conninfo("", **parts))}
password_file = "secrets/postgres"
[engine]
session_timeout = "{session_timeout}"
[venues.{VENUE}]
kind = "musubi"
base_url = "{base_url or self.venue.base_url}"
reconcile_interval = "{reconcile_interval}"
silence_timeout = "5s"
requests_per_second = 300
request_burst = 300
[venues.{VENUE}.auth]
kind = "musubi"
client_id = "custodian-a"
client_secret_file = "secrets/client"
{currencies}
{more}"""
        )

    # -- the program ----------------------------------------------------------------------------------------------

    def _command(self, arguments: Sequence[str]) -> list[str]:
        return [*_CUSTODIAN, "--config", str(self.settings_file), *arguments]

    def _environment(self, extra: Mapping[str, str]) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("CUSTODIAN_", "PG"))}
        return {**kept, "PYTHONPATH": str(ROOT), **extra}

    def custodian(
        self, *arguments: str, expect: int | None = 0, by: str | None = None, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a command to its end, as the settings' login or a person's; fail unless it exits with `expect` (None: whatever)."""
        if by is not None:
            environment |= self.person(by)
        done = subprocess.run(
            self._command(arguments),
            cwd=self.folder,
            env=self._environment(environment),
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        said = f"custodian {' '.join(arguments)} ended with {done.returncode}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
        assert expect is None or done.returncode == expect, said
        return done

    def person(self, name: str) -> dict[str, str]:
        """Make a person who may approve and operate, and return the environment in which a command is theirs."""
        with psycopg.connect(self.dsn, autocommit=True) as owner:
            return people.signed_in(owner, name, self.folder)

    def login(self, name: str) -> str:
        """Return the login of a person."""
        return self.person(name)["CUSTODIAN_LOGIN"]

    def resume(self, *scope: str) -> None:
        """Let two people end the halt of a scope."""
        wanted = dict(zip(scope[::2], scope[1::2], strict=True))
        (halt,) = [
            one
            for one in self.listed("halt", "--list")
            if (one.get("venue"), one.get("pair")) == (wanted.get("--venue"), wanted.get("--pair"))
        ]
        for name in ("first person", "second person"):
            self.custodian("resume", *scope, "--shown", halt["shown_sha256"], "--reason", "the test is over", by=name)

    def listed(self, *arguments: str, expect: int | None = 0) -> list[dict[str, Any]]:
        """Run a command that lists, and return its lines."""
        done = self.custodian(*arguments, "--format", "jsonl", expect=expect)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def start(self, *arguments: str, **environment: str) -> Program:
        """Start a command in the background; the rig ends it."""
        log = self.folder / f"{'-'.join(arguments)}-{len(self.programs)}.log"
        with log.open("wb") as out:
            process = subprocess.Popen(
                self._command(arguments),
                cwd=self.folder,
                env=self._environment(environment),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )
        program = Program(name=" ".join(arguments), process=process, log=log)
        self.programs.append(program)
        return program

    def start_up(self, **environment: str) -> Program:
        """Start the roles of this rig, supervised, and wait for nothing; by `up` where those are what it runs."""
        whole = set(self.roles) in (set(EVERY_ROLE), set(WITHOUT_RISK))
        return self.start(*(("up",) if whole else ("run", *self.roles)), **environment)

    def up(self, **environment: str) -> Program:
        """Start the roles of this rig, supervised, and wait until each has been started once."""
        program = self.start_up(**environment)

        def begun() -> bool:
            if program.process.poll() is not None:
                raise RuntimeError(f"up ended with {program.process.returncode}:\n{program.tail()}")
            return set(program.pids()) >= set(self.roles)

        eventually(begun, within=60, what=f"{self.roles} are started")
        return program

    def check_alive(self) -> None:
        """Raise RuntimeError when nothing runs any more, so that nobody waits for it."""
        if all(program.process.poll() is not None for program in self.programs):
            raise RuntimeError(f"every program of the rig has ended, the last one said:\n{self.programs[-1].tail(5)}")

    def end_all(self) -> None:
        """End whatever still runs, whether or not it wants to."""
        for program in self.programs:
            if program.process.poll() is None:
                program.kill_all()

    # -- the venue ------------------------------------------------------------------------------------------------

    def venue_get(self, path: str) -> Any:
        """Ask the venue's door for tests."""
        with urllib.request.urlopen(f"{self.venue.base_url}/simulator/{path}", timeout=30) as answer:
            return json.load(answer)

    def venue_post(self, path: str, **body: Any) -> Any:
        """Tell the venue's door for tests."""
        request = urllib.request.Request(
            f"{self.venue.base_url}/simulator/{path}",
            data=json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
            method="POST",
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def order(self, number: int = 1, **fields: Any) -> list[str]:
        """Let the venue settle orders at once, with the same fields, and return their intents."""
        orders = [{"directly": True, **fields} for _ in range(number)]
        intents: list[str] = self.venue_post("orders", orders=orders)["intents"]
        return intents

    def send(self, *payloads: bytes) -> None:
        """Let the venue send `order_updated` frames with these bytes as they are."""
        self.venue_post("frames", frames=[{"base64": base64.b64encode(payload).decode()} for payload in payloads])

    def traffic(self, orders: int = 0, *, within: float = 60) -> None:
        """Let the venue begin so many more orders while ingest listens to its stream, then no more, and check that frames did flow."""
        self.connected(within=within)
        before = self.venue_get("state")["created"]

        def enough() -> bool:
            """Enough orders and enough frames: while cuts and lost tokens keep the stream closed, the venue speaks to nobody."""
            sent: int = self.venue_get("truth?parts=frames")["frames"].get("sent", 0)
            return self.venue_get("state")["created"] >= before + orders and sent > orders

        eventually(enough, within=within, what=f"{orders} orders begin and more frames than that are sent")
        self.venue_post("stop-creating")
        eventually(lambda: self.venue_get("state")["finished"], within=within, what="the venue ends its orders")

    def settled_at_venue(self) -> list[dict[str, Any]]:
        """Return what the venue's log of the truth says was settled."""
        found: list[dict[str, Any]] = self.venue_get("truth?parts=settlements")["settlements"]
        return found

    def stream_open(self) -> bool:
        """Tell whether somebody listens to the venue's stream."""
        return bool(self.venue_get("state")["streams"])

    def connected(self, *, within: float = 30) -> None:
        """Wait until the pipeline listens to the venue."""
        eventually(self.stream_open, within=within, what="ingest listens to the venue's stream")

    # -- the database ---------------------------------------------------------------------------------------------

    def rows(self, query: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Run a query, committed, on a connection of its own."""
        with psycopg.connect(self.dsn, autocommit=True, connect_timeout=10) as connection:
            cursor = connection.execute(query.encode(), parameters)
            return cursor.fetchall() if cursor.description else []

    def value(self, query: str, parameters: Sequence[Any] = ()) -> Any:
        """Return the one value of a query."""
        return self.rows(query, parameters)[0][0]

    def booked(self) -> int:
        """Return how many entries the books hold; raise RuntimeError when there is nobody left who could book."""
        self.check_alive()
        return int(self.value("SELECT count(*) FROM accounting.journal"))

    def books_grow(self, by: int = 5, *, within: float = 30) -> None:
        """Wait until the books hold some more entries than now."""
        before = self.booked()
        eventually(lambda: self.booked() >= before + by, within=within, what=f"{by} more than {before} settlements are booked")

    def condition(self) -> str:
        """Describe for a failure where every consumer and role stands, as far as the database still says."""
        parts = {
            "positions": "SELECT consumer, topic, partition, next_offset, updated_at::text FROM custodian.positions WHERE next_offset > 0",
            "cursor": "SELECT venue, epoch, reconciled_at::text, updated_at::text FROM custodian.ingest_cursors",
            "lease": "SELECT owner, epoch, expires_at::text FROM custodian.leases",
            "commands": "SELECT kind, state, reason, http_status, count(*) FROM commands.journal GROUP BY 1, 2, 3, 4",
            "phases": "SELECT state ->> 'phase', state ->> 'status', state ->> 'note', count(*) FROM custodian.states "
            "WHERE processor = 'workflow' GROUP BY 1, 2, 3",
            "roles": "SELECT role, pid, healthy, seen_at::text, report::text FROM custodian.roles",
            "sessions": "SELECT application_name, state, wait_event, left(query, 60) FROM pg_stat_activity",
        }
        found = []
        for name, query in parts.items():
            try:
                found += [f"{name}: {row}" for row in self.rows(query)]
            except psycopg.Error as error:
                found.append(f"{name}: {str(error).strip()}")
        return "\n".join(found)

    def topic(self, name: str) -> str:
        """Return the whole name of a topic such as "order-settled.v1"."""
        return f"{self.topic_prefix}{name}"

    def metrics(self, role: str) -> dict[str, float]:
        """Return the samples that the role's latest process shows, by name and labels as written."""
        port = self.value("SELECT metrics_port FROM custodian.roles WHERE role = %s ORDER BY seen_at DESC LIMIT 1", (role,))
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
            lines = answer.read().decode().splitlines()
        return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines if line and line[0] != "#")}


@contextlib.contextmanager
def running_rig(
    *,
    bootstrap_servers: str,
    topic_prefix: str,
    dsn: str,
    folder: Path,
    seed: int,
    rate: float = 30.0,
    speed: float = 60.0,
    faults: Sequence[str] = (),
    switches: Mapping[str, str] | None = None,
    mix: Mix | None = None,
    failing: float = 0.04,
    client_secret: str = CLIENT_SECRET,
    roles: Sequence[str] = ROLES,
    console_user: float = 1.0,
    world: Mapping[str, Any] | None = None,
    **settings: Any,
) -> Iterator[Rig]:
    """Start a venue and write settings for it; end everything afterwards, and print what a failure has to be looked up with."""
    rules = Rules(
        seed=seed,
        rate=rate,
        speed=speed,
        console_user=console_user,
        failing=failing,
        mix=mix or Mix(receiver=45, sender=40, both=10, none=5),
        **(world or {}),
    )
    told = VenueSettings(
        client_secret=client_secret,
        rules=rules,
        faults=parse_faults(faults),
        switches=Switches(dict(switches or {})),
        heartbeat=1.0,
        truth_file=folder / "truth.jsonl",
    )
    with running_simulator(told) as venue:
        rig = Rig(
            bootstrap_servers=bootstrap_servers, topic_prefix=topic_prefix, dsn=dsn, folder=folder, venue=venue, rules=rules, roles=roles
        )
        rig.write_settings(client_secret=client_secret, **settings)
        try:
            yield rig
        finally:
            print(rig.condition())
            rig.end_all()
            print(f"seed of the simulator: {seed}; faults: {', '.join(faults) or 'none'}; files in {folder}")
            for program in rig.programs:
                print(f"--- {program.name} ({program.log.name})\n{program.tail()}")
