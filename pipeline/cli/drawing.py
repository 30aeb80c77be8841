"""Tables, bars and live views: rich's console, behind the door that lets its control sequences through to a terminal.

Whatever is drawn by it passes `printable` piece by piece, so no text that a stranger wrote can bring sequences of its own; markup is off.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable

from rich.console import Console
from rich.segment import Segment

from pipeline.cli import streams
from pipeline.printable import printable


class Drawing(Console):
    """A console that writes rich's own control sequences, and no others."""

    def _render_buffer(self, buffer: Iterable[Segment]) -> str:
        return super()._render_buffer(
            segment if segment.control else segment._replace(text=printable(segment.text, lines=True)) for segment in buffer
        )


def console(*, stderr: bool = False) -> Drawing:
    """Return a console on standard output, or on standard error."""
    return Drawing(file=streams.unguarded(sys.stderr if stderr else sys.stdout), highlight=False, markup=False, emoji=False)
