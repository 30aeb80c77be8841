"""Fixtures that every test may ask for; asking for a service makes a test an integration test."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest
from hypothesis import settings

from tests import services as real
from tests.services import KafkaRoom, PrivateServices, Services

pytest.register_assert_rewrite("pipeline.testing.engine_exam", "pipeline.testing.memory")  # so that a failure tells both sides

# How long one example takes says how busy the machine is; one that hangs is ended by the timeout of its test.
settings.register_profile("house", deadline=None)
settings.load_profile("house")

_NEED_SERVICES = {"services", "kafka", "postgres", "private_services", "secured"}


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let the command line choose the services as well; it wins over CUSTODIAN_TEST_SERVICES."""
    parser.addoption("--services", choices=real.KINDS, help="where Kafka and PostgreSQL come from")


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker of what `make test` leaves to `make test-faults`."""
    config.addinivalue_line("markers", "faults_long: takes minutes; run by `make test-faults`")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark as `integration` whatever asks for a service, directly or through another fixture."""
    for item in items:
        if _NEED_SERVICES & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.integration)


@pytest.fixture(autouse=True)
def everything_counted_was_begun() -> Iterator[None]:
    """Fail a test that counts what does not exist at 0 in a process of that role: its first count would be no increase."""
    yield
    if "pipeline.metrics" in sys.modules:
        from tests.counters import not_begun

        found = not_begun()
        assert not found, f"counted under names that `metrics.begin` does not know: {sorted(found)}"


@pytest.fixture(scope="session")
def services(request: pytest.FixtureRequest) -> Iterator[Services]:
    """Give the Kafka and the PostgreSQL of this test session."""
    with real.chosen_services(request.config.getoption("--services")) as chosen:
        yield chosen


@pytest.fixture
def kafka(services: Services) -> KafkaRoom:
    """Give this test its own topic prefix on the session's Kafka."""
    return KafkaRoom(bootstrap_servers=services.bootstrap_servers, topic_prefix=real.new_topic_prefix())


@pytest.fixture
def postgres(services: Services) -> Iterator[str]:
    """Give the DSN of an empty database of this test alone, password included; its owner has CREATEROLE."""
    with real.fresh_database(services) as dsn:
        yield dsn


@pytest.fixture
def private_services() -> Iterator[PrivateServices]:
    """Give a Kafka and a PostgreSQL of this test alone, always embedded ones, whatever the session uses."""
    with real.private_services_for_this_run() as private:
        yield private
