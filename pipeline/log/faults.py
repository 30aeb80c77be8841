"""Whose fault an error is, and what becomes of the record that fails alone: pure. Source: infra/decisions/0014."""

from __future__ import annotations

import hashlib
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from pipeline.errors import FatalError, RetryableError, SettingsError
from pipeline.log import topics
from pipeline.log.topics import EventType
from pipeline.printable import printable

FAILURES_MAX = 5
"""So many failures at one position, alone, are the record's: with the pauses between them they take some eight seconds, longer than
most of what passes by itself."""
PAUSES = (0.5, 1.0, 2.0, 4.0)
"""Seconds that a record's partition rests after its first, second, … failure, while the others go on."""
DEATHS_MAX = 2
"""So many processes that died in a batch at one position make it suspected: one may have been killed by anybody."""
LETTERS_MAX = 5
LETTERS_WINDOW = timedelta(hours=1)
"""So many records of one consumer may be put aside by the program within this time: more of them are a fault of the program, and it must
not empty the topic into the dead letters."""
RETRY_AFTER = timedelta(minutes=5)
"""A parked record whose attempt killed its process is tried by a new one only after so long: that is no loop, and long
enough to be a repair."""
WAKE_POSTPONED = timedelta(hours=1)
"""How long a state rests whose wake-up fails: it has no record to put aside, and a repaired program shall wake it by itself."""

SETS_ASIDE: Mapping[str, frozenset[EventType]] = {
    "settlement": frozenset({topics.ORDER_UPDATED}),
    "workflow": frozenset({topics.ORDER_UPDATED, topics.QUOTE_RECEIVED, topics.COMPLIANCE_READ, topics.RATE_READ}),
    "risk": frozenset({topics.DECISION_REQUESTED}),
    "commands": frozenset({topics.COMMAND_ISSUED}),
    "ledger": frozenset({topics.ORDER_SETTLED}),
}
"""Which records of which consumer may be put aside out of their turn; a partition with any other one is parked.

What a venue shows can be read again, a refusal of the ledger can be requeued, and an unanswered question or an unsent command moves
nothing. What is said once (`decision-made`, `command-completed`), what limits are counted by and what is evidence is never passed over
by itself.
"""

_OF_VALUES = ("22", "23", "54")
"""SQLSTATE classes that speak of what is written: data exception, integrity violation, program limit exceeded."""

Judgement = Literal["rest", "set aside", "park"]


@dataclass(frozen=True, slots=True)
class Fault:
    """What went wrong, in a line, and by which way through the program."""

    text: str
    traceback_sha256: str | None


DEATH = Fault("the process died of it without a word", None)


def is_of_record(error: Exception) -> bool:
    """Tell whether an error may be the fault of the record that was tried, so that failing again and again counts against it."""
    match error:
        case RetryableError() | SettingsError() | OSError() | MemoryError():
            return False
        case FatalError():
            return str(getattr(error.__cause__, "sqlstate", None) or "").startswith(_OF_VALUES)
        case _:
            return True


def passes(error: BaseException) -> bool:
    """Tell whether an error says that the attempt proved nothing: its count is taken back."""
    return isinstance(error, RetryableError | SettingsError) or (isinstance(error, FatalError) and not is_of_record(error))


def fault_of(error: BaseException) -> Fault:
    """Return an error as a line, and the digest of its way through the program: modules, functions and lines, no values and no paths."""
    way = [f"{frame.f_globals.get('__name__')}:{frame.f_code.co_name}:{line}" for frame, line in traceback.walk_tb(error.__traceback__)]
    digest = hashlib.sha256("\n".join([*way, type(error).__name__]).encode()).hexdigest()
    said = printable(" ".join(str(error).split()))[:300]
    return Fault(f"{type(error).__name__}: {said}", digest)


def may_set_aside(consumer: str, topic: str) -> bool:
    """Tell whether order allows that a record of this topic (its whole name) is dead-lettered out of its turn."""
    return any(topic.endswith(kind.name) for kind in SETS_ASIDE.get(consumer, ()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspect:
    """Attempts at one place, as they are stored."""

    topic: str
    partition: int
    key: str = ""
    offset: int
    alone: bool
    failures: int
    """With the one that runs."""
    answered: bool
    fault: Fault = DEATH
    since: datetime
    tried_at: datetime
    parked_at: datetime | None = None
    asked: str | None = None
    """What a person wants to be done: "retry" or "skip"."""
    asked_by: str = ""
    asked_reason: str = ""

    def may_try(self, now: datetime) -> bool:
        """Tell whether the record is tried (again), or its verdict stands."""
        if self.failures < FAILURES_MAX or self.asked == "retry":
            return True
        if self.parked_at is None:
            return False
        return self.answered or now - self.tried_at >= RETRY_AFTER


def judge(suspect: Suspect, *, allowed: bool, letters: int) -> Judgement:
    """Say what becomes of a record that has failed; `letters`: how many of its consumer were put aside within LETTERS_WINDOW."""
    if suspect.failures < FAILURES_MAX:
        return "rest"
    return "set aside" if allowed and letters < LETTERS_MAX else "park"
