"""Every command that there is, with everything that a stranger can write in its tables: no screen shows it as anything but escapes.

Commands are taken from the tree of the program: one that is added and not listed here fails, and so does one that is gone.
"""

from __future__ import annotations

import base64
import hashlib
import json
import unicodedata
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from os import environ
from pathlib import Path
from typing import Any

import click
import psycopg
import pytest
from psycopg.types.json import Jsonb

from connectors.sinks.compliance_archive.adapter import ComplianceArchive
from pipeline.cli import main
from pipeline.decisions.shown import shown_of
from pipeline.log import topics
from pipeline.log.codec import encode
from pipeline.log.envelope import Record, time_text
from pipeline.log.topics import EventType
from pipeline.observability.redaction import redact
from pipeline.stores import halts, positions, roles
from pipeline.stores.approvals import shown_text
from pipeline.testing.questions import question
from schemas.accepting import DecisionMade
from schemas.events import Event
from tests import people
from tests.integration.commands import write_settings
from tests.integration.decision_room import answer, asked, heard, write
from tests.services import KafkaRoom
from tests.unit.cli.test_screens import HARMFUL, judge, screen

NOW = datetime.now(UTC)
INTENT = "f47ac10b-58cc-4372-a567-0e02b2c3d479"
_KEPT = {"Cc", "Cf", "Zl", "Zp"}
TEXT = "\x1b[2Jpoison\nFORGED\r" + "".join(sorted(letter for letter in HARMFUL if unicodedata.category(letter) in _KEPT and letter != "\0"))
"""What drives a terminal, turns the direction or is not seen, of all Unicode; PostgreSQL's text has no NUL."""
SEEN = "\\u001b[2Jpoison"
LETTER, ALARM, DECISION = "a" * 32, "b" * 32, "d-1-REFER"
PERSON = "PERSON"
"""Stands for the login of a person of this test's database."""

RUN: dict[str, tuple[Sequence[str], bool]] = {
    "init": ((), False),
    "init --print-sql": (("--print-sql",), False),
    "doctor": ((), False),
    "status": (("--positions",), True),
    "dev status": (("--folder", "nowhere"), False),
    "orders list": ((), True),
    "orders show": ((INTENT,), True),
    "orders reread": ((INTENT, "--reason", "x"), False),
    "settlements re-emit": ((INTENT, "--reason", "x"), False),
    "decisions list": ((), True),
    "decisions show": ((DECISION,), True),
    "decisions approve": ((DECISION, "--shown", "0" * 64, "--login", PERSON), False),
    "decisions refuse": ((DECISION, "--shown", "0" * 64, "--login", PERSON), False),
    "commands list": ((), True),
    "halt": (("--list",), True),
    "resume": (("--venue", "osaka", "--reason", "x", "--shown", "0" * 64, "--login", PERSON), True),
    "ledger balances": ((), False),
    "ledger entries": ((), False),
    "engine-key new": ((TEXT,), False),
    "ledger rebuild": (("--into", "rebuilt"), False),
    "archive records": (("--with-body",), False),
    "archive verify": ((), False),
    "replay": (("--processor", "settlement"), False),
    "policy check": (("strange.toml",), False),
    "policy replay": (("--policy", "strange.toml"), False),
    "policy list": ((), True),
    "policy show": ((), True),
    "policy activate": (("strange.toml", "--shown", "0" * 64, "--reason", "x", "--login", PERSON), False),
    "reconcile venue": ((), False),
    "breaks list": ((), True),
    "breaks show": (("break",), True),
    "breaks resolve": (("break", "--reason", "x"), True),
    "alarms list": ((), True),
    "alarms acknowledge": ((ALARM, "--reason", "x"), True),
    "dead-letters list": ((), True),
    "dead-letters show": ((LETTER,), True),
    "dead-letters requeue": ((LETTER,), True),
    "dead-letters close": ((LETTER, "--reason", "x"), False),
    "people list": ((), True),
    "people add": ((TEXT, "--may", "view"), False),
    "people remove": (("nobody",), False),
    "positions list": ((), False),
    "positions parked": ((), True),
    "positions advance": (("ledger", "--reason", "x"), False),
    "positions retry": (("ledger", "t", "0", "--reason", "x"), False),
    "positions skip": (("ledger", "t", "0", "--offset", "0", "--reason", "x"), False),
    "positions renew": (("nowhere", "--reason", "x"), False),
    "states prune": (("--older-than", "90d", "--dry-run"), False),
}
"""How each command is run, and whether it then shows what a stranger wrote. An act comes after what lists what it changes."""
ELSEWHERE = {
    "dev up": "shows addresses of ours",
    "dev down": "shows addresses of ours",
    "up": "its lines are logs: tests/unit/cli/test_screens.py",
    "run": "its lines are logs: tests/unit/cli/test_screens.py",
    "simulate musubi": "is a stranger itself; its lines are of its own making",
}


def leaves(command: click.Command, path: tuple[str, ...] = ()) -> Iterator[tuple[str, click.Command]]:
    """Yield the commands of a tree that do something, by their whole names."""
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            assert inner is not None
            yield from leaves(inner, (*path, name))
    else:
        yield " ".join(path), command


LEAVES = dict(leaves(main.program))


def test_every_command_is_looked_at() -> None:
    """One that is new is listed here, with how it is run, before anybody else has it."""
    assert {name.partition(" --")[0] for name in RUN} | ELSEWHERE.keys() == LEAVES.keys()


@pytest.fixture
def strange(tmp_path: Path, kafka: KafkaRoom, postgres: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a folder with settings whose database holds what strangers wrote, and go there."""
    commands = write_settings(tmp_path, kafka, postgres)
    done = commands.run("init")
    assert done.returncode == 0, done.stderr
    rule = json.dumps(f'name = "{TEXT}"')
    (tmp_path / "strange.toml").write_text(f'name = "p"\nversion = 1\n[[rules]]\nname = {rule}\ncheck = {json.dumps(TEXT)}\n')
    with psycopg.connect(postgres, autocommit=True) as connection:
        fill(connection, kafka.topic_prefix)
        for name, said in people.signed_in(connection, "officer", tmp_path).items():
            monkeypatch.setenv(name if name != "CUSTODIAN_LOGIN" else PERSON, said)
        connection.execute("UPDATE custodian.people SET issuer = %s, subject = 's'", (TEXT,))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "400")
    monkeypatch.setattr(redact, "_known", None)
    monkeypatch.setattr("pipeline.cli.streams.prepare", lambda: None)
    return tmp_path


def archived(kind: EventType, prefix: str, number: int, ce_id: str, event: dict[str, Any]) -> Record:
    """Return a record that somebody wrote into a topic of ours."""
    headers = {"ce_specversion": "1.0", "ce_id": ce_id, "ce_type": kind.ce_type, "ce_subject": INTENT, "ce_source": TEXT}
    pairs = [(name, text.encode()) for name, text in headers.items()]
    value = json.dumps(event).encode()
    return Record(topic=kind.topic(prefix), partition=0, offset=number, key=TEXT.encode(), value=value, headers=pairs, timestamp_ms=1)


def plain(event: Event) -> dict[str, Any]:
    """Return an event as JSON has it."""
    found: dict[str, Any] = json.loads(encode(event))
    return found


def fill(connection: psycopg.Connection, prefix: str) -> None:
    """Put what strangers may write into every table that a command reads from."""
    policy = f'name = "p"\nversion = 2\n# {TEXT.replace(chr(10), "")}\n'.encode()  # the lines of a file are its own
    connection.execute(
        "WITH one AS (INSERT INTO risk.policies (sha256, name, version, content)"
        " VALUES (encode(sha256(%s), 'hex'), %s, 2, %s) RETURNING sha256)"
        " INSERT INTO risk.activations (sha256, agreed_by, login, named, reason, at)"
        " SELECT sha256, %s, %s, %s, %s, now() FROM one",
        (policy, TEXT[:60], policy, [TEXT], TEXT, TEXT, TEXT),
    )
    at = time_text(NOW)
    body = f"{TEXT}\x00".encode()
    request = question(venue="tokyo", order=1)
    refer = answer(request, decision_id=DECISION)
    odd = refer.rules[0].model_copy(
        update={"name": TEXT, "check": TEXT, "explanation": TEXT, "inputs": {TEXT: TEXT}, "observed": TEXT, "limit": TEXT}
    )
    records = [
        archived(
            topics.ALARM_RAISED,
            prefix,
            0,
            ALARM,
            {
                "alarm_id": ALARM,
                "kind": TEXT,
                "severity": "critical",
                "venue": TEXT,
                "subject": TEXT,
                "raised_at": at,
                "detail": {TEXT: TEXT},
            },
        ),
        archived(
            topics.DEAD_LETTER,
            prefix,
            0,
            LETTER,
            {
                "dead_letter_id": LETTER,
                "venue": TEXT,
                "origin": {"topic": TEXT, "partition": 0, "offset": 0},
                "reason": TEXT,
                "sha256": hashlib.sha256(body).hexdigest(),
                "size": len(body),
                "seen_at": at,
                "body": base64.b64encode(body).decode(),
                "event_type": TEXT,
                "key": TEXT,
                "headers": {TEXT: TEXT},
            },
        ),
        archived(topics.ORDER_UPDATED, prefix, 0, "c" * 32, {"status": TEXT, "failure_reason": TEXT, "detail": {TEXT: TEXT}}),
    ]
    with connection.transaction():
        positions.advance(connection, "archive", {})
        ComplianceArchive().write(connection, records, NOW)
        for each in records:
            connection.execute(
                "UPDATE custodian.positions SET next_offset = 1 WHERE consumer = 'archive' AND topic = %s AND partition = 0", (each.topic,)
            )
    write(connection, [asked(request), heard(refer)])
    strange_decision = DecisionMade.model_validate(plain(refer) | {"decided_by": TEXT, "rules": [plain_rule(odd)]})
    shown = shown_text(shown_of(strange_decision, request))
    connection.execute("ALTER TABLE risk.answers DISABLE TRIGGER USER")
    connection.execute(  # what was signed would be shown instead
        "UPDATE risk.answers SET event = %s, signed = NULL, signature = NULL WHERE decision_id = %s",
        (encode(strange_decision).decode(), DECISION),
    )
    connection.execute(
        "UPDATE risk.referrals SET shown = %s, expires_at = now() + interval '1 hour' WHERE decision_id = %s", (shown, DECISION)
    )
    for processor, state in (("settlement", {"status": TEXT, "side": TEXT}), ("workflow", {"phase": TEXT, "note": TEXT, "status": TEXT})):
        said = {"venue": "tokyo", "intent_id": INTENT, "first_seen_at": at, "updated_at": at, **state}
        connection.execute(
            "INSERT INTO custodian.states (processor, key, state) VALUES (%s, %s, %s)", (processor, f"tokyo/{INTENT}", Jsonb(said))
        )
    connection.execute(
        """
        INSERT INTO commands.journal (command_id, venue, intent_id, kind, decision_id, shadow, not_after, source_currency, target_currency,
                                      target_amount, issued_at, state, open, completed_at, reason, error_code, response)
        VALUES ('c', 'tokyo', %s, 'accept_proposal', %s, false, now(), 'A', 'B', 1, now(), 'refused', false, now(), %s, %s, %s)
        """,
        (INTENT, DECISION, TEXT, TEXT, TEXT),
    )
    for venue in ("tokyo", "osaka"):
        halts.halt(connection, venue=venue, pair=None, reason=TEXT, by="Officer")
    connection.execute(
        """
        INSERT INTO ledger.breaks (break_id, run_id, kind, severity, state, venue, intent_id, expected, actual, first_seen_at, last_seen_at)
        VALUES ('break', 'r', 'MISSING_IN_BOOKS', 'critical', 'open', %s, %s, %s, %s, now(), now())
        """,
        (TEXT, TEXT, Jsonb({TEXT: TEXT}), Jsonb({"reason": TEXT})),
    )
    connection.execute(
        """
        INSERT INTO custodian.suspects (consumer, topic, partition, key, "offset", alone, failures, answered, fault, since, tried_at,
                                        parked_at)
        VALUES ('ledger', %s, 0, '', 7, true, 5, true, %s, now(), now(), now())
        """,
        (TEXT, TEXT),
    )
    reasons = {"code": TEXT, "subject": TEXT, "detail": TEXT}
    beat = roles.Heartbeat(
        instance=TEXT,
        role="ledger",
        pid=1,
        host=TEXT,
        metrics_port=None,
        healthy=False,
        restarts=0,
        report={"reasons": {TEXT: TEXT}, "degraded": [reasons]},
    )
    roles.beat(connection, beat)
    connection.execute("INSERT INTO custodian.venues (venue, trouble, owner) VALUES ('tokyo', %s, %s)", (TEXT, TEXT))


def plain_rule(rule: Any) -> dict[str, Any]:
    """Return a rule's outcome as JSON has it."""
    found: dict[str, Any] = json.loads(rule.model_dump_json(exclude_none=True))
    return found


@pytest.mark.parametrize("form", ["table", "json", "jsonl", "csv"])
def test_no_command_shows_a_stranger_as_it_is(strange: Path, form: str) -> None:
    """Every command in every format, errors included: printable characters, in lines that we begin, and what was written as escapes."""
    for name, (arguments, shows) in RUN.items():
        leaf = name.partition(" --")[0]
        with_form = [] if not any("--format" in option.opts for option in LEAVES[leaf].params) else ["--format", form]
        with screen() as shown:
            with pytest.raises(SystemExit):
                main.main([*leaf.split(), *(environ[PERSON] if word == PERSON else word for word in arguments), *with_form, "--debug"])
            text = shown()
        judge(text)
        assert not [line for line in text.split("\n") if line.startswith("FORGED")], f"{name} {form}: {text}"
        assert "a fault of this program" not in text, f"{name} {form}: {text[-3000:]}"
        if shows and not (form == "csv" and name == "status"):
            assert SEEN in text, f"{name} {form}: {text[-3000:]}"
