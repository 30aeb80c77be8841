"""JSON from outside, read strictly: what two parsers could read in two ways is refused.

Refused: invalid UTF-8, a byte order mark, duplicate keys, NaN and Infinity, numbers that a decimal cannot hold (1e400 and the like),
nesting over `DEPTH_MAX`, size over `size_max`, more than `VALUES_MAX` values, unpaired surrogates. Decimal numbers are read exactly, as
`decimal.Decimal`.
Source: RFC 8259; I-JSON (RFC 7493) for duplicate keys and surrogates.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from itertools import islice
from types import NoneType
from typing import Any, NoReturn

import orjson

from pipeline.errors import PoisonRecordError

SIZE_MAX = 256 * 1024
"""Bytes of one stream event; a REST page may be larger and says so itself."""
DEPTH_MAX = 32
"""Levels of nesting: venue documents have at most five."""
VALUES_MAX = 100_000
"""Elements and members of one document, counted before one is built: an empty object has two bytes in JSON and some seventy in memory."""
NUMBER_LENGTH_MAX = 40
EXPONENT_MAX = 100

# Possessive, and with an end that may be missing: a text of quotation marks that never ends is walked once, not from each mark anew.
_STRING = r'"(?:[^"\\]++|\\.?)*+"?'
_NOT_STRUCTURE = re.compile(_STRING + r'|[^\[\]{}"]+', re.DOTALL)
_TEXT_OR_MARK = re.compile(_STRING.encode() + rb"|([,\[{])", re.DOTALL)
_SURROGATE = re.compile("[\ud800-\udfff]")


def loads(raw: bytes, *, size_max: int = SIZE_MAX, depth_max: int = DEPTH_MAX) -> Any:
    """Return the value that `raw` holds; raise PoisonRecordError with the reason when it is not strict JSON."""
    if len(raw) <= min(size_max, VALUES_MAX) and depth_max > 0 and (flat := _flat_object(raw)) is not None:
        return flat
    return scan(raw, size_max=size_max, depth_max=depth_max)


def scan(raw: bytes, *, size_max: int = SIZE_MAX, depth_max: int = DEPTH_MAX) -> Any:
    """Do as `loads` without its short cut: this is the reader that knows every refusal and its reason."""
    text = decode_text(raw, size_max=size_max, depth_max=depth_max)
    try:
        value, end = _scan(text, 0 if text.startswith("{") else _skip(text, 0))
    except StopIteration as error:
        raise PoisonRecordError(f"not JSON: nothing to read at character {error.value}") from None
    except json.JSONDecodeError as error:
        raise PoisonRecordError(f"not JSON: {error.msg} at character {error.pos}") from None
    except RecursionError:
        raise PoisonRecordError(f"JSON nested deeper than {depth_max}") from None
    if end != len(text) and _skip(text, end) != len(text):
        raise PoisonRecordError(f"not JSON: something follows the value at character {end}")
    return value


def _flat_object(raw: bytes) -> dict[str, Any] | None:
    """Return an object of texts, nulls and booleans, read in half the time; None when only the strict parser can tell.

    orjson refuses invalid UTF-8, control characters, NaN and all else that is not JSON, but takes the last of duplicate keys. Without
    escapes each string has two quotation marks, and those of a member that was dropped are then left over.
    """
    if b"\\" in raw:
        return None
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return None
    if type(value) is not dict:
        return None
    kinds = list(map(type, value.values()))
    texts = kinds.count(str)
    if texts != len(kinds) and texts + kinds.count(NoneType) + kinds.count(bool) != len(kinds):
        return None  # numbers have to be exact, and what is nested has keys of its own
    return value if raw.count(b'"') == 2 * (len(kinds) + texts) else None


def members(raw: bytes, *, size_max: int, depth_max: int = DEPTH_MAX) -> dict[str, tuple[Any, bytes]]:
    """Return the members of a JSON object with the exact bytes of each value, so that a part can be kept verbatim.

    Raise PoisonRecordError when `raw` is not a strict JSON object.
    """
    text = decode_text(raw, size_max=size_max, depth_max=depth_max)
    return {name: (value, text[start:end].encode()) for name, value, start, end in _object_spans(text)}


def elements(raw: bytes, *, size_max: int, depth_max: int = DEPTH_MAX) -> list[tuple[Any, bytes]]:
    """Return the elements of a JSON array with the exact bytes of each; raise PoisonRecordError when it is none."""
    text = decode_text(raw, size_max=size_max, depth_max=depth_max)
    return [(value, text[start:end].encode()) for value, start, end in _array_spans(text)]


def decode_text(raw: bytes, *, size_max: int, depth_max: int) -> str:
    """Return `raw` as text after the checks that need no parser; raise PoisonRecordError."""
    if len(raw) > size_max:
        raise PoisonRecordError(f"JSON of {len(raw)} bytes, over {size_max}")
    if has_more_values(raw, VALUES_MAX):
        raise PoisonRecordError(f"JSON of more than {VALUES_MAX} values")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise PoisonRecordError(f"invalid UTF-8 at byte {error.start}") from None
    # A cheap bound first: only a text with many brackets is measured exactly.
    if text.count("[") + text.count("{") > depth_max and _depth(text) > depth_max:
        raise PoisonRecordError(f"JSON nested deeper than {depth_max}")
    if "\\u" in text and _has_lone_surrogate(text):
        raise PoisonRecordError("JSON escapes an unpaired surrogate")
    return text


def has_more_values(raw: bytes, values_max: int) -> bool:
    """Tell whether JSON holds more than so many values, of which none is built; brackets count twice, so half as many can be too many."""
    # Every value is the first of its document or container, or follows a comma. A cheap bound first, which counts inside texts too.
    if len(raw) <= values_max or 1 + raw.count(b",") + raw.count(b"[") + raw.count(b"{") <= values_max:
        return False
    marks = (True for found in _TEXT_OR_MARK.finditer(raw) if found.lastindex)
    return next(islice(marks, values_max - 1, None), False)


def _has_lone_surrogate(text: str) -> bool:
    if "\\ud" not in text and "\\uD" not in text:
        return False
    try:
        return any(_SURROGATE.search(part) for part in _strings(json.loads(text)))
    except (ValueError, RecursionError):
        return False  # the strict parser names what is wrong


def _strings(value: Any) -> list[str]:
    match value:
        case str():
            return [value]
        case dict():
            return [text for key, part in value.items() for text in (key, *_strings(part))]
        case list():
            return [text for part in value for text in _strings(part)]
        case _:
            return []


def _depth(text: str) -> int:
    deepest = depth = 0
    for mark in _NOT_STRUCTURE.sub("", text):
        if mark in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif mark in "]}":
            depth -= 1
    return deepest


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        seen: set[str] = set()
        for name, _ in pairs:
            if name in seen:
                raise PoisonRecordError(f"duplicate key in JSON: {name[:60]!r}")
            seen.add(name)
    return members


def _constant(name: str) -> NoReturn:
    raise PoisonRecordError(f"JSON has {name}, which is no number")


def _decimal(text: str) -> Decimal:
    if len(text) <= NUMBER_LENGTH_MAX:
        try:
            value = Decimal(text)
        except InvalidOperation:  # an exponent of nineteen digits is beyond what even a Decimal holds
            pass
        else:
            if abs(value.adjusted()) <= EXPONENT_MAX:
                return value
    raise PoisonRecordError(f"JSON number out of range: {text[:40]}")


def _integer(text: str) -> int:
    if len(text) > NUMBER_LENGTH_MAX:
        raise PoisonRecordError(f"JSON number out of range: {text[:40]}…")
    return int(text)


_decoder = json.JSONDecoder(object_pairs_hook=_pairs, parse_constant=_constant, parse_float=_decimal, parse_int=_integer, strict=True)
_scan: Callable[[str, int], tuple[Any, int]] = _decoder.scan_once  # type: ignore[attr-defined]
_WHITESPACE = re.compile(r"[ \t\n\r]*")


def _skip(text: str, at: int) -> int:
    match = _WHITESPACE.match(text, at)
    return match.end() if match else at


def _value_at(text: str, at: int) -> tuple[Any, int]:
    try:
        return _scan(text, at)
    except StopIteration:
        raise PoisonRecordError(f"not JSON: nothing to read at character {at}") from None
    except json.JSONDecodeError as error:
        raise PoisonRecordError(f"not JSON: {error.msg} at character {error.pos}") from None


def _object_spans(text: str) -> list[tuple[str, Any, int, int]]:
    spans: list[tuple[str, Any, int, int]] = []
    at = _expect(text, _skip(text, 0), "{")
    if text[at : at + 1] != "}":
        while True:
            name, at = _value_at(text, at)
            if not isinstance(name, str):
                raise PoisonRecordError("not JSON: an object's key is no string")
            at = _expect(text, _skip(text, at), ":")
            value, end = _value_at(text, at)
            spans.append((name, value, at, end))
            at = _skip(text, end)
            if text[at : at + 1] != ",":
                break
            at = _skip(text, at + 1)
    _close(text, at, "}")
    _pairs([(name, value) for name, value, _, _ in spans])
    return spans


def _array_spans(text: str) -> list[tuple[Any, int, int]]:
    spans: list[tuple[Any, int, int]] = []
    at = _expect(text, _skip(text, 0), "[")
    if text[at : at + 1] != "]":
        while True:
            value, end = _value_at(text, at)
            spans.append((value, at, end))
            at = _skip(text, end)
            if text[at : at + 1] != ",":
                break
            at = _skip(text, at + 1)
    _close(text, at, "]")
    return spans


def _expect(text: str, at: int, mark: str) -> int:
    if text[at : at + 1] != mark:
        raise PoisonRecordError(f"not JSON: expected {mark!r} at character {at}")
    return _skip(text, at + 1)


def _close(text: str, at: int, mark: str) -> None:
    if _expect(text, at, mark) != len(text):
        raise PoisonRecordError(f"not JSON: something follows the value at character {at + 1}")
