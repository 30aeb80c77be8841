"""Stores against a real PostgreSQL: migrations once, positions locked, errors told apart."""

from __future__ import annotations

import threading

import psycopg
import pytest
from psycopg import conninfo

from pipeline import settings as configuration
from pipeline.errors import FatalError, RetryableError, ServiceAwayError, SettingsError
from pipeline.stores import migrations, positions
from pipeline.stores.migrations import Migration, found_in
from pipeline.stores.postgres import classify, connect, translated
from pipeline.stores.venue_parties import PostgresPartyPins
from tests.waiting import eventually


def database(dsn: str, **parts: str | int) -> configuration.Postgres:
    """Return settings for this test's database, with parts of the address replaced."""
    return configuration.Postgres(dsn=conninfo.make_conninfo(dsn, **parts))


def test_migrations_are_applied_once_and_only_the_missing_ones(postgres: str) -> None:
    """The first run applies all, the second none; a new file is applied alone."""
    files = found_in(["pipeline.stores"])
    with connect(database(postgres), name="test", autocommit=True) as connection:
        assert migrations.apply(connection, files) == [file.name for file in files]
        assert migrations.apply(connection, files) == []
        added = Migration("pipeline.stores/9999_pre_x.sql", "CREATE TABLE custodian.x (i int);")
        assert migrations.apply(connection, [*files, added]) == [added.name]


def test_an_edited_migration_is_refused(postgres: str) -> None:
    """Another text under an applied name is an error that names the file."""
    with connect(database(postgres), name="test", autocommit=True) as connection:
        migrations.apply(connection, [Migration("a", "SELECT 1;")])
        with pytest.raises(SettingsError, match="migration a was applied with another text"):
            migrations.apply(connection, [Migration("a", "SELECT 2;")])


def test_a_failing_migration_leaves_nothing_behind(postgres: str) -> None:
    """All missing files are one transaction."""
    with connect(database(postgres), name="test", autocommit=True) as connection:
        with pytest.raises(FatalError):
            migrations.apply(connection, [Migration("a", "CREATE TABLE custodian.a (i int);"), Migration("b", "SELECT 1/0;")])
        assert connection.execute("SELECT to_regclass('custodian.a')").fetchone() == (None,)


def test_two_inits_at_once_do_the_work_once(postgres: str) -> None:
    """Concurrent runs wait for one another and apply each file once."""
    applied: list[list[str]] = []

    def run() -> None:
        with connect(database(postgres), name="test", autocommit=True) as connection:
            applied.append(migrations.apply(connection, found_in(["pipeline.stores"])))

    runs = [threading.Thread(target=run) for _ in range(3)]
    for thread in runs:
        thread.start()
    for thread in runs:
        thread.join(30)
    assert sorted(len(names) for names in applied) == [0, 0, len(found_in(["pipeline.stores"]))]


def test_the_printed_script_does_what_init_does(postgres: str) -> None:
    """After the script nothing is left for init to apply."""
    files = found_in(["pipeline.stores"])
    with connect(database(postgres), name="test", autocommit=True) as connection:
        connection.execute(migrations.script(files, connection.info.user).encode())
        assert migrations.apply(connection, files) == []


def test_without_permission_init_says_what_an_administrator_can_do(postgres: str) -> None:
    """A user who may not make roles is told so, with the way out."""
    with connect(database(postgres), name="test", autocommit=True) as owner:
        owner.execute("DROP ROLE IF EXISTS poor")
        owner.execute("CREATE ROLE poor LOGIN PASSWORD 'poor'")
        try:
            with (
                connect(database(postgres, user="poor", password="poor"), name="test", autocommit=True) as connection,
                pytest.raises(SettingsError, match=r"init --print-sql"),
            ):
                migrations.apply(connection, found_in(["pipeline.stores"]))
        finally:
            owner.execute("DROP ROLE poor")


def prepared(dsn: str) -> psycopg.Connection[tuple[object, ...]]:
    """Open a connection on a prepared database with two positions of one consumer."""
    connection = connect(database(dsn), name="test", autocommit=True)
    migrations.apply(connection, found_in(["pipeline.stores"]))
    positions.prepare(connection, "c", [("t", 0, "id"), ("t", 1, "id")])
    return connection


def test_positions_advance_and_are_not_reset_by_preparing_again(postgres: str) -> None:
    """What is stored stays when init runs again."""
    with prepared(postgres) as connection:
        positions.advance(connection, "c", {("t", 0): 5})
        positions.prepare(connection, "c", [("t", 0, "id"), ("t", 1, "id")])
        found = positions.load(connection, "c", [("t", 0), ("t", 1)])
        assert {partition: position.next_offset for partition, position in found.items()} == {("t", 0): 5, ("t", 1): 0}


def test_a_missing_position_is_a_crash_not_a_guess(postgres: str) -> None:
    """No row, no work."""
    with prepared(postgres) as connection, pytest.raises(FatalError, match=r"t\[7\]; run `custodian init`"):
        positions.load(connection, "c", [("t", 7)])


def test_a_stale_owner_waits_and_finds_the_position_moved(postgres: str) -> None:
    """The second owner's lock waits for the first one's commit and then sees what it wrote."""
    with prepared(postgres) as first, connect(database(postgres), name="test") as second:
        seen: list[int] = []

        def stale() -> None:
            seen.append(positions.lock(second, "c", [("t", 0)])[("t", 0)].next_offset)

        with first.transaction():
            positions.lock(first, "c", [("t", 0)])
            waiting = threading.Thread(target=stale)
            waiting.start()
            with connect(database(postgres), name="watch", autocommit=True) as watch:
                eventually(
                    lambda: watch.execute("SELECT count(*) FROM pg_locks WHERE NOT granted").fetchone() == (1,),
                    within=10,
                )
            positions.advance(first, "c", {("t", 0): 9})
        waiting.join(10)
        assert seen == [9]


def test_refusals_of_postgresql_name_the_setting(postgres: str) -> None:
    """Away, wrong password and missing database are three different errors."""
    with pytest.raises(ServiceAwayError, match=r"custodian dev up"):
        connect(database(postgres, port=1), name="test")
    with pytest.raises(SettingsError, match=r"postgres.password_file"):
        connect(database(postgres, password="wrong"), name="test")
    with pytest.raises(SettingsError, match=r"postgres.dsn.*does not exist"):
        connect(database(postgres, dbname="nowhere"), name="test")


def test_errors_are_told_apart_by_sqlstate(postgres: str) -> None:
    """A cancelled statement can be repeated; a missing table cannot and says what to run."""
    with connect(database(postgres), name="test", autocommit=True) as connection:
        with pytest.raises(RetryableError, match="repeat"), translated("waiting"):
            connection.execute("SET statement_timeout = '10ms'; SELECT pg_sleep(5)")
        with pytest.raises(FatalError, match="custodian init"), translated("reading"):
            connection.execute("SELECT * FROM nothing_here")
        connection.execute("SELECT set_config('statement_timeout', '0', false)")
        with connect(database(postgres), name="other", autocommit=True) as killer:
            killer.execute("SELECT pg_terminate_backend(%s)", (connection.info.backend_pid,))
        with pytest.raises(psycopg.Error) as caught:
            connection.execute("SELECT 1")
        assert isinstance(classify(caught.value, "reading"), ServiceAwayError)


def test_the_first_party_of_a_venue_is_pinned(postgres: str) -> None:
    """Whoever asks later, with whatever answer, gets the first one; another venue has its own."""
    with psycopg.connect(postgres, autocommit=True) as connection:
        migrations.apply(connection, migrations.found_in(["pipeline.stores"]))
    pins = [PostgresPartyPins(lambda: psycopg.connect(postgres, autocommit=True)) for _ in range(2)]
    said = [("tokyo", "A::1"), ("tokyo", "A::1 "), ("osaka", "B::2"), ("tokyo", "B::2")]
    assert [pins[number % 2].pin(*one) for number, one in enumerate(said)] == ["A::1", "A::1", "B::2", "A::1"]
