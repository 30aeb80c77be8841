"""A database that has gone back while orders are accepted: nothing is accepted twice, no halt is forgotten, books and archive are whole."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.accepting_auditor import History, audit_accepting
from tests.auditor import audit, until_quiet
from tests.faults.test_accepting import EXPECTED_ALARMS, PATIENT, accepting_rig
from tests.rig import Rig
from tests.services import PrivateServices
from tests.waiting import eventually

MakeRig = Callable[..., Rig]
SENT = "SELECT count(*) FROM commands.attempts"
BEHIND = (
    "database_regressed",
    "decision_forged",
    "decision_unapproved",
    "decision_malformed",
    "position_hole",
    "stream_gap",
    "command_while_open",
)
"""What may be said by those who had read on when the database forgot."""


def set_aside(services: PrivateServices, copy: Path) -> None:
    """Kill PostgreSQL, copy its files, and start it."""
    services.postgres.kill()
    _copied(services.embedded.base / "postgres" / "data", copy)
    services.postgres.start()


def put_back(services: PrivateServices, copy: Path) -> None:
    """Kill PostgreSQL, and start it on the files that were set aside."""
    services.postgres.kill()
    data = services.embedded.base / "postgres" / "data"
    data.rename(data.with_name("lost"))
    _copied(copy, data)
    services.postgres.start()


def _copied(one: Path, other: Path) -> None:
    subprocess.run(["cp", "-a", str(one), str(other)], check=True, timeout=120)


def halted(rig: Rig) -> set[tuple[str | None, str]]:
    """Return pair and name of every halt in force."""
    return {(one.get("pair"), one["by"]) for one in rig.listed("halt", "--list")}


def judged(rig: Rig) -> History:
    """Judge every accept call by what was decided on the topic: of some calls the tables know nothing any more."""
    query = "SELECT body FROM compliance.records WHERE topic = %s"
    decisions: list[dict[str, Any]] = [json.loads(bytes(body)) for (body,) in rig.rows(query, (rig.topic("decision-made.v1"),))]
    return audit_accepting(rig.folder / "truth.jsonl", decisions=decisions)


@pytest.mark.faults_long
def test_a_database_that_has_gone_back_accepts_nothing_twice(
    private_rig: MakeRig, private_services: PrivateServices, tmp_path: Path
) -> None:
    """A copy of some seconds ago is put back while calls are made: all halts, at once, until two people resume; then the flow goes on."""
    rig = accepting_rig(private_rig, seed=251, world=PATIENT)
    up = rig.up()
    eventually(lambda: rig.value(SENT) > 4, within=90, what="calls are made")
    set_aside(private_services, tmp_path / "copy")
    before = rig.value(SENT)
    eventually(lambda: rig.value(SENT) > before + 6, within=120, what="calls are made that the copy does not know")
    rig.custodian("halt", "--pair", "JPYSC0/EURCx", "--reason", "a drill", "--as", "first person")
    archived = "SELECT count(*) FROM compliance.records WHERE ce_type = 'custody.operator-acted.v1'"
    eventually(lambda: rig.value(archived) == 1, within=60, what="the halt is in the topic")
    put_back(private_services, tmp_path / "copy")
    eventually(lambda: halted(rig) == {(None, "custodian"), ("JPYSC0/EURCx", "first person")}, within=120, what="everything is halted")
    assert rig.listed("status", expect=None)[0]["state"] == "halted"
    held = rig.value(SENT)
    rig.resume("--pair", "JPYSC0/EURCx")
    assert rig.value(SENT) == held, "nothing is sent before the halt of everything has ended"
    rig.resume()
    eventually(lambda: rig.value(SENT) > held + 3, within=120, what="calls are made again")
    rig.traffic(5, within=120)
    until_quiet(rig, within=200)
    found = judged(rig)
    assert any(call.applied for call in found.calls)
    raised = {alarm["kind"] for alarm in rig.listed("alarms", "list")}
    assert "database_regressed" in raised
    audit(rig, alarms=(*EXPECTED_ALARMS, *BEHIND), dead_letters=True)
    rig.custodian("archive", "verify")
    assert up.end() == 0
