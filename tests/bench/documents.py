"""What the benchmarks feed: orders settled on full terms, as the venue's bytes and as records of the topics."""

from __future__ import annotations

import hashlib
import json
import random
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from connectors.venues.musubi import parse
from pipeline.ingest.items import outgoing_of
from pipeline.log.envelope import Outgoing, Record, time_text
from pipeline.processors.settlement.processor import SETTLEMENT
from pipeline.processors.settlement.processor import decode as decode_order
from schemas.events import Observation

VENUE = "tokyo"
PARTY = "custodian-a"
DOCUMENT_BYTES = 700
_START = datetime(2025, 3, 15, 9, 0, tzinfo=UTC)


def intent(number: int) -> str:
    """Return the id of an order; the same number is the same order."""
    return str(uuid.UUID(bytes=hashlib.md5(b"intent %d" % number).digest(), version=4))


def document(number: int, size: int = DOCUMENT_BYTES) -> bytes:
    """Return an order as the stream states it, settled, on full terms, in camelCase, of exactly `size` bytes."""
    settled_at = (_START + timedelta(milliseconds=number)).isoformat(timespec="milliseconds")[:-6] + "Z"
    fields = {
        "intentId": intent(number),
        "status": "SETTLED",
        "updatedAt": settled_at,
        "senderPartyId": f"institution-{number % 40}",
        "senderCustodianPartyId": PARTY,
        "receiverPartyId": f"institution-{(number + 7) % 40}",
        "receiverCustodianPartyId": "custodian-b",
        "marketMakerPartyId": f"market-maker-{number % 5}",
        "sourceCurrency": "JPYSC0",
        "targetCurrency": "USDCx",
        "targetAmount": str(100_000 + number),
        "sourceAmountActual": str(14_957_475 + number),
        "fxRate": "149.57475",
        "settledAt": settled_at,
        "transactionHash": hashlib.sha256(b"tx %d" % number).hexdigest(),
        "xRouting": "",
    }
    bare = len(json.dumps(fields, separators=(",", ":")))
    fields["xRouting"] = "r" * (size - bare)
    return json.dumps(fields, separators=(",", ":")).encode()


def order_updated(number: int, *, at: datetime) -> Outgoing:
    """Return the event that ingest makes of the document."""
    observed = Observation(origin="stream", observed_at=time_text(at))
    return outgoing_of(parse.parse_order(document(number), venue=VENUE, own_party=PARTY, observed=observed), at)


def order_settled(number: int, *, at: datetime) -> Outgoing:
    """Return the event that the settlement processor makes of that one."""
    record = record_of(order_updated(number, at=at), 0)
    state = SETTLEMENT.initial
    for fact in SETTLEMENT.decide(state, decode_order(record).event, at):
        if (output := SETTLEMENT.emit(fact)) is not None:
            return output
    raise AssertionError("a settlement on full terms is emitted")


def record_of(event: Outgoing, offset: int) -> Record:
    """Return an event as it stands in a topic of one partition."""
    return Record(topic="", partition=0, offset=offset, key=event.key.encode(), value=event.value, headers=event.headers())


def with_duplicates(count: int, share: float, seed: int = 1) -> Iterator[int]:
    """Yield numbers of orders, `share` of them repetitions of one of the last thousand."""
    chance = random.Random(seed)
    fresh = 0
    for _ in range(count):
        if fresh and chance.random() < share:
            yield fresh - 1 - chance.randrange(min(fresh, 1000))
        else:
            yield fresh
            fresh += 1


def quote_received(number: int, *, at: datetime) -> Outgoing:
    """Return an event of another topic, so that the archive reads several."""
    body = json.dumps({"intentId": intent(number), "quoteId": str(uuid.UUID(int=number, version=4)), "fxRate": "149.57475"}).encode()
    observed = Observation(origin="stream", observed_at=time_text(at))
    return outgoing_of(parse.parse_quote(body, venue=VENUE, observed=observed), at)
