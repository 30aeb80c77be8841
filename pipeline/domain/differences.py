"""Where two documents differ: pure, for whoever compares what was recorded with what is said now."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

Fields = dict[str, tuple[Any, Any]]
"""What differs, by name: the value in the first document and in the second; None where it is absent."""


def fields_that_differ(first: Mapping[str, Any], second: Mapping[str, Any], *, ignored: Collection[str] = ()) -> Fields:
    """Return the fields with other values, by dotted name, in the order of the first document; lists are compared whole."""
    found: Fields = {}
    for name in [*first, *(name for name in second if name not in first)]:
        if name in ignored:
            continue
        one, other = first.get(name), second.get(name)
        if isinstance(one, Mapping) and isinstance(other, Mapping):
            found |= {f"{name}.{inner}": values for inner, values in fields_that_differ(one, other).items()}
        elif one != other:
            found[name] = (one, other)
    return found
