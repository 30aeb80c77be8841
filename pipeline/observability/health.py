"""Whether this process works (health) and whether it can do its job now (readiness), with the reason when not.

Health is about us: a loop that stands still. Readiness is about the others: a service that is away is waited for, which makes the role not
ready, but not unhealthy, since a restart would not bring the service back.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

STALLED_AFTER = 60.0
"""Seconds without a sign of life after which a loop counts as standing still: well over the longest wait for a delivery (30 s)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What is wrong, by name; nothing when all is well."""

    unhealthy: dict[str, str]
    unready: dict[str, str]
    degraded: dict[str, str] = field(default_factory=dict)
    """Work that stands still though the process goes on, see `observability.degraded`."""

    @property
    def healthy(self) -> bool:
        """Tell whether this process works."""
        return not self.unhealthy

    @property
    def ready(self) -> bool:
        """Tell whether it can do its job now."""
        return not self.unhealthy and not self.unready and not self.degraded

    @property
    def reasons(self) -> dict[str, str]:
        """Return everything for which it is not ready."""
        return {**self.unready, **self.degraded, **self.unhealthy}


class Health:
    """Collects what the parts of a process say about themselves; for all threads."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        """`monotonic` returns seconds that never go back."""
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._unhealthy: dict[str, str] = {}
        self._unready: dict[str, str] = {"start": "not started yet"}
        self._degraded: dict[str, str] = {}
        self._watched: dict[str, tuple[Callable[[], str | None], Callable[[], float] | None]] = {}

    def started(self) -> None:
        """Say that the role has begun its work."""
        self.available("start")

    def unavailable(self, name: str, reason: str) -> None:
        """Say that something needed is away: not ready."""
        with self._lock:
            self._unready[name] = reason

    def available(self, name: str) -> None:
        """Say that it is here again."""
        with self._lock:
            self._unready.pop(name, None)

    def degraded(self, reasons: Mapping[str, str]) -> None:
        """Say what of this role's work is not being done, by subject, though the process works: not ready."""
        with self._lock:
            self._degraded = dict(reasons)

    def broken(self, name: str, reason: str) -> None:
        """Say that a part of us does not work: unhealthy."""
        with self._lock:
            self._unhealthy[name] = reason

    def mended(self, name: str) -> None:
        """Say that it works again."""
        with self._lock:
            self._unhealthy.pop(name, None)

    def watch(self, name: str, waits_for: Callable[[], str | None], last_progress: Callable[[], float] | None = None) -> None:
        """Watch a loop: not ready while it waits for something, unhealthy when it stands still and waits for nothing."""
        with self._lock:
            self._watched[name] = (waits_for, last_progress)

    def state(self) -> State:
        """Return what is wrong now."""
        with self._lock:
            unhealthy, unready = dict(self._unhealthy), dict(self._unready)
            watched, degraded = dict(self._watched), dict(self._degraded)
        for name, (waits_for, last_progress) in watched.items():
            reason = waits_for()
            silent = 0.0 if last_progress is None else self._monotonic() - last_progress()
            if reason is not None:
                unready[name] = reason
            elif silent > STALLED_AFTER:
                unhealthy[name] = f"stands still for {silent:.0f} s"
        return State(unhealthy=unhealthy, unready=unready, degraded=degraded)
