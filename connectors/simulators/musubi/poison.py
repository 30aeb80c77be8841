"""Frames that no reader may book: each belongs to an order that never was, and all but the poison looks complete.

A reader that overlooks the poison would find every term of a settlement that touches our custodian, and would book it; so
a test that compares books with the truth notices.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from random import Random
from uuid import UUID

import orjson

from connectors.simulators.musubi import market
from connectors.simulators.musubi.orders import iso

Maker = Callable[[dict[str, object]], bytes]


def _text(fields: dict[str, object]) -> bytes:
    return orjson.dumps(fields)


def _with(**changes: object) -> Maker:
    return lambda fields: _text({**fields, **changes})


def _literal(name: str, literal: bytes) -> Maker:
    """Put a literal in the place of one field's value."""
    marker = "@literal@"
    return lambda fields: _text({**fields, name: marker}).replace(b'"' + marker.encode() + b'"', literal)


def _nested(fields: dict[str, object]) -> bytes:
    return _text({**fields, "nested": None}).replace(b"null", b"[" * 2000 + b"]" * 2000)


KINDS: dict[str, Maker] = {
    "not_json": lambda fields: b'{"intentId": "' + str(fields["intentId"]).encode() + b'", "status": SETTLED',
    "nan": _literal("fxRate", b"NaN"),
    "infinity": _literal("sourceAmountActual", b"Infinity"),
    "exponent": _literal("targetAmount", b"1e400"),
    "duplicate_key": lambda fields: _text(fields)[:-1] + b',"status":"PENDING"}',
    "depth": _nested,
    "invalid_utf8": _literal("memo", b'"\xff\xfe\xc3\x28"'),
    "too_large": _with(memo="x" * 300 * 1024),
    "negative": _with(targetAmount="-1000"),
    "forty_digits": _with(targetAmount="1234567890123456789012345678901234567890"),
    "number": _literal("fxRate", b"112.0"),
}


def poison_payload(kind: str, *, rng: Random, now: datetime) -> tuple[str, bytes]:
    """Return the intent id and the payload of one poison frame; raises KeyError for an unknown kind."""
    intent_id = str(UUID(int=rng.getrandbits(128), version=4))
    fields: dict[str, object] = {
        "intentId": intent_id,
        "status": "SETTLED",
        "updatedAt": iso(now),
        "senderPartyId": market.INSTITUTIONS[0],
        "senderCustodianPartyId": market.OTHER_CUSTODIANS[0],
        "receiverPartyId": market.INSTITUTIONS[1],
        "receiverCustodianPartyId": market.OUR_CUSTODIAN,
        "sourceCurrency": "JPYSC0",
        "targetCurrency": "USDCx",
        "targetAmount": "1000",
        "fxRate": "112.0",
        "sourceAmountActual": "112000",
        "createdAt": iso(now),
        "settledAt": iso(now),
        "transactionHash": rng.randbytes(32).hex(),
    }
    return intent_id, KINDS[kind](fields)
