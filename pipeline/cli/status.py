"""`custodian status`: what runs, how it does, how far it has come; exit 1 with the reasons when something that should work does not."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import click

from pipeline.cli.context import database, settings
from pipeline.cli.output import Column, Format, formats, plain, say, show, table_text, write, write_json
from pipeline.cli.people import FRESH
from pipeline.domain.labels import who_of

if TYPE_CHECKING:
    from pipeline.settings import Settings
    from pipeline.stores.postgres import Connection
    from pipeline.stores.roles import SeenRole

STARTED_AFTER = timedelta(seconds=30)
"""Roles of one `up` are all there after so long."""
REMEMBERED = 60.0
"""Seconds for which one that died is shown beside others of its role."""

ROLE_COLUMNS = (
    Column(field="role", rank=0),
    Column(field="healthy", rank=0),
    Column(field="lag", right=True, rank=0),
    Column(field="position", right=True, rank=1),
    Column(field="restarts", right=True, rank=1),
    Column(field="pid", right=True, rank=1),
    Column(field="metrics", title="metrics port", right=True, rank=2),
    Column(field="note", rank=1),
    Column(field="instance", rank=3),
    Column(field="seen_at", rank=3),
)
VENUE_COLUMNS = (
    Column(field="venue", rank=0),
    Column(field="connected", rank=0),
    Column(field="last_byte_at", rank=1),
    Column(field="last_reconciled_at", rank=1),
    Column(field="unfinished", right=True, rank=1),
    Column(field="unfinished_since", rank=2),
    Column(field="sweep_page", right=True, rank=2),
    Column(field="sweep_pages", right=True, rank=2),
    Column(field="sweep_ended_at", rank=1),
    Column(field="trouble", rank=1),
    Column(field="owner", rank=2),
)


@click.command()
@formats
@click.option("--positions", "with_positions", is_flag=True, help="Also every partition's stored position and end.")
def status(form: Format, with_positions: bool) -> None:
    """Show health, lag and positions of every role, one line per process; exit 1 when none runs or something is degraded."""
    loaded = settings()
    with database(loaded, name="status") as connection:
        found = gather(loaded, connection, with_positions=with_positions)
    if form == "table":
        _tables(found)
    elif form == "csv":
        show(found["roles"], form, columns=ROLE_COLUMNS)
    else:
        show_one(found, form)
    if found["reasons"]:
        sys.exit(1)


def show_one(found: Mapping[str, Any], form: Format) -> None:
    """Write one object as JSON: on one line, or indented for `json`."""
    write_json(plain(found), indent=2 if form == "json" else None)


def gather(loaded: Settings, connection: Connection, *, with_positions: bool = False) -> dict[str, Any]:
    """Return the object of interface, section 3; lag is absent while Kafka does not answer. Raise FatalError when nothing is prepared."""
    from pipeline.cli.halt import line_of
    from pipeline.clock import SystemClock
    from pipeline.log.topics import ALARM_RAISED
    from pipeline.observability.degraded import distinct
    from pipeline.stores import alarms, decisions, halts, positions, roles, suspects
    from pipeline.supervisor.heartbeat import lag_of, reason_of, venues_degraded
    from pipeline.supervisor.preparation import CONSUMERS
    from pipeline.wiring import consumers_of

    stored = {consumer: positions.of_consumer(connection, consumer) for consumer in CONSUMERS}
    ends = _ends(loaded, [partition for held in stored.values() for partition in held])
    lines = []
    for seen in shown(roles.seen(connection)):
        line = role_line(seen)
        held = {place: offset for name in consumers_of(seen.heartbeat.role) for place, offset in stored.get(name, {}).items()}
        if held:
            line["position"] = sum(held.values())
            # Fresh, and also of a role that does not run: what waits for it.
            line["lag"] = None if ends is None else lag_of(held, ends)
            if with_positions:
                line["positions"] = [
                    {"topic": topic, "partition": number, "next_offset": offset, "end": (ends or {}).get((topic, number))}
                    for (topic, number), offset in sorted(held.items())
                ]
        lines.append(line)
    venues = {line["venue"]: line for line in roles.venues(connection)}
    halted = [line_of(one) for one in halts.active(connection)]
    now = SystemClock().now()
    waiting = alarms.open_by_severity(connection, ALARM_RAISED.topic(loaded.kafka.topic_prefix))
    reasons = distinct(
        [
            *_of_roles(lines),
            *(line for seen in roles.seen(connection) if seen.age <= FRESH for line in seen.heartbeat.report.get("degraded") or ()),
            *(reason_of(each).line() for each in suspects.parked(connection)),
            *(reason.line() for reason in venues_degraded(loaded, connection, now)),
            *_missing(loaded, lines, {name: lag_of(held, ends or {}) for name, held in stored.items()}, now),
            *_of_alarms(waiting["critical"]),
        ]
    )
    return {
        "mode": loaded.mode.accepting,
        "state": state_of(halted=bool(halted), reasons=reasons),
        "reasons": reasons,
        "halts": halted,
        "referrals_pending": decisions.count_pending(connection, now=SystemClock().now()),
        "roles": lines,
        "venues": [venues.get(name, {"venue": name, "connected": False}) for name in sorted({*loaded.venues, *venues})],
        "alarms_open": waiting.total(),
    }


def state_of(*, halted: bool, reasons: Sequence[Mapping[str, Any]]) -> str:
    """Return how the pipeline is: halted while any halt is in force, degraded while there are reasons to say so, else normal."""
    if halted:
        return "halted"
    return "degraded" if reasons else "normal"


def _of_roles(lines: Sequence[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """Yield a reason for each process that does not work."""
    from pipeline.observability.degraded import Reason

    for line in lines:
        if not line["healthy"]:
            gone = line["gone"]
            subject = f"{line['role']} (pid {line['pid']} on {line['host']})"
            since = line["seen_at"] if gone else None
            yield Reason(
                code="role_gone" if gone else "role_unhealthy", subject=subject, since=since, detail=line["note"] or "not healthy"
            ).line()


def _missing(loaded: Settings, lines: Sequence[Mapping[str, Any]], lags: Mapping[str, int], now: datetime) -> Iterator[Mapping[str, Any]]:
    """Yield a reason for each consumer that has records before it and nobody who runs it, while other roles have run for a while."""
    from pipeline.cli.run import ROLES
    from pipeline.observability.degraded import Reason
    from pipeline.wiring import consumers_of

    alive = [line for line in lines if not line["gone"]]
    if not alive:
        yield Reason(
            code="role_missing", subject="every role", since=None, detail="no role is running; start them with `custodian up`"
        ).line()
    if not any(now - line["started_at"] > STARTED_AFTER for line in alive):
        return
    for role in ROLES:
        waiting = sum(lags.get(name, 0) for name in consumers_of(role))
        if waiting and role not in {line["role"] for line in lines} and (role != "risk" or loaded.risk.engine == "builtin"):
            detail = f"nobody runs this role, and {waiting} records wait for it"
            yield Reason(code="role_missing", subject=role, since=None, detail=detail).line()


def _of_alarms(critical: int) -> Iterator[Mapping[str, Any]]:
    from pipeline.observability.degraded import Reason

    if critical:
        detail = f"{critical} critical alarms wait for a person (`custodian alarms list`; infra/runbooks has a page for each kind)"
        yield Reason(code="alarms_open", subject="alarms", since=None, detail=detail).line()


def shown(seen: Sequence[SeenRole]) -> list[SeenRole]:
    """Return the processes to show: those alive, those that died just now, and the last one of a role that nobody runs any more."""
    alive = {each.heartbeat.role for each in seen if each.age <= FRESH}
    newest: dict[str, SeenRole] = {}
    for each in seen:
        if each.heartbeat.role not in newest or each.age < newest[each.heartbeat.role].age:
            newest[each.heartbeat.role] = each
    return [
        each
        for each in seen
        if each.age <= FRESH or (each.heartbeat.role in alive and each.age <= REMEMBERED) or newest[each.heartbeat.role] is each
    ]


def role_line(seen: SeenRole) -> dict[str, Any]:
    """Return what is shown of one process."""
    beat = seen.heartbeat
    gone = seen.age > FRESH
    reasons = beat.report.get("reasons") or {}
    return {
        "role": beat.role,
        "pid": beat.pid,
        "instance": beat.instance,
        "healthy": beat.healthy and not gone,
        "gone": gone,
        "ready": bool(beat.report.get("ready")) and not gone,
        "restarts": beat.restarts,
        "host": beat.host,
        "metrics": beat.metrics_port,
        "lag": beat.report.get("lag"),
        "counts": beat.report.get("counts"),
        "started_at": seen.started_at,
        "seen_at": seen.seen_at,
        "note": f"no sign of life for {seen.age:.0f} s" if gone else "; ".join(f"{name}: {text}" for name, text in reasons.items()) or None,
    }


def _ends(loaded: Settings, partitions: Sequence[tuple[str, int]]) -> Mapping[tuple[str, int], int] | None:
    from pipeline.errors import ServiceAwayError
    from pipeline.kafka import TopicAdmin

    try:
        admin = TopicAdmin(loaded.kafka)
        admin.check_connection(timeout=2)
        return admin.ends(partitions, timeout=3)
    except ServiceAwayError as error:
        say(f"lag is not known: {error}")
        return None


def _tables(found: Mapping[str, Any]) -> None:
    counts = f"alarms {found['alarms_open']}, waiting for people {found['referrals_pending']}"
    write(f"mode {found['mode']}, state {found['state']}, {counts}")
    for reason in found["reasons"]:
        since = f" since {table_text(reason['since'])}" if "since" in reason else ""
        write(f"degraded{since}: {reason['subject']}: {reason['detail']} [{reason['code']}]")
    for halt in found["halts"]:
        write(f"halted: {halt['scope']}, by {who_of(halt.get('login'), halt['by'])}: {halt['reason']}")
    show(found["roles"], "table", columns=ROLE_COLUMNS)
    show(found["venues"], "table", columns=VENUE_COLUMNS)
