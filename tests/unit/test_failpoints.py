"""Failpoints where money moves: refused, but for the settings file of a test."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.errors import SettingsError
from pipeline.failpoints import failpoints_of
from pipeline.settings import Mode, load
from pipeline.supervisor.preparation import check_settings
from pipeline.supervisor.role import say_overridden

REPOSITORY = Path(__file__).parents[2]
ARMED = {"CUSTODIAN_FAILPOINT": "commands.before_send:2,ledger.after_write"}


def test_an_armed_failpoint_is_refused_while_accepting_is_live() -> None:
    """By default, and by its names; in shadow nothing is sent, and the file of a test may say that it is one."""
    with pytest.raises(SettingsError, match=r"CUSTODIAN_FAILPOINT: found commands\.before_send, ledger\.after_write"):
        failpoints_of(Mode(), ARMED)
    for mode in (Mode(accepting="shadow"), Mode(failpoints=True)):
        assert failpoints_of(mode, ARMED).armed == ("commands.before_send", "ledger.after_write")
    assert failpoints_of(Mode(), {}).armed == ()
    with pytest.raises(SettingsError, match="unknown"):
        failpoints_of(Mode(failpoints=True), {"CUSTODIAN_FAILPOINT": "nowhere"})


def test_the_environment_alone_arms_nothing(tmp_path: Path) -> None:
    """Who can set one variable can set two: the second switch stands in the file."""
    with pytest.raises(SettingsError, match=r"CUSTODIAN_MODE__FAILPOINTS: mode\.failpoints may stand in the settings file alone"):
        load(None, {"CUSTODIAN_MODE__FAILPOINTS": "true"})
    file = tmp_path / "custodian.toml"
    file.write_text("[mode]\nfailpoints = true\n")
    assert load(file, {}).mode.failpoints


def test_everything_that_starts_roles_looks_at_failpoints_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """`up` and each role, before any service is asked."""
    monkeypatch.setenv("CUSTODIAN_FAILPOINT", "archive.after_write")
    with pytest.raises(SettingsError, match=r"archive\.after_write"):
        check_settings(load(None, {}), ["archive"])


@pytest.mark.parametrize(
    "arguments",
    [
        ["up"],
        ["run", "ledger"],
        ["run", "ledger", "archive"],
        ["dead-letters", "requeue", "0" * 32],
        ["states", "prune", "--older-than", "90d"],
        ["orders", "reread", "f47ac10b-58cc-4372-a567-0e02b2c3d479", "--reason", "x"],
        ["settlements", "re-emit", "f47ac10b-58cc-4372-a567-0e02b2c3d479", "--reason", "x"],
    ],
    ids=lambda arguments: " ".join(arguments[:2]),
)
def test_every_command_with_failpoints_ends_with_78_and_the_name(arguments: list[str], tmp_path: Path) -> None:
    """Before it has asked a service, of which none is here."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CUSTODIAN_")}
    done = subprocess.run(
        [sys.executable, "-m", "pipeline.cli.main", *arguments],
        cwd=tmp_path,
        env={**environment, "PYTHONPATH": str(REPOSITORY), "CUSTODIAN_FAILPOINT": "act.before_commit"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 78, done.stderr
    assert "CUSTODIAN_FAILPOINT: found act.before_commit" in done.stderr


def test_what_the_environment_says_about_accepting_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """Mode, policy and engine by their variables and values, and nothing else: a secret may come by the environment too."""
    environment = {
        "CUSTODIAN_MODE__ACCEPTING": "live",
        "CUSTODIAN_RISK__POLICY_FILE": "other.toml",
        "custodian_risk__engine": "external",
        "CUSTODIAN_ENGINE__KIND": "librdkafka",
        "CUSTODIAN_POSTGRES__PASSWORD": "canary",
        "CUSTODIAN_KAFKA__CLIENT__SASL_PASSWORD": "canary",
        "PATH": "/bin",
    }
    with caplog.at_level(logging.WARNING):
        say_overridden(environment)
    said = [record.getMessage().partition(" comes from")[0] for record in caplog.records]
    assert said == ["CUSTODIAN_ENGINE__KIND = librdkafka", "CUSTODIAN_MODE__ACCEPTING = live", "CUSTODIAN_RISK__POLICY_FILE = other.toml"]
