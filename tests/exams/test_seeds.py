"""Storms by chance for minutes on each engine: another seed each time, and a failure says which one and how to have it again.

CUSTODIAN_TEST_SEED_MINUTES says how long each of the four tests goes on (5, so all together more than 20), CUSTODIAN_TEST_SEED takes one
seed alone. What a seed fixes is the traffic, who is struck, and where a worker dies; when exactly each of it happens is the machine's.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests import services as real
from tests.exams.fixtures import prepared
from tests.exams.room import Room
from tests.exams.storms import Links, Settlements, Traffic, blows_in_a_row, deaths_by_chance
from tests.services import Services

MINUTES = float(os.environ.get("CUSTODIAN_TEST_SEED_MINUTES", "5"))
ONLY = os.environ.get("CUSTODIAN_TEST_SEED")
RECORDS = 2_000

pytestmark = [pytest.mark.faults, pytest.mark.timeout(MINUTES * 60 + 600)]


def test_deaths_by_chance_over_many_seeds(services: Services, tmp_path: Path, engine: str, request: pytest.FixtureRequest) -> None:
    """Workers that die at any failpoint by chance, and are started again, do everything exactly once, and each key in its order."""

    def storm(seed: int, folder: Path) -> str:
        with real.fresh_database(services) as dsn, _room(services.bootstrap_servers, real.new_topic_prefix(), dsn, folder, engine) as room:
            return str(dict(deaths_by_chance(room, _traffic(room, seed), seed=seed, parts=8)))

    _over_many_seeds(storm, tmp_path, request.node.nodeid)


def test_blows_in_a_row_over_many_seeds(tmp_path: Path, engine: str, request: pytest.FixtureRequest) -> None:
    """Kills, stops, twelve seconds of silence, lost connections, restarts of Kafka and PostgreSQL: all is done once, and in order."""

    def storm(seed: int, folder: Path) -> str:
        with (
            real.private_services_for_this_run() as services,
            _room(services.bootstrap_servers, services.topic_prefix, services.postgres_dsn, folder, engine) as room,
        ):
            return ", ".join(blows_in_a_row(room, services, _traffic(room, seed), seed=seed))

    _over_many_seeds(storm, tmp_path, request.node.nodeid)


def _traffic(room: Room, seed: int) -> Traffic:
    """Return settlements for even seeds, links of the chain for odd ones."""
    return Links(room, records=RECORDS, seed=seed) if seed % 2 else Settlements(room, orders=RECORDS * 2 // 3, seed=seed)


@contextmanager
def _room(bootstrap_servers: str, topic_prefix: str, dsn: str, folder: Path, engine: str) -> Iterator[Room]:
    folder.mkdir()
    room = Room(bootstrap_servers=bootstrap_servers, topic_prefix=topic_prefix, dsn=dsn, folder=folder, engine=engine)
    with prepared(room):
        yield room


def _over_many_seeds(storm: Callable[[int, Path], str], folder: Path, test: str) -> None:
    """Run storms until the time is over, the one under way to its end."""
    began, seed = time.monotonic(), int(ONLY) if ONLY else random.SystemRandom().randrange(1, 1_000_000)
    while True:
        started = time.monotonic()
        try:
            what = storm(seed, folder / str(seed))
        except BaseException as error:
            again = f"seed {seed}; to have it again: CUSTODIAN_TEST_SEED={seed} .venv/bin/python -m pytest '{test}'"
            error.add_note(again)
            print(again)
            raise
        print(f"seed {seed}: {time.monotonic() - started:.0f} s, {what}")
        seed += 1
        if ONLY or time.monotonic() - began > MINUTES * 60:
            return
