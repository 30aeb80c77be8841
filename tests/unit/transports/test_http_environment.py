"""What the environment says of certificates and proxies: used, or refused by the variable's name."""

from __future__ import annotations

import os
from pathlib import Path

import httpx
import pytest

from connectors.transports import http_client
from connectors.transports.http_client import check_environment, open_client
from pipeline.errors import RetryableError, SettingsError

VENUE = "https://backend.example.com"


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """Begin each test as a process that has opened no client, in an environment without proxies and certificates."""
    monkeypatch.setattr(http_client, "_has_worked", set())
    for name in list(os.environ):
        if name.lower().endswith("_proxy") or name.startswith("SSL"):
            monkeypatch.delenv(name)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SSL_CERT_FILE", "/nonexistent"),
        ("SSL_CERT_FILE", "/etc/passwd"),
        ("SSL_CERT_FILE", "/etc"),
        ("SSL_CERT_DIR", "/nonexistent"),
        ("SSLKEYLOGFILE", "/nonexistent/keys"),
        ("ALL_PROXY", "socks://h:1"),
        ("all_proxy", "socks5://h:1"),
        ("HTTPS_PROXY", "ftp://h:1"),
        ("HTTPS_PROXY", "http://[::1"),
        ("HTTP_PROXY", "http://u:Qj/7Z@h:1"),
        ("http_proxy", "u:Qj/7Z@h:1"),
        ("HTTP_PROXY", "::"),
        ("NO_PROXY", "[::1]"),
        ("no_proxy", "localhost, [::1]:80"),
        ("NO_PROXY", "fe80::/x, .x:y"),
        ("NO_PROXY", "h\udcff"),
    ],
)
def test_what_cannot_be_used_is_named(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A client is refused by the name of the variable, with what was found but for a password."""
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as refused:
        open_client(VENUE, httpx.Timeout(1))
    assert str(refused.value).startswith(f"{name}: ")
    assert "Qj" not in str(refused.value)
    assert "7Z" not in str(refused.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SSL_CERT_FILE", ""),
        ("ALL_PROXY", "http://u:p%2Fw@h:1"),
        ("HTTPS_PROXY", "proxy.example.com:3128"),
        ("NO_PROXY", "localhost,::1,127.0.0.1,10.0.0.0/8,.example.com,*, ,http://x"),
        ("NO_PROXY", "*"),
    ],
)
def test_what_httpx_can_use_is_accepted(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each spelling that httpx understands opens a client."""
    monkeypatch.setenv(name, value)
    assert isinstance(open_client(VENUE, httpx.Timeout(1)), httpx.AsyncClient)


def test_loopback_needs_no_proxy_and_no_certificates(monkeypatch: pytest.MonkeyPatch) -> None:
    """What listens on this machine is reached whatever the environment says."""
    monkeypatch.setenv("ALL_PROXY", "socks://h:1")
    monkeypatch.setenv("SSL_CERT_FILE", "/nonexistent")
    for url in ("http://127.0.0.1:1", "http://[::1]:1", "http://localhost"):
        assert isinstance(open_client(url, httpx.Timeout(1)), httpx.AsyncClient)


def test_certificates_that_are_being_replaced_are_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process whose environment has worked does not end for a file that is away for a moment: settings faults end every role."""
    opened = open_client(VENUE, httpx.Timeout(1))
    assert isinstance(opened, httpx.AsyncClient)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "missing"))
    with pytest.raises(RetryableError, match=r"^SSL_CERT_FILE: "):
        open_client(VENUE, httpx.Timeout(1))


def test_an_address_that_is_none_is_a_setting() -> None:
    """Whoever opens a client for something that is no address is told which."""
    with pytest.raises(SettingsError, match=r"http://…@\[::1 is no address"):
        open_client("http://u:secret/x@[::1", httpx.Timeout(1))


def test_an_empty_environment_is_fine() -> None:
    """Nothing said is nothing wrong."""
    check_environment({})
