"""`custodian decisions`, `commands`, `halt`, `resume`, and what `orders show` and `status` say about accepting, as a person runs them."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from pipeline.log.envelope import time_text
from pipeline.processors.workflow import state as workflow_state
from pipeline.processors.workflow.transitions import Phase
from pipeline.stores import halts, journal, outbox, roles, states
from pipeline.stores.postgres import Connection
from pipeline.testing.questions import engine, intent, question, quote, rule
from schemas.accepting import CommandIssued, DecisionMade
from tests.integration.command_room import Kept, record_of
from tests.integration.commands import PROGRAM, Commands, write_settings
from tests.integration.decision_room import answer, answering, asked, heard, write
from tests.people import login_of, signed_in
from tests.services import KafkaRoom

RULE_FIELDS = {"name", "check", "verdict", "inputs", "limit"}
COMMAND_FIELDS = {"command_id", "intent_id", "kind", "decision_id", "state", "attempts", "sent_at", "completed_at", "response"}


@pytest.fixture
def commands(tmp_path: Any, kafka: KafkaRoom, postgres: str) -> Commands:
    """Give the program after `init`."""
    made = write_settings(tmp_path, kafka, postgres)
    done = made.run("init")
    assert done.returncode == 0, done.stderr
    return made


@pytest.fixture
def database(commands: Commands, postgres: str) -> Iterator[Connection]:
    """Give a connection to the prepared database."""
    with psycopg.connect(postgres, autocommit=True) as connection:
        yield connection


def referred(database: Connection, *, order: int = 1, round: int = 1, needed: int = 1, ago: float = 0, **changes: Any) -> DecisionMade:
    """Write a question that was asked `ago` seconds before now, with its referral, and return the decision; it expires after a minute."""
    now = datetime.now(UTC) - timedelta(seconds=ago)
    request = question(order=order, round=round, now=now, **changes).model_copy(
        update={"decide_by": time_text(now + timedelta(seconds=60))}
    )
    made = answer(request, decision_id=f"d-{order}-{round}", approvers_needed=needed)
    write(database, [asked(request), heard(made)], now=now)
    return made


def digest(commands: Commands, decision_id: str) -> str:
    """Return the digest that `show` names."""
    (line,) = commands.lines("decisions", "show", decision_id)
    return str(line["referral"]["shown_sha256"])


def waiting(database: Connection) -> list[dict[str, Any]]:
    """Return the events that wait in the outbox."""
    kept = Kept()
    while outbox.publish(database, kept.publish):
        pass
    return [{"kind": one.envelope.kind.name, **json.loads(one.value)} for one in kept.events]


def on_terminal(commands: Commands, *arguments: str, typed: str, **environment: str) -> tuple[int, str]:
    """Run a command on a terminal, type into it, and return its exit code and what the terminal showed."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [*PROGRAM, *arguments],
        cwd=commands.folder,
        env=commands.environment({"COLUMNS": "100", **environment}),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    os.write(ours, typed.encode())
    shown = b""
    while True:
        try:
            piece = os.read(ours, 65536)
        except OSError:  # the other side is closed
            break
        if not piece:
            break
        shown += piece
    os.close(ours)
    return process.wait(60), shown.decode(errors="replace").replace("\r", "")


# --- decisions -------------------------------------------------------------------------------------------------------


def test_decisions_are_listed_with_the_fields_of_the_interface_and_filtered(commands: Commands, database: Connection) -> None:
    """Each filter finds what it says, `--pending` the first to expire in front, and a line has what the interface promises."""
    first = referred(database)
    second = referred(database, order=2, ago=5)
    quotes = [quote(1, "112"), quote(2, "111.5")]
    co_sign = question("co_sign_quote", order=3, quotes=quotes, venue="osaka")
    write(database, [asked(co_sign), heard(answer(co_sign, "ACCEPT", decision_id="d-3", quote_id=quotes[1].quote_id))])
    lines = commands.lines("decisions", "list")
    assert {line["decision_id"] for line in lines} == {"d-1-1", "d-2-1", "d-3"}
    line = next(line for line in lines if line["decision_id"] == "d-1-1")
    assert (line["intent_id"], line["question"], line["verdict"], line["decided_by"]) == (intent(1), "accept_proposal", "REFER", "built-in")
    assert line["policy"] == first.policy.model_dump()
    assert line["decided_at"] == first.decided_at
    assert set(line["rules"][0]) >= RULE_FIELDS
    assert line["referral"]["state"] == "pending"
    assert "quote_id" not in line, "absent is absent"
    found = {
        ("--pending",): ["d-2-1", "d-1-1"],
        ("--venue", "osaka"): ["d-3"],
        ("--intent", intent(2).upper()): ["d-2-1"],
        ("--question", "co_sign_quote"): ["d-3"],
        ("--verdict", "accept"): ["d-3"],
        ("--pending", "--limit", "1"): ["d-2-1"],
        ("--venue", "nowhere"): [],
    }
    assert {asked_: [one["decision_id"] for one in commands.lines("decisions", "list", *asked_)] for asked_ in found} == found
    for form in ("table", "json", "csv"):
        done = commands.run("decisions", "list", "--format", form)
        assert (done.returncode, "d-1-1" in done.stdout) == (0, True), done.stderr
    assert second.decision_id in commands.run("decisions", "list", "--pending", "--format", "table").stdout


def test_a_person_reads_everything_of_a_decision(commands: Commands, database: Connection) -> None:
    """Order, quotes beside one another, rules with sentence, limit and observed value, the digest and until when; unknown ids are usage."""
    now = datetime.now(UTC)
    request = question("co_sign_quote", now=now, quotes=[quote(1, "112", now=now), quote(2, "111.5", now=now)])
    write(database, [asked(request), heard(answer(request, quote_id=quote(2).quote_id, approvers_needed=2))], now=now)
    done = commands.run("decisions", "show", "d-1-REFER", "--format", "table", COLUMNS="140")
    assert done.returncode == 0, done.stderr
    text = done.stdout
    context = request.context
    for said in (intent(1), context.target_amount, str(context.source_amount_max), str(context.sender_party_id), "KYC_VERIFIED", "112.1"):
        assert said in text
    (line,) = [line for line in text.splitlines() if "fx_rate" in line]
    assert line.split() == ["fx_rate", "112", "111.5"], "quotes stand beside one another"
    assert "The order's amount is at most the limit." in text
    assert "observed 12000000, limit 10000000" in text
    assert re.search(r"waits for people: 0 of 2 approved, until \d{4}-", text)
    assert f"custodian decisions approve d-1-REFER --shown {digest(commands, 'd-1-REFER')}" in text
    missing = commands.run("decisions", "show", "nothing")
    assert (missing.returncode, "there is no decision" in missing.stderr) == (2, True)


def test_an_approval_by_digest_is_stored_and_answered_once_a_role_runs(commands: Commands, database: Connection, postgres: str) -> None:
    """Exit 0 by that person, who is told that no role answers and publishes it yet; once one runs the answer is waited for and told."""
    referred(database)
    shown = digest(commands, "d-1-1")
    officer, login = signed_in(database, "Risk Officer", commands.folder), login_of(database, "Risk Officer")
    known = ("--as", "A Label", "--shown", shown, "--reason", "known counterparty")
    done = commands.run("decisions", "approve", "d-1-1", *known, **officer)
    assert done.returncode == 0, done.stderr
    line = json.loads(done.stdout)
    assert (line["outcome"], line["approved_by"], line["by"], line["login"]) == ("agreed", [login], "A Label", login)
    assert "role `commands`" in done.stderr
    again = commands.run("decisions", "refuse", "d-1-1", "--shown", shown, **signed_in(database, "Other", commands.folder))
    assert again.returncode == 1
    assert json.loads(again.stdout)["outcome"] == "closed"
    assert f'agreed already, by {login} (as "A Label"): approve' in again.stderr
    referred(database, order=2)
    with answering(postgres):
        refused = commands.run("decisions", "refuse", "d-2-1", "--shown", digest(commands, "d-2-1"), **officer)
    assert (refused.returncode, json.loads(refused.stdout)["outcome"], refused.stderr) == (0, "refused", "")
    assert [(event["kind"], event.get("verdict"), event.get("reason")) for event in waiting(database)] == [
        ("operator-acted.v1", None, "known counterparty"),
        ("decision-made.v1", "ACCEPT", None),
        ("operator-acted.v1", None, ""),
        ("decision-made.v1", "REJECT", None),
    ]


def test_a_limit_that_stops_what_was_approved_is_told(commands: Commands, database: Connection, postgres: str) -> None:
    """Two people approve an order each, and both do not fit into a limit: the second is exit 1 with the rule, what it saw and its limit."""
    limit = rule("window_sum_at_most", 'side = "target", currency = "USDCx", limit = "150000", window = "24h"', name="a day's dollars")
    for order in (1, 2):
        referred(database, order=order)
    officer = signed_in(database, "Officer", commands.folder)
    with answering(postgres, engine(limit)):
        first = commands.run("decisions", "approve", "d-1-1", "--shown", digest(commands, "d-1-1"), **officer)
        shown = digest(commands, "d-2-1")
        second = commands.run("decisions", "approve", "d-2-1", "--shown", shown, **officer)
    assert (first.returncode, json.loads(first.stdout)["outcome"]) == (0, "approved")
    line = json.loads(second.stdout)
    assert (second.returncode, line["outcome"], line["rejected_by"]) == (1, "rejected", ["a day's dollars"])
    assert f"approved by {login_of(database, 'Officer')}, and the answer is REJECT all the same" in second.stderr
    assert "a day's dollars: observed 200000, limit 150000 USDCx" in second.stderr
    again = commands.run("decisions", "approve", "d-2-1", "--shown", shown, **officer)
    assert (again.returncode, json.loads(again.stdout)["outcome"]) == (1, "closed")
    for told in (
        commands.run("orders", "show", intent(2), "--format", "table"),
        commands.run("decisions", "show", "d-2-1", "--format", "table"),
    ):
        assert "people approved it (1 of 1); REJECT by a day's dollars" in told.stdout


def test_four_eyes_on_the_command_line(commands: Commands, database: Connection, postgres: str) -> None:
    """The first person is counted, the same one under another label is told so with exit 1, a second person's word is the answer."""
    referred(database, needed=2)
    shown = digest(commands, "d-1-1")

    def approve(name: str, label: str) -> tuple[int, str, list[str]]:
        as_person = signed_in(database, name, commands.folder)
        done = commands.run("decisions", "approve", "d-1-1", "--as", label, "--shown", shown, **as_person)
        line = json.loads(done.stdout)
        return done.returncode, line["outcome"], line["approved_by"]

    first, second = login_of(database, "First Officer"), login_of(database, "Second Officer")
    assert approve("First Officer", "One") == (0, "counted", [first])
    assert approve("First Officer", "Two") == (1, "repeated", [first])
    (line,) = commands.lines("decisions", "list", "--pending")
    assert (line["referral"]["approved_by"], line["referral"]["approvers_needed"]) == ([first], 2)
    with answering(postgres):
        assert approve("Second Officer", "One") == (0, "approved", [first, second])
    assert commands.lines("decisions", "list", "--pending") == []


def test_a_stale_approval_says_what_changed(commands: Commands, database: Connection) -> None:
    """Of an overtaken decision, and of another showing's digest: exit 1, the paths with both values, and what to look at instead."""
    referred(database)
    before = digest(commands, "d-1-1")
    referred(database, round=2, target_amount="120000")
    for decision_id in ("d-1-1", "d-1-2"):
        done = commands.run("decisions", "approve", decision_id, "--shown", before, **signed_in(database, "Officer", commands.folder))
        assert done.returncode == 1
        line = json.loads(done.stdout)
        assert (line["outcome"], line["newest"]) == ("stale", "d-1-2")
        assert {"path": "order.target_amount", "before": "100000", "after": "120000"} in line["changed"]
        assert "order.target_amount: 100000 -> 120000" in done.stderr
        assert "custodian decisions show d-1-2" in done.stderr
    assert waiting(database) == []


@pytest.mark.parametrize("verb", ["approve", "refuse"])
def test_expired_unknown_and_unbound_answers_count_for_nothing(commands: Commands, database: Connection, verb: str) -> None:
    """Expired and unknown are exit 1 with a sentence; without terminal and digest, with half a digest, or without a name it is usage."""
    referred(database, ago=61)
    request = question(order=2)
    write(database, [asked(request), heard(answer(request, "REJECT", decision_id="d-rejected"))])
    zero = "0" * 64
    for decision_id, outcome, says in (
        ("d-1-1", "expired", "has expired"),
        ("nothing", "unknown", "there is no decision nothing"),
        ("d-rejected", "unknown", "it waits for nobody"),
    ):
        done = commands.run("decisions", verb, decision_id, "--shown", zero, **signed_in(database, "Officer", commands.folder))
        assert (done.returncode, json.loads(done.stdout)["outcome"]) == (1, outcome), done.stderr
        assert says in done.stderr
    for arguments, says in (
        (["d-1-1"], "write --shown DIGEST"),
        (["d-1-1", "--shown", "abc"], "the whole digest"),
        (["d-1-1", "--shown", zero, "--as", "  "], "name"),
        (["d-1-1", "--shown", zero, "--as", "\u041efficer"], "two scripts"),
    ):
        done = commands.run("decisions", verb, *arguments)
        assert (done.returncode, done.stdout) == (2, ""), arguments
        assert says in done.stderr
    assert waiting(database) == []


def test_on_a_terminal_a_person_is_shown_and_asked(commands: Commands, database: Connection, postgres: str) -> None:
    """`approve` shows the decision with its digest and binds to it when confirmed; "n" says nothing about it and is exit 1."""
    referred(database)
    officer = signed_in(database, "Officer", commands.folder)
    code, shown = on_terminal(commands, "decisions", "approve", "d-1-1", "--as", "Officer", typed="n\n", **officer)
    assert code == 1, shown
    assert "The order's amount is at most the limit." in shown
    assert f"digest of all of this: {digest(commands, 'd-1-1')}" in shown
    assert "nothing was said about it" in shown
    assert waiting(database) == []
    with answering(postgres):
        code, shown = on_terminal(commands, "decisions", "approve", "d-1-1", "--as", "Officer", typed="y\n", **officer)
    assert (code, f"approved by {login_of(database, 'Officer')}: the answer is ACCEPT" in shown) == (0, True), shown
    row = database.execute("SELECT named, shown_sha256 FROM risk.approvals").fetchone()
    assert row == ("Officer", digest(commands, "d-1-1"))
    code, shown = on_terminal(commands, "decisions", "refuse", "d-1-1", "--as", "Other", typed="y\n", **officer)
    assert (code, "is closed" in shown, "exactly this" in shown) == (1, True, False), "what takes no answer is not asked about"


def test_the_name_is_the_operating_systems_when_none_is_given(commands: Commands, database: Connection) -> None:
    """Without --as the user's name stands in the evidence."""
    referred(database)
    officer = signed_in(database, "Officer", commands.folder)
    done = commands.run("decisions", "approve", "d-1-1", "--shown", digest(commands, "d-1-1"), LOGNAME="officer-of-this-machine", **officer)
    assert json.loads(done.stdout)["by"] == "officer-of-this-machine"


# --- commands --------------------------------------------------------------------------------------------------------


def issue(database: Connection, number: int, *, mode: str = "live", kind: str = "accept_proposal") -> CommandIssued:
    """Journal a command and return it."""
    now = datetime.now(UTC)
    fields: dict[str, Any] = {"quote_id": quote(1).quote_id, "fx_rate": "112"} if kind == "co_sign_quote" else {}
    issued = CommandIssued.model_validate(
        {
            "command_id": f"c-{number}",
            "venue": "tokyo",
            "intent_id": intent(number),
            "kind": kind,
            "decision_id": f"d-{number}-1",
            "mode": mode,
            "not_after": time_text(now + timedelta(seconds=20)),
            "source_currency": "JPYSC0",
            "target_currency": "USDCx",
            "target_amount": "100000",
            "issued_at": time_text(now),
            **fields,
        }
    )
    from pipeline.commands.sink import CommandSink

    with database.transaction():
        CommandSink(journal.write).write(database, [record_of(issued, offset=number)], now)
    return issued


def test_commands_are_listed_with_the_fields_and_states_of_the_interface(commands: Commands, database: Connection) -> None:
    """What ended has sent_at, completed_at and response; what shadow held back is journalled in mode shadow, and can be asked for."""
    for number, mode in ((1, "live"), (2, "shadow"), (3, "live")):
        issue(database, number, mode=mode, kind="co_sign_quote" if number == 3 else "accept_proposal")
    database.execute(
        "UPDATE commands.journal SET state = 'succeeded', open = false, attempts = 1, sent_at = now(), completed_at = now(),"
        " http_status = 200, response = '{}' WHERE command_id = 'c-1'"
    )
    database.execute("UPDATE commands.journal SET state = 'shadowed', open = false, completed_at = now() WHERE command_id = 'c-2'")
    lines = {line["command_id"]: line for line in commands.lines("commands", "list")}
    assert set(lines["c-1"]) >= COMMAND_FIELDS
    assert (lines["c-1"]["state"], lines["c-1"]["attempts"], lines["c-1"]["response"]) == ("succeeded", 1, "{}")
    assert (lines["c-2"]["state"], lines["c-2"]["mode"], "sent_at" in lines["c-2"]) == ("journalled", "shadow", False)
    assert (lines["c-3"]["state"], lines["c-3"]["mode"], lines["c-3"]["quote_id"]) == ("journalled", "live", quote(1).quote_id)
    found = {
        ("--state", "journalled"): {"c-2", "c-3"},
        ("--state", "shadowed"): {"c-2"},
        ("--state", "succeeded"): {"c-1"},
        ("--intent", intent(3)): {"c-3"},
        ("--venue", "osaka"): set(),
    }
    assert {asked_: {one["command_id"] for one in commands.lines("commands", "list", *asked_)} for asked_ in found} == found
    assert "c-1" in commands.run("commands", "list", "--format", "table").stdout


# --- halt, resume, status --------------------------------------------------------------------------------------------


def test_halt_and_resume_are_a_round_trip_with_an_event_each(commands: Commands, database: Connection) -> None:
    """A halt holds for its scope until a resume of the same scope; each is an event with person and reason; status says so."""
    done = commands.run("halt", "--venue", "tokyo", "--pair", "JPYSC0/USDCx", "--reason", "drill", "--as", "Officer")
    assert done.returncode == 0, done.stderr
    line = json.loads(done.stdout)
    assert (line["outcome"], line["venue"], line["pair"], line["by"], line["calls_in_flight"]) == (
        "halted",
        "tokyo",
        "JPYSC0/USDCx",
        "Officer",
        0,
    )
    assert "role `commands`" in done.stderr
    assert halts.over(database, venue="tokyo", pair="JPYSC0/USDCx") is not None
    again = commands.run("halt", "--venue", "tokyo", "--pair", "JPYSC0/USDCx", "--reason", "again")
    assert (again.returncode, json.loads(again.stdout)["outcome"], json.loads(again.stdout)["reason"]) == (0, "already", "drill")
    assert [one["scope"] for one in commands.lines("halt", "--list")] == ["venue tokyo JPYSC0/USDCx"]
    one, two = (signed_in(database, name, commands.folder) for name in ("One", "Two"))
    wider = commands.run("resume", "--venue", "tokyo", **one)
    assert (wider.returncode, wider.stdout) == (1, "")
    assert "venue tokyo is not halted" in wider.stderr
    assert f'venue tokyo JPYSC0/USDCx, by {database.info.user} (as "Officer"): drill' in wider.stderr, "which halts are in force"
    found = json.loads(commands.run("status").stdout)
    assert (found["mode"], found["state"], [one["scope"] for one in found["halts"]]) == ("live", "halted", ["venue tokyo JPYSC0/USDCx"])
    scope = ("--venue", "tokyo", "--pair", "JPYSC0/USDCx")
    unbound = commands.run("resume", *scope, **one)
    assert (unbound.returncode, unbound.stdout, "write --shown DIGEST" in unbound.stderr) == (2, "", True)
    stale = commands.run("resume", *scope, "--shown", "0" * 64, **one)
    assert (stale.returncode, stale.stdout, "stale" in stale.stderr) == (1, "", True)
    (standing,) = commands.lines("halt", "--list")
    bound = (*scope, "--shown", standing["shown_sha256"])
    owner = commands.run("resume", *bound)
    assert (owner.returncode, owner.stdout, "custodian people add" in owner.stderr) == (78, "", True)
    for _ in range(2):
        asked_ = commands.run("resume", *bound, "--as", "Third", "--reason", "over", **one)
        assert (asked_.returncode, json.loads(asked_.stdout)["outcome"]) == (0, "counted"), "one person, however often"
    assert commands.lines("halt", "--list")[0]["resume_agreed_by"] == [one["CUSTODIAN_LOGIN"]]
    ended = commands.run("resume", *bound, "--as", "Other", "--reason", "over", **two)
    line = json.loads(ended.stdout)
    logins = [one["CUSTODIAN_LOGIN"], two["CUSTODIAN_LOGIN"]]
    assert (ended.returncode, line["outcome"], line["agreed_by"]) == (0, "resumed", logins)
    assert commands.lines("halt", "--list") == []
    assert [(event["action"], event["by"], event["reason"], event["login"]) for event in waiting(database)] == [
        ("halt", "Officer", "drill", database.info.user),
        ("agree", "Third", "over", logins[0]),
        ("agree", "Other", "over", logins[1]),
        ("resume", "Other", "over", logins[1]),
    ]
    nothing = commands.run("resume")
    assert (nothing.returncode, "no halt is in force" in nothing.stderr) == (1, True)


def test_a_halt_that_would_halt_nothing_is_refused(commands: Commands) -> None:
    """A venue that the settings do not know, a pair that is none, and no reason are usage errors that say what to write."""
    for arguments, says in (
        (["--venue", "tokio", "--reason", "x"], "did you mean 'tokyo'"),
        (["--pair", "JPYSC0", "--reason", "x"], "SOURCE/TARGET"),
        ([], "--reason"),
    ):
        done = commands.run("halt", *arguments)
        assert (done.returncode, done.stdout) == (2, ""), arguments
        assert says in done.stderr
    assert commands.lines("halt", "--list") == []


def test_a_global_halt_is_seen_and_ended_on_a_terminal(commands: Commands, database: Connection) -> None:
    """In words for a person; a call that was begun before and has no answer yet is told."""
    issue(database, 1)
    database.execute("UPDATE commands.journal SET state = 'sent', attempts = 1, calls_open = 1, lease_until = now() + interval '1 minute'")
    database.execute("INSERT INTO commands.attempts (command_id, number, begun_at, owner, evidence) VALUES ('c-1', 1, now(), 'x', '{}')")
    done = commands.run("halt", "--reason", "drill", "--as", "Officer", "--format", "table")
    halted = f'everything, by {database.info.user} (as "Officer"): drill'
    assert (done.returncode, done.stdout) == (0, f"halted: {halted}\n")
    assert "1 calls were begun before" in done.stderr
    table = commands.run("status", "--format", "table").stdout
    assert "state halted" in table
    assert f"halted: {halted}" in table
    (standing,) = commands.lines("halt", "--list")
    listed = commands.run("halt", "--list", "--format", "table").stdout
    assert f"to end halt 1: custodian resume --login NAME --reason WHY --shown {standing['shown_sha256']}\n" in listed
    for name, says in (("One", "counted: "), ("One", "already counted: "), ("Two", f"resumed: {halted}; agreed by ")):
        person = signed_in(database, name, commands.folder)
        assert on_terminal(commands, "resume", typed="n\n", **person)[0] == 1
        code, shown = on_terminal(commands, "resume", typed="y\n", **person)
        assert (code, "end exactly this halt" in shown, says in shown) == (0, True, True), shown
        assert ("already" in shown) == says.startswith("already"), shown


def test_status_counts_what_waits_and_shows_the_mode(commands: Commands, database: Connection) -> None:
    """Pending referrals are counted, expired ones not; the mode is the settings'; without healthy roles it is degraded."""
    referred(database)
    referred(database, order=2, ago=61)
    found = json.loads(commands.run("status", CUSTODIAN_MODE__ACCEPTING="shadow").stdout)
    assert (found["mode"], found["state"], found["referrals_pending"]) == ("shadow", "degraded", 1)
    assert [reason["code"] for reason in found["reasons"]] == ["role_missing"]
    beat = roles.Heartbeat(instance="w", role="workflow", pid=1, host="h", metrics_port=None, healthy=False, restarts=0, report={})
    roles.beat(database, beat)
    assert json.loads(commands.run("status").stdout)["state"] == "degraded"


# --- the whole story -------------------------------------------------------------------------------------------------


def test_an_intents_story_has_its_phase_decisions_approvals_and_commands(commands: Commands, database: Connection, postgres: str) -> None:
    """Where the workflow stands and why, who decided what, who approved, and what was sent: as lines, and in words."""
    made = referred(database)
    shown = digest(commands, "d-1-1")
    with answering(postgres):
        officer = signed_in(database, "Risk Officer", commands.folder)
        known = ("--as", "Risk Officer", "--shown", shown, "--reason", "known")
        done = commands.run("decisions", "approve", "d-1-1", *known, **officer)
    assert done.returncode == 0, done.stderr
    answers = [DecisionMade.model_validate({k: v for k, v in event.items() if k != "kind"}) for event in waiting(database)[1:]]
    write(database, [heard(one) for one in answers], now=datetime.now(UTC))
    issue(database, 1)
    state = workflow_state.WorkflowState(
        venue="tokyo",
        intent_id=intent(1),
        phase=Phase.ACCEPTING,
        phase_since=datetime(2025, 3, 15, 9, tzinfo=UTC),
        note="live: decided by Risk Officer",
    )
    text = workflow_state.to_json(state)
    states.write(database, "workflow", {f"tokyo/{intent(1)}": states.Kept(text=text, partition=0)})
    lines = commands.lines("orders", "show", intent(1))
    assert [line["kind"] for line in lines] == ["workflow", "decision", "decision", "approval", "command"]
    by_kind = {line["kind"]: line for line in lines}
    assert (by_kind["workflow"]["phase"], by_kind["workflow"]["note"]) == ("accepting", "live: decided by Risk Officer")
    assert {(line["decision_id"], line["verdict"]) for line in lines if line["kind"] == "decision"} == {
        (made.decision_id, "REFER"),
        (answers[0].decision_id, "ACCEPT"),
    }
    assert (by_kind["approval"]["by"], by_kind["approval"]["shown_sha256"], by_kind["approval"]["reason"]) == (
        "Risk Officer",
        shown,
        "known",
    )
    assert (by_kind["command"]["command_kind"], by_kind["command"]["state"]) == ("accept_proposal", "journalled")
    words = commands.run("orders", "show", intent(1), "--format", "table").stdout
    for said in (
        "accepting at tokyo: accepting since 2025-03-15 09:00:00: live: decided by Risk Officer",
        "decided: accept_proposal REFER, by built-in under policy default 3",
        "REFER by largest order: observed 12000000, limit 10000000",
        f'{login_of(database, "Risk Officer")} (as "Risk Officer") said approve about d-1-1',
        "people approved it (1 of 1)",
        "command: accept_proposal journalled",
    ):
        assert said in words, words


def test_new_lists_of_an_empty_pipeline_are_empty(commands: Commands) -> None:
    """Nothing found is exit 0 and no lines."""
    for arguments in (["decisions", "list"], ["decisions", "list", "--pending"], ["commands", "list"], ["halt", "--list"]):
        done = commands.run(*arguments)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", ""), arguments
