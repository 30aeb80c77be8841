"""What is a difference between a live run and a replay, what is explained, and what is not looked at."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from pipeline.log import topics
from pipeline.log.envelope import Headers
from pipeline.log.notices import alarm
from pipeline.log.reading import Reading
from pipeline.replay.comparison import Comparison, Published, Window, comparable, pairs, published_by
from pipeline.replay.readings import Readings
from pipeline.testing.clocks import START

REQUEST, SETTLED, ALARM = topics.DECISION_REQUESTED.ce_type, topics.ORDER_SETTLED.ce_type, topics.ALARM_RAISED.ce_type


def event(ce_id: str = "a", *, key: str = "intent", kind: str = SETTLED, seconds: float = 0.0, times: int = 1, **said: Any) -> Published:
    """Return an event about an order of tokyo."""
    document = {"venue": "tokyo", **said}
    at = START + timedelta(seconds=seconds)
    stated = comparable(kind, document, {"ce_source": "/processors/x"})
    return Published(key=key.encode(), ce_type=kind, ce_id=ce_id, decided=(at,), times=times, copies=[stated], document=document)


def verdicts(live: list[Published], replayed: list[Published], window: Window | None = None) -> dict[tuple[str, str], int]:
    """Compare and return the counts."""
    comparison = Comparison(window or Window())
    lines = list(comparison.lines(pairs(sorted(live, key=_order), sorted(replayed, key=_order))))
    assert len(lines) == comparison.differences
    return dict(comparison.counts)


def _order(one: Published) -> tuple[bytes, str, str]:
    return one.identity


@pytest.mark.parametrize(
    ("live", "replayed", "expected"),
    [
        (event(), event(), "identical"),
        (event(), None, "missing"),
        (None, event(), "new"),
        (event(amount="1"), event(amount="2"), "differs"),
        (event(amount="1"), event(), "differs"),
        (event(times=2), event(times=1), "identical"),
        (event(times=1), event(times=2), "repeated"),
        (event(seconds=0), event(seconds=1.0), "identical"),
        (event(seconds=0), event(seconds=1.1), "later"),
        (event(seconds=1.1), event(seconds=0), "earlier"),
        (event(kind=ALARM, raised_at="1"), event(kind=ALARM, raised_at="2"), "identical"),
        (event(kind=REQUEST, evidence_until="1"), event(kind=REQUEST, evidence_until="2"), "identical"),
        (event(kind=REQUEST, decide_by="1"), event(kind=REQUEST, decide_by="2"), "differs"),
        (event(kind=ALARM, venue=None), None, "engine"),
        (None, event(kind=ALARM, venue=None), "new"),
    ],
)
def test_what_becomes_of_an_event(live: Published | None, replayed: Published | None, expected: str) -> None:
    """Every verdict, by one event on either side or on both."""
    assert list(verdicts([live] if live else [], [replayed] if replayed else [])) == [((live or replayed).ce_type, expected)]  # type: ignore[union-attr]


def test_fields_are_named_with_both_values() -> None:
    """A difference names the field, what was published, and what would be."""
    (line,) = Comparison(Window()).lines(pairs([event(amount="1", rate="5")], [event(amount="2", rate="5")]))
    assert line["fields"] == {"amount": {"live": "1", "replayed": "2"}}
    assert (line["intent_id"], line["venue"], line["of"]) == ("intent", "tokyo", SETTLED)


def test_one_of_several_copies_is_enough() -> None:
    """A crash may leave copies of an event with other contents: it is identical when it is as any of them."""
    one, other = event(detail="x"), event(detail="y")
    both = replace(one, copies=[*one.copies, *other.copies], times=2)
    assert verdicts([both], [other]) == {(SETTLED, "identical"): 1}


@pytest.mark.parametrize(("seconds", "expected"), [(0, "identical"), (22.5, "identical"), (23.1, "later"), (-1.1, "earlier")])
def test_a_copy_that_a_crash_left_behind_makes_nothing_later(seconds: float, expected: str) -> None:
    """Published, not committed, and published again once the role was up: a replay follows the transaction that was committed."""
    copies = [_copy(START, "/processors/own"), _copy(START + timedelta(seconds=22), "/processors/own")]
    live = published_by("/processors/own", b"order", ALARM, "id", START, copies)
    assert live is not None
    again = published_by("/processors/own", b"order", ALARM, "id", START, [_copy(START + timedelta(seconds=seconds), "/processors/own")])
    assert again is not None
    assert verdicts([live], [again]) == {(ALARM, expected): 1}


def test_what_no_committed_transaction_decided_is_explained() -> None:
    """A crash between publishing and committing leaves an event that may come to nothing when it is done again."""
    readings = Readings([Reading(0, START + timedelta(seconds=seconds), ()) for seconds in (0, 5, 9)])
    left, kept, before = (event(kind=SETTLED, ce_id=ce_id, seconds=at) for ce_id, at in (("left", 4), ("kept", 5), ("before", -1)))
    again = replace(event(ce_id="again", seconds=4), decided=(START + timedelta(seconds=4), START + timedelta(seconds=9)), times=2)
    comparison = Comparison(Window(), readings.is_left_over)
    lines = list(comparison.lines(pairs(sorted([left, kept, before, again], key=_order), [])))
    assert comparison.counts == {(SETTLED, "left_over"): 1, (SETTLED, "missing"): 3}
    assert {line["ce_id"] for line in lines} == {"kept", "before", "again"}


def test_only_the_window_is_compared() -> None:
    """An event of either side within the time counts, an event of another venue does not."""
    window = Window(since=START + timedelta(seconds=10), until=START + timedelta(seconds=20), venue="tokyo")
    assert verdicts([event(seconds=9)], [], window) == {}
    assert verdicts([event(seconds=10)], [event(seconds=9.9)], window) == {(SETTLED, "identical"): 1}
    assert verdicts([event(seconds=20)], [], window) == {}
    assert verdicts([event(seconds=15, venue="osaka")], [], window) == {}


def test_the_last_seconds_are_not_judged() -> None:
    """What has no counterpart there may get one; what differs there differs."""
    window = Window(complete_until=START)
    assert verdicts([event()], [], window) == verdicts([], [event()], window) == {(SETTLED, "too_young"): 1}
    assert verdicts([event(amount="1")], [event()], window) == {(SETTLED, "differs"): 1}


def test_a_request_of_an_uncommitted_transaction_is_explained() -> None:
    """The same round asked in two contexts: one is met, the other is its twin. Without one that is met, both are missing."""
    lost, kept = (event(ce_id, kind=REQUEST, request_id="round 1", context=ce_id) for ce_id in ("a", "b"))
    assert verdicts([lost, kept], [kept]) == {(REQUEST, "twin"): 1, (REQUEST, "identical"): 1}
    assert verdicts([lost, kept], []) == {(REQUEST, "missing"): 2}
    assert verdicts([lost], [kept]) == {(REQUEST, "missing"): 1, (REQUEST, "new"): 1}


def test_events_are_paired_by_key_type_and_id() -> None:
    """Neighbours in the order of keys are not taken for one another."""
    one, other = event("a", key="k1"), event("a", key="k2")
    assert verdicts([one], [other]) == {(SETTLED, "missing"): 1, (SETTLED, "new"): 1}
    assert verdicts([one, event("b", key="k1")], [event("b", key="k1")]) == {(SETTLED, "missing"): 1, (SETTLED, "identical"): 1}


def _copy(at: datetime, source: str, subject: str = "order") -> tuple[Headers, bytes]:
    made = alarm(kind="x", severity="warning", venue="tokyo", subject=subject, detail={}, now=at, source=source, causation_id="cause")
    return made.headers(), made.value


def test_only_copies_of_the_processor_itself_count() -> None:
    """Others may publish an alarm under the same id; what is compared leaves out the times."""
    later = START + timedelta(seconds=3)
    copies = [_copy(START, "/processors/other"), _copy(later, "/processors/own"), _copy(START, "/processors/own")]
    found = published_by("/processors/own", b"order", ALARM, "id", START, copies)
    assert found is not None
    assert (found.at, found.times) == (later, 2)
    assert found.copies[0] == found.copies[1]
    assert published_by("/processors/none", b"order", ALARM, "id", START, copies) is None


def test_what_is_no_document_is_compared_by_its_digest() -> None:
    """Bytes that are no JSON object are the same when they are the same bytes."""
    headers = _copy(START, "/s")[0]
    one, same, other = (published_by("/s", b"k", ALARM, "id", START, [(headers, value)]) for value in (b"{", b"{", b"[1]"))
    assert one is not None
    assert other is not None
    assert same is not None
    assert one.copies == same.copies != other.copies
