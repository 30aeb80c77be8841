"""What ingest need not ask the record for, and what it need not read twice."""

from __future__ import annotations

import asyncio
import threading
from typing import Literal

import pytest

from connectors.venues.musubi import parse
from pipeline.errors import PoisonRecordError, RetryableError
from pipeline.ingest.publish import _Thread
from pipeline.ingest.read_wanted import list_query
from pipeline.ingest.wanted import Want, Wanted
from schemas.events import Observation

BODY = b'{"intent_id":"3f0c8b1e-3c5a-4a52-9d8e-1f1f1f1f1f1f","status":"QUOTED","source_currency":"JPYSC0","fx_rate":"149.5"}'


@pytest.mark.parametrize(("status", "left"), [("PENDING", 0), ("QUOTED", 0), ("FAILED", 1), ("SETTLED", 1)])
def test_a_settlement_that_is_known_answers_hints_of_open_statuses_only(status: str, left: int) -> None:
    """The read for an open status is forgotten; one for a terminal status, which a settlement contradicts or repeats, stays."""
    wanted = Wanted()
    wanted.add(Want(intent_id="i", what="order", status=status))
    wanted.settled("i")
    wanted.settled("another")
    assert len(wanted) == left


def test_an_order_that_is_listed_again_is_the_same_but_for_when_it_was_seen() -> None:
    """Equal bytes give the same event as a first reading does, each with its own observation."""
    for second in (1, 2, 3):
        observed = Observation(origin="list", observed_at=f"2025-03-15T09:00:0{second}Z", request_id=f"r-{second}")
        listed = parse.parse_listed_order(BODY, venue="tokyo", own_party="a", observed=observed)
        assert listed == parse.parse_order(BODY, venue="tokyo", own_party="a", observed=observed)


def test_another_party_does_not_get_the_reading_of_the_first() -> None:
    """Which side we are on belongs to what is remembered."""
    body = BODY[:-1] + b',"sender_custodian_party_id":"a","receiver_custodian_party_id":"b"}'
    observed = Observation(origin="list", observed_at="2025-03-15T09:00:00Z")
    sides = [parse.parse_listed_order(body, venue="tokyo", own_party=party, observed=observed).event.side for party in ("a", "b", "a")]  # type: ignore[union-attr]
    assert sides == ["sender", "receiver", "sender"]


def test_a_poisoned_listing_is_refused_every_time() -> None:
    """What cannot be read is not remembered as read."""
    observed = Observation(origin="list", observed_at="2025-03-15T09:00:00Z")
    for _ in range(2):
        with pytest.raises(PoisonRecordError, match="intent_id"):
            parse.parse_listed_order(b'{"status":"QUOTED"}', venue="tokyo", own_party="a", observed=observed)


async def test_calls_of_the_publisher_share_one_thread_and_raise_in_the_loop() -> None:
    """Two calls run in the same thread, which is not the loop's; what a call raises comes out; closing ends the thread."""
    thread, seen = _Thread(), []

    def fail() -> None:
        raise RetryableError("Kafka is away")

    await thread.run(lambda: seen.append(threading.current_thread()))
    with pytest.raises(RetryableError, match="away"):
        await thread.run(fail)
    await thread.run(lambda: seen.append(threading.current_thread()))
    assert seen[0] is seen[1] is not threading.current_thread()
    thread.close()
    await asyncio.to_thread(seen[0].join, 5)
    assert not seen[0].is_alive()


@pytest.mark.parametrize(("wants", "size"), [(1, 20), (5, 20), (10, 30), (33, 99), (34, 100), (5_000, 100)])
def test_a_page_of_settlements_is_as_long_as_its_hints_need(wants: int, size: int) -> None:
    """Few hints are answered by a short page of the newest settlements, many by the longest that venues give."""
    assert list_query("settled", wants).page_size == size


@pytest.mark.parametrize("kind", ["open", "ended"])
def test_other_lists_are_long_since_hinted_orders_stand_anywhere_in_them(kind: Literal["open", "ended"]) -> None:
    """Orders are listed by when they were created, which says nothing about when they moved on."""
    assert list_query(kind, 2).page_size == 100
