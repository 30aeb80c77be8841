"""From a dead letter back to a record: what a venue says now of the order that its bytes name, or a topic's record as it was.

Every requeued record carries its history in headers (`notices.HISTORY`): the death that it comes from, the first one, how often it was put
back, when, by whom and why. The archive keeps them, and so does the dead letter that it becomes when it still cannot be read.

A dead letter is a record that anybody who can write into its topic may have made, so it is believed about nothing: only what venues told
and what settled goes back into a topic, only into our own, and only as Kafka or the archive has it at the place that the letter names.
Bytes that a letter calls a venue's only say which order to ask the venue for, and what goes back is the venue's answer.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from pipeline.errors import PoisonRecordError, SettingsError
from pipeline.log import topics
from pipeline.log.envelope import Headers, Outgoing, Record, time_text
from pipeline.log.notices import AT, BY, FIRST, HISTORY, REASON, REQUEUED_FROM, TIMES
from schemas.accepting import ComplianceRead
from schemas.events import Coordinates, DeadLetter, Observation, OrderUpdated, QuoteReceived

if TYPE_CHECKING:
    from pipeline.cli.rereading import What
    from pipeline.ports import Reading
    from pipeline.settings import Settings
    from pipeline.stores.requeued import Requeue

Requeued = tuple[str, bytes | None, bytes, Headers]
"""Topic, key, value, headers."""
Named = OrderUpdated | QuoteReceived | ComplianceRead
Ask = Callable[[str, "What", str], "Reading"]
"""Asks a venue for an order, its quotes or its snapshot; raises RetryableError, SettingsError."""
Archived = Callable[[str, int, int, int], Record | None]
"""Returns the record that the archive has of (topic, epoch, partition, offset)."""
Epoch = Callable[[str], int]
"""Tells which epoch of a topic Kafka has now."""
PUT_BACK = (topics.ORDER_UPDATED, topics.QUOTE_RECEIVED, topics.ORDER_SETTLED, topics.COMPLIANCE_READ, topics.RATE_READ)
"""What a requeue may write. A question, an answer, a command, what became of it and what a person did are said once, by who has to say
them: put back later they would speak of another moment. Alarms and dead letters have nobody who could not read them."""


class NotPutBackError(PoisonRecordError):
    """This record is none that may be put back."""


def record_of(
    letter: DeadLetter,
    settings: Settings,
    *,
    ask: Ask | None = None,
    archived: Archived = lambda *_: None,
    epoch_of: Epoch = lambda _: 1,
) -> Requeued:
    """Return the record that a dead letter becomes, without its history.

    Raise NotPutBackError when it must not become one, PoisonRecordError when it still cannot be read, RetryableError when the venue cannot
    be asked, SettingsError.
    """
    if isinstance(letter.origin, Coordinates):
        topic, key, value, headers = _original(letter, letter.origin, settings, archived, epoch_of)
        return topic, key, value, [pair for pair in headers if pair[0] not in HISTORY]
    outgoing = outgoing_of_letter(letter, settings, ask=ask or partial(_ask, settings))
    return (
        outgoing.envelope.kind.topic(settings.kafka.topic_prefix),
        outgoing.key.encode(),
        outgoing.value,
        outgoing.headers(),
    )


def with_history(record: Requeued, requeue: Requeue) -> Requeued:
    """Return the record with headers that tell where it comes from: from the row alone, so a requeue finished later says the same."""
    topic, key, value, headers = record
    history = {
        REQUEUED_FROM: requeue.dead_letter_id,
        FIRST: requeue.first_id,
        TIMES: str(requeue.times),
        AT: time_text(requeue.begun_at),
        BY: requeue.requeued_by,
        REASON: requeue.reason or "",
    }
    return topic, key, value, [*headers, *((name, text.encode()) for name, text in history.items() if text)]


def outgoing_of_letter(letter: DeadLetter, settings: Settings, *, ask: Ask) -> Outgoing:
    """Return what a venue says now of what a letter of its bytes names by today's parser; raise as `record_of`."""
    from pipeline.clock import SystemClock
    from pipeline.ingest.items import outgoing_of
    from pipeline.ports import Unreadable

    named = _named(letter, settings)
    what: What = "order" if isinstance(named, OrderUpdated) else "quotes" if isinstance(named, QuoteReceived) else "compliance"
    reading = ask(named.venue, what, named.intent_id)
    for seen in reading.seen:
        if isinstance(seen, Unreadable):
            if what != "quotes":
                raise PoisonRecordError(f"the venue was asked anew: {seen.reason}")
        elif _same(named, seen.event):
            return outgoing_of(seen, SystemClock().now())
    raise NotPutBackError(
        f"the venue does not show it now, and a letter alone proves nothing; `custodian orders reread {named.intent_id} --reason …` "
        "publishes what the venue's record says of the order"
    )


def _same(named: Named, seen: Named) -> bool:
    """Tell whether the venue's answer is about what was named, of several quotes the very one."""
    if isinstance(named, QuoteReceived):
        return isinstance(seen, QuoteReceived) and (named.intent_id, named.quote_id) == (seen.intent_id, seen.quote_id)
    return named.intent_id == seen.intent_id


def _named(letter: DeadLetter, settings: Settings) -> Named:
    """Return what the bytes of a letter say by today's parser, to know which order they are about: nothing else in it is believed."""
    if letter.event_type == "rates":
        raise PoisonRecordError("rates are read anew all the time, an old document is of no use; what the provider says now counts")
    body, venue = _whole(letter), letter.venue or ""
    if venue not in settings.venues:
        raise SettingsError(f"venues: there is no section [venues.{venue}] for the venue that this dead letter came from; write one")
    from connectors.venues.musubi import parse
    from connectors.venues.musubi.compliance import parse_compliance

    observed = Observation(origin="stream" if letter.origin == "stream" else "read", observed_at=letter.seen_at)
    match letter.event_type:
        case "order" | "order_updated":
            sighting = parse.parse_order(body, venue=venue, own_party=None, observed=observed)
        case "quote" | "quote_received":
            sighting = parse.parse_quote(body, venue=venue, observed=observed)
        case "compliance":
            sighting = parse_compliance(body, venue=venue, observed=observed)
        case other:
            raise PoisonRecordError(f"nobody knows what a {other or 'document without a type'} of this venue is")
    assert isinstance(sighting.event, OrderUpdated | QuoteReceived | ComplianceRead)
    return sighting.event


def _original(letter: DeadLetter, origin: Coordinates, settings: Settings, archived: Archived, epoch_of: Epoch) -> Requeued:
    """Return the refused record as Kafka still has it, else as the archive has it; Kafka knows nothing of a topic that is no more."""
    from pipeline.kafka import read_record

    prefix = settings.kafka.topic_prefix
    if origin.topic not in {kind.topic(prefix) for kind in PUT_BACK}:
        allowed = ", ".join(kind.topic(prefix) for kind in PUT_BACK)
        raise NotPutBackError(
            f"nothing is put back into {origin.topic}, only into {allowed}; who has to say it says it anew, or not at all"
        )
    epoch = origin.epoch or 1
    record = None
    if epoch == epoch_of(origin.topic):
        record = read_record(settings.kafka, origin.topic, origin.partition, origin.offset, timeout=5)
    record = record or archived(origin.topic, epoch, origin.partition, origin.offset)
    if record is None or hashlib.sha256(record.value).hexdigest() != letter.sha256:
        where = f"{origin.topic}[{origin.partition}] at offset {origin.offset}"
        raise NotPutBackError(
            f"neither Kafka nor the archive has the record in {where} that this letter is about; a letter alone proves nothing"
        )
    return origin.topic, record.key, record.value, list(record.headers)


def _whole(letter: DeadLetter) -> bytes:
    if not letter.body_complete:
        raise PoisonRecordError(
            f"only the beginning of its {letter.size} bytes was kept; `custodian orders reread ID --reason …` asks the venue anew"
        )
    return base64.b64decode(letter.body)


def _ask(settings: Settings, venue: str, what: What, intent: str) -> Reading:
    from pipeline.cli import rereading

    return rereading.read(settings, venue, what, intent)
