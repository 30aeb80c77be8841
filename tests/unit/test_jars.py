"""Kafka's jars are fetched whole: an attempt that the network ends leaves nothing that the next one takes for done."""

from __future__ import annotations

import re
import threading
from pathlib import Path
from typing import Any

import pytest
from jgo.env import EnvironmentBuilder

from infra.embedded import jars
from infra.embedded.children import ServiceStartError

NAMES = ("kafka_2.13-4.1.1.jar", "slf4j-simple-1.7.36.jar")


class AtOnce(threading.Event):
    """An event for which nobody waits."""

    def wait(self, timeout: float | None = None) -> bool:
        """Return at once."""
        return timeout is None


@pytest.fixture
def network(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """Let jgo's own builder do its work with a network that ends after one jar, so many times; the pauses between attempts are none."""
    ends = {"left": 1}

    def build(_self: Any, environment: Any, _dependencies: Any, _main_class: Any) -> tuple[list[Any], None]:
        folder = environment.path / "jars"
        folder.mkdir(parents=True, exist_ok=True)
        for place, name in enumerate(NAMES):
            if place and ends["left"]:
                ends["left"] -= 1
                raise ConnectionResetError(104, "Connection reset by peer")
            (folder / name).write_bytes(b"PK\x05\x06" + bytes(18))
        return [], None

    monkeypatch.setattr(EnvironmentBuilder, "_build_environment", build)
    monkeypatch.setattr("infra.embedded.jars.threading.Event", AtOnce)
    return ends


def test_a_broken_connection_costs_one_attempt(network: dict[str, int], tmp_path: Path) -> None:
    """The first attempt leaves one jar and fails; the second returns all of them, none of what the first has left."""
    said: list[str] = []
    found = jars.resolve("org.apache.kafka:kafka_2.13:4.1.1", tmp_path / "draft", said.append)
    assert sorted(found) == sorted(NAMES)
    assert network["left"] == 0
    assert re.search("Connection reset by peer.*trying again", " ".join(said))


def test_a_network_that_stays_away_is_told_as_one(network: dict[str, int], tmp_path: Path) -> None:
    """After the last attempt the error names the network and what else there is to do."""
    network["left"] = 10
    with pytest.raises(ServiceStartError, match=r"Connection reset.*check the network.*HTTPS_PROXY"):
        jars.resolve("org.apache.kafka:kafka_2.13:4.1.1", tmp_path / "draft", lambda _: None)


def test_a_jar_that_did_not_come_is_told_as_the_network(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No jar is missing by itself: the list is committed, so what is not there was not fetched."""
    monkeypatch.setattr(jars, "resolve", lambda *_: {})
    with pytest.raises(ServiceStartError, match=r"did not give kafka\.jar.*check the network"):
        jars._fetch_into(tmp_path, {"kafka.jar": "0" * 64}, lambda _: None)
