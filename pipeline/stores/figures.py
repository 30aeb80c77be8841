"""What the tables know and people want to be called by: alarms, halts, what waits for whom, how old it is.

Each statement reads an index over what is open, so it costs by how much that is and not by how much there ever was; only open alarms cost
by how many alarms there were. Told by the role archive, and by every worker of it the same.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime

from pipeline import metrics
from pipeline.clock import Clock
from pipeline.stores import alarms
from pipeline.stores.looking import Looker
from pipeline.stores.postgres import Connection
from pipeline.stores.statements import named_statements

_SQL = named_statements("pipeline.stores", "figures.sql")


class Figures(Looker):
    """Runs beside the archive's batch loop."""

    doing = "looking at what is open"

    def __init__(self, *, connect: Callable[[], Connection], clock: Clock, stop: threading.Event, alarms_topic: str) -> None:
        """`alarms_topic` is the whole name of the alarms' topic."""
        super().__init__(connect=connect, clock=clock, stop=stop)
        self._alarms_topic = alarms_topic

    def look_at(self, connection: Connection) -> None:
        """Read all figures once."""
        found = alarms.open_by_severity(connection, self._alarms_topic)
        breaks: dict[str, int] = dict(connection.execute(_SQL["breaks"]).fetchall())
        for severity in metrics.SEVERITIES:
            metrics.ALARMS_OPEN.labels(severity).set(found[severity])
            metrics.BREAKS_OPEN.labels(severity).set(breaks.get(severity, 0))
        ((halts,),) = connection.execute(_SQL["halts"]).fetchall()
        metrics.HALTS.set(halts)
        ((waiting, expires),) = connection.execute(_SQL["referrals"]).fetchall()
        metrics.REFERRALS.set(waiting)
        metrics.REFERRAL_EXPIRES.set(_unix(expires))
        ((under_way, unknown),) = connection.execute(_SQL["commands"]).fetchall()
        metrics.COMMANDS.labels("under_way").set(under_way)
        metrics.COMMANDS.labels("unknown").set(unknown)
        ((age,),) = connection.execute(_SQL["outbox"]).fetchall()
        metrics.OUTBOX.set(max(0.0, age))
        ((unsequenced,),) = connection.execute(_SQL["unsequenced"]).fetchall()
        metrics.UNSEQUENCED.set(unsequenced)
        for task, ended_at, seconds, done, findings, failing in connection.execute(_SQL["upkeep"]).fetchall():
            metrics.UPKEEP_ENDED.labels(task).set(_unix(ended_at))
            metrics.UPKEEP_SECONDS.labels(task).set(seconds or 0)
            metrics.UPKEEP_DONE.labels(task).set(done or 0)
            metrics.UPKEEP_FINDINGS.labels(task).set(findings or 0)
            metrics.UPKEEP_FAILING.labels(task).set(failing)


def _unix(at: datetime | None) -> float:
    return 0.0 if at is None else at.timestamp()
