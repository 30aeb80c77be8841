"""Both engines on settlement, with one worker and with two, each beside a plain program of its kind; one run, the same records.

Records wait in the topic, 30 % of them duplicates; one program after the other handles all of them, and after each it is counted what it
did: one settled state per order, one output per order (with two workers perhaps a few more under the same ids, where a batch was repeated
while partitions changed hands). What was lost or doubled is an error, not a figure.

With two workers the rate is taken while both have partitions, up to where the first of them may have run out of records.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from confluent_kafka.admin import AdminClient

from pipeline.kafka import TopicAdmin
from pipeline.log.topics import ORDER_SETTLED, ORDER_UPDATED
from tests.bench import documents, stages
from tests.bench.figures import Figure
from tests.bench.ground import Ground, Look, Rate, Room, looks_until, peak_mib, rate_of

PAGE = "engines"
DUPLICATES = 0.3
FAST, SLOW = 20_000, 4_000
"""Records per second of `--seconds`, for what runs on librdkafka and for what runs on Faust."""
FAUST_CEILING = 5_700
"""Records per second that Faust's event loop gives at most, whatever the processor costs: faust.md, section 4, on two processors."""
SHARED_UNTIL = 0.9
"""Partitions are never quite even: beyond this share of the records one of two workers may be idle."""
CORES_FOR_TWO = 4
"""With fewer processors, two workers take them from each other, the broker and the database, and nothing is promised."""

Programs = Sequence[subprocess.Popen[bytes]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What a program did: its rate, the most memory of a worker in MiB, and outputs beyond one per order."""

    rate: Rate
    peak: float
    repeated: int


class _Yard:
    """A room with the records, and what is counted in it."""

    def __init__(self, room: Room, total: int) -> None:
        self.room, self.total = room, total
        self.orders = len(set(documents.with_duplicates(total, DUPLICATES)))
        self._topics = TopicAdmin(room.settings.kafka)
        self._admin = AdminClient({"bootstrap.servers": room.services.bootstrap_servers})
        self._outputs = room.records_in(ORDER_SETTLED)
        self._outputs_before = 0
        now = datetime.now(UTC)
        room.produce(documents.order_updated(number, at=now) for number in documents.with_duplicates(total, DUPLICATES))

    def engine(self, kind: str, workers: int) -> Measured:
        """Run our settlement on an engine."""
        self.room.choose_engine(kind)
        self.room.connection.execute("TRUNCATE custodian.states")
        self.room.begin_at("settlement", ORDER_UPDATED, dict.fromkeys(range(self.room.settings.kafka.partitions), 0))
        with self._counted() as running:
            programs = [running.enter_context(self.room.running("run", "settlement")) for _ in range(workers)]
            return self._measured(programs, self.room.handled_by("settlement"), "custodian.states", self._group_is_shared(workers))

    def plain_loop(self, workers: int) -> Measured:
        """Run the plain confluent-kafka loop with the same transaction and no processor."""
        self.room.connection.execute("DROP SCHEMA IF EXISTS bench CASCADE")

        def rows(query: str) -> int:
            ready = self.room.value("SELECT to_regclass('bench.positions') IS NOT NULL")
            return int(self.room.value(query)) if ready else 0

        def everywhere() -> bool:
            return rows("SELECT count(*) FROM bench.positions") == self.room.settings.kafka.partitions

        with self._counted() as running:
            programs = [running.enter_context(self.room.plain("dedupe", worker=n, workers=workers)) for n in range(workers)]
            handled = "SELECT coalesce(sum(next_offset), 0) FROM bench.positions"
            return self._measured(programs, lambda: rows(handled), "bench.seen", everywhere)

    def plain_faust(self) -> Measured:
        """Run the plain Faust app with a table; what it has handled is what it has committed to Kafka."""
        with self._counted() as running:
            process = running.enter_context(self.room.plain("faust_table", folder=str(self.room.folder)))
            return self._measured([process], self._committed, None, lambda: True)

    def _counted(self) -> contextlib.ExitStack:
        """Note how many outputs there are before any program begins, and return what ends the programs."""
        self._outputs_before = self._outputs()
        return contextlib.ExitStack()

    def _measured(self, programs: Programs, handled: Callable[[], int], table: str | None, shared: Callable[[], bool]) -> Measured:
        both_at: list[int] = []

        def count() -> int:
            number = handled()
            if number and not both_at and shared():
                both_at.append(number)
            return number

        limit = 60 + self.total / 400
        looks = looks_until(count, self.total, within=limit, process=programs[0], beside=programs[1:])
        peak = max(peak_mib(program.pid) for program in programs)
        repeated = self._outputs() - self._outputs_before - self.orders
        if table is not None:
            present = int(self.room.value(f"SELECT count(*) FROM {table}"))
            assert present == self.orders, f"{self.orders} orders went in, {table} has {present}"
        assert repeated >= 0, f"{-repeated} of {self.orders} settlements did not come out"
        assert not repeated or len(programs) > 1, f"one undisturbed worker put out {repeated} settlements twice"
        return Measured(rate=rate_of(_while_shared(looks, both_at, self.total, len(programs))), peak=peak, repeated=repeated)

    def _group_is_shared(self, workers: int) -> Callable[[], bool]:
        group = f"{self.room.prefix}settlement"

        def look() -> bool:
            members = self._admin.describe_consumer_groups([group])[group].result(5).members
            return sum(bool(member.assignment.topic_partitions) for member in members) == workers

        return look

    def _committed(self) -> int:
        kafka, topic = self.room.settings.kafka, self.room.topic(ORDER_UPDATED)
        places = [(topic, number) for number in range(kafka.partitions)]
        return sum(self._topics.committed(f"{self.room.prefix}plain-faust", places).values())


def _while_shared(looks: Sequence[Look], both_at: Sequence[int], total: int, workers: int) -> Sequence[Look]:
    """Return the looks in which every worker had something to do; raise RuntimeError when those are too few."""
    if workers == 1:
        return looks
    first = both_at[0] if both_at else total
    shared = [look for look in looks if first <= look.count <= SHARED_UNTIL * total]
    if len(shared) < 3 or shared[-1].count - shared[0].count < total / 4:
        raise RuntimeError(f"{workers} workers had work at once for too short a time; give it more --seconds or --records")
    return shared


def engines(on: Ground, seconds: float, *, records: int | None = None) -> list[Figure]:
    """Return a figure for each engine and number of workers, beside the plain program of its kind, and one for the pure processor."""
    with on.room() as room:
        yard = _Yard(room, records or int(FAST * seconds))
        plain = {workers: yard.plain_loop(workers) for workers in (1, 2)}
        ours = {workers: yard.engine("librdkafka", workers) for workers in (1, 2)}
        fast = list(_fast(yard, ours, plain))
    with on.room() as room:
        yard = _Yard(room, records or int(SLOW * seconds))
        table, faust = yard.plain_faust(), {workers: yard.engine("faust", workers) for workers in (1, 2)}
        slow = list(_slow(yard, faust, table))
    (pure,) = stages.pure_dedupe(on, seconds)
    note = f"of that the pure processor takes {pure.ours:.1f} µs a record: {pure.note}"
    return [*fast, *slow, Figure(name=pure.name, unit=pure.unit, ours=pure.ours, note=note, detail=pure.detail, page=PAGE)]


def _fast(yard: _Yard, ours: dict[int, Measured], plain: dict[int, Measured]) -> Iterator[Figure]:
    half = plain[1].rate.per_second / 2
    yield _figure(
        "librdkafka engine, 1 worker", yard, ours[1], plain[1], target=half, note="plain: a confluent-kafka loop, the same transaction"
    )
    allowed = (os.cpu_count() or 1) >= CORES_FOR_TWO
    times = ours[2].rate.per_second / ours[1].rate.per_second
    note = f"{times:.2f} times one worker; plain: two of them, {plain[2].rate.per_second / plain[1].rate.per_second:.2f} times one"
    if not allowed:
        note += f"; {os.cpu_count()} processors for two workers, broker and database: nothing is promised below {CORES_FOR_TWO}"
    target = 1.5 * ours[1].rate.per_second if allowed else None
    yield _figure("librdkafka engine, 2 workers", yard, ours[2], plain[2], target=target, note=note, times=times)


def _slow(yard: _Yard, faust: dict[int, Measured], table: Measured) -> Iterator[Figure]:
    share = faust[1].rate.per_second / FAUST_CEILING
    note = (
        f"{share:.0%} of the {FAUST_CEILING:,}/s that Faust's event loop was measured to give; plain: a Faust app with a table, no database"
    )
    yield _figure("faust engine, 1 worker", yard, faust[1], table, note=note, of_ceiling=share)
    times = faust[2].rate.per_second / faust[1].rate.per_second
    yield _figure("faust engine, 2 workers", yard, faust[2], None, note=f"{times:.2f} times one worker", times=times)


def _figure(
    name: str, yard: _Yard, ours: Measured, plain: Measured | None, *, note: str, target: float | None = None, **detail: Any
) -> Figure:
    detail |= {"records": yard.total, "orders": yard.orders, "cpu_us_ours": ours.rate.cpu_us, "peak_mib": ours.peak}
    detail |= {"repeated_outputs": ours.repeated}
    if plain is not None:
        detail |= {"cpu_us_plain": plain.rate.cpu_us, "peak_mib_plain": plain.peak}
    note = f"{yard.total:,} records, {yard.orders:,} orders; {note}"
    per_second = None if plain is None else plain.rate.per_second
    return Figure(
        name=name, unit="records/s", ours=ours.rate.per_second, plain=per_second, target=target, note=note, detail=detail, page=PAGE
    )


INTRODUCTION = f"""\
`order-updated` records with a document of {documents.DOCUMENT_BYTES} bytes, 30 % duplicates, waiting in a topic of six partitions; each
program handles all of them, and after each it is counted that none was lost or doubled. `plain` is measured in the same run
(`tests/bench/plain.py`, `tests/bench/plain_faust.py`). CPU is processor time of all workers per record, memory the peak of one worker."""


def lines(figures: Sequence[Figure]) -> Iterator[str]:
    """Yield what was measured as a page."""
    yield "# Engines"
    yield ""
    yield from INTRODUCTION.splitlines()
    yield ""
    yield "| program | unit | ours | plain | ratio | target | CPU ours, µs | CPU plain, µs | MiB ours | MiB plain |"
    yield "|---|---|---:|---:|---:|---:|---:|---:|---:|---:|"
    for figure in figures:
        cells = [_cell(figure.ours), _cell(figure.plain), _cell(figure.ratio, 2), _cell(figure.target)]
        cells += [_cell(figure.detail.get(name), 1) for name in ("cpu_us_ours", "cpu_us_plain")]
        cells += [_cell(figure.detail.get(name)) for name in ("peak_mib", "peak_mib_plain")]
        yield f"| {figure.name} | {figure.unit} | {' | '.join(cells)} |"
    yield ""
    yield from (f"* {figure.name}: {figure.note}" for figure in figures)


def _cell(number: float | None, digits: int = 0) -> str:
    return "" if number is None else f"{number:,.{digits}f}" if number >= 100 or digits else f"{number:.1f}"
