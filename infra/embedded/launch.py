"""Become a service: write down who we are, step down from root where asked, and exec the program.

Runs as a script of its own (`python -I -S launch.py …`), so it needs nothing but the standard library. It promises
that a service never runs unrecorded: the record with our process id is on disk before the program replaces us, and
exec keeps both the id and the start time that the record names.

PostgreSQL refuses to run as root. Started by root it steps down in one of three ways, and never are the permissions of
folders changed that are not ours:

* plain: as an unprivileged user without anything else;
* capability: as that user, left the one capability that passes file permissions, CAP_DAC_OVERRIDE, because a folder above
  the program or its files lets nobody but root in. PostgreSQL looks with access(2), which ignores the capabilities of
  whoever is not root unless SECBIT_NO_SETUID_FIXUP is set (capabilities(7)); so it is;
* namespace: as root under another name. In a new user namespace, to which no ids are mapped, everybody is called by the
  overflow id (user_namespaces(7)), which is that of `nobody`. It needs no capability, has none, and reaches what is root's.
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

WAYS = ("plain", "capability", "namespace") if LINUX else ("plain",)

_CAP_DAC_OVERRIDE = 1
_CLONE_NEWUSER = 0x10000000
_LINUX_CAPABILITY_VERSION_3 = 0x20080522
_PR_SET_SECUREBITS = 28
_SECBIT_NO_SETUID_FIXUP = 1 << 2
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


def step_down(uid: int, gid: int, way: str) -> None:
    """Become the user `uid` in one of `WAYS`, for good; raises OSError when the machine does not allow it."""
    if way == "namespace":
        _ask("unshare", _CLONE_NEWUSER)
        if os.geteuid() != uid:
            raise OSError(f"in a user namespace root is called {os.geteuid()}, not {uid}")
        return
    if way == "capability":
        _ask("prctl", _PR_SET_SECUREBITS, _SECBIT_NO_SETUID_FIXUP, 0, 0, 0)  # capabilities now outlive setuid too
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)
    if way == "capability":
        header = (ctypes.c_uint32 * 2)(_LINUX_CAPABILITY_VERSION_3, 0)
        # effective, permitted, inheritable; first the low 32 capabilities, then the high ones
        sets = (ctypes.c_uint32 * 6)(*(3 * [1 << _CAP_DAC_OVERRIDE] + 3 * [0]))
        _ask("capset", header, sets)
        _ask("prctl", _PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, _CAP_DAC_OVERRIDE, 0, 0)


def _ask(function: str, *arguments: object) -> None:
    """Call a function of the C library; raises OSError when it refuses."""
    if getattr(ctypes.CDLL(None, use_errno=True), function)(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{function}: {os.strerror(number)}")


def main(arguments: list[str]) -> None:
    """Do what the arguments say and exec; comes back only as SystemExit with the reason."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--record", type=Path)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--user", type=int)
    parser.add_argument("--group", type=int)
    parser.add_argument("--way", choices=WAYS)
    parser.add_argument("--enter", type=Path, help="A folder that has to be open to whom we step down to.")
    parser.add_argument("command", nargs="+")
    chosen = parser.parse_args(arguments)
    if chosen.record is not None:
        write_record(chosen.record, chosen.folder)
    if chosen.user is not None:
        try:
            step_down(chosen.user, chosen.group, chosen.way)
        except OSError as error:
            raise SystemExit(f"cannot step down from root to user {chosen.user}: {error}") from error
    # os.access is access(2), by which PostgreSQL judges its own program.
    for path, wanted in ((Path(chosen.command[0]), os.R_OK | os.X_OK), (chosen.enter, os.R_OK | os.W_OK | os.X_OK)):
        if path is not None and not os.access(path, wanted):
            raise SystemExit(f"no access to {path}")
    try:
        os.execv(chosen.command[0], chosen.command)  # noqa: S606 - this is what a launcher is for
    except OSError as error:
        raise SystemExit(f"cannot run {chosen.command[0]}: {error}") from error


if __name__ == "__main__":
    main(sys.argv[1:])
