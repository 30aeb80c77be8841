"""The whole pipeline under its own logins: each role works with the least rights and its own secrets."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from pipeline.stores import grants
from tests.auditor import until_quiet
from tests.faults.test_accepting import PATIENT, accepting_rig, judged
from tests.faults.test_kills import ENGINES
from tests.rig import CLIENT_SECRET, EVERY_ROLE, VENUE, Program, Rig
from tests.waiting import eventually

MakeRig = Callable[..., Rig]
SCHEDULE = """
[schedule]
reconcile_venue = "5s"
archive_verify = "5s"
states_prune = "5s"
"""
REFUSED = re.compile(r"permission denied|row-level security|refuses \(permission\)|must be owner", re.IGNORECASE)


def logins(rig: Rig) -> dict[str, set[str]]:
    """Return who has sessions, each with the names of these."""
    rows = rig.rows("SELECT usename, application_name FROM pg_stat_activity WHERE datname = current_database()")
    found: dict[str, set[str]] = {}
    for user, name in rows:
        found.setdefault(str(user), set()).add(str(name))
    return found


def environment_of(pid: int) -> str:
    """Return what a process was started with."""
    return Path(f"/proc/{pid}/environ").read_text(errors="replace")


def nothing_was_refused(up: Program) -> None:
    """Check that no role met a right that it does not have: such an error is retried by none, and would show in no figure."""
    assert not [line for line in up.log.read_text(errors="replace").splitlines() if REFUSED.search(line)]


@pytest.mark.parametrize("engine", ENGINES)
def test_every_role_does_its_work_as_itself_and_with_its_own_secrets(make_rig: MakeRig, engine: str) -> None:
    """Orders are accepted, booked and archived, the schedule runs, people act: no right is missing, and no process has another's secret."""
    rig = accepting_rig(make_rig, seed=271, world=PATIENT, more=SCHEDULE)
    deployers = (rig.folder / "secrets" / "postgres").read_text()
    given = {
        "PGPASSWORD": deployers,
        "CUSTODIAN_POSTGRES__PASSWORD": deployers,
        f"CUSTODIAN_VENUES__{VENUE.upper()}__AUTH__CLIENT_SECRET": CLIENT_SECRET,
    }
    up = rig.up(CUSTODIAN_ENGINE__KIND=engine, **given)
    rig.connected(within=90)
    intent = str(rig.venue_post("orders", orders=[{"side": "sender", "target_amount": "1000", "quotes": 1}])["intents"][0])
    rig.traffic(8, within=120)

    def each_is_itself() -> bool:
        return set(logins(rig)) >= {f"{rig.database}_{role}" for role in EVERY_ROLE}

    eventually(each_is_itself, within=30, what="every role has sessions as itself")
    assert {name for name in logins(rig).get(rig.database, set()) if name.startswith("custodian-")} == set(), (
        "a role connects as who prepares"
    )
    for role, pid in up.pids().items():
        text = environment_of(pid)
        assert deployers not in text, role
        assert (CLIENT_SECRET in text) == (role in ("ingest", "commands")), role
    tasks = "SELECT count(*) FROM custodian.upkeep WHERE ended_at IS NOT NULL AND failure IS NULL"
    eventually(lambda: rig.value(tasks) == 3, within=120, what="the tasks of the schedule have run")
    rig.custodian("orders", "reread", intent, "--reason", "a test")
    rig.custodian("halt", "--reason", "a drill", by="first person")
    rig.resume()
    until_quiet(rig, within=120)
    judged(rig)
    nothing_was_refused(up)
    with psycopg.connect(rig.dsn, autocommit=True) as connection:
        assert grants.differences(connection) == []
    assert up.end() == 0
    assert not up.deaths()
