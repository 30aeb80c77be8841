"""The command `custodian` as a user runs it: exit codes of each kind of error, init, doctor, status, lists, requeue."""

from __future__ import annotations

import base64
import json
import re
import signal
import socket
import subprocess
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from connectors.simulators.musubi.settings import Settings as VenueSettings
from connectors.simulators.musubi.simulator import Simulator, running_simulator
from connectors.simulators.musubi.world import Mix, Rules
from pipeline import settings as configuration
from pipeline.cli.run import ROLES
from pipeline.kafka import EventProducer, TopicAdmin
from pipeline.log import topics
from pipeline.log.codec import encode
from pipeline.log.envelope import Envelope, Outgoing, correlation_of
from pipeline.log.notices import dead_letter
from pipeline.supervisor.preparation import CONSUMERS
from schemas.events import OrderSettled
from tests.integration.commands import CANARY, PROGRAM, Commands, working, write_settings
from tests.services import KafkaRoom, add_partitions
from tests.waiting import eventually

NOW = datetime(2025, 3, 15, 9, 0, 20, tzinfo=UTC)
INTENT = "f47ac10b-58cc-4372-a567-0e02b2c3d479"
NOBODY = "127.0.0.1:9"


@pytest.fixture
def commands(tmp_path: Path, kafka: KafkaRoom, postgres: str) -> Commands:
    """Give the program with settings for this test's Kafka and database."""
    return write_settings(tmp_path, kafka, postgres)


@pytest.fixture
def prepared(commands: Commands) -> Commands:
    """Give the program after `init`."""
    done = commands.run("init")
    assert done.returncode == 0, done.stderr
    return commands


def _kafka(commands: Commands) -> configuration.Kafka:
    return configuration.load(commands.folder / "custodian.toml", {}).kafka


# --- exit codes ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("variable", "value", "code", "says"),
    [
        ("CUSTODIAN_KAFKA__PARTITIONS", "many", 78, ["kafka.partitions", "many"]),
        ("CUSTODIAN_KAFKA__PARTITONS", "6", 78, ["kafka.partitons", "did you mean partitions"]),
        ("CUSTODIAN_KAFKA__BOOTSTRAP_SERVERS", NOBODY, 69, ["Kafka", NOBODY, "kafka.bootstrap_servers"]),
        ("CUSTODIAN_POSTGRES__DSN", f"postgresql://custodian@{NOBODY}/x", 69, ["PostgreSQL", NOBODY, "postgres.dsn"]),
        ("CUSTODIAN_POSTGRES__PASSWORD", "wrong-password", 78, ["postgres.password_file"]),
        ("CUSTODIAN_POSTGRES__PASSWORD_FILE", "nowhere", 78, ["postgres.password_file", "nowhere"]),
        ("CUSTODIAN_KAFKA__CLIENT__NO_SUCH_KEY", "1", 78, ["kafka.client", "no.such.key"]),
    ],
)
def test_a_wrong_setting_or_a_service_away_has_its_code_and_names_the_key(
    commands: Commands, variable: str, value: str, code: int, says: list[str]
) -> None:
    """`init` ends with 78 or 69, and says which key or service and what to do, without traceback or secret."""
    done = commands.run("init", **{variable: value})
    assert done.returncode == code, done.stderr
    assert all(text in done.stderr for text in says), done.stderr
    assert "Traceback" not in done.stderr
    assert "wrong-password" not in done.stderr + done.stdout
    assert commands.password not in done.stderr + done.stdout


def test_a_database_user_without_rights_is_told_what_an_administrator_can_run(commands: Commands, postgres: str, tmp_path: Path) -> None:
    """`init` as a user who may not create anything ends with 78 and points to --print-sql; after an owner ran that, `init` succeeds."""
    with psycopg.connect(postgres, autocommit=True) as owner:
        name = f"{owner.info.dbname}_guest"
        owner.execute(f"CREATE ROLE {name} LOGIN PASSWORD 'guest-password'".encode())
        owner.execute(f"GRANT {name} TO CURRENT_USER".encode())
        as_guest = {
            "CUSTODIAN_POSTGRES__DSN": make_conninfo(postgres, user=name, password="guest-password"),
            "CUSTODIAN_POSTGRES__PASSWORD": "guest-password",
        }
        try:
            done = commands.run("init", **as_guest)
            assert done.returncode == 78, done.stderr
            assert "--print-sql" in done.stderr
            printed = commands.run("init", "--print-sql", **as_guest)
            assert printed.returncode == 0
            owner.execute(printed.stdout.encode())
            again = commands.run("init", **as_guest)
            assert again.returncode == 0, again.stderr
            assert "migration" not in again.stdout
            assert commands.run("ledger", "entries", **as_guest).returncode == 0
        finally:
            owner.execute(f"DROP OWNED BY {name} CASCADE".encode())
            owner.execute(f"DROP ROLE {name}".encode())


def test_init_says_what_it_made_and_what_comes_next(commands: Commands) -> None:
    """Logins, and whose the database is now; people come next where nobody may approve; what it prints without a database says so."""
    first = commands.run("init")
    assert first.returncode == 0, first.stderr
    assert re.search(r"^owner      \S+_owner owns", first.stdout, re.MULTILINE)
    assert len(re.findall(r"^login      \S+$", first.stdout, re.MULTILINE)) == len(ROLES)
    assert "next: custodian people add LOGIN --may approve --may operate" in first.stderr
    again = commands.run("init")
    assert again.stdout == "nothing to do: topics, database and positions are there\n"
    secret = commands.folder / "pg-ledger"
    secret.unlink()
    printed = commands.run("init", "--print-sql", CUSTODIAN_POSTGRES__DSN=f"postgresql://custodian@{NOBODY}/x")
    assert printed.returncode == 0
    assert "everything is printed as new" in printed.stderr
    assert f"the role ledger cannot log in by this: {secret} is missing" in printed.stderr
    assert printed.stderr.count("cannot log in by this") == 1


def test_a_database_that_was_not_prepared_is_a_matter_of_init(commands: Commands) -> None:
    """Commands that read, and every role, end with 78 and name `custodian init`."""
    lists = (["status"], ["orders", "list"], ["ledger", "entries"], ["archive", "records"], ["alarms", "list"])
    for arguments in (*lists, *(["run", role] for role in ROLES)):
        done = commands.run(*arguments)
        assert done.returncode == 78, done.stderr
        assert "custodian init" in done.stderr


def test_a_metrics_port_that_is_taken_ends_with_69_and_names_the_key(prepared: Commands) -> None:
    """A single role and `up` both refuse to start and name metrics.listen."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        listen = f"127.0.0.1:{taken.getsockname()[1]}"
        for arguments in (["run", "ledger"], ["up"]):
            done = prepared.run(*arguments, CUSTODIAN_METRICS__LISTEN=listen)
            assert done.returncode == 69, done.stderr
            assert "metrics.listen" in done.stderr
            assert listen in done.stderr


def test_a_venue_of_another_schema_version_ends_ingest_with_78(prepared: Commands) -> None:
    """`run ingest` refuses a backend that does not speak v2, and `doctor` finds it."""
    with running_simulator(VenueSettings(client_secret=CANARY, port=0, schema_version="v3")) as venue:
        url = {"CUSTODIAN_VENUES__TOKYO__BASE_URL": venue.base_url}
        done = prepared.run("run", "ingest", **url)
        assert done.returncode == 78, done.stderr
        assert "venues.tokyo.base_url" in done.stderr
        assert "v3" in done.stderr
        checked = prepared.run("doctor", **url)
        assert checked.returncode == 1
        findings = [json.loads(line) for line in checked.stdout.splitlines() if json.loads(line)["result"] == "finding"]
        assert [finding["check"] for finding in findings] == ["venue tokyo schema"]


def test_up_without_a_secret_ends_with_78_before_it_starts_anything(prepared: Commands) -> None:
    """A missing client secret is found before any role starts."""
    (prepared.folder / "client").unlink()
    done = prepared.run("up")
    assert done.returncode == 78
    assert "venues.tokyo.auth.client_secret_file" in done.stderr
    assert "started_role" not in done.stderr


# --- init ------------------------------------------------------------------------------------------------------------


def test_init_makes_everything_once_and_says_so(commands: Commands, kafka: KafkaRoom, postgres: str) -> None:
    """Topics, migrations and one position per consumer and partition; the second time there is nothing to do."""
    first = commands.run("init")
    assert first.returncode == 0, first.stderr
    admin = TopicAdmin(_kafka(commands))
    states = admin.describe([kind.topic(kafka.topic_prefix) for kind in topics.ALL])
    assert len(states) == len(topics.ALL)
    assert {state.partitions for state in states.values()} == {2}
    with psycopg.connect(postgres) as connection:
        rows = connection.execute("SELECT consumer, count(*), max(next_offset) FROM custodian.positions GROUP BY 1 ORDER BY 1").fetchall()
    assert rows == [(consumer, 2 * len(kinds), 0) for consumer, kinds in sorted(CONSUMERS.items())]
    second = commands.run("init")
    assert second.returncode == 0
    assert "nothing to do" in second.stdout


def test_two_inits_at_once_both_end_well(commands: Commands, postgres: str) -> None:
    """Neither fails, and everything is there once."""
    both = [
        subprocess.Popen(
            [*PROGRAM, "init"], cwd=commands.folder, env=commands.environment({}), stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        for _ in range(2)
    ]
    for process in both:
        _, err = process.communicate(timeout=60)
        assert process.returncode == 0, err.decode()
    with psycopg.connect(postgres) as connection:
        assert connection.execute("SELECT count(*) FROM custodian.positions").fetchone() == (
            sum(2 * len(kinds) for kinds in CONSUMERS.values()),
        )


def test_init_refuses_a_topic_that_was_made_anew(prepared: Commands, postgres: str) -> None:
    """Positions of a topic with another id are left alone, and the reason is explained."""
    with psycopg.connect(postgres) as connection:
        connection.execute("UPDATE custodian.positions SET topic_id = 'gone', next_offset = 7 WHERE consumer = 'ledger'")
    done = prepared.run("init")
    assert done.returncode == 78
    assert "order-settled.v1 is not the one" in done.stderr
    with psycopg.connect(postgres) as connection:
        rows = connection.execute("SELECT DISTINCT topic_id, next_offset FROM custodian.positions WHERE consumer = 'ledger'").fetchall()
    assert rows == [("gone", 7)]


def test_init_refuses_another_number_of_partitions(prepared: Commands) -> None:
    """An intent's records would leave their order, so kafka.partitions has to say what is there."""
    done = prepared.run("init", CUSTODIAN_KAFKA__PARTITIONS="3")
    assert done.returncode == 78
    assert "kafka.partitions: found 3" in done.stderr


@pytest.mark.parametrize("partitions", ["2", "3"], ids=["as before", "the new number"])
def test_init_refuses_a_topic_that_was_given_partitions(prepared: Commands, kafka: KafkaRoom, postgres: str, partitions: str) -> None:
    """Partitions added to a topic in use cannot be taken into service, whatever kafka.partitions says; no position is made for them."""
    add_partitions(kafka.bootstrap_servers, [kind.topic(kafka.topic_prefix) for kind in topics.ALL], 3)
    done = prepared.run("init", CUSTODIAN_KAFKA__PARTITIONS=partitions)
    assert done.returncode == 78
    assert "has 3 partitions, but settlement has positions of 2" in done.stderr
    assert "topic_repartitioned.md" in done.stderr
    with psycopg.connect(postgres) as connection:
        assert connection.execute("SELECT max(partition) FROM custodian.positions").fetchone() == (1,)


# --- status, doctor --------------------------------------------------------------------------------------------------


def test_status_without_roles_and_without_kafka_still_answers(prepared: Commands) -> None:
    """It is one object with empty roles and exit 1; with Kafka away it is the same, and says that lag is not known."""
    done = prepared.run("status")
    assert done.returncode == 1
    found = json.loads(done.stdout)
    assert found["mode"] == "live"
    assert found["roles"] == []
    assert found["alarms_open"] == 0
    assert found["venues"] == [{"venue": "tokyo", "connected": False}]
    away = prepared.run("status", CUSTODIAN_KAFKA__BOOTSTRAP_SERVERS=NOBODY)
    assert json.loads(away.stdout)["roles"] == []
    assert "lag is not known" in away.stderr


def test_doctor_names_each_finding_with_what_to_do_and_changes_nothing(commands: Commands, postgres: str) -> None:
    """Before init it finds topics, migrations and the venue; nothing is made by looking."""
    (commands.folder / "client").chmod(0o644)
    done = commands.run("doctor")
    assert done.returncode == 1
    found = {line["check"]: line for line in map(json.loads, done.stdout.splitlines())}
    findings = {check for check, line in found.items() if line["result"] == "finding"}
    assert findings == {"topics", "migrations", "venue tokyo", "venues.tokyo.auth.client_secret_file"}
    assert all(found[check]["do"] for check in findings)
    assert found["Kafka"]["result"] == found["PostgreSQL"]["result"] == "ok"
    with psycopg.connect(postgres) as connection:
        assert connection.execute("SELECT to_regnamespace('custodian')").fetchone() == (None,)


def test_doctor_reads_every_provider_of_rates(prepared: Commands) -> None:
    """One that states rates is well, with its age; one that is away and one that babbles are findings of their own."""
    (prepared.folder / "babble.json").write_text("[{}]")
    with running_simulator(VenueSettings(client_secret=CANARY, port=0, rules=Rules(rate=0))) as venue:
        checked = prepared.run(
            "doctor",
            CUSTODIAN_VENUES__TOKYO__BASE_URL=venue.base_url,
            CUSTODIAN_RATES__GOOD__URL=f"{venue.base_url}/simulator/rates",
            CUSTODIAN_RATES__AWAY__URL=f"{venue.base_url}/nothing/here?key=canary",
            CUSTODIAN_RATES__BABBLE__KIND="file",
            CUSTODIAN_RATES__BABBLE__FILE=str(prepared.folder / "babble.json"),
        )
    lines = {line["check"]: line for line in map(json.loads, checked.stdout.splitlines()) if line["check"].startswith("rates")}
    assert {check for check, line in lines.items() if line["result"] == "finding"} == {"rates away", "rates babble"}
    assert "6 pairs" in lines["rates good"]["found"]
    assert "entry 1: source_currency is missing" in lines["rates babble"]["found"]
    assert "canary" not in checked.stdout


def test_doctor_is_content_when_everything_is_there(prepared: Commands) -> None:
    """With a venue that answers and an initialised pair of services every line is ok and the exit code 0."""
    with running_simulator(VenueSettings(client_secret=CANARY, port=0)) as venue:
        done = prepared.run("doctor", CUSTODIAN_VENUES__TOKYO__BASE_URL=venue.base_url)
        assert done.returncode == 0, done.stdout + done.stderr
        checks = [json.loads(line)["check"] for line in done.stdout.splitlines()]
        assert {"Kafka", "topics", "PostgreSQL", "migrations", "rights", "positions", "venue tokyo identity"} <= set(checks)
        refused = prepared.run(
            "doctor", CUSTODIAN_VENUES__TOKYO__BASE_URL=venue.base_url, CUSTODIAN_VENUES__TOKYO__AUTH__CLIENT_SECRET="not-the-secret"
        )
        assert refused.returncode == 1
        assert "client_secret_file" in refused.stdout
        assert "not-the-secret" not in refused.stdout + refused.stderr


# --- lists -----------------------------------------------------------------------------------------------------------


def _settled(number: int, *, venue: str = "tokyo") -> Outgoing:
    intent = f"{number:08d}-58cc-4372-a567-0e02b2c3d479"
    event = OrderSettled(
        venue=venue,
        intent_id=intent,
        transaction_hash=f"{number:064x}",
        side="sender",
        source_currency="JPYSC0",
        target_currency="USDCx",
        target_amount="100000",
        source_amount_actual="11200000",
        fx_rate="112.0",
        settled_at=f"2025-03-15T09:00:{number:02d}Z",
        sender_custodian_party_id="CustodianA::1",
        receiver_custodian_party_id="CustodianB::2",
        sender_party_id="SenderInstitution::3",
        terms_sha256="0" * 64,
        observed_at="2025-03-15T09:00:19Z",
        document_sha256="1" * 64,
    )
    envelope = Envelope(
        id=f"{number:032x}",
        kind=topics.ORDER_SETTLED,
        source="/processors/settlement",
        subject=intent,
        time=NOW,
        correlation_id=correlation_of(venue, intent),
    )
    return Outgoing(envelope=envelope, key=intent, value=encode(event))


@pytest.fixture
def publish(prepared: Commands) -> Iterator[Any]:
    """Give what produces events as the pipeline does."""
    producer = EventProducer(_kafka(prepared))
    yield producer.publish
    producer.close()


def test_what_roles_have_written_is_listed_in_every_format(prepared: Commands, publish: Any) -> None:
    """Entries, balances and records appear with the fields of the interface, and `verify` is content."""
    publish([_settled(number) for number in range(1, 6)])
    with prepared.running("run", "ledger", "archive") as running:
        eventually(lambda: len(prepared.lines("ledger", "entries")) == 5, within=40, what=f"five entries: {running.text()[-2000:]}")
        eventually(lambda: all("index" in line for line in prepared.lines("archive", "records")), within=20, what="all have an index")
        working(prepared, {"ledger", "archive"})
    entries = prepared.lines("ledger", "entries", "--intent", "00000003-58cc-4372-a567-0e02b2c3d479")
    assert [(entry["transaction_hash"], entry["kind"], entry["occurred_at"][:19]) for entry in entries] == [
        (f"{3:064x}", "settlement", "2025-03-15T09:00:03")
    ]
    assert sorted((leg["role"], leg["side"], leg["amount"]) for leg in entries[0]["postings"]) == [
        ("client_liability", "debit", "11200000"),
        ("custody_asset", "credit", "11200000"),
    ]
    assert len(prepared.lines("ledger", "entries", "--as-of", "2025-03-15T09:00:02Z")) == 2
    assert prepared.lines("ledger", "entries", "--venue", "osaka") == []
    assert len(prepared.lines("ledger", "entries", "--limit", "2")) == 2
    balances = {line["role"]: line["balance"] for line in prepared.lines("ledger", "balances")}
    assert balances == {"custody_asset": "-56000000", "client_liability": "56000000"}
    records = prepared.lines("archive", "records", "--topic", "order-settled.v1", "--with-body")
    assert sorted(record["index"] for record in records) == list(range(5))
    assert json.loads(base64.b64decode(records[0]["body"]))["venue"] == "tokyo"
    verified = prepared.run("archive", "verify")
    assert verified.returncode == 0, verified.stderr
    assert "sound: 5 records" in verified.stderr
    story = prepared.lines("orders", "show", "00000003-58cc-4372-a567-0e02b2c3d479")
    assert [line["kind"] for line in story] == ["event", "entry"]
    assert prepared.lines("orders", "show", "00000003-58CC-4372-A567-0E02B2C3D479") == story
    assert len(prepared.lines("ledger", "entries", "--intent", "00000003-58CC-4372-A567-0E02B2C3D479")) == 1
    for form in ("table", "json", "csv"):
        shown = prepared.run("ledger", "entries", "--format", form)
        assert shown.returncode == 0
        assert "00000003-58cc-4372-a567-0e02b2c3d479" in shown.stdout
    cut = subprocess.run(
        f"{' '.join(PROGRAM)} archive records | head -n 1",
        shell=True,
        cwd=prepared.folder,
        env=prepared.environment({}),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (cut.stderr, cut.stdout.count("\n")) == ("", 1)


def test_nothing_found_is_exit_0_and_no_lines(prepared: Commands) -> None:
    """Every list of an empty pipeline is empty and no error."""
    for arguments in (
        ["orders", "list"],
        ["ledger", "entries"],
        ["ledger", "balances"],
        ["archive", "records"],
        ["alarms", "list"],
        ["dead-letters", "list"],
        ["breaks", "list"],
        ["orders", "show", INTENT],
    ):
        done = prepared.run(*arguments)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", ""), arguments


def test_an_archive_that_was_tampered_with_is_found(prepared: Commands, publish: Any, postgres: str) -> None:
    """`archive verify` prints the finding and exits 1."""
    publish([_settled(1)])
    with prepared.running("run", "archive"):
        eventually(
            lambda: [line for line in prepared.lines("archive", "records") if "index" in line], within=40, what="a record with its index"
        )
    with psycopg.connect(postgres, autocommit=True) as owner:
        owner.execute("GRANT UPDATE ON archive.records TO CURRENT_USER")
        owner.execute("ALTER TABLE archive.records DISABLE TRIGGER USER")
        owner.execute("UPDATE archive.records SET value = value || ' '")
    done = prepared.run("archive", "verify")
    assert done.returncode == 1
    assert [json.loads(line)["kind"] for line in done.stdout.splitlines()] == ["DIGEST_DIFFERS"]


# --- dead letters ----------------------------------------------------------------------------------------------------


def _pending(venue: Simulator) -> str:
    """Let a venue begin an order that nobody accepts, and return its intent."""
    order = {"side": "sender", "source_currency": "JPYSC0", "target_currency": "USDCx", "target_amount": "100", "fx_rate": "112"}
    request = urllib.request.Request(
        f"{venue.base_url}/simulator/orders", json.dumps({"orders": [order]}).encode(), {"content-type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        return str(json.load(answer)["intents"][0])


def _letter(intent: str) -> Outgoing:
    """Return a dead letter that says that a venue settled an order, as everybody can write one who may write dead letters."""
    body = {"intentId": intent, "status": "SETTLED", "updatedAt": "2025-03-15T09:00:18Z", "transactionHash": "9f2c"}
    return dead_letter(
        venue="tokyo", origin="stream", body=json.dumps(body).encode(), reason="an older parser", now=NOW, event_type="order_updated"
    )


def test_dead_letters_are_shown_and_requeued_once(prepared: Commands, publish: Any) -> None:
    """The order that a venue's bytes name is asked for anew, and its answer goes back: once, and nothing that the venue does not show.

    What cannot be read, and what may not go back, is said, with exit 1.
    """
    bad = dead_letter(venue="tokyo", origin="stream", body=b"{not json", reason="not JSON", now=NOW, event_type="order_updated")
    with (
        running_simulator(VenueSettings(client_secret=CANARY, port=0, rules=Rules(rate=0, order_lifetime=3600))) as venue,
        prepared.running("run", "archive"),
    ):
        url = {"CUSTODIAN_VENUES__TOKYO__BASE_URL": venue.base_url}
        intent = _pending(venue)
        good, unknown = _letter(intent), _letter(INTENT)
        letters = [letter.envelope.id for letter in (good, bad, unknown)]
        publish([good, bad, unknown])
        listed = eventually(
            lambda: found if len(found := prepared.lines("dead-letters", "list")) == 3 else None, within=40, what="the letters are archived"
        )
        assert listed is not None
        assert {line["reason"] for line in listed} == {"an older parser", "not JSON"}
        shown = prepared.run("dead-letters", "show", bad.envelope.id, "--raw")
        assert shown.stdout == "{not json"
        done = prepared.run("dead-letters", "requeue", *letters, **url)
        assert done.returncode == 1, done.stderr
        outcomes = {line["dead_letter_id"]: line for line in map(json.loads, done.stdout.splitlines())}
        assert [outcomes[letter]["outcome"] for letter in letters] == ["requeued", "unreadable", "refused"]
        assert "not JSON" in outcomes[bad.envelope.id]["reason"]
        assert f"custodian orders reread {INTENT}" in outcomes[unknown.envelope.id]["reason"]
        again = prepared.lines("dead-letters", "requeue", good.envelope.id)
        assert [line["outcome"] for line in again] == ["already"]
        events = eventually(
            lambda: prepared.lines("archive", "records", "--topic", "order-updated.v1", "--with-body"),
            within=20,
            what="the event is archived",
        )
    assert len(events) == 1
    event = json.loads(base64.b64decode(events[0]["body"]))
    assert (event["intent_id"], event["status"], event.get("transaction_hash")) == (intent, "PENDING", None)
    assert event["observed"]["origin"] == "read"
    unknown_letter = prepared.run("dead-letters", "requeue", "0" * 32)
    assert unknown_letter.returncode == 2


def _broken(prepared: Commands, publish: Any) -> dict[str, Any]:
    """Let the ledger refuse a record; return the line of its dead letter."""
    made = _settled(1)
    publish([Outgoing(envelope=made.envelope, key=made.key, value=b'{"venue": "tokyo"}')])
    return _listed(prepared, deaths=1)


def _listed(prepared: Commands, *, deaths: int) -> dict[str, Any]:
    """Wait until the one story that there is has so many deaths; return its line."""

    def look() -> dict[str, Any] | None:
        lines = prepared.lines("dead-letters", "list")
        assert len(lines) <= 1, lines
        return lines[0] if lines and lines[0]["deaths"] == deaths else None

    found = eventually(look, within=40, what=f"a record that died {deaths} times")
    assert found is not None
    return found


def _ids(prepared: Commands) -> list[str]:
    return [record["ce_id"] for record in prepared.lines("archive", "records", "--topic", "order-settled.v1")]


def test_a_record_that_dies_again_keeps_one_story(prepared: Commands, publish: Any) -> None:
    """What the ledger refused goes back as it was, dies again, and is one line with two deaths; `show` tells all, the metrics count it."""
    with prepared.running("run", "ledger", "archive"):
        first = _broken(prepared, publish)
        assert first["origin"]["topic"].endswith("order-settled.v1")
        done = prepared.lines("dead-letters", "requeue", first["dead_letter_id"], "--as", "Officer One", "--reason", "a try")
        assert done[0]["outcome"] == "requeued"
        again = _listed(prepared, deaths=2)
        assert (again["state"], again["requeued_by"]) == ("open", "Officer One")
        assert (again["first_dead_letter_id"], again["requeued_from"]) == (first["dead_letter_id"],) * 2
        assert again["sha256"] == first["sha256"]
        for death in (first, again):
            (shown,) = prepared.lines("dead-letters", "show", death["dead_letter_id"])
            assert [(step["what"], step["dead_letter_id"]) for step in shown["story"]] == [
                ("died", first["dead_letter_id"]),
                ("requeued", first["dead_letter_id"]),
                ("died", again["dead_letter_id"]),
            ]
            assert (shown["story"][1]["by"], shown["story"][1]["reason"], shown["story"][1]["times"]) == ("Officer One", "a try", 1)
        assert (shown["requeued_times"], shown["requeued_reason"]) == (1, "a try")
        refused = prepared.lines("dead-letters", "requeue", first["dead_letter_id"])
        assert [line["outcome"] for line in refused] == ["already"]
        assert "Officer One" in refused[0]["reason"]
        eventually(lambda: _metrics(prepared, "custodian_dead_letters_open") == 1, within=20, what="one death is open")
        closed = prepared.lines("dead-letters", "close", again["dead_letter_id"], "--as", "Officer Two", "--reason", "a test record")
        assert closed[0]["outcome"] == "closed"
        assert prepared.lines("dead-letters", "list", "--open") == []
        assert _listed(prepared, deaths=2)["state"] == "closed"
    assert len(_ids(prepared)) == 2
    assert len(set(_ids(prepared))) == 1


def _metrics(prepared: Commands, name: str) -> float:
    """Return the sum of a metric of the role archive."""
    (port,) = (role["metrics"] for role in json.loads(prepared.run("status").stdout)["roles"] if role["role"] == "archive")
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        lines = answer.read().decode().splitlines()
    found = [float(line.rpartition(" ")[2]) for line in lines if line.startswith((f"{name} ", f"{name}{{"))]
    assert found, f"{name} is not told"
    return sum(found)


def test_of_several_who_requeue_at_once_one_does(prepared: Commands, publish: Any) -> None:
    """Four commands at the same time put one record back once; each of the others says who did."""
    with prepared.running("run", "ledger", "archive"):
        first = _broken(prepared, publish)
        with ThreadPoolExecutor(4) as people:
            done = list(people.map(lambda _: prepared.lines("dead-letters", "requeue", first["dead_letter_id"])[0], range(4)))
        _listed(prepared, deaths=2)
        eventually(lambda: len(_ids(prepared)) >= 2, within=20, what="the record is archived again")
    assert sorted(line["outcome"] for line in done) == ["already"] * 3 + ["requeued"]
    assert len(_ids(prepared)) == 2


@pytest.mark.parametrize(("failpoint", "records"), [("requeue.before_produce", 2), ("requeue.after_produce", 3)])
def test_a_requeue_that_was_killed_is_finished_by_the_next(prepared: Commands, publish: Any, failpoint: str, records: int) -> None:
    """Killed before or after producing, the next requeue ends it: at most a duplicate under the same ce_id, one more death, one story."""
    with prepared.running("run", "ledger", "archive"):
        first = _broken(prepared, publish)
        name = first["dead_letter_id"]
        prepared.kill_at_failpoints()
        killed = prepared.run("dead-letters", "requeue", name, "--as", "Officer One", CUSTODIAN_FAILPOINT=failpoint)
        assert killed.returncode == -9
        done = prepared.lines("dead-letters", "requeue", name, "--as", "Officer Two")
        assert done[0]["outcome"] == "requeued"
        assert [line["outcome"] for line in prepared.lines("dead-letters", "requeue", name)] == ["already"]
        letters = ("archive", "records", "--topic", "dead-letter.v1")
        eventually(lambda: len(prepared.lines(*letters)) >= records, within=20, what=f"the ledger has refused all {records} records")
    assert len(_ids(prepared)) == records
    assert len(set(_ids(prepared))) == 1
    assert _listed(prepared, deaths=2)["requeued_by"] == "Officer One"


# --- reconciliation --------------------------------------------------------------------------------------------------


def test_reconcile_finds_what_is_missing_on_either_side_and_resolves_it_when_it_is_gone(prepared: Commands, publish: Any) -> None:
    """What the venue settled and nobody booked, and what is booked and the venue does not know, are breaks until they are gone."""
    rules = Rules(orders=12, rate=200, settle_directly=True, mix=Mix(receiver=1, sender=1, both=0, none=0))
    with running_simulator(VenueSettings(client_secret=CANARY, port=0, rules=rules)) as venue:
        url = {"CUSTODIAN_VENUES__TOKYO__BASE_URL": venue.base_url}

        def reconciled() -> tuple[int, list[dict[str, Any]], str]:
            done = prepared.run("reconcile", "venue", "--grace", "0s", **url)
            return done.returncode, [json.loads(line) for line in done.stdout.splitlines()], done.stderr

        def all_missing() -> list[dict[str, Any]]:
            code, found, said = reconciled()
            assert code == 1, said
            return found if len(found) == 12 else []

        missing = eventually(all_missing, within=30, what="the venue's twelve settlements are missing in the books")
        assert {(line["kind"], line["state"], line["severity"], line["venue"]) for line in missing} == {
            ("MISSING_IN_BOOKS", "open", "critical", "tokyo")
        }
        assert all(line["expected"]["settled_at"] and "actual" not in line for line in missing)
        again = {line["break_id"]: line for line in reconciled()[1]}
        assert {line["break_id"]: line["first_seen_at"] for line in missing} == {
            break_id: line["first_seen_at"] for break_id, line in again.items()
        }
        publish([_settled(1)])
        with prepared.running("up", **url):

            def only_ours() -> list[dict[str, Any]]:
                found = reconciled()[1]
                return found if [line["kind"] for line in found] == ["MISSING_AT_VENUE"] else []

            found = eventually(only_ours, within=60, what="everything is booked, and one booking is not the venue's")
    assert found[0]["intent_id"] == _settled(1).key
    assert found[0]["expected"] == {"status": "NOT FOUND"}
    states = [line["state"] for line in prepared.lines("breaks", "list", "--state", "all")]
    assert sorted(states) == ["open", *["resolved"] * 12]
    away = prepared.run("reconcile", "venue", **url)
    assert away.returncode in (69, 75), away.stderr


# --- secrets ---------------------------------------------------------------------------------------------------------


def test_no_secret_is_seen_anywhere(prepared: Commands, postgres: str) -> None:
    """While everything runs against a venue, neither log, command line, table, topic nor output holds the client secret or the password."""
    with running_simulator(VenueSettings(client_secret=CANARY, port=0)) as venue:
        url = {"CUSTODIAN_VENUES__TOKYO__BASE_URL": venue.base_url}
        with prepared.running("up", **url) as running:
            working(prepared, set(ROLES), within=60)
            lines = [Path(f"/proc/{pid}/cmdline").read_bytes() for pid in (running.process.pid, *running.pids())]
            assert running.end(signal.SIGTERM, within=32) == 0
            seen = [running.text(), *(line.decode() for line in lines)]
        seen += [prepared.run(*arguments, "--debug", **url).stderr for arguments in (["doctor"], ["status"])]
        wrong = prepared.run("doctor", "--debug", CUSTODIAN_POSTGRES__DSN="postgresql://u:" + CANARY + "@127.0.0.1:9/x", **url)
        seen += [wrong.stdout, wrong.stderr]
    with psycopg.connect(postgres) as connection:
        tables = connection.execute(
            "SELECT schemaname, tablename FROM pg_tables WHERE schemaname IN ('custodian', 'risk', 'commands', 'ledger', 'archive')"
        ).fetchall()
        for schema, table in tables:
            with connection.cursor().copy(f"COPY {schema}.{table} TO STDOUT".encode()) as rows:
                seen.append(b"".join(bytes(row) for row in rows).decode("utf-8", "replace"))
    secrets = [CANARY, *([prepared.password] if len(prepared.password) > 6 else [])]
    assert len(tables) > 8
    for text in seen:
        for secret in secrets:
            assert secret not in text
