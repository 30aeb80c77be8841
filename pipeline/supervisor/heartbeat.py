"""The heartbeat of a role: once a second it tells the database what it is, how it does and how far it has come.

It tolerates everything: PostgreSQL or Kafka being away makes the role "not ready" with the reason, and the next beat tries again.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass

from pipeline import metrics
from pipeline.errors import PipelineError
from pipeline.kafka import TopicAdmin
from pipeline.observability.health import Health
from pipeline.settings import Settings
from pipeline.stores import positions, roles
from pipeline.stores.postgres import Connection, connect, translated

log = logging.getLogger(__name__)

EVERY = 1.0
LAG_EVERY = 2.0
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

    def __init__(self, settings: Settings, identity: Identity, health: Health) -> None:
        """Start nothing yet."""
        self._settings, self._identity, self._health = settings, identity, health
        self._ended = threading.Event()
        self._positions: dict[Partition, int] = {}
        self._ends: Mapping[Partition, int] | None = None
        self._threads = [
            threading.Thread(target=loop, name=name, daemon=True) for name, loop in (("heartbeat", self._beats), ("lag", self._lags))
        ]

    def start(self) -> None:
        """Begin to beat."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Take the row away and end, within two seconds."""
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
        if connection is not None:
            self._leave(connection)

    def _beat(self, connection: Connection) -> None:
        self._positions = {
            partition: offset for name in self._identity.consumers for partition, offset in positions.of_consumer(connection, name).items()
        }
        state = self._health.state()
        me = self._identity
        report = {
            "lag": self.lag(),
            "position": sum(self._positions.values()) if me.consumers else None,
            "ready": state.ready,
            "reasons": {**state.unready, **state.unhealthy},
            "counts": counts(me.role),
        }
        roles.beat(
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
        while not self._ended.is_set():
            try:
                admin = admin or TopicAdmin(self._settings.kafka)
                if self._positions:
                    self._ends = admin.ends(list(self._positions), timeout=3)
                else:
                    admin.check_connection(timeout=3)
                self._well("kafka")
            except PipelineError as error:
                self._ends = None
                self._away("kafka", error)
            self._ended.wait(LAG_EVERY)

    # --- transitions, said once ----------------------------------------------------------------------------------

    def _away(self, service: str, error: PipelineError) -> None:
        if service not in self._health.state().unready:
            log.warning("%s cannot be used now, trying again: %s", service, error)
        self._health.unavailable(service, str(error))

    def _well(self, service: str) -> None:
        if service in self._health.state().unready:
            log.info("%s can be used again", service)
        self._health.available(service)


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
        if sample.name.endswith("_total") and sample.labels.get("role") == role
    }
