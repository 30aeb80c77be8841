"""What the listener of a role tells whoever can reach it."""

from __future__ import annotations

import json
from pathlib import Path

import httpx
import pytest

from pipeline.observability.health import Health
from pipeline.observability.listener import Listener
from pipeline.settings import Postgres
from pipeline.stores.postgres import where


@pytest.mark.parametrize("path", ["readyz", "healthz", "metrics"])
def test_no_login_and_no_host_is_told(path: str) -> None:
    """A role that waits for its database says so, and not as whom it connects to where."""
    place = where(Postgres(dsn="postgresql://custodian@db.internal:5432/books?sslmode=verify-full", ca_file=Path("ca.pem")))
    assert place == "custodian@db.internal:5432/books"
    health = Health(lambda: 0.0)
    health.started()
    health.unavailable("postgres", f"PostgreSQL does not answer at {place} (refused); start it")
    health.broken("loop", f"cannot reach {place}")
    listener = Listener("127.0.0.1:0", health)
    try:
        text = httpx.get(f"http://127.0.0.1:{listener.port}/{path}", trust_env=False).text
    finally:
        listener.close()
    if path == "readyz":
        assert json.loads(text)["reasons"]["postgres"] == "PostgreSQL does not answer at … (refused); start it"
    assert "custodian@" not in text
    assert "db.internal" not in text
