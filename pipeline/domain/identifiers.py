"""Identifiers as types of their own, checked once at the edge.

Source: Musubi contract 3.6 (UUID v4, party ids, opaque transaction hashes; A-19, A-36).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NewType

from pipeline.errors import PoisonRecordError

VenueId = NewType("VenueId", str)
IntentId = NewType("IntentId", str)
QuoteId = NewType("QuoteId", str)
TransactionHash = NewType("TransactionHash", str)
PartyId = NewType("PartyId", str)

_UUID = re.compile(r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}")
_OPAQUE_LENGTH_MAX = 512
KEY_ID = r"[A-Za-z0-9._-]{1,64}"
"""What the key of an external risk engine may be called."""
SECTION = r"[a-z0-9][a-z0-9_-]{0,62}"
"""What a venue, or a provider of rates, may be called in the settings."""


def intent_id(text: object) -> IntentId:
    """Return a venue's order id in its canonical lower case; raise PoisonRecordError when it is no UUID."""
    return IntentId(_uuid(text, "intent id"))


def quote_id(text: object) -> QuoteId:
    """Return a venue's quote id in its canonical lower case; raise PoisonRecordError when it is no UUID."""
    return QuoteId(_uuid(text, "quote id"))


def transaction_hash(text: object) -> TransactionHash:
    """Return a transaction hash as it stands: opaque and compared exactly (A-36)."""
    return TransactionHash(opaque(text, "transaction hash"))


def party_id(text: object) -> PartyId:
    """Return a party id as it stands."""
    return PartyId(opaque(text, "party id"))


def opaque(text: object, name: str) -> str:
    """Return a non-empty bounded text without control characters; raise PoisonRecordError naming `name` otherwise."""
    if not isinstance(text, str):
        raise PoisonRecordError(f"{name} is {type(text).__name__}, not text")
    if not text or len(text) > _OPAQUE_LENGTH_MAX or not text.isprintable():
        raise PoisonRecordError(f"{name} is empty, over {_OPAQUE_LENGTH_MAX} characters or has control characters")
    return text


def check_opaque(named: Mapping[str, str]) -> None:
    """Hold texts to what `opaque` asks of each; raise PoisonRecordError naming the first that falls short."""
    texts = named.values()
    together = "".join(texts)
    if not (all(texts) and together.isprintable() and (len(together) <= _OPAQUE_LENGTH_MAX or max(map(len, texts)) <= _OPAQUE_LENGTH_MAX)):
        for name, text in named.items():
            opaque(text, name)


def _uuid(text: object, name: str) -> str:
    if not isinstance(text, str) or not _UUID.fullmatch(text):
        raise PoisonRecordError(f"{name} is not a UUID: {str(text)[:60]!r}")
    return text.lower()
