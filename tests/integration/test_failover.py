"""Several servers in one address: the one that takes writes is found, and one that does not is waited for like one that is away."""

from __future__ import annotations

import socket

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from pipeline import settings as configuration
from pipeline.cli.doctor import _in_earnest, _standby
from pipeline.errors import RetryableError, ServiceAwayError
from pipeline.settings import load
from pipeline.stores import inspection
from pipeline.stores.postgres import connect, translated


def address(dsn: str, *, first: int | None = None) -> configuration.Postgres:
    """Return settings that want a server that takes writes, another port of this machine before it if told."""
    parts = conninfo_to_dict(dsn)
    ports = [str(port) for port in (first, parts["port"]) if port is not None]
    several = {"host": ",".join(["127.0.0.1"] * len(ports)), "port": ",".join(ports), "target_session_attrs": "read-write"}
    return configuration.Postgres(dsn=make_conninfo("", **{**parts, **several, "password": None}), password=parts["password"])


def test_the_server_that_answers_is_found_behind_one_that_is_away(postgres: str) -> None:
    """The first host is down; the second is the primary now."""
    with socket.socket() as taken:  # bound and not listening: whoever connects is refused
        taken.bind(("127.0.0.1", 0))
        connection = connect(address(postgres, first=taken.getsockname()[1]), name="test", autocommit=True)
    with connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_a_server_that_takes_no_writes_is_away(postgres: str) -> None:
    """A standby answers, but not as what is wanted; the next try may find the primary."""
    with psycopg.connect(postgres, autocommit=True) as owner:
        owner.execute(f"ALTER DATABASE {owner.info.dbname} SET default_transaction_read_only = on".encode())
    with pytest.raises(ServiceAwayError, match="read-only"):
        connect(address(postgres), name="test")


def test_a_session_that_takes_no_writes_any_more_is_tried_again(postgres: str) -> None:
    """SQLSTATE 25006: what was the primary is a standby now, so the connection is given up and the batch repeated."""
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute("SET default_transaction_read_only = on")
        with pytest.raises(RetryableError, match="went away while writing"), translated("writing"):
            connection.execute("CREATE TABLE t (x int)")


def test_doctor_wants_a_synchronous_standby_where_money_moves_beyond_this_machine(postgres: str) -> None:
    """Here there is none: said on this machine, a finding beyond it while accepting is live."""
    with connect(address(postgres), name="test", autocommit=True) as connection:
        assert inspection.synchronous_standby(connection) is None
    live, shadow = load(None, {}), load(None, {"CUSTODIAN_MODE__ACCEPTING": "shadow"})
    assert _standby(None, needed=_in_earnest(live, "127.0.0.1")).do is None
    assert _standby(None, needed=_in_earnest(shadow, "db.example")).do is None
    assert _standby("FIRST 1 (db2)", needed=_in_earnest(live, "db.example")).do is None
    assert "synchronous_standby_names" in str(_standby(None, needed=_in_earnest(live, "db.example")).do)
