"""Reads what there is to see while the demo runs: the venue's own counts, the pipeline's metrics, topics and tables.

Counters of a process begin anew when it is restarted, so those of processes that are gone are kept and added.
"""

from __future__ import annotations

import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from infra.demo import accepting
from infra.demo.accepting import Accepting
from infra.demo.stage import Stage
from pipeline import settings as configuration
from pipeline.errors import PipelineError
from pipeline.kafka import TopicAdmin
from pipeline.log import topics
from pipeline.stores.postgres import Connection, connect

_DURATIONS = "custodian_frame_to_booking_seconds_bucket"
LATEST = 4
"""Decisions that are shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """One process of the pipeline."""

    name: str
    pid: int
    healthy: bool
    restarts: int
    alive: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What is seen at one moment."""

    venue_settled: int = 0
    venue_faults: dict[str, int] = field(default_factory=dict)
    frames: int = 0
    published: int = 0
    duplicates: int = 0
    settled: int = 0
    booked: int = 0
    archived: int = 0
    alarms: int = 0
    dead_letters: int = 0
    lag: dict[str, int] = field(default_factory=dict)
    p50: float | None = None
    p99: float | None = None
    accepting: Accepting = field(default_factory=Accepting)
    roles: tuple[Role, ...] = ()
    trouble: str = ""


class Watch:
    """Collects figures again and again."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._settings = configuration.load(stage.settings, {})
        self._admin = TopicAdmin(self._settings.kafka)
        self._connection: Connection | None = None
        self._counters: dict[tuple[str, int], Counter[str]] = {}

    def look(self) -> Figures:
        """Return what can be seen now; what is away is said in `trouble`."""
        try:
            return self._look()
        except (PipelineError, OSError) as error:
            return Figures(trouble=str(error).splitlines()[0])
        except Exception as error:  # a view must outlive everything that it shows
            self._connection = None
            return Figures(trouble=f"{type(error).__name__}: {error}".splitlines()[0])

    def _look(self) -> Figures:
        connection = self._open()
        truth = self._venue("truth?parts=faults,ended")
        roles = self._roles(connection)
        counters = self._scrape(connection)
        stored = self._positions(connection)
        ends = self._admin.ends(list({partition for positions in stored.values() for partition in positions}))
        prefix = self._settings.kafka.topic_prefix

        def records(*kinds: topics.EventType) -> int:
            names = {kind.topic(prefix) for kind in kinds}
            return sum(end for (topic, _), end in ends.items() if topic in names)

        return Figures(
            venue_settled=int(truth.get("ended", {}).get("SETTLED", 0)),
            venue_faults={name: int(count) for name, count in truth.get("faults", {}).items()},
            frames=counters["ingest/seen"],
            published=records(topics.ORDER_UPDATED, topics.QUOTE_RECEIVED),
            duplicates=counters["settlement/duplicate"] + counters["settlement/repeated"] + counters["settlement/regressed"],
            settled=records(topics.ORDER_SETTLED),
            booked=_number(connection, "SELECT count(*) FROM accounting.journal"),
            archived=sum(stored.get("archive", {}).values()),
            alarms=records(topics.ALARM_RAISED),
            dead_letters=records(topics.DEAD_LETTER),
            lag={
                consumer: sum(max(0, ends.get(partition, 0) - position) for partition, position in positions.items())
                for consumer, positions in sorted(stored.items())
            },
            p50=quantile(0.50, _buckets(counters)),
            p99=quantile(0.99, _buckets(counters)),
            accepting=accepting.look(connection, latest=LATEST),
            roles=roles,
        )

    def _open(self) -> Connection:
        if self._connection is None or self._connection.closed:
            self._connection = connect(self._settings.postgres, name="demo", autocommit=True)
        return self._connection

    def _venue(self, path: str) -> dict[str, Any]:
        try:
            return self._stage.ask_venue(path)
        except OSError:
            return {}

    def _roles(self, connection: Connection) -> tuple[Role, ...]:
        rows = connection.execute(
            "SELECT role, pid, healthy, restarts, clock_timestamp() - seen_at < interval '3 s' FROM custodian.roles ORDER BY started_at"
        ).fetchall()
        newest = {
            role: Role(name=role, pid=pid, healthy=healthy, restarts=restarts, alive=alive) for role, pid, healthy, restarts, alive in rows
        }
        return tuple(newest.values())

    def _scrape(self, connection: Connection) -> Counter[str]:
        rows = connection.execute("SELECT instance, pid, metrics_port FROM custodian.roles WHERE metrics_port IS NOT NULL").fetchall()
        for instance, pid, port in rows:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=1) as answer:
                    self._counters[instance, pid] = _counted(answer.read().decode())
            except (urllib.error.URLError, ConnectionError, TimeoutError):
                continue  # it is starting, or gone: what it last said stays
        return sum(self._counters.values(), Counter())

    @staticmethod
    def _positions(connection: Connection) -> dict[str, dict[tuple[str, int], int]]:
        stored: dict[str, dict[tuple[str, int], int]] = {}
        for consumer, topic, partition, next_offset in connection.execute(
            "SELECT consumer, topic, partition, next_offset FROM custodian.positions"
        ):
            stored.setdefault(consumer, {})[(topic, partition)] = next_offset
        return stored


def _number(connection: Connection, query: str) -> int:
    row = connection.execute(query.encode()).fetchone()
    return int(row[0]) if row else 0


def _counted(text: str) -> Counter[str]:
    counted: Counter[str] = Counter()
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if sample.name == "custodian_records_total":
                counted[f"{sample.labels['role']}/{sample.labels['outcome']}"] += int(sample.value)
            elif sample.name == _DURATIONS:
                counted[f"{_DURATIONS}/{sample.labels['le']}"] += int(sample.value)
    return counted


def _buckets(counters: Counter[str]) -> list[tuple[float, int]]:
    prefix = f"{_DURATIONS}/"
    return sorted((float(name.removeprefix(prefix)), count) for name, count in counters.items() if name.startswith(prefix))


def quantile(share: float, buckets: Iterable[tuple[float, int]]) -> float | None:
    """Estimate a quantile from cumulative buckets (upper bound, count), linear inside a bucket; None without observations."""
    listed = list(buckets)
    if not listed or not listed[-1][1]:
        return None
    wanted = share * listed[-1][1]
    low, below = 0.0, 0
    for bound, count in listed:
        if count >= wanted:
            if bound == float("inf") or count == below:
                return low
            return low + (bound - low) * (wanted - below) / (count - below)
        low, below = bound, count
    return low
