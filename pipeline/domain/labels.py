"""Labels that people give themselves beside their login: one spelling, nothing that cannot be seen, nothing that only looks like letters.

A label is for those who read the evidence; nobody is counted by it.
"""

from __future__ import annotations

import json
import unicodedata

LENGTH_MAX = 200
_SCRIPTS = ("LATIN", "GREEK", "CYRILLIC", "ARMENIAN", "CHEROKEE", "COPTIC")
"""Scripts whose letters look like those of another one; a word has letters of one of them."""


def label_of(text: str) -> str:
    """Return a label in one spelling: width, spaces, line breaks and a dot at its end make no other one; raise ValueError for none."""
    label = " ".join(unicodedata.normalize("NFKC", text).split()).rstrip(". ")
    if not label or len(label) > LENGTH_MAX or any(unicodedata.category(letter)[0] == "C" for letter in label):
        raise ValueError("the name of who acts is empty, longer than 200 characters, or has characters that cannot be seen")
    for word in label.split():
        if len({script for letter in word for script in _SCRIPTS if unicodedata.name(letter, "").startswith(script)}) > 1:
            raise ValueError(f"the name of who acts mixes letters of two scripts in {word!r}; write it in one")
    return label


def who_of(login: str | None, label: str) -> str:
    """Tell for people who acted: the login, with the label beside it where it is another; where no login was kept, the label."""
    if login is None or login == label:
        return label
    return f"{login} (as {json.dumps(label, ensure_ascii=False)})"
