"""`custodian settlements`: what was emitted for the books, and emitting it once more."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from pipeline.cli.context import database, settings
from pipeline.cli.lazy import Group
from pipeline.cli.output import Column, Format, formats, show
from pipeline.cli.people import named, reasoned

if TYPE_CHECKING:
    from pipeline.cli.re_emitting import Chosen
    from pipeline.settings import Settings
    from pipeline.stores.postgres import Connection

OUTCOMES = (
    Column(field="venue", rank=2),
    Column(field="intent_id", rank=0),
    Column(field="outcome", rank=0),
    Column(field="source", rank=1),
    Column(field="taken_from", rank=1),
    Column(field="transaction_hash", rank=3, ends=True),
    Column(field="ce_id", rank=3, ends=True),
    Column(field="sha256", rank=4, ends=True),
    Column(field="reason", rank=1),
    Column(field="act_id", rank=5, ends=True),
)


@click.group(cls=Group)
def settlements() -> None:
    """Emit a settlement for the books once more."""


@settlements.command("re-emit")
@click.argument("intent")
@formats
@named
@reasoned
@click.option("--venue", help="Where the order is; needed when several venues know it.")
def re_emit(intent: str, form: Format, by: str, reason: str, venue: str | None) -> None:
    """Emit the settlement of an order again, under its old id and with its old bytes, for books that never got the record.

    The bytes come from the archive; where it lacks them they are made again from the archived documents, if that gives the settlement
    that the processor remembers. Books that have it count a duplicate. Exit 1 when nothing was ever emitted.
    """
    from pipeline.cli.acting import publish_now, venue_of
    from pipeline.cli.decisions import intent_of
    from pipeline.cli.re_emitting import RefusedError
    from pipeline.clock import SystemClock
    from pipeline.failpoints import failpoints_of
    from pipeline.stores import acts

    loaded, intent = settings(), str(intent_of(intent))
    failpoints = failpoints_of(loaded.mode)
    with database(loaded, name="re-emit") as connection:
        venue = venue_of(connection, loaded, intent, venue)
        line: dict[str, Any] = {"venue": venue, "intent_id": intent}
        try:
            chosen = _chosen(loaded, connection, venue, intent)
        except RefusedError as refused:
            show([{**line, "outcome": "refused", "reason": str(refused)}], form, columns=OUTCOMES)
            sys.exit(1)
        line |= _told(chosen)
        act = acts.Act(
            action="re-emit",
            venue=venue,
            intent_id=intent,
            subject=line["ce_id"],
            outcome=chosen.source,
            acted_by=by,
            reason=reason,
            at=SystemClock().now(),
        )
        failpoints.reach("act.before_commit")
        acts.record(connection, act, [chosen.outgoing])
        out = publish_now(loaded, connection, [act.act_id, line["ce_id"]])
    show([{**line, "outcome": "emitted" if out else "stored", "act_id": act.act_id}], form, columns=OUTCOMES)


def _chosen(loaded: Settings, connection: Connection, venue: str, intent: str) -> Chosen:
    from connectors.sinks.compliance_archive import reads
    from pipeline.cli.re_emitting import choose
    from pipeline.log.topics import ORDER_SETTLED, ORDER_UPDATED
    from pipeline.processors.settlement.processor import SETTLEMENT
    from pipeline.stores import states

    key = f"{venue}/{intent}"
    state = states.read(connection, SETTLEMENT.name, [key]).get(key)
    settled, updated = (reads.copies(connection, kind.topic(loaded.kafka.topic_prefix), intent) for kind in (ORDER_SETTLED, ORDER_UPDATED))
    return choose(venue, intent, None if state is None else SETTLEMENT.restore(state).booked, settled, updated)


def _told(chosen: Chosen) -> dict[str, Any]:
    import hashlib

    from pipeline.log.position import coordinates

    record = chosen.taken_from
    return {
        "source": chosen.source,
        "taken_from": coordinates(record.topic, record.epoch, record.partition, record.offset),
        "transaction_hash": chosen.event.transaction_hash,
        "ce_id": chosen.outgoing.envelope.id,
        "sha256": hashlib.sha256(chosen.outgoing.value).hexdigest(),
    }
