"""The heartbeat of a role: once a second it tells the database what it is, how it does and how far it has come.

It tolerates everything: PostgreSQL or Kafka being away makes the role "not ready" with the reason, and the next beat tries again.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from pipeline import metrics
from pipeline.clock import Clock
from pipeline.errors import PipelineError
from pipeline.kafka import RecordTimes, TopicAdmin
from pipeline.log.envelope import time_text
from pipeline.observability.degraded import NOT_READY, OF_ROLES, Reason, RoleWatch, parked_reason, restarting, venue_reasons
from pipeline.observability.health import Health
from pipeline.settings import Settings
from pipeline.stores import positions, roles, suspects
from pipeline.stores.postgres import Connection, connect, translated

log = logging.getLogger(__name__)

EVERY = 1.0
LAG_EVERY = 2.0
AGE_EVERY = 10.0
AGE_WITHIN = 2.0
"""Seconds between two looks at the oldest record that waits, and how long one may take."""
Partition = tuple[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Which process this is."""

    role: str
    instance: str
    pid: int
    host: str
    restarts: int
    metrics_port: int | None
    consumers: tuple[str, ...]
    """The names that its positions are stored under; none for a role that consumes nothing."""


class Pulse:
    """Runs the heartbeat in threads of its own."""

    def __init__(self, settings: Settings, identity: Identity, health: Health, clock: Clock) -> None:
        """Start nothing yet."""
        self._settings, self._identity, self._health = settings, identity, health
        self._ended = threading.Event()
        self._leaves = True
        self._clock, self._began = clock, time_text(clock.now())
        self._watch = RoleWatch(identity.role)
        self._starts: Sequence[datetime] = ()
        self._positions: dict[Partition, int] = {}
        self._ends: Mapping[Partition, int] | None = None
        self._threads = [
            threading.Thread(target=loop, name=name, daemon=True) for name, loop in (("heartbeat", self._beats), ("lag", self._lags))
        ]

    def start(self) -> None:
        """Begin to beat."""
        for thread in self._threads:
            thread.start()

    def stop(self, *, in_good_order: bool = True) -> None:
        """Take the row away and end, within two seconds; a role that fails leaves it, so that it shows who dies again and again."""
        self._leaves = in_good_order
        self._ended.set()
        self._threads[0].join(2)

    # --- beats ---------------------------------------------------------------------------------------------------

    def _beats(self) -> None:
        connection: Connection | None = None
        while not self._ended.is_set():
            try:
                connection = connection or connect(self._settings.postgres, name="heartbeat", autocommit=True, connect_timeout=3)
                with translated("the heartbeat"):
                    self._beat(connection)
                self._well("postgres")
            except PipelineError as error:
                self._away("postgres", error)
                if connection is not None:
                    connection.close()
                    connection = None
            self._ended.wait(EVERY)
        if connection is not None and self._leaves:
            self._leave(connection)

    def _beat(self, connection: Connection) -> None:
        self._positions = {
            partition: offset for name in self._identity.consumers for partition, offset in positions.of_consumer(connection, name).items()
        }
        me = self._identity
        reasons = self._judge(connection)
        state = self._health.state()
        report = {
            "began": self._began,
            "degraded": [reason.line() for reason in reasons],
            "lag": self.lag(),
            "position": sum(self._positions.values()) if me.consumers else None,
            "ready": state.ready,
            "reasons": {**state.unready, **state.unhealthy},
            "counts": counts(me.role),
        }
        self._starts = roles.beat(
            connection,
            roles.Heartbeat(
                instance=me.instance,
                role=me.role,
                pid=me.pid,
                host=me.host,
                metrics_port=me.metrics_port,
                healthy=state.healthy,
                restarts=me.restarts,
                report={name: value for name, value in report.items() if value is not None},
            ),
        )

    def _judge(self, connection: Connection) -> list[Reason]:
        """Find what makes this role degraded, and tell it to `/readyz` and the metrics."""
        me, now = self._identity, self._clock.now()
        parked = suspects.parked(connection, me.consumers) if me.consumers else ()
        reasons = [
            *(reason_of(each) for each in parked),
            *self._watch.unready(self._health.state().unready, now),
            *self._watch.still(self._positions, self._ends, [(each.topic, each.partition) for each in parked], now),
            *self._watch.growing(self.lag() if me.consumers else None, now),
            *(venues_degraded(self._settings, connection, now, owner=me.instance) if me.role == "ingest" else ()),
        ]
        if (often := restarting(me.role, self._starts, now)) is not None:
            reasons.append(often)
        self._health.degraded({f"{each.code} {each.subject}": each.detail for each in reasons if each.code in NOT_READY})
        found = {reason.code for reason in reasons}
        for code in OF_ROLES:
            metrics.DEGRADED.labels(me.role, code).set(code in found)
        return reasons

    def _leave(self, connection: Connection) -> None:
        try:
            with translated("taking leave"):
                roles.leave(connection, self._identity.instance)
            connection.close()
        except PipelineError as error:
            log.info("the heartbeat's row stays until it is forgotten: %s", error)

    # --- lag -----------------------------------------------------------------------------------------------------

    def lag(self) -> int | None:
        """Return the records between the stored positions and the ends, or None while Kafka does not tell; for ingest what is queued."""
        if not self._identity.consumers:
            return queued()
        if self._ends is None:
            return None
        return lag_of(self._positions, self._ends)

    def _lags(self) -> None:
        admin: TopicAdmin | None = None
        times: RecordTimes | None = None
        looked = -AGE_EVERY
        while not self._ended.is_set():
            try:
                admin = admin or TopicAdmin(self._settings.kafka)
                if self._positions:
                    self._ends = admin.ends(list(self._positions), timeout=3)
                    if self._clock.monotonic() - looked >= AGE_EVERY:
                        looked = self._clock.monotonic()
                        times = self._age(times)
                else:
                    admin.check_connection(timeout=3)
                self._well("kafka")
            except PipelineError as error:
                self._ends = None
                self._away("kafka", error)
            self._ended.wait(LAG_EVERY)

    def _age(self, times: RecordTimes | None) -> RecordTimes | None:
        """Tell the metrics how old the oldest record is that waits; return the client that was needed to know."""
        behind = {place: offset for place, offset in self._positions.items() if (self._ends or {}).get(place, 0) > offset}
        if not behind:
            metrics.OLDEST.labels(self._identity.role).set(0.0)
            return times
        times = times or RecordTimes(self._settings.kafka)
        if found := times.at(behind, within=AGE_WITHIN):  # else the last figure stands
            metrics.OLDEST.labels(self._identity.role).set(max(0.0, self._clock.now().timestamp() - min(found.values()) / 1000))
        return times

    # --- transitions, said once ----------------------------------------------------------------------------------

    def _away(self, service: str, error: PipelineError) -> None:
        if service not in self._health.state().unready:
            log.warning("%s cannot be used now, trying again: %s", service, error)
        self._health.unavailable(service, str(error))

    def _well(self, service: str) -> None:
        if service in self._health.state().unready:
            log.info("%s can be used again", service)
        self._health.available(service)


def reason_of(parked: suspects.Parked) -> Reason:
    """Return why a parked partition, or a wake-up that is put off, makes its role degraded."""
    return parked_reason(
        subject=parked.subject,
        wake=not parked.topic,
        since=parked.parked_at,
        offset=parked.offset,
        failures=parked.failures,
        fault=parked.fault,
    )


def venues_degraded(settings: Settings, connection: Connection, now: datetime, *, owner: str | None = None) -> list[Reason]:
    """Judge the venues of the settings that a process reads which is alive; only those of one process where `owner` is given."""
    return [
        reason
        for standing in roles.read_venues(connection, sorted(settings.venues))
        if owner in (None, standing.owner)
        for reason in venue_reasons(
            standing.venue,
            connected=standing.connected,
            last_byte_at=standing.last_byte_at,
            last_reconciled_at=standing.last_reconciled_at,
            reading_since=standing.reading_since,
            reconcile_interval=settings.venues[standing.venue].reconcile_interval,
            backfilling_at=standing.backfilling_at,
            now=now,
        )
    ]


def lag_of(positions_: Mapping[Partition, int], ends: Mapping[Partition, int]) -> int:
    """Return the records between positions and ends, over the partitions that both know."""
    return sum(max(0, ends[partition] - offset) for partition, offset in positions_.items() if partition in ends)


def queued() -> int:
    """Return the events that ingest has read and not yet published."""
    return int(sum(sample.value for family in metrics.QUEUE.collect() for sample in family.samples))


def counts(role: str) -> dict[str, int]:
    """Return what this role has counted, by outcome."""
    return {
        sample.labels["outcome"]: int(sample.value)
        for family in metrics.RECORDS.collect()
        for sample in family.samples
        if sample.name.endswith("_total") and sample.labels.get("role") == role and sample.value
    }
