"""Which settlement is emitted again: the one that was emitted, with its bytes and its id, and no other."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from msgspec.structs import replace

from connectors.sinks.compliance_archive.reads import Archived
from pipeline.cli.re_emitting import Chosen, RefusedError, choose
from pipeline.engines.inline import InlineEngine
from pipeline.log import topics
from pipeline.log.envelope import Headers, Outgoing, Record
from pipeline.processors.settlement.processor import SETTLEMENT
from pipeline.processors.settlement.state import Booked
from pipeline.testing.clocks import START, HandClock
from pipeline.testing.orders import PREFIX, VENUE, intent, record, settled_record

INTENT = intent(1)
PARTIES = {"sender_party_id": "client", "receiver_party_id": "other"}


def updated(hash_number: int = 1, *, venue: str = VENUE, **terms: str) -> Record:
    """Return a document that settles the order of these tests, as ingest publishes it."""
    return record(settled_record(1, hash_number, venue=venue, terms=terms, **PARTIES), 0)


def record_of(outgoing: Outgoing, *, headers: Headers | None = None) -> Record:
    """Return an event as it stands in its topic."""
    topic, key = outgoing.envelope.kind.topic(PREFIX), outgoing.key.encode()
    return Record(topic=topic, partition=0, offset=0, key=key, value=outgoing.value, headers=headers or outgoing.headers())


def archived(*records: Record, intact: bool = True) -> list[Archived]:
    """Return records as the archive gives them."""
    return [Archived(record=replace(one, offset=number), at=START, recorded_at=START, intact=intact) for number, one in enumerate(records)]


def live(*records: Record) -> tuple[Booked, Outgoing]:
    """Return what the processor remembers of an order and what it emitted."""
    engine = InlineEngine(SETTLEMENT, HandClock(START))
    emitted = engine.run([replace(one, offset=number) for number, one in enumerate(records)])
    booked = SETTLEMENT.restore(next(iter(engine.states.values()))).booked
    (settled,) = [event for event in emitted if event.envelope.kind is topics.ORDER_SETTLED]
    assert booked is not None
    return booked, settled


def chosen(booked: Booked | None, settled: Sequence[Archived] = (), documents: Sequence[Archived] = ()) -> Chosen:
    """Choose for the order of these tests."""
    return choose(VENUE, INTENT, booked, settled, documents)


def test_the_archived_bytes_are_emitted_under_the_old_id() -> None:
    """With the processor's memory and without it, value and headers are those of the first copy."""
    booked, settled = live(updated())
    copies = archived(record_of(settled), record_of(settled))
    for memory in (booked, None):
        found = chosen(memory, copies, archived(updated(2)))
        assert (found.source, found.taken_from.offset) == ("archived", 0)
        assert (found.outgoing.value, found.outgoing.headers()) == (settled.value, settled.headers())


def test_what_the_archive_lacks_is_made_again_of_its_documents() -> None:
    """Documents come in their order, a duplicate or contradiction among them changes nothing: bytes and id are those of before."""
    documents = [updated(), updated(), updated(2), updated(target_amount="1")]
    booked, settled = live(*documents)
    found = chosen(booked, (), archived(*documents))
    assert found.source == "made again"
    assert (found.outgoing.value, found.outgoing.envelope.id) == (settled.value, settled.envelope.id)


def test_another_settlement_than_the_one_remembered_is_never_emitted() -> None:
    """Documents or archived records of another hash or amount, of another venue, altered, or written by a stranger, are refused."""
    booked, settled = live(updated())
    _, other_hash = live(updated(2))
    _, other_amount = live(updated(target_amount="100001"))
    _, elsewhere = live(updated(venue="osaka"))
    foreign = [(name, b"/somebody" if name == "ce_source" else value) for name, value in settled.headers()]
    attempts: list[tuple[Sequence[Archived], Sequence[Archived]]] = [
        ((), ()),
        (archived(record_of(other_hash)), archived(updated(2))),
        (archived(record_of(other_amount)), archived(updated(target_amount="100001"))),
        (archived(record_of(elsewhere)), archived(updated(venue="osaka"))),
        (archived(record_of(settled), intact=False), archived(updated(), intact=False)),
        (archived(record_of(settled, headers=foreign)), ()),
        (archived(replace(record_of(settled), key=b"another")), ()),
        (archived(replace(record_of(settled), value=b"{}")), ()),
    ]
    for copies, documents in attempts:
        with pytest.raises(RefusedError, match="it was emitted"):
            chosen(booked, copies, documents)


def test_nothing_emitted_is_refused_and_says_what_to_do() -> None:
    """Without memory and archive there is nothing to emit again, though documents say that it has settled."""
    with pytest.raises(RefusedError, match=f"ever emitted; `custodian orders reread {INTENT}"):
        chosen(None, (), archived(updated()))


def test_two_emitted_settlements_without_memory_are_for_a_person() -> None:
    """After a state was pruned two hashes may have been emitted: which one stands is not guessed."""
    copies = archived(record_of(live(updated())[1]), record_of(live(updated(2))[1]))
    with pytest.raises(RefusedError, match="2 different settlements"):
        chosen(None, copies)
