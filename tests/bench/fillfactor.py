"""How full the pages of the state table are best, and what an index more costs: measured on the states and the order of a real life.

Two stories are told to the processors once, and what they stored at each step is written for many orders, some thousands of which are open
at a time: settlement (an order from PENDING to SETTLED, then rest) and workflow (a proposal asked about, accepted, quoted, co-signed,
ended; it waits for times, so its updates touch the index `states_due`). Beside the time, which others on the machine blur, stands what they
do not: bytes of WAL per write, the share of updates that stayed on their page and off the indexes (HOT), sizes, dead rows.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import psycopg

from pipeline.stores import states
from pipeline.stores.states import Kept
from pipeline.testing import orders
from tests.bench import documents
from tests.bench.figures import Figure
from tests.bench.ground import Ground, Room
from tests.unit.workflow.scene import Scene, completion, compliance, decision, order, quote, rate

PAGE = "fillfactor"
BATCH = 2_000
OPEN = 2_000
"""Orders that come between two steps of one order."""
PRESENT = 80
_INDICES: Mapping[str, str | None] = {
    "as it is": None,
    "primary key only": "DROP INDEX custodian.states_due",
    "and an index on updated_at": "CREATE INDEX bench_updated ON custodian.states (updated_at)",
    "and a BRIN index on updated_at": "CREATE INDEX bench_updated ON custodian.states USING brin (updated_at)",
}

INTRODUCTION = """\
Each line is a table of its own, written in batches of 2,000 by the statements of the product (`pipeline/stores/states.py`), autovacuum
off. `settlement` is an order from PENDING to SETTLED, `at once` one that is settled when first seen, `workflow` a proposal that is asked
about, accepted, quoted, co-signed and ended; 2,000 orders come between two steps of one. HOT: the share of updates that stayed on their
page and touched no index. Time and WAL are per state written. Dead rows are those that only a vacuum removes. Sizes with what a large
state keeps out of line (TOAST)."""

Step = tuple[str, datetime | None]
"""A state as it was stored, with the intent's id still to be put in, and when it is to be woken."""


def fillfactor(on: Ground, seconds: float) -> list[Figure]:
    """Return one figure per story, fillfactor and set of indices: microseconds per state written."""
    count = max(BATCH, int(3_000 * seconds))
    figures = []
    followed = settlement_story()
    for story, steps, share in (("at once", followed[-1:], 1), ("settlement", followed, 1), ("workflow", workflow_story(), 3)):
        batches = list(_batches(steps, count // share, random.Random(1)))
        variants = [(factor, "as it is") for factor in (100, 90, 80, 70, 50)]
        variants += [(PRESENT, name) for name in _INDICES if name != "as it is"]
        figures += [_measured(on, story, batches, factor, name) for factor, name in variants]
    return figures


def settlement_story() -> list[Step]:
    """Return what the settlement processor stores of one order, step by step."""
    from pipeline.clock import SystemClock
    from pipeline.engines.inline import InlineEngine
    from pipeline.processors.settlement.processor import SETTLEMENT

    engine: InlineEngine[Any, Any, Any] = InlineEngine(SETTLEMENT, SystemClock())
    shown = [orders.shown("PENDING", side="sender"), orders.shown("QUOTED", seconds=9), orders.shown("EXECUTING", seconds=12)]
    shown.append(orders.settled_record(seconds=18))
    key = f"{orders.VENUE}/{orders.intent(1)}"
    told = []
    for record in orders.records(shown):
        engine.run([record])
        told.append((engine.states[key], None))
    return _distinct(told)


def workflow_story() -> list[Step]:
    """Return what the workflow stores of one proposal that is accepted, quoted three times, co-signed and settled."""
    scene = Scene()
    key = f"{orders.VENUE}/{orders.intent(1)}"
    told: list[Step] = []

    def note() -> None:
        told.append((scene.engine.states[key], scene.engine.wake_at.get(key, (None, 0))[0]))

    def hear(*events: Any) -> list[dict[str, Any]]:
        said: list[dict[str, Any]] = []
        for event in events:
            said += scene.hears(event)
            note()
        return said

    (request,) = hear(order(), rate(), compliance())
    (command,) = hear(decision(request, "ACCEPT"))
    hear(completion(command))
    scene.at(8)
    hear(quote("q1"), quote("q2", "112.1"), quote("q3", "111.95"))
    (request,) = scene.at(13)
    note()
    (command,) = hear(decision(request, "ACCEPT", "q3"))
    hear(completion(command), order("QUOTED", seconds=14), order("EXECUTING", seconds=15), order("SETTLED", seconds=18))
    return _distinct(told)


def _distinct(told: Sequence[Step]) -> list[Step]:
    """Leave out steps that stored nothing new: the engine does not write those."""
    return [step for number, step in enumerate(told) if not number or step != told[number - 1]]


def _batches(steps: Sequence[Step], count: int, chance: random.Random) -> Iterator[dict[str, Kept]]:
    """Yield what is written batch by batch: orders come one after the other, and their steps follow at some distance."""
    own = orders.intent(1)
    moments = sorted(
        (number + step * OPEN * chance.uniform(0.8, 1.2), number, step) for number in range(count) for step in range(len(steps))
    )
    for start in range(0, len(moments), BATCH):
        batch = {}
        for _, number, step in sorted(moments[start : start + BATCH], key=lambda moment: (moment[1], moment[2])):
            text, wake_at = steps[step]
            intent = documents.intent(number)
            wake_at = None if wake_at is None else wake_at + timedelta(milliseconds=number)
            batch[f"{documents.VENUE}/{intent}"] = Kept(text=text.replace(own, intent), partition=number % 6, wake_at=wake_at)
        keys = list(batch)
        chance.shuffle(keys)  # as they come from Kafka
        yield {key: batch[key] for key in keys}


def _measured(on: Ground, story: str, batches: Sequence[Mapping[str, Kept]], factor: int, indices: str) -> Figure:
    with on.room() as room:
        connection = room.connection
        connection.execute(f"ALTER TABLE custodian.states SET (fillfactor = {factor}, autovacuum_enabled = off)")
        if (statement := _INDICES[indices]) is not None:
            connection.execute(statement.encode())
        before, began = _wal(connection), time.perf_counter()
        for batch in batches:
            with connection.transaction():
                states.read(connection, story, batch)
                states.write(connection, story, batch)
        took, wal = time.perf_counter() - began, _wal(connection) - before
        written = sum(map(len, batches))
        detail: dict[str, Any] = {"story": story, "fillfactor": factor, "indices": indices, "written": written, "us": 1e6 * took / written}
        detail |= {"wal_bytes": wal / written} | _found(room)
    name = f"{story}, fillfactor {factor}" + ("" if indices == "as it is" else f", {indices}")
    note = f"{wal / written:,.0f} bytes of WAL per write, HOT {detail['hot']:.0%}, {detail['table_mib'] + detail['index_mib']:.0f} MiB"
    return Figure(name=name, unit="µs", ours=1e6 * took / written, note=note, detail=detail, page=PAGE)


def _found(room: Room) -> dict[str, float]:
    """Return what the statistics say, and the sizes."""
    room.connection.execute("SELECT pg_stat_force_next_flush()")
    row = room.connection.execute(
        "SELECT n_tup_ins, n_tup_upd, n_tup_hot_upd, n_dead_tup FROM pg_stat_user_tables WHERE relid = 'custodian.states'::regclass"
    ).fetchone()
    assert row is not None
    inserted, updated, hot, dead = row
    table, index = room.connection.execute(
        "SELECT pg_table_size('custodian.states'::regclass), pg_indexes_size('custodian.states'::regclass)"
    ).fetchone() or (0, 0)
    return {
        "rows": inserted,
        "updates_per_row": updated / inserted,
        "hot": hot / updated if updated else 0.0,
        "dead": dead,
        "table_mib": table / 2**20,
        "index_mib": index / 2**20,
        "bytes_per_row": (table + index) / inserted,
    }


def _wal(connection: psycopg.Connection[Any]) -> float:
    row = connection.execute("SELECT (pg_current_wal_insert_lsn() - '0/0'::pg_lsn)::float8").fetchone()
    assert row is not None
    return float(row[0])


def lines(figures: Sequence[Figure]) -> Iterator[str]:
    """Yield what was measured as a page."""
    yield "# How full the pages of the state table are best"
    yield ""
    yield from INTRODUCTION.splitlines()
    yield ""
    yield "| story | updates per row | fillfactor | indices | µs | WAL bytes | HOT | dead rows | table MiB | indices MiB |"
    yield "|---|---:|---:|---|---:|---:|---:|---:|---:|---:|"
    for figure in figures:
        d = figure.detail
        yield (
            f"| {d['story']} | {d['updates_per_row']:.1f} | {d['fillfactor']} | {d['indices']} | {d['us']:.0f} | {d['wal_bytes']:,.0f}"
            f" | {d['hot']:.0%} | {d['dead']:,} | {d['table_mib']:.0f} | {d['index_mib']:.0f} |"
        )
