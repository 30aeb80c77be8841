"""What the product does by itself at times: compares each venue with the books, verifies the archive, lets go of old states.

Each task belongs to the role that has what it needs (the venue's secret, the archive, the states). Every worker of that role looks whether
it is due; one of all workers does it, by an advisory lock. It is due an interval after the moment for which it last ran: what came late
(nobody ran, or a run failed) is done once and not as often as it was missed. A process that dies of it, or in it, leaves it due. What goes
wrong ends no role: it is tried again, and `custodian_upkeep_failing` says so. What is found is an alarm, published before the run counts as
done: a crash between the two repeats an alarm under its id.

Settings: `[schedule]`.
"""

from __future__ import annotations

import hashlib
import json
import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from pipeline import metrics
from pipeline.clock import Clock
from pipeline.errors import PipelineError, RetryableError
from pipeline.failpoints import Failpoints
from pipeline.log.codec import decode
from pipeline.log.envelope import Outgoing, time_text
from pipeline.log.notices import alarm
from pipeline.settings import Settings
from pipeline.stores import upkeep as rows
from pipeline.stores.postgres import Connection, opened
from pipeline.stores.session import Session
from schemas.events import AlarmRaised, Severity

log = logging.getLogger(__name__)

SOURCE = "/upkeep"
POLL = 2.0
"""Seconds between two looks whether something is due."""
RETRY_AFTER = timedelta(minutes=1)
"""After a try that did not come to its end."""
GRACE = timedelta(seconds=60)
"""What settled so recently may still be under way to the books, also on a busy machine."""
CONFIRM_AFTER = 60.0
"""Seconds after which breaks that are new are looked for again, before they are an alarm: what was under way has come by then."""
CAUGHT_UP_WITHIN = 60.0
"""Seconds in which settlement and ledger have to come to where the topics end now, or nothing is compared."""
NAMED_MAX = 5
"""Breaks and findings that an alarm names one by one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What a whole run came to."""

    done: int
    """What it went through: settlements, records, states."""
    findings: int = 0
    detail: str
    alarms: Sequence[Outgoing] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """Something to be done every `interval`."""

    name: str
    interval: timedelta
    run: Callable[[], Result]
    """Raises PipelineError when it does not come to its end."""


def ran_for(last: datetime, interval: timedelta, now: datetime) -> datetime:
    """Return the latest moment at which a task was due by `now`, counted in intervals from one at which it was: what came late is over."""
    return last + (now - last) // interval * interval


def is_due(standing: rows.Standing, interval: timedelta) -> bool:
    """Tell whether a task is to be done now."""
    rests = standing.failed and standing.tried_at is not None and standing.now - standing.tried_at < min(RETRY_AFTER, interval)
    return standing.now >= standing.ran_for + interval and not rests


class Upkeep:
    """Does the tasks of one role, in a thread and on a connection of its own."""

    def __init__(
        self,
        tasks: Sequence[Task],
        *,
        connect: Callable[[], Connection],
        publish: Callable[[Sequence[Outgoing]], None],
        owner: str,
        stop: threading.Event,
    ) -> None:
        """`publish` returns when alarms are acknowledged."""
        self._tasks, self._publish, self._owner, self._stop = tasks, publish, owner, stop
        self._session = Session(connect)

    def start(self) -> None:
        """Begin to look; without a task there is nothing to look for."""
        if self._tasks:
            threading.Thread(target=self.run, name="upkeep", daemon=True).start()

    def run(self) -> None:
        """Look until told to stop."""
        while not self._stop.wait(POLL):
            for task in self._tasks:
                try:
                    self.look(task)
                except PipelineError as error:
                    log.warning("the schedule waits", extra={"reason": str(error)})
                except Exception:
                    log.exception("the schedule failed at %s", task.name)
        self._session.close()

    def look(self, task: Task) -> bool:
        """Do a task if it is due and nobody else does it; tell whether it came to its end. Raise RetryableError, FatalError."""
        with self._session.use(f"looking at {task.name}") as connection:
            if not is_due(rows.standing(connection, task.name), task.interval) or not rows.take(connection, task.name):
                return False
            try:
                standing = rows.standing(connection, task.name)  # somebody may have done it before we took it
                return is_due(standing, task.interval) and self._do(connection, task, standing)
            finally:
                if not connection.closed:
                    rows.release(connection, task.name)

    def _do(self, connection: Connection, task: Task, standing: rows.Standing) -> bool:
        rows.begin(connection, task.name, owner=self._owner)
        log.info("%s begins", task.name)
        try:
            found = task.run()
            if found.alarms:
                self._publish(found.alarms)
                for each in found.alarms:
                    metrics.ALARMS.labels(decode(each.value, AlarmRaised).kind).inc()
        except Exception as error:
            expected = isinstance(error, PipelineError)
            log.warning("%s did not come to its end and is tried again: %s", task.name, error, exc_info=not expected)
            rows.fail(connection, task.name, failure=f"{type(error).__name__}: {error}"[:1000])
            return False
        rows.end(
            connection,
            task.name,
            ran_for=ran_for(standing.ran_for, task.interval, standing.now),
            done=found.done,
            findings=found.findings,
            detail=found.detail,
        )
        log.log(logging.WARNING if found.findings else logging.INFO, "%s: %s", task.name, found.detail)
        return True


def upkeep_of(role: str, settings: Settings, *, clock: Clock, failpoints: Failpoints, owner: str, stop: threading.Event) -> Upkeep:
    """Return what a role's worker does by itself, by the settings."""
    from pipeline.stores.postgres import connect

    def publish(alarms: Sequence[Outgoing]) -> None:
        from pipeline.kafka import EventProducer

        producer = EventProducer(settings.kafka)
        try:
            producer.publish(alarms)
        finally:
            producer.close()

    return Upkeep(
        list(tasks_of(role, settings, clock=clock, failpoints=failpoints, stop=stop)),
        connect=partial(connect, settings.postgres, name="upkeep", autocommit=True),
        publish=publish,
        owner=owner,
        stop=stop,
    )


def tasks_of(role: str, settings: Settings, *, clock: Clock, failpoints: Failpoints, stop: threading.Event) -> Iterator[Task]:
    """Yield the tasks of a role that the settings ask for."""
    schedule = settings.schedule
    every = {
        "ingest": (
            schedule.reconcile_venue,
            {f"reconcile_venue/{name}": partial(reconciled, settings, name, clock, stop) for name in settings.venues},
        ),
        "archive": (schedule.archive_verify, {"archive_verify": partial(verified, settings, clock, stop)}),
        "settlement": (schedule.states_prune, {"states_prune": partial(pruned, settings, failpoints)}),
    }
    seconds, tasks = every.get(role, (None, {}))
    if seconds is not None:
        for name, run in tasks.items():
            yield Task(name=name, interval=timedelta(seconds=seconds), run=run)


# --- the tasks -----------------------------------------------------------------------------------------------------------


def reconciled(settings: Settings, venue: str, clock: Clock, stop: threading.Event) -> Result:
    """Compare a venue with the books, twice where the first time found something new; an alarm about breaks that are open then."""
    from pipeline.stores import breaks
    from pipeline.supervisor.reconciling import reconcile_venue

    connect = partial(opened, settings.postgres, name="reconcile", doing="reconciling")
    _caught_up(settings, stop)
    outcome = reconcile_venue(settings, venue, clock, grace=GRACE, connect=connect)
    if outcome.opened:
        if stop.wait(CONFIRM_AFTER):
            raise RetryableError("this process ends before what was found could be looked for again")
        outcome = reconcile_venue(settings, venue, clock, grace=GRACE, connect=connect)
    with connect() as connection:
        found = list(breaks.listed(connection, state="open", venue=venue))
    detail = f"{outcome.at_venue} settled at {venue}, {outcome.in_books} in the books, {len(found)} breaks open"
    return Result(done=outcome.at_venue, findings=len(found), detail=detail, alarms=break_found(venue, found, clock.now()))


def break_found(venue: str, found: Sequence[dict[str, Any]], now: datetime) -> list[Outgoing]:
    """Return the alarm about open breaks of a venue; the same breaks are the same alarm, however often they are seen."""
    if not found:
        return []
    worst: Severity = "critical" if any(each["severity"] == "critical" for each in found) else "warning"
    return [
        alarm(
            kind="break_found",
            severity=worst,
            venue=venue,
            subject=venue,
            detail={
                "breaks": str(len(found)),
                "first": "; ".join(f"{each['kind']} {each['intent_id'] or ''}".strip() for each in found[:NAMED_MAX]),
            },
            now=now,
            source=SOURCE,
            identity=(_digest([[each["break_id"], time_text(each["first_seen_at"])] for each in found]),),
        )
    ]


def _caught_up(settings: Settings, stop: threading.Event) -> None:
    """Wait until settlement and ledger have done what stands in their topics now; raise RetryableError when they do not come to it."""
    from pipeline.kafka import TopicAdmin
    from pipeline.stores import positions

    admin = TopicAdmin(settings.kafka)
    for consumer in ("settlement", "ledger"):
        with opened(settings.postgres, name="upkeep-positions", doing="reading positions") as connection:
            ends = admin.ends(list(positions.of_consumer(connection, consumer)), timeout=10)
            for _ in range(int(CAUGHT_UP_WITHIN)):
                held = positions.of_consumer(connection, consumer)
                if all(held.get(place, 0) >= end for place, end in ends.items()):
                    break
                if stop.wait(1.0):
                    raise RetryableError("this process ends")
            else:
                raise RetryableError(f"{consumer} has not come to the end of its topics: the books cannot be compared yet")


def verified(settings: Settings, clock: Clock, stop: threading.Event) -> Result:
    """Verify the whole archive; an alarm about what is not as it was written."""
    from connectors.sinks.compliance_archive.verify import verify

    def going_on(_done: int, _total: int) -> None:
        if stop.is_set():
            raise RetryableError("this process ends")

    with opened(settings.postgres, name="verify", doing="verifying the archive") as connection:
        findings = verify(connection, progress=going_on)
    detail = f"{findings.records} records, {findings.leaves} indexed, {findings.count} findings"
    lines = [finding.line() for finding in findings.kept]
    return Result(done=findings.records, findings=findings.count, detail=detail, alarms=archive_unsound(findings.count, lines, clock.now()))


def archive_unsound(count: int, lines: Sequence[dict[str, Any]], now: datetime) -> list[Outgoing]:
    """Return the alarm about an archive that does not verify; the same findings are the same alarm."""
    if not count:
        return []
    first = "; ".join(" ".join(f"{name} {value}" for name, value in line.items()) for line in lines[:NAMED_MAX])
    return [
        alarm(
            kind="archive_unsound",
            severity="critical",
            venue=None,
            subject="archive",
            detail={"findings": str(count), "first": first},
            now=now,
            source=SOURCE,
            identity=(_digest([count, *lines]),),
        )
    ]


def pruned(settings: Settings, failpoints: Failpoints) -> Result:
    """Let go of what settlement remembers of orders that settled long ago and stand in the books."""
    from connectors.sinks.accounting_ledger.reads import standing
    from pipeline.stores.inspection import about
    from pipeline.stores.pruning import prune

    with opened(settings.postgres, name="prune", doing="pruning states") as connection:
        before = about(connection).now - timedelta(seconds=settings.schedule.states_older_than)
        walked = list(prune(connection, before=before, books=standing, failpoints=failpoints))
    removed, old = (walked[-1].removed, walked[-1].old) if walked else (0, 0)
    return Result(done=removed, detail=f"{removed} states removed of {old} that were not written since {time_text(before)}")


def _digest(told: object) -> str:
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()
