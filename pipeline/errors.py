"""Errors that say what to do next.

Each class names what its runner does with it. The text of an instance is written for the person who reads the log:
what was found, where, and what to do.
"""

from __future__ import annotations

from typing import Literal


class PipelineError(Exception):
    """Something this pipeline knows about went wrong."""


class RetryableError(PipelineError):
    """Outside is slow or away: the runner pauses and tries again.

    `retry_after` is in seconds; None leaves the pause to the runner's own back-off.
    """

    def __init__(self, reason: str, *, retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


class ServiceAwayError(RetryableError):
    """Kafka, PostgreSQL or a venue does not answer: exit code 69 at start, waited for at run time."""


class PoisonRecordError(PipelineError):
    """This record can never succeed: the runner dead-letters it with its bytes and goes on."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class ContractBreachError(PipelineError):
    """The venue broke its own rules: the runner raises an alarm and keeps the evidence."""


class FatalError(PipelineError):
    """We are wrong or unsure: the runner stops and says why."""


class PositionHoleError(FatalError):
    """Records between the stored position and the one that arrived were skipped: the worker stops and starts again from there."""

    def __init__(self, reason: str, *, topic: str = "", partition: int = 0, expected: int = 0) -> None:
        """`expected`: the offset that is missing."""
        super().__init__(reason)
        self.topic, self.partition, self.expected = topic, partition, expected


class TopicReplacedError(FatalError):
    """The topic is not the one that positions were stored for: nothing is read until a person has looked."""


class TopicRepartitionedError(FatalError):
    """The topic has another number of partitions than positions were stored for: keys have moved, a person has to look."""


class TopicTruncatedError(FatalError):
    """The stored position is outside what Kafka still has: nothing is skipped, a person has to look."""


class StuckError(FatalError):
    """There is something to do, every service answers, and nothing moves: a new process is better than this one."""


class SettingsError(PipelineError):
    """A setting is wrong: exit code 78 with the key, what was found and what to write."""


class OutputError(PipelineError):
    """What was found cannot be written to standard output: exit code 74."""


def service_of(error: RetryableError) -> Literal["Kafka", "PostgreSQL"]:
    """Name the service that an error speaks of, for people and metrics: what we raise about Kafka begins so, the rest is PostgreSQL's."""
    return "Kafka" if str(error).startswith("Kafka") else "PostgreSQL"
