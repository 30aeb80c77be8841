"""Another order of one key's records, where Kafka's time stamps do not give what was published.

In which order a processor read its topics, and how late it looked what is due, is recorded nowhere. What it published says when it did
so. Where the order of time stamps leads to other events, one is looked for in which today's code gives what was published: each topic in
its own order, nothing before it was produced, nothing woken before it was due or later than the worker was there (`presence`). One that is
found was as possible as any, and there is no difference; where none is found, there is one. Steps are bounded, so that code which differs
everywhere comes to an end.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from heapq import heappop, heappush
from itertools import count

from pipeline.log import topics
from pipeline.replay.comparison import Published, attributes_of, comparable, read
from pipeline.replay.lives import Emitted, Life, Timed
from pipeline.replay.presence import LATE, Presence

STEPS_MAX = 1_000
"""Steps of one key: thirty times what the longest ordinary life of an intent takes, and about a tenth of a second."""
SKEW = timedelta(milliseconds=250)
"""By how much the clocks of those who produce may disagree."""
OPEN_WEIGHT = 2
"""Detours that it is worth to explain one event more."""

Expected = Mapping[tuple[str, str], Published]
"""What was published under the key, by type and id."""


def is_met(emitted: Emitted, expected: Expected) -> bool:
    """Tell whether an event was published just so."""
    found = expected.get(emitted.identity)
    if found is None:
        return False
    outgoing = emitted.outgoing
    return comparable(found.ce_type, read(outgoing.value), attributes_of(outgoing.headers())) in found.copies


@dataclass(frozen=True, slots=True)
class _Move:
    """What can be done next: a record of a queue, or a due state."""

    at: datetime
    queue: int | None = None
    key: str = ""
    last: bool = False
    """Tried after all others."""


@dataclass(slots=True)
class _Node:
    life: Life
    heads: tuple[int, ...]
    left: frozenset[tuple[str, str]]
    """What was published and has not come yet."""
    depth: int = 0
    detours: int = 0
    """How often it left the order of time."""

    def mark(self) -> tuple[object, ...]:
        """Return what makes two nodes one: the same states, and the same things still to do."""
        return self.heads, self.left, tuple(sorted((key, kept.text) for key, kept in self.life.states.items()))


class Search:
    """Looks for an order of one key's records that gives what was published."""

    def __init__(
        self,
        queues: Sequence[Sequence[Timed]],
        expected: Expected,
        presence: Presence,
        *,
        until: datetime,
        judged_until: datetime,
        prompt: bool = True,
    ) -> None:
        """`queues` are the records by topic and partition; what was published from `judged_until` on need not come.

        With `prompt` a record is first tried as soon as it can have been read, else at the time at which something followed from it.
        """
        self._queues, self._expected, self._until, self._judged_until = queues, expected, until, judged_until
        self._presence, self._prompt = presence, prompt
        again = _asked_again(expected)
        self._needed = frozenset(name for name, event in expected.items() if event.at < judged_until and name not in again)
        self._caused: dict[str, list[datetime]] = {}
        for event in expected.values():
            if event.cause is not None:
                self._caused.setdefault(event.cause, []).append(event.at)
        self.steps = 0

    def explains(self, life: Life) -> bool:
        """Tell whether a life gave all that was published, and nothing else."""
        return all(self._allows(emitted) for emitted in life.emitted) and self._needed <= {emitted.identity for emitted in life.emitted}

    def found(self, life: Life) -> Life | None:
        """Return the first life, begun with `life`, that explains what was published; None when none does within STEPS_MAX.

        What has left the order of time least and explains most goes on first.
        """
        heap: list[tuple[int, int, int, _Node, _Move]] = []
        numbers = count()

        def push(node: _Node) -> None:
            for rank, move in enumerate(self._moves(node)):
                detours = node.detours + (rank > 0)
                heappush(heap, (detours + OPEN_WEIGHT * len(node.left), -node.depth, next(numbers), node, move))

        push(_Node(life, (0,) * len(self._queues), self._needed))
        seen: set[tuple[object, ...]] = set()
        while heap and self.steps < STEPS_MAX:
            score, _, _, node, move = heappop(heap)
            reached = self._taken(node, move, score - OPEN_WEIGHT * len(node.left))
            if reached is None or (mark := reached.mark()) in seen:
                continue
            seen.add(mark)
            if self._is_done(reached):
                return reached.life
            push(reached)
        return None

    def _taken(self, node: _Node, move: _Move, detours: int) -> _Node | None:
        """Return what a move leads to; None when that was not published so."""
        self.steps += 1
        life, heads = node.life.copy(), node.heads
        if move.queue is None:
            emitted = life.wake(move.key, move.at)
        else:
            emitted = life.handle(self._queues[move.queue][heads[move.queue]], move.at)
            heads = (*heads[: move.queue], heads[move.queue] + 1, *heads[move.queue + 1 :])
        if not all(map(self._allows, emitted)):
            return None
        return _Node(life, heads, node.left - {one.identity for one in emitted}, node.depth + 1, detours)

    def _moves(self, node: _Node) -> list[_Move]:
        next_at = min((self._expected[name].at for name in node.left), default=None)
        # What was published at a time was published before anything younger was read.
        limit = None if next_at is None else next_at + SKEW
        due = node.life.due()
        moves = []
        if due is not None and due[0] < self._until:
            latest = self._presence.latest(node.life.states[due[1]].partition, due[0])
            limit = latest if limit is None else min(limit, latest)
            first = max(due[0], node.life.clock)
            moves += [_Move(moment, key=due[1]) for moment in (first, next_at) if moment is not None and moment >= first]
        left = {ce_id for _, ce_id in node.left}
        for queue, number in enumerate(node.heads):
            # What follows from something published was not read before that was.
            if number < len(self._queues[queue]) and self._queues[queue][number].follows not in left:
                moves += self._reads(self._queues[queue][number], queue, node.life.clock)
        within = (move for move in moves if limit is None or move.at <= limit)
        return sorted(within, key=lambda move: (move.last, move.at, move.queue is not None))

    def _reads(self, timed: Timed, queue: int, clock: datetime) -> Iterator[_Move]:
        """Yield when a record may be read: as soon as it can be, or at the very time at which something followed from it."""
        at, latest = max(timed.at, clock), self._presence.latest(timed.record.partition, timed.at)
        later = [moment for moment in self._caused.get(timed.cause or "", ()) if at < moment <= latest]
        if at <= latest:
            yield _Move(at, queue, last=bool(later) and not self._prompt)
        yield from (_Move(moment, queue) for moment in later)
        # Or so late that nothing followed any more.
        end = min(latest, self._judged_until) - timedelta(microseconds=1)
        if end > at + LATE:
            yield _Move(end, queue, last=True)

    def _allows(self, emitted: Emitted) -> bool:
        return emitted.at >= self._judged_until or is_met(emitted, self._expected)

    def _is_done(self, node: _Node) -> bool:
        due = node.life.due()
        ended = all(number == len(queue) for number, queue in zip(node.heads, self._queues, strict=True))
        return ended and not node.left and (due is None or due[0] >= self._until)


def _asked_again(expected: Expected) -> set[tuple[str, str]]:
    """Return requests of one round in several contexts: all but one were asked by a transaction that was not committed."""
    rounds: dict[object, set[tuple[str, str]]] = {}
    for name, event in expected.items():
        if event.ce_type == topics.DECISION_REQUESTED.ce_type:
            rounds.setdefault(event.document.get("request_id"), set()).add(name)
    return {name for names in rounds.values() if len(names) > 1 for name in names}
