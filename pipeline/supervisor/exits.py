"""Exit codes: which one an error stands for, and what the end of a role means in plain words."""

from __future__ import annotations

import signal

from pipeline.errors import (
    FatalError,
    OutputError,
    PositionHoleError,
    RetryableError,
    ServiceAwayError,
    SettingsError,
    StuckError,
    TopicRepartitionedError,
    TopicReplacedError,
    TopicTruncatedError,
)

MEANINGS = {
    0: "it ended by itself",
    1: "it ended with a finding",
    2: "it does not understand its command line",
    69: "a service it needs was away",
    70: "an error of its own",
    74: "its output could not be written",
    75: "it asked to be started again",
    78: "its settings are wrong",
    80: "records were skipped; it goes on from its stored position",
    81: "there was work, every service answered, and nothing moved",
    82: "a topic is another one than its positions were stored for; a person has to look",
    83: "a topic no longer has the records that come next; a person has to look",
    84: "a topic was given another number of partitions; a person has to look",
}
STOPS_ALL = frozenset({2, 78})
"""Ends that no restart can mend."""


def meaning(returncode: int) -> str:
    """Say what a child's return code means; negative ones are signals, as subprocess tells them."""
    if returncode < 0:
        try:
            name = signal.Signals(-returncode).name
        except ValueError:
            name = f"signal {-returncode}"
        return f"killed by {name}"
    return f"exit code {returncode}: {MEANINGS.get(returncode, 'it broke off')}"


def code_of(error: BaseException) -> int:
    """Return the exit code that an error stands for (interface, section 2)."""
    match error:
        case SettingsError():
            return 78
        case ServiceAwayError():
            return 69
        case RetryableError():
            return 75
        case OutputError():
            return 74
        case FatalError() if getattr(error.__cause__, "sqlstate", None) in _UNPREPARED:
            return 78
        case PositionHoleError():
            return 80
        case StuckError():
            return 81
        case TopicReplacedError():
            return 82
        case TopicTruncatedError():
            return 83
        case TopicRepartitionedError():
            return 84
        case _:
            return 70


_UNPREPARED = {"42501", "42P01", "3F000", "42703", "28P01", "28000", "3D000", "26000", "42P05"}
"""The database refuses us, is not prepared, or stands behind a pooler that lends our session out: the settings name the wrong one, or
`custodian init` has not been run."""
