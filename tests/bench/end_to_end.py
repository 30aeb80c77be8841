"""From a frame on the stream to a booked entry: the whole of `custodian up` against the simulator, at a steady rate.

The time is taken by the product's own histogram: from the first sign of a settlement on the stream until the transaction with its entry is
committed. Between the bounds of the histogram the percentiles are interpolated; `entries` in the detail are exact samples up to the entry's
own `recorded_at`, which is taken when the transaction begins.
"""

from __future__ import annotations

import contextlib
import json
import math
import time
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from tests.bench.figures import Figure
from tests.bench.ground import CUSTODIAN, Ground, Room, child, cpu_seconds, port_in
from tests.waiting import eventually

WARM_UP_SECONDS = 4.0
_HISTOGRAM = "custodian_frame_to_booking_seconds_bucket"
CAUGHT_UP_SECONDS = 0.5
_NEWEST_TOOK = "SELECT extract(epoch FROM recorded_at - observed_at)::float8 FROM ledger.entries ORDER BY recorded_at DESC LIMIT 1"
_ARCHIVED = "SELECT count(*) FROM archive.records WHERE ce_type = 'custody.order-settled.v1'"
_STAGES = """
SELECT extract(epoch FROM u.produced_at - e.observed_at)::float8, extract(epoch FROM s.produced_at - u.produced_at)::float8,
       extract(epoch FROM e.recorded_at - s.produced_at)::float8
  FROM ledger.entries e
  JOIN archive.records s ON s.subject = e.intent_id AND s.ce_type = 'custody.order-settled.v1'
  JOIN LATERAL (
       SELECT max(u.produced_at) AS produced_at FROM archive.records u
        WHERE u.subject = e.intent_id AND u.ce_type = 'custody.order-updated.v1' AND u.produced_at <= s.produced_at) u ON true
 WHERE e.observed_at > %s
"""
FULL_TERMS = ("--switch", "A-02=full")


SPINE = ("ingest", "settlement", "ledger", "archive")
"""What a settlement passes; `up` runs workflow, risk and commands beside them on the same cores, which read every order too."""


def frame_to_booking(
    on: Ground, seconds: float, *, rate: int, hints: str, roles: Sequence[str] = (), engine: str = "faust"
) -> list[Figure]:
    """Return p50 and p99 at a rate, of `up` or of `roles` only.

    `hints` are "full" (terms in the frame) or "bare" (one read of the record per settlement).
    """
    switches = FULL_TERMS if hints == "full" else ()
    with venue(on.folder, rate, switches) as url, on.room(url) as room, plain_programs(room, url) as latencies:
        count_moves(lambda: _lines(latencies), "frames reach the plain program")
        at_start = _lines(latencies)
        let_run(WARM_UP_SECONDS + seconds)
        plain = sorted(_seconds(latencies)[at_start + int(rate * WARM_UP_SECONDS) :])
    with venue(on.folder, rate, switches) as url, on.room(url) as room, _running(room, roles, engine) as process:
        port = int(count_moves(lambda: _ledger_port(room), "the ledger listens"))
        count_moves(lambda: room.value("SELECT count(*) FROM ledger.entries"), "entries are booked")
        with contextlib.suppress(AssertionError):  # a machine that never catches up is measured as it is
            eventually(lambda: (room.value(_NEWEST_TOOK) or math.inf) < CAUGHT_UP_SECONDS, within=60)
        let_run(WARM_UP_SECONDS)
        before, since = _buckets(port), room.value("SELECT clock_timestamp()")
        used = cpu_of_roles(process.pid)
        let_run(seconds)
        after = _buckets(port)
        used = {role: used_later - used.get(role, 0.0) for role, used_later in cpu_of_roles(process.pid).items()}
        _post(url, "stop-creating")
        settled = len(_get(url, "truth?parts=settlements")["settlements"])
        eventually(lambda: room.value("SELECT count(*) FROM ledger.entries") == settled, within=60, what=f"{settled} entries are booked")
        rows = room.connection.execute(
            "SELECT extract(epoch FROM recorded_at - observed_at)::float8 FROM ledger.entries WHERE observed_at > %s ORDER BY 1", (since,)
        ).fetchall()
        exact = [row[0] for row in rows]
        eventually(lambda: room.value(_ARCHIVED) >= settled, within=60, what="the archive has the settlements too")
        stages = room.connection.execute(_STAGES, (since,)).fetchall()
    counts = {bound: after[bound] - before.get(bound, 0.0) for bound in after}
    seen = counts[math.inf]
    booked = seen / seconds
    detail = {
        "rate": rate,
        "hints": hints,
        "samples": seen,
        "booked_per_second": booked,
        "cpu_seconds_per_second": {role: round(spent / seconds, 2) for role, spent in sorted(used.items())},
        "stages_ms": {
            name: {str(q): round(1000 * percentile(sorted(row[column] for row in stages), q), 1) for q in (0.5, 0.99)}
            for column, name in enumerate(("frame to producer", "to producer of order-settled", "to transaction of the entry"))
        },
        "entries_ms": {str(q): round(1000 * percentile(exact, q), 1) for q in (0.5, 0.9, 0.99, 0.999)} if exact else {},
    }
    how = "" if hints == "full" else ", one read each"
    how += " by its four roles alone" if roles else ""
    how += "" if engine == "faust" else f" on {engine}"
    figures = []
    for q, target in ((0.5, 50.0), (0.99, 250.0)):
        figures.append(
            Figure(
                name=f"frame to booking, {rate}/s{how}, p{q * 100:g}",
                unit="ms",
                ours=1000 * _quantile(counts, q),
                plain=1000 * percentile(plain, q),
                target=target if rate == 200 and hints == "full" else None,
                note=f"{booked:.0f} booked/s" if q == 0.5 else "",
                detail=detail,
            )
        )
    return figures


@contextlib.contextmanager
def _running(room: Room, roles: Sequence[str], engine: str) -> Iterator[Any]:
    room.choose_engine(engine)
    with room.running(*(("run", *roles) if roles else ("up",))) as process:
        yield process


@contextlib.contextmanager
def venue(folder: Path, rate: int, switches: Sequence[str]) -> Iterator[str]:
    """Run the simulator, which settles every order the moment that it makes it, and give its address.

    We are the receiver's custodian of all orders and so see one frame of each (A-28): frames per second are settlements per second.
    """
    secret, port_file = folder / "venue.secret", folder / "venue.port"
    secret.write_text("bench-client-secret")
    port_file.unlink(missing_ok=True)
    command = [*CUSTODIAN, "simulate", "musubi", "--listen", "127.0.0.1:0", "--port-file", str(port_file), "--secret-file", str(secret)]
    command += ["--settle-directly", "--rate", str(rate), "--failing", "0", "--mix", "receiver=100", *switches]
    with child(command, folder / "venue.log") as process:
        yield port_in(port_file, process)


@contextlib.contextmanager
def plain_programs(room: Room, url: str) -> Iterator[Path]:
    """Run the two plain programs and give the file of their latencies."""
    latencies = room.folder / "latencies.txt"
    latencies.touch()
    with (
        room.plain("kafka_to_rows", latencies=str(latencies)),
        room.plain("frames_to_kafka", base_url=url),
    ):
        yield latencies


def count_moves(count: Any, what: str) -> float:
    """Wait until a count is no longer zero, and return it."""
    found: float = eventually(count, within=60, what=what)
    return found


def let_run(seconds: float) -> None:
    """Let the load run: the one thing that a steady rate needs is time."""
    until = time.monotonic() + seconds
    eventually(lambda: time.monotonic() >= until, within=seconds + 5, what="the time is over")


def _lines(file: Path) -> int:
    return file.read_bytes().count(b"\n")


def _seconds(file: Path) -> list[float]:
    pairs = (line.split() for line in file.read_text().splitlines() if line.count(" ") == 1)
    return [float(committed) - float(here) for here, committed in pairs]


def _ledger_port(room: Room) -> int:
    return int(room.value("SELECT metrics_port FROM custodian.roles WHERE role = 'ledger' ORDER BY seen_at DESC LIMIT 1") or 0)


def _buckets(port: int) -> dict[float, float]:
    """Return the histogram of a role: how many were at most so many seconds."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        lines = answer.read().decode().splitlines()
    found = {}
    for line in lines:
        if line.startswith(_HISTOGRAM):
            bound, _, count = line.partition('le="')[2].partition('"} ')
            found[float(bound)] = float(count)
    return found


def _quantile(counts: dict[float, float], q: float) -> float:
    """Interpolate in a cumulative histogram; what is beyond its last bound counts as that bound."""
    wanted = q * counts[math.inf]
    low_bound = low = 0.0
    for bound in sorted(counts):
        if counts[bound] >= wanted:
            if math.isinf(bound) or counts[bound] == low:
                return low_bound
            return low_bound + (bound - low_bound) * (wanted - low) / (counts[bound] - low)
        low_bound, low = bound, counts[bound]
    return low_bound


def percentile(samples: Sequence[float], q: float) -> float:
    """Return a quantile of sorted samples, nan when there are none."""
    return samples[min(len(samples) - 1, int(q * len(samples)))] if samples else math.nan


def cpu_of_roles(supervisor: int) -> dict[str, float]:
    """Return the processor time of each role below the supervisor so far; nothing where there is no /proc."""
    found: dict[str, float] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
            if int(fields[1]) == supervisor:
                role = (folder / "cmdline").read_bytes().split(b"\0")[-2].decode()
                found[role] = cpu_seconds(int(folder.name))
    return found


def _get(url: str, path: str) -> Any:
    with urllib.request.urlopen(f"{url}/simulator/{path}", timeout=30) as answer:
        return json.load(answer)


def _post(url: str, path: str) -> None:
    request = urllib.request.Request(f"{url}/simulator/{path}", data=b"{}", headers={"Content-Type": "application/json"}, method="POST")
    urllib.request.urlopen(request, timeout=30).close()
