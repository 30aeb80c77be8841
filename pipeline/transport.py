"""What may travel beyond this machine without TLS: nothing, unless the section of the settings says `insecure = true`.

Each function says what is weak about a connection as its settings have it, beginning with the key, ending with what to write; None where
nothing is. Loopback is what is certain to be this machine: 127.0.0.0/8, ::1, `localhost`, and for PostgreSQL a socket. What cannot be
told is taken for another machine. What is behind a loopback address (a tunnel, a sidecar) is for whoever put it there to know.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from itertools import zip_longest
from urllib.parse import urlsplit

_BROKER = re.compile(r"(?:\w+://)?(\[[^\]]*\]|[^:\[\]/]*)(?::(\d+))?")
_SERVERS = ("bootstrap.servers", "metadata.broker.list")
_ON = ("true", "t", "1")
"""How librdkafka spells a switch that is on; the case of letters does not matter."""
_TLS_VERSIONS = ("tlsv1.2", "tlsv1.3")


def is_loopback(host: str) -> bool:
    """Tell whether a host is certain to be this machine."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def weak_address(key: str, address: str | None) -> str | None:
    """Judge an http(s) address."""
    if address is None:
        return None
    parts = urlsplit(address)
    if parts.scheme == "https" or is_loopback(parts.hostname or ""):
        return None
    return f"{key}: {parts.hostname} is beyond this machine and http:// is without TLS; write https://"


def weak_kafka(servers: str, client: Mapping[str, object]) -> str | None:
    """Judge the addresses of brokers and librdkafka's settings: the transport, what is checked of it, and where tokens come from."""
    for key, value in client.items():
        if key in _SERVERS:
            return f"client: {key} says twice where Kafka is; write kafka.bootstrap_servers alone"
        if isinstance(value, str) and value.lower().startswith(("http://", "https://")):
            if "@" in urlsplit(value).netloc:
                return f"client: {key} holds a user or a password, which an address shows to everybody; write them into keys of their own"
            if (weak := weak_address(f"client: {key}", value)) is not None:
                return weak
    beyond = [address for address in map(str.strip, servers.split(",")) if address and not is_loopback(_broker(address))]
    if not beyond:
        return None
    protocol = str(client.get("security.protocol", "PLAINTEXT")).upper()
    if protocol not in ("SSL", "SASL_SSL"):
        return f"client: {beyond[0]} is beyond this machine and security.protocol is {protocol}; write SASL_SSL or SSL"
    if str(client.get("enable.ssl.certificate.verification", "true")).lower() not in _ON:
        return "client: enable.ssl.certificate.verification is off, so anybody on the way can be Kafka; remove it"
    if str(client.get("ssl.endpoint.identification.algorithm", "https")).lower() != "https":
        return "client: ssl.endpoint.identification.algorithm is not https, so any certificate of the CA can be Kafka's; remove it"
    return None


def brokers_of(servers: str) -> list[tuple[str, int]]:
    """Return host and port of each of librdkafka's addresses that can be read."""
    found = [_BROKER.fullmatch(address.strip()) for address in servers.split(",")]
    return [(each[1].strip("[]"), int(each[2] or 9092)) for each in found if each and each[1]]


def _broker(address: str) -> str:
    """Return the host of one of librdkafka's addresses, without brackets; one that cannot be read is no loopback address."""
    found = _BROKER.fullmatch(address)
    return found[1].strip("[]") if found else ""


def weak_postgres(parts: Mapping[str, object]) -> str | None:
    """Judge a connection string of libpq by its parameters, as libpq reads them; each of several hosts counts."""
    hosts, addresses = (str(parts.get(key) or "").split(",") for key in ("host", "hostaddr"))
    beyond = [place for host, address in zip_longest(hosts, addresses, fillvalue="") if not _is_local(place := address or host)]
    if parts.get("service") and not any(hosts + addresses):
        beyond = [f"what the service {parts['service']} names"]  # a file that somebody else can change
    if not beyond:
        return None
    if parts.get("sslmode") != "verify-full":
        found = parts.get("sslmode") or "not given"
        return f"dsn: {beyond[0]} is beyond this machine and sslmode is {found}; write sslmode=verify-full, and ca_file below [postgres]"
    lowest = str(parts.get("ssl_min_protocol_version") or _TLS_VERSIONS[0])
    if lowest.lower() not in _TLS_VERSIONS:
        return f"dsn: ssl_min_protocol_version is {lowest}; write TLSv1.2 or TLSv1.3"
    return None


def _is_local(place: str) -> bool:
    return place == "" or place.startswith(("/", "@")) or is_loopback(place)
