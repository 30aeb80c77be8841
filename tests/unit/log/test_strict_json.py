"""Strict JSON: what two parsers could read in two ways is refused, and parts keep their exact bytes."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import PoisonRecordError
from pipeline.log import strict_json

REFUSED = [
    (b"", "nothing to read"),
    (b"nonsense", "nothing to read"),
    (b'{"a":1', "not JSON"),
    (b'{"a":1} x', "something follows"),
    (b'{"a":NaN}', "NaN"),
    (b'{"a":Infinity}', "Infinity"),
    (b'{"a":-Infinity}', "Infinity"),
    (b'{"a":1e400}', "out of range"),
    (b'{"a":1e-400}', "out of range"),
    (b'{"a":1e9999999999999999999}', "out of range"),
    (b'{"a":' + b"1" * 50 + b"}", "out of range"),
    (b'{"a":1,"b":2,"a":3}', "duplicate key"),
    (b'{"a":{"b":1,"\\u0062":2}}', "duplicate key"),
    (b'{"a":"","b":"","a":""}', "duplicate key"),
    (b'{"a":null,"b":"","a":"x"}', "duplicate key"),
    (b'{"":"","":""}', "duplicate key"),
    (b'{"a":' * 2000 + b"1" + b"}" * 2000, "deeper"),
    (b"[" * 2000, "deeper"),
    (b'{"a":"\xff"}', "invalid UTF-8 at byte 6"),
    (b'{"a":"\xed\xa0\x80"}', "invalid UTF-8"),
    (b'{"a":"\\ud800"}', "unpaired surrogate"),
    (b'{"a":"\\udc00\\ud800"}', "unpaired surrogate"),
    (b"\xef\xbb\xbf{}", "not JSON"),
    (b'{"a":"\n"}', "not JSON"),
    (b"{'a':1}", "not JSON"),
    (b'{"a":1,}', "not JSON"),
    (b'"' + b"x" * strict_json.SIZE_MAX + b'"', "over"),
]


@pytest.mark.parametrize(("raw", "reason"), REFUSED)
def test_bad_input_is_refused_with_its_reason(raw: bytes, reason: str) -> None:
    """Each kind of bad input raises PoisonRecordError that names what is wrong."""
    with pytest.raises(PoisonRecordError, match=reason):
        strict_json.loads(raw)


def test_brackets_inside_strings_are_not_depth() -> None:
    """A string full of brackets is no nesting."""
    assert strict_json.loads(b'{"memo":"' + b"[{" * 100 + b'\\""}') == {"memo": "[{" * 100 + '"'}


def test_numbers_are_exact() -> None:
    """A decimal number is read as the decimal it is written as."""
    assert strict_json.loads(b"[0.1, 12.340]") == [Decimal("0.1"), Decimal("12.340")]


def test_paired_surrogates_are_a_character() -> None:
    """An escaped surrogate pair is one character."""
    assert strict_json.loads(b'"\\ud83d\\ude00"') == "\U0001f600"


VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**18), 10**18) | st.text(st.characters(codec="utf-8")),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(st.characters(codec="utf-8")), inner, max_size=4),
    max_leaves=12,
)


@given(VALUES, st.sampled_from([None, 2]), st.booleans())
def test_reads_what_the_standard_library_writes(value: Any, indent: int | None, ascii_only: bool) -> None:
    """Any value without floats comes back equal, whatever the layout."""
    assert strict_json.loads(json.dumps(value, indent=indent, ensure_ascii=ascii_only).encode()) == value


def _outcome(read: Callable[[bytes], Any], raw: bytes) -> Any:
    try:
        return read(raw)
    except PoisonRecordError as refused:
        return refused.reason


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec="utf-8"), max_size=5)
MEMBERS = st.lists(st.tuples(st.sampled_from(["a", "b", "", 'a"', "é", "a\\"]) | st.text(max_size=2), SCALARS | VALUES), max_size=4)
JUNK = st.sampled_from(
    [b"", b" ", b'"', b"\\", b"{", b"}", b"[", b"]", b",", b":", b"\0", b"\n", b"\xff", b"\xed\xa0\x80", b"\xef\xbb\xbf", b"1e400"]
)


@given(MEMBERS, st.booleans(), st.lists(st.tuples(st.integers(0, 60), JUNK), max_size=2))
def test_the_short_cut_reads_and_refuses_as_the_scanner_does(
    pairs: list[tuple[str, Any]], ascii_only: bool, junk: list[tuple[int, bytes]]
) -> None:
    """Objects with any members, keys more than once and bytes put in anywhere: value, types and reason are those of the scanner."""
    parts = [f"{json.dumps(name, ensure_ascii=ascii_only)}: {json.dumps(value, ensure_ascii=ascii_only)}" for name, value in pairs]
    raw = ("{" + ",".join(parts) + "}").encode("utf-8", "surrogatepass")
    for at, piece in junk:
        raw = raw[:at] + piece + raw[at:]
    assert repr(_outcome(strict_json.loads, raw)) == repr(_outcome(strict_json.scan, raw))


@given(st.text(alphabet='{}[]":,\\ntrue1.e-\n \u00e9', max_size=16), st.booleans())
def test_the_short_cut_agrees_with_the_scanner_on_crumbs_of_json(crumbs: str, whole: bool) -> None:
    """Whatever JSON's own characters are put together to, both readers say the same."""
    raw = (f'{{"a":"","{crumbs}}}' if whole else crumbs).encode()
    assert repr(_outcome(strict_json.loads, raw)) == repr(_outcome(strict_json.scan, raw))


@given(st.dictionaries(st.text(st.characters(codec="utf-8")), VALUES, max_size=5), st.sampled_from([None, 1]))
def test_members_keep_the_exact_bytes_of_each_value(value: dict[str, Any], indent: int | None) -> None:
    """Each member's bytes stand in the document as they are and read back to the member's value."""
    raw = json.dumps(value, indent=indent, ensure_ascii=False).encode()
    members = strict_json.members(raw, size_max=1 << 20)
    assert {name: part for name, (part, _) in members.items()} == value
    assert all(exact in raw and strict_json.loads(exact) == part for part, exact in members.values())


@given(st.lists(VALUES, max_size=5))
def test_elements_keep_the_exact_bytes_of_each_value(value: list[Any]) -> None:
    """Each element's bytes read back to the element."""
    raw = b" " + json.dumps(value, ensure_ascii=False).encode() + b"\n"
    found = strict_json.elements(raw, size_max=1 << 20)
    assert [part for part, _ in found] == value
    assert all(strict_json.loads(exact) == part for part, exact in found)


@pytest.mark.parametrize("raw", [b"[", b"{", b'{"a"}', b'{"a":}', b"[1,]", b"[1 2]", b'{"a":1 "b":2}', b'{"a":1,"a":2}', b"{1:2}", b"1"])
def test_parts_of_a_broken_document_are_refused(raw: bytes) -> None:
    """Neither members nor elements are taken from what is not strict JSON."""
    with pytest.raises(PoisonRecordError):
        strict_json.members(raw, size_max=100)
    with pytest.raises(PoisonRecordError):
        strict_json.elements(raw, size_max=100)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(raw: bytes) -> None:
    """No input raises anything but PoisonRecordError."""
    with contextlib.suppress(PoisonRecordError):
        strict_json.loads(raw)


def test_values_are_counted_before_they_are_built() -> None:
    """A document of the greatest size with too many values is refused by every reader, one that has just as many is read."""
    fits, too_many = (b"[" + b",".join([b"0"] * count) + b"]" for count in (strict_json.VALUES_MAX - 2, strict_json.VALUES_MAX + 1))
    size = 10 * strict_json.VALUES_MAX
    assert len(strict_json.loads(fits, size_max=size)) == strict_json.VALUES_MAX - 2
    for read in (strict_json.loads, strict_json.scan, strict_json.elements, strict_json.members):
        with pytest.raises(PoisonRecordError, match="values"):
            read(too_many, size_max=size)
    flat = b"{" + b",".join(b'"%d":null' % number for number in range(strict_json.VALUES_MAX + 1)) + b"}"
    with pytest.raises(PoisonRecordError, match="values"):
        strict_json.loads(flat, size_max=10 * size)


def test_a_text_of_escaped_marks_that_never_ends_is_measured_in_one_walk() -> None:
    """Depth is measured by the size of the document, not by its square."""
    before = time.process_time()
    with pytest.raises(PoisonRecordError, match="JSON"):
        strict_json.loads(b"[" * 40 + b'"' + b'\\"' * 100_000)
    assert time.process_time() - before < 5
