"""Named places where tests kill a role, to show that nothing is lost or doubled there.

Armed by the environment only: `CUSTODIAN_FAILPOINT=settlement.before_commit:3` makes the third passage end in SIGKILL of
the own process; several are separated by commas. `:~0.01` instead of a count kills by chance, seeded by CUSTODIAN_FAILPOINT_SEED.
Unarmed, a passage costs one dictionary look-up.
"""

from __future__ import annotations

import os
import random
import signal
from collections.abc import Mapping

NAMES = (
    "ingest.after_parse",
    "ingest.after_produce",
    "ingest.before_cursor_commit",
    "ingest.after_cursor_commit",
    "settlement.in_transaction",
    "settlement.after_produce",
    "settlement.after_commit",
    "ledger.in_transaction",
    "ledger.after_write",
    "ledger.after_commit",
    "archive.in_transaction",
    "archive.after_write",
    "archive.after_commit",
    "archive.in_sequencing",
    "archive.after_sequencing",
)


class Failpoints:
    """Counts passages and kills the process at the armed one."""

    def __init__(self, armed: Mapping[str, str], *, seed: int = 0) -> None:
        """`armed` maps names to a count ("3") or a chance ("~0.01"); raise ValueError on an unknown name."""
        unknown = set(armed) - set(NAMES)
        if unknown:
            raise ValueError(f"CUSTODIAN_FAILPOINT: unknown {sorted(unknown)}; known: {', '.join(NAMES)}")
        self._counts = {name: int(when) for name, when in armed.items() if not when.startswith("~")}
        self._chances = {name: float(when[1:]) for name, when in armed.items() if when.startswith("~")}
        self._random = random.Random(seed)  # noqa: S311 - chance of a test, not a secret

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Failpoints:
        """Read CUSTODIAN_FAILPOINT; raise ValueError when it is written wrongly."""
        text = environment.get("CUSTODIAN_FAILPOINT", "")
        armed = {name: when or "1" for name, _, when in (part.strip().partition(":") for part in text.split(",") if part.strip())}
        return cls(armed, seed=int(environment.get("CUSTODIAN_FAILPOINT_SEED", str(os.getpid()))))

    def reach(self, name: str) -> None:
        """Die here by SIGKILL when this passage is the armed one."""
        if name in self._counts:
            self._counts[name] -= 1
            if self._counts[name] == 0:
                os.kill(os.getpid(), signal.SIGKILL)
        elif name in self._chances and self._random.random() < self._chances[name]:
            os.kill(os.getpid(), signal.SIGKILL)
