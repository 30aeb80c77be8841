"""The pure parts of supervision: back-off, lines, health."""

from __future__ import annotations

import io
import json
import threading

import pytest

from pipeline.observability.health import STALLED_AFTER, Health
from pipeline.supervisor.backoff import LIVED, STEPS, Backoff
from pipeline.supervisor.output import QUEUE_MAX, Output, for_person, structured


def test_a_role_that_keeps_dying_waits_longer_and_longer_up_to_ten_seconds() -> None:
    """The first restart comes within two seconds, later ones double, none waits over ten."""
    backoff, delays = Backoff(), []
    for _ in range(9):
        delay, backoff = backoff.after(0.3)
        delays.append(delay)
    assert delays[0] <= 0.5
    assert delays == sorted(delays)
    assert delays[-2:] == [10.0, 10.0]
    assert delays[: len(STEPS)] == list(STEPS)


def test_a_role_that_lived_is_restarted_at_once_again() -> None:
    """A life of some seconds forgets the deaths before it."""
    backoff = Backoff(quick_deaths=6)
    delay, backoff = backoff.after(LIVED)
    assert delay == STEPS[0]
    assert backoff.after(0.1)[0] == STEPS[1]


def test_lines_of_children_are_passed_on_or_wrapped() -> None:
    """Our JSON stays as it is; anything else becomes an object that names the role."""
    assert structured("ledger", '{"event": "x", "ts": "t"}') == {"event": "x", "ts": "t"}
    assert structured("ledger", "Segmentation fault") == {"level": "info", "role": "ledger", "event": "Segmentation fault"}
    assert structured("ledger", '["no", "object"]')["event"] == '["no", "object"]'


def test_a_line_for_a_person_has_role_event_and_extras() -> None:
    """The technical fields are left out, what the call added stays."""
    line = {
        "ts": "2025-03-15T09:00:00Z",
        "level": "warning",
        "role": "ledger",
        "instance": "i",
        "event": "waiting",
        "delay": 2,
        "logger": "l",
    }
    text = for_person("ledger", line)
    assert "ledger" in text
    assert text.endswith("warning: waiting  delay=2")


class _Blocked(io.StringIO):
    """A stream that nobody reads until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.go = threading.Event()

    def write(self, text: str) -> int:
        assert self.go.wait(30)
        return super().write(text)


def test_a_reader_that_stops_reading_costs_lines_and_no_time() -> None:
    """Far more lines than the queue holds are taken without waiting; afterwards it is said how many were dropped."""
    stream = _Blocked()
    output = Output(stream)
    for number in range(QUEUE_MAX + 500):
        output.line(str(number))
    stream.go.set()
    output.close(within=30)
    written = stream.getvalue().splitlines()
    dropped = [int(line.split()[0]) for line in written if "dropped" in line]
    assert dropped, "nothing was dropped, so somebody waited"  # twice, when the writing thread began late
    assert sum(dropped) + len(written) - len(dropped) == QUEUE_MAX + 500


def test_health_tells_standing_still_from_waiting() -> None:
    """A loop that waits for a service is not ready but healthy; one that stands still and waits for nothing is unhealthy."""
    now = [0.0]
    waits: list[str | None] = [None]
    health = Health(lambda: now[0])
    assert json.dumps(health.state().unready) == '{"start": "not started yet"}'
    health.started()
    health.watch("loop", lambda: waits[0], lambda: 0.0)
    assert health.state().ready
    waits[0], now[0] = "PostgreSQL went away", STALLED_AFTER + 1
    assert health.state().healthy
    assert health.state().unready == {"loop": "PostgreSQL went away"}
    waits[0] = None
    assert not health.state().healthy
    assert health.state().unhealthy["loop"].startswith("stands still")


@pytest.mark.parametrize("name", ["kafka", "postgres"])
def test_a_service_that_is_away_makes_a_role_not_ready_and_no_more(name: str) -> None:
    """Readiness goes and comes back with the service."""
    health = Health(lambda: 0.0)
    health.started()
    health.unavailable(name, "does not answer")
    assert health.state().healthy
    assert not health.state().ready
    health.available(name)
    assert health.state().ready
