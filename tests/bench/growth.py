"""State that grows: what a record costs beside ten thousand, a hundred thousand, a million, ten million settled keys.

The table is filled by the server with the states that the settlement processor writes (`test_bench.py` holds the two against each
other), in the order of chance that digests have, through the index that is there: pages and index look as after years of work. Each size is
measured right after a checkpoint, when PostgreSQL writes every page that it touches for the first time in full: the dearest minutes.

* new: batches of keys that nobody has seen, each settled: states written, outputs acknowledged, positions stored, one transaction.
* old: batches of duplicates of keys taken from the whole table by chance: states read, nothing written but the position.
* worker: `custodian run settlement` on the librdkafka engine over half of each, from Kafka; its rate, processor time and peak of memory.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

import psycopg

from pipeline.clock import SystemClock
from pipeline.deliver.loop import BATCH_SIZE_MAX
from pipeline.engines.step import Step
from pipeline.failpoints import Failpoints
from pipeline.kafka import EventProducer
from pipeline.log.envelope import Record
from pipeline.log.topics import ORDER_SETTLED, ORDER_UPDATED
from pipeline.processors.settlement.processor import SETTLEMENT
from pipeline.stores.postgres import connect
from tests.bench import documents
from tests.bench.figures import Figure
from tests.bench.ground import Ground, Rate, Room, cpu_seconds, looks_until, peak_mib, rate_of

SMALLEST, LARGEST = 10_000, 1_000_000
"""Keys; the largest is an option, since ten million take 10 GB and some minutes."""
FILL_AT_ONCE = 200_000
GROWTH_MAX = 0.2
"""What a size may grow by while it is measured; beyond it the added keys are removed again, unmeasured."""
PAGE = "growth"
_COUNT = "SELECT count(*) FROM custodian.states WHERE processor = 'settlement'"

_FILL = """
INSERT INTO custodian.states (processor, key, state, partition)
SELECT 'settlement', 'tokyo/' || intent, jsonb_build_object(
           'venue', 'tokyo', 'intent_id', intent, 'status', 'SETTLED', 'side', 'sender', 'first_seen_at', seen, 'updated_at', seen,
           'terms_version', 2, 'booked', jsonb_build_object('transaction_hash', hash, 'stated', stated, 'terms_sha256', terms)), n %% 6
  FROM generate_series(%(first)s::bigint, %(last)s::bigint) AS n
 CROSS JOIN LATERAL (SELECT md5('intent ' || n) AS m) AS d
 CROSS JOIN LATERAL (
       SELECT overlay(overlay(m PLACING '4' FROM 13 FOR 1)
                      PLACING to_hex((('x' || substr(m, 17, 1))::bit(4)::int & 3) | 8) FROM 17 FOR 1)::uuid::text AS intent,
              encode(sha256(('tx ' || n)::bytea), 'hex') AS hash,
              to_char(timestamptz '2025-03-15 09:00:00Z' + n * interval '1 millisecond', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS settled_at,
              to_char(%(seen)s::timestamptz, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS seen) AS f
 CROSS JOIN LATERAL (
       SELECT jsonb_build_object(
           'fx_rate', '149.57475', 'settled_at', settled_at, 'target_amount', (100000 + n)::text, 'source_currency', 'JPYSC0',
           'target_currency', 'USDCx', 'source_amount_actual', (14957475 + n)::text,
           'sender_custodian_party_id', 'custodian-a', 'receiver_custodian_party_id', 'custodian-b',
           'sender_party_id', 'institution-' || n %% 40, 'receiver_party_id', 'institution-' || (n + 7) %% 40) AS stated) AS s
 CROSS JOIN LATERAL (
       SELECT encode(sha256(convert_to(string_agg(name || chr(31) || value, chr(30) ORDER BY name COLLATE "C"), 'UTF8')), 'hex') AS terms
         FROM jsonb_each_text(stated || '{"terms_version": "2"}') AS each (name, value)) AS t
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Batches:
    """What batches of one kind cost: microseconds per record, by batch; WAL bytes and the backend's processor time per record."""

    per_record: Sequence[float]
    wal: float
    backend_us: float

    def at(self, share: float) -> float:
        """Return the cost that this share of the batches stays below."""
        ordered = sorted(self.per_record)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def sizes(largest: int) -> list[int]:
    """Return the numbers of keys to measure at: powers of ten from the smallest, and the largest."""
    found, size = [], SMALLEST
    while size < largest:
        found.append(size)
        size *= 10
    return [*found, largest]


def fill(
    connection: psycopg.Connection[Any], first: int, end: int, *, seen: datetime, note: Callable[[int], None] = lambda _: None
) -> None:
    """Add the states of orders `first` to `end` - 1, settled and seen once, as the settlement processor writes them."""
    for start in range(first, end, FILL_AT_ONCE):
        last = min(start + FILL_AT_ONCE, end) - 1
        connection.execute(_FILL, {"first": start, "last": last, "seen": seen})
        note(last + 1)


def growth(on: Ground, seconds: float, *, largest: int = LARGEST) -> list[Figure]:
    """Return one figure per size: microseconds per new record in the middle batch, everything else in its detail."""
    figures: list[Figure] = []
    chance = random.Random(largest)
    with on.room() as room, closing(psycopg.connect(_admin_of(on, room), autocommit=True)) as admin:
        room.choose_engine("librdkafka")
        have = 0
        for size in sizes(largest):
            began = time.monotonic()
            fill(room.connection, have, size, seen=datetime.now(UTC))
            have, filled = size, time.monotonic()
            room.connection.execute("VACUUM (ANALYZE) custodian.states")
            spent = {"fill_seconds": filled - began, "vacuum_seconds": time.monotonic() - filled}
            admin.execute("CHECKPOINT")
            figures.append(_measured(room, size, chance, batches=max(25, round(10 * seconds)), **spent))
    return figures


def _measured(room: Room, size: int, chance: random.Random, *, batches: int, **spent: float) -> Figure:
    with closing(_Feed(room, size)) as feed:
        feed.old(chance, batches=5)  # statements are prepared, connections open
        old = feed.old(chance, batches=batches)
        new = feed.new(batches=batches)
        feed.forget()
    worker, peak = _worker(room, size, chance, records=BATCH_SIZE_MAX * batches // 2)
    table, index = _sizes_on_disk(room)
    present = int(room.value(_COUNT))
    assert present == size, f"{size} keys went in, {present} are there"
    detail = {
        "keys": size,
        "batches": batches,
        "batch_size": BATCH_SIZE_MAX,
        "new_p50_us": new.at(0.5),
        "new_p99_us": new.at(0.99),
        "new_wal_bytes": new.wal,
        "new_backend_us": new.backend_us,
        "old_p50_us": old.at(0.5),
        "old_p99_us": old.at(0.99),
        "old_wal_bytes": old.wal,
        "old_backend_us": old.backend_us,
        "worker_records_per_second": worker.per_second,
        "worker_cpu_us": worker.cpu_us,
        "worker_peak_mib": peak,
        "table_mib": table / 2**20,
        "index_mib": index / 2**20,
        **spent,
    }
    note = f"p99 {new.at(0.99):.0f} µs; old keys {old.at(0.5):.0f} µs, p99 {old.at(0.99):.0f} µs; worker's peak {peak:.0f} MiB"
    return Figure(name=f"{size:,} settled keys, new", unit="µs", ours=new.at(0.5), note=note, detail=detail, page=PAGE)


class _Feed:
    """Runs batches through the engine's own transaction, beside a table of so many keys, and times each."""

    def __init__(self, room: Room, size: int) -> None:
        self._room, self._size, self._next = room, size, size
        self._added: list[str] = []
        self._topic, self._offset = room.topic(ORDER_UPDATED), 0
        self._publisher = EventProducer(room.settings.kafka)
        self._step = Step(
            SETTLEMENT,
            connect=partial(connect, room.settings.postgres, name="bench"),
            publisher=self._publisher,
            clock=SystemClock(),
            failpoints=Failpoints({}),
        )
        room.connection.execute("UPDATE custodian.positions SET next_offset = 0 WHERE consumer = 'settlement'")

    def new(self, *, batches: int) -> Batches:
        """Settle batches of keys that are not there; the table never grows by more than a fifth."""
        kept = max(1, int(self._size * GROWTH_MAX) // BATCH_SIZE_MAX)

        def unseen(number: int) -> Sequence[int]:
            if number and number % kept == 0:
                self.forget()
            numbers = range(self._next, self._next + BATCH_SIZE_MAX)
            self._next += BATCH_SIZE_MAX
            self._added += [f"{documents.VENUE}/{documents.intent(number)}" for number in numbers]
            return numbers

        return self._all(unseen, "settled", batches)

    def old(self, chance: random.Random, *, batches: int) -> Batches:
        """Show keys of the table again, taken by chance."""
        return self._all(lambda _: [chance.randrange(self._size) for _ in range(BATCH_SIZE_MAX)], "duplicate", batches)

    def _all(self, numbers: Callable[[int], Sequence[int]], outcome: str, batches: int) -> Batches:
        found = [self._timed(numbers(number), outcome) for number in range(batches)]
        wal, backend = (sum(costs) / batches / BATCH_SIZE_MAX for costs in ([cost[1] for cost in found], [cost[2] for cost in found]))
        return Batches(per_record=[cost[0] for cost in found], wal=wal, backend_us=1e6 * backend)

    def forget(self) -> None:
        """Remove the keys that were added."""
        _remove(self._room, self._added)
        self._added.clear()

    def close(self) -> None:
        self._step.close()
        self._publisher.close()

    def _timed(self, numbers: Sequence[int], outcome: str) -> tuple[float, float, float]:
        """Run a batch; return microseconds per record, bytes of WAL, and seconds of the backend's processor time."""
        records = self._records(numbers)
        wal, backend = self._wal(), cpu_seconds(self._backend())
        began = time.perf_counter()
        counts = self._step.run(records)
        took = time.perf_counter() - began
        assert counts[outcome] == len(records), f"{len(records)} records went in, the step counted {dict(counts)}"
        return 1e6 * took / len(records), self._wal() - wal, cpu_seconds(self._backend()) - backend

    def _records(self, numbers: Sequence[int]) -> list[Record]:
        now, found = datetime.now(UTC), []
        for number in numbers:
            event = documents.order_updated(number, at=now)
            found.append(
                Record(
                    topic=self._topic,
                    partition=0,
                    offset=self._offset,
                    key=event.key.encode(),
                    value=event.value,
                    headers=event.headers(),
                )
            )
            self._offset += 1
        return found

    def _backend(self) -> int:
        """Return the process of PostgreSQL that serves the step; 0 before it is connected."""
        mine = (
            "SELECT coalesce(max(pid), 0) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'custodian-bench'"
        )
        return int(self._room.value(mine))

    def _wal(self) -> float:
        return float(self._room.value("SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn"))


def _worker(room: Room, size: int, chance: random.Random, *, records: int) -> tuple[Rate, float]:
    """Run the real worker over half new, half old keys; return its rate and the peak of its memory in MiB."""
    room.begin_at("settlement", ORDER_UPDATED, room.ends_of(ORDER_UPDATED))
    emitted, handled = room.records_in(ORDER_SETTLED), room.handled_by("settlement")
    emitted_before, handled_before = emitted(), handled()
    fresh = range(size, size + records // 2)
    numbers = [*fresh, *(chance.randrange(size) for _ in range(records - len(fresh)))]
    chance.shuffle(numbers)
    room.produce(documents.order_updated(number, at=datetime.now(UTC)) for number in numbers)
    with room.running("run", "settlement") as process:
        looks = looks_until(lambda: handled() - handled_before, records, within=60 + records / 500, process=process)
        peak = peak_mib(process.pid)
    settled = emitted() - emitted_before
    assert settled == len(fresh), f"{len(fresh)} new orders went in, {settled} settlements came out"
    _remove(room, [f"{documents.VENUE}/{documents.intent(number)}" for number in fresh])
    return rate_of(looks), peak


def _remove(room: Room, keys: Sequence[str]) -> None:
    room.connection.execute("DELETE FROM custodian.states WHERE processor = 'settlement' AND key = ANY (%s)", (list(keys),))
    room.connection.execute("VACUUM custodian.states")


def _sizes_on_disk(room: Room) -> tuple[int, int]:
    row = room.connection.execute(
        "SELECT pg_table_size('custodian.states'::regclass), pg_indexes_size('custodian.states'::regclass)"
    ).fetchone()
    assert row is not None
    return row


def _admin_of(on: Ground, room: Room) -> str:
    """Return a superuser's way into a room's database."""
    return psycopg.conninfo.make_conninfo(on.services.admin_dsn, dbname=room.connection.info.dbname)


INTRODUCTION = """\
Settled keys in `custodian.states` when measured, and beside them batches of 2,000 records through the transaction of the librdkafka
engine. `new`: keys that nobody has seen (state written, output acknowledged by Kafka, position stored, commit). `old`: duplicates of keys
of the whole table, taken by chance (state read, position stored, commit). Microseconds per record, the middle batch (p50) and the slowest
but one in a hundred (p99). `backend CPU`: processor time of the PostgreSQL process that served it, the steadier figure on a busy machine.
Each size is measured right after a checkpoint, when PostgreSQL writes each page that it touches for the first time in full. `worker`:
`custodian run settlement` over half new, half old records from Kafka: its rate, its own processor time per record, its peak of memory."""

_COLUMNS: Sequence[tuple[str, str, str]] = (
    ("settled keys", "keys", ",.0f"),
    ("new p50", "new_p50_us", ".0f"),
    ("new p99", "new_p99_us", ".0f"),
    ("new backend CPU", "new_backend_us", ".0f"),
    ("new WAL bytes", "new_wal_bytes", ",.0f"),
    ("old p50", "old_p50_us", ".0f"),
    ("old p99", "old_p99_us", ".0f"),
    ("old backend CPU", "old_backend_us", ".0f"),
    ("worker records/s", "worker_records_per_second", ",.0f"),
    ("worker CPU", "worker_cpu_us", ".0f"),
    ("worker peak MiB", "worker_peak_mib", ".0f"),
    ("table MiB", "table_mib", ",.0f"),
    ("index MiB", "index_mib", ",.0f"),
    ("filled in s", "fill_seconds", ",.0f"),
    ("vacuumed in s", "vacuum_seconds", ",.1f"),
)


def lines(figures: Sequence[Figure]) -> Iterator[str]:
    """Yield the curve as a page."""
    yield "# What a record costs as the state grows"
    yield ""
    yield from INTRODUCTION.splitlines()
    yield ""
    yield f"| {' | '.join(title for title, _, _ in _COLUMNS)} |"
    yield "|" + "---:|" * len(_COLUMNS)
    for figure in figures:
        yield f"| {' | '.join(format(figure.detail[name], form) for _, name, form in _COLUMNS)} |"
