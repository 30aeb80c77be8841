"""Secrets in text: known ones, and what looks like one."""

from __future__ import annotations

import json
import logging
import sys

import pytest

from pipeline.observability.logs import JsonLines, OnceInAWhile
from pipeline.observability.redaction import MASK, Redactor, redact
from pipeline.observability.secrets import secrets_of
from pipeline.settings import Settings

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl"


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        (f"Authorization: Bearer {JWT}", JWT),
        (f"token={JWT}", JWT),
        ("postgresql://custodian:s3cr3t-pw@db:5432/x", "s3cr3t-pw"),
        ("host=db password=s3cr3t-pw dbname=x", "s3cr3t-pw"),
        ("postgresql://custodian:a/b#c@d%e-s3cr3t@db:5432/x", "s3cr3t"),
        ("https://user:a/s3cr3t@proxy:3128", "s3cr3t"),
        ("host=db password='a b s3cr3t\\\\'pw' dbname=x", "s3cr3t"),
        ("host=db password=a&b,c;s3cr3t dbname=x", "s3cr3t"),
        (json.dumps(json.dumps({"password": 'a"s3cr3t'})), "s3cr3t"),
        ('{"client_id": "a", "client_secret": "s3cr3t-pw"}', "s3cr3t-pw"),
        ("sasl.password = s3cr3t-pw", "s3cr3t-pw"),
        ("Basic Y3VzdG9kaWFuOnNlY3JldA==", "Y3VzdG9kaWFuOnNlY3JldA=="),
    ],
)
def test_what_looks_like_a_secret_is_masked(text: str, secret: str) -> None:
    """Tokens, and passwords in addresses, connection strings and JSON, are replaced."""
    masked = Redactor()(text)
    assert secret not in masked
    assert MASK in masked


@pytest.mark.parametrize("text", ["password authentication failed for user x", "postgresql://custodian@db:5432/x", "a basic idea", "ok"])
def test_ordinary_text_stays_as_it_is(text: str) -> None:
    """Words about secrets are no secrets."""
    assert Redactor()(text) == text


@pytest.mark.parametrize("said", ["password=pw-1234", 'say "password=pw-1234"', "{'password': 'pw-1234'}", '{"password": "pw\\"1234"}'])
def test_a_line_of_json_stays_json(said: str) -> None:
    """What is masked inside a text of a log line leaves the line readable."""
    masked = Redactor()(json.dumps({"event": said, "level": "info"}))
    assert "1234" not in masked
    assert json.loads(masked)["level"] == "info"


def test_known_secrets_are_masked_also_as_json_writes_them() -> None:
    """A secret with quotes and letters beyond ASCII is found in plain text and inside JSON."""
    secret = 'pä"ss\\wörd'
    redactor = Redactor()
    redactor.learn([secret])
    for text in (secret, json.dumps({"x": secret}), json.dumps({"x": secret}, ensure_ascii=False)):
        masked = redactor(text)
        assert "ss\\w" not in masked
        assert MASK in masked


def test_the_settings_secrets_are_all_known() -> None:
    """Password of the database (from the address, unless another is set), client secret, and what librdkafka is told."""
    settings = Settings.model_validate(
        {
            "kafka": {"client": {"sasl.password": "kafka-secret", "sasl.username": "not-secret"}},
            "postgres": {"dsn": "postgresql://u:in%2Fdsn@localhost/d"},
            "venues": {"tokyo": {"base_url": "https://h", "auth": {"client_id": "c", "client_secret": "client-secret"}}},
        }
    )
    assert set(secrets_of(settings)) == {"kafka-secret", "client-secret", "in/dsn"}
    both = Settings.model_validate({"postgres": {"dsn": "postgresql://u:in%2Fdsn@localhost/d", "password": "pg-secret"}})
    assert secrets_of(both) == ["pg-secret"]
    assert "dsn@" not in both.postgres.dsn


def test_a_log_line_is_one_json_object_without_secrets() -> None:
    """Time, level, role, instance and event stand in it, extras and the traceback too; a known secret nowhere."""
    redact.learn(["canary-3f9a"])
    formatter = JsonLines(role="ledger", instance="i-1")
    try:
        local = "canary-3f9a"
        raise ValueError(f"bad {local}")
    except ValueError:
        record = logging.getLogger("x").makeRecord("x", logging.ERROR, __file__, 1, "it failed: %s", ("canary-3f9a",), sys.exc_info())
    record.lag = 3
    record.reason = "canary-3f9a"
    text = formatter.format(record)
    line = json.loads(text)
    assert "canary-3f9a" not in text
    assert (line["level"], line["role"], line["instance"], line["event"]) == ("error", "ledger", "i-1", f"it failed: {MASK}")
    assert (line["lag"], line["reason"]) == (3, MASK)
    assert "ValueError" in line["exc_info"]
    assert line["ts"].endswith("Z")


def test_a_library_says_the_same_once_in_a_while() -> None:
    """A line that differs only by numbers passes again after half a minute; our own lines always pass."""
    now = [0.0]
    once = OnceInAWhile(lambda: now[0])

    def passes(name: str, text: str) -> bool:
        return bool(once.filter(logging.LogRecord(name, logging.ERROR, "", 0, text, None, None)))

    assert passes("librdkafka", "1/1 brokers are down")
    assert not passes("librdkafka", "2/2 brokers are down")
    assert passes("librdkafka", "another thing")
    assert passes("pipeline.x", "1/1 brokers are down")
    assert passes("pipeline.x", "1/1 brokers are down")
    now[0] = 31.0
    assert passes("librdkafka", "3/3 brokers are down")
