"""The venue without sockets: truth before sight, contradictions, unknown statuses, restarts."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from connectors.simulators.musubi.delivery import Frame
from connectors.simulators.musubi.faults import parse_faults
from connectors.simulators.musubi.settings import Settings
from connectors.simulators.musubi.switches import Switches
from connectors.simulators.musubi.truth import latest_orders, read_truth, settlement
from tests.unit.simulator.played import QUIET, PlayedVenue, after, script, settings


def _seen(frames: list[Frame], status: str) -> list[str]:
    return [frame.intent_id for frame in frames if frame.status == status]


def test_the_record_shows_what_the_truth_holds() -> None:
    """In the end the settled orders of the record are those of the truth, and every one was in the stream once."""
    played = PlayedVenue(settings())
    played.live(400)
    truth = {intent: order for intent, order in played.venue.truth.settled.items() if order.side != "none"}
    shown = {intent: order for intent, order in played.venue.register.orders.items() if order.status == "SETTLED"}
    assert truth == shown
    assert len(truth) > 40
    assert sorted(_seen(played.frames, "SETTLED")) == sorted(truth)
    assert played.venue.finished


def test_receiver_side_orders_appear_only_when_settled() -> None:
    """A-28 by default: one frame, SETTLED, and no quotes; switched, all statuses come."""
    asked = script()
    for switches, expected in (({}, ["SETTLED"]), ({"A-28": "from_pending"}, ["PENDING", "QUOTED", "EXECUTING", "SETTLED"])):
        played = PlayedVenue(Settings(client_secret="s", rules=QUIET, switches=Switches(switches)))
        played.venue.world.create(asked, after(0))
        played.live(60)
        assert [frame.status for frame in played.frames] == expected


def test_the_truth_is_on_disk_before_a_frame_goes_out(tmp_path: Path) -> None:
    """When a stream gets a status, the log holds a line of that order with that status already."""
    path = tmp_path / "truth.jsonl"
    played = PlayedVenue(replace(settings(orders=60), truth_file=path))
    checked = 0

    def look(frames: list[Frame]) -> None:
        nonlocal checked
        written = {(line.get("intent_id"), line.get("status")) for line in read_truth(path)}
        assert {(frame.intent_id, frame.status) for frame in frames if frame.status} <= written
        checked += len(frames)

    played.venue._send = look
    played.live(120)
    assert checked > 50


def test_two_lives_with_one_seed_write_the_same_truth(tmp_path: Path) -> None:
    """Same seed, same start, same calls: the logs are equal to the byte, faults included."""
    texts = []
    for name in ("one", "two"):
        path = tmp_path / name
        played = PlayedVenue(replace(settings(), truth_file=path, faults=parse_faults(["duplicate=0.3", "drop=0.02", "poison=0.1"])))
        played.live(120)
        texts.append(path.read_bytes())
    assert texts[0] == texts[1]
    assert len(texts[0]) > 10_000


@pytest.mark.parametrize(
    ("name", "differs"),
    [("contradiction_hash", "transactionHash"), ("contradiction_terms", "fxRate"), ("contradiction_terminal", "status")],
)
def test_contradictions_differ_from_the_record_in_one_way(name: str, differs: str) -> None:
    """After SETTLED a frame says otherwise, the truth keeps what it claims, and the record does not move (A-40)."""
    played = PlayedVenue(Settings(client_secret="s", rules=QUIET, faults=parse_faults([f"{name}=1"])))
    order = played.venue.world.create(script(directly=True), after(0))
    played.live(10)
    first, second = (json.loads(frame.payload) for frame in played.frames)
    assert first["intentId"] == second["intentId"] == order.intent_id
    changed = {key for key in first.keys() | second.keys() if first.get(key) != second.get(key)}
    assert differs in changed
    if name != "contradiction_terminal":
        assert changed == {differs}
    (kept,) = played.venue.truth.contradictions
    assert (kept["kind"], kept["intent_id"]) == (name, order.intent_id)
    assert kept["status"] == second["status"]
    assert played.venue.register.orders[order.intent_id] == order


def test_a_contradiction_waits_for_a_stream() -> None:
    """Nothing is claimed while nobody listens."""
    played = PlayedVenue(Settings(client_secret="s", rules=QUIET, faults=parse_faults(["contradiction_hash=1"])), streams=0)
    played.venue.world.create(script(directly=True), after(0))
    played.live(10)
    assert played.venue.truth.contradictions == []
    played.streams = 1
    played.live(20)
    assert len(played.venue.truth.contradictions) == 1


def test_executing_can_be_skipped_and_unknown_statuses_come_before_settled() -> None:
    """The stream says PENDING, QUOTED, SUSPENDED, SETTLED while the world went through EXECUTING."""
    faults = parse_faults(["skip_executing=1", "unknown_status=1"])
    played = PlayedVenue(Settings(client_secret="s", rules=QUIET, faults=faults))
    played.venue.world.create(script(side="sender", console_user=True), after(0))
    played.live(60)
    assert [frame.status for frame in played.frames if frame.event == "order_updated"] == [
        "PENDING",
        "QUOTED",
        "SUSPENDED",
        "SETTLED",
    ]
    assert played.venue.truth.faults == {"skip_executing": 1, "unknown_status": 1}


def test_faults_per_second_strike_about_as_often_as_asked() -> None:
    """At one in ten seconds, 1,000 seconds see about a hundred disconnects, each of them in the truth."""
    played = PlayedVenue(Settings(client_secret="s", rules=QUIET, faults=parse_faults(["disconnect=0.1"])))
    played.live(1000)
    assert 70 <= len(played.struck) <= 130
    assert played.venue.truth.faults["disconnect"] == len(played.struck)


def test_variants_mix_the_looks_of_frames() -> None:
    """Both cases, wrapped and bare documents come in one stream."""
    played = PlayedVenue(replace(settings(), faults=parse_faults(["variants=1"])))
    played.live(120)
    documents = [json.loads(frame.payload) for frame in played.frames]
    keys = {key for document in documents for key in document}
    assert {"intentId", "intent_id", "data"} <= keys


def test_poison_is_never_in_the_truth() -> None:
    """Whatever poison names, no settlement of the truth has its intent or hash."""
    played = PlayedVenue(replace(settings(), faults=parse_faults(["poison=1"])))
    played.live(120)
    settled = played.venue.truth.settled
    poison = [frame for frame in played.frames if frame.status and not frame.status.isupper()]
    assert len(poison) > 100
    assert not {frame.intent_id for frame in poison} & settled.keys()
    assert not any(
        order.transaction_hash and order.transaction_hash.encode() in frame.payload for order in settled.values() for frame in poison
    )


def test_a_venue_that_starts_on_its_log_remembers(tmp_path: Path) -> None:
    """Settled orders are as they were, open ones have ended, and the orders that follow are new ones."""
    chosen = replace(settings(orders=0, console_user=0.5), truth_file=tmp_path / "truth.jsonl")
    first = PlayedVenue(chosen)
    first.live(40)
    first.venue.truth.close()
    was_open = set(first.venue.world.open)
    assert was_open
    second = PlayedVenue(chosen)
    assert second.venue.truth.settled == first.venue.truth.settled
    second.live(41)
    ended = second.venue.world.ended
    assert {ended[intent].status for intent in was_open} <= {"EXPIRED", "FAILED"}
    created_before = {order.intent_id for order in first.venue.world.ended.values()} | was_open
    assert not second.venue.world.open.keys() & created_before
    assert second.venue.world.created > first.venue.world.created
    for intent, order in first.venue.truth.settled.items():
        if order.side != "none":
            assert second.venue.register.orders[intent] == order


def test_the_log_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    """The last lines of the settled orders are the orders, and a torn last line is left out."""
    path = tmp_path / "truth.jsonl"
    played = PlayedVenue(replace(settings(), truth_file=path))
    played.live(400)
    read = {order.intent_id: order for order in latest_orders(path) if order.status == "SETTLED"}
    assert read == played.venue.truth.settled
    lines = [line for line in read_truth(path) if line.get("status") == "SETTLED"]
    for line in lines:
        fields = settlement(played.venue.truth.settled[line["intent_id"]])
        assert {name: line[name] for name in fields} == fields
    with path.open("ab") as stream:
        stream.write(b'{"what":"status","at')
    assert {order.intent_id for order in latest_orders(path) if order.status == "SETTLED"} == set(read)


def test_a_venue_goes_on_behind_a_torn_line(tmp_path: Path) -> None:
    """What a restarted venue writes behind a torn line can be read."""
    path = tmp_path / "truth.jsonl"
    path.write_bytes(b'{"what":"status","at')
    played = PlayedVenue(replace(settings(orders=5), truth_file=path))
    played.live(400)
    assert {order.intent_id for order in latest_orders(path)} == set(played.venue.world.ended)
