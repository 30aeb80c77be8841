"""Connection strings are parted from their password, and no error about one shows any of it."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from pipeline.dsn import without_password
from pipeline.errors import SettingsError
from pipeline.settings import load

LETTERS = st.text(st.sampled_from("/#@%?&=:;,'\"\\ äあ[]+0"), min_size=1, max_size=12)
PLAIN = (
    "postgresql://custodian@db:5432/custodian",
    "postgres://db",
    "postgresql:///x?host=/run/pg&application_name=a%40b",
    "postgresql://u@[::1]:5432,b:5433/d?target_session_attrs=any",
    "host=db dbname='my base' user=a\\ b",
    "",
)


@pytest.mark.parametrize("dsn", PLAIN)
def test_an_address_without_password_means_what_it_meant(dsn: str) -> None:
    """Nothing is lost, both as a URI and as pairs."""
    kept, password = without_password(dsn)
    assert password is None
    assert conninfo_to_dict(kept) == conninfo_to_dict(dsn)


@given(password=LETTERS)
def test_an_encoded_password_is_parted_from_its_address(password: str) -> None:
    """Whatever its letters: in a URI, in its query and in pairs the password comes back whole, and the address no longer has it."""
    for dsn in (
        f"postgresql://u:{quote(password, safe='')}@h:1/d?application_name=x",
        f"postgresql://u@h:1/d?password={quote(password, safe='')}&application_name=x",
        make_conninfo(user="u", host="h", port=1, dbname="d", password=password, application_name="x"),
    ):
        kept, found = without_password(dsn)
        assert found == password
        assert conninfo_to_dict(kept) == {"user": "u", "host": "h", "port": "1", "dbname": "d", "application_name": "x"}


@given(
    password=LETTERS,
    form=st.sampled_from(
        ["postgresql://u:{}@h/d", "postgres://u:{}@h:1/d?connect_timeout=1", "password={} host=h", "host=h password='{}'"]
    ),
)
def test_a_password_as_somebody_typed_it_is_parted_or_refused(password: str, form: str) -> None:
    """What nobody encoded is either read as libpq reads it, or refused without a word of it; it never stays in the address."""
    marked = f"Qj{password}7Z"
    dsn = form.format(marked)
    try:
        kept, found = without_password(dsn)
    except ValueError as error:
        shown, found = str(error), None
    else:
        shown = kept
    assert "Qj" not in shown
    assert "7Z" not in shown
    if found is None:
        return
    try:
        meant = conninfo_to_dict(dsn).get("password")
    except ProgrammingError:  # a blank in a URI, which libpq does not allow
        meant = marked
    assert found == meant


@pytest.mark.parametrize(
    "dsn",
    [
        "postgresql://u:Qj/x7Z@h/d",
        "postgresql://u:Qj@x7Z@h/d",
        "postgresql://u:Qj%x7Z@h/d",
        "postgresql://u:123/Qj7Z@h/d",
        "host=h password=Qj x7Z",
        "host=h password='Qj7Z",
        "Qj7Z",
    ],
)
@pytest.mark.parametrize("by", ["file", "environment"])
def test_a_wrong_address_is_a_setting_that_is_named_and_not_shown(dsn: str, by: str, tmp_path: Path) -> None:
    """The error names postgres.dsn and how to write it, and holds no letter of a password."""
    file = tmp_path / "custodian.toml"
    file.write_text(f"[postgres]\ndsn = {json.dumps(dsn)}\n" if by == "file" else "", encoding="utf-8")
    with pytest.raises(SettingsError) as refused:
        load(file, {} if by == "file" else {"CUSTODIAN_POSTGRES__DSN": dsn})
    assert "postgres.dsn: not a PostgreSQL address; write postgresql://user@host" in str(refused.value)
    assert "Qj" not in str(refused.value)
    assert "7Z" not in str(refused.value)


def test_the_password_of_an_address_is_used_unless_another_is_set(tmp_path: Path) -> None:
    """The address of the settings never has one; a password of its own, or a file, goes before."""
    file = tmp_path / "custodian.toml"
    file.write_text("[postgres]\ndsn = 'postgresql://u:a%2Fb%23%40%25c@h/d'\ninsecure = true\n", encoding="utf-8")
    alone, other = load(file, {}), load(file, {"CUSTODIAN_POSTGRES__PASSWORD": "other"})
    assert (alone.postgres.dsn, alone.postgres.secret()) == ("postgresql://u@h/d", "a/b#@%c")
    assert (other.postgres.dsn, other.postgres.secret()) == ("postgresql://u@h/d", "other")
    assert "a/b" not in repr(alone)
