"""One stage at a time, as fast as it goes: records waiting, one worker, records per second between the first and the last commit."""

from __future__ import annotations

import gc
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from pipeline.clock import SystemClock
from pipeline.collector import THRESHOLDS
from pipeline.deliver.loop import BATCH_SIZE_MAX
from pipeline.engines.step import decoded, run_events
from pipeline.log.envelope import Outgoing, Record
from pipeline.log.topics import ORDER_UPDATED
from pipeline.processors.settlement.processor import SETTLEMENT
from tests.bench import documents
from tests.bench.figures import Figure
from tests.bench.ground import Ground, Rate, Room, child, cpu_seconds, looks_until, port_in, rate_of

DUPLICATES = 0.3
_PLAIN_POSITIONS = "SELECT coalesce(sum(next_offset), 0) FROM bench.positions"


def ingest(on: Ground, seconds: float) -> list[Figure]:
    """SSE bytes to records that Kafka has acknowledged, from the moment that the stream was asked for."""
    events = int(20_000 * seconds)
    plain, _ = _ingested("plain", on, events)
    ours, until_stored = _ingested("ours", on, events)
    note = f"{events:,} events of {documents.DOCUMENT_BYTES} bytes; with their facts in PostgreSQL {until_stored:,.0f}/s"
    return [_figure("SSE bytes to Kafka", "events/s", ours, plain, target=20_000, note=note, events=events, until_stored=until_stored)]


def _ingested(who: str, on: Ground, events: int) -> tuple[Rate, float]:
    """Return the rate of a program, and for ours events per second until their facts are stored."""
    port_file = on.folder / f"{who}-{events}.port"
    began_file = port_file.with_suffix(".began")
    for file in (port_file, began_file):
        file.unlink(missing_ok=True)
    server_command = [sys.executable, "-m", "tests.bench.byte_server", str(port_file), str(events)]
    with child(server_command, on.folder / f"{who}-server.log") as server:
        base_url = port_in(port_file, server)
        with on.room(base_url) as room:
            program = room.running("run", "ingest") if who == "ours" else room.plain("ingest", base_url=base_url, events=events)
            with program as process:
                last = looks_until(room.records_in(ORDER_UPDATED), events, within=_limit(events), process=process)[-1]
                began = [float(line) for line in began_file.read_text().split()]
                assert len(began) == 1, f"the stream was opened {len(began)} times"
                rate = Rate(events / (last.at - began[0]), 1e6 * cpu_seconds(process.pid) / events)
                if who == "plain":
                    return rate, 0.0
                facts = _count(room, "SELECT count(*) FROM custodian.ingest_facts")
                stored = looks_until(facts, events, within=_limit(events), process=process)[-1]
                return rate, events / (stored.at - began[0])


def dedupe(on: Ground, seconds: float, *, engine: str = "faust", records_per_second: int = 6_000) -> list[Figure]:
    """`order-updated` with 30 % duplicates to `order-settled`, each settlement once."""
    total = int(records_per_second * seconds)

    def events() -> Iterator[Outgoing]:
        now = datetime.now(UTC)
        return (documents.order_updated(number, at=now) for number in documents.with_duplicates(total, DUPLICATES))

    with on.room() as room:
        room.choose_engine(engine)
        room.produce(events())
        plain = _rate_of_plain(room, "dedupe", total)
        ours = _rate_of_role(room, "settlement", total)
        settled = len(set(documents.with_duplicates(total, DUPLICATES)))
        states = _count(room, "SELECT count(*) FROM custodian.states")()
    assert states == settled, f"{settled} settlements went in, {states} states are there"
    note = f"{total:,} records, one worker; the plain program is a confluent-kafka loop without a processor"
    return [_figure(f"dedupe on {engine}", "records/s", ours, plain, note=note, records=total)]


def pure_dedupe(_: Ground, seconds: float) -> list[Figure]:
    """The pure half of the settlement processor: records to states as text and events as bytes, in memory, in batches as the engine has."""
    total, now = 20_000, datetime.now(UTC)
    numbers = documents.with_duplicates(total, DUPLICATES)
    records = [documents.record_of(documents.order_updated(number, at=now), offset) for offset, number in enumerate(numbers)]
    batches = [records[start : start + BATCH_SIZE_MAX] for start in range(0, total, BATCH_SIZE_MAX)]
    before = gc.get_threshold()
    gc.set_threshold(*THRESHOLDS)
    try:
        took = [_processor_seconds(batches) for _ in range(max(3, round(seconds)))]
    finally:
        gc.set_threshold(*before)
    cost = 1e6 * min(took) / total
    note = f"the best of {len(took)} passes over {total:,} records, processor time; no Kafka and no PostgreSQL"
    return [Figure(name="settlement, pure", unit="µs", ours=cost, note=note, detail={"cpu_us_ours": cost, "records": total})]


def _processor_seconds(batches: Sequence[Sequence[Record]]) -> float:
    clock, states, produced = SystemClock(), dict[str, str](), 0
    began = time.process_time()
    for batch in batches:
        outcome = run_events(SETTLEMENT, batch, [decoded(SETTLEMENT, record) for record in batch], states.get, clock.now())
        states |= {key: kept.text for key, kept in outcome.states.items()}
        produced += len([(event.key.encode(), event.value, event.headers()) for event in outcome.outputs])
    took = time.process_time() - began
    assert produced == len(states), f"{len(states)} orders, {produced} settlements"
    return took


def ledger(on: Ground, seconds: float) -> list[Figure]:
    """`order-settled` to balanced entries."""
    total = int(10_000 * seconds)
    now = datetime.now(UTC)
    with on.room() as room:
        room.produce(documents.order_settled(number, at=now) for number in range(total))
        plain = _rate_of_plain(room, "ledger", total)
        ours = _rate_of_role(room, "ledger", total)
        booked = _count(room, "SELECT count(*) FROM accounting.journal")()
    assert booked == total, f"{booked} of {total} settlements are booked"
    note = f"{total:,} settlements, one worker; plain: COPY of the same rows into tables without index, trigger or balance"
    return [_figure("settled to ledger", "settlements/s", ours, plain, target=10_000, note=note, records=total)]


def archive(on: Ground, seconds: float) -> list[Figure]:
    """All topics to the archive; beside it the sequencer gives the records their index."""
    now = datetime.now(UTC)

    def events() -> Iterator[Outgoing]:
        for number in range(int(5_000 * seconds)):
            yield documents.order_updated(2 * number, at=now)
            yield documents.order_updated(2 * number + 1, at=now)
            yield documents.quote_received(number, at=now)
            yield documents.order_settled(number, at=now)

    with on.room() as room:
        total = room.produce(events())
        plain = _rate_of_plain(room, "archive", total)
        with room.running("run", "archive") as process:
            seen = looks_until(room.handled_by("archive"), total, within=_limit(total), process=process)
            leaves = _count(room, "SELECT coalesce(max(index) + 1, 0) FROM archive.leaves")
            sequenced = total / (looks_until(leaves, total, within=_limit(total), process=process)[-1].at - seen[0].at)
    note = f"{total:,} records, half with a document of {documents.DOCUMENT_BYTES} bytes; until all have their index {sequenced:,.0f}/s"
    ours = rate_of(seen)
    return [_figure("topics to archive", "records/s", ours, plain, target=20_000, note=note, records=total, until_sequenced=sequenced)]


def _figure(name: str, unit: str, ours: Rate, plain: Rate, *, note: str, target: float | None = None, **detail: Any) -> Figure:
    detail |= {"cpu_us_ours": ours.cpu_us, "cpu_us_plain": plain.cpu_us}
    return Figure(name=name, unit=unit, ours=ours.per_second, plain=plain.per_second, target=target, note=note, detail=detail)


def _limit(records: int) -> float:
    return 60 + records / 500


def _count(room: Room, query: str) -> Callable[[], int]:
    return lambda: int(room.value(query))


def _rate_of_role(room: Room, role: str, total: int) -> Rate:
    with room.running("run", role) as process:
        return rate_of(looks_until(room.handled_by(role), total, within=_limit(total), process=process))


def _rate_of_plain(room: Room, name: str, total: int) -> Rate:
    def handled() -> int:
        ready = room.value("SELECT to_regclass('bench.positions') IS NOT NULL")
        return int(room.value(_PLAIN_POSITIONS)) if ready else 0

    with room.plain(name) as process:
        return rate_of(looks_until(handled, total, within=_limit(total), process=process))
