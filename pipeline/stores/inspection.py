"""What a database says about itself to somebody who checks it: version, clock, and what our user may do."""

from __future__ import annotations

import os
import ssl
from dataclasses import dataclass
from datetime import datetime

from pipeline.stores.postgres import Connection, trust_of
from pipeline.tls import POSTGRES_ASKS, Peer, look


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """A PostgreSQL server, as our connection sees it."""

    version: str
    user: str
    now: datetime


def about(connection: Connection) -> About:
    """Ask the server about itself."""
    row = connection.execute("SELECT current_setting('server_version'), current_user, clock_timestamp()").fetchone()
    assert row is not None
    return About(version=row[0].split()[0], user=row[1], now=row[2])


def synchronous_standby(connection: Connection) -> str | None:
    """Return the standby that commits wait for, as the server's settings name it; None where a takeover can lose commits."""
    row = connection.execute(
        "SELECT current_setting('synchronous_standby_names'), reset_val IN ('off', 'local')"
        "  FROM pg_settings WHERE name = 'synchronous_commit'"
    ).fetchone()
    assert row is not None
    names, waits_not = row
    return None if waits_not or not names.strip() else str(names)


def peer(connection: Connection, *, timeout: float) -> Peer | None:
    """Greet the server of a connection once more, believing whom the connection believes, since libpq does not say who answered.

    Return None where the connection has no TLS; raise OSError, or SettingsError for a certificate that cannot be used.
    """
    if not connection.pgconn.ssl_in_use:
        return None
    told = {"sslrootcert": os.path.expanduser("~/.postgresql/root.crt"), **connection.info.get_parameters()}
    mode = told.get("sslmode", "")
    checked = mode.startswith("verify") or told["sslrootcert"] == "system"
    context = trust_of(told if checked else told | {"sslrootcert": "system"}).context()
    context.check_hostname = mode == "verify-full"
    context.verify_mode = ssl.CERT_REQUIRED if checked else ssl.CERT_NONE
    return look(connection.info.host, connection.info.port, context, timeout=timeout, asks=POSTGRES_ASKS)
