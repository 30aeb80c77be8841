"""Certificates that a test makes for itself, and a server that speaks an old TLS."""

from __future__ import annotations

import ipaddress
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """A certificate and its key, in PEM: apart, and in one file as the JVM wants them."""

    certificate: Path
    key: Path
    both: Path
    ends_at: datetime

    def server(self, *, asks: Path | None = None, old: bool = False) -> ssl.SSLContext:
        """Return the context of a server that shows this certificate; `asks` is the CA whose clients it takes, `old` is TLS 1.1 alone."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, self.key)
        if asks is not None:
            context.load_verify_locations(asks)
            context.verify_mode = ssl.CERT_REQUIRED
        return speak_tls_1_1(context) if old else context


class Authority:
    """A CA whose files lie in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.ca_file = folder, folder / "ca.pem"
        self._key, self._name = ec.generate_private_key(ec.SECP256R1()), _named(f"CA {folder.name}")
        now = datetime.now(UTC)
        made = (
            _begun(self._name, self._name, self._key.public_key(), now - timedelta(days=400), now + timedelta(days=400))
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .sign(self._key, hashes.SHA256())
        )
        self.ca_file.write_bytes(made.public_bytes(serialization.Encoding.PEM))

    def issue(self, *names: str, days: float = 300) -> Issued:
        """Return a certificate for hosts and addresses that ends in `days`, which may be negative."""
        key = ec.generate_private_key(ec.SECP256R1())
        now = datetime.now(UTC).replace(microsecond=0)
        ends_at = now + timedelta(days=days)
        certificate = (
            _begun(_named(names[0]), self._name, key.public_key(), min(now, ends_at) - timedelta(days=1), ends_at)
            .add_extension(x509.SubjectAlternativeName([_general(name) for name in names]), critical=False)
            .sign(self._key, hashes.SHA256())
            .public_bytes(serialization.Encoding.PEM)
        )
        secret = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        stem = f"{len(list(self.folder.iterdir()))}"
        files = {part: self.folder / f"{stem}-{part}.pem" for part in ("certificate", "key", "both")}
        for part, text in (("certificate", certificate), ("key", secret), ("both", secret + certificate)):
            files[part].write_bytes(text)
            files[part].chmod(0o600)
        return Issued(**files, ends_at=ends_at)


def speak_tls_1_1(context: ssl.SSLContext) -> ssl.SSLContext:
    """Make a context speak TLS 1.1 and nothing else, which OpenSSL 3 does only when it is told that nothing has to be safe."""
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    return context


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _begun(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, begins: datetime, ends: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(ends)
    )
