"""What a person reads about who did what: the login that acted comes first, and a label is told as one."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from click.testing import CliRunner

from pipeline.cli import halt, orders, status
from pipeline.cli.decision_text import referral_told
from pipeline.cli.output import show
from pipeline.domain.labels import who_of
from pipeline.stores.halts import Halt

AT = datetime(2025, 3, 15, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("login", "label", "told"),
    [
        ("alice", "someone else", 'alice (as "someone else")'),
        ("alice", "alice", "alice"),
        (None, "Risk Officer", "Risk Officer"),
        ("alice", 'a") said approve (as "b', 'alice (as "a\\") said approve (as \\"b")'),
    ],
)
def test_the_login_stands_before_the_label(login: str | None, label: str, told: str) -> None:
    """A label is typed by whoever acts and proves nothing; without a login, as older releases wrote it, it is all there is."""
    assert who_of(login, label) == told


def spoken(login: str | None) -> dict[str, Any]:
    """Return what somebody said about a decision, as a story has it."""
    line = {"kind": "approval", "at": "2025-03-15T09:00:00.000000Z", "by": "root", "verdict": "approve", "decision_id": "d-1"}
    return line if login is None else {**line, "login": login}


def test_an_orders_story_names_who_approved(capsys: pytest.CaptureFixture[str]) -> None:
    """`orders show`: alice approved, whoever's name her machine gave."""
    orders._timeline([spoken("alice"), spoken(None)])
    told = capsys.readouterr().out
    assert 'alice (as "root") said approve about d-1' in told
    assert "  root said approve about d-1" in told
    acted = {"topic": "operator-acted.v1", "event": {"action": "halt", "by": "root", "login": "alice"}}
    assert orders._event(acted) == 'operator-acted.v1: halt alice (as "root")'


def test_a_halt_is_told_with_who_made_it() -> None:
    """In `halt --list`, `status` and wherever a halt is told: the login; a program finds login and label apart."""
    found = Halt(halt_id=1, venue=None, pair=None, reason="drill", by="root", at=AT, login="alice")
    assert found.told == 'everything, by alice (as "root"): drill'
    line = halt.line_of(found)
    assert (line["by"], line["login"]) == ("root", "alice")

    def tables() -> str:
        status._tables({"mode": "live", "state": "halted", "alarms_open": 0, "referrals_pending": 0, "reasons": [], "halts": [line],
                        "roles": [], "venues": []})  # fmt: skip
        return ""

    assert 'halted: everything, by alice (as "root"): drill' in written(tables)
    assert 'alice (as "root")' in written(lambda: show([line], "table", columns=halt.COLUMNS))


def written(what: Any) -> str:
    """Return what a function writes to a terminal of 100 columns."""
    import click

    @click.command()
    def command() -> None:
        what()

    return CliRunner(env={"COLUMNS": "100"}).invoke(command, catch_exceptions=False).output


# --- what became of a referral ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("referral", "told"),
    [
        ({"state": "pending"}, "waits for people: 1 of 2 approved, until 2025-03-15T09:05:00Z"),
        ({"state": "approved", "approved_by": ["a", "b"]}, "people approved it (2 of 2)"),
        ({"state": "refused"}, "people refused it (1 of 2 approved)"),
        (
            {"state": "refused", "approved_by": ["a", "b"], "rejected_by": ["built in: order still open"]},
            "people approved it (2 of 2); REJECT by built in: order still open",
        ),
        ({"state": "agreed", "approved_by": ["a", "b"]}, "people agreed on it (2 of 2 approved); the answer is not made yet"),
        ({"state": "superseded"}, "overtaken while it waited for people: the question was asked anew, 1 of 2 approved"),
        ({"state": "superseded", "reason": "the order ended"}, "waits for people no more: the order ended, 1 of 2 approved"),
        ({"state": "expired"}, "people did not decide in time: 1 of 2 approved by 2025-03-15T09:05:00Z"),
    ],
)
def test_a_story_tells_who_stopped_what_people_approved(referral: dict[str, Any], told: str) -> None:
    """People who approved are not said to have refused where a rule answered REJECT."""
    base = {"approvers_needed": 2, "approved_by": ["a"], "expires_at": "2025-03-15T09:05:00Z"}
    assert referral_told({**base, **referral}) == told
