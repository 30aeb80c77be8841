"""Which policy is in force: the one that was activated last, by its bytes in the database and by nothing else.

Promises: a file counts only until the first activation, and for that as a whole: `custodian init` reads it once. From then on two people
activate, by the bytes that each of them was shown; every process that decides asks for the newest activation in the transaction in which it
decides, so a worker, its neighbour and one that was started again go by the same one. Bytes that hold no policy stop whoever would decide
by them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from pipeline.domain.money import Scales
from pipeline.errors import SettingsError
from pipeline.policy.engine import Engine
from pipeline.policy.file import NO_POLICY, Policy, parse
from pipeline.stores.people import allowed
from pipeline.stores.postgres import Connection
from pipeline.stores.statements import named_statements

_SQL = named_statements("pipeline.stores", "policies.sql")


@dataclass(frozen=True, slots=True, kw_only=True)
class Activation:
    """A policy became active."""

    activation_id: int
    name: str
    version: int
    sha256: str
    agreed_by: Sequence[str]
    """The logins of who agreed; none for the first one."""
    login: str
    by: str
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Activated:
    """What came of a person's word for a policy; `counted`: another person has to agree within the hour."""

    outcome: Literal["activated", "counted", "already"]
    agreed_by: tuple[str, ...] = ()
    login: str | None = None


class PolicyInForce:
    """The engine by the policy in force; compiled anew when another one was activated."""

    def __init__(self, scales: Scales, *, note: Callable[[Policy], None] = lambda _: None) -> None:
        """`scales` are those that the ledger books with; `note` is told of each policy that is compiled."""
        self._scales, self._note = scales, note
        self._engine: Engine | None = None

    def engine(self, connection: Connection) -> Engine:
        """Return the engine by what is in force now; without any activation the one without rules, which refers everything to people.

        Raise SettingsError when the bytes are no policy, or not the one that was named.
        """
        row = connection.execute(_SQL["in_force"]).fetchone()
        sha256 = NO_POLICY.sha256 if row is None else row[0]
        engine = self._engine
        if engine is None or engine.policy.sha256 != sha256:
            engine = self._engine = Engine(NO_POLICY if row is None else _policy(connection, sha256), self._scales)
            self._note(engine.policy)
        return engine


def in_force(connection: Connection) -> Activation | None:
    """Return the newest activation; None when there never was one."""
    return next(listed(connection), None)


def content(connection: Connection, sha256: str) -> bytes | None:
    """Return the bytes of a policy that was active at some time."""
    row = connection.execute(_SQL["content"], {"sha256": sha256}).fetchone()
    return None if row is None else bytes(row[2])


def put_first(connection: Connection, found: bytes, where: str) -> bool:
    """Activate a policy on a database that never had one; tell whether that was so. Raise SettingsError for bytes that are no policy.

    `connection` is in autocommit mode; `where` stands before the line in errors.
    """
    policy = parse(found, where)
    with connection.transaction():
        connection.execute(_SQL["lock"])
        values = {"content": found, "name": policy.name, "version": policy.version}
        return connection.execute(_SQL["first"], values).fetchone() is not None


def activate(connection: Connection, found: bytes, policy: Policy, *, reason: str, by: str) -> Activated:
    """Agree to a policy by its bytes, as the person whose login this connection has; `policy` is what they say, `by` a label.

    `connection` is in autocommit mode. Raise SettingsError for a login that is none of a person who may, ValueError for a version that was
    active with other bytes, and for a label that is none.
    """
    values = {"content": found, "name": policy.name, "version": policy.version, "by": by, "reason": reason}
    with allowed("to activate a policy", "approve"):
        row = connection.execute(_SQL["activate"], values).fetchone()
    assert row is not None
    said: dict[str, Any] = row[0]
    return Activated(outcome=said["outcome"], agreed_by=tuple(said.get("agreed_by", ())), login=said.get("login"))


def has_agreed(connection: Connection, policy: Policy) -> bool:
    """Tell whether this connection's login has agreed within the hour to what stands, and nobody has joined it yet."""
    values = {"sha256": policy.sha256, "name": policy.name, "version": policy.version}
    return connection.execute(_SQL["has_agreed"], values).fetchone() is not None


def listed(connection: Connection) -> Iterator[Activation]:
    """Yield what became active, newest first."""
    names = ("activation_id", "name", "version", "sha256", "agreed_by", "login", "by", "reason", "at")
    for row in connection.execute(_SQL["listed"]).fetchall():
        yield Activation(**dict(zip(names, row, strict=True)))


def _policy(connection: Connection, sha256: str) -> Policy:
    row = connection.execute(_SQL["content"], {"sha256": sha256}).fetchone()
    assert row is not None, "an activation refers to its policy"
    name, version, found = row
    policy = parse(bytes(found), f"policy {name} {version} (risk.policies)")
    if (policy.name, policy.version, policy.sha256) != (name, version, sha256):
        raise SettingsError(
            f"risk.policies: what was activated as {name!r}, version {version}, says of itself {policy.name!r}, version {policy.version}; "
            "activate one that says what it is: custodian policy activate FILE"
        )
    return policy
