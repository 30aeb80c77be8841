"""The standard streams of this program, whatever it was given for them.

* What cannot be written to standard output is an `OutputError`: a full disk or a closed descriptor is neither silence nor a fault of ours.
* What cannot be written to standard error is dropped: nobody can be told, and the exit code speaks.
* What the terminal's encoding does not have is written as JSON writes it (`\\u3042`), so that lines of JSON stay JSON.
* What is not printable is written so too, whoever writes it (`printable`): only `unguarded` and the streams' bytes lead past that.
* A descriptor that was closed is opened again on nothing: the next file or socket would take its number, and with it our lines.
"""

from __future__ import annotations

import codecs
import io
import os
import select
import sys
from collections.abc import MutableMapping
from typing import TYPE_CHECKING, Any, TextIO, cast

from pipeline.errors import OutputError
from pipeline.printable import printable, units

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


class Guarded(io.TextIOWrapper):
    """A stream of text that takes nothing but lines of printable characters; what is none is written as an escape."""

    def write(self, text: str, /) -> int:
        """Write a text; raise as the stream below does."""
        super().write(printable(text, lines=True))
        return len(text)


class _Unguarded:
    def __init__(self, stream: Guarded) -> None:
        self._stream = stream

    def write(self, text: str, /) -> int:
        return io.TextIOWrapper.write(self._stream, text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def unguarded(stream: TextIO) -> TextIO:
    """Return a stream for who writes control sequences on purpose, or what a person asked for as it is (`--raw`)."""
    return cast(TextIO, _Unguarded(stream)) if isinstance(stream, Guarded) else stream


def _text(raw: io.FileIO, *, like: TextIO | None) -> io.TextIOWrapper:
    """Return a stream of text over `raw`, with the encoding and the habits of the one that Python made."""
    immediate = raw.isatty() or raw.fileno() == 2 or bool(getattr(like, "write_through", False))
    return Guarded(io.BufferedWriter(raw), encoding=getattr(like, "encoding", None) or "utf-8", errors=_ESCAPE, line_buffering=immediate)


def _escaped(error: UnicodeError) -> tuple[str, int]:
    """Write what an encoding does not have by its UTF-16 units."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return units(error.object[error.start : error.end]), error.end
