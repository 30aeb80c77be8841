"""SQL that lives in `.sql` files: statements with a name and a sentence.

A statement begins with `-- name: sentence` and ends where the next one begins.
"""

from __future__ import annotations

import re
from importlib import resources

_HEAD = re.compile(r"^-- ([a-z_]+): .+$", re.MULTILINE)


def named_statements(package: str, file: str = "statements.sql") -> dict[str, bytes]:
    """Return the statements of a package's file by name; raise ValueError when a name stands twice."""
    text = (resources.files(package) / file).read_text(encoding="utf-8")
    heads = list(_HEAD.finditer(text))
    found: dict[str, bytes] = {}
    for head, following in zip(heads, [*heads[1:], None], strict=True):
        name = head[1]
        if name in found:
            raise ValueError(f"{package}/{file}: {name} stands twice")
        found[name] = text[head.start() : following.start() if following else len(text)].strip().encode()
    return found
