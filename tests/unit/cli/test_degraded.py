"""When something counts as degraded, and what stays normal."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from pipeline.observability.degraded import (
    GROWS_FOR,
    GROWS_FROM,
    RESTARTS_MAX,
    RESTARTS_WINDOW,
    STILL_AFTER,
    UNREADY_AFTER,
    RoleWatch,
    distinct,
    restarting,
    venue_reasons,
)
from pipeline.observability.health import Health

NOW = datetime(2026, 3, 1, tzinfo=UTC)
SECOND = timedelta(seconds=1)
PLACE = ("custody.order-settled.v1", 3)


def after(seconds: float) -> datetime:
    """Return a time."""
    return NOW + timedelta(seconds=seconds)


def test_a_role_that_dies_again_and_again_is_degraded_and_normal_again_later() -> None:
    """A start and restarts by hand are ordinary; more of them within ten minutes are not, and ten minutes after the last are forgotten."""
    starts = [after(20 * number) for number in range(RESTARTS_MAX + 1)]
    assert restarting("ledger", starts[:-1], starts[-1]) is None
    found = restarting("ledger", starts, starts[-1])
    assert found is not None
    assert (found.code, found.subject, found.since) == ("role_restarting", "ledger", NOW)
    assert restarting("ledger", starts, NOW + RESTARTS_WINDOW + SECOND) is None


def test_what_is_waited_for_is_degraded_after_a_minute() -> None:
    """A start or a rebalance passes; the same reason for longer than a minute is one, and its time begins anew when it has been away."""
    watch = RoleWatch("ledger")
    away = {"ledger loop": "PostgreSQL went away"}
    assert watch.unready(away, NOW) == []
    assert watch.unready(away, NOW + UNREADY_AFTER) == []
    (found,) = watch.unready(away, NOW + UNREADY_AFTER + SECOND)
    assert (found.code, found.since, found.detail) == ("role_not_ready", NOW, "ledger loop: PostgreSQL went away")
    assert watch.unready({}, NOW + UNREADY_AFTER + 2 * SECOND) == []
    assert watch.unready(away, NOW + UNREADY_AFTER + 3 * SECOND) == []


def test_a_partition_with_records_that_does_not_move_is_degraded() -> None:
    """Not while it moves, has nothing to do, is parked (which is said otherwise), or while Kafka does not say where it ends."""
    late = NOW + STILL_AFTER + SECOND
    cases: tuple[tuple[int, dict[Any, int] | None, list[Any]], ...] = (
        (8, {PLACE: 20}, []),
        (7, {PLACE: 7}, []),
        (7, {PLACE: 20}, [PLACE]),
        (7, None, []),
    )
    for at, ends, parked in cases:
        watch = RoleWatch("ledger")
        assert watch.still({PLACE: 7}, {PLACE: 9}, [], NOW) == []
        assert watch.still({PLACE: at}, ends, parked, late) == []
    watch = RoleWatch("ledger")
    watch.still({PLACE: 7}, {PLACE: 9}, [], NOW)
    (found,) = watch.still({PLACE: 7}, {PLACE: 20}, [], late)
    assert (found.code, found.subject, found.since) == ("lag_still", "ledger custody.order-settled.v1[3]", NOW)
    assert "offset 7" in found.detail
    assert "13 records" in found.detail


@pytest.mark.parametrize(
    ("lags", "degraded"),
    [
        ([GROWS_FROM * number for number in range(1, GROWS_FOR + 2)], True),
        ([GROWS_FROM * number for number in range(1, GROWS_FOR + 1)], False),
        ([*range(GROWS_FOR + 1)], False),
        ([9000, 1000, 2000, 3000, 2500, 9000, 9500], False),
    ],
)
def test_a_lag_that_grows_on_and_on_is_degraded(lags: list[int], degraded: bool) -> None:
    """Five minutes in a row, from a thousand records on; a burst that is worked off is not."""
    watch = RoleWatch("ledger")
    found = [watch.growing(lag, NOW + timedelta(minutes=minute)) for minute, lag in enumerate(lags)]
    assert [reason.code for reason in found[-1]] == (["lag_growing"] if degraded else [])


@pytest.mark.parametrize(
    ("changes", "codes"),
    [
        ({}, []),
        ({"last_byte_at": None, "last_reconciled_at": None, "reading_since": after(-20)}, []),  # just started
        ({"last_reconciled_at": after(-9999), "reading_since": after(-20), "connected": False, "last_byte_at": after(-9999)}, []),
        ({"connected": False, "last_byte_at": after(-60)}, []),
        ({"connected": False, "last_byte_at": after(-121)}, ["venue_not_connected"]),
        ({"connected": False, "last_byte_at": None}, ["venue_not_connected"]),
        ({"last_reconciled_at": after(-119)}, []),
        ({"last_reconciled_at": after(-121)}, ["venue_not_reconciled"]),
        ({"last_reconciled_at": after(-121), "reconcile_interval": 60.0}, []),
        ({"last_reconciled_at": None}, ["venue_not_reconciled"]),
        ({"last_reconciled_at": None, "backfilling_at": after(-30)}, []),  # the first listing of everything takes its time
        ({"last_reconciled_at": None, "backfilling_at": after(-300)}, ["venue_not_reconciled"]),
    ],
)
def test_a_venue_that_is_not_read_as_it_should_be_is_degraded(changes: dict[str, Any], codes: list[str]) -> None:
    """A venue that is idle, or was connected just now, is normal; so are the first minutes of a process that reads it."""
    ordinary: dict[str, Any] = {
        "connected": True,
        "last_byte_at": after(-9999),  # idle
        "last_reconciled_at": after(-31),
        "reading_since": after(-99_999),
        "reconcile_interval": 30.0,
        "backfilling_at": None,
    }
    assert [reason.code for reason in venue_reasons("tokyo", now=NOW, **(ordinary | changes))] == codes


def test_each_reason_is_shown_once_the_longest_standing_first() -> None:
    """Two workers of a role say the same of a partition; what each of them is not ready for is shown for each."""
    still = {"code": "lag_still", "subject": "ledger t[0]", "since": "2026-03-01T00:01:00Z", "detail": "for 61 s"}
    waits = [{"code": "role_not_ready", "subject": "ledger", "since": "2026-03-01T00:00:00Z", "detail": each} for each in "ab"]
    assert distinct([still, still | {"detail": "for 62 s"}, *waits]) == [*waits, still]


def test_work_that_stands_still_makes_a_role_not_ready_and_leaves_it_healthy() -> None:
    """`/readyz` names it; a restart by `/healthz` would not help."""
    health = Health(lambda: 0.0)
    health.started()
    health.degraded({"partition_parked ledger t[0]": "parked at offset 7"})
    state = health.state()
    assert (state.ready, state.healthy) == (False, True)
    assert state.reasons == {"partition_parked ledger t[0]": "parked at offset 7"}
    health.degraded({})
    assert health.state().ready
