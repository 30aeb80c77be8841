"""Keys of an external risk engine for tests; how answers are signed here shares no code with what checks them."""

from __future__ import annotations

import base64
import hashlib

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from pipeline.log.signatures import public_key
from pipeline.stores.belief import Trust


def key_of(name: str) -> Ed25519PrivateKey:
    """Return the key of a name, the same in every run."""
    return Ed25519PrivateKey.from_private_bytes(hashlib.sha256(name.encode()).digest())


def private_pem(name: str = "desk") -> bytes:
    """Return the private half as the engine has it."""
    return key_of(name).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def public_pem(name: str = "desk") -> bytes:
    """Return the public half as the settings name it."""
    return key_of(name).public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def signature(value: bytes, context_sha256: str, *, key: str = "desk", called: str | None = None) -> str:
    """Sign an answer's bytes with the key of a name, which may be called otherwise."""
    signed = key_of(key).sign(b"custody.decision-made.v1 " + context_sha256.encode() + b"\n" + value)
    return f"{called or key}:{base64.b64encode(signed).decode()}"


DESK = Trust(keys={"desk": public_key(public_pem())})
"""An external engine is believed that signs with the key "desk"."""
