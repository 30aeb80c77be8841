"""Why a connection did not come about, by SQLSTATE: servers speak the language of their administrators.

libpq tells the SQLSTATE of a failed connection in its text only, and only when it is asked to, before the answer comes. psycopg does not
wrap that call; it gives the pointer for such cases (`PGconn.pgconn_ptr`). So after a failure the question is put once more.
"""

from __future__ import annotations

import ctypes
import re
import select
import sys
import time
from ctypes.util import find_library
from dataclasses import dataclass
from functools import cache

from psycopg import pq

ANSWER_WITHIN = 5.0
"""Seconds for the second question: a server that refused has just been quick."""
_SQLSTATE_ALONE = 3
"""libpq's PQERRORS_SQLSTATE: severity and SQLSTATE, no words."""
_STATED = re.compile(r": +([0-9A-Z]{5})\s*$")


@dataclass(frozen=True, slots=True)
class Refusal:
    """What the second question found."""

    sqlstate: str | None = None
    """What the server said, None when it said nothing or lets us in now."""
    wants_password: bool = False
    """The server asked for a password and there is none."""
    unusable: bool = False
    """The address is none: nobody was asked."""


def refusal_of(conninfo: str, *, within: float = ANSWER_WITHIN) -> Refusal:
    """Ask the server of a libpq address once more, and return why it does not let us in; `within` is in seconds."""
    asked = pq.PGconn.connect_start(conninfo.encode())
    libpq = _libpq()
    try:
        if libpq is not None and (pointer := getattr(asked, "pgconn_ptr", None)) is not None:
            libpq.PQsetErrorVerbosity(ctypes.c_void_p(pointer), _SQLSTATE_ALONE)
        if _poll(asked, time.monotonic() + within) == pq.PollingStatus.OK:
            return Refusal()
        stated = _STATED.search(asked.error_message.decode("utf-8", "replace"))
        if stated or asked.needs_password:
            return Refusal(sqlstate=stated[1] if stated else None, wants_password=asked.needs_password)
    finally:
        asked.finish()
    # By ctypes too: psycopg's `ping` keeps all threads of the process waiting.
    return Refusal(unusable=libpq is not None and libpq.PQping(conninfo.encode()) == pq.Ping.NO_ATTEMPT)


def _poll(asked: pq.abc.PGconn, until: float) -> pq.PollingStatus:
    status = pq.PollingStatus.WRITING
    while asked.status != pq.ConnStatus.BAD and (left := until - time.monotonic()) > 0:
        reading, writing = ([asked.socket], []) if status == pq.PollingStatus.READING else ([], [asked.socket])
        if any(select.select(reading, writing, [], left)):
            status = pq.PollingStatus(asked.connect_poll())
            if status in (pq.PollingStatus.OK, pq.PollingStatus.FAILED):
                return status
    return pq.PollingStatus.FAILED


@cache
def _libpq() -> ctypes.CDLL | None:
    """Return the libpq that psycopg stands on: its symbols are found through a compiled wrapper; None where there is none to be found."""
    file = getattr(sys.modules[pq.PGconn.__module__], "__file__", "") or ""
    try:
        found = ctypes.CDLL(find_library("pq") if file.endswith(".py") else file)
        return found if hasattr(found, "PQsetErrorVerbosity") else None
    except OSError:
        return None


def said(error: Exception) -> str:
    """Return what an error says, in one line of 300 characters at most, in whatever language."""
    return " ".join(str(error).split())[:300]
