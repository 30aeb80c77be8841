"""How long to wait before trying again: doubling, bounded, spread by chance."""

from __future__ import annotations

from collections.abc import Callable


class Pauses:
    """The pauses of one thing that is tried again and again; `random` answers with a number in [0, 1)."""

    def __init__(self, random: Callable[[], float], *, first: float = 0.2, maximum: float = 5.0) -> None:
        """`first` and `maximum` are in seconds."""
        self._random, self._first, self._maximum = random, first, maximum
        self._failures = 0

    def next(self, asked: float | None = None) -> float:
        """Return the seconds to wait now, at least what the other side asked for."""
        grown = float(min(self._maximum, self._first * 2 ** min(self._failures, 20)))
        self._failures += 1
        return max(grown * (0.5 + self._random() / 2), asked or 0.0)

    def reset(self) -> None:
        """Begin anew after a success."""
        self._failures = 0
