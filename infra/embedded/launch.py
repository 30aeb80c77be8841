"""Become a service: write down who we are, step down from root where asked, and exec the program.

Runs as a script of its own (`python -I -S launch.py …`), so it needs nothing but the standard library. It promises
that a service never runs unrecorded: the record with our process id is on disk before the program replaces us, and
exec keeps both the id and the start time that the record names.

PostgreSQL refuses to run as root. Started by root it runs as an unprivileged user instead; where that user could not
even reach the folder or the program (both below `/root`, say), it is left the one capability that passes file
permissions, CAP_DAC_OVERRIDE, rather than changing the permissions of folders that are not ours.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import os
import subprocess
import sys
from pathlib import Path

LINUX = sys.platform.startswith("linux")

_CAP_DAC_OVERRIDE = 1
_LINUX_CAPABILITY_VERSION_3 = 0x20080522
_PR_SET_KEEPCAPS = 8
_PR_CAP_AMBIENT = 47
_PR_CAP_AMBIENT_RAISE = 2


def process_identity(pid: int) -> str | None:
    """Return a text that no other process of this machine ever shares, or None when there is no such process.

    A process id alone is reused; together with the start time (in clock ticks of this boot) it is not. A zombie,
    dead but not yet collected by its parent, counts as gone.
    """
    if LINUX:
        try:
            # The second field is the program's name in brackets and may itself hold brackets and spaces.
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        except OSError:
            return None
        return None if fields[0] in "ZX" else f"{boot}/{pid}/{fields[19]}"
    listing = subprocess.run(["/bin/ps", "-o", "stat=,lstart=", "-p", str(pid)], capture_output=True, text=True, check=False).stdout.split(
        maxsplit=1
    )
    return None if not listing or listing[0].startswith("Z") else f"{pid}/{listing[1].strip()}"


def write_record(path: Path, folder: Path) -> None:
    """Write process id, identity and the folder's own identity to `path`, whole or not at all."""
    place = folder.stat()
    record = {
        "pid": os.getpid(),
        "identity": process_identity(os.getpid()),
        "folder": [place.st_dev, place.st_ino],
    }
    draft = path.with_suffix(".draft")
    draft.write_text(json.dumps(record) + "\n")
    draft.replace(path)


def step_down(uid: int, gid: int, *, keep_reach: bool) -> None:
    """Become the user `uid`; with `keep_reach` keep CAP_DAC_OVERRIDE over exec. Raises OSError when not allowed."""
    libc = ctypes.CDLL(None, use_errno=True)

    def ask(returned: int, what: str) -> None:
        if returned != 0:
            number = ctypes.get_errno()
            raise OSError(number, f"{what}: {os.strerror(number)}")

    if keep_reach:
        ask(libc.prctl(_PR_SET_KEEPCAPS, 1, 0, 0, 0), "keeping capabilities")
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)
    if keep_reach:
        header = (ctypes.c_uint32 * 2)(_LINUX_CAPABILITY_VERSION_3, 0)
        # effective, permitted, inheritable; first the low 32 capabilities, then the high ones
        sets = (ctypes.c_uint32 * 6)(*(3 * [1 << _CAP_DAC_OVERRIDE] + 3 * [0]))
        ask(libc.capset(header, sets), "capset")
        ask(
            libc.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, _CAP_DAC_OVERRIDE, 0, 0),
            "raising an ambient capability",
        )


def main(arguments: list[str]) -> None:
    """Do what the arguments say and exec; comes back only as SystemExit with the reason."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--record", type=Path)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--user", type=int)
    parser.add_argument("--group", type=int)
    parser.add_argument("--keep-reach", action="store_true")
    parser.add_argument("command", nargs="+")
    chosen = parser.parse_args(arguments)
    if chosen.record is not None:
        write_record(chosen.record, chosen.folder)
    if chosen.user is not None:
        try:
            step_down(chosen.user, chosen.group, keep_reach=chosen.keep_reach)
        except OSError as error:
            raise SystemExit(f"cannot step down from root to user {chosen.user}: {error}") from error
    try:
        os.execv(chosen.command[0], chosen.command)  # noqa: S606 - this is what a launcher is for
    except OSError as error:
        raise SystemExit(f"cannot run {chosen.command[0]}: {error}") from error


if __name__ == "__main__":
    main(sys.argv[1:])
