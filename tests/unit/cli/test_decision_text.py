"""What a person reads before approving: all of it, whatever the width, and nothing that moves the cursor."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.cli.commands import lines as command_lines
from pipeline.cli.decision_text import fold, lines_of
from pipeline.cli.status import state_of
from pipeline.decisions.shown import comparable, facts_of, shown_of
from pipeline.stores.approvals import changed, shown_text
from pipeline.testing.questions import NOW, engine, question, quote, rule
from schemas.accepting import DecisionMade, DecisionRequested

QUOTES = [quote(number, rate) for number, rate in ((1, "112"), (2, "111.5"), (3, "113"))]


def decided() -> tuple[DecisionMade, DecisionRequested]:
    """Return a co-signature that the real engine refers, with its question."""
    request = question("co_sign_quote", quotes=QUOTES)
    limit = 'side = "source", currency = "JPYSC0", limit = "1000000"'
    made = engine(rule("amount_at_most", limit, on="co_sign_quote", otherwise="REFER")).decide(request, {"sum": "5"}, NOW)
    assert made.verdict == "REFER"
    return made, request


def leaves(document: Any) -> Iterator[str]:
    """Yield every value of a JSON document as text."""
    match document:
        case dict():
            for value in document.values():
                yield from leaves(value)
        case list():
            for value in document:
                yield from leaves(value)
        case _:
            yield str(document)


@pytest.mark.parametrize("width", [20, 60, 80, 100, 140, 400])
def test_everything_that_an_approval_binds_to_is_in_the_text(width: int) -> None:
    """At every width each value of what is shown can be read; only quotes are folded, and then piece by piece in their columns."""
    made, request = decided()
    shown = json.loads(shown_text(shown_of(made, request, expires_at=NOW + timedelta(seconds=20))))
    text = "\n".join(lines_of(shown, width=width))
    for value in leaves({name: part for name, part in shown.items() if name != "quotes"}):
        assert value in text, value
    for value in leaves(shown["quotes"]):
        assert value in text or all(piece in text for piece in fold(value, 27)), value


def test_quotes_stand_beside_one_another_and_the_chosen_one_is_marked() -> None:
    """One line holds the rates of all quotes that the width holds, and the one that would be co-signed has a star."""
    made, request = decided()
    lines = list(lines_of(shown_of(made, request, expires_at=NOW), width=200))
    assert [line.split() for line in lines if line.startswith("  fx_rate")] == [["fx_rate", "112", "111.5", "113"]]
    (marked,) = [line for line in lines if " *" in line and "quote_id" in line]
    assert f"{QUOTES[1].quote_id} *" in marked
    narrow = [line.split() for line in lines_of(shown_of(made, request, expires_at=NOW), width=90) if line.startswith("  fx_rate")]
    assert narrow == [["fx_rate", "112", "111.5"], ["fx_rate", "113"]]


def test_what_speaks_against_comes_first() -> None:
    """Rules that refer stand before those that passed."""
    made, request = decided()
    lines = list(lines_of(shown_of(made, request), width=200))
    verdicts = [line.split()[0] for line in lines if line.startswith(("  REFER ", "  PASS "))]
    assert verdicts == sorted(verdicts, key=["REFER", "PASS"].index)
    assert len(verdicts) == len(made.rules)


def test_no_text_of_a_stranger_reaches_the_terminal_as_a_command() -> None:
    """Escape sequences, line breaks and text that runs backwards are made visible."""
    made, request = decided()
    bad = made.rules[0].model_copy(update={"name": "ok\x1b[2J\x1b[H", "explanation": "a\r\nPASS\u202e", "inputs": {"\x07": "\x00"}})
    lines = list(lines_of(shown_of(made.model_copy(update={"rules": (bad,)}), request), width=100))
    assert all(line.isprintable() for line in lines)
    assert any("ok\\u001b[2J\\u001b[H" in line for line in lines)


@given(st.text(), st.integers(1, 40))
def test_folded_pieces_are_the_text(text: str, width: int) -> None:
    """Nothing is lost and nothing is wider than asked."""
    pieces = fold(text, width)
    assert "".join(pieces) == text
    assert all(len(piece) <= width for piece in pieces)


def test_a_decision_whose_question_is_not_known_is_shown_as_far_as_it_says_something() -> None:
    """The rules are there although order and quotes are not."""
    made, _ = decided()
    lines = list(lines_of(shown_of(made, None), width=100))
    assert any(made.rules[0].name in line for line in lines)
    assert "order" not in lines


def test_a_quote_in_another_place_is_no_change() -> None:
    """Facts are compared by quote and provider: order in the list says nothing, a gone quote and another rate do."""

    def text(*quotes: Any) -> str:
        return shown_text(comparable(facts_of(question("co_sign_quote", quotes=quotes).context)))

    assert changed(text(*QUOTES), text(*reversed(QUOTES))) == ()
    found = changed(text(*QUOTES), text(QUOTES[0], quote(2, "110")))
    ids = [str(one.quote_id) for one in QUOTES]
    assert f"quotes.{ids[1]}.fx_rate" in found
    assert {name.split(".")[1] for name in found} == {ids[1], ids[2]}


def test_shadowed_commands_keep_to_the_states_of_the_interface() -> None:
    """What shadow held back is journalled, in mode shadow; everything else is as it is."""
    rows = [
        {"state": state, "shadow": shadow}
        for state, shadow in (("shadowed", True), ("shadowed", False), ("sent", False), ("journalled", True))
    ]
    assert [(line["state"], line["mode"]) for line in command_lines(rows)] == [
        ("journalled", "shadow"),
        ("journalled", "shadow"),
        ("sent", "live"),
        ("journalled", "shadow"),
    ]


def test_halted_is_said_before_degraded() -> None:
    """A halt is what a person has to see first; what does not work comes second."""
    found = [state_of(halted=halted, reasons=reasons) for halted in (False, True) for reasons in ([], [{"code": "lag_still"}])]
    assert found == ["normal", "degraded", "halted", "halted"]


def test_a_counter_with_a_long_name_does_not_run_into_its_number() -> None:
    """The count of orders in an hour stands apart from the hour."""
    made, request = decided()
    name = "accepted per sender Institution::1220 in 1h"
    lines = list(lines_of({**shown_of(made, request), "counters": {name: "7"}}, width=80))
    assert f"  {name}: 7" in lines
