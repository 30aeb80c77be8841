"""What a venue may do wrong on its stream: repeats, gaps, other shapes, contradictions, and bytes that nobody may book."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime
from random import Random

import pytest

from connectors.simulators.musubi.poison import KINDS, poison_payload
from tests.auditor import audit, letters, until_quiet
from tests.rig import UNRULY, Rig

MakeRig = Callable[..., Rig]

ALL_SHAPES = (*UNRULY, "variants=0.6", "unknown_status=0.3", "reorder_within=0.05:0.3")
MILD = ("unknown_status", "terminal_contradicted")
"""An unknown status counts as terminal (contract, A-11), so one that comes late contradicts the SETTLED that overtook it."""
CONTRADICTIONS = ("contradiction_hash=0.15:0.5", "contradiction_terms=0.15:0.5")

MORE_POISON = {
    "empty object": b"{}",
    "a list": b"[1, 2]",
    "null": b"null",
    "no status": b'{"intentId": "6f0e0f5e-8c3b-4b7e-9a36-0c3d5d1f2a11"}',
    "amount as object": b'{"intentId": "6f0e0f5e-8c3b-4b7e-9a36-0c3d5d1f2a12", "status": "SETTLED", "targetAmount": {"a": 1}}',
    "surrogate": b'{"intentId": "6f0e0f5e-8c3b-4b7e-9a36-0c3d5d1f2a13\\ud800", "status": "SETTLED"}',
    "NUL": b'{"intentId": "6f0e0f5e\\u0000", "status": "SETTLED"}',
    "lone brace": b"{",
    "minus infinity": b'{"intentId": "6f0e0f5e-8c3b-4b7e-9a36-0c3d5d1f2a14", "status": "SETTLED", "fxRate": -Infinity}',
    "truncated UTF-8": b'{"intentId": "6f0e0f5e-8c3b-4b7e-9a36-0c3d5d1f2a15", "status": "\xe2\x82"}',
    "two documents": b'{"intentId": "a", "status": "SETTLED"} {"intentId": "b", "status": "SETTLED"}',
}


def test_repeats_gaps_other_shapes_and_contradictions(make_rig: MakeRig) -> None:
    """Every shape and disorder at once books the truth once; another hash and other terms are alarms, and neither is booked."""
    rig = make_rig(seed=41, rate=30, faults=(*ALL_SHAPES, *CONTRADICTIONS))
    up = rig.up()
    rig.traffic(130)
    until_quiet(rig)
    found = audit(rig, alarms=("double_settlement", "settlement_conflict", *MILD))
    sent = [claim for claim in rig.venue_get("truth?parts=contradictions")["contradictions"] if claim["streams"]]
    settled = {intent for intent, _ in found.settled}
    doubles = {claim["intent_id"] for claim in sent if "transaction_hash" in claim} & settled
    assert doubles, "the venue sent no contradiction"
    listed = rig.listed("alarms", "list")
    assert {alarm["subject"] for alarm in listed if alarm["kind"] == "double_settlement"} <= settled
    assert {alarm["kind"] for alarm in listed} >= {"double_settlement", "settlement_conflict", "unknown_status"}
    assert len(listed) == sum(found.alarms.values())
    assert up.end() == 0
    assert not up.deaths()


@pytest.mark.faults_long
@pytest.mark.parametrize("seed", [51, 52, 53])
@pytest.mark.parametrize(
    "switches",
    [
        {"A-01": "snake_case", "A-02": "wrapped", "A-37": "null"},
        {"A-02": "minimal", "A-03": "minimal", "A-04": "comment", "A-05": "none"},
        {"A-02": "full", "A-07": "duplicates", "A-05": "ids", "A-28": "from_pending"},
        {"A-07": "shuffle", "A-11": "gone", "A-16": "absent", "A-38": "none"},
        {"A-07": "drop_one", "A-04": "empty", "A-11": "cancelled", "A-27": "refused"},
    ],
    ids=["snake-wrapped-null", "minimal", "full-ids", "shuffle-gone", "drop-cancelled"],
)
def test_every_reading_of_the_contract_books_the_truth(make_rig: MakeRig, seed: int, switches: dict[str, str]) -> None:
    """Whatever the contract leaves open, whichever way: an unruly venue's settlements are booked once each."""
    rig = make_rig(seed=seed, rate=30, faults=ALL_SHAPES, switches=switches)
    up = rig.up()
    rig.traffic(80)
    until_quiet(rig)
    audit(rig, alarms=MILD)
    assert up.end() == 0
    assert not up.deaths()


def test_bad_input_by_the_stream_is_dead_lettered_and_the_stream_goes_on(make_rig: MakeRig) -> None:
    """Each kind of poison is kept once with its bytes, digest and a reason, nothing of it is booked, and settlements behind it are."""
    rig = make_rig(seed=42, rate=0)
    up = rig.up()
    rig.connected()
    rng = Random(42)
    sent = {kind: poison_payload(kind, rng=rng, now=datetime.now(UTC))[1] for kind in KINDS}
    sent |= MORE_POISON
    for payload in sent.values():
        rig.send(payload)
        rig.order()
    until_quiet(rig)
    found = audit(rig, dead_letters=True)
    assert len(found.settled) == len(sent)
    for kind, payload in sent.items():
        kept = letters(found, sha256=hashlib.sha256(payload).hexdigest())
        assert len(kept) == 1, f"{kind}: {len(kept)} dead letters"
        assert (kept[0]["origin"], kept[0]["venue"], kept[0]["size"]) == ("stream", "tokyo", len(payload)), kind
        assert kept[0]["bytes"] == payload, kind
        assert kept[0]["reason"], kind
    assert len(found.dead_letters) == len(sent)
    listed = rig.listed("dead-letters", "list")
    assert {letter["sha256"] for letter in listed} == {hashlib.sha256(payload).hexdigest() for payload in sent.values()}
    assert up.end() == 0
    assert not up.deaths()


def test_cuts_silence_refusals_and_lost_tokens_are_survived(make_rig: MakeRig) -> None:
    """Streams cut inside frames, closed, silent or refused, tokens revoked, reads answered with 5xx or 429: the truth is booked once."""
    faults = (
        "cut_inside_frame=0.02",
        "disconnect=0.05",
        "stream_refused=0.1",
        "replay_on_reconnect=50",
        "server_error=0.1",
        "too_many=0.05:0.3",
    )
    rig = make_rig(seed=43, rate=30, faults=(*UNRULY, *faults))
    up = rig.up()
    rig.connected()
    rig.venue_post("faults", trigger=["token_revoked", {"name": "token_endpoint_failing", "seconds": 2}])
    rig.traffic(120)
    rig.venue_post("faults", clear=True)
    until_quiet(rig, within=90)
    audit(rig)
    assert up.end() == 0
    assert not up.deaths()
