"""From dead letters back to records, by today's parser."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from unittest import mock

import pytest
from msgspec import structs

from connectors.sinks.compliance_archive.stories import tell
from connectors.venues.musubi import parse
from connectors.venues.musubi.compliance import parse_compliance
from pipeline.cli.requeuing import PUT_BACK, Ask, NotPutBackError, record_of, with_history
from pipeline.cli.rereading import What
from pipeline.engines.inline import InlineEngine
from pipeline.errors import PoisonRecordError, SettingsError
from pipeline.log.codec import decode
from pipeline.log.envelope import Headers, Record, header, time_text
from pipeline.log.notices import dead_letter, dead_letter_of_rates, dead_letter_of_record
from pipeline.log.topics import EventType
from pipeline.ports import Reading, Sighting, Unreadable
from pipeline.processors.settlement.processor import SETTLEMENT
from pipeline.settings import Settings
from pipeline.stores.requeued import Closing, Requeue
from pipeline.testing.clocks import HandClock
from schemas.accepting import ComplianceRead
from schemas.events import Coordinates, DeadLetter, Observation, OrderSettled, OrderUpdated, QuoteReceived

SETTINGS = Settings.model_validate(
    {
        "kafka": {"topic_prefix": "t."},
        "venues": {"tokyo": {"base_url": "http://127.0.0.1:9", "auth": {"client_id": "c", "client_secret": "secret"}}},
    }
)
INTENT = "f47ac10b-58cc-4372-a567-0e02b2c3d479"
ORDER = {
    "intent_id": INTENT,
    "status": "SETTLED",
    "sender_custodian_party_id": "CustodianA::1",
    "receiver_custodian_party_id": "CustodianB::2",
    "source_currency": "JPYSC0",
    "target_currency": "USDCx",
    "target_amount": "100000",
    "source_amount_actual": "11200000",
    "settled_at": "2025-03-15T09:00:18.500Z",
    "transaction_hash": "9f2c",
    "sender_party_id": "SenderInstitution::3",
    "receiver_party_id": "InstitutionB::4",
}
NOW = datetime(2025, 3, 15, 9, 0, 20, tzinfo=UTC)
QUOTE = {"intentId": INTENT, "quoteId": INTENT, "fxRate": "112.0", "validUntil": "2025-03-15T09:00:41Z"}


def letter(body: Any, event_type: str, *, origin: str = "stream", venue: str = "tokyo", **more: Any) -> DeadLetter:
    """Build a dead letter as ingest does and read it back."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    made = dead_letter(venue=venue, origin=origin, body=raw, reason="an older parser", now=NOW, event_type=event_type, **more)
    return decode(made.value, DeadLetter)


def at_venue(*bodies: Any, own_party: str = "CustodianB::2", asked: list[tuple[str, ...]] | None = None) -> Ask:
    """Return a venue whose record says this now of what it is asked for, and nothing where there is no body."""

    def ask(venue: str, what: What, intent: str) -> Reading:
        if asked is not None:
            asked.append((venue, what, intent))
        seen: list[Sighting | Unreadable] = []
        for body in bodies:
            raw = json.dumps(body).encode()
            observed = Observation(origin="read", observed_at=time_text(NOW))
            try:
                match what:
                    case "order":
                        seen.append(parse.parse_order(raw, venue=venue, own_party=frozenset({own_party}), observed=observed))
                    case "quotes":
                        seen.append(parse.parse_quote(raw, venue=venue, observed=observed, intent_id=intent))
                    case "compliance":
                        seen.append(parse_compliance(raw, venue=venue, observed=observed, intent_id=intent))
            except PoisonRecordError as error:
                seen.append(Unreadable(origin="read", body=raw, reason=error.reason, seen_at=NOW))
        return Reading(seen=seen, absent=None if seen else "{}")

    return ask


def nobody(venue: str, what: str, intent: str) -> Reading:
    """Fail: this letter says no order that a venue could be asked for."""
    raise AssertionError(f"{venue} was asked for {what} of {intent}")


def test_a_settlement_that_could_not_be_read_is_emitted_once_after_a_fix() -> None:
    """Its letter stays dead by the parser that refused it; by one that reads it, `requeue` makes the record that settles the order."""
    document = {**ORDER, "fx_rate": "n/a"}
    broken = letter(document, "order", origin="read")
    with pytest.raises(PoisonRecordError, match="fx_rate"):
        record_of(broken, SETTINGS, ask=nobody)
    with (
        mock.patch.object(parse, "ORDER_REMARKS", frozenset({"fx_rate"})),
        mock.patch.object(parse, "_PAST_DECIDING", frozenset({"fx_rate"})),
    ):
        topic, key, value, headers = record_of(broken, SETTINGS, ask=at_venue(document))
    runner = InlineEngine(SETTLEMENT, HandClock())
    records = [Record(topic=topic, partition=0, offset=offset, key=key, value=value, headers=headers) for offset in range(2)]
    (settled,) = runner.run(records)
    said = decode(settled.value, OrderSettled)
    assert (said.intent_id, said.side, said.receiver_party_id) == (INTENT, "receiver", "InstitutionB::4")


@pytest.mark.parametrize("wrapped", [False, True])
@pytest.mark.parametrize("event_type", ["order", "order_updated"])
def test_an_order_becomes_the_event_that_a_reading_now_would_be(event_type: str, wrapped: bool) -> None:
    """The letter names the order, and the venue says the rest."""
    asked: list[tuple[str, ...]] = []
    found = letter({"data": ORDER} if wrapped else ORDER, event_type, origin="read" if event_type == "order" else "stream")
    topic, key, value, headers = record_of(found, SETTINGS, ask=at_venue(ORDER, asked=asked))
    event = decode(value, OrderUpdated)
    assert asked == [("tokyo", "order", INTENT)]
    assert (topic, key) == ("t.order-updated.v1", INTENT.encode())
    assert (event.side, event.status, event.source_amount_actual, event.observed.origin) == ("receiver", "SETTLED", "11200000", "read")
    assert header(headers, "ce_subject") == INTENT


def test_a_quote_is_looked_for_among_those_that_the_venue_shows() -> None:
    """Of several the one that the letter names, at the venue's terms; one that cannot be read beside it is no obstacle."""
    asked: list[tuple[str, ...]] = []
    other = {**QUOTE, "quoteId": "a47ac10b-58cc-4372-a567-0e02b2c3d479"}
    shown = at_venue({"quoteId": 7}, other, {**QUOTE, "fxRate": "113.0"}, asked=asked)
    topic, _, value, _ = record_of(letter(QUOTE, "quote_received"), SETTINGS, ask=shown)
    assert topic == "t.quote-received.v1"
    said = decode(value, QuoteReceived)
    assert (said.quote_id, said.fx_rate) == (INTENT, "113.0")
    assert asked == [("tokyo", "quotes", INTENT)]


def snapshot(rating: str) -> Any:
    """Return a snapshot as a venue writes it."""
    return {"data": {"fx_order": {"intentId": INTENT, "compliance": {"riskRating": rating}}}}


def test_a_snapshot_is_read_anew() -> None:
    """What the venue says now counts; a document of rates is of no use any more, and that is said."""
    topic, key, value, _ = record_of(letter(snapshot("LOW"), "compliance", origin="read"), SETTINGS, ask=at_venue(snapshot("LOW")))
    assert (topic, key) == ("t.compliance-read.v1", INTENT.encode())
    assert decode(value, ComplianceRead).risk_rating == "LOW"
    rates = decode(dead_letter_of_rates("desk", body=b"{", reason="not JSON", now=datetime(2025, 3, 15, tzinfo=UTC)).value, DeadLetter)
    with pytest.raises(PoisonRecordError, match="read anew all the time"):
        record_of(rates, SETTINGS, ask=nobody)


@pytest.mark.parametrize("origin", ["stream", "read"])
def test_no_letter_is_believed_about_the_bytes_of_a_venue(origin: str) -> None:
    """Who may write dead letters can say that a venue told of a settlement or of a clean client: the venue's own word goes back."""
    open_order = {name: text for name, text in ORDER.items() if name not in ("settled_at", "transaction_hash", "source_amount_actual")}
    forged = letter(ORDER, "order", origin=origin)
    _, _, value, _ = record_of(forged, SETTINGS, ask=at_venue({**open_order, "status": "PROPOSED"}))
    said = decode(value, OrderUpdated)
    assert (said.status, said.transaction_hash) == ("PROPOSED", None)
    clean = letter(snapshot("LOW"), "compliance", origin=origin)
    _, _, value, _ = record_of(clean, SETTINGS, ask=at_venue(snapshot("HIGH")))
    assert decode(value, ComplianceRead).risk_rating == "HIGH"
    for found in (forged, clean, letter(QUOTE, "quote", origin=origin)):
        with pytest.raises(NotPutBackError, match=f"a letter alone proves nothing; `custodian orders reread {INTENT} --reason …`"):
            record_of(found, SETTINGS, ask=at_venue())


def test_what_the_venue_still_shows_unreadable_stays_dead() -> None:
    """The reason is that of what it says now."""
    with pytest.raises(PoisonRecordError, match=r"the venue was asked anew: intent id is not a UUID"):
        record_of(letter(ORDER, "order", origin="read"), SETTINGS, ask=at_venue({**ORDER, "intent_id": "?"}))


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        (letter(b"{", "order_updated"), "not JSON"),
        (letter({"status": "SETTLED"}, "order_updated"), "intent_id is missing"),
        (letter(ORDER, "something_else"), "nobody knows what a something_else"),
        (letter(b"{", "order_updated", size=400_000, sha256="0" * 64), "only the beginning of its 400000 bytes"),
    ],
    ids=["no json", "no intent", "unknown type", "incomplete"],
)
def test_what_cannot_be_read_today_either_says_why(found: DeadLetter, reason: str) -> None:
    """The reason is the parser's of today."""
    with pytest.raises(PoisonRecordError, match=reason):
        record_of(found, SETTINGS, ask=nobody)


REQUEUE = Requeue(
    dead_letter_id="b" * 32,
    number=1,
    first_id="a" * 32,
    times=2,
    requeued_by="Officer One",
    reason="the scale is right now",
    target="t.order-settled.v1",
    begun_at=datetime(2025, 3, 15, 10, tzinfo=UTC),
)


def died(headers: Headers, *, offset: int = 7, value: bytes = b"bad") -> DeadLetter:
    """Let the ledger refuse a record with these headers and read the letter."""
    record = Record(topic="t.order-settled.v1", partition=0, offset=offset, key=b"k", value=value, headers=headers)
    made = dead_letter_of_record(record, reason="still", now=datetime(2025, 3, 15, 11, tzinfo=UTC), source="/sinks/ledger")
    return decode(made.value, DeadLetter)


def test_a_record_that_dies_again_tells_its_story() -> None:
    """The letter names the death it was put back from, the first one, how often, when, by whom and why."""
    first = died([("ce_id", b"x")])
    _, _, _, once = with_history(("t.order-settled.v1", b"k", b"bad", [("ce_id", b"x")]), REQUEUE)
    again = died(once)
    assert (again.requeued_from, again.first_dead_letter_id, again.requeued_times) == ("b" * 32, "a" * 32, 2)
    assert (again.requeued_at, again.requeued_by) == ("2025-03-15T10:00:00.000000Z", "Officer One")
    assert again.requeued_reason == "the scale is right now"
    assert (first.requeued_from, first.first_dead_letter_id, first.requeued_times) == (None, None, None)


def test_a_record_that_a_cut_off_requeue_produced_twice_dies_once() -> None:
    """At two offsets the same bytes of the same requeue are one letter; other bytes, or another requeue, are another one."""
    _, _, _, headers = with_history(("t.order-settled.v1", b"k", b"bad", [("ce_id", b"x")]), REQUEUE)
    _, _, _, later = with_history(("t.order-settled.v1", b"k", b"bad", [("ce_id", b"x")]), replace(REQUEUE, times=3))
    one = died(headers, offset=7).dead_letter_id
    assert died(headers, offset=8).dead_letter_id == one
    assert len({one, died(headers, value=b"worse").dead_letter_id, died(later).dead_letter_id, died([("ce_id", b"x")]).dead_letter_id}) == 4


@pytest.mark.parametrize(
    "forged",
    [
        [("requeued_from", b"x" * 5000), ("requeued_times", b"-1"), ("requeued_at", b"yesterday")],
        [("requeued_from", b"x"), ("requeued_times", "٣".encode()), ("requeued_at", b"\xff"), ("requeued_by", b"\xff")],
        [("requeued_from", b"x"), ("requeued_times", b"9" * 4000), ("first_dead_letter_id", None)],
        [("requeued_from", b""), ("requeued_times", b"0")],
    ],
)
def test_headers_of_a_stranger_break_no_worker(forged: Any) -> None:
    """What is not of its form is left out of the letter, which is written all the same."""
    found = died(forged)
    assert found.reason == "still"
    assert found.requeued_at is None
    assert found.requeued_times in (None, 999_999_999)


def letter_of(name: str, **more: Any) -> DeadLetter:
    """Build a letter by its id alone."""
    return died([]).model_copy(update={"dead_letter_id": name, **more})


def test_stories_of_letters_that_do_not_name_the_first_are_found_by_following() -> None:
    """Deaths that only name the one before are one story; so is one whose past nobody kept; what a stranger wrote in a circle ends."""
    letters = [
        letter_of("a"),
        letter_of("b", requeued_from="a"),
        letter_of("z", requeued_from="lost"),
        letter_of("c", requeued_from="b"),
        letter_of("p", requeued_from="q"),
        letter_of("q", requeued_from="p"),
    ]
    stories = {story.first_id: [death.dead_letter_id for death in story.deaths] for story in tell(letters, [], [])}
    assert stories == {"a": ["a", "b", "c"], "lost": ["z"], "p": ["q"], "q": ["p"]}


def test_a_story_is_open_until_each_of_its_deaths_is_answered() -> None:
    """A requeue that was begun and not noted leaves it open; requeued, it is so; dead again, it is open; closed, it stays dead."""
    begun = replace(REQUEUE, dead_letter_id="a", first_id="a", times=1)
    done = replace(begun, produced_at=begun.begun_at)
    again = letter_of("b", requeued_from="a", seen_at="2025-03-15T12:00:00Z")
    closing = Closing(dead_letter_id="b", closed_by="Officer One", reason="a test", closed_at=datetime(2025, 3, 15, 13, tzinfo=UTC))

    def line(letters: list[DeadLetter], requeues: list[Requeue], closings: list[Closing]) -> tuple[str, str, int]:
        (story,) = tell(letters, requeues, closings)
        return story.line()["dead_letter_id"], story.state, len(story.deaths)

    first = letter_of("a", seen_at="2025-03-15T09:00:00Z")
    assert line([first], [], []) == ("a", "open", 1)
    assert line([first], [begun], []) == ("a", "open", 1)
    assert line([first], [done], []) == ("a", "requeued", 1)
    assert line([first, again], [done], []) == ("b", "open", 2)
    assert line([first, again], [done], [closing]) == ("b", "closed", 2)
    (story,) = tell([first, again], [done], [closing])
    assert [(step["what"], step["dead_letter_id"]) for step in story.steps()] == [
        ("died", "a"),
        ("requeued", "a"),
        ("died", "b"),
        ("closed", "b"),
    ]


def test_a_venue_without_a_section_is_a_matter_of_settings() -> None:
    """Which parser to use is said by the venue's section."""
    with pytest.raises(SettingsError, match=r"\[venues\.osaka\]"):
        record_of(letter(ORDER, "order", venue="osaka"), SETTINGS, ask=nobody)


def about(topic: str) -> DeadLetter:
    """Return a letter that says that it is about a record of a topic: anybody who can write into the dead letters can make one."""
    made = dead_letter_of_record(dead(topic), reason="r", now=datetime(2025, 3, 15, 11, tzinfo=UTC), source="/sinks/ledger")
    return decode(made.value, DeadLetter)


def dead(topic: str, value: bytes = b"bad") -> Record:
    """Return the record that a letter is about."""
    return Record(topic=topic, partition=0, offset=7, key=b"k", value=value, headers=[("ce_id", b"x"), ("h", b"\xff")])


def at_kafka(record: Record | None) -> Any:
    """Let Kafka have this record in every place, or none."""
    return mock.patch("pipeline.kafka.read_record", return_value=record)


@pytest.mark.parametrize(
    "kind", ["decision-made.v1", "decision-requested.v1", "command-issued.v1", "command-completed.v1", "operator-acted.v1"]
)
def test_what_is_said_once_is_never_put_back(kind: str) -> None:
    """A question, an answer, a command, its end and an act of a person, though Kafka has the very record that the letter names."""
    topic = f"t.{kind}"
    with at_kafka(dead(topic)), pytest.raises(NotPutBackError, match=f"nothing is put back into t.{kind}"):
        record_of(about(topic), SETTINGS, archived=lambda *_: dead(topic))


@pytest.mark.parametrize(
    "topic", ["order-settled.v1", "custody.order-settled.v1", "xt.order-settled.v1", "t.order-settled.v1.x", "t.alarm-raised.v1"]
)
def test_nothing_is_put_back_into_a_topic_that_is_not_ours(topic: str) -> None:
    """Another pipeline's topic, one that only looks like ours, and our alarms."""
    with at_kafka(dead(topic)), pytest.raises(NotPutBackError, match="nothing is put back into"):
        record_of(about(topic), SETTINGS, archived=lambda *_: dead(topic))


@pytest.mark.parametrize("kind", PUT_BACK)
def test_what_venues_told_and_what_settled_goes_back_as_it_was(kind: EventType) -> None:
    """The record as Kafka has it, else as the archive has it, key and headers too."""
    topic = kind.topic("t.")
    kept = (topic, b"k", b"bad", [("ce_id", b"x"), ("h", b"\xff")])
    with at_kafka(dead(topic)):
        assert record_of(about(topic), SETTINGS) == kept
    places: list[Any] = []
    with at_kafka(None):
        assert record_of(about(topic), SETTINGS, archived=lambda *place: places.append(place) or dead(topic)) == kept  # type: ignore[func-returns-value]
    assert places == [(topic, 1, 0, 7)]


def test_a_record_of_a_topic_that_is_no_more_comes_from_the_archive_alone() -> None:
    """Kafka may have the same bytes at that place of the new topic, under another key."""
    topic = "t.order-settled.v1"
    letter = about(topic)
    places: list[Any] = []

    def archived(*place: Any) -> Record:
        places.append(place)
        return dead(topic)

    with at_kafka(structs.replace(dead(topic), key=b"of the new topic")):
        assert record_of(letter, SETTINGS, archived=archived, epoch_of=lambda _: 2)[1] == b"k"
        assert isinstance(letter.origin, Coordinates)
        later = letter.model_copy(update={"origin": letter.origin.model_copy(update={"epoch": 2})})
        assert record_of(later, SETTINGS, archived=archived, epoch_of=lambda _: 2)[1] == b"of the new topic"
        record_of(later, SETTINGS, archived=archived, epoch_of=lambda _: 3)
    assert places == [(topic, 1, 0, 7), (topic, 2, 0, 7)]


@pytest.mark.parametrize(
    ("kafka", "archive"),
    [(b"another", b"bad"), (None, None), (None, b"another")],
    ids=["other at Kafka", "nowhere", "other in the archive"],
)
def test_a_letter_is_not_believed_about_a_record_that_nobody_has(kafka: bytes | None, archive: bytes | None) -> None:
    """A settlement that was only ever written into a dead letter does not reach the books by it."""
    topic = "t.order-settled.v1"
    found, archived = (None if value is None else dead(topic, value) for value in (kafka, archive))
    with at_kafka(found), pytest.raises(NotPutBackError, match="that this letter is about"):
        record_of(about(topic), SETTINGS, archived=lambda *_: archived)
