"""The story of a record that died: every death, every requeue and its closing, under the first death, in the order they happened.

Pure: what the archive and the tables hold is given. Letters of releases that did not name the first death are found by following
`requeued_from`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pipeline.log.envelope import time_text
from pipeline.stores.requeued import Closing, Requeue
from schemas.events import Coordinates, DeadLetter


@dataclass(slots=True)
class Story:
    """What became of one record."""

    first_id: str
    deaths: list[DeadLetter] = field(default_factory=list)
    """In the order of the archive; without their bytes."""
    requeues: list[Requeue] = field(default_factory=list)
    closings: list[Closing] = field(default_factory=list)

    @property
    def answered(self) -> set[str]:
        """Return the deaths that were put back or closed."""
        back = {requeue.dead_letter_id for requeue in self.requeues if requeue.produced_at is not None}
        return back | {closing.dead_letter_id for closing in self.closings}

    @property
    def current(self) -> DeadLetter:
        """Return the death that waits for a person, the last of them; else the last death of all."""
        waiting = [death for death in self.deaths if death.dead_letter_id not in self.answered]
        return (waiting or self.deaths)[-1]

    @property
    def state(self) -> str:
        """Return "open" while a death waits for a person, else what the last one's answer was: "requeued" or "closed"."""
        last = self.current.dead_letter_id
        if last not in self.answered:
            return "open"
        return "closed" if any(closing.dead_letter_id == last for closing in self.closings) else "requeued"

    def line(self) -> dict[str, Any]:
        """Return the story as one line: the fields of its current death, how often it died, and how it stands."""
        last = self.current
        back = self.requeues[-1] if self.requeues else None
        return {
            "dead_letter_id": last.dead_letter_id,
            "venue": next((death.venue for death in reversed(self.deaths) if death.venue is not None), None),
            "origin": origin_of(last),
            "reason": last.reason,
            "sha256": last.sha256,
            "size": last.size,
            "seen_at": last.seen_at,
            "state": self.state,
            "deaths": len(self.deaths),
            "requeued_from": last.requeued_from,
            "first_dead_letter_id": self.first_id if self.first_id != last.dead_letter_id else None,
            "requeued_at": None if back is None else time_text(back.begun_at),
            "requeued_by": None if back is None else back.requeued_by,
        }

    def steps(self) -> list[dict[str, Any]]:
        """Return every death, requeue and closing, each upon what it answers."""
        steps: list[dict[str, Any]] = []
        for death in self.deaths:
            steps.append({"what": "died", "at": death.seen_at, "dead_letter_id": death.dead_letter_id} | _died(death))
            steps += [_put_back(requeue) for requeue in self.requeues if requeue.dead_letter_id == death.dead_letter_id]
            steps += [_closed(closing) for closing in self.closings if closing.dead_letter_id == death.dead_letter_id]
        return sorted(steps, key=lambda step: datetime.fromisoformat(step["at"]))  # stable: at one moment the death stands first


def origin_of(letter: DeadLetter) -> Any:
    """Return where a letter's bytes came from, as lines show it."""
    return letter.origin.model_dump(exclude_none=True) if isinstance(letter.origin, Coordinates) else letter.origin


def _died(death: DeadLetter) -> dict[str, Any]:
    return {"origin": origin_of(death), "reason": death.reason}


def _put_back(requeue: Requeue) -> dict[str, Any]:
    return {
        "what": "requeued" if requeue.produced_at is not None else "requeue begun",
        "at": time_text(requeue.begun_at),
        "dead_letter_id": requeue.dead_letter_id,
        "by": requeue.requeued_by,
        "reason": requeue.reason,
        "target": requeue.target,
        "times": requeue.times,
    }


def _closed(closing: Closing) -> dict[str, Any]:
    return {
        "what": "closed",
        "at": time_text(closing.closed_at),
        "dead_letter_id": closing.dead_letter_id,
        "by": closing.closed_by,
        "reason": closing.reason,
    }


def tell(letters: Iterable[DeadLetter], requeues: Sequence[Requeue], closings: Sequence[Closing]) -> Iterator[Story]:
    """Return the stories in the order of their first deaths."""
    kept = {letter.dead_letter_id: letter.model_copy(update={"body": ""}) for letter in letters}
    stories: dict[str, Story] = {}
    story_of: dict[str, Story] = {}
    for letter_id, letter in kept.items():
        first = _first(letter, kept)
        story = story_of[letter_id] = stories.setdefault(first, Story(first_id=first))
        story.deaths.append(letter)
    for requeue in requeues:
        if (told := story_of.get(requeue.dead_letter_id)) is not None:
            told.requeues.append(requeue)
    for closing in closings:
        if (told := story_of.get(closing.dead_letter_id)) is not None:
            told.closings.append(closing)
    return iter(stories.values())


def _first(letter: DeadLetter, known: Mapping[str, DeadLetter]) -> str:
    """Return the id of a letter's first death; a circle, which only a stranger can write, ends where it began."""
    seen = {letter.dead_letter_id}
    while True:
        if letter.first_dead_letter_id is not None:
            return letter.first_dead_letter_id
        before = letter.requeued_from
        if before is None or before in seen:
            return letter.dead_letter_id
        if before not in known:
            return before
        seen.add(before)
        letter = known[before]
