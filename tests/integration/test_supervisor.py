"""`custodian up` as a supervisor of real processes."""

from __future__ import annotations

import functools
import json
import os
import signal
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from connectors.simulators.musubi.settings import Settings as VenueSettings
from connectors.simulators.musubi.simulator import running_simulator
from tests.integration.commands import CANARY, Commands, all_gone, working, write_settings
from tests.services import KafkaRoom, PrivateServices, Services
from tests.waiting import eventually

ROLES = {"ingest", "settlement", "workflow", "risk", "commands", "ledger", "archive"}


@pytest.fixture
def commands(tmp_path: Path, kafka: KafkaRoom, postgres: str) -> Iterator[Commands]:
    """Give the program with settings for this test's services and a venue; nothing is initialised yet."""
    with running_simulator(VenueSettings(client_secret=CANARY, port=0)) as venue:
        yield write_settings(tmp_path, kafka, postgres, venue_url=venue.base_url)


def test_up_prepares_runs_and_ends_by_sigterm_with_0(commands: Commands) -> None:
    """`up` on services that nobody has initialised brings every role to health, and SIGTERM ends all of it with 0."""
    with commands.running("up") as running:
        found = working(commands, ROLES, within=60)
        assert [role["restarts"] for role in found["roles"]] == [0] * len(ROLES)
        assert all(isinstance(role["lag"], int) for role in found["roles"])
        pids = running.pids()
        for role in found["roles"]:
            for path in ("metrics", "healthz"):
                assert _status(role["metrics"], path) == 200
            # What was ready may wait for something again for a moment: for its group while another joins, for a read of the venue.
            eventually(functools.partial(_is_ready, role["metrics"]), within=10, what=f"{role['role']} is ready")
        assert running.end(signal.SIGTERM, within=32) == 0
        assert all_gone(pids)
        assert {event["role"] for event in running.events()} >= ROLES | {"supervisor"}
        assert {event["event"] for event in running.events() if event["role"] in ROLES} >= {"starting", "ended"}
    assert json.loads(commands.run("status").stdout)["roles"] == []


@pytest.mark.parametrize("engine", ["faust", "librdkafka"])
def test_a_role_that_cannot_finish_in_time_leaves_in_good_order(commands: Commands, services: Services, postgres: str, engine: str) -> None:
    """What another session holds is not waited for: the engine ends its process with 0, and its row does not go on saying that it runs."""
    of_all = make_conninfo(services.admin_dsn, dbname=conninfo_to_dict(postgres)["dbname"])  # who waits is shown to who may see all logins
    with commands.running("up", CUSTODIAN_ENGINE__KIND=engine) as running, psycopg.connect(of_all) as other:
        working(commands, ROLES, within=60)
        other.execute("SELECT 1 FROM custodian.positions WHERE consumer = 'settlement' FOR UPDATE")
        blocked = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND pg_backend_pid() = ANY(pg_blocking_pids(pid))"
        eventually(lambda: other.execute(blocked).fetchone() == (1,), within=30, what="the settlement engine waits for the row")
        assert running.end(signal.SIGTERM, within=32) == 0
        # The batch loop of librdkafka ends with the statement, whose own limit is shorter; Faust's agent does not.
        assert ("something did not end in time" in running.text()) == (engine == "faust")
        assert not [event for event in running.events() if "while stopping" in event["event"]]
    assert json.loads(commands.run("status").stdout)["roles"] == []


def test_a_role_that_is_killed_is_back_within_two_seconds_and_working_soon(commands: Commands) -> None:
    """kill -9 of a child: a new process stands within 2 s, is ready within 15 s, and the log says who died and why."""
    with commands.running("up") as running:
        working(commands, ROLES, within=60)
        before = running.pid_of("ledger")
        os.kill(before, signal.SIGKILL)
        after = eventually(lambda: pid if (pid := running.pid_of("ledger")) != before else 0, within=2, what="the ledger is started again")
        assert after != before

        def replaced() -> dict[str, Any] | None:
            seen = working(commands, ROLES, within=15)  # the heartbeat of the one that died is fresh for another moment
            return seen if after in {role["pid"] for role in seen["roles"]} else None

        found = eventually(replaced, within=15, what="the new ledger is ready")
        assert found is not None
        assert {role["role"]: role["restarts"] for role in found["roles"]} == dict.fromkeys(ROLES, 0) | {"ledger": 1}
        deaths = [event for event in running.events() if "died_role" in event]
        assert [(event["died_role"], event["returncode"], event["pid"]) for event in deaths] == [("ledger", -9, before)]
        assert "killed by SIGKILL" in deaths[0]["event"]


def test_no_child_outlives_a_supervisor_that_was_killed(commands: Commands) -> None:
    """kill -9 of the supervisor: every role ends by itself."""
    with commands.running("up") as running:
        working(commands, ROLES, within=60)
        pids = running.pids()
        running.process.kill()
        running.process.wait(10)
        eventually(lambda: all_gone(pids), within=15, what="every role has ended")


def test_ctrl_c_reaches_the_supervisor_which_drains(commands: Commands) -> None:
    """SIGINT to the process group of `up` ends it with 0; children are in groups of their own and get SIGTERM from it."""
    with commands.running("run", "ledger", "archive") as running:
        working(commands, {"ledger", "archive"}, within=60)
        groups = {os.getpgid(pid) for pid in running.pids()}
        assert os.getpgid(running.process.pid) not in groups
        os.killpg(running.process.pid, signal.SIGINT)
        assert running.process.wait(32) == 0
        assert "died_role" not in running.text()


def test_wrong_settings_of_a_role_stop_everything_with_78(commands: Commands) -> None:
    """A role that exits with 78 while running ends all of them, and it is said which and why."""
    with commands.running("up") as running:
        working(commands, ROLES, within=60)
        toml = commands.folder / "custodian.toml"
        toml.write_text(toml.read_text() + "[currencies.JPYSC0]\nscale = -4\n")  # found when the role starts again
        os.kill(running.pid_of("ledger"), signal.SIGKILL)
        assert running.process.wait(40) == 78
        said = [event["event"] for event in running.events() if event["role"] == "supervisor"]
        assert any("ledger ended (exit code 78" in event and "JPYSC0" in event for event in said), said
        assert all_gone(running.pids())


def test_a_second_up_shares_the_work(commands: Commands) -> None:
    """Two supervisors on the same settings both have healthy roles, and one ends without the other."""
    with commands.running("up") as one:
        working(commands, ROLES, within=60)
        with commands.running("run", "ledger", "archive") as other:

            def both() -> bool:
                found = json.loads(commands.run("status").stdout)
                return sorted(role["role"] for role in found["roles"] if role["healthy"] and role["ready"]).count("ledger") == 2

            eventually(both, within=30, what="two ledgers are ready")
            assert other.end(signal.SIGTERM, within=32) == 0
        assert one.process.poll() is None
        assert one.end(signal.SIGTERM, within=32) == 0


def test_services_that_go_away_are_waited_for(private_services: PrivateServices, tmp_path: Path) -> None:
    """With PostgreSQL stopped for some seconds no role ends; `/readyz` says why it is not ready and is content afterwards."""
    room = KafkaRoom(bootstrap_servers=private_services.bootstrap_servers, topic_prefix=private_services.topic_prefix)
    commands = write_settings(tmp_path, room, private_services.postgres_dsn)
    with commands.running("run", "ledger", "archive") as running:
        found = working(commands, {"ledger", "archive"}, within=60)
        port = next(role["metrics"] for role in found["roles"] if role["role"] == "ledger")
        private_services.postgres.kill()
        since = time.monotonic()
        reasons = eventually(lambda: _not_ready(port), within=20, what="/readyz answers 503")
        assert "postgres" in reasons or "ledger loop" in reasons
        assert _status(port, "healthz") == 200
        eventually(
            lambda: time.monotonic() - since > 6, within=10, what="PostgreSQL has been away for longer than a connection takes to fail"
        )
        private_services.postgres.start()
        eventually(lambda: _status(port, "readyz") == 200, within=30, what="the ledger is ready again")
        assert "died_role" not in running.text()
        assert running.end(signal.SIGTERM, within=32) == 0


def _status(port: int, path: str) -> int:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/{path}", timeout=5) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def _is_ready(port: int) -> bool:
    assert _not_ready(port) == {}
    return True


def _not_ready(port: int) -> dict[str, str]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5):
            return {}
    except urllib.error.HTTPError as error:
        reasons: dict[str, str] = json.load(error)["reasons"]
        return reasons


def test_up_with_a_service_away_ends_with_69_naming_it(commands: Commands) -> None:
    """After thirty seconds without PostgreSQL `up` gives up and names it; no role was started."""
    began = time.monotonic()
    done = commands.run("up", CUSTODIAN_POSTGRES__DSN="postgresql://custodian@127.0.0.1:9/x")
    assert done.returncode == 69
    assert "PostgreSQL does not answer" in done.stderr
    assert "started_role" not in done.stderr
    assert 25 < time.monotonic() - began < 45
