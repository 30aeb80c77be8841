"""A policy becomes active by an act of two people: what counts is what was activated, never what a file says meanwhile."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from pipeline.domain.money import Scales
from pipeline.errors import SettingsError
from pipeline.log.codec import decode, encode
from pipeline.policy.file import NO_POLICY, parse
from pipeline.stores import policies
from pipeline.stores.people import May
from pipeline.stores.policies import Activated, PolicyInForce
from pipeline.stores.postgres import Connection
from schemas.accepting import PolicyActivated
from tests.integration.command_room import prepare
from tests.integration.commands import write_settings
from tests.people import acting, login_of, signed_in
from tests.services import KafkaRoom


def bytes_of(version: int, *, name: str = "default", otherwise: str = "REJECT", limit: str = "100") -> bytes:
    """Return a policy file."""
    return f"""name = "{name}"
version = {version}
[[rules]]
name = "nothing large: größer"
on = "accept_proposal"
check = "amount_at_most"
params = {{ side = "target", currency = "USDCx", limit = "{limit}" }}
otherwise = "{otherwise}"
""".encode()


FIRST, SECOND = bytes_of(1), bytes_of(2)


@pytest.fixture
def database(postgres: str) -> Iterator[Connection]:
    """A database with tables."""
    with prepare(postgres) as connection:
        yield connection


def agrees(owner: Connection, name: str, content: bytes) -> Activated:
    """Let a person agree to a policy."""
    with acting(owner, name) as connection:
        return policies.activate(connection, content, parse(content), reason="a test", by=name)


def in_force(database: Connection) -> bytes | None:
    """Return the bytes by which a process that starts now decides."""
    return policies.content(database, PolicyInForce(Scales()).engine(database).policy.sha256)


def events(database: Connection) -> list[PolicyActivated]:
    """Return what the archive will have of it, in the spelling in which it is published."""
    rows = database.execute("SELECT value FROM custodian.outbox WHERE kind = 'policy-activated.v1' ORDER BY number").fetchall()
    found = [decode(bytes(value), PolicyActivated) for (value,) in rows]
    assert [encode(one) for one in found] == [bytes(value) for (value,) in rows]
    return found


def test_without_an_activation_everything_is_referred(database: Connection) -> None:
    """A file on a disk is no policy."""
    assert PolicyInForce(Scales()).engine(database).policy is NO_POLICY
    assert policies.in_force(database) is None


def test_the_first_policy_is_activated_once(database: Connection) -> None:
    """Whoever prepares the database puts the first one in force, as an event with its bytes; a file that changed later changes nothing."""
    assert policies.put_first(database, FIRST, "policy.toml")
    assert not policies.put_first(database, SECOND, "policy.toml")
    assert in_force(database) == FIRST
    (event,) = events(database)
    digest = hashlib.sha256(FIRST).hexdigest()
    assert (event.name, event.version, event.sha256, event.content) == ("default", 1, digest, FIRST.decode())
    assert (event.agreed_by, event.login, event.replaces) == ([], database.info.user, None)


def test_a_half_edited_file_is_not_put_in_force(database: Connection) -> None:
    """The bytes are a policy, or nothing is activated."""
    with pytest.raises(SettingsError, match=r"policy\.toml:\d+: not TOML"):
        policies.put_first(database, FIRST[:-9], "policy.toml")
    assert policies.in_force(database) is None


def test_two_people_put_a_policy_in_force_for_every_process_at_once(database: Connection, postgres: str) -> None:
    """The first word changes nothing, also said twice; with the second, who was running and who starts decide by it."""
    policies.put_first(database, FIRST, "policy.toml")
    with psycopg.connect(postgres, autocommit=True) as other:
        running = PolicyInForce(Scales())
        before = running.engine(other)
        assert running.engine(other) is before
        assert [agrees(database, "One", SECOND).outcome for _ in range(2)] == ["counted", "counted"]
        assert running.engine(other) is before
        said = agrees(database, "Two", SECOND)
        people = (login_of(database, "One"), login_of(database, "Two"))
        assert (said.outcome, said.agreed_by) == ("activated", people)
        assert running.engine(other).policy.version == 2
    assert in_force(database) == SECOND
    assert agrees(database, "Three", SECOND).outcome == "already"
    newest = policies.in_force(database)
    assert newest is not None
    assert (newest.version, tuple(newest.agreed_by), newest.login, newest.reason) == (2, people, people[1], "a test")
    event = events(database)[-1]
    assert (event.sha256, event.replaces, event.agreed_by) == (newest.sha256, hashlib.sha256(FIRST).hexdigest(), list(people))
    assert event.content.encode() == SECOND


def test_the_same_version_with_other_bytes_is_refused(database: Connection) -> None:
    """What was active under a version stays what that version is; going back to it is allowed."""
    policies.put_first(database, FIRST, "policy.toml")
    changed = bytes_of(1, limit="1000000")
    with pytest.raises(ValueError, match="version 1 of the policy default was active with other bytes"):
        agrees(database, "One", changed)
    for person in ("One", "Two"):
        agrees(database, person, SECOND)
    with pytest.raises(ValueError, match="other bytes"):
        agrees(database, "One", changed)
    assert [agrees(database, person, FIRST).outcome for person in ("One", "Two")] == ["counted", "activated"]
    assert in_force(database) == FIRST


def test_a_word_counts_for_what_was_in_force_when_it_was_said(database: Connection) -> None:
    """One who agreed to version 2, before version 3 replaced the policy, did not agree to go back from 3 to 2."""
    policies.put_first(database, FIRST, "policy.toml")
    third = bytes_of(3)
    agrees(database, "One", SECOND)
    for person in ("One", "Two"):
        agrees(database, person, third)
    assert agrees(database, "Two", SECOND).outcome == "counted"
    assert in_force(database) == third


def test_who_may_not_approve_puts_nothing_in_force(database: Connection) -> None:
    """A viewer, an operator, and the login that owns the tables are no approvers; nobody changes what was activated."""
    policies.put_first(database, FIRST, "policy.toml")
    allowed: tuple[May, ...] = ("view", "operate")
    for may in allowed:
        with (
            acting(database, f"May {may}", may) as connection,
            pytest.raises(SettingsError, match="permission denied for function activate"),
        ):
            policies.activate(connection, SECOND, parse(SECOND), reason="a test", by=may)
    with pytest.raises(SettingsError, match="can write the tables"):
        policies.activate(database, SECOND, parse(SECOND), reason="a test", by="owner")
    with acting(database, "One") as connection:
        for statement in (
            "SELECT risk.activate('x', 'default', 9, '{}', 'me', 'me', 'me')",
            "INSERT INTO risk.policies (sha256, name, version, content) VALUES ('', '', 1, '')",
            "INSERT INTO risk.activations (sha256, agreed_by, login, named, reason, at) VALUES ('', '{}', '', '', '', now())",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement.encode())
    for table in ("risk.policies", "risk.activations"):
        for statement in (f"UPDATE {table} SET sha256 = sha256", f"DELETE FROM {table}", f"TRUNCATE {table} CASCADE"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                database.execute(statement.encode())
    assert in_force(database) == FIRST


@pytest.mark.parametrize("content", [b"name = ", SECOND], ids=["no policy", "another name"])
def test_what_is_no_policy_stops_who_would_decide_by_it(database: Connection, content: bytes) -> None:
    """Two people who go past the program can put bytes in force that are no policy; then nobody decides, and the error says what to do."""
    policies.put_first(database, FIRST, "policy.toml")
    for name in ("One", "Two"):
        with acting(database, name) as connection:
            connection.execute("SELECT people.activate(%s, 'other', 7, %s, 'past the program')", (content, name))
    with pytest.raises(SettingsError, match="other"):
        PolicyInForce(Scales()).engine(database)


def test_the_command_line_asks_two_people_for_exactly_the_file(tmp_path: Path, kafka: KafkaRoom, postgres: str) -> None:
    """`init` activates the file's once; `policy activate` takes two and the digest, and `list` and `show` tell what is in force."""
    commands = write_settings(tmp_path, kafka, postgres)
    file = tmp_path / "policy.toml"
    file.write_bytes(FIRST)
    done = commands.run("init")
    assert done.returncode == 0, done.stderr
    assert "policy     the file's is active" in done.stdout
    file.write_bytes(SECOND)
    digest = hashlib.sha256(SECOND).hexdigest()
    assert "policy" not in commands.run("init").stdout
    with psycopg.connect(postgres, autocommit=True) as owner:
        one, two = (signed_in(owner, name, tmp_path) for name in ("One", "Two"))

    def activate(person: dict[str, str], shown: str) -> tuple[int, str]:
        said = commands.run("policy", "activate", "--shown", shown, "--as", "somebody", "--reason", "a test", **person)
        return said.returncode, said.stdout + said.stderr

    assert activate(one, hashlib.sha256(FIRST).hexdigest())[0] == 1
    waits = f"counted: {one['CUSTODIAN_LOGIN']} would put policy 'default', version 2 in force; another person must agree within the hour"
    assert activate(one, digest) == (0, f"{waits}\n")
    assert commands.run("policy", "show", "--raw").stdout.encode() == FIRST
    code, said = activate(two, digest)
    assert code == 0
    assert said.startswith("activated: policy 'default', version 2 is in force from the next decision on")
    assert commands.run("policy", "show", "--raw").stdout.encode() == SECOND
    assert [line["version"] for line in commands.lines("policy", "list")] == [2, 1]
    file.write_bytes(bytes_of(2, limit="5"))
    assert "other bytes" in activate(one, hashlib.sha256(bytes_of(2, limit="5")).hexdigest())[1]
