"""Sessions are inherited from roles, databases, servers and the environment; ours have what we say, or are refused by name."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from connectors.simulators.musubi.settings import Settings as VenueSettings
from connectors.simulators.musubi.simulator import running_simulator
from connectors.simulators.musubi.world import Rules
from pipeline import settings as configuration
from pipeline.errors import ServiceAwayError, SettingsError
from pipeline.log import topics
from pipeline.stores import inherited
from pipeline.stores.batches import LIMITS
from pipeline.stores.postgres import connect
from tests.integration.commands import CANARY, write_settings
from tests.integration.sink_room import NOW, SinkRoom, settled
from tests.pooler import Pooler
from tests.services import KafkaRoom, Services
from tests.waiting import eventually

HOSTILE = {
    "TimeZone": "Asia/Tokyo",
    "DateStyle": "SQL, DMY",
    "IntervalStyle": "sql_standard",
    "client_encoding": "SQL_ASCII",
    "bytea_output": "escape",
    "extra_float_digits": "-15",
    "standard_conforming_strings": "off",
    "array_nulls": "off",
    "transform_null_equals": "on",
    "search_path": "traps, pg_catalog",
    "default_transaction_isolation": "serializable",
    "default_transaction_read_only": "on",
    "default_transaction_deferrable": "on",
    "statement_timeout": "3s",
    "lock_timeout": "1ms",
    "idle_in_transaction_session_timeout": "2s",
    "idle_session_timeout": "2s",
    "transaction_timeout": "3s",
    "exit_on_error": "on",
    "synchronous_commit": "off",
}
SCALE = "[currencies.JPYSC0]\nscale = 4\n"
TRAPS = """
CREATE SCHEMA traps;
CREATE TABLE traps.entries (entry_id text); CREATE TABLE traps.migrations (name text, sha256 text);
CREATE TABLE traps.pg_roles (rolname text); CREATE TABLE traps.pg_class (relname text);
CREATE FUNCTION traps.clock_timestamp() RETURNS timestamptz LANGUAGE sql AS $$ SELECT '0001-01-01Z'::timestamptz $$;
CREATE FUNCTION traps.hashtext(text) RETURNS int LANGUAGE sql AS $$ SELECT 1/0 $$;
CREATE FUNCTION traps.to_regclass(text) RETURNS regclass LANGUAGE sql AS $$ SELECT NULL::regclass $$;
CREATE FUNCTION traps.current_setting(text) RETURNS text LANGUAGE sql AS $$ SELECT 'trapped'::text $$;
CREATE FUNCTION traps.set_config(text, text, boolean) RETURNS text LANGUAGE sql AS $$ SELECT 'trapped'::text $$;
CREATE FUNCTION traps.pg_backend_pid() RETURNS int LANGUAGE sql AS $$ SELECT 7 $$;
"""


def database(dsn: str) -> configuration.Postgres:
    """Return settings for a database."""
    return configuration.Postgres(dsn=dsn)


@pytest.fixture
def hostile(services: Services, postgres: str) -> str:
    """Give a database whose every default speaks against us."""
    name = conninfo_to_dict(postgres)["dbname"]
    with psycopg.connect(postgres, autocommit=True) as owner:
        owner.execute(TRAPS)
    with psycopg.connect(services.admin_dsn, autocommit=True) as admin:
        version = admin.info.server_version
        for setting, value in HOSTILE.items():
            if any(version < since and setting in names for since, names in inherited.SINCE.items()):
                continue
            shown = sql.SQL(value) if setting == "search_path" else sql.Literal(value)
            admin.execute(sql.SQL("ALTER DATABASE {} SET {} = {}").format(sql.Identifier(str(name)), sql.SQL(setting), shown))
    return postgres


def settings_of(connection: psycopg.Connection[Any], names: Iterator[str] | list[str]) -> dict[str, str]:
    """Return what a session has."""
    asked = "SELECT pg_catalog.convert_to(pg_catalog.current_setting(%s), 'UTF8')"  # bytes: psycopg gives texts of SQL_ASCII as bytes too
    return {name: connection.execute(asked, (name,), binary=True).fetchone()[0].decode() for name in names}  # type: ignore[index]


def test_a_session_has_our_settings_whatever_it_inherits(hostile: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Database and environment speak against all of them; ours stand, after a rollback too, and a role's own limits beside them."""
    monkeypatch.setenv("PGTZ", "Asia/Tokyo")
    monkeypatch.setenv("PGDATESTYLE", "SQL, DMY")
    monkeypatch.setenv("PGCLIENTENCODING", "SQL_ASCII")
    monkeypatch.setenv("PGOPTIONS", "-c enable_seqscan=off -c search_path=traps -c no.such=thing")
    with psycopg.connect(hostile, autocommit=True) as inherits:
        there = [name for name in HOSTILE if inherits.info.server_version >= 170000 or name != "transaction_timeout"]
        # The double check that the hostility is real: a session that nobody set is as HOSTILE says.
        inherits.execute("SELECT 1")
        assert settings_of(inherits, ["DateStyle", "lock_timeout"]) == {"DateStyle": "SQL, DMY", "lock_timeout": "1ms"}
    wanted = {**inherited.SESSION, **{name: value for names in inherited.SINCE.values() for name, value in names.items()}}
    with connect(database(hostile), name="test") as connection:
        connection.rollback()
        assert {name: settings_of(connection, [name])[name] for name in there if name != "synchronous_commit"} == {
            name: wanted[name] for name in there if name != "synchronous_commit"
        }
        assert settings_of(connection, ["synchronous_commit", "enable_seqscan"]) == {"synchronous_commit": "on", "enable_seqscan": "on"}
        assert not connection.autocommit
    with connect(database(hostile), name="test", session=LIMITS, autocommit=True) as limited:
        assert settings_of(limited, ["lock_timeout", "statement_timeout"]) == {"lock_timeout": "5s", "statement_timeout": "1min"}
        assert settings_of(limited, ["TimeZone"]) == {"TimeZone": "UTC"}
        assert limited.autocommit


def test_the_end_of_the_calendar_is_read_back(hostile: str) -> None:
    """A moment that another zone moves beyond year 9999 or before year 1 is read as it was written."""
    with connect(database(hostile), name="test", autocommit=True) as connection:
        for text in ("9999-12-31T23:59:59.999999+00:00", "0001-01-01T00:00:00+00:00"):
            at = datetime.fromisoformat(text)
            for binary in (False, True):
                read = connection.execute("SELECT %s::timestamptz", (at,), binary=binary).fetchone()
                assert read == (at,), (text, binary)


@pytest.mark.timeout(600)  # nine commands, of which each takes ten seconds on a busy machine
def test_everything_works_on_a_database_whose_defaults_speak_against_us(
    hostile: str, kafka: KafkaRoom, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """init, the sinks, status, doctor, ledger, archive: the same results as on any other database."""
    against = {"PGTZ": "Asia/Tokyo", "PGDATESTYLE": "SQL, DMY", "PGCLIENTENCODING": "SQL_ASCII", "PGOPTIONS": "-c search_path=traps"}
    for name, value in against.items():
        monkeypatch.setenv(name, value)
    with running_simulator(VenueSettings(client_secret=CANARY, port=0, rules=Rules(rate=0))) as venue:
        commands = write_settings(tmp_path, kafka, hostile, venue_url=venue.base_url, more=SCALE)

        def lines(*arguments: str) -> list[dict[str, Any]]:
            done = commands.run(*arguments, **against)
            assert done.returncode == 0, f"{arguments}: {done.stdout}\n{done.stderr}"
            return [json.loads(line) for line in done.stdout.splitlines()]

        done = commands.run("init", **against)
        assert done.returncode == 0, done.stderr
        room = SinkRoom(settings=configuration.load(tmp_path / "custodian.toml", {}))
        orders = [settled(1, sender_party_id="株式会社テスト::aa"), settled(2)]
        room.publish(orders)
        with room.running("ledger"), room.running("archive"):
            eventually(lambda: len(room.booked()) == 2, within=60, what="two entries")
            eventually(lambda: room.position_of("archive", topics.ORDER_SETTLED) == 2, within=60, what="two archived records")
        room.sequencer().drain()
        entries = {line["intent_id"]: line for line in lines("ledger", "entries", "--as-of", "9999-12-31")}
        for order in orders:
            assert entries[order.intent_id]["occurred_at"][:19] == str(order.settled_at)[:19]
            recorded = datetime.fromisoformat(entries[order.intent_id]["recorded_at"])
            assert abs((datetime.now(UTC) - recorded).total_seconds()) < 600
        assert "株式会社テスト" in json.dumps(list(entries.values()), ensure_ascii=False)
        assert lines("ledger", "entries", "--as-of", "0001-01-01") == []
        assert len(lines("ledger", "entries", "--as-of", NOW.strftime("%Y-%m-%d"), "--known-at", "9999-12-31T23:59:59-12:00")) == 2
        status = json.loads(commands.run("status", **against).stdout)  # a finding: these sinks are no roles
        assert (status["alarms_open"], status["venues"]) == (0, [{"venue": "tokyo", "connected": False}])
        assert [line for line in lines("doctor") if line["result"] != "ok"] == []
        lines("archive", "verify")
        assert room.rows("SELECT (SELECT count(*) FROM traps.entries), (SELECT count(*) FROM traps.migrations)") == [(0, 0)]


# --- what cannot be set is refused ------------------------------------------------------------------------------------


@pytest.fixture(params=["SQL_ASCII", "LATIN1"])
def other_encoding(request: pytest.FixtureRequest, services: Services, postgres: str) -> Iterator[str]:
    """Give a database of an encoding that is not UTF8, owned as the test's own."""
    name = f"t{secrets.token_hex(6)}"
    owner = str(conninfo_to_dict(postgres)["user"])
    with psycopg.connect(services.admin_dsn, autocommit=True) as admin:
        make = "CREATE DATABASE {} OWNER {} ENCODING {} TEMPLATE template0 LOCALE_PROVIDER libc LOCALE 'C'"
        admin.execute(sql.SQL(make).format(sql.Identifier(name), sql.Identifier(owner), sql.Literal(request.param)))
        try:
            yield make_conninfo(postgres, dbname=name)
        finally:
            admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def test_a_database_of_another_encoding_is_refused(other_encoding: str, kafka: KafkaRoom, tmp_path: Path) -> None:
    """`init` ends with 78, `doctor` has a finding, the printed script stops; each names the encoding, and nothing is made."""
    commands = write_settings(tmp_path, kafka, other_encoding)
    done = commands.run("init")
    assert done.returncode == 78, done.stderr
    assert "UTF8" in done.stderr
    findings = {line["check"]: line["do"] for line in map(json.loads, commands.run("doctor").stdout.splitlines()) if "do" in line}
    assert "ENCODING 'UTF8'" in findings["database encoding"]
    with psycopg.connect(other_encoding, autocommit=True) as connection:
        with pytest.raises(psycopg.errors.RaiseException, match="UTF8"):
            connection.execute(commands.run("init", "--print-sql").stdout.encode())
        connection.rollback()
        assert connection.execute("SELECT to_regnamespace('custodian')").fetchone() == (None,)


def test_a_user_whose_triggers_do_not_fire_is_refused(services: Services, postgres: str) -> None:
    """session_replication_role cannot be set by us, and books without their triggers are none."""
    user = str(conninfo_to_dict(postgres)["user"])
    with psycopg.connect(services.admin_dsn, autocommit=True) as admin:
        admin.execute(sql.SQL("ALTER ROLE {} SET session_replication_role = replica").format(sql.Identifier(user)))
    with pytest.raises(SettingsError, match=r"session_replication_role is 'replica'.*RESET"):
        connect(database(postgres), name="test")


# --- poolers ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("in_turn", [False, True], ids=["the last first", "in turn"])
@pytest.mark.parametrize("idle", [0, 1, 2, 5], ids=lambda idle: f"{idle} idle")
def test_a_pooler_by_transaction_is_recognised_and_nothing_is_left_in_its_sessions(postgres: str, idle: int, in_turn: bool) -> None:
    """However many sessions it has and in whichever order it lends them: 78, and what others meet there is as it was."""
    with Pooler(postgres, mode="transaction", in_turn=in_turn) as pooler:
        others = [psycopg.connect(pooler.dsn) for _ in range(idle)]
        for other in others:
            other.execute("SELECT 1")  # each holds a session now
        for other in others:
            other.commit()
            other.close()
        with pytest.raises(SettingsError, match=r"pools by transaction.*pool_mode = session"):
            connect(database(pooler.dsn), name="test")
        with psycopg.connect(pooler.dsn, autocommit=True) as other:
            assert settings_of(other, ["search_path"]) == {"search_path": '"$user", public'}


def test_a_pooler_by_session_serves_the_command_line_and_the_roles(postgres: str, kafka: KafkaRoom, tmp_path: Path) -> None:
    """No start-up option that it refuses, our settings in every session, and a settlement booked through it."""
    with Pooler(postgres, mode="session") as pooler:
        commands = write_settings(tmp_path, kafka, pooler.dsn, more=SCALE)
        done = commands.run("init", PGOPTIONS="-c search_path=traps")
        assert done.returncode == 0, done.stderr
        room = SinkRoom(settings=configuration.load(tmp_path / "custodian.toml", {}))
        room.publish([settled(1)])
        with room.running("ledger"):
            eventually(lambda: len(room.booked()) == 1, within=60, what="the entry")
        assert len(commands.lines("ledger", "entries")) == 1
        # Sessions are lent again after others; each has our settings all the same.
        for _ in range(3):
            with connect(database(pooler.dsn), name="test", session={"lock_timeout": "7s"}, autocommit=True) as connection:
                found = settings_of(connection, ["TimeZone", "lock_timeout", "statement_timeout"])
                assert found == {"TimeZone": "UTC", "lock_timeout": "7s", "statement_timeout": "0"}


def test_a_pooler_by_transaction_stops_the_command_line(postgres: str, kafka: KafkaRoom, tmp_path: Path) -> None:
    """`init` and what reads end with 78, `doctor` has a finding; each says what to write."""
    assert write_settings(tmp_path, kafka, postgres).run("init").returncode == 0, "so that the role has its secret"
    with Pooler(postgres, mode="transaction") as pooler:
        commands = write_settings(tmp_path, kafka, pooler.dsn)
        for arguments in (("init",), ("ledger", "entries"), ("run", "ledger")):
            done = commands.run(*arguments)
            assert done.returncode == 78, (arguments, done.stderr)
            assert "pool_mode = session" in done.stderr
        assert "pools by transaction" in commands.run("doctor").stdout


def test_a_pool_that_is_used_up_is_away_not_for_ever(postgres: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With one session and ours in it there is none to compare with: said after the limit, and worth another try."""
    monkeypatch.setattr(inherited, "_TOLD_WITHIN", 0.3)
    with Pooler(postgres, mode="session", size=2) as pooler, psycopg.connect(pooler.dsn) as holder:
        holder.execute("SELECT 1")
        with pytest.raises(ServiceAwayError, match="default_pool_size"):
            connect(database(pooler.dsn), name="test")


def test_a_direct_connection_is_asked_nothing_more(postgres: str) -> None:
    """Where the process that answers is the one that let us in, no second connection is opened."""
    with connect(database(postgres), name="test", autocommit=True) as connection:
        assert not inherited.is_pooled(connection)
        counted = connection.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()").fetchone()
        assert counted == (1,)
