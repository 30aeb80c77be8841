"""Files that hold one secret each: made by chance where they are missing, for their owner's eyes only."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Collection
from pathlib import Path


def ensure_secret(file: Path) -> str:
    """Return the secret in `file`, making one by chance (mode 0600, folder 0700) where the file is missing; raise OSError."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with contextlib.suppress(FileExistsError):
        opened = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(opened, "w") as secret:
            secret.write(secrets.token_urlsafe(32) + "\n")
    return file.read_text().strip()


def is_open(file: Path) -> bool:
    """Tell whether a secret's file can be read or written by others than this user and its groups."""
    if os.name != "posix":
        return False
    about = file.stat()
    mounted = about.st_dev != file.resolve().parent.stat().st_dev
    return open_to_others(about, groups={os.getegid(), *os.getgroups()}, mounted=mounted)


def open_to_others(about: os.stat_result, *, groups: Collection[int], mounted: bool) -> bool:
    """Tell whether others than this user, and its own groups for reading, have a secret's file.

    A pod gets its secrets as 0440 with a group of its own (`fsGroup`). Where the file itself is `mounted`, as Compose does it, its mode is
    that of another system, on which the folder around it keeps others out; in here there is nobody else to read it.
    """
    if about.st_mode & 0o022:
        return True
    others = 0o005 if about.st_gid in groups else 0o055
    return bool(about.st_mode & others) and not mounted
