"""Development tokens of `POST /auth/token`: JWTs signed with HS256 (contract sections 2.1 to 2.3).

Written out by hand, because the venue must not share the client's library and needs one algorithm only.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import datetime

import orjson

ISSUER = "musubi"
AUDIENCE = "musubi-api"
_HEADER = b'{"alg":"HS256","typ":"JWT"}'


def _base64(raw: bytes) -> bytes:
    return urlsafe_b64encode(raw).rstrip(b"=")


class TokenOffice:
    """Issues tokens and tells which are good; revoking changes the key, so every token issued so far is refused."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)
        self._good: dict[str, float] = {}

    def issue(self, party_id: str, *, now: datetime, lifetime: float) -> str:
        """Return a token for a custodian that ends `lifetime` seconds from now."""
        claims = {
            "sub": party_id,
            "canton_party_id": party_id,
            "role": "custodian",
            "iss": ISSUER,
            "aud": AUDIENCE,
            "exp": int(now.timestamp() + lifetime),
            "iat": int(now.timestamp()),
            "jti": secrets.token_hex(8),
        }
        signed = _base64(_HEADER) + b"." + _base64(orjson.dumps(claims))
        return (signed + b"." + self._signature(signed)).decode()

    def expiry(self, token: str) -> float | None:
        """Return when a token ends, in seconds since 1970, or None when it was not issued with the present key."""
        known = self._good.get(token)
        if known is None:
            known = self._checked(token)
            if known is not None:
                self._good[token] = known
        return known

    def revoke(self) -> None:
        """Refuse every token issued so far."""
        self._key = secrets.token_bytes(32)
        self._good.clear()

    def _signature(self, signed: bytes) -> bytes:
        return _base64(hmac.new(self._key, signed, hashlib.sha256).digest())

    def _checked(self, token: str) -> float | None:
        try:
            signed, _, signature = token.encode("ascii").rpartition(b".")
            if not hmac.compare_digest(self._signature(signed), signature):
                return None
            body = signed.partition(b".")[2]
            return float(orjson.loads(urlsafe_b64decode(body + b"=" * (-len(body) % 4)))["exp"])
        except (ValueError, KeyError, TypeError):
            return None
