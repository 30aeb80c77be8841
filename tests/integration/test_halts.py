"""What a halt covers, and who can keep one from being committed: tried with logins that can connect and nothing more."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator

import psycopg
import pytest

from pipeline.stores import halts, migrations
from pipeline.stores.postgres import Connection
from tests.integration.command_room import prepare
from tests.people import acting, resumes, signed_on
from tests.waiting import eventually


@pytest.fixture
def database(postgres: str) -> Iterator[Connection]:
    """A database with tables."""
    with prepare(postgres) as connection:
        yield connection


def says(who: Connection, venue: str | None, pair: str | None) -> str:
    """Halt by the database's function alone, and return what it says came of it, or that it refused."""
    try:
        row = who.execute("SELECT people.halt(%s, %s, 'x', 'y') ->> 'outcome'", (venue, pair)).fetchone()
    except psycopg.errors.InvalidParameterValue as error:
        return error.diag.message_primary or ""
    assert row is not None
    return str(row[0])


@pytest.mark.parametrize(
    ("venue", "pair"),
    [
        ("", None),
        ("TOKYO", None),
        ("tokyo ", None),
        ("\u202etokyo", None),
        ("tokyo\n", None),
        ("t" * 64, None),
        (None, ""),
        (None, "A/B\u200b"),
        (None, "A/B/C"),
        (None, "A/ B"),
        (None, "A/\u00a0B"),
    ],
)
def test_what_no_order_is_of_is_no_scope(database: Connection, venue: str | None, pair: str | None) -> None:
    """A thief's halt of nothing took the place of a halt of everything; by program and by function it is refused in words."""
    with acting(database, "Thief", "view") as thief:
        assert says(thief, venue, pair).startswith("no order is of this venue and pair")
        with pytest.raises(ValueError, match=r"name it as the settings do|write SOURCE/TARGET"):
            halts.halt(thief, venue=venue, pair=pair, reason="y", by="x")
        assert halts.active(database) == []
        assert says(thief, None, None) == "halted"
    assert [one.scope for one in halts.active(database)] == ["everything"]


@pytest.mark.parametrize(("venue", "pair"), [("tokyo", "JPYSC0/USDCx"), ("tokyo-2_b", None), (None, "\u00c9UR/A.b-c_d"), (None, "%/%")])
def test_what_orders_are_of_is_a_scope(database: Connection, venue: str | None, pair: str | None) -> None:
    """The program and the function take the same ones, and both times it is the same halt."""
    assert halts.halt(database, venue=venue, pair=pair, reason="y", by="x").new
    assert says(database, venue, pair) == "already"


def test_a_halt_of_nothing_that_a_release_before_kept_is_one_of_everything(postgres: str) -> None:
    """It was shown as "everything"; whatever else is in force is what it was."""
    with psycopg.connect(postgres, autocommit=True) as owner:
        ours = migrations.found_in(["pipeline.stores"])
        migrations.apply(owner, [one for one in ours if one.name < "pipeline.stores/0034"])
        for venue, pair in (("", None), ("osaka", None)):
            assert says(owner, venue, pair) == "halted"
        migrations.apply(owner, ours)
        assert [(one.venue, one.scope) for one in halts.active(owner)] == [(None, "everything"), ("osaka", "venue osaka")]
        assert [resumes(owner, None, None, by=by).outcome for by in ("One", "Two")] == ["counted", "resumed"]


@pytest.mark.parametrize("held", ["the lock of before", "the table", "a halt of the same"])
def test_nobody_elses_login_keeps_a_halt_from_being_committed(database: Connection, held: str) -> None:
    """What a login that may look can hold for ever, no halt waits for; what is not committed counts for nobody."""
    with acting(database, "Thief", "view") as thief, contextlib.suppress(psycopg.errors.InsufficientPrivilege):
        thief.execute("BEGIN")
        if held == "the lock of before":
            thief.execute("SELECT pg_advisory_lock_shared(hashtext('custodian'), hashtext('halts'))")
        elif held == "the table":
            thief.execute("LOCK TABLE commands.gate IN ACCESS SHARE MODE")
            with signed_on(database, "Thief") as another:
                for mode in ("ROW SHARE", "ROW EXCLUSIVE", "SHARE"):
                    with pytest.raises(psycopg.errors.InsufficientPrivilege):
                        another.execute(f"BEGIN; LOCK TABLE commands.gate IN {mode} MODE".encode())
                    another.execute("ROLLBACK")
        else:
            assert says(thief, "tokyo", None) == "halted"
        database.execute("SET statement_timeout = '5s'")
        assert says(database, "tokyo", None) == "halted"
        assert [one.login for one in halts.active(database)] == [database.info.user]


def test_who_keeps_a_halt_waiting_is_named(database: Connection) -> None:
    """An attempt that does not end keeps halts waiting by right: ten seconds, and then in words."""
    with psycopg.connect(database.info.dsn, password=database.info.password) as attempt:
        halts.hold_shared(attempt)
        with pytest.raises(psycopg.errors.LockNotAvailable, match=rf"{attempt.info.user} \(process {attempt.info.backend_pid}\)"):
            says(database, None, None)
        assert halts.active(database) == []
    assert says(database, None, None) == "halted"


def test_a_halt_that_is_being_ended_is_none_to_go_by(database: Connection) -> None:
    """Who halts while two people end another halt of the scope has one of their own, whatever becomes of the other."""
    with acting(database, "One") as one, acting(database, "Two") as two:
        assert says(one, "tokyo", None) == "halted"
        assert resumes(database, "tokyo", None, by="One").outcome == "counted"
        shown = halts.active(database)[0].shown_sha256
        two.execute("BEGIN")
        two.execute("SELECT people.resume('tokyo', NULL, %s, 'x', 'y')", (shown,))
        assert says(database, "tokyo", None) == "halted"
        two.execute("COMMIT")
    assert [halt.login for halt in halts.active(database)] == [database.info.user]


def test_an_attempt_waits_for_a_halt_that_is_being_committed(database: Connection) -> None:
    """And sees it then: that is what the lock is for."""
    seen: list[object] = []

    def attempt() -> None:
        with psycopg.connect(database.info.dsn, password=database.info.password) as begun:
            halts.hold_shared(begun)
            seen.append(halts.over(begun, venue="tokyo", pair="A/B"))

    with psycopg.connect(database.info.dsn, password=database.info.password) as halting:
        assert says(halting, None, None) == "halted"
        thread = threading.Thread(target=attempt)
        thread.start()
        waits = "SELECT count(*) FROM pg_locks WHERE relation = 'commands.gate'::regclass AND NOT granted"
        eventually(lambda: database.execute(waits).fetchone() == (1,), within=30, what="the attempt waits")
        assert seen == []
        halting.commit()
        thread.join(30)
    assert [getattr(one, "scope", None) for one in seen] == ["everything"]
