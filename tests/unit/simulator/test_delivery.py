"""Frames on their way: what each fault of the stream does to them, and what it leaves alone."""

from __future__ import annotations

from collections import Counter, defaultdict
from random import Random

import pytest

from connectors.simulators.musubi.delivery import Delivery, Frame
from connectors.simulators.musubi.faults import FaultBoard, parse_faults
from connectors.simulators.musubi.poison import KINDS
from connectors.simulators.musubi.switches import Switches
from tests.unit.simulator.played import START, after

INTENTS = [f"intent-{number}" for number in range(40)]


class Way:
    """A delivery that counts what was done to its frames."""

    def __init__(self, *faults: str, **switches: str) -> None:
        self.noted: Counter[str] = Counter()
        self.board = FaultBoard(parse_faults(faults), rng=Random(5))
        chosen = Switches({key.replace("_", "-"): value for key, value in switches.items()})
        self.delivery = Delivery(self.board, switches=chosen, note=lambda name, _: self.noted.update([name]))

    def carry(self) -> list[Frame]:
        """Send the four statuses of 40 orders, a frame every 10 ms, and wait until nothing is held back."""
        out: list[Frame] = []
        turn = 0
        for status in ("PENDING", "QUOTED", "EXECUTING", "SETTLED"):
            for intent_id in INTENTS:
                turn += 1
                now = after(turn * 0.01)
                out += self.delivery.due(now)
                payload = f"{intent_id} {status}".encode()
                out += self.delivery.offer(Frame(event="order_updated", intent_id=intent_id, payload=payload, status=status), now)
        out += self.delivery.due(after(60))
        assert self.delivery.waiting == 0
        return out


SENT = [f"{intent_id} {status}".encode() for status in ("PENDING", "QUOTED", "EXECUTING", "SETTLED") for intent_id in INTENTS]


def _texts(frames: list[Frame]) -> list[bytes]:
    return [frame.payload for frame in frames]


def _per_intent(frames: list[Frame]) -> dict[str, list[str | None]]:
    seen: dict[str, list[str | None]] = defaultdict(list)
    for frame in frames:
        seen[frame.intent_id].append(frame.status)
    return seen


def test_without_faults_frames_pass_as_they_come() -> None:
    """Nothing is held, lost, repeated or noted."""
    way = Way()
    assert _texts(way.carry()) == SENT
    assert not way.noted


def test_duplicates_repeat_frames_and_lose_none() -> None:
    """About 30 % come twice, each of them noted, every frame comes at least once."""
    way = Way("duplicate=0.3")
    counts = Counter(_texts(way.carry()))
    assert set(counts) == set(SENT)
    assert Counter(counts.values()) == {1: 160 - way.noted["duplicate"], 2: way.noted["duplicate"]}
    assert 25 <= way.noted["duplicate"] <= 75


def test_dropped_frames_never_come() -> None:
    """The frames that are missing are as many as are noted."""
    way = Way("drop=0.1")
    arrived = _texts(way.carry())
    assert len(arrived) == 160 - way.noted["drop"]
    assert way.noted["drop"] > 0


def test_reordering_keeps_the_order_within_an_intent() -> None:
    """Frames of different intents overtake one another, those of one intent do not, and none is lost."""
    way = Way("reorder=0.3")
    frames = way.carry()
    assert sorted(_texts(frames)) == sorted(SENT)
    assert _texts(frames) != SENT
    assert set(map(tuple, _per_intent(frames).values())) == {("PENDING", "QUOTED", "EXECUTING", "SETTLED")}


def test_reordering_within_an_intent_when_asked() -> None:
    """With `reorder_within` some intent sees its statuses out of order, and none is lost."""
    frames = Way("reorder_within=0.3").carry()
    assert sorted(_texts(frames)) == sorted(SENT)
    assert ["PENDING", "QUOTED", "EXECUTING", "SETTLED"] not in [_per_intent(frames)[i] for i in _disturbed(frames)]
    assert _disturbed(frames)


def _disturbed(frames: list[Frame]) -> list[str]:
    ranks = ("PENDING", "QUOTED", "EXECUTING", "SETTLED")
    return [intent_id for intent_id, seen in _per_intent(frames).items() if seen != sorted(seen, key=lambda s: ranks.index(str(s)))]


def test_duplicates_and_reordering_together_lose_nothing() -> None:
    """All frames come, and the first of each status comes in order within its intent."""
    way = Way("duplicate=0.5", "reorder=0.5")
    frames = way.carry()
    assert set(_texts(frames)) == set(SENT)
    for seen in _per_intent(frames).values():
        assert list(dict.fromkeys(seen)) == ["PENDING", "QUOTED", "EXECUTING", "SETTLED"]


def test_poison_comes_on_top_one_kind_after_the_other() -> None:
    """Every kind comes, no real frame is lost, and no poison names a real intent."""
    way = Way("poison=0.5")
    frames = way.carry()
    poison = [frame for frame in frames if frame.intent_id not in INTENTS]
    assert [frame.payload for frame in frames if frame.intent_id in INTENTS] == SENT
    kinds = [frame.status for frame in poison]
    assert kinds == [list(KINDS)[number % len(KINDS)] for number in range(len(kinds))]
    assert set(kinds) == set(KINDS)


@pytest.mark.parametrize(("value", "noted"), [("shuffle", "reorder"), ("duplicates", "duplicate"), ("drop_one", "drop")])
def test_the_manner_of_the_stream_is_a_switch(value: str, noted: str) -> None:
    """A-07 shuffles, repeats or drops one SETTLED without any fault being asked for."""
    way = Way(A_07=value)
    frames = way.carry()
    assert set(way.noted) == {noted}
    assert len(frames) == 160 + (way.noted["duplicate"] - way.noted["drop"])
    if value == "drop_one":
        assert way.noted["drop"] == 1


def test_the_same_seed_injects_the_same_faults() -> None:
    """Two deliveries with the same seed put out the same frames."""
    faults = ("duplicate=0.3", "drop=0.05", "reorder=0.2", "poison=0.1")
    assert Way(*faults).carry() == Way(*faults).carry()


def test_a_frame_sent_later_waits_for_its_moment() -> None:
    """It is due at its time and not before, untouched by faults."""
    way = Way("drop=1")
    frame = Frame(event="order_updated", intent_id="x", payload=b"{}")
    way.delivery.send_later(frame, after(5))
    assert way.delivery.next_at() == after(5)
    assert way.delivery.due(after(4.9)) == []
    assert way.delivery.due(after(5)) == [frame]
    assert way.delivery.next_at() is None
    assert way.delivery.offer(frame, START) == []
