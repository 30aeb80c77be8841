"""The ids of what a venue shows: derived from the fact, so that stream, read and replay give the same id.

Source: the design's section on events. The same fact with the same stated terms has one id; the same key with other terms has another.
"""

from __future__ import annotations

from collections.abc import Mapping

from pipeline.domain.orders import digest, terms_digest
from pipeline.log.codec import stated_terms
from pipeline.log.envelope import derive_id
from schemas.events import OrderUpdated


def order_updated_id(
    venue: str, intent_id: str, status: str, transaction_hash: str | None, stated: Mapping[str, str], side: str | None = None
) -> str:
    """Derive the id of an `order_updated` from what it says; `stated` are its terms in canonical spelling.

    `side` is ours: when it turns out that we are another party than was thought, the same document is another fact.
    """
    return derive_id("order_updated", venue, intent_id, status, transaction_hash, side, terms_digest(stated))


def former_order_updated_id(event: OrderUpdated) -> str:
    """Return the id that the fact had before the clients and our side belonged to it: terms of version 1."""
    stated = terms_digest(stated_terms(event), version=1)
    return derive_id("order_updated", event.venue, event.intent_id, event.status, event.transaction_hash, stated)


def quote_received_id(venue: str, intent_id: str, quote_id: str | None, stated: Mapping[str, str]) -> str:
    """Derive the id of a `quote_received` from what it says; `stated` are rate, amounts and validity in canonical spelling.

    And the status where it says that the quote is chosen or closed: that is news about terms that are known.
    """
    return derive_id("quote_received", venue, intent_id, quote_id, digest(stated))


def compliance_read_id(venue: str, intent_id: str, stated: Mapping[str, str]) -> str:
    """Derive the id of a `compliance_read` from the facts that the snapshot states."""
    return derive_id("compliance_read", venue, intent_id, digest(stated))


def rate_read_id(venue: str, intent_id: str, provider: str, stated: Mapping[str, str]) -> str:
    """Derive the id of a `rate_read` from pair, rate, sources and time as `stated`."""
    return derive_id("rate_read", venue, intent_id, provider, digest(stated))
