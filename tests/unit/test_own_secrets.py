"""Each process has its own secrets: what of the settings and of the environment is left to a role."""

from __future__ import annotations

import io
import sys
import time
from pathlib import Path

import pytest

from pipeline.errors import SettingsError
from pipeline.observability.secrets import secrets_of
from pipeline.settings import Kafka, Settings, load
from pipeline.stores.grants import ROLES
from pipeline.stores.role_logins import as_role, role_of, settings_of
from pipeline.supervisor.output import Output
from pipeline.supervisor.secrets import WITHHELD, own_environment
from pipeline.supervisor.supervisor import Plan, Supervisor

TOML = """
[kafka]
client = { "sasl.username" = "common" }
password_file = "secrets/kafka"
[kafka.roles.ledger]
client = { "sasl.username" = "books" }
password_file = "secrets/kafka-ledger"
[kafka.roles.cli]
client = { "sasl.username" = "people", "sasl.password" = "of-people" }
[postgres]
dsn = "postgresql://deployer@127.0.0.1:5432/books?application_name=x"
password_file = "secrets/postgres"
[postgres.roles.ledger]
user = "ledger_of_ours"
password_file = "elsewhere/ledger"
[postgres.roles.archive]
dsn = "postgresql://reader:secret-of-archive@127.0.0.1:5433/books"
[venues.tokyo]
base_url = "http://127.0.0.1:9"
[venues.tokyo.auth]
client_id = "custodian-a"
client_secret_file = "secrets/tokyo"
[venues.osaka]
base_url = "http://127.0.0.1:9"
[venues.osaka.auth]
kind = "static"
token = "token-of-osaka"
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings with a secret of each kind in a file of its own."""
    (tmp_path / "custodian.toml").write_text(TOML)
    single = ("secrets/kafka", "secrets/kafka-ledger", "secrets/postgres", "secrets/tokyo", "elsewhere/ledger")
    for name in (*single, *(f"secrets/postgres-{role}" for role in ROLES)):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(f"what {name} holds")
    return load(tmp_path / "custodian.toml", {})


def test_a_role_connects_as_itself_with_its_own_secret(settings: Settings) -> None:
    """By itself that is the role named after the database and the file beside the deploy login's; the settings may say otherwise."""
    own = as_role(settings.postgres, "ingest")
    assert "user=books_ingest" in own.dsn.split()
    assert "application_name=x" in own.dsn.split()
    assert own.secret() == "what secrets/postgres-ingest holds"
    other = as_role(settings.postgres, "ledger")
    assert "user=ledger_of_ours" in other.dsn.split()
    assert other.secret() == "what elsewhere/ledger holds"
    elsewhere = as_role(settings.postgres, "archive")
    assert {"user=reader", "port=5433"} <= set(elsewhere.dsn.split())
    assert elsewhere.secret() == "secret-of-archive"


@pytest.mark.parametrize("role", ROLES)
def test_no_role_is_left_what_belongs_to_another(settings: Settings, role: str) -> None:
    """What can be reached from a role's settings are its own passwords, and the venues' secrets only where venues are asked."""
    own = settings_of(settings, role)  # type: ignore[arg-type]
    password = {"ledger": "what elsewhere/ledger holds", "archive": "secret-of-archive"}.get(role, f"what secrets/postgres-{role} holds")
    venues = ["what secrets/tokyo holds", "token-of-osaka"] if role in ("ingest", "commands") else []
    kafka = "what secrets/kafka-ledger holds" if role == "ledger" else "what secrets/kafka holds"
    assert sorted(secrets_of(own)) == sorted([password, kafka, *venues])
    assert not own.postgres.roles
    assert not own.kafka.roles
    assert set(own.venues) == {"tokyo", "osaka"}


def test_who_prepares_and_people_have_what_they_work_with(settings: Settings) -> None:
    """Each its own login in Kafka, the deploy login of PostgreSQL, the secrets of venues, and `init` what it gives to roles."""
    init, people = settings_of(settings, "init"), settings_of(settings, "cli")
    assert (init.kafka.options()["sasl.username"], people.kafka.options()["sasl.username"]) == ("common", "people")
    assert (init.postgres, init.venues) == (people.postgres, people.venues) == (settings.postgres, settings.venues)
    assert "what secrets/kafka holds" not in secrets_of(people)


def test_a_password_of_all_is_no_roles(tmp_path: Path) -> None:
    """A password of [postgres] that stands in the environment, or in the address, is never used by a role."""
    loaded = load(
        None, {"CUSTODIAN_POSTGRES__DSN": "postgresql://deployer:deploy-secret@127.0.0.1/books", "CUSTODIAN_POSTGRES__PASSWORD": "too"}
    )
    for role in ROLES:
        assert as_role(loaded.postgres, role).secret() is None
        assert "deploy-secret" not in as_role(loaded.postgres, role).dsn


def test_a_database_that_is_not_named_is_the_users(tmp_path: Path) -> None:
    """As libpq has it; where nothing is known of it, the user has to be written."""
    loaded = load(None, {"CUSTODIAN_POSTGRES__DSN": "postgresql://books@127.0.0.1"})
    assert {"user=books_risk", "dbname=books"} <= set(as_role(loaded.postgres, "risk").dsn.split())
    with pytest.raises(SettingsError, match=r"postgres\.roles\.risk\.user: missing"):
        as_role(load(None, {"CUSTODIAN_POSTGRES__DSN": "host=/run/postgresql"}).postgres, "risk")


@pytest.mark.parametrize(("length", "whole"), [(52, True), (53, False)])
def test_a_long_name_of_a_database_is_digested(length: int, whole: bool) -> None:
    """A role's name has 63 bytes."""
    name = role_of("d" * length, "settlement")
    assert len(name) <= 63
    assert name.startswith("dd") is whole


def test_a_role_that_there_is_not_is_a_fault_of_settings() -> None:
    """A typo below [postgres.roles] would leave a role with another login than was meant."""
    with pytest.raises(SettingsError, match=r"postgres\.roles"):
        load(None, {"CUSTODIAN_POSTGRES__ROLES__LEGDER__USER": "x"})


def test_a_child_inherits_no_secret_but_its_own() -> None:
    """Passwords of the deploy login, of other roles and of people are left out, the venue's is left to who asks venues."""
    inherited = {
        "PATH": "/bin",
        "PGPASSWORD": "deploy-1",
        "CUSTODIAN_LOGIN": "alice",
        "CUSTODIAN_LOGIN_PASSWORD_FILE": "/alice",
        "CUSTODIAN_POSTGRES__PASSWORD": "deploy-2",
        "CUSTODIAN_POSTGRES__DSN": "postgresql://deployer:deploy-3@db/books",
        "CUSTODIAN_POSTGRES__PASSWORD_FILE": "/secrets/postgres",
        "CUSTODIAN_POSTGRES__ROLES__LEDGER__PASSWORD": "of-ledger",
        "CUSTODIAN_POSTGRES__ROLES__INGEST__PASSWORD": "of-ingest",
        "CUSTODIAN_KAFKA__ROLES__LEDGER__CLIENT__SASL_PASSWORD": "kafka-of-ledger",
        "CUSTODIAN_kafka__roles__Archive__client__sasl_username": "archive",
        "CUSTODIAN_KAFKA__ROLES__INIT__CLIENT__SASL_PASSWORD": "kafka-of-init",
        "CUSTODIAN_KAFKA__CLIENT__SECURITY_PROTOCOL": "SASL_SSL",
        "CUSTODIAN_KAFKA__CLIENT__SASL_PASSWORD": "kafka-of-all",
        "CUSTODIAN_kafka__client__ssl_key_password": "key-of-all",
        "CUSTODIAN_VENUES__TOKYO__AUTH__CLIENT_SECRET": "of-tokyo",
        "CUSTODIAN_VENUES__TOKYO__AUTH__CLIENT_ID": "custodian-a",
        "CUSTODIAN_venues__osaka__auth__token": "of-osaka",
    }
    kept = {
        "PATH": "/bin",
        "CUSTODIAN_POSTGRES__DSN": "postgresql://deployer@db/books",
        "CUSTODIAN_POSTGRES__PASSWORD_FILE": "/secrets/postgres",
        "CUSTODIAN_KAFKA__CLIENT__SECURITY_PROTOCOL": "SASL_SSL",
        "CUSTODIAN_kafka__client__ssl_key_password": "key-of-all",
        "CUSTODIAN_VENUES__TOKYO__AUTH__CLIENT_ID": "custodian-a",
    }
    client = {"sasl.username": "common", "sasl.password": "kafka-of-all", "ssl.key.password": "key-of-all"}
    books = {"sasl.username": "books", "sasl.password": "kafka-of-ledger"}
    kafka = Kafka.model_validate({"client": client, "roles": {"ledger": {"client": books}, "archive": {"client": {}}}})
    assert own_environment("ledger", inherited, kafka) == kept | {
        "CUSTODIAN_POSTGRES__ROLES__LEDGER__PASSWORD": "of-ledger",
        "CUSTODIAN_KAFKA__ROLES__LEDGER__CLIENT__SASL_PASSWORD": "kafka-of-ledger",
        "CUSTODIAN_VENUES__TOKYO__AUTH__CLIENT_SECRET": WITHHELD,
        "CUSTODIAN_venues__osaka__auth__token": WITHHELD,
    }
    assert own_environment("ingest", inherited, kafka) == kept | {
        "CUSTODIAN_POSTGRES__ROLES__INGEST__PASSWORD": "of-ingest",
        "CUSTODIAN_KAFKA__CLIENT__SASL_PASSWORD": "kafka-of-all",
        "CUSTODIAN_VENUES__TOKYO__AUTH__CLIENT_SECRET": "of-tokyo",
        "CUSTODIAN_venues__osaka__auth__token": "of-osaka",
    }


def test_a_supervised_role_starts_without_the_secrets_of_others(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What stands in the environment of the child's process, as anybody with its rights could read it there."""
    monkeypatch.setenv("CUSTODIAN_POSTGRES__PASSWORD", "the-deploy-secret")
    monkeypatch.setenv("CUSTODIAN_VENUES__TOKYO__AUTH__CLIENT_SECRET", "the-venue-secret")
    monkeypatch.setenv("CUSTODIAN_KAFKA__ROLES__ARCHIVE__CLIENT__SASL_PASSWORD", "the-archive-secret")
    monkeypatch.setenv("CUSTODIAN_KAFKA__CLIENT__SASL_PASSWORD", "the-common-secret")
    kafka = Kafka.model_validate(
        {"client": {"sasl.password": "the-common-secret"}, "roles": {"ledger": {"client": {"sasl.password": "of-ledger"}}}}
    )
    told = tmp_path / "environment"
    copies = f"import os, sys; open({str(told)!r}, 'w').write(repr(dict(os.environ))); sys.exit(78)"
    for role, has_the_venues in (("ledger", False), ("ingest", True)):
        output = Output(io.StringIO())
        plan = Plan(role=role, command=[sys.executable, "-c", copies], kafka=kafka)
        assert Supervisor([plan], output, monotonic=time.monotonic, human=False).run() == 78
        output.close()
        found = told.read_text()
        assert "the-deploy-secret" not in found
        assert "the-archive-secret" not in found
        assert ("the-common-secret" in found) == (role != "ledger")
        assert ("the-venue-secret" in found) == has_the_venues
