"""Files that hold one secret each: made by chance where they are missing, for their owner's eyes only."""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path


def ensure_secret(file: Path) -> str:
    """Return the secret in `file`, making one by chance (mode 0600, folder 0700) where the file is missing; raise OSError."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with contextlib.suppress(FileExistsError):
        opened = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(opened, "w") as secret:
            secret.write(secrets.token_urlsafe(32) + "\n")
    return file.read_text().strip()
