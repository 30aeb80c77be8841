"""Which policy decides while files are edited and processes die: the one that two people put in force, for every process at once."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

from pipeline.policy.file import parse
from tests.faults.test_accepting import PATIENT, POLICY, accepting_rig, judged, stories
from tests.rig import Program, Rig
from tests.waiting import eventually

MakeRig = Callable[..., Rig]
STRICT = POLICY.replace("version = 1", "version = 2").replace('limit = "100000000"', 'limit = "1"')
ORDER = {"side": "sender", "target_amount": "1000", "quotes": 1}


def decided_by(rig: Rig) -> tuple[int, str]:
    """Let the venue begin an order, and return by which version of the policy its proposal was decided, and how."""
    intent = str(rig.venue_post("orders", orders=[ORDER])["intents"][0])
    query = (
        "SELECT (decision::jsonb -> 'policy' ->> 'version')::integer, verdict FROM risk.decisions"
        " WHERE intent_id = %s AND question = 'accept_proposal' AND verdict <> 'WAIT'"
    )
    (found,) = eventually(lambda: rig.rows(query, (intent,)), within=60, what="the proposal is decided")
    return found[0], found[1]


def killed(rig: Rig, up: Program, role: str) -> None:
    """Kill a role, and wait until it was started again and works."""
    pid = up.pids()[role]
    os.kill(pid, signal.SIGKILL)
    eventually(lambda: up.pids().get(role, pid) != pid, within=60, what=f"{role} is started again")


def test_a_process_that_starts_again_decides_by_what_was_put_in_force(make_rig: MakeRig) -> None:
    """Killed while the file is half edited, and after two people put another one in force: never by the file, never by an older one."""
    rig = accepting_rig(make_rig, seed=241, rate=0, world=PATIENT)
    file = rig.folder / "policy.toml"
    up = rig.up()
    rig.connected(within=60)
    assert decided_by(rig) == (1, "ACCEPT")
    file.write_text(STRICT[: len(STRICT) // 2])
    killed(rig, up, "risk")
    assert decided_by(rig) == (1, "ACCEPT")
    file.write_text(STRICT)
    assert decided_by(rig) == (1, "ACCEPT")
    digest = parse(STRICT.encode()).sha256
    for name in ("first person", "second person"):
        rig.custodian("policy", "activate", "--shown", digest, "--reason", "a test", by=name)
    assert decided_by(rig) == (2, "REJECT")
    file.write_text(POLICY)
    killed(rig, up, "risk")
    assert decided_by(rig) == (2, "REJECT")
    eventually(lambda: len(rig.settled_at_venue()) == 3, within=90, what="what version 1 accepted settles")
    for intent, (status, _, _) in stories(rig).items():
        if status != "SETTLED":
            rig.venue_post("cancel", intent_id=intent)
    judged(rig)
    archived = "SELECT count(*) FROM compliance.records WHERE ce_type = 'custody.policy-activated.v1'"
    assert rig.value(archived) == 2
    assert up.end() == 0
