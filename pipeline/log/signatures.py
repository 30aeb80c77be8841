"""Signatures of an external risk engine's answers: Ed25519, by a key that the settings name.

Signed is what the record of `decision-made` has as its value, byte by byte, behind a line with the digest of the question's context:

    custody.decision-made.v1 CONTEXT_SHA256 LF VALUE

The header `ce_signature` says "KEY_ID:BASE64". The bytes as they stand are the canonical content, so nobody has to spell JSON as somebody
else does; they name request, context, order and verdict, so an answer cannot be moved to another question. Whoever keeps value and header,
as the archive does, can check the signature years later. Source: RFC 8032.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from typing import NamedTuple

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from pipeline.domain.identifiers import KEY_ID
from pipeline.log.envelope import Headers, header
from pipeline.log.topics import DECISION_MADE

HEADER = "ce_signature"
_SIGNATURE = re.compile(rf"{KEY_ID}:[A-Za-z0-9+/]{{86}}==")
PublicKeys = Mapping[str, Ed25519PublicKey]
"""Keys by their ids; several, so that a new one can be named before the old one goes."""


class KeyPair(NamedTuple):
    """A new key pair, both halves in PEM (PKCS 8 and SubjectPublicKeyInfo)."""

    private: bytes
    public: bytes


def new_pair() -> KeyPair:
    """Make a key pair."""
    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return KeyPair(private, public)


def public_key(pem: bytes) -> Ed25519PublicKey:
    """Read a public key in PEM; raise ValueError when it is none of Ed25519."""
    try:
        key = serialization.load_pem_public_key(pem)
    except (ValueError, UnsupportedAlgorithm):
        raise ValueError("it is no public key in PEM") from None
    if not isinstance(key, Ed25519PublicKey):
        raise ValueError("it is a public key, but not one of Ed25519")
    return key


def signed_bytes(value: bytes, context_sha256: str) -> bytes:
    """Return what is signed of an answer with these value bytes, for the question whose context has this digest."""
    return f"{DECISION_MADE.ce_type} {context_sha256}\n".encode() + value


def signature_of(headers: Headers) -> str | None:
    """Return what the headers of a record say as its signature, None where there is nothing of that form."""
    said = header(headers, HEADER)
    return said if said is not None and _SIGNATURE.fullmatch(said) else None


def fault(signature: str | None, value: bytes, context_sha256: str, keys: PublicKeys) -> str | None:
    """Say why a signature does not hold for an answer; None where it does."""
    if signature is None:
        return f"it has no header {HEADER} of the form KEY_ID:BASE64"
    key_id, _, text = signature.partition(":")
    key = keys.get(key_id)
    if key is None:
        return f"it is signed by the key {key_id}, which the settings do not name"
    try:
        key.verify(base64.b64decode(text), signed_bytes(value, context_sha256))
    except InvalidSignature:
        return f"its signature by the key {key_id} does not hold"
    return None
