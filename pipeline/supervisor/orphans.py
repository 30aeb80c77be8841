"""A role must not outlive its supervisor, not even one that was killed: two of them would do each other's work.

Linux tells a child of its parent's death by a signal (PR_SET_PDEATHSIG); everywhere else, and beside it, a pipe does: the supervisor holds
the writing end, and when it dies in whatever way, the reading end comes to its end.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading
from collections.abc import Mapping

PIPE_VARIABLE = "CUSTODIAN_SUPERVISOR_PIPE"
PARENT_VARIABLE = "CUSTODIAN_SUPERVISOR_PID"
DRAIN_MAX = 10.0
"""Seconds that an orphan may take to drain before it ends itself."""
_PR_SET_PDEATHSIG = 1


def follow_supervisor(environment: Mapping[str, str] = os.environ) -> bool:
    """End this process soon after its supervisor; return whether there is one. To be called early in the main thread."""
    pipe, parent = environment.get(PIPE_VARIABLE), environment.get(PARENT_VARIABLE)
    if pipe is None or parent is None:
        return False
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    threading.Thread(target=_watch, args=(int(pipe),), name="supervisor watch", daemon=True).start()
    if os.getppid() != int(parent):  # it died before we asked to be told
        os.kill(os.getpid(), signal.SIGTERM)
    return True


def _watch(pipe: int) -> None:
    try:
        while os.read(pipe, 1):
            pass
    except OSError:
        return  # no such pipe: whoever started us by hand with our environment has to end us by hand
    os.kill(os.getpid(), signal.SIGTERM)
    threading.Event().wait(DRAIN_MAX)
    os._exit(70)
