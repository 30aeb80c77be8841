"""Who counts as a person: logins of PostgreSQL, in groups for what they may do (infra/decisions/0016).

Promises: a login is made without any right but those of its groups; a password is sent as its SCRAM verifier, never as it is; who can
write what people's words are counted in, or make logins, is not made a person. Removing a person ends every right at once, also of a
session that is open, and keeps the name: it is in the evidence, and nobody else gets it.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import psycopg

from pipeline.errors import FatalError, SettingsError
from pipeline.stores import acts
from pipeline.stores.acts import Act
from pipeline.stores.postgres import Connection, translated
from pipeline.stores.statements import named_statements

May = Literal["view", "approve", "operate", "account", "comply"]
MAY: tuple[May, ...] = ("view", "approve", "operate", "account", "comply")
"""Look at everything; answer referrals, activate policies; end halts, acknowledge, resolve; read the views. All may halt."""
LOGIN = re.compile(r"[a-z0-9]([a-z0-9_.@-]{0,61}[a-z0-9])?")
PASSWORD_LENGTH_MIN = 12
_PASSWORD = re.compile(rf"[\x21-\x7e]{{{PASSWORD_LENGTH_MIN},200}}")
"""Without spaces and beyond ASCII nothing, so that SASLprep (RFC 4013) leaves it as it is."""
_ITERATIONS = 4096
"""PostgreSQL's own number; a password that we make has 256 bits, which no number of rounds makes harder to guess."""
AGREEING = 2
"""How many people end a halt, or put a policy in force; the functions of the database count them."""
_ADMINISTRATOR = "let an administrator run the output of --print-sql"
_SQL = named_statements("pipeline.stores", "people.sql")


@dataclass(frozen=True, slots=True)
class Person:
    """A login that counts, or did."""

    login: str
    may: Sequence[May]
    """By the groups that the server has it in now."""
    added_by: str
    added_at: datetime
    removed_by: str | None
    removed_at: datetime | None
    issuer: str | None
    """Who it is for an identity provider, with `subject`; None while PostgreSQL alone knows them."""
    subject: str | None


def verifier(password: str, salt: bytes) -> str:
    """Return what PostgreSQL keeps of a password (RFC 5802, RFC 7677); raise ValueError for one that is too weak or cannot be typed."""
    if not _PASSWORD.fullmatch(password):
        raise ValueError(f"a password has {PASSWORD_LENGTH_MIN} to 200 letters, digits and signs of ASCII, and no spaces")
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, _ITERATIONS)
    stored = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server = hmac.digest(salted, b"Server Key", "sha256")
    parts = [base64.b64encode(part).decode() for part in (salt, stored, server)]
    return f"SCRAM-SHA-256${_ITERATIONS}:{parts[0]}${parts[1]}:{parts[2]}"


def add(connection: Connection, login: str, may: Sequence[May], secret: str, act: Act | None = None) -> None:
    """Make a login a person, in these groups beside those it has, with the act that says so; `secret` is a `verifier`.

    A login that the server has for other reasons keeps its password; one that was removed before gets the new one. Raise SettingsError
    where this connection's login may not, ValueError with what speaks against it.
    """
    _run(connection, "add", {"login": checked(login), "secret": secret, "may": list(may)}, act)


def remove(connection: Connection, login: str, act: Act | None = None) -> None:
    """Take every right of a person at once, with the act that says so. Raise SettingsError and ValueError as `add` does.

    `connection` is in autocommit mode: the rights are gone before anything waits for what that person has not finished.
    """
    with allowed("giving rights to people"):
        connection.execute(_SQL["close"], {"login": checked(login)})
    _run(connection, "remove", {"login": checked(login)}, act)


def script(login: str, may: Sequence[May] = (), secret: str | None = None) -> str:
    """Return the SQL that an administrator can run in the database instead: of `add`, or without a secret of `remove`.

    Raise ValueError for a login that is none.
    """
    if secret is None:  # each in a transaction of its own
        return f"SELECT custodian.close_person('{checked(login)}');\nSELECT custodian.remove_person('{login}');"
    values = [f"'{text}'" for text in (checked(login), secret, *may)]
    return f"SELECT custodian.add_person({', '.join(values)});"


def has_login(connection: Connection, login: str) -> bool:
    """Tell whether the server has a login of that name, which keeps its password when it is added."""
    return connection.execute(_SQL["has_login"], {"login": login}).fetchone() == (True,)


def listed(connection: Connection) -> Iterator[Person]:
    """Yield everybody who is or was a person, by login."""
    for row in connection.execute(_SQL["listed"]).fetchall():
        yield Person(*row)


def able(connection: Connection) -> dict[str, int]:
    """Return how many people may do each thing."""
    there = [person for person in listed(connection) if person.removed_at is None]
    return {may: sum(may in person.may for person in there) for may in MAY}


def checked(login: str) -> str:
    """Return a login; raise ValueError for one that could look like another."""
    if not LOGIN.fullmatch(login):
        raise ValueError(f"{login!r}: write a login of a-z, 0-9 and _ . @ - inside, at most 63 of them: no two of such look alike")
    return login


def _run(connection: Connection, name: str, values: Mapping[str, Any], act: Act | None) -> None:
    with allowed("giving rights to people"), connection.transaction():
        connection.execute(_SQL[name], values)
        if act is not None:
            acts.record(connection, act)


def _advice(may: May) -> str:
    """Say how somebody acts who may; what the functions of the database advise knows of no act."""
    return (
        f"act with --login NAME, as a person who may: `custodian people add NAME --may {may}` makes one, `custodian people list` shows them"
    )


@contextmanager
def allowed(doing: str, may: May | None = None) -> Iterator[None]:
    """Say in a SettingsError why this login may not do something, and in a ValueError what it said wrong; other errors as `translated`.

    `may` is what somebody has to be allowed for it; without one it is for an administrator.
    """
    try:
        with translated(doing):
            yield
    except FatalError as error:
        cause = error.__cause__
        if not isinstance(cause, psycopg.Error):
            raise
        said = cause.diag.message_primary or str(cause)
        if cause.sqlstate == "42501":
            raise SettingsError(f"{doing}: {said}; {_ADMINISTRATOR if may is None else _advice(may)}") from None
        if cause.sqlstate == "22023":
            raise ValueError(said) from None
        raise
