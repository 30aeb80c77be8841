"""How far a long command has come: a bar on a terminal, nothing elsewhere."""

from __future__ import annotations

import sys
from typing import Self


class Bar:
    """A bar on standard error while a command works; without a terminal it does nothing."""

    def __init__(self, doing: str) -> None:
        """`doing` says in a word what is under way, such as "verifying"."""
        self._doing = doing

    def __enter__(self) -> Self:
        self._bar = None
        if sys.stderr.isatty():
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

            from pipeline.cli import drawing

            columns = (TextColumn(self._doing), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
            self._bar = Progress(*columns, console=drawing.console(stderr=True), transient=True)
            self._task = self._bar.add_task(self._doing, total=None)
            self._bar.start()
        return self

    def __call__(self, done: int, total: int | None = None) -> None:
        """Show how much is done, of how much where that is known."""
        if self._bar is not None:
            self._bar.update(self._task, completed=done, total=total)

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()
