"""Each role is a login of its own, and may do in the database what its line says and nothing else, tried as that login."""

from __future__ import annotations

import contextlib
import json
import re
import signal
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from connectors.simulators.musubi.settings import Settings as VenueSettings
from connectors.simulators.musubi.simulator import running_simulator
from pipeline import settings as configuration
from pipeline.errors import SettingsError
from pipeline.log.topics import ALL as ALL_KINDS
from pipeline.stores import continuity, grants, migrations, role_logins
from pipeline.stores.grants import OF_THE_OWNER, ROLES, ROWS, TABLES
from pipeline.stores.migrations import Migration
from pipeline.stores.postgres import Connection
from pipeline.supervisor.preparation import all_migrations, check_prepared
from tests import release_before
from tests.integration.commands import CANARY, working, write_settings
from tests.services import KafkaRoom, Services

PASSWORD = "a-password-of-one-role-alone"
FINAL = (
    "ledger.",
    "archive.",
    "risk.questions",
    "risk.answers",
    "risk.decisions",
    "risk.approvals",
    "risk.policies",
    "risk.activations",
    "custodian.acts",
    "custodian.people",
    "custodian.agreements",
    "custodian.migrations",
)
"""Books, evidence, and what people said: no role changes what stands there. `ledger.breaks`, which ingest keeps, are neither."""


WRITERS: Mapping[str, Mapping[str, str]] = {
    "risk.decisions": {"risk": "INSERT"},
    "risk.approvals": {},
    "risk.policies": {},
    "risk.activations": {},
    "risk.tallies": {},
    "custodian.people": {},
    "custodian.agreements": {},
    "custodian.incarnations": {},
    "custodian.acts": {},
    "commands.halts": {},
    "risk.ended": {"risk": "INSERT UPDATE"},
    "risk.exposures": {"risk": "INSERT UPDATE", "commands": "INSERT UPDATE"},
    "risk.questions": {"commands": "INSERT"},
    "risk.answers": {"commands": "INSERT"},
    "risk.referrals": {
        "commands": "INSERT:approvers_needed INSERT:causation_id INSERT:context_sha256 INSERT:decision INSERT:decision_id INSERT:expires_at"
        " INSERT:intent_id INSERT:opened_at INSERT:question INSERT:quote_id INSERT:request_id INSERT:shown INSERT:shown_sha256 INSERT:venue"
        " UPDATE:answer UPDATE:answer_id UPDATE:closed_at UPDATE:state"
    },
    "commands.journal": {"commands": "INSERT UPDATE"},
    "commands.attempts": {
        "commands": "INSERT UPDATE:ended_at UPDATE:http_status UPDATE:outcome UPDATE:reason",
    },
    "custodian.outbox": {"commands": "INSERT UPDATE:published_at"},
}
"""Who may write what an accept rests on, by hand: the table of grants is compared with this, not with itself."""


@pytest.fixture
def database(postgres: str) -> Iterator[Connection]:
    """A database as `init` makes it, with every login."""
    with psycopg.connect(postgres, autocommit=True) as connection:
        migrations.apply(connection, all_migrations())
        roles = {role: configuration.PostgresRole.model_validate({"password": f"{PASSWORD}-{role}"}) for role in ROLES}
        role_logins.ensure(connection, configuration.Postgres(dsn=postgres, roles=roles))
        assert grants.without_login(connection) == []
        yield connection


@contextlib.contextmanager
def acting_as(database: Connection, role: str) -> Iterator[Connection]:
    """Give a connection of a role, as itself, in which nothing is committed."""
    address = make_conninfo(database.info.dsn, user=f"{database.info.dbname}_{role}", password=f"{PASSWORD}-{role}")
    with psycopg.connect(address) as connection:
        connection.execute("SET search_path = pg_catalog, pg_temp")
        yield connection
        connection.rollback()


def refused(who: Connection, statement: str) -> bool:
    """Tell whether a statement is refused for want of a right; what it meets otherwise counts as allowed, and nothing of it stays."""
    try:
        with who.transaction(force_rollback=True):
            who.execute(statement.encode())
    except psycopg.errors.InsufficientPrivilege as error:
        # A table that is final says the same by its trigger, to who has the right, and so does a rule of rows: a row of nobody's is none.
        return "is refused:" not in str(error) and not ("row-level security" in str(error) and "DEFAULT" in statement)
    except (psycopg.errors.ObjectNotInPrerequisiteState, psycopg.errors.WrongObjectType):
        return True  # views that nobody can write
    except psycopg.Error:
        return False
    return False


def every_table(database: Connection) -> Mapping[str, list[str]]:
    """Return every table of ours with its columns, from the catalogue: one that is new cannot be forgotten."""
    rows = database.execute(
        "SELECT c.oid::regclass::text, array_agg(a.attname::text ORDER BY a.attnum)"
        "  FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped"
        " WHERE c.relkind IN ('r', 'p', 'v') AND c.relnamespace = ANY (%s::regnamespace[]) GROUP BY c.oid ORDER BY 1",
        (list(grants.SCHEMAS),),
    ).fetchall()
    return dict(rows)


def unclaimed(database: Connection) -> list[str]:
    """Return the tables that stand in no line: neither a role's nor the owner's alone."""
    named = {table for lines in TABLES.values() for table in lines} | set(OF_THE_OWNER)
    views = ("accounting.", "compliance.")
    return [table for table in every_table(database) if table not in named and not table.startswith(views)]


def test_the_catalogue_is_what_the_table_of_grants_says(database: Connection) -> None:
    """Everybody has what stands there and nothing else, everything belongs to the owner, rows are ruled, and every table has a line."""
    assert grants.differences(database) == []
    assert unclaimed(database) == []
    assert sorted({what for _, what, _, _ in grants.wanted(database) if what.startswith("function ")}) == sorted(
        {f"function {function}" for functions in grants.FUNCTIONS.values() for function in functions}
    ), "a function of the table is not there under that name"


def test_a_table_that_nobody_gave_to_anybody_is_nobodys(database: Connection) -> None:
    """A migration that forgets the table of grants makes a table that no role can touch, and that the test above names."""
    added = Migration(
        "pipeline.stores/9999_pre_x.sql", "CREATE TABLE custodian.forgotten (i int); INSERT INTO custodian.forgotten VALUES (1);"
    )
    migrations.apply(database, [*all_migrations(), added])
    assert unclaimed(database) == ["custodian.forgotten"]
    assert grants.differences(database) == []
    for role in ROLES:
        with acting_as(database, role) as who:
            for statement in ("SELECT * FROM", "INSERT INTO", "DELETE FROM", "TRUNCATE"):
                text = f"{statement} custodian.forgotten" + (" VALUES (2)" if statement.startswith("INSERT") else "")
                assert refused(who, text), f"{role}: {text}"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ('GRANT UPDATE ON ledger.entries TO "{db}_ledger"', "_ledger has UPDATE on table ledger.entries and shall not"),
        ('GRANT UPDATE (amount) ON ledger.postings TO "{db}_ledger"', "ledger has UPDATE (amount) on table ledger.postings and shall not"),
        ("GRANT SELECT ON custodian.outbox TO PUBLIC", "PUBLIC has SELECT on table custodian.outbox and shall not"),
        ("GRANT EXECUTE ON FUNCTION custodian.note_act(text, text, text, text, timestamptz, json) TO PUBLIC", "PUBLIC has EXECUTE"),
        ('REVOKE INSERT ON archive.records FROM "{db}_archive"', "archive has INSERT on table archive.records not, and shall"),
        ("DROP POLICY ledger ON custodian.positions", "rows of custodian.positions: the rule ledger"),
        ("ALTER TABLE custodian.states DISABLE ROW LEVEL SECURITY", "rows of custodian.states"),
        ("ALTER TABLE ledger.entries OWNER TO CURRENT_USER", "table ledger.entries belongs to"),
        ("CREATE SEQUENCE custodian.other; GRANT USAGE ON SEQUENCE custodian.other TO PUBLIC", "PUBLIC has USAGE on sequence"),
        ('GRANT CREATE ON SCHEMA ledger TO "{db}_ledger"', "ledger has CREATE on schema ledger and shall not"),
        ('GRANT TEMPORARY ON DATABASE "{db}" TO PUBLIC', "PUBLIC has TEMPORARY on database and shall not"),
    ],
)
def test_what_somebody_changed_is_seen_and_put_right_by_init(database: Connection, change: str, said: str) -> None:
    """`doctor` names it, and the next `init` makes it what it shall be."""
    database.execute(change.format(db=database.info.dbname).encode())
    found = grants.differences(database)
    assert any(said.removeprefix("_") in line for line in found), found
    assert migrations.apply(database, all_migrations()) == []
    assert grants.differences(database) == []


@pytest.mark.parametrize("role", ROLES)
def test_a_role_does_to_every_table_what_its_line_says_and_no_more(database: Connection, role: str) -> None:
    """Each privilege at each table and column is tried as the role's login; what the line does not say is refused."""
    tables = every_table(database)
    assert len(tables) > 50
    wrong: list[str] = []
    with acting_as(database, role) as who:
        for table, columns in tables.items():
            may = set(grants.parsed(TABLES[role].get(table, "")))
            wrong += _tried(who, table, columns, may)
    assert wrong == []


def _tried(who: Connection, table: str, columns: list[str], may: set[tuple[str, str]]) -> Iterator[str]:
    whole = {privilege for privilege, column in may if not column}
    for column in columns:
        name = sql.Identifier(column).as_string()
        for privilege, statement in (
            ("SELECT", f"SELECT {name} FROM {table} LIMIT 0"),
            ("UPDATE", f"UPDATE {table} SET {name} = DEFAULT WHERE false"),
        ):
            allowed = privilege in whole or (privilege, column) in may
            if refused(who, statement) == allowed:
                yield f"{statement}: {'refused' if allowed else 'not refused'}"
        insert = f"INSERT INTO {table} ({name}) VALUES (DEFAULT)"
        if refused(who, insert) == bool({("INSERT", ""), ("INSERT", column)} & may):
            yield f"{insert}: otherwise than its line says"
    for privilege, statement in {
        "DELETE": f"DELETE FROM {table} WHERE false",
        "TRUNCATE": f"TRUNCATE {table}",
    }.items():
        if refused(who, statement) == (privilege in whole):
            yield f"{statement}: {'refused' if privilege in whole else 'not refused'}"
    for statement in (
        f"ALTER TABLE {table} ADD COLUMN of_mine int",
        f"ALTER TABLE {table} DISABLE TRIGGER ALL",
        f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY",
        f"ALTER TABLE {table} OWNER TO CURRENT_USER",
        f"CREATE TRIGGER of_mine BEFORE INSERT ON {table} FOR EACH STATEMENT EXECUTE FUNCTION custodian.refuse_change()",
        f"CREATE POLICY of_mine ON {table} USING (true)",
        f"CREATE RULE of_mine AS ON INSERT TO {table} DO INSTEAD NOTHING",
        f"CREATE INDEX ON {table} ((1))",
        f"GRANT ALL ON {table} TO PUBLIC",
        f"DROP TABLE {table}",
        f"COMMENT ON TABLE {table} IS 'mine'",
    ):
        if not refused(who, statement) and not (statement.startswith("GRANT") and _has_only_what_it_had(who, statement, table)):
            yield f"{statement}: not refused"


def _has_only_what_it_had(who: Connection, statement: str, table: str) -> bool:
    """Tell whether a GRANT by who may not give anything away, which PostgreSQL answers with a warning, gave nothing away."""
    asked = f"SELECT count(*) FROM pg_class AS c, aclexplode(c.relacl) AS g WHERE c.oid = '{table}'::regclass AND g.grantee = 0"
    with who.transaction(force_rollback=True), contextlib.suppress(psycopg.Error):
        who.execute(statement.encode())
        return who.execute(asked.encode()).fetchone() == (0,)
    return True


@pytest.mark.parametrize("role", ROLES)
def test_no_role_changes_the_books_the_evidence_or_what_people_said(role: str) -> None:
    """Whatever the table of grants says one day: not this."""
    for table, rights in TABLES[role].items():
        if table.startswith(FINAL) and table != "ledger.breaks":
            assert {privilege for privilege, _ in grants.parsed(rights)} <= {"SELECT", "INSERT"}, table


@pytest.mark.parametrize("table", WRITERS)
def test_who_writes_what_an_accept_rests_on(table: str) -> None:
    """What the engine has decided `risk` alone says, what people said nobody, and who acts on either writes neither."""
    rights = {role: set(grants.parsed(lines.get(table, ""))) for role, lines in TABLES.items()}
    writes = {
        role: " ".join(sorted(f"{privilege}:{column}".rstrip(":") for privilege, column in found if privilege != "SELECT"))
        for role, found in rights.items()
    }
    assert {role: found for role, found in writes.items() if found} == WRITERS[table]


def test_the_password_of_commands_makes_no_word_of_anybody_else(database: Connection) -> None:
    """No engine's decision, no answered referral, no question under another's digest, no reservation that people have not approved."""
    referral = (
        "INSERT INTO risk.referrals (decision_id, request_id, venue, intent_id, question, context_sha256, shown, shown_sha256,"
        " approvers_needed, expires_at, decision, opened_at{}) VALUES ('d', 'r', 'tokyo', 'i', 'accept_proposal', 'x', '', repeat('0', 64),"
        " 1, now(), '', now(){})"
    )
    question = (
        "INSERT INTO risk.questions (request_id, context_sha256, venue, intent_id, question, round, context, requested_at, decide_by,"
        " kept_at) VALUES ('r', {}, 'tokyo', 'i', 'accept_proposal', 1, 'what it was about', now(), now(), now())"
    )
    reservation = (
        "INSERT INTO risk.exposures (venue, intent_id, state, pair, source_currency, target_currency, target_amount, asked_at, reserved_at)"
        " VALUES ('tokyo', '{}', '{}', 'A/B', 'A', 'B', 1, now(), now() - interval '9 days')"
    )
    outbox = (
        "INSERT INTO custodian.outbox (ce_id, kind, source, subject, at, correlation_id, key, value)"
        " VALUES ('{0}', '{0}', '/', 's', now(), 'c', 'k', '')"
    )
    database.execute(referral.format("", "").encode())
    database.execute(referral.replace("'d'", "'e'").replace("'i'", "'approved'").format("", "").encode())
    database.execute("UPDATE risk.referrals SET state = 'agreed', agreed_verdict = 'approve', agreed_at = now() WHERE decision_id = 'e'")
    database.execute(reservation.format("counts", "reserved").encode())
    with acting_as(database, "commands") as who:
        assert refused(who, "INSERT INTO risk.decisions DEFAULT VALUES")
        assert refused(who, referral.replace("'d'", "'f'").format(", state, closed_at", ", 'approved', now()"))
        with pytest.raises(psycopg.errors.CheckViolation), who.transaction():
            who.execute("UPDATE risk.referrals SET state = 'agreed'")
        with pytest.raises(psycopg.errors.CheckViolation, match="questions_digest_check"), who.transaction():
            who.execute(question.format("repeat('0', 64)").encode())
        who.execute(question.format("encode(sha256('what it was about'), 'hex')").encode())
        for statement in (
            reservation.format("i", "reserved"),
            reservation.format("approved", "settled"),
            "UPDATE risk.exposures SET state = 'released'",
            "UPDATE risk.exposures SET target_amount = 1",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege, match="is refused: "), who.transaction():
                who.execute(statement.encode())
        who.execute(reservation.format("approved", "reserved").encode())
        of_now = "SELECT reserved_at > now() - interval '1 minute' FROM risk.exposures WHERE intent_id = 'approved'"
        assert who.execute(of_now).fetchone() == (True,), "not so long ago that no window counts it"
        kinds = [kind.name for kind in ALL_KINDS]
        assert [kind for kind in kinds if not refused(who, outbox.format(kind))] == ["decision-made.v1"]
        who.execute(outbox.format("decision-made.v1").encode())
        assert who.execute("UPDATE custodian.outbox SET published_at = now()").rowcount == 1
    database.execute(outbox.format("operator-acted.v1").encode())
    with acting_as(database, "commands") as who:
        assert who.execute("SELECT kind FROM custodian.outbox FOR UPDATE").fetchall() == [("operator-acted.v1",)]
        assert who.execute("UPDATE custodian.outbox SET published_at = now()").rowcount == 1
    with acting_as(database, "risk") as who:
        who.execute(reservation.format("another", "settled").encode())
        who.execute("UPDATE risk.exposures SET state = 'released'")


@pytest.mark.parametrize("role", ROLES)
def test_a_role_is_nobody_else_and_makes_nothing(database: Connection, services: Services, role: str) -> None:
    """It takes no other role, calls its own functions only, makes nothing in any schema, and reaches neither files nor sessions."""
    db, deployer = database.info.dbname, database.info.user
    with psycopg.connect(services.admin_dsn, autocommit=True) as admin:
        superuser = admin.info.user
    others = [f"{db}_{other}" for other in (*ROLES, *grants.GROUPS, "owner") if other != role] + [deployer, superuser, *grants.READERS]
    schemas = [name for (name,) in database.execute("SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_(toast|temp)'").fetchall()]
    statements = [
        *(f'{verb} "{other}"' for other in others for verb in ("SET ROLE", "SET SESSION AUTHORIZATION")),
        *(f"ALTER ROLE \"{other}\" PASSWORD 'another-one'" for other in others),
        *(f'GRANT "{other}" TO CURRENT_USER' for other in others),
        *(f"CREATE TABLE {schema}.of_mine (x int)" for schema in schemas),
        *(
            f"CREATE FUNCTION {schema}.of_mine() RETURNS int LANGUAGE sql AS 'SELECT 1'"
            for schema in schemas
            if not schema.startswith("pg_")
        ),
        *(f"CREATE VIEW {schema}.of_mine AS SELECT 1" for schema in schemas if not schema.startswith("pg_")),
        "CREATE TEMPORARY TABLE of_mine (x int)",
        "CREATE SCHEMA of_mine",
        "CREATE ROLE of_mine LOGIN",
        f'ALTER DATABASE "{db}" SET search_path = public',
        f'ALTER DATABASE "{db}" OWNER TO CURRENT_USER',
        "SET session_replication_role = replica",
        "SELECT pg_read_file('postgresql.conf')",
        "SELECT pg_ls_dir('.')",
        "SELECT lo_import('/etc/passwd')",
        "COPY (SELECT 1) TO PROGRAM 'true'",
        "COPY (SELECT 1) TO '/tmp/of-mine'",
        "SELECT * FROM pg_authid",
        f"SELECT pg_terminate_backend({database.info.backend_pid})",
        f"SELECT pg_cancel_backend({database.info.backend_pid})",
    ]
    with acting_as(database, role) as who:
        assert [statement for statement in statements if not refused(who, statement)] == []
        functions = who.execute(
            "SELECT p.oid::regprocedure::text FROM pg_proc AS p WHERE p.pronamespace = ANY (%s::regnamespace[])"
            "   AND has_function_privilege(p.oid, 'EXECUTE') AND has_schema_privilege(p.pronamespace, 'USAGE') ORDER BY 1",
            (list(grants.SCHEMAS),),
        ).fetchall()
        assert [name for (name,) in functions] == sorted({*grants.FUNCTIONS[role], *grants.FUNCTIONS["PUBLIC"]})
        sequences = (
            "SELECT count(*) FROM pg_class WHERE CASE WHEN relkind = 'S' THEN has_sequence_privilege(oid, 'USAGE, SELECT, UPDATE') END"
        )
        assert who.execute(sequences).fetchone() == (0,)


SAMPLES: Mapping[str, tuple[str, str]] = {
    "custodian.positions": ("", ""),  # rows are made by init: no role inserts
    "custodian.suspects": (
        'consumer, topic, partition, "offset", alone, failures, answered, since, tried_at',
        "{}, 't', 0, 1, true, 1, false, now(), now()",
    ),
    "custodian.set_aside": (
        'consumer, topic, partition, "offset", dead_letter_id, fault, failures, at',
        "{}, 't', 0, 1, 'd', 'f', 1, now()",
    ),
    "custodian.states": ("processor, key, state", "{}, 'k', '{{}}'"),
    "custodian.readings": ("processor, partition, at, topics, firsts, ends", "{}, 0, now(), '{{}}', '{{}}', '{{}}'"),
    "custodian.roles": ("role, instance, pid, host", "{}, {} || '-1', 1, 'h'"),
    "custodian.upkeep": ("task, ran_for", "{}, now()"),
}
"""A row of each table that roles share: columns, and values around what says whose it is."""


@pytest.mark.parametrize("role", ROLES)
def test_a_role_writes_only_its_own_rows_of_what_roles_share(database: Connection, role: str) -> None:
    """Another consumer's position, state, heartbeat, attempt or task is neither added, changed nor removed."""
    database.execute(
        "INSERT INTO custodian.positions (consumer, topic, partition, topic_id) SELECT c, 't', 0, 'i' FROM unnest(%s::text[]) AS c",
        ([*ROLES, "decisions"],),
    )
    assert set(SAMPLES) == set(ROWS)
    with acting_as(database, role) as who:
        for table, (expression, roles) in ROWS.items():
            whose = {value: owner for owner, values in roles.items() for value in values}
            columns, values = SAMPLES[table]
            rights = {privilege for privilege, column in grants.parsed(TABLES[role].get(table, ""))}
            for value, owner in whose.items():
                literal = f"'{value}'"
                if columns:
                    insert = f"INSERT INTO {table} ({columns}) VALUES ({values.format(literal, literal)})"
                    assert refused(who, insert) == (owner != role or "INSERT" not in rights), f"{role}: {insert}"
                    database.execute(f"{insert} ON CONFLICT DO NOTHING".encode())
                column = expression.partition("(")[2].partition(",")[0] or expression
                set_ = "next_offset = 1" if table == "custodian.positions" else f"{column} = {column}"
                for privilege, statement in (("UPDATE", f"UPDATE {table} SET {set_}"), ("DELETE", f"DELETE FROM {table}")):
                    if privilege not in rights:
                        continue
                    with who.transaction(force_rollback=True):
                        changed = who.execute(f"{statement} WHERE {column} = {literal}".encode()).rowcount
                    assert changed == (1 if owner == role else 0), f"{role}: {statement} of {value}"


def test_who_owns_what_is_ours_cannot_log_in(database: Connection) -> None:
    """The owner has no login and no password; each role is a login with no attribute, in nothing."""
    db = database.info.dbname
    rows = database.execute(
        "SELECT rolname, rolcanlogin, rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls,"
        "       EXISTS (SELECT FROM pg_auth_members AS m WHERE m.member = r.oid)"
        "  FROM pg_roles AS r WHERE rolname = ANY (%s)",
        ([f"{db}_{name}" for name in ("owner", *ROLES)],),
    ).fetchall()
    assert {name: rest for name, *rest in rows} == {f"{db}_{name}": [name != "owner", False, False] for name in ("owner", *ROLES)}


def test_nobody_else_can_even_connect(database: Connection) -> None:
    """A login of the server that nobody let in stays outside; halting is everybody's who is in."""
    db = database.info.dbname
    database.execute(f"CREATE ROLE {db}_stranger LOGIN PASSWORD '{PASSWORD}'".encode())
    address = make_conninfo(database.info.dsn, user=f"{db}_stranger", password=PASSWORD)
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        psycopg.connect(address)
    database.execute(f"GRANT CONNECT ON DATABASE {db} TO {db}_stranger".encode())
    with psycopg.connect(address) as stranger:
        assert stranger.execute("SELECT people.halt(NULL, NULL, 'x', 'drill') ->> 'outcome'").fetchone() == ("halted",)


def test_who_prepares_the_database_is_no_role(database: Connection, postgres: str) -> None:
    """A role looks before it begins who it is: neither who owns the tables, by a group as well, nor anybody who makes logins."""
    with pytest.raises(SettingsError, match=r"makes logins or databases, and no role of ours connects as such"):
        check_prepared(configuration.Settings(postgres=configuration.Postgres(dsn=postgres)), "ledger")
    own = make_conninfo(postgres, user=f"{database.info.dbname}_ledger", password=f"{PASSWORD}-ledger")
    check_prepared(configuration.Settings(postgres=configuration.Postgres(dsn=own)), "ledger")
    database.execute(f"GRANT {database.info.dbname}_owner TO {database.info.dbname}_ledger".encode())
    with pytest.raises(SettingsError, match=r"owns the tables, and no role of ours connects as such"):
        check_prepared(configuration.Settings(postgres=configuration.Postgres(dsn=own)), "ledger")


@pytest.mark.parametrize("who", ["deployer", "superuser"])
def test_a_role_that_would_be_the_owner_ends_with_78(tmp_path: Path, kafka: KafkaRoom, postgres: str, services: Services, who: str) -> None:
    """Settings that let a role connect as who prepares the database, or as a superuser, are refused, and say what to leave out."""
    commands = write_settings(tmp_path, kafka, postgres)
    assert commands.run("init").returncode == 0
    dsn = {"deployer": postgres, "superuser": make_conninfo(services.admin_dsn, dbname=conninfo_to_dict(postgres)["dbname"])}[who]
    done = commands.run("run", "ledger", CUSTODIAN_POSTGRES__ROLES__LEDGER__DSN=dsn)
    assert done.returncode == 78, done.stderr
    assert "postgres.roles.ledger" in done.stderr
    assert "no role of ours connects as such" in done.stderr


def test_init_makes_logins_with_secrets_that_only_their_owner_reads(tmp_path: Path, kafka: KafkaRoom, postgres: str) -> None:
    """The files are there with mode 0600, each another secret, kept by the next `init`; a changed file is the login's from then on."""
    commands = write_settings(tmp_path, kafka, postgres)
    assert commands.run("init").returncode == 0
    files = {role: tmp_path / f"pg-{role}" for role in ROLES}
    assert {file.stat().st_mode & 0o777 for file in files.values()} == {0o600}
    before = {role: file.read_text() for role, file in files.items()}
    assert len({*before.values(), commands.password}) == len(ROLES) + 1
    files["ledger"].write_text("another-secret-of-ledger")
    again = commands.run("init")
    assert again.returncode == 0, again.stderr
    assert {role: file.read_text() for role, file in files.items() if role != "ledger"} | {"ledger": before["ledger"]} == before
    db = conninfo_to_dict(postgres)["dbname"]
    psycopg.connect(make_conninfo(postgres, user=f"{db}_ledger", password="another-secret-of-ledger")).close()
    files["risk"].write_text("short")
    done = commands.run("init")
    assert done.returncode == 78
    assert f"postgres.roles.risk.password_file: {files['risk']}: a password has 12" in done.stderr


@pytest.mark.parametrize("where", ["PGPASSWORD", "CUSTODIAN_POSTGRES__PASSWORD", "PGPASSFILE", "the address"])
def test_roles_have_secrets_also_where_no_file_says_where_secrets_are(tmp_path: Path, kafka: KafkaRoom, postgres: str, where: str) -> None:
    """Whoever names no `password_file` runs `init` and `up` all the same: secrets lie beside the settings, one for each role."""
    commands = write_settings(tmp_path, kafka, postgres)
    asked = conninfo_to_dict(postgres)
    toml = tmp_path / "custodian.toml"
    text = toml.read_text().replace('password_file = "pg"\n', "")
    (tmp_path / "pgpass").write_text(f"*:*:*:{asked['user']}:{commands.password}\n")
    (tmp_path / "pgpass").chmod(0o600)
    if where == "the address":
        text = re.sub(r"(?m)^dsn = .*$", f"dsn = {json.dumps(postgres)}", text)
    toml.write_text(text)
    told = (
        {"PGPASSFILE": str(tmp_path / "pgpass")} if where == "PGPASSFILE" else {} if where == "the address" else {where: commands.password}
    )
    done = commands.run("init", **told)
    assert done.returncode == 0, done.stderr
    files = {tmp_path / "secrets" / f"postgres-{role}" for role in ROLES}
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}
    assert len({file.read_text() for file in files}) == len(ROLES)
    with running_simulator(VenueSettings(client_secret=CANARY, port=0)) as venue:
        told |= {"CUSTODIAN_VENUES__TOKYO__BASE_URL": venue.base_url}
        with commands.running("up", **told) as running:
            working(commands, set(ROLES), within=60, **told)
            with psycopg.connect(postgres) as session:
                names = {
                    row[0] for row in session.execute("SELECT DISTINCT usename FROM pg_stat_activity WHERE datname = current_database()")
                }
            assert {role_logins.role_of(str(asked["dbname"]), role) for role in ROLES} <= names
            assert running.end(signal.SIGTERM, within=32) == 0


def test_an_administrator_lets_a_database_of_one_login_go_on(tmp_path: Path, kafka: KafkaRoom, postgres: str, services: Services) -> None:
    """Who may not make roles has the SQL printed: of what is missing, with the logins of the secrets that are there."""
    commands = write_settings(tmp_path, kafka, postgres)
    db = conninfo_to_dict(postgres)["dbname"]
    with psycopg.connect(postgres, autocommit=True) as owner, psycopg.connect(services.admin_dsn, dbname=db, autocommit=True) as admin:
        release_before.load_database(owner)
        owner.execute("DELETE FROM custodian.positions")  # of other topics than the test's
        admin.execute(f"ALTER ROLE {db} NOCREATEROLE".encode())
        done = commands.run("init")
        assert done.returncode == 78
        assert "custodian init --print-sql" in done.stderr
        for role in ROLES[1:]:
            (tmp_path / f"pg-{role}").write_text(f"{PASSWORD}-{role}")
        printed = commands.run("init", "--print-sql").stdout
        assert PASSWORD not in printed
        admin.execute(printed.encode())
        assert grants.differences(owner) == []
        assert grants.without_login(owner) == [f"{db}_{ROLES[0]}"]
        for role in ROLES[1:]:
            with acting_as(owner, role) as who:
                assert who.execute("SELECT count(*) > 0 FROM custodian.migrations").fetchone() == (True,)
        done = commands.run("init")
        assert done.returncode == 0, done.stderr
        assert f"{db}_{ROLES[0]} cannot log in yet" in done.stdout


def test_only_who_calls_says_that_calls_may_begin(database: Connection) -> None:
    """Every role may say that the database has gone back, which stops calls; that nothing is lacking counts from `commands` alone."""
    database.execute("DELETE FROM custodian.incarnations")
    regressed = "SELECT people.halt(NULL, NULL, 'x', 'y'), custodian.note_run('[[\"ledger\", \"t\", 0, 1, 2]]', '{gone}')"
    for role in ROLES:
        with acting_as(database, role) as who:
            who.execute("SELECT custodian.note_run('[]', '{}')")
            assert continuity.is_known(who) == (role == "commands"), role
            with pytest.raises(psycopg.errors.InvalidParameterValue, match="halts everything first"), who.transaction():
                who.execute("SELECT custodian.note_run('[[\"ledger\", \"t\", 0, 1, 2]]', '{gone}')")
            for wrong in ("'{}', '{gone}'", "'[]', '{gone}'", "'[1]', NULL", "NULL, '{}'", f"'[\"{'x' * 1_100_000}\"]', '{{gone}}'"):
                with pytest.raises(psycopg.errors.InvalidParameterValue, match="nothing of what is lacking"), who.transaction():
                    who.execute(f"SELECT custodian.note_run({wrong})".encode())
            who.rollback()
            who.execute(regressed.encode())


def test_a_run_that_a_role_has_noted_it_does_not_note_again(database: Connection) -> None:
    """With a role's password open commands became "perhaps sent", and alarms were raised, as often as its holder liked."""
    database.execute("UPDATE custodian.incarnations SET anew = false")
    noted = "SELECT custodian.note_run(jsonb_build_array(jsonb_build_array('ledger', 't', 0, 1, %s::int)), ARRAY[%s])"
    with acting_as(database, "archive") as who:
        who.execute("SELECT people.halt(NULL, NULL, 'x', 'y')")
        for number in range(3):
            who.execute(noted, (number, f"said {number}" * 100_000))
        who.execute("SELECT custodian.note_run('[]', '{}')")
        who.commit()
    raised = database.execute(
        "SELECT at, subject, key, octet_length(value) < 10000 FROM custodian.outbox WHERE kind = 'alarm-raised.v1'"
    ).fetchall()
    assert [row[1:] for row in raised] == [("postgres", "postgres", True)]
    assert abs((raised[0][0] - datetime.now(UTC)).total_seconds()) < 600
    assert database.execute("SELECT login FROM custodian.looks").fetchall() == [(f"{database.info.dbname}_archive",)]
    database.execute("UPDATE custodian.looks SET at = at - interval '2 minutes'")
    with acting_as(database, "archive") as who:
        who.execute(noted, (7, "said another thing"))
        who.commit()
    assert database.execute("SELECT count(*) FROM custodian.outbox WHERE kind = 'alarm-raised.v1'").fetchone() == (2,)


_ENTRY = """
INSERT INTO ledger.entries (entry_id, kind, legs, venue, intent_id, transaction_hash, occurred_at, recorded_at, reverses,
    reason, record_topic, record_partition, record_offset, record_ce_id, side, source_currency, source_amount_actual, target_currency,
    target_amount, sender_custodian_party_id, receiver_custodian_party_id, terms_sha256, document_sha256, observed_at)
VALUES (%s, %s, 2, 'tokyo', 'i', 'h', now(), '2020-01-01', %s, 'x', 't', 0, 0, 'c', 'sender', 'A', 1, 'B', 1, 's', 'r', sha256('x'),
    sha256('x'), now())
"""
_POSTINGS = """
INSERT INTO ledger.postings (entry_id, posting_no, account_id, currency, scale, side, amount)
SELECT %s, row_number() OVER (ORDER BY account_id), account_id, 'A', 0, CASE WHEN (account = 'a') = %s THEN 'debit' ELSE 'credit' END, %s
  FROM ledger.accounts
"""
_FIRST, _SECOND = "00000000-0000-4000-8000-000000000001", "00000000-0000-4000-8000-000000000002"


def _booked(who: Connection, entry: str, kind: str, reverses: str | None, *, debits: bool, amount: int) -> None:
    who.execute(_ENTRY, (entry, kind, reverses))
    who.execute(_POSTINGS, (entry, debits, amount))
    who.commit()


def test_the_ledgers_password_books_settlements_and_takes_none_back(database: Connection) -> None:
    """A reversal is the owner's, is its entry turned around, and what the role books is booked now."""
    database.execute("INSERT INTO ledger.currencies (currency, scale) VALUES ('A', 0)")
    for account, role in (("a", "custody_asset"), ("b", "client_liability")):
        database.execute(
            "INSERT INTO ledger.accounts (account, role, venue, currency, scale) VALUES (%s, %s, 'tokyo', 'A', 0)", (account, role)
        )
    with acting_as(database, "ledger") as who:
        _booked(who, _FIRST, "settlement", None, debits=True, amount=7)
        for kind, reverses in (("reversal", _FIRST), ("adjustment", None)):
            with pytest.raises(psycopg.errors.InsufficientPrivilege, match="adds settlements"):
                _booked(who, _SECOND, kind, reverses, debits=False, amount=7)
            who.rollback()
    assert database.execute("SELECT recorded_at > now() - interval '1 hour' FROM ledger.entries").fetchall() == [(True,)]
    with psycopg.connect(database.info.dsn, password=database.info.password) as owner:
        for debits, amount in ((True, 7), (False, 8)):
            with pytest.raises(psycopg.errors.CheckViolation, match="turned around"):
                _booked(owner, _SECOND, "reversal", _FIRST, debits=debits, amount=amount)
            owner.rollback()
        _booked(owner, _SECOND, "reversal", _FIRST, debits=False, amount=7)


def test_the_archives_password_does_not_end_the_sequence(database: Connection) -> None:
    """A leaf at the end of all numbers left no next one: leaves go on from the last one, whoever adds them."""
    leaf = "INSERT INTO archive.leaves VALUES (%s, 1, 0, %s, sha256('x'), now())"
    with acting_as(database, "archive") as who:
        for index in (9223372036854775807, 1):
            with pytest.raises(psycopg.errors.CheckViolation, match="not the next ones"), who.transaction():
                who.execute(leaf, (index, 0))
        for index in range(3):
            who.execute(leaf, (index, index))
        with pytest.raises(psycopg.errors.CheckViolation, match="not the next ones"), who.transaction():
            who.execute("INSERT INTO archive.leaves SELECT i, 1, 1, i, sha256('x'), now() FROM unnest(ARRAY[3, 5]) AS i")
        who.execute("INSERT INTO archive.leaves SELECT i, 1, 1, i, sha256('x'), now() FROM unnest(ARRAY[4, 3]) AS i")


def test_large_objects_are_nobodys_where_a_superuser_prepares(database: Connection, services: Services) -> None:
    """Whoever can connect filled the disk with them; who is no superuser cannot take that, and doctor says it."""
    assert grants.makes_large_objects(database)
    with psycopg.connect(services.admin_dsn, dbname=database.info.dbname, autocommit=True) as superuser:
        migrations.apply(superuser, [*all_migrations(), Migration("pipeline.stores/9999_pre_x.sql", "SELECT 1")])
    assert not grants.makes_large_objects(database)
    assert grants.differences(database) == []
    with acting_as(database, "ledger") as who:
        for made in ("lo_create(0)", "lo_creat(-1)", "lo_from_bytea(0, 'x')"):
            assert refused(who, f"SELECT {made}"), made
