"""The last line of defence for secrets: whatever is written to a log, a terminal or a traceback passes here first.

The first line is that secrets are held as SecretStr and never formatted. Known secrets (those of the settings) are replaced wherever they
stand; beside them everything that looks like a bearer token, a JWT, a password in an address or a `password=` of a connection string.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

MASK = "[secret]"
SHORTEST = 6
"""Shorter secrets are not searched for: they would blot out ordinary words, and the patterns catch them where they matter."""

_PATTERNS = (
    (re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{8,}"), r"\1 " + MASK),
    (re.compile(r"\beyJ[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]{5,}(?:\.[A-Za-z0-9_-]*)?"), MASK),
    # Up to the last @ of the word: a password that nobody encoded has / and @ in it, and a path too much is no loss.
    (re.compile(r"(\w://[^/@\s:\"']*):[^\s\"]+@"), r"\1:" + MASK + "@"),
    (
        re.compile(
            r"(?i)((?:password|passwd|client_secret|client_assertion|access_token|sasl\.password|ssl\.key\.password)"
            r"\\*[\"']?\s*[=:]\s*)"
            # In quotes, which a text inside JSON has a backslash before, up to the same; else a word, but for what ends the text around it.
            r"(?:(\\*[\"'])(?:\\++.|[^\\])*?\2|(?:[^\s\"'\\]|\\[^\"'])+)"
        ),
        r"\1\2" + MASK + r"\2",
    ),
)


class Redactor:
    """Knows the secrets of this process."""

    def __init__(self) -> None:
        self._known: re.Pattern[str] | None = None
        self._secrets: set[str] = set()

    def learn(self, secrets: Iterable[str]) -> None:
        """Replace these from now on, as they are and as JSON writes them."""
        for secret in secrets:
            if len(secret) >= SHORTEST:
                self._secrets |= {secret, json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]}
        longest_first = sorted(self._secrets, key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, longest_first))) if longest_first else None

    def __call__(self, text: str) -> str:
        """Return `text` without what is secret."""
        if self._known is not None:
            text = self._known.sub(MASK, text)
        for pattern, replacement in _PATTERNS:
            text = pattern.sub(replacement, text)
        return text


redact = Redactor()
"""The redactor of this process."""
