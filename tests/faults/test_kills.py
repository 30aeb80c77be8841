"""kill -9 of roles, of everything, of the services: every settlement booked once, every record archived once, nothing else."""

from __future__ import annotations

import signal
from collections.abc import Callable, Sequence

import pytest

from pipeline import failpoints
from tests.auditor import audit, until_quiet
from tests.rig import ROLES, UNRULY, Program, Rig
from tests.waiting import eventually

MakeRig = Callable[..., Rig]
ENGINES = ("faust", pytest.param("librdkafka", marks=pytest.mark.faults_long))
"""What processors run on; the second one sits its own exam in `make test`."""
NAMES = tuple(name for name in failpoints.NAMES if name.partition(".")[0] in ROLES)
"""Every failpoint on the way from the stream to the books and the archive."""
KILLABLE = "[mode]\nfailpoints = true\n"
"""What only the settings file of a test says."""
PASSAGE = {"ingest.after_parse": 20, "ingest.after_produce": 3, "ingest.before_cursor_commit": 2, "ingest.after_cursor_commit": 3}
"""Which passage kills, where the first one would be before anything happened; elsewhere the second."""


def armed(names: Sequence[str], rig: Rig) -> dict[str, str]:
    """Return the environment in which each of these failpoints kills once."""
    once = rig.folder / "killed"
    once.mkdir()
    return {
        "CUSTODIAN_FAILPOINT": ",".join(f"{name}:{PASSAGE.get(name, 2)}" for name in names),
        "CUSTODIAN_FAILPOINT_ONCE": str(once),
    }


def until_killed(names: Sequence[str], rig: Rig, up: Program, *, within: float) -> None:
    """Wait until each of these failpoints has killed its role, and check that the supervisor saw nothing else die."""
    once = rig.folder / "killed"
    eventually(lambda: {file.name for file in once.iterdir()} == set(names), within=within, what=f"each of {names} kills")
    roles = sorted(name.partition(".")[0] for name in names)
    eventually(lambda: sorted(role for role, _ in up.deaths()) == roles, within=30, what=f"the supervisor buries {roles}")
    assert {code for _, code in up.deaths()} == {-signal.SIGKILL}


@pytest.mark.parametrize("engine", ENGINES)
def test_a_kill_at_every_failpoint_in_one_run_loses_and_doubles_nothing(make_rig: MakeRig, engine: str) -> None:
    """Each role is killed at each of its failpoints while an unruly venue settles; books, archive and the venue agree afterwards."""
    rig = make_rig(seed=11, rate=25, faults=UNRULY, more=KILLABLE)
    rig.custodian("init")
    up = rig.up(CUSTODIAN_ENGINE__KIND=engine, **armed(NAMES, rig))
    until_killed(NAMES, rig, up, within=60)
    rig.traffic(20)
    until_quiet(rig, within=90)
    audit(rig)
    rig.custodian("archive", "verify")
    assert up.end() == 0
    assert len(up.deaths()) == len(NAMES)


@pytest.mark.faults_long
@pytest.mark.parametrize("name", NAMES)
def test_a_kill_at_each_failpoint_by_itself_loses_and_doubles_nothing(make_rig: MakeRig, name: str) -> None:
    """A role killed at one failpoint, the others untouched, leaves the books complete and everything archived once."""
    rig = make_rig(seed=100 + NAMES.index(name), rate=30, faults=UNRULY, more=KILLABLE)
    up = rig.up(**armed([name], rig))
    until_killed([name], rig, up, within=60)
    rig.traffic(20)
    until_quiet(rig)
    audit(rig)
    assert up.end() == 0
