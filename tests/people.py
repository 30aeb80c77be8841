"""People of tests: logins of their own on a test's database, made as `custodian people add` makes them, and what they say there.

A name such as "Officer One" has the login `<database>_officer_one`, since logins belong to the whole server; it goes with the database.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import psycopg
from psycopg.conninfo import make_conninfo

from pipeline.stores import approvals, halts, people
from pipeline.stores.approvals import Said
from pipeline.stores.halts import Resumed
from pipeline.stores.people import May
from pipeline.stores.postgres import Connection

PASSWORD = "spoken-by-a-person-of-tests"
_VERIFIER = people.verifier(PASSWORD, b"salt of all tests")


def login_of(where: Connection, name: str) -> str:
    """Return the login of a person on a database."""
    return f"{where.info.dbname}_{name.strip().lower().replace(' ', '_')}"


def make(owner: Connection, name: str, *may: May) -> str:
    """Make a person who may approve and operate, or what is given, and return the login; one that is there keeps what it has."""
    login = login_of(owner, name)
    people.add(owner, login, may or ("approve", "operate"), _VERIFIER)
    return login


@contextlib.contextmanager
def acting(owner: Connection, name: str, *may: May) -> Iterator[Connection]:
    """Make a person, and give a connection of theirs in autocommit mode."""
    make(owner, name, *may)
    with signed_on(owner, name) as connection:
        yield connection


@contextlib.contextmanager
def signed_on(where: Connection, name: str) -> Iterator[Connection]:
    """Give another connection of a person who is there, in autocommit mode."""
    address = make_conninfo(where.info.dsn, user=login_of(where, name), password=PASSWORD)
    with psycopg.connect(address, autocommit=True) as connection:
        yield connection


def signed_in(owner: Connection, name: str, folder: Path, *may: May) -> dict[str, str]:
    """Make a person, and return the environment in which the program connects as that person; the password is put into the folder."""
    file = folder / "password-of-people"
    file.write_text(PASSWORD)
    file.chmod(0o600)
    return {"CUSTODIAN_LOGIN": make(owner, name, *may), "CUSTODIAN_LOGIN_PASSWORD_FILE": str(file)}


def says(
    owner: Connection,
    verdict: Literal["approve", "refuse"],
    decision_id: str,
    *,
    by: str,
    shown: str,
    now: datetime | None = None,
    reason: str = "",
    shown_as: str | None = None,
) -> Said:
    """Let a person answer a referral; `now` is the time of a test whose clock is not the database's."""
    speak = approvals.approve if verdict == "approve" else approvals.refuse
    with as_of(owner, now), acting(owner, by) as connection:
        return speak(connection, decision_id, by=by, shown=shown, reason=reason, shown_as=shown_as)


def resumes(owner: Connection, venue: str | None, pair: str | None, *, by: str, reason: str = "over") -> Resumed:
    """Let a person agree to end the halt of a scope, as it is now."""
    standing = [one for one in halts.active(owner) if (one.venue, one.pair) == (venue, pair)]
    with acting(owner, by) as connection:
        return halts.resume(connection, venue=venue, pair=pair, shown=standing[0].shown_sha256 if standing else "", reason=reason, by=by)


@contextlib.contextmanager
def as_of(owner: Connection, now: datetime | None) -> Iterator[None]:
    """Let referrals expire by the database's clock as they would by the test's."""
    if now is None:
        yield
        return
    ahead = datetime.now(UTC) - now
    owner.execute("UPDATE risk.referrals SET expires_at = expires_at + %s", (ahead,))
    try:
        yield
    finally:
        owner.execute("UPDATE risk.referrals SET expires_at = expires_at - %s", (ahead,))
