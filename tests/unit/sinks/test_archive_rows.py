"""What the archive makes of a record: nothing is lost, and nothing is invented."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.sinks.compliance_archive.rows import attributes_of, headers_of, headers_text, row_of
from pipeline.log.envelope import Headers, Record

NOW = datetime(2026, 3, 1, tzinfo=UTC)
ANY_HEADERS = st.lists(st.tuples(st.text(max_size=8), st.none() | st.binary(max_size=12)), max_size=6)


@given(headers=ANY_HEADERS)
def test_headers_come_back_as_they_were(headers: Headers) -> None:
    """Order, repetition, bytes that are no text, NUL and absent values survive."""
    assert headers_of(headers_text(headers)) == headers


@pytest.mark.parametrize(
    ("headers", "attributes"),
    [
        ([("ce_id", b"a"), ("ce_type", b"t"), ("ce_subject", b"s")], ("a", "t", "s")),
        ([], (None, None, None)),
        ([("ce_id", b"a\x00b"), ("ce_type", b"\xff"), ("ce_subject", b"x" * 600)], (None, None, None)),
        ([("ce_id", b"first"), ("ce_id", b"second")], ("first", None, None)),
        ([("ce_id", b"")], (None, None, None)),
    ],
)
def test_attributes_are_what_headers_say_where_they_say_something(headers: Headers, attributes: tuple[str | None, ...]) -> None:
    """Printable bounded text is taken, the first of several; everything else is absent."""
    assert attributes_of(headers) == attributes


def test_a_row_has_the_bytes_and_their_digest() -> None:
    """The value is verbatim and the digest is of the value alone."""
    record = Record(topic="t", partition=3, offset=9, key=None, value=b"\x00\xff", headers=[], timestamp_ms=1_700_000_000_123)
    row = row_of(record, 7, NOW)
    assert row[:3] == (7, 3, 9)
    assert row[3] == datetime(2023, 11, 14, 22, 13, 20, 123000, tzinfo=UTC)
    assert row[8] == hashlib.sha256(b"\x00\xff").digest()
    assert row[9] is None
    assert row[11] == b"\x00\xff"
