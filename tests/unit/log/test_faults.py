"""Whose fault an error is, and what becomes of a record that fails alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from pipeline.errors import FatalError, PoisonRecordError, PositionHoleError, RetryableError, ServiceAwayError, SettingsError
from pipeline.log import topics
from pipeline.log.faults import (
    FAILURES_MAX,
    LETTERS_MAX,
    RETRY_AFTER,
    SETS_ASIDE,
    Suspect,
    fault_of,
    is_of_record,
    judge,
    may_set_aside,
    passes,
)
from pipeline.supervisor.preparation import CONSUMERS

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def of_database(sqlstate: str) -> FatalError:
    """Return what our stores make of an error of PostgreSQL."""

    class Said(Exception):  # noqa: N818 - a double of psycopg's
        pass

    error, cause = FatalError("PostgreSQL rejects it"), Said()
    cause.sqlstate = sqlstate  # type: ignore[attr-defined]
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "of_record", "taken_back"),
    [
        (ValueError("x"), True, False),
        (OverflowError("date value out of range"), True, False),
        (RecursionError("x"), True, False),
        (PoisonRecordError("Kafka refuses a record of that size"), True, False),
        (of_database("22021"), True, False),
        (of_database("23514"), True, False),
        (of_database("54000"), True, False),
        (of_database("42501"), False, True),
        (FatalError("x"), False, True),
        (PositionHoleError("x"), False, True),
        (RetryableError("x"), False, True),
        (ServiceAwayError("PostgreSQL went away"), False, True),
        (SettingsError("x"), False, True),
        # A new process is better than this one, and it counts as a death.
        (MemoryError(), False, False),
        (OSError(24, "too many open files"), False, False),
    ],
    ids=repr,
)
def test_only_what_a_record_can_be_at_fault_for_counts_against_it(error: Exception, of_record: bool, taken_back: bool) -> None:
    """Services that are away and our own doubts are never counted; errors of values and faults of the program are."""
    assert (is_of_record(error), passes(error)) == (of_record, taken_back)


def suspect(failures: int, *, answered: bool = True, parked: bool = False, asked: str | None = None) -> Suspect:
    """Build a row."""
    return Suspect(
        topic="t", partition=0, offset=7, alone=True, failures=failures, answered=answered, since=NOW, tried_at=NOW,
        parked_at=NOW if parked else None, asked=asked,
    )  # fmt: skip


def test_a_record_rests_until_it_has_failed_often_enough() -> None:
    """Below the limit it is tried again, from the limit on it is put aside where order allows that and the program is not at fault."""
    assert [judge(suspect(n), allowed=True, letters=0) for n in range(1, FAILURES_MAX + 1)] == ["rest"] * (FAILURES_MAX - 1) + ["set aside"]
    assert judge(suspect(FAILURES_MAX), allowed=False, letters=0) == "park"
    assert judge(suspect(FAILURES_MAX), allowed=True, letters=LETTERS_MAX - 1) == "set aside"
    assert judge(suspect(FAILURES_MAX), allowed=True, letters=LETTERS_MAX) == "park"


@pytest.mark.parametrize(
    ("row", "minutes", "tried"),
    [
        (suspect(FAILURES_MAX - 1, answered=False), 0, True),
        (suspect(FAILURES_MAX, answered=False), 0, False),  # it has killed often enough: no more
        (suspect(FAILURES_MAX, parked=True), 0, True),  # a new process, perhaps a mended one
        (suspect(FAILURES_MAX, answered=False, parked=True), 1, False),
        (suspect(FAILURES_MAX, answered=False, parked=True), RETRY_AFTER // timedelta(minutes=1), True),
        (suspect(FAILURES_MAX, answered=False, parked=True, asked="retry"), 0, True),
    ],
)
def test_a_record_that_kills_is_not_tried_in_a_loop(row: Suspect, minutes: int, tried: bool) -> None:
    """A parked record is tried once by each new process, one that killed its process only after a while or when somebody asks."""
    assert row.may_try(NOW + timedelta(minutes=minutes)) is tried


def test_what_is_said_once_and_what_is_evidence_is_never_put_aside() -> None:
    """Each consumer puts aside only what it reads; the archive, decisions, the ends of commands and what risk counts by are parked."""
    assert all(kinds <= set(CONSUMERS[consumer]) for consumer, kinds in SETS_ASIDE.items())
    read = [(consumer, kind.name) for consumer, kinds in CONSUMERS.items() for kind in kinds]
    allowed = {(consumer, name) for consumer, name in read if may_set_aside(consumer, f"x.{name}")}
    assert allowed == {
        ("settlement", topics.ORDER_UPDATED.name),
        *(("workflow", kind.name) for kind in (topics.ORDER_UPDATED, topics.QUOTE_RECEIVED, topics.COMPLIANCE_READ, topics.RATE_READ)),
        ("risk", topics.DECISION_REQUESTED.name),
        ("commands", topics.COMMAND_ISSUED.name),
        ("ledger", topics.ORDER_SETTLED.name),
    }


def test_the_digest_of_a_traceback_tells_ways_apart_and_not_values() -> None:
    """The same way through the program has the same digest whatever the values; another way, or another error, has another."""

    def fail(error: Exception) -> Exception:
        try:
            raise error
        except Exception as raised:
            return raised

    def fail_elsewhere(error: Exception) -> Exception:
        return fail(error)

    one, same, other = (fault_of(fail(error)) for error in (ValueError("a"), ValueError("b"), TypeError("a")))
    assert one.traceback_sha256 == same.traceback_sha256 != other.traceback_sha256
    assert (one.text, same.text) == ("ValueError: a", "ValueError: b")
    assert fault_of(fail_elsewhere(ValueError("a"))).traceback_sha256 == one.traceback_sha256  # where it was called from is not its way
