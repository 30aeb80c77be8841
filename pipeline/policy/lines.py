"""Where a rule and its keys stand in the text of a policy: the TOML parser tells values, not lines.

Only what a policy holds is looked for: `[[rules]]` headers, `[rules.params]` tables and keys. The text is known to be valid TOML.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

_RULE = re.compile(r"\s*\[\[\s*rules\s*\]\]")
_TABLE = re.compile(r"\s*\[")


@dataclass(frozen=True, slots=True)
class Lines:
    """The lines of a policy, and where its rules begin."""

    lines: tuple[str, ...]
    rules: tuple[int, ...]
    """Line numbers, from 1, of the `[[rules]]` headers in order."""

    def of_rule(self, number: int, path: Sequence[str] = ()) -> int:
        """Return the line of a key of the rule with this number (from 0), or of the nearest thing around it that has one."""
        if number >= len(self.rules):
            return 1  # rules written as an inline array: the file is one statement
        begin = self.rules[number]
        end = self.rules[number + 1] - 1 if number + 1 < len(self.rules) else len(self.lines)
        line = begin
        for key in path:
            line = self._find(key, line, end) or line
        return line

    def of_key(self, key: str) -> int:
        """Return the line of a key at the top of the file, else 1."""
        end = self.rules[0] - 1 if self.rules else len(self.lines)
        return self._find(key, 1, end) or 1

    def _find(self, key: str, begin: int, end: int) -> int | None:
        name = re.escape(key)
        wanted = re.compile(rf"""(?:^|[\s{{,.\[])["']?{name}["']?\s*(?:=|\.|\]\s*$)""")
        for number in range(begin, end + 1):
            if wanted.search(_bare(self.lines[number - 1])):
                return number
        return None


def lines_of(text: str) -> Lines:
    """Find the rules in a policy's text."""
    lines = tuple(text.splitlines())
    return Lines(lines, tuple(number for number, line in enumerate(lines, 1) if _RULE.match(line)))


def _bare(line: str) -> str:
    """Return a line without its comment and without what stands in strings, so that nothing is found there."""
    return re.sub(r"(?<==)\s*(\"(?:\\.|[^\"\\])*\"|'[^']*')", ' ""', line).split("#", 1)[0]
