"""From a proposal on the stream to its accept call, and from the end of a quote window to the co-signature, at a steady rate.

All of `custodian up` runs against the simulator; every proposal needs our two calls, and the policy has 27 rules, with reference rates and
snapshots. The times are the product's own records: when the first sign of a proposal was here, and when the attempt of the call was
committed, after which the call leaves at once. The plain program reads the same stream, reads the order, and accepts at once whatever it
is, without journal or rule.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from connectors.simulators.musubi.market import PAIRS
from infra.embedded.settings_file import EXAMPLE_POLICY
from tests.bench.end_to_end import count_moves, cpu_of_roles, let_run, percentile
from tests.bench.figures import Figure
from tests.bench.ground import CUSTODIAN, Ground, Room, child, port_in
from tests.waiting import eventually

WARM_UP_SECONDS = 8.0
WINDOW = timedelta(milliseconds=400)
SPEED = 10
"""First quotes 0.8 s after the accept, valid for 10 s, orders for 2 minutes."""
SETTINGS = """
[workflow]
quote_window = "400ms"
quote_margin = "500ms"
[rates.reference]
url = "{url}/simulator/rates"
poll_interval = "500ms"
"""
_ACCEPTS = """
SELECT extract(epoch FROM a.begun_at - (s.state ->> 'first_seen_at')::timestamptz)::float8
  FROM commands.attempts a JOIN commands.journal j USING (command_id)
  JOIN custodian.states s ON s.processor = 'workflow' AND s.key = j.venue || '/' || j.intent_id
 WHERE a.number = 1 AND j.kind = 'accept_proposal' AND (s.state ->> 'first_seen_at')::timestamptz > %s
"""
_CO_SIGNATURES = """
SELECT a.begun_at, q.context FROM commands.attempts a JOIN commands.journal j USING (command_id)
  JOIN risk.questions q ON q.venue = j.venue AND q.intent_id = j.intent_id AND q.question = 'co_sign_quote' AND q.round = 1
 WHERE a.number = 1 AND j.kind = 'co_sign_quote' AND q.requested_at > %s
"""
_ENDED = "SELECT state || coalesce(' ' || reason, ''), count(*) FROM commands.journal GROUP BY 1"


def proposal_to_accept(on: Ground, seconds: float, *, rate: int, engine: str = "faust") -> list[Figure]:
    """Return p50 and p99 of both ways at so many proposals per second."""
    with _venue(on.folder, rate) as url, on.room(url) as room:
        latencies = room.folder / "latencies.txt"
        latencies.touch()
        with room.plain("frames_to_accepts", base_url=url, latencies=str(latencies)):
            count_moves(lambda: latencies.stat().st_size, "the plain program accepts")
            let_run(WARM_UP_SECONDS + seconds)
        plain = sorted(float(line) for line in latencies.read_text().splitlines()[int(rate * WARM_UP_SECONDS) :] if line)
    with _venue(on.folder, rate) as url, on.room(url) as room:
        (room.folder / "policy.toml").write_bytes(_policy())
        room.settings_file.write_text(room.settings_file.read_text() + SETTINGS.format(url=url))
        room.choose_engine(engine)
        with room.running("up") as process:
            count_moves(lambda: room.value("SELECT count(*) FROM commands.attempts"), "accept calls are made")
            let_run(WARM_UP_SECONDS)
            since, used = room.value("SELECT clock_timestamp()"), cpu_of_roles(process.pid)
            let_run(seconds)
            used = {role: later - used.get(role, 0.0) for role, later in cpu_of_roles(process.pid).items()}
            accepts = sorted(row[0] for row in room.connection.execute(_ACCEPTS, (since,)).fetchall())
            co_signed = eventually(lambda: _from_window(room, since), within=10, what="quotes are co-signed")
            ended: dict[str, int] = dict(room.connection.execute(_ENDED).fetchall())
    detail = {
        "rate": rate,
        "accepts": len(accepts),
        "co_signatures": len(co_signed),
        "commands": ended,
        "cpu_seconds_per_second": {role: round(spent / seconds, 2) for role, spent in sorted(used.items())},
    }
    return [
        Figure(
            name=f"{what}, {rate}/s{'' if engine == 'faust' else f' on {engine}'}, p{q * 100:g}",
            unit="ms",
            ours=1000 * percentile(samples, q),
            plain=1000 * percentile(plain, q) if beside else None,
            target=300.0 if q == 0.99 and rate == 50 else None,
            note=f"{len(samples)} calls" if q == 0.5 else "",
            detail=detail,
        )
        for what, samples, beside in (("proposal to accept call", accepts, True), ("window closed to co-signature", co_signed, False))
        for q in (0.5, 0.99)
    ]


def _from_window(room: Room, since: datetime) -> list[float]:
    """Return the seconds from the end of each window, which began with the first quote that may be chosen, to the attempt."""
    found = []
    for begun_at, context in room.connection.execute(_CO_SIGNATURES, (since,)).fetchall():
        asked: dict[str, Any] = json.loads(context)
        first = min(datetime.fromisoformat(quote["first_seen_at"]) for quote in asked["quotes"] if _may_be_chosen(asked, quote))
        found.append((begun_at - first - WINDOW).total_seconds())
    return sorted(found)


def _may_be_chosen(asked: dict[str, Any], quote: dict[str, Any]) -> bool:
    maximum = asked.get("source_amount_max")
    return bool(quote.get("agrees")) and (
        maximum is None or Decimal(asked["target_amount"]) * Decimal(quote["fx_rate"]) <= Decimal(maximum)
    )


def _policy() -> bytes:
    """Return the example policy with limits that no benchmark reaches: what is measured is what it costs, not what it forbids."""
    text = EXAMPLE_POLICY.read_text(encoding="utf-8")
    pairs = json.dumps([f"{pair.source}/{pair.target}" for pair in PAIRS])
    for narrow, wide in (("limit = 200,", "limit = 1000000,"), ('limit = "', 'limit = "1000000'), ('["JPYSC0/USDCx"]', pairs)):
        text = text.replace(narrow, wide)
    return text.encode()


@contextlib.contextmanager
def _venue(folder: Path, rate: int) -> Iterator[str]:
    """Run the simulator with proposals that wait for us, and give its address."""
    secret, port_file = folder / "venue.secret", folder / "venue.port"
    secret.write_text("bench-client-secret")
    port_file.unlink(missing_ok=True)
    command = [*CUSTODIAN, "simulate", "musubi", "--listen", "127.0.0.1:0", "--port-file", str(port_file), "--secret-file", str(secret)]
    command += ["--speed", str(SPEED), "--rate", str(rate), "--failing", "0", "--mix", "sender=100", "--console-user", "0"]
    command += ["--quote-validity", "100", "--order-lifetime", "1200"]
    with child(command, folder / "venue.log") as process:
        yield port_in(port_file, process)
