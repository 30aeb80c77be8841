"""The archive's tables locked by somebody else: the stream is read on, the ledger books on, memory stays bounded."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.auditor import audit, until_quiet
from tests.rig import UNRULY, Program, Rig
from tests.waiting import eventually

MakeRig = Callable[..., Rig]
GROWTH_MAX = 96 * 1024 * 1024
"""Bytes by which a process may grow during the lock: librdkafka's and our own bounded queues, and Python's slack."""
READ = 'custodian_records_total{outcome="seen",role="ingest"}'


def resident(up: Program) -> dict[str, int]:
    """Return the resident memory of each role's process in bytes."""
    found = {}
    for role, pid in up.pids().items():
        line = next(line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmRSS:"))
        found[role] = int(line.split()[1]) * 1024
    return found


@contextmanager
def locked(rig: Rig) -> Iterator[None]:
    """Hold the archive's tables by a schema change, which their owner may make in every version of PostgreSQL, and take it back."""
    with psycopg.connect(rig.dsn) as connection:
        eventually(partial(_lock, connection), within=30, what="the archive's tables are locked")
        yield
        connection.rollback()


def _lock(connection: psycopg.Connection[Any]) -> bool:
    """Lock all of it or nothing: the archive reads its tables in an order of its own, and PostgreSQL may choose us to give way."""
    try:
        for table in ("records", "leaves", "topics"):
            connection.execute(f"ALTER TABLE archive.{table} ADD COLUMN passing integer".encode())
    except psycopg.errors.DeadlockDetected:
        connection.rollback()
        return False
    return True


@pytest.mark.parametrize("seconds", [8, pytest.param(60, marks=pytest.mark.faults_long)])
def test_with_the_archive_locked_the_stream_is_read_and_the_ledger_books(make_rig: MakeRig, seconds: int) -> None:
    """While the archive's tables are locked, frames are read and settlements booked at the venue's pace, and no process grows unbounded."""
    rig = make_rig(seed=81, rate=40, faults=UNRULY)
    up = rig.up()
    rig.books_grow(within=60)
    archived = rig.value("SELECT count(*) FROM archive.records")
    with locked(rig):
        before, booked, read = resident(up), rig.booked(), rig.metrics("ingest")[READ]
        until = time.monotonic() + seconds
        highest = dict(before)

        def over() -> bool:
            for role, size in resident(up).items():
                highest[role] = max(highest[role], size)
            threading.Event().wait(0.25)  # looking costs time that the pipeline needs
            return time.monotonic() >= until

        eventually(over, within=seconds + 10, what="the lock ends")
        assert rig.booked() > booked + 10 * seconds
        assert rig.metrics("ingest")[READ] > read + 10 * seconds
    assert rig.value("SELECT count(*) FROM archive.records") >= archived
    grown = {role: highest[role] - before[role] for role in before if highest[role] - before[role] > GROWTH_MAX}
    assert not grown, f"grown by {grown} bytes from {before}"
    rig.traffic()
    until_quiet(rig)
    audit(rig)
    rig.custodian("archive", "verify")
    assert up.end() == 0
    assert not up.deaths()
