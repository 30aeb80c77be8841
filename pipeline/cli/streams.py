"""The standard streams of this program, whatever it was given for them.

* What cannot be written to standard output is an `OutputError`: a full disk or a closed descriptor is neither silence nor a fault of ours.
* What cannot be written to standard error is dropped: nobody can be told, and the exit code speaks.
* What the terminal's encoding does not have is written as JSON writes it (`\\u3042`), so that lines of JSON stay JSON.
* A descriptor that was closed is opened again on nothing: the next file or socket would take its number, and with it our lines.
"""

from __future__ import annotations

import codecs
import io
import os
import select
import sys
from collections.abc import MutableMapping
from typing import TYPE_CHECKING, TextIO

from pipeline.errors import OutputError

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

_ESCAPE = "custodian.escape"


def prepare(environment: MutableMapping[str, str] = os.environ) -> None:
    """Replace the standard streams of this process by such that keep these promises; those that a test has put there stay.

    A terminal's size that is none (COLUMNS=0) is forgotten, or tables would have no room.
    """
    for name in ("COLUMNS", "LINES"):
        if name in environment and not (environment[name].isascii() and environment[name].isdigit() and int(environment[name])):
            del environment[name]
    if not (sys.stdin is sys.__stdin__ and sys.stdout is sys.__stdout__ and sys.stderr is sys.__stderr__):
        return
    # Upwards, since what is opened takes the lowest free number. Nothing can be written to a descriptor that only reads.
    for number, flags in enumerate((os.O_RDONLY, os.O_RDONLY, os.O_WRONLY)):
        try:
            os.fstat(number)
        except OSError:
            os.set_inheritable(os.open(os.devnull, flags), True)
    codecs.register_error(_ESCAPE, _escaped)
    sys.stdin = sys.stdin or open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 - for the life of the process
    sys.stdout = _text(_Output(1, "wb", closefd=False), like=sys.stdout)
    sys.stderr = _text(_Notes(2, "wb", closefd=False), like=sys.stderr)


class _Output(io.FileIO):
    def write(self, piece: ReadableBuffer, /) -> int:
        """Write a piece; raise OutputError when that cannot be, BrokenPipeError when nobody reads any more."""
        while True:
            try:
                written = super().write(piece)
            except BrokenPipeError:
                raise
            except OSError as error:
                raise OutputError(f"standard output cannot be written to: {error.strerror}") from error
            if written is not None:
                return written
            select.select([], [self], [])  # whoever shares the descriptor has made it non-blocking


class _Notes(io.FileIO):
    def write(self, piece: ReadableBuffer, /) -> int:
        """Write a piece, or drop it."""
        try:
            return super().write(piece) or 0
        except OSError:
            return len(memoryview(piece).cast("B"))


def _text(raw: io.FileIO, *, like: TextIO | None) -> io.TextIOWrapper:
    """Return a stream of text over `raw`, with the encoding and the habits of the one that Python made."""
    immediate = raw.isatty() or raw.fileno() == 2 or bool(getattr(like, "write_through", False))
    return io.TextIOWrapper(
        io.BufferedWriter(raw), encoding=getattr(like, "encoding", None) or "utf-8", errors=_ESCAPE, line_buffering=immediate
    )


def _escaped(error: UnicodeError) -> tuple[str, int]:
    """Write what an encoding does not have by its UTF-16 units."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    units = error.object[error.start : error.end].encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2)), error.end
