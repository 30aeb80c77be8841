"""What a processor published and what today's code would publish, side by side: pure, event for event, in the order of intents.

Compared are the event's document, its key, subject, source and correlation, and that it does not come later by more than TOLERATED.
Not compared is what differs by nature, since the moment of deciding is recorded only where something was published: the times of deciding
in the document (TIMES) and of the event (`ce_time`) to the second, the trace, and `ce_causationid`, which names the last of several records
of different topics.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from pipeline.domain.differences import Fields, fields_that_differ
from pipeline.errors import PoisonRecordError
from pipeline.log import topics
from pipeline.log.envelope import Headers, header, parse_time

IDENTICAL, MISSING, NEW, DIFFERS, REPEATED, LATER = "identical", "missing", "new", "differs", "repeated", "later"
EARLIER, TOO_YOUNG, TWIN, LEFT_OVER, ENGINE = "earlier", "too_young", "twin", "left_over", "engine"
FINDINGS = (MISSING, NEW, DIFFERS, REPEATED, LATER)
TOLERATED = timedelta(seconds=1)
"""What clocks, queues and batches may make of a time. A replay does everything as soon as it could be done: it is never later by itself."""
EXPLAINED: Mapping[str, str] = {
    EARLIER: "are the same but decided more than a second earlier: the live processor was behind, or today's code waits less",
    TOO_YOUNG: "are of the archive's last seconds, where it may lack their counterparts: not compared",
    TWIN: "are requests of a transaction that was not committed, asked again in another context: not compared",
    LEFT_OVER: "are of a transaction that was published and not committed, and that decided otherwise when it was done again: not compared",
    ENGINE: "are alarms of the engine, not of the processor: not compared",
}
TIMES: Mapping[str, tuple[str, ...]] = {
    topics.DECISION_REQUESTED.ce_type: ("requested_at", "evidence_until"),
    topics.COMMAND_ISSUED.ce_type: ("issued_at",),
    topics.ALARM_RAISED.ce_type: ("raised_at",),
    topics.DEAD_LETTER.ce_type: ("seen_at",),
}
"""The moment of deciding in each document, and what is reckoned from it."""

ATTRIBUTES = ("ce_source", "ce_subject", "ce_correlationid")
"""What is compared of the envelope."""

Identity = tuple[bytes, str, str]
"""Key, type and id of an event."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """An event with all its copies: of the live run, or of a replay."""

    key: bytes
    ce_type: str
    ce_id: str
    decided: Sequence[datetime]
    """When each copy was decided: a crash leaves several, of which those before are of transactions that were not committed."""
    times: int = 1
    """How many copies there are: a live run repeats them after a crash."""
    copies: Sequence[Mapping[str, Any]]
    """What is compared of each different copy."""
    document: Mapping[str, Any] = field(default_factory=dict)
    """The whole document of the first copy."""

    @property
    def at(self) -> datetime:
        """Return when it was first decided."""
        return self.decided[0]

    @property
    def identity(self) -> Identity:
        """Return what makes two events one, in the order of comparing."""
        return self.key, self.ce_type, self.ce_id

    @property
    def venue(self) -> str | None:
        """Return the venue that it is about, if any."""
        return self.document.get("venue")


def read(value: bytes) -> Mapping[str, Any]:
    """Return a document; of what is none, its digest."""
    try:
        document = json.loads(value)
    except (ValueError, RecursionError):
        document = None
    return document if isinstance(document, dict) else {"unreadable_sha256": hashlib.sha256(value).hexdigest()}


def comparable(ce_type: str, document: Mapping[str, Any], attributes: Mapping[str, str | None]) -> Mapping[str, Any]:
    """Return what is compared of an event: its document without its times, and attributes of its envelope."""
    ignored = TIMES.get(ce_type, ())
    stated = {name: value for name, value in document.items() if name not in ignored}
    return {**stated, **{name: attributes.get(name) for name in ATTRIBUTES}}


def attributes_of(headers: Headers) -> dict[str, str | None]:
    """Return the attributes of a record that are compared."""
    return {name: header(headers, name) for name in ATTRIBUTES}


def published_by(
    source: str, key: bytes, ce_type: str, ce_id: str, at: datetime, copies: Iterable[tuple[Headers, bytes]]
) -> Published | None:
    """Return an event as its copies of one source have it; None when that source published none. `at` is when the first was produced."""
    own = [(headers, value) for headers, value in copies if header(headers, "ce_source") == source]
    if not own:
        return None
    seen = {value: headers for headers, value in reversed(own)}
    decided = [_decided_at(headers, at) for headers, _ in own]
    return Published(
        key=key,
        ce_type=ce_type,
        ce_id=ce_id,
        decided=decided,
        times=len(own),
        copies=[comparable(ce_type, read(value), attributes_of(headers)) for value, headers in seen.items()],
        document=read(own[0][1]),
    )


def _decided_at(headers: Headers, produced_at: datetime) -> datetime:
    """Return when an event was decided; where it does not say, the time of its record stands for it."""
    try:
        return parse_time(header(headers, "ce_time"), "ce_time")
    except PoisonRecordError:
        return produced_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """What is compared: events of this time, of one venue or of all."""

    since: datetime | None = None
    until: datetime | None = None
    """Before which."""
    complete_until: datetime | None = None
    """From here on the archive may lack what belongs to what it has; None: it is complete."""
    venue: str | None = None

    def holds(self, event: Published) -> bool:
        """Tell whether an event is compared."""
        since, until = self.since, self.until
        return (since is None or event.at >= since) and (until is None or event.at < until) and self.venue in (None, event.venue)

    def is_young(self, event: Published) -> bool:
        """Tell whether the counterpart of an event may not be archived yet."""
        return self.complete_until is not None and event.at >= self.complete_until


def pairs(live: Iterable[Published], replayed: Iterable[Published]) -> Iterator[tuple[Published | None, Published | None]]:
    """Pair events of one identity; both come in the order of identities."""
    lives, others = iter(live), iter(replayed)
    one, other = next(lives, None), next(others, None)
    while one is not None or other is not None:
        if other is None or (one is not None and one.identity < other.identity):
            yield one, None
            one = next(lives, None)
        elif one is None or other.identity < one.identity:
            yield None, other
            other = next(others, None)
        else:
            yield one, other
            one, other = next(lives, None), next(others, None)


def verdict_of(live: Published | None, replayed: Published | None, window: Window) -> tuple[str, Fields]:
    """Say what became of an event: the same, missing, new, differing in which fields, repeated, later, or not to be judged."""
    if live is None or replayed is None:
        alone = live or replayed
        assert alone is not None
        if live is not None and live.ce_type == topics.ALARM_RAISED.ce_type and live.venue is None:
            return ENGINE, {}
        return (TOO_YOUNG if window.is_young(alone) else NEW if live is None else MISSING), {}
    found = min((fields_that_differ(copy, replayed.copies[0]) for copy in live.copies), key=len)
    if found:
        return DIFFERS, found
    if replayed.times > live.times:
        return REPEATED, {"copies": (live.times, replayed.times)}
    return _in_time(live, replayed.at)


def _in_time(live: Published, replayed: datetime) -> tuple[str, Fields]:
    last = max(live.decided)
    if live.at - TOLERATED <= replayed <= last + TOLERATED:
        return IDENTICAL, {}
    return (LATER, {"at": (last, replayed)}) if replayed > last else (EARLIER, {"at": (live.at, replayed)})


@dataclass(slots=True)
class Comparison:
    """Turns pairs into lines and counts them on the way."""

    window: Window
    is_left_over: Callable[[Sequence[datetime]], bool] = lambda _: False
    """Tell by when its copies were decided whether an event is of transactions that were not committed."""
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    """By topic and verdict."""
    intents: int = 0
    """Keys with a difference."""

    @property
    def differences(self) -> int:
        """Return how many events differ."""
        return sum(count for (_, verdict), count in self.counts.items() if verdict in FINDINGS)

    def of(self, verdict: str) -> int:
        """Return how many events came out so."""
        return sum(count for (_, other), count in self.counts.items() if other == verdict)

    def lines(self, both: Iterable[tuple[Published | None, Published | None]]) -> Iterator[dict[str, Any]]:
        """Yield a line for every event that differs, in the order of intents."""
        for of_key in _by_key(both):
            before = self.differences
            asked = {one.document.get("request_id") for pair in of_key if (one := pair[1]) is not None and _is_request(one)}
            for live, replayed in sorted(of_key, key=_time):  # what comes first may well be why the rest differs
                if any(one is not None and self.window.holds(one) for one in (live, replayed)):
                    verdict, found = verdict_of(live, replayed, self.window)
                    if verdict == MISSING and live is not None and _is_request(live) and _was_asked_again(live, of_key, asked):
                        verdict = TWIN
                    if verdict == MISSING and live is not None and self.is_left_over(live.decided):
                        verdict = LEFT_OVER
                    yield from self._counted(live, replayed, verdict, found)
            self.intents += self.differences > before

    def _counted(self, live: Published | None, replayed: Published | None, verdict: str, found: Fields) -> Iterator[dict[str, Any]]:
        event = live or replayed
        assert event is not None
        self.counts[event.ce_type, verdict] += 1
        if verdict in FINDINGS:
            yield {
                "kind": "event",
                "difference": verdict,
                "of": event.ce_type,
                "venue": event.venue,
                "intent_id": event.key.decode("utf-8", "replace"),
                "ce_id": event.ce_id,
                "at": event.at,
                "fields": {name: {"live": one, "replayed": other} for name, (one, other) in found.items()} or None,
                "event": None if found else event.document,
            }

    def totals(self) -> Iterator[dict[str, Any]]:
        """Yield one line per kind of event and verdict."""
        for (ce_type, verdict), count in sorted(self.counts.items(), key=lambda item: (item[0][0], item[0][1] != IDENTICAL, item[0][1])):
            yield {"kind": "count", "difference": verdict, "of": ce_type, "count": count}


Pair = tuple[Published | None, Published | None]


def _by_key(both: Iterable[Pair]) -> Iterator[list[Pair]]:
    group: list[Pair] = []
    for pair in both:
        if group and _key(pair) != _key(group[-1]):
            yield group
            group = []
        group.append(pair)
    if group:
        yield group


def _key(pair: Pair) -> bytes:
    event = pair[0] or pair[1]
    assert event is not None
    return event.key


def _time(pair: Pair) -> datetime:
    return min(event.at for event in pair if event is not None)


def _is_request(event: Published) -> bool:
    return event.ce_type == topics.DECISION_REQUESTED.ce_type


def _was_asked_again(live: Published, of_key: Sequence[Pair], asked: set[Any]) -> bool:
    """Tell whether the live run asked the same round in two contexts and the replay in one of them."""
    request = live.document.get("request_id")
    met = any(one is not None and other is not None and one.document.get("request_id") == request for one, other in of_key)
    return met and request in asked
