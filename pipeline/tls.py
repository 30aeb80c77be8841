"""TLS as our own code speaks it: whom it believes and as whom it speaks, and who answered.

TLS 1.2 is the least; certificate and name are checked unless Kafka's settings say otherwise, which `pipeline.transport` lets pass on
loopback or with `insecure = true` alone. librdkafka and libpq speak TLS themselves; `look` sees with the same trust what they see.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from pipeline.errors import SettingsError

POSTGRES_ASKS = b"\x00\x00\x00\x08\x04\xd2\x16\x2f"
"""PostgreSQL's SSLRequest: the server answers with S before TLS begins."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """Files of certificates (PEM), with the names of the settings that say them."""

    ca_key: str
    certificate_key: str
    ca_file: str | None = None
    ca_text: str | None = None
    certificate_file: str | None = None
    key_file: str | None = None
    key_password: str | None = field(default=None, repr=False)
    system: Callable[[], ssl.SSLContext] = ssl.create_default_context
    """Makes the context where there is no `ca_file`: it believes whom the system believes."""

    def context(self) -> ssl.SSLContext:
        """Return a client's context from the files as they are now; raise SettingsError naming the setting whose file cannot be used."""
        try:
            own = self.ca_file or self.ca_text
            context = ssl.create_default_context(cafile=self.ca_file, cadata=self.ca_text) if own else self.system()
        except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
            raise _unusable(self.ca_key, self.ca_file, error, "the CA's certificate in PEM") from None
        context.minimum_version = max(context.minimum_version, ssl.TLSVersion.TLSv1_2)
        if self.certificate_file:
            try:
                # A password of "" keeps OpenSSL from asking the terminal.
                context.load_cert_chain(self.certificate_file, self.key_file, self.key_password or "")
            except (OSError, ValueError) as error:
                raise _unusable(self.certificate_key, self.certificate_file, error, "a certificate and its key in PEM") from None
        return context


def _unusable(key: str, file: str | None, error: Exception, wanted: str) -> SettingsError:
    said = error.strerror if isinstance(error, OSError) and error.strerror else type(error).__name__
    return SettingsError(f"{key}: {file or 'it'} cannot be used: {said}; it has to hold {wanted}")


def kafka_context(client: Mapping[str, Any]) -> ssl.SSLContext:
    """Return the context of librdkafka's settings `ssl.*`; raise SettingsError."""

    def named(key: str) -> str | None:
        return str(client[key]) if client.get(key) else None

    ca_file = named("ssl.ca.location")
    context = Trust(
        ca_key="kafka.client: ssl.ca.location",
        ca_file=None if ca_file == "probe" else ca_file,
        ca_text=named("ssl.ca.pem"),
        certificate_key="kafka.client: ssl.certificate.location",
        certificate_file=named("ssl.certificate.location"),
        key_file=named("ssl.key.location"),
        key_password=named("ssl.key.password"),
    ).context()
    if str(client.get("ssl.endpoint.identification.algorithm", "https")).lower() in ("none", ""):
        context.check_hostname = False
    if str(client.get("enable.ssl.certificate.verification", "true")).lower() in ("false", "f", "0"):
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """Who answered over TLS."""

    version: str
    name: str
    ends_at: datetime | None
    """When its certificate ends; None where nobody checked it."""


def peer_of(connection: ssl.SSLObject | ssl.SSLSocket) -> Peer:
    """Return who is at the other end of a connection."""
    shown: Mapping[str, Any] = connection.getpeercert() or {}
    names = [value for _, value in shown.get("subjectAltName", ())]
    common = [value for part in shown.get("subject", ()) for key, value in part if key == "commonName"]
    ends = datetime.fromtimestamp(ssl.cert_time_to_seconds(shown["notAfter"]), UTC) if shown else None
    return Peer(version=connection.version() or "", name=", ".join(common[:1] + names[:3]) or "unchecked", ends_at=ends)


def look(host: str, port: int, context: ssl.SSLContext, *, timeout: float, asks: bytes = b"") -> Peer:
    """Greet a server and say who it is; `asks` is what is sent in the clear before, for an S in return. Raise OSError."""
    with socket.create_connection((host, port), timeout) as opened:
        if asks:
            opened.sendall(asks)
            if opened.recv(1) != b"S":
                raise ConnectionRefusedError("it speaks no TLS")
        with context.wrap_socket(opened, server_hostname=host) as secured:
            return peer_of(secured)
