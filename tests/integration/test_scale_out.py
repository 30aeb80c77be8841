"""What the README says about more workers and more venues: what is shared, what is split, and what is refused."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from connectors.simulators.musubi.settings import Settings as VenueSettings
from connectors.simulators.musubi.simulator import running_simulator
from connectors.simulators.musubi.world import Mix, Rules
from pipeline import settings as configuration
from pipeline.kafka import TopicAdmin
from pipeline.log import topics
from tests.integration.commands import CANARY, Commands, write_settings
from tests.services import KafkaRoom
from tests.waiting import eventually


@pytest.fixture
def prepared(tmp_path: Path, kafka: KafkaRoom, postgres: str) -> Commands:
    """Give the program with settings for this test's Kafka and database, after `init`."""
    commands = write_settings(tmp_path, kafka, postgres)
    done = commands.run("init")
    assert done.returncode == 0, done.stderr
    return commands


def test_a_database_belongs_to_the_topics_of_one_prefix(prepared: Commands, kafka: KafkaRoom) -> None:
    """`init` with another prefix on a database in use ends with 78, names both, and has made no topic."""
    other = f"{kafka.topic_prefix}osaka."
    done = prepared.run("init", CUSTODIAN_KAFKA__TOPIC_PREFIX=other)
    assert done.returncode == 78, done.stderr
    assert all(text in done.stderr for text in ("kafka.topic_prefix", other, f'"{kafka.topic_prefix}"', "postgres.dsn")), done.stderr
    admin = TopicAdmin(configuration.load(prepared.folder / "custodian.toml", {}).kafka)
    assert admin.describe([kind.topic(other) for kind in topics.ALL]) == {}


def split(commands: Commands, name: str, url: str) -> str:
    """Write settings beside the first ones that differ in the venue only; return the file's name."""
    text = (commands.folder / "custodian.toml").read_text()
    text = re.sub(r'base_url = ".*"', f'base_url = "{url}"', text).replace("venues.tokyo", f"venues.{name}")
    (commands.folder / f"{name}.toml").write_text(text)
    return f"{name}.toml"


def test_venues_are_split_by_settings_that_differ_in_them_only(prepared: Commands, postgres: str) -> None:
    """One process ingests one venue, another the other; one settlement and one ledger serve both, and each entry names its venue."""
    rules = Rules(orders=5, rate=200, settle_directly=True, mix=Mix(receiver=1, sender=1, both=0, none=0))
    told = [VenueSettings(client_secret=CANARY, port=0, rules=replace(rules, seed=seed)) for seed in (1, 2)]
    with running_simulator(told[0]) as tokyo, running_simulator(told[1]) as osaka:
        files = {"tokyo": split(prepared, "tokyo", tokyo.base_url), "osaka": split(prepared, "osaka", osaka.base_url)}
        with (
            prepared.running("--config", files["tokyo"], "run", "ingest"),
            prepared.running("--config", files["osaka"], "run", "ingest"),
            prepared.running("--config", files["tokyo"], "run", "settlement", "ledger"),
            psycopg.connect(postgres, autocommit=True) as books,
        ):

            def booked() -> bool:
                rows = books.execute("SELECT venue, count(*) FROM accounting.journal GROUP BY venue").fetchall()
                return dict(rows) == {"tokyo": 5, "osaka": 5}

            eventually(booked, within=40, what="five settlements of each venue are booked")
            owners: dict[str, str] = dict(books.execute("SELECT venue, owner FROM custodian.venues").fetchall())
    assert set(owners) == {"tokyo", "osaka"}
    assert len(set(owners.values())) == 2
