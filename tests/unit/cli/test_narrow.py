"""At 80 columns a table still shows what the next command needs, and what one decides by."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from pipeline.cli import alarms, decisions, halt, policy
from pipeline.cli.output import Column, by_rank, show
from pipeline.stores.halts import Halt

ID = "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
INTENT = "6f9619ff-8b86-4011-b42d-00cf4fc964ff"
AT = "2025-03-15T09:00:18.000000Z"


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """Give what a table of 80 columns shows."""
    monkeypatch.setenv("COLUMNS", "80")

    def of(row: dict[str, Any], columns: list[Column] | tuple[Column, ...]) -> str:
        show([row], "table", columns=columns)
        out = capsys.readouterr().out
        assert max(map(len, out.splitlines())) <= 80, out
        return out

    return of


def test_an_alarm_is_listed_with_its_id_and_severity(shown: Any) -> None:
    """`alarms acknowledge` takes the beginning of an id."""
    row = {"alarm_id": ID, "kind": "command_outcome_unknown", "severity": "critical", "venue": "tokyo", "subject": INTENT, "raised_at": AT,
           "state": "open", "detail": {"reason": "nobody knows"}}  # fmt: skip
    out = shown(row, by_rank(alarms.COLUMNS))
    assert all(text in out for text in (ID[:12], "critical", "command_outcome_unknown", INTENT[:12])), out


def test_what_waits_for_people_is_listed_with_question_and_order(shown: Any) -> None:
    """`decisions show` and `approve` take the whole id."""
    referral = {"state": "pending", "approved_by": [], "approvers_needed": 2, "expires_at": AT}
    row = {"decision_id": ID, "venue": "tokyo", "intent_id": INTENT, "question": "accept_proposal", "verdict": "REFER",
           "decided_by": "built-in", "decided_at": AT, "rules": [], "policy": {"name": "desk", "version": 2},
           "referral": referral}  # fmt: skip
    out = shown(row, decisions.PENDING)
    assert all(text in out for text in (ID, "accept_proposal", INTENT[:12], "0 of 2", "09:00:18")), out


def test_a_policy_is_listed_with_its_digest(shown: Any) -> None:
    """`policy show` takes the beginning of it."""
    row = {"activation_id": 1, "name": "desk", "version": 2, "sha256": "9f" * 32, "agreed_by": ["alice", "bob"], "login": "bob",
           "by": "root", "reason": "limits for the new desk", "at": AT}  # fmt: skip
    out = shown(row, by_rank(policy.ACTIVATIONS))
    assert all(text in out for text in ("9f" * 6, "desk", "2025-03-15 09:00:18")), out


def test_a_halt_is_listed_with_the_command_that_ends_it() -> None:
    """The whole digest of what was shown, and the same scope."""
    found = Halt(halt_id=1, venue="tokyo", pair="A/B", reason="drill", by="root", at=datetime(2025, 3, 15, tzinfo=UTC), shown="{}")
    scope = "--venue tokyo --pair A/B --login NAME --reason WHY"
    assert halt.command_of(found) == f"custodian resume {scope} --shown {found.shown_sha256}"
