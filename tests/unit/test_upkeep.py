"""When a task of the schedule is due, and which alarms it raises: pure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.clock import SystemClock
from pipeline.failpoints import Failpoints
from pipeline.log.codec import decode
from pipeline.settings import Settings
from pipeline.stores.upkeep import Standing
from pipeline.supervisor.upkeep import archive_unsound, break_found, is_due, ran_for, tasks_of
from schemas.events import AlarmRaised

AT = datetime(2025, 3, 15, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)


def standing(*, since: timedelta, tried: timedelta | None = None, failed: bool = False) -> Standing:
    """Return how a task stands that was last due so long ago, and last tried so long ago."""
    return Standing(ran_for=AT - since, tried_at=None if tried is None else AT - tried, failed=failed, now=AT)


@pytest.mark.parametrize(
    ("found", "due"),
    [
        (standing(since=timedelta(minutes=59)), False),
        (standing(since=HOUR), True),
        (standing(since=timedelta(days=400)), True),
        (standing(since=HOUR, tried=timedelta(seconds=59), failed=True), False),
        (standing(since=HOUR, tried=timedelta(seconds=60), failed=True), True),
        # A clock that was set back makes nothing due.
        (standing(since=-HOUR), False),
    ],
)
def test_a_task_is_due_an_interval_later_and_rests_after_a_failure(found: Standing, due: bool) -> None:
    """At once when it is late; a minute after a try that did not come to its end."""
    assert is_due(found, HOUR) is due


@given(st.timedeltas(timedelta(seconds=1), timedelta(days=366)), st.timedeltas(timedelta(), timedelta(days=4000)))
def test_what_is_late_is_done_once(interval: timedelta, late: timedelta) -> None:
    """However many times were missed: after the run the next one is due within an interval, and in step with the first."""
    now = AT + interval + late
    last = ran_for(AT, interval, now)
    assert last <= now < last + interval
    assert (last - AT) % interval == timedelta()
    assert last > AT


def test_each_role_has_the_tasks_that_it_has_the_means_for() -> None:
    """The venue's secret is with ingest, the archive with its role, states with settlement; absent is off."""
    venue = {"base_url": "https://h", "auth": {"client_id": "c", "client_secret": "s"}}
    other = {**venue, "base_url": "https://i"}
    schedule = {"reconcile_venue": "1h", "archive_verify": "1d", "states_prune": "12h"}
    settings = Settings.model_validate({"venues": {"tokyo": venue, "osaka": other}, "schedule": schedule})

    def named(role: str, settings: Settings) -> dict[str, timedelta]:
        import threading

        tasks = tasks_of(role, settings, clock=SystemClock(), failpoints=Failpoints({}), stop=threading.Event())
        return {task.name: task.interval for task in tasks}

    assert named("ingest", settings) == {"reconcile_venue/tokyo": HOUR, "reconcile_venue/osaka": HOUR}
    assert named("archive", settings) == {"archive_verify": 24 * HOUR}
    assert named("settlement", settings) == {"states_prune": 12 * HOUR}
    for role in ("workflow", "risk", "commands", "ledger"):
        assert named(role, settings) == {}
    for role in ("ingest", "archive", "settlement"):
        assert named(role, Settings.model_validate({"venues": {"tokyo": venue}})) == {}


def a_break(name: str, **more: Any) -> dict[str, Any]:
    """Return an open break as it is listed."""
    return {"break_id": name, "kind": "MISSING_IN_BOOKS", "severity": "critical", "intent_id": "i", "first_seen_at": AT, **more}


def test_the_same_finding_is_the_same_alarm() -> None:
    """Seen again it raises nothing new; one more, or one that came back, does; nothing found is no alarm."""

    def raised(found: list[dict[str, Any]]) -> AlarmRaised:
        (alarm,) = break_found("tokyo", found, AT)
        return decode(alarm.value, AlarmRaised)

    one = raised([a_break("a")])
    assert (one.kind, one.venue, one.subject, one.severity) == ("break_found", "tokyo", "tokyo", "critical")
    assert one.detail == {"breaks": "1", "first": "MISSING_IN_BOOKS i"}
    assert raised([a_break("a", last_seen_at=AT)]).alarm_id == one.alarm_id
    assert raised([a_break("a", severity="warning")]).severity == "warning"
    assert len({one.alarm_id, raised([a_break("a"), a_break("b")]).alarm_id, raised([a_break("a", first_seen_at=AT + HOUR)]).alarm_id}) == 3
    assert break_found("tokyo", [], AT) == []

    (unsound,) = archive_unsound(2, [{"kind": "DIGEST_DIFFERS", "offset": 1}], AT)
    (again,) = archive_unsound(2, [{"kind": "DIGEST_DIFFERS", "offset": 1}], AT + HOUR)
    (other,) = archive_unsound(3, [{"kind": "DIGEST_DIFFERS", "offset": 1}], AT)
    assert unsound.envelope.id == again.envelope.id != other.envelope.id
    assert archive_unsound(0, [], AT) == []
