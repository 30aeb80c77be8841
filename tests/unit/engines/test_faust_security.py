"""Kafka's security settings, translated for Faust."""

from __future__ import annotations

import ssl
from typing import Any

import pytest

from pipeline.engines._faust_security import credentials
from pipeline.errors import SettingsError


def _asked_of_aiokafka(client: dict[str, Any]) -> dict[str, Any]:
    from faust.transport.drivers.aiokafka import credentials_to_aiokafka_auth

    return dict(credentials_to_aiokafka_auth(credentials(client)))


def test_an_open_connection_needs_no_credentials() -> None:
    """Without security settings, and with PLAINTEXT, Faust connects openly; tuning of librdkafka changes nothing."""
    assert credentials({}) is None
    assert _asked_of_aiokafka({"security.protocol": "plaintext", "socket.timeout.ms": 1000}) == {"security_protocol": "PLAINTEXT"}


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"])
def test_user_and_password_reach_aiokafka(mechanism: str) -> None:
    """Mechanism, user and password of `sasl.*` are what aiokafka is told; both spellings of the mechanism count."""
    for key in ("sasl.mechanism", "sasl.mechanisms"):
        asked = _asked_of_aiokafka({"security.protocol": "SASL_PLAINTEXT", key: mechanism, "sasl.username": "u", "sasl.password": "canary"})
        assert asked == {
            "security_protocol": "SASL_PLAINTEXT",
            "sasl_mechanism": mechanism,
            "sasl_plain_username": "u",
            "sasl_plain_password": "canary",
            "ssl_context": None,
        }
        assert "canary" not in repr(credentials({"security.protocol": "SASL_PLAINTEXT", "sasl.username": "u", "sasl.password": "canary"}))


def test_encryption_verifies_by_default_and_can_be_told_not_to() -> None:
    """SSL checks certificate and host name unless the settings say otherwise."""
    strict = _asked_of_aiokafka({"security.protocol": "SSL"})
    assert strict["security_protocol"] == "SSL"
    assert (strict["ssl_context"].verify_mode, strict["ssl_context"].check_hostname) == (ssl.CERT_REQUIRED, True)
    by_name = _asked_of_aiokafka({"security.protocol": "SSL", "ssl.endpoint.identification.algorithm": "none"})["ssl_context"]
    assert (by_name.verify_mode, by_name.check_hostname) == (ssl.CERT_REQUIRED, False)
    open_eyed = _asked_of_aiokafka({"security.protocol": "SSL", "enable.ssl.certificate.verification": "false"})["ssl_context"]
    assert open_eyed.verify_mode == ssl.CERT_NONE


def test_password_over_encryption() -> None:
    """SASL_SSL gives aiokafka both the user and a verifying context."""
    asked = _asked_of_aiokafka({"security.protocol": "SASL_SSL", "sasl.username": "u", "sasl.password": "p"})
    assert (asked["security_protocol"], asked["sasl_mechanism"]) == ("SASL_SSL", "PLAIN")
    assert asked["ssl_context"].verify_mode == ssl.CERT_REQUIRED


@pytest.mark.parametrize(
    ("client", "key"),
    [
        ({"security.protocol": "TLS"}, "security.protocol"),
        ({"security.protocol": "SASL_SSL", "sasl.username": "u"}, "sasl.password"),
        ({"security.protocol": "SASL_SSL", "sasl.mechanism": "GSSAPI"}, "sasl.mechanism"),
        ({"sasl.kerberos.principal": "x"}, "sasl.kerberos.principal"),
        ({"ssl.keystore.location": "x"}, "ssl.keystore.location"),
        ({"security.protocol": "SSL", "ssl.ca.location": "no/such/file"}, "ssl.ca.location"),
        ({"security.protocol": "SSL", "ssl.certificate.location": "no/such/file"}, "ssl.certificate.location"),
    ],
)
def test_what_cannot_be_translated_is_refused_by_name(client: dict[str, Any], key: str) -> None:
    """A security setting that Faust cannot honour raises SettingsError naming it, rather than being left out."""
    with pytest.raises(SettingsError, match=key):
        credentials(client)
