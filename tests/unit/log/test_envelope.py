"""Envelope, derived ids, position guard, dead letters."""

from __future__ import annotations

import base64
import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.domain import orders
from pipeline.domain.moments import is_moment
from pipeline.errors import PoisonRecordError, PositionHoleError
from pipeline.log import codec, envelope, notices, topics
from pipeline.log.envelope import Envelope, Record, derive_id
from pipeline.log.position import unseen
from schemas.events import AlarmRaised, Coordinates, DeadLetter, OrderTerms

NOW = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)


def record(offset: int, **other: object) -> Record:
    """Build a record of one partition."""
    return Record(topic="t", partition=0, offset=offset, key=b"k", value=b"{}", headers=[], **other)  # type: ignore[arg-type]


def test_an_envelope_survives_its_headers() -> None:
    """What is written as headers is read back equal."""
    sent = Envelope(
        id="a" * 32,
        kind=topics.ORDER_SETTLED,
        source="/processors/settlement",
        subject="x",
        time=NOW,
        correlation_id="c" * 32,
        causation_id="d",
    )
    assert envelope.from_headers(envelope.to_headers(sent)) == sent


def test_headers_are_a_cloudevent_in_binary_mode() -> None:
    """Every attribute that the Kafka binding asks for stands in a header of its own."""
    sent = Envelope(id="a" * 32, kind=topics.ORDER_UPDATED, source="/venues/tokyo", subject="x", time=NOW, correlation_id="c" * 32)
    headers = dict(envelope.to_headers(sent))
    assert headers["ce_specversion"] == b"1.0"
    assert headers["ce_type"] == b"custody.order-updated.v1"
    assert headers["ce_time"] == b"2026-03-01T12:00:00.123456Z"
    assert headers["traceparent"] == b"00-" + b"c" * 32 + b"-" + b"a" * 16 + b"-01"


@pytest.mark.parametrize("missing", ["ce_id", "ce_type", "ce_source", "ce_subject", "ce_time"])
def test_a_record_without_an_attribute_is_poison(missing: str) -> None:
    """Each required attribute is named when it is missing."""
    sent = Envelope(id="a" * 32, kind=topics.ORDER_UPDATED, source="s", subject="x", time=NOW, correlation_id="c")
    with pytest.raises(PoisonRecordError, match=missing):
        envelope.from_headers([(name, value) for name, value in envelope.to_headers(sent) if name != missing])


@given(st.lists(st.none() | st.text(), min_size=1), st.lists(st.none() | st.text(), min_size=1))
def test_ids_are_equal_only_for_equal_facts(one: list[str | None], other: list[str | None]) -> None:
    """Two lists of facts have the same id exactly when they are the same list."""
    if any(c in (fact or "") for fact in one + other for c in "\x1e\x00"):
        return
    assert (derive_id(*one) == derive_id(*other)) == (one == other)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2025-03-15T09:00:00.000Z", datetime(2025, 3, 15, 9, tzinfo=UTC)),
        ("2025-03-15T18:00:00+09:00", datetime(2025, 3, 15, 9, tzinfo=UTC)),
        ("2025-03-15T09:00:00Z", datetime(2025, 3, 15, 9, tzinfo=UTC)),
    ],
)
def test_times_are_read_in_utc(text: str, expected: datetime) -> None:
    """Any zone is read, and every time is kept in UTC."""
    assert envelope.parse_time(text, "t") == expected


@pytest.mark.parametrize("bad", ["", "yesterday", "2025-03-15T09:00:00", 5, None, "2025-13-01T00:00:00Z", "9999-12-31T23:00:00-05:00"])
def test_a_time_without_zone_or_sense_is_poison(bad: object) -> None:
    """A time that could mean two instants, or none, is refused."""
    with pytest.raises(PoisonRecordError):
        envelope.parse_time(bad, "settled_at")


def test_time_text_is_utc() -> None:
    """A time of another zone is written in UTC."""
    assert envelope.time_text(NOW.astimezone(timezone(timedelta(hours=9)))) == "2026-03-01T12:00:00.123456Z"


def test_two_times_of_an_hour_that_comes_twice_stay_two() -> None:
    """Where clocks are set back two times compare equal and are an hour apart: each is written as itself."""
    zone = ZoneInfo("Europe/Zurich")
    first = datetime(2025, 10, 26, 2, 30, tzinfo=zone)
    second = first.replace(fold=1)
    assert first == second
    assert [envelope.time_text(first), envelope.time_text(second)] == ["2025-10-26T00:30:00.000000Z", "2025-10-26T01:30:00.000000Z"]


@given(
    st.datetimes(
        timezones=st.sampled_from([UTC, timezone(timedelta(hours=-5, minutes=-30))]), min_value=datetime.fromisoformat("0001-01-03")
    )
)
def test_times_are_read_back_as_written(at: datetime) -> None:
    """Any time that can be meant survives its text, whichever times were written before; every other is written all the same."""
    assert envelope.moment(envelope.time_text(at), "t") == (at if is_moment(at) else None)
    assert envelope.time_text(at) == at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ").rjust(27, "0")


TERM_TEXTS = st.none() | st.sampled_from(
    ["1", "112.00", "1.12e2", "0", "0.0", "9" * 39, "1" * 20 + "." + "1" * 20, "2025-03-15T09:00:18.5Z", "2025-02-30T09:00:00Z", "x", "é"]
)


@given(st.fixed_dictionaries(dict.fromkeys(orders.TERM_NAMES, TERM_TEXTS)))
def test_stated_terms_are_those_of_the_values(texts: dict[str, Any]) -> None:
    """Terms as texts are spelled, and refused, as by way of their values."""
    event = OrderTerms.model_construct(**texts)
    try:
        expected = codec.terms_of(event).stated()
    except PoisonRecordError as refused:
        with pytest.raises(PoisonRecordError, match=re.escape(refused.reason)):
            codec.stated_terms(event)
    else:
        assert list(codec.stated_terms(event).items()) == list(expected.items())


@given(st.integers(0, 50), st.integers(0, 50), st.integers(1, 20))
def test_the_guard_keeps_exactly_what_is_new(next_offset: int, first: int, count: int) -> None:
    """Contiguous records are kept from the position on, or the hole before them stops the worker."""
    records = [record(offset) for offset in range(first, first + count)]
    if first > next_offset:
        with pytest.raises(PositionHoleError, match="position_hole"):
            unseen(records, next_offset)
    else:
        assert [r.offset for r in unseen(records, next_offset)] == list(range(next_offset, first + count))


def test_a_hole_inside_a_batch_stops_the_worker() -> None:
    """A skipped offset in the middle is a hole, also when the batch begins well."""
    with pytest.raises(PositionHoleError, match="offset 7"):
        unseen([record(5), record(7)], 5)


def test_a_dead_letter_keeps_bytes_reason_and_origin() -> None:
    """The letter of a stream event holds its bytes and their digest."""
    sent = notices.dead_letter(venue="tokyo", origin="stream", body=b"\xff\x00", reason="invalid UTF-8 at byte 0", now=NOW)
    letter = codec.decode(sent.value, DeadLetter)
    assert base64.b64decode(letter.body) == b"\xff\x00"
    assert (letter.origin, letter.size, letter.body_complete, letter.venue) == ("stream", 2, True, "tokyo")
    assert letter.sha256 == "ea5dbf9596d187e9500f23e9a680109475341cf4e81f7e043f7d97152c10772f"


def test_a_refused_record_has_one_letter_however_often_it_is_refused() -> None:
    """The id of a record's letter depends on its coordinates, not on when it was refused."""
    one = notices.dead_letter_of_record(record(3), reason="r", now=NOW, source="/sinks/ledger")
    two = notices.dead_letter_of_record(record(3), reason="r", now=NOW + timedelta(seconds=1), source="/sinks/ledger")
    assert one.envelope.id == two.envelope.id
    assert codec.decode(one.value, DeadLetter).origin == Coordinates(topic="t", partition=0, offset=3)


def test_an_oversized_body_is_cut_and_says_so() -> None:
    """A body over the limit travels in part, with the digest and size of the whole."""
    body = b"x" * (notices.BODY_KEPT_MAX + 1)
    letter = codec.decode(notices.dead_letter(venue="v", origin="read", body=body, reason="r", now=NOW).value, DeadLetter)
    assert (letter.body_complete, letter.size) == (False, notices.BODY_KEPT_MAX + 1)


def test_alarms_about_different_things_have_different_ids() -> None:
    """Identity tells two alarms about one subject apart, time does not."""

    def raised(identity: str, seconds: int = 0) -> AlarmRaised:
        at = NOW + timedelta(seconds=seconds)
        sent = notices.alarm(
            kind="double_settlement", severity="critical", venue="v", subject="i", detail={}, now=at, source="s", identity=(identity,)
        )
        return codec.decode(sent.value, AlarmRaised)

    assert raised("h1").alarm_id == raised("h1", 5).alarm_id != raised("h2").alarm_id
