"""Another order of one key's records, where Kafka's time stamps do not give what was published.

In which order a processor read its topics, and how late it looked what is due, is recorded nowhere. What it published says when it did
so. Where the order of time stamps leads to other events, one is looked for in which today's code gives what was published: each topic in
its own order, nothing before it was produced, nothing woken before it was due. One that is found was as possible as any, and there is no
difference; where none is found, there is one. Steps are bounded, so that code which differs everywhere comes to an end.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from pipeline.log import topics
from pipeline.replay.comparison import Published, attributes_of, comparable, read
from pipeline.replay.lives import Emitted, Life, Timed

STEPS_MAX = 1_000
"""Steps of one key: thirty times what the longest ordinary life of an intent takes, and about a tenth of a second."""
SKEW = timedelta(seconds=1)
"""By how much the clocks of those who produce may disagree."""
LATE = timedelta(seconds=1)
"""How late a worker that is up to date looks what is due: it looks every 250 ms, and does a batch first."""

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


@dataclass(slots=True)
class _Node:
    life: Life
    heads: tuple[int, ...]
    left: frozenset[tuple[str, str]]
    """What was published and has not come yet."""

    def mark(self) -> tuple[object, ...]:
        """Return what makes two nodes one: the same states, and the same things still to do."""
        return self.heads, self.left, tuple(sorted((key, kept.text) for key, kept in self.life.states.items()))


class Search:
    """Looks for an order of one key's records that gives what was published."""

    def __init__(
        self,
        queues: Sequence[Sequence[Timed]],
        expected: Expected,
        *,
        until: datetime,
        judged_until: datetime,
        late: timedelta | None = LATE,
    ) -> None:
        """`queues` are the records by topic and partition; what was published from `judged_until` on need not come.

        `late` is how late a due state may be woken; None: however late, as by a worker that was down.
        """
        self._queues, self._expected, self._until, self._judged_until = queues, expected, until, judged_until
        self._late = late
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
        """Return the first life, begun with `life`, that explains what was published; None when none does within STEPS_MAX."""
        start = _Node(life, (0,) * len(self._queues), self._needed)
        stack: list[Iterator[_Node]] = [self._next(start)]
        seen: set[tuple[object, ...]] = set()
        while stack and self.steps < STEPS_MAX:
            node = next(stack[-1], None)
            if node is None:
                stack.pop()
            elif (mark := node.mark()) not in seen:
                seen.add(mark)
                if self._is_done(node):
                    return node.life
                stack.append(self._next(node))
        return None

    def _next(self, node: _Node) -> Iterator[_Node]:
        """Yield what the node may lead to, the order of time first, and nothing that was not published so."""
        for move in self._moves(node):
            self.steps += 1
            life = node.life.copy()
            if move.queue is None:
                heads, emitted = node.heads, life.wake(move.key, move.at)
            else:
                number = node.heads[move.queue]
                heads = (*node.heads[: move.queue], number + 1, *node.heads[move.queue + 1 :])
                emitted = life.handle(self._queues[move.queue][number], move.at)
            if all(map(self._allows, emitted)):
                yield _Node(life, heads, node.left - {one.identity for one in emitted})

    def _moves(self, node: _Node) -> list[_Move]:
        next_at = min((self._expected[name].at for name in node.left), default=None)
        # What was published at a time was published before anything younger was read.
        limit = None if next_at is None else next_at + SKEW
        due = node.life.due()
        moves = []
        if due is not None and due[0] < self._until:
            moves += [_Move(moment, key=due[1]) for moment in (due[0], next_at) if moment is not None and moment >= due[0]]
            if self._late is not None:
                late = due[0] + self._late
                limit = late if limit is None else min(limit, late)
        for queue, number in enumerate(node.heads):
            if number < len(self._queues[queue]):
                moves += self._reads(self._queues[queue][number], queue, node.life.clock)
        return sorted((move for move in moves if limit is None or move.at <= limit), key=lambda move: (move.at, move.queue is not None))

    def _reads(self, timed: Timed, queue: int, clock: datetime) -> Iterator[_Move]:
        """Yield when a record may be read: as soon as it can be, or at the very time at which something followed from it."""
        at = max(timed.at, clock)
        yield _Move(at, queue)
        yield from (_Move(later, queue) for later in self._caused.get(timed.cause or "", ()) if later > at)

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
