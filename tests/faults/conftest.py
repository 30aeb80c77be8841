"""The rig for tests that hurt the pipeline; every one of them is marked `faults`."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.rig import Rig, running_rig
from tests.services import KafkaRoom, PrivateServices


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what stands in this folder."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.faults)


@pytest.fixture
def make_rig(kafka: KafkaRoom, postgres: str, tmp_path: Path) -> Iterator[Callable[..., Rig]]:
    """Give what makes the one rig of this test, on topics and a database of its own."""
    with contextlib.ExitStack() as ends:

        def make(**options: Any) -> Rig:
            rig = running_rig(
                bootstrap_servers=kafka.bootstrap_servers, topic_prefix=kafka.topic_prefix, dsn=postgres, folder=tmp_path, **options
            )
            return ends.enter_context(rig)

        yield make


@pytest.fixture
def private_rig(private_services: PrivateServices, tmp_path: Path) -> Iterator[Callable[..., Rig]]:
    """Give what makes the one rig of this test, on services that the test may kill."""
    with contextlib.ExitStack() as ends:

        def make(**options: Any) -> Rig:
            rig = running_rig(
                bootstrap_servers=private_services.bootstrap_servers,
                topic_prefix=private_services.topic_prefix,
                dsn=private_services.postgres_dsn,
                folder=tmp_path,
                **options,
            )
            return ends.enter_context(rig)

        yield make
