"""Which bytes `custodian settlements re-emit` emits: those that were emitted, or what today's code makes of the recorded documents.

Pure. It never emits another settlement than the one that the processor remembers as emitted: same hash, and no term that contradicts. So
the ledger, which books one entry per intent and hash, counts a duplicate where it has booked it, and books it where the record was lost.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.domain.orders import contradictions
from pipeline.engines.step import decoded
from pipeline.errors import PoisonRecordError
from pipeline.log import topics
from pipeline.log.codec import decode, stated_terms
from pipeline.log.envelope import Outgoing, Record, from_headers
from pipeline.processors.settlement.processor import SETTLEMENT, SOURCE
from pipeline.replay.lives import Life, Timed
from schemas.events import OrderSettled

if TYPE_CHECKING:
    from connectors.sinks.compliance_archive.reads import Archived
    from pipeline.processors.settlement.state import Booked


class RefusedError(Exception):
    """Nothing is emitted; the text says why and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """A settlement to be emitted again, and the archived record that it was taken or made from."""

    outgoing: Outgoing
    event: OrderSettled
    taken_from: Record
    source: str
    """"archived": the very bytes that were emitted; "made again": by today's code from the archived order-updated records."""


def choose(venue: str, intent: str, booked: Booked | None, settled: Iterable[Archived], updated: Iterable[Archived]) -> Chosen:
    """Return what is emitted again; raise RefusedError.

    `booked` is what the processor remembers, None when it does not (any more); `settled` and `updated` are the archived records of the
    order's order-settled and order-updated events.
    """
    emitted = {one.outgoing.envelope.id: one for one in reversed([*_emitted(venue, intent, settled)])}  # of copies the first
    if booked is not None:
        for one in emitted.values():
            if (one.event.transaction_hash, one.event.terms_sha256) == (booked.transaction_hash, booked.terms_sha256):
                return one
        return _made_again(venue, intent, booked, updated)
    if len(emitted) > 1:
        hashes = ", ".join(sorted({one.event.transaction_hash for one in emitted.values()}))
        raise RefusedError(
            f"{len(emitted)} different settlements of it were emitted (hashes {hashes}), and the processor does not remember which one "
            "it stands for; see infra/runbooks/double_settlement.md"
        )
    for one in emitted.values():
        return one
    raise RefusedError(
        f"no settlement of it was ever emitted; `custodian orders reread {intent} --reason …` publishes the venue's record, and the role "
        "settlement emits what has settled"
    )


def _emitted(venue: str, intent: str, archived: Iterable[Archived]) -> Iterable[Chosen]:
    """Yield the settlements of an order that our processor emitted; what somebody else wrote into the topic, or was altered, is none."""
    for one in archived:
        record = one.record
        try:
            envelope, event = from_headers(record.headers), decode(record.value, OrderSettled)
        except PoisonRecordError:
            continue
        ours = envelope.kind is topics.ORDER_SETTLED and envelope.source == SOURCE and record.key == intent.encode()
        if ours and one.intact and (event.venue, event.intent_id) == (venue, intent):
            outgoing = Outgoing(envelope=envelope, key=intent, value=record.value)
            yield Chosen(outgoing=outgoing, event=event, taken_from=record, source="archived")


def _made_again(venue: str, intent: str, booked: Booked, updated: Iterable[Archived]) -> Chosen:
    """Run the processor over the archived documents of the order; what it emits has to be what it remembers."""
    timed = [Timed(one.record, one.at, decoded(SETTLEMENT, one.record)) for one in updated if one.intact]
    life = Life(SETTLEMENT)
    for each in timed:
        for emitted in life.handle(each, each.at):
            if emitted.outgoing.envelope.kind is not topics.ORDER_SETTLED:
                continue
            event = decode(emitted.outgoing.value, OrderSettled)
            same = event.transaction_hash == booked.transaction_hash and not contradictions(dict(booked.stated), stated_terms(event))
            if same and (event.venue, event.intent_id) == (venue, intent):
                return Chosen(outgoing=emitted.outgoing, event=event, taken_from=each.record, source="made again")
    raise RefusedError(
        f"it was emitted (hash {booked.transaction_hash}), but the archive lacks that record and the documents that it was made from; "
        f"`custodian orders reread {intent} --reason …` has the venue's record archived, then run this again"
    )
