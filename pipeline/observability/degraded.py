"""When the pipeline counts as degraded, from when on, and how that is said: pure. Source: infra/decisions/0014.

Each limit leaves room for what is ordinary: a start, a rebalance, a restart by hand, a burst, a venue where nothing happens.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from pipeline.log.envelope import time_text

RESTARTS_MAX = 3
RESTARTS_WINDOW = timedelta(minutes=10)
"""So many restarts of one process within this time are no accident and no restart by hand; a stuck worker takes two minutes a life."""
UNREADY_AFTER = timedelta(seconds=60)
"""Longer than a start (30 s), a rebalance or a database's restart takes; what is waited for longer, or fails for longer, is news."""
STILL_AFTER = timedelta(seconds=60)
"""A partition with records behind its position moves within a second, and within a minute on a machine that is much too busy."""
GROWS_FOR = 5
GROWS_FROM = 1_000
"""Minutes in a row in which the lag has grown, and how many records it comes to: a burst ends, and a few records are worked off."""
VENUE_AWAY_AFTER = timedelta(minutes=2)
"""Several reconnects with their pauses."""
ROUNDS_MISSED = 4
ROUNDS_MISSED_MIN = timedelta(minutes=2)
"""So many intervals of reconciliation without a completed round, and at least so long: one that waits under the cap is late."""

NOT_READY = frozenset({"partition_parked", "wake_failing", "lag_still", "venue_not_reconciled"})
"""Reasons for which `/readyz` says no: work of this process is not being done. One that was restarted often and works is ready."""
OF_ROLES = (*sorted(NOT_READY), "lag_growing", "role_not_ready", "role_restarting", "venue_not_connected")
"""Reasons that a role finds by itself; `status` adds role_gone, role_unhealthy, role_missing and alarms_open."""

Partition = tuple[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One reason why something is degraded."""

    code: str
    subject: str
    """The role, consumer, partition, state or venue that it is about."""
    since: datetime | None
    detail: str
    """What a person reads, with what to do where that is not plain."""

    def line(self) -> dict[str, Any]:
        """Return it as it is stored and shown."""
        since = {} if self.since is None else {"since": time_text(self.since)}
        return {"code": self.code, "subject": self.subject, **since, "detail": self.detail}


def restarting(role: str, starts: Sequence[datetime], now: datetime) -> Reason | None:
    """Judge when the processes of one instance were started, the present one included."""
    recent = [at for at in starts if now - at <= RESTARTS_WINDOW]
    if len(recent) <= RESTARTS_MAX:
        return None
    minutes = RESTARTS_WINDOW // timedelta(minutes=1)
    detail = f"{role} was restarted {len(recent) - 1} times within {minutes} minutes; its log says what it died of"
    return Reason(code="role_restarting", subject=role, since=recent[0], detail=detail)


def venue_reasons(
    venue: str,
    *,
    connected: bool,
    last_byte_at: datetime | None,
    last_reconciled_at: datetime | None,
    reading_since: datetime,
    reconcile_interval: float,
    backfilling_at: datetime | None,
    now: datetime,
) -> list[Reason]:
    """Judge a venue; `reading_since`: when its process began, `backfilling_at`: when its first complete listing last went on."""
    found = []
    away_since = max(filter(None, (last_byte_at, reading_since)))
    if not connected and now - away_since > VENUE_AWAY_AFTER:
        detail = f"the stream of {venue} has not been connected for {_span(now - away_since)}; the log of ingest says why"
        found.append(Reason(code="venue_not_connected", subject=venue, since=away_since, detail=detail))
    allowed = max(ROUNDS_MISSED_MIN, timedelta(seconds=reconcile_interval * ROUNDS_MISSED))
    late_since = max(filter(None, (last_reconciled_at, reading_since, backfilling_at)))
    if now - late_since > allowed:
        detail = f"no reconciliation of {venue} was completed for {_span(now - late_since)}; what its stream did not say is not known here"
        found.append(Reason(code="venue_not_reconciled", subject=venue, since=late_since, detail=detail))
    return found


def parked_reason(*, subject: str, wake: bool, since: datetime, offset: int, failures: int, fault: str) -> Reason:
    """Say that a partition is parked, or that a state's wake-up is put off."""
    if wake:
        detail = f"its wake-up failed {failures} times ({fault}) and is tried once an hour; mend the program and restart the role"
        return Reason(code="wake_failing", subject=subject, since=since, detail=detail)
    detail = (
        f"parked at offset {offset}, whose record failed {failures} times ({fault}); mend the program and restart the role, or see "
        "`custodian positions parked`"
    )
    return Reason(code="partition_parked", subject=subject, since=since, detail=detail)


class RoleWatch:
    """What a role sees of itself, look by look."""

    def __init__(self, role: str) -> None:
        self._role = role
        self._unready: dict[str, datetime] = {}  # reasons not to be ready, and since when
        self._still: dict[Partition, tuple[int, datetime]] = {}
        self._lags: list[tuple[datetime, int]] = []  # one a minute

    def unready(self, reasons: Mapping[str, str], now: datetime) -> list[Reason]:
        """Judge why the role is not ready."""
        self._unready = {name: self._unready.get(name, now) for name in reasons}
        return [
            Reason(code="role_not_ready", subject=self._role, since=self._unready[name], detail=f"{name}: {text}")
            for name, text in reasons.items()
            if now - self._unready[name] > UNREADY_AFTER
        ]

    def still(
        self, positions: Mapping[Partition, int], ends: Mapping[Partition, int] | None, parked: Iterable[Partition], now: datetime
    ) -> list[Reason]:
        """Judge which partitions do not move although records are there; `ends` is None while Kafka does not tell, when nothing can."""
        left_out = set(parked)
        behind = {p: at for p, at in positions.items() if ends is not None and ends.get(p, 0) > at and p not in left_out}
        self._still = {p: self._still[p] if p in self._still and self._still[p][0] == at else (at, now) for p, at in behind.items()}
        return [
            Reason(
                code="lag_still",
                subject=f"{self._role} {topic}[{number}]",
                since=since,
                detail=f"stands at offset {at} for {_span(now - since)} with {(ends or {})[topic, number] - at} records behind it",
            )
            for (topic, number), (at, since) in self._still.items()
            if now - since > STILL_AFTER
        ]

    def growing(self, lag: int | None, now: datetime) -> list[Reason]:
        """Judge whether the lag grows on and on."""
        if lag is None:
            self._lags = []
        elif not self._lags or now - self._lags[-1][0] >= timedelta(minutes=1):
            self._lags = [*self._lags[-GROWS_FOR:], (now, lag)]
        counts = [each for _, each in self._lags]
        if len(counts) <= GROWS_FOR or counts[-1] < GROWS_FROM or any(after <= before for before, after in pairwise(counts)):
            return []
        detail = f"{counts[-1]} records behind, {counts[-1] - counts[0]} more than {GROWS_FOR} minutes ago; start more workers of this role"
        return [Reason(code="lag_growing", subject=self._role, since=self._lags[0][0], detail=detail)]


def distinct(lines: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return reasons as lines, each once however many processes say it, the longest standing first."""
    found: dict[tuple[str, str, str], dict[str, Any]] = {}
    for line in lines:
        # What a role is not ready for differs from process to process.
        told = (line["code"], line["subject"], line["detail"] if line["code"] == "role_not_ready" else "")
        found.setdefault(told, dict(line))
    return sorted(found.values(), key=lambda line: (line.get("since") or "", line["code"], line["subject"]))


def _span(length: timedelta) -> str:
    seconds = int(length.total_seconds())
    return f"{seconds} s" if seconds < 120 else f"{seconds // 60} min"
