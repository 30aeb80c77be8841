"""Named places where tests kill a role, to show that nothing is lost or doubled there.

Armed by the environment only, and while accepting is live only where the settings file says `mode.failpoints = true`.
`CUSTODIAN_FAILPOINT=settlement.before_commit:3` makes the third passage end in SIGKILL of the own process; several are separated by commas.
`:~0.01` instead of a count kills by chance, seeded by CUSTODIAN_FAILPOINT_SEED. A restarted process has the same environment:
CUSTODIAN_FAILPOINT_ONCE names a folder in which each kill leaves a file with the name of its failpoint, and where that file is, nobody is
killed there again. Unarmed, a passage costs one dictionary look-up.
"""

from __future__ import annotations

import os
import random
import signal
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.errors import SettingsError

if TYPE_CHECKING:
    from pipeline.settings import Mode

NAMES = (
    "ingest.after_parse",
    "ingest.after_produce",
    "ingest.before_cursor_commit",
    "ingest.after_cursor_commit",
    "settlement.in_transaction",
    "settlement.after_produce",
    "settlement.after_commit",
    "workflow.in_transaction",
    "workflow.after_produce",
    "workflow.after_commit",
    "risk.after_settle",
    "risk.in_transaction",
    "risk.after_produce",
    "risk.after_commit",
    "ledger.in_transaction",
    "ledger.after_write",
    "ledger.after_commit",
    "archive.in_transaction",
    "archive.after_write",
    "archive.after_commit",
    "archive.in_sequencing",
    "archive.after_sequencing",
    "commands.in_transaction",
    "commands.after_write",
    "commands.after_commit",
    "commands.before_send",
    "commands.after_send",
    "commands.after_refusal",
    "commands.after_outcome",
    "commands.after_publish",
    "decisions.in_transaction",
    "decisions.after_write",
    "decisions.after_commit",
    "agreed.in_transaction",
    "agreed.before_commit",
    "agreed.after_commit",
    "requeue.before_produce",
    "requeue.after_produce",
    "act.before_commit",
    "act.after_commit",
    "prune.in_transaction",
)


def failpoints_of(mode: Mode, environment: Mapping[str, str] = os.environ) -> Failpoints:
    """Return what the environment arms; raise SettingsError where it is written wrongly, or accepting is live and this is no test."""
    try:
        found = Failpoints.from_environment(environment)
    except ValueError as error:
        raise SettingsError(str(error)) from None
    if found.armed and mode.accepting == "live" and not mode.failpoints:
        raise SettingsError(
            f'CUSTODIAN_FAILPOINT: found {", ".join(found.armed)}, which kills roles there, and mode.accepting is "live"; unset it '
            "(the settings file of a test may say failpoints = true below [mode])"
        )
    return found


class Failpoints:
    """Counts passages and kills the process at the armed one."""

    def __init__(self, armed: Mapping[str, str], *, seed: int = 0, once: Path | None = None) -> None:
        """`armed` maps names to a count ("3") or a chance ("~0.01"), `once` is the folder of kills; raise ValueError on an unknown name."""
        unknown = set(armed) - set(NAMES)
        if unknown:
            raise ValueError(f"CUSTODIAN_FAILPOINT: unknown {sorted(unknown)}; known: {', '.join(NAMES)}")
        self._counts = {name: int(when) for name, when in armed.items() if not when.startswith("~")}
        self._chances = {name: float(when[1:]) for name, when in armed.items() if when.startswith("~")}
        self.armed = tuple(sorted(armed))
        """The names of those that are."""
        self._random = random.Random(seed)  # noqa: S311 - chance of a test, not a secret
        self._once = once
        self._dying = threading.Lock()

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Failpoints:
        """Read CUSTODIAN_FAILPOINT; raise ValueError when it is written wrongly."""
        text = environment.get("CUSTODIAN_FAILPOINT", "")
        armed = {name: when or "1" for name, _, when in (part.strip().partition(":") for part in text.split(",") if part.strip())}
        once = environment.get("CUSTODIAN_FAILPOINT_ONCE")
        seed = int(environment.get("CUSTODIAN_FAILPOINT_SEED", str(os.getpid())))
        return cls(armed, seed=seed, once=Path(once) if once else None)

    def reach(self, name: str) -> None:
        """Die here by SIGKILL when this passage is the armed one."""
        if name in self._counts:
            self._counts[name] -= 1
            if self._counts[name] == 0:
                self._die(name)
        elif name in self._chances and self._random.random() < self._chances[name]:
            self._die(name)

    def _die(self, name: str) -> None:
        with self._dying:  # of two threads at failpoints at once one dies, and the other's is still to come
            if self._once is not None:
                try:
                    (self._once / name).touch(exist_ok=False)  # one system call: of two processes here at once, one dies
                except FileExistsError:
                    return
            os.kill(os.getpid(), signal.SIGKILL)
