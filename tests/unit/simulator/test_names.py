"""Switches, faults and poison by name."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from random import Random
from typing import Any

import pytest

from connectors.simulators.musubi.control import parse_script
from connectors.simulators.musubi.faults import APPLIED, FAULTS, NOT_APPLIED, QUOTE_FAULTS, Dose, FaultBoard, parse_faults
from connectors.simulators.musubi.poison import KINDS, poison_payload
from connectors.simulators.musubi.switches import SWITCHES, Switches, parse_switches
from connectors.simulators.musubi.tokens import TokenOffice
from pipeline.errors import SettingsError
from tests.unit.simulator.played import START


def test_every_assumption_has_a_switch() -> None:
    """A-01 to A-40 are all there, in order, each with distinct values."""
    assert [switch.key for switch in SWITCHES] == [f"A-{number:02d}" for number in range(1, 41)]
    assert all(len(set(switch.values)) == len(switch.values) for switch in SWITCHES)


def test_switches_are_read_and_default() -> None:
    """What is not chosen has the first value."""
    switches = parse_switches(["a-01=snake_case", "A-28 = from_pending"])
    assert (switches["A-01"], switches["A-28"], switches["A-02"]) == ("snake_case", "from_pending", "bare")
    assert dict(Switches()) == {switch.key: switch.values[0] for switch in SWITCHES}


@pytest.mark.parametrize(("text", "part"), [("A-41=x", "A-41"), ("A-01=kebab", "snake_case"), ("A-01", "KEY=VALUE")])
def test_a_wrong_switch_is_refused_with_what_to_write(text: str, part: str) -> None:
    """The error names the switch or its values."""
    with pytest.raises(SettingsError, match=part):
        parse_switches([text])


def test_faults_are_read() -> None:
    """Rate, rate with seconds, and a bare name, which means always."""
    doses = parse_faults(["drop=0.02", "silence=0.1:12s", "variants", "replay_on_reconnect=50", "skip_executing=true"])
    assert doses["drop"] == Dose(0.02, 0.0)
    assert doses["silence"] == Dose(0.1, 12.0)
    assert doses["variants"].rate == doses["skip_executing"].rate == 1.0
    assert doses["replay_on_reconnect"].rate == 50


WRONG = "nope=1 drop=2 drop=-0.1 drop=x drop=nan silence=1:x drop=inf drop=1x0 drop=1x-1 drop=1x1.5 drop=1x date_ahead=-1"
UNBOUND = "drop@co_sign_quote=1 accept_conflict@settle=1 accept_conflict@=1"


@pytest.mark.parametrize("text", [*WRONG.split(), *UNBOUND.split()])
def test_a_wrong_fault_is_refused(text: str) -> None:
    """Unknown names, chances above 1, negative and non-numbers."""
    with pytest.raises(SettingsError):
        parse_faults([text])


def test_a_fault_that_is_not_in_force_throws_no_dice() -> None:
    """Faults that are off leave the random sequence of the others alone."""
    board = FaultBoard(parse_faults(["drop=0.5"]), rng=Random(1))
    state = board.rng.getstate()
    assert not board.strikes("duplicate")
    assert board.rng.getstate() == state
    board.put({"drop": 0, "duplicate": "0.5:3"})
    assert board.listed() == {"duplicate": {"rate": 0.5, "seconds": 3.0}}
    board.clear()
    assert board.quiet


def test_a_fault_can_strike_so_often_and_then_no_more() -> None:
    """`x2` strikes twice, tells how often it still will, and keeps its seconds; setting it anew counts anew."""
    board = FaultBoard(parse_faults(["accept_timeout=1:0.5x2"]), rng=Random(1))
    assert [board.strikes("accept_timeout") for _ in range(3)] == [True, True, False]
    assert board.listed() == {"accept_timeout": {"rate": 1.0, "seconds": 0.5, "left": 0}}
    assert board.seconds("accept_timeout") == 0.5
    board.put({"accept_timeout": "1x1"})
    assert [board.strikes("accept_timeout") for _ in range(2)] == [True, False]


def test_a_fault_can_be_bound_to_one_kind_of_accept_call() -> None:
    """The bound dose goes before the general one, and the other kind never feels it."""
    board = FaultBoard(parse_faults(["accept_conflict@co_sign_quote=1:3x1"]), rng=Random(1))
    assert not board.strikes("accept_conflict", kind="accept_proposal")
    assert board.seconds("accept_conflict", kind="co_sign_quote") == 3
    assert [board.strikes("accept_conflict", kind="co_sign_quote") for _ in range(2)] == [True, False]
    board.put({"accept_conflict": 1})
    assert board.strikes("accept_conflict", kind="accept_proposal")
    assert not board.strikes("accept_conflict", kind="co_sign_quote")


def test_every_fault_of_accept_calls_is_carried_out() -> None:
    """The list that users see and those that the venue throws dice for are the same."""
    listed = {fault.name for fault in FAULTS if fault.unit == "per accept call"}
    assert listed == {f"accept_{name}" for name in (*NOT_APPLIED, *APPLIED)}
    assert {fault.name for fault in FAULTS if fault.unit == "per quote"} == set(QUOTE_FAULTS.values())


def test_fault_names_are_distinct() -> None:
    """No two faults share a name."""
    assert len({fault.name for fault in FAULTS}) == len(FAULTS)


def _payload(kind: str) -> bytes:
    return poison_payload(kind, rng=Random(3), now=START)[1]


def _depth(value: Any) -> int:
    deepest = 0
    while isinstance(value, list):
        deepest, value = deepest + 1, value[0] if value else None
    return deepest


def _is_constant(name: str) -> Callable[[bytes], bool]:
    def check(payload: bytes) -> bool:
        seen: list[str] = []
        json.loads(payload, parse_constant=lambda text: seen.append(text))
        return seen == [name]

    return check


def _not_json(payload: bytes) -> bool:
    try:
        json.loads(payload)
    except json.JSONDecodeError:
        return True
    return False


def _not_utf8(payload: bytes) -> bool:
    try:
        payload.decode()
    except UnicodeDecodeError:
        return True
    return False


def _repeats_a_key(payload: bytes) -> bool:
    pairs: list[tuple[str, object]] = json.loads(payload, object_pairs_hook=lambda pairs: pairs)
    return len({key for key, _ in pairs}) < len(pairs)


CHECKS: dict[str, Callable[[bytes], bool]] = {
    "not_json": _not_json,
    "nan": _is_constant("NaN"),
    "infinity": _is_constant("Infinity"),
    "exponent": lambda payload: b"1e400" in payload and math.isinf(json.loads(payload)["targetAmount"]),
    "duplicate_key": _repeats_a_key,
    "depth": lambda payload: payload.count(b"[") == payload.count(b"]") == 2000,
    "invalid_utf8": _not_utf8,
    "too_large": lambda payload: len(payload) > 300 * 1024,
    "negative": lambda payload: json.loads(payload)["targetAmount"].startswith("-"),
    "forty_digits": lambda payload: len(json.loads(payload)["targetAmount"]) == 40,
    "number": lambda payload: isinstance(json.loads(payload)["fxRate"], float),
}


@pytest.mark.parametrize("kind", KINDS)
def test_each_poison_is_what_its_name_says(kind: str) -> None:
    """It has its own defect, no other kind's document passes the same check by chance, and it is one line."""
    assert CHECKS[kind](_payload(kind))
    assert b"\n" not in _payload(kind)


def test_tokens_end_by_revocation_and_are_not_forged() -> None:
    """A token has its expiry until the office revokes; an altered one has none."""
    office = TokenOffice()
    token = office.issue("CustodianA::1", now=START, lifetime=60)
    assert office.expiry(token) == START.timestamp() + 60
    head, body, signature = token.split(".")
    assert office.expiry(f"{head}.{body[:-2]}AA.{signature}") is None
    assert office.expiry("x") is None
    assert TokenOffice().expiry(token) is None
    office.revoke()
    assert office.expiry(token) is None


@pytest.mark.parametrize("fields", [{"side": "left"}, {"ending": "well"}, {"target_amount": "much"}, {"institution": "slow"}])
def test_a_wrong_script_is_refused(fields: dict[str, str]) -> None:
    """The error names the field."""
    with pytest.raises(ValueError, match=next(iter(fields))):
        parse_script(fields)
