"""What acts on an intent have in common: which venue's order is meant, and getting out what was committed."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import click

from pipeline.cli.output import say
from pipeline.errors import RetryableError

if TYPE_CHECKING:
    from pipeline.settings import Settings
    from pipeline.stores.postgres import Connection

PUBLISHED_WITHIN = 15.0
"""Seconds for which a command waits for another process that is publishing the same events just now."""


def venue_of(connection: Connection, loaded: Settings, intent: str, asked: str | None) -> str:
    """Return the venue of an intent: the one asked for, the one that we know it from, or the only one; raise UsageError."""
    from pipeline.stores.orders import venues

    known = [asked] if asked is not None else venues(connection, intent) or sorted(loaded.venues)
    if len(known) != 1:
        raise click.UsageError(f"write --venue, one of: {', '.join(known) or 'none; the settings name no venue'}")
    return known[0]


def publish_now(loaded: Settings, connection: Connection, ce_ids: list[str]) -> bool:
    """Publish what the outbox holds and return whether these events are out; else say on standard error who will publish them."""
    from pipeline.failpoints import failpoints_of
    from pipeline.kafka import EventProducer
    from pipeline.stores import outbox

    failpoints_of(loaded.mode).reach("act.after_commit")
    ends_at, aside = time.monotonic() + PUBLISHED_WITHIN, set[str]()
    try:
        producer = EventProducer(loaded.kafka)
        while outbox.waiting(connection, ce_ids) and time.monotonic() < ends_at:
            if not outbox.publish(connection, producer.publish, aside=aside):
                time.sleep(0.1)  # the role `commands` is at it
        producer.close()
    except RetryableError as error:
        say(str(error))
    if not outbox.waiting(connection, ce_ids):
        return True
    say("it is stored, and is published as soon as Kafka answers and a role `commands` runs (`custodian up`)")
    return False
