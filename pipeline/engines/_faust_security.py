"""Kafka's security settings, written for librdkafka, translated for Faust and aiokafka.

Understood: `security.protocol`, `sasl.mechanism(s)` PLAIN and SCRAM, `sasl.username`, `sasl.password`,
`ssl.ca.location`, `ssl.ca.pem`, `ssl.certificate.location`, `ssl.key.location`, `ssl.key.password`,
`ssl.endpoint.identification.algorithm`, `enable.ssl.certificate.verification`. Any other `sasl.*` or `ssl.*` key is
refused rather than left out: a connection that is weaker than it was written is worse than none. Settings without
such a prefix tune librdkafka only.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from typing import Any

from faust import SASLCredentials, SSLCredentials

from pipeline.errors import SettingsError
from pipeline.tls import kafka_context

_KNOWN = {
    "security.protocol",
    "sasl.mechanism",
    "sasl.mechanisms",
    "sasl.username",
    "sasl.password",
    "ssl.ca.location",
    "ssl.ca.pem",
    "ssl.certificate.location",
    "ssl.key.location",
    "ssl.key.password",
    "ssl.endpoint.identification.algorithm",
    "enable.ssl.certificate.verification",
}
_MECHANISMS = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")
_PROTOCOLS = ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")
_OTHER_ENGINE = 'or choose engine.kind = "librdkafka", which takes every setting of librdkafka'


def credentials(client: Mapping[str, Any]) -> Any | None:
    """Return Faust's credentials for `kafka.client`, None for an open connection; raise SettingsError naming the key."""
    for key in client:
        if key.startswith(("sasl.", "ssl.", "security.", "enable.ssl", "enable.sasl")) and key not in _KNOWN:
            raise SettingsError(f'kafka.client: {key} cannot be used with engine.kind = "faust"; remove it, {_OTHER_ENGINE}')
    protocol = str(client.get("security.protocol", "PLAINTEXT")).upper()
    if protocol not in _PROTOCOLS:
        raise SettingsError(f"kafka.client: security.protocol: found {protocol!r}; write one of {', '.join(_PROTOCOLS)}")
    context = kafka_context(client) if protocol in ("SSL", "SASL_SSL") else None
    if protocol.startswith("SASL"):
        return _sasl(client, context)
    return SSLCredentials(context=context) if context is not None else None


def _sasl(client: Mapping[str, Any], context: ssl.SSLContext | None) -> Any:
    mechanism = str(client.get("sasl.mechanism", client.get("sasl.mechanisms", "PLAIN"))).upper()
    if mechanism not in _MECHANISMS:
        raise SettingsError(f"kafka.client: sasl.mechanism: found {mechanism!r}; write one of {', '.join(_MECHANISMS)}, {_OTHER_ENGINE}")
    for key in ("sasl.username", "sasl.password"):
        if key not in client:
            raise SettingsError(f"kafka.client: {key}: missing; security.protocol with SASL needs it")
    return SASLCredentials(
        username=str(client["sasl.username"]), password=str(client["sasl.password"]), ssl_context=context, mechanism=mechanism
    )
