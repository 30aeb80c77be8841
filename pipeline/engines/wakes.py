"""When a worker looks for states whose time has come, and what becomes of one whose wake-up fails: one rule for every engine.

It looks as soon as the earliest time that it stored itself has come, and every WAKE_POLL seconds in any case, since another worker may have
left states that wait.

A wake-up that fails has no record that could be put aside. After the states of a partition number have failed together they are woken
one by one, each attempt noted before it is made; one that fails again and again, alone, is woken an hour later, with an alarm, and the
others go on (infra/decisions/0014).
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import Protocol

from pipeline import metrics
from pipeline.clock import Clock
from pipeline.deliver.trials import SuspectBook, failure_alarm
from pipeline.errors import PipelineError
from pipeline.log.envelope import Outgoing
from pipeline.log.faults import DEATHS_MAX, FAILURES_MAX, PAUSES, WAKE_POSTPONED, Suspect, fault_of, is_of_record, passes

log = logging.getLogger(__name__)

WAKE_POLL = 0.25
"""Seconds between two looks when nothing is known to be due earlier."""
WAKE_TOPIC = ""
"""What stands in the place of a topic in the notes of attempts."""


class Woken(Protocol):
    """What wakes states, as `step.Step` does; it may raise anything."""

    consumer: str
    source: str
    due_at: datetime | None

    def wake_due(self, numbers: Sequence[int], wake: Callable[[int], int | None]) -> int:
        """Call `wake` for those of these partition numbers that have something due; it answers None when it did not do all of that."""
        ...

    def wake(self, number: int, key: str | None = None) -> int:
        """Wake what is due of a number, or one state of it, committed; return how many."""
        ...

    def due_keys(self, number: int) -> Sequence[str]:
        """Return the keys of a number's states that are due, the longest due first."""
        ...

    def postpone(self, number: int, key: str, until: datetime, outputs: Sequence[Outgoing]) -> None:
        """Let a state be woken later, committed, outputs acknowledged before."""
        ...


class Wakes:
    """The looks of one worker."""

    def __init__(self, step: Woken, *, waits: bool, clock: Clock, book: SuspectBook) -> None:
        """`waits` tells whether the processor has states that wait at all."""
        self._step, self._waits, self._clock, self._book = step, waits, clock, book
        self._looked_at = -math.inf
        self._proven: set[int] = set()  # partition numbers with a wake-up that went well in this life
        self._suspected: set[int] = set()
        self._rows: dict[tuple[int, str], Suspect] = {}
        self._resting: dict[str, float] = {}  # keys that have failed, and until when they are left alone

    def rest(self) -> float:
        """Return the seconds until the next look; 0 or less: now; infinity: there is nothing to look for, ever."""
        if not self._waits:
            return math.inf
        rest = WAKE_POLL - (self._clock.monotonic() - self._looked_at)
        due_at = self._step.due_at
        return rest if due_at is None or self._resting else min(rest, (due_at - self._clock.now()).total_seconds())

    def look(self, numbers: Sequence[int]) -> None:
        """Wake what is due in these partition numbers; raise RetryableError, FatalError, OSError or MemoryError."""
        self._step.wake_due(numbers, self._wake)
        self._looked_at = self._clock.monotonic()

    def _wake(self, number: int) -> int | None:
        """Wake what is due of one partition number, and return how many; None when a state fails and was not woken."""
        if number not in self._proven and number not in self._suspected:
            self._learn(number)
        if number not in self._suspected:
            woken, error = self._attempt(number, None)
            if error is None:
                self._prove(number)
                return woken
            log.warning("a wake-up fails; its states are woken one by one", exc_info=error, extra={"consumer": self._step.consumer})
            self._suspected.add(number)
        return self._one_by_one(number)

    def _learn(self, number: int) -> None:
        """Read what former lives left about a number, and note the first attempt of this one."""
        rows = {row.key: row for row in self._book.load([(WAKE_TOPIC, number)])}
        self._rows = {place: row for place, row in self._rows.items() if place[0] != number}
        self._rows |= {(number, key): row for key, row in rows.items()}
        deaths = rows[""].failures if "" in rows else 0
        if deaths >= DEATHS_MAX or rows.keys() - {""}:
            self._suspected.add(number)
        else:
            self._put(number, "", failures=deaths + 1)

    def _prove(self, number: int) -> None:
        if number not in self._proven:
            self._book.clear([(WAKE_TOPIC, number)])
            self._proven.add(number)

    def _put(self, number: int, key: str, *, failures: int) -> Suspect:
        now = self._clock.now()
        before = self._rows.get((number, key)) or Suspect(
            topic=WAKE_TOPIC,
            partition=number,
            key=key,
            offset=0,
            alone=bool(key),
            failures=0,
            answered=True,
            since=now,
            tried_at=now,
        )
        row = self._rows[number, key] = replace(before, failures=failures, answered=False, tried_at=now)
        self._book.put([row])
        return row

    def _attempt(self, number: int, key: str | None) -> tuple[int, Exception | None]:
        """Wake; return how many, and the error that may be a state's; raise any other after its count was taken back."""
        try:
            return self._step.wake(number, key), None
        except Exception as error:
            if is_of_record(error):
                return 0, error
            row = self._rows.get((number, key or ""))
            if passes(error) and row is not None and not row.answered:
                self._rows[number, key or ""] = before = replace(row, failures=row.failures - 1, answered=True)
                with suppress(PipelineError):
                    self._book.put([before])
            raise

    def _one_by_one(self, number: int) -> int | None:
        """Wake the states that are due one after the other, but for those that rest; None when some were not woken."""
        woken, now = 0, self._clock.monotonic()
        if self._rows.pop((number, ""), None) is not None:
            self._book.clear([(WAKE_TOPIC, number)], key="")  # from here on each key has its own note
        for key in self._step.due_keys(number):
            row = self._rows.get((number, key))
            if self._resting.get(key, now) > now:
                continue
            if row is not None and not row.may_try(self._clock.now()):
                self._postpone(number, key, row)
                continue
            row = self._put(number, key, failures=1 if row is None else row.failures + 1)
            done, error = self._attempt(number, key)
            self._resting.pop(key, None)
            woken += done
            if error is None:
                self._rows.pop((number, key), None)
                self._book.clear([(WAKE_TOPIC, number)], key=key)
                continue
            row = self._rows[number, key] = replace(row, answered=True, fault=fault_of(error))
            self._book.put([row])
            said = {"consumer": self._step.consumer, "key": key, "traceback_sha256": row.fault.traceback_sha256}
            log.error("a wake-up fails, alone, for the %d. time", row.failures, exc_info=error, extra=said)
            if row.failures < FAILURES_MAX:
                self._resting[key] = now + PAUSES[min(row.failures, len(PAUSES)) - 1]
            else:
                self._postpone(number, key, row)
        self._resting = {key: until for key, until in self._resting.items() if until > now}
        self._forget(number)
        if not any(place[0] == number for place in self._rows):
            self._suspected.discard(number)
            self._proven.add(number)
            return woken
        return None

    def _forget(self, number: int) -> None:
        """Remove notes of states that wait no more: a record has moved them on."""
        old = self._clock.now() - 2 * WAKE_POSTPONED
        for place, row in list(self._rows.items()):
            if place[0] == number and place[1] and place[1] not in self._resting and (row.parked_at is None or row.tried_at < old):
                del self._rows[place]
                self._book.clear([(WAKE_TOPIC, number)], key=place[1])

    def _postpone(self, number: int, key: str, row: Suspect) -> None:
        """Wake a state later; the first time with an alarm."""
        now = self._clock.now()
        raised = failure_alarm(
            kind="wake_failed",
            consumer=self._step.consumer,
            source=self._step.source,
            subject=key,
            fault=row.fault,
            failures=row.failures,
            detail={"tried_again_at": (now + WAKE_POSTPONED).isoformat()},
            clock=self._clock,
        )
        self._step.postpone(number, key, now + WAKE_POSTPONED, [raised] if row.parked_at is None else [])
        # After the alarm: a row that says so already would keep it from ever being raised.
        parked = self._rows[number, key] = replace(row, parked_at=row.parked_at or now)
        self._book.put([parked])
        if row.parked_at is None:
            metrics.ALARMS.labels("wake_failed").inc()
            log.error("the wake-up is put off for an hour", extra={"consumer": self._step.consumer, "key": key})
