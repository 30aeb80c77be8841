"""Who reads and who writes which topic: written out here by hand, so that whoever changes it, or adds a topic, has to say it twice."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import get_args

import pytest
from click.testing import CliRunner

from infra.embedded.services import LOGINS
from pipeline.cli.dev import dev
from pipeline.cli.init import init
from pipeline.cli.requeuing import PUT_BACK
from pipeline.log import topics
from pipeline.log.topics import ALL, EventType
from pipeline.settings import LoginName, Settings
from pipeline.supervisor.acls import NOTICES, access, grants
from pipeline.supervisor.preparation import CONSUMERS
from pipeline.topology import PROCESSORS
from pipeline.wiring import PROGRAMS, consumers_of

EVERYBODY = {*PROGRAMS}
WRITERS: Mapping[EventType, set[str]] = {
    topics.ORDER_UPDATED: {"ingest", "commands", "cli"},
    topics.QUOTE_RECEIVED: {"ingest", "commands", "cli"},
    topics.COMPLIANCE_READ: {"ingest", "commands", "cli"},
    topics.RATE_READ: {"ingest", "cli"},
    topics.DECISION_REQUESTED: {"workflow"},
    topics.DECISION_MADE: {"risk", "commands", "cli"},
    topics.COMMAND_ISSUED: {"workflow"},
    topics.COMMAND_COMPLETED: {"commands"},
    topics.ORDER_SETTLED: {"settlement", "commands", "cli"},
    topics.OPERATOR_ACTED: {"commands", "cli"},
    topics.POLICY_ACTIVATED: {"commands", "cli"},
    topics.ALARM_RAISED: EVERYBODY | {"cli"},
    topics.DEAD_LETTER: EVERYBODY,
}
READERS: Mapping[EventType, set[str]] = {
    topics.ORDER_UPDATED: {"settlement", "workflow", "risk", "init", "archive", "cli"},
    topics.QUOTE_RECEIVED: {"workflow", "init", "archive", "cli"},
    topics.COMPLIANCE_READ: {"workflow", "init", "archive", "cli"},
    topics.RATE_READ: {"workflow", "init", "archive", "cli"},
    topics.DECISION_REQUESTED: {"risk", "commands", "init", "archive"},
    topics.DECISION_MADE: {"workflow", "risk", "commands", "init", "archive"},
    topics.COMMAND_ISSUED: {"commands", "init", "archive"},
    topics.COMMAND_COMPLETED: {"workflow", "risk", "init", "archive"},
    topics.ORDER_SETTLED: {"ledger", "init", "archive", "cli"},
    topics.OPERATOR_ACTED: EVERYBODY | {"init"},
    topics.POLICY_ACTIVATED: {"init", "archive"},
    topics.ALARM_RAISED: {"init", "archive"},
    topics.DEAD_LETTER: {"init", "archive"},
}


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.name)
def test_every_topic_has_its_readers_and_writers_and_nobody_else(kind: EventType) -> None:
    """A new topic without an entry is a failure here."""
    may = access(Settings())
    assert {role for role, each in may.items() if kind in each.writes} == WRITERS[kind]
    assert {role for role, each in may.items() if kind in each.reads} == READERS[kind]


def test_the_table_is_about_every_role_and_what_each_says_of_itself() -> None:
    """Roles, logins and sections of the settings are the same names; processors and consumers are allowed what they do."""
    may = access(Settings())
    assert set(may) == {*PROGRAMS, "init", "cli"} == set(LOGINS.values()) == set(get_args(LoginName))
    for role, processor in PROCESSORS.items():
        assert may[role].writes == {*processor(Settings()).emits} | NOTICES
        assert may[role].reads >= {*processor(Settings()).consumes}
    assert {role: set(each.groups) for role, each in may.items()} == {role: set(consumers_of(role)) for role in PROGRAMS} | {
        "init": set(CONSUMERS),  # `positions renew`
        "cli": set(),
    }
    assert {*PUT_BACK} <= may["cli"].reads & may["cli"].writes
    assert {role for role, each in may.items() if each.makes} == {"init"}


def test_an_engine_of_somebody_else_reads_questions_and_writes_answers() -> None:
    """Nothing else, and in a group that no worker of ours has committed for."""
    engine = access(Settings.model_validate({"risk": {"engine": "external", "engine_keys": ["desk=desk.pub"]}}))["risk"]
    assert engine.reads == {topics.DECISION_REQUESTED}
    assert engine.writes == {topics.DECISION_MADE}
    assert (engine.groups, engine.looks) == (("engine",), False)


def test_grants_name_login_prefix_and_groups() -> None:
    """A role with a login of its own, and the others with the common one; the helper groups are under the prefix like every group."""
    told = Settings.model_validate(
        {
            "kafka": {
                "topic_prefix": "osaka.",
                "client": {"sasl.username": "common"},
                "roles": {"ledger": {"client": {"sasl.username": "books"}}},
            }
        }
    )
    found = list(grants(told))
    assert {each.principal for each in found} == {"User:common", "User:books"}
    books = {(each.resource, each.operations): set(each.names) for each in found if each.principal == "User:books"}
    assert books["topic", ("Read",)] == {"osaka.order-settled.v1", "osaka.operator-acted.v1"}
    assert books["topic", ("Write",)] == {"osaka.alarm-raised.v1", "osaka.dead-letter.v1"}
    assert books["group", ("Read",)] == {"osaka.ledger"}
    assert books["group", ("Describe",)] >= {"osaka.offsets", "osaka.read", "osaka.settlement"}
    assert all(name.startswith("osaka.") for each in found for name in each.names)
    assert {operation for each in found for operation in each.operations} == {"Create", "Describe", "DescribeConfigs", "Read", "Write"}


def test_the_commands_of_kafkas_tool_are_printed_without_a_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One line per login, resource and operations; nothing is connected to."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CUSTODIAN_KAFKA__ROLES__LEDGER__CLIENT__SASL_USERNAME", "books of account")
    monkeypatch.setenv("CUSTODIAN_KAFKA__ROLES__LEDGER__CLIENT__SASL_PASSWORD", "s3cret-of-books")
    monkeypatch.setenv("CUSTODIAN_KAFKA__BOOTSTRAP_SERVERS", "127.0.0.1:1")
    done = CliRunner().invoke(init, ["--print-acls"])
    assert done.exit_code == 0, done.output
    lines = [line for line in done.output.splitlines() if not line.startswith("#")]
    command = (
        r"kafka-acls\.sh --bootstrap-server 127\.0\.0\.1:1 --command-config admin\.properties --add --allow-principal ('User:[^']+'|\S+)"
    )
    assert all(re.fullmatch(command + r"( --operation \w+)+(( --topic \S+)+|( --group \S+)+)", line) for line in lines)
    assert any("'User:books of account' --operation Read --group custody.ledger" in line for line in lines)
    assert "s3cret-of-books" not in done.output


def test_a_kafka_that_lets_everybody_in_is_not_called_secure(tmp_path: Path) -> None:
    """`dev up --secure` on a folder that was begun without is refused with 78."""
    (tmp_path / "kafka").mkdir()
    done = CliRunner().invoke(dev, ["up", "--secure", "--folder", str(tmp_path)])
    assert done.exit_code == 78
    assert "has a Kafka that lets everybody in; choose another folder with --folder" in done.output
    assert sorted(path.name for path in tmp_path.iterdir()) == ["kafka"]
