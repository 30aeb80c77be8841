"""What a stranger wrote, on a screen: the one function that makes it harmless, for tables, lists, logs, errors and live views alike.

A character that is not printed as itself (control, C1, direction, zero width, unassigned, private, a space other than U+0020) is written
as JSON writes it, by its UTF-16 units: `\\u001b`, `\\u202e`, `\\udb40\\udc01`. So a line of JSON stays that JSON, and a terminal gets no
sequence and no order of letters that we did not choose. Bytes as they are have one way out: an option `--raw`.
"""

from __future__ import annotations

import re

_INVISIBLE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2d7f\u3164\ufe00-\ufe0f\uffa0"
    "\U0001107f\U00011a47\U00011a99\U00016fe4\U000e0100-\U000e01ef]"
)
"""Letters and marks that are shown as nothing although Python counts them as printable: fillers, joiners, variation selectors (Unicode's
Default_Ignorable_Code_Point, of which `str.isprintable` refuses the rest, and joiners of letters)."""


def printable(text: str, *, lines: bool = False) -> str:
    """Return a text as a screen may show it; with `lines`, line feeds stay: for what we have put into lines ourselves."""
    if text.isprintable() and (text.isascii() or not _INVISIBLE.search(text)):
        return text
    return "".join(letter if _shown(letter) or (lines and letter == "\n") else units(letter) for letter in text)


def lines_of(text: str) -> str:
    """Return a text of several lines of ours, of printable characters; all but the first indented, so that none passes for another."""
    return printable(text, lines=True).replace("\n", "\n    ")


def units(text: str) -> str:
    """Write every character by its UTF-16 units, as JSON does."""
    raw = text.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{raw[at : at + 2].hex()}" for at in range(0, len(raw), 2))


def _shown(letter: str) -> bool:
    return letter.isprintable() and not _INVISIBLE.match(letter)
