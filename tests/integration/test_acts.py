"""What people do with alarms and breaks: once, with a reason, recorded for those who read the evidence; and doctor where we ship to."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml

from connectors.simulators.musubi.settings import Settings as VenueSettings
from connectors.simulators.musubi.simulator import running_simulator
from connectors.simulators.musubi.world import Rules
from pipeline import settings as configuration
from pipeline.kafka import EventProducer
from pipeline.log.codec import decode
from pipeline.log.envelope import Outgoing
from pipeline.log.notices import alarm
from pipeline.reconcile.settlements import Break, Kind
from pipeline.stores import breaks
from pipeline.stores.alarms import acknowledge
from schemas.accepting import OperatorActed
from tests.certificates import Authority
from tests.integration.commands import CANARY, PROGRAM, ROOT, Commands, working, write_settings
from tests.people import signed_in
from tests.services import KafkaRoom, Services
from tests.waiting import eventually

NOW = datetime(2025, 3, 15, 9, 0, 20, tzinfo=UTC)
INTENT = "f47ac10b-58cc-4372-a567-0e02b2c3d479"
DEPLOY = ROOT / "infra" / "deploy"


@pytest.fixture
def prepared(tmp_path: Path, kafka: KafkaRoom, postgres: str) -> Commands:
    """Give the program after `init`."""
    commands = write_settings(tmp_path, kafka, postgres)
    done = commands.run("init")
    assert done.returncode == 0, done.stderr
    return commands


def raised(kind: str, subject: str, *identity: str) -> Outgoing:
    """Return an alarm as a stage raises it."""
    return alarm(
        kind=kind, severity="critical", venue="tokyo", subject=subject, detail={}, now=NOW, source="/sinks/ledger", identity=identity
    )


def publish(commands: Commands, events: list[Outgoing]) -> None:
    """Produce events as the pipeline does."""
    producer = EventProducer(configuration.load(commands.folder / "custodian.toml", {}).kafka)
    producer.publish(events)
    producer.close()


def alarms_open(commands: Commands) -> int:
    """Return the count that `status` shows."""
    return int(json.loads(commands.run("status").stdout)["alarms_open"])


# --- alarms ----------------------------------------------------------------------------------------------------------


def test_an_alarm_is_acknowledged_once_and_counts_as_open_no_more(prepared: Commands, services: Services, postgres: str) -> None:
    """By id, beginning of an id, or kind; a second person is told who was first; the same fact again changes nothing, a new one is open."""
    doubled, gap, other_gap = (
        raised("double_settlement", INTENT, "h2"),
        raised("stream_gap", "tokyo", "1"),
        raised("stream_gap", "tokyo", "2"),
    )
    publish(prepared, [doubled, gap, other_gap])
    acknowledge = ("alarms", "acknowledge")
    with prepared.running("run", "archive", "commands"):
        eventually(lambda: alarms_open(prepared) == 3, within=40, what="three alarms are archived")
        (line,) = prepared.lines(*acknowledge, doubled.envelope.id[:10], "--as", "Officer One", "--reason", "the venue's mistake")
        assert (line["outcome"], line["acknowledged_by"], line["subject"]) == ("acknowledged", "Officer One", INTENT)
        (line,) = prepared.lines(*acknowledge, doubled.envelope.id, "--as", "Officer Two", "--reason", "me too")
        assert (line["outcome"], line["acknowledged_by"]) == ("already", "Officer One")
        assert alarms_open(prepared) == 2
        assert {line["alarm_id"] for line in prepared.lines("alarms", "list", "--open")} == {gap.envelope.id, other_gap.envelope.id}

        assert len(prepared.lines(*acknowledge, "--kind", "stream_gap", "--as", "Officer Two", "--reason", "noted")) == 2
        assert prepared.lines(*acknowledge, "--kind", "stream_gap", "--reason", "noted") == []
        assert alarms_open(prepared) == 0
        publish(prepared, [doubled, raised("double_settlement", INTENT, "h3")])
        eventually(lambda: alarms_open(prepared) == 1, within=40, what="another hash is another alarm, the same hash is not")

        def told() -> list[dict[str, Any]]:
            return [line for line in prepared.lines("orders", "show", INTENT) if line.get("ce_type") == "custody.operator-acted.v1"]

        (event,) = eventually(told, within=40, what="the act is archived in the story of its intent")
    shown = {line["alarm_id"]: line for line in prepared.lines("alarms", "list")}
    assert (shown[gap.envelope.id]["state"], shown[gap.envelope.id]["acknowledged_by"]) == ("acknowledged", "Officer Two")
    assert shown[doubled.envelope.id]["acknowledged_reason"] == "the venue's mistake"
    assert (event["event"]["action"], event["event"]["by"], event["event"]["subject"]) == (
        "acknowledge",
        "Officer One",
        doubled.envelope.id,
    )
    login = psycopg.conninfo.conninfo_to_dict(postgres)["user"]
    dbname = psycopg.conninfo.conninfo_to_dict(postgres)["dbname"]
    with psycopg.connect(services.admin_dsn, dbname=dbname, autocommit=True) as reader:
        for role, schema in (("accounting_reader", "accounting"), ("compliance_reader", "compliance")):
            reader.execute(f"SET ROLE {role}".encode())
            rows = reader.execute(f"SELECT acted_by, login, reason FROM {schema}.acts WHERE subject = %s".encode(), (doubled.envelope.id,))
            assert rows.fetchall() == [("Officer One", login, "the venue's mistake")]
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                reader.execute("SELECT count(*) FROM custodian.acts")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["alarms", "acknowledge", "abc"], "--reason"),
        (["alarms", "acknowledge", "abc", "--reason", " "], "--reason"),
        (["alarms", "acknowledge", "abc", "--reason", "why"], "there is none 'abc'"),
        (["alarms", "acknowledge", "--reason", "why"], "by their ids"),
        (["alarms", "acknowledge", "abc", "--kind", "x", "--reason", "why"], "by their ids"),
        (["breaks", "resolve", "abc"], "--reason"),
        (["breaks", "resolve", "abc", "--reason", "why"], "there is none 'abc'"),
        (["orders", "reread", INTENT], "--reason"),
        (["settlements", "re-emit", INTENT], "--reason"),
        (["positions", "advance", "ledger"], "--reason"),
        (["positions", "advance", "legder", "--reason", "why"], "did you mean 'ledger'"),
        (["orders", "reread", INTENT, "--venue", "osaka", "--reason", "why"], "there is no section [venues.osaka]"),
        (["orders", "reread", "no-intent", "--reason", "why"], "intent id"),
    ],
)
def test_an_act_without_a_reason_or_without_its_thing_is_refused(
    prepared: Commands, postgres: str, arguments: list[str], says: str
) -> None:
    """It says what to write, and nothing is recorded."""
    with running_simulator(VenueSettings(client_secret=CANARY, port=0, rules=Rules(rate=0))) as venue:
        done = prepared.run(*arguments, CUSTODIAN_VENUES__TOKYO__BASE_URL=venue.base_url)
    assert done.returncode in (2, 78), done.stdout + done.stderr
    assert says in done.stderr
    with psycopg.connect(postgres) as connection:
        assert connection.execute("SELECT count(*) FROM custodian.acts").fetchone() == (0,)


# --- breaks ----------------------------------------------------------------------------------------------------------


def difference(actual: str, *, intent: str = INTENT) -> Break:
    """Return what a run finds."""
    sides = ({"target_amount": "100"}, {"target_amount": actual})
    return Break(venue="tokyo", kind=Kind.AMOUNT_DIFFERS, intent_id=intent, transaction_hash="h1", expected=sides[0], actual=sides[1])


def test_a_resolved_break_stays_so_while_it_is_found_as_it_was(prepared: Commands, postgres: str) -> None:
    """Found again unchanged it stays resolved; with another value, or again after it was gone, it is open, and can be resolved again."""
    runs = 0

    def run(*found: Break) -> breaks.Stored:
        nonlocal runs
        runs += 1
        with psycopg.connect(postgres, autocommit=True) as connection:
            kinds = [kind.value for kind in Kind]
            return breaks.store(
                connection, venue="tokyo", run_id=f"run {runs}", kinds=kinds, found=found, now=NOW + timedelta(minutes=runs)
            )

    def state() -> tuple[str, str | None, str]:
        (line,) = prepared.lines("breaks", "show", difference("99").break_id)
        return line["state"], line.get("resolved_by"), line["run_id"]

    def resolve() -> str:
        (line,) = prepared.lines("breaks", "resolve", difference("99").break_id[:12], "--as", "Officer One", "--reason", "venue wrote")
        return str(line["outcome"])

    assert run(difference("99")) == breaks.Stored(opened=1, seen_again=0, resolved=0, left=0)
    assert (resolve(), resolve()) == ("resolved", "already")
    assert run(difference("99")) == breaks.Stored(opened=0, seen_again=0, resolved=0, left=1)
    assert state() == ("resolved", "Officer One", "run 2"), "the finding is noted"
    assert run(difference("98")) == breaks.Stored(opened=1, seen_again=0, resolved=0, left=0)
    assert state() == ("open", None, "run 3")
    assert run(difference("98")) == breaks.Stored(opened=0, seen_again=1, resolved=0, left=0)
    assert resolve() == "resolved"
    assert run() == breaks.Stored(opened=0, seen_again=0, resolved=0, left=0)
    assert run(difference("98")) == breaks.Stored(opened=1, seen_again=0, resolved=0, left=0)
    assert state() == ("open", None, "run 6")
    assert run() == breaks.Stored(opened=0, seen_again=0, resolved=1, left=0)
    with psycopg.connect(postgres) as connection:
        acts = connection.execute("SELECT action, acted_by, intent_id, reason FROM accounting.acts").fetchall()
        assert acts == [("resolve", "Officer One", INTENT, "venue wrote")] * 2
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="what people did stays"):
            connection.execute("UPDATE custodian.acts SET reason = 'another'")


def test_a_person_acknowledges_and_resolves_as_themselves(prepared: Commands, postgres: str, tmp_path: Path) -> None:
    """Who may operate needs no right on a table for it, and who may only look does neither; nobody looks at what was not raised."""
    alarm_ = raised("double_settlement", INTENT, "h2")
    publish(prepared, [alarm_])
    with psycopg.connect(postgres, autocommit=True) as owner:
        operates = signed_in(owner, "Operator", tmp_path, "operate")
        looks = signed_in(owner, "Reader", tmp_path, "view")
        breaks.store(owner, venue="tokyo", run_id="r", kinds=[kind.value for kind in Kind], found=[difference("99")], now=NOW)
        with prepared.running("run", "archive"):
            eventually(lambda: alarms_open(prepared) == 1, within=40, what="the alarm is archived")
        acts = (("alarms", "acknowledge", alarm_.envelope.id), ("breaks", "resolve", difference("99").break_id))
        for act in acts:
            refused = prepared.run(*act, "--as", "Officer One", "--reason", "seen", **looks)
            assert (refused.returncode, "permission denied" in refused.stderr) == (78, True), refused.stderr
        for act, outcome in zip(acts, ("acknowledged", "resolved"), strict=True):
            (line,) = prepared.lines(*act, "--as", "Officer One", "--reason", "seen", **operates)
            assert line["outcome"] == outcome
        rows = owner.execute("SELECT action, login, acted_by FROM custodian.acts ORDER BY at").fetchall()
        assert rows == [(action, operates["CUSTODIAN_LOGIN"], "Officer One") for action in ("acknowledge", "resolve")]
        told = owner.execute("SELECT ce_id, value FROM custodian.outbox WHERE kind = 'operator-acted.v1' ORDER BY at").fetchall()
        assert [decode(value, OperatorActed).login for _, value in told[-2:]] == [operates["CUSTODIAN_LOGIN"]] * 2
        with pytest.raises(ValueError, match="there is no alarm"):
            acknowledge(owner, "0" * 32, by="Officer One", reason="ahead of time")


# --- doctor ----------------------------------------------------------------------------------------------------------

USER = 10001
"""Whom the image runs as; a test shows that this is so (tests/unit/deploy)."""


def shipped(kind: str) -> dict[str, str]:
    """Return the files of the settings that we ship, by name."""
    if kind == "compose":
        return {name: (DEPLOY / "compose" / name).read_text() for name in ("custodian.toml", "policy.toml")}
    objects = [each for each in yaml.safe_load_all((DEPLOY / "kubernetes" / "settings.yaml").read_text()) if each]
    (found,) = [each["data"] for each in objects if each["kind"] == "ConfigMap"]
    return dict(found)


def free_port() -> int:
    """Return a port that nobody has just now."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


def _as_the_image_runs(secrets: Path) -> dict[str, Any]:
    """Give the secrets to root and the image's group, as a pod gets them, and return how to run a program as the image's user.

    Nothing where that user cannot reach Python, this tree or the folders of tests, as in a clone that only root may enter.
    """
    ours = [place for place in (secrets, *secrets.parents) if place.is_relative_to(tempfile.gettempdir()) and place.owner() == "root"]
    for place in ours:
        place.chmod(place.stat().st_mode & 0o7777 | 0o055)
    needed = {place for path in (Path(sys.executable).resolve(), ROOT / "pipeline", secrets) for place in path.parents}
    if not all(place.stat().st_mode & 0o001 for place in needed):
        return {}
    for file in secrets.iterdir():
        os.chown(file, 0, USER)
    return {"user": USER, "group": USER, "extra_groups": [USER]}


@pytest.mark.parametrize("kind", ["compose", "kubernetes"])
def test_doctor_is_content_in_what_we_ship(
    prepared: Commands, kafka: KafkaRoom, kind: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """As the image's user, secrets at 0440 of the pod's group, nowhere to write, its own role at the port of the metrics: no finding."""
    settings = configuration.load(prepared.folder / "custodian.toml", {})
    folder, secrets = tmp_path_factory.mktemp("etc"), tmp_path_factory.mktemp("secrets")
    for name, text in shipped(kind).items():
        (folder / name).write_text(text)
    for name, text in (("postgres-ingest", (prepared.folder / "pg-ingest").read_text()), ("tokyo", CANARY)):
        (secrets / name).write_text(text)
        (secrets / name).chmod(0o440)
    as_user = _as_the_image_runs(secrets) if os.geteuid() == 0 else {}
    secured = {}
    if kind == "kubernetes":  # the services of a test speak no TLS; the CA that the operator has to write is there all the same
        ca_file = str(Authority(folder).ca_file)
        secured = {
            "CUSTODIAN_KAFKA__CLIENT__SECURITY_PROTOCOL": "PLAINTEXT",
            "CUSTODIAN_KAFKA__CLIENT__SSL_CA_LOCATION": ca_file,
            "CUSTODIAN_POSTGRES__CA_FILE": ca_file,
        }
    folder.chmod(0o555)
    with running_simulator(VenueSettings(client_secret=CANARY, port=0)) as venue:
        environment = prepared.environment(
            {
                **secured,
                "CUSTODIAN_CONFIG": str(folder / "custodian.toml"),
                "CUSTODIAN_KAFKA__BOOTSTRAP_SERVERS": kafka.bootstrap_servers,
                "CUSTODIAN_KAFKA__TOPIC_PREFIX": kafka.topic_prefix,
                "CUSTODIAN_KAFKA__PARTITIONS": "2",
                "CUSTODIAN_METRICS__LISTEN": f"0.0.0.0:{free_port()}",  # the 9100 that we ship may be somebody's on this machine
                "CUSTODIAN_POSTGRES__DSN": settings.postgres.dsn,
                "CUSTODIAN_POSTGRES__PASSWORD_FILE": str(secrets / "postgres"),
                "CUSTODIAN_VENUES__TOKYO__BASE_URL": venue.base_url,
                "CUSTODIAN_VENUES__TOKYO__AUTH__CLIENT_SECRET_FILE": str(secrets / "tokyo"),
            }
        )

        def doctor(**more: str) -> dict[str, str]:
            done = subprocess.run(
                [*PROGRAM, "doctor", "--role", "ingest"],
                cwd="/",
                env=environment | more,
                capture_output=True,
                text=True,
                check=False,
                timeout=90,
                **as_user,
            )
            lines = [json.loads(line) for line in done.stdout.splitlines()]
            assert lines, done.stderr
            assert (done.returncode == 0) == all(line["result"] == "ok" for line in lines)
            return {line["check"]: line["found"] for line in lines if line["result"] != "ok"}

        assert doctor() == {}
        with prepared.running("run", "ledger") as running:
            working(prepared, {"ledger"})
            port = next(role["metrics"] for role in json.loads(prepared.run("status").stdout)["roles"] if role["role"] == "ledger")
            assert doctor(CUSTODIAN_METRICS__LISTEN=f"127.0.0.1:{port}") == {}, running.text()
        (secrets / "tokyo").chmod(0o444)
        assert set(doctor()) == {"venues.tokyo.auth.client_secret_file"}
