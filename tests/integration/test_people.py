"""People are logins: what each may do is held by the database, without the program's help."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from pipeline.errors import SettingsError
from pipeline.log.envelope import derive_id, time_text
from pipeline.stores import approvals, halts, migrations, people
from pipeline.stores.postgres import Connection
from tests import one_login
from tests.integration.command_room import prepare
from tests.integration.commands import Commands, write_settings
from tests.integration.test_approvals import referral
from tests.people import PASSWORD, acting, login_of, make, resumes, says, signed_in, signed_on
from tests.services import KafkaRoom, Services

OURS = ("custodian", "risk", "commands", "ledger", "archive", "accounting", "compliance")


@pytest.fixture
def database(postgres: str) -> Iterator[Connection]:
    """A database with tables."""
    with prepare(postgres) as connection:
        yield connection


@pytest.fixture
def commands(tmp_path: Any, kafka: KafkaRoom, postgres: str) -> Commands:
    """Give the program after `init`."""
    made = write_settings(tmp_path, kafka, postgres)
    done = made.run("init")
    assert done.returncode == 0, done.stderr
    return made


def waiting(database: Connection, *, needed: int = 2) -> str:
    """Let a decision wait for people from now on, and return the digest of what they are shown."""
    now = datetime.now(UTC)
    made = referral(needed=needed)
    moved = approvals.Referral(
        decision=made.decision, shown=made.shown, approvers_needed=needed, expires_at=now + timedelta(minutes=5), causation_id="c"
    )
    assert approvals.open_referral(database, moved, now=now)
    return moved.shown_sha256


def tables(database: Connection) -> list[tuple[str, list[str]]]:
    """Return every table of ours with its columns, from the catalogue: one that is new cannot be forgotten."""
    rows = database.execute(
        "SELECT format('%%I.%%I', n.nspname, c.relname), array_agg(quote_ident(a.attname) ORDER BY a.attnum)"
        "  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0"
        " WHERE n.nspname = ANY (%s) AND c.relkind IN ('r', 'p') GROUP BY 1 ORDER BY 1",
        (list(OURS),),
    ).fetchall()
    return [(table, columns) for table, columns in rows]


def refused(connection: Connection, statement: str) -> None:
    """Fail unless PostgreSQL refuses a statement for want of a right."""
    try:
        connection.execute(statement.encode())
    except psycopg.errors.InsufficientPrivilege:
        return
    except psycopg.Error as error:
        raise AssertionError(f"{statement}: {type(error).__name__}: {error}") from None
    raise AssertionError(f"{statement}: it was done")


def test_who_can_approve_can_write_nothing(commands: Commands, postgres: str) -> None:
    """No table takes a word of a person, no role is theirs to take, and what the functions lean on is not theirs to call."""
    with psycopg.connect(postgres, autocommit=True) as database, acting(database, "Officer", "view", "approve", "operate") as person:
        every = tables(database)
        assert {"risk.approvals", "risk.referrals", "custodian.outbox", "custodian.people", "custodian.agreements"} <= {
            one for one, _ in every
        }
        for table, columns in every:
            refused(person, f"INSERT INTO {table} DEFAULT VALUES")
            refused(person, f"UPDATE {table} SET {columns[0]} = DEFAULT")
            refused(person, f"DELETE FROM {table}")
            refused(person, f"TRUNCATE {table}")
            refused(person, f"ALTER TABLE {table} DISABLE TRIGGER ALL")
        owner = database.info.user
        for statement in (
            f'SET ROLE "{owner}"',
            f'SET SESSION AUTHORIZATION "{owner}"',
            f'SET SESSION AUTHORIZATION "{make(database, "Other")}"',
            "SET session_replication_role = replica",
            "CREATE FUNCTION people.answer() RETURNS int LANGUAGE sql AS 'SELECT 1'",
            "CREATE TABLE risk.mine (x int)",
            "CREATE ROLE another LOGIN",
            f'GRANT "{database.info.dbname}_approve" TO "{login_of(database, "Other")}"',
            "SELECT custodian.note_act('i', 'a', 'c', NULL, now(), '{}')",
            "SELECT custodian.agree(NULL, 'resume', '1', repeat('0', 64), 'x', '')",
            "SELECT custodian.who_speaks('x', '')",
            "SELECT custodian.add_person('another', 'SCRAM-SHA-256$', 'approve')",
            f"SELECT custodian.remove_person('{login_of(database, 'Other')}')",
        ):
            refused(person, statement)


def test_a_person_does_what_the_groups_say_and_no_more(database: Connection, services: Services) -> None:
    """Who may look cannot approve or end a halt, who may approve cannot end a halt, and the other way round; everybody halts."""
    shown = waiting(database, needed=5)
    halts.halt(database, venue=None, pair=None, reason="drill", by="x")
    (standing,) = halts.active(database)

    def approves(person: Connection) -> str:
        return approvals.approve(person, "d-1", by="x", shown=shown).became

    def resumes_(person: Connection) -> str:
        return halts.resume(person, venue=None, pair=None, shown=standing.shown_sha256, reason="", by="x").outcome

    may: dict[str, tuple[people.May, set[str]]] = {
        "Looks": ("view", set()),
        "Approves": ("approve", {"approves"}),
        "Operates": ("operate", {"resumes"}),
        "Accounts": ("account", set()),
        "Complies": ("comply", set()),
    }
    for name, (group, can) in may.items():
        with psycopg.connect(services.admin_dsn, dbname=database.info.dbname, autocommit=True) as admin:
            make(admin, name, group)  # readers of the books and the evidence belong to the whole server
        with signed_on(database, name) as person:
            assert not halts.halt(person, venue=None, pair=None, reason="drill", by="x").new
            for act, speak in (("approves", approves), ("resumes", resumes_)):
                if act in can:
                    assert speak(person) == "counted"
                else:
                    with pytest.raises(SettingsError, match="permission denied"):
                        speak(person)
            if group in ("view", "approve", "operate"):
                assert person.execute("SELECT count(*) FROM risk.referrals").fetchone() == (1,)
            else:
                refused(person, "SELECT count(*) FROM risk.referrals")


@pytest.mark.parametrize(
    "who", ["owner", "superuser", "member of the owner", "maker of logins", "who fills the group", "writer", "stranger"]
)
def test_who_can_write_the_tables_is_not_counted(database: Connection, services: Services, who: str) -> None:
    """Whoever could write approvals or make people is refused, in the group or not, and so is who is in the group and no person."""
    shown = waiting(database)
    owner, group = database.info.user, f"{database.info.dbname}_approve"
    with psycopg.connect(services.admin_dsn, dbname=database.info.dbname, autocommit=True) as admin:
        # Made by another than the owner, who is a member of what it makes and could not be put below it.
        admin.execute(f"CREATE ROLE \"{login_of(database, 'Other')}\" LOGIN PASSWORD '{PASSWORD}'".encode())
        other = make(database, "Other")
        named = {"owner": owner, "superuser": admin.info.user}.get(who, other)
        admin.execute(f'GRANT "{group}" TO "{named}"'.encode())
        # What makes a person more than one comes after that person was made.
        admin.execute("INSERT INTO custodian.people (login) VALUES (%s) ON CONFLICT DO NOTHING", (named,))
        for statement in {
            "member of the owner": [f'GRANT "{owner}" TO "{other}"', f'ALTER ROLE "{other}" NOINHERIT'],
            "maker of logins": [f'ALTER ROLE "{other}" CREATEROLE'],
            "who fills the group": [f'GRANT "{group}" TO "{other}" WITH ADMIN OPTION'],
            "writer": [f'GRANT INSERT ON commands.journal TO "{other}"'],
            "stranger": [
                f'GRANT "{group}" TO "{make(database, "Stranger")}"',
                "DELETE FROM custodian.people WHERE login LIKE '%\\_stranger'",
            ],
        }.get(who, []):
            admin.execute(statement.encode())
        try:
            with contextlib.ExitStack() as ends:
                speaking = {"owner": database, "superuser": admin}.get(who)
                name = "Stranger" if who == "stranger" else "Other"
                speaking = speaking or ends.enter_context(signed_on(database, name))
                with pytest.raises(SettingsError, match=r"custodian people add") as said:
                    approvals.approve(speaking, "d-1", by="First", shown=shown)
            assert ("none of a person" if who == "stranger" else "can write the tables") in str(said.value)
            assert database.execute("SELECT count(*) FROM risk.approvals").fetchone() == (0,)
        finally:
            admin.execute(f'REVOKE "{group}" FROM "{named}" CASCADE'.encode())


@pytest.mark.parametrize("may_not", ["owner", "maker of logins", "not a login"])
def test_nobody_who_can_write_is_made_a_person(database: Connection, services: Services, may_not: str) -> None:
    """`add` refuses a login with more rights than a person has, and a role that is no login, and leaves it as it was."""
    other = f"{database.info.dbname}_other"
    with psycopg.connect(services.admin_dsn, dbname=database.info.dbname, autocommit=True) as admin:
        admin.execute(f'CREATE ROLE "{other}" {"CREATEROLE LOGIN" if may_not == "maker of logins" else "NOLOGIN"}'.encode())
    name = database.info.user if may_not == "owner" else other
    with pytest.raises(ValueError, match=r"cannot be a person|cannot log in"):
        people.add(database, name, ["approve"], people.verifier(PASSWORD, b"salt"))
    assert list(people.listed(database)) == []


@pytest.mark.parametrize("login", ["Officer", "\u043efficer", "officer.", "off\nicer", "officer one", "", "a" * 64, 'a"b', "a'b"])
def test_no_two_logins_look_alike(database: Connection, login: str) -> None:
    """A login is lower-case ASCII without a sign at its ends, for the program and for the table."""
    with pytest.raises(ValueError, match="no two of such look alike"):
        people.add(database, login, ["approve"], people.verifier(PASSWORD, b"salt"))
    if login:
        with pytest.raises(psycopg.errors.CheckViolation):
            database.execute("INSERT INTO custodian.people (login) VALUES (%s)", (login,))


def test_a_removed_person_says_nothing_more_also_in_an_open_session(database: Connection) -> None:
    """Every right ends at once, the login is closed, and the name stays: added again it is the same person, who counts once."""
    shown = waiting(database)
    with acting(database, "One", "approve", "operate") as one:
        assert approvals.approve(one, "d-1", by="x", shown=shown).became == "counted"
        database.execute("SELECT custodian.close_person(%s)", (login_of(database, "One"),))
        with pytest.raises(SettingsError, match="permission denied"):
            approvals.approve(one, "d-1", by="x", shown=shown)
        refused(one, "SELECT count(*) FROM risk.referrals")
        people.remove(database, login_of(database, "One"))
        with pytest.raises(psycopg.OperationalError):
            one.execute("SELECT 1")
    with pytest.raises(psycopg.OperationalError, match="not permitted to log in"), signed_on(database, "One"):
        pass
    (gone,) = people.listed(database)
    assert (gone.login, list(gone.may), gone.removed_by) == (login_of(database, "One"), [], database.info.user)
    with pytest.raises(ValueError, match="none of the people"):
        people.remove(database, login_of(database, "One"))
    with acting(database, "One", "approve") as again:
        assert approvals.approve(again, "d-1", by="y", shown=shown).became == "repeated"


@pytest.mark.parametrize("again", [False, True])
def test_the_word_of_who_was_removed_counts_no_more(database: Connection, again: bool) -> None:
    """Nor when the same person is added again: what was said before is another time's."""
    halts.halt(database, venue="tokyo", pair=None, reason="drill", by="x")
    assert resumes(database, "tokyo", None, by="One").outcome == "counted"
    people.remove(database, login_of(database, "One"))
    if again:
        make(database, "One", "operate")
    said = resumes(database, "tokyo", None, by="Two")
    assert (said.outcome, said.agreed_by) == ("counted", (login_of(database, "Two"),))
    if again:
        assert resumes(database, "tokyo", None, by="One").outcome == "resumed"


def test_who_speaks_in_a_transaction_without_end_is_removed(database: Connection) -> None:
    """The removal waited as long as the removed liked."""
    with acting(database, "One") as one:
        one.execute("BEGIN")
        one.execute("SELECT people.answer('nothing', 'approve', 'x', 'x', '')")
        database.execute("SET statement_timeout = '20s'")
        people.remove(database, login_of(database, "One"))
        with pytest.raises(psycopg.OperationalError):
            one.execute("SELECT people.answer('nothing', 'approve', 'x', 'x', '')")
    assert [person.removed_by for person in people.listed(database)] == [database.info.user]
    assert database.execute(
        "SELECT count(*) FROM pg_auth_members AS m WHERE m.roleid = %s::regrole AND m.inherit_option", (login_of(database, "One"),)
    ).fetchone() == (0,)


def test_people_speak_where_others_are_seen(database: Connection) -> None:
    """In a stricter isolation what others said meanwhile is not counted: such a transaction is refused."""
    shown = waiting(database)
    with acting(database, "One") as one:
        one.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
        with pytest.raises(psycopg.errors.InvalidTransactionState, match="read committed"):
            one.execute("SELECT people.answer('d-1', 'approve', %s, 'x', '')", (shown,))


def test_a_halt_ends_by_the_word_of_two_people_about_exactly_this_halt(database: Connection) -> None:
    """One person counts once; a word about an earlier halt, or of more than an hour ago, counts for nothing."""
    halts.halt(database, venue="tokyo", pair=None, reason="drill", by="x")
    assert resumes(database, "tokyo", None, by="One").outcome == "counted"
    assert resumes(database, "tokyo", None, by="One").outcome == "counted", "once, however often"
    assert resumes(database, "tokyo", None, by="Two").outcome == "resumed"
    halts.halt(database, venue="tokyo", pair=None, reason="drill", by="x")
    (standing,) = halts.active(database)
    assert resumes(database, "tokyo", None, by="Two").outcome == "counted", "what was said about the first halt is about the first"
    with acting(database, "One") as one:
        said = halts.resume(one, venue="tokyo", pair=None, shown="0" * 64, reason="", by="x")
        assert said.outcome == "stale"
    assert [one.halt_id for one in halts.active(database)] == [standing.halt_id]
    row = database.execute("SELECT login, resumed_login, host(address) FROM commands.halts ORDER BY halt_id LIMIT 1").fetchone()
    assert row == (database.info.user, login_of(database, "Two"), "127.0.0.1")


def test_a_word_that_nobody_joined_within_the_hour_counts_no_more(database: Connection) -> None:
    """Two words more than an hour apart end no halt."""
    halts.halt(database, venue=None, pair=None, reason="drill", by="x")
    (standing,) = halts.active(database)
    database.execute(
        "INSERT INTO custodian.agreements (act, about, shown_sha256, login, named, reason, at)"
        " VALUES ('resume', %s, %s, %s, 'x', '', now() - interval '61 minutes')",
        (str(standing.halt_id), standing.shown_sha256, make(database, "One")),
    )
    assert resumes(database, None, None, by="Two").outcome == "counted"
    assert resumes(database, None, None, by="One").agreed_by == (login_of(database, "Two"), login_of(database, "One"))


def test_approvals_of_an_older_release_are_kept_and_not_counted(postgres: str) -> None:
    """Upgraded with one of two approvals of labels: two logins are needed; what was approved before stays approved, with its names."""
    every = migrations.found_in(["pipeline.stores"])
    with psycopg.connect(postgres, autocommit=True) as database:
        before = [one for one in every if one.name < "pipeline.stores/0018"]
        one_login.migrate(database, before)
        shown = waiting(database)
        old = (
            "INSERT INTO risk.approvals (decision_id, person, named, verdict, shown_sha256, reason, at)"
            " VALUES (%s, %s, %s, 'approve', %s, '', now())"
        )
        database.execute(old, ("d-1", "officer one", "Officer One", shown))
        database.execute("INSERT INTO commands.halts (reason, halted_by, halted_at) VALUES ('drill', 'Officer One', now())")
        assert migrations.apply(database, every) == [one.name for one in every if one not in before]
        database.execute(old, ("d-1", "officer two", "Officer Two", shown))  # a command of the older release that still runs
        first = says(database, "approve", "d-1", by="One", shown=shown)
        assert (first.became, first.approved_by) == ("counted", (login_of(database, "One"),))
        assert says(database, "approve", "d-1", by="Two", shown=shown).became == "agreed"
        rows = database.execute("SELECT named, login IS NULL FROM risk.approvals ORDER BY at").fetchall()
        assert rows == [("Officer One", True), ("Officer Two", True), ("One", False), ("Two", False)]
        assert [one.login for one in halts.active(database)] == [None]
        assert [resumes(database, None, None, by=by).outcome for by in ("One", "Two")] == ["counted", "resumed"]


@pytest.mark.parametrize(
    "facts", [["operator_acted", "halt", "1", None, "JPYSC0/USDCx"], [""], [None], ["Straße \U0001f600", "a\nb", None]]
)
def test_ids_are_those_of_the_program(database: Connection, facts: list[str | None]) -> None:
    """The same facts have the same id, whether the database or the program derives it."""
    assert database.execute("SELECT custodian.derive_id(VARIADIC %s::text[])", (facts,)).fetchone() == (derive_id(*facts),)


@pytest.mark.parametrize("at", [datetime(2025, 3, 15, 9, tzinfo=UTC), datetime(1969, 12, 31, 23, 59, 59, 1, tzinfo=UTC)])
def test_times_are_those_of_the_program(database: Connection, at: datetime) -> None:
    """A time is written with microseconds in UTC, whatever the session's zone is."""
    database.execute("SET TimeZone = 'Asia/Tokyo'")
    assert database.execute("SELECT custodian.time_text(%s)", (at,)).fetchone() == (time_text(at),)


# --- the command line --------------------------------------------------------------------------------------------------


def test_people_are_added_listed_and_removed(commands: Commands, postgres: str) -> None:
    """A password of ours is shown once and works; one from a file or standard input is never shown; who did it is an act."""
    with psycopg.connect(postgres, autocommit=True) as database:
        one, two = login_of(database, "One"), login_of(database, "Two")
        (made,) = commands.lines("people", "add", one, "--may", "approve", "--may", "operate", "--as", "Administrator")
        assert (made["login"], made["may"]) == (one, ["approve", "operate"])
        (commands.folder / "theirs").write_text(PASSWORD + "\n")
        (second,) = commands.lines("people", "add", two, "--may", "view", "--password-file", "theirs")
        assert set(second) == {"login", "may"}
        for login, password in ((one, made["password"]), (two, PASSWORD)):
            with psycopg.connect(make_conninfo(postgres, user=login, password=password)) as person:
                assert person.execute("SELECT session_user").fetchone() == (login,)
        (more,) = commands.lines("people", "add", two, "--may", "approve")
        assert "password" not in more, "a login that is there keeps its password"
        listed = {line["login"]: line for line in commands.lines("people", "list")}
        assert {login: line["may"] for login, line in listed.items()} == {one: ["approve", "operate"], two: ["view", "approve"]}
        assert commands.run("people", "list", "--format", "table").returncode == 0
        (gone,) = commands.lines("people", "remove", one, "--reason", "left")
        assert gone == {"login": one, "outcome": "removed"}
        acts = database.execute("SELECT action, subject, outcome, acted_by, reason FROM compliance.acts ORDER BY at").fetchall()
        assert acts[0] == ("add-person", one, "approve, operate", "Administrator", "none was given")
        assert acts[-1][:3] == ("remove-person", one, "removed")
        for arguments, says_ in (
            (["add", one], "--may"),
            (["add", "Officer", "--may", "view"], "no two of such look alike"),
            (["add", one, "--may", "view", "--password-file", "nothing"], "cannot be read"),
            (["add", database.info.user, "--may", "approve"], "cannot be a person"),
            (["remove", one], "none of the people"),
        ):
            done = commands.run("people", *arguments)
            assert (done.returncode, done.stdout, says_ in done.stderr) == (2, "", True), (arguments, done.stderr)


def test_what_is_printed_for_an_administrator_makes_and_removes_the_same_person(commands: Commands, postgres: str) -> None:
    """The SQL holds a verifier and no password; run by an administrator it makes a login that may what was asked."""
    with psycopg.connect(postgres, autocommit=True) as database:
        one = login_of(database, "One")
        (commands.folder / "theirs").write_text(PASSWORD)
        printed = commands.run("people", "add", one, "--may", "approve", "--password-file", "theirs", "--print-sql")
        assert (printed.returncode, PASSWORD in printed.stdout, printed.stderr) == (0, False, "")
        assert commands.lines("people", "list") == []
        database.execute(printed.stdout.encode())
        with signed_on(database, "One") as person:
            assert person.execute("SELECT count(*) FROM risk.approvals").fetchone() == (0,)
        assert [line["may"] for line in commands.lines("people", "list")] == [["approve"]]
        database.execute(commands.run("people", "remove", one, "--print-sql").stdout.encode())
        assert [(line["may"], line["removed_by"]) for line in commands.lines("people", "list")] == [([], database.info.user)]


def test_every_command_that_looks_works_with_a_persons_login(commands: Commands, postgres: str) -> None:
    """By --login or CUSTODIAN_LOGIN, with the person's password alone: the settings' own is out of reach, and not asked for."""
    with psycopg.connect(postgres, autocommit=True) as database:
        person = signed_in(database, "Officer", commands.folder, "approve")
        (commands.folder / "pg").unlink()
        for arguments in (
            ["status"],
            ["decisions", "list"],
            ["commands", "list"],
            ["orders", "list"],
            ["alarms", "list"],
            ["dead-letters", "list"],
            ["breaks", "list"],
            ["ledger", "entries"],
            ["ledger", "balances"],
            ["archive", "records"],
            ["halt", "--list"],
            ["people", "list"],
        ):
            done = commands.run(*arguments, **person)
            assert done.returncode == (1 if arguments == ["status"] else 0), done.stderr
        login = person.pop("CUSTODIAN_LOGIN")
        assert commands.run("decisions", "--login", login, "list", **person).returncode == 0
        client = commands.folder / "client"
        client.chmod(0o600)
        file, missing = person["CUSTODIAN_LOGIN_PASSWORD_FILE"], str(commands.folder / "nothing")
        opened = commands.folder / "open to all"
        opened.write_text(PASSWORD)
        opened.chmod(0o644)
        for password, says_ in (
            ({"CUSTODIAN_LOGIN_PASSWORD_FILE": str(client)}, f"came from CUSTODIAN_LOGIN_PASSWORD_FILE, {client}"),
            ({"PGPASSWORD": "something-else"}, "came from PGPASSWORD"),
            ({"CUSTODIAN_LOGIN_PASSWORD_FILE": missing}, f"CUSTODIAN_LOGIN_PASSWORD_FILE: {missing} cannot be read"),
            ({"CUSTODIAN_LOGIN_PASSWORD_FILE": str(opened)}, f"chmod 600 {opened}"),
            ({"HOME": str(commands.folder)}, f"no password for {login}: name a file"),
        ):
            wrong = commands.run("decisions", "list", "--login", login, **password)
            assert (
                wrong.returncode,
                says_ in wrong.stderr,
                "password_file" in wrong.stderr.lower().replace("login_password_file", ""),
            ) == (
                78,
                True,
                False,
            ), wrong.stderr
        people.remove(database, login)
        gone = commands.run("decisions", "list", "--login", login, CUSTODIAN_LOGIN_PASSWORD_FILE=file)
        assert (gone.returncode, f"{login} may do nothing here" in gone.stderr) == (78, True), gone.stderr
        assert commands.run("decisions", "list").returncode == 78, "the settings' own password is gone"


def test_who_may_see_nothing_can_still_halt(commands: Commands, postgres: str) -> None:
    """A login that may connect and is in no group halts everything; looking at it is not theirs, and neither is ending it."""
    with psycopg.connect(postgres, autocommit=True) as database:
        login = f"{database.info.dbname}_nobody"
        database.execute(f"CREATE ROLE \"{login}\" LOGIN PASSWORD '{PASSWORD}'".encode())
        database.execute(f'GRANT CONNECT ON DATABASE "{database.info.dbname}" TO "{login}"'.encode())
        (commands.folder / "theirs").write_text(PASSWORD)
        (commands.folder / "theirs").chmod(0o600)
        nobody = {"CUSTODIAN_LOGIN": login, "CUSTODIAN_LOGIN_PASSWORD_FILE": str(commands.folder / "theirs")}
        done = commands.run("halt", "--reason", "rates look wrong", **nobody)
        assert (done.returncode, done.stderr) == (0, "")
        line = json.loads(done.stdout)
        assert (line["outcome"], line["login"]) == ("halted", login)
        (standing,) = commands.lines("halt", "--list")
        assert standing["login"] == login
        assert commands.run("resume", "--shown", standing["shown_sha256"], **nobody).returncode != 0
        assert len(commands.lines("halt", "--list")) == 1


def test_the_owner_is_told_to_make_a_login(commands: Commands, postgres: str) -> None:
    """`approve` and `refuse` by the login of the settings end with 78 and say what to do; nothing is counted."""
    with psycopg.connect(postgres, autocommit=True) as database:
        shown = waiting(database)
        for verb in ("approve", "refuse"):
            done = commands.run("decisions", verb, "d-1", "--shown", shown, "--as", "First Officer")
            assert (done.returncode, done.stdout) == (78, ""), done.stderr
            assert "custodian people add NAME --may approve" in done.stderr
        commands.lines("halt", "--reason", "drill")
        (standing,) = commands.lines("halt", "--list")
        done = commands.run("resume", "--shown", standing["shown_sha256"])
        assert done.returncode == 78
        assert "--may operate" in done.stderr
        assert "--may approve" not in done.stderr
        assert database.execute("SELECT count(*) FROM risk.approvals").fetchone() == (0,)
