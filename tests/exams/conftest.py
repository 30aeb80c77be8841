"""What the exams of this folder ask for, and which of them `make test` leaves to `make test-faults`."""

from __future__ import annotations

import pytest

from tests.exams.fixtures import engine, room, workflow_room

__all__ = ["engine", "room", "workflow_room"]

LONG = (
    "test_deaths_by_chance_over_many_seeds",
    "test_blows_in_a_row_over_many_seeds",
    "test_thirty_seconds_without_a_service",
    "test_a_static_member_comes_back_without_a_rebalance[faust-without a name]",
    "test_a_static_member_comes_back_without_a_rebalance[librdkafka-without a name]",
    "test_a_static_member_comes_back_without_a_rebalance[librdkafka-static]",
    "test_a_pause_outlasts_the_session[librdkafka]",
    "test_each_dialogue_on_real_services[librdkafka]",
    "test_two_workers_with_one_name_lose_and_double_nothing[faust]",
    "test_each_point_on_real_services[faust-killed in_transaction]",
    "test_each_point_on_real_services[faust-killed after_commit]",
    "test_each_point_on_real_services[faust-beyond the end]",
    "test_each_point_on_real_services[faust-killing]",
    "test_each_point_on_real_services[faust-parked]",
    "test_each_point_on_real_services[librdkafka-killing]",
    "test_each_point_on_real_services[librdkafka-broken wake-up]",
    "test_each_point_on_real_services[faust-repartitioned at rest]",
    "test_each_point_on_real_services[faust-offsets back]",
    "test_each_point_on_real_services[faust-offsets deleted]",
    "test_each_point_on_real_services[librdkafka-killed in_transaction]",
    "test_each_point_on_real_services[librdkafka-killed after_produce]",
    "test_each_point_on_real_services[librdkafka-beyond the end]",
    "test_each_point_on_real_services[librdkafka-replaced]",
    "test_each_point_on_real_services[librdkafka-wake-ups]",
    "test_each_point_on_real_services[librdkafka-repartitioned at rest]",
    "test_each_point_on_real_services[librdkafka-offsets back]",
    "test_each_point_on_real_services[librdkafka-offsets deleted]",
    "test_a_stop_ends_in_time_while_a_service_is_away[librdkafka-",
    "test_a_stop_ends_in_time_while_a_service_is_away[faust-kafka]",
    "test_a_broker_that_is_away_is_waited_for[librdkafka]",
    "test_engines_take_over_from_one_another[librdkafka]",
    "test_the_other_engine_waits_until_the_group_is_its_own[librdkafka]",
    "test_connections_cut_in_the_middle_lose_and_double_nothing[faust]",
    "test_death_by_chance_loses_and_doubles_nothing[librdkafka]",
)
"""What takes half a minute and more, or shows little more than the same test on the other engine does in `make test`."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave some to the long run."""
    for item in items:
        if "tests/exams/" in item.nodeid and item.name.startswith(LONG):
            item.add_marker(pytest.mark.faults_long)
