"""Who else may have a secret's file, by mode, group and where it is mounted; and whether there are people enough."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pipeline import kafka
from pipeline.cli import doctor
from pipeline.cli.doctor import people_line
from pipeline.kafka import TopicState
from pipeline.log.topics import ALL
from pipeline.secret_files import open_to_others
from pipeline.settings import Risk, Settings


@pytest.mark.parametrize(
    ("mode", "group", "mounted", "is_open"),
    [
        (0o600, 5, False, False),
        (0o400, 5, False, False),
        (0o440, 7, False, False),  # a pod: root's, readable by fsGroup
        (0o640, 7, False, False),
        (0o440, 5, False, True),  # of a group that is not ours
        (0o660, 7, False, True),
        (0o444, 7, False, True),
        (0o444, 5, False, True),
        (0o604, 7, False, True),
        (0o444, 5, True, False),  # Compose mounts the file itself
        (0o446, 7, True, True),
        (0o777, 7, True, True),
    ],
)
def test_a_secret_is_open_when_others_may_read_or_anybody_else_may_write(mode: int, group: int, mounted: bool, is_open: bool) -> None:
    """Our own groups may read, nobody else; a file that is mounted by itself is guarded where it comes from; nobody else ever writes."""
    about = os.stat_result((0o100000 | mode, 1, 1, 1, 0, group, 1, 0, 0, 0))
    assert open_to_others(about, groups={7}, mounted=mounted) is is_open


@pytest.mark.parametrize(
    ("approve", "operate", "needed", "do"),
    [
        (2, 2, True, None),
        (1, 2, True, "custodian people add LOGIN --may approve: each takes 2 people"),
        (0, 0, True, "custodian people add LOGIN --may approve --may operate: each takes 2 people"),
        (2, 1, False, None),
    ],
)
def test_fewer_people_than_have_to_agree_are_a_finding_where_money_moves(approve: int, operate: int, needed: bool, do: str | None) -> None:
    """One person alone can neither end a halt nor put a policy in force."""
    line = people_line({"approve": approve, "operate": operate}, needed=needed)
    assert (line.found, line.do) == (f"{approve} may approve, {operate} end halts", do)


@pytest.mark.parametrize(("role", "result"), [("risk", "not seen"), (None, "finding")])
def test_topics_whose_settings_are_not_seen_are_one_line(monkeypatch: pytest.MonkeyPatch, role: str | None, result: str) -> None:
    """No role has to see them: that is neither well nor a warning for each topic."""
    settings = Settings()

    class Admin:
        def __init__(self, _: object) -> None: ...

        def check_connection(self, *, timeout: float) -> str:
            return "cluster"

        def describe(self, names: list[str]) -> dict[str, TopicState]:
            return {name: TopicState(name=name, topic_id=name, partitions=settings.kafka.partitions) for name in names}

        def configs(self, _: list[str]) -> dict[str, dict[str, str]]:
            return {}

        def brokers(self, *, timeout: float) -> list[tuple[str, int]]:
            return [("localhost", 9092)]

    monkeypatch.setattr(kafka, "TopicAdmin", Admin)
    lines = doctor._kafka(settings, role)  # type: ignore[arg-type]
    assert [(line.check, line.result) for line in lines] == [("Kafka", "ok"), ("topics", "ok"), ("topic settings", result)]
    assert lines[-1].found == "not seen by this login"
    assert len(ALL) > 1


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('name = "desk"\nversion = 1\n', "desk, version 1, no rules: every question waits for people"),
        (None, "none beside the settings: every question waits for people"),
    ],
)
def test_a_policy_without_rules_is_told_from_none(tmp_path: Path, text: str | None, found: str) -> None:
    """A file that is there is named, however little it says."""
    file = tmp_path / "policy.toml"
    file.write_text(text or "")
    settings = Settings(risk=Risk(policy_file=None if text is None else file))
    (line,) = doctor._policy(settings)
    assert (line.found, line.do) == (found, None)
